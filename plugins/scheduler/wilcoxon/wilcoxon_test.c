/* SPDX-License-Identifier: MIT */
/* Tests of the signed-rank test against SciPy, and of scheduler/wilcoxon against an independent reference that keeps every
 * report and counts all signs, after the text of Optuna's _wilcoxon.py. */
#include "fake_host.h"
#include "harness.h"
#include "hone/rng.h"
#include "hone/scheduler.h"
#include "hone/signed_rank.h"
#include "reference.h"

enum { TRIALS = 60, FOLDS = 10 };

static void test_p_values_are_scipys(void)
{
    for (size_t i = 0; i < sizeof reference / sizeof *reference; i++) {
        hone_signed_rank test;
        CU_ASSERT_EQUAL(hone_signed_rank_test(reference[i].differences, reference[i].n, HONE_ZEROS_SPLIT, &test, NULL),
                        HONE_OK);
        CU_ASSERT_DOUBLE_EQUAL(test.upper, reference[i].p, 1e-12);
    }
}

static const hone_scheduler_v1 *iface(void)
{
    return (const hone_scheduler_v1 *)fake_component(HONE_KIND_SCHEDULER, "wilcoxon")->iface;
}

static hone_rc start(fake_plugin *p, uint32_t n_values, const char *settings)
{
    const hone_scheduler_info info = { sizeof info, n_values, FOLDS, TRIALS, NULL, 0, NULL };
    const hone_rc rc = fake_plugin_init(p, fake_component(HONE_KIND_SCHEDULER, "wilcoxon"), 1, settings);
    return rc < 0 ? rc : iface()->open(p->self, &info, &p->err);
}

static uint32_t say(fake_plugin *p, uint64_t trial, int64_t step, double value)
{
    const hone_report r = { sizeof r, 1, trial, step, &value, NULL };
    uint32_t verdict = 99;
    CU_ASSERT_EQUAL(iface()->report(p->self, &r, &verdict, &p->err), HONE_OK);
    return verdict;
}

static void end(fake_plugin *p, uint64_t trial, uint32_t status, double value)
{
    CU_ASSERT_EQUAL(iface()->finish(p->self, trial, status, &value, &p->err), HONE_OK);
}

/* ---- the reference: every report, NaN where there is none ---- */
struct world {
    double values[TRIALS][FOLDS], final[TRIALS];
    int complete[TRIALS];
};

static double p_by_counting(const double *d, int n)
{
    double ranks[FOLDS], w = 0;
    int beyond = 0;
    for (int i = 0; i < n; i++) {
        int less = 0, equal = 0;
        for (int k = 0; k < n; k++) {
            less += fabs(d[k]) < fabs(d[i]);
            equal += fabs(d[k]) == fabs(d[i]);
        }
        ranks[i] = less + (equal + 1) / 2.0;
        w += d[i] > 0 ? ranks[i] : d[i] < 0 ? 0 : ranks[i] / 2;
    }
    for (int signs = 0; signs < 1 << n; signs++) {
        double sum = 0;
        for (int i = 0; i < n; i++)
            sum += d[i] == 0 ? ranks[i] / 2 : signs >> i & 1 ? ranks[i] : 0;
        beyond += sum >= w;
    }
    return (double)beyond / (1 << n);
}

static int reference_stops(const struct world *w, int trial, double threshold, int startup)
{
    double d[FOLDS], mean = 0, best_mean = 0;
    int best = -1, n = 0, own = 0, theirs = 0, finite = 1;
    for (int i = 0; i < TRIALS; i++)
        if (w->complete[i] && (best < 0 || w->final[i] < w->final[best]))
            best = i;
    if (best < 0)
        return 0;
    for (int k = 0; k < FOLDS; k++) {
        const double x = w->values[trial][k], y = w->values[best][k];
        if (!isnan(x)) {
            mean += x;
            own++;
            finite &= isfinite(x);
        }
        if (!isnan(y)) {
            best_mean += y;
            theirs++;
            finite &= isfinite(y);
        }
        if (!isnan(x) && !isnan(y))
            d[n++] = x - y;
    }
    if (!finite || n < (startup > 2 ? startup : 2) || mean / own <= best_mean / theirs)
        return 0;
    return p_by_counting(d, n) < threshold;
}

