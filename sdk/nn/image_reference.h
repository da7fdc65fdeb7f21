/* SPDX-License-Identifier: MIT */
/* For tests: the layers of vision networks as naive loops in double precision over row-major arrays, forward only. Gradients
 * are central differences of the reference's loss with respect to its parameters, so that they share no derivation with the
 * library. Everything that trains lies behind a first dense layer, whose weights' gradients show those of every value. */
#ifndef HONE_NN_IMAGE_REFERENCE_H
#define HONE_NN_IMAGE_REFERENCE_H
#include "graph.h"
#include "kernels.h"

#include "fixture.h"

/* What products are computed in, and how far from the reference results and gradients may be. A file of tests may say otherwise
 * first; in bfloat16 the reference starts from rounded numbers, and errors are root mean squares: what is rounded on the way may
 * fall to the other side of a kink. */
#ifndef IM_PRECISION
#define IM_PRECISION HONE_FLOAT32
#define IM_CLOSE     2e-5
#define IM_GRADIENT  2e-4
#define IM_CHECKED   40 /* gradients of a parameter, and no more, for each is two forward passes */
#endif

enum image_kind {
    IM_INPUT,
    IM_DENSE,
    IM_SAME, /* reshape, flatten */
    IM_CONV,
    IM_DECONV,
    IM_MAX,
    IM_AVERAGE,
    IM_GLOBAL,
    IM_BATCH_NORM,
    IM_LAYER_NORM,
    IM_GROUP_NORM,
    IM_RELU,
    IM_LEAKY,
    IM_SWISH,
    IM_ADD,
    IM_CONCAT,
    IM_TRANSPOSE,
    IM_NEAREST,
    IM_BILINEAR,
    IM_EMBEDDING
};
enum { IM_MOST = 48 };

struct image_node {
    enum image_kind kind;
    int a, b, c;
    hone_var var;
    int64_t dims[HONE_MAX_DIMS]; /* padded with ones on the right */
    int64_t n;                   /* elements of a sample */
    int kernel, bias, running;   /* parameters, buffers */
    int64_t k[2], s[2], p[2], d[2], groups;
    bool exclude;
    double number;
    uint32_t order[3];
    double *value; /* (batch, n) */
};

struct image_net {
    hone_graph *g;
    struct image_node node[IM_MOST];
    int n, n_parameters, n_buffers, x, t;
    double *parameter[IM_MOST], *buffer[IM_MOST];
    int64_t batch;
    bool training;
};

static inline int im_push(struct image_net *r, enum image_kind kind, int a, hone_var var)
{
    struct image_node *d = &r->node[r->n];
    hone_error err = HONE_ERROR_INIT;
    *d = (struct image_node){
        .kind = kind, .a = a, .b = -1, .c = -1, .var = var, .kernel = -1, .bias = -1, .running = -1, .n = 1
    };
    if (hone_nn_graph_error(r->g, &err) < 0)
        printf("# %s\n", err.msg);
    CU_ASSERT_FATAL(var.id >= 0);
    const uint32_t n = hone_nn_shape(r->g, var, d->dims);
    for (uint32_t i = 0; i < HONE_MAX_DIMS; i++) {
        d->dims[i] = i < n ? d->dims[i] : 1;
        d->n *= d->dims[i];
    }
    return r->n++;
}

static inline void im_parameters(struct image_net *r, int id, bool bias)
{
    r->node[id].kernel = r->n_parameters++;
    if (bias)
        r->node[id].bias = r->n_parameters++;
}

static inline void im_set_precision(hone_graph *g)
{
    hone_nn_set_precision(g, IM_PRECISION);
    g->rounded = IM_PRECISION == HONE_BFLOAT16 && !onednn_has_bfloat16(false);
}

