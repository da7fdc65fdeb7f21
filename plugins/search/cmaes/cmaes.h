/* SPDX-License-Identifier: MIT */
/* search/cmaes, shared by its files: the search (cmaes.c), its runs and restarts (run.c), what of it is saved
 * (state.c). */
#ifndef HONE_CMAES_CMAES_H
#define HONE_CMAES_CMAES_H
#include "cma.h"
#include "hone/history.h"
#include "hone/notes.h"

struct settings {
    int64_t population;
    uint32_t restarts;
    double population_growth, sigma, tolerance_value, tolerance_point;
    uint8_t learning_rate_adaptation, warm_start;
};
enum { RESTART_NONE, RESTART_IPOP, RESTART_BIPOP };

/* A point drawn, or heard of; its row: (n) coordinates before the margin's scale, then (n_choices) choices. */
struct member {
    uint64_t trial, run, generation; /* generation: of the distribution it was drawn from */
    uint64_t status, altered;        /* altered: it is not what was drawn; also where it was not drawn at all */
    int64_t step;
    double value, violation;
};

/* Everything that asks and outcomes change. */
struct state {
    struct numbers {
        uint64_t started, run, told; /* told: outcomes of this run */
        uint64_t lambda, large_told, small_told, n_large, is_small,
            limit; /* of BIPOP; limit: of a small run, 0: none */
    } s;
    struct cma cma;
    struct choices choices;
    hone_notes pending, pool; /* struct member: asked; told and waiting for the generation to close */
    hone_history history;
};

struct cmaes {
    struct settings settings;
    const hone_host *host;
    const hone_space *space;
    uint64_t seed;
    hone_search_info info;
    uint32_t n, n_choices, width; /* coordinates; dimensions of choices that have two or more; n + n_choices */
    uint32_t *dims, *choice_dims; /* (n), (n_choices) which dimensions they are */
    uint32_t *counts, **allowed;  /* (n_choices) choices that have a weight, and which */
    double *prior;                /* (sum of counts) */
    uint8_t *discrete;            /* (n) */
    double *row, *units;          /* (width), (n_dims) scratch */
    struct state state;
};

/* ---- run.c ---- */
/* The coordinate of value v of dimension dims[j]; of the mirror images of a continuous one, that nearest to
 * the mean. */
double coordinate_of_value(const struct cmaes *c, uint32_t j, double v);
/* The coordinates of a settled point x: (n_dims) into row: (width); where it has none, the distribution's mean. */
void row_of_point(const struct cmaes *c, const double *x, double *row);
/* The point of a row into x: (n_dims), settled. */
void point_of_row(const struct cmaes *c, const double *row, double *x);
/* Begins the first run: in the middle, or where outcomes told so far point to. HONE_ENOMEM. */
hone_rc start_first(struct cmaes *c, hone_error *err);
/* Adds to the pool, and closes the generation when it is full. HONE_ENOMEM. */
hone_rc hear(struct cmaes *c, const struct member *m, const double *row, hone_error *err);

/* ---- state.c ---- */
/* No outcomes, no run. HONE_ENOMEM. */
hone_rc state_init(const struct cmaes *c, struct state *s, hone_error *err);
/* Room for a run of `lambda` points a generation, not started; HONE_ENOMEM. */
hone_rc state_make_run(const struct cmaes *c, struct state *s, uint64_t lambda, hone_error *err);
void state_release(struct state *s);
hone_rc state_save(struct cmaes *c, const hone_ostream *out, hone_error *err);
/* Replaces the state by hostile bytes, or leaves it as it was. HONE_EINVAL, HONE_ENOMEM, HONE_EIO. */
hone_rc state_load(struct cmaes *c, const hone_istream *in, hone_error *err);
#endif /* HONE_CMAES_CMAES_H */
