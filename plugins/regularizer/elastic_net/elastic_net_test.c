/* SPDX-License-Identifier: MIT */
/* regularizer/elastic_net against its formula, role by role, and at its two ends against l1 and l2. */
#include "penalty_case.h"

static const penalty_case elastic_net = { "elastic_net", 0.5 }; /* the ratio by default */

static void test_adds_its_gradient(void)
{
    static const char *const ratios[] = { "0.25", "0", "1" };
    struct component c;
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL_FATAL(component_open(&c, "elastic_net", 1, "strength", "0.5", "l1_ratio", ratios[i], NULL),
                              HONE_OK);
        const penalty_case one = { "elastic_net", strtod(ratios[i], NULL) };
        penalty_check(&one, &c, 1u << HONE_PARAMETER_KERNEL | 1u << HONE_PARAMETER_EMBEDDING, 0.5);
        component_close(&c);
    }
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "elastic_net", 1, "strength", "2", "bias", "yes", "norm", "yes",
                                         "parameters", "hidden1*,norm1*", NULL),
                          HONE_OK);
    penalty_check(&elastic_net, &c, 1u << HONE_PARAMETER_KERNEL | 1u << HONE_PARAMETER_BIAS | 1u << HONE_PARAMETER_NORM,
                  2);
    component_close(&c);
}

static void test_strength_zero_changes_nothing(void)
{
    struct component c;
    penalty_of_strength_zero_changes_nothing(&elastic_net);
    CU_ASSERT(component_open(&c, "elastic_net", 1, "l1_ratio", "1.5", NULL) < 0);
    component_close(&c);
}

SUITE(TEST(test_adds_its_gradient), TEST(test_strength_zero_changes_nothing))
