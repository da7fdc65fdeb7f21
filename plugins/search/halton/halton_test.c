/* SPDX-License-Identifier: MIT */
/* Tests of search/halton: the plain sequence is scipy's, the scrambled one is as even, and points depend on seed and
 * trial only. */
#include "fixtures/quasirandom.h"
#include "search_case.h"

static const search_case plain = { "halton", "scramble=no", 1, 0, 0 };
static const search_case scrambled = { "halton", NULL, 1, 1, 0 };

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
    static const hone_dim *dims[1001];
    static double x[1001];
    hone_dim dim;
    hone_space space;
    fake_plugin p;
    CU_ASSERT_EQUAL(search_start(&plain, &p, cube(&space, &dim, dims, 500), 1), HONE_OK);
    for (size_t i = 0; i < sizeof halton_points / sizeof *halton_points; i++) {
        CU_ASSERT_EQUAL(search_ask(&plain, &p, halton_points[i].index, x), HONE_OK);
        CU_ASSERT_DOUBLE_EQUAL(x[halton_points[i].dim], halton_points[i].value, 1e-14);
    }
    CU_ASSERT_EQUAL(search_ask(&plain, &p, (uint64_t)1 << 32, x), HONE_ERANGE);
    fake_plugin_release(&p);
    CU_ASSERT_EQUAL(search_start(&plain, &p, cube(&space, &dim, dims, 1001), 1), HONE_ENOTSUP);
    fake_plugin_release(&p);
}

/* b^k points in a row put one into each of b^k slices of the dimension of base b; two bases a, b: a^i b^j points put
 * one into each box. */
static void test_scrambled_points_are_as_even(void)
{
    enum { DIMS = 4, N = 2 * 2 * 2 * 2 * 3 * 3 * 3 };
    static const uint32_t slices[DIMS] = { 256, 243, 125, 343 };
    const hone_dim *dims[DIMS];
    hone_dim dim;
    hone_space space;
    double x[DIMS];
    cube(&space, &dim, dims, DIMS);
    for (uint64_t seed = 1; seed <= 5; seed++) {
        fake_plugin p;
        unsigned char hit[N] = { 0 };
        unsigned faults = 0;
        search_start(&scrambled, &p, &space, seed);
        for (uint32_t i = 0; i < DIMS; i++) {
            memset(hit, 0, sizeof hit);
            for (uint64_t k = 0; k < slices[i]; k++) {
                search_ask(&scrambled, &p, 7 * slices[i] + k, x);
                faults += hit[(int)(x[i] * slices[i])]++;
            }
        }
        memset(hit, 0, sizeof hit);
        for (uint64_t k = 0; k < N; k++) {
            search_ask(&scrambled, &p, 1000 + k, x);
            faults += hit[(int)(x[0] * 16) * 27 + (int)(x[1] * 27)]++;
        }
        CU_ASSERT_EQUAL(faults, 0);
        fake_plugin_release(&p);
    }
}

/* The plain sequence keeps dimensions 29 and 30 (bases 109 and 113) in step for its first hundred points; scrambled
 * it must not. And each point is uniform over the seeds. */
static void test_scrambling_breaks_the_step(void)
{
    enum { DIMS = 30, SEEDS = 1000 };
    const hone_dim *dims[DIMS];
    hone_dim dim;
    hone_space space;
    double worst[2] = { 0, 0 }, mean = 0, x[DIMS];
    cube(&space, &dim, dims, DIMS);
    for (int turn = 0; turn < 2; turn++)
        for (uint64_t seed = 1; seed <= 10; seed++) {
            const search_case *c = turn ? &scrambled : &plain;
            fake_plugin p;
            double cross = 0;
            search_start(c, &p, &space, seed);
            for (uint64_t k = 0; k < 100; k++) {
                search_ask(c, &p, k, x);
                cross += 12 * (x[28] - 0.5) * (x[29] - 0.5) / 100;
            }
            worst[turn] = fabs(cross) > worst[turn] ? fabs(cross) : worst[turn];
            fake_plugin_release(&p);
        }
    CU_ASSERT(worst[0] > 0.6 && worst[1] < 0.4);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        fake_plugin p;
        search_start(&scrambled, &p, &space, seed);
        search_ask(&scrambled, &p, 0, x);
        mean += (x[0] + x[29]) / 2 / SEEDS;
        fake_plugin_release(&p);
    }
    CU_ASSERT_DOUBLE_EQUAL(mean, 0.5, 5 * 0.2042 / sqrt(SEEDS));
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
      TEST(test_scrambling_breaks_the_step), TEST(test_as_every_search))
