/* SPDX-License-Identifier: MIT */
/* regularizer/weight_decay: decoupled weight decay (Loshchilov and Hutter 2019): weights shrink after the
 * update, past the optimizer's momentum and scaling. regularizer/l2 goes through the gradient instead. */
#include "hone/hyper.h"
#include "hone/regularizer.h"
#include "hone/weights.h"

struct settings {
    double strength;
    HONE_WEIGHTS_FIELDS
};

static const hone_param params[] = {
    HONE_REAL(struct settings, strength, "0.01", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG, NULL,
              "Share of a weight that is taken away per unit of learning rate: the weight_decay of PyTorch's "
              "AdamW; 0 changes nothing."),
    HONE_WEIGHTS_KEYS(struct settings),
};

struct weight_decay {
    struct settings settings;
    hone_weights weights;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct weight_decay), self, err);
}

static void destroy(void *self)
{
    struct weight_decay *r = self;
    if (r)
        hone_weights_release(&r->weights);
    free(r);
}

static hone_rc on_network(void *self, hone_graph *g, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    struct weight_decay *r = self;
    return hone_weights_choose(&r->weights, HONE_WEIGHTS_CHOICE(&r->settings), g, parameters, n, err);
}

/* value -= share * value     value: (n) */
HONE_TARGET_CLONES
static void decay(float *value, uint64_t n, float share)
{
    for (uint64_t i = 0; i < n; i++)
        value[i] -= share * value[i];
}

static hone_rc after_update(void *self, hone_parameter *const *parameters, uint32_t n, const hone_decay *now,
                            hone_error *err)
{
    struct weight_decay *r = self;
    const struct settings *s = &r->settings;
    const double share = now->rate * s->strength;
    if (share <= 0) /* strength 0, or the schedule's rate is */
        return HONE_OK;
    if (!(share <= 1))
        return hone_fail(err, HONE_ERANGE, "strength",
                         "strength = %g times the learning rate %g is %g: beyond 1, weights change sign", s->strength,
                         now->rate, share);
    const hone_rc rc = hone_weights_update(&r->weights, HONE_WEIGHTS_CHOICE(s), parameters, n, err);
    for (uint32_t i = 0; i < n && rc == HONE_OK; i++)
        if (r->weights.takes[i])
            decay(parameters[i]->value, parameters[i]->length, (float)share);
    return rc;
}

/* ---- derivatives ---- */
static double *coefficient(void *self, uint32_t i)
{
    (void)i;
    return &((struct weight_decay *)self)->settings.strength;
}

static hone_rc vjp(void *self, hone_parameter *const *parameters, uint32_t n, const float *const *vector,
                   const hone_update *now, double *out, hone_error *err)
{
    struct weight_decay *r = self;
    const hone_rc rc = hone_weights_update(&r->weights, HONE_WEIGHTS_CHOICE(&r->settings), parameters, n, err);
    (void)now;
    *out = 0;
    for (uint32_t i = 0; i < n && rc == HONE_OK; i++)
        if (r->weights.takes[i])
            *out += hone_dot(parameters[i]->value, vector[i], parameters[i]->length);
    return rc;
}

/* gradient += strength * value     gradient, value: (n) */
HONE_TARGET_CLONES
static void add_decay(float *gradient, const float *value, uint64_t n, float strength)
{
    for (uint64_t i = 0; i < n; i++)
        gradient[i] += strength * value[i];
}

static hone_rc as_gradient(void *self, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    struct weight_decay *r = self;
    const hone_rc rc = hone_weights_update(&r->weights, HONE_WEIGHTS_CHOICE(&r->settings), parameters, n, err);
    for (uint32_t i = 0; i < n && rc == HONE_OK; i++)
        if (r->weights.takes[i])
            add_decay(parameters[i]->gradient, parameters[i]->value, parameters[i]->length,
                      (float)r->settings.strength);
    return rc;
}

static const hone_coefficient strength = { sizeof strength, HONE_HYPER_DECAY, "strength", 0, 0 };
static const hone_coefficient *const coefficients[] = { &strength };
static const hone_hyper_v1 hyper = {
    .size = sizeof hyper, .n = 1, .coefficients = coefficients, .value = coefficient, .vjp = vjp, .decay = as_gradient
};

static const void *get_ext(const char *id)
{
    return strcmp(id, HONE_EXT_HYPER) ? NULL : &hyper;
}

static const hone_regularizer_v1 iface = { .size = sizeof iface,
                                           .after_update = after_update,
                                           .on_network = on_network };

static const hone_component weight_decay = {
    .size = sizeof weight_decay,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "weight_decay",
    .summary = "Decoupled weight decay, as in SGDW and AdamW",
    .doc = "After each update of the optimizer:\n"
           "\n"
           "    w -= rate * strength * w,    rate: the learning rate of the update, schedule included\n"
           "\n"
           "With `[optimizer] use = adam` this is AdamW. `strength` has the meaning of `weight_decay` in\n"
           "torch.optim.AdamW, which shrinks the weights right before an update where this one does right\n"
           "after: the same sequence but for its two ends. Kernels and embeddings decay; `bias` and\n"
           "`norm` add the other parameters. A product of rate and strength above 1 is an error.\n"
           "\n"
           "A strength for each layer takes a section for each:\n"
           "\n"
           "    [regularizer.decay1]\n"
           "    use = weight_decay\n"
           "    parameters = hidden1*\n"
           "    [regularizer.decay2]\n"
           "    use = weight_decay\n"
           "    parameters = output*\n"
           "\n"
           "Source: Loshchilov and Hutter 2019, \"Decoupled weight decay regularization\", ICLR,\n"
           "algorithms 1 and 2.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
    .get_ext = get_ext,
};

HONE_MODULE("org.hone.regularizer.weight_decay", "0.1.0", "MIT", "the hone authors", "", &weight_decay)
