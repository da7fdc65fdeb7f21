/* SPDX-License-Identifier: MIT */
/* The order of a rung with several objectives. */
#ifndef HONE_FRONTS_H
#define HONE_FRONTS_H
#include "rungs.h"

/* Gives every entry of the rung, points (n, m), its place by fronts as its value, and sorts by it; ties by trial. Values that
 * are not numbers are the worst; an entry without a single number gets HUGE_VAL. HONE_ENOMEM. */
hone_rc fronts_sort(struct rung *rung, uint32_t m, hone_error *err);
#endif
