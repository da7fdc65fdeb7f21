/* SPDX-License-Identifier: MIT */
/* Building graphs: shapes, the first mistake and its message, names, sites and patterns, parameters and first weights. */
#include "hone/nn.h"

#include "harness.h"

#include <math.h>

static hone_graph *graph(uint64_t seed)
{
    const hone_graph_options options = { sizeof options, 1, seed };
    return hone_nn_graph_create(&options);
}

static hone_var input(hone_graph *g, const char *name, int64_t n)
{
    return hone_nn_input(g, name, &n, 1);
}

static void expect_error(hone_graph *g, const char *const *parts, int n)
{
    hone_error err = HONE_ERROR_INIT;
    CU_ASSERT(hone_nn_graph_error(g, &err) < 0);
    for (int i = 0; i < n; i++) {
        if (!strstr(err.msg, parts[i]))
            printf("# '%s' is not in '%s'\n", parts[i], err.msg);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, parts[i]));
    }
    hone_nn_graph_destroy(g);
}
#define EXPECT_ERROR(g, ...)                                         \
    do {                                                             \
        static const char *const parts[] = { __VA_ARGS__ };          \
        expect_error(g, parts, (int)(sizeof parts / sizeof *parts)); \
    } while (0)

static void test_shapes_follow_the_layers(void)
{
    static const int64_t image[3] = { 3, 8, 5 };
    int64_t dims[HONE_MAX_DIMS];
    hone_error err = HONE_ERROR_INIT;
    hone_graph *g = graph(0);
    const hone_var x = hone_nn_input(g, "x", image, 3);
    CU_ASSERT_EQUAL(hone_nn_shape(g, x, dims), 3);
    CU_ASSERT_EQUAL(dims[2], 5);
    const hone_var flat = hone_nn_flatten(g, hone_nn_gelu(g, x));
    CU_ASSERT_EQUAL(hone_nn_shape(g, flat, dims), 1);
    CU_ASSERT_EQUAL(dims[0], 120);
    const hone_var y = hone_nn_tanh(g, hone_dense(g, flat, .units = 7));
    CU_ASSERT_EQUAL(hone_nn_shape(g, y, dims), 1);
    CU_ASSERT_EQUAL(dims[0], 7);
    CU_ASSERT_EQUAL(hone_nn_shape(g, hone_nn_mse(g, y, input(g, "t", 7)), dims), 0);
    CU_ASSERT_EQUAL(hone_nn_shape(g, (hone_var){ -1 }, dims), 0);
    CU_ASSERT_EQUAL(hone_nn_graph_error(g, &err), HONE_OK);
    hone_nn_graph_destroy(g);
    hone_nn_graph_destroy(NULL);
}

static void test_mistakes_name_layers_and_shapes(void)
{
    static const int64_t image[3] = { 1, 28, 28 }, bad[2] = { 3, 0 }, huge[3] = { 1 << 20, 1 << 20, 1 << 30 };
    static const int64_t many[7] = { 1, 1, 1, 1, 1, 1, 1 };
    hone_graph *g = graph(0);
    hone_dense(g, hone_nn_input(g, "x", image, 3), .units = 3, .name = "first");
    EXPECT_ERROR(g, "'first'", "(N, C)", "(N, 1, 28, 28)", "flatten");
    g = graph(0);
    hone_dense(g, input(g, "x", 3), .units = 0);
    EXPECT_ERROR(g, "'dense1'", "units = 0");
    g = graph(0);
    hone_dense(g, input(g, "x", 3), .units = 3, .init = "uniform");
    EXPECT_ERROR(g, "'uniform'", "he, xavier, lecun, orthogonal and zeros");
    g = graph(0);
    hone_nn_add(g, input(g, "x", 3), input(g, "y", 4));
    EXPECT_ERROR(g, "add", "(N, 3)", "(N, 4)");
    g = graph(0);
    hone_nn_softmax_cross_entropy(g, hone_dense(g, input(g, "x", 3), .units = 10), input(g, "t", 9));
    EXPECT_ERROR(g, "softmax_cross_entropy", "(N, 10)", "(N, 9)");
    g = graph(0);
    hone_nn_mse(g, input(g, "x", 3), hone_nn_relu(g, input(g, "t", 3)));
    EXPECT_ERROR(g, "mse", "targets must be an input");
    g = graph(0);
    hone_nn_relu(g, hone_nn_mse(g, input(g, "x", 3), input(g, "t", 3)));
    EXPECT_ERROR(g, "relu", "is a loss");
    g = graph(0);
    hone_nn_add(g, hone_nn_mse(g, input(g, "x", 3), input(g, "t", 3)), input(g, "y", 1));
    EXPECT_ERROR(g, "add", "of a loss");
    g = graph(0);
    hone_nn_softmax(g, hone_nn_input(g, "x", image, 3));
    EXPECT_ERROR(g, "softmax", "(N, 1, 28, 28)");
    for (int i = 0; i < 4; i++) {
        static const double rates[] = { 1.0, -0.1, (double)NAN, (double)INFINITY };
        g = graph(0);
        hone_nn_dropout(g, input(g, "x", 3), rates[i]);
        EXPECT_ERROR(g, "dropout", "[0, 1)");
    }
    g = graph(0);
    hone_nn_input(g, "x", bad, 2);
    EXPECT_ERROR(g, "'x'", "(N, 3, 0)");
    g = graph(0);
    hone_nn_input(g, "x", huge, 3);
    EXPECT_ERROR(g, "'x'", "2^31");
    g = graph(0);
    hone_nn_input(g, "x", many, 7);
    EXPECT_ERROR(g, "'x'", "7 dimensions");
    g = graph(0);
    input(g, "x", 3);
    input(g, "x", 4);
    EXPECT_ERROR(g, "two layers or inputs", "'x'");
    g = graph(0);
    hone_dense(g, hone_dense(g, input(g, "x", 3), .units = 3, .name = "a"), .units = 3, .name = "a");
    EXPECT_ERROR(g, "'a'");
    g = graph(0);
    hone_nn_tanh(g, (hone_var){ 5 });
    EXPECT_ERROR(g, "tanh", "not a value of this graph");
}

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

