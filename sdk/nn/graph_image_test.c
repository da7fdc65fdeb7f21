/* SPDX-License-Identifier: MIT */
/* Building networks of images: shapes, mistakes and their messages, orthogonal first weights. */
#include "graph_fixture.h"

static hone_var image(hone_graph *g, int64_t c, int64_t h, int64_t w)
{
    const int64_t dims[3] = { c, h, w };
    return hone_nn_input(g, "x", dims, 3);
}

static void test_impossible_windows_and_norms_are_said(void)
{
    static const uint32_t twice[3] = { 0, 0, 1 };
    static const int64_t other[2] = { 5, -1 };
    hone_graph *g = graph(0);
    hone_conv2d(g, input(g, "x", 5), .filters = 3, .kernel = 3, .name = "stem");
    EXPECT_ERROR(g, "'stem'", "(N, C, H, W)", "(N, 5)");
    g = graph(0);
    hone_conv2d(g, image(g, 3, 4, 4), .filters = 3, .kernel = 5, .name = "stem");
    EXPECT_ERROR(g, "'stem'", "5x5", "(N, 3, 4, 4)", "does not fit");
    g = graph(0);
    hone_conv2d(g, image(g, 3, 4, 4), .kernel = 3);
    EXPECT_ERROR(g, "'conv1'", "filters = 0");
    g = graph(0);
    hone_conv2d(g, image(g, 3, 4, 4), .filters = 4);
    EXPECT_ERROR(g, "'conv1'", "kernel = 0");
    g = graph(0);
    hone_conv2d(g, image(g, 3, 4, 4), .filters = 4, .kernel = 1, .stride = -1);
    EXPECT_ERROR(g, "'conv1'", "stride = -1");
    g = graph(0);
    hone_conv2d(g, image(g, 3, 4, 4), .filters = 4, .kernel = 1, .groups = 2);
    EXPECT_ERROR(g, "'conv1'", "groups = 2", "3 input channels");
    g = graph(0);
    hone_conv1d(g, image(g, 3, 4, 4), .filters = 4, .kernel = 1);
    EXPECT_ERROR(g, "'conv1'", "(N, C, L)", "(N, 3, 4, 4)");
    g = graph(0);
    hone_conv_transpose2d(g, image(g, 3, 4, 4), .filters = 4, .kernel = 2, .stride = 2, .output_pad = 2, .name = "up");
    EXPECT_ERROR(g, "'up'", "output_pad = 2");
    g = graph(0);
    hone_conv_transpose2d(g, image(g, 3, 1, 1), .filters = 4, .kernel = 3, .pad = 2, .name = "up");
    EXPECT_ERROR(g, "'up'", "leaves nothing", "(N, 3, 1, 1)");
    g = graph(0);
    hone_max_pool(g, image(g, 3, 4, 4), .kernel = 5);
    EXPECT_ERROR(g, "max_pool", "5x5", "(N, 3, 4, 4)");
    g = graph(0);
    hone_max_pool(g, image(g, 3, 4, 4), .kernel = 2, .pad = 2);
    EXPECT_ERROR(g, "max_pool: pad = 2");
    g = graph(0);
    hone_max_pool(g, image(g, 3, 40, 40), .kernel = 16);
    EXPECT_ERROR(g, "max_pool: kernel = 16", "15");
    g = graph(0);
    hone_average_pool(g, input(g, "x", 4), .kernel = 2);
    EXPECT_ERROR(g, "average_pool", "(N, 4)");
    g = graph(0);
    hone_nn_global_average_pool(g, input(g, "x", 4));
    EXPECT_ERROR(g, "global_average_pool", "(N, 4)");
    g = graph(0);
    hone_batch_norm(g, input(g, "x", 4), .momentum = 1.0, .name = "n");
    EXPECT_ERROR(g, "'n'", "momentum = 1");
    g = graph(0);
    hone_layer_norm(g, input(g, "x", 4), .epsilon = -1.0, .name = "n");
    EXPECT_ERROR(g, "'n'", "epsilon = -1");
    g = graph(0);
    hone_group_norm(g, image(g, 3, 4, 4), .groups = 2);
    EXPECT_ERROR(g, "'group_norm1'", "groups = 2", "(N, 3, 4, 4)");
    g = graph(0);
    hone_nn_leaky_relu(g, input(g, "x", 4), 1.5);
    EXPECT_ERROR(g, "leaky_relu", "slope = 1.5");
    g = graph(0);
    const hone_var unlike[2] = { image(g, 3, 4, 4), input(g, "y", 3) };
    hone_nn_concat(g, unlike, 2);
    EXPECT_ERROR(g, "concat", "(N, 3, 4, 4)", "(N, 3)");
    g = graph(0);
    hone_nn_concat(g, unlike, 0);
    EXPECT_ERROR(g, "concat");
    g = graph(0);
    hone_nn_reshape(g, image(g, 3, 4, 4), other, 2);
    EXPECT_ERROR(g, "reshape", "(N, 3, 4, 4)");
    g = graph(0);
    hone_nn_transpose(g, image(g, 3, 4, 4), twice, 3);
    EXPECT_ERROR(g, "transpose", "(N, 3, 4, 4)");
    g = graph(0);
    hone_nn_upsample(g, image(g, 3, 4, 4), 2, 7);
    EXPECT_ERROR(g, "upsample", "mode 7");
    g = graph(0);
    hone_nn_upsample(g, image(g, 3, 4, 4), 0, HONE_NEAREST);
    EXPECT_ERROR(g, "upsample: factor = 0");
    g = graph(0);
    hone_embedding(g, hone_dense(g, input(g, "x", 3), .units = 4), .entries = 5, .units = 4, .name = "table");
    EXPECT_ERROR(g, "'table'", "trained");
    g = graph(0);
    hone_conv2d(g, image(g, 1, 30000, 30000), .filters = 16, .kernel = 1, .name = "wide");
    EXPECT_ERROR(g, "'wide'", "2^31");
    g = graph(0);
    hone_nn_set_precision(g, 7);
    EXPECT_ERROR(g, "precision 7");
}

