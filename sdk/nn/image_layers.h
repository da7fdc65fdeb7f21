/* SPDX-License-Identifier: MIT */
/* For tests: every layer of images and sequences against naive loops in double precision and their finite differences, over odd
 * shapes; in the precision that the file of tests has chosen (image_reference.h). */
#ifndef HONE_NN_IMAGE_LAYERS_H
#define HONE_NN_IMAGE_LAYERS_H
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
                char what[64];
                const int x = im_start(&r, k, shapes[s], 3);
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
        const int x = im_start(&r, 1, shape, 3);
        im_compare(&r, im_conv(&r, x, (struct hone_conv2d){ .filters = 12, .kernel = 3, .pad = 1, .groups = groups }),
                   2, "groups");
        im_destroy(&r);
    }
}

/* What follows a convolution decides what is fused: relu, relu and pool, batch norm with and without relu. */
static void test_what_follows_a_convolution(void)
{
    for (int s = 0; s < SHAPES; s++)
        for (int kind = 0; kind < 8; kind++) {
            struct image_net r;
            char what[64];
            int h = im_start(&r, (uint64_t)kind, shapes[s], 3);
            snprintf(what, sizeof what, "behind a conv %d, shape %d", kind, s);
            h = im_conv(&r, h,
                        (struct hone_conv2d){ .filters = 5, .kernel = 3, .pad = 1, .no_bias = (uint32_t)kind % 2 });
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
        { .kernel = 2 },
        { .kernel = 3, .stride = 2, .pad = 1 },
        { .kernel = 3, .stride = 1 },
        { .kernel = 2, .stride = 3 },
        { .kernel = 3, .stride = 2, .pad = 1, .exclude_padding = 1 },
        { .kernel = 2, .stride = 1, .pad = 1 },
    };
    for (int s = 0; s < SHAPES; s++)
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
            for (int kind = IM_MAX; kind <= IM_AVERAGE; kind++) {
                struct image_net r;
                char what[64];
                const int x = im_start(&r, 20 + k, shapes[s], 3);
                snprintf(what, sizeof what, "pool %zu, shape %d", k, s);
                im_compare(&r, im_pool(&r, x, (enum image_kind)kind, kinds[k]), 2, what);
                im_destroy(&r);
            }
    for (int s = 0; s < SHAPES; s++) {
        struct image_net r;
        const int x = im_start(&r, 1, shapes[s], 3);
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
            int h = im_start(&r, 4, s < SHAPES ? shapes[s] : flat, s < SHAPES ? 3 : 1);
            h = im_norm(&r, h, IM_BATCH_NORM, 1);
            im_compare(&r, relu ? im_relu(&r, h) : h, 5, "batch norm");
            im_destroy(&r);
        }
}

static void test_convolutions_of_sequences(void)
{
    static const int64_t sequences[][2] = { { 1, 9 }, { 3, 8 }, { 8, 7 }, { 17, 5 } };
    for (int s = 0; s < 4; s++)
        for (int64_t kernel = 2; kernel < 5; kernel++) {
            struct image_net r;
            const int x = im_start(&r, 1, sequences[s], 2);
            const struct hone_conv1d o = { .filters = 6, .kernel = kernel, .stride = kernel - 1, .pad = 1 };
            const int y = im_push(&r, IM_CONV, x, hone_nn_conv1d(r.g, r.node[x].var, &o));
            struct image_node *d = &r.node[y];
            d->k[0] = d->s[0] = d->d[0] = d->d[1] = d->groups = 1;
            d->k[1] = kernel;
            d->s[1] = kernel - 1;
            d->p[1] = 1;
            im_parameters(&r, y, true);
            im_compare(&r, y, 3, "conv1d");
            im_destroy(&r);
        }
}

