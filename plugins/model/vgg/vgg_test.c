/* SPDX-License-Identifier: MIT */
/* model/vgg: the peer's network and the paper's, counted; outputs against loops; its sites and its complaints. */
#include "model_case.h"

static struct model_case m;

/* The number that train_torch.py prints for vgg. */
static void test_is_the_peers_network(void)
{
    CU_ASSERT_EQUAL_FATAL(component_open(&m.c, "vgg", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(case_compile(&m, 1, 28, 28, 10, CASE_BATCH), HONE_OK);
    CU_ASSERT_EQUAL(case_count(&m), 288170);
    CU_ASSERT_EQUAL(m.p[case_find(&m, "conv6.weight")]->dims[1], 128);
    CU_ASSERT_EQUAL(m.n, 6 * 3 + 2);
    CU_ASSERT_EQUAL(m.n_buffers, 12);
    CU_ASSERT_STRING_EQUAL(
        m.sites,
        "0:input1 1:conv1 2:conv1 1:conv2 2:conv2 1:conv3 2:conv3 1:conv4 2:conv4 1:conv5 2:conv5 1:conv6 2:conv6 "
        "6:output1");
    case_release(&m);
}

/* Weights of torchvision's vgg11, 13, 16, 19 (without batch norm, 1,000 classes, 224 x 224): its documentation. */
static void test_has_the_papers_depths(void)
{
    static const struct {
        const char *depth;
        int64_t weights;
    } cases[] = { { "11", 132863336 }, { "13", 133047848 }, { "16", 138357544 }, { "19", 143667240 } };
    for (unsigned i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL_FATAL(component_open(&m.c, "vgg", 1, "depth", cases[i].depth, "width", "0.0625", "batch_norm",
                                             "no", "hidden", "64, 64", NULL),
                              HONE_OK);
        CU_ASSERT_EQUAL_FATAL(case_compile(&m, 3, 32, 32, 10, 2), HONE_OK);
        /* a sixteenth of the filters: the convolutions are counted back to full width */
        int64_t full = 0;
        for (uint32_t k = 0; k < m.n; k++) {
            const hone_parameter *p = m.p[k];
            if (strncmp(p->name, "conv", 4) == 0)
                full += p->n_dims == 1 ? 16 * p->dims[0]
                                       : 16 * p->dims[0] * (p->dims[1] == 3 ? 3 : 16 * p->dims[1]) * 9;
        }
        full += 25088LL * 4096 + 4096 + 4096LL * 4096 + 4096 + 4096LL * 1000 + 1000;
        CU_ASSERT_EQUAL(full, cases[i].weights);
        case_release(&m);
    }
}

static void test_outputs_equal_a_naive_loop(void)
{
    static const char *const convs[] = { "conv1", "conv2", "conv3" }, *const norms[] = { "norm1", "norm2", "norm3" };
    for (int variant = 0; variant < 4; variant++) {
        const int norm = variant & 1, flatten = variant >> 1;
        CU_ASSERT_EQUAL_FATAL(component_open(&m.c, "vgg", 1, "layers", "5, pool, 6, 9, pool", "hidden", "7",
                                             "batch_norm", norm ? "yes" : "no", "head", flatten ? "flatten" : "average",
                                             NULL),
                              HONE_OK);
        CU_ASSERT_EQUAL_FATAL(case_compile(&m, 2, 11, 8, 4, CASE_BATCH), HONE_OK);
        case_fill(&m, 6);
        CU_ASSERT_EQUAL_FATAL(hone_net_infer(m.net, &m.c.err), HONE_OK);
        for (int64_t i = 0; i < CASE_BATCH; i++) {
            struct naive x = naive_input(&m, i);
            for (int k = 0; k < 3; k++) {
                naive_conv(&x, convs[k], 1, 1);
                if (norm)
                    naive_norm(&x, norms[k]);
                naive_relu(&x);
                if (k != 1)
                    naive_pool(&x, 1, 2, 2, 0);
            }
            if (!flatten)
                naive_global_average(&x);
            naive_dense(&x, "hidden1");
            naive_relu(&x);
            naive_dense(&x, "output");
            naive_expect(&x, i, 2e-5);
        }
        case_release(&m);
    }
}

static void test_says_what_is_wrong(void)
{
    static const char *const wrong[] = { "32, pol, 64", "32, 0", "-3", "1e3", "70000" };
    for (unsigned i = 0; i < 5; i++) {
        CU_ASSERT(component_open(&m.c, "vgg", 1, "layers", wrong[i], NULL) < 0);
        CU_ASSERT_STRING_EQUAL(m.c.err.param, "layers");
        case_release(&m);
    }
    CU_ASSERT_EQUAL_FATAL(component_open(&m.c, "vgg", 1, "layers", "4, pool, pool, pool", NULL), HONE_OK);
    CU_ASSERT(case_compile(&m, 1, 4, 4, 10, 2) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.c.err.msg, "pool 3 cannot halve (N, 4, 1, 1)"));
    CU_ASSERT_STRING_EQUAL(m.c.err.param, "layers");
    case_release(&m);
}

SUITE(TEST(test_is_the_peers_network), TEST(test_has_the_papers_depths), TEST(test_outputs_equal_a_naive_loop),
      TEST(test_says_what_is_wrong))
