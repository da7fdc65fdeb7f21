/* SPDX-License-Identifier: MIT */
/* A whole study without processes, files or time: a crew of invented results that arrive in a random order, a storage in memory
 * that can fail at its n-th write, and a search and a scheduler whose every decision depends on all that they heard before, in
 * that very order. */
#ifndef HONE_TESTS_STUDY_FIXTURE_H
#define HONE_TESTS_STUDY_FIXTURE_H
#include "harness.h"

#include "config/composition.h"
#include "hone/param.h"
#include "hone/rng.h"
#include "study/study.h"
#include "study_box.h"

#include <malloc.h>
#include <math.h>

/* ---- search/learner, scheduler/judge, reporter/counter: they never forget in which order they heard what ---- */

enum { MOST_PAUSED = 1024 };
struct memory {
    uint64_t hash;
    unsigned outstanding;
    unsigned n_paused; /* scheduler/pauser */
    uint64_t paused[MOST_PAUSED];
    int64_t steps[MOST_PAUSED], last[MOST_PAUSED]; /* of the paused; by trial: of its last report */
};

static hone_rc memory_create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    struct memory *m = calloc(1, sizeof *m);
    (void)host;
    if (!m)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory");
    m->hash = info->seed;
    *self = m;
    return HONE_OK;
}

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

static uint64_t bits(double v)
{
    uint64_t u;
    memcpy(&u, &v, sizeof u);
    return isnan(v) ? 1 : u;
}

static hone_rc learner_open(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    (void)self, (void)info, (void)err;
    CU_ASSERT_EQUAL(space->n_dims, 3);
    return HONE_OK;
}

static hone_rc learner_ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    struct memory *m = self;
    hone_rng rng = hone_rng_at(m->hash, trial);
    (void)err;
    if (knobs.always_wait || (knobs.wait_at && m->outstanding >= knobs.wait_at))
        return HONE_WAIT;
    if (knobs.done_at && trial >= knobs.done_at)
        return HONE_DONE;
    if (knobs.measure_memory && (trial == 5000 || trial == 19999)) {
        const struct mallinfo2 info = mallinfo2();
        *(trial == 5000 ? &memory_early : &memory_late) = (int64_t)(info.uordblks + info.hblkhd);
    }
    m->outstanding++;
    x[0] = hone_rng_uniform(&rng);
    x[1] = 1 + (double)hone_rng_below(&rng, 9);
    x[2] = (double)hone_rng_below(&rng, 2);
    if (knobs.bad_every && (trial + 1) % knobs.bad_every == 0)
        x[0] = 7;
    return HONE_OK;
}

static hone_rc learner_tell(void *self, const hone_outcome *o, hone_error *err)
{
    struct memory *m = self;
    (void)err;
    m->outstanding--;
    m->hash = mix(mix(mix(mix(m->hash, o->trial), o->status), bits(o->values[0])), (uint64_t)o->step);
    CU_ASSERT_EQUAL(o->deviations != NULL, knobs.repeats);
    if (o->deviations)
        m->hash = mix(mix(m->hash, bits(o->deviations[0])), o->n_repeats);
    return HONE_OK;
}

static hone_rc judge_open(void *self, const hone_scheduler_info *info, hone_error *err)
{
    (void)self, (void)info, (void)err;
    return HONE_OK;
}

static hone_rc judge_report(void *self, const hone_report *r, uint32_t *verdict, hone_error *err)
{
    struct memory *m = self;
    (void)err;
    m->hash = mix(mix(mix(m->hash, r->trial), (uint64_t)r->step), bits(r->values[0]));
    CU_ASSERT_EQUAL(r->measured != NULL, knobs.repeats);
    if (r->measured)
        m->hash = mix(m->hash, bits(r->measured[0]));
    *verdict = !knobs.no_stops && (m->hash >> 20) % 8 == 0 ? HONE_STOP : HONE_CONTINUE;
    return HONE_OK;
}

static hone_rc judge_finish(void *self, uint64_t trial, uint32_t status, const double *values, hone_error *err)
{
    struct memory *m = self;
    (void)err;
    m->hash = mix(mix(mix(m->hash, trial), status), bits(values[0]));
    return HONE_OK;
}

/* ---- scheduler/pauser: half of the trials pause, some more than once, some go on as clones ---- */

