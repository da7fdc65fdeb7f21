/* SPDX-License-Identifier: MIT */
/* regularizer/dropout: where it acts, and what a network with it computes. */
#include "sites_case.h"

enum { N = 32, K = 500 };

static struct component dropout;

/* A graph of ones: input (K) -> dense, identity -> the sites -> dense, identity -> mse against 0. */
static hone_graph *graph_of_ones(struct component *c, hone_net **net, hone_var *x, hone_var *target)
{
    const hone_graph_options options = { sizeof options, 1, 42 };
    const int64_t dims[1] = { K };
    hone_graph *g = hone_nn_graph_create(&options);
    CU_ASSERT_PTR_NOT_NULL_FATAL(g);
    hone_nn_on_site(g, sites_component, c);
    *x = hone_nn_input(g, "x", dims, 1);
    *target = hone_nn_input(g, "target", dims, 1);
    hone_var y = hone_dense(g, hone_nn_site(g, *x, HONE_SITE_INPUT, "input"), .units = K, .no_bias = 1,
                            .name = "hidden1");
    y = hone_nn_site(g, y, HONE_SITE_PRE_ACTIVATION, "hidden");
    y = hone_nn_site(g, y, HONE_SITE_POST_ACTIVATION, "hidden");
    y = hone_dense(g, y, .units = K, .no_bias = 1, .name = "output");
    CU_ASSERT_EQUAL_FATAL(hone_nn_compile(g, hone_nn_mse(g, y, *target), y, N, net, &c->err), HONE_OK);
    float *identity = (float *)calloc(K * K, sizeof *identity);
    for (int i = 0; i < K; i++)
        identity[i * K + i] = 1;
    CU_ASSERT_EQUAL(hone_nn_write(g, 0, identity, &c->err), HONE_OK);
    CU_ASSERT_EQUAL(hone_nn_write(g, 1, identity, &c->err), HONE_OK);
    free(identity);
    for (int i = 0; i < N * K; i++) {
        hone_net_input(*net, *x)[i] = 1;
        hone_net_input(*net, *target)[i] = 0;
    }
    return g;
}

/* With kept units worth 1 / (1 - rate), a sample's loss is kept / K / (1 - rate)^2. */
static void test_drops_the_share_and_scales_the_rest(void)
{
    hone_net *net = NULL;
    hone_var x, target;
    double loss, total = 0;
    CU_ASSERT_EQUAL_FATAL(component_open(&dropout, "dropout", 1, "rate", "0.25", NULL), HONE_OK);
    hone_graph *g = graph_of_ones(&dropout, &net, &x, &target);
    CU_ASSERT_EQUAL(hone_net_forward_backward(net, 1, &loss, &dropout.err), HONE_OK);
    for (int i = 0; i < N; i++) {
        const double kept = (double)hone_net_losses(net)[i] * 0.75 * 0.75 * K;
        CU_ASSERT(fabs(kept - round(kept)) < 1e-2);
        total += round(kept);
    }
    CU_ASSERT(fabs(total / (N * K) - 0.75) < 6 * sqrt(0.25 * 0.75 / (N * K)));
    CU_ASSERT_EQUAL(hone_net_infer(net, &dropout.err), HONE_OK);
    for (int i = 0; i < N * K; i++)
        CU_ASSERT(near((double)hone_net_output(net)[i], 1, 1e-6));
    hone_net_destroy(net);
    hone_nn_graph_destroy(g);
    component_close(&dropout);
}

/* The same losses, bit for bit, as the network without the regularizer. */
static void test_rate_zero_changes_nothing(void)
{
    float losses[2][N];
    for (int with = 0; with < 2; with++) {
        hone_net *net = NULL;
        hone_var x, target;
        double loss;
        CU_ASSERT_EQUAL_FATAL(component_open(&dropout, "dropout", 1, "rate", "0", "sites", with ? "*" : "", NULL),
                              HONE_OK);
        hone_graph *g = graph_of_ones(&dropout, &net, &x, &target);
        for (int i = 0; i < N * K; i++)
            hone_net_input(net, x)[i] = (float)(i % 37) * 0.1f;
        CU_ASSERT_EQUAL(hone_net_forward_backward(net, 1, &loss, &dropout.err), HONE_OK);
        memcpy(losses[with], hone_net_losses(net), sizeof losses[with]);
        hone_net_destroy(net);
        hone_nn_graph_destroy(g);
        component_close(&dropout);
    }
    CU_ASSERT_EQUAL(memcmp(losses[0], losses[1], sizeof losses[0]), 0);
}

/* 1 where a layer was added at the site. */
static int acts(const char *sites, uint32_t role, const char *name)
{
    const hone_graph_options options = { sizeof options, 1, 1 };
    const int64_t dims[1] = { 4 };
    const hone_site site = { .size = sizeof site, .role = role, .name = name };
    hone_graph *g = hone_nn_graph_create(&options);
    CU_ASSERT_EQUAL_FATAL(component_open(&dropout, "dropout", 1, "sites", sites, NULL), HONE_OK);
    const hone_var x = hone_nn_input(g, "x", dims, 1);
    const int acted = regularizer(&dropout)->at_site(dropout.self, g, &site, x).id != x.id;
    component_close(&dropout);
    hone_nn_graph_destroy(g);
    return acted;
}

static void test_acts_after_activations_and_inputs_that_match(void)
{
    CU_ASSERT(acts("hidden*", HONE_SITE_POST_ACTIVATION, "hidden1"));
    CU_ASSERT(acts("conv*, hidden2", HONE_SITE_POST_ACTIVATION, "hidden2"));
    CU_ASSERT(acts("input*", HONE_SITE_INPUT, "input1"));
    CU_ASSERT(!acts("hidden2", HONE_SITE_POST_ACTIVATION, "hidden1"));
    CU_ASSERT(!acts("*", HONE_SITE_PRE_ACTIVATION, "hidden1"));
    CU_ASSERT(!acts("*", HONE_SITE_OUTPUT, "output1"));
    CU_ASSERT(!acts("hidden*", HONE_SITE_INPUT, "input1"));
}

static void test_a_pattern_without_a_match_is_an_error(void)
{
    hone_net *net = NULL;
    hone_var x, target;
    CU_ASSERT_EQUAL_FATAL(component_open(&dropout, "dropout", 1, "sites", "hiden*", NULL), HONE_OK);
    hone_graph *g = graph_of_ones(&dropout, &net, &x, &target);
    CU_ASSERT_EQUAL(regularizer(&dropout)->on_network(dropout.self, NULL, NULL, 0, &dropout.err), HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(dropout.err.param, "sites");
    CU_ASSERT(strstr(dropout.err.msg, "hidden1") != NULL);
    hone_net_destroy(net);
    hone_nn_graph_destroy(g);
    component_close(&dropout);
    CU_ASSERT(component_open(&dropout, "dropout", 1, "rate", "1", NULL) < 0);
    component_close(&dropout);
}

static void test_all_layers_follow_the_rate(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "dropout", 1, "rate", "0.25", "sites", "*", NULL), HONE_OK);
    sites_all_move(&c, sites_coefficient_to_zero);
    component_close(&c);
}

SUITE(TEST(test_drops_the_share_and_scales_the_rest), TEST(test_rate_zero_changes_nothing),
      TEST(test_acts_after_activations_and_inputs_that_match), TEST(test_a_pattern_without_a_match_is_an_error),
      TEST(test_all_layers_follow_the_rate))