/* (N, in) -> dense -> (N, c, h, w) */
static inline int im_start(struct image_net *r, uint64_t seed, const int64_t *dims, uint32_t n_dims)
{
    const hone_graph_options options = { sizeof options, 1, seed };
    const int64_t in = 3;
    int64_t units = 1;
    memset(r, 0, sizeof *r);
    r->g = hone_nn_graph_create(&options);
    im_set_precision(r->g);
    r->x = im_push(r, IM_INPUT, -1, hone_nn_input(r->g, "x", &in, 1));
    for (uint32_t i = 0; i < n_dims; i++)
        units *= dims[i];
    const int dense = im_push(r, IM_DENSE, r->x, hone_dense(r->g, r->node[r->x].var, .units = units, .init = "lecun"));
    im_parameters(r, dense, true);
    return im_push(r, IM_SAME, dense, hone_nn_reshape(r->g, r->node[dense].var, dims, n_dims));
}

static inline int im_conv(struct image_net *r, int x, struct hone_conv2d o)
{
    const int id = im_push(r, IM_CONV, x, hone_nn_conv2d(r->g, r->node[x].var, &o));
    struct image_node *d = &r->node[id];
    d->k[0] = o.kernel_h ? o.kernel_h : o.kernel;
    d->k[1] = o.kernel_w ? o.kernel_w : o.kernel;
    d->p[0] = o.pad_h ? o.pad_h : o.pad;
    d->p[1] = o.pad_w ? o.pad_w : o.pad;
    d->s[0] = d->s[1] = o.stride ? o.stride : 1;
    d->d[0] = d->d[1] = o.dilation ? o.dilation : 1;
    d->groups = o.groups ? o.groups : 1;
    im_parameters(r, id, !o.no_bias);
    return id;
}

static inline int im_norm(struct image_net *r, int x, enum image_kind kind, int64_t groups)
{
    const hone_var v = r->node[x].var;
    const hone_var y = kind == IM_BATCH_NORM   ? hone_batch_norm(r->g, v, .momentum = 0.75)
                       : kind == IM_LAYER_NORM ? hone_layer_norm(r->g, v, .epsilon = 1e-4)
                                               : hone_group_norm(r->g, v, .groups = groups);
    const int id = im_push(r, kind, x, y);
    r->node[id].groups = groups;
    im_parameters(r, id, true);
    if (kind == IM_BATCH_NORM) {
        r->node[id].running = r->n_buffers;
        r->n_buffers += 2;
    }
    return id;
}

static inline int im_pool(struct image_net *r, int x, enum image_kind kind, struct hone_pool o)
{
    const hone_var v = r->node[x].var;
    const int id = im_push(r, kind, x,
                           kind == IM_MAX ? hone_nn_max_pool(r->g, v, &o) : hone_nn_average_pool(r->g, v, &o));
    struct image_node *d = &r->node[id];
    d->k[0] = d->k[1] = o.kernel;
    d->s[0] = d->s[1] = o.stride ? o.stride : o.kernel;
    d->p[0] = d->p[1] = o.pad;
    d->d[0] = d->d[1] = 1;
    d->exclude = o.exclude_padding != 0;
    return id;
}

static inline int im_relu(struct image_net *r, int x)
{
    return im_push(r, IM_RELU, x, hone_nn_relu(r->g, r->node[x].var));
}

static inline int im_add(struct image_net *r, int a, int b)
{
    const int id = im_push(r, IM_ADD, a, hone_nn_add(r->g, r->node[a].var, r->node[b].var));
    r->node[id].b = b;
    return id;
}

static inline int im_flatten(struct image_net *r, int x)
{
    return im_push(r, IM_SAME, x, hone_nn_flatten(r->g, r->node[x].var));
}

static inline int im_global(struct image_net *r, int x)
{
    return im_push(r, IM_GLOBAL, x, hone_nn_global_average_pool(r->g, r->node[x].var));
}

static inline int im_dense(struct image_net *r, int x, int64_t units)
{
    const int id = im_push(r, IM_DENSE, x, hone_dense(r->g, r->node[x].var, .units = units, .init = "xavier"));
    im_parameters(r, id, true);
    return id;
}

