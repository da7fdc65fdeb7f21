/* SPDX-License-Identifier: MIT */
/* regularizer/random_crop_flip: each result is one of the crops that a naive padding makes. */
#include "parameters.h"

enum { C = 2, H = 7, W = 6, PIXELS = C * H * W, N = 64 };

static hone_task task_of(uint32_t dtype)
{
    hone_task t = { .size = sizeof t,
                    .kind = HONE_TASK_CLASSIFICATION,
                    .n_outputs = 2,
                    .n_dims = 3,
                    .dtype = dtype,
                    .dims = { C, H, W } };
    return t;
}

static hone_rc run(struct component *c, uint32_t dtype, void *images, const uint64_t *samples, uint64_t n,
                   uint64_t epoch, uint64_t seed)
{
    const hone_task task = task_of(dtype);
    hone_batch b = {
        .size = sizeof b, .dtype = dtype, .n = n, .inputs = images, .samples = samples, .epoch = epoch, .task = &task
    };
    return regularizer(c)->on_batch(c->self, &b, seed, &c->err);
}

/* Pixel (channel, i, j) of the image shifted by (dy, dx), mirrored or not, by the definition. */
static double naive(const float *x, int channel, int i, int j, int dy, int dx, int mirror, double fill)
{
    const int from_i = i + dy, from_j = (mirror ? W - 1 - j : j) + dx;
    return from_i < 0 || from_i >= H || from_j < 0 || from_j >= W ? fill
                                                                  : (double)x[(channel * H + from_i) * W + from_j];
}

/* Index of the one shift and mirroring that explains y; -1 without. All pixels of x differ. */
static int explain(const float *x, const float *y, int pad, double fill)
{
    for (int dy = -pad; dy <= pad; dy++)
        for (int dx = -pad; dx <= pad; dx++)
            for (int mirror = 0; mirror < 2; mirror++) {
                int same = 1;
                for (int at = 0; same && at < PIXELS; at++)
                    same = (double)y[at] == naive(x, at / (H * W), at / W % H, at % W, dy, dx, mirror, fill);
                if (same)
                    return ((dy + pad) * (2 * pad + 1) + dx + pad) * 2 + mirror;
            }
    return -1;
}

static float images[N][PIXELS], result[N][PIXELS];
static uint64_t samples[N];

static void fill_images(void)
{
    for (uint64_t n = 0; n < N; n++) {
        samples[n] = 1000 + n * 3;
        for (int i = 0; i < PIXELS; i++)
            images[n][i] = (float)((n * 2 + (uint64_t)i) % 251 + 1);
    }
    memcpy(result, images, sizeof result);
}

static void test_results_are_crops_of_the_padded_image(void)
{
    struct component c;
    int seen[50] = { 0 }, kinds = 0, mirrored = 0;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "random_crop_flip", 5, "pad", "2", "fill", "-3.5", NULL), HONE_OK);
    for (uint64_t epoch = 0; epoch < 10; epoch++) {
        fill_images();
        CU_ASSERT_EQUAL(run(&c, HONE_F32, result, samples, N, epoch, epoch), HONE_OK);
        for (int n = 0; n < N; n++) {
            const int which = explain(images[n], result[n], 2, -3.5);
            CU_ASSERT_FATAL(which >= 0);
            seen[which]++;
            mirrored += which & 1;
        }
    }
    for (int i = 0; i < 50; i++)
        kinds += seen[i] > 0;
    CU_ASSERT_EQUAL(kinds, 50);                  /* a fair 640 draws miss one of 50 with probability 1e-4 */
    CU_ASSERT(mirrored > 240 && mirrored < 400); /* 320 +- 6 deviations */
    component_close(&c);
}

static void test_bytes_are_treated_as_floats_are(void)
{
    struct component c;
    static uint8_t bytes[N][PIXELS];
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "random_crop_flip", 5, "pad", "3", "fill", "255", NULL), HONE_OK);
    fill_images();
    for (int n = 0; n < N; n++)
        for (int i = 0; i < PIXELS; i++)
            bytes[n][i] = (uint8_t)images[n][i];
    CU_ASSERT_EQUAL(run(&c, HONE_U8, bytes, samples, N, 4, 0), HONE_OK);
    CU_ASSERT_EQUAL(run(&c, HONE_F32, result, samples, N, 4, 0), HONE_OK);
    int equal = 1;
    for (int n = 0; n < N; n++)
        for (int i = 0; i < PIXELS; i++)
            equal &= (float)bytes[n][i] == result[n][i];
    CU_ASSERT(equal);
    CU_ASSERT(memcmp(result, images, sizeof result) != 0);
    component_close(&c);
}

