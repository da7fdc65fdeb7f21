/* SPDX-License-Identifier: MIT */
/* A component of a kind that this SDK does not know: right, and only the generic cases can say so. */
#include "hone/param.h"

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

static const hone_component component = { sizeof component,
                                          HONE_C_DETERMINISTIC,
                                          "com.acme.thing/2",
                                          "other_kind",
                                          "Of another kind",
                                          NULL,
                                          NULL,
                                          0,
                                          sizeof(hone_param),
                                          0,
                                          0,
                                          NULL,
                                          create,
                                          destroy,
                                          NULL,
                                          NULL,
                                          NULL };
HONE_MODULE("com.acme.other-kind", "1.0.0", "MIT", "the hone authors", "", &component)
