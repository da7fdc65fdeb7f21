/* SPDX-License-Identifier: MIT */
/* The loops over bfloat16 values against those over float32, on the same rounded numbers: what they write differs by one rounding.
 * Channels and lengths that vectors do not divide, in place and accumulating, NaN. */
#include "half.h"
#include "harness.h"
#include "kernels.h"

#include "hone/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 20000 };
static const int64_t lengths[] = { 1, 15, 16, 33, 1000 }, channels[] = { 1, 5, 16, 17, 40 };
enum { LENGTHS = sizeof lengths / sizeof *lengths, CHANNELS = sizeof channels / sizeof *channels };

struct numbers {
    float f[MOST];
    uint16_t h[MOST];
};

static struct numbers a, b, c, d, e;

static const struct half_kernels *begin(void)
{
    const struct half_kernels *k = half_kernels();
    if (!k)
        printf("# this CPU has no bfloat16: nothing to test\n");
    struct numbers *const all[] = { &a, &b, &c, &d, &e };
    hone_rng rng = hone_rng_at(9, 1);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        for (int64_t n = 0; n < MOST; n++)
            all[i]->f[n] = (float)hone_rng_normal(&rng);
        kernel_round_bfloat16(all[i]->f, all[i]->f, MOST);
        kernel_to_bfloat16(all[i]->f, all[i]->h, MOST);
    }
    return k;
}