/* One by one, backwards, with other step seeds and in another instance: a sample comes out the same. */
static void test_a_sample_does_not_depend_on_its_batch(void)
{
    struct component one, two;
    static float again[PIXELS], whole[N][PIXELS];
    int same = 1;
    CU_ASSERT_EQUAL_FATAL(component_open(&one, "random_crop_flip", 11, NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(component_open(&two, "random_crop_flip", 11, NULL), HONE_OK);
    fill_images();
    CU_ASSERT_EQUAL(run(&one, HONE_F32, result, samples, N, 2, 1), HONE_OK);
    memcpy(whole, result, sizeof whole);
    for (int n = N - 1; n >= 0; n--) {
        memcpy(again, images[n], sizeof again);
        CU_ASSERT_EQUAL(run(&two, HONE_F32, again, samples + n, 1, 2, 77 + (uint64_t)n), HONE_OK);
        same &= !memcmp(again, whole[n], sizeof again);
    }
    CU_ASSERT(same);
    fill_images();
    CU_ASSERT_EQUAL(run(&one, HONE_F32, result, samples, N, 3, 1), HONE_OK); /* another epoch, other draws */
    CU_ASSERT(memcmp(result, whole, sizeof whole) != 0);
    component_close(&two);
    CU_ASSERT_EQUAL_FATAL(component_open(&two, "random_crop_flip", 12, NULL), HONE_OK); /* another seed */
    fill_images();
    CU_ASSERT_EQUAL(run(&two, HONE_F32, result, samples, N, 2, 1), HONE_OK);
    CU_ASSERT(memcmp(result, whole, sizeof whole) != 0);
    component_close(&one);
    component_close(&two);
}

static void test_flip_alone_and_never_and_always(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "random_crop_flip", 3, "pad", "0", "flip", "0", NULL), HONE_OK);
    fill_images();
    CU_ASSERT_EQUAL(run(&c, HONE_F32, result, samples, N, 0, 9), HONE_OK);
    CU_ASSERT_EQUAL(memcmp(result, images, sizeof result), 0);
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "random_crop_flip", 3, "pad", "0", "flip", "1", NULL), HONE_OK);
    CU_ASSERT_EQUAL(run(&c, HONE_F32, result, samples, N, 0, 9), HONE_OK);
    for (int n = 0; n < N; n++)
        CU_ASSERT_EQUAL(explain(images[n], result[n], 0, 0), 1);
    component_close(&c);
}

static void test_refuses_what_it_cannot_do(void)
{
    struct component c;
    hone_task table = task_of(HONE_F32);
    hone_batch b = {
        .size = sizeof b, .dtype = HONE_F32, .n = 1, .inputs = result, .samples = samples, .task = &table
    };
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "random_crop_flip", 3, "pad", "6", NULL), HONE_OK);
    CU_ASSERT(regularizer(&c)->flags == (HONE_REGULARIZER_RAW | HONE_REGULARIZER_IMAGES));
    CU_ASSERT_EQUAL(run(&c, HONE_F32, result, samples, 1, 0, 0), HONE_ERANGE); /* as wide as the image */
    CU_ASSERT_STRING_EQUAL(c.err.param, "pad");
    table.n_dims = 1;
    CU_ASSERT(regularizer(&c)->on_batch(c.self, &b, 0, &c.err) < 0);
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "random_crop_flip", 3, "fill", "0.5", NULL), HONE_OK);
    CU_ASSERT_EQUAL(run(&c, HONE_U8, result, samples, 1, 0, 0), HONE_ERANGE);
    CU_ASSERT_STRING_EQUAL(c.err.param, "fill");
    component_close(&c);
}

SUITE(TEST(test_results_are_crops_of_the_padded_image), TEST(test_bytes_are_treated_as_floats_are),
      TEST(test_a_sample_does_not_depend_on_its_batch), TEST(test_flip_alone_and_never_and_always),
      TEST(test_refuses_what_it_cannot_do))
