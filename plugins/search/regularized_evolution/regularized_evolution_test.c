/* SPDX-License-Identifier: MIT */
/* Tests of search/regularized_evolution: it counts ones, alone and with many trials at once, one parameter mutates at a
 * time, members die of age, and what every search must do. */
#include "search_case.h"

static const search_case ordinary = { "regularized_evolution", NULL, 1, 1, 0 };

/* Counting ones of Falkner, Klein and Hutter 2018: choices and reals, the sum of all, lowest -16. `noise`: deviation. */
static double best_of_counting_ones(uint64_t seed, uint64_t lag, double noise)
{
    const search_case c = { "regularized_evolution", NULL, 1, 0, 1000 };
    hone_dim dims[16];
    fake_space f;
    fake_plugin p;
    double x[16][16], best = HUGE_VAL;
    hone_rng rng = hone_rng_at(seed, 77);
    for (int i = 0; i < 8; i++) {
        dims[i] = (hone_dim)FAKE_CHOICE("c", 2, NULL);
        dims[8 + i] = (hone_dim)FAKE_REAL("x", 0, 1, 0);
    }
    CU_ASSERT_EQUAL_FATAL(search_start(&c, &p, fake_space_init(&f, dims, 16, NULL, 0), seed), HONE_OK);
    for (uint64_t k = 0; k < 1000; k += lag) {
        for (uint64_t j = 0; j < lag; j++)
            CU_ASSERT_EQUAL(search_ask(&c, &p, k + j, x[j]), HONE_OK);
        for (uint64_t j = lag; j-- > 0;) {
            double y = 0;
            for (int i = 0; i < 16; i++)
                y -= x[j][i];
            best = y < best ? y : best;
            search_say(&c, &p, k + j, x[j], HONE_COMPLETE, y + noise * hone_rng_normal(&rng), 0);
        }
    }
    fake_plugin_release(&p);
    return best;
}

static void test_counting_ones(void)
{
    double alone = 0, eight = 0, noisy = 0;
    for (uint64_t seed = 1; seed <= 10; seed++) { /* random search comes to -13 */
        alone += best_of_counting_ones(seed, 1, 0) / 10;
        eight += best_of_counting_ones(seed, 8, 0) / 10;
        noisy += best_of_counting_ones(seed, 1, 0.5) / 10;
    }
    CU_ASSERT(alone < -15.7);
    CU_ASSERT(eight < -15.7);
    CU_ASSERT(noisy < -14.2);
}

static void test_mixed_spaces(void)
{
    CU_ASSERT(search_mean_of_mixed(&ordinary, 4) < 0.4);
}

/* After the start every point is a member of the latest `population` outcomes but for one parameter (and what its
 * change makes active or not); the best of all is given up when it is old. */
static void test_one_parameter_of_a_living_member_mutates(void)
{
    enum { N = 400, POPULATION = 20 };
    static const search_case c = { "regularized_evolution", "population=20\nsample=5", 1, 0, 0 };
    hone_dim dims[6];
    fake_space f;
    fake_plugin p;
    static double x[N][6];
    unsigned orphans = 0, copies = 0;
    for (int i = 0; i < 6; i++)
        dims[i] = i < 3 ? (hone_dim)FAKE_REAL("x", 0, 1, 0) : (hone_dim)FAKE_CHOICE("c", 9, NULL);
    search_start(&c, &p, fake_space_init(&f, dims, 6, NULL, 0), 4);
    for (int k = 0; k < N; k++) {
        int nearest = 6;
        CU_ASSERT_EQUAL(search_ask(&c, &p, (uint64_t)k, x[k]), HONE_OK);
        for (int m = k - POPULATION; k >= POPULATION && m < k; m++) {
            int differ = 0;
            for (int i = 0; i < 6; i++)
                differ += x[m][i] < x[k][i] || x[m][i] > x[k][i];
            nearest = differ < nearest ? differ : nearest;
        }
        orphans += k >= POPULATION && nearest > 1;
        copies += k >= POPULATION && nearest == 0;
        search_say(&c, &p, (uint64_t)k, x[k], HONE_COMPLETE, k == 30 ? -100 : x[k][0] + x[k][3], 0);
    }
    CU_ASSERT(orphans <= 8); /* two mutations, where one gave a living member again */
    CU_ASSERT_EQUAL(copies, 0);
    fake_plugin_release(&p);
}

static void test_refuses_several_objectives(void)
{
    static const search_case two = { "regularized_evolution", NULL, 2, 0, 0 };
    fake_space f;
    hone_dim d[SEARCH_CASE_DIMS];
    fake_plugin p;
    CU_ASSERT_EQUAL(search_start(&two, &p, search_mixed(&f, d), 1), HONE_ENOTSUP);
    CU_ASSERT_PTR_NOT_NULL(strstr(p.err.msg, "one objective"));
    fake_plugin_release(&p);
}

static void test_as_every_search(void)
{
    static const search_case small = { "regularized_evolution", "population=12\nsample=4", 1, 1, 0 };
    search_survives_useless_outcomes(&ordinary);
    search_spends_finite_spaces(&ordinary);
    search_spends_finite_spaces(&small);
    search_goes_on_from_a_saved_state(&small);
    search_survives_damaged_states(&ordinary);
}

SUITE(TEST(test_counting_ones), TEST(test_mixed_spaces), TEST(test_one_parameter_of_a_living_member_mutates),
      TEST(test_refuses_several_objectives), TEST(test_as_every_search))
