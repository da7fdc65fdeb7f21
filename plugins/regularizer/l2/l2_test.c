/* SPDX-License-Identifier: MIT */
/* regularizer/l2 against its formula, role by role. */
#include "penalty_case.h"

static const penalty_case l2 = { "l2", 0 };

static void test_adds_its_gradient_to_kernels_and_embeddings(void)
{
    penalty_acts_on_kernels_and_embeddings(&l2);
}
static void test_bias_and_norm_are_added_on_request(void)
{
    penalty_takes_bias_and_norm_on_request(&l2);
}
static void test_strength_zero_changes_nothing(void)
{
    penalty_of_strength_zero_changes_nothing(&l2);
}

/* A strength for each layer: each section takes the parameters that its pattern names. */
static void test_parameters_are_chosen_by_name(void)
{
    static struct parameters p;
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "l2", 1, "strength", "0.5", "parameters", "words*, none", NULL), HONE_OK);
    penalty_check(&l2, &c, 1u << HONE_PARAMETER_EMBEDDING, 0.5);
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(
        component_open(&c, "l2", 1, "strength", "0.5", "parameters", "hidden?.*", "bias", "yes", NULL), HONE_OK);
    penalty_check(&l2, &c, 1u << HONE_PARAMETER_KERNEL | 1u << HONE_PARAMETER_BIAS, 0.5);
    component_close(&c);
    /* a bias is named, but biases are left out */
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "l2", 1, "parameters", "hidden1.bias", NULL), HONE_OK);
    parameters_fill(&p, 1);
    CU_ASSERT_EQUAL(regularizer(&c)->on_network(c.self, NULL, p.all, SHAPES, &c.err), HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(c.err.param, "parameters");
    CU_ASSERT_PTR_NOT_NULL(strstr(c.err.msg, "hidden1.weight, hidden1.bias, norm1.weight, words.weight"));
    component_close(&c);
}

SUITE(TEST(test_parameters_are_chosen_by_name), TEST(test_adds_its_gradient_to_kernels_and_embeddings),
      TEST(test_bias_and_norm_are_added_on_request), TEST(test_strength_zero_changes_nothing))
