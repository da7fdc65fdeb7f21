/* SPDX-License-Identifier: MIT */
/* The state of lowering one program, shared by lower.c (graph matters) and layers.c (what each layer becomes). Every
 * function does nothing once `failed` is set. */
#ifndef HONE_NN_LOWER_H
#define HONE_NN_LOWER_H
#include "program.h"

struct lowering {
    hone_net          *net;
    struct program    *program;
    const struct node *nodes;
    bool               training, failed;
    hone_error        *err;
    bool              *needed;         /* the rest is per node, (n_nodes) */
    bool              *wants_gradient; /* a parameter lies behind it */
    bool              *fused;          /* computed by its source's operation already */
    bool              *bias_done;      /* dense: the gradient of the bias came with that of the relu */
    uint32_t          *uses;           /* how often needed nodes read it */
    float             *weight;         /* losses: factor of its gradient */
    float             *scale;          /* relu: of the dropout that worked in place on it */
    int32_t           *value;          /* buffer */
    int32_t           *gradient;       /* buffer; -1: no contribution yet */
    int32_t           *extra;          /* buffer: kept units of dropout, gradient of a loss */
};

/* What node id reads as its i-th input, other names resolved. */
int32_t lower_source(const struct lowering *l, int32_t id, int i);
/* A new buffer for the value of node id (the answer's or the losses' own where it is that). */
int32_t lower_value(struct lowering *l, int32_t id);
bool    lower_is_result(const struct lowering *l, int32_t id); /* it is the answer or the loss */
/* Nobody but its one consumer needs the value of node id any more. */
bool      lower_may_overwrite(const struct lowering *l, int32_t id);
void      lower_keep(struct lowering *l, int32_t id); /* the backward pass will read the value of node id */
int32_t   lower_buffer(struct lowering *l, uint64_t bytes, float *fixed);
struct op lower_op(int (*run)(const struct op *, uint64_t), int64_t rows, int64_t columns);
void      lower_emit(struct lowering *l, const struct op *op);                             /* takes over op->primitive */
void      lower_add(struct lowering *l, int32_t a, int32_t b, int32_t c, int64_t columns); /* c = a + b */
/* The buffer that takes node id's gradient; *accumulate: it holds earlier contributions. */
int32_t lower_gradient_target(struct lowering *l, int32_t id, bool *accumulate);
/* Contributes a buffer as it is to the gradient of node id. */
void lower_contribute(struct lowering *l, int32_t id, int32_t buffer);
/* One of the gradients held in a buffer is used up. */
void lower_consumed(struct lowering *l, int32_t buffer);

/* layers.c */
void lower_forward(struct lowering *l, int32_t id);
void lower_backward(struct lowering *l, int32_t id);
#endif
