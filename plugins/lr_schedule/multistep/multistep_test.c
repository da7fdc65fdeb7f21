/* SPDX-License-Identifier: MIT */
/* lr_schedule/multistep against learning rates recorded from PyTorch. */
#include "schedule_case.h"

static void test_follows_the_recorded_rates(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "multistep", 1, "milestones", "2, 7, 10", "gamma", "0.5", NULL), HONE_OK);
    CU_ASSERT(schedule_follows(&c, torch_multistep));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "multistep", 1, "milestones", "10, 7, 2", "gamma", "0.5", NULL), HONE_OK);
    CU_ASSERT(schedule_follows(&c, torch_multistep));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(
        component_open(&c, "multistep", 1, "milestones", "2, 7, 10", "gamma", "0.5", "warmup", "3", NULL), HONE_OK);
    CU_ASSERT(schedule_follows(&c, torch_multistep_warmed));
    component_close(&c);
}

static void test_stays_in_bounds_whatever_the_warm_up(void)
{
    schedule_stays_in_bounds("multistep", "milestones", "1");
}

static void test_refuses_bad_settings(void)
{
    struct component c;
    CU_ASSERT(component_open(&c, "multistep", 1, "milestones", "-1", NULL) < 0);
    component_close(&c);
    CU_ASSERT(component_open(&c, "multistep", 1, "milestones", "2", "gamma", "-0.5", NULL) < 0);
    component_close(&c);
}

static void test_takes_parts_of_epochs(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "multistep", 1, "milestones", "0.5, 1.5", "gamma", "0.5", NULL), HONE_OK);
    CU_ASSERT(schedule_factor(&c, 4, 10, 2) >= 1 && near(schedule_factor(&c, 5, 10, 2), 0.5, 0));
    CU_ASSERT(near(schedule_factor(&c, 14, 10, 2), 0.5, 0) && near(schedule_factor(&c, 15, 10, 2), 0.25, 0));
    component_close(&c);
}

SUITE(TEST(test_follows_the_recorded_rates), TEST(test_stays_in_bounds_whatever_the_warm_up),
      TEST(test_refuses_bad_settings), TEST(test_takes_parts_of_epochs))
