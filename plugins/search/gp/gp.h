/* SPDX-License-Identifier: MIT */
/* search/gp, shared by its files: how a point becomes numbers (features.c), the kernel (kernel.c), one Gaussian process
 * (model.c) and its fit (fit.c), the transform of values (power.c), how good a candidate is (acquire.c, boxes.c), where
 * the best one is (optimize.c), and what is left to win (regret.c), and what the study gives and gets (surrogate.c, gp.c).
 *
 * Layout: matrices are column-major, as BLAS has them; "(n, d)" then means d columns of n. Everything is [study]. */
#ifndef HONE_GP_H
#define HONE_GP_H
#include "hone/history.h"

struct settings {
    int64_t startup, points, candidates, starts, fantasies;
    double noise;
    uint32_t output_transform;
    uint8_t input_warping;
};
enum { TRANSFORM_POWER, TRANSFORM_NONE };

/* ---- features.c: a point as numbers ---- */
struct feature {
    uint32_t dim;
    uint32_t is_category; /* compared by equality; n_choices where inactive */
    uint32_t is_smooth;   /* moved by gradients: reals without a step, and integers of many values before rounding */
    uint32_t n_tries;     /* discrete: values that a neighbour search tries */
};
struct features {
    const hone_space *space;
    uint32_t n;
    struct feature *list; /* (n): the dimensions that have more than one value */
};
hone_rc features_init(struct features *f, const hone_space *space, hone_error *err);
void features_release(struct features *f);
/* e: (n) of the settled point x: (n_dims): position in [0, 1] on the dimension's own scale, 1/2 where it is inactive; the
 * index of a choice, n_choices where it is inactive. */
void features_encode(const struct features *f, const double *x, double *e);

/* ---- kernel.c: Matern 5/2 over squared scaled distances ---- */
/* s[j] += (z[j] - a)^2      s, z: (n) */
void kernel_add_numeric(double *s, const double *z, double a, uint64_t n);
/* s[j] += w where z[j] differs from a      s, z: (n) */
void kernel_add_category(double *s, const double *z, double a, double w, uint64_t n);
/* With r = sqrt(5 s): k = signal exp(-r)(1 + r + r^2 / 3), slope = -dk/ds = signal exp(-r)(1 + r) 5/6. s, k, slope: (n);
 * s >= 0; slope may be NULL, k may be s. */
void kernel_matern(const double *s, double signal, double *k, double *slope, uint64_t n);
/* Kumaraswamy's distribution function 1 - (1 - u^a)^b of u in [0, 1], and its derivatives by u, log a and log b. */
double kernel_warp(double u, double a, double b, double *by_u, double *by_log_a, double *by_log_b);

/* ---- model.c: one Gaussian process ---- */
/* theta: (3 D + 2): log inverse squared length scales (D), log signal variance, log noise variance, log a (D) and log b
 * (D) of the warping. */
#define THETA_SIGNAL(d) (d)
#define THETA_NOISE(d)  ((d) + 1u)
#define THETA_A(d, i)   ((d) + 2u + (i))
#define THETA_B(d, i)   (2u * (d) + 2u + (i))
#define THETA_LENGTH(d) (3u * (d) + 2u)

struct model {
    const struct features *features;
    uint64_t n, n_pending; /* rows observed; rows after them that are still running */
    uint64_t capacity;     /* rows that there is room for, and the leading dimension of x and z */
    uint32_t n_fantasies;  /* columns of alpha */
    uint32_t is_warped;
    double *x;             /* (capacity, D) features as encoded */
    double *z;             /* (capacity, D) warped and divided by the length scale; categories as encoded */
    double *y;             /* (n) standardized values, lower is better */
    double *known;         /* (rows) variance of y that was measured, beside the noise that is fitted; 0: none was */
    double center, spread; /* y = (value - center) / spread */
    double *theta;         /* (3 D + 2) */
    double *shape;         /* (3, D) what model_scale made of theta: inverse length scale, a, b */
    double *l;             /* (N, N) lower Cholesky factor of kernel + noise, N = n + n_pending */
    double *alpha;         /* (N, n_fantasies) (kernel + noise)^-1 y */
    double *fitted;        /* (N, n_fantasies) posterior mean at the rows themselves */
    double *one;           /* (2 N + 2 D) what model_predict_one leaves for model_gradient */
    uint64_t alpha_capacity;
    uint64_t fitted_n; /* observed rows when theta was fitted last; 0: never */
};
struct workspace { /* scratch, shared by all models */
    uint64_t capacity;
    double *slope, *inverse; /* (capacity, capacity) */
    double *a, *b;           /* (capacity) */
    double *v;               /* (capacity, D) */
    double *cross, *mean;    /* (capacity, BATCH), (MOST_FANTASIES, BATCH) */
};
enum { BATCH = 128, MOST_FANTASIES = 64 };

