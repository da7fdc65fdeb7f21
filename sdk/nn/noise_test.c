/* SPDX-License-Identifier: MIT */
/* Noise and penalties: who is dropped how often, gradients against differences, nothing in inference, nothing at 0, in both
 * layouts and precisions. */
#include "noise.h"

#include "fixture.h"
#include "graph.h"

enum { BATCH = 6, CLASSES = 4 };

/* ---- the draws ---- */
static void test_factors_have_the_share(void)
{
    enum { N = 20000 };
    static float f[N];
    double dropped = 0;
    noise_factors(f, N, 7, 0.3);
    for (int i = 0; i < N; i++) {
        CU_ASSERT(f[i] == 0.0f || f[i] == (float)(1 / 0.7));
        dropped += f[i] == 0.0f;
    }
    CU_ASSERT(fabs(dropped / N - 0.3) < 5 * sqrt(0.3 * 0.7 / N));
    noise_factors(f, N, 7, 0);
    for (int i = 0; i < N; i++)
        CU_ASSERT(f[i] == 1.0f);
}

/* The same factors by channel in both layouts. */
static void test_groups_in_both_layouts(void)
{
    enum { S = 3, C = 5, H = 2, W = 4, N = S * C * H * W };
    float x[N], y[N], f[S * C];
    fill(x, N, 3);
    for (int i = 0; i < S * C; i++)
        f[i] = (float)i;
    for (int row_major = 0; row_major < 2; row_major++) {
        const struct noise_shape s = { S, C, H, W, row_major };
        noise_by_channel(x, f, y, &s, false);
        for (int i = 0; i < N; i++) {
            const int channel = row_major ? i / (H * W) : i / (C * H * W) * C + i % C;
            CU_ASSERT_EQUAL(y[i], f[channel] * x[i]);
        }
        noise_by_channel(x, f, y, &s, true);
        noise_by_sample(x, f, y, &s, true);
        for (int i = 0; i < N; i++) {
            const int channel = row_major ? i / (H * W) : i / (C * H * W) * C + i % C;
            CU_ASSERT_DOUBLE_EQUAL(y[i], (2 * f[channel] + f[i / (C * H * W)]) * x[i], 1e-4);
        }
    }
}

/* Normal numbers keep mean 0 and variance 1, which is the point of it. */
static void test_alpha_keeps_the_moments(void)
{
    enum { N = 100000 };
    static float x[N], y[N];
    static uint8_t kept[N];
    fill(x, N, 5);
    for (double rate = 0.1; rate < 0.6; rate += 0.2) {
        double mean = 0, square = 0, dropped = 0;
        noise_alpha(x, y, kept, N, 11, rate);
        for (int i = 0; i < N; i++) {
            mean += (double)y[i] / N;
            square += (double)y[i] * (double)y[i] / N;
            dropped += !kept[i];
        }
        CU_ASSERT(fabs(mean) < 0.02 && fabs(square - 1) < 0.04);
        CU_ASSERT(fabs(dropped / N - rate) < 5 * sqrt(rate * (1 - rate) / N));
    }
    /* Klambauer et al.: a = (q + alpha'^2 q (1 - q))^-1/2, b = -a (1 - q) alpha' */
    const double q = 0.7, alpha = -1.0507009873554805 * 1.6732632423543772;
    const double a = 1 / sqrt(q + alpha * alpha * q * (1 - q)), b = -a * (1 - q) * alpha;
    noise_alpha(x, y, kept, N, 12, 0.3);
    for (int i = 0; i < 1000; i++)
        CU_ASSERT_DOUBLE_EQUAL(y[i], a * (kept[i] ? (double)x[i] : alpha) + b, 1e-5);
}

