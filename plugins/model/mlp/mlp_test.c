/* SPDX-License-Identifier: MIT */
/* model/mlp: shapes and names of its weights, its sites, its initial weights; its outputs against a loop. */
#include "component.h"
#include "hone/model.h"
#include "hone/rng.h"

enum { N = 5, MAX = 64 };

struct network {
    struct component c;
    hone_graph *g;
    hone_net *net;
    hone_var x;
    hone_parameter *const *p;
    uint32_t n;
    char sites[256]; /* "0:input1 1:hidden1 ..." as offered, role:name */
};

static hone_var note_site(void *ctx, hone_graph *g, const hone_site *site, hone_var x)
{
    struct network *n = (struct network *)ctx;
    const size_t used = strlen(n->sites);
    (void)g;
    snprintf(n->sites + used, sizeof n->sites - used, "%s%u:%s", used ? " " : "", site->role, site->name);
    return x;
}

/* Compiles what the component c builds for samples of (1, side, side) and `outputs` outputs, with mse. */
static hone_rc compile(struct network *n, int64_t side, int64_t outputs)
{
    const hone_graph_options options = { sizeof options, 1, 7 };
    const hone_task task = { .size = sizeof task,
                             .kind = HONE_TASK_REGRESSION,
                             .n_outputs = outputs,
                             .n_dims = 3,
                             .dtype = HONE_F32,
                             .dims = { 1, side, side } };
    n->g = hone_nn_graph_create(&options);
    CU_ASSERT_PTR_NOT_NULL_FATAL(n->g);
    hone_nn_on_site(n->g, note_site, n);
    n->x = hone_nn_input(n->g, "x", task.dims, 3);
    const hone_var t = hone_nn_input(n->g, "t", &outputs, 1);
    const hone_var y = ((const hone_model_v1 *)n->c.component->iface)->build(n->c.self, n->g, n->x, &task);
    const hone_rc rc = hone_nn_compile(n->g, hone_nn_mse(n->g, y, t), y, N, &n->net, &n->c.err);
    n->p = rc == HONE_OK ? hone_nn_parameters(n->g, &n->n) : NULL;
    return rc;
}

static void release(struct network *n)
{
    hone_net_destroy(n->net);
    hone_nn_graph_destroy(n->g);
    component_close(&n->c);
    memset(n, 0, sizeof *n);
}

static void expect(const struct network *n, uint32_t i, const char *name, int64_t rows, int64_t columns)
{
    CU_ASSERT_FATAL(i < n->n);
    CU_ASSERT_STRING_EQUAL(n->p[i]->name, name);
    CU_ASSERT_EQUAL(n->p[i]->dims[0], rows);
    if (columns)
        CU_ASSERT_EQUAL(n->p[i]->dims[1], columns);
    CU_ASSERT_EQUAL(n->p[i]->n_dims, columns ? 2 : 1);
}

static int64_t count(const struct network *n)
{
    int64_t all = 0;
    for (uint32_t i = 0; i < n->n; i++)
        all += hone_shape_elements(n->p[i]->dims, n->p[i]->n_dims);
    return all;
}

