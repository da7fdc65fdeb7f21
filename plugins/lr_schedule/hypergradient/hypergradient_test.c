/* SPDX-License-Identifier: MIT */
/* lr_schedule/hypergradient against the recursions of its source; whole trainings with it are tests of objective/train. */
#include "schedule_case.h"

/* The factor of an update that comes after one with that slope. */
static double hear(struct component *c, uint64_t step, double slope, double gradient_norm, double direction_norm)
{
    const hone_position now = { .size = sizeof now,
                                .step = step,
                                .total_steps = 100,
                                .steps_per_epoch = 10,
                                .epochs = 10,
                                .learning_rate = 0.05,
                                .slope = slope,
                                .gradient_norm = gradient_norm,
                                .direction_norm = direction_norm };
    return schedule_iface(c)->factor(c->self, &now);
}

static void test_asks_for_slopes(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "hypergradient", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL(schedule_iface(&c)->flags, HONE_SCHEDULE_SLOPE);
    component_close(&c);
}

/* Plain descent on a x^2 / 2 by the paper's algorithm 4: alpha <- alpha + beta g g_before, x <- x - alpha g. */
static void test_additive_rule_is_that_of_the_paper(void)
{
    struct component c;
    const double a = 3, beta = 2e-3;
    double alpha = 0.05, x = 2, before = 0;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "hypergradient", 1, "rule", "additive", "beta", "2e-3", NULL), HONE_OK);
    for (uint64_t t = 0; t < 30; t++) {
        const double g = a * x;
        alpha += beta * g * before;
        CU_ASSERT(near(0.05 * hear(&c, t, -g * before, fabs(g), fabs(before)), alpha, 1e-14));
        x -= alpha * g;
        before = g;
    }
    CU_ASSERT(alpha > 0.1 && fabs(x) < 1e-3); /* it has grown, and the descent has come to rest */
    component_close(&c);
}

/* alpha <- alpha (1 + beta cos(g, g_before)) in two dimensions, where the angle says something. */
static void test_multiplicative_rule_goes_by_the_angle(void)
{
    struct component c;
    const double a[] = { 1, 30 }, beta = 0.1;
    double alpha = 0.05, x[] = { 2, 1 }, before[] = { 0, 0 }, low = 1, high = 0;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "hypergradient", 1, "relative_beta", "0.1", NULL), HONE_OK);
    for (uint64_t t = 0; t < 60; t++) {
        const double g[] = { a[0] * x[0], a[1] * x[1] };
        const double dot = g[0] * before[0] + g[1] * before[1], norm = hypot(g[0], g[1]),
                     norm_before = hypot(before[0], before[1]);
        if (t)
            alpha *= 1 + beta * dot / (norm * norm_before);
        CU_ASSERT(near(0.05 * hear(&c, t, -dot, norm, norm_before), alpha, 1e-13));
        for (int i = 0; i < 2; i++) {
            x[i] -= alpha * g[i];
            before[i] = g[i];
        }
        low = fmin(low, alpha);
        high = fmax(high, alpha);
    }
    CU_ASSERT(low < 0.045 && high > 0.055); /* both ways */
    component_close(&c);
}

static void test_stays_in_its_bounds(void)
{
    static const char *const rules[] = { "additive", "multiplicative" };
    for (int i = 0; i < 2; i++) {
        struct component c;
        CU_ASSERT_EQUAL_FATAL(component_open(&c, "hypergradient", 1, "rule", rules[i], "min_factor", "0.25",
                                             "max_factor", "3", "relative_beta", "0.5", "beta", "0.1", NULL),
                              HONE_OK);
        CU_ASSERT_EQUAL(hear(&c, 0, 0, 1, 0), 1.0);
        CU_ASSERT_EQUAL(hear(&c, 1, (double)NAN, 1, 1), 1.0);
        for (uint64_t t = 1; t < 9; t++)
            CU_ASSERT(hear(&c, t, -1, 1, 1) <= 3);
        CU_ASSERT_EQUAL(hear(&c, 9, -1, 1, 1), 3.0);
        for (uint64_t t = 10; t < 30; t++)
            CU_ASSERT(hear(&c, t, 1, 1, 1) >= 0.25);
        CU_ASSERT_EQUAL(hear(&c, 30, 1, 1, 1), 0.25);
        CU_ASSERT(hear(&c, 31, -1, 1, 1) > 0.25); /* and comes back */
        component_close(&c);
    }
}

/* Without slopes the rate stays, and the warm-up is all there is. */
static void test_warms_up(void)
{
    schedule_stays_in_bounds("hypergradient", "max_factor", "1");
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "hypergradient", 1, "warmup", "2", NULL), HONE_OK);
    CU_ASSERT(near(hear(&c, 0, 0, 1, 0), 0.05, 1e-15));
    CU_ASSERT(near(hear(&c, 1, -1, 1, 1), 1.02 * 0.1, 1e-15));
    CU_ASSERT(near(hear(&c, 19, 0, 1, 1), 1.02, 1e-15));
    component_close(&c);
}

static void test_goes_on_from_its_state(void)
{
    static struct state state;
    static const double slopes[] = { 0, -1, -0.5, 0.7, 0.1, -0.2, 0.4, -1 };
    for (uint64_t at = 0; at < 8; at++) {
        struct component whole, first, second;
        double wanted = 0, found = 0;
        CU_ASSERT_EQUAL_FATAL(component_open(&whole, "hypergradient", 1, NULL), HONE_OK);
        CU_ASSERT_EQUAL_FATAL(component_open(&first, "hypergradient", 1, NULL), HONE_OK);
        CU_ASSERT_EQUAL_FATAL(component_open(&second, "hypergradient", 1, NULL), HONE_OK);
        for (uint64_t t = 0; t < 8; t++)
            wanted = hear(&whole, t, slopes[t], 1, 1);
        for (uint64_t t = 0; t < at; t++)
            hear(&first, t, slopes[t], 1, 1);
        CU_ASSERT_EQUAL(component_save(&first, &state), HONE_OK);
        component_refuses_cut_states(&second, &state);
        CU_ASSERT_EQUAL(component_load(&second, &state), HONE_OK);
        for (uint64_t t = at; t < 8; t++)
            found = hear(&second, t, slopes[t], 1, 1);
        CU_ASSERT_EQUAL(found, wanted);
        component_close(&whole);
        component_close(&first);
        component_close(&second);
    }
}

static void test_refuses_what_cannot_be(void)
{
    static struct state state;
    struct component c;
    const double bad[] = { 0, -1, (double)NAN, HUGE_VAL };
    CU_ASSERT(component_open(&c, "hypergradient", 1, "min_factor", "0", NULL) < 0);
    component_close(&c);
    CU_ASSERT(component_open(&c, "hypergradient", 1, "relative_beta", "1", NULL) < 0);
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "hypergradient", 1, NULL), HONE_OK);
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(component_save(&c, &state), HONE_OK);
        memcpy(state.bytes + 8, &bad[i], sizeof bad[i]);
        CU_ASSERT(component_load(&c, &state) < 0);
    }
    CU_ASSERT_EQUAL(component_save(&c, &state), HONE_OK);
    state.bytes[0] ^= 1;
    CU_ASSERT(component_load(&c, &state) < 0);
    component_close(&c);
}

SUITE(TEST(test_asks_for_slopes), TEST(test_additive_rule_is_that_of_the_paper),
      TEST(test_multiplicative_rule_goes_by_the_angle), TEST(test_stays_in_its_bounds), TEST(test_warms_up),
      TEST(test_goes_on_from_its_state), TEST(test_refuses_what_cannot_be))
