/* SPDX-License-Identifier: MIT */
/* Tests of asha, successive_halving and hyperband: promotions against a reference that looks at everything anew each time,
 * sizes of brackets against the paper's table, stragglers, failures and NaN. */
#include "fake_host.h"
#include "harness.h"
#include "virtual_study.h"

#include "hone/rng.h"

enum { MOST = 4000, RUNGS = 5 };
struct world {
    fake_plugin plugin;
    struct virtual_study study;
    uint64_t seed;
    int fail_every, nan_every;
    /* the reference: values at the rungs that trials have arrived at */
    int64_t steps[RUNGS];
    uint32_t n_steps;
    double eta, values[MOST][RUNGS];
    int arrived[MOST][RUNGS], promoted[MOST][RUNGS];
    uint64_t n_resumed, n_wrong;
    int check; /* asha's rule */
};

static double value(void *ctx, uint64_t trial, int64_t step)
{
    const struct world *w = (const struct world *)ctx;
    hone_rng rng = hone_rng_at(w->seed, trial);
    const double level = hone_rng_uniform(&rng), speed = 0.2 + hone_rng_uniform(&rng);
    if (w->fail_every && trial % (uint64_t)w->fail_every == 3 && step == 2 + (int64_t)(trial % 5))
        return HUGE_VAL;
    if (w->nan_every && trial % (uint64_t)w->nan_every == 1)
        return (double)NAN;
    return level + exp(-speed * (double)step);
}

/* Algorithm 2 of the paper: the top rung first; of the best 1/eta of a rung, those that are not promoted yet. */
static int reference_job(const struct world *w, uint64_t *trial, uint32_t *rung)
{
    for (uint32_t k = w->n_steps - 1; k > 0; k--) {
        uint64_t order[MOST], n = 0;
        for (uint64_t t = 0; t < w->study.n; t++)
            if (w->arrived[t][k - 1]) {
                uint64_t i = n++;
                for (; i > 0 && w->values[t][k - 1] < w->values[order[i - 1]][k - 1]; i--)
                    order[i] = order[i - 1];
                order[i] = t;
            }
        for (uint64_t i = 0; i < (uint64_t)((double)n / w->eta); i++)
            if (!w->promoted[order[i]][k - 1] && w->study.table[order[i]].state == VIRTUAL_PAUSED &&
                isfinite(w->values[order[i]][k - 1])) {
                *trial = order[i];
                *rung = k - 1;
                return 1;
            }
    }
    return 0;
}

static void hear(void *ctx, const hone_order *order, uint64_t trial, int64_t step, double v)
{
    struct world *w = (struct world *)ctx;
    if (!order) {
        for (uint32_t k = 0; k < w->n_steps; k++)
            if (w->steps[k] == step) {
                w->arrived[trial][k] = 1;
                w->values[trial][k] = isnan(v) ? HUGE_VAL : v;
            }
        return;
    }
    if (w->check) {
        uint64_t expected = 0;
        uint32_t rung = 0;
        struct virtual_trial *t = &w->study.table[trial]; /* the order has just set it running */
        const enum virtual_state state = t->state;
        if (order->what == HONE_ORDER_RESUME)
            t->state = VIRTUAL_PAUSED;
        const int resumes = reference_job(w, &expected, &rung);
        t->state = state;
        const int ok = resumes ? order->what == HONE_ORDER_RESUME && order->trial == expected
                               : order->what == HONE_ORDER_START;
        /* at the end of a study that completed nothing, the best goes on without having earned it */
        w->n_wrong += !ok && order->may_start;
        if (resumes)
            w->promoted[expected][rung] = 1;
    }
    w->n_resumed += order->what == HONE_ORDER_RESUME;
}

