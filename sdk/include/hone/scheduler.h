/* SPDX-License-Identifier: MIT */
/* hone/scheduler.h - kind "scheduler/1": what becomes of trials while they run.
 *
 * The study asks `next` whenever a worker is free, and tells every report. A scheduler sees time only as steps: it never
 * learns which worker, how long, or in what order results reached the machine. In `order = strict` the study delivers
 * reports on a virtual clock: `lag` virtual workers, one unit of time a step, ties by trial number; so the same study takes
 * the same decisions with any number of real workers. Values are "lower is better", as for a search. All on [study].
 *
 * A study that goes on after a stop or a crash makes a new instance and asks and tells it everything again, in the recorded
 * order. Where an answer is another one than then, the recorded one holds, the user is told, and the study will not repeat. So a
 * scheduler, as a search, must answer by what it was told and by its seed alone; a study needs no save and load of it. */
#ifndef HONE_SCHEDULER_H
#define HONE_SCHEDULER_H
#include "hone/plugin.h"

#define HONE_KIND_SCHEDULER "scheduler/1"

/* ---- a scheduler that proposes the points, too ----
 *
 * Some methods are both in one: what to try next depends on how far it is to be tried. Such a component has the flag
 * HONE_C_PROPOSES, and its get_ext(HONE_KIND_SEARCH) is its hone_search_v1 (life of the module), whose functions take the
 * scheduler's self. Then a study has no [search]: it asks and tells this one. `open` of the search comes first. `ask` for a
 * trial comes right after `next` has ordered it to START, unless its point is given by the user; `tell` comes right before
 * `finish`, so that a pause is told twice: as HONE_PRUNED and as HONE_PAUSED. Where it composes searches (HONE_C_COMPOSES),
 * [search.NAME] are their settings. */
enum {
    HONE_ORDER_START = 1,  /* a new trial: the search proposes its point */
    HONE_ORDER_RESUME = 2, /* trial `trial`, from its checkpoint */
    HONE_ORDER_CLONE = 3   /* trial `trial` goes on from the checkpoint of trial `from`, with the point in `x` */
};
typedef struct hone_order {
    uint32_t size, what;
    uint64_t trial; /* START: the number of the new trial, filled in by the host */
    uint64_t from;
    int64_t until;      /* step at which the trial pauses by itself, with a checkpoint; 0, or the last step: it ends */
    double *x;          /* (n_dims of the space) CLONE: the new point, written by the scheduler; before: NaN */
    uint32_t may_start; /* 0: the budget allows no new trial; START then means that there is nothing to do */
    uint32_t reserved;
} hone_order;

enum { HONE_CONTINUE = 0, HONE_PAUSE = 1, HONE_STOP = 2 };
typedef struct hone_report {
    uint32_t size, n_values;
    uint64_t trial;
    int64_t step;         /* 1, 2, ...; gaps are allowed, order is not broken */
    const double *values; /* (n_values) the study's objectives; NaN where not reported or not a number */
    /* below: since minor 1; NULL from older hosts */
    const double *x;        /* (n_dims) the trial's point now */
    const double *measured; /* (n_values) what this step alone measured, where steps are repeats (other seeds, other
                             * folds) and `values` the means so far; else NULL */
} hone_report;

typedef struct hone_scheduler_info {
    uint32_t size, n_values;
    int64_t max_step; /* of a whole trial, 0: unknown */
    uint64_t trials;  /* budget, 0: unknown */
    /* below: since minor 1; NULL and 0 from older hosts */
    const struct hone_space *space; /* of hone/search.h, for schedulers that make points of their own; life of self */
    uint64_t seed;                  /* of the study */
    const uint8_t
        *maximize; /* (n_values) 1: larger is better for the user, whose values are those seen here, negated */
} hone_scheduler_info;

enum {
    HONE_SCHEDULER_CLONES = 1u << 0 /* flags: CLONE may name trials that have ended: their checkpoints are kept */
};

typedef struct hone_scheduler_v1 {
    uint32_t size, flags;
    hone_rc (*open)(void *self, const hone_scheduler_info *info, hone_error *err);
    /* May be NULL: always START. HONE_WAIT: nothing until a report or an end comes; HONE_DONE: nothing any more. Either
     * answer changes nothing: it is not recorded, and the question may come again at any time. RESUME and CLONE name a
     * trial that `finish` has told as HONE_PAUSED. */
    hone_rc (*next)(void *self, hone_order *order, hone_error *err);
    /* May be NULL: always HONE_CONTINUE. */
    hone_rc (*report)(void *self, const hone_report *report, uint32_t *verdict, hone_error *err);
    /* The trial is over: status HONE_COMPLETE ... of hone/search.h; values (n_values) as in its outcome. HONE_PAUSED: it
     * waits at the step of its last report, and may be named in `next` from now on. May be NULL. */
    hone_rc (*finish)(void *self, uint64_t trial, uint32_t status, const double *values, hone_error *err);
} hone_scheduler_v1;
#endif /* HONE_SCHEDULER_H */
