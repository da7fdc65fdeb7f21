/* SPDX-License-Identifier: MIT */
/* The module of the augmentations, and the walk over a batch that they share. */
#include "augment.h"

hone_rc augment_create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    struct augment *a;
    const hone_rc rc = hone_instance_create(info, 0, sizeof *a, self, err);
    (void)host;
    if (rc != HONE_OK)
        return rc;
    a = *self;
    a->settings = info->config;
    a->seed = info->seed;
    return HONE_OK;
}

void augment_destroy(void *self)
{
    struct augment *a = self;
    if (a)
        free(a->scratch);
    free(a);
}

hone_rc augment_check(const hone_task *task, uint32_t flags, const double *fill, hone_error *err)
{
    if (task->n_dims != 3)
        return hone_fail(err, HONE_EINVAL, NULL, "augmentation is for images (C, H, W), not samples of %u dimension%s",
                         task->n_dims, task->n_dims == 1 ? "" : "s");
    if (task->dtype != HONE_U8 && (task->dtype != HONE_F32 || flags & AUGMENT_BYTES))
        return hone_fail(err, HONE_ENOTSUP, NULL, "it knows images of %s only, and the data set reads others",
                         flags & AUGMENT_BYTES ? "8-bit pixels (0 to 255)" : "8-bit or float32 pixels");
    if (fill && task->dtype == HONE_U8 && !(*fill >= 0 && *fill <= 255 && *fill == floor(*fill)))
        return hone_fail(err, HONE_ERANGE, "fill",
                         "fill = %g is not a whole number from 0 to 255, as 8-bit images need", *fill);
    return HONE_OK;
}

static hone_rc reserve(struct augment *a, size_t bytes, hone_error *err)
{
    if (a->scratch_bytes >= bytes)
        return HONE_OK;
    void *more = realloc(a->scratch, bytes);
    if (!more)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for an image of %zu bytes", bytes);
    a->scratch = more;
    a->scratch_bytes = bytes;
    return HONE_OK;
}

hone_rc augment_each(void *self, hone_batch *b, double probability, augment_function function, hone_error *err)
{
    struct augment *a = self;
    if (probability <= 0)
        return HONE_OK;
    /* the hook's own seed changes with the step, and with it the batch; the instance's does not */
    const uint64_t seed = hone_rng_derive(a->seed, b->epoch), noise = hone_rng_derive(seed, 0);
    const int64_t *d = b->task->dims;
    struct image image = { b->inputs, NULL, d[0], d[1], d[2], hone_dtype_bytes(b->dtype) };
    const size_t bytes = (size_t)(d[0] * d[1] * d[2]) * image.pixel_bytes;
    const hone_rc rc = reserve(a, bytes, err);
    if (rc != HONE_OK)
        return rc;
    image.scratch = a->scratch;
    for (uint64_t i = 0; i < b->n; i++) {
        hone_rng rng = hone_rng_at(seed, b->samples[i]);
        image.pixels = (char *)b->inputs + i * bytes;
        if (probability >= 1 || hone_rng_uniform(&rng) < probability)
            function(a->settings, &image, &rng, hone_rng_derive(noise, b->samples[i]));
    }
    return HONE_OK;
}

HONE_MODULE("org.hone.regularizer.augment", "0.1.0", "MIT", "the hone authors", "", &flip_component, &crop_component,
            &translate_component, &rotate_component, &scale_component, &shear_component, &affine_component,
            &cutout_component, &random_erasing_component, &brightness_component, &contrast_component,
            &color_jitter_component, &noise_component, &trivial_augment_component, &rand_augment_component)
