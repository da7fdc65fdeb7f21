/* SPDX-License-Identifier: MIT */
/* regularizer/flip: mirror images. */
#include "geometry.h"

struct settings {
    double horizontal, vertical;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, horizontal, "0.5", 0, 1, HONE_P_TUNABLE, NULL,
              "Probability that an image is mirrored left to right."),
    HONE_REAL(struct settings, vertical, "0", 0, 1, HONE_P_TUNABLE, NULL,
              "Probability that an image is turned upside down, as a mirror image."),
};

static void flip_one(const void *settings, struct image *image, hone_rng *rng, uint64_t noise)
{
    const struct settings *s = settings;
    const double horizontal = hone_rng_uniform(rng), vertical = hone_rng_uniform(rng);
    (void)noise;
    if (horizontal < s->horizontal)
        geometry_flip_horizontal(image);
    if (vertical < s->vertical)
        geometry_flip_vertical(image);
}

static hone_rc on_task(void *self, const hone_task *task, hone_error *err)
{
    (void)self;
    return augment_check(task, 0, NULL, err);
}

static hone_rc on_batch(void *self, hone_batch *b, uint64_t seed, hone_error *err)
{
    const struct settings *s = augment_settings(self);
    const hone_rc rc = on_task(self, b->task, err);
    (void)seed;
    return rc == HONE_OK ? augment_each(self, b, s->horizontal > 0 || s->vertical > 0, flip_one, err) : rc;
}

AUGMENT_IFACE(flip, on_task, on_batch);
AUGMENT_COMPONENT(flip, "Mirror images, left to right or upside down",
                  "Each training image is mirrored with the probabilities given, left to right and upside down\n"
                  "apart from each other. Left to right suits photographs and clothes; digits and letters want\n"
                  "`horizontal = 0`. Both 0 change nothing.\n"
                  "\n"
                  "It works on the images as read (8-bit or float32), before the transforms. A fresh draw is made\n"
                  "for each image and epoch; it depends on the trial's seed, the epoch and the image's index, not\n"
                  "on batches or workers.",
                  params, struct settings);
