/* SPDX-License-Identifier: MIT */
/* Tests of search/gp's processes: kernel, likelihood and gradient against plain loops, finite differences and recorded
 * values of scikit-learn; posterior, its gradient and running trials against conditioning by hand. */
#include "gp.h"

#include "fake_host.h"
#include "harness.h"
#include "reference.h"

enum { MOST_ROWS = 48, MOST_FEATURES = 6 };

/* Matern 5/2 with Hamming distances for categories, as the textbook has it. */
static double naive_kernel(const struct model *m, const double *theta, const double *a, const double *b)
{
    const uint32_t d = m->features->n;
    double s = 0, r;
    for (uint32_t k = 0; k < d; k++) {
        double u = a[k], v = b[k];
        if (m->features->list[k].is_category) {
            s += u == v ? 0 : exp(theta[k]);
            continue;
        }
        if (m->is_warped) {
            const double p = exp(theta[THETA_A(d, k)]), q = exp(theta[THETA_B(d, k)]);
            u = 1 - pow(1 - pow(u, p), q);
            v = 1 - pow(1 - pow(v, p), q);
        }
        s += exp(theta[k]) * (u - v) * (u - v);
    }
    r = sqrt(5 * s);
    return exp(theta[THETA_SIGNAL(d)]) * (1 + r + r * r / 3) * exp(-r);
}

/* Solves a x = b: a: (n, n) symmetric positive definite, by elimination; returns log det a. */
static double naive_solve(const double *matrix, uint64_t n, const double *b, double *x)
{
    static double a[MOST_ROWS * MOST_ROWS];
    double log_det = 0;
    memcpy(a, matrix, n * n * sizeof *a);
    memcpy(x, b, n * sizeof *x);
    for (uint64_t k = 0; k < n; k++) {
        log_det += log(a[k * n + k]);
        for (uint64_t i = k + 1; i < n; i++) {
            const double f = a[i * n + k] / a[k * n + k];
            for (uint64_t j = k; j < n; j++)
                a[i * n + j] -= f * a[k * n + j];
            x[i] -= f * x[k];
        }
    }
    for (uint64_t k = n; k-- > 0;) {
        for (uint64_t j = k + 1; j < n; j++)
            x[k] -= a[k * n + j] * x[j];
        x[k] /= a[k * n + k];
    }
    return log_det;
}

static void row_of(const struct model *m, uint64_t i, double *row)
{
    for (uint32_t k = 0; k < m->features->n; k++)
        row[k] = m->x[k * m->capacity + i];
}

static void naive_matrix(const struct model *m, const double *theta, uint64_t rows, double *matrix)
{
    double a[MOST_FEATURES], b[MOST_FEATURES];
    for (uint64_t i = 0; i < rows; i++)
        for (uint64_t j = 0; j < rows; j++) {
            row_of(m, i, a);
            row_of(m, j, b);
            matrix[i * rows + j] = naive_kernel(m, theta, a, b) +
                                   (i == j ? exp(theta[THETA_NOISE(m->features->n)]) : 0);
        }
}

/* A mixed space: three reals, an integer, a choice and a choice that only one value of that one has. */
static const double second[] = { 1 };
static const hone_condition is_second = { sizeof is_second, 4, HONE_EQ, 1, second };
static const hone_condition *const if_second[] = { &is_second };
static const hone_dim mixed[] = {
    FAKE_REAL("a", 0, 1, 0),
    FAKE_REAL("b", 1e-4, 1, HONE_DIM_LOG),
    FAKE_REAL("c", -3, 3, 0),
    FAKE_INT("d", 1, 9, 1, 0),
    FAKE_CHOICE("e", 3, NULL),
    { .size = sizeof(hone_dim),
      .type = HONE_DIM_CHOICE,
      .n_choices = 4,
      .key = "f",
      .max = 3,
      .n_conditions = 1,
      .conditions = if_second },
};

struct fixture {
    fake_space space;
    struct features features;
    struct model model;
    struct workspace work;
    hone_error err;
};

