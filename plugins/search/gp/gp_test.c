/* SPDX-License-Identifier: MIT */
/* Tests of search/gp as a search: it finds minima (fixed seeds) of smooth, mixed, conditional and constrained problems,
 * alone and with running trials, keeps to the space, hears every kind of outcome, and goes on identically from a saved
 * state. */
#include "gp.h"

#include "hone/pareto.h"
#include "numeric_case.h"

static const hone_search_v1 *iface(void)
{
    return (const hone_search_v1 *)fake_component(HONE_KIND_SEARCH, "gp")->iface;
}

static hone_rc start(fake_plugin *p, const hone_space *space, uint64_t seed, uint32_t n_values, uint32_t n_constraints,
                     const char *settings)
{
    const hone_search_info info = { sizeof info, n_values, n_constraints, 0, 100, 0, NULL };
    const hone_rc rc = fake_plugin_init(p, fake_component(HONE_KIND_SEARCH, "gp"), seed, settings);
    return rc < 0 ? rc : iface()->open(p->self, space, &info, &p->err);
}

static void say(fake_plugin *p, uint64_t trial, const double *x, uint32_t status, double value)
{
    const hone_outcome o = { sizeof o, status, trial, x, &value, NULL, 1, 0, 0, NULL, 0, NULL };
    CU_ASSERT_EQUAL(iface()->tell(p->self, &o, &p->err), HONE_OK);
}

static const hone_dim plane[] = { FAKE_REAL("x1", -5, 10, 0), FAKE_REAL("x2", 0, 15, 0) };

static double best_of(const hone_space *space, double (*f)(const double *), uint64_t seed, uint64_t trials,
                      uint64_t lag, const char *settings)
{
    const search_case c = { "gp", settings, 1, 0, 100 };
    return search_best_on(&c, space, f, seed, trials, lag);
}

static void test_branin(void)
{
    fake_space f;
    const hone_space *space = fake_space_init(&f, plane, 2, NULL, 0);
    unsigned plain = 0, bare = 0, four = 0, believer = 0;
    for (uint64_t seed = 1; seed <= 5; seed++) { /* thresholds are wide: BLAS rounds otherwise on other CPUs */
        plain += best_of(space, numeric_branin, seed, 50, 1, NULL) < 0.397888 + 1e-2;
        bare += best_of(space, numeric_branin, seed, 40, 1, "input_warping=no\noutput_transform=none\nnoise=1e-6") <
                0.397888 + 5e-3;
        four += best_of(space, numeric_branin, seed, 60, 4, NULL) < 0.397888 + 1e-2;
        believer += best_of(space, numeric_branin, seed, 60, 4, "fantasies=1") < 0.397888 + 1e-2;
    }
    CU_ASSERT(plain >= 4);
    CU_ASSERT(bare >= 4);
    CU_ASSERT(four >= 4);
    CU_ASSERT(believer >= 4);
}

static void test_hartmann6(void)
{
    fake_space f;
    hone_dim dims[6];
    double best[5];
    unsigned good = 0;
    for (int i = 0; i < 6; i++)
        dims[i] = (hone_dim)FAKE_REAL("x", 0, 1, 0);
    const hone_space *space = fake_space_init(&f, dims, 6, NULL, 0);
    for (uint64_t seed = 1; seed <= 5; seed++) {
        best[seed - 1] = best_of(space, numeric_hartmann6, seed, 70, 1, NULL);
        good += best[seed - 1] < -3.19; /* one of the two lowest basins, at -3.20 and -3.32 */
    }
    CU_ASSERT(good >= 3);
}

/* ---- mixed, conditional ---- */

static const double of_second[] = { 1 };
static const hone_condition if_one = { sizeof if_one, 0, HONE_EQ, 1, of_second };
static const hone_condition *const when_one[] = { &if_one };
static const double powers[] = { 16, 32, 64, 128, 256 };
static const hone_dim mixed[] = {
    FAKE_CHOICE("kind", 4, NULL),
    FAKE_INT("depth", 1, 12, 1, 0),
    FAKE_REAL("rate", 1e-5, 1, HONE_DIM_LOG),
    FAKE_ORDINAL("width", 5, powers),
    { .size = sizeof(hone_dim),
      .type = HONE_DIM_REAL,
      .key = "momentum",
      .min = 0,
      .max = 1,
      .n_conditions = 1,
      .conditions = when_one },
};

