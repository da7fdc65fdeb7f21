/* SPDX-License-Identifier: MIT */
/* lr_schedule/polynomial against learning rates recorded from PyTorch. */
#include "schedule_case.h"

static void test_follows_the_recorded_rates(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "polynomial", 1, NULL), HONE_OK);
    CU_ASSERT(schedule_follows(&c, torch_polynomial));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "polynomial", 1, "power", "2", NULL), HONE_OK);
    CU_ASSERT(schedule_follows(&c, torch_polynomial_square));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "polynomial", 1, "power", "0.9", "warmup", "2", NULL), HONE_OK);
    CU_ASSERT(schedule_follows(&c, torch_polynomial_warmed));
    component_close(&c);
}

static void test_stays_in_bounds_whatever_the_warm_up(void)
{
    schedule_stays_in_bounds("polynomial", "final_factor", "0.2");
}

static void test_refuses_bad_settings(void)
{
    struct component c;
    CU_ASSERT(component_open(&c, "polynomial", 1, "power", "0", NULL) < 0);
    component_close(&c);
    CU_ASSERT(component_open(&c, "polynomial", 1, "final_factor", "2", NULL) < 0);
    component_close(&c);
}

static void test_ends_at_the_final_factor(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "polynomial", 1, "final_factor", "0.2", "power", "2", NULL), HONE_OK);
    CU_ASSERT(near(schedule_factor(&c, 0, 10, 1), 1, 0));
    CU_ASSERT(near(schedule_factor(&c, 5, 10, 1), 0.2 + 0.8 * 0.25, 1e-15));
    CU_ASSERT(near(schedule_factor(&c, 10, 10, 1), 0.2, 1e-15)); /* one past the last */
    component_close(&c);
}

SUITE(TEST(test_follows_the_recorded_rates), TEST(test_stays_in_bounds_whatever_the_warm_up),
      TEST(test_refuses_bad_settings), TEST(test_ends_at_the_final_factor))