static hone_rc pauser_next(void *self, hone_order *order, hone_error *err)
{
    struct memory *m = self;
    const uint64_t luck = mix(m->hash, order->trial) >> 11;
    (void)err;
    if (m->n_paused && (!order->may_start || luck % 3 == 0)) {
        const unsigned at = (unsigned)(luck / 3 % m->n_paused), other = (unsigned)(luck / 5 % m->n_paused);
        order->trial = m->paused[at];
        order->what = HONE_ORDER_RESUME;
        order->until = luck % 2 ? m->steps[at] + 1 : 0;
        if (knobs.clones && luck % 4 < 2 && m->steps[other] >= m->steps[at]) {
            order->what = HONE_ORDER_CLONE;
            order->from = m->paused[other];
            order->until = luck % 2 ? m->steps[other] + 1 : 0;
            order->x[0] = (double)(luck % 1000) / 1000;
            order->x[1] = 1 + (double)(luck % 9);
            order->x[2] = (double)(luck / 7 % 2);
        }
        m->hash = mix(m->hash, order->trial);
        m->n_paused--;
        m->paused[at] = m->paused[m->n_paused];
        m->steps[at] = m->steps[m->n_paused];
        return HONE_OK;
    }
    if (!order->may_start)
        return HONE_WAIT;
    order->until = luck % 4 ? 1 + (int64_t)(luck % 2) : 0;
    return HONE_OK;
}

static hone_rc pauser_report(void *self, const hone_report *r, uint32_t *verdict, hone_error *err)
{
    const hone_rc rc = judge_report(self, r, verdict, err);
    struct memory *m = self;
    m->last[r->trial] = r->step;
    if (*verdict == HONE_CONTINUE && m->hash >> 30 & 1) /* not only where it was ordered to */
        *verdict = HONE_PAUSE;
    return rc;
}

static hone_rc pauser_finish(void *self, uint64_t trial, uint32_t status, const double *values, hone_error *err)
{
    struct memory *m = self;
    if (status == HONE_PAUSED) {
        m->paused[m->n_paused] = trial;
        m->steps[m->n_paused++] = m->last[trial];
    }
    return judge_finish(self, trial, status, values, err);
}

static unsigned heard_outcomes, heard_notes;

static hone_rc counter_open(void *self, const hone_terminal *terminal, hone_error *err)
{
    (void)self, (void)terminal, (void)err;
    return HONE_OK;
}

static hone_rc counter_hear(void *self, const hone_news *news, hone_error *err)
{
    (void)self, (void)err;
    heard_outcomes += news->what == HONE_NOW_OUTCOME;
    heard_notes += news->what == HONE_NOW_NOTE;
    CU_ASSERT(news->status->running + news->status->complete + news->status->pruned + news->status->failed <= 1000000);
    return HONE_OK;
}

/* ---- objective/invented: only its name matters, the crew does the work ---- */

static hone_rc invented_describe(void *self, hone_description *description, hone_error *err)
{
    (void)self, (void)description, (void)err;
    return HONE_OK;
}

static hone_rc invented_run(void *self, const hone_trial *trial, hone_error *err)
{
    (void)self, (void)trial, (void)err;
    return HONE_OK;
}

static const hone_search_v1 learner_iface = { sizeof learner_iface, 0, learner_open, learner_ask, learner_tell };
static const hone_scheduler_v1 judge_iface = { sizeof judge_iface, 0, judge_open, NULL, judge_report, judge_finish };
static const hone_scheduler_v1 pauser_iface = { sizeof pauser_iface, 0, judge_open, pauser_next, pauser_report,
                                                pauser_finish };
static const hone_reporter_v1 counter_iface = { sizeof counter_iface, 0, counter_open, counter_hear };
static const hone_objective_v1 invented_iface = {
    sizeof invented_iface, HONE_OBJECTIVE_ANY_SPACE, 0, 0, NULL, invented_describe, invented_run
};

#define INVENTED(kind, name, iface)                                                                            \
    {                                                                                                          \
        sizeof(hone_component), HONE_C_DEFAULT | HONE_C_DETERMINISTIC, kind, name, "Invented.", NULL, NULL, 0, \
            sizeof(hone_param), 0, 0, iface, memory_create, free, NULL, NULL, NULL                             \
    }
