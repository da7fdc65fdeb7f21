/* SPDX-License-Identifier: MIT */
/* Divides by the width of the range, also where it is 0. */
#include "bad.h"

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    const struct bad *b = (const struct bad *)self;
    const hone_rc rc = bad_ask(self, trial, x, err);
    for (uint32_t i = 0; i < b->space->n_dims; i++) {
        const hone_dim *d = b->space->dims[i];
        if (d->type == HONE_DIM_REAL && !d->step && !d->flags)
            x[i] = d->min + (x[i] - d->min) / (d->max - d->min) * (d->max - d->min);
        if (x[i] > d->max)
            x[i] = d->max;
    }
    return rc;
}
BAD_SEARCH("divides", bad_create, bad_destroy, bad_open, ask, bad_tell)
