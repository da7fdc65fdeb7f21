/* SPDX-License-Identifier: MIT */
/* optimizer/adam against paths recorded from PyTorch and against a naive double loop. */
#include "optimizer_case.h"

static void test_follows_the_recorded_paths(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "adam", 1, NULL), HONE_OK); /* 1e-3, 0.9, 0.999, 1e-8 */
    CU_ASSERT(follows(&c, adam_default, 0, HONE_PARAMETER_KERNEL));
    CU_ASSERT_EQUAL(optimizer_iface(&c)->learning_rate(c.self), 1e-3);
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(
        component_open(&c, "adam", 1, "learning_rate", "0.1", "beta1", "0.5", "beta2", "0.9", "epsilon", "1e-3", NULL),
        HONE_OK);
    CU_ASSERT(follows(&c, adam_other, 0, HONE_PARAMETER_KERNEL));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "adam", 1, "learning_rate", "0.1", "beta2", "0.99", NULL), HONE_OK);
    CU_ASSERT(follows(&c, adam_falling, 1, HONE_PARAMETER_KERNEL));
    treats_elements_alone(&c);
    component_close(&c);
    resumes("adam", "beta2", "0.9");
}

/* Lengths around the width of a vector, so that the loop's head, body and tail are all seen. */
static void test_every_length_equals_a_naive_loop(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "adam", 1, "learning_rate", "0.3", "beta1", "0.7", "beta2", "0.95", NULL),
                          HONE_OK);
    for (uint64_t n = 0; n <= 70; n++) {
        float w[72], g[72], m[72], v[72];
        double expected[72], mean[72], square[72];
        hone_rng rng = hone_rng_at(6, n);
        hone_parameter p = { .size = sizeof p, .name = "w", .value = w, .gradient = g, .state = { m, v }, .length = n };
        hone_parameter *const all[] = { &p };
        const hone_update now = { sizeof now, 0, 3, 0.5 };
        for (uint64_t i = 0; i < 72; i++) {
            w[i] = (float)hone_rng_normal(&rng);
            g[i] = (float)hone_rng_normal(&rng);
            m[i] = (float)hone_rng_normal(&rng);
            v[i] = (float)hone_rng_uniform(&rng);
            expected[i] = (double)w[i];
            mean[i] = (double)m[i];
            square[i] = (double)v[i];
            if (i >= n)
                continue;
            mean[i] = 0.7 * mean[i] + 0.3 * (double)g[i];
            square[i] = 0.95 * square[i] + 0.05 * (double)g[i] * (double)g[i];
            expected[i] -= 0.15 * (mean[i] / (1 - 0.343)) / (sqrt(square[i] / (1 - 0.857375)) + 1e-8);
        }
        CU_ASSERT_EQUAL(optimizer_iface(&c)->update(c.self, all, 1, &now, &c.err), HONE_OK);
        for (uint64_t i = 0; i < 72; i++)
            CU_ASSERT(near((double)w[i], expected[i], 2e-6) && near((double)m[i], mean[i], 1e-6) &&
                      near((double)v[i], square[i], 1e-6));
    }
    component_close(&c);
}

static void test_padding_stays_zero(void)
{
    struct component c;
    float w[4] = { 0 }, g[4] = { 0 }, m[4] = { 0 }, v[4] = { 0 };
    const float zero[4] = { 0 };
    hone_parameter p = { .size = sizeof p, .name = "w", .value = w, .gradient = g, .state = { m, v }, .length = 4 };
    hone_parameter *const all[] = { &p };
    const hone_update now = { sizeof now, 0, 1, 1 };
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "adam", 1, "epsilon", "1e-30", NULL), HONE_OK);
    CU_ASSERT_EQUAL(optimizer_iface(&c)->update(c.self, all, 1, &now, &c.err), HONE_OK);
    CU_ASSERT_EQUAL(memcmp(w, zero, sizeof w), 0);
    component_close(&c);
}

static void test_declares_its_states(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "adam", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL(optimizer_iface(&c)->n_states, 2);
    CU_ASSERT_STRING_EQUAL(optimizer_iface(&c)->state_names[0], "mean");
    CU_ASSERT_STRING_EQUAL(optimizer_iface(&c)->state_names[1], "square");
    component_close(&c);
    CU_ASSERT(component_open(&c, "adam", 1, "beta2", "1", NULL) < 0);
    component_close(&c);
}

SUITE(TEST(test_follows_the_recorded_paths), TEST(test_every_length_equals_a_naive_loop), TEST(test_padding_stays_zero),
      TEST(test_declares_its_states))
