/* SPDX-License-Identifier: MIT */
/* Philox in lanes. Compilers turn its 32 x 32 -> 64 bit products into three times the shuffles of this hand: a lane is 64 bits
 * wide of which the upper half is ignored, as the instruction ignores it, and even and odd counters keep to vectors of their
 * own, so that nothing is ever moved across lanes. */
#include "philox.h"

#include "hone/rng.h"

void philox_plain(uint32_t first, const uint32_t tail[3], const uint32_t key[2], uint32_t words[PHILOX_WORDS])
{
    for (uint32_t lane = 0; lane < PHILOX_LANES; lane++) {
        const uint32_t counter[4] = { first + lane, tail[0], tail[1], tail[2] };
        uint32_t out[4];
        hone_philox(counter, key, out);
        for (uint32_t w = 0; w < 4; w++)
            words[w * PHILOX_LANES + lane] = out[w];
    }
}

#ifdef __x86_64__
#include <immintrin.h>

/* One round of the four words x[0 .. 3] of a vector of counters. */
#define ROUND(V, x, set, multiply, shift_right, exclusive_or)                             \
    do {                                                                                  \
        const V p0 = multiply(x[0], m0), p1 = multiply(x[2], m1);                         \
        x[0] = exclusive_or(exclusive_or(shift_right(p1, 32), x[1]), set((long long)k0)); \
        x[2] = exclusive_or(exclusive_or(shift_right(p0, 32), x[3]), set((long long)k1)); \
        x[1] = p1;                                                                        \
        x[3] = p0;                                                                        \
    } while (0)

/* Even and odd counters side by side: a round waits for its products, two chains of rounds wait half as long. */
#define ROUNDS(V, set, multiply, shift_right, exclusive_or)                              \
    do {                                                                                 \
        const V m0 = set((long long)0xD2511F53u), m1 = set((long long)0xCD9E8D57u);      \
        uint32_t k0 = key[0], k1 = key[1];                                               \
        for (int round = 0; round < 10; round++, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) { \
            ROUND(V, even, set, multiply, shift_right, exclusive_or);                    \
            ROUND(V, odd, set, multiply, shift_right, exclusive_or);                     \
        }                                                                                \
    } while (0)

__attribute__((target("avx2"))) static void philox_avx2(uint32_t first, const uint32_t tail[3], const uint32_t key[2],
                                                        uint32_t words[PHILOX_WORDS])
{
    const __m256i steps = _mm256_set_epi64x(6, 4, 2, 0);
    for (uint32_t lane = 0; lane < PHILOX_LANES; lane += 8) {
        const uint32_t at = first + lane, next = at + 1;
        __m256i even[4], odd[4];
        even[0] = _mm256_add_epi32(_mm256_set1_epi64x((long long)at), steps);
        odd[0] = _mm256_add_epi32(_mm256_set1_epi64x((long long)next), steps);
        for (int w = 1; w < 4; w++)
            even[w] = odd[w] = _mm256_set1_epi64x((long long)tail[w - 1]);
        ROUNDS(__m256i, _mm256_set1_epi64x, _mm256_mul_epu32, _mm256_srli_epi64, _mm256_xor_si256);
        for (int w = 0; w < 4; w++)
            _mm256_storeu_si256((__m256i *)(void *)(words + w * PHILOX_LANES + lane),
                                _mm256_blend_epi32(even[w], _mm256_slli_epi64(odd[w], 32), 0xaa));
    }
}

__attribute__((target("avx512f"))) static void philox_avx512(uint32_t first, const uint32_t tail[3],
                                                             const uint32_t key[2], uint32_t words[PHILOX_WORDS])
{
    const __m512i steps = _mm512_set_epi64(14, 12, 10, 8, 6, 4, 2, 0);
    const uint32_t next = first + 1;
    __m512i even[4], odd[4];
    even[0] = _mm512_add_epi32(_mm512_set1_epi64((long long)first), steps);
    odd[0] = _mm512_add_epi32(_mm512_set1_epi64((long long)next), steps);
    for (int w = 1; w < 4; w++)
        even[w] = odd[w] = _mm512_set1_epi64((long long)tail[w - 1]);
    ROUNDS(__m512i, _mm512_set1_epi64, _mm512_mul_epu32, _mm512_srli_epi64, _mm512_xor_si512);
    for (int w = 0; w < 4; w++)
        _mm512_storeu_si512(words + w * PHILOX_LANES,
                            _mm512_mask_blend_epi32(0xaaaa, even[w], _mm512_slli_epi64(odd[w], 32)));
}

philox_function philox_choose(void)
{
    if (__builtin_cpu_supports("avx512f"))
        return philox_avx512;
    return __builtin_cpu_supports("avx2") ? philox_avx2 : philox_plain;
}
#else
philox_function philox_choose(void)
{
    return philox_plain;
}
#endif
