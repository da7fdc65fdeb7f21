/* SPDX-License-Identifier: MIT */
/* hone/simd.h - one word before a small loop function, and it is compiled for AVX-512, AVX2 and the baseline;
 * the loader picks the best that the CPU has. Header only.
 *
 *     HONE_TARGET_CLONES
 *     static void add(float *y, const float *x, uint64_t n)     y[i] += x[i]     x, y: (n)
 *
 * The function is vectorized (-O3 for itself alone). Nothing is allowed that could change a result: sums keep
 * their order and multiply-adds stay two roundings (compile with -std=c11, which sets -ffp-contract=off, and
 * not -std=gnu11), so that every clone gives the same bits. A call of sqrtf() keeps gcc from vectorizing, as
 * it may set errno; it does not once the file declares it again as  extern float sqrtf(float)
 * __attribute__((const));
 *
 * Empty where it would not work: other compilers than gcc, other machines than x86-64, libcs without ifunc,
 * and under the sanitizers and gcov, whose instrumented resolvers would run before their runtime is ready. */
#ifndef HONE_SIMD_H
#define HONE_SIMD_H
#include <stddef.h> /* defines __GLIBC__ by way of features.h, where there is one */
#include <stdint.h>

#if defined(__GNUC__) && !defined(__clang__) && !defined(__INTEL_COMPILER) && defined(__x86_64__) && \
    defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) &&         \
    !defined(HONE_NO_TARGET_CLONES)
#define HONE_TARGET_CLONES \
    __attribute__((target_clones("avx512f", "avx2", "default"), optimize("O3", "no-trapping-math")))
#else
#define HONE_TARGET_CLONES
#endif
#endif /* HONE_SIMD_H */
