/* SPDX-License-Identifier: MIT */
/* metric/rmse against scikit-learn. */
#include "metric_case.h"

static hone_rc feed(struct component *m, const struct regression *r, uint64_t from, uint64_t to)
{
    const uint64_t at = from * (uint64_t)r->k;
    const hone_predictions p = { sizeof p, 0, to - from, r->k, r->outputs + at, NULL, r->targets + at, NULL };
    return metric_iface(m)->update(m->self, &p, &m->err);
}

static void test_equals_scikit_learn(void)
{
    struct component one, two;
    CU_ASSERT_EQUAL_FATAL(component_open(&one, "rmse", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(component_open(&two, "rmse", 1, NULL), HONE_OK);
    for (unsigned i = 0; i < N_REGRESSIONS; i++) {
        const struct regression *r = &regressions[i];
        const hone_task task = metric_task(HONE_TASK_REGRESSION, r->k);
        CU_ASSERT_EQUAL(metric_iface(&one)->begin(one.self, &task, &one.err), HONE_OK);
        CU_ASSERT_EQUAL(metric_iface(&two)->begin(two.self, &task, &two.err), HONE_OK);
        CU_ASSERT(isnan(metric_compute(&one).value));
        CU_ASSERT_EQUAL(feed(&one, r, 0, r->n / 4), HONE_OK);
        CU_ASSERT_EQUAL(feed(&two, r, r->n / 4, r->n), HONE_OK);
        CU_ASSERT_EQUAL(metric_iface(&one)->merge(one.self, two.self, &one.err), HONE_OK);
        const struct caught c = metric_compute(&one);
        CU_ASSERT(near(c.value, r->rmse, 1e-13));
        CU_ASSERT_STRING_EQUAL(c.name, "rmse");
        CU_ASSERT_EQUAL(c.direction, HONE_MINIMIZE);
        CU_ASSERT_STRING_EQUAL(metric_list(&one, &task).name, "rmse");
    }
    component_close(&one);
    component_close(&two);
}

static void test_refuses_classes_and_other_shapes(void)
{
    struct component one, two;
    const hone_task classes = metric_task(HONE_TASK_CLASSIFICATION, 2), three = metric_task(HONE_TASK_REGRESSION, 3);
    const hone_task single = metric_task(HONE_TASK_REGRESSION, 1);
    CU_ASSERT_EQUAL_FATAL(component_open(&one, "rmse", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(component_open(&two, "rmse", 1, NULL), HONE_OK);
    CU_ASSERT(metric_iface(&one)->begin(one.self, &classes, &one.err) < 0);
    CU_ASSERT_EQUAL(metric_iface(&one)->begin(one.self, &three, &one.err), HONE_OK);
    CU_ASSERT(feed(&one, &regressions[0], 0, 3) < 0);
    CU_ASSERT_EQUAL(metric_iface(&two)->begin(two.self, &single, &two.err), HONE_OK);
    CU_ASSERT(metric_iface(&one)->merge(one.self, two.self, &one.err) < 0);
    component_close(&one);
    component_close(&two);
}

SUITE(TEST(test_equals_scikit_learn), TEST(test_refuses_classes_and_other_shapes))
