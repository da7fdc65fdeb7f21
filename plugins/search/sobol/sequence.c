/* SPDX-License-Identifier: MIT */
/* search/sobol: the sequence of Sobol (1967) with the numbers of Joe and Kuo (2008), and its scrambling. */
#include "sobol.h"

#include "hone/design.h"

/* Reads `width` <= 32 bits from the table, the lowest first. */
static uint32_t take(uint64_t *at, uint32_t width)
{
    uint32_t value = 0;
    for (uint32_t k = 0; k < width; k++, (*at)++)
        value |= (uint32_t)(sobol_bits[*at >> 6] >> (*at & 63) & 1u) << k;
    return value;
}

void sobol_directions(uint32_t n_dims, uint32_t *v)
{
    uint64_t at = 0;
    for (uint32_t k = 0; k < SOBOL_BITS && n_dims; k++)
        v[k] = 1u << (31 - k);
    for (uint32_t i = 1; i < n_dims; i++) {
        uint32_t *w = v + (size_t)i * SOBOL_BITS;
        const uint32_t degree = take(&at, 4), inner = take(&at, degree - 1);
        for (uint32_t k = 0; k < degree; k++)
            w[k] = (take(&at, k) << 1 | 1u) << (31 - k);
        for (uint32_t k = degree; k < SOBOL_BITS; k++) { /* Bratley and Fox 1988, eq. 2, shifted */
            w[k] = w[k - degree] ^ w[k - degree] >> degree;
            for (uint32_t j = 1; j < degree; j++)
                if (inner >> (degree - 1 - j) & 1u)
                    w[k] ^= w[k - j];
        }
    }
}

double sobol_scramble(uint64_t key, uint32_t digits)
{
    uint64_t prefix = 1, out = 0; /* prefix: the digits so far after a leading 1 */
    for (uint32_t k = 0; k < SOBOL_BITS; k += 4) {
        const uint64_t turn = hone_design_hash(key, prefix);
        const uint32_t four = digits >> (28 - k) & 15u;
        const uint32_t nodes[4] = { 0, 1 + (four >> 3), 3 + (four >> 2), 7 + (four >> 1) };
        uint32_t turned = four;
        for (uint32_t j = 0; j < 4; j++)
            turned ^= (uint32_t)(turn >> nodes[j] & 1u) << (3 - j);
        out = out << 4 | turned;
        prefix = prefix << 4 | four;
    }
    return hone_design_uniform(out << 32 | hone_design_hash(key, prefix) >> 32);
}
