/* SPDX-License-Identifier: MIT */
/* Counts how often it is initialized; a second time fails. */
#define SCAN_ID   "org.test.init"
#define SCAN_NAME "init"
#include "scan_component.h"

static hone_rc init(const hone_host *host, hone_error *err)
{
    static int count;
    (void)host;
    return ++count == 1 ? HONE_OK : hone_fail(err, HONE_EFAIL, "", "initialized %d times", count);
}
const hone_module *hone_module_v1(void)
{
    static const hone_component *const components[] = { &component };
    static const hone_module module = { HONE_MAGIC, sizeof module, HONE_ABI_MAJOR, 0,  1,
                                        SCAN_ID,    "1.0.0",       "MIT",          "", "",
                                        components, init };
    return &module;
}
