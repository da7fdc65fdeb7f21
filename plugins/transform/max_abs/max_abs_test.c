/* SPDX-License-Identifier: MIT */
/* transform/max_abs against scikit-learn. */
#include "transform_case.h"

static void test_equals_scikit_learn(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "max_abs", 1, NULL), HONE_OK);
    transform_check(&c, sklearn_max_abs[0], FEATURES, FEATURES, 1e-6);
    component_close(&c);
}

static void test_state_makes_the_round_and_hostile_bytes_do_not(void)
{
    struct component one, two;
    CU_ASSERT_EQUAL_FATAL(component_open(&one, "max_abs", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(component_open(&two, "max_abs", 1, NULL), HONE_OK);
    transform_state_round(&one, &two);
    component_close(&one);
    component_close(&two);
}

static void test_refuses_odd_use(void)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "max_abs", 1, NULL), HONE_OK);
    transform_refuses_odd_use(&c);
    component_close(&c);
}

/* (2, 2, 3) images, a channel's largest value shared; zero stays zero. */
static void test_per_channel_and_all(void)
{
    static const float x[2][12] = { { 1, -2, 0, 0.5f, 1, 2, 10, 0, -5, 1, 2, 3 },
                                    { 0, 4, 0, 0, 0, 0, -20, 0, 0, 0, 0, 0 } };
    static const char *const per[] = { "auto", "channel", "all" };
    for (int i = 0; i < 3; i++) {
        struct component c;
        hone_task task = { .size = sizeof task, .n_dims = 3, .dtype = HONE_F32, .dims = { 2, 2, 3 } }, out;
        float y[2][12], scale[12], shift[12];
        CU_ASSERT_EQUAL_FATAL(component_open(&c, "max_abs", 1, "per", per[i], NULL), HONE_OK);
        CU_ASSERT_EQUAL(transform_iface(&c)->begin(c.self, &task, &out, &c.err), HONE_OK);
        CU_ASSERT_EQUAL(transform_iface(&c)->fit(c.self, x[0], 2, &c.err), HONE_OK);
        CU_ASSERT_EQUAL(transform_iface(&c)->finish(c.self, &c.err), HONE_OK);
        CU_ASSERT_EQUAL(transform_iface(&c)->apply(c.self, x[0], y[0], 2, &c.err), HONE_OK);
        CU_ASSERT_EQUAL(transform_iface(&c)->affine(c.self, scale, shift, &c.err), HONE_OK);
        for (int k = 0; k < 24; k++) {
            const double largest = i < 2 && k % 12 < 6 ? 4 : 20;
            CU_ASSERT(near((double)y[k / 12][k % 12], (double)x[k / 12][k % 12] / largest, 1e-7));
            CU_ASSERT(near((double)scale[k % 12], 1 / largest, 1e-7) && near((double)shift[k % 12], 0, 0));
        }
        component_close(&c);
    }
}

SUITE(TEST(test_equals_scikit_learn), TEST(test_state_makes_the_round_and_hostile_bytes_do_not),
      TEST(test_refuses_odd_use), TEST(test_per_channel_and_all))
