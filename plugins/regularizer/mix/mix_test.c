/* SPDX-License-Identifier: MIT */
/* mixup and cutmix by their formulas, the Beta distribution by its moments. */
#include "mix.h"
#include "parameters.h"

enum { N = 9, K = 5, C = 2, H = 12, W = 10, ELEMENTS = C * H * W };

static float inputs[N][ELEMENTS], old_inputs[N][ELEMENTS], targets[N][K], old_targets[N][K];
static uint64_t samples[N];

static void fill(void)
{
    hone_rng rng = hone_rng_at(4, 0);
    for (int n = 0; n < N; n++) {
        for (int i = 0; i < ELEMENTS; i++)
            old_inputs[n][i] = inputs[n][i] = (float)hone_rng_normal(&rng);
        for (int k = 0; k < K; k++)
            old_targets[n][k] = targets[n][k] = k == n % K ? 1.0f : 0.0f;
    }
}

static hone_rc run(struct component *c, uint64_t n, uint64_t seed)
{
    const hone_task task = { .size = sizeof task,
                             .kind = HONE_TASK_CLASSIFICATION,
                             .n_outputs = K,
                             .n_dims = 3,
                             .dtype = HONE_F32,
                             .dims = { C, H, W } };
    hone_batch b = { .size = sizeof b,
                     .dtype = HONE_F32,
                     .n = n,
                     .inputs = inputs,
                     .targets = &targets[0][0],
                     .samples = samples,
                     .task = &task };
    fill();
    return regularizer(c)->on_batch(c->self, &b, seed, &c->err);
}

static void test_beta_has_its_moments(void)
{
    static const double alphas[] = { 0.001, 0.2, 1, 1.5, 40 };
    for (int a = 0; a < 5; a++) {
        enum { DRAWS = 20000 };
        hone_rng rng = hone_rng_at(7, (uint64_t)a);
        double sum = 0, squares = 0, fourth = 0;
        for (int i = 0; i < DRAWS; i++) {
            const double v = mix_beta(&rng, alphas[a]) - 0.5;
            CU_ASSERT_FATAL(v >= -0.5 && v <= 0.5);
            sum += v;
            squares += v * v;
            fourth += v * v * v * v;
        }
        const double variance = 1 / (4 * (2 * alphas[a] + 1));
        /* of Beta(a, a): 3 (2 a + 1) / (2 a + 3) */
        const double kurtosis = 3 * (2 * alphas[a] + 1) / (2 * alphas[a] + 3);
        CU_ASSERT(fabs(sum / DRAWS) < 4 * sqrt(variance / DRAWS));
        CU_ASSERT(fabs(squares / DRAWS / variance - 1) < 4 * sqrt((kurtosis - 1) / DRAWS) + 1e-3);
        CU_ASSERT(fabs(fourth / DRAWS / (variance * variance) / kurtosis - 1) < 0.08);
    }
}

/* The share of itself that explains row n; all elements must agree. */
static double mixed(int n)
{
    const int other = N - 1 - n;
    double share = NAN;
    for (int k = 0; k < K; k++)
        if (old_targets[n][k] > 0 && old_targets[other][k] <= 0)
            share = (double)targets[n][k];
    for (int k = 0; k < K; k++)
        CU_ASSERT(near((double)targets[n][k],
                       share * (double)old_targets[n][k] + (1 - share) * (double)old_targets[other][k], 1e-6));
    return share;
}

static void test_mixup_mixes_inputs_and_targets_alike(void)
{
    for (int by_sample = 0; by_sample < 2; by_sample++) {
        struct component c;
        int different = 0;
        CU_ASSERT_EQUAL_FATAL(
            component_open(&c, "mixup", 1, "alpha", "1", "draw", by_sample ? "sample" : "batch", NULL), HONE_OK);
        for (uint64_t seed = 0; seed < 20; seed++) {
            CU_ASSERT_EQUAL(run(&c, N, seed), HONE_OK);
            const double first = mixed(0);
            for (int n = 0; n < N; n++) {
                const int other = N - 1 - n;
                if (n == other) {
                    CU_ASSERT(!memcmp(inputs[n], old_inputs[n], sizeof inputs[n]));
                    continue;
                }
                const double share = mixed(n);
                CU_ASSERT(share > 0 && share < 1);
                different += fabs(share - first) > 1e-4;
                for (int i = 0; i < ELEMENTS; i++)
                    CU_ASSERT(near((double)inputs[n][i],
                                   share * (double)old_inputs[n][i] + (1 - share) * (double)old_inputs[other][i],
                                   2e-6));
            }
        }
        CU_ASSERT(by_sample ? different > 100 : different == 0);
        component_close(&c);
    }
}

