/* SPDX-License-Identifier: MIT */
/* The tenth point lies just outside. */
#include "bad.h"

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    const hone_rc rc = bad_ask(self, trial, x, err);
    if (trial == 10)
        x[0] = ((struct bad *)self)->space->dims[0]->max * 1.0000001 + 1e-9;
    return rc;
}
BAD_SEARCH("outside_point", bad_create, bad_destroy, bad_open, ask, bad_tell)
