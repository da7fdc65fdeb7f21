/* SPDX-License-Identifier: MIT */
/* Convolutions, pools and norms against naive loops in double precision and their finite differences, over odd shapes. */
#include "image_reference.h"

static const int64_t shapes[][3] = { { 1, 7, 5 }, { 3, 6, 6 }, { 5, 4, 7 }, { 8, 5, 3 }, { 17, 4, 4 } };
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void test_convolutions(void)
{
    static const struct hone_conv2d kinds[] = {
        { .filters = 4, .kernel = 3, .pad = 1 },
        { .filters = 1, .kernel = 1, .no_bias = 1 },
        { .filters = 9, .kernel = 3, .stride = 2, .pad = 1 },
        { .filters = 8, .kernel_h = 1, .kernel_w = 3, .pad_w = 2 },
        { .filters = 3, .kernel = 2, .dilation = 2, .pad = 1, .no_bias = 1 },
        { .filters = 16, .kernel = 3 },
        { .filters = 2, .kernel = 1, .stride = 2 },
    };
    for (int s = 0; s < SHAPES; s++)
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
            for (int64_t batch = 1; batch < 4; batch += 2) {
                struct image_net r;
                char             what[64];
                const int        x = im_start(&r, k, shapes[s], 3);
                snprintf(what, sizeof what, "conv kind %zu, shape %d", k, s);
                im_compare(&r, im_conv(&r, x, kinds[k]), batch, what);
                im_destroy(&r);
            }
}

static void test_groups(void)
{
    static const int64_t shape[3] = { 6, 5, 4 };
    for (int64_t groups = 2; groups <= 6; groups++) {
        if (6 % groups)
            continue;
        struct image_net r;
        const int        x = im_start(&r, 1, shape, 3);
        im_compare(&r, im_conv(&r, x, (struct hone_conv2d){ .filters = 12, .kernel = 3, .pad = 1, .groups = groups }), 2, "groups");
        im_destroy(&r);
    }
}

/* What follows a convolution decides what is fused: relu, relu and pool, batch norm with and without relu. */
static void test_what_follows_a_convolution(void)
{
    for (int s = 0; s < SHAPES; s++)
        for (int kind = 0; kind < 8; kind++) {
            struct image_net r;
            char             what[64];
            int              h = im_start(&r, (uint64_t)kind, shapes[s], 3);
            snprintf(what, sizeof what, "behind a conv %d, shape %d", kind, s);
            h = im_conv(&r, h, (struct hone_conv2d){ .filters = 5, .kernel = 3, .pad = 1, .no_bias = (uint32_t)kind % 2 });
            if (kind >= 4)
                h = im_norm(&r, h, IM_BATCH_NORM, 1);
            if (kind % 4 != 1)
                h = im_relu(&r, h);
            if (kind % 4 >= 2)
                h = im_pool(&r, h, IM_MAX, (struct hone_pool){ .kernel = kind % 4 });
            if (kind % 4 != 0)
                h = im_conv(&r, h, (struct hone_conv2d){ .filters = 3, .kernel = 1 });
            im_compare(&r, im_dense(&r, im_flatten(&r, h), 4), 3, what);
            im_destroy(&r);
        }
}

static void test_pools(void)
{
    static const struct hone_pool kinds[] = {
        { .kernel = 2 }, { .kernel = 3, .stride = 2, .pad = 1 }, { .kernel = 3, .stride = 1 }, { .kernel = 2, .stride = 3 },
        { .kernel = 3, .stride = 2, .pad = 1, .exclude_padding = 1 }, { .kernel = 2, .stride = 1, .pad = 1 },
    };
    for (int s = 0; s < SHAPES; s++)
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
            for (int kind = IM_MAX; kind <= IM_AVERAGE; kind++) {
                struct image_net r;
                char             what[64];
                const int        x = im_start(&r, 20 + k, shapes[s], 3);
                snprintf(what, sizeof what, "pool %zu, shape %d", k, s);
                im_compare(&r, im_pool(&r, x, (enum image_kind)kind, kinds[k]), 2, what);
                im_destroy(&r);
            }
    for (int s = 0; s < SHAPES; s++) {
        struct image_net r;
        const int        x = im_start(&r, 1, shapes[s], 3);
        im_compare(&r, im_global(&r, x), 3, "global average");
        im_destroy(&r);
    }
}

static void test_batch_norm(void)
{
    static const int64_t flat[1] = { 9 };
    for (int s = 0; s <= SHAPES; s++)
        for (int relu = 0; relu < 2; relu++) {
            struct image_net r;
            int              h = im_start(&r, 4, s < SHAPES ? shapes[s] : flat, s < SHAPES ? 3 : 1);
            h = im_norm(&r, h, IM_BATCH_NORM, 1);
            im_compare(&r, relu ? im_relu(&r, h) : h, 5, "batch norm");
            im_destroy(&r);
        }
}

/* Blocks as they are in papers: shortcuts of every kind, norms before and after, projections with and without a norm. */
static void test_residual_blocks(void)
{
    for (int s = 0; s < SHAPES; s++)
        for (int kind = 0; kind < 10; kind++) {
            struct image_net r;
            char             what[64];
            snprintf(what, sizeof what, "residual block %d, shape %d", kind, s);
            int       x = im_start(&r, (uint64_t)kind, shapes[s], 3);
            const int filters = kind < 4 ? (int)shapes[s][0] : 6, stride = kind < 4 ? 1 : 2;
            if (kind % 2)
                x = im_relu(&r, im_norm(&r, im_conv(&r, x, (struct hone_conv2d){ .filters = shapes[s][0], .kernel = 1 }), IM_BATCH_NORM, 1));
            int shortcut = x, h = kind == 9 ? im_relu(&r, im_norm(&r, x, IM_BATCH_NORM, 1)) : x;
            if (kind == 6) /* the projection first */
                shortcut = im_norm(&r, im_conv(&r, x, (struct hone_conv2d){ .filters = 6, .kernel = 1, .stride = 2 }), IM_BATCH_NORM, 1);
            h = im_conv(&r, h, (struct hone_conv2d){ .filters = filters, .kernel = 3, .pad = 1, .stride = stride, .no_bias = 1 });
            h = im_relu(&r, im_norm(&r, h, IM_BATCH_NORM, 1));
            h = im_conv(&r, h, (struct hone_conv2d){ .filters = filters, .kernel = 3, .pad = 1, .no_bias = 1 });
            if (kind != 8)
                h = im_norm(&r, h, IM_BATCH_NORM, 1);
            if (kind >= 4 && kind != 6)
                shortcut = im_conv(&r, x, (struct hone_conv2d){ .filters = 6, .kernel = 1, .stride = 2, .no_bias = 1 });
            if (kind == 7)
                shortcut = im_norm(&r, shortcut, IM_BATCH_NORM, 1);
            h = kind % 3 ? im_add(&r, h, shortcut) : im_add(&r, shortcut, h);
            if (kind != 2)
                h = im_relu(&r, h);
            im_compare(&r, im_dense(&r, im_global(&r, im_add(&r, h, im_relu(&r, h))), 3), 3, what);
            im_destroy(&r);
        }
}

SUITE(TEST(test_convolutions), TEST(test_groups), TEST(test_what_follows_a_convolution), TEST(test_pools), TEST(test_batch_norm),
      TEST(test_residual_blocks))
