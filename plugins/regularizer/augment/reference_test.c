/* SPDX-License-Identifier: MIT */
/* Operations on images against what Pillow and torchvision recorded (tests/fixtures/augment.py), and by definition. */
#include "fixtures/augment.h"
#include "geometry.h"
#include "harness.h"
#include "operation.h"
#include "tone.h"

enum { PLANE = PICTURE_HEIGHT * PICTURE_WIDTH, ALL = 3 * PLANE };

static void decode(const char *hex, uint8_t *out, int n)
{
    for (int i = 0; i < n; i++) {
        char two[3] = { hex[2 * i], hex[2 * i + 1], '\0' };
        out[i] = (uint8_t)strtoul(two, NULL, 16);
    }
    CU_ASSERT_EQUAL(hex[2 * n], '\0');
}

/* The recorded picture of that many channels. */
static struct image picture(int channels)
{
    static uint8_t pixels[ALL], scratch[ALL];
    decode(channels == 3 ? picture_color : picture_grey, pixels, channels * PLANE);
    return (struct image){ pixels, scratch, channels, PICTURE_HEIGHT, PICTURE_WIDTH, 1 };
}

/* Pixels that are not as recorded; *worst: the largest difference. */
static int differing(const struct image *image, const char *hex, int *worst)
{
    static uint8_t expected[ALL];
    const uint8_t *x = image->pixels;
    const int n = (int)image->channels * PLANE;
    int wrong = 0;
    *worst = 0;
    decode(hex, expected, n);
    for (int i = 0; i < n; i++) {
        const int off = abs((int)x[i] - (int)expected[i]);
        wrong += off > 0;
        *worst = off > *worst ? off : *worst;
    }
    return wrong;
}

/* The definition of a map in double precision: pixel (i, j) of channel c; *edge: how far its source is from where one pixel,
 * or one value, ends and the next begins. */
static double naive_map(const uint8_t *x, int c, int i, int j, const struct map *map, int interpolation, double *edge)
{
    const double u = map->xx * (j + 0.5) + map->xy * (i + 0.5) + map->x0;
    const double v = map->yx * (j + 0.5) + map->yy * (i + 0.5) + map->y0;
    const double to_column = fabs(u - floor(u + 0.5)), to_row = fabs(v - floor(v + 0.5));
    double corners[2][2];
    *edge = to_column < to_row ? to_column : to_row;
    if (u < 0 || u >= PICTURE_WIDTH || v < 0 || v >= PICTURE_HEIGHT)
        return PICTURE_FILL;
    x += c * PLANE;
    if (interpolation == NEAREST)
        return (double)x[(int)floor(v) * PICTURE_WIDTH + (int)floor(u)];
    const double right = u - 0.5 - floor(u - 0.5), down = v - 0.5 - floor(v - 0.5);
    for (int k = 0; k < 4; k++) {
        int row = (int)floor(v - 0.5) + k / 2, column = (int)floor(u - 0.5) + k % 2;
        row = row < 0 ? 0 : row > PICTURE_HEIGHT - 1 ? PICTURE_HEIGHT - 1 : row;
        column = column < 0 ? 0 : column > PICTURE_WIDTH - 1 ? PICTURE_WIDTH - 1 : column;
        corners[k / 2][k % 2] = (double)x[row * PICTURE_WIDTH + column];
    }
    const double value = (1 - down) * ((1 - right) * corners[0][0] + right * corners[0][1]) +
                         down * ((1 - right) * corners[1][0] + right * corners[1][1]);
    *edge = fabs(value - floor(value + 0.5));
    return floor(value);
}

/* Every pixel is Pillow's, and the definition's, but where rounding decides. */
static void test_affine_maps_are_pillows(void)
{
    static uint8_t recorded[ALL], x[ALL];
    for (size_t k = 0; k < sizeof moved / sizeof *moved; k++) {
        const struct moved *m = &moved[k];
        const struct motion motion = { m->degrees, m->right, m->down, m->scale, m->shear_x, m->shear_y };
        const struct map map = motion_map(&motion, 0.5 * PICTURE_WIDTH, 0.5 * PICTURE_HEIGHT);
        struct image image = picture(m->channels);
        int clear = 0;
        memcpy(x, image.pixels, (size_t)m->channels * PLANE);
        decode(m->pixels, recorded, m->channels * PLANE);
        geometry_move(&image, &motion, (uint32_t)m->interpolation, PICTURE_FILL);
        for (int at = 0; at < m->channels * PLANE; at++) {
            double edge;
            const int got = ((const uint8_t *)image.pixels)[at];
            const double wanted = naive_map(x, at / PLANE, at % PLANE / PICTURE_WIDTH, at % PICTURE_WIDTH, &map,
                                            m->interpolation, &edge);
            if (edge < 1e-3)
                continue;
            clear++;
            CU_ASSERT_EQUAL(got, recorded[at]);
            CU_ASSERT_EQUAL((double)got, wanted);
        }
        /* turned by 180 degrees, every source is the middle of a pixel */
        CU_ASSERT(clear > m->channels * PLANE / 2 || (m->degrees == 180 && m->interpolation == BILINEAR));
        if (m->degrees == 180)
            for (int at = 0; at < PLANE; at++)
                CU_ASSERT(abs((int)((const uint8_t *)image.pixels)[at] - (int)x[PLANE - 1 - at]) <= 1);
    }
}

