/* SPDX-License-Identifier: MIT */
/* Tests of dehb: whole studies in memory on a problem whose low fidelities are another one; its brackets and members; and
 * with a host whose search is made up, so that what it hears can be looked at. */
#include "fake_host.h"
#include "harness.h"

#include "hone/compose.h"
#include "hone/rng.h"
#include "hone/scheduler.h"

#include <math.h>

enum { DIMS = 3, MOST = 3000, MAX_STEP = 27 };
static const hone_dim dim = { .size = sizeof dim, .type = HONE_DIM_REAL, .key = "x", .max = 1 };
static const hone_dim *const dims[] = { &dim, &dim, &dim };
static const hone_space space = { sizeof space, DIMS, dims, 0, 0, NULL };

struct told {
    double x[DIMS];
    int64_t step, until;
    int state; /* 1: runs, 2: paused, 3: over */
};
struct world {
    fake_plugin plugin;
    const hone_search_v1 *search;
    const hone_scheduler_v1 *scheduler;
    struct told trials[MOST];
    uint64_t n, budget;
    int64_t spent;   /* steps */
    double best;     /* at the last step */
    uint32_t offset; /* objectives before the one that counts, whose values are the worst */
};

static double value(const double *x, int64_t step)
{
    double v = 0;
    for (int i = 0; i < DIMS; i++)
        v += (x[i] - 0.3) * (x[i] - 0.3);
    return v + 0.1 * (1 - (double)step / MAX_STEP) * x[0];
}

/* ---- a study, one worker after the other ---- */
static hone_rc begin(struct world *w, const char *name, const char *settings, uint64_t seed)
{
    const hone_component *c = fake_component(HONE_KIND_SCHEDULER, name);
    const hone_scheduler_info info = { sizeof info, 1, MAX_STEP, 0, &space, seed, NULL };
    const hone_search_info search_info = { .size = sizeof search_info, .n_values = 1, .max_step = MAX_STEP };
    memset(w, 0, sizeof *w);
    w->best = HUGE_VAL;
    CU_ASSERT_EQUAL_FATAL(fake_plugin_init(&w->plugin, c, seed, settings), HONE_OK);
    w->search = (const hone_search_v1 *)c->get_ext(HONE_KIND_SEARCH);
    w->scheduler = (const hone_scheduler_v1 *)c->iface;
    const hone_rc rc = w->search->open(w->plugin.self, &space, &search_info, &w->plugin.err);
    return rc < 0 ? rc : w->scheduler->open(w->plugin.self, &info, &w->plugin.err);
}

