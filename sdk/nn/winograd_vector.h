/* SPDX-License-Identifier: MIT */
/* The arithmetic of winograd.c, WINOGRAD_LANES (8 or 16) floats at a time: the one-dimensional transforms with the points 0, 1, -1, 2, -2 and infinity
 * (r: the kernel's size, 3 or 5), and a product of matrices. To be included where the compiler may use AVX2 and
 * FMA, or AVX-512. */
#ifndef HONE_NN_WINOGRAD_VECTOR_H
#define HONE_NN_WINOGRAD_VECTOR_H
#include "kernels.h"

#include <immintrin.h>

enum { LANES = WINOGRAD_LANES, PANEL = 16 };
#if WINOGRAD_LANES == 16
typedef __m512 vec;
#define ZERO         _mm512_setzero_ps()
#define LOAD(p)      _mm512_loadu_ps(p)
#define STORE(p, x)  _mm512_storeu_ps(p, x)
#define SPLAT(x)     _mm512_set1_ps(x)
#define ADD(a, b)    _mm512_add_ps(a, b)
#define SUB(a, b)    _mm512_sub_ps(a, b)
#define MUL(a, x)    _mm512_mul_ps(a, SPLAT(x))
#define FMA(a, x, c) _mm512_fmadd_ps(a, SPLAT(x), c) /* a x + c */
#else
typedef __m256 vec;
#define ZERO         _mm256_setzero_ps()
#define LOAD(p)      _mm256_loadu_ps(p)
#define STORE(p, x)  _mm256_storeu_ps(p, x)
#define SPLAT(x)     _mm256_set1_ps(x)
#define ADD(a, b)    _mm256_add_ps(a, b)
#define SUB(a, b)    _mm256_sub_ps(a, b)
#define MUL(a, x)    _mm256_mul_ps(a, SPLAT(x))
#define FMA(a, x, c) _mm256_fmadd_ps(a, SPLAT(x), c) /* a x + c */
#endif

/* ---- one-dimensional transforms of six, three or five, four or two numbers; s: distance of the inputs, t: of the outputs ---- */
INLINE void input_transform(const vec *x, int s, vec *o, int t) /* B' */
{
    const vec a = x[0], b = x[s], c = x[2 * s], d = x[3 * s], e = x[4 * s], f = x[5 * s];
    const vec p = FMA(c, -4.0f, e), q = FMA(b, -4.0f, d), u = SUB(e, c), v = MUL(SUB(d, b), 2.0f);
    o[0] = FMA(a, 4.0f, FMA(c, -5.0f, e));
    o[t] = ADD(p, q);
    o[2 * t] = SUB(p, q);
    o[3 * t] = ADD(u, v);
    o[4 * t] = SUB(u, v);
    o[5 * t] = FMA(b, 4.0f, FMA(d, -5.0f, f));
}

INLINE void kernel_transform(const vec *g, int s, vec *o, int t, int r) /* G */
{
    const vec even = r == 3 ? ADD(g[0], g[2 * s]) : ADD(ADD(g[0], g[2 * s]), g[4 * s]);
    const vec odd = r == 3 ? g[s] : ADD(g[s], g[3 * s]);
    const vec even2 = r == 3 ? FMA(g[2 * s], 4.0f, g[0]) : FMA(g[4 * s], 16.0f, FMA(g[2 * s], 4.0f, g[0]));
    const vec odd2 = r == 3 ? MUL(g[s], 2.0f) : FMA(g[3 * s], 8.0f, MUL(g[s], 2.0f));
    o[0] = MUL(g[0], 0.25f);
    o[t] = MUL(ADD(even, odd), -1.0f / 6.0f);
    o[2 * t] = MUL(SUB(even, odd), -1.0f / 6.0f);
    o[3 * t] = MUL(ADD(even2, odd2), 1.0f / 24.0f);
    o[4 * t] = MUL(SUB(even2, odd2), 1.0f / 24.0f);
    o[5 * t] = g[(r - 1) * s];
}

INLINE void kernel_adjoint(const vec *x, int s, vec *o, int t, int r) /* G' */
{
    const vec even = MUL(ADD(x[s], x[2 * s]), -1.0f / 6.0f), odd = MUL(SUB(x[2 * s], x[s]), 1.0f / 6.0f);
    const vec even2 = ADD(x[3 * s], x[4 * s]), odd2 = SUB(x[3 * s], x[4 * s]);
    o[0] = FMA(x[0], 0.25f, FMA(even2, 1.0f / 24.0f, even));
    o[t] = FMA(odd2, 1.0f / 12.0f, odd);
    o[2 * t] = FMA(even2, 1.0f / 6.0f, even);
    if (r == 5) {
        o[3 * t] = FMA(odd2, 1.0f / 3.0f, odd);
        o[4 * t] = FMA(even2, 2.0f / 3.0f, even);
    }
    o[(r - 1) * t] = ADD(o[(r - 1) * t], x[5 * s]);
}

