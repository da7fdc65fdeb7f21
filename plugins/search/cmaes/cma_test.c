/* SPDX-License-Identifier: MIT */
/* Tests of the distributions of search/cmaes against what the package cmaes makes of the same generations
 * (reference.h, made by make_reference.py), and of the decomposition against its definition. */
#include "cma.h"
#include "harness.h"
#include "reference.h"

static void compare(const double *got, const double *want, size_t n, double tolerance)
{
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++)
        wrong += !(fabs(got[i] - want[i]) <= tolerance * (1 + fabs(want[i])));
    CU_ASSERT_EQUAL(wrong, 0);
}

static void test_eigenvectors_rebuild_the_matrix(void)
{
    static double a[60 * 60], v[60 * 60], w[60], work[120];
    for (uint32_t n = 1; n <= 60; n += n < 8 ? 1 : 13)
        for (uint32_t kind = 0; kind < 4; kind++) {
            hone_rng rng = hone_rng_at(n, kind);
            double worst = 0, skew = 0;
            for (uint32_t i = 0; i < n; i++)
                for (uint32_t j = 0; j <= i; j++) {
                    double x = hone_rng_normal(&rng);
                    if (kind == 1)
                        x = i == j; /* all values equal */
                    else if (kind == 2)
                        x *= pow(10, -0.2 * (i + j)); /* graded */
                    else if (kind == 3)
                        x = i / 2 == j / 2 ? 1 : 0; /* blocks, pairs of equal values */
                    a[i * n + j] = a[j * n + i] = x;
                }
            memcpy(v, a, n * n * sizeof *v);
            CU_ASSERT(symmetric_eigen(v, w, work, n));
            for (uint32_t i = 0; i < n; i++) {
                CU_ASSERT(i == 0 || w[i] >= w[i - 1]);
                for (uint32_t j = 0; j < n; j++) {
                    double product = 0, unit = 0;
                    for (uint32_t k = 0; k < n; k++) {
                        product += v[i * n + k] * w[k] * v[j * n + k];
                        unit += v[k * n + i] * v[k * n + j];
                    }
                    worst = fmax(worst, fabs(product - a[i * n + j]));
                    skew = fmax(skew, fabs(unit - (i == j)));
                }
            }
            CU_ASSERT(worst < 1e-13 * (10 + n));
            CU_ASSERT(skew < 1e-13 * (10 + n));
        }
    v[0] = 1;
    v[1] = v[2] = (double)NAN;
    v[3] = 2;
    CU_ASSERT_EQUAL(symmetric_eigen(v, w, work, 2), 0);
}

/* points: (generations, lambda, n), best first */
static void replay(struct cma *a, const double *points, uint32_t generations)
{
    const double *x[64];
    static const uint8_t own[64];
    for (uint32_t g = 0; g < generations; g++) {
        for (uint32_t k = 0; k < a->lambda; k++)
            x[k] = points + ((size_t)g * a->lambda + k) * a->n;
        CU_ASSERT(cma_update(a, x, own, 0, 1));
    }
}

static void begin(struct cma *a, uint32_t n, uint32_t adapts)
{
    static const double middle[] = { .5, .5, .5, .5, .5, .5, .5, .5, .5, .5, .5, .5 };
    CU_ASSERT_EQUAL_FATAL(cma_init(a, n, cma_default_lambda(n), adapts), HONE_OK);
    cma_start(a, middle, 0.2, NULL);
}

