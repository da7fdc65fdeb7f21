/* SPDX-License-Identifier: MIT */
/* Tests of search/differential_evolution: challengers against a search through all mixtures, the adaptation
 * of rates against its formulas, what it finds (fixed seeds), and what every search must do. */
#include "evolution.h"
#include "numeric_case.h"

static const search_case ordinary = { "differential_evolution", NULL, 1, 0, 0 },
                         wide = { "differential_evolution", "population=20", 1, 0, 0 },
                         constrained = { "differential_evolution", NULL, 1, 1, 0 },
                         rand1 = { "differential_evolution", "strategy=rand1\nadaptation=none", 1, 0, 0 },
                         best1 = { "differential_evolution", "strategy=best1\nadaptation=jade", 1, 0, 0 };

static void test_finds_minima(void)
{
    CU_ASSERT(numeric_median(&ordinary, SPHERE, 10, 2000, 1) < 1e-4);
    CU_ASSERT(numeric_median(&ordinary, SPHERE, 20, 2000, 8) < 0.1);
    CU_ASSERT(numeric_median(&wide, ACKLEY, 10, 2000, 1) < 0.1);
    CU_ASSERT(numeric_median(&ordinary, ROSENBROCK, 10, 2000, 1) < 9);
    CU_ASSERT(numeric_median(&ordinary, ROSENBROCK, 10, 10000, 1) < 1e-3);
    CU_ASSERT(numeric_median(&ordinary, RASTRIGIN, 5, 2000, 1) < 0.1);
    CU_ASSERT(numeric_median(&ordinary, RASTRIGIN, 5, 2000, 4) < 0.2);
    CU_ASSERT(numeric_median(&ordinary, CORNER, 8, 2000, 1) < 1e-3);
    CU_ASSERT(numeric_median(&rand1, SPHERE, 5, 3000, 1) < 1e-3);
    CU_ASSERT(numeric_median(&best1, SPHERE, 10, 2000, 1) < 1e-3);
}

/* A population of 6 in [0, 1]^3 fills its slots; challengers with CR = 1 that lie inside must then be
 * base + F (to - base) + F (p - q) of different members. */
static void check_mixtures(const char *settings, int from_opponent, int to_best)
{
    enum { SIZE = 6, N = 3, MORE = 60 };
    const search_case c = { "differential_evolution", settings, 1, 0, 0 };
    const hone_dim dims[N] = { FAKE_REAL("a", 0, 1, 0), FAKE_REAL("b", 0, 1, 0), FAKE_REAL("c", 0, 1, 0) };
    fake_space f;
    fake_plugin p;
    double x[SIZE][N], y[N];
    uint32_t explained = 0, inside = 0;
    CU_ASSERT_EQUAL_FATAL(search_start(&c, &p, fake_space_init(&f, dims, N, NULL, 0), 4), HONE_OK);
    for (uint64_t k = 0; k < SIZE; k++)
        search_ask(&c, &p, k, x[k]);
    for (uint64_t k = 0; k < SIZE; k++)
        search_say(&c, &p, k, x[k], HONE_COMPLETE, (double)((k + 3) % SIZE), 0); /* 3 is best, 4 second */
    for (uint64_t k = SIZE; k < SIZE + MORE; k++) {
        int found = 0;
        const uint64_t slot = k % SIZE;
        search_ask(&c, &p, k, y);
        search_say(&c, &p, k, y, HONE_COMPLETE, 100, 0); /* never better */
        for (int base = 0; base < SIZE; base++)
            for (int to = 0; to < SIZE; to++)
                for (int a = 0; a < SIZE; a++)
                    for (int b = 0; b < SIZE; b++) {
                        double worst = 0;
                        if (a == b || (uint64_t)a == slot || (uint64_t)b == slot)
                            continue;
                        if (from_opponent ? (uint64_t)base != slot || (to != 3 && to != 4) : to != base)
                            continue;
                        if (!from_opponent && to_best ? base != 3 : !from_opponent && (base == a || base == b))
                            continue;
                        for (int i = 0; i < N; i++)
                            worst = fmax(worst, fabs(x[base][i] + 0.6 * (x[to][i] - x[base][i]) +
                                                     0.6 * (x[a][i] - x[b][i]) - y[i]));
                        found |= worst < 1e-12;
                    }
        explained += found ? 1u : 0u;
        inside++;
    }
    /* the others left the box in some coordinate */
    CU_ASSERT(explained >= 5 && explained <= inside);
    fake_plugin_release(&p);
}

static void test_challengers_are_mixtures(void)
{
    check_mixtures("population=6\nadaptation=none\nfactor=0.6\ncrossover=1\nstrategy=rand1", 0, 0);
    check_mixtures("population=6\nadaptation=none\nfactor=0.6\ncrossover=1\nstrategy=best1", 0, 1);
    check_mixtures("population=6\nadaptation=none\nfactor=0.6\ncrossover=1\nbest_share=0.3", 1, 0);
}

