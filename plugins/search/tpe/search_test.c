/* SPDX-License-Identifier: MIT */
/* Tests of search/tpe as a search: hyperopt's domains, mixed and conditional spaces, constraints, parallel trials, several
 * objectives, spent spaces, useless outcomes, saved states. */
#include "fake_host.h"
#include "harness.h"
#include "hone/pareto.h"
#include "tpe.h"

static const hone_component *component(void)
{
    return fake_component(HONE_KIND_SEARCH, "tpe");
}

static const hone_search_v1 *iface(void)
{
    return (const hone_search_v1 *)component()->iface;
}

static void start(fake_plugin *p, const hone_space *space, uint64_t seed, uint32_t n_values, uint32_t n_constraints,
                  const char *settings)
{
    const hone_search_info info = { sizeof info, n_values, n_constraints, 0, 0, 0 };
    CU_ASSERT_EQUAL_FATAL(fake_plugin_init(p, component(), seed, settings), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(iface()->open(p->self, space, &info, &p->err), HONE_OK);
}

static void say(fake_plugin *p, uint64_t trial, const double *x, uint32_t status, double value)
{
    const hone_outcome o = { sizeof o, status, trial, x, &value, NULL, 1, 0, (int64_t)(trial % 5) };
    CU_ASSERT_EQUAL(iface()->tell(p->self, &o, &p->err), HONE_OK);
}

static void ask(fake_plugin *p, const hone_space *space, uint64_t trial, double *x)
{
    const hone_rc rc = iface()->ask(p->self, trial, x, &p->err);
    CU_ASSERT_EQUAL(rc, HONE_OK);
    CU_ASSERT_PTR_NULL(rc == HONE_OK ? fake_space_fault(space, x) : "no point");
}

typedef double (*problem)(const double *x, hone_rng *rng);

/* Best value of a run with `lag` trials outstanding, which are told from the latest to the earliest. */
static double best_of(const hone_space *space, problem f, uint64_t seed, uint64_t trials, uint64_t lag,
                      const char *settings)
{
    enum { LAGS = 20, DIMS = 16 };
    static double x[LAGS][DIMS];
    fake_plugin p;
    double best = HUGE_VAL;
    start(&p, space, seed, 1, 0, settings);
    for (uint64_t k = 0; k < trials; k += lag) {
        for (uint64_t j = 0; j < lag; j++)
            ask(&p, space, k + j, x[j]);
        for (uint64_t j = lag; j-- > 0;) {
            hone_rng noise = hone_rng_at(seed + 1000, k + j);
            const double y = f(x[j], &noise);
            best = y < best ? y : best;
            say(&p, k + j, x[j], HONE_COMPLETE, y);
        }
    }
    fake_plugin_release(&p);
    return best;
}

/* ---- hyperopt's domains, tests/unit/test_domains.py and the thresholds of test_tpe.py ---- */

static double quadratic1(const double *x, hone_rng *rng)
{
    (void)rng;
    return (x[0] - 3) * (x[0] - 3);
}

static double q1_choice(const double *x, hone_rng *rng) /* a branch each: x[1] where x[0] is 0, x[2] where it is 1 */
{
    (void)rng;
    return x[0] > 0 ? (x[2] - 3) * (x[2] - 3) : (x[1] + 3) * (x[1] + 3);
}

static double q1_lognormal(const double *x, hone_rng *rng)
{
    const double y = 0.1 * (x[0] - 10) * (x[0] - 10);
    (void)rng;
    return y < 10 ? y : 10;
}

static double n_arms(const double *x, hone_rng *rng)
{
    return (x[0] > 0 ? 0 : -1) + hone_rng_normal(rng);
}

static double distractor(const double *x, hone_rng *rng)
{
    (void)rng;
    return -1 / (1 + exp(-x[0])) - 2 * exp(-(x[0] + 10) * (x[0] + 10));
}

static double gauss_wave(const double *x, hone_rng *rng)
{
    const double t = x[0] + (x[1] > 0 ? 3.14159265358979323846 : 0);
    (void)rng;
    return -(sin(t) + 2 * exp(-(t / 5) * (t / 5)));
}

static double gauss_wave2(const double *x, hone_rng *rng)
{
    const double t = 0.1 * hone_rng_normal(rng) + 2 * exp(-(x[0] / 5) * (x[0] / 5));
    return -(x[1] > 0 ? t + sin(x[0]) * x[2] : t);
}

static double many_dists(const double *x, hone_rng *rng)
{
    double z = 0;
    (void)rng;
    for (int i = 0; i < 13; i++)
        z += x[i];
    return log(1e-12 + z * z);
}

static double branin(const double *x, hone_rng *rng)
{
    const double pi = 3.14159265358979323846, q = x[1] - 5.1 * x[0] * x[0] / (4 * pi * pi) + 5 * x[0] / pi - 6;
    (void)rng;
    return q * q + 10 * (1 - 1 / (8 * pi)) * cos(x[0]) + 10;
}

static const double zero[] = { 0 }, one[] = { 1 }, nine_to_one[] = { 0.1, 0.9 };
static const hone_condition if_zero = { sizeof if_zero, 0, HONE_EQ, 1, zero },
                            if_one = { sizeof if_one, 0, HONE_EQ, 1, one };
static const hone_condition if_wave = { sizeof if_wave, 1, HONE_EQ, 1, one };
static const hone_condition *const zero_list[] = { &if_zero }, *const one_list[] = { &if_one },
                                   *const wave_list[] = { &if_wave };

#define FAKE_STEPPED_NORMAL(key, lo, hi, step, mean, deviation, flags)                                                 \
    {                                                                                                                  \
        sizeof(hone_dim), HONE_DIM_REAL, HONE_DIM_NORMAL | (flags), 0, key, lo, hi, step, mean, deviation, NULL, NULL, \
            NULL, 0, 0, NULL                                                                                           \
    }

static void test_hyperopts_domains(void)
{
    hone_dim quadratic[] = { FAKE_REAL("x", -5, 5, 0) };
    hone_dim choice[] = { FAKE_CHOICE("p", 2, NULL), FAKE_REAL("a", -5, 5, 0), FAKE_REAL("b", -5, 5, 0) };
    hone_dim lognormal[] = { FAKE_NORMAL("x", 0, HUGE_VAL, 0, 2, HONE_DIM_LOG) };
    hone_dim arms[] = { FAKE_CHOICE("x", 2, NULL) };
    hone_dim wide[] = { FAKE_REAL("x", -15, 15, 0) };
    hone_dim wave[] = { FAKE_REAL("x", -20, 20, 0), FAKE_CHOICE("curve", 2, NULL) };
    hone_dim wave2[] = { FAKE_REAL("x", -20, 20, 0), FAKE_CHOICE("hf", 2, NULL), FAKE_REAL("amp", 0, 1, 0) };
    hone_dim many[] = { FAKE_CHOICE("a", 3, NULL),
                        FAKE_INT("b", 0, 9, 1, 0),
                        FAKE_INT("bb", 12, 24, 1, 0),
                        FAKE_REAL("c", 4, 7, 0),
                        FAKE_REAL("d", 0.1353352832366127, 1, HONE_DIM_LOG),
                        FAKE_STEP("e", 0, 9, 3, 0),
                        FAKE_STEP("f", 2, 20, 2, HONE_DIM_LOG),
                        FAKE_NORMAL("g", -HUGE_VAL, HUGE_VAL, 4, 7, 0),
                        FAKE_NORMAL("h", 0, HUGE_VAL, -2, 2, HONE_DIM_LOG),
                        FAKE_STEPPED_NORMAL("i", -HUGE_VAL, HUGE_VAL, 2, 0, 10, 0),
                        FAKE_STEPPED_NORMAL("j", 0, HUGE_VAL, 1, 0, 2, HONE_DIM_LOG),
                        FAKE_CHOICE("k", 2, nine_to_one),
                        FAKE_ORDINAL("l", 4, NULL) };
    hone_dim plane[] = { FAKE_REAL("x", -5, 10, 0), FAKE_REAL("y", 0, 15, 0) };
    const struct {
        const char *name;
        problem f;
        const hone_dim *dims;
        uint32_t n_dims;
        double target;
        uint64_t trials;
    } domains[] = {
        { "quadratic1", quadratic1, quadratic, 1, 1e-5, 1000 },
        { "q1_choice", q1_choice, choice, 3, 1e-3, 100 },
        { "q1_lognormal", q1_lognormal, lognormal, 1, 0.01, 250 },
        { "n_arms", n_arms, arms, 1, -2.5, 50 },
        { "distractor", distractor, wide, 1, -1.96, 100 },
        { "gauss_wave", gauss_wave, wave, 2, -2.0, 50 },
        { "gauss_wave2", gauss_wave2, wave2, 3, -2.0, 75 },
        { "many_dists", many_dists, many, 13, 5e-4, 200 },
        { "branin", branin, plane, 2, 0.7, 200 },
    };
    choice[1].n_conditions = choice[2].n_conditions = wave2[2].n_conditions = 1;
    choice[1].conditions = zero_list;
    choice[2].conditions = one_list;
    wave2[2].conditions = wave_list;
    for (size_t k = 0; k < sizeof domains / sizeof *domains; k++) {
        const char *const settings[] = { NULL, "multivariate=no", "mode=optuna", "group=no\nmode=optuna" };
        fake_space f;
        const hone_space *space = fake_space_init(&f, domains[k].dims, domains[k].n_dims, NULL, 0);
        if (!strcmp(domains[k].name, "n_arms")) { /* two points: asked twice, they would be spent */
            fake_plugin p;
            double x[1];
            start(&p, space, 1, 1, 0, NULL);
            for (uint64_t t = 0; t < 2; t++) {
                ask(&p, space, t, x);
                say(&p, t, x, HONE_COMPLETE, 1);
            }
            CU_ASSERT_EQUAL(iface()->ask(p.self, 2, x, &p.err), HONE_DONE);
            fake_plugin_release(&p);
            continue;
        }
        for (size_t s = 0; s < 4; s++) {
            /* distractor deceives any model that did not start near its narrow minimum; hyperopt tests one seed */
            const unsigned least = !strcmp(domains[k].name, "distractor") ? 1 : s ? 3 : 4;
            unsigned reached = 0;
            for (uint64_t seed = 1; seed <= 5; seed++)
                reached += best_of(space, domains[k].f, seed, domains[k].trials, 1, settings[s]) < domains[k].target;
            if (reached < least)
                printf("# %s %s: %u of 5\n", domains[k].name, settings[s] ? settings[s] : "", reached);
            CU_ASSERT(reached >= least);
        }
    }
}

/* ---- mixed spaces ---- */

static const hone_condition momentum_if = { sizeof momentum_if, 0, HONE_EQ, 1, zero };
static const hone_condition *const momentum_list[] = { &momentum_if };

static const hone_space *mixed(fake_space *f, hone_dim *d)
{
    static const hone_relation relation = { sizeof relation, HONE_LE, 4, 3, 0 }; /* layers <= width */
    const hone_dim dims[] = { FAKE_CHOICE("optimizer", 3, NULL),
                              FAKE_REAL("momentum", 0.5, 0.99, 0),
                              FAKE_REAL("rate", 1e-5, 1, HONE_DIM_LOG),
                              FAKE_INT("width", 4, 128, 4, HONE_DIM_LOG),
                              FAKE_INT("layers", 1, 20, 1, 0),
                              FAKE_ORDINAL("batch", 5, NULL),
                              FAKE_NORMAL("bias", -HUGE_VAL, HUGE_VAL, 0, 1, 0),
                              FAKE_REAL("fixed", 7, 7, 0) };
    memcpy(d, dims, sizeof dims);
    d[1].n_conditions = 1;
    d[1].conditions = momentum_list;
    return fake_space_init(f, d, 8, &relation, 1);
}

/* lowest, 0, at optimizer 0, momentum 0.9, rate 1e-2, width 64, layers 6, batch 3, bias 0.5 */
static double mixed_value(const double *x, hone_rng *rng)
{
    const double momentum = x[0] > 0 ? 1 : 4 * fabs(x[1] - 0.9);
    (void)rng;
    return x[0] + momentum + fabs(log10(x[2]) + 2) + fabs(log(x[3] / 64)) + fabs(x[4] - 6) / 4 + fabs(x[5] - 3) / 2 +
           fabs(x[6] - 0.5) / 2;
}

static void test_mixed_spaces_with_conditions_and_relations(void)
{
    fake_space f;
    hone_dim d[8];
    const hone_space *space = mixed(&f, d);
    const char *const settings[] = { NULL, "multivariate=no", "group=no", "mode=optuna", "max_others=40" };
    const double limits[] = { 0.8, 1.5, 0.8, 1.5, 0.8 };
    for (int s = 0; s < 5; s++) {
        double mean = 0;
        for (uint64_t seed = 1; seed <= 8; seed++)
            mean += best_of(space, mixed_value, seed, 200, 1, settings[s]) / 8;
        CU_ASSERT(mean < limits[s]); /* random search: 2.1 */
        if (!(mean < limits[s]))
            printf("# %s: %g\n", settings[s] ? settings[s] : "default", mean);
    }
}

static double mean_distance(uint64_t seed, const char *settings)
{
    const hone_dim plane[] = { FAKE_REAL("x", -5, 10, 0), FAKE_REAL("y", 0, 15, 0) };
    fake_space f;
    const hone_space *space = fake_space_init(&f, plane, 2, NULL, 0);
    fake_plugin p;
    double x[40][2], sum = 0;
    start(&p, space, seed, 1, 0, settings);
    for (uint64_t k = 0; k < 60; k++) {
        hone_rng none = hone_rng_at(0, 0);
        ask(&p, space, k, x[0]);
        say(&p, k, x[0], HONE_COMPLETE, branin(x[0], &none));
    }
    for (uint64_t k = 0; k < 20; k++)
        ask(&p, space, 60 + k, x[k]);
    for (int i = 0; i < 20; i++)
        for (int k = 0; k < i; k++)
            sum += hypot(x[i][0] - x[k][0], x[i][1] - x[k][1]) / 190;
    fake_plugin_release(&p);
    return sum;
}

static void test_twenty_running_trials_keep_apart(void)
{
    fake_space f;
    hone_dim d[8];
    const hone_space *space = mixed(&f, d);
    double mean = 0, with = 0, without = 0;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        mean += best_of(space, mixed_value, seed, 400, 20, NULL) / 8;
        with += mean_distance(seed, NULL) / 8;
        without += mean_distance(seed, "constant_liar=no") / 8;
    }
    CU_ASSERT(mean < 0.9);
    CU_ASSERT(with > without);
}

