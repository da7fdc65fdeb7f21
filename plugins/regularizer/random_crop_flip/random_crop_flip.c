/* SPDX-License-Identifier: MIT */
/* regularizer/random_crop_flip: each training image is padded, cropped to its own size at random and mirrored
 * at random (He et al. 2016, section 4.2). Draws depend on the instance's seed, the epoch and the sample's
 * index alone: a sample looks the same whatever batch, worker or order it comes in. */
#include "hone/instance.h"
#include "hone/regularizer.h"
#include "hone/rng.h"
#include "hone/simd.h"

struct settings {
    int64_t pad;
    double fill, flip;
};

static const hone_param params[] = {
    HONE_INT(struct settings, pad, "4", 0, 4096, HONE_P_TUNABLE, "pixels",
             "Largest shift in each direction; less than the image's height and width."),
    HONE_REAL(struct settings, fill, "0", -HUGE_VAL, HUGE_VAL, HONE_P_ADVANCED, NULL,
              "Value of the padding, as in the data: 0 to 255 for 8-bit images."),
    HONE_REAL(struct settings, flip, "0.5", 0, 1, HONE_P_TUNABLE, NULL,
              "Probability that an image is mirrored left to right."),
};

struct augmentation {
    struct settings settings;
    uint64_t seed;
    void *scratch; /* one sample, as it was */
    size_t scratch_bytes;
};

/* Of one image. */
struct frame {
    int64_t channels, height, width;
    int64_t dy, dx; /* y[c][i][j] = x[c][i + dy][j + dx], fill where that lies outside */
    int mirror;     /* then each row is reversed */
    size_t bytes;   /* of a pixel: 1 or 4 */
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, sizeof(struct settings), sizeof(struct augmentation), self, err);
    (void)host;
    if (rc == HONE_OK)
        ((struct augmentation *)*self)->seed = info->seed;
    return rc;
}

static void destroy(void *self)
{
    struct augmentation *a = (struct augmentation *)self;
    if (a)
        free(a->scratch);
    free(a);
}

/* y = x reversed     x, y: (n), apart */
HONE_TARGET_CLONES
static void reverse_u8(const uint8_t *restrict x, uint8_t *restrict y, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = x[n - 1 - i];
}

HONE_TARGET_CLONES
static void reverse_u32(const uint32_t *restrict x, uint32_t *restrict y, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = x[n - 1 - i];
}

static void fill_pixels(char *at, int64_t n, size_t bytes, const void *fill)
{
    if (bytes == 1)
        memset(at, *(const uint8_t *)fill, (size_t)n);
    else
        for (int64_t i = 0; i < n; i++)
            memcpy(at + (size_t)i * bytes, fill, bytes);
}

/* x: the image as it was, y: as it will be; (C, H, W) each */
static void shift_and_mirror(const struct frame *f, const char *x, char *y, const void *fill)
{
    const size_t row = (size_t)f->width * f->bytes;
    const int64_t left = f->dx < 0 ? -f->dx : 0, right = f->dx > 0 ? f->dx : 0; /* columns without a source */
    const int64_t inside = f->width - left - right;
    /* where the padding stands once the row is mirrored */
    const int64_t before = f->mirror ? right : left, after = f->mirror ? left : right;
    for (int64_t c = 0; c < f->channels; c++)
        for (int64_t i = 0; i < f->height; i++, y += row) {
            const int64_t from = i + f->dy;
            if (from < 0 || from >= f->height) {
                fill_pixels(y, f->width, f->bytes, fill);
                continue;
            }
            const char *source = x + (size_t)(c * f->height + from) * row + (size_t)(left + f->dx) * f->bytes;
            char *target = y + (size_t)before * f->bytes;
            if (!f->mirror)
                memcpy(target, source, (size_t)inside * f->bytes);
            else if (f->bytes == 1)
                reverse_u8((const uint8_t *)source, (uint8_t *)target, inside);
            else
                reverse_u32((const uint32_t *)(const void *)source, (uint32_t *)(void *)target, inside);
            fill_pixels(y, before, f->bytes, fill);
            fill_pixels(target + (size_t)inside * f->bytes, after, f->bytes, fill);
        }
}

/* Three numbers from one Philox block of the sample. Their bias is below (2 pad + 1) / 2^32. */
static void draw(const struct settings *s, uint64_t epoch_seed, uint64_t sample, struct frame *f)
{
    hone_rng rng = hone_rng_at(epoch_seed, sample);
    const uint64_t places = 2 * (uint64_t)s->pad + 1;
    f->dy = (int64_t)(hone_rng_u32(&rng) * places >> 32) - s->pad;
    f->dx = (int64_t)(hone_rng_u32(&rng) * places >> 32) - s->pad;
    f->mirror = (double)hone_rng_u32(&rng) < s->flip * 4294967296.0;
}

