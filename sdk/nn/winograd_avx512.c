/* SPDX-License-Identifier: MIT */
/* The parts of winograd.c's passes, sixteen floats at a time. */
#include "winograd_passes.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h> /* before the compiler is told of the instructions: its functions have targets of their own */

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC optimize("O3")
#pragma GCC target("avx512f,avx512vl,avx2,fma")
#endif
#define WINOGRAD_LANES 16
#include "winograd_body.h"
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

const struct winograd_code winograd_avx512 = { transform_kernels, convolve, sum_gradients, finish_gradients };
#endif
