/* SPDX-License-Identifier: MIT */
/* Pools over channels-last images, (n, h, w, c): loops over contiguous channels inside loops over windows. */
#include "kernels.h"

#include <math.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3", "no-trapping-math")
#endif

struct range {
    int64_t from, to;
};

/* The part of a window, 0 <= k < kernel, that lies inside the image. */
static struct range inside(int64_t start, int64_t kernel, int64_t size)
{
    const struct range r = { start < 0 ? -start : 0, size - start < kernel ? size - start : kernel };
    return r;
}

/* ---- max ---- */
HOT static void take_first(const float *x, float *best, uint8_t *where, int64_t c, uint8_t at)
{
    for (int64_t i = 0; i < c; i++) {
        best[i] = x[i];
        where[i] = at;
    }
}

/* NaN wins and stays. */
HOT static void take_larger(const float *restrict x, float *restrict best, uint8_t *restrict where, int64_t c,
                            uint8_t at)
{
    for (int64_t i = 0; i < c; i++) {
        const bool more = (x[i] > best[i]) | (x[i] != x[i]);
        best[i] = more ? x[i] : best[i];
        where[i] = more ? at : where[i];
    }
}

/* The usual 2x2 windows in one go. */
HOT static void largest_of_four(const float *restrict a, const float *restrict b, float *restrict best,
                                uint8_t *restrict where, int64_t c, float least)
{
    for (int64_t i = 0; i < c; i++) {
        float m = a[i];
        int32_t at = 0;
        float x = a[i + c];
        at = ((x > m) | (x != x)) ? 1 : at;
        m = ((x > m) | (x != x)) ? x : m;
        x = b[i];
        at = ((x > m) | (x != x)) ? 2 : at;
        m = ((x > m) | (x != x)) ? x : m;
        x = b[i + c];
        at = ((x > m) | (x != x)) ? 3 : at;
        m = ((x > m) | (x != x)) ? x : m;
        where[i] = (uint8_t)at;
        best[i] = m < least ? least : m;
    }
}

void kernel_max_pool(const struct pool *p, const float *x, float *y, uint8_t *where, bool relu)
{
    const int64_t c = p->channels, h = p->in[0], w = p->in[1];
    const bool fours = p->kernel == 2 && p->pad == 0;
    for (int64_t n = 0; n < p->batch; n++)
        for (int64_t oh = 0; oh < p->out[0]; oh++)
            for (int64_t ow = 0; ow < p->out[1]; ow++, y += c, where += c) {
                const int64_t top = oh * p->stride - p->pad, left = ow * p->stride - p->pad;
                const float *image = x + n * h * w * c;
                const struct range rows = inside(top, p->kernel, h), columns = inside(left, p->kernel, w);
                if (fours) {
                    const float *corner = image + (top * w + left) * c;
                    largest_of_four(corner, corner + w * c, y, where, c, relu ? 0.0f : -INFINITY);
                    continue;
                }
                for (int64_t kh = rows.from; kh < rows.to; kh++)
                    for (int64_t kw = columns.from; kw < columns.to; kw++) {
                        const float *pixel = image + ((top + kh) * w + left + kw) * c;
                        const uint8_t at = (uint8_t)(kh * p->kernel + kw);
                        if (kh == rows.from && kw == columns.from)
                            take_first(pixel, y, where, c, at);
                        else
                            take_larger(pixel, y, where, c, at);
                    }
                if (relu)
                    kernel_relu(y, y, c);
            }
}

HOT static void give_back(const float *restrict dy, const uint8_t *restrict where, float *restrict dx, int64_t c,
                          int32_t at, bool add)
{
    if (add)
        for (int64_t i = 0; i < c; i++)
            dx[i] += where[i] == at ? dy[i] : 0.0f;
    else
        for (int64_t i = 0; i < c; i++)
            dx[i] = where[i] == at ? dy[i] : 0.0f;
}

HOT static void give_back_four(const float *restrict dy, const float *restrict y, const uint8_t *restrict where,
                               float *restrict a, float *restrict b, int64_t c, bool relu)
{
    for (int64_t i = 0; i < c; i++) {
        const float d = !relu || y[i] > 0.0f ? dy[i] : 0.0f;
        const int32_t at = where[i];
        a[i] = at == 0 ? d : 0.0f;
        a[i + c] = at == 1 ? d : 0.0f;
        b[i] = at == 2 ? d : 0.0f;
        b[i + c] = at == 3 ? d : 0.0f;
    }
}

