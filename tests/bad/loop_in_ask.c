/* SPDX-License-Identifier: MIT */
/* ask never comes back. */
#include "bad.h"

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    for (volatile unsigned i = 0;; i = i | 1)
        if (i == 2)
            return bad_ask(self, trial, x, err);
}
BAD_SEARCH("loop_in_ask", bad_create, bad_destroy, bad_open, ask, bad_tell)
