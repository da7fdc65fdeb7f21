/* SPDX-License-Identifier: MIT */
/* One table: operations and their two spaces. Levels are evenly spaced between two magnitudes, as torchvision's
 * TrivialAugmentWide and RandAugment space them. */
#include "operation.h"

#include "geometry.h"
#include "tone.h"

enum operation {
    IDENTITY,
    SHEAR_X,
    SHEAR_Y,
    TRANSLATE_X,
    TRANSLATE_Y,
    ROTATE,
    BRIGHTNESS,
    COLOR,
    CONTRAST,
    SHARPNESS,
    POSTERIZE,
    SOLARIZE,
    AUTOCONTRAST,
    EQUALIZE
};

static const struct {
    const char *name;
    double last[2]; /* magnitude at the highest level, by space; at the lowest: 0, unless said */
    int is_signed;
} operations[OPERATIONS] = {
    [IDENTITY] = { "identity", { 0, 0 }, 0 },
    [SHEAR_X] = { "shear_x", { 0.99, 0.3 }, 1 },
    [SHEAR_Y] = { "shear_y", { 0.99, 0.3 }, 1 },
    [TRANSLATE_X] = { "translate_x", { 32, 150.0 / 331.0 }, 1 }, /* wide: pixels, rand: of the width */
    [TRANSLATE_Y] = { "translate_y", { 32, 150.0 / 331.0 }, 1 },
    [ROTATE] = { "rotate", { 135, 30 }, 1 },
    [BRIGHTNESS] = { "brightness", { 0.99, 0.9 }, 1 },
    [COLOR] = { "color", { 0.99, 0.9 }, 1 },
    [CONTRAST] = { "contrast", { 0.99, 0.9 }, 1 },
    [SHARPNESS] = { "sharpness", { 0.99, 0.9 }, 1 },
    [POSTERIZE] = { "posterize", { 6, 4 }, 0 },   /* bits taken off 8 */
    [SOLARIZE] = { "solarize", { 255, 255 }, 0 }, /* taken off 255 */
    [AUTOCONTRAST] = { "autocontrast", { 0, 0 }, 0 },
    [EQUALIZE] = { "equalize", { 0, 0 }, 0 },
};

const char *operation_name(uint32_t operation)
{
    return operations[operation].name;
}

int operation_is_signed(uint32_t operation)
{
    return operations[operation].is_signed;
}

/* Evenly spaced in float32 from either end, as torch.linspace does it: whole numbers are cut off from these, so that the last
 * bit matters. */
static double spaced(float first, float last, uint32_t level)
{
    const float step = (last - first) / (MAGNITUDES - 1);
    return (double)(level < (MAGNITUDES + 1) / 2 ? first + step * (float)level
                                                 : last - step * (float)(MAGNITUDES - 1 - level));
}

double operation_magnitude(enum space space, uint32_t operation, uint32_t level, int64_t width, int64_t height)
{
    const double last = operations[operation].last[space];
    const int share = space == SPACE_RAND;
    switch (operation) {
    case TRANSLATE_X: return trunc(spaced(0, (float)(share ? last * (double)width : last), level));
    case TRANSLATE_Y: return trunc(spaced(0, (float)(share ? last * (double)height : last), level));
    case POSTERIZE: return 8 - nearbyint(last * level / (MAGNITUDES - 1)); /* halves to even, as numpy rounds */
    case SOLARIZE: return spaced((float)last, 0, level);
    default: return spaced(0, (float)last, level);
    }
}

/* A shear whose line through the upper left corner stays, as in the papers' code. */
static void shear(struct image *image, double x, double y, uint32_t interpolation, double fill)
{
    const struct map map = { 1, x, 0, y, 1, 0 };
    geometry_map(image, &map, interpolation, fill);
}

void operation_apply(struct image *image, uint32_t operation, double magnitude, uint32_t interpolation, double fill)
{
    struct motion motion = MOTION_NONE;
    switch (operation) {
    case SHEAR_X: shear(image, magnitude, 0, interpolation, fill); break;
    case SHEAR_Y: shear(image, 0, magnitude, interpolation, fill); break;
    case TRANSLATE_X:
        motion.right = magnitude;
        geometry_move(image, &motion, interpolation, fill);
        break;
    case TRANSLATE_Y:
        motion.down = magnitude;
        geometry_move(image, &motion, interpolation, fill);
        break;
    case ROTATE:
        motion.degrees = -magnitude;
        geometry_move(image, &motion, interpolation, fill);
        break;
    case BRIGHTNESS: tone_brightness(image, 1 + magnitude); break;
    case COLOR: tone_saturation(image, 1 + magnitude); break;
    case CONTRAST: tone_contrast(image, 1 + magnitude); break;
    case SHARPNESS: tone_sharpness(image, 1 + magnitude); break;
    case POSTERIZE: tone_posterize(image, (uint32_t)magnitude); break;
    case SOLARIZE: tone_solarize(image, magnitude); break;
    case AUTOCONTRAST: tone_autocontrast(image); break;
    case EQUALIZE: tone_equalize(image); break;
    default: break;
    }
}

void operation_draw(struct image *image, enum space space, uint32_t level, uint32_t interpolation, double fill,
                    hone_rng *rng)
{
    const uint32_t operation = (uint32_t)hone_rng_below(rng, OPERATIONS);
    const int negative = hone_rng_u32(rng) & 1;
    const double magnitude = operation_magnitude(space, operation, level, image->width, image->height);
    operation_apply(image, operation, negative && operation_is_signed(operation) ? -magnitude : magnitude,
                    interpolation, fill);
}