static const hone_component invented[] = {
    INVENTED(HONE_KIND_SEARCH, "learner", &learner_iface),  INVENTED(HONE_KIND_SCHEDULER, "judge", &judge_iface),
    INVENTED(HONE_KIND_SCHEDULER, "pauser", &pauser_iface), INVENTED(HONE_KIND_REPORTER, "counter", &counter_iface),
    INVENTED(HONE_KIND_STORAGE, "box", &box_iface),         INVENTED(HONE_KIND_OBJECTIVE, "invented", &invented_iface),
};

/* ---- the crew ---- */

enum { REPEATS = 5 };

struct fake_worker {
    int busy, ready, waiting, stop, pause, dies, cancelled;
    uint64_t trial, attempt;
    uint32_t flags;
    int64_t step, last, stride;
    double x;
};
struct fake_crew {
    struct crew crew; /* first */
    struct fake_worker *workers;
    unsigned *ready; /* (n_ready) workers that have something to say */
    unsigned n_ready, attached;
    hone_rng rng; /* the order of arrival */
    int described, final;
    long events, idle;
    volatile sig_atomic_t signalled;
    hone_value values[2];
    char message[64];
};

static void fake_ready(struct fake_crew *f, unsigned worker)
{
    if (!f->workers[worker].ready)
        f->ready[f->n_ready++] = worker;
    f->workers[worker].ready = 1;
}

static hone_rc fake_start(struct crew *crew, unsigned worker, const struct crew_trial *trial, hone_error *err)
{
    struct fake_crew *f = (struct fake_crew *)crew;
    (void)err;
    CU_ASSERT_FATAL(worker < crew->n && !f->workers[worker].busy);
    CU_ASSERT_FATAL(trial->n_settings == 3 && !strcmp(trial->settings[0].key, "x"));
    f->workers[worker] = (struct fake_worker){ .busy = 1,
                                               .trial = trial->number,
                                               .attempt = trial->attempt,
                                               .step = trial->restore[0].size ? trial->restore[0].step
                                                                              : trial->reported,
                                               .flags = trial->flags,
                                               .stop = trial->stopped != 0,
                                               .last = knobs.repeats    ? REPEATS
                                                       : knobs.no_steps ? 0
                                                                        : 1 + (int64_t)(trial->number % 5),
                                               .stride = 1 + (int64_t)(!knobs.repeats && trial->number % 3 == 0),
                                               .x = trial->settings[0].number };
    fake_ready(f, worker);
    return HONE_OK;
}

static hone_rc fake_verdict(struct crew *crew, unsigned worker, uint32_t verdict, hone_error *err)
{
    struct fake_crew *f = (struct fake_crew *)crew;
    struct fake_worker *w = &f->workers[worker];
    (void)err;
    CU_ASSERT_FATAL(w->busy && w->waiting);
    w->waiting = 0;
    w->stop = verdict == HONE_STOP;
    w->pause = verdict == HONE_PAUSE;
    fake_ready(f, worker);
    return HONE_OK;
}

static void fake_cancel(struct crew *crew)
{
    struct fake_crew *f = (struct fake_crew *)crew;
    for (unsigned i = 0; i < crew->n; i++)
        if (f->workers[i].busy) {
            f->workers[i].cancelled = 1;
            fake_ready(f, i);
        }
}

static int every(uint64_t number, unsigned n)
{
    return n && (number + 1) % n == 0;
}

static int crashes_in(uint64_t attempt)
{
    return attempt < 32 && (knobs.crash_attempts ? knobs.crash_attempts : 1u) >> attempt & 1;
}

