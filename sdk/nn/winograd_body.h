/* SPDX-License-Identifier: MIT */
/* The parts of winograd.c's passes for the instruction set of the file that includes this one, after the compiler was told of it. */
#include "winograd_passes.h"
#include "winograd_vector.h"

#include <string.h>

/* ---- tiles ---- */
struct place { /* of a tile: its image, and its first output */
    int64_t image, row, column;
};

static struct place place_of(const struct winograd *w, int64_t tile)
{
    const int64_t across = tiles_along(w, 1), down = tiles_along(w, 0), m = outputs(w);
    const struct place p = { tile / (across * down), tile / across % down * m, tile % across * m };
    return p;
}

static void place_next(const struct winograd *w, struct place *p)
{
    p->column += outputs(w);
    if (p->column < w->out[1])
        return;
    p->column = 0;
    p->row += outputs(w);
    if (p->row < w->out[0])
        return;
    p->row = 0;
    p->image++;
}

/* B' d B of the tile whose first pixel is at x, rows of pixels `row` floats apart. */
INLINE void read_tile(const float *x, int64_t row, int64_t c, float *v, int64_t place)
{
    for (int64_t k = 0; k < c; k += LANES) {
        vec d[TILE], t[PLACES], o[TILE];
        for (int i = 0; i < TILE; i++) {
            for (int j = 0; j < TILE; j++)
                d[j] = LOAD(x + i * row + j * c + k);
            input_transform(d, 1, t + i * TILE, 1);
        }
        for (int j = 0; j < TILE; j++) {
            input_transform(t + j, TILE, o, 1);
            for (int i = 0; i < TILE; i++)
                STORE(v + (i * TILE + j) * place + k, o[i]);
        }
    }
}

/* A tile that reaches over the border, with zeros there. patch: (6, 6, C) */
static void copy_patch(const struct winograd *w, const float *x, int64_t top, int64_t left, float *patch)
{
    const int64_t c = w->channels, from = left < 0 ? -left : 0;
    const int64_t to = w->in[1] - left < TILE ? w->in[1] - left : TILE;
    for (int64_t i = 0; i < TILE; i++, patch += TILE * c) {
        const bool there = top + i >= 0 && top + i < w->in[0] && from < to;
        const int64_t first = there ? from : TILE, last = there ? to : TILE;
        for (int64_t e = 0; e < first * c; e += LANES)
            STORE(patch + e, ZERO);
        for (int64_t e = first * c; e < last * c; e += LANES)
            STORE(patch + e, LOAD(x + ((top + i) * w->in[1] + left) * c + e));
        for (int64_t e = last * c; e < TILE * c; e += LANES)
            STORE(patch + e, ZERO);
    }
}

/* Tiles [from, to) of x into V. */
static void read_inputs(const struct winograd *w, const float *x, int64_t from, int64_t to, float *patch, float *v)
{
    const int64_t c = w->channels, place = v_place(w), row = w->in[1] * c;
    struct place at = place_of(w, from);
    for (int64_t tile = from; tile < to; tile++, v += c, place_next(w, &at)) {
        const int64_t top = at.row - w->pad[0], left = at.column - w->pad[1];
        const float *image = x + at.image * w->in[0] * row;
        if (top >= 0 && left >= 0 && top + TILE <= w->in[0] && left + TILE <= w->in[1]) {
            read_tile(image + top * row + left * c, row, c, v, place);
        } else {
            copy_patch(w, image, top, left, patch);
            read_tile(patch, TILE * c, c, v, place);
        }
    }
}

enum { MOST_OUTPUTS = 4 };

INLINE void write_tile(const struct winograd *w, const float *m, int64_t place, const struct place *at, vec bias,
                       float *y, bool accumulate, int r)
{
    const int n = TILE + 1 - r;
    vec x[TILE], t[MOST_OUTPUTS * TILE], o[MOST_OUTPUTS];
    for (int j = 0; j < TILE; j++) {
        for (int i = 0; i < TILE; i++)
            x[i] = LOAD(m + (i * TILE + j) * place);
        output_transform(x, 1, t + j, TILE, r);
    }
    for (int i = 0; i < n && at->row + i < w->out[0]; i++) {
        float *row = y + ((at->image * w->out[0] + at->row + i) * w->out[1] + at->column) * w->filters;
        output_transform(t + i * TILE, 1, o, 1, r);
        for (int j = 0; j < n; j++)
            if (at->column + j < w->out[1]) {
                float *to = row + j * w->filters;
                STORE(to, ADD(o[j], accumulate ? LOAD(to) : bias));
            }
    }
}

