/* SPDX-License-Identifier: MIT */
/* hone/tensor.h - a dense array that somebody else owns. Row-major: the last dimension is contiguous. */
#ifndef HONE_TENSOR_H
#define HONE_TENSOR_H
#include "hone/plugin.h"

enum { HONE_MAX_DIMS = 6 };
enum { HONE_U8 = 1, HONE_F32 = 2, HONE_BF16 = 3, HONE_I32 = 4, HONE_F64 = 5 };

typedef struct hone_tensor {
    uint32_t size, dtype, n_dims, reserved;
    int64_t dims[HONE_MAX_DIMS];
    void *data; /* 64-byte aligned where the host made it */
} hone_tensor;

/* Bytes of one element; 0: unknown dtype. [any] */
static inline uint32_t hone_dtype_bytes(uint32_t dtype)
{
    switch (dtype) {
    case HONE_U8: return 1;
    case HONE_BF16: return 2;
    case HONE_F32: return 4;
    case HONE_I32: return 4;
    case HONE_F64: return 8;
    default: return 0;
    }
}

/* Number of elements of a shape. [any] */
static inline int64_t hone_shape_elements(const int64_t *dims, uint32_t n_dims)
{
    int64_t n = 1;
    for (uint32_t i = 0; i < n_dims; i++)
        n *= dims[i];
    return n;
}
#endif /* HONE_TENSOR_H */
