/* SPDX-License-Identifier: MIT */
/* Building a graph: every call checks its arguments, works out its shape, and keeps the first mistake. */
#include "graph.h"

#include "hone/param.h"

#include <stdlib.h>
#include <string.h>

static const hone_var NO_VAR = { -1 };

char *shape_text(const int64_t *dims, uint32_t n_dims, char *text)
{
    int used = snprintf(text, SHAPE_TEXT, "(N");
    for (uint32_t i = 0; i < n_dims; i++)
        used += snprintf(text + used, (size_t)(SHAPE_TEXT - used), ", %lld", (long long)dims[i]);
    snprintf(text + used, (size_t)(SHAPE_TEXT - used), ")");
    return text;
}

hone_graph *hone_nn_graph_create(const hone_graph_options *options)
{
    hone_graph *g = calloc(1, sizeof *g);
    if (!g)
        return NULL;
    const uint32_t size = options ? options->size : 0;
    if (size >= offsetof(hone_graph_options, threads) + sizeof options->threads)
        g->threads = options->threads;
    if (size >= offsetof(hone_graph_options, seed) + sizeof options->seed)
        g->seed = options->seed;
    if (g->threads == 0)
        g->threads = 1;
    g->n_frozen = -1;
    return g;
}

void hone_nn_graph_destroy(hone_graph *g)
{
    if (!g)
        return;
    graph_release_parameters(g);
    free(g->site_names);
    free(g->nodes);
    free(g);
}

hone_rc hone_nn_graph_error(const hone_graph *g, hone_error *err)
{
    if (!g->failed)
        return HONE_OK;
    return hone_fail(err, g->error.code, g->error.param, "%s", g->error.msg);
}

/* Keeps a mistake if it is the first. */
#define fail(g, code_, param_, ...)                                   \
    do {                                                              \
        if (!(g)->failed) {                                           \
            (g)->failed = true;                                       \
            (g)->error.size = sizeof(hone_error);                     \
            (void)hone_fail(&(g)->error, code_, param_, __VA_ARGS__); \
        }                                                             \
    } while (0)

hone_var hone_nn_fail(hone_graph *g, const char *param, const char *message)
{
    if (g)
        fail(g, HONE_EINVAL, param, "%s", message ? message : "the model cannot be built");
    return NO_VAR;
}

hone_var graph_out_of_memory(hone_graph *g)
{
    fail(g, HONE_ENOMEM, "", "out of memory while building the network");
    return NO_VAR;
}

/* True where a call on x makes sense; a var that is not of this graph is the caller's mistake and is said. */
static bool usable(hone_graph *g, hone_var x, const char *who)
{
    if (!g || g->failed)
        return false;
    if (graph_has(g, x))
        return true;
    fail(g, HONE_EINVAL, "", "%s: its input is not a value of this graph", who);
    return false;
}

/* Losses are numbers to be minimized: only hone_nn_add takes them further. */
static bool usable_layer_input(hone_graph *g, hone_var x, const char *who)
{
    if (!usable(g, x, who))
        return false;
    if (g->nodes[x.id].is_loss) {
        fail(g, HONE_EINVAL, "", "%s: its input is a loss, one number a sample; only hone_nn_add combines losses", who);
        return false;
    }
    return true;
}

/* Appends a node of the shape of `like` (or without dimensions), reading a and b (-1: none). NULL: out of memory. */
static struct node *append(hone_graph *g, enum node_kind kind, const struct node *like, int32_t a, int32_t b)
{
    struct node node = { .kind = kind, .in = { a, b }, .elements = 1, .kernel = -1, .bias = -1 };
    if (like) {
        node.n_dims = like->n_dims;
        node.elements = like->elements;
        memcpy(node.dims, like->dims, sizeof node.dims);
    }
    node.trains = (a >= 0 && g->nodes[a].trains) || (b >= 0 && g->nodes[b].trains);
    if (g->n_nodes == g->capacity) {
        const int32_t capacity = g->capacity ? 2 * g->capacity : 64;
        struct node *nodes = realloc(g->nodes, (size_t)capacity * sizeof *nodes);
        if (!nodes) {
            (void)graph_out_of_memory(g);
            return NULL;
        }
        g->nodes = nodes;
        g->capacity = capacity;
    }
    g->nodes[g->n_nodes] = node;
    return &g->nodes[g->n_nodes++];
}

static hone_var last(const hone_graph *g, const struct node *node)
{
    const hone_var var = { node ? g->n_nodes - 1 : -1 };
    return var;
}

static bool name_taken(const hone_graph *g, const char *name)
{
    for (int32_t i = 0; i < g->n_nodes; i++)
        if (strcmp(g->nodes[i].name, name) == 0)
            return true;
    return false;
}

