/* SPDX-License-Identifier: MIT */
/* Losses with their gradients in one pass per sample, and softmax. A row is cut into pieces of sixteen lanes whose sums are
 * kept apart, which a compiler turns into vectors without being allowed to reorder additions; the last piece is padded. */
#include "vector_math.h"

#include <math.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3", "no-trapping-math")
#endif

enum { LANES = 16 };
/* gcc would unroll so short a loop into scalars before it looks for vectors */
#ifdef __clang__
#define EACH_LANE for (int l = 0; l < LANES; l++)
#else
#define EACH_LANE _Pragma("GCC unroll 1") for (int l = 0; l < LANES; l++)
#endif

/* Up to sixteen numbers of a row, the others pad. room: how many may be read from x on; where it suffices, a full vector is
 * read and blended, which a branch per lane could not become. */
INLINE void load(const float *x, int64_t n, int64_t room, float pad, float piece[LANES])
{
    const int lanes = n < LANES ? (int)n : LANES;
    if (room >= LANES)
        EACH_LANE
        {
            const float v = x[l];
            piece[l] = l < lanes ? v : pad;
        }
    else
        EACH_LANE
    piece[l] = l < lanes ? x[l] : pad;
}

/* The first n of a piece, or all of it where the rest is overwritten later (by the next row) and there is room. */
INLINE void store(const float piece[LANES], int64_t n, int64_t room, float *y)
{
    if (room >= LANES)
        EACH_LANE
    y[l] = piece[l];
    else for (int l = 0; l < n && l < LANES; l++) y[l] = piece[l];
}

INLINE float sum_of(const float *lanes)
{
    float s[4];
    for (int l = 0; l < 4; l++)
        s[l] = (lanes[l] + lanes[l + 4]) + (lanes[l + 8] + lanes[l + 12]);
    return (s[0] + s[1]) + (s[2] + s[3]);
}

/* The largest of a row; NaN may or may not show, the sums show it. */
INLINE float row_max(const float *x, int64_t k, int64_t room)
{
    float lanes[LANES], piece[LANES];
    EACH_LANE
    lanes[l] = -INFINITY;
    for (int64_t c = 0; c < k; c += LANES) {
        load(x + c, k - c, room - c, -INFINITY, piece);
        EACH_LANE
        lanes[l] = piece[l] > lanes[l] ? piece[l] : lanes[l];
    }
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++)
            lanes[l] = lanes[l + half] > lanes[l] ? lanes[l + half] : lanes[l];
    return lanes[0];
}

/* e = exp(x - max) of one piece; padding counts for nothing. d: the differences. */
INLINE void exponentials(const float *x, int64_t n, int64_t room, float max, float d[LANES], float e[LANES])
{
    const int lanes = n < LANES ? (int)n : LANES;
    load(x, n, room, max, d);
    EACH_LANE
    {
        d[l] -= max;
        const float v = vector_exp(d[l]);
        e[l] = l < lanes ? v : 0.0f;
    }
}

/* loss = (sum t) log(sum exp(x - max)) - sum t (x - max);   gradient = weight * ((sum t) softmax - t) */
INLINE float cross_entropy_row(const float *x, const float *t, float *gradient, int64_t k, int64_t room, float weight)
{
    const float max = row_max(x, k, room);
    float sum[LANES] = { 0 }, mass[LANES] = { 0 }, dot[LANES] = { 0 };
    float ts[LANES], d[LANES], e[LANES];
    for (int64_t c = 0; c < k; c += LANES) {
        load(t + c, k - c, room - c, 0.0f, ts);
        exponentials(x + c, k - c, room - c, max, d, e);
        EACH_LANE
        {
            sum[l] += e[l];
            mass[l] += ts[l];
            dot[l] += ts[l] * d[l];
        }
        if (gradient)
            store(e, k - c, room - c, gradient + c);
    }
    const float total = sum_of(sum), targets = sum_of(mass);
    if (gradient) {
        const float share = targets / total;
        for (int64_t c = 0; c < k; c += LANES) {
            load(t + c, k - c, room - c, 0.0f, ts);
            load(gradient + c, k - c, room - c, 0.0f, e);
            EACH_LANE
            e[l] = weight * (e[l] * share - ts[l]);
            store(e, k - c, room - c, gradient + c);
        }
    }
    return targets * logf(total) - sum_of(dot);
}

HOT void kernel_softmax_cross_entropy(const float *x, const float *t, float *losses, float *gradient, int64_t rows,
                                      int64_t k, float weight)
{
    for (int64_t r = 0; r < rows; r++)
        losses[r] = cross_entropy_row(x + r * k, t + r * k, gradient ? gradient + r * k : gradient, k, (rows - r) * k,
                                      weight);
}

HOT void kernel_mse(const float *x, const float *t, float *losses, float *gradient, int64_t rows, int64_t k,
                    float weight)
{
    const float slope = 2.0f * weight / (float)k;
    float xs[LANES], ts[LANES];
    for (int64_t r = 0; r < rows; r++) {
        const float *xr = x + r * k, *tr = t + r * k;
        float sum[LANES] = { 0 };
        for (int64_t c = 0; c < k; c += LANES) {
            load(xr + c, k - c, (rows - r) * k - c, 0.0f, xs);
            load(tr + c, k - c, (rows - r) * k - c, 0.0f, ts);
            EACH_LANE
            sum[l] += (xs[l] - ts[l]) * (xs[l] - ts[l]);
        }
        losses[r] = sum_of(sum) / (float)k;
        if (gradient)
            for (int64_t c = 0; c < k; c++)
                gradient[r * k + c] = slope * (xr[c] - tr[c]);
    }
}

HOT void kernel_softmax(const float *x, float *y, int64_t rows, int64_t k)
{
    float d[LANES], e[LANES];
    for (int64_t r = 0; r < rows; r++) {
        const float *xr = x + r * k;
        float *yr = y + r * k;
        const int64_t room = (rows - r) * k;
        const float max = row_max(xr, k, room);
        float sum[LANES] = { 0 };
        for (int64_t c = 0; c < k; c += LANES) {
            exponentials(xr + c, k - c, room - c, max, d, e);
            EACH_LANE
            sum[l] += e[l];
            store(e, k - c, room - c, yr + c);
        }
        const float share = 1.0f / sum_of(sum);
        for (int64_t c = 0; c < k; c++)
            yr[c] *= share;
    }
}
