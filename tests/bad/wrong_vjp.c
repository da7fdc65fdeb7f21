/* SPDX-License-Identifier: MIT */
/* A penalty whose derivative with respect to its strength forgets half of the weights. */
#include "bad.h"
#include "hone/hyper.h"
#include "hone/instance.h"
#include "hone/regularizer.h"

struct settings {
    double strength;
};
static const hone_param params[] = {
    HONE_REAL(struct settings, strength, "0.1", 0, HUGE_VAL, HONE_P_TUNABLE, NULL, "Factor on the penalty."),
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct settings), self, err);
}

static hone_rc on_gradients(void *self, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    const float strength = (float)((const struct settings *)self)->strength;
    (void)err;
    for (uint32_t i = 0; i < n; i++)
        for (uint64_t k = 0; k < parameters[i]->length; k++)
            parameters[i]->gradient[k] += strength * parameters[i]->value[k];
    return HONE_OK;
}

static double *value(void *self, uint32_t i)
{
    (void)i;
    return &((struct settings *)self)->strength;
}

static hone_rc vjp(void *self, hone_parameter *const *parameters, uint32_t n, const float *const *vector,
                   const hone_update *now, double *out, hone_error *err)
{
    (void)self;
    (void)now;
    (void)err;
    *out = 0;
    for (uint32_t i = 0; i < n; i++)
        *out += hone_dot(parameters[i]->value, vector[i], parameters[i]->length / 2);
    return HONE_OK;
}

static const hone_coefficient strength = { sizeof strength, HONE_HYPER_GRADIENT, "strength", 0, 0 };
static const hone_coefficient *const coefficients[] = { &strength };
static const hone_hyper_v1 hyper = {
    .size = sizeof hyper, .n = 1, .coefficients = coefficients, .value = value, .vjp = vjp
};

static const void *get_ext(const char *id)
{
    return strcmp(id, HONE_EXT_HYPER) ? NULL : &hyper;
}

static const hone_regularizer_v1 iface = { .size = sizeof iface, .on_gradients = on_gradients };
static const hone_component component = {
    .size = sizeof component,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "wrong_vjp",
    .summary = "A penalty with a wrong derivative",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
    .get_ext = get_ext,
};
HONE_MODULE("com.example.wrong-vjp", "1.0.0", "MIT", "tests", "", &component)
