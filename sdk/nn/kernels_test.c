/* SPDX-License-Identifier: MIT */
/* The loops of our own against double precision: accuracy over the whole range, odd lengths, extremes; the dropout masks
 * against Philox itself and against their statistics; gathering. */
#include "kernels.h"
#include "philox.h"
#include "vector_math.h"

#include "hone/nn.h"
#include "hone/rng.h"

#include "harness.h"

#include <float.h>
#include <math.h>

static double normal(double x)
{
    return 0.5 * erfc(-x / sqrt(2.0));
}

static double f_relu(double x)
{
    return x < 0 ? 0 : x;
}
static double f_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}
static double f_gelu(double x)
{
    return x * normal(x);
}
static double d_gelu(double x)
{
    return normal(x) + x * exp(-x * x / 2) / sqrt(2 * acos(-1.0));
}

static void test_exponential(void)
{
    double worst = 0;
    for (double x = -87; x < 88; x += 0.00137) {
        const float f = (float)x;
        const double e = exp((double)f);
        worst = fmax(worst, fabs((double)vector_exp(f) - e) / e);
    }
    CU_ASSERT(worst < 2e-7);
    CU_ASSERT_EQUAL(vector_exp(0.0f), 1.0f);
    CU_ASSERT(vector_exp(-1e30f) >= 0.0f && vector_exp(-1e30f) < 2e-38f);
    CU_ASSERT(vector_exp(-INFINITY) < 2e-38f);
    CU_ASSERT(isfinite(vector_exp(1e30f)));
    CU_ASSERT(isnan(vector_exp(NAN)));
}

static void test_logarithm_and_circle(void)
{
    double logarithm = 0, circle = 0;
    for (double x = 1e-9; x < 1e9; x *= 1.00031) {
        const double e = log((double)(float)x);
        logarithm = fmax(logarithm, fabs((double)vector_log((float)x) - e) / (1 + fabs(e)));
    }
    for (float x = 0.0f; x <= 1.0f; x += 0.00001f) {
        float s, c;
        vector_sincos(x, &s, &c);
        const double angle = 2 * acos(-1.0) * (double)x;
        circle = fmax(circle, fmax(fabs((double)s - sin(angle)), fabs((double)c - cos(angle))));
    }
    CU_ASSERT(logarithm < 2e-7);
    CU_ASSERT(circle < 3e-7);
}

/* Kolmogorov's distance from the distribution, at the level of one in a thousand; reproducible, streams apart, and a short
 * array is the start of a long one. */
