/* SPDX-License-Identifier: MIT */
/* model/vgg: 3 x 3 convolutions in a row, pools between them (Simonyan and Zisserman 2015). */
#include "hone/instance.h"
#include "hone/layer.h"
#include "hone/model.h"
#include "hone/settings.h"

enum { MAX_LAYERS = 256, MAX_FILTERS = 65536 };
static const char *const depths[] = { "custom", "11", "13", "16", "19", NULL };
enum { HEAD_AVERAGE };
static const char *const heads[] = { "average", "flatten", NULL };
static const char *const activations[] = { HONE_ACTIVATIONS, NULL };
enum { INIT_AUTO };
static const char *const inits[] = { "auto", "he", "xavier", "lecun", "orthogonal", NULL };

struct settings {
    hone_strings layers;
    hone_ints hidden;
    double width;
    uint32_t depth, head, activation, init;
    uint8_t batch_norm;
};

static const hone_param params[] = {
    HONE_STRS(struct settings, layers, "32, 32, pool, 64, 64, pool, 128, 128", HONE_P_TUNABLE,
              "Filters of each 3 x 3 convolution, and pool for a 2 x 2 maximum pool, from the input on; where depth is "
              "custom."),
    HONE_ENUM(struct settings, depth, "custom", depths, HONE_P_TUNABLE,
              "custom: as in layers; 11, 13, 16, 19: the networks of the paper, five pools and 64 to 512 filters, "
              "without its two dense "
              "layers unless hidden names them."),
    HONE_REAL(struct settings, width, "1", 0, 64, HONE_P_TUNABLE | HONE_P_LOG | HONE_P_LO_OPEN, NULL,
              "Factor for all numbers of filters and hidden units, rounded, at least 1: one number for a search."),
    HONE_ENUM(struct settings, head, "average", heads, HONE_P_TUNABLE,
              "From images to rows: average: the mean over all pixels; flatten: all pixels of all channels, as in the "
              "paper."),
    HONE_INTS(struct settings, hidden, "", 1, 65536, HONE_P_TUNABLE | HONE_P_LOG, "units",
              "Units of dense layers before the output (4096, 4096 in the paper); empty: none."),
    HONE_ENUM(struct settings, activation, "relu", activations, HONE_P_TUNABLE,
              "Activation after each convolution and dense layer."),
    HONE_BOOL(struct settings, batch_norm, "yes", HONE_P_TUNABLE,
              "Whether batch norm stands before the activation of each convolution, which then has no biases."),
    HONE_ENUM(struct settings, init, "auto", inits, HONE_P_TUNABLE,
              "Initial weights: he (normal, variance 2 / inputs), xavier (uniform), lecun (normal, variance 1 / "
              "inputs), orthogonal; "
              "auto: he before relu and its kin, xavier elsewhere."),
};

/* Table 1 of the paper, columns A, B, D and E; 0: pool, -1: the end. */
static const int16_t paper[4][32] = {
    { 64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0, -1 },
    { 64, 64, 0, 128, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0, -1 },
    { 64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0, -1 },
    { 64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512, 512, 512, 512, 0, 512, 512, 512, 512, 0, -1 },
};

/* Filters of layers[i], 0 for a pool, -1 where it is neither. */
static int64_t filters_of(const char *text)
{
    int64_t filters;
    if (!strcmp(text, "pool"))
        return 0;
    return hone_parse_int(text, NULL, &filters) && filters >= 1 && filters <= MAX_FILTERS ? filters : -1;
}

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const struct settings *s = info->config;
    (void)host;
    if (s->layers.n > MAX_LAYERS)
        return hone_fail(err, HONE_EINVAL, "layers", "layers has %llu elements; %d are the most",
                         (unsigned long long)s->layers.n, MAX_LAYERS);
    for (uint64_t i = 0; i < s->layers.n; i++)
        if (filters_of(s->layers.values[i]) < 0)
            return hone_fail(err, HONE_EINVAL, "layers",
                             "layers: '%.60s' is neither pool nor a number of filters from 1 to %d",
                             s->layers.values[i], MAX_FILTERS);
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct settings), self, err);
}

static int64_t scaled(const struct settings *s, int64_t n)
{
    const double units = floor((double)n * s->width + 0.5);
    return units < 1 ? 1 : (int64_t)units;
}

