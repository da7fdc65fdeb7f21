/* SPDX-License-Identifier: MIT */
/* What layer and group norm, concat, transpose, upsample and embedding become. */
#include "lower.h"

/* ---- norms inside a sample ---- */
enum { X, Y, WEIGHT, BIAS, SAVED, DY, DX, DWEIGHT, DBIAS };

static int run_group_norm(const struct op *op, uint64_t step)
{
    struct group_norm g = op->group_norm;
    (void)step;
    g.weight = op->p[WEIGHT];
    g.bias = op->p[BIAS];
    kernel_group_norm(&g, op->p[X], op->p[Y], op->p[SAVED]);
    return 0;
}

static int run_group_norm_backward(const struct op *op, uint64_t step)
{
    struct group_norm g = op->group_norm;
    (void)step;
    g.weight = op->p[WEIGHT];
    kernel_group_norm_backward(&g, op->p[DY], op->p[X], op->p[DX], op->p[SAVED], op->p[DWEIGHT], op->p[DBIAS]);
    return 0;
}

/* A row of layer norm is a sample of one group and one pixel. */
static struct group_norm group_norm_of(const struct lowering *l, int32_t id)
{
    const struct node *node = &l->nodes[id];
    const bool rows = node->kind == NODE_LAYER_NORM;
    const int64_t c = node->dims[rows ? node->n_dims - 1 : 0], pixels = node->elements / c,
                  groups = node->window.groups;
    return (struct group_norm){ .samples = l->net->batch * (rows ? pixels : 1),
                                .pixels = rows ? 1 : pixels,
                                .groups = groups,
                                .run = c / groups,
                                .epsilon = node->epsilon };
}

void group_norm_forward(struct lowering *l, int32_t id)
{
    const struct node *node = &l->nodes[id];
    const int32_t x = lower_source(l, id, 0);
    struct op op = lower_op(run_group_norm, 0, 0);
    op.group_norm = group_norm_of(l, id);
    lower_keep(l, x);
    lower_value_in_place(l, id, x);
    op.buffer[X] = l->value[x];
    op.buffer[Y] = l->value[id];
    op.buffer[WEIGHT] = lower_parameter(l, node->kernel, false);
    op.buffer[BIAS] = lower_parameter(l, node->bias, false);
    op.buffer[SAVED] = l->extra[id] = lower_buffer(
        l, 2 * (uint64_t)(op.group_norm.samples * op.group_norm.groups) * sizeof(float), NULL);
    lower_emit(l, &op);
}

void group_norm_backward(struct lowering *l, int32_t id)
{
    const struct node *node = &l->nodes[id];
    const int32_t x = lower_source(l, id, 0), dy = l->gradient[id];
    struct op op = lower_op(run_group_norm_backward, 0, 0);
    const int32_t dx = l->wants_gradient[x] ? lower_fresh_gradient(l, x) : -1;
    op.group_norm = group_norm_of(l, id);
    op.buffer[X] = l->value[x];
    op.buffer[WEIGHT] = lower_parameter(l, node->kernel, false);
    op.buffer[SAVED] = l->extra[id];
    op.buffer[DY] = dy;
    op.buffer[DX] = dx;
    op.buffer[DWEIGHT] = lower_parameter(l, node->kernel, true);
    op.buffer[DBIAS] = lower_parameter(l, node->bias, true);
    lower_emit(l, &op);
    if (dx >= 0)
        lower_give(l, x, dx);
    lower_consumed(l, dy);
}

/* ---- concat: rows are samples, or pixels where channels are last ---- */
static int run_copy_columns(const struct op *op, uint64_t step)
{
    (void)step;
    kernel_copy_columns(op->p[0] + op->from, op->p[1] + op->to, op->rows, op->columns, op->from_stride, op->to_stride);
    return 0;
}

/* Of node id's rows, the width that input i has in them; *at: where it starts. */
static int64_t piece(const struct lowering *l, int32_t id, int i, int64_t *rows, int64_t *all, int64_t *at)
{
    const struct node *node = &l->nodes[id];
    const int64_t pixels = node->elements / node->dims[0];
    *at = 0;
    for (int k = 0; k < i; k++)
        *at += l->nodes[node->in[k]].dims[0];
    *rows = l->net->batch * pixels;
    *all = node->dims[0];
    return l->nodes[node->in[i]].dims[0];
}

void concat_forward(struct lowering *l, int32_t id)
{
    const int32_t y = lower_value(l, id);
    for (int i = 0; i < MAX_INPUTS && l->nodes[id].in[i] >= 0; i++) {
        struct op op = lower_op(run_copy_columns, 0, 0);
        op.columns = op.from_stride = piece(l, id, i, &op.rows, &op.to_stride, &op.to);
        op.buffer[0] = l->value[lower_source(l, id, i)];
        op.buffer[1] = y;
        lower_emit(l, &op);
    }
}

