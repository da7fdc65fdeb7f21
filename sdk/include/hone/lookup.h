/* SPDX-License-Identifier: MIT */
/* hone/lookup.h - help for search plugins: which outcome of a history a point of a finite space has. Header
 * only.
 *
 *  * For local searches, that come back to points they know and need not try them again. Beside a
 * hone_history: tell both. Memory: 16 to 32 bytes an outcome of a finite space, none in a continuum. All
 * [study]. */
#ifndef HONE_LOOKUP_H
#define HONE_LOOKUP_H
#include "hone/history.h"

/* Zero it, add to it, release it. */
typedef struct hone_lookup {
    uint64_t *table, size, n; /* (size): outcome + 1, open addressing by the point's number; n: outcomes in it */
} hone_lookup;

static inline void hone_lookup_release(hone_lookup *l)
{
    free(l->table);
    memset(l, 0, sizeof *l);
}

/* The place of the point with this number in the table, or where it would be. */
static inline uint64_t hone_lookup_place_(const hone_lookup *l, const hone_history *h, uint64_t index)
{
    uint64_t k = hone_history_hash_(index) & (l->size - 1);
    while (l->table[k] && hone_space_index(h->space, h->x + (l->table[k] - 1) * h->n_dims) != index)
        k = (k + 1) & (l->size - 1);
    return k;
}

/* Takes in all outcomes of h that are not there yet; of those at one point the last counts. HONE_ENOMEM. */
static inline hone_rc hone_lookup_follow(hone_lookup *l, const hone_history *h, hone_error *err)
{
    if (!(h->numbers > 0))
        return HONE_OK;
    if (2 * (h->n + 1) > l->size) {
        uint64_t size = l->size ? l->size : 64, *table;
        while (2 * (h->n + 1) > size)
            size *= 2;
        if (!(table = (uint64_t *)calloc((size_t)size, sizeof *table)))
            return hone_fail(err, HONE_ENOMEM, "", "out of memory for the points told");
        free(l->table);
        l->table = table;
        l->size = size;
        l->n = 0;
    }
    for (; l->n < h->n; l->n++)
        l->table[hone_lookup_place_(l, h, hone_space_index(h->space, h->x + l->n * h->n_dims))] = l->n + 1;
    return HONE_OK;
}

/* The outcome at the settled point x, UINT64_MAX: none is known, or the space is a continuum. */
static inline uint64_t hone_lookup_find(const hone_lookup *l, const hone_history *h, const double *x)
{
    return l->size ? l->table[hone_lookup_place_(l, h, hone_space_index(h->space, x))] - 1 : UINT64_MAX;
}
#endif /* HONE_LOOKUP_H */
