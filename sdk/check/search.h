/* SPDX-License-Identifier: MIT */
/* What the cases for search/1 share: search.c has the spaces and the plain course of a study, search_edges.c the ends of the
 * ranges and small spaces, search_history.c what a search makes of odd, late, foreign, long and restored histories. */
#ifndef HONE_CHECK_SEARCH_H
#define HONE_CHECK_SEARCH_H
#include "check.h"

enum { MAX_DIMS = 16, ASKS = 100 };
extern const hone_space real_space, log_space, step_space, choice_space, normal_space, mixed_space, conditional_space,
    relation_space, finite_space;

/* Number of different points that a finite space allows (100,000 at most); UINT64_MAX: a continuum. */
uint64_t space_points(const hone_space *space);
/* 0, or what is wrong with the point. */
int verify_point(struct check *c, const hone_space *space, const double *x, uint64_t trial);
/* Both NaN or equal, dimension by dimension. */
int same_point(const double *a, const double *b, uint32_t n);
/* A smooth value with a minimum inside; worth something whatever is inactive. */
double value_at(const hone_space *space, const double *x);
/* The outcome of a point. values: (2), filled. plain: complete; else by the trial's number complete, pruned, failed, or
 * with an infinite, huge or missing value. */
void make_outcome(hone_outcome *o, const hone_space *space, const double *x, double *values, uint64_t trial, int plain);
int open_search(struct instance *in, const hone_search_v1 *search, const hone_space *space, uint32_t n_values,
                uint32_t n_constraints, hone_rc *rc);
/* Up to `asks` (ASKS at most) asks with their tells, four trials at work at once. Skipped where open refuses the study. */
int explore(struct check *c, const hone_space *space, uint32_t n_values, uint64_t asks);

/* An instance with the space open, or skipped where open refuses it. */
int search_start(struct check *c, const hone_space *space, uint64_t seed, struct instance *in, hone_search_v1 *search);
/* Asks for a point and verifies it. *rc: HONE_OK, HONE_DONE or HONE_WAIT. */
int search_ask(struct instance *in, const hone_search_v1 *search, const hone_space *space, uint64_t trial, double *x,
               hone_rc *rc);
/* Complete ones are told with their derivatives. */
int search_tell(struct instance *in, const hone_search_v1 *search, const hone_outcome *outcome);
#endif
