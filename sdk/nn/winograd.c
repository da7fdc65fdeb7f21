/* SPDX-License-Identifier: MIT */
/* Winograd's convolutions over channels-last images, in chunks of tiles that stay in the second-level cache:
 *
 *     Y = A' [ (G g G') . (B' d B) ] A      d: a tile of 6 x 6 inputs, g: the kernel, Y: 4 x 4 or 2 x 2 outputs
 *
 * with the points 0, 1, -1, 2, -2 and infinity. Per place of the 6 x 6, the sum over the channels is a product of matrices:
 * (tiles, C) x (C, K). The gradient of the kernel is the adjoint: G' [ sum over tiles of (B' d B) . (A dY A') ] G.
 *
 *     U  (36, K / 16, C, 16)  kernels       V  (36, tiles, C)  inputs       M  (36, K / 16, tiles, 16)  outputs
 *
 * A place of V and M is 16 floats longer than its matrix, so that the 36 places do not fall into one set of the cache. */
#include "winograd.h"

#include "kernels.h"
#include "winograd_passes.h"

enum { MULTIPLE = 16 }; /* of channels and filters */

struct winograd winograd_of(const struct conv_shape *s, uint32_t threads)
{
    const struct winograd w = { s->batch,
                                s->channels,
                                s->filters,
                                { s->in[0], s->in[1] },
                                { s->out[0], s->out[1] },
                                { s->pad[0], s->pad[1] },
                                s->kernel[0],
                                threads ? (int32_t)threads : 1 };
    return w;
}

struct winograd winograd_adjoint(const struct winograd *w)
{
    const int64_t reach = w->kernel - 1;
    const struct winograd a = { w->batch,
                                w->filters,
                                w->channels,
                                { w->out[0], w->out[1] },
                                { w->in[0], w->in[1] },
                                { reach - w->pad[0], reach - w->pad[1] },
                                w->kernel,
                                w->threads };
    return a;
}

uint64_t winograd_scratch(const struct winograd *w, enum winograd_pass pass)
{
    const int64_t taps = w->kernel * w->kernel;
    int64_t floats = w->threads * own_floats(w);
    if (pass == WINOGRAD_WEIGHTS)
        floats += w->threads * kernel_floats(w);
    else
        floats += kernel_floats(w) + (pass == WINOGRAD_DATA ? taps * w->channels * w->filters : 0);
    return (uint64_t)floats * sizeof(float);
}

bool winograd_pays(const struct conv_shape *s)
{
    /* of the outputs that tiles make, the share that lies in the image; below, oneDNN's direct convolution is as fast */
    const double LEAST_GAIN = 2.0;
    const int64_t k = s->kernel[0], m = TILE + 1 - k;
    if ((k != 3 && k != 5) || s->kernel[1] != k || s->stride[0] != 1 || s->stride[1] != 1 || s->dilation[0] != 1 ||
        s->dilation[1] != 1 || s->groups != 1 || s->channels % MULTIPLE || s->filters % MULTIPLE || s->pad[0] >= k ||
        s->pad[1] >= k || s->bfloat16)
        return false;
    const int64_t rows = (s->out[0] + m - 1) / m * m, columns = (s->out[1] + m - 1) / m * m; /* whole tiles */
    const double made = (double)rows * (double)columns;
    const double wanted = (double)(s->out[0] * s->out[1]);
    return wanted / made * (double)(k * k * m * m) / PLACES >= LEAST_GAIN;
}

#if defined(__x86_64__) && defined(__GNUC__)
bool winograd_runs(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static const struct winograd_code *code(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") ? &winograd_avx512 : &winograd_avx2;
}

/* The scratch memory: kernels, then chunks. */
static void divide(struct winograd_pass_data *p, int64_t kernels)
{
    p->u = p->scratch;
    p->chunks = p->u + kernels;
}

void winograd_forward(const struct winograd *w, const float *x, const float *weights, const float *bias, float *y,
                      float *scratch)
{
    struct winograd_pass_data p = { .w = w, .from = x, .weights = weights, .bias = bias, .to = y, .scratch = scratch };
    divide(&p, kernel_floats(w));
    parallel_run(w->threads, code()->transform_kernels, &p);
    parallel_run(w->threads, code()->convolve, &p);
}

void winograd_data(const struct winograd *w, const float *dy, const float *weights, float *dx, bool accumulate,
                   float *scratch)
{
    struct winograd_pass_data p = {
        .w = w, .from = dy, .to = dx, .scratch = scratch, .turned = true, .accumulate = accumulate
    };
    const int64_t taps = w->kernel * w->kernel, size = w->channels * w->filters;
    float *transposed = scratch;
    p.weights = transposed;
    p.scratch += taps * size;
    divide(&p, kernel_floats(w));
    for (int64_t tap = 0; tap < taps; tap++) /* stored (C, K) of the forward pass: filters, channels here */
        kernel_transpose(weights + tap * size, transposed + tap * size, w->filters, w->channels);
    parallel_run(w->threads, code()->transform_kernels, &p);
    parallel_run(w->threads, code()->convolve, &p);
}

void winograd_weights(const struct winograd *w, const float *dy, const float *x, float *dweights, float *scratch)
{
    struct winograd_pass_data p = { .w = w, .from = x, .gradient = dy, .dweights = dweights, .scratch = scratch };
    divide(&p, w->threads * kernel_floats(w));
    parallel_run(w->threads, code()->sum_gradients, &p);
    parallel_run(w->threads, code()->finish_gradients, &p);
}
#else
bool winograd_runs(void)
{
    return false;
}

void winograd_forward(const struct winograd *w, const float *x, const float *weights, const float *bias, float *y,
                      float *scratch)
{
    (void)w, (void)x, (void)weights, (void)bias, (void)y, (void)scratch;
}

void winograd_data(const struct winograd *w, const float *dy, const float *weights, float *dx, bool accumulate,
                   float *scratch)
{
    (void)w, (void)dy, (void)weights, (void)dx, (void)accumulate, (void)scratch;
}

void winograd_weights(const struct winograd *w, const float *dy, const float *x, float *dweights, float *scratch)
{
    (void)w, (void)dy, (void)x, (void)dweights, (void)scratch;
}
#endif
