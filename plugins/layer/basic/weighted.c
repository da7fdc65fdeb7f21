/* SPDX-License-Identifier: MIT */
/* Layers with weights: convolutions, dense layers, normalizations. Weights are called NAME.weight and NAME.bias. */
#include "basic.h"

static const char *const activations[] = { HONE_ACTIVATIONS, NULL };
static const char *const inits[] = { "auto", "he", "xavier", "lecun", "orthogonal", NULL };
static const char *const paddings[] = { "same", "valid", NULL };
enum { SAME, VALID };

#define ACTIVATION_DOC "Activation behind the layer, between the sites NAME before and after it."
#define INIT_DOC                                                                                                 \
    "Initial weights: he (normal, variance 2 / inputs), xavier (uniform), lecun (normal, variance 1 / inputs), " \
    "orthogonal; auto: he before relu and its kin, xavier elsewhere."
#define NORM_DOC \
    "Whether batch norm stands between the layer, then without biases, and its activation (weights NAME.norm)."

static const char *init_of(uint32_t init, uint32_t activation)
{
    return init ? inits[init] : hone_activation_init(activation);
}

/* What follows the weights: norm, site, activation, site. */
static hone_var finish(hone_graph *g, hone_var x, const char *name, uint32_t norm, uint32_t activation)
{
    char text[80];
    snprintf(text, sizeof text, "%s.norm", name);
    if (norm)
        x = hone_batch_norm(g, x, .name = text);
    if (activation == HONE_NO_ACTIVATION)
        return x;
    x = hone_activate(g, hone_nn_site(g, x, HONE_SITE_PRE_ACTIVATION, name), activation);
    return hone_nn_site(g, x, HONE_SITE_POST_ACTIVATION, name);
}

/* ---- conv ---- */
struct conv {
    int64_t filters, kernel, stride, dilation, groups;
    uint32_t padding, activation, init;
    uint8_t batch_norm, bias;
};
static const hone_param conv_params[] = {
    HONE_INT(struct conv, filters, "32", 1, 65536, HONE_P_TUNABLE | HONE_P_LOG, "filters", "Channels that come out."),
    HONE_INT(struct conv, kernel, "3", 1, 255, HONE_P_TUNABLE, "pixels", "Rows and columns of a filter."),
    HONE_INT(struct conv, stride, "1", 1, 255, HONE_P_TUNABLE, "pixels",
             "Steps between two places where the filters are applied."),
    HONE_ENUM(struct conv, padding, "same", paddings, HONE_P_TUNABLE,
              "same: a border of zeros, so that stride 1 keeps the size (odd kernels); valid: none."),
    HONE_INT(struct conv, dilation, "1", 1, 255, HONE_P_TUNABLE, "pixels",
             "Distance of the pixels that a filter looks at."),
    HONE_INT(struct conv, groups, "1", 1, 65536, HONE_P_TUNABLE, NULL,
             "Groups of channels that do not see one another; divides both channels."),
    HONE_ENUM(struct conv, activation, "relu", activations, HONE_P_TUNABLE, ACTIVATION_DOC),
    HONE_BOOL(struct conv, batch_norm, "no", HONE_P_TUNABLE, NORM_DOC),
    HONE_BOOL(struct conv, bias, "yes", HONE_P_TUNABLE,
              "Whether a number per filter is added; never before batch_norm."),
    HONE_ENUM(struct conv, init, "auto", inits, HONE_P_TUNABLE, INIT_DOC),
};

static hone_var build_conv(void *self, hone_graph *g, hone_var x, const char *name, const hone_task *task)
{
    const struct conv *s = self;
    const int64_t reach = s->dilation * (s->kernel - 1);
    (void)task;
    if (s->padding == SAME && reach % 2)
        return hone_nn_fail(
            g, "padding",
            "padding = same wants an odd kernel, or an even dilation: else no border is the same on all sides");
    x = hone_conv2d(g, x, .filters = s->filters, .kernel = s->kernel, .stride = s->stride, .dilation = s->dilation,
                    .groups = s->groups, .pad = s->padding == SAME ? reach / 2 : 0,
                    .no_bias = s->batch_norm || !s->bias, .init = init_of(s->init, s->activation), .name = name);
    return finish(g, x, name, s->batch_norm, s->activation);
}

