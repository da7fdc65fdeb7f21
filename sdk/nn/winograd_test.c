/* SPDX-License-Identifier: MIT */
/* Winograd's convolutions against loops in double precision: both kernels, sizes that tiles do not divide, every padding, one
 * thread and several, more chunks than one; that pass to the data and gradient of the kernel are adjoint to the forward pass;
 * which convolutions they are taken for. */
#include "arrays_case.h"
#include "harness.h"
#include "winograd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    int64_t batch, channels, filters, in[2], kernel, pad;
    int32_t threads;
} shapes[] = {
    { 1, 16, 16, { 4, 4 }, 3, 1, 1 },   { 3, 16, 32, { 7, 5 }, 3, 1, 1 },   { 2, 32, 16, { 9, 6 }, 3, 0, 2 },
    { 2, 48, 16, { 5, 8 }, 3, 2, 1 },   { 5, 16, 16, { 14, 14 }, 3, 1, 3 }, { 2, 128, 64, { 7, 7 }, 3, 1, 2 },
    { 1, 16, 16, { 6, 6 }, 5, 2, 1 },   { 3, 32, 16, { 7, 9 }, 5, 0, 2 },   { 2, 16, 48, { 6, 5 }, 5, 4, 1 },
    { 4, 32, 64, { 14, 14 }, 5, 2, 2 }, { 1, 16, 16, { 3, 3 }, 3, 1, 4 },
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

struct arrays {
    struct conv_shape shape;
    struct winograd w;
    int64_t nx, nw, ny;
    float *x, *weights, *bias, *y, *dy, *dx, *dw, *scratch;
};

static void start(struct arrays *a, int i)
{
    hone_rng rng = hone_rng_at(3, (uint64_t)i);
    struct conv_shape s = {
        .batch = shapes[i].batch, .channels = shapes[i].channels, .filters = shapes[i].filters, .groups = 1
    };
    for (int d = 0; d < 2; d++) {
        s.in[d] = shapes[i].in[d];
        s.kernel[d] = shapes[i].kernel;
        s.stride[d] = 1;
        s.pad[d] = shapes[i].pad;
        s.out[d] = s.in[d] + 2 * s.pad[d] - s.kernel[d] + 1;
    }
    a->shape = s;
    a->w = winograd_of(&s, (uint32_t)shapes[i].threads);
    const struct winograd back = winograd_adjoint(&a->w);
    uint64_t bytes = winograd_scratch(&a->w, WINOGRAD_FORWARD);
    if (winograd_scratch(&a->w, WINOGRAD_WEIGHTS) > bytes)
        bytes = winograd_scratch(&a->w, WINOGRAD_WEIGHTS);
    if (winograd_scratch(&back, WINOGRAD_DATA) > bytes)
        bytes = winograd_scratch(&back, WINOGRAD_DATA);
    a->nx = s.batch * s.in[0] * s.in[1] * s.channels;
    a->ny = s.batch * s.out[0] * s.out[1] * s.filters;
    a->nw = s.kernel[0] * s.kernel[1] * s.channels * s.filters;
    a->x = numbers(&rng, a->nx, false);
    a->weights = numbers(&rng, a->nw, false);
    a->bias = numbers(&rng, s.filters, false);
    a->dy = numbers(&rng, a->ny, false);
    a->y = numbers(&rng, a->ny, false);
    a->dx = numbers(&rng, a->nx, false);
    a->dw = numbers(&rng, a->nw, false);
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

static void test_passes_against_loops(void)
{
    const double CLOSE[] = { 5e-5,
                             1e-4 }; /* direct float32 sums reach 1e-6: the points 2 and -2 cost a digit or more */
    if (!winograd_runs()) {
        printf("# this CPU has no AVX2: nothing to test\n");
        return;
    }
    for (int i = 0; i < SHAPES; i++) {
        struct arrays a;
        start(&a, i);
        double *y = calloc((size_t)a.ny, sizeof *y), *dx = calloc((size_t)a.nx, sizeof *dx),
               *dw = calloc((size_t)a.nw, sizeof *dw);
        const struct winograd back = winograd_adjoint(&a.w);
        CU_ASSERT_FATAL(y && dx && dw);
        for (int64_t e = 0; e < a.nx; e++)
            dx[e] = i % 2 ? (double)a.dx[e] : 0.0;
        reference_conv(&a.shape, a.x, a.weights, a.bias, a.dy, y, dx, dw);
        winograd_forward(&a.w, a.x, a.weights, a.bias, a.y, a.scratch);
        winograd_data(&back, a.dy, a.weights, a.dx, i % 2, a.scratch);
        winograd_weights(&a.w, a.dy, a.x, a.dw, a.scratch);
        const double forward = difference(a.y, y, a.ny), data = difference(a.dx, dx, a.nx),
                     weights = difference(a.dw, dw, a.nw);
        const double close = CLOSE[shapes[i].kernel == 5];
        CU_ASSERT(forward < close);
        CU_ASSERT(data < close);
        CU_ASSERT(weights < close);
        if (!(forward < close && data < close && weights < close))
            printf("# shape %d: forward %g, data %g, weights %g\n", i, forward, data, weights);
        free(y);
        free(dx);
        free(dw);
        end(&a);
    }
}

static void test_repeats_bit_for_bit(void)
{
    if (!winograd_runs())
        return;
    for (int i = 0; i < SHAPES; i++) {
        struct arrays a, b;
        start(&a, i);
        start(&b, i);
        const struct winograd back = winograd_adjoint(&a.w);
        for (int n = 0; n < 2; n++) {
            struct arrays *r = n ? &b : &a;
            winograd_weights(&a.w, r->dy, r->x, r->dw, r->scratch);
            winograd_data(&back, r->dy, r->weights, r->dx, false, r->scratch);
            winograd_forward(&a.w, r->x, r->weights, NULL, r->y, r->scratch);
        }
        CU_ASSERT(!memcmp(a.y, b.y, (size_t)a.ny * sizeof *a.y));
        CU_ASSERT(!memcmp(a.dx, b.dx, (size_t)a.nx * sizeof *a.dx));
        CU_ASSERT(!memcmp(a.dw, b.dw, (size_t)a.nw * sizeof *a.dw));
        end(&a);
        end(&b);
    }
}

static void test_where_it_pays(void)
{
    const struct conv_shape good = { .batch = 1,
                                     .channels = 16,
                                     .filters = 32,
                                     .groups = 1,
                                     .in = { 14, 14 },
                                     .out = { 14, 14 },
                                     .kernel = { 3, 3 },
                                     .stride = { 1, 1 },
                                     .pad = { 1, 1 },
                                     .dilation = { 1, 1 } };
    struct conv_shape s = good;
    CU_ASSERT(winograd_pays(&s));
    s.channels = 8;
    CU_ASSERT(!winograd_pays(&s));
    s = good;
    s.filters = 20;
    CU_ASSERT(!winograd_pays(&s));
    s = good;
    s.stride[1] = 2;
    CU_ASSERT(!winograd_pays(&s));
    s = good;
    s.dilation[0] = 2;
    CU_ASSERT(!winograd_pays(&s));
    s = good;
    s.groups = 2;
    CU_ASSERT(!winograd_pays(&s));
    s = good;
    s.bfloat16 = true;
    CU_ASSERT(!winograd_pays(&s));
    s = good;
    s.kernel[0] = 1;
    CU_ASSERT(!winograd_pays(&s));
    s = good;
    s.pad[0] = 3; /* the pass back would need a negative one */
    CU_ASSERT(!winograd_pays(&s));
    s = good;
    s.out[0] = s.out[1] = 5; /* a quarter of four tiles */
    CU_ASSERT(!winograd_pays(&s));
    s = good;
    s.kernel[0] = s.kernel[1] = 5;
    s.pad[0] = s.pad[1] = 2;
    CU_ASSERT(winograd_pays(&s));
}

SUITE(TEST(test_passes_against_loops), TEST(test_repeats_bit_for_bit), TEST(test_where_it_pays))
