/* SPDX-License-Identifier: MIT */
/* hone/design.h - help for search plugins whose points are a function of the trial's number: low-discrepancy
 * sequences, Latin hypercubes. Header only.
 *
 * The plugin says where in the unit cube a trial lies; this header makes a point of the space of it, with the care
 * that hone/history.h takes. Where the point is forbidden by a relation, or known in a finite space, the whole cube
 * is rotated by a random vector and asked again (Cranley, R. and Patterson, T. N. L. (1976), SIAM J. Numer. Anal. 13,
 * 904-914): what replaces it is as evenly spread as the rest, and, in a continuum, still a function of the trial's
 * number. */
#ifndef HONE_DESIGN_H
#define HONE_DESIGN_H
#include "hone/history.h"

/* u: (n_dims) in [0, 1): the place of a trial. */
typedef hone_rc (*hone_design_place)(void *ctx, uint64_t trial, double *u, hone_error *err);

typedef struct hone_design { /* zero it, open it, release it */
    hone_history history;
    uint64_t seed;
    double *u; /* (2 * n_dims) */
} hone_design;

/* A bijection of 64-bit numbers that leaves no bit as it was: the finalizer of splitmix64 (Steele, Lea and Flood
 * 2014). */
static inline uint64_t hone_design_hash(uint64_t key, uint64_t number)
{
    uint64_t z = key + (number + 1) * 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

/* In [0, 1), 53 bits. */
static inline double hone_design_uniform(uint64_t bits)
{
    return (double)(bits >> 11) * (1.0 / 9007199254740992.0);
}

/* Place of number i < n in the permutation of 0 .. n-1 that the key names, without storing it: Black and Rogaway 2002,
 * "Ciphers with arbitrary finite domains": a Feistel network over a * b >= n, repeated until the number falls below n
 * again; fewer than 1 + 3 / sqrt(n) turns on average. n up to 2^53. */
static inline uint64_t hone_design_permute(uint64_t key, uint64_t i, uint64_t n)
{
    const uint64_t a = (uint64_t)ceil(sqrt((double)n)), b = a ? (n + a - 1) / a : 0;
    if (n < 2)
        return 0;
    do {
        uint64_t left = i / b, right = i % b;
        for (uint64_t round = 0; round < 8; round += 2) {
            left = (left + hone_design_hash(key + round, right) % a) % a;
            right = (right + hone_design_hash(key + round + 1, left) % b) % b;
        }
        i = left * b + right;
    } while (i >= n);
    return i;
}

static inline void hone_design_release(hone_design *d)
{
    hone_history_release(&d->history);
    free(d->u);
    d->u = NULL;
}

/* space: life of the design. HONE_ENOMEM. */
static inline hone_rc hone_design_open(hone_design *d, uint64_t seed, const hone_space *space,
                                       const hone_search_info *info, hone_error *err)
{
    d->seed = seed;
    d->u = (double *)malloc(((size_t)space->n_dims * 2 + 1) * sizeof *d->u);
    if (!d->u)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a point of %u parameters", space->n_dims);
    return hone_history_init(&d->history, space, info, err);
}

/* x: (n_dims), settled: the point of the trial, which runs from now on. HONE_DONE: the space is spent. */
static inline hone_rc hone_design_ask(hone_design *d, uint64_t trial, hone_design_place place, void *ctx, double *x,
                                      hone_error *err)
{
    enum { ROTATIONS = 64 };
    const uint32_t n = d->history.n_dims;
    double *turned = d->u + n;
    hone_rng rng = hone_rng_at(d->seed, trial);
    hone_rc rc = place(ctx, trial, d->u, err);
    if (rc != HONE_OK)
        return rc;
    hone_history_forget(&d->history, trial); /* asked again: its own point is free */
    hone_space_from_units(d->history.space, d->u, x);
    for (uint64_t k = 0; k < ROTATIONS && !hone_history_may(&d->history, x); k++) {
        const uint64_t key = hone_rng_derive(d->seed, k);
        for (uint32_t i = 0; i < n; i++) {
            const double u = d->u[i] + hone_design_uniform(hone_design_hash(key, i));
            turned[i] = u < 1 ? u : u - 1;
        }
        hone_space_from_units(d->history.space, turned, x);
    }
    return hone_history_propose(&d->history, trial, &rng, x, err);
}

static inline hone_rc hone_design_tell(hone_design *d, const hone_outcome *outcome, hone_error *err)
{
    return hone_history_tell(&d->history, outcome, err);
}

static inline hone_rc hone_design_save(const hone_design *d, const hone_ostream *out, hone_error *err)
{
    return hone_history_save(&d->history, out, err);
}

/* Of an open design; on failure it stays as it was. HONE_EINVAL: damaged, or of another space. */
static inline hone_rc hone_design_load(hone_design *d, const hone_istream *in, hone_error *err)
{
    return hone_history_reload(&d->history, in, err);
}
#endif /* HONE_DESIGN_H */
