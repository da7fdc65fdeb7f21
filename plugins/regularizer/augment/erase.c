/* SPDX-License-Identifier: MIT */
/* regularizer/cutout and random_erasing: rectangles of the image are blotted out. */
#include "geometry.h"

static int64_t clip(int64_t v, int64_t high)
{
    return v < 0 ? 0 : v > high ? high : v;
}

/* ---- cutout ---- */
struct cutout {
    int64_t size, holes;
    double fill, probability;
};
static const hone_param cutout_params[] = {
    HONE_INT(struct cutout, size, "8", 0, 4096, HONE_P_TUNABLE, "pixels",
             "Height and width of the square; 0 changes nothing."),
    HONE_INT(struct cutout, holes, "1", 0, 1000, HONE_P_TUNABLE | HONE_P_ADVANCED, "squares", "Squares in an image."),
    HONE_REAL(struct cutout, fill, "0", -HUGE_VAL, HUGE_VAL, HONE_P_ADVANCED, NULL,
              "Value of the square, as in the data: 0 to 255 for 8-bit images."),
    AUGMENT_PROBABILITY(struct cutout),
};

static void cutout_one(const void *settings, struct image *image, hone_rng *rng, uint64_t noise)
{
    const struct cutout *s = settings;
    (void)noise;
    for (int64_t hole = 0; hole < s->holes; hole++) {
        const int64_t top = (int64_t)hone_rng_below(rng, (uint64_t)image->height) - s->size / 2;
        const int64_t left = (int64_t)hone_rng_below(rng, (uint64_t)image->width) - s->size / 2;
        geometry_fill(image, clip(top, image->height), clip(left, image->width), clip(top + s->size, image->height),
                      clip(left + s->size, image->width), s->fill);
    }
}

static hone_rc cutout_task(void *self, const hone_task *task, hone_error *err)
{
    return augment_check(task, 0, &((const struct cutout *)augment_settings(self))->fill, err);
}

static hone_rc cutout_batch(void *self, hone_batch *b, uint64_t seed, hone_error *err)
{
    const struct cutout *s = augment_settings(self);
    const hone_rc rc = cutout_task(self, b->task, err);
    (void)seed;
    return rc == HONE_OK ? augment_each(self, b, s->size && s->holes ? s->probability : 0, cutout_one, err) : rc;
}

AUGMENT_IFACE(cutout, cutout_task, cutout_batch);
AUGMENT_COMPONENT(cutout, "Cutout: a square of each image is blotted out",
                  "In each training image a square of `size` x `size` pixels is set to `fill`. Its center is any\n"
                  "pixel, all alike; what of the square lies outside of the image is lost, as in the paper.\n"
                  "\n"
                  "It works on the images as read (8-bit or float32), before the transforms. A fresh draw is made\n"
                  "for each image and epoch; it depends on the trial's seed, the epoch and the image's index, not\n"
                  "on batches or workers.\n"
                  "\n"
                  "Source: DeVries and Taylor 2017, \"Improved regularization of convolutional neural networks with\n"
                  "cutout\", arXiv:1708.04552, section 3.2: size 16 of 32 for CIFAR-10, 8 for CIFAR-100, 20 for SVHN.",
                  cutout_params, struct cutout);

/* ---- random erasing ---- */
enum { VALUE_RANDOM, VALUE_CONSTANT };
static const char *const values[] = { "random", "constant", NULL };

struct erasing {
    double probability, area_min, area_max, aspect, fill;
    uint32_t value;
};
static const hone_param erasing_params[] = {
    HONE_REAL(struct erasing, probability, "0.5", 0, 1, HONE_P_TUNABLE, NULL,
              "Probability that an image is changed at all; 0 changes nothing."),
    HONE_REAL(struct erasing, area_min, "0.02", 0, 1, HONE_P_LO_OPEN, NULL,
              "Smallest area of the rectangle, as a share of the image's."),
    HONE_REAL(struct erasing, area_max, "0.4", 0, 1, HONE_P_LO_OPEN | HONE_P_TUNABLE, NULL,
              "Largest area; not below area_min."),
    HONE_REAL(struct erasing, aspect, "0.3", 0, 1, HONE_P_LO_OPEN, NULL,
              "Least ratio of height to width; the largest is 1 / aspect."),
    HONE_ENUM(struct erasing, value, "random", values, HONE_P_TUNABLE,
              "What is put in place: random (every value apart, uniform from 0 to 255), or constant (`fill`)."),
    HONE_REAL_IF(struct erasing, fill, "0", -HUGE_VAL, HUGE_VAL, HONE_P_ADVANCED, NULL, "value=constant",
                 "Value of the rectangle, as in the data: 0 to 255 for 8-bit images."),
};

