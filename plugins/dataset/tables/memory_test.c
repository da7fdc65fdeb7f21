/* SPDX-License-Identifier: MIT */
/* The toy sets against scikit-learn's points, formulas and moments. */
#include "fixtures/tables.h"
#include "table_case.h"

/* Every recorded point is one sample with its class, and the order is another. */
static void check_points(const char *name, const double (*points)[3], int n)
{
    struct set s;
    int moved = 0;
    SET_OPEN(&s, "memory", "set", name, "samples", "9", "noise", "0", "factor", "0.5", NULL);
    SET_OK(&s);
    CU_ASSERT(s.task.kind == HONE_TASK_CLASSIFICATION && s.task.n_outputs == 2 && s.task.dims[0] == 2 &&
              s.counts[0] == (uint64_t)n);
    for (int i = 0; i < n; i++) {
        int found = 0;
        for (uint64_t k = 0; k < s.counts[0]; k++) {
            const int same = near((double)set_x(&s, 0, k, 0), points[i][0], 1e-6) &&
                             near((double)set_x(&s, 0, k, 1), points[i][1], 1e-6);
            CU_ASSERT(!same || near(s.views[0].labels[k], points[i][2], 0));
            found += same;
            moved += same && k != (uint64_t)i;
        }
        CU_ASSERT_EQUAL(found, 1);
    }
    CU_ASSERT(moved > 2);
    set_reads_as_viewed(&s);
    component_close(&s.c);
}

static void test_moons_and_circles_are_those_of_scikit_learn(void)
{
    check_points("moons", toy_moons, 9);
    check_points("circles", toy_circles, 9);
}

/* The distance from the curve has the deviation asked for. */
static void test_noise_is_normal(void)
{
    struct set s;
    SET_OPEN(&s, "memory", "set", "circles", "samples", "4000", "noise", "0.05", "factor", "0.25", NULL);
    SET_OK(&s);
    double sum = 0, squares = 0;
    for (uint64_t i = 0; i < 4000; i++) {
        const double x = (double)set_x(&s, 0, i, 0), y = (double)set_x(&s, 0, i, 1);
        const double off = sqrt(x * x + y * y) - (s.views[0].labels[i] ? 0.25 : 1);
        sum += off;
        squares += off * off;
    }
    CU_ASSERT(fabs(sum / 4000) < 0.006 && near(sqrt(squares / 4000), 0.05, 0.003));
    component_close(&s.c);
}

static void test_blobs_lie_around_their_centers(void)
{
    enum { N = 6000, K = 4, WIDTH = 3 };
    struct set s;
    double mean[K][WIDTH] = { { 0 } }, variance = 0;
    unsigned counts[K] = { 0 };
    SET_OPEN(&s, "memory", "set", "blobs", "samples", "6000", "centers", "4", "features", "3", "deviation", "0.5",
             NULL);
    SET_OK(&s);
    CU_ASSERT(s.task.n_outputs == K && s.task.dims[0] == WIDTH);
    CU_ASSERT_STRING_EQUAL(s.task.classes[3], "3");
    for (uint64_t i = 0; i < N; i++) {
        counts[s.views[0].labels[i]]++;
        for (int j = 0; j < WIDTH; j++)
            mean[s.views[0].labels[i]][j] += (double)set_x(&s, 0, i, j) * K / N;
    }
    for (uint64_t i = 0; i < N; i++)
        for (int j = 0; j < WIDTH; j++) {
            const double off = (double)set_x(&s, 0, i, j) - mean[s.views[0].labels[i]][j];
            variance += off * off / N / WIDTH;
        }
    CU_ASSERT(near(sqrt(variance), 0.5, 0.02));
    for (int c = 0; c < K; c++) {
        CU_ASSERT_EQUAL(counts[c], N / K);
        for (int j = 0; j < WIDTH; j++)
            CU_ASSERT(fabs(mean[c][j]) < 10.1);
        for (int other = 0; other < c; other++)
            CU_ASSERT(fabs(mean[c][0] - mean[other][0]) + fabs(mean[c][1] - mean[other][1]) > 0.1);
    }
    component_close(&s.c);
}

static void test_friedman1_follows_its_formula(void)
{
    struct set s;
    const double pi = acos(-1.0);
    SET_OPEN(&s, "memory", "set", "friedman1", "samples", "500", "noise", "0", NULL);
    SET_OK(&s);
    CU_ASSERT(s.task.kind == HONE_TASK_REGRESSION && s.task.n_outputs == 1 && s.task.dims[0] == 10);
    double sum = 0;
    for (uint64_t i = 0; i < 500; i++) {
        double x[10];
        for (int j = 0; j < 10; j++) {
            x[j] = (double)set_x(&s, 0, i, j);
            CU_ASSERT(x[j] >= 0 && x[j] <= 1);
            sum += x[j];
        }
        const double y = 10 * sin(pi * x[0] * x[1]) + 20 * (x[2] - 0.5) * (x[2] - 0.5) + 10 * x[3] + 5 * x[4];
        CU_ASSERT(near((double)s.views[0].targets[i], y, 1e-6));
    }
    CU_ASSERT(near(sum / 5000, 0.5, 0.02));
    set_reads_as_viewed(&s);
    component_close(&s.c);
}

