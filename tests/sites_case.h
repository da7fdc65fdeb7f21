/* SPDX-License-Identifier: MIT */
/* A small residual network of images whose sites a regularizer is offered, for tests of what it does there. The same network
 * with the layers put there by hand must compute the same, to the bit.
 *
 * Sites: input1; conv1 before and after its activation; block1, block2: branches, each with conv before and after an
 * activation (block1.conv1, block2.conv1); hidden1 before and after; output1. */
#ifndef HONE_TESTS_SITES_CASE_H
#define HONE_TESTS_SITES_CASE_H
#include "hone/hyper.h"
#include "parameters.h"

enum { SITES_BATCH = 8, SITES_CLASSES = 4, SITES_STEPS = 3 };

struct sites_case {
    hone_graph *g;
    hone_net *net;
    hone_var x, targets;
    hone_site_handler handler;
    void *ctx;
};

/* What hone/objective/train adds to a site: how many there are of its role. */
static hone_var sites_offer(void *ctx, hone_graph *g, const hone_site *site, hone_var x)
{
    static const uint32_t totals[] = { 1, 4, 4, 2, 0, 0, 1 };
    const struct sites_case *s = (const struct sites_case *)ctx;
    hone_site full = *site;
    full.total = totals[site->role];
    return s->handler(s->ctx, g, &full, x);
}

static hone_var sites_conv(hone_graph *g, hone_var h, const char *name)
{
    h = hone_conv2d(g, h, .filters = 6, .kernel = 3, .pad = 1, .name = name);
    h = hone_nn_tanh(g, hone_nn_site(g, h, HONE_SITE_PRE_ACTIVATION, name));
    return hone_nn_site(g, h, HONE_SITE_POST_ACTIVATION, name);
}

/* Builds the graph; what is wrong with it is kept there. */
static void sites_build(struct sites_case *s, hone_site_handler handler, void *ctx)
{
    const hone_graph_options options = { sizeof options, 1, 5 };
    const int64_t dims[3] = { 2, 8, 8 }, classes = SITES_CLASSES;
    static const char *const blocks[2] = { "block1", "block2" }, *const convs[2] = { "block1.conv1", "block2.conv1" };
    hone_graph *g = s->g = hone_nn_graph_create(&options);
    s->net = NULL;
    s->handler = handler;
    s->ctx = ctx;
    if (handler)
        hone_nn_on_site(g, sites_offer, s);
    s->x = hone_nn_input(g, "x", dims, 3);
    s->targets = hone_nn_input(g, "targets", &classes, 1);
    hone_var h = sites_conv(g, hone_nn_site(g, s->x, HONE_SITE_INPUT, "input"), "conv1");
    for (int i = 0; i < 2; i++) {
        const hone_var branch = sites_conv(g, h, convs[i]);
        h = hone_nn_add(g, h, hone_nn_site(g, branch, HONE_SITE_RESIDUAL_BRANCH, blocks[i]));
    }
    h = hone_dense(g, hone_nn_flatten(g, h), .units = 10, .init = "xavier", .name = "hidden1");
    h = hone_nn_tanh(g, hone_nn_site(g, h, HONE_SITE_PRE_ACTIVATION, "hidden"));
    h = hone_nn_site(g, h, HONE_SITE_POST_ACTIVATION, "hidden");
    h = hone_dense(g, h, .units = SITES_CLASSES, .init = "xavier", .name = "output");
    h = hone_nn_site(g, h, HONE_SITE_OUTPUT, "output");
    hone_error err = HONE_ERROR_INIT;
    const hone_var loss = hone_nn_softmax_cross_entropy(g, h, s->targets);
    if (hone_nn_graph_error(g, &err) < 0 || hone_nn_compile(g, loss, h, SITES_BATCH, &s->net, &err) < 0)
        return;
    hone_rng rng = hone_rng_at(3, 3);
    for (int i = 0; i < SITES_BATCH * 128; i++)
        hone_net_input(s->net, s->x)[i] = (float)hone_rng_normal(&rng);
    for (int i = 0; i < SITES_BATCH * SITES_CLASSES; i++)
        hone_net_input(s->net, s->targets)[i] = i % SITES_CLASSES == i / SITES_CLASSES % SITES_CLASSES ? 1.0f : 0.0f;
}

static void sites_close(struct sites_case *s)
{
    hone_net_destroy(s->net);
    hone_nn_graph_destroy(s->g);
}

/* Handler: the component under test. */
static hone_var sites_component(void *ctx, hone_graph *g, const hone_site *site, hone_var x)
{
    const struct component *c = (const struct component *)ctx;
    return regularizer(c)->at_site(c->self, g, site, x);
}

/* What it computes in some steps and in inference: losses of each sample, the first gradient. */
struct sites_result {
    float losses[SITES_STEPS + 1][SITES_BATCH], gradient[108];
};

static void sites_run(struct sites_case *s, struct sites_result *result)
{
    hone_error err = HONE_ERROR_INIT;
    uint32_t n;
    double loss;
    memset(result, 0, sizeof *result);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s->net);
    for (uint64_t step = 0; step < SITES_STEPS; step++) {
        CU_ASSERT_EQUAL(hone_net_forward_backward(s->net, step, &loss, &err), HONE_OK);
        memcpy(result->losses[step], hone_net_losses(s->net), sizeof result->losses[0]);
    }
    const hone_parameter *p = hone_nn_parameters(s->g, &n)[0];
    memcpy(result->gradient, p->gradient, (p->length < 108 ? p->length : 108) * sizeof(float));
    CU_ASSERT_EQUAL(hone_net_infer(s->net, &err), HONE_OK);
    memcpy(result->losses[SITES_STEPS], hone_net_losses(s->net), sizeof result->losses[0]);
}