/* Mean 1 and the variance of inverted dropout's factors; mirrored draws lie opposite. */
static void test_gaussian_factors_have_the_moments(void)
{
    enum { N = 100000 };
    static float x[N], y[N], f[N], g[N];
    const double deviation = sqrt(0.3 / 0.7);
    double mean = 0, square = 0;
    fill(x, N, 5);
    noise_gaussian_factors(x, y, f, N, 11, deviation);
    for (int i = 0; i < N; i++) {
        mean += (double)f[i] / N;
        square += ((double)f[i] - 1) * ((double)f[i] - 1) / N;
        CU_ASSERT_EQUAL(y[i], f[i] * x[i]);
    }
    CU_ASSERT(fabs(mean - 1) < 5 * deviation / sqrt(N));
    CU_ASSERT(fabs(square / (0.3 / 0.7) - 1) < 5 * sqrt(2.0 / N));
    noise_gaussian_factors(x, x, g, N, 11, -deviation);
    for (int i = 0; i < N; i++)
        CU_ASSERT_DOUBLE_EQUAL(f[i] + g[i], 2, 1e-5);
}

static int zero_at(const uint8_t *kept, const struct noise_shape *s, int64_t map, int64_t h, int64_t w)
{
    const int64_t i = map / s->channels, c = map % s->channels;
    return !kept[s->row_major ? (map * s->height + h) * s->width + w
                              : ((i * s->height + h) * s->width + w) * s->channels + c];
}

/* Every dropped pixel lies in a whole square of dropped ones; their share is near the rate; the scale is all / left. */
static void check_blocks(const struct noise_shape *s, int64_t block, double rate)
{
    const int64_t all = s->samples * s->channels * s->height * s->width;
    uint8_t *kept = malloc((size_t)all);
    const int64_t b = block < s->height ? block : s->height; /* the maps here are square */
    int64_t left = 0, lonely = 0;
    const float scale = noise_blocks(kept, s, block, 21, rate);
    for (int64_t i = 0; i < all; i++)
        left += kept[i];
    for (int64_t map = 0; map < s->samples * s->channels; map++)
        for (int64_t h = 0; h < s->height; h++)
            for (int64_t w = 0; w < s->width; w++) {
                int found = !zero_at(kept, s, map, h, w);
                for (int64_t top = h - b + 1; top <= h && !found; top++)
                    for (int64_t side = w - b + 1; side <= w && !found; side++) {
                        if (top < 0 || side < 0 || top + b > s->height || side + b > s->width)
                            continue;
                        found = 1;
                        for (int64_t e = 0; e < b * b && found; e++)
                            found = zero_at(kept, s, map, top + e / b, side + e % b);
                    }
                lonely += !found;
            }
    CU_ASSERT_EQUAL(lonely, 0);
    CU_ASSERT_DOUBLE_EQUAL(scale, (double)all / (double)left, 1e-5);
    CU_ASSERT(fabs(1 - (double)left / (double)all - rate) < 0.15 * rate + 0.01); /* blocks overlap now and then */
    free(kept);
}

static void test_blocks_are_squares_of_the_share(void)
{
    for (int row_major = 0; row_major < 2; row_major++) {
        const struct noise_shape s = { 50, 16, 14, 14, row_major };
        check_blocks(&s, 5, 0.1);
        check_blocks(&s, 1, 0.2);
        check_blocks(&s, 99, 0.1); /* whole maps */
    }
    uint8_t kept[2 * 2 * 3 * 3];
    const struct noise_shape small = { 2, 2, 3, 3, true };
    CU_ASSERT_EQUAL(noise_blocks(kept, &small, 2, 1, 0), 1.0f);
    for (int i = 0; i < 36; i++)
        CU_ASSERT_EQUAL(kept[i], 1);
}

/* ---- in a network ---- */
enum layer { NONE, SPATIAL, PATH, ALPHA_UNITS, BLOCKS, GAUSSIAN, FACTORS, ACTIVITY, CONFIDENCE, LAYERS };

struct built {
    hone_graph *g;
    hone_net *net;
    hone_var x, t, layer[2]; /* behind a convolution, behind a dense layer */
};

static hone_var add_layer(hone_graph *g, hone_var h, enum layer layer, double rate)
{
    switch (layer) {
    case SPATIAL: return hone_nn_spatial_dropout(g, h, rate);
    case PATH: return hone_nn_drop_path(g, h, rate);
    case ALPHA_UNITS: return hone_nn_alpha_dropout(g, h, rate);
    case GAUSSIAN: return hone_nn_gaussian_noise(g, h, rate);
    case FACTORS: return hone_nn_gaussian_dropout(g, h, rate);
    case ACTIVITY: hone_nn_penalize_activity(g, h, rate); return h;
    case BLOCKS:
    case CONFIDENCE:
    case NONE:
    case LAYERS: break;
    }
    return h;
}

