/* SPDX-License-Identifier: MIT */
/* hone/rng.h - the random numbers of hone: Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers:
 * as easy as 1, 2, 3"), header only, so that every build of every plugin draws the same numbers.
 *
 * A generator is a key (a seed) and a counter (a stream and a position in it). Streams of one seed never overlap, and any
 * position can be reached at once: hone_rng_at(seed, stream) is how a trial, a sample or an epoch gets numbers of its own
 * that no order of work can change. [any] */
#ifndef HONE_RNG_H
#define HONE_RNG_H
#include <math.h>
#include <stdint.h>

typedef struct hone_rng {
    uint32_t key[2];
    uint32_t counter[4]; /* [0..1] position, [2..3] stream */
    uint32_t block[4];   /* numbers of the current position */
    uint32_t used;       /* of block; 4: spent */
} hone_rng;

/* One application of the bijection: out = Philox4x32-10(counter, key). */
static inline void hone_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = (uint64_t)0xD2511F53u * c0;
        const uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* A generator at the start of a stream. */
static inline hone_rng hone_rng_at(uint64_t seed, uint64_t stream)
{
    hone_rng r = { { (uint32_t)seed, (uint32_t)(seed >> 32) },
                   { 0, 0, (uint32_t)stream, (uint32_t)(stream >> 32) },
                   { 0, 0, 0, 0 },
                   4 };
    return r;
}

/* Uniform over all 32-bit numbers. */
static inline uint32_t hone_rng_u32(hone_rng *r)
{
    if (r->used >= 4) {
        hone_philox(r->counter, r->key, r->block);
        if (++r->counter[0] == 0)
            ++r->counter[1];
        r->used = 0;
    }
    return r->block[r->used++];
}

static inline uint64_t hone_rng_u64(hone_rng *r)
{
    const uint64_t low = hone_rng_u32(r);
    return low | (uint64_t)hone_rng_u32(r) << 32;
}

/* Uniform in [0, 1) with 53 bits. */
static inline double hone_rng_uniform(hone_rng *r)
{
    return (double)(hone_rng_u64(r) >> 11) * (1.0 / 9007199254740992.0);
}

/* Uniform integer in [0, n), n >= 1, without bias (rejection). */
static inline uint64_t hone_rng_below(hone_rng *r, uint64_t n)
{
    const uint64_t limit = UINT64_MAX - (UINT64_MAX % n + 1) % n;
    uint64_t v;
    do
        v = hone_rng_u64(r);
    while (v > limit);
    return v % n;
}

/* Standard normal (Box and Muller 1958, one of the pair). */
static inline double hone_rng_normal(hone_rng *r)
{
    const double radius = sqrt(-2.0 * log(1.0 - hone_rng_uniform(r)));
    return radius * cos(6.283185307179586476925 * hone_rng_uniform(r));
}

/* A seed derived from another and a number: for children that must not share a stream. */
static inline uint64_t hone_rng_derive(uint64_t seed, uint64_t number)
{
    hone_rng r = hone_rng_at(seed, ~number);
    return hone_rng_u64(&r);
}

/* Fisher-Yates shuffle of (n) indices in place. */
static inline void hone_rng_shuffle(hone_rng *r, uint64_t *indices, uint64_t n)
{
    for (uint64_t i = n; i > 1; i--) {
        const uint64_t j = hone_rng_below(r, i);
        const uint64_t t = indices[i - 1];
        indices[i - 1] = indices[j];
        indices[j] = t;
    }
}
#endif /* HONE_RNG_H */
