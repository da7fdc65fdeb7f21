/* SPDX-License-Identifier: MIT */
/* The loop of a study with invented workers: determinism, retries, cancelling, failing storages, resuming, size. */
#include "study_fixture.h"

/* A new study, everything going well but for what is set afterwards. */
static void fresh(void)
{
    box_empty();
    knobs = (struct knobs){ 0 };
}

static uint64_t events_hash(void)
{
    uint64_t h = 0;
    for (size_t i = 0; i < box.n_events; i++)
        h = mix(mix(mix(mix(h, box.events[i].record.what), box.events[i].record.trial),
                    (uint64_t)box.events[i].record.step),
                box.events[i].record.verdict);
    return h;
}

/* Strict order: whatever the order of arrival and the number of workers, the same decisions and the same table. */
static void test_strict_repeats(void)
{
    static const unsigned lags[] = { 1, 4, 7 };
    for (unsigned l = 0; l < HONE_COUNT(lags); l++) {
        struct setup s = { .strict = 1, .trials = 150, .lag = lags[l], .retries = 1 };
        uint64_t hash = 0, events = 0;
        for (unsigned arrivals = 0; arrivals < 24; arrivals++) {
            fresh();
            knobs.crash_every = 11;
            knobs.crash_waiting = 13;
            knobs.bad_every = 17;
            s.arrivals = arrivals;
            s.workers = 1 + arrivals % (lags[l] + 2); /* also more than there are virtual ones */
            const struct run run = run_study(&s);
            CU_ASSERT_EQUAL_FATAL(run.rc, HONE_OK);
            CU_ASSERT_EQUAL(run.n, 150);
            CU_ASSERT_EQUAL(run.complete + run.pruned + run.failed, 150);
            CU_ASSERT(run.pruned > 5 && run.complete > 5);
            CU_ASSERT_EQUAL(heard_outcomes, 150);
            if (arrivals) {
                CU_ASSERT_EQUAL(run.hash, hash);
                CU_ASSERT_EQUAL(events_hash(), events);
            }
            hash = run.hash;
            events = events_hash();
        }
    }
}

/* The same with trials that pause and go on, from checkpoints or from their beginning, and as clones of others. */
static void test_strict_repeats_with_pauses(void)
{
    for (unsigned clones = 0; clones < 2; clones++) {
        struct setup s = { .strict = 1, .pauses = 1, .trials = 150, .lag = 5, .retries = 1 };
        uint64_t hash = 0;
        for (unsigned arrivals = 0; arrivals < 24; arrivals++) {
            fresh();
            knobs.crash_every = 11;
            knobs.crash_waiting = 13;
            knobs.clones = (int)clones;
            knobs.checkpoints = clones || arrivals % 2; /* a trial that begins anew comes to the same */
            s.arrivals = arrivals;
            s.workers = 1 + arrivals % 7;
            const struct run run = run_study(&s);
            CU_ASSERT_EQUAL_FATAL(run.rc, HONE_OK);
            CU_ASSERT_EQUAL(run.complete + run.pruned + run.failed, 150);
            CU_ASSERT_EQUAL(run.paused + run.running, 0);
            CU_ASSERT(heard_outcomes > 200); /* pauses are told, too */
            if (arrivals)
                CU_ASSERT_EQUAL(run.hash, hash);
            hash = run.hash;
        }
    }
}

/* Killed after every so many events: what was decided is replayed, also where trials wait, and the table is the same. */
static void test_killed_while_trials_pause(void)
{
    for (unsigned clones = 0; clones < 2; clones++) {
        const struct setup s = { .strict = 1, .pauses = 1, .trials = 60, .lag = 4, .workers = 3, .arrivals = 3 };
        fresh();
        knobs.checkpoints = 1;
        knobs.clones = (int)clones;
        const struct run whole = run_study(&s);
        CU_ASSERT_EQUAL_FATAL(whole.rc, HONE_OK);
        for (long stop = 3; stop < 60; stop += 8) {
            struct run run;
            fresh();
            knobs.checkpoints = 1;
            knobs.clones = (int)clones;
            int times = 0;
            do {
                knobs.signal_event = times < 40 ? stop : 0;
                run = run_study(&s);
                CU_ASSERT_EQUAL_FATAL(run.rc, HONE_OK);
            } while (run.end == STUDY_STOPPED && ++times < 100);
            CU_ASSERT(times > 1);
            CU_ASSERT_EQUAL(run.hash, whole.hash);
        }
    }
}

