/* SPDX-License-Identifier: MIT */
/* search/particle_swarm, shared by its files: the search (particle_swarm.c), its movement (move.c), and what
 * of it is saved (state.c). */
#ifndef HONE_PARTICLE_SWARM_H
#define HONE_PARTICLE_SWARM_H
#include "hone/cube.h"
#include "hone/notes.h"

struct settings {
    int64_t population;
    uint32_t topology, inertia;
    double cognitive, social, inertia_start, inertia_end, speed, change;
    uint8_t restarts;
};
enum { RING, GLOBAL };
enum { CONSTRICTION, LINEAR };
#define EMPTY UINT64_MAX

/* A trial under way; its row: the position that its particle had for it. */
struct pending {
    uint64_t trial, particle, run;
};

struct state {
    struct numbers {
        uint64_t asked, told, run; /* told: own outcomes since the swarm was last looked at */
    } s;
    uint64_t *at;         /* (size) outcome of each particle's best in the history, or EMPTY */
    uint64_t *moved;      /* (size) 1 once the particle has a place */
    double *x, *v, *best; /* (size, n) positions, of hone_cube; velocities; best positions */
    hone_notes pending;   /* struct pending */
    hone_history history;
};

struct swarm {
    struct settings settings;
    hone_search_info info;
    uint64_t seed;
    double chi;     /* of constriction */
    hone_cube cube; /* n in comments here: cube.n */
    uint32_t size;  /* particles */
    struct state state;
};

/* ---- move.c ---- */
/* Clerc and Kennedy 2002, eq. 4.15 with kappa = 1, for phi > 4. */
double constriction(double phi);
/* One step of a numeric coordinate: *x in [0, 1], *v. own, other: best positions of the particle and of its
 * neighbours; r_own, r_other: uniform numbers. At a border it stays there, and turns at half its speed (SPSO
 * 2011). */
void step_number(double *x, double *v, double own, double other, double inertia, double pull_own, double pull_other,
                 double most);
/* A choice: its own, the particle's best or the neighbours' best, with probabilities as inertia : pull_own :
 * pull_other at the uniform number u. */
double step_choice(double x, double own, double other, double inertia, double pull_own, double pull_other, double u);

/* ---- state.c ---- */
hone_rc state_init(const struct swarm *w, struct state *s, hone_error *err);
void state_release(struct state *s);
hone_rc state_save(void *self, const hone_ostream *out, hone_error *err);
/* Replaces the state by hostile bytes, or leaves it as it was. HONE_EINVAL, HONE_ENOMEM, HONE_EIO. */
hone_rc state_load(void *self, const hone_istream *in, hone_error *err);
#endif /* HONE_PARTICLE_SWARM_H */
