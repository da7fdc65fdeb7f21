/* SPDX-License-Identifier: MIT */
/* transform/pca against scikit-learn, and its eigenvectors against what makes them so. */
#include "eigen.h"
#include "product.h"
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

/* The k largest eigenvalues, the largest first, and their vectors; all: (n) descending, or NULL. */
static void check_largest(const double *matrix, uint64_t n, uint64_t k, const double *all)
{
    double *a = malloc(n * n * sizeof *a), *v = malloc(k * n * sizeof *v), *values = malloc(n * sizeof *values);
    double size = 0;
    CU_ASSERT_FATAL(a && v && values);
    memcpy(a, matrix, n * n * sizeof *a);
    CU_ASSERT_EQUAL(symmetric_eigen(a, n, k, values, v), 0);
    for (uint64_t i = 0; i < n * n; i++)
        size = fmax(size, fabs(matrix[i]));
    const double tolerance = 1e-13 * (double)(n + 4);
    for (uint64_t r = 0; r < k; r++) {
        CU_ASSERT(!r || values[r] <= values[r - 1]);
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
        CU_ASSERT(!all || fabs(values[r] - all[r]) <= tolerance * size);
    }
    if (k == n && !all) /* and so the largest of them are those of fewer */
        for (uint64_t fewer = 1; fewer < n; fewer = 2 * fewer + 1)
            check_largest(matrix, n, fewer, values);
    free(a);
    free(v);
    free(values);
}

static int descending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
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
            check_largest(a, n, n, NULL);
            qsort(x, n, sizeof *x, descending);
            if (kind == 2)
                check_largest(a, n, n, x);
        }
}

