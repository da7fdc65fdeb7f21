/* SPDX-License-Identifier: MIT */
/* Noise: who is dropped, what is added, and what penalties of activations come to. */
#include "noise.h"

#include "hone/rng.h"
#include "kernels.h"

#include <math.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3", "no-trapping-math")
#endif

enum { CHUNK = 4096 };

/* ---- factors of groups ---- */
void noise_factors(float *factors, int64_t n, uint64_t seed, double rate)
{
    const float edge = (float)(2 * rate - 1), scale = (float)(1 / (1 - rate));
    kernel_draw_uniform(factors, n, seed, 0, 1);
    for (int64_t i = 0; i < n; i++)
        factors[i] = factors[i] < edge ? 0.0f : scale;
}

HOT static void scale_run(const float *x, float *y, int64_t n, float factor, bool accumulate)
{
    if (accumulate) {
        IVDEP
        for (int64_t i = 0; i < n; i++)
            y[i] += factor * x[i];
    } else {
        IVDEP
        for (int64_t i = 0; i < n; i++)
            y[i] = factor * x[i];
    }
}

HOT static void scale_columns(const float *x, const float *factors, float *y, int64_t n, bool accumulate)
{
    if (accumulate) {
        IVDEP
        for (int64_t i = 0; i < n; i++)
            y[i] += factors[i] * x[i];
    } else {
        IVDEP
        for (int64_t i = 0; i < n; i++)
            y[i] = factors[i] * x[i];
    }
}

void noise_by_sample(const float *x, const float *factors, float *y, const struct noise_shape *s, bool accumulate)
{
    const int64_t n = s->channels * s->height * s->width;
    for (int64_t i = 0; i < s->samples; i++)
        scale_run(x + i * n, y + i * n, n, factors[i], accumulate);
}

void noise_by_channel(const float *x, const float *factors, float *y, const struct noise_shape *s, bool accumulate)
{
    const int64_t pixels = s->height * s->width, c = s->channels;
    if (s->row_major) {
        for (int64_t i = 0; i < s->samples * c; i++)
            scale_run(x + i * pixels, y + i * pixels, pixels, factors[i], accumulate);
        return;
    }
    for (int64_t i = 0; i < s->samples; i++)
        for (int64_t p = 0; p < pixels; p++) {
            const int64_t at = (i * pixels + p) * c;
            scale_columns(x + at, factors + i * c, y + at, c, accumulate);
        }
}

/* ---- alpha dropout: Klambauer et al. 2017, section "new dropout technique" ---- */
static const double ALPHA = -1.7580993408473766; /* -scale * alpha of selu: what it tends to on the left */

/* The affine map that brings mean 0 and variance 1 back. */
static void affine(double rate, float *a, float *b)
{
    const double q = 1 - rate, scale = 1 / sqrt(q + ALPHA * ALPHA * q * rate);
    *a = (float)scale;
    *b = (float)(-scale * rate * ALPHA);
}

HOT static void alpha_chunk(const float *x, const float *u, float *y, uint8_t *kept, int64_t n, float edge, float a,
                            float b)
{
    const float dropped = a * (float)ALPHA + b;
    IVDEP
    for (int64_t i = 0; i < n; i++) {
        const bool keep = !(u[i] < edge);
        y[i] = keep ? a * x[i] + b : dropped;
        kept[i] = keep;
    }
}

void noise_alpha(const float *x, float *y, uint8_t *kept, int64_t n, uint64_t seed, double rate)
{
    float numbers[CHUNK], a, b;
    affine(rate, &a, &b);
    for (int64_t from = 0; from < n; from += CHUNK) {
        const int64_t m = n - from < CHUNK ? n - from : CHUNK;
        kernel_draw_uniform(numbers, m, seed, (uint64_t)(from / CHUNK), 1);
        alpha_chunk(x + from, numbers, y + from, kept + from, m, (float)(2 * rate - 1), a, b);
    }
}

HOT void noise_masked(const float *x, const uint8_t *kept, float *y, int64_t n, float scale, bool accumulate)
{
    if (accumulate) {
        IVDEP
        for (int64_t i = 0; i < n; i++)
            y[i] += kept[i] ? scale * x[i] : 0.0f;
    } else {
        IVDEP
        for (int64_t i = 0; i < n; i++)
            y[i] = kept[i] ? scale * x[i] : 0.0f;
    }
}

void noise_alpha_backward(const float *dy, const uint8_t *kept, float *dx, int64_t n, double rate, bool accumulate)
{
    float a, b;
    affine(rate, &a, &b);
    noise_masked(dy, kept, dx, n, a, accumulate);
}

/* ---- blocks: Ghiasi et al. 2018, algorithm 1 ---- */
/* Where an element lies: channel c of sample i at row h, column w. */
static int64_t place(const struct noise_shape *s, int64_t i, int64_t c, int64_t h, int64_t w)
{
    return s->row_major ? ((i * s->channels + c) * s->height + h) * s->width + w
                        : ((i * s->height + h) * s->width + w) * s->channels + c;
}

