/* SPDX-License-Identifier: MIT */
/* What the schedulers of the successive-halving family share: brackets of rungs, and where every trial stands in them.
 *
 * A rung is a step at which trials wait to be compared; the last one of a bracket is the end of a trial. In a synchronous
 * bracket a rung decides when all that were sent to it have arrived (or are lost); in an asynchronous one whenever somebody
 * asks. Lower values are better. */
#ifndef HONE_RUNGS_H
#define HONE_RUNGS_H
#include "hone/param.h"
#include "hone/scheduler.h"
#include "hone/search.h"

enum { MOST_RUNGS = 40 };

struct entry {    /* a trial that has arrived at a rung */
    double value; /* with several objectives: its place by fronts, anew at every arrival */
    uint64_t trial;
    uint32_t sent_on; /* to the next rung */
    uint32_t point;   /* several objectives: row of the rung's points */
};
struct rung {
    int64_t step;
    struct entry *entries; /* (n) best first, ties by trial */
    uint64_t n, capacity;
    double *points;      /* (capacity, n_values) several objectives: in order of arrival */
    uint64_t next;       /* every entry before it was sent on, or cannot be */
    uint64_t size;       /* synchronous: how many are to come; 0: any number */
    uint64_t sent, lost; /* trials on their way here or arrived; ended before they arrived */
    uint64_t promoted;
};
struct bracket {
    struct rung rungs[MOST_RUNGS]; /* the last one is the end */
    uint32_t n_rungs;
    uint32_t synchronous;
};
enum place { PLACE_NONE, PLACE_RUNNING, PLACE_PAUSED, PLACE_OVER };
struct standing {           /* of a trial */
    uint32_t bracket, rung; /* rung: it goes to, or waits at */
    uint32_t place, arrived;
    int64_t step; /* of its last report */
};
struct rungs {
    struct bracket **brackets; /* (n_brackets) */
    uint64_t n_brackets, brackets_capacity;
    struct standing *trials; /* (n_trials), by number; PLACE_NONE: given a bracket, not heard of yet */
    uint64_t n_trials, trials_capacity;
    uint64_t running, complete;
    uint64_t oldest;   /* brackets before it have nothing left to promote */
    uint64_t expected; /* trials of the study; 0: not known */
    int64_t max_step;
    double eta;
    uint32_t n_values; /* above 1: objectives that are compared together */
};

/* Steps first, first * eta, ... below the last step, and the last step: the number written, at most MOST_RUNGS. */
uint32_t rungs_steps(double first, double eta, int64_t max_step, int64_t *steps);
/* Appends a bracket whose rungs have these steps. NULL: out of memory. */
struct bracket *rungs_add(struct rungs *rungs, const int64_t *steps, uint32_t n_steps, uint32_t synchronous);
void rungs_release(struct rungs *rungs);
/* Gives a new trial its bracket; one that has one keeps it (a START that came to nothing). *until: its first rung. */
hone_rc rungs_enter(struct rungs *rungs, uint64_t trial, uint32_t bracket, int64_t *until, hone_error *err);
int rungs_has(const struct rungs *rungs, uint64_t trial);
/* The trial has reported: 1 where it has arrived at its rung with it, and *rank among those that have (0: the best). */
hone_rc rungs_report(struct rungs *rungs, uint64_t trial, int64_t step, double value, uint64_t *rank, int *arrived,
                     hone_error *err);
/* The same with several objectives, values (n_values): ranked by non-dominated sorting, and inside a front those first that
 * are least crowded (NSGA-II's order, as in MO-ASHA: Schmucker et al. 2021, arXiv:2106.12639, section 4). Sorts the rung anew:
 * O(n log n) an arrival for two objectives. */
hone_rc rungs_report_front(struct rungs *rungs, uint64_t trial, int64_t step, const double *values, uint64_t *rank,
                           int *arrived, hone_error *err);
/* 1 where nobody is on the way inside a synchronous bracket, and nobody will come. */
int rungs_arrived(const struct bracket *bracket);
/* It goes on to its next rung without a pause. */
void rungs_pass(struct rungs *rungs, uint64_t trial);
/* It is paused, or over. */
void rungs_finish(struct rungs *rungs, uint64_t trial, uint32_t status);
/* The trial that is to go on now, if any: HONE_OK with order filled in; HONE_WAIT: none. */
hone_rc rungs_promote(struct rungs *rungs, hone_order *order);
/* For the end of a study that completed nothing: the best trial that waits, furthest up. HONE_WAIT: none. */
hone_rc rungs_finish_best(struct rungs *rungs, hone_order *order);
/* No trial will be started any more: rungs do not wait for those numbered `next` and above. */
void rungs_close(struct rungs *rungs, uint64_t next);
#endif