/* What the worker says next. */
static void fake_speak(struct fake_crew *f, unsigned worker, struct crew_event *event)
{
    struct fake_worker *w = &f->workers[worker];
    const int crashes = every(w->trial, knobs.crash_every) && crashes_in(w->attempt);
    *event = (struct crew_event){
        .worker = worker, .trial = w->trial, .attempt = w->attempt, .what = CREW_OUTCOME, .values = f->values
    };
    f->values[0] = (hone_value){ "value", w->x + 1.0 / (double)(w->step + 1), 0, 0 };
    f->values[1] = (hone_value){ "size", w->x * 100, 0, 0 };
    event->n_values = every(w->trial, knobs.forget_every) ? 0 : 2;
    if (w->flags & HONE_TRIAL_FINAL && !f->attached && !w->cancelled) {
        event->what = CREW_ATTACHMENT;
        event->attachment = (struct crew_attachment){ "model", "text/plain", "x", NULL };
        f->attached = 1;
        fake_ready(f, worker);
        return;
    }
    if (w->cancelled) {
        event->status = CREW_CANCELLED;
    } else if (w->dies || (crashes && w->step >= 2) || (crashes && w->step >= w->last)) {
        event->status = HONE_FAILED;
        event->died = 1;
        snprintf(f->message, sizeof f->message, "the worker was killed by SIGSEGV");
        event->message = f->message;
    } else if (w->flags & HONE_TRIAL_FINAL && knobs.final_fails) {
        event->status = HONE_FAILED;
        event->message = "it had to fail";
    } else if (w->stop) {
        event->status = HONE_PRUNED;
    } else if (w->pause == 1 && knobs.checkpoints) {
        w->pause = 2;
        event->what = CREW_CHECKPOINT;
        event->checkpoint = (struct crew_checkpoint){ w->trial, w->step, 10 + (uint64_t)w->step, w->trial };
        fake_ready(f, worker);
        return;
    } else if (w->pause) {
        event->status = HONE_PAUSED;
    } else if (w->step >= w->last) {
        event->status = HONE_COMPLETE;
    } else {
        w->step += w->stride;
        w->waiting = 1;
        f->values[0].value = w->x + 1.0 / (double)(w->step + 1);
        event->what = CREW_REPORT;
        event->step = w->step;
        if (every(w->trial, knobs.crash_waiting) && crashes_in(w->attempt)) {
            w->dies = 1;
            fake_ready(f, worker);
        }
        return;
    }
    w->busy = 0;
}

static hone_rc fake_wait(struct crew *crew, double seconds, struct crew_event *event, hone_error *err)
{
    static const hone_value metrics[] = { { "value", 0, HONE_MINIMIZE, 0 }, { "size", 0, HONE_MINIMIZE, 0 } };
    static const hone_description description = {
        .size = sizeof description, .max_step = 5, .any_space = 1, .n_metrics = 2, .metrics = metrics
    };
    static const hone_description with_final = {
        .size = sizeof description, .max_step = 5, .any_space = 1, .n_metrics = 2, .metrics = metrics, .final = 1
    };
    static const hone_description with_repeats = {
        .size = sizeof description, .any_space = 1, .n_metrics = 2, .metrics = metrics, .repeats = REPEATS
    };
    struct fake_crew *f = (struct fake_crew *)crew;
    if (!f->described) {
        f->described = 1;
        *event = (struct crew_event){ .what = CREW_READY,
                                      .description = knobs.repeats ? &with_repeats
                                                     : f->final    ? &with_final
                                                                   : &description };
        return HONE_OK;
    }
    if (knobs.signal_event && f->events >= knobs.signal_event)
        f->signalled = 1;
    if (!f->n_ready) /* a study that waits for nobody */
        return seconds > 0 && ++f->idle > 1000 ? hone_fail(err, HONE_EFAIL, NULL, "the study hangs") : HONE_WAIT;
    const unsigned at = (unsigned)hone_rng_below(&f->rng, f->n_ready), worker = f->ready[at];
    f->ready[at] = f->ready[--f->n_ready];
    f->workers[worker].ready = 0;
    f->events++;
    f->idle = 0;
    fake_speak(f, worker, event);
    return HONE_OK;
}

/* ---- a whole run ---- */

struct setup {
    int strict, final, pauses;
    unsigned trials, workers, lag, retries;
    uint64_t arrivals; /* seed of the order of arrival */
    const char *study; /* more lines of [study] */
};
struct run {
    hone_rc rc;
    hone_error err;
    enum study_end end;
    uint64_t hash; /* of all trials: point, state, step, values */
    uint64_t n, complete, pruned, failed, running, paused, best;
    hone_rc final_rc;
    char messages[200]; /* of the first failed trial */
};

static void fake_log(const hone_host *host, uint32_t level, const char *message)
{
    (void)host;
    CU_FAIL(message);
    printf("# %u %s\n", level, message);
}

static uint32_t fake_cancelled(const hone_host *host)
{
    (void)host;
    return 0;
}

static const void *fake_get_ext(const hone_host *host, const char *id)
{
    (void)host, (void)id;
    return NULL;
}

static void fake_write(void *ctx, const char *text, uint64_t n)
{
    (void)ctx, (void)text, (void)n;
}

static uint32_t fake_columns(void *ctx)
{
    (void)ctx;
    return 80;
}

