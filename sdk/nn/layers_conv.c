/* SPDX-License-Identifier: MIT */
/* What convolutions become. The weights lie in the layout that their gradient comes in; a pass that wants another one reads
 * a reordered copy, which is small against the pass. A transposed convolution is the adjoint of a convolution: its forward
 * pass is that one's backward pass to the data, and the other way round. */
#include "lower.h"

static struct primitive *make(struct lowering *l, int32_t id, const struct conv_shape *shape, enum conv_pass pass)
{
    struct primitive *conv = NULL;
    if (!l->failed && conv_create(shape, pass, l->nodes[id].name, &conv, l->err) < 0)
        l->failed = true;
    return conv;
}

static void count(struct lowering *l, const struct conv_shape *s)
{
    const int64_t heard = s->channels / s->groups; /* channels that a filter sees */
    l->program->flops += 2.0 * (double)s->batch * (double)(s->out[0] * s->out[1]) * (double)s->filters * (double)heard *
                         (double)(s->kernel[0] * s->kernel[1]);
}

static const struct layout *layout_of(const struct lowering *l, int32_t id)
{
    return l->net->graph->storage[l->nodes[id].kernel].layout;
}

static void emit_reorder(struct lowering *l, int32_t id, const struct layout *from, const struct layout *to,
                         int32_t source, int32_t target)
{
    struct primitive *reorder = NULL;
    if (l->failed)
        return;
    if (reorder_create(from, to, l->nodes[id].name, &reorder, l->err) < 0)
        l->failed = true;
    else
        lower_primitive(l, reorder, source, target, -1, -1);
}

/* The weights as a primitive wants them. */
static int32_t weights_for(struct lowering *l, int32_t id, const struct primitive *conv)
{
    const int32_t own = lower_parameter(l, l->nodes[id].kernel, false);
    const struct layout *now = layout_of(l, id), *wanted = primitive_weights(conv);
    int32_t copy = own;
    if (l->failed)
        return own;
    if (!layout_same(now, wanted)) { /* float32 to bfloat16 is part of it */
        copy = lower_buffer(l, layout_bytes(wanted), NULL);
        emit_reorder(l, id, now, wanted, own, copy);
    }
    return graph_halves(l->net->graph) ? copy : lower_halved(l, copy, (int64_t)(layout_bytes(wanted) / sizeof(float)));
}

/* Forward (x, w, y, b) and data (dy, w, dx) passes. */
static void emit(struct lowering *l, int32_t id, const struct conv_shape *shape, enum conv_pass pass, int32_t from,
                 int32_t to, int32_t bias)
{
    struct primitive *conv = make(l, id, shape, pass);
    if (!conv)
        return;
    const int32_t weights = weights_for(l, id, conv);
    count(l, shape);
    lower_primitive(l, conv, from, weights, to, bias);
}

/* dw (and db) from dy and x. */
static void emit_weights(struct lowering *l, int32_t id, const struct conv_shape *shape, int32_t dy, int32_t x,
                         int32_t bias)
{
    struct primitive *conv = make(l, id, shape, CONV_WEIGHTS);
    if (!conv)
        return;
    const struct layout *now = layout_of(l, id);
    struct layout *made = layout_clone(primitive_weights(conv));
    const int32_t own = lower_parameter(l, l->nodes[id].kernel, true);
    if (!made)
        l->failed = true;
    const bool same = !l->failed && layout_same(now, made);
    const int32_t target = l->failed || same ? own : lower_buffer(l, layout_bytes(made), NULL);
    count(l, shape);
    lower_primitive(l, conv, dy, x, target, bias);
    if (!l->failed && !same)
        emit_reorder(l, id, made, now, target, own);
    layout_destroy(made);
}

/* ---- our own: by Winograd ---- */
static int run_winograd(const struct op *op, uint64_t step)
{
    (void)step;
    winograd_forward(&op->winograd, op->p[0], op->p[1], op->p[3], op->p[2], op->p[PRIMITIVE_SCRATCH]);
    return 0;
}

static int run_winograd_data(const struct op *op, uint64_t step)
{
    (void)step;
    winograd_data(&op->winograd, op->p[0], op->p[1], op->p[2], op->accumulate, op->p[PRIMITIVE_SCRATCH]);
    return 0;
}

static int run_winograd_weights(const struct op *op, uint64_t step)
{
    (void)step;
    winograd_weights(&op->winograd, op->p[0], op->p[1], op->p[2], op->p[PRIMITIVE_SCRATCH]);
    return 0;
}