/* n observed and n_pending running random points of the mixed space, or of its first `dims` dimensions. */
static void set_up(struct fixture *f, uint32_t dims, uint64_t n, uint64_t n_pending, int warped, uint32_t fantasies)
{
    hone_rng rng = hone_rng_at(11, n);
    const hone_space *space = fake_space_init(&f->space, mixed, dims, NULL, 0);
    memset(&f->work, 0, sizeof f->work);
    f->err.size = sizeof f->err;
    CU_ASSERT_EQUAL_FATAL(features_init(&f->features, space, &f->err), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(model_init(&f->model, &f->features, warped, &f->err), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(model_reserve(&f->model, &f->work, n + n_pending, fantasies, &f->err), HONE_OK);
    f->model.n = n;
    f->model.n_pending = n_pending;
    f->model.n_fantasies = fantasies;
    for (uint64_t i = 0; i < n + n_pending; i++) {
        double x[8], e[8];
        hone_space_draw(space, &rng, x);
        features_encode(&f->features, x, e);
        for (uint32_t k = 0; k < dims; k++)
            f->model.x[k * f->model.capacity + i] = e[k];
        if (i < n)
            f->model.y[i] = sin(5 * e[0]) + (dims > 1 ? e[1] * e[1] : 0) + (dims > 4 ? 0.7 * e[4] : 0) +
                            0.1 * hone_rng_normal(&rng);
    }
    model_standardize(&f->model);
}

static void tear_down(struct fixture *f)
{
    model_release(&f->model);
    workspace_release(&f->work);
    features_release(&f->features);
}

static void random_theta(const struct model *m, uint64_t seed, double *theta)
{
    hone_rng rng = hone_rng_at(seed, 5);
    prior_start(m, 0.01, theta);
    for (uint32_t k = 0; k < THETA_LENGTH(m->features->n); k++)
        theta[k] += 0.6 * hone_rng_normal(&rng);
}

static void test_kernel_against_libm(void)
{
    double s[203], k[203], slope[203], other[203], worst = 0, worst_slope = 0;
    for (int i = 0; i < 203; i++)
        s[i] = i == 0 ? 0 : i == 202 ? 1e9 : pow(10, -9 + i * 0.065);
    kernel_matern(s, 1.75, k, slope, 203);
    kernel_matern(s, 1.75, other, NULL, 203);
    for (int i = 0; i < 203; i++) {
        const double r = sqrt(5 * s[i]), e = 1.75 * exp(-r);
        const double scale = r < 690 ? e * (1 + r + r * r / 3) : 1; /* beyond, it is 0 for all purposes */
        worst = fmax(worst, fabs(k[i] - e * (1 + r + r * r / 3)) / scale);
        worst_slope = fmax(worst_slope, fabs(slope[i] - e * (1 + r) * 5 / 6) / scale);
        CU_ASSERT(k[i] == other[i]);
    }
    CU_ASSERT(worst < 1e-15 * 8);
    CU_ASSERT(worst_slope < 1e-15 * 8);
}

static void test_warp_and_its_derivatives(void)
{
    for (double u = 0.05; u < 1; u += 0.1)
        for (double a = 0.4; a < 3; a *= 1.7)
            for (double b = 0.4; b < 3; b *= 1.7) {
                const double h = 1e-6, e = exp(h);
                double by_u, by_a, by_b, none[3];
                const double v = kernel_warp(u, a, b, &by_u, &by_a, &by_b);
                CU_ASSERT_DOUBLE_EQUAL(v, 1 - pow(1 - pow(u, a), b), 1e-13);
                CU_ASSERT_DOUBLE_EQUAL(by_u,
                                       (kernel_warp(u + h, a, b, none, none + 1, none + 2) -
                                        kernel_warp(u - h, a, b, none, none + 1, none + 2)) /
                                           (2 * h),
                                       1e-7);
                CU_ASSERT_DOUBLE_EQUAL(by_a,
                                       (kernel_warp(u, a * e, b, none, none + 1, none + 2) -
                                        kernel_warp(u, a / e, b, none, none + 1, none + 2)) /
                                           (2 * h),
                                       1e-8);
                CU_ASSERT_DOUBLE_EQUAL(by_b,
                                       (kernel_warp(u, a, b * e, none, none + 1, none + 2) -
                                        kernel_warp(u, a, b / e, none, none + 1, none + 2)) /
                                           (2 * h),
                                       1e-8);
            }
}

static void test_evidence_against_plain_loops(void)
{
    static double matrix[MOST_ROWS * MOST_ROWS];
    for (int warped = 0; warped < 2; warped++)
        for (uint64_t n = 1; n <= 40; n = n * 3 + 1) {
            struct fixture f;
            double theta[3 * MOST_FEATURES + 2], x[MOST_ROWS], expected = 0;
            set_up(&f, 6, n, 0, warped, 1);
            random_theta(&f.model, n, theta);
            naive_matrix(&f.model, theta, n, matrix);
            for (uint64_t i = 0; i < n; i += 3) { /* noise that was measured */
                f.model.known[i] = 0.05 * (double)(1 + i % 4);
                matrix[i * n + i] += f.model.known[i];
            }
            expected -= 0.5 * naive_solve(matrix, n, f.model.y, x);
            for (uint64_t i = 0; i < n; i++)
                expected -= 0.5 * f.model.y[i] * x[i] + 0.5 * log(2 * 3.14159265358979323846);
            expected += prior_density(&f.model, theta, NULL);
            CU_ASSERT_DOUBLE_EQUAL(model_evidence(&f.model, &f.work, theta, NULL), expected, 1e-9 * (double)n);
            tear_down(&f);
        }
}

/* What is known to be noisy is not believed; what is not, is. The fitted values are K (K + noise + known)^-1 y. */
static void test_known_noise(void)
{
    static double matrix[MOST_ROWS * MOST_ROWS], kernel[MOST_ROWS * MOST_ROWS];
    struct fixture f;
    double x[MOST_ROWS];
    hone_error err = HONE_ERROR_INIT;
    set_up(&f, 3, 20, 0, 0, 1);
    prior_start(&f.model, 1e-6, f.model.theta);
    f.model.known[4] = 1e4;
    naive_matrix(&f.model, f.model.theta, 20, matrix);
    memcpy(kernel, matrix, sizeof kernel);
    for (int i = 0; i < 20; i++)
        matrix[i * 20 + i] += f.model.known[i];
    naive_solve(matrix, 20, f.model.y, x);
    CU_ASSERT_EQUAL(model_condition(&f.model, NULL, &err), HONE_OK);
    for (int i = 0; i < 20; i++) {
        double fitted = -1e-6 * x[i];
        for (int j = 0; j < 20; j++)
            fitted += kernel[i > j ? j * 20 + i : i * 20 + j] * x[j];
        CU_ASSERT_DOUBLE_EQUAL(f.model.fitted[i], fitted, 1e-7);
        if (i != 4)
            CU_ASSERT_DOUBLE_EQUAL(f.model.fitted[i], f.model.y[i], 0.05);
    }
    CU_ASSERT(fabs(f.model.fitted[4] - f.model.y[4]) > 0.05);
    tear_down(&f);
}

static void test_gradient_against_differences(void)
{
    for (int warped = 0; warped < 2; warped++)
        for (uint64_t seed = 1; seed <= 3; seed++) {
            struct fixture f;
            double theta[3 * MOST_FEATURES + 2], gradient[3 * MOST_FEATURES + 2];
            set_up(&f, 6, 37, 0, warped, 1);
            random_theta(&f.model, seed, theta);
            for (int i = 0; i < 37; i += 2)
                f.model.known[i] = 0.02 * (double)seed * (1 + i % 5);
            CU_ASSERT(isfinite(model_evidence(&f.model, &f.work, theta, gradient)));
            for (uint32_t k = 0; k < THETA_LENGTH(6); k++) {
                const double old = theta[k], h = 1e-5;
                double up, down;
                theta[k] = old + h;
                up = model_evidence(&f.model, &f.work, theta, NULL);
                theta[k] = old - h;
                down = model_evidence(&f.model, &f.work, theta, NULL);
                theta[k] = old;
                CU_ASSERT_DOUBLE_EQUAL(gradient[k], (up - down) / (2 * h), 1e-6 * (1 + fabs(gradient[k])));
            }
            tear_down(&f);
        }
}

/* The model of the recorded process: three reals in [0, 1]. */
static void set_recorded(struct fixture *f)
{
    set_up(f, 3, GP_ROWS, 0, 0, 1);
    for (uint32_t k = 0; k < GP_DIMS; k++) {
        for (uint32_t i = 0; i < GP_ROWS; i++)
            f->model.x[k * f->model.capacity + i] = gp_x[i * GP_DIMS + k];
        f->model.theta[k] = -2 * log(gp_lengths[k]);
    }
    memcpy(f->model.y, gp_y, sizeof gp_y);
    f->model.theta[THETA_SIGNAL(3)] = log(gp_signal);
    f->model.theta[THETA_NOISE(3)] = log(gp_noise);
}

static void test_recorded_process(void)
{
    struct fixture f;
    double normal[1] = { 0 }, mean[GP_QUERIES], variance[GP_QUERIES];
    set_recorded(&f);
    CU_ASSERT_DOUBLE_EQUAL(model_evidence(&f.model, &f.work, f.model.theta, NULL) -
                               prior_density(&f.model, f.model.theta, NULL),
                           gp_likelihood, 1e-9);
    CU_ASSERT_EQUAL(model_condition(&f.model, normal, &f.err), HONE_OK);
    model_predict(&f.model, &f.work, gp_x + GP_ROWS * GP_DIMS, GP_QUERIES, mean, variance);
    for (int i = 0; i < GP_QUERIES; i++) {
        CU_ASSERT_DOUBLE_EQUAL(mean[i], gp_mean[i], 1e-9);
        CU_ASSERT_DOUBLE_EQUAL(variance[i], gp_variance[i], 1e-9);
    }
    tear_down(&f);
}

/* Running rows that come out as supposed are rows that came out: the posterior must be that of both. */
static void test_running_rows_against_conditioning(void)
{
    static double matrix[MOST_ROWS * MOST_ROWS];
    struct fixture f;
    double normal[2 * 4], e[6 * 3], mean[2 * 3], variance[3], y[MOST_ROWS], x[MOST_ROWS], cross[MOST_ROWS];
    double row[MOST_FEATURES];
    hone_rng rng = hone_rng_at(3, 3);
    set_up(&f, 6, 20, 4, 1, 2);
    random_theta(&f.model, 9, f.model.theta);
    for (int i = 0; i < 8; i++)
        normal[i] = i < 4 ? 0 : hone_rng_normal(&rng);
    CU_ASSERT_EQUAL(model_condition(&f.model, normal, &f.err), HONE_OK);
    for (int i = 0; i < 18; i++)
        e[i] = i % 6 < 4 ? hone_rng_uniform(&rng) : (double)hone_rng_below(&rng, 3);
    model_predict(&f.model, &f.work, e, 3, mean, variance);
    for (uint32_t fantasy = 0; fantasy < 2; fantasy++) {
        memcpy(y, f.model.y, 20 * sizeof *y);
        for (uint64_t p = 20; p < 24; p++) { /* one after the other: mean and deviation given those before */
            double value = 0, left;
            naive_matrix(&f.model, f.model.theta, p, matrix);
            row_of(&f.model, p, row);
            for (uint64_t i = 0; i < p; i++) {
                double other[MOST_FEATURES];
                row_of(&f.model, i, other);
                cross[i] = naive_kernel(&f.model, f.model.theta, row, other);
            }
            naive_solve(matrix, p, y, x);
            for (uint64_t i = 0; i < p; i++)
                value += cross[i] * x[i];
            naive_solve(matrix, p, cross, x);
            left = naive_kernel(&f.model, f.model.theta, row, row) + exp(f.model.theta[THETA_NOISE(6)]);
            for (uint64_t i = 0; i < p; i++)
                left -= cross[i] * x[i];
            y[p] = value + sqrt(left) * normal[fantasy * 4 + p - 20];
        }
        naive_matrix(&f.model, f.model.theta, 24, matrix);
        naive_solve(matrix, 24, y, x);
        for (int c = 0; c < 3; c++) {
            double value = 0, left = exp(f.model.theta[THETA_SIGNAL(6)]), w[MOST_ROWS];
            for (uint64_t i = 0; i < 24; i++) {
                row_of(&f.model, i, row);
                cross[i] = naive_kernel(&f.model, f.model.theta, e + 6 * c, row);
                value += cross[i] * x[i];
            }
            naive_solve(matrix, 24, cross, w);
            for (uint64_t i = 0; i < 24; i++)
                left -= cross[i] * w[i];
            CU_ASSERT_DOUBLE_EQUAL(mean[2 * c + (int)fantasy], value, 1e-9);
            CU_ASSERT_DOUBLE_EQUAL(variance[c], left, 1e-9);
        }
        for (uint64_t i = 0; i < 24; i++) { /* the posterior mean at the rows */
            double value = 0;
            for (uint64_t j = 0; j < 24; j++)
                value += (matrix[i * 24 + j] - (i == j ? exp(f.model.theta[THETA_NOISE(6)]) : 0)) * x[j];
            CU_ASSERT_DOUBLE_EQUAL(f.model.fitted[fantasy * 24 + i], value, 1e-9);
        }
    }
    tear_down(&f);
}

static void test_posterior_gradient_against_differences(void)
{
    struct fixture f;
    double normal[2 * 3] = { 0, 0, 0, 1, -0.5, 0.3 }, e[6] = { 0.3, 0.6, 0.45, 0.7, 1, 2 };
    double mean[2], other[2], variance, variances[2], gradient[6] = { 0 };
    const double by_mean[2] = { 0.7, -1.3 }, by_variance = 2.1, h = 1e-6;
    set_up(&f, 6, 25, 3, 1, 2);
    random_theta(&f.model, 4, f.model.theta);
    CU_ASSERT_EQUAL(model_condition(&f.model, normal, &f.err), HONE_OK);
    model_predict(&f.model, &f.work, e, 1, other, &variances[0]);
    model_predict_one(&f.model, e, mean, &variance);
    CU_ASSERT_DOUBLE_EQUAL(variance, variances[0], 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(mean[1], other[1], 1e-12);
    model_gradient(&f.model, by_mean, by_variance, gradient);
    for (int k = 0; k < 6; k++) {
        double value[2];
        for (int side = 0; side < 2; side++) {
            double at[6];
            memcpy(at, e, sizeof at);
            at[k] += side ? -h : h;
            model_predict(&f.model, &f.work, at, 1, other, variances);
            value[side] = by_mean[0] * other[0] + by_mean[1] * other[1] + by_variance * variances[0];
        }
        CU_ASSERT_DOUBLE_EQUAL(gradient[k], k < 4 ? (value[0] - value[1]) / (2 * h) : 0, 1e-6);
    }
    tear_down(&f);
}

/* The fit climbs, keeps to its bounds, and finds which of two parameters matters. */
static void test_fit_finds_what_matters(void)
{
    struct fixture f;
    double theta[3 * 3 + 2], before;
    set_up(&f, 3, 40, 0, 0, 1);
    for (uint64_t i = 0; i < 40; i++)
        f.model.y[i] = sin(9 * f.model.x[i]);
    model_standardize(&f.model);
    prior_start(&f.model, 0, theta);
    before = model_evidence(&f.model, &f.work, theta, NULL);
    CU_ASSERT_EQUAL(model_fit(&f.model, &f.work, 0, 1, NULL, &f.err), HONE_OK);
    CU_ASSERT(model_evidence(&f.model, &f.work, f.model.theta, NULL) > before + 20);
    CU_ASSERT(f.model.theta[0] > f.model.theta[1] + 3 && f.model.theta[0] > f.model.theta[2] + 3);
    CU_ASSERT(f.model.theta[THETA_NOISE(3)] < log(1e-3));
    CU_ASSERT_EQUAL(model_fit(&f.model, &f.work, 0.25, 1, NULL, &f.err), HONE_OK);
    CU_ASSERT_DOUBLE_EQUAL(f.model.theta[THETA_NOISE(3)], log(0.25), 1e-12);
    tear_down(&f);
}

/* Rows that are all one and values that are all one: a model without information, but a model. */
static void test_degenerate_rows(void)
{
    struct fixture f;
    double normal[1] = { 0 }, e[3] = { 0.5, 0.5, 0.5 }, mean, variance;
    set_up(&f, 3, 30, 0, 1, 1);
    for (uint64_t i = 0; i < 30; i++) {
        for (uint32_t k = 0; k < 3; k++)
            f.model.x[k * f.model.capacity + i] = 0.25;
        f.model.y[i] = 1e300;
    }
    model_standardize(&f.model);
    CU_ASSERT_EQUAL(model_fit(&f.model, &f.work, 0, 1, NULL, &f.err), HONE_OK);
    CU_ASSERT_EQUAL(model_condition(&f.model, normal, &f.err), HONE_OK);
    model_predict(&f.model, &f.work, e, 1, &mean, &variance);
    CU_ASSERT(isfinite(mean) && variance > 0);
    tear_down(&f);
}

static void expect_power(const double *from, const double *expected)
{
    struct model m;
    struct power power;
    double y[30];
    hone_error err = HONE_ERROR_INIT;
    memset(&m, 0, sizeof m);
    memcpy(y, from, sizeof y);
    CU_ASSERT_EQUAL(power_transform(y, 30, &power, &err), HONE_OK);
    CU_ASSERT_NOT_EQUAL(power.kind, POWER_NONE);
    for (int i = 0; i < 30; i++) {
        CU_ASSERT_DOUBLE_EQUAL(power_inverse(&power, y[i]), from[i], 1e-9 * fabs(from[i]));
        CU_ASSERT_DOUBLE_EQUAL(1 / power_slope(&power, from[i]),
                               (power_inverse(&power, y[i] + 1e-6) - power_inverse(&power, y[i] - 1e-6)) / 2e-6,
                               1e-5 / power_slope(&power, from[i]));
    }
    m.y = y;
    m.n = 30;
    model_standardize(&m);
    for (int i = 0; i < 30; i++)
        CU_ASSERT_DOUBLE_EQUAL(y[i], expected[i], 2e-3); /* lambda is found to 1e-3 */
}

static void test_power_transform(void)
{
    double equal[4] = { 3, 3, 3, 3 }, huge[4] = { -1e308, 1e308, 0, 1 };
    struct power power;
    hone_error err = HONE_ERROR_INIT;
    expect_power(power_skewed, power_box_cox);
    expect_power(power_signed, power_yeo_johnson);
    CU_ASSERT_EQUAL(power_transform(equal, 4, &power, &err), HONE_OK);
    CU_ASSERT(isfinite(equal[0]) && equal[0] == equal[3]);
    CU_ASSERT_DOUBLE_EQUAL(power_inverse(&power, equal[0]), 3, 1e-15);
    CU_ASSERT_EQUAL(power_transform(huge, 4, &power, &err), HONE_OK);
    CU_ASSERT(huge[0] < huge[2] && huge[2] <= huge[3] && huge[3] < huge[1] && isfinite(huge[1] - huge[0]));
}

SUITE(TEST(test_kernel_against_libm), TEST(test_warp_and_its_derivatives), TEST(test_evidence_against_plain_loops),
      TEST(test_known_noise), TEST(test_gradient_against_differences), TEST(test_recorded_process),
      TEST(test_running_rows_against_conditioning), TEST(test_posterior_gradient_against_differences),
      TEST(test_fit_finds_what_matters), TEST(test_degenerate_rows), TEST(test_power_transform))
