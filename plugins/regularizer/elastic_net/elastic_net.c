/* SPDX-License-Identifier: MIT */
/* regularizer/elastic_net: a mixture of regularizer/l1 and regularizer/l2 with one strength (Zou and Hastie 2005): sparse like
 * the one, steady among correlated inputs like the other. */
#include "hone/hyper.h"
#include "hone/regularizer.h"
#include "hone/weights.h"

struct settings {
    double strength, l1_ratio;
    HONE_WEIGHTS_FIELDS
};

static const hone_param params[] = {
    HONE_REAL(struct settings, strength, "1e-4", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG, NULL,
              "Factor on the whole penalty: scikit-learn's alpha; 0 changes nothing."),
    HONE_REAL(struct settings, l1_ratio, "0.5", 0, 1, HONE_P_TUNABLE, NULL,
              "Share of the absolute values in the penalty: 1 is l1, 0 is l2."),
    HONE_WEIGHTS_KEYS(struct settings),
};

struct elastic_net {
    struct settings settings;
    hone_weights weights;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct elastic_net), self, err);
}

static void destroy(void *self)
{
    struct elastic_net *e = self;
    if (e)
        hone_weights_release(&e->weights);
    free(e);
}

static hone_rc on_network(void *self, hone_graph *g, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    struct elastic_net *e = self;
    return hone_weights_choose(&e->weights, HONE_WEIGHTS_CHOICE(&e->settings), g, parameters, n, err);
}

/* gradient += absolute * sign(value) + square * value, with sign(0) = 0: padding stays zero     gradient, value: (n) */
HONE_TARGET_CLONES
static void penalize(float *gradient, const float *value, uint64_t n, float absolute, float square)
{
    for (uint64_t i = 0; i < n; i++)
        gradient[i] += absolute * ((value[i] > 0) ? 1.0f : (value[i] < 0) ? -1.0f : 0.0f) + square * value[i];
}

static hone_rc on_gradients(void *self, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    struct elastic_net *e = self;
    const struct settings *s = &e->settings;
    if (s->strength <= 0)
        return HONE_OK;
    const hone_rc rc = hone_weights_update(&e->weights, HONE_WEIGHTS_CHOICE(s), parameters, n, err);
    for (uint32_t i = 0; i < n && rc == HONE_OK; i++)
        if (e->weights.takes[i])
            penalize(parameters[i]->gradient, parameters[i]->value, parameters[i]->length,
                     (float)(s->strength * s->l1_ratio), (float)(s->strength * (1 - s->l1_ratio)));
    return rc;
}

/* ---- derivatives ---- */
static double *coefficient(void *self, uint32_t i)
{
    struct settings *s = &((struct elastic_net *)self)->settings;
    return i ? &s->l1_ratio : &s->strength;
}

static hone_rc vjp(void *self, hone_parameter *const *parameters, uint32_t n, const float *const *vector,
                   const hone_update *now, double *out, hone_error *err)
{
    struct elastic_net *e = self;
    const struct settings *s = &e->settings;
    const hone_rc rc = hone_weights_update(&e->weights, HONE_WEIGHTS_CHOICE(s), parameters, n, err);
    double absolute = 0, square = 0;
    (void)now;
    for (uint32_t i = 0; i < n && rc == HONE_OK; i++)
        if (e->weights.takes[i]) {
            absolute += hone_dot_sign(parameters[i]->value, vector[i], parameters[i]->length);
            square += hone_dot(parameters[i]->value, vector[i], parameters[i]->length);
        }
    out[0] = s->l1_ratio * absolute + (1 - s->l1_ratio) * square;
    out[1] = s->strength * (absolute - square);
    return rc;
}

static const hone_coefficient strength = { sizeof strength, HONE_HYPER_GRADIENT, "strength", 0, 0 };
static const hone_coefficient l1_ratio = { sizeof l1_ratio, HONE_HYPER_GRADIENT, "l1_ratio", 0, 0 };
static const hone_coefficient *const coefficients[] = { &strength, &l1_ratio };
static const hone_hyper_v1 hyper = {
    .size = sizeof hyper, .n = 2, .coefficients = coefficients, .value = coefficient, .vjp = vjp
};

static const void *get_ext(const char *id)
{
    return strcmp(id, HONE_EXT_HYPER) ? NULL : &hyper;
}

static const hone_regularizer_v1 iface = { .size = sizeof iface,
                                           .on_gradients = on_gradients,
                                           .on_network = on_network };

static const hone_component elastic_net = {
    .size = sizeof elastic_net,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "elastic_net",
    .summary = "Elastic net: L1 and L2 penalty on the weights in one",
    .doc = "Adds a penalty to the loss that training minimizes:\n"
           "\n"
           "    L = strength * (l1_ratio * sum |w| + (1 - l1_ratio) / 2 * sum w^2)\n"
           "    gradient += strength * (l1_ratio * sign(w) + (1 - l1_ratio) * w),    sign(0) = 0\n"
           "\n"
           "`strength` and `l1_ratio` are alpha and l1_ratio of scikit-learn's ElasticNet. The sum runs\n"
           "over kernels and embeddings; `bias` and `norm` add the other parameters, `parameters` names\n"
           "some of them. The loss that is reported does not contain the penalty.\n"
           "\n"
           "Source: Zou and Hastie 2005, \"Regularization and variable selection via the elastic net\",\n"
           "JRSS B 67.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
    .get_ext = get_ext,
};

HONE_MODULE("org.hone.regularizer.elastic_net", "0.1.0", "MIT", "the hone authors", "", &elastic_net)
