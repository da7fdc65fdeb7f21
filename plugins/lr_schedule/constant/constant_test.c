/* SPDX-License-Identifier: MIT */
/* lr_schedule/constant: one, and the warm-up before it. */
#include "schedule_case.h"

static void test_is_exactly_one_without_warm_up(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "constant", 1, NULL), HONE_OK);
    CU_ASSERT(c.component->flags & HONE_C_DEFAULT);
    for (uint64_t s = 0; s < 20; s++)
        CU_ASSERT_EQUAL(schedule_factor(&c, s, 10, 2), 1.0);
    component_close(&c);
}

static void test_warms_up_linearly(void)
{
    struct component c;
    static const double expected[] = { 0.25, 0.5, 0.75, 1, 1, 1 };
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "constant", 1, "warmup", "0.5", NULL), HONE_OK); /* 4 of 8 steps */
    for (uint64_t s = 0; s < 6; s++)
        CU_ASSERT_EQUAL(schedule_factor(&c, s, 8, 3), expected[s]);
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "constant", 1, "warmup", "5", NULL),
                          HONE_OK); /* longer than the training */
    CU_ASSERT_EQUAL(schedule_factor(&c, 19, 10, 2), 0.4);
    component_close(&c);
    CU_ASSERT(component_open(&c, "constant", 1, "warmup", "-1", NULL) < 0);
    component_close(&c);
}

static void test_follows_the_recorded_rates(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "constant", 1, "warmup", "2.4", NULL),
                          HONE_OK); /* 12 of 5 steps an epoch */
    CU_ASSERT(schedule_follows(&c, torch_constant_warmed));
    component_close(&c);
    schedule_stays_in_bounds("constant", NULL, NULL);
}

SUITE(TEST(test_follows_the_recorded_rates), TEST(test_is_exactly_one_without_warm_up), TEST(test_warms_up_linearly))
