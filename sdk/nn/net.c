/* SPDX-License-Identifier: MIT */
/* Compiled networks: compiling, one training step, one inference, and what is known about their cost. */
#include "program.h"

#include "hone/param.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- compiling ---- */
static hone_rc check(const hone_graph *g, hone_var loss, hone_var output, int64_t batch, hone_error *err)
{
    char text[SHAPE_TEXT];
    if (g->failed)
        return hone_nn_graph_error(g, err);
    if (!graph_has(g, loss) || !graph_has(g, output))
        return hone_fail(err, HONE_EINVAL, "", "compile: the %s is not a value of this graph",
                         graph_has(g, loss) ? "output" : "loss");
    const struct node *l = &g->nodes[loss.id];
    if (!l->is_loss)
        return hone_fail(err, HONE_EINVAL, "",
                         "compile: the loss has shape %s; it must be one number a sample, made by a loss layer",
                         shape_text(l->dims, l->n_dims, text));
    if (batch < 1 || batch > INT32_MAX)
        return hone_fail(err, HONE_EINVAL, "", "compile: a batch of %lld samples is not possible", (long long)batch);
    for (int32_t i = 0; i < g->n_nodes; i++)
        if (g->nodes[i].elements > (INT64_C(1) << 40) / batch)
            return hone_fail(err, HONE_ERANGE, "", "compile: a batch of %lld samples of %s does not fit in memory",
                             (long long)batch, shape_text(g->nodes[i].dims, g->nodes[i].n_dims, text));
    return HONE_OK;
}

/* softmax has no backward pass: nothing that is trained may lie behind one. */
static hone_rc check_softmax(const hone_graph *g, hone_var loss, hone_error *err)
{
    hone_rc rc = HONE_OK;
    bool *needed = calloc((size_t)g->n_nodes, sizeof *needed);
    if (!needed)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory while compiling the network");
    needed[loss.id] = true;
    for (int32_t id = loss.id; id >= 0 && rc == HONE_OK; id--) {
        if (!needed[id])
            continue;
        if (g->nodes[id].kind == NODE_SOFTMAX)
            rc = hone_fail(err, HONE_EINVAL, "",
                           "compile: the loss reads a softmax, which has no backward pass; give "
                           "softmax_cross_entropy the logits");
        for (int i = 0; i < MAX_INPUTS; i++)
            if (g->nodes[id].in[i] >= 0)
                needed[g->nodes[id].in[i]] = true;
    }
    free(needed);
    return rc;
}

static int32_t unnamed(const hone_graph *g, int32_t id)
{
    while (node_passes(&g->nodes[id], false))
        id = g->nodes[id].in[0];
    return id;
}

static uint64_t batch_bytes(const hone_net *net, int32_t node)
{
    const uint64_t bytes = (uint64_t)net->batch * (uint64_t)net->graph->nodes[node].elements * sizeof(float);
    return (bytes + 63) / 64 * 64;
}

/* The first part of the arena: inputs, losses, answer. With base NULL only the size is worked out. */
static uint64_t place_fixed(hone_net *net, unsigned char *base)
{
    const int32_t output = unnamed(net->graph, net->output);
    uint64_t at = 0;
    for (int32_t i = 0; i < net->n_nodes; i++)
        if (net->graph->nodes[i].kind == NODE_INPUT) {
            if (base)
                net->inputs[i] = (float *)(void *)(base + at);
            at += batch_bytes(net, i);
        }
    if (base)
        net->losses = (float *)(void *)(base + at);
    at += batch_bytes(net, net->loss);
    if (net->graph->nodes[output].kind == NODE_INPUT || output == net->loss) {
        if (base)
            net->answer = output == net->loss ? net->losses : net->inputs[output];
        return at;
    }
    if (base)
        net->answer = (float *)(void *)(base + at);
    return at + batch_bytes(net, output);
}

static hone_rc bind(struct program *p, unsigned char *shared, hone_error *err)
{
    hone_rc rc = HONE_OK;
    for (int32_t i = 0; i < p->n_ops && rc == HONE_OK; i++) {
        struct op *op = &p->ops[i];
        for (int k = 0; k < MAX_OPERANDS; k++) {
            if (op->buffer[k] < 0)
                continue;
            const struct buffer *b = &p->buffers[op->buffer[k]];
            op->p[k] = b->fixed ? b->fixed : (float *)(void *)(shared + b->offset);
        }
        if (op->primitive)
            rc = primitive_bind(op->primitive, op->p, &op->call, err);
    }
    return rc;
}

/* The fixed part has to be there before lowering (fixed buffers are pointers), the shared part after it (its size is what
 * lowering finds): two blocks. */
static hone_rc build(hone_net *net, hone_error *err)
{
    hone_rc rc;
    net->arena_bytes = place_fixed(net, NULL);
    net->inputs = calloc((size_t)net->n_nodes, sizeof *net->inputs);
    net->fixed = aligned_zeroed(net->arena_bytes);
    if (!net->inputs || !net->fixed)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a batch of %lld samples", (long long)net->batch);
    place_fixed(net, net->fixed);
    if ((rc = lower(net, &net->train, true, err)) < 0 || (rc = lower(net, &net->infer, false, err)) < 0)
        return rc;
    program_plan(&net->train, !net->graph->unshared);
    program_plan(&net->infer, !net->graph->unshared);
    const uint64_t shared = net->train.bytes > net->infer.bytes ? net->train.bytes : net->infer.bytes;
    net->arena = aligned_memory(shared); /* every operation writes what a later one reads */
    if (!net->arena)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a batch of %lld samples: %llu MB",
                         (long long)net->batch, (unsigned long long)(shared >> 20));
    net->arena_bytes += shared;
    if ((rc = bind(&net->train, net->arena, err)) < 0)
        return rc;
    return bind(&net->infer, net->arena, err);
}