/* Least 0 at kind 1, depth 7, rate 1e-2, width 64, momentum 0.8. */
static double mixed_value(const double *x)
{
    static const double offset[4] = { 1.5, 0, 2, 0.7 };
    const double kind = offset[(int)x[0]], depth = (x[1] - 7) / 4, rate = log10(x[2]) + 2, width = (x[3] - 2) / 2;
    const double momentum = isnan(x[4]) ? 0 : 3 * (x[4] - 0.8);
    return kind + depth * depth + rate * rate + width * width + momentum * momentum;
}

static void test_mixed_and_conditional(void)
{
    fake_space f;
    const hone_space *space = fake_space_init(&f, mixed, 5, NULL, 0);
    unsigned good = 0, parallel = 0;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        good += best_of(space, mixed_value, seed, 50, 1, NULL) < 0.02;
        parallel += best_of(space, mixed_value, seed, 60, 5, NULL) < 0.05;
    }
    CU_ASSERT(good >= 4);
    CU_ASSERT(parallel >= 4);
}

/* A relation that the minimum would hurt: the best lies on its border. */
static double below(const double *x)
{
    return (x[0] - 0.9) * (x[0] - 0.9) + (x[1] - 0.2) * (x[1] - 0.2);
}

static void test_relations(void)
{
    static const hone_dim dims[] = { FAKE_REAL("low", 0, 1, 0), FAKE_REAL("high", 0, 1, 0) };
    static const hone_relation low_below_high = { sizeof low_below_high, HONE_LT, 0, 1, 0 };
    fake_space f;
    const hone_space *space = fake_space_init(&f, dims, 2, &low_below_high, 1);
    for (uint64_t seed = 1; seed <= 3; seed++)
        CU_ASSERT(best_of(space, below, seed, 35, 1, NULL) < 0.245 + 0.01); /* at (0.55, 0.55) */
}

static void test_spends_a_finite_space(void)
{
    static const hone_dim dims[] = { FAKE_INT("a", 1, 5, 1, 0), FAKE_CHOICE("b", 3, NULL), FAKE_INT("c", 2, 2, 1, 0) };
    fake_space f;
    fake_plugin p;
    const hone_space *space = fake_space_init(&f, dims, 3, NULL, 0);
    int seen[16] = { 0 };
    double x[3];
    CU_ASSERT_EQUAL(start(&p, space, 3, 1, 0, NULL), HONE_OK);
    for (uint64_t k = 0; k < 15; k++) {
        CU_ASSERT_EQUAL(iface()->ask(p.self, k, x, &p.err), HONE_OK);
        seen[hone_space_index(space, x)]++;
        if (k % 3) /* every third one is never heard of */
            say(&p, k, x, HONE_COMPLETE, x[0] + x[1]);
    }
    for (int i = 0; i < 15; i++)
        CU_ASSERT_EQUAL(seen[i], 1);
    CU_ASSERT_EQUAL(iface()->ask(p.self, 15, x, &p.err), HONE_DONE);
    fake_plugin_release(&p);
}

/* ---- outcomes of every kind ---- */

/* Two of the three minima lie where every trial fails. The search must learn to keep out, and find the third. */
static void test_keeps_away_from_failures(void)
{
    fake_space f;
    const hone_space *space = fake_space_init(&f, plane, 2, NULL, 0);
    unsigned failed = 0;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        fake_plugin p;
        double x[2], best = HUGE_VAL;
        CU_ASSERT_EQUAL(start(&p, space, seed, 1, 0, NULL), HONE_OK);
        for (uint64_t k = 0; k < 50; k++) {
            CU_ASSERT_EQUAL(iface()->ask(p.self, k, x, &p.err), HONE_OK);
            if (x[0] > 1) {
                failed += k >= 20;
                say(&p, k, x, k % 2 ? HONE_FAILED : HONE_COMPLETE, k % 4 ? (double)NAN : HUGE_VAL);
            } else {
                best = fmin(best, numeric_branin(x));
                say(&p, k, x, HONE_COMPLETE, numeric_branin(x));
            }
        }
        CU_ASSERT(best < 0.41);
        fake_plugin_release(&p);
    }
    CU_ASSERT(failed <= 22); /* of 90; a random search would have 54 */
}

