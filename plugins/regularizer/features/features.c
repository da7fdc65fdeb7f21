/* SPDX-License-Identifier: MIT */
/* regularizer/feature_noise and feature_dropout: augmentation of tables. Each works on what the network would see, after the
 * transforms. What is drawn for a sample depends on the instance's seed, the epoch and the sample's number alone. */
#include "hone/hyper.h"
#include "hone/instance.h"
#include "hone/nn.h"
#include "hone/regularizer.h"
#include "hone/rng.h"
#include "hone/simd.h"

enum { PIECE = 256 };

struct features {
    double amount; /* deviation, rate */
    uint64_t seed;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, 0, sizeof(struct features), self, err);
    (void)host;
    if (rc == HONE_OK)
        *(struct features *)*self = (struct features){ *(const double *)info->config, info->seed };
    return rc;
}

/* Pieces of the samples, with numbers of their own. */
typedef void (*fill_function)(float *numbers, uint64_t n, uint64_t seed, uint64_t stream, double size);
typedef void (*change_function)(float *x, const float *numbers, uint64_t n, double size);

static void each(const struct features *f, hone_batch *b, double size, fill_function fill, change_function change)
{
    const uint64_t elements = (uint64_t)hone_shape_elements(b->task->dims, b->task->n_dims);
    const uint64_t epoch_seed = hone_rng_derive(f->seed, b->epoch);
    float numbers[PIECE];
    for (uint64_t i = 0; i < b->n; i++) {
        float *x = (float *)b->inputs + i * elements;
        const uint64_t seed = elements > PIECE ? hone_rng_derive(epoch_seed, b->samples[i]) : epoch_seed;
        for (uint64_t at = 0; at < elements; at += PIECE) {
            const uint64_t n = elements - at < PIECE ? elements - at : PIECE;
            fill(numbers, n, seed, elements > PIECE ? at : b->samples[i], size);
            change(x + at, numbers, n, size);
        }
    }
}

/* ---- feature_noise ---- */
struct noise {
    double deviation;
};
static const hone_param noise_params[] = {
    HONE_REAL(struct noise, deviation, "0.1", 0, 1e6, HONE_P_TUNABLE, NULL,
              "Standard deviation, in units of the features after the transforms; 0 changes nothing."),
};

HONE_TARGET_CLONES
static void add(float *restrict x, const float *restrict numbers, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        x[i] += numbers[i];
}

static void change_noise(float *x, const float *numbers, uint64_t n, double size)
{
    (void)size;
    add(x, numbers, n);
}

static hone_rc noise_batch(void *self, hone_batch *b, uint64_t seed, hone_error *err)
{
    const struct features *f = self;
    const double deviation = f->amount;
    (void)seed;
    (void)err;
    if (deviation != 0) /* negative: the same noise, mirrored (hone/hyper.h) */
        each(f, b, deviation, hone_nn_draw_normal, change_noise);
    return HONE_OK;
}

/* Noise of the same seed is linear in it. */
static double *coefficient(void *self, uint32_t i)
{
    (void)i;
    return &((struct features *)self)->amount;
}

static const hone_coefficient deviation = { sizeof deviation, HONE_HYPER_LOSS, "deviation", 1, 0 };
static const hone_coefficient *const coefficients[] = { &deviation };
static const hone_hyper_v1 hyper = { .size = sizeof hyper, .n = 1, .coefficients = coefficients, .value = coefficient };

static const void *noise_ext(const char *id)
{
    return strcmp(id, HONE_EXT_HYPER) ? NULL : &hyper;
}

static const hone_regularizer_v1 noise_iface = { .size = sizeof noise_iface, .on_batch = noise_batch };

static const hone_component feature_noise = {
    .size = sizeof feature_noise,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "feature_noise",
    .summary = "Normal noise on the features of a table",
    .doc = "Every feature of a training sample gets a normal deviate of its own, after the transforms: with\n"
           "[transform.standardize] a deviation of 0.1 is a tenth of the feature's own. One-hot features are\n"
           "features like others. For images as read there is `noise`.\n"
           "\n"
           "Fresh noise is drawn for each sample and epoch; it depends on the trial's seed, the epoch and the\n"
           "sample's index, not on batches or workers.\n"
           "\n"
           "Source: Bishop 1995, \"Training with noise is equivalent to Tikhonov regularization\", Neural\n"
           "computation 7.",
    .params = noise_params,
    .n_params = HONE_COUNT(noise_params),
    .param_size = sizeof *noise_params,
    .config_size = sizeof(struct noise),
    .iface = &noise_iface,
    .create = create,
    .destroy = free,
    .get_ext = noise_ext,
};

/* ---- feature_dropout ---- */
struct dropout {
    double rate;
};
static const hone_param dropout_params[] = {
    HONE_REAL(struct dropout, rate, "0.1", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL,
              "Share of the features that become 0; 0 changes nothing."),
};

static void fill_uniform(float *numbers, uint64_t n, uint64_t seed, uint64_t stream, double size)
{
    (void)size;
    hone_nn_draw_uniform(numbers, n, seed, stream, 1);
}

/* numbers: uniform in (-1, 1) */
HONE_TARGET_CLONES
static void drop(float *restrict x, const float *restrict numbers, uint64_t n, float below)
{
    for (uint64_t i = 0; i < n; i++)
        x[i] = numbers[i] < below ? 0.0f : x[i];
}

static void change_dropout(float *x, const float *numbers, uint64_t n, double size)
{
    drop(x, numbers, n, (float)(2 * size - 1));
}

static hone_rc dropout_batch(void *self, hone_batch *b, uint64_t seed, hone_error *err)
{
    const struct features *f = self;
    const double rate = f->amount;
    (void)seed;
    (void)err;
    if (rate > 0)
        each(f, b, rate, fill_uniform, change_dropout);
    return HONE_OK;
}

static const hone_regularizer_v1 dropout_iface = { .size = sizeof dropout_iface, .on_batch = dropout_batch };

static const hone_component feature_dropout = {
    .size = sizeof feature_dropout,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "feature_dropout",
    .summary = "Features of a table left out at random",
    .doc = "Every feature of a training sample becomes 0 with the probability `rate`, after the transforms: with\n"
           "[transform.standardize] that is its mean, as if it were missing. The others keep their values, unlike\n"
           "with `dropout` at the input, which makes up for those that are gone.\n"
           "\n"
           "Fresh draws are made for each sample and epoch; they depend on the trial's seed, the epoch and the\n"
           "sample's index, not on batches or workers.\n"
           "\n"
           "Source: Vincent, Larochelle, Bengio and Manzagol 2008, \"Extracting and composing robust features with\n"
           "denoising autoencoders\", ICML, section 2.3 (masking noise).",
    .params = dropout_params,
    .n_params = HONE_COUNT(dropout_params),
    .param_size = sizeof *dropout_params,
    .config_size = sizeof(struct dropout),
    .iface = &dropout_iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.regularizer.features", "0.1.0", "MIT", "the hone authors", "", &feature_noise, &feature_dropout)
