/* SPDX-License-Identifier: MIT */
/* The trials of a study in memory: about 200 bytes each, plus its point. Names of metrics and messages are in the storage. */
#ifndef HONE_STUDY_TABLE_H
#define HONE_STUDY_TABLE_H
#include "hone/search.h"
#include "hone/storage.h"
#include "study/crew.h"
#include "study/repeats.h"

#include <stddef.h>

struct trial {
    uint64_t number;
    uint32_t attempt, state; /* HONE_STATE_... */
    uint32_t retries;        /* attempts after a crash; those after a resume do not count */
    int64_t step;            /* last one reported and delivered; 0: none */
    int64_t best_step;       /* of the first objective */
    int64_t stop_at;         /* the scheduler stopped it there; 0: it did not */
    int64_t until;           /* where it is to pause; 0: nowhere */
    int64_t pause_at;        /* where it was told to pause, and has not gone on; 0: nowhere */
    double best;             /* of the first objective so far, lower is better */
    double begun;            /* virtual time, order = strict */
    double started, ended;   /* seconds since the epoch */
    unsigned worker;
    int outside;                             /* evaluated elsewhere: no worker, no scheduler */
    int cloned;                              /* goes on from another's checkpoint: it cannot begin anew */
    struct crew_checkpoint newest, at_pause; /* size 0: none; at_pause: of the last pause */
    double *x;                               /* (n_dims) */
    double *values;                          /* (n_values) as the user measures them; NaN: none */
    double *constraints;                     /* (n_constraints) violations */
    /* Where steps are repeats: of values and constraints, which are the means; and of all metrics, until the trial is over. */
    struct moments *moments; /* (n_values + n_constraints), or NULL */
    struct repeated repeated;
    /* For the search, which minimizes; NULL: none, or told already. */
    double *gradient; /* (n_values, n_dims) */
    double *tuned;    /* (n_dims) what the trial itself moved its point to */
};

struct trial_table {
    struct trial **trials; /* by number */
    uint64_t n, capacity;
    uint32_t n_dims, n_values, n_constraints;
    int has_moments;         /* trials have them */
    const uint8_t *maximize; /* (n_values) */
    uint64_t running, paused, complete, pruned, failed, waiting;
    uint64_t since_best; /* trials that ended since the front last changed */
    /* Complete trials that no other dominates, by number; one objective: the best alone, ties to the smaller number. Feasible
     * ones first: a trial that breaks a constraint is there only where all do, and breaks it least (Deb 2000). */
    struct trial **front;
    uint64_t n_front, front_capacity;
};

void trial_table_init(struct trial_table *table, uint32_t n_dims, uint32_t n_values, uint32_t n_constraints,
                      const uint8_t *maximize);
void trial_table_release(struct trial_table *table);
/* Appends trial number n, running, everything not measured yet. NULL: out of memory. */
struct trial *trial_table_append(struct trial_table *table);
/* Takes back the last one appended, which must still be running. */
void trial_table_drop_last(struct trial_table *table);
/* Ends a trial (complete, pruned, failed), keeping counts and front up to date: O(front). 0, or -1: out of memory. */
int trial_end(struct trial_table *table, struct trial *trial, uint32_t state);
void trial_drop_told(struct trial *trial); /* what is kept until the search was told */
/* Virtual time of the next news of a trial that runs: its next step, or its pause, which takes no time. What a trial that
 * begins anew repeats takes none either. */
double trial_next_time(const struct trial *trial);
/* From running to paused and back. */
void trial_move(struct trial_table *table, struct trial *trial, uint32_t state);
/* The best trial (several objectives: the first of the front), or NULL: none is complete. */
struct trial *trial_table_best(const struct trial_table *table);
/* Of a trial's values: lower is better. */
double trial_minimized(const struct trial_table *table, const struct trial *trial, uint32_t objective);
/* 1 where a is better than b as a whole: dominates it (constraints first: Deb's rules). */
int trial_dominates(const struct trial_table *table, const struct trial *a, const struct trial *b);
/* Sum of the violations of a trial's constraints: 0 where it meets them all; infinite where one was not measured. */
double trial_violation(const struct trial_table *table, const struct trial *trial);
#endif
