/* SPDX-License-Identifier: MIT */
/* feature_noise and feature_dropout: moments, and what draws depend on. */
#include "parameters.h"

enum { N = 200, MOST = 300 };
static float rows[N * MOST], old[N * MOST];
static uint64_t samples[N];

static hone_rc run(struct component *c, float *x, int64_t features, const uint64_t *ids, uint64_t n, uint64_t epoch,
                   uint64_t seed)
{
    const hone_task task = {
        .size = sizeof task, .n_outputs = 2, .n_dims = 1, .dtype = HONE_F32, .dims = { features }
    };
    hone_batch b = {
        .size = sizeof b, .dtype = HONE_F32, .n = n, .inputs = x, .samples = ids, .epoch = epoch, .task = &task
    };
    return regularizer(c)->on_batch(c->self, &b, seed, &c->err);
}

static void fill(void)
{
    hone_rng rng = hone_rng_at(3, 0);
    for (int i = 0; i < N * MOST; i++)
        old[i] = rows[i] = 3.0f + (float)hone_rng_uniform(&rng);
    for (uint64_t n = 0; n < N; n++)
        samples[n] = 5000 - 7 * n;
}

static void test_noise_has_its_deviation(void)
{
    struct component c;
    double sum = 0, squares = 0, fourth = 0;
    fill();
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "feature_noise", 1, "deviation", "0.5", NULL), HONE_OK);
    CU_ASSERT_EQUAL(run(&c, rows, MOST, samples, N, 0, 0), HONE_OK);
    for (int i = 0; i < N * MOST; i++) {
        const double off = (double)rows[i] - (double)old[i];
        sum += off;
        squares += off * off;
        fourth += off * off * off * off;
    }
    CU_ASSERT(fabs(sum / (N * MOST)) < 0.01 && fabs(sqrt(squares / (N * MOST)) - 0.5) < 0.01);
    CU_ASSERT(fabs(fourth * N * MOST / (squares * squares) - 3) < 0.1); /* a normal's kurtosis */
    component_close(&c);
}

static void test_dropout_leaves_out_its_share(void)
{
    struct component c;
    int dropped = 0, by_feature[MOST] = { 0 };
    fill();
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "feature_dropout", 1, "rate", "0.3", NULL), HONE_OK);
    CU_ASSERT_EQUAL(run(&c, rows, MOST, samples, N, 0, 0), HONE_OK);
    for (int i = 0; i < N * MOST; i++) {
        const int gone = rows[i] < 1;
        CU_ASSERT_FATAL(gone ? rows[i] == 0.0f : !memcmp(&rows[i], &old[i], sizeof(float)));
        dropped += gone;
        by_feature[i % MOST] += gone;
    }
    CU_ASSERT(abs(dropped - N * MOST * 3 / 10) < 450); /* 4 deviations */
    for (int j = 0; j < MOST; j++)
        CU_ASSERT(by_feature[j] > 30 && by_feature[j] < 93); /* 60 +- 5 deviations */
    component_close(&c);
}

static void test_a_sample_does_not_depend_on_its_batch(void)
{
    static const char *const names[] = { "feature_noise", "feature_dropout" };
    for (int k = 0; k < 4; k++) {
        const int64_t features = k / 2 ? MOST : 5;
        struct component one, two;
        float again[MOST];
        int same = 1;
        CU_ASSERT_EQUAL_FATAL(component_open(&one, names[k % 2], 9, NULL), HONE_OK);
        CU_ASSERT_EQUAL_FATAL(component_open(&two, names[k % 2], 9, NULL), HONE_OK);
        fill();
        CU_ASSERT_EQUAL(run(&one, rows, features, samples, N, 4, 1), HONE_OK);
        for (uint64_t n = N; n-- > 0;) {
            memcpy(again, old + n * (uint64_t)features, (size_t)features * sizeof *again);
            CU_ASSERT_EQUAL(run(&two, again, features, samples + n, 1, 4, 50 + n), HONE_OK);
            same &= !memcmp(again, rows + n * (uint64_t)features, (size_t)features * sizeof *again);
        }
        CU_ASSERT(same);
        memcpy(again, old, (size_t)features * sizeof *again);
        int differ = 0;
        for (uint64_t epoch = 5; epoch < 15; epoch++) { /* other epochs, other draws */
            memcpy(again, old, (size_t)features * sizeof *again);
            CU_ASSERT_EQUAL(run(&two, again, features, samples, 1, epoch, 1), HONE_OK);
            differ += memcmp(again, rows, (size_t)features * sizeof *again) != 0;
        }
        CU_ASSERT(differ > 2);
        component_close(&one);
        component_close(&two);
    }
}

static void test_zero_changes_nothing(void)
{
    struct component c;
    fill();
    rows[3] = old[3] = -0.0f;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "feature_noise", 1, "deviation", "0", NULL), HONE_OK);
    CU_ASSERT_EQUAL(run(&c, rows, MOST, samples, N, 0, 0), HONE_OK);
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "feature_dropout", 1, "rate", "0", NULL), HONE_OK);
    CU_ASSERT_EQUAL(run(&c, rows, MOST, samples, N, 0, 0), HONE_OK);
    component_close(&c);
    CU_ASSERT_EQUAL(memcmp(rows, old, sizeof rows), 0);
}

SUITE(TEST(test_noise_has_its_deviation), TEST(test_dropout_leaves_out_its_share),
      TEST(test_a_sample_does_not_depend_on_its_batch), TEST(test_zero_changes_nothing))