/* M into tiles [from, to) of y, or added to what they hold. */
INLINE void write_tiles(const struct winograd *w, const float *m, const float *bias, int64_t from, int64_t to, float *y,
                        bool accumulate, int r)
{
    struct place at = place_of(w, from);
    for (int64_t tile = from; tile < to; tile++, m += PANEL, place_next(w, &at))
        for (int64_t k = 0; k < w->filters; k += LANES) {
            const vec b = bias ? LOAD(bias + k) : ZERO;
            write_tile(w, m + k / PANEL * chunk_tiles(w) * PANEL + k % PANEL, m_place(w), &at, b, y + k, accumulate, r);
        }
}

static void write_outputs(const struct winograd_pass_data *p, const float *m, int64_t from, int64_t to)
{
    if (p->w->kernel == 3 && p->accumulate)
        write_tiles(p->w, m, NULL, from, to, p->to, true, 3);
    else if (p->w->kernel == 3)
        write_tiles(p->w, m, p->bias, from, to, p->to, false, 3);
    else if (p->accumulate)
        write_tiles(p->w, m, NULL, from, to, p->to, true, 5);
    else
        write_tiles(p->w, m, p->bias, from, to, p->to, false, 5);
}

INLINE void read_gradient(const struct winograd *w, const float *dy, const struct place *at, float *m, int64_t place,
                          int r)
{
    const int n = TILE + 1 - r;
    vec d[MOST_OUTPUTS], t[TILE * MOST_OUTPUTS], o[TILE];
    for (int i = 0; i < n; i++) {
        const float *row = dy + ((at->image * w->out[0] + at->row + i) * w->out[1] + at->column) * w->filters;
        for (int j = 0; j < n; j++)
            d[j] = at->row + i < w->out[0] && at->column + j < w->out[1] ? LOAD(row + j * w->filters) : ZERO;
        output_adjoint(d, 1, t + i * TILE, 1, r);
    }
    for (int j = 0; j < TILE; j++) {
        output_adjoint(t + j, TILE, o, 1, r);
        for (int i = 0; i < TILE; i++)
            STORE(m + (i * TILE + j) * place, o[i]);
    }
}

/* Tiles [from, to) of dy into M. */
INLINE void read_gradient_tiles(const struct winograd *w, const float *dy, int64_t from, int64_t to, float *m, int r)
{
    struct place at = place_of(w, from);
    for (int64_t tile = from; tile < to; tile++, m += PANEL, place_next(w, &at))
        for (int64_t k = 0; k < w->filters; k += LANES)
            read_gradient(w, dy + k, &at, m + k / PANEL * chunk_tiles(w) * PANEL + k % PANEL, m_place(w), r);
}

static void read_gradients(const struct winograd *w, const float *dy, int64_t from, int64_t to, float *m)
{
    if (w->kernel == 3)
        read_gradient_tiles(w, dy, from, to, m, 3);
    else
        read_gradient_tiles(w, dy, from, to, m, 5);
}

/* ---- kernels ---- */
enum { MOST_TAPS = 25 };

INLINE void kernel_in(const float *weights, int64_t tap, bool turned, float *u, int64_t place, int r)
{
    vec g[MOST_TAPS], t[5 * TILE], o[TILE];
    for (int i = 0; i < r; i++) {
        for (int j = 0; j < r; j++)
            g[i * r + j] = LOAD(weights + (turned ? r * r - 1 - (i * r + j) : i * r + j) * tap);
        kernel_transform(g + i * r, 1, t + i * TILE, 1, r);
    }
    for (int j = 0; j < TILE; j++) {
        kernel_transform(t + j, TILE, o, 1, r);
        for (int i = 0; i < TILE; i++)
            STORE(u + (i * TILE + j) * place, o[i]);
    }
}

