/* SPDX-License-Identifier: MIT */
/* Dropout masks: Philox4x32-10 in sixteen lanes, sixteen bits a decision, so that a mask costs less than the pass that
 * applies it. Counter-based: any block is computed without the ones before it. */
#include "kernels.h"
#include "philox.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3", "no-trapping-math")
#endif

enum { BLOCK = 2 * PHILOX_WORDS };

HOT void kernel_dropout(const float *x, float *y, uint8_t *kept, int64_t n, const struct dropout_key *key,
                        uint64_t step, float scale)
{
    const philox_function philox = philox_choose();
    const uint32_t dropped = key->dropped;
    const uint32_t tail[3] = { key->number, (uint32_t)step, (uint32_t)(step >> 32) };
    uint32_t words[PHILOX_WORDS];
    float factor[BLOCK];
    for (int64_t start = 0; start < n; start += BLOCK) {
        philox((uint32_t)(start / BLOCK * PHILOX_LANES), tail, key->key, words);
        for (int i = 0; i < PHILOX_WORDS; i++) {
            factor[i] = (words[i] & 0xffffu) < dropped ? 0.0f : scale;
            factor[i + PHILOX_WORDS] = (words[i] >> 16) < dropped ? 0.0f : scale;
        }
        const float *xb = x + start;
        float *yb = y + start;
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
