/* SPDX-License-Identifier: MIT */
/* Our own loops on several threads: those of oneDNN's OpenMP, so that no second team competes with it for the cores. */
#ifndef HONE_NN_PARALLEL_H
#define HONE_NN_PARALLEL_H
#include <stdint.h>

/* Calls part(ctx, i, n) for i = 0 .. n-1, at the same time where there are threads for it; returns when all are done. Which part
 * computes what may depend on n, never on the thread: so the same n gives the same bits. In sanitizer builds that do not know
 * OpenMP, and where oneDNN has none, the parts run in turn. */
void parallel_run(int32_t n, void (*part)(void *ctx, int32_t i, int32_t n), void *ctx);
/* The i-th of n shares of [0, all), in whole multiples of `grain` but for the last. */
static inline void parallel_share(int64_t all, int64_t grain, int32_t i, int32_t n, int64_t *from, int64_t *to)
{
    const int64_t grains = (all + grain - 1) / grain;
    *from = grains * i / n * grain;
    *to = grains * (i + 1) / n * grain;
    *from = *from < all ? *from : all;
    *to = *to < all ? *to : all;
}
#endif
