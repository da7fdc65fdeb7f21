/* SPDX-License-Identifier: MIT */
/* lr_schedule/constant: one, and the warm-up before it. */
#include "component.h"
#include "hone/lr_schedule.h"

static double factor(struct component *c, uint64_t step, uint64_t steps_per_epoch, uint64_t epochs)
{
    const hone_position now = { sizeof now, 0, step, steps_per_epoch * epochs, steps_per_epoch, epochs };
    return ((const hone_lr_schedule_v1 *)c->component->iface)->factor(c->self, &now);
}

static void test_is_exactly_one_without_warm_up(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "constant", 1, NULL), HONE_OK);
    CU_ASSERT(c.component->flags & HONE_C_DEFAULT);
    for (uint64_t s = 0; s < 20; s++)
        CU_ASSERT_EQUAL(factor(&c, s, 10, 2), 1.0);
    component_close(&c);
}

static void test_warms_up_linearly(void)
{
    struct component c;
    static const double expected[] = { 0.25, 0.5, 0.75, 1, 1, 1 };
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "constant", 1, "warmup", "0.5", NULL), HONE_OK); /* 4 of 8 steps */
    for (uint64_t s = 0; s < 6; s++)
        CU_ASSERT_EQUAL(factor(&c, s, 8, 3), expected[s]);
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "constant", 1, "warmup", "5", NULL),
                          HONE_OK); /* longer than the training */
    CU_ASSERT_EQUAL(factor(&c, 19, 10, 2), 0.4);
    component_close(&c);
    CU_ASSERT(component_open(&c, "constant", 1, "warmup", "-1", NULL) < 0);
    component_close(&c);
}

SUITE(TEST(test_is_exactly_one_without_warm_up), TEST(test_warms_up_linearly))
