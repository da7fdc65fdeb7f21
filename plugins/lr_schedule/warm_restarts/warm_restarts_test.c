/* SPDX-License-Identifier: MIT */
/* lr_schedule/warm_restarts against learning rates recorded from PyTorch. */
#include "schedule_case.h"

static void test_follows_the_recorded_rates(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(
        component_open(&c, "warm_restarts", 1, "period", "2", "multiplier", "2", "final_factor", "0.1", NULL), HONE_OK);
    CU_ASSERT(schedule_follows(&c, torch_warm_restarts));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "warm_restarts", 1, "period", "3", NULL), HONE_OK);
    CU_ASSERT(schedule_follows(&c, torch_warm_restarts_even));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "warm_restarts", 1, "period", "1", "multiplier", "3", "warmup", "2", NULL),
                          HONE_OK);
    CU_ASSERT(schedule_follows(&c, torch_warm_restarts_warmed));
    component_close(&c);
}

static void test_stays_in_bounds_whatever_the_warm_up(void)
{
    schedule_stays_in_bounds("warm_restarts", "period", "0.7");
}

static void test_refuses_bad_settings(void)
{
    struct component c;
    CU_ASSERT(component_open(&c, "warm_restarts", 1, "period", "0", NULL) < 0);
    component_close(&c);
    CU_ASSERT(component_open(&c, "warm_restarts", 1, "period", "1", "multiplier", "0", NULL) < 0);
    component_close(&c);
}

/* Far into a training the cycles are still found, and they begin at the full rate. */
static void test_restarts_late_too(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "warm_restarts", 1, "period", "1", "multiplier", "2", NULL), HONE_OK);
    for (uint64_t k = 1; k < 40; k++) {
        const uint64_t start = (((uint64_t)1 << k) - 1) * 10;
        CU_ASSERT(near(schedule_factor(&c, start, 10, (uint64_t)1 << 41), 1, 0));
        CU_ASSERT(schedule_factor(&c, start - 1, 10, (uint64_t)1 << 41) < 0.1);
    }
    component_close(&c);
}

SUITE(TEST(test_follows_the_recorded_rates), TEST(test_stays_in_bounds_whatever_the_warm_up),
      TEST(test_refuses_bad_settings), TEST(test_restarts_late_too))
