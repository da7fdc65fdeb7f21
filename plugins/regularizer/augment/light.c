/* SPDX-License-Identifier: MIT */
/* regularizer/brightness, contrast and color_jitter. */
#include "tone.h"

#define SOURCE                                                                                             \
    "\n"                                                                                                   \
    "It works on 8-bit images as read, before the transforms. A fresh draw is made for each image and\n"   \
    "epoch; it depends on the trial's seed, the epoch and the image's index, not on batches or workers.\n" \
    "\n"                                                                                                   \
    "With equal draws the result is that of Pillow's ImageEnhance, which torchvision's ColorJitter calls"

/* A factor that is uniform in [1 - reach, 1 + reach], not below 0. */
static double factor(hone_rng *rng, double reach)
{
    return augment_between(rng, reach < 1 ? 1 - reach : 0, 1 + reach);
}

static hone_rc on_task(void *self, const hone_task *task, hone_error *err)
{
    (void)self;
    return augment_check(task, AUGMENT_BYTES, NULL, err);
}

struct one {
    double factor, probability;
};

static const hone_param brightness_params[] = {
    HONE_REAL(struct one, factor, "0.2", 0, 10, HONE_P_TUNABLE, NULL,
              "Values are multiplied by something from 1 - factor (not below 0) to 1 + factor; 0 changes nothing."),
    AUGMENT_PROBABILITY(struct one),
};
static void brightness_one(const void *settings, struct image *image, hone_rng *rng, uint64_t noise)
{
    (void)noise;
    tone_brightness(image, factor(rng, ((const struct one *)settings)->factor));
}
static hone_rc brightness_batch(void *self, hone_batch *b, uint64_t seed, hone_error *err)
{
    const struct one *s = augment_settings(self);
    const hone_rc rc = on_task(self, b->task, err);
    (void)seed;
    return rc == HONE_OK ? augment_each(self, b, s->factor > 0 ? s->probability : 0, brightness_one, err) : rc;
}
AUGMENT_IFACE(brightness, on_task, brightness_batch);
AUGMENT_COMPONENT(brightness, "Images made darker or brighter at random",
                  "All values of a training image are multiplied by one factor, and cut off at 255.\n" SOURCE ".",
                  brightness_params, struct one);

static const hone_param contrast_params[] = {
    HONE_REAL(struct one, factor, "0.2", 0, 10, HONE_P_TUNABLE, NULL,
              "Distances from the mean are multiplied by something from 1 - factor (not below 0) to 1 + factor; 0 "
              "changes nothing."),
    AUGMENT_PROBABILITY(struct one),
};
static void contrast_one(const void *settings, struct image *image, hone_rng *rng, uint64_t noise)
{
    (void)noise;
    tone_contrast(image, factor(rng, ((const struct one *)settings)->factor));
}
static hone_rc contrast_batch(void *self, hone_batch *b, uint64_t seed, hone_error *err)
{
    const struct one *s = augment_settings(self);
    const hone_rc rc = on_task(self, b->task, err);
    (void)seed;
    return rc == HONE_OK ? augment_each(self, b, s->factor > 0 ? s->probability : 0, contrast_one, err) : rc;
}
AUGMENT_IFACE(contrast, on_task, contrast_batch);
AUGMENT_COMPONENT(contrast, "Contrast changed at random",
                  "All values of a training image keep their distance from its mean brightness but for one factor,\n"
                  "and are cut off at 0 and 255. The brightness of a colour is that of ITU-R BT.601.\n" SOURCE ".",
                  contrast_params, struct one);

struct jitter {
    double brightness, contrast, saturation, hue, probability;
};
static const hone_param jitter_params[] = {
    HONE_REAL(struct jitter, brightness, "0.4", 0, 10, HONE_P_TUNABLE, NULL,
              "Brightness is multiplied by something from 1 - brightness (not below 0) to 1 + brightness."),
    HONE_REAL(struct jitter, contrast, "0.4", 0, 10, HONE_P_TUNABLE, NULL, "The same for contrast."),
    HONE_REAL(struct jitter, saturation, "0.4", 0, 10, HONE_P_TUNABLE, NULL,
              "The same for saturation; nothing for images that have no colours."),
    HONE_REAL(struct jitter, hue, "0.1", 0, 0.5, HONE_P_TUNABLE, NULL,
              "The hue is turned by a share of the circle from -hue to hue; nothing for images that have no colours."),
    AUGMENT_PROBABILITY(struct jitter),
};

static void jitter_one(const void *settings, struct image *image, hone_rng *rng, uint64_t noise)
{
    const struct jitter *s = settings;
    const double brightness = factor(rng, s->brightness), contrast = factor(rng, s->contrast);
    const double saturation = factor(rng, s->saturation), hue = augment_between(rng, -s->hue, s->hue);
    uint64_t order[] = { 0, 1, 2, 3 };
    (void)noise;
    hone_rng_shuffle(rng, order, 4);
    for (int i = 0; i < 4; i++) {
        if (order[i] == 0 && s->brightness > 0)
            tone_brightness(image, brightness);
        else if (order[i] == 1 && s->contrast > 0)
            tone_contrast(image, contrast);
        else if (order[i] == 2 && s->saturation > 0)
            tone_saturation(image, saturation);
        else if (order[i] == 3 && s->hue > 0)
            tone_hue(image, hue);
    }
}
static hone_rc jitter_batch(void *self, hone_batch *b, uint64_t seed, hone_error *err)
{
    const struct jitter *s = augment_settings(self);
    const int acts = s->brightness > 0 || s->contrast > 0 || s->saturation > 0 || s->hue > 0;
    const hone_rc rc = on_task(self, b->task, err);
    (void)seed;
    return rc == HONE_OK ? augment_each(self, b, acts ? s->probability : 0, jitter_one, err) : rc;
}
AUGMENT_IFACE(color_jitter, on_task, jitter_batch);
AUGMENT_COMPONENT(color_jitter, "Brightness, contrast, saturation and hue changed at random",
                  "The four changes come in an order that is random, too. One whose key is 0 is left out.\n" SOURCE
                  ";\n"
                  "the hue is turned without the rounding to 8-bit hues that goes on there.",
                  jitter_params, struct jitter);
