/* SPDX-License-Identifier: MIT */
/* Dense layers on AMX against loops in double precision over the same rounded numbers: sizes that tiles do not divide, rows that
 * meet in one set of the cache, more weights than a group of panels, more samples than a product
 * for weights, float32 and bfloat16 in memory; the same bits from any
 * number of threads; that not a number stays in its own sample. */
#include "amx_conv.h"
#include "amx_dense.h"
#include "arrays_case.h"
#include "harness.h"
#include "kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    int64_t rows, in, out;
} shapes[] = {
    { 1, 1, 1 },     { 3, 5, 7 },     { 1, 33, 10 },     { 32, 32, 32 },   { 31, 17, 33 },   { 64, 96, 64 },
    { 128, 784, 9 }, { 33, 100, 65 }, { 65, 2048, 300 }, { 1100, 20, 40 }, { 7, 1000, 257 },
};
enum { SHAPES = sizeof shapes / sizeof *shapes, THREADS = 3 };

struct arrays {
    struct amx_dense d;
    int64_t nx, nw, ny;
    float *x, *weights, *bias, *y, *dy, *dx, *dw; /* x, weights, dy: rounded to bfloat16 */
};

static void start(struct arrays *a, int i, int32_t threads)
{
    hone_rng rng = hone_rng_at(5, (uint64_t)i);
    a->d = (struct amx_dense){ .rows = shapes[i].rows, .in = shapes[i].in, .out = shapes[i].out, .threads = threads };
    a->nx = a->d.rows * a->d.in;
    a->ny = a->d.rows * a->d.out;
    a->nw = a->d.out * a->d.in;
    a->x = numbers(&rng, a->nx, true);
    a->weights = numbers(&rng, a->nw, true);
    a->bias = numbers(&rng, a->d.out, true);
    a->dy = numbers(&rng, a->ny, true);
    a->y = numbers(&rng, a->ny, true);
    a->dx = numbers(&rng, a->nx, true);
    a->dw = numbers(&rng, a->nw, true);
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
}

/* Exactly the bytes asked for, so that sanitizers see a write past them, full of NaN: nothing may be read before it is written. */
static void *scratch_of(const struct amx_dense *d, enum amx_dense_pass pass)
{
    const uint64_t bytes = amx_dense_scratch(d, pass);
    void *scratch = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!scratch)
        abort();
    CU_ASSERT_EQUAL(bytes % 64, 0);
    memset(scratch, 0xff, bytes);
    return scratch;
}

static void forward(const struct arrays *a, const void *x, void *y)
{
    void *scratch = scratch_of(&a->d, DENSE_FORWARD);
    amx_dense_forward(&a->d, x, a->weights, a->bias, y, scratch);
    free(scratch);
}

/* dx gets twice its gradient, once over what was there. */
static void backward(const struct arrays *a, const void *dy, const void *x, void *dx)
{
    void *scratch = scratch_of(&a->d, DENSE_WEIGHTS);
    amx_dense_weights(&a->d, dy, x, a->dw, scratch);
    free(scratch);
    for (int i = 0; i < 2; i++) {
        scratch = scratch_of(&a->d, DENSE_DATA);
        amx_dense_data(&a->d, dy, a->weights, dx, i == 1, scratch);
        free(scratch);
    }
}

static void run(struct arrays *a, bool half)
{
    a->d.half_x = a->d.half_y = half;
    if (!half) {
        forward(a, a->x, a->y);
        backward(a, a->dy, a->x, a->dx);
        return;
    }
    uint16_t *x = halves(a->x, a->nx), *y = halves(a->y, a->ny), *dy = halves(a->dy, a->ny), *dx = halves(a->dx, a->nx);
    forward(a, x, y);
    backward(a, dy, x, dx);
    widen(y, a->y, a->ny);
    widen(dx, a->dx, a->nx);
    free(x);
    free(y);
    free(dy);
    free(dx);
}

/* The three products by their definitions; dx twice. */
static void reference(const struct arrays *a, double *y, double *dx, double *dw)
{
    const struct amx_dense *d = &a->d;
    for (int64_t n = 0; n < d->rows; n++)
        for (int64_t k = 0; k < d->out; k++) {
            double sum = (double)a->bias[k];
            for (int64_t c = 0; c < d->in; c++) {
                sum += (double)a->x[n * d->in + c] * (double)a->weights[k * d->in + c];
                dx[n * d->in + c] += 2 * (double)a->dy[n * d->out + k] * (double)a->weights[k * d->in + c];
                dw[k * d->in + c] += (double)a->dy[n * d->out + k] * (double)a->x[n * d->in + c];
            }
            y[n * d->out + k] = sum;
        }
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
        start(&a, i, i % 2 ? THREADS : 1);
        double *y = calloc((size_t)a.ny, sizeof *y), *dx = calloc((size_t)a.nx, sizeof *dx),
               *dw = calloc((size_t)a.nw, sizeof *dw);
        CU_ASSERT_FATAL(y && dx && dw);
        reference(&a, y, dx, dw);
        for (int half = 0; half < 2; half++) {
            run(&a, half);
            const double out = difference(a.y, y, a.ny), data = difference(a.dx, dx, a.nx),
                         weights = difference(a.dw, dw, a.nw), close = half ? ROUNDED : CLOSE;
            CU_ASSERT(out < close);
            CU_ASSERT(data < close);
            CU_ASSERT(weights < CLOSE);
            if (!(out < close && data < close && weights < CLOSE))
                printf("# shape %d, half %d: forward %g, data %g, weights %g\n", i, half, out, data, weights);
        }
        free(y);
        free(dx);
        free(dw);
        end(&a);
    }
}

static void test_relu_and_nan(void)
{
    struct arrays a;
    int64_t negative = 0;
    if (!amx_runs())
        return;
    start(&a, 7, 1);
    forward(&a, a.x, a.dy);
    a.d.relu = true;
    a.x[2 * a.d.in + 5] = NAN;
    forward(&a, a.x, a.y);
    for (int64_t i = 0; i < a.ny; i++) {
        negative += a.dy[i] < 0.0f;
        CU_ASSERT(i / a.d.out == 2 ? isnan(a.y[i]) : a.y[i] == (a.dy[i] < 0.0f ? 0.0f : a.dy[i]));
    }
    CU_ASSERT(negative > 0);
    end(&a);
}

static void test_any_number_of_threads_gives_the_same_bits(void)
{
    if (!amx_runs())
        return;
    for (int i = 0; i < SHAPES; i++) {
        struct arrays a, b;
        start(&a, i, 1);
        start(&b, i, THREADS);
        run(&a, i % 2);
        run(&b, i % 2);
        CU_ASSERT(!memcmp(a.y, b.y, (size_t)a.ny * sizeof *a.y));
        CU_ASSERT(!memcmp(a.dx, b.dx, (size_t)a.nx * sizeof *a.dx));
        CU_ASSERT(!memcmp(a.dw, b.dw, (size_t)a.nw * sizeof *a.dw));
        end(&a);
        end(&b);
    }
}

SUITE(TEST(test_passes_against_loops), TEST(test_relu_and_nan), TEST(test_any_number_of_threads_gives_the_same_bits))
