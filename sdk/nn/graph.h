/* SPDX-License-Identifier: MIT */
/* What a graph is inside libhone-nn: nodes in the order of building (so every input of a node has a smaller id), the
 * first mistake, the sites, the parameters. Not installed; tests of the library may include it. */
#ifndef HONE_NN_GRAPH_H
#define HONE_NN_GRAPH_H
#include "hone/nn.h"
#include "hone/param.h"

#include "onednn.h"

#include <stdbool.h>

enum node_kind {
    NODE_INPUT,
    NODE_DENSE,
    NODE_RELU,
    NODE_TANH,
    NODE_SIGMOID,
    NODE_GELU,
    NODE_LEAKY_RELU,
    NODE_SWISH,
    NODE_DROPOUT,
    NODE_FLATTEN, /* and every other new shape of the same numbers in the same order */
    NODE_ADD,
    NODE_CONV,
    NODE_CONV_TRANSPOSE,
    NODE_MAX_POOL,
    NODE_AVERAGE_POOL,
    NODE_GLOBAL_AVERAGE_POOL,
    NODE_BATCH_NORM,
    NODE_LAYER_NORM,
    NODE_GROUP_NORM,
    NODE_CONCAT,
    NODE_PERMUTE,
    NODE_UPSAMPLE,
    NODE_EMBEDDING,
    NODE_LAYOUT, /* the same value, stored in another order; inserted by layers that need one */
    NODE_SOFTMAX_CROSS_ENTROPY,
    NODE_MSE,
    NODE_SOFTMAX,
    NODE_NOISE,   /* six of them: enum noise_kind */
    NODE_PENALTY, /* two: enum penalty_kind */
    NODE_KINDS
};
enum { NAME_SIZE = 64, MAX_INPUTS = 4 };

enum noise_kind { NOISE_CHANNELS, NOISE_SAMPLES, NOISE_ALPHA, NOISE_BLOCK, NOISE_GAUSSIAN, NOISE_FACTORS };
enum penalty_kind { PENALTY_ACTIVITY, PENALTY_CONFIDENCE };

enum init_kind { INIT_HE, INIT_XAVIER, INIT_LECUN, INIT_ORTHOGONAL, INIT_ZEROS, INIT_NORMAL, INIT_KINDS };

/* Of convolutions and pools; [0] rows, [1] columns. One-dimensional ones have one row. */
struct window {
    int64_t kernel[2], stride[2], pad[2], dilation[2], groups;
};

struct node {
    enum node_kind kind;
    int32_t in[MAX_INPUTS]; /* ids of what it reads; -1: none */
    uint32_t n_dims;
    int64_t dims[HONE_MAX_DIMS]; /* of one sample */
    int64_t elements;            /* of one sample */
    int64_t
        channels; /* 0: stored row-major. C: as (elements / C, C), "channels last", where row-major is (C, elements / C) */
    bool is_loss;         /* one number a sample, made by a loss */
    bool trains;          /* depends on a parameter: its gradient may be wanted */
    char name[NAME_SIZE]; /* inputs and layers with parameters; "" otherwise */
    double rate;          /* dropout, noise; slope of leaky relu; momentum of batch norm; strength of a penalty */
    double epsilon;       /* norms */
    uint32_t number;      /* dropout, noise: the number-th of the graph, which keys its masks; mode of upsample */
    uint32_t variant;     /* noise, penalty: which one */
    bool exclude_padding; /* average pool */
    int64_t factor;       /* upsample; block of noise */
    uint32_t order[HONE_MAX_DIMS]; /* permute */
    struct window window;
    enum init_kind init;       /* of the kernel */
    int32_t kernel, bias;      /* parameters; -1: none */
    int32_t running;           /* batch norm: buffers running, running + 1: mean and variance; -1: none */
    char site[NAME_SIZE + 16]; /* relu: that of the site it was offered to */
};

/* What is noted of a relu in inference. */
struct watch {
    const hone_graph *graph;
    int32_t node;
    float *highest; /* (units) */
    char name[NAME_SIZE + 16];
};

struct parameter {
    hone_parameter public;
    char name[NAME_SIZE + 16];
    int32_t node;
    int64_t channels;      /* dense: the inputs are stored as (inputs / channels, channels); 0: row-major */
    struct layout *layout; /* convolutions: as oneDNN wants it; NULL: one of the above */
};

struct site_name {
    uint32_t role, count;
    char name[NAME_SIZE];
};

struct hone_graph {
    uint64_t seed;
    uint32_t threads;
    struct node *nodes;
    int32_t n_nodes, capacity;
    uint32_t n_dropouts;
    bool failed;
    hone_error error;
    uint32_t site_index[8];       /* sites offered so far, by role */
    struct site_name *site_names; /* numbered names in use */
    uint32_t n_site_names;
    hone_site_handler on_site;
    void *on_site_ctx;
    struct parameter *storage;   /* (n_parameters), made by the first compile */
    hone_parameter **parameters; /* (n_parameters) */
    uint32_t n_parameters;
    struct parameter *buffer_storage; /* (n_buffers), made with the parameters */
    hone_parameter **buffers;
    uint32_t n_buffers;
    float *buffer_values;
    uint64_t buffer_floats;
    uint32_t precision;                                  /* asked for; what is used once compiled */
    float *values, *gradients, *states[HONE_MAX_STATES]; /* one block each for all parameters */
    uint64_t block;                                      /* floats in such a block */
    struct watch *watches;                               /* (n_watches), made with the parameters */
    hone_activity *activities;                           /* (n_watches) */
    float *highest;                                      /* one block for all of them */
    uint32_t n_watches;
    uint64_t n_highest;
    int64_t watched;  /* samples of a batch */
    int32_t n_frozen; /* nodes at the first compile: later ones may bring no parameters */
    bool rounded;     /* tests: products of float32 that were rounded to bfloat16, on any CPU */
    bool direct;      /* tests: no product or convolution of our own */
    bool unshared;    /* tests: give every buffer its own memory */
};

