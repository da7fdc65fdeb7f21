/* SPDX-License-Identifier: MIT */
/* search/latin_hypercube: designs whose trials keep away from each other. */
#ifndef HONE_MAXIMIN_H
#define HONE_MAXIMIN_H
#include "hone/design.h"

enum { MAXIMIN_TRIALS = 1000 };

/* ranks: (n, n_dims), each column a permutation of 0 .. n-1, drawn by the seed and improved. n <= MAXIMIN_TRIALS.
 * HONE_ENOMEM. */
hone_rc maximin_design(uint64_t seed, uint32_t n, uint32_t n_dims, uint32_t *ranks, hone_error *err);
#endif /* HONE_MAXIMIN_H */
