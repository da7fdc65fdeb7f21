/* SPDX-License-Identifier: MIT */
/* transform/standardize: zero mean and unit variance, as learnt on the training split. Moments in double:
 * Welford 1962 for single features, Chan, Golub and LeVeque 1979 for runs of values that share a pair. */
#include "hone/affine.h"
#include "hone/transform.h"

#include <float.h>

struct settings {
    uint32_t per;
};
static const char *const choices[] = HONE_AFFINE_CHOICES;

static const hone_param params[] = {
    HONE_ENUM(struct settings, per, "auto", choices, HONE_P_TUNABLE,
              "What has a mean and a deviation of its own: feature: every element of a sample; channel: all "
              "elements of one index of the first dimension; all: one for everything; auto: channel for images, "
              "feature for tables."),
};

struct standardize {
    hone_affine affine;
    uint64_t count; /* samples seen since begin */
    double *mean;   /* (groups) */
    double *square; /* (groups): sum of squared deviations from the mean */
};

enum { LANES = 8 };

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const struct settings *s = (const struct settings *)info->config;
    (void)host;
    return hone_affine_create(info, "stdz", s->per, sizeof(struct standardize), self, err);
}

static void forget(struct standardize *s)
{
    free(s->mean);
    free(s->square);
    s->mean = s->square = NULL;
    s->count = 0;
}

static void destroy(void *self)
{
    struct standardize *s = (struct standardize *)self;
    if (!s)
        return;
    forget(s);
    hone_affine_release(&s->affine);
    free(s);
}

static hone_rc begin(void *self, const hone_task *in, hone_task *out, hone_error *err)
{
    forget((struct standardize *)self);
    return hone_affine_begin(self, in, out, err);
}

/* Welford's step of n features at once, count: samples with this one     x, mean, square: (n) */
HONE_TARGET_CLONES
static void welford(const float *restrict x, double *restrict mean, double *restrict square, uint64_t n, double count)
{
    const double share = 1 / count;
    for (uint64_t i = 0; i < n; i++) {
        const double value = (double)x[i], delta = value - mean[i];
        mean[i] += delta * share;
        square[i] += delta * (value - mean[i]);
    }
}

/* Mean and sum of squared deviations of a run, two passes.     x: (n) */
HONE_TARGET_CLONES
static void moments(const float *x, uint64_t n, double *mean, double *square)
{
    double sums[LANES] = { 0 }, squares[LANES] = { 0 }, sum = 0, total = 0;
    uint64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (uint64_t k = 0; k < LANES; k++)
            sums[k] += (double)x[i + k];
    for (; i < n; i++)
        sum += (double)x[i];
    for (uint64_t k = 0; k < LANES; k++)
        sum += sums[k];
    const double m = sum / (double)n;
    for (i = 0; i + LANES <= n; i += LANES)
        for (uint64_t k = 0; k < LANES; k++)
            squares[k] += ((double)x[i + k] - m) * ((double)x[i + k] - m);
    for (; i < n; i++)
        total += ((double)x[i] - m) * ((double)x[i] - m);
    for (uint64_t k = 0; k < LANES; k++)
        total += squares[k];
    *mean = m;
    *square = total;
}

/* x: (n, groups * run) */
static hone_rc fit(void *self, const float *x, uint64_t n, hone_error *err)
{
    struct standardize *s = (struct standardize *)self;
    const uint64_t groups = s->affine.groups, run = s->affine.run;
    if (!s->affine.n_dims)
        return hone_fail(err, HONE_EINVAL, NULL, "standardize was not told the shape of its samples");
    s->affine.fitted = 0;
    if (!s->mean) {
        s->mean = (double *)calloc(groups, sizeof *s->mean);
        s->square = (double *)calloc(groups, sizeof *s->square);
        if (!s->mean || !s->square) {
            forget(s);
            return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the moments of %llu groups",
                             (unsigned long long)groups);
        }
    }
    for (uint64_t i = 0; i < n; i++, x += groups * run) {
        const double before = (double)s->count++ * (double)run, after = before + (double)run;
        if (run == 1) {
            welford(x, s->mean, s->square, groups, after);
            continue;
        }
        for (uint64_t g = 0; g < groups; g++) {
            double mean, square;
            moments(x + g * run, run, &mean, &square);
            const double delta = mean - s->mean[g];
            s->mean[g] += delta * ((double)run / after);
            s->square[g] += square + delta * delta * (before * (double)run / after);
        }
    }
    return HONE_OK;
}

static hone_rc finish(void *self, hone_error *err)
{
    struct standardize *s = (struct standardize *)self;
    const double n = (double)s->count * (double)s->affine.run;
    if (!s->count || !s->mean)
        return hone_fail(err, HONE_EINVAL, NULL, "standardize saw no training samples");
    for (uint64_t g = 0; g < s->affine.groups; g++) {
        const double mean = s->mean[g], variance = s->square[g] / n;
        if (!isfinite(mean) || !isfinite(variance))
            return hone_affine_not_finite(&s->affine, g, "cannot be standardized", err);
        /* float32 values leave 29 bits of a double's sum free: what is constant has a variance of exactly 0.
         * A deviation below float32's normal numbers has no scale in float32 and counts as none. */
        const double scale = sqrt(variance) >= (double)FLT_MIN ? 1 / sqrt(variance) : 1;
        s->affine.scale[g] = scale;
        s->affine.shift[g] = -mean * scale;
    }
    s->affine.fitted = 1;
    forget(s);
    return HONE_OK;
}

static const hone_transform_v1 iface = { .size = sizeof iface,
                                         .begin = begin,
                                         .fit = fit,
                                         .finish = finish,
                                         .apply = hone_affine_apply,
                                         .affine = hone_affine_pairs };

static const hone_component standardize = {
    .size = sizeof standardize,
    .flags = HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    .kind = HONE_KIND_TRANSFORM,
    .name = "standardize",
    .summary = "Zero mean and unit variance, as learnt on the training split",
    .doc = "    y = (x - mean) / deviation\n"
           "\n"
           "Mean and standard deviation (of the population: divided by n) are learnt on the training\n"
           "split only and kept with the model. `per` says what has a pair of its own; by default each\n"
           "feature of a table, each channel of an image. What is constant in the training split is\n"
           "shifted only (deviation 1). Values that are not finite are an error that names the feature.\n"
           "\n"
           "Moments are summed in double precision by Welford's and Chan's updates, which stay exact for\n"
           "features far from zero.\n"
           "\n"
           "Source: Welford 1962, \"Note on a method for calculating corrected sums of squares and\n"
           "products\"; Chan, Golub and LeVeque 1979, \"Updating formulae and a pairwise algorithm for\n"
           "computing sample variances\".",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
    .save = hone_affine_save,
    .load = hone_affine_load,
};

HONE_MODULE("org.hone.transform.standardize", "0.1.0", "MIT", "the hone authors", "", &standardize)
