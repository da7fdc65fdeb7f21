/* SPDX-License-Identifier: MIT */
/* scheduler/bad: lets everything run, and does wrong on purpose from trial `from` on. For the tests of what a study makes of it. */
#include "hone/param.h"
#include "hone/scheduler.h"

#include <stdlib.h>

enum mode { UNKNOWN_VERDICT, RESUME, SEGFAULT, FAILS, WAIT, OK };
static const char *const modes[] = { "unknown_verdict", "resume", "segfault", "error", "wait", "ok", NULL };
struct settings {
    uint32_t mode;
    int64_t from;
};
static const hone_param params[] = {
    HONE_ENUM(struct settings, mode, "ok", modes, 0, "What goes wrong."),
    HONE_INT(struct settings, from, "5", 0, 1e9, 0, "trials", "First trial with it."),
};

struct self {
    const struct settings *settings;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **out, hone_error *err)
{
    struct self *s = calloc(1, sizeof *s);
    (void)host;
    if (!s)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory");
    s->settings = info->config;
    *out = s;
    return HONE_OK;
}

static void destroy(void *self)
{
    free(self);
}

static hone_rc open_study(void *self, const hone_scheduler_info *info, hone_error *err)
{
    (void)self;
    (void)info;
    (void)err;
    return HONE_OK;
}

static hone_rc next(void *self, hone_order *order, hone_error *err)
{
    const struct self *s = self;
    (void)err;
    if (s->settings->mode == RESUME && order->trial >= (uint64_t)s->settings->from) {
        order->what = HONE_ORDER_RESUME;
        order->trial = 0;
    }
    return s->settings->mode == WAIT && order->trial >= (uint64_t)s->settings->from ? HONE_WAIT : HONE_OK;
}

static hone_rc report(void *self, const hone_report *report, uint32_t *verdict, hone_error *err)
{
    const struct self *s = self;
    volatile int zero = 0;
    if (report->trial < (uint64_t)s->settings->from || report->step < 2)
        return HONE_OK;
    switch ((enum mode)s->settings->mode) {
    case UNKNOWN_VERDICT: *verdict = 77; break;
    case SEGFAULT: *(volatile int *)(uintptr_t)zero = 1; break;
    case FAILS: return hone_fail(err, HONE_EFAIL, NULL, "the judge is silent");
    case RESUME:
    case WAIT:
    case OK:
    default: break;
    }
    return HONE_OK;
}

static const hone_scheduler_v1 iface = { sizeof iface, 0, open_study, next, report, NULL };
static const hone_component component = { sizeof component,
                                          HONE_C_DETERMINISTIC,
                                          HONE_KIND_SCHEDULER,
                                          "bad",
                                          "Does wrong on purpose",
                                          NULL,
                                          params,
                                          HONE_COUNT(params),
                                          sizeof *params,
                                          sizeof(struct settings),
                                          0,
                                          &iface,
                                          create,
                                          destroy,
                                          NULL,
                                          NULL,
                                          NULL };
HONE_MODULE("org.hone.tests.scheduler_bad", "1.0.0", "MIT", "the hone authors", "", &component)
