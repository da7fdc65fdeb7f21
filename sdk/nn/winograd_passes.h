/* SPDX-License-Identifier: MIT */
/* How winograd.c cuts its work, and the parts of its passes, which there are once per instruction set (winograd_avx2.c,
 * winograd_avx512.c). */
#ifndef HONE_NN_WINOGRAD_PASSES_H
#define HONE_NN_WINOGRAD_PASSES_H
#include "winograd.h"

#include "parallel.h"

enum { TILE = 6, PLACES = TILE * TILE, PAD = 16 };
enum { CHUNK_FLOATS = 72 * 1024, LEAST_TILES = 24, MOST_TILES = 96 };

static inline int64_t outputs(const struct winograd *w) /* a tile's rows */
{
    return TILE + 1 - w->kernel;
}

static inline int64_t tiles_along(const struct winograd *w, int dimension)
{
    return (w->out[dimension] + outputs(w) - 1) / outputs(w);
}

static inline int64_t all_tiles(const struct winograd *w)
{
    return w->batch * tiles_along(w, 0) * tiles_along(w, 1);
}

static inline int64_t chunk_tiles(const struct winograd *w)
{
    const int64_t tiles = CHUNK_FLOATS / (PLACES * (w->channels + w->filters)) / TILE * TILE;
    return tiles < LEAST_TILES ? LEAST_TILES : tiles > MOST_TILES ? MOST_TILES : tiles;
}

static inline int64_t v_place(const struct winograd *w)
{
    return chunk_tiles(w) * w->channels + PAD;
}

static inline int64_t m_place(const struct winograd *w)
{
    return chunk_tiles(w) * w->filters + PAD;
}

static inline int64_t kernel_floats(const struct winograd *w) /* of U */
{
    return PLACES * w->channels * w->filters;
}

static inline int64_t own_floats(const struct winograd *w) /* of a thread: V, M, a patch */
{
    return PLACES * (v_place(w) + m_place(w) + w->channels);
}

struct winograd_pass_data {
    const struct winograd *w;
    const float *from, *gradient, *weights, *bias; /* weights: (taps, C, K) as w has them */
    float *to, *dweights, *scratch;
    float *u, *chunks;
    bool turned, accumulate;
};

/* What each of n threads does, i-th of them; ctx: struct winograd_pass_data. */
struct winograd_code {
    void (*transform_kernels)(void *ctx, int32_t i, int32_t n);
    void (*convolve)(void *ctx, int32_t i, int32_t n);
    void (*sum_gradients)(void *ctx, int32_t i, int32_t n);
    void (*finish_gradients)(void *ctx, int32_t i,
                             int32_t n); /* the threads' sums into the first one's, then back to kernels */
};
extern const struct winograd_code winograd_avx2, winograd_avx512;
#endif
