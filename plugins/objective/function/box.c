/* SPDX-License-Identifier: MIT */
/* Functions of one value over a box, as the Virtual Library of Simulation Experiments states them (Surjanovic and Bingham,
 * sfu.ca/~ssurjano/optimization.html). x: (n) throughout. */
#include "problems.h"

#include <math.h>
#include <stddef.h>

static const double PI = 3.14159265358979323846;

static double square(double x)
{
    return x * x;
}

double branin_value(const double *x, uint32_t n)
{
    (void)n;
    return square(x[1] - 5.1 / (4 * PI * PI) * x[0] * x[0] + 5 / PI * x[0] - 6) + 10 * (1 - 1 / (8 * PI)) * cos(x[0]) +
           10;
}

static const double HARTMANN_WEIGHTS[4] = { 1.0, 1.2, 3.0, 3.2 };

/* - sum over i of (w[i] - less) exp(- sum over j of a[i][j] (x[j] - p[i][j])^2)    a, p: (4, n) */
static double hartmann(const double *x, uint32_t n, const double *a, const double *p, double less)
{
    double sum = 0;
    for (uint32_t i = 0; i < 4; i++) {
        double distance = 0;
        for (uint32_t j = 0; j < n; j++)
            distance += a[i * n + j] * square(x[j] - p[i * n + j]);
        sum -= (HARTMANN_WEIGHTS[i] - less) * exp(-distance);
    }
    return sum;
}

double hartmann3_lowered(const double *x, double less)
{
    static const double a[12] = { 3, 10, 30, 0.1, 10, 35, 3, 10, 30, 0.1, 10, 35 };
    static const double p[12] = { 0.3689, 0.1170, 0.2673, 0.4699, 0.4387, 0.7470,
                                  0.1091, 0.8732, 0.5547, 0.0381, 0.5743, 0.8828 };
    return hartmann(x, 3, a, p, less);
}

double hartmann6_lowered(const double *x, double less)
{
    static const double a[24] = { 10, 3,   17,  3.5, 1.7, 8, 0.05, 10, 17,   0.1, 8,   14,
                                  3,  3.5, 1.7, 10,  17,  8, 17,   8,  0.05, 10,  0.1, 14 };
    static const double p[24] = { 0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886, 0.2329, 0.4135,
                                  0.8307, 0.3736, 0.1004, 0.9991, 0.2348, 0.1451, 0.3522, 0.2883,
                                  0.3047, 0.6650, 0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381 };
    return hartmann(x, 6, a, p, less);
}

static double hartmann3(const double *x, uint32_t n)
{
    (void)n;
    return hartmann3_lowered(x, 0);
}

