/* SPDX-License-Identifier: MIT */
/* The module of mixup and cutmix, and what they share. */
#include "mix.h"

#include "hone/simd.h"

const char *const draws[] = { "batch", "sample", NULL };

/* Gamma(shape, 1), shape >= 1. Marsaglia and Tsang 2000. */
static double gamma_deviate(hone_rng *rng, double shape)
{
    const double d = shape - 1.0 / 3.0, c = 1 / sqrt(9 * d);
    for (;;) {
        const double z = hone_rng_normal(rng), u = 1 - hone_rng_uniform(rng);
        const double root = 1 + c * z, v = root * root * root;
        if (root > 0 && log(u) < 0.5 * z * z + d - d * v + d * log(v))
            return d * v;
    }
}

double mix_beta(hone_rng *rng, double alpha)
{
    if (alpha > 1) {
        const double x = gamma_deviate(rng, alpha);
        return x / (x + gamma_deviate(rng, alpha));
    }
    for (;;) {
        /* powers as logarithms: u ^ (1 / alpha) may be too small for a double, the ratio is not */
        const double log_x = log(1 - hone_rng_uniform(rng)) / alpha, log_y = log(1 - hone_rng_uniform(rng)) / alpha;
        if (exp(log_x) + exp(log_y) <= 1)
            return 1 / (1 + exp(log_y - log_x));
    }
}

HONE_TARGET_CLONES
static void mix(float *restrict a, float *restrict b, uint64_t n, float a_share, float b_share)
{
    const float a_rest = 1 - a_share, b_rest = 1 - b_share;
    for (uint64_t i = 0; i < n; i++) {
        const float x = a[i], y = b[i];
        a[i] = a_share * x + a_rest * y;
        b[i] = b_share * y + b_rest * x;
    }
}

void mix_rows(float *a, float *b, uint64_t n, double a_share, double b_share)
{
    mix(a, b, n, (float)a_share, (float)b_share);
}

static const char *const provided[] = { "soft_targets", NULL };
const hone_place mix_place = { sizeof(hone_place), HONE_STAGE_USUAL, provided, NULL };

const void *mix_ext(const char *id)
{
    return strcmp(id, HONE_EXT_PLACE) ? NULL : &mix_place;
}

HONE_MODULE("org.hone.regularizer.mix", "0.1.0", "MIT", "the hone authors", "", &mixup_component, &cutmix_component)
