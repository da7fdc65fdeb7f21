/* SPDX-License-Identifier: MIT */
/* The one file that includes dnnl.h: oneDNN 2.x (operation descriptors). Engine and stream are the process's, made at the
 * first use and constant from then on; primitives of shapes seen before come from oneDNN's own cache in microseconds. */
#include "onednn.h"

#include "hone/nn.h"
#include "hone/param.h"

#include <dlfcn.h>
#include <oneapi/dnnl/dnnl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#if DNNL_VERSION_MAJOR != 2
#error "this file speaks oneDNN 2.x"
#endif

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

struct matmul {
    dnnl_primitive_desc_t desc;
    dnnl_primitive_t primitive;
    dnnl_memory_desc_t a, b, bias, c, scratch;
    bool has_bias, has_scratch;
};

struct matmul_call {
    dnnl_primitive_t primitive;
    int n;
    dnnl_exec_arg_t args[5];
};

static const char *status_text(dnnl_status_t status)
{
    switch (status) {
    case dnnl_success: return "success";
    case dnnl_out_of_memory: return "out of memory";
    case dnnl_invalid_arguments: return "invalid arguments";
    case dnnl_unimplemented: return "not implemented";
    case dnnl_iterator_ends: return "no implementation left";
    case dnnl_runtime_error: return "run-time error";
    case dnnl_not_required: return "not required";
    }
    return "unknown status";
}

static dnnl_status_t plain(dnnl_memory_desc_t *md, int64_t rows, int64_t columns, bool transposed)
{
    dnnl_dims_t dims = { rows, columns };
    dnnl_dims_t strides = { transposed ? 1 : columns, transposed ? rows : 1 };
    return dnnl_memory_desc_init_by_strides(md, 2, dims, dnnl_f32, strides);
}

/* The scratchpad is the user's (the arena's), so that running allocates nothing that a plan could have held. */
static dnnl_status_t make_attributes(const struct matmul_shape *shape, dnnl_primitive_attr_t *attr)
{
    dnnl_post_ops_t post = NULL;
    dnnl_status_t status = dnnl_primitive_attr_create(attr);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(*attr, dnnl_scratchpad_mode_user);
    if (status == dnnl_success && shape->accumulate) {
        status = dnnl_post_ops_create(&post);
        if (status == dnnl_success)
            status = dnnl_post_ops_append_sum(post, 1.0f);
        if (status == dnnl_success)
            status = dnnl_primitive_attr_set_post_ops(*attr, post);
        dnnl_post_ops_destroy(post);
    }
    return status;
}

hone_rc matmul_create(const struct matmul_shape *shape, const char *who, struct matmul **out, hone_error *err)
{
    dnnl_primitive_attr_t attr = NULL;
    dnnl_matmul_desc_t op;
    struct matmul *m = calloc(1, sizeof *m);
    dnnl_status_t status;
    pthread_once(&lib.once, start);
    if (!m)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for layer '%s'", who);
    if ((status = lib.status) != dnnl_success)
        goto out;
    if ((status = plain(&m->a, shape->m, shape->k, shape->a_transposed)) != dnnl_success ||
        (status = plain(&m->b, shape->k, shape->n, shape->b_transposed)) != dnnl_success ||
        (status = plain(&m->bias, 1, shape->n, false)) != dnnl_success ||
        (status = plain(&m->c, shape->m, shape->n, false)) != dnnl_success)
        goto out;
    m->has_bias = shape->bias;
    if ((status = make_attributes(shape, &attr)) != dnnl_success)
        goto out;
    if ((status = dnnl_matmul_desc_init(&op, &m->a, &m->b, shape->bias ? &m->bias : NULL, &m->c)) != dnnl_success)
        goto out;
    if ((status = dnnl_primitive_desc_create(&m->desc, &op, attr, lib.engine, NULL)) != dnnl_success)
        goto out;
    if ((status = dnnl_primitive_create(&m->primitive, m->desc)) != dnnl_success)
        goto out;
    const dnnl_memory_desc_t *scratch = dnnl_primitive_desc_query_md(m->desc, dnnl_query_scratchpad_md, 0);
    m->has_scratch = scratch && dnnl_memory_desc_get_size(scratch) > 0;
    if (m->has_scratch)
        m->scratch = *scratch;
out:
    if (attr)
        dnnl_primitive_attr_destroy(attr);
    if (status != dnnl_success) {
        matmul_destroy(m);
        return hone_fail(err, status == dnnl_out_of_memory ? HONE_ENOMEM : HONE_EFAIL, "",
                         "layer '%s': oneDNN cannot make the product (%lld x %lld) * (%lld x %lld): %s", who,
                         (long long)shape->m, (long long)shape->k, (long long)shape->k, (long long)shape->n,
                         status_text(status));
    }
    *out = m;
    return HONE_OK;
}

void matmul_destroy(struct matmul *m)
{
    if (!m)
        return;
    if (m->primitive)
        dnnl_primitive_destroy(m->primitive);
    if (m->desc)
        dnnl_primitive_desc_destroy(m->desc);
    free(m);
}

uint64_t matmul_scratch_bytes(const struct matmul *m)
{
    return m->has_scratch ? dnnl_memory_desc_get_size(&m->scratch) : 0;
}

hone_rc matmul_bind(const struct matmul *m, float *a, float *b, float *bias, float *c, void *scratch,
                    struct matmul_call **out, hone_error *err)
{
    const struct {
        int arg;
        const dnnl_memory_desc_t *md;
        void *data;
        bool present;
    } operands[] = { { DNNL_ARG_SRC, &m->a, a, true },
                     { DNNL_ARG_WEIGHTS, &m->b, b, true },
                     { DNNL_ARG_DST, &m->c, c, true },
                     { DNNL_ARG_BIAS, &m->bias, bias, m->has_bias },
                     { DNNL_ARG_SCRATCHPAD, &m->scratch, scratch, m->has_scratch } };
    struct matmul_call *call = calloc(1, sizeof *call);
    if (!call)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the network");
    call->primitive = m->primitive;
    for (size_t i = 0; i < sizeof operands / sizeof *operands; i++) {
        if (!operands[i].present)
            continue;
        dnnl_exec_arg_t *arg = &call->args[call->n];
        const dnnl_status_t status = dnnl_memory_create(&arg->memory, operands[i].md, lib.engine, operands[i].data);
        if (status != dnnl_success) {
            matmul_call_destroy(call);
            return hone_fail(err, HONE_ENOMEM, "", "oneDNN: %s while binding a product to its memory",
                             status_text(status));
        }
        arg->arg = operands[i].arg;
        call->n++;
    }
    *out = call;
    return HONE_OK;
}

void matmul_call_destroy(struct matmul_call *call)
{
    if (!call)
        return;
    for (int i = 0; i < call->n; i++)
        dnnl_memory_destroy(call->args[i].memory);
    free(call);
}

int matmul_run(const struct matmul_call *call)
{
    return (int)dnnl_primitive_execute(call->primitive, lib.stream, call->n, call->args);
}