/* Crossover: with CR = 0 one coordinate differs from the opponent's, with 0.5 about half. */
static void test_crossover_takes_its_share(void)
{
    enum { SIZE = 8, N = 10 };
    for (int half = 0; half < 2; half++) {
        const search_case c = { "differential_evolution",
                                half ? "population=8\nadaptation=none\ncrossover=0.5\nstrategy=rand1"
                                     : "population=8\nadaptation=none\ncrossover=0\nstrategy=rand1",
                                1, 0, 0 };
        hone_dim dims[N];
        fake_space f;
        fake_plugin p;
        double x[SIZE][N], y[N], share = 0;
        for (uint32_t i = 0; i < N; i++)
            dims[i] = (hone_dim)FAKE_REAL("x", 0, 1, 0);
        search_start(&c, &p, fake_space_init(&f, dims, N, NULL, 0), 4);
        for (uint64_t k = 0; k < SIZE; k++) {
            search_ask(&c, &p, k, x[k]);
            search_say(&c, &p, k, x[k], HONE_COMPLETE, (double)k, 0);
        }
        for (uint64_t k = SIZE; k < SIZE + 200; k++) {
            int changed = 0;
            search_ask(&c, &p, k, y);
            search_say(&c, &p, k, y, HONE_COMPLETE, 100, 0);
            for (int i = 0; i < N; i++)
                changed += y[i] < x[k % SIZE][i] || y[i] > x[k % SIZE][i];
            CU_ASSERT(half || changed == 1);
            share += changed / 200.0 / N;
        }
        CU_ASSERT(!half || fabs(share - 0.55) < 0.04); /* 1/10 + 9/10 / 2 */
        fake_plugin_release(&p);
    }
}

