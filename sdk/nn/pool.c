/* SPDX-License-Identifier: MIT */
/* Pools over channels-last images, (n, h, w, c): loops over contiguous channels inside loops over windows. */
#include "kernels.h"

#include "half.h"

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
static void take_first(const void *x, void *best, uint8_t *where, int64_t c, uint8_t at)
{
    memcpy(best, x, (size_t)c * sizeof(float));
    memset(where, at, (size_t)c);
}

HOT static void larger_of(const float *restrict x, float *restrict best, uint8_t *restrict where, int64_t c, uint8_t at)
{
    for (int64_t i = 0; i < c; i++) {
        const bool more = (x[i] > best[i]) | (x[i] != x[i]);
        best[i] = more ? x[i] : best[i];
        where[i] = more ? at : where[i];
    }
}

/* NaN wins and stays. */
static void take_larger(const void *x, void *best, uint8_t *where, int64_t c, uint8_t at)
{
    larger_of(x, best, where, c, at);
}

HOT static void largest_of(const float *restrict a, const float *restrict b, float *restrict best,
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

/* The usual 2x2 windows in one go, a row of them. */
static void largest_of_four(const void *a, const void *b, void *best, uint8_t *where, int64_t windows, int64_t step,
                            int64_t c, bool relu)
{
    const float *above = a, *below = b;
    float *to = best;
    for (int64_t w = 0; w < windows; w++, above += step, below += step, to += c, where += c)
        largest_of(above, below, to, where, c, relu ? 0.0f : -INFINITY);
}

HOT static void give(const float *restrict dy, const uint8_t *restrict where, float *restrict dx, int64_t c, int32_t at)
{
    for (int64_t i = 0; i < c; i++)
        dx[i] += where[i] == at ? dy[i] : 0.0f;
}

static void give_back(const void *dy, const uint8_t *where, void *dx, int64_t c, int32_t at)
{
    give(dy, where, dx, c, at);
}

HOT static void give_four(const float *restrict dy, const float *restrict y, const uint8_t *restrict where,
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

static void give_back_four(const void *dy, const void *y, const uint8_t *where, void *a, void *b, int64_t windows,
                           int64_t step, int64_t c)
{
    const float *from = dy, *out = y;
    float *above = a, *below = b;
    for (int64_t w = 0; w < windows; w++, above += step, below += step, from += c, where += c) {
        give_four(from, out ? out : from, where, above, below, c, out != NULL);
        out = out ? out + c : NULL;
    }
}

HOT static void passed(float *restrict dy, const float *restrict y, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        dy[i] = y[i] > 0.0f ? dy[i] : 0.0f;
}

static void pass_relu(void *dy, const void *y, int64_t n)
{
    passed(dy, y, n);
}

static void rectify(void *y, int64_t n)
{
    kernel_relu(y, y, n);
}

static void rectify_half(void *y, int64_t n)
{
    half_kernels()->relu(y, y, n);
}

/* The loops over channels, by how the numbers lie in memory. */
struct max_loops {
    size_t bytes; /* of a number */
    void (*first)(const void *x, void *best, uint8_t *where, int64_t c, uint8_t at);
    void (*larger)(const void *x, void *best, uint8_t *where, int64_t c, uint8_t at);
    void (*of_four)(const void *a, const void *b, void *best, uint8_t *where, int64_t windows, int64_t step, int64_t c,
                    bool relu);
    void (*relu)(void *y, int64_t n);
    void (*give)(const void *dy, const uint8_t *where, void *dx, int64_t c, int32_t at);
    void (*give_four)(const void *dy, const void *y, const uint8_t *where, void *a, void *b, int64_t windows,
                      int64_t step, int64_t c);
    void (*pass)(void *dy, const void *y, int64_t n);
};

static struct max_loops loops_of(const struct pool *p)
{
    const struct half_kernels *half = p->half ? half_kernels() : NULL;
    if (half)
        return (struct max_loops){ sizeof(uint16_t), half->take_first, half->take_larger,    half->largest_of_four,
                                   rectify_half,     half->give_back,  half->give_back_four, half->pass_relu };
    return (struct max_loops){ sizeof(float), take_first, take_larger,    largest_of_four,
                               rectify,       give_back,  give_back_four, pass_relu };
}

void kernel_max_pool(const struct pool *p, const void *x, void *y, uint8_t *where, bool relu)
{
    const struct max_loops loops = loops_of(p);
    const int64_t c = p->channels, h = p->in[0], w = p->in[1], pixel = c * (int64_t)loops.bytes;
    const bool fours = p->kernel == 2 && p->pad == 0;
    char *to = y;
    for (int64_t n = 0; n < p->batch; n++)
        for (int64_t oh = 0; oh < p->out[0]; oh++) {
            const int64_t top = oh * p->stride - p->pad;
            const char *image = (const char *)x + n * h * w * pixel;
            const struct range rows = inside(top, p->kernel, h);
            if (fours) {
                const char *corner = image + top * w * pixel;
                loops.of_four(corner, corner + w * pixel, to, where, p->out[1], p->stride * c, c, relu);
                to += p->out[1] * pixel;
                where += p->out[1] * c;
                continue;
            }
            for (int64_t ow = 0; ow < p->out[1]; ow++, to += pixel, where += c) {
                const int64_t left = ow * p->stride - p->pad;
                const struct range columns = inside(left, p->kernel, w);
                for (int64_t kh = rows.from; kh < rows.to; kh++)
                    for (int64_t kw = columns.from; kw < columns.to; kw++) {
                        const char *from = image + ((top + kh) * w + left + kw) * pixel;
                        const uint8_t at = (uint8_t)(kh * p->kernel + kw);
                        if (kh == rows.from && kw == columns.from)
                            loops.first(from, to, where, c, at);
                        else
                            loops.larger(from, to, where, c, at);
                    }
                if (relu)
                    loops.relu(to, c);
            }
        }
}

void kernel_max_pool_backward(const struct pool *p, void *dy, const void *y, const uint8_t *where, void *dx)
{
    const struct max_loops loops = loops_of(p);
    const int64_t c = p->channels, h = p->in[0], w = p->in[1], k = p->kernel, pixel = c * (int64_t)loops.bytes;
    const bool fours = k == 2 && p->pad == 0 && p->stride >= 2;
    const char *from = dy, *out = y;
    if (y && !fours)
        loops.pass(dy, y, p->batch * p->out[0] * p->out[1] * c);
    if (!fours || p->stride != 2 || h % 2 || w % 2)
        memset(dx, 0, (size_t)(p->batch * h * w * pixel));
    for (int64_t n = 0; n < p->batch; n++)
        for (int64_t oh = 0; oh < p->out[0]; oh++) {
            const int64_t top = oh * p->stride - p->pad;
            char *image = (char *)dx + n * h * w * pixel;
            const struct range rows = inside(top, k, h);
            if (fours) {
                char *corner = image + top * w * pixel;
                loops.give_four(from, out, where, corner, corner + w * pixel, p->out[1], p->stride * c, c);
                from += p->out[1] * pixel;
                where += p->out[1] * c;
                out = out ? out + p->out[1] * pixel : NULL;
                continue;
            }
            for (int64_t ow = 0; ow < p->out[1]; ow++, from += pixel, where += c) {
                const int64_t left = ow * p->stride - p->pad;
                const struct range columns = inside(left, k, w);
                for (int64_t kh = rows.from; kh < rows.to; kh++)
                    for (int64_t kw = columns.from; kw < columns.to; kw++)
                        loops.give(from, where, image + ((top + kh) * w + left + kw) * pixel, c,
                                   (int32_t)(kh * k + kw));
            }
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
