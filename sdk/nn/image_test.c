/* SPDX-License-Identifier: MIT */
/* Convolutions, pools and norms against naive loops in double precision and their finite differences, over odd shapes. */
#include "graph.h"

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

/* ---- whole networks ---- */
struct small {
    hone_graph *g;
    hone_var x, t, loss, output;
};

static struct small small(uint64_t seed, bool unshared)
{
    const hone_graph_options options = { sizeof options, 1, seed };
    const int64_t image_dims[3] = { 2, 9, 7 }, classes = 3;
    struct small s = { .g = hone_nn_graph_create(&options) };
    s.g->unshared = unshared;
    s.x = hone_nn_input(s.g, "x", image_dims, 3);
    s.t = hone_nn_input(s.g, "t", &classes, 1);
    hone_var h = hone_nn_relu(s.g, hone_conv2d(s.g, s.x, .filters = 6, .kernel = 3, .pad = 1));
    for (int i = 0; i < 6; i++) {
        hone_var b = hone_batch_norm(s.g, hone_conv2d(s.g, h, .filters = 6, .kernel = 3, .pad = 1, .no_bias = 1),
                                     .epsilon = 1e-4);
        b = hone_nn_dropout(s.g, hone_nn_relu(s.g, b), i % 2 ? 0.0 : 0.2);
        b = hone_batch_norm(s.g, hone_conv2d(s.g, b, .filters = 6, .kernel = 3, .pad = 1, .no_bias = 1),
                            .momentum = 0.5);
        h = hone_nn_relu(s.g, hone_nn_add(s.g, h, b));
        h = i == 2 ? hone_max_pool(s.g, h, .kernel = 2) : i == 4 ? hone_average_pool(s.g, h, .kernel = 2) : h;
    }
    h = hone_dense(s.g, hone_nn_flatten(s.g, h), .units = 3, .init = "xavier");
    s.loss = hone_nn_softmax_cross_entropy(s.g, h, s.t);
    s.output = hone_nn_softmax(s.g, h);
    return s;
}

static hone_net *compiled(const struct small *s, int64_t batch)
{
    hone_error err = HONE_ERROR_INIT;
    hone_net *net = NULL;
    CU_ASSERT_EQUAL_FATAL(hone_nn_compile(s->g, s->loss, s->output, batch, &net, &err), HONE_OK);
    fill(hone_net_input(net, s->x), batch * 126, 1);
    fill_targets(hone_net_input(net, s->t), batch, 3, 2, false);
    return net;
}

/* One step and one inference: gradients, running statistics and answers, one after the other. */
static uint64_t results(const struct small *s, hone_net *net, float *out)
{
    hone_error err = HONE_ERROR_INIT;
    uint32_t n;
    uint64_t at = 0;
    hone_parameter *const *p = hone_nn_parameters(s->g, &n);
    loss_of(net);
    for (uint32_t i = 0; i < n; at += p[i++]->length)
        memcpy(out + at, p[i]->gradient, p[i]->length * sizeof *out);
    p = hone_nn_buffers(s->g, &n);
    CU_ASSERT_EQUAL(n, 24);
    for (uint32_t i = 0; i < n; at += p[i++]->length)
        memcpy(out + at, p[i]->value, p[i]->length * sizeof *out);
    CU_ASSERT_EQUAL(hone_net_infer(net, &err), HONE_OK);
    memcpy(out + at, hone_net_output(net), (size_t)hone_net_batch(net) * 3 * sizeof *out);
    return at + (uint64_t)hone_net_batch(net) * 3;
}

