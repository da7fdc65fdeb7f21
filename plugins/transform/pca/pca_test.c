/* SPDX-License-Identifier: MIT */
/* transform/pca against scikit-learn, and its eigenvectors against what makes them so. */
#include "eigen.h"
#include "transform_case.h"

static void test_equals_scikit_learn(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "pca", 1, NULL), HONE_OK);
    transform_check(&c, sklearn_pca_all[0], FEATURES - 1, FEATURES, 1e-5);
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "pca", 1, "components", "3", NULL), HONE_OK);
    transform_check(&c, sklearn_pca_three[0], 3, 3, 1e-5);
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "pca", 1, "components", "4", "whiten", "yes", NULL), HONE_OK);
    transform_check(&c, sklearn_pca_whitened[0], 4, 4, 1e-5);
    component_close(&c);
}

static void check_eigen(const double *matrix, uint64_t n, const double *expected)
{
    double *v = malloc(n * n * sizeof *v), *values = malloc(n * sizeof *values), *work = malloc(n * sizeof *work);
    double size = 0;
    CU_ASSERT_FATAL(v && values && work);
    memcpy(v, matrix, n * n * sizeof *v);
    CU_ASSERT_EQUAL(symmetric_eigen(v, n, values, work), 0);
    for (uint64_t i = 0; i < n * n; i++)
        size = fmax(size, fabs(matrix[i]));
    const double tolerance = 1e-13 * (double)(n + 4);
    for (uint64_t r = 0; r < n; r++) {
        for (uint64_t i = 0; i < n; i++) { /* A v = lambda v */
            double sum = 0;
            for (uint64_t j = 0; j < n; j++)
                sum += matrix[i * n + j] * v[r * n + j];
            CU_ASSERT(fabs(sum - values[r] * v[r * n + i]) <= tolerance * size);
        }
        for (uint64_t s = 0; s <= r; s++) { /* orthogonal, of length 1 */
            double sum = 0;
            for (uint64_t j = 0; j < n; j++)
                sum += v[r * n + j] * v[s * n + j];
            CU_ASSERT(fabs(sum - (r == s)) <= tolerance);
        }
        if (expected) { /* each is one of those expected */
            double nearest = HUGE_VAL;
            for (uint64_t k = 0; k < n; k++)
                nearest = fmin(nearest, fabs(values[r] - expected[k]));
            CU_ASSERT(nearest <= tolerance * size);
        }
    }
    free(v);
    free(values);
    free(work);
}

static void test_eigenvectors_of_any_symmetric_matrix(void)
{
    enum { MOST = 40 };
    static double a[MOST * MOST], x[MOST];
    hone_rng rng = hone_rng_at(10, 0);
    for (uint64_t n = 1; n <= MOST; n++)
        for (int kind = 0; kind < 6; kind++) {
            for (uint64_t i = 0; i < n; i++)
                x[i] = hone_rng_normal(&rng);
            for (uint64_t i = 0; i < n; i++)
                for (uint64_t j = 0; j <= i; j++)
                    a[i * n + j] = a[j * n + i] = kind == 0   ? hone_rng_normal(&rng)
                                                  : kind == 1 ? x[i] * x[j]         /* rank 1 */
                                                  : kind == 2 ? (i == j ? x[i] : 0) /* diagonal */
                                                  : kind == 3 ? (i == j ? 3.0 : 0)  /* one value n times */
                                                  : kind == 4 ? (i == j       ? 2.0
                                                                 : i == j + 1 ? -1.0
                                                                              : 0)
                                                              : ldexp(x[i] * x[j], (int)(i + j) * -4); /* graded */
            check_eigen(a, n, kind == 2 ? x : NULL);
        }
}

/* Eigenvalues that are known: 2 - 2 cos(k pi / (n + 1)), of the second difference. */
static void test_known_eigenvalues(void)
{
    enum { N = 25 };
    static double a[N * N], expected[N];
    for (uint64_t i = 0; i < N; i++) {
        expected[i] = 2 - 2 * cos((double)(i + 1) * acos(-1.0) / (N + 1));
        for (uint64_t j = 0; j < N; j++)
            a[i * N + j] = i == j ? 2 : i == j + 1 || j == i + 1 ? -1 : 0;
    }
    check_eigen(a, N, expected);
    a[0] = (double)NAN;
    double values[N], work[N];
    CU_ASSERT(symmetric_eigen(a, N, values, work) < 0 || isnan(values[0]));
}

/* More features than samples, one sample, images: components without variance are nothing, whitened or not. */
static void test_few_samples(void)
{
    for (uint64_t n = 1; n < 4; n++) {
        struct component c;
        hone_task task = { .size = sizeof task, .n_dims = 3, .dtype = HONE_F32, .dims = { 1, 1, FEATURES } }, out;
        float y[4 * FEATURES];
        CU_ASSERT_EQUAL_FATAL(component_open(&c, "pca", 1, "whiten", "yes", NULL), HONE_OK);
        CU_ASSERT_EQUAL(transform_iface(&c)->begin(c.self, &task, &out, &c.err), HONE_OK);
        CU_ASSERT(out.n_dims == 1 && out.dims[0] == FEATURES);
        CU_ASSERT_EQUAL(transform_iface(&c)->fit(c.self, samples[0], n, &c.err), HONE_OK);
        CU_ASSERT_EQUAL(transform_iface(&c)->finish(c.self, &c.err), HONE_OK);
        CU_ASSERT_EQUAL(transform_iface(&c)->apply(c.self, samples[0], y, n, &c.err), HONE_OK);
        double total = 0;
        for (uint64_t i = 0; i < n; i++)
            for (uint64_t j = 0; j < FEATURES; j++)
                if (j + 1 < n)
                    total += (double)y[i * FEATURES + j] * (double)y[i * FEATURES + j];
                else
                    CU_ASSERT(fabs((double)y[i * FEATURES + j]) < 1e-2);
        CU_ASSERT(near(total, (double)((n - 1) * (n - 1)), 1e-4)); /* n - 1 components of variance 1 */
        component_close(&c);
    }
}

static void test_state_makes_the_round_and_hostile_bytes_do_not(void)
{
    static struct state s;
    struct component one, two, other;
    int64_t width;
    CU_ASSERT_EQUAL_FATAL(component_open(&one, "pca", 1, "components", "3", NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(component_open(&two, "pca", 1, "components", "3", NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(component_open(&other, "pca", 1, "components", "2", NULL), HONE_OK);
    transform_state_round(&one, &two);
    CU_ASSERT_EQUAL(transform_fit(&one, &width), HONE_OK);
    CU_ASSERT_EQUAL(component_save(&one, &s), HONE_OK);
    CU_ASSERT_EQUAL(component_load(&other, &s), HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(other.err.param, "components");
    component_close(&one);
    component_close(&two);
    component_close(&other);
}

static void test_refuses_odd_use(void)
{
    struct component c;
    int64_t width;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "pca", 1, NULL), HONE_OK);
    transform_refuses_odd_use(&c);
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "pca", 1, "components", "8", NULL), HONE_OK);
    CU_ASSERT_EQUAL(transform_fit(&c, &width), HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(c.err.param, "components");
    component_close(&c);
}

SUITE(TEST(test_equals_scikit_learn), TEST(test_eigenvectors_of_any_symmetric_matrix), TEST(test_known_eigenvalues),
      TEST(test_few_samples), TEST(test_state_makes_the_round_and_hostile_bytes_do_not), TEST(test_refuses_odd_use))
