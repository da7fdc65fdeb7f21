/* SPDX-License-Identifier: MIT */
/* Building a graph: every call checks its arguments, works out its shape, and keeps the first mistake. */
#include "graph.h"

#include <stdlib.h>
#include <string.h>

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

void hone_nn_set_precision(hone_graph *g, uint32_t precision)
{
    if (!g)
        return;
    if (precision > HONE_PRECISION_AUTO)
        graph_fail(g, HONE_EINVAL, "precision", "precision %u is not one of float32 (0), bfloat16 (1), auto (2)",
                   precision);
    else if (g->n_frozen >= 0)
        graph_fail(g, HONE_EINVAL, "precision", "the precision cannot change after the first compile");
    else
        g->precision = precision;
}

hone_var hone_nn_fail(hone_graph *g, const char *param, const char *message)
{
    if (g)
        graph_fail(g, HONE_EINVAL, param, "%s", message ? message : "the model cannot be built");
    return NO_VAR;
}

hone_var graph_out_of_memory(hone_graph *g)
{
    graph_fail(g, HONE_ENOMEM, "", "out of memory while building the network");
    return NO_VAR;
}

/* True where a call on x makes sense; a var that is not of this graph is the caller's mistake and is said. */
static bool usable(hone_graph *g, hone_var x, const char *who)
{
    if (!g || g->failed)
        return false;
    if (graph_has(g, x))
        return true;
    graph_fail(g, HONE_EINVAL, "", "%s: its input is not a value of this graph", who);
    return false;
}

/* Losses are numbers to be minimized: only hone_nn_add takes them further. */
bool graph_usable(hone_graph *g, hone_var x, const char *who)
{
    if (!usable(g, x, who))
        return false;
    if (g->nodes[x.id].is_loss) {
        graph_fail(g, HONE_EINVAL, "", "%s: its input is a loss, one number a sample; only hone_nn_add combines losses",
                   who);
        return false;
    }
    return true;
}

