/* SPDX-License-Identifier: MIT */
/* Batch norm over channels-last values, (rows, c): each row is a pixel. Two passes over the data forward, two backward, with
 * the addition of a residual branch and the relu that follow in the same passes. Loops take four rows at a time: what is
 * kept per channel stays in the first-level cache and is touched a quarter as often.
 *
 * Sums run in float32 over a chunk of rows and in double over the chunks (Chan et al. 1979: means and squared deviations of
 * parts are combined, so that a large mean costs no digits). */
#include "kernels.h"

#include <math.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3", "no-trapping-math")
#endif

enum { CHUNK_FLOATS = 4096, LEAST_ROWS = 16 };

static int64_t chunk_rows(int64_t c)
{
    const int64_t rows = CHUNK_FLOATS / c / 4 * 4;
    return rows < LEAST_ROWS ? LEAST_ROWS : rows;
}

/* Sums of (x - center), or of its squares, per channel over a chunk. */
HOT static void chunk_sums(const float *x, const float *center, float *sums, int64_t rows, int64_t c, bool square)
{
    int64_t r = 0;
    for (int64_t i = 0; i < c; i++)
        sums[i] = 0.0f;
    for (; !square && r + 4 <= rows; r += 4) {
        const float *p = x + r * c;
        IVDEP
        for (int64_t i = 0; i < c; i++)
            sums[i] += (p[i] + p[i + c]) + (p[i + 2 * c] + p[i + 3 * c]);
    }
    for (; square && r + 4 <= rows; r += 4) {
        const float *p = x + r * c;
        IVDEP
        for (int64_t i = 0; i < c; i++) {
            const float m = center[i], a = p[i] - m, b = p[i + c] - m, d = p[i + 2 * c] - m, e = p[i + 3 * c] - m;
            sums[i] += (a * a + b * b) + (d * d + e * e);
        }
    }
    for (; r < rows; r++)
        for (int64_t i = 0; i < c; i++) {
            const float a = square ? x[r * c + i] - center[i] : x[r * c + i];
            sums[i] += square ? a * a : a;
        }
}

/* mean, squares: (c) doubles; part: (2 c) */
static void statistics(const float *x, int64_t rows, int64_t c, double *mean, double *squares, float *part)
{
    const int64_t chunk = chunk_rows(c);
    memset(mean, 0, (size_t)c * sizeof *mean);
    memset(squares, 0, (size_t)c * sizeof *squares);
    for (int64_t r = 0; r < rows; r += chunk) {
        const int64_t n = rows - r < chunk ? rows - r : chunk;
        const double share = (double)n / (double)(r + n);
        chunk_sums(x + r * c, NULL, part, n, c, false);
        for (int64_t i = 0; i < c; i++)
            part[i] /= (float)n;
        chunk_sums(x + r * c, part, part + c, n, c, true);
        for (int64_t i = 0; i < c; i++) {
            const double d = (double)part[i] - mean[i];
            mean[i] += d * share;
            squares[i] += (double)part[c + i] + d * d * (double)r * share;
        }
    }
}

/* y = (x - mean) scale + shift [+ residual] [relu], one row or four. NaN stays NaN. */
#define APPLY(tail)                                                           \
    do {                                                                      \
        int64_t r = 0;                                                        \
        for (; r + 4 <= rows; r += 4) {                                       \
            const float *p = x + r * c, *q = residual ? residual + r * c : p; \
            float *o = y + r * c;                                             \
            (void)q;                                                          \
            IVDEP                                                             \
            for (int64_t i = 0; i < c; i++) {                                 \
                const float m = mean[i], s = scale[i], b = shift[i];          \
                for (int64_t k = 0; k < 4; k++) {                             \
                    const int64_t at = i + k * c;                             \
                    float v = (p[at] - m) * s + b;                            \
                    tail;                                                     \
                    o[at] = v;                                                \
                }                                                             \
            }                                                                 \
        }                                                                     \
        for (; r < rows; r++) {                                               \
            const float *p = x + r * c, *q = residual ? residual + r * c : p; \
            float *o = y + r * c;                                             \
            (void)q;                                                          \
            for (int64_t at = 0; at < c; at++) {                              \
                float v = (p[at] - mean[at]) * scale[at] + shift[at];         \
                tail;                                                         \
                o[at] = v;                                                    \
            }                                                                 \
        }                                                                     \
    } while (0)

