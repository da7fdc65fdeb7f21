/* SPDX-License-Identifier: MIT */
/* create follows a null pointer. */
#include "bad.h"

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    volatile int *nowhere = NULL;
    *nowhere = 1;
    return bad_create(host, info, self, err);
}
BAD_SEARCH("crash_in_create", create, bad_destroy, bad_open, bad_ask, bad_tell)
