/* SPDX-License-Identifier: MIT */
/* What the units of relus do in inference: the greatest value of each over the samples watched. A unit whose greatest is 0
 * is dead: it never answers, and no gradient passes through it (Lu et al. 2020, "Dying ReLU and Initialization"). */
#include "lower.h"

#include "hone/param.h"
#include "hone/simd.h"

#include <stdlib.h>
#include <string.h>

/* ---- what is known of the relus ---- */
static int64_t units_of(const struct node *node)
{
    return node->n_dims > 1 ? node->dims[0] : node->elements;
}

hone_rc graph_make_watches(hone_graph *g, hone_error *err)
{
    uint32_t n = 0;
    for (int32_t i = 0; i < g->n_nodes; i++)
        if (g->nodes[i].kind == NODE_RELU) {
            n++;
            g->n_highest += (uint64_t)units_of(&g->nodes[i]);
        }
    if (!n)
        return HONE_OK;
    g->watches = calloc(n, sizeof *g->watches);
    g->activities = calloc(n, sizeof *g->activities);
    g->highest = calloc(g->n_highest, sizeof *g->highest);
    if (!g->watches || !g->activities || !g->highest)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for what is known of the network's units");
    float *highest = g->highest;
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const struct node *node = &g->nodes[i];
        if (node->kind != NODE_RELU)
            continue;
        struct watch *watch = &g->watches[g->n_watches];
        *watch = (struct watch){ .graph = g, .node = i, .highest = highest };
        if (node->site[0])
            snprintf(watch->name, sizeof watch->name, "%s", node->site);
        else
            snprintf(watch->name, sizeof watch->name, "relu%u", g->n_watches + 1);
        g->activities[g->n_watches++] = (hone_activity){ sizeof(hone_activity), 0, watch->name, units_of(node),
                                                         highest };
        highest += units_of(node);
    }
    return HONE_OK;
}

void graph_release_watches(hone_graph *g)
{
    free(g->watches);
    free(g->activities);
    free(g->highest);
    g->watches = NULL;
    g->activities = NULL;
    g->highest = NULL;
    g->n_watches = 0;
    g->n_highest = 0;
}

uint32_t hone_nn_activities(const hone_graph *g, const hone_activity **activities)
{
    *activities = g->activities;
    return g->n_watches;
}

void hone_nn_watch(hone_graph *g, int64_t samples)
{
    g->watched = samples;
}

void hone_nn_watch_clear(hone_graph *g)
{
    if (g->highest)
        memset(g->highest, 0, g->n_highest * sizeof *g->highest);
}

/* ---- looking ---- */
/* highest[i] = max(highest[i], x[i]) */
HONE_TARGET_CLONES
static void raise_each(float *restrict highest, const float *restrict x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        highest[i] = x[i] > highest[i] ? x[i] : highest[i];
}

static float widened(uint16_t half)
{
    const uint32_t bits = (uint32_t)half << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The same of bfloat16 numbers. */
HONE_TARGET_CLONES
static void raise_each_half(float *restrict highest, const uint16_t *restrict x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const float v = widened(x[i]);
        highest[i] = v > highest[i] ? v : highest[i];
    }
}

/* The greatest of it and the op's n values from number `at` on. */
static float greatest(const struct op *op, float highest, int64_t at, int64_t n)
{
    for (int64_t i = at; i < at + n; i++) {
        const float v = op->half ? widened((op_half(op, 0))[i]) : op->p[0][i];
        highest = v > highest ? v : highest;
    }
    return highest;
}

/* A sample has `columns` units of `rows` values each; units [from, to). Stored (rows, columns), or (columns, rows) where
 * op->from is 0, or (size / op->from, op->from) of other channels than the units: of those, what number i, counted
 * row-major, is belongs to unit i / rows. */
static void part_watch(const struct op *op, int64_t from, int64_t to)
{
    const struct watch *w = op->watch;
    const int64_t size = op->rows * op->columns, channels = op->from;
    for (int64_t sample = 0; sample < w->graph->watched; sample++) {
        const int64_t x = sample * size;
        if (!channels)
            for (int64_t u = from; u < to; u++)
                w->highest[u] = greatest(op, w->highest[u], x + u * op->rows, op->rows);
        else if (channels == op->columns)
            for (int64_t r = 0; r < op->rows; r++) {
                const int64_t at = x + r * channels + from;
                if (op->half)
                    raise_each_half(w->highest + from, op_half(op, 0) + at, to - from);
                else
                    raise_each(w->highest + from, op->p[0] + at, to - from);
            }
        else
            for (int64_t i = from * op->rows; i < to * op->rows; i++) {
                const int64_t c = i / (size / channels), r = i % (size / channels);
                w->highest[i / op->rows] = greatest(op, w->highest[i / op->rows], x + r * channels + c, 1);
            }
    }
}

static int run_watch(const struct op *op, uint64_t step)
{
    enum { LINE = 16 };
    const int64_t samples = op->watch->graph->watched;
    (void)step;
    return samples ? op_spread(op, op->columns, LINE, samples * op->rows * op->columns, part_watch) : 0;
}

void lower_watch(struct lowering *l, int32_t id)
{
    const struct node *node = &l->nodes[id];
    const hone_graph *g = l->net->graph;
    const int64_t units = units_of(node);
    struct op op = lower_op(run_watch, node->elements / units, units);
    for (uint32_t i = 0; i < g->n_watches; i++)
        if (g->watches[i].node == id)
            op.watch = &g->watches[i];
    if (!op.watch) /* built after the first compile */
        return;
    op.from = node->channels ? node->channels : node->n_dims == 1 ? units : 0;
    op.half = l->halved[id];
    op.buffer[0] = l->value[id];
    lower_emit(l, &op);
}