static inline void im_conv_forward(const struct image_net *r, const struct image_node *d, const struct image_node *a)
{
    const double *w = r->parameter[d->kernel];
    const int64_t C = a->dims[0], K = d->dims[0], cg = C / d->groups, kg = K / d->groups;
    const int64_t flat = d->dims[2] == 1 && a->dims[2] == 1 && d->k[0] == 1 && d->k[1] > 1; /* (C, L) */
    const int64_t H = flat ? 1 : a->dims[1], W = flat ? a->dims[1] : a->dims[2], OH = flat ? 1 : d->dims[1],
                  OW = flat ? d->dims[1] : d->dims[2];
    for (int64_t e = 0; e < r->batch * d->n; e++) {
        const int64_t n = e / d->n, k = e % d->n / (OH * OW), oh = e / OW % OH, ow = e % OW;
        double sum = d->bias >= 0 ? r->parameter[d->bias][k] : 0;
        for (int64_t c = 0; c < cg; c++)
            for (int64_t i = 0; i < d->k[0]; i++)
                for (int64_t j = 0; j < d->k[1]; j++) {
                    const int64_t h = oh * (flat ? 1 : d->s[0]) + i * d->d[0] - d->p[0],
                                  v = ow * d->s[1] + j * d->d[1] - d->p[1];
                    if (h >= 0 && h < H && v >= 0 && v < W)
                        sum += a->value[((n * C + k / kg * cg + c) * H + h) * W + v] *
                               w[((k * cg + c) * d->k[0] + i) * d->k[1] + j];
                }
        d->value[e] = sum;
    }
}

static inline void im_deconv_forward(const struct image_net *r, const struct image_node *d, const struct image_node *a)
{
    const double *w = r->parameter[d->kernel];
    const int64_t H = a->dims[1], W = a->dims[2], K = d->dims[0], OH = d->dims[1], OW = d->dims[2];
    for (int64_t e = 0; e < r->batch * d->n; e++)
        d->value[e] = d->bias >= 0 ? r->parameter[d->bias][e % d->n / (OH * OW)] : 0;
    for (int64_t e = 0; e < r->batch * a->n; e++) {
        const int64_t n = e / a->n, c = e % a->n / (H * W), h = e / W % H, v = e % W;
        for (int64_t k = 0; k < K; k++)
            for (int64_t i = 0; i < d->k[0]; i++)
                for (int64_t j = 0; j < d->k[1]; j++) {
                    const int64_t oh = h * d->s[0] + i - d->p[0], ow = v * d->s[1] + j - d->p[1];
                    if (oh >= 0 && oh < OH && ow >= 0 && ow < OW)
                        d->value[((n * K + k) * OH + oh) * OW + ow] += a->value[e] *
                                                                       w[((c * K + k) * d->k[0] + i) * d->k[1] + j];
                }
    }
}

static inline void im_pool_forward(const struct image_net *r, const struct image_node *d, const struct image_node *a)
{
    const int64_t H = a->dims[1], W = a->dims[2], OH = d->dims[1], OW = d->dims[2];
    for (int64_t e = 0; e < r->batch * d->n; e++) {
        const int64_t plane = e / (OH * OW), oh = e / OW % OH, ow = e % OW;
        double best = -INFINITY, sum = 0, count = 0;
        for (int64_t i = 0; i < d->k[0]; i++)
            for (int64_t j = 0; j < d->k[1]; j++) {
                const int64_t h = oh * d->s[0] + i - d->p[0], v = ow * d->s[1] + j - d->p[1];
                if (h < 0 || h >= H || v < 0 || v >= W)
                    continue;
                const double x = a->value[(plane * H + h) * W + v];
                best = fmax(best, x);
                sum += x;
                count++;
            }
        d->value[e] = d->kind == IM_MAX ? best : sum / (d->exclude ? count : (double)(d->k[0] * d->k[1]));
    }
}

