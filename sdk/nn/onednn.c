/* SPDX-License-Identifier: MIT */
/* The one file that includes dnnl.h: oneDNN 2.x (operation descriptors) and 3.x (none, and opaque memory descriptors). Engine
 * and stream are the process's, made at the first use and constant from then on; primitives of shapes seen before come from
 * oneDNN's own cache in microseconds. */
#include "onednn.h"

#include "hone/nn.h"
#include "hone/param.h"

#include <dlfcn.h>
#include <oneapi/dnnl/dnnl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#if DNNL_VERSION_MAJOR != 2 && DNNL_VERSION_MAJOR != 3
#error "this file speaks oneDNN 2.x and 3.x"
#endif
#define V3 (DNNL_VERSION_MAJOR == 3)

/* Written under pthread_once, read after it. */
static struct {
    pthread_once_t once;
    dnnl_status_t status;
    dnnl_engine_t engine;
    dnnl_stream_t stream; /* in-order, synchronous on a CPU: it holds no state that threads could share */
    void (*set_threads)(int);
    int (*max_threads)(void);
    char version[96];
} lib = { .once = PTHREAD_ONCE_INIT };

/* A worker sees many shapes in its life: a network of a hundred layers has three hundred primitives for each batch size. */
enum { CACHED_PRIMITIVES = 8192 };

static void *symbol(const char *name)
{
    return dlsym(RTLD_DEFAULT, name);
}

static void start(void)
{
    const dnnl_version_t *v = dnnl_version();
    static const struct {
        unsigned runtime;
        const char *name;
    } runtimes[] = { { DNNL_RUNTIME_SEQ, "sequential" },
                     { DNNL_RUNTIME_OMP, "OMP" },
                     { DNNL_RUNTIME_TBB, "TBB" },
                     { DNNL_RUNTIME_THREADPOOL, "threadpool" } };
    const char *runtime = "unknown";
    for (size_t i = 0; i < sizeof runtimes / sizeof *runtimes; i++)
        if (v->cpu_runtime == runtimes[i].runtime)
            runtime = runtimes[i].name;
    snprintf(lib.version, sizeof lib.version, "oneDNN %d.%d.%d (%s)", v->major, v->minor, v->patch, runtime);

    if (v->cpu_runtime == DNNL_RUNTIME_OMP) {
        /* libgomp comes with libdnnl; looked up, because a build of oneDNN on another runtime has none */
        void *set = symbol("omp_set_num_threads"), *get = symbol("omp_get_max_threads");
        if (set && get) {
            memcpy(&lib.set_threads, &set, sizeof set);
            memcpy(&lib.max_threads, &get, sizeof get);
        }
    }
    dnnl_set_primitive_cache_capacity(CACHED_PRIMITIVES);
    lib.status = dnnl_engine_create(&lib.engine, dnnl_cpu, 0);
    if (lib.status == dnnl_success)
        lib.status = dnnl_stream_create(&lib.stream, lib.engine, dnnl_stream_default_flags);
}

const char *hone_nn_version(void)
{
    pthread_once(&lib.once, start);
    return lib.version;
}

int threads_enter(uint32_t threads)
{
    pthread_once(&lib.once, start);
    if (!lib.set_threads)
        return 0;
    const int before = lib.max_threads();
    if (before != (int)threads)
        lib.set_threads((int)threads);
    return before;
}

void threads_leave(int before)
{
    if (before > 0 && before != lib.max_threads())
        lib.set_threads(before);
}

bool onednn_has_bfloat16(bool native)
{
    const unsigned needed = native ? (unsigned)dnnl_cpu_isa_avx512_core_bf16 : (unsigned)dnnl_cpu_isa_avx512_core;
    return ((unsigned)dnnl_get_effective_cpu_isa() & needed) ==
           needed; /* each set of instructions has the bits of those it contains */
}

/* ---- descriptors of memory, by value in 2.x and by pointer in 3.x ---- */
struct md {
    dnnl_memory_desc_t d;
    bool there;
};

