/* SPDX-License-Identifier: MIT */
#include "half.h"

#include "kernels.h"

#include <stddef.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h> /* before the compiler is told of the instructions: its functions have targets of their own */

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16"))), \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC optimize("O3")
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")
#endif
#include "half_vector.h"

typedef __m512 vec;

INLINE vec load(const uint16_t *p, __mmask16 mask)
{
    return load_floats(p, 0, true, mask);
}

INLINE void store(uint16_t *p, __mmask16 mask, vec v)
{
    store_floats(p, 0, true, mask, v);
}

/* v where it is not below 0, NaN included; 0 elsewhere. */
INLINE vec rectified(vec v)
{
    return _mm512_mask_mov_ps(v, _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_LT_OQ), _mm512_setzero_ps());
}

INLINE __mmask16 positive(vec v)
{
    return _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_GT_OQ);
}

/* What follows for i = 0, 16, ... below n, `mask` for the lanes of it that are there. */
#define EACH_VECTOR(n)                       \
    for (int64_t i = 0; i < (n); i += LANES) \
        for (__mmask16 mask = first_lanes((n)-i), once = 1; once; once = 0)

static void narrow(const float *x, uint16_t *y, int64_t n)
{
    int64_t i = 0;
    for (; i + WORDS <= n; i += WORDS)
        _mm512_storeu_si512(y + i,
                            (__m512i)_mm512_cvtne2ps_pbh(_mm512_loadu_ps(x + i + LANES), _mm512_loadu_ps(x + i)));
    for (; i < n; i += LANES) {
        const __mmask16 mask = first_lanes(n - i);
        store(y + i, mask, _mm512_maskz_loadu_ps(mask, x + i));
    }
}

static void add(const uint16_t *a, const uint16_t *b, uint16_t *c, int64_t n)
{
    EACH_VECTOR(n)
    store(c + i, mask, _mm512_add_ps(load(a + i, mask), load(b + i, mask)));
}

static void relu(const uint16_t *x, uint16_t *y, int64_t n)
{
    EACH_VECTOR(n)
    store(y + i, mask, rectified(load(x + i, mask)));
}

static void bias_relu(uint16_t *y, const float *bias, int64_t rows, int64_t columns)
{
    for (int64_t r = 0; r < rows; r++, y += columns)
        EACH_VECTOR(columns)
    store(y + i, mask, rectified(_mm512_add_ps(load(y + i, mask), _mm512_maskz_loadu_ps(mask, bias + i))));
}

static void relu_backward(const uint16_t *dy, const uint16_t *y, uint16_t *dx, int64_t n, bool accumulate)
{
    EACH_VECTOR(n)
    {
        const vec d = _mm512_maskz_mov_ps(positive(load(y + i, mask)), load(dy + i, mask));
        store(dx + i, mask, accumulate ? _mm512_add_ps(d, load(dx + i, mask)) : d);
    }
}

static void relu_bias_backward(const uint16_t *dy, const uint16_t *y, uint16_t *dx, float *dbias, int64_t rows,
                               int64_t columns, int64_t stride)
{
    EACH_VECTOR(columns)
    {
        vec sum = _mm512_setzero_ps();
        for (int64_t r = 0; r < rows; r++) {
            const int64_t at = r * stride + i;
            const vec d = _mm512_maskz_mov_ps(positive(load(y + at, mask)), load(dy + at, mask));
            store(dx + at, mask, d);
            sum = _mm512_add_ps(sum, d);
        }
        _mm512_mask_storeu_ps(dbias + i, mask, sum);
    }
}

static void column_sums(const uint16_t *x, float *sums, int64_t rows, int64_t columns, int64_t stride)
{
    EACH_VECTOR(columns)
    {
        vec sum = _mm512_setzero_ps();
        for (int64_t r = 0; r < rows; r++)
            sum = _mm512_add_ps(sum, load(x + r * stride + i, mask));
        _mm512_mask_storeu_ps(sums + i, mask, sum);
    }
}

/* ---- batch norm ---- */
/* Four sums hide the latency of an addition. */
enum { SUMS = 4 };

INLINE vec total(const vec sums[SUMS])
{
    return _mm512_add_ps(_mm512_add_ps(sums[0], sums[1]), _mm512_add_ps(sums[2], sums[3]));
}

