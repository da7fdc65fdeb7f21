/* SPDX-License-Identifier: MIT */
/* optimizer/adagrad against paths recorded from PyTorch. */
#include "optimizer_case.h"

static void test_follows_the_recorded_paths(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "adagrad", 1, NULL), HONE_OK);
    CU_ASSERT(follows(&c, adagrad_default, 0, HONE_PARAMETER_KERNEL));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "adagrad", 1, "learning_rate", "0.1", "decay", "0.1", "initial", "0.5",
                                         "epsilon", "1e-3", NULL),
                          HONE_OK);
    CU_ASSERT(follows(&c, adagrad_other, 0, HONE_PARAMETER_KERNEL));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "adagrad", 1, "learning_rate", "0.3", NULL), HONE_OK);
    CU_ASSERT(follows(&c, adagrad_falling, 1, HONE_PARAMETER_KERNEL));
    component_close(&c);
}

static void test_treats_elements_alone(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "adagrad", 1, NULL), HONE_OK);
    treats_elements_alone(&c);
    component_close(&c);
}

static void test_keeps_padding_zero_and_resumes(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "adagrad", 1, "initial", "0.1", NULL), HONE_OK);
    keeps_padding_zero(&c);
    component_close(&c);
    resumes("adagrad", "initial", "0.1");
}

static void test_declares_its_states(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "adagrad", 1, "learning_rate", "0.25", NULL), HONE_OK);
    CU_ASSERT_EQUAL(optimizer_iface(&c)->learning_rate(c.self), 0.25);
    CU_ASSERT_EQUAL(optimizer_iface(&c)->n_states, 1);
    CU_ASSERT_STRING_EQUAL(optimizer_iface(&c)->state_names[0], "sum_of_squares");
    component_close(&c);
    CU_ASSERT(component_open(&c, "adagrad", 1, "initial", "-1", NULL) < 0);
    component_close(&c);
}

SUITE(TEST(test_follows_the_recorded_paths), TEST(test_treats_elements_alone),
      TEST(test_keeps_padding_zero_and_resumes), TEST(test_declares_its_states))
