/* SPDX-License-Identifier: MIT */
/* transform/max_abs: divided by the largest absolute value of the training split, so that zero stays zero. */
#include "hone/affine.h"
#include "hone/transform.h"

#include <float.h>

struct settings {
    uint32_t per;
};
static const char *const choices[] = HONE_AFFINE_CHOICES;

static const hone_param params[] = {
    HONE_ENUM(struct settings, per, "auto", choices, HONE_P_TUNABLE,
              "What has a largest value of its own: feature: every element of a sample; channel: all elements of one "
              "index of the first dimension; all: one for everything; auto: channel for images, feature for tables."),
};

struct max_abs {
    hone_affine affine;
    uint64_t count; /* samples seen since begin */
    float *largest; /* (groups) NaN where one was seen */
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const struct settings *s = (const struct settings *)info->config;
    (void)host;
    return hone_affine_create(info, "mabs", s->per, sizeof(struct max_abs), self, err);
}

static void forget(struct max_abs *m)
{
    free(m->largest);
    m->largest = NULL;
    m->count = 0;
}

static void destroy(void *self)
{
    struct max_abs *m = (struct max_abs *)self;
    if (!m)
        return;
    forget(m);
    hone_affine_release(&m->affine);
    free(m);
}

static hone_rc begin(void *self, const hone_task *in, hone_task *out, hone_error *err)
{
    forget((struct max_abs *)self);
    return hone_affine_begin(self, in, out, err);
}

/* largest[i] = max(largest[i], |x[i]|), NaN staying NaN     x, largest: (n) */
HONE_TARGET_CLONES
static void grow_each(float *restrict largest, const float *restrict x, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        const float size = fabsf(x[i]);
        largest[i] = size <= largest[i] ? largest[i] : size;
    }
}

/* x: (n, groups * run) */
static hone_rc fit(void *self, const float *x, uint64_t n, hone_error *err)
{
    struct max_abs *m = (struct max_abs *)self;
    const uint64_t groups = m->affine.groups, run = m->affine.run;
    if (!m->affine.n_dims)
        return hone_fail(err, HONE_EINVAL, NULL, "max_abs was not told the shape of its samples");
    m->affine.fitted = 0;
    if (!m->largest && !(m->largest = (float *)calloc(groups, sizeof *m->largest)))
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the largest values of %llu groups",
                         (unsigned long long)groups);
    m->count += n;
    for (uint64_t i = 0; i < n; i++, x += groups * run) {
        if (run == 1) {
            grow_each(m->largest, x, groups);
            continue;
        }
        for (uint64_t g = 0; g < groups; g++)
            for (uint64_t k = 0; k < run; k++) {
                const float size = fabsf(x[g * run + k]);
                m->largest[g] = size <= m->largest[g] ? m->largest[g] : size;
            }
    }
    return HONE_OK;
}

static hone_rc finish(void *self, hone_error *err)
{
    struct max_abs *m = (struct max_abs *)self;
    if (!m->count || !m->largest)
        return hone_fail(err, HONE_EINVAL, NULL, "max_abs saw no training samples");
    for (uint64_t g = 0; g < m->affine.groups; g++) {
        if (!isfinite(m->largest[g]))
            return hone_affine_not_finite(&m->affine, g, "cannot be scaled", err);
        /* below float32's normal numbers there is no scale */
        m->affine.scale[g] = m->largest[g] >= FLT_MIN ? 1 / (double)m->largest[g] : 1;
        m->affine.shift[g] = 0;
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

static const hone_component max_abs = {
    .size = sizeof max_abs,
    .flags = HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    .kind = HONE_KIND_TRANSFORM,
    .name = "max_abs",
    .summary = "Divided by the largest absolute value of the training split",
    .doc = "    y = x / max |x|\n"
           "\n"
           "with the maximum over the training split, kept with the model: values of the training split\n"
           "come to lie in [-1, 1], and zero stays zero, so that sparse tables keep their zeros. `per` says\n"
           "what has a maximum of its own; by default each feature of a table, each channel of an image.\n"
           "What is zero throughout is left alone. Values that are not finite are an error that names the\n"
           "feature. Equals scikit-learn's MaxAbsScaler.",
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

HONE_MODULE("org.hone.transform.max_abs", "0.1.0", "MIT", "the hone authors", "", &max_abs)
