/* SPDX-License-Identifier: MIT */
/* Layer norm and group norm: normalization inside a sample, the same in training and inference. Both are passes over groups
 * of numbers that lie `stride` apart in runs: a row of layer norm is one run; a group of group norm is, for every pixel, a run
 * of its channels. */
#include "kernels.h"

#include <math.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3", "no-trapping-math")
#endif

enum { LANES = 16 };

/* Sums of (x - center) and of its square over a run; sixteen partial sums, which a compiler may keep in vectors. */
HOT static void run_sums(const float *x, int64_t n, float center, float sums[2])
{
    float a[LANES] = { 0 }, b[LANES] = { 0 };
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++) {
            const float e = x[i + l] - center;
            a[l] += e;
            b[l] += e * e;
        }
    for (int l = 0; i < n; i++, l++) {
        const float e = x[i] - center;
        a[l] += e;
        b[l] += e * e;
    }
    sums[0] = sums[1] = 0.0f;
    for (int l = 0; l < LANES; l++) {
        sums[0] += a[l];
        sums[1] += b[l];
    }
}

HOT static void run_apply(const float *x, float *y, const float *weight, const float *bias, int64_t n, float mean,
                          float rstd)
{
    IVDEP
    for (int64_t i = 0; i < n; i++)
        y[i] = (x[i] - mean) * rstd * weight[i] + bias[i];
}

/* Adds dy and dy xhat to the gradients of bias and weight; sums of dy weight and dy weight xhat. */
HOT static void run_backward_sums(const float *dy, const float *x, const float *weight, float *dweight, float *dbias,
                                  int64_t n, float mean, float rstd, float sums[2])
{
    float a[LANES] = { 0 }, b[LANES] = { 0 };
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++) {
            const float e = (x[i + l] - mean) * rstd, g = dy[i + l] * weight[i + l];
            a[l] += g;
            b[l] += g * e;
        }
    for (int l = 0; i < n; i++, l++) {
        const float e = (x[i] - mean) * rstd, g = dy[i] * weight[i];
        a[l] += g;
        b[l] += g * e;
    }
    IVDEP
    for (int64_t k = 0; k < n; k++) {
        dbias[k] += dy[k];
        dweight[k] += dy[k] * ((x[k] - mean) * rstd);
    }
    for (int l = 0; l < LANES; l++) {
        sums[0] += a[l];
        sums[1] += b[l];
    }
}

/* dx = rstd (dy weight - mean of it - xhat mean of (dy weight xhat)) */
HOT static void run_backward(const float *dy, const float *x, float *dx, const float *weight, int64_t n, float mean,
                             float rstd, float first, float second)
{
    IVDEP
    for (int64_t i = 0; i < n; i++)
        dx[i] = rstd * (dy[i] * weight[i] - first - (x[i] - mean) * rstd * second);
}

static const float *run_of(const float *x, const struct group_norm *g, int64_t sample, int64_t group, int64_t pixel)
{
    return x + ((sample * g->pixels + pixel) * g->groups + group) * g->run;
}

void kernel_group_norm(const struct group_norm *g, const float *x, float *y, float *saved)
{
    const double n = (double)(g->pixels * g->run);
    for (int64_t s = 0; s < g->samples; s++)
        for (int64_t k = 0; k < g->groups; k++, saved += 2) {
            double sum = 0.0, squares = 0.0;
            float part[2];
            for (int64_t p = 0; p < g->pixels; p++) {
                run_sums(run_of(x, g, s, k, p), g->run, 0.0f, part);
                sum += (double)part[0];
            }
            const float mean = (float)(sum / n);
            sum = 0.0;
            for (int64_t p = 0; p < g->pixels; p++) { /* the second sum mends what rounding the mean left */
                run_sums(run_of(x, g, s, k, p), g->run, mean, part);
                sum += (double)part[0];
                squares += (double)part[1];
            }
            const double rstd = 1.0 / sqrt((squares - sum * sum / n) / n + g->epsilon);
            saved[0] = mean;
            saved[1] = (float)rstd;
            for (int64_t p = 0; p < g->pixels; p++) {
                const float *from = run_of(x, g, s, k, p);
                run_apply(from, y + (from - x), g->weight + k * g->run, g->bias + k * g->run, g->run, mean, saved[1]);
            }
        }
}

void kernel_group_norm_backward(const struct group_norm *g, const float *dy, const float *x, float *dx,
                                const float *saved, float *dweight, float *dbias)
{
    const float n = (float)(g->pixels * g->run);
    for (int64_t c = 0; c < g->groups * g->run; c++)
        dweight[c] = dbias[c] = 0.0f;
    for (int64_t s = 0; s < g->samples; s++)
        for (int64_t k = 0; k < g->groups; k++, saved += 2) {
            const float *weight = g->weight + k * g->run;
            float sums[2] = { 0.0f, 0.0f };
            for (int64_t p = 0; p < g->pixels; p++) {
                const float *from = run_of(x, g, s, k, p);
                run_backward_sums(dy + (from - x), from, weight, dweight + k * g->run, dbias + k * g->run, g->run,
                                  saved[0], saved[1], sums);
            }
            for (int64_t p = 0; dx && p < g->pixels; p++) {
                const float *from = run_of(x, g, s, k, p);
                run_backward(dy + (from - x), from, dx + (from - x), weight, g->run, saved[0], saved[1], sums[0] / n,
                             sums[1] / n);
            }
        }
}
