/* SPDX-License-Identifier: MIT */
/* The three products of a dense layer, each of the form c = a b in blocks of 32 x 32 on four tiles:
 *
 *     pass       a (m, depth)            b (depth, n)
 *     forward    x (rows, in)            W' (in, out): W transposed while it becomes tiles
 *     data       dy (rows, out)          W (out, in)
 *     weights    dy' (out, rows)         x (rows, in)
 *
 * a becomes rows of bfloat16 once, with zeros up to whole blocks, and is read from the second-level cache. b becomes
 * tiles, in panels of 32 columns, some of which stay in the cache together; a thread takes some of these panels. So each number of c is
 * computed in the same order whatever the number of threads. */
#include "amx_dense.h"

#include "kernels.h"
#include "parallel.h"

#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__) && defined(__linux__)
#include <immintrin.h> /* before the compiler is told of the instructions: its functions have targets of their own */

#if defined(__clang__)
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,amx-tile,amx-bf16"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC optimize("O3")
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,amx-tile,amx-bf16")
#endif
#include "amx_pack.h"
#include "amx_tile.h"

enum {
    BLOCK = 2 * TILE,
    CONFLICT = 2048,          /* words: rows so far apart meet in one set of the cache */
    SMALL_GROUP = 256 * 1024, /* bytes */
    LARGE_GROUP = 1024 * 1024,
    MOST_SAMPLES = 512 /* of a product for weights, whose transposed factor would not stay in the cache */
};

static int64_t whole(int64_t n, int64_t multiple)
{
    return (n + multiple - 1) / multiple * multiple;
}

/* A matrix in memory. */
struct matrix {
    const void *at;
    int64_t rows, columns;
    bool half;       /* bfloat16, otherwise float32 */
    bool transposed; /* the factor is its transpose */
};

struct product {
    int64_t m, n, depth;
    struct matrix a, b;
    int64_t stride; /* words from a row of a to the next, as packed */
    const float *bias;
    void *c;
    bool half_c, relu, accumulate;
    int32_t threads;
    uint16_t *rows;        /* (whole(m, 32), stride), or a itself */
    uint16_t *straight;    /* where a is transposed: (whole(depth, 32), a.columns) */
    unsigned char *panels; /* thread_bytes a thread */
};

static int64_t blocks_of(const struct product *p) /* of the depth */
{
    return (p->depth + DEPTH - 1) / DEPTH;
}

static int64_t panel_bytes(const struct product *p)
{
    return 2 * blocks_of(p) * TILE_WORDS * 2;
}

/* Panels that are packed before they are multiplied: so many that rows of b are read, and rows of c written, some hundred bytes at
 * a time; few where b is read along its rows anyway and a has a place beside them in the second-level cache. */
static int64_t group_of(const struct product *p)
{
    const bool few = p->b.transposed && p->m * p->depth * 2 <= LARGE_GROUP;
    const int64_t group = (few ? SMALL_GROUP : LARGE_GROUP) / panel_bytes(p), all = (p->n + BLOCK - 1) / BLOCK;
    return group < 1 ? 1 : group < all ? group : all;
}

static int64_t thread_bytes(const struct product *p)
{
    return BLOCK * BLOCK * 4 + group_of(p) * panel_bytes(p);
}

/* As it is, a serves where no block reaches beyond it. */
static bool is_direct(const struct matrix *a)
{
    return a->half && !a->transposed && a->rows % BLOCK == 0 && a->columns % DEPTH == 0 && a->columns % CONFLICT != 0;
}

static int64_t stride_of(const struct matrix *a, int64_t depth)
{
    const int64_t stride = whole(depth, DEPTH);
    return !is_direct(a) && stride % CONFLICT == 0 ? stride + DEPTH : stride;
}

