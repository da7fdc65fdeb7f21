/* SPDX-License-Identifier: MIT */
/* Following a study that runs. Every change of a trial is an event of the study: those that are new name the trials to read again. */
#include "study.h"

#include <stdlib.h>

enum {
    MOST_CHANGED = 2000, /* trials that are read one by one; where more are new, all at once is faster */
    MOST_AGAIN = 10000   /* rows whose old texts and numbers may take memory, beside as many as there are */
};

struct changed {
    struct study *study;
    uint64_t *trials; /* (n) a trial more than once, too */
    size_t n, capacity;
};

static hone_rc on_event(void *ctx, const hone_event_record *e)
{
    struct changed *c = ctx;
    const hone_rc rc = study_hear(c->study, e);
    if (rc != HONE_OK || e->trial > INT64_MAX || (c->n && c->trials[c->n - 1] == e->trial)) /* or of no trial */
        return rc;
    uint64_t *more = study_reserve(c->trials, c->n, sizeof *more, &c->capacity);
    if (!more)
        return HONE_ENOMEM;
    c->trials = more;
    c->trials[c->n++] = e->trial;
    return c->n > MOST_CHANGED ? HONE_WAIT : HONE_OK;
}

static hone_rc on_trial(void *ctx, const hone_trial_record *record)
{
    return study_take(ctx, record);
}

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static hone_rc take_all(struct changed *c, hone_error *err)
{
    struct study *s = c->study;
    const hone_storage_visitor visitor = { s, NULL, on_trial, NULL, NULL, NULL };
    hone_rc rc = HONE_OK;
    if (c->n)
        qsort(c->trials, c->n, sizeof *c->trials, compare);
    for (size_t i = 0; i < c->n && rc == HONE_OK; i++)
        if (!i || c->trials[i] != c->trials[i - 1])
            rc = s->view->trials(s->view, s->index, (int64_t)c->trials[i], &visitor, err);
    return rc;
}

/* As many trials of each state as the study's record, which is older, says. */
static int has_all(const struct study *s)
{
    uint64_t n[HONE_STATE_FAILED + 1] = { 0 };
    for (size_t i = 0; i < s->n; i++)
        n[s->rows[i].state <= HONE_STATE_FAILED ? s->rows[i].state : HONE_STATE_WAITING]++;
    return s->n >= s->record->n_trials && n[HONE_STATE_COMPLETE] >= s->record->n_complete &&
           n[HONE_STATE_PRUNED] >= s->record->n_pruned && n[HONE_STATE_FAILED] >= s->record->n_failed;
}

hone_rc study_follow(struct study *s, uint64_t version, hone_error *err)
{
    struct changed changed = { .study = s };
    const hone_storage_visitor visitor = { &changed, NULL, NULL, NULL, on_event, NULL };
    if (!s->next_event || s->again > s->n + MOST_AGAIN) /* without events: those of another program */
        return HONE_WAIT;
    s->err = err;
    s->reading = 1;
    s->version = version;
    hone_rc rc = s->view->events_from(s->view, s->index, s->next_event, &visitor, err);
    if (rc == HONE_OK)
        rc = take_all(&changed, err);
    s->reading = 0;
    free(changed.trials);
    if (rc != HONE_OK)
        return rc;
    study_measure(s);
    return has_all(s) ? HONE_OK : HONE_WAIT;
}
