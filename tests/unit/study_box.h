/* SPDX-License-Identifier: MIT */
/* What a test of the study wants to go wrong, and a storage in memory: commits are atomic, a rollback forgets, and any write can
 * be made to fail. */
#ifndef HONE_TESTS_STUDY_BOX_H
#define HONE_TESTS_STUDY_BOX_H
#include "harness.h"

#include "hone/param.h"
#include "hone/storage.h"

/* What a test wants of the parts; zeroes are a study in which all goes well. */
static struct knobs {
    unsigned wait_at;        /* the search waits while so many trials are without outcome */
    int always_wait;         /* ... or always */
    unsigned done_at;        /* the search is done at this trial */
    unsigned bad_every;      /* every n-th point is outside the space */
    int no_stops;            /* the scheduler lets everything go on */
    unsigned crash_every;    /* every n-th trial crashes in its first attempt, after its second report */
    unsigned crash_waiting;  /* ... and while its report waits for the verdict */
    unsigned crash_attempts; /* bit k: it crashes in attempt k; 0: in the first one */
    unsigned forget_every;   /* every n-th trial ends without the objective's value */
    int no_steps;            /* trials report nothing */
    long fail_write;         /* the n-th write of the storage, and all later ones, fail; 0: none */
    int fail_once;           /* ... only that one fails */
    long signal_event;       /* SIGINT comes with the n-th event; 0: never */
    long final_fails;        /* the final training fails */
    int forget_all;          /* the storage keeps nothing: for counting memory */
    int measure_memory;      /* into memory_early and memory_late, bytes at trials 5000 and 19999 */
    int checkpoints, clones; /* trials that pause make one; the scheduler clones */
    int repeats;             /* the steps of a trial are runs of the same point, five of them */
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
struct box_event {
    hone_event_record record;
    char text[120];
    int has_text;
};
struct box_op {
    enum { OP_TRIAL, OP_REPORT, OP_EVENT, OP_ATTACHMENT } what;
    struct box_trial trial;
    struct box_report report;
    struct box_event event;
    struct box_attachment attachment;
};
static struct box {
    int there, begun;
    char *config;
    uint32_t state;
    struct box_trial *trials;
    struct box_report *reports;
    struct box_event *events;
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
    return knobs.fail_write && (knobs.fail_once ? box.writes == knobs.fail_write : box.writes >= knobs.fail_write)
               ? hone_fail(err, HONE_EIO, NULL, "box is full")
               : HONE_OK;
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
        CU_ASSERT_EQUAL_FATAL(op->event.record.sequence, box.n_events);
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
    op->event.record = *event;
    op->event.has_text = event->text != NULL;
    snprintf(op->event.text, sizeof op->event.text, "%s", event->text ? event->text : "");
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
    for (size_t i = 0; i < box.n_events && rc == HONE_OK; i++) {
        hone_event_record record = box.events[i].record;
        record.text = box.events[i].has_text ? box.events[i].text : NULL;
        rc = visitor->event(visitor->ctx, &record);
    }
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
#endif
