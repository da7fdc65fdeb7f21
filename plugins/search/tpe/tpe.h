/* SPDX-License-Identifier: MIT */
/* search/tpe, shared by its files: the component (tpe.c), its pairs of densities (groups.c), what is saved (state.c). */
#ifndef HONE_TPE_H
#define HONE_TPE_H
#include "parzen.h"
#include "ranking.h"

enum { MODE_TUNED, MODE_OPTUNA };
enum { JOINT_AUTO, JOINT_YES, JOINT_NO };

struct settings {
    uint32_t mode, multivariate;
    int64_t startup, candidates, max_good, max_others;
    double good, bandwidth, prior_weight;
    uint8_t group, constant_liar;
};

/* Parameters that are active together, and what is known of them. */
struct group {
    struct axis *axes;      /* (n_axes) AXIS_REAL first */
    uint32_t n_axes, first; /* first: the earliest dimension */
    struct parzen good, other;
};

struct tpe {
    struct settings settings; /* the mode's own values where the INI left them open */
    const hone_host *host;
    const hone_space *space; /* NULL: not open */
    hone_search_info info;
    uint64_t seed;
    hone_history history;
    struct ranking ranking;
    struct group *groups; /* (n_groups) by first */
    uint32_t n_groups;
    double *values, *places, *point,
        *weights;                       /* scratch: (n_dims), (candidates, n_dims), (n_dims), (2, weights_capacity) */
    double *below, *above;              /* scratch: (candidates) */
    uint64_t weights_capacity, weighed; /* weighed: version of the ranking that the weights are of */
    unsigned char *early;               /* (n_early) a state that was loaded before the space was known */
    uint64_t n_early;
};

/* Names of observations: an outcome's number in the history, or this and the number of a running trial. */
#define RUNNING_ID ((uint64_t)1 << 63)

/* ---- groups.c ---- */
hone_rc groups_init(struct tpe *t, hone_error *err);
void groups_release(struct tpe *t);
/* A trial runs at x: counted among the others, where there is a constant liar. */
hone_rc groups_run(struct tpe *t, uint64_t trial, const double *x, hone_error *err);
void groups_forget(struct tpe *t, uint64_t trial);
/* An outcome of the history that no group knows yet, of a trial that ran until then or not. */
hone_rc groups_tell(struct tpe *t, uint64_t index, int was_running, hone_error *err);
/* 1 where the densities learn from an outcome: failed ones are bad, which Optuna does not say. */
int groups_count(const struct tpe *t, uint64_t index);
/* places: (n_axes) scratch */
hone_rc group_observe(struct group *g, struct parzen *p, const double *x, double *places, uint64_t id, uint64_t trial,
                      hone_error *err);
/* Brings the good and the others, and the weights, up to date. */
hone_rc groups_settle(struct tpe *t, hone_error *err);
/* Writes the best of the candidates into x: (n_dims), settled; HONE_DONE: spent. */
hone_rc groups_propose(struct tpe *t, hone_rng *rng, double *x, hone_error *err);

/* ---- tpe.c: what is learned, empty ---- */
hone_rc tpe_begin(struct tpe *t, hone_error *err);
void tpe_end(struct tpe *t);

/* ---- state.c ---- */
hone_rc tpe_save(void *self, const hone_ostream *out, hone_error *err);
hone_rc tpe_load(void *self, const hone_istream *in, hone_error *err);
/* Takes in t->early, once the space is known. */
hone_rc tpe_load_early(struct tpe *t, hone_error *err);
#endif /* HONE_TPE_H */