static void test_constraints_are_kept_to(void)
{
    const hone_dim plane[] = { FAKE_REAL("x", 0, 1, 0), FAKE_REAL("y", 0, 1, 0) };
    fake_space f;
    const hone_space *space = fake_space_init(&f, plane, 2, NULL, 0);
    unsigned satisfied = 0;
    double best = 0;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        fake_plugin p;
        double x[2], here = HUGE_VAL;
        start(&p, space, seed, 1, 1, NULL);
        for (uint64_t k = 0; k < 100; k++) { /* lowest, 1.1, on the line x + y = 1.1; below it is forbidden: 60 % */
            double value, violation;
            ask(&p, space, k, x);
            value = x[0] + x[1];
            violation = 1.1 - value;
            const hone_outcome o = { sizeof o, HONE_COMPLETE, k, x, &value, &violation, 1, 1, 0 };
            CU_ASSERT_EQUAL(iface()->tell(p.self, &o, &p.err), HONE_OK);
            satisfied += k >= 50 && violation <= 0;
            here = violation <= 0 && value < here ? value : here;
        }
        best += here / 5;
        fake_plugin_release(&p);
    }
    CU_ASSERT(satisfied > 100); /* of 250; chance: 100 less a deviation of 8 */
    CU_ASSERT(best < 1.12);
}

