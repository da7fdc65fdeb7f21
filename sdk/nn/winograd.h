/* SPDX-License-Identifier: MIT */
/* Convolutions with few multiplications (Winograd 1980; Lavin and Gray 2016): 4 x 4 outputs of a 3 x 3 kernel, or 2 x 2 of a
 * 5 x 5 one, cost 36 products in place of 144 or 100. For processors with AVX2 or AVX-512, float32, stride 1. */
#ifndef HONE_NN_WINOGRAD_H
#define HONE_NN_WINOGRAD_H
#include "onednn.h"

struct winograd {
    int64_t batch, channels, filters; /* of x and y; multiples of 16 */
    int64_t in[2], out[2], pad[2];
    int64_t kernel; /* 3 or 5 */
    int32_t threads;
};

/* Whether this processor can run them, and whether such a convolution gains by them; the latter says nothing of the batch. */
bool winograd_runs(void);
bool winograd_pays(const struct conv_shape *shape);
struct winograd winograd_of(const struct conv_shape *shape, uint32_t threads);
/* The same convolution's pass to the data, as a convolution of dy with the kernel turned around. */
struct winograd winograd_adjoint(const struct winograd *w);

/* x: (N, H, W, C)  w: (kernel, kernel, C, K)  b: (K) or NULL  y: (N, H', W', K). scratch: winograd_scratch bytes, 64-aligned. */
void winograd_forward(const struct winograd *w, const float *x, const float *weights, const float *bias, float *y,
                      float *scratch);
/* dx from dy, or what dx holds and that, where `accumulate`; w is what winograd_adjoint made of the forward pass's, weights are the forward pass's. */
void winograd_data(const struct winograd *w, const float *dy, const float *weights, float *dx, bool accumulate,
                   float *scratch);
/* dw (kernel, kernel, C, K) from dy and x. */
void winograd_weights(const struct winograd *w, const float *dy, const float *x, float *dweights, float *scratch);
enum winograd_pass { WINOGRAD_FORWARD, WINOGRAD_DATA, WINOGRAD_WEIGHTS };
uint64_t winograd_scratch(const struct winograd *w, enum winograd_pass pass); /* of DATA: the adjoint's */
#endif
