/* SPDX-License-Identifier: MIT */
/* The augmentations as components: what they draw, from what, and what they leave alone. */
#include "parameters.h"

enum { N = 64, H = 21, W = 26, MOST = 3 * H * W };

static uint8_t images[N * MOST], result[N * MOST], again[MOST];
static uint64_t samples[N];

/* Noise of 0 .. 250 in every image. */
static void fill_images(int channels)
{
    hone_rng rng = hone_rng_at(3, (uint64_t)channels);
    for (int i = 0; i < N * channels * H * W; i++)
        images[i] = (uint8_t)hone_rng_below(&rng, 251);
    for (uint64_t n = 0; n < N; n++)
        samples[n] = 1000 + n * 3;
    memcpy(result, images, sizeof result);
}

static hone_rc run(struct component *c, uint32_t dtype, int64_t channels, void *inputs, const uint64_t *ids, uint64_t n,
                   uint64_t epoch, uint64_t seed)
{
    const hone_task task = { .size = sizeof task,
                             .kind = HONE_TASK_CLASSIFICATION,
                             .n_outputs = 2,
                             .n_dims = 3,
                             .dtype = dtype,
                             .dims = { channels, H, W } };
    hone_batch b = {
        .size = sizeof b, .dtype = dtype, .n = n, .inputs = inputs, .samples = ids, .epoch = epoch, .task = &task
    };
    return regularizer(c)->on_batch(c->self, &b, seed, &c->err);
}

#define OPEN(c, name, seed, ...) CU_ASSERT_EQUAL_FATAL(component_open(c, name, seed, __VA_ARGS__), HONE_OK)
#define RUN(c, channels, epoch)  CU_ASSERT_EQUAL(run(c, HONE_U8, channels, result, samples, N, epoch, 5), HONE_OK)

static const char *const names[] = { "flip",       "crop",     "translate",    "rotate",          "scale",
                                     "shear",      "affine",   "cutout",       "noise",           "random_erasing",
                                     "brightness", "contrast", "color_jitter", "trivial_augment", "rand_augment" };
enum { NAMES = sizeof names / sizeof *names };

/* One by one, backwards, with other step seeds and in another instance: a sample comes out the same. */
static void test_a_sample_does_not_depend_on_its_batch(void)
{
    static uint8_t whole[N * MOST];
    for (int k = 0; k < NAMES; k++)
        for (int channels = 1; channels <= 3; channels += 2) {
            const size_t bytes = (size_t)channels * H * W;
            struct component one, two;
            int same = 1;
            OPEN(&one, names[k], 11, NULL);
            OPEN(&two, names[k], 11, NULL);
            CU_ASSERT_EQUAL(regularizer(&one)->flags, HONE_REGULARIZER_RAW | HONE_REGULARIZER_IMAGES);
            fill_images(channels);
            RUN(&one, channels, 2);
            memcpy(whole, result, sizeof whole);
            CU_ASSERT(memcmp(whole, images, N * bytes) != 0);
            for (size_t n = N; n-- > 0;) {
                memcpy(again, images + n * bytes, bytes);
                CU_ASSERT_EQUAL(run(&two, HONE_U8, channels, again, samples + n, 1, 2, 77 + n), HONE_OK);
                same &= !memcmp(again, whole + n * bytes, bytes);
            }
            CU_ASSERT(same);
            fill_images(channels);
            RUN(&one, channels, 3); /* another epoch, other draws */
            CU_ASSERT(memcmp(result, whole, N * bytes) != 0);
            component_close(&one);
            component_close(&two);
        }
}

static void test_zero_changes_nothing(void)
{
    static const char *const zero[][7] = {
        { "flip", "horizontal", "0", "vertical", "0" },
        { "crop", "pad", "0" },
        { "translate", "horizontal", "0", "vertical", "0" },
        { "rotate", "degrees", "0" },
        { "scale", "factor", "0" },
        { "shear", "horizontal", "0", "vertical", "0" },
        { "cutout", "size", "0" },
        { "cutout", "holes", "0" },
        { "brightness", "factor", "0" },
        { "contrast", "factor", "0" },
        { "noise", "deviation", "0" },
        { "rand_augment", "n", "0" },
    };
    struct component c;
    fill_images(3);
    for (size_t k = 0; k < sizeof zero / sizeof *zero; k++) {
        OPEN(&c, zero[k][0], 1, zero[k][1], zero[k][2], zero[k][3], zero[k][4], NULL);
        RUN(&c, 3, 0);
        component_close(&c);
    }
    OPEN(&c, "affine", 1, "degrees", "0", "translate", "0", "scale", "0", "shear", "0", NULL);
    RUN(&c, 3, 0);
    component_close(&c);
    OPEN(&c, "color_jitter", 1, "brightness", "0", "contrast", "0", "saturation", "0", "hue", "0", NULL);
    RUN(&c, 3, 0);
    component_close(&c);
    for (int k = 0; k < NAMES; k++)
        if (strcmp(names[k], "flip") != 0) {
            OPEN(&c, names[k], 1, "probability", "0", NULL);
            RUN(&c, 3, 0);
            component_close(&c);
        }
    CU_ASSERT_EQUAL(memcmp(result, images, sizeof images), 0);
}

