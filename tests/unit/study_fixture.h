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

#include <malloc.h>
#include <math.h>

/* What a test wants of the parts; zeroes are a study in which all goes well. */
static struct knobs {
    unsigned wait_at;       /* the search waits while so many trials are without outcome */
    int always_wait;        /* ... or always */
    unsigned done_at;       /* the search is done at this trial */
    unsigned bad_every;     /* every n-th point is outside the space */
    int no_stops;           /* the scheduler lets everything go on */
    unsigned crash_every;   /* every n-th trial crashes in its first attempt, after its second report */
    unsigned crash_waiting; /* ... and while its report waits for the verdict */
    unsigned forget_every;  /* every n-th trial ends without the objective's value */
    int no_steps;           /* trials report nothing */
    long fail_write;        /* the n-th write of the storage, and all later ones, fail; 0: none */
    long signal_event;      /* SIGINT comes with the n-th event; 0: never */
    long final_fails;       /* the final training fails */
    int forget_all;         /* the storage keeps nothing: for counting memory */
    int measure_memory;     /* into memory_early and memory_late, bytes at trials 5000 and 19999 */
} knobs;
static int64_t memory_early, memory_late;

/* ---- storage/box ---- */

struct box_trial {
    hone_trial_record record; /* its pointers are not used */
    uint32_t n;
    struct {
        char key[16], text[32];
        double number;
    } parameters[4];
    double values[2], constraints[2];
    char message[200];
};
struct box_report {
    hone_report_record record;
    double value;
};
struct box_attachment {
    uint64_t trial;
    uint32_t final;
};
struct box_op {
    enum { OP_TRIAL, OP_REPORT, OP_EVENT, OP_ATTACHMENT } what;
    struct box_trial trial;
    struct box_report report;
    hone_event_record event;
    struct box_attachment attachment;
};
static struct box {
    int there, begun;
    char *config;
    uint32_t state;
    struct box_trial *trials;
    struct box_report *reports;
    hone_event_record *events;
    struct box_attachment *attachments;
    struct box_op *ops;
    size_t n_trials, n_reports, n_events, n_attachments, n_ops;
    long writes;
} box;

static void box_empty(void)
{
    free(box.config);
    free(box.trials);
    free(box.reports);
    free(box.events);
    free(box.attachments);
    free(box.ops);
    box = (struct box){ 0 };
}

/* Room for one more at the end of an array whose capacity is the next power of two. */
static void *box_grow(void *array, size_t n, size_t size)
{
    if (n && (n & (n - 1)))
        return array;
    void *more = realloc(array, (n ? n * 2 : 1) * size);
    if (!more)
        exit(2);
    return more;
}

static hone_rc box_write(hone_error *err)
{
    box.writes++;
    return knobs.fail_write && box.writes >= knobs.fail_write ? hone_fail(err, HONE_EIO, NULL, "box is full") : HONE_OK;
}

static struct box_op *box_op(void)
{
    box.ops = box_grow(box.ops, box.n_ops, sizeof *box.ops);
    memset(&box.ops[box.n_ops], 0, sizeof *box.ops);
    return &box.ops[box.n_ops++];
}

static hone_rc box_open(void *self, const char *location, uint32_t mode, hone_error *err)
{
    (void)self, (void)location, (void)mode, (void)err;
    return HONE_OK;
}

static hone_rc box_begin(void *self, hone_error *err)
{
    (void)self;
    CU_ASSERT_EQUAL(box.begun, 0);
    const hone_rc rc = box_write(err);
    box.begun = rc == HONE_OK;
    return rc;
}

static void box_rollback(void *self)
{
    (void)self;
    CU_ASSERT_EQUAL(box.begun, 1);
    box.begun = 0;
    box.n_ops = 0;
}

static void box_apply(const struct box_op *op)
{
    size_t i = 0;
    switch (op->what) {
    case OP_TRIAL:
        if (op->trial.record.number == box.n_trials) {
            box.trials = box_grow(box.trials, box.n_trials, sizeof *box.trials);
            box.n_trials++;
        }
        CU_ASSERT_FATAL(op->trial.record.number < box.n_trials);
        box.trials[op->trial.record.number] = op->trial;
        break;
    case OP_REPORT:
        box.reports = box_grow(box.reports, box.n_reports, sizeof *box.reports);
        box.reports[box.n_reports++] = op->report;
        break;
    case OP_EVENT:
        CU_ASSERT_EQUAL_FATAL(op->event.sequence, box.n_events);
        box.events = box_grow(box.events, box.n_events, sizeof *box.events);
        box.events[box.n_events++] = op->event;
        break;
    case OP_ATTACHMENT:
    default:
        while (i < box.n_attachments &&
               (box.attachments[i].trial != op->attachment.trial || box.attachments[i].final != op->attachment.final))
            i++;
        if (i == box.n_attachments) {
            box.attachments = box_grow(box.attachments, box.n_attachments, sizeof *box.attachments);
            box.attachments[box.n_attachments++] = op->attachment;
        }
    }
}

