/* SPDX-License-Identifier: MIT */
/* search/tpe: the loops over kernels, 32 at a time. */
#include "parzen.h"

#include "hone/simd.h"

#include <string.h>

/* Four rows in one pass, so that the distances are read and written once for four. */
HONE_TARGET_CLONES
static void four_rows(double *restrict d, const double *restrict m, const double *restrict x)
{
    for (int k = 0; k < PARZEN_BLOCK; k++) {
        const double a = (x[0] - m[k]) * m[32 + k], b = (x[1] - m[64 + k]) * m[96 + k];
        const double c = (x[2] - m[128 + k]) * m[160 + k], e = (x[3] - m[192 + k]) * m[224 + k];
        d[k] += (a * a + b * b) + (c * c + e * e);
    }
}

HONE_TARGET_CLONES
static void one_row(double *restrict d, const double *restrict m, double x)
{
    for (int k = 0; k < PARZEN_BLOCK; k++) {
        const double a = (x - m[k]) * m[32 + k];
        d[k] += a * a;
    }
}

void parzen_distances(double *distance, const double *block, const double *x, uint32_t n_rows)
{
    uint32_t r = 0;
    for (; r + 4 <= n_rows; r += 4)
        four_rows(distance, block + (size_t)r * 64, x + r);
    for (; r < n_rows; r++)
        one_row(distance, block + (size_t)r * 64, x[r]);
}

/* exp by Cody and Waite's reduction to [-log(2)/2, log(2)/2] and Taylor's polynomial of degree 13; 0 below -700. Adding
 * 1.5 * 2^52 rounds to an integer, which then stands in the low bits. */
HONE_TARGET_CLONES
static void weighted_exps(double *restrict t, const double *restrict e, const double *restrict w, double top)
{
    for (int k = 0; k < PARZEN_BLOCK; k++) {
        const double y = e[k] - top, v = y > -700 ? y : -700;
        const double shifted = v * 1.44269504088896340736 + 6755399441055744.0;
        const double whole = shifted - 6755399441055744.0;
        const double r = (v - whole * 6.93147180369123816490e-01) - whole * 1.90821492927058770002e-10;
        double f = 1.0 / 6227020800.0;
        uint64_t bits, scale;
        f = f * r + 1.0 / 479001600.0;
        f = f * r + 1.0 / 39916800.0;
        f = f * r + 1.0 / 3628800.0;
        f = f * r + 1.0 / 362880.0;
        f = f * r + 1.0 / 40320.0;
        f = f * r + 1.0 / 5040.0;
        f = f * r + 1.0 / 720.0;
        f = f * r + 1.0 / 120.0;
        f = f * r + 1.0 / 24.0;
        f = f * r + 1.0 / 6.0;
        f = f * r + 0.5;
        f = f * r + 1.0;
        f = f * r + 1.0;
        memcpy(&scale, &shifted, sizeof scale);
        memcpy(&bits, &f, sizeof bits);
        bits += scale << 52;
        memcpy(&f, &bits, sizeof f);
        t[k] = y > -700 ? w[k] * f : 0;
    }
}

double parzen_sum_exp(const double *e, const double *w, double top)
{
    double t[PARZEN_BLOCK], sum = 0;
    weighted_exps(t, e, w, top);
    for (int k = 0; k < 8; k++)
        sum += (t[k] + t[8 + k]) + (t[16 + k] + t[24 + k]);
    return sum;
}

HONE_TARGET_CLONES
static void eight_best(double *restrict best, const double *restrict base, const double *restrict d)
{
    for (int k = 0; k < 8; k++) {
        const double a = base[k] - 0.5 * d[k], b = base[8 + k] - 0.5 * d[8 + k];
        const double c = base[16 + k] - 0.5 * d[16 + k], e = base[24 + k] - 0.5 * d[24 + k];
        const double ab = a > b ? a : b, ce = c > e ? c : e;
        best[k] = ab > ce ? ab : ce;
    }
}

double parzen_best(const double *base, const double *distance)
{
    double eight[8], best;
    eight_best(eight, base, distance);
    best = eight[0];
    for (int k = 1; k < 8; k++)
        best = eight[k] > best ? eight[k] : best;
    return best;
}
