/* SPDX-License-Identifier: MIT */
/* search/tpe: one parameter as its density sees it: a scale (linear, or log), its ends, its prior, and whether its values
 * lie dense, on a grid, or have no order. Also the normal distribution's tails. All [any]. */
#ifndef HONE_TPE_AXIS_H
#define HONE_TPE_AXIS_H
#include "hone/rng.h"
#include "hone/search.h"

enum axis_kind {
    AXIS_REAL,  /* density at a point of the scale; also of a grid */
    AXIS_GRID,  /* mass of the interval around a value: integers, ordinals, steps */
    AXIS_CHOICE /* no order */
};

struct axis {
    const hone_dim *dim;
    uint32_t index; /* of the dimension in its space */
    enum axis_kind kind;
    int is_log;
    double low, high; /* ends of the scale; half a step outside the values of a grid; infinite where the range is */
    double unit;      /* of bandwidths: high - low, or the deviation of a normal prior */
    double step;      /* in values; 0: none */
    double mean, deviation; /* of the prior kernel, a truncated normal, on the scale */
};

/* is_dense: grids get densities too, which is some ten times faster than integrals. Kernels that are at least half an
 * interval wide make up for it: their values at the points of the grid then sum up to 1.01 at most. */
void axis_init(struct axis *axis, const hone_dim *dim, uint32_t index, int is_dense);

/* From a value to its place on the scale, and to the nearest allowed value. */
double axis_place(const struct axis *axis, double value);
double axis_value(const struct axis *axis, double place);

/* Ends of the interval of a grid value, on the scale. */
void axis_interval(const struct axis *axis, double value, double *left, double *right);

/* log(Phi(b) - Phi(a)) for a <= b, also far out in the tails; -inf where a = b. */
double log_normal_mass(double a, double b);

/* Standard normal numbers, two at a time (Marsaglia's polar method, 1964), from 32-bit uniform ones. */
struct normals {
    hone_rng *rng;
    double spare;
    int has_spare;
};

/* A draw from the kernel normal(mean, deviation) cut to the axis: a place on the scale. mean within the ends. */
double axis_draw(const struct axis *axis, double mean, double deviation, struct normals *normals);
#endif /* HONE_TPE_AXIS_H */
