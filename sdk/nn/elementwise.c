/* SPDX-License-Identifier: MIT */
/* Activations, their derivatives, sums, and the gradient of biases: loops over contiguous float32. */
#include "vector_math.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3", "no-trapping-math")
#endif

HOT void kernel_relu(const float *x, float *y, int64_t n)
{
    IVDEP
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] < 0.0f ? 0.0f : x[i];
}

HOT void kernel_bias_relu(float *y, const float *bias, int64_t rows, int64_t columns)
{
    for (int64_t r = 0; r < rows; r++) {
        float *row = y + r * columns;
        IVDEP
        for (int64_t c = 0; c < columns; c++) {
            const float x = row[c] + bias[c];
            row[c] = x < 0.0f ? 0.0f : x;
        }
    }
}

HOT void kernel_add_bias(float *y, const float *bias, int64_t rows, int64_t columns)
{
    for (int64_t r = 0; r < rows; r++) {
        float *row = y + r * columns;
        IVDEP
        for (int64_t c = 0; c < columns; c++)
            row[c] += bias[c];
    }
}

HOT void kernel_tanh(const float *x, float *y, int64_t n)
{
    IVDEP
    for (int64_t i = 0; i < n; i++)
        y[i] = vector_tanh(x[i]);
}

HOT void kernel_sigmoid(const float *x, float *y, int64_t n)
{
    IVDEP
    for (int64_t i = 0; i < n; i++)
        y[i] = vector_sigmoid(x[i]);
}

HOT void kernel_gelu(const float *x, float *y, int64_t n)
{
    IVDEP
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] * vector_normal(x[i], vector_bell(x[i]));
}

HOT void kernel_swish(const float *x, float *y, int64_t n)
{
    IVDEP
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] * vector_sigmoid(x[i]);
}

HOT void kernel_leaky_relu(const float *x, float *y, int64_t n, float slope)
{
    IVDEP
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] < 0.0f ? slope * x[i] : x[i];
}

/* The two loops of every derivative: writing and adding. f is the factor of dy[i]. */
#define BACKWARD(f)                         \
    do {                                    \
        if (accumulate) {                   \
            IVDEP                           \
            for (int64_t i = 0; i < n; i++) \
                dx[i] += dy[i] * (f);       \
        } else {                            \
            IVDEP                           \
            for (int64_t i = 0; i < n; i++) \
                dx[i] = dy[i] * (f);        \
        }                                   \
    } while (0)

HOT void kernel_relu_backward(const float *dy, const float *y, float *dx, int64_t n, float scale, bool accumulate)
{
    BACKWARD(y[i] > 0.0f ? scale : 0.0f);
}

HOT void kernel_tanh_backward(const float *dy, const float *y, float *dx, int64_t n, bool accumulate)
{
    BACKWARD(1.0f - y[i] * y[i]);
}

HOT void kernel_sigmoid_backward(const float *dy, const float *y, float *dx, int64_t n, bool accumulate)
{
    BACKWARD(y[i] * (1.0f - y[i]));
}

/* d/dx x F(x) = F(x) + x F'(x) */
INLINE float gelu_slope(float x)
{
    const float bell = vector_bell(x);
    return vector_normal(x, bell) + x * 0.39894228f * bell;
}

HOT void kernel_gelu_backward(const float *dy, const float *x, float *dx, int64_t n, bool accumulate)
{
    BACKWARD(gelu_slope(x[i]));
}

/* d/dx x s(x) = s(x) (1 + x (1 - s(x))) */
INLINE float swish_slope(float x)
{
    const float s = vector_sigmoid(x);
    return s * (1.0f + x * (1.0f - s));
}

HOT void kernel_swish_backward(const float *dy, const float *x, float *dx, int64_t n, bool accumulate)
{
    BACKWARD(swish_slope(x[i]));
}

HOT void kernel_leaky_relu_backward(const float *dy, const float *x, float *dx, int64_t n, float slope, bool accumulate)
{
    BACKWARD(x[i] > 0.0f ? 1.0f : slope);
}

