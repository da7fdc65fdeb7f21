/* SPDX-License-Identifier: MIT */
/* optimizer/lion against paths recorded from its paper's algorithm. */
#include "optimizer_case.h"

static void test_follows_the_recorded_paths(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "lion", 1, NULL), HONE_OK);
    CU_ASSERT(follows(&c, lion_default, 0, HONE_PARAMETER_KERNEL));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "lion", 1, "learning_rate", "0.02", "beta1", "0.5", "beta2", "0.8",
                                         "weight_decay", "0.4", NULL),
                          HONE_OK);
    CU_ASSERT(follows(&c, lion_other, 0, HONE_PARAMETER_KERNEL));
    component_close(&c);
}

static void test_treats_elements_alone(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "lion", 1, NULL), HONE_OK);
    treats_elements_alone(&c);
    component_close(&c);
}

static void test_keeps_padding_zero_and_resumes(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "lion", 1, "weight_decay", "1", NULL), HONE_OK);
    keeps_padding_zero(&c);
    component_close(&c);
    resumes("lion", "weight_decay", "1");
}

static void test_declares_its_states(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "lion", 1, "learning_rate", "0.25", NULL), HONE_OK);
    CU_ASSERT_EQUAL(optimizer_iface(&c)->learning_rate(c.self), 0.25);
    CU_ASSERT_EQUAL(optimizer_iface(&c)->n_states, 1);
    CU_ASSERT_STRING_EQUAL(optimizer_iface(&c)->state_names[0], "momentum");
    component_close(&c);
    CU_ASSERT(component_open(&c, "lion", 1, "beta2", "1", NULL) < 0);
    component_close(&c);
}

/* Biases and norm scales do as if weight_decay were 0, unless asked. */
static void test_spares_biases_and_norms(void)
{
    static const uint32_t spared[] = { HONE_PARAMETER_BIAS, HONE_PARAMETER_NORM };
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "lion", 1, "learning_rate", "0.02", "beta1", "0.5", "beta2", "0.8",
                                         "weight_decay", "0.4", NULL),
                          HONE_OK);
    CU_ASSERT(follows(&c, lion_other, 0, HONE_PARAMETER_EMBEDDING));
    for (int i = 0; i < 2; i++)
        CU_ASSERT(follows(&c, lion_free, 0, spared[i]));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "lion", 1, "learning_rate", "0.02", "beta1", "0.5", "beta2", "0.8",
                                         "weight_decay", "0.4", "bias", "yes", NULL),
                          HONE_OK);
    CU_ASSERT(follows(&c, lion_other, 0, HONE_PARAMETER_BIAS));
    CU_ASSERT(follows(&c, lion_free, 0, HONE_PARAMETER_NORM));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "lion", 1, "learning_rate", "0.02", "beta1", "0.5", "beta2", "0.8",
                                         "weight_decay", "0.4", "norm", "yes", NULL),
                          HONE_OK);
    CU_ASSERT(follows(&c, lion_free, 0, HONE_PARAMETER_BIAS));
    CU_ASSERT(follows(&c, lion_other, 0, HONE_PARAMETER_NORM));
    component_close(&c);
}

static void test_refuses_to_turn_signs(void)
{
    struct component c;
    struct array a;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "lion", 1, "learning_rate", "2", "weight_decay", "0.6", NULL), HONE_OK);
    array_init(&a, 4, optimizer_iface(&c)->n_states);
    CU_ASSERT_EQUAL(array_step(&c, &a, 1, 1), HONE_ERANGE);
    CU_ASSERT_STRING_EQUAL(c.err.param, "weight_decay");
    CU_ASSERT_EQUAL(array_step(&c, &a, 1, 0.5), HONE_OK);
    component_close(&c);
}

SUITE(TEST(test_follows_the_recorded_paths), TEST(test_treats_elements_alone),
      TEST(test_keeps_padding_zero_and_resumes), TEST(test_declares_its_states), TEST(test_spares_biases_and_norms),
      TEST(test_refuses_to_turn_signs))
