/* SPDX-License-Identifier: MIT */
/* Tests of nets compiled for evaluation: a step computes what inference computes, and gradients that central differences of
 * inference confirm, whatever acts in training only. */
#include "harness.h"

#include "hone/nn.h"
#include "hone/rng.h"

#include <math.h>

enum { BATCH = 6, CLASSES = 3 };
struct model {
    hone_graph *g;
    hone_var x, targets, loss, output;
    hone_net *train, *evaluate;
    uint64_t elements;
};

static void fill(float *x, uint64_t n, uint64_t stream)
{
    hone_rng rng = hone_rng_at(7, stream);
    for (uint64_t i = 0; i < n; i++)
        x[i] = (float)hone_rng_normal(&rng);
}

static void start(struct model *m, const int64_t *dims, uint32_t n_dims)
{
    const hone_graph_options options = { sizeof options, 1, 11 };
    const int64_t classes = CLASSES;
    m->g = hone_nn_graph_create(&options);
    m->x = hone_nn_input(m->g, "x", dims, n_dims);
    m->targets = hone_nn_input(m->g, "targets", &classes, 1);
    m->elements = 1;
    for (uint32_t i = 0; i < n_dims; i++)
        m->elements *= (uint64_t)dims[i];
}

static void set_inputs(const struct model *m, hone_net *net)
{
    float *targets = hone_net_input(net, m->targets);
    fill(hone_net_input(net, m->x), BATCH * m->elements, 1);
    memset(targets, 0, BATCH * CLASSES * sizeof *targets);
    for (int i = 0; i < BATCH; i++)
        targets[i * CLASSES + i % CLASSES] = 1;
}

static void finish(struct model *m, hone_var logits)
{
    hone_error err = HONE_ERROR_INIT;
    double loss;
    m->loss = hone_nn_softmax_cross_entropy(m->g, logits, m->targets);
    m->output = hone_nn_softmax(m->g, logits);
    CU_ASSERT_EQUAL_FATAL(hone_nn_compile(m->g, m->loss, m->output, BATCH, &m->train, &err), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(hone_nn_compile_evaluation(m->g, m->loss, m->output, BATCH, &m->evaluate, &err), HONE_OK);
    set_inputs(m, m->train);
    set_inputs(m, m->evaluate);
    for (uint64_t step = 0; step < 5; step++) /* running statistics of their own */
        hone_net_forward_backward(m->train, step, &loss, &err);
}

static double inferred(const struct model *m)
{
    hone_error err = HONE_ERROR_INIT;
    double sum = 0;
    CU_ASSERT_EQUAL(hone_net_infer(m->train, &err), HONE_OK);
    for (int i = 0; i < BATCH; i++)
        sum += (double)hone_net_losses(m->train)[i] / BATCH;
    return sum;
}

static void compare(struct model *m)
{
    hone_error err = HONE_ERROR_INIT;
    double loss, again;
    uint32_t n, n_buffers;
    hone_parameter *const *parameters = hone_nn_parameters(m->g, &n);
    hone_parameter *const *buffers = hone_nn_buffers(m->g, &n_buffers);
    float before[64] = { 0 };
    for (uint32_t b = 0; b < n_buffers; b++)
        before[b] = buffers[b]->value[0];
    CU_ASSERT_EQUAL(hone_net_forward_backward(m->evaluate, 3, &loss, &err), HONE_OK);
    CU_ASSERT_DOUBLE_EQUAL(loss, inferred(m), 1e-6 * fabs(loss));
    CU_ASSERT_EQUAL(hone_net_forward_backward(m->evaluate, 4, &again, &err), HONE_OK);
    CU_ASSERT_EQUAL(loss, again); /* no masks */
    for (uint32_t b = 0; b < n_buffers; b++)
        CU_ASSERT_EQUAL(before[b], buffers[b]->value[0]);
    for (uint32_t i = 0; i < n; i++) {
        hone_parameter *p = parameters[i];
        double along = 0, size = 0;
        const float h = 1e-4f; /* few kinks of relu within */
        float *direction = malloc(p->length * sizeof *direction);
        fill(direction, p->length, 100 + i);
        for (uint64_t k = 0; k < p->length; k++) {
            if (p->value[k] == 0 && !p->plain)
                direction[k] = 0; /* padding stays zero */
            along += (double)p->gradient[k] * (double)direction[k];
            size += fabs((double)p->gradient[k]);
            p->value[k] += h * direction[k];
        }
        const double up = inferred(m);
        for (uint64_t k = 0; k < p->length; k++)
            p->value[k] -= 2 * h * direction[k];
        const double difference = (up - inferred(m)) / (2 * (double)h);
        for (uint64_t k = 0; k < p->length; k++)
            p->value[k] += h * direction[k];
        CU_ASSERT_DOUBLE_EQUAL(along, difference, 5e-3 * fabs(difference) + 2e-3);
        CU_ASSERT(size > 0);
        free(direction);
    }
    hone_net_destroy(m->train);
    hone_net_destroy(m->evaluate);
    hone_nn_graph_destroy(m->g);
}

static void test_what_acts_in_training_only_is_left_out(void)
{
    static const int64_t dims[] = { 10 };
    struct model m;
    start(&m, dims, 1);
    hone_var h = hone_nn_gaussian_noise(m.g, m.x, 0.5);
    h = hone_nn_dropout(m.g, hone_nn_relu(m.g, hone_dense(m.g, h, .units = 16)), 0.5);
    h = hone_nn_alpha_dropout(m.g, hone_nn_tanh(m.g, hone_dense(m.g, h, .units = 12)), 0.3);
    hone_nn_penalize_activity(m.g, h, 0.1);
    finish(&m, hone_dense(m.g, h, .units = CLASSES));
    compare(&m);
}

static void test_batch_norm_takes_its_running_statistics(void)
{
    static const int64_t dims[] = { 10 }, image[] = { 2, 6, 6 };
    struct model m;
    start(&m, dims, 1);
    hone_var h = hone_nn_tanh(m.g, hone_nn_batch_norm(m.g, hone_dense(m.g, m.x, .units = 16), NULL));
    finish(&m, hone_dense(m.g, h, .units = CLASSES));
    compare(&m);
    start(&m, image, 3);
    h = hone_nn_relu(m.g, hone_nn_batch_norm(m.g, hone_conv2d(m.g, m.x, .filters = 4, .kernel = 3, .pad = 1), NULL));
    const hone_var branch = hone_nn_batch_norm(m.g, hone_conv2d(m.g, h, .filters = 4, .kernel = 3, .pad = 1), NULL);
    h = hone_nn_drop_block(m.g, hone_nn_relu(m.g, hone_nn_add(m.g, branch, h)), 0.2, 2);
    finish(&m, hone_dense(m.g, hone_nn_flatten(m.g, h), .units = CLASSES));
    compare(&m);
}

SUITE(TEST(test_what_acts_in_training_only_is_left_out), TEST(test_batch_norm_takes_its_running_statistics))
