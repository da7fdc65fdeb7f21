/* SPDX-License-Identifier: MIT */
/* model/mlp: a multilayer perceptron: dense layers with an activation between them. */
#include "hone/instance.h"
#include "hone/model.h"

enum activation { RELU, TANH, GELU, SIGMOID };
static const char *const activations[] = { "relu", "tanh", "gelu", "sigmoid", NULL };
enum init { INIT_AUTO };
static const char *const inits[] = { "auto", "he", "xavier", "lecun", "orthogonal", NULL };

struct settings {
    hone_ints hidden;
    int64_t width, depth;
    uint32_t activation, init;
    uint8_t batch_norm, residual;
};

static const hone_param params[] = {
    HONE_INTS(struct settings, hidden, "128", 1, 65536, HONE_P_TUNABLE | HONE_P_LOG, "units",
              "Units of each hidden layer, from the input on; empty: no hidden layer."),
    HONE_INT(struct settings, width, "0", 0, 65536, HONE_P_TUNABLE | HONE_P_LOG, "units",
             "Units of every hidden layer; 0: as in hidden."),
    HONE_INT(struct settings, depth, "0", 0, 256, HONE_P_TUNABLE, "layers",
             "Number of hidden layers: the first ones of hidden, the last one repeated where it is too "
             "short; 0: as in hidden."),
    HONE_ENUM(struct settings, activation, "relu", activations, HONE_P_TUNABLE, "Activation after each hidden layer."),
    HONE_ENUM(struct settings, init, "auto", inits, HONE_P_TUNABLE,
              "Initial weights: he (normal, variance 2 / inputs), xavier (uniform), lecun (normal, variance "
              "1 / inputs), orthogonal (rows of length 1 at right angles); auto: he before relu and gelu, xavier "
              "elsewhere."),
    HONE_BOOL(struct settings, batch_norm, "no", HONE_P_TUNABLE,
              "Whether batch norm stands before each activation; hidden layers then have no biases."),
    HONE_BOOL(struct settings, residual, "no", HONE_P_TUNABLE,
              "Whether a hidden layer as wide as what comes in is added to it, in place of replacing it."),
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct settings), self, err);
}

static hone_var activate(const struct settings *s, hone_graph *g, hone_var x)
{
    switch (s->activation) {
    case TANH: return hone_nn_tanh(g, x);
    case GELU: return hone_nn_gelu(g, x);
    case SIGMOID: return hone_nn_sigmoid(g, x);
    default: return hone_nn_relu(g, x);
    }
}

/* Units of the layer-th hidden layer, 0-based. */
static int64_t units_of(const struct settings *s, int64_t layer)
{
    const int64_t last = (int64_t)s->hidden.n - 1;
    return s->width ? s->width : s->hidden.values[layer < last ? layer : last];
}

/* The layer-th hidden layer, 0-based: (N, C) -> (N, units). */
static hone_var build_hidden(const struct settings *s, hone_graph *g, hone_var x, int64_t layer, const char *init)
{
    int64_t dims[HONE_MAX_DIMS] = { 0 };
    const int64_t units = units_of(s, layer);
    char name[32], norm[32];
    hone_nn_shape(g, x, dims);
    snprintf(name, sizeof name, "hidden%lld", (long long)layer + 1);
    snprintf(norm, sizeof norm, "norm%lld", (long long)layer + 1);
    hone_var h = hone_dense(g, x, .units = units, .no_bias = s->batch_norm, .init = init, .name = name);
    if (s->batch_norm)
        h = hone_batch_norm(g, h, .name = norm);
    h = activate(s, g, hone_nn_site(g, h, HONE_SITE_PRE_ACTIVATION, "hidden"));
    h = hone_nn_site(g, h, HONE_SITE_POST_ACTIVATION, "hidden");
    if (!s->residual || dims[0] != units)
        return h;
    return hone_nn_add(g, x, hone_nn_site(g, h, HONE_SITE_RESIDUAL_BRANCH, name));
}

static hone_var build(void *self, hone_graph *g, hone_var x, const hone_task *task)
{
    const struct settings *s = (const struct settings *)self;
    const int64_t depth = s->depth ? s->depth : (int64_t)s->hidden.n;
    const int rectifies = s->activation == RELU || s->activation == GELU;
    const char *init = s->init != INIT_AUTO ? inits[s->init] : rectifies ? "he" : "xavier";
    if (depth && !s->width && !s->hidden.n)
        return hone_nn_fail(g, "depth",
                            "depth asks for hidden layers, but neither hidden nor width says how wide they are");
    if (s->width && !depth)
        return hone_nn_fail(g, "width", "width is set, but hidden is empty and depth is 0: there is no hidden layer");
    x = hone_nn_site(g, hone_nn_flatten(g, x), HONE_SITE_INPUT, "input");
    for (int64_t layer = 0; layer < depth; layer++)
        x = build_hidden(s, g, x, layer, init);
    x = hone_dense(g, x, .units = task->n_outputs, .init = s->init != INIT_AUTO ? init : "xavier", .name = "output");
    return hone_nn_site(g, x, HONE_SITE_OUTPUT, "output");
}

static const hone_model_v1 iface = { .size = sizeof iface, .build = build };

static const hone_component mlp = {
    .size = sizeof mlp,
    .flags = HONE_C_DETERMINISTIC | HONE_C_DEFAULT,
    .kind = HONE_KIND_MODEL,
    .name = "mlp",
    .summary = "Multilayer perceptron: dense layers with activations between them",
    .doc =
        "The sample, flattened, passes through the hidden layers and one dense output layer:\n"
        "\n"
        "    h[0] = x,    h[i] = activation(W[i] h[i-1] + b[i]),    y = W h[last] + b\n"
        "\n"
        "`hidden = 256, 128` has two hidden layers of 256 and 128 units. For a search, `width` and\n"
        "`depth` override it with two plain numbers: every layer has `width` units, and there are\n"
        "`depth` layers. An empty `hidden` (with `depth = 0` and `width = 0`) is linear or softmax\n"
        "regression.\n"
        "\n"
        "With `batch_norm` a hidden layer is activation(norm(W h)), with `residual` it is added to its\n"
        "input where both have the same width: h + activation(W h + b).\n"
        "\n"
        "Weights are named hidden1.weight, hidden1.bias (norm1.weight, norm1.bias with batch_norm), ...,\n"
        "output.weight, output.bias. Sites: input; hidden1, hidden2, ... before and after each activation,\n"
        "and on the branch that is added; output.\n"
        "\n"
        "Sources of the initializations: He et al. 2015, \"Delving deep into rectifiers\"; Glorot and\n"
        "Bengio 2010, \"Understanding the difficulty of training deep feedforward neural networks\";\n"
        "LeCun et al. 1998, \"Efficient BackProp\"; Saxe et al. 2014, \"Exact solutions to the nonlinear\n"
        "dynamics of learning in deep linear neural networks\". Batch norm: Ioffe and Szegedy 2015. Residual layers:\n"
        "He et al. 2015, \"Deep residual learning for image recognition\".",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.model.mlp", "0.1.0", "MIT", "the hone authors", "", &mlp)
