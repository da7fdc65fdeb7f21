/* SPDX-License-Identifier: MIT */
/* Tests of search/cmaes as a search: what it finds (fixed seeds), restarts, warm starts, and what every
 * search must do. The figures asked for on rosenbrock and ackley hold for Optuna 5's CmaEsSampler too: 4.7
 * and 1e-5 (20 seeds). */
#include "numeric_case.h"

static const search_case ordinary = { "cmaes", NULL, 1, 0, 0 }, constrained = { "cmaes", NULL, 1, 1, 0 },
                         bipop = { "cmaes", "restarts=bipop", 1, 0, 0 },
                         adapting = { "cmaes", "learning_rate_adaptation=yes\nrestarts=none", 1, 0, 0 };

static void test_finds_minima(void)
{
    CU_ASSERT(numeric_median(&ordinary, SPHERE, 10, 1000, 1) < 1e-4);
    CU_ASSERT(numeric_median(&ordinary, SPHERE, 20, 2000, 8) < 1e-4);
    CU_ASSERT(numeric_median(&ordinary, SPHERE, 1, 200, 1) < 1e-6);
    CU_ASSERT(numeric_median(&ordinary, ROSENBROCK, 10, 2000, 1) < 6);
    CU_ASSERT(numeric_median(&ordinary, ROSENBROCK, 10, 6000, 1) < 1e-9);
    CU_ASSERT(numeric_median(&ordinary, ROSENBROCK, 10, 2000, 8) < 8);
    CU_ASSERT(numeric_median(&ordinary, ACKLEY, 10, 2000, 1) < 1e-4);
    CU_ASSERT(numeric_median(&ordinary, ACKLEY, 10, 2000, 4) < 1e-3);
}

static void test_restarts_reach_what_one_run_does_not(void)
{
    static const search_case none = { "cmaes", "restarts=none", 1, 0, 0 };
    const double alone = numeric_median(&none, RASTRIGIN, 4, 20000, 1);
    CU_ASSERT(alone > 0.9); /* a local minimum: they are 1 apart */
    CU_ASSERT(numeric_median(&ordinary, RASTRIGIN, 4, 20000, 1) < 1e-6);
    CU_ASSERT(numeric_median(&bipop, RASTRIGIN, 4, 20000, 1) < 1e-6);
}

static void test_reaches_the_border(void)
{
    CU_ASSERT(numeric_median(&ordinary, CORNER, 8, 1500, 1) < 1e-2);
}

static double integers(const double *x, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += (1 + 100.0 * (i % 2)) * (x[i] - 13) * (x[i] - 13);
    return sum;
}

static void test_integers_do_not_freeze(void)
{
    uint32_t solved = 0;
    for (uint64_t seed = 0; seed < 10; seed++) {
        fake_space s;
        fake_plugin p;
        hone_dim dims[8];
        double x[8], best = HUGE_VAL;
        for (uint32_t i = 0; i < 8; i++)
            dims[i] = i < 4 ? (hone_dim)FAKE_INT("i", 0, 50, 1, 0) : (hone_dim)FAKE_REAL("x", 0, 50, 0);
        search_start(&ordinary, &p, fake_space_init(&s, dims, 8, NULL, 0), seed);
        for (uint64_t k = 0; k < 1500; k++) {
            search_ask(&ordinary, &p, k, x);
            best = fmin(best, integers(x, 8));
            search_say(&ordinary, &p, k, x, HONE_COMPLETE, integers(x, 8), 0);
        }
        solved += best < 0.01;
        fake_plugin_release(&p);
    }
    CU_ASSERT(solved >= 9);
}

static void test_mixed_spaces(void)
{
    CU_ASSERT(search_mean_of_mixed(&ordinary, 1) < 0.35);
    CU_ASSERT(search_mean_of_mixed(&ordinary, 4) < 0.45);
}

/* A study nearby, told before the first proposal: half its outcomes as good as the first 200 of its own. */
static void test_warm_start_from_a_finished_study(void)
{
    double cold = 0, warm = 0, refused = 0, few = 0;
    for (uint64_t seed = 0; seed < 10; seed++)
        for (int kind = 0; kind < 4; kind++) {
            const search_case c = { "cmaes", kind == 2 ? "warm_start=no" : NULL, 1, 0, 0 };
            fake_space s;
            fake_plugin p;
            hone_dim dims[6];
            hone_rng rng = hone_rng_at(99, seed);
            double x[6], best = HUGE_VAL;
            for (uint32_t i = 0; i < 6; i++)
                dims[i] = (hone_dim)FAKE_REAL("x", -5, 5, 0);
            search_start(&c, &p, fake_space_init(&s, dims, 6, NULL, 0), seed);
            for (uint64_t k = 0; kind && k < (kind == 3 ? 3 : 200); k++) {
                for (uint32_t i = 0; i < 6; i++)
                    x[i] = kind == 3 ? 1.2 + 0.1 * (double)k : 1 + 0.8 * hone_rng_normal(&rng);
                search_say(&c, &p, 1000 + k, x, HONE_COMPLETE, numeric_sphere_(x, 6) + 0.1 * x[0], 0);
            }
            for (uint64_t k = 0; k < 60; k++) {
                search_ask(&c, &p, k, x);
                best = fmin(best, numeric_sphere_(x, 6));
                search_say(&c, &p, k, x, HONE_COMPLETE, numeric_sphere_(x, 6), 0);
            }
            *(kind == 0 ? &cold : kind == 1 ? &warm : kind == 2 ? &refused : &few) += best / 10;
            fake_plugin_release(&p);
        }
    CU_ASSERT(warm < 0.5 * cold);
    CU_ASSERT(few < 0.8 * cold);
    CU_ASSERT(fabs(refused - cold) < 1e-12); /* outcomes unused: the very same run */
}

