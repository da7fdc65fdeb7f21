/* SPDX-License-Identifier: MIT */
/* From a graph to a program: which nodes are needed, which melt into their neighbours, which operations do the forward and
 * the backward pass, in which buffers.
 *
 * Fusions: a dense layer's bias is added inside oneDNN's product, or by the relu that follows in one pass; activations and
 * dropout work in place where nobody needs what they overwrite; relu and the dropout after it have one derivative, read off the
 * result; that derivative and the bias gradient of the dense layer are one pass; a loss makes its gradient while it
 * computes. Where products read bfloat16, values lie in memory as that between the layers that can read and write them so,
 * which spares the bytes and the copies. flatten (and, in inference, dropout) is another name for its input. The gradient of what no parameter lies
 * behind (the data of the first layer) is never computed. */
#include "lower.h"

#include "hone/param.h"

#include <stdlib.h>
#include <string.h>

enum { LINE = 32 }; /* numbers of a cache line or two, which threads do not share */

/* ---- the nodes ---- */
/* The node whose value this one's is. */
int32_t lower_resolve(const struct lowering *l, int32_t id)
{
    for (;;) {
        const struct node *node = &l->nodes[id];
        if (node_passes(node, l->noisy))
            id = node->in[0];
        else
            return id;
    }
}

int32_t lower_source(const struct lowering *l, int32_t id, int i)
{
    return lower_resolve(l, l->nodes[id].in[i]);
}

static void mark(struct lowering *l, int32_t root)
{
    l->needed[lower_resolve(l, root)] = true;
    for (int32_t id = root; id >= 0; id--) {
        if (!l->needed[id])
            continue;
        for (int i = 0; i < MAX_INPUTS; i++)
            if (l->nodes[id].in[i] >= 0)
                l->needed[lower_source(l, id, i)] = true;
    }
}

/* Gradients are means over the batch; a loss that enters a sum several times counts as often. */
static void weigh_losses(struct lowering *l)
{
    l->weight[l->net->loss] = 1.0f / (float)l->net->batch;
    for (int32_t id = l->net->loss; id >= 0; id--)
        if (l->needed[id] && l->nodes[id].kind == NODE_ADD && l->nodes[id].is_loss)
            for (int i = 0; i < 2; i++)
                l->weight[l->nodes[id].in[i]] += l->weight[id];
}

/* ---- buffers and operations ---- */
struct op lower_op(int (*run)(const struct op *, uint64_t), int64_t rows, int64_t columns)
{
    struct op op = { .run = run, .rows = rows, .columns = columns };
    for (int i = 0; i < MAX_OPERANDS; i++)
        op.buffer[i] = -1;
    return op;
}

void lower_emit(struct lowering *l, const struct op *op)
{
    struct op *placed = l->failed ? NULL : program_op(l->program, op);
    if (placed)
        placed->threads = (int32_t)l->net->graph->threads;
    else
        l->failed = true;
    if (l->failed && op->primitive)
        primitive_destroy(op->primitive);
}

int32_t lower_buffer(struct lowering *l, uint64_t bytes, float *fixed)
{
    const int32_t id = l->failed ? -1 : program_buffer(l->program, bytes, fixed);
    if (id < 0)
        l->failed = true;
    return id;
}

bool lower_is_result(const struct lowering *l, int32_t id)
{
    return id == l->net->loss || (!l->training && id == lower_resolve(l, l->net->output));
}

static void part_to_bfloat16(const struct op *op, int64_t from, int64_t to)
{
    const struct half_kernels *half = half_kernels();
    if (half)
        half->narrow(op->p[0] + from, op_half(op, 1) + from, to - from);
    else
        kernel_to_bfloat16(op->p[0] + from, op_half(op, 1) + from, to - from);
}

static int run_to_bfloat16(const struct op *op, uint64_t step)
{
    (void)step;
    return op_spread(op, op->columns, LINE, op->columns, part_to_bfloat16);
}

static int run_round_bfloat16(const struct op *op, uint64_t step)
{
    (void)step;
    kernel_round_bfloat16(op->p[0], op->p[1], op->columns);
    return 0;
}

int32_t lower_halved(struct lowering *l, int32_t buffer, int64_t n)
{
    const bool halves = graph_halves(l->net->graph);
    struct op op = lower_op(halves ? run_to_bfloat16 : run_round_bfloat16, 1, n);
    if (l->net->graph->precision != HONE_BFLOAT16)
        return buffer;
    op.buffer[0] = buffer;
    op.buffer[1] = lower_buffer(l, (uint64_t)n * (halves ? sizeof(uint16_t) : sizeof(float)), NULL);
    lower_emit(l, &op);
    return op.buffer[1];
}