/* Bit for bit: the plan of memory changes nothing, and neither does a second run. */
static void test_plan_and_repetition_change_nothing(void)
{
    enum { ROOM = 100000 };
    float *out[3];
    uint64_t n[3], bytes[3];
    for (int i = 0; i < 3; i++) {
        struct small s = small(7, i == 1);
        hone_net *net = compiled(&s, 5);
        out[i] = calloc(ROOM, sizeof(float));
        n[i] = results(&s, net, out[i]);
        bytes[i] = hone_net_bytes(net);
        CU_ASSERT(n[i] < ROOM && n[i] == n[0]);
        CU_ASSERT_EQUAL(memcmp(out[0], out[i], n[i] * sizeof(float)), 0);
        hone_net_destroy(net);
        hone_nn_graph_destroy(s.g);
    }
    CU_ASSERT(bytes[0] < bytes[1] * 2 / 3);
    for (int i = 0; i < 3; i++)
        free(out[i]);
}

/* Weights written in plain order come back, from nets of other batch sizes too, and padding stays zero through a step. */
static void test_weights_are_written_and_read(void)
{
    struct small s = small(3, false);
    hone_net *nets[3] = { compiled(&s, 4), compiled(&s, 1), compiled(&s, 19) };
    uint32_t n;
    hone_error err = HONE_ERROR_INIT;
    hone_parameter *const *p = hone_nn_parameters(s.g, &n);
    for (int k = 0; k < 3; k++)
        for (uint32_t i = 0; i < n; i++) {
            const int64_t length = hone_shape_elements(p[i]->dims, p[i]->n_dims);
            float *plain = malloc((size_t)length * sizeof *plain), *back = malloc((size_t)length * sizeof *back);
            double inside = 0, all = 0;
            fill(plain, length, i + 1);
            CU_ASSERT_EQUAL(hone_nn_write(s.g, i, plain, &err), HONE_OK);
            CU_ASSERT_EQUAL(hone_nn_read(s.g, i, back, &err), HONE_OK);
            CU_ASSERT_EQUAL(memcmp(plain, back, (size_t)length * sizeof *plain), 0);
            loss_of(nets[k]);
            for (uint64_t e = 0; e < p[i]->length; e++) {
                all += fabs((double)p[i]->gradient[e]);
                p[i]->value[e] = p[i]->gradient[e];
            }
            CU_ASSERT_EQUAL(hone_nn_read(s.g, i, back, &err), HONE_OK);
            for (int64_t e = 0; e < length; e++)
                inside += fabs((double)back[e]);
            CU_ASSERT_DOUBLE_EQUAL(all, inside, 1e-9 * (1 + all)); /* nothing of the gradient lies in the padding */
            CU_ASSERT_EQUAL(hone_nn_write(s.g, i, plain, &err), HONE_OK);
            free(plain);
            free(back);
        }
    CU_ASSERT_STRING_EQUAL(p[0]->name, "conv1.weight");
    CU_ASSERT(p[0]->n_dims == 4 && p[0]->dims[0] == 6 && p[0]->dims[1] == 2 && p[0]->dims[3] == 3);
    CU_ASSERT_STRING_EQUAL(hone_nn_buffers(s.g, &n)[0]->name, "batch_norm1.running_mean");
    CU_ASSERT_STRING_EQUAL(hone_nn_buffers(s.g, &n)[1]->name, "batch_norm1.running_var");
    CU_ASSERT_EQUAL(hone_nn_buffers(s.g, &n)[1]->role, HONE_PARAMETER_BUFFER);
    for (int k = 0; k < 3; k++)
        hone_net_destroy(nets[k]);
    hone_nn_graph_destroy(s.g);
}