/* Nothing but failures, huge values, equal values, pruned ones: a proposal all the same. */
static void test_survives_strange_outcomes(void)
{
    fake_space f;
    const hone_space *space = fake_space_init(&f, mixed, 5, NULL, 0);
    for (int kind = 0; kind < 5; kind++) {
        fake_plugin p;
        double x[5];
        CU_ASSERT_EQUAL(start(&p, space, 4, 1, 0, "startup=4"), HONE_OK);
        for (uint64_t k = 0; k < 25; k++) {
            CU_ASSERT_EQUAL(iface()->ask(p.self, k, x, &p.err), HONE_OK);
            CU_ASSERT_PTR_NULL(fake_space_fault(space, x));
            say(&p, k, x,
                kind == 0   ? HONE_FAILED
                : kind == 4 ? HONE_PRUNED
                            : HONE_COMPLETE,
                kind == 0   ? (double)NAN
                : kind == 1 ? (k % 2 ? 1.7e308 : -1.7e308)
                : kind == 2 ? 3
                : kind == 3 ? exp(40 * (double)k)
                            : mixed_value(x));
        }
        fake_plugin_release(&p);
    }
}

/* A pruned value is no improvement, however low: told that the left half is pruned at -1000, it does not settle there. */
static void test_pruned_is_not_best(void)
{
    static const hone_dim dims[] = { FAKE_REAL("x", 0, 1, 0) };
    fake_space f;
    fake_plugin p;
    const hone_space *space = fake_space_init(&f, dims, 1, NULL, 0);
    double x, best = HUGE_VAL;
    CU_ASSERT_EQUAL(start(&p, space, 5, 1, 0, NULL), HONE_OK);
    for (uint64_t k = 0; k < 30; k++) {
        CU_ASSERT_EQUAL(iface()->ask(p.self, k, &x, &p.err), HONE_OK);
        if (x < 0.5)
            say(&p, k, &x, HONE_PRUNED, -1000);
        else {
            best = fmin(best, fabs(x - 0.8));
            say(&p, k, &x, HONE_COMPLETE, fabs(x - 0.8));
        }
    }
    CU_ASSERT(best < 0.01);
    fake_plugin_release(&p);
}

/* Gardner et al. 2014, first problem's kind: the free minimum is not feasible. */
static void test_constraints(void)
{
    static const hone_dim dims[] = { FAKE_REAL("x", 0, 6, 0), FAKE_REAL("y", 0, 6, 0) };
    fake_space f;
    const hone_space *space = fake_space_init(&f, dims, 2, NULL, 0);
    for (uint64_t seed = 1; seed <= 3; seed++) {
        fake_plugin p;
        double x[2], best = HUGE_VAL;
        unsigned feasible = 0;
        CU_ASSERT_EQUAL(start(&p, space, seed, 1, 2, NULL), HONE_OK);
        for (uint64_t k = 0; k < 45; k++) { /* least x + y where xy >= 4 and x <= 1: at (1, 4) */
            double value, c[2];
            CU_ASSERT_EQUAL(iface()->ask(p.self, k, x, &p.err), HONE_OK);
            value = x[0] + x[1];
            c[0] = k == 3 ? (double)NAN : 4 - x[0] * x[1];
            c[1] = x[0] - 1;
            {
                const hone_outcome o = { sizeof o, HONE_COMPLETE, k, x, &value, c, 1, 2, 0, NULL, 0, NULL };
                CU_ASSERT_EQUAL(iface()->tell(p.self, &o, &p.err), HONE_OK);
            }
            if (c[0] <= 0 && c[1] <= 0) {
                feasible++;
                best = fmin(best, value);
            }
        }
        CU_ASSERT(feasible >= 5);
        CU_ASSERT(best < 5.1);
        fake_plugin_release(&p);
    }
}

/* ZDT1 of four parameters (Zitzler, Deb and Thiele 2000): front y2 = 1 - sqrt(y1), volume 0.8765 below (1.1, 1.1). */
static void zdt1(const double *x, double *y)
{
    const double g = 1 + 3 * (x[1] + x[2] + x[3]);
    y[0] = x[0];
    y[1] = g * (1 - sqrt(x[0] / g));
}

