/* SPDX-License-Identifier: MIT */
/* What pools and changes of layout become. */
#include "lower.h"

static struct pool pool_of(const struct lowering *l, int32_t id)
{
    const struct node *node = &l->nodes[id],
                      *from = &l->nodes[l->nodes[id].in[0]]; /* not what that is another name of: the shape counts */
    const struct pool p = { .batch = l->net->batch,
                            .channels = node->dims[0],
                            .in = { from->dims[1], from->dims[2] },
                            .out = { node->dims[1], node->dims[2] },
                            .kernel = node->window.kernel[0],
                            .stride = node->window.stride[0],
                            .pad = node->window.pad[0],
                            .exclude_padding = node->exclude_padding,
                            .half = l->halved[id] };
    return p;
}

/* ---- threads take images each ---- */
struct images {
    struct pool pool;
    int64_t in, out; /* where they start in the input and the output of the pool */
};

static struct images images_of(const struct op *op, int64_t from, int64_t to)
{
    struct images i = { .pool = op->pool };
    i.pool.batch = to - from;
    i.in = from * op->pool.in[0] * op->pool.in[1] * op->pool.channels;
    i.out = from * op->pool.out[0] * op->pool.out[1] * op->pool.channels;
    return i;
}

static int spread_images(const struct op *op, void (*part)(const struct op *op, int64_t from, int64_t to))
{
    const struct pool *p = &op->pool;
    return op_spread(op, p->batch, 1, p->batch * p->in[0] * p->in[1] * p->channels, part);
}

/* ---- max ---- */
/* The n-th number of operand i; NULL: there is none. */
static void *number_at(const struct op *op, int i, int64_t n)
{
    if (!op->p[i])
        return NULL;
    return op->pool.half ? (void *)(op_half(op, i) + n) : (void *)(op->p[i] + n);
}

static void part_max_pool(const struct op *op, int64_t from, int64_t to)
{
    const struct images i = images_of(op, from, to);
    kernel_max_pool(&i.pool, number_at(op, 0, i.in), number_at(op, 1, i.out), (uint8_t *)op->p[2] + i.out,
                    op->flags != 0);
}

static int run_max_pool(const struct op *op, uint64_t step)
{
    (void)step;
    return spread_images(op, part_max_pool);
}

static void part_max_pool_backward(const struct op *op, int64_t from, int64_t to)
{
    const struct images i = images_of(op, from, to);
    kernel_max_pool_backward(&i.pool, number_at(op, 0, i.out), number_at(op, 1, i.out),
                             (const uint8_t *)op->p[2] + i.out, number_at(op, 3, i.in));
}

static int run_max_pool_backward(const struct op *op, uint64_t step)
{
    (void)step;
    return spread_images(op, part_max_pool_backward);
}

void max_pool_forward(struct lowering *l, int32_t id)
{
    const int32_t x = lower_source(l, id, 0);
    struct op op = lower_op(run_max_pool, 0, 0);
    op.pool = pool_of(l, id);
    op.flags = l->fused[id];
    op.buffer[0] = l->value[x];
    op.buffer[1] = lower_value(l, id);
    op.buffer[2] = l->extra[id] = lower_buffer(l, (uint64_t)l->net->batch * (uint64_t)l->nodes[id].elements, NULL);
    lower_emit(l, &op);
    if (l->fused[id] && l->wants_gradient[id])
        lower_keep(l, id);
}

void max_pool_backward(struct lowering *l, int32_t id)
{
    const int32_t x = lower_source(l, id, 0);
    int32_t dy = l->gradient[id];
    struct op op = lower_op(run_max_pool_backward, 0, 0);
    if (!l->wants_gradient[x] || l->failed)
        return;
    if (l->fused[id] && l->program->buffers[dy].readers > 1) { /* it will be overwritten */
        bool accumulate;
        dy = lower_gradient_target(l, id, &accumulate);
    }
    const int32_t dx = lower_fresh_gradient(l, x);
    op.pool = pool_of(l, id);
    op.buffer[0] = dy;
    op.buffer[1] = l->fused[id] ? l->value[id] : -1;
    op.buffer[2] = l->extra[id];
    op.buffer[3] = dx;
    lower_emit(l, &op);
    lower_give(l, x, dx);
    lower_consumed(l, dy);
}

/* ---- average ---- */
static void part_average_pool(const struct op *op, int64_t from, int64_t to)
{
    const struct images i = images_of(op, from, to);
    kernel_average_pool(&i.pool, op->p[0] + i.in, op->p[1] + i.out);
}

static int run_average_pool(const struct op *op, uint64_t step)
{
    (void)step;
    return spread_images(op, part_average_pool);
}

