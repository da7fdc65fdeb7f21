/* SPDX-License-Identifier: MIT */
/* Instances share a counter that changes: the same seed does not give the same points. */
#include "bad.h"

static uint64_t counter;
static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    ((struct bad *)self)->rng = hone_rng_at(7, counter++);
    return bad_ask(self, trial, x, err);
}
BAD_SEARCH("shared_counter", bad_create, bad_destroy, bad_open, ask, bad_tell)