/* ---- several objectives ---- */

static double zdt1_volume(uint64_t seed, uint32_t n, const char *settings)
{
    enum { DIMS = 10, MOST = 300 };
    static double values[MOST][2];
    const double reference[2] = { 11, 11 };
    hone_dim dims[DIMS];
    fake_space f;
    fake_plugin p;
    double volume = 0, x[DIMS];
    hone_error err = HONE_ERROR_INIT;
    for (int i = 0; i < DIMS; i++)
        dims[i] = (hone_dim)FAKE_REAL("x", 0, 1, 0);
    const hone_space *space = fake_space_init(&f, dims, DIMS, NULL, 0);
    if (settings)
        start(&p, space, seed, 2, 0, settings);
    for (uint32_t k = 0; k < n; k++) {
        hone_rng rng = hone_rng_at(seed, k);
        double sum = 0;
        if (settings)
            ask(&p, space, k, x);
        else
            hone_space_draw(space, &rng, x);
        for (int i = 1; i < DIMS; i++)
            sum += x[i] / (DIMS - 1);
        values[k][0] = x[0];
        values[k][1] = (1 + 9 * sum) * (1 - sqrt(x[0] / (1 + 9 * sum)));
        if (settings) {
            const hone_outcome o = { sizeof o, HONE_COMPLETE, k, x, values[k], NULL, 2, 0, 0 };
            CU_ASSERT_EQUAL(iface()->tell(p.self, &o, &p.err), HONE_OK);
        }
    }
    if (settings)
        fake_plugin_release(&p);
    CU_ASSERT_EQUAL(hone_hypervolume(values[0], n, 2, reference, &volume, &err), HONE_OK);
    return volume;
}

