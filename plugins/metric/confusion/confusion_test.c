/* SPDX-License-Identifier: MIT */
/* metric/confusion against scikit-learn. */
#include "metric_case.h"

static void test_equals_scikit_learn(void)
{
    struct component one, two;
    CU_ASSERT_EQUAL_FATAL(component_open(&one, "confusion", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(component_open(&two, "confusion", 1, NULL), HONE_OK);
    for (unsigned i = 0; i < N_CLASSIFICATIONS; i++) {
        const struct classification *k = &classifications[i];
        const struct caught c = metric_of_case(&one, &two, k);
        CU_ASSERT_EQUAL(c.values, 0);
        CU_ASSERT_EQUAL(c.matrices, 1);
        CU_ASSERT_STRING_EQUAL(c.name, "confusion");
        CU_ASSERT(c.rows == (uint64_t)k->k && c.columns == (uint64_t)k->k);
        CU_ASSERT_EQUAL(memcmp(c.counts, k->confusion, (size_t)(k->k * k->k) * sizeof(double)), 0);
        CU_ASSERT_STRING_EQUAL(c.row_label, "none");
    }
    component_close(&one);
    component_close(&two);
}

static void test_names_classes_even_after_the_task_is_gone(void)
{
    struct component m;
    char first[] = "shirt", second[] = "ankle boot";
    const char *classes[] = { first, second };
    hone_task task = metric_task(HONE_TASK_CLASSIFICATION, 2);
    task.classes = classes;
    CU_ASSERT_EQUAL_FATAL(component_open(&m, "confusion", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL(metric_iface(&m)->begin(m.self, &task, &m.err), HONE_OK);
    memset(second, 'x', sizeof second - 1);
    const struct caught c = metric_compute(&m);
    CU_ASSERT_STRING_EQUAL(c.row_label, "ankle boot");
    CU_ASSERT_STRING_EQUAL(c.column_label, "ankle boot");
    component_close(&m);
}

static void test_lists_no_value(void)
{
    struct component m;
    const hone_task task = metric_task(HONE_TASK_CLASSIFICATION, 2);
    CU_ASSERT_EQUAL_FATAL(component_open(&m, "confusion", 1, NULL), HONE_OK);
    const struct caught c = metric_list(&m, &task);
    CU_ASSERT_EQUAL(c.values + c.matrices, 0);
    component_close(&m);
}

static void test_refuses_bad_labels_and_predictions(void)
{
    struct component m;
    const hone_task huge = metric_task(HONE_TASK_CLASSIFICATION, 1000000);
    CU_ASSERT_EQUAL_FATAL(component_open(&m, "confusion", 1, NULL), HONE_OK);
    metric_refuses_bad_classes(&m);
    CU_ASSERT_EQUAL(metric_iface(&m)->begin(m.self, &huge, &m.err), HONE_ERANGE);
    component_close(&m);
}

SUITE(TEST(test_equals_scikit_learn), TEST(test_names_classes_even_after_the_task_is_gone), TEST(test_lists_no_value),
      TEST(test_refuses_bad_labels_and_predictions))
