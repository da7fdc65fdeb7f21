/* SPDX-License-Identifier: MIT */
/* Taking up a study that the storage has: its decisions are replayed through search and scheduler in the order in which they
 * were taken, so both know what they knew. Trials that were running are run again; what they had reported stays. */
#include "study/study.h"

#include "hone/param.h"

#include <stdlib.h>
#include <string.h>

struct replay {
    struct study *study;
    hone_event_record *events;
    size_t n_events, capacity;
    /* reports as read, in the order of (trial, step): values of the objectives only */
    struct report {
        uint64_t trial;
        int64_t step;
    } * reports;
    double *values; /* (n_reports, n_values) */
    size_t n_reports, reports_capacity;
    uint32_t *states; /* by trial, as stored */
    size_t states_capacity;
    int warned; /* that search or scheduler answer otherwise than they did */
    hone_error *err;
};

/* Grows an array by doubling; 0: out of memory. */
static int reserve(void **array, size_t *capacity, size_t n, size_t size)
{
    if (n < *capacity)
        return 1;
    const size_t wanted = *capacity ? *capacity * 2 : 256;
    void *more = realloc(*array, wanted * size);
    if (!more)
        return 0;
    *array = more;
    *capacity = wanted;
    return 1;
}

static hone_rc out_of_memory(hone_error *err)
{
    return hone_fail(err, HONE_ENOMEM, NULL, "out of memory while reading the study");
}

static hone_rc on_trial(void *ctx, const hone_trial_record *record)
{
    struct replay *r = ctx;
    struct study *study = r->study;
    if (record->number != study->table.n)
        return hone_fail(r->err, HONE_EIO, NULL, "trial %llu is missing in the storage",
                         (unsigned long long)study->table.n);
    if (!reserve((void **)&r->states, &r->states_capacity, study->table.n, sizeof *r->states))
        return out_of_memory(r->err);
    struct trial *t = trial_table_append(&study->table);
    if (!t)
        return out_of_memory(r->err);
    r->states[t->number] = record->state;
    t->attempt = (uint32_t)record->attempt;
    t->started = record->started;
    t->ended = record->ended;
    t->worker = record->worker;
    for (uint32_t i = 0; i < record->n_parameters; i++) {
        const uint32_t d = space_find(&study->space, record->parameters[i].key);
        if (d == UINT32_MAX)
            return hone_fail(r->err, HONE_EIO, NULL, "trial %llu has a value for %s, which is not in [space]",
                             (unsigned long long)t->number, record->parameters[i].key);
        const hone_rc rc = study->space.view.dims[d]->n_choices
                               ? space_value_parse(&study->space, d, record->parameters[i].text, &t->x[d], r->err)
                               : HONE_OK;
        if (rc != HONE_OK)
            return rc;
        if (!study->space.view.dims[d]->n_choices)
            t->x[d] = record->parameters[i].number;
    }
    for (uint32_t i = 0; i < record->n_values && i < study->table.n_values; i++)
        t->values[i] = record->values[i];
    for (uint32_t i = 0; i < record->n_constraints && i < study->table.n_constraints; i++)
        t->constraints[i] = record->constraints[i];
    return HONE_OK;
}

static int compare_reports(const void *a, const void *b)
{
    const struct report *x = a, *y = b;
    if (x->trial != y->trial)
        return x->trial < y->trial ? -1 : 1;
    return x->step < y->step ? -1 : x->step > y->step;
}

