/* SPDX-License-Identifier: MIT */
/* model/resnet and model/wide_resnet: counted against the peer's network and published numbers, outputs against loops over
 * the papers' formulas, sites. */
#include "model_case.h"

static struct model_case m;

/* The number that train_torch.py prints for resnet20. */
static void test_is_the_peers_network(void)
{
    CU_ASSERT_EQUAL_FATAL(component_open(&m.c, "resnet", 1, "shortcut", "projection", NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(case_compile(&m, 1, 28, 28, 10, CASE_BATCH), HONE_OK);
    CU_ASSERT_EQUAL(case_count(&m), 271994);
    CU_ASSERT_EQUAL(m.p[case_find(&m, "stage2.block1.shortcut.weight")]->dims[1], 16);
    CU_ASSERT_EQUAL(m.p[case_find(&m, "stage3.block3.conv2.weight")]->dims[0], 64);
    const char *begin = "0:input1 1:conv1 2:conv1 1:stage1.block1.conv1 2:stage1.block1.conv1 3:stage1.block1 "
                        "1:stage1.block1 2:stage1.block1 ";
    CU_ASSERT(!strncmp(m.sites, begin, strlen(begin)));
    CU_ASSERT_PTR_NOT_NULL(strstr(m.sites, " 3:stage3.block3 1:stage3.block3 2:stage3.block3 6:output1"));
    case_release(&m);
}

static int64_t weights_of(const char *name, int64_t side, int64_t classes, const char *const *pairs)
{
    CU_ASSERT_EQUAL_FATAL(
        component_open(&m.c, name, 1, pairs[0], pairs[1], pairs[0] ? pairs[2] : NULL, pairs[0] ? pairs[3] : NULL, NULL),
        HONE_OK);
    CU_ASSERT_EQUAL_FATAL(case_compile(&m, 3, side, side, classes, 1), HONE_OK);
    const int64_t n = case_count(&m);
    case_release(&m);
    return n;
}

/* torchvision's resnet18 has 11,689,512 weights, resnet34 21,797,672, resnet50 25,557,032 (its documentation). The nets for
 * CIFAR have 0.27, 0.46, 0.66, 0.85 and 1.7 million (He et al. 2015, table 6); WRN-16-4 2.7 and WRN-28-10 36.5 million
 * (Zagoruyko and Komodakis 2016, table 4). */
static void test_has_the_published_sizes(void)
{
    static const char *const d18[] = { "depth", "18", NULL, NULL }, *const d34[] = { "depth", "34", NULL, NULL },
                             *const d50[] = { "depth", "50", NULL, NULL };
    CU_ASSERT_EQUAL(weights_of("resnet", 64, 1000, d18), 11689512);
    CU_ASSERT_EQUAL(weights_of("resnet", 64, 1000, d34), 21797672);
    CU_ASSERT_EQUAL(weights_of("resnet", 64, 1000, d50), 25557032);
    static const struct {
        const char *depth;
        double millions;
    } cifar[] = { { "20", 0.27 }, { "32", 0.46 }, { "44", 0.66 }, { "56", 0.85 }, { "110", 1.7 } };
    for (unsigned i = 0; i < 5; i++) {
        const char *const pairs[] = { "depth", cifar[i].depth, NULL, NULL };
        const double n = (double)weights_of("resnet", 32, 10, pairs) / 1e6;
        CU_ASSERT(fabs(n - cifar[i].millions) < 0.05 * cifar[i].millions);
    }
    static const char *const w16[] = { "depth", "16", "widen_factor", "4" }, *const w28[] = { "depth", "28",
                                                                                              "widen_factor", "10" };
    CU_ASSERT(fabs((double)weights_of("wide_resnet", 32, 10, w16) / 1e6 - 2.7) < 0.06);
    CU_ASSERT(fabs((double)weights_of("wide_resnet", 32, 10, w28) / 1e6 - 36.5) < 0.06);
}

/* ---- blocks by the papers' formulas ---- */
static void conv_of(struct naive *x, const char *block, unsigned number, int64_t stride, int64_t pad)
{
    char name[64];
    snprintf(name, sizeof name, "%s.conv%u", block, number);
    naive_conv(x, name, stride, pad);
}

static void norm_of(struct naive *x, const char *block, unsigned number)
{
    char name[64];
    snprintf(name, sizeof name, "%s.norm%u", block, number);
    naive_norm(x, name);
}

static void block_of(struct naive *x, const char *block, int bottleneck, int pre, int shortcut_norm, int64_t stride,
                     int projects)
{
    struct naive branch = naive_copy(x), shortcut = naive_copy(x);
    char name[64];
    const unsigned n = bottleneck ? 3 : 2, strided = bottleneck ? 2 : 1;
    for (unsigned i = 1; i <= n; i++) {
        if (pre) {
            norm_of(&branch, block, i);
            naive_relu(&branch);
            if (i == 1 && projects)
                naive_set(&shortcut, naive_copy(&branch));
        }
        conv_of(&branch, block, i, i == strided ? stride : 1, bottleneck && i != 2 ? 0 : 1);
        if (!pre) {
            norm_of(&branch, block, i);
            if (i < n)
                naive_relu(&branch);
        }
    }
    if (projects) {
        snprintf(name, sizeof name, "%s.shortcut", block);
        naive_conv(&shortcut, name, stride, 0);
        snprintf(name, sizeof name, "%s.shortcut_norm", block);
        if (shortcut_norm)
            naive_norm(&shortcut, name);
    }
    naive_set(x, branch);
    naive_add(x, &shortcut);
    if (!pre)
        naive_relu(x);
}

static void test_outputs_equal_a_naive_loop(void)
{
    for (int variant = 0; variant < 16; variant++) {
        const int bottleneck = variant & 1, pre = variant >> 1 & 1, norm = variant >> 2 & 1, large = variant >> 3;
        CU_ASSERT_EQUAL_FATAL(component_open(&m.c, "resnet", 1, "blocks", "1, 2", "width", "3", "block",
                                             bottleneck ? "bottleneck" : "basic", "pre_activation", pre ? "yes" : "no",
                                             "shortcut", norm ? "projection_norm" : "projection", "stem",
                                             large ? "large" : "small", NULL),
                              HONE_OK);
        CU_ASSERT_EQUAL_FATAL(case_compile(&m, 2, large ? 23 : 9, large ? 20 : 7, 4, CASE_BATCH), HONE_OK);
        case_fill(&m, (uint64_t)variant);
        CU_ASSERT_EQUAL_FATAL(hone_net_infer(m.net, &m.c.err), HONE_OK);
        for (int64_t i = 0; i < CASE_BATCH; i++) {
            struct naive x = naive_input(&m, i);
            naive_conv(&x, "conv1", large ? 2 : 1, large ? 3 : 1);
            if (!pre || large) {
                naive_norm(&x, "norm1");
                naive_relu(&x);
            }
            if (large)
                naive_pool(&x, 1, 3, 2, 1);
            block_of(&x, "stage1.block1", bottleneck, pre, norm && !pre, 1, bottleneck);
            block_of(&x, "stage2.block1", bottleneck, pre, norm && !pre, 2, 1);
            block_of(&x, "stage2.block2", bottleneck, pre, norm && !pre, 1, 0);
            if (pre) {
                naive_norm(&x, "norm_last");
                naive_relu(&x);
            }
            naive_global_average(&x);
            naive_dense(&x, "output");
            naive_expect(&x, i, 5e-5);
        }
        case_release(&m);
    }
}

static void test_wide_outputs_equal_a_naive_loop(void)
{
    static const char *const blocks[] = { "stage1.block1", "stage2.block1", "stage3.block1" };
    for (int dropout = 0; dropout < 2; dropout++) { /* which inference does not see */
        CU_ASSERT_EQUAL_FATAL(component_open(&m.c, "wide_resnet", 1, "depth", "10", "widen_factor", dropout ? "2" : "1",
                                             "dropout", dropout ? "0.5" : "0", NULL),
                              HONE_OK);
        CU_ASSERT_EQUAL_FATAL(case_compile(&m, 1, 9, 12, 5, CASE_BATCH), HONE_OK);
        CU_ASSERT_PTR_NOT_NULL(strstr(m.sites, "1:last1 2:last1 6:output1"));
        case_fill(&m, 3);
        CU_ASSERT_EQUAL_FATAL(hone_net_infer(m.net, &m.c.err), HONE_OK);
        for (int64_t i = 0; i < CASE_BATCH; i++) {
            struct naive x = naive_input(&m, i);
            naive_conv(&x, "conv1", 1, 1);
            for (unsigned k = 0; k < 3; k++)
                block_of(&x, blocks[k], 0, 1, 0, k ? 2 : 1, k || dropout); /* widened: the first block projects too */
            naive_norm(&x, "norm_last");
            naive_relu(&x);
            naive_global_average(&x);
            naive_dense(&x, "output");
            naive_expect(&x, i, 5e-5);
        }
        case_release(&m);
    }
}

/* Dropout between the convolutions: two steps of one batch have two losses, and without it the same one. */
static void test_dropout_acts_in_training_alone(void)
{
    for (int dropout = 0; dropout < 2; dropout++) {
        double losses[2] = { 0, 0 };
        CU_ASSERT_EQUAL_FATAL(component_open(&m.c, "wide_resnet", 1, "depth", "10", "widen_factor", "1", "dropout",
                                             dropout ? "0.5" : "0", NULL),
                              HONE_OK);
        CU_ASSERT_EQUAL_FATAL(case_compile(&m, 1, 8, 8, 3, CASE_BATCH), HONE_OK);
        case_fill(&m, 3);
        for (uint64_t step = 0; step < 2; step++)
            CU_ASSERT_EQUAL(hone_net_forward_backward(m.net, step + 1, &losses[step], &m.c.err), HONE_OK);
        CU_ASSERT_EQUAL(losses[0] != losses[1], dropout);
        case_release(&m);
    }
}

static void test_says_what_is_wrong(void)
{
    CU_ASSERT(component_open(&m.c, "wide_resnet", 1, "depth", "20", NULL) < 0);
    CU_ASSERT_STRING_EQUAL(m.c.err.param, "depth");
    CU_ASSERT_PTR_NOT_NULL(strstr(m.c.err.msg, "take 16 or 22"));
    case_release(&m);
    CU_ASSERT_EQUAL_FATAL(component_open(&m.c, "resnet", 1, "blocks", "1,1,1,1,1,1,1,1,1", NULL), HONE_OK);
    CU_ASSERT(case_compile(&m, 1, 8, 8, 3, 1) < 0);
    CU_ASSERT_STRING_EQUAL(m.c.err.param, "blocks");
    case_release(&m);
}

SUITE(TEST(test_is_the_peers_network), TEST(test_has_the_published_sizes), TEST(test_outputs_equal_a_naive_loop),
      TEST(test_wide_outputs_equal_a_naive_loop), TEST(test_dropout_acts_in_training_alone),
      TEST(test_says_what_is_wrong))