static void tell(struct world *w, uint64_t trial, uint32_t status)
{
    struct told *t = &w->trials[trial];
    const double v[2] = { status == HONE_FAILED ? (double)NAN
                          : w->offset           ? -value(t->x, t->step)
                                                : value(t->x, t->step),
                          status == HONE_FAILED ? (double)NAN : value(t->x, t->step) };
    const hone_outcome o = { .size = sizeof o,
                             .status = status == HONE_PAUSED ? (uint32_t)HONE_PRUNED : status,
                             .trial = trial,
                             .x = t->x,
                             .values = v,
                             .n_values = 1 + w->offset,
                             .step = t->step };
    CU_ASSERT_EQUAL_FATAL(w->search->tell(w->plugin.self, &o, &w->plugin.err), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(w->scheduler->finish(w->plugin.self, trial, status, v, &w->plugin.err), HONE_OK);
    t->state = status == HONE_PAUSED ? 2 : 3;
}

/* 0: nothing to do. fail_every: so many trials fail at once, one after each. */
static int turn(struct world *w, uint64_t fail_every)
{
    hone_order order = { sizeof order, HONE_ORDER_START, w->n, 0, 0, NULL, w->n < w->budget, 0 };
    const hone_rc rc = w->scheduler->next(w->plugin.self, &order, &w->plugin.err);
    CU_ASSERT_FATAL(rc >= 0);
    if (rc != HONE_OK || (order.what == HONE_ORDER_START && w->n == w->budget))
        return 0;
    struct told *t = &w->trials[order.trial];
    if (order.what == HONE_ORDER_START) {
        CU_ASSERT_EQUAL_FATAL(w->search->ask(w->plugin.self, w->n, t->x, &w->plugin.err), HONE_OK);
        w->n++;
    } else {
        CU_ASSERT_EQUAL_FATAL(t->state, 2);
    }
    t->until = order.until ? order.until : MAX_STEP;
    CU_ASSERT_FATAL(t->until > t->step);
    if (fail_every && order.what == HONE_ORDER_START && order.trial % fail_every == 1) {
        tell(w, order.trial, HONE_FAILED);
        return 1;
    }
    uint32_t verdict = HONE_CONTINUE;
    while (t->step < t->until) {
        w->spent++;
        t->step++;
        const double v[2] = { w->offset ? -value(t->x, t->step) : value(t->x, t->step), value(t->x, t->step) };
        const hone_report r = { sizeof r, 1 + w->offset, order.trial, t->step, v, t->x, NULL };
        CU_ASSERT_EQUAL_FATAL(w->scheduler->report(w->plugin.self, &r, &verdict, &w->plugin.err), HONE_OK);
    }
    if (t->step == MAX_STEP && value(t->x, MAX_STEP) < w->best)
        w->best = value(t->x, MAX_STEP);
    tell(w, order.trial, t->step == MAX_STEP ? HONE_COMPLETE : verdict == HONE_STOP ? HONE_PRUNED : HONE_PAUSED);
    return 1;
}

static struct world world;

static void test_dehb_has_the_budgets_of_hyperband_and_then_evolves(void)
{
    struct world *w = &world;
    /* brackets of R = 27: 27 -> 9 -> 3 -> 1, 12 -> 4 -> 1, 6 -> 2, 4; after them as many new points at each rung */
    const uint64_t once = 27 + 12 + 6 + 4;
    uint64_t at[MAX_STEP + 1] = { 0 };
    CU_ASSERT_EQUAL(begin(w, "dehb", "populations=per_budget", 1), HONE_OK);
    w->budget = once;
    while (turn(w, 0))
        ;
    for (uint64_t i = 0; i < w->n; i++)
        at[w->trials[i].step]++;
    CU_ASSERT_EQUAL(at[27], 1 + 1 + 2 + 4);
    CU_ASSERT_EQUAL(at[1], 18);
    const uint64_t second = 27 + 9 + 3 + 1;
    w->budget = once + second;
    while (turn(w, 0))
        ;
    memset(at, 0, sizeof at);
    for (uint64_t i = once; i < w->n; i++) {
        at[w->trials[i].step]++;
        CU_ASSERT_EQUAL(w->trials[i].state, 3); /* nobody waits to be promoted */
    }
    CU_ASSERT(at[1] == 27 && at[3] == 9 && at[9] == 3 && at[27] == 1);
    fake_plugin_release(&w->plugin);
}

static void test_dehb_finds_more_than_chance(void)
{
    struct world *w = &world;
    double sum = 0, chance = 0;
    for (uint64_t seed = 0; seed < 10; seed++) {
        hone_rng rng = hone_rng_at(seed, 77);
        double best = HUGE_VAL;
        CU_ASSERT_EQUAL(begin(w, "dehb", "populations=per_budget", seed), HONE_OK);
        w->budget = MOST;
        while (w->spent < 80 * MAX_STEP && turn(w, seed % 2 ? 11 : 0))
            ;
        for (int k = 0; k < 80; k++) {
            const double x[DIMS] = { hone_rng_uniform(&rng), hone_rng_uniform(&rng), hone_rng_uniform(&rng) };
            best = fmin(best, value(x, MAX_STEP));
        }
        sum += w->best;
        chance += best;
        fake_plugin_release(&w->plugin);
    }
    CU_ASSERT(sum < chance / 3);
}

static void test_the_same_again(void)
{
    static const char *const names[] = { "bohb", "dehb" }, *const settings[] = { "", "populations=per_budget" };
    static struct told first[300];
    struct world *w = &world;
    for (int k = 0; k < 2; k++) {
        CU_ASSERT_EQUAL(begin(w, names[k], settings[k], 5), HONE_OK);
        for (w->budget = 300; turn(w, 7);)
            ;
        CU_ASSERT_EQUAL(w->n, 300);
        memcpy(first, w->trials, sizeof first);
        fake_plugin_release(&w->plugin);
        CU_ASSERT_EQUAL(begin(w, names[k], settings[k], 5), HONE_OK);
        for (w->budget = 300; turn(w, 7);)
            ;
        CU_ASSERT(!memcmp(first, w->trials, sizeof first));
        fake_plugin_release(&w->plugin);
    }
}

/* ---- populations = one ---- */

static struct made_up { /* the search: what it was asked and told */
    uint64_t asked[MOST], told[MOST], n_values, n_wrong;
    int open;
} made_up;

static hone_rc made_up_open(void *self, const hone_space *of, const hone_search_info *info, hone_error *err)
{
    struct made_up *m = (struct made_up *)self;
    (void)err;
    m->n_wrong += of != &space || info->n_values != 1 || info->max_step != MAX_STEP;
    return HONE_OK;
}

static hone_rc made_up_ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    struct made_up *m = (struct made_up *)self;
    (void)err;
    m->asked[trial]++;
    for (int i = 0; i < DIMS; i++)
        x[i] = 0.3 + 1e-4 * (double)trial;
    return HONE_OK;
}

static hone_rc made_up_tell(void *self, const hone_outcome *o, hone_error *err)
{
    struct made_up *m = (struct made_up *)self;
    (void)err;
    m->told[o->trial]++;
    m->n_wrong += o->n_values != 1 || (o->status != HONE_FAILED && fabs(o->values[0] - value(o->x, o->step)) > 0);
    return HONE_OK;
}

static const hone_search_v1 made_up_search = { sizeof made_up_search, 0, made_up_open, made_up_ask, made_up_tell };
static const hone_component made_up_component = {
    .size = sizeof made_up_component, .kind = HONE_KIND_SEARCH, .name = "made_up", .iface = &made_up_search
};