/* conv, layer, norm, layer, relu, pool, dense, layer, dense; a shortcut around the second half. */
static struct built build(enum layer layer, double rate, uint32_t precision, bool rounded)
{
    const hone_graph_options options = { sizeof options, 1, 9 };
    const int64_t image[3] = { 3, 8, 8 }, classes = CLASSES;
    hone_error err = HONE_ERROR_INIT;
    struct built b = { .g = hone_nn_graph_create(&options) };
    hone_graph *g = b.g;
    g->rounded = rounded;
    hone_nn_set_precision(g, precision);
    b.x = hone_nn_input(g, "x", image, 3);
    b.t = hone_nn_input(g, "t", &classes, 1);
    hone_var h = hone_conv2d(g, b.x, .filters = 16, .kernel = 3, .pad = 1);
    h = b.layer[0] = layer == BLOCKS ? hone_nn_drop_block(g, h, rate, 3) : add_layer(g, h, layer, rate);
    h = hone_nn_tanh(g, hone_conv2d(g, h, .filters = 16, .kernel = 3, .pad = 1));
    hone_var branch = hone_batch_norm(g, hone_conv2d(g, h, .filters = 16, .kernel = 3, .pad = 1), .epsilon = 1e-2);
    branch = layer == BLOCKS ? hone_nn_drop_block(g, branch, rate, 2) : add_layer(g, branch, layer, rate);
    h = hone_nn_add(g, branch, h);
    h = hone_average_pool(g, h, .kernel = 2);
    h = hone_nn_tanh(g, hone_dense(g, hone_nn_flatten(g, h), .units = 20, .init = "xavier"));
    h = b.layer[1] = add_layer(g, h, layer, rate);
    h = hone_dense(g, h, .units = CLASSES, .init = "xavier");
    if (layer == CONFIDENCE)
        hone_nn_penalize_confidence(g, h, rate);
    const hone_rc rc = hone_nn_compile(g, hone_nn_softmax_cross_entropy(g, h, b.t), hone_nn_softmax(g, h), BATCH,
                                       &b.net, &err);
    if (rc != HONE_OK)
        printf("#   %s\n", err.msg);
    CU_ASSERT_EQUAL_FATAL(rc, HONE_OK);
    fill(hone_net_input(b.net, b.x), BATCH * 192, 3);
    fill_targets(hone_net_input(b.net, b.t), BATCH, CLASSES, 4, false);
    return b;
}

static void release(struct built *b)
{
    hone_net_destroy(b->net);
    hone_nn_graph_destroy(b->g);
}

static double loss_at(struct built *b, uint64_t step)
{
    hone_error err = HONE_ERROR_INIT;
    double loss = -1;
    CU_ASSERT_EQUAL(hone_net_forward_backward(b->net, step, &loss, &err), HONE_OK);
    return loss;
}

/* The loss moves along the gradient as the gradient says, masks and all. */
static void check_gradients(enum layer layer, double rate)
{
    struct built b = build(layer, rate, HONE_FLOAT32, false);
    uint32_t n;
    hone_parameter *const *p = hone_nn_parameters(b.g, &n);
    loss_at(&b, 5);
    for (uint32_t i = 0; i < n; i++) {
        float *g = malloc(p[i]->length * sizeof *g), *w = malloc(p[i]->length * sizeof *w);
        double slope = 0, difference = 0;
        loss_at(&b, 5);
        memcpy(g, p[i]->gradient, p[i]->length * sizeof *g);
        memcpy(w, p[i]->value, p[i]->length * sizeof *w);
        for (uint64_t e = 0; e < p[i]->length; e++)
            slope += (double)g[e] * (double)g[e];
        for (int side = -1; side <= 1; side += 2) {
            for (uint64_t e = 0; e < p[i]->length; e++)
                p[i]->value[e] = w[e] + (float)(side * 2e-3 / sqrt(slope + 1e-30)) * g[e];
            difference += side * loss_at(&b, 5);
        }
        memcpy(p[i]->value, w, p[i]->length * sizeof *w);
        if (sqrt(slope) > 1e-2 && fabs(difference / 4e-3 / sqrt(slope) - 1) > 2e-2) {
            printf("#   layer %d, %s: %g of %g\n", (int)layer, p[i]->name, difference / 4e-3, sqrt(slope));
            CU_FAIL("gradient");
        }
        free(g);
        free(w);
    }
    release(&b);
}

