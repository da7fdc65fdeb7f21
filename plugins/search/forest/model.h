/* SPDX-License-Identifier: MIT */
/* The surrogate of search/forest: one random forest for the objective, one for each constraint.
 *
 * A model follows a history: what it is after n outcomes depends on those outcomes, their order and the seed alone, not
 * on when it was asked. So a state needs no more than the history. A new outcome is added to every tree, and one tree, in
 * turn, is grown anew; all are grown anew when the number of outcomes has grown by a fifth (an epoch), with a new scale of
 * the values. That is some hundred microseconds an outcome instead of growing the forest for each. */
#ifndef HONE_FOREST_MODEL_H
#define HONE_FOREST_MODEL_H
#include "hone/forest.h"
#include "hone/history.h"

enum { LOG_AUTO, LOG_YES, LOG_NO };

/* How values become what the forest learns: log where the costs are positive, outliers cut, then about [-1, 1]. */
struct scale {
    double centre, unit; /* learned = (transformed - centre) / unit */
    double highest;      /* transformed, before centring: what lies above is cut */
    double failed; /* upper quartile: what a failed trial counts as. Bad enough to keep away where trials fail often;
                          * the worst value would bury the best region under one failure by chance */
    double middle; /* transformed median of the complete: a pruned trial is no better */
    uint32_t is_log, ready;
};
double scale_apply(const struct scale *scale, double value);

struct target {
    hone_forest forest;
    struct scale scale;
    double *y;           /* (n) what the forest learns; NaN: left out */
    uint32_t *due;       /* (n_trees) number of rows on which the tree should have been grown last */
    uint32_t *grown, *n; /* (n_trees) the same as it is, and the rows that it knows */
    uint32_t epoch, next_epoch, rows;
    const double *values; /* column of the history: (., stride) */
    uint32_t stride, is_constraint;
};

struct model {
    const hone_space *space;
    const hone_history *history;
    hone_forest_options options;
    uint32_t most_rows, log_costs;
    double *features; /* (capacity, n_dims) */
    uint64_t rows, capacity;
    struct target *targets; /* (1 + n_constraints) the first: the objective */
    uint32_t n_targets, n_dims, reserved;
    double *scalars; /* (capacity) several objectives: their scalarization at hand; NaN: failed */
};

/* most_rows: rows that a tree is grown on, about; of more, each tree sees a share of its own. */
hone_rc model_init(struct model *model, const hone_history *history, const hone_forest_options *options,
                   uint32_t most_rows, uint32_t log_costs, hone_error *err);
void model_release(struct model *model);

/* Features of a settled point: positions on the unit scale, indices of choices, NaN where inactive. f: (n_dims) */
void model_features(const struct model *model, const double *x, double *f);
void model_feature(const struct model *model, uint32_t dim, double v, double *f); /* of one dimension */
/* Brings the forests up to the history. 1: they can be asked; 0: no outcome with a value yet; < 0: failed. */
hone_rc model_follow(struct model *model, hone_error *err);
/* The same for several objectives, scalarized by the weights: (n_values). */
hone_rc model_follow_scalarized(struct model *model, const double *weights, uint64_t stream, hone_error *err);

/* The value to improve on, transformed as predictions are: the best of the complete and feasible; HUGE_VAL: none. */
double model_best(const struct model *model);
/* Mean and variance at features f: (n_dims), of the transformed objective (log cost where scale.is_log). */
void model_predict(const struct model *model, const double *f, double *mean, double *variance);
/* Product of the probabilities that the constraints hold. */
double model_feasible(const struct model *model, const double *f);
/* Share of the objective's trees in which the leaves agree: (n_trees) each (Breiman's proximity). */
double model_proximity(const struct model *model, const uint32_t *leaves_a, const uint32_t *leaves_b);
void model_leaves(const struct model *model, const double *f, uint32_t *leaves);
#endif