static int ascending(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

static void test_drawn_numbers_have_their_distribution(void)
{
    enum { N = 100003 };
    float *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
    for (int normal_ones = 0; normal_ones < 2; normal_ones++) {
        void (*const draw)(float *, int64_t, uint64_t, uint64_t, float) = normal_ones ? kernel_draw_normal
                                                                                      : kernel_draw_uniform;
        double distance = 0, product = 0;
        draw(x, N, 5, 6, 2.0f);
        y[50] = 77.0f;
        draw(y, 50, 5, 6, 2.0f);
        CU_ASSERT_EQUAL(memcmp(x, y, 50 * sizeof *x), 0);
        CU_ASSERT_EQUAL(y[50], 77.0f);
        draw(y, N, 5, 7, 2.0f);
        for (int i = 0; i < N; i++)
            product += (double)x[i] * (double)y[i] / 4 + (double)x[i] * (double)x[(i + 32) % N] / 4;
        CU_ASSERT(fabs(product) < 5 * sqrt(2.0 * N));
        qsort(x, N, sizeof *x, ascending);
        for (int i = 0; i < N; i++) {
            const double f = normal_ones ? normal((double)x[i] / 2) : ((double)x[i] / 2 + 1) / 2;
            distance = fmax(distance, fmax(fabs(f - (double)i / N), fabs(f - (double)(i + 1) / N)));
        }
        CU_ASSERT(distance < 1.95 / sqrt(N));
        CU_ASSERT(x[N - 1] < (normal_ones ? 12.0f : 2.0f) && x[0] > (normal_ones ? -12.0f : -2.0f));
    }
    free(x);
    free(y);
}

/* Streams in which the greatest of 2^24 words gives a radius (found by trying): the shortest one, not the longest. */
static void test_the_greatest_word_draws_a_number_near_0(void)
{
    enum { N = 4096 };
    static const uint64_t streams[] = { 7969, 14077 };
    static const int at[] = { 2134, 2124 };
    static float x[N];
    for (int k = 0; k < 2; k++) {
        kernel_draw_normal(x, N, 5, streams[k], 1.0f);
        for (int i = 0; i < N; i++)
            CU_ASSERT_FATAL(fabs((double)x[i]) < 8);
        CU_ASSERT(fabs((double)x[at[k]]) < 1e-3 && fabs((double)x[at[k] + 32]) < 1e-3);
    }
}

static void test_activations_are_accurate(void)
{
    static const struct {
        void (*f)(const float *, float *, int64_t);
        double (*exact)(double);
        double tolerance; /* absolute, relative to 1 + |y| */
    } cases[] = { { kernel_relu, f_relu, 0 },
                  { kernel_tanh, tanh, 3e-7 },
                  { kernel_sigmoid, f_sigmoid, 2e-7 },
                  { kernel_gelu, f_gelu, 4e-7 } };
    static const float extremes[] = { 0.0f, -0.0f, 1e-30f, -1e-30f, 88.0f, -88.0f, 1e4f, -1e4f, FLT_MAX, -FLT_MAX };
    enum { N = 40007 };
    float *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
    for (size_t c = 0; c < 4; c++) {
        double worst = 0;
        for (int i = 0; i < N; i++)
            x[i] = (float)(i - N / 2) * 0.0013f;
        memcpy(x, extremes, sizeof extremes);
        cases[c].f(x, y, N);
        for (int i = 0; i < N; i++) {
            const double e = cases[c].exact((double)x[i]), error = fabs((double)y[i] - e) / (1 + fabs(e));
            worst = error <= worst ? worst : error;
        }
        CU_ASSERT(worst <= cases[c].tolerance);
        cases[c].f(x, x, N); /* in place */
        CU_ASSERT_EQUAL(memcmp(x, y, N * sizeof *x), 0);
        for (int64_t n = 0; n < 40; n++) { /* every remainder of a vector; nothing past the end */
            y[n] = 77.0f;
            x[0] = NAN;
            cases[c].f(x, y, n);
            CU_ASSERT_EQUAL(y[n], 77.0f);
            CU_ASSERT(n == 0 || isnan(y[0]));
        }
    }
    free(x);
    free(y);
}

static void test_derivatives_are_accurate(void)
{
    enum { N = 1003 };
    float x[N], y[N], dy[N], dx[N], sum[N];
    for (int kind = 0; kind < 4; kind++)
        for (int accumulate = 0; accumulate < 2; accumulate++) {
            double worst = 0;
            for (int i = 0; i < N; i++) {
                x[i] = (float)(i - N / 2) * 0.01f;
                dy[i] = (float)(i % 7) - 3.0f;
                dx[i] = accumulate ? 5.0f : NAN;
                y[i] = kind == 1 ? (float)tanh((double)x[i]) : kind == 2 ? (float)f_sigmoid((double)x[i]) : x[i];
            }
            if (kind == 0)
                kernel_relu_backward(dy, y, dx, N, 2.0f, accumulate);
            else if (kind == 1)
                kernel_tanh_backward(dy, y, dx, N, accumulate);
            else if (kind == 2)
                kernel_sigmoid_backward(dy, y, dx, N, accumulate);
            else
                kernel_gelu_backward(dy, y, dx, N, accumulate);
            for (int i = 0; i < N; i++) {
                const double v = (double)x[i], t = tanh(v), s = f_sigmoid(v);
                const double slope = kind == 0   ? (v > 0 ? 2 : 0)
                                     : kind == 1 ? 1 - t * t
                                     : kind == 2 ? s * (1 - s)
                                                 : d_gelu(v);
                const double error = fabs((double)dx[i] - (accumulate ? 5 : 0) - slope * (double)dy[i]);
                worst = error <= worst ? worst : error;
            }
            CU_ASSERT(worst < 2e-6);
        }
    /* in place, and with the bias */
    for (int i = 0; i < N; i++)
        sum[i] = dy[i];
    kernel_relu_backward(dy, x, dx, N, 1.0f, false);
    kernel_relu_backward(sum, x, sum, N, 1.0f, false);
    CU_ASSERT_EQUAL(memcmp(sum, dx, sizeof dx), 0);
}

static void test_sums_of_columns(void)
{
    static const int64_t shapes[][2] = { { 1, 1 }, { 7, 13 }, { 4, 1 }, { 5, 64 }, { 128, 10 }, { 3, 300 } };
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        const int64_t rows = shapes[s][0], columns = shapes[s][1], n = rows * columns;
        float *dy = malloc((size_t)n * sizeof *dy), *y = malloc((size_t)n * sizeof *y),
              *dx = calloc((size_t)n, sizeof *dx);
        float *sums = malloc((size_t)columns * sizeof *sums), *bias = malloc((size_t)columns * sizeof *bias);
        hone_rng rng = hone_rng_at(s, 0);
        for (int64_t i = 0; i < n; i++) {
            dy[i] = (float)hone_rng_normal(&rng);
            y[i] = (float)hone_rng_normal(&rng);
        }
        for (int pass = 0; pass < 3; pass++) {
            float *const target = pass == 2 ? dy : dx; /* the last in place */
            double expected[300] = { 0 };
            for (int64_t i = 0; i < n; i++)
                expected[i % columns] += pass == 0 ? (double)dy[i] : y[i] > 0 ? 2.0 * (double)dy[i] : 0.0;
            if (pass == 0)
                kernel_column_sums(dy, sums, rows, columns, columns);
            else
                kernel_relu_bias_backward(dy, y, target, sums, rows, columns, columns, 2.0f);
            for (int64_t c = 0; c < columns; c++)
                CU_ASSERT_DOUBLE_EQUAL(sums[c], expected[c], 1e-4);
        }
        for (int64_t i = 0; i < n; i++)
            CU_ASSERT_EQUAL(dx[i], dy[i]);
        for (int64_t c = 0; c < columns; c++)
            bias[c] = (float)c - 2.0f;
        memcpy(dx, y, (size_t)n * sizeof *dx);
        kernel_bias_relu(dx, bias, rows, columns);
        for (int64_t i = 0; i < n; i++)
            CU_ASSERT_EQUAL(dx[i], fmaxf(0.0f, y[i] + bias[i % columns]));
        free(dy);
        free(y);
        free(dx);
        free(sums);
        free(bias);
    }
}

