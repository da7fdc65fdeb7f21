/* SPDX-License-Identifier: MIT */
/* Tests of scheduler/threshold: the range in the user's units, warm-up, interval, what is refused. */
#include "fake_host.h"
#include "harness.h"
#include "hone/scheduler.h"

static const hone_scheduler_v1 *iface(void)
{
    return (const hone_scheduler_v1 *)fake_component(HONE_KIND_SCHEDULER, "threshold")->iface;
}

/* The verdicts of a trial that reports these values at steps 1, 2, ...: "..x" */
static void judge(const char *settings, int maximize, const double *values, int n, const char *expected)
{
    const uint8_t direction = (uint8_t)maximize;
    const hone_scheduler_info info = { sizeof info, 1, 10, 10, NULL, 1, &direction };
    fake_plugin p;
    CU_ASSERT_EQUAL_FATAL(fake_plugin_init(&p, fake_component(HONE_KIND_SCHEDULER, "threshold"), 1, settings), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(iface()->open(p.self, &info, &p.err), HONE_OK);
    for (int i = 0; i < n; i++) {
        const double seen = maximize ? -values[i] : values[i];
        const hone_report r = { sizeof r, 1, 3, i + 1, &seen, NULL };
        uint32_t verdict = 99;
        CU_ASSERT_EQUAL(iface()->report(p.self, &r, &verdict, &p.err), HONE_OK);
        CU_ASSERT_EQUAL(verdict, expected[i] == 'x' ? HONE_STOP : HONE_CONTINUE);
    }
    fake_plugin_release(&p);
}

static void test_range(void)
{
    static const double values[] = { 0.5, 0.9, 2, -1, (double)NAN, HUGE_VAL };
    judge("upper=1", 0, values, 6, "..x.xx");
    judge("lower=0", 0, values, 6, "...xxx");
    judge("", 0, values, 6, "....xx");
    judge("lower=0\nupper=1", 0, values, 6, "..xxxx");
    judge("lower=0.6", 1, values, 6, "x..xxx"); /* an accuracy, in its own units */
    judge("upper=1\nn_warmup_steps=3", 0, values, 6, "....xx");
    judge("upper=-5\nn_warmup_steps=1\ninterval_steps=2", 0, values, 6, ".x.x.x");
}

static void test_what_is_refused(void)
{
    static const char *const settings[] = { "lower=2\nupper=1", "lower=1\nupper=1" };
    fake_plugin p;
    for (size_t i = 0; i < HONE_COUNT(settings); i++) {
        CU_ASSERT(fake_plugin_init(&p, fake_component(HONE_KIND_SCHEDULER, "threshold"), 1, settings[i]) < 0);
        CU_ASSERT(p.err.param[0] != '\0');
        fake_plugin_release(&p);
    }
}

SUITE(TEST(test_range), TEST(test_what_is_refused))
