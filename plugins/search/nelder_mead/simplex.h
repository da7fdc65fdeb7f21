/* SPDX-License-Identifier: MIT */
/* search/nelder_mead, shared by its files: the search (nelder_mead.c), the simplex (simplex.c), and what of
 * it is saved (state.c). */
#ifndef HONE_NELDER_MEAD_H
#define HONE_NELDER_MEAD_H
#include "hone/lookup.h"

struct settings {
    uint32_t coefficients, restarts;
    int64_t startup;
    double size, tolerance_point, tolerance_value;
};
enum { COEFFICIENTS_ADAPTIVE, COEFFICIENTS_STANDARD };
enum { RESTART_BEST, RESTART_RANDOM, RESTART_NONE };

/* What a slot knows: an outcome's number in the history, or one of these. */
#define EMPTY     UINT64_MAX
#define FORBIDDEN (UINT64_MAX - 1) /* a relation forbids the point: worse than any outcome */

/* Vertices come first, then the four points that a step may need. */
enum { REFLECTED, EXPANDED, OUTSIDE, INSIDE, N_CANDIDATES };
enum { SCOUTING, BUILDING, STEPPING }; /* phases: random points; vertices missing; one step after the other */
enum { SCOUT = 1u << 30, NEIGHBOUR };  /* in place of a slot: a random point; the best vertex with another choice */

struct slot {
    uint64_t at, asked; /* asked: a trial is under way */
};

struct pending {
    uint64_t trial, slot, epoch, run;
};

struct state {
    struct numbers {
        uint64_t phase, run, epoch; /* epoch: changes with every vertex, so that late outcomes are known as such */
        uint64_t m;                 /* coordinates of this run: numeric dimensions active at its start */
        uint64_t n_scouts, best_scout, started_from; /* outcomes: EMPTY where none */
        double range;                                /* of the values of the first simplex; < 0: not known yet */
    } s;
    uint64_t *used;     /* (n) the coordinates of this run, ascending: the first m */
    struct slot *slots; /* (n + 1 + N_CANDIDATES): vertices 0 .. m, sorted while stepping; candidates from n + 1 on */
    double *rows;       /* (n + 1 + N_CANDIDATES, width) positions, mirrored beyond [0, 1]; choices: indices */
    uint64_t n_pending, pending_capacity;
    struct pending *pending;
    double *pending_rows; /* (n_pending, width) */
    hone_history history;
    hone_lookup lookup;
};

struct nelder_mead {
    struct settings settings;
    const hone_space *space;
    hone_search_info info;
    uint64_t seed;
    uint32_t n, width, n_slots; /* numeric dimensions; all that have several values; n + 1 + N_CANDIDATES */
    uint32_t *dims;             /* (width) which they are: the numeric ones, then the choices */
    double *row, *x, *scratch;  /* (n_dims) */
    struct state state;
};

/* ---- simplex.c ---- */
/* < 0 where what slot value i stands for is better than j: failed last, then violation, complete before
 * pruned (later ones first), value. */
int compare_outcomes(const hone_history *h, uint64_t i, uint64_t j);
/* Begins a run at the row, whose outcome is `at`: its vertices become slots to be asked. */
void start_run(struct nelder_mead *m, uint64_t at, const double *row);
/* Goes on as far as what is known allows. */
void advance(struct nelder_mead *m);
/* The next slot whose point should be tried, the needed before the speculative; SCOUT: none. */
uint64_t next_slot(const struct nelder_mead *m);
/* An outcome that no slot waits for: better than the best vertex, it replaces the worst one; with other
 * choices, a new simplex starts there. */
void take_over(struct nelder_mead *m, uint64_t at, const double *row);

/* ---- nelder_mead.c ---- */
void row_of_point(const struct nelder_mead *m, const double *x, double *row);
void point_of_row(const struct nelder_mead *m, const double *row, double *x);
hone_rc add_pending(struct nelder_mead *m, struct state *s, const struct pending *p, const double *row,
                    hone_error *err);

/* ---- state.c ---- */
hone_rc state_init(const struct nelder_mead *m, struct state *s, hone_error *err);
void state_release(struct state *s);
hone_rc state_save(const struct nelder_mead *m, const hone_ostream *out, hone_error *err);
/* Replaces the state by hostile bytes, or leaves it as it was. HONE_EINVAL, HONE_ENOMEM, HONE_EIO. */
hone_rc state_load(struct nelder_mead *m, const hone_istream *in, hone_error *err);
#endif /* HONE_NELDER_MEAD_H */
