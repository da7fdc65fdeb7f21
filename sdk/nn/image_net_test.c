/* SPDX-License-Identifier: MIT */
/* Whole networks of images: the plan of memory, repetition, weights in plain order, running statistics, NaN. */
#include "graph.h"

#include "image_reference.h"

struct small {
    hone_graph *g;
    hone_var x, t, loss, output;
};

static struct small small(uint64_t seed, bool unshared)
{
    const hone_graph_options options = { sizeof options, 1, seed };
    const int64_t image_dims[3] = { 2, 9, 7 }, classes = 3;
    struct small s = { .g = hone_nn_graph_create(&options) };
    s.g->unshared = unshared;
    s.x = hone_nn_input(s.g, "x", image_dims, 3);
    s.t = hone_nn_input(s.g, "t", &classes, 1);
    hone_var h = hone_nn_relu(s.g, hone_conv2d(s.g, s.x, .filters = 6, .kernel = 3, .pad = 1));
    for (int i = 0; i < 6; i++) {
        hone_var b = hone_batch_norm(s.g, hone_conv2d(s.g, h, .filters = 6, .kernel = 3, .pad = 1, .no_bias = 1),
                                     .epsilon = 1e-4);
        b = hone_nn_dropout(s.g, hone_nn_relu(s.g, b), i % 2 ? 0.0 : 0.2);
        b = hone_batch_norm(s.g, hone_conv2d(s.g, b, .filters = 6, .kernel = 3, .pad = 1, .no_bias = 1),
                            .momentum = 0.5);
        h = hone_nn_relu(s.g, hone_nn_add(s.g, h, b));
        h = i == 2 ? hone_max_pool(s.g, h, .kernel = 2) : i == 4 ? hone_average_pool(s.g, h, .kernel = 2) : h;
    }
    h = hone_dense(s.g, hone_nn_flatten(s.g, h), .units = 3, .init = "xavier");
    s.loss = hone_nn_softmax_cross_entropy(s.g, h, s.t);
    s.output = hone_nn_softmax(s.g, h);
    return s;
}

static hone_net *compiled(const struct small *s, int64_t batch)
{
    hone_error err = HONE_ERROR_INIT;
    hone_net *net = NULL;
    CU_ASSERT_EQUAL_FATAL(hone_nn_compile(s->g, s->loss, s->output, batch, &net, &err), HONE_OK);
    fill(hone_net_input(net, s->x), batch * 126, 1);
    fill_targets(hone_net_input(net, s->t), batch, 3, 2, false);
    return net;
}

/* One step and one inference: gradients, running statistics and answers, one after the other. */
static uint64_t results(const struct small *s, hone_net *net, float *out)
{
    hone_error err = HONE_ERROR_INIT;
    uint32_t n;
    uint64_t at = 0;
    hone_parameter *const *p = hone_nn_parameters(s->g, &n);
    loss_of(net);
    for (uint32_t i = 0; i < n; at += p[i++]->length)
        memcpy(out + at, p[i]->gradient, p[i]->length * sizeof *out);
    p = hone_nn_buffers(s->g, &n);
    CU_ASSERT_EQUAL(n, 24);
    for (uint32_t i = 0; i < n; at += p[i++]->length)
        memcpy(out + at, p[i]->value, p[i]->length * sizeof *out);
    CU_ASSERT_EQUAL(hone_net_infer(net, &err), HONE_OK);
    memcpy(out + at, hone_net_output(net), (size_t)hone_net_batch(net) * 3 * sizeof *out);
    return at + (uint64_t)hone_net_batch(net) * 3;
}

/* Bit for bit: the plan of memory changes nothing, and neither does a second run. */
static void test_plan_and_repetition_change_nothing(void)
{
    enum { ROOM = 100000 };
    float *out[3];
    uint64_t n[3], bytes[3];
    for (int i = 0; i < 3; i++) {
        struct small s = small(7, i == 1);
        hone_net *net = compiled(&s, 5);
        out[i] = calloc(ROOM, sizeof(float));
        n[i] = results(&s, net, out[i]);
        bytes[i] = hone_net_bytes(net);
        CU_ASSERT(n[i] < ROOM && n[i] == n[0]);
        CU_ASSERT_EQUAL(memcmp(out[0], out[i], n[i] * sizeof(float)), 0);
        hone_net_destroy(net);
        hone_nn_graph_destroy(s.g);
    }
    CU_ASSERT(bytes[0] < bytes[1] * 2 / 3);
    for (int i = 0; i < 3; i++)
        free(out[i]);
}