/* Over the numbers that `same` puts into one class: mean and variance, then weight and bias by `channel`. */
static inline void im_normalize(const struct image_net *r, const struct image_node *d, const struct image_node *a)
{
    const int64_t pixels = a->n / a->dims[0], total = r->batch * a->n,
                  row = a->dims[2] > 1   ? a->dims[2]
                        : a->dims[1] > 1 ? a->dims[1]
                                         : a->dims[0];
    const int64_t classes = d->kind == IM_BATCH_NORM   ? a->dims[0]
                            : d->kind == IM_LAYER_NORM ? total / row
                                                       : r->batch * d->groups;
    double *sum = calloc((size_t)classes, sizeof *sum), *squares = calloc((size_t)classes, sizeof *squares);
    double *count = calloc((size_t)classes, sizeof *count);
    const double epsilon = d->kind == IM_LAYER_NORM ? 1e-4 : 1e-5;
    for (int pass = 0; pass < 3; pass++)
        for (int64_t e = 0; e < total; e++) {
            const int64_t c = e % a->n / pixels;
            const int64_t k = d->kind == IM_BATCH_NORM   ? c
                              : d->kind == IM_LAYER_NORM ? e / row
                                                         : e / a->n * d->groups + c / (a->dims[0] / d->groups);
            const int64_t at = d->kind == IM_LAYER_NORM ? e % row : c;
            double mean = pass ? sum[k] / count[k] : 0, variance = pass == 2 ? squares[k] / count[k] : 1;
            if (d->kind == IM_BATCH_NORM && !r->training) {
                mean = r->buffer[d->running][c];
                variance = r->buffer[d->running + 1][c];
            }
            if (pass == 0) {
                sum[k] += a->value[e];
                count[k]++;
            } else if (pass == 1)
                squares[k] += (a->value[e] - mean) * (a->value[e] - mean);
            else
                d->value[e] = (a->value[e] - mean) / sqrt(variance + epsilon) * r->parameter[d->kernel][at] +
                              r->parameter[d->bias][at];
        }
    free(sum);
    free(squares);
    free(count);
}

static inline double im_tap(const double *plane, int64_t size[2], double y, double x)
{
    double sum = 0;
    y = fmax(y, 0);
    x = fmax(x, 0);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++) {
            const double h = fmin(floor(y) + i, (double)(size[0] - 1)), v = fmin(floor(x) + j, (double)(size[1] - 1));
            sum += plane[(int64_t)h * size[1] + (int64_t)v] * (i ? y - floor(y) : 1 - y + floor(y)) *
                   (j ? x - floor(x) : 1 - x + floor(x));
        }
    return sum;
}

static inline void im_upsample(const struct image_net *r, const struct image_node *d, const struct image_node *a)
{
    const int64_t OH = d->dims[1], OW = d->dims[2];
    for (int64_t e = 0; e < r->batch * d->n; e++) {
        const int64_t oh = e / OW % OH, ow = e % OW;
        const double *plane = a->value + e / (OH * OW) * a->dims[1] * a->dims[2];
        int64_t size[2] = { a->dims[1], a->dims[2] };
        d->value[e] = d->kind == IM_NEAREST
                          ? plane[(int64_t)((double)oh / d->number) * size[1] + (int64_t)((double)ow / d->number)]
                          : im_tap(plane, size, ((double)oh + 0.5) / d->number - 0.5,
                                   ((double)ow + 0.5) / d->number - 0.5);
    }
}