static void test_cross_entropy_at_the_extremes(void)
{
    /* rows: logits far apart; equal; huge and equal; a target of zero mass; far below */
    const float x[5][3] = {
        { 1e4f, 0, -1e4f }, { 2, 2, 2 }, { 3e38f, 3e38f, 3e38f }, { 1, 2, 3 }, { -3e38f, -3e38f, -1e38f }
    };
    const float t[5][3] = { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 }, { 0, 0, 0 }, { 0, 0, 1 } };
    const double expected[5] = { 0, log(3), log(3), 0, 0 };
    float losses[5], gradient[5][3], p[5][3];
    kernel_softmax_cross_entropy(x[0], t[0], losses, gradient[0], 5, 3, 1.0f);
    kernel_softmax(x[0], p[0], 5, 3);
    for (int r = 0; r < 5; r++) {
        double mass = 0;
        CU_ASSERT_DOUBLE_EQUAL(losses[r], expected[r], 1e-6);
        for (int c = 0; c < 3; c++) {
            CU_ASSERT(isfinite(gradient[r][c]));
            mass += (double)p[r][c];
            CU_ASSERT(r == 3 || fabs((double)(p[r][c] - t[r][c] - gradient[r][c])) < 1e-6);
            CU_ASSERT(r != 3 || gradient[r][c] == 0.0f);
        }
        CU_ASSERT_DOUBLE_EQUAL(mass, 1, 1e-6);
    }
    float without[5];
    kernel_softmax_cross_entropy(x[0], t[0], without, NULL, 5, 3, 1.0f);
    CU_ASSERT_EQUAL(memcmp(without, losses, sizeof losses), 0);
    const float broken[3] = { 1, NAN, 2 };
    kernel_softmax_cross_entropy(broken, t[0], losses, gradient[0], 1, 3, 1.0f);
    CU_ASSERT(isnan(losses[0]));
    const float plenty[20] = { [17] = NAN };
    const float targets[20] = { [2] = 1 };
    kernel_softmax_cross_entropy(plenty, targets, losses, NULL, 1, 20, 1.0f);
    CU_ASSERT(isnan(losses[0]));
}

