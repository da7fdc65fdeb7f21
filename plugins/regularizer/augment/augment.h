/* SPDX-License-Identifier: MIT */
/* What the augmentations of this folder share: images one by one, as the data set reads them, before the transforms. What
 * is drawn for an image depends on the instance's seed, the epoch and the image's number in its split alone: it looks the
 * same whatever batch, order or worker it comes in.
 *
 *     augment.c    the walk over a batch
 *     geometry.c   affine maps, flips, shifts: pixels move
 *     tone.c       brightness, contrast, equalization, ...: pixels change their values
 *     operation.c  the fourteen operations that trivial_augment and rand_augment choose from
 *
 * The other files hold a component, or several alike, each. */
#ifndef HONE_AUGMENT_H
#define HONE_AUGMENT_H
#include "hone/instance.h"
#include "hone/regularizer.h"
#include "hone/rng.h"

struct image {
    void *pixels, *scratch; /* (C, H, W) of pixel_bytes each; scratch: room for as many */
    int64_t channels, height, width;
    size_t pixel_bytes; /* 1: 0 .. 255, 4: float32 */
};

struct augment { /* an instance of any of them */
    const void *settings;
    uint64_t seed;
    void *scratch; /* of one image */
    size_t scratch_bytes;
};
hone_rc augment_create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err);
void augment_destroy(void *self);

enum { AUGMENT_BYTES = 1u << 0 /* pixels of 8 bits only */ };
/* HONE_EINVAL: no images; HONE_ENOTSUP: pixels of another type; HONE_ERANGE: a fill value (NULL: none) that is no pixel. */
hone_rc augment_check(const hone_task *task, uint32_t flags, const double *fill, hone_error *err);
/* What to do to one image. `noise` is a seed of the image for arrays of random numbers, apart from rng's. */
typedef void (*augment_function)(const void *settings, struct image *image, hone_rng *rng, uint64_t noise);
/* Shows the function every image of the batch, with the probability given: 0 changes nothing. HONE_ENOMEM. */
hone_rc augment_each(void *self, hone_batch *batch, double probability, augment_function function, hone_error *err);

static inline const void *augment_settings(void *self)
{
    return ((const struct augment *)self)->settings;
}
static inline double augment_between(hone_rng *rng, double low, double high)
{
    return low + (high - low) * hone_rng_uniform(rng);
}

/* Entries that many tables share; the settings have fields of these names. */
#define AUGMENT_PROBABILITY(T)                                 \
    HONE_REAL(T, probability, "1", 0, 1, HONE_P_TUNABLE, NULL, \
              "Probability that an image is changed at all; 0 changes nothing.")
#define AUGMENT_FILL(T)                                                 \
    HONE_REAL(T, fill, "0", -HUGE_VAL, HUGE_VAL, HONE_P_ADVANCED, NULL, \
              "Value of pixels that have no source, as in the data: 0 to 255 for 8-bit images.")
#define AUGMENT_INTERPOLATION(T, def) \
    HONE_ENUM(T, interpolation, def, interpolations, HONE_P_ADVANCED, "How pixels between pixels are read.")

/* The component of a file: params, iface and doc stand before it. */
#define AUGMENT_COMPONENT(id, summary_text, doc_text, table, T)               \
    const hone_component id##_component = { .size = sizeof(hone_component),   \
                                            .flags = HONE_C_DETERMINISTIC,    \
                                            .kind = HONE_KIND_REGULARIZER,    \
                                            .name = #id,                      \
                                            .summary = summary_text,          \
                                            .doc = doc_text,                  \
                                            .params = table,                  \
                                            .n_params = HONE_COUNT(table),    \
                                            .param_size = sizeof(hone_param), \
                                            .config_size = sizeof(T),         \
                                            .iface = &id##_iface,             \
                                            .create = augment_create,         \
                                            .destroy = augment_destroy }
/* Its hooks: the first one refuses samples, and the second one asks it before anything else. */
#define AUGMENT_IFACE(id, task_hook, batch_hook)                                                             \
    static const hone_regularizer_v1 id##_iface = { .size = sizeof(hone_regularizer_v1),                     \
                                                    .flags = HONE_REGULARIZER_RAW | HONE_REGULARIZER_IMAGES, \
                                                    .on_batch = batch_hook,                                  \
                                                    .on_task = task_hook }

extern const hone_component flip_component, crop_component, translate_component, rotate_component, scale_component,
    shear_component, affine_component, cutout_component, random_erasing_component, brightness_component,
    contrast_component, color_jitter_component, noise_component, trivial_augment_component, rand_augment_component;
#endif