static void test_zdt1_beats_random(void)
{
    double random = 0, tuned = 0, joint = 0, optuna = 0;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        random += zdt1_volume(seed, 200, NULL) / 5;
        tuned += zdt1_volume(seed, 200, "mode=tuned") / 5;
        joint += zdt1_volume(seed, 200, "multivariate=yes") / 5;
        optuna += zdt1_volume(seed, 200, "mode=optuna") / 5;
    }
    printf("# ZDT1: random %.2f tuned %.2f joint %.2f optuna %.2f, front 120.67\n", random, tuned, joint, optuna);
    CU_ASSERT(tuned > random + 5 && joint > random + 5 && optuna > random + 5);
    CU_ASSERT(tuned >= optuna);
}

static void test_subset_is_that_of_trying_all(void)
{
    hone_rng rng = hone_rng_at(4, 0);
    hone_error err = HONE_ERROR_INIT;
    for (uint32_t m = 2; m <= 4; m++)
        for (int round = 0; round < 20; round++) {
            double values[12 * 4], reference[4], set[12 * 4];
            uint64_t chosen[12], taken = 0;
            for (uint32_t i = 0; i < 12 * m; i++)
                values[i] = hone_rng_uniform(&rng) - 0.3;
            hypervolume_reference(values, 12, m, reference);
            CU_ASSERT_EQUAL(hypervolume_subset(values, 12, m, 5, chosen, &err), HONE_OK);
            for (uint64_t c = 0; c < 5; c++) { /* each choice is the best next one */
                double best = -1, own = -2;
                for (uint64_t i = 0; i < 12; i++) {
                    double volume = 0;
                    memcpy(set + c * m, values + i * m, m * sizeof *set);
                    hone_hypervolume(set, c + 1, m, reference, &volume, &err);
                    best = volume > best ? volume : best;
                    own = i == chosen[c] ? volume : own;
                }
                CU_ASSERT_DOUBLE_EQUAL(own, best, 1e-12);
                CU_ASSERT_EQUAL(taken >> chosen[c] & 1, 0);
                taken |= (uint64_t)1 << chosen[c];
                memcpy(set + c * m, values + chosen[c] * m, m * sizeof *set);
            }
        }
}

