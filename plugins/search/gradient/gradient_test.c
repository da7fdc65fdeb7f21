/* SPDX-License-Identifier: MIT */
/* Tests of search/gradient: its moves against a run worked out by hand, what it finds on functions whose derivatives are
 * known, mixed spaces beside a search made up here, and what it refuses. */
#include "descent.h"
#include "fake_host.h"
#include "harness.h"
#include "hone/compose.h"
#include "hone/history.h"

enum { MOST = 20 };

/* ---- a search that proposes, and counts what it hears ---- */
static struct {
    uint64_t asked, told, last_told;
    const char *opened;
    double x[MOST];
    uint32_t n;
    char note[512];
} other;

static hone_rc other_open(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    (void)self;
    (void)info;
    (void)err;
    other.n = space->n_dims;
    return HONE_OK;
}

static hone_rc other_ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    (void)self;
    (void)trial;
    (void)err;
    memcpy(x, other.x, other.n * sizeof *x);
    x[0] = (double)(other.asked++ % 3);
    return HONE_OK;
}

static hone_rc other_tell(void *self, const hone_outcome *o, hone_error *err)
{
    (void)self;
    (void)err;
    other.told++;
    other.last_told = o->trial;
    return HONE_OK;
}

static const hone_search_v1 other_search = { sizeof other_search, 0, other_open, other_ask, other_tell };
static const hone_component other_component = {
    .size = sizeof other_component, .kind = HONE_KIND_SEARCH, .name = "other", .iface = &other_search
};

static hone_rc compose_open(const hone_host *host, const char *kind, const char *name, hone_instance *instance,
                            hone_error *err)
{
    (void)host;
    if (strcmp(kind, HONE_KIND_SEARCH) != 0 || strcmp(name, "other") != 0)
        return hone_fail(err, HONE_ENOTSUP, NULL, "no search '%s' is installed", name);
    instance->self = &other;
    instance->component = &other_component;
    other.opened = name;
    return HONE_OK;
}

static void compose_close(const hone_host *host, hone_instance *instance)
{
    (void)host;
    (void)instance;
    other.opened = NULL;
}

static void compose_note(const hone_host *host, const char *text)
{
    (void)host;
    snprintf(other.note, sizeof other.note, "%s", text);
}

static const void *composing(const hone_host *host, const char *id)
{
    static const hone_compose_v1 compose = { sizeof compose, 0, compose_open, compose_close, compose_note };
    (void)host;
    return strcmp(id, HONE_EXT_COMPOSE) ? NULL : &compose;
}

/* ---- a study ---- */
struct study {
    fake_plugin plugin;
    fake_space fake;
    const hone_space *space;
    uint8_t derivatives[MOST];
    uint64_t trial;
};

static const hone_search_v1 *iface(void)
{
    return (const hone_search_v1 *)fake_component(HONE_KIND_SEARCH, "gradient")->iface;
}

static hone_rc open_study(struct study *s, const char *settings, const hone_dim *dims, uint32_t n,
                          const hone_relation *relation, int composes)
{
    memset(s, 0, sizeof *s);
    s->space = fake_space_init(&s->fake, dims, n, relation, relation ? 1 : 0);
    for (uint32_t i = 0; i < n; i++)
        s->derivatives[i] = dims[i].type == HONE_DIM_REAL;
    CU_ASSERT_EQUAL_FATAL(fake_plugin_init(&s->plugin, fake_component(HONE_KIND_SEARCH, "gradient"), 5, settings),
                          HONE_OK);
    if (composes) { /* made anew, with a host that opens others */
        memset(&other, 0, sizeof other);
        s->plugin.component->destroy(s->plugin.self);
        s->plugin.host.host.get_ext = composing;
        CU_ASSERT_EQUAL_FATAL(
            s->plugin.component->create(&s->plugin.host.host, &s->plugin.info, &s->plugin.self, &s->plugin.err),
            HONE_OK);
    }
    const hone_search_info info = { sizeof info, 1, 0, 0, 0, 0, s->derivatives };
    return iface()->open(s->plugin.self, s->space, &info, &s->plugin.err);
}

static hone_rc ask(struct study *s, double *x)
{
    const hone_rc rc = iface()->ask(s->plugin.self, s->trial, x, &s->plugin.err);
    if (rc == HONE_OK)
        CU_ASSERT_PTR_NULL(fake_space_fault(s->space, x));
    return rc;
}

