/* SPDX-License-Identifier: MIT */
/* Parameters: storage, first values, reading and writing in the plain order. Dense layers live in it: row-major (out, in)
 * serves oneDNN's matmul as fast as any blocked layout in all three passes (measured on AVX2 and AVX-512 machines); their
 * inputs are permuted where they read channels-last pixels, so that flatten moves nothing. Convolutions live in the layout
 * that oneDNN asks for. */
#include "graph.h"
#include "kernels.h"
#include "onednn.h"

#include "hone/rng.h"

#include <math.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { LINE_FLOATS = 16 };                                 /* every parameter starts on a cache line */
static const uint64_t INIT_STREAMS = UINT64_C(0x696e6974); /* "init": keeps these draws apart from the masks' */

static uint64_t whole_lines(uint64_t bytes)
{
    return bytes ? (bytes + 63) / 64 * 64 : 64;
}

/* Large memory lies in large pages where the system has them: a step goes through all of it, and writes to many places at once
 * (winograd.c), for which the processor keeps few addresses of pages. */
void *aligned_memory(uint64_t bytes)
{
    enum { LARGE_PAGE = 2 << 20 };
    const uint64_t rounded = whole_lines(bytes);
    if (rounded < bytes)
        return NULL;
    if (rounded < LARGE_PAGE)
        return aligned_alloc(64, rounded);
    void *memory = aligned_alloc(LARGE_PAGE,
                                 rounded / LARGE_PAGE * LARGE_PAGE + (rounded % LARGE_PAGE ? LARGE_PAGE : 0));
#ifdef MADV_HUGEPAGE
    if (memory)
        (void)madvise(memory, rounded / LARGE_PAGE * LARGE_PAGE, MADV_HUGEPAGE); /* small ones serve as well */
#endif
    return memory;
}

void *aligned_zeroed(uint64_t bytes)
{
    void *memory = aligned_memory(bytes);
    if (memory)
        memset(memory, 0, whole_lines(bytes));
    return memory;
}

/* ---- first values ---- */
/* Rows (or, of a tall matrix, columns) of length 1 at right angles: normal numbers, orthonormalized by Gram and Schmidt,
 * twice, in double precision. Saxe et al. 2014. */
static bool make_orthogonal(float *x, int64_t rows, int64_t columns)
{
    const bool tall = rows > columns;
    const int64_t n = tall ? columns : rows, length = tall ? rows : columns;
    double *q = malloc((size_t)(n * length) * sizeof *q);
    if (!q)
        return false;
    for (int64_t i = 0; i < n; i++)
        for (int64_t e = 0; e < length; e++)
            q[i * length + e] = (double)(tall ? x[e * columns + i] : x[i * columns + e]);
    for (int64_t i = 0; i < n; i++) {
        double *v = q + i * length, norm = 0.0;
        for (int64_t k = 0; k < 2 * i; k++) {
            const double *u = q + k % i * length;
            double dot = 0.0;
            for (int64_t e = 0; e < length; e++)
                dot += u[e] * v[e];
            for (int64_t e = 0; e < length; e++)
                v[e] -= dot * u[e];
        }
        for (int64_t e = 0; e < length; e++)
            norm += v[e] * v[e];
        for (int64_t e = 0; e < length; e++)
            v[e] /= sqrt(norm);
    }
    for (int64_t i = 0; i < n; i++)
        for (int64_t e = 0; e < length; e++)
            x[tall ? e * columns + i : i * columns + e] = (float)q[i * length + e];
    free(q);
    return true;
}

/* He et al. 2015, eq. 10 (normal, fan-in); Glorot and Bengio 2010, eq. 16 (uniform); LeCun et al. 1998, section 4.6
 * (normal, fan-in). x: (n) in plain order, zeros. */
