/* SPDX-License-Identifier: MIT */
/* Reading a study from the storage for its replay. */
#include "study/replay.h"

#include "hone/param.h"

#include <stdlib.h>
#include <string.h>

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

hone_rc replay_no_memory(hone_error *err)
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
        return replay_no_memory(r->err);
    struct trial *t = trial_table_append(&study->table);
    if (!t)
        return replay_no_memory(r->err);
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
    return measure_for_search(study, record->metrics, record->n_metrics, t, r->err);
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
    size_t capacity = r->reports_capacity;
    if (!reserve((void **)&r->reports, &r->reports_capacity, r->n_reports, sizeof *r->reports))
        return replay_no_memory(r->err);
    if (capacity != r->reports_capacity) {
        double *more = realloc(r->values, r->reports_capacity * r->width * sizeof *more);
        if (!more)
            return replay_no_memory(r->err);
        r->values = more;
    }
    const struct report now = { record->trial, record->step };
    if (r->n_reports && compare_reports(&r->reports[r->n_reports - 1], &now) >= 0)
        return hone_fail(r->err, HONE_EIO, NULL,
                         "the storage gives the report of step %lld of trial %llu out of its order",
                         (long long)now.step, (unsigned long long)now.trial);
    r->reports[r->n_reports] = now;
    if (r->study->repeats && record->trial < r->study->table.n && r->states[record->trial] <= HONE_STATE_PAUSED &&
        repeated_add(&r->study->table.trials[record->trial]->repeated, record->values, record->n_values) < 0)
        return replay_no_memory(r->err);
    measure_values(r->study, record->values, record->n_values, r->values + r->n_reports * r->width);
    measure_constraints(r->study, record->values, record->n_values,
                        r->values + r->n_reports * r->width + r->study->table.n_values);
    r->n_reports++;
    return HONE_OK;
}

static hone_rc on_event(void *ctx, const hone_event_record *event)
{
    struct replay *r = ctx;
    if (!reserve((void **)&r->events, &r->capacity, r->n_events, sizeof *r->events))
        return replay_no_memory(r->err);
    r->events[r->n_events] = *event;
    const int has_text = event->what == HONE_EVENT_CLONE || event->what == HONE_EVENT_CHECKPOINT ||
                         event->what == HONE_EVENT_END ||
                         (event->what == HONE_EVENT_ASK &&
                          (event->verdict == HONE_ASKED_GIVEN || event->verdict == HONE_ASKED_TOLD));
    char *text = has_text && event->text ? strdup(event->text) : NULL;
    if (has_text && event->text && !text)
        return replay_no_memory(r->err);
    r->events[r->n_events++].text = text;
    return HONE_OK;
}

/* What a trial reported at a step: values, then constraints; NULL, and the error: it is not there. */
double *replay_find_report(struct replay *r, uint64_t trial, int64_t step)
{
    const struct report key = { trial, step };
    const struct report *found = r->n_reports ? bsearch(&key, r->reports, r->n_reports, sizeof key, compare_reports)
                                              : NULL;
    if (found)
        return r->values + (size_t)(found - r->reports) * r->width;
    hone_fail(r->err, HONE_EIO, NULL, "the report of step %lld of trial %llu is missing in the storage",
              (long long)step, (unsigned long long)trial);
    return NULL;
}

hone_rc replay_read(struct replay *r, hone_error *err)
{
    struct study *study = r->study;
    const hone_storage_v1 *s = study->storage_iface;
    const hone_storage_visitor visitor = { r, NULL, on_trial, on_report, on_event, NULL };
    r->width = study->table.n_values + study->table.n_constraints;
    hone_rc rc = s->trials(study->storage.self, study->id, HONE_ALL_TRIALS, &visitor, err);
    if (rc == HONE_OK)
        rc = s->reports(study->storage.self, study->id, HONE_ALL_TRIALS, &visitor, err);
    return rc == HONE_OK ? s->events(study->storage.self, study->id, &visitor, err) : rc;
}

void replay_release(struct replay *r)
{
    for (size_t i = 0; i < r->n_events; i++)
        free((char *)(uintptr_t)r->events[i].text);
    free(r->events);
    free(r->reports);
    free(r->values);
    free(r->states);
}