#if V3
static dnnl_status_t md_make(struct md *md, dnnl_data_type_t type, int n_dims, const dnnl_dims_t dims,
                             const dnnl_dims_t strides)
{
    const dnnl_status_t status = strides ? dnnl_memory_desc_create_with_strides(&md->d, n_dims, dims, type, strides)
                                         : dnnl_memory_desc_create_with_tag(&md->d, n_dims, dims, type,
                                                                            dnnl_format_tag_any);
    md->there = status == dnnl_success;
    return status;
}

static dnnl_status_t md_copy(struct md *md, const_dnnl_memory_desc_t from)
{
    const dnnl_status_t status = dnnl_memory_desc_clone(&md->d, from);
    md->there = status == dnnl_success;
    return status;
}

static void md_release(struct md *md)
{
    if (md->there)
        dnnl_memory_desc_destroy(md->d);
    md->there = false;
}

static const_dnnl_memory_desc_t md_of(const struct md *md)
{
    return md->there ? md->d : NULL;
}
typedef const_dnnl_memory_desc_t md_pointer;
#else
static dnnl_status_t md_make(struct md *md, dnnl_data_type_t type, int n_dims, const dnnl_dims_t dims,
                             const dnnl_dims_t strides)
{
    const dnnl_status_t status = strides
                                     ? dnnl_memory_desc_init_by_strides(&md->d, n_dims, dims, type, strides)
                                     : dnnl_memory_desc_init_by_tag(&md->d, n_dims, dims, type, dnnl_format_tag_any);
    md->there = status == dnnl_success;
    return status;
}

static dnnl_status_t md_copy(struct md *md, const dnnl_memory_desc_t *from)
{
    md->d = *from;
    md->there = true;
    return dnnl_success;
}

static void md_release(struct md *md)
{
    md->there = false;
}

static const dnnl_memory_desc_t *md_of(const struct md *md)
{
    return md->there ? &md->d : NULL;
}
typedef const dnnl_memory_desc_t *md_pointer;
#endif

static dnnl_status_t md_matrix(struct md *md, dnnl_data_type_t type, int64_t rows, int64_t columns, bool transposed)
{
    const dnnl_dims_t dims = { rows, columns };
    const dnnl_dims_t strides = { transposed ? 1 : columns, transposed ? rows : 1 };
    return md_make(md, type, 2, dims, strides);
}

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

static dnnl_status_t md_plain(struct md *md, int n_dims, const dnnl_dims_t dims)
{
    dnnl_dims_t strides;
    int64_t stride = 1;
    for (int i = n_dims; i-- > 0; stride *= dims[i])
        strides[i] = stride;
    return md_make(md, dnnl_f32, n_dims, dims, strides);
}

/* ---- layouts ---- */
struct layout {
    struct md md;
    int n_dims;
    dnnl_dims_t dims;
};

static dnnl_status_t layout_set(struct layout *l, const struct conv_shape *shape, md_pointer md)
{
    l->n_dims = kernel_dims(shape, l->dims);
    return md_copy(&l->md, md);
}

struct layout *layout_clone(const struct layout *layout)
{
    struct layout *copy = calloc(1, sizeof *copy);
    if (!copy)
        return NULL;
    copy->n_dims = layout->n_dims;
    memcpy(copy->dims, layout->dims, sizeof copy->dims);
    if (md_copy(&copy->md, md_of(&layout->md)) != dnnl_success) {
        free(copy);
        return NULL;
    }
    return copy;
}

void layout_destroy(struct layout *layout)
{
    if (layout)
        md_release(&layout->md);
    free(layout);
}

uint64_t layout_bytes(const struct layout *layout)
{
    return dnnl_memory_desc_get_size(md_of(&layout->md));
}

bool layout_same(const struct layout *a, const struct layout *b)
{
    return dnnl_memory_desc_equal(md_of(&a->md), md_of(&b->md)) != 0;
}

bool layout_is_plain(const struct layout *layout)
{
    struct md md = { .there = false };
    const bool same = md_plain(&md, layout->n_dims, layout->dims) == dnnl_success &&
                      dnnl_memory_desc_equal(md_of(&md), md_of(&layout->md)) != 0;
    md_release(&md);
    return same;
}

