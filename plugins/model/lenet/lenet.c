/* SPDX-License-Identifier: MIT */
/* model/lenet: convolutions with pools between them, then dense layers (LeCun et al. 1998), with today's activations. */
#include "hone/instance.h"
#include "hone/layer.h"
#include "hone/model.h"

enum { PAD_SAME };
static const char *const paddings[] = { "same", "valid", NULL };
enum { MAX };
static const char *const pools[] = { "max", "average", NULL };
static const char *const activations[] = { HONE_ACTIVATIONS, NULL };
enum { INIT_AUTO };
static const char *const inits[] = { "auto", "he", "xavier", "lecun", "orthogonal", NULL };

struct settings {
    hone_ints filters, hidden;
    int64_t kernel, pool;
    double width;
    uint32_t padding, pooling, activation, init;
    uint8_t batch_norm;
};

static const hone_param params[] = {
    HONE_INTS(struct settings, filters, "32, 64", 1, 65536, HONE_P_TUNABLE | HONE_P_LOG, "filters",
              "Filters of each convolution, from the input on; a pool follows each."),
    HONE_INTS(struct settings, hidden, "512", 1, 65536, HONE_P_TUNABLE | HONE_P_LOG, "units",
              "Units of each dense layer behind the convolutions; empty: the output follows at once."),
    HONE_REAL(struct settings, width, "1", 0, 64, HONE_P_TUNABLE | HONE_P_LOG | HONE_P_LO_OPEN, NULL,
              "Factor for all of filters and hidden, rounded, at least 1: one number for a search."),
    HONE_INT(struct settings, kernel, "5", 1, 31, HONE_P_TUNABLE, "pixels", "Rows and columns of the filters."),
    HONE_ENUM(struct settings, padding, "same", paddings, HONE_P_TUNABLE,
              "same: a border of zeros keeps the size (odd kernels); valid: no border, as in 1998."),
    HONE_INT(struct settings, pool, "2", 1, 15, HONE_P_TUNABLE, "pixels",
             "Rows and columns that a pool makes one of; 1: no pools."),
    HONE_ENUM(struct settings, pooling, "max", pools, HONE_P_TUNABLE, "What a pool takes of them."),
    HONE_ENUM(struct settings, activation, "relu", activations, HONE_P_TUNABLE,
              "Activation after each convolution and dense layer."),
    HONE_BOOL(struct settings, batch_norm, "no", HONE_P_TUNABLE,
              "Whether batch norm stands before each activation; the layers before it then have no biases."),
    HONE_ENUM(struct settings, init, "auto", inits, HONE_P_TUNABLE,
              "Initial weights: he (normal, variance 2 / inputs), xavier (uniform), lecun (normal, variance 1 / "
              "inputs), orthogonal; "
              "auto: he before relu and its kin, xavier elsewhere."),
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct settings), self, err);
}

static int64_t scaled(const struct settings *s, int64_t n)
{
    const double units = floor((double)n * s->width + 0.5);
    return units < 1 ? 1 : (int64_t)units;
}

/* Norm, site, activation, site behind a convolution or dense layer. */
static hone_var finish(const struct settings *s, hone_graph *g, hone_var x, const char *name)
{
    char norm[40];
    snprintf(norm, sizeof norm, "%s.norm", name);
    if (s->batch_norm)
        x = hone_batch_norm(g, x, .name = norm);
    x = hone_activate(g, hone_nn_site(g, x, HONE_SITE_PRE_ACTIVATION, name), s->activation);
    return hone_nn_site(g, x, HONE_SITE_POST_ACTIVATION, name);
}

/* (N, C, H, W) -> (N, C, H / pool, W / pool) */
static hone_var pool(const struct settings *s, hone_graph *g, hone_var x, unsigned number)
{
    int64_t dims[HONE_MAX_DIMS];
    char text[200];
    if (hone_nn_shape(g, x, dims) == 3 && (dims[1] < s->pool || dims[2] < s->pool)) {
        snprintf(
            text, sizeof text,
            "pool %u: a window of %lldx%lld does not fit into (N, %lld, %lld, %lld); fewer filters, a smaller pool "
            "or larger images are needed",
            number, (long long)s->pool, (long long)s->pool, (long long)dims[0], (long long)dims[1], (long long)dims[2]);
        return hone_nn_fail(g, number > 1 ? "filters" : "pool", text);
    }
    return s->pooling == MAX ? hone_max_pool(g, x, .kernel = s->pool) : hone_average_pool(g, x, .kernel = s->pool);
}

static hone_var build(void *self, hone_graph *g, hone_var x, const hone_task *task)
{
    const struct settings *s = self;
    const char *init = s->init != INIT_AUTO ? inits[s->init] : hone_activation_init(s->activation);
    char name[32];
    if (task->n_dims != 3)
        return hone_nn_fail(g, NULL, "lenet wants images: samples of three dimensions (channels, height, width)");
    if (s->padding == PAD_SAME && s->kernel % 2 == 0)
        return hone_nn_fail(g, "kernel", "padding = same wants an odd kernel");
    x = hone_nn_site(g, x, HONE_SITE_INPUT, "input");
    for (uint64_t i = 0; i < s->filters.n; i++) { /* (N, C, H, W) -> (N, filters, H', W') -> pooled */
        snprintf(name, sizeof name, "conv%llu", (unsigned long long)i + 1);
        x = hone_conv2d(g, x, .filters = scaled(s, s->filters.values[i]), .kernel = s->kernel,
                        .pad = s->padding == PAD_SAME ? s->kernel / 2 : 0, .no_bias = s->batch_norm, .init = init,
                        .name = name);
        x = finish(s, g, x, name);
        if (s->pool > 1)
            x = pool(s, g, x, (unsigned)i + 1);
    }
    x = hone_nn_flatten(g, x);
    for (uint64_t i = 0; i < s->hidden.n; i++) { /* (N, C) -> (N, units) */
        snprintf(name, sizeof name, "hidden%llu", (unsigned long long)i + 1);
        x = hone_dense(g, x, .units = scaled(s, s->hidden.values[i]), .no_bias = s->batch_norm, .init = init,
                       .name = name);
        x = finish(s, g, x, name);
    }
    x = hone_dense(g, x, .units = task->n_outputs, .init = s->init != INIT_AUTO ? init : "xavier", .name = "output");
    return hone_nn_site(g, x, HONE_SITE_OUTPUT, "output");
}

static const hone_model_v1 iface = { .size = sizeof iface, .build = build };

static const hone_component lenet = {
    .size = sizeof lenet,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_MODEL,
    .name = "lenet",
    .summary = "LeNet: convolutions with pools, then dense layers",
    .doc =
        "Each convolution is followed by its activation and a pool, then come the dense layers and the output. The "
        "default\n"
        "is the usual network for MNIST and its kin: 32 and 64 filters of 5 x 5, 2 x 2 maximum pools, 512 hidden "
        "units.\n"
        "LeNet-5 itself is `filters = 6, 16`, `padding = valid`, `hidden = 120, 84`, `activation = tanh`, `pooling = "
        "average`\n"
        "on 32 x 32 images.\n"
        "\n"
        "Weights are named conv1.weight, conv1.bias, ..., hidden1.weight, ..., output.weight, output.bias "
        "(conv1.norm.weight\n"
        "and so on with batch_norm). Sites: input; conv1, conv2, ... and hidden1, ... before and after each "
        "activation;\n"
        "output.\n"
        "\n"
        "Source: LeCun, Bottou, Bengio and Haffner 1998, \"Gradient-based learning applied to document recognition\".",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.model.lenet", "0.1.0", "MIT", "the hone authors", "", &lenet)
