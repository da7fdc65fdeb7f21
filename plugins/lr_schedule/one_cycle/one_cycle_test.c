/* SPDX-License-Identifier: MIT */
/* lr_schedule/one_cycle against learning rates recorded from PyTorch. */
#include "schedule_case.h"

static void test_follows_the_recorded_rates(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "one_cycle", 1, NULL), HONE_OK);
    CU_ASSERT(schedule_follows(&c, torch_one_cycle));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "one_cycle", 1, "rise", "0.45", "anneal", "linear", "div_factor", "10",
                                         "final_div_factor", "50", NULL),
                          HONE_OK);
    CU_ASSERT(schedule_follows(&c, torch_one_cycle_linear));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "one_cycle", 1, "three_phase", "yes", NULL), HONE_OK);
    CU_ASSERT(schedule_follows(&c, torch_one_cycle_three));
    component_close(&c);
}

static void test_stays_in_bounds_whatever_the_warm_up(void)
{
    schedule_stays_in_bounds("one_cycle", "three_phase", "yes");
}

static void test_refuses_bad_settings(void)
{
    struct component c;
    CU_ASSERT(component_open(&c, "one_cycle", 1, "div_factor", "0.5", NULL) < 0);
    component_close(&c);
    CU_ASSERT(component_open(&c, "one_cycle", 1, "anneal", "cubic", NULL) < 0);
    component_close(&c);
    CU_ASSERT(component_open(&c, "one_cycle", 1, "rise", "1", NULL) < 0);
    component_close(&c);
}

/* A warm-up shortens the cycle: after it, the cycle over the rest of the steps. */
static void test_warms_up_to_the_start_of_the_cycle(void)
{
    struct component c, rest;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "one_cycle", 1, "warmup", "1", NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(component_open(&rest, "one_cycle", 1, NULL), HONE_OK);
    CU_ASSERT(near(schedule_factor(&c, 0, 10, 4), 0.1 / 25, 1e-15));
    CU_ASSERT(near(schedule_factor(&c, 4, 10, 4), 0.5 / 25, 1e-15));
    for (uint64_t s = 0; s < 30; s++)
        CU_ASSERT(near(schedule_factor(&c, 10 + s, 10, 4), schedule_factor(&rest, s, 10, 3), 1e-15));
    component_close(&c);
    component_close(&rest);
}

/* Trainings of few steps, whatever the shares: finite, and at most the peak. */
static void test_short_trainings(void)
{
    static const char *const rises[] = { "0", "0.01", "0.3", "0.5", "0.99" };
    static const char *const phases[] = { "no", "yes" };
    for (unsigned i = 0; i < 10; i++) {
        struct component c;
        CU_ASSERT_EQUAL_FATAL(
            component_open(&c, "one_cycle", 1, "rise", rises[i / 2], "three_phase", phases[i % 2], NULL), HONE_OK);
        for (uint64_t total = 1; total < 12; total++)
            for (uint64_t s = 0; s < total; s++) {
                const double f = schedule_factor(&c, s, total, 1);
                CU_ASSERT(f > 0 && f <= 1);
            }
        component_close(&c);
    }
}

SUITE(TEST(test_follows_the_recorded_rates), TEST(test_stays_in_bounds_whatever_the_warm_up),
      TEST(test_refuses_bad_settings), TEST(test_warms_up_to_the_start_of_the_cycle), TEST(test_short_trainings))
