/* SPDX-License-Identifier: MIT */
/* bfloat16: the rounding, networks in it against float32, and what is said where the CPU has none. Where oneDNN has no products
 * of bfloat16 (below AVX-512), they run in float32 on numbers that were rounded to bfloat16: the same operations and buffers
 * but for the type of the products' operands. */
#include "graph.h"
#include "kernels.h"

#include "fixture.h"

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void test_rounds_to_nearest_even(void)
{
    static const struct {
        uint32_t bits;
        uint16_t expected;
    } cases[] = {
        { 0x3f800000, 0x3f80 }, { 0x3f808000, 0x3f80 }, { 0x3f808001, 0x3f81 }, { 0x3f818000, 0x3f82 },
        { 0x3f817fff, 0x3f81 }, { 0x80000000, 0x8000 }, { 0x7f800000, 0x7f80 }, { 0xff800000, 0xff80 },
        { 0x7f7fffff, 0x7f80 }, { 0x00000001, 0x0000 }, { 0x00018000, 0x0002 }, { 0xbf80c000, 0xbf81 },
    };
    enum { N = sizeof cases / sizeof *cases };
    float x[N + 1], rounded[N + 1];
    uint16_t half[N + 1];
    for (int i = 0; i < N; i++)
        x[i] = float_of(cases[i].bits);
    x[N] = NAN;
    kernel_to_bfloat16(x, half, N + 1);
    kernel_round_bfloat16(x, rounded, N + 1);
    for (int i = 0; i < N; i++) {
        CU_ASSERT_EQUAL(half[i], cases[i].expected);
        CU_ASSERT_EQUAL(bits_of(rounded[i]), (uint32_t)cases[i].expected << 16);
    }
    CU_ASSERT(isnan(rounded[N]) && isnan(float_of((uint32_t)half[N] << 16)));
}

struct pair {
    hone_graph *g;
    hone_net *net;
    hone_var x, t;
};

/* A residual network with everything that a product can stand beside. */
static struct pair build_on(uint32_t threads, uint32_t precision, bool rounded, hone_rc *rc, hone_error *err)
{
    const hone_graph_options options = { sizeof options, threads, 5 };
    const int64_t image[3] = { 3, 9, 8 }, classes = 5;
    struct pair p = { .g = hone_nn_graph_create(&options) };
    p.g->rounded = rounded;
    hone_nn_set_precision(p.g, precision);
    p.x = hone_nn_input(p.g, "x", image, 3);
    p.t = hone_nn_input(p.g, "t", &classes, 1);
    hone_var h = hone_nn_relu(p.g, hone_conv2d(p.g, p.x, .filters = 8, .kernel = 3, .pad = 1));
    hone_var b = hone_nn_relu(
        p.g,
        hone_batch_norm(p.g, hone_conv2d(p.g, h, .filters = 8, .kernel = 3, .pad = 1, .no_bias = 1), .epsilon = 1e-3));
    b = hone_batch_norm(p.g, hone_conv2d(p.g, b, .filters = 8, .kernel = 3, .pad = 1), .epsilon = 1e-3);
    h = hone_nn_relu(p.g, hone_nn_add(p.g, b, h));
    h = hone_max_pool(p.g, hone_nn_relu(p.g, hone_conv2d(p.g, h, .filters = 12, .kernel = 3)), .kernel = 2);
    h = hone_conv_transpose2d(p.g, h, .filters = 6, .kernel = 2, .stride = 2);
    h = hone_nn_relu(p.g, hone_dense(p.g, hone_nn_flatten(p.g, h), .units = 40));
    h = hone_nn_add(p.g, hone_nn_tanh(p.g, hone_dense(p.g, h, .units = 40, .no_bias = 1)), h);
    h = hone_dense(p.g, h, .units = 5, .init = "xavier");
    *rc = hone_nn_compile(p.g, hone_nn_softmax_cross_entropy(p.g, h, p.t), hone_nn_softmax(p.g, h), 16, &p.net, err);
    if (*rc == HONE_OK) {
        fill(hone_net_input(p.net, p.x), 16 * 216, 3);
        fill_targets(hone_net_input(p.net, p.t), 16, 5, 4, false);
    }
    return p;
}

static struct pair build(uint32_t precision, bool rounded, hone_rc *rc, hone_error *err)
{
    return build_on(1, precision, rounded, rc, err);
}