static inline void im_element(const struct image_net *r, const struct image_node *d, int64_t e)
{
    const struct image_node *a = &r->node[d->a], *b = d->b >= 0 ? &r->node[d->b] : NULL;
    const int64_t n = e / d->n, i = e % d->n;
    if (d->kind == IM_DENSE) {
        double sum = r->parameter[d->bias][i];
        for (int64_t k = 0; k < a->n; k++)
            sum += a->value[n * a->n + k] * r->parameter[d->kernel][i * a->n + k];
        d->value[e] = sum;
    } else if (d->kind == IM_SAME)
        d->value[e] = a->value[e];
    else if (d->kind == IM_RELU)
        d->value[e] = fmax(a->value[e], 0);
    else if (d->kind == IM_LEAKY)
        d->value[e] = a->value[e] > 0 ? a->value[e] : d->number * a->value[e];
    else if (d->kind == IM_SWISH)
        d->value[e] = a->value[e] / (1 + exp(-a->value[e]));
    else if (d->kind == IM_ADD)
        d->value[e] = a->value[e] + b->value[e];
    else if (d->kind == IM_CONCAT) {
        const struct image_node *c = d->c >= 0 ? &r->node[d->c] : NULL;
        d->value[e] = i < a->n          ? a->value[n * a->n + i]
                      : i < a->n + b->n ? b->value[n * b->n + i - a->n]
                                        : c->value[n * c->n + i - a->n - b->n];
    } else if (d->kind == IM_GLOBAL) {
        double sum = 0;
        for (int64_t p = 0; p < a->n / d->n; p++)
            sum += a->value[n * a->n + i * (a->n / d->n) + p];
        d->value[e] = sum / (double)(a->n / d->n);
    } else if (d->kind == IM_TRANSPOSE) {
        const int64_t at[3] = { i / (d->dims[1] * d->dims[2]), i / d->dims[2] % d->dims[1], i % d->dims[2] };
        int64_t from[3] = { 0, 0, 0 };
        for (int k = 0; k < 3; k++)
            from[d->order[k]] = at[k];
        d->value[e] = a->value[n * a->n + (from[0] * a->dims[1] + from[1]) * a->dims[2] + from[2]];
    } else if (d->kind == IM_EMBEDDING)
        d->value[e] = r->parameter[d->kernel][(int64_t)a->value[e / d->dims[1]] * d->dims[1] + i % d->dims[1]];
}

/* Mean over the batch of the mean squared error of node `last`. losses: NULL or (batch) */
static inline double im_forward(struct image_net *r, int last, const double *x, const double *t, double *losses)
{
    double loss = 0;
    for (int i = 0; i <= last; i++) {
        struct image_node *d = &r->node[i];
        if (d->kind == IM_INPUT)
            memcpy(d->value, x, (size_t)(r->batch * d->n) * sizeof *x);
        else if (d->kind == IM_CONV)
            im_conv_forward(r, d, &r->node[d->a]);
        else if (d->kind == IM_DECONV)
            im_deconv_forward(r, d, &r->node[d->a]);
        else if (d->kind == IM_MAX || d->kind == IM_AVERAGE)
            im_pool_forward(r, d, &r->node[d->a]);
        else if (d->kind == IM_BATCH_NORM || d->kind == IM_LAYER_NORM || d->kind == IM_GROUP_NORM)
            im_normalize(r, d, &r->node[d->a]);
        else if (d->kind == IM_NEAREST || d->kind == IM_BILINEAR)
            im_upsample(r, d, &r->node[d->a]);
        else
            for (int64_t e = 0; e < r->batch * d->n; e++)
                im_element(r, d, e);
    }
    const struct image_node *d = &r->node[last];
    for (int64_t e = 0; e < r->batch * d->n; e++) {
        const double term = (d->value[e] - t[e]) * (d->value[e] - t[e]) / (double)d->n;
        loss += term / (double)r->batch;
        if (losses)
            losses[e / d->n] = (e % d->n ? losses[e / d->n] : 0) + term;
    }
    return loss;
}

/* Relative to the root mean square of what is expected. */
static inline double im_root(const float *got, const double *expected, int64_t n)
{
    double scale = 0, error = 0;
    for (int64_t i = 0; i < n; i++) {
        scale += expected[i] * expected[i];
        error += ((double)got[i] - expected[i]) * ((double)got[i] - expected[i]);
    }
    return error > 0 ? sqrt(error / (scale + 1e-3 * (double)n)) : error;
}

static inline double im_worst(const float *got, const double *expected, int64_t n)
{
    double scale = 1e-2, error = 0;
    if (IM_PRECISION != HONE_FLOAT32)
        return im_root(got, expected, n);
    for (int64_t i = 0; i < n; i++)
        scale = fmax(scale, fabs(expected[i]));
    for (int64_t i = 0; i < n; i++) {
        const double e = fabs((double)got[i] - expected[i]) / scale;
        if (!(e <= error)) /* NaN too */
            error = e;
    }
    return error;
}