/* Another name of its source, in inference at least. */
static inline bool node_passes(const struct node *node, bool training)
{
    return node->kind == NODE_FLATTEN || (!training && (node->kind == NODE_DROPOUT || node->kind == NODE_NOISE));
}

static inline bool graph_has(const hone_graph *g, hone_var x)
{
    return g && x.id >= 0 && x.id < g->n_nodes;
}

/* Products read bfloat16 numbers (and not float32 ones that were rounded to it). */
static inline bool graph_halves(const hone_graph *g)
{
    return g->precision == HONE_BFLOAT16 && !g->rounded;
}

/* Keeps that memory ran out, if it is the first mistake. Returns the failed var. */
hone_var graph_out_of_memory(hone_graph *g);

/* Keeps a mistake if it is the first. */
#define graph_fail(g, code_, param_, ...)                             \
    do {                                                              \
        if (!(g)->failed) {                                           \
            (g)->failed = true;                                       \
            (g)->error.size = sizeof(hone_error);                     \
            (void)hone_fail(&(g)->error, code_, param_, __VA_ARGS__); \
        }                                                             \
    } while (0)

/* ---- for the functions that build layers ---- */
static const hone_var NO_VAR = { -1 };
/* True where a layer can read x; what is wrong with it otherwise is said in the name of `who`. */
bool graph_usable(hone_graph *g, hone_var x, const char *who);
/* A given name must be new and fit; without one the layer is the first free of stem1, stem2, ... */
bool graph_choose_name(hone_graph *g, const char *given, const char *stem, char name[NAME_SIZE]);
bool graph_choose_init(hone_graph *g, const char *text, const char *stem, const char *name, enum init_kind *init);
/* Says that a layer's option is out of range; false. */
bool graph_in_range(hone_graph *g, const char *stem, const char *name, const char *option, int64_t value, int64_t least,
                    int64_t most);
/* Parameters cannot be added after the first compile; false where that is over. */
bool graph_takes_parameters(hone_graph *g, const char *stem, const char *name);
/* Appends a node of the shape of `like` (NULL: without dimensions), reading a and b (-1: none). NULL: out of memory. */
struct node *graph_append(hone_graph *g, enum node_kind kind, const struct node *like, int32_t a, int32_t b);
hone_var graph_last(const hone_graph *g, const struct node *node); /* of the node just appended; NULL: none */
/* A shape of n_dims dimensions, stored with the first of them last where `last`; false: too many elements, which is said. */
bool graph_shape(hone_graph *g, struct node *like, const int64_t *dims, uint32_t n_dims, bool last, const char *who);
/* x stored row-major, with its first dimension last, or as `channels` says. */
hone_var graph_plain(hone_graph *g, hone_var x);
hone_var graph_channels_last(hone_graph *g, hone_var x);
hone_var graph_stored_as(hone_graph *g, hone_var x, int64_t channels);
hone_var graph_unary(hone_graph *g, hone_var x, enum node_kind kind, const char *who);

enum { SHAPE_TEXT = 160 };
/* "(N, 1, 28, 28)" into text (SHAPE_TEXT); returns text. */
char *shape_text(const int64_t *dims, uint32_t n_dims, char *text);

/* Makes the parameters and buffers of all layers, draws their first values. Does nothing the second time. Layouts of
 * convolutions are those that batches of `batch` samples like best. */
hone_rc graph_make_parameters(hone_graph *g, int64_t batch, hone_error *err);
void graph_release_parameters(hone_graph *g);
/* Makes room for what hone_nn_watch notes. */
hone_rc graph_make_watches(hone_graph *g, hone_error *err);
void graph_release_watches(hone_graph *g);
/* Of a (transposed) convolution that reads node source. A transposed one is described as the convolution whose adjoint it
 * is: from its output to its input. */
struct conv_shape graph_conv_shape(const struct node *layer, const struct node *source, int64_t batch, bool bfloat16);
/* Whether a convolution of that shape is our own (winograd.h, amx_conv.h), whose weights are stored taps first: the same for
 * every batch of a graph. */
enum own_conv { OWN_NONE, OWN_WINOGRAD, OWN_AMX };
enum own_conv graph_own_conv(const hone_graph *g, const struct node *layer, const struct conv_shape *shape);

/* Zeroed memory at a multiple of 64 bytes, or NULL; free() it. */
void *aligned_zeroed(uint64_t bytes);
void *aligned_memory(uint64_t bytes); /* the same, whatever it holds */
#endif
