/* SPDX-License-Identifier: MIT */
/* Wants a plugin ABI of the future. */
#include "bad.h"

BAD_COMPONENT("newer_minor", bad_create, bad_destroy, bad_open, bad_ask, bad_tell, NULL, NULL, NULL, 0, 0);
static const hone_component *const list[] = { &bad_component };
static const hone_module module = { HONE_MAGIC,
                                    sizeof module,
                                    HONE_ABI_MAJOR,
                                    HONE_ABI_MINOR + 1,
                                    1,
                                    "org.hone.tests.newer_minor",
                                    "1.0.0",
                                    "MIT",
                                    "",
                                    "",
                                    list,
                                    NULL };
const hone_module *HONE_MODULE_SYMBOL(void)
{
    return &module;
}
