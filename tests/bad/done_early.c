/* SPDX-License-Identifier: MIT */
/* Calls the space spent after three points. */
#include "bad.h"

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    return trial < 3 ? bad_ask(self, trial, x, err) : HONE_DONE;
}
BAD_SEARCH("done_early", bad_create, bad_destroy, bad_open, ask, bad_tell)
