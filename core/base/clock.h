/* SPDX-License-Identifier: MIT */
/* Seconds, of the calendar and of a clock that nobody sets. */
#ifndef HONE_BASE_CLOCK_H
#define HONE_BASE_CLOCK_H
double seconds_now(void);    /* since the epoch */
double seconds_steady(void); /* monotonic */
#endif
