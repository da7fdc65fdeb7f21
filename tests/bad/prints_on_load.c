/* SPDX-License-Identifier: MIT */
/* A constructor prints. */
#include "bad.h"

#include <unistd.h>
static void __attribute__((constructor)) greet(void)
{
    if (write(1, "hello\n", 6) < 0)
        return;
}
BAD_SEARCH("prints_on_load", bad_create, bad_destroy, bad_open, bad_ask, bad_tell)