hone_rc model_init(struct model *m, const struct features *f, int is_warped, hone_error *err);
void model_release(struct model *m);
/* Room for `rows` rows in all, and for fantasies. */
hone_rc model_reserve(struct model *m, struct workspace *w, uint64_t rows, uint32_t n_fantasies, hone_error *err);
void workspace_release(struct workspace *w);
/* Centers and scales y: (n), finite. */
void model_standardize(struct model *m);
void model_scale(struct model *m, const double *theta, uint64_t rows);
/* Factorizes kernel + noise of `rows` rows into l; slope: (rows, rows) lower, or NULL. 0: not positive definite. */
int model_factorize(struct model *m, const double *theta, uint64_t rows, double *slope);
/* Log density of theta given y, up to a constant: likelihood and priors; gradient: (3 D + 2), or NULL. -HUGE_VAL where
 * the kernel is not positive definite (gradient 0). */
double model_evidence(struct model *m, struct workspace *w, const double *theta, double *gradient);
/* Makes the posterior for theta, given y and, for each fantasy, the running rows: fantasy f supposes that they come out
 * normal: (n_pending, n_fantasies) standard deviations of their joint posterior off its mean. */
hone_rc model_condition(struct model *m, const double *normal, hone_error *err);
/* mean: (n_fantasies, count), variance: (count) of the noise-free function at the candidates e: (D, count) encoded. */
void model_predict(const struct model *m, struct workspace *w, const double *e, uint64_t count, double *mean,
                   double *variance);
/* At one candidate e: (D), and what a gradient needs afterwards. */
void model_predict_one(struct model *m, const double *e, double *mean, double *variance);
/* gradient: (D) += derivative by e of sum_f by_mean[f] mean[f] + by_variance variance, once after model_predict_one;
 * numeric features only. */
void model_gradient(struct model *m, const double *by_mean, double by_variance, double *gradient);

/* ---- fit.c: the hyperparameters ---- */
/* Log prior density of theta; adds its derivative to gradient: (3 D + 2). */
double prior_density(const struct model *m, const double *theta, double *gradient);
/* theta where a fit starts without any knowledge: the modes of the priors. */
void prior_start(const struct model *m, double noise, double *theta);
/* MAP by NLopt's L-BFGS from theta and, if it was never fitted or fresh is set, from the priors' modes. noise: fixed
 * variance, or 0: fitted. HONE_ECANCELED, HONE_ENOMEM. */
hone_rc model_fit(struct model *m, struct workspace *w, double noise, int fresh, const hone_host *host,
                  hone_error *err);

/* ---- power.c ---- */
enum { POWER_NONE, POWER_BOX_COX, POWER_YEO_JOHNSON };
struct power { /* which function it was */
    double scale, lambda;
    int kind;
};
/* Replaces y: (n), finite, by an increasing function of it that makes it closest to normal (HEBO's rule). HONE_ENOMEM. */
hone_rc power_transform(double *y, uint64_t n, struct power *power, hone_error *err);
/* The value that it takes to t; infinite, or an end of what there can be, where t is beyond all values. */
double power_inverse(const struct power *power, double t);
/* Its slope at the value y. */
double power_slope(const struct power *power, double y);

/* ---- acquire.c ---- */
/* log(phi(t) + t Phi(t)), and Phi(t) / (phi(t) + t Phi(t)) into slope. Ament et al. 2023, eq. 9. Finite for all finite t
 * of |t| < 1e150. [any] */
double log_h(double t, double *slope);
/* log Phi(t), and phi(t) / Phi(t) into slope. [any] */
double log_phi(double t, double *slope);

