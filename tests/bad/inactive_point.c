/* SPDX-License-Identifier: MIT */
/* Inactive coordinates get values. */
#include "bad.h"

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    struct bad *b = (struct bad *)self;
    (void)trial;
    (void)err;
    for (uint32_t i = 0; i < b->space->n_dims; i++)
        x[i] = hone_dim_from_unit(b->space->dims[i], hone_rng_uniform(&b->rng));
    return HONE_OK;
}
BAD_SEARCH("inactive_point", bad_create, bad_destroy, bad_open, ask, bad_tell)
