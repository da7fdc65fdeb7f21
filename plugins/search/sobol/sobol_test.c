/* SPDX-License-Identifier: MIT */
/* Tests of search/sobol: the plain sequence is scipy's, the scrambled one has its evenness in every prefix and slice,
 * and points depend on seed and trial only. */
#include "fixtures/quasirandom.h"
#include "search_case.h"
#include "sobol.h"

static const search_case plain = { "sobol", "scramble=none", 1, 0, 0 };
static const search_case scrambled = { "sobol", NULL, 1, 1, 0 };

/* n_dims reals in 0 .. 1; dims: (n_dims) */
static const hone_space *cube(hone_space *space, hone_dim *dim, const hone_dim **dims, uint32_t n_dims)
{
    *dim = (hone_dim)FAKE_REAL("x", 0, 1, 0);
    for (uint32_t i = 0; i < n_dims; i++)
        dims[i] = dim;
    *space = (hone_space){ sizeof *space, n_dims, dims, 0, 0, NULL };
    return space;
}

static void test_the_plain_sequence_is_scipys(void)
{
    static const hone_dim *dims[SOBOL_DIMS + 1];
    static double x[SOBOL_DIMS];
    hone_dim dim;
    hone_space space;
    fake_plugin p;
    CU_ASSERT_EQUAL(search_start(&plain, &p, cube(&space, &dim, dims, SOBOL_DIMS), 1), HONE_OK);
    for (size_t i = 0; i < sizeof sobol_points / sizeof *sobol_points; i++) {
        CU_ASSERT_EQUAL(search_ask(&plain, &p, sobol_points[i].index, x), HONE_OK);
        CU_ASSERT_EQUAL(x[sobol_points[i].dim], sobol_points[i].value);
    }
    CU_ASSERT_EQUAL(search_ask(&plain, &p, (uint64_t)1 << 32, x), HONE_ERANGE);
    fake_plugin_release(&p);
    CU_ASSERT_EQUAL(search_start(&plain, &p, cube(&space, &dim, dims, SOBOL_DIMS + 1), 1), HONE_ENOTSUP);
    CU_ASSERT_PTR_NOT_NULL(strstr(p.err.msg, "1111 dimensions"));
    fake_plugin_release(&p);
}

/* Every 2^10 points in a row put one into each of 1,024 slices of every dimension; the first two dimensions are a (0,
 * m, 2) net: one point in each of the boxes 2^-a by 2^-(10-a). */
static void test_scrambled_points_are_as_even(void)
{
    enum { DIMS = 50, N = 1024 };
    static double x[N][DIMS];
    static unsigned char hit[N];
    const hone_dim *dims[DIMS];
    hone_dim dim;
    hone_space space;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        fake_plugin p;
        unsigned faults = 0;
        CU_ASSERT_EQUAL(search_start(&scrambled, &p, cube(&space, &dim, dims, DIMS), seed), HONE_OK);
        for (uint64_t k = 0; k < N; k++)
            CU_ASSERT_EQUAL(search_ask(&scrambled, &p, 5 * N + k, x[k]), HONE_OK);
        for (uint32_t i = 0; i < DIMS; i++) {
            memset(hit, 0, sizeof hit);
            for (uint32_t k = 0; k < N; k++)
                faults += hit[(int)(x[k][i] * N)]++;
        }
        for (uint32_t a = 0; a <= 10; a++) {
            memset(hit, 0, sizeof hit);
            for (uint32_t k = 0; k < N; k++)
                faults += hit[(int)(x[k][0] * (1 << a)) << (10 - a) | (int)(x[k][1] * (N >> a))]++;
        }
        CU_ASSERT_EQUAL(faults, 0);
        fake_plugin_release(&p);
    }
}

/* Scrambling makes each point uniform: over many seeds, the first point's mean, variance and correlation are those of
 * it; and the mean of a smooth function over 1,024 points is far closer than random points would come. */
static void test_scrambled_points_are_uniform(void)
{
    enum { SEEDS = 4000 };
    const hone_dim *dims[2];
    hone_dim dim;
    hone_space space;
    double mean = 0, square = 0, cross = 0, error = 0;
    cube(&space, &dim, dims, 2);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        fake_plugin p;
        double x[2];
        search_start(&scrambled, &p, &space, seed);
        search_ask(&scrambled, &p, 0, x);
        mean += x[0] / SEEDS;
        square += (x[0] - 0.5) * (x[0] - 0.5) / SEEDS;
        cross += (x[0] - 0.5) * (x[1] - 0.5) / SEEDS;
        if (seed < 20) {
            double sum = 0;
            for (uint64_t k = 0; k < 1024; k++) {
                search_ask(&scrambled, &p, k, x);
                sum += exp(x[0]) * (1 + x[1] * x[1]) / 1024;
            }
            error += fabs(sum - (exp(1) - 1) * 4 / 3) / 20;
        }
        fake_plugin_release(&p);
    }
    CU_ASSERT_DOUBLE_EQUAL(mean, 0.5, 5 * 0.2887 / sqrt(SEEDS));
    CU_ASSERT_DOUBLE_EQUAL(square, 1 / 12.0, 5 * 0.0745 / sqrt(SEEDS));
    CU_ASSERT_DOUBLE_EQUAL(cross, 0, 5 / 12.0 / sqrt(SEEDS));
    CU_ASSERT(error < 2e-4); /* random points: 0.8 / sqrt(1024) = 2.6e-2 */
}

static void test_as_every_search(void)
{
    search_depends_on_seed_and_trial_only(&scrambled);
    search_survives_useless_outcomes(&scrambled);
    search_spends_finite_spaces(&scrambled);
    search_spends_finite_spaces(&plain);
    search_goes_on_from_a_saved_state(&scrambled);
    search_survives_damaged_states(&scrambled);
}

SUITE(TEST(test_the_plain_sequence_is_scipys), TEST(test_scrambled_points_are_as_even),
      TEST(test_scrambled_points_are_uniform), TEST(test_as_every_search))
