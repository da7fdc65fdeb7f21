/* SPDX-License-Identifier: MIT */
/* What tests of the network's kernels do with arrays: compare with a reference, turn into bfloat16 and back. */
#ifndef HONE_NN_ARRAYS_CASE_H
#define HONE_NN_ARRAYS_CASE_H
#include "kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Largest difference relative to the root mean square. */
static inline double difference(const float *a, const double *b, int64_t n)
{
    double square = 0, most = 0;
    for (int64_t i = 0; i < n; i++) {
        const double d = fabs((double)a[i] - b[i]);
        square += b[i] * b[i];
        if (!(d <= most))
            most = d;
    }
    return square > 0 ? most / sqrt(square / (double)n) : most;
}

/* The same numbers as bfloat16, to be freed. */
static inline uint16_t *halves(const float *from, int64_t n)
{
    uint16_t *to = malloc((size_t)n * sizeof *to);
    if (!to)
        abort();
    kernel_to_bfloat16(from, to, n);
    return to;
}

static inline void widen(const uint16_t *from, float *to, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const uint32_t bits = (uint32_t)from[i] << 16;
        memcpy(to + i, &bits, sizeof bits);
    }
}
#endif /* HONE_NN_ARRAYS_CASE_H */