/* Numbers of the graph, in plain order, for the reference; weights and biases of norms and other biases get values first. */
static inline void im_take_parameters(struct image_net *r)
{
    uint32_t n;
    hone_error err = HONE_ERROR_INIT;
    hone_parameter *const *p = hone_nn_parameters(r->g, &n);
    CU_ASSERT_EQUAL_FATAL((int)n, r->n_parameters);
    for (uint32_t i = 0; i < n; i++) {
        const int64_t length = hone_shape_elements(p[i]->dims, p[i]->n_dims);
        float *plain = malloc((size_t)length * sizeof *plain);
        r->parameter[i] = malloc((size_t)length * sizeof(double));
        if (p[i]->role == HONE_PARAMETER_BIAS || p[i]->role == HONE_PARAMETER_NORM) {
            fill(plain, length, 1000 + i);
            CU_ASSERT_EQUAL(hone_nn_write(r->g, i, plain, &err), HONE_OK);
        }
        CU_ASSERT_EQUAL(hone_nn_read(r->g, i, plain, &err), HONE_OK);
        if (IM_PRECISION != HONE_FLOAT32) {
            kernel_round_bfloat16(plain, plain, length);
            CU_ASSERT_EQUAL(hone_nn_write(r->g, i, plain, &err), HONE_OK);
        }
        for (int64_t e = 0; e < length; e++)
            r->parameter[i][e] = (double)plain[e];
        free(plain);
    }
}

static inline void im_take_buffers(struct image_net *r)
{
    uint32_t n;
    hone_parameter *const *p = hone_nn_buffers(r->g, &n);
    CU_ASSERT_EQUAL_FATAL((int)n, r->n_buffers);
    for (uint32_t i = 0; i < n; i++) {
        free(r->buffer[i]);
        r->buffer[i] = malloc(p[i]->length * sizeof(double));
        for (uint64_t e = 0; e < p[i]->length; e++)
            r->buffer[i][e] = (double)p[i]->value[e];
    }
}

/* The gradient of parameter i in plain order, read by putting it where the values are. */
static inline void im_gradient(struct image_net *r, uint32_t i, float *plain)
{
    uint32_t n;
    hone_error err = HONE_ERROR_INIT;
    hone_parameter *p = hone_nn_parameters(r->g, &n)[i];
    float *kept = malloc(p->length * sizeof *kept);
    memcpy(kept, p->value, p->length * sizeof *kept);
    memcpy(p->value, p->gradient, p->length * sizeof *kept);
    CU_ASSERT_EQUAL(hone_nn_read(r->g, i, plain, &err), HONE_OK);
    memcpy(p->value, kept, p->length * sizeof *kept);
    free(kept);
}

static inline void im_check_gradients(struct image_net *r, int last, const double *x, const double *t, const char *what)
{
    uint32_t n;
    hone_parameter *const *p = hone_nn_parameters(r->g, &n);
    for (uint32_t i = 0; i < n; i++) {
        const int64_t length = hone_shape_elements(p[i]->dims, p[i]->n_dims);
        float *got = malloc((size_t)length * sizeof *got);
        double *expected = malloc((size_t)length * sizeof *expected);
        im_gradient(r, i, got);
        int64_t checked = 0;
        for (int64_t e = (int64_t)i % 3; e < length; e += length / IM_CHECKED + 1) {
            const double before = r->parameter[i][e], step = 1e-5;
            r->parameter[i][e] = before + step;
            const double up = im_forward(r, last, x, t, NULL);
            r->parameter[i][e] = before - step;
            got[checked] = got[e];
            expected[checked++] = (up - im_forward(r, last, x, t, NULL)) / (2 * step);
            r->parameter[i][e] = before;
        }
        const double error = im_worst(got, expected, checked);
        if (!(error < IM_GRADIENT))
            printf("# %s: gradient of %s is off by %g, batch %lld\n", what, p[i]->name, error, (long long)r->batch);
        CU_ASSERT(error < IM_GRADIENT);
        free(got);
        free(expected);
    }
}

