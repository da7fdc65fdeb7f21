/* SPDX-License-Identifier: MIT */
/* Test functions of numeric optimization and the median of what a search finds on them, for the suites of
 * search plugins; header only, beside search_case.h. Optimum 0 throughout: sphere and rosenbrock at ones, the
 * others at zeros. */
#ifndef HONE_TESTS_NUMERIC_CASE_H
#define HONE_TESTS_NUMERIC_CASE_H
#include "search_case.h"

enum { NUMERIC_DIMS = 20, NUMERIC_SEEDS = 11 };

typedef struct numeric_function {
    double (*value)(const double *x, uint32_t n);
    double low, high;
} numeric_function;

static inline double numeric_sphere_(const double *x, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += (x[i] - 1) * (x[i] - 1);
    return sum;
}

static inline double numeric_rosenbrock_(const double *x, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i + 1 < n; i++)
        sum += 100 * (x[i + 1] - x[i] * x[i]) * (x[i + 1] - x[i] * x[i]) + (1 - x[i]) * (1 - x[i]);
    return sum;
}

static inline double numeric_ackley_(const double *x, uint32_t n)
{
    double squares = 0, cosines = 0;
    for (uint32_t i = 0; i < n; i++) {
        squares += x[i] * x[i] / n;
        cosines += cos(2 * 3.14159265358979323846 * x[i]) / n;
    }
    return -20 * exp(-0.2 * sqrt(squares)) - exp(cosines) + 20 + exp(1);
}

static inline double numeric_rastrigin_(const double *x, uint32_t n)
{
    double sum = 10.0 * n;
    for (uint32_t i = 0; i < n; i++)
        sum += x[i] * x[i] - 10 * cos(2 * 3.14159265358979323846 * x[i]);
    return sum;
}

/* The optimum in a corner of the box. */
static inline double numeric_corner_(const double *x, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += (i + 1.0) * (x[i] + 5);
    return sum;
}

static const numeric_function SPHERE = { numeric_sphere_, -5, 5 }, ROSENBROCK = { numeric_rosenbrock_, -5, 10 },
                              ACKLEY = { numeric_ackley_, -32.768, 32.768 },
                              RASTRIGIN = { numeric_rastrigin_, -5.12, 5.12 }, CORNER = { numeric_corner_, -5, 5 };

/* As printed by Dixon and Szego 1978: 0.397887 at the least on [-5, 10] x [0, 15], -3.32237 on the unit cube of six
 * dimensions. */
static inline double numeric_branin(const double *x)
{
    const double pi = 3.14159265358979323846, q = x[1] - 5.1 * x[0] * x[0] / (4 * pi * pi) + 5 * x[0] / pi - 6;
    return q * q + 10 * (1 - 1 / (8 * pi)) * cos(x[0]) + 10;
}

static inline double numeric_hartmann6(const double *x)
{
    static const double w[4] = { 1, 1.2, 3, 3.2 };
    static const double a[4][6] = {
        { 10, 3, 17, 3.5, 1.7, 8 }, { .05, 10, 17, .1, 8, 14 }, { 3, 3.5, 1.7, 10, 17, 8 }, { 17, 8, .05, 10, .1, 14 }
    };
    static const double p[4][6] = { { .1312, .1696, .5569, .0124, .8283, .5886 },
                                    { .2329, .4135, .8307, .3736, .1004, .9991 },
                                    { .2348, .1451, .3522, .2883, .3047, .6650 },
                                    { .4047, .8828, .8732, .5743, .1091, .0381 } };
    double sum = 0;
    for (int i = 0; i < 4; i++) {
        double d = 0;
        for (int j = 0; j < 6; j++)
            d += a[i][j] * (x[j] - p[i][j]) * (x[j] - p[i][j]);
        sum -= w[i] * exp(-d);
    }
    return sum;
}

/* Lowest value of `trials` on n dimensions; `lag` <= 8 at once, told in reverse. */
static inline double numeric_best(const search_case *c, numeric_function f, uint32_t n, uint64_t seed, uint64_t trials,
                                  uint64_t lag)
{
    fake_space s;
    hone_dim dims[NUMERIC_DIMS];
    fake_plugin p;
    const search_case in = { c->name, c->settings, c->n_values, c->n_constraints, trials };
    double best = HUGE_VAL, x[8][NUMERIC_DIMS];
    for (uint32_t i = 0; i < n; i++)
        dims[i] = (hone_dim)FAKE_REAL("x", f.low, f.high, 0);
    CU_ASSERT_EQUAL_FATAL(search_start(&in, &p, fake_space_init(&s, dims, n, NULL, 0), seed), HONE_OK);
    for (uint64_t k = 0; k < trials; k += lag) {
        for (uint64_t j = 0; j < lag; j++)
            CU_ASSERT_EQUAL(search_ask(&in, &p, k + j, x[j]), HONE_OK);
        for (uint64_t j = lag; j-- > 0;) {
            const double y = f.value(x[j], n);
            best = y < best ? y : best;
            search_say(&in, &p, k + j, x[j], HONE_COMPLETE, y, 0);
        }
    }
    fake_plugin_release(&p);
    return best;
}