static void test_the_first_mistake_stays(void)
{
    hone_graph *g = graph(0);
    hone_error err = HONE_ERROR_INIT;
    hone_net *net;
    const hone_var x = input(g, "x", 3), t = input(g, "t", 3);
    hone_var h = hone_nn_fail(g, "depth", "depth 9 is more than the paper has");
    CU_ASSERT(h.id < 0);
    h = hone_nn_relu(g, hone_dense(g, h, .units = 0));
    h = hone_nn_site(g, h, HONE_SITE_OUTPUT, "out");
    CU_ASSERT(h.id < 0);
    CU_ASSERT(hone_nn_fail(g, "other", "another").id < 0);
    CU_ASSERT(hone_nn_compile(g, hone_nn_mse(g, x, t), h, 4, &net, &err) < 0);
    CU_ASSERT_PTR_NULL(net);
    CU_ASSERT_STRING_EQUAL(err.msg, "depth 9 is more than the paper has");
    CU_ASSERT_STRING_EQUAL(err.param, "depth");
    uint32_t n = 7;
    hone_nn_parameters(g, &n);
    CU_ASSERT_EQUAL(n, 0);
    hone_nn_graph_destroy(g);
}

static void test_what_cannot_be_compiled_is_said(void)
{
    hone_graph *g = graph(0);
    hone_error err = HONE_ERROR_INIT;
    hone_net *net;
    const hone_var x = input(g, "x", 3), t = input(g, "t", 4), y = hone_dense(g, x, .units = 4);
    const hone_var good = hone_nn_softmax_cross_entropy(g, y, t), p = hone_nn_softmax(g, y),
                   squared = hone_nn_mse(g, p, t);
    float plain[12] = { 0 };
    CU_ASSERT(hone_nn_compile(g, y, y, 4, &net, &err) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "(N, 4)"));
    CU_ASSERT(hone_nn_compile(g, squared, y, 4, &net, &err) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "softmax, which has no backward pass"));
    CU_ASSERT(hone_nn_compile(g, good, y, 0, &net, &err) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "batch of 0"));
    CU_ASSERT(hone_nn_compile(g, (hone_var){ 99 }, y, 4, &net, &err) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "the loss is not a value"));
    CU_ASSERT(hone_nn_compile(g, good, (hone_var){ -1 }, 4, &net, &err) < 0);
    CU_ASSERT(hone_nn_allocate_states(g, 1, &err) < 0);
    CU_ASSERT(hone_nn_read(g, 0, plain, &err) < 0);
    CU_ASSERT_EQUAL_FATAL(hone_nn_compile(g, good, p, 4, &net, &err), HONE_OK);
    CU_ASSERT(hone_nn_allocate_states(g, HONE_MAX_STATES + 1, &err) < 0);
    CU_ASSERT(hone_nn_read(g, 2, plain, &err) < 0);
    CU_ASSERT(hone_nn_write(g, 2, plain, &err) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "no parameter 2"));
    CU_ASSERT_PTR_NULL(hone_net_input(net, y));
    CU_ASSERT_PTR_NOT_NULL(hone_net_input(net, t));
    hone_dense(g, y, .units = 2, .name = "late");
    CU_ASSERT(hone_nn_graph_error(g, &err) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "'late'"));
    hone_net_destroy(net);
    hone_net_destroy(NULL);
    hone_nn_graph_destroy(g);
}

