/* SPDX-License-Identifier: MIT */
/* search/anneal, shared by its files: the plugin (anneal.c), the walk of Metropolis (walk.c), hyperopt's way
 * (hyperopt.c). What the two know is a function of the outcomes in their order, so the history is what is saved. */
#ifndef HONE_ANNEAL_H
#define HONE_ANNEAL_H
#include "hone/evolution.h"

struct settings {
    int64_t startup, length, patience;
    uint32_t mode, cooling, restart;
    double initial_temperature, final_temperature, step, change, average_best_index, shrink;
};
enum { METROPOLIS, HYPEROPT };
enum { GEOMETRIC, LINEAR, ADAPTIVE };
enum { RESTART_BEST, RESTART_RANDOM };
enum { STARTUP_VALUES = 64 };

/* The walker. Rows are outcomes of the history; NOWHERE: none. */
#define NOWHERE UINT64_MAX
struct walk {
    uint64_t here, best;
    hone_judged here_judged, best_judged, cycle_best;
    uint64_t n_startup;             /* outcomes of the start that are numbers */
    double startup[STARTUP_VALUES]; /* (n_startup) */
    double spread;                  /* unit of temperature; 0: start not over */
    uint64_t age, length;           /* outcomes of this cycle; of a whole one */
    uint64_t idle;                  /* outcomes since the cycle's best fell */
    double temperature, rate;       /* adaptive cooling: in units of the spread; share of steps accepted lately */
};

/* What hyperopt's way looks up. */
struct ranking {
    uint64_t *rows, n, capacity; /* (n) rows, best first */
    uint64_t *active;            /* (n_dims) outcomes with the dimension active */
};

struct anneal {
    struct settings settings;
    uint64_t seed, trials;
    const hone_space *space;
    hone_history history;
    struct walk walk;
    struct ranking ranking;
};

void walk_reset(struct walk *walk);
/* A candidate near where the walker stands: x (n_dims), settled; a draw of the prior before the walk begins. */
void walk_step(const struct anneal *a, hone_rng *rng, double *x);
/* Outcome number `row` of the history is judged; later ones may be known already. */
void walk_hear(struct anneal *a, uint64_t row);

hone_rc ranking_init(struct ranking *ranking, uint32_t n_dims, hone_error *err);
void ranking_release(struct ranking *ranking);
void ranking_reset(struct ranking *ranking, uint32_t n_dims);
hone_rc ranking_hear(struct anneal *a, uint64_t row, hone_error *err);
/* As hyperopt's anneal.suggest. */
void ranking_step(const struct anneal *a, hone_rng *rng, double *x);
#endif /* HONE_ANNEAL_H */
