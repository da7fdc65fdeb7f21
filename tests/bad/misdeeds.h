/* SPDX-License-Identifier: MIT */
/* What a plugin can do to its process, for the bad plugins that a study must survive. */
#ifndef HONE_TESTS_MISDEEDS_H
#define HONE_TESTS_MISDEEDS_H
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

enum {
    MODE_NONE,
    MODE_SEGFAULT,
    MODE_ABORT,
    MODE_EXIT,
    MODE_LOOP,
    MODE_ALLOCATE,
    MODE_RAISE,
    MODE_MXCSR,
    MODE_PRINT,
    MODE_FAIL,
    MODE_NAN,
    MODE_OUTSIDE
};

/* Returns where the misdeed lets it: MODE_MXCSR, MODE_PRINT, and those that are the caller's to do. */
static inline void misbehave(uint32_t mode)
{
    volatile unsigned spin = 1;
    switch (mode) {
    case MODE_SEGFAULT: *(volatile int *)(uintptr_t)(spin - 1) = 1; break;
    case MODE_ABORT: abort();
    case MODE_EXIT: exit(0);
    case MODE_LOOP:
        while (spin)
            spin = 1;
        break;
    case MODE_ALLOCATE:
        for (;;) { /* touches every page and never asks whether it got any */
            volatile char *block = (volatile char *)malloc(16 << 20);
            for (size_t i = 0; i < (16 << 20); i += 4096)
                block[i] = 1;
        }
    case MODE_RAISE: raise(SIGKILL); break; /* as the kernel does when memory is out */
#if defined(__SSE__)
    case MODE_MXCSR: _mm_setcsr(_mm_getcsr() | 0x8040u); break;
#endif
    case MODE_PRINT:
        if (write(1, "printed by a plugin\n", 20) < 0)
            spin = 0;
        break;
    default: break;
    }
}
#endif
