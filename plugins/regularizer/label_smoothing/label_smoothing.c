/* SPDX-License-Identifier: MIT */
/* regularizer/label_smoothing: targets are mixed with the uniform distribution over the classes (Szegedy et
 * al. 2016). */
#include "hone/instance.h"
#include "hone/hyper.h"
#include "hone/regularizer.h"
#include "hone/simd.h"

struct settings {
    double smoothing;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, smoothing, "0.1", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL,
              "Share of the uniform distribution in every target; 0 changes nothing."),
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct settings), self, err);
}

/* t = keep * t + base     t: (n) */
HONE_TARGET_CLONES
static void mix(float *t, uint64_t n, float keep, float base)
{
    for (uint64_t i = 0; i < n; i++)
        t[i] = keep * t[i] + base;
}

/* targets: (n, k) */
static hone_rc on_targets(void *self, float *targets, uint64_t n, int64_t k, hone_error *err)
{
    const double smoothing = ((const struct settings *)self)->smoothing;
    if (k < 1)
        return hone_fail(err, HONE_EINVAL, NULL, "label smoothing needs classes");
    if (smoothing > 0)
        mix(targets, n * (uint64_t)k, (float)(1 - smoothing), (float)(smoothing / (double)k));
    return HONE_OK;
}

/* Targets are linear in it. */
static double *coefficient(void *self, uint32_t i)
{
    (void)i;
    return &((struct settings *)self)->smoothing;
}

static const hone_coefficient smoothing = { sizeof smoothing, HONE_HYPER_LOSS, "smoothing", 0, 0 };
static const hone_coefficient *const coefficients[] = { &smoothing };
static const hone_hyper_v1 hyper = { .size = sizeof hyper, .n = 1, .coefficients = coefficients, .value = coefficient };

static const void *get_ext(const char *id)
{
    return strcmp(id, HONE_EXT_HYPER) ? NULL : &hyper;
}

static const hone_regularizer_v1 iface = { .size = sizeof iface,
                                           .flags = HONE_REGULARIZER_CLASSIFICATION,
                                           .on_targets = on_targets };

static const hone_component label_smoothing = {
    .size = sizeof label_smoothing,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "label_smoothing",
    .summary = "Label smoothing: targets short of certainty",
    .doc = "Every target distribution t over K classes is mixed with the uniform one:\n"
           "\n"
           "    t' = (1 - smoothing) * t + smoothing / K\n"
           "\n"
           "so that the true class of a hard label gets 1 - smoothing + smoothing / K. Soft targets are\n"
           "mixed alike. For classification only; it acts in training and leaves validation as it is, so\n"
           "that the reported training loss is higher than without.\n"
           "\n"
           "Source: Szegedy, Vanhoucke, Ioffe, Shlens and Wojna 2016, \"Rethinking the Inception\n"
           "architecture for computer vision\", CVPR, section 7.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
    .get_ext = get_ext,
};

HONE_MODULE("org.hone.regularizer.label_smoothing", "0.1.0", "MIT", "the hone authors", "", &label_smoothing)
