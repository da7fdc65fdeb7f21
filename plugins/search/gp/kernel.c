/* SPDX-License-Identifier: MIT */
/* search/gp: Matern 5/2 and its slope, in loops that vectorize; Kumaraswamy's input warping. The exponential is written
 * out because a call of exp() does not vectorize, and so that every CPU gives the same bits. */
#include "gp.h"

#include "hone/simd.h"

extern double sqrt(double) __attribute__((const)); /* never negative here, so that errno does not matter */

HONE_TARGET_CLONES
void kernel_add_numeric(double *s, const double *z, double a, uint64_t n)
{
    for (uint64_t j = 0; j < n; j++)
        s[j] += (z[j] - a) * (z[j] - a);
}

HONE_TARGET_CLONES
void kernel_add_category(double *s, const double *z, double a, double w, uint64_t n)
{
    for (uint64_t j = 0; j < n; j++)
        s[j] += z[j] < a || z[j] > a ? w : 0;
}

/* e[j] = exp(-r[j]) for r >= 0, as exp(-700) beyond: 2^q times a Taylor sum of degree 12 on |f| <= log(2) / 2. */
HONE_TARGET_CLONES
static void exp_minus(const double *r, double *e, uint64_t n)
{
    const double magic = 6755399441055744.0; /* 1.5 * 2^52: adding it rounds to integer */
    for (uint64_t j = 0; j < n; j++) {
        const double x = r[j] < 700 ? -r[j] : -700;
        union {
            double d;
            int64_t i;
        } q = { x * 1.4426950408889634074 + magic }, power;
        const double whole = q.d - magic;
        const double f = (x - whole * 6.93147180369123816490e-01) - whole * 1.90821492927058770002e-10;
        double p = 1.0 / 479001600;
        p = p * f + 1.0 / 39916800;
        p = p * f + 1.0 / 3628800;
        p = p * f + 1.0 / 362880;
        p = p * f + 1.0 / 40320;
        p = p * f + 1.0 / 5040;
        p = p * f + 1.0 / 720;
        p = p * f + 1.0 / 120;
        p = p * f + 1.0 / 24;
        p = p * f + 1.0 / 6;
        p = p * f + 0.5;
        p = p * f + 1;
        p = p * f + 1;
        power.i = (int64_t)((uint64_t)(q.i + 1023) << 52); /* the low bits of q.d are the whole number */
        e[j] = p * power.d;
    }
}

enum { BLOCK = 64 };

HONE_TARGET_CLONES
static void roots(const double *s, double *r, uint64_t n)
{
    for (uint64_t j = 0; j < n; j++)
        r[j] = sqrt(5 * s[j]);
}

HONE_TARGET_CLONES
static void finish(const double *r, const double *e, double signal, double *k, uint64_t n)
{
    for (uint64_t j = 0; j < n; j++)
        k[j] = signal * e[j] * (1 + r[j] + r[j] * r[j] * (1.0 / 3));
}

HONE_TARGET_CLONES
static void finish_slope(const double *r, const double *e, double signal, double *slope, uint64_t n)
{
    for (uint64_t j = 0; j < n; j++)
        slope[j] = signal * e[j] * (1 + r[j]) * (5.0 / 6);
}

void kernel_matern(const double *s, double signal, double *k, double *slope, uint64_t n)
{
    double r[BLOCK], e[BLOCK];
    for (uint64_t done = 0; done < n; done += BLOCK) {
        const uint64_t part = n - done < BLOCK ? n - done : BLOCK;
        roots(s + done, r, part);
        exp_minus(r, e, part);
        if (slope)
            finish_slope(r, e, signal, slope + done, part);
        finish(r, e, signal, k + done, part);
    }
}

double kernel_warp(double u, double a, double b, double *by_u, double *by_log_a, double *by_log_b)
{
    const double margin = 1e-6; /* the slope may be infinite at the ends */
    const double t = u < margin ? margin : u > 1 - margin ? 1 - margin : u;
    const double log_t = log(t), power = exp(a * log_t), log_rest = log1p(-power), rest = exp(b * log_rest);
    const double outer = b * exp((b - 1) * log_rest) * power; /* derivative by a log t */
    *by_u = outer * a / t;
    *by_log_a = outer * a * log_t;
    *by_log_b = -rest * b * log_rest;
    return 1 - rest;
}
