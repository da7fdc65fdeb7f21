/* SPDX-License-Identifier: MIT */
/* Tests of search/pattern: poll for poll against a plain loop, the orthogonal directions against their
 * definition, what it finds (fixed seeds), and what every search must do. */
#include "numeric_case.h"

static const search_case ordinary = { "pattern", NULL, 1, 0, 0 }, constrained = { "pattern", NULL, 1, 1, 0 },
                         orthogonal = { "pattern", "directions=orthogonal\nexpansion=2", 1, 0, 0 },
                         none = { "pattern", "restarts=none", 1, 0, 0 };

static double valley(const double *x, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += (i + 1.0) * (x[i] - 0.61) * (x[i] - 0.61) + (i ? 3 * (x[i] - x[i - 1]) * (x[i] - x[i - 1]) : 0);
    return sum;
}

/* Compass search as a loop: directions +1, -1, +2, ..., the last success first; a point outside ends at the
 * border. */
static void follow(const char *settings, double expansion, uint32_t steps)
{
    enum { N = 4 };
    const search_case c = { "pattern", settings, 1, 0, 0 };
    hone_dim dims[N];
    fake_space f;
    fake_plugin p;
    double centre[N] = { 0.1, 0.9, 0.5, 0.3 }, best = valley(centre, N), step = 0.2, x[N];
    uint32_t first = 0, failures = 0, k = 0, wrong = 0, moves = 0;
    for (uint32_t i = 0; i < N; i++)
        dims[i] = (hone_dim)FAKE_REAL("x", 0, 1, 0);
    search_start(&c, &p, fake_space_init(&f, dims, N, NULL, 0), 1);
    search_say(&c, &p, 1000, centre, HONE_COMPLETE, best, 0);
    while (k < steps) {
        const uint32_t d = (first + failures) % (2 * N);
        double to = centre[d / 2] + (d % 2 ? -step : step), want[N];
        to = to < 0 ? 0 : to > 1 ? 1 : to;
        if (to < centre[d / 2] || to > centre[d / 2]) { /* no trial at the border itself */
            memcpy(want, centre, sizeof want);
            want[d / 2] = to;
            search_ask(&c, &p, k, x);
            for (uint32_t i = 0; i < N; i++)
                wrong += !(fabs(x[i] - want[i]) < 1e-14);
            search_say(&c, &p, k, x, HONE_COMPLETE, valley(want, N), 0);
            k++;
            if (valley(want, N) < best) {
                best = valley(want, N);
                memcpy(centre, want, sizeof want);
                first = d;
                failures = 0;
                step = fmin(0.2, step * expansion);
                moves++;
                continue;
            }
        }
        if (++failures == 2 * N) {
            failures = 0;
            step /= 2;
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(moves > 10 && best < 1e-2);
    fake_plugin_release(&p);
}

static void test_polls_as_published(void)
{
    follow("pattern_moves=no", 1, 150);
    follow("pattern_moves=no\nexpansion=2", 2, 150);
}

/* Where nothing is better, the polls of one step are plus and minus an orthogonal basis, largest component
 * the step. */
static void test_orthogonal_directions(void)
{
    enum { N = 5 };
    hone_dim dims[N];
    fake_space f;
    fake_plugin p;
    double centre[N] = { 0.5, 0.5, 0.5, 0.5, 0.5 }, x[4 * N][N];
    int differs = 0;
    for (uint32_t i = 0; i < N; i++)
        dims[i] = (hone_dim)FAKE_REAL("x", 0, 1, 0);
    search_start(&orthogonal, &p, fake_space_init(&f, dims, N, NULL, 0), 1);
    search_say(&orthogonal, &p, 1000, centre, HONE_COMPLETE, 0, 0);
    for (uint64_t k = 0; k < 4 * N; k++) {
        search_ask(&orthogonal, &p, k, x[k]);
        search_say(&orthogonal, &p, k, x[k], HONE_COMPLETE, 1, 0);
    }
    for (int half = 0; half < 2; half++)
        for (int a = 0; a < N; a++)
            for (int b = 0; b < N; b++) {
                const double *u = x[2 * N * half + 2 * a], *v = x[2 * N * half + 2 * b], *w = u + N; /* w: minus u */
                double product = 0, largest = 0;
                for (int i = 0; i < N; i++) {
                    product += (u[i] - 0.5) * (v[i] - 0.5);
                    largest = fmax(largest, fabs(u[i] - 0.5));
                    CU_ASSERT(fabs(u[i] + w[i] - 1) < 1e-12);
                }
                CU_ASSERT(a == b || fabs(product) < 1e-12);
                CU_ASSERT(fabs(largest - (half ? 0.1 : 0.2)) < 1e-12);
            }
    for (int i = 0; i < N; i++)
        differs += fabs((x[0][i] - 0.5) / 2 - (x[2 * N][i] - 0.5)) > 1e-3;
    CU_ASSERT(differs > 1); /* a new basis after the failure */
    fake_plugin_release(&p);
}

static void test_finds_minima(void)
{
    CU_ASSERT(numeric_median(&ordinary, SPHERE, 5, 400, 1) < 1e-4);
    CU_ASSERT(numeric_median(&ordinary, SPHERE, 20, 2000, 1) < 1e-6);
    CU_ASSERT(numeric_median(&ordinary, SPHERE, 20, 2000, 8) < 1e-2);
    CU_ASSERT(numeric_median(&ordinary, SPHERE, 1, 100, 1) < 1e-6);
    CU_ASSERT(numeric_median(&ordinary, ROSENBROCK, 4, 2000, 1) < 1e-3);
    CU_ASSERT(numeric_median(&ordinary, ROSENBROCK, 10, 2000, 1) < 3);
    CU_ASSERT(numeric_median(&ordinary, ACKLEY, 10, 2000, 1) < 1e-3);
    CU_ASSERT(numeric_median(&ordinary, RASTRIGIN, 2, 2000, 4) < 1e-6);
    CU_ASSERT(numeric_median(&ordinary, CORNER, 8, 500, 1) < 1e-6);
    CU_ASSERT(numeric_median(&orthogonal, SPHERE, 5, 1000, 1) < 1e-2);
    CU_ASSERT(numeric_median(&orthogonal, ROSENBROCK, 4, 2000, 1) < 1);
}

/* Hooke and Jeeves: along a valley that lies askew, the pattern move saves most of the way. */
static void test_pattern_moves_follow_valleys(void)
{
    static const search_case without = { "pattern", "pattern_moves=no", 1, 0, 0 };
    CU_ASSERT(numeric_median(&ordinary, ROSENBROCK, 10, 2000, 1) <
              0.5 * numeric_median(&without, ROSENBROCK, 10, 2000, 1));
}

static void test_mixed_spaces(void)
{
    CU_ASSERT(search_mean_of_mixed(&ordinary, 1) < 0.05);
    CU_ASSERT(search_mean_of_mixed(&ordinary, 4) < 0.05);
}

static void test_constraints_come_first(void)
{
    const double mean = numeric_constrained(&constrained, 300);
    CU_ASSERT(mean >= 2 * sqrt(20) && mean < 2 * sqrt(20) + 1);
}

static void test_pruned_values_are_no_improvement(void)
{
    CU_ASSERT(numeric_pruned(&ordinary, 600, 1e-3) >= 9);
}

static void test_restarts(void)
{
    const double alone = numeric_median(&none, RASTRIGIN, 3, 3000, 1);
    CU_ASSERT(alone > 0.5);
    CU_ASSERT(numeric_median(&ordinary, RASTRIGIN, 3, 3000, 1) < 0.5 * alone);
}

static void test_useless_outcomes(void)
{
    search_survives_useless_outcomes(&ordinary);
    search_survives_useless_outcomes(&constrained);
    search_survives_useless_outcomes(&orthogonal);
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
    search_goes_on_from_a_saved_state(&orthogonal);
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

SUITE(TEST(test_polls_as_published), TEST(test_orthogonal_directions), TEST(test_finds_minima),
      TEST(test_pattern_moves_follow_valleys), TEST(test_mixed_spaces), TEST(test_constraints_come_first),
      TEST(test_pruned_values_are_no_improvement), TEST(test_restarts), TEST(test_useless_outcomes),
      TEST(test_finite_spaces_are_spent), TEST(test_saved_states_go_on), TEST(test_damaged_states),
      TEST(test_flat_objectives), TEST(test_refuses_what_it_cannot_do))
