/* SPDX-License-Identifier: MIT */
/* Tests of scheduler/pbt: who takes over from whom at a look, that a round's clones move before their donors, and that a
 * clone's point stays in the space. */
#include "fake_host.h"
#include "harness.h"
#include "hone/history.h"
#include "hone/scheduler.h"

enum { POPULATION = 12, STEPS = 6 };
static const hone_dim rate = FAKE_REAL("rate", 1e-4, 1, HONE_DIM_LOG), width = FAKE_INT("width", 1, 64, 1, 0),
                      kind = FAKE_CHOICE("kind", 3, NULL);
static const hone_dim *const dims[] = { &rate, &width, &kind };
static const hone_space space = { sizeof space, 3, dims, 0, 0, NULL };

static const hone_scheduler_v1 *iface(void)
{
    return (const hone_scheduler_v1 *)fake_component(HONE_KIND_SCHEDULER, "pbt")->iface;
}

struct member {
    double x[3], value;
    int64_t step, until;
    int running, paused;
};
struct world {
    fake_plugin plugin;
    struct member members[POPULATION];
    double at_round[POPULATION]; /* values when the round was complete */
    unsigned n, clones;
};

static double score(const struct member *m) /* the lower the rate, the better; falls with the steps */
{
    return log(m->x[0]) - 0.01 * (double)m->step;
}

/* Takes orders until the scheduler has none, with one worker per member if `wide`, else one at a time. */
static int order(struct world *w, int64_t round)
{
    double x[3] = { (double)NAN, (double)NAN, (double)NAN };
    hone_order o = { sizeof o, HONE_ORDER_START, w->n, 0, 0, x, w->n < POPULATION, 0 };
    const hone_rc rc = iface()->next(w->plugin.self, &o, &w->plugin.err);
    CU_ASSERT_FATAL(rc >= 0);
    if (rc != HONE_OK)
        return 0;
    if (o.what == HONE_ORDER_START) {
        hone_rng rng = hone_rng_at(5, w->n);
        struct member *m = &w->members[w->n++];
        hone_space_draw(&space, &rng, m->x);
        m->until = o.until;
        m->running = 1;
        return 1;
    }
    struct member *m = &w->members[o.trial];
    CU_ASSERT_FATAL(m->paused && !m->running);
    CU_ASSERT_EQUAL(m->step, round);
    if (o.what == HONE_ORDER_CLONE) {
        const struct member *donor = &w->members[o.from];
        unsigned better = 0, worse = 0;
        CU_ASSERT(donor->paused && donor->step == round); /* it has not moved on */
        for (unsigned i = 0; i < POPULATION; i++) {
            better += w->at_round[i] < w->at_round[o.from];
            worse += w->at_round[i] > w->at_round[o.trial];
        }
        CU_ASSERT(better < POPULATION / 4);
        CU_ASSERT(worse < POPULATION / 4);
        CU_ASSERT(hone_space_has(&space, x));
        for (uint32_t i = 0; i < 2; i++) /* drawn anew, or a fifth more or less */
            CU_ASSERT(x[i] >= dims[i]->min && x[i] <= dims[i]->max);
        memcpy(m->x, x, sizeof x);
        w->clones++;
    }
    m->paused = 0;
    m->running = 1;
    m->until = o.until;
    return 1;
}

static void advance(struct world *w, unsigned i)
{
    struct member *m = &w->members[i];
    uint32_t verdict;
    m->step++;
    m->value = score(m);
    const hone_report r = { sizeof r, 1, i, m->step, &m->value, m->x };
    CU_ASSERT_EQUAL(iface()->report(w->plugin.self, &r, &verdict, &w->plugin.err), HONE_OK);
    CU_ASSERT_EQUAL(verdict, HONE_CONTINUE);
    m->running = 0;
    m->paused = m->step < STEPS;
    CU_ASSERT_EQUAL(m->until, m->paused ? m->step : 0);
    CU_ASSERT_EQUAL(
        iface()->finish(w->plugin.self, i, m->paused ? HONE_PAUSED : HONE_COMPLETE, &m->value, &w->plugin.err),
        HONE_OK);
}

static void run(unsigned workers)
{
    static struct world w;
    const hone_scheduler_info info = { sizeof info, 1, STEPS, POPULATION, &space, 3, NULL };
    memset(&w, 0, sizeof w);
    CU_ASSERT_EQUAL_FATAL(fake_plugin_init(&w.plugin, fake_component(HONE_KIND_SCHEDULER, "pbt"), 3, ""), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(iface()->open(w.plugin.self, &info, &w.plugin.err), HONE_OK);
    for (int64_t round = 0; round < STEPS; round++) {
        unsigned moved = 0;
        for (unsigned i = 0; i < POPULATION; i++)
            w.at_round[i] = w.members[i].value;
        while (moved < POPULATION) {
            unsigned running = 0;
            while (running < workers && order(&w, round))
                running++;
            CU_ASSERT_FATAL(running > 0);
            for (unsigned i = 0; i < POPULATION; i++)
                if (w.members[i].running) {
                    advance(&w, i);
                    moved++;
                }
        }
        CU_ASSERT_EQUAL(moved, POPULATION);
    }
    CU_ASSERT_EQUAL(w.clones, 3 * (STEPS - 1)); /* a quarter at every look */
    fake_plugin_release(&w.plugin);
}

static void test_rounds(void)
{
    run(1);
    run(5);
    run(POPULATION);
}

SUITE(TEST(test_rounds))
