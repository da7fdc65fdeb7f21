/* SPDX-License-Identifier: MIT */
/* Brackets of rungs: arrivals kept sorted, promotion from the top rung down. An arrival costs a binary search and the move
 * of those behind it, a promotion a look at the best that was not sent on. */
#include "rungs.h"

#include "fronts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

uint32_t rungs_steps(double first, double eta, int64_t max_step, int64_t *steps)
{
    uint32_t n = 0;
    for (double step = first; n + 1 < MOST_RUNGS && step < (double)max_step; step *= eta) {
        const int64_t s = (int64_t)floor(step + 1e-9);
        if (s >= 1 && s < max_step && (!n || s > steps[n - 1]))
            steps[n++] = s;
    }
    steps[n++] = max_step;
    return n;
}

enum { LEAST_ROOM = 32, MOST_EXPECTED = 1 << 20 };

/* Room for one more, at first for as many as are expected: to move an array of some megabytes takes a millisecond. 0: out of
 * memory. */
static int reserve(void **array, uint64_t *capacity, uint64_t n, uint64_t expected, size_t size)
{
    const uint64_t first = expected < LEAST_ROOM ? LEAST_ROOM : expected < MOST_EXPECTED ? expected : MOST_EXPECTED;
    const uint64_t wanted = *capacity ? *capacity * 2 : first;
    void *more;
    if (n < *capacity)
        return 1;
    more = realloc(*array, (size_t)wanted * size);
    if (!more)
        return 0;
    *array = more;
    *capacity = wanted;
    return 1;
}

struct bracket *rungs_add(struct rungs *r, const int64_t *steps, uint32_t n_steps, uint32_t synchronous)
{
    struct bracket *b = (struct bracket *)calloc(1, sizeof *b);
    if (!b || !reserve((void **)&r->brackets, &r->brackets_capacity, r->n_brackets, 0, sizeof *r->brackets)) {
        free(b);
        return NULL;
    }
    for (uint32_t i = 0; i < n_steps; i++)
        b->rungs[i].step = steps[i];
    b->n_rungs = n_steps;
    b->synchronous = synchronous;
    r->brackets[r->n_brackets++] = b;
    return b;
}

void rungs_release(struct rungs *r)
{
    for (uint64_t i = 0; i < r->n_brackets; i++) {
        for (uint32_t k = 0; k < r->brackets[i]->n_rungs; k++) {
            free(r->brackets[i]->rungs[k].entries);
            free(r->brackets[i]->rungs[k].points);
        }
        free(r->brackets[i]);
    }
    free(r->brackets);
    free(r->trials);
    memset(r, 0, sizeof *r);
}

/* Where a trial goes that is sent to a rung: the last one needs no pause. */
static int64_t until_of(const struct bracket *b, uint32_t rung)
{
    return rung + 1 < b->n_rungs ? b->rungs[rung].step : 0;
}

int rungs_has(const struct rungs *r, uint64_t trial)
{
    return trial < r->n_trials;
}

hone_rc rungs_enter(struct rungs *r, uint64_t trial, uint32_t bracket, int64_t *until, hone_error *err)
{
    while (r->n_trials <= trial) { /* in between: numbers that somebody else started */
        if (!reserve((void **)&r->trials, &r->trials_capacity, r->n_trials, r->expected, sizeof *r->trials))
            return hone_fail(err, HONE_ENOMEM, "", "out of memory for the trials of the scheduler");
        r->trials[r->n_trials++] = (struct standing){ .bracket = bracket, .place = PLACE_NONE };
        r->brackets[bracket]->rungs[0].sent++;
    }
    *until = until_of(r->brackets[r->trials[trial].bracket], 0);
    return HONE_OK;
}

static int better(const struct entry *a, double value, uint64_t trial)
{
    return a->value < value || (a->value <= value && a->trial < trial);
}

static hone_rc arrive(struct rung *rung, uint64_t expected, uint64_t trial, double value, uint64_t *rank,
                      hone_error *err)
{
    uint64_t low = 0, high = rung->n;
    if (!reserve((void **)&rung->entries, &rung->capacity, rung->n, expected, sizeof *rung->entries))
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the values of a rung");
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (better(&rung->entries[middle], value, trial))
            low = middle + 1;
        else
            high = middle;
    }
    memmove(rung->entries + low + 1, rung->entries + low, (size_t)(rung->n - low) * sizeof *rung->entries);
    rung->entries[low] = (struct entry){ value, trial, 0, 0 };
    rung->n++;
    if (low < rung->next)
        rung->next = low;
    *rank = low;
    return HONE_OK;
}