/* ---- primitives ---- */
struct operand {
    int arg;
    struct md md;
};

struct primitive {
    dnnl_primitive_desc_t desc;
    dnnl_primitive_t primitive;
    struct operand operands[PRIMITIVE_OPERANDS + 1];
    struct layout weights; /* of a convolution: there where it is one */
};

struct call {
    dnnl_primitive_t primitive;
    int n;
    dnnl_exec_arg_t args[PRIMITIVE_OPERANDS + 1];
};

static const char *status_text(dnnl_status_t status)
{
    switch (status) {
    case dnnl_success: return "success";
    case dnnl_out_of_memory: return "out of memory";
    case dnnl_invalid_arguments: return "invalid arguments";
    case dnnl_unimplemented: return "not implemented";
#if V3
    case dnnl_last_impl_reached: return "no implementation left";
#else
    case dnnl_iterator_ends: return "no implementation left";
#endif
    case dnnl_runtime_error: return "run-time error";
    case dnnl_not_required: return "not required";
#if V3 && DNNL_VERSION_MINOR >= 2
    case dnnl_invalid_graph:
    case dnnl_invalid_graph_op:
    case dnnl_invalid_shape:
    case dnnl_invalid_data_type: return "invalid graph";
#endif
    }
    return "unknown status";
}

/* The scratchpad is the user's (the arena's), so that running allocates nothing that a plan could have held. */
static dnnl_status_t make_attributes(bool accumulate, dnnl_primitive_attr_t *attr)
{
    dnnl_post_ops_t post = NULL;
    dnnl_status_t status = dnnl_primitive_attr_create(attr);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(*attr, dnnl_scratchpad_mode_user);
    if (status == dnnl_success && accumulate) {
        status = dnnl_post_ops_create(&post);
        if (status == dnnl_success)
#if V3
            status = dnnl_post_ops_append_sum(post, 1.0f, 0, dnnl_data_type_undef);
#else
            status = dnnl_post_ops_append_sum(post, 1.0f);
#endif
        if (status == dnnl_success)
            status = dnnl_primitive_attr_set_post_ops(*attr, post);
        dnnl_post_ops_destroy(post);
    }
    return status;
}

/* From the descriptor on, the same for all. */
static dnnl_status_t complete(struct primitive *p)
{
    dnnl_status_t status = dnnl_primitive_create(&p->primitive, p->desc);
    if (status != dnnl_success)
        return status;
    const md_pointer scratch = dnnl_primitive_desc_query_md(p->desc, dnnl_query_scratchpad_md, 0);
    if (scratch && dnnl_memory_desc_get_size(scratch) > 0) {
        p->operands[PRIMITIVE_SCRATCH].arg = DNNL_ARG_SCRATCHPAD;
        status = md_copy(&p->operands[PRIMITIVE_SCRATCH].md, scratch);
    }
    return status;
}

static dnnl_status_t describe_matmul(struct primitive *p, dnnl_primitive_attr_t attr)
{
    const md_pointer a = md_of(&p->operands[0].md), b = md_of(&p->operands[1].md), c = md_of(&p->operands[2].md),
                     bias = md_of(&p->operands[3].md);
#if V3
    return dnnl_matmul_primitive_desc_create(&p->desc, lib.engine, a, b, bias, c, attr);
#else
    dnnl_matmul_desc_t op;
    const dnnl_status_t status = dnnl_matmul_desc_init(&op, a, b, bias, c);
    return status == dnnl_success ? dnnl_primitive_desc_create(&p->desc, &op, attr, lib.engine, NULL) : status;
#endif
}

static hone_rc refused(struct primitive *p, dnnl_status_t status, const char *who, const char *what, hone_error *err)
{
    primitive_destroy(p);
    return hone_fail(err, status == dnnl_out_of_memory ? HONE_ENOMEM : HONE_EFAIL, "",
                     "layer '%s': oneDNN cannot make %s: %s", who, what, status_text(status));
}

