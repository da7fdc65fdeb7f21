/* SPDX-License-Identifier: MIT */
/* Batch norm over channels-last values, (rows, c): each row is a pixel. Two passes over the data forward, two backward, with
 * the addition of a residual branch and the relu that follow in the same passes. Loops take four rows at a time: what is
 * kept per channel stays in the first-level cache and is touched a quarter as often.
 *
 * Sums run in float32 over a chunk of rows and in double over the chunks (Chan et al. 1979: means and squared deviations of
 * parts are combined, so that a large mean costs no digits). */
#include "kernels.h"

#include "half.h"
#include "parallel.h"

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

/* ---- the loops in float32, or in bfloat16 in memory ---- */
static const void *offset_by(const void *p, bool half, int64_t n)
{
    return p ? (const char *)p + n * (int64_t)(half ? sizeof(uint16_t) : sizeof(float)) : NULL;
}

static void *moved_by(void *p, bool half, int64_t n)
{
    return p ? (char *)p + n * (int64_t)(half ? sizeof(uint16_t) : sizeof(float)) : NULL;
}

static void sums_of_chunk(const struct batch_norm *n, const void *x, const float *center, float *sums, int64_t rows,
                          bool square)
{
    if (n->half)
        half_kernels()->norm_sums(x, center, sums, rows, n->channels, square);
    else
        chunk_sums(x, center, sums, rows, n->channels, square);
}

/* What a thread sums up, in a scratch memory of its own: a, b: (c) doubles, part: (2 c). */
struct sums {
    double *a, *b;
    float *part;
};

static uint64_t sums_bytes(int64_t c)
{
    return (uint64_t)c * (2 * sizeof(double) + 2 * sizeof(float));
}

static struct sums sums_of(void *scratch, int64_t c, int32_t i)
{
    double *a = (double *)(void *)((char *)scratch + (uint64_t)i * sums_bytes(c));
    return (struct sums){ a, a + c, (float *)(a + 2 * c) };
}

/* Means and sums of squared deviations of rows [from, to) of x into a and b. */
static void statistics(const struct batch_norm *norm, const void *x, int64_t from, int64_t to, const struct sums *s)
{
    const int64_t c = norm->channels, chunk = chunk_rows(c), rows = to - from;
    double *mean = s->a, *squares = s->b;
    float *part = s->part;
    memset(mean, 0, (size_t)c * sizeof *mean);
    memset(squares, 0, (size_t)c * sizeof *squares);
    for (int64_t r = 0; r < rows; r += chunk) {
        const int64_t n = rows - r < chunk ? rows - r : chunk;
        const double share = (double)n / (double)(r + n);
        sums_of_chunk(norm, offset_by(x, norm->half, (from + r) * c), NULL, part, n, false);
        for (int64_t i = 0; i < c; i++)
            part[i] /= (float)n;
        sums_of_chunk(norm, offset_by(x, norm->half, (from + r) * c), part, part + c, n, true);
        for (int64_t i = 0; i < c; i++) {
            const double d = (double)part[i] - mean[i];
            mean[i] += d * share;
            squares[i] += (double)part[c + i] + d * d * (double)r * share;
        }
    }
}

