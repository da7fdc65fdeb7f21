/* SPDX-License-Identifier: MIT */
/* Tests of scheduler/median against an independent reference that keeps every report and follows the text of Optuna's
 * _percentile.py (percentile 50, direction minimize) line by line, steps shifted by one. */
#include "fake_host.h"
#include "harness.h"
#include "hone/rng.h"
#include "hone/scheduler.h"

static const char *name = "median"; /* the component under test */
static double percent = 50;

static const hone_scheduler_v1 *iface(void)
{
    return (const hone_scheduler_v1 *)fake_component(HONE_KIND_SCHEDULER, name)->iface;
}

static hone_rc start(fake_plugin *p, uint32_t n_values, const char *settings)
{
    const hone_scheduler_info info = { sizeof info, n_values, 0, 0, NULL, 0, NULL };
    const hone_rc rc = fake_plugin_init(p, fake_component(HONE_KIND_SCHEDULER, name), 1, settings);
    return rc < 0 ? rc : iface()->open(p->self, &info, &p->err);
}

static uint32_t say(fake_plugin *p, uint64_t trial, int64_t step, double value)
{
    const hone_report r = { sizeof r, 1, trial, step, &value, NULL };
    uint32_t verdict = 99;
    CU_ASSERT_EQUAL(iface()->report(p->self, &r, &verdict, &p->err), HONE_OK);
    return verdict;
}

static void end(fake_plugin *p, uint64_t trial, uint32_t status)
{
    const double value = 0;
    CU_ASSERT_EQUAL(iface()->finish(p->self, trial, status, &value, &p->err), HONE_OK);
}

enum { TRIALS = 120, STEPS = 24 };
struct reference {
    double values[TRIALS][STEPS]; /* NaN may be a report */
    int reported[TRIALS][STEPS], complete[TRIALS];
    int n_startup_trials, n_warmup_steps, interval_steps, n_min_trials;
};

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Optuna's PercentilePruner.prune for a trial whose last report is at zero-based `step` */
static int reference_prunes(const struct reference *r, int trial, int step)
{
    int n_complete = 0, second_last = -1, n = 0;
    double best = (double)NAN, there[TRIALS];
    for (int t = 0; t < TRIALS; t++)
        n_complete += r->complete[t];
    if (n_complete == 0 || n_complete < r->n_startup_trials || step < r->n_warmup_steps)
        return 0;
    const int nearest_lower = (step - r->n_warmup_steps) / r->interval_steps * r->interval_steps + r->n_warmup_steps;
    for (int s = 0; s < step; s++)
        if (r->reported[trial][s])
            second_last = s;
    if (second_last >= nearest_lower)
        return 0;
    for (int s = 0; s <= step; s++)
        if (r->reported[trial][s] && !isnan(r->values[trial][s]) && !(r->values[trial][s] >= best))
            best = r->values[trial][s];
    if (isnan(best))
        return 1;
    for (int t = 0; t < TRIALS; t++)
        if (r->complete[t] && r->reported[t][step] && !isnan(r->values[t][step]))
            there[n++] = r->values[t][step];
    if (n < r->n_min_trials || !n)
        return 0;
    qsort(there, (size_t)n, sizeof *there, compare);
    if (percent < 50) { /* numpy.percentile, method linear */
        const double rank = percent * (n - 1) / 100;
        const int i = (int)floor(rank);
        return best > (i + 1 < n ? (1 - (rank - i)) * there[i] + (rank - i) * there[i + 1] : there[i]);
    }
    return best > (n % 2 ? there[n / 2] : (there[n / 2 - 1] + there[n / 2]) / 2);
}

