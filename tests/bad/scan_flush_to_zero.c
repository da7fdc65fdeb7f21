/* SPDX-License-Identifier: MIT */
/* What -ffast-math does when it is linked into a library. */
#define SCAN_ID   "org.test.ftz"
#define SCAN_NAME "ftz"
#include "scan_component.h"

#include <fenv.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

__attribute__((constructor)) static void flush(void)
{
#if defined(__x86_64__)
    _mm_setcsr(_mm_getcsr() | 0x8040);
#else
    fesetround(FE_UPWARD);
#endif
}

HONE_MODULE(SCAN_ID, "1.0.0", "MIT", "", "", &component)
