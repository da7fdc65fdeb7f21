/* SPDX-License-Identifier: MIT */
/* Tests of what benchmark/search computes: quartiles, ranks, the signed-rank test against scipy, names, and the score of a
 * course. The whole command is in tests/e2e/bench_search_test.sh. */
#include "bench.h"
#include "harness.h"

static double p_of(const double *a, const double *b, uint64_t n)
{
    hone_error err = HONE_ERROR_INIT;
    double p = -1;
    CU_ASSERT_EQUAL(signed_rank(a, b, n, &p, &err), HONE_OK);
    return p;
}

/* scipy.stats.wilcoxon 1.15, method="exact"; with ties and a pair without a difference: all 2^9 signs counted in Python. */
static void test_signed_rank_exact(void)
{
    static const double a[] = { 1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30 };
    static const double b[] = { 0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29 };
    static const double ties_a[] = { 125, 115, 130, 140, 140, 115, 140, 125, 140, 135 };
    static const double ties_b[] = { 110, 122, 125, 120, 140, 124, 123, 137, 135, 145 };
    static const double x[] = { 0.00123,   0.298746,  -0.274138, -0.890592, -0.454671, -0.991647, 0.060144,
                                1.340215,  -0.492207, -0.620475, 0.489842,  0.356887,  0.105414,  -0.930468,
                                -0.029252, 0.695303,  -1.344215, -0.457616, -1.901223, -1.289538 };
    static const double y[] = { -1.341735, 0.264909,  -0.767446, 0.771264,  0.656751, 0.313069,  -2.01676,
                                -0.038693, 0.451499,  0.613309,  -1.030136, 0.022247, -0.478519, -0.308837,
                                1.560899,  -0.307535, 0.467478,  1.38439,   -0.0836,  0.388298 };
    CU_ASSERT_DOUBLE_EQUAL(p_of(a, b, 9), 0.0390625, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(p_of(b, a, 9), 0.0390625, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(p_of(ties_a, ties_b, 10), 0.6328125, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(p_of(x, y, 20), 0.24548721313476562, 1e-14);
    CU_ASSERT_EQUAL(p_of(a, a, 9), 1);
    CU_ASSERT_DOUBLE_EQUAL(p_of(a, b, 1), 1, 0); /* one pair tells nothing */
    const double none[] = { HUGE_VAL, 1, HUGE_VAL }, some[] = { HUGE_VAL, 2, 1 };
    CU_ASSERT_DOUBLE_EQUAL(p_of(none, some, 3), 1, 1e-15); /* two pairs differ, one each way */
}

/* scipy.stats.wilcoxon(method="approx", correction=True) on 300 pairs with many ties, two of them equal. */
static void test_signed_rank_of_many_pairs(void)
{
    static double a[300], b[300];
    for (unsigned k = 0; k < 300; k++) {
        a[k] = (double)(k * 37 % 101) / 10.0;
        b[k] = (double)((k * 53 + 11) % 97) / 10.0;
    }
    CU_ASSERT_DOUBLE_EQUAL(p_of(a, b, 300), 0.4354809330230772, 1e-9);
}

static void test_names_and_settings(void)
{
    hone_error err = HONE_ERROR_INIT;
    struct entry e;
    CU_ASSERT_EQUAL(entry_init(&e, "tpe:mode=optuna:prior=", "search", &err), HONE_OK);
    CU_ASSERT_STRING_EQUAL(e.name, "tpe");
    CU_ASSERT_EQUAL(e.n_settings, 2);
    CU_ASSERT(!strcmp(e.settings[0].key, "mode") && !strcmp(e.settings[0].value, "optuna"));
    CU_ASSERT(!strcmp(e.settings[1].key, "prior") && !strcmp(e.settings[1].value, ""));
    CU_ASSERT_STRING_EQUAL(e.label, "tpe:mode=optuna:prior=");
    entry_release(&e);
    static const char *const bad[] = { "tpe:mode", "tpe:=3", ":mode=optuna" };
    for (size_t i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(entry_init(&e, bad[i], "search", &err), HONE_EINVAL);
        CU_ASSERT_STRING_EQUAL(err.param, "search");
        entry_release(&e);
    }
}

/* ---- a problem of one dimension: x, or (x, 1 - x), with noise on what is observed ---- */
static hone_rc evaluate(void *self, const double *x, uint64_t seed, int64_t step, uint32_t flags, double *values,
                        double *constraints, hone_error *err)
{
    const uint32_t n = *(uint32_t *)self;
    (void)seed;
    (void)step;
    if (x[0] > 0.9)
        return hone_fail(err, HONE_EFAIL, NULL, "too far");
    values[0] = x[0] + (flags & HONE_PROBLEM_EXACT ? 0 : x[0] > 0.45 ? -1 : 1);
    if (n > 1)
        values[1] = 1 - x[0];
    constraints[0] = 0.25 - x[0];
    return HONE_OK;
}

static void test_score(void)
{
    static const hone_problem_v1 iface = { sizeof iface, 0, "name", NULL, NULL, evaluate, NULL };
    static const double reference[] = { 1, 1 };
    static const double points[] = { 0.1, 0.4, 0.5, 0.75, 0.95 };
    hone_error err = HONE_ERROR_INIT;
    for (uint32_t n = 1; n <= 2; n++) {
        struct posed posed = { .label = "test", .iface = &iface };
        struct score score = { &posed, HUGE_VAL, HUGE_VAL, NULL, 0, 0 };
        double values[2], constraints[1], regret;
        posed.instance.self = &n;
        posed.problem.n_values = n;
        posed.problem.n_constraints = 1;
        posed.problem.noisy = 1;
        posed.problem.optimum = n == 1 ? 0.25 : (double)NAN;
        posed.problem.reference = reference;
        posed.problem.hypervolume = 0.5;
        CU_ASSERT_EQUAL(score_regret(&score, &regret, &err), HONE_OK);
        CU_ASSERT_EQUAL(regret, n == 1 ? HUGE_VAL : 0.5);
        for (uint64_t t = 0; t < 5; t++)
            CU_ASSERT_EQUAL(score_evaluate(&score, 1, t, points + t, values, constraints, &err),
                            t == 4 ? HONE_EFAIL : HONE_OK);
        CU_ASSERT_EQUAL(score_regret(&score, &regret, &err), HONE_OK);
        if (n == 1) /* -0.5 was the least observed: 0.5 in truth; 0.1 broke the constraint */
            CU_ASSERT_DOUBLE_EQUAL(regret, 0.25, 1e-15)
        else /* (0.4, 0.6), (0.5, 0.5), (0.75, 0.25) under (1, 1): 0.4 * 0.6 + 0.1 * 0.5 + 0.25 * 0.25 */
            CU_ASSERT_DOUBLE_EQUAL(regret, 0.5 - (0.6 * 0.4 + 0.5 * 0.1 + 0.25 * 0.25), 1e-15)
        score_release(&score);
    }
}

SUITE(TEST(test_signed_rank_exact), TEST(test_signed_rank_of_many_pairs), TEST(test_names_and_settings),
      TEST(test_score))
