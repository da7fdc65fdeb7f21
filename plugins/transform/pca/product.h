/* SPDX-License-Identifier: MIT */
/* Sums of products of columns, which is what takes the time in learning principal components and in applying them. */
#ifndef HONE_PCA_PRODUCT_H
#define HONE_PCA_PRODUCT_H
#include <stdint.h>

/* Columns lie in panels of PANEL_WIDTH, each with its rows one after the other: element (r, c) of a matrix whose panels have room
 * for `rows` rows is at panel_at(r, c, rows). TILE_PANELS of them are multiplied at once: matrices have whole tiles of columns
 * (panel_columns), those behind the last one zero, and begin at 64 bytes. */
enum { PANEL_WIDTH = 8, TILE_PANELS = 3, TILE_WIDTH = PANEL_WIDTH * TILE_PANELS };

static inline uint64_t panel_columns(uint64_t n)
{
    return (n + TILE_WIDTH - 1) / TILE_WIDTH * TILE_WIDTH;
}

static inline uint64_t panel_at(uint64_t r, uint64_t c, uint64_t rows)
{
    return (c / PANEL_WIDTH * rows + r) * PANEL_WIDTH + c % PANEL_WIDTH;
}

/* out[i][j] = sum over r < n of a[r][i] * b[r][j]     a: a panel; b: TILE_PANELS of them, with room for `rows` rows each;
 * out: (PANEL_WIDTH, TILE_WIDTH). Rows are added in turn: an element is the same wherever its columns stand. */
typedef void product_tile(const double *a, const double *b, uint64_t n, uint64_t rows, double *out);

/* The i-th fastest that this CPU can run, by AVX-512, AVX2 or the least there is, with fused multiply-adds where the CPU has them;
 * NULL: there are no more. */
product_tile *product_tile_by(unsigned i);
#endif