static void test_transposed_convolutions(void)
{
    static const struct hone_conv_transpose2d kinds[] = {
        { .filters = 4, .kernel = 2, .stride = 2 },
        { .filters = 3, .kernel = 4, .stride = 2, .pad = 1, .no_bias = 1 },
        { .filters = 1, .kernel = 3, .stride = 2, .pad = 1, .output_pad = 1 },
        { .filters = 8, .kernel = 3 },
    };
    for (int s = 0; s < SHAPES; s++)
        for (size_t k = 0; k < 4; k++) {
            struct image_net r;
            const int x = im_start(&r, 10 + k, shapes[s], 3);
            int y = im_push(&r, IM_DECONV, x, hone_nn_conv_transpose2d(r.g, r.node[x].var, &kinds[k]));
            r.node[y].k[0] = r.node[y].k[1] = kinds[k].kernel;
            r.node[y].s[0] = r.node[y].s[1] = kinds[k].stride ? kinds[k].stride : 1;
            r.node[y].p[0] = r.node[y].p[1] = kinds[k].pad;
            im_parameters(&r, y, !kinds[k].no_bias);
            im_compare(&r, k % 2 ? im_relu(&r, y) : y, 2, "transposed convolution");
            im_destroy(&r);
        }
}

static int activation(struct image_net *r, int x, enum image_kind kind)
{
    const hone_var v = r->node[x].var;
    const int y = im_push(r, kind, x, kind == IM_LEAKY ? hone_nn_leaky_relu(r->g, v, 0.2) : hone_nn_swish(r->g, v));
    r->node[y].number = (double)0.2f;
    return y;
}

static void test_norms_inside_a_sample(void)
{
    static const int64_t sequence[2] = { 5, 19 }, row[1] = { 33 }, image[3] = { 6, 3, 5 };
    for (int kind = 0; kind < 8; kind++) {
        struct image_net r;
        int h = im_start(&r, 4, kind == 0 ? row : kind == 1 ? sequence : image, kind == 0 ? 1 : kind == 1 ? 2 : 3);
        if (kind < 3)
            h = im_norm(&r, h, IM_LAYER_NORM, 1);
        else {
            if (kind > 5)
                h = im_conv(&r, h, (struct hone_conv2d){ .filters = 6, .kernel = 3 });
            h = im_norm(&r, h, IM_GROUP_NORM, kind % 3 == 0 ? 1 : kind % 3 == 1 ? 3 : 6);
            if (kind > 5)
                h = im_norm(&r, activation(&r, h, IM_SWISH), IM_LAYER_NORM, 1); /* which needs rows again */
        }
        im_compare(&r, im_dense(&r, im_flatten(&r, h), 3), 3, "layer or group norm");
        im_destroy(&r);
    }
}

static void test_activations_of_images(void)
{
    for (int s = 0; s < SHAPES; s++)
        for (int kind = IM_LEAKY; kind <= IM_SWISH; kind++)
            for (int conv = 0; conv < 2; conv++) {
                struct image_net r;
                int h = im_start(&r, 3, shapes[s], 3);
                if (conv)
                    h = im_norm(&r, im_conv(&r, h, (struct hone_conv2d){ .filters = 4, .kernel = 3 }), IM_BATCH_NORM,
                                1);
                h = activation(&r, h, (enum image_kind)kind);
                im_compare(&r, im_dense(&r, im_flatten(&r, activation(&r, h, (enum image_kind)kind)), 2), 3,
                           "activation");
                im_destroy(&r);
            }
}

static int concat(struct image_net *r, int a, int b, int c)
{
    const hone_var v[3] = { r->node[a].var, r->node[b].var, c >= 0 ? r->node[c].var : r->node[b].var };
    const int y = im_push(r, IM_CONCAT, a, hone_nn_concat(r->g, v, c >= 0 ? 3 : 2));
    r->node[y].b = b;
    r->node[y].c = c;
    return y;
}

static void test_concat(void)
{
    for (int s = 0; s < SHAPES; s++)
        for (int kind = 0; kind < 3; kind++) {
            struct image_net r;
            const int x = im_start(&r, 5, shapes[s], 3);
            const int a = im_conv(&r, x, (struct hone_conv2d){ .filters = 3, .kernel = 3, .pad = 1 });
            const int b = kind ? im_relu(&r, a) : im_conv(&r, x, (struct hone_conv2d){ .filters = 1, .kernel = 1 });
            const int h = concat(&r, a, kind == 2 ? x : b, kind == 1 ? a : -1);
            im_compare(
                &r, im_dense(&r, im_global(&r, im_conv(&r, h, (struct hone_conv2d){ .filters = 2, .kernel = 2 })), 2),
                3, "concat");
            im_destroy(&r);
        }
    struct image_net r;
    static const int64_t row[1] = { 7 };
    const int x = im_start(&r, 1, row, 1), a = im_dense(&r, x, 4), b = im_dense(&r, x, 2);
    im_compare(&r, concat(&r, a, x, b), 3, "concat of rows");
    im_destroy(&r);
}