static void test_is_the_peers_network(void)
{
    static struct network n;
    CU_ASSERT_EQUAL_FATAL(component_open(&n.c, "mlp", 1, "hidden", "256, 128", NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(compile(&n, 28, 10), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(n.n, 6);
    expect(&n, 0, "hidden1.weight", 256, 784);
    expect(&n, 1, "hidden1.bias", 256, 0);
    expect(&n, 2, "hidden2.weight", 128, 256);
    expect(&n, 3, "hidden2.bias", 128, 0);
    expect(&n, 4, "output.weight", 10, 128);
    expect(&n, 5, "output.bias", 10, 0);
    CU_ASSERT_EQUAL(count(&n), 235146);
    release(&n);
}

static void test_width_and_depth_override_hidden(void)
{
    static struct network n;
    static const struct {
        const char *hidden, *width, *depth;
        int64_t units[4]; /* of the hidden layers, 0 ends */
    } cases[] = {
        { "20, 10", "0", "0", { 20, 10, 0 } },
        { "20, 10", "0", "3", { 20, 10, 10, 0 } },
        { "20, 10", "0", "1", { 20, 0 } },
        { "20, 10", "7", "0", { 7, 7, 0 } },
        { "20, 10", "7", "3", { 7, 7, 7, 0 } },
        { "", "7", "2", { 7, 7, 0 } },
        { "", "0", "0", { 0 } },
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t before = 16;
        uint32_t at = 0;
        CU_ASSERT_EQUAL_FATAL(component_open(&n.c, "mlp", 1, "hidden", cases[i].hidden, "width", cases[i].width,
                                             "depth", cases[i].depth, NULL),
                              HONE_OK);
        CU_ASSERT_EQUAL_FATAL(compile(&n, 4, 3), HONE_OK);
        for (const int64_t *units = cases[i].units; *units; units++, at += 2) {
            char name[32];
            snprintf(name, sizeof name, "hidden%u.weight", at / 2 + 1);
            expect(&n, at, name, *units, before);
            before = *units;
        }
        expect(&n, at, "output.weight", 3, before);
        CU_ASSERT_EQUAL(n.n, at + 2);
        release(&n);
    }
}

static void test_says_what_is_missing(void)
{
    static struct network n;
    CU_ASSERT_EQUAL_FATAL(component_open(&n.c, "mlp", 1, "hidden", "", "depth", "2", NULL), HONE_OK);
    CU_ASSERT(compile(&n, 4, 3) < 0);
    CU_ASSERT_STRING_EQUAL(n.c.err.param, "depth");
    release(&n);
    CU_ASSERT_EQUAL_FATAL(component_open(&n.c, "mlp", 1, "hidden", "", "width", "2", NULL), HONE_OK);
    CU_ASSERT(compile(&n, 4, 3) < 0);
    CU_ASSERT_STRING_EQUAL(n.c.err.param, "width");
    release(&n);
    CU_ASSERT(component_open(&n.c, "mlp", 1, "hidden", "0", NULL) < 0);
    release(&n);
}

static void test_offers_its_sites(void)
{
    static struct network n;
    CU_ASSERT_EQUAL_FATAL(component_open(&n.c, "mlp", 1, "hidden", "4, 4", NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(compile(&n, 2, 3), HONE_OK);
    CU_ASSERT_STRING_EQUAL(n.sites, "0:input1 1:hidden1 2:hidden1 1:hidden2 2:hidden2 6:output1");
    release(&n);
}

static double activate(const char *name, double x)
{
    if (!strcmp(name, "relu"))
        return x > 0 ? x : 0;
    if (!strcmp(name, "tanh"))
        return tanh(x);
    if (!strcmp(name, "sigmoid"))
        return 1 / (1 + exp(-x));
    return 0.5 * x * (1 + erf(x / sqrt(2)));
}

/* y = W x + b by the definition, with the weights that the library hands out. */
static void layer(struct network *n, uint32_t weight, const double *x, double *y)
{
    static float w[MAX * MAX], b[MAX];
    const int64_t units = n->p[weight]->dims[0], inputs = n->p[weight]->dims[1];
    CU_ASSERT_FATAL(units <= MAX && inputs <= MAX);
    CU_ASSERT_EQUAL(hone_nn_read(n->g, weight, w, &n->c.err), HONE_OK);
    CU_ASSERT_EQUAL(hone_nn_read(n->g, weight + 1, b, &n->c.err), HONE_OK);
    for (int64_t i = 0; i < units; i++) {
        y[i] = (double)b[i];
        for (int64_t k = 0; k < inputs; k++)
            y[i] += (double)w[i * inputs + k] * x[k];
    }
}

static void test_outputs_equal_a_naive_loop(void)
{
    static struct network n;
    static const char *const names[] = { "relu", "tanh", "gelu", "sigmoid" };
    for (int a = 0; a < 4; a++) {
        hone_rng rng = hone_rng_at(8, (uint64_t)a);
        CU_ASSERT_EQUAL_FATAL(component_open(&n.c, "mlp", 1, "hidden", "33, 17", "activation", names[a], NULL),
                              HONE_OK);
        CU_ASSERT_EQUAL_FATAL(compile(&n, 5, 3), HONE_OK);
        float *x = hone_net_input(n.net, n.x);
        for (int i = 0; i < N * 25; i++)
            x[i] = (float)hone_rng_normal(&rng);
        CU_ASSERT_EQUAL(hone_net_infer(n.net, &n.c.err), HONE_OK);
        for (int i = 0; i < N; i++) {
            double in[MAX], h[MAX], out[MAX];
            for (int k = 0; k < 25; k++)
                in[k] = (double)x[i * 25 + k];
            layer(&n, 0, in, h);
            for (int k = 0; k < 33; k++)
                in[k] = activate(names[a], h[k]);
            layer(&n, 2, in, h);
            for (int k = 0; k < 17; k++)
                in[k] = activate(names[a], h[k]);
            layer(&n, 4, in, out);
            for (int k = 0; k < 3; k++)
                CU_ASSERT(near((double)hone_net_output(n.net)[i * 3 + k], out[k], 2e-5));
        }
        release(&n);
    }
}

/* Mean square of hidden1.weight (128, 784) times its fan-in: 2 for he, 1 for lecun and orthogonal; for xavier 6 / (in + out)
 * / 3 * in. */
static void test_initial_weights_have_the_variance_asked_for(void)
{
    static struct network n;
    static const struct {
        const char *init, *activation;
        double variance; /* times fan-in */
    } cases[] = { { "auto", "relu", 2 },       { "auto", "tanh", 2.0 * 784 / (784 + 128) },
                  { "he", "tanh", 2 },         { "lecun", "relu", 1 },
                  { "orthogonal", "relu", 1 }, { "xavier", "relu", 2.0 * 784 / (784 + 128) } };
    float *w = (float *)malloc(128 * 784 * sizeof *w);
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        double sum = 0;
        CU_ASSERT_EQUAL_FATAL(
            component_open(&n.c, "mlp", 1, "init", cases[i].init, "activation", cases[i].activation, NULL), HONE_OK);
        CU_ASSERT_EQUAL_FATAL(compile(&n, 28, 10), HONE_OK);
        CU_ASSERT_EQUAL(hone_nn_read(n.g, 0, w, &n.c.err), HONE_OK);
        for (int k = 0; k < 128 * 784; k++)
            sum += (double)w[k] * (double)w[k];
        CU_ASSERT(fabs(sum / 128 / cases[i].variance - 1) < 0.03); /* 6 deviations of a mean of 100,352 squares */
        release(&n);
    }
    free(w);
}

static int32_t find(const struct network *n, const char *name)
{
    for (uint32_t i = 0; i < n->n; i++)
        if (!strcmp(n->p[i]->name, name))
            return (int32_t)i;
    return -1;
}

/* y = (x - mean) / sqrt(var + 1e-5) * weight + bias, with statistics that are not those of the start. */
static void normalize(struct network *n, const char *name, double *x, int units)
{
    char text[64];
    uint32_t n_buffers = 0;
    hone_parameter *const *buffers = hone_nn_buffers(n->g, &n_buffers);
    snprintf(text, sizeof text, "%s.weight", name);
    const int32_t weight = find(n, text);
    CU_ASSERT_FATAL(weight >= 0);
    for (uint32_t i = 0; i < n_buffers; i += 2)
        if (!strncmp(buffers[i]->name, name, strlen(name)))
            for (int k = 0; k < units; k++)
                x[k] = (x[k] - (double)buffers[i]->value[k]) / sqrt((double)buffers[i + 1]->value[k] + 1e-5) *
                           (double)n->p[weight]->value[k] +
                       (double)n->p[weight + 1]->value[k];
}

static void test_batch_norm_and_residual_layers(void)
{
    static struct network n;
    for (int norm = 0; norm < 2; norm++) {
        hone_rng rng = hone_rng_at(9, (uint64_t)norm);
        uint32_t n_buffers = 0;
        CU_ASSERT_EQUAL_FATAL(component_open(&n.c, "mlp", 1, "hidden", "12, 12, 7", "residual", "yes", "batch_norm",
                                             norm ? "yes" : "no", NULL),
                              HONE_OK);
        CU_ASSERT_EQUAL_FATAL(compile(&n, 3, 2), HONE_OK);
        CU_ASSERT_EQUAL(n.n, norm ? 3 * 3 + 2 : 8); /* weight, norm.weight, norm.bias; or weight and bias */
        CU_ASSERT_STRING_EQUAL(n.sites, "0:input1 1:hidden1 2:hidden1 1:hidden2 2:hidden2 3:hidden2 1:hidden3 "
                                        "2:hidden3 6:output1");
        hone_parameter *const *buffers = hone_nn_buffers(n.g, &n_buffers);
        CU_ASSERT_EQUAL(n_buffers, norm ? 6 : 0);
        for (uint32_t i = 0; i < n_buffers; i++)
            for (uint64_t k = 0; k < buffers[i]->length; k++)
                buffers[i]->value[k] = (float)(0.5 + hone_rng_uniform(&rng));
        float *x = hone_net_input(n.net, n.x);
        for (int i = 0; i < N * 9; i++)
            x[i] = (float)hone_rng_normal(&rng);
        CU_ASSERT_EQUAL(hone_net_infer(n.net, &n.c.err), HONE_OK);
        for (int i = 0; i < N; i++) {
            static const int widths[] = { 12, 12, 7 };
            double in[MAX], h[MAX];
            for (int k = 0; k < 9; k++)
                in[k] = (double)x[i * 9 + k];
            for (int l = 0; l < 3; l++) {
                char name[32];
                static float w[MAX * MAX], b[MAX];
                snprintf(name, sizeof name, "hidden%d.weight", l + 1);
                const int32_t at = find(&n, name);
                CU_ASSERT_FATAL(at >= 0);
                CU_ASSERT_EQUAL(hone_nn_read(n.g, (uint32_t)at, w, &n.c.err), HONE_OK);
                memset(b, 0, sizeof b);
                if (!norm)
                    CU_ASSERT_EQUAL(hone_nn_read(n.g, (uint32_t)at + 1, b, &n.c.err), HONE_OK);
                const int from = l ? widths[l - 1] : 9;
                for (int k = 0; k < widths[l]; k++) {
                    h[k] = (double)b[k];
                    for (int j = 0; j < from; j++)
                        h[k] += (double)w[k * from + j] * in[j];
                }
                snprintf(name, sizeof name, "norm%d", l + 1);
                if (norm)
                    normalize(&n, name, h, widths[l]);
                for (int k = 0; k < widths[l]; k++)
                    in[k] = (h[k] > 0 ? h[k] : 0) + (l == 1 ? in[k] : 0);
            }
            layer(&n, (uint32_t)find(&n, "output.weight"), in, h);
            for (int k = 0; k < 2; k++)
                CU_ASSERT(near((double)hone_net_output(n.net)[i * 2 + k], h[k], 2e-5));
        }
        release(&n);
    }
}

SUITE(TEST(test_is_the_peers_network), TEST(test_width_and_depth_override_hidden), TEST(test_says_what_is_missing),
      TEST(test_offers_its_sites), TEST(test_outputs_equal_a_naive_loop),
      TEST(test_initial_weights_have_the_variance_asked_for), TEST(test_batch_norm_and_residual_layers))
