/* SPDX-License-Identifier: MIT */
/* Tests of search/gp's acquisition: logarithms against mpmath at 60 digits, expected hypervolume improvement against
 * simulation and closed forms, derivatives against differences. */
#include "gp.h"

#include "harness.h"
#include "hone/pareto.h"
#include "reference.h"

static double relative(double a, double b)
{
    return fabs(a - b) / fmax(fabs(b), 1e-300);
}

static void test_logarithms_against_mpmath(void)
{
    for (size_t i = 0; i < sizeof normal_values / sizeof *normal_values; i++) {
        const double *v = normal_values[i];
        double slope, value = log_h(v[0], &slope);
        CU_ASSERT(fabs(value - v[1]) < 2e-13 * fmax(1, fabs(v[1])));
        CU_ASSERT(relative(slope, v[2]) < 1e-12);
        value = log_phi(v[0], &slope);
        CU_ASSERT(fabs(value - v[3]) < 2e-13 * fmax(1, fabs(v[3])));
        if (v[4] > 1e-300) {
            CU_ASSERT(relative(slope, v[4]) < 1e-12);
        }
    }
    for (double t = -1e9; t < 1e9; t = t < 0 ? t / 3 + 1e-3 : t * 3 + 1e-3) {
        double slope;
        CU_ASSERT(isfinite(log_h(t, &slope)) && slope > 0 && isfinite(slope));
        CU_ASSERT(log_phi(t, &slope) <= 0 && slope >= 0);
    }
}

/* Volume of all boxes above `floor`: (m). */
static double volume_above(const struct boxes *b, double floor)
{
    double volume = 0;
    for (uint64_t i = 0; i < b->n; i++) {
        double box = 1;
        for (uint32_t k = 0; k < b->m; k++) {
            const double low = fmax(b->levels[k * b->stride + b->low[i * b->m + k]], floor);
            const double high = b->levels[k * b->stride + b->high[i * b->m + k]];
            box *= fmax(high - low, 0);
        }
        volume += box;
    }
    return volume;
}

/* What boxes cover is what the front does not. */
static void test_boxes_cover_what_is_not_dominated(void)
{
    hone_error err = HONE_ERROR_INIT;
    for (uint32_t m = 2; m <= 5; m++)
        for (uint64_t n = 0; n <= 12; n += 3) {
            hone_rng rng = hone_rng_at(m, n);
            struct boxes b;
            double points[12 * 5], reference[5], dominated = 0, whole = 1;
            memset(&b, 0, sizeof b);
            for (uint64_t i = 0; i < n * m; i++) /* few values: ties, copies, dominated points */
                points[i] = (double)hone_rng_below(&rng, 7) / 7;
            for (uint32_t k = 0; k < m; k++) {
                reference[k] = 0.9;
                whole *= 0.9;
            }
            CU_ASSERT_EQUAL_FATAL(boxes_init(&b, points, n, m, reference, 100000, &err), HONE_OK);
            CU_ASSERT_EQUAL(hone_hypervolume(points, n, m, reference, &dominated, &err), HONE_OK);
            CU_ASSERT_DOUBLE_EQUAL(volume_above(&b, 0), whole - dominated, 1e-12);
            boxes_release(&b);
        }
}

static void test_boxes_stay_below_their_number(void)
{
    hone_error err = HONE_ERROR_INIT;
    hone_rng rng = hone_rng_at(1, 1);
    struct boxes b;
    static double points[200 * 4];
    const double reference[4] = { 2, 2, 2, 2 };
    memset(&b, 0, sizeof b);
    for (int i = 0; i < 200; i++) {
        double sum = 0;
        for (int k = 0; k < 4; k++)
            sum += points[4 * i + k] = -log(1 - hone_rng_uniform(&rng));
        for (int k = 0; k < 4; k++)
            points[4 * i + k] /= sum;
    }
    CU_ASSERT_EQUAL(boxes_init(&b, points, 200, 4, reference, 500, &err), HONE_OK);
    CU_ASSERT(b.n > 100 && b.n <= 500);
    boxes_release(&b);
}

