/* SPDX-License-Identifier: MIT */
/* The vector code around the tiles of amx_conv.c: numbers into bfloat16 and into the orders that tiles want, results out of
 * them. To be included where the compiler may use AVX-512 and its bfloat16. */
#ifndef HONE_NN_AMX_PACK_H
#define HONE_NN_AMX_PACK_H
#include "half_vector.h"

#include <string.h>

/* ---- between float32 and bfloat16 ---- */
INLINE void copy_numbers(const void *from, int64_t at, bool half, uint16_t *to, int64_t n)
{
    if (half) {
        memcpy(to, (const uint16_t *)from + at, (size_t)n * sizeof *to);
        return;
    }
    const float *x = (const float *)from + at;
    int64_t i = 0;
    for (; i + WORDS <= n; i += WORDS)
        _mm512_storeu_si512(to + i,
                            (__m512i)_mm512_cvtne2ps_pbh(_mm512_loadu_ps(x + i + LANES), _mm512_loadu_ps(x + i)));
    for (; i < n; i += LANES) {
        const __mmask16 mask = first_lanes(n - i);
        _mm256_mask_storeu_epi16(to + i, mask, (__m256i)_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(mask, x + i)));
    }
}

/* ---- images with their borders ---- */
/* An image as rows of `pitch` pixels: `left` zeros, then its pixels, `spread` apart with zeros between them. The zeros at the
 * left of a row are those at the right of the row above it. */
struct grid {
    int64_t channels, room;   /* of a pixel in memory, and in the buffer */
    int64_t source[2], width; /* pixels of an image as it is read, and of a row in memory */
    int64_t image;            /* pixels from one image to the next */
    int64_t step[2];          /* every how many-th pixel is read */
    int64_t spread[2], pad[2];
    int64_t copied; /* pixels of a row that are read */
    int64_t pitch;
    bool half;
};

/* Padded rows [from, to) of an image; where zeros are in each image's rows the buffer has them already. */
INLINE void pack_rows(const struct grid *g, const void *images, int64_t image, int64_t from, int64_t to,
                      uint16_t *buffer)
{
    const int64_t c = g->channels, row = g->pitch * g->room;
    for (int64_t r = from; r < to; r++, buffer += row) {
        const int64_t at = r - g->pad[0], source = at / g->spread[0];
        if (at < 0 || at % g->spread[0] || source >= g->source[0]) {
            memset(buffer, 0, (size_t)row * sizeof *buffer);
            continue;
        }
        const int64_t pixel = image * g->image + source * g->step[0] * g->width;
        uint16_t *o = buffer + g->pad[1] * g->room;
        if (g->step[1] == 1 && g->spread[1] == 1 && g->room == c)
            copy_numbers(images, pixel * c, g->half, o, g->copied * c);
        else
            for (int64_t w = 0; w < g->copied; w++)
                copy_numbers(images, (pixel + w * g->step[1]) * c, g->half, o + w * g->spread[1] * g->room, c);
    }
}

/* ---- orders of tiles ---- */
/* (a0, a1, ...), (b0, b1, ...) -> a0, b0, a1, b1, ... */
INLINE __m512i interleave(__m256i a, __m256i b)
{
    const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6,
                                           21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    return _mm512_permutexvar_epi16(order, _mm512_inserti64x4(_mm512_castsi256_si512(a), b, 1));
}

/* Pairs of pixels: (pixels, room) -> (pixels / 2, room, 2). pixels: even; room: a multiple of 16. */
INLINE void pair_pixels(const uint16_t *x, int64_t pixels, int64_t room, uint16_t *y)
{
    for (int64_t p = 0; p < pixels; p += 2)
        for (int64_t k = 0; k < room; k += LANES)
            _mm512_storeu_si512(y + p * room + 2 * k,
                                interleave(_mm256_loadu_si256((const void *)(x + p * room + k)),
                                           _mm256_loadu_si256((const void *)(x + (p + 1) * room + k))));
}

