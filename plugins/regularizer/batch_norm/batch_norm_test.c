/* SPDX-License-Identifier: MIT */
/* regularizer/batch_norm: where it acts, and the layer that it adds. */
#include "sites_case.h"

static hone_var by_hand(void *ctx, hone_graph *g, const hone_site *site, hone_var x)
{
    (void)ctx;
    char name[80];
    snprintf(name, sizeof name, "%s.batch_norm", site->name);
    return site->role == HONE_SITE_PRE_ACTIVATION ? hone_batch_norm(g, x, .momentum = 0.75, .name = name) : x;
}

static void test_adds_its_layer_where_the_pattern_says(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "batch_norm", 1, "momentum", "0.75", NULL), HONE_OK);
    sites_same(&c, by_hand, 1);
    component_close(&c);
}

static void test_a_pattern_without_a_match_is_an_error(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "batch_norm", 1, "sites", "input*", NULL), HONE_OK);
    sites_refused(&c, "conv1, block1.conv1, block2.conv1, hidden1");
    component_close(&c);
}

static hone_var normalized(void *ctx, hone_graph *g, const hone_site *site, hone_var x)
{
    if (site->role == HONE_SITE_PRE_ACTIVATION)
        x = hone_nn_group_norm(g, x, NULL);
    return sites_component(ctx, g, site, x);
}

static void test_a_site_is_normalized_once(void)
{
    struct sites_case a;
    struct component c;
    hone_error err = HONE_ERROR_INIT;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "batch_norm", 1, NULL), HONE_OK);
    CU_ASSERT(regularizer(&c)->flags & HONE_REGULARIZER_NORMALIZES);
    sites_build(&a, normalized, &c);
    CU_ASSERT_EQUAL(hone_nn_graph_error(a.g, &err), HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(err.param, "sites");
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "conv1 is normalized already (group_norm)"));
    sites_close(&a);
    component_close(&c);
}

SUITE(TEST(test_adds_its_layer_where_the_pattern_says), TEST(test_a_pattern_without_a_match_is_an_error),
      TEST(test_a_site_is_normalized_once))