static void begin(struct world *w, const char *name, const char *settings, uint64_t trials, int64_t max_step,
                  uint32_t workers)
{
    const hone_scheduler_info info = { sizeof info, 1, max_step, trials, NULL, 1, NULL };
    const hone_component *component = fake_component(HONE_KIND_SCHEDULER, name);
    CU_ASSERT_EQUAL_FATAL(fake_plugin_init(&w->plugin, component, 1, settings), HONE_OK);
    w->study = (struct virtual_study){ .iface = (const hone_scheduler_v1 *)component->iface,
                                       .self = w->plugin.self,
                                       .err = &w->plugin.err,
                                       .trials = trials,
                                       .max_step = max_step,
                                       .workers = workers,
                                       .value = value,
                                       .hear = hear,
                                       .ctx = w };
    CU_ASSERT_EQUAL_FATAL(w->study.iface->open(w->plugin.self, &info, &w->plugin.err), HONE_OK);
}

static void end(struct world *w)
{
    virtual_study_release(&w->study);
    fake_plugin_release(&w->plugin);
}

static uint64_t count(const struct world *w, enum virtual_state state, int64_t step)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < w->study.n; i++)
        n += w->study.table[i].state == state && (!step || w->study.table[i].step == step);
    return n;
}

static void test_asha_promotes_as_the_paper_says(void)
{
    static struct world w;
    for (uint64_t seed = 0; seed < 20; seed++) {
        memset(&w, 0, sizeof w);
        w.seed = seed;
        w.check = 1;
        w.eta = seed % 2 ? 3 : 4;
        w.fail_every = seed % 3 == 2 ? 7 : 0;
        w.nan_every = seed % 4 == 3 ? 9 : 0;
        w.n_steps = seed % 2 ? 4 : 3;
        for (uint32_t k = 0; k < w.n_steps; k++)
            w.steps[k] = (int64_t)pow(w.eta, k);
        begin(&w, "asha", seed % 2 ? "reduction_factor=3" : "reduction_factor=4", 200, w.steps[w.n_steps - 1],
              1 + (uint32_t)seed);
        virtual_study_run(&w.study);
        CU_ASSERT_EQUAL(w.n_wrong, 0);
        CU_ASSERT_EQUAL(w.study.n, 200);
        CU_ASSERT(w.n_resumed > 30);
        CU_ASSERT(count(&w, VIRTUAL_COMPLETE, 0) > 0);
        CU_ASSERT(count(&w, VIRTUAL_COMPLETE, 0) < 40);
        end(&w);
    }
}

static void test_asha_stop_prunes_at_rungs_only(void)
{
    static struct world w;
    memset(&w, 0, sizeof w);
    begin(&w, "asha", "mode=stop\nreduction_factor=3", 300, 27, 4);
    virtual_study_run(&w.study);
    CU_ASSERT_EQUAL(count(&w, VIRTUAL_PAUSED, 0), 0);
    CU_ASSERT_EQUAL(count(&w, VIRTUAL_PRUNED, 0),
                    count(&w, VIRTUAL_PRUNED, 1) + count(&w, VIRTUAL_PRUNED, 3) + count(&w, VIRTUAL_PRUNED, 9));
    CU_ASSERT(count(&w, VIRTUAL_PRUNED, 1) > 150); /* two thirds, but for the first ones */
    CU_ASSERT(count(&w, VIRTUAL_COMPLETE, 27) > 0);
    end(&w);
}

/* R = 81, eta = 3: n_i and r_i of every bracket (JMLR 18(185), section 3.2, with the formula's n). */
static void test_hyperband_has_the_brackets_of_the_paper(void)
{
    static const uint64_t brackets[5][5] = {
        { 81, 27, 9, 3, 1 }, { 0, 34, 11, 3, 1 }, { 0, 0, 15, 5, 1 }, { 0, 0, 0, 8, 2 }, { 0, 0, 0, 0, 5 }
    };
    static struct world w;
    uint64_t first = 0;
    memset(&w, 0, sizeof w);
    begin(&w, "hyperband", "", 81 + 34 + 15 + 8 + 5, 81, 7);
    virtual_study_run(&w.study);
    for (int b = 0; b < 5; b++) {
        uint64_t started = 0, sums[5] = { 0 };
        for (int k = 0; k < 5; k++)
            started = started ? started : brackets[b][k];
        for (uint64_t i = first; i < first + started; i++) /* a trial that came to 9 was at 1 and 3 too */
            for (int k = 0; k < 5; k++)
                sums[k] += w.study.table[i].step >= (int64_t)pow(3, k);
        for (int k = 0; k < 5; k++)
            if (brackets[b][k])
                CU_ASSERT_EQUAL(sums[k], brackets[b][k]);
        first += started;
    }
    CU_ASSERT_EQUAL(count(&w, VIRTUAL_COMPLETE, 81), 1 + 1 + 1 + 2 + 5);
    end(&w);
}