static hone_rc box_commit(void *self, hone_error *err)
{
    (void)self;
    const hone_rc rc = box_write(err);
    if (rc != HONE_OK)
        return rc;
    CU_ASSERT_EQUAL(box.begun, 1);
    for (size_t i = 0; i < box.n_ops && !knobs.forget_all; i++)
        box_apply(&box.ops[i]);
    box.begun = 0;
    box.n_ops = 0;
    return HONE_OK;
}

static hone_rc box_put_study(void *self, const hone_study_record *study, int64_t *id, hone_error *err)
{
    (void)self;
    const hone_rc rc = box_write(err);
    if (rc != HONE_OK)
        return rc;
    free(box.config);
    box.config = strdup(study->config);
    box.state = study->state;
    box.there = 1;
    *id = 1;
    return HONE_OK;
}

static hone_rc box_put_trial(void *self, int64_t study, const hone_trial_record *r, hone_error *err)
{
    (void)self, (void)study;
    const hone_rc rc = box_write(err);
    if (rc != HONE_OK || knobs.forget_all)
        return rc;
    struct box_trial *t = &box_op()->trial;
    CU_ASSERT_FATAL(r->n_parameters <= 4 && r->n_values <= 2 && r->n_constraints <= 2);
    t->record = *r;
    t->n = r->n_parameters;
    for (uint32_t i = 0; i < r->n_parameters; i++) {
        snprintf(t->parameters[i].key, sizeof t->parameters[i].key, "%s", r->parameters[i].key);
        snprintf(t->parameters[i].text, sizeof t->parameters[i].text, "%s", r->parameters[i].text);
        t->parameters[i].number = r->parameters[i].number;
    }
    for (uint32_t i = 0; i < r->n_values; i++)
        t->values[i] = r->values[i];
    for (uint32_t i = 0; i < r->n_constraints; i++)
        t->constraints[i] = r->constraints[i];
    snprintf(t->message, sizeof t->message, "%s", r->message ? r->message : "");
    return HONE_OK;
}

static hone_rc box_put_report(void *self, int64_t study, const hone_report_record *r, hone_error *err)
{
    (void)self, (void)study;
    const hone_rc rc = box_write(err);
    if (rc != HONE_OK || knobs.forget_all)
        return rc;
    struct box_op *op = box_op();
    op->what = OP_REPORT;
    op->report = (struct box_report){ *r, r->values[0].value };
    return HONE_OK;
}

static hone_rc box_put_event(void *self, int64_t study, const hone_event_record *event, hone_error *err)
{
    (void)self, (void)study;
    const hone_rc rc = box_write(err);
    if (rc != HONE_OK || knobs.forget_all)
        return rc;
    struct box_op *op = box_op();
    op->what = OP_EVENT;
    op->event = *event;
    op->event.text = NULL;
    return HONE_OK;
}

static hone_rc box_put_attachment(void *self, int64_t study, const hone_attachment_record *a, hone_error *err)
{
    (void)self, (void)study;
    const hone_rc rc = box_write(err);
    if (rc != HONE_OK)
        return rc;
    struct box_op *op = box_op();
    op->what = OP_ATTACHMENT;
    op->attachment = (struct box_attachment){ a->trial, a->final };
    return HONE_OK;
}

static hone_rc box_studies(void *self, const hone_storage_visitor *visitor, hone_error *err)
{
    (void)self, (void)err;
    const hone_study_record record = { .size = sizeof record, .id = 1, .name = "t", .config = box.config };
    return box.there ? visitor->study(visitor->ctx, &record) : HONE_OK;
}

static hone_rc box_trials(void *self, int64_t study, int64_t trial, const hone_storage_visitor *visitor,
                          hone_error *err)
{
    hone_rc rc = HONE_OK;
    (void)self, (void)study, (void)err;
    for (size_t i = 0; i < box.n_trials && rc == HONE_OK; i++) {
        struct box_trial *t = &box.trials[i];
        hone_trial_record record = t->record;
        hone_parameter_record parameters[4];
        for (uint32_t k = 0; k < t->n; k++)
            parameters[k] = (hone_parameter_record){ t->parameters[k].key, t->parameters[k].text,
                                                     t->parameters[k].number };
        record.parameters = parameters;
        record.values = t->values;
        record.constraints = t->constraints;
        record.metrics = NULL;
        record.n_metrics = 0;
        record.message = t->message;
        if (trial == HONE_ALL_TRIALS || (uint64_t)trial == record.number)
            rc = visitor->trial(visitor->ctx, &record);
    }
    return rc;
}

static int box_compare(const void *a, const void *b)
{
    const hone_report_record *x = &((const struct box_report *)a)->record, *y = &((const struct box_report *)b)->record;
    return x->trial != y->trial ? (x->trial < y->trial ? -1 : 1) : x->step < y->step ? -1 : x->step > y->step;
}

