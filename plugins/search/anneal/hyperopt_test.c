/* SPDX-License-Identifier: MIT */
/* Tests of search/anneal, mode = hyperopt: it draws as hyperopt does, reaches what hyperopt's own tests ask of it,
 * and does what every search must. */
#include "fixtures/anneal.h"
#include "numeric_case.h"

static const search_case narrowing = { "anneal", "mode=hyperopt", 1, 1, 0 };

static double best_of(const hone_space *space, double (*f)(const double *), uint64_t seed, uint64_t trials,
                      uint64_t lag)
{
    return search_best_on(&narrowing, space, f, seed, trials, lag);
}

/* hyperopt/tests/unit/test_anneal.py: what anneal.suggest must reach on its domains */
static double quadratic1(const double *x)
{
    return (x[0] - 3) * (x[0] - 3);
}

static double distractor(const double *x)
{
    return -1 / (1 + exp(-x[0])) - 2 * exp(-(x[0] + 10) * (x[0] + 10));
}

static double q1_lognormal(const double *x)
{
    return fmin(0.1 * (x[0] - 10) * (x[0] - 10), 10);
}

static void test_hyperopt_domains(void)
{
    static const hone_dim flat[] = { FAKE_REAL("x", -5, 5, 0) }, wide[] = { FAKE_REAL("x", -15, 15, 0) };
    static const hone_dim plane[] = { FAKE_REAL("x1", -5, 10, 0), FAKE_REAL("x2", 0, 15, 0) };
    static const hone_dim bell[] = { FAKE_NORMAL("x", 0, HUGE_VAL, 0, 2, HONE_DIM_LOG) };
    fake_space f, g, h, e;
    const hone_space *a = fake_space_init(&f, flat, 1, NULL, 0), *b = fake_space_init(&g, wide, 1, NULL, 0);
    const hone_space *c = fake_space_init(&h, bell, 1, NULL, 0), *d = fake_space_init(&e, plane, 2, NULL, 0);
    unsigned good[4] = { 0 };
    for (uint64_t seed = 1; seed <= 20; seed++) {
        good[0] += best_of(a, quadratic1, seed, 1000, 1) < 1e-5 ? 1u : 0u;
        good[1] += best_of(b, distractor, seed, 150, 1) < -0.96 ? 1u : 0u;
        good[2] += best_of(c, q1_lognormal, seed, 250, 1) < 0.01 ? 1u : 0u;
        good[3] += best_of(d, numeric_branin, seed, 200, 4) < 0.7 ? 1u : 0u;
    }
    for (int i = 0; i < 4; i++)
        CU_ASSERT(good[i] >= 18);
}

/* After the recorded history, the proposals of 4,000 trials are distributed as hyperopt's. */
static void test_draws_as_hyperopt(void)
{
    enum { N = 4000, TRIALS = sizeof anneal_history / sizeof *anneal_history };
    static const double weights[] = { 0.5, 0.3, 0.2 };
    const hone_dim dims[] = { FAKE_REAL("flat", -5, 10, 0), FAKE_REAL("rate", 1e-4, 1, HONE_DIM_LOG),
                              FAKE_NORMAL("bell", -HUGE_VAL, HUGE_VAL, 3, 2, 0), FAKE_CHOICE("kind", 3, weights) };
    fake_space f;
    double below[3][7] = { { 0 } }, shares[3] = { 0 }, x[4];
    fake_space_init(&f, dims, 4, NULL, 0);
    for (uint64_t k = 0; k < N; k++) {
        fake_plugin one;
        search_start(&narrowing, &one, &f.space, k);
        for (uint64_t i = 0; i < TRIALS; i++)
            search_say(&narrowing, &one, i, anneal_history[i], HONE_COMPLETE, anneal_history[i][4], 0);
        CU_ASSERT_EQUAL(search_ask(&narrowing, &one, TRIALS, x), HONE_OK);
        for (int i = 0; i < 3; i++)
            for (int q = 0; q < 7; q++)
                below[i][q] += (x[i] < anneal_quantiles[i][q]) / (double)N;
        shares[(int)x[3]] += 1.0 / N;
        fake_plugin_release(&one);
    }
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_DOUBLE_EQUAL(shares[i], anneal_shares[i], 0.035); /* five deviations of two samples */
        for (int q = 0; q < 7; q++)
            CU_ASSERT_DOUBLE_EQUAL(below[i][q], anneal_levels[q], 0.05);
    }
}

static void test_as_every_search(void)
{
    search_survives_useless_outcomes(&narrowing);
    search_spends_finite_spaces(&narrowing);
    search_goes_on_from_a_saved_state(&narrowing);
    search_survives_damaged_states(&narrowing);
    for (uint64_t seed = 1; seed <= 5; seed++)
        CU_ASSERT(search_best_of_mixed(&narrowing, seed, 400, 4) < 1);
}

SUITE(TEST(test_hyperopt_domains), TEST(test_draws_as_hyperopt), TEST(test_as_every_search))