static void test_gradients(void)
{
    for (int layer = SPATIAL; layer < LAYERS; layer++)
        check_gradients((enum layer)layer, layer == ACTIVITY ? 0.01 : 0.3);
}

static void copy_parameters(struct built *to, struct built *from)
{
    uint32_t n;
    hone_parameter *const *a = hone_nn_parameters(to->g, &n), *const *b = hone_nn_parameters(from->g, &n);
    for (uint32_t i = 0; i < n; i++)
        memcpy(a[i]->value, b[i]->value, a[i]->length * sizeof(float));
}

/* Inference is that of the network without; a step at rate 0 too, to the bit; at the rate it is not. */
static void test_only_in_training_and_nothing_at_zero(void)
{
    for (int layer = SPATIAL; layer < LAYERS; layer++) {
        struct built plain = build(NONE, 0, HONE_FLOAT32, false),
                     b = build((enum layer)layer, 0.3, HONE_FLOAT32, false),
                     zero = build((enum layer)layer, 0, HONE_FLOAT32, false);
        hone_error err = HONE_ERROR_INIT;
        copy_parameters(&b, &plain);
        CU_ASSERT_EQUAL(zero.g->n_nodes, plain.g->n_nodes);
        CU_ASSERT_EQUAL(hone_net_infer(plain.net, &err), HONE_OK);
        CU_ASSERT_EQUAL(hone_net_infer(b.net, &err), HONE_OK);
        CU_ASSERT_EQUAL(memcmp(hone_net_output(plain.net), hone_net_output(b.net), BATCH * CLASSES * sizeof(float)), 0);
        CU_ASSERT_EQUAL(memcmp(hone_net_losses(plain.net), hone_net_losses(b.net), BATCH * sizeof(float)), 0);
        const double loss = loss_at(&plain, 3);
        CU_ASSERT_NOT_EQUAL(loss_at(&b, 3), loss);
        CU_ASSERT_EQUAL(loss_at(&zero, 3), loss);
        if (layer < ACTIVITY) {
            for (int32_t id = 0; id < b.g->n_nodes; id++)
                hone_nn_set_noise(b.g, (hone_var){ id }, 0);
            CU_ASSERT_EQUAL(loss_at(&b, 3), loss);
            CU_ASSERT_EQUAL(memcmp(b.g->gradients, plain.g->gradients, plain.g->block * sizeof(float)), 0);
        }
        release(&plain);
        release(&b);
        release(&zero);
    }
}

/* A rate that is set is that of a network built with it: to the bit, masks, scales and the derivative of the relu in front, on which
 * dropout works in place. */
static void test_dropout_takes_another_rate(void)
{
    static const double rates[] = { 0.2, 0.6, 0 };
    const hone_graph_options options = { sizeof options, 1, 9 };
    const int64_t in = 7, classes = CLASSES;
    for (int k = 0; k < 3; k++) {
        float gradients[2][7 * 32];
        double losses[2];
        for (int set = 0; set < 2; set++) {
            hone_error err = HONE_ERROR_INIT;
            hone_graph *g = hone_nn_graph_create(&options);
            hone_net *net = NULL;
            const hone_var x = hone_nn_input(g, "x", &in, 1), t = hone_nn_input(g, "t", &classes, 1);
            hone_var h = hone_nn_relu(g, hone_dense(g, x, .units = 32));
            const hone_var dropped = h = hone_nn_dropout(g, h, set ? 0.4 : rates[k]);
            h = hone_dense(g, h, .units = CLASSES);
            CU_ASSERT_EQUAL_FATAL(hone_nn_compile(g, hone_nn_softmax_cross_entropy(g, h, t), h, BATCH, &net, &err),
                                  HONE_OK);
            fill(hone_net_input(net, x), BATCH * in, 3);
            fill_targets(hone_net_input(net, t), BATCH, CLASSES, 4, false);
            if (set)
                hone_nn_set_noise(g, dropped, rates[k]);
            CU_ASSERT_EQUAL(hone_net_forward_backward(net, 2, &losses[set], &err), HONE_OK);
            uint32_t n;
            const hone_parameter *first = hone_nn_parameters(g, &n)[0];
            memcpy(gradients[set], first->gradient, 7 * 32 * sizeof(float));
            hone_net_destroy(net);
            hone_nn_graph_destroy(g);
        }
        CU_ASSERT_EQUAL(losses[0], losses[1]);
        CU_ASSERT_EQUAL(memcmp(gradients[0], gradients[1], 7 * 32 * sizeof(float)), 0);
    }
}

