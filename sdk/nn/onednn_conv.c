/* SPDX-License-Identifier: MIT */
/* Convolutions of channels-last images, their three passes, in oneDNN 2.x and 3.x. */
#include "onednn_api.h"

#include "hone/param.h"

#include <stdlib.h>
#include <string.h>

/* (n, c, h, w), stored (n, h, w, c) */
static dnnl_status_t md_image(struct md *md, dnnl_data_type_t type, int64_t n, int64_t c, const int64_t size[2])
{
    const dnnl_dims_t dims = { n, c, size[0], size[1] };
    const dnnl_dims_t strides = { size[0] * size[1] * c, 1, size[1] * c, c };
    return md_make(md, type, 4, dims, strides);
}

/* (groups, filters, channels, rows, columns) or without groups */
static int kernel_dims(const struct conv_shape *s, dnnl_dims_t dims)
{
    int n = 0;
    if (s->groups > 1)
        dims[n++] = s->groups;
    dims[n++] = s->filters / s->groups;
    dims[n++] = s->channels / s->groups;
    dims[n++] = s->kernel[0];
    dims[n++] = s->kernel[1];
    return n;
}

static dnnl_status_t layout_set(struct layout *l, const struct conv_shape *shape, md_pointer md)
{
    l->n_dims = kernel_dims(shape, l->dims);
    return md_copy(&l->md, md);
}

hone_rc layout_taps_first(const struct conv_shape *shape, const char *who, struct layout **out, hone_error *err)
{
    const int64_t k = shape->filters, c = shape->channels;
    const dnnl_dims_t strides = { 1, k, shape->kernel[1] * c * k, c * k };
    dnnl_dims_t dims;
    struct layout *l = calloc(1, sizeof *l);
    if (!l || md_make(&l->md, dnnl_f32, kernel_dims(shape, dims), dims, strides) != dnnl_success) {
        layout_destroy(l);
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for layer '%s'", who);
    }
    l->n_dims = kernel_dims(shape, l->dims);
    *out = l;
    return HONE_OK;
}

struct conv_mds {
    struct md x, w, b, y;
};

struct spatial {
    dnnl_dims_t strides, dilates, before, after;
};

static struct spatial spatial_of(const struct conv_shape *s)
{
    struct spatial p;
    memset(&p, 0, sizeof p);
    for (int i = 0; i < 2; i++) {
        p.strides[i] = s->stride[i];
        p.dilates[i] = s->dilation[i] - 1;
        p.before[i] = s->pad[i];
        /* what the last window reaches beyond the image */
        p.after[i] = (s->out[i] - 1) * s->stride[i] + s->dilation[i] * (s->kernel[i] - 1) + 1 - s->in[i] - s->pad[i];
    }
    return p;
}

static dnnl_status_t describe_forward(dnnl_engine_t engine, dnnl_primitive_desc_t *desc, const struct spatial *p,
                                      const struct conv_mds *m, dnnl_primitive_attr_t attr)
{
    const md_pointer x = md_of(&m->x), w = md_of(&m->w), b = md_of(&m->b), y = md_of(&m->y);
#if V3
    return dnnl_convolution_forward_primitive_desc_create(desc, engine, dnnl_forward_training, dnnl_convolution_direct,
                                                          x, w, b, y, p->strides, p->dilates, p->before, p->after,
                                                          attr);
#else
    dnnl_convolution_desc_t op;
    const dnnl_status_t status = dnnl_dilated_convolution_forward_desc_init(
        &op, dnnl_forward_training, dnnl_convolution_direct, x, w, b, y, p->strides, p->dilates, p->before, p->after);
    return status == dnnl_success ? dnnl_primitive_desc_create(desc, &op, attr, engine, NULL) : status;
#endif
}

/* hint: the forward pass's descriptor */
static dnnl_status_t describe_backward(dnnl_engine_t engine, dnnl_primitive_desc_t *desc, enum conv_pass pass,
                                       const struct spatial *p, const struct conv_mds *m, dnnl_primitive_desc_t hint,
                                       dnnl_primitive_attr_t attr)
{
    const md_pointer x = md_of(&m->x), w = md_of(&m->w), b = md_of(&m->b), y = md_of(&m->y);
#if V3
    if (pass == CONV_DATA)
        return dnnl_convolution_backward_data_primitive_desc_create(
            desc, engine, dnnl_convolution_direct, x, w, y, p->strides, p->dilates, p->before, p->after, hint, attr);
    return dnnl_convolution_backward_weights_primitive_desc_create(
        desc, engine, dnnl_convolution_direct, x, w, b, y, p->strides, p->dilates, p->before, p->after, hint, attr);
#else
    dnnl_convolution_desc_t op;
    const dnnl_status_t status = pass == CONV_DATA
                                     ? dnnl_dilated_convolution_backward_data_desc_init(&op, dnnl_convolution_direct, x,
                                                                                        w, y, p->strides, p->dilates,
                                                                                        p->before, p->after)
                                     : dnnl_dilated_convolution_backward_weights_desc_init(
                                           &op, dnnl_convolution_direct, x, w, b, y, p->strides, p->dilates, p->before,
                                           p->after);
    return status == dnnl_success ? dnnl_primitive_desc_create(desc, &op, attr, engine, hint) : status;
#endif
}

