/* SPDX-License-Identifier: MIT */
/* What each kind of node becomes: the operations of its forward and of its backward pass, here or in another layers_*.c. A new
 * layer is a row of the table at the end. */
#include "lower.h"

static int64_t elements(const struct lowering *l, int32_t id)
{
    return l->nodes[id].elements;
}

/* ---- dense ---- */
static int run_primitive(const struct op *op, uint64_t step)
{
    (void)step;
    return call_run(op->call);
}

enum { LINE = 32 }; /* numbers of a cache line or two, which threads do not share */

static int64_t size_of(const struct op *op)
{
    return op->rows * op->columns;
}

/* Threads take columns each: their sums need no second pass, and do not depend on the number of threads. */
static void part_column_sums(const struct op *op, int64_t from, int64_t to)
{
    if (op->half)
        half_kernels()->column_sums(op_half(op, 0) + from, op->p[1] + from, op->rows, to - from, op->columns);
    else
        kernel_column_sums(op->p[0] + from, op->p[1] + from, op->rows, to - from, op->columns);
}

int lower_run_column_sums(const struct op *op, uint64_t step)
{
    (void)step;
    return op_spread(op, op->columns, LINE, size_of(op), part_column_sums);
}

static void part_bias_relu(const struct op *op, int64_t from, int64_t to)
{
    if (op->half)
        half_kernels()->bias_relu(op_half(op, 0) + from * op->columns, op->p[1], to - from, op->columns);
    else
        kernel_bias_relu(op->p[0] + from * op->columns, op->p[1], to - from, op->columns);
}

static int run_bias_relu(const struct op *op, uint64_t step)
{
    (void)step;
    return op_spread(op, op->rows, 1, size_of(op), part_bias_relu);
}

int64_t lower_columns(const struct lowering *l, int32_t id)
{
    const struct node *node = &l->nodes[id];
    if (node->kind == NODE_CONV || node->kind == NODE_CONV_TRANSPOSE)
        return node->dims[0]; /* of one channel, or one pixel, too */
    return node->channels ? node->channels : node->elements;
}

int64_t lower_rows(const struct lowering *l, int32_t id)
{
    return l->net->batch * (elements(l, id) / lower_columns(l, id));
}

void lower_primitive(struct lowering *l, struct primitive *primitive, int32_t a, int32_t b, int32_t c, int32_t d)
{
    struct op op = lower_op(run_primitive, 0, 0);
    const uint64_t scratch = primitive_scratch_bytes(primitive);
    op.primitive = primitive;
    op.buffer[0] = a;
    op.buffer[1] = b;
    op.buffer[2] = c;
    op.buffer[3] = d;
    if (scratch)
        op.buffer[PRIMITIVE_SCRATCH] = lower_buffer(l, scratch, NULL);
    lower_emit(l, &op);
}

/* c = a * b [+ bias], buffers */
static void emit_matmul(struct lowering *l, int32_t id, const struct matmul_shape *shape, int32_t a, int32_t b,
                        int32_t c, int32_t bias)
{
    struct matmul_shape typed = *shape;
    struct primitive *product;
    if (l->failed)
        return;
    typed.bfloat16 = graph_halves(l->net->graph);
    if (matmul_create(&typed, l->nodes[id].name, &product, l->err) < 0) {
        l->failed = true;
        return;
    }
    l->program->flops += 2.0 * (double)shape->m * (double)shape->n * (double)shape->k;
    lower_primitive(l, product, a, b, c, bias);
}

/* The relu that alone reads node id, or -1. */
int32_t lower_only_relu(const struct lowering *l, int32_t id)
{
    const int32_t reader = lower_only_reader(l, id);
    return reader >= 0 && l->nodes[reader].kind == NODE_RELU ? reader : -1;
}

/* As the products read them, in both passes. */
static int32_t dense_weights(struct lowering *l, const struct node *node)
{
    const int32_t own = lower_parameter(l, node->kernel, false);
    return lower_halved(l, own, (int64_t)l->net->graph->parameters[node->kernel]->length);
}

/* ---- dense, our own: on AMX ---- */
static int run_amx_forward(const struct op *op, uint64_t step)
{
    (void)step;
    amx_dense_forward(&op->amx_dense, op->p[0], op->p[1], op->p[3], op->p[2], op->p[PRIMITIVE_SCRATCH]);
    return 0;
}

