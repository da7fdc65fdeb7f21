/* SPDX-License-Identifier: MIT */
/* Convolutions of bfloat16 numbers by the matrix tiles of AMX (Sapphire Rapids and later), for channels-last images, one
 * group, no dilation. oneDNN's own spend most of their time outside the products where channels are few; these read an image
 * once, keep what they make of it in the second-level cache, and convert float32 on the way in and out. */
#ifndef HONE_NN_AMX_CONV_H
#define HONE_NN_AMX_CONV_H
#include "onednn.h"

struct amx_conv {
    int64_t batch, channels, filters; /* of x and y */
    int64_t in[2], out[2], kernel[2], stride[2], pad[2];
    int32_t threads;
    bool half_x, half_y; /* x and dx, y and dy are bfloat16 in memory, otherwise float32 */
    bool relu;           /* of y */
};

/* Whether this processor has the tiles and the system lets us use them, and whether such a convolution can be done by them. */
bool amx_runs(void);
bool amx_takes(const struct conv_shape *shape);
struct amx_conv amx_conv_of(const struct conv_shape *shape, uint32_t threads);

/* x: (N, H, W, C)  w: (kernel rows, kernel columns, C, K), float32  b: (K) float32, or NULL  y: (N, H', W', K).
 * scratch: amx_conv_scratch bytes, 64-aligned. */
void amx_conv_forward(const struct amx_conv *c, const void *x, const float *weights, const float *bias, void *y,
                      void *scratch);
/* dw from dy and x; and dx (or NULL) from dy and w, or what dx holds and that, where `accumulate`. */
void amx_conv_backward(const struct amx_conv *c, const void *dy, const void *x, const float *weights, void *dx,
                       bool accumulate, float *dweights, void *scratch);
uint64_t amx_conv_scratch(const struct amx_conv *c, bool backward);
#endif
