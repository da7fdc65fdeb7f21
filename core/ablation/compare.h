/* SPDX-License-Identifier: MIT */
/* What the runs of an ablation say: numbers only; how they are shown is show_*.c. The statistics are the SDK's
 * (hone/statistics.h, hone/comparison.h). */
#ifndef HONE_ABLATION_COMPARE_H
#define HONE_ABLATION_COMPARE_H
#include "ablation/ablation.h"

struct cell_summary {
    size_t n, failed; /* runs with a value; of these, those that failed and count as the worst run of all */
    double mean, deviation, median, interquartile_mean;
    hone_interval interval; /* of the mean; NaN below 3 runs */
    const char *method;     /* "t", "bca"; NULL: there is none */
    /* Against the first row of the same block, over the seeds that both have. NaN for that row itself. */
    int is_reference;
    size_t pairs;
    double difference; /* mean of cell - reference, in the metric's unit */
    hone_interval difference_interval;
    const char *difference_method; /* "t", "bca", NULL */
    double p, p_adjusted;          /* signed rank, two-sided; NaN: refused */
    double superiority, delta;     /* of the cell being better */
    double seconds;                /* of a run, mean */
    uint64_t trials, failed_trials;
};
/* An effect of a balanced design, or an interaction. */
struct effect {
    size_t axes[2];     /* of spec.axes */
    uint32_t levels[2]; /* against the baselines */
    int n_axes;
    size_t n; /* seeds */
    double value;
    hone_interval interval; /* over seeds; NaN below 3 */
    int active;             /* Lenth: beyond the margin; the interval otherwise */
};
struct ranking {
    size_t n_rows, n_blocks;
    double *ranks; /* (n_rows) mean, 1 is best */
    hone_friedman friedman;
    double difference; /* critical, Nemenyi */
};
struct comparison {
    const struct ablation *ablation;
    int maximize;
    struct cell_summary *cells; /* (n_cells) */
    double *values;             /* (n_cells, n_seeds) failed ones replaced; NaN: missing */
    size_t comparisons;         /* corrected for */
    size_t needed;              /* pairs below which a test is refused: it could not come out significant */
    struct effect *effects;     /* (n_effects) */
    size_t n_effects;
    double lenth_error, lenth_margin; /* NaN: there are repeats, or too few effects */
    struct ranking ranking;           /* ranks NULL: no blocks, or fewer than 5 */
    char refused[200];                /* why there are no ranks; "": nobody asked, or there are */
};
enum { LEAST_FOR_INTERVAL = 3, LEAST_FOR_TEST = 6, LEAST_BLOCKS = 5, FROM_WHERE_BCA = 20, DRAWS = 10000 };

hone_rc comparison_make(struct comparison *comparison, const struct ablation *ablation, hone_error *err);
void comparison_release(struct comparison *comparison);
/* effects.c */
hone_rc comparison_effects(struct comparison *comparison, hone_error *err);
/* ranks.c */
hone_rc comparison_ranks(struct comparison *comparison, hone_error *err);
/* The cell of a block and a row of the design. */
size_t comparison_cell(const struct comparison *comparison, size_t block, size_t row);
#endif
