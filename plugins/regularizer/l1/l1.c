/* SPDX-License-Identifier: MIT */
/* regularizer/l1: the sum of the weights' absolute values, times a strength, is added to what training
 * minimizes (Tibshirani 1996): weights that do not earn their keep go to zero. */
#include "hone/instance.h"
#include "hone/regularizer.h"
#include "hone/simd.h"

struct settings {
    double strength;
    uint8_t bias, norm;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, strength, "1e-4", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG, NULL,
              "Factor on the sum of the absolute values of the weights; 0 changes nothing."),
    HONE_BOOL(struct settings, bias, "no", HONE_P_TUNABLE, "Biases are penalized too."),
    HONE_BOOL(struct settings, norm, "no", HONE_P_TUNABLE,
              "Scales and shifts of normalization layers are penalized too."),
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct settings), self, err);
}

/* gradient += strength * sign(value), with sign(0) = 0: padding and dead weights stay where they are
 * gradient, value: (n) */
HONE_TARGET_CLONES
static void penalize(float *gradient, const float *value, uint64_t n, float strength)
{
    for (uint64_t i = 0; i < n; i++)
        gradient[i] += strength * ((value[i] > 0) ? 1.0f : (value[i] < 0) ? -1.0f : 0.0f);
}

static hone_rc on_gradients(void *self, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    const struct settings *s = (const struct settings *)self;
    (void)err;
    if (s->strength <= 0)
        return HONE_OK;
    for (uint32_t i = 0; i < n; i++) {
        const hone_parameter *p = parameters[i];
        if ((p->role != HONE_PARAMETER_BIAS || s->bias) && (p->role != HONE_PARAMETER_NORM || s->norm))
            penalize(p->gradient, p->value, p->length, (float)s->strength);
    }
    return HONE_OK;
}

static const hone_regularizer_v1 iface = { .size = sizeof iface, .on_gradients = on_gradients };

static const hone_component l1 = {
    .size = sizeof l1,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "l1",
    .summary = "L1 penalty on the weights: drives weights to zero",
    .doc = "Adds a penalty to the loss that training minimizes:\n"
           "\n"
           "    L = strength * sum |w|,    so that    gradient += strength * sign(w),    sign(0) = 0\n"
           "\n"
           "The sum runs over kernels and embeddings; `bias` and `norm` add the other parameters. The\n"
           "loss that is reported does not contain the penalty. Near zero a weight oscillates by the\n"
           "step's length rather than being exactly zero.\n"
           "\n"
           "Source: Tibshirani 1996, \"Regression shrinkage and selection via the lasso\", JRSS B 58.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.regularizer.l1", "0.1.0", "MIT", "the hone authors", "", &l1)
