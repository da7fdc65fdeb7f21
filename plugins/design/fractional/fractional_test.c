/* SPDX-License-Identifier: MIT */
/* As few rows as the tables of Box, Hunter and Hunter give for each resolution, which is the one asked for. */
#include "design_case.h"

/* The least number of columns whose product is constant: the resolution. 9: 8 are not enough. */
static int resolution(const struct design_rows *d)
{
    int least = 9;
    for (uint32_t set = 1; set < 1u << d->n_axes; set++) {
        const int size = __builtin_popcount(set);
        int first = 0, constant = 1;
        for (size_t r = 0; size < least && constant && r < d->n; r++) {
            int product = 1;
            for (uint32_t i = 0; i < d->n_axes; i++)
                product *= set >> i & 1 && d->rows[r][i] == '0' ? -1 : 1;
            first = r ? first : product;
            constant = product == first;
        }
        least = size < least && constant ? size : least;
    }
    return least;
}

static void test_sizes(void)
{
    static const struct {
        uint32_t axes;
        const char *resolution;
        size_t runs;
    } sizes[] = { { 3, "3", 4 },  { 5, "3", 8 },  { 6, "3", 8 },  { 7, "3", 8 },  { 11, "3", 16 }, { 15, "3", 16 },
                  { 4, "4", 8 },  { 6, "4", 16 }, { 7, "4", 16 }, { 8, "4", 16 }, { 9, "4", 32 },  { 11, "4", 32 },
                  { 5, "5", 16 }, { 6, "5", 32 }, { 7, "5", 64 }, { 8, "5", 64 }, { 10, "5", 128 } };
    static struct design_rows d;
    char levels[40], baselines[40];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const uint32_t n = sizes[i].axes;
        memset(levels, '2', n);
        memset(baselines, '0', n);
        levels[n] = baselines[n] = '\0';
        design_ask(&d, "fractional", levels, baselines, "resolution", sizes[i].resolution);
        CU_ASSERT_EQUAL(d.rc, HONE_OK);
        if (d.n != sizes[i].runs)
            printf("#   %u axes at resolution %s take %zu rows instead of %zu\n", n, sizes[i].resolution, d.n,
                   sizes[i].runs);
        CU_ASSERT_EQUAL(d.n, sizes[i].runs);
        CU_ASSERT(design_orthogonal(&d));
        CU_ASSERT(!strchr(d.rows[0], '1'));
        CU_ASSERT(resolution(&d) >= sizes[i].resolution[0] - '0');
    }
}

/* 2^(5-1) with E = ABCD, the fraction that has the row of all minus: no effect of one axis, no pair, is mixed with another. */
static void test_half_of_five(void)
{
    static struct design_rows d;
    design_ask(&d, "fractional", "22222", "00000", "resolution", "5");
    CU_ASSERT_EQUAL(d.n_aliases, 0);
    for (size_t r = 0; r < d.n; r++) {
        int ones = 0;
        for (int i = 0; i < 5; i++)
            ones += d.rows[r][i] == '1';
        CU_ASSERT(ones % 2 == 0);
    }
    design_ask(&d, "fractional", "2222", "0000", "resolution", "4"); /* D = ABC: AB = CD, AC = BD, AD = BC */
    CU_ASSERT_EQUAL_FATAL(d.n_aliases, 3);
    CU_ASSERT_STRING_EQUAL(d.aliases[0], "0 1 ~ 2 3");
    CU_ASSERT_STRING_EQUAL(d.aliases[1], "0 2 ~ 1 3");
    CU_ASSERT_STRING_EQUAL(d.aliases[2], "0 3 ~ 1 2");
    CU_ASSERT_EQUAL(d.correlations[0], 1);
    design_ask(&d, "fractional", "222", "000", "resolution", "3"); /* C = -AB */
    CU_ASSERT_EQUAL(d.n_aliases, 3);
    CU_ASSERT_EQUAL(d.correlations[0], -1);
}

SUITE(TEST(test_sizes), TEST(test_half_of_five))
