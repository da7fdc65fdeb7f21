/* SPDX-License-Identifier: MIT */
/* search/latin_hypercube: the maximin criterion of Morris and Mitchell 1995, phi_p with p = 16, lowered by swaps. */
#include "maximin.h"

enum { SWAPS = 20000, SWAPS_PER_RANK = 50 };

/* d^-16 of a squared distance; two trials never share a rank, so that it is positive. */
static double repulsion(double square)
{
    double v = 1 / square;
    v *= v;
    v *= v;
    return v * v;
}

static double square(uint32_t a, uint32_t b)
{
    const double d = (double)a - (double)b;
    return d * d;
}

/* Swaps the ranks of rows a and b in column k where that lowers the sum of repulsions. squares: (n, n) of distances. */
static void improve(uint32_t *ranks, double *squares, uint32_t n, uint32_t n_dims, uint32_t a, uint32_t b, uint32_t k)
{
    const uint32_t x = ranks[(size_t)a * n_dims + k], y = ranks[(size_t)b * n_dims + k];
    double *to_a = squares + (size_t)a * n, *to_b = squares + (size_t)b * n, change = 0;
    for (uint32_t j = 0; j < n; j++) {
        if (j == a || j == b)
            continue;
        const uint32_t z = ranks[(size_t)j * n_dims + k];
        const double shift = square(y, z) - square(x, z);
        change += repulsion(to_a[j] + shift) - repulsion(to_a[j]) + repulsion(to_b[j] - shift) - repulsion(to_b[j]);
    }
    if (!(change < 0))
        return;
    for (uint32_t j = 0; j < n; j++) {
        if (j == a || j == b)
            continue;
        const uint32_t z = ranks[(size_t)j * n_dims + k];
        const double shift = square(y, z) - square(x, z);
        to_a[j] = squares[(size_t)j * n + a] = to_a[j] + shift;
        to_b[j] = squares[(size_t)j * n + b] = to_b[j] - shift;
    }
    ranks[(size_t)a * n_dims + k] = y;
    ranks[(size_t)b * n_dims + k] = x;
}

hone_rc maximin_design(uint64_t seed, uint32_t n, uint32_t n_dims, uint32_t *ranks, hone_error *err)
{
    double *squares = (double *)malloc(((size_t)n * n + 1) * sizeof *squares);
    hone_rng rng = hone_rng_at(seed, 0);
    const uint64_t wanted = (uint64_t)SWAPS_PER_RANK * n * n_dims, swaps = wanted < SWAPS ? wanted : SWAPS;
    if (!squares)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the distances of %u trials", n);
    for (uint32_t k = 0; k < n_dims; k++)
        for (uint32_t i = 0; i < n; i++)
            ranks[(size_t)i * n_dims + k] = (uint32_t)hone_design_permute(hone_design_hash(seed, k), i, n);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < n; j++) {
            double sum = 0;
            for (uint32_t k = 0; k < n_dims; k++)
                sum += square(ranks[(size_t)i * n_dims + k], ranks[(size_t)j * n_dims + k]);
            squares[(size_t)i * n + j] = sum;
        }
    for (uint64_t s = 0; s < swaps && n > 2 && n_dims > 1; s++) {
        const uint32_t k = (uint32_t)hone_rng_below(&rng, n_dims), a = (uint32_t)hone_rng_below(&rng, n);
        const uint32_t b = (a + 1 + (uint32_t)hone_rng_below(&rng, n - 1)) % n;
        improve(ranks, squares, n, n_dims, a, b, k);
    }
    free(squares);
    return HONE_OK;
}
