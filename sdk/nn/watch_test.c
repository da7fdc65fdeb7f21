/* SPDX-License-Identifier: MIT */
/* What is noted of relus in inference, against the values that they must have: units of rows, channels of images, whatever
 * the layers before and behind make of the relu, with one thread and several. */
#include "fixture.h"

enum { BATCH = 6, SIDE = 8, FILTERS = 5 };

static const hone_activity *activity(const hone_graph *g, uint32_t i)
{
    const hone_activity *all;
    CU_ASSERT_FATAL(i < hone_nn_activities(g, &all));
    return &all[i];
}

static void infer(hone_net *net)
{
    hone_error err = HONE_ERROR_INIT;
    CU_ASSERT_EQUAL_FATAL(hone_net_infer(net, &err), HONE_OK);
}

/* A unit whose bias no input can lift over zero is dead; the greatest value of the others is that of a naive loop. */
static void test_finds_dead_units_of_a_perceptron(void)
{
    enum { IN = 7, UNITS = 40 };
    const struct mlp m = mlp(IN, UNITS, 2, 3, 0.5, 4);
    hone_net *net = compile(&m, BATCH);
    uint32_t n;
    hone_parameter *const *p = hone_nn_parameters(m.g, &n);
    const hone_activity *all;
    CU_ASSERT_EQUAL_FATAL(hone_nn_activities(m.g, &all), 2);
    CU_ASSERT_STRING_EQUAL(all[0].name, "relu1");
    CU_ASSERT_STRING_EQUAL(all[1].name, "relu2");
    CU_ASSERT_EQUAL(all[0].units, UNITS);
    float *x = hone_net_input(net, m.x);
    fill(x, BATCH * IN, 3);
    p[1]->value[11] = p[1]->value[29] = -1e6f;
    infer(net); /* not watched */
    for (int u = 0; u < UNITS; u++)
        CU_ASSERT_EQUAL(all[0].highest[u], 0);
    hone_nn_watch(m.g, BATCH - 2); /* the last two rows are none of its business */
    infer(net);
    for (int u = 0; u < UNITS; u++) {
        double highest = 0;
        for (int r = 0; r < BATCH - 2; r++) {
            double sum = (double)p[1]->value[u];
            for (int i = 0; i < IN; i++)
                sum += (double)x[r * IN + i] * (double)p[0]->value[u * IN + i];
            highest = fmax(highest, sum);
        }
        CU_ASSERT_DOUBLE_EQUAL((double)all[0].highest[u], highest, 1e-5 * (1 + highest));
        if (u == 11 || u == 29)
            CU_ASSERT_EQUAL(all[0].highest[u], 0);
    }
    const float before = all[0].highest[3] + all[0].highest[4];
    memset(x, 0, BATCH * IN * sizeof *x);
    infer(net); /* what was noted stays */
    CU_ASSERT(all[0].highest[3] + all[0].highest[4] >= before);
    hone_nn_watch_clear(m.g);
    hone_nn_watch(m.g, 0);
    infer(net);
    for (int u = 0; u < UNITS; u++)
        CU_ASSERT_EQUAL(all[0].highest[u] + all[1].highest[u], 0);
    hone_net_destroy(net);
    hone_nn_graph_destroy(m.g);
}

/* Training is not watched, and watching changes no result. */
static void test_changes_nothing(void)
{
    const struct mlp a = mlp(7, 20, 2, 3, 0, 4), b = mlp(7, 20, 2, 3, 0, 4);
    hone_net *watched = compile(&a, BATCH), *other = compile(&b, BATCH);
    hone_nn_watch(a.g, BATCH);
    for (int i = 0; i < 2; i++) {
        hone_net *net = i ? other : watched;
        fill(hone_net_input(net, i ? b.x : a.x), BATCH * 7, 5);
        fill_targets(hone_net_input(net, i ? b.t : a.t), BATCH, 3, 6, false);
    }
    CU_ASSERT_EQUAL(loss_of(watched), loss_of(other));
    for (int64_t u = 0; u < activity(a.g, 0)->units; u++)
        CU_ASSERT_EQUAL(activity(a.g, 0)->highest[u], 0);
    infer(watched);
    infer(other);
    CU_ASSERT(!memcmp(hone_net_output(watched), hone_net_output(other), BATCH * 3 * sizeof(float)));
    hone_net_destroy(watched);
    hone_net_destroy(other);
    hone_nn_graph_destroy(a.g);
    hone_nn_graph_destroy(b.g);
}

/* ---- images: the relu alone, melted into what stands before or behind it, or read twice ---- */
enum arrangement { ALONE, POOLED, NORMED, ADDED, READ_TWICE, RESHAPED, FLATTENED, TURNED, ARRANGEMENTS };

static hone_var arrange(hone_graph *g, hone_var x, enum arrangement how)
{
    const int64_t half[] = { 2 * FILTERS, SIDE, SIDE / 2 };
    const uint32_t turn[] = { 2, 0, 1 };
    hone_var y = hone_conv2d(g, x, .filters = FILTERS, .kernel = 3, .pad = 1, .name = "conv");
    if (how == NORMED)
        y = hone_batch_norm(g, y, .name = "norm");
    if (how == ADDED)
        y = hone_nn_add(g, hone_batch_norm(g, y, .name = "norm"),
                        hone_conv2d(g, x, .filters = FILTERS, .kernel = 1, .name = "branch"));
    if (how == RESHAPED)
        y = hone_nn_reshape(g, y, half, 3);
    if (how == FLATTENED)
        y = hone_nn_flatten(g, y);
    if (how == TURNED)
        y = hone_nn_transpose(g, y, turn, 3); /* (W, C, H) */
    y = hone_nn_site(g, hone_nn_relu(g, y), HONE_SITE_POST_ACTIVATION, "block");
    if (how == POOLED)
        return hone_max_pool(g, y, .kernel = 2);
    return how == READ_TWICE ? hone_nn_add(g, y, hone_nn_tanh(g, y)) : y;
}

