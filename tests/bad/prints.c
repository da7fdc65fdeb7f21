/* SPDX-License-Identifier: MIT */
/* ask prints on standard error. */
#include "bad.h"

#include <unistd.h>
static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    if (write(2, "asked\n", 6) < 0)
        return HONE_EFAIL;
    return bad_ask(self, trial, x, err);
}
BAD_SEARCH("prints", bad_create, bad_destroy, bad_open, ask, bad_tell)
