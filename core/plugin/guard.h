/* SPDX-License-Identifier: MIT */
/* What a plugin must leave as it found it: floating-point control (MXCSR, x87, rounding), locale, working directory, signal
 * dispositions. guard_save before a call, guard_check after it: what changed is named and put back. */
#ifndef HONE_PLUGIN_GUARD_H
#define HONE_PLUGIN_GUARD_H
#include "hone/plugin.h"

struct guard {
    uint32_t mxcsr;
    uint16_t x87;
    char     locale[32];
};
void guard_save(struct guard *guard);
/* HONE_OK, or HONE_EFAIL with "changed the floating-point state (MXCSR 1f80 to 9fc0)" after having put it back. Cheap: a few
 * nanoseconds where nothing changed. */
hone_rc guard_check(const struct guard *guard, hone_error *err);
#endif