/* The storage holds: what is not as it was is said once, and the study goes on with what was. */
static hone_rc on_report(void *ctx, const hone_report_record *record)
{
    struct replay *r = ctx;
    const uint32_t n_values = r->study->table.n_values;
    size_t capacity = r->reports_capacity;
    if (!reserve((void **)&r->reports, &r->reports_capacity, r->n_reports, sizeof *r->reports))
        return out_of_memory(r->err);
    if (capacity != r->reports_capacity) {
        double *more = realloc(r->values, r->reports_capacity * n_values * sizeof *more);
        if (!more)
            return out_of_memory(r->err);
        r->values = more;
    }
    const struct report now = { record->trial, record->step };
    if (r->n_reports && compare_reports(&r->reports[r->n_reports - 1], &now) >= 0)
        return hone_fail(r->err, HONE_EIO, NULL,
                         "the storage gives the report of step %lld of trial %llu out of its order",
                         (long long)now.step, (unsigned long long)now.trial);
    r->reports[r->n_reports] = now;
    measure_values(r->study, record->values, record->n_values, r->values + r->n_reports * n_values);
    r->n_reports++;
    return HONE_OK;
}

static hone_rc on_event(void *ctx, const hone_event_record *event)
{
    struct replay *r = ctx;
    if (!reserve((void **)&r->events, &r->capacity, r->n_events, sizeof *r->events))
        return out_of_memory(r->err);
    r->events[r->n_events] = *event;
    r->events[r->n_events++].text = NULL;
    return HONE_OK;
}

static void warn(struct replay *r, const struct component *component, const char *what, const struct trial *trial)
{
    char message[256];
    if (r->warned || !(component->entry->flags & HONE_C_DETERMINISTIC) || !r->study->host->log)
        return;
    r->warned = 1;
    snprintf(message, sizeof message,
             "%s '%s' now %s trial %llu otherwise than when the study ran: another version, or other limits; "
             "what is stored holds, but the study will not repeat exactly",
             component->entry->kind, component->entry->name, what, (unsigned long long)trial->number);
    r->study->host->log(r->study->host, HONE_LOG_WARN, message);
}

/* A point that was refused is not stored: all of it is NaN. */
static int same_point(const struct trial *trial, const double *x, uint32_t n)
{
    int stored = 0, same = 1;
    for (uint32_t i = 0; i < n; i++) {
        stored |= !isnan(trial->x[i]);
        same &= x[i] == trial->x[i] || (isnan(x[i]) && isnan(trial->x[i]));
    }
    return same || !stored;
}

static hone_rc replay_ask(struct replay *r, struct trial *trial, double *x)
{
    struct study *study = r->study;
    hone_rc rc = study_ask_scheduler(study, trial->number, r->err);
    if (rc < 0)
        return rc;
    for (uint32_t i = 0; i < study->table.n_dims; i++)
        x[i] = (double)NAN;
    if ((rc = study_ask_search(study, trial->number, x, r->err)) < 0)
        return rc;
    if (rc != HONE_OK || !same_point(trial, x, study->table.n_dims))
        warn(r, &study->search, "proposes", trial);
    trial->begun = study->now;
    return HONE_OK;
}

/* The virtual clock never goes back. */
static void advance(struct study *study, double now)
{
    if (now > study->now)
        study->now = now;
}

static int is_refused(const struct study *study, const struct trial *trial)
{
    return study->table.n_dims && isnan(trial->x[0]) && !trial->step; /* the first dimension has no condition */
}

static hone_rc replay_report(struct replay *r, struct trial *trial, const hone_event_record *event)
{
    struct study *study = r->study;
    const struct report key = { event->trial, event->step };
    const struct report *found = r->n_reports ? bsearch(&key, r->reports, r->n_reports, sizeof key, compare_reports)
                                              : NULL;
    uint32_t verdict;
    if (!found)
        return hone_fail(r->err, HONE_EIO, NULL, "the report of step %lld of trial %llu is missing in the storage",
                         (long long)event->step, (unsigned long long)event->trial);
    /* the trial's final values come back with its tell */
    double *values = trial->values, *reported = r->values + (size_t)(found - r->reports) * study->table.n_values;
    trial->values = reported;
    trial->step = event->step;
    const double first = trial_minimized(&study->table, trial, 0);
    if (first < trial->best) {
        trial->best = first;
        trial->best_step = event->step;
    }
    const hone_rc rc = study_report_scheduler(study, trial, &verdict, r->err);
    trial->values = values;
    if (r->states[event->trial] == HONE_STATE_RUNNING) /* it goes on from here; ended ones have their final values */
        memcpy(values, reported, study->table.n_values * sizeof *values);
    if (rc == HONE_OK && verdict != event->verdict)
        warn(r, &study->scheduler, "judges", trial);
    if (event->verdict == HONE_STOP)
        trial->stop_at = event->step;
    advance(study, trial->begun + (double)event->step);
    return rc;
}