HOT static void apply(const float *x, const float *residual, float *y, const float *mean, const float *scale,
                      const float *shift, int64_t rows, int64_t c, bool relu)
{
    if (residual && relu)
        APPLY(v += q[at]; v = v < 0.0f ? 0.0f : v);
    else if (residual)
        APPLY(v += q[at]);
    else if (relu)
        APPLY(v = v < 0.0f ? 0.0f : v);
    else
        APPLY((void)v);
}

void kernel_batch_norm(const struct batch_norm *n, const float *x, const float *residual, float *y, float *saved,
                       void *scratch)
{
    const int64_t c = n->channels, rows = n->rows;
    double *mean = scratch, *squares = mean + c;
    float *part = (float *)(squares + c), *scale = part;
    statistics(x, rows, c, mean, squares, part);
    for (int64_t i = 0; i < c; i++) {
        const double variance = squares[i] / (double)rows, unbiased = squares[i] / (double)(rows > 1 ? rows - 1 : 1);
        saved[i] = (float)mean[i];
        saved[c + i] = (float)(1.0 / sqrt(variance + n->epsilon));
        n->running_mean[i] = (float)(n->momentum * (double)n->running_mean[i] + (1.0 - n->momentum) * mean[i]);
        n->running_var[i] = (float)(n->momentum * (double)n->running_var[i] + (1.0 - n->momentum) * unbiased);
        scale[i] = saved[c + i] * n->weight[i];
    }
    apply(x, residual, y, saved, scale, n->bias, rows, c, n->relu);
}

void kernel_batch_norm_infer(const struct batch_norm *n, const float *x, const float *residual, float *y, void *scratch)
{
    float *scale = scratch;
    for (int64_t i = 0; i < n->channels; i++)
        scale[i] = (float)((double)n->weight[i] / sqrt((double)n->running_var[i] + n->epsilon));
    apply(x, residual, y, n->running_mean, scale, n->bias, n->rows, n->channels, n->relu);
}

/* ---- backward ---- */
/* Per channel over a chunk: the sums of g and of g (x - mean), where g is dy, or dy where the relu let pass. With y (a
 * residual was added before the relu) g is written, too; otherwise whether it passed is worked out from x again. */
#define SUMS(pass, write)                                                       \
    do {                                                                        \
        int64_t r = 0;                                                          \
        for (; r + 4 <= rows; r += 4) {                                         \
            const float *p = x + r * c, *d = dy + r * c, *o = y + r * c;        \
            (void)o;                                                            \
            IVDEP                                                               \
            for (int64_t i = 0; i < c; i++) {                                   \
                const float m = mean[i], s = scale[i], b = shift[i];            \
                float a0 = 0.0f, a1 = 0.0f;                                     \
                (void)s;                                                        \
                (void)b;                                                        \
                for (int64_t k = 0; k < 4; k++) {                               \
                    const int64_t at = i + k * c;                               \
                    const float e = p[at] - m, v = (pass) ? d[at] : 0.0f;       \
                    write;                                                      \
                    a0 += v;                                                    \
                    a1 += v * e;                                                \
                }                                                               \
                sums[i] += a0;                                                  \
                sums[c + i] += a1;                                              \
            }                                                                   \
        }                                                                       \
        for (; r < rows; r++) {                                                 \
            const float *p = x + r * c, *d = dy + r * c, *o = y + r * c;        \
            (void)o;                                                            \
            for (int64_t at = 0; at < c; at++) {                                \
                const float s = scale[at], b = shift[at], e = p[at] - mean[at]; \
                const float v = (pass) ? d[at] : 0.0f;                          \
                (void)s;                                                        \
                (void)b;                                                        \
                write;                                                          \
                sums[at] += v;                                                  \
                sums[c + at] += v * e;                                          \
            }                                                                   \
        }                                                                       \
    } while (0)