static int transposed(struct image_net *r, int x, const uint32_t *order, uint32_t n)
{
    const int y = im_push(r, IM_TRANSPOSE, x, hone_nn_transpose(r->g, r->node[x].var, order, n));
    for (uint32_t i = 0; i < 3; i++)
        r->node[y].order[i] = i < n ? order[i] : i;
    return y;
}

static void test_transpose_and_reshape(void)
{
    static const uint32_t orders[6][3] = {
        { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 }
    };
    static const uint32_t swap[2] = { 1, 0 };
    for (int s = 0; s < SHAPES; s++)
        for (int k = 0; k < 6; k++) {
            struct image_net r;
            int h = im_start(&r, 5, shapes[s], 3);
            h = im_conv(&r, h, (struct hone_conv2d){ .filters = 3, .kernel = 3, .pad = 1 });
            h = transposed(&r, h, orders[k], 3);
            h = im_conv(&r, h, (struct hone_conv2d){ .filters = 2, .kernel = 2 });
            im_compare(&r, im_flatten(&r, h), 2, "transpose");
            im_destroy(&r);
        }
    static const int64_t table[2] = { 4, 6 }, other[3] = { 2, 4, 3 };
    struct image_net r;
    int h = transposed(&r, im_start(&r, 5, table, 2), swap, 2);
    h = im_push(&r, IM_SAME, h, hone_nn_reshape(r.g, r.node[h].var, other, 3));
    h = im_conv(&r, h, (struct hone_conv2d){ .filters = 3, .kernel = 2 });
    const int64_t open[2] = { -1, 2 };
    h = im_push(&r, IM_SAME, h, hone_nn_reshape(r.g, r.node[h].var, open, 2));
    CU_ASSERT_EQUAL(r.node[h].dims[0], 9);
    im_compare(&r, im_dense(&r, im_flatten(&r, transposed(&r, h, swap, 2)), 3), 2, "transpose of rows");
    im_destroy(&r);
}

static void test_upsampling(void)
{
    for (int s = 0; s < SHAPES; s++)
        for (int mode = 0; mode < 2; mode++)
            for (int64_t factor = 1; factor < 4; factor++) {
                struct image_net r;
                const int x = im_start(&r, 5, shapes[s], 3);
                const int y = im_push(
                    &r, mode ? IM_BILINEAR : IM_NEAREST, x,
                    hone_nn_upsample(r.g, r.node[x].var, factor, mode ? HONE_BILINEAR : HONE_NEAREST));
                r.node[y].number = (double)factor;
                im_compare(&r, y, 2, "upsample");
                im_destroy(&r);
            }
}

/* The embedding's input is whole numbers: it stands first. */
static void test_embedding(void)
{
    const hone_graph_options options = { sizeof options, 1, 3 };
    const int64_t in = 3;
    for (int conv = 0; conv < 2; conv++) {
        struct image_net r;
        memset(&r, 0, sizeof r);
        r.g = hone_nn_graph_create(&options);
        im_set_precision(r.g);
        r.x = im_push(&r, IM_INPUT, -1, hone_nn_input(r.g, "x", &in, 1));
        int h = im_push(&r, IM_EMBEDDING, r.x, hone_embedding(r.g, r.node[r.x].var, .entries = 5, .units = 4));
        im_parameters(&r, h, false);
        h = im_norm(&r, h, IM_LAYER_NORM, 1);
        if (conv) {
            static const uint32_t swap[2] = { 1, 0 };
            h = transposed(&r, h, swap, 2); /* (N, units, T) */
            h = im_norm(&r, h, IM_BATCH_NORM, 1);
        }
        im_compare(&r, im_dense(&r, im_flatten(&r, h), 2), 4, "embedding");
        im_destroy(&r);
    }
}
#endif
