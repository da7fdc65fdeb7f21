/* SPDX-License-Identifier: MIT */
/* ask writes one coordinate too many. */
#include "bad.h"

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    x[((struct bad *)self)->space->n_dims] = 0;
    return bad_ask(self, trial, x, err);
}
BAD_SEARCH("writes_past", bad_create, bad_destroy, bad_open, ask, bad_tell)
