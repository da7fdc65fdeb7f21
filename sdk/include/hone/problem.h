/* SPDX-License-Identifier: MIT */
/* hone/problem.h - extension "hone.problem/1" of an objective: it is a test problem that knows its own space and its best
 * values, so that a benchmark can pose it to searches without an INI and without a study.
 *
 * Found by component->get_ext(HONE_EXT_PROBLEM). Values are always "lower is better". */
#ifndef HONE_PROBLEM_H
#define HONE_PROBLEM_H
#include "hone/search.h"

#define HONE_EXT_PROBLEM "hone.problem/1"

typedef struct hone_problem {
    uint32_t size, reserved;
    const char *name;        /* "branin" */
    const hone_space *space; /* its natural one: the ranges of the literature */
    uint32_t n_values, n_constraints;
    const char *const *value_names;      /* (n_values) metrics that it reports: "value" */
    const char *const *constraint_names; /* (n_constraints) metrics, <= 0 is satisfied; NULL without any */
    /* One value: the least that the space allows, without noise, constraints met; NaN: unknown, or several values. */
    double optimum;
    const double *minimizer; /* (n_dims) a point of that value, NaN where inactive; NULL: unknown */
    /* Several values: the reference point (n_values) of the hypervolume that its literature uses, and the hypervolume of
     * the true front with respect to it; NULL and NaN: unknown. */
    const double *reference;
    double hypervolume;
    uint32_t noisy; /* 1: values hold noise: of the problem itself, or asked for */
    uint32_t
        fidelity; /* 1: values at a step before the last are another, cheaper problem; 0: a curve that ends on the value */
    int64_t max_step; /* of a whole trial; 0: no steps */
} hone_problem;       /* what it points to: life of self */

enum {
    HONE_PROBLEM_EXACT = 1u << 0 /* without noise and failures: what the value is worth in truth */
};
typedef struct hone_problem_v1 {
    uint32_t size, reserved;
    const char *key; /* of the component's table: the HONE_T_ENUM that picks the problem; NULL: it is the only one */
    const char *dimensions_key; /* the HONE_T_INT for the number of dimensions, where a problem takes any; or NULL */
    hone_rc (*describe)(void *self, hone_problem *problem, hone_error *err); /* [trial] */
    /* x: (n_dims) of its space, NaN where inactive; seed: of the trial; step 1 .. max_step, 0: the end. values: (n_values);
     * constraints: (n_constraints), may be NULL without any. HONE_EFAIL: the trial fails, as its settings ask for. [any] */
    hone_rc (*evaluate)(void *self, const double *x, uint64_t seed, int64_t step, uint32_t flags, double *values,
                        double *constraints, hone_error *err);
    /* Since minor 1, may be NULL: derivatives of the one value, without noise, at the end of a trial, into (n_dims).
     * HONE_ENOTSUP: this problem has none; x NULL: only asks that. [any] */
    hone_rc (*gradient)(void *self, const double *x, double *gradient, hone_error *err);
} hone_problem_v1;
#endif /* HONE_PROBLEM_H */
