/* SPDX-License-Identifier: MIT */
/* transform/minmax: the range of the training split is mapped to [low, high]. */
#include "hone/affine.h"
#include "hone/transform.h"

#include <float.h>

struct settings {
    double low, high;
    uint32_t per;
};
static const char *const choices[] = HONE_AFFINE_CHOICES;

static const hone_param params[] = {
    HONE_REAL(struct settings, low, "0", -1e6, 1e6, HONE_P_TUNABLE, NULL, "What the smallest value becomes."),
    HONE_REAL(struct settings, high, "1", -1e6, 1e6, HONE_P_TUNABLE, NULL,
              "What the largest value becomes; more than low."),
    HONE_ENUM(struct settings, per, "auto", choices, HONE_P_TUNABLE,
              "What has a range of its own: feature: every element of a sample; channel: all elements of one "
              "index of the first dimension; all: one for everything; auto: channel for images, feature for "
              "tables."),
};

struct minmax {
    hone_affine affine;
    uint64_t count;      /* samples seen since begin */
    float *least, *most; /* (groups) */
    uint8_t *strange;    /* (groups): 1 where a value was not finite */
};

enum { LANES = 32 };

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const struct settings *s = (const struct settings *)info->config;
    (void)host;
    if (!(s->low < s->high))
        return hone_fail(err, HONE_EINVAL, "high", "high = %g must be more than low = %g", s->high, s->low);
    return hone_affine_create(info, "mnmx", s->per, sizeof(struct minmax), self, err);
}

static void forget(struct minmax *m)
{
    free(m->least);
    free(m->most);
    free(m->strange);
    m->least = m->most = NULL;
    m->strange = NULL;
    m->count = 0;
}

static void destroy(void *self)
{
    struct minmax *m = (struct minmax *)self;
    if (!m)
        return;
    forget(m);
    hone_affine_release(&m->affine);
    free(m);
}

static hone_rc begin(void *self, const hone_task *in, hone_task *out, hone_error *err)
{
    forget((struct minmax *)self);
    return hone_affine_begin(self, in, out, err);
}

/* Widens the ranges of n features by one sample. x - x is 0 for finite numbers only.     all arrays: (n) */
HONE_TARGET_CLONES
static void widen(const float *restrict x, float *restrict least, float *restrict most, uint8_t *restrict strange,
                  uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        least[i] = x[i] < least[i] ? x[i] : least[i];
        most[i] = x[i] > most[i] ? x[i] : most[i];
    }
    for (uint64_t i = 0; i < n; i++)
        strange[i] = (uint8_t)(strange[i] | !(x[i] - x[i] == 0));
}

/* Widens one range by a run.     x: (n) */
HONE_TARGET_CLONES
static void widen_run(const float *x, uint64_t n, float *least, float *most, uint8_t *strange)
{
    float low[LANES], high[LANES], odd[LANES];
    uint64_t i = 0;
    for (uint64_t k = 0; k < LANES; k++) {
        low[k] = *least;
        high[k] = *most;
        odd[k] = 0;
    }
    for (; i + LANES <= n; i += LANES)
        for (uint64_t k = 0; k < LANES; k++) {
            low[k] = x[i + k] < low[k] ? x[i + k] : low[k];
            high[k] = x[i + k] > high[k] ? x[i + k] : high[k];
            odd[k] += x[i + k] - x[i + k];
        }
    for (; i < n; i++) {
        low[0] = x[i] < low[0] ? x[i] : low[0];
        high[0] = x[i] > high[0] ? x[i] : high[0];
        odd[0] += x[i] - x[i];
    }
    for (uint64_t k = 0; k < LANES; k++) {
        *least = low[k] < *least ? low[k] : *least;
        *most = high[k] > *most ? high[k] : *most;
        *strange = (uint8_t)(*strange | !(odd[k] == 0));
    }
}

static hone_rc make_room(struct minmax *m, hone_error *err)
{
    const uint64_t groups = m->affine.groups;
    m->least = (float *)malloc(groups * sizeof *m->least);
    m->most = (float *)malloc(groups * sizeof *m->most);
    m->strange = (uint8_t *)calloc(groups, 1);
    if (!m->least || !m->most || !m->strange) {
        forget(m);
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the ranges of %llu groups",
                         (unsigned long long)groups);
    }
    for (uint64_t g = 0; g < groups; g++) {
        m->least[g] = HUGE_VALF;
        m->most[g] = -HUGE_VALF;
    }
    return HONE_OK;
}

/* x: (n, groups * run) */
static hone_rc fit(void *self, const float *x, uint64_t n, hone_error *err)
{
    struct minmax *m = (struct minmax *)self;
    const uint64_t groups = m->affine.groups, run = m->affine.run;
    hone_rc rc;
    if (!m->affine.n_dims)
        return hone_fail(err, HONE_EINVAL, NULL, "minmax was not told the shape of its samples");
    m->affine.fitted = 0;
    if (!m->least && (rc = make_room(m, err)) != HONE_OK)
        return rc;
    for (uint64_t i = 0; i < n; i++, x += groups * run) {
        if (run == 1)
            widen(x, m->least, m->most, m->strange, groups);
        else
            for (uint64_t g = 0; g < groups; g++)
                widen_run(x + g * run, run, &m->least[g], &m->most[g], &m->strange[g]);
    }
    m->count += n;
    return HONE_OK;
}

static hone_rc finish(void *self, hone_error *err)
{
    struct minmax *m = (struct minmax *)self;
    const struct settings *settings = (const struct settings *)m->affine.config;
    if (!m->count || !m->least)
        return hone_fail(err, HONE_EINVAL, NULL, "minmax saw no training samples");
    for (uint64_t g = 0; g < m->affine.groups; g++) {
        const double least = (double)m->least[g], range = (double)m->most[g] - least;
        if (m->strange[g])
            return hone_affine_not_finite(&m->affine, g, "has no range", err);
        const double width = settings->high - settings->low, scale = width / range;
        /* without a range, or with one too small for float32, values are shifted only */
        m->affine.scale[g] = range > 0 && scale <= (double)FLT_MAX ? scale : width;
        m->affine.shift[g] = settings->low - least * m->affine.scale[g];
    }
    m->affine.fitted = 1;
    forget(m);
    return HONE_OK;
}

static const hone_transform_v1 iface = { .size = sizeof iface,
                                         .begin = begin,
                                         .fit = fit,
                                         .finish = finish,
                                         .apply = hone_affine_apply,
                                         .affine = hone_affine_pairs };

static const hone_component minmax = {
    .size = sizeof minmax,
    .flags = HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    .kind = HONE_KIND_TRANSFORM,
    .name = "minmax",
    .summary = "The range of the training split, mapped to an interval",
    .doc = "    y = low + (x - min) * (high - low) / (max - min)\n"
           "\n"
           "Minimum and maximum are learnt on the training split only and kept with the model; later\n"
           "values may fall outside [low, high]. `per` says what has a range of its own; by default each\n"
           "feature of a table, each channel of an image. What is constant in the training split becomes\n"
           "`low`. Values that are not finite are an error that names the feature. Equals scikit-learn's\n"
           "MinMaxScaler for tables.",
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

HONE_MODULE("org.hone.transform.minmax", "0.1.0", "MIT", "the hone authors", "", &minmax)
