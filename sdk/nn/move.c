/* SPDX-License-Identifier: MIT */
/* Kernels that move and repeat numbers: upsampling, embedding tables, permutations of dimensions, pieces of rows. */
#include "kernels.h"

#include <math.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3", "no-trapping-math")
#endif

/* y += f x */
HOT static void add_scaled(const float *restrict x, float *restrict y, int64_t c, float f)
{
    for (int64_t i = 0; i < c; i++)
        y[i] += f * x[i];
}

/* ---- upsampling, (n, h, w, c) -> (n, h f, w f, c) ---- */
struct tap {
    int64_t at[2];
    float weight[2];
};

/* Where an output row or column reads: pixel centres, clamped at the border. */
static struct tap tap_of(int64_t i, int64_t factor, int64_t size, bool bilinear)
{
    struct tap t = { { i / factor, i / factor }, { 1.0f, 0.0f } };
    if (bilinear) {
        const double centre = ((double)i + 0.5) / (double)factor - 0.5, x = centre < 0.0 ? 0.0 : centre;
        t.at[0] = (int64_t)x;
        t.at[1] = t.at[0] + 1 < size ? t.at[0] + 1 : size - 1;
        t.weight[1] = (float)(x - (double)t.at[0]);
        t.weight[0] = 1.0f - t.weight[1];
    }
    return t;
}

/* small: (n, h, w, c), large: (n, h f, w f, c); forward fills large from small, backward small from large. */
static void resample(const struct upsample *u, float *small, float *large, bool backward)
{
    const int64_t f = u->factor, h = u->in[0], w = u->in[1], c = u->channels;
    if (backward)
        memset(small, 0, (size_t)(u->batch * h * w * c) * sizeof *small);
    for (int64_t n = 0; n < u->batch; n++)
        for (int64_t oh = 0; oh < h * f; oh++) {
            const struct tap row = tap_of(oh, f, h, u->bilinear);
            for (int64_t ow = 0; ow < w * f; ow++, large += c) {
                const struct tap column = tap_of(ow, f, w, u->bilinear);
                if (!backward)
                    memset(large, 0, (size_t)c * sizeof *large);
                for (int i = 0; i < 2; i++)
                    for (int j = 0; j < 2; j++) {
                        const float weight = row.weight[i] * column.weight[j];
                        float *pixel = small + ((n * h + row.at[i]) * w + column.at[j]) * c;
                        if (weight == 0.0f)
                            continue;
                        if (backward)
                            add_scaled(large, pixel, c, weight);
                        else
                            add_scaled(pixel, large, c, weight);
                    }
            }
        }
}

void kernel_upsample(const struct upsample *u, float *x, float *y)
{
    resample(u, x, y, false);
}

void kernel_upsample_backward(const struct upsample *u, float *dy, float *dx)
{
    resample(u, dx, dy, true);
}

/* ---- embedding ---- */
static int64_t entry(float x, int64_t entries)
{
    const float i = rintf(x);
    return !(i > 0.0f) ? 0 : i >= (float)(entries - 1) ? entries - 1 : (int64_t)i; /* NaN is the first */
}

void kernel_embedding(const float *x, const float *table, float *y, int64_t n, int64_t entries, int64_t units)
{
    for (int64_t i = 0; i < n; i++)
        memcpy(y + i * units, table + entry(x[i], entries) * units, (size_t)units * sizeof *y);
}

void kernel_embedding_backward(const float *x, const float *dy, float *dtable, int64_t n, int64_t entries,
                               int64_t units)
{
    memset(dtable, 0, (size_t)(entries * units) * sizeof *dtable);
    for (int64_t i = 0; i < n; i++)
        add_scaled(dy + i * units, dtable + entry(x[i], entries) * units, units, 1.0f);
}

/* ---- permutations ---- */
void kernel_permute(const struct permutation *p, const float *x, float *y)
{
    int64_t at[PERMUTED] = { 0 }, from = 0;
    for (int64_t e = 0; e < p->elements; e++) {
        if (p->inverse)
            y[from] = x[e];
        else
            y[e] = x[from];
        for (int i = PERMUTED - 1; i >= 0; i--) { /* the next element, counting like an odometer */
            from += p->strides[i];
            if (++at[i] < p->dims[i])
                break;
            from -= p->strides[i] * p->dims[i];
            at[i] = 0;
        }
    }
}

/* ---- pieces of rows ---- */
void kernel_copy_columns(const float *x, float *y, int64_t rows, int64_t columns, int64_t from_stride,
                         int64_t to_stride)
{
    for (int64_t r = 0; r < rows; r++)
        memcpy(y + r * to_stride, x + r * from_stride, (size_t)columns * sizeof *y);
}
