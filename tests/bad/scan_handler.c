/* SPDX-License-Identifier: MIT */
/* Takes SIGINT and the working directory for itself in init. */
#define SCAN_ID   "org.test.handler"
#define SCAN_NAME "handler"
#include "scan_component.h"

#include <signal.h>
#include <unistd.h>

static hone_rc init(const hone_host *host, hone_error *err)
{
    (void)host;
    signal(SIGINT, SIG_IGN);
    return chdir("/") == 0 ? HONE_OK : hone_fail(err, HONE_EIO, "", "no /");
}
const hone_module *hone_module_v1(void)
{
    static const hone_component *const components[] = { &component };
    static const hone_module module = { HONE_MAGIC, sizeof module, HONE_ABI_MAJOR, 0,  1,
                                        SCAN_ID,    "1.0.0",       "MIT",          "", "",
                                        components, init };
    return &module;
}