static void test_shapes_of_images(void)
{
    int64_t dims[HONE_MAX_DIMS];
    hone_error err = HONE_ERROR_INIT;
    hone_graph *g = graph(0);
    hone_var x = hone_conv2d(g, image(g, 3, 32, 30), .filters = 8, .kernel = 7, .stride = 2, .pad = 3);
    CU_ASSERT_EQUAL(hone_nn_shape(g, x, dims), 3);
    CU_ASSERT(dims[0] == 8 && dims[1] == 16 && dims[2] == 15);
    x = hone_max_pool(g, x, .kernel = 3, .stride = 2, .pad = 1);
    hone_nn_shape(g, x, dims);
    CU_ASSERT(dims[0] == 8 && dims[1] == 8 && dims[2] == 8);
    x = hone_conv2d(g, x, .filters = 4, .kernel = 3, .dilation = 2);
    hone_nn_shape(g, x, dims);
    CU_ASSERT(dims[0] == 4 && dims[1] == 4 && dims[2] == 4);
    x = hone_conv_transpose2d(g, x, .filters = 2, .kernel = 3, .stride = 2, .pad = 1, .output_pad = 1);
    hone_nn_shape(g, x, dims);
    CU_ASSERT(dims[0] == 2 && dims[1] == 8 && dims[2] == 8);
    CU_ASSERT_EQUAL(hone_nn_shape(g, hone_nn_global_average_pool(g, x), dims), 1);
    CU_ASSERT_EQUAL(dims[0], 2);
    CU_ASSERT_EQUAL(hone_nn_graph_error(g, &err), HONE_OK);
    hone_nn_graph_destroy(g);
}

/* Orthonormal rows where there are fewer rows than columns, else columns; convolutions flattened to (filters, the rest). */
static void test_orthogonal_weights(void)
{
    static const int64_t units[] = { 3, 40 };
    for (int i = 0; i < 4; i++) {
        hone_error err = HONE_ERROR_INIT;
        hone_graph *g = graph(7);
        hone_net *net;
        uint32_t n;
        hone_var y = i < 2 ? hone_dense(g, input(g, "x", 20), .units = units[i], .init = "orthogonal")
                           : hone_nn_flatten(g, hone_conv2d(g, image(g, 2, 3, 3), .filters = units[i - 2], .kernel = 3,
                                                            .init = "orthogonal"));
        CU_ASSERT_EQUAL_FATAL(hone_nn_compile(g, hone_nn_mse(g, y, input(g, "t", units[i % 2])), y, 2, &net, &err),
                              HONE_OK);
        const hone_parameter *p = hone_nn_parameters(g, &n)[0];
        const int64_t rows = p->dims[0], columns = hone_shape_elements(p->dims, p->n_dims) / rows;
        float *w = malloc((size_t)(rows * columns) * sizeof *w);
        CU_ASSERT_EQUAL(hone_nn_read(g, 0, w, &err), HONE_OK);
        const int64_t few = rows < columns ? rows : columns, many = rows < columns ? columns : rows;
        for (int64_t a = 0; a < few; a++)
            for (int64_t b = 0; b <= a; b++) {
                double dot = 0;
                for (int64_t e = 0; e < many; e++)
                    dot += rows < columns ? (double)w[a * columns + e] * (double)w[b * columns + e]
                                          : (double)w[e * columns + a] * (double)w[e * columns + b];
                CU_ASSERT_DOUBLE_EQUAL(dot, a == b, 1e-6);
            }
        free(w);
        hone_net_destroy(net);
        hone_nn_graph_destroy(g);
    }
}

/* Over one value there is no variance; pixels of one sample are many. A rest of one sample is let pass. */
static void test_batch_norm_of_one_sample_is_refused(void)
{
    hone_error err = HONE_ERROR_INIT;
    hone_graph *g = graph(0);
    hone_batch_norm(g, input(g, "x", 4), .name = "n");
    CU_ASSERT_EQUAL(hone_nn_make_parameters(g, 1, &err), HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(err.param, "batch_size");
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "n has one value of each unit"));
    CU_ASSERT_EQUAL(hone_nn_make_parameters(g, 2, &err), HONE_OK);
    CU_ASSERT_EQUAL(hone_nn_make_parameters(g, 1, &err), HONE_OK);
    hone_nn_graph_destroy(g);
    g = graph(0);
    hone_batch_norm(g, image(g, 3, 4, 4), .name = "n");
    CU_ASSERT_EQUAL(hone_nn_make_parameters(g, 1, &err), HONE_OK);
    hone_nn_graph_destroy(g);
}

SUITE(TEST(test_impossible_windows_and_norms_are_said), TEST(test_shapes_of_images), TEST(test_orthogonal_weights),
      TEST(test_batch_norm_of_one_sample_is_refused))