/* The operands are those of conv_create's passes; a gradient of the bias is another operation. */
static void emit_winograd(struct lowering *l, const struct conv_shape *shape, enum winograd_pass pass, int32_t a,
                          int32_t b, int32_t c, int32_t bias, bool accumulate)
{
    static int (*const runs[])(const struct op *, uint64_t) = { run_winograd, run_winograd_data, run_winograd_weights };
    struct op op = lower_op(runs[pass], 0, 0);
    op.winograd = winograd_of(shape, l->net->graph->threads);
    if (pass == WINOGRAD_DATA)
        op.winograd = winograd_adjoint(&op.winograd);
    op.accumulate = accumulate;
    op.buffer[0] = a;
    op.buffer[1] = b;
    op.buffer[2] = c;
    op.buffer[3] = bias;
    op.buffer[PRIMITIVE_SCRATCH] = lower_buffer(l, winograd_scratch(&op.winograd, pass), NULL);
    count(l, shape);
    lower_emit(l, &op);
}

/* The gradient of node id's bias: sums of dy. */
static void emit_bias_gradient(struct lowering *l, int32_t id, int32_t dy)
{
    struct op op = lower_op(lower_run_column_sums, lower_rows(l, id), lower_columns(l, id));
    op.half = l->halved[id];
    op.buffer[0] = dy;
    op.buffer[1] = lower_parameter(l, l->nodes[id].bias, true);
    lower_emit(l, &op);
}

static void winograd_backward(struct lowering *l, int32_t id, const struct conv_shape *shape)
{
    const struct node *node = &l->nodes[id];
    const int32_t x = lower_source(l, id, 0), dy = l->gradient[id];
    if (node->bias >= 0 && !l->bias_done[id])
        emit_bias_gradient(l, id, dy);
    emit_winograd(l, shape, WINOGRAD_WEIGHTS, dy, lower_operand(l, x), lower_parameter(l, node->kernel, true), -1,
                  false);
    if (l->wants_gradient[x]) {
        bool accumulate;
        const int32_t dx = lower_gradient_target(l, x, &accumulate);
        emit_winograd(l, shape, WINOGRAD_DATA, dy, lower_parameter(l, node->kernel, false), dx, -1, accumulate);
    }
    lower_consumed(l, dy);
}

/* ---- our own: on AMX ---- */
static int run_amx_forward(const struct op *op, uint64_t step)
{
    (void)step;
    amx_conv_forward(&op->amx_conv, op->p[0], op->p[1], op->p[3], op->p[2], op->p[PRIMITIVE_SCRATCH]);
    return 0;
}

static int run_amx_backward(const struct op *op, uint64_t step)
{
    (void)step;
    amx_conv_backward(&op->amx_conv, op->p[0], op->p[1], op->p[2], op->p[3], op->accumulate, op->p[5],
                      op->p[PRIMITIVE_SCRATCH]);
    return 0;
}

/* As the values of its input and its own lie in memory. */
static struct amx_conv amx_of(const struct lowering *l, int32_t id, const struct conv_shape *shape)
{
    struct amx_conv c = amx_conv_of(shape, l->net->graph->threads);
    c.half_x = l->halved[lower_source(l, id, 0)];
    c.half_y = l->halved[id];
    return c;
}

static void amx_forward(struct lowering *l, int32_t id, const struct conv_shape *shape)
{
    const struct node *node = &l->nodes[id];
    const int32_t x = lower_source(l, id, 0);
    struct op op = lower_op(run_amx_forward, 0, 0);
    const int32_t relu = lower_only_relu(l, id), pool = relu >= 0 ? lower_only_reader(l, relu) : -1;
    op.amx_conv = amx_of(l, id, shape);
    /* a max pool behind the relu takes that of a quarter of the numbers, forward and backward */
    op.amx_conv.relu = relu >= 0 && !(pool >= 0 && l->nodes[pool].kind == NODE_MAX_POOL);
    lower_keep(l, x);
    op.buffer[0] = l->value[x];
    op.buffer[1] = lower_parameter(l, node->kernel, false);
    op.buffer[2] = lower_value(l, op.amx_conv.relu ? relu : id);
    if (op.amx_conv.relu) {
        l->value[id] = l->value[relu];
        l->fused[relu] = true;
        if (l->wants_gradient[relu])
            lower_keep(l, relu);
    }
    op.buffer[3] = node->bias >= 0 ? lower_parameter(l, node->bias, false) : -1;
    op.buffer[PRIMITIVE_SCRATCH] = lower_buffer(l, amx_conv_scratch(&op.amx_conv, false), NULL);
    count(l, shape);
    lower_emit(l, &op);
}