static hone_rc check(const struct settings *s, const hone_batch *b, hone_error *err)
{
    const int64_t *d = b->task->dims;
    if (b->task->n_dims != 3)
        return hone_fail(err, HONE_EINVAL, NULL,
                         "random_crop_flip needs images (C, H, W), not samples of %u dimension%s", b->task->n_dims,
                         b->task->n_dims == 1 ? "" : "s");
    if (b->dtype != HONE_U8 && b->dtype != HONE_F32)
        return hone_fail(err, HONE_ENOTSUP, NULL, "random_crop_flip knows 8-bit and float32 images only");
    if (s->pad >= d[1] || s->pad >= d[2])
        return hone_fail(err, HONE_ERANGE, "pad",
                         "pad = %lld moves an image of %lld x %lld out of sight; it must be less than both",
                         (long long)s->pad, (long long)d[1], (long long)d[2]);
    if (b->dtype == HONE_U8 && !(s->fill >= 0 && s->fill <= 255 && s->fill == floor(s->fill)))
        return hone_fail(err, HONE_ERANGE, "fill",
                         "fill = %g is not a whole number from 0 to 255, as 8-bit images need", s->fill);
    return HONE_OK;
}

/* The hook's own seed changes with the step, and with it the batch; the instance's does not. */
static hone_rc on_batch(void *self, hone_batch *b, uint64_t seed, hone_error *err)
{
    struct augmentation *a = (struct augmentation *)self;
    const struct settings *s = &a->settings;
    const hone_rc rc = check(s, b, err);
    const uint64_t epoch_seed = hone_rng_derive(a->seed, b->epoch);
    struct frame f;
    float fill = (float)s->fill;
    uint8_t fill_u8;
    (void)seed;
    if (rc != HONE_OK || (s->pad == 0 && s->flip <= 0))
        return rc;
    f = (struct frame){ b->task->dims[0], b->task->dims[1], b->task->dims[2], 0, 0, 0, hone_dtype_bytes(b->dtype) };
    fill_u8 = b->dtype == HONE_U8 ? (uint8_t)s->fill : 0;
    const size_t bytes = (size_t)(f.channels * f.height * f.width) * f.bytes;
    if (a->scratch_bytes < bytes) {
        void *more = realloc(a->scratch, bytes);
        if (!more)
            return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for an image of %zu bytes", bytes);
        a->scratch = more;
        a->scratch_bytes = bytes;
    }
    for (uint64_t i = 0; i < b->n; i++) {
        char *image = (char *)b->inputs + i * bytes;
        draw(s, epoch_seed, b->samples[i], &f);
        if (!f.dy && !f.dx && !f.mirror)
            continue;
        memcpy(a->scratch, image, bytes);
        shift_and_mirror(&f, (const char *)a->scratch, image,
                         b->dtype == HONE_U8 ? (const void *)&fill_u8 : (const void *)&fill);
    }
    return HONE_OK;
}

static const hone_regularizer_v1 iface = { .size = sizeof iface,
                                           .flags = HONE_REGULARIZER_RAW | HONE_REGULARIZER_IMAGES,
                                           .on_batch = on_batch };

static const hone_component random_crop_flip = {
    .size = sizeof random_crop_flip,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "random_crop_flip",
    .summary = "Random crops of the padded image and mirror images",
    .doc = "Every training image is padded by `pad` pixels on each side, a crop of the original size is\n"
           "taken at a random place, and the crop is mirrored left to right with probability `flip`. A\n"
           "fresh draw is made for each image and epoch; it depends on the trial's seed, the epoch and\n"
           "the image's index, not on batches or workers. `pad = 0` with `flip = 0` changes nothing.\n"
           "Mirroring suits photographs and clothes; digits and letters want `flip = 0`.\n"
           "\n"
           "It works on the images as read (8-bit or float32), before the transforms; `fill` is in their\n"
           "units.\n"
           "\n"
           "Source: He, Zhang, Ren and Sun 2016, \"Deep residual learning for image recognition\", CVPR,\n"
           "section 4.2 (after Lee et al. 2015, \"Deeply-supervised nets\", AISTATS).",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
};

HONE_MODULE("org.hone.regularizer.random_crop_flip", "0.1.0", "MIT", "the hone authors", "", &random_crop_flip)
