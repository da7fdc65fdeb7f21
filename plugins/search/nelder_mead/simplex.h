/* SPDX-License-Identifier: MIT */
/* search/nelder_mead, shared by its files: the search (nelder_mead.c), the simplex (simplex.c), and what of
 * it is saved (state.c). */
#ifndef HONE_NELDER_MEAD_H
#define HONE_NELDER_MEAD_H
#include "hone/cube.h"
#include "hone/lookup.h"
#include "hone/notes.h"

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
    double *rows;       /* (n + 1 + N_CANDIDATES, width) their positions, of hone_cube, also mirrored ones */
    hone_notes pending; /* struct pending */
    hone_history history;
    hone_lookup lookup;
};

struct nelder_mead {
    struct settings settings;
    hone_search_info info;
    uint64_t seed;
    hone_cube cube;      /* numbers first; in comments here n: cube.n_numbers, width: cube.n */
    uint32_t n, n_slots; /* numeric dimensions; n + 1 + N_CANDIDATES */
    double *scratch;     /* (n_dims) */
    struct state state;
};

/* ---- simplex.c ---- */
/* Begins a run at the row, whose outcome is `at`: its vertices become slots to be asked. */
void start_run(struct nelder_mead *m, uint64_t at, const double *row);
/* Goes on as far as what is known allows. */
void advance(struct nelder_mead *m);
/* The next slot whose point should be tried, the needed before the speculative; SCOUT: none. */
uint64_t next_slot(const struct nelder_mead *m);
/* An outcome that no slot waits for: better than the best vertex, it replaces the worst one; with other
 * choices, a new simplex starts there. */
void take_over(struct nelder_mead *m, uint64_t at, const double *row);

/* ---- state.c ---- */
hone_rc state_init(const struct nelder_mead *m, struct state *s, hone_error *err);
void state_release(struct state *s);
hone_rc state_save(void *self, const hone_ostream *out, hone_error *err);
/* Replaces the state by hostile bytes, or leaves it as it was. HONE_EINVAL, HONE_ENOMEM, HONE_EIO. */
hone_rc state_load(void *self, const hone_istream *in, hone_error *err);
#endif /* HONE_NELDER_MEAD_H */
