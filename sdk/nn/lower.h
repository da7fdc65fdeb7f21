/* SPDX-License-Identifier: MIT */
/* The state of lowering one program, shared by lower.c (graph matters) and layers.c (what each layer becomes). Every
 * function does nothing once `failed` is set. */
#ifndef HONE_NN_LOWER_H
#define HONE_NN_LOWER_H
#include "program.h"

struct lowering {
    hone_net *net;
    struct program *program;
    const struct node *nodes;
    bool training, failed;
    bool noisy; /* training, and what acts in training only does */
    hone_error *err;
    bool *needed;         /* the rest is per node, (n_nodes) */
    bool *wants_gradient; /* a parameter lies behind it */
    bool *fused;          /* computed by its source's operation already */
    bool *bias_done;      /* layers with a bias: its gradient came with that of the relu */
    int32_t *norm;        /* add, relu: the batch norm that computes it; batch norm: the add or relu; -1: none */
    uint32_t *uses;       /* how often needed nodes read it */
    float *weight;        /* losses: factor of its gradient */
    int32_t *dropout;     /* relu: the one that worked in place on it; -1: none */
    int32_t *value;       /* buffer */
    int32_t *gradient;    /* buffer; -1: no contribution yet */
    bool *halved;         /* its value and its gradient are bfloat16 in memory */
    int32_t *half;        /* buffer with its value in bfloat16; -1: none yet */
    int32_t *extra;       /* buffer: kept units of dropout, gradient of a loss */
};

int32_t lower_resolve(const struct lowering *l, int32_t id); /* the node whose value is that of node id */
/* What node id reads as its i-th input, other names resolved. */
int32_t lower_source(const struct lowering *l, int32_t id, int i);
/* A new buffer for the value of node id (the answer's or the losses' own where it is that). */
int32_t lower_value(struct lowering *l, int32_t id);
bool lower_is_result(const struct lowering *l, int32_t id); /* it is the answer or the loss */
/* Nobody but its one consumer needs the value of node id any more. */
bool lower_may_overwrite(const struct lowering *l, int32_t id);
void lower_keep(struct lowering *l, int32_t id); /* the backward pass will read the value of node id */
int32_t lower_buffer(struct lowering *l, uint64_t bytes, float *fixed);
uint64_t lower_bytes(const struct lowering *l, int32_t id); /* of the value of node id, or of its gradient */
struct op lower_op(int (*run)(const struct op *, uint64_t), int64_t rows, int64_t columns);
void lower_emit(struct lowering *l, const struct op *op);                        /* takes over op->primitive */
void lower_add(struct lowering *l, int32_t id, int32_t a, int32_t b, int32_t c); /* c = a + b, as node id is stored */
/* The buffer that takes node id's gradient; *accumulate: it holds earlier contributions. */
int32_t lower_gradient_target(struct lowering *l, int32_t id, bool *accumulate);
/* Contributes a buffer as it is to the gradient of node id; others may go on reading it. */
void lower_contribute(struct lowering *l, int32_t id, int32_t buffer);
/* A new buffer of the size of node id, and its contribution once it is written: nobody else reads it. */
int32_t lower_fresh_gradient(struct lowering *l, int32_t id);
void lower_give(struct lowering *l, int32_t id, int32_t buffer);
/* The one node that reads node id, where it is one only and node id is no result; -1 otherwise. */
int32_t lower_only_reader(const struct lowering *l, int32_t id);
int32_t lower_only_relu(const struct lowering *l, int32_t id); /* the same, where it is a relu */
/* A parameter's values or gradient. */
int32_t lower_parameter(struct lowering *l, int32_t parameter, bool gradient);
/* What a product shall read of the value of node id: its bfloat16 numbers where that is the precision. The backward pass may
 * read it, too. */
