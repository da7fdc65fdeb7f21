/* SPDX-License-Identifier: MIT */
/* For tests: the same layers as naive loops in double precision with a tape for the backward pass, sharing nothing with the
 * library but the definition of Philox. Weights are read from the graph, inputs from the net's buffers. */
#ifndef HONE_NN_REFERENCE_H
#define HONE_NN_REFERENCE_H
#include "hone/nn.h"
#include "hone/rng.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum ref_kind {
    REF_INPUT,
    REF_DENSE,
    REF_RELU,
    REF_TANH,
    REF_SIGMOID,
    REF_GELU,
    REF_DROPOUT,
    REF_ADD,
    REF_CE,
    REF_MSE,
    REF_SOFTMAX
};
enum { REF_MAX = 64 };

struct ref_node {
    enum ref_kind kind;
    int a, b;         /* sources */
    int64_t n;        /* elements of a sample */
    int kernel, bias; /* parameters of the graph */
    double rate;
    uint32_t number;
    hone_var var;             /* in the graph */
    double *value, *gradient; /* (batch, n) */
};

/* The network twice: as a graph and as a tape. */
struct ref {
    hone_graph *g;
    uint64_t seed;
    struct ref_node node[REF_MAX];
    int n, n_parameters;
    uint32_t n_dropouts;
    int64_t batch;
    double *parameter_gradient[REF_MAX];
    double loss;
};

static inline struct ref ref_create(uint64_t seed)
{
    struct ref r;
    const hone_graph_options options = { sizeof options, 1, seed };
    memset(&r, 0, sizeof r);
    r.g = hone_nn_graph_create(&options);
    r.seed = seed;
    return r;
}

static inline int ref_push(struct ref *r, enum ref_kind kind, int a, int b, int64_t n, hone_var var)
{
    r->node[r->n] = (struct ref_node){ .kind = kind, .a = a, .b = b, .n = n, .var = var, .kernel = -1, .bias = -1 };
    return r->n++;
}

static inline int ref_input(struct ref *r, const char *name, int64_t n)
{
    return ref_push(r, REF_INPUT, -1, -1, n, hone_nn_input(r->g, name, &n, 1));
}

static inline int ref_dense(struct ref *r, int x, int64_t units, uint32_t no_bias)
{
    const int id = ref_push(r, REF_DENSE, x, -1, units,
                            hone_dense(r->g, r->node[x].var, .units = units, .no_bias = no_bias));
    r->node[id].kernel = r->n_parameters++;
    if (!no_bias)
        r->node[id].bias = r->n_parameters++;
    return id;
}

static inline int ref_act(struct ref *r, enum ref_kind kind, int x)
{
    hone_var (*const build[])(hone_graph *, hone_var) = { [REF_RELU] = hone_nn_relu,
                                                          [REF_TANH] = hone_nn_tanh,
                                                          [REF_SIGMOID] = hone_nn_sigmoid,
                                                          [REF_GELU] = hone_nn_gelu,
                                                          [REF_SOFTMAX] = hone_nn_softmax };
    return ref_push(r, kind, x, -1, r->node[x].n, build[kind](r->g, r->node[x].var));
}

static inline int ref_dropout(struct ref *r, int x, double rate)
{
    const int id = ref_push(r, REF_DROPOUT, x, -1, r->node[x].n, hone_nn_dropout(r->g, r->node[x].var, rate));
    r->node[id].rate = rate;
    r->node[id].number = r->n_dropouts++;
    return id;
}

static inline int ref_add(struct ref *r, int a, int b)
{
    return ref_push(r, REF_ADD, a, b, r->node[a].n, hone_nn_add(r->g, r->node[a].var, r->node[b].var));
}

static inline int ref_loss(struct ref *r, enum ref_kind kind, int x, int t)
{
    hone_var (*const build)(hone_graph *, hone_var, hone_var) = kind == REF_CE ? hone_nn_softmax_cross_entropy
                                                                               : hone_nn_mse;
    return ref_push(r, kind, x, t, 1, build(r->g, r->node[x].var, r->node[t].var));
}

