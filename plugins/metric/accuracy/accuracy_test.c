/* SPDX-License-Identifier: MIT */
/* metric/accuracy against scikit-learn. */
#include "metric_case.h"

static void test_equals_scikit_learn(void)
{
    struct component one, two;
    CU_ASSERT_EQUAL_FATAL(component_open(&one, "accuracy", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(component_open(&two, "accuracy", 1, NULL), HONE_OK);
    for (unsigned i = 0; i < N_CLASSIFICATIONS; i++) {
        const struct caught c = metric_of_case(&one, &two, &classifications[i]);
        CU_ASSERT(near(c.value, classifications[i].accuracy, 1e-15));
        CU_ASSERT_STRING_EQUAL(c.name, "accuracy");
        CU_ASSERT_EQUAL(c.direction, HONE_MAXIMIZE);
    }
    component_close(&one);
    component_close(&two);
}

static void test_is_nan_when_empty_and_lists_its_value(void)
{
    struct component m;
    const hone_task task = metric_task(HONE_TASK_CLASSIFICATION, 3);
    CU_ASSERT_EQUAL_FATAL(component_open(&m, "accuracy", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL(metric_iface(&m)->begin(m.self, &task, &m.err), HONE_OK);
    CU_ASSERT(isnan(metric_compute(&m).value));
    const struct caught c = metric_list(&m, &task);
    CU_ASSERT_EQUAL(c.values, 1);
    CU_ASSERT_STRING_EQUAL(c.name, "accuracy");
    CU_ASSERT_EQUAL(c.direction, HONE_MAXIMIZE);
    component_close(&m);
}

static void test_refuses_bad_labels_and_predictions(void)
{
    struct component m;
    CU_ASSERT_EQUAL_FATAL(component_open(&m, "accuracy", 1, NULL), HONE_OK);
    metric_refuses_bad_classes(&m);
    component_close(&m);
}

SUITE(TEST(test_equals_scikit_learn), TEST(test_is_nan_when_empty_and_lists_its_value),
      TEST(test_refuses_bad_labels_and_predictions))