/* Those of n_other rows are added to those of n. */
static void combine(const struct sums *s, int64_t n, const struct sums *other, int64_t n_other, int64_t c)
{
    const double share = (double)n_other / (double)(n + n_other);
    for (int64_t i = 0; i < c; i++) {
        const double d = other->a[i] - s->a[i];
        s->a[i] += d * share;
        s->b[i] += other->b[i] + d * d * (double)n * share;
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

/* A pass as its threads see it; each takes rows. */
struct work {
    const struct batch_norm *n;
    const void *x, *residual, *dy, *out; /* out: y where the relu reads it */
    void *y, *g, *dx;
    void *scratch;
    const float *mean, *scale, *slope, *offset; /* (c) */
    bool masked, accumulate;
};

static void rows_of(const struct work *w, int32_t i, int32_t n, int64_t *from, int64_t *to)
{
    parallel_share(w->n->rows, chunk_rows(w->n->channels), i, n, from, to);
}

/* A team starts in some microseconds, in which so many numbers are done. */
static int32_t threads_of(const struct batch_norm *n)
{
    enum { LEAST_WORK = 32768 };
    return n->threads > 1 && n->rows * n->channels >= LEAST_WORK ? n->threads : 1;
}

static void statistics_part(void *ctx, int32_t i, int32_t n)
{
    const struct work *w = ctx;
    const struct sums sums = sums_of(w->scratch, w->n->channels, i);
    int64_t from, to;
    rows_of(w, i, n, &from, &to);
    statistics(w->n, w->x, from, to, &sums);
}

static void apply_part(void *ctx, int32_t i, int32_t n)
{
    const struct work *w = ctx;
    const int64_t c = w->n->channels;
    const bool half = w->n->half;
    int64_t from, to;
    rows_of(w, i, n, &from, &to);
    const void *x = offset_by(w->x, half, from * c), *residual = offset_by(w->residual, half, from * c);
    void *y = moved_by(w->y, half, from * c);
    if (half)
        half_kernels()->norm_apply(x, residual, y, w->mean, w->scale, w->n->bias, to - from, c, w->n->relu);
    else
        apply(x, residual, y, w->mean, w->scale, w->n->bias, to - from, c, w->n->relu);
}

void kernel_batch_norm(const struct batch_norm *n, const void *x, const void *residual, void *y, float *saved,
                       void *scratch)
{
    const int64_t c = n->channels, rows = n->rows;
    const int32_t threads = threads_of(n);
    const struct sums all = sums_of(scratch, c, 0);
    float *scale = all.part;
    struct work w = { .n = n, .x = x, .residual = residual, .y = y, .scratch = scratch, .mean = saved, .scale = scale };
    int64_t done, to;
    parallel_run(threads, statistics_part, &w);
    rows_of(&w, 0, threads, &to, &done);
    for (int32_t t = 1; t < threads; t++) {
        const struct sums more = sums_of(scratch, c, t);
        int64_t from;
        rows_of(&w, t, threads, &from, &to);
        if (from < to)
            combine(&all, from, &more, to - from, c);
    }
    for (int64_t i = 0; i < c; i++) {
        const double mean = all.a[i], squares = all.b[i];
        const double variance = squares / (double)rows, unbiased = squares / (double)(rows > 1 ? rows - 1 : 1);
        saved[i] = (float)mean;
        saved[c + i] = (float)(1.0 / sqrt(variance + n->epsilon));
        n->running_mean[i] = (float)(n->momentum * (double)n->running_mean[i] + (1.0 - n->momentum) * mean);
        n->running_var[i] = (float)(n->momentum * (double)n->running_var[i] + (1.0 - n->momentum) * unbiased);
        scale[i] = saved[c + i] * n->weight[i];
    }
    parallel_run(threads, apply_part, &w);
}

void kernel_batch_norm_frozen(const struct batch_norm *n, float *saved)
{
    for (int64_t i = 0; i < n->channels; i++) {
        saved[i] = n->running_mean[i];
        saved[n->channels + i] = (float)(1.0 / sqrt((double)n->running_var[i] + n->epsilon));
    }
}

void kernel_batch_norm_infer(const struct batch_norm *n, const void *x, const void *residual, void *y, void *scratch)
{
    float *scale = scratch;
    struct work w = { .n = n, .x = x, .residual = residual, .y = y, .mean = n->running_mean, .scale = scale };
    for (int64_t i = 0; i < n->channels; i++)
        scale[i] = (float)((double)n->weight[i] / sqrt((double)n->running_var[i] + n->epsilon));
    parallel_run(threads_of(n), apply_part, &w);
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

static void sums_part(void *ctx, int32_t t, int32_t n)
{
    const struct work *w = ctx;
    const int64_t c = w->n->channels, chunk = chunk_rows(c);
    const bool half = w->n->half;
    const struct sums s = sums_of(w->scratch, c, t);
    int64_t from, to;
    rows_of(w, t, n, &from, &to);
    memset(s.a, 0, (size_t)c * sizeof *s.a);
    memset(s.b, 0, (size_t)c * sizeof *s.b);
    for (int64_t r = from; r < to; r += chunk) {
        const int64_t m = to - r < chunk ? to - r : chunk, at = r * c;
        const void *dy = offset_by(w->dy, half, at), *x = offset_by(w->x, half, at),
                   *y = w->masked ? offset_by(w->out, half, at) : x;
        void *g = w->masked ? moved_by(w->g, half, at) : NULL;
        if (half)
            half_kernels()->norm_backward_sums(dy, x, y, g, w->mean, w->scale, w->n->bias, s.part, m, c, w->n->relu,
                                               w->masked);
        else
            backward_sums(dy, x, y, g, w->mean, w->scale, w->n->bias, s.part, m, c, w->n->relu, w->masked);
        for (int64_t i = 0; i < c; i++) {
            s.a[i] += (double)s.part[i];
            s.b[i] += (double)s.part[c + i];
        }
    }
}

static void spread_part(void *ctx, int32_t t, int32_t n)
{
    const struct work *w = ctx;
    const int64_t c = w->n->channels;
    const bool half = w->n->half, relu = w->n->relu && !w->masked;
    int64_t from, to;
    rows_of(w, t, n, &from, &to);
    const void *g = offset_by(w->masked ? w->g : w->dy, half, from * c), *x = offset_by(w->x, half, from * c);
    void *dx = moved_by(w->dx, half, from * c);
    if (half)
        half_kernels()->norm_backward_spread(g, x, dx, w->mean, w->scale, w->n->bias, w->slope, w->offset, to - from, c,
                                             relu, w->accumulate);
    else
        backward_spread(g, x, dx, w->mean, w->scale, w->n->bias, w->slope, w->offset, to - from, c, relu,
                        w->accumulate);
}

void kernel_batch_norm_backward(const struct batch_norm *n, const void *dy, const void *x, const void *y, void *g,
                                void *dx, const float *saved, float *dweight, float *dbias, void *scratch,
                                bool accumulate)
{
    const int64_t c = n->channels, rows = n->rows;
    const int32_t threads = threads_of(n);
    const struct sums all = sums_of(scratch, c, 0);
    float *scale = (float *)(void *)((char *)scratch + (uint64_t)threads * sums_bytes(c)), *slope = scale + c,
          *offset = slope + c;
    const float *rstd = saved + c;
    struct work w = { .n = n,
                      .x = x,
                      .dy = dy,
                      .out = y,
                      .g = g,
                      .dx = dx,
                      .scratch = scratch,
                      .mean = saved,
                      .scale = scale,
                      .slope = slope,
                      .offset = offset,
                      .masked = n->relu && y,
                      .accumulate = accumulate };
    for (int64_t i = 0; i < c; i++)
        scale[i] = rstd[i] * n->weight[i];
    parallel_run(threads, sums_part, &w);
    for (int32_t t = 1; t < threads; t++) {
        const struct sums more = sums_of(scratch, c, t);
        for (int64_t i = 0; i < c; i++) {
            all.a[i] += more.a[i];
            all.b[i] += more.b[i];
        }
    }
    for (int64_t i = 0; i < c; i++) {
        const double s = (double)rstd[i], total = all.a[i], product = all.b[i];
        dbias[i] = (float)total;
        dweight[i] = (float)(product * s);
        slope[i] = n->frozen ? 0.0f : (float)(-(double)scale[i] * s * s * product / (double)rows);
        offset[i] = n->frozen ? 0.0f : (float)(-(double)scale[i] * total / (double)rows);
    }
    if (dx)
        parallel_run(threads, spread_part, &w);
}

uint64_t kernel_batch_norm_scratch(int64_t channels, int32_t threads)
{
    return (uint64_t)(threads > 1 ? threads : 1) * sums_bytes(channels) + 3 * (uint64_t)channels * sizeof(float);
}
