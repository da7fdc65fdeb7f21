/* SPDX-License-Identifier: MIT */
/* Our own convolutions as layers: against naive loops and finite differences with everything that may stand before and behind
 * them, against oneDNN's on the same weights, on several threads, and for a second batch size of one graph. Elsewhere than on x86-64
 * with AVX2 these are oneDNN's, and the same holds. Those on AMX: amx_conv_test.c, precision_test.c. */
#include "image_reference.h"
#include "program.h"

static void test_layers(void)
{
    static const struct hone_conv2d kinds[] = {
        { .filters = 16, .kernel = 3, .pad = 1 },
        { .filters = 32, .kernel = 3, .pad = 1, .no_bias = 1 },
        { .filters = 16, .kernel = 5, .pad = 2 },
    };
    static const int64_t shape[3] = { 2, 8, 8 };
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (int kind = k == 2 ? 2 : 0; kind < (k == 2 ? 3 : 4); kind++) { /* the reference is slow */
            struct image_net r;
            char what[64];
            int h = im_start(&r, 40 + k, shape, 3), shortcut;
            snprintf(what, sizeof what, "own conv %zu, kind %d", k, kind);
            h = shortcut = im_conv(&r, h, (struct hone_conv2d){ .filters = 16, .kernel = 1 });
            h = im_conv(&r, h, kinds[k]);
            if (kind % 2)
                h = im_norm(&r, h, IM_BATCH_NORM, 1);
            if (kind == 3 && kinds[k].filters == 16)
                h = im_add(&r, h, shortcut);
            if (kind != 2)
                h = im_relu(&r, h);
            if (kind & 2)
                h = im_pool(&r, h, IM_MAX, (struct hone_pool){ .kernel = 2 });
            im_compare(&r, im_dense(&r, im_flatten(&r, h), 3), 2, what);
            im_destroy(&r);
        }
}

enum { BATCH = 16 }; /* enough numbers in every layer for several threads */
struct built {
    hone_graph *g;
    hone_net *net;
    hone_var x, t;
    double loss;
};

static struct built build(uint32_t threads, bool direct)
{
    static const int64_t image[3] = { 1, 12, 12 }, classes = 3;
    const hone_graph_options options = { sizeof options, threads, 7 };
    hone_error err = HONE_ERROR_INIT;
    struct built b = { .g = hone_nn_graph_create(&options) };
    b.g->direct = direct;
    b.x = hone_nn_input(b.g, "x", image, 3);
    b.t = hone_nn_input(b.g, "t", &classes, 1);
    hone_var h = hone_nn_relu(b.g, hone_conv2d(b.g, b.x, .filters = 16, .kernel = 3, .pad = 1));
    h = hone_nn_relu(b.g, hone_batch_norm(b.g, hone_conv2d(b.g, h, .filters = 32, .kernel = 3, .pad = 1, .no_bias = 1),
                                          .epsilon = 1e-5));
    h = hone_max_pool(b.g, hone_nn_relu(b.g, hone_conv2d(b.g, h, .filters = 16, .kernel = 5, .pad = 2)), .kernel = 2);
    h = hone_dense(b.g, hone_nn_flatten(b.g, h), .units = 3);
    CU_ASSERT_EQUAL_FATAL(hone_nn_compile(b.g, hone_nn_softmax_cross_entropy(b.g, h, b.t), h, BATCH, &b.net, &err),
                          HONE_OK);
    return b;
}

static void run(struct built *b, hone_net *net, int64_t batch)
{
    hone_error err = HONE_ERROR_INIT;
    fill(hone_net_input(net, b->x), batch * 144, 3);
    for (int64_t i = 0; i < batch * 3; i++)
        hone_net_input(net, b->t)[i] = i % 3 == i / 3 % 3 ? 1.0f : 0.0f;
    CU_ASSERT_EQUAL(hone_net_forward_backward(net, 1, &b->loss, &err), HONE_OK);
}

static void destroy(struct built *b)
{
    hone_net_destroy(b->net);
    hone_nn_graph_destroy(b->g);
}

/* The plain gradients of all parameters, one behind the other. */
static float *gradients(const struct built *b, int64_t *n)
{
    uint32_t parameters;
    hone_error err = HONE_ERROR_INIT;
    hone_parameter *const *p = hone_nn_parameters(b->g, &parameters);
    *n = 0;
    for (uint32_t i = 0; i < parameters; i++)
        *n += hone_shape_elements(p[i]->dims, p[i]->n_dims);
    float *all = calloc((size_t)*n, sizeof *all), *at = all;
    for (uint32_t i = 0; i < parameters; i++) {
        memcpy(p[i]->value, p[i]->gradient, p[i]->length * sizeof(float)); /* read in the same layout */
        CU_ASSERT_EQUAL(hone_nn_read(b->g, i, at, &err), HONE_OK);
        at += hone_shape_elements(p[i]->dims, p[i]->n_dims);
    }
    return all;
}

static void compare(struct built *a, struct built *b, double close)
{
    int64_t n, m;
    float *left = gradients(a, &n), *right = gradients(b, &m);
    double square = 0, error = 0;
    CU_ASSERT_EQUAL_FATAL(n, m);
    CU_ASSERT_DOUBLE_EQUAL(a->loss, b->loss, close * fabs(b->loss));
    for (int64_t i = 0; i < n; i++) {
        square += (double)right[i] * (double)right[i];
        error += ((double)left[i] - (double)right[i]) * ((double)left[i] - (double)right[i]);
    }
    CU_ASSERT(sqrt(error / square) <= close);
    if (!(sqrt(error / square) <= close))
        printf("# gradients differ by %g\n", sqrt(error / square));
    free(left);
    free(right);
}

static void test_same_as_onednn(void)
{
    struct built own = build(1, false), direct = build(1, true);
    run(&own, own.net, BATCH);
    run(&direct, direct.net, BATCH);
    compare(&own, &direct, 1e-5);
    destroy(&own);
    destroy(&direct);
}

/* Twice the same bits with the same threads; nearly the same with another number of them. */
static void test_threads(void)
{
    for (uint32_t threads = 1; threads < 4; threads++) {
        struct built a = build(threads, false), b = build(threads, false), one = build(1, false);
        run(&a, a.net, BATCH);
        run(&b, b.net, BATCH);
        run(&one, one.net, BATCH);
        compare(&a, &b, 0.0);
        compare(&a, &one, 1e-5);
        destroy(&a);
        destroy(&b);
        destroy(&one);
    }
}

/* A smaller last batch reads the same weights. */
static void test_second_batch_size(void)
{
    hone_error err = HONE_ERROR_INIT;
    for (int i = 0; i < 2; i++) {
        struct built b = build(1, i == 1), full = build(1, false);
        hone_net *small;
        const hone_var loss = { b.net->loss }, output = { b.net->output };
        CU_ASSERT_EQUAL_FATAL(hone_nn_compile(b.g, loss, output, 2, &small, &err), HONE_OK);
        run(&b, small, 2);
        run(&full, full.net, BATCH);
        /* without batch norm's running statistics nothing of a sample depends on the others but the norm itself */
        CU_ASSERT(isfinite(b.loss) && isfinite(full.loss));
        run(&b, b.net, BATCH);
        compare(&b, &full, 1e-5);
        hone_net_destroy(small);
        destroy(&b);
        destroy(&full);
    }
}

SUITE(TEST(test_layers), TEST(test_same_as_onednn), TEST(test_threads), TEST(test_second_batch_size))