static bool draw(const hone_graph *g, const hone_parameter *p, uint32_t index, const struct node *layer, float *x)
{
    const uint64_t seed = hone_rng_derive(g->seed, INIT_STREAMS);
    const int64_t n = hone_shape_elements(p->dims, p->n_dims), rows = p->dims[0];
    const int64_t kernel = n / rows / p->dims[1];
    const double pixels = (double)kernel;
    double in = (double)p->dims[1] * pixels, out = (double)rows * pixels;
    if (layer->kind == NODE_CONV_TRANSPOSE) { /* stored (in, out, ...); each output hears a share of the kernel */
        const double share = (double)(layer->window.stride[0] * layer->window.stride[1]), swap = in;
        in = fmax(out / share, 1.0);
        out = swap;
    }
    switch (layer->init) {
    case INIT_HE: kernel_draw_normal(x, n, seed, index, (float)sqrt(2.0 / in)); break;
    case INIT_LECUN: kernel_draw_normal(x, n, seed, index, (float)sqrt(1.0 / in)); break;
    case INIT_XAVIER: kernel_draw_uniform(x, n, seed, index, (float)sqrt(6.0 / (in + out))); break;
    case INIT_NORMAL: kernel_draw_normal(x, n, seed, index, 1.0f); break;
    case INIT_ORTHOGONAL: kernel_draw_normal(x, n, seed, index, 1.0f); return make_orthogonal(x, rows, n / rows);
    case INIT_ZEROS:
    case INIT_KINDS: break;
    }
    return true;
}

static hone_rc initialize(hone_graph *g, uint32_t index, hone_error *err)
{
    const struct parameter *p = &g->storage[index];
    const struct node *layer = &g->nodes[p->node];
    const int64_t n = hone_shape_elements(p->public.dims, p->public.n_dims);
    if (p->public.role == HONE_PARAMETER_NORM && (int32_t)index == layer->kernel)
        for (int64_t i = 0; i < n; i++)
            p->public.value[i] = 1.0f;
    if (p->public.role != HONE_PARAMETER_KERNEL && p->public.role != HONE_PARAMETER_EMBEDDING)
        return HONE_OK; /* biases start at zero */
    float *plain = p->public.plain ? p->public.value : calloc((size_t)n, sizeof *plain);
    hone_rc rc = plain && draw(g, &p->public, index, layer, plain)
                     ? HONE_OK
                     : hone_fail(err, HONE_ENOMEM, "", "out of memory for the first weights of layer '%s'",
                                 layer->name);
    if (plain != p->public.value) {
        if (rc == HONE_OK)
            rc = hone_nn_write(g, index, plain, err);
        free(plain);
    }
    return rc;
}

/* ---- what there is ---- */
static struct parameter *describe(struct parameter *p, hone_parameter **list, const hone_graph *g, int32_t node,
                                  const char *suffix, uint32_t role, uint32_t n_dims, const int64_t *dims)
{
    p->node = node;
    snprintf(p->name, sizeof p->name, "%s.%s", g->nodes[node].name, suffix);
    p->public.size = sizeof p->public;
    p->public.name = p->name;
    p->public.role = role;
    p->public.n_dims = n_dims;
    memcpy(p->public.dims, dims, n_dims * sizeof *dims);
    p->public.length = (uint64_t)hone_shape_elements(dims, n_dims);
    p->public.plain = 1;
    *list = &p->public;
    return p;
}

/* The layout of a convolution's weights is what the gradient of the weights comes in, which is also the forward pass's
 * almost always; where another pass wants another, the step reorders. Our own convolutions have theirs. */
static hone_rc choose_layout(const hone_graph *g, struct parameter *p, const struct node *layer,
                             const struct node *source, int64_t batch, hone_error *err)
{
    struct primitive *conv = NULL;
    const struct conv_shape shape = graph_conv_shape(layer, source, batch, graph_halves(g));
    const bool own = graph_own_conv(g, layer, &shape) != OWN_NONE;
    const hone_rc rc = own ? layout_taps_first(&shape, layer->name, &p->layout, err)
                           : conv_create(&shape, CONV_WEIGHTS, layer->name, &conv, err);
    if (rc < 0)
        return rc;
    if (!own)
        p->layout = layout_clone(primitive_weights(conv));
    primitive_destroy(conv);
    if (!p->layout)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for layer '%s'", layer->name);
    p->public.plain = layout_is_plain(p->layout);
    p->public.length = (layout_bytes(p->layout) + sizeof(float) - 1) / sizeof(float);
    return HONE_OK;
}

