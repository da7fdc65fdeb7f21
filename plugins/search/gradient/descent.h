/* SPDX-License-Identifier: MIT */
/* One descent of search/gradient: a point of the unit cube that moves against the derivatives told. */
#ifndef HONE_GRADIENT_DESCENT_H
#define HONE_GRADIENT_DESCENT_H
#include "hone/plugin.h"

enum { RPROP, ADAM };
struct rule {
    uint32_t method;
    double first_step, most_step, least_step; /* shares of a parameter's range */
    double growth;                            /* of a step whose derivative keeps its sign */
    int64_t patience;
    double tolerance; /* share of what was gained that may be lost again */
};

/* u: the point to try next, or at work. gradient[i] NaN: u[i] stays as it is. */
struct descent {
    uint32_t n;
    double *u, *gradient;           /* (n) here and below; of the outcome last heard */
    double *before;                 /* gradient of the outcome before it; 0: none */
    double *step;                   /* rprop: length of the next move */
    double *moved;                  /* what was last added to u */
    double *mean, *square;          /* adam */
    double *best_u, *best_gradient; /* of the least value */
    double first, best;             /* first and least value of this descent, HUGE_VAL: none yet */
    uint64_t heard, updates;        /* outcomes of this descent; moves since the last return to the best point */
    int64_t stale;                  /* outcomes since the best one */
};

hone_rc descent_init(struct descent *d, uint32_t n, hone_error *err);
void descent_release(struct descent *d);
/* Begins at u: (n), which is to be tried. */
void descent_begin(struct descent *d, const struct rule *rule, const double *u);
/* The outcome of a trial that moved itself to d->u while it ran: its value is that of the way there, and no best one; what is
 * gained from here on is counted from it. gradient: as below; NULL: it failed. moves: 0: the next point is this one, 1: one a
 * step from it. 0: the descent has come to its end. */
int descent_arrive(struct descent *d, const struct rule *rule, double value, const double *gradient, int moves);
/* The outcome at d->u. gradient: (n), with respect to u; NULL, or a value that is not finite: there is none, and the descent
 * returns to its best point with half its steps. 1: d->u is the next point; 0: the descent has come to its end. */
int descent_hear(struct descent *d, const struct rule *rule, double value, const double *gradient);
#endif
