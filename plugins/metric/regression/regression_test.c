/* SPDX-License-Identifier: MIT */
/* The metrics for numbers against values recorded from scikit-learn and scipy: ties, constants, single samples. */
#include "score_case.h"

static const char *const metrics[] = {
    "mse", "mae", "mape", "r2", "explained_variance", "median_absolute_error", "max_error", "pearson", "spearman"
};
enum { METRICS = sizeof metrics / sizeof *metrics };

static void test_mse_equals_scikit_learn(void)
{
    CU_ASSERT_EQUAL(scores_check(0, "mse"), 11);
}

static void test_mae_equals_scikit_learn(void)
{
    CU_ASSERT_EQUAL(scores_check(0, "mae"), 11);
}

static void test_mape_equals_scikit_learn(void)
{
    CU_ASSERT_EQUAL(scores_check(0, "mape"), 11);
}

static void test_r2_equals_scikit_learn(void)
{
    CU_ASSERT_EQUAL(scores_check(0, "r2"), 11);
}

static void test_explained_variance_equals_scikit_learn(void)
{
    CU_ASSERT_EQUAL(scores_check(0, "explained_variance"), 11);
}

static void test_median_absolute_error_equals_scikit_learn(void)
{
    CU_ASSERT_EQUAL(scores_check(0, "median_absolute_error"), 11);
}

static void test_max_error_equals_scikit_learn(void)
{
    CU_ASSERT_EQUAL(scores_check(0, "max_error"), 11);
}

static void test_pearson_equals_scipy(void)
{
    CU_ASSERT_EQUAL(scores_check(0, "pearson"), 11);
}

static void test_spearman_equals_scipy(void)
{
    CU_ASSERT_EQUAL(scores_check(0, "spearman"), 11);
}

static void test_covers_all_recorded_values(void)
{
    CU_ASSERT_EQUAL(HONE_MODULE_SYMBOL()->n_components, METRICS);
    CU_ASSERT_EQUAL(scores_check(0, NULL), METRICS * 11);
}

static void test_refuses_other_shapes_and_nan(void)
{
    static const float nan_output[] = { NAN, 1 }, targets[] = { 1, 2 };
    static const struct scored bad = { "bad", 2, 1, nan_output, NULL, targets };
    const hone_task task = score_task(&bad);
    for (unsigned i = 0; i < METRICS; i++) {
        struct component m;
        score_refuses_other_shapes(metrics[i], NULL, NULL, 0);
        CU_ASSERT_EQUAL_FATAL(component_open(&m, metrics[i], 1, NULL), HONE_OK);
        CU_ASSERT_EQUAL(score_iface(&m)->begin(m.self, &task, &m.err), HONE_OK);
        CU_ASSERT_EQUAL(score_feed(&m, &bad, 0, 2, 2), HONE_ENUMERIC);
        component_close(&m);
    }
}

/* Sums around the mean: numbers far from zero, in many parts, lose nothing. */
static void test_many_parts_far_from_zero(void)
{
    enum { N = 4096 };
    static float x[N], t[N];
    const struct scored far = { "far", N, 1, x, NULL, t };
    const hone_task task = score_task(&far);
    struct component whole, part;
    double left = 0, all = 0, mean = 0;
    for (int i = 0; i < N; i++) {
        t[i] = 1e6f + (float)(i % 7);
        x[i] = 1e6f + (float)(i % 5);
        mean += (double)t[i] / N;
        left += ((double)x[i] - (double)t[i]) * ((double)x[i] - (double)t[i]);
    }
    for (int i = 0; i < N; i++)
        all += ((double)t[i] - mean) * ((double)t[i] - mean);
    CU_ASSERT_EQUAL_FATAL(component_open(&whole, "r2", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(component_open(&part, "r2", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL(score_iface(&whole)->begin(whole.self, &task, &whole.err), HONE_OK);
    for (uint64_t from = 0; from < N; from += 64) {
        CU_ASSERT_EQUAL(score_iface(&part)->begin(part.self, &task, &part.err), HONE_OK);
        CU_ASSERT_EQUAL(score_feed(&part, &far, from, from + 64, 10), HONE_OK);
        CU_ASSERT_EQUAL(score_iface(&whole)->merge(whole.self, part.self, &whole.err), HONE_OK);
    }
    CU_ASSERT(near(score_compute(&whole).values[0], 1 - left / all, 1e-9));
    component_close(&whole);
    component_close(&part);
}

SUITE(TEST(test_mse_equals_scikit_learn), TEST(test_mae_equals_scikit_learn), TEST(test_mape_equals_scikit_learn),
      TEST(test_r2_equals_scikit_learn), TEST(test_explained_variance_equals_scikit_learn),
      TEST(test_median_absolute_error_equals_scikit_learn), TEST(test_max_error_equals_scikit_learn),
      TEST(test_pearson_equals_scipy), TEST(test_spearman_equals_scipy), TEST(test_covers_all_recorded_values),
      TEST(test_refuses_other_shapes_and_nan), TEST(test_many_parts_far_from_zero))
