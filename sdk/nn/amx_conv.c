/* SPDX-License-Identifier: MIT */
/* Convolutions as products on the tiles of AMX. An image becomes rows of bfloat16 pixels with zeros between them, so that
 * output number p = row * pitch + column reads, for row i of the kernel, the numbers from (p + i * pitch) * channels on: for all
 * columns of the kernel and all channels they lie side by side. So sixteen outputs are sixteen rows of a factor whose depth is
 * (kernel columns * channels), padded by weights of zero to 32; what comes out between the images' rows is left away.
 *
 *     forward    y = x * w
 *     to data    dx = dy, its pixels `stride` apart, * w turned around, with channels and filters exchanged
 *     weights    dw[i][j] = sum over pixels p of x[p + i * pitch + j] dy[p]: a factor of x transposed, (channels, pixels), where a
 *                tap is another first pixel, and one of dy in pairs of pixels
 *
 * Work is cut into units of some rows of an image, or of some images, that stay in the cache. */
#include "amx_conv.h"

#include "kernels.h"
#include "parallel.h"

#include <stdlib.h>
#include <string.h>

bool amx_takes(const struct conv_shape *s)
{
    return s->bfloat16 && s->groups == 1 && s->dilation[0] == 1 && s->dilation[1] == 1 && s->pad[0] < s->kernel[0] &&
           s->pad[1] < s->kernel[1] && (s->stride[0] == s->stride[1] || s->out[0] == 1);
}

struct amx_conv amx_conv_of(const struct conv_shape *s, uint32_t threads)
{
    const struct amx_conv c = { .batch = s->batch,
                                .channels = s->channels,
                                .filters = s->filters,
                                .in = { s->in[0], s->in[1] },
                                .out = { s->out[0], s->out[1] },
                                .kernel = { s->kernel[0], s->kernel[1] },
                                .stride = { s->stride[0], s->stride[1] },
                                .pad = { s->pad[0], s->pad[1] },
                                .threads = threads ? (int32_t)threads : 1 };
    return c;
}

#if defined(__x86_64__) && defined(__GNUC__) && defined(__linux__)
#include <cpuid.h>
#include <immintrin.h> /* before the compiler is told of the instructions: its functions have targets of their own */
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The tiles are 8 kB more to save with every thread, for which Linux wants to be asked. */
static bool allowed;
static void ask(void)
{
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18, AMX_BF16 = 1 << 22, AMX_TILE = 1 << 24 };
    unsigned a, b, c, d = 0;
    const bool there = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & AMX_BF16) && (d & AMX_TILE);
    allowed = there && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
              __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bf16") &&
              syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}

bool amx_runs(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, ask);
    return allowed;
}

#define AMX_TARGET "avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,amx-tile,amx-bf16"
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target(AMX_TARGET))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC optimize("O3")
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,amx-tile,amx-bf16")
#endif
#include "amx_pack.h"
#include "amx_tile.h"

enum {
    UNIT_BYTES = 512 * 1024,
    SUMS_BYTES = 64 * 1024
}; /* of the second-level cache, and a little more than the first one */

