/* SPDX-License-Identifier: MIT */
/* First weights, noise: arrays of uniform and normal numbers from one Philox stream, vectorized, because a trial of a small network
 * would otherwise spend more time drawing them than compiling. */
#include "hone/nn.h"

#include "kernels.h"
#include "philox.h"
#include "vector_math.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3", "no-trapping-math")
#endif

/* (0, 1), 24 bits: the 0.5 keeps zero out. From 2^23 on it is rounded to even, and would make 1 of the greatest word, which is
 * taken as the one before, by sums alone: a comparison would keep the loops from becoming vectors'. */
INLINE float unit(uint32_t word)
{
    const uint32_t top = word >> 8;
    return ((float)(int32_t)(top - ((top + 1) >> 24)) + 0.5f) * 0x1p-24f;
}

HOT void kernel_draw_uniform(float *out, int64_t n, uint64_t seed, uint64_t stream, float limit)
{
    const uint32_t key[2] = { (uint32_t)seed, (uint32_t)(seed >> 32) };
    const uint32_t tail[3] = { 0, (uint32_t)stream, (uint32_t)(stream >> 32) };
    const philox_function philox = philox_choose();
    uint32_t words[PHILOX_WORDS];
    float numbers[PHILOX_WORDS];
    for (int64_t at = 0; at < n; at += PHILOX_WORDS) {
        philox((uint32_t)(at / 4), tail, key, words);
        for (int i = 0; i < PHILOX_WORDS; i++)
            numbers[i] = limit * (2.0f * unit(words[i]) - 1.0f);
        const int64_t m = n - at < PHILOX_WORDS ? n - at : PHILOX_WORDS;
        for (int64_t i = 0; i < m; i++)
            out[at + i] = numbers[i];
    }
}

/* Box and Muller 1958, both numbers of the pair: radius from words 0 and 1, angle from words 2 and 3. */
HOT void kernel_draw_normal(float *out, int64_t n, uint64_t seed, uint64_t stream, float deviation)
{
    enum { HALF = PHILOX_WORDS / 2 };
    const uint32_t key[2] = { (uint32_t)seed, (uint32_t)(seed >> 32) };
    const uint32_t tail[3] = { 0, (uint32_t)stream, (uint32_t)(stream >> 32) };
    const philox_function philox = philox_choose();
    uint32_t words[PHILOX_WORDS];
    float numbers[PHILOX_WORDS];
    for (int64_t at = 0; at < n; at += PHILOX_WORDS) {
        philox((uint32_t)(at / 4), tail, key, words);
        for (int i = 0; i < HALF; i++) {
            float s, c;
            /* the root as an exponential: sqrtf would keep errno and with it the loop from becoming a vector's */
            const float radius = deviation * vector_exp(0.5f * vector_log(-2.0f * vector_log(unit(words[i]))));
            vector_sincos(unit(words[HALF + i]), &s, &c);
            numbers[i] = radius * c;
            numbers[HALF + i] = radius * s;
        }
        const int64_t m = n - at < PHILOX_WORDS ? n - at : PHILOX_WORDS;
        for (int64_t i = 0; i < m; i++)
            out[at + i] = numbers[i];
    }
}

void hone_nn_draw_uniform(float *out, uint64_t n, uint64_t seed, uint64_t stream, double limit)
{
    kernel_draw_uniform(out, (int64_t)n, seed, stream, (float)limit);
}

void hone_nn_draw_normal(float *out, uint64_t n, uint64_t seed, uint64_t stream, double deviation)
{
    kernel_draw_normal(out, (int64_t)n, seed, stream, (float)deviation);
}