static int run_amx_data(const struct op *op, uint64_t step)
{
    (void)step;
    amx_dense_data(&op->amx_dense, op->p[0], op->p[1], op->p[2], op->accumulate, op->p[PRIMITIVE_SCRATCH]);
    return 0;
}

static int run_amx_weights(const struct op *op, uint64_t step)
{
    (void)step;
    amx_dense_weights(&op->amx_dense, op->p[0], op->p[1], op->p[2], op->p[PRIMITIVE_SCRATCH]);
    return 0;
}

static bool is_amx(const struct lowering *l)
{
    return graph_halves(l->net->graph) && !l->net->graph->direct && amx_runs();
}

/* An operation of dense layer id on operands a, b -> c; relu: the node that it computes, too, or -1. */
static struct op amx_op(struct lowering *l, int32_t id, enum amx_dense_pass pass, int32_t relu, int32_t a, int32_t b,
                        int32_t c)
{
    static int (*const runs[])(const struct op *, uint64_t) = { run_amx_forward, run_amx_data, run_amx_weights };
    const int32_t x = lower_source(l, id, 0);
    const struct amx_dense d = { .rows = l->net->batch,
                                 .in = elements(l, x),
                                 .out = elements(l, id),
                                 .threads = (int32_t)l->net->graph->threads,
                                 .half_x = l->halved[x],
                                 .half_y = l->halved[id],
                                 .relu = relu >= 0 };
    struct op op = lower_op(runs[pass], 0, 0);
    op.amx_dense = d;
    op.buffer[0] = a;
    op.buffer[1] = b;
    op.buffer[2] = c;
    op.buffer[PRIMITIVE_SCRATCH] = lower_buffer(l, amx_dense_scratch(&d, pass), NULL);
    l->program->flops += 2.0 * (double)d.rows * (double)d.in * (double)d.out;
    return op;
}

/* The relu that follows is done with the bias. */
static void amx_forward(struct lowering *l, int32_t id)
{
    const struct node *node = &l->nodes[id];
    const int32_t x = lower_source(l, id, 0), relu = lower_only_relu(l, id);
    lower_keep(l, x);
    l->value[id] = lower_value(l, relu >= 0 ? relu : id);
    struct op op = amx_op(l, id, DENSE_FORWARD, relu, l->value[x], lower_parameter(l, node->kernel, false),
                          l->value[id]);
    op.buffer[3] = node->bias >= 0 ? lower_parameter(l, node->bias, false) : -1;
    lower_emit(l, &op);
    if (relu >= 0) {
        l->fused[relu] = true;
        if (l->wants_gradient[relu])
            lower_keep(l, relu);
    }
}

static void amx_backward(struct lowering *l, int32_t id)
{
    const struct node *node = &l->nodes[id];
    const int32_t x = lower_source(l, id, 0), dy = l->gradient[id];
    const struct op weights = amx_op(l, id, DENSE_WEIGHTS, -1, dy, l->value[x], lower_parameter(l, node->kernel, true));
    lower_emit(l, &weights);
    if (l->wants_gradient[x]) {
        bool accumulate;
        const int32_t dx = lower_gradient_target(l, x, &accumulate);
        struct op data = amx_op(l, id, DENSE_DATA, -1, dy, lower_parameter(l, node->kernel, false), dx);
        data.accumulate = accumulate;
        lower_emit(l, &data);
    }
    lower_consumed(l, dy);
}

/* ---- dense ---- */
/* y = x W' + b     x: (N, in)  W: (out, in)  b: (out)  y: (N, out). A relu that follows adds the bias in its own pass. */
static void dense_forward(struct lowering *l, int32_t id)
{
    if (is_amx(l)) {
        amx_forward(l, id);
        return;
    }
    const struct node *node = &l->nodes[id];
    const int32_t x = lower_source(l, id, 0), relu = node->bias >= 0 ? lower_only_relu(l, id) : -1;
    const int32_t bias = node->bias >= 0 ? lower_parameter(l, node->bias, false) : -1;
    struct matmul_shape shape = { .m = l->net->batch,
                                  .n = node->elements,
                                  .k = elements(l, x),
                                  .b_transposed = true,
                                  .bias = bias >= 0 && relu < 0 };
    const int32_t from = lower_operand(l, x);
    shape.half = l->halved[id];
    lower_value(l, relu >= 0 ? relu : id);
    if (relu >= 0)
        l->value[id] = l->value[relu];
    l->extra[id] = dense_weights(l, node);
    emit_matmul(l, id, &shape, from, l->extra[id], l->value[id], shape.bias ? bias : -1);
    if (relu >= 0) {
        struct op op = lower_op(run_bias_relu, l->net->batch, node->elements);
        op.half = l->halved[id];
        op.buffer[0] = l->value[id];
        op.buffer[1] = bias;
        lower_emit(l, &op);
        l->fused[relu] = true;
        if (l->wants_gradient[relu])
            lower_keep(l, relu);
    }
}

