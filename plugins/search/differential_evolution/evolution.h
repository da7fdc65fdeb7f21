/* SPDX-License-Identifier: MIT */
/* search/differential_evolution, shared by its files: the search (differential_evolution.c), the adaptation
 * of its two rates (rates.c), and what of it is saved (state.c). */
#ifndef HONE_DIFFERENTIAL_EVOLUTION_H
#define HONE_DIFFERENTIAL_EVOLUTION_H
#include "hone/cube.h"
#include "hone/notes.h"

struct settings {
    int64_t population;
    uint32_t strategy, adaptation;
    double factor, crossover, best_share;
    uint8_t restarts;
};
enum { RAND_1, BEST_1, CURRENT_TO_PBEST_1 };
enum { ADAPT_NONE, ADAPT_JADE, ADAPT_SHADE };
enum { MEMORY = 6 }; /* pairs of rates that SHADE remembers: L-SHADE's H */
#define EMPTY UINT64_MAX

/* Rates that follow what succeeded. */
struct rates {
    double factor[MEMORY], crossover[MEMORY]; /* JADE uses the first pair as its means */
    uint64_t at, n;                           /* where SHADE writes next; successes of this generation */
};
/* A success: the pair of rates, and by how much the value fell (NaN: cannot be told). */
struct success {
    double factor, crossover, gain;
};

/* A trial under way: `slot` competes with it. */
struct pending {
    uint64_t trial, slot, run;
    double factor, crossover;
};

struct state {
    struct numbers {
        uint64_t asked, told, run, n_archive; /* told: own outcomes of this generation */
        struct rates rates;
    } s;
    uint64_t *at;              /* (size) outcome of each slot's member in the history, or EMPTY */
    double *rows;              /* (size, n) members, of hone_cube */
    double *archive;           /* (size, n) members that lost their slot */
    struct success *successes; /* (size) of this generation */
    hone_notes pending;        /* struct pending, and the row of each */
    hone_history history;
    /* derived */
    uint64_t n_members, *order; /* (size): slots that have a member, best first */
};

struct evolution {
    struct settings settings;
    hone_search_info info;
    uint64_t seed;
    hone_cube cube; /* n in comments here: cube.n */
    uint32_t size;  /* slots */
    struct state state;
};

/* ---- rates.c ---- */
void rates_init(struct rates *r, double factor, double crossover);
/* One pair for a proposal. */
void rates_draw(const struct rates *r, const struct settings *s, hone_rng *rng, double *factor, double *crossover);
/* At the end of a generation: the means or the memory move towards the successes (r->n of them), which are
 * forgotten. */
void rates_learn(struct rates *r, uint32_t adaptation, const struct success *successes);

/* ---- differential_evolution.c ---- */
/* Sorts the slots anew. */
void order_members(struct evolution *e, struct state *s);

/* ---- state.c ---- */
hone_rc state_init(const struct evolution *e, struct state *s, hone_error *err);
void state_release(struct state *s);
hone_rc state_save(void *self, const hone_ostream *out, hone_error *err);
/* Replaces the state by hostile bytes, or leaves it as it was. HONE_EINVAL, HONE_ENOMEM, HONE_EIO. */
hone_rc state_load(void *self, const hone_istream *in, hone_error *err);
#endif /* HONE_DIFFERENTIAL_EVOLUTION_H */