static hone_rc describe_layer(hone_graph *g, int32_t id, int64_t batch, hone_error *err)
{
    const struct node *layer = &g->nodes[id], *source = layer->in[0] >= 0 ? &g->nodes[layer->in[0]] : NULL;
    const struct window *w = &layer->window;
    const int64_t c = source && source->n_dims ? source->dims[layer->kind == NODE_LAYER_NORM ? source->n_dims - 1 : 0]
                                               : 0;
    const bool norm = layer->kind == NODE_BATCH_NORM || layer->kind == NODE_LAYER_NORM ||
                      layer->kind == NODE_GROUP_NORM;
    int64_t dims[HONE_MAX_DIMS] = { 0 };
    uint32_t n_dims = 1, role = HONE_PARAMETER_KERNEL;
    hone_rc rc = HONE_OK;
    if (layer->kernel < 0)
        return HONE_OK;
    struct parameter *p = &g->storage[layer->kernel];
    if (layer->kind == NODE_DENSE) {
        dims[n_dims++] = source->elements;
        dims[0] = layer->dims[0];
        p->channels = source->channels;
    } else if (layer->kind == NODE_EMBEDDING) {
        role = HONE_PARAMETER_EMBEDDING;
        dims[n_dims++] = layer->dims[1];
        dims[0] = layer->factor;
    } else if (norm) {
        role = HONE_PARAMETER_NORM;
        dims[0] = c;
    } else {
        dims[0] = layer->kind == NODE_CONV ? layer->dims[0] : c;
        dims[n_dims++] = layer->kind == NODE_CONV ? c / w->groups : layer->dims[0];
        for (int i = layer->n_dims == 3 ? 0 : 1; i < 2; i++)
            dims[n_dims++] = w->kernel[i];
    }
    describe(p, &g->parameters[layer->kernel], g, id, "weight", role, n_dims, dims);
    if (p->channels)
        p->public.plain = 0;
    if (layer->kind == NODE_CONV || layer->kind == NODE_CONV_TRANSPOSE)
        rc = choose_layout(g, p, layer, source, batch, err);
    if (!norm)
        dims[0] = layer->dims[0];
    if (layer->bias >= 0)
        describe(&g->storage[layer->bias], &g->parameters[layer->bias], g, id, "bias",
                 norm ? HONE_PARAMETER_NORM : HONE_PARAMETER_BIAS, 1, dims);
    if (layer->running >= 0) {
        describe(&g->buffer_storage[layer->running], &g->buffers[layer->running], g, id, "running_mean",
                 HONE_PARAMETER_BUFFER, 1, dims);
        describe(&g->buffer_storage[layer->running + 1], &g->buffers[layer->running + 1], g, id, "running_var",
                 HONE_PARAMETER_BUFFER, 1, dims);
    }
    return rc;
}

static uint64_t lines(uint64_t length)
{
    return (length + LINE_FLOATS - 1) / LINE_FLOATS * LINE_FLOATS;
}

/* Means start at 0, variances at 1. */
static bool place_buffers(hone_graph *g)
{
    uint64_t at = 0;
    for (uint32_t i = 0; i < g->n_buffers; i++)
        at += lines(g->buffers[i]->length);
    if (!(g->buffer_values = aligned_zeroed(at * sizeof(float))))
        return false;
    g->buffer_floats = at;
    at = 0;
    for (uint32_t i = 0; i < g->n_buffers; i++) {
        g->buffers[i]->value = g->buffer_values + at;
        at += lines(g->buffers[i]->length);
        for (uint64_t e = 0; i % 2 == 1 && e < g->buffers[i]->length; e++)
            g->buffers[i]->value[e] = 1.0f;
    }
    return true;
}

static hone_rc place_parameters(hone_graph *g, hone_error *err)
{
    uint64_t block = 0;
    hone_rc rc = HONE_OK;
    for (uint32_t i = 0; i < g->n_parameters; i++)
        block += lines(g->parameters[i]->length);
    if (block <= (UINT64_C(1) << 40)) {
        g->values = aligned_zeroed(block * sizeof(float));
        g->gradients = aligned_zeroed(block * sizeof(float));
    }
    if (!g->values || !g->gradients || !place_buffers(g))
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for %llu parameters of the network",
                         (unsigned long long)block);
    g->block = block;
    block = 0;
    for (uint32_t i = 0; i < g->n_parameters; i++) {
        g->parameters[i]->value = g->values + block;
        g->parameters[i]->gradient = g->gradients + block;
        block += lines(g->parameters[i]->length);
    }
    g->n_frozen = g->n_nodes; /* from here on hone_nn_write knows them */
    for (uint32_t i = 0; i < g->n_parameters && rc == HONE_OK; i++)
        rc = initialize(g, i, err);
    return rc;
}

