/* SPDX-License-Identifier: MIT */
/* search/tpe: which outcomes are the good ones, and how much each of them weighs. [study] */
#ifndef HONE_TPE_RANKING_H
#define HONE_TPE_RANKING_H
#include "hone/history.h"
#include "hone/pareto.h"

/* Outcomes from the best to the worst: complete ones by value, pruned ones (the longest trained first, then by value), those
 * that violate constraints by violation, failed ones; equal ones by trial. Optuna 5.0.0's _split_trials. */
struct ranking {
    const hone_history *history; /* life of the ranking */
    uint64_t n, capacity;
    uint32_t *order;        /* (n) numbers of outcomes in the history; several objectives: complete ones by trial */
    uint8_t *is_good;       /* (capacity) by number */
    uint64_t n_complete;    /* without violation: the first ones of order */
    uint64_t n_usable;      /* not failed */
    uint32_t *good, *fresh; /* (n_good) numbers; (capacity) scratch */
    uint64_t n_good;
    uint64_t version;  /* changes whenever the good ones may have */
    int64_t ranked_at; /* several objectives: n_complete when good was found last */
};

void ranking_init(struct ranking *r, const hone_history *history);
void ranking_release(struct ranking *r);

/* Takes in an outcome, number r->n of the history; it is not good yet. HONE_ENOMEM. */
hone_rc ranking_tell(struct ranking *r, uint64_t index, hone_error *err);

/* Makes the best n_good outcomes the good ones (at most n_usable). Several objectives: whole fronts by non-domination, and
 * of the front that does not fit the subset that a greedy search gives the largest hypervolume (Ozaki, Y. et al. (2020),
 * "Multiobjective tree-structured Parzen estimator for computationally expensive optimization problems", GECCO; the greedy
 * search: Guerreiro, A. P. et al. (2016), Evol. Comput. 24(3)). moved is called for each that was not good and is, or was
 * and is not. HONE_ENOMEM; what moved returns. */
typedef hone_rc (*ranking_moved)(void *ctx, uint64_t index, int is_good, hone_error *err);
hone_rc ranking_split(struct ranking *r, uint64_t n_good, ranking_moved moved, void *ctx, hone_error *err);

/* weights: (n_good) in the order of `good`. One objective: log(n_good + 1/2) - log(place), place 1 for the best: those of
 * CMA-ES, which no monotone change of the objective alters (Hansen, N. (2016), arXiv 1604.00772, eq. 49). Several: the share
 * of the hypervolume that the front would lose without it, as a part of the largest such share, at least 1e-12; 1 where
 * some are not complete. HONE_ENOMEM. */
hone_rc ranking_weights(const struct ranking *r, double *weights, hone_error *err);

/* Optuna's: the worst of each objective, 1.1 or 0.9 times it, whichever is larger; 1e-12 for 0. values: (n, m) */
void hypervolume_reference(const double *values, uint64_t n, uint32_t m, double *reference);

/* weights: (n), the hypervolume that the front of values: (n, m) would lose without a row, as a part of the largest such
 * share, at least 1e-12; 1 for all where nothing would be, and for fronts of more than 50 rows in more than two
 * objectives, which would take too long. values is overwritten. HONE_ENOMEM. */
hone_rc hypervolume_shares(double *values, uint64_t n, uint32_t m, double *weights, hone_error *err);

/* The greedy choice of k among the rows of values: (n, m) into chosen: (k), rows. HONE_ENOMEM. */
hone_rc hypervolume_subset(const double *values, uint64_t n, uint32_t m, uint64_t k, uint64_t *chosen, hone_error *err);
#endif /* HONE_TPE_RANKING_H */