INLINE void sums_of(const uint16_t *x, const float *center, float *sums, int64_t rows, int64_t c, bool square)
{
    EACH_VECTOR(c)
    {
        const vec m = square ? _mm512_maskz_loadu_ps(mask, center + i) : _mm512_setzero_ps();
        vec s[SUMS] = { _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps() };
        int64_t r = 0;
        for (; r + SUMS <= rows; r += SUMS)
            for (int k = 0; k < SUMS; k++) {
                const vec d = _mm512_sub_ps(load(x + (r + k) * c + i, mask), m);
                s[k] = square ? _mm512_fmadd_ps(d, d, s[k]) : _mm512_add_ps(d, s[k]);
            }
        for (; r < rows; r++) {
            const vec d = _mm512_sub_ps(load(x + r * c + i, mask), m);
            s[0] = square ? _mm512_fmadd_ps(d, d, s[0]) : _mm512_add_ps(d, s[0]);
        }
        _mm512_mask_storeu_ps(sums + i, mask, total(s));
    }
}

static void norm_sums(const uint16_t *x, const float *center, float *sums, int64_t rows, int64_t c, bool square)
{
    if (square)
        sums_of(x, center, sums, rows, c, true);
    else
        sums_of(x, center, sums, rows, c, false);
}

INLINE void apply(const uint16_t *x, const uint16_t *residual, uint16_t *y, const float *mean, const float *scale,
                  const float *shift, int64_t rows, int64_t c, bool added, bool rectify)
{
    EACH_VECTOR(c)
    {
        const vec m = _mm512_maskz_loadu_ps(mask, mean + i), s = _mm512_maskz_loadu_ps(mask, scale + i),
                  b = _mm512_maskz_loadu_ps(mask, shift + i);
        for (int64_t r = 0; r < rows; r++) {
            const int64_t at = r * c + i;
            vec v = _mm512_fmadd_ps(_mm512_sub_ps(load(x + at, mask), m), s, b);
            v = added ? _mm512_add_ps(v, load(residual + at, mask)) : v;
            store(y + at, mask, rectify ? rectified(v) : v);
        }
    }
}

static void norm_apply(const uint16_t *x, const uint16_t *residual, uint16_t *y, const float *mean, const float *scale,
                       const float *shift, int64_t rows, int64_t c, bool rectify)
{
    if (residual && rectify)
        apply(x, residual, y, mean, scale, shift, rows, c, true, true);
    else if (residual)
        apply(x, residual, y, mean, scale, shift, rows, c, true, false);
    else if (rectify)
        apply(x, residual, y, mean, scale, shift, rows, c, false, true);
    else
        apply(x, residual, y, mean, scale, shift, rows, c, false, false);
}

enum relu_kind { RELU_NONE, RELU_OF_NORM, RELU_OF_SUM };

INLINE void backward_sums(const uint16_t *dy, const uint16_t *x, const uint16_t *y, uint16_t *g, const float *mean,
                          const float *scale, const float *shift, float *sums, int64_t rows, int64_t c,
                          enum relu_kind kind)
{
    enum { AT_ONCE = 2 };
    EACH_VECTOR(c)
    {
        const vec m = _mm512_maskz_loadu_ps(mask, mean + i), s = _mm512_maskz_loadu_ps(mask, scale + i),
                  b = _mm512_maskz_loadu_ps(mask, shift + i);
        vec all[AT_ONCE] = { _mm512_setzero_ps(), _mm512_setzero_ps() }, products[AT_ONCE] = { all[0], all[0] };
        for (int64_t r = 0; r < rows; r += AT_ONCE)
            for (int k = 0; k < AT_ONCE && r + k < rows; k++) {
                const int64_t at = (r + k) * c + i;
                const vec e = _mm512_sub_ps(load(x + at, mask), m);
                vec d = load(dy + at, mask);
                if (kind == RELU_OF_SUM) {
                    d = _mm512_maskz_mov_ps(positive(load(y + at, mask)), d);
                    store(g + at, mask, d);
                } else if (kind == RELU_OF_NORM) {
                    d = _mm512_maskz_mov_ps(positive(_mm512_fmadd_ps(e, s, b)), d);
                }
                all[k] = _mm512_add_ps(all[k], d);
                products[k] = _mm512_fmadd_ps(d, e, products[k]);
            }
        _mm512_mask_storeu_ps(sums + i, mask, _mm512_add_ps(all[0], all[1]));
        _mm512_mask_storeu_ps(sums + c + i, mask, _mm512_add_ps(products[0], products[1]));
    }
}

