/* SPDX-License-Identifier: MIT */
/* A compiled network: two programs (training step, inference), each a flat list of operations over buffers whose places in
 * one arena are planned before anything runs. */
#ifndef HONE_NN_PROGRAM_H
#define HONE_NN_PROGRAM_H
#include "amx_conv.h"
#include "amx_dense.h"
#include "graph.h"
#include "half.h"
#include "kernels.h"
#include "onednn.h"
#include "winograd.h"

enum { MAX_OPERANDS = 10 };

/* Memory of a program. Fixed buffers (inputs, losses, output, parameters) have a place of their own for ever; the others
 * live from the first operation that names them to the last and share the arena. */
struct buffer {
    uint64_t bytes;
    float *fixed;        /* NULL: planned */
    int32_t first, last; /* operations; first < 0: unused */
    uint64_t offset;     /* in the shared part of the arena; a multiple of 64 */
    uint32_t readers;    /* while lowering: gradients held in it that are yet to be consumed */
    bool keep;           /* while lowering: the backward pass reads what the forward pass left in it */
};

struct op {
    int (*run)(const struct op *op, uint64_t step); /* 0, or the status of oneDNN */
    int32_t buffer[MAX_OPERANDS];                   /* -1: none */
    float *p[MAX_OPERANDS];                         /* where they are */
    int64_t rows, columns;
    float scalar;             /* weight of a loss, scale of dropout */
    double epsilon, momentum; /* of norms */
    uint32_t flags;
    bool accumulate;
    bool half;       /* values are bfloat16 in memory */
    int32_t threads; /* of the graph */
    struct dropout_key key;
    const struct hone_graph *graph; /* noise: node says the rate of the step */
    int32_t node;
    uint64_t seed; /* of the noise */
    struct pool pool;
    struct group_norm group_norm;
    struct upsample upsample;
    struct permutation permutation;
    struct winograd winograd;
    const struct watch *watch;
    struct amx_conv amx_conv;
    struct amx_dense amx_dense;
    int64_t from, to, from_stride, to_stride; /* pieces of rows; from: entries of a table */
    float *dweight, *dbias;                   /* gradients of a norm */
    struct primitive *primitive;
    struct call *call;
};

/* Operand i of an operation whose values are bfloat16. */
static inline uint16_t *op_half(const struct op *op, int i)
{
    return (uint16_t *)(void *)op->p[i];
}

struct program {
    struct op *ops;
    int32_t n_ops, ops_capacity, n_forward; /* ops[n_forward ...] are the backward pass */
    struct buffer *buffers;
    int32_t n_buffers, buffers_capacity;
    double flops;
    uint64_t bytes; /* of the shared part of the arena */
};

struct hone_net {
    hone_graph *graph;
    int64_t batch;
    int32_t loss, output; /* nodes */
    int32_t n_nodes;      /* of the graph when it was compiled */
    float **inputs;       /* (n_nodes) NULL where the node is no input */
    float *losses;        /* (batch) */
    float *answer;        /* (batch, elements of output) */
    unsigned char *fixed; /* memory of the three above, which are there before lowering */
    unsigned char *arena; /* shared by the buffers of both programs, which never run at once */
    uint64_t arena_bytes; /* of both */
    bool frozen;          /* a step is inference with gradients */
    struct program train, infer;
};

/* Appends a buffer; -1: out of memory. */
int32_t program_buffer(struct program *p, uint64_t bytes, float *fixed);
/* Appends an operation and notes what its buffers live through. NULL: out of memory. */
struct op *program_op(struct program *p, const struct op *op);
/* Places the buffers that are not fixed: greedy by size (Pisarchyk and Lee 2020), lowest place free during the whole life.
 * share = false gives each its own. */
void program_plan(struct program *p, bool share);
void program_release(struct program *p);

/* Fills net->train or net->infer with operations and buffers, not yet placed. */
hone_rc lower(hone_net *net, struct program *program, bool training, hone_error *err);

/* Calls part(op, from, to) for shares of [0, all), multiples of `grain`, one a thread; once, where `work` numbers are too few to be
 * worth it. Parts must not depend on how they are cut. Returns 0, for run functions to end with. */
int op_spread(const struct op *op, int64_t all, int64_t grain, int64_t work,
              void (*part)(const struct op *op, int64_t from, int64_t to));

/* Runs ops [from, to). 0, or the status of oneDNN. */
int program_run(const struct program *p, int32_t from, int32_t to, uint64_t step);
#endif