static void amx_backward(struct lowering *l, int32_t id, const struct conv_shape *shape)
{
    const struct node *node = &l->nodes[id];
    const int32_t x = lower_source(l, id, 0), dy = l->gradient[id];
    struct op op = lower_op(run_amx_backward, 0, 0);
    if (node->bias >= 0 && !l->bias_done[id])
        emit_bias_gradient(l, id, dy);
    op.amx_conv = amx_of(l, id, shape);
    op.buffer[0] = dy;
    op.buffer[1] = l->value[x];
    op.buffer[2] = lower_parameter(l, node->kernel, false);
    if (l->wants_gradient[x]) {
        op.buffer[3] = lower_gradient_target(l, x, &op.accumulate);
        count(l, shape);
    }
    op.buffer[5] = lower_parameter(l, node->kernel, true);
    op.buffer[PRIMITIVE_SCRATCH] = lower_buffer(l, amx_conv_scratch(&op.amx_conv, true), NULL);
    count(l, shape);
    lower_emit(l, &op);
    lower_consumed(l, dy);
}

/* ---- as layers ---- */
/* y[n][k][h][w] = sum over c, i, j of x[n][c][h stride + i dilation - pad][...] W[k][c][i][j] + b[k] */
void conv_forward(struct lowering *l, int32_t id)
{
    const struct node *node = &l->nodes[id];
    const int32_t x = lower_source(l, id, 0), bias = node->bias >= 0 ? lower_parameter(l, node->bias, false) : -1;
    const struct conv_shape shape = graph_conv_shape(node, &l->nodes[node->in[0]], l->net->batch,
                                                     graph_halves(l->net->graph));
    const enum own_conv own = graph_own_conv(l->net->graph, node, &shape);
    if (own == OWN_AMX) {
        amx_forward(l, id, &shape);
        return;
    }
    const int32_t from = lower_operand(l, x), y = lower_value(l, id);
    if (own == OWN_WINOGRAD)
        emit_winograd(l, &shape, WINOGRAD_FORWARD, from, lower_parameter(l, node->kernel, false), y, bias, false);
    else
        emit(l, id, &shape, CONV_FORWARD, from, y, bias);
}

void conv_backward(struct lowering *l, int32_t id)
{
    const struct node *node = &l->nodes[id];
    const int32_t x = lower_source(l, id, 0), dy = l->gradient[id];
    struct conv_shape shape = graph_conv_shape(node, &l->nodes[node->in[0]], l->net->batch,
                                               graph_halves(l->net->graph));
    switch (graph_own_conv(l->net->graph, node, &shape)) {
    case OWN_WINOGRAD: winograd_backward(l, id, &shape); return;
    case OWN_AMX: amx_backward(l, id, &shape); return;
    case OWN_NONE: break;
    }
    const int32_t from = lower_operand_gradient(l, id);
    shape.bias = node->bias >= 0 && !l->bias_done[id];
    emit_weights(l, id, &shape, from, lower_operand(l, x), shape.bias ? lower_parameter(l, node->bias, true) : -1);
    shape.bias = false;
    if (l->wants_gradient[x]) {
        const int32_t dx = lower_fresh_gradient(l, x);
        emit(l, id, &shape, CONV_DATA, from, dx, -1);
        lower_give(l, x, dx);
    }
    lower_consumed(l, dy);
}

/* ---- transposed ---- */
static int run_add_bias(const struct op *op, uint64_t step)
{
    (void)step;
    kernel_add_bias(op->p[0], op->p[1], op->rows, op->columns);
    return 0;
}

void conv_transpose_forward(struct lowering *l, int32_t id)
{
    const struct node *node = &l->nodes[id];
    const int32_t x = lower_source(l, id, 0), from = lower_operand(l, x), y = lower_value(l, id);
    const struct conv_shape shape = graph_conv_shape(node, &l->nodes[node->in[0]], l->net->batch,
                                                     graph_halves(l->net->graph));
    emit(l, id, &shape, CONV_DATA, from, y, -1);
    if (node->bias >= 0) {
        struct op op = lower_op(run_add_bias, lower_rows(l, id), lower_columns(l, id));
        op.buffer[0] = y;
        op.buffer[1] = lower_parameter(l, node->bias, false);
        lower_emit(l, &op);
    }
}

void conv_transpose_backward(struct lowering *l, int32_t id)
{
    const struct node *node = &l->nodes[id];
    const int32_t x = lower_source(l, id, 0), dy = l->gradient[id];
    const struct conv_shape shape = graph_conv_shape(node, &l->nodes[node->in[0]], l->net->batch,
                                                     graph_halves(l->net->graph));
    if (node->bias >= 0)
        emit_bias_gradient(l, id, dy);
    const int32_t from = lower_operand_gradient(l, id);
    emit_weights(l, id, &shape, lower_operand(l, x), from, -1);
    if (l->wants_gradient[x]) {
        const int32_t dx = lower_fresh_gradient(l, x);
        emit(l, id, &shape, CONV_FORWARD, from, dx, -1);
        lower_give(l, x, dx);
    }
    lower_consumed(l, dy);
}