HOT static void backward_sums(const float *dy, const float *x, const float *y, float *g, const float *mean,
                              const float *scale, const float *shift, float *sums, int64_t rows, int64_t c, bool relu,
                              bool masked)
{
    for (int64_t i = 0; i < 2 * c; i++)
        sums[i] = 0.0f;
    if (masked)
        SUMS(o[at] > 0.0f, g[r * c + at] = v);
    else if (relu)
        SUMS(e * s + b > 0.0f, (void)v);
    else
        SUMS(true, (void)v);
}

/* dx = scale g + slope (x - mean) + offset [+ dx] */
#define SPREAD(pass, before)                                                   \
    do {                                                                       \
        for (int64_t r = 0; r < rows; r++) {                                   \
            const float *p = x + r * c, *d = g + r * c;                        \
            float *o = dx + r * c;                                             \
            IVDEP                                                              \
            for (int64_t i = 0; i < c; i++) {                                  \
                const float e = p[i] - mean[i];                                \
                const float v = (pass) ? d[i] : 0.0f;                          \
                o[i] = (before) + (scale[i] * v + (slope[i] * e + offset[i])); \
            }                                                                  \
        }                                                                      \
    } while (0)

HOT static void backward_spread(const float *g, const float *x, float *dx, const float *mean, const float *scale,
                                const float *shift, const float *slope, const float *offset, int64_t rows, int64_t c,
                                bool relu, bool accumulate)
{
    if (relu && accumulate)
        SPREAD(e * scale[i] + shift[i] > 0.0f, o[i]);
    else if (relu)
        SPREAD(e * scale[i] + shift[i] > 0.0f, 0.0f);
    else if (accumulate)
        SPREAD(true, o[i]);
    else
        SPREAD(true, 0.0f);
}

void kernel_batch_norm_backward(const struct batch_norm *n, const float *dy, const float *x, const float *y, float *g,
                                float *dx, const float *saved, float *dweight, float *dbias, void *scratch,
                                bool accumulate)
{
    const int64_t c = n->channels, rows = n->rows, chunk = chunk_rows(c);
    const bool masked = n->relu && y;
    double *total = scratch, *product = total + c;
    float *sums = (float *)(product + c), *scale = sums + 2 * c, *slope = scale + c, *offset = slope + c;
    const float *mean = saved, *rstd = saved + c;
    memset(total, 0, 2 * (size_t)c * sizeof *total);
    for (int64_t i = 0; i < c; i++)
        scale[i] = rstd[i] * n->weight[i];
    for (int64_t r = 0; r < rows; r += chunk) {
        const int64_t m = rows - r < chunk ? rows - r : chunk, at = r * c;
        backward_sums(dy + at, x + at, masked ? y + at : x + at, masked ? g + at : NULL, mean, scale, n->bias, sums, m,
                      c, n->relu, masked);
        for (int64_t i = 0; i < c; i++) {
            total[i] += (double)sums[i];
            product[i] += (double)sums[c + i];
        }
    }
    for (int64_t i = 0; i < c; i++) {
        const double s = (double)rstd[i];
        dbias[i] = (float)total[i];
        dweight[i] = (float)(product[i] * s);
        slope[i] = (float)(-(double)scale[i] * s * s * product[i] / (double)rows);
        offset[i] = (float)(-(double)scale[i] * total[i] / (double)rows);
    }
    if (dx)
        backward_spread(masked ? g : dy, x, dx, mean, scale, n->bias, slope, offset, rows, c, n->relu && !masked,
                        accumulate);
}

uint64_t kernel_batch_norm_scratch(int64_t channels)
{
    return (uint64_t)channels * (2 * sizeof(double) + 5 * sizeof(float));
}