/* How many images differ from what they were. */
static int changed(int channels)
{
    const size_t bytes = (size_t)channels * H * W;
    int n = 0;
    for (size_t i = 0; i < N; i++)
        n += memcmp(result + i * bytes, images + i * bytes, bytes) != 0;
    return n;
}

static void test_probability_is_that_of_an_image(void)
{
    for (int k = 0; k < NAMES; k++)
        if (strcmp(names[k], "flip") != 0) {
            struct component c;
            int n = 0;
            OPEN(&c, names[k], 4, "probability", "0.25", NULL);
            for (uint64_t epoch = 0; epoch < 8; epoch++) {
                fill_images(3);
                RUN(&c, 3, epoch);
                n += changed(3);
            }
            /* 128 of 512 +- 4 deviations; trivial_augment has operations that change nothing */
            CU_ASSERT(n < 168 && n > (strstr(names[k], "_augment") ? 50 : 88));
            component_close(&c);
        }
}

/* ---- crop, flip ---- */
static int padded(int i, int n, const char *padding)
{
    if (i >= 0 && i < n)
        return i;
    if (!strcmp(padding, "edge"))
        return i < 0 ? 0 : n - 1;
    const int mirror = !strcmp(padding, "symmetric");
    return i < 0 ? -i - mirror : 2 * (n - 1) - i + mirror;
}

/* Index of the one shift that explains y by its definition; -1 without. */
static int explain(const uint8_t *x, const uint8_t *y, int pad, const char *padding, uint8_t fill)
{
    const int constant = !strcmp(padding, "constant");
    for (int dy = -pad; dy <= pad; dy++)
        for (int dx = -pad; dx <= pad; dx++) {
            int same = 1;
            for (int at = 0; same && at < MOST; at++) {
                const int i = at / W % H + dy, j = at % W + dx, outside = i < 0 || i >= H || j < 0 || j >= W;
                const uint8_t wanted =
                    constant && outside ? fill
                                        : x[at / (H * W) * H * W + padded(i, H, padding) * W + padded(j, W, padding)];
                same = y[at] == wanted;
            }
            if (same)
                return (dy + pad) * (2 * pad + 1) + dx + pad;
        }
    return -1;
}

static void test_crops_are_those_of_the_padded_image(void)
{
    static const char *const paddings[] = { "constant", "edge", "reflect", "symmetric" };
    for (int p = 0; p < 4; p++) {
        struct component c;
        int seen[25] = { 0 }, kinds = 0;
        OPEN(&c, "crop", 5, "pad", "2", "padding", paddings[p], "fill", "255", NULL);
        for (uint64_t epoch = 0; epoch < 5; epoch++) {
            fill_images(3);
            RUN(&c, 3, epoch);
            for (int n = 0; n < N; n++) {
                const int which = explain(images + n * MOST, result + n * MOST, 2, paddings[p], 255);
                CU_ASSERT_FATAL(which >= 0);
                seen[which]++;
            }
        }
        for (int i = 0; i < 25; i++)
            kinds += seen[i] > 0;
        CU_ASSERT_EQUAL(kinds, 25); /* a fair 320 draws miss one of 25 with probability 5e-5 */
        component_close(&c);
    }
}

static void test_flips_are_mirror_images(void)
{
    struct component c;
    OPEN(&c, "flip", 3, "horizontal", "1", NULL);
    fill_images(3);
    RUN(&c, 3, 0);
    for (int i = 0; i < N * MOST; i++)
        CU_ASSERT_EQUAL_FATAL(result[i], images[i / W * W + W - 1 - i % W]);
    component_close(&c);
    OPEN(&c, "flip", 3, "horizontal", "0", "vertical", "1", NULL);
    fill_images(3);
    RUN(&c, 3, 0);
    for (int i = 0; i < N * MOST; i++)
        CU_ASSERT_EQUAL_FATAL(result[i], images[(i / (H * W) * H + H - 1 - i / W % H) * W + i % W]);
    component_close(&c);
    OPEN(&c, "flip", 3, NULL);
    fill_images(3);
    RUN(&c, 3, 0);
    CU_ASSERT(changed(3) > 16 && changed(3) < 48); /* 32 +- 4 deviations */
    component_close(&c);
}

