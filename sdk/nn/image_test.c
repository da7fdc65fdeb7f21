/* SPDX-License-Identifier: MIT */
/* Layers of images in float32, alone and in residual blocks, against naive loops in double precision and their finite
 * differences. */
#include "image_layers.h"

/* Blocks as they are in papers: shortcuts of every kind, norms before and after, projections with and without a norm. */
static void test_residual_blocks(void)
{
    for (int s = 0; s < SHAPES; s++)
        for (int kind = 0; kind < 10; kind++) {
            struct image_net r;
            char what[64];
            snprintf(what, sizeof what, "residual block %d, shape %d", kind, s);
            int x = im_start(&r, (uint64_t)kind, shapes[s], 3);
            const int filters = kind < 4 ? (int)shapes[s][0] : 6, stride = kind < 4 ? 1 : 2;
            if (kind % 2)
                x = im_relu(&r,
                            im_norm(&r, im_conv(&r, x, (struct hone_conv2d){ .filters = shapes[s][0], .kernel = 1 }),
                                    IM_BATCH_NORM, 1));
            int shortcut = x, h = kind == 9 ? im_relu(&r, im_norm(&r, x, IM_BATCH_NORM, 1)) : x;
            if (kind == 6) /* the projection first */
                shortcut = im_norm(&r, im_conv(&r, x, (struct hone_conv2d){ .filters = 6, .kernel = 1, .stride = 2 }),
                                   IM_BATCH_NORM, 1);
            h = im_conv(
                &r, h,
                (struct hone_conv2d){ .filters = filters, .kernel = 3, .pad = 1, .stride = stride, .no_bias = 1 });
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

SUITE(TEST(test_convolutions), TEST(test_groups), TEST(test_what_follows_a_convolution), TEST(test_pools),
      TEST(test_batch_norm), TEST(test_residual_blocks), TEST(test_convolutions_of_sequences),
      TEST(test_transposed_convolutions), TEST(test_norms_inside_a_sample), TEST(test_activations_of_images),
      TEST(test_concat), TEST(test_transpose_and_reshape), TEST(test_upsampling), TEST(test_embedding))
