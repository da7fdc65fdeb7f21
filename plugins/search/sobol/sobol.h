/* SPDX-License-Identifier: MIT */
/* search/sobol, shared by its files: the sequence (sequence.c), its numbers (table.c), the plugin (sobol.c). */
#ifndef HONE_SOBOL_H
#define HONE_SOBOL_H
#include "hone/param.h"

enum {
    SOBOL_DIMS = 1111, /* that the table holds */
    SOBOL_BITS = 32    /* points: 2^32 */
};
extern const uint64_t sobol_bits[1411];

/* Direction numbers v[i][j] = m_j * 2^(32 - j) of the first n_dims dimensions into v: (n_dims, 32). n_dims <=
 * SOBOL_DIMS. */
void sobol_directions(uint32_t n_dims, uint32_t *v);

/* Point `index` of one dimension as 32 binary digits; v: (32). In the order of Gray codes (Antonov and Saleev 1979), as
 * everyone counts them: every 2^k points in a row are the same set as without. */
static inline uint32_t sobol_digits(const uint32_t *v, uint32_t index)
{
    uint32_t digits = 0;
    for (uint32_t gray = index ^ index >> 1, j = 0; gray; gray >>= 1, j++)
        if (gray & 1)
            digits ^= v[j];
    return digits;
}

/* Nested uniform scrambling (Owen, A. B. (1995), "Randomly permuted (t,m,s)-nets and (t,s)-sequences"): a digit is
 * turned over where a random bit says so that belongs to the digits before it. The random bits are a hash of those
 * digits, so nothing is stored (Burley, B. (2020), "Practical hash-based Owen scrambling", JCGT 9(4)); one hash
 * serves the 15 nodes of four digits. In [0, 1), 53 digits, those after the 32nd random. key: of the dimension. */
double sobol_scramble(uint64_t key, uint32_t digits);
#endif /* HONE_SOBOL_H */