int32_t lower_operand(struct lowering *l, int32_t id);
/* The same of its gradient. */
int32_t lower_operand_gradient(struct lowering *l, int32_t id);
/* The same of `n` floats in a buffer: a copy that nobody else knows. */
int32_t lower_halved(struct lowering *l, int32_t buffer, int64_t n);
/* Runs a primitive on its operands in their order (-1: none). Takes it over. */
void lower_primitive(struct lowering *l, struct primitive *primitive, int32_t a, int32_t b, int32_t c, int32_t d);
/* The value of node id in the place of its source's, where that is free to be overwritten; in a buffer of its own otherwise. */
void lower_value_in_place(struct lowering *l, int32_t id, int32_t x);
/* The buffer for the gradient of x: that of node id's own, where it is the only thing held there, else a new one. */
int32_t lower_gradient_in_place(struct lowering *l, int32_t id, int32_t x, bool *accumulate);
/* Emits op from the value of id's source to that of id, or from the gradient of id to that of its source. */
void lower_move_forward(struct lowering *l, int32_t id, struct op *op);
void lower_move_backward(struct lowering *l, int32_t id, struct op *op);
/* Rows and columns of a value in memory: columns are its channels where those are last, else its elements. */
int64_t lower_columns(const struct lowering *l, int32_t id);
int64_t lower_rows(const struct lowering *l, int32_t id);
/* One of the gradients held in a buffer is used up. */
void lower_consumed(struct lowering *l, int32_t buffer);

/* watch.c: takes note of the value of relu id, which the program has just computed */
void lower_watch(struct lowering *l, int32_t id);
/* lower_half.c: fills l->halved, before anything is lowered. */
void lower_find_halves(struct lowering *l);

/* layers.c */
int lower_run_column_sums(const struct op *op, uint64_t step); /* p[1][c] = sum over rows of p[0][r][c] */
void lower_forward(struct lowering *l, int32_t id);
void lower_backward(struct lowering *l, int32_t id);
/* layers_activation.c, layers_conv.c, layers_norm.c, layers_move.c, layers_rest.c */
void activation_forward(struct lowering *l, int32_t id);
void activation_backward(struct lowering *l, int32_t id);
void dropout_forward(struct lowering *l, int32_t id);
void dropout_backward(struct lowering *l, int32_t id);
void conv_forward(struct lowering *l, int32_t id);
void conv_backward(struct lowering *l, int32_t id);
void conv_transpose_forward(struct lowering *l, int32_t id);
void conv_transpose_backward(struct lowering *l, int32_t id);
void batch_norm_forward(struct lowering *l, int32_t id);
void batch_norm_backward(struct lowering *l, int32_t id);
/* The add or relu that a batch norm computes. */
void normed_forward(struct lowering *l, int32_t id);
void normed_backward(struct lowering *l, int32_t id);
void max_pool_forward(struct lowering *l, int32_t id);
void max_pool_backward(struct lowering *l, int32_t id);
void average_pool_forward(struct lowering *l, int32_t id);
void average_pool_backward(struct lowering *l, int32_t id);
void global_average_forward(struct lowering *l, int32_t id);
void global_average_backward(struct lowering *l, int32_t id);
void layout_forward(struct lowering *l, int32_t id);
void layout_backward(struct lowering *l, int32_t id);
void group_norm_forward(struct lowering *l, int32_t id);
void group_norm_backward(struct lowering *l, int32_t id);
void concat_forward(struct lowering *l, int32_t id);
void concat_backward(struct lowering *l, int32_t id);
void permute_forward(struct lowering *l, int32_t id);
void permute_backward(struct lowering *l, int32_t id);
void upsample_forward(struct lowering *l, int32_t id);
void upsample_backward(struct lowering *l, int32_t id);
void embedding_forward(struct lowering *l, int32_t id);
void embedding_backward(struct lowering *l, int32_t id);
/* layers_noise.c */
void noise_forward(struct lowering *l, int32_t id);
void noise_backward(struct lowering *l, int32_t id);
void penalty_forward(struct lowering *l, int32_t id);
void penalty_backward(struct lowering *l, int32_t id);
void lower_penalties(struct lowering *l); /* adds the penalties to the losses, which are there */
#endif