static struct product product_of(const struct amx_dense *d, enum amx_dense_pass pass, const void *a, const void *b)
{
    enum { LEAST_WORK = 2 << 20 }; /* multiply-adds of the microseconds in which a team starts */
    const bool little = (double)d->rows * (double)d->in * (double)d->out < LEAST_WORK;
    struct product p = { .threads = d->threads > 1 && !little ? d->threads : 1 };
    const struct matrix x = { .rows = d->rows, .columns = d->in, .half = d->half_x },
                        dy = { .rows = d->rows, .columns = d->out, .half = d->half_y },
                        w = { .rows = d->out, .columns = d->in };
    switch (pass) {
    case DENSE_FORWARD:
        p.a = x;
        p.b = w;
        p.b.transposed = true;
        break;
    case DENSE_DATA:
        p.a = dy;
        p.b = w;
        break;
    case DENSE_WEIGHTS:
        p.a = dy;
        p.a.transposed = true;
        p.b = x;
        break;
    }
    p.a.at = a;
    p.b.at = b;
    p.m = p.a.transposed ? p.a.columns : p.a.rows;
    p.depth = p.a.transposed ? p.a.rows : p.a.columns;
    p.n = p.b.transposed ? p.b.rows : p.b.columns;
    p.stride = stride_of(&p.a, p.depth);
    return p;
}

/* ---- a as rows of bfloat16 ---- */
/* Rows [from, to) of x as they are, (whole rows, stride), zeros beyond both ends. */
static void copy_rows(const struct matrix *x, int64_t from, int64_t to, int64_t stride, uint16_t *y)
{
    for (int64_t r = from; r < to; r++) {
        const int64_t n = r < x->rows ? x->columns : 0;
        copy_numbers(x->at, r * x->columns, x->half, y + r * stride, n);
        memset(y + r * stride + n, 0, (size_t)(stride - n) * sizeof *y);
    }
}

static void pack_rows_part(void *ctx, int32_t t, int32_t threads)
{
    const struct product *p = ctx;
    int64_t from, to;
    parallel_share(whole(p->m, BLOCK), BLOCK, t, threads, &from, &to);
    copy_rows(&p->a, from, to, p->stride, p->rows);
}

/* The transpose of p->straight, for columns [from, to) of a. */
static void transpose_part(void *ctx, int32_t t, int32_t threads)
{
    const struct product *p = ctx;
    const int64_t n = p->a.columns, samples = whole(p->depth, DEPTH);
    int64_t from, to;
    parallel_share(whole(p->m, BLOCK), BLOCK, t, threads, &from, &to);
    for (int64_t first = from; first < to; first += LANES) {
        uint16_t *y = p->rows + first * p->stride;
        if (first < n)
            transpose_columns(p->straight + first, samples, n, first_lanes(n - first), y, p->stride);
        else
            memset(y, 0, (size_t)(LANES * p->stride) * sizeof *y);
    }
}

static void straighten_part(void *ctx, int32_t t, int32_t threads)
{
    const struct product *p = ctx;
    int64_t from, to;
    parallel_share(whole(p->a.rows, DEPTH), DEPTH, t, threads, &from, &to);
    copy_rows(&p->a, from, to, p->a.columns, p->straight);
}

/* ---- b as tiles ---- */
/* 16 rows of w from `first` on become columns: pairs along the depth side by side. */
static void pack_transposed(const struct matrix *w, int64_t first, uint16_t *tiles)
{
    enum { AHEAD = 256 }; /* bytes: the weights come from the third-level cache, or from farther away */
    for (int64_t at = 0; at < w->columns; at += DEPTH, tiles += TILE_WORDS) {
        const __mmask16 low = first_lanes(w->columns - at), high = first_lanes(w->columns - at - LANES);
        __m512i r[LANES];
        for (int i = 0; i < LANES; i++) {
            const float *row = (const float *)w->at + (first + i) * w->columns + at;
            if (first + i >= w->rows) {
                r[i] = _mm512_setzero_si512();
                continue;
            }
            _mm_prefetch((const char *)row + AHEAD, _MM_HINT_T0);
            _mm_prefetch((const char *)row + AHEAD + 64, _MM_HINT_T0);
            r[i] = (__m512i)_mm512_cvtne2ps_pbh(_mm512_maskz_loadu_ps(high, row + LANES),
                                                _mm512_maskz_loadu_ps(low, row));
        }
        transpose_16(r);
        for (int i = 0; i < LANES; i++)
            _mm512_storeu_si512(tiles + i * WORDS, r[i]);
    }
}

