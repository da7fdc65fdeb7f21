/* SPDX-License-Identifier: MIT */
/* exp, tanh, sigmoid and the normal distribution in float32 without branches, so that loops over them become vector code.
 * Errors against double precision are held by kernels_test.c. */
#ifndef HONE_NN_VECTOR_MATH_H
#define HONE_NN_VECTOR_MATH_H
#include "kernels.h"

#include <string.h>

/* e^x, x held in [-87.3, 88.3]; relative error below 2e-7; NaN stays NaN. Cephes expf: x = n ln 2 + r, polynomial in r. */
INLINE float vector_exp(float x)
{
    const float magic = 12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer that stands in the low bits */
    x = x < -87.3f ? -87.3f : x;
    x = x > 88.3f ? 88.3f : x;
    const float shifted = x * 1.44269504f + magic;
    const float n = shifted - magic;
    const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    uint32_t bits;
    float power;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << 23) + 0x3f800000u; /* 2^n */
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

/* Natural logarithm of a normal positive number; relative error below 2e-7 away from 1. Cephes logf: x = m 2^e with m in
 * [sqrt(1/2), sqrt(2)). */
INLINE float vector_log(float x)
{
    uint32_t bits;
    float m;
    memcpy(&bits, &x, sizeof bits);
    const uint32_t shifted = bits - 0x3f3504f3u; /* of sqrt(1/2) */
    const float e = (float)((int32_t)shifted >> 23);
    bits = (shifted & 0x007fffffu) + 0x3f3504f3u;
    memcpy(&m, &bits, sizeof m);
    const float r = m - 1.0f, z = r * r;
    float p = 7.0376836292e-2f;
    p = p * r - 1.1514610310e-1f;
    p = p * r + 1.1676998740e-1f;
    p = p * r - 1.2420140846e-1f;
    p = p * r + 1.4249322787e-1f;
    p = p * r - 1.6668057665e-1f;
    p = p * r + 2.0000714765e-1f;
    p = p * r - 2.4999993993e-1f;
    p = p * r + 3.3333331174e-1f;
    return (p * r * z - 2.12194440e-4f * e - 0.5f * z + r) + 0.693359375f * e;
}

/* Sine and cosine of a number of turns in [0, 1]; error below 3e-7. */
INLINE void vector_sincos(float turns, float *sine, float *cosine)
{
    const float quarters = (turns * 4.0f + 12582912.0f) - 12582912.0f; /* nearest whole number, 0 to 4 */
    const float x = (turns * 4.0f - quarters) * 1.57079633f, z = x * x;
    const float s = ((-1.9515295891e-4f * z + 8.3321608736e-3f) * z - 1.6666654611e-1f) * z * x + x;
    const float c = ((2.443315711809948e-5f * z - 1.388731625493765e-3f) * z + 4.166664568298827e-2f) * z * z -
                    0.5f * z + 1.0f;
    const bool swap = quarters == 1.0f || quarters == 3.0f;
    const float sv = swap ? c : s, cv = swap ? s : c;
    *sine = quarters == 2.0f || quarters == 3.0f ? -sv : sv;
    *cosine = quarters == 1.0f || quarters == 2.0f ? -cv : cv;
}

/* Cephes tanhf: a polynomial near zero, where the formula by exp would cancel. */
INLINE float vector_tanh(float x)
{
    const float a = x < 0.0f ? -x : x;
    const float z = x * x;
    float p = -5.70498872745e-3f;
    p = p * z + 2.06390887954e-2f;
    p = p * z - 5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z - 3.33332819422e-1f;
    const float near = p * z * x + x;
    const float far = 1.0f - 2.0f / (vector_exp(2.0f * a) + 1.0f);
    const float sided = x < 0.0f ? -far : far;
    return a < 0.625f ? near : sided;
}

INLINE float vector_sigmoid(float x)
{
    return 1.0f / (1.0f + vector_exp(-x));
}

/* exp(-x^2/2): the density of the normal distribution times sqrt(2 pi). */
INLINE float vector_bell(float x)
{
    return vector_exp(-0.5f * x * x);
}

/* The normal distribution function, given bell = vector_bell(x). Abramowitz and Stegun 1964, 7.1.26: error 1.5e-7, which is
 * relative to bell on the side where the result is small. */
INLINE float vector_normal(float x, float bell)
{
    const float a = x < 0.0f ? -x : x;
    const float t = 1.0f / (1.0f + 0.3275911f * 0.70710678f * a);
    float p = 1.061405429f;
    p = p * t - 1.453152027f;
    p = p * t + 1.421413741f;
    p = p * t - 0.284496736f;
    p = p * t + 0.254829592f;
    const float tail = 0.5f * p * t * bell;
    return x < 0.0f ? tail : 1.0f - tail;
}
#endif
