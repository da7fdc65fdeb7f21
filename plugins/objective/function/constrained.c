/* SPDX-License-Identifier: MIT */
/* Problems with constraints that are known only by evaluating. A constraint is <= 0 where it is satisfied. */
#include "problems.h"

#include <stddef.h>

static double square(double x)
{
    return x * x;
}

/* Binh and Korn 1997, "MOBES: a multiobjective evolution strategy for constrained optimization problems". Two values. */
static void binh_korn(const struct query *q, double *values, double *constraints)
{
    const double x = q->x[0], y = q->x[1];
    values[0] = 4 * x * x + 4 * y * y;
    values[1] = square(x - 5) + square(y - 5);
    constraints[0] = square(x - 5) + y * y - 25;
    constraints[1] = 7.7 - square(x - 8) - square(y + 3);
}

/* The front is x = y from 0 to 3, then y = 3 to x = 5; with r = (140, 50) the area of the first part is 2232, of the second
 * 8608 / 3, and 4 wide and 46 high what lies beyond f1 = 136. */
static double binh_korn_front(uint32_t n_values, double *reference)
{
    (void)n_values;
    reference[0] = 140;
    reference[1] = 50;
    return 2232 + 8608.0 / 3 + 184;
}

/* Branin in a disk around (2.5, 7.5) that keeps two of its three minima: Gelbart, Snoek and Adams 2014, "Bayesian
 * optimization with unknown constraints". */
static void constrained_branin(const struct query *q, double *values, double *constraints)
{
    values[0] = branin_value(q->x, q->n);
    constraints[0] = square(q->x[0] - 2.5) + square(q->x[1] - 7.5) - 50;
}

/* The two simulations of Gardner et al. 2014, "Bayesian optimization with inequality constraints". */
static void gardner1(const struct query *q, double *values, double *constraints)
{
    const double x = q->x[0], y = q->x[1];
    values[0] = cos(2 * x) * cos(y) + sin(x);
    constraints[0] = cos(x + y) + 0.5;
}

static void gardner2(const struct query *q, double *values, double *constraints)
{
    const double x = q->x[0], y = q->x[1];
    values[0] = sin(x) + y;
    constraints[0] = sin(x) * sin(y) + 0.95;
}

/* Gramacy et al. 2016, "Modeling an augmented Lagrangian for blackbox constrained optimization". */
static void gramacy(const struct query *q, double *values, double *constraints)
{
    const double x = q->x[0], y = q->x[1];
    values[0] = x + y;
    constraints[0] = 1.5 - x - 2 * y - 0.5 * sin(6.283185307179586 * (x * x - 2 * y));
    constraints[1] = x * x + y * y - 1.5;
}

REAL_DIM(branin_1, "x1", -5, 10);
REAL_DIM(branin_2, "x2", 0, 15);
REAL_DIM(korn_1, "x1", 0, 5);
REAL_DIM(korn_2, "x2", 0, 3);
REAL_DIM(gardner_1, "x1", 0, 6);
REAL_DIM(gardner_2, "x2", 0, 6);
REAL_DIM(gramacy_1, "x1", 0, 1);
REAL_DIM(gramacy_2, "x2", 0, 1);
static const hone_dim *const branin_dims[] = { &branin_1, &branin_2 }, *const korn_dims[] = { &korn_1, &korn_2 },
                             *const gardner_dims[] = { &gardner_1, &gardner_2 },
                             *const gramacy_dims[] = { &gramacy_1, &gramacy_2 };
/* on the border of the allowed part, found by sequential quadratic programming to 1e-15 and moved 1e-12 inside */
static const double branin_best[] = { 3.14159265358979323846, 2.275 },
                    gardner1_best[] = { 4.622640937001948, 5.849334574964030 },
                    gardner2_best[] = { 4.712388980384690, 1.253235897503380 },
                    gramacy_best[] = { 0.195122688571254, 0.404665363439815 };

const struct problem problem_binh_korn = { .name = "binh_korn",
                                           .n_dims = 2,
                                           .n_values = 2,
                                           .n_constraints = 2,
                                           .dims = korn_dims,
                                           .front = binh_korn_front,
                                           .evaluate = binh_korn };
#define CONSTRAINED(which, space, n, best)                       \
    const struct problem problem_##which = { .name = #which,     \
                                             .n_dims = 2,        \
                                             .n_values = 1,      \
                                             .n_constraints = n, \
                                             .dims = space,      \
                                             .minimizer = best,  \
                                             .n_minimizer = 2,   \
                                             .evaluate = which }
CONSTRAINED(constrained_branin, branin_dims, 1, branin_best);
CONSTRAINED(gardner1, gardner_dims, 1, gardner1_best);
CONSTRAINED(gardner2, gardner_dims, 1, gardner2_best);
CONSTRAINED(gramacy, gramacy_dims, 2, gramacy_best);
