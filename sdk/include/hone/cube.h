/* SPDX-License-Identifier: MIT */
/* hone/cube.h - help for search plugins that move points about as rows of numbers: positions in the unit cube, and which
 * choice. Header only.
 *
 * A row has one number for each dimension of two or more values: a choice's index; of any other the position in [0, 1] on
 * the dimension's own scale, see hone_dim_to_unit, where integers and steps keep their fraction, and beyond which the cube
 * goes on mirrored. Dimensions that are not active at a point have a number all the same. All [study]. */
#ifndef HONE_CUBE_H
#define HONE_CUBE_H
#include "hone/history.h"

enum { HONE_CUBE_IN_ORDER = 0, HONE_CUBE_NUMBERS_FIRST = 1 /* then the choices */ };

/* Zero it, init it, release it. Read the fields; the scratch is the search's. */
typedef struct hone_cube {
    const hone_space *space;
    uint32_t n, n_numbers; /* dimensions of two or more values; those of them that are no choices */
    uint32_t *dims;        /* (n) which dimensions of the space they are */
    double *row, *x;       /* (n), (n_dims) scratch */
} hone_cube;

static inline void hone_cube_release(hone_cube *c)
{
    free(c->dims);
    free(c->row);
    free(c->x);
    memset(c, 0, sizeof *c);
}

/* space: life of the cube. To be released on failure too. HONE_ENOMEM. */
static inline hone_rc hone_cube_init(hone_cube *c, const hone_space *space, int order, hone_error *err)
{
    const size_t n_dims = (size_t)space->n_dims + 1;
    c->dims = (uint32_t *)calloc(n_dims, sizeof *c->dims);
    c->row = (double *)calloc(n_dims, sizeof *c->row);
    c->x = (double *)calloc(n_dims, sizeof *c->x);
    if (!c->dims || !c->row || !c->x)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for %u parameters", space->n_dims);
    c->space = space;
    for (uint32_t pass = 0, passes = order == HONE_CUBE_NUMBERS_FIRST ? 2 : 1; pass < passes; pass++)
        for (uint32_t i = 0; i < space->n_dims; i++) {
            const uint32_t is_choice = space->dims[i]->type == HONE_DIM_CHOICE ? 1 : 0;
            if (hone_dim_count(space->dims[i]) == 1 || (passes == 2 && is_choice != pass))
                continue;
            c->dims[c->n++] = i;
            c->n_numbers += 1 - is_choice;
        }
    return HONE_OK;
}

/* The dimension of a row's number k. */
static inline const hone_dim *hone_cube_dim(const hone_cube *c, uint32_t k)
{
    return c->space->dims[c->dims[k]];
}

/* row: (n) of the settled point x: (n_dims); where x is not active, the middle of the dimension's prior. */
static inline void hone_cube_row(const hone_cube *c, const double *x, double *row)
{
    for (uint32_t k = 0; k < c->n; k++) {
        const hone_dim *d = hone_cube_dim(c, k);
        const double v = x[c->dims[k]];
        if (d->type == HONE_DIM_CHOICE)
            row[k] = isnan(v) ? hone_dim_from_unit(d, 0.5) : v;
        else
            row[k] = isnan(v) ? 0.5 : hone_dim_to_unit(d, v);
    }
}

/* x: (n_dims), settled, of row: (n); relations may be hurt. */
static inline void hone_cube_point(const hone_cube *c, const double *row, double *x)
{
    for (uint32_t i = 0; i < c->space->n_dims; i++)
        if (hone_dim_count(c->space->dims[i]) == 1)
            x[i] = hone_dim_from_unit(c->space->dims[i], 0.5);
    for (uint32_t k = 0; k < c->n; k++) {
        const hone_dim *d = hone_cube_dim(c, k);
        x[c->dims[k]] = d->type == HONE_DIM_CHOICE ? row[k] : hone_dim_from_unit(d, hone_unit_reflect(row[k]));
    }
    hone_space_settle(c->space, x);
}

/* row: (n): one draw from the prior. */
static inline void hone_cube_draw(const hone_cube *c, hone_rng *rng, double *row)
{
    for (uint32_t k = 0; k < c->n; k++) {
        const hone_dim *d = hone_cube_dim(c, k);
        const double u = hone_rng_uniform(rng);
        row[k] = d->type == HONE_DIM_CHOICE ? hone_dim_from_unit(d, u) : u;
    }
}

/* Where x: (n_dims), settled, is not the row's point, because hone_history_propose had to move it, the row follows. Writes
 * over the scratch x. */
static inline void hone_cube_follow(hone_cube *c, const double *x, double *row)
{
    hone_cube_point(c, row, c->x);
    for (uint32_t k = 0; k < c->n; k++) {
        const hone_dim *d = hone_cube_dim(c, k);
        const double v = x[c->dims[k]], was = c->x[c->dims[k]];
        if (!isnan(v) && (isnan(was) || v < was || v > was))
            row[k] = d->type == HONE_DIM_CHOICE ? v : hone_dim_to_unit(d, v);
    }
}

/* 1 where each of the rows: (n_rows, n) is one, with no position further than `beyond` outside of [0, 1]: what those of a
 * hostile state may not be. */
static inline int hone_cube_has(const hone_cube *c, const double *rows, uint64_t n_rows, double beyond)
{
    for (uint64_t i = 0; i < n_rows; i++)
        for (uint32_t k = 0; k < c->n; k++) {
            const hone_dim *d = hone_cube_dim(c, k);
            const double v = rows[i * c->n + k];
            if (d->type == HONE_DIM_CHOICE ? !(v >= 0 && v <= d->n_choices - 1 && v <= floor(v))
                                           : !(v >= -beyond && v <= 1 + beyond))
                return 0;
        }
    return 1;
}
#endif /* HONE_CUBE_H */