static hone_rc compile(hone_graph *g, hone_var loss, hone_var output, int64_t batch, bool frozen, hone_net **out,
                       hone_error *err)
{
    hone_rc rc;
    hone_net *net = NULL;
    *out = NULL;
    if ((rc = check(g, loss, output, batch, err)) < 0 || (rc = check_softmax(g, loss, err)) < 0 ||
        (rc = graph_make_parameters(g, batch, err)) < 0)
        return rc;
    if (graph_plain(g, output).id < 0)
        return hone_nn_graph_error(g, err);
    net = calloc(1, sizeof *net);
    if (!net)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory while compiling the network");
    net->graph = g;
    net->batch = batch;
    net->frozen = frozen;
    net->loss = loss.id;
    net->output = graph_plain(g, output).id;
    net->n_nodes = g->n_nodes;
    const int before = threads_enter(g->threads);
    rc = build(net, err);
    threads_leave(before);
    if (rc < 0) {
        hone_net_destroy(net);
        return rc;
    }
    *out = net;
    return HONE_OK;
}

hone_rc hone_nn_compile(hone_graph *g, hone_var loss, hone_var output, int64_t batch, hone_net **net, hone_error *err)
{
    return compile(g, loss, output, batch, false, net, err);
}

hone_rc hone_nn_compile_evaluation(hone_graph *g, hone_var loss, hone_var output, int64_t batch, hone_net **net,
                                   hone_error *err)
{
    return compile(g, loss, output, batch, true, net, err);
}

void hone_net_destroy(hone_net *net)
{
    if (!net)
        return;
    program_release(&net->train);
    program_release(&net->infer);
    free(net->inputs);
    free(net->fixed);
    free(net->arena);
    free(net);
}

/* ---- running ---- */
int64_t hone_net_batch(const hone_net *net)
{
    return net->batch;
}

float *hone_net_input(hone_net *net, hone_var input)
{
    return input.id >= 0 && input.id < net->n_nodes ? net->inputs[input.id] : NULL;
}

const float *hone_net_output(const hone_net *net)
{
    return net->answer;
}

const float *hone_net_losses(const hone_net *net)
{
    return net->losses;
}

static hone_rc onednn_failed(int status, hone_error *err)
{
    return hone_fail(err, HONE_EFAIL, "", "oneDNN failed while computing (status %d)", status);
}

static hone_rc mean_loss(const hone_net *net, double *loss, hone_error *err)
{
    double sum = 0.0;
    for (int64_t i = 0; i < net->batch; i++)
        sum += (double)net->losses[i];
    *loss = sum / (double)net->batch;
    if (!isfinite(*loss))
        return hone_fail(err, HONE_ENUMERIC, "", "the training loss is %s; a smaller learning rate may help",
                         isnan(*loss) ? "not a number" : "infinite");
    return HONE_OK;
}

hone_rc hone_net_forward_backward(hone_net *net, uint64_t step, double *loss, hone_error *err)
{
    const struct program *p = &net->train;
    const int before = threads_enter(net->graph->threads);
    hone_rc rc = HONE_OK;
    int status = program_run(p, 0, p->n_forward, step);
    if (status == 0 && (rc = mean_loss(net, loss, err)) == HONE_OK)
        status = program_run(p, p->n_forward, p->n_ops, step);
    threads_leave(before);
    return status ? onednn_failed(status, err) : rc;
}

hone_rc hone_net_infer(hone_net *net, hone_error *err)
{
    const int before = threads_enter(net->graph->threads);
    const int status = program_run(&net->infer, 0, net->infer.n_ops, 0);
    threads_leave(before);
    return status ? onednn_failed(status, err) : HONE_OK;
}

/* ---- cost ---- */
double hone_net_flops(const hone_net *net)
{
    return net->train.flops;
}

uint64_t hone_net_bytes(const hone_net *net)
{
    uint64_t blocks = 2; /* values and gradients */
    for (int i = 0; i < HONE_MAX_STATES; i++)
        blocks += net->graph->states[i] != NULL;
    return net->arena_bytes + blocks * net->graph->block * sizeof(float);
}

/* One thread's own time, which neighbours do not disturb; wall time where there are several. */
static double seconds(uint32_t threads)
{
    struct timespec t;
    clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double hone_net_primitive_seconds(hone_net *net, uint32_t repeats)
{
    const int before = threads_enter(net->graph->threads);
    double sum = 0.0;
    hone_graph *g = net->graph;
    float *kept = malloc((g->buffer_floats + 1) * sizeof *kept); /* batch norms move them */
    double look = seconds(g->threads);                           /* at the clock, a good part of a small operation */
    look = seconds(g->threads) - look;
    if (!kept)
        return HUGE_VAL;
    memcpy(kept, g->buffer_values, g->buffer_floats * sizeof *kept);
    for (int32_t i = 0; i < net->train.n_ops; i++) {
        const struct op *op = &net->train.ops[i];
        double best = HUGE_VAL;
        for (uint32_t r = 0; r < (repeats ? repeats : 1); r++) {
            const double start = seconds(g->threads);
            (void)op->run(op, r);
            const double taken = seconds(g->threads) - start;
            best = taken < best ? taken : best;
        }
        sum += best > look ? best - look : 0.0;
    }
    memcpy(g->buffer_values, kept, g->buffer_floats * sizeof *kept);
    free(kept);
    threads_leave(before);
    return sum;
}