/* Component c computes what `by_hand` does, and not what the bare network does: in training; in inference as `inference` says. */
__attribute__((unused)) static void sites_same(struct component *c, hone_site_handler by_hand, int inference)
{
    static struct sites_result mine, hand, bare;
    struct sites_case a, b, none;
    sites_build(&a, sites_component, c);
    sites_build(&b, by_hand, NULL);
    sites_build(&none, NULL, NULL);
    CU_ASSERT_EQUAL(regularizer(c)->on_network(c->self, a.g, NULL, 0, &c->err), HONE_OK);
    sites_run(&a, &mine);
    sites_run(&b, &hand);
    sites_run(&none, &bare);
    CU_ASSERT_EQUAL(memcmp(&mine, &hand, sizeof mine), 0);
    CU_ASSERT(memcmp(mine.losses[0], bare.losses[0], sizeof mine.losses[0]) != 0);
    CU_ASSERT(memcmp(mine.gradient, bare.gradient, sizeof mine.gradient) != 0);
    CU_ASSERT_EQUAL(memcmp(mine.losses[SITES_STEPS], bare.losses[SITES_STEPS], sizeof mine.losses[0]) != 0, inference);
    sites_close(&a);
    sites_close(&b);
    sites_close(&none);
}

/* With this setting it is the bare network, to the bit. */
__attribute__((unused)) static void sites_changes_nothing(struct component *c)
{
    static struct sites_result mine, bare;
    struct sites_case a, none;
    sites_build(&a, sites_component, c);
    sites_build(&none, NULL, NULL);
    sites_run(&a, &mine);
    sites_run(&none, &bare);
    CU_ASSERT_EQUAL(memcmp(&mine, &bare, sizeof mine), 0);
    sites_close(&a);
    sites_close(&none);
}

/* sites = PATTERN matches nothing: an error of that key that names what there is. */
__attribute__((unused)) static void sites_refused(struct component *c, const char *words)
{
    struct sites_case a;
    sites_build(&a, sites_component, c);
    CU_ASSERT_EQUAL(regularizer(c)->on_network(c->self, a.g, NULL, 0, &c->err), HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(c->err.param, "sites");
    if (!strstr(c->err.msg, words))
        printf("#   %s\n", c->err.msg);
    CU_ASSERT_PTR_NOT_NULL(strstr(c->err.msg, words));
    sites_close(&a);
}

enum { SITES_CHAIN = 300 };

/* A chain of SITES_CHAIN sites behind activations, images of (2, 4, 4) in front. */
static void sites_build_chain(struct sites_case *s, hone_site_handler handler, void *ctx)
{
    const hone_graph_options options = { sizeof options, 1, 5 };
    const int64_t dims[3] = { 2, 4, 4 }, units = SITES_CLASSES;
    hone_graph *g = s->g = hone_nn_graph_create(&options);
    hone_error err = HONE_ERROR_INIT;
    s->net = NULL;
    if (handler)
        hone_nn_on_site(g, handler, ctx);
    s->x = hone_nn_input(g, "x", dims, 3);
    s->targets = hone_nn_input(g, "targets", &units, 1);
    hone_var h = s->x;
    for (int i = 0; i < SITES_CHAIN; i++)
        h = hone_nn_site(g, h, HONE_SITE_POST_ACTIVATION, "hidden");
    h = hone_dense(g, hone_nn_flatten(g, h), .units = SITES_CLASSES, .init = "xavier", .name = "output");
    CU_ASSERT_EQUAL_FATAL(hone_nn_compile(g, hone_nn_mse(g, h, s->targets), h, SITES_BATCH, &s->net, &err), HONE_OK);
    for (int i = 0; i < SITES_BATCH * 32; i++)
        hone_net_input(s->net, s->x)[i] = (float)(i % 7) - 2.5f;
    for (int i = 0; i < SITES_BATCH * SITES_CLASSES; i++)
        hone_net_input(s->net, s->targets)[i] = (float)(i % 3);
}

/* Once `to_zero` has moved its rate to 0, the component (of a rate above) does nothing at any of many sites. */
__attribute__((unused)) static void sites_all_move(struct component *c, void (*to_zero)(struct component *c))
{
    static struct sites_result before, after, bare;
    struct sites_case a, none;
    sites_build_chain(&a, sites_component, c);
    sites_build_chain(&none, NULL, NULL);
    CU_ASSERT_EQUAL(regularizer(c)->on_network(c->self, a.g, NULL, 0, &c->err), HONE_OK);
    sites_run(&a, &before);
    to_zero(c);
    sites_run(&a, &after);
    sites_run(&none, &bare);
    CU_ASSERT(memcmp(before.losses[0], bare.losses[0], sizeof bare.losses[0]) != 0);
    CU_ASSERT_EQUAL(memcmp(&after, &bare, sizeof after), 0);
    sites_close(&a);
    sites_close(&none);
}

/* to_zero of a component whose first coefficient is the rate: what a hypergradient does. */
__attribute__((unused)) static void sites_coefficient_to_zero(struct component *c)
{
    const hone_hyper_v1 *hyper = HONE_HYPER_OF(c->component);
    CU_ASSERT_PTR_NOT_NULL_FATAL(hyper);
    *hyper->value(c->self, 0) = 0;
    hyper->changed(c->self, 0);
}
#endif
