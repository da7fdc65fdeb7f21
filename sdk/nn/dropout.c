/* SPDX-License-Identifier: MIT */
/* Dropout masks: Philox4x32-10 in sixteen lanes, sixteen bits a decision, so that a mask costs less than the pass that
 * applies it. Counter-based: any block is computed without the ones before it. */
#include "kernels.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3", "no-trapping-math")
#endif

enum { LANES = 16, BLOCK = 8 * LANES };

#define ROUND                                             \
    do {                                                  \
        const uint64_t p0 = (uint64_t)0xD2511F53u * c0;   \
        const uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;   \
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;              \
        c1 = (uint32_t)p1;                                \
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;              \
        c3 = (uint32_t)p0;                                \
        k0 += 0x9E3779B9u;                                \
        k1 += 0xBB67AE85u;                                \
    } while (0)

/* words[w * LANES + lane]: word w of the counter of that lane. Rounds are written out so that the lanes become the vector. */
INLINE void philox_lanes(uint32_t block, const struct dropout_key *key, uint64_t step, uint32_t words[4 * LANES])
{
    const uint32_t number = key->number, low = (uint32_t)step, high = (uint32_t)(step >> 32);
    const uint32_t key0 = key->key[0], key1 = key->key[1];
    for (uint32_t lane = 0; lane < LANES; lane++) {
        uint32_t c0 = block * LANES + lane, c1 = number, c2 = low, c3 = high;
        uint32_t k0 = key0, k1 = key1;
        ROUND;
        ROUND;
        ROUND;
        ROUND;
        ROUND;
        ROUND;
        ROUND;
        ROUND;
        ROUND;
        ROUND;
        words[lane] = c0;
        words[LANES + lane] = c1;
        words[2 * LANES + lane] = c2;
        words[3 * LANES + lane] = c3;
    }
}

HOT void kernel_dropout(const float *x, float *y, uint8_t *kept, int64_t n, const struct dropout_key *key, uint64_t step, float scale)
{
    const uint32_t dropped = key->dropped;
    uint32_t       words[4 * LANES];
    float          factor[BLOCK];
    for (int64_t start = 0; start < n; start += BLOCK) {
        philox_lanes((uint32_t)(start / BLOCK), key, step, words);
        for (int i = 0; i < 4 * LANES; i++) {
            factor[i] = (words[i] & 0xffffu) < dropped ? 0.0f : scale;
            factor[i + 4 * LANES] = (words[i] >> 16) < dropped ? 0.0f : scale;
        }
        const float *xb = x + start;
        float       *yb = y + start;
        if (n - start >= BLOCK) {
            IVDEP
            for (int i = 0; i < BLOCK; i++)
                yb[i] = xb[i] * factor[i];
        } else
            for (int i = 0; i < n - start; i++)
                yb[i] = xb[i] * factor[i];
        if (kept) {
            const int64_t m = n - start < BLOCK ? n - start : BLOCK;
            for (int64_t i = 0; i < m; i++)
                kept[start + i] = factor[i] != 0.0f;
        }
    }
}
