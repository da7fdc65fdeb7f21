/* SPDX-License-Identifier: MIT */
/* A study on a virtual clock with invented results: what drives a scheduler in tests and benchmarks, with as many workers as
 * one likes. A step takes a unit of time; ties go to the smaller trial. */
#ifndef HONE_TESTS_VIRTUAL_STUDY_H
#define HONE_TESTS_VIRTUAL_STUDY_H
#include "hone/history.h"
#include "hone/scheduler.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A scheduler that breaks the contract ends the program: nothing that follows would mean anything. */
#define VIRTUAL_MUST(condition)                                                                   \
    do {                                                                                          \
        if (!(condition)) {                                                                       \
            fprintf(stderr, "%s:%d: the scheduler breaks: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                              \
        }                                                                                         \
    } while (0)

enum virtual_state { VIRTUAL_RUNNING = 1, VIRTUAL_PAUSED, VIRTUAL_COMPLETE, VIRTUAL_PRUNED, VIRTUAL_FAILED };
struct virtual_trial {
    enum virtual_state state;
    int64_t step, until;
    int64_t saved; /* step of its checkpoint: of its last pause; 0: none */
    double at;     /* of its next report */
};
struct virtual_study {
    const hone_scheduler_v1 *iface;
    void *self;
    hone_error *err;
    uint64_t trials; /* budget */
    int64_t max_step;
    uint32_t workers;
    /* value of a trial at a step; NaN is one. HUGE_VAL: the trial fails there */
    double (*value)(void *ctx, uint64_t trial, int64_t step);
    /* hears every order and every arrival, in their order; may be NULL */
    void (*hear)(void *ctx, const hone_order *order, uint64_t trial, int64_t step, double value);
    void *ctx;
    /* of a scheduler that proposes the points: asked and told, too */
    const hone_search_v1 *search;
    uint32_t n_dims;
    /* of a scheduler that clones trials: its points are drawn from here; NULL: none has a point */
    const hone_space *space;
    double *x;  /* (trials, n_dims) */
    double *at; /* (n_dims) of the order at hand */
    uint64_t n, orders, reports, clones;
    struct virtual_trial *table; /* (trials) */
    uint64_t *heap;              /* (n_heap) trials that run, earliest first */
    uint32_t n_heap;
    double now;
};

static inline int virtual_earlier_(const struct virtual_study *s, uint64_t a, uint64_t b)
{
    return s->table[a].at < s->table[b].at || (s->table[a].at <= s->table[b].at && a < b);
}

static inline void virtual_push_(struct virtual_study *s, uint64_t trial)
{
    uint32_t i = s->n_heap++;
    for (; i && virtual_earlier_(s, trial, s->heap[(i - 1) / 2]); i = (i - 1) / 2)
        s->heap[i] = s->heap[(i - 1) / 2];
    s->heap[i] = trial;
}

static inline uint64_t virtual_pop_(struct virtual_study *s)
{
    const uint64_t first = s->heap[0], last = s->heap[--s->n_heap];
    uint32_t i = 0;
    for (uint32_t child; (child = 2 * i + 1) < s->n_heap; i = child) {
        if (child + 1 < s->n_heap && virtual_earlier_(s, s->heap[child + 1], s->heap[child]))
            child++;
        if (!virtual_earlier_(s, s->heap[child], last))
            break;
        s->heap[i] = s->heap[child];
    }
    s->heap[i] = last;
    return first;
}

static inline void virtual_finish_(struct virtual_study *s, uint64_t trial, enum virtual_state state, double value)
{
    static const uint32_t status[] = { 0, 0, HONE_PAUSED, HONE_COMPLETE, HONE_PRUNED, HONE_FAILED };
    s->table[trial].state = state;
    if (state == VIRTUAL_PAUSED)
        s->table[trial].saved = s->table[trial].step;
    if (s->search) {
        const uint32_t told = state == VIRTUAL_PAUSED ? HONE_PRUNED : status[state];
        const hone_outcome outcome = {
            sizeof outcome, told, trial, s->x + trial * s->n_dims, &value, NULL, 1, 0, s->table[trial].step,
            NULL,           0,    NULL
        };
        VIRTUAL_MUST(s->search->tell(s->self, &outcome, s->err) == HONE_OK);
    }
    if (s->iface->finish)
        VIRTUAL_MUST(s->iface->finish(s->self, trial, status[state], &value, s->err) == HONE_OK);
}

/* The trial goes on from the donor's checkpoint, at the order's point. */
static inline void virtual_clone_(struct virtual_study *s, const hone_order *order)
{
    const uint32_t n_dims = s->space ? s->space->n_dims : 0;
    VIRTUAL_MUST(s->space && order->from < s->n && order->from != order->trial);
    VIRTUAL_MUST(s->table[order->from].saved);
    VIRTUAL_MUST(hone_space_allowed(s->space, order->x));
    for (uint32_t i = 0; i < n_dims; i++) {
        const hone_dim *d = s->space->dims[i];
        VIRTUAL_MUST(isnan(order->x[i]) || (order->x[i] >= d->min && order->x[i] <= d->max));
    }
    memcpy(s->x + order->trial * n_dims, order->x, n_dims * sizeof *order->x);
    s->table[order->trial].step = s->table[order->from].saved;
    s->clones++;
}

/* A new trial at a point of its own, where it has one. */
static inline void virtual_start_(struct virtual_study *s)
{
    if (s->search) {
        VIRTUAL_MUST(s->search->ask(s->self, s->n, s->x + s->n * s->n_dims, s->err) == HONE_OK);
    } else if (s->space) {
        hone_rng rng = hone_rng_at(77, s->n);
        hone_space_draw(s->space, &rng, s->x + s->n * s->n_dims);
    }
    s->table[s->n++] = (struct virtual_trial){ .step = 0 };
}

/* Orders for the free workers, as long as the scheduler has some. */
static inline void virtual_fill_(struct virtual_study *s)
{
    while (s->n_heap < s->workers) {
        hone_order order = { sizeof order, HONE_ORDER_START, s->n, 0, 0, s->at, s->n < s->trials, 0 };
        for (uint32_t i = 0; s->space && i < s->n_dims; i++)
            s->at[i] = (double)NAN;
        const hone_rc rc = s->iface->next ? s->iface->next(s->self, &order, s->err) : HONE_OK;
        s->orders++;
        VIRTUAL_MUST(rc >= 0);
        if (rc != HONE_OK || (order.what == HONE_ORDER_START && s->n == s->trials))
            return;
        if (order.what == HONE_ORDER_START) {
            virtual_start_(s);
        } else {
            VIRTUAL_MUST(s->table[order.trial].state == VIRTUAL_PAUSED);
            if (order.what == HONE_ORDER_CLONE)
                virtual_clone_(s, &order);
            else
                VIRTUAL_MUST(order.what == HONE_ORDER_RESUME);
        }
        struct virtual_trial *t = &s->table[order.trial];
        t->state = VIRTUAL_RUNNING;
        t->until = order.until;
        t->at = s->now + 1;
        VIRTUAL_MUST(!order.until || order.until > t->step);
        if (s->hear)
            s->hear(s->ctx, &order, order.trial, t->step, 0);
        virtual_push_(s, order.trial);
    }
}

/* Runs it to its end. */
static inline void virtual_study_run(struct virtual_study *s)
{
    s->table = (struct virtual_trial *)calloc((size_t)s->trials, sizeof *s->table);
    s->heap = (uint64_t *)calloc(s->workers + 1u, sizeof *s->heap);
    s->n_dims = s->space ? s->space->n_dims : s->n_dims;
    s->x = (double *)calloc((size_t)s->trials * s->n_dims + 1, sizeof *s->x);
    s->at = (double *)calloc(s->n_dims + 1u, sizeof *s->at);
    VIRTUAL_MUST(s->table && s->heap && s->x && s->at);
    for (virtual_fill_(s); s->n_heap; virtual_fill_(s)) {
        const uint64_t trial = virtual_pop_(s);
        struct virtual_trial *t = &s->table[trial];
        const double value = s->value(s->ctx, trial, t->step + 1);
        uint32_t verdict = HONE_CONTINUE;
        s->now = t->at;
        if (value >= HUGE_VAL) {
            virtual_finish_(s, trial, VIRTUAL_FAILED, (double)NAN);
            continue;
        }
        const double *x = s->search || s->space ? s->x + trial * s->n_dims : NULL;
        const hone_report report = { sizeof report, 1, trial, ++t->step, &value, x, NULL };
        s->reports++;
        if (s->iface->report)
            VIRTUAL_MUST(s->iface->report(s->self, &report, &verdict, s->err) == HONE_OK);
        if (s->hear)
            s->hear(s->ctx, NULL, trial, t->step, value);
        if (verdict == HONE_STOP) {
            virtual_finish_(s, trial, VIRTUAL_PRUNED, value);
        } else if (t->step >= s->max_step) {
            virtual_finish_(s, trial, VIRTUAL_COMPLETE, value);
        } else if (verdict == HONE_PAUSE || (t->until && t->step >= t->until)) {
            virtual_finish_(s, trial, VIRTUAL_PAUSED, value);
        } else {
            t->at++;
            virtual_push_(s, trial);
        }
    }
}

static inline void virtual_study_release(struct virtual_study *s)
{
    free(s->table);
    free(s->heap);
    free(s->x);
    free(s->at);
    s->x = s->at = NULL;
    s->table = NULL;
    s->heap = NULL;
}
#endif
