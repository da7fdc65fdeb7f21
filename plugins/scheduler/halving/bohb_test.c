/* SPDX-License-Identifier: MIT */
/* Tests of scheduler/bohb: what its model hears, against a record of all arrivals at rungs; with a host whose search is made
 * up, so that what it hears can be looked at. */
#include "fake_host.h"
#include "harness.h"
#include "virtual_study.h"

#include "hone/compose.h"
#include "hone/rng.h"

enum { MOST = 1500, RUNGS = 4, WORKERS = 5, DIMS = 2 };

static const hone_dim dims_of[DIMS] = { FAKE_REAL("x1", 0, 1, 0), FAKE_REAL("x2", 0, 1, 0) };
static const int64_t steps[RUNGS] = { 1, 3, 9, 27 };

/* All that happened, and all that models were told. */
static struct world {
    uint64_t seed, needed;
    int fail_every;
    double arrived[MOST][RUNGS]; /* NaN: has not; infinite: failed on the way there */
    uint64_t counts[RUNGS];      /* that came and did not fail */
    struct virtual_study study;
    uint64_t asked, switches, n_wrong;
} w;

/* ---- the model ---- */
struct model {
    int told[MOST], running[MOST];
    double values[MOST];
    uint64_t n_running;
};
static struct model *models[2]; /* alive */

static hone_rc model_open(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    (void)self;
    (void)space;
    (void)info;
    (void)err;
    return HONE_OK;
}

static int highest(void)
{
    int level = -1;
    for (int k = 0; k < RUNGS; k++)
        if (w.counts[k] >= w.needed)
            level = k;
    return level;
}

/* Everything that came to the highest rung with enough, and nothing else. */
static hone_rc model_ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    struct model *m = (struct model *)self;
    const int level = highest();
    (void)err;
    CU_ASSERT_FATAL(level >= 0);
    for (uint64_t t = 0; t < trial; t++) {
        const double value = w.arrived[t][level];
        w.n_wrong += m->told[t] != !isnan(value);
        w.n_wrong += m->told[t] == 1 && isfinite(value) && m->values[t] != value;
        /* running is what it proposed and what has not come to its first rung */
        w.n_wrong += m->running[t] && (w.study.table[t].state != VIRTUAL_RUNNING ||
                                       (w.study.table[t].until && w.study.table[t].step >= w.study.table[t].until));
    }
    w.asked++;
    m->running[trial] = 1;
    m->n_running++;
    CU_ASSERT(m->n_running <= WORKERS);
    for (uint32_t i = 0; i < DIMS; i++)
        x[i] = 0.5;
    x[0] = 0.25 + 0.0001 * (double)trial;
    return HONE_OK;
}

static hone_rc model_tell(void *self, const hone_outcome *o, hone_error *err)
{
    struct model *m = (struct model *)self;
    (void)err;
    w.n_wrong += m->told[o->trial] != 0; /* once is enough */
    w.n_wrong += o->status != HONE_COMPLETE && o->status != HONE_FAILED;
    m->told[o->trial] = 1;
    m->values[o->trial] = o->status == HONE_FAILED ? HUGE_VAL : o->values[0];
    m->n_running -= (uint64_t)m->running[o->trial];
    m->running[o->trial] = 0;
    return HONE_OK;
}

static hone_rc model_forget(void *self, uint64_t trial, hone_error *err)
{
    struct model *m = (struct model *)self;
    (void)err;
    w.n_wrong += !m->running[trial];
    m->n_running -= (uint64_t)m->running[trial];
    m->running[trial] = 0;
    return HONE_OK;
}

static const void *model_ext(const char *id)
{
    static const hone_forget_v1 forget = { sizeof forget, 0, model_forget };
    return strcmp(id, HONE_EXT_FORGET) ? NULL : &forget;
}

static const hone_search_v1 model_search = { sizeof model_search, 0, model_open, model_ask, model_tell };
static const hone_component model_component = { .size = sizeof model_component,
                                                .kind = HONE_KIND_SEARCH,
                                                .name = "made_up",
                                                .iface = &model_search,
                                                .get_ext = model_ext };

/* ---- the host ---- */
static hone_rc host_open(const hone_host *host, const char *kind, const char *name, hone_instance *instance,
                         hone_error *err)
{
    (void)host;
    memset(instance, 0, sizeof *instance);
    if (strcmp(kind, "search/1") != 0 || strcmp(name, "tpe") != 0)
        return hone_fail(err, HONE_ENOTSUP, "", "no search '%s'", name);
    for (int i = 0; i < 2; i++)
        if (!models[i]) {
            models[i] = (struct model *)calloc(1, sizeof **models);
            instance->self = models[i];
            instance->component = &model_component;
            w.switches++;
            return HONE_OK;
        }
    return hone_fail(err, HONE_EFAIL, "", "too many are open");
}

static void host_close(const hone_host *host, hone_instance *instance)
{
    (void)host;
    for (int i = 0; i < 2; i++)
        if (instance->self && models[i] == instance->self) {
            free(models[i]);
            models[i] = NULL;
        }
    memset(instance, 0, sizeof *instance);
}

static void host_note(const hone_host *host, const char *text)
{
    (void)host;
    (void)text;
}

