/* SPDX-License-Identifier: MIT */
/* search/nsga: nsga2 and nsga3, shared by their files: the population and its mating (nsga.c), who survives by crowding
 * (crowding.c), who survives by reference points (niching.c). */
#ifndef HONE_NSGA_H
#define HONE_NSGA_H
#include "hone/evolution.h"
#include "hone/pareto.h"

struct settings {
    int64_t population, offspring, divisions; /* divisions: nsga3 only */
    double crossover_probability, crossover_eta, mutation_probability, mutation_eta;
};

/* Members are rows of the history. Their arrays have room for all that a selection looks at. */
struct population {
    uint32_t n_values;
    uint64_t n, capacity;
    uint64_t *rows;     /* (n) */
    double *values;     /* (n, n_values) */
    double *violation;  /* (n) */
    uint32_t *rank;     /* (n) front, from 0 */
    double *preference; /* (n) between members of equal rank the higher is preferred: how alone it is */
};

/* What reference points need: they and what is known of the front's extent. */
struct niches {
    uint32_t n_values;
    uint64_t n;
    double *points;           /* (n, n_values) on the unit simplex */
    double *ideal;            /* (n_values) the least value ever of each objective */
    double *extremes;         /* (n_values, n_values) the points that span the front */
    uint32_t known, feasible; /* extremes are set; by points without violation */
};

/* Keeps the best `size` of the members, whose ranks are set: whole fronts first, of the last one those that are least
 * crowded, the most crowded being taken away one after the other. Sets the preferences of all. HONE_ENOMEM. */
hone_rc crowding_select(struct population *p, uint64_t size, hone_error *err);

/* Reference points for n_values objectives: Das and Dennis 1998 with so many divisions; 0: as many as give no more than
 * `most` points, in two layers where one would have no point inside. HONE_ERANGE: more than 100,000. HONE_ENOMEM. */
hone_rc niches_init(struct niches *niches, uint32_t n_values, uint64_t divisions, uint64_t most, hone_error *err);
void niches_release(struct niches *niches);
/* Forgets the extent of the front. */
void niches_reset(struct niches *niches);
/* As crowding_select; of the last front, members in the neediest niches. HONE_ENOMEM. */
hone_rc niches_select(struct niches *niches, struct population *p, uint64_t size, hone_rng *rng, hone_error *err);

/* Moves the members with keep[i] to the front, in their order. */
void population_keep(struct population *p, const unsigned char *keep);
#endif /* HONE_NSGA_H */
