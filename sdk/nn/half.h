/* SPDX-License-Identifier: MIT */
/* Loops over values that are bfloat16 in memory and float32 in registers, for processors that convert between the two: half
 * the bytes of kernels.h's, whose counterparts they are. Sums and what is kept per channel stay float32. */
#ifndef HONE_NN_HALF_H
#define HONE_NN_HALF_H
#include <stdbool.h>
#include <stdint.h>

struct half_kernels {
    void (*narrow)(const float *x, uint16_t *y, int64_t n); /* kernel_to_bfloat16, but for denormals, which become 0 */
    /* kernel_add, kernel_relu, ...: in place where those may be */
    void (*add)(const uint16_t *a, const uint16_t *b, uint16_t *c, int64_t n);
    void (*relu)(const uint16_t *x, uint16_t *y, int64_t n);
    void (*bias_relu)(uint16_t *y, const float *bias, int64_t rows, int64_t columns);
    void (*relu_backward)(const uint16_t *dy, const uint16_t *y, uint16_t *dx, int64_t n, bool accumulate);
    void (*relu_bias_backward)(const uint16_t *dy, const uint16_t *y, uint16_t *dx, float *dbias, int64_t rows,
                               int64_t columns, int64_t stride);
    void (*column_sums)(const uint16_t *x, float *sums, int64_t rows, int64_t columns, int64_t stride);

    /* the loops of batch_norm.c: rows of c channels */
    void (*norm_sums)(const uint16_t *x, const float *center, float *sums, int64_t rows, int64_t c, bool square);
    void (*norm_apply)(const uint16_t *x, const uint16_t *residual, uint16_t *y, const float *mean, const float *scale,
                       const float *shift, int64_t rows, int64_t c, bool relu);
    void (*norm_backward_sums)(const uint16_t *dy, const uint16_t *x, const uint16_t *y, uint16_t *g, const float *mean,
                               const float *scale, const float *shift, float *sums, int64_t rows, int64_t c, bool relu,
                               bool masked);
    void (*norm_backward_spread)(const uint16_t *g, const uint16_t *x, uint16_t *dx, const float *mean,
                                 const float *scale, const float *shift, const float *slope, const float *offset,
                                 int64_t rows, int64_t c, bool relu, bool accumulate);

    /* those of pool.c */
    void (*take_first)(const void *x, void *best, uint8_t *where, int64_t c, uint8_t at);
    void (*take_larger)(const void *x, void *best, uint8_t *where, int64_t c, uint8_t at);
    void (*largest_of_four)(const void *a, const void *b, void *best, uint8_t *where, int64_t windows, int64_t step,
                            int64_t c, bool relu);
    void (*give_back)(const void *dy, const uint8_t *where, void *dx, int64_t c, int32_t at);
    void (*give_back_four)(const void *dy, const void *y, const uint8_t *where, void *a, void *b, int64_t windows,
                           int64_t step, int64_t c);
    void (*pass_relu)(void *dy, const void *y, int64_t n);
    /* (n, pixels, c) in bfloat16 and (n, c) in float32 */
    void (*global_average)(const uint16_t *x, float *y, int64_t n, int64_t pixels, int64_t c);
    void (*global_average_backward)(const float *dy, uint16_t *dx, int64_t n, int64_t pixels, int64_t c);
};

/* NULL where the processor does not convert. */
const struct half_kernels *half_kernels(void);
#endif
