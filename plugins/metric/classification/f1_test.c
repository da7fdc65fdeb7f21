/* SPDX-License-Identifier: MIT */
/* metric/f1 against scikit-learn (zero_division=0). */
#include "metric_case.h"

static void check_average(const char *average, size_t offset)
{
    struct component one, two;
    CU_ASSERT_EQUAL_FATAL(component_open(&one, "f1", 1, "average", average, NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(component_open(&two, "f1", 1, "average", average, NULL), HONE_OK);
    for (unsigned i = 0; i < N_CLASSIFICATIONS; i++) {
        const struct caught c = metric_of_case(&one, &two, &classifications[i]);
        double expected;
        memcpy(&expected, (const char *)&classifications[i] + offset, sizeof expected);
        CU_ASSERT(near(c.value, expected, 1e-14));
        CU_ASSERT_STRING_EQUAL(c.name, "f1");
        CU_ASSERT_EQUAL(c.direction, HONE_MAXIMIZE);
    }
    component_close(&one);
    component_close(&two);
}

static void test_macro_equals_scikit_learn(void)
{
    check_average("macro", offsetof(struct classification, macro));
}

static void test_micro_equals_scikit_learn(void)
{
    check_average("micro", offsetof(struct classification, micro));
}

static void test_weighted_equals_scikit_learn(void)
{
    check_average("weighted", offsetof(struct classification, weighted));
}

static void test_default_is_macro(void)
{
    struct component one, two;
    CU_ASSERT_EQUAL_FATAL(component_open(&one, "f1", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(component_open(&two, "f1", 1, NULL), HONE_OK);
    CU_ASSERT(near(metric_of_case(&one, &two, &classifications[0]).value, classifications[0].macro, 1e-14));
    component_close(&one);
    component_close(&two);
}

static void test_is_nan_when_empty_and_lists_its_value(void)
{
    struct component m;
    const hone_task task = metric_task(HONE_TASK_CLASSIFICATION, 3);
    CU_ASSERT_EQUAL_FATAL(component_open(&m, "f1", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL(metric_iface(&m)->begin(m.self, &task, &m.err), HONE_OK);
    CU_ASSERT(isnan(metric_compute(&m).value));
    const struct caught c = metric_list(&m, &task);
    CU_ASSERT_EQUAL(c.values, 1);
    CU_ASSERT_STRING_EQUAL(c.name, "f1");
    component_close(&m);
}

static void test_refuses_bad_labels_and_predictions(void)
{
    struct component m;
    CU_ASSERT_EQUAL_FATAL(component_open(&m, "f1", 1, NULL), HONE_OK);
    metric_refuses_bad_classes(&m);
    component_close(&m);
    CU_ASSERT(component_open(&m, "f1", 1, "average", "median", NULL) < 0);
    component_close(&m);
}

SUITE(TEST(test_macro_equals_scikit_learn), TEST(test_micro_equals_scikit_learn),
      TEST(test_weighted_equals_scikit_learn), TEST(test_default_is_macro),
      TEST(test_is_nan_when_empty_and_lists_its_value), TEST(test_refuses_bad_labels_and_predictions))
