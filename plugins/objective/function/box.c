/* SPDX-License-Identifier: MIT */
/* Test functions of global optimization, as the Virtual Library of Simulation Experiments states them (Surjanovic and
 * Bingham, sfu.ca/~ssurjano/optimization.html). x: (n) throughout. */
#include "functions.h"

#include <math.h>
#include <stddef.h>

static const double PI = 3.14159265358979323846;

static double square(double x)
{
    return x * x;
}

static double branin(const double *x, uint32_t n)
{
    (void)n;
    return square(x[1] - 5.1 / (4 * PI * PI) * x[0] * x[0] + 5 / PI * x[0] - 6) + 10 * (1 - 1 / (8 * PI)) * cos(x[0]) +
           10;
}

static const double HARTMANN_WEIGHTS[4] = { 1.0, 1.2, 3.0, 3.2 };

/* - sum over i of w[i] exp(- sum over j of a[i][j] (x[j] - p[i][j])^2)    a, p: (4, n) */
static double hartmann(const double *x, uint32_t n, const double *a, const double *p)
{
    double sum = 0;
    for (uint32_t i = 0; i < 4; i++) {
        double distance = 0;
        for (uint32_t j = 0; j < n; j++)
            distance += a[i * n + j] * square(x[j] - p[i * n + j]);
        sum -= HARTMANN_WEIGHTS[i] * exp(-distance);
    }
    return sum;
}

static double hartmann3(const double *x, uint32_t n)
{
    static const double a[12] = { 3, 10, 30, 0.1, 10, 35, 3, 10, 30, 0.1, 10, 35 };
    static const double p[12] = { 0.3689, 0.1170, 0.2673, 0.4699, 0.4387, 0.7470,
                                  0.1091, 0.8732, 0.5547, 0.0381, 0.5743, 0.8828 };
    return hartmann(x, n, a, p);
}

static double hartmann6(const double *x, uint32_t n)
{
    static const double a[24] = { 10, 3,   17,  3.5, 1.7, 8, 0.05, 10, 17,   0.1, 8,   14,
                                  3,  3.5, 1.7, 10,  17,  8, 17,   8,  0.05, 10,  0.1, 14 };
    static const double p[24] = { 0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886, 0.2329, 0.4135,
                                  0.8307, 0.3736, 0.1004, 0.9991, 0.2348, 0.1451, 0.3522, 0.2883,
                                  0.3047, 0.6650, 0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381 };
    return hartmann(x, n, a, p);
}

static double ackley(const double *x, uint32_t n)
{
    double squares = 0, cosines = 0;
    for (uint32_t i = 0; i < n; i++) {
        squares += x[i] * x[i];
        cosines += cos(2 * PI * x[i]);
    }
    return 20 - 20 * exp(-0.2 * sqrt(squares / n)) + exp(1) - exp(cosines / n);
}

static double rosenbrock(const double *x, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i + 1 < n; i++)
        sum += 100 * square(x[i + 1] - x[i] * x[i]) + square(x[i] - 1);
    return sum;
}

static double rastrigin(const double *x, uint32_t n)
{
    double sum = 10.0 * n;
    for (uint32_t i = 0; i < n; i++)
        sum += x[i] * x[i] - 10 * cos(2 * PI * x[i]);
    return sum;
}

static double levy(const double *x, uint32_t n)
{
    const double first = 1 + (x[0] - 1) / 4, last = 1 + (x[n - 1] - 1) / 4;
    double sum = square(sin(PI * first)) + square(last - 1) * (1 + square(sin(2 * PI * last)));
    for (uint32_t i = 0; i + 1 < n; i++) {
        const double w = 1 + (x[i] - 1) / 4;
        sum += square(w - 1) * (1 + 10 * square(sin(PI * w + 1)));
    }
    return sum;
}

static double styblinski_tang(const double *x, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += square(x[i] * x[i]) - 16 * x[i] * x[i] + 5 * x[i];
    return sum / 2;
}

static double sphere(const double *x, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    return sum;
}

#define FUNCTIONS(X)         \
    X(branin, 2, 2)          \
    X(hartmann3, 3, 3)       \
    X(hartmann6, 6, 6)       \
    X(ackley, 0, 1)          \
    X(rosenbrock, 0, 2)      \
    X(rastrigin, 0, 1)       \
    X(levy, 0, 1)            \
    X(styblinski_tang, 0, 1) \
    X(sphere, 0, 1)
#define ROW(name, n_dims, min_dims)  { #name, n_dims, min_dims, name },
#define NAME(name, n_dims, min_dims) #name,
const struct test_function test_functions[] = { FUNCTIONS(ROW) };
const char *const test_function_names[] = { FUNCTIONS(NAME) NULL };