static void test_rates_follow_successes(void)
{
    const struct success s[] = { { 0.4, 0.2, 1 }, { 0.8, 0.6, 3 } };
    struct rates r;
    struct settings settings = { 0, 0, ADAPT_JADE, 0.5, 0.9, 0.1, 1 };
    double f, cr, mean = 0;
    hone_rng rng = hone_rng_at(1, 1);
    rates_init(&r, 0.5, 0.5);
    r.n = 2;
    rates_learn(&r, ADAPT_JADE, s);
    CU_ASSERT_DOUBLE_EQUAL(r.factor[0], 0.9 * 0.5 + 0.1 * (0.16 + 0.64) / 1.2, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(r.crossover[0], 0.9 * 0.5 + 0.1 * 0.4, 1e-15);
    CU_ASSERT_EQUAL(r.n, 0);
    rates_init(&r, 0.5, 0.5);
    r.n = 2;
    rates_learn(&r, ADAPT_SHADE, s);
    CU_ASSERT_DOUBLE_EQUAL(r.factor[0], (0.25 * 0.16 + 0.75 * 0.64) / (0.25 * 0.4 + 0.75 * 0.8), 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(r.crossover[0], (0.25 * 0.04 + 0.75 * 0.36) / (0.25 * 0.2 + 0.75 * 0.6), 1e-15);
    CU_ASSERT_EQUAL(r.at, 1);
    CU_ASSERT_DOUBLE_EQUAL(r.factor[1], 0.5, 0);
    rates_learn(&r, ADAPT_SHADE, s); /* no success: nothing is forgotten */
    CU_ASSERT_EQUAL(r.at, 1);
    for (int i = 0; i < 10000; i++) {
        rates_draw(&r, &settings, &rng, &f, &cr);
        CU_ASSERT(f > 0 && f <= 1 && cr >= 0 && cr <= 1);
        mean += cr / 10000;
    }
    CU_ASSERT(fabs(mean - r.crossover[0]) < 0.01);
}

static void test_mixed_spaces(void)
{
    CU_ASSERT(search_mean_of_mixed(&ordinary, 1) < 0.3);
    CU_ASSERT(search_mean_of_mixed(&ordinary, 4) < 0.4);
}

static void test_constraints_come_first(void)
{
    const double mean = numeric_constrained(&constrained, 300);
    CU_ASSERT(mean >= 2 * sqrt(20) && mean < 2 * sqrt(20) + 0.2);
}

static void test_pruned_values_are_no_improvement(void)
{
    CU_ASSERT(numeric_pruned(&wide, 800, 0.5) >= 9);
}

/* A scheduler pauses trials and sends them on: told again, a trial stays one member, and its later outcome counts. */
static void test_a_trial_that_goes_on_keeps_its_slot(void)
{
    static const search_case four = { "differential_evolution", "population=4", 1, 0, 0 };
    const hone_dim line[] = { FAKE_REAL("a", 0, 1, 0) };
    const struct evolution *e;
    fake_space f;
    fake_plugin p;
    double x[4];
    CU_ASSERT_EQUAL_FATAL(search_start(&four, &p, fake_space_init(&f, line, 1, NULL, 0), 1), HONE_OK);
    e = (const struct evolution *)p.self;
    for (uint64_t k = 0; k < 4; k++)
        search_ask(&four, &p, k, x + k);
    for (uint64_t k = 0; k < 4; k++)
        search_say(&four, &p, k, x + k, HONE_PRUNED, (double)k, 0);
    for (int again = 0; again < 2; again++) {
        search_say(&four, &p, 2, x + 2, HONE_COMPLETE, 9 - again, 0);
        CU_ASSERT_EQUAL(e->state.n_members, 4);
        for (uint64_t k = 0; k < 4; k++)
            CU_ASSERT_EQUAL(e->state.history.trial[e->state.at[k]], k);
        CU_ASSERT_EQUAL(e->state.order[0], 2); /* complete comes before pruned */
    }
    search_say(&four, &p, 2, x + 2, HONE_FAILED, 0, 0);
    CU_ASSERT_EQUAL(e->state.history.status[e->state.at[2]], HONE_COMPLETE);
    fake_plugin_release(&p);
}

/* A converged population begins anew: in the long run it leaves the basin that trapped it. */
static void test_restarts(void)
{
    static const search_case stuck = { "differential_evolution", "population=6\nrestarts=no", 1, 0, 0 },
                             anew = { "differential_evolution", "population=6", 1, 0, 0 };
    CU_ASSERT(numeric_median(&stuck, RASTRIGIN, 4, 8000, 1) > 0.5);
    CU_ASSERT(numeric_median(&anew, RASTRIGIN, 4, 8000, 1) < 0.5 * numeric_median(&stuck, RASTRIGIN, 4, 8000, 1));
}

/* 10, and one for each parameter in studies of more than 2,000 trials. */
static void test_long_studies_have_more_members(void)
{
    static const uint64_t trials[] = { 0, 2000, 2001 };
    const hone_dim plane[] = { FAKE_REAL("a", 0, 1, 0), FAKE_INT("b", 3, 3, 1, 0), FAKE_INT("c", 1, 3, 1, 0) };
    for (int k = 0; k < 3; k++) {
        fake_space f;
        fake_plugin p;
        const hone_search_info info = { .size = sizeof info, .n_values = 1, .trials = trials[k] };
        fake_plugin_init(&p, fake_component(HONE_KIND_SEARCH, "differential_evolution"), 1, "");
        CU_ASSERT_EQUAL(search_iface(&ordinary)->open(p.self, fake_space_init(&f, plane, 3, NULL, 0), &info, &p.err),
                        HONE_OK);
        CU_ASSERT_EQUAL(((const struct evolution *)p.self)->size, k < 2 ? 10 : 12); /* b has one value */
        fake_plugin_release(&p);
    }
}

static void test_useless_outcomes(void)
{
    search_survives_useless_outcomes(&ordinary);
    search_survives_useless_outcomes(&constrained);
    search_survives_useless_outcomes(&best1);
}
static void test_finite_spaces_are_spent(void)
{
    search_spends_finite_spaces(&ordinary);
    search_spends_finite_spaces(&rand1);
}
static void test_saved_states_go_on(void)
{
    search_goes_on_from_a_saved_state(&ordinary);
    search_goes_on_from_a_saved_state(&constrained);
    search_goes_on_from_a_saved_state(&best1);
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
    static const search_case small = { "differential_evolution", "population=3", 1, 0, 0 };
    const hone_dim plane[] = { FAKE_REAL("a", 0, 1, 0) };
    fake_space f;
    fake_plugin p;
    numeric_refuses(&ordinary);
    CU_ASSERT_EQUAL(search_start(&small, &p, fake_space_init(&f, plane, 1, NULL, 0), 1), HONE_ERANGE);
    CU_ASSERT_STRING_EQUAL(p.err.param, "population");
    fake_plugin_release(&p);
}

SUITE(TEST(test_finds_minima), TEST(test_challengers_are_mixtures), TEST(test_crossover_takes_its_share),
      TEST(test_rates_follow_successes), TEST(test_mixed_spaces), TEST(test_constraints_come_first),
      TEST(test_pruned_values_are_no_improvement), TEST(test_a_trial_that_goes_on_keeps_its_slot),
      TEST(test_long_studies_have_more_members), TEST(test_restarts), TEST(test_useless_outcomes),
      TEST(test_finite_spaces_are_spent), TEST(test_saved_states_go_on), TEST(test_damaged_states),
      TEST(test_flat_objectives), TEST(test_refuses_what_it_cannot_do))
