/* SPDX-License-Identifier: MIT */
/* regularizer/l1 against its formula, role by role. */
#include "penalty_case.h"

static const penalty_case l1 = { "l1", 1 };

static void test_adds_its_gradient_to_kernels_and_embeddings(void)
{
    penalty_acts_on_kernels_and_embeddings(&l1);
}
static void test_bias_and_norm_are_added_on_request(void)
{
    penalty_takes_bias_and_norm_on_request(&l1);
}
static void test_strength_zero_changes_nothing(void)
{
    penalty_of_strength_zero_changes_nothing(&l1);
}

static void test_parameters_are_chosen_by_name(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "l1", 1, "strength", "0.5", "parameters", "words*", NULL), HONE_OK);
    penalty_check(&l1, &c, 1u << HONE_PARAMETER_EMBEDDING, 0.5);
    component_close(&c);
}

SUITE(TEST(test_parameters_are_chosen_by_name), TEST(test_adds_its_gradient_to_kernels_and_embeddings),
      TEST(test_bias_and_norm_are_added_on_request), TEST(test_strength_zero_changes_nothing))