/* Moves of whole pixels, maps and rectangles do to float32 what they do to bytes; between pixels bytes are cut off. */
static void test_floats_are_treated_as_bytes_are(void)
{
    static const struct {
        const char *name, *key, *value;
        float off;
    } cases[] = { { "flip", "vertical", "0.5", 0 },
                  { "crop", "fill", "200", 0 },
                  { "crop", "padding", "reflect", 0 },
                  { "cutout", "fill", "9", 0 },
                  { "affine", "interpolation", "nearest", 0 },
                  { "affine", "interpolation", "bilinear", 1 },
                  { "random_erasing", "value", "constant", 0 },
                  { "noise", "deviation", "2", 30 } };
    static float floats[N * MOST];
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct component c;
        int close = 1;
        OPEN(&c, cases[k].name, 5, cases[k].key, cases[k].value, NULL);
        fill_images(3);
        for (int i = 0; i < N * MOST; i++)
            floats[i] = (float)images[i];
        RUN(&c, 3, 4);
        CU_ASSERT_EQUAL(run(&c, HONE_F32, 3, floats, samples, N, 4, 0), HONE_OK);
        for (int i = 0; i < N * MOST; i++) {
            const float off = floats[i] - (float)result[i];
            close &= off >= (cases[k].off > 1 ? -cases[k].off : 0) && off <= cases[k].off;
        }
        CU_ASSERT(close);
        component_close(&c);
    }
}

/* ---- where a dot goes ---- */
/* A dot of 3 x 3 pixels around (x, y) from the center, on black; where its middle is in each result. */
static void follow_dot(struct component *c, double x, double y, double moved[N][2])
{
    memset(result, 0, sizeof result);
    for (uint64_t n = 0; n < N; n++) {
        samples[n] = n;
        for (int k = 0; k < 9; k++)
            result[n * H * W + (uint64_t)((H / 2 + (int)y + k / 3 - 1) * W + W / 2 + (int)x + k % 3 - 1)] = 250;
    }
    RUN(c, 1, 0);
    for (int n = 0; n < N; n++) {
        double sum = 0, right = 0, down = 0;
        for (int at = 0; at < H * W; at++) {
            const double v = result[n * H * W + at];
            sum += v;
            right += v * (at % W + 0.5);
            down += v * (at / W + 0.5);
        }
        CU_ASSERT_FATAL(sum > 0);
        moved[n][0] = right / sum - 0.5 * W;
        moved[n][1] = down / sum - 0.5 * H;
    }
}

/* All of values lie within [low, high], and come near both ends. */
static void check_spread(const double *values, double low, double high)
{
    double least = HUGE_VAL, most = -HUGE_VAL;
    for (int n = 0; n < N; n++) {
        least = fmin(least, values[n]);
        most = fmax(most, values[n]);
    }
    const double blur = 0.06 * (high - low);
    CU_ASSERT(least > low - blur && least < low + 2 * blur);
    CU_ASSERT(most < high + blur && most > high - 2 * blur);
}

