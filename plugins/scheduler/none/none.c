/* SPDX-License-Identifier: MIT */
/* scheduler/none: every trial runs to its end. */
#include "hone/param.h"
#include "hone/scheduler.h"

#include <stdlib.h>

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    (void)info;
    *self = malloc(1); /* an instance must not be NULL */
    return *self ? HONE_OK : hone_fail(err, HONE_ENOMEM, "", "out of memory");
}

static hone_rc open_study(void *self, const hone_scheduler_info *info, hone_error *err)
{
    (void)self;
    (void)info;
    (void)err;
    return HONE_OK;
}

static const hone_scheduler_v1 scheduler = { sizeof scheduler, 0, open_study, NULL, NULL, NULL };
static const hone_component none = {
    sizeof none,
    HONE_C_DETERMINISTIC | HONE_C_DEFAULT,
    HONE_KIND_SCHEDULER,
    "none",
    "Every trial runs to its end",
    "Starts a new trial whenever a worker is free and never stops one. Use it when trials are short, when they "
    "report no "
    "intermediate values, or as the yardstick of a scheduler that prunes: every value is then a final one.\n",
    NULL,
    0,
    sizeof(hone_param),
    0,
    0,
    &scheduler,
    create,
    free,
    NULL,
    NULL,
    NULL,
};
HONE_MODULE("org.hone.scheduler.none", "0.1.0", "MIT", "the hone authors", "", &none)
