/* SPDX-License-Identifier: MIT */
/* transform/robust: median to zero, the range between two quantiles to one, as learnt on the training split: outliers move
 * neither. All training samples are kept until the quantiles are known. */
#include "hone/affine.h"
#include "hone/transform.h"

#include <float.h>

struct settings {
    double low, high;
    uint32_t per;
};
static const char *const choices[] = HONE_AFFINE_CHOICES;

static const hone_param params[] = {
    HONE_REAL(struct settings, low, "0.25", 0, 0.5, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL,
              "Quantile at the lower end of the range."),
    HONE_REAL(struct settings, high, "0.75", 0.5, 1, HONE_P_TUNABLE | HONE_P_LO_OPEN, NULL,
              "Quantile at the upper end of the range."),
    HONE_ENUM(
        struct settings, per, "auto", choices, HONE_P_TUNABLE,
        "What has quantiles of its own: feature: every element of a sample; channel: all elements of one index of "
        "the first dimension; all: one for everything; auto: channel for images, feature for tables."),
};

struct robust {
    hone_affine affine;
    uint64_t n, capacity; /* samples */
    float *samples;       /* (n, groups * run) */
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const struct settings *s = (const struct settings *)info->config;
    (void)host;
    return hone_affine_create(info, "rbst", s->per, sizeof(struct robust), self, err);
}

static void forget(struct robust *r)
{
    free(r->samples);
    r->samples = NULL;
    r->n = r->capacity = 0;
}

static void destroy(void *self)
{
    struct robust *r = (struct robust *)self;
    if (!r)
        return;
    forget(r);
    hone_affine_release(&r->affine);
    free(r);
}

static hone_rc begin(void *self, const hone_task *in, hone_task *out, hone_error *err)
{
    forget((struct robust *)self);
    return hone_affine_begin(self, in, out, err);
}

/* x: (n, groups * run) */
static hone_rc fit(void *self, const float *x, uint64_t n, hone_error *err)
{
    struct robust *r = (struct robust *)self;
    const uint64_t elements = r->affine.groups * r->affine.run;
    if (!r->affine.n_dims)
        return hone_fail(err, HONE_EINVAL, NULL, "robust was not told the shape of its samples");
    r->affine.fitted = 0;
    if (n > r->capacity - r->n) {
        const uint64_t capacity = r->n + n > 2 * r->capacity ? r->n + n : 2 * r->capacity;
        float *more = capacity <= PTRDIFF_MAX / sizeof *more / elements
                          ? (float *)realloc(r->samples, capacity * elements * sizeof *more)
                          : NULL;
        if (!more)
            return hone_fail(err, HONE_ENOMEM, NULL, "out of memory to sort the values of %llu samples",
                             (unsigned long long)capacity);
        r->samples = more;
        r->capacity = capacity;
    }
    memcpy(r->samples + r->n * elements, x, n * elements * sizeof *x);
    r->n += n;
    return HONE_OK;
}

/* ---- quantiles ---- */
static void swap(float *a, float *b)
{
    const float t = *a;
    *a = *b;
    *b = t;
}

/* Orders v: (n) so far that v[k] is the k-th smallest, what is before it no larger and what is behind it no smaller (Hoare
 * 1961, "Algorithm 65: find", with the median of three). */
static void select_kth(float *v, uint64_t n, uint64_t k)
{
    uint64_t low = 0, high = n - 1;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (v[middle] < v[low])
            swap(&v[middle], &v[low]);
        if (v[high] < v[low])
            swap(&v[high], &v[low]);
        if (v[high] < v[middle])
            swap(&v[high], &v[middle]);
        const float pivot = v[middle];
        uint64_t i = low, j = high;
        while (i <= j) {
            while (v[i] < pivot)
                i++;
            while (v[j] > pivot)
                j--;
            if (i <= j) {
                swap(&v[i++], &v[j]);
                if (!j)
                    break;
                j--;
            }
        }
        if (k <= j)
            high = j;
        else if (k >= i)
            low = i;
        else
            return;
    }
}

/* As numpy's quantile: linear between the two values around q (n - 1). v is reordered. */
static double quantile(float *v, uint64_t n, double q)
{
    const double place = q * (double)(n - 1);
    const uint64_t k = (uint64_t)place;
    select_kth(v, n, k);
    if (k + 1 >= n)
        return (double)v[k];
    float next = v[k + 1];
    for (uint64_t i = k + 2; i < n; i++)
        next = v[i] < next ? v[i] : next;
    return (double)v[k] + ((double)next - (double)v[k]) * (place - (double)k);
}

/* values: (n * run) room. */
static hone_rc finish_group(struct robust *r, uint64_t g, float *values, hone_error *err)
{
    const struct settings *settings = (const struct settings *)r->affine.config;
    const uint64_t groups = r->affine.groups, run = r->affine.run, n = r->n * run;
    int finite = 1;
    for (uint64_t i = 0; i < r->n; i++)
        for (uint64_t k = 0; k < run; k++) {
            const float x = r->samples[(i * groups + g) * run + k];
            values[i * run + k] = x;
            finite &= isfinite(x) != 0;
        }
    if (!finite)
        return hone_affine_not_finite(&r->affine, g, "cannot be scaled", err);
    const double low = quantile(values, n, settings->low), high = quantile(values, n, settings->high);
    const double range = high - low;
    /* below float32's normal numbers there is no scale */
    r->affine.scale[g] = range >= (double)FLT_MIN ? 1 / range : 1;
    r->affine.shift[g] = -quantile(values, n, 0.5) * r->affine.scale[g];
    return HONE_OK;
}

static hone_rc finish(void *self, hone_error *err)
{
    struct robust *r = (struct robust *)self;
    hone_rc rc = HONE_OK;
    if (!r->n)
        return hone_fail(err, HONE_EINVAL, NULL, "robust saw no training samples");
    float *values = (float *)malloc(r->n * r->affine.run * sizeof *values);
    if (!values)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory to sort the values of %llu samples",
                         (unsigned long long)r->n);
    for (uint64_t g = 0; g < r->affine.groups && rc == HONE_OK; g++)
        rc = finish_group(r, g, values, err);
    free(values);
    if (rc == HONE_OK) {
        r->affine.fitted = 1;
        forget(r);
    }
    return rc;
}

static const hone_transform_v1 iface = { .size = sizeof iface,
                                         .begin = begin,
                                         .fit = fit,
                                         .finish = finish,
                                         .apply = hone_affine_apply,
                                         .affine = hone_affine_pairs };

static const hone_component robust = {
    .size = sizeof robust,
    .flags = HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    .kind = HONE_KIND_TRANSFORM,
    .name = "robust",
    .summary = "Median to zero and the range between two quantiles to one: for data with outliers",
    .doc = "    y = (x - median) / (quantile(high) - quantile(low))\n"
           "\n"
           "with the quantiles of the training split, kept with the model; by default the range is that\n"
           "between the quartiles. Between two values they are interpolated linearly. `per` says what has\n"
           "quantiles of its own; by default each feature of a table, each channel of an image. Where both\n"
           "quantiles are one value, x is shifted only. Values that are not finite are an error that names\n"
           "the feature. Equals scikit-learn's RobustScaler. While it learns it keeps the training split in\n"
           "memory, 4 bytes a value.",
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

HONE_MODULE("org.hone.transform.robust", "0.1.0", "MIT", "the hone authors", "", &robust)