/* ---- finite spaces, useless outcomes ---- */

static void test_finite_spaces_are_spent(void)
{
    static const hone_relation relation = { sizeof relation, HONE_LT, 1, 2, 0 };
    const char *const settings[] = { NULL, "multivariate=no", "mode=optuna" };
    for (int s = 0; s < 3; s++) {
        hone_dim dims[] = { FAKE_CHOICE("c", 4, NULL), FAKE_INT("a", 1, 9, 2, 0), FAKE_STEP("b", 0, 10, 2.5, 0) };
        fake_space f;
        fake_plugin p;
        uint32_t seen[4][10][11] = { { { 0 } } }, n = 0;
        double x[3];
        dims[2].n_conditions = 1;
        dims[2].conditions = momentum_list; /* b where c = 0 */
        start(&p, fake_space_init(&f, dims, 3, &relation, 1), 3, 1, 0, settings[s]);
        for (; n < 100 && iface()->ask(p.self, n, x, &p.err) == HONE_OK; n++) {
            uint32_t *cell = &seen[(int)x[0]][(int)x[1]][isnan(x[2]) ? 0 : (int)x[2]];
            CU_ASSERT_PTR_NULL(fake_space_fault(&f.space, x));
            CU_ASSERT_EQUAL(*cell, 0);
            *cell = 1;
            say(&p, n, x, HONE_COMPLETE, x[0] + x[1]);
        }
        CU_ASSERT_EQUAL(n, 12 + 3 * 5);
        CU_ASSERT_EQUAL(iface()->ask(p.self, n, x, &p.err), HONE_DONE);
        fake_plugin_release(&p);
    }
}

