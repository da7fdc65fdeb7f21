/* SPDX-License-Identifier: MIT */
/* regularizer/gaussian_dropout: where it acts, and the layer that it adds (whose moments sdk/nn/noise_test.c checks). */
#include "sites_case.h"

static hone_var by_hand(void *ctx, hone_graph *g, const hone_site *site, hone_var x)
{
    (void)ctx;
    const int mine = site->role == HONE_SITE_INPUT ||
                     (site->role == HONE_SITE_POST_ACTIVATION && !strcmp(site->name, "hidden1"));
    return mine ? hone_nn_gaussian_dropout(g, x, 0.25) : x;
}

static void test_adds_its_layer_where_the_pattern_says(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "gaussian_dropout", 1, "rate", "0.25", "sites", "input*, hidden*", NULL),
                          HONE_OK);
    sites_same(&c, by_hand, 0);
    component_close(&c);
}

static void test_rate_zero_changes_nothing(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "gaussian_dropout", 1, "rate", "0", "sites", "input*, hidden*", NULL),
                          HONE_OK);
    sites_changes_nothing(&c);
    component_close(&c);
}

static void test_a_pattern_without_a_match_is_an_error(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "gaussian_dropout", 1, "sites", "inptu", NULL), HONE_OK);
    sites_refused(&c, "input1, conv1");
    component_close(&c);
}

static void test_all_layers_follow_the_rate(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "gaussian_dropout", 1, "rate", "0.25", "sites", "*", NULL), HONE_OK);
    sites_all_move(&c, sites_coefficient_to_zero);
    component_close(&c);
}

SUITE(TEST(test_adds_its_layer_where_the_pattern_says), TEST(test_rate_zero_changes_nothing),
      TEST(test_a_pattern_without_a_match_is_an_error), TEST(test_all_layers_follow_the_rate))