static hone_rc tell_tuned(struct study *s, uint64_t trial, const double *x, uint32_t status, double value,
                          const double *gradient, const double *tuned)
{
    const hone_outcome o = { sizeof o, status, trial, x, &value, NULL, 1, 0, 0, NULL, 0, gradient, tuned };
    return iface()->tell(s->plugin.self, &o, &s->plugin.err);
}

static hone_rc tell(struct study *s, uint64_t trial, const double *x, uint32_t status, double value,
                    const double *gradient)
{
    return tell_tuned(s, trial, x, status, value, gradient, NULL);
}

/* Sum of squared distances in the space's own scale from a place that differs by dimension, and its derivative in x. */
static double bowl(const hone_space *space, const double *x, double *gradient)
{
    double sum = 0;
    for (uint32_t i = 0; i < space->n_dims; i++) {
        const hone_dim *d = space->dims[i];
        const double weight = pow(10, -(double)(i % 4)), at = 0.2 + 0.6 * (double)(i % 5) / 4;
        const double off = hone_dim_to_unit(d, x[i]) - at, h = 1e-6 * fabs(x[i]) + 1e-9;
        sum += weight * off * off;
        gradient[i] = 2 * weight * off * (hone_dim_to_unit(d, x[i] + h) - hone_dim_to_unit(d, x[i] - h)) / (2 * h);
    }
    return sum;
}

static double least_of(struct study *s, uint64_t trials)
{
    double x[MOST], gradient[MOST], best = HUGE_VAL;
    for (; s->trial < trials; s->trial++) {
        CU_ASSERT_EQUAL_FATAL(ask(s, x), HONE_OK);
        const double y = bowl(s->space, x, gradient);
        best = fmin(best, y);
        CU_ASSERT_EQUAL(tell(s, s->trial, x, HONE_COMPLETE, y, gradient), HONE_OK);
    }
    return best;
}

/* Twelve coefficients over six decades, some linear, some normal: curvatures differ by 1,000. */
static void test_finds_the_minimum_on_every_scale(void)
{
    hone_dim dims[12];
    struct study s;
    for (uint32_t i = 0; i < 12; i++)
        dims[i] = i % 3 == 0   ? (hone_dim)FAKE_REAL("log", 1e-6, 1, HONE_DIM_LOG)
                  : i % 3 == 1 ? (hone_dim)FAKE_REAL("linear", -3, 5, 0)
                               : (hone_dim)FAKE_NORMAL("normal", -HUGE_VAL, HUGE_VAL, 1, 2, 0);
    CU_ASSERT_EQUAL_FATAL(open_study(&s, NULL, dims, 12, NULL, 0), HONE_OK);
    const double first = least_of(&s, 1), rprop = least_of(&s, 40);
    CU_ASSERT(first > 0.1);
    CU_ASSERT(rprop < 1e-4);
    fake_plugin_release(&s.plugin);
    CU_ASSERT_EQUAL_FATAL(open_study(&s, "method=adam", dims, 12, NULL, 0), HONE_OK);
    CU_ASSERT(least_of(&s, 60) < 1e-2);
    fake_plugin_release(&s.plugin);
}

/* The first moves of Rprop- on a parabola, worked out by hand: 0.5 down to its minimum at 0.22. */
static void test_moves_are_those_of_the_paper(void)
{
    const struct rule rule = { RPROP, 0.1, 0.3, 1e-3, 1.2, 100, HUGE_VAL };
    static const double expected[] = { 0.5, 0.4, 0.28, 0.136, 0.208, 0.2944, 0.2512, 0.19936 };
    struct descent d;
    hone_error err = HONE_ERROR_INIT;
    double u = 0.5;
    CU_ASSERT_EQUAL_FATAL(descent_init(&d, 1, &err), HONE_OK);
    descent_begin(&d, &rule, &u);
    for (size_t k = 0; k < sizeof expected / sizeof *expected; k++) {
        const double off = d.u[0] - 0.22, g = 2 * off;
        CU_ASSERT_DOUBLE_EQUAL(d.u[0], expected[k], 1e-12);
        CU_ASSERT_EQUAL(descent_hear(&d, &rule, off * off, &g), 1);
    }
    descent_release(&d);
}