/* Weights written in plain order come back, from nets of other batch sizes too, and padding stays zero through a step. */
static void test_weights_are_written_and_read(void)
{
    struct small s = small(3, false);
    hone_net *nets[3] = { compiled(&s, 4), compiled(&s, 1), compiled(&s, 19) };
    uint32_t n;
    hone_error err = HONE_ERROR_INIT;
    hone_parameter *const *p = hone_nn_parameters(s.g, &n);
    for (int k = 0; k < 3; k++)
        for (uint32_t i = 0; i < n; i++) {
            const int64_t length = hone_shape_elements(p[i]->dims, p[i]->n_dims);
            float *plain = malloc((size_t)length * sizeof *plain), *back = malloc((size_t)length * sizeof *back);
            double inside = 0, all = 0;
            fill(plain, length, i + 1);
            CU_ASSERT_EQUAL(hone_nn_write(s.g, i, plain, &err), HONE_OK);
            CU_ASSERT_EQUAL(hone_nn_read(s.g, i, back, &err), HONE_OK);
            CU_ASSERT_EQUAL(memcmp(plain, back, (size_t)length * sizeof *plain), 0);
            loss_of(nets[k]);
            for (uint64_t e = 0; e < p[i]->length; e++) {
                all += fabs((double)p[i]->gradient[e]);
                p[i]->value[e] = p[i]->gradient[e];
            }
            CU_ASSERT_EQUAL(hone_nn_read(s.g, i, back, &err), HONE_OK);
            for (int64_t e = 0; e < length; e++)
                inside += fabs((double)back[e]);
            CU_ASSERT_DOUBLE_EQUAL(all, inside, 1e-9 * (1 + all)); /* nothing of the gradient lies in the padding */
            CU_ASSERT_EQUAL(hone_nn_write(s.g, i, plain, &err), HONE_OK);
            free(plain);
            free(back);
        }
    CU_ASSERT_STRING_EQUAL(p[0]->name, "conv1.weight");
    CU_ASSERT(p[0]->n_dims == 4 && p[0]->dims[0] == 6 && p[0]->dims[1] == 2 && p[0]->dims[3] == 3);
    CU_ASSERT_STRING_EQUAL(hone_nn_buffers(s.g, &n)[0]->name, "batch_norm1.running_mean");
    CU_ASSERT_STRING_EQUAL(hone_nn_buffers(s.g, &n)[1]->name, "batch_norm1.running_var");
    CU_ASSERT_EQUAL(hone_nn_buffers(s.g, &n)[1]->role, HONE_PARAMETER_BUFFER);
    for (int k = 0; k < 3; k++)
        hone_net_destroy(nets[k]);
    hone_nn_graph_destroy(s.g);
}

/* PyTorch's rule: running = 0.75 running + 0.25 batch, the variance of the batch over n - 1; inference leaves them. */
static void test_running_statistics(void)
{
    static const int64_t dims[3] = { 3, 4, 5 };
    const int64_t n = 60;
    struct image_net r;
    hone_error err = HONE_ERROR_INIT;
    hone_net *net;
    uint32_t count;
    memset(&r, 0, sizeof r);
    r.g = hone_nn_graph_create(NULL);
    const hone_var x = hone_nn_input(r.g, "x", dims, 3), t = hone_nn_input(r.g, "t", &n, 1);
    const hone_var y = hone_nn_flatten(r.g, hone_batch_norm(r.g, x, .momentum = 0.75, .name = "bn"));
    CU_ASSERT_EQUAL_FATAL(hone_nn_compile(r.g, hone_nn_mse(r.g, y, t), y, 4, &net, &err), HONE_OK);
    hone_parameter *const *b = hone_nn_buffers(r.g, &count);
    double mean[3] = { 0 }, variance[3] = { 1, 1, 1 };
    for (int step = 0; step < 3; step++) {
        float *in = hone_net_input(net, x);
        fill(in, 240, (uint64_t)step);
        for (int64_t e = 0; e < 240; e++)
            in[e] += 1000.0f; /* a mean that would cost the variance its digits */
        loss_of(net);
        CU_ASSERT_EQUAL(hone_net_infer(net, &err), HONE_OK);
        for (int c = 0; c < 3; c++) {
            double m = 0, v = 0;
            for (int pass = 0; pass < 2; pass++)
                for (int64_t i = 0; i < 80; i++) {
                    const double e = (double)in[i / 20 * 60 + c * 20 + i % 20];
                    if (pass)
                        v += (e - m) * (e - m) / 79;
                    else
                        m += e / 80;
                }
            mean[c] = 0.75 * mean[c] + 0.25 * m;
            variance[c] = 0.75 * variance[c] + 0.25 * v;
            CU_ASSERT_DOUBLE_EQUAL(b[0]->value[c], mean[c], 1e-4);
            CU_ASSERT_DOUBLE_EQUAL(b[1]->value[c], variance[c], 1e-4);
        }
    }
    hone_net_destroy(net);
    hone_nn_graph_destroy(r.g);
}

/* A pool after a relu, and a batch norm, keep what is no number: the loss shows it. */
static void test_no_number_is_hidden(void)
{
    struct small s = small(3, false);
    hone_net *net = compiled(&s, 2);
    hone_error err = HONE_ERROR_INIT;
    double loss;
    hone_net_input(net, s.x)[100] = NAN;
    CU_ASSERT_EQUAL(hone_net_forward_backward(net, 0, &loss, &err), HONE_ENUMERIC);
    hone_net_destroy(net);
    hone_nn_graph_destroy(s.g);
    for (int kernel = 2; kernel < 4; kernel++) {
        static const int64_t dims[3] = { 3, 6, 6 };
        const int64_t n = 3 * (6 / kernel) * (6 / kernel);
        hone_graph *g = hone_nn_graph_create(NULL);
        const hone_var x = hone_nn_input(g, "x", dims, 3), t = hone_nn_input(g, "t", &n, 1);
        const hone_var y = hone_nn_flatten(g, hone_max_pool(g, hone_nn_relu(g, x), .kernel = kernel));
        CU_ASSERT_EQUAL_FATAL(hone_nn_compile(g, hone_nn_mse(g, y, t), y, 1, &net, &err), HONE_OK);
        for (int at = 0; at < 108; at += 7) {
            fill(hone_net_input(net, x), 108, 1);
            hone_net_input(net, x)[at] = NAN;
            CU_ASSERT_EQUAL(hone_net_forward_backward(net, 0, &loss, &err), HONE_ENUMERIC);
        }
        hone_net_destroy(net);
        hone_nn_graph_destroy(g);
    }
}

SUITE(TEST(test_plan_and_repetition_change_nothing), TEST(test_weights_are_written_and_read),
      TEST(test_running_statistics), TEST(test_no_number_is_hidden))
