/* SPDX-License-Identifier: MIT */
/* regularizer/elastic_net against its formula, role by role, and at its two ends against l1 and l2. */
#include "parameters.h"

/* Gradients of the roles in `acts` (bits) get the penalty's, everything else stays bit for bit. */
static void check(struct component *c, unsigned acts, double strength, double ratio)
{
    static struct parameters p, before;
    parameters_fill(&p, 3);
    before = p;
    CU_ASSERT_EQUAL(regularizer(c)->on_gradients(c->self, p.all, SHAPES, &c->err), HONE_OK);
    CU_ASSERT_EQUAL(memcmp(p.value, before.value, sizeof p.value), 0);
    for (int i = 0; i < SHAPES; i++)
        for (uint64_t k = 0; k < OUT * IN; k++) {
            const double w = (double)p.value[i][k], old = (double)before.gradient[i][k];
            const double sign = w > 0 ? 1 : w < 0 ? -1 : 0;
            if (acts >> i & 1 && k < p.one[i].length)
                CU_ASSERT(near((double)p.gradient[i][k], old + strength * (ratio * sign + (1 - ratio) * w), 1e-6))
            else
                CU_ASSERT_EQUAL(memcmp(&p.gradient[i][k], &before.gradient[i][k], sizeof(float)), 0)
        }
}

static void test_adds_its_gradient(void)
{
    static const char *const ratios[] = { "0.25", "0", "1" };
    struct component c;
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL_FATAL(component_open(&c, "elastic_net", 1, "strength", "0.5", "l1_ratio", ratios[i], NULL),
                              HONE_OK);
        check(&c, 1u << HONE_PARAMETER_KERNEL | 1u << HONE_PARAMETER_EMBEDDING, 0.5, strtod(ratios[i], NULL));
        component_close(&c);
    }
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "elastic_net", 1, "strength", "2", "bias", "yes", "norm", "yes",
                                         "parameters", "hidden1*,norm1*", NULL),
                          HONE_OK);
    check(&c, 1u << HONE_PARAMETER_KERNEL | 1u << HONE_PARAMETER_BIAS | 1u << HONE_PARAMETER_NORM, 2, 0.5);
    component_close(&c);
}

static void test_strength_zero_changes_nothing(void)
{
    static struct parameters p, before;
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "elastic_net", 1, "strength", "0", "bias", "yes", NULL), HONE_OK);
    parameters_fill(&p, 4);
    before = p;
    CU_ASSERT_EQUAL(regularizer(&c)->on_gradients(c.self, p.all, SHAPES, &c.err), HONE_OK);
    CU_ASSERT(parameters_equal(&p, &before));
    component_close(&c);
    CU_ASSERT(component_open(&c, "elastic_net", 1, "l1_ratio", "1.5", NULL) < 0);
    component_close(&c);
}

SUITE(TEST(test_adds_its_gradient), TEST(test_strength_zero_changes_nothing))
