/* SPDX-License-Identifier: MIT */
/* hone/evolution.h - help for search plugins that breed: crossover and mutation of points of any space. Header only.
 *
 * Ordered dimensions are bred on their own scale in the unit interval (log, quantiles), choices are taken from either
 * parent and mutate by their prior. A dimension that only one parent has is that parent's; one that neither has, and
 * a condition activates, is drawn from its prior. Points are settled; relations are left to hone_history_propose.
 * [any] */
#ifndef HONE_EVOLUTION_H
#define HONE_EVOLUTION_H
#include "hone/design.h"

typedef struct hone_variation {
    double crossover_probability; /* that a child has two parents */
    double crossover_eta;         /* distribution index of the crossover: higher is nearer to the parents; > 0 */
    double mutation_probability;  /* of each dimension; 0: 1 / (number of dimensions) */
    double mutation_eta;          /* distribution index of the mutation; > 0 */
    double finest_mutation_eta;   /* above that: each mutation's is drawn log-uniformly between the two */
} hone_variation;

/* 1 where outcome a is better than b: complete before pruned; of complete ones less violation, then the lower value; of
 * pruned ones who came further, then the same. */
static inline int hone_outcome_better(const hone_history *h, uint64_t a, uint64_t b)
{
    if (h->status[a] != h->status[b])
        return h->status[a] < h->status[b];
    if (h->status[a] == HONE_PRUNED && h->step[a] != h->step[b])
        return h->step[a] > h->step[b];
    return hone_judged_better(hone_history_judged(h, a), hone_history_judged(h, b));
}

/* Simulated binary crossover within [0, 1]: one of the two children of a and b. Deb, K. and Agrawal, R. B. (1995),
 * "Simulated binary crossover for continuous search space", Complex Systems 9; bounds as in the authors' NSGA-II. */
static inline double hone_crossover_sbx(double a, double b, double eta, hone_rng *rng)
{
    const double low = a < b ? a : b, high = a < b ? b : a, u = hone_rng_uniform(rng);
    const int upper = hone_rng_uniform(rng) < 0.5;
    double beta, alpha, spread, child;
    if (high - low < 1e-14)
        return a;
    beta = 1 + 2 * (upper ? 1 - high : low) / (high - low);
    alpha = 2 - pow(beta, -(eta + 1));
    spread = pow(u <= 1 / alpha ? u * alpha : 1 / (2 - u * alpha), 1 / (eta + 1));
    child = 0.5 * (low + high + (upper ? spread : -spread) * (high - low));
    return child < 0 ? 0 : child > 1 ? 1 : child;
}

/* Polynomial mutation of u within [0, 1]. Deb, K. and Goyal, M. (1996), "A combined genetic adaptive search (GeneAS)
 * for engineering design", Computer Science and Informatics 26(4); bounds as in the authors' NSGA-II. */
static inline double hone_mutation_polynomial(double u, double eta, hone_rng *rng)
{
    const double r = hone_rng_uniform(rng);
    u += r < 0.5 ? pow(2 * r + (1 - 2 * r) * pow(1 - u, eta + 1), 1 / (eta + 1)) - 1
                 : 1 - pow(2 * (1 - r) + (2 * r - 1) * pow(u, eta + 1), 1 / (eta + 1));
    return u < 0 ? 0 : u > 1 ? 1 : u;
}

/* A mutated value, another one where the dimension has another. */
static inline double hone_dim_mutate(const hone_dim *d, double v, double eta, hone_rng *rng)
{
    if (d->type != HONE_DIM_CHOICE) {
        const double w = hone_dim_from_unit(d, hone_mutation_polynomial(hone_dim_to_unit(d, v), eta, rng));
        if (w < v || w > v)
            return w;
    }
    return hone_dim_neighbour(d, v, 0.02, rng);
}

/* 1 where dimension i has more than one value. */
static inline int hone_dim_free(const hone_dim *d)
{
    const double count = hone_dim_count(d);
    return !(count > 0 && count < 2);
}

