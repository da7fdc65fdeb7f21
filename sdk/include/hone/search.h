/* SPDX-License-Identifier: MIT */
/* hone/search.h - kind "search/1": proposes points of a space and hears what became of them.
 *
 * A point is one double per dimension: a real or integer value in its own units, the index of a choice, or NaN where the
 * dimension is inactive. Values are always "lower is better": the host negates what the study maximizes. Everything here
 * runs on [study]; outcomes come in any order, also for trials that were asked later than others still running. */
#ifndef HONE_SEARCH_H
#define HONE_SEARCH_H
#include "hone/distributions.h"
#include "hone/plugin.h"

#include <math.h>

#define HONE_KIND_SEARCH "search/1"

/* ---- the space ---- */
enum {
    HONE_DIM_REAL = 1,
    HONE_DIM_INT = 2,
    HONE_DIM_CHOICE = 3, /* no order among the values 0 .. n_choices-1 */
    HONE_DIM_ORDINAL = 4 /* ordered values 0 .. n_choices-1 */
};
enum {
    HONE_DIM_LOG = 1u << 0,   /* uniform in log(x); for integers: log over [min - 1/2, max + 1/2] */
    HONE_DIM_NORMAL = 1u << 1 /* normal(mean, deviation); with HONE_DIM_LOG: exp of it; cut at min and max */
};
enum { HONE_EQ = 1, HONE_NE = 2, HONE_LT = 3, HONE_LE = 4, HONE_GT = 5, HONE_GE = 6 };

/* The dimension is active where all its conditions hold; a condition on an inactive dimension does not hold. */
typedef struct hone_condition {
    uint32_t size, dim; /* dim: index of an earlier dimension */
    uint32_t op, n_values;
    const double
        *values; /* as in a point (indices of choices). HONE_EQ, HONE_NE: any of, none of (n_values); else one */
} hone_condition;

typedef struct hone_dim {
    uint32_t size, type, flags, n_choices;
    const char *key;        /* "optimizer.learning_rate" */
    double min, max;        /* both inside; may be infinite for HONE_DIM_NORMAL only; choices: 0 and n_choices-1 */
    double step;            /* 0: none. Values are min + i * step (i * step where min is infinite); integers: >= 1 */
    double mean, deviation; /* HONE_DIM_NORMAL, of log(x) with HONE_DIM_LOG */
    const char *const *choices; /* (n_choices) as written, or NULL */
    const double *weights;      /* (n_choices) prior probabilities, sum 1; NULL: equal */
    const double *numbers;      /* (n_choices) values of an ordinal of numbers; NULL: texts */
    uint32_t n_conditions, reserved;
    const hone_condition *const *conditions;
} hone_dim;

/* x[dim_a] op x[dim_b], or op a constant. Holds wherever one of its dimensions is inactive. */
typedef struct hone_relation {
    uint32_t size, op;     /* HONE_LT ... */
    uint32_t dim_a, dim_b; /* dim_b UINT32_MAX: constant */
    double constant;
} hone_relation;

typedef struct hone_space {
    uint32_t size, n_dims;
    const hone_dim *const *dims; /* (n_dims): conditions refer to earlier ones only */
    uint32_t n_relations, reserved;
    const hone_relation *const *relations;
} hone_space;

/* ---- what became of a trial ---- */
/* HONE_PRUNED is also what a search hears when a scheduler pauses a trial: with the values so far, and its step. A trial
 * that goes on afterwards is told again, at its next pause and at its end: the last word counts. */
