/* SPDX-License-Identifier: MIT */
/* Philox4x32-10 in sixteen lanes: the same numbers as hone_philox, a block of sixteen counters at a time. */
#ifndef HONE_NN_PHILOX_H
#define HONE_NN_PHILOX_H
#include "kernels.h"

enum { PHILOX_LANES = 16, PHILOX_WORDS = 4 * PHILOX_LANES };

#define PHILOX_ROUND                                    \
    do {                                                \
        const uint64_t p0 = (uint64_t)0xD2511F53u * c0; \
        const uint64_t p1 = (uint64_t)0xCD9E8D57u * c2; \
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;            \
        c1 = (uint32_t)p1;                              \
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;            \
        c3 = (uint32_t)p0;                              \
        k0 += 0x9E3779B9u;                              \
        k1 += 0xBB67AE85u;                              \
    } while (0)

/* words[w * PHILOX_LANES + lane] = word w of the counter (first + lane, c[1], c[2], c[3]). Rounds are written out so that the
 * lanes become the vector. */
INLINE void philox_lanes(uint32_t first, const uint32_t c[4], const uint32_t key[2], uint32_t words[PHILOX_WORDS])
{
    const uint32_t s1 = c[1], s2 = c[2], s3 = c[3], key0 = key[0], key1 = key[1];
    for (uint32_t lane = 0; lane < PHILOX_LANES; lane++) {
        uint32_t c0 = first + lane, c1 = s1, c2 = s2, c3 = s3;
        uint32_t k0 = key0, k1 = key1;
        PHILOX_ROUND;
        PHILOX_ROUND;
        PHILOX_ROUND;
        PHILOX_ROUND;
        PHILOX_ROUND;
        PHILOX_ROUND;
        PHILOX_ROUND;
        PHILOX_ROUND;
        PHILOX_ROUND;
        PHILOX_ROUND;
        words[lane] = c0;
        words[PHILOX_LANES + lane] = c1;
        words[2 * PHILOX_LANES + lane] = c2;
        words[3 * PHILOX_LANES + lane] = c3;
    }
}
#endif
