/* SPDX-License-Identifier: MIT */
/* All that libhone-nn asks of oneDNN, in our own words: products and convolutions made once and run many times. onednn.c and
 * onednn_conv.c alone see dnnl.h, both versions of it. */
#ifndef HONE_NN_ONEDNN_H
#define HONE_NN_ONEDNN_H
#include "hone/plugin.h"

#include <stdbool.h>

/* c[m][n] = sum over k of a[m][k] * b[k][n] [+ bias[n]] [+ c[m][n]]     a: (M, K)  b: (K, N)  c: (M, N), float32 unless said */
struct matmul_shape {
    int64_t m, n, k;
    bool a_transposed, b_transposed; /* stored as (K, M), (N, K) */
    bool bias, accumulate;           /* accumulate: add to what c holds */
    bool bfloat16;                   /* a and b are; the bias stays float32 */
    bool half;                       /* c is bfloat16, too */
};

/* x: (N, H, W, C)  w: (K, C / groups, kernel...) in a layout that oneDNN chooses  b: (K)  y: (N, H', W', K) */
struct conv_shape {
    int64_t batch, channels, filters, groups;
    int64_t in[2], out[2], kernel[2], stride[2], pad[2], dilation[2];
    bool bias;
    bool bfloat16; /* x and w (dy and w, dy and x) are; the result and the bias stay float32 */
};
enum conv_pass {
    CONV_FORWARD, /* operands x, w, y, b */
    CONV_DATA,    /* dy, w, dx */
    CONV_WEIGHTS  /* dy, x, dw, db */
};

struct layout;    /* how a convolution's weights lie in memory, zeros for padding included */
struct primitive; /* owns its descriptor */
struct call;      /* a primitive bound to its operands */
enum { PRIMITIVE_OPERANDS = 4, PRIMITIVE_SCRATCH = 4 /* the operand after them */ };

/* `who` names the layer in errors. Made for the number of threads in force (threads_enter).
 * Operands of a product: a, b, c, bias. */
hone_rc matmul_create(const struct matmul_shape *shape, const char *who, struct primitive **primitive, hone_error *err);
/* The layout of the weights is the one that serves this pass best: primitive_weights. */
hone_rc conv_create(const struct conv_shape *shape, enum conv_pass pass, const char *who, struct primitive **primitive,
                    hone_error *err);
/* Between two layouts of one shape; operands from, to. */
hone_rc reorder_create(const struct layout *from, const struct layout *to, const char *who,
                       struct primitive **primitive, hone_error *err);
void primitive_destroy(struct primitive *primitive); /* accepts NULL; after its calls */
uint64_t primitive_scratch_bytes(const struct primitive *primitive);
const struct layout *primitive_weights(const struct primitive *primitive); /* life of the primitive; NULL: a product */
const char *primitive_name(const struct primitive *primitive);             /* oneDNN's name of the code it chose */
/* operands[PRIMITIVE_SCRATCH]: primitive_scratch_bytes at a multiple of 64, shared by whom one likes; absent ones NULL. */
hone_rc primitive_bind(const struct primitive *primitive, float *const operands[PRIMITIVE_OPERANDS + 1],
                       struct call **call, hone_error *err);
void call_destroy(struct call *call); /* accepts NULL */
/* 0, or oneDNN's status. Allocates nothing of ours. */
int call_run(const struct call *call);

struct layout *layout_clone(const struct layout *layout); /* NULL: out of memory */
void layout_destroy(struct layout *layout);               /* accepts NULL */
/* (kernel rows, kernel columns, C, K), without groups: for our own convolutions. */
hone_rc layout_taps_first(const struct conv_shape *shape, const char *who, struct layout **layout, hone_error *err);
uint64_t layout_bytes(const struct layout *layout);
bool layout_same(const struct layout *a, const struct layout *b);
bool layout_is_plain(const struct layout *layout); /* row-major, no padding */
/* One copy, outside of steps. */
hone_rc layout_to_plain(const struct layout *layout, const float *from, float *plain, hone_error *err);
hone_rc layout_from_plain(const struct layout *layout, const float *plain, float *to, hone_error *err);

/* Whether products of bfloat16 can be made here: at all, or by instructions of the CPU. */
bool onednn_has_bfloat16(bool native);

/* Sets the OpenMP threads of the calling thread and returns the number to set back; 0: oneDNN is built without OpenMP. */
int threads_enter(uint32_t threads);
void threads_leave(int before);
#endif