/* Factor of one unit under dropout: the mapping that kernels.h documents, through hone_philox alone. */
static inline double ref_mask(const struct ref *r, const struct ref_node *d, uint64_t step, int64_t e)
{
    const uint64_t seed = hone_rng_derive(r->seed, UINT64_C(0x6d61736b));
    const uint32_t key[2] = { (uint32_t)seed, (uint32_t)(seed >> 32) };
    const int64_t in_block = e % 128;
    const uint32_t counter[4] = { (uint32_t)(e / 128 * 16 + in_block % 16), d->number, (uint32_t)step,
                                  (uint32_t)(step >> 32) };
    uint32_t words[4];
    hone_philox(counter, key, words);
    const uint32_t bits = words[in_block / 16 % 4] >> (in_block >= 64 ? 16 : 0) & 0xffff;
    const double dropped = floor(d->rate * 65536 + 0.5);
    return bits < dropped ? 0.0 : 65536 / (65536 - dropped);
}

static inline double ref_normal(double x)
{
    return 0.5 * erfc(-x / sqrt(2.0));
}

/* f(x) and f'(x) */
static inline double ref_f(enum ref_kind kind, double x, double *slope)
{
    double y = x;
    *slope = 1.0;
    if (kind == REF_RELU) {
        y = x > 0 ? x : 0;
        *slope = x > 0;
    } else if (kind == REF_TANH) {
        y = tanh(x);
        *slope = 1 - y * y;
    } else if (kind == REF_SIGMOID) {
        y = 1 / (1 + exp(-x));
        *slope = y * (1 - y);
    } else if (kind == REF_GELU) {
        y = x * ref_normal(x);
        *slope = ref_normal(x) + x * exp(-x * x / 2) / sqrt(6.283185307179586);
    }
    return y;
}

static inline float *ref_parameter(const struct ref *r, int i)
{
    uint32_t n;
    return hone_nn_parameters(r->g, &n)[i]->value;
}

static inline void ref_softmax(const double *x, double *p, int64_t k)
{
    double max = x[0], sum = 0;
    for (int64_t c = 1; c < k; c++)
        max = x[c] > max ? x[c] : max;
    for (int64_t c = 0; c < k; c++)
        sum += p[c] = exp(x[c] - max);
    for (int64_t c = 0; c < k; c++)
        p[c] /= sum;
}

static inline double ref_loss_row(const struct ref_node *d, const double *x, const double *t, double *slope, int64_t k)
{
    double loss = 0, mass = 0;
    if (d->kind == REF_MSE) {
        for (int64_t c = 0; c < k; c++) {
            loss += (x[c] - t[c]) * (x[c] - t[c]) / (double)k;
            slope[c] = 2 * (x[c] - t[c]) / (double)k;
        }
        return loss;
    }
    double max = x[0], sum = 0;
    for (int64_t c = 1; c < k; c++)
        max = x[c] > max ? x[c] : max;
    for (int64_t c = 0; c < k; c++)
        sum += exp(x[c] - max);
    for (int64_t c = 0; c < k; c++) {
        loss -= t[c] * (x[c] - max - log(sum));
        mass += t[c];
    }
    for (int64_t c = 0; c < k; c++)
        slope[c] = mass * exp(x[c] - max) / sum - t[c];
    return loss;
}