static void test_philox_in_lanes(void)
{
    hone_rng rng = hone_rng_at(1, 1);
    for (int i = 0; i < 1000; i++) {
        uint32_t numbers[6], plain[PHILOX_WORDS], fast[PHILOX_WORDS];
        for (int k = 0; k < 6; k++)
            numbers[k] = i == 0 ? 0xffffffffu : hone_rng_u32(&rng);
        philox_plain(numbers[0], numbers + 1, numbers + 4, plain);
        philox_choose()(numbers[0], numbers + 1, numbers + 4, fast);
        CU_ASSERT_EQUAL(memcmp(plain, fast, sizeof plain), 0);
    }
}

static void test_masks_are_philox(void)
{
    static const struct dropout_key key = { { 0x12345678u, 0x9abcdef0u }, 3, 20000 };
    const uint64_t step = UINT64_C(0x500000007);
    for (int64_t n = 1; n < 700; n += 37) {
        float x[700], y[701];
        uint8_t kept[701];
        y[n] = 77.0f;
        kept[n] = 77;
        for (int64_t i = 0; i < n; i++)
            x[i] = (float)(i + 1);
        kernel_dropout(x, y, kept, n, &key, step, 2.0f);
        for (int64_t i = 0; i < n; i++) {
            const int64_t e = i % 128;
            const uint32_t counter[4] = { (uint32_t)(i / 128 * 16 + e % 16), 3, (uint32_t)step, 5 };
            uint32_t words[4];
            hone_philox(counter, key.key, words);
            const uint32_t bits = e < 64 ? words[e / 16 % 4] & 0xffff : words[e / 16 % 4] >> 16;
            CU_ASSERT_EQUAL(kept[i], bits >= 20000);
            CU_ASSERT_EQUAL(y[i], bits >= 20000 ? 2.0f * x[i] : 0.0f);
        }
        CU_ASSERT(y[n] == 77.0f && kept[n] == 77);
        kernel_dropout(x, x, NULL, n, &key, step, 2.0f); /* in place */
        CU_ASSERT_EQUAL(memcmp(x, y, (size_t)n * sizeof *x), 0);
        for (int64_t i = 0; i < n; i++)
            x[i] = 1.0f;
        kernel_dropout_backward(x, kept, y, n, 2.0f, false);
        for (int64_t i = 0; i < n; i++)
            CU_ASSERT_EQUAL(y[i], kept[i] ? 2.0f : 0.0f);
    }
}

