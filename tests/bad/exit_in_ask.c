/* SPDX-License-Identifier: MIT */
/* ask ends the process. */
#include "bad.h"

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    if (trial == 3)
        exit(0);
    return bad_ask(self, trial, x, err);
}
BAD_SEARCH("exit_in_ask", bad_create, bad_destroy, bad_open, ask, bad_tell)
