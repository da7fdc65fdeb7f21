/* SPDX-License-Identifier: MIT */
/* Derivatives of the smooth functions of box.c, for searches that descend. x, g: (n) throughout. */
#include "problems.h"

#include <math.h>
#include <stddef.h>

static const double PI = 3.14159265358979323846;

static void branin(const double *x, uint32_t n, double *g)
{
    const double b = 5.1 / (4 * PI * PI), c = 5 / PI, a = x[1] - b * x[0] * x[0] + c * x[0] - 6;
    (void)n;
    g[0] = 2 * a * (c - 2 * b * x[0]) - 10 * (1 - 1 / (8 * PI)) * sin(x[0]);
    g[1] = 2 * a;
}

/* At the minimum, where the function has a kink, the least of its subgradients: 0. */
static void ackley(const double *x, uint32_t n, double *g)
{
    double squares = 0, cosines = 0;
    for (uint32_t i = 0; i < n; i++) {
        squares += x[i] * x[i];
        cosines += cos(2 * PI * x[i]);
    }
    const double root = sqrt(squares / n), slope = root > 0 ? 4 * exp(-0.2 * root) / (root * n) : 0;
    for (uint32_t i = 0; i < n; i++)
        g[i] = slope * x[i] + exp(cosines / n) * 2 * PI / n * sin(2 * PI * x[i]);
}

static void rosenbrock(const double *x, uint32_t n, double *g)
{
    for (uint32_t i = 0; i < n; i++)
        g[i] = 0;
    for (uint32_t i = 0; i + 1 < n; i++) {
        const double a = x[i + 1] - x[i] * x[i];
        g[i] += 2 * (x[i] - 1) - 400 * a * x[i];
        g[i + 1] += 200 * a;
    }
}

static void rastrigin(const double *x, uint32_t n, double *g)
{
    for (uint32_t i = 0; i < n; i++)
        g[i] = 2 * x[i] + 20 * PI * sin(2 * PI * x[i]);
}

static void styblinski_tang(const double *x, uint32_t n, double *g)
{
    for (uint32_t i = 0; i < n; i++)
        g[i] = 2 * x[i] * x[i] * x[i] - 16 * x[i] + 2.5;
}

static void sphere(const double *x, uint32_t n, double *g)
{
    for (uint32_t i = 0; i < n; i++)
        g[i] = 2 * x[i];
}

static void griewank(const double *x, uint32_t n, double *g)
{
    for (uint32_t i = 0; i < n; i++) {
        double others = 1;
        for (uint32_t j = 0; j < n; j++)
            others *= j == i ? 1 : cos(x[j] / sqrt(j + 1.0));
        g[i] = x[i] / 2000 + others * sin(x[i] / sqrt(i + 1.0)) / sqrt(i + 1.0);
    }
}

static void six_hump_camel(const double *x, uint32_t n, double *g)
{
    const double a = x[0], b = x[1];
    (void)n;
    g[0] = (8 - 8.4 * a * a + 2 * a * a * a * a) * a + b;
    g[1] = a + (16 * b * b - 8) * b;
}

static void himmelblau(const double *x, uint32_t n, double *g)
{
    const double a = x[0] * x[0] + x[1] - 11, b = x[0] + x[1] * x[1] - 7;
    (void)n;
    g[0] = 4 * a * x[0] + 2 * b;
    g[1] = 2 * a + 4 * b * x[1];
}

static const struct {
    const struct problem *problem;
    void (*gradient)(const double *x, uint32_t n, double *g);
} smooth[] = {
    { &problem_branin, branin },
    { &problem_ackley, ackley },
    { &problem_rosenbrock, rosenbrock },
    { &problem_rastrigin, rastrigin },
    { &problem_styblinski_tang, styblinski_tang },
    { &problem_sphere, sphere },
    { &problem_griewank, griewank },
    { &problem_six_hump_camel, six_hump_camel },
    { &problem_himmelblau, himmelblau },
};

int problem_gradient(const struct problem *problem, const double *x, uint32_t n, double *g)
{
    for (size_t i = 0; i < sizeof smooth / sizeof *smooth; i++)
        if (smooth[i].problem == problem) {
            if (x)
                smooth[i].gradient(x, n, g);
            return 1;
        }
    return 0;
}
