/* SPDX-License-Identifier: MIT */
/* tred2 and tql2 on the transpose, so that every inner loop runs along a row: t[j][k] below is element (k, j) of the matrix that
 * starts as the symmetric one and ends with the eigenvectors as its columns. */
#include "eigen.h"

#include "hone/simd.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* y[i] += f * x[i]     x, y: (n) */
HONE_TARGET_CLONES
static void add(double *restrict y, const double *restrict x, double f, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        y[i] += f * x[i];
}

/* y[i] -= f * p[i] + g * q[i]     y, p, q: (n) */
HONE_TARGET_CLONES
static void take_two(double *restrict y, const double *restrict p, double f, const double *restrict q, double g,
                     uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        y[i] -= f * p[i] + g * q[i];
}

/* (x, y) <- (c x - s y, s x + c y)     x, y: (n) */
HONE_TARGET_CLONES
static void rotate(double *restrict x, double *restrict y, double c, double s, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        const double before = x[i];
        x[i] = c * before - s * y[i];
        y[i] = s * before + c * y[i];
    }
}

/* sum x[i] y[i], in partial sums of a fixed order     x, y: (n) */
HONE_TARGET_CLONES
static double dot(const double *x, const double *y, uint64_t n)
{
    enum { LANES = 8 };
    double lanes[LANES] = { 0 }, sum = 0;
    uint64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (uint64_t k = 0; k < LANES; k++)
            lanes[k] += x[i + k] * y[i + k];
    for (; i < n; i++)
        sum += x[i] * y[i];
    for (uint64_t k = 0; k < LANES; k++)
        sum += lanes[k];
    return sum;
}

/* Reflects row i of the matrix, in d: (i), onto its last element; scale: the sum of its sizes, not 0. The reflection stays in
 * column i, its h is returned. */
static double reflect(double *t, uint64_t n, uint64_t i, double scale, double *d, double *e)
{
    double h;
    for (uint64_t k = 0; k < i; k++)
        d[k] /= scale;
    h = dot(d, d, i);
    const double last = d[i - 1], g = last > 0 ? -sqrt(h) : sqrt(h);
    e[i] = scale * g;
    h -= last * g;
    d[i - 1] = last - g;
    memset(e, 0, i * sizeof *e);
    for (uint64_t j = 0; j < i; j++) { /* e = (the leading block) d; t's rows hold its lower triangle */
        const double *row = t + j * n;
        t[i * n + j] = d[j];
        e[j] += row[j] * d[j] + dot(row + j + 1, d + j + 1, i - j - 1);
        add(e + j + 1, row + j + 1, d[j], i - j - 1);
    }
    for (uint64_t j = 0; j < i; j++)
        e[j] /= h;
    add(e, d, -dot(e, d, i) / (2 * h), i);
    for (uint64_t j = 0; j < i; j++) {
        double *row = t + j * n;
        const double f = d[j], g_j = e[j];
        take_two(row + j, e + j, f, d + j, g_j, i - j);
    }
    return h;
}

/* d: (n) becomes the diagonal, e: (n) what is beside it, e[0] = 0. */
static void tridiagonalize(double *t, uint64_t n, double *d, double *e)
{
    for (uint64_t j = 0; j < n; j++)
        d[j] = t[j * n + n - 1];
    for (uint64_t i = n - 1; i > 0; i--) {
        double scale = 0, h = 0;
        for (uint64_t k = 0; k < i; k++)
            scale += fabs(d[k]);
        if (scale > 0) {
            h = reflect(t, n, i, scale, d, e);
        } else {
            e[i] = d[i - 1];
            memset(t + i * n, 0, i * sizeof *t);
        }
        for (uint64_t j = 0; j < i; j++) {
            d[j] = t[j * n + i - 1];
            t[j * n + i] = 0;
        }
        d[i] = h;
    }
    for (uint64_t i = 0; i + 1 < n; i++) { /* the product of the reflections */
        double *next = t + (i + 1) * n;
        const double h = d[i + 1];
        t[i * n + n - 1] = t[i * n + i];
        t[i * n + i] = 1;
        if (h > 0) {
            for (uint64_t k = 0; k <= i; k++)
                d[k] = next[k] / h;
            for (uint64_t j = 0; j <= i; j++)
                add(t + j * n, d, -dot(next, t + j * n, i + 1), i + 1);
        }
        memset(next, 0, (i + 1) * sizeof *next);
    }
    for (uint64_t j = 0; j < n; j++) {
        d[j] = t[j * n + n - 1];
        t[j * n + n - 1] = 0;
    }
    t[n * n - 1] = 1;
    e[0] = 0;
}

/* One QL step on the block from l to m. *shifted: the sum of the shifts. */
static void ql_step(double *t, uint64_t n, uint64_t l, uint64_t m, double *d, double *e, double *shifted)
{
    double g = d[l], p = (d[l + 1] - g) / (2 * e[l]), r = hypot(p, 1);
    r = p < 0 ? -r : r;
    d[l] = e[l] / (p + r);
    d[l + 1] = e[l] * (p + r);
    const double after = d[l + 1], h = g - d[l], beside = e[l + 1];
    for (uint64_t i = l + 2; i < n; i++)
        d[i] -= h;
    *shifted += h;
    double c = 1, c2 = 1, c3 = 1, s = 0, s2 = 0;
    p = d[m];
    for (uint64_t i = m; i-- > l;) {
        c3 = c2;
        c2 = c;
        s2 = s;
        g = c * e[i];
        const double q = c * p;
        r = hypot(p, e[i]);
        e[i + 1] = s * r;
        s = e[i] / r;
        c = p / r;
        p = c * d[i] - s * g;
        d[i + 1] = q + s * (c * g + s * d[i]);
        rotate(t + i * n, t + (i + 1) * n, c, s, n);
    }
    p = -s * s2 * c3 * beside * e[l] / after;
    e[l] = s * p;
    d[l] = c * p;
}

int symmetric_eigen(double *a, uint64_t n, double *values, double *work)
{
    enum { MOST_STEPS = 100 };
    double *d = values, *e = work, shifted = 0, size = 0;
    if (!n)
        return 0;
    tridiagonalize(a, n, d, e);
    memmove(e, e + 1, (n - 1) * sizeof *e);
    e[n - 1] = 0;
    for (uint64_t l = 0; l < n; l++) {
        uint64_t m = l;
        size = fmax(size, fabs(d[l]) + fabs(e[l]));
        while (fabs(e[m]) > DBL_EPSILON * size) /* e[n - 1] is 0 */
            m++;
        for (int step = 0; m > l && fabs(e[l]) > DBL_EPSILON * size; step++) {
            if (step == MOST_STEPS || !isfinite(e[l]))
                return -1;
            ql_step(a, n, l, m, d, e, &shifted);
        }
        d[l] += shifted;
        e[l] = 0;
    }
    return 0;
}