static void test_good_points_of_a_finite_space_come_early(void)
{
    const hone_dim dims[] = { FAKE_INT("a", 0, 19, 1, 0), FAKE_INT("b", 0, 19, 1, 0) };
    fake_space f;
    const hone_space *space = fake_space_init(&f, dims, 2, NULL, 0);
    double mean = 0;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        fake_plugin p;
        double x[2];
        start(&p, space, seed, 1, 0, NULL);
        for (uint64_t k = 0; k < 120; k++) { /* a disc of 13 points around (13, 4) */
            ask(&p, space, k, x);
            const double y = hypot(x[0] - 13, x[1] - 4);
            mean += (y <= 2) / 8.0;
            say(&p, k, x, HONE_COMPLETE, y);
        }
        fake_plugin_release(&p);
    }
    CU_ASSERT(mean > 11); /* random: 3.9 */
}

static void test_useless_outcomes_do_no_harm(void)
{
    static const double values[] = { (double)NAN, HUGE_VAL, -HUGE_VAL, 5, 1e308, -1e308 };
    const char *const settings[] = { NULL, "mode=optuna" };
    fake_space f;
    hone_dim d[8];
    const hone_space *space = mixed(&f, d);
    for (int s = 0; s < 2; s++)
        for (int kind = 0; kind < 8; kind++) {
            fake_plugin p;
            double x[8];
            start(&p, space, 4, 1, 0, settings[s]);
            for (uint64_t k = 0; k < 80; k++) {
                ask(&p, space, k, x);
                say(&p, k, x, kind == 7 ? (uint32_t)(k % 3) : HONE_COMPLETE, values[kind < 6 ? kind : (int)(k % 6)]);
            }
            fake_plugin_release(&p);
        }
}

