/* SPDX-License-Identifier: MIT */
/* All that libhone-nn asks of oneDNN, in our own words: matrix products made once and run many times. onednn.c is the one
 * file that includes dnnl.h, so that another version of it is another file. */
#ifndef HONE_NN_ONEDNN_H
#define HONE_NN_ONEDNN_H
#include "hone/plugin.h"

#include <stdbool.h>

/* c[m][n] = sum over k of a[m][k] * b[k][n] [+ bias[n]] [+ c[m][n]]     a: (M, K)  b: (K, N)  c: (M, N), all float32 */
struct matmul_shape {
    int64_t m, n, k;
    bool a_transposed, b_transposed; /* stored as (K, M), (N, K) */
    bool bias, accumulate;           /* accumulate: add to what c holds */
};

struct matmul;      /* a primitive; owns its descriptor */
struct matmul_call; /* a primitive bound to its operands */

/* `who` names the layer in the error. Made for the number of threads in force (onednn_threads_enter). */
hone_rc matmul_create(const struct matmul_shape *shape, const char *who, struct matmul **matmul, hone_error *err);
void matmul_destroy(struct matmul *matmul); /* accepts NULL; after its calls */
uint64_t matmul_scratch_bytes(const struct matmul *matmul);
/* scratch: matmul_scratch_bytes at a multiple of 64, shared by whom one likes. bias NULL where the shape has none. */
hone_rc matmul_bind(const struct matmul *matmul, float *a, float *b, float *bias, float *c, void *scratch,
                    struct matmul_call **call, hone_error *err);
void matmul_call_destroy(struct matmul_call *call); /* accepts NULL */
/* 0, or oneDNN's status. Allocates nothing of ours. */
int matmul_run(const struct matmul_call *call);

/* Sets the OpenMP threads of the calling thread and returns the number to set back; 0: oneDNN is built without OpenMP. */
int threads_enter(uint32_t threads);
void threads_leave(int before);
#endif
