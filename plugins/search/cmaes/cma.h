/* SPDX-License-Identifier: MIT */
/* search/cmaes, shared by its files: the normal distribution that CMA-ES adapts (cma.c, eigen.c), the
 * distribution of choices beside it (choices.c). Neither knows trials, spaces or restarts: cmaes.c does. */
#ifndef HONE_CMAES_CMA_H
#define HONE_CMAES_CMA_H
#include "hone/plugin.h"
#include "hone/rng.h"

/* ---- eigen.c ---- */

/* Eigenvalues w: (n), ascending, and eigenvectors, the columns of v: (n, n), of the symmetric matrix that v
 * holds on entry. work: (2, n). 0: the iteration did not converge, or the matrix is not finite. */
int symmetric_eigen(double *v, double *w, double *work, uint32_t n);

/* ---- cma.c ---- */

/* Zero it, cma_init, cma_release. x = mean + sigma * N(0, C), in n >= 1 coordinates of comparable scale. */
struct cma {
    uint32_t n, lambda, mu, adapts; /* adapts: learning rates follow the signal-to-noise ratio */
    double mu_eff, c_1, c_mu, c_sigma, d_sigma, c_c, chi;
    uint64_t eigen_gap, term; /* generations between decompositions; generations that stops look back */
    double *weights;          /* (lambda) of the best .. worst */
    /* everything that changes, as bytes: saved and loaded as it is */
    struct cma_numbers {
        double sigma, sigma_start, v_mean, v_cov, eta_mean, eta_cov;
        uint64_t generation, decomposed; /* decomposed: the generation whose C has axes b, d */
    } s;
    uint64_t n_state;
    double *state;                        /* (n_state): what follows, in one piece */
    double *mean, *p_sigma, *p_c;         /* (n) */
    double *scale;                        /* (n) the diagonal A of CMA-ES with margin; 1 for continuous coordinates */
    double *d;                            /* (n) square roots of the eigenvalues of C */
    double *c, *b;                        /* (n, n) covariance; eigenvectors in the columns */
    double *best, *worst;                 /* (term) values of the last generations, ring */
    double *e_mean, *e_cov;               /* (n), (n, n) moving averages where `adapts` */
    double *bt, *work, *old_mean, *old_c; /* (n, n), (lambda + 4, n), (n), (n, n): derived, scratch */
};

/* Default number of points a generation: 4 + floor(3 ln n). */
uint32_t cma_default_lambda(uint32_t n);
/* A distribution of n coordinates, 4 <= lambda points a generation; start it before use. HONE_ENOMEM. */
hone_rc cma_init(struct cma *a, uint32_t n, uint32_t lambda, uint32_t adapts);
void cma_release(struct cma *a);
/* Begins anew at mean: (n), sigma > 0, covariance: (n, n) or NULL for the identity. */
void cma_start(struct cma *a, const double *mean, double sigma, const double *covariance);
/* One draw into x: (n), before `scale`. */
void cma_draw(struct cma *a, hone_rng *rng, double *x);
/* One generation: x: (lambda) points of (n), best first. foreign: (lambda), 1 where the point was not drawn
 * from the present distribution: its step is shortened to the length that draws have (Hansen 2011, "Injecting
 * external solutions into CMA-ES", arXiv 1110.4181, eq. 5). best, worst: values, for cma_stops. 0: the
 * numbers broke down. */
int cma_update(struct cma *a, const double *const *x, const uint8_t *foreign, double best, double worst);
/* Keeps the probability that coordinate j leaves the interval low .. high of its discrete value, on either
 * side, above margin / 2 (low == high: one of the two outermost values, with this one limit). Hamano et al.
 * 2022, "CMA-ES with margin", arXiv 2205.13482, section 4. */
void cma_margin(struct cma *a, uint32_t j, double low, double high, double margin);
/* NULL, or why this run has nothing more to find (Hansen 2016, "The CMA evolution strategy: a tutorial", B.3). */
const char *cma_stops(struct cma *a, double tolerance_value, double tolerance_point);
/* Distribution of the best source points x: (n_points) of (n), each sigma: alpha: mean, *sigma, covariance: (n, n).
 * Nomura et al. 2021, "Warm starting CMA-ES for hyperparameter optimization", AAAI, eq. 6. work: (n, n). */
int cma_promising(const double *const *x, uint64_t n_points, uint32_t n, double alpha, double *mean, double *sigma,
                  double *covariance, double *work);
/* 1 where the saved numbers, loaded over s and state, can be those of a run. */
int cma_is_sound(const struct cma *a);
/* To be called after s and state were loaded. */
void cma_loaded(struct cma *a);

/* ---- choices.c ---- */

/* Independent categorical distributions adapted by the natural gradient (Akimoto et al. 2019, "Adaptive stochastic
 * natural gradient method for one-shot neural architecture search", ICML; with the margin of Hamano et al. 2024,
 * "CatCMA", arXiv 2405.09962). */
struct choices {
    uint32_t n, n_free; /* dimensions; sum of (choices - 1) */
    uint32_t *counts;   /* (n) choices of each, >= 2 */
    uint32_t *first;    /* (n + 1) where each begins in q */
    uint64_t n_state;
    double *state;     /* (n_state) what follows, in one piece */
    double *q;         /* (first[n]) probabilities */
    double *s;         /* (n_free) path */
    double *numbers;   /* delta, gamma, Delta */
    double *g, *steps; /* (first[n]), (n_free) scratch */
};
/* counts: (n); HONE_ENOMEM. */
hone_rc choices_init(struct choices *c, const uint32_t *counts, uint32_t n);
void choices_release(struct choices *c);
/* q: (first[n]) prior probabilities, none 0. */
void choices_start(struct choices *c, const double *q);
/* The choice of dimension k at u in [0, 1). */
uint32_t choices_at(const struct choices *c, uint32_t k, double u);
/* One generation: picked: (n_points) of (n), best first; weights: (n_points) >= 0, sum 1. */
void choices_update(struct choices *c, const uint32_t *const *picked, const double *weights, uint32_t n_points);
int choices_are_sound(const struct choices *c);
#endif /* HONE_CMAES_CMA_H */
