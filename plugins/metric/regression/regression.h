/* SPDX-License-Identifier: MIT */
/* What the metrics for numbers in this folder share: per output, sums over the samples (moments.c); for what needs them in
 * order, all numbers (ordered.c). regression.c has the components. Several outputs are averaged equally. */
#ifndef HONE_METRIC_REGRESSION_H
#define HONE_METRIC_REGRESSION_H
#include "hone/instance.h"
#include "hone/metric.h"

enum number_kind {
    NUMBER_MSE,
    NUMBER_MAE,
    NUMBER_MAPE,
    NUMBER_R2,
    NUMBER_EXPLAINED_VARIANCE,
    NUMBER_MAX_ERROR,
    NUMBER_PEARSON,
    NUMBER_MEDIAN_ABSOLUTE_ERROR,
    NUMBER_SPEARMAN
};

/* ---- moments.c: of one output, with x predicted and t true ---- */
struct moments {
    double n;
    double squares, sizes, shares, largest; /* of the errors: sums of e^2, |e| and |e| / |t|, and max |e| */
    double mean_x, mean_t, mean_e;
    double m2_x, m2_t, m2_e, m2_xt; /* sums of squared deviations from the means, and of the product of x's and t's */
};
void moments_add(struct moments *m, double x, double t);
void moments_merge(struct moments *m, const struct moments *other);
double moments_value(const struct moments *m, enum number_kind kind);

/* ---- ordered.c ---- */
struct numbers {
    uint64_t n, capacity, k;
    float *x, *t; /* (capacity, k) */
};
hone_rc numbers_append(struct numbers *all, const float *x, const float *t, uint64_t n, hone_error *err);
void numbers_release(struct numbers *all);
/* Mean over the outputs of their median absolute error or rank correlation; NaN without samples. */
hone_rc numbers_value(const struct numbers *all, enum number_kind kind, double *value, hone_error *err);
#endif
