/* SPDX-License-Identifier: MIT */
/* lr_schedule/step against learning rates recorded from PyTorch. */
#include "schedule_case.h"

static void test_follows_the_recorded_rates(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "step", 1, "step_size", "4", "gamma", "0.3", NULL), HONE_OK);
    CU_ASSERT(schedule_follows(&c, torch_step));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "step", 1, "step_size", "4", "gamma", "0.3", "warmup", "1.6", NULL),
                          HONE_OK);
    CU_ASSERT(schedule_follows(&c, torch_step_warmed));
    component_close(&c);
}

static void test_stays_in_bounds_whatever_the_warm_up(void)
{
    schedule_stays_in_bounds("step", "step_size", "1");
}

static void test_refuses_bad_settings(void)
{
    struct component c;
    CU_ASSERT(component_open(&c, "step", 1, "step_size", "0", NULL) < 0);
    component_close(&c);
    CU_ASSERT(component_open(&c, "step", 1, "step_size", "2", "gamma", "1.5", NULL) < 0);
    component_close(&c);
}

SUITE(TEST(test_follows_the_recorded_rates), TEST(test_stays_in_bounds_whatever_the_warm_up),
      TEST(test_refuses_bad_settings))
