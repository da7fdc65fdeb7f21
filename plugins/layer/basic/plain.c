/* SPDX-License-Identifier: MIT */
/* Layers without weights: pools, activations, dropout, changes of shape. This file also names the module's layers. */
#include "basic.h"

/* ---- pools ---- */
struct pool {
    int64_t kernel, stride, padding;
};
#define POOL_PARAMS(most)                                                                                       \
    HONE_INT(struct pool, kernel, "2", 1, most, HONE_P_TUNABLE, "pixels", "Rows and columns that become one."), \
        HONE_INT(struct pool, stride, "0", 0, 255, HONE_P_TUNABLE, "pixels",                                    \
                 "Steps between two of them; 0: as large as kernel."),                                          \
        HONE_INT(struct pool, padding, "0", 0, 127, HONE_P_TUNABLE, "pixels",                                   \
                 "Border on every side, at most half the kernel.")
static const hone_param max_pool_params[] = { POOL_PARAMS(15) };
static const hone_param average_pool_params[] = { POOL_PARAMS(255) };

static hone_var build_max_pool(void *self, hone_graph *g, hone_var x, const char *name, const hone_task *task)
{
    const struct pool *s = self;
    (void)name;
    (void)task;
    return hone_max_pool(g, x, .kernel = s->kernel, .stride = s->stride, .pad = s->padding);
}

static hone_var build_average_pool(void *self, hone_graph *g, hone_var x, const char *name, const hone_task *task)
{
    const struct pool *s = self;
    (void)name;
    (void)task;
    return hone_average_pool(g, x, .kernel = s->kernel, .stride = s->stride, .pad = s->padding, .exclude_padding = 1);
}

LAYER(layer_max_pool, "max_pool", struct pool, max_pool_params, build_max_pool, "Maximum of every square of pixels",
      NULL);
LAYER(layer_average_pool, "average_pool", struct pool, average_pool_params, build_average_pool,
      "Mean of every square of pixels; a border does not count", NULL);

/* ---- one activation ---- */
static const char *const functions[] = { HONE_ACTIVATIONS, NULL };
struct activation {
    uint32_t function;
};
static const hone_param activation_params[] = {
    HONE_ENUM(struct activation, function, "relu", functions, HONE_P_TUNABLE,
              "Which one; none is the identity. leaky_relu has the slope 0.01."),
};

static hone_var build_activation(void *self, hone_graph *g, hone_var x, const char *name, const hone_task *task)
{
    const struct activation *s = self;
    (void)task;
    x = hone_activate(g, hone_nn_site(g, x, HONE_SITE_PRE_ACTIVATION, name), s->function);
    return hone_nn_site(g, x, HONE_SITE_POST_ACTIVATION, name);
}

LAYER(layer_activation, "activation", struct activation, activation_params, build_activation,
      "Activation alone, between the sites NAME before and after it", NULL);

/* ---- dropout ---- */
struct dropout {
    double rate;
};
static const hone_param dropout_params[] = {
    HONE_REAL(struct dropout, rate, "0.5", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL,
              "Share of the numbers that is dropped at each step."),
};

static hone_var build_dropout(void *self, hone_graph *g, hone_var x, const char *name, const hone_task *task)
{
    const struct dropout *s = self;
    (void)name;
    (void)task;
    return s->rate > 0 ? hone_nn_dropout(g, x, s->rate) : x;
}

LAYER(layer_dropout, "dropout", struct dropout, dropout_params, build_dropout, "Dropout at this place",
      "What is kept is divided by 1 - rate. [regularizer.dropout] places dropout by the names of sites instead.");

/* ---- shapes ---- */
struct nothing {
    uint8_t unused;
};
struct upsample {
    int64_t factor;
    uint32_t mode;
};
static const char *const modes[] = { "nearest", "bilinear", NULL };
static const hone_param upsample_params[] = {
    HONE_INT(struct upsample, factor, "2", 1, 64, HONE_P_TUNABLE, NULL, "Factor by which rows and columns grow."),
    HONE_ENUM(struct upsample, mode, "nearest", modes, HONE_P_TUNABLE,
              "Pixels repeated, or interpolated between their centres."),
};

static hone_var build_flatten(void *self, hone_graph *g, hone_var x, const char *name, const hone_task *task)
{
    (void)self;
    (void)name;
    (void)task;
    return hone_nn_flatten(g, x);
}

static hone_var build_global_average_pool(void *self, hone_graph *g, hone_var x, const char *name,
                                          const hone_task *task)
{
    (void)self;
    (void)name;
    (void)task;
    return hone_nn_global_average_pool(g, x);
}

static hone_var build_upsample(void *self, hone_graph *g, hone_var x, const char *name, const hone_task *task)
{
    const struct upsample *s = self;
    (void)name;
    (void)task;
    return hone_nn_upsample(g, x, s->factor, s->mode == 0 ? HONE_NEAREST : HONE_BILINEAR);
}

#define LAYER_WITHOUT_KEYS(variable, text, builder, one_line)                                          \
    static hone_rc variable##_create(const hone_host *host, const hone_create_info *info, void **self, \
                                     hone_error *err)                                                  \
    {                                                                                                  \
        (void)host;                                                                                    \
        return hone_instance_create(info, 0, sizeof(struct nothing), self, err);                       \
    }                                                                                                  \
    static const hone_layer_v1 variable##_iface = { sizeof(hone_layer_v1), 0, builder };               \
    const hone_component variable = { .size = sizeof(hone_component),                                  \
                                      .flags = HONE_C_DETERMINISTIC,                                   \
                                      .kind = HONE_KIND_LAYER,                                         \
                                      .name = text,                                                    \
                                      .summary = one_line,                                             \
                                      .param_size = sizeof(hone_param),                                \
                                      .iface = &variable##_iface,                                      \
                                      .create = variable##_create,                                     \
                                      .destroy = free }
LAYER_WITHOUT_KEYS(layer_flatten, "flatten", build_flatten, "Images as rows of numbers");
LAYER_WITHOUT_KEYS(layer_global_average_pool, "global_average_pool", build_global_average_pool,
                   "Mean of every channel over all pixels");
LAYER(layer_upsample, "upsample", struct upsample, upsample_params, build_upsample,
      "Images grow by a factor, without weights", NULL);

HONE_MODULE("org.hone.layer.basic", "0.1.0", "MIT", "the hone authors", "", &layer_conv, &layer_conv_transpose,
            &layer_dense, &layer_batch_norm, &layer_layer_norm, &layer_group_norm, &layer_max_pool, &layer_average_pool,
            &layer_global_average_pool, &layer_activation, &layer_dropout, &layer_flatten, &layer_upsample)
