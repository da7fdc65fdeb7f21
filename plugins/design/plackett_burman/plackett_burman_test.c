/* SPDX-License-Identifier: MIT */
/* Orthogonal for every number of axes, in as few rows as can be; aliases of a third in 12 rows, none of pairs when folded over. */
#include "design_case.h"

static void numbers(uint32_t n, char *levels, char *baselines)
{
    memset(levels, '2', n);
    memset(baselines, '0', n);
    levels[n] = baselines[n] = '\0';
}

static void test_every_size_is_orthogonal(void)
{
    static const struct {
        uint32_t axes;
        size_t runs;
    } sizes[] = { { 1, 2 },   { 2, 4 },   { 3, 4 },   { 4, 8 },   { 7, 8 },   { 8, 12 },  { 11, 12 }, { 12, 16 },
                  { 15, 16 }, { 16, 20 }, { 19, 20 }, { 20, 24 }, { 23, 24 }, { 24, 32 }, { 31, 32 } };
    static struct design_rows d;
    char levels[40], baselines[40];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        numbers(sizes[i].axes, levels, baselines);
        design_ask(&d, "plackett_burman", levels, baselines, NULL, NULL);
        CU_ASSERT_EQUAL(d.rc, HONE_OK);
        CU_ASSERT_EQUAL(d.n, sizes[i].runs);
        CU_ASSERT(design_orthogonal(&d));
        CU_ASSERT(!strchr(d.rows[0], '1'));
    }
    numbers(32, levels, baselines);
    design_ask(&d, "plackett_burman", levels, baselines, NULL, NULL);
    CU_ASSERT_EQUAL(d.rc, HONE_ERANGE);
}

/* The cyclic design of 1946, p. 323: + + - + + + - - - + - and its shifts. */
static void test_the_twelve_runs_are_the_published_ones(void)
{
    static struct design_rows d;
    design_ask(&d, "plackett_burman", "22222222222", "00000000000", NULL, NULL);
    CU_ASSERT_STRING_EQUAL(d.rows[1], "11011100010");
    CU_ASSERT_STRING_EQUAL(d.rows[2], "01101110001");
    CU_ASSERT_STRING_EQUAL(d.rows[11], "10111000101");
}

static void test_aliases(void)
{
    static struct design_rows d;
    design_ask(&d, "plackett_burman", "22222222222", "00000000000", NULL, NULL);
    CU_ASSERT_EQUAL(d.n_aliases, 11 * 45); /* every axis with every pair of others */
    for (size_t i = 0; i < d.n_aliases; i++)
        CU_ASSERT_DOUBLE_EQUAL(fabs(d.correlations[i]), 1.0 / 3, 1e-12);
    design_ask(&d, "plackett_burman", "22222222222", "00000000000", "foldover", "yes");
    CU_ASSERT_EQUAL(d.n, 24);
    CU_ASSERT(design_orthogonal(&d));
    CU_ASSERT_EQUAL(d.n_aliases, 0);
}

SUITE(TEST(test_every_size_is_orthogonal), TEST(test_the_twelve_runs_are_the_published_ones), TEST(test_aliases))
