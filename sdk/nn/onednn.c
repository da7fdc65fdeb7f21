/* SPDX-License-Identifier: MIT */
/* oneDNN itself, layouts, products and copies; convolutions are in onednn_conv.c. Engine and stream are the process's, made at
 * the first use and constant from then on; primitives of shapes seen before come from oneDNN's own cache in microseconds. */
#include "onednn_api.h"

#include "hone/nn.h"
#include "hone/param.h"
#include "parallel.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Written under pthread_once, read after it. */
static struct {
    pthread_once_t once;
    dnnl_status_t status;
    dnnl_engine_t engine;
    dnnl_stream_t stream; /* in-order, synchronous on a CPU: it holds no state that threads could share */
    void (*set_threads)(int);
    int (*max_threads)(void);
    int (*thread_number)(void);
    int (*team_size)(void);
    void (*parallel)(void (*entry)(void *), void *data, unsigned threads, unsigned flags);
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
        /* what compilers make of `#pragma omp parallel`: part of libgomp's ABI since 2013, LLVM's runtime has it too */
        void *number = symbol("omp_get_thread_num"), *size = symbol("omp_get_num_threads");
        void *parallel = symbol("GOMP_parallel");
        if (number && size && parallel) {
            memcpy(&lib.thread_number, &number, sizeof number);
            memcpy(&lib.team_size, &size, sizeof size);
            memcpy(&lib.parallel, &parallel, sizeof parallel);
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

struct job {
    void (*part)(void *ctx, int32_t i, int32_t n);
    void *ctx;
    int32_t n;
};

static void job_run(void *data)
{
    const struct job *job = data;
    const int32_t team = lib.team_size();
    for (int32_t i = lib.thread_number(); i < job->n; i += team) /* the team may be smaller than asked for */
        job->part(job->ctx, i, job->n);
}

void parallel_run(int32_t n, void (*part)(void *ctx, int32_t i, int32_t n), void *ctx)
{
    struct job job = { part, ctx, n };
    pthread_once(&lib.once, start);
#ifndef __SANITIZE_THREAD__ /* it does not see libgomp's barriers */
    if (n > 1 && lib.parallel) {
        lib.parallel(job_run, &job, (unsigned)n, 0);
        return;
    }
#endif
    for (int32_t i = 0; i < n; i++)
        part(ctx, i, n);
    (void)job;
}

bool onednn_has_bfloat16(bool native)
{
    const unsigned needed = native ? (unsigned)dnnl_cpu_isa_avx512_core_bf16 : (unsigned)dnnl_cpu_isa_avx512_core;
    return ((unsigned)dnnl_get_effective_cpu_isa() & needed) ==
           needed; /* each set of instructions has the bits of those it contains */
}

static dnnl_status_t md_matrix(struct md *md, dnnl_data_type_t type, int64_t rows, int64_t columns, bool transposed)
{
    const dnnl_dims_t dims = { rows, columns };
    const dnnl_dims_t strides = { transposed ? 1 : columns, transposed ? rows : 1 };
    return md_make(md, type, 2, dims, strides);
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

dnnl_status_t primitive_attributes(bool accumulate, dnnl_primitive_attr_t *attr)
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

dnnl_status_t primitive_complete(struct primitive *p)
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

hone_rc primitive_refused(struct primitive *p, dnnl_status_t status, const char *who, const char *what, hone_error *err)
{
    primitive_destroy(p);
    return hone_fail(err, status == dnnl_out_of_memory ? HONE_ENOMEM : HONE_EFAIL, "",
                     "layer '%s': oneDNN cannot make %s: %s", who, what, status_text(status));
}

dnnl_engine_t onednn_engine(dnnl_status_t *status)
{
    pthread_once(&lib.once, start);
    *status = lib.status;
    return lib.engine;
}

struct primitive *primitive_new(const char *who, hone_error *err)
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
        (status = md_matrix(&p->operands[2].md, shape->half ? dnnl_bf16 : dnnl_f32, shape->m, shape->n, false)) !=
            dnnl_success ||
        (shape->bias && (status = md_matrix(&p->operands[3].md, dnnl_f32, 1, shape->n, false)) != dnnl_success) ||
        (status = primitive_attributes(shape->accumulate, &attr)) != dnnl_success ||
        (status = describe_matmul(p, attr)) != dnnl_success)
        goto out;
    status = primitive_complete(p);
out:
    if (attr)
        dnnl_primitive_attr_destroy(attr);
    if (status != dnnl_success) {
        snprintf(what, sizeof what, "the product (%lld x %lld) * (%lld x %lld)", (long long)shape->m,
                 (long long)shape->k, (long long)shape->k, (long long)shape->n);
        return primitive_refused(p, status, who, what, err);
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
    if (status != dnnl_success || (status = primitive_attributes(false, &attr)) != dnnl_success ||
        (status = dnnl_reorder_primitive_desc_create(&p->desc, from, lib.engine, to, lib.engine, attr)) !=
            dnnl_success ||
        (status = md_copy(&p->operands[0].md, from)) != dnnl_success ||
        (status = md_copy(&p->operands[1].md, to)) != dnnl_success)
        goto out;
    status = primitive_complete(p);
out:
    if (attr)
        dnnl_primitive_attr_destroy(attr);
    if (status != dnnl_success)
        return primitive_refused(p, status, who, "another layout of its weights", err);
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
