/* SPDX-License-Identifier: MIT */
/* lr_schedule/cosine against its formula and against the recursion that torch's CosineAnnealingLR uses. */
#include "schedule_case.h"

static double factor(struct component *c, uint64_t step, uint64_t steps_per_epoch, uint64_t epochs)
{
    const hone_position now = { .size = sizeof now,
                                .step = step,
                                .total_steps = steps_per_epoch * epochs,
                                .steps_per_epoch = steps_per_epoch,
                                .epochs = epochs };
    return ((const hone_lr_schedule_v1 *)c->component->iface)->factor(c->self, &now);
}

/* eta[t+1] = low + (eta[t] - low) * (1 + cos(pi (t+1) / T)) / (1 + cos(pi t / T)), eta[0] = 1 */
static void test_equals_the_recursion_of_pytorch(void)
{
    struct component c;
    const double pi = acos(-1.0), low = 0.1;
    double eta = 1;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "cosine", 1, "final_factor", "0.1", NULL), HONE_OK);
    for (uint64_t t = 0; t < 30; t++) {
        CU_ASSERT(near(factor(&c, t, 10, 3), eta, 1e-12));
        eta = low + (eta - low) * (1 + cos(pi * (double)(t + 1) / 30)) / (1 + cos(pi * (double)t / 30));
    }
    component_close(&c);
}

static void test_follows_the_recorded_rates(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "cosine", 1, "final_factor", "0.05", NULL), HONE_OK);
    CU_ASSERT(schedule_follows(&c, torch_cosine));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "cosine", 1, "warmup", "2", NULL), HONE_OK);
    CU_ASSERT(schedule_follows(&c, torch_cosine_warmed));
    component_close(&c);
}

static void test_passes_through_known_points(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "cosine", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL(factor(&c, 0, 100, 3), 1.0);
    CU_ASSERT(near(factor(&c, 150, 100, 3), 0.5, 1e-15));
    CU_ASSERT(near(factor(&c, 100, 100, 3), 0.75, 1e-15));
    CU_ASSERT(factor(&c, 299, 100, 3) > 0);
    CU_ASSERT(factor(&c, 299, 100, 3) < 1e-4);
    component_close(&c);
}

static void test_warms_up_then_falls(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "cosine", 1, "warmup", "1", NULL), HONE_OK); /* 4 steps, then 8 */
    CU_ASSERT_EQUAL(factor(&c, 0, 4, 3), 0.25);
    CU_ASSERT_EQUAL(factor(&c, 2, 4, 3), 0.75);
    CU_ASSERT_EQUAL(factor(&c, 3, 4, 3), 1.0);
    CU_ASSERT_EQUAL(factor(&c, 4, 4, 3), 1.0);
    CU_ASSERT(near(factor(&c, 8, 4, 3), 0.5, 1e-15));
    for (uint64_t s = 5; s < 12; s++)
        CU_ASSERT(factor(&c, s, 4, 3) < factor(&c, s - 1, 4, 3));
    component_close(&c);
}

static void test_stays_in_bounds_whatever_the_warm_up(void)
{
    static const char *const warmups[] = { "0", "0.1", "0.9", "1.99", "2", "3", "100" };
    for (unsigned i = 0; i < 7; i++) {
        struct component c;
        CU_ASSERT_EQUAL_FATAL(component_open(&c, "cosine", 1, "warmup", warmups[i], "final_factor", "0.2", NULL),
                              HONE_OK);
        for (uint64_t s = 0; s < 20; s++) {
            const double f = factor(&c, s, 10, 2);
            CU_ASSERT(f > 0 && f <= 1);
        }
        component_close(&c);
    }
}

SUITE(TEST(test_equals_the_recursion_of_pytorch), TEST(test_follows_the_recorded_rates),
      TEST(test_passes_through_known_points), TEST(test_warms_up_then_falls),
      TEST(test_stays_in_bounds_whatever_the_warm_up))