/* The map's corners of blocks are Bernoulli draws; the gaps between those that are drawn are geometric, so that only they
 * cost anything. */
float noise_blocks(uint8_t *kept, const struct noise_shape *s, int64_t block, uint64_t seed, double rate)
{
    const int64_t bh = block < s->height ? block : s->height, bw = block < s->width ? block : s->width;
    const int64_t rows = s->height - bh + 1, columns = s->width - bw + 1;
    const int64_t all = s->samples * s->channels * s->height * s->width,
                  corners = s->samples * s->channels * rows * columns;
    const double gamma = rate * (double)(s->height * s->width) / (double)(bh * bw) / (double)(rows * columns);
    hone_rng rng = hone_rng_at(seed, 0);
    int64_t left = 0;
    memset(kept, 1, (size_t)all);
    if (gamma <= 0)
        return 1;
    const double slope = gamma < 1 ? 1 / log1p(-gamma) : 0;
    double at = floor(slope * log(1 - hone_rng_uniform(&rng))); /* the next corner: waits are geometric */
    while (at < (double)corners) {
        const int64_t corner = (int64_t)at, map = corner / (rows * columns), in_map = corner % (rows * columns);
        for (int64_t h = 0; h < bh; h++)
            for (int64_t w = 0; w < bw; w++)
                kept[place(s, map / s->channels, map % s->channels, in_map / columns + h, in_map % columns + w)] = 0;
        at += 1 + floor(slope * log(1 - hone_rng_uniform(&rng)));
    }
    for (int64_t i = 0; i < all; i++)
        left += kept[i];
    return left ? (float)((double)all / (double)left) : 0;
}

/* ---- gaussian ---- */
void noise_gaussian(const float *x, float *y, int64_t n, uint64_t seed, double deviation)
{
    float numbers[CHUNK];
    for (int64_t from = 0; from < n; from += CHUNK) {
        const int64_t m = n - from < CHUNK ? n - from : CHUNK;
        kernel_draw_normal(numbers, m, seed, (uint64_t)(from / CHUNK), (float)deviation);
        kernel_add(x + from, numbers, y + from, m);
    }
}

HOT static void around_one(float *numbers, int64_t n)
{
    IVDEP
    for (int64_t i = 0; i < n; i++)
        numbers[i] += 1;
}

void noise_multiply(const float *x, const float *factors, float *y, int64_t n, bool accumulate)
{
    scale_columns(x, factors, y, n, accumulate);
}

void noise_gaussian_factors(const float *x, float *y, float *factors, int64_t n, uint64_t seed, double deviation)
{
    for (int64_t from = 0; from < n; from += CHUNK) {
        const int64_t m = n - from < CHUNK ? n - from : CHUNK;
        kernel_draw_normal(factors + from, m, seed, (uint64_t)(from / CHUNK), (float)deviation);
        around_one(factors + from, m);
    }
    noise_multiply(x, factors, y, n, false);
}

/* ---- penalties ---- */
void penalty_activity(const float *x, float *values, float *gradient, int64_t rows, int64_t columns, double strength,
                      float weight)
{
    for (int64_t r = 0; r < rows; r++, x += columns) {
        double sum = 0;
        for (int64_t from = 0; from < columns; from += CHUNK) {
            const int64_t end = columns - from < CHUNK ? columns : from + CHUNK;
            float lanes[16] = { 0 };
            int64_t i = from;
            for (; i + 16 <= end; i += 16)
                for (int64_t k = 0; k < 16; k++)
                    lanes[k] += x[i + k] * x[i + k];
            for (int64_t k = 0; i < end; i++, k++)
                lanes[k] += x[i] * x[i];
            for (int64_t k = 0; k < 16; k++)
                sum += (double)lanes[k];
        }
        values[r] = (float)(strength * sum);
        if (gradient)
            scale_run(x, gradient + r * columns, columns, (float)(2 * strength) * weight, false);
    }
}

/* d (sum p log p) / d x[c] = p[c] (log p[c] - sum p log p) */
void penalty_confidence(const float *x, float *values, float *gradient, int64_t rows, int64_t columns, double strength,
                        float weight)
{
    for (int64_t r = 0; r < rows; r++, x += columns) {
        double most = (double)x[0], sum = 0, mean = 0;
        for (int64_t c = 1; c < columns; c++)
            most = (double)x[c] > most ? (double)x[c] : most;
        for (int64_t c = 0; c < columns; c++) {
            const double e = exp((double)x[c] - most);
            sum += e;
            mean += e * ((double)x[c] - most);
        }
        const double logarithm = log(sum), negative_entropy = mean / sum - logarithm;
        values[r] = (float)(strength * negative_entropy);
        for (int64_t c = 0; gradient && c < columns; c++) {
            const double log_p = (double)x[c] - most - logarithm;
            gradient[r * columns + c] = (float)(strength * (double)weight * exp(log_p) * (log_p - negative_entropy));
        }
    }
}
