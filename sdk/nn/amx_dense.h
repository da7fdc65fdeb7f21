/* SPDX-License-Identifier: MIT */
/* Dense layers in bfloat16 by the matrix tiles of AMX (Sapphire Rapids and later). The weights are read as the optimizer left
 * them, in float32, and rounded while they become tiles: no copy of them goes through memory, as it does before a product of
 * oneDNN, whose matrices have to be bfloat16 already; bias and relu are done where a block of results still lies in the
 * first-level cache. */
#ifndef HONE_NN_AMX_DENSE_H
#define HONE_NN_AMX_DENSE_H
#include <stdbool.h>
#include <stdint.h>

struct amx_dense {
    int64_t rows, in, out; /* x: (rows, in)  W: (out, in)  y: (rows, out) */
    int32_t threads;
    bool half_x, half_y; /* x and dx, y and dy are bfloat16 in memory, otherwise float32 */
    bool relu;           /* of y */
};
enum amx_dense_pass { DENSE_FORWARD, DENSE_DATA, DENSE_WEIGHTS };

/* y = x W' + b     W, b (or NULL): float32. Runs where amx_runs() (amx_conv.h). scratch: amx_dense_scratch bytes, 64-aligned. */
void amx_dense_forward(const struct amx_dense *d, const void *x, const float *weights, const float *bias, void *y,
                       void *scratch);
/* dx = dy W, or what dx holds and that, where `accumulate`. */
void amx_dense_data(const struct amx_dense *d, const void *dy, const float *weights, void *dx, bool accumulate,
                    void *scratch);
/* dW = dy' x, float32. */
void amx_dense_weights(const struct amx_dense *d, const void *dy, const void *x, float *dweights, void *scratch);
uint64_t amx_dense_scratch(const struct amx_dense *d, enum amx_dense_pass pass);
#endif