LAYER(layer_conv, "conv", struct conv, conv_params, build_conv, "Convolution of images, with its activation",
      "(C, H, W) becomes (filters, H', W'). Weights: NAME.weight (filters, C / groups, kernel, kernel), NAME.bias "
      "(filters).");

/* ---- conv_transpose ---- */
struct conv_transpose {
    int64_t filters, kernel, stride;
    uint32_t activation, init;
    uint8_t batch_norm, bias;
};
static const hone_param conv_transpose_params[] = {
    HONE_INT(struct conv_transpose, filters, "32", 1, 65536, HONE_P_TUNABLE | HONE_P_LOG, "filters",
             "Channels that come out."),
    HONE_INT(struct conv_transpose, kernel, "4", 1, 255, HONE_P_TUNABLE, "pixels",
             "Rows and columns of a filter; at least the stride."),
    HONE_INT(struct conv_transpose, stride, "2", 1, 255, HONE_P_TUNABLE, "pixels",
             "Factor by which rows and columns grow."),
    HONE_ENUM(struct conv_transpose, activation, "relu", activations, HONE_P_TUNABLE, ACTIVATION_DOC),
    HONE_BOOL(struct conv_transpose, batch_norm, "no", HONE_P_TUNABLE, NORM_DOC),
    HONE_BOOL(struct conv_transpose, bias, "yes", HONE_P_TUNABLE,
              "Whether a number per filter is added; never before batch_norm."),
    HONE_ENUM(struct conv_transpose, init, "auto", inits, HONE_P_TUNABLE, INIT_DOC),
};

static hone_var build_conv_transpose(void *self, hone_graph *g, hone_var x, const char *name, const hone_task *task)
{
    const struct conv_transpose *s = self;
    const int64_t more = s->kernel - s->stride;
    (void)task;
    if (more < 0)
        return hone_nn_fail(
            g, "kernel", "the kernel of a transposed convolution must be at least its stride, or pixels are left out");
    /* (size - 1) stride - 2 pad + kernel + output_pad = size * stride */
    x = hone_nn_conv_transpose2d(g, x,
                                 &(const struct hone_conv_transpose2d){ .filters = s->filters,
                                                                        .kernel = s->kernel,
                                                                        .stride = s->stride,
                                                                        .pad = (more + 1) / 2,
                                                                        .output_pad = more % 2,
                                                                        .no_bias = s->batch_norm || !s->bias,
                                                                        .init = init_of(s->init, s->activation),
                                                                        .name = name });
    return finish(g, x, name, s->batch_norm, s->activation);
}

LAYER(layer_conv_transpose, "conv_transpose", struct conv_transpose, conv_transpose_params, build_conv_transpose,
      "Transposed convolution: images grow by a factor",
      "(C, H, W) becomes (filters, stride H, stride W). Weights: NAME.weight (C, filters, kernel, kernel), NAME.bias "
      "(filters).");

/* ---- dense ---- */
struct dense {
    int64_t units;
    uint32_t activation, init;
    uint8_t batch_norm, bias;
};
static const hone_param dense_params[] = {
    HONE_INT(struct dense, units, "128", 1, 65536, HONE_P_TUNABLE | HONE_P_LOG, "units", "Numbers that come out."),
    HONE_ENUM(struct dense, activation, "relu", activations, HONE_P_TUNABLE, ACTIVATION_DOC),
    HONE_BOOL(struct dense, batch_norm, "no", HONE_P_TUNABLE, NORM_DOC),
    HONE_BOOL(struct dense, bias, "yes", HONE_P_TUNABLE,
              "Whether a number per unit is added; never before batch_norm."),
    HONE_ENUM(struct dense, init, "auto", inits, HONE_P_TUNABLE, INIT_DOC),
};