struct node *graph_append(hone_graph *g, enum node_kind kind, const struct node *like, int32_t a, int32_t b)
{
    struct node node = { .kind = kind, .in = { a, b, -1, -1 }, .elements = 1, .kernel = -1, .bias = -1, .running = -1 };
    if (like) {
        node.n_dims = like->n_dims;
        node.elements = like->elements;
        node.channels = like->channels;
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

hone_var graph_last(const hone_graph *g, const struct node *node)
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

bool graph_choose_name(hone_graph *g, const char *given, const char *stem, char name[NAME_SIZE])
{
    if (given) {
        if (!*given || strlen(given) >= NAME_SIZE) {
            graph_fail(g, HONE_EINVAL, "", "%s: the name '%.80s' must have 1 to %d characters", stem, given,
                       NAME_SIZE - 1);
            return false;
        }
        memcpy(name, given, strlen(given) + 1);
        if (name_taken(g, name)) {
            graph_fail(g, HONE_EINVAL, "", "two layers or inputs are named '%s'", name);
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

bool graph_in_range(hone_graph *g, const char *stem, const char *name, const char *option, int64_t value, int64_t least,
                    int64_t most)
{
    if (value >= least && value <= most)
        return true;
    char who[NAME_SIZE + 32];
    snprintf(who, sizeof who, *name ? "%s '%s'" : "%s%s", stem, name);
    graph_fail(g, HONE_EINVAL, option, "%s: %s = %lld, at least %lld and at most %lld are possible", who, option,
               (long long)value, (long long)least, (long long)most);
    return false;
}

bool graph_takes_parameters(hone_graph *g, const char *stem, const char *name)
{
    if (g->n_frozen < 0)
        return true;
    graph_fail(g, HONE_EINVAL, "", "%s '%s': layers with parameters cannot be added after the first compile", stem,
               name);
    return false;
}

bool graph_shape(hone_graph *g, struct node *like, const int64_t *dims, uint32_t n_dims, bool last, const char *who)
{
    char text[SHAPE_TEXT];
    *like = (struct node){ .n_dims = n_dims, .elements = 1 };
    for (uint32_t i = 0; i < n_dims; i++) {
        like->dims[i] = dims[i];
        if (__builtin_mul_overflow(like->elements, dims[i], &like->elements) || like->elements > INT32_MAX) {
            graph_fail(g, HONE_ERANGE, "", "%s: its output %s has more than 2^31 - 1 elements", who,
                       shape_text(dims, n_dims, text));
            return false;
        }
    }
    if (last && dims[0] > 1 && like->elements > dims[0])
        like->channels = dims[0];
    return true;
}

/* ---- orders of storage ---- */
static hone_var converted(hone_graph *g, hone_var x, int64_t channels)
{
    for (int32_t i = x.id + 1; i < g->n_nodes; i++) /* another layer may have asked already */
        if (g->nodes[i].kind == NODE_LAYOUT && g->nodes[i].in[0] == x.id && g->nodes[i].channels == channels)
            return (hone_var){ i };
    const struct node like = g->nodes[x.id];
    struct node *node = graph_append(g, NODE_LAYOUT, &like, x.id, -1);
    if (node)
        node->channels = channels;
    return graph_last(g, node);
}

hone_var graph_stored_as(hone_graph *g, hone_var x, int64_t channels)
{
    const int64_t now = g->nodes[x.id].channels;
    if (now == channels)
        return x;
    if (now && channels) /* by way of row-major */
        x = converted(g, x, 0);
    return x.id < 0 ? x : converted(g, x, channels);
}

hone_var graph_plain(hone_graph *g, hone_var x)
{
    return graph_stored_as(g, x, 0);
}

hone_var graph_channels_last(hone_graph *g, hone_var x)
{
    const struct node *node = &g->nodes[x.id];
    const int64_t c = node->n_dims ? node->dims[0] : 1;
    return graph_stored_as(g, x, c > 1 && node->elements > c ? c : 0);
}

hone_var hone_nn_input(hone_graph *g, const char *name, const int64_t *dims, uint32_t n_dims)
{
    struct node like = { .n_dims = n_dims, .elements = 1 };
    char text[SHAPE_TEXT], chosen[NAME_SIZE];
    if (!g || g->failed || !graph_choose_name(g, name, "input", chosen))
        return NO_VAR;
    if (n_dims > HONE_MAX_DIMS || (n_dims && !dims)) {
        graph_fail(g, HONE_EINVAL, "", "input '%s': %u dimensions, at most %d are possible", chosen, n_dims,
                   (int)HONE_MAX_DIMS);
        return NO_VAR;
    }
    for (uint32_t i = 0; i < n_dims; i++) {
        like.dims[i] = dims[i];
        if (dims[i] < 1 || __builtin_mul_overflow(like.elements, dims[i], &like.elements) ||
            like.elements > INT32_MAX) {
            graph_fail(g, HONE_EINVAL, "",
                       "input '%s': shape %s needs dimensions of at least 1 and at most 2^31 - 1 elements in all",
                       chosen, shape_text(dims, n_dims, text));
            return NO_VAR;
        }
    }
    struct node *node = graph_append(g, NODE_INPUT, &like, -1, -1);
    if (node)
        memcpy(node->name, chosen, sizeof chosen);
    return graph_last(g, node);
}

uint32_t hone_nn_shape(const hone_graph *g, hone_var x, int64_t *dims)
{
    if (!graph_has(g, x))
        return 0;
    memcpy(dims, g->nodes[x.id].dims, sizeof g->nodes[x.id].dims);
    return g->nodes[x.id].n_dims;
}

/* ---- layers ---- */
bool graph_choose_init(hone_graph *g, const char *text, const char *stem, const char *name, enum init_kind *init)
{
    static const char *const names[] = { "he", "xavier", "lecun", "orthogonal", "zeros" };
    *init = INIT_HE;
    if (!text)
        return true;
    for (int i = 0; i <= INIT_ZEROS; i++)
        if (strcmp(text, names[i]) == 0) {
            *init = (enum init_kind)i;
            return true;
        }
    graph_fail(g, HONE_EINVAL, "init",
               "%s '%s': unknown initializer '%.40s'; he, xavier, lecun, orthogonal and zeros are possible", stem, name,
               text);
    return false;
}

hone_var hone_nn_dense(hone_graph *g, hone_var x, const struct hone_dense *options)
{
    static const struct hone_dense none = { 0, 0, NULL, NULL };
    char text[SHAPE_TEXT], name[NAME_SIZE];
    enum init_kind init = INIT_HE;
    if (!options)
        options = &none;
    if (!graph_usable(g, x, options->name ? options->name : "dense") ||
        !graph_choose_name(g, options->name, "dense", name) ||
        !graph_choose_init(g, options->init, "dense", name, &init))
        return NO_VAR;
    const struct node *from = &g->nodes[x.id];
    if (from->n_dims != 1) {
        graph_fail(g, HONE_EINVAL, "", "dense '%s': takes (N, C), got %s; put hone_nn_flatten before it", name,
                   shape_text(from->dims, from->n_dims, text));
        return NO_VAR;
    }
    if (!graph_in_range(g, "dense", name, "units", options->units, 1, INT32_MAX) ||
        !graph_takes_parameters(g, "dense", name))
        return NO_VAR;
    struct node like = { .n_dims = 1, .elements = options->units };
    like.dims[0] = options->units;
    struct node *node = graph_append(g, NODE_DENSE, &like, x.id, -1);
    if (!node)
        return NO_VAR;
    memcpy(node->name, name, sizeof name);
    node->init = init;
    node->trains = true;
    node->kernel = (int32_t)g->n_parameters++;
    if (!options->no_bias)
        node->bias = (int32_t)g->n_parameters++;
    return graph_last(g, node);
}

hone_var graph_unary(hone_graph *g, hone_var x, enum node_kind kind, const char *who)
{
    if (!graph_usable(g, x, who))
        return NO_VAR;
    const struct node like = g->nodes[x.id]; /* a copy: append may move the nodes */
    return graph_last(g, graph_append(g, kind, &like, x.id, -1));
}

hone_var hone_nn_relu(hone_graph *g, hone_var x)
{
    return graph_unary(g, x, NODE_RELU, "relu");
}

hone_var hone_nn_tanh(hone_graph *g, hone_var x)
{
    return graph_unary(g, x, NODE_TANH, "tanh");
}

hone_var hone_nn_sigmoid(hone_graph *g, hone_var x)
{
    return graph_unary(g, x, NODE_SIGMOID, "sigmoid");
}

hone_var hone_nn_gelu(hone_graph *g, hone_var x)
{
    return graph_unary(g, x, NODE_GELU, "gelu");
}

hone_var hone_nn_swish(hone_graph *g, hone_var x)
{
    return graph_unary(g, x, NODE_SWISH, "swish");
}

hone_var hone_nn_leaky_relu(hone_graph *g, hone_var x, double slope)
{
    if (!graph_usable(g, x, "leaky_relu"))
        return NO_VAR;
    if (!(slope >= 0.0 && slope < 1.0)) {
        graph_fail(g, HONE_EINVAL, "slope", "leaky_relu: slope = %g must lie in [0, 1)", slope);
        return NO_VAR;
    }
    if (slope == 0.0)
        return hone_nn_relu(g, x);
    const hone_var y = graph_unary(g, x, NODE_LEAKY_RELU, "leaky_relu");
    if (y.id >= 0)
        g->nodes[y.id].rate = slope;
    return y;
}

hone_var hone_nn_dropout(hone_graph *g, hone_var x, double rate)
{
    if (!graph_usable(g, x, "dropout"))
        return NO_VAR;
    if (!(rate >= 0.0 && rate < 1.0)) {
        graph_fail(g, HONE_EINVAL, "rate", "dropout: rate = %g must lie in [0, 1)", rate);
        return NO_VAR;
    }
    if (rate == 0.0)
        return x;
    const hone_var y = graph_unary(g, x, NODE_DROPOUT, "dropout");
    if (y.id >= 0) {
        g->nodes[y.id].rate = rate;
        g->nodes[y.id].number = g->n_dropouts++;
    }
    return y;
}

hone_var hone_nn_flatten(hone_graph *g, hone_var x)
{
    const hone_var y = graph_unary(g, x, NODE_FLATTEN, "flatten");
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
        graph_fail(g, HONE_EINVAL, "", "add: the shapes differ, %s%s and %s%s", shape_text(na.dims, na.n_dims, left),
                   na.is_loss ? " of a loss" : "", shape_text(nb.dims, nb.n_dims, right),
                   nb.is_loss ? " of a loss" : "");
        return NO_VAR;
    }
    if ((b = graph_stored_as(g, b, na.channels)).id < 0)
        return NO_VAR;
    struct node *node = graph_append(g, NODE_ADD, &na, a.id, b.id);
    if (node)
        node->is_loss = na.is_loss;
    return graph_last(g, node);
}

/* ---- losses and outputs ---- */
static hone_var loss(hone_graph *g, hone_var x, hone_var targets, enum node_kind kind, const char *who)
{
    char left[SHAPE_TEXT], right[SHAPE_TEXT];
    if (!graph_usable(g, x, who) || !graph_usable(g, targets, who))
        return NO_VAR;
    const struct node *nx = &g->nodes[x.id], *nt = &g->nodes[targets.id];
    if (nx->n_dims != 1 || !same_shape(nx, nt)) {
        graph_fail(g, HONE_EINVAL, "", "%s: takes outputs (N, K) and targets of the same shape, got %s and %s", who,
                   shape_text(nx->dims, nx->n_dims, left), shape_text(nt->dims, nt->n_dims, right));
        return NO_VAR;
    }
    if (nt->kind != NODE_INPUT) {
        graph_fail(g, HONE_EINVAL, "", "%s: targets must be an input of the graph", who);
        return NO_VAR;
    }
    if ((x = graph_plain(g, x)).id < 0)
        return NO_VAR;
    struct node *node = graph_append(g, kind, NULL, x.id, targets.id);
    if (node)
        node->is_loss = true;
    return graph_last(g, node);
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
    if (!graph_usable(g, x, "softmax"))
        return NO_VAR;
    if (g->nodes[x.id].n_dims != 1) {
        graph_fail(g, HONE_EINVAL, "", "softmax: takes (N, K), got %s; put hone_nn_flatten before it",
                   shape_text(g->nodes[x.id].dims, g->nodes[x.id].n_dims, text));
        return NO_VAR;
    }
    if ((x = graph_plain(g, x)).id < 0)
        return NO_VAR;
    return graph_unary(g, x, NODE_SOFTMAX, "softmax");
}