/* The answer may be an input, logits behind a flatten, or the loss itself. */
static void test_any_value_can_be_the_answer(void)
{
    hone_graph *g = graph(3);
    hone_error err = HONE_ERROR_INIT;
    const hone_var x = input(g, "x", 3), t = input(g, "t", 4), y = hone_nn_relu(g, hone_dense(g, x, .units = 4));
    const hone_var loss = hone_nn_mse(g, y, t);
    const hone_var answers[] = { x,    hone_nn_flatten(g, y),      y,
                                 loss, hone_nn_dropout(g, x, 0.5), hone_nn_dropout(g, y, 0.5) };
    for (int i = 0; i < 6; i++) {
        hone_net *net;
        double value;
        CU_ASSERT_EQUAL_FATAL(hone_nn_compile(g, loss, answers[i], 2, &net, &err), HONE_OK);
        for (int e = 0; e < 6; e++)
            hone_net_input(net, x)[e] = (float)(e + 1);
        for (int e = 0; e < 8; e++)
            hone_net_input(net, t)[e] = 100.0f;
        CU_ASSERT_EQUAL(hone_net_forward_backward(net, 0, &value, &err), HONE_OK);
        CU_ASSERT_EQUAL(hone_net_infer(net, &err), HONE_OK);
        const float *out = hone_net_output(net);
        if (i == 0 || i == 4)
            CU_ASSERT_EQUAL(out[5], 6.0f);
        if (i == 3)
            CU_ASSERT_EQUAL(out[1], hone_net_losses(net)[1]);
        if (i == 1 || i == 2 || i == 5) {
            double loss_again = 0;
            for (int e = 4; e < 8; e++)
                loss_again += pow((double)out[e] - 100.0, 2) / 4;
            CU_ASSERT_DOUBLE_EQUAL(loss_again, (double)hone_net_losses(net)[1], 1e-5 * loss_again);
        }
        hone_net_destroy(net);
    }
    hone_nn_graph_destroy(g);
}

struct seen {
    char names[32][32];
    uint32_t roles[32], indices[32];
    int n;
};

static hone_var note(void *ctx, hone_graph *g, const hone_site *site, hone_var x)
{
    struct seen *s = ctx;
    CU_ASSERT_FATAL(s->n < 32);
    snprintf(s->names[s->n], sizeof s->names[0], "%s", site->name);
    s->roles[s->n] = site->role;
    s->indices[s->n++] = site->index;
    return hone_nn_site_matches("hidden2", site->name) ? hone_nn_dropout(g, x, 0.5) : x;
}

static void test_sites_are_numbered_by_role(void)
{
    static const char *const names[] = { "input1",  "hidden1",        "hidden1", "hidden2",
                                         "hidden2", "block3.branch1", "res7",    "hidden3" };
    static const uint32_t roles[] = { 0, 1, 2, 1, 2, 3, 3, 1 }, indices[] = { 0, 0, 0, 1, 1, 0, 1, 2 };
    static const char *const given[] = { "input",  "hidden",        "hidden", "hidden",
                                         "hidden", "block3.branch", "res7",   "hidden" };
    struct seen seen = { .n = 0 };
    hone_graph *g = graph(0);
    const hone_var x = input(g, "x", 4);
    CU_ASSERT_EQUAL(hone_nn_site(g, x, HONE_SITE_EMBEDDING, "table").id, x.id); /* nobody listens */
    hone_nn_on_site(g, note, &seen);
    for (int i = 0; i < 8; i++) {
        const hone_var y = hone_nn_site(g, x, roles[i], given[i]);
        CU_ASSERT_STRING_EQUAL(seen.names[i], names[i]);
        CU_ASSERT_EQUAL(seen.roles[i], roles[i]);
        CU_ASSERT_EQUAL(seen.indices[i], indices[i]);
        CU_ASSERT_EQUAL(y.id != x.id, strcmp(names[i], "hidden2") == 0);
    }
    CU_ASSERT_EQUAL(seen.n, 8);
    CU_ASSERT(hone_nn_site(g, x, 99, "x").id < 0);
    EXPECT_ERROR(g, "role");
}

