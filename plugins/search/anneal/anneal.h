/* SPDX-License-Identifier: MIT */
/* search/anneal, shared by its files: the walk (anneal.c) and what of it is saved (state.c). */
#ifndef HONE_ANNEAL_H
#define HONE_ANNEAL_H
#include "hone/finite.h"
#include "hone/param.h"

struct settings {
    int64_t startup, length, patience;
    uint32_t cooling, restart;
    double initial_temperature, final_temperature, step, change;
};
enum { GEOMETRIC, LINEAR };
enum { RESTART_BEST, RESTART_RANDOM };

/* A point judged: fewer violations first, then the lower value. */
struct judged {
    double value, violation; /* value +inf: none yet; violation: sum of the constraints' positive parts */
};

/* A point proposed whose outcome is not known. */
struct proposal {
    uint64_t trial, index; /* index: the point's number in its finite space */
};

/* Everything that outcomes and proposals change. A position is a coordinate in [0, 1] per dimension on its prior's
 * scale; an inactive dimension keeps the one it had when it was active last. */
struct state {
    uint32_t n_dims;
    double *here, *best; /* (n_dims) positions of the walker and of the best point of all */
    struct judged here_judged, best_judged;
    uint64_t n_startup;         /* outcomes of the start that are numbers */
    double startup_values[64];  /* (n_startup, at most 64) */
    double spread;              /* unit of temperature; 0: start not over */
    uint64_t n_told;            /* outcomes of the whole study */
    uint64_t age, cycle_length; /* outcomes of this cycle; of a whole one */
    uint64_t idle;              /* outcomes since the cycle's best fell */
    struct judged cycle_best;
    uint64_t n_reheats;
    hone_point_set seen;   /* points proposed or told, in small finite spaces */
    struct proposal *open; /* (n_open), there too */
    uint64_t n_open, open_capacity;
};

void state_release(struct state *state);
/* Room for n_dims; HONE_ENOMEM. */
hone_rc state_init(struct state *state, uint32_t n_dims);
/* Remembers a proposal of a finite space; HONE_ENOMEM. */
hone_rc state_propose(struct state *state, uint64_t trial, uint64_t index);
/* A trial had the point `index`: a proposal of another one for it (a study replayed with another budget proposes other
 * points than it did) is free again. */
void state_settle(struct state *state, uint64_t trial, uint64_t index);
hone_rc state_save(const struct state *state, const hone_ostream *out, hone_error *err);
/* Fills a zeroed state from hostile bytes; *state is untouched or to be released on failure. */
hone_rc state_load(struct state *state, const hone_istream *in, hone_error *err);
#endif /* HONE_ANNEAL_H */
