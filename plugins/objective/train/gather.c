/* SPDX-License-Identifier: MIT */
/* The one hot loop of the data path: rows picked from a table, scaled on the way. Built for the CPU at hand. */
#include "train.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3") /* gcc 12 vectorizes such loops at O3 only */
#endif
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CLONES
#endif
enum { AHEAD = 4, LINE = 64 }; /* rows lie anywhere in memory: the next ones are asked for early */

static inline void prefetch_row(const uint8_t *row, uint64_t bytes)
{
    for (uint64_t at = 0; at < bytes && at < 16 * LINE; at += LINE)
        __builtin_prefetch(row + at);
}

CLONES static void row_u8(const uint8_t *restrict x, uint64_t n, const float *restrict scale, const float *restrict shift,
                          float *restrict y)
{
    for (uint64_t j = 0; j < n; j++)
        y[j] = scale[j] * (float)x[j] + shift[j];
}

CLONES static void row_f32(const float *restrict x, uint64_t n, const float *restrict scale, const float *restrict shift,
                           float *restrict y)
{
    for (uint64_t j = 0; j < n; j++)
        y[j] = scale[j] * x[j] + shift[j];
}

void gather_u8(const uint8_t *x, const uint64_t *ids, uint64_t n, uint64_t elements, const float *scale, const float *shift, float *y)
{
    for (uint64_t i = 0; i < n; i++) {
        if (ids && i + AHEAD < n)
            prefetch_row(x + ids[i + AHEAD] * elements, elements);
        row_u8(x + (ids ? ids[i] : i) * elements, elements, scale, shift, y + i * elements);
    }
}

void gather_f32(const float *x, const uint64_t *ids, uint64_t n, uint64_t elements, const float *scale, const float *shift, float *y)
{
    for (uint64_t i = 0; i < n; i++) {
        if (ids && i + AHEAD < n)
            prefetch_row((const uint8_t *)(x + ids[i + AHEAD] * elements), elements * sizeof *x);
        row_f32(x + (ids ? ids[i] : i) * elements, elements, scale, shift, y + i * elements);
    }
}