/* Mean over draws of the hypervolume that a draw adds. */
static double simulated(const double *points, uint64_t n, uint32_t m, const double *reference, const double *mean,
                        const double *sd, double *error)
{
    enum { DRAWS = 60000 };
    hone_error err = HONE_ERROR_INIT;
    hone_rng rng = hone_rng_at(77, m);
    double all[16 * 4], base, sum = 0, squares = 0;
    memcpy(all, points, n * m * sizeof *all);
    CU_ASSERT_EQUAL(hone_hypervolume(points, n, m, reference, &base, &err), HONE_OK);
    for (int i = 0; i < DRAWS; i++) {
        double volume;
        for (uint32_t k = 0; k < m; k++)
            all[n * m + k] = mean[k] + sd[k] * hone_rng_normal(&rng);
        CU_ASSERT_EQUAL(hone_hypervolume(all, n + 1, m, reference, &volume, &err), HONE_OK);
        sum += volume - base;
        squares += (volume - base) * (volume - base);
    }
    sum /= DRAWS;
    *error = sqrt((squares / DRAWS - sum * sum) / DRAWS);
    return sum;
}

static void test_ehvi_against_simulation(void)
{
    static const double front[] = { 0.1, 0.8, 0.3, 0.45, 0.5, 0.4, 0.75, 0.15, 0.4, 0.5 };
    static const double solid[] = { 0.1, 0.8, 0.5, 0.3, 0.4, 0.6, 0.6, 0.2, 0.3, 0.2, 0.5, 0.9 };
    static const double means[][3] = { { 0.3, 0.3, 0.4 }, { 0.9, 0.05, 0.5 }, { 0.6, 0.6, 0.6 }, { 1.2, 1.1, 1.3 } };
    static const double sds[][3] = { { 0.2, 0.1, 0.3 }, { 0.05, 0.4, 0.1 }, { 0.1, 0.3, 0.2 } };
    hone_error err = HONE_ERROR_INIT;
    const double reference[3] = { 1, 1, 1 };
    for (uint32_t m = 2; m <= 3; m++) {
        const double *points = m == 2 ? front : solid;
        const uint64_t n = m == 2 ? 5 : 4;
        struct boxes b;
        memset(&b, 0, sizeof b);
        CU_ASSERT_EQUAL(boxes_init(&b, points, n, m, reference, 1000, &err), HONE_OK);
        for (int i = 0; i < 4; i++)
            for (int j = 0; j < 3; j++) {
                double error;
                const double expected = simulated(points, n, m, reference, means[i], sds[j], &error);
                const double value = exp(boxes_log_ehvi(&b, means[i], sds[j], NULL, NULL));
                CU_ASSERT(fabs(value - expected) < 5 * error + 1e-7);
            }
        boxes_release(&b);
    }
}

/* With one point, and hardly any spread, the improvement is a difference of rectangles. */
static void test_ehvi_of_a_sure_point(void)
{
    const double point[2] = { 0.5, 0.5 }, reference[2] = { 1, 1 }, mean[2] = { 0.25, 0.75 }, sd[2] = { 1e-9, 1e-9 };
    hone_error err = HONE_ERROR_INIT;
    struct boxes b;
    memset(&b, 0, sizeof b);
    CU_ASSERT_EQUAL(boxes_init(&b, point, 1, 2, reference, 100, &err), HONE_OK);
    CU_ASSERT_DOUBLE_EQUAL(boxes_log_ehvi(&b, mean, sd, NULL, NULL), log(0.75 * 0.25 - 0.5 * 0.25), 1e-6);
    boxes_release(&b);
}

