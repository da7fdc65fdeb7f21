/* SPDX-License-Identifier: MIT */
/* The module's magic is wrong. */
#include "bad.h"

BAD_COMPONENT("wrong_magic", bad_create, bad_destroy, bad_open, bad_ask, bad_tell, NULL, NULL, NULL, 0, 0);
static const hone_component *const list[] = { &bad_component };
static const hone_module module = {
    0x12345678u, sizeof module, HONE_ABI_MAJOR, 0, 1, "org.hone.tests.wrong_magic", "1.0.0", "MIT", "", "", list, NULL
};
const hone_module *HONE_MODULE_SYMBOL(void)
{
    return &module;
}
