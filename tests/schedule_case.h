/* SPDX-License-Identifier: MIT */
/* Following recorded learning rates with a schedule. */
#ifndef HONE_TESTS_SCHEDULE_CASE_H
#define HONE_TESTS_SCHEDULE_CASE_H
#include "component.h"
#include "fixtures/torch_schedules.h"
#include "hone/lr_schedule.h"

static const hone_lr_schedule_v1 *schedule_iface(const struct component *c)
{
    return (const hone_lr_schedule_v1 *)c->component->iface;
}

__attribute__((unused)) static double schedule_factor(struct component *c, uint64_t step, uint64_t steps_per_epoch,
                                                      uint64_t epochs)
{
    const hone_position now = { .size = sizeof now,
                                .step = step,
                                .total_steps = steps_per_epoch * epochs,
                                .steps_per_epoch = steps_per_epoch,
                                .epochs = epochs };
    return schedule_iface(c)->factor(c->self, &now);
}

/* 1 where the factor of every update is the recorded rate, the losses being heard on the way. */
__attribute__((unused)) static int schedule_follows(struct component *c,
                                                    const double rates[SCHEDULE_EPOCHS * SCHEDULE_STEPS])
{
    for (uint64_t s = 0; s < SCHEDULE_EPOCHS * SCHEDULE_STEPS; s++) {
        const double f = schedule_factor(c, s, SCHEDULE_STEPS, SCHEDULE_EPOCHS);
        if (!near(f, rates[s], 1e-12)) {
            printf("#   step %llu: %.17g, recorded %.17g\n", (unsigned long long)s, f, rates[s]);
            return 0;
        }
        if (s % SCHEDULE_STEPS == SCHEDULE_STEPS - 1 && schedule_iface(c)->hear)
            schedule_iface(c)->hear(c->self, s / SCHEDULE_STEPS, schedule_losses[s / SCHEDULE_STEPS]);
    }
    return 1;
}

/* Whatever the length of the warm-up, factors lie in [0, 1]. */
__attribute__((unused)) static void schedule_stays_in_bounds(const char *name, const char *key, const char *text)
{
    static const char *const warmups[] = { "0", "0.1", "0.9", "1.99", "2", "3", "100" };
    for (unsigned i = 0; i < sizeof warmups / sizeof *warmups; i++) {
        struct component c;
        CU_ASSERT_EQUAL_FATAL(component_open(&c, name, 1, "warmup", warmups[i], key, text, NULL), HONE_OK);
        for (uint64_t s = 0; s < 20; s++) {
            const double f = schedule_factor(&c, s, 10, 2);
            CU_ASSERT(f > 0 && f <= 1);
        }
        component_close(&c);
    }
}
#endif
