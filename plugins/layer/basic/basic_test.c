/* SPDX-License-Identifier: MIT */
/* The layers of the INI: what their keys mean, against loops over the definitions. */
#include "hone/layer.h"
#include "model_case.h"

static struct model_case m;

/* The layer m.c alone, then flattened: an output for each of its elements. */
static hone_rc compile(int64_t channels, int64_t height, int64_t width)
{
    const hone_graph_options options = { sizeof options, 1, 7 };
    int64_t dims[HONE_MAX_DIMS] = { 0 };
    m.task = (hone_task){ .size = sizeof m.task,
                          .kind = HONE_TASK_REGRESSION,
                          .n_dims = 3,
                          .dtype = HONE_F32,
                          .dims = { channels, height, width } };
    m.g = hone_nn_graph_create(&options);
    CU_ASSERT_PTR_NOT_NULL_FATAL(m.g);
    hone_nn_on_site(m.g, case_note_site, &m);
    m.x = hone_nn_input(m.g, "x", m.task.dims, 3);
    hone_var y = hone_nn_flatten(
        m.g, ((const hone_layer_v1 *)m.c.component->iface)->build(m.c.self, m.g, m.x, "a1", &m.task));
    const hone_rc failed = hone_nn_graph_error(m.g, &m.c.err);
    if (failed != HONE_OK)
        return failed;
    hone_nn_shape(m.g, y, dims);
    m.task.n_outputs = dims[0];
    y = hone_dense(m.g, y, .units = dims[0], .no_bias = 1, .name = "identity");
    const hone_var t = hone_nn_input(m.g, "t", dims, 1);
    const hone_rc rc = hone_nn_compile(m.g, hone_nn_mse(m.g, y, t), y, CASE_BATCH, &m.net, &m.c.err);
    CU_ASSERT_EQUAL_FATAL(rc, HONE_OK);
    m.p = hone_nn_parameters(m.g, &m.n);
    m.buffers = hone_nn_buffers(m.g, &m.n_buffers);
    float *one = calloc((size_t)(dims[0] * dims[0]), sizeof *one);
    for (int64_t i = 0; i < dims[0]; i++)
        one[i * dims[0] + i] = 1;
    CU_ASSERT_EQUAL(hone_nn_write(m.g, case_find(&m, "identity.weight"), one, &m.c.err), HONE_OK);
    free(one);
    case_fill(&m, 8);
    CU_ASSERT_EQUAL_FATAL(hone_net_infer(m.net, &m.c.err), HONE_OK);
    return HONE_OK;
}

static void flat(struct naive *x, int64_t sample)
{
    x->c = x->c * x->h * x->w;
    x->h = x->w = 1;
    naive_expect(x, sample, 2e-5);
}

static void test_conv(void)
{
    static const struct {
        const char *kernel, *stride, *padding, *norm, *bias;
        int64_t pad, step;
    } cases[] = { { "3", "1", "same", "no", "yes", 1, 1 },
                  { "5", "2", "same", "yes", "yes", 2, 2 },
                  { "2", "2", "valid", "no", "no", 0, 2 },
                  { "1", "3", "same", "no", "yes", 0, 3 } };
    for (unsigned i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL_FATAL(component_open(&m.c, "conv", 1, "filters", "5", "kernel", cases[i].kernel, "stride",
                                             cases[i].stride, "padding", cases[i].padding, "batch_norm", cases[i].norm,
                                             "bias", cases[i].bias, NULL),
                              HONE_OK);
        CU_ASSERT_EQUAL_FATAL(compile(2, 9, 7), HONE_OK);
        CU_ASSERT_EQUAL(m.n, 2u + (*cases[i].norm == 'y' ? 2u : *cases[i].bias == 'y')); /* with the identity */
        CU_ASSERT_STRING_EQUAL(m.sites, "1:a1 2:a1");
        for (int64_t k = 0; k < CASE_BATCH; k++) {
            struct naive x = naive_input(&m, k);
            naive_conv(&x, "a1", cases[i].step, cases[i].pad);
            if (*cases[i].norm == 'y')
                naive_norm(&x, "a1.norm");
            naive_relu(&x);
            flat(&x, k);
        }
        case_release(&m);
    }
    CU_ASSERT_EQUAL_FATAL(component_open(&m.c, "conv", 1, "kernel", "4", NULL), HONE_OK);
    CU_ASSERT(compile(2, 9, 7) < 0);
    CU_ASSERT_STRING_EQUAL(m.c.err.param, "padding");
    case_release(&m);
}

