/* SPDX-License-Identifier: MIT */
/* Tests of search/nelder_mead: step for step the points that scipy tries (reference.h), what speculation and known
 * points save, what it finds (fixed seeds), and what every search must do. */
#include "numeric_case.h"
#include "reference.h"

static const search_case ordinary = { "nelder_mead", NULL, 1, 0, 0 }, constrained = { "nelder_mead", NULL, 1, 1, 0 },
                         elsewhere = { "nelder_mead", "restarts=random\ncoefficients=standard", 1, 0, 0 },
                         none = { "nelder_mead", "restarts=none", 1, 0, 0 };

/* as in make_reference.py */
static double valley(const double *x, uint32_t n)
{
    const double last = 4 * x[n - 1] - 1.5;
    double sum = (1 - last) * (1 - last);
    for (uint32_t i = 0; i + 1 < n; i++) {
        const double a = 4 * x[i] - 1.5, b = 4 * x[i + 1] - 1.5;
        sum += 10 * (b - a * a) * (b - a * a) + (1 - a) * (1 - a);
    }
    return sum;
}

static void follow(const char *settings, const double *want, uint32_t n, uint32_t steps, const double *start)
{
    const search_case c = { "nelder_mead", settings, 1, 0, 0 };
    hone_dim dims[6];
    fake_space f;
    fake_plugin p;
    double x[6];
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < n; i++)
        dims[i] = (hone_dim)FAKE_REAL("x", 0, 1, 0);
    search_start(&c, &p, fake_space_init(&f, dims, n, NULL, 0), 1);
    search_say(&c, &p, 1000, start, HONE_COMPLETE, valley(start, n), 0); /* told first: there it begins */
    for (uint32_t k = 0; k < steps; k++) {
        search_ask(&c, &p, k, x);
        for (uint32_t i = 0; i < n; i++)
            wrong += !(fabs(x[i] - want[k * n + i]) < 1e-12);
        search_say(&c, &p, k, x, HONE_COMPLETE, valley(x, n), 0);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    fake_plugin_release(&p);
}

static void test_takes_the_steps_of_the_reference(void)
{
    static const double two[] = { 0.3, 0.75 }, three[] = { 0.2, 0.1, 0.6 }, six[] = { 0.3, 0.1, 0.6, 0.5, 0.75, 0.2 };
    follow("coefficients=standard", standard2[0], 2, 70, two);
    follow(NULL, adaptive3[0], 3, 90, three);
    follow(NULL, adaptive6[0], 6, 120, six);
}

static void test_finds_minima(void)
{
    CU_ASSERT(numeric_median(&ordinary, SPHERE, 5, 600, 1) < 1e-6);
    CU_ASSERT(numeric_median(&ordinary, SPHERE, 10, 2000, 1) < 1e-6);
    CU_ASSERT(numeric_median(&ordinary, SPHERE, 5, 2000, 8) < 1e-6);
    CU_ASSERT(numeric_median(&ordinary, SPHERE, 1, 100, 1) < 1e-6);
    CU_ASSERT(numeric_median(&ordinary, ROSENBROCK, 4, 2000, 1) < 1e-6);
    CU_ASSERT(numeric_median(&ordinary, ROSENBROCK, 10, 4000, 1) < 0.1);
    CU_ASSERT(numeric_median(&ordinary, RASTRIGIN, 2, 2000, 1) < 1e-6);
    CU_ASSERT(numeric_median(&ordinary, RASTRIGIN, 2, 2000, 4) < 1e-6);
    CU_ASSERT(numeric_median(&elsewhere, RASTRIGIN, 2, 2000, 1) < 1e-6);
    CU_ASSERT(numeric_median(&ordinary, CORNER, 5, 1000, 1) < 1e-3);
}