/* Median of NUMERIC_SEEDS runs. */
static inline double numeric_median(const search_case *c, numeric_function f, uint32_t n, uint64_t trials, uint64_t lag)
{
    double v[NUMERIC_SEEDS];
    for (uint64_t s = 0; s < NUMERIC_SEEDS; s++) {
        uint64_t i = s;
        const double y = numeric_best(c, f, n, s, trials, lag);
        for (; i > 0 && v[i - 1] > y; i--)
            v[i] = v[i - 1];
        v[i] = y;
    }
    return v[NUMERIC_SEEDS / 2];
}

/* minimize a + b where a b >= 20: the mean over ten seeds of the best allowed value, 2 sqrt(20) = 8.944 at least */
static inline double numeric_constrained(const search_case *c, uint64_t trials)
{
    double mean = 0;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        const hone_dim dims[] = { FAKE_REAL("a", -5, 10, 0), FAKE_REAL("b", 0, 15, 0) };
        fake_space s;
        fake_plugin p;
        double x[2], best = 100;
        CU_ASSERT_EQUAL_FATAL(search_start(c, &p, fake_space_init(&s, dims, 2, NULL, 0), seed), HONE_OK);
        for (uint64_t k = 0; k < trials; k++) {
            search_ask(c, &p, k, x);
            const double y = x[0] + x[1], violation = 20 - (x[0] > 0 ? x[0] * x[1] : x[0]);
            const hone_outcome o = { sizeof o, HONE_COMPLETE, k, x, &y, &violation, 1, 1, 0, NULL, 0, NULL };
            search_iface(c)->tell(p.self, &o, &p.err);
            if (violation <= 0 && y < best)
                best = y;
        }
        mean += best / 10;
        fake_plugin_release(&p);
    }
    return mean;
}

/* How many of ten runs find the minimum of a sphere where every trial much worse than the best is pruned with
 * a value far too good. */
static inline uint32_t numeric_pruned(const search_case *c, uint64_t trials, double goal)
{
    uint32_t good = 0;
    for (uint64_t seed = 0; seed < 10; seed++) {
        fake_space s;
        fake_plugin p;
        hone_dim dims[5];
        double x[5], best = HUGE_VAL;
        for (uint32_t i = 0; i < 5; i++)
            dims[i] = (hone_dim)FAKE_REAL("x", -5, 5, 0);
        CU_ASSERT_EQUAL_FATAL(search_start(c, &p, fake_space_init(&s, dims, 5, NULL, 0), seed), HONE_OK);
        for (uint64_t k = 0; k < trials; k++) {
            search_ask(c, &p, k, x);
            const double y = numeric_sphere_(x, 5);
            const int pruned = k > 10 && y > best + 1;
            const double shown = pruned ? 0.01 * y : y;
            const hone_outcome o = {
                sizeof o, pruned ? HONE_PRUNED : HONE_COMPLETE, k, x, &shown, NULL, 1, 0, 3, NULL, 0, NULL
            };
            search_iface(c)->tell(p.self, &o, &p.err);
            best = fmin(best, y);
        }
        good += best < goal;
        fake_plugin_release(&p);
    }
    return good;
}

/* Two objectives and relations that nothing satisfies are refused in words. */
static inline void numeric_refuses(const search_case *c)
{
    static const hone_relation never = { sizeof never, HONE_GT, 0, UINT32_MAX, 99 };
    const search_case two = { c->name, c->settings, 2, 0, 0 };
    const hone_dim plane[] = { FAKE_REAL("a", 0, 1, 0), FAKE_REAL("b", 0, 1, 0) };
    fake_space f;
    fake_plugin p;
    double x[2];
    CU_ASSERT_EQUAL(search_start(&two, &p, fake_space_init(&f, plane, 2, NULL, 0), 1), HONE_ENOTSUP);
    CU_ASSERT_PTR_NOT_NULL(strstr(p.err.msg, "one objective"));
    fake_plugin_release(&p);
    search_start(c, &p, fake_space_init(&f, plane, 2, &never, 1), 1);
    CU_ASSERT_EQUAL(search_ask(c, &p, 0, x), HONE_EFAIL);
    CU_ASSERT_PTR_NOT_NULL(strstr(p.err.msg, "relations"));
    fake_plugin_release(&p);
}

/* 10,000 outcomes, all alike: points of the space to the end. */
static inline void numeric_stands_flat_objectives(const search_case *c)
{
    const hone_dim dims[] = { FAKE_REAL("a", 0, 1, 0), FAKE_REAL("b", 1e-5, 1, HONE_DIM_LOG),
                              FAKE_CHOICE("c", 2, NULL) };
    fake_space s;
    fake_plugin p;
    double x[3];
    const hone_space *space = fake_space_init(&s, dims, 3, NULL, 0);
    CU_ASSERT_EQUAL_FATAL(search_start(c, &p, space, 3), HONE_OK);
    for (uint64_t t = 0; t < 10000; t++) {
        CU_ASSERT_EQUAL_FATAL(search_ask(c, &p, t, x), HONE_OK);
        CU_ASSERT_PTR_NULL(fake_space_fault(space, x));
        search_say(c, &p, t, x, HONE_COMPLETE, 1, 0);
    }
    fake_plugin_release(&p);
}
#endif /* HONE_TESTS_NUMERIC_CASE_H */