int32_t lower_operand_gradient(struct lowering *l, int32_t id)
{
    const int32_t dy = l->gradient[id];
    return l->halved[id] ? dy : lower_halved(l, dy, l->net->batch * l->nodes[id].elements);
}

int32_t lower_operand(struct lowering *l, int32_t id)
{
    if (l->net->graph->precision != HONE_BFLOAT16 || l->halved[id]) {
        lower_keep(l, id);
        return l->value[id];
    }
    if (l->half[id] < 0)
        l->half[id] = lower_halved(l, l->value[id], l->net->batch * l->nodes[id].elements);
    return l->half[id];
}

int32_t lower_only_reader(const struct lowering *l, int32_t id)
{
    if (l->uses[id] != 1 || lower_is_result(l, id))
        return -1;
    for (int32_t i = id + 1; i < l->net->n_nodes; i++)
        if (l->needed[i] && l->nodes[i].kind != NODE_FLATTEN)
            for (int k = 0; k < MAX_INPUTS; k++)
                if (l->nodes[i].in[k] >= 0 && lower_source(l, i, k) == id)
                    return lower_resolve(l, i) == i ? i : -1;
    return -1;
}

int32_t lower_parameter(struct lowering *l, int32_t parameter, bool gradient)
{
    hone_parameter *p = l->net->graph->parameters[parameter];
    return lower_buffer(l, p->length * sizeof(float), gradient ? p->gradient : p->value);
}

uint64_t lower_bytes(const struct lowering *l, int32_t id)
{
    return (uint64_t)l->net->batch * (uint64_t)l->nodes[id].elements *
           (l->halved[id] ? sizeof(uint16_t) : sizeof(float));
}

int32_t lower_value(struct lowering *l, int32_t id)
{
    const uint64_t bytes = lower_bytes(l, id);
    float *fixed = NULL;
    if (lower_is_result(l, id))
        fixed = id == l->net->loss ? l->net->losses : l->net->answer;
    return l->value[id] = lower_buffer(l, bytes, fixed);
}

bool lower_may_overwrite(const struct lowering *l, int32_t id)
{
    const struct buffer *b = l->value[id] < 0 ? NULL : &l->program->buffers[l->value[id]];
    return b && l->uses[id] == 1 && !b->fixed && !b->keep;
}

void lower_keep(struct lowering *l, int32_t id)
{
    if (!l->failed && l->training)
        l->program->buffers[l->value[id]].keep = true;
}

static void part_add(const struct op *op, int64_t from, int64_t to)
{
    if (op->half)
        half_kernels()->add(op_half(op, 0) + from, op_half(op, 1) + from, op_half(op, 2) + from, to - from);
    else
        kernel_add(op->p[0] + from, op->p[1] + from, op->p[2] + from, to - from);
}

static int run_add(const struct op *op, uint64_t step)
{
    (void)step;
    return op_spread(op, op->rows * op->columns, LINE, op->rows * op->columns, part_add);
}

void lower_consumed(struct lowering *l, int32_t buffer)
{
    if (!l->failed)
        l->program->buffers[buffer].readers--;
}

/* columns: bytes */
static int run_copy(const struct op *op, uint64_t step)
{
    (void)step;
    memcpy(op->p[1], op->p[0], (size_t)op->columns);
    return 0;
}

void lower_add(struct lowering *l, int32_t id, int32_t a, int32_t b, int32_t c)
{
    struct op op = lower_op(run_add, l->net->batch, l->nodes[id].elements);
    op.half = l->halved[id];
    op.buffer[0] = a;
    op.buffer[1] = b;
    op.buffer[2] = c;
    lower_emit(l, &op);
}

int32_t lower_gradient_target(struct lowering *l, int32_t id, bool *accumulate)
{
    const uint64_t bytes = lower_bytes(l, id);
    const int32_t now = l->gradient[id];
    *accumulate = now >= 0;
    if (l->failed || (now >= 0 && l->program->buffers[now].readers == 1))
        return now;
    l->gradient[id] = lower_buffer(l, bytes, NULL);
    if (now >= 0) { /* others will still read what was contributed */
        struct op op = lower_op(run_copy, 1, (int64_t)bytes);
        op.buffer[0] = now;
        op.buffer[1] = l->gradient[id];
        lower_emit(l, &op);
        lower_consumed(l, now);
    }
    return l->gradient[id];
}

void lower_contribute(struct lowering *l, int32_t id, int32_t buffer)
{
    if (l->failed || !l->wants_gradient[id])
        return;
    const int32_t now = l->gradient[id];
    if (now < 0) { /* the buffer itself is the gradient, until something is added */
        l->gradient[id] = buffer;
        l->program->buffers[buffer].readers++;
        return;
    }
    if (l->program->buffers[now].readers == 1) {
        lower_add(l, id, now, buffer, now);
        return;
    }
    l->gradient[id] = lower_buffer(l, lower_bytes(l, id), NULL);
    lower_add(l, id, now, buffer, l->gradient[id]);
    lower_consumed(l, now);
}

