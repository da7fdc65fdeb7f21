/* SPDX-License-Identifier: MIT */
/* Gathering the samples of a batch into an input buffer, normalized on the way: one read, one write. */
#include "kernels.h"

#include "hone/nn.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3", "no-trapping-math")
#endif

/* out[e] = row[e] * scale[e] + shift[e] */
#define GATHER_ROW                                            \
    do {                                                      \
        if (scale && shift)                                   \
            for (uint64_t e = 0; e < m; e++)                  \
                out[e] = (float)row[e] * scale[e] + shift[e]; \
        else if (scale)                                       \
            for (uint64_t e = 0; e < m; e++)                  \
                out[e] = (float)row[e] * scale[e];            \
        else if (shift)                                       \
            for (uint64_t e = 0; e < m; e++)                  \
                out[e] = (float)row[e] + shift[e];            \
        else                                                  \
            for (uint64_t e = 0; e < m; e++)                  \
                out[e] = (float)row[e];                       \
    } while (0)

HOT static void row_u8(const uint8_t *restrict row, uint64_t m, const float *restrict scale,
                       const float *restrict shift, float *restrict out)
{
    GATHER_ROW;
}

HOT static void row_f32(const float *restrict row, uint64_t m, const float *restrict scale, const float *restrict shift,
                        float *restrict out)
{
    GATHER_ROW;
}

void hone_nn_gather_u8(const uint8_t *rows, uint64_t row_elements, const uint64_t *indices, uint64_t n,
                       const float *scale, const float *shift, float *out)
{
    for (uint64_t i = 0; i < n; i++) {
        if (i + 4 < n) { /* a shuffled row is in no cache: ask for it early */
            const uint8_t *next = rows + indices[i + 4] * row_elements;
            for (uint64_t e = 0; e < row_elements && e < 1024; e += 64)
                __builtin_prefetch(next + e);
        }
        row_u8(rows + indices[i] * row_elements, row_elements, scale, shift, out + i * row_elements);
    }
}

void hone_nn_gather_f32(const float *rows, uint64_t row_elements, const uint64_t *indices, uint64_t n,
                        const float *scale, const float *shift, float *out)
{
    for (uint64_t i = 0; i < n; i++) {
        if (i + 4 < n) {
            const float *next = rows + indices[i + 4] * row_elements;
            for (uint64_t e = 0; e < row_elements && e < 1024; e += 16)
                __builtin_prefetch(next + e);
        }
        row_f32(rows + indices[i] * row_elements, row_elements, scale, shift, out + i * row_elements);
    }
}
