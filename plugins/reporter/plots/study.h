/* SPDX-License-Identifier: MIT */
/* A study in memory, as plots look at it: a row a trial. Reports are left where they are: they are read for the trials that a plot shows. */
#ifndef HONE_PLOTS_STUDY_H
#define HONE_PLOTS_STUDY_H
#include "hone/param.h"
#include "hone/reporter.h"
#include "hone/settings.h"

#include <math.h>

/* One searched parameter. Without a space (plugins that are gone) it is what the trials say. */
struct dimension {
    const char *key;
    int log, whole;     /* whole: of whole numbers only */
    const char **names; /* (n_names) of choices; NULL: numbers */
    uint32_t n_names;
    double min, max; /* of the trials; min > max: none */
};

struct row {
    uint64_t number;
    uint32_t state, worker; /* HONE_STATE_... */
    int64_t step;
    double started, ended, violation; /* violation: 0 none, of constraints that are not known HUGE_VAL */
    double *x;                        /* (n_x) parameters, NaN inactive; behind n_x: NaN, too */
    double *values;                   /* (study's m) as measured; NaN: none */
    double *metrics;                  /* (n_metrics) by the study's names */
    uint32_t n_x, n_metrics;
    const char *component, *message;
    uint64_t version; /* of the study, when it was read anew; 0: with all others */
};

struct names {
    const char **names;
    uint32_t n, capacity, next; /* next: where the last look-up ended */
};

struct study {
    const hone_view *view;
    uint32_t index;
    const hone_study_record *record;
    const hone_kept_study *kept;
    hone_settings_memory memory, plots; /* of what is read; of what is made of it */
    int reading;                        /* memory grows, not plots */
    struct row *rows;                   /* (n) by number */
    size_t n, capacity;
    uint32_t m; /* objectives */
    struct dimension *dims;
    uint32_t d, d_capacity;
    struct names metrics;
    double *scratch; /* (d) */
    double first;    /* seconds since the epoch when the first trial started; 0: none */
    int64_t *rungs;  /* (n_rungs) steps at which trials paused, rising */
    size_t n_rungs;
    uint64_t next_event;    /* sequence behind those that were read */
    uint64_t version, base; /* see study_follow */
    size_t again;           /* rows that were read more than once: their old texts and numbers still take memory */
    hone_error *err;
};

/* Reads all trials and the rungs. HONE_ENOMEM, or what the view says. */
hone_rc study_read(struct study *study, const hone_view *view, uint32_t index, hone_error *err);
void study_release(struct study *study);
/* follow.c: reads what has changed since, as far as the study's events tell it; those rows get the version, which becomes the study's.
 * HONE_WAIT: they do not, or it is time to give back memory: release, read, and take the version for `base`, before which nobody knows
 * what is other. */
hone_rc study_follow(struct study *study, uint64_t version, hone_error *err);
/* For follow.c: a trial as the storage has it, into its row or a new one; HONE_WAIT: rows would be out of order. */
hone_rc study_take(struct study *study, const hone_trial_record *record);
/* The ranges of the parameters, and when the first trial started, of the rows as they are. */
void study_measure(struct study *study);
/* The same as study_take of an event: where the next ones begin, rungs. */
hone_rc study_hear(struct study *study, const hone_event_record *event);

void *study_allocate(struct study *study, size_t n, size_t size); /* zeroed; NULL: *err says out of memory */
const char *study_copy(struct study *study, const char *text);
/* An array with room for one more, which takes the place of the old one; NULL: out of memory, the old one is still there. */
void *study_reserve(void *old, size_t n, size_t size, size_t *capacity);
/* Forgets what was made of it: figures, texts, curves. */
void study_forget_plots(struct study *study);
const char *study_text(struct study *study, const char *format, ...) __attribute__((format(printf, 2, 3)));

double row_x(const struct row *row, uint32_t dim);
double row_metric(const struct row *row, uint32_t metric);
/* The objective as lower is better; NaN where there is none. */
double row_cost(const struct study *study, const struct row *row, uint32_t objective);
/* 1: complete, measured, within the constraints: one that may be the best. */
int row_counts(const struct study *study, const struct row *row, uint32_t objective);
/* Indices of rows, best first, that are complete and measured (feasible ones before others); *n of them. NULL: out of memory. */
size_t *study_order(struct study *study, uint32_t objective, size_t *n);

/* reported.c: what a trial reported under the first of the names that it gives, the last attempt of each step: steps and values, *n of them and `most`
 * at most, in the study's memory. Of longer ones the first, the last, the least and the greatest value of every stretch is kept, which
 * draws the same line (M4: Jugel, U., Jerzak, Z., Hackenbroich, G. and Markl, V. (2014), PVLDB 7(10)). */
hone_rc study_curve(struct study *study, uint64_t trial, const char *const *metrics, uint32_t n_metrics, size_t most,
                    double **steps, double **values, size_t *n);
/* Names of all metrics that a trial reported, from its first report: (n) in the study's memory. */
hone_rc study_reported(struct study *study, uint64_t trial, const char *const **names, uint32_t *n);
const char *state_word(uint32_t state);
#endif