enum { HONE_COMPLETE = 0, HONE_PRUNED = 1, HONE_FAILED = 2, HONE_PAUSED = 3 /* schedulers only */ };
typedef struct hone_outcome {
    uint32_t size, status;
    uint64_t trial;            /* 0, 1, 2, ... */
    const double *x;           /* (n_dims) as asked */
    const double *values;      /* (n_values): final; of the last report when pruned; NaN when failed or not reported */
    const double *constraints; /* (n_constraints): violation, <= 0 is satisfied */
    uint32_t n_values, n_constraints;
    int64_t step; /* last step reported; 0: none */
    /* below: since minor 1; NULL and 0 from older hosts */
    const double *deviations; /* (n_values) sample standard deviation of the n_repeats measurements whose mean the value
                               * is; NaN: fewer than two. NULL: trials of this study do not measure repeatedly */
    uint64_t n_repeats;
    /* d values[v] / d x[i] at [v * n_dims + i], of a complete trial: lower is better here too. NaN where it
     * was not reported, NULL where none was. */
    const double *gradient; /* (n_values, n_dims) */
    /* What x[i] had come to by the end of a complete trial that moved it while it ran: values and gradient are of there. NaN
     * where it stayed, NULL where all did. */
    const double *tuned; /* (n_dims) */
} hone_outcome;

typedef struct hone_search_info {
    uint32_t size, n_values, n_constraints, reserved;
    uint64_t trials;  /* budget, 0: unknown */
    int64_t max_step; /* of a whole trial, 0: unknown */
    /* Since minor 1: 1 where outcomes will have that derivative, as far as the objective knows now; NULL: of none. */
    const uint8_t *derivatives; /* (n_values, n_dims); life of open */
} hone_search_info;

typedef struct hone_search_v1 {
    uint32_t size, flags;
    hone_rc (*open)(void *self, const hone_space *space, const hone_search_info *info,
                    hone_error *err);                                       /* once; space: life of self */
    hone_rc (*ask)(void *self, uint64_t trial, double *x, hone_error *err); /* HONE_DONE: space spent; HONE_WAIT */
    hone_rc (*tell)(void *self, const hone_outcome *outcome, hone_error *err);
} hone_search_v1;

/* component->get_ext(HONE_EXT_FORGET): of a search that takes back what it proposed. Not for studies, which tell the end of
 * every trial; for components that compose searches and use only a part of their proposals. */
#define HONE_EXT_FORGET "hone.forget/1"
typedef struct hone_forget_v1 {
    uint32_t size, reserved;
    /* The trial that this search proposed a point for will not be told: it is not running any more, and nothing is known of
     * it. A trial that is not running is no error. */
    hone_rc (*forget)(void *self, uint64_t trial, hone_error *err);
} hone_forget_v1;

/* get_ext of the component: a search that has a model of the whole space may say how much there is left to win; a study that
 * has [study] regret ends by it. Since minor 1. */
#define HONE_EXT_REGRET_BOUND "hone.regret_bound/1"
typedef struct hone_regret_bound_v1 {
    uint32_t size, reserved;
    /* By how much, at most and with the search's confidence, the least value of the space is below the least one told, in
     * the unit of the values; HUGE_VAL: too little is known. Nothing that is proposed afterwards depends on the call. */
    hone_rc (*bound)(void *self, double *bound, hone_error *err);
} hone_regret_bound_v1;

/* ---- help for search plugins: all [any], header only ---- */

/* Number of different values, or 0: a continuum (or more than 2^53). */
static inline double hone_dim_count(const hone_dim *d)
{
    if (d->type == HONE_DIM_CHOICE || d->type == HONE_DIM_ORDINAL)
        return (double)d->n_choices;
    if (!(d->max > d->min))
        return 1;
    if (d->step > 0 && isfinite(d->min) && isfinite(d->max)) {
        const double n = floor((d->max - d->min) / d->step + 1e-9) + 1;
        return n <= 9007199254740992.0 ? n : 0;
    }
    return 0;
}

/* Brings a value to the nearest one allowed. Not for NaN. Steps count from min, or from 0 where min is infinite. */
static inline double hone_dim_snap(const hone_dim *d, double v)
{
    if (d->step > 0) {
        const double origin = isfinite(d->min) ? d->min : 0;
        v = origin + d->step * floor((v - origin) / d->step + 0.5);
        if (v > d->max)
            v = origin + d->step * floor((d->max - origin) / d->step + 1e-9);
    } else if (d->type != HONE_DIM_REAL) {
        v = floor(v + 0.5);
    }
    return v < d->min ? d->min : v > d->max ? d->max : v;
}

