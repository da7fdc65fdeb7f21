/* SPDX-License-Identifier: MIT */
/* What batch norm becomes, together with the addition and the relu behind it: relu(norm(x)), norm(x) + r and relu(norm(x) + r)
 * are one pass, forward and backward. Its operation stands where the last of them stands, so that r is there. */
#include "lower.h"

enum { RELU = 1, FROZEN = 2 };
enum { X, Y, WEIGHT, BIAS, MEAN, VARIANCE, SAVED, RESIDUAL, SCRATCH };
enum { B_DY, B_X, B_Y, B_G, B_DX, B_WEIGHT, B_BIAS, B_SAVED, B_DPARAMETERS, B_SCRATCH };

static struct batch_norm kernel_of(const struct op *op)
{
    const struct batch_norm n = { .rows = op->rows,
                                  .channels = op->columns,
                                  .epsilon = op->epsilon,
                                  .momentum = op->momentum,
                                  .threads = op->threads,
                                  .relu = (op->flags & RELU) != 0,
                                  .frozen = (op->flags & FROZEN) != 0,
                                  .half = op->half };
    return n;
}

static int run_norm(const struct op *op, uint64_t step)
{
    struct batch_norm n = kernel_of(op);
    (void)step;
    n.weight = op->p[WEIGHT];
    n.bias = op->p[BIAS];
    n.running_mean = op->p[MEAN];
    n.running_var = op->p[VARIANCE];
    if (n.frozen)
        kernel_batch_norm_frozen(&n, op->p[SAVED]);
    if (op->p[SAVED] && !n.frozen)
        kernel_batch_norm(&n, op->p[X], op->p[RESIDUAL], op->p[Y], op->p[SAVED], op->p[SCRATCH]);
    else
        kernel_batch_norm_infer(&n, op->p[X], op->p[RESIDUAL], op->p[Y], op->p[SCRATCH]);
    return 0;
}

static int run_norm_backward(const struct op *op, uint64_t step)
{
    struct batch_norm n = kernel_of(op);
    (void)step;
    n.weight = op->p[B_WEIGHT];
    n.bias = op->p[B_BIAS];
    kernel_batch_norm_backward(&n, op->p[B_DY], op->p[B_X], op->p[B_Y], op->p[B_G], op->p[B_DX], op->p[B_SAVED],
                               op->dweight, op->dbias, op->p[B_SCRATCH], op->accumulate);
    return 0;
}

/* Channels, also of one channel or of one pixel. */
static int64_t channels(const struct lowering *l, int32_t id)
{
    return l->nodes[id].dims[0];
}

static int32_t buffer_of(struct lowering *l, int32_t buffer)
{
    hone_parameter *p = l->net->graph->buffers[buffer];
    return lower_buffer(l, p->length * sizeof(float), p->value);
}

/* The operation of batch norm id, whose result is that of node `as`; residual -1: none. */
static void emit_norm(struct lowering *l, int32_t id, int32_t as, int32_t residual, bool relu)
{
    const struct node *node = &l->nodes[id];
    const int32_t x = lower_source(l, id, 0);
    const int64_t c = channels(l, id);
    struct op op = lower_op(run_norm, l->net->batch * node->elements / c, c);
    op.epsilon = node->epsilon;
    op.momentum = node->rate;
    op.flags = (relu ? RELU : 0) | (l->training && !l->noisy ? FROZEN : 0);
    op.half = l->halved[id];
    if (l->training) {
        lower_value(l, as);
        lower_keep(l, x);
        op.buffer[SAVED] = l->extra[id] = lower_buffer(l, 2 * (uint64_t)c * sizeof(float), NULL);
    } else
        lower_value_in_place(l, as, x);
    op.buffer[X] = l->value[x];
    op.buffer[Y] = l->value[as];
    op.buffer[WEIGHT] = lower_parameter(l, node->kernel, false);
    op.buffer[BIAS] = lower_parameter(l, node->bias, false);
    op.buffer[MEAN] = buffer_of(l, node->running);
    op.buffer[VARIANCE] = buffer_of(l, node->running + 1);
    op.buffer[RESIDUAL] = residual >= 0 ? l->value[residual] : -1;
    op.buffer[SCRATCH] = lower_buffer(l, kernel_batch_norm_scratch(c, (int32_t)l->net->graph->threads), NULL);
    lower_emit(l, &op);
}