/* The CPU's name, as /proc/cpuinfo has it. */
static void cpu_name(char *name, size_t size)
{
    static const char key[] = "model name";
    char line[256];
    FILE *f = fopen("/proc/cpuinfo", "re");
    snprintf(name, size, "CPU");
    while (f && fgets(line, sizeof line, f)) {
        const char *value = strchr(line, ':');
        if (strncmp(line, key, sizeof key - 1) != 0 || !value)
            continue;
        snprintf(name, size, "%.*s", (int)strcspn(value + 2, "\n"), value + 2);
        break;
    }
    if (f)
        fclose(f);
}

/* What was asked for becomes what is used. */
static hone_rc choose_precision(hone_graph *g, hone_error *err)
{
    char name[128];
    if (g->precision == HONE_PRECISION_AUTO)
        g->precision = onednn_has_bfloat16(true) ? HONE_BFLOAT16 : HONE_FLOAT32;
    if (g->precision != HONE_BFLOAT16 || g->rounded || onednn_has_bfloat16(false))
        return HONE_OK;
    cpu_name(name, sizeof name);
    return hone_fail(
        err, HONE_ENOTSUP, "precision",
        "this CPU (%s) cannot compute in bfloat16: oneDNN needs AVX-512 for it; float32 and auto work everywhere",
        name);
}

/* A batch norm over one value answers with its bias whatever it is shown, and nothing before it learns. */
static hone_rc check_batch_norms(const hone_graph *g, int64_t batch, hone_error *err)
{
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const struct node *n = &g->nodes[i];
        if (n->kind == NODE_BATCH_NORM && batch == 1 && n->elements == n->dims[0])
            return hone_fail(
                err, HONE_EINVAL, "batch_size",
                "%s has one value of each unit to take a mean of, in batches of 1 sample: take larger ones, or "
                "layer norm",
                n->name);
    }
    return HONE_OK;
}

hone_rc graph_make_parameters(hone_graph *g, int64_t batch, hone_error *err)
{
    hone_rc rc = HONE_OK;
    if (g->n_frozen >= 0)
        return HONE_OK;
    if ((rc = check_batch_norms(g, batch, err)) != HONE_OK || (rc = choose_precision(g, err)) != HONE_OK)
        return rc;
    g->storage = calloc(g->n_parameters + 1, sizeof *g->storage);
    g->parameters = calloc(g->n_parameters + 1, sizeof(hone_parameter *));
    g->buffer_storage = calloc(g->n_buffers + 1, sizeof *g->buffer_storage);
    g->buffers = calloc(g->n_buffers + 1, sizeof(hone_parameter *));
    if (!g->storage || !g->parameters || !g->buffer_storage || !g->buffers)
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for the parameters of the network");
    const int before = threads_enter(g->threads);
    for (int32_t i = 0; i < g->n_nodes && rc == HONE_OK; i++)
        rc = describe_layer(g, i, batch, err);
    if (rc == HONE_OK)
        rc = place_parameters(g, err);
    threads_leave(before);
    if (rc == HONE_OK)
        rc = graph_make_watches(g, err);
    if (rc != HONE_OK)
        graph_release_parameters(g);
    return rc;
}

hone_rc hone_nn_make_parameters(hone_graph *g, int64_t batch, hone_error *err)
{
    const hone_rc rc = hone_nn_graph_error(g, err);
    if (rc != HONE_OK)
        return rc;
    if (batch < 1 || batch > INT32_MAX)
        return hone_fail(err, HONE_EINVAL, "", "a batch of %lld samples is not possible", (long long)batch);
    return graph_make_parameters(g, batch, err);
}