static void test_patterns(void)
{
    static const struct {
        const char *pattern, *name;
        uint32_t matches;
    } cases[] = {
        { "", "hidden1", 0 },
        { "*", "hidden1", 1 },
        { "hidden1", "hidden1", 1 },
        { "hidden1", "hidden10", 0 },
        { "hidden", "hidden1", 0 },
        { "hidden*", "hidden10", 1 },
        { "hidden?", "hidden10", 0 },
        { "hidden??", "hidden10", 1 },
        { "*.branch?", "block3.branch1", 1 },
        { "a,b", "b", 1 },
        { "a, b", "b", 1 },
        { "a ,b", "a", 1 },
        { "a,b", "a,b", 0 },
        { ",", "a", 0 },
        { "*a*b*c*", "xxaxxbxxcxx", 1 },
        { "*a*b*c*", "xxaxxcxxbxx", 0 },
        { "*aab", "aaaab", 1 },
        { "?", "", 0 },
        { "*", "", 1 },
        { "hid*1,in*", "input1", 1 },
        { "hid*2,in*", "hidden1", 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CU_ASSERT_EQUAL(hone_nn_site_matches(cases[i].pattern, cases[i].name), cases[i].matches);
    CU_ASSERT_EQUAL(hone_nn_site_matches(NULL, "a"), 0);
}

static void moments(const float *x, uint64_t n, double *mean, double *deviation, double *largest)
{
    double sum = 0, squares = 0;
    *largest = 0;
    for (uint64_t i = 0; i < n; i++) {
        sum += (double)x[i];
        squares += (double)x[i] * (double)x[i];
        *largest = fmax(*largest, fabs((double)x[i]));
    }
    *mean = sum / (double)n;
    *deviation = sqrt(squares / (double)n - *mean * *mean);
}

static void test_first_weights(void)
{
    static const char *const inits[] = { NULL, "he", "xavier", "lecun", "zeros" };
    const double expected[] = { sqrt(2.0 / 400), sqrt(2.0 / 400), sqrt(2.0 / 700), sqrt(1.0 / 400), 0 };
    for (int i = 0; i < 5; i++) {
        hone_error err = HONE_ERROR_INIT;
        hone_graph *g = graph(9), *same = graph(9), *other = graph(10);
        hone_graph *all[] = { g, same, other };
        hone_net *nets[3];
        uint32_t n;
        hone_parameter *const *p[3];
        double mean, deviation, largest;
        for (int k = 0; k < 3; k++) {
            const hone_var x = input(all[k], "x", 400), t = input(all[k], "t", 300);
            const hone_var y = hone_dense(all[k], x, .units = 300, .init = inits[i], .name = "layer");
            CU_ASSERT_EQUAL_FATAL(hone_nn_compile(all[k], hone_nn_mse(all[k], y, t), y, 1, &nets[k], &err), HONE_OK);
            p[k] = hone_nn_parameters(all[k], &n);
            CU_ASSERT_EQUAL_FATAL(n, 2);
        }
        moments(p[0][0]->value, p[0][0]->length, &mean, &deviation, &largest);
        CU_ASSERT_DOUBLE_EQUAL(mean, 0, 4 * expected[i] / sqrt(120000));
        CU_ASSERT_DOUBLE_EQUAL(deviation, expected[i], 0.01 * expected[i]);
        if (i == 2)
            CU_ASSERT(largest <= sqrt(6.0 / 700) && largest > 0.999 * sqrt(6.0 / 700));
        if (i == 1 || i == 3)
            CU_ASSERT(largest > 3.5 * expected[i] && largest < 6.5 * expected[i]);
        CU_ASSERT_EQUAL(memcmp(p[0][0]->value, p[1][0]->value, 120000 * sizeof(float)), 0);
        CU_ASSERT(i == 4 || memcmp(p[0][0]->value, p[2][0]->value, 120000 * sizeof(float)) != 0);
        moments(p[0][1]->value, p[0][1]->length, &mean, &deviation, &largest);
        CU_ASSERT_EQUAL(largest, 0);
        for (int k = 0; k < 3; k++) {
            hone_net_destroy(nets[k]);
            hone_nn_graph_destroy(all[k]);
        }
    }
}

static void test_parameters_are_described_and_written(void)
{
    hone_error err = HONE_ERROR_INIT;
    hone_graph *g = graph(1);
    hone_net *net;
    uint32_t n;
    float plain[15], back[15];
    double loss;
    const hone_var x = input(g, "x", 5), t = input(g, "t", 2);
    const hone_var h = hone_dense(g, x, .units = 3, .name = "hidden1"), y = hone_dense(g, h, .units = 2, .no_bias = 1);
    CU_ASSERT_EQUAL_FATAL(hone_nn_compile(g, hone_nn_mse(g, y, t), y, 1, &net, &err), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(hone_nn_allocate_states(g, 2, &err), HONE_OK);
    hone_parameter *const *p = hone_nn_parameters(g, &n);
    CU_ASSERT_EQUAL_FATAL(n, 3);
    CU_ASSERT_STRING_EQUAL(p[0]->name, "hidden1.weight");
    CU_ASSERT_STRING_EQUAL(p[1]->name, "hidden1.bias");
    CU_ASSERT_STRING_EQUAL(p[2]->name, "dense1.weight");
    CU_ASSERT_EQUAL(p[0]->role, HONE_PARAMETER_KERNEL);
    CU_ASSERT_EQUAL(p[1]->role, HONE_PARAMETER_BIAS);
    CU_ASSERT(p[0]->n_dims == 2 && p[0]->dims[0] == 3 && p[0]->dims[1] == 5);
    CU_ASSERT(p[1]->n_dims == 1 && p[1]->dims[0] == 3 && p[1]->length >= 3);
    for (uint32_t i = 0; i < n; i++) {
        CU_ASSERT_EQUAL(p[i]->size, sizeof(hone_parameter));
        CU_ASSERT_EQUAL((uintptr_t)p[i]->value % 64, 0);
        CU_ASSERT_PTR_NOT_NULL(p[i]->state[0]);
        CU_ASSERT_PTR_NOT_NULL(p[i]->state[1]);
        CU_ASSERT_PTR_NULL(p[i]->state[2]);
        for (uint64_t e = 0; e < p[i]->length; e++)
            CU_ASSERT(p[i]->state[0][e] == 0.0f && p[i]->state[1][e] == 0.0f);
    }
    /* y = W2 (W1 x + b): W1 selects what the plain order says */
    for (int i = 0; i < 15; i++)
        plain[i] = (float)i;
    CU_ASSERT_EQUAL(hone_nn_write(g, 0, plain, &err), HONE_OK);
    CU_ASSERT_EQUAL(hone_nn_read(g, 0, back, &err), HONE_OK);
    CU_ASSERT_EQUAL(memcmp(plain, back, sizeof plain), 0);
    CU_ASSERT_EQUAL(hone_nn_write(g, 2, (const float[]){ 1, 0, 0, 0, 0, 1 }, &err), HONE_OK);
    hone_net_input(net, x)[3] = 1.0f;
    CU_ASSERT_EQUAL(hone_net_infer(net, &err), HONE_OK);
    CU_ASSERT_EQUAL(hone_net_output(net)[0], 3.0f);
    CU_ASSERT_EQUAL(hone_net_output(net)[1], 13.0f);
    CU_ASSERT_EQUAL(hone_net_forward_backward(net, 0, &loss, &err), HONE_OK);
    CU_ASSERT_DOUBLE_EQUAL(loss, (9.0 + 169.0) / 2, 1e-6);
    /* asking again starts over */
    p[0]->state[0][0] = 5.0f;
    CU_ASSERT_EQUAL(hone_nn_allocate_states(g, 1, &err), HONE_OK);
    CU_ASSERT_EQUAL(p[0]->state[0][0], 0.0f);
    CU_ASSERT_PTR_NULL(p[0]->state[1]);
    hone_net_destroy(net);
    hone_nn_graph_destroy(g);
}

SUITE(TEST(test_shapes_follow_the_layers), TEST(test_mistakes_name_layers_and_shapes),
      TEST(test_impossible_windows_and_norms_are_said), TEST(test_shapes_of_images), TEST(test_orthogonal_weights),
      TEST(test_the_first_mistake_stays), TEST(test_what_cannot_be_compiled_is_said),
      TEST(test_any_value_can_be_the_answer), TEST(test_sites_are_numbered_by_role), TEST(test_patterns),
      TEST(test_first_weights), TEST(test_parameters_are_described_and_written))