INLINE void kernel_out(const float *u, int64_t place, float *weights, int64_t tap, int r)
{
    vec x[TILE], t[5 * TILE], o[5];
    for (int j = 0; j < TILE; j++) {
        for (int i = 0; i < TILE; i++)
            x[i] = LOAD(u + (i * TILE + j) * place);
        kernel_adjoint(x, 1, t + j, TILE, r);
    }
    for (int i = 0; i < r; i++) {
        kernel_adjoint(t + i * TILE, 1, o, 1, r);
        for (int j = 0; j < r; j++)
            STORE(weights + (i * r + j) * tap, o[j]);
    }
}

/* ---- passes ---- */
static void transform_kernels(void *ctx, int32_t i, int32_t n)
{
    const struct winograd_pass_data *p = ctx;
    const int64_t c = p->w->channels, k = p->w->filters, place = c * k;
    int64_t first, last;
    parallel_share(c, 1, i, n, &first, &last);
    for (int64_t row = first; row < last; row++)
        for (int64_t at = 0; at < k; at += LANES) {
            float *u = p->u + at / PANEL * c * PANEL + row * PANEL + at % PANEL;
            if (p->w->kernel == 3)
                kernel_in(p->weights + row * k + at, place, p->turned, u, place, 3);
            else
                kernel_in(p->weights + row * k + at, place, p->turned, u, place, 5);
        }
}

static void convolve(void *ctx, int32_t i, int32_t n)
{
    const struct winograd_pass_data *p = ctx;
    const struct winograd *w = p->w;
    const int64_t chunk = chunk_tiles(w), c = w->channels, k = w->filters;
    float *v = p->chunks + i * own_floats(w), *m = v + PLACES * v_place(w), *patch = m + PLACES * m_place(w);
    int64_t first, last;
    parallel_share(all_tiles(w), chunk, i, n, &first, &last);
    for (int64_t from = first; from < last; from += chunk) {
        const int64_t to = from + chunk < last ? from + chunk : last;
        read_inputs(w, p->from, from, to, patch, v);
        for (int64_t place = 0; place < PLACES; place++)
            for (int64_t panel = 0; panel < k; panel += PANEL)
                products(to - from, c, v + place * v_place(w), c, 1, p->u + place * c * k + panel * c,
                         m + place * m_place(w) + panel * chunk, false);
        write_outputs(p, m, from, to);
    }
}

static void sum_gradients(void *ctx, int32_t i, int32_t n)
{
    const struct winograd_pass_data *p = ctx;
    const struct winograd *w = p->w;
    const int64_t chunk = chunk_tiles(w), c = w->channels, k = w->filters;
    float *v = p->chunks + i * own_floats(w), *m = v + PLACES * v_place(w), *patch = m + PLACES * m_place(w);
    float *u = p->u + i * kernel_floats(w);
    int64_t first, last;
    parallel_share(all_tiles(w), chunk, i, n, &first, &last);
    if (first == last)
        memset(u, 0, (size_t)kernel_floats(w) * sizeof *u);
    for (int64_t from = first; from < last; from += chunk) {
        const int64_t to = from + chunk < last ? from + chunk : last;
        read_inputs(w, p->from, from, to, patch, v);
        read_gradients(w, p->gradient, from, to, m);
        for (int64_t place = 0; place < PLACES; place++)
            for (int64_t panel = 0; panel < k; panel += PANEL)
                products(c, to - from, v + place * v_place(w), 1, c, m + place * m_place(w) + panel * chunk,
                         u + place * c * k + panel * c, from > first);
    }
}

/* The threads' sums into the first one's, then back to kernels. */
static void finish_gradients(void *ctx, int32_t i, int32_t n)
{
    const struct winograd_pass_data *p = ctx;
    const int64_t c = p->w->channels, k = p->w->filters, place = c * k;
    int64_t first, last;
    parallel_share(c, 1, i, n, &first, &last);
    for (int64_t row = first; row < last; row++)
        for (int64_t at = 0; at < k; at += LANES) {
            float *u = p->u + at / PANEL * c * PANEL + row * PANEL + at % PANEL, *out = p->dweights + row * k + at;
            for (int32_t t = 1; t < n; t++)
                for (int64_t e = 0; e < PLACES; e++) {
                    const vec more = LOAD(u + t * kernel_floats(p->w) + e * place);
                    STORE(u + e * place, ADD(LOAD(u + e * place), more));
                }
            if (p->w->kernel == 3)
                kernel_out(u, place, out, place, 3);
            else
                kernel_out(u, place, out, place, 5);
        }
}
