/* SPDX-License-Identifier: MIT */
/* What noise and penalties become in a training program; in inference there is nothing of them. The rate is read from the
 * graph at each step, since schedules change it. */
#include "lower.h"
#include "noise.h"

#include "hone/rng.h"

static const uint64_t NOISE_STREAMS = UINT64_C(0x6e6f697365); /* "noise": keeps these draws apart from other masks */
enum { X, Y, MASK };                                          /* forward */
enum { DY, B_MASK, DX };                                      /* backward */
enum { HEAD = 64 }; /* bytes in front of the mask of blocks, for their scale */

static double rate_of(const struct op *op)
{
    return op->graph->nodes[op->node].rate;
}

static struct noise_shape shape_of(const struct op *op)
{
    const struct node *node = &op->graph->nodes[op->node];
    const int64_t c = node->dims[0], w = node->n_dims > 1 ? node->dims[node->n_dims - 1] : 1;
    return (struct noise_shape){
        .samples = op->rows, .channels = c, .height = node->elements / c / w, .width = w, .row_major = !node->channels
    };
}

static uint64_t seed_of(const struct op *op, uint64_t step)
{
    return hone_rng_derive(op->seed, step);
}

/* ---- whole channels, whole samples ---- */
static int run_groups(const struct op *op, uint64_t step)
{
    const struct noise_shape s = shape_of(op);
    const bool channels = op->flags == NOISE_CHANNELS;
    noise_factors(op->p[MASK], s.samples * (channels ? s.channels : 1), seed_of(op, step), rate_of(op));
    (channels ? noise_by_channel : noise_by_sample)(op->p[X], op->p[MASK], op->p[Y], &s, false);
    return 0;
}

static int run_groups_backward(const struct op *op, uint64_t step)
{
    const struct noise_shape s = shape_of(op);
    (void)step;
    (op->flags == NOISE_CHANNELS ? noise_by_channel : noise_by_sample)(op->p[DY], op->p[B_MASK], op->p[DX], &s,
                                                                       op->accumulate);
    return 0;
}

/* ---- units ---- */
static int run_alpha(const struct op *op, uint64_t step)
{
    noise_alpha(op->p[X], op->p[Y], (uint8_t *)op->p[MASK], op->rows * op->columns, seed_of(op, step), rate_of(op));
    return 0;
}

static int run_alpha_backward(const struct op *op, uint64_t step)
{
    (void)step;
    noise_alpha_backward(op->p[DY], (const uint8_t *)op->p[B_MASK], op->p[DX], op->rows * op->columns, rate_of(op),
                         op->accumulate);
    return 0;
}

/* ---- blocks ---- */
static int run_blocks(const struct op *op, uint64_t step)
{
    const struct noise_shape s = shape_of(op);
    const int64_t block = op->graph->nodes[op->node].factor;
    uint8_t *kept = (uint8_t *)op->p[MASK] + HEAD;
    *op->p[MASK] = noise_blocks(kept, &s, block, seed_of(op, step), rate_of(op));
    noise_masked(op->p[X], kept, op->p[Y], op->rows * op->columns, *op->p[MASK], false);
    return 0;
}

static int run_blocks_backward(const struct op *op, uint64_t step)
{
    (void)step;
    noise_masked(op->p[DY], (const uint8_t *)op->p[B_MASK] + HEAD, op->p[DX], op->rows * op->columns, *op->p[B_MASK],
                 op->accumulate);
    return 0;
}

/* ---- gaussian: the gradient passes as it is ---- */
static int run_gaussian(const struct op *op, uint64_t step)
{
    noise_gaussian(op->p[X], op->p[Y], op->rows * op->columns, seed_of(op, step), rate_of(op));
    return 0;
}

/* ---- gaussian factors ---- */
static int run_factors(const struct op *op, uint64_t step)
{
    const double rate = rate_of(op), deviation = sqrt(fabs(rate) / (1 - fabs(rate)));
    noise_gaussian_factors(op->p[X], op->p[Y], op->p[MASK], op->rows * op->columns, seed_of(op, step),
                           rate < 0 ? -deviation : deviation);
    return 0;
}

static int run_factors_backward(const struct op *op, uint64_t step)
{
    (void)step;
    noise_multiply(op->p[DY], op->p[B_MASK], op->p[DX], op->rows * op->columns, op->accumulate);
    return 0;
}

