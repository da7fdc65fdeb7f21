/* SPDX-License-Identifier: MIT */
/* regularizer/drop_connect: single weights, not units, are dropped at random in training (Wan et al. 2013). Each step lends
 * the kernels masked values and turns the gradients back; the weights at rest are never masked. */
#include "hone/regularizer.h"
#include "hone/weights.h"

struct settings {
    double rate;
    const char *parameters;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, rate, "0.5", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL,
              "Share of the weights that is dropped at each step; 0 changes nothing."),
    HONE_WEIGHTS_PATTERN(struct settings),
};

struct drop_connect {
    struct settings settings;
    hone_weights weights;
    float **kept; /* (weights.n) values of those that it is for, during a pass */
};

enum { BLOCK = 4096 };

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct drop_connect), self, err);
}

static void forget(struct drop_connect *d)
{
    for (uint32_t i = 0; d->kept && i < d->weights.n; i++)
        free(d->kept[i]);
    free(d->kept);
    d->kept = NULL;
    hone_weights_release(&d->weights);
}

static void destroy(void *self)
{
    if (self)
        forget(self);
    free(self);
}

static hone_rc on_network(void *self, hone_graph *g, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    struct drop_connect *d = self;
    forget(d);
    const hone_rc rc = hone_weights_choose(&d->weights, HONE_WEIGHTS_KERNELS(&d->settings), g, parameters, n, err);
    if (rc != HONE_OK || d->settings.rate <= 0)
        return rc;
    if (!(d->kept = calloc((size_t)n + 1, sizeof *d->kept)))
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a copy of the weights");
    for (uint32_t i = 0; i < n; i++)
        if (d->weights.takes[i] && !(d->kept[i] = malloc((size_t)parameters[i]->length * sizeof **d->kept)))
            return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a copy of the weights");
    return HONE_OK;
}

/* x *= 0 where u < edge, scale elsewhere: u is uniform in (-1, 1)     x, u: (n) */
HONE_TARGET_CLONES
static void mask(float *x, const float *u, uint64_t n, float edge, float scale)
{
    for (uint64_t i = 0; i < n; i++)
        x[i] = u[i] < edge ? 0.0f : x[i] * scale;
}

/* The mask of parameter i in this step, on its values or its gradient: drawn twice rather than stored. */
static void drop(const struct drop_connect *d, float *x, uint64_t n, uint64_t seed, uint32_t i)
{
    float numbers[BLOCK];
    const double rate = d->settings.rate;
    for (uint64_t from = 0; from < n; from += BLOCK) {
        const uint64_t m = n - from < BLOCK ? n - from : BLOCK;
        hone_nn_draw_uniform(numbers, m, seed, (uint64_t)i << 32 | from / BLOCK, 1);
        mask(x + from, numbers, m, (float)(2 * rate - 1), (float)(1 / (1 - rate)));
    }
}

static hone_rc before_pass(void *self, hone_parameter *const *parameters, uint32_t n, const hone_pass *now,
                           hone_error *err)
{
    struct drop_connect *d = self;
    (void)err;
    for (uint32_t i = 0; d->kept && i < n; i++) {
        if (!d->kept[i])
            continue;
        memcpy(d->kept[i], parameters[i]->value, (size_t)parameters[i]->length * sizeof **d->kept);
        drop(d, parameters[i]->value, parameters[i]->length, now->seed, i);
    }
    return HONE_OK;
}

static hone_rc after_pass(void *self, hone_parameter *const *parameters, uint32_t n, const hone_pass *now,
                          hone_error *err)
{
    struct drop_connect *d = self;
    (void)err;
    for (uint32_t i = 0; d->kept && i < n; i++) {
        if (!d->kept[i])
            continue;
        memcpy(parameters[i]->value, d->kept[i], (size_t)parameters[i]->length * sizeof **d->kept);
        drop(d, parameters[i]->gradient, parameters[i]->length, now->seed, i);
    }
    return HONE_OK;
}

static const hone_regularizer_v1 iface = {
    .size = sizeof iface, .on_network = on_network, .before_pass = before_pass, .after_pass = after_pass
};

static const hone_component drop_connect = {
    .size = sizeof drop_connect,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "drop_connect",
    .summary = "DropConnect: single weights are dropped at random in training",
    .doc = "In each training step the kernels W are replaced by\n"
           "\n"
           "    W' = M * W / (1 - rate),    M ~ Bernoulli(1 - rate) for each weight and step\n"
           "\n"
           "and the gradient with respect to W is M / (1 - rate) times that with respect to W'. Biases,\n"
           "norms and embeddings are not dropped; `parameters` names some kernels.\n"
           "\n"
           "Two departures from the paper, both usual: all samples of a batch share a mask, which keeps\n"
           "the products of a batch together (the paper draws one for each sample), and inference uses the\n"
           "weights themselves (the paper samples a normal approximation of the units' inputs).\n"
           "\n"
           "Source: Wan, Zeiler, Zhang, LeCun and Fergus 2013, \"Regularization of neural networks using\n"
           "DropConnect\", ICML; a mask a batch: Merity, Keskar and Socher 2018, \"Regularizing and\n"
           "optimizing LSTM language models\", ICLR, section 3.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
};

HONE_MODULE("org.hone.regularizer.drop_connect", "0.1.0", "MIT", "the hone authors", "", &drop_connect)