int32_t lower_fresh_gradient(struct lowering *l, int32_t id)
{
    return lower_buffer(l, lower_bytes(l, id), NULL);
}

void lower_give(struct lowering *l, int32_t id, int32_t buffer)
{
    if (l->failed)
        return;
    const int32_t now = l->gradient[id];
    if (now < 0)
        l->gradient[id] = buffer;
    else if (l->program->buffers[now].readers == 1) {
        lower_add(l, id, now, buffer, now);
        lower_consumed(l, buffer);
    } else {
        lower_add(l, id, now, buffer, buffer);
        l->gradient[id] = buffer;
        lower_consumed(l, now);
    }
}

/* ---- the whole ---- */
static bool prepare(struct lowering *l)
{
    const size_t n = (size_t)l->net->n_nodes;
    l->needed = calloc(n, sizeof *l->needed);
    l->wants_gradient = calloc(n, sizeof *l->wants_gradient);
    l->fused = calloc(n, sizeof *l->fused);
    l->bias_done = calloc(n, sizeof *l->bias_done);
    l->norm = malloc(n * sizeof *l->norm);
    l->uses = calloc(n, sizeof *l->uses);
    l->weight = calloc(n, sizeof *l->weight);
    l->dropout = calloc(n, sizeof *l->dropout);
    l->value = malloc(n * sizeof *l->value);
    l->gradient = malloc(n * sizeof *l->gradient);
    l->extra = malloc(n * sizeof *l->extra);
    l->half = malloc(n * sizeof *l->half);
    l->halved = calloc(n, sizeof *l->halved);
    if (!l->halved || !l->norm || !l->half || !l->needed || !l->wants_gradient || !l->fused || !l->bias_done ||
        !l->uses || !l->weight || !l->dropout || !l->value || !l->gradient || !l->extra)
        return false;
    for (size_t i = 0; i < n; i++) {
        l->value[i] = l->gradient[i] = l->extra[i] = l->norm[i] = l->half[i] = -1;
        l->dropout[i] = -1;
    }
    return true;
}

static void release(struct lowering *l)
{
    free(l->needed);
    free(l->wants_gradient);
    free(l->fused);
    free(l->bias_done);
    free(l->norm);
    free(l->uses);
    free(l->weight);
    free(l->dropout);
    free(l->value);
    free(l->gradient);
    free(l->extra);
    free(l->half);
    free(l->halved);
}

static void find_needs(struct lowering *l)
{
    const hone_net *net = l->net;
    mark(l, net->loss);
    if (!l->training)
        mark(l, net->output);
    for (int32_t id = 0; l->noisy && id < net->n_nodes; id++)
        if (l->nodes[id].kind == NODE_PENALTY) {
            mark(l, id);
            l->weight[id] = 1.0f / (float)net->batch;
        }
    for (int32_t id = 0; id < net->n_nodes; id++) {
        if (!l->needed[id])
            continue;
        for (int i = 0; i < MAX_INPUTS; i++)
            if (l->nodes[id].in[i] >= 0)
                l->uses[lower_source(l, id, i)]++;
        l->wants_gradient[id] = l->training && l->nodes[id].trains && !l->nodes[id].is_loss;
    }
    weigh_losses(l);
}

hone_rc lower(hone_net *net, struct program *program, bool training, hone_error *err)
{
    hone_error inner = HONE_ERROR_INIT;
    struct lowering l = { .net = net,
                          .program = program,
                          .nodes = net->graph->nodes,
                          .training = training,
                          .noisy = training && !net->frozen,
                          .err = &inner };
    hone_rc rc = HONE_OK;
    if (!prepare(&l)) {
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory while compiling the network");
        goto out;
    }
    find_needs(&l);
    lower_find_halves(&l);
    for (int32_t id = 0; id < net->n_nodes && !l.failed; id++)
        if (l.needed[id]) {
            lower_forward(&l, id);
            if (!training && l.nodes[id].kind == NODE_RELU)
                lower_watch(&l, id);
        }
    lower_penalties(&l);
    program->n_forward = program->n_ops;
    if (training)
        for (int32_t id = net->n_nodes - 1; id >= 0 && !l.failed; id--)
            if (l.needed[id])
                lower_backward(&l, id);
    if (l.failed)
        rc = inner.code ? hone_fail(err, inner.code, inner.param, "%s", inner.msg)
                        : hone_fail(err, HONE_ENOMEM, "", "out of memory while compiling the network");
out:
    release(&l);
    return rc;
}