static double front_volume(uint64_t lag, uint64_t seed)
{
    static double values[80 * 2];
    static const double reference[2] = { 1.1, 1.1 };
    fake_space f;
    fake_plugin p;
    hone_dim dims[4];
    double x[4][4], volume = 0;
    for (int i = 0; i < 4; i++)
        dims[i] = (hone_dim)FAKE_REAL("x", 0, 1, 0);
    const hone_space *space = fake_space_init(&f, dims, 4, NULL, 0);
    CU_ASSERT_EQUAL(start(&p, space, seed, 2, 0, NULL), HONE_OK);
    for (uint64_t k = 0; k < 48; k += lag) {
        for (uint64_t j = 0; j < lag; j++)
            CU_ASSERT_EQUAL(iface()->ask(p.self, k + j, x[j], &p.err), HONE_OK);
        for (uint64_t j = 0; j < lag; j++) {
            double *y = values + 2 * (k + j);
            zdt1(x[j], y);
            {
                const hone_outcome o = { sizeof o, HONE_COMPLETE, k + j, x[j], y, NULL, 2, 0, 0, NULL, 0, NULL };
                CU_ASSERT_EQUAL(iface()->tell(p.self, &o, &p.err), HONE_OK);
            }
        }
    }
    CU_ASSERT_EQUAL(hone_hypervolume(values, 48, 2, reference, &volume, &p.err), HONE_OK);
    fake_plugin_release(&p);
    return volume;
}

static void test_two_objectives(void)
{
    CU_ASSERT(front_volume(1, 1) > 0.82);
    CU_ASSERT(front_volume(1, 2) > 0.82);
    CU_ASSERT(front_volume(4, 1) > 0.75);
}

/* Four objectives, two constraints of which one is never satisfied at first, and failures, all at once. */
static void test_many_objectives(void)
{
    fake_space f;
    fake_plugin p;
    const hone_space *space = fake_space_init(&f, mixed, 5, NULL, 0);
    double x[5], y[4], c[1];
    CU_ASSERT_EQUAL(start(&p, space, 1, 4, 1, NULL), HONE_OK);
    for (uint64_t k = 0; k < 30; k++) {
        const hone_outcome o = {
            sizeof o, k % 7 == 3 ? HONE_FAILED : HONE_COMPLETE, k, x, y, c, 4, 1, 0, NULL, 0, NULL
        };
        CU_ASSERT_EQUAL(iface()->ask(p.self, k, x, &p.err), HONE_OK);
        CU_ASSERT_PTR_NULL(fake_space_fault(space, x));
        y[0] = mixed_value(x);
        y[1] = x[1];
        y[2] = -log(x[2]);
        y[3] = x[3] - x[1];
        c[0] = x[1] - 6;
        CU_ASSERT_EQUAL(iface()->tell(p.self, &o, &p.err), HONE_OK);
    }
    fake_plugin_release(&p);
}

/* ---- state ---- */

static void test_resumes_as_if_never_stopped(void)
{
    static fake_bytes state;
    fake_space f;
    const hone_space *space = fake_space_init(&f, mixed, 5, NULL, 0);
    for (uint64_t stop = 2; stop < 24; stop += 7) {
        fake_plugin a, b;
        double x[5], y[5];
        CU_ASSERT_EQUAL(start(&a, space, 6, 1, 0, NULL), HONE_OK);
        CU_ASSERT_EQUAL(start(&b, space, 6, 1, 0, NULL), HONE_OK);
        for (uint64_t k = 0; k < stop; k++) {
            CU_ASSERT_EQUAL(iface()->ask(a.self, k, x, &a.err), HONE_OK);
            if (k % 5 != 4) /* the others run on */
                say(&a, k, x, k % 6 == 5 ? HONE_FAILED : HONE_COMPLETE, mixed_value(x));
        }
        memset(&state, 0, sizeof state);
        const hone_ostream out = { &state, fake_write_ };
        const hone_istream in = { &state, fake_read_ };
        CU_ASSERT_EQUAL(a.component->save(a.self, &out, &a.err), HONE_OK);
        CU_ASSERT_EQUAL(b.component->load(b.self, &in, &b.err), HONE_OK);
        for (uint64_t k = stop; k < stop + 8; k++) {
            CU_ASSERT_EQUAL(iface()->ask(a.self, k, x, &a.err), HONE_OK);
            CU_ASSERT_EQUAL(iface()->ask(b.self, k, y, &b.err), HONE_OK);
            CU_ASSERT(!memcmp(x, y, sizeof x));
            say(&a, k, x, HONE_COMPLETE, mixed_value(x));
            say(&b, k, x, HONE_COMPLETE, mixed_value(x));
        }
        fake_plugin_release(&a);
        fake_plugin_release(&b);
    }
}