static void run_against_reference(uint64_t seed, int startup, int warmup, int interval, int min_trials, unsigned *stops)
{
    static struct reference r;
    char settings[200];
    fake_plugin p;
    hone_rng rng = hone_rng_at(seed, 0);
    int at[8], trial[8], next = 0;
    memset(&r, 0, sizeof r);
    r.n_startup_trials = startup;
    r.n_warmup_steps = warmup;
    r.interval_steps = interval;
    r.n_min_trials = min_trials;
    snprintf(settings, sizeof settings,
             "n_startup_trials=%d\nn_warmup_steps=%d\ninterval_steps=%d\nn_min_trials=%d%s%.0f", startup, warmup,
             interval, min_trials, percent < 50 ? "\npercentile=" : "\nobjective=", percent < 50 ? percent : 1);
    CU_ASSERT_EQUAL(start(&p, 1, settings), HONE_OK);
    for (int w = 0; w < 8; w++) {
        trial[w] = next++;
        at[w] = 0;
    }
    for (;;) { /* eight trials at once, in random order, with gaps, NaN and failures */
        const int w = (int)hone_rng_below(&rng, 8);
        int over = 0, running = 0;
        for (int k = 0; k < 8; k++)
            running += trial[k] < TRIALS;
        if (!running)
            break;
        if (trial[w] >= TRIALS)
            continue;
        const int t = trial[w], s = at[w] + (int)hone_rng_below(&rng, 2);
        if (s >= STEPS) {
            end(&p, (uint64_t)t, HONE_COMPLETE);
            r.complete[t] = 1;
            over = 1;
        } else if (hone_rng_uniform(&rng) < 0.004) {
            end(&p, (uint64_t)t, HONE_FAILED);
            over = 1;
        } else {
            const double value = hone_rng_uniform(&rng) < 0.05
                                     ? (double)NAN
                                     : floor(10 * hone_rng_normal(&rng)) / 4 - s; /* ties happen */
            r.values[t][s] = value;
            r.reported[t][s] = 1;
            const int expected = reference_prunes(&r, t, s);
            const uint32_t got = say(&p, (uint64_t)t, s + 1, value);
            CU_ASSERT_EQUAL(got == HONE_STOP, expected);
            at[w] = s + 1;
            if (got == HONE_STOP && hone_rng_uniform(&rng) < 0.7) { /* some go on against the advice */
                end(&p, (uint64_t)t, HONE_PRUNED);
                over = 1;
                (*stops)++;
            }
        }
        if (over) {
            trial[w] = next < TRIALS ? next++ : TRIALS;
            at[w] = 0;
        }
    }
    fake_plugin_release(&p);
}

static void test_agrees_with_the_reference(void)
{
    unsigned stops = 0;
    run_against_reference(1, 5, 0, 1, 1, &stops);
    CU_ASSERT(stops > 20);
    for (uint64_t seed = 2; seed < 40; seed++)
        run_against_reference(seed, (int)(seed % 7), (int)(seed % 5), 1 + (int)(seed % 4), 1 + (int)(seed % 6), &stops);
}

static void test_defaults_by_hand(void)
{
    fake_plugin p;
    start(&p, 1, NULL);
    for (uint64_t t = 0; t < 5; t++) {
        CU_ASSERT_EQUAL(say(&p, t, 1, 10 + (double)t), HONE_CONTINUE); /* fewer than five are complete */
        CU_ASSERT_EQUAL(say(&p, t, 2, 5 + (double)t), HONE_CONTINUE);
        end(&p, t, HONE_COMPLETE);
    }
    CU_ASSERT_EQUAL(say(&p, 5, 1, 12), HONE_CONTINUE); /* equal to the median is not worse */
    CU_ASSERT_EQUAL(say(&p, 5, 2, 7.001), HONE_STOP);
    CU_ASSERT_EQUAL(say(&p, 6, 1, 6), HONE_CONTINUE);
    CU_ASSERT_EQUAL(say(&p, 6, 2, 100), HONE_CONTINUE); /* its best, 6, still beats the median 7 */
    CU_ASSERT_EQUAL(say(&p, 6, 3, 1e9), HONE_CONTINUE); /* nobody was there */
    CU_ASSERT_EQUAL(say(&p, 7, 1, (double)NAN), HONE_STOP);
    CU_ASSERT_EQUAL(say(&p, 8, 1, HUGE_VAL), HONE_STOP);
    fake_plugin_release(&p);
}

static void test_a_trial_that_starts_again_is_judged_by_its_new_reports(void)
{
    fake_plugin p;
    start(&p, 1, "n_startup_trials=1");
    say(&p, 0, 1, 10);
    say(&p, 0, 2, 10);
    end(&p, 0, HONE_COMPLETE);
    CU_ASSERT_EQUAL(say(&p, 1, 1, 1), HONE_CONTINUE);
    CU_ASSERT_EQUAL(say(&p, 1, 1, 11), HONE_STOP); /* its worker died; the second attempt is worse */
    fake_plugin_release(&p);
}

