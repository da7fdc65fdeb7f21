/* SPDX-License-Identifier: MIT */
/* regularizer/weight_decay against its formula. */
#include "parameters.h"

static void check(struct component *c, unsigned acts, double strength)
{
    static struct parameters p, before;
    const hone_decay now = { sizeof now, 0, 0.05, 17 };
    parameters_fill(&p, 3);
    before = p;
    CU_ASSERT_EQUAL(regularizer(c)->after_update(c->self, p.all, SHAPES, &now, &c->err), HONE_OK);
    CU_ASSERT_EQUAL(memcmp(p.gradient, before.gradient, sizeof p.gradient), 0);
    for (int i = 0; i < SHAPES; i++)
        for (uint64_t k = 0; k < OUT * IN; k++) {
            const double old = (double)before.value[i][k];
            if (acts >> i & 1 && k < p.one[i].length)
                CU_ASSERT(near((double)p.value[i][k], old - 0.05 * strength * old, 2e-7))
            else
                CU_ASSERT_EQUAL(memcmp(&p.value[i][k], &before.value[i][k], sizeof(float)), 0)
        }
}

static void test_shrinks_weights_by_rate_times_strength(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "weight_decay", 1, "strength", "0.5", NULL), HONE_OK);
    check(&c, 1u << HONE_PARAMETER_KERNEL | 1u << HONE_PARAMETER_EMBEDDING, 0.5);
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "weight_decay", 1, "strength", "4", "bias", "yes", "norm", "yes", NULL),
                          HONE_OK);
    check(&c, 15, 4);
    component_close(&c);
}

static void test_strength_or_rate_zero_changes_nothing(void)
{
    static struct parameters p, before;
    struct component c;
    hone_decay now = { sizeof now, 0, 0.1, 1 };
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "weight_decay", 1, "strength", "0", NULL), HONE_OK);
    parameters_fill(&p, 4);
    before = p;
    CU_ASSERT_EQUAL(regularizer(&c)->after_update(c.self, p.all, SHAPES, &now, &c.err), HONE_OK);
    CU_ASSERT(parameters_equal(&p, &before));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "weight_decay", 1, NULL), HONE_OK);
    now.rate = 0;
    CU_ASSERT_EQUAL(regularizer(&c)->after_update(c.self, p.all, SHAPES, &now, &c.err), HONE_OK);
    CU_ASSERT(parameters_equal(&p, &before));
    component_close(&c);
}

static void test_refuses_to_turn_signs(void)
{
    static struct parameters p, before;
    struct component c;
    const hone_decay now = { sizeof now, 0, 0.5, 1 };
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "weight_decay", 1, "strength", "2.5", NULL), HONE_OK);
    parameters_fill(&p, 4);
    before = p;
    CU_ASSERT_EQUAL(regularizer(&c)->after_update(c.self, p.all, SHAPES, &now, &c.err), HONE_ERANGE);
    CU_ASSERT_STRING_EQUAL(c.err.param, "strength");
    CU_ASSERT(parameters_equal(&p, &before));
    component_close(&c);
}

static void test_parameters_are_chosen_by_name(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "weight_decay", 1, "strength", "0.5", "parameters", "words*", NULL),
                          HONE_OK);
    check(&c, 1u << HONE_PARAMETER_EMBEDDING, 0.5);
    component_close(&c);
}

SUITE(TEST(test_parameters_are_chosen_by_name), TEST(test_shrinks_weights_by_rate_times_strength),
      TEST(test_strength_or_rate_zero_changes_nothing), TEST(test_refuses_to_turn_signs))