/* Eigenvalues that are known: 2 - 2 cos(k pi / (n + 1)), of the second difference. */
static void test_known_eigenvalues(void)
{
    enum { N = 25 };
    static double a[N * N], expected[N];
    for (uint64_t i = 0; i < N; i++) {
        expected[i] = 2 - 2 * cos((double)(N - i) * acos(-1.0) / (N + 1));
        for (uint64_t j = 0; j < N; j++)
            a[i * N + j] = i == j ? 2 : i == j + 1 || j == i + 1 ? -1 : 0;
    }
    check_largest(a, N, N, expected);
    check_largest(a, N, 4, expected);
    a[0] = (double)NAN;
    double values[N], vectors[N * N];
    CU_ASSERT_EQUAL(symmetric_eigen(a, N, N, values, vectors), -1);
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

/* Products of features that are neither whole panels nor whole tiles, of samples that are several blocks, far from zero and ever
 * farther, against plain sums; and the same bits however the samples come, also one by one. */
static void test_products_of_any_number(void)
{
    static const uint64_t widths[] = { 1, 7, 8, 9, 24, 25, 53 };
    enum { ROWS = 700, MOST = 53 };
    static float x[ROWS * MOST], y[ROWS * MOST], z[ROWS * MOST];
    for (uint64_t w = 0; w < HONE_COUNT(widths); w++) {
        const uint64_t d = widths[w], k = (d + 1) / 2;
        const hone_task task = transform_table((int64_t)d);
        struct component c, one_by_one;
        hone_task out;
        hone_rng rng = hone_rng_at(11, d);
        char text[24];
        double mean[MOST] = { 0 };
        snprintf(text, sizeof text, "%llu", (unsigned long long)k);
        for (uint64_t i = 0; i < ROWS; i++)
            for (uint64_t j = 0; j < d; j++) {
                x[i * d + j] = (float)(300 + (double)i * 0.01 + (double)(d - j) * hone_rng_normal(&rng));
                mean[j] += (double)x[i * d + j] / ROWS;
            }
        CU_ASSERT_EQUAL_FATAL(component_open(&c, "pca", 1, "components", text, NULL), HONE_OK);
        CU_ASSERT_EQUAL_FATAL(component_open(&one_by_one, "pca", 1, "components", text, NULL), HONE_OK);
        CU_ASSERT_EQUAL(transform_iface(&c)->begin(c.self, &task, &out, &c.err), HONE_OK);
        CU_ASSERT_EQUAL(transform_iface(&c)->fit(c.self, x, ROWS, &c.err), HONE_OK);
        CU_ASSERT_EQUAL(transform_iface(&c)->finish(c.self, &c.err), HONE_OK);
        CU_ASSERT_EQUAL(transform_iface(&c)->apply(c.self, x, y, ROWS, &c.err), HONE_OK);
        CU_ASSERT_EQUAL(transform_iface(&one_by_one)->begin(one_by_one.self, &task, &out, &c.err), HONE_OK);
        for (uint64_t i = 0; i < ROWS; i++)
            CU_ASSERT_EQUAL(transform_iface(&one_by_one)->fit(one_by_one.self, x + i * d, 1, &c.err), HONE_OK);
        CU_ASSERT_EQUAL(transform_iface(&one_by_one)->finish(one_by_one.self, &c.err), HONE_OK);
        for (uint64_t i = 0; i < ROWS; i++)
            CU_ASSERT_EQUAL(transform_iface(&one_by_one)->apply(one_by_one.self, x + i * d, z + i * k, 1, &c.err),
                            HONE_OK);
        CU_ASSERT_EQUAL(memcmp(y, z, ROWS * k * sizeof *y), 0);
        /* what comes out is uncorrelated, and its variances are the largest eigenvalues of the plain sums */
        static double products[MOST * MOST], values[MOST], vectors[MOST * MOST];
        memset(products, 0, sizeof products);
        for (uint64_t i = 0; i < ROWS; i++)
            for (uint64_t a = 0; a < d; a++)
                for (uint64_t b = 0; b < d; b++)
                    products[a * d + b] += ((double)x[i * d + a] - mean[a]) * ((double)x[i * d + b] - mean[b]);
        CU_ASSERT_EQUAL(symmetric_eigen(products, d, k, values, vectors), 0);
        for (uint64_t a = 0; a < k; a++)
            for (uint64_t b = 0; b <= a; b++) {
                double sum = 0;
                for (uint64_t i = 0; i < ROWS; i++)
                    sum += (double)y[i * k + a] * (double)y[i * k + b];
                CU_ASSERT(fabs(sum - (a == b ? values[a] : 0)) <= 1e-6 * values[0]);
            }
        component_close(&c);
        component_close(&one_by_one);
    }
}

/* Small whole numbers, whose products every way of summing has to the bit, on this CPU's widest vectors and narrower ones. */
static void test_tiles_on_any_vectors(void)
{
    enum { MOST = 40 };
    static double a[MOST * PANEL_WIDTH], b[MOST * TILE_WIDTH], out[PANEL_WIDTH * TILE_WIDTH];
    hone_rng rng = hone_rng_at(12, 0);
    unsigned n_ways = 0;
    for (product_tile *multiply; (multiply = product_tile_by(n_ways)); n_ways++)
        for (uint64_t n = 0; n <= MOST; n += 1 + n / 3) {
            for (uint64_t i = 0; i < HONE_COUNT(a); i++)
                a[i] = (double)hone_rng_below(&rng, 100) - 50;
            for (uint64_t i = 0; i < HONE_COUNT(b); i++)
                b[i] = (double)hone_rng_below(&rng, 100) - 50;
            multiply(a, b, n, MOST, out);
            for (uint64_t i = 0; i < PANEL_WIDTH; i++)
                for (uint64_t j = 0; j < TILE_WIDTH; j++) {
                    double sum = 0;
                    for (uint64_t r = 0; r < n; r++)
                        sum += a[panel_at(r, i, MOST)] * b[panel_at(r, j, MOST)];
                    CU_ASSERT_EQUAL(out[i * TILE_WIDTH + j], sum);
                }
        }
    CU_ASSERT(n_ways >= 1);
}

SUITE(TEST(test_equals_scikit_learn), TEST(test_eigenvectors_of_any_symmetric_matrix), TEST(test_known_eigenvalues),
      TEST(test_few_samples), TEST(test_state_makes_the_round_and_hostile_bytes_do_not), TEST(test_refuses_odd_use),
      TEST(test_products_of_any_number), TEST(test_tiles_on_any_vectors))
