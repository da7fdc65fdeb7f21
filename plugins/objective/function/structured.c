/* SPDX-License-Identifier: MIT */
/* Problems whose difficulty is the structure: choices, conditions, cheap and dear fidelities. */
#include "problems.h"
#include "hone/rng.h"

#include <stddef.h>

/* ---- counting ones: Falkner, Klein and Hutter 2018, "BOHB", section 5.1. The first half of the dimensions are 0 or 1, the
 * others probabilities. At step s each of these is the mean of s coin flips that are 1 with it; a trial flips one more coin
 * per dimension at every step. ---- */
static void counting_ones(const struct query *q, double *values, double *constraints)
{
    const uint32_t half = q->n / 2;
    (void)constraints;
    values[0] = 0;
    for (uint32_t i = 0; i < q->n; i++) {
        hone_rng rng = hone_rng_at(q->seed, i);
        int64_t ones = 0;
        if (i < half || q->exact || !q->step) {
            values[0] -= q->x[i];
            continue;
        }
        for (int64_t s = 0; s < q->step; s++)
            ones += hone_rng_uniform(&rng) < q->x[i];
        values[0] -= (double)ones / (double)q->step;
    }
}

static void counting_ones_shape(uint32_t n, uint32_t i, hone_dim *dim)
{
    static const char *const bits[] = { "0", "1" };
    if (i < n / 2) {
        dim->type = HONE_DIM_CHOICE;
        dim->n_choices = 2;
        dim->choices = bits;
    }
}

/* ---- Jenatton et al. 2017, "Bayesian optimization with tree-structured dependencies", section 5.1 ---- */
static double jenatton(const double *x, uint32_t n)
{
    (void)n;
    if (x[0] < 0.5)
        return (x[1] < 0.5 ? x[3] * x[3] + 0.1 : x[4] * x[4] + 0.2) + x[7];
    return (x[2] < 0.5 ? x[5] * x[5] + 0.3 : x[6] * x[6] + 0.4) + x[8];
}

static const char *const bits[] = { "0", "1" };
static const double index_0[] = { 0 }, index_1[] = { 1 };
#define IS(name, dim, value)                                                                           \
    static const hone_condition name##_condition = { sizeof(hone_condition), dim, HONE_EQ, 1, value }; \
    static const hone_condition *const name[] = { &name##_condition }
IS(if_x1_0, 0, index_0);
IS(if_x1_1, 0, index_1);
IS(if_x2_0, 1, index_0);
IS(if_x2_1, 1, index_1);
IS(if_x3_0, 2, index_0);
IS(if_x3_1, 2, index_1);
#define BIT(name, k, condition)                              \
    static const hone_dim name = { .size = sizeof(hone_dim), \
                                   .type = HONE_DIM_CHOICE,  \
                                   .n_choices = 2,           \
                                   .key = k,                 \
                                   .max = 1,                 \
                                   .choices = bits,          \
                                   .n_conditions = 1,        \
                                   .conditions = condition }
#define LEAF(name, k, lo, condition)                         \
    static const hone_dim name = { .size = sizeof(hone_dim), \
                                   .type = HONE_DIM_REAL,    \
                                   .key = k,                 \
                                   .min = lo,                \
                                   .max = 1,                 \
                                   .n_conditions = 1,        \
                                   .conditions = condition }
CHOICE_DIM(tree_1, "x1", bits);
BIT(tree_2, "x2", if_x1_0);
BIT(tree_3, "x3", if_x1_1);
LEAF(tree_4, "x4", -1, if_x2_0);
LEAF(tree_5, "x5", -1, if_x2_1);
LEAF(tree_6, "x6", -1, if_x3_0);
LEAF(tree_7, "x7", -1, if_x3_1);
LEAF(tree_8, "r8", 0, if_x1_0);
LEAF(tree_9, "r9", 0, if_x1_1);
static const hone_dim *const tree_dims[] = { &tree_1, &tree_2, &tree_3, &tree_4, &tree_5,
                                             &tree_6, &tree_7, &tree_8, &tree_9 };

/* ---- Hartmann with fidelity z: every weight less 0.1 (1 - z). Kandasamy, Dasarathy, Schneider and Poczos 2017,
 * "Multi-fidelity Bayesian optimisation with continuous approximations", appendix D. z is the share of the steps done. ---- */
static void mf_hartmann3(const struct query *q, double *values, double *constraints)
{
    (void)constraints;
    values[0] = hartmann3_lowered(q->x, 0.1 * (1 - q->fidelity));
}

static void mf_hartmann6(const struct query *q, double *values, double *constraints)
{
    (void)constraints;
    values[0] = hartmann6_lowered(q->x, 0.1 * (1 - q->fidelity));
}

/* ---- the table of the family ---- */
static const double ones[] = { 1 },
                    tree_best[] = { 0, 0, (double)NAN, 0, (double)NAN, (double)NAN, (double)NAN, 0, (double)NAN };
static const double hartmann3_best[] = { 0.11458888122541287, 0.5556488954739371, 0.8525469842172746 };
static const double hartmann6_best[] = { 0.20168950909365746, 0.15001069354111374, 0.4768739729250998,
                                         0.2753324275220782,  0.3116516172395686,  0.6573005345536702 };
const struct problem problem_counting_ones = { .name = "counting_ones",
                                               .min_dims = 2,
                                               .usual_dims = 16,
                                               .n_values = 1,
                                               .fidelity = 1,
                                               .noisy = 1,
                                               .high = 1,
                                               .shape = counting_ones_shape,
                                               .minimizer = ones,
                                               .n_minimizer = 1,
                                               .evaluate = counting_ones };
const struct problem problem_jenatton = { .name = "jenatton",
                                          .n_dims = 9,
                                          .n_values = 1,
                                          .dims = tree_dims,
                                          .minimizer = tree_best,
                                          .n_minimizer = 9,
                                          .value = jenatton };
const struct problem problem_mf_hartmann3 = { .name = "mf_hartmann3",
                                              .n_dims = 3,
                                              .n_values = 1,
                                              .fidelity = 1,
                                              .high = 1,
                                              .minimizer = hartmann3_best,
                                              .n_minimizer = 3,
                                              .evaluate = mf_hartmann3 };
const struct problem problem_mf_hartmann6 = { .name = "mf_hartmann6",
                                              .n_dims = 6,
                                              .n_values = 1,
                                              .fidelity = 1,
                                              .high = 1,
                                              .minimizer = hartmann6_best,
                                              .n_minimizer = 6,
                                              .evaluate = mf_hartmann6 };
