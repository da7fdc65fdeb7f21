/* SPDX-License-Identifier: MIT */
/* Problems of several values: ZDT (Zitzler, Deb and Thiele 2000, "Comparison of multiobjective evolutionary algorithms") and
 * DTLZ (Deb, Thiele, Laumanns and Zitzler 2005, "Scalable test problems for evolutionary multiobjective optimization").
 * Reference points and hypervolumes are those of doc.c; the hypervolumes follow from the fronts as each function says. */
#include "problems.h"

#include <stddef.h>

static const double PI = 3.14159265358979323846;

/* ---- ZDT: f1 is a function of x1 alone, f2 = g h(f1, g) ---- */
static double zdt_g(const struct query *q)
{
    double sum = 0;
    for (uint32_t i = 1; i < q->n; i++)
        sum += q->x[i];
    return 1 + 9 * sum / (q->n - 1);
}

static void zdt1(const struct query *q, double *values, double *constraints)
{
    const double g = zdt_g(q);
    (void)constraints;
    values[0] = q->x[0];
    values[1] = g * (1 - sqrt(q->x[0] / g));
}

static void zdt2(const struct query *q, double *values, double *constraints)
{
    const double g = zdt_g(q), share = q->x[0] / g;
    (void)constraints;
    values[0] = q->x[0];
    values[1] = g * (1 - share * share);
}

static void zdt3(const struct query *q, double *values, double *constraints)
{
    const double g = zdt_g(q), f1 = q->x[0];
    (void)constraints;
    values[0] = f1;
    values[1] = g * (1 - sqrt(f1 / g) - f1 / g * sin(10 * PI * f1));
}

static void zdt4(const struct query *q, double *values, double *constraints)
{
    double g = 1 + 10.0 * (q->n - 1);
    (void)constraints;
    for (uint32_t i = 1; i < q->n; i++)
        g += q->x[i] * q->x[i] - 10 * cos(4 * PI * q->x[i]);
    values[0] = q->x[0];
    values[1] = g * (1 - sqrt(q->x[0] / g));
}

static void zdt6(const struct query *q, double *values, double *constraints)
{
    const double f1 = 1 - exp(-4 * q->x[0]) * pow(sin(6 * PI * q->x[0]), 6);
    const double g = 1 + 9 * pow((zdt_g(q) - 1) / 9, 0.25);
    (void)constraints;
    values[0] = f1;
    values[1] = g * (1 - f1 / g * (f1 / g));
}

static void zdt4_shape(uint32_t n, uint32_t i, hone_dim *dim)
{
    (void)n;
    if (!i) {
        dim->min = 0;
        dim->max = 1;
    }
}

/* The area that the front dominates below r = (1.1, 1.1): the integral of r - f2 over f1 to 1, and (r - f2(1)) (r - 1). */
static double zdt1_front(uint32_t n_values, double *reference)
{
    (void)n_values;
    reference[0] = reference[1] = 1.1;
    return 0.1 + 2.0 / 3 + 0.11;
}

static double zdt2_front(uint32_t n_values, double *reference)
{
    zdt1_front(n_values, reference);
    return 0.1 + 1.0 / 3 + 0.11;
}

static double zdt3_front(uint32_t n_values, double *reference)
{
    zdt1_front(n_values, reference);
    return 1.331762909; /* midpoint rule over the running minimum of f2 with 2,000,000 points */
}

static double zdt6_front(uint32_t n_values, double *reference)
{
    const double first = 0.2807753191; /* least f1 */
    zdt1_front(n_values, reference);
    return 0.1 * (1 - first) + (1 - first * first * first) / 3 + 0.11;
}

/* ---- DTLZ: the last n - m + 1 coordinates make the distance g from the front ---- */
static double dtlz1_g(const struct query *q)
{
    const uint32_t k = q->n - q->n_values + 1;
    double g = k;
    for (uint32_t i = q->n - k; i < q->n; i++) {
        const double d = q->x[i] - 0.5;
        g += d * d - cos(20 * PI * d);
    }
    return 100 * g;
}