static const struct {
    int (*forward)(const struct op *, uint64_t), (*backward)(const struct op *, uint64_t);
} noises[] = {
    [NOISE_CHANNELS] = { run_groups, run_groups_backward },
    [NOISE_SAMPLES] = { run_groups, run_groups_backward },
    [NOISE_ALPHA] = { run_alpha, run_alpha_backward },
    [NOISE_BLOCK] = { run_blocks, run_blocks_backward },
    [NOISE_GAUSSIAN] = { run_gaussian, NULL },
    [NOISE_FACTORS] = { run_factors, run_factors_backward },
};

static uint64_t mask_bytes(const struct lowering *l, const struct node *node)
{
    const uint64_t n = (uint64_t)l->net->batch;
    switch ((enum noise_kind)node->variant) {
    case NOISE_CHANNELS: return n * (uint64_t)node->dims[0] * sizeof(float);
    case NOISE_SAMPLES: return n * sizeof(float);
    case NOISE_ALPHA: return n * (uint64_t)node->elements;
    case NOISE_BLOCK: return HEAD + n * (uint64_t)node->elements;
    case NOISE_FACTORS: return n * (uint64_t)node->elements * sizeof(float);
    case NOISE_GAUSSIAN: break;
    }
    return 0;
}

static struct op noise_op(const struct lowering *l, int32_t id, int (*run)(const struct op *, uint64_t))
{
    const struct node *node = &l->nodes[id];
    struct op op = lower_op(run, l->net->batch, node->elements);
    op.graph = l->net->graph;
    op.node = id;
    op.seed = hone_rng_derive(hone_rng_derive(l->net->graph->seed, NOISE_STREAMS), node->number);
    op.flags = node->variant;
    return op;
}

void noise_forward(struct lowering *l, int32_t id)
{
    const struct node *node = &l->nodes[id];
    const int32_t x = lower_source(l, id, 0);
    struct op op = noise_op(l, id, noises[node->variant].forward);
    const uint64_t bytes = mask_bytes(l, node);
    lower_value_in_place(l, id, x);
    op.buffer[X] = l->value[x];
    op.buffer[Y] = l->value[id];
    if (bytes)
        op.buffer[MASK] = l->extra[id] = lower_buffer(l, bytes, NULL);
    lower_emit(l, &op);
}

void noise_backward(struct lowering *l, int32_t id)
{
    const int32_t x = lower_source(l, id, 0), dy = l->gradient[id];
    const uint32_t variant = l->nodes[id].variant;
    struct op op = noise_op(l, id, noises[variant].backward);
    if (!l->wants_gradient[x])
        return;
    if (variant == NOISE_GAUSSIAN) {
        lower_contribute(l, x, dy);
        lower_consumed(l, dy);
        return;
    }
    op.buffer[DY] = dy;
    op.buffer[B_MASK] = l->extra[id];
    op.buffer[DX] = lower_gradient_in_place(l, id, x, &op.accumulate);
    lower_emit(l, &op);
}

/* ---- penalties ---- */
enum { P_X, P_VALUES, P_GRADIENT };

static int run_penalty(const struct op *op, uint64_t step)
{
    (void)step;
    (op->flags == PENALTY_ACTIVITY ? penalty_activity : penalty_confidence)(
        op->p[P_X], op->p[P_VALUES], op->p[P_GRADIENT], op->rows, op->columns, rate_of(op), op->scalar);
    return 0;
}

void penalty_forward(struct lowering *l, int32_t id)
{
    const int32_t x = lower_source(l, id, 0);
    struct op op = lower_op(run_penalty, l->net->batch, l->nodes[x].elements);
    op.graph = l->net->graph;
    op.node = id;
    op.flags = l->nodes[id].variant;
    op.scalar = l->weight[id];
    op.buffer[P_X] = l->value[x];
    op.buffer[P_VALUES] = l->value[id] = lower_buffer(l, (uint64_t)l->net->batch * sizeof(float), NULL);
    if (l->wants_gradient[x])
        op.buffer[P_GRADIENT] = l->extra[id] = lower_fresh_gradient(l, x);
    lower_emit(l, &op);
}

void penalty_backward(struct lowering *l, int32_t id)
{
    if (l->extra[id] >= 0)
        lower_give(l, lower_source(l, id, 0), l->extra[id]);
}

static int run_add_penalty(const struct op *op, uint64_t step)
{
    (void)step;
    kernel_add(op->p[0], op->p[1], op->p[0], op->rows);
    return 0;
}

void lower_penalties(struct lowering *l)
{
    for (int32_t id = 0; l->noisy && id < l->net->n_nodes; id++) {
        struct op op = lower_op(run_add_penalty, l->net->batch, 1);
        if (l->nodes[id].kind != NODE_PENALTY)
            continue;
        op.buffer[0] = l->value[l->net->loss];
        op.buffer[1] = l->value[id];
        lower_emit(l, &op);
    }
}
