/* SPDX-License-Identifier: MIT */
/* Draws from rand(). */
#include "bad.h"

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    hone_rng_below(&((struct bad *)self)->rng, 1 + (uint64_t)rand());
    return bad_ask(self, trial, x, err);
}
BAD_SEARCH("uses_rand", bad_create, bad_destroy, bad_open, ask, bad_tell)
