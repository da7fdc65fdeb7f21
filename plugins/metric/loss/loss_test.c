/* SPDX-License-Identifier: MIT */
/* metric/loss: means over unequal batches, merged or not. */
#include "metric_case.h"

static hone_rc feed(struct component *m, const float *losses, uint64_t n)
{
    const hone_predictions p = { sizeof p, 0, n, 1, losses, NULL, losses, losses };
    return metric_iface(m)->update(m->self, &p, &m->err);
}

static void test_is_the_mean_over_samples_not_batches(void)
{
    struct component one, two;
    const hone_task task = metric_task(HONE_TASK_REGRESSION, 1);
    const float losses[] = { 1, 2, 3, 4, 10 };
    CU_ASSERT_EQUAL_FATAL(component_open(&one, "loss", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(component_open(&two, "loss", 1, NULL), HONE_OK);
    metric_iface(&one)->begin(one.self, &task, &one.err);
    metric_iface(&two)->begin(two.self, &task, &two.err);
    CU_ASSERT(isnan(metric_compute(&one).value));
    CU_ASSERT_EQUAL(feed(&one, losses, 4), HONE_OK);
    CU_ASSERT_EQUAL(metric_compute(&one).value, 2.5);
    CU_ASSERT_EQUAL(feed(&two, losses + 4, 1), HONE_OK);
    CU_ASSERT_EQUAL(metric_iface(&one)->merge(one.self, two.self, &one.err), HONE_OK);
    const struct caught c = metric_compute(&one);
    CU_ASSERT_EQUAL(c.value, 4.0);
    CU_ASSERT_EQUAL(c.direction, HONE_MINIMIZE);
    CU_ASSERT_STRING_EQUAL(c.name, "loss");
    CU_ASSERT_STRING_EQUAL(metric_list(&one, &task).name, "loss");
    metric_iface(&one)->begin(one.self, &task, &one.err); /* starts anew */
    CU_ASSERT(isnan(metric_compute(&one).value));
    component_close(&one);
    component_close(&two);
}

static void test_accumulates_in_double(void)
{
    struct component m;
    const hone_task task = metric_task(HONE_TASK_CLASSIFICATION, 2);
    const float large = 16777216, small = 1; /* 2^24 + 1 is no float */
    CU_ASSERT_EQUAL_FATAL(component_open(&m, "loss", 1, NULL), HONE_OK);
    metric_iface(&m)->begin(m.self, &task, &m.err);
    feed(&m, &large, 1);
    feed(&m, &small, 1);
    CU_ASSERT_EQUAL(metric_compute(&m).value, 8388608.5);
    CU_ASSERT(feed(&m, NULL, 1) < 0);
    component_close(&m);
}

SUITE(TEST(test_is_the_mean_over_samples_not_batches), TEST(test_accumulates_in_double))
