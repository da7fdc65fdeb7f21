/* SPDX-License-Identifier: MIT */
/* One loop, compiled for vectors of 64, 32 and 16 bytes. What a tile sums up stays in registers: AVX-512 has room for a whole one, the
 * others for a part of it. */
#include "product.h"

#include <stddef.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__)
#define FUSED __attribute__((optimize("O3", "no-trapping-math", "fp-contract=fast")))
#else
#define FUSED
#endif

/* BYTES of a vector; HIGH rows and PANELS panels of the tile are summed up at once. */
#define TILE(NAME, TARGET, BYTES, HIGH, PANELS)                                                                    \
    TARGET FUSED static void NAME(const double *restrict a, const double *restrict b, uint64_t n, uint64_t rows,   \
                                  double *restrict out)                                                            \
    {                                                                                                              \
        typedef double vector __attribute__((vector_size(BYTES)));                                                 \
        enum { EACH = BYTES / sizeof(double), PARTS = PANEL_WIDTH / EACH, WIDE = PANELS * PARTS };                 \
        for (uint64_t first = 0; first < TILE_PANELS; first += PANELS)                                             \
            for (uint64_t top = 0; top < PANEL_WIDTH; top += HIGH) {                                               \
                vector sums[HIGH][WIDE];                                                                           \
                memset(sums, 0, sizeof sums);                                                                      \
                for (uint64_t r = 0; r < n; r++) {                                                                 \
                    const double *left = a + r * PANEL_WIDTH + top, *right = b + (first * rows + r) * PANEL_WIDTH; \
                    vector x[WIDE];                                                                                \
                    for (uint64_t j = 0; j < WIDE; j++)                                                            \
                        memcpy(&x[j], right + j / PARTS * rows * PANEL_WIDTH + j % PARTS * EACH, sizeof x[j]);     \
                    for (uint64_t i = 0; i < HIGH; i++)                                                            \
                        for (uint64_t j = 0; j < WIDE; j++)                                                        \
                            sums[i][j] += left[i] * x[j];                                                          \
                }                                                                                                  \
                for (uint64_t i = 0; i < HIGH; i++)                                                                \
                    memcpy(out + (top + i) * TILE_WIDTH + first * PANEL_WIDTH, sums[i], sizeof sums[i]);           \
            }                                                                                                      \
    }

TILE(tile_16, , 16, 2, 1)
#ifdef __x86_64__
TILE(tile_32, __attribute__((target("avx2,fma"))), 32, 4, 1)
TILE(tile_64, __attribute__((target("avx512f"))), 64, 8, 3)
#endif

product_tile *product_tile_by(unsigned i)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512f") && i-- == 0)
        return tile_64;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && i-- == 0)
        return tile_32;
#endif
    return i == 0 ? tile_16 : NULL;
}
