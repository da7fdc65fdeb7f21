/* SPDX-License-Identifier: MIT */
/* Parameters: storage, first values, reading and writing in the plain order. The layout of the step is the plain one:
 * row-major (out, in) serves oneDNN's matmul as fast as any blocked layout in all three passes (measured on AVX2 and
 * AVX-512 machines), so no copy is ever needed between nets, files and steps. */
#include "graph.h"
#include "kernels.h"

#include "hone/param.h"
#include "hone/rng.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_FLOATS = 16 };                                 /* every parameter starts on a cache line */
static const uint64_t INIT_STREAMS = UINT64_C(0x696e6974); /* "init": keeps these draws apart from the masks' */

void *aligned_zeroed(uint64_t bytes)
{
    const uint64_t rounded = (bytes + 63) / 64 * 64;
    void *memory = rounded < bytes ? NULL : aligned_alloc(64, rounded ? rounded : 64);
    if (memory)
        memset(memory, 0, rounded ? rounded : 64);
    return memory;
}

/* He et al. 2015, eq. 10 (normal, fan-in); Glorot and Bengio 2010, eq. 16 (uniform); LeCun et al. 1998, section 4.6
 * (normal, fan-in). */
static void initialize(const hone_graph *g, hone_parameter *p, uint32_t index, enum init_kind init)
{
    const uint64_t seed = hone_rng_derive(g->seed, INIT_STREAMS);
    const int64_t n = (int64_t)p->length;
    const double out = (double)p->dims[0], in = (double)p->dims[1];
    if (p->role != HONE_PARAMETER_KERNEL)
        return; /* biases start at zero */
    switch (init) {
    case INIT_HE: kernel_draw_normal(p->value, n, seed, index, (float)sqrt(2.0 / in)); break;
    case INIT_LECUN: kernel_draw_normal(p->value, n, seed, index, (float)sqrt(1.0 / in)); break;
    case INIT_XAVIER: kernel_draw_uniform(p->value, n, seed, index, (float)sqrt(6.0 / (in + out))); break;
    case INIT_ZEROS:
    case INIT_KINDS: break;
    }
}

static void describe(hone_graph *g, int32_t node, int32_t index, const char *suffix)
{
    const struct node *layer = &g->nodes[node];
    struct parameter *p = &g->storage[index];
    hone_parameter *public = &p->public;
    p->node = node;
    snprintf(p->name, sizeof p->name, "%s.%s", layer->name, suffix);
    public->size = sizeof *public;
    public->name = p->name;
    public->role = index == layer->kernel ? HONE_PARAMETER_KERNEL : HONE_PARAMETER_BIAS;
    public->n_dims = index == layer->kernel ? 2 : 1;
    public->dims[0] = layer->dims[0];
    public->dims[1] = index == layer->kernel ? g->nodes[layer->in[0]].elements : 0;
    public->length = (uint64_t)hone_shape_elements(public->dims, public->n_dims);
    public->plain = 1;
    g->parameters[index] = public;
}

hone_rc graph_make_parameters(hone_graph *g, hone_error *err)
{
    uint64_t block = 0;
    if (g->n_frozen >= 0)
        return HONE_OK;
    g->storage = calloc(g->n_parameters + 1, sizeof *g->storage);
    g->parameters = calloc(g->n_parameters + 1, sizeof(hone_parameter *));
    if (!g->storage || !g->parameters)
        goto no_memory;
    for (int32_t i = 0; i < g->n_nodes; i++) {
        if (g->nodes[i].kernel >= 0)
            describe(g, i, g->nodes[i].kernel, "weight");
        if (g->nodes[i].bias >= 0)
            describe(g, i, g->nodes[i].bias, "bias");
    }
    for (uint32_t i = 0; i < g->n_parameters; i++)
        block += (g->parameters[i]->length + LINE_FLOATS - 1) / LINE_FLOATS * LINE_FLOATS;
    if (block <= (UINT64_C(1) << 40)) {
        g->values = aligned_zeroed(block * sizeof(float));
        g->gradients = aligned_zeroed(block * sizeof(float));
    }
    if (!g->values || !g->gradients)
        goto no_memory;
    g->block = block;
    block = 0;
    for (uint32_t i = 0; i < g->n_parameters; i++) {
        hone_parameter *p = g->parameters[i];
        p->value = g->values + block;
        p->gradient = g->gradients + block;
        block += (p->length + LINE_FLOATS - 1) / LINE_FLOATS * LINE_FLOATS;
        initialize(g, p, i, g->nodes[g->storage[i].node].init);
    }
    g->n_frozen = g->n_nodes;
    return HONE_OK;
no_memory:
    graph_release_parameters(g);
    return hone_fail(err, HONE_ENOMEM, "", "out of memory for %llu parameters of the network",
                     (unsigned long long)block);
}

void graph_release_parameters(hone_graph *g)
{
    for (int i = 0; i < HONE_MAX_STATES; i++) {
        free(g->states[i]);
        g->states[i] = NULL;
    }
    free(g->values);
    free(g->gradients);
    free(g->parameters);
    free(g->storage);
    g->values = g->gradients = NULL;
    g->parameters = NULL;
    g->storage = NULL;
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
    if (rc == HONE_OK)
        memcpy(plain, g->parameters[parameter]->value, g->parameters[parameter]->length * sizeof(float));
    return rc;
}

hone_rc hone_nn_write(hone_graph *g, uint32_t parameter, const float *plain, hone_error *err)
{
    const hone_rc rc = check_index(g, parameter, err);
    if (rc == HONE_OK)
        memcpy(g->parameters[parameter]->value, plain, g->parameters[parameter]->length * sizeof(float));
    return rc;
}
