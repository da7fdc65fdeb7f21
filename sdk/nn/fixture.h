/* SPDX-License-Identifier: MIT */
/* For tests of compiled networks: numbers to fill inputs with, a perceptron, one step. */
#ifndef HONE_NN_FIXTURE_H
#define HONE_NN_FIXTURE_H
#include "reference.h"

#include "harness.h"

static inline void fill(float *x, int64_t n, uint64_t seed)
{
    hone_rng rng = hone_rng_at(seed, 99);
    for (int64_t i = 0; i < n; i++)
        x[i] = (float)hone_rng_normal(&rng);
}

/* Soft targets: positive, of sum 1 (or not quite, for `odd`). */
static inline void fill_targets(float *t, int64_t rows, int64_t k, uint64_t seed, bool odd)
{
    hone_rng rng = hone_rng_at(seed, 98);
    for (int64_t r = 0; r < rows; r++) {
        double sum = 0;
        for (int64_t c = 0; c < k; c++)
            sum += (double)(t[r * k + c] = (float)hone_rng_uniform(&rng));
        for (int64_t c = 0; c < k; c++)
            t[r * k + c] = (float)((double)t[r * k + c] / sum * (odd ? 1.5 : 1.0));
    }
}

/* Biases away from zero, so that they count. */
static inline void shake(hone_graph *g)
{
    uint32_t n;
    hone_parameter *const *p = hone_nn_parameters(g, &n);
    for (uint32_t i = 0; i < n; i++)
        if (p[i]->role == HONE_PARAMETER_BIAS)
            fill(p[i]->value, (int64_t)p[i]->length, 1000 + i);
}

static inline double loss_of(hone_net *net)
{
    hone_error err = HONE_ERROR_INIT;
    double loss = -1.0;
    CU_ASSERT_EQUAL(hone_net_forward_backward(net, 1, &loss, &err), HONE_OK);
    return loss;
}

struct mlp {
    hone_graph *g;
    hone_var x, t, loss, output;
};

static inline struct mlp mlp(int64_t in, int64_t width, int depth, int64_t classes, double rate, uint64_t seed)
{
    const hone_graph_options options = { sizeof options, 1, seed };
    struct mlp m = { .g = hone_nn_graph_create(&options) };
    m.x = hone_nn_input(m.g, "x", &in, 1);
    m.t = hone_nn_input(m.g, "t", &classes, 1);
    hone_var h = m.x;
    for (int i = 0; i < depth; i++)
        h = hone_nn_dropout(m.g, hone_nn_relu(m.g, hone_dense(m.g, h, .units = width)), rate);
    h = hone_dense(m.g, h, .units = classes, .init = "xavier");
    m.loss = hone_nn_softmax_cross_entropy(m.g, h, m.t);
    m.output = hone_nn_softmax(m.g, h);
    return m;
}

static inline hone_net *compile(const struct mlp *m, int64_t batch)
{
    hone_error err = HONE_ERROR_INIT;
    hone_net *net = NULL;
    CU_ASSERT_EQUAL_FATAL(hone_nn_compile(m->g, m->loss, m->output, batch, &net, &err), HONE_OK);
    return net;
}
#endif