void graph_release_parameters(hone_graph *g)
{
    for (int i = 0; i < HONE_MAX_STATES; i++) {
        free(g->states[i]);
        g->states[i] = NULL;
    }
    for (uint32_t i = 0; g->storage && i < g->n_parameters; i++)
        layout_destroy(g->storage[i].layout);
    graph_release_watches(g);
    free(g->values);
    free(g->gradients);
    free(g->parameters);
    free(g->storage);
    free(g->buffer_values);
    free(g->buffers);
    free(g->buffer_storage);
    g->values = g->gradients = g->buffer_values = NULL;
    g->parameters = g->buffers = NULL;
    g->storage = g->buffer_storage = NULL;
    g->n_frozen = -1;
}

hone_parameter *const *hone_nn_buffers(hone_graph *g, uint32_t *n)
{
    *n = g->n_frozen >= 0 ? g->n_buffers : 0;
    return g->buffers;
}

uint32_t hone_nn_precision(const hone_graph *g)
{
    return g->precision;
}

hone_parameter *const *hone_nn_parameters(hone_graph *g, uint32_t *n)
{
    *n = g->n_frozen >= 0 ? g->n_parameters : 0;
    return g->parameters;
}

hone_rc hone_nn_allocate_states(hone_graph *g, uint32_t n_states, hone_error *err)
{
    if (n_states > HONE_MAX_STATES)
        return hone_fail(err, HONE_EINVAL, "", "an optimizer may keep %d arrays per parameter, not %u",
                         (int)HONE_MAX_STATES, n_states);
    if (g->n_frozen < 0)
        return hone_fail(err, HONE_EINVAL, "", "the network has no parameters before it is compiled");
    for (uint32_t s = 0; s < HONE_MAX_STATES; s++) {
        free(g->states[s]);
        g->states[s] = NULL;
        for (uint32_t i = 0; i < g->n_parameters; i++)
            g->parameters[i]->state[s] = NULL;
    }
    for (uint32_t s = 0; s < n_states; s++) {
        g->states[s] = aligned_zeroed(g->block * sizeof(float));
        if (!g->states[s])
            return hone_fail(err, HONE_ENOMEM, "", "out of memory for the optimizer's state");
        for (uint32_t i = 0; i < g->n_parameters; i++)
            g->parameters[i]->state[s] = g->states[s] + (g->parameters[i]->value - g->values);
    }
    return HONE_OK;
}

static hone_rc check_index(const hone_graph *g, uint32_t parameter, hone_error *err)
{
    const uint32_t n = g->n_frozen >= 0 ? g->n_parameters : 0;
    if (parameter < n)
        return HONE_OK;
    return hone_fail(err, HONE_EINVAL, "", "there is no parameter %u: the network has %u", parameter, n);
}

hone_rc hone_nn_read(const hone_graph *g, uint32_t parameter, float *plain, hone_error *err)
{
    const hone_rc rc = check_index(g, parameter, err);
    if (rc != HONE_OK)
        return rc;
    const struct parameter *p = &g->storage[parameter];
    if (p->layout && !p->public.plain)
        return layout_to_plain(p->layout, p->public.value, plain, err);
    if (p->channels)
        for (int64_t r = 0; r < p->public.dims[0]; r++)
            kernel_transpose(p->public.value + r * p->public.dims[1], plain + r * p->public.dims[1],
                             p->public.dims[1] / p->channels, p->channels);
    else
        memcpy(plain, p->public.value, p->public.length * sizeof(float));
    return HONE_OK;
}

hone_rc hone_nn_write(hone_graph *g, uint32_t parameter, const float *plain, hone_error *err)
{
    const hone_rc rc = check_index(g, parameter, err);
    if (rc != HONE_OK)
        return rc;
    const struct parameter *p = &g->storage[parameter];
    if (p->layout && !p->public.plain)
        return layout_from_plain(p->layout, plain, p->public.value, err);
    if (p->channels)
        for (int64_t r = 0; r < p->public.dims[0]; r++)
            kernel_transpose(plain + r * p->public.dims[1], p->public.value + r * p->public.dims[1], p->channels,
                             p->public.dims[1] / p->channels);
    else
        memcpy(p->public.value, plain, p->public.length * sizeof(float));
    return HONE_OK;
}
