/* SPDX-License-Identifier: MIT */
/* A scheduler that waits for what never comes. */
#include "hone/param.h"
#include "hone/scheduler.h"

static char instance;
static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    (void)info;
    (void)err;
    *self = &instance;
    return HONE_OK;
}

static void destroy(void *self)
{
    (void)self;
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
    (void)self;
    (void)err;
    return order->trial < 5 ? HONE_OK : HONE_WAIT;
}

static const hone_scheduler_v1 iface = { sizeof iface, 0, open_study, next, NULL, NULL };
static const hone_component component = { sizeof component,
                                          HONE_C_DETERMINISTIC,
                                          HONE_KIND_SCHEDULER,
                                          "stuck_scheduler",
                                          "Waits for ever",
                                          NULL,
                                          NULL,
                                          0,
                                          sizeof(hone_param),
                                          0,
                                          0,
                                          &iface,
                                          create,
                                          destroy,
                                          NULL,
                                          NULL,
                                          NULL };
HONE_MODULE("org.hone.tests.stuck_scheduler", "1.0.0", "MIT", "the hone authors", "", &component)
