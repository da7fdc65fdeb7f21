/* SPDX-License-Identifier: MIT */
/* lr_schedule/plateau against learning rates recorded from PyTorch. */
#include "schedule_case.h"

static void test_follows_the_recorded_rates(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "plateau", 1, "patience", "1", NULL), HONE_OK);
    CU_ASSERT(schedule_follows(&c, torch_plateau));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(
        component_open(&c, "plateau", 1, "gamma", "0.5", "patience", "0", "cooldown", "2", "threshold", "0.01", NULL),
        HONE_OK);
    CU_ASSERT(schedule_follows(&c, torch_plateau_cooldown));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "plateau", 1, "gamma", "0.2", "patience", "1", "threshold", "0.06",
                                         "threshold_mode", "absolute", "min_factor", "0.01", NULL),
                          HONE_OK);
    CU_ASSERT(schedule_follows(&c, torch_plateau_absolute));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "plateau", 1, "gamma", "0.5", "patience", "1", "warmup", "4", NULL),
                          HONE_OK);
    CU_ASSERT(schedule_follows(&c, torch_plateau_warmed));
    component_close(&c);
}

static void test_stays_in_bounds_whatever_the_warm_up(void)
{
    schedule_stays_in_bounds("plateau", "patience", "0");
}

static void test_refuses_bad_settings(void)
{
    struct component c;
    CU_ASSERT(component_open(&c, "plateau", 1, "gamma", "1", NULL) < 0);
    component_close(&c);
    CU_ASSERT(component_open(&c, "plateau", 1, "patience", "-1", NULL) < 0);
    component_close(&c);
}

static void hear(struct component *c, const double *losses, int n)
{
    for (int i = 0; i < n; i++)
        schedule_iface(c)->hear(c->self, (uint64_t)i, losses[i]);
}

/* Saved anywhere, it goes on alike. */
static void test_goes_on_from_its_state(void)
{
    static struct state state;
    for (int at = 0; at < SCHEDULE_EPOCHS; at++) {
        struct component whole, first, second;
        CU_ASSERT_EQUAL_FATAL(component_open(&whole, "plateau", 1, "patience", "1", "cooldown", "2", NULL), HONE_OK);
        CU_ASSERT_EQUAL_FATAL(component_open(&first, "plateau", 1, "patience", "1", "cooldown", "2", NULL), HONE_OK);
        CU_ASSERT_EQUAL_FATAL(component_open(&second, "plateau", 1, "patience", "1", "cooldown", "2", NULL), HONE_OK);
        hear(&whole, schedule_losses, SCHEDULE_EPOCHS);
        hear(&first, schedule_losses, at);
        CU_ASSERT_EQUAL(component_save(&first, &state), HONE_OK);
        component_refuses_cut_states(&second, &state);
        CU_ASSERT_EQUAL(component_load(&second, &state), HONE_OK);
        hear(&second, schedule_losses + at, SCHEDULE_EPOCHS - at);
        CU_ASSERT(near(schedule_factor(&second, 0, 1, 1), schedule_factor(&whole, 0, 1, 1), 0));
        CU_ASSERT(schedule_factor(&whole, 0, 1, 1) < 1);
        component_close(&whole);
        component_close(&first);
        component_close(&second);
    }
}

static void test_refuses_states_that_cannot_be(void)
{
    static struct state state;
    struct component c;
    const double five = 5;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "plateau", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL(component_save(&c, &state), HONE_OK);
    state.bytes[0] ^= 1;
    CU_ASSERT(component_load(&c, &state) < 0);
    state.bytes[0] ^= 1;
    memcpy(state.bytes + 8, &five, sizeof five); /* a factor beyond 1 */
    CU_ASSERT(component_load(&c, &state) < 0);
    component_close(&c);
}

/* Losses below zero: an improvement is still one downwards, by the share of the size. */
static void test_negative_losses_improve_downwards(void)
{
    static const double falling[] = { -1, -2, -4, -8 }, rising[] = { -8, -7.9, -7.8, -7.7 };
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "plateau", 1, "patience", "0", "threshold", "0.1", NULL), HONE_OK);
    hear(&c, falling, 4);
    CU_ASSERT(schedule_factor(&c, 0, 1, 1) >= 1);
    hear(&c, rising, 4);
    CU_ASSERT(near(schedule_factor(&c, 0, 1, 1), 1e-4, 1e-12));
    component_close(&c);
}

SUITE(TEST(test_follows_the_recorded_rates), TEST(test_stays_in_bounds_whatever_the_warm_up),
      TEST(test_refuses_bad_settings), TEST(test_goes_on_from_its_state), TEST(test_refuses_states_that_cannot_be),
      TEST(test_negative_losses_improve_downwards))