static void norm_backward_sums(const uint16_t *dy, const uint16_t *x, const uint16_t *y, uint16_t *g, const float *mean,
                               const float *scale, const float *shift, float *sums, int64_t rows, int64_t c,
                               bool rectify, bool masked)
{
    if (masked)
        backward_sums(dy, x, y, g, mean, scale, shift, sums, rows, c, RELU_OF_SUM);
    else if (rectify)
        backward_sums(dy, x, y, g, mean, scale, shift, sums, rows, c, RELU_OF_NORM);
    else
        backward_sums(dy, x, y, g, mean, scale, shift, sums, rows, c, RELU_NONE);
}

INLINE void spread(const uint16_t *g, const uint16_t *x, uint16_t *dx, const float *mean, const float *scale,
                   const float *shift, const float *slope, const float *offset, int64_t rows, int64_t c, bool rectify,
                   bool accumulate)
{
    EACH_VECTOR(c)
    {
        const vec m = _mm512_maskz_loadu_ps(mask, mean + i), s = _mm512_maskz_loadu_ps(mask, scale + i),
                  b = _mm512_maskz_loadu_ps(mask, shift + i), f = _mm512_maskz_loadu_ps(mask, slope + i),
                  o = _mm512_maskz_loadu_ps(mask, offset + i);
        for (int64_t r = 0; r < rows; r++) {
            const int64_t at = r * c + i;
            const vec e = _mm512_sub_ps(load(x + at, mask), m);
            vec d = load(g + at, mask);
            d = rectify ? _mm512_maskz_mov_ps(positive(_mm512_fmadd_ps(e, s, b)), d) : d;
            d = _mm512_fmadd_ps(s, d, _mm512_fmadd_ps(f, e, o));
            store(dx + at, mask, accumulate ? _mm512_add_ps(d, load(dx + at, mask)) : d);
        }
    }
}

static void norm_backward_spread(const uint16_t *g, const uint16_t *x, uint16_t *dx, const float *mean,
                                 const float *scale, const float *shift, const float *slope, const float *offset,
                                 int64_t rows, int64_t c, bool rectify, bool accumulate)
{
    if (rectify && accumulate)
        spread(g, x, dx, mean, scale, shift, slope, offset, rows, c, true, true);
    else if (rectify)
        spread(g, x, dx, mean, scale, shift, slope, offset, rows, c, true, false);
    else if (accumulate)
        spread(g, x, dx, mean, scale, shift, slope, offset, rows, c, false, true);
    else
        spread(g, x, dx, mean, scale, shift, slope, offset, rows, c, false, false);
}

/* ---- pools ---- */
static void take_first(const void *x, void *best, uint8_t *where, int64_t c, uint8_t at)
{
    const uint16_t *from = x;
    uint16_t *to = best;
    for (int64_t i = 0; i < c; i++) {
        to[i] = from[i];
        where[i] = at;
    }
}

/* Larger, or NaN, which wins and stays. */
INLINE __mmask16 larger(vec x, vec best)
{
    return _mm512_cmp_ps_mask(x, best, _CMP_GT_OQ) | _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
}

static void take_larger(const void *x, void *best, uint8_t *where, int64_t c, uint8_t at)
{
    const uint16_t *from = x;
    uint16_t *to = best;
    EACH_VECTOR(c)
    {
        const vec v = load(from + i, mask);
        const __mmask16 more = larger(v, load(to + i, mask)) & mask;
        store(to + i, more, v);
        _mm_mask_storeu_epi8(where + i, more, _mm_set1_epi8((char)at));
    }
}