/* Number of dimensions that have more than one value. */
static inline uint32_t hone_space_free(const hone_space *space)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < space->n_dims; i++)
        n += hone_dim_free(space->dims[i]) ? 1u : 0u;
    return n;
}

/* Changes one of the free active dimensions of x: (n_dims), settled, each as likely. Dimensions that become active
 * are drawn from their prior. */
static inline void hone_space_mutate_one(const hone_space *space, double eta, hone_rng *rng, double *x)
{
    uint32_t n = 0, chosen = UINT32_MAX;
    for (uint32_t i = 0; i < space->n_dims; i++)
        if (!isnan(x[i]) && hone_dim_free(space->dims[i]) && hone_rng_below(rng, ++n) == 0)
            chosen = i;
    if (chosen == UINT32_MAX)
        return;
    x[chosen] = hone_dim_mutate(space->dims[chosen], x[chosen], eta, rng);
    for (uint32_t i = chosen + 1; i < space->n_dims; i++) {
        if (!hone_space_active(space, x, i))
            x[i] = (double)NAN;
        else if (isnan(x[i]))
            x[i] = hone_dim_from_unit(space->dims[i], hone_rng_uniform(rng));
    }
}

/* The distribution index of one mutation. */
static inline double hone_variation_eta_(const hone_variation *v, hone_rng *rng)
{
    return v->finest_mutation_eta > v->mutation_eta
               ? v->mutation_eta * pow(v->finest_mutation_eta / v->mutation_eta, hone_rng_uniform(rng))
               : v->mutation_eta;
}

/* x: (n_dims), settled: a child of a and b: (n_dims), settled; never a mere copy of a where the space has another
 * point. n_free: hone_space_free. */
static inline void hone_space_breed(const hone_space *space, const hone_variation *v, uint32_t n_free, hone_rng *rng,
                                    const double *a, const double *b, double *x)
{
    const double rate = v->mutation_probability > 0 ? v->mutation_probability : 1.0 / (n_free ? n_free : 1);
    const int crossed = hone_rng_uniform(rng) < v->crossover_probability;
    int changed = 0;
    for (uint32_t i = 0; i < space->n_dims; i++) {
        const hone_dim *d = space->dims[i];
        double w = a[i];
        if (!hone_space_active(space, x, i)) {
            x[i] = (double)NAN;
            continue;
        }
        if (isnan(w) || (crossed && !isnan(b[i]) && (w < b[i] || w > b[i]) && hone_rng_uniform(rng) < 0.5)) {
            if (isnan(w))
                w = isnan(b[i]) ? hone_dim_from_unit(d, hone_rng_uniform(rng)) : b[i];
            else if (d->type == HONE_DIM_CHOICE)
                w = b[i];
            else
                w = hone_dim_from_unit(
                    d, hone_crossover_sbx(hone_dim_to_unit(d, w), hone_dim_to_unit(d, b[i]), v->crossover_eta, rng));
        }
        if (hone_rng_uniform(rng) < rate && hone_dim_free(d))
            w = hone_dim_mutate(d, w, hone_variation_eta_(v, rng), rng);
        changed |= !(w <= a[i] && w >= a[i]);
        x[i] = w;
    }
    if (!changed)
        hone_space_mutate_one(space, hone_variation_eta_(v, rng), rng, x);
}

/* x: (n_dims), settled: number `trial` of `n` first trials as a Latin hypercube, later ones independent draws of the
 * prior; relations may be hurt. A function of seed, n and trial. */
static inline void hone_space_first(const hone_space *space, uint64_t seed, uint64_t n, uint64_t trial, double *x)
{
    hone_rng rng = hone_rng_at(hone_rng_derive(seed, 0x6669727374), trial);
    const uint64_t slices = hone_rng_derive(seed, 0x736c69636573);
    for (uint32_t i = 0; i < space->n_dims; i++) {
        double u = hone_rng_uniform(&rng);
        if (trial < n)
            u = (u + (double)hone_design_permute(hone_design_hash(slices, i), trial, n)) / (double)n;
        x[i] = hone_dim_from_unit(space->dims[i], u);
    }
    hone_space_settle(space, x);
}
#endif /* HONE_EVOLUTION_H */