/* Points of others, told amid a run, draw the run to them. */
static void test_injected_points_are_used(void)
{
    double alone = 0, helped = 0;
    for (uint64_t seed = 0; seed < 10; seed++)
        for (int help = 0; help < 2; help++) {
            fake_space s;
            fake_plugin p;
            hone_dim dims[10];
            double x[10], best = HUGE_VAL;
            for (uint32_t i = 0; i < 10; i++)
                dims[i] = (hone_dim)FAKE_REAL("x", -5, 5, 0);
            search_start(&ordinary, &p, fake_space_init(&s, dims, 10, NULL, 0), seed);
            for (uint64_t k = 0; k < 150; k++) {
                search_ask(&ordinary, &p, k, x);
                best = fmin(best, numeric_sphere_(x, 10));
                search_say(&ordinary, &p, k, x, HONE_COMPLETE, numeric_sphere_(x, 10), 0);
                if (help && k % 10 == 5) {
                    for (uint32_t i = 0; i < 10; i++)
                        x[i] = 1.1;
                    search_say(&ordinary, &p, 5000 + k, x, HONE_COMPLETE, numeric_sphere_(x, 10), 0);
                }
            }
            *(help ? &helped : &alone) += best / 10;
            fake_plugin_release(&p);
        }
    CU_ASSERT(helped < 0.7 * alone);
}

static void test_constraints_come_first(void)
{
    const double mean = numeric_constrained(&constrained, 300);
    CU_ASSERT(mean >= 2 * sqrt(20) && mean < 2 * sqrt(20) + 0.2);
}

/* Many minima: the adapted rates let a small population find the best one of them, where the others do not. */
static void test_learning_rate_adaptation_passes_local_minima(void)
{
    static const search_case plain = { "cmaes", "restarts=none", 1, 0, 0 };
    CU_ASSERT(numeric_median(&plain, RASTRIGIN, 2, 10000, 1) > 0.9);
    CU_ASSERT(numeric_median(&adapting, RASTRIGIN, 2, 10000, 1) < 0.1);
}

static void test_pruned_values_are_no_improvement(void)
{
    CU_ASSERT(numeric_pruned(&ordinary, 600, 1e-3) >= 9);
}

static void test_useless_outcomes(void)
{
    search_survives_useless_outcomes(&ordinary);
    search_survives_useless_outcomes(&constrained);
    search_survives_useless_outcomes(&adapting);
}
static void test_finite_spaces_are_spent(void)
{
    search_spends_finite_spaces(&ordinary);
    search_spends_finite_spaces(&bipop);
}
static void test_saved_states_go_on(void)
{
    search_goes_on_from_a_saved_state(&ordinary);
    search_goes_on_from_a_saved_state(&constrained);
    search_goes_on_from_a_saved_state(&adapting);
}
static void test_damaged_states(void)
{
    search_survives_damaged_states(&ordinary);
    search_survives_damaged_states(&adapting);
}

static void test_flat_objectives(void)
{
    numeric_stands_flat_objectives(&ordinary);
    numeric_stands_flat_objectives(&bipop);
    numeric_stands_flat_objectives(&adapting);
}

static void test_refuses_what_it_cannot_do(void)
{
    static const search_case small = { "cmaes", "population=3", 1, 0, 0 };
    const hone_dim choices[] = { FAKE_CHOICE("a", 3, NULL), FAKE_REAL("fixed", 1, 1, 0) };
    fake_space f;
    fake_plugin p;
    numeric_refuses(&ordinary);
    CU_ASSERT_EQUAL(search_start(&small, &p, fake_space_init(&f, choices, 2, NULL, 0), 1), HONE_ERANGE);
    CU_ASSERT_STRING_EQUAL(p.err.param, "population");
    fake_plugin_release(&p);
    CU_ASSERT_EQUAL(search_start(&ordinary, &p, fake_space_init(&f, choices, 2, NULL, 0), 1), HONE_ENOTSUP);
    CU_ASSERT_PTR_NOT_NULL(strstr(p.err.msg, "choices only"));
    fake_plugin_release(&p);
}

SUITE(TEST(test_finds_minima), TEST(test_restarts_reach_what_one_run_does_not), TEST(test_reaches_the_border),
      TEST(test_integers_do_not_freeze), TEST(test_mixed_spaces), TEST(test_warm_start_from_a_finished_study),
      TEST(test_injected_points_are_used), TEST(test_constraints_come_first),
      TEST(test_learning_rate_adaptation_passes_local_minima), TEST(test_pruned_values_are_no_improvement),
      TEST(test_useless_outcomes), TEST(test_finite_spaces_are_spent), TEST(test_saved_states_go_on),
      TEST(test_damaged_states), TEST(test_flat_objectives), TEST(test_refuses_what_it_cannot_do))
