/* SPDX-License-Identifier: MIT */
/* lr_schedule/exponential against learning rates recorded from PyTorch. */
#include "schedule_case.h"

static void test_follows_the_recorded_rates(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "exponential", 1, "gamma", "0.8", NULL), HONE_OK);
    CU_ASSERT(schedule_follows(&c, torch_exponential));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "exponential", 1, "gamma", "0.8", "smooth", "yes", NULL), HONE_OK);
    CU_ASSERT(schedule_follows(&c, torch_exponential_smooth));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "exponential", 1, "gamma", "0.8", "warmup", "2", NULL), HONE_OK);
    CU_ASSERT(schedule_follows(&c, torch_exponential_warmed));
    component_close(&c);
}

static void test_stays_in_bounds_whatever_the_warm_up(void)
{
    schedule_stays_in_bounds("exponential", "gamma", "0.5");
}

static void test_refuses_bad_settings(void)
{
    struct component c;
    CU_ASSERT(component_open(&c, "exponential", 1, "gamma", "0", NULL) < 0);
    component_close(&c);
    CU_ASSERT(component_open(&c, "exponential", 1, "gamma", "1.1", NULL) < 0);
    component_close(&c);
}

SUITE(TEST(test_follows_the_recorded_rates), TEST(test_stays_in_bounds_whatever_the_warm_up),
      TEST(test_refuses_bad_settings))
