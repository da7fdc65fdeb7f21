/* SPDX-License-Identifier: MIT */
/* Hyperband's brackets, for the schedulers that are made of them. */
#ifndef HONE_HYPERBAND_H
#define HONE_HYPERBAND_H
#include "halving.h"

enum hyperband_mode { HYPERBAND_SYNCHRONOUS, HYPERBAND_ASYNCHRONOUS };
extern const char *const hyperband_modes[];

/* Keys that all of them have; T: the settings, which have a field for each. */
#define LADDER_KEYS(T)                                                                                                 \
    HONE_INT(T, min_resource, "1", 1, 1e15, HONE_P_LOG, "steps",                                                       \
             "Steps of a trial before it may be compared for the first time."),                                        \
        HONE_REAL(T, reduction_factor, "3", 1, 1000, HONE_P_LO_OPEN, NULL,                                             \
                  "One in so many of a rung goes on to the next, which is so many times as far (eta in the papers)."), \
        HONE_INT(T, max_resource, "0", 0, 1e15, 0, "steps",                                                            \
                 "Steps of a whole trial, for objectives that do not say it."),                                        \
        HALVING_OBJECTIVE(T)
#define HYPERBAND_MODE_KEY(T)                                                                                        \
    HONE_ENUM(                                                                                                       \
        T, mode, "synchronous", hyperband_modes, 0,                                                                  \
        "synchronous: a rung decides when all its trials have arrived, as in the paper. asynchronous: each bracket " \
        "promotes as asha does, and new trials are dealt to the brackets in the paper's proportions.")

struct hyperband {
    struct halving halving; /* first */
    uint32_t mode;
    int64_t steps[MOST_RUNGS]; /* of the longest bracket */
    uint32_t n_steps;          /* s_max + 1 */
    uint64_t n_trials;         /* of a bracket, all of which have all rungs: successive halving; 0: hyperband */
};

/* What is needed to lay the brackets out. */
struct ladder {
    int64_t min_resource, max_resource, objective;
    double reduction_factor;
};
/* Fills an empty one. n_trials: 0, or the trials of a bracket. HONE_EINVAL, HONE_ERANGE with the key; HONE_ENOMEM. */
hone_rc hyperband_open(struct hyperband *h, const struct ladder *ladder, uint32_t mode, uint64_t n_trials,
                       const hone_scheduler_info *info, hone_error *err);
void hyperband_release(struct hyperband *h);
/* Trials that bracket s (it begins s rungs before the end) starts with. */
uint64_t hyperband_planned(const struct hyperband *h, uint32_t s);
/* A bracket of n trials whose first rung is number `from` of the steps. NULL: out of memory. */
struct bracket *hyperband_add(struct hyperband *h, uint32_t from, uint64_t n, uint32_t synchronous);
/* The functions of a scheduler whose self begins with a struct hyperband. */
hone_rc hyperband_next(void *self, hone_order *order, hone_error *err);
hone_rc hyperband_report(void *self, const hone_report *report, uint32_t *verdict, hone_error *err);
hone_rc hyperband_finish(void *self, uint64_t trial, uint32_t status, const double *values, hone_error *err);
/* The level that a trial goes to, or waits at: index into steps. The trial is one that `next` has ordered. */
uint32_t hyperband_level(const struct hyperband *h, uint64_t trial);
#endif