/* PyTorch's rule: running = 0.75 running + 0.25 batch, the variance of the batch over n - 1; inference leaves them. */
static void test_running_statistics(void)
{
    static const int64_t dims[3] = { 3, 4, 5 };
    const int64_t n = 60;
    struct image_net r;
    hone_error err = HONE_ERROR_INIT;
    hone_net *net;
    uint32_t count;
    memset(&r, 0, sizeof r);
    r.g = hone_nn_graph_create(NULL);
    const hone_var x = hone_nn_input(r.g, "x", dims, 3), t = hone_nn_input(r.g, "t", &n, 1);
    const hone_var y = hone_nn_flatten(r.g, hone_batch_norm(r.g, x, .momentum = 0.75, .name = "bn"));
    CU_ASSERT_EQUAL_FATAL(hone_nn_compile(r.g, hone_nn_mse(r.g, y, t), y, 4, &net, &err), HONE_OK);
    hone_parameter *const *b = hone_nn_buffers(r.g, &count);
    double mean[3] = { 0 }, variance[3] = { 1, 1, 1 };
    for (int step = 0; step < 3; step++) {
        float *in = hone_net_input(net, x);
        fill(in, 240, (uint64_t)step);
        for (int64_t e = 0; e < 240; e++)
            in[e] += 1000.0f; /* a mean that would cost the variance its digits */
        loss_of(net);
        CU_ASSERT_EQUAL(hone_net_infer(net, &err), HONE_OK);
        for (int c = 0; c < 3; c++) {
            double m = 0, v = 0;
            for (int pass = 0; pass < 2; pass++)
                for (int64_t i = 0; i < 80; i++) {
                    const double e = (double)in[i / 20 * 60 + c * 20 + i % 20];
                    if (pass)
                        v += (e - m) * (e - m) / 79;
                    else
                        m += e / 80;
                }
            mean[c] = 0.75 * mean[c] + 0.25 * m;
            variance[c] = 0.75 * variance[c] + 0.25 * v;
            CU_ASSERT_DOUBLE_EQUAL(b[0]->value[c], mean[c], 1e-4);
            CU_ASSERT_DOUBLE_EQUAL(b[1]->value[c], variance[c], 1e-4);
        }
    }
    hone_net_destroy(net);
    hone_nn_graph_destroy(r.g);
}

/* A pool after a relu, and a batch norm, keep what is no number: the loss shows it. */
static void test_no_number_is_hidden(void)
{
    struct small s = small(3, false);
    hone_net *net = compiled(&s, 2);
    hone_error err = HONE_ERROR_INIT;
    double loss;
    hone_net_input(net, s.x)[100] = NAN;
    CU_ASSERT_EQUAL(hone_net_forward_backward(net, 0, &loss, &err), HONE_ENUMERIC);
    hone_net_destroy(net);
    hone_nn_graph_destroy(s.g);
    for (int kernel = 2; kernel < 4; kernel++) {
        static const int64_t dims[3] = { 3, 6, 6 };
        const int64_t n = 3 * (6 / kernel) * (6 / kernel);
        hone_graph *g = hone_nn_graph_create(NULL);
        const hone_var x = hone_nn_input(g, "x", dims, 3), t = hone_nn_input(g, "t", &n, 1);
        const hone_var y = hone_nn_flatten(g, hone_max_pool(g, hone_nn_relu(g, x), .kernel = kernel));
        CU_ASSERT_EQUAL_FATAL(hone_nn_compile(g, hone_nn_mse(g, y, t), y, 1, &net, &err), HONE_OK);
        for (int at = 0; at < 108; at += 7) {
            fill(hone_net_input(net, x), 108, 1);
            hone_net_input(net, x)[at] = NAN;
            CU_ASSERT_EQUAL(hone_net_forward_backward(net, 0, &loss, &err), HONE_ENUMERIC);
        }
        hone_net_destroy(net);
        hone_nn_graph_destroy(g);
    }
}

SUITE(TEST(test_convolutions), TEST(test_groups), TEST(test_what_follows_a_convolution), TEST(test_pools),
      TEST(test_batch_norm), TEST(test_residual_blocks), TEST(test_convolutions_of_sequences),
      TEST(test_transposed_convolutions), TEST(test_norms_inside_a_sample), TEST(test_activations_of_images),
      TEST(test_concat), TEST(test_transpose_and_reshape), TEST(test_upsampling), TEST(test_embedding),
      TEST(test_plan_and_repetition_change_nothing), TEST(test_weights_are_written_and_read),
      TEST(test_running_statistics), TEST(test_no_number_is_hidden))