static const void *host_ext(const hone_host *host, const char *id)
{
    static const hone_compose_v1 compose = { sizeof compose, 0, host_open, host_close, host_note };
    (void)host;
    return strcmp(id, HONE_EXT_COMPOSE) ? NULL : &compose;
}

/* ---- the study ---- */
static double value(void *ctx, uint64_t trial, int64_t step)
{
    hone_rng rng = hone_rng_at(w.seed, trial);
    const double level = hone_rng_uniform(&rng);
    (void)ctx;
    if (w.fail_every && trial % (uint64_t)w.fail_every == 3 && step == 1 + (int64_t)(trial / 7 % 5)) {
        for (int k = 0; k < RUNGS; k++)
            if (isnan(w.arrived[trial][k])) { /* the rung it was to come to */
                if (w.study.table[trial].until ? steps[k] == w.study.table[trial].until : k == RUNGS - 1)
                    w.arrived[trial][k] = HUGE_VAL;
            }
        return HUGE_VAL;
    }
    return level + exp(-0.2 * (double)step);
}

static void hear(void *ctx, const hone_order *order, uint64_t trial, int64_t step, double v)
{
    (void)ctx;
    if (order)
        return;
    for (int k = 0; k < RUNGS; k++)
        if (steps[k] == step && step == (w.study.table[trial].until ? w.study.table[trial].until : steps[RUNGS - 1])) {
            w.arrived[trial][k] = v;
            w.counts[k]++;
        }
}

static hone_rc start(fake_plugin *p, const char *settings, uint64_t trials, fake_space *space)
{
    const hone_component *component = fake_component(HONE_KIND_SCHEDULER, "bohb");
    const hone_search_v1 *search = (const hone_search_v1 *)component->get_ext(HONE_KIND_SEARCH);
    const hone_scheduler_v1 *scheduler = (const hone_scheduler_v1 *)component->iface;
    const hone_space *view = fake_space_init(space, dims_of, DIMS, NULL, 0);
    const hone_search_info search_info = { sizeof search_info, 1, 0, 0, trials, 27, NULL };
    const hone_scheduler_info info = { sizeof info, 1, 27, trials, view, 1, NULL };
    hone_rc rc = fake_plugin_init(p, component, 1, settings);
    if (rc < 0)
        return rc;
    component->destroy(p->self); /* once more, with a host that composes */
    p->host.host.get_ext = host_ext;
    if ((rc = component->create(&p->host.host, &p->info, &p->self, &p->err)) < 0 ||
        (rc = search->open(p->self, view, &search_info, &p->err)) < 0)
        return rc;
    w.study = (struct virtual_study){ .iface = scheduler,
                                      .self = p->self,
                                      .err = &p->err,
                                      .trials = trials,
                                      .max_step = 27,
                                      .workers = WORKERS,
                                      .value = value,
                                      .hear = hear,
                                      .search = search,
                                      .n_dims = DIMS };
    return scheduler->open(p->self, &info, &p->err);
}

static void run(uint64_t seed, const char *settings, uint64_t needed, double share, int fail_every)
{
    const uint64_t trials = 600;
    fake_plugin p;
    fake_space space;
    uint64_t drawn = 0;
    memset(&w, 0, sizeof w);
    w.seed = seed;
    w.needed = needed;
    w.fail_every = fail_every;
    for (int t = 0; t < MOST; t++)
        for (int k = 0; k < RUNGS; k++)
            w.arrived[t][k] = (double)NAN;
    CU_ASSERT_EQUAL_FATAL(start(&p, settings, trials, &space), HONE_OK);
    virtual_study_run(&w.study);
    CU_ASSERT_EQUAL(w.n_wrong, 0);
    CU_ASSERT(w.switches >= 3 && w.switches <= RUNGS);
    for (uint64_t t = 0; t < trials; t++)
        drawn += fabs(w.study.x[t * DIMS + 1] - 0.5) > 0 &&
                 fabs(w.study.x[t * DIMS] - 0.25 - 0.0001 * (double)t) > 1e-12;
    CU_ASSERT_EQUAL(drawn, trials - w.asked);
    CU_ASSERT_DOUBLE_EQUAL((double)w.asked / (double)(trials - 30), 1 - share, 0.06); /* the first ones have no model */
    virtual_study_release(&w.study);
    fake_plugin_release(&p);
    CU_ASSERT(!models[0] && !models[1]);
}

static void test_model_hears_the_highest_rung_with_enough(void)
{
    for (uint64_t seed = 0; seed < 5; seed++) {
        run(seed, "", 10, 1 / 3.0, 0);
        run(seed, "mode=asynchronous", 10, 1 / 3.0, 11);
        run(seed, "min_points=20\nrandom_fraction=0.1", 22, 0.1, 7);
    }
}

static void test_model_that_is_not_there(void)
{
    fake_plugin p;
    fake_space space;
    CU_ASSERT_EQUAL(start(&p, "model=tpee", 10, &space), HONE_ENOTSUP);
    CU_ASSERT_STRING_EQUAL(p.err.param, "model");
    CU_ASSERT_STRING_EQUAL(p.err.msg, "model = tpee: no search 'tpee'");
    fake_plugin_release(&p);
}

SUITE(TEST(test_model_hears_the_highest_rung_with_enough), TEST(test_model_that_is_not_there))
