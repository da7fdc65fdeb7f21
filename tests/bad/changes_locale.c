/* SPDX-License-Identifier: MIT */
/* tell sets the locale. */
#include "bad.h"

#include <locale.h>
static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    setlocale(LC_ALL, "C.UTF-8");
    return bad_tell(self, outcome, err);
}
BAD_SEARCH("changes_locale", bad_create, bad_destroy, bad_open, bad_ask, tell)