/* More outcomes than the model learns from: the best of them are among those it keeps. */
static void test_long_history(void)
{
    fake_space f;
    fake_plugin p;
    const hone_space *space = fake_space_init(&f, plane, 2, NULL, 0);
    double x[2], best = HUGE_VAL;
    CU_ASSERT_EQUAL(start(&p, space, 1, 1, 0, "points=40"), HONE_OK);
    for (uint64_t k = 0; k < 3000; k++) {
        hone_rng rng = hone_rng_at(5, k);
        hone_space_draw(space, &rng, x);
        if (numeric_branin(x) > 1) /* nothing near a minimum */
            say(&p, k, x, HONE_COMPLETE, numeric_branin(x));
    }
    for (uint64_t k = 3000; k < 3030; k++) {
        CU_ASSERT_EQUAL(iface()->ask(p.self, k, x, &p.err), HONE_OK);
        best = fmin(best, numeric_branin(x));
        say(&p, k, x, HONE_COMPLETE, numeric_branin(x));
    }
    CU_ASSERT(best < 0.397888 + 0.01);
    fake_plugin_release(&p);
}

static void test_cancels(void)
{
    fake_space f;
    fake_plugin p;
    const hone_space *space = fake_space_init(&f, plane, 2, NULL, 0);
    double x[2];
    CU_ASSERT_EQUAL(start(&p, space, 1, 1, 0, NULL), HONE_OK);
    for (uint64_t k = 0; k < 10; k++) {
        CU_ASSERT_EQUAL(iface()->ask(p.self, k, x, &p.err), HONE_OK);
        say(&p, k, x, HONE_COMPLETE, numeric_branin(x));
    }
    p.host.cancelled = 1;
    CU_ASSERT_EQUAL(iface()->ask(p.self, 10, x, &p.err), HONE_ECANCELED);
    p.host.cancelled = 0;
    CU_ASSERT_EQUAL(iface()->ask(p.self, 10, x, &p.err), HONE_OK);
    fake_plugin_release(&p);
}

/* ---- the bound on the regret ---- */

static double bound_of(fake_plugin *p)
{
    const hone_component *gp = fake_component(HONE_KIND_SEARCH, "gp");
    const hone_regret_bound_v1 *extension = (const hone_regret_bound_v1 *)gp->get_ext(HONE_EXT_REGRET_BOUND);
    double bound = -1;
    CU_ASSERT_EQUAL(extension->bound(p->self, &bound, &p->err), HONE_OK);
    return bound;
}

/* It holds what it promises and comes down to nothing; and whoever asks for it changes no proposal. */
static void test_regret_bound(void)
{
    static const hone_dim *const dims[] = { &plane[0], &plane[1] };
    static const hone_space space = { sizeof space, 2, dims, 0, 0, NULL };
    unsigned broken = 0, asked = 0;
    for (uint64_t seed = 1; seed <= 2; seed++) {
        fake_plugin p, silent;
        double best = HUGE_VAL, bound = 0;
        CU_ASSERT_EQUAL_FATAL(start(&p, &space, seed, 1, 0, ""), HONE_OK);
        CU_ASSERT_EQUAL_FATAL(start(&silent, &space, seed, 1, 0, ""), HONE_OK);
        for (uint64_t k = 0; k < 180 && !(bound > 0 && bound < 1e-3); k++) {
            double x[2], y[2];
            CU_ASSERT_EQUAL_FATAL(iface()->ask(p.self, k, x, &p.err), HONE_OK);
            CU_ASSERT_EQUAL_FATAL(iface()->ask(silent.self, k, y, &silent.err), HONE_OK);
            CU_ASSERT(!memcmp(x, y, sizeof x));
            say(&p, k, x, HONE_COMPLETE, numeric_branin(x));
            say(&silent, k, x, HONE_COMPLETE, numeric_branin(x));
            best = fmin(best, numeric_branin(x));
            if (k % 5 == 3 || k == 18) {
                CU_ASSERT_EQUAL((bound = bound_of(&p)) < HUGE_VAL, k >= 19); /* twenty completed trials */
                asked += k >= 19;
                broken += k >= 19 && best - 0.39788735772974 > bound + 1e-6;
            }
        }
        CU_ASSERT(bound < 1e-3);
        fake_plugin_release(&p);
        fake_plugin_release(&silent);
    }
    CU_ASSERT(broken * 10 <= asked); /* the confidence is 9 in 10 */
}