#define COMPARE_STATE(a, name, tolerance)                               \
    do {                                                                \
        compare((a)->mean, name##_mean, (a)->n, tolerance);             \
        compare((a)->c, name##_cov, (size_t)(a)->n *(a)->n, tolerance); \
        compare((a)->p_sigma, name##_p_sigma, (a)->n, tolerance);       \
        compare((a)->p_c, name##_p_c, (a)->n, tolerance);               \
        compare(&(a)->s.sigma, name##_sigma, 1, tolerance);             \
    } while (0)

static void test_generations_equal_the_reference(void)
{
    struct cma a;
    begin(&a, 5, 0);
    replay(&a, plain_points, 6);
    COMPARE_STATE(&a, plain, 1e-10);
    cma_release(&a);
    begin(&a, 12, 0);
    replay(&a, wide_points, 3);
    COMPARE_STATE(&a, wide, 1e-10);
    cma_release(&a);
}

static void test_learning_rates_equal_the_reference(void)
{
    struct cma a;
    begin(&a, 4, 1);
    replay(&a, noisy_points, 8);
    COMPARE_STATE(&a, noisy, 1e-9);
    compare(&a.s.eta_mean, noisy_etas, 1, 1e-9);
    compare(&a.s.eta_cov, noisy_etas + 1, 1, 1e-9);
    CU_ASSERT(a.s.eta_mean < 1);
    cma_release(&a);
}

/* Interval of an integer coordinate 0 .. most at the mean. */
static void correct(struct cma *a, uint32_t j, double most)
{
    const double m = a->mean[j];
    double i = ceil(m - 0.5);
    i = i < 0 ? 0 : i > most ? most : i;
    if (i < 1)
        cma_margin(a, j, 0.5, 0.5, 1.0 / (a->n * a->lambda));
    else if (i > most - 1)
        cma_margin(a, j, most - 0.5, most - 0.5, 1.0 / (a->n * a->lambda));
    else
        cma_margin(a, j, i - 0.5, i + 0.5, 1.0 / (a->n * a->lambda));
}

static void test_margins_equal_the_reference(void)
{
    static const double mean[] = { 0.5, 4.2, 0.7, 0.1 };
    struct cma a;
    CU_ASSERT_EQUAL_FATAL(cma_init(&a, 4, cma_default_lambda(4), 0), HONE_OK);
    cma_start(&a, mean, 0.3, NULL);
    for (uint32_t g = 0; g < 25; g++) {
        replay(&a, margin_points + (size_t)g * a.lambda * 4, 1);
        correct(&a, 1, 6);
        correct(&a, 2, 1);
    }
    COMPARE_STATE(&a, margin, 1e-7); /* the package finds quantiles by bisection */
    compare(a.scale, margin_scale, 4, 1e-7);
    CU_ASSERT(fabs(a.scale[1] - 1) > 1e-3);
    cma_release(&a);
}

static void test_choices_equal_the_reference(void)
{
    static const uint32_t counts[] = { 3, 2, 4 };
    static const double prior[] = { 1. / 3, 1. / 3, 1. / 3, .5, .5, .25, .25, .25, .25 };
    const size_t lambda = sizeof choices_weights / sizeof *choices_weights;
    struct choices c;
    uint32_t picked[32][3];
    const uint32_t *picks[32];
    CU_ASSERT_EQUAL_FATAL(choices_init(&c, counts, 3), HONE_OK);
    choices_start(&c, prior);
    for (size_t g = 0; g < 10; g++) {
        for (size_t k = 0; k < lambda; k++) {
            for (size_t i = 0; i < 3; i++)
                picked[k][i] = (uint32_t)choices_picks[(g * lambda + k) * 3 + i];
            picks[k] = picked[k];
        }
        choices_update(&c, picks, choices_weights, (uint32_t)lambda);
    }
    compare(c.q, choices_q, 9, 1e-10);
    compare(&c.numbers[2], choices_slowness, 1, 1e-10);
    CU_ASSERT_EQUAL(choices_at(&c, 1, 0), 0);
    CU_ASSERT_EQUAL(choices_at(&c, 1, c.q[3]), 1);
    CU_ASSERT_EQUAL(choices_at(&c, 1, 0.9999999), 1);
    CU_ASSERT(choices_are_sound(&c));
    c.q[0] = -1;
    CU_ASSERT(!choices_are_sound(&c));
    choices_release(&c);
}

static void test_warm_start_equals_the_reference(void)
{
    const double *x[4];
    double mean[3], sigma = 0, covariance[9], work[9];
    for (int k = 0; k < 4; k++)
        x[k] = warm_points + (size_t)k * 3;
    CU_ASSERT(cma_promising(x, 4, 3, 0.1, mean, &sigma, covariance, work));
    compare(mean, warm_mean, 3, 1e-12);
    compare(&sigma, warm_sigma, 1, 1e-12);
    compare(covariance, warm_cov, 9, 1e-12);
}

/* Draws have the mean and the covariance that they should, foreign steps no more than their length. */
static void test_draws_and_injections(void)
{
    static const double mean[] = { 0.2, 0.7, 0.4 }, c[] = { 2, 1, 0.5, 1, 3, 0, 0.5, 0, 1 };
    struct cma a;
    hone_rng rng = hone_rng_at(4, 0);
    double x[3], sums[3] = { 0 }, squares[9] = { 0 }, far[3] = { 1000, 0.7, 0.4 }, before;
    const double *rows[7];
    uint8_t foreign[7] = { 0 };
    enum { DRAWS = 200000 };
    CU_ASSERT_EQUAL_FATAL(cma_init(&a, 3, 7, 0), HONE_OK);
    cma_start(&a, mean, 0.1, c);
    for (int k = 0; k < DRAWS; k++) {
        cma_draw(&a, &rng, x);
        for (int i = 0; i < 3; i++) {
            sums[i] += x[i] - mean[i];
            for (int j = 0; j < 3; j++)
                squares[i * 3 + j] += (x[i] - mean[i]) * (x[j] - mean[j]) / 0.01 / DRAWS;
        }
    }
    for (int i = 0; i < 3; i++)
        CU_ASSERT(fabs(sums[i] / DRAWS) < 0.002);
    for (int i = 0; i < 9; i++)
        CU_ASSERT(fabs(squares[i] - c[i]) < 0.05);
    for (int k = 0; k < 7; k++)
        rows[k] = mean;
    rows[0] = far;
    foreign[0] = 1;
    before = a.mean[0];
    CU_ASSERT(cma_update(&a, rows, foreign, 0, 1));
    /* (1000, 0, 0) is sqrt(c^-1[0][0]) long where the axes are unit; the longest step is sqrt(3) + 6 / 5 of them */
    CU_ASSERT(a.mean[0] > before);
    CU_ASSERT(a.mean[0] - before <= 0.1 * a.weights[0] * (sqrt(3) + 1.2) * sqrt(2) * (1 + 1e-9));
    cma_release(&a);
}

static void test_stops(void)
{
    struct cma a;
    CU_ASSERT_EQUAL_FATAL(cma_init(&a, 2, 6, 0), HONE_OK);
    const double mean[] = { 0.5, 0.5 }, flat[] = { 1, 0, 0, 1e-15 };
    cma_start(&a, mean, 0.2, NULL);
    CU_ASSERT_PTR_NULL(cma_stops(&a, 1e-12, 1e-12));
    a.s.generation = a.term + 1; /* and all values 0 */
    CU_ASSERT_PTR_NOT_NULL(strstr(cma_stops(&a, 1e-12, 1e-12), "equal"));
    cma_start(&a, mean, 0.2, flat);
    CU_ASSERT_PTR_NOT_NULL(strstr(cma_stops(&a, 1e-12, 1e-12), "condition"));
    cma_start(&a, mean, 1e-17, NULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(cma_stops(&a, 1e-12, 1e-12), "rounding"));
    cma_start(&a, mean, 0.2, NULL);
    a.s.sigma = 1e-14;
    CU_ASSERT_PTR_NOT_NULL(strstr(cma_stops(&a, 1e-12, 1e-12), "small"));
    a.s.sigma = 1e5;
    CU_ASSERT_PTR_NOT_NULL(strstr(cma_stops(&a, 1e-12, 1e-12), "grow"));
    cma_release(&a);
}

SUITE(TEST(test_eigenvectors_rebuild_the_matrix), TEST(test_generations_equal_the_reference),
      TEST(test_learning_rates_equal_the_reference), TEST(test_margins_equal_the_reference),
      TEST(test_choices_equal_the_reference), TEST(test_warm_start_equals_the_reference),
      TEST(test_draws_and_injections), TEST(test_stops))
