/* SPDX-License-Identifier: MIT */
/* create turns on flush-to-zero, as a library linked with -ffast-math does. */
#include "bad.h"

#include <xmmintrin.h>
static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    _mm_setcsr(_mm_getcsr() | 0x8040u);
    return bad_create(host, info, self, err);
}
BAD_SEARCH("changes_mxcsr", create, bad_destroy, bad_open, bad_ask, bad_tell)
