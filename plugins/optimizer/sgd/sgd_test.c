/* SPDX-License-Identifier: MIT */
/* optimizer/sgd against paths recorded from PyTorch and against a naive double loop. */
#include "optimizer_case.h"

static void follow(const char *rate, const char *key, const char *text, const double path[PATH_STEPS][PATH_N],
                   int falling)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "sgd", 1, "learning_rate", rate, key, text, NULL), HONE_OK);
    CU_ASSERT(follows(&c, path, falling, HONE_PARAMETER_KERNEL));
    component_close(&c);
}

static void test_follows_the_recorded_paths(void)
{
    struct component c;
    follow("0.1", "momentum", "0", sgd_plain, 0);
    follow("0.1", NULL, NULL, sgd_momentum, 0); /* 0.9 */
    follow("0.1", NULL, NULL, sgd_falling, 1);
    follow("0.1", "dampening", "0.5", sgd_dampened, 0);
    CU_ASSERT_EQUAL_FATAL(
        component_open(&c, "sgd", 1, "learning_rate", "0.05", "momentum", "0.8", "nesterov", "yes", NULL), HONE_OK);
    CU_ASSERT(follows(&c, sgd_nesterov, 0, HONE_PARAMETER_KERNEL));
    CU_ASSERT_EQUAL(optimizer_iface(&c)->learning_rate(c.self), 0.05);
    component_close(&c);
    resumes("sgd", "nesterov", "yes");
    resumes("sgd", "dampening", "0.5");
}

/* Lengths around the width of a vector, so that the loop's head, body and tail are all seen. */
static void test_every_length_equals_a_naive_loop(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(
        component_open(&c, "sgd", 1, "learning_rate", "0.3", "momentum", "0.7", "nesterov", "yes", NULL), HONE_OK);
    for (uint64_t n = 0; n <= 70; n++) {
        float w[72], g[72], b[72];
        double expected[72], buffer[72];
        hone_rng rng = hone_rng_at(5, n);
        hone_parameter p = { .size = sizeof p, .name = "w", .value = w, .gradient = g, .state = { b }, .length = n };
        hone_parameter *const all[] = { &p };
        const hone_update now = { sizeof now, 0, 9, 0.5 };
        for (uint64_t i = 0; i < 72; i++) {
            w[i] = (float)hone_rng_normal(&rng);
            g[i] = (float)hone_rng_normal(&rng);
            b[i] = (float)hone_rng_normal(&rng);
            buffer[i] = i < n ? 0.7 * (double)b[i] + (double)g[i] : (double)b[i];
            expected[i] = i < n ? (double)w[i] - 0.15 * ((double)g[i] + 0.7 * buffer[i]) : (double)w[i];
        }
        CU_ASSERT_EQUAL(optimizer_iface(&c)->update(c.self, all, 1, &now, &c.err), HONE_OK);
        for (uint64_t i = 0; i < 72; i++)
            CU_ASSERT(near((double)w[i], expected[i], 1e-6) && near((double)b[i], buffer[i], 1e-6));
    }
    component_close(&c);
}

static void test_padding_stays_zero(void)
{
    struct component c;
    float w[4] = { 0 }, g[4] = { 0 }, b[4] = { 0 };
    const float zero[4] = { 0 };
    hone_parameter p = { .size = sizeof p, .name = "w", .value = w, .gradient = g, .state = { b }, .length = 4 };
    hone_parameter *const all[] = { &p };
    const hone_update now = { sizeof now, 0, 1, 1 };
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "sgd", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL(optimizer_iface(&c)->update(c.self, all, 1, &now, &c.err), HONE_OK);
    CU_ASSERT_EQUAL(memcmp(w, zero, sizeof w), 0);
    component_close(&c);
}

static void test_declares_its_state_and_is_the_default(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "sgd", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL(optimizer_iface(&c)->n_states, 1);
    CU_ASSERT_STRING_EQUAL(optimizer_iface(&c)->state_names[0], "momentum");
    CU_ASSERT(c.component->flags & HONE_C_DEFAULT);
    component_close(&c);
    CU_ASSERT(component_open(&c, "sgd", 1, "learning_rate", "0", NULL) < 0);
    component_close(&c);
}

SUITE(TEST(test_follows_the_recorded_paths), TEST(test_every_length_equals_a_naive_loop), TEST(test_padding_stays_zero),
      TEST(test_declares_its_state_and_is_the_default))