static hone_rc replay_events(struct replay *r)
{
    struct study *study = r->study;
    double *x = calloc(study->table.n_dims + 1, sizeof *x);
    hone_rc rc = x ? HONE_OK : out_of_memory(r->err);
    for (size_t i = 0; i < r->n_events && rc == HONE_OK; i++) {
        const hone_event_record *e = &r->events[i];
        if (e->what == HONE_EVENT_NOTE)
            continue;
        if (e->trial >= study->table.n) {
            rc = hone_fail(r->err, HONE_EIO, NULL, "event %llu is of trial %llu, which the storage does not have",
                           (unsigned long long)e->sequence, (unsigned long long)e->trial);
            break;
        }
        struct trial *trial = study->table.trials[e->trial];
        if (e->what == HONE_EVENT_ASK) {
            rc = replay_ask(r, trial, x);
        } else if (e->what == HONE_EVENT_REPORT) {
            rc = replay_report(r, trial, e);
        } else if (e->what == HONE_EVENT_TELL) {
            if (r->states[e->trial] < HONE_STATE_COMPLETE || trial->state != HONE_STATE_RUNNING) {
                rc = hone_fail(r->err, HONE_EIO, NULL, "the storage contradicts itself about the end of trial %llu",
                               (unsigned long long)e->trial);
                break;
            }
            if (!is_refused(study, trial))
                advance(study, trial->begun + (double)trial->step + 1);
            if (trial_end(&study->table, trial, r->states[e->trial]) < 0)
                rc = out_of_memory(r->err);
            else
                rc = study_tell_search(study, trial, r->err);
        } else if (e->what == HONE_EVENT_RETRY) {
            trial->retries++;
        }
    }
    study->sequence = r->n_events ? r->events[r->n_events - 1].sequence + 1 : 0;
    study->waiting = study->done = NULL;
    free(x);
    return rc;
}

/* What was running goes to the head of the queue. */
static hone_rc queue_unfinished(struct study *study, hone_error *err)
{
    study->rerun = calloc((size_t)study->table.running + 1, sizeof *study->rerun);
    if (!study->rerun)
        return out_of_memory(err);
    for (uint64_t i = 0; i < study->table.n; i++)
        if (study->table.trials[i]->state == HONE_STATE_RUNNING)
            study->rerun[study->n_rerun++] = study->table.trials[i];
    study->before = study->table.n - study->table.running;
    return HONE_OK;
}

hone_rc study_replay(struct study *study, hone_error *err)
{
    const hone_storage_v1 *s = study->storage_iface;
    struct replay r = { .study = study, .err = err };
    const hone_storage_visitor visitor = { &r, NULL, on_trial, on_report, on_event, NULL };
    hone_rc rc = s->trials(study->storage.self, study->id, HONE_ALL_TRIALS, &visitor, err);
    if (rc == HONE_OK)
        rc = s->reports(study->storage.self, study->id, HONE_ALL_TRIALS, &visitor, err);
    if (rc == HONE_OK)
        rc = s->events(study->storage.self, study->id, &visitor, err);
    if (rc == HONE_OK)
        rc = replay_events(&r);
    if (rc == HONE_OK)
        rc = queue_unfinished(study, err);
    free(r.events);
    free(r.reports);
    free(r.values);
    free(r.states);
    return rc;
}