/* A given name must be new and fit; without one the layer is the first free of stem1, stem2, ... */
static bool choose_name(hone_graph *g, const char *given, const char *stem, char name[NAME_SIZE])
{
    if (given) {
        if (!*given || strlen(given) >= NAME_SIZE) {
            fail(g, HONE_EINVAL, "", "%s: the name '%.80s' must have 1 to %d characters", stem, given, NAME_SIZE - 1);
            return false;
        }
        memcpy(name, given, strlen(given) + 1);
        if (name_taken(g, name)) {
            fail(g, HONE_EINVAL, "", "two layers or inputs are named '%s'", name);
            return false;
        }
        return true;
    }
    int number = 1;
    do
        snprintf(name, NAME_SIZE, "%s%d", stem, number++);
    while (name_taken(g, name));
    return true;
}

hone_var hone_nn_input(hone_graph *g, const char *name, const int64_t *dims, uint32_t n_dims)
{
    struct node like = { .n_dims = n_dims, .elements = 1 };
    char text[SHAPE_TEXT], chosen[NAME_SIZE];
    if (!g || g->failed || !choose_name(g, name, "input", chosen))
        return NO_VAR;
    if (n_dims > HONE_MAX_DIMS || (n_dims && !dims)) {
        fail(g, HONE_EINVAL, "", "input '%s': %u dimensions, at most %d are possible", chosen, n_dims,
             (int)HONE_MAX_DIMS);
        return NO_VAR;
    }
    for (uint32_t i = 0; i < n_dims; i++) {
        like.dims[i] = dims[i];
        if (dims[i] < 1 || __builtin_mul_overflow(like.elements, dims[i], &like.elements) ||
            like.elements > INT32_MAX) {
            fail(g, HONE_EINVAL, "",
                 "input '%s': shape %s needs dimensions of at least 1 and at most 2^31 - 1 elements in all", chosen,
                 shape_text(dims, n_dims, text));
            return NO_VAR;
        }
    }
    struct node *node = append(g, NODE_INPUT, &like, -1, -1);
    if (node)
        memcpy(node->name, chosen, sizeof chosen);
    return last(g, node);
}

uint32_t hone_nn_shape(const hone_graph *g, hone_var x, int64_t *dims)
{
    if (!graph_has(g, x))
        return 0;
    memcpy(dims, g->nodes[x.id].dims, sizeof g->nodes[x.id].dims);
    return g->nodes[x.id].n_dims;
}

/* ---- layers ---- */
static bool choose_init(hone_graph *g, const char *text, const char *layer, enum init_kind *init)
{
    static const char *const names[INIT_KINDS] = { "he", "xavier", "lecun", "zeros" };
    *init = INIT_HE;
    if (!text)
        return true;
    for (int i = 0; i < INIT_KINDS; i++)
        if (strcmp(text, names[i]) == 0) {
            *init = (enum init_kind)i;
            return true;
        }
    fail(g, HONE_EINVAL, "init", "dense '%s': unknown initializer '%.40s'; he, xavier, lecun and zeros are possible",
         layer, text);
    return false;
}

hone_var hone_nn_dense(hone_graph *g, hone_var x, const struct hone_dense *options)
{
    static const struct hone_dense none = { 0, 0, NULL, NULL };
    char text[SHAPE_TEXT], name[NAME_SIZE];
    enum init_kind init = INIT_HE;
    if (!options)
        options = &none;
    if (!usable_layer_input(g, x, options->name ? options->name : "dense") ||
        !choose_name(g, options->name, "dense", name) || !choose_init(g, options->init, name, &init))
        return NO_VAR;
    const struct node *from = &g->nodes[x.id];
    if (from->n_dims != 1) {
        fail(g, HONE_EINVAL, "", "dense '%s': takes (N, C), got %s; put hone_nn_flatten before it", name,
             shape_text(from->dims, from->n_dims, text));
        return NO_VAR;
    }
    if (options->units < 1 || options->units > INT32_MAX) {
        fail(g, HONE_EINVAL, "units", "dense '%s': units = %lld, at least 1 and at most 2147483647 are possible", name,
             (long long)options->units);
        return NO_VAR;
    }
    if (g->n_frozen >= 0) {
        fail(g, HONE_EINVAL, "", "dense '%s': layers with parameters cannot be added after the first compile", name);
        return NO_VAR;
    }
    struct node like = { .n_dims = 1, .elements = options->units };
    like.dims[0] = options->units;
    struct node *node = append(g, NODE_DENSE, &like, x.id, -1);
    if (!node)
        return NO_VAR;
    memcpy(node->name, name, sizeof name);
    node->init = init;
    node->trains = true;
    node->kernel = (int32_t)g->n_parameters++;
    if (!options->no_bias)
        node->bias = (int32_t)g->n_parameters++;
    return last(g, node);
}

static hone_var unary(hone_graph *g, hone_var x, enum node_kind kind, const char *who)
{
    if (!usable_layer_input(g, x, who))
        return NO_VAR;
    const struct node like = g->nodes[x.id]; /* a copy: append may move the nodes */
    return last(g, append(g, kind, &like, x.id, -1));
}