/* Points told that nobody asked for, trial numbers told twice, and points asked for again. */
static void test_any_order_of_calls_is_survived(void)
{
    fake_space f;
    hone_dim d[8];
    const hone_space *space = mixed(&f, d);
    fake_plugin p;
    hone_rng rng = hone_rng_at(2, 0), none = rng;
    double x[8], asked[8];
    start(&p, space, 4, 1, 0, "max_others=60");
    for (uint64_t k = 0; k < 600; k++) {
        const uint64_t trial = hone_rng_below(&rng, 3) ? k : hone_rng_below(&rng, k + 1);
        ask(&p, space, trial, asked);
        if (hone_rng_below(&rng, 2)) {
            do
                hone_space_draw(space, &rng, x);
            while (!hone_space_allowed(space, x));
            say(&p, hone_rng_below(&rng, k + 1), x, (uint32_t)hone_rng_below(&rng, 3), mixed_value(x, &none));
        }
        if (hone_rng_below(&rng, 2))
            say(&p, trial, asked, (uint32_t)hone_rng_below(&rng, 3), mixed_value(asked, &none));
    }
    CU_ASSERT(((struct tpe *)p.self)->groups[0].other.n <= 60);
    fake_plugin_release(&p);
}

/* ---- states ---- */

static void run(fake_plugin *p, const hone_space *space, uint64_t from, uint64_t to, uint32_t n_values, double *last)
{
    hone_rng none = hone_rng_at(0, 0);
    for (uint64_t k = from; k < to; k++) {
        double x[8], values[2];
        ask(p, space, k, x);
        memcpy(last, x, sizeof x);
        if (k % 9 == 4)
            continue; /* goes on running */
        values[0] = mixed_value(x, &none);
        values[1] = x[4];
        const hone_outcome o = { sizeof o, k % 11 == 5 ? HONE_FAILED : k % 7 == 3 ? HONE_PRUNED : HONE_COMPLETE,
                                 k,        x,
                                 values,   NULL,
                                 n_values, 0,
                                 3 };
        CU_ASSERT_EQUAL(iface()->tell(p->self, &o, &p->err), HONE_OK);
    }
}

static void test_a_saved_state_goes_on_as_if_nothing_had_been(void)
{
    static fake_bytes bytes, again;
    const char *const settings[] = { NULL, "mode=optuna", "multivariate=no\nmax_others=50", "constant_liar=no" };
    for (uint32_t variant = 0; variant < 8; variant++) {
        const uint32_t n_values = 1 + variant / 4;
        const uint64_t cut = 20 + 23 * (uint64_t)variant;
        const hone_ostream out = { &bytes, fake_write_ }, out_again = { &again, fake_write_ };
        const hone_istream in = { &bytes, fake_read_ };
        const hone_search_info info = { sizeof info, n_values, 0, 0, 0, 0 };
        fake_space f;
        hone_dim d[8];
        const hone_space *space = mixed(&f, d);
        fake_plugin a, b, whole;
        double x[8], y[8], z[8];
        bytes.n = bytes.at = again.n = 0;
        start(&a, space, 8, n_values, 0, settings[variant % 4]);
        run(&a, space, 0, cut, n_values, x);
        CU_ASSERT_EQUAL(component()->save(a.self, &out, &a.err), HONE_OK);
        CU_ASSERT_EQUAL(component()->save(a.self, &out_again, &a.err), HONE_OK);
        CU_ASSERT(bytes.n == again.n && !memcmp(bytes.bytes, again.bytes, bytes.n));
        if (variant % 2) { /* a host may load before it opens, or after */
            CU_ASSERT_EQUAL(fake_plugin_init(&b, component(), 8, settings[variant % 4]), HONE_OK);
            CU_ASSERT_EQUAL(component()->load(b.self, &in, &b.err), HONE_OK);
            CU_ASSERT_EQUAL(iface()->open(b.self, space, &info, &b.err), HONE_OK);
        } else {
            start(&b, space, 8, n_values, 0, settings[variant % 4]);
            CU_ASSERT_EQUAL(component()->load(b.self, &in, &b.err), HONE_OK);
        }
        start(&whole, space, 8, n_values, 0, settings[variant % 4]);
        run(&whole, space, 0, cut, n_values, z);
        for (uint64_t k = cut; k < cut + 60; k++) {
            run(&a, space, k, k + 1, n_values, x);
            run(&b, space, k, k + 1, n_values, y);
            run(&whole, space, k, k + 1, n_values, z);
            CU_ASSERT_EQUAL(memcmp(x, y, sizeof x), 0);
            CU_ASSERT_EQUAL(memcmp(x, z, sizeof x), 0);
        }
        fake_plugin_release(&a);
        fake_plugin_release(&b);
        fake_plugin_release(&whole);
    }
}