/* Each promoted trial of a synchronous rung is better than each that is not. */
static void test_successive_halving_keeps_the_best(void)
{
    static struct world w;
    for (uint64_t seed = 0; seed < 10; seed++) {
        memset(&w, 0, sizeof w);
        w.seed = seed;
        w.fail_every = seed % 2 ? 11 : 0;
        begin(&w, "successive_halving", "", 81, 27, 5);
        virtual_study_run(&w.study);
        double worst = -HUGE_VAL, best = HUGE_VAL;
        uint64_t n = 0;
        for (uint64_t i = 0; i < 81; i++) {
            const double v = value(&w, i, 1);
            if (w.study.table[i].step > 1 || w.study.table[i].state == VIRTUAL_FAILED) {
                worst = v > worst && v < HUGE_VAL ? v : worst;
                n++;
            } else {
                best = v < best ? v : best;
            }
        }
        CU_ASSERT(worst <= best);
        CU_ASSERT_EQUAL(n, 27);
        CU_ASSERT(count(&w, VIRTUAL_COMPLETE, 27) >= 1);
        end(&w);
    }
}

/* A budget that ends inside a bracket: what was started goes on in the same proportions, and the study ends. */
static void test_budget_that_ends_inside_a_bracket(void)
{
    static const uint64_t budgets[] = { 1, 2, 5, 10, 30, 90, 100 };
    static const char *const names[] = { "asha", "successive_halving", "hyperband" };
    static struct world w;
    for (size_t i = 0; i < HONE_COUNT(budgets); i++)
        for (size_t k = 0; k < HONE_COUNT(names); k++)
            for (uint32_t workers = 1; workers < 10; workers += 4) {
                memset(&w, 0, sizeof w);
                begin(&w, names[k], k == 1 ? "trials=81" : "", budgets[i], 27, workers);
                virtual_study_run(&w.study);
                CU_ASSERT_EQUAL(w.study.n, budgets[i]);
                CU_ASSERT(count(&w, VIRTUAL_COMPLETE, 27) >= 1); /* the best one comes through in any case */
                end(&w);
            }
}

static void test_asynchronous_brackets_share_the_trials(void)
{
    static struct world w;
    memset(&w, 0, sizeof w);
    begin(&w, "hyperband", "mode=asynchronous", 1430, 81, 16);
    virtual_study_run(&w.study);
    CU_ASSERT_EQUAL(w.study.n, 1430);
    uint64_t at_least[5] = { 0 };
    for (uint64_t i = 0; i < w.study.n; i++)
        for (int k = 0; k < 5; k++)
            at_least[k] += w.study.table[i].step >= (int64_t)pow(3, k);
    CU_ASSERT_EQUAL(at_least[0], 1430);
    /* started at 1, 3, 9, 27, 81 in the proportions 81 : 34 : 15 : 8 : 5 of 143 */
    CU_ASSERT(at_least[1] >= 890 && at_least[1] < 1000); /* 620 start there, 270 are promoted; early ones too easily */
    CU_ASSERT(at_least[4] >= 116 && at_least[4] < 170);
    end(&w);
}