/* Compiles node `last` (flattened where it is none) for a batch, compares loss, gradients, running statistics, inference. */
static inline void im_compare(struct image_net *r, int last, int64_t batch, const char *what)
{
    hone_error err = HONE_ERROR_INIT;
    hone_net *net = NULL;
    double loss = 0;
    int64_t dims[HONE_MAX_DIMS];
    if (hone_nn_shape(r->g, r->node[last].var, dims) > 1)
        last = im_flatten(r, last);
    const struct image_node *d = &r->node[last];
    const hone_var t = hone_nn_input(r->g, "t", &d->n, 1);
    const hone_var mse = hone_nn_mse(r->g, d->var, t);
    const hone_rc rc = hone_nn_compile(r->g, mse, d->var, batch, &net, &err);
    if (rc < 0)
        printf("# %s: %s\n", what, err.msg);
    CU_ASSERT_EQUAL_FATAL(rc, HONE_OK);
    r->batch = batch;
    r->training = true;
    im_take_parameters(r);
    im_take_buffers(r);
    double *x = malloc((size_t)(batch * 3) * sizeof *x), *tt = malloc((size_t)(batch * d->n) * sizeof *tt);
    double *losses = malloc((size_t)batch * sizeof *losses);
    for (int i = 0; i < r->n; i++)
        r->node[i].value = calloc((size_t)(batch * r->node[i].n), sizeof(double));
    fill(hone_net_input(net, r->node[r->x].var), batch * 3, 1);
    fill(hone_net_input(net, t), batch * d->n, 2);
    if (IM_PRECISION != HONE_FLOAT32)
        kernel_round_bfloat16(hone_net_input(net, r->node[r->x].var), hone_net_input(net, r->node[r->x].var),
                              batch * 3);
    if (r->n > 1 && r->node[1].kind == IM_EMBEDDING)
        for (int64_t i = 0; i < batch * 3; i++)
            hone_net_input(net, r->node[r->x].var)[i] = (float)(i * 7 % 5);
    for (int64_t i = 0; i < batch * 3; i++)
        x[i] = (double)hone_net_input(net, r->node[r->x].var)[i];
    for (int64_t i = 0; i < batch * d->n; i++)
        tt[i] = (double)hone_net_input(net, t)[i];
    for (int again = 0; again < 2; again++) { /* a second step finds used buffers */
        CU_ASSERT_EQUAL(hone_net_forward_backward(net, 1, &loss, &err), HONE_OK);
        const double expected = im_forward(r, last, x, tt, losses);
        if (!(fabs(loss - expected) < 0.5 * IM_CLOSE * (1 + expected)))
            printf("# %s: loss %g instead of %g\n", what, loss, expected);
        CU_ASSERT_DOUBLE_EQUAL(loss, expected, 0.5 * IM_CLOSE * (1 + expected));
        CU_ASSERT(im_worst(hone_net_losses(net), losses, batch) < IM_CLOSE);
    }
    im_check_gradients(r, last, x, tt, what);
    im_take_buffers(r);
    r->training = false;
    CU_ASSERT_EQUAL(hone_net_infer(net, &err), HONE_OK);
    im_forward(r, last, x, tt, losses);
    const double error = im_worst(hone_net_output(net), d->value, batch * d->n);
    if (!(error < IM_CLOSE))
        printf("# %s: inference is off by %g\n", what, error);
    CU_ASSERT(error < IM_CLOSE);
    hone_net_destroy(net);
    free(x);
    free(tt);
    free(losses);
}

static inline void im_destroy(struct image_net *r)
{
    for (int i = 0; i < IM_MOST; i++) {
        free(r->node[i].value);
        free(r->parameter[i]);
        free(r->buffer[i]);
    }
    hone_nn_graph_destroy(r->g);
}
#endif
