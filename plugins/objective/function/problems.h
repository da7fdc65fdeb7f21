/* SPDX-License-Identifier: MIT */
/* The test problems in one table, a file per family: box.c (one value over a box), hyperopt.c (its test domains),
 * pareto.c (several values), constrained.c, structured.c (conditions, choices, fidelity). A new problem is one `struct
 * problem` in its family's file, one line of PROBLEMS and one of the table in doc.c. [any] */
#ifndef HONE_PROBLEMS_H
#define HONE_PROBLEMS_H
#include "hone/param.h"
#include "hone/search.h"

/* clang-format cannot make up its mind where the backslashes belong */
/* clang-format off */
#define PROBLEMS(X) \
    X(branin) X(hartmann3) X(hartmann6) X(ackley) X(rosenbrock) X(rastrigin) X(levy) X(styblinski_tang) \
    X(sphere) X(griewank) X(michalewicz) X(six_hump_camel) X(goldstein_price) X(himmelblau) X(eggholder) \
    X(shekel) X(quadratic1) X(q1_choice) X(q1_lognormal) X(n_arms) X(distractor) X(gauss_wave) \
    X(gauss_wave2) X(many_dists) X(zdt1) X(zdt2) X(zdt3) X(zdt4) X(zdt6) X(dtlz1) X(dtlz2) X(dtlz7) \
    X(binh_korn) X(constrained_branin) X(gardner1) X(gardner2) X(gramacy) X(counting_ones) X(jenatton) \
    X(mf_hartmann3) X(mf_hartmann6)
/* clang-format on */

enum { MOST_VALUES = 10, MOST_CONSTRAINTS = 2 };

/* What is asked of a problem. */
struct query {
    const double *x; /* (n) NaN where inactive */
    uint32_t n, n_values;
    double fidelity; /* (0, 1]: share of the steps of a whole trial */
    int64_t step;    /* 0: a trial without steps */
    uint64_t seed;   /* of noise of the problem's own */
    uint32_t exact;  /* 1: without that noise, its expectation */
};

struct problem {
    const char *name;
    uint32_t n_dims, min_dims, usual_dims; /* n_dims 0: any number from min_dims on, usual_dims unless asked for */
    uint32_t n_values, n_constraints;      /* n_values 0: any from 2 to MOST_VALUES, 3 unless asked for */
    uint32_t noisy, fidelity;
    /* The space: dims (n_dims), or x1 .. xn, real in low .. high; shape, where set, changes the i-th of n then. */
    const hone_dim *const *dims;
    double low, high;
    void (*shape)(uint32_t n, uint32_t i, hone_dim *dim);
    /* One value: a point of the least one, for up to n_minimizer dimensions; n_minimizer 1: the same in every dimension. */
    const double *minimizer;
    uint32_t n_minimizer;
    /* Several: fills the reference point (n_values), returns the hypervolume of the true front. */
    double (*front)(uint32_t n_values, double *reference);
    /* One of them. values: (n_values), constraints: (n_constraints), <= 0 is satisfied */
    double (*value)(const double *x, uint32_t n);
    void (*evaluate)(const struct query *query, double *values, double *constraints);
};

#define DECLARE(name) extern const struct problem problem_##name;
PROBLEMS(DECLARE)
#undef DECLARE
extern const struct problem *const problems[]; /* in the order of PROBLEMS; NULL-terminated */
extern const char *const problem_names[];      /* the same */
extern const char problem_doc[];               /* Markdown */

/* Values and constraints at a point. Values: (n_values), constraints: (n_constraints) or NULL without any. */
void problem_evaluate(const struct problem *problem, const struct query *query, double *values, double *constraints);

/* gradients.c: derivatives of the value at x. 0: not of this problem; x NULL: only asks. x, g: (n) */
int problem_gradient(const struct problem *problem, const double *x, uint32_t n, double *g);

/* box.c: Hartmann with weights lowered by `less` each, for the cheaper fidelities. */
double hartmann3_lowered(const double *x, double less);
double hartmann6_lowered(const double *x, double less);
double branin_value(const double *x, uint32_t n);

#define REAL_DIM(name, k, lo, hi)                                                                       \
    static const hone_dim name = {                                                                      \
        .size = sizeof(hone_dim), .type = HONE_DIM_REAL, .key = k, .min = lo, .max = hi, .deviation = 1 \
    }
#define CHOICE_DIM(name, k, texts)                                 \
    static const hone_dim name = { .size = sizeof(hone_dim),       \
                                   .type = HONE_DIM_CHOICE,        \
                                   .n_choices = HONE_COUNT(texts), \
                                   .key = k,                       \
                                   .max = HONE_COUNT(texts) - 1.0, \
                                   .deviation = 1,                 \
                                   .choices = texts }
#endif /* HONE_PROBLEMS_H */
