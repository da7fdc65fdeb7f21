/* SPDX-License-Identifier: MIT */
/* What tests of the network's kernels do with arrays: fill them, compare with a reference, turn into bfloat16 and back; and
 * the reference of convolutions. */
#ifndef HONE_NN_ARRAYS_CASE_H
#define HONE_NN_ARRAYS_CASE_H
#include "kernels.h"
#include "onednn.h"

#include "hone/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* n normal numbers, to be freed; rounded: to what bfloat16 holds. */
static inline float *numbers(hone_rng *rng, int64_t n, bool rounded)
{
    float *x = aligned_alloc(64, (size_t)(n * 4 + 63) / 64 * 64);
    if (!x)
        abort();
    for (int64_t i = 0; i < n; i++)
        x[i] = (float)hone_rng_normal(rng);
    if (rounded)
        kernel_round_bfloat16(x, x, n);
    return x;
}

/* Forward and backward of one group without dilation, by their definitions: channels last, weights (kernel, channels,
 * filters); y, dx and dw zeroed, dx is added to what it holds. */
static inline void reference_conv(const struct conv_shape *c, const float *x, const float *weights, const float *bias,
                                  const float *dy, double *y, double *dx, double *dw)
{
    for (int64_t n = 0; n < c->batch; n++)
        for (int64_t oh = 0; oh < c->out[0]; oh++)
            for (int64_t ow = 0; ow < c->out[1]; ow++) {
                const int64_t to = ((n * c->out[0] + oh) * c->out[1] + ow) * c->filters;
                for (int64_t f = 0; f < c->filters; f++)
                    y[to + f] += (double)bias[f];
                for (int64_t tap = 0; tap < c->kernel[0] * c->kernel[1]; tap++) {
                    const int64_t h = oh * c->stride[0] + tap / c->kernel[1] - c->pad[0],
                                  v = ow * c->stride[1] + tap % c->kernel[1] - c->pad[1],
                                  from = ((n * c->in[0] + h) * c->in[1] + v) * c->channels;
                    if (h < 0 || h >= c->in[0] || v < 0 || v >= c->in[1])
                        continue;
                    for (int64_t e = 0; e < c->channels; e++)
                        for (int64_t f = 0; f < c->filters; f++) {
                            const int64_t at = (tap * c->channels + e) * c->filters + f;
                            y[to + f] += (double)x[from + e] * (double)weights[at];
                            dx[from + e] += (double)dy[to + f] * (double)weights[at];
                            dw[at] += (double)dy[to + f] * (double)x[from + e];
                        }
                }
            }
}

/* Largest difference relative to the root mean square. */
static inline double difference(const float *a, const double *b, int64_t n)
{
    double square = 0, most = 0;
    for (int64_t i = 0; i < n; i++) {
        const double d = fabs((double)a[i] - b[i]);
        square += b[i] * b[i];
        if (!(d <= most))
            most = d;
    }
    return square > 0 ? most / sqrt(square / (double)n) : most;
}

/* The same numbers as bfloat16, to be freed. */
static inline uint16_t *halves(const float *from, int64_t n)
{
    uint16_t *to = malloc((size_t)n * sizeof *to);
    if (!to)
        abort();
    kernel_to_bfloat16(from, to, n);
    return to;
}

static inline void widen(const uint16_t *from, float *to, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const uint32_t bits = (uint32_t)from[i] << 16;
        memcpy(to + i, &bits, sizeof bits);
    }
}
#endif /* HONE_NN_ARRAYS_CASE_H */