/* How many will come to where the trial is, as far as that is known. */
static uint64_t expected_at(const struct rungs *r, uint64_t trial)
{
    const struct standing *t = &r->trials[trial];
    const struct bracket *b = r->brackets[t->bracket];
    return b->synchronous ? b->rungs[t->rung].size : (uint64_t)((double)r->expected / pow(r->eta, t->rung));
}

static void heard_of(struct rungs *r, struct standing *t)
{
    if (t->place == PLACE_NONE) {
        t->place = PLACE_RUNNING;
        r->running++;
    }
}

/* Notes that the trial has reported. *rung: where it has arrived by that; NULL: nowhere new. */
static hone_rc reach(struct rungs *r, uint64_t trial, int64_t step, struct rung **rung, hone_error *err)
{
    int64_t until;
    hone_rc rc;
    *rung = NULL;
    if (!r->n_brackets)
        return HONE_OK;
    if (!rungs_has(r, trial) && (rc = rungs_enter(r, trial, 0, &until, err)) != HONE_OK)
        return rc;
    struct standing *t = &r->trials[trial];
    struct rung *here = &r->brackets[t->bracket]->rungs[t->rung];
    heard_of(r, t);
    t->step = step;
    if (t->place == PLACE_OVER || t->arrived || step < here->step)
        return HONE_OK;
    t->arrived = 1;
    *rung = here;
    return HONE_OK;
}

hone_rc rungs_report(struct rungs *r, uint64_t trial, int64_t step, double value, uint64_t *rank, int *arrived,
                     hone_error *err)
{
    struct rung *rung;
    const hone_rc rc = reach(r, trial, step, &rung, err);
    *arrived = rung != NULL;
    return rc != HONE_OK || !rung
               ? rc
               : arrive(rung, expected_at(r, trial), trial, isnan(value) ? HUGE_VAL : value, rank, err);
}

hone_rc rungs_report_front(struct rungs *r, uint64_t trial, int64_t step, const double *values, uint64_t *rank,
                           int *arrived, hone_error *err)
{
    struct rung *rung;
    hone_rc rc = reach(r, trial, step, &rung, err);
    *arrived = rung != NULL;
    if (rc != HONE_OK || !rung || (rc = arrive(rung, expected_at(r, trial), trial, HUGE_VAL, rank, err)) != HONE_OK)
        return rc;
    struct entry *e = &rung->entries[*rank];
    double *points = (double *)realloc(rung->points, (size_t)rung->capacity * r->n_values * sizeof *points);
    if (!points)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the values of a rung");
    rung->points = points;
    e->point = (uint32_t)(rung->n - 1);
    memcpy(points + (size_t)e->point * r->n_values, values, r->n_values * sizeof *values);
    if ((rc = fronts_sort(rung, r->n_values, err)) != HONE_OK)
        return rc;
    for (*rank = 0; rung->entries[*rank].trial != trial;)
        ++*rank;
    return HONE_OK;
}

void rungs_pass(struct rungs *r, uint64_t trial)
{
    struct standing *t = &r->trials[trial];
    struct bracket *b = r->brackets[t->bracket];
    if (t->rung + 1 >= b->n_rungs)
        return;
    t->rung++;
    t->arrived = 0;
    b->rungs[t->rung].sent++;
}

void rungs_finish(struct rungs *r, uint64_t trial, uint32_t status)
{
    if (!rungs_has(r, trial))
        return;
    struct standing *t = &r->trials[trial];
    heard_of(r, t);
    if (t->place == PLACE_OVER)
        return;
    if (status == HONE_PAUSED) {
        if (t->place == PLACE_RUNNING)
            r->running--;
        t->place = PLACE_PAUSED;
        return;
    }
    r->running -= t->place == PLACE_RUNNING;
    r->complete += status == HONE_COMPLETE;
    t->place = PLACE_OVER;
    if (!t->arrived)
        r->brackets[t->bracket]->rungs[t->rung].lost++;
}

static void send_on(struct rungs *r, struct bracket *b, uint32_t rung, struct entry *entry, hone_order *order)
{
    struct standing *t = &r->trials[entry->trial];
    entry->sent_on = 1;
    b->rungs[rung].promoted++;
    b->rungs[rung + 1].sent++;
    t->rung = rung + 1;
    t->arrived = 0;
    t->place = PLACE_RUNNING;
    r->running++;
    order->what = HONE_ORDER_RESUME;
    order->trial = entry->trial;
    order->until = until_of(b, rung + 1);
    if (order->until && order->until <= t->step) /* a gap in its reports has passed the rung: its next one will do */
        order->until = t->step + 1;
}

