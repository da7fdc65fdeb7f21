/* SPDX-License-Identifier: MIT */
/* search/tpe: the loops over kernels, 32 at a time. */
#include "parzen.h"

#include "hone/simd.h"

#include <string.h>

/* The rows come four at a time, so that the distances are read and written once for four, and after each eight the
 * largest exponent that is still possible is looked at. */
HONE_TARGET_CLONES
static double exponents(double *restrict e, const double *restrict rows, const double *restrict x, uint32_t n_rows,
                        const double *restrict base, double limit)
{
    double best = -HUGE_VAL, eight[8];
    uint32_t r = 0;
    for (int k = 0; k < PARZEN_BLOCK; k++)
        e[k] = base[k];
    do {
        for (uint32_t end = r + 8; r < end && r + 4 <= n_rows; r += 4) {
            const double *restrict m = rows + (size_t)r * 64;
            const double x0 = x[r], x1 = x[r + 1], x2 = x[r + 2], x3 = x[r + 3];
            for (int k = 0; k < PARZEN_BLOCK; k++) {
                const double a = (x0 - m[k]) * m[32 + k], b = (x1 - m[64 + k]) * m[96 + k];
                const double c = (x2 - m[128 + k]) * m[160 + k], d = (x3 - m[192 + k]) * m[224 + k];
                e[k] -= 0.5 * ((a * a + b * b) + (c * c + d * d));
            }
        }
        for (; r < n_rows && n_rows - r < 4; r++) {
            const double *restrict m = rows + (size_t)r * 64;
            const double x0 = x[r];
            for (int k = 0; k < PARZEN_BLOCK; k++) {
                const double a = (x0 - m[k]) * m[32 + k];
                e[k] -= 0.5 * (a * a);
            }
        }
        for (int k = 0; k < 8; k++) {
            const double a = e[k] > e[8 + k] ? e[k] : e[8 + k], b = e[16 + k] > e[24 + k] ? e[16 + k] : e[24 + k];
            eight[k] = a > b ? a : b;
        }
        best = eight[0];
        for (int k = 1; k < 8; k++)
            best = eight[k] > best ? eight[k] : best;
    } while (r < n_rows && best >= limit);
    return best;
}

double parzen_exponents(double *e, const double *rows, const double *x, uint32_t n_rows, const double *base,
                        double limit)
{
    return exponents(e, rows, x, n_rows, base, limit);
}

HONE_TARGET_CLONES
static void add_choice(double *restrict e, const double *restrict mean, double x, double hit, double miss)
{
    for (int k = 0; k < PARZEN_BLOCK; k++)
        e[k] += mean[k] < x || mean[k] > x ? miss : hit;
}

void parzen_add_choice(double *e, const double *mean, double x, double hit, double miss)
{
    add_choice(e, mean, x, hit, miss);
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
