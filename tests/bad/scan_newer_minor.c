/* SPDX-License-Identifier: MIT */
/* Needs a minor of the ABI that nobody has yet. */
#define SCAN_ID   "org.test.newer"
#define SCAN_NAME "newer"
#include "scan_component.h"

const hone_module *hone_module_v1(void)
{
    static const hone_component *const components[] = { &component };
    static const hone_module module = { HONE_MAGIC, sizeof module, HONE_ABI_MAJOR, 77, 1,
                                        SCAN_ID,    "1.0.0",       "MIT",          "", "",
                                        components, NULL };
    return &module;
}