/* dW = dy' x, db = column sums of dy, dx = dy W */
static void dense_backward(struct lowering *l, int32_t id)
{
    const struct node *node = &l->nodes[id];
    const int32_t x = lower_source(l, id, 0), dy = l->gradient[id];
    const int64_t n = l->net->batch, in = elements(l, x), out = node->elements;
    if (node->bias >= 0 && !l->bias_done[id]) {
        struct op op = lower_op(lower_run_column_sums, n, out);
        op.half = l->halved[id];
        op.buffer[0] = dy;
        op.buffer[1] = lower_parameter(l, node->bias, true);
        lower_emit(l, &op);
    }
    if (is_amx(l)) {
        amx_backward(l, id);
        return;
    }
    const struct matmul_shape weights = { .m = out, .n = in, .k = n, .a_transposed = true };
    const int32_t from = lower_operand_gradient(l, id);
    emit_matmul(l, id, &weights, from, lower_operand(l, x), lower_parameter(l, node->kernel, true), -1);
    if (l->wants_gradient[x]) {
        struct matmul_shape data = { .m = n, .n = in, .k = out, .half = l->halved[x] };
        const int32_t dx = lower_gradient_target(l, x, &data.accumulate);
        emit_matmul(l, id, &data, from, l->extra[id], dx, -1);
    }
    lower_consumed(l, dy);
}

/* ---- in place ---- */
void lower_value_in_place(struct lowering *l, int32_t id, int32_t x)
{
    if (lower_may_overwrite(l, x) && !lower_is_result(l, id))
        l->value[id] = l->value[x];
    else
        lower_value(l, id);
}

int32_t lower_gradient_in_place(struct lowering *l, int32_t id, int32_t x, bool *accumulate)
{
    const int32_t dy = l->gradient[id];
    *accumulate = false;
    if (l->failed)
        return -1;
    if (l->gradient[x] < 0 && l->program->buffers[dy].readers == 1)
        return l->gradient[x] = dy; /* consumed here, and held for x from here on */
    const int32_t dx = lower_gradient_target(l, x, accumulate);
    lower_consumed(l, dy);
    return dx;
}

/* ---- add ---- */
static void add_forward(struct lowering *l, int32_t id)
{
    const int32_t a = lower_source(l, id, 0), b = lower_source(l, id, 1);
    if (l->norm[id] >= 0) {
        normed_forward(l, id);
        return;
    }
    lower_value_in_place(l, id, a);
    lower_add(l, id, l->value[a], l->value[b], l->value[id]);
}

static void add_backward(struct lowering *l, int32_t id)
{
    const int32_t dy = l->gradient[id];
    if (l->nodes[id].is_loss)
        return; /* the weights of the losses have said it */
    if (l->norm[id] >= 0) {
        normed_backward(l, id);
        return;
    }
    lower_contribute(l, lower_source(l, id, 0), dy);
    lower_contribute(l, lower_source(l, id, 1), dy);
    lower_consumed(l, dy);
}

/* ---- losses and outputs ---- */
static void part_softmax_cross_entropy(const struct op *op, int64_t from, int64_t to)
{
    const int64_t at = from * op->columns;
    kernel_softmax_cross_entropy(op->p[0] + at, op->p[1] + at, op->p[2] + from, op->p[3] ? op->p[3] + at : NULL,
                                 to - from, op->columns, op->scalar);
}

static int run_softmax_cross_entropy(const struct op *op, uint64_t step)
{
    enum { DEAR = 8 }; /* an exponential against an addition */
    (void)step;
    return op_spread(op, op->rows, LINE, DEAR * size_of(op), part_softmax_cross_entropy);
}

static int run_mse(const struct op *op, uint64_t step)
{
    (void)step;
    kernel_mse(op->p[0], op->p[1], op->p[2], op->p[3], op->rows, op->columns, op->scalar);
    return 0;
}

