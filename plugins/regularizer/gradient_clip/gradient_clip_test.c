/* SPDX-License-Identifier: MIT */
/* regularizer/gradient_clip against its formulas. */
#include "parameters.h"

static double norm_of(const struct parameters *p)
{
    double sum = 0;
    for (int i = 0; i < SHAPES; i++)
        for (uint64_t k = 0; k < p->one[i].length; k++)
            sum += (double)p->gradient[i][k] * (double)p->gradient[i][k];
    return sqrt(sum);
}

static void clip(struct parameters *p, const char *norm, const char *value)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "gradient_clip", 1, "norm", norm, "value", value, NULL), HONE_OK);
    CU_ASSERT_EQUAL(regularizer(&c)->on_gradients(c.self, p->all, SHAPES, &c.err), HONE_OK);
    component_close(&c);
}

static void test_one_norm_over_all_parameters(void)
{
    static struct parameters p, before;
    parameters_fill(&p, 3);
    before = p;
    const double norm = norm_of(&p);
    CU_ASSERT(norm > 10);
    clip(&p, "2.5", "0");
    CU_ASSERT(near(norm_of(&p), 2.5, 1e-6));
    for (int i = 0; i < SHAPES; i++)
        for (uint64_t k = 0; k < p.one[i].length; k++)
            CU_ASSERT(near((double)p.gradient[i][k], (double)before.gradient[i][k] * 2.5 / norm, 1e-6));
    CU_ASSERT_EQUAL(memcmp(p.value, before.value, sizeof p.value), 0);
}

static void test_each_value_and_then_the_norm(void)
{
    static struct parameters p, before;
    double squares = 0;
    parameters_fill(&p, 3);
    before = p;
    clip(&p, "0", "0.75");
    for (int i = 0; i < SHAPES; i++)
        for (uint64_t k = 0; k < p.one[i].length; k++) {
            const float g = before.gradient[i][k], wanted = g > 0.75f ? 0.75f : g < -0.75f ? -0.75f : g;
            CU_ASSERT_EQUAL(p.gradient[i][k], wanted);
            squares += (double)wanted * (double)wanted;
        }
    p = before;
    clip(&p, "3", "0.75");
    for (int i = 0; i < SHAPES; i++)
        for (uint64_t k = 0; k < p.one[i].length; k++) {
            const float g = before.gradient[i][k], wanted = g > 0.75f ? 0.75f : g < -0.75f ? -0.75f : g;
            CU_ASSERT(near((double)p.gradient[i][k], (double)wanted * 3 / sqrt(squares), 1e-6));
        }
}

static void test_zero_and_wide_bounds_change_nothing(void)
{
    static struct parameters p, before;
    parameters_fill(&p, 4);
    before = p;
    clip(&p, "0", "0");
    CU_ASSERT(parameters_equal(&p, &before));
    clip(&p, "1e9", "1e9");
    CU_ASSERT(parameters_equal(&p, &before));
}

/* Gradients whose squares float32 cannot hold have a norm; NaN and infinity are told. */
static void test_explosions(void)
{
    static struct parameters p;
    struct component c;
    parameters_fill(&p, 4);
    for (int i = 0; i < SHAPES; i++)
        for (uint64_t k = 0; k < p.one[i].length; k++)
            p.gradient[i][k] *= 1e30f;
    clip(&p, "1", "0");
    CU_ASSERT(near(norm_of(&p), 1, 1e-5));
    p.gradient[1][2] = NAN;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "gradient_clip", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL(regularizer(&c)->on_gradients(c.self, p.all, SHAPES, &c.err), HONE_ENUMERIC);
    p.gradient[1][2] = INFINITY;
    CU_ASSERT_EQUAL(regularizer(&c)->on_gradients(c.self, p.all, SHAPES, &c.err), HONE_ENUMERIC);
    component_close(&c);
}

SUITE(TEST(test_one_norm_over_all_parameters), TEST(test_each_value_and_then_the_norm),
      TEST(test_zero_and_wide_bounds_change_nothing), TEST(test_explosions))
