/* SPDX-License-Identifier: MIT */
/* Sixteen numbers of float32 or bfloat16 in memory, as vectors of float32. To be included where the compiler may use AVX-512 and its
 * bfloat16. */
#ifndef HONE_NN_HALF_VECTOR_H
#define HONE_NN_HALF_VECTOR_H
#include "kernels.h"

#include <immintrin.h>

enum { LANES = 16, WORDS = 32 }; /* floats and bfloat16 numbers of a vector */

INLINE __mmask16 first_lanes(int64_t n)
{
    const unsigned all = 0xffff, some = n < LANES ? (1u << (n > 0 ? n : 0)) - 1u : all;
    return (__mmask16)(some & all);
}

INLINE __m512 load_floats(const void *p, int64_t at, bool half, __mmask16 mask)
{
    if (half) {
        const __m256i words = _mm256_maskz_loadu_epi16(mask, (const uint16_t *)p + at);
        return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(words), 16));
    }
    return _mm512_maskz_loadu_ps(mask, (const float *)p + at);
}

INLINE void store_floats(void *p, int64_t at, bool half, __mmask16 mask, __m512 v)
{
    if (half)
        _mm256_mask_storeu_epi16((uint16_t *)p + at, mask, (__m256i)_mm512_cvtneps_pbh(v));
    else
        _mm512_mask_storeu_ps((float *)p + at, mask, v);
}
#endif