/* Far beyond the reference the improvement is below the least double, and its logarithm still has a slope. */
static void test_derivatives(void)
{
    static const double front[] = { 0.1, 0.8, 0.3, 0.45, 0.75, 0.15 };
    static const double means[][2] = { { 0.3, 0.3 }, { 0.7, 0.7 }, { 60, 45 }, { -20, 3 } };
    const double reference[2] = { 1, 1 }, sd[2] = { 0.3, 0.2 };
    double best[MOST_FANTASIES], mean[3 * MOST_FANTASIES], by_mean[3 * MOST_FANTASIES], by_sd[3], none_sd[3];
    const double limits[2] = { 0.2, -30 };
    hone_error err = HONE_ERROR_INIT;
    struct boxes b;
    memset(&b, 0, sizeof b);
    CU_ASSERT_EQUAL(boxes_init(&b, front, 3, 2, reference, 100, &err), HONE_OK);
    for (int i = 0; i < 4; i++) {
        double by_m[2], by_s[2], value = boxes_log_ehvi(&b, means[i], sd, by_m, by_s);
        CU_ASSERT(isfinite(value));
        for (int k = 0; k < 2; k++) {
            const double h = 1e-6;
            double up[4] = { means[i][0], means[i][1], sd[0], sd[1] }, down[4], v;
            memcpy(down, up, sizeof down);
            up[k] += h;
            down[k] -= h;
            v = (boxes_log_ehvi(&b, up, up + 2, NULL, NULL) - boxes_log_ehvi(&b, down, down + 2, NULL, NULL)) / (2 * h);
            CU_ASSERT_DOUBLE_EQUAL(by_m[k], v, 1e-5 * (1 + fabs(v)));
            up[k] = down[k] = means[i][k];
            up[2 + k] += h;
            down[2 + k] -= h;
            v = (boxes_log_ehvi(&b, up, up + 2, NULL, NULL) - boxes_log_ehvi(&b, down, down + 2, NULL, NULL)) / (2 * h);
            CU_ASSERT_DOUBLE_EQUAL(by_s[k], v, 1e-4 * (1 + fabs(v)));
        }
    }
    boxes_release(&b);
    for (int searching = 0; searching < 2; searching++) { /* one objective, three fantasies, two constraints */
        const struct acquisition a = { 1, 2, 3, (uint32_t)searching, best, NULL, limits };
        const double sds[3] = { 0.4, 0.7, 1.1 }, h = 1e-6;
        memset(mean, 0, sizeof mean);
        for (int f = 0; f < 3; f++) {
            best[f] = -0.1 * f;
            mean[f] = 0.8 - 0.5 * f;
        }
        mean[MOST_FANTASIES] = 0.5;
        mean[2 * MOST_FANTASIES] = 3;
        acquisition_value(&a, mean, sds, by_mean, by_sd);
        for (int k = 0; k < 3; k++)
            for (int f = 0; f < (k ? 1 : 3); f++) {
                const double old = mean[k * MOST_FANTASIES + f];
                double up, down;
                mean[k * MOST_FANTASIES + f] = old + h;
                up = acquisition_value(&a, mean, sds, NULL, NULL);
                mean[k * MOST_FANTASIES + f] = old - h;
                down = acquisition_value(&a, mean, sds, NULL, NULL);
                mean[k * MOST_FANTASIES + f] = old;
                CU_ASSERT_DOUBLE_EQUAL(by_mean[k * MOST_FANTASIES + f], (up - down) / (2 * h), 1e-5 * (1 + fabs(up)));
                memcpy(none_sd, sds, sizeof none_sd);
                none_sd[k] += h;
                up = acquisition_value(&a, mean, none_sd, NULL, NULL);
                none_sd[k] -= 2 * h;
                down = acquisition_value(&a, mean, none_sd, NULL, NULL);
                CU_ASSERT_DOUBLE_EQUAL(by_sd[k], (up - down) / (2 * h), 1e-5 * (1 + fabs(up)));
            }
    }
}

/* One fantasy: the closed form of expected improvement; many: the mean of theirs. */
static void test_expected_improvement(void)
{
    double best[2] = { 0.3, -0.4 }, mean[MOST_FANTASIES] = { 0.1, 0.6 }, sd = 0.5, sum = 0;
    for (int f = 0; f < 2; f++) {
        const double t = (best[f] - mean[f]) / sd;
        sum += sd * (t * 0.5 * erfc(-t / sqrt(2)) + exp(-t * t / 2) / sqrt(2 * 3.14159265358979323846)) / 2;
    }
    {
        const struct acquisition a = { 1, 0, 2, 0, best, NULL, NULL };
        CU_ASSERT_DOUBLE_EQUAL(acquisition_value(&a, mean, &sd, NULL, NULL), log(sum), 1e-13);
    }
}

SUITE(TEST(test_logarithms_against_mpmath), TEST(test_boxes_cover_what_is_not_dominated),
      TEST(test_boxes_stay_below_their_number), TEST(test_ehvi_against_simulation), TEST(test_ehvi_of_a_sure_point),
      TEST(test_derivatives), TEST(test_expected_improvement))
