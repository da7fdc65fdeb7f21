/* SPDX-License-Identifier: MIT */
/* hone/layer.h - kind "layer/1": one layer of a network that is composed in the INI, section by section:
 *
 *     [model]
 *     use    = cnn
 *     layers = c1, p1, f1
 *
 *     [layer.c1]
 *     use     = conv
 *     filters = 32
 *
 * A model that takes layers says so (HONE_MODEL_LAYERS) and gets them from the host by HONE_EXT_COMPONENTS. */
#ifndef HONE_LAYER_H
#define HONE_LAYER_H
#include "hone/nn.h"
#include "hone/task.h"

#define HONE_KIND_LAYER "layer/1"
typedef struct hone_layer_v1 {
    uint32_t size, flags; /* flags: 0 */
    /* Appends the layer to x and returns the result. Weights and sites are named after `name` ("c1"). One instance may be
     * built into several networks, or several times into one with other names: it keeps nothing. Mistakes are kept by the
     * graph. [trial] */
    hone_var (*build)(void *self, hone_graph *g, hone_var x, const char *name, const hone_task *task);
} hone_layer_v1;

/* Activations by name, for tables of parameters: static const char *const names[] = { HONE_ACTIVATIONS, NULL }; */
#define HONE_ACTIVATIONS "relu", "leaky_relu", "gelu", "swish", "tanh", "sigmoid", "none"
enum hone_activation {
    HONE_RELU = 0,
    HONE_LEAKY_RELU = 1, /* slope 0.01 */
    HONE_GELU = 2,
    HONE_SWISH = 3,
    HONE_TANH = 4,
    HONE_SIGMOID = 5,
    HONE_NO_ACTIVATION = 6
};
static inline hone_var hone_activate(hone_graph *g, hone_var x, uint32_t activation)
{
    switch (activation) {
    case HONE_LEAKY_RELU: return hone_nn_leaky_relu(g, x, 0.01);
    case HONE_GELU: return hone_nn_gelu(g, x);
    case HONE_SWISH: return hone_nn_swish(g, x);
    case HONE_TANH: return hone_nn_tanh(g, x);
    case HONE_SIGMOID: return hone_nn_sigmoid(g, x);
    case HONE_NO_ACTIVATION: return x;
    default: return hone_nn_relu(g, x);
    }
}
/* Initial weights that suit an activation behind them: "he" (He et al. 2015) before those that cut off the negative side,
 * "xavier" (Glorot and Bengio 2010) before others. [any] */
static inline const char *hone_activation_init(uint32_t activation)
{
    return activation <= HONE_SWISH ? "he" : "xavier";
}
#endif /* HONE_LAYER_H */