static void largest_of_four(const void *a, const void *b, void *best, uint8_t *where, int64_t windows, int64_t step,
                            int64_t c, bool rectify)
{
    const uint16_t *above = a, *below = b;
    uint16_t *to = best;
    for (int64_t w = 0; w < windows; w++, above += step, below += step, to += c, where += c)
        EACH_VECTOR(c)
        {
            const vec others[] = { load(above + c + i, mask), load(below + i, mask), load(below + c + i, mask) };
            vec most = load(above + i, mask);
            __m128i at = _mm_setzero_si128();
            for (int k = 0; k < 3; k++) {
                const __mmask16 more = larger(others[k], most);
                most = _mm512_mask_mov_ps(most, more, others[k]);
                at = _mm_mask_mov_epi8(at, more, _mm_set1_epi8((char)(k + 1)));
            }
            store(to + i, mask, rectify ? rectified(most) : most);
            _mm_mask_storeu_epi8(where + i, mask, at);
        }
}

static void give_back(const void *dy, const uint8_t *where, void *dx, int64_t c, int32_t at)
{
    const uint16_t *from = dy;
    uint16_t *to = dx;
    EACH_VECTOR(c)
    {
        const __mmask16 here = _mm_mask_cmpeq_epi8_mask(mask, _mm_maskz_loadu_epi8(mask, where + i),
                                                        _mm_set1_epi8((char)at));
        store(to + i, here, _mm512_add_ps(load(to + i, here), load(from + i, here)));
    }
}

static void give_back_four(const void *dy, const void *y, const uint8_t *where, void *a, void *b, int64_t windows,
                           int64_t step, int64_t c)
{
    const uint16_t *from = dy, *out = y;
    uint16_t *above = a, *below = b;
    for (int64_t w = 0; w < windows; w++, above += step, below += step, from += c, where += c) {
        EACH_VECTOR(c)
        {
            const __m128i at = _mm_maskz_loadu_epi8(mask, where + i);
            const __mmask16 pass = out ? positive(load(out + i, mask)) : mask;
            const __m256i d = _mm256_maskz_loadu_epi16(pass, from + i);
            uint16_t *const corners[] = { above + i, above + c + i, below + i, below + c + i };
            for (int k = 0; k < 4; k++)
                _mm256_mask_storeu_epi16(corners[k], mask,
                                         _mm256_maskz_mov_epi16(_mm_cmpeq_epi8_mask(at, _mm_set1_epi8((char)k)), d));
        }
        out = out ? out + c : NULL;
    }
}

static void pass_relu(void *dy, const void *y, int64_t n)
{
    relu_backward(dy, y, dy, n, false);
}

static void global_average(const uint16_t *x, float *y, int64_t n, int64_t pixels, int64_t c)
{
    const vec share = _mm512_set1_ps(1.0f / (float)pixels);
    for (int64_t k = 0; k < n; k++, x += pixels * c, y += c) {
        column_sums(x, y, pixels, c, c);
        EACH_VECTOR(c)
        _mm512_mask_storeu_ps(y + i, mask, _mm512_mul_ps(share, _mm512_maskz_loadu_ps(mask, y + i)));
    }
}

static void global_average_backward(const float *dy, uint16_t *dx, int64_t n, int64_t pixels, int64_t c)
{
    const vec share = _mm512_set1_ps(1.0f / (float)pixels);
    for (int64_t k = 0; k < n; k++, dy += c)
        for (int64_t p = 0; p < pixels; p++, dx += c)
            EACH_VECTOR(c)
    store(dx + i, mask, _mm512_mul_ps(share, _mm512_maskz_loadu_ps(mask, dy + i)));
}
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

const struct half_kernels *half_kernels(void)
{
    static const struct half_kernels kernels = { narrow,
                                                 add,
                                                 relu,
                                                 bias_relu,
                                                 relu_backward,
                                                 relu_bias_backward,
                                                 column_sums,
                                                 norm_sums,
                                                 norm_apply,
                                                 norm_backward_sums,
                                                 norm_backward_spread,
                                                 take_first,
                                                 take_larger,
                                                 largest_of_four,
                                                 give_back,
                                                 give_back_four,
                                                 pass_relu,
                                                 global_average,
                                                 global_average_backward };
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                   __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bf16")
               ? &kernels
               : NULL;
}
#else
const struct half_kernels *half_kernels(void)
{
    return NULL;
}
#endif