/* Where the dimension's values end: every allowed value of a stepped one owns an interval of one step around it, so that
 * the values at the ends are as likely as the others. */
static inline void hone_dim_edges_(const hone_dim *d, double *low, double *high)
{
    *low = d->min;
    *high = d->max;
    if (!(d->step > 0))
        return;
    if (isfinite(d->max)) {
        const double origin = isfinite(d->min) ? d->min : 0;
        *high = origin + d->step * (floor((d->max - origin) / d->step + 1e-9) + 0.5);
    }
    if (isfinite(d->min)) {
        *low = d->min - d->step / 2;
        if (d->flags & HONE_DIM_LOG && *low <= 0)
            *low = d->min > 0 ? d->min * 0.5 : d->flags & HONE_DIM_NORMAL ? 0 : d->step / 2;
    }
}

/* The cut of a normal dimension in standard units, mirrored (returns 1) where it lies above the mean: the normal
 * distribution function keeps its digits in the lower tail only. p, q: its values at the ends a < b. */
static inline int hone_dim_cut_(const hone_dim *d, double *a, double *b, double *p, double *q)
{
    const int is_log = (d->flags & HONE_DIM_LOG) != 0;
    double low, high;
    int mirrored;
    hone_dim_edges_(d, &low, &high);
    *a = ((is_log ? (low > 0 ? log(low) : -HUGE_VAL) : low) - d->mean) / d->deviation;
    *b = ((is_log ? log(high) : high) - d->mean) / d->deviation;
    mirrored = *a > 0;
    if (mirrored) {
        const double t = *a;
        *a = -*b;
        *b = -t;
    }
    *p = 0.5 * erfc(-*a * 0.70710678118654752440);
    *q = 0.5 * erfc(-*b * 0.70710678118654752440);
    return mirrored;
}

/* The value at quantile u in [0, 1] of the dimension's prior: uniform, log-uniform, normal, weighted. */
static inline double hone_dim_from_unit(const hone_dim *d, double u)
{
    double low, high;
    if (d->type == HONE_DIM_CHOICE || d->type == HONE_DIM_ORDINAL) {
        if (d->weights) {
            double sum = 0;
            for (uint32_t i = 0; i < d->n_choices; i++) {
                sum += d->weights[i];
                if (u < sum && d->weights[i] > 0)
                    return (double)i;
            }
            for (uint32_t i = d->n_choices; i > 0; i--)
                if (d->weights[i - 1] > 0)
                    return (double)(i - 1);
        }
        u = floor(u * d->n_choices);
        return u < 0 ? 0 : u > d->n_choices - 1 ? (double)(d->n_choices - 1) : u;
    }
    if (d->flags & HONE_DIM_NORMAL) {
        double a, b, p, q, z;
        const int mirrored = hone_dim_cut_(d, &a, &b, &p, &q);
        if (mirrored)
            u = 1 - u;
        if (q > p) {
            z = p + u * (q - p);
            z = hone_normal_quantile(z < 1e-300 ? 1e-300 : z > 1 - 1e-16 ? 1 - 1e-16 : z);
        } else {
            z = a + u * (b - a); /* too narrow, or too far out, to tell from uniform */
        }
        z = d->mean + d->deviation * (mirrored ? -z : z);
        return hone_dim_snap(d, d->flags & HONE_DIM_LOG ? exp(z) : z);
    }
    hone_dim_edges_(d, &low, &high);
    if (u <= 0 || u >= 1)
        return hone_dim_snap(d, u <= 0 ? d->min : d->max); /* exp(log(x)) may miss x */
    if (d->flags & HONE_DIM_LOG)
        return hone_dim_snap(d, exp(log(low) + u * (log(high) - log(low))));
    return hone_dim_snap(d, low + u * (high - low));
}

