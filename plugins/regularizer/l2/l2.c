/* SPDX-License-Identifier: MIT */
/* regularizer/l2: half the sum of the squared weights, times a strength, is added to what training minimizes
 * (Krogh and Hertz 1991). The gradient passes through the optimizer; regularizer/weight_decay is the kind
 * that does not. */
#include "hone/hyper.h"
#include "hone/regularizer.h"
#include "hone/weights.h"

struct settings {
    double strength;
    HONE_WEIGHTS_FIELDS
};

static const hone_param params[] = {
    HONE_REAL(struct settings, strength, "1e-4", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG, NULL,
              "Factor on half the sum of the squared weights: the weight_decay of PyTorch's SGD and Adam; 0 "
              "changes nothing."),
    HONE_WEIGHTS_KEYS(struct settings),
};

struct l2 {
    struct settings settings;
    hone_weights weights;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct l2), self, err);
}

static void destroy(void *self)
{
    struct l2 *r = self;
    if (r)
        hone_weights_release(&r->weights);
    free(r);
}

static hone_rc on_network(void *self, hone_graph *g, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    struct l2 *r = self;
    return hone_weights_choose(&r->weights, HONE_WEIGHTS_CHOICE(&r->settings), g, parameters, n, err);
}

/* gradient += strength * value     gradient, value: (n) */
HONE_TARGET_CLONES
static void penalize(float *gradient, const float *value, uint64_t n, float strength)
{
    for (uint64_t i = 0; i < n; i++)
        gradient[i] += strength * value[i];
}

static hone_rc on_gradients(void *self, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    struct l2 *r = self;
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
    return &((struct l2 *)self)->settings.strength;
}

static hone_rc vjp(void *self, hone_parameter *const *parameters, uint32_t n, const float *const *vector,
                   const hone_update *now, double *out, hone_error *err)
{
    struct l2 *r = self;
    const hone_rc rc = hone_weights_update(&r->weights, HONE_WEIGHTS_CHOICE(&r->settings), parameters, n, err);
    (void)now;
    *out = 0;
    for (uint32_t i = 0; i < n && rc == HONE_OK; i++)
        if (r->weights.takes[i])
            *out += hone_dot(parameters[i]->value, vector[i], parameters[i]->length);
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

static const hone_component l2 = {
    .size = sizeof l2,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "l2",
    .summary = "L2 penalty on the weights, through the gradient",
    .doc = "Adds a penalty to the loss that training minimizes:\n"
           "\n"
           "    L = strength / 2 * sum w^2,    so that    gradient += strength * w\n"
           "\n"
           "The factor one half is PyTorch's convention: `strength` equals `weight_decay` of\n"
           "torch.optim.SGD and Adam. Keras's `l2(s)` has no half: it equals `strength = 2 s`. The sum\n"
           "runs over kernels and embeddings; `bias` and `norm` add the other parameters, `parameters`\n"
           "names some of them: several sections give several layers a strength each. The loss that is\n"
           "reported does not contain the penalty. With adaptive optimizers (adam), the penalty is\n"
           "rescaled like the gradient; regularizer/weight_decay is not.\n"
           "\n"
           "Source: Krogh and Hertz 1991, \"A simple weight decay can improve generalization\", NIPS 4.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
    .get_ext = get_ext,
};

HONE_MODULE("org.hone.regularizer.l2", "0.1.0", "MIT", "the hone authors", "", &l2)