static hone_rc host_open(const hone_host *host, const char *kind, const char *name, hone_instance *instance,
                         hone_error *err)
{
    (void)host;
    memset(instance, 0, sizeof *instance);
    if (strcmp(kind, HONE_KIND_SEARCH) != 0 || strcmp(name, "differential_evolution") != 0 || made_up.open < 0)
        return hone_fail(err, HONE_ENOTSUP, "", "no search '%s'", name);
    made_up.open++;
    instance->self = &made_up;
    instance->component = &made_up_component;
    return HONE_OK;
}

static void host_close(const hone_host *host, hone_instance *instance)
{
    (void)host;
    made_up.open -= instance->self != NULL;
    memset(instance, 0, sizeof *instance);
}

static const void *host_ext(const hone_host *host, const char *id)
{
    static const hone_compose_v1 compose = { sizeof compose, 0, host_open, host_close, NULL };
    (void)host;
    return strcmp(id, HONE_EXT_COMPOSE) ? NULL : &compose;
}

/* `begin` with a host that composes, of a study whose second objective counts. */
static hone_rc begin_composed(struct world *w)
{
    const hone_component *c = fake_component(HONE_KIND_SCHEDULER, "dehb");
    const hone_scheduler_info info = { sizeof info, 2, MAX_STEP, 0, &space, 1, NULL };
    const hone_search_info search_info = { .size = sizeof search_info, .n_values = 2, .max_step = MAX_STEP };
    memset(w, 0, sizeof *w);
    CU_ASSERT_EQUAL_FATAL(fake_plugin_init(&w->plugin, c, 1, "objective=2"), HONE_OK);
    c->destroy(w->plugin.self);
    w->plugin.host.host.get_ext = host_ext;
    CU_ASSERT_EQUAL_FATAL(c->create(&w->plugin.host.host, &w->plugin.info, &w->plugin.self, &w->plugin.err), HONE_OK);
    w->search = (const hone_search_v1 *)c->get_ext(HONE_KIND_SEARCH);
    w->scheduler = (const hone_scheduler_v1 *)c->iface;
    w->offset = 1;
    const hone_rc rc = w->search->open(w->plugin.self, &space, &search_info, &w->plugin.err);
    return rc < 0 ? rc : w->scheduler->open(w->plugin.self, &info, &w->plugin.err);
}

/* The search is asked for every point and hears of every pause and end; the brackets are hyperband's again and again. */
static void test_one_population_hears_everything(void)
{
    struct world *w = &world;
    const uint64_t once = 27 + 12 + 6 + 4;
    memset(&made_up, 0, sizeof made_up);
    CU_ASSERT_EQUAL_FATAL(begin_composed(w), HONE_OK);
    CU_ASSERT_EQUAL(made_up.open, 1);
    for (w->budget = 3 * once; turn(w, 0);)
        ;
    CU_ASSERT_EQUAL(w->n, 3 * once);
    CU_ASSERT_EQUAL(made_up.n_wrong, 0);
    for (uint64_t i = 0; i < w->n; i++) {
        static const uint64_t stops[MAX_STEP + 1] = { [1] = 1, [3] = 2, [9] = 3, [27] = 4 };
        const uint64_t at = i % once, first = at < 27 ? 0 : at < 27 + 12 ? 1 : at < 27 + 12 + 6 ? 2 : 3;
        CU_ASSERT_EQUAL(made_up.asked[i], 1);
        CU_ASSERT_EQUAL(made_up.told[i], stops[w->trials[i].step] - first);
        CU_ASSERT_EQUAL(w->trials[i].state, w->trials[i].step < MAX_STEP ? 2 : 3);
    }
    for (uint64_t k = 0; k < 3; k++) { /* those that are least come through: x grows from 0.3 on */
        uint64_t complete = 0;
        for (uint64_t i = k * once; i < (k + 1) * once; i++)
            complete += w->trials[i].step == MAX_STEP;
        CU_ASSERT_EQUAL(complete, 1 + 1 + 2 + 4);
        CU_ASSERT_EQUAL(w->trials[k * once].step, MAX_STEP);
    }
    fake_plugin_release(&w->plugin);
    CU_ASSERT_EQUAL(made_up.open, 0);
}

static void test_the_search_is_not_there(void)
{
    struct world *w = &world;
    memset(&made_up, 0, sizeof made_up);
    made_up.open = -1;
    CU_ASSERT_EQUAL(begin_composed(w), HONE_ENOTSUP);
    CU_ASSERT_STRING_EQUAL(w->plugin.err.msg, "search = differential_evolution: no search 'differential_evolution'");
    fake_plugin_release(&w->plugin);
}

SUITE(TEST(test_one_population_hears_everything), TEST(test_the_search_is_not_there),
      TEST(test_dehb_has_the_budgets_of_hyperband_and_then_evolves), TEST(test_dehb_finds_more_than_chance),
      TEST(test_the_same_again))