static int64_t whole(int64_t n, int64_t multiple)
{
    return (n + multiple - 1) / multiple * multiple;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* 1 x 1 kernels read every stride-th pixel as an image of its own. */
static bool is_pointwise(const struct amx_conv *c)
{
    return c->kernel[0] == 1 && c->kernel[1] == 1;
}

/* ---- one convolution of stride 1 or more: forward, or to the data ---- */
struct correlation {
    struct grid grid;
    int64_t batch, filters, room; /* room: filters in whole tiles */
    int64_t out[2], kernel[2], stride;
    int64_t blocks; /* of the depth, for a row of the kernel */
    int64_t rows;   /* of outputs in a unit */
    int32_t threads;
};

/* needed: pixels of a row with its borders */
static void set_pitch(struct grid *g, int64_t needed)
{
    const int64_t reach = (needed - g->pad[1] + g->spread[1] - 1) / g->spread[1];
    g->copied = reach < g->source[1] ? reach : g->source[1];
    const int64_t extent = g->pad[1] + (g->copied - 1) * g->spread[1] + 1, right = needed - extent;
    g->pitch = extent + most(0, right - g->pad[1]);
}

static int64_t positions(const struct correlation *c, int64_t rows) /* of outputs, those between rows included */
{
    return whole((rows - 1) * c->grid.pitch + c->out[1], 4 * TILE);
}

static int64_t image_words(const struct correlation *c, int64_t rows)
{
    const int64_t n = c->grid.channels;
    return whole(positions(c, rows) * c->stride * n + (c->kernel[0] * c->grid.pitch + c->kernel[1]) * n +
                     c->blocks * DEPTH,
                 DEPTH);
}

static int64_t weight_words(const struct correlation *c)
{
    return c->room / TILE * c->kernel[0] * c->blocks * TILE_WORDS;
}

static int64_t unit_bytes(const struct correlation *c) /* a thread's */
{
    return image_words(c, c->rows) * 2 + positions(c, c->rows) * c->room * 4;
}

static void complete(struct correlation *c)
{
    c->room = whole(c->filters, TILE);
    c->blocks = (c->kernel[1] * c->grid.channels + DEPTH - 1) / DEPTH;
    set_pitch(&c->grid, (c->out[1] - 1) * c->stride + c->kernel[1]);
    c->rows = c->out[0];
    while (c->rows > 1 && unit_bytes(c) > UNIT_BYTES)
        c->rows = (c->rows + 1) / 2;
}

static struct correlation forward_of(const struct amx_conv *a)
{
    const bool pointwise = is_pointwise(a);
    struct correlation c = { .batch = a->batch,
                             .filters = a->filters,
                             .out = { a->out[0], a->out[1] },
                             .kernel = { a->kernel[0], a->kernel[1] },
                             .stride = pointwise ? 1 : a->stride[1],
                             .threads = a->threads };
    c.grid = (struct grid){ .channels = a->channels,
                            .room = a->channels,
                            .source = { pointwise ? a->out[0] : a->in[0], pointwise ? a->out[1] : a->in[1] },
                            .width = a->in[1],
                            .image = a->in[0] * a->in[1],
                            .step = { pointwise ? a->stride[0] : 1, pointwise ? a->stride[1] : 1 },
                            .spread = { 1, 1 },
                            .pad = { a->pad[0], a->pad[1] },
                            .half = a->half_x };
    complete(&c);
    return c;
}

static struct correlation data_of(const struct amx_conv *a)
{
    struct correlation c = { .batch = a->batch,
                             .filters = a->channels,
                             .out = { a->in[0], a->in[1] },
                             .kernel = { a->kernel[0], a->kernel[1] },
                             .stride = 1,
                             .threads = a->threads };
    c.grid = (struct grid){ .channels = a->filters,
                            .room = a->filters,
                            .source = { a->out[0], a->out[1] },
                            .width = a->out[1],
                            .image = a->out[0] * a->out[1],
                            .step = { 1, 1 },
                            .spread = { a->stride[0], a->stride[1] },
                            .pad = { a->kernel[0] - 1 - a->pad[0], a->kernel[1] - 1 - a->pad[1] },
                            .half = a->half_y };
    complete(&c);
    return c;
}

/* weights: (kernel rows, kernel columns, channels, filters) of this correlation */
static void pack_weights(const struct correlation *c, const float *weights, uint16_t *packed)
{
    const int64_t depth = c->kernel[1] * c->grid.channels;
    for (int64_t k = 0; k < c->filters; k += TILE)
        for (int64_t i = 0; i < c->kernel[0]; i++, packed += c->blocks * TILE_WORDS)
            pack_matrix(weights + i * depth * c->filters, depth, c->filters, k, packed);
}

/* Outputs of one unit from the packed image x: (positions, room). */
static void multiply(const struct correlation *c, int64_t n, const uint16_t *x, const uint16_t *packed, float *o)
{
    const int64_t row = c->stride * c->grid.channels, step = c->kernel[0] * c->blocks * TILE_WORDS;
    const struct depth d = { c->kernel[0], c->blocks, c->grid.pitch * c->grid.channels };
    int64_t k = 0;
    for (; k + 2 * TILE <= c->room; k += 2 * TILE)
        for (int64_t p = 0; p < n; p += 2 * TILE)
            product_2x2(x + p * row, row, &d, packed + k / TILE * step, step, o + p * c->room + k, c->room);
    for (; k < c->room; k += TILE)
        for (int64_t p = 0; p < n; p += 4 * TILE)
            product_4x1(x + p * row, row, &d, packed + k / TILE * step, o + p * c->room + k, c->room);
}

struct convolving {
    const struct correlation *c;
    const void *x;
    const uint16_t *packed;
    const struct finish *finish;
    void *y;
    unsigned char *scratch; /* unit_bytes a thread */
};

static void convolve(void *ctx, int32_t t, int32_t threads)
{
    const struct convolving *w = ctx;
    const struct correlation *c = w->c;
    const int64_t bands = (c->out[0] + c->rows - 1) / c->rows, k = c->filters;
    uint16_t *x = (void *)(w->scratch + t * unit_bytes(c));
    float *o = (void *)(x + image_words(c, c->rows));
    int64_t first, last;
    parallel_share(c->batch * bands, 1, t, threads, &first, &last);
    if (first == last)
        return;
    memset(x, 0, (size_t)image_words(c, c->rows) * sizeof *x);
    tiles_begin();
    for (int64_t unit = first; unit < last; unit++) {
        const int64_t image = unit / bands, from = unit % bands * c->rows;
        const int64_t rows = c->out[0] - from < c->rows ? c->out[0] - from : c->rows;
        pack_rows(&c->grid, w->x, image, from * c->stride, (from + rows - 1) * c->stride + c->kernel[0], x);
        tiles_see_memory();
        multiply(c, positions(c, rows), x, w->packed, o);
        for (int64_t r = 0; r < rows; r++)
            finish_pixels(w->finish, o + r * c->grid.pitch * c->room, c->room, c->out[1], k, w->y,
                          ((image * c->out[0] + from + r) * c->out[1]) * k);
    }
    tiles_end();
}

static void correlate(const struct correlation *c, const void *x, const float *weights, const struct finish *finish,
                      void *y, unsigned char *scratch)
{
    uint16_t *packed = (void *)scratch;
    struct convolving w = { c, x, packed, finish, y, scratch + weight_words(c) * 2 };
    pack_weights(c, weights, packed);
    parallel_run(c->threads, convolve, &w);
}

static uint64_t correlation_bytes(const struct correlation *c)
{
    return (uint64_t)(weight_words(c) * 2 + c->threads * unit_bytes(c));
}

/* ---- the gradient of the weights ---- */
struct gradient {
    struct grid x, dy;                 /* on one grid of pixels, that of a convolution of stride 1 */
    int64_t batch, images, image_rows; /* images of a unit, rows of the grid from one to the next */
    int64_t out[2], kernel[2];         /* out: rows and columns of the grid that dy lies on */
    int64_t rows;                      /* of dy's in a unit of one image */
    int64_t places, rooms;             /* tiles along taps and channels, and along filters */
    int64_t pixels, length;            /* of a unit: pixels of dy, and of x transposed */
    int32_t threads;
};

static int64_t sums_floats(const struct gradient *g) /* a thread's */
{
    return g->places * g->rooms * TILE_FLOATS;
}

static int64_t x_words(const struct gradient *g)
{
    return whole(g->length * g->x.channels, DEPTH);
}

static int64_t turned_words(const struct gradient *g)
{
    return whole(g->x.channels, TILE) * g->length;
}

static int64_t dy_words(const struct gradient *g)
{
    return (g->pixels + g->x.pitch) * g->rooms * TILE; /* a row of zeros is written as a whole */
}

static int64_t gradient_unit_bytes(const struct gradient *g)
{
    return (x_words(g) + turned_words(g) + 2 * dy_words(g)) * 2 + sums_floats(g) * 4;
}

static void set_unit(struct gradient *g, int64_t images, int64_t rows)
{
    const int64_t pitch = g->x.pitch, used = ((images - 1) * g->image_rows + rows - 1) * pitch + g->out[1];
    g->images = images;
    g->rows = rows;
    g->pixels = whole(used, DEPTH);
    /* taps read beyond; rows of a power of two would meet in one set of the cache */
    g->length = whole(g->pixels + (g->kernel[0] - 1) * pitch + g->kernel[1] - 1, DEPTH) + DEPTH;
    const int64_t all = ((images - 1) * g->image_rows + rows - 1 + g->kernel[0]) * pitch;
    g->length = most(g->length, whole(all, DEPTH));
    if (g->length % (2048 / 4) == 0)
        g->length += DEPTH;
}

static struct gradient gradient_of(const struct amx_conv *a)
{
    const struct correlation forward = forward_of(a);
    const int64_t s[2] = { forward.stride == 1 ? 1 : a->stride[0], forward.stride == 1 ? 1 : a->stride[1] };
    struct gradient g = { .x = forward.grid,
                          .batch = a->batch,
                          .out = { (a->out[0] - 1) * s[0] + 1, (a->out[1] - 1) * s[1] + 1 },
                          .kernel = { a->kernel[0], a->kernel[1] },
                          .threads = a->threads };
    g.dy = (struct grid){ .channels = a->filters,
                          .room = whole(a->filters, TILE),
                          .source = { a->out[0], a->out[1] },
                          .width = a->out[1],
                          .image = a->out[0] * a->out[1],
                          .step = { 1, 1 },
                          .spread = { s[0], s[1] },
                          .copied = a->out[1],
                          .pitch = forward.grid.pitch,
                          .half = a->half_y };
    g.places = a->kernel[0] * a->kernel[1] * whole(a->channels, TILE) / TILE;
    g.rooms = g.dy.room / TILE;
    g.image_rows = g.out[0] - 1 + g.kernel[0];
    set_unit(&g, 1, g.out[0]);
    while (g.rows > 1 && gradient_unit_bytes(&g) - sums_floats(&g) * 4 > UNIT_BYTES)
        set_unit(&g, 1, (g.rows + 1) / 2);
    while (g.rows == g.out[0] && g.images < g.batch && (turned_words(&g) + dy_words(&g)) * 2 < SUMS_BYTES / 2)
        set_unit(&g, g.images + 1, g.rows);
    return g;
}

/* All places from the transposed x and the pairs of dy, added to sums (places, rooms, 16, 16). */
static void sum_up(const struct gradient *g, int64_t pixels, const uint16_t *turned, const uint16_t *pairs, float *sums)
{
    const struct sums s = { pixels / DEPTH, g->length, g->rooms * DEPTH, TILE_FLOATS };
    const int64_t tiles = whole(g->x.channels, TILE) / TILE;
    int64_t k = 0;
    for (; k<g->rooms; k += g->rooms - k> 1 ? 2 : 1) {
        const int n = g->rooms - k > 1 ? 2 : 4;
        for (int64_t place = 0; place < g->places; place += n) {
            const uint16_t *a[4];
            float *c[4];
            for (int i = 0; i < n; i++) { /* the last place again where there are no more */
                const int64_t at = place + i < g->places ? place + i : g->places - 1, tap = at / tiles;
                a[i] = turned + at % tiles * TILE * g->length + tap / g->kernel[1] * g->x.pitch + tap % g->kernel[1];
                c[i] = sums + (at * g->rooms + k) * TILE_FLOATS;
            }
            if (n == 2)
                sums_2x2(&s, a, pairs + k * DEPTH, c);
            else
                sums_4x1(&s, a, pairs + k * DEPTH, c, (int)(g->places - place < n ? g->places - place : n));
        }
    }
}

struct summing {
    const struct gradient *g;
    const void *x, *dy;
    float *dweights;
    unsigned char *scratch; /* gradient_unit_bytes a thread, its sums first */
};

static float *sums_of(const struct summing *w, int32_t t)
{
    return (void *)(w->scratch + t * gradient_unit_bytes(w->g));
}

static void sum_units(void *ctx, int32_t t, int32_t threads)
{
    const struct summing *w = ctx;
    const struct gradient *g = w->g;
    const int64_t bands = (g->out[0] + g->rows - 1) / g->rows, groups = (g->batch + g->images - 1) / g->images;
    float *sums = sums_of(w, t);
    uint16_t *turned = (void *)(sums + sums_floats(g)), *pairs = turned + turned_words(g), *dy = pairs + dy_words(g),
             *x = dy + dy_words(g);
    int64_t first, last;
    parallel_share(groups * bands, 1, t, threads, &first, &last);
    memset(sums, 0, (size_t)sums_floats(g) * sizeof *sums);
    if (first == last)
        return;
    memset(x, 0, (size_t)x_words(g) * sizeof *x);
    memset(dy, 0, (size_t)dy_words(g) * sizeof *dy);
    tiles_begin();
    for (int64_t unit = first; unit < last; unit++) {
        const int64_t image = unit / bands * g->images, from = unit % bands * g->rows, pitch = g->x.pitch;
        const int64_t images = g->batch - image < g->images ? g->batch - image : g->images;
        const int64_t rows = g->out[0] - from < g->rows ? g->out[0] - from : g->rows;
        const int64_t used = ((images - 1) * g->image_rows + rows - 1) * pitch + g->out[1];
        for (int64_t i = 0; i < images; i++) {
            const int64_t at = i * g->image_rows * pitch;
            pack_rows(&g->x, w->x, image + i, from, from + rows - 1 + g->kernel[0], x + at * g->x.channels);
            pack_rows(&g->dy, w->dy, image + i, from, from + rows, dy + at * g->dy.room);
        }
        /* a unit that is smaller than the one before leaves some of that behind */
        memset(dy + used * g->dy.room, 0, (size_t)(g->pixels - used) * (size_t)g->dy.room * sizeof *dy);
        transpose_pixels(x, g->length / DEPTH * DEPTH, g->x.channels, turned, g->length);
        pair_pixels(dy, whole(used, DEPTH), g->dy.room, pairs);
        tiles_see_memory();
        sum_up(g, whole(used, DEPTH), turned, pairs, sums);
    }
    tiles_end();
}

/* The threads' sums, in their order, as (taps, channels, filters). */
static void finish_sums(const struct summing *w, int32_t threads)
{
    const struct gradient *g = w->g;
    const int64_t c = g->x.channels, k = g->dy.channels, tiles = whole(c, TILE) / TILE;
    for (int64_t place = 0; place < g->places; place++)
        for (int64_t room = 0; room < g->rooms; room++)
            for (int64_t i = 0; i < TILE; i++) {
                const int64_t channel = place % tiles * TILE + i, at = ((place * g->rooms + room) * TILE + i) * TILE;
                const __mmask16 mask = first_lanes(k - room * TILE);
                if (channel >= c)
                    break;
                __m512 sum = _mm512_loadu_ps(sums_of(w, 0) + at);
                for (int32_t t = 1; t < threads; t++)
                    sum = _mm512_add_ps(sum, _mm512_loadu_ps(sums_of(w, t) + at));
                _mm512_mask_storeu_ps(w->dweights + (place / tiles * c + channel) * k + room * TILE, mask, sum);
            }
}
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

/* ---- as passes ---- */
static int64_t weight_count(const struct amx_conv *a)
{
    return a->kernel[0] * a->kernel[1] * a->channels * a->filters;
}

uint64_t amx_conv_scratch(const struct amx_conv *a, bool backward)
{
    if (!backward) {
        const struct correlation c = forward_of(a);
        return correlation_bytes(&c);
    }
    const struct correlation c = data_of(a);
    const struct gradient g = gradient_of(a);
    const uint64_t turned = (uint64_t)whole(weight_count(a), LANES) * sizeof(float);
    const uint64_t data = turned + correlation_bytes(&c), sums = (uint64_t)(g.threads * gradient_unit_bytes(&g));
    return data > sums ? data : sums;
}

void amx_conv_forward(const struct amx_conv *a, const void *x, const float *weights, const float *bias, void *y,
                      void *scratch)
{
    const struct correlation c = forward_of(a);
    const struct finish finish = { bias, a->relu, a->half_y, false };
    correlate(&c, x, weights, &finish, y, scratch);
}

void amx_conv_backward(const struct amx_conv *a, const void *dy, const void *x, const float *weights, void *dx,
                       bool accumulate, float *dweights, void *scratch)
{
    const struct gradient g = gradient_of(a);
    struct summing w = { &g, x, dy, dweights, scratch };
    parallel_run(g.threads, sum_units, &w);
    finish_sums(&w, g.threads);
    if (!dx)
        return;
    const struct correlation c = data_of(a);
    const struct finish finish = { NULL, false, a->half_x, accumulate };
    const int64_t taps = a->kernel[0] * a->kernel[1], size = a->channels * a->filters;
    float *turned = scratch;
    for (int64_t tap = 0; tap < taps; tap++)
        kernel_transpose(weights + (taps - 1 - tap) * size, turned + tap * size, a->channels, a->filters);
    correlate(&c, dy, turned, &finish, dx,
              (unsigned char *)scratch + whole(weight_count(a), LANES) * (int64_t)sizeof(float));
}
#else
bool amx_runs(void)
{
    return false;
}

uint64_t amx_conv_scratch(const struct amx_conv *a, bool backward)
{
    (void)a, (void)backward;
    return 0;
}

void amx_conv_forward(const struct amx_conv *a, const void *x, const float *weights, const float *bias, void *y,
                      void *scratch)
{
    (void)a, (void)x, (void)weights, (void)bias, (void)y, (void)scratch;
}

void amx_conv_backward(const struct amx_conv *a, const void *dy, const void *x, const float *weights, void *dx,
                       bool accumulate, float *dweights, void *scratch)
{
    (void)a, (void)dy, (void)x, (void)weights, (void)dx, (void)accumulate, (void)dweights, (void)scratch;
}
#endif