static void test_damaged_states_are_refused(void)
{
    static fake_bytes good, bad;
    const hone_ostream out = { &good, fake_write_ };
    const hone_istream in = { &bad, fake_read_ };
    const hone_dim plane[] = { FAKE_REAL("x", -5, 10, 0), FAKE_REAL("y", 0, 15, 0) };
    fake_space f, g;
    hone_dim d[8];
    const hone_space *space = mixed(&f, d);
    fake_plugin p, other;
    hone_rng rng = hone_rng_at(1, 1);
    double x[8], y[8];
    unsigned refused = 0;
    start(&p, space, 1, 1, 0, NULL);
    run(&p, space, 0, 40, 1, x);
    good.n = 0;
    CU_ASSERT_EQUAL(component()->save(p.self, &out, &p.err), HONE_OK);
    for (size_t n = 0; n < good.n; n += 3) { /* cut anywhere */
        bad = good;
        bad.n = n;
        bad.at = 0;
        CU_ASSERT_EQUAL(component()->load(p.self, &in, &p.err), HONE_EINVAL);
    }
    bad = good;
    bad.bytes[bad.n++] = 0;
    CU_ASSERT_EQUAL(component()->load(p.self, &in, &p.err), HONE_EINVAL);
    for (int i = 0; i < 1500; i++) { /* random damage is refused, or harmless */
        bad = good;
        for (int k = 0; k < 2; k++)
            bad.bytes[hone_rng_below(&rng, bad.n)] = (unsigned char)hone_rng_u32(&rng);
        start(&other, space, 1, 1, 0, NULL);
        if (component()->load(other.self, &in, &other.err) == HONE_OK)
            run(&other, space, 1000, 1003, 1, x);
        else
            refused++;
        fake_plugin_release(&other);
    }
    CU_ASSERT(refused > 500);
    bad = good;
    start(&other, fake_space_init(&g, plane, 2, NULL, 0), 1, 1, 0, NULL);
    CU_ASSERT_EQUAL(component()->load(other.self, &in, &other.err), HONE_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(other.err.msg, "another space"));
    fake_plugin_release(&other);
    bad.at = 0; /* other settings: learned anew */
    start(&other, space, 1, 1, 0, "mode=optuna\nmultivariate=no");
    CU_ASSERT_EQUAL(component()->load(other.self, &in, &other.err), HONE_OK);
    run(&other, space, 40, 50, 1, y);
    fake_plugin_release(&other);
    bad.at = 0; /* refusals left the state as it was */
    start(&other, space, 1, 1, 0, NULL);
    CU_ASSERT_EQUAL(component()->load(other.self, &in, &other.err), HONE_OK);
    ask(&p, space, 50, x);
    ask(&other, space, 50, y);
    CU_ASSERT_EQUAL(memcmp(x, y, sizeof x), 0);
    fake_plugin_release(&other);
    fake_plugin_release(&p);
}

SUITE(TEST(test_hyperopts_domains), TEST(test_mixed_spaces_with_conditions_and_relations),
      TEST(test_twenty_running_trials_keep_apart), TEST(test_constraints_are_kept_to), TEST(test_zdt1_beats_random),
      TEST(test_subset_is_that_of_trying_all), TEST(test_finite_spaces_are_spent),
      TEST(test_good_points_of_a_finite_space_come_early), TEST(test_useless_outcomes_do_no_harm),
      TEST(test_any_order_of_calls_is_survived), TEST(test_a_saved_state_goes_on_as_if_nothing_had_been),
      TEST(test_damaged_states_are_refused))