/* Rows [r, r + 32) of 16 columns of w from `first` on: pairs of rows side by side, zeros beyond both ends. */
static void pack_straight(const struct matrix *w, int64_t r, int64_t first, uint16_t *tile)
{
    const __mmask16 mask = first_lanes(w->columns - first);
    for (int64_t i = 0; i < DEPTH; i += 2, r += 2, tile += WORDS) {
        const int64_t at = r * w->columns + first;
        const __m512 a = load_floats(w->at, at, w->half, r < w->rows ? mask : 0);
        const __m512 b = load_floats(w->at, at + w->columns, w->half, r + 1 < w->rows ? mask : 0);
        _mm512_storeu_si512(tile, interleave((__m256i)_mm512_cvtneps_pbh(a), (__m256i)_mm512_cvtneps_pbh(b)));
    }
}

/* Columns [from, to) of the factor as tiles, 16 of them after each other, in the order in which they lie in memory. */
static void pack_group(const struct product *p, int64_t from, int64_t to, uint16_t *tiles)
{
    const int64_t step = blocks_of(p) * TILE_WORDS;
    if (p->b.transposed)
        for (int64_t column = from; column < to; column += TILE, tiles += step)
            pack_transposed(&p->b, column, tiles);
    else
        for (int64_t r = 0; r < p->depth; r += DEPTH, tiles += TILE_WORDS)
            for (int64_t column = from; column < to; column += TILE)
                pack_straight(&p->b, r, column, tiles + (column - from) / TILE * step);
}

/* ---- c ---- */
/* A block of results, (32, 32), to rows [row, row + 32) and columns [column, column + 32) of c, as far as there are any. */
static void finish_block(const struct product *p, const float *o, int64_t row, int64_t column)
{
    const int64_t rows = p->m - row < BLOCK ? p->m - row : BLOCK;
    for (int64_t e = column; e < p->n && e < column + BLOCK; e += LANES) {
        const __mmask16 mask = first_lanes(p->n - e);
        const __m512 zero = _mm512_setzero_ps(), bias = p->bias ? _mm512_maskz_loadu_ps(mask, p->bias + e) : zero;
        const float *from = o + e - column;
        for (int64_t r = 0; r < rows; r++) {
            const int64_t at = (row + r) * p->n + e;
            __m512 v = _mm512_add_ps(_mm512_loadu_ps(from + r * BLOCK), bias);
            if (p->accumulate)
                v = _mm512_add_ps(v, load_floats(p->c, at, p->half_c, mask));
            if (p->relu) /* NaN stays NaN */
                v = _mm512_mask_mov_ps(v, _mm512_cmp_ps_mask(v, zero, _CMP_LT_OQ), zero);
            store_floats(p->c, at, p->half_c, mask, v);
        }
    }
}

/* Rows [row, row + 32) and columns [column, column + 32) of c from packed tiles; o: room for a block. */
static void multiply(const struct product *p, int64_t row, int64_t column, const uint16_t *tiles, float *o)
{
    const int64_t blocks = blocks_of(p), step = blocks * TILE_WORDS;
    const struct depth d = { 1, blocks, 0 };
    const uint16_t *a = p->rows + row * p->stride;
    if (!p->half_c && !p->bias && !p->relu && !p->accumulate && row + BLOCK <= p->m && column + BLOCK <= p->n) {
        product_2x2(a, p->stride, &d, tiles, step, (float *)p->c + row * p->n + column, p->n);
        return;
    }
    product_2x2(a, p->stride, &d, tiles, step, o, BLOCK);
    tiles_see_memory();
    finish_block(p, o, row, column);
}

static void panels_part(void *ctx, int32_t t, int32_t threads)
{
    const struct product *p = ctx;
    const int64_t step = blocks_of(p) * TILE_WORDS, width = group_of(p) * BLOCK;
    float *o = (void *)(p->panels + t * thread_bytes(p));
    uint16_t *tiles = (void *)(o + BLOCK * BLOCK);
    int64_t from, to;
    parallel_share(p->n, BLOCK, t, threads, &from, &to);
    if (from == to)
        return;
    tiles_begin();
    for (int64_t first = from; first < to; first += width) {
        const int64_t end = first + width < to ? first + width : to;
        pack_group(p, first, whole(end, BLOCK), tiles);
        tiles_see_memory();
        for (int64_t row = 0; row < p->m; row += BLOCK)
            for (int64_t column = first; column < end; column += BLOCK)
                multiply(p, row, column, tiles + (column - first) / TILE * step, o);
    }
    tiles_end();
}
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