HOT void kernel_dropout_backward(const float *dy, const uint8_t *kept, float *dx, int64_t n, float scale,
                                 bool accumulate)
{
    BACKWARD((float)kept[i] * scale);
}

/* Four rows at a time: the sums, which live in the first-level cache, are read and written a quarter as often. */
HOT void kernel_relu_bias_backward(const float *dy, const float *y, float *dx, float *dbias, int64_t rows,
                                   int64_t columns, int64_t stride, float scale)
{
    for (int64_t c = 0; c < columns; c++)
        dbias[c] = 0.0f;
    int64_t r = 0;
    for (; r + 4 <= rows; r += 4) {
        const float *dy0 = dy + r * stride, *y0 = y + r * stride;
        float *dx0 = dx + r * stride;
        IVDEP
        for (int64_t c = 0; c < columns; c++) {
            const float a = y0[c] > 0.0f ? dy0[c] * scale : 0.0f;
            const float b = y0[c + stride] > 0.0f ? dy0[c + stride] * scale : 0.0f;
            const float d = y0[c + 2 * stride] > 0.0f ? dy0[c + 2 * stride] * scale : 0.0f;
            const float e = y0[c + 3 * stride] > 0.0f ? dy0[c + 3 * stride] * scale : 0.0f;
            dx0[c] = a;
            dx0[c + stride] = b;
            dx0[c + 2 * stride] = d;
            dx0[c + 3 * stride] = e;
            dbias[c] += (a + b) + (d + e);
        }
    }
    for (; r < rows; r++)
        for (int64_t c = 0; c < columns; c++) {
            const float a = y[r * stride + c] > 0.0f ? dy[r * stride + c] * scale : 0.0f;
            dx[r * stride + c] = a;
            dbias[c] += a;
        }
}

HOT void kernel_column_sums(const float *x, float *sums, int64_t rows, int64_t columns, int64_t stride)
{
    for (int64_t c = 0; c < columns; c++)
        sums[c] = 0.0f;
    int64_t r = 0;
    for (; r + 4 <= rows; r += 4) {
        const float *p = x + r * stride;
        for (int64_t c = 0; c < columns; c++)
            sums[c] += (p[c] + p[c + stride]) + (p[c + 2 * stride] + p[c + 3 * stride]);
    }
    for (; r < rows; r++)
        for (int64_t c = 0; c < columns; c++)
            sums[c] += x[r * stride + c];
}

HOT void kernel_add(const float *a, const float *b, float *c, int64_t n)
{
    IVDEP
    for (int64_t i = 0; i < n; i++)
        c[i] = a[i] + b[i];
}

/* In tiles, so that both sides stay within lines already read. */
void kernel_transpose(const float *x, float *y, int64_t rows, int64_t columns)
{
    enum { TILE = 16 };
    for (int64_t r0 = 0; r0 < rows; r0 += TILE)
        for (int64_t c0 = 0; c0 < columns; c0 += TILE) {
            const int64_t r1 = r0 + TILE < rows ? r0 + TILE : rows, c1 = c0 + TILE < columns ? c0 + TILE : columns;
            for (int64_t c = c0; c < c1; c++)
                for (int64_t r = r0; r < r1; r++)
                    y[c * rows + r] = x[r * columns + c];
        }
}

INLINE uint32_t rounded_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint32_t up = bits + 0x7fffu + (bits >> 16 & 1u), quiet = bits | 0x400000u;
    return x != x ? quiet : up;
}

HOT void kernel_to_bfloat16(const float *x, uint16_t *y, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = (uint16_t)(rounded_bits(x[i]) >> 16);
}

HOT void kernel_round_bfloat16(const float *x, float *y, int64_t n)
{
    IVDEP
    for (int64_t i = 0; i < n; i++) {
        const uint32_t bits = rounded_bits(x[i]) & 0xffff0000u;
        float rounded;
        memcpy(&rounded, &bits, sizeof rounded);
        y[i] = rounded;
    }
}