static hone_var activate(const struct settings *s, hone_graph *g, hone_var x, const char *name)
{
    x = hone_activate(g, hone_nn_site(g, x, HONE_SITE_PRE_ACTIVATION, name), s->activation);
    return hone_nn_site(g, x, HONE_SITE_POST_ACTIVATION, name);
}

/* (N, C, H, W) -> (N, filters, H, W) */
static hone_var convolve(const struct settings *s, hone_graph *g, hone_var x, int64_t filters, unsigned number,
                         const char *init)
{
    char name[32], norm[32];
    snprintf(name, sizeof name, "conv%u", number);
    snprintf(norm, sizeof norm, "norm%u", number);
    x = hone_conv2d(g, x, .filters = scaled(s, filters), .kernel = 3, .pad = 1, .no_bias = s->batch_norm, .init = init,
                    .name = name);
    if (s->batch_norm)
        x = hone_batch_norm(g, x, .name = norm);
    return activate(s, g, x, name);
}

/* (N, C, H, W) -> (N, C, H / 2, W / 2) */
static hone_var halve(const struct settings *s, hone_graph *g, hone_var x, unsigned number)
{
    int64_t dims[HONE_MAX_DIMS];
    char text[200];
    if (hone_nn_shape(g, x, dims) != 3 || (dims[1] >= 2 && dims[2] >= 2))
        return hone_max_pool(g, x, .kernel = 2);
    snprintf(text, sizeof text, "pool %u cannot halve (N, %lld, %lld, %lld); fewer pools or larger images are needed",
             number, (long long)dims[0], (long long)dims[1], (long long)dims[2]);
    return hone_nn_fail(g, s->depth ? "depth" : "layers", text);
}

static hone_var build(void *self, hone_graph *g, hone_var x, const hone_task *task)
{
    const struct settings *s = self;
    const char *init = s->init != INIT_AUTO ? inits[s->init] : hone_activation_init(s->activation);
    unsigned n = 0, pools = 0;
    char name[32];
    if (task->n_dims != 3)
        return hone_nn_fail(g, NULL, "vgg wants images: samples of three dimensions (channels, height, width)");
    x = hone_nn_site(g, x, HONE_SITE_INPUT, "input");
    for (uint64_t i = 0; s->depth ? paper[s->depth - 1][i] >= 0 : i < s->layers.n; i++) {
        const int64_t filters = s->depth ? paper[s->depth - 1][i] : filters_of(s->layers.values[i]);
        x = filters ? convolve(s, g, x, filters, ++n, init) : halve(s, g, x, ++pools);
    }
    x = s->head == HEAD_AVERAGE ? hone_nn_global_average_pool(g, x) : hone_nn_flatten(g, x);
    for (uint64_t i = 0; i < s->hidden.n; i++) { /* (N, C) -> (N, units) */
        snprintf(name, sizeof name, "hidden%llu", (unsigned long long)i + 1);
        x = hone_dense(g, x, .units = scaled(s, s->hidden.values[i]), .init = init, .name = name);
        x = activate(s, g, x, name);
    }
    x = hone_dense(g, x, .units = task->n_outputs, .init = s->init != INIT_AUTO ? init : "xavier", .name = "output");
    return hone_nn_site(g, x, HONE_SITE_OUTPUT, "output");
}

static const hone_model_v1 iface = { .size = sizeof iface, .build = build };

static const hone_component vgg = {
    .size = sizeof vgg,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_MODEL,
    .name = "vgg",
    .summary = "VGG: 3 x 3 convolutions in a row with pools between them",
    .doc =
        "`layers` is read from the input on: a number is a 3 x 3 convolution of so many filters with batch norm and\n"
        "activation, `pool` halves height and width. The default suits 28 x 28 to 32 x 32 images; `depth = 11`, 13, 16 "
        "or 19\n"
        "names the networks of the paper, whose five pools want images of 32 x 32 or more.\n"
        "\n"
        "Weights are named conv1.weight, norm1.weight, norm1.bias, conv2.weight, ..., output.weight, output.bias. "
        "Sites: input;\n"
        "conv1, conv2, ... and hidden1, ... before and after each activation; output. The default `sites = hidden*` "
        "of\n"
        "dropout matches only with `hidden`: say `sites = conv*` for the convolutions.\n"
        "\n"
        "Source: Simonyan and Zisserman 2015, \"Very deep convolutional networks for large-scale image recognition\".",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.model.vgg", "0.1.0", "MIT", "the hone authors", "", &vgg)