/* Against the definition: a posterior by Gaussian elimination in double precision, on a fine grid. */
static void test_regret_bound_naive(void)
{
    enum { N = 20, GRID = 4000 };
    static const hone_dim line = FAKE_REAL("x", 0, 1, 0);
    static const hone_dim *const dims[] = { &line };
    static const hone_space space = { sizeof space, 1, dims, 0, 0, NULL };
    const struct settings settings = { 0, 500, 16, 1, 1, 1e-4, TRANSFORM_NONE, 0 };
    const hone_search_info info = { sizeof info, 1, 0, 0, 0, 0 };
    hone_error err = HONE_ERROR_INIT;
    struct features features;
    struct model m;
    struct workspace w;
    hone_history h;
    double bound, x[N], y[N], upper = HUGE_VAL, least = HUGE_VAL, beta;
    memset(&h, 0, sizeof h);
    memset(&m, 0, sizeof m);
    memset(&w, 0, sizeof w);
    CU_ASSERT_EQUAL_FATAL(hone_history_init(&h, &space, &info, &err), HONE_OK);
    for (uint64_t i = 0; i < N; i++) {
        x[i] = (double)(i * i % N) / N + 0.01 * (double)i;
        y[i] = sin(9 * x[i]) + 3 * (x[i] - 0.4) * (x[i] - 0.4);
        const hone_outcome o = { .size = sizeof o, .trial = i, .x = x + i, .values = y + i, .n_values = 1 };
        CU_ASSERT_EQUAL(hone_history_tell(&h, &o, &err), HONE_OK);
    }
    CU_ASSERT_EQUAL_FATAL(regret_bound(&settings, &h, &bound, &err), HONE_OK);
    /* the hyperparameters of the same fit, from sorted rows as there */
    CU_ASSERT_EQUAL_FATAL(features_init(&features, &space, &err), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(model_init(&m, &features, 0, &err), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(model_reserve(&m, &w, N, 1, &err), HONE_OK);
    for (int i = 0; i < N; i++)
        for (int k = i + 1; k < N; k++)
            if (y[k] < y[i]) {
                double t = y[i];
                y[i] = y[k], y[k] = t;
                t = x[i];
                x[i] = x[k], x[k] = t;
            }
    m.n = N;
    m.n_fantasies = 1;
    memcpy(m.x, x, sizeof x);
    memcpy(m.y, y, sizeof y);
    model_standardize(&m);
    CU_ASSERT_EQUAL_FATAL(model_fit(&m, &w, 1e-4, 1, NULL, &err), HONE_OK);
    const double rate = exp(m.theta[0]), signal = exp(m.theta[1]), noise = exp(m.theta[2]);
    beta = 2 * log(1.0 * N * N * 9.869604401089358 / 6 / 0.1) / 5;
    for (int g = 0; g < GRID + N; g++) {
        double a[N][N + 2], mean = 0, variance = signal, at = g < N ? x[g] : (double)(g - N) / (GRID - 1);
        for (int i = 0; i < N; i++) { /* [K + noise | y, k] */
            for (int j = 0; j <= N; j++) {
                const double other = j < N ? x[j] : at, r = sqrt(5 * rate) * fabs(x[i] - other);
                a[i][j < N ? j : N + 1] = signal * exp(-r) * (1 + r + r * r / 3) + (i == j ? noise : 0);
            }
            a[i][N] = m.y[i];
        }
        double k[N];
        for (int i = 0; i < N; i++)
            k[i] = a[i][N + 1];
        for (int i = 0; i < N; i++)
            for (int r = 0; r < N; r++) {
                if (r == i)
                    continue;
                const double factor = a[r][i] / a[i][i];
                for (int j = i; j < N + 2; j++)
                    a[r][j] -= factor * a[i][j];
            }
        for (int i = 0; i < N; i++) {
            mean += k[i] * a[i][N] / a[i][i];
            variance -= k[i] * a[i][N + 1] / a[i][i];
        }
        variance = fmax(variance, 0);
        if (g < N)
            upper = fmin(upper, mean + sqrt(beta * variance));
        least = fmin(least, mean - sqrt(beta * variance));
    }
    CU_ASSERT_DOUBLE_EQUAL(bound, (upper - least) * m.spread, 1e-4 * bound);
    CU_ASSERT(bound > 0);
    model_release(&m);
    workspace_release(&w);
    features_release(&features);
    hone_history_release(&h);
}

SUITE(TEST(test_branin), TEST(test_hartmann6), TEST(test_mixed_and_conditional), TEST(test_relations),
      TEST(test_spends_a_finite_space), TEST(test_keeps_away_from_failures), TEST(test_survives_strange_outcomes),
      TEST(test_pruned_is_not_best), TEST(test_constraints), TEST(test_two_objectives), TEST(test_many_objectives),
      TEST(test_resumes_as_if_never_stopped), TEST(test_long_history), TEST(test_cancels), TEST(test_regret_bound),
      TEST(test_regret_bound_naive))