static float widened(uint16_t half)
{
    const uint32_t bits = (uint32_t)half << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Equal up to a rounding to eight bits, and `slack`, of sums in another order; untouched behind the first n. */
static void check(const struct numbers *x, int64_t n, double slack, const char *what)
{
    int64_t wrong = 0;
    for (int64_t i = 0; i < n; i++) {
        const double exact = (double)x->f[i], half = (double)widened(x->h[i]);
        wrong += isnan(exact) != isnan(half) || fabs(exact - half) > fabs(exact) / 250 + slack;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    if (wrong)
        printf("# %s of %lld: %lld differ\n", what, (long long)n, (long long)wrong);
    CU_ASSERT(n == MOST || widened(x->h[n]) == x->f[n]);
}

static void check_floats(const float *x, const float *y, int64_t n, const char *what)
{
    for (int64_t i = 0; i < n; i++) {
        CU_ASSERT(fabs((double)x[i] - (double)y[i]) < 1e-3 * (1.0 + fabs((double)x[i])));
        if (!(fabs((double)x[i] - (double)y[i]) < 1e-3 * (1.0 + fabs((double)x[i]))))
            printf("# %s: number %lld is %g, not %g\n", what, (long long)i, (double)y[i], (double)x[i]);
    }
}

static void test_elementwise(void)
{
    for (int i = 0; i < LENGTHS; i++) {
        const int64_t n = lengths[i];
        const struct half_kernels *k = begin();
        if (!k)
            return;
        a.f[n / 2] = NAN;
        a.h[n / 2] = 0x7fc0;
        kernel_add(a.f, b.f, c.f, n);
        k->narrow(c.f, e.h, n);
        for (int64_t m = 0; m < n; m++)
            e.f[m] = c.f[m];
        check(&e, n, 0, "narrow");
        k->add(a.h, b.h, c.h, n);
        check(&c, n, 0, "add");
        kernel_add(b.f, d.f, b.f, n);
        k->add(b.h, d.h, b.h, n);
        check(&b, n, 0, "add in place");
        kernel_relu(a.f, e.f, n);
        k->relu(a.h, e.h, n);
        check(&e, n, 0, "relu");
        for (int accumulate = 0; accumulate < 2; accumulate++) {
            begin();
            kernel_relu_backward(a.f, b.f, c.f, n, 1.0f, accumulate);
            k->relu_backward(a.h, b.h, c.h, n, accumulate);
            check(&c, n, 0, "relu backward");
        }
    }
}

static void test_rows(void)
{
    const int64_t rows = 131;
    float sums[2][64];
    for (int i = 0; i < CHANNELS; i++) {
        const int64_t n = channels[i];
        const struct half_kernels *k = begin();
        if (!k)
            return;
        kernel_column_sums(a.f, sums[0], rows, n, n + 2);
        k->column_sums(a.h, sums[1], rows, n, n + 2);
        check_floats(sums[0], sums[1], n, "column sums");
        kernel_relu_bias_backward(a.f, b.f, c.f, sums[0], rows, n, n, 1.0f);
        k->relu_bias_backward(a.h, b.h, c.h, sums[1], rows, n, n);
        check_floats(sums[0], sums[1], n, "gradient of the bias");
        check(&c, rows * n, 0, "relu and bias backward");
        kernel_bias_relu(a.f, d.f, rows, n);
        k->bias_relu(a.h, d.f, rows, n);
        check(&a, rows * n, 0, "bias and relu");
        kernel_global_average(b.f, sums[0], 1, rows, n);
        k->global_average(b.h, sums[1], 1, rows, n);
        check_floats(sums[0], sums[1], n, "global average");
        kernel_global_average_backward(sums[0], e.f, 1, rows, n);
        k->global_average_backward(sums[0], e.h, 1, rows, n);
        check(&e, rows * n, 0, "global average backward");
    }
}

/* kind: relu, residual. A value near 0 may fall on either side of a relu, but for the statistics equal in both. */
static void one_norm(int64_t rows, int64_t n, bool relu, bool residual, int32_t threads)
{
    float weight[64], bias[64], running[4][64], saved[2][128], gradients[4][64];
    struct batch_norm norm = { .rows = rows,
                               .channels = n,
                               .weight = weight,
                               .bias = bias,
                               .epsilon = 1e-5,
                               .momentum = 0.9,
                               .threads = threads };
    void *scratch = malloc(kernel_batch_norm_scratch(n, threads));
    CU_ASSERT_FATAL(scratch != NULL);
    begin();
    for (int i = 0; i < 64; i++) {
        weight[i] = 0.5f + 0.02f * (float)i;
        bias[i] = 0.1f * (float)(i % 7);
        running[0][i] = running[1][i] = 0.0f;
        running[2][i] = running[3][i] = 1.0f;
    }
    norm.relu = relu;
    for (int half = 0; half < 2; half++) {
        norm.half = half;
        norm.running_mean = running[half];
        norm.running_var = running[2 + half];
        kernel_batch_norm(&norm, half ? (void *)a.h : a.f,
                          !residual ? NULL
                          : half    ? (void *)b.h
                                    : b.f,
                          half ? (void *)c.h : c.f, saved[half], scratch);
    }
    check(&c, rows * n, 2e-2, "norm");
    check_floats(saved[0], saved[1], 2 * n, "statistics");
    check_floats(running[0], running[1], n, "running mean");
    check_floats(running[2], running[3], n, "running variance");
    memcpy(saved[1], saved[0], sizeof saved[0]);
    kernel_round_bfloat16(c.f, c.f, rows * n); /* the same relus for both */
    kernel_to_bfloat16(c.f, c.h, rows * n);
    for (int half = 0; half < 2; half++) {
        norm.half = half;
        const bool masked = relu && residual;
        kernel_batch_norm_backward(&norm, half ? (void *)d.h : d.f, half ? (void *)a.h : a.f,
                                   !masked ? NULL
                                   : half  ? (void *)c.h
                                           : c.f,
                                   !masked ? NULL
                                   : half  ? (void *)d.h
                                           : d.f,
                                   half ? (void *)e.h : e.f, saved[half], gradients[half], gradients[2 + half], scratch,
                                   n == 16);
    }
    check(&e, rows * n, 2e-2, "norm backward");
    check(&d, rows * n, 0, "gradient of the residual");
    for (int64_t i = 0; i < n; i++) { /* sums over all rows */
        CU_ASSERT_DOUBLE_EQUAL(gradients[0][i], gradients[1][i], 2e-3 * (double)rows);
        CU_ASSERT_DOUBLE_EQUAL(gradients[2][i], gradients[3][i], 2e-3 * (double)rows);
    }
    kernel_batch_norm_infer(&norm, a.h, residual ? b.h : NULL, a.h, scratch);
    norm.half = false;
    kernel_batch_norm_infer(&norm, a.f, residual ? b.f : NULL, a.f, scratch);
    check(&a, rows * n, 2e-2, "norm in inference, in place");
    free(scratch);
}

static void test_batch_norm(void)
{
    if (!begin())
        return;
    for (int i = 0; i < CHANNELS; i++)
        for (int kind = 0; kind < 4; kind++) {
            one_norm(MOST / channels[i] / 7, channels[i], kind & 1, kind & 2, 1);
            one_norm(331, channels[i], kind & 1, kind & 2, 3);
        }
}

static void test_max_pool(void)
{
    static const struct {
        int64_t kernel, stride, pad;
    } kinds[] = { { 2, 2, 0 }, { 3, 2, 1 }, { 3, 1, 1 }, { 2, 3, 0 }, { 2, 1, 0 } };
    static uint8_t where[2][MOST];
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (int k = 0; k < CHANNELS; k++)
            for (int relu = 0; relu < 2; relu++) {
                struct pool p = { .batch = 3,
                                  .channels = channels[k],
                                  .in = { 7, 6 },
                                  .kernel = kinds[i].kernel,
                                  .stride = kinds[i].stride,
                                  .pad = kinds[i].pad };
                for (int n = 0; n < 2; n++)
                    p.out[n] = (p.in[n] + 2 * p.pad - p.kernel) / p.stride + 1;
                const int64_t in = p.batch * p.in[0] * p.in[1] * p.channels,
                              out = p.batch * p.out[0] * p.out[1] * p.channels;
                if (!begin())
                    return;
                a.f[in / 2] = NAN;
                a.h[in / 2] = 0x7fc0;
                kernel_max_pool(&p, a.f, b.f, where[0], relu);
                p.half = true;
                kernel_max_pool(&p, a.h, b.h, where[1], relu);
                check(&b, out, 0, "max pool");
                CU_ASSERT(!memcmp(where[0], where[1], (size_t)out));
                kernel_max_pool_backward(&p, c.h, relu ? b.h : NULL, where[1], d.h);
                p.half = false;
                kernel_max_pool_backward(&p, c.f, relu ? b.f : NULL, where[0], d.f);
                check(&d, in, 0.1, "max pool backward"); /* overlapping windows add up, rounded each time */
            }
}

SUITE(TEST(test_elementwise), TEST(test_rows), TEST(test_batch_norm), TEST(test_max_pool))