static int run_softmax(const struct op *op, uint64_t step)
{
    (void)step;
    kernel_softmax(op->p[0], op->p[1], op->rows, op->columns);
    return 0;
}

static void loss_forward(struct lowering *l, int32_t id)
{
    const int32_t x = lower_source(l, id, 0);
    struct op op = lower_op(l->nodes[id].kind == NODE_MSE ? run_mse : run_softmax_cross_entropy, l->net->batch,
                            elements(l, x));
    op.scalar = l->weight[id];
    op.buffer[0] = l->value[x];
    op.buffer[1] = l->value[lower_source(l, id, 1)];
    op.buffer[2] = lower_value(l, id);
    if (l->wants_gradient[x])
        op.buffer[3] = l->extra[id] = lower_buffer(
            l, (uint64_t)l->net->batch * (uint64_t)elements(l, x) * sizeof(float), NULL);
    lower_emit(l, &op);
}

static void loss_backward(struct lowering *l, int32_t id)
{
    if (l->extra[id] < 0)
        return;
    lower_contribute(l, lower_source(l, id, 0), l->extra[id]);
    lower_consumed(l, l->extra[id]);
}

static void softmax_forward(struct lowering *l, int32_t id)
{
    struct op op = lower_op(run_softmax, l->net->batch, elements(l, id));
    op.buffer[0] = l->value[lower_source(l, id, 0)];
    op.buffer[1] = lower_value(l, id);
    lower_emit(l, &op);
}

static void input_forward(struct lowering *l, int32_t id)
{
    l->value[id] = lower_buffer(l, (uint64_t)l->net->batch * (uint64_t)elements(l, id) * sizeof(float),
                                l->net->inputs[id]);
}

/* flatten never gets here: it is another name for its source */
static const struct layer {
    void (*forward)(struct lowering *l, int32_t id);
    void (*backward)(struct lowering *l, int32_t id); /* its own gradient is complete */
} layers[NODE_KINDS] = {
    [NODE_INPUT] = { input_forward, NULL },
    [NODE_DENSE] = { dense_forward, dense_backward },
    [NODE_RELU] = { activation_forward, activation_backward },
    [NODE_TANH] = { activation_forward, activation_backward },
    [NODE_SIGMOID] = { activation_forward, activation_backward },
    [NODE_GELU] = { activation_forward, activation_backward },
    [NODE_DROPOUT] = { dropout_forward, dropout_backward },
    [NODE_ADD] = { add_forward, add_backward },
    [NODE_CONV] = { conv_forward, conv_backward },
    [NODE_CONV_TRANSPOSE] = { conv_transpose_forward, conv_transpose_backward },
    [NODE_MAX_POOL] = { max_pool_forward, max_pool_backward },
    [NODE_AVERAGE_POOL] = { average_pool_forward, average_pool_backward },
    [NODE_GLOBAL_AVERAGE_POOL] = { global_average_forward, global_average_backward },
    [NODE_BATCH_NORM] = { batch_norm_forward, batch_norm_backward },
    [NODE_LEAKY_RELU] = { activation_forward, activation_backward },
    [NODE_SWISH] = { activation_forward, activation_backward },
    [NODE_LAYER_NORM] = { group_norm_forward, group_norm_backward },
    [NODE_GROUP_NORM] = { group_norm_forward, group_norm_backward },
    [NODE_CONCAT] = { concat_forward, concat_backward },
    [NODE_PERMUTE] = { permute_forward, permute_backward },
    [NODE_UPSAMPLE] = { upsample_forward, upsample_backward },
    [NODE_EMBEDDING] = { embedding_forward, embedding_backward },
    [NODE_LAYOUT] = { layout_forward, layout_backward },
    [NODE_SOFTMAX_CROSS_ENTROPY] = { loss_forward, loss_backward },
    [NODE_MSE] = { loss_forward, loss_backward },
    [NODE_SOFTMAX] = { softmax_forward, NULL },
    [NODE_NOISE] = { noise_forward, noise_backward },
    [NODE_PENALTY] = { penalty_forward, penalty_backward },
};

void lower_forward(struct lowering *l, int32_t id)
{
    layers[l->nodes[id].kind].forward(l, id);
}

void lower_backward(struct lowering *l, int32_t id)
{
    if (layers[l->nodes[id].kind].backward && (l->nodes[id].is_loss || l->gradient[id] >= 0))
        layers[l->nodes[id].kind].backward(l, id);
}