/* How many of those at the rung may be sent on by now, the best first. */
static uint64_t quota(const struct bracket *b, uint32_t rung, double eta)
{
    const struct rung *here = &b->rungs[rung];
    if (!b->synchronous)
        return (uint64_t)((double)here->n / eta);
    if (here->sent < here->size || here->n + here->lost < here->sent)
        return 0; /* somebody is still to come */
    return b->rungs[rung + 1].size;
}

int rungs_arrived(const struct bracket *b)
{
    if (!b->synchronous || b->rungs[0].sent < b->rungs[0].size)
        return 0;
    for (uint32_t k = 0; k < b->n_rungs; k++)
        if (b->rungs[k].n + b->rungs[k].lost < b->rungs[k].sent)
            return 0;
    return 1;
}

/* Looks for the best that may be sent on from rung k. *later: one may, as soon as its pause is told. */
static struct entry *promotable(struct rungs *r, struct rung *rung, uint64_t most, int *later)
{
    while (rung->next < rung->n &&
           (rung->entries[rung->next].sent_on || r->trials[rung->entries[rung->next].trial].place == PLACE_OVER))
        rung->next++;
    for (uint64_t at = rung->next; at < rung->n && at < most && rung->entries[at].value < HUGE_VAL; at++) {
        const enum place place = (enum place)r->trials[rung->entries[at].trial].place;
        if (rung->entries[at].sent_on || place == PLACE_OVER)
            continue;
        if (place == PLACE_PAUSED)
            return &rung->entries[at];
        *later = 1;
    }
    return NULL;
}

hone_rc rungs_promote(struct rungs *r, hone_order *order)
{
    for (uint64_t i = r->oldest; i < r->n_brackets; i++) {
        struct bracket *b = r->brackets[i];
        int later = 0;
        for (uint32_t k = b->n_rungs - 1; k > 0; k--) {
            struct entry *e = promotable(r, &b->rungs[k - 1], quota(b, k - 1, r->eta), &later);
            if (!e)
                continue;
            send_on(r, b, k - 1, e, order);
            return HONE_OK;
        }
        if (i == r->oldest && !later && rungs_arrived(b))
            r->oldest++; /* this one is through */
    }
    return HONE_WAIT;
}

hone_rc rungs_finish_best(struct rungs *r, hone_order *order)
{
    struct bracket *where = NULL;
    struct entry *best = NULL;
    uint32_t rung = 0;
    for (uint64_t i = 0; i < r->n_brackets; i++) {
        struct bracket *b = r->brackets[i];
        for (uint32_t k = b->n_rungs - 1; k > 0; k--)
            for (uint64_t at = 0; at < b->rungs[k - 1].n; at++) {
                struct entry *e = &b->rungs[k - 1].entries[at];
                const int64_t step = b->rungs[k - 1].step;
                if (e->sent_on || r->trials[e->trial].place != PLACE_PAUSED || !(e->value < HUGE_VAL))
                    continue;
                if (!best || step > where->rungs[rung].step ||
                    (step == where->rungs[rung].step && better(e, best->value, best->trial))) {
                    best = e;
                    where = b;
                    rung = k - 1;
                }
                break; /* the others of this rung are no better */
            }
    }
    if (!best)
        return HONE_WAIT;
    send_on(r, where, rung, best, order);
    return HONE_OK;
}

void rungs_close(struct rungs *r, uint64_t next)
{
    while (r->n_trials > next && r->trials[r->n_trials - 1].place == PLACE_NONE)
        r->brackets[r->trials[--r->n_trials].bracket]->rungs[0].sent--;
    for (uint64_t i = r->oldest; i < r->n_brackets; i++) { /* fewer came than were planned: the same shares go on */
        struct bracket *b = r->brackets[i];
        if (!b->synchronous || b->rungs[0].sent >= b->rungs[0].size)
            continue;
        b->rungs[0].size = b->rungs[0].sent;
        for (uint32_t k = 1; k < b->n_rungs; k++) {
            const uint64_t share = (uint64_t)((double)b->rungs[k - 1].size / r->eta);
            if (b->rungs[k].size) /* nobody was to come: nobody will */
                b->rungs[k].size = share ? share : b->rungs[k - 1].size ? 1 : 0;
        }
    }
}
