/* SPDX-License-Identifier: MIT */
/* regularizer/stochastic_depth: the rates of the branches, and the layers that it adds. */
#include "sites_case.h"

static hone_var by_hand(void *ctx, hone_graph *g, const hone_site *site, hone_var x)
{
    (void)ctx;
    return site->role == HONE_SITE_RESIDUAL_BRANCH ? hone_nn_drop_path(g, x, site->index ? 0.25 : 0.125) : x;
}

static void test_adds_its_layer_where_the_pattern_says(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "stochastic_depth", 1, "rate", "0.25", NULL), HONE_OK);
    sites_same(&c, by_hand, 0);
    component_close(&c);
}

static void test_rate_zero_changes_nothing(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "stochastic_depth", 1, "rate", "0", NULL), HONE_OK);
    sites_changes_nothing(&c);
    component_close(&c);
}

static void test_a_pattern_without_a_match_is_an_error(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "stochastic_depth", 1, "sites", "conv*", NULL), HONE_OK);
    sites_refused(&c, "block1, block2");
    component_close(&c);
}

static hone_var uniform_by_hand(void *ctx, hone_graph *g, const hone_site *site, hone_var x)
{
    (void)ctx;
    return site->role == HONE_SITE_RESIDUAL_BRANCH && !strcmp(site->name, "block1") ? hone_nn_drop_path(g, x, 0.25) : x;
}

static void test_the_same_rate_for_all(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(
        component_open(&c, "stochastic_depth", 1, "rate", "0.25", "decay", "uniform", "sites", "block1", NULL),
        HONE_OK);
    sites_same(&c, uniform_by_hand, 0);
    component_close(&c);
}

SUITE(TEST(test_adds_its_layer_where_the_pattern_says), TEST(test_rate_zero_changes_nothing),
      TEST(test_a_pattern_without_a_match_is_an_error), TEST(test_the_same_rate_for_all))
