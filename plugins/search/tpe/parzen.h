/* SPDX-License-Identifier: MIT */
/* search/tpe: a Parzen estimator over several parameters that learns and forgets one observation at a time.
 *
 *     density(x) = (sum over kernels k of w[k] * product over axes d of K_kd(x[d])  +  w_prior * product of priors) / sum of w
 *
 * K is a normal cut to the axis, the mass of a grid value's interval under it, or, for a choice, (1 + f_c) / (1 + F) where
 * c was observed and f_c / (1 + F) elsewhere, f_c = prior_weight / (n + 1) * n_choices * prior of c, F their sum. The
 * deviation of a normal kernel is the larger gap to its neighbours along the axis, clipped, so that an observation touches
 * its neighbours only. Nothing here knows of trials, values or good and bad: two of them make a TPE, and observations of
 * one fidelity can make two more.
 *
 * Cost: learning O(n) moves and a few logarithms an axis; a density O(n) with a few operations an axis and kernel. Memory:
 * 20 bytes an axis and 56 bytes an observation, twice that while it grows. All [study]. */
#ifndef HONE_TPE_PARZEN_H
#define HONE_TPE_PARZEN_H
#include "axis.h"

/* Neighbours are as in Optuna 5.0.0, optuna/samplers/_tpe/parzen_estimator.py: the ends of the axis only for a single
 * observation, the prior never. */
/* A grid with densities, see axis_init, needs kernels at least half an interval wide, and has them. */
struct parzen_settings {
    double bandwidth;    /* deviations are at least max(bandwidth, 1 / (n + 2)^2) units (Watanabe, S. (2023), arXiv
                          * 2304.11127, the bound of his recommended setting); 0: 1 / min(100, n + 2) units, as Optuna's */
    double prior_weight; /* > 0, beside kernels of weight 1; also of choices */
};

struct parzen {
    struct parzen_settings settings;
    const struct axis *axes; /* (n_axes), those of AXIS_REAL first; life of the estimator */
    uint32_t n_axes, n_real;
    uint64_t n, capacity; /* kernels */
    double *blocks;       /* (capacity / 32, n_axes, 2, 32): means, then 1 / deviation (0 for choices) */
    uint32_t **order;     /* (n_axes + 1)(n) slots by mean, then by rank; NULL for choices; the last: by rank alone */
    uint64_t *at;         /* (n_axes + 1) scratch */
    uint64_t *id;         /* (n) the caller's name for the observation; it may be changed */
    uint64_t *rank;       /* (n) its age: the number of its trial */
    int64_t *constant; /* (n) log of the kernel's normalizer in units of 2^-40: integers, so that no rounding adds up */
    double *base;      /* (n) the same as a number */
    double *weight;    /* (n) the caller may write them; 1 at first */
    double *total;     /* (n) weights up to and with this one, since parzen_prepare */
    double prior_weight;        /* of the prior's kernel, the same */
    double *prior_base;         /* (n_axes) log normalizer of the prior's kernel */
    double clip;                /* the least deviation in units as the kernels have it */
    int is_stale;               /* kernels wait for parzen_prepare */
    double *logs;               /* (64, n_axes, 2) scratch: of choices */
    struct parzen_mass *masses; /* (n_axes, MASSES) log masses of grid values already computed, or NULL */
};

/* axes: sorted, AXIS_REAL first. HONE_ENOMEM. To be released either way. */
hone_rc parzen_init(struct parzen *p, const struct axis *axes, uint32_t n_axes, const struct parzen_settings *settings,
                    hone_error *err);
void parzen_release(struct parzen *p);

/* x: (n_axes) places (choices: indices). id must be new. HONE_ENOMEM, with nothing changed. */
hone_rc parzen_add(struct parzen *p, const double *x, uint64_t id, uint64_t rank, hone_error *err);

/* Forgets the observation in a slot; the last one takes its place. */
void parzen_remove(struct parzen *p, uint64_t slot);

/* Slot of an observation, UINT64_MAX: there is none. Looks from the last one on. */
uint64_t parzen_find(const struct parzen *p, uint64_t id);

/* Slot of the observation of least rank; of at least one. */
uint64_t parzen_oldest(const struct parzen *p);

/* x: (n_axes) of the observation in a slot. */
void parzen_place(const struct parzen *p, uint64_t slot, double *x);

/* Weights by age as Optuna has them: 1 for the latest 25, before them linear from 1/n, the oldest, to 1. */
void parzen_weigh_by_age(struct parzen *p);

/* Settles what additions, removals and new weights left to do; before the following. */
void parzen_prepare(struct parzen *p);

/* log density of x: (n, n_axes) into out: (n). */
void parzen_log_density(struct parzen *p, const double *x, uint64_t n, double *out);

/* One draw: values: (n_axes), in units of the parameters, and their places: (n_axes). is_crossed: every axis takes a kernel
 * of its own, as if the density were the product of its marginals. */
void parzen_draw(const struct parzen *p, int is_crossed, hone_rng *rng, double *values, double *places);

/* ---- density.c: the loops over kernels ---- */
enum { PARZEN_BLOCK = 32 };

/* e[k] = base[k] - sum over rows r of ((x[r] - mean[r][k]) * inverse[r][k])^2 / 2     rows: (n_rows, 2, 32)  e: (32)
 * Returns the largest; once no kernel of the block can reach `limit`, something below it. */
double parzen_exponents(double *e, const double *rows, const double *x, uint32_t n_rows, const double *base,
                        double limit);

/* e[k] += mean[k] == x ? hit : miss     e, mean: (32) */
void parzen_add_choice(double *e, const double *mean, double x, double hit, double miss);

/* sum over k of w[k] * exp(e[k] - top), exp to 2e-16, e <= top: (32) */
double parzen_sum_exp(const double *e, const double *w, double top);
#endif /* HONE_TPE_PARZEN_H */