static void release(struct pair *p)
{
    hone_net_destroy(p->net);
    hone_nn_graph_destroy(p->g);
}

/* Without relus and pools, which change sides: the gradients differ by roundings alone. */
static struct pair build_smooth(uint32_t precision, hone_rc *rc, hone_error *err)
{
    const hone_graph_options options = { sizeof options, 1, 5 };
    const int64_t image[3] = { 3, 9, 8 }, classes = 5;
    struct pair p = { .g = hone_nn_graph_create(&options) };
    hone_nn_set_precision(p.g, precision);
    p.x = hone_nn_input(p.g, "x", image, 3);
    p.t = hone_nn_input(p.g, "t", &classes, 1);
    hone_var h = hone_conv2d(p.g, p.x, .filters = 20, .kernel = 3, .pad = 1);
    hone_var b = hone_batch_norm(p.g, hone_conv2d(p.g, h, .filters = 16, .kernel = 3, .pad = 1), .epsilon = 1e-3);
    b = hone_batch_norm(p.g, hone_conv2d(p.g, b, .filters = 20, .kernel = 3, .pad = 1, .no_bias = 1), .epsilon = 1e-3);
    h = hone_nn_add(p.g, b, h);
    h = hone_conv2d(p.g, hone_nn_tanh(p.g, h), .filters = 24, .kernel = 3, .stride = 2, .pad = 1);
    h = hone_nn_add(p.g, hone_conv2d(p.g, h, .filters = 24, .kernel = 1), h);
    h = hone_dense(p.g, hone_nn_global_average_pool(p.g, h), .units = 32);
    h = hone_dense(p.g, hone_batch_norm(p.g, h, .epsilon = 1e-3), .units = 5, .init = "xavier");
    *rc = hone_nn_compile(p.g, hone_nn_softmax_cross_entropy(p.g, h, p.t), hone_nn_softmax(p.g, h), 16, &p.net, err);
    if (*rc == HONE_OK) {
        fill(hone_net_input(p.net, p.x), 16 * 216, 3);
        fill_targets(hone_net_input(p.net, p.t), 16, 5, 4, false);
    }
    return p;
}

/* Loss and gradients of b beside those of a, float32; limit: of the difference, relative to the gradient. */
static void compare_gradients(struct pair a, struct pair b, double limit)
{
    hone_error err = HONE_ERROR_INIT;
    uint32_t n;
    CU_ASSERT_EQUAL(hone_nn_precision(a.g), HONE_FLOAT32);
    CU_ASSERT_EQUAL(hone_nn_precision(b.g), HONE_BFLOAT16);
    const double exact = loss_of(a.net), loss = loss_of(b.net);
    CU_ASSERT(fabs(loss - exact) < 0.02 * exact && loss != exact);
    hone_parameter *const *p = hone_nn_parameters(a.g, &n), *const *q = hone_nn_parameters(b.g, &n);
    for (uint32_t i = 0; i < n; i++) {
        double error = 0, norm = 0;
        const int64_t length = hone_shape_elements(p[i]->dims, p[i]->n_dims);
        float *plain[2];
        hone_graph *graphs[2] = { a.g, b.g };
        hone_parameter *both[2] = { p[i], q[i] };
        for (int k = 0; k < 2; k++) {
            plain[k] = malloc((size_t)length * sizeof(float));
            memcpy(both[k]->value, both[k]->gradient, both[k]->length * sizeof(float)); /* to be read in plain order */
            CU_ASSERT_EQUAL(hone_nn_read(graphs[k], i, plain[k], &err), HONE_OK);
        }
        for (int64_t e = 0; e < length; e++) {
            const double d = (double)plain[1][e] - (double)plain[0][e];
            error += d * d;
            norm += (double)plain[0][e] * (double)plain[0][e];
        }
        if (norm > 1e-8 && !(sqrt(error / norm) < limit)) /* a bias before a batch norm has none */
            printf("# %s: %g\n", p[i]->name, sqrt(error / norm));
        CU_ASSERT(norm < 1e-8 || sqrt(error / norm) < limit);
        free(plain[0]);
        free(plain[1]);
    }
    release(&a);
    release(&b);
}

