/* SPDX-License-Identifier: MIT */
/* objective/function: an instance is one problem in a number of dimensions. function.c runs trials of it, space.c makes its
 * space and offers it as "hone.problem/1". */
#ifndef HONE_FUNCTION_H
#define HONE_FUNCTION_H
#include "hone/objective.h"
#include "hone/problem.h"
#include "problems.h"

enum { MOST_DIMENSIONS = 1000, KEY_SIZE = 12 };

struct settings {
    uint32_t name;
    int64_t dimensions, objectives, steps;
    double noise, failure_rate, delay;
    uint8_t derivatives;
};

struct function {
    const hone_host *host;
    const struct settings *settings;
    const struct problem *problem;
    uint32_t n, n_values;  /* dimensions, objectives */
    char *names;           /* (n, KEY_SIZE): "x1", ... where the problem takes any number of dimensions */
    const char **keys;     /* (n) */
    hone_dim *own;         /* (n) the same */
    const hone_dim **dims; /* (n) */
    hone_space space;
    double *minimizer; /* (n), or NULL: unknown */
    double optimum;
    char metric_names[MOST_VALUES + MOST_CONSTRAINTS][8]; /* "value" or "f1", "f2", ...; then "c1", ... */
    const char *name_list[MOST_VALUES + MOST_CONSTRAINTS];
    hone_value metrics[MOST_VALUES + MOST_CONSTRAINTS];
    hone_derivative *derivatives; /* (n) names; NULL: none are reported */
    double reference[MOST_VALUES];
    double hypervolume;
};

/* Fills all that follows from the settings. HONE_ENOMEM, HONE_ERANGE; the caller releases either way. */
hone_rc function_init(struct function *f, hone_error *err);
void function_release(struct function *f);
/* Values and constraints at a point as a trial of this seed sees them. step 0: its end. flags: HONE_PROBLEM_EXACT. */
hone_rc function_evaluate(const struct function *f, const double *x, uint64_t seed, int64_t step, uint32_t flags,
                          double *values, double *constraints, hone_error *err);
extern const hone_problem_v1 function_problem;
#endif /* HONE_FUNCTION_H */
