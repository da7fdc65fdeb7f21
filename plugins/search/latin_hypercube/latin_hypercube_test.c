/* SPDX-License-Identifier: MIT */
/* Tests of search/latin_hypercube: one trial in every slice of every parameter, design after design; maximin keeps
 * trials apart; points depend on settings, seed and trial only. */
#include "search_case.h"

static const search_case ordinary = { "latin_hypercube", NULL, 1, 1, 60 };
static const search_case maximin = { "latin_hypercube", "pairing=maximin", 1, 1, 60 };

static const hone_space *cube(hone_space *space, hone_dim *dim, const hone_dim **dims, uint32_t n_dims)
{
    *dim = (hone_dim)FAKE_REAL("x", 0, 1, 0);
    for (uint32_t i = 0; i < n_dims; i++)
        dims[i] = dim;
    *space = (hone_space){ sizeof *space, n_dims, dims, 0, 0, NULL };
    return space;
}

/* Slices hit more than once in three designs of n in a row. */
static unsigned faults(const search_case *c, uint64_t n, uint64_t seed)
{
    enum { DIMS = 7, MOST = 1000 };
    const hone_dim *dims[DIMS];
    hone_dim dim;
    hone_space space;
    fake_plugin p;
    double x[DIMS];
    unsigned sum = 0;
    CU_ASSERT_EQUAL_FATAL(search_start(c, &p, cube(&space, &dim, dims, DIMS), seed), HONE_OK);
    for (uint64_t design = 0; design < 3; design++) {
        unsigned char hit[DIMS][MOST] = { { 0 } };
        for (uint64_t k = 0; k < n; k++) {
            CU_ASSERT_EQUAL(search_ask(c, &p, design * n + k, x), HONE_OK);
            for (int i = 0; i < DIMS; i++)
                sum += hit[i][(int)(x[i] * (double)n)]++;
        }
    }
    fake_plugin_release(&p);
    return sum;
}

static void test_one_trial_in_every_slice(void)
{
    static const search_case cases[] = { { "latin_hypercube", NULL, 1, 0, 1 },
                                         { "latin_hypercube", NULL, 1, 0, 2 },
                                         { "latin_hypercube", "centered=yes", 1, 0, 17 },
                                         { "latin_hypercube", "pairing=maximin", 1, 0, 100 },
                                         { "latin_hypercube", NULL, 1, 0, 997 } };
    static const search_case set = { "latin_hypercube", "trials=50", 1, 0, 1000 };
    static const search_case unknown = { "latin_hypercube", NULL, 1, 0, 0 };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (uint64_t seed = 1; seed <= 4; seed++)
            CU_ASSERT_EQUAL(faults(cases + i, cases[i].trials, seed), 0);
    CU_ASSERT_EQUAL(faults(&set, 50, 1), 0);
    CU_ASSERT_EQUAL(faults(&unknown, 100, 1), 0);
}

/* Which slices meet is random: over many seeds, each of the pairs of two parameters is as likely. */
static void test_pairings_are_even(void)
{
    static const search_case four = { "latin_hypercube", "centered=yes", 1, 0, 4 };
    enum { SEEDS = 4000 };
    const hone_dim *dims[2];
    hone_dim dim;
    hone_space space;
    unsigned count[4][4] = { { 0 } }, first[4] = { 0 };
    cube(&space, &dim, dims, 2);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        fake_plugin p;
        double x[2];
        search_start(&four, &p, &space, seed);
        for (uint64_t k = 0; k < 4; k++) {
            search_ask(&four, &p, k, x);
            CU_ASSERT_EQUAL(x[0] * 8, floor(x[0] * 8)); /* the middles: 1/8, 3/8 */
            count[(int)(x[0] * 4)][(int)(x[1] * 4)]++;
            first[(int)(x[0] * 4)] += k == 0;
        }
        fake_plugin_release(&p);
    }
    for (int i = 0; i < 4; i++) {
        CU_ASSERT(abs((int)first[i] - SEEDS / 4) < 140); /* deviation 27 */
        for (int j = 0; j < 4; j++)
            CU_ASSERT(abs((int)count[i][j] - SEEDS / 4) < 140);
    }
}

static double least_distance(const search_case *c, uint64_t seed)
{
    enum { DIMS = 3, N = 60 };
    const hone_dim *dims[DIMS];
    hone_dim dim;
    hone_space space;
    fake_plugin p;
    double x[N][DIMS], least = HUGE_VAL;
    search_start(c, &p, cube(&space, &dim, dims, DIMS), seed);
    for (uint64_t k = 0; k < N; k++)
        search_ask(c, &p, k, x[k]);
    for (int a = 0; a < N; a++)
        for (int b = 0; b < a; b++) {
            double sum = 0;
            for (int i = 0; i < DIMS; i++)
                sum += (x[a][i] - x[b][i]) * (x[a][i] - x[b][i]);
            least = sum < least ? sum : least;
        }
    fake_plugin_release(&p);
    return sqrt(least);
}

static void test_maximin_keeps_trials_apart(void)
{
    static const search_case big = { "latin_hypercube", "pairing=maximin", 1, 0, 1001 };
    const hone_dim *dims[2];
    hone_dim dim;
    hone_space space;
    fake_plugin p;
    double apart = 0, random = 0;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        apart += least_distance(&maximin, seed) / 10;
        random += least_distance(&ordinary, seed) / 10;
    }
    CU_ASSERT(apart > 3 * random);
    CU_ASSERT(apart > 0.15); /* 60 spheres of that diameter, in the densest packing, fill a fifth of the cube */
    CU_ASSERT_EQUAL(search_start(&big, &p, cube(&space, &dim, dims, 2), 1), HONE_ERANGE);
    CU_ASSERT_STRING_EQUAL(p.err.param, "pairing");
    fake_plugin_release(&p);
}

static void test_points_depend_on_seed_and_trial_only(void)
{
    fake_space f;
    hone_dim d[SEARCH_CASE_DIMS];
    const hone_space *space = search_mixed(&f, d);
    static double x[300][SEARCH_CASE_DIMS];
    double y[SEARCH_CASE_DIMS];
    for (int turn = 0; turn < 2; turn++) {
        const search_case *c = turn ? &maximin : &ordinary;
        fake_plugin a, b;
        search_start(c, &a, space, 5);
        search_start(c, &b, space, 5);
        for (uint64_t k = 0; k < 300; k++) {
            CU_ASSERT_EQUAL(search_ask(c, &a, k, x[k]), HONE_OK);
            CU_ASSERT_PTR_NULL(fake_space_fault(space, x[k]));
        }
        for (uint64_t k = 300; k-- > 0;) {
            CU_ASSERT_EQUAL(search_ask(c, &b, k, y), HONE_OK);
            CU_ASSERT_EQUAL(memcmp(x[k], y, sizeof y), 0);
        }
        fake_plugin_release(&a);
        fake_plugin_release(&b);
    }
}

static void test_as_every_search(void)
{
    search_survives_useless_outcomes(&ordinary);
    search_spends_finite_spaces(&ordinary);
    search_goes_on_from_a_saved_state(&ordinary);
    search_goes_on_from_a_saved_state(&maximin);
    search_survives_damaged_states(&ordinary);
}

SUITE(TEST(test_one_trial_in_every_slice), TEST(test_pairings_are_even), TEST(test_maximin_keeps_trials_apart),
      TEST(test_points_depend_on_seed_and_trial_only), TEST(test_as_every_search))
