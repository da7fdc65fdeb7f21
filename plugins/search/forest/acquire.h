/* SPDX-License-Identifier: MIT */
/* Where the acquisition function of search/forest is highest: random candidates, then local search from the best of them
 * and from the best points so far. */
#ifndef HONE_FOREST_ACQUIRE_H
#define HONE_FOREST_ACQUIRE_H
#include "model.h"

struct acquire_options {
    uint32_t n_candidates, n_local; /* random points; starts of local search */
};

/* Log of the expected improvement on `best` (minimizing) of a value with this mean and deviation: values are costs, or the
 * logs of costs (is_log), where the improvement is that of the costs, in units of the best one (Hutter, Hoos and
 * Leyton-Brown (2009), "An experimental investigation of model-based parameter optimisation: SPO and beyond", GECCO,
 * eq. 3). Increases as it should far below where the improvement itself is 0 as a double. */
double log_expected_improvement(double best, double mean, double deviation, int is_log);

/* The point of the highest acquisition that the history does not have, into x: (n_dims), settled. HONE_DONE: no candidate
 * was both new and allowed (x is a random one then). HONE_ENOMEM. */
hone_rc acquire(const struct model *model, const hone_history *history, const struct acquire_options *options,
                hone_rng *rng, double *x, hone_error *err);
#endif
