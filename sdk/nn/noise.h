/* SPDX-License-Identifier: MIT */
/* The loops of noise and penalties. Counter-based draws: a step's numbers need none of the steps before. */
#ifndef HONE_NN_NOISE_H
#define HONE_NN_NOISE_H
#include <stdbool.h>
#include <stdint.h>

/* What a value looks like in memory: (samples, pixels, channels), or (samples, channels, pixels) where row_major. */
struct noise_shape {
    int64_t samples, channels, height, width;
    bool row_major;
};

/* factors[i] = 0 with probability `rate`, else 1 / (1 - rate)     factors: (n) */
void noise_factors(float *factors, int64_t n, uint64_t seed, double rate);
/* y = x * factors[sample], or factors[sample, channel]; in place allowed. accumulate: y += */
void noise_by_sample(const float *x, const float *factors, float *y, const struct noise_shape *s, bool accumulate);
void noise_by_channel(const float *x, const float *factors, float *y, const struct noise_shape *s, bool accumulate);

/* kept[i]: 0 with probability `rate`, else 1; y = a (kept x + (1 - kept) ALPHA) + b. In place allowed. */
void noise_alpha(const float *x, float *y, uint8_t *kept, int64_t n, uint64_t seed, double rate);
/* dx = a kept dy [+ dx] */
void noise_alpha_backward(const float *dy, const uint8_t *kept, float *dx, int64_t n, double rate, bool accumulate);

/* kept: (as the shape says) 0 in the blocks drawn, else 1. Returns the scale of what is kept: all / kept, 0 where nothing is. */
float noise_blocks(uint8_t *kept, const struct noise_shape *s, int64_t block, uint64_t seed, double rate);
/* y = scale kept x [+ y]; in place allowed. */
void noise_masked(const float *x, const uint8_t *kept, float *y, int64_t n, float scale, bool accumulate);

void noise_gaussian(const float *x, float *y, int64_t n, uint64_t seed, double deviation); /* in place allowed */
/* factors[i] = 1 + deviation z, z normal; y = factors x. In place allowed.     x, y, factors: (n) */
void noise_gaussian_factors(const float *x, float *y, float *factors, int64_t n, uint64_t seed, double deviation);
/* y = factors x [+ y]     x, y, factors: (n); in place allowed */
void noise_multiply(const float *x, const float *factors, float *y, int64_t n, bool accumulate);

/* values[r] = strength * sum of x[r][c]^2; gradient, unless NULL: weight * d values[r] / d x[r][c].  x: (rows, columns) */
void penalty_activity(const float *x, float *values, float *gradient, int64_t rows, int64_t columns, double strength,
                      float weight);
/* values[r] = strength * sum of p log p, p = softmax(x[r]) */
void penalty_confidence(const float *x, float *values, float *gradient, int64_t rows, int64_t columns, double strength,
                        float weight);
#endif
