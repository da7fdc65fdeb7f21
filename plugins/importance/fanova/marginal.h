/* SPDX-License-Identifier: MIT */
/* Integrals of a regression tree over the prior of a space: what a part of its variance is explained by.
 *
 * The prior is a mixture of products. A pattern says, for every parameter that conditions ask for, in which part of its
 * values it lies (or that it is inactive itself); within a pattern it is settled who is active, and the parameters are
 * independent. A space without conditions has one pattern. */
#ifndef HONE_FANOVA_MARGINAL_H
#define HONE_FANOVA_MARGINAL_H
#include "hone/forest_box.h"
#include "hone/importance.h"

/* The values of one parameter, cut where the tree or a condition cuts them; choices: one cell each. */
struct cells {
    uint32_t n;
    double *end;     /* (n) numbers: the cell is (end[i-1], end[i]] as a feature */
    double *mass;    /* (n) of the prior, sum 1 */
    uint64_t *holds; /* (n) bit k: condition number k on this parameter holds in the cell */
    double *prefix;  /* (n + 1) mass before the cell, in the pattern at hand */
    double *value;   /* (n + 1) scratch: integrals over the rest */
};

struct integrals {
    const hone_space *space;
    const hone_forest *forest;
    uint32_t n_dims, n_patterns, tree;
    struct cells *cells; /* (n_dims) */
    /* patterns: probability; for each parameter the part that it lies in, as `holds` says, or INACTIVE, or ANY */
    double *probability; /* (n_patterns) */
    uint64_t *part;      /* (n_patterns, n_dims) */
    uint8_t *is_parent;  /* (n_dims) */
    double *low, *high;  /* (n_dims) box of a leaf */
    uint8_t *inactive;
    uint64_t *sets;
    double *masses; /* (n_leaves, n_dims) of the pattern at hand */
    uint32_t *from, *to, *leaves;
    uint32_t n_leaves, capacity;
    double total; /* variance of the tree's predictions over the prior */
};
enum { PATTERNS_MOST = 256 };

hone_rc integrals_init(struct integrals *s, const hone_space *space, const hone_forest *forest, hone_error *err);
void integrals_release(struct integrals *s);
/* Cuts the space for tree number `tree`, finds its patterns and its total variance. */
hone_rc integrals_of(struct integrals *s, uint32_t tree, hone_error *err);
/* Variance that parameter a explains where it is active: P(active) * Var(E[prediction | a] | active). */
hone_rc integrals_single(struct integrals *s, uint32_t a, double *variance, hone_error *err);
/* What the pair explains beyond its two, where both are active. */
hone_rc integrals_pair(struct integrals *s, uint32_t a, uint32_t b, double *variance, hone_error *err);
#endif
