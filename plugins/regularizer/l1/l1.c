/* SPDX-License-Identifier: MIT */
/* regularizer/l1: the sum of the weights' absolute values, times a strength, is added to what training
 * minimizes (Tibshirani 1996): weights that do not earn their keep go to zero. */
#include "hone/hyper.h"
#include "hone/regularizer.h"
#include "hone/weights.h"

struct settings {
    double strength;
    HONE_WEIGHTS_FIELDS
};

static const hone_param params[] = {
    HONE_REAL(struct settings, strength, "1e-4", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG, NULL,
              "Factor on the sum of the absolute values of the weights; 0 changes nothing."),
    HONE_WEIGHTS_KEYS(struct settings),
};

struct l1 {
    struct settings settings;
    hone_weights weights;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct l1), self, err);
}

static void destroy(void *self)
{
    struct l1 *r = self;
    if (r)
        hone_weights_release(&r->weights);
    free(r);
}

static hone_rc on_network(void *self, hone_graph *g, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    struct l1 *r = self;
    return hone_weights_choose(&r->weights, HONE_WEIGHTS_CHOICE(&r->settings), g, parameters, n, err);
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
    struct l1 *r = self;
    const struct settings *s = &r->settings;
    if (s->strength <= 0)
        return HONE_OK;
    const hone_rc rc = hone_weights_update(&r->weights, HONE_WEIGHTS_CHOICE(s), parameters, n, err);
    for (uint32_t i = 0; i < n && rc == HONE_OK; i++)
        if (r->weights.takes[i])
            penalize(parameters[i]->gradient, parameters[i]->value, parameters[i]->length, (float)s->strength);
    return rc;
}

/* ---- derivatives ---- */
static double *coefficient(void *self, uint32_t i)
{
    (void)i;
    return &((struct l1 *)self)->settings.strength;
}

static hone_rc vjp(void *self, hone_parameter *const *parameters, uint32_t n, const float *const *vector,
                   const hone_update *now, double *out, hone_error *err)
{
    struct l1 *r = self;
    const hone_rc rc = hone_weights_update(&r->weights, HONE_WEIGHTS_CHOICE(&r->settings), parameters, n, err);
    (void)now;
    *out = 0;
    for (uint32_t i = 0; i < n && rc == HONE_OK; i++)
        if (r->weights.takes[i])
            *out += hone_dot_sign(parameters[i]->value, vector[i], parameters[i]->length);
    return rc;
}

static const hone_coefficient strength = { sizeof strength, HONE_HYPER_GRADIENT, "strength", 0, 0 };
static const hone_coefficient *const coefficients[] = { &strength };
static const hone_hyper_v1 hyper = {
    .size = sizeof hyper, .n = 1, .coefficients = coefficients, .value = coefficient, .vjp = vjp
};

static const void *get_ext(const char *id)
{
    return strcmp(id, HONE_EXT_HYPER) ? NULL : &hyper;
}

static const hone_regularizer_v1 iface = { .size = sizeof iface,
                                           .on_gradients = on_gradients,
                                           .on_network = on_network };

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
           "The sum runs over kernels and embeddings; `bias` and `norm` add the other parameters,\n"
           "`parameters` names some of them. The loss that is reported does not contain the penalty. Near zero a "
           "weight oscillates by the\n"
           "step's length rather than being exactly zero.\n"
           "\n"
           "Source: Tibshirani 1996, \"Regression shrinkage and selection via the lasso\", JRSS B 58.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
    .get_ext = get_ext,
};

HONE_MODULE("org.hone.regularizer.l1", "0.1.0", "MIT", "the hone authors", "", &l1)
