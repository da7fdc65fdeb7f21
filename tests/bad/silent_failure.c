/* SPDX-License-Identifier: MIT */
/* tell fails without a word. */
#include "bad.h"

static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    bad_tell(self, outcome, err);
    return outcome->status == HONE_FAILED ? HONE_EFAIL : HONE_OK;
}
BAD_SEARCH("silent_failure", bad_create, bad_destroy, bad_open, bad_ask, tell)
