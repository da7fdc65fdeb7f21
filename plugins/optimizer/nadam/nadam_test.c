/* SPDX-License-Identifier: MIT */
/* optimizer/nadam against paths recorded from PyTorch. */
#include "optimizer_case.h"

static void test_follows_the_recorded_paths(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "nadam", 1, NULL), HONE_OK);
    CU_ASSERT(follows(&c, nadam_default, 0, HONE_PARAMETER_KERNEL));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "nadam", 1, "learning_rate", "0.05", "beta1", "0.7", "beta2", "0.9",
                                         "epsilon", "1e-4", "momentum_decay", "0.05", NULL),
                          HONE_OK);
    CU_ASSERT(follows(&c, nadam_other, 0, HONE_PARAMETER_KERNEL));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "nadam", 1, "learning_rate", "0.1", NULL), HONE_OK);
    CU_ASSERT(follows(&c, nadam_falling, 1, HONE_PARAMETER_KERNEL));
    component_close(&c);
}

static void test_treats_elements_alone(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "nadam", 1, NULL), HONE_OK);
    treats_elements_alone(&c);
    component_close(&c);
}

static void test_keeps_padding_zero_and_resumes(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "nadam", 1, "momentum_decay", "0.1", NULL), HONE_OK);
    keeps_padding_zero(&c);
    component_close(&c);
    resumes("nadam", "momentum_decay", "0.1");
}

static void test_declares_its_states(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "nadam", 1, "learning_rate", "0.25", NULL), HONE_OK);
    CU_ASSERT_EQUAL(optimizer_iface(&c)->learning_rate(c.self), 0.25);
    CU_ASSERT_EQUAL(optimizer_iface(&c)->n_states, 2);
    CU_ASSERT_STRING_EQUAL(optimizer_iface(&c)->state_names[0], "mean");
    CU_ASSERT_STRING_EQUAL(optimizer_iface(&c)->state_names[1], "square");
    component_close(&c);
    CU_ASSERT(component_open(&c, "nadam", 1, "momentum_decay", "-1", NULL) < 0);
    component_close(&c);
}

/* The product of the momentums is a function of the step: whoever begins late, or steps back, finds the same. Far into a
 * training it is nothing, and the step is finite. */
static void test_momentum_follows_from_the_step(void)
{
    static const uint64_t steps[] = { 40, 41, 3, 1, 100000000, 2 };
    struct component c, fresh;
    struct array a, b;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "nadam", 1, NULL), HONE_OK);
    for (unsigned i = 0; i < sizeof steps / sizeof *steps; i++) {
        array_init(&a, 20, 2);
        array_fill(&a, i);
        b = a;
        b.parameter.value = b.value;
        b.parameter.gradient = b.gradient;
        b.parameter.state[0] = b.states[0];
        b.parameter.state[1] = b.states[1];
        CU_ASSERT_EQUAL_FATAL(component_open(&fresh, "nadam", 1, NULL), HONE_OK);
        CU_ASSERT_EQUAL(array_step(&c, &a, steps[i], 1), HONE_OK);
        CU_ASSERT_EQUAL(array_step(&fresh, &b, steps[i], 1), HONE_OK);
        CU_ASSERT(!memcmp(a.value, b.value, sizeof a.value) && isfinite(a.value[0]));
        component_close(&fresh);
    }
    component_close(&c);
}

SUITE(TEST(test_follows_the_recorded_paths), TEST(test_treats_elements_alone),
      TEST(test_keeps_padding_zero_and_resumes), TEST(test_declares_its_states),
      TEST(test_momentum_follows_from_the_step))
