/* SPDX-License-Identifier: MIT */
/* Building a graph: convolutions and pools. Their values are stored channels last, (N, H, W, C). */
#include "graph.h"
#include "amx_conv.h"
#include "kernels.h"
#include "winograd.h"

#include <string.h>

enum { MOST = 1 << 20 }; /* of kernels, strides, pads: keeps the sums below far from overflow */

static int64_t or_else(int64_t value, int64_t fallback)
{
    return value ? value : fallback;
}

/* "(N, C, H, W)" for two spatial dimensions. */
static bool takes(hone_graph *g, hone_var x, uint32_t n_dims, const char *stem, const char *name)
{
    char text[SHAPE_TEXT];
    const struct node *from = &g->nodes[x.id];
    if (from->n_dims == n_dims)
        return true;
    graph_fail(g, HONE_EINVAL, "", "%s '%s': takes %s, got %s", stem, name, n_dims == 3 ? "(N, C, H, W)" : "(N, C, L)",
               shape_text(from->dims, from->n_dims, text));
    return false;
}

/* Rows or columns of the output; below 1 where the window does not fit. */
static int64_t output_size(const struct window *w, int i, int64_t size)
{
    const int64_t span = w->dilation[i] * (w->kernel[i] - 1) + 1, room = size + 2 * w->pad[i] - span;
    return room < 0 ? 0 : room / w->stride[i] + 1;
}

/* The output's shape (N, channels, H', W') or (N, channels, L'). */
static bool window_shape(hone_graph *g, struct node *like, hone_var x, int64_t channels, const struct window *w,
                         const char *who)
{
    const struct node *from = &g->nodes[x.id];
    char text[SHAPE_TEXT];
    int64_t dims[3] = { channels, 0, 0 };
    for (uint32_t i = 1; i < from->n_dims; i++) {
        const int at = from->n_dims == 3 ? (int)i - 1 : 1;
        dims[i] = output_size(w, at, from->dims[i]);
        if (dims[i] < 1) {
            graph_fail(g, HONE_EINVAL, "kernel",
                       "%s: a window of %lldx%lld (dilation %lld, pad %lldx%lld) does not fit into %s; a smaller "
                       "kernel, more pad or "
                       "fewer pools before it help",
                       who, (long long)w->kernel[0], (long long)w->kernel[1], (long long)w->dilation[1],
                       (long long)w->pad[0], (long long)w->pad[1], shape_text(from->dims, from->n_dims, text));
            return false;
        }
    }
    return graph_shape(g, like, dims, from->n_dims, true, who);
}

static bool check_groups(hone_graph *g, const char *name, int64_t groups, int64_t channels, int64_t filters)
{
    if (groups >= 1 && channels % groups == 0 && filters % groups == 0)
        return true;
    graph_fail(g, HONE_EINVAL, "groups",
               "conv '%s': groups = %lld must divide both its %lld input channels and its %lld filters", name,
               (long long)groups, (long long)channels, (long long)filters);
    return false;
}

/* What both kinds of convolution end with. */
static hone_var add_conv(hone_graph *g, enum node_kind kind, const struct node *like, hone_var x, const char *name,
                         enum init_kind init, uint32_t no_bias, const struct window *w)
{
    struct node *node = graph_append(g, kind, like, x.id, -1);
    if (!node)
        return NO_VAR;
    memcpy(node->name, name, NAME_SIZE);
    node->window = *w;
    node->init = init;
    node->trains = true;
    node->kernel = (int32_t)g->n_parameters++;
    if (!no_bias)
        node->bias = (int32_t)g->n_parameters++;
    return graph_last(g, node);
}

