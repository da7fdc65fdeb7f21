/* SPDX-License-Identifier: MIT */
/* open installs a handler. */
#include "bad.h"

#include <signal.h>
static void handler(int signal)
{
    (void)signal;
}
static hone_rc open_space(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    signal(SIGUSR1, handler);
    return bad_open(self, space, info, err);
}
BAD_SEARCH("changes_signal", bad_create, bad_destroy, open_space, bad_ask, bad_tell)