static void test_moves_reach_as_far_as_they_are_told(void)
{
    struct component c;
    double at[N][2], value[N];
    const double degrees = 180 / acos(-1.0);
    OPEN(&c, "translate", 2, "horizontal", "0.25", "vertical", "0", NULL);
    follow_dot(&c, 0, 0, at);
    for (int n = 0; n < N; n++) {
        value[n] = at[n][0] - 0.5; /* where it was: (0.5, 0) from the middle of 26 x 21 */
        CU_ASSERT(fabs(at[n][1]) < 0.1);
    }
    check_spread(value, -0.25 * W, 0.25 * W);
    component_close(&c);

    OPEN(&c, "translate", 2, "horizontal", "0", "vertical", "0.2", NULL);
    follow_dot(&c, 0, 0, at);
    for (int n = 0; n < N; n++)
        value[n] = at[n][1];
    check_spread(value, -0.2 * H, 0.2 * H);
    component_close(&c);

    OPEN(&c, "rotate", 2, "degrees", "30", NULL);
    follow_dot(&c, 6, 0, at);
    for (int n = 0; n < N; n++) {
        value[n] = atan2(at[n][1], at[n][0]) * degrees;
        CU_ASSERT(fabs(hypot(at[n][0], at[n][1]) - 6.5) < 0.2);
    }
    check_spread(value, -30, 30);
    component_close(&c);

    OPEN(&c, "scale", 2, "factor", "0.4", NULL);
    follow_dot(&c, 5, 0, at);
    for (int n = 0; n < N; n++) {
        value[n] = at[n][0] / 5.5;
        CU_ASSERT(fabs(at[n][1]) < 0.1);
    }
    check_spread(value, 0.6, 1.4);
    component_close(&c);

    OPEN(&c, "shear", 2, "horizontal", "40", NULL);
    follow_dot(&c, 0, 6, at);
    for (int n = 0; n < N; n++) {
        value[n] = atan2(at[n][0] - 0.5, at[n][1]) * degrees;
        CU_ASSERT(fabs(at[n][1] - 6) < 0.2);
    }
    check_spread(value, -40, 40);
    component_close(&c);

    OPEN(&c, "affine", 2, "degrees", "0", "translate", "0.2", "scale", "0", "shear", "0", NULL);
    follow_dot(&c, 0, 0, at);
    for (int n = 0; n < N; n++)
        value[n] = at[n][1];
    check_spread(value, -0.2 * H, 0.2 * H);
    component_close(&c);
}

/* ---- rectangles ---- */
/* The rectangle of changed pixels of image n: 0 where there is none, or where they make none. */
static int rectangle(int n, int *height, int *width)
{
    int top = H, left = W, bottom = -1, right = -1, count = 0;
    for (int at = 0; at < MOST; at++)
        if (result[n * MOST + at] != images[n * MOST + at]) {
            const int i = at / W % H, j = at % W;
            top = i < top ? i : top;
            bottom = i > bottom ? i : bottom;
            left = j < left ? j : left;
            right = j > right ? j : right;
            count++;
        }
    *height = bottom - top + 1;
    *width = right - left + 1;
    return count;
}

static void test_cutout_is_a_square_cut_at_the_edge(void)
{
    struct component c;
    int whole = 0;
    OPEN(&c, "cutout", 8, "size", "7", "fill", "255", NULL);
    fill_images(3);
    RUN(&c, 3, 0);
    for (int n = 0; n < N; n++) {
        int height, width;
        const int count = rectangle(n, &height, &width);
        CU_ASSERT(count == 3 * height * width && height >= 4 && height <= 7 && width >= 4 && width <= 7);
        whole += height == 7 && width == 7;
        for (int at = 0; at < MOST; at++)
            CU_ASSERT_FATAL(result[n * MOST + at] == images[n * MOST + at] || result[n * MOST + at] == 255);
    }
    CU_ASSERT(whole > 20 && whole < 52); /* 15/21 20/26 of 64: 35 +- 4 deviations */
    component_close(&c);
}

static void test_random_erasing_keeps_its_bounds(void)
{
    struct component c;
    int erased = 0;
    double least = 1, most = 0, mean = 0, pixels = 0;
    OPEN(&c, "random_erasing", 8, "area_min", "0.1", "area_max", "0.3", "aspect", "0.5", NULL);
    for (uint64_t epoch = 0; epoch < 8; epoch++) {
        fill_images(3);
        for (int i = 0; i < N * MOST; i++)
            result[i] = images[i] = 255;
        RUN(&c, 3, epoch);
        for (int n = 0; n < N; n++) {
            int height, width;
            const int count = rectangle(n, &height, &width);
            if (!count)
                continue;
            const double area = (double)(height * width) / (H * W), ratio = (double)height / width;
            CU_ASSERT(count > 2.8 * height * width); /* one in 256 random values is what was there */
            CU_ASSERT(area > 0.08 && area < 0.33 && ratio > 0.42 && ratio < 2.4);
            least = fmin(least, area);
            most = fmax(most, area);
            erased++;
            for (int at = 0; at < MOST; at++)
                if (result[n * MOST + at] != 255) {
                    mean += result[n * MOST + at];
                    pixels++;
                }
        }
    }
    CU_ASSERT(erased > 210 && erased < 302 && least < 0.12 && most > 0.27); /* 256 of 512 +- 4 deviations */
    CU_ASSERT(fabs(mean / pixels - 127) < 1.5);                             /* uniform in 0 .. 254 */
    component_close(&c);
}

