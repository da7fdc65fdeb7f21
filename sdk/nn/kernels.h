/* SPDX-License-Identifier: MIT */
/* The hot loops that are our own: one pass each, built for the CPU at hand. Sizes are elements; pointers may be equal
 * where "in place" is said and must not overlap otherwise. */
#ifndef HONE_NN_KERNELS_H
#define HONE_NN_KERNELS_H
#include <stdbool.h>
#include <stdint.h>

/* Functions marked HOT exist once per instruction set and are chosen at load time. Resolvers run before a sanitizer is
 * set up, so sanitizer builds have the plain version only. gcc vectorizes fully at -O3 only,
 * and only where it need not keep the flags of floating-point exceptions that nobody reads (results do not change). */
#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define HONE_NO_CLONES 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__x86_64__)
#define HONE_NO_CLONES 1
#endif
#if defined(__clang__) && __clang_major__ < 18
#define HONE_NO_CLONES 1 /* names the chooser "f.ifunc", which other files then do not find */
#endif
#ifdef HONE_NO_CLONES
#define HOT
#else
#define HOT __attribute__((target_clones("avx512f", "avx2", "default")))
#endif
/* Before a loop that may work in place: no iteration reads what another one writes, so no check at run time is needed. */
#if defined(__clang__)
#define IVDEP _Pragma("clang loop vectorize(assume_safety)")
#else
#define IVDEP _Pragma("GCC ivdep")
#endif
#define INLINE static inline __attribute__((always_inline))

/* ---- activations: y = f(x), in place allowed; NaN stays NaN in all of them ---- */
void kernel_relu(const float *x, float *y, int64_t n);
void kernel_tanh(const float *x, float *y, int64_t n);
void kernel_sigmoid(const float *x, float *y, int64_t n);
void kernel_gelu(const float *x, float *y, int64_t n);
void kernel_swish(const float *x, float *y, int64_t n);
void kernel_leaky_relu(const float *x, float *y, int64_t n, float slope);
/* y[r][c] = relu(y[r][c] + bias[c]). oneDNN's relu makes 0 of NaN, which would hide broken inputs behind a finite loss. */
void kernel_bias_relu(float *y, const float *bias, int64_t rows, int64_t columns);
/* dx = dy * f'(...) [+ dx]: from the output y, or from the input x where f' needs it. dx may be dy unless accumulating.
 * scale: relu followed by dropout in place has y = scale * kept relu, whose derivative is scale where y > 0. */
void kernel_relu_backward(const float *dy, const float *y, float *dx, int64_t n, float scale, bool accumulate);
void kernel_tanh_backward(const float *dy, const float *y, float *dx, int64_t n, bool accumulate);
void kernel_sigmoid_backward(const float *dy, const float *y, float *dx, int64_t n, bool accumulate);
void kernel_gelu_backward(const float *dy, const float *x, float *dx, int64_t n, bool accumulate);
void kernel_swish_backward(const float *dy, const float *x, float *dx, int64_t n, bool accumulate);
void kernel_leaky_relu_backward(const float *dy, const float *x, float *dx, int64_t n, float slope, bool accumulate);
/* relu_backward of a dense layer and the gradient of its bias in one pass: dbias[c] = sum over r of dx[r][c]. Rows are `stride`
 * apart. */
void kernel_relu_bias_backward(const float *dy, const float *y, float *dx, float *dbias, int64_t rows, int64_t columns,
                               int64_t stride, float scale);

/* ---- sums ---- */
void kernel_add(const float *a, const float *b, float *c, int64_t n);             /* in place allowed */
void kernel_add_bias(float *y, const float *bias, int64_t rows, int64_t columns); /* y[r][c] += bias[c] */
void kernel_column_sums(const float *x, float *sums, int64_t rows, int64_t columns,
                        int64_t stride); /* (rows, columns) -> (columns); rows are `stride` apart */

/* y[c][r] = x[r][c]     x: (rows, columns)  y: (columns, rows) */
void kernel_transpose(const float *x, float *y, int64_t rows, int64_t columns);

/* ---- bfloat16: the upper half of a float32, rounded to nearest, ties to even; NaN stays NaN ---- */
void kernel_to_bfloat16(const float *x, uint16_t *y, int64_t n);
void kernel_round_bfloat16(const float *x, float *y, int64_t n); /* in place allowed */

/* ---- batch norm: rows of channels ---- */
struct batch_norm {
    int64_t rows, channels;
    const float *weight, *bias;        /* (c) */
    float *running_mean, *running_var; /* (c), moved in training */
    double epsilon, momentum;
    int32_t threads; /* take rows each; 0: one */
    bool relu;
    bool frozen; /* backward: mean and deviation are given, and do not move with x */
    bool
        half; /* x, y, residual and their gradients are bfloat16 in memory: only where there are half_kernels (half.h) */
};
/* y = relu(normalized x + residual), either missing where it is not wanted (residual NULL).
 * saved: (2 c), mean and 1 / deviation; scratch: kernel_batch_norm_scratch bytes. */
void kernel_batch_norm(const struct batch_norm *n, const void *x, const void *residual, void *y, float *saved,
                       void *scratch);
/* What is saved where the running statistics are taken: the forward pass is kernel_batch_norm_infer then. */
void kernel_batch_norm_frozen(const struct batch_norm *n, float *saved);
void kernel_batch_norm_infer(const struct batch_norm *n, const void *x, const void *residual, void *y,
                             void *scratch); /* y may be x */
