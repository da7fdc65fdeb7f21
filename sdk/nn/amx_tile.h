/* SPDX-License-Identifier: MIT */
/* Products on the eight tiles of AMX: 16 x 16 sums of float32, 16 x 32 and 32 x 16 factors of bfloat16. To be included where the
 * compiler may use AMX. The tiles of sums are 0 to 3. */
#ifndef HONE_NN_AMX_TILE_H
#define HONE_NN_AMX_TILE_H
#include "kernels.h"

#include <immintrin.h>
#include <string.h>

enum { TILE = 16, DEPTH = 32, TILE_FLOATS = TILE * TILE, TILE_WORDS = TILE * DEPTH };

/* A thread's tiles: all of 16 rows of 64 bytes. */
INLINE void tiles_begin(void)
{
    struct {
        uint8_t palette, start, reserved[14];
        uint16_t bytes[16];
        uint8_t rows[16];
    } config;
    memset(&config, 0, sizeof config);
    config.palette = 1;
    for (int i = 0; i < 8; i++) {
        config.bytes[i] = DEPTH * sizeof(uint16_t);
        config.rows[i] = TILE;
    }
    _tile_loadconfig(&config);
}

INLINE void tiles_end(void)
{
    _tile_release();
}

/* The intrinsics do not say that they read memory. */
INLINE void tiles_see_memory(void)
{
    __asm__ volatile("" ::: "memory");
}

/* Of a factor: `outer` and then `inner` blocks of 32 along the depth, so many numbers apart. */
struct depth {
    int64_t outer, inner, outer_step;
};

/* 32 rows of a times 32 columns of b -> c (32, 32).
 * a: rows a_row numbers apart  b: tiles one after the other; the other 16 columns b_step numbers further  c: rows c_row floats
 * apart */
INLINE void product_2x2(const uint16_t *a, int64_t a_row, const struct depth *d, const uint16_t *b, int64_t b_step,
                        float *c, int64_t c_row)
{
    const uint16_t *below = a + TILE * a_row;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int64_t i = 0; i < d->outer; i++)
        for (int64_t k = 0; k < d->inner; k++, b += TILE_WORDS) {
            const int64_t at = i * d->outer_step + k * DEPTH;
            _tile_loadd(6, b, DEPTH * 2);
            _tile_loadd(4, a + at, a_row * 2);
            _tile_dpbf16ps(0, 4, 6);
            _tile_loadd(7, b + b_step, DEPTH * 2);
            _tile_dpbf16ps(1, 4, 7);
            _tile_loadd(5, below + at, a_row * 2);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
        }
    _tile_stored(0, c, c_row * 4);
    _tile_stored(1, c + TILE, c_row * 4);
    _tile_stored(2, c + TILE * c_row, c_row * 4);
    _tile_stored(3, c + TILE * c_row + TILE, c_row * 4);
}

/* 64 rows of a times 16 columns of b -> c (64, 16) */
INLINE void product_4x1(const uint16_t *a, int64_t a_row, const struct depth *d, const uint16_t *b, float *c,
                        int64_t c_row)
{
    const int64_t next = TILE * a_row;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int64_t i = 0; i < d->outer; i++)
        for (int64_t k = 0; k < d->inner; k++, b += TILE_WORDS) {
            const uint16_t *p = a + i * d->outer_step + k * DEPTH;
            _tile_loadd(7, b, DEPTH * 2);
            _tile_loadd(4, p, a_row * 2);
            _tile_dpbf16ps(0, 4, 7);
            _tile_loadd(5, p + next, a_row * 2);
            _tile_dpbf16ps(1, 5, 7);
            _tile_loadd(6, p + 2 * next, a_row * 2);
            _tile_dpbf16ps(2, 6, 7);
            _tile_loadd(4, p + 3 * next, a_row * 2);
            _tile_dpbf16ps(3, 4, 7);
        }
    _tile_stored(0, c, c_row * 4);
    _tile_stored(1, c + TILE * c_row, c_row * 4);
    _tile_stored(2, c + 2 * TILE * c_row, c_row * 4);
    _tile_stored(3, c + 3 * TILE * c_row, c_row * 4);
}

/* Sums over many pixels, added to tiles of c: rows of a (channels) and columns of b (filters), chunks of 32 pixels.
 * a: four (or two) places, rows a_row numbers apart  b: pairs of pixels, rows b_row numbers apart  c: tiles c_step floats apart */
struct sums {
    int64_t chunks, a_row, b_row, c_step;
};

/* c: of two places of a and two of b, b the faster. With one place (a[1] = a[0]) the second row is not stored. */
INLINE void sums_2x2(const struct sums *s, const uint16_t *const a[2], const uint16_t *b, float *const c[2])
{
    const int64_t next = DEPTH / 2 * s->b_row;
    _tile_loadd(0, c[0], TILE * 4);
    _tile_loadd(1, c[0] + s->c_step, TILE * 4);
    _tile_loadd(2, c[1], TILE * 4);
    _tile_loadd(3, c[1] + s->c_step, TILE * 4);
    for (int64_t i = 0; i < s->chunks; i++) {
        _tile_loadd(6, b + i * next, s->b_row * 2);
        _tile_loadd(4, a[0] + i * DEPTH, s->a_row * 2);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(7, b + i * next + DEPTH, s->b_row * 2);
        _tile_dpbf16ps(1, 4, 7);
        _tile_loadd(5, a[1] + i * DEPTH, s->a_row * 2);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    if (a[1] != a[0]) {
        _tile_stored(2, c[1], TILE * 4);
        _tile_stored(3, c[1] + s->c_step, TILE * 4);
    }
    _tile_stored(0, c[0], TILE * 4);
    _tile_stored(1, c[0] + s->c_step, TILE * 4);
}

/* c: of four places of a; the last ones may be repeated, which are stored once. */
INLINE void sums_4x1(const struct sums *s, const uint16_t *const a[4], const uint16_t *b, float *const c[4], int n)
{
    const int64_t next = DEPTH / 2 * s->b_row;
    _tile_loadd(0, c[0], TILE * 4);
    _tile_loadd(1, c[1], TILE * 4);
    _tile_loadd(2, c[2], TILE * 4);
    _tile_loadd(3, c[3], TILE * 4);
    for (int64_t i = 0; i < s->chunks; i++) {
        _tile_loadd(7, b + i * next, s->b_row * 2);
        _tile_loadd(4, a[0] + i * DEPTH, s->a_row * 2);
        _tile_dpbf16ps(0, 4, 7);
        _tile_loadd(5, a[1] + i * DEPTH, s->a_row * 2);
        _tile_dpbf16ps(1, 5, 7);
        _tile_loadd(6, a[2] + i * DEPTH, s->a_row * 2);
        _tile_dpbf16ps(2, 6, 7);
        _tile_loadd(4, a[3] + i * DEPTH, s->a_row * 2);
        _tile_dpbf16ps(3, 4, 7);
    }
    _tile_stored(0, c[0], TILE * 4);
    if (n > 1)
        _tile_stored(1, c[1], TILE * 4);
    if (n > 2)
        _tile_stored(2, c[2], TILE * 4);
    if (n > 3)
        _tile_stored(3, c[3], TILE * 4);
}
#endif
