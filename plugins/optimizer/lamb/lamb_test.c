/* SPDX-License-Identifier: MIT */
/* optimizer/lamb against paths recorded from its paper's algorithm. */
#include "optimizer_case.h"

static void test_follows_the_recorded_paths(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "lamb", 1, NULL), HONE_OK);
    CU_ASSERT(follows(&c, lamb_default, 0, HONE_PARAMETER_KERNEL));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "lamb", 1, "learning_rate", "0.05", "beta1", "0.5", "beta2", "0.9",
                                         "epsilon", "1e-3", "weight_decay", "0.3", NULL),
                          HONE_OK);
    CU_ASSERT(follows(&c, lamb_other, 0, HONE_PARAMETER_KERNEL));
    component_close(&c);
}

static void test_keeps_padding_zero_and_resumes(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "lamb", 1, "weight_decay", "1", NULL), HONE_OK);
    keeps_padding_zero(&c);
    component_close(&c);
    resumes("lamb", "weight_decay", "1");
}

static void test_declares_its_states(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "lamb", 1, "learning_rate", "0.25", NULL), HONE_OK);
    CU_ASSERT_EQUAL(optimizer_iface(&c)->learning_rate(c.self), 0.25);
    CU_ASSERT_EQUAL(optimizer_iface(&c)->n_states, 2);
    CU_ASSERT_STRING_EQUAL(optimizer_iface(&c)->state_names[0], "mean");
    CU_ASSERT_STRING_EQUAL(optimizer_iface(&c)->state_names[1], "square");
    component_close(&c);
    CU_ASSERT(component_open(&c, "lamb", 1, "beta1", "1", NULL) < 0);
    component_close(&c);
}

/* Biases and norm scales do as if weight_decay were 0, unless asked. */
static void test_spares_biases_and_norms(void)
{
    static const uint32_t spared[] = { HONE_PARAMETER_BIAS, HONE_PARAMETER_NORM };
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "lamb", 1, "learning_rate", "0.05", "beta1", "0.5", "beta2", "0.9",
                                         "epsilon", "1e-3", "weight_decay", "0.3", NULL),
                          HONE_OK);
    CU_ASSERT(follows(&c, lamb_other, 0, HONE_PARAMETER_EMBEDDING));
    for (int i = 0; i < 2; i++)
        CU_ASSERT(follows(&c, lamb_unadapted, 0, spared[i]));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "lamb", 1, "learning_rate", "0.05", "beta1", "0.5", "beta2", "0.9",
                                         "epsilon", "1e-3", "weight_decay", "0.3", "bias", "yes", NULL),
                          HONE_OK);
    CU_ASSERT(follows(&c, lamb_other, 0, HONE_PARAMETER_BIAS));
    CU_ASSERT(follows(&c, lamb_unadapted, 0, HONE_PARAMETER_NORM));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "lamb", 1, "learning_rate", "0.05", "beta1", "0.5", "beta2", "0.9",
                                         "epsilon", "1e-3", "weight_decay", "0.3", "norm", "yes", NULL),
                          HONE_OK);
    CU_ASSERT(follows(&c, lamb_unadapted, 0, HONE_PARAMETER_BIAS));
    CU_ASSERT(follows(&c, lamb_other, 0, HONE_PARAMETER_NORM));
    component_close(&c);
}

/* Lengths around the width of a vector, each a layer of its own, against a naive loop in double precision. */
static void test_every_length_equals_a_naive_loop(void)
{
    struct component c;
    static struct array a, before;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "lamb", 1, "learning_rate", "0.1", "weight_decay", "0.5", NULL), HONE_OK);
    for (uint64_t n = 0; n <= 70; n++) {
        double direction[ARRAY_MOST], weights = 0, directions = 0;
        array_init(&a, n, 2);
        array_fill(&a, n);
        before = a;
        CU_ASSERT_EQUAL(array_step(&c, &a, 3, 0.5), HONE_OK);
        for (uint64_t i = 0; i < n; i++) {
            const double w = (double)before.value[i], g = (double)before.gradient[i];
            const double mean = 0.9 * (double)before.states[0][i] + 0.1 * g;
            const double square = 0.999 * (double)before.states[1][i] + 0.001 * g * g;
            CU_ASSERT(near((double)a.states[0][i], mean, 1e-6) && near((double)a.states[1][i], square, 1e-6));
            direction[i] = mean / (1 - 0.729) / (sqrt(square / (1 - pow(0.999, 3))) + 1e-6) + 0.5 * w;
            weights += w * w;
            directions += direction[i] * direction[i];
        }
        for (uint64_t i = 0; i < ARRAY_MOST; i++) {
            const double step = i < n ? 0.05 * sqrt(weights / directions) * direction[i] : 0;
            CU_ASSERT(near((double)a.value[i], (double)before.value[i] - step, 2e-6));
        }
    }
    component_close(&c);
}

/* A layer that starts at zero has no length to be relative to: it moves as with Adam. */
static void test_zero_weights_move(void)
{
    struct component c;
    struct array a;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "lamb", 1, "learning_rate", "0.1", NULL), HONE_OK);
    array_init(&a, 3, 2);
    a.gradient[0] = 2;
    a.gradient[1] = -4;
    CU_ASSERT_EQUAL(array_step(&c, &a, 1, 1), HONE_OK);
    CU_ASSERT(near((double)a.value[0], -0.1, 1e-5) && near((double)a.value[1], 0.1, 1e-5));
    component_close(&c);
}

SUITE(TEST(test_follows_the_recorded_paths), TEST(test_keeps_padding_zero_and_resumes), TEST(test_declares_its_states),
      TEST(test_spares_biases_and_norms), TEST(test_every_length_equals_a_naive_loop), TEST(test_zero_weights_move))
