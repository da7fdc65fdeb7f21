/* SPDX-License-Identifier: MIT */
/* A coordinate that is active is no number. */
#include "bad.h"

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    const hone_rc rc = bad_ask(self, trial, x, err);
    if (trial == 20)
        x[0] = NAN;
    return rc;
}
BAD_SEARCH("nan_point", bad_create, bad_destroy, bad_open, ask, bad_tell)
