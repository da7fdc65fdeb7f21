/* SPDX-License-Identifier: MIT */
/* Building a graph: normalizations and embedding tables. */
#include "graph.h"

#include <string.h>

struct norm {
    const char *stem, *given;
    double momentum, epsilon;
    int64_t groups;
};

static bool check_norm(hone_graph *g, const struct norm *o, const char *name)
{
    if (!(o->epsilon > 0.0 && o->epsilon < 1.0)) {
        graph_fail(g, HONE_EINVAL, "epsilon", "%s '%s': epsilon = %g must lie in (0, 1)", o->stem, name, o->epsilon);
        return false;
    }
    if (!(o->momentum >= 0.0 && o->momentum < 1.0)) {
        graph_fail(g, HONE_EINVAL, "momentum", "%s '%s': momentum = %g must lie in [0, 1)", o->stem, name, o->momentum);
        return false;
    }
    return true;
}

static hone_var norm(hone_graph *g, hone_var x, enum node_kind kind, const struct norm *o)
{
    char name[NAME_SIZE], text[SHAPE_TEXT];
    if (!graph_usable(g, x, o->given ? o->given : o->stem) || !graph_choose_name(g, o->given, o->stem, name) ||
        !check_norm(g, o, name) || !graph_takes_parameters(g, o->stem, name))
        return NO_VAR;
    const struct node *from = &g->nodes[x.id];
    if (from->n_dims < 1) {
        graph_fail(g, HONE_EINVAL, "", "%s '%s': takes (N, C, ...), got %s", o->stem, name,
                   shape_text(from->dims, 0, text));
        return NO_VAR;
    }
    if (kind == NODE_GROUP_NORM && (o->groups < 1 || from->dims[0] % o->groups)) {
        graph_fail(g, HONE_EINVAL, "groups", "group_norm '%s': groups = %lld must divide the %lld channels of %s", name,
                   (long long)o->groups, (long long)from->dims[0], shape_text(from->dims, from->n_dims, text));
        return NO_VAR;
    }
    if ((x = kind == NODE_LAYER_NORM ? graph_plain(g, x) : graph_channels_last(g, x)).id < 0)
        return NO_VAR;
    const struct node like = g->nodes[x.id];
    struct node *node = graph_append(g, kind, &like, x.id, -1);
    if (!node)
        return NO_VAR;
    memcpy(node->name, name, sizeof name);
    node->trains = true;
    node->rate = o->momentum;
    node->epsilon = o->epsilon;
    node->window.groups = o->groups;
    node->kernel = (int32_t)g->n_parameters++;
    node->bias = (int32_t)g->n_parameters++;
    if (kind == NODE_BATCH_NORM) {
        node->running = (int32_t)g->n_buffers;
        g->n_buffers += 2;
    }
    return graph_last(g, node);
}

static double or_default(double value, double fallback)
{
    return value != 0.0 ? value : fallback; /* NaN is kept, and refused */
}

hone_var hone_nn_batch_norm(hone_graph *g, hone_var x, const struct hone_batch_norm *options)
{
    const struct hone_batch_norm o = options ? *options : (struct hone_batch_norm){ 0 };
    const struct norm n = { "batch_norm", o.name, or_default(o.momentum, 0.9), or_default(o.epsilon, 1e-5), 1 };
    return norm(g, x, NODE_BATCH_NORM, &n);
}

hone_var hone_nn_layer_norm(hone_graph *g, hone_var x, const struct hone_layer_norm *options)
{
    const struct hone_layer_norm o = options ? *options : (struct hone_layer_norm){ 0 };
    const struct norm n = { "layer_norm", o.name, 0.0, or_default(o.epsilon, 1e-5), 1 };
    return norm(g, x, NODE_LAYER_NORM, &n);
}

hone_var hone_nn_group_norm(hone_graph *g, hone_var x, const struct hone_group_norm *options)
{
    const struct hone_group_norm o = options ? *options : (struct hone_group_norm){ 0 };
    const struct norm n = { "group_norm", o.name, 0.0, or_default(o.epsilon, 1e-5), o.groups ? o.groups : 1 };
    return norm(g, x, NODE_GROUP_NORM, &n);
}

hone_var hone_nn_embedding(hone_graph *g, hone_var x, const struct hone_embedding *options)
{
    static const char stem[] = "embedding";
    const struct hone_embedding o = options ? *options : (struct hone_embedding){ 0 };
    char name[NAME_SIZE], text[SHAPE_TEXT];
    struct node like;
    if (!graph_usable(g, x, o.name ? o.name : stem) || !graph_choose_name(g, o.name, stem, name) ||
        !graph_takes_parameters(g, stem, name) || !graph_in_range(g, stem, name, "entries", o.entries, 1, 1 << 24) ||
        !graph_in_range(g, stem, name, "units", o.units, 1, 1 << 20))
        return NO_VAR;
    const struct node *from = &g->nodes[x.id];
    if (from->n_dims != 1 || from->trains) {
        graph_fail(g, HONE_EINVAL, "",
                   "embedding '%s': takes whole numbers (N, T) that no trained layer makes, got %s%s", name,
                   from->trains ? "outputs of one, " : "", shape_text(from->dims, from->n_dims, text));
        return NO_VAR;
    }
    const int64_t dims[2] = { from->dims[0], o.units };
    if (!graph_shape(g, &like, dims, 2, false, name) || (x = graph_plain(g, x)).id < 0)
        return NO_VAR;
    struct node *node = graph_append(g, NODE_EMBEDDING, &like, x.id, -1);
    if (!node)
        return NO_VAR;
    memcpy(node->name, name, sizeof name);
    node->trains = true;
    node->init = INIT_NORMAL;
    node->factor = o.entries;
    node->kernel = (int32_t)g->n_parameters++;
    return graph_last(g, node);
}
