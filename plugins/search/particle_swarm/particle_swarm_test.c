/* SPDX-License-Identifier: MIT */
/* Tests of search/particle_swarm: its movement against the published formulas, whom a particle follows, what
 * the swarm finds (fixed seeds), and what every search must do. */
#include "numeric_case.h"
#include "swarm.h"

static const search_case ordinary = { "particle_swarm", NULL, 1, 0, 0 },
                         constrained = { "particle_swarm", NULL, 1, 1, 0 },
                         ring = { "particle_swarm", "topology=ring", 1, 0, 0 },
                         linear = { "particle_swarm", "inertia=linear\ncognitive=1.5\nsocial=1.5", 1, 0, 0 };

static void test_finds_minima(void)
{
    CU_ASSERT(numeric_median(&ordinary, SPHERE, 10, 2000, 1) < 1e-3);
    CU_ASSERT(numeric_median(&ordinary, SPHERE, 20, 3000, 8) < 0.1);
    CU_ASSERT(numeric_median(&ordinary, ACKLEY, 5, 2000, 1) < 1e-3);
    CU_ASSERT(numeric_median(&ordinary, ROSENBROCK, 10, 2000, 1) < 12);
    CU_ASSERT(numeric_median(&ordinary, RASTRIGIN, 2, 2000, 4) < 1e-3);
    CU_ASSERT(numeric_median(&ordinary, CORNER, 8, 2000, 1) < 1e-3);
    CU_ASSERT(numeric_median(&ring, SPHERE, 10, 4000, 1) < 1e-2);
    CU_ASSERT(numeric_median(&ring, RASTRIGIN, 3, 4000, 1) < 1e-2);
    CU_ASSERT(numeric_median(&linear, SPHERE, 10, 2000, 1) < 1e-2);
}