/* The position of a value in [0, 1], the inverse of the above up to rounding (a place inside a discrete value's interval:
 * its middle, where the scale is linear). Choices without weights: (i + 1/2) / n. */
static inline double hone_dim_to_unit(const hone_dim *d, double v)
{
    double low, high, u;
    if (d->type == HONE_DIM_CHOICE || d->type == HONE_DIM_ORDINAL) {
        if (d->weights) {
            double sum = 0;
            for (uint32_t i = 0; i < d->n_choices && i < v; i++)
                sum += d->weights[i];
            return sum + d->weights[(uint32_t)v] / 2;
        }
        return (v + 0.5) / d->n_choices;
    }
    if (d->flags & HONE_DIM_NORMAL) {
        double a, b, p, q, z;
        const int mirrored = hone_dim_cut_(d, &a, &b, &p, &q);
        z = ((d->flags & HONE_DIM_LOG ? log(v) : v) - d->mean) / d->deviation;
        if (mirrored)
            z = -z;
        u = q > p ? (0.5 * erfc(-z * 0.70710678118654752440) - p) / (q - p) : b > a ? (z - a) / (b - a) : 0.5;
        if (mirrored)
            u = 1 - u;
        return u < 0 ? 0 : u > 1 ? 1 : u;
    }
    hone_dim_edges_(d, &low, &high);
    if (!(high > low))
        return 0.5;
    u = d->flags & HONE_DIM_LOG ? (log(v) - log(low)) / (log(high) - log(low)) : (v - low) / (high - low);
    return u < 0 ? 0 : u > 1 ? 1 : u;
}

static inline uint32_t hone_compare(double a, uint32_t op, double b)
{
    switch (op) {
    case HONE_EQ: return a == b;
    case HONE_NE: return a != b;
    case HONE_LT: return a < b;
    case HONE_LE: return a <= b;
    case HONE_GT: return a > b;
    case HONE_GE: return a >= b;
    default: return 0;
    }
}

/* 1 where dimension i is active at x: (n_dims), whose earlier entries are settled. */
static inline uint32_t hone_space_active(const hone_space *space, const double *x, uint32_t i)
{
    const hone_dim *d = space->dims[i];
    for (uint32_t c = 0; c < d->n_conditions; c++) {
        const hone_condition *q = d->conditions[c];
        const double v = x[q->dim];
        uint32_t any = 0;
        if (isnan(v))
            return 0;
        if (q->op == HONE_EQ || q->op == HONE_NE) {
            for (uint32_t k = 0; k < q->n_values; k++)
                any |= v == q->values[k];
            if (any != (q->op == HONE_EQ))
                return 0;
        } else if (!hone_compare(v, q->op, q->values[0])) {
            return 0;
        }
    }
    return 1;
}

/* Writes NaN into every inactive dimension of x; the active ones must be set. */
static inline void hone_space_settle(const hone_space *space, double *x)
{
    for (uint32_t i = 0; i < space->n_dims; i++)
        if (!hone_space_active(space, x, i))
            x[i] = (double)NAN;
}

/* 1 where every relation holds at x: (n_dims), settled. An ordinal of numbers compares by its numbers. */
static inline uint32_t hone_space_allowed(const hone_space *space, const double *x)
{
    for (uint32_t r = 0; r < space->n_relations; r++) {
        const hone_relation *q = space->relations[r];
        const hone_dim *a = space->dims[q->dim_a];
        double left = x[q->dim_a], right = q->constant;
        if (isnan(left))
            continue;
        if (a->numbers)
            left = a->numbers[(uint32_t)left];
        if (q->dim_b != UINT32_MAX) {
            right = x[q->dim_b];
            if (isnan(right))
                continue;
            if (space->dims[q->dim_b]->numbers)
                right = space->dims[q->dim_b]->numbers[(uint32_t)right];
        }
        if (!hone_compare(left, q->op, right))
            return 0;
    }
    return 1;
}
#endif /* HONE_SEARCH_H */