/* From 0.5 (value 8) to 0.4 (5) to 0.28: 5.5 gives back a sixth of what was gained, 6 a third. */
static void test_takes_back_what_loses_too_much(void)
{
    static const double values[] = { 5.5, 6 }, expected[] = { 0.136, 0.34 };
    const struct rule rule = { RPROP, 0.1, 0.3, 1e-3, 1.2, 100, 0.25 };
    for (int k = 0; k < 2; k++) {
        struct descent d;
        hone_error err = HONE_ERROR_INIT;
        const double begin = 0.5, g = 1;
        CU_ASSERT_EQUAL_FATAL(descent_init(&d, 1, &err), HONE_OK);
        descent_begin(&d, &rule, &begin);
        CU_ASSERT_EQUAL(descent_hear(&d, &rule, 8, &g), 1);
        CU_ASSERT_EQUAL(descent_hear(&d, &rule, 5, &g), 1);
        CU_ASSERT_DOUBLE_EQUAL(d.u[0], 0.28, 1e-12);
        CU_ASSERT_EQUAL(descent_hear(&d, &rule, values[k], &g), 1);
        CU_ASSERT_DOUBLE_EQUAL(d.u[0], expected[k], 1e-12);
        descent_release(&d);
    }
}

/* The first descent begins halfway through every range, on its own scale; where it may not, as proposed. */
static void test_begins_in_the_middle(void)
{
    static const hone_dim dims[] = { FAKE_CHOICE("c", 3, NULL), FAKE_REAL("rate", 1e-6, 1, HONE_DIM_LOG),
                                     FAKE_REAL("x", -2, 4, 0), FAKE_NORMAL("n", -HUGE_VAL, HUGE_VAL, 3, 2, 0) };
    static const hone_dim two[] = { FAKE_REAL("low", 0, 1, 0), FAKE_REAL("high", 0, 1, 0) };
    static const hone_relation below = { sizeof below, HONE_LT, 0, 1, 0 };
    struct study s;
    double x[4];
    CU_ASSERT_EQUAL_FATAL(open_study(&s, "starts=other", dims, 4, NULL, 1), HONE_OK);
    other.x[1] = 0.8;
    CU_ASSERT_EQUAL_FATAL(ask(&s, x), HONE_OK);
    CU_ASSERT_EQUAL(x[0], 0);
    CU_ASSERT_DOUBLE_EQUAL(x[1], 1e-3, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(x[2], 1, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(x[3], 3, 1e-9);
    fake_plugin_release(&s.plugin);
    CU_ASSERT_EQUAL_FATAL(open_study(&s, NULL, two, 2, &below, 0), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(ask(&s, x), HONE_OK);
    CU_ASSERT(x[0] < x[1]);
    fake_plugin_release(&s.plugin);
}

static void test_ends_at_a_border_and_begins_elsewhere(void)
{
    static const hone_dim dims[] = { FAKE_REAL("x", 2, 10, 0), FAKE_REAL("rate", 1e-3, 1, HONE_DIM_LOG) };
    static const double slope[] = { 1, -1 };
    struct study s;
    double x[2], last[2] = { 0, 0 };
    unsigned again = 0, reached = 0;
    CU_ASSERT_EQUAL_FATAL(open_study(&s, NULL, dims, 2, NULL, 0), HONE_OK);
    for (; s.trial < 60; s.trial++) {
        CU_ASSERT_EQUAL_FATAL(ask(&s, x), HONE_OK);
        again += x[0] == last[0] && x[1] == last[1];
        reached += x[0] == 2 && x[1] == 1;
        memcpy(last, x, sizeof x);
        CU_ASSERT_EQUAL(tell(&s, s.trial, x, HONE_COMPLETE, x[0] - x[1], slope), HONE_OK);
    }
    CU_ASSERT(reached > 2 && reached < 20); /* each descent once: where all that is left points outside, it ends */
    CU_ASSERT_EQUAL(again, 0);
    fake_plugin_release(&s.plugin);
}

static void test_refuses_what_it_cannot_descend(void)
{
    static const hone_dim reals[] = { FAKE_REAL("x", 0, 1, 0), FAKE_REAL("y", 0, 1, 0) };
    static const hone_dim choices[] = { FAKE_CHOICE("c", 3, NULL), FAKE_INT("n", 1, 9, 1, 0) };
    const double gradient[] = { 1, (double)NAN };
    struct study s;
    double x[2];
    CU_ASSERT_EQUAL(open_study(&s, NULL, choices, 2, NULL, 0), HONE_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(s.plugin.err.msg, "nothing to descend along"));
    fake_plugin_release(&s.plugin);
    open_study(&s, NULL, reals, 2, NULL, 0);
    hone_search_info info = { sizeof info, 1, 0, 0, 0, 0, NULL };
    fake_plugin_release(&s.plugin);
    fake_plugin_init(&s.plugin, fake_component(HONE_KIND_SEARCH, "gradient"), 1, NULL);
    CU_ASSERT_EQUAL(iface()->open(s.plugin.self, s.space, &info, &s.plugin.err), HONE_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(s.plugin.err.msg, "reports no derivatives"));
    fake_plugin_release(&s.plugin);
    fake_plugin_init(&s.plugin, fake_component(HONE_KIND_SEARCH, "gradient"), 1, NULL);
    info.size = (uint32_t)offsetof(hone_search_info, derivatives); /* an older host */
    info.derivatives = s.derivatives;
    CU_ASSERT_EQUAL(iface()->open(s.plugin.self, s.space, &info, &s.plugin.err), HONE_EINVAL);
    fake_plugin_release(&s.plugin);
    fake_plugin_init(&s.plugin, fake_component(HONE_KIND_SEARCH, "gradient"), 1, NULL);
    info = (hone_search_info){ sizeof info, 2, 0, 0, 0, 0, s.derivatives };
    CU_ASSERT_EQUAL(iface()->open(s.plugin.self, s.space, &info, &s.plugin.err), HONE_ENOTSUP);
    fake_plugin_release(&s.plugin);
    CU_ASSERT_EQUAL_FATAL(open_study(&s, NULL, reals, 2, NULL, 0), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(ask(&s, x), HONE_OK);
    CU_ASSERT_EQUAL(tell(&s, 0, x, HONE_COMPLETE, 1, gradient), HONE_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(s.plugin.err.msg, "trial 0 came without the derivative with respect to y"));
    CU_ASSERT_EQUAL(tell(&s, 0, x, HONE_COMPLETE, 1, NULL), HONE_EINVAL);
    fake_plugin_release(&s.plugin);
    CU_ASSERT_EQUAL(open_study(&s, "starts=nothing", reals, 2, NULL, 1), HONE_ENOTSUP);
    CU_ASSERT_STRING_EQUAL(s.plugin.err.param, "starts");
    fake_plugin_release(&s.plugin);
    CU_ASSERT_EQUAL(open_study(&s, "step=0.6", reals, 2, NULL, 0), HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(s.plugin.err.param, "step");
    fake_plugin_release(&s.plugin);
}

/* What has no derivative stays as the other search proposed it for `length` trials; it hears all of them. */
static void test_alternates_with_another_search(void)
{
    static const hone_dim dims[] = { FAKE_CHOICE("c", 3, NULL), FAKE_REAL("x", 0, 1, 0), FAKE_INT("n", 1, 9, 1, 0) };
    struct study s;
    double x[3], last = 0;
    CU_ASSERT_EQUAL_FATAL(open_study(&s, "starts=other\nlength=4\nfirst=proposed", dims, 3, NULL, 1), HONE_OK);
    CU_ASSERT_STRING_EQUAL(other.note, "gradient descends along 1 of 3 parameters; other proposes c, n");
    other.x[1] = 0.8;
    other.x[2] = 7;
    for (; s.trial < 12; s.trial++) {
        CU_ASSERT_EQUAL_FATAL(ask(&s, x), HONE_OK);
        CU_ASSERT_EQUAL(x[0], (double)(s.trial / 4));
        CU_ASSERT_EQUAL(x[2], 7);
        if (s.trial % 4 == 0)
            CU_ASSERT_EQUAL(x[1], 0.8);
        if (s.trial % 4 > 0)
            CU_ASSERT(x[1] < last);
        last = x[1];
        const double gradient[] = { (double)NAN, 2 * x[1], (double)NAN };
        CU_ASSERT_EQUAL(tell(&s, s.trial, x, HONE_COMPLETE, x[1] * x[1], gradient), HONE_OK);
        CU_ASSERT_EQUAL(other.told, s.trial + 1);
        CU_ASSERT_EQUAL(other.last_told, s.trial);
    }
    CU_ASSERT_EQUAL(other.asked, 3);
    fake_plugin_release(&s.plugin);
    CU_ASSERT_PTR_NULL(other.opened);
}

/* A point of the user's is where the first descent begins: what is known of it is not asked again. */
static void test_goes_on_from_given_points(void)
{
    static const hone_dim dims[] = { FAKE_REAL("x", 0, 1, 0), FAKE_REAL("y", 0, 1, 0) };
    static const double good[] = { 0.6, 0.4 }, bad[] = { 0.1, 0.1 }, gradient[] = { 1, -5 };
    struct study s;
    double x[2];
    CU_ASSERT_EQUAL_FATAL(open_study(&s, NULL, dims, 2, NULL, 0), HONE_OK);
    CU_ASSERT_EQUAL(tell(&s, 100, bad, HONE_COMPLETE, 9, gradient), HONE_OK);
    CU_ASSERT_EQUAL(tell(&s, 101, good, HONE_COMPLETE, 3, gradient), HONE_OK);
    CU_ASSERT_EQUAL(tell(&s, 102, bad, HONE_COMPLETE, -7, NULL), HONE_OK); /* of no use without derivatives */
    CU_ASSERT_EQUAL_FATAL(ask(&s, x), HONE_OK);
    CU_ASSERT_DOUBLE_EQUAL(x[0], 0.4, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(x[1], 0.6, 1e-12);
    fake_plugin_release(&s.plugin);
}

/* The first trials of a descent move themselves: each begins where the one before came to, the others a step from there. */
static void test_goes_on_from_where_a_trial_came_to(void)
{
    static const hone_dim dims[] = { FAKE_REAL("x", 0, 1, 0), FAKE_INT("rate", 0, 3, 1, 0),
                                     FAKE_REAL("y", 1e-4, 1, HONE_DIM_LOG) };
    static const double gradient[] = { 1, (double)NAN, -1 };
    const double first[] = { 0.7, (double)NAN, 5 /* the objective allows more than the space */ },
                 second[] = { 0.6, (double)NAN, 0.01 };
    struct study s;
    double x[3];
    CU_ASSERT_EQUAL_FATAL(open_study(&s, "online=rate\nonline_trials=2\nstep=0.1", dims, 3, NULL, 0), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(ask(&s, x), HONE_OK);
    CU_ASSERT_EQUAL(x[1], 3);
    CU_ASSERT_DOUBLE_EQUAL(x[0], 0.5, 1e-12);
    CU_ASSERT_EQUAL(tell_tuned(&s, 0, x, HONE_COMPLETE, -100, gradient, first), HONE_OK);
    s.trial = 1;
    CU_ASSERT_EQUAL_FATAL(ask(&s, x), HONE_OK);
    CU_ASSERT_EQUAL(x[1], 3);
    CU_ASSERT_DOUBLE_EQUAL(x[0], 0.7, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(x[2], 1, 1e-12);
    CU_ASSERT_EQUAL(tell_tuned(&s, 1, x, HONE_COMPLETE, -200, gradient, second), HONE_OK);
    s.trial = 2;
    CU_ASSERT_EQUAL_FATAL(ask(&s, x), HONE_OK);
    CU_ASSERT_EQUAL(x[1], 0);
    CU_ASSERT_DOUBLE_EQUAL(x[0], 0.5, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(log10(x[2]), -1.6, 1e-9); /* a tenth of four decades up from 0.01 */
    CU_ASSERT_EQUAL(tell(&s, 2, x, HONE_COMPLETE, 5, gradient), HONE_OK);
    s.trial = 3; /* what the moving trials were worth compares with nothing: the descent goes on */
    CU_ASSERT_EQUAL_FATAL(ask(&s, x), HONE_OK);
    CU_ASSERT_EQUAL(x[1], 0);
    CU_ASSERT_DOUBLE_EQUAL(x[0], 0.35, 1e-12);
    fake_plugin_release(&s.plugin);
}

static void test_refuses_what_lets_no_trial_move(void)
{
    static const hone_dim dims[] = { FAKE_REAL("x", 0, 1, 0), FAKE_REAL("y", 0, 1, 0), FAKE_CHOICE("c", 3, NULL) };
    static const char *const wrong[][2] = { { "online=z", "is no parameter of [space]" },
                                            { "online=y", "without derivative" },
                                            { "online=c", "has to be a number" } };
    struct study s;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CU_ASSERT_EQUAL(open_study(&s, wrong[i][0], dims, 3, NULL, 0), HONE_EINVAL);
        CU_ASSERT_STRING_EQUAL(s.plugin.err.param, "online");
        CU_ASSERT_PTR_NOT_NULL(strstr(s.plugin.err.msg, wrong[i][1]));
        fake_plugin_release(&s.plugin);
    }
}

static void test_returns_where_a_trial_fails(void)
{
    static const hone_dim dims[] = { FAKE_REAL("x", 0, 1, 0) };
    static const double begin = 0.5, gradient = 1;
    struct study s;
    double x;
    CU_ASSERT_EQUAL_FATAL(open_study(&s, NULL, dims, 1, NULL, 0), HONE_OK);
    CU_ASSERT_EQUAL(tell(&s, 100, &begin, HONE_COMPLETE, 3, &gradient), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(ask(&s, &x), HONE_OK);
    CU_ASSERT_DOUBLE_EQUAL(x, 0.3, 1e-12);
    CU_ASSERT_EQUAL(tell(&s, 0, &x, HONE_FAILED, (double)NAN, NULL), HONE_OK);
    s.trial = 1;
    CU_ASSERT_EQUAL_FATAL(ask(&s, &x), HONE_OK);
    CU_ASSERT_DOUBLE_EQUAL(x, 0.4, 1e-12);
    CU_ASSERT_EQUAL(tell(&s, 1, &x, HONE_PRUNED, 2, NULL), HONE_OK);
    s.trial = 2;
    CU_ASSERT_EQUAL_FATAL(ask(&s, &x), HONE_OK);
    CU_ASSERT_DOUBLE_EQUAL(x, 0.45, 1e-12);
    fake_plugin_release(&s.plugin);
}

static void test_waits_and_keeps_relations(void)
{
    static const hone_dim dims[] = { FAKE_REAL("low", 0, 1, 0), FAKE_REAL("high", 0, 1, 0) };
    static const hone_relation relation = { sizeof relation, HONE_LE, 0, 1, 0 };
    static const double gradient[] = { -1, 1 }; /* wants low = 1, high = 0 */
    struct study s;
    double x[3][2], gap = 1;
    CU_ASSERT_EQUAL_FATAL(open_study(&s, "descents=2", dims, 2, &relation, 0), HONE_OK);
    for (uint64_t k = 0; k < 3; k++, s.trial++)
        CU_ASSERT_EQUAL(ask(&s, x[k]), k < 2 ? HONE_OK : HONE_WAIT);
    for (s.trial = 2; s.trial < 60; s.trial++) {
        const uint64_t k = s.trial % 2;
        CU_ASSERT_EQUAL(tell(&s, s.trial - 2, x[k], HONE_COMPLETE, x[k][1] - x[k][0], gradient), HONE_OK);
        CU_ASSERT_EQUAL_FATAL(ask(&s, x[k]), HONE_OK);
        gap = fmin(gap, x[k][1] - x[k][0]);
    }
    CU_ASSERT(gap >= 0 && gap < 0.02);
    fake_plugin_release(&s.plugin);
}

SUITE(TEST(test_finds_the_minimum_on_every_scale), TEST(test_moves_are_those_of_the_paper),
      TEST(test_takes_back_what_loses_too_much), TEST(test_begins_in_the_middle),
      TEST(test_ends_at_a_border_and_begins_elsewhere), TEST(test_refuses_what_it_cannot_descend),
      TEST(test_alternates_with_another_search), TEST(test_goes_on_from_given_points),
      TEST(test_goes_on_from_where_a_trial_came_to), TEST(test_refuses_what_lets_no_trial_move),
      TEST(test_returns_where_a_trial_fails), TEST(test_waits_and_keeps_relations))
