/* SPDX-License-Identifier: MIT */
/* regularizer/noise: normal noise on every value of the images as read. */
#include "augment.h"

#include "hone/nn.h"
#include "hone/simd.h"

struct settings {
    double deviation, probability;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, deviation, "10", 0, 1e6, HONE_P_TUNABLE, NULL,
              "Standard deviation, in units of the data: 8-bit images go from 0 to 255. 0 changes nothing."),
    AUGMENT_PROBABILITY(struct settings),
};

enum { PIECE = 256 };

/* x: (n), rounded to bytes */
HONE_TARGET_CLONES
static void add_to_bytes(uint8_t *restrict x, const float *restrict noise, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const float v = (float)x[i] + noise[i] + 0.5f;
        x[i] = (uint8_t)(int32_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
}

HONE_TARGET_CLONES
static void add_to_floats(float *restrict x, const float *restrict noise, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        x[i] += noise[i];
}

static void noise_one(const void *settings, struct image *image, hone_rng *rng, uint64_t noise)
{
    const struct settings *s = settings;
    const int64_t n = image->channels * image->height * image->width;
    float numbers[PIECE];
    (void)rng;
    for (int64_t at = 0; at < n; at += PIECE) {
        const int64_t some = n - at < PIECE ? n - at : PIECE;
        hone_nn_draw_normal(numbers, (uint64_t)some, noise, (uint64_t)at, s->deviation);
        if (image->pixel_bytes == 1)
            add_to_bytes((uint8_t *)image->pixels + at, numbers, some);
        else
            add_to_floats((float *)image->pixels + at, numbers, some);
    }
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
    return rc == HONE_OK ? augment_each(self, b, s->deviation > 0 ? s->probability : 0, noise_one, err) : rc;
}

AUGMENT_IFACE(noise, on_task, on_batch);
AUGMENT_COMPONENT(
    noise, "Normal noise on the pixels",
    "Every value of a training image gets a normal deviate of its own; 8-bit values are rounded, and cut\n"
    "off at 0 and 255. `gaussian_noise` is the one for activations, `feature_noise` the one for tables.\n"
    "\n"
    "It works on the images as read (8-bit or float32), before the transforms. Fresh noise is drawn for\n"
    "each image and epoch; it depends on the trial's seed, the epoch and the image's index, not on\n"
    "batches or workers.\n"
    "\n"
    "Source: Bishop 1995, \"Training with noise is equivalent to Tikhonov regularization\", Neural\n"
    "computation 7.",
    params, struct settings);