/* y: the output where a residual was added before a relu, else NULL; then g, which may be dy, takes dy where the relu let
 * pass, the gradient of the residual. dx: NULL, or dy where g is not it. */
void kernel_batch_norm_backward(const struct batch_norm *n, const void *dy, const void *x, const void *y, void *g,
                                void *dx, const float *saved, float *dweight, float *dbias, void *scratch,
                                bool accumulate);
uint64_t kernel_batch_norm_scratch(int64_t channels, int32_t threads);

/* ---- pools over (batch, in[0], in[1], channels) ---- */
struct pool {
    int64_t batch, channels, in[2], out[2], kernel, stride, pad;
    bool exclude_padding;
    bool
        half; /* of max_pool: x, y and their gradients are bfloat16 in memory: only where there are half_kernels (half.h) */
};
enum { MAX_POOL_KERNEL = 15 }; /* a place in the window is a byte */
/* where: which of the window it was, for the backward pass. relu: of the result, which is the relu's maximum. */
void kernel_max_pool(const struct pool *p, const void *x, void *y, uint8_t *where, bool relu);
/* y: the output where there was a relu, else NULL; dy is overwritten. */
void kernel_max_pool_backward(const struct pool *p, void *dy, const void *y, const uint8_t *where, void *dx);
void kernel_average_pool(const struct pool *p, float *x, float *y);
void kernel_average_pool_backward(const struct pool *p, float *dy, float *dx);
void kernel_global_average(const float *x, float *y, int64_t n, int64_t pixels, int64_t c);
void kernel_global_average_backward(const float *dy, float *dx, int64_t n, int64_t pixels, int64_t c);

/* ---- layer norm and group norm: (samples, pixels, groups, run), normalized over pixels and run ---- */
struct group_norm {
    int64_t samples, pixels, groups, run;
    const float *weight, *bias; /* (groups run) */
    double epsilon;
};
/* saved: (samples groups 2), mean and 1 / deviation. y may be x. */
void kernel_group_norm(const struct group_norm *g, const float *x, float *y, float *saved);
void kernel_group_norm_backward(const struct group_norm *g, const float *dy, const float *x, float *dx,
                                const float *saved, float *dweight, float *dbias); /* dx: NULL where nobody wants it */

/* ---- moves ---- */
struct upsample {
    int64_t batch, channels, in[2], factor;
    bool bilinear;
};
void kernel_upsample(const struct upsample *u, float *x, float *y); /* (batch, h, w, c) -> (batch, h f, w f, c) */
void kernel_upsample_backward(const struct upsample *u, float *dy, float *dx);
/* y[i] = table[nearest entry to x[i]]     x: (n)  table: (entries, units)  y: (n, units) */
void kernel_embedding(const float *x, const float *table, float *y, int64_t n, int64_t entries, int64_t units);
void kernel_embedding_backward(const float *x, const float *dy, float *dtable, int64_t n, int64_t entries,
                               int64_t units);
enum { PERMUTED = 6 };
struct permutation {
    int64_t elements, dims[PERMUTED], strides[PERMUTED]; /* of the output, and of each of its dimensions in the input */
    bool inverse;                                        /* x is in the output's order, y in the input's */
};
void kernel_permute(const struct permutation *p, const float *x, float *y);
/* The first `columns` of each row, rows from_stride and to_stride apart. */
void kernel_copy_columns(const float *x, float *y, int64_t rows, int64_t columns, int64_t from_stride,
                         int64_t to_stride);

/* ---- dropout ---- */
struct dropout_key {
    uint32_t key[2];  /* of the graph's masks */
    uint32_t number;  /* of the layer */
    uint32_t dropped; /* of 65536: the rate, rounded */
};
/* y = x * scale where kept, else 0, in place allowed; kept (n bytes: 1, 0) is written unless NULL.
 * Element e of block b of 128 looks at the 16 bits e / 64 (low, high) of word e / 16 % 4 of
 * Philox4x32-10 at the counter (16 b + e % 16, number, step, step >> 32), and is dropped where they are below `dropped`. */
void kernel_dropout(const float *x, float *y, uint8_t *kept, int64_t n, const struct dropout_key *key, uint64_t step,
                    float scale);
void kernel_dropout_backward(const float *dy, const uint8_t *kept, float *dx, int64_t n, float scale, bool accumulate);

/* ---- first weights: numbers at the start of a stream of a seed ---- */
void kernel_draw_uniform(float *out, int64_t n, uint64_t seed, uint64_t stream, float limit); /* (-limit, limit) */
void kernel_draw_normal(float *out, int64_t n, uint64_t seed, uint64_t stream, float deviation);

/* ---- losses and outputs: x, t: (rows, k)  losses: (rows) ----
 * gradient (rows, k), or NULL: weight * d losses[r] / d x[r][c]. */
void kernel_softmax_cross_entropy(const float *x, const float *t, float *losses, float *gradient, int64_t rows,
                                  int64_t k, float weight);
void kernel_mse(const float *x, const float *t, float *losses, float *gradient, int64_t rows, int64_t k, float weight);
void kernel_softmax(const float *x, float *y, int64_t rows, int64_t k);
#endif