static void test_chooses_the_objective(void)
{
    fake_plugin p;
    CU_ASSERT_EQUAL(start(&p, 2, "objective=3"), HONE_ERANGE);
    CU_ASSERT_STRING_EQUAL(p.err.param, "objective");
    CU_ASSERT_PTR_NOT_NULL(strstr(p.err.msg, "2 objectives"));
    fake_plugin_release(&p);
    CU_ASSERT_EQUAL(start(&p, 2, "objective=2\nn_startup_trials=1"), HONE_OK);
    const double first[] = { 0, 5 }, second[] = { 99, 4 }, third[] = { -99, 6 };
    hone_report r = { sizeof r, 2, 0, 1, first, NULL };
    uint32_t verdict;
    iface()->report(p.self, &r, &verdict, &p.err);
    end(&p, 0, HONE_COMPLETE);
    r.trial = 1;
    r.values = second;
    iface()->report(p.self, &r, &verdict, &p.err);
    CU_ASSERT_EQUAL(verdict, HONE_CONTINUE);
    r.trial = 2;
    r.values = third;
    iface()->report(p.self, &r, &verdict, &p.err);
    CU_ASSERT_EQUAL(verdict, HONE_STOP);
    fake_plugin_release(&p);
}

/* Two objectives: stopped where more than half of the completed trials were, at the step, nowhere worse and somewhere
 * better than the best so far of each objective, counted anew from all that was ever reported. */
static void test_several_objectives_by_dominance(void)
{
    enum { N = 60, LAST = 6 };
    static double said[N][LAST][2];
    int complete[N] = { 0 };
    unsigned stops = 0, wrong = 0, n_complete = 0;
    hone_rng rng = hone_rng_at(11, 0);
    fake_plugin p;
    CU_ASSERT_EQUAL_FATAL(start(&p, 2, "objective=0\nn_startup_trials=4\nn_warmup_steps=1"), HONE_OK);
    for (uint64_t t = 0; t < N; t++) {
        double best[2] = { HUGE_VAL, HUGE_VAL };
        uint32_t verdict = HONE_CONTINUE;
        for (int64_t step = 1; step <= LAST && verdict == HONE_CONTINUE; step++) {
            double *v = said[t][step - 1];
            unsigned there = 0, better = 0;
            for (int k = 0; k < 2; k++) {
                v[k] = floor(10 * hone_rng_uniform(&rng)) / (double)step;
                if (t % 7 == 2)
                    v[k] = k ? v[k] : (double)NAN;
                if (v[k] < best[k])
                    best[k] = v[k];
            }
            for (uint64_t o = 0; o < t; o++) {
                const double *w = said[o][step - 1];
                const double a = isnan(w[0]) ? HUGE_VAL : w[0], b = isnan(w[1]) ? HUGE_VAL : w[1];
                there += (unsigned)complete[o];
                better += (unsigned)(complete[o] && a <= best[0] && b <= best[1] && (a < best[0] || b < best[1]));
            }
            const hone_report r = { sizeof r, 2, t, step, v, NULL };
            CU_ASSERT_EQUAL(iface()->report(p.self, &r, &verdict, &p.err), HONE_OK);
            const int wanted = n_complete >= 4 && step > 1 && 2 * better > there;
            wrong += (verdict == HONE_STOP) != wanted;
        }
        complete[t] = verdict == HONE_CONTINUE;
        n_complete += (unsigned)complete[t];
        stops += verdict == HONE_STOP;
        end(&p, t, complete[t] ? HONE_COMPLETE : HONE_PRUNED);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(stops > 5 && n_complete > 10);
    fake_plugin_release(&p);
    /* of one objective, "all" is the first */
    CU_ASSERT_EQUAL(start(&p, 1, "objective=0\nn_startup_trials=1"), HONE_OK);
    say(&p, 0, 1, 5);
    end(&p, 0, HONE_COMPLETE);
    CU_ASSERT_EQUAL(say(&p, 1, 1, 6), HONE_STOP);
    CU_ASSERT_EQUAL(say(&p, 2, 1, 4), HONE_CONTINUE);
    fake_plugin_release(&p);
}

static void test_percentile_against_reference(void)
{
    static const double percents[] = { 25, 10, 0 };
    unsigned stops[3] = { 0 };
    name = "percentile";
    for (size_t i = 0; i < HONE_COUNT(percents); i++) {
        percent = percents[i];
        for (uint64_t seed = 0; seed < 6; seed++)
            run_against_reference(seed, 5, 2, 1 + (int)seed % 3, 1, &stops[i]);
    }
    CU_ASSERT(stops[0] > 20 && stops[1] > 20 && stops[2] > 20);
    name = "median";
    percent = 50;
}

SUITE(TEST(test_percentile_against_reference), TEST(test_agrees_with_the_reference), TEST(test_defaults_by_hand),
      TEST(test_a_trial_that_starts_again_is_judged_by_its_new_reports), TEST(test_chooses_the_objective),
      TEST(test_several_objectives_by_dominance))