static void close_to_float32(uint32_t precision, bool rounded)
{
    const double SIDES = 0.4; /* relus and pools that change sides make this much */
    hone_error err = HONE_ERROR_INIT;
    hone_rc rc;
    struct pair a = build(HONE_FLOAT32, false, &rc, &err);
    CU_ASSERT_EQUAL_FATAL(rc, HONE_OK);
    struct pair b = build(precision, rounded, &rc, &err);
    CU_ASSERT_EQUAL_FATAL(rc, HONE_OK);
    compare_gradients(a, b, SIDES);
}

static void test_networks_are_close_to_float32(void)
{
    close_to_float32(HONE_BFLOAT16, true);
    if (onednn_has_bfloat16(false))
        close_to_float32(HONE_BFLOAT16, false);
    else
        printf("# this CPU has no products of bfloat16: rounded ones of float32 stood in\n");
}

static void test_smooth_networks_are_closer(void)
{
    const double ROUNDING = 0.05;
    hone_error err = HONE_ERROR_INIT;
    hone_rc rc;
    if (!onednn_has_bfloat16(false))
        return;
    struct pair a = build_smooth(HONE_FLOAT32, &rc, &err);
    CU_ASSERT_EQUAL_FATAL(rc, HONE_OK);
    struct pair b = build_smooth(HONE_BFLOAT16, &rc, &err);
    CU_ASSERT_EQUAL_FATAL(rc, HONE_OK);
    compare_gradients(a, b, ROUNDING);
}

static void test_what_the_cpu_cannot_do_is_said(void)
{
    hone_error err = HONE_ERROR_INIT;
    hone_rc rc;
    struct pair p = build(HONE_PRECISION_AUTO, false, &rc, &err);
    CU_ASSERT_EQUAL(rc, HONE_OK);
    CU_ASSERT_EQUAL(hone_nn_precision(p.g), onednn_has_bfloat16(true) ? HONE_BFLOAT16 : HONE_FLOAT32);
    hone_nn_set_precision(p.g, HONE_FLOAT32);
    CU_ASSERT(hone_nn_graph_error(p.g, &err) < 0); /* too late */
    release(&p);
    p = build(HONE_BFLOAT16, false, &rc, &err);
    CU_ASSERT_EQUAL(rc, onednn_has_bfloat16(false) ? HONE_OK : HONE_ENOTSUP);
    if (rc != HONE_OK) {
        CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "bfloat16"));
        CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "this CPU ("));
        CU_ASSERT_STRING_EQUAL(err.param, "precision");
    }
    release(&p);
}

/* The same seed, the same number of threads: the same weights after some steps. */
static void repeats(uint32_t threads, uint32_t precision)
{
    enum { STEPS = 5 };
    hone_error err = HONE_ERROR_INIT;
    hone_rc rc;
    struct pair pairs[2];
    for (int k = 0; k < 2; k++) {
        uint32_t n;
        pairs[k] = build_on(threads, precision, false, &rc, &err);
        CU_ASSERT_EQUAL_FATAL(rc, HONE_OK);
        hone_parameter *const *p = hone_nn_parameters(pairs[k].g, &n);
        for (int step = 0; step < STEPS; step++) {
            CU_ASSERT(isfinite(loss_of(pairs[k].net)));
            for (uint32_t i = 0; i < n; i++)
                for (uint64_t e = 0; e < p[i]->length; e++)
                    p[i]->value[e] -= 0.05f * p[i]->gradient[e];
        }
    }
    CU_ASSERT_EQUAL(pairs[0].g->block, pairs[1].g->block);
    CU_ASSERT(!memcmp(pairs[0].g->values, pairs[1].g->values, pairs[0].g->block * sizeof(float)));
    release(&pairs[0]);
    release(&pairs[1]);
}

static void test_the_same_seed_gives_the_same_bits(void)
{
    for (uint32_t threads = 1; threads < 4; threads++) {
        repeats(threads, HONE_FLOAT32);
        if (onednn_has_bfloat16(false))
            repeats(threads, HONE_BFLOAT16);
    }
}

SUITE(TEST(test_rounds_to_nearest_even), TEST(test_the_same_seed_gives_the_same_bits),
      TEST(test_networks_are_close_to_float32), TEST(test_smooth_networks_are_closer),
      TEST(test_what_the_cpu_cannot_do_is_said))