static void test_who_does_not_know_the_end_is_told(void)
{
    static struct world w;
    const hone_scheduler_info info = { sizeof info, 1, 0, 10, NULL, 1, NULL };
    const hone_component *component = fake_component(HONE_KIND_SCHEDULER, "asha");
    memset(&w, 0, sizeof w);
    CU_ASSERT_EQUAL_FATAL(fake_plugin_init(&w.plugin, component, 1, ""), HONE_OK);
    CU_ASSERT_EQUAL(((const hone_scheduler_v1 *)component->iface)->open(w.plugin.self, &info, &w.plugin.err),
                    HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(w.plugin.err.param, "max_resource");
    fake_plugin_release(&w.plugin);
}

/* Two objectives: whoever arrives last of 9 at the first rung decides that 3 may go on; they are those that the fewest
 * others dominate, front by front, peeled off anew here. */
static void test_asha_promotes_fronts(void)
{
    enum { N = 9 };
    const hone_component *component = fake_component(HONE_KIND_SCHEDULER, "asha");
    const hone_scheduler_v1 *iface = (const hone_scheduler_v1 *)component->iface;
    const hone_scheduler_info info = { sizeof info, 2, 9, N, NULL, 1, NULL };
    for (uint64_t seed = 0; seed < 20; seed++) {
        fake_plugin p;
        double v[N][2], none[1] = { (double)NAN };
        int front[N], taken[N] = { 0 }, n_first = 0;
        hone_rng rng = hone_rng_at(17, seed);
        CU_ASSERT_EQUAL_FATAL(fake_plugin_init(&p, component, 1, "objective=0"), HONE_OK);
        CU_ASSERT_EQUAL_FATAL(iface->open(p.self, &info, &p.err), HONE_OK);
        for (uint64_t t = 0; t < N; t++) {
            hone_order o = { sizeof o, HONE_ORDER_START, t, 0, 0, none, 1, 0 };
            CU_ASSERT_EQUAL_FATAL(iface->next(p.self, &o, &p.err), HONE_OK);
            CU_ASSERT_EQUAL(o.what, HONE_ORDER_START);
            for (int k = 0; k < 2; k++)
                v[t][k] = hone_rng_uniform(&rng);
        }
        for (uint64_t t = 0; t < N; t++) {
            uint32_t verdict;
            const hone_report r = { sizeof r, 2, t, 1, v[t], NULL };
            CU_ASSERT_EQUAL(iface->report(p.self, &r, &verdict, &p.err), HONE_OK);
            CU_ASSERT_EQUAL(verdict, HONE_PAUSE);
            CU_ASSERT_EQUAL(iface->finish(p.self, t, HONE_PAUSED, v[t], &p.err), HONE_OK);
            front[t] = -1;
        }
        for (int f = 0, left = N; left; f++) {
            int now[N] = { 0 };
            for (int t = 0; t < N; t++) {
                int beaten = front[t] >= 0;
                for (int o = 0; o < N; o++)
                    beaten |= front[o] < 0 && v[o][0] < v[t][0] && v[o][1] < v[t][1];
                now[t] = !beaten;
            }
            for (int t = 0; t < N; t++)
                if (now[t]) {
                    front[t] = f;
                    left--;
                }
        }
        for (int t = 0; t < N; t++)
            n_first += front[t] == 0;
        for (int i = 0; i < N / 3; i++) {
            hone_order o = { sizeof o, HONE_ORDER_START, N, 0, 0, none, 0, 0 };
            CU_ASSERT_EQUAL_FATAL(iface->next(p.self, &o, &p.err), HONE_OK);
            CU_ASSERT_EQUAL_FATAL(o.what, HONE_ORDER_RESUME);
            CU_ASSERT(!taken[o.trial]);
            taken[o.trial] = 1;
            for (int t = 0; t < N; t++) /* nobody of an earlier front was left behind */
                CU_ASSERT(taken[t] || front[t] >= front[o.trial]);
            if (i < 2 && n_first > 2) /* the ends of the front are the loneliest */
                for (int t = 0; t < N; t++)
                    if (front[t] == 0 && !taken[t])
                        CU_ASSERT((v[o.trial][0] < v[t][0]) != (v[o.trial][1] < v[t][1]));
        }
        fake_plugin_release(&p);
    }
}

SUITE(TEST(test_asha_promotes_fronts), TEST(test_asha_promotes_as_the_paper_says),
      TEST(test_asha_stop_prunes_at_rungs_only), TEST(test_hyperband_has_the_brackets_of_the_paper),
      TEST(test_successive_halving_keeps_the_best), TEST(test_budget_that_ends_inside_a_bracket),
      TEST(test_asynchronous_brackets_share_the_trials), TEST(test_who_does_not_know_the_end_is_told))
