/* SPDX-License-Identifier: MIT */
/* optimizer/rmsprop against paths recorded from PyTorch. */
#include "optimizer_case.h"

static void test_follows_the_recorded_paths(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "rmsprop", 1, NULL), HONE_OK);
    CU_ASSERT(follows(&c, rmsprop_default, 0, HONE_PARAMETER_KERNEL));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "rmsprop", 1, "learning_rate", "0.02", "alpha", "0.9", "momentum", "0.8",
                                         "epsilon", "1e-4", NULL),
                          HONE_OK);
    CU_ASSERT(follows(&c, rmsprop_momentum, 0, HONE_PARAMETER_KERNEL));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "rmsprop", 1, "learning_rate", "0.02", "alpha", "0.9", "centered", "yes",
                                         "epsilon", "1e-4", NULL),
                          HONE_OK);
    CU_ASSERT(follows(&c, rmsprop_centered, 0, HONE_PARAMETER_KERNEL));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "rmsprop", 1, "learning_rate", "0.02", "alpha", "0.8", "centered", "yes",
                                         "momentum", "0.5", "epsilon", "1e-3", NULL),
                          HONE_OK);
    CU_ASSERT(follows(&c, rmsprop_both, 1, HONE_PARAMETER_KERNEL));
    component_close(&c);
}

static void test_treats_elements_alone(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "rmsprop", 1, NULL), HONE_OK);
    treats_elements_alone(&c);
    component_close(&c);
}

static void test_keeps_padding_zero_and_resumes(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "rmsprop", 1, "momentum", "0.9", NULL), HONE_OK);
    keeps_padding_zero(&c);
    component_close(&c);
    resumes("rmsprop", "momentum", "0.9");
}

static void test_declares_its_states(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "rmsprop", 1, "learning_rate", "0.25", NULL), HONE_OK);
    CU_ASSERT_EQUAL(optimizer_iface(&c)->learning_rate(c.self), 0.25);
    CU_ASSERT_EQUAL(optimizer_iface(&c)->n_states, 3);
    CU_ASSERT_STRING_EQUAL(optimizer_iface(&c)->state_names[0], "square");
    CU_ASSERT_STRING_EQUAL(optimizer_iface(&c)->state_names[1], "momentum");
    CU_ASSERT_STRING_EQUAL(optimizer_iface(&c)->state_names[2], "mean");
    component_close(&c);
    CU_ASSERT(component_open(&c, "rmsprop", 1, "alpha", "1", NULL) < 0);
    component_close(&c);
}

static void test_each_form_treats_elements_alone(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "rmsprop", 1, "momentum", "0.9", NULL), HONE_OK);
    treats_elements_alone(&c);
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "rmsprop", 1, "centered", "yes", NULL), HONE_OK);
    treats_elements_alone(&c);
    component_close(&c);
}

/* A gradient that never changes has no variance; rounding must not make a NaN of it. */
static void test_constant_gradients_stay_finite(void)
{
    struct component c;
    struct array a;
    CU_ASSERT_EQUAL_FATAL(
        component_open(&c, "rmsprop", 1, "centered", "yes", "alpha", "0.5", "learning_rate", "1e-6", NULL), HONE_OK);
    array_init(&a, 40, 3);
    for (uint64_t t = 1; t <= 200; t++) {
        for (int i = 0; i < 40; i++)
            a.gradient[i] = 0.1f + 0.0173f * (float)i;
        CU_ASSERT_EQUAL(array_step(&c, &a, t, 1), HONE_OK);
    }
    for (int i = 0; i < 40; i++)
        CU_ASSERT(isfinite(a.value[i]));
    component_close(&c);
}

SUITE(TEST(test_follows_the_recorded_paths), TEST(test_treats_elements_alone),
      TEST(test_keeps_padding_zero_and_resumes), TEST(test_declares_its_states),
      TEST(test_each_form_treats_elements_alone), TEST(test_constant_gradients_stay_finite))