/* ---- values ---- */
static void test_noise_has_its_deviation(void)
{
    struct component c;
    double sum = 0, squares = 0, lag = 0;
    double before = 0;
    OPEN(&c, "noise", 6, "deviation", "12", NULL);
    fill_images(1);
    memset(result, 128, sizeof result);
    RUN(&c, 1, 0);
    for (int i = 0; i < N * H * W; i++) {
        const double off = result[i] - 128.0;
        sum += off;
        squares += off * off;
        lag += off * before;
        before = off;
    }
    CU_ASSERT(fabs(sum / (N * H * W)) < 0.3 && fabs(sqrt(squares / (N * H * W)) - 12) < 0.3);
    CU_ASSERT(fabs(lag / squares) < 0.03); /* neighbours know nothing of each other */
    memset(result, 255, sizeof result);
    RUN(&c, 1, 1); /* cut off, not wrapped */
    for (int i = 0; i < N * H * W; i++)
        CU_ASSERT_FATAL(result[i] > 128);
    component_close(&c);
}

static void test_light_goes_both_ways(void)
{
    struct component c;
    double value[N];
    OPEN(&c, "brightness", 2, "factor", "0.5", NULL);
    fill_images(1);
    memset(result, 100, sizeof result);
    RUN(&c, 1, 0);
    for (int n = 0; n < N; n++)
        value[n] = result[n * H * W];
    check_spread(value, 50, 150);
    component_close(&c);
    OPEN(&c, "contrast", 2, "factor", "0.5", NULL);
    for (int i = 0; i < N * H * W; i++)
        result[i] = i % 2 ? 140 : 100;
    RUN(&c, 1, 0);
    for (int n = 0; n < N; n++)
        value[n] = abs((int)result[n * H * W] - (int)result[n * H * W + 1]);
    check_spread(value, 20, 60);
    component_close(&c);
}

static void test_refuses_what_it_cannot_do(void)
{
    struct component c;
    hone_task table = { .size = sizeof table, .n_dims = 1, .dims = { 4 }, .dtype = HONE_F32 };
    hone_batch b = {
        .size = sizeof b, .dtype = HONE_F32, .n = 1, .inputs = result, .samples = samples, .task = &table
    };
    OPEN(&c, "crop", 3, "pad", "21", NULL);
    CU_ASSERT_EQUAL(run(&c, HONE_U8, 1, result, samples, 1, 0, 0), HONE_ERANGE); /* as high as the image */
    CU_ASSERT_STRING_EQUAL(c.err.param, "pad");
    component_close(&c);
    OPEN(&c, "random_erasing", 3, "area_min", "0.5", NULL);
    CU_ASSERT_EQUAL(run(&c, HONE_U8, 1, result, samples, 1, 0, 0), HONE_ERANGE);
    CU_ASSERT_STRING_EQUAL(c.err.param, "area_max");
    component_close(&c);
    OPEN(&c, "rotate", 3, "fill", "0.5", NULL);
    CU_ASSERT_EQUAL(run(&c, HONE_U8, 1, result, samples, 1, 0, 0), HONE_ERANGE);
    CU_ASSERT_STRING_EQUAL(c.err.param, "fill");
    component_close(&c);
    for (int k = 0; k < NAMES; k++) {
        OPEN(&c, names[k], 3, NULL);
        CU_ASSERT(regularizer(&c)->on_batch(c.self, &b, 0, &c.err) < 0);
        component_close(&c);
    }
    for (int k = 0; k < NAMES; k++)
        if (strstr("brightness contrast color_jitter trivial_augment rand_augment random_erasing", names[k])) {
            OPEN(&c, names[k], 3, NULL);
            CU_ASSERT_EQUAL(run(&c, HONE_F32, 1, result, samples, 1, 0, 0), HONE_ENOTSUP);
            component_close(&c);
        }
}

SUITE(TEST(test_a_sample_does_not_depend_on_its_batch), TEST(test_zero_changes_nothing),
      TEST(test_probability_is_that_of_an_image), TEST(test_crops_are_those_of_the_padded_image),
      TEST(test_flips_are_mirror_images), TEST(test_floats_are_treated_as_bytes_are),
      TEST(test_moves_reach_as_far_as_they_are_told), TEST(test_cutout_is_a_square_cut_at_the_edge),
      TEST(test_random_erasing_keeps_its_bounds), TEST(test_noise_has_its_deviation), TEST(test_light_goes_both_ways),
      TEST(test_refuses_what_it_cannot_do))
