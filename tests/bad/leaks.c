/* SPDX-License-Identifier: MIT */
/* destroy forgets to free. */
#include "bad.h"

static void destroy(void *self)
{
    (void)self;
}
BAD_SEARCH("leaks", bad_create, destroy, bad_open, bad_ask, bad_tell)