static double hartmann6(const double *x, uint32_t n)
{
    (void)n;
    return hartmann6_lowered(x, 0);
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

static double griewank(const double *x, uint32_t n)
{
    double sum = 0, product = 1;
    for (uint32_t i = 0; i < n; i++) {
        sum += x[i] * x[i] / 4000;
        product *= cos(x[i] / sqrt(i + 1.0));
    }
    return sum - product + 1;
}

/* m = 10: steep valleys, n! minima */
static double michalewicz(const double *x, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum -= sin(x[i]) * pow(sin((i + 1) * x[i] * x[i] / PI), 20);
    return sum;
}

static double six_hump_camel(const double *x, uint32_t n)
{
    const double a = x[0] * x[0], b = x[1] * x[1];
    (void)n;
    return (4 - 2.1 * a + a * a / 3) * a + x[0] * x[1] + (4 * b - 4) * b;
}

static double goldstein_price(const double *x, uint32_t n)
{
    const double a = x[0], b = x[1];
    (void)n;
    return (1 + square(a + b + 1) * (19 - 14 * a + 3 * a * a - 14 * b + 6 * a * b + 3 * b * b)) *
           (30 + square(2 * a - 3 * b) * (18 - 32 * a + 12 * a * a + 48 * b - 36 * a * b + 27 * b * b));
}

static double himmelblau(const double *x, uint32_t n)
{
    (void)n;
    return square(x[0] * x[0] + x[1] - 11) + square(x[0] + x[1] * x[1] - 7);
}

static double eggholder(const double *x, uint32_t n)
{
    (void)n;
    return -(x[1] + 47) * sin(sqrt(fabs(x[1] + x[0] / 2 + 47))) - x[0] * sin(sqrt(fabs(x[0] - (x[1] + 47))));
}

/* m = 10 minima, each of depth about 1 / b[i] */
static double shekel(const double *x, uint32_t n)
{
    static const double b[10] = { 0.1, 0.2, 0.2, 0.4, 0.4, 0.6, 0.3, 0.7, 0.5, 0.5 };
    static const double c[10][4] = {
        { 4, 4, 4, 4 }, { 1, 1, 1, 1 }, { 8, 8, 8, 8 }, { 6, 6, 6, 6 }, { 3, 7, 3, 7 },
        { 2, 9, 2, 9 }, { 5, 5, 3, 3 }, { 8, 1, 8, 1 }, { 6, 2, 6, 2 }, { 7, 3.6, 7, 3.6 }
    };
    double sum = 0;
    for (uint32_t i = 0; i < 10; i++) {
        double distance = b[i];
        for (uint32_t j = 0; j < n; j++)
            distance += square(x[j] - c[i][j]);
        sum -= 1 / distance;
    }
    return sum;
}

/* ---- the table of the family ---- */
REAL_DIM(branin_1, "x1", -5, 10);
REAL_DIM(branin_2, "x2", 0, 15);
static const hone_dim *const branin_dims[] = { &branin_1, &branin_2 };
REAL_DIM(camel_1, "x1", -3, 3);
REAL_DIM(camel_2, "x2", -2, 2);
static const hone_dim *const camel_dims[] = { &camel_1, &camel_2 };

static const double zero[] = { 0 }, one[] = { 1 }, styblinski_best[] = { -2.9035340151190754 };
static const double branin_best[] = { 3.14159265358979323846, 2.275 },
                    camel_best[] = { 0.08984201617713354, -0.7126564063539513 };
static const double goldstein_best[] = { 0, -1 }, himmelblau_best[] = { 3, 2 };
static const double eggholder_best[] = { 512, 404.2318050600804 };
static const double hartmann3_best[] = { 0.11458888122541287, 0.5556488954739371, 0.8525469842172746 };
static const double hartmann6_best[] = { 0.20168950909365746, 0.15001069354111374, 0.4768739729250998,
                                         0.2753324275220782,  0.3116516172395686,  0.6573005345536702 };
static const double shekel_best[] = { 4.000746533201553, 4.000592934538832, 3.9996633972202558, 3.9995098012852255 };
/* each coordinate by itself, found to 1e-12 by golden section from the lowest of 200,001 points */
static const double michalewicz_best[] = { 2.202905506915179,  1.5707963325679515, 1.284991567292255,
                                           1.923058482907859,  1.7204697795128676, 1.5707963323727687,
                                           1.4544139728515153, 1.7560865309406768, 1.6557174237957466,
                                           1.570796332355802 };

/* n_dims dimensions, or any number from `least` on, all in low .. high */
#define BOX(function, fixed, least, usual, lo, hi, best)                                      \
    const struct problem problem_##function = { .name = #function,                            \
                                                .n_dims = fixed,                              \
                                                .min_dims = least,                            \
                                                .usual_dims = usual,                          \
                                                .n_values = 1,                                \
                                                .low = lo,                                    \
                                                .high = hi,                                   \
                                                .minimizer = best,                            \
                                                .n_minimizer = sizeof(best) / sizeof *(best), \
                                                .value = function }
BOX(hartmann3, 3, 3, 3, 0, 1, hartmann3_best);
BOX(hartmann6, 6, 6, 6, 0, 1, hartmann6_best);
BOX(ackley, 0, 1, 2, -32.768, 32.768, zero);
BOX(rosenbrock, 0, 2, 2, -5, 10, one);
BOX(rastrigin, 0, 1, 2, -5.12, 5.12, zero);
BOX(levy, 0, 1, 2, -10, 10, one);
BOX(styblinski_tang, 0, 1, 2, -5, 5, styblinski_best);
BOX(sphere, 0, 1, 2, -5.12, 5.12, zero);
BOX(griewank, 0, 1, 2, -600, 600, zero);
BOX(michalewicz, 0, 2, 2, 0, 3.14159265358979323846, michalewicz_best);
BOX(goldstein_price, 2, 2, 2, -2, 2, goldstein_best);
BOX(himmelblau, 2, 2, 2, -6, 6, himmelblau_best);
BOX(eggholder, 2, 2, 2, -512, 512, eggholder_best);
BOX(shekel, 4, 4, 4, 0, 10, shekel_best);
const struct problem problem_branin = { .name = "branin",
                                        .n_dims = 2,
                                        .n_values = 1,
                                        .dims = branin_dims,
                                        .minimizer = branin_best,
                                        .n_minimizer = 2,
                                        .value = branin_value };
const struct problem problem_six_hump_camel = { .name = "six_hump_camel",
                                                .n_dims = 2,
                                                .n_values = 1,
                                                .dims = camel_dims,
                                                .minimizer = camel_best,
                                                .n_minimizer = 2,
                                                .value = six_hump_camel };