static uint64_t table_hash(const struct trial_table *table)
{
    uint64_t h = 0;
    for (uint64_t i = 0; i < table->n; i++) {
        const struct trial *t = table->trials[i];
        h = mix(mix(mix(h, t->state), (uint64_t)t->step), (uint64_t)t->stop_at);
        for (uint32_t k = 0; k < table->n_dims; k++)
            h = mix(h, bits(t->x[k]));
        for (uint32_t k = 0; k < table->n_values; k++)
            h = mix(h, bits(t->values[k]));
    }
    return h;
}

static void compose_study(const struct setup *s, struct catalog *catalog, struct config *config,
                          struct composition *composition)
{
    struct complaints complaints = COMPLAINTS_INIT;
    struct text ini = TEXT_INIT;
    char lag[32];
    snprintf(lag, sizeof lag, "lag = %u\n", s->lag);
    text_addf(
        &ini,
        "[study]\nname = t\ntrials = %u\nworkers = %u\n%sorder = %s\ntrial_retries = %u\nstorage = box:there\n%s%s\n"
        "[search]\nuse = learner\n[scheduler]\nuse = %s\n[objective]\nuse = invented\n[reporter.counter]\n"
        "[space]\nx = real 0 .. 1\nk = int 1 .. 9\nc = choice a, b\n",
        s->trials, s->workers, s->strict ? lag : "", s->strict ? "strict" : "asynchronous", s->retries,
        s->study ? s->study : "", s->study && strstr(s->study, "objectives") ? "" : "objectives = value min",
        s->pauses ? "pauser" : "judge");
    if (config_read_text(config, "t.ini", "", text_string(&ini), ini.length, &complaints) < 0 ||
        composition_make(composition, config, catalog, 0, &complaints) < 0) {
        complaints_print(&complaints, stdout);
        exit(2);
    }
    complaints_release(&complaints);
    text_release(&ini);
}

static struct run run_study(const struct setup *s)
{
    static const hone_host host = { sizeof host, HONE_ABI_MAJOR, HONE_ABI_MINOR, "0",
                                    NULL,        fake_log,       fake_cancelled, fake_get_ext };
    static const hone_terminal terminal = { sizeof terminal, 0, 0, 0, NULL, fake_write, fake_columns };
    static const hone_component *list[HONE_COUNT(invented)];
    struct run run = { .err = HONE_ERROR_INIT };
    struct catalog *catalog = NULL;
    struct config config = CONFIG_INIT;
    struct composition composition = { 0 };
    struct study study;
    struct fake_crew f = { .rng = hone_rng_at(s->arrivals, 0), .final = s->final };
    f.crew = (struct crew){ s->strict ? s->lag : s->workers, fake_start, fake_verdict, fake_wait, fake_cancel };
    f.workers = calloc(f.crew.n, sizeof *f.workers);
    f.ready = calloc(f.crew.n, sizeof *f.ready);
    for (uint32_t i = 0; i < HONE_COUNT(invented); i++)
        list[i] = &invented[i];
    if (!f.workers || !f.ready || catalog_open_static(&catalog, list, HONE_COUNT(invented)) != HONE_OK)
        exit(2);
    compose_study(s, catalog, &config, &composition);
    const struct study_options options = { &composition, &host, &f.crew, s->workers, &terminal, &f.signalled, NULL };
    heard_outcomes = heard_notes = 0;
    box.writes = 0;
    box.begun = 0; /* whoever began was killed */
    box.n_ops = 0;
    run.rc = study_open(&study, &options, &run.err);
    if (run.rc == HONE_OK)
        run.rc = study_run(&study, &run.end, &run.err);
    run.final_rc = HONE_WAIT;
    if (run.rc == HONE_OK && s->final)
        run.final_rc = study_final(&study, &run.err);
    run.n = study.table.n;
    run.complete = study.table.complete;
    run.pruned = study.table.pruned;
    run.failed = study.table.failed;
    run.running = study.table.running;
    run.paused = study.table.paused;
    run.best = trial_table_best(&study.table) ? trial_table_best(&study.table)->number : UINT64_MAX;
    run.hash = table_hash(&study.table);
    for (size_t i = box.n_trials; i > 0; i--)
        if (box.trials[i - 1].record.state == HONE_STATE_FAILED)
            snprintf(run.messages, sizeof run.messages, "%s", box.trials[i - 1].message);
    study_close(&study);
    composition_release(&composition);
    config_release(&config);
    catalog_close(catalog);
    free(f.workers);
    free(f.ready);
    return run;
}
#endif