/* Same step, same masks, in a net of another precision too; another step, others. */
static void test_masks_belong_to_the_step(void)
{
    for (int layer = SPATIAL; layer < ACTIVITY; layer++) {
        struct built b = build((enum layer)layer, 0.3, HONE_FLOAT32, false);
        const double a = loss_at(&b, 3);
        CU_ASSERT_NOT_EQUAL(loss_at(&b, 4), a);
        CU_ASSERT_EQUAL(loss_at(&b, 3), a);
        release(&b);
    }
}

/* Products of bfloat16 numbers, rounded ones on every CPU and real ones where there are: near float32. */
static void test_bfloat16(void)
{
    hone_graph *probe = hone_nn_graph_create(NULL);
    const bool native = onednn_has_bfloat16(true);
    hone_nn_graph_destroy(probe);
    for (int layer = SPATIAL; layer < LAYERS; layer++)
        for (int rounded = native ? 0 : 1; rounded < 2; rounded++) {
            const double rate = layer == ACTIVITY ? 0.01 : 0.3;
            struct built a = build((enum layer)layer, rate, HONE_FLOAT32, false),
                         b = build((enum layer)layer, rate, HONE_BFLOAT16, rounded);
            uint32_t n;
            double off = 0, size = 0;
            hone_parameter *const *p = hone_nn_parameters(a.g, &n), *const *q = hone_nn_parameters(b.g, &n);
            hone_error err = HONE_ERROR_INIT;
            for (uint32_t i = 0; i < n; i++) { /* by way of the plain order: layouts may differ */
                float *plain = malloc((size_t)hone_shape_elements(p[i]->dims, p[i]->n_dims) * sizeof *plain);
                CU_ASSERT_EQUAL(hone_nn_read(a.g, i, plain, &err), HONE_OK);
                CU_ASSERT_EQUAL(hone_nn_write(b.g, i, plain, &err), HONE_OK);
                free(plain);
            }
            const double first = loss_at(&a, 3), second = loss_at(&b, 3);
            CU_ASSERT(fabs(second / first - 1) < 0.03);
            for (uint32_t i = 0; i < n; i++) {
                double left = 0, right = 0;
                for (uint64_t e = 0; e < p[i]->length; e++)
                    left += (double)p[i]->gradient[e] * (double)p[i]->gradient[e];
                for (uint64_t e = 0; e < q[i]->length; e++)
                    right += (double)q[i]->gradient[e] * (double)q[i]->gradient[e];
                off += pow(sqrt(left) - sqrt(right), 2);
                size += left;
            }
            CU_ASSERT(sqrt(off / size) < 0.05);
            release(&a);
            release(&b);
        }
}