/* With every default filled in; n_dims: of a sample. */
static hone_var conv(hone_graph *g, hone_var x, uint32_t n_dims, const struct hone_conv2d *o, const char *stem)
{
    char name[NAME_SIZE], who[NAME_SIZE + 32];
    enum init_kind init;
    struct node like;
    if (!graph_usable(g, x, o->name ? o->name : stem) || !graph_choose_name(g, o->name, stem, name) ||
        !graph_choose_init(g, o->init, stem, name, &init) || !takes(g, x, n_dims, stem, name) ||
        !graph_takes_parameters(g, stem, name))
        return NO_VAR;
    const struct window w = { .kernel = { o->kernel_h, o->kernel_w },
                              .stride = { n_dims == 3 ? o->stride : 1, o->stride },
                              .pad = { o->pad_h, o->pad_w },
                              .dilation = { n_dims == 3 ? o->dilation : 1, o->dilation },
                              .groups = o->groups };
    if (!graph_in_range(g, stem, name, "filters", o->filters, 1, MOST) ||
        !graph_in_range(g, stem, name, "kernel", w.kernel[0] < w.kernel[1] ? w.kernel[0] : w.kernel[1], 1, MOST) ||
        !graph_in_range(g, stem, name, "kernel", w.kernel[0] > w.kernel[1] ? w.kernel[0] : w.kernel[1], 1, MOST) ||
        !graph_in_range(g, stem, name, "stride", o->stride, 1, MOST) ||
        !graph_in_range(g, stem, name, "pad", w.pad[0], 0, MOST) ||
        !graph_in_range(g, stem, name, "pad", w.pad[1], 0, MOST) ||
        !graph_in_range(g, stem, name, "dilation", o->dilation, 1, MOST) ||
        !check_groups(g, name, o->groups, g->nodes[x.id].dims[0], o->filters))
        return NO_VAR;
    snprintf(who, sizeof who, "%s '%s'", stem, name);
    if (!window_shape(g, &like, x, o->filters, &w, who) || (x = graph_channels_last(g, x)).id < 0)
        return NO_VAR;
    return add_conv(g, NODE_CONV, &like, x, name, init, o->no_bias, &w);
}

hone_var hone_nn_conv2d(hone_graph *g, hone_var x, const struct hone_conv2d *options)
{
    struct hone_conv2d o = { 0 };
    if (options)
        o = *options;
    o.kernel_h = or_else(o.kernel_h, o.kernel);
    o.kernel_w = or_else(o.kernel_w, o.kernel);
    o.pad_h = or_else(o.pad_h, o.pad);
    o.pad_w = or_else(o.pad_w, o.pad);
    o.stride = or_else(o.stride, 1);
    o.dilation = or_else(o.dilation, 1);
    o.groups = or_else(o.groups, 1);
    return conv(g, x, 3, &o, "conv");
}

hone_var hone_nn_conv1d(hone_graph *g, hone_var x, const struct hone_conv1d *options)
{
    struct hone_conv1d o = { 0 };
    if (options)
        o = *options;
    const struct hone_conv2d two = { .filters = o.filters,
                                     .kernel_h = 1,
                                     .kernel_w = o.kernel,
                                     .stride = or_else(o.stride, 1),
                                     .pad_w = o.pad,
                                     .dilation = or_else(o.dilation, 1),
                                     .groups = or_else(o.groups, 1),
                                     .no_bias = o.no_bias,
                                     .init = o.init,
                                     .name = o.name };
    return conv(g, x, 2, &two, "conv");
}

hone_var hone_nn_conv_transpose2d(hone_graph *g, hone_var x, const struct hone_conv_transpose2d *options)
{
    static const char stem[] = "conv_transpose";
    struct hone_conv_transpose2d o = { 0 };
    char name[NAME_SIZE], text[SHAPE_TEXT];
    enum init_kind init;
    struct node like;
    if (options)
        o = *options;
    o.stride = or_else(o.stride, 1);
    if (!graph_usable(g, x, o.name ? o.name : stem) || !graph_choose_name(g, o.name, stem, name) ||
        !graph_choose_init(g, o.init, stem, name, &init) || !takes(g, x, 3, stem, name) ||
        !graph_takes_parameters(g, stem, name) || !graph_in_range(g, stem, name, "filters", o.filters, 1, MOST) ||
        !graph_in_range(g, stem, name, "kernel", o.kernel, 1, MOST) ||
        !graph_in_range(g, stem, name, "stride", o.stride, 1, MOST) ||
        !graph_in_range(g, stem, name, "pad", o.pad, 0, o.kernel - 1) ||
        !graph_in_range(g, stem, name, "output_pad", o.output_pad, 0, o.stride - 1))
        return NO_VAR;
    const struct node *from = &g->nodes[x.id];
    int64_t dims[3] = { o.filters, 0, 0 };
    for (int i = 1; i < 3; i++) {
        dims[i] = (from->dims[i] - 1) * o.stride - 2 * o.pad + o.kernel + o.output_pad;
        if (dims[i] < 1) {
            graph_fail(g, HONE_EINVAL, "pad", "conv_transpose '%s': a pad of %lld leaves nothing of %s", name,
                       (long long)o.pad, shape_text(from->dims, from->n_dims, text));
            return NO_VAR;
        }
    }
    const struct window w = { .kernel = { o.kernel, o.kernel },
                              .stride = { o.stride, o.stride },
                              .pad = { o.pad, o.pad },
                              .dilation = { 1, 1 },
                              .groups = 1 };
    if (!graph_shape(g, &like, dims, 3, true, name) || (x = graph_channels_last(g, x)).id < 0)
        return NO_VAR;
    return add_conv(g, NODE_CONV_TRANSPOSE, &like, x, name, init, o.no_bias, &w);
}