/* Uniform bytes, four from a number. */
static void scatter(struct image *image, int64_t top, int64_t left, int64_t height, int64_t width, uint64_t noise)
{
    hone_rng rng = hone_rng_at(noise, 0);
    uint32_t word = 0;
    unsigned have = 0;
    for (int64_t c = 0; c < image->channels; c++)
        for (int64_t i = top; i < top + height; i++) {
            uint8_t *row = (uint8_t *)image->pixels + (c * image->height + i) * image->width;
            for (int64_t j = left; j < left + width; j++, have--, word >>= 8) {
                if (!have) {
                    word = hone_rng_u32(&rng);
                    have = 4;
                }
                row[j] = (uint8_t)word;
            }
        }
}

static void erasing_one(const void *settings, struct image *image, hone_rng *rng, uint64_t noise)
{
    enum { TRIES = 100 };
    const struct erasing *s = settings;
    const double area = (double)image->height * (double)image->width;
    for (int tries = 0; tries < TRIES; tries++) {
        const double part = area * augment_between(rng, s->area_min, s->area_max);
        const double ratio = augment_between(rng, s->aspect, 1 / s->aspect);
        const int64_t height = (int64_t)(sqrt(part * ratio) + 0.5), width = (int64_t)(sqrt(part / ratio) + 0.5);
        if (height < 1 || width < 1 || height >= image->height || width >= image->width)
            continue;
        const int64_t top = (int64_t)hone_rng_below(rng, (uint64_t)(image->height - height + 1));
        const int64_t left = (int64_t)hone_rng_below(rng, (uint64_t)(image->width - width + 1));
        if (s->value == VALUE_RANDOM)
            scatter(image, top, left, height, width, noise);
        else
            geometry_fill(image, top, left, top + height, left + width, s->fill);
        return;
    }
}

static hone_rc erasing_task(void *self, const hone_task *task, hone_error *err)
{
    const struct erasing *s = augment_settings(self);
    const int random = s->value == VALUE_RANDOM;
    if (s->area_min > s->area_max)
        return hone_fail(err, HONE_ERANGE, "area_max", "area_max = %g is below area_min = %g", s->area_max,
                         s->area_min);
    return augment_check(task, random ? AUGMENT_BYTES : 0, random ? NULL : &s->fill, err);
}

static hone_rc erasing_batch(void *self, hone_batch *b, uint64_t seed, hone_error *err)
{
    const struct erasing *s = augment_settings(self);
    const hone_rc rc = erasing_task(self, b->task, err);
    (void)seed;
    return rc == HONE_OK ? augment_each(self, b, s->probability, erasing_one, err) : rc;
}

AUGMENT_IFACE(random_erasing, erasing_task, erasing_batch);
AUGMENT_COMPONENT(random_erasing, "Random erasing: a rectangle of some images becomes noise",
                  "With `probability`, a rectangle of the training image is replaced by random values, or by\n"
                  "`fill`. Its area and the ratio of its height to its width are uniform between their bounds, its\n"
                  "place is any where it fits. A hundred draws that do not fit leave the image as it is.\n"
                  "\n"
                  "It works on the images as read (8-bit; `value = constant` on float32, too), before the\n"
                  "transforms. A fresh draw is made for each image and epoch; it depends on the trial's seed, the\n"
                  "epoch and the image's index, not on batches or workers.\n"
                  "\n"
                  "Source: Zhong, Zheng, Kang, Li and Yang 2020, \"Random erasing data augmentation\", AAAI,\n"
                  "algorithm 1 with the defaults of section 4.",
                  erasing_params, struct erasing);
