/* SPDX-License-Identifier: MIT */
/* Building a graph: layers that only move or repeat numbers. */
#include "graph.h"

#include <string.h>

/* Node b has the shape of node a but for the first dimension. */
static bool fits_behind(const struct node *a, const struct node *b)
{
    if (a->n_dims != b->n_dims || a->n_dims == 0)
        return false;
    for (uint32_t i = 1; i < a->n_dims; i++)
        if (a->dims[i] != b->dims[i])
            return false;
    return true;
}

static hone_var concat_few(hone_graph *g, const hone_var *x, uint32_t n)
{
    hone_var in[MAX_INPUTS];
    struct node like;
    int64_t dims[HONE_MAX_DIMS];
    memcpy(dims, g->nodes[x[0].id].dims, sizeof dims);
    dims[0] = 0;
    for (uint32_t i = 0; i < n; i++) {
        dims[0] += g->nodes[x[i].id].dims[0];
        if ((in[i] = graph_channels_last(g, x[i])).id < 0)
            return NO_VAR;
    }
    if (!graph_shape(g, &like, dims, g->nodes[x[0].id].n_dims, true, "concat"))
        return NO_VAR;
    struct node *node = graph_append(g, NODE_CONCAT, &like, in[0].id, n > 1 ? in[1].id : -1);
    if (!node)
        return NO_VAR;
    for (uint32_t i = 0; i < n; i++) {
        node->in[i] = in[i].id;
        node->trains = node->trains || g->nodes[in[i].id].trains;
    }
    return graph_last(g, node);
}

hone_var hone_nn_concat(hone_graph *g, const hone_var *x, uint32_t n)
{
    char left[SHAPE_TEXT], right[SHAPE_TEXT];
    if (!g || g->failed)
        return NO_VAR;
    if (n < 1) {
        graph_fail(g, HONE_EINVAL, "", "concat: there is nothing to put together");
        return NO_VAR;
    }
    for (uint32_t i = 0; i < n; i++)
        if (!graph_usable(g, x[i], "concat"))
            return NO_VAR;
    const struct node *first = &g->nodes[x[0].id];
    for (uint32_t i = 0; i < n; i++) {
        const struct node *other = &g->nodes[x[i].id];
        if (!fits_behind(first, other)) {
            graph_fail(g, HONE_EINVAL, "", "concat: the shapes may differ in the first dimension only, got %s and %s",
                       shape_text(first->dims, first->n_dims, left), shape_text(other->dims, other->n_dims, right));
            return NO_VAR;
        }
    }
    hone_var some[MAX_INPUTS] = { x[0] };
    uint32_t used = 1;
    while (used < n && some[0].id >= 0) {
        uint32_t k = 1;
        while (k < MAX_INPUTS && used < n)
            some[k++] = x[used++];
        some[0] = concat_few(g, some, k);
    }
    return some[0];
}

hone_var hone_nn_reshape(hone_graph *g, hone_var x, const int64_t *dims, uint32_t n_dims)
{
    char left[SHAPE_TEXT], right[SHAPE_TEXT];
    int64_t known = 1, wanted[HONE_MAX_DIMS] = { 0 };
    int open = -1;
    bool good = n_dims >= 1 && n_dims <= HONE_MAX_DIMS;
    if (!graph_usable(g, x, "reshape"))
        return NO_VAR;
    const int64_t elements = g->nodes[x.id].elements;
    for (uint32_t i = 0; good && i < n_dims; i++) {
        wanted[i] = dims[i];
        if (dims[i] == -1 && open < 0)
            open = (int)i;
        else
            good = dims[i] >= 1 && !__builtin_mul_overflow(known, dims[i], &known);
    }
    if (good && open >= 0) {
        wanted[open] = elements / known;
        known *= wanted[open];
    }
    if (!good || known != elements) {
        const struct node *from = &g->nodes[x.id];
        graph_fail(g, HONE_EINVAL, "", "reshape: %s cannot become %s", shape_text(from->dims, from->n_dims, left),
                   shape_text(wanted, n_dims <= HONE_MAX_DIMS ? n_dims : HONE_MAX_DIMS, right));
        return NO_VAR;
    }
    const hone_var y = graph_unary(g, x, NODE_FLATTEN, "reshape");
    if (y.id >= 0) {
        g->nodes[y.id].n_dims = n_dims;
        memcpy(g->nodes[y.id].dims, wanted, sizeof wanted);
    }
    return y;
}

hone_var hone_nn_transpose(hone_graph *g, hone_var x, const uint32_t *order, uint32_t n_dims)
{
    char text[SHAPE_TEXT];
    uint32_t seen = 0;
    int64_t dims[HONE_MAX_DIMS] = { 0 };
    if (!graph_usable(g, x, "transpose"))
        return NO_VAR;
    const struct node *from = &g->nodes[x.id];
    for (uint32_t i = 0; n_dims == from->n_dims && i < n_dims; i++)
        if (order[i] < n_dims) {
            seen |= 1u << order[i];
            dims[i] = from->dims[order[i]];
        }
    if (n_dims != from->n_dims || seen != (1u << n_dims) - 1) {
        graph_fail(g, HONE_EINVAL, "", "transpose: the order must name each of the %u dimensions of %s once",
                   from->n_dims, shape_text(from->dims, from->n_dims, text));
        return NO_VAR;
    }
    if ((x = graph_plain(g, x)).id < 0)
        return NO_VAR;
    hone_var y = graph_unary(g, x, NODE_PERMUTE, "transpose");
    if (y.id >= 0) {
        struct node *node = &g->nodes[y.id];
        memcpy(node->dims, dims, sizeof dims);
        for (uint32_t i = 0; i < n_dims; i++)
            node->order[i] = order[i];
        if (n_dims == 2) { /* what is stored stays as it is: it is the transpose, channels last */
            node->kind = NODE_FLATTEN;
            node->channels = dims[0] > 1 && dims[1] > 1 ? dims[0] : 0;
        }
    }
    return y;
}

hone_var hone_nn_upsample(hone_graph *g, hone_var x, int64_t factor, uint32_t mode)
{
    char text[SHAPE_TEXT];
    struct node like;
    if (!graph_usable(g, x, "upsample"))
        return NO_VAR;
    const struct node *from = &g->nodes[x.id];
    if (from->n_dims != 3) {
        graph_fail(g, HONE_EINVAL, "", "upsample: takes (N, C, H, W), got %s",
                   shape_text(from->dims, from->n_dims, text));
        return NO_VAR;
    }
    if (mode > HONE_BILINEAR) {
        graph_fail(g, HONE_EINVAL, "mode", "upsample: mode %u is neither nearest (0) nor bilinear (1)", mode);
        return NO_VAR;
    }
    if (!graph_in_range(g, "upsample", "", "factor", factor, 1, 1 << 10))
        return NO_VAR;
    const int64_t dims[3] = { from->dims[0], from->dims[1] * factor, from->dims[2] * factor };
    if (!graph_shape(g, &like, dims, 3, true, "upsample") || (x = graph_channels_last(g, x)).id < 0)
        return NO_VAR;
    struct node *node = graph_append(g, NODE_UPSAMPLE, &like, x.id, -1);
    if (node) {
        node->factor = factor;
        node->number = mode;
    }
    return graph_last(g, node);
}
