/* SPDX-License-Identifier: MIT */
/* Winograd's convolutions over channels-last images, in chunks of tiles that stay in the second-level cache:
 *
 *     Y = A' [ (G g G') . (B' d B) ] A      d: a tile of 6 x 6 inputs, g: the kernel, Y: 4 x 4 or 2 x 2 outputs
 *
 * with the points 0, 1, -1, 2, -2 and infinity. Per place of the 6 x 6, the sum over the channels is a product of matrices:
 * (tiles, C) x (C, K). The gradient of the kernel is the adjoint: G' [ sum over tiles of (B' d B) . (A dY A') ] G.
 *
 *     U  (36, K / 16, C, 16)  kernels       V  (36, tiles, C)  inputs       M  (36, K / 16, tiles, 16)  outputs
 *
 * A place of V and M is 16 floats longer than its matrix, so that the 36 places do not fall into one set of the cache. */
#include "winograd.h"

#include "kernels.h"
#include "parallel.h"

#include <string.h>

enum { TILE = 6, PLACES = TILE * TILE, PAD = 16 };
enum { MULTIPLE = 16 }; /* of channels and filters */
enum { CHUNK_FLOATS = 72 * 1024, LEAST_TILES = 24, MOST_TILES = 96 };

static int64_t outputs(const struct winograd *w) /* a tile's rows */
{
    return TILE + 1 - w->kernel;
}

static int64_t tiles_along(const struct winograd *w, int dimension)
{
    return (w->out[dimension] + outputs(w) - 1) / outputs(w);
}

static int64_t all_tiles(const struct winograd *w)
{
    return w->batch * tiles_along(w, 0) * tiles_along(w, 1);
}

static int64_t chunk_tiles(const struct winograd *w)
{
    const int64_t tiles = CHUNK_FLOATS / (PLACES * (w->channels + w->filters)) / TILE * TILE;
    return tiles < LEAST_TILES ? LEAST_TILES : tiles > MOST_TILES ? MOST_TILES : tiles;
}

static int64_t v_place(const struct winograd *w)
{
    return chunk_tiles(w) * w->channels + PAD;
}

static int64_t m_place(const struct winograd *w)
{
    return chunk_tiles(w) * w->filters + PAD;
}

static int64_t kernel_floats(const struct winograd *w) /* of U */
{
    return PLACES * w->channels * w->filters;
}

struct winograd winograd_of(const struct conv_shape *s, uint32_t threads)
{
    const struct winograd w = { s->batch,
                                s->channels,
                                s->filters,
                                { s->in[0], s->in[1] },
                                { s->out[0], s->out[1] },
                                { s->pad[0], s->pad[1] },
                                s->kernel[0],
                                threads ? (int32_t)threads : 1 };
    return w;
}

struct winograd winograd_adjoint(const struct winograd *w)
{
    const int64_t reach = w->kernel - 1;
    const struct winograd a = { w->batch,
                                w->filters,
                                w->channels,
                                { w->out[0], w->out[1] },
                                { w->in[0], w->in[1] },
                                { reach - w->pad[0], reach - w->pad[1] },
                                w->kernel,
                                w->threads };
    return a;
}

static int64_t own_floats(const struct winograd *w) /* of a thread: V, M, a patch */
{
    return PLACES * (v_place(w) + m_place(w) + w->channels);
}

uint64_t winograd_scratch(const struct winograd *w, enum winograd_pass pass)
{
    const int64_t taps = w->kernel * w->kernel;
    int64_t floats = w->threads * own_floats(w);
    if (pass == WINOGRAD_WEIGHTS)
        floats += w->threads * kernel_floats(w);
    else
        floats += kernel_floats(w) + (pass == WINOGRAD_DATA ? taps * w->channels * w->filters : 0);
    return (uint64_t)floats * sizeof(float);
}

