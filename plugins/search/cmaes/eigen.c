/* SPDX-License-Identifier: MIT */
/* search/cmaes: eigenvalues of a symmetric matrix by Householder tridiagonalization and implicit QL steps,
 * after the procedures tred2 and tql2 of Bowdler, Martin, Reinsch and Wilkinson (Handbook for Automatic
 * Computation, vol. II, 1971). About 9 n^3 operations; up to a few hundred coordinates that costs less than a
 * library call saves. */
#include "cma.h"
#include "hone/simd.h"

#include <float.h>

/* y += f * x   x, y: (n) */
HONE_TARGET_CLONES
static void add_scaled(double *y, const double *x, double f, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        y[i] += f * x[i];
}

/* z -= f * x + g * y   x, y, z: (n) */
HONE_TARGET_CLONES
static void subtract_two(double *z, const double *x, double f, const double *y, double g, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        z[i] -= f * x[i] + g * y[i];
}

/* A plane rotation of two rows: (x, y) becomes (c x - s y, s x + c y)   x, y: (n) */
HONE_TARGET_CLONES
static void rotate(double *x, double *y, double c, double s, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const double h = y[i];
        y[i] = s * x[i] + c * h;
        x[i] = c * x[i] - s * h;
    }
}

/* v: (n, n) becomes the transposed transformation q with q a q^T = tridiagonal(d, e), e[0] = 0. */
static void tridiagonalize(double *v, double *d, double *e, uint32_t n)
{
    for (uint32_t j = 0; j < n; j++)
        d[j] = v[(n - 1) * n + j];
    for (uint32_t i = n - 1; i > 0; i--) {
        double size = 0, h = 0;
        for (uint32_t k = 0; k < i; k++)
            size += fabs(d[k]);
        if (!(size > 0)) {
            e[i] = d[i - 1];
            for (uint32_t j = 0; j < i; j++) {
                d[j] = v[(i - 1) * n + j];
                v[i * n + j] = v[j * n + i] = 0;
            }
        } else {
            double f, g, hh;
            for (uint32_t k = 0; k < i; k++) {
                d[k] /= size;
                h += d[k] * d[k];
            }
            f = d[i - 1];
            g = f > 0 ? -sqrt(h) : sqrt(h);
            e[i] = size * g;
            h -= f * g;
            d[i - 1] = f - g;
            for (uint32_t j = 0; j < i; j++)
                e[j] = 0;
            for (uint32_t j = 0; j < i; j++) { /* e = a d, a symmetric: its lower triangle is row j */
                double sum = v[j * n + j] * d[j];
                v[j * n + i] = d[j];
                for (uint32_t k = 0; k < j; k++)
                    sum += v[j * n + k] * d[k];
                add_scaled(e, v + j * n, d[j], j);
                e[j] += sum;
            }
            f = 0;
            for (uint32_t j = 0; j < i; j++) {
                e[j] /= h;
                f += e[j] * d[j];
            }
            hh = f / (h + h);
            for (uint32_t j = 0; j < i; j++)
                e[j] -= hh * d[j];
            for (uint32_t j = 0; j < i; j++)
                subtract_two(v + j * n, e, d[j], d, e[j], j + 1);
            for (uint32_t j = 0; j < i; j++) {
                d[j] = v[(i - 1) * n + j];
                v[i * n + j] = 0;
            }
        }
        d[i] = h;
    }
}

