/* SPDX-License-Identifier: MIT */
/* The weights of a real network, in whatever layouts it keeps them, for tests of regularizers: convolutions (of few channels,
 * of many, grouped), a norm, and dense layers that read pixels and vectors. */
#ifndef HONE_TESTS_WEIGHTS_CASE_H
#define HONE_TESTS_WEIGHTS_CASE_H
#include "parameters.h"

struct weights_case {
    hone_graph *g;
    hone_net *net;
    hone_var x, targets;
    hone_parameter *const *all;
    uint32_t n;
};

enum { WEIGHTS_BATCH = 4, WEIGHTS_CLASSES = 5 };

static void weights_open(struct weights_case *w, uint64_t seed)
{
    const hone_graph_options options = { sizeof options, 1, seed };
    const int64_t dims[3] = { 3, 12, 12 }, classes = WEIGHTS_CLASSES;
    hone_error err = HONE_ERROR_INIT;
    hone_graph *g = w->g = hone_nn_graph_create(&options);
    w->x = hone_nn_input(g, "x", dims, 3);
    w->targets = hone_nn_input(g, "targets", &classes, 1);
    hone_var h = hone_nn_relu(g, hone_conv2d(g, w->x, .filters = 24, .kernel = 5, .pad = 2, .name = "conv1"));
    h = hone_nn_relu(g, hone_batch_norm(g, hone_conv2d(g, h, .filters = 20, .kernel = 3, .pad = 1, .name = "conv2"),
                                        .name = "norm2"));
    h = hone_max_pool(g, h, .kernel = 2);
    h = hone_nn_tanh(g, hone_dense(g, hone_nn_flatten(g, h), .units = 16, .name = "hidden1"));
    h = hone_dense(g, h, .units = WEIGHTS_CLASSES, .name = "output");
    CU_ASSERT_EQUAL_FATAL(
        hone_nn_compile(g, hone_nn_softmax_cross_entropy(g, h, w->targets), h, WEIGHTS_BATCH, &w->net, &err), HONE_OK);
    w->all = hone_nn_parameters(g, &w->n);
    float *x = hone_net_input(w->net, w->x), *t = hone_net_input(w->net, w->targets);
    hone_rng rng = hone_rng_at(seed, 17);
    for (int i = 0; i < WEIGHTS_BATCH * 3 * 12 * 12; i++)
        x[i] = (float)hone_rng_normal(&rng);
    for (int i = 0; i < WEIGHTS_BATCH * WEIGHTS_CLASSES; i++)
        t[i] = i % WEIGHTS_CLASSES == i / WEIGHTS_CLASSES ? 1.0f : 0.0f;
}

static void weights_close(struct weights_case *w)
{
    hone_net_destroy(w->net);
    hone_nn_graph_destroy(w->g);
}

/* A copy in the plain order of an array that has the layout of parameter i; free() it. */
static float *weights_plain(struct weights_case *w, uint32_t i, float *array)
{
    hone_parameter *p = w->all[i];
    hone_error err = HONE_ERROR_INIT;
    float *const value = p->value,
                 *plain = (float *)calloc((size_t)hone_shape_elements(p->dims, p->n_dims), sizeof *plain);
    p->value = array;
    CU_ASSERT_EQUAL(hone_nn_read(w->g, i, plain, &err), HONE_OK);
    p->value = value;
    return plain;
}

/* What lies between the weights stays zero: of the length of the layout, as many numbers are not zero as in the plain copy. */
__attribute__((unused)) static int weights_padding_is_zero(struct weights_case *w, uint32_t i, float *array)
{
    const hone_parameter *p = w->all[i];
    const uint64_t elements = (uint64_t)hone_shape_elements(p->dims, p->n_dims);
    float *plain = weights_plain(w, i, array);
    uint64_t inside = 0, all = 0;
    for (uint64_t e = 0; e < elements; e++)
        inside += plain[e] != 0.0f;
    for (uint64_t e = 0; e < p->length; e++)
        all += array[e] != 0.0f;
    free(plain);
    return inside == all;
}

/* Rows and columns of parameter i as a matrix: first dimension, product of the others. */
__attribute__((unused)) static void weights_matrix(const struct weights_case *w, uint32_t i, int *rows, int *columns)
{
    *rows = (int)w->all[i]->dims[0];
    *columns = (int)hone_shape_elements(w->all[i]->dims, w->all[i]->n_dims) / *rows;
}
#endif