HOT static void pass_relu(float *restrict dy, const float *restrict y, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        dy[i] = y[i] > 0.0f ? dy[i] : 0.0f;
}

void kernel_max_pool_backward(const struct pool *p, float *dy, const float *y, const uint8_t *where, float *dx)
{
    const int64_t c = p->channels, h = p->in[0], w = p->in[1], k = p->kernel;
    const bool fours = k == 2 && p->pad == 0 && p->stride >= 2;
    if (y && !fours)
        pass_relu(dy, y, p->batch * p->out[0] * p->out[1] * c);
    if (!fours || p->stride != 2 || h % 2 || w % 2)
        memset(dx, 0, (size_t)(p->batch * h * w * c) * sizeof *dx);
    for (int64_t n = 0; n < p->batch; n++)
        for (int64_t oh = 0; oh < p->out[0]; oh++)
            for (int64_t ow = 0; ow < p->out[1]; ow++, dy += c, where += c) {
                const int64_t top = oh * p->stride - p->pad, left = ow * p->stride - p->pad;
                float *image = dx + n * h * w * c;
                const struct range rows = inside(top, k, h), columns = inside(left, k, w);
                if (fours) {
                    float *corner = image + (top * w + left) * c;
                    give_back_four(dy, y ? y : dy, where, corner, corner + w * c, c, y != NULL);
                    y = y ? y + c : NULL;
                    continue;
                }
                for (int64_t kh = rows.from; kh < rows.to; kh++)
                    for (int64_t kw = columns.from; kw < columns.to; kw++)
                        give_back(dy, where, image + ((top + kh) * w + left + kw) * c, c, (int32_t)(kh * k + kw), true);
            }
}

/* ---- average ---- */
/* y += f x */
HOT static void add_scaled(const float *restrict x, float *restrict y, int64_t c, float f)
{
    for (int64_t i = 0; i < c; i++)
        y[i] += f * x[i];
}

static float share(const struct pool *p, struct range rows, struct range columns)
{
    const int64_t real = (rows.to - rows.from) * (columns.to - columns.from);
    return 1.0f / (float)(p->exclude_padding ? real : p->kernel * p->kernel);
}

/* Forward: y = means of x. Backward: x = shares of y. */
static void average(const struct pool *p, float *x, float *y, bool backward)
{
    const int64_t c = p->channels, h = p->in[0], w = p->in[1];
    if (backward)
        memset(x, 0, (size_t)(p->batch * h * w * c) * sizeof *x);
    else
        memset(y, 0, (size_t)(p->batch * p->out[0] * p->out[1] * c) * sizeof *y);
    for (int64_t n = 0; n < p->batch; n++)
        for (int64_t oh = 0; oh < p->out[0]; oh++)
            for (int64_t ow = 0; ow < p->out[1]; ow++, y += c) {
                const int64_t top = oh * p->stride - p->pad, left = ow * p->stride - p->pad;
                const struct range rows = inside(top, p->kernel, h), columns = inside(left, p->kernel, w);
                const float f = share(p, rows, columns);
                for (int64_t kh = rows.from; kh < rows.to; kh++)
                    for (int64_t kw = columns.from; kw < columns.to; kw++) {
                        float *pixel = x + n * h * w * c + ((top + kh) * w + left + kw) * c;
                        if (backward)
                            add_scaled(y, pixel, c, f);
                        else
                            add_scaled(pixel, y, c, f);
                    }
            }
}

void kernel_average_pool(const struct pool *p, float *x, float *y)
{
    average(p, x, y, false);
}

void kernel_average_pool_backward(const struct pool *p, float *dy, float *dx)
{
    average(p, dx, dy, true);
}

/* (n, pixels, c) -> (n, c) */
void kernel_global_average(const float *x, float *y, int64_t n, int64_t pixels, int64_t c)
{
    const float f = 1.0f / (float)pixels;
    for (int64_t i = 0; i < n; i++) {
        kernel_column_sums(x + i * pixels * c, y + i * c, pixels, c, c);
        for (int64_t k = 0; k < c; k++)
            y[i * c + k] *= f;
    }
}

HOT void kernel_global_average_backward(const float *dy, float *dx, int64_t n, int64_t pixels, int64_t c)
{
    const float f = 1.0f / (float)pixels;
    for (int64_t i = 0; i < n; i++)
        for (int64_t p = 0; p < pixels; p++) {
            float *o = dx + (i * pixels + p) * c;
            IVDEP
            for (int64_t k = 0; k < c; k++)
                o[k] = f * dy[i * c + k];
        }
}