/* Steps that are repeats: decisions and the table, means and deviations included, whatever the order of arrival, and killed after
 * every so many events. No trial measures a repeat twice. */
static void test_repeats(void)
{
    struct setup s = { .strict = 1, .pauses = 1, .trials = 60, .lag = 4, .retries = 1 };
    struct run whole = { 0 };
    for (unsigned arrivals = 0; arrivals < 12; arrivals++) {
        fresh();
        knobs.repeats = 1;
        knobs.crash_every = 11;
        knobs.crash_waiting = 13;
        s.arrivals = arrivals;
        s.workers = 1 + arrivals % 6;
        const struct run run = run_study(&s);
        CU_ASSERT_EQUAL_FATAL(run.rc, HONE_OK);
        CU_ASSERT_EQUAL(run.complete + run.pruned, 60);
        CU_ASSERT(run.complete > 5 && run.pruned > 5);
        CU_ASSERT(!arrivals || run.hash == whole.hash);
        whole = run;
    }
    for (size_t i = 0; i < box.n_trials; i++) { /* the value is the mean of the reports */
        double sum = 0;
        unsigned n = 0;
        for (size_t k = 0; k < box.n_reports; k++)
            if (box.reports[k].record.trial == i) {
                sum += box.reports[k].value;
                n++;
            }
        CU_ASSERT_EQUAL(n, (unsigned)box.trials[i].record.step);
        CU_ASSERT_DOUBLE_EQUAL(box.trials[i].values[0], sum / n, 1e-12);
    }
    for (long stop = 3; stop < 40; stop += 6) {
        struct run run;
        int times = 0;
        fresh();
        do {
            knobs = (struct knobs){ .repeats = 1, .signal_event = times < 60 ? stop : 0 };
            run = run_study(&(struct setup){ .strict = 1, .pauses = 1, .trials = 60, .lag = 4, .workers = 3 });
            CU_ASSERT_EQUAL_FATAL(run.rc, HONE_OK);
        } while (run.end == STUDY_STOPPED && ++times < 100);
        CU_ASSERT(times > 1);
        CU_ASSERT_EQUAL(run.hash, whole.hash);
    }
}

/* The lag is part of what a strict study is; the fixture's search would not notice a loop that ignores it. */
static void test_strict_depends_on_lag(void)
{
    fresh();
    const struct run one = run_study(&(struct setup){ .strict = 1, .trials = 60, .lag = 1, .workers = 1 });
    fresh();
    const struct run four = run_study(&(struct setup){ .strict = 1, .trials = 60, .lag = 4, .workers = 1 });
    CU_ASSERT(one.hash != four.hash);
}

static void test_asynchronous_completes(void)
{
    for (unsigned arrivals = 0; arrivals < 10; arrivals++) {
        fresh();
        knobs.crash_every = 9;
        knobs.crash_waiting = 4;
        knobs.no_steps = arrivals % 3 == 2;
        const struct run run = run_study(
            &(struct setup){ .trials = 200, .workers = 1 + arrivals, .arrivals = arrivals });
        CU_ASSERT_EQUAL(run.rc, HONE_OK);
        CU_ASSERT_EQUAL(run.end, STUDY_BUDGET);
        CU_ASSERT_EQUAL(run.complete + run.pruned + run.failed, 200);
        CU_ASSERT(run.failed > 0);
        CU_ASSERT_EQUAL(run.running, 0);
        CU_ASSERT_EQUAL(box.state, HONE_STUDY_FINISHED);
    }
}