/* Mean and deviation are those of two million of scikit-learn 1.9's. */
static void test_friedman2_and_3_follow_their_formulas(void)
{
    enum { N = 40000 };
    static const struct {
        const char *name;
        double mean, deviation;
    } sets[] = { { "friedman2", 479.54, 379.00 }, { "friedman3", 1.32368, 0.31655 } };
    static const double low[4] = { 0, 40, 0, 1 }, high[4] = { 100, 560, 1, 11 }; /* x1: times pi */
    const double pi = acos(-1.0);
    for (int k = 0; k < 2; k++) {
        struct set s;
        double sum = 0, squares = 0, x_sum[4] = { 0 };
        SET_OPEN(&s, "memory", "set", sets[k].name, "samples", "40000", "noise", "0", NULL);
        SET_OK(&s);
        CU_ASSERT(s.task.kind == HONE_TASK_REGRESSION && s.task.n_outputs == 1 && s.task.dims[0] == 4);
        for (uint64_t i = 0; i < N; i++) {
            double x[4];
            for (int j = 0; j < 4; j++) {
                const double unit = j == 1 ? pi : 1;
                x[j] = (double)set_x(&s, 0, i, j);
                CU_ASSERT_FATAL(x[j] >= low[j] * unit - 1e-3 && x[j] <= high[j] * unit + 1e-3);
                x_sum[j] += (x[j] / unit - low[j]) / (high[j] - low[j]);
            }
            const double r = x[1] * x[2] - 1 / (x[1] * x[3]), y = (double)s.views[0].targets[i];
            CU_ASSERT(near(y, k ? atan(r / x[0]) : sqrt(x[0] * x[0] + r * r), 1e-4));
            sum += y;
            squares += y * y;
        }
        for (int j = 0; j < 4; j++)
            CU_ASSERT(fabs(x_sum[j] / N - 0.5) < 0.006);
        CU_ASSERT(near(sum / N, sets[k].mean, 0.02));
        CU_ASSERT(near(sqrt(squares / N - sum / N * sum / N), sets[k].deviation, 0.02));
        component_close(&s.c);
        SET_OPEN(&s, "memory", "set", sets[k].name, "samples", "40000", "noise", "50", NULL);
        SET_OK(&s);
        double noise = 0;
        for (uint64_t i = 0; i < N; i++) {
            const double a = (double)set_x(&s, 0, i, 0), b = (double)set_x(&s, 0, i, 1);
            const double r = b * (double)set_x(&s, 0, i, 2) - 1 / (b * (double)set_x(&s, 0, i, 3));
            const double off = (double)s.views[0].targets[i] - (k ? atan(r / a) : hypot(a, r));
            noise += off * off / N;
        }
        CU_ASSERT(near(sqrt(noise), 50, 0.02));
        component_close(&s.c);
    }
}

static void test_the_seed_alone_makes_the_set(void)
{
    static const char *const names[] = { "moons", "circles", "blobs", "friedman1", "friedman2", "friedman3" };
    for (unsigned i = 0; i < 6; i++) {
        struct set a, b, other;
        SET_OPEN(&a, "memory", "set", names[i], "test", "0.25", NULL);
        memset(&b, 0, sizeof b);
        CU_ASSERT_EQUAL_FATAL(component_open(&b.c, "memory", 99, "set", names[i], "test", "0.25", NULL), HONE_OK);
        set_describe(&b); /* another study's seed */
        SET_OPEN(&other, "memory", "set", names[i], "test", "0.25", "seed", "2", NULL);
        SET_OK(&a);
        CU_ASSERT(a.counts[0] == 750 && a.counts[2] == 250);
        const size_t bytes = (size_t)a.task.dims[0] * 250 * sizeof(float);
        CU_ASSERT(!memcmp(a.views[2].inputs, b.views[2].inputs, bytes));
        CU_ASSERT(memcmp(a.views[2].inputs, other.views[2].inputs, bytes) != 0);
        component_close(&a.c);
        component_close(&b.c);
        component_close(&other.c);
    }
}

static void test_refuses_settings_that_make_no_set(void)
{
    struct set s;
    SET_OPEN(&s, "memory", "set", "friedman1", "features", "4", NULL);
    CU_ASSERT(set_fails(&s, "features", "friedman1 needs 5 or more"));
    component_close(&s.c);
    SET_OPEN(&s, "memory", "set", "blobs", "samples", "5", "centers", "6", NULL);
    CU_ASSERT(set_fails(&s, "centers", "more than there are samples"));
    component_close(&s.c);
    SET_OPEN(&s, "memory", "samples", "3", "test", "0.1", NULL);
    CU_ASSERT(set_fails(&s, "test", "leaves none to test on"));
    component_close(&s.c);
    CU_ASSERT(component_open(&s.c, "memory", 1, "samples", "1", NULL) < 0);
    component_close(&s.c);
}

SUITE(TEST(test_moons_and_circles_are_those_of_scikit_learn), TEST(test_noise_is_normal),
      TEST(test_blobs_lie_around_their_centers), TEST(test_friedman1_follows_its_formula),
      TEST(test_friedman2_and_3_follow_their_formulas), TEST(test_the_seed_alone_makes_the_set),
      TEST(test_refuses_settings_that_make_no_set))
