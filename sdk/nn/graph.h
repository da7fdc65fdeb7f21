/* SPDX-License-Identifier: MIT */
/* What a graph is inside libhone-nn: nodes in the order of building (so every input of a node has a smaller id), the
 * first mistake, the sites, the parameters. Not installed; tests of the library may include it. */
#ifndef HONE_NN_GRAPH_H
#define HONE_NN_GRAPH_H
#include "hone/nn.h"

#include <stdbool.h>

enum node_kind {
    NODE_INPUT,
    NODE_DENSE,
    NODE_RELU,
    NODE_TANH,
    NODE_SIGMOID,
    NODE_GELU,
    NODE_DROPOUT,
    NODE_FLATTEN,
    NODE_ADD,
    NODE_SOFTMAX_CROSS_ENTROPY,
    NODE_MSE,
    NODE_SOFTMAX,
    NODE_KINDS
};
enum { NAME_SIZE = 64 };

enum init_kind { INIT_HE, INIT_XAVIER, INIT_LECUN, INIT_ZEROS, INIT_KINDS };

struct node {
    enum node_kind kind;
    int32_t in[2]; /* ids of what it reads; -1: none */
    uint32_t n_dims;
    int64_t dims[HONE_MAX_DIMS]; /* of one sample */
    int64_t elements;            /* of one sample */
    bool is_loss;                /* one number a sample, made by a loss */
    bool trains;                 /* depends on a parameter: its gradient may be wanted */
    char name[NAME_SIZE];        /* inputs and layers with parameters; "" otherwise */
    double rate;                 /* dropout */
    uint32_t number;             /* dropout: the number-th of the graph, which keys its masks */
    enum init_kind init;         /* dense */
    int32_t kernel, bias;        /* dense: parameters; -1: none */
};

struct parameter {
    hone_parameter public;
    char name[NAME_SIZE + 8];
    int32_t node;
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
    float *values, *gradients, *states[HONE_MAX_STATES]; /* one block each for all parameters */
    uint64_t block;                                      /* floats in such a block */
    int32_t n_frozen; /* nodes at the first compile: later ones may bring no parameters */
    bool unshared;    /* tests: give every buffer its own memory */
};

static inline bool graph_has(const hone_graph *g, hone_var x)
{
    return g && x.id >= 0 && x.id < g->n_nodes;
}

/* Keeps that memory ran out, if it is the first mistake. Returns the failed var. */
hone_var graph_out_of_memory(hone_graph *g);

enum { SHAPE_TEXT = 160 };
/* "(N, 1, 28, 28)" into text (SHAPE_TEXT); returns text. */
char *shape_text(const int64_t *dims, uint32_t n_dims, char *text);

/* Makes the parameters of all layers, draws their first values. Does nothing the second time. */
hone_rc graph_make_parameters(hone_graph *g, hone_error *err);
void graph_release_parameters(hone_graph *g);

/* Zeroed memory at a multiple of 64 bytes, or NULL; free() it. */
void *aligned_zeroed(uint64_t bytes);
#endif