/* Accumulates the reflections into v, whose rows become those of the transposed transformation. */
static void accumulate(double *v, double *d, double *dots, uint32_t n)
{
    for (uint32_t i = 0; i + 1 < n; i++) {
        v[(n - 1) * n + i] = v[i * n + i];
        v[i * n + i] = 1;
        if (d[i + 1] > 0 || d[i + 1] < 0) {
            for (uint32_t k = 0; k <= i; k++)
                d[k] = v[k * n + i + 1] / d[i + 1];
            for (uint32_t j = 0; j <= i; j++)
                dots[j] = 0;
            for (uint32_t k = 0; k <= i; k++)
                add_scaled(dots, v + k * n, v[k * n + i + 1], i + 1);
            for (uint32_t k = 0; k <= i; k++)
                add_scaled(v + k * n, dots, -d[k], i + 1);
        }
        for (uint32_t k = 0; k <= i; k++)
            v[k * n + i + 1] = 0;
    }
    for (uint32_t j = 0; j < n; j++) {
        d[j] = v[(n - 1) * n + j];
        v[(n - 1) * n + j] = 0;
    }
    v[n * n - 1] = 1;
}

/* In place: the rotations of the QL steps work on rows. */
static void transpose(double *v, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < i; j++) {
            const double t = v[i * n + j];
            v[i * n + j] = v[j * n + i];
            v[j * n + i] = t;
        }
}

/* One implicit QL step of the unreduced block l .. m; the rows of v turn along. */
static void ql_step(double *v, double *d, double *e, uint32_t l, uint32_t m, double *shift, uint32_t n)
{
    double g = d[l], p = (d[l + 1] - g) / (2 * e[l]);
    double r = p < 0 ? -hypot(p, 1) : hypot(p, 1);
    const double next = e[l + 1];
    double c = 1, c_2 = 1, c_3 = 1, s = 0, s_2 = 0, h;
    double beyond;
    d[l] = e[l] / (p + r);
    d[l + 1] = e[l] * (p + r);
    beyond = d[l + 1];
    h = g - d[l];
    for (uint32_t i = l + 2; i < n; i++)
        d[i] -= h;
    *shift += h;
    p = d[m];
    for (uint32_t i = m; i-- > l;) {
        c_3 = c_2;
        c_2 = c;
        s_2 = s;
        g = c * e[i];
        h = c * p;
        r = hypot(p, e[i]);
        e[i + 1] = s * r;
        s = e[i] / r;
        c = p / r;
        p = c * d[i] - s * g;
        d[i + 1] = h + s * (c * g + s * d[i]);
        rotate(v + i * n, v + (i + 1) * n, c, s, n);
    }
    p = -s * s_2 * c_3 * next * e[l] / beyond;
    e[l] = s * p;
    d[l] = c * p;
}

int symmetric_eigen(double *v, double *w, double *work, uint32_t n)
{
    double *d = w, *e = work, shift = 0, largest = 0;
    for (uint64_t i = 0; i < (uint64_t)n * n; i++)
        if (!isfinite(v[i]))
            return 0;
    tridiagonalize(v, d, e, n);
    accumulate(v, d, work + n, n);
    transpose(v, n);
    for (uint32_t i = 1; i < n; i++)
        e[i - 1] = e[i];
    e[n - 1] = 0;
    for (uint32_t l = 0; l < n; l++) {
        uint32_t m = l;
        largest = fmax(largest, fabs(d[l]) + fabs(e[l]));
        while (m + 1 < n && fabs(e[m]) > DBL_EPSILON * largest)
            m++;
        for (int step = 0; m > l && fabs(e[l]) > DBL_EPSILON * largest; step++) {
            if (step == 60)
                return 0;
            ql_step(v, d, e, l, m, &shift, n);
        }
        d[l] += shift;
        e[l] = 0;
    }
    for (uint32_t i = 0; i + 1 < n; i++) { /* ascending; row i of v is eigenvector i still */
        uint32_t k = i;
        for (uint32_t j = i + 1; j < n; j++)
            if (d[j] < d[k])
                k = j;
        if (k != i) {
            const double t = d[k];
            d[k] = d[i];
            d[i] = t;
            for (uint32_t j = 0; j < n; j++) {
                const double u = v[i * n + j];
                v[i * n + j] = v[k * n + j];
                v[k * n + j] = u;
            }
        }
    }
    transpose(v, n);
    for (uint32_t i = 0; i < n; i++)
        if (!isfinite(d[i]))
            return 0;
    return 1;
}