static void test_retries(void)
{
    fresh();
    knobs.crash_every = 5;
    knobs.no_stops = 1;
    struct run run = run_study(&(struct setup){ .trials = 50, .workers = 3, .retries = 1 });
    CU_ASSERT_EQUAL(run.complete, 50);
    CU_ASSERT_EQUAL(heard_notes, 10);
    fresh();
    knobs.crash_every = 5;
    knobs.no_stops = 1;
    run = run_study(&(struct setup){ .trials = 50, .workers = 3 });
    CU_ASSERT_EQUAL(run.complete, 40);
    CU_ASSERT_EQUAL(run.failed, 10);
    CU_ASSERT_STRING_EQUAL(run.messages, "the worker was killed by SIGSEGV");
}

/* A worker may die while its report is held, in strict order for long: nobody is left to be answered. */
static void test_death_while_waiting(void)
{
    for (int strict = 0; strict < 2; strict++)
        for (unsigned retries = 0; retries < 2; retries++) {
            fresh();
            knobs.crash_waiting = 2;
            knobs.no_stops = 1;
            const struct run run = run_study(&(struct setup){
                .strict = strict, .trials = 40, .workers = 2, .lag = 4, .retries = retries, .arrivals = 5 });
            CU_ASSERT_EQUAL(run.rc, HONE_OK);
            CU_ASSERT_EQUAL(run.failed, retries ? 0 : 20);
            CU_ASSERT_EQUAL(run.complete, retries ? 40 : 20);
        }
}

static void test_missing_value_fails_the_trial(void)
{
    fresh();
    knobs.forget_every = 4;
    knobs.no_steps = 1;
    const struct run run = run_study(&(struct setup){ .trials = 20, .workers = 2 });
    CU_ASSERT_EQUAL(run.failed, 5);
    CU_ASSERT_STRING_EQUAL(run.messages, "the objective did not report value; it reported nothing");
}