/* The losses of a step are those without, and the penalties by their formulas. */
static void test_penalties_by_their_formulas(void)
{
    const hone_graph_options options = { sizeof options, 1, 9 };
    const int64_t in = 7, classes = CLASSES;
    float losses[BATCH];
    for (int with = 0; with < 2; with++) {
        hone_error err = HONE_ERROR_INIT;
        hone_graph *g = hone_nn_graph_create(&options);
        hone_net *net = NULL;
        double loss;
        const hone_var x = hone_nn_input(g, "x", &in, 1), t = hone_nn_input(g, "t", &classes, 1);
        const hone_var h = hone_dense(g, x, .units = CLASSES);
        if (with) {
            hone_nn_penalize_activity(g, h, 0.25);
            hone_nn_penalize_confidence(g, h, 0.5);
        }
        CU_ASSERT_EQUAL_FATAL(hone_nn_compile(g, hone_nn_softmax_cross_entropy(g, h, t), h, BATCH, &net, &err),
                              HONE_OK);
        fill(hone_net_input(net, x), BATCH * in, 3);
        fill_targets(hone_net_input(net, t), BATCH, CLASSES, 4, false);
        CU_ASSERT_EQUAL(hone_net_infer(net, &err), HONE_OK);
        for (int r = 0; r < BATCH; r++) {
            const float *y = hone_net_output(net) + r * CLASSES;
            double squares = 0, sum = 0, negative_entropy = 0;
            for (int c = 0; c < CLASSES; c++) {
                squares += (double)y[c] * (double)y[c];
                sum += exp((double)y[c]);
            }
            for (int c = 0; c < CLASSES; c++)
                negative_entropy += exp((double)y[c]) / sum * log(exp((double)y[c]) / sum);
            losses[r] = hone_net_losses(net)[r] + (float)(with ? 0.25 * squares + 0.5 * negative_entropy : 0);
        }
        CU_ASSERT_EQUAL(hone_net_forward_backward(net, 1, &loss, &err), HONE_OK);
        for (int r = 0; r < BATCH; r++)
            CU_ASSERT_DOUBLE_EQUAL(hone_net_losses(net)[r], losses[r], 1e-5);
        hone_net_destroy(net);
        hone_nn_graph_destroy(g);
    }
}

static void test_mistakes_are_told(void)
{
    const int64_t image[3] = { 3, 8, 8 }, n = 5;
    hone_error err = HONE_ERROR_INIT;
    for (int k = 0; k < 4; k++) {
        hone_graph *g = hone_nn_graph_create(NULL);
        const hone_var pixels = hone_nn_input(g, "x", image, 3), row = hone_nn_input(g, "r", &n, 1);
        const hone_var y = k == 0   ? hone_nn_spatial_dropout(g, pixels, 1)
                           : k == 1 ? hone_nn_drop_block(g, row, 0.1, 3)
                           : k == 2 ? hone_nn_drop_block(g, pixels, 0.1, 0)
                                    : hone_nn_gaussian_noise(g, row, -1);
        static const char *const words[] = { "rate = 1 must lie in [0, 1)", "takes (N, C, H, W), got (N, 5)",
                                             "block = 0", "deviation = -1" };
        CU_ASSERT(y.id < 0 && hone_nn_graph_error(g, &err) == HONE_EINVAL);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, words[k]));
        hone_nn_graph_destroy(g);
    }
}

static void test_says_what_made_a_value(void)
{
    const int64_t image[3] = { 3, 8, 8 };
    hone_graph *g = hone_nn_graph_create(NULL);
    const hone_var x = hone_nn_input(g, "x", image, 3),
                   y = hone_nn_batch_norm(g, hone_conv2d(g, x, .filters = 4, .kernel = 1), NULL);
    CU_ASSERT_STRING_EQUAL(hone_nn_layer_kind(g, x), "input");
    CU_ASSERT_STRING_EQUAL(hone_nn_layer_kind(g, hone_nn_flatten(g, y)), "batch_norm");
    CU_ASSERT_STRING_EQUAL(hone_nn_layer_kind(g, hone_nn_drop_path(g, y, 0.5)), "drop_path");
    CU_ASSERT_STRING_EQUAL(hone_nn_layer_kind(g, (hone_var){ -1 }), "");
    hone_nn_graph_destroy(g);
}

SUITE(TEST(test_factors_have_the_share), TEST(test_groups_in_both_layouts), TEST(test_alpha_keeps_the_moments),
      TEST(test_gaussian_factors_have_the_moments), TEST(test_blocks_are_squares_of_the_share), TEST(test_gradients),
      TEST(test_only_in_training_and_nothing_at_zero), TEST(test_masks_belong_to_the_step),
      TEST(test_dropout_takes_another_rate), TEST(test_bfloat16), TEST(test_penalties_by_their_formulas),
      TEST(test_mistakes_are_told), TEST(test_says_what_made_a_value))