static struct primitive *primitive_new(const char *who, hone_error *err)
{
    struct primitive *p = calloc(1, sizeof *p);
    pthread_once(&lib.once, start);
    if (!p)
        (void)hone_fail(err, HONE_ENOMEM, "", "out of memory for layer '%s'", who);
    return p;
}

hone_rc matmul_create(const struct matmul_shape *shape, const char *who, struct primitive **out, hone_error *err)
{
    static const int args[] = { DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, DNNL_ARG_BIAS };
    dnnl_primitive_attr_t attr = NULL;
    struct primitive *p = primitive_new(who, err);
    char what[160];
    if (!p)
        return HONE_ENOMEM;
    const dnnl_data_type_t type = shape->bfloat16 ? dnnl_bf16 : dnnl_f32;
    dnnl_status_t status = lib.status;
    for (int i = 0; i < PRIMITIVE_OPERANDS; i++)
        p->operands[i].arg = args[i];
    if (status != dnnl_success ||
        (status = md_matrix(&p->operands[0].md, type, shape->m, shape->k, shape->a_transposed)) != dnnl_success ||
        (status = md_matrix(&p->operands[1].md, type, shape->k, shape->n, shape->b_transposed)) != dnnl_success ||
        (status = md_matrix(&p->operands[2].md, dnnl_f32, shape->m, shape->n, false)) != dnnl_success ||
        (shape->bias && (status = md_matrix(&p->operands[3].md, dnnl_f32, 1, shape->n, false)) != dnnl_success) ||
        (status = make_attributes(shape->accumulate, &attr)) != dnnl_success ||
        (status = describe_matmul(p, attr)) != dnnl_success)
        goto out;
    status = complete(p);
out:
    if (attr)
        dnnl_primitive_attr_destroy(attr);
    if (status != dnnl_success) {
        snprintf(what, sizeof what, "the product (%lld x %lld) * (%lld x %lld)", (long long)shape->m,
                 (long long)shape->k, (long long)shape->k, (long long)shape->n);
        return refused(p, status, who, what, err);
    }
    *out = p;
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

static dnnl_status_t describe_forward(dnnl_primitive_desc_t *desc, const struct spatial *p, const struct conv_mds *m,
                                      dnnl_primitive_attr_t attr)
{
    const md_pointer x = md_of(&m->x), w = md_of(&m->w), b = md_of(&m->b), y = md_of(&m->y);
#if V3
    return dnnl_convolution_forward_primitive_desc_create(desc, lib.engine, dnnl_forward_training,
                                                          dnnl_convolution_direct, x, w, b, y, p->strides, p->dilates,
                                                          p->before, p->after, attr);
#else
    dnnl_convolution_desc_t op;
    const dnnl_status_t status = dnnl_dilated_convolution_forward_desc_init(
        &op, dnnl_forward_training, dnnl_convolution_direct, x, w, b, y, p->strides, p->dilates, p->before, p->after);
    return status == dnnl_success ? dnnl_primitive_desc_create(desc, &op, attr, lib.engine, NULL) : status;
#endif
}

/* hint: the forward pass's descriptor */
static dnnl_status_t describe_backward(dnnl_primitive_desc_t *desc, enum conv_pass pass, const struct spatial *p,
                                       const struct conv_mds *m, dnnl_primitive_desc_t hint, dnnl_primitive_attr_t attr)
{
    const md_pointer x = md_of(&m->x), w = md_of(&m->w), b = md_of(&m->b), y = md_of(&m->y);
#if V3
    if (pass == CONV_DATA)
        return dnnl_convolution_backward_data_primitive_desc_create(desc, lib.engine, dnnl_convolution_direct, x, w, y,
                                                                    p->strides, p->dilates, p->before, p->after, hint,
                                                                    attr);
    return dnnl_convolution_backward_weights_primitive_desc_create(
        desc, lib.engine, dnnl_convolution_direct, x, w, b, y, p->strides, p->dilates, p->before, p->after, hint, attr);
#else
    dnnl_convolution_desc_t op;
    const dnnl_status_t status = pass == CONV_DATA
                                     ? dnnl_dilated_convolution_backward_data_desc_init(&op, dnnl_convolution_direct, x,
                                                                                        w, y, p->strides, p->dilates,
                                                                                        p->before, p->after)
                                     : dnnl_dilated_convolution_backward_weights_desc_init(
                                           &op, dnnl_convolution_direct, x, w, b, y, p->strides, p->dilates, p->before,
                                           p->after);
    return status == dnnl_success ? dnnl_primitive_desc_create(desc, &op, attr, lib.engine, hint) : status;
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

static dnnl_status_t describe_conv(struct primitive *p, const struct conv_shape *s, enum conv_pass pass,
                                   const struct conv_mds *m, dnnl_primitive_attr_t attr)
{
    const struct spatial spatial = spatial_of(s);
    struct conv_mds forward = { .x = { .there = false } };
    dnnl_primitive_desc_t hint = NULL;
    if (pass == CONV_FORWARD)
        return describe_forward(&p->desc, &spatial, m, attr);
    dnnl_status_t status = conv_mds(&forward, s, CONV_FORWARD);
    if (status == dnnl_success)
        status = describe_forward(&hint, &spatial, &forward, attr);
    if (status == dnnl_success)
        status = describe_backward(&p->desc, pass, &spatial, m, hint, attr);
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
    dnnl_status_t status = lib.status;
    if (status != dnnl_success || (status = conv_mds(&mds, shape, pass)) != dnnl_success ||
        (status = make_attributes(false, &attr)) != dnnl_success ||
        (status = describe_conv(p, shape, pass, &mds, attr)) != dnnl_success ||
        (status = conv_operands(p, &mds, shape, pass)) != dnnl_success)
        goto out;
    status = complete(p);
out:
    conv_mds_release(&mds);
    if (attr)
        dnnl_primitive_attr_destroy(attr);
    if (status != dnnl_success) {
        snprintf(what, sizeof what, "the convolution of (%lld, %lld, %lld, %lld) with %lld filters of %lldx%lld",
                 (long long)shape->batch, (long long)shape->channels, (long long)shape->in[0], (long long)shape->in[1],
                 (long long)shape->filters, (long long)shape->kernel[0], (long long)shape->kernel[1]);
        return refused(p, status, who, what, err);
    }
    *out = p;
    return HONE_OK;
}

static hone_rc reorder(md_pointer from, md_pointer to, const char *who, struct primitive **out, hone_error *err)
{
    dnnl_primitive_attr_t attr = NULL;
    struct primitive *p = primitive_new(who, err);
    if (!p)
        return HONE_ENOMEM;
    dnnl_status_t status = lib.status;
    p->operands[0].arg = DNNL_ARG_FROM;
    p->operands[1].arg = DNNL_ARG_TO;
    if (status != dnnl_success || (status = make_attributes(false, &attr)) != dnnl_success ||
        (status = dnnl_reorder_primitive_desc_create(&p->desc, from, lib.engine, to, lib.engine, attr)) !=
            dnnl_success ||
        (status = md_copy(&p->operands[0].md, from)) != dnnl_success ||
        (status = md_copy(&p->operands[1].md, to)) != dnnl_success)
        goto out;
    status = complete(p);
out:
    if (attr)
        dnnl_primitive_attr_destroy(attr);
    if (status != dnnl_success)
        return refused(p, status, who, "another layout of its weights", err);
    *out = p;
    return HONE_OK;
}

hone_rc reorder_create(const struct layout *from, const struct layout *to, const char *who, struct primitive **out,
                       hone_error *err)
{
    return reorder(md_of(&from->md), md_of(&to->md), who, out, err);
}

void primitive_destroy(struct primitive *p)
{
    if (!p)
        return;
    if (p->primitive)
        dnnl_primitive_destroy(p->primitive);
    if (p->desc)
        dnnl_primitive_desc_destroy(p->desc);
    for (int i = 0; i <= PRIMITIVE_OPERANDS; i++)
        md_release(&p->operands[i].md);
    md_release(&p->weights.md);
    free(p);
}

uint64_t primitive_scratch_bytes(const struct primitive *p)
{
    const struct md *scratch = &p->operands[PRIMITIVE_SCRATCH].md;
    return scratch->there ? dnnl_memory_desc_get_size(md_of(scratch)) : 0;
}

const struct layout *primitive_weights(const struct primitive *p)
{
    return p->weights.md.there ? &p->weights : NULL;
}

const char *primitive_name(const struct primitive *p)
{
    const char *name = NULL;
    if (dnnl_primitive_desc_query(p->desc, dnnl_query_impl_info_str, 0, (void *)&name) != dnnl_success || !name)
        return "";
    return name;
}

hone_rc primitive_bind(const struct primitive *p, float *const operands[PRIMITIVE_OPERANDS + 1], struct call **out,
                       hone_error *err)
{
    struct call *call = calloc(1, sizeof *call);
    if (!call)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the network");
    call->primitive = p->primitive;
    for (int i = 0; i <= PRIMITIVE_OPERANDS; i++) {
        if (!p->operands[i].md.there)
            continue;
        dnnl_exec_arg_t *arg = &call->args[call->n];
        const dnnl_status_t status = dnnl_memory_create(&arg->memory, md_of(&p->operands[i].md), lib.engine,
                                                        operands[i]);
        if (status != dnnl_success) {
            call_destroy(call);
            return hone_fail(err, HONE_ENOMEM, "", "oneDNN: %s while binding a layer to its memory",
                             status_text(status));
        }
        arg->arg = p->operands[i].arg;
        call->n++;
    }
    *out = call;
    return HONE_OK;
}

void call_destroy(struct call *call)
{
    if (!call)
        return;
    for (int i = 0; i < call->n; i++)
        dnnl_memory_destroy(call->args[i].memory);
    free(call);
}

int call_run(const struct call *call)
{
    return (int)dnnl_primitive_execute(call->primitive, lib.stream, call->n, call->args);
}

/* ---- copies ---- */
static hone_rc copy(md_pointer from, const float *source, md_pointer to, float *target, hone_error *err)
{
    float *data;
    void *scratch = NULL;
    struct primitive *p = NULL;
    struct call *call = NULL;
    memcpy(&data, &source, sizeof data); /* oneDNN takes no pointer to const, and writes nothing there */
    hone_rc rc = reorder(from, to, "weights", &p, err);
    if (rc < 0)
        return rc;
    const uint64_t bytes = primitive_scratch_bytes(p);
    if (bytes && !(scratch = aligned_alloc(64, (bytes + 63) / 64 * 64)))
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory to copy weights");
    float *const operands[PRIMITIVE_OPERANDS + 1] = { data, target, NULL, NULL, scratch };
    if (rc == HONE_OK && (rc = primitive_bind(p, operands, &call, err)) == HONE_OK && call_run(call) != 0)
        rc = hone_fail(err, HONE_EFAIL, "", "oneDNN failed to copy weights");
    call_destroy(call);
    primitive_destroy(p);
    free(scratch);
    return rc;
}

static hone_rc no_layout(hone_error *err)
{
    return hone_fail(err, HONE_ENOMEM, "", "out of memory to copy weights");
}

hone_rc layout_to_plain(const struct layout *layout, const float *from, float *plain, hone_error *err)
{
    struct md md = { .there = false };
    if (md_plain(&md, layout->n_dims, layout->dims) != dnnl_success)
        return no_layout(err);
    const hone_rc rc = copy(md_of(&layout->md), from, md_of(&md), plain, err);
    md_release(&md);
    return rc;
}

hone_rc layout_from_plain(const struct layout *layout, const float *plain, float *to, hone_error *err)
{
    struct md md = { .there = false };
    if (md_plain(&md, layout->n_dims, layout->dims) != dnnl_success)
        return no_layout(err);
    const hone_rc rc = copy(md_of(&md), plain, md_of(&layout->md), to, err);
    md_release(&md);
    return rc;
}