static void test_dense(void)
{
    CU_ASSERT_EQUAL_FATAL(component_open(&m.c, "dense", 1, "units", "6", "activation", "tanh", NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(compile(2, 3, 4), HONE_OK);
    for (int64_t k = 0; k < CASE_BATCH; k++) {
        struct naive x = naive_input(&m, k);
        naive_dense(&x, "a1");
        naive_tanh(&x);
        flat(&x, k);
    }
    case_release(&m);
    CU_ASSERT_EQUAL_FATAL(component_open(&m.c, "dense", 1, "units", "6", "activation", "none", NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(compile(2, 3, 4), HONE_OK);
    CU_ASSERT_STRING_EQUAL(m.sites, ""); /* nothing to regularize before or after */
    case_release(&m);
}

static void test_batch_norm(void)
{
    CU_ASSERT_EQUAL_FATAL(component_open(&m.c, "batch_norm", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(compile(3, 4, 5), HONE_OK);
    for (int64_t k = 0; k < CASE_BATCH; k++) {
        struct naive x = naive_input(&m, k);
        naive_norm(&x, "a1");
        flat(&x, k);
    }
    case_release(&m);
}

/* groups = 1 of group_norm, and layer_norm over a row of one channel and row: mean 0, variance 1 before weights. */
static void test_norms_of_a_sample(void)
{
    static const struct {
        const char *name;
        int64_t c, h, w, group;
    } cases[] = { { "group_norm", 4, 3, 5, 60 }, { "layer_norm", 2, 3, 8, 8 } };
    for (unsigned i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL_FATAL(component_open(&m.c, cases[i].name, 1, NULL), HONE_OK);
        CU_ASSERT_EQUAL_FATAL(compile(cases[i].c, cases[i].h, cases[i].w), HONE_OK);
        float *w = naive_weights(&m, "a1", "weight", 0, NULL), *b = naive_weights(&m, "a1", "bias", 0, NULL);
        for (int64_t k = 0; k < CASE_BATCH; k++) {
            struct naive x = naive_input(&m, k);
            for (int64_t at = 0; at < x.c * x.h * x.w; at += cases[i].group) {
                double mean = 0, var = 0;
                for (int64_t j = 0; j < cases[i].group; j++)
                    mean += x.v[at + j] / (double)cases[i].group;
                for (int64_t j = 0; j < cases[i].group; j++)
                    var += (x.v[at + j] - mean) * (x.v[at + j] - mean) / (double)cases[i].group;
                for (int64_t j = 0; j < cases[i].group; j++) {
                    const int64_t weight = i ? j : (at + j) / (x.h * x.w);
                    x.v[at + j] = (x.v[at + j] - mean) / sqrt(var + 1e-5) * (double)w[weight] + (double)b[weight];
                }
            }
            flat(&x, k);
        }
        free(w);
        free(b);
        case_release(&m);
    }
}

static void test_pools(void)
{
    static const struct {
        const char *kernel, *stride, *padding;
        int64_t k, s, p;
    } cases[] = { { "2", "0", "0", 2, 2, 0 }, { "3", "2", "1", 3, 2, 1 } };
    for (int maximum = 0; maximum < 2; maximum++)
        for (unsigned i = 0; i < 2; i++) {
            CU_ASSERT_EQUAL_FATAL(component_open(&m.c, maximum ? "max_pool" : "average_pool", 1, "kernel",
                                                 cases[i].kernel, "stride", cases[i].stride, "padding",
                                                 cases[i].padding, NULL),
                                  HONE_OK);
            CU_ASSERT_EQUAL_FATAL(compile(2, 7, 6), HONE_OK);
            for (int64_t k = 0; k < CASE_BATCH; k++) {
                struct naive x = naive_input(&m, k);
                naive_pool(&x, maximum, cases[i].k, cases[i].s, cases[i].p);
                flat(&x, k);
            }
            case_release(&m);
        }
    CU_ASSERT_EQUAL_FATAL(component_open(&m.c, "global_average_pool", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(compile(3, 7, 6), HONE_OK);
    for (int64_t k = 0; k < CASE_BATCH; k++) {
        struct naive x = naive_input(&m, k);
        naive_global_average(&x);
        flat(&x, k);
    }
    case_release(&m);
}

/* Twice as large both ways; by the weights of a transposed convolution for kernels equal to the stride, and above it. */
static void test_growing_layers(void)
{
    static const char *const kernels[] = { "2", "3", "4", "5" };
    CU_ASSERT_EQUAL_FATAL(component_open(&m.c, "upsample", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(compile(2, 3, 4), HONE_OK);
    for (int64_t k = 0; k < CASE_BATCH; k++) {
        struct naive x = naive_input(&m, k), y = naive_new(&m, 2, 6, 8);
        for (int64_t i = 0; i < 96; i++)
            y.v[i] = x.v[i / 48 * 12 + i / 8 % 6 / 2 * 4 + i % 8 / 2];
        naive_set(&x, y);
        flat(&x, k);
    }
    case_release(&m);
    for (unsigned i = 0; i < 4; i++) {
        const int64_t kernel = i + 2, pad = (kernel - 2 + 1) / 2;
        int64_t d[HONE_MAX_DIMS];
        CU_ASSERT_EQUAL_FATAL(
            component_open(&m.c, "conv_transpose", 1, "filters", "3", "kernel", kernels[i], "activation", "none", NULL),
            HONE_OK);
        CU_ASSERT_EQUAL_FATAL(compile(2, 3, 4), HONE_OK);
        CU_ASSERT_EQUAL(m.task.n_outputs, 3 * 6 * 8);
        float *w = naive_weights(&m, "a1", "weight", 0, d),
              *b = naive_weights(&m, "a1", "bias", 0, NULL); /* (C, filters, k, k) */
        for (int64_t k = 0; k < CASE_BATCH; k++) {
            struct naive x = naive_input(&m, k), y = naive_new(&m, 3, 6, 8);
            for (int64_t f = 0; f < 3; f++)
                for (int64_t at = 0; at < 48; at++)
                    y.v[f * 48 + at] = (double)b[f];
            for (int64_t c = 0; c < 2; c++)
                for (int64_t r = 0; r < 3; r++)
                    for (int64_t s = 0; s < 4; s++)
                        for (int64_t f = 0; f < 3; f++)
                            for (int64_t u = 0; u < kernel; u++)
                                for (int64_t v = 0; v < kernel; v++) {
                                    const int64_t p = 2 * r + u - pad, q = 2 * s + v - pad;
                                    if (p >= 0 && p < 6 && q >= 0 && q < 8)
                                        y.v[f * 48 + p * 8 + q] += x.v[c * 12 + r * 4 + s] *
                                                                   (double)w[((c * 3 + f) * kernel + u) * kernel + v];
                                }
            naive_set(&x, y);
            flat(&x, k);
        }
        free(w);
        free(b);
        case_release(&m);
    }
}

static void test_layers_that_change_nothing_in_inference(void)
{
    static const char *const layers[][3] = { { "dropout", "rate", "0.5" },
                                             { "dropout", "rate", "0" },
                                             { "flatten", NULL, NULL },
                                             { "activation", "function", "none" } };
    for (unsigned i = 0; i < 4; i++) {
        double losses[2] = { 0, 0 };
        CU_ASSERT_EQUAL_FATAL(component_open(&m.c, layers[i][0], 1, layers[i][1], layers[i][2], NULL), HONE_OK);
        CU_ASSERT_EQUAL_FATAL(compile(2, 3, 4), HONE_OK);
        for (int64_t k = 0; k < CASE_BATCH; k++) {
            struct naive x = naive_input(&m, k);
            flat(&x, k);
        }
        for (uint64_t step = 0; step < 2; step++)
            CU_ASSERT_EQUAL(hone_net_forward_backward(m.net, step + 1, &losses[step], &m.c.err), HONE_OK);
        CU_ASSERT_EQUAL(losses[0] != losses[1], i == 0); /* dropout acts in training */
        case_release(&m);
    }
}

SUITE(TEST(test_conv), TEST(test_dense), TEST(test_batch_norm), TEST(test_norms_of_a_sample), TEST(test_pools),
      TEST(test_growing_layers), TEST(test_layers_that_change_nothing_in_inference))