static void part_average_pool_backward(const struct op *op, int64_t from, int64_t to)
{
    const struct images i = images_of(op, from, to);
    kernel_average_pool_backward(&i.pool, op->p[0] + i.out, op->p[1] + i.in);
}

static int run_average_pool_backward(const struct op *op, uint64_t step)
{
    (void)step;
    return spread_images(op, part_average_pool_backward);
}

static void part_global_average(const struct op *op, int64_t from, int64_t to)
{
    const int64_t x = from * op->rows * op->columns;
    float *y = op->p[1] + from * op->columns;
    if (op->half)
        half_kernels()->global_average(op_half(op, 0) + x, y, to - from, op->rows, op->columns);
    else
        kernel_global_average(op->p[0] + x, y, to - from, op->rows, op->columns);
}

static int run_global_average(const struct op *op, uint64_t step)
{
    (void)step;
    return op_spread(op, op->pool.batch, 1, op->pool.batch * op->rows * op->columns, part_global_average);
}

static void part_global_average_backward(const struct op *op, int64_t from, int64_t to)
{
    const int64_t dx = from * op->rows * op->columns;
    const float *dy = op->p[0] + from * op->columns;
    if (op->half)
        half_kernels()->global_average_backward(dy, op_half(op, 1) + dx, to - from, op->rows, op->columns);
    else
        kernel_global_average_backward(dy, op->p[1] + dx, to - from, op->rows, op->columns);
}

static int run_global_average_backward(const struct op *op, uint64_t step)
{
    (void)step;
    return op_spread(op, op->pool.batch, 1, op->pool.batch * op->rows * op->columns, part_global_average_backward);
}

void lower_move_forward(struct lowering *l, int32_t id, struct op *op)
{
    op->buffer[0] = l->value[lower_source(l, id, 0)];
    op->buffer[1] = lower_value(l, id);
    lower_emit(l, op);
}

void lower_move_backward(struct lowering *l, int32_t id, struct op *op)
{
    const int32_t x = lower_source(l, id, 0), dy = l->gradient[id];
    if (!l->wants_gradient[x] || l->failed)
        return;
    const int32_t dx = lower_fresh_gradient(l, x);
    op->buffer[0] = dy;
    op->buffer[1] = dx;
    lower_emit(l, op);
    lower_give(l, x, dx);
    lower_consumed(l, dy);
}

void average_pool_forward(struct lowering *l, int32_t id)
{
    struct op op = lower_op(run_average_pool, 0, 0);
    op.pool = pool_of(l, id);
    lower_move_forward(l, id, &op);
}

void average_pool_backward(struct lowering *l, int32_t id)
{
    struct op op = lower_op(run_average_pool_backward, 0, 0);
    op.pool = pool_of(l, id);
    lower_move_backward(l, id, &op);
}

static struct op global(const struct lowering *l, int32_t id, int (*run)(const struct op *, uint64_t))
{
    const int64_t c = l->nodes[id].elements;
    struct op op = lower_op(run, l->nodes[lower_source(l, id, 0)].elements / c, c);
    op.pool.batch = l->net->batch;
    op.half = l->halved[lower_source(l, id, 0)];
    return op;
}

void global_average_forward(struct lowering *l, int32_t id)
{
    struct op op = global(l, id, run_global_average);
    lower_move_forward(l, id, &op);
}

void global_average_backward(struct lowering *l, int32_t id)
{
    struct op op = global(l, id, run_global_average_backward);
    lower_move_backward(l, id, &op);
}

/* ---- layouts ---- */
static int run_transpose(const struct op *op, uint64_t step)
{
    const int64_t n = op->rows * op->columns;
    (void)step;
    for (int64_t i = 0; i < op->pool.batch; i++)
        kernel_transpose(op->p[0] + i * n, op->p[1] + i * n, op->rows, op->columns);
    return 0;
}

/* from, to: channels of the layouts, one of them 0. */
static struct op transpose(const struct lowering *l, int32_t id, int64_t from, int64_t to)
{
    const int64_t n = l->nodes[id].elements;
    struct op op = from ? lower_op(run_transpose, n / from, from) : lower_op(run_transpose, to, n / to);
    op.pool.batch = l->net->batch;
    return op;
}

void layout_forward(struct lowering *l, int32_t id)
{
    struct op op = transpose(l, id, l->nodes[l->nodes[id].in[0]].channels, l->nodes[id].channels);
    lower_move_forward(l, id, &op);
}

void layout_backward(struct lowering *l, int32_t id)
{
    struct op op = transpose(l, id, l->nodes[id].channels, l->nodes[l->nodes[id].in[0]].channels);
    lower_move_backward(l, id, &op);
}