/* ---- pools ---- */
static hone_var pool(hone_graph *g, hone_var x, const struct hone_pool *options, enum node_kind kind, const char *who)
{
    struct hone_pool o = { 0 };
    struct node like;
    char text[SHAPE_TEXT];
    if (options)
        o = *options;
    if (!graph_usable(g, x, who))
        return NO_VAR;
    const struct node *from = &g->nodes[x.id];
    if (from->n_dims != 3) {
        graph_fail(g, HONE_EINVAL, "", "%s: takes (N, C, H, W), got %s", who,
                   shape_text(from->dims, from->n_dims, text));
        return NO_VAR;
    }
    o.stride = or_else(o.stride, o.kernel);
    if (!graph_in_range(g, who, "", "kernel", o.kernel, 1, kind == NODE_MAX_POOL ? MAX_POOL_KERNEL : MOST) ||
        !graph_in_range(g, who, "", "stride", o.stride, 1, MOST) ||
        !graph_in_range(g, who, "", "pad", o.pad, 0, o.kernel / 2))
        return NO_VAR;
    const struct window w = { .kernel = { o.kernel, o.kernel },
                              .stride = { o.stride, o.stride },
                              .pad = { o.pad, o.pad },
                              .dilation = { 1, 1 },
                              .groups = 1 };
    if (!window_shape(g, &like, x, from->dims[0], &w, who) || (x = graph_channels_last(g, x)).id < 0)
        return NO_VAR;
    struct node *node = graph_append(g, kind, &like, x.id, -1);
    if (node) {
        node->window = w;
        node->exclude_padding = o.exclude_padding != 0;
    }
    return graph_last(g, node);
}

hone_var hone_nn_max_pool(hone_graph *g, hone_var x, const struct hone_pool *options)
{
    return pool(g, x, options, NODE_MAX_POOL, "max_pool");
}

hone_var hone_nn_average_pool(hone_graph *g, hone_var x, const struct hone_pool *options)
{
    return pool(g, x, options, NODE_AVERAGE_POOL, "average_pool");
}

hone_var hone_nn_global_average_pool(hone_graph *g, hone_var x)
{
    struct node like;
    char text[SHAPE_TEXT];
    if (!graph_usable(g, x, "global_average_pool"))
        return NO_VAR;
    const struct node *from = &g->nodes[x.id];
    if (from->n_dims < 2) {
        graph_fail(g, HONE_EINVAL, "", "global_average_pool: takes (N, C, ...), got %s",
                   shape_text(from->dims, from->n_dims, text));
        return NO_VAR;
    }
    if (!graph_shape(g, &like, from->dims, 1, false, "global_average_pool") || (x = graph_channels_last(g, x)).id < 0)
        return NO_VAR;
    return graph_last(g, graph_append(g, NODE_GLOBAL_AVERAGE_POOL, &like, x.id, -1));
}

/* ---- as oneDNN sees it ---- */
static void image_of(const struct node *node, int64_t size[2])
{
    size[0] = node->n_dims == 3 ? node->dims[1] : 1;
    size[1] = node->dims[node->n_dims - 1];
}

struct conv_shape graph_conv_shape(const struct node *layer, const struct node *source, int64_t batch, bool bfloat16)
{
    const bool adjoint = layer->kind == NODE_CONV_TRANSPOSE;
    const struct node *x = adjoint ? layer : source, *y = adjoint ? source : layer;
    struct conv_shape s = { .batch = batch,
                            .channels = x->dims[0],
                            .filters = y->dims[0],
                            .groups = layer->window.groups,
                            .bias = !adjoint && layer->bias >= 0,
                            .bfloat16 = bfloat16 };
    image_of(x, s.in);
    image_of(y, s.out);
    memcpy(s.kernel, layer->window.kernel, sizeof s.kernel);
    memcpy(s.stride, layer->window.stride, sizeof s.stride);
    memcpy(s.pad, layer->window.pad, sizeof s.pad);
    memcpy(s.dilation, layer->window.dilation, sizeof s.dilation);
    return s;
}

enum own_conv graph_own_conv(const hone_graph *g, const struct node *layer, const struct conv_shape *shape)
{
    if (layer->kind != NODE_CONV || g->direct)
        return OWN_NONE;
    if (g->precision == HONE_FLOAT32)
        return winograd_runs() && winograd_pays(shape) ? OWN_WINOGRAD : OWN_NONE;
    return amx_runs() && amx_takes(shape) ? OWN_AMX : OWN_NONE;
}
