/* SPDX-License-Identifier: MIT */
/* regularizer/drop_block: where it acts (images only), the layer that it adds, and how its rate rises. */
#include "sites_case.h"

static hone_var by_hand(void *ctx, hone_graph *g, const hone_site *site, hone_var x)
{
    (void)ctx;
    return site->role == HONE_SITE_POST_ACTIVATION && !strcmp(site->name, "conv1") ? hone_nn_drop_block(g, x, 0.25, 5)
                                                                                   : x;
}

static void test_adds_its_layer_where_the_pattern_says(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "drop_block", 1, "rate", "0.25", "sites", "conv*", NULL), HONE_OK);
    sites_same(&c, by_hand, 0);
    component_close(&c);
}

static void test_rate_zero_changes_nothing(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "drop_block", 1, "rate", "0", "sites", "conv*", NULL), HONE_OK);
    sites_changes_nothing(&c);
    component_close(&c);
}

static void test_a_pattern_without_a_match_is_an_error(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "drop_block", 1, "sites", "hidden*", NULL), HONE_OK);
    sites_refused(&c, "conv1, block1.conv1");
    component_close(&c);
}

/* Half of the ramp is over: the layer's rate is half of the rate. Bit for bit what a layer of that rate does. */
static hone_var half_by_hand(void *ctx, hone_graph *g, const hone_site *site, hone_var x)
{
    (void)ctx;
    return site->role == HONE_SITE_POST_ACTIVATION && !strcmp(site->name, "conv1") ? hone_nn_drop_block(g, x, 0.125, 5)
                                                                                   : x;
}

static void test_the_rate_rises_with_the_steps(void)
{
    static struct sites_result mine, hand, bare;
    struct sites_case a, b, none;
    struct component c;
    hone_pass now = { .size = sizeof now, .step = 20, .steps = 100 };
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "drop_block", 1, "rate", "0.25", "ramp", "0.4", "sites", "conv*", NULL),
                          HONE_OK);
    sites_build(&a, sites_component, &c);
    sites_build(&b, half_by_hand, NULL);
    sites_build(&none, NULL, NULL);
    CU_ASSERT_EQUAL(regularizer(&c)->on_network(c.self, a.g, NULL, 0, &c.err), HONE_OK);
    CU_ASSERT_EQUAL(regularizer(&c)->before_pass(c.self, NULL, 0, &now, &c.err), HONE_OK);
    sites_run(&a, &mine);
    sites_run(&b, &hand);
    CU_ASSERT_EQUAL(memcmp(&mine, &hand, sizeof mine), 0);
    now.step = 0;
    CU_ASSERT_EQUAL(regularizer(&c)->before_pass(c.self, NULL, 0, &now, &c.err), HONE_OK);
    sites_run(&a, &mine);
    sites_run(&none, &bare);
    CU_ASSERT_EQUAL(memcmp(&mine, &bare, sizeof mine), 0); /* the first step drops nothing */
    sites_close(&a);
    sites_close(&b);
    sites_close(&none);
    component_close(&c);
}

static void before_the_first_step(struct component *c)
{
    const hone_pass now = { .size = sizeof now, .step = 0, .steps = 100 };
    CU_ASSERT_EQUAL(regularizer(c)->before_pass(c->self, NULL, 0, &now, &c->err), HONE_OK);
}

static void test_all_layers_follow_the_rate(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "drop_block", 1, "rate", "0.25", "block", "2", NULL), HONE_OK);
    sites_all_move(&c, before_the_first_step);
    component_close(&c);
}

/* At rate 0 it adds no layer; what another regularizer put at the site is not its own to move. */
static hone_var drop_and_block(void *ctx, hone_graph *g, const hone_site *site, hone_var x)
{
    return sites_component(ctx, g, site, hone_nn_dropout(g, x, 0.5));
}

static hone_var drop(void *ctx, hone_graph *g, const hone_site *site, hone_var x)
{
    (void)ctx;
    (void)site;
    return hone_nn_dropout(g, x, 0.5);
}

static void test_leaves_the_layers_of_others_alone(void)
{
    static struct sites_result mine, hand;
    struct sites_case a, b;
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "drop_block", 1, "rate", "0", NULL), HONE_OK);
    sites_build(&a, drop_and_block, &c);
    sites_build(&b, drop, NULL);
    CU_ASSERT_EQUAL(regularizer(&c)->on_network(c.self, a.g, NULL, 0, &c.err), HONE_OK);
    before_the_first_step(&c);
    sites_run(&a, &mine);
    sites_run(&b, &hand);
    CU_ASSERT_EQUAL(memcmp(&mine, &hand, sizeof mine), 0);
    sites_close(&a);
    sites_close(&b);
    component_close(&c);
}

SUITE(TEST(test_adds_its_layer_where_the_pattern_says), TEST(test_rate_zero_changes_nothing),
      TEST(test_a_pattern_without_a_match_is_an_error), TEST(test_the_rate_rises_with_the_steps),
      TEST(test_all_layers_follow_the_rate), TEST(test_leaves_the_layers_of_others_alone))