static void test_movement_follows_the_formulas(void)
{
    double x = 0.4, v = 0.1;
    CU_ASSERT_DOUBLE_EQUAL(constriction(4.1), 0.72984378812836, 1e-13); /* Clerc and Kennedy 2002: 0.7298 */
    step_number(&x, &v, 0.6, 0.3, 0.7, 0.5, 0.8, 0.5);
    CU_ASSERT_DOUBLE_EQUAL(v, 0.7 * 0.1 + 0.5 * 0.2 - 0.8 * 0.1, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(x, 0.4 + v, 1e-15);
    v = 2;
    x = 0.2;
    step_number(&x, &v, 0.2, 0.2, 1, 1, 1, 0.3); /* no faster than 0.3 */
    CU_ASSERT_DOUBLE_EQUAL(x, 0.5, 1e-15);
    step_number(&x, &v, 0.5, 0.5, 10, 1, 1, 0.7); /* over the border: there, and back at half the speed */
    CU_ASSERT_DOUBLE_EQUAL(x, 1, 0);
    CU_ASSERT_DOUBLE_EQUAL(v, -0.35, 1e-15);
    CU_ASSERT_EQUAL(step_choice(4, 5, 6, 0.2, 0.3, 0.5, 0.19), 4);
    CU_ASSERT_EQUAL(step_choice(4, 5, 6, 0.2, 0.3, 0.5, 0.21), 5);
    CU_ASSERT_EQUAL(step_choice(4, 5, 6, 0.2, 0.3, 0.5, 0.49), 5);
    CU_ASSERT_EQUAL(step_choice(4, 5, 6, 0.2, 0.3, 0.5, 0.51), 6);
}

/* Six particles; particle 3 sees something better in the second swarm. Particle 0 hears of it in the global
 * topology only, particle 2 in both. */
static void test_neighbours(void)
{
    const hone_dim dims[] = { FAKE_REAL("a", 0, 1, 0), FAKE_REAL("b", 0, 1, 0) };
    for (int global = 0; global < 2; global++) {
        const search_case c = { "particle_swarm",
                                global ? "population=6\ntopology=global" : "population=6\ntopology=ring", 1, 0, 0 };
        double next[2][6][2];
        for (int better = 0; better < 2; better++) {
            fake_space f;
            fake_plugin p;
            double x[6][2];
            search_start(&c, &p, fake_space_init(&f, dims, 2, NULL, 0), 5);
            for (uint64_t k = 0; k < 6; k++)
                search_ask(&c, &p, k, x[k]);
            for (uint64_t k = 0; k < 6; k++)
                search_say(&c, &p, k, x[k], HONE_COMPLETE, k == 3 && better ? -1 : (double)k, 0);
            for (uint64_t k = 0; k < 6; k++)
                search_ask(&c, &p, 6 + k, next[better][k]);
            fake_plugin_release(&p);
        }
        CU_ASSERT(memcmp(next[0][0], next[1][0], sizeof next[0][0]) == 0 ? !global : global);
        CU_ASSERT(memcmp(next[0][2], next[1][2], sizeof next[0][2]) != 0);
    }
}

static void test_a_trial_that_goes_on_stays_one_memory(void)
{
    static const search_case six = { "particle_swarm", "population=6", 1, 0, 0 };
    search_counts_a_trial_once(&six);
}

static void test_mixed_spaces(void)
{
    CU_ASSERT(search_mean_of_mixed(&ordinary, 1) < 0.4);
    CU_ASSERT(search_mean_of_mixed(&ordinary, 4) < 0.5);
}

static void test_constraints_come_first(void)
{
    const double mean = numeric_constrained(&constrained, 300);
    CU_ASSERT(mean >= 2 * sqrt(20) && mean < 2 * sqrt(20) + 0.2);
}

static void test_pruned_values_are_no_improvement(void)
{
    CU_ASSERT(numeric_pruned(&ordinary, 800, 0.5) >= 9);
}

/* A swarm that has become one point is scattered: in the long run it leaves the basin that trapped it. */
static void test_restarts(void)
{
    static const search_case stuck = { "particle_swarm", "population=6\nrestarts=no", 1, 0, 0 },
                             anew = { "particle_swarm", "population=6", 1, 0, 0 };
    const double before = numeric_median(&stuck, RASTRIGIN, 4, 8000, 1);
    CU_ASSERT(before > 0.9);
    CU_ASSERT(numeric_median(&anew, RASTRIGIN, 4, 8000, 1) < 0.6 * before);
}

static void test_useless_outcomes(void)
{
    search_survives_useless_outcomes(&ordinary);
    search_survives_useless_outcomes(&constrained);
    search_survives_useless_outcomes(&ring);
}
static void test_finite_spaces_are_spent(void)
{
    search_spends_finite_spaces(&ordinary);
    search_spends_finite_spaces(&ring);
}
static void test_saved_states_go_on(void)
{
    search_goes_on_from_a_saved_state(&ordinary);
    search_goes_on_from_a_saved_state(&constrained);
    search_goes_on_from_a_saved_state(&linear);
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
    static const search_case small = { "particle_swarm", "population=2", 1, 0, 0 },
                             weak = { "particle_swarm", "cognitive=2\nsocial=2", 1, 0, 0 };
    const hone_dim plane[] = { FAKE_REAL("a", 0, 1, 0) };
    fake_space f;
    fake_plugin p;
    numeric_refuses(&ordinary);
    CU_ASSERT_EQUAL(search_start(&small, &p, fake_space_init(&f, plane, 1, NULL, 0), 1), HONE_ERANGE);
    CU_ASSERT_STRING_EQUAL(p.err.param, "population");
    fake_plugin_release(&p);
    CU_ASSERT_EQUAL(search_start(&weak, &p, fake_space_init(&f, plane, 1, NULL, 0), 1), HONE_ERANGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(p.err.msg, "more than 4"));
    fake_plugin_release(&p);
}

SUITE(TEST(test_finds_minima), TEST(test_movement_follows_the_formulas), TEST(test_neighbours), TEST(test_mixed_spaces),
      TEST(test_constraints_come_first), TEST(test_pruned_values_are_no_improvement),
      TEST(test_a_trial_that_goes_on_stays_one_memory), TEST(test_restarts), TEST(test_useless_outcomes),
      TEST(test_finite_spaces_are_spent), TEST(test_saved_states_go_on), TEST(test_damaged_states),
      TEST(test_flat_objectives), TEST(test_refuses_what_it_cannot_do))
