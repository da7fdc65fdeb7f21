/* SPDX-License-Identifier: MIT */
/* A loss at outputs that the test chooses: an input passes an identity layer, whose gradient the test may
 * look at. */
#ifndef HONE_TESTS_LOSS_CASE_H
#define HONE_TESTS_LOSS_CASE_H
#include "component.h"
#include "hone/loss.h"

enum { LOSS_N = 4, LOSS_K = 3 };

struct loss_case {
    struct component c;
    hone_graph *g;
    hone_net *net;
    double mean;
    float losses[LOSS_N], output[LOSS_N * LOSS_K];
    float bias_gradient[LOSS_K]; /* sum over the samples of d (mean loss) / d output */
};

static const hone_loss_v1 *loss_iface(const struct component *c)
{
    return (const hone_loss_v1 *)c->component->iface;
}

static void loss_run(struct loss_case *l, const char *name, uint32_t kind, const float *outputs, const float *targets)
{
    const hone_graph_options options = { sizeof options, 1, 3 };
    const int64_t dims[1] = { LOSS_K };
    const hone_task task = { .size = sizeof task, .kind = kind, .n_outputs = LOSS_K, .n_dims = 1, .dims = { LOSS_K } };
    static const float identity[LOSS_K * LOSS_K] = { 1, 0, 0, 0, 1, 0, 0, 0, 1 };
    uint32_t n;
    memset(l, 0, sizeof *l);
    CU_ASSERT_EQUAL_FATAL(component_open(&l->c, name, 1, NULL), HONE_OK);
    l->g = hone_nn_graph_create(&options);
    CU_ASSERT_PTR_NOT_NULL_FATAL(l->g);
    const hone_var x = hone_nn_input(l->g, "x", dims, 1), t = hone_nn_input(l->g, "t", dims, 1);
    const hone_var y = hone_dense(l->g, x, .units = LOSS_K, .name = "output");
    const hone_var loss = loss_iface(&l->c)->build(l->c.self, l->g, y, t, &task);
    const hone_var answer = loss_iface(&l->c)->predict(l->c.self, l->g, y, &task);
    CU_ASSERT_EQUAL_FATAL(hone_nn_compile(l->g, loss, answer, LOSS_N, &l->net, &l->c.err), HONE_OK);
    CU_ASSERT_EQUAL(hone_nn_write(l->g, 0, identity, &l->c.err), HONE_OK);
    memcpy(hone_net_input(l->net, x), outputs, LOSS_N * LOSS_K * sizeof *outputs);
    memcpy(hone_net_input(l->net, t), targets, LOSS_N * LOSS_K * sizeof *targets);
    CU_ASSERT_EQUAL(hone_net_forward_backward(l->net, 1, &l->mean, &l->c.err), HONE_OK);
    memcpy(l->losses, hone_net_losses(l->net), sizeof l->losses);
    hone_parameter *const *p = hone_nn_parameters(l->g, &n);
    CU_ASSERT_EQUAL_FATAL(n, 2);
    memcpy(l->bias_gradient, p[1]->gradient, sizeof l->bias_gradient);
    CU_ASSERT_EQUAL(hone_net_infer(l->net, &l->c.err), HONE_OK);
    memcpy(l->output, hone_net_output(l->net), sizeof l->output);
    hone_net_destroy(l->net);
    hone_nn_graph_destroy(l->g);
}

/* The graph keeps the mistake of a task that the loss does not serve. */
static void loss_refuses(const char *name, uint32_t kind, const char *hint)
{
    const hone_graph_options options = { sizeof options, 1, 3 };
    const int64_t dims[1] = { LOSS_K };
    const hone_task task = { .size = sizeof task, .kind = kind, .n_outputs = LOSS_K, .n_dims = 1, .dims = { LOSS_K } };
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, name, 1, NULL), HONE_OK);
    hone_graph *g = hone_nn_graph_create(&options);
    const hone_var x = hone_nn_input(g, "x", dims, 1), t = hone_nn_input(g, "t", dims, 1);
    CU_ASSERT(loss_iface(&c)->build(c.self, g, x, t, &task).id < 0);
    CU_ASSERT(hone_nn_graph_error(g, &c.err) < 0);
    CU_ASSERT(strstr(c.err.msg, hint) != NULL);
    hone_nn_graph_destroy(g);
    component_close(&c);
}
#endif