/* Trials of several folds, some of them left out; coarse values, so that there are ties and zeros. */
static void run(uint64_t seed, const char *settings, double threshold, int startup)
{
    static struct world w;
    fake_plugin p;
    unsigned stopped = 0;
    CU_ASSERT_EQUAL_FATAL(start(&p, 1, settings), HONE_OK);
    memset(&w, 0, sizeof w);
    for (int t = 0; t < TRIALS; t++)
        for (int k = 0; k < FOLDS; k++)
            w.values[t][k] = (double)NAN;
    for (int t = 0; t < TRIALS; t++) {
        hone_rng rng = hone_rng_at(seed, (uint64_t)t);
        const double level = 4 * hone_rng_uniform(&rng), gaps = t % 3 ? 0 : 0.2;
        uint32_t verdict = HONE_CONTINUE;
        double sum = 0;
        int n = 0;
        for (int k = 0; k < FOLDS && verdict == HONE_CONTINUE; k++) {
            if (hone_rng_uniform(&rng) < gaps)
                continue;
            const double value = t % 17 == 5 && k == 3 ? HUGE_VAL
                                                       : floor(2 * (level + 3 * hone_rng_normal(&rng) + k % 4)) / 2;
            w.values[t][k] = value;
            sum += value;
            n++;
            verdict = say(&p, (uint64_t)t, k + 1, value);
            CU_ASSERT_EQUAL(verdict == HONE_STOP, reference_stops(&w, t, threshold, startup));
        }
        stopped += verdict == HONE_STOP;
        w.final[t] = n ? sum / n : 0;
        w.complete[t] = verdict == HONE_CONTINUE && t % 11 != 7; /* the eleventh fails */
        end(&p, (uint64_t)t,
            verdict == HONE_STOP ? HONE_PRUNED
            : w.complete[t]      ? HONE_COMPLETE
                                 : HONE_FAILED,
            w.final[t]);
    }
    CU_ASSERT(stopped > 10 && stopped < TRIALS - 5);
    fake_plugin_release(&p);
}

static void test_rule_is_optunas(void)
{
    for (uint64_t seed = 0; seed < 10; seed++) {
        run(seed, "", 0.1, 2);
        run(seed, "p_threshold=0.3\nn_startup_steps=5", 0.3, 5);
    }
}

/* Four folds that are all worse have p = 1/16; three have 1/8. */
static void test_stops_after_four_worse_folds(void)
{
    fake_plugin p;
    CU_ASSERT_EQUAL_FATAL(start(&p, 1, ""), HONE_OK);
    for (int64_t k = 1; k <= 5; k++)
        CU_ASSERT_EQUAL(say(&p, 0, k, 0.1 * (double)k), HONE_CONTINUE);
    end(&p, 0, HONE_COMPLETE, 0.3);
    for (int64_t k = 1; k <= 4; k++)
        CU_ASSERT_EQUAL(say(&p, 1, k, 0.1 * (double)k + 0.01 * (double)(k + 30)), k < 4 ? HONE_CONTINUE : HONE_STOP);
    end(&p, 1, HONE_PRUNED, 1);
    /* a trial that began again is judged by its newest words */
    for (int64_t k = 1; k <= 3; k++)
        say(&p, 2, k, 9);
    for (int64_t k = 1; k <= 4; k++)
        CU_ASSERT_EQUAL(say(&p, 2, k, 0), HONE_CONTINUE);
    /* in a pause it forgets nothing */
    end(&p, 2, HONE_PAUSED, 0);
    CU_ASSERT_EQUAL(say(&p, 2, 5, 0), HONE_CONTINUE);
    end(&p, 2, HONE_COMPLETE, 0); /* the new best */
    for (int64_t k = 1; k <= 4; k++)
        CU_ASSERT_EQUAL(say(&p, 3, k, 0.05 * (double)k), k < 4 ? HONE_CONTINUE : HONE_STOP);
    fake_plugin_release(&p);
}

static void test_bad_settings(void)
{
    fake_plugin p;
    CU_ASSERT_EQUAL(start(&p, 2, "objective=3"), HONE_ERANGE);
    CU_ASSERT_STRING_EQUAL(p.err.param, "objective");
    fake_plugin_release(&p);
    CU_ASSERT_EQUAL(start(&p, 1, "p_threshold=1.5"), HONE_ERANGE);
    fake_plugin_release(&p);
}

SUITE(TEST(test_p_values_are_scipys), TEST(test_rule_is_optunas), TEST(test_stops_after_four_worse_folds),
      TEST(test_bad_settings))
