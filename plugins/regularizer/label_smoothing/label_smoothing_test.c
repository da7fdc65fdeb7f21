/* SPDX-License-Identifier: MIT */
/* regularizer/label_smoothing against its formula. */
#include "parameters.h"

enum { N = 9, K = 5 };

static void test_mixes_with_the_uniform_distribution(void)
{
    struct component c;
    float t[N * K], old[N * K];
    hone_rng rng = hone_rng_at(1, 0);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "label_smoothing", 1, "smoothing", "0.3", NULL), HONE_OK);
    for (int i = 0; i < N * K; i++)
        old[i] = t[i] = i < K ? (float)(i == 2) : (float)hone_rng_uniform(&rng); /* a hard label, then soft ones */
    CU_ASSERT_EQUAL(regularizer(&c)->on_targets(c.self, t, N, K, &c.err), HONE_OK);
    for (int i = 0; i < N * K; i++)
        CU_ASSERT(near((double)t[i], 0.7 * (double)old[i] + 0.3 / K, 1e-7));
    double sum = 0;
    for (int k = 0; k < K; k++)
        sum += (double)t[k];
    CU_ASSERT(near(sum, 1, 1e-6));
    CU_ASSERT(near((double)t[2], 0.76, 1e-7));
    component_close(&c);
}

static void test_default_is_szegedys(void)
{
    struct component c;
    float t[2] = { 1, 0 };
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "label_smoothing", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL(regularizer(&c)->on_targets(c.self, t, 1, 2, &c.err), HONE_OK);
    CU_ASSERT(near((double)t[0], 0.95, 1e-7) && near((double)t[1], 0.05, 1e-7));
    component_close(&c);
}

static void test_smoothing_zero_changes_nothing(void)
{
    struct component c;
    float t[N * K], old[N * K];
    hone_rng rng = hone_rng_at(2, 0);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "label_smoothing", 1, "smoothing", "0", NULL), HONE_OK);
    for (int i = 0; i < N * K; i++)
        old[i] = t[i] = i % 3 ? (float)hone_rng_uniform(&rng) : -0.0f;
    CU_ASSERT_EQUAL(regularizer(&c)->on_targets(c.self, t, N, K, &c.err), HONE_OK);
    CU_ASSERT_EQUAL(memcmp(t, old, sizeof t), 0);
    component_close(&c);
}

static void test_is_for_classes(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "label_smoothing", 1, NULL), HONE_OK);
    CU_ASSERT(regularizer(&c)->flags & HONE_REGULARIZER_CLASSIFICATION);
    component_close(&c);
    CU_ASSERT(component_open(&c, "label_smoothing", 1, "smoothing", "1", NULL) < 0);
    component_close(&c);
}

SUITE(TEST(test_mixes_with_the_uniform_distribution), TEST(test_default_is_szegedys),
      TEST(test_smoothing_zero_changes_nothing), TEST(test_is_for_classes))
