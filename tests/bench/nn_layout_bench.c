/* SPDX-License-Identifier: MIT */
/* Which layout of the weights oneDNN's products like best on this machine: each pass of a dense layer with weights stored
 * (out, in) and (in, out), and with the bias inside. Microseconds, best of many. Links the library's own onednn.c.
 *
 *     nn_layout_bench [batch] */
#include "onednn.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float *numbers(int64_t n)
{
    float *x = aligned_alloc(64, (size_t)(n * 4 + 63) / 64 * 64);
    if (!x)
        exit(1);
    for (int64_t i = 0; i < n; i++)
        x[i] = (float)(i % 17) * 0.1f - 0.8f;
    return x;
}

static double measure(const struct matmul_shape *s)
{
    hone_error err = HONE_ERROR_INIT;
    struct primitive *m = NULL;
    struct call *call = NULL;
    float *a = numbers(s->m * s->k), *b = numbers(s->k * s->n), *c = numbers(s->m * s->n), *bias = numbers(s->n);
    double best = 1.0;
    if (matmul_create(s, "bench", &m, &err) < 0) {
        fprintf(stderr, "%s\n", err.msg);
        exit(1);
    }
    const uint64_t scratch_bytes = primitive_scratch_bytes(m);
    float *scratch = numbers((int64_t)(scratch_bytes / 4 + 16));
    float *const operands[PRIMITIVE_OPERANDS + 1] = { a, b, c, s->bias ? bias : NULL, scratch };
    if (primitive_bind(m, operands, &call, &err) < 0)
        exit(1);
    for (int i = 0; i < 400; i++) {
        const double t = seconds();
        (void)call_run(call);
        const double taken = seconds() - t;
        best = taken < best ? taken : best;
    }
    call_destroy(call);
    primitive_destroy(m);
    free(a);
    free(b);
    free(c);
    free(bias);
    free(scratch);
    return 1e6 * best;
}

int main(int argc, char **argv)
{
    static const int64_t layers[][2] = { { 784, 256 }, { 256, 128 }, { 128, 10 } };
    const int64_t n = argc > 1 ? strtol(argv[1], NULL, 10) : 128;
    const int before = threads_enter(1);
    double total[2] = { 0, 0 };
    printf("%-12s %22s %22s %22s   (out, in) | (in, out), us\n", "layer", "forward", "data gradient",
           "weight gradient");
    for (int l = 0; l < 3; l++) {
        const int64_t in = layers[l][0], out = layers[l][1];
        const struct matmul_shape passes[3][2] = {
            { { .m = n, .n = out, .k = in, .b_transposed = true }, { .m = n, .n = out, .k = in } },
            { { .m = n, .n = in, .k = out }, { .m = n, .n = in, .k = out, .b_transposed = true } },
            { { .m = out, .n = in, .k = n, .a_transposed = true },
              { .m = in, .n = out, .k = n, .a_transposed = true } },
        };
        printf("%4lld->%-4lld  ", (long long)in, (long long)out);
        for (int p = 0; p < 3; p++) {
            double t[2];
            for (int layout = 0; layout < 2; layout++) {
                t[layout] = measure(&passes[p][layout]);
                total[layout] += l == 0 && p == 1 ? 0 : t[layout]; /* nobody needs the first layer's data gradient */
            }
            printf(" %9.1f | %-9.1f ", t[0], t[1]);
        }
        printf("\n");
    }
    const struct matmul_shape with_bias = { .m = n, .n = 256, .k = 784, .b_transposed = true, .bias = true };
    printf("sum of a step: %.1f | %.1f;   784->256 forward with the bias inside: %.1f\n", total[0], total[1],
           measure(&with_bias));
    threads_leave(before);
    return 0;
}
