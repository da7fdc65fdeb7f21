/* SPDX-License-Identifier: MIT */
/* regularizer/crop: crops of the padded image, of its own size. */
#include "geometry.h"

static const char *const paddings[] = { "constant", "edge", "reflect", "symmetric", NULL };

struct settings {
    int64_t pad;
    uint32_t padding;
    double fill, probability;
};

static const hone_param params[] = {
    HONE_INT(struct settings, pad, "4", 0, 4096, HONE_P_TUNABLE, "pixels",
             "Largest shift in each direction; less than the image's height and width. 0 changes nothing."),
    HONE_ENUM(struct settings, padding, "constant", paddings, HONE_P_TUNABLE,
              "What the image is padded with: constant (`fill`), edge (the outermost pixels, repeated), reflect "
              "(mirrored, without these), symmetric (mirrored with them)."),
    AUGMENT_FILL(struct settings),
    AUGMENT_PROBABILITY(struct settings),
};

/* The bias is below (2 pad + 1) / 2^32. */
static void crop_one(const void *settings, struct image *image, hone_rng *rng, uint64_t noise)
{
    const struct settings *s = settings;
    const uint64_t places = 2 * (uint64_t)s->pad + 1;
    const int64_t down = (int64_t)(hone_rng_u32(rng) * places >> 32) - s->pad;
    const int64_t right = (int64_t)(hone_rng_u32(rng) * places >> 32) - s->pad;
    (void)noise;
    if (down || right)
        geometry_shift(image, down, right, s->padding, s->fill);
}

static hone_rc on_task(void *self, const hone_task *task, hone_error *err)
{
    const struct settings *s = augment_settings(self);
    const int64_t *d = task->dims;
    const hone_rc rc = augment_check(task, 0, &s->fill, err);
    if (rc == HONE_OK && (s->pad >= d[1] || s->pad >= d[2]))
        return hone_fail(err, HONE_ERANGE, "pad",
                         "pad = %lld moves an image of %lld x %lld out of sight; it must be less than both",
                         (long long)s->pad, (long long)d[1], (long long)d[2]);
    return rc;
}

static hone_rc on_batch(void *self, hone_batch *b, uint64_t seed, hone_error *err)
{
    const struct settings *s = augment_settings(self);
    const hone_rc rc = on_task(self, b->task, err);
    (void)seed;
    return rc == HONE_OK ? augment_each(self, b, s->pad ? s->probability : 0, crop_one, err) : rc;
}

AUGMENT_IFACE(crop, on_task, on_batch);
AUGMENT_COMPONENT(crop, "Random crops of the padded image",
                  "Each training image is padded by `pad` pixels on each side, and a crop of the original size is\n"
                  "taken at a random place, all places alike.\n"
                  "\n"
                  "It works on the images as read (8-bit or float32), before the transforms; `fill` is in their\n"
                  "units. A fresh draw is made for each image and epoch; it depends on the trial's seed, the epoch\n"
                  "and the image's index, not on batches or workers.\n"
                  "\n"
                  "Source: He, Zhang, Ren and Sun 2016, \"Deep residual learning for image recognition\", CVPR,\n"
                  "section 4.2 (after Lee et al. 2015, \"Deeply-supervised nets\", AISTATS).",
                  params, struct settings);
