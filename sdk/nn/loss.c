/* SPDX-License-Identifier: MIT */
/* Losses with their gradients in one pass per sample, and softmax. A row is cut into pieces of sixteen lanes whose sums are
 * kept apart, which a compiler turns into vectors without being allowed to reorder additions; the last piece is padded. */
#include "vector_math.h"

#include <math.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3", "no-trapping-math")
#endif

enum { LANES = 16 };
static const float PAD = -1e30f; /* a logit that counts for nothing */

INLINE void load(const float *x, int64_t n, float pad, float piece[LANES])
{
    for (int l = 0; l < LANES; l++)
        piece[l] = l < n ? x[l] : pad;
}

INLINE float sum_of(const float *lanes)
{
    float s[4];
    for (int l = 0; l < 4; l++)
        s[l] = (lanes[l] + lanes[l + 4]) + (lanes[l + 8] + lanes[l + 12]);
    return (s[0] + s[1]) + (s[2] + s[3]);
}

/* The largest of a row; NaN may or may not show, the sums show it. */
INLINE float row_max(const float *x, int64_t k)
{
    float lanes[LANES], piece[LANES];
    for (int l = 0; l < LANES; l++)
        lanes[l] = PAD;
    for (int64_t c = 0; c < k; c += LANES) {
        const float *p = x + c;
        if (k - c < LANES) {
            load(x + c, k - c, PAD, piece);
            p = piece;
        }
        for (int l = 0; l < LANES; l++)
            lanes[l] = p[l] > lanes[l] ? p[l] : lanes[l];
    }
    float max = lanes[0];
    for (int l = 1; l < LANES; l++)
        max = lanes[l] > max ? lanes[l] : max;
    return max;
}

/* loss = (sum t) log(sum exp(x - max)) - sum t (x - max);   gradient = weight * ((sum t) softmax - t) */
INLINE float cross_entropy_row(const float *x, const float *t, float *gradient, int64_t k, float weight)
{
    const float max = row_max(x, k);
    float       sum[LANES] = { 0 }, mass[LANES] = { 0 }, dot[LANES] = { 0 };
    float       xs[LANES], ts[LANES], e[LANES];
    for (int64_t c = 0; c < k; c += LANES) {
        const int64_t n = k - c < LANES ? k - c : LANES;
        const float  *px = x + c, *pt = t + c;
        if (n < LANES) {
            load(x + c, n, PAD, xs);
            load(t + c, n, 0.0f, ts);
            px = xs;
            pt = ts;
        }
        for (int l = 0; l < LANES; l++) {
            const float d = px[l] - max;
            e[l] = vector_exp(d);
            sum[l] += e[l];
            mass[l] += pt[l];
            dot[l] += pt[l] * d;
        }
        if (gradient)
            for (int l = 0; l < n; l++)
                gradient[c + l] = e[l];
    }
    const float total = sum_of(sum), targets = sum_of(mass);
    if (gradient) {
        const float share = targets / total;
        for (int64_t c = 0; c < k; c++)
            gradient[c] = weight * (gradient[c] * share - t[c]);
    }
    return targets * logf(total) - sum_of(dot);
}

HOT void kernel_softmax_cross_entropy(const float *x, const float *t, float *losses, float *gradient, int64_t rows, int64_t k, float weight)
{
    for (int64_t r = 0; r < rows; r++)
        losses[r] = cross_entropy_row(x + r * k, t + r * k, gradient ? gradient + r * k : gradient, k, weight);
}

HOT void kernel_mse(const float *x, const float *t, float *losses, float *gradient, int64_t rows, int64_t k, float weight)
{
    const float slope = 2.0f * weight / (float)k;
    float       xs[LANES], ts[LANES];
    for (int64_t r = 0; r < rows; r++) {
        const float *xr = x + r * k, *tr = t + r * k;
        float        sum[LANES] = { 0 };
        for (int64_t c = 0; c < k; c += LANES) {
            const float *px = xr + c, *pt = tr + c;
            if (k - c < LANES) {
                load(px, k - c, 0.0f, xs);
                load(pt, k - c, 0.0f, ts);
                px = xs;
                pt = ts;
            }
            for (int l = 0; l < LANES; l++)
                sum[l] += (px[l] - pt[l]) * (px[l] - pt[l]);
        }
        losses[r] = sum_of(sum) / (float)k;
        if (gradient)
            for (int64_t c = 0; c < k; c++)
                gradient[r * k + c] = slope * (xr[c] - tr[c]);
    }
}

HOT void kernel_softmax(const float *x, float *y, int64_t rows, int64_t k)
{
    float xs[LANES], e[LANES];
    for (int64_t r = 0; r < rows; r++) {
        const float *xr = x + r * k;
        float       *yr = y + r * k;
        const float  max = row_max(xr, k);
        float        sum[LANES] = { 0 };
        for (int64_t c = 0; c < k; c += LANES) {
            const int64_t n = k - c < LANES ? k - c : LANES;
            const float  *px = xr + c;
            if (n < LANES) {
                load(px, n, PAD, xs);
                px = xs;
            }
            for (int l = 0; l < LANES; l++) {
                e[l] = vector_exp(px[l] - max);
                sum[l] += e[l];
            }
            for (int l = 0; l < n; l++)
                yr[c + l] = e[l];
        }
        const float share = 1.0f / sum_of(sum);
        for (int64_t c = 0; c < k; c++)
            yr[c] *= share;
    }
}
