/* SPDX-License-Identifier: MIT */
/* Trials with several values a step, for the rule of median and percentile by dominance: what each trial under way has
 * reached so far, and what the completed ones reported. Lower is better, a value that is not a number is the worst. */
#ifndef HONE_MEDIAN_FRONT_H
#define HONE_MEDIAN_FRONT_H
#include "hone/param.h"

#include <stddef.h>
#include <stdint.h>

struct front_run { /* a trial under way */
    uint64_t trial;
    int64_t *steps; /* (n), ascending */
    double *values; /* (n, m) as reported */
    size_t n, capacity;
};
struct front_level { /* completed trials at a step */
    int64_t step;
    double *values; /* (n, m) */
    size_t n, capacity;
};
struct front {
    uint32_t m;             /* values a step */
    struct front_run *runs; /* (n_runs), in no order */
    size_t n_runs, runs_capacity;
    struct front_level *levels; /* (n_levels), in the order of their first trial */
    size_t n_levels, levels_capacity;
};

void front_release(struct front *front);
/* The trial has reported values (m) at a step. best: (m), the lowest of each so far. *before: its last step until now, 0:
 * none. HONE_ENOMEM. */
hone_rc front_report(struct front *front, uint64_t trial, int64_t step, const double *values, double *best,
                     int64_t *before, hone_error *err);
/* How many completed trials reported at the step, and how many of those reports dominate best (m). */
size_t front_compare(const struct front *front, int64_t step, const double *best, size_t *n_dominating);
/* The trial is over; its reports count for others where it is complete. HONE_ENOMEM. */
hone_rc front_finish(struct front *front, uint64_t trial, int complete, hone_error *err);
#endif
