/* SPDX-License-Identifier: MIT */
/* What activations and dropout become. */
#include "lower.h"

#include "hone/rng.h"

enum { LINE = 32 }; /* numbers of a cache line or two, which threads do not share */

static int64_t size_of(const struct op *op)
{
    return op->rows * op->columns;
}

/* ---- activations ---- */
#define RUN_UNARY(name)                                                    \
    static void part_##name(const struct op *op, int64_t from, int64_t to) \
    {                                                                      \
        kernel_##name(op->p[0] + from, op->p[1] + from, to - from);        \
    }                                                                      \
    static int run_##name(const struct op *op, uint64_t step)              \
    {                                                                      \
        (void)step;                                                        \
        return op_spread(op, size_of(op), LINE, size_of(op), part_##name); \
    }
/* more: what the kernel takes behind the length */
#define RUN_BACKWARD(name, ...)                                                                              \
    static void part_##name##_backward(const struct op *op, int64_t from, int64_t to)                        \
    {                                                                                                        \
        kernel_##name##_backward(op->p[0] + from, op->p[1] + from, op->p[2] + from, to - from, __VA_ARGS__); \
    }                                                                                                        \
    static int run_##name##_backward(const struct op *op, uint64_t step)                                     \
    {                                                                                                        \
        (void)step;                                                                                          \
        return op_spread(op, size_of(op), LINE, size_of(op), part_##name##_backward);                        \
    }
RUN_UNARY(tanh)
RUN_UNARY(sigmoid)
RUN_UNARY(gelu)
RUN_UNARY(swish)
RUN_BACKWARD(tanh, op->accumulate)
RUN_BACKWARD(sigmoid, op->accumulate)
RUN_BACKWARD(gelu, op->accumulate)
RUN_BACKWARD(swish, op->accumulate)
RUN_BACKWARD(leaky_relu, op->scalar, op->accumulate)

static void part_relu(const struct op *op, int64_t from, int64_t to)
{
    if (op->half)
        half_kernels()->relu(op_half(op, 0) + from, op_half(op, 1) + from, to - from);
    else
        kernel_relu(op->p[0] + from, op->p[1] + from, to - from);
}

static int run_relu(const struct op *op, uint64_t step)
{
    (void)step;
    return op_spread(op, size_of(op), LINE, size_of(op), part_relu);
}

/* The rate in 1/65536; the scale belongs to the rounded rate, so that the expectation is exact. At 0 nothing is dropped. */
enum { DROPPED_RANGE = 65536 };

static uint32_t dropped_of(double rate)
{
    const double dropped = rate * DROPPED_RANGE + 0.5;
    return !(rate > 0) ? 0 : dropped < 1.0 ? 1 : dropped > DROPPED_RANGE - 1 ? DROPPED_RANGE - 1 : (uint32_t)dropped;
}

static float scale_of(double rate)
{
    return (float)(DROPPED_RANGE / (DROPPED_RANGE - (double)dropped_of(rate)));
}

/* Rates are read from the graph at each step, since they may change. */
static double dropout_rate(const struct op *op)
{
    return op->graph->nodes[op->node].rate;
}

/* Of the dropout that worked in place on a relu. */
static float relu_scale(const struct op *op)
{
    return op->node < 0 ? 1.0f : scale_of(dropout_rate(op));
}

static void part_relu_backward(const struct op *op, int64_t from, int64_t to)
{
    if (op->half)
        half_kernels()->relu_backward(op_half(op, 0) + from, op_half(op, 1) + from, op_half(op, 2) + from, to - from,
                                      op->accumulate);
    else
        kernel_relu_backward(op->p[0] + from, op->p[1] + from, op->p[2] + from, to - from, relu_scale(op),
                             op->accumulate);
}

static int run_relu_backward(const struct op *op, uint64_t step)
{
    (void)step;
    return op_spread(op, size_of(op), LINE, size_of(op), part_relu_backward);
}

static void part_leaky_relu(const struct op *op, int64_t from, int64_t to)
{
    kernel_leaky_relu(op->p[0] + from, op->p[1] + from, to - from, op->scalar);
}

static int run_leaky_relu(const struct op *op, uint64_t step)
{
    (void)step;
    return op_spread(op, size_of(op), LINE, size_of(op), part_leaky_relu);
}

static void part_relu_bias_backward(const struct op *op, int64_t from, int64_t to)
{
    if (op->half) /* no dropout works in place there: the scale is 1 */
        half_kernels()->relu_bias_backward(op_half(op, 0) + from, op_half(op, 1) + from, op_half(op, 2) + from,
                                           op->p[3] + from, op->rows, to - from, op->columns);
    else
        kernel_relu_bias_backward(op->p[0] + from, op->p[1] + from, op->p[2] + from, op->p[3] + from, op->rows,
                                  to - from, op->columns, relu_scale(op));
}

static int run_relu_bias_backward(const struct op *op, uint64_t step)
{
    (void)step;
    return op_spread(op, op->columns, LINE, size_of(op), part_relu_bias_backward);
}

static const struct activation {
    int (*forward)(const struct op *, uint64_t);
    int (*backward)(const struct op *, uint64_t);
    bool from_input; /* the derivative reads the input, not the output */
} activations[NODE_KINDS] = {
    [NODE_RELU] = { run_relu, run_relu_backward, false },
    [NODE_TANH] = { run_tanh, run_tanh_backward, false },
    [NODE_SIGMOID] = { run_sigmoid, run_sigmoid_backward, false },
    [NODE_GELU] = { run_gelu, run_gelu_backward, true },
    [NODE_SWISH] = { run_swish, run_swish_backward, true },
    [NODE_LEAKY_RELU] = { run_leaky_relu, run_leaky_relu_backward, true },
};

void activation_forward(struct lowering *l, int32_t id)
{
    const struct activation *act = &activations[l->nodes[id].kind];
    const int32_t x = lower_source(l, id, 0);
    struct op op = lower_op(act->forward, l->net->batch, l->nodes[id].elements);
    if (l->norm[id] >= 0) {
        normed_forward(l, id);
        return;
    }
    if (l->fused[id])
        return;
    const int32_t pool = l->nodes[id].kind == NODE_RELU ? lower_only_reader(l, id) : -1;
    if (pool >= 0 && l->nodes[pool].kind == NODE_MAX_POOL) { /* which takes the relu of a quarter of the numbers */
        l->value[id] = l->value[x];
        l->fused[id] = l->fused[pool] = true;
        return;
    }
    op.scalar = (float)l->nodes[id].rate;
    op.half = l->halved[id];
    if (act->from_input && l->wants_gradient[id])
        lower_keep(l, x);
    lower_value_in_place(l, id, x);
    op.buffer[0] = l->value[x];
    op.buffer[1] = l->value[id];
    lower_emit(l, &op);
    if (!act->from_input && l->wants_gradient[id])
        lower_keep(l, id);
}

void activation_backward(struct lowering *l, int32_t id)
{
    const struct activation *act = &activations[l->nodes[id].kind];
    const int32_t x = lower_source(l, id, 0), dy = l->gradient[id];
    struct op op = lower_op(act->backward, l->net->batch, l->nodes[id].elements);
    if (l->norm[id] >= 0) {
        normed_backward(l, id);
        return;
    }
    if (!l->wants_gradient[x])
        return;
    const int32_t pool = lower_only_reader(l, id);
    if (pool >= 0 && l->nodes[pool].kind == NODE_MAX_POOL && l->fused[pool]) {
        lower_contribute(l, x, dy);
        lower_consumed(l, dy);
        return;
    }
    op.half = l->halved[id];
    op.buffer[0] = dy;
    op.buffer[1] = l->value[act->from_input ? x : id];
    op.buffer[2] = lower_gradient_in_place(l, id, x, &op.accumulate);
    op.scalar = (float)l->nodes[id].rate;
    op.graph = l->net->graph;
    op.node = l->dropout[id];
    if (l->nodes[id].kind == NODE_RELU && (l->nodes[x].kind == NODE_DENSE || l->nodes[x].kind == NODE_CONV) &&
        l->nodes[x].bias >= 0 && l->uses[x] == 1) {
        op.run = run_relu_bias_backward;
        op.rows = lower_rows(l, x);
        op.columns = lower_columns(l, x);
        op.buffer[3] = lower_parameter(l, l->nodes[x].bias, true);
        l->bias_done[x] = true;
    }
    lower_emit(l, &op);
}

/* ---- dropout ---- */
static const uint64_t MASK_STREAMS = UINT64_C(0x6d61736b); /* "mask": keeps these draws apart from the first weights' */

static int run_dropout(const struct op *op, uint64_t step)
{
    const double rate = dropout_rate(op);
    struct dropout_key key = op->key;
    key.dropped = dropped_of(rate);
    kernel_dropout(op->p[0], op->p[1], (uint8_t *)op->p[2], op->rows * op->columns, &key, step, scale_of(rate));
    return 0;
}

static int run_dropout_backward(const struct op *op, uint64_t step)
{
    (void)step;
    kernel_dropout_backward(op->p[0], (const uint8_t *)op->p[1], op->p[2], op->rows * op->columns,
                            scale_of(dropout_rate(op)), op->accumulate);
    return 0;
}

void dropout_forward(struct lowering *l, int32_t id)
{
    const struct node *node = &l->nodes[id];
    const int32_t x = lower_source(l, id, 0);
    const uint64_t seed = hone_rng_derive(l->net->graph->seed, MASK_STREAMS);
    struct op op = lower_op(run_dropout, l->net->batch, node->elements);
    op.graph = l->net->graph;
    op.node = id;
    op.key = (struct dropout_key){ { (uint32_t)seed, (uint32_t)(seed >> 32) }, node->number, 0 };
    if (l->failed)
        return;
    op.buffer[0] = l->value[x];
    if (l->nodes[x].kind == NODE_RELU && l->uses[x] == 1 && l->wants_gradient[x] && l->norm[x] < 0) {
        /* what is positive was kept: the derivative of relu reads it off the result, no mask is stored */
        l->value[id] = l->value[x];
        l->fused[id] = true;
        l->dropout[x] = id;
    } else {
        lower_value_in_place(l, id, x);
        if (l->wants_gradient[x])
            op.buffer[2] = l->extra[id] = lower_buffer(l, (uint64_t)l->net->batch * (uint64_t)node->elements, NULL);
    }
    op.buffer[1] = l->value[id];
    lower_emit(l, &op);
}

void dropout_backward(struct lowering *l, int32_t id)
{
    const int32_t x = lower_source(l, id, 0), dy = l->gradient[id];
    struct op op = lower_op(run_dropout_backward, l->net->batch, l->nodes[id].elements);
    if (!l->wants_gradient[x])
        return;
    if (l->fused[id]) {
        lower_contribute(l, x, dy);
        lower_consumed(l, dy);
        return;
    }
    op.graph = l->net->graph;
    op.node = id;
    op.buffer[0] = dy;
    op.buffer[1] = l->extra[id];
    op.buffer[2] = lower_gradient_in_place(l, id, x, &op.accumulate);
    lower_emit(l, &op);
}