static void test_tones_are_pillows(void)
{
    for (size_t k = 0; k < sizeof toned / sizeof *toned; k++) {
        const struct toned *t = &toned[k];
        struct image image = picture(t->channels);
        int worst;
        switch (t->tone) {
        case BRIGHT: tone_brightness(&image, t->number); break;
        case CONTRASTY: tone_contrast(&image, t->number); break;
        case SATURATED: tone_saturation(&image, t->number); break;
        case SHARP: tone_sharpness(&image, t->number); break;
        case POSTERIZED: tone_posterize(&image, (uint32_t)t->number); break;
        case SOLARIZED: tone_solarize(&image, t->number); break;
        case AUTOCONTRASTED: tone_autocontrast(&image); break;
        case EQUALIZED:
        default: tone_equalize(&image); break;
        }
        const int wrong = differing(&image, t->pixels, &worst);
        if (wrong)
            printf("# tone %d number %g channels %d: %d wrong, worst %d\n", (int)t->tone, t->number, t->channels, wrong,
                   worst);
        CU_ASSERT_EQUAL(wrong, 0);
    }
}

/* Rounded once, from the exact colour. */
static void test_hue_is_torchvisions(void)
{
    for (size_t k = 0; k < sizeof turned / sizeof *turned; k++) {
        struct image image = picture(3);
        const uint8_t *x = image.pixels;
        tone_hue(&image, turned[k].turn);
        for (int i = 0; i < ALL; i++)
            CU_ASSERT(abs((int)x[i] * 1000 - turned[k].thousandths[i]) <= 502);
    }
}

static void test_grey_has_no_colors_to_change(void)
{
    struct image image = picture(1);
    int worst;
    tone_saturation(&image, 0);
    tone_hue(&image, 0.4);
    CU_ASSERT_EQUAL(differing(&image, picture_grey, &worst), 0);
}

static void test_spaces_are_torchvisions(void)
{
    for (uint32_t operation = 0; operation < OPERATIONS; operation++) {
        CU_ASSERT_EQUAL(operation_is_signed(operation), is_signed[operation]);
        for (uint32_t level = 0; level < MAGNITUDES; level++) {
            const double wide = operation_magnitude(SPACE_WIDE, operation, level, PICTURE_WIDTH, PICTURE_HEIGHT);
            const double rand = operation_magnitude(SPACE_RAND, operation, level, PICTURE_WIDTH, PICTURE_HEIGHT);
            /* torch's float32 has 15.999999 pixels, cut off to 15, where the space says 16 */
            const int cut = wide > 15 && wide < 17 && wide_magnitudes[operation][level] < 16;
            CU_ASSERT_DOUBLE_EQUAL(wide - cut, wide_magnitudes[operation][level], 1e-4);
            CU_ASSERT_DOUBLE_EQUAL(rand, rand_magnitudes[operation][level], 1e-4);
        }
    }
}

static void test_operations_are_torchvisions(void)
{
    for (uint32_t operation = 0; operation < OPERATIONS; operation++) {
        const double magnitude = operation_magnitude(SPACE_WIDE, operation, 20, PICTURE_WIDTH, PICTURE_HEIGHT);
        struct image image = picture(3);
        int worst;
        operation_apply(&image, operation, operation_is_signed(operation) ? -magnitude : magnitude, NEAREST,
                        PICTURE_FILL);
        const int wrong = differing(&image, operated[operation], &worst);
        if (wrong)
            printf("# %s: %d wrong, worst %d\n", operation_name(operation), wrong, worst);
        CU_ASSERT_EQUAL(wrong, 0);
    }
}

SUITE(TEST(test_affine_maps_are_pillows), TEST(test_tones_are_pillows), TEST(test_hue_is_torchvisions),
      TEST(test_grey_has_no_colors_to_change), TEST(test_spaces_are_torchvisions),
      TEST(test_operations_are_torchvisions))
