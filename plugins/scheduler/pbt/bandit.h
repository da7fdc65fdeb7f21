/* SPDX-License-Identifier: MIT */
/* The explore step of PB2: a Gaussian process of how much an interval of training improved, over time and point, and the
 * point that promises most (Parker-Holder, J., Nguyen, V. and Roberts, S. J. (2020), "Provably efficient online
 * hyperparameter optimization with population-based bandits", NeurIPS 33, section 4 and algorithm 1). */
#ifndef HONE_PBT_BANDIT_H
#define HONE_PBT_BANDIT_H
#include "hone/history.h"

struct bandit;
/* Over the numeric dimensions of the space, which outlives it. NULL: out of memory. */
struct bandit *bandit_create(const hone_space *space);
void bandit_destroy(struct bandit *bandit); /* accepts NULL */
/* From one look at the population to the next, number `time`, a trial with this point became better by `gain`; -HUGE_VAL: it
 * failed; NaN and HUGE_VAL tell nothing. Only the
 * newest MOST_OBSERVED are kept. */
enum { MOST_OBSERVED = 120, FEWEST_OBSERVED = 4 };
void bandit_observe(struct bandit *bandit, int64_t time, const double *x, double gain);
/* A trial trains with this point from look `time` on: what is proposed next keeps away from it. */
void bandit_occupy(struct bandit *bandit, int64_t time, const double *x);
/* Sets the active numeric dimensions of x to the point that maximizes mean + sqrt(beta) * deviation. 0: too few
 * observations, x is as it was. */
int bandit_propose(struct bandit *bandit, int64_t time, hone_rng *rng, double *x);
/* Natural logarithm of the marginal likelihood of y (n), mean 0 and variance 1, at rows (n, d + 1), time first, under
 * k(i, j) = exp(-|u_i - u_j|^2 / (2 l^2)) * (1 - epsilon)^(|t_i - t_j| / 2) + noise * [i = j]; factor: (n, n), the lower
 * Cholesky factor, alpha: (n) = K^-1 y. -HUGE_VAL where K is not positive. */
double bandit_fit(const double *rows, const double *y, uint32_t n, uint32_t d, double l, double epsilon, double noise,
                  double *factor, double *alpha);
#endif