static hone_var build_dense(void *self, hone_graph *g, hone_var x, const char *name, const hone_task *task)
{
    const struct dense *s = self;
    (void)task;
    x = hone_dense(g, hone_nn_flatten(g, x), .units = s->units, .no_bias = s->batch_norm || !s->bias,
                   .init = init_of(s->init, s->activation), .name = name);
    return finish(g, x, name, s->batch_norm, s->activation);
}

LAYER(layer_dense, "dense", struct dense, dense_params, build_dense, "Dense layer, with its activation",
      "Images are flattened first. Weights: NAME.weight (units, inputs), NAME.bias (units).");

/* ---- norms ---- */
struct batch_norm {
    double momentum, epsilon;
};
static const hone_param batch_norm_params[] = {
    HONE_REAL(struct batch_norm, momentum, "0.9", 0, 1, HONE_P_TUNABLE | HONE_P_LO_OPEN | HONE_P_HI_OPEN, NULL,
              "Share of the running statistics that a step keeps (PyTorch's momentum is 1 minus this)."),
    HONE_REAL(struct batch_norm, epsilon, "1e-5", 0, 1, HONE_P_LO_OPEN | HONE_P_ADVANCED, NULL,
              "Added to the variance."),
};

static hone_var build_batch_norm(void *self, hone_graph *g, hone_var x, const char *name, const hone_task *task)
{
    const struct batch_norm *s = self;
    (void)task;
    return hone_batch_norm(g, x, .momentum = s->momentum, .epsilon = s->epsilon, .name = name);
}

LAYER(layer_batch_norm, "batch_norm", struct batch_norm, batch_norm_params, build_batch_norm,
      "Batch norm: channels of mean 0 and variance 1 over the batch, then scaled and shifted",
      "Source: Ioffe and Szegedy 2015.");

struct layer_norm {
    double epsilon;
};
static const hone_param layer_norm_params[] = {
    HONE_REAL(struct layer_norm, epsilon, "1e-5", 0, 1, HONE_P_LO_OPEN | HONE_P_ADVANCED, NULL,
              "Added to the variance."),
};

static hone_var build_layer_norm(void *self, hone_graph *g, hone_var x, const char *name, const hone_task *task)
{
    const struct layer_norm *s = self;
    (void)task;
    return hone_layer_norm(g, x, .epsilon = s->epsilon, .name = name);
}

LAYER(layer_layer_norm, "layer_norm", struct layer_norm, layer_norm_params, build_layer_norm,
      "Layer norm: the last dimension of a sample to mean 0 and variance 1, then scaled and shifted",
      "Source: Ba et al. 2016.");

struct group_norm {
    int64_t groups;
    double epsilon;
};
static const hone_param group_norm_params[] = {
    HONE_INT(struct group_norm, groups, "1", 1, 65536, HONE_P_TUNABLE | HONE_P_LOG, NULL,
             "Groups of channels; divides their number."),
    HONE_REAL(struct group_norm, epsilon, "1e-5", 0, 1, HONE_P_LO_OPEN | HONE_P_ADVANCED, NULL,
              "Added to the variance."),
};

static hone_var build_group_norm(void *self, hone_graph *g, hone_var x, const char *name, const hone_task *task)
{
    const struct group_norm *s = self;
    (void)task;
    return hone_group_norm(g, x, .groups = s->groups, .epsilon = s->epsilon, .name = name);
}

LAYER(layer_group_norm, "group_norm", struct group_norm, group_norm_params, build_group_norm,
      "Group norm: groups of channels of a sample to mean 0 and variance 1, then scaled and shifted",
      "Source: Wu and He 2018.");
