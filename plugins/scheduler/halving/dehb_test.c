/* SPDX-License-Identifier: MIT */
/* Tests of dehb: whole studies in memory on a problem whose low fidelities are another one; its brackets and members. */
#include "fake_host.h"
#include "harness.h"

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
    int64_t spent; /* steps */
    double best;   /* at the last step */
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
    const double v = status == HONE_FAILED ? (double)NAN : value(t->x, t->step);
    const hone_outcome o = { .size = sizeof o,
                             .status = status == HONE_PAUSED ? (uint32_t)HONE_PRUNED : status,
                             .trial = trial,
                             .x = t->x,
                             .values = &v,
                             .n_values = 1,
                             .step = t->step };
    CU_ASSERT_EQUAL_FATAL(w->search->tell(w->plugin.self, &o, &w->plugin.err), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(w->scheduler->finish(w->plugin.self, trial, status, &v, &w->plugin.err), HONE_OK);
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
        const double v = value(t->x, t->step);
        const hone_report r = { sizeof r, 1, order.trial, t->step, &v, t->x, NULL };
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
    CU_ASSERT_EQUAL(begin(w, "dehb", "", 1), HONE_OK);
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
        CU_ASSERT_EQUAL(begin(w, "dehb", "", seed), HONE_OK);
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
    static const char *const names[] = { "bohb", "dehb" };
    static struct told first[300];
    struct world *w = &world;
    for (int k = 0; k < 2; k++) {
        CU_ASSERT_EQUAL(begin(w, names[k], "", 5), HONE_OK);
        for (w->budget = 300; turn(w, 7);)
            ;
        CU_ASSERT_EQUAL(w->n, 300);
        memcpy(first, w->trials, sizeof first);
        fake_plugin_release(&w->plugin);
        CU_ASSERT_EQUAL(begin(w, names[k], "", 5), HONE_OK);
        for (w->budget = 300; turn(w, 7);)
            ;
        CU_ASSERT(!memcmp(first, w->trials, sizeof first));
        fake_plugin_release(&w->plugin);
    }
}

SUITE(TEST(test_dehb_has_the_budgets_of_hyperband_and_then_evolves), TEST(test_dehb_finds_more_than_chance),
      TEST(test_the_same_again))