/* The greatest value of each channel as the network itself answers it: a second graph of the same seed whose answer is the
 * greatest of all pixels. */
static void check_images(enum arrangement how, uint32_t threads)
{
    const hone_graph_options options = { sizeof options, threads, 8 };
    const int64_t image[] = { 3, SIDE, SIDE }, classes = 4;
    hone_error err = HONE_ERROR_INIT;
    hone_graph *g = hone_nn_graph_create(&options), *twin = hone_nn_graph_create(&options);
    hone_net *net, *reference;
    const hone_var x = hone_nn_input(g, "x", image, 3), t = hone_nn_input(g, "t", &classes, 1);
    const hone_var y = hone_dense(g, hone_nn_flatten(g, arrange(g, x, how)), .units = classes, .name = "out");
    CU_ASSERT_EQUAL_FATAL(
        hone_nn_compile(g, hone_nn_softmax_cross_entropy(g, y, t), hone_nn_softmax(g, y), BATCH, &net, &err), HONE_OK);
    const hone_var x2 = hone_nn_input(twin, "x", image, 3), t2 = hone_nn_input(twin, "t", &classes, 1);
    /* READ_TWICE and POOLED keep the greatest, or map it monotonically: take the relu alone */
    const enum arrangement plain = how == POOLED || how == READ_TWICE ? ALONE : how;
    const hone_var relu = arrange(twin, x2, plain);
    const hone_var y2 = hone_dense(twin, hone_nn_flatten(twin, relu), .units = classes, .name = "out");
    CU_ASSERT_EQUAL_FATAL(hone_nn_compile(twin, hone_nn_softmax_cross_entropy(twin, y2, t2),
                                          hone_nn_flatten(twin, relu), BATCH, &reference, &err),
                          HONE_OK);
    static const int64_t all_units[] = {
        [RESHAPED] = 2 * FILTERS, [FLATTENED] = FILTERS * SIDE * SIDE, [TURNED] = SIDE
    };
    const int64_t units = how < RESHAPED ? FILTERS : all_units[how], pixels = FILTERS * SIDE * SIDE / units;
    for (int i = 0; i < 2; i++) {
        uint32_t n;
        hone_parameter *const *p = hone_nn_parameters(i ? twin : g, &n);
        shake(i ? twin : g);
        for (uint32_t k = 0; k < n; k++) /* one channel is dead */
            if (!strcmp(p[k]->name, how == NORMED || how == ADDED ? "norm.bias" : "conv.bias"))
                p[k]->value[2] = -1e6f;
        fill(hone_net_input(i ? reference : net, i ? x2 : x), BATCH * 3 * SIDE * SIDE, 17);
    }
    hone_nn_watch(g, BATCH - 1);
    infer(net);
    infer(reference);
    const hone_activity *a = activity(g, 0);
    CU_ASSERT_STRING_EQUAL(a->name, "block1");
    CU_ASSERT_EQUAL_FATAL(a->units, units);
    const float *values = hone_net_output(reference);
    for (int64_t u = 0; u < units; u++) {
        float highest = 0;
        for (int64_t s = 0; s < BATCH - 1; s++)
            for (int64_t i = 0; i < pixels; i++)
                highest = fmaxf(highest, values[(s * units + u) * pixels + i]);
        CU_ASSERT_DOUBLE_EQUAL((double)a->highest[u], (double)highest, 1e-5);
        if (how < FLATTENED)
            CU_ASSERT_EQUAL(a->highest[u] == 0, how == RESHAPED ? u == 4 || u == 5 : u == 2);
    }
    hone_net_destroy(net);
    hone_net_destroy(reference);
    hone_nn_graph_destroy(g);
    hone_nn_graph_destroy(twin);
}

static void test_knows_channels_of_images(void)
{
    for (enum arrangement how = ALONE; how < ARRANGEMENTS; how++)
        for (uint32_t threads = 1; threads < 3; threads++)
            check_images(how, threads);
}

static void test_a_network_without_relus_has_nothing_to_note(void)
{
    const hone_graph_options options = { sizeof options, 1, 8 };
    const int64_t in = 4, classes = 3;
    hone_error err = HONE_ERROR_INIT;
    hone_graph *g = hone_nn_graph_create(&options);
    hone_net *net;
    const hone_activity *all;
    const hone_var x = hone_nn_input(g, "x", &in, 1), t = hone_nn_input(g, "t", &classes, 1);
    const hone_var y = hone_dense(g, hone_nn_tanh(g, hone_dense(g, x, .units = 5)), .units = classes);
    CU_ASSERT_EQUAL(hone_nn_activities(g, &all), 0);
    CU_ASSERT_EQUAL_FATAL(
        hone_nn_compile(g, hone_nn_softmax_cross_entropy(g, y, t), hone_nn_softmax(g, y), 2, &net, &err), HONE_OK);
    CU_ASSERT_EQUAL(hone_nn_activities(g, &all), 0);
    hone_nn_watch(g, 2);
    hone_nn_watch_clear(g);
    infer(net);
    hone_net_destroy(net);
    hone_nn_graph_destroy(g);
}

SUITE(TEST(test_finds_dead_units_of_a_perceptron), TEST(test_changes_nothing), TEST(test_knows_channels_of_images),
      TEST(test_a_network_without_relus_has_nothing_to_note))