static void dtlz1(const struct query *q, double *values, double *constraints)
{
    const uint32_t m = q->n_values;
    const double g = dtlz1_g(q);
    (void)constraints;
    for (uint32_t v = 0; v < m; v++) {
        values[v] = 0.5 * (1 + g);
        for (uint32_t i = 0; i + v + 1 < m; i++)
            values[v] *= q->x[i];
        if (v)
            values[v] *= 1 - q->x[m - 1 - v];
    }
}

static void dtlz2(const struct query *q, double *values, double *constraints)
{
    const uint32_t m = q->n_values;
    double g = 0;
    (void)constraints;
    for (uint32_t i = m - 1; i < q->n; i++)
        g += (q->x[i] - 0.5) * (q->x[i] - 0.5);
    for (uint32_t v = 0; v < m; v++) {
        values[v] = 1 + g;
        for (uint32_t i = 0; i + v + 1 < m; i++)
            values[v] *= cos(q->x[i] * PI / 2);
        if (v)
            values[v] *= sin(q->x[m - 1 - v] * PI / 2);
    }
}

static void dtlz7(const struct query *q, double *values, double *constraints)
{
    const uint32_t m = q->n_values, k = q->n - m + 1;
    double g = 0, h = m;
    (void)constraints;
    for (uint32_t i = m - 1; i < q->n; i++)
        g += q->x[i];
    g = 1 + 9 * g / k;
    for (uint32_t v = 0; v + 1 < m; v++) {
        values[v] = q->x[v];
        h -= values[v] / (1 + g) * (1 + sin(3 * PI * values[v]));
    }
    values[m - 1] = (1 + g) * h;
}

/* The front is the simplex f1 + ... + fm = 1/2: all of the cube below the reference but the corner under it. */
static double dtlz1_front(uint32_t m, double *reference)
{
    double cube = 1, corner = 1;
    for (uint32_t v = 0; v < m; v++) {
        reference[v] = 0.55;
        cube *= 0.55;
        corner *= 0.5 / (v + 1);
    }
    return cube - corner;
}

/* The front is the part of the unit sphere where all are positive. */
static double dtlz2_front(uint32_t m, double *reference)
{
    double cube = 1;
    for (uint32_t v = 0; v < m; v++) {
        reference[v] = 1.1;
        cube *= 1.1;
    }
    return cube - pow(PI, m / 2.0) / exp(lgamma(m / 2.0 + 1)) / pow(2, m);
}

/* On the front fm = 2 m - h(f1) - h(f2) - ... with h(f) = f (1 + sin(3 pi f)): the integral over the other values of
 * r - fm, h being the running maximum; 0.8981341559577 is its integral from 0 to 1.1 (2,000,000 points). */
static double dtlz7_front(uint32_t m, double *reference)
{
    double others = 1; /* 1.1^(m - 2) */
    for (uint32_t v = 0; v + 1 < m; v++) {
        reference[v] = 1.1;
        others *= v ? 1.1 : 1;
    }
    reference[m - 1] = 2.2 * m;
    return 0.2 * m * 1.1 * others + (m - 1) * 0.8981341559577 * others;
}

/* ---- the table of the family ---- */
#define ZDT(which, usual, lo, hi, shaped, true_front)             \
    const struct problem problem_##which = { .name = #which,      \
                                             .min_dims = 2,       \
                                             .usual_dims = usual, \
                                             .n_values = 2,       \
                                             .low = lo,           \
                                             .high = hi,          \
                                             .shape = shaped,     \
                                             .front = true_front, \
                                             .evaluate = which }
ZDT(zdt1, 30, 0, 1, NULL, zdt1_front);
ZDT(zdt2, 30, 0, 1, NULL, zdt2_front);
ZDT(zdt3, 30, 0, 1, NULL, zdt3_front);
ZDT(zdt4, 10, -5, 5, zdt4_shape, zdt1_front);
ZDT(zdt6, 10, 0, 1, NULL, zdt6_front);
/* usual_dims: k of the paper, to which the number of values less 1 is added */
#define DTLZ(which, k)                                                                        \
    const struct problem problem_##which = {                                                  \
        .name = #which, .usual_dims = k, .high = 1, .front = which##_front, .evaluate = which \
    }
DTLZ(dtlz1, 5);
DTLZ(dtlz2, 10);
DTLZ(dtlz7, 20);