/* r: 16 x 16 of 32 bits, transposed. */
INLINE void transpose_16(__m512i r[LANES])
{
    __m512i t[LANES];
    for (int i = 0; i < LANES; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    for (int i = 0; i < LANES; i += 4)
        for (int k = 0; k < 2; k++) {
            r[i + 2 * k] = _mm512_unpacklo_epi64(t[i + k], t[i + k + 2]);
            r[i + 2 * k + 1] = _mm512_unpackhi_epi64(t[i + k], t[i + k + 2]);
        }
    for (int i = 0; i < LANES; i += 8)
        for (int k = 0; k < 4; k++) {
            t[i + k] = _mm512_shuffle_i32x4(r[i + k], r[i + k + 4], 0x88);
            t[i + k + 4] = _mm512_shuffle_i32x4(r[i + k], r[i + k + 4], 0xdd);
        }
    for (int k = 0; k < 8; k++) {
        r[k] = _mm512_shuffle_i32x4(t[k], t[k + 8], 0x88);
        r[k + 8] = _mm512_shuffle_i32x4(t[k], t[k + 8], 0xdd);
    }
}

/* Sixteen columns of (pixels, c), from x on, as rows of `to` numbers; those not in mask as zeros. pixels: a multiple of 32. */
INLINE void transpose_columns(const uint16_t *x, int64_t pixels, int64_t c, __mmask16 mask, uint16_t *y, int64_t to)
{
    for (int64_t p = 0; p < pixels; p += WORDS) {
        __m512i r[LANES];
        for (int i = 0; i < LANES; i++) {
            const uint16_t *pair = x + (p + 2 * i) * c;
            r[i] = interleave(_mm256_maskz_loadu_epi16(mask, pair), _mm256_maskz_loadu_epi16(mask, pair + c));
        }
        transpose_16(r);
        for (int i = 0; i < LANES; i++)
            _mm512_storeu_si512(y + i * to + p, r[i]);
    }
}

/* (pixels, c) -> (16 ceil(c / 16), to): row i has channel i of all pixels, or zeros. pixels: a multiple of 32. */
INLINE void transpose_pixels(const uint16_t *x, int64_t pixels, int64_t c, uint16_t *y, int64_t to)
{
    for (int64_t first = 0; first < c; first += LANES, y += LANES * to)
        transpose_columns(x + first, pixels, c, first_lanes(c - first), y, to);
}

/* A matrix of float32 as tiles: (depth, n) -> (ceil(depth / 32), 16, 16, 2) of its columns from `first` on, zeros beyond it. */
INLINE void pack_matrix(const float *w, int64_t depth, int64_t n, int64_t first, uint16_t *tiles)
{
    const __mmask16 mask = first_lanes(n - first);
    for (int64_t r = 0; r < (depth + WORDS - 1) / WORDS * WORDS; r += 2, tiles += WORDS) {
        const __m512 a = r < depth ? _mm512_maskz_loadu_ps(mask, w + r * n + first) : _mm512_setzero_ps();
        const __m512 b = r + 1 < depth ? _mm512_maskz_loadu_ps(mask, w + (r + 1) * n + first) : _mm512_setzero_ps();
        _mm512_storeu_si512(tiles, interleave((__m256i)_mm512_cvtneps_pbh(a), (__m256i)_mm512_cvtneps_pbh(b)));
    }
}

/* ---- results ---- */
struct finish {
    const float *bias; /* or NULL */
    bool relu, half, accumulate;
};

/* n pixels, (n, room) -> (n, k) */
INLINE void finish_pixels(const struct finish *f, const float *o, int64_t room, int64_t n, int64_t k, void *y,
                          int64_t at)
{
    const __m512 zero = _mm512_setzero_ps();
    if (k == room && !f->bias) { /* one long row */
        k *= n;
        n = 1;
    }
    for (int64_t p = 0; p < n; p++, o += room, at += k)
        for (int64_t e = 0; e < k; e += LANES) {
            const __mmask16 mask = first_lanes(k - e);
            __m512 v = _mm512_maskz_loadu_ps(mask, o + e);
            if (f->bias)
                v = _mm512_add_ps(v, _mm512_maskz_loadu_ps(mask, f->bias + e));
            if (f->accumulate)
                v = _mm512_add_ps(v, load_floats(y, at + e, f->half, mask));
            if (f->relu) /* NaN stays NaN */
                v = _mm512_mask_mov_ps(v, _mm512_cmp_ps_mask(v, zero, _CMP_LT_OQ), zero);
            store_floats(y, at + e, f->half, mask, v);
        }
}
#endif
