/* SPDX-License-Identifier: MIT */
/* hone/finite.h - help for search plugins: spaces with finitely many points. Header only.
 *
 * The points of such a space have numbers 0 .. count-1, mixed radix, the last dimension fastest. An inactive
 * dimension counts as its first value, so some numbers name no point of their own, and some name points that a
 * relation forbids or that have a choice of weight 0: hone_space_point tells them. A hone_point_set remembers points
 * in one bit each. [any] */
#ifndef HONE_FINITE_H
#define HONE_FINITE_H
#include "hone/search.h"

#include <stdlib.h>

/* Numbers that the points of the space use, or 0: a continuum, or more than 2^53. */
static inline double hone_space_count(const hone_space *space)
{
    double n = 1;
    for (uint32_t i = 0; i < space->n_dims; i++)
        n *= hone_dim_count(space->dims[i]);
    return n <= 9007199254740992.0 ? n : 0;
}

/* The number of a settled point; for spaces with a count. */
static inline uint64_t hone_space_index(const hone_space *space, const double *x)
{
    uint64_t index = 0;
    for (uint32_t i = 0; i < space->n_dims; i++) {
        const hone_dim *d = space->dims[i];
        const uint64_t n = (uint64_t)hone_dim_count(d);
        const double digit = isnan(x[i]) || n == 1 ? 0
                             : d->type == HONE_DIM_CHOICE || d->type == HONE_DIM_ORDINAL
                                 ? x[i]
                                 : floor((x[i] - d->min) / d->step + 0.5);
        index = index * n + (uint64_t)digit;
    }
    return index;
}

/* Writes the point of a number into x: (n_dims), settled. 0: the number names none, or one that must not be proposed.
 */
static inline uint32_t hone_space_point(const hone_space *space, uint64_t index, double *x)
{
    for (uint32_t k = space->n_dims; k > 0; k--) {
        const hone_dim *d = space->dims[k - 1];
        const uint64_t n = (uint64_t)hone_dim_count(d), digit = index % n;
        x[k - 1] = d->type == HONE_DIM_CHOICE || d->type == HONE_DIM_ORDINAL ? (double)digit
                   : n == 1                                                  ? d->min
                            : hone_dim_snap(d, d->min + (double)digit * d->step);
        index /= n;
    }
    for (uint32_t i = 0; i < space->n_dims; i++) {
        const hone_dim *d = space->dims[i];
        const int choice = d->type == HONE_DIM_CHOICE || d->type == HONE_DIM_ORDINAL;
        if (hone_space_active(space, x, i)) {
            if (choice && d->weights && !(d->weights[(uint32_t)x[i]] > 0))
                return 0;
        } else {
            if (choice ? x[i] > 0 : x[i] > d->min)
                return 0; /* its own number has the first value here */
            x[i] = (double)NAN;
        }
    }
    return hone_space_allowed(space, x);
}

typedef struct hone_point_set {
    uint64_t n;     /* numbers of the space; 0: the space is not finite, or too large, and the set does nothing */
    uint64_t *bits; /* ((n + 63) / 64) */
} hone_point_set;

/* An empty set for a space of at most `limit` numbers; HONE_OK with n = 0 for a larger one; HONE_ENOMEM. */
static inline hone_rc hone_point_set_init(hone_point_set *set, const hone_space *space, double limit)
{
    const double n = hone_space_count(space);
    set->n = n <= limit ? (uint64_t)n : 0;
    set->bits = set->n ? (uint64_t *)calloc((size_t)((set->n + 63) / 64), sizeof *set->bits) : NULL;
    return set->n && !set->bits ? HONE_ENOMEM : HONE_OK;
}

static inline void hone_point_set_release(hone_point_set *set)
{
    free(set->bits);
    set->bits = NULL;
    set->n = 0;
}

static inline uint32_t hone_point_set_has(const hone_point_set *set, uint64_t index)
{
    return (uint32_t)(set->bits[index >> 6] >> (index & 63) & 1u);
}

static inline void hone_point_set_add(hone_point_set *set, uint64_t index)
{
    set->bits[index >> 6] |= (uint64_t)1 << (index & 63);
}

/* The first point from number `start` on, around the end, that is not in the set: 1, *index and x: (n_dims). 0: none is
 * left. Numbers without a point are put into the set on the way, so that they cost once only. */
static inline uint32_t hone_point_set_rest(hone_point_set *set, const hone_space *space, uint64_t start,
                                           uint64_t *index, double *x)
{
    for (uint64_t k = 0, i = start % set->n; k < set->n;) {
        if (!(i & 63) && i + 64 <= set->n && !~set->bits[i >> 6]) {
            i += 64;
            k += 64;
        } else {
            if (!hone_point_set_has(set, i)) {
                if (hone_space_point(space, i, x)) {
                    *index = i;
                    return 1;
                }
                hone_point_set_add(set, i);
            }
            i++;
            k++;
        }
        if (i >= set->n)
            i = 0;
    }
    return 0;
}
#endif /* HONE_FINITE_H */
