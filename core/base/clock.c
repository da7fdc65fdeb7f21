/* SPDX-License-Identifier: MIT */
/* Seconds. */
#include "base/clock.h"

#include <time.h>

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double seconds_now(void)
{
    return seconds(CLOCK_REALTIME);
}

double seconds_steady(void)
{
    return seconds(CLOCK_MONOTONIC);
}
