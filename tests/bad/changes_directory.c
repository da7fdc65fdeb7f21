/* SPDX-License-Identifier: MIT */
/* create goes elsewhere. */
#include "bad.h"

#include <unistd.h>
static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    if (chdir("/"))
        return hone_fail(err, HONE_EIO, NULL, "no root");
    return bad_create(host, info, self, err);
}
BAD_SEARCH("changes_directory", create, bad_destroy, bad_open, bad_ask, bad_tell)