/* Who computes what: the batch norm's add or relu, and that one's relu, know the batch norm. */
void batch_norm_forward(struct lowering *l, int32_t id)
{
    const int32_t reader = lower_only_reader(l, id);
    if (reader >= 0 && l->nodes[reader].kind == NODE_RELU) {
        l->norm[id] = reader;
        l->norm[reader] = id;
        return;
    }
    if (reader >= 0 && l->nodes[reader].kind == NODE_ADD && l->norm[reader] < 0 &&
        lower_source(l, reader, 0) != lower_source(l, reader, 1)) {
        const int32_t relu = lower_only_reader(l, reader);
        l->norm[id] = reader;
        l->norm[reader] = id;
        if (relu >= 0 && l->nodes[relu].kind == NODE_RELU) {
            l->norm[relu] = id;
            l->norm[id] = relu;
        }
        return;
    }
    emit_norm(l, id, id, -1, false);
}

/* The branch that is added to batch norm id before node `last`, or -1. */
static int32_t residual_of(const struct lowering *l, int32_t id, int32_t last)
{
    const int32_t add = l->nodes[last].kind == NODE_ADD ? last : lower_source(l, last, 0);
    if (l->nodes[add].kind != NODE_ADD)
        return -1;
    const int32_t a = lower_source(l, add, 0), b = lower_source(l, add, 1);
    return a == id ? b : a;
}

void normed_forward(struct lowering *l, int32_t id)
{
    const int32_t norm = l->norm[id];
    if (l->norm[norm] != id) /* the add: its relu will do it */
        return;
    const int32_t residual = residual_of(l, norm, id);
    const bool relu = l->nodes[id].kind == NODE_RELU;
    emit_norm(l, norm, id, residual, relu);
    if (relu && residual >= 0 && l->wants_gradient[id])
        lower_keep(l, id);
}

/* From the gradient of node `last`, which batch norm id computes. */
static void emit_backward(struct lowering *l, int32_t id, int32_t last, int32_t residual, bool relu)
{
    const struct node *node = &l->nodes[id];
    const int32_t x = lower_source(l, id, 0), dy = l->gradient[last];
    const int64_t c = channels(l, id);
    const bool masked = relu && residual >= 0;
    struct op op = lower_op(run_norm_backward, l->net->batch * node->elements / c, c);
    int32_t g = dy, dx = -1;
    if (l->failed)
        return;
    if (masked && l->program->buffers[dy].readers > 1) /* somebody else will read dy as it is */
        g = lower_fresh_gradient(l, last);
    const bool in_place = !(residual >= 0 && l->wants_gradient[residual]) && l->gradient[x] < 0 &&
                          l->wants_gradient[x] && l->program->buffers[g].readers == 1;
    if (in_place)
        dx = g;
    else if (l->wants_gradient[x])
        dx = lower_fresh_gradient(l, x);
    op.epsilon = node->epsilon;
    op.flags = (relu ? RELU : 0) | (l->noisy ? 0 : FROZEN);
    op.half = l->halved[id];
    op.buffer[B_DY] = dy;
    op.buffer[B_X] = l->value[x];
    op.buffer[B_Y] = masked ? l->value[last] : -1;
    op.buffer[B_G] = masked ? g : -1;
    op.buffer[B_DX] = dx;
    op.buffer[B_WEIGHT] = lower_parameter(l, node->kernel, false);
    op.buffer[B_BIAS] = lower_parameter(l, node->bias, false);
    op.buffer[B_SAVED] = l->extra[id];
    op.buffer[B_SCRATCH] = lower_buffer(l, kernel_batch_norm_scratch(c, (int32_t)l->net->graph->threads), NULL);
    op.dweight = l->net->graph->parameters[node->kernel]->gradient;
    op.dbias = l->net->graph->parameters[node->bias]->gradient;
    lower_emit(l, &op);
    if (residual >= 0)
        lower_contribute(l, residual, g);
    if (in_place) {
        l->gradient[x] = dx;
        if (g != dy)
            lower_consumed(l, dy);
        return;
    }
    if (dx >= 0)
        lower_give(l, x, dx);
    lower_consumed(l, dy);
    if (g != dy)
        lower_consumed(l, g);
}

void batch_norm_backward(struct lowering *l, int32_t id)
{
    emit_backward(l, id, id, -1, false);
}

void normed_backward(struct lowering *l, int32_t id)
{
    const int32_t norm = l->norm[id];
    if (l->norm[norm] == id)
        emit_backward(l, norm, id, residual_of(l, norm, id), l->nodes[id].kind == NODE_RELU);
}
