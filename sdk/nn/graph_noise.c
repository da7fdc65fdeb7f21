/* SPDX-License-Identifier: MIT */
/* Building a graph: noise and penalties, which act in training only. */
#include "graph.h"

#include <string.h>

static const struct {
    const char *name, *option;
    double below; /* the option lies in [0, below) */
} noises[] = {
    [NOISE_CHANNELS] = { "spatial_dropout", "rate", 1 },
    [NOISE_SAMPLES] = { "drop_path", "rate", 1 },
    [NOISE_ALPHA] = { "alpha_dropout", "rate", 1 },
    [NOISE_BLOCK] = { "drop_block", "rate", 1 },
    [NOISE_GAUSSIAN] = { "gaussian_noise", "deviation", HUGE_VAL },
    [NOISE_FACTORS] = { "gaussian_dropout", "rate", 1 },
};

static hone_var noise(hone_graph *g, hone_var x, enum noise_kind kind, double rate, int64_t block)
{
    char text[SHAPE_TEXT];
    if (!graph_usable(g, x, noises[kind].name))
        return NO_VAR;
    if (!(rate >= 0 && rate < noises[kind].below)) {
        graph_fail(g, HONE_EINVAL, noises[kind].option, "%s: %s = %g must lie in [0, %g)", noises[kind].name,
                   noises[kind].option, rate, noises[kind].below);
        return NO_VAR;
    }
    const struct node *from = &g->nodes[x.id];
    if (from->n_dims < 1 || (kind == NOISE_BLOCK && from->n_dims != 3)) {
        graph_fail(g, HONE_EINVAL, "", "%s: takes %s, got %s", noises[kind].name,
                   kind == NOISE_BLOCK ? "(N, C, H, W)" : "(N, C, ...)", shape_text(from->dims, from->n_dims, text));
        return NO_VAR;
    }
    if (rate == 0)
        return x;
    const hone_var y = graph_unary(g, x, NODE_NOISE, noises[kind].name);
    if (y.id >= 0) {
        struct node *node = &g->nodes[y.id];
        node->rate = rate;
        node->variant = kind;
        node->factor = block;
        node->number = g->n_dropouts++;
    }
    return y;
}

hone_var hone_nn_spatial_dropout(hone_graph *g, hone_var x, double rate)
{
    return noise(g, x, NOISE_CHANNELS, rate, 0);
}

hone_var hone_nn_drop_path(hone_graph *g, hone_var x, double rate)
{
    return noise(g, x, NOISE_SAMPLES, rate, 0);
}

hone_var hone_nn_alpha_dropout(hone_graph *g, hone_var x, double rate)
{
    return noise(g, x, NOISE_ALPHA, rate, 0);
}

hone_var hone_nn_drop_block(hone_graph *g, hone_var x, double rate, int64_t block)
{
    if (g && !g->failed && !graph_in_range(g, "drop_block", "", "block", block, 1, INT32_MAX))
        return NO_VAR;
    return noise(g, x, NOISE_BLOCK, rate, block);
}

hone_var hone_nn_gaussian_noise(hone_graph *g, hone_var x, double deviation)
{
    return noise(g, x, NOISE_GAUSSIAN, deviation, 0);
}

hone_var hone_nn_gaussian_dropout(hone_graph *g, hone_var x, double rate)
{
    return noise(g, x, NOISE_FACTORS, rate, 0);
}

void hone_nn_set_noise(hone_graph *g, hone_var layer, double rate)
{
    static const double most = 0.999999; /* of what is dropped: something is to be left */
    if (!graph_has(g, layer) || (g->nodes[layer.id].kind != NODE_NOISE && g->nodes[layer.id].kind != NODE_DROPOUT))
        return;
    struct node *node = &g->nodes[layer.id];
    const int is_noise = node->kind == NODE_NOISE;
    if (is_noise && node->variant == NOISE_GAUSSIAN)
        node->rate = isfinite(rate) ? rate : 0;
    else if (is_noise && node->variant == NOISE_FACTORS && rate < 0)
        node->rate = fmax(rate, -most);
    else
        node->rate = !(rate > 0) ? 0 : rate > most ? most : rate;
}

/* ---- penalties ---- */
static void penalty(hone_graph *g, hone_var x, enum penalty_kind kind, double strength, const char *who)
{
    if (!graph_usable(g, x, who))
        return;
    if (!isfinite(strength)) {
        graph_fail(g, HONE_EINVAL, "strength", "%s: strength = %g is not finite", who, strength);
        return;
    }
    if (strength == 0 || (x = kind == PENALTY_CONFIDENCE ? graph_plain(g, x) : x).id < 0)
        return;
    struct node *node = graph_append(g, NODE_PENALTY, NULL, x.id, -1);
    if (!node)
        return;
    node->is_loss = true;
    node->rate = strength;
    node->variant = kind;
}

void hone_nn_penalize_activity(hone_graph *g, hone_var x, double strength)
{
    penalty(g, x, PENALTY_ACTIVITY, strength, "penalize_activity");
}

void hone_nn_penalize_confidence(hone_graph *g, hone_var logits, double strength)
{
    char text[SHAPE_TEXT];
    if (g && !g->failed && graph_has(g, logits) && g->nodes[logits.id].n_dims != 1)
        graph_fail(g, HONE_EINVAL, "", "penalize_confidence: takes (N, K), got %s",
                   shape_text(g->nodes[logits.id].dims, g->nodes[logits.id].n_dims, text));
    penalty(g, logits, PENALTY_CONFIDENCE, strength, "penalize_confidence");
}

/* ---- what is there already ---- */
const char *hone_nn_layer_kind(const hone_graph *g, hone_var x)
{
    static const char *const names[NODE_KINDS] = {
        [NODE_INPUT] = "input",
        [NODE_DENSE] = "dense",
        [NODE_RELU] = "relu",
        [NODE_TANH] = "tanh",
        [NODE_SIGMOID] = "sigmoid",
        [NODE_GELU] = "gelu",
        [NODE_LEAKY_RELU] = "leaky_relu",
        [NODE_SWISH] = "swish",
        [NODE_DROPOUT] = "dropout",
        [NODE_ADD] = "add",
        [NODE_CONV] = "conv",
        [NODE_CONV_TRANSPOSE] = "conv_transpose",
        [NODE_MAX_POOL] = "max_pool",
        [NODE_AVERAGE_POOL] = "average_pool",
        [NODE_GLOBAL_AVERAGE_POOL] = "global_average_pool",
        [NODE_BATCH_NORM] = "batch_norm",
        [NODE_LAYER_NORM] = "layer_norm",
        [NODE_GROUP_NORM] = "group_norm",
        [NODE_CONCAT] = "concat",
        [NODE_PERMUTE] = "transpose",
        [NODE_UPSAMPLE] = "upsample",
        [NODE_EMBEDDING] = "embedding",
        [NODE_SOFTMAX_CROSS_ENTROPY] = "softmax_cross_entropy",
        [NODE_MSE] = "mse",
        [NODE_SOFTMAX] = "softmax",
        [NODE_PENALTY] = "penalty",
    };
    if (!graph_has(g, x))
        return "";
    const struct node *node = &g->nodes[x.id];
    while (node->kind == NODE_FLATTEN || node->kind == NODE_LAYOUT)
        node = &g->nodes[node->in[0]];
    return node->kind == NODE_NOISE ? noises[node->variant].name : names[node->kind];
}