/* Share of dropped units, and independence of neighbours, of steps and of layers, within five standard errors. */
static void test_masks_have_their_rate(void)
{
    enum { N = 1 << 16 };
    float *ones = malloc(N * sizeof *ones), *y = malloc(N * sizeof *y);
    uint8_t *kept[3];
    for (int i = 0; i < 3; i++)
        kept[i] = malloc(N);
    for (int i = 0; i < N; i++)
        ones[i] = 1.0f;
    for (uint32_t dropped = 6554; dropped < 65536; dropped += 13000) {
        const double rate = dropped / 65536.0, error = 5 * sqrt(rate * (1 - rate) / N);
        const struct dropout_key key = { { 1, 2 }, 0, dropped }, other = { { 1, 2 }, 1, dropped };
        double share = 0, neighbours = 0, steps = 0, layers = 0, sum = 0;
        kernel_dropout(ones, y, kept[0], N, &key, 5, (float)(1 / (1 - rate)));
        for (int i = 0; i < N; i++)
            sum += (double)y[i];
        kernel_dropout(ones, y, kept[1], N, &key, 6, 1.0f);
        kernel_dropout(ones, y, kept[2], N, &other, 5, 1.0f);
        for (int i = 0; i < N; i++) {
            share += !kept[0][i];
            neighbours += !kept[0][i] && !kept[0][(i + 1) % N];
            steps += !kept[0][i] && !kept[1][i];
            layers += !kept[0][i] && !kept[2][i];
        }
        CU_ASSERT_DOUBLE_EQUAL(share / N, rate, error);
        CU_ASSERT_DOUBLE_EQUAL(neighbours / N, rate * rate, 2 * error);
        CU_ASSERT_DOUBLE_EQUAL(steps / N, rate * rate, 2 * error);
        CU_ASSERT_DOUBLE_EQUAL(layers / N, rate * rate, 2 * error);
        CU_ASSERT_DOUBLE_EQUAL(sum / N, 1, error / (1 - rate));
    }
    for (int i = 0; i < 3; i++)
        free(kept[i]);
    free(ones);
    free(y);
}

static void test_gathering(void)
{
    static const uint64_t lengths[] = { 1, 7, 64, 784, 2000 };
    for (size_t l = 0; l < 5; l++) {
        const uint64_t m = lengths[l], indices[9] = { 3, 0, 11, 3, 5, 11, 1, 2, 10 };
        uint8_t *bytes = malloc(12 * m);
        float *floats = malloc(12 * m * sizeof *floats), *scale = malloc(m * sizeof *scale),
              *shift = malloc(m * sizeof *shift);
        float *out = malloc((9 * m + 1) * sizeof *out);
        hone_rng rng = hone_rng_at(l, 0);
        for (uint64_t i = 0; i < 12 * m; i++) {
            bytes[i] = (uint8_t)hone_rng_u32(&rng);
            floats[i] = (float)hone_rng_normal(&rng);
        }
        for (uint64_t i = 0; i < m; i++) {
            scale[i] = (float)hone_rng_uniform(&rng) + 0.5f;
            shift[i] = (float)hone_rng_normal(&rng);
        }
        for (int which = 0; which < 8; which++) {
            const float *a = which & 1 ? scale : NULL, *b = which & 2 ? shift : NULL;
            out[9 * m] = 77.0f;
            if (which & 4)
                hone_nn_gather_u8(bytes, m, indices, 9, a, b, out);
            else
                hone_nn_gather_f32(floats, m, indices, 9, a, b, out);
            for (uint64_t i = 0; i < 9 * m; i++) {
                const uint64_t e = i % m, from = indices[i / m] * m + e;
                const double x = which & 4 ? (double)bytes[from] : (double)floats[from];
                const double y = x * (a ? (double)a[e] : 1.0) + (b ? (double)b[e] : 0.0);
                CU_ASSERT_DOUBLE_EQUAL(out[i], y, 1e-6 * (1 + fabs(y) + fabs(x)));
            }
            CU_ASSERT_EQUAL(out[9 * m], 77.0f);
        }
        free(bytes);
        free(floats);
        free(scale);
        free(shift);
        free(out);
    }
}

SUITE(TEST(test_exponential), TEST(test_logarithm_and_circle), TEST(test_drawn_numbers_have_their_distribution),
      TEST(test_the_greatest_word_draws_a_number_near_0), TEST(test_activations_are_accurate),
      TEST(test_derivatives_are_accurate), TEST(test_sums_of_columns), TEST(test_cross_entropy_at_the_extremes),
      TEST(test_philox_in_lanes), TEST(test_masks_are_philox), TEST(test_masks_have_their_rate), TEST(test_gathering))
