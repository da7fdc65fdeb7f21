/* SPDX-License-Identifier: MIT */
/* optimizer/radam against paths recorded from PyTorch. */
#include "optimizer_case.h"

static void test_follows_the_recorded_paths(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "radam", 1, NULL), HONE_OK);
    CU_ASSERT(follows(&c, radam_default, 0, HONE_PARAMETER_KERNEL));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "radam", 1, "learning_rate", "0.05", "beta1", "0.7", "beta2", "0.9",
                                         "epsilon", "1e-4", NULL),
                          HONE_OK);
    CU_ASSERT(follows(&c, radam_other, 0, HONE_PARAMETER_KERNEL));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "radam", 1, "learning_rate", "0.1", "beta2", "0.95", NULL), HONE_OK);
    CU_ASSERT(follows(&c, radam_falling, 1, HONE_PARAMETER_KERNEL));
    component_close(&c);
}

static void test_treats_elements_alone(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "radam", 1, "beta2", "0.9", NULL), HONE_OK);
    treats_elements_alone(&c);
    component_close(&c);
}

static void test_keeps_padding_zero_and_resumes(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "radam", 1, "beta2", "0.9", NULL), HONE_OK);
    keeps_padding_zero(&c);
    component_close(&c);
    resumes("radam", "beta2", "0.9");
}

static void test_declares_its_states(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "radam", 1, "learning_rate", "0.25", NULL), HONE_OK);
    CU_ASSERT_EQUAL(optimizer_iface(&c)->learning_rate(c.self), 0.25);
    CU_ASSERT_EQUAL(optimizer_iface(&c)->n_states, 2);
    CU_ASSERT_STRING_EQUAL(optimizer_iface(&c)->state_names[0], "mean");
    CU_ASSERT_STRING_EQUAL(optimizer_iface(&c)->state_names[1], "square");
    component_close(&c);
    CU_ASSERT(component_open(&c, "radam", 1, "beta2", "1", NULL) < 0);
    component_close(&c);
}

/* beta2 below 0.6 leaves no step whose variance is known: it is momentum for ever. */
static void test_short_memories_are_never_rectified(void)
{
    struct component c, other;
    struct array a, b;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "radam", 1, "beta2", "0.5", NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(component_open(&other, "radam", 1, "beta2", "0.999", NULL), HONE_OK);
    array_init(&a, 20, 2);
    array_fill(&a, 1);
    array_init(&b, 20, 2);
    array_fill(&b, 1);
    CU_ASSERT_EQUAL(array_step(&c, &a, 5000, 1), HONE_OK);
    for (int i = 0; i < 20; i++) {
        const double mean = 0.9 * (double)b.states[0][i] + 0.1 * (double)b.gradient[i];
        CU_ASSERT(near((double)a.value[i], (double)b.value[i] - 1e-3 * mean, 1e-6));
    }
    CU_ASSERT_EQUAL(array_step(&other, &b, 5000, 1), HONE_OK);
    CU_ASSERT(memcmp(a.value, b.value, sizeof a.value) != 0);
    component_close(&c);
    component_close(&other);
}

SUITE(TEST(test_follows_the_recorded_paths), TEST(test_treats_elements_alone),
      TEST(test_keeps_padding_zero_and_resumes), TEST(test_declares_its_states),
      TEST(test_short_memories_are_never_rectified))
