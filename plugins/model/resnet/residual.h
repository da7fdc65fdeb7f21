/* SPDX-License-Identifier: MIT */
/* What resnet and wide_resnet are both made of: stages of residual blocks. */
#ifndef HONE_RESNET_RESIDUAL_H
#define HONE_RESNET_RESIDUAL_H
#include "hone/instance.h"
#include "hone/layer.h"
#include "hone/model.h"

/* A block computes relu(x + branch(x)), or with pre-activation x + branch(relu(norm(x))). */
struct residual {
    uint32_t bottleneck; /* branch 1x1, 3x3, 1x1 of width, width, 4 width filters instead of 3x3, 3x3 */
    uint32_t pre_activation;
    uint32_t shortcut_norm; /* batch norm behind the shortcut's 1x1 convolution; never with pre-activation */
    double dropout;         /* between the first two convolutions of a branch */
};
enum { BOTTLENECK_FACTOR = 4 };

/* NAME.weight of a convolution without biases, "same" padding. */
hone_var residual_conv(hone_graph *g, hone_var x, int64_t filters, int64_t kernel, int64_t stride, const char *name);
/* Norm NAME, then the sites SITE before and after relu. */
hone_var residual_activate(hone_graph *g, hone_var x, const char *norm, const char *site);
/* `blocks` blocks of `width` filters, the first one with the stride: stage<number>.block1, ... */
hone_var residual_stage(const struct residual *r, hone_graph *g, hone_var x, unsigned number, int64_t blocks,
                        int64_t width, int64_t stride);
/* Global average pool and output layer. */
hone_var residual_head(hone_graph *g, hone_var x, const hone_task *task);

extern const hone_component resnet, wide_resnet;
#endif