bool winograd_pays(const struct conv_shape *s)
{
    /* of the outputs that tiles make, the share that lies in the image; below, oneDNN's direct convolution is as fast */
    const double LEAST_GAIN = 2.0;
    const int64_t k = s->kernel[0], m = TILE + 1 - k;
    if ((k != 3 && k != 5) || s->kernel[1] != k || s->stride[0] != 1 || s->stride[1] != 1 || s->dilation[0] != 1 ||
        s->dilation[1] != 1 || s->groups != 1 || s->channels % MULTIPLE || s->filters % MULTIPLE || s->pad[0] >= k ||
        s->pad[1] >= k || s->bfloat16)
        return false;
    const int64_t rows = (s->out[0] + m - 1) / m * m, columns = (s->out[1] + m - 1) / m * m; /* whole tiles */
    const double made = (double)rows * (double)columns;
    const double wanted = (double)(s->out[0] * s->out[1]);
    return wanted / made * (double)(k * k * m * m) / PLACES >= LEAST_GAIN;
}

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h> /* before the compiler is told of AVX2: its functions have targets of their own */

bool winograd_runs(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC optimize("O3")
#pragma GCC target("avx2,fma")
#endif
#include "winograd_vector.h"

/* ---- tiles ---- */
struct place { /* of a tile: its image, and its first output */
    int64_t image, row, column;
};

static struct place place_of(const struct winograd *w, int64_t tile)
{
    const int64_t across = tiles_along(w, 1), down = tiles_along(w, 0), m = outputs(w);
    const struct place p = { tile / (across * down), tile / across % down * m, tile % across * m };
    return p;
}

static void place_next(const struct winograd *w, struct place *p)
{
    p->column += outputs(w);
    if (p->column < w->out[1])
        return;
    p->column = 0;
    p->row += outputs(w);
    if (p->row < w->out[0])
        return;
    p->row = 0;
    p->image++;
}

/* B' d B of the tile whose first pixel is at x, rows of pixels `row` floats apart. */
INLINE void read_tile(const float *x, int64_t row, int64_t c, float *v, int64_t place)
{
    for (int64_t k = 0; k < c; k += LANES) {
        vec d[TILE], t[PLACES], o[TILE];
        for (int i = 0; i < TILE; i++) {
            for (int j = 0; j < TILE; j++)
                d[j] = _mm256_loadu_ps(x + i * row + j * c + k);
            input_transform(d, 1, t + i * TILE, 1);
        }
        for (int j = 0; j < TILE; j++) {
            input_transform(t + j, TILE, o, 1);
            for (int i = 0; i < TILE; i++)
                _mm256_storeu_ps(v + (i * TILE + j) * place + k, o[i]);
        }
    }
}

/* A tile that reaches over the border, with zeros there. patch: (6, 6, C) */
static void copy_patch(const struct winograd *w, const float *x, int64_t top, int64_t left, float *patch)
{
    const int64_t c = w->channels, from = left < 0 ? -left : 0;
    const int64_t to = w->in[1] - left < TILE ? w->in[1] - left : TILE;
    for (int64_t i = 0; i < TILE; i++, patch += TILE * c) {
        const bool there = top + i >= 0 && top + i < w->in[0] && from < to;
        const int64_t first = there ? from : TILE, last = there ? to : TILE;
        for (int64_t e = 0; e < first * c; e += LANES)
            _mm256_storeu_ps(patch + e, _mm256_setzero_ps());
        for (int64_t e = first * c; e < last * c; e += LANES)
            _mm256_storeu_ps(patch + e, _mm256_loadu_ps(x + ((top + i) * w->in[1] + left) * c + e));
        for (int64_t e = last * c; e < TILE * c; e += LANES)
            _mm256_storeu_ps(patch + e, _mm256_setzero_ps());
    }
}

/* Tiles [from, to) of x into V. */
static void read_inputs(const struct winograd *w, const float *x, int64_t from, int64_t to, float *patch, float *v)
{
    const int64_t c = w->channels, place = v_place(w), row = w->in[1] * c;
    struct place at = place_of(w, from);
    for (int64_t tile = from; tile < to; tile++, v += c, place_next(w, &at)) {
        const int64_t top = at.row - w->pad[0], left = at.column - w->pad[1];
        const float *image = x + at.image * w->in[0] * row;
        if (top >= 0 && left >= 0 && top + TILE <= w->in[0] && left + TILE <= w->in[1]) {
            read_tile(image + top * row + left * c, row, c, v, place);
        } else {
            copy_patch(w, image, top, left, patch);
            read_tile(patch, TILE * c, c, v, place);
        }
    }
}

enum { MOST_OUTPUTS = 4 };

INLINE void write_tile(const struct winograd *w, const float *m, int64_t place, const struct place *at, vec bias,
                       float *y, int r)
{
    const int n = TILE + 1 - r;
    vec x[TILE], t[MOST_OUTPUTS * TILE], o[MOST_OUTPUTS];
    for (int j = 0; j < TILE; j++) {
        for (int i = 0; i < TILE; i++)
            x[i] = _mm256_loadu_ps(m + (i * TILE + j) * place);
        output_transform(x, 1, t + j, TILE, r);
    }
    for (int i = 0; i < n && at->row + i < w->out[0]; i++) {
        float *row = y + ((at->image * w->out[0] + at->row + i) * w->out[1] + at->column) * w->filters;
        output_transform(t + i * TILE, 1, o, 1, r);
        for (int j = 0; j < n; j++)
            if (at->column + j < w->out[1])
                _mm256_storeu_ps(row + j * w->filters, ADD(o[j], bias));
    }
}

/* M into tiles [from, to) of y. */
INLINE void write_tiles(const struct winograd *w, const float *m, const float *bias, int64_t from, int64_t to, float *y,
                        int r)
{
    struct place at = place_of(w, from);
    for (int64_t tile = from; tile < to; tile++, m += PANEL, place_next(w, &at))
        for (int64_t k = 0; k < w->filters; k += LANES) {
            const vec b = bias ? _mm256_loadu_ps(bias + k) : _mm256_setzero_ps();
            write_tile(w, m + k / PANEL * chunk_tiles(w) * PANEL + k % PANEL, m_place(w), &at, b, y + k, r);
        }
}

static void write_outputs(const struct winograd *w, const float *m, const float *bias, int64_t from, int64_t to,
                          float *y)
{
    if (w->kernel == 3)
        write_tiles(w, m, bias, from, to, y, 3);
    else
        write_tiles(w, m, bias, from, to, y, 5);
}

INLINE void read_gradient(const struct winograd *w, const float *dy, const struct place *at, float *m, int64_t place,
                          int r)
{
    const int n = TILE + 1 - r;
    vec d[MOST_OUTPUTS], t[TILE * MOST_OUTPUTS], o[TILE];
    for (int i = 0; i < n; i++) {
        const float *row = dy + ((at->image * w->out[0] + at->row + i) * w->out[1] + at->column) * w->filters;
        for (int j = 0; j < n; j++)
            d[j] = at->row + i < w->out[0] && at->column + j < w->out[1] ? _mm256_loadu_ps(row + j * w->filters)
                                                                         : _mm256_setzero_ps();
        output_adjoint(d, 1, t + i * TILE, 1, r);
    }
    for (int j = 0; j < TILE; j++) {
        output_adjoint(t + j, TILE, o, 1, r);
        for (int i = 0; i < TILE; i++)
            _mm256_storeu_ps(m + (i * TILE + j) * place, o[i]);
    }
}

/* Tiles [from, to) of dy into M. */
INLINE void read_gradient_tiles(const struct winograd *w, const float *dy, int64_t from, int64_t to, float *m, int r)
{
    struct place at = place_of(w, from);
    for (int64_t tile = from; tile < to; tile++, m += PANEL, place_next(w, &at))
        for (int64_t k = 0; k < w->filters; k += LANES)
            read_gradient(w, dy + k, &at, m + k / PANEL * chunk_tiles(w) * PANEL + k % PANEL, m_place(w), r);
}

static void read_gradients(const struct winograd *w, const float *dy, int64_t from, int64_t to, float *m)
{
    if (w->kernel == 3)
        read_gradient_tiles(w, dy, from, to, m, 3);
    else
        read_gradient_tiles(w, dy, from, to, m, 5);
}

/* ---- kernels ---- */
enum { MOST_TAPS = 25 };

INLINE void kernel_in(const float *weights, int64_t tap, bool turned, float *u, int64_t place, int r)
{
    vec g[MOST_TAPS], t[5 * TILE], o[TILE];
    for (int i = 0; i < r; i++) {
        for (int j = 0; j < r; j++)
            g[i * r + j] = _mm256_loadu_ps(weights + (turned ? r * r - 1 - (i * r + j) : i * r + j) * tap);
        kernel_transform(g + i * r, 1, t + i * TILE, 1, r);
    }
    for (int j = 0; j < TILE; j++) {
        kernel_transform(t + j, TILE, o, 1, r);
        for (int i = 0; i < TILE; i++)
            _mm256_storeu_ps(u + (i * TILE + j) * place, o[i]);
    }
}

INLINE void kernel_out(const float *u, int64_t place, float *weights, int64_t tap, int r)
{
    vec x[TILE], t[5 * TILE], o[5];
    for (int j = 0; j < TILE; j++) {
        for (int i = 0; i < TILE; i++)
            x[i] = _mm256_loadu_ps(u + (i * TILE + j) * place);
        kernel_adjoint(x, 1, t + j, TILE, r);
    }
    for (int i = 0; i < r; i++) {
        kernel_adjoint(t + i * TILE, 1, o, 1, r);
        for (int j = 0; j < r; j++)
            _mm256_storeu_ps(weights + (i * r + j) * tap, o[j]);
    }
}

/* ---- passes ---- */
struct pass {
    const struct winograd *w;
    const float *from, *gradient, *weights, *bias; /* weights: (taps, C, K) as w has them */
    float *to, *dweights, *scratch;
    float *u, *chunks;
    bool turned;
};

static void transform_kernels(void *ctx, int32_t i, int32_t n)
{
    const struct pass *p = ctx;
    const int64_t c = p->w->channels, k = p->w->filters, place = c * k;
    int64_t first, last;
    parallel_share(c, 1, i, n, &first, &last);
    for (int64_t row = first; row < last; row++)
        for (int64_t at = 0; at < k; at += LANES) {
            float *u = p->u + at / PANEL * c * PANEL + row * PANEL + at % PANEL;
            if (p->w->kernel == 3)
                kernel_in(p->weights + row * k + at, place, p->turned, u, place, 3);
            else
                kernel_in(p->weights + row * k + at, place, p->turned, u, place, 5);
        }
}

static void convolve(void *ctx, int32_t i, int32_t n)
{
    const struct pass *p = ctx;
    const struct winograd *w = p->w;
    const int64_t chunk = chunk_tiles(w), c = w->channels, k = w->filters;
    float *v = p->chunks + i * own_floats(w), *m = v + PLACES * v_place(w), *patch = m + PLACES * m_place(w);
    int64_t first, last;
    parallel_share(all_tiles(w), chunk, i, n, &first, &last);
    for (int64_t from = first; from < last; from += chunk) {
        const int64_t to = from + chunk < last ? from + chunk : last;
        read_inputs(w, p->from, from, to, patch, v);
        for (int64_t place = 0; place < PLACES; place++)
            for (int64_t panel = 0; panel < k; panel += PANEL)
                products(to - from, c, v + place * v_place(w), c, 1, p->u + place * c * k + panel * c,
                         m + place * m_place(w) + panel * chunk, false);
        write_outputs(w, m, p->bias, from, to, p->to);
    }
}

static void sum_gradients(void *ctx, int32_t i, int32_t n)
{
    const struct pass *p = ctx;
    const struct winograd *w = p->w;
    const int64_t chunk = chunk_tiles(w), c = w->channels, k = w->filters;
    float *v = p->chunks + i * own_floats(w), *m = v + PLACES * v_place(w), *patch = m + PLACES * m_place(w);
    float *u = p->u + i * kernel_floats(w);
    int64_t first, last;
    parallel_share(all_tiles(w), chunk, i, n, &first, &last);
    if (first == last)
        memset(u, 0, (size_t)kernel_floats(w) * sizeof *u);
    for (int64_t from = first; from < last; from += chunk) {
        const int64_t to = from + chunk < last ? from + chunk : last;
        read_inputs(w, p->from, from, to, patch, v);
        read_gradients(w, p->gradient, from, to, m);
        for (int64_t place = 0; place < PLACES; place++)
            for (int64_t panel = 0; panel < k; panel += PANEL)
                products(c, to - from, v + place * v_place(w), 1, c, m + place * m_place(w) + panel * chunk,
                         u + place * c * k + panel * c, from > first);
    }
}

/* The threads' sums into the first one's, then back to kernels. */
static void finish_gradients(void *ctx, int32_t i, int32_t n)
{
    const struct pass *p = ctx;
    const int64_t c = p->w->channels, k = p->w->filters, place = c * k;
    int64_t first, last;
    parallel_share(c, 1, i, n, &first, &last);
    for (int64_t row = first; row < last; row++)
        for (int64_t at = 0; at < k; at += LANES) {
            float *u = p->u + at / PANEL * c * PANEL + row * PANEL + at % PANEL, *out = p->dweights + row * k + at;
            for (int32_t t = 1; t < n; t++)
                for (int64_t e = 0; e < PLACES; e++) {
                    const vec more = _mm256_loadu_ps(u + t * kernel_floats(p->w) + e * place);
                    _mm256_storeu_ps(u + e * place, ADD(_mm256_loadu_ps(u + e * place), more));
                }
            if (p->w->kernel == 3)
                kernel_out(u, place, out, place, 3);
            else
                kernel_out(u, place, out, place, 5);
        }
}
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

/* The scratch memory: kernels, then chunks. */
static void divide(struct pass *p, int64_t kernels)
{
    p->u = p->scratch;
    p->chunks = p->u + kernels;
}

void winograd_forward(const struct winograd *w, const float *x, const float *weights, const float *bias, float *y,
                      float *scratch)
{
    struct pass p = { .w = w, .from = x, .weights = weights, .bias = bias, .to = y, .scratch = scratch };
    divide(&p, kernel_floats(w));
    parallel_run(w->threads, transform_kernels, &p);
    parallel_run(w->threads, convolve, &p);
}

void winograd_data(const struct winograd *w, const float *dy, const float *weights, float *dx, float *scratch)
{
    struct pass p = { .w = w, .from = dy, .to = dx, .scratch = scratch, .turned = true };
    const int64_t taps = w->kernel * w->kernel, size = w->channels * w->filters;
    float *transposed = scratch;
    p.weights = transposed;
    p.scratch += taps * size;
    divide(&p, kernel_floats(w));
    for (int64_t tap = 0; tap < taps; tap++) /* stored (C, K) of the forward pass: filters, channels here */
        kernel_transpose(weights + tap * size, transposed + tap * size, w->filters, w->channels);
    parallel_run(w->threads, transform_kernels, &p);
    parallel_run(w->threads, convolve, &p);
}

void winograd_weights(const struct winograd *w, const float *dy, const float *x, float *dweights, float *scratch)
{
    struct pass p = { .w = w, .from = x, .gradient = dy, .dweights = dweights, .scratch = scratch };
    divide(&p, w->threads * kernel_floats(w));
    parallel_run(w->threads, sum_gradients, &p);
    parallel_run(w->threads, finish_gradients, &p);
}
#else
bool winograd_runs(void)
{
    return false;
}

void winograd_forward(const struct winograd *w, const float *x, const float *weights, const float *bias, float *y,
                      float *scratch)
{
    (void)w, (void)x, (void)weights, (void)bias, (void)y, (void)scratch;
}

void winograd_data(const struct winograd *w, const float *dy, const float *weights, float *dx, float *scratch)
{
    (void)w, (void)dy, (void)weights, (void)dx, (void)scratch;
}

void winograd_weights(const struct winograd *w, const float *dy, const float *x, float *dweights, float *scratch)
{
    (void)w, (void)dy, (void)x, (void)dweights, (void)scratch;
}
#endif
