/* SPDX-License-Identifier: MIT */
/* regularizer/trivial_augment and rand_augment: operations drawn from a list. */
#include "geometry.h"
#include "operation.h"

#define SOURCE                                                                                               \
    "\n"                                                                                                     \
    "The fourteen operations: identity, shear_x, shear_y, translate_x, translate_y, rotate, brightness,\n"   \
    "color, contrast, sharpness, posterize, solarize, autocontrast, equalize; color leaves grey images as\n" \
    "they are. Geometric and enhancing ones go either way.\n"                                                \
    "\n"                                                                                                     \
    "It works on 8-bit images as read, before the transforms. A fresh draw is made for each image and\n"     \
    "epoch; it depends on the trial's seed, the epoch and the image's index, not on batches or workers.\n"   \
    "\n"                                                                                                     \
    "With equal draws the result is that of Pillow's operations, as torchvision calls them.\n"               \
    "\n"

/* ---- trivial_augment ---- */
struct trivial {
    double probability, fill;
    uint32_t interpolation;
};
static const hone_param trivial_params[] = {
    AUGMENT_PROBABILITY(struct trivial),
    AUGMENT_INTERPOLATION(struct trivial, "nearest"),
    AUGMENT_FILL(struct trivial),
};

static void trivial_one(const void *settings, struct image *image, hone_rng *rng, uint64_t noise)
{
    const struct trivial *s = settings;
    const uint32_t level = (uint32_t)hone_rng_below(rng, MAGNITUDES);
    (void)noise;
    operation_draw(image, SPACE_WIDE, level, s->interpolation, s->fill, rng);
}

static hone_rc trivial_task(void *self, const hone_task *task, hone_error *err)
{
    return augment_check(task, AUGMENT_BYTES, &((const struct trivial *)augment_settings(self))->fill, err);
}

static hone_rc trivial_batch(void *self, hone_batch *b, uint64_t seed, hone_error *err)
{
    const struct trivial *s = augment_settings(self);
    const hone_rc rc = trivial_task(self, b->task, err);
    (void)seed;
    return rc == HONE_OK ? augment_each(self, b, s->probability, trivial_one, err) : rc;
}

AUGMENT_IFACE(trivial_augment, trivial_task, trivial_batch);
AUGMENT_COMPONENT(
    trivial_augment, "TrivialAugment (wide): one operation of fourteen, at any magnitude",
    "Each training image goes through one operation, drawn from the list, with one of 31 magnitudes; all\n"
    "alike. There is nothing to tune. Magnitudes go up to: shears 0.99, moves 32 pixels (made for images\n"
    "of 32 and more), rotation 135 degrees, enhancement 1 +- 0.99, 2 bits left, all values inverted.\n" SOURCE
    "Source: Mueller and Hutter 2021, \"TrivialAugment: tuning-free yet state-of-the-art data\n"
    "augmentation\", ICCV, algorithm 1 with the wide space.",
    trivial_params, struct trivial);

/* ---- rand_augment ---- */
struct rand {
    int64_t n, m;
    double probability, fill;
    uint32_t interpolation;
};
static const hone_param rand_params[] = {
    HONE_INT(struct rand, n, "2", 0, 100, HONE_P_TUNABLE, "operations",
             "Operations one after the other, each drawn anew; 0 changes nothing."),
    HONE_INT(struct rand, m, "9", 0, 30, HONE_P_TUNABLE, NULL, "Magnitude of all of them, on a scale of 30."),
    AUGMENT_PROBABILITY(struct rand),
    AUGMENT_INTERPOLATION(struct rand, "nearest"),
    AUGMENT_FILL(struct rand),
};

static void rand_one(const void *settings, struct image *image, hone_rng *rng, uint64_t noise)
{
    const struct rand *s = settings;
    (void)noise;
    for (int64_t i = 0; i < s->n; i++)
        operation_draw(image, SPACE_RAND, (uint32_t)s->m, s->interpolation, s->fill, rng);
}

static hone_rc rand_task(void *self, const hone_task *task, hone_error *err)
{
    return augment_check(task, AUGMENT_BYTES, &((const struct rand *)augment_settings(self))->fill, err);
}

static hone_rc rand_batch(void *self, hone_batch *b, uint64_t seed, hone_error *err)
{
    const struct rand *s = augment_settings(self);
    const hone_rc rc = rand_task(self, b->task, err);
    (void)seed;
    return rc == HONE_OK ? augment_each(self, b, s->n ? s->probability : 0, rand_one, err) : rc;
}

AUGMENT_IFACE(rand_augment, rand_task, rand_batch);
AUGMENT_COMPONENT(
    rand_augment, "RandAugment: n operations of fourteen, at magnitude m",
    "Each training image goes through `n` operations, drawn from the list, all with the magnitude `m`. At\n"
    "m = 30: shears 0.3, moves 0.45 of the width or height, rotation 30 degrees, enhancement 1 +- 0.9,\n"
    "4 bits left, all values inverted.\n" SOURCE
    "Source: Cubuk, Zoph, Shlens and Le 2020, \"RandAugment: practical automated data augmentation with a\n"
    "reduced search space\", NeurIPS. The scale of magnitudes is torchvision's.",
    rand_params, struct rand);