hone_var hone_nn_relu(hone_graph *g, hone_var x)
{
    return unary(g, x, NODE_RELU, "relu");
}

hone_var hone_nn_tanh(hone_graph *g, hone_var x)
{
    return unary(g, x, NODE_TANH, "tanh");
}

hone_var hone_nn_sigmoid(hone_graph *g, hone_var x)
{
    return unary(g, x, NODE_SIGMOID, "sigmoid");
}

hone_var hone_nn_gelu(hone_graph *g, hone_var x)
{
    return unary(g, x, NODE_GELU, "gelu");
}

hone_var hone_nn_dropout(hone_graph *g, hone_var x, double rate)
{
    if (!usable_layer_input(g, x, "dropout"))
        return NO_VAR;
    if (!(rate >= 0.0 && rate < 1.0)) {
        fail(g, HONE_EINVAL, "rate", "dropout: rate = %g must lie in [0, 1)", rate);
        return NO_VAR;
    }
    if (rate == 0.0)
        return x;
    const hone_var y = unary(g, x, NODE_DROPOUT, "dropout");
    if (y.id >= 0) {
        g->nodes[y.id].rate = rate;
        g->nodes[y.id].number = g->n_dropouts++;
    }
    return y;
}

hone_var hone_nn_flatten(hone_graph *g, hone_var x)
{
    const hone_var y = unary(g, x, NODE_FLATTEN, "flatten");
    if (y.id >= 0) {
        struct node *node = &g->nodes[y.id];
        memset(node->dims, 0, sizeof node->dims);
        node->n_dims = 1;
        node->dims[0] = node->elements;
    }
    return y;
}

static bool same_shape(const struct node *a, const struct node *b)
{
    return a->n_dims == b->n_dims && memcmp(a->dims, b->dims, a->n_dims * sizeof *a->dims) == 0;
}

hone_var hone_nn_add(hone_graph *g, hone_var a, hone_var b)
{
    char left[SHAPE_TEXT], right[SHAPE_TEXT];
    if (!usable(g, a, "add") || !usable(g, b, "add"))
        return NO_VAR;
    const struct node na = g->nodes[a.id], nb = g->nodes[b.id];
    if (!same_shape(&na, &nb) || na.is_loss != nb.is_loss) {
        fail(g, HONE_EINVAL, "", "add: the shapes differ, %s%s and %s%s", shape_text(na.dims, na.n_dims, left),
             na.is_loss ? " of a loss" : "", shape_text(nb.dims, nb.n_dims, right), nb.is_loss ? " of a loss" : "");
        return NO_VAR;
    }
    struct node *node = append(g, NODE_ADD, &na, a.id, b.id);
    if (node)
        node->is_loss = na.is_loss;
    return last(g, node);
}

/* ---- losses and outputs ---- */
static hone_var loss(hone_graph *g, hone_var x, hone_var targets, enum node_kind kind, const char *who)
{
    char left[SHAPE_TEXT], right[SHAPE_TEXT];
    if (!usable_layer_input(g, x, who) || !usable_layer_input(g, targets, who))
        return NO_VAR;
    const struct node *nx = &g->nodes[x.id], *nt = &g->nodes[targets.id];
    if (nx->n_dims != 1 || !same_shape(nx, nt)) {
        fail(g, HONE_EINVAL, "", "%s: takes outputs (N, K) and targets of the same shape, got %s and %s", who,
             shape_text(nx->dims, nx->n_dims, left), shape_text(nt->dims, nt->n_dims, right));
        return NO_VAR;
    }
    if (nt->kind != NODE_INPUT) {
        fail(g, HONE_EINVAL, "", "%s: targets must be an input of the graph", who);
        return NO_VAR;
    }
    struct node *node = append(g, kind, NULL, x.id, targets.id);
    if (node)
        node->is_loss = true;
    return last(g, node);
}

hone_var hone_nn_softmax_cross_entropy(hone_graph *g, hone_var logits, hone_var targets)
{
    return loss(g, logits, targets, NODE_SOFTMAX_CROSS_ENTROPY, "softmax_cross_entropy");
}

hone_var hone_nn_mse(hone_graph *g, hone_var x, hone_var targets)
{
    return loss(g, x, targets, NODE_MSE, "mse");
}

hone_var hone_nn_softmax(hone_graph *g, hone_var x)
{
    char text[SHAPE_TEXT];
    if (!usable_layer_input(g, x, "softmax"))
        return NO_VAR;
    if (g->nodes[x.id].n_dims != 1) {
        fail(g, HONE_EINVAL, "", "softmax: takes (N, K), got %s; put hone_nn_flatten before it",
             shape_text(g->nodes[x.id].dims, g->nodes[x.id].n_dims, text));
        return NO_VAR;
    }
    return unary(g, x, NODE_SOFTMAX, "softmax");
}
