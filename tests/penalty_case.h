/* SPDX-License-Identifier: MIT */
/* What l1, l2 and what lies between them must do, as cases for their suites, header only: add the penalty's gradient to the
 * parameters that it is for, and to no other. */
#ifndef HONE_TESTS_PENALTY_CASE_H
#define HONE_TESTS_PENALTY_CASE_H
#include "parameters.h"

typedef struct penalty_case {
    const char *name;
    double l1_ratio; /* what is added at w: strength (l1_ratio sign(w) + (1 - l1_ratio) w) */
} penalty_case;

/* Gradients of the roles in `acts` (bits) get the penalty's, everything else stays bit for bit. */
static inline void penalty_check(const penalty_case *penalty, struct component *c, unsigned acts, double strength)
{
    static struct parameters p, before;
    parameters_fill(&p, 3);
    before = p;
    CU_ASSERT_EQUAL(regularizer(c)->on_gradients(c->self, p.all, SHAPES, &c->err), HONE_OK);
    CU_ASSERT_EQUAL(memcmp(p.value, before.value, sizeof p.value), 0);
    for (int i = 0; i < SHAPES; i++)
        for (uint64_t k = 0; k < OUT * IN; k++) {
            const double old = (double)before.gradient[i][k], w = (double)p.value[i][k];
            const double sign = w > 0 ? 1 : w < 0 ? -1 : 0, ratio = penalty->l1_ratio;
            if (acts >> i & 1 && k < p.one[i].length)
                CU_ASSERT(near((double)p.gradient[i][k], old + strength * (ratio * sign + (1 - ratio) * w), 1e-6))
            else
                CU_ASSERT_EQUAL(memcmp(&p.gradient[i][k], &before.gradient[i][k], sizeof(float)), 0)
        }
}

static inline void penalty_acts_on_kernels_and_embeddings(const penalty_case *penalty)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, penalty->name, 1, "strength", "0.25", NULL), HONE_OK);
    penalty_check(penalty, &c, 1u << HONE_PARAMETER_KERNEL | 1u << HONE_PARAMETER_EMBEDDING, 0.25);
    component_close(&c);
}

static inline void penalty_takes_bias_and_norm_on_request(const penalty_case *penalty)
{
    const unsigned always = 1u << HONE_PARAMETER_KERNEL | 1u << HONE_PARAMETER_EMBEDDING;
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, penalty->name, 1, "strength", "2", "bias", "yes", NULL), HONE_OK);
    penalty_check(penalty, &c, always | 1u << HONE_PARAMETER_BIAS, 2);
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, penalty->name, 1, "strength", "0.1", "norm", "yes", NULL), HONE_OK);
    penalty_check(penalty, &c, always | 1u << HONE_PARAMETER_NORM, 0.1);
    component_close(&c);
}

/* Nor is there a negative strength. */
static inline void penalty_of_strength_zero_changes_nothing(const penalty_case *penalty)
{
    static struct parameters p, before;
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, penalty->name, 1, "strength", "0", "bias", "yes", "norm", "yes", NULL),
                          HONE_OK);
    parameters_fill(&p, 4);
    before = p;
    CU_ASSERT_EQUAL(regularizer(&c)->on_gradients(c.self, p.all, SHAPES, &c.err), HONE_OK);
    CU_ASSERT(parameters_equal(&p, &before));
    component_close(&c);
    CU_ASSERT(component_open(&c, penalty->name, 1, "strength", "-1", NULL) < 0);
    component_close(&c);
}
#endif /* HONE_TESTS_PENALTY_CASE_H */
