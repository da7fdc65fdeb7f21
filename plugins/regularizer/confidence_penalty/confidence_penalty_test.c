/* SPDX-License-Identifier: MIT */
/* regularizer/confidence_penalty: that it acts on the outputs, and the penalty that it adds (whose formula sdk/nn/noise_test.c checks). */
#include "sites_case.h"

static hone_var by_hand(void *ctx, hone_graph *g, const hone_site *site, hone_var x)
{
    (void)ctx;
    if (site->role == HONE_SITE_OUTPUT)
        hone_nn_penalize_confidence(g, x, 0.25);
    return x;
}

static void test_adds_its_layer_where_the_pattern_says(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "confidence_penalty", 1, "strength", "0.25", NULL), HONE_OK);
    sites_same(&c, by_hand, 0);
    component_close(&c);
}

static void test_strength_zero_changes_nothing(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "confidence_penalty", 1, "strength", "0", NULL), HONE_OK);
    sites_changes_nothing(&c);
    component_close(&c);
}

static void test_a_pattern_without_a_match_is_an_error(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "confidence_penalty", 1, "sites", "hidden*", NULL), HONE_OK);
    sites_refused(&c, "output1");
    component_close(&c);
}

static void test_is_for_classes(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "confidence_penalty", 1, NULL), HONE_OK);
    CU_ASSERT(regularizer(&c)->flags & HONE_REGULARIZER_CLASSIFICATION);
    component_close(&c);
}

SUITE(TEST(test_adds_its_layer_where_the_pattern_says), TEST(test_strength_zero_changes_nothing),
      TEST(test_a_pattern_without_a_match_is_an_error), TEST(test_is_for_classes))
