/* SPDX-License-Identifier: MIT */
/* transform/robust against scikit-learn. */
#include "transform_case.h"

static void test_equals_scikit_learn(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "robust", 1, NULL), HONE_OK);
    /* in float32 a feature at 1000 with a range of 2 has some 1e-5 */
    transform_check(&c, sklearn_robust[0], FEATURES, FEATURES, 1e-4);
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "robust", 1, "low", "0.1", "high", "0.95", NULL), HONE_OK);
    transform_check(&c, sklearn_robust_tenths[0], FEATURES, FEATURES, 1e-4);
    component_close(&c);
}

static void test_state_makes_the_round_and_hostile_bytes_do_not(void)
{
    struct component one, two;
    CU_ASSERT_EQUAL_FATAL(component_open(&one, "robust", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(component_open(&two, "robust", 1, NULL), HONE_OK);
    transform_state_round(&one, &two);
    component_close(&one);
    component_close(&two);
}

static void test_refuses_odd_use(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "robust", 1, NULL), HONE_OK);
    transform_refuses_odd_use(&c);
    component_close(&c);
}

static int ascending(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Quantiles of every number of values, with ties or without, against a sorted copy. */
static void test_quantiles_of_any_number_of_values(void)
{
    hone_rng rng = hone_rng_at(9, 0);
    for (uint64_t n = 1; n < 80; n++)
        for (int ties = 0; ties < 3; ties++) {
            struct component c;
            const hone_task task = transform_table(1);
            hone_task out;
            float x[80], sorted[80], scale, shift;
            for (uint64_t i = 0; i < n; i++)
                x[i] = ties == 0 ? (float)hone_rng_normal(&rng) : ties == 1 ? (float)hone_rng_below(&rng, 4) : (float)i;
            memcpy(sorted, x, sizeof x);
            qsort(sorted, n, sizeof *sorted, ascending);
            double q[3];
            for (int k = 0; k < 3; k++) {
                const double place = (k + 1) * 0.25 * (double)(n - 1);
                const uint64_t at = (uint64_t)place, next = at + 1 < n ? at + 1 : at;
                q[k] = (double)sorted[at] + ((double)sorted[next] - (double)sorted[at]) * (place - (double)at);
            }
            const double range = q[2] - q[0] > 0 ? q[2] - q[0] : 1;
            CU_ASSERT_EQUAL_FATAL(component_open(&c, "robust", 1, NULL), HONE_OK);
            CU_ASSERT_EQUAL(transform_iface(&c)->begin(c.self, &task, &out, &c.err), HONE_OK);
            CU_ASSERT_EQUAL(transform_iface(&c)->fit(c.self, x, n, &c.err), HONE_OK);
            CU_ASSERT_EQUAL(transform_iface(&c)->finish(c.self, &c.err), HONE_OK);
            CU_ASSERT_EQUAL(transform_iface(&c)->affine(c.self, &scale, &shift, &c.err), HONE_OK);
            CU_ASSERT(near((double)scale, 1 / range, 1e-6) && near((double)shift, -q[1] / range, 1e-6));
            component_close(&c);
        }
}

static void test_refuses_an_empty_range(void)
{
    struct component c;
    CU_ASSERT(component_open(&c, "robust", 1, "low", "0.5", NULL) < 0);
    component_close(&c);
    CU_ASSERT(component_open(&c, "robust", 1, "high", "0.5", NULL) < 0);
    component_close(&c);
}

SUITE(TEST(test_equals_scikit_learn), TEST(test_state_makes_the_round_and_hostile_bytes_do_not),
      TEST(test_refuses_odd_use), TEST(test_quantiles_of_any_number_of_values), TEST(test_refuses_an_empty_range))