/* A rectangle of row n is its partner's, and its area is what the target lost. The share. */
static double cut(int n)
{
    const int other = N - 1 - n;
    int top = H, left = W, bottom = -1, right = -1, count = 0;
    for (int i = 0; i < ELEMENTS; i++)
        if (memcmp(&inputs[n][i], &old_inputs[n][i], sizeof(float)) != 0) {
            CU_ASSERT(!memcmp(&inputs[n][i], &old_inputs[other][i], sizeof(float)));
            const int row = i / W % H, column = i % W;
            top = row < top ? row : top;
            bottom = row > bottom ? row : bottom;
            left = column < left ? column : left;
            right = column > right ? column : right;
            count++;
        }
    CU_ASSERT(count == (count ? C * (bottom - top + 1) * (right - left + 1) : 0));
    const double share = mixed(n);
    CU_ASSERT(near(share, 1 - (double)count / ELEMENTS, 1e-6));
    return share;
}

static void test_cutmix_pastes_a_rectangle_and_its_share(void)
{
    for (int by_sample = 0; by_sample < 2; by_sample++) {
        struct component c;
        double sum = 0, squares = 0;
        int different = 0;
        enum { SEEDS = 400 };
        CU_ASSERT_EQUAL_FATAL(component_open(&c, "cutmix", 1, "draw", by_sample ? "sample" : "batch", NULL), HONE_OK);
        CU_ASSERT(regularizer(&c)->flags & HONE_REGULARIZER_CLASSIFICATION);
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            CU_ASSERT_EQUAL(run(&c, N, seed), HONE_OK);
            const double first = cut(0);
            for (int n = 0; n < N; n++)
                if (n != N / 2)
                    different += fabs(cut(n) - first) > 1e-4;
            sum += first;
            squares += first * first;
        }
        CU_ASSERT(by_sample ? different > SEEDS : different == 0);
        /* the area is that of a window of sqrt(1 - lambda), lambda uniform, cut off at the edges: mean 0.28 of the image */
        CU_ASSERT(sum / SEEDS > 0.66 && sum / SEEDS < 0.8);
        CU_ASSERT(squares / SEEDS - sum / SEEDS * sum / SEEDS > 0.02);
        component_close(&c);
    }
}

static void test_zero_changes_nothing(void)
{
    static const char *const names[] = { "mixup", "cutmix" }, *const keys[] = { "alpha", "probability" };
    for (int k = 0; k < 4; k++) {
        struct component c;
        CU_ASSERT_EQUAL_FATAL(component_open(&c, names[k / 2], 1, keys[k % 2], "0", NULL), HONE_OK);
        CU_ASSERT_EQUAL(run(&c, N, 1), HONE_OK);
        CU_ASSERT(!memcmp(inputs, old_inputs, sizeof inputs) && !memcmp(targets, old_targets, sizeof targets));
        component_close(&c);
    }
}

static void test_probability_is_that_of_a_batch(void)
{
    static const char *const names[] = { "mixup", "cutmix" };
    for (int k = 0; k < 2; k++) {
        struct component c;
        int changed = 0;
        CU_ASSERT_EQUAL_FATAL(component_open(&c, names[k], 1, "probability", "0.25", "alpha", "1", NULL), HONE_OK);
        for (uint64_t seed = 0; seed < 400; seed++) {
            CU_ASSERT_EQUAL(run(&c, N, seed), HONE_OK);
            changed += memcmp(inputs, old_inputs, sizeof inputs) != 0;
        }
        CU_ASSERT(changed > (k ? 55 : 65) && changed < 135); /* 100 +- 4 deviations; some rectangles are empty */
        component_close(&c);
    }
}

static void test_cutmix_wants_images_behind_the_transforms(void)
{
    const hone_task rows = { .size = sizeof rows, .kind = HONE_TASK_CLASSIFICATION, .n_dims = 1, .dims = { 40 } };
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "cutmix", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL(regularizer(&c)->on_task(c.self, &rows, &c.err), HONE_EINVAL);
    component_close(&c);
}

SUITE(TEST(test_beta_has_its_moments), TEST(test_mixup_mixes_inputs_and_targets_alike),
      TEST(test_cutmix_pastes_a_rectangle_and_its_share), TEST(test_zero_changes_nothing),
      TEST(test_probability_is_that_of_a_batch), TEST(test_cutmix_wants_images_behind_the_transforms))
