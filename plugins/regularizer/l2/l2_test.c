/* SPDX-License-Identifier: MIT */
/* regularizer/l2 against its formula, role by role. */
#include "parameters.h"

/* What the penalty adds to the gradient at w. */
static double penalty_gradient(double w, double strength)
{
    return strength * w;
}

/* Gradients of the roles in `acts` (bits) get the penalty's, everything else stays bit for bit. */
static void check(struct component *c, unsigned acts, double strength)
{
    static struct parameters p, before;
    parameters_fill(&p, 3);
    before = p;
    CU_ASSERT_EQUAL(regularizer(c)->on_gradients(c->self, p.all, SHAPES, &c->err), HONE_OK);
    CU_ASSERT_EQUAL(memcmp(p.value, before.value, sizeof p.value), 0);
    for (int i = 0; i < SHAPES; i++)
        for (uint64_t k = 0; k < OUT * IN; k++) {
            const double old = (double)before.gradient[i][k];
            if (acts >> i & 1 && k < p.one[i].length)
                CU_ASSERT(near((double)p.gradient[i][k], old + penalty_gradient((double)p.value[i][k], strength), 1e-6))
            else
                CU_ASSERT_EQUAL(memcmp(&p.gradient[i][k], &before.gradient[i][k], sizeof(float)), 0)
        }
}

static void test_adds_its_gradient_to_kernels_and_embeddings(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "l2", 1, "strength", "0.25", NULL), HONE_OK);
    check(&c, 1u << HONE_PARAMETER_KERNEL | 1u << HONE_PARAMETER_EMBEDDING, 0.25);
    component_close(&c);
}

static void test_bias_and_norm_are_added_on_request(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "l2", 1, "strength", "2", "bias", "yes", NULL), HONE_OK);
    check(&c, 1u << HONE_PARAMETER_KERNEL | 1u << HONE_PARAMETER_EMBEDDING | 1u << HONE_PARAMETER_BIAS, 2);
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "l2", 1, "strength", "0.1", "norm", "yes", NULL), HONE_OK);
    check(&c, 1u << HONE_PARAMETER_KERNEL | 1u << HONE_PARAMETER_EMBEDDING | 1u << HONE_PARAMETER_NORM, 0.1);
    component_close(&c);
}

static void test_strength_zero_changes_nothing(void)
{
    static struct parameters p, before;
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "l2", 1, "strength", "0", "bias", "yes", "norm", "yes", NULL), HONE_OK);
    parameters_fill(&p, 4);
    before = p;
    CU_ASSERT_EQUAL(regularizer(&c)->on_gradients(c.self, p.all, SHAPES, &c.err), HONE_OK);
    CU_ASSERT(parameters_equal(&p, &before));
    component_close(&c);
    CU_ASSERT(component_open(&c, "l2", 1, "strength", "-1", NULL) < 0);
    component_close(&c);
}

/* A strength for each layer: each section takes the parameters that its pattern names. */
static void test_parameters_are_chosen_by_name(void)
{
    static struct parameters p;
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "l2", 1, "strength", "0.5", "parameters", "words*, none", NULL), HONE_OK);
    check(&c, 1u << HONE_PARAMETER_EMBEDDING, 0.5);
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(
        component_open(&c, "l2", 1, "strength", "0.5", "parameters", "hidden?.*", "bias", "yes", NULL), HONE_OK);
    check(&c, 1u << HONE_PARAMETER_KERNEL | 1u << HONE_PARAMETER_BIAS, 0.5);
    component_close(&c);
    /* a bias is named, but biases are left out */
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "l2", 1, "parameters", "hidden1.bias", NULL), HONE_OK);
    parameters_fill(&p, 1);
    CU_ASSERT_EQUAL(regularizer(&c)->on_network(c.self, NULL, p.all, SHAPES, &c.err), HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(c.err.param, "parameters");
    CU_ASSERT_PTR_NOT_NULL(strstr(c.err.msg, "hidden1.weight, hidden1.bias, norm1.weight, words.weight"));
    component_close(&c);
}

SUITE(TEST(test_parameters_are_chosen_by_name), TEST(test_adds_its_gradient_to_kernels_and_embeddings),
      TEST(test_bias_and_norm_are_added_on_request), TEST(test_strength_zero_changes_nothing))