/* Four at a time take fewer rounds than one at a time: the points that a step needs are there already. */
static void test_speculation_saves_time(void)
{
    enum { N = 4, MOST = 600 };
    uint32_t rounds[2] = { 0, 0 };
    for (uint64_t seed = 0; seed < 10; seed++)
        for (int parallel = 0; parallel < 2; parallel++) {
            hone_dim dims[N];
            fake_space f;
            fake_plugin p;
            double x[4][N], best = HUGE_VAL;
            uint64_t k = 0;
            const double start[N] = { 0.2, 0.3, 0.3, 0.6 };
            const uint64_t lag = parallel ? 4 : 1;
            for (uint32_t i = 0; i < N; i++)
                dims[i] = (hone_dim)FAKE_REAL("x", 0, 1, 0);
            search_start(&ordinary, &p, fake_space_init(&f, dims, N, NULL, 0), seed);
            search_say(&ordinary, &p, 1000, start, HONE_COMPLETE, valley(start, N), 0);
            for (uint32_t round = 0; round < MOST && best > 1e-4; round++, k += lag) {
                for (uint64_t j = 0; j < lag; j++)
                    search_ask(&ordinary, &p, k + j, x[j]);
                for (uint64_t j = lag; j-- > 0;) {
                    best = fmin(best, valley(x[j], N));
                    search_say(&ordinary, &p, k + j, x[j], HONE_COMPLETE, valley(x[j], N), 0);
                }
                rounds[parallel]++;
            }
            fake_plugin_release(&p);
        }
    CU_ASSERT(rounds[0] < 10 * MOST && rounds[1] < 0.7 * rounds[0]);
}

/* A space of 21^2 integers: points that are known cost nothing, so that the minimum takes a few dozen trials. */
static void test_known_points_cost_no_trial(void)
{
    const hone_dim dims[] = { FAKE_INT("a", -10, 10, 1, 0), FAKE_INT("b", -10, 10, 1, 0) };
    uint32_t solved = 0;
    for (uint64_t seed = 0; seed < 10; seed++) {
        fake_space f;
        fake_plugin p;
        double x[2], best = HUGE_VAL;
        search_start(&ordinary, &p, fake_space_init(&f, dims, 2, NULL, 0), seed);
        for (uint64_t k = 0; k < 60; k++) {
            search_ask(&ordinary, &p, k, x);
            const double y = (x[0] - 3) * (x[0] - 3) + (x[1] + 4) * (x[1] + 4);
            best = fmin(best, y);
            search_say(&ordinary, &p, k, x, HONE_COMPLETE, y, 0);
        }
        solved += best < 0.5;
        fake_plugin_release(&p);
    }
    CU_ASSERT(solved >= 8);
}

static void test_mixed_spaces(void)
{
    CU_ASSERT(search_mean_of_mixed(&ordinary, 1) < 0.7);
    CU_ASSERT(search_mean_of_mixed(&ordinary, 4) < 0.8);
}

static void test_constraints_come_first(void)
{
    const double mean = numeric_constrained(&constrained, 300);
    CU_ASSERT(mean >= 2 * sqrt(20) && mean < 2 * sqrt(20) + 0.5);
}

static void test_pruned_values_are_no_improvement(void)
{
    CU_ASSERT(numeric_pruned(&ordinary, 600, 1e-3) >= 9);
}

/* After its one simplex has converged, none goes on with random points; best and random find more. */
static void test_restarts(void)
{
    const double alone = numeric_median(&none, RASTRIGIN, 3, 3000, 1);
    CU_ASSERT(alone > 0.5);
    CU_ASSERT(numeric_median(&ordinary, RASTRIGIN, 3, 3000, 1) < 0.5 * alone);
    CU_ASSERT(numeric_median(&elsewhere, RASTRIGIN, 3, 3000, 1) < 0.5 * alone);
}

static void test_useless_outcomes(void)
{
    search_survives_useless_outcomes(&ordinary);
    search_survives_useless_outcomes(&constrained);
    search_survives_useless_outcomes(&elsewhere);
}
static void test_finite_spaces_are_spent(void)
{
    search_spends_finite_spaces(&ordinary);
    search_spends_finite_spaces(&none);
}
static void test_saved_states_go_on(void)
{
    search_goes_on_from_a_saved_state(&ordinary);
    search_goes_on_from_a_saved_state(&constrained);
    search_goes_on_from_a_saved_state(&elsewhere);
}
static void test_damaged_states(void)
{
    search_survives_damaged_states(&ordinary);
}
static void test_flat_objectives(void)
{
    numeric_stands_flat_objectives(&ordinary);
}
static void test_refuses_what_it_cannot_do(void)
{
    numeric_refuses(&ordinary);
}

SUITE(TEST(test_takes_the_steps_of_the_reference), TEST(test_finds_minima), TEST(test_speculation_saves_time),
      TEST(test_known_points_cost_no_trial), TEST(test_mixed_spaces), TEST(test_constraints_come_first),
      TEST(test_pruned_values_are_no_improvement), TEST(test_restarts), TEST(test_useless_outcomes),
      TEST(test_finite_spaces_are_spent), TEST(test_saved_states_go_on), TEST(test_damaged_states),
      TEST(test_flat_objectives), TEST(test_refuses_what_it_cannot_do))