static void test_bad_points(void)
{
    fresh();
    knobs.bad_every = 5;
    struct run run = run_study(&(struct setup){ .trials = 50, .workers = 2 });
    CU_ASSERT_EQUAL(run.failed, 10);
    CU_ASSERT_PTR_NOT_NULL(strstr(run.messages, "x = 7 is outside [0, 1]"));
    fresh();
    knobs.bad_every = 1;
    run = run_study(&(struct setup){ .trials = 50, .workers = 2 });
    CU_ASSERT_EQUAL(run.rc, HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(run.err.param, "search.use");
    CU_ASSERT_PTR_NOT_NULL(strstr(run.err.msg, "10 points in a row"));
    CU_ASSERT_EQUAL(box.n_trials, 10); /* and what they were is kept */
}

static void test_search_waits_and_ends(void)
{
    fresh();
    knobs.wait_at = 3;
    struct run run = run_study(&(struct setup){ .trials = 60, .workers = 8 });
    CU_ASSERT_EQUAL(run.rc, HONE_OK);
    CU_ASSERT_EQUAL(run.n, 60);
    fresh();
    knobs.done_at = 7;
    run = run_study(&(struct setup){ .trials = 60, .workers = 4 });
    CU_ASSERT_EQUAL(run.end, STUDY_SPENT);
    CU_ASSERT_EQUAL(run.n, 7);
    fresh();
    knobs.always_wait = 1;
    run = run_study(&(struct setup){ .trials = 60, .workers = 4 });
    CU_ASSERT_EQUAL(run.rc, HONE_EFAIL);
    CU_ASSERT_PTR_NOT_NULL(strstr(run.err.msg, "search 'learner' waits for results, but no trial is at work"));
}

static void test_cancelled_study_goes_on_as_if_nothing_had_been(void)
{
    struct setup s = { .strict = 1, .trials = 90, .workers = 3, .lag = 5 };
    fresh();
    const struct run whole = run_study(&s);
    for (long stop = 1; stop < 200; stop += 9) {
        struct run run;
        unsigned runs = 0;
        fresh();
        do {
            knobs.signal_event = stop + (long)runs * 7;
            s.workers = 1 + runs % 5;
            s.arrivals = (uint64_t)stop * 100 + runs++;
            run = run_study(&s);
            CU_ASSERT_EQUAL_FATAL(run.rc, HONE_OK);
            CU_ASSERT_EQUAL(box.state, run.end == STUDY_STOPPED ? HONE_STUDY_STOPPED : HONE_STUDY_FINISHED);
        } while (run.end == STUDY_STOPPED && runs < 200);
        CU_ASSERT_EQUAL(run.n, 90);
        CU_ASSERT_EQUAL(run.running, 0);
        CU_ASSERT_EQUAL(run.hash, whole.hash);
        CU_ASSERT_EQUAL(run.best, whole.best);
    }
}

/* The storage fails at any write: the run ends with its error, and what was committed is enough to go on. */
static void test_failing_storage(void)
{
    struct setup s = { .strict = 1, .trials = 40, .workers = 2, .lag = 4 };
    fresh();
    const struct run whole = run_study(&s);
    const long writes = box.writes;
    CU_ASSERT(writes > 200);
    for (long round = 2; round <= 2 * writes; round += round < 80 ? 1 : 5) {
        const long n = round / 2;
        fresh();
        knobs.fail_write = n;
        knobs.fail_once = round % 2 != 0; /* half a decision could still be committed after that */
        s.arrivals = (uint64_t)n;
        struct run run = run_study(&s);
        if (run.rc == HONE_OK)
            continue; /* another order of arrival needs fewer transactions */
        CU_ASSERT_EQUAL(run.rc, HONE_EIO);
        CU_ASSERT_STRING_EQUAL(run.err.msg, "box is full");
        knobs.fail_write = 0;
        run = run_study(&s);
        CU_ASSERT_EQUAL_FATAL(run.rc, HONE_OK);
        CU_ASSERT_EQUAL(run.hash, whole.hash);
    }
}

static void test_resume_does_not_use_up_retries(void)
{
    struct setup s = { .trials = 12, .workers = 4, .retries = 1 };
    struct run run;
    fresh();
    knobs.no_stops = 1;
    knobs.signal_event = 2;
    for (int i = 0; i < 5; i++)
        run = run_study(&s); /* every trial at work is interrupted again and again */
    CU_ASSERT_EQUAL(run.end, STUDY_STOPPED);
    CU_ASSERT(box.trials[0].record.attempt >= 4);
    knobs.signal_event = 0;
    knobs.crash_every = 1;
    knobs.crash_attempts = 1u << 5; /* what was at work crashes for the first time */
    run = run_study(&s);
    CU_ASSERT_EQUAL(run.complete, 12);
    CU_ASSERT(heard_notes > 0);
}

static void test_retries_are_remembered_over_a_resume(void)
{
    const struct setup s = { .trials = 1, .workers = 1, .retries = 1 };
    fresh();
    knobs.no_stops = 1;
    knobs.crash_every = 1;
    knobs.crash_attempts = 5; /* the first attempt, and the one after the resume */
    knobs.signal_event = 3;
    struct run run = run_study(&s);
    CU_ASSERT_EQUAL(run.end, STUDY_STOPPED);
    CU_ASSERT_EQUAL(run.running, 1);
    knobs.signal_event = 0;
    run = run_study(&s);
    CU_ASSERT_EQUAL(run.failed, 1);
    CU_ASSERT_EQUAL(box.trials[0].record.attempt, 2);
}

static void test_other_settings_are_refused(void)
{
    fresh();
    run_study(&(struct setup){ .trials = 10, .workers = 2 });
    struct run run = run_study(&(struct setup){ .trials = 10, .workers = 2, .study = "seed = 9\n" });
    CU_ASSERT_EQUAL(run.rc, HONE_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(run.err.msg, "there 'seed = 1' in [study], here 'seed = 9'"));
    run = run_study(&(struct setup){ .trials = 25, .workers = 3, .retries = 2 }); /* these may change */
    CU_ASSERT_EQUAL(run.rc, HONE_OK);
    CU_ASSERT_EQUAL(run.n, 25);
}

static void test_unknown_metric_is_refused(void)
{
    fresh();
    struct run run = run_study(&(struct setup){ .trials = 10, .workers = 2, .study = "objectives = valeu min\n" });
    CU_ASSERT_EQUAL(run.rc, HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(run.err.param, "study.objectives");
    CU_ASSERT_STRING_EQUAL(run.err.msg, "the objective reports no 'valeu'; did you mean 'value'?");
    run = run_study(
        &(struct setup){ .trials = 10, .workers = 2, .study = "objectives = value\nconstraints = size <= 40\n" });
    CU_ASSERT_EQUAL(run.rc, HONE_OK); /* the metric's own direction */
    CU_ASSERT_FATAL(run.best < box.n_trials);
    CU_ASSERT(box.trials[run.best].constraints[0] <= 0);
}

static void test_final_training(void)
{
    const struct setup s = { .trials = 10, .workers = 2, .final = 1 };
    fresh();
    knobs.final_fails = 1;
    struct run run = run_study(&s);
    CU_ASSERT_EQUAL(run.final_rc, HONE_EFAIL);
    CU_ASSERT_PTR_NOT_NULL(strstr(run.err.msg, "it had to fail"));
    CU_ASSERT_EQUAL(box.n_attachments, 0); /* of a training that failed, nothing stays */
    knobs.final_fails = 0;
    knobs.signal_event = 1; /* all trials are there: the signal comes into the final training */
    run = run_study(&s);
    CU_ASSERT_EQUAL(run.final_rc, HONE_ECANCELED);
    CU_ASSERT_EQUAL(box.n_attachments, 0);
    knobs.signal_event = 0;
    run = run_study(&s);
    CU_ASSERT_EQUAL(run.final_rc, HONE_OK);
    CU_ASSERT_EQUAL(box.n_attachments, 1);
    CU_ASSERT_EQUAL(box.attachments[0].trial, run.best);
    run = run_study(&s);
    CU_ASSERT_EQUAL(run.final_rc, HONE_WAIT); /* once is enough */
}

/* Many events in one round, a thousand slots: nothing is lost, nothing takes the square of the trials. */
static void test_a_thousand_workers(void)
{
    for (int strict = 0; strict < 2; strict++) {
        fresh();
        const struct run run = run_study(
            &(struct setup){ .strict = strict, .trials = 20000, .workers = 1000, .lag = 1000 });
        CU_ASSERT_EQUAL(run.rc, HONE_OK);
        CU_ASSERT_EQUAL(run.complete + run.pruned, 20000);
    }
    knobs.signal_event = 0;
    const struct run again = run_study(
        &(struct setup){ .strict = 1, .trials = 20500, .workers = 1000, .lag = 1000 }); /* replays them all */
    CU_ASSERT_EQUAL(again.rc, HONE_OK);
    CU_ASSERT_EQUAL(again.n, 20500);
    box_empty();
}

/* What stays in memory is the table of trials: measured while the search is asked, early and late in one run. (Sanitizers'
 * allocators count nothing; their builds only run through this.) */
static void test_memory_is_bounded(void)
{
    fresh();
    knobs.forget_all = 1;
    knobs.measure_memory = 1;
    const struct run run = run_study(&(struct setup){ .trials = 20000, .workers = 8 });
    CU_ASSERT_EQUAL(run.rc, HONE_OK);
    CU_ASSERT(memory_late - memory_early < 15000 * 320);
}

SUITE(TEST(test_strict_repeats), TEST(test_strict_repeats_with_pauses), TEST(test_killed_while_trials_pause),
      TEST(test_repeats), TEST(test_strict_depends_on_lag), TEST(test_asynchronous_completes), TEST(test_retries),
      TEST(test_death_while_waiting), TEST(test_missing_value_fails_the_trial), TEST(test_bad_points),
      TEST(test_search_waits_and_ends), TEST(test_cancelled_study_goes_on_as_if_nothing_had_been),
      TEST(test_failing_storage), TEST(test_resume_does_not_use_up_retries),
      TEST(test_retries_are_remembered_over_a_resume), TEST(test_other_settings_are_refused),
      TEST(test_unknown_metric_is_refused), TEST(test_final_training), TEST(test_a_thousand_workers),
      TEST(test_memory_is_bounded))