INLINE void output_transform(const vec *x, int s, vec *o, int t, int r) /* A' */
{
    const vec even = ADD(x[s], x[2 * s]), odd = SUB(x[s], x[2 * s]);
    const vec even2 = ADD(x[3 * s], x[4 * s]), odd2 = SUB(x[3 * s], x[4 * s]);
    o[0] = ADD(ADD(x[0], even), even2);
    o[t] = FMA(odd2, 2.0f, odd);
    if (r == 3) {
        o[2 * t] = FMA(even2, 4.0f, even);
        o[3 * t] = ADD(FMA(odd2, 8.0f, odd), x[5 * s]);
    } else {
        o[t] = ADD(o[t], x[5 * s]);
    }
}

INLINE void output_adjoint(const vec *y, int s, vec *o, int t, int r) /* A */
{
    const vec even = r == 3 ? ADD(y[0], y[2 * s]) : y[0], odd = r == 3 ? ADD(y[s], y[3 * s]) : y[s];
    const vec even2 = r == 3 ? FMA(y[2 * s], 4.0f, y[0]) : y[0];
    const vec odd2 = r == 3 ? FMA(y[3 * s], 8.0f, MUL(y[s], 2.0f)) : MUL(y[s], 2.0f);
    o[0] = y[0];
    o[t] = ADD(even, odd);
    o[2 * t] = SUB(even, odd);
    o[3 * t] = ADD(even2, odd2);
    o[4 * t] = SUB(even2, odd2);
    o[5 * t] = y[(r == 3 ? 3 : 1) * s];
}

/* ---- products ---- */
/* c[i][j] = sum over p of a[i row + p step] b[p][j] [+ c[i][j]]     b: (depth, 16)  c: (rows, 16) */
#if WINOGRAD_LANES == 16
INLINE void product(int rows, int64_t depth, const float *a, int64_t row, int64_t step, const float *b, float *c,
                    bool accumulate)
{
    enum { MOST = 16 };
    vec sums[MOST];
    for (int i = 0; i < rows; i++)
        sums[i] = accumulate ? LOAD(c + i * PANEL) : ZERO;
    for (int64_t p = 0; p < depth; p++) {
        const vec all = LOAD(b + p * PANEL);
        for (int i = 0; i < rows; i++)
            sums[i] = _mm512_fmadd_ps(SPLAT(a[i * row + p * step]), all, sums[i]);
    }
    for (int i = 0; i < rows; i++)
        STORE(c + i * PANEL, sums[i]);
}

/* Eight sums or more hide the latency of a multiply-add; more of them read b less often. */
static int64_t rows_at_once(int64_t rows)
{
    return rows % 16 == 0 ? 16 : rows >= 12 ? 12 : rows >= 8 ? 8 : rows >= 6 ? 6 : rows >= 4 ? 4 : rows;
}
#else
INLINE void product(int rows, int64_t depth, const float *a, int64_t row, int64_t step, const float *b, float *c,
                    bool accumulate)
{
    vec low[6], high[6];
    for (int i = 0; i < rows; i++) {
        low[i] = accumulate ? LOAD(c + i * PANEL) : ZERO;
        high[i] = accumulate ? LOAD(c + i * PANEL + LANES) : ZERO;
    }
    for (int64_t p = 0; p < depth; p++) {
        const vec l = LOAD(b + p * PANEL), h = LOAD(b + p * PANEL + LANES);
        for (int i = 0; i < rows; i++) {
            const vec f = _mm256_broadcast_ss(a + i * row + p * step);
            low[i] = _mm256_fmadd_ps(f, l, low[i]);
            high[i] = _mm256_fmadd_ps(f, h, high[i]);
        }
    }
    for (int i = 0; i < rows; i++) {
        STORE(c + i * PANEL, low[i]);
        STORE(c + i * PANEL + LANES, high[i]);
    }
}

static int64_t rows_at_once(int64_t rows)
{
    return rows >= 6 && rows != 8 ? 6 : rows >= 4 ? 4 : rows;
}
#endif

static void products(int64_t rows, int64_t depth, const float *a, int64_t row, int64_t step, const float *b, float *c,
                     bool accumulate)
{
    while (rows > 0) {
        const int64_t n = rows_at_once(rows);
        switch (n) {
#if WINOGRAD_LANES == 16
        case 16: product(16, depth, a, row, step, b, c, accumulate); break;
        case 12: product(12, depth, a, row, step, b, c, accumulate); break;
        case 8: product(8, depth, a, row, step, b, c, accumulate); break;
#endif
        case 6: product(6, depth, a, row, step, b, c, accumulate); break;
        case 4: product(4, depth, a, row, step, b, c, accumulate); break;
        case 3: product(3, depth, a, row, step, b, c, accumulate); break;
        case 2: product(2, depth, a, row, step, b, c, accumulate); break;
        default: product(1, depth, a, row, step, b, c, accumulate); break;
        }
        rows -= n;
        a += n * row;
        c += n * PANEL;
    }
}
#endif