/* ---- as passes ---- */
static int64_t straight_bytes(const struct product *p)
{
    return p->a.transposed ? whole(whole(p->depth, DEPTH) * p->a.columns * 2, 64) : 0;
}

static int64_t rows_bytes(const struct product *p)
{
    return is_direct(&p->a) ? 0 : whole(p->m, BLOCK) * p->stride * 2;
}

static const void *row_of(const void *x, bool half, int64_t columns, int64_t row)
{
    return (const char *)x + row * columns * (int64_t)(half ? sizeof(uint16_t) : sizeof(float));
}

/* Samples [from, ...) of d, as many as the weights take at once. */
static struct amx_dense some_samples(const struct amx_dense *d, int64_t from)
{
    struct amx_dense some = *d;
    some.rows = d->rows - from < MOST_SAMPLES ? d->rows - from : MOST_SAMPLES;
    return some;
}

uint64_t amx_dense_scratch(const struct amx_dense *d, enum amx_dense_pass pass)
{
    const struct amx_dense some = pass == DENSE_WEIGHTS ? some_samples(d, 0) : *d;
    const struct product p = product_of(&some, pass, NULL, NULL);
    return (uint64_t)(rows_bytes(&p) + straight_bytes(&p) + p.threads * thread_bytes(&p));
}

static void run(struct product *p, void *scratch)
{
    unsigned char *at = scratch;
    p->rows = (void *)at;
    p->straight = (void *)(at + rows_bytes(p));
    p->panels = at + rows_bytes(p) + straight_bytes(p);
    if (is_direct(&p->a)) {
        memcpy(&p->rows, &p->a.at, sizeof p->rows); /* read alone */
    } else if (p->a.transposed) {
        parallel_run(p->threads, straighten_part, p);
        parallel_run(p->threads, transpose_part, p);
    } else {
        parallel_run(p->threads, pack_rows_part, p);
    }
    parallel_run(p->threads, panels_part, p);
}

void amx_dense_forward(const struct amx_dense *d, const void *x, const float *weights, const float *bias, void *y,
                       void *scratch)
{
    struct product p = product_of(d, DENSE_FORWARD, x, weights);
    p.bias = bias;
    p.c = y;
    p.half_c = d->half_y;
    p.relu = d->relu;
    run(&p, scratch);
}

void amx_dense_data(const struct amx_dense *d, const void *dy, const float *weights, void *dx, bool accumulate,
                    void *scratch)
{
    struct product p = product_of(d, DENSE_DATA, dy, weights);
    p.c = dx;
    p.half_c = d->half_x;
    p.accumulate = accumulate;
    run(&p, scratch);
}

void amx_dense_weights(const struct amx_dense *d, const void *dy, const void *x, float *dweights, void *scratch)
{
    for (int64_t from = 0; from < d->rows; from += MOST_SAMPLES) {
        const struct amx_dense some = some_samples(d, from);
        struct product p = product_of(&some, DENSE_WEIGHTS, row_of(dy, d->half_y, d->out, from),
                                      row_of(x, d->half_x, d->in, from));
        p.c = dweights;
        p.accumulate = from > 0;
        run(&p, scratch);
    }
}
#else
uint64_t amx_dense_scratch(const struct amx_dense *d, enum amx_dense_pass pass)
{
    (void)d, (void)pass;
    return 0;
}

void amx_dense_forward(const struct amx_dense *d, const void *x, const float *weights, const float *bias, void *y,
                       void *scratch)
{
    (void)d, (void)x, (void)weights, (void)bias, (void)y, (void)scratch;
}

void amx_dense_data(const struct amx_dense *d, const void *dy, const float *weights, void *dx, bool accumulate,
                    void *scratch)
{
    (void)d, (void)dy, (void)weights, (void)dx, (void)accumulate, (void)scratch;
}

void amx_dense_weights(const struct amx_dense *d, const void *dy, const void *x, float *dweights, void *scratch)
{
    (void)d, (void)dy, (void)x, (void)dweights, (void)scratch;
}
#endif
