/* SPDX-License-Identifier: MIT */
/* Convolutions on AMX against loops in double precision over the same rounded numbers: sizes that tiles do not divide, strides,
 * paddings, one dimension, images larger than a unit of work, one thread and several, float32 and bfloat16 in memory; that
 * they repeat bit for bit; which convolutions they are taken for. */
#include "amx_conv.h"
#include "arrays_case.h"
#include "harness.h"
#include "kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    int64_t batch, channels, filters, in[2], kernel[2], stride[2], pad[2];
    int32_t threads;
} shapes[] = {
    { 1, 1, 1, { 1, 1 }, { 1, 1 }, { 1, 1 }, { 0, 0 }, 1 },
    { 2, 16, 16, { 9, 11 }, { 3, 3 }, { 1, 1 }, { 1, 1 }, 1 },
    { 5, 1, 6, { 7, 5 }, { 3, 3 }, { 1, 1 }, { 1, 1 }, 2 },
    { 3, 3, 20, { 8, 9 }, { 5, 5 }, { 1, 1 }, { 2, 2 }, 1 },
    { 7, 32, 64, { 7, 7 }, { 3, 3 }, { 1, 1 }, { 1, 1 }, 3 },
    { 3, 64, 48, { 6, 6 }, { 3, 3 }, { 1, 1 }, { 1, 1 }, 2 },
    { 2, 17, 33, { 6, 10 }, { 3, 2 }, { 1, 1 }, { 0, 1 }, 1 },
    { 3, 16, 32, { 14, 14 }, { 3, 3 }, { 2, 2 }, { 1, 1 }, 1 },
    { 3, 8, 12, { 13, 9 }, { 5, 3 }, { 2, 2 }, { 2, 0 }, 2 },
    { 2, 5, 7, { 11, 11 }, { 3, 3 }, { 3, 3 }, { 0, 0 }, 1 },
    { 3, 32, 16, { 8, 8 }, { 1, 1 }, { 1, 1 }, { 0, 0 }, 1 },
    { 3, 16, 32, { 9, 8 }, { 1, 1 }, { 2, 2 }, { 0, 0 }, 2 },
    { 2, 24, 16, { 1, 40 }, { 1, 3 }, { 1, 2 }, { 0, 1 }, 1 },
    { 2, 4, 8, { 4, 9 }, { 4, 3 }, { 1, 2 }, { 0, 2 }, 1 },
    { 2, 16, 16, { 5, 5 }, { 5, 5 }, { 1, 1 }, { 4, 4 }, 1 },
    { 2, 48, 32, { 90, 70 }, { 3, 3 }, { 1, 1 }, { 1, 1 }, 2 },
    { 1, 32, 40, { 91, 80 }, { 3, 3 }, { 2, 2 }, { 1, 1 }, 1 },
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

struct arrays {
    struct conv_shape shape;
    struct amx_conv c;
    int64_t nx, nw, ny;
    float *x, *weights, *bias, *y, *dy, *dx, *dw; /* x, weights, dy: rounded to bfloat16 */
    void *scratch;
};

static void start(struct arrays *a, int i)
{
    hone_rng rng = hone_rng_at(4, (uint64_t)i);
    struct conv_shape s = { .batch = shapes[i].batch,
                            .channels = shapes[i].channels,
                            .filters = shapes[i].filters,
                            .groups = 1,
                            .dilation = { 1, 1 },
                            .bfloat16 = true };
    for (int d = 0; d < 2; d++) {
        s.in[d] = shapes[i].in[d];
        s.kernel[d] = shapes[i].kernel[d];
        s.stride[d] = shapes[i].stride[d];
        s.pad[d] = shapes[i].pad[d];
        s.out[d] = (s.in[d] + 2 * s.pad[d] - s.kernel[d]) / s.stride[d] + 1;
    }
    CU_ASSERT_FATAL(amx_takes(&s));
    a->shape = s;
    a->c = amx_conv_of(&s, (uint32_t)shapes[i].threads);
    const uint64_t forward = amx_conv_scratch(&a->c, false), backward = amx_conv_scratch(&a->c, true);
    const uint64_t bytes = forward > backward ? forward : backward;
    a->nx = s.batch * s.in[0] * s.in[1] * s.channels;
    a->ny = s.batch * s.out[0] * s.out[1] * s.filters;
    a->nw = s.kernel[0] * s.kernel[1] * s.channels * s.filters;
    a->x = numbers(&rng, a->nx, true);
    a->weights = numbers(&rng, a->nw, true);
    a->bias = numbers(&rng, s.filters, true);
    a->dy = numbers(&rng, a->ny, true);
    a->y = numbers(&rng, a->ny, true);
    a->dx = numbers(&rng, a->nx, true);
    a->dw = numbers(&rng, a->nw, true);
    a->scratch = malloc(bytes); /* exactly: sanitizers see a write past it */
    if (!a->scratch)
        abort();
    memset(a->scratch, 0xff, bytes); /* NaN: nothing may be read before it is written */
}

static void end(struct arrays *a)
{
    free(a->x);
    free(a->weights);
    free(a->bias);
    free(a->y);
    free(a->dy);
    free(a->dx);
    free(a->dw);
    free(a->scratch);
}

/* Runs all passes; dx gets twice its gradient, once over what was there. */
static void run(struct arrays *a, bool half)
{
    a->c.half_x = a->c.half_y = half;
    if (!half) {
        amx_conv_forward(&a->c, a->x, a->weights, a->bias, a->y, a->scratch);
        amx_conv_backward(&a->c, a->dy, a->x, a->weights, a->dx, false, a->dw, a->scratch);
        amx_conv_backward(&a->c, a->dy, a->x, a->weights, a->dx, true, a->dw, a->scratch);
        return;
    }
    uint16_t *x = halves(a->x, a->nx), *y = halves(a->y, a->ny), *dy = halves(a->dy, a->ny), *dx = halves(a->dx, a->nx);
    amx_conv_forward(&a->c, x, a->weights, a->bias, y, a->scratch);
    amx_conv_backward(&a->c, dy, x, a->weights, dx, false, a->dw, a->scratch);
    amx_conv_backward(&a->c, dy, x, a->weights, dx, true, a->dw, a->scratch);
    widen(y, a->y, a->ny);
    widen(dx, a->dx, a->nx);
    free(x);
    free(y);
    free(dy);
    free(dx);
}

static void test_passes_against_loops(void)
{
    const double CLOSE = 2e-5, ROUNDED = 0.05; /* of numbers up to some deviations, half a unit of eight bits */
    if (!amx_runs()) {
        printf("# this CPU has no AMX: nothing to test\n");
        return;
    }
    for (int i = 0; i < SHAPES; i++) {
        struct arrays a;
        start(&a, i);
        double *y = calloc((size_t)a.ny, sizeof *y), *dx = calloc((size_t)a.nx, sizeof *dx),
               *dw = calloc((size_t)a.nw, sizeof *dw);
        CU_ASSERT_FATAL(y && dx && dw);
        reference_conv(&a.shape, a.x, a.weights, a.bias, a.dy, y, dx, dw);
        for (int64_t e = 0; e < a.nx; e++)
            dx[e] *= 2.0;
        for (int half = 0; half < 2; half++) {
            run(&a, half);
            const double forward = difference(a.y, y, a.ny), data = difference(a.dx, dx, a.nx),
                         weights = difference(a.dw, dw, a.nw), close = half ? ROUNDED : CLOSE;
            CU_ASSERT(forward < close);
            CU_ASSERT(data < close);
            CU_ASSERT(weights < CLOSE);
            if (!(forward < close && data < close && weights < CLOSE))
                printf("# shape %d, half %d: forward %g, data %g, weights %g\n", i, half, forward, data, weights);
        }
        free(y);
        free(dx);
        free(dw);
        end(&a);
    }
}

static void test_relu(void)
{
    struct arrays a;
    if (!amx_runs())
        return;
    start(&a, 1);
    amx_conv_forward(&a.c, a.x, a.weights, a.bias, a.dy, a.scratch);
    a.c.relu = true;
    a.x[5] = NAN;
    amx_conv_forward(&a.c, a.x, a.weights, a.bias, a.y, a.scratch);
    int64_t nans = 0, negative = 0;
    for (int64_t i = 0; i < a.ny; i++) {
        nans += isnan(a.y[i]);
        negative += a.dy[i] < 0.0f;
        CU_ASSERT(isnan(a.y[i]) || a.y[i] == (a.dy[i] < 0.0f ? 0.0f : a.dy[i]));
    }
    CU_ASSERT(nans > 0 && nans < a.ny / 2);
    CU_ASSERT(negative > 0);
    end(&a);
}

static void test_repeats_bit_for_bit(void)
{
    if (!amx_runs())
        return;
    for (int i = 0; i < SHAPES; i++) {
        struct arrays a, b;
        start(&a, i);
        start(&b, i);
        run(&a, i % 2);
        run(&b, i % 2);
        CU_ASSERT(!memcmp(a.y, b.y, (size_t)a.ny * sizeof *a.y));
        CU_ASSERT(!memcmp(a.dx, b.dx, (size_t)a.nx * sizeof *a.dx));
        CU_ASSERT(!memcmp(a.dw, b.dw, (size_t)a.nw * sizeof *a.dw));
        end(&a);
        end(&b);
    }
}

static void test_what_it_takes(void)
{
    const struct conv_shape good = { .batch = 1,
                                     .channels = 3,
                                     .filters = 5,
                                     .groups = 1,
                                     .in = { 14, 14 },
                                     .out = { 7, 7 },
                                     .kernel = { 3, 3 },
                                     .stride = { 2, 2 },
                                     .pad = { 1, 1 },
                                     .dilation = { 1, 1 },
                                     .bfloat16 = true };
    struct conv_shape s = good;
    CU_ASSERT(amx_takes(&s));
    s.bfloat16 = false;
    CU_ASSERT(!amx_takes(&s));
    s = good;
    s.groups = 3;
    CU_ASSERT(!amx_takes(&s));
    s = good;
    s.dilation[1] = 2;
    CU_ASSERT(!amx_takes(&s));
    s = good;
    s.stride[0] = 1;
    CU_ASSERT(!amx_takes(&s));
    s = good;
    s.pad[1] = 3; /* the pass back would need a negative one */
    CU_ASSERT(!amx_takes(&s));
}

SUITE(TEST(test_passes_against_loops), TEST(test_relu), TEST(test_repeats_bit_for_bit), TEST(test_what_it_takes))