/* The result of a pass stays float32. */
static dnnl_status_t conv_mds(struct conv_mds *m, const struct conv_shape *s, enum conv_pass pass)
{
    const dnnl_data_type_t half = s->bfloat16 ? dnnl_bf16 : dnnl_f32;
    dnnl_dims_t kernel;
    const int n_dims = kernel_dims(s, kernel);
    const dnnl_dims_t bias = { s->filters }, one = { 1 };
    dnnl_status_t status = md_image(&m->x, pass == CONV_DATA ? dnnl_f32 : half, s->batch, s->channels, s->in);
    if (status == dnnl_success)
        status = md_make(&m->w, pass == CONV_WEIGHTS ? dnnl_f32 : half, n_dims, kernel, NULL);
    if (status == dnnl_success)
        status = md_image(&m->y, pass == CONV_FORWARD ? dnnl_f32 : half, s->batch, s->filters, s->out);
    if (status == dnnl_success && s->bias)
        status = md_make(&m->b, dnnl_f32, 1, bias, one);
    return status;
}

static void conv_mds_release(struct conv_mds *m)
{
    md_release(&m->x);
    md_release(&m->w);
    md_release(&m->b);
    md_release(&m->y);
}

static dnnl_status_t describe_conv(dnnl_engine_t engine, struct primitive *p, const struct conv_shape *s,
                                   enum conv_pass pass, const struct conv_mds *m, dnnl_primitive_attr_t attr)
{
    const struct spatial spatial = spatial_of(s);
    struct conv_mds forward = { .x = { .there = false } };
    dnnl_primitive_desc_t hint = NULL;
    if (pass == CONV_FORWARD)
        return describe_forward(engine, &p->desc, &spatial, m, attr);
    dnnl_status_t status = conv_mds(&forward, s, CONV_FORWARD);
    if (status == dnnl_success)
        status = describe_forward(engine, &hint, &spatial, &forward, attr);
    if (status == dnnl_success)
        status = describe_backward(engine, &p->desc, pass, &spatial, m, hint, attr);
    if (hint)
        dnnl_primitive_desc_destroy(hint);
    conv_mds_release(&forward);
    return status;
}

static dnnl_status_t conv_operands(struct primitive *p, const struct conv_mds *m, const struct conv_shape *shape,
                                   enum conv_pass pass)
{
    static const int args[][PRIMITIVE_OPERANDS] = {
        [CONV_FORWARD] = { DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, DNNL_ARG_BIAS },
        [CONV_DATA] = { DNNL_ARG_DIFF_DST, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_SRC, 0 },
        [CONV_WEIGHTS] = { DNNL_ARG_DIFF_DST, DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_BIAS },
    };
    const md_pointer weights = dnnl_primitive_desc_query_md(
        p->desc, pass == CONV_WEIGHTS ? dnnl_query_diff_weights_md : dnnl_query_weights_md, 0);
    const md_pointer mds[][PRIMITIVE_OPERANDS] = {
        [CONV_FORWARD] = { md_of(&m->x), weights, md_of(&m->y), md_of(&m->b) },
        [CONV_DATA] = { md_of(&m->y), weights, md_of(&m->x), NULL },
        [CONV_WEIGHTS] = { md_of(&m->y), md_of(&m->x), weights, md_of(&m->b) },
    };
    dnnl_status_t status = layout_set(&p->weights, shape, weights);
    for (int i = 0; i < PRIMITIVE_OPERANDS && status == dnnl_success; i++) {
        p->operands[i].arg = args[pass][i];
        if (mds[pass][i])
            status = md_copy(&p->operands[i].md, mds[pass][i]);
    }
    return status;
}

hone_rc conv_create(const struct conv_shape *shape, enum conv_pass pass, const char *who, struct primitive **out,
                    hone_error *err)
{
    dnnl_primitive_attr_t attr = NULL;
    struct conv_mds mds = { .x = { .there = false } };
    struct primitive *p = primitive_new(who, err);
    char what[200];
    if (!p)
        return HONE_ENOMEM;
    dnnl_status_t status;
    dnnl_engine_t engine = onednn_engine(&status);
    if (status != dnnl_success || (status = conv_mds(&mds, shape, pass)) != dnnl_success ||
        (status = primitive_attributes(false, &attr)) != dnnl_success ||
        (status = describe_conv(engine, p, shape, pass, &mds, attr)) != dnnl_success ||
        (status = conv_operands(p, &mds, shape, pass)) != dnnl_success)
        goto out;
    status = primitive_complete(p);
out:
    conv_mds_release(&mds);
    if (attr)
        dnnl_primitive_attr_destroy(attr);
    if (status != dnnl_success) {
        snprintf(what, sizeof what, "the convolution of (%lld, %lld, %lld, %lld) with %lld filters of %lldx%lld",
                 (long long)shape->batch, (long long)shape->channels, (long long)shape->in[0], (long long)shape->in[1],
                 (long long)shape->filters, (long long)shape->kernel[0], (long long)shape->kernel[1]);
        return primitive_refused(p, status, who, what, err);
    }
    *out = p;
    return HONE_OK;
}