void concat_backward(struct lowering *l, int32_t id)
{
    const int32_t dy = l->gradient[id];
    for (int i = 0; i < MAX_INPUTS && l->nodes[id].in[i] >= 0; i++) {
        const int32_t x = lower_source(l, id, i);
        struct op op = lower_op(run_copy_columns, 0, 0);
        if (!l->wants_gradient[x])
            continue;
        const int32_t dx = lower_fresh_gradient(l, x);
        op.columns = op.to_stride = piece(l, id, i, &op.rows, &op.from_stride, &op.from);
        op.buffer[0] = dy;
        op.buffer[1] = dx;
        lower_emit(l, &op);
        lower_give(l, x, dx);
    }
    lower_consumed(l, dy);
}

/* ---- transpose ---- */
static int run_permute(const struct op *op, uint64_t step)
{
    (void)step;
    for (int64_t i = 0; i < op->rows; i++)
        kernel_permute(&op->permutation, op->p[0] + i * op->columns, op->p[1] + i * op->columns);
    return 0;
}

static struct op permute(const struct lowering *l, int32_t id, bool inverse)
{
    const struct node *node = &l->nodes[id], *from = &l->nodes[node->in[0]];
    struct op op = lower_op(run_permute, l->net->batch, node->elements);
    struct permutation p = { .elements = node->elements, .inverse = inverse };
    for (uint32_t i = 0; i < PERMUTED; i++)
        p.dims[i] = i < node->n_dims ? node->dims[i] : 1;
    for (uint32_t i = 0; i < node->n_dims; i++) {
        p.strides[i] = 1;
        for (uint32_t k = node->order[i] + 1; k < from->n_dims; k++)
            p.strides[i] *= from->dims[k];
    }
    op.permutation = p;
    return op;
}

void permute_forward(struct lowering *l, int32_t id)
{
    struct op op = permute(l, id, false);
    lower_move_forward(l, id, &op);
}

void permute_backward(struct lowering *l, int32_t id)
{
    struct op op = permute(l, id, true);
    lower_move_backward(l, id, &op);
}

/* ---- upsample ---- */
static int run_upsample(const struct op *op, uint64_t step)
{
    (void)step;
    kernel_upsample(&op->upsample, op->p[0], op->p[1]);
    return 0;
}

static int run_upsample_backward(const struct op *op, uint64_t step)
{
    (void)step;
    kernel_upsample_backward(&op->upsample, op->p[0], op->p[1]);
    return 0;
}

static struct op upsample(const struct lowering *l, int32_t id, int (*run)(const struct op *, uint64_t))
{
    const struct node *node = &l->nodes[id];
    struct op op = lower_op(run, 0, 0);
    op.upsample = (struct upsample){ .batch = l->net->batch,
                                     .channels = node->dims[0],
                                     .in = { node->dims[1] / node->factor, node->dims[2] / node->factor },
                                     .factor = node->factor,
                                     .bilinear = node->number == HONE_BILINEAR };
    return op;
}

void upsample_forward(struct lowering *l, int32_t id)
{
    struct op op = upsample(l, id, run_upsample);
    lower_move_forward(l, id, &op);
}

void upsample_backward(struct lowering *l, int32_t id)
{
    struct op op = upsample(l, id, run_upsample_backward);
    lower_move_backward(l, id, &op);
}

/* ---- embedding ---- */
static int run_embedding(const struct op *op, uint64_t step)
{
    (void)step;
    kernel_embedding(op->p[0], op->p[1], op->p[2], op->rows, op->from, op->columns);
    return 0;
}

static int run_embedding_backward(const struct op *op, uint64_t step)
{
    (void)step;
    kernel_embedding_backward(op->p[0], op->p[1], op->p[2], op->rows, op->from, op->columns);
    return 0;
}

static struct op embedding(const struct lowering *l, int32_t id, int (*run)(const struct op *, uint64_t))
{
    const struct node *node = &l->nodes[id];
    struct op op = lower_op(run, l->net->batch * node->dims[0], node->dims[1]);
    op.from = node->factor;
    op.buffer[0] = l->value[lower_source(l, id, 0)];
    return op;
}

void embedding_forward(struct lowering *l, int32_t id)
{
    struct op op = embedding(l, id, run_embedding);
    lower_keep(l, lower_source(l, id, 0));
    op.buffer[1] = lower_parameter(l, l->nodes[id].kernel, false);
    op.buffer[2] = lower_value(l, id);
    lower_emit(l, &op);
}

void embedding_backward(struct lowering *l, int32_t id)
{
    struct op op = embedding(l, id, run_embedding_backward);
    op.buffer[1] = l->gradient[id];
    op.buffer[2] = lower_parameter(l, l->nodes[id].kernel, true);
    lower_emit(l, &op);
    lower_consumed(l, l->gradient[id]);
}