enum { MOST_OBJECTIVES = 16, MOST_MODELS = 64, MOST_INCUMBENTS = 8 };
struct boxes { /* disjoint boxes whose union is what is not dominated, below the reference */
    uint32_t m;
    uint64_t n, capacity, stride;
    uint32_t n_levels[MOST_OBJECTIVES];
    double *levels;       /* (stride, m) coordinates where boxes end, rising; the first is -infinity */
    uint32_t *low, *high; /* (m, n) levels between which the box lies */
    double *scratch;      /* (stride, m, 3) */
};
void boxes_release(struct boxes *b);
/* Boxes of the points: (m, n), lower is better, under reference: (m). At most `most` boxes: beyond that the points that
 * are least apart are left out of the front. HONE_ENOMEM. */
hone_rc boxes_init(struct boxes *b, const double *points, uint64_t n, uint32_t m, const double *reference,
                   uint64_t most, hone_error *err);
/* log of the expected volume that a point with independent normal values adds: mean, sd: (m); by_mean, by_sd: (m), or
 * NULL. */
double boxes_log_ehvi(const struct boxes *b, const double *mean, const double *sd, double *by_mean, double *by_sd);

struct acquisition {
    uint32_t n_objectives, n_constraints, n_fantasies; /* several fantasies: one objective only */
    uint32_t is_searching; /* no feasible point yet: the probability of feasibility alone counts */
    const double *best;    /* (n_fantasies) one objective: value to improve on */
    const struct boxes *boxes;
    const double *limits; /* (n_constraints) satisfied at or below */
};
/* Log acquisition from mean: (n_objectives + n_constraints, MOST_FANTASIES) rows and sd: (same number); derivatives into
 * by_mean, by_sd of the same shapes, or NULL. */
double acquisition_value(const struct acquisition *a, const double *mean, const double *sd, double *by_mean,
                         double *by_sd);

/* ---- surrogate.c: all models of a study ---- */
struct surrogate {
    const struct settings *settings;
    const hone_host *host;
    struct features features;
    uint32_t n_objectives, n_constraints, n_models; /* models: objectives, constraints, and failure */
    struct model *models;                           /* (n_models) */
    uint64_t *fitted_at;                            /* (n_models) outcomes told when it was fitted last; 0: never */
    struct workspace work;
    struct acquisition acquisition;
    struct boxes boxes;
    double limits[MOST_MODELS], best[MOST_FANTASIES];
    uint64_t n_rows, row_capacity; /* outcomes learnt from */
    uint64_t *rows;                /* (n_rows) their numbers in the history, rising */
    double *encoded;               /* (D, n_rows + pending) */
    double *untransformed;         /* (n_rows) scratch: values before their transform */
    uint64_t n_incumbents;
    uint64_t incumbents[MOST_INCUMBENTS]; /* numbers in the history of the best points */
    double *means, *sds, *by_means;       /* (MOST_FANTASIES, n_models, BATCH), (n_models, BATCH), (.., n_models) */
};
hone_rc surrogate_init(struct surrogate *s, const struct settings *settings, const hone_host *host,
                       const hone_space *space, const hone_search_info *info, hone_error *err);
void surrogate_release(struct surrogate *s);
/* Learns from the history and conditions on what is running, but for `trial`. *ready: 0 where there is too little to
 * learn from. */
hone_rc surrogate_learn(struct surrogate *s, const hone_history *h, uint64_t trial, hone_rng *rng, int *ready,
                        hone_error *err);
/* score: (count) of candidates e: (D, count): log of what each is worth. */
void surrogate_score(struct surrogate *s, const double *e, uint64_t count, double *score);
/* The same at one, with its gradient: (D), numeric features only. */
double surrogate_score_one(struct surrogate *s, const double *e, double *gradient);

/* ---- regret.c ---- */
/* By how much the best completed trial may miss the least value of the space, in the unit of the values; HUGE_VAL with fewer
 * than 20 completed trials. One objective. */
hone_rc regret_bound(const struct settings *settings, const hone_history *h, double *bound, hone_error *err);

/* ---- optimize.c ---- */
/* The point x: (n_dims), settled and allowed, that the surrogate likes best. 0 in *found: none that may be proposed. */
hone_rc optimize(struct surrogate *s, hone_history *h, hone_rng *rng, double *x, int *found, hone_error *err);
/* The generalized golden ratio of n dimensions (Roberts, M. (2018), "The unreasonable effectiveness of quasirandom
 * sequences"). */
double quasi_random_root(uint32_t n);
/* Point number `index` of that ratio's Kronecker sequence, shifted by the seed's first numbers; u: (n) in [0, 1). */
void quasi_random(uint64_t seed, uint64_t index, uint32_t n, double root, double *u);
#endif /* HONE_GP_H */