static hone_rc box_reports(void *self, int64_t study, int64_t trial, const hone_storage_visitor *visitor,
                           hone_error *err)
{
    hone_rc rc = HONE_OK;
    (void)self, (void)study, (void)trial, (void)err;
    if (box.n_reports)
        qsort(box.reports, box.n_reports, sizeof *box.reports, box_compare);
    for (size_t i = 0; i < box.n_reports && rc == HONE_OK; i++) {
        const hone_value value = { "value", box.reports[i].value, 0, 0 };
        hone_report_record record = box.reports[i].record;
        record.values = &value;
        record.n_values = 1;
        rc = visitor->report(visitor->ctx, &record);
    }
    return rc;
}

static hone_rc box_events(void *self, int64_t study, const hone_storage_visitor *visitor, hone_error *err)
{
    hone_rc rc = HONE_OK;
    (void)self, (void)study, (void)err;
    for (size_t i = 0; i < box.n_events && rc == HONE_OK; i++)
        rc = visitor->event(visitor->ctx, &box.events[i]);
    return rc;
}

static hone_rc box_attachments(void *self, int64_t study, int64_t trial, const hone_storage_visitor *visitor,
                               hone_error *err)
{
    hone_rc rc = HONE_OK;
    (void)self, (void)study, (void)err;
    for (size_t i = 0; i < box.n_attachments && rc == HONE_OK; i++) {
        const hone_attachment_record record = {
            sizeof record, box.attachments[i].final, box.attachments[i].trial, "model", "text/plain", "x", NULL
        };
        if (box.attachments[i].trial == (uint64_t)trial)
            rc = visitor->attachment(visitor->ctx, &record);
    }
    return rc;
}

static hone_rc box_lock(void *self, int64_t study, hone_error *err)
{
    (void)self, (void)study, (void)err;
    return HONE_OK;
}

static const hone_storage_v1 box_iface = { sizeof box_iface,
                                           0,
                                           box_open,
                                           box_begin,
                                           box_commit,
                                           box_rollback,
                                           box_put_study,
                                           box_put_trial,
                                           box_put_report,
                                           box_put_event,
                                           box_put_attachment,
                                           box_studies,
                                           box_trials,
                                           box_reports,
                                           box_events,
                                           box_attachments,
                                           box_lock };

/* ---- search/learner, scheduler/judge, reporter/counter: they never forget in which order they heard what ---- */

struct memory {
    uint64_t hash;
    unsigned outstanding;
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
    INVENTED(HONE_KIND_SEARCH, "learner", &learner_iface),      INVENTED(HONE_KIND_SCHEDULER, "judge", &judge_iface),
    INVENTED(HONE_KIND_REPORTER, "counter", &counter_iface),    INVENTED(HONE_KIND_STORAGE, "box", &box_iface),
    INVENTED(HONE_KIND_OBJECTIVE, "invented", &invented_iface),
};

/* ---- the crew ---- */

struct fake_worker {
    int busy, ready, waiting, stop, dies, cancelled;
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
                                               .flags = trial->flags,
                                               .last = knobs.no_steps ? 0 : 1 + (int64_t)(trial->number % 5),
                                               .stride = 1 + (int64_t)(trial->number % 3 == 0),
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

/* What the worker says next. */
static void fake_speak(struct fake_crew *f, unsigned worker, struct crew_event *event)
{
    struct fake_worker *w = &f->workers[worker];
    const int crashes = every(w->trial, knobs.crash_every) && w->attempt == 0;
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
    } else if (w->step >= w->last) {
        event->status = HONE_COMPLETE;
    } else {
        w->step += w->stride;
        w->waiting = 1;
        f->values[0].value = w->x + 1.0 / (double)(w->step + 1);
        event->what = CREW_REPORT;
        event->step = w->step;
        if (every(w->trial, knobs.crash_waiting) && w->attempt == 0) {
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
    struct fake_crew *f = (struct fake_crew *)crew;
    if (!f->described) {
        f->described = 1;
        *event = (struct crew_event){ .what = CREW_READY, .description = f->final ? &with_final : &description };
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
    int strict, final;
    unsigned trials, workers, lag, retries;
    uint64_t arrivals; /* seed of the order of arrival */
    const char *study; /* more lines of [study] */
};
struct run {
    hone_rc rc;
    hone_error err;
    enum study_end end;
    uint64_t hash; /* of all trials: point, state, step, values */
    uint64_t n, complete, pruned, failed, running, best;
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
        "[search]\nuse = learner\n[scheduler]\nuse = judge\n[objective]\nuse = invented\n[reporter.counter]\n"
        "[space]\nx = real 0 .. 1\nk = int 1 .. 9\nc = choice a, b\n",
        s->trials, s->workers, s->strict ? lag : "", s->strict ? "strict" : "asynchronous", s->retries,
        s->study ? s->study : "", s->study && strstr(s->study, "objectives") ? "" : "objectives = value min");
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
    const struct study_options options = { &composition, &host, &f.crew, s->workers, &terminal, &f.signalled };
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
