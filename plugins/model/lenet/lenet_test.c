/* SPDX-License-Identifier: MIT */
/* model/lenet: the peer's network to the last weight, its outputs against loops, its sites and its complaints. */
#include "model_case.h"

static struct model_case m;

static void open_model(const char *key, const char *value)
{
    CU_ASSERT_EQUAL_FATAL(component_open(&m.c, "lenet", 1, key, value, NULL), HONE_OK);
}

/* The shapes and the number that train_torch.py prints for lenet: 1663370. */
static void test_is_the_peers_network(void)
{
    static const struct {
        const char *name;
        int64_t dims[4];
    } expected[] = { { "conv1.weight", { 32, 1, 5, 5 } },  { "conv1.bias", { 32 } },
                     { "conv2.weight", { 64, 32, 5, 5 } }, { "conv2.bias", { 64 } },
                     { "hidden1.weight", { 512, 3136 } },  { "hidden1.bias", { 512 } },
                     { "output.weight", { 10, 512 } },     { "output.bias", { 10 } } };
    open_model(NULL, NULL);
    CU_ASSERT_EQUAL_FATAL(case_compile(&m, 1, 28, 28, 10, CASE_BATCH), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(m.n, 8);
    for (uint32_t i = 0; i < 8; i++) {
        CU_ASSERT_STRING_EQUAL(m.p[i]->name, expected[i].name);
        for (uint32_t k = 0; k < m.p[i]->n_dims; k++)
            CU_ASSERT_EQUAL(m.p[i]->dims[k], expected[i].dims[k]);
    }
    CU_ASSERT_EQUAL(case_count(&m), 1663370);
    CU_ASSERT_STRING_EQUAL(m.sites, "0:input1 1:conv1 2:conv1 1:conv2 2:conv2 1:hidden1 2:hidden1 6:output1");
    case_release(&m);
}

/* LeNet-5 on 32x32: 61,706 weights with full connections between its maps. */
static void test_can_be_lenet_5(void)
{
    CU_ASSERT_EQUAL_FATAL(component_open(&m.c, "lenet", 1, "filters", "6, 16", "padding", "valid", "hidden", "120, 84",
                                         "activation", "tanh", "pooling", "average", NULL),
                          HONE_OK);
    CU_ASSERT_EQUAL_FATAL(case_compile(&m, 1, 32, 32, 10, CASE_BATCH), HONE_OK);
    CU_ASSERT_EQUAL(case_count(&m), 61706);
    case_fill(&m, 4);
    CU_ASSERT_EQUAL_FATAL(hone_net_infer(m.net, &m.c.err), HONE_OK);
    for (int64_t i = 0; i < CASE_BATCH; i++) {
        struct naive x = naive_input(&m, i);
        naive_conv(&x, "conv1", 1, 0);
        naive_tanh(&x);
        naive_pool(&x, 0, 2, 2, 0);
        naive_conv(&x, "conv2", 1, 0);
        naive_tanh(&x);
        naive_pool(&x, 0, 2, 2, 0);
        naive_dense(&x, "hidden1");
        naive_tanh(&x);
        naive_dense(&x, "hidden2");
        naive_tanh(&x);
        naive_dense(&x, "output");
        naive_expect(&x, i, 2e-5);
    }
    case_release(&m);
}

static void test_outputs_equal_a_naive_loop(void)
{
    for (int norm = 0; norm < 2; norm++) {
        CU_ASSERT_EQUAL_FATAL(component_open(&m.c, "lenet", 1, "filters", "5, 7", "kernel", "3", "hidden", "11",
                                             "batch_norm", norm ? "yes" : "no", NULL),
                              HONE_OK);
        CU_ASSERT_EQUAL_FATAL(case_compile(&m, 2, 13, 9, 4, CASE_BATCH), HONE_OK);
        case_fill(&m, 5);
        CU_ASSERT_EQUAL_FATAL(hone_net_infer(m.net, &m.c.err), HONE_OK);
        for (int64_t i = 0; i < CASE_BATCH; i++) {
            static const char *const convs[] = { "conv1", "conv2" }, *const norms[] = { "conv1.norm", "conv2.norm" };
            struct naive x = naive_input(&m, i);
            for (int k = 0; k < 2; k++) {
                naive_conv(&x, convs[k], 1, 1);
                if (norm)
                    naive_norm(&x, norms[k]);
                naive_relu(&x);
                naive_pool(&x, 1, 2, 2, 0);
            }
            naive_dense(&x, "hidden1");
            if (norm)
                naive_norm(&x, "hidden1.norm");
            naive_relu(&x);
            naive_dense(&x, "output");
            naive_expect(&x, i, 2e-5);
        }
        case_release(&m);
    }
}

static void test_width_scales_every_layer(void)
{
    open_model("width", "0.25");
    CU_ASSERT_EQUAL_FATAL(case_compile(&m, 3, 16, 16, 10, 2), HONE_OK);
    CU_ASSERT_EQUAL(m.p[case_find(&m, "conv1.weight")]->dims[0], 8);
    CU_ASSERT_EQUAL(m.p[case_find(&m, "conv2.weight")]->dims[0], 16);
    CU_ASSERT_EQUAL(m.p[case_find(&m, "hidden1.weight")]->dims[0], 128);
    CU_ASSERT_EQUAL(m.p[case_find(&m, "output.weight")]->dims[0], 10);
    case_release(&m);
}

static void test_says_what_does_not_fit(void)
{
    open_model("kernel", "4");
    CU_ASSERT(case_compile(&m, 1, 28, 28, 10, 2) < 0);
    CU_ASSERT_STRING_EQUAL(m.c.err.param, "kernel");
    case_release(&m);
    CU_ASSERT_EQUAL_FATAL(component_open(&m.c, "lenet", 1, "padding", "valid", NULL),
                          HONE_OK); /* 8 -> 4 -> 2, and no 5 x 5 in it */
    CU_ASSERT(case_compile(&m, 1, 8, 8, 10, 2) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.c.err.msg, "conv2"));
    case_release(&m);
    open_model("filters", "8, 8, 8, 8"); /* 8 -> 4 -> 2 -> 1 */
    CU_ASSERT(case_compile(&m, 1, 8, 8, 10, 2) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.c.err.msg, "pool 4: a window of 2x2 does not fit into (N, 8, 1, 1)"));
    CU_ASSERT_STRING_EQUAL(m.c.err.param, "filters");
    case_release(&m);
}

SUITE(TEST(test_is_the_peers_network), TEST(test_can_be_lenet_5), TEST(test_outputs_equal_a_naive_loop),
      TEST(test_width_scales_every_layer), TEST(test_says_what_does_not_fit))
