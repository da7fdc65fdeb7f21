/* SPDX-License-Identifier: MIT */
/* What a plugin must leave as it found it: floating-point control (MXCSR, x87, rounding), locale, and around a load
 * also the working directory and the signal dispositions. Save before, check after: what changed is named and put
 * back. */
#ifndef HONE_PLUGIN_GUARD_H
#define HONE_PLUGIN_GUARD_H
#include "hone/plugin.h"

#include <signal.h>

struct guard {
    uint32_t mxcsr;
    uint16_t x87;
    char locale[32];
};
void guard_save(struct guard *guard);
/* HONE_OK, or HONE_EFAIL with "changed the floating-point state (MXCSR 1f80 to 9fc0)" after having put it back.
 * Cheap: a few nanoseconds where nothing changed. */
hone_rc guard_check(const struct guard *guard, hone_error *err);

/* The same with what only a system call can tell: for loading and initializing a module. */
enum { GUARD_SIGNALS = 65 };
struct guard_process {
    struct guard state;
    struct sigaction signals[GUARD_SIGNALS];
    int directory; /* descriptor of the working directory, -1: it could not be opened */
};
void guard_process_save(struct guard_process *guard);
/* Also releases what guard_process_save holds: called exactly once after it. */
hone_rc guard_process_check(struct guard_process *guard, hone_error *err);
#endif