static inline void ref_forward(struct ref *r, hone_net *net, bool training, uint64_t step)
{
    r->batch = hone_net_batch(net);
    for (int i = 0; i < r->n; i++) {
        struct ref_node *d = &r->node[i];
        const int64_t n = d->n, total = n * r->batch;
        const double *x = d->a >= 0 ? r->node[d->a].value : NULL, *b = d->b >= 0 ? r->node[d->b].value : NULL;
        double slope;
        free(d->value);
        free(d->gradient);
        d->value = calloc((size_t)total, sizeof(double));
        d->gradient = calloc((size_t)total, sizeof(double));
        for (int64_t e = 0; e < total; e++) {
            if (d->kind == REF_INPUT)
                d->value[e] = (double)hone_net_input(net, d->var)[e];
            else if (d->kind == REF_DENSE) {
                const int64_t in = r->node[d->a].n;
                double sum = d->bias >= 0 ? (double)ref_parameter(r, d->bias)[e % n] : 0;
                for (int64_t k = 0; k < in; k++)
                    sum += x[e / n * in + k] * (double)ref_parameter(r, d->kernel)[e % n * in + k];
                d->value[e] = sum;
            } else if (d->kind == REF_DROPOUT)
                d->value[e] = training ? x[e] * ref_mask(r, d, step, e) : x[e];
            else if (d->kind == REF_ADD)
                d->value[e] = x[e] + b[e];
            else if (d->kind == REF_CE || d->kind == REF_MSE) {
                const int64_t k = r->node[d->a].n;
                double *unused = calloc((size_t)k, sizeof(double));
                d->value[e] = ref_loss_row(d, x + e * k, b + e * k, unused, k);
                free(unused);
            } else if (d->kind == REF_SOFTMAX) {
                if (e % n == 0)
                    ref_softmax(x + e, d->value + e, n);
            } else
                d->value[e] = ref_f(d->kind, x[e], &slope);
        }
    }
}

/* Gradients of the mean of node `loss` over the batch; call after ref_forward. */
static inline void ref_backward(struct ref *r, int loss, uint64_t step)
{
    uint32_t n_parameters;
    hone_parameter *const *p = hone_nn_parameters(r->g, &n_parameters);
    for (uint32_t i = 0; i < n_parameters; i++) {
        free(r->parameter_gradient[i]);
        r->parameter_gradient[i] = calloc(p[i]->length, sizeof(double));
    }
    r->loss = 0;
    for (int64_t e = 0; e < r->batch; e++) {
        r->loss += r->node[loss].value[e] / (double)r->batch;
        r->node[loss].gradient[e] = 1.0 / (double)r->batch;
    }
    for (int i = loss; i >= 0; i--) {
        struct ref_node *d = &r->node[i];
        struct ref_node *a = d->a >= 0 ? &r->node[d->a] : NULL, *b = d->b >= 0 ? &r->node[d->b] : NULL;
        const int64_t n = d->n;
        for (int64_t e = 0; e < n * r->batch; e++) {
            const double dy = d->gradient[e];
            double slope;
            if (d->kind == REF_DENSE) {
                const int64_t in = a->n;
                if (d->bias >= 0)
                    r->parameter_gradient[d->bias][e % n] += dy;
                for (int64_t k = 0; k < in; k++) {
                    r->parameter_gradient[d->kernel][e % n * in + k] += dy * a->value[e / n * in + k];
                    a->gradient[e / n * in + k] += dy * (double)ref_parameter(r, d->kernel)[e % n * in + k];
                }
            } else if (d->kind == REF_DROPOUT)
                a->gradient[e] += dy * ref_mask(r, d, step, e);
            else if (d->kind == REF_ADD) {
                a->gradient[e] += dy;
                b->gradient[e] += dy;
            } else if (d->kind == REF_CE || d->kind == REF_MSE) {
                const int64_t k = a->n;
                double *s = calloc((size_t)k, sizeof(double));
                ref_loss_row(d, a->value + e * k, b->value + e * k, s, k);
                for (int64_t c = 0; c < k; c++)
                    a->gradient[e * k + c] += dy * s[c];
                free(s);
            } else if (d->kind != REF_INPUT && d->kind != REF_SOFTMAX) {
                ref_f(d->kind, a->value[e], &slope);
                a->gradient[e] += dy * slope;
            }
        }
    }
}

static inline void ref_destroy(struct ref *r)
{
    for (int i = 0; i < REF_MAX; i++) {
        free(r->node[i].value);
        free(r->node[i].gradient);
        free(r->parameter_gradient[i]);
    }
    hone_nn_graph_destroy(r->g);
}
#endif
