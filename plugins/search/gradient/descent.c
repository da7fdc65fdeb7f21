/* SPDX-License-Identifier: MIT */
/* The moves of a descent. Both rules look at the signs, or the relative sizes, of derivatives alone: their scale, which
 * differs by magnitudes between the coefficients of a network and is biased where a hypergradient is truncated, cancels out. */
#include "descent.h"

#include "hone/param.h"

#include <stdlib.h>
#include <string.h>

/* Riedmiller and Braun 1993; Kingma and Ba 2015. */
static const double SHRINKAGE = 0.5, BETA1 = 0.9, BETA2 = 0.999;
enum { ARRAYS = 9 };

hone_rc descent_init(struct descent *d, uint32_t n, hone_error *err)
{
    double *block = calloc((size_t)n * ARRAYS + 1, sizeof *block);
    if (!block)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a descent in %u parameters", n);
    *d = (struct descent){ .n = n,
                           .u = block,
                           .gradient = block + n,
                           .before = block + 2 * (size_t)n,
                           .step = block + 3 * (size_t)n,
                           .moved = block + 4 * (size_t)n,
                           .mean = block + 5 * (size_t)n,
                           .square = block + 6 * (size_t)n,
                           .best_u = block + 7 * (size_t)n,
                           .best_gradient = block + 8 * (size_t)n };
    return HONE_OK;
}

void descent_release(struct descent *d)
{
    free(d->u);
    memset(d, 0, sizeof *d);
}

/* What was learnt on the way belongs to where the way led. */
static void forget(struct descent *d)
{
    const size_t bytes = d->n * sizeof *d->u;
    memset(d->before, 0, bytes);
    memset(d->moved, 0, bytes);
    memset(d->mean, 0, bytes);
    memset(d->square, 0, bytes);
    d->updates = 0;
    d->stale = 0;
}

void descent_begin(struct descent *d, const struct rule *rule, const double *u)
{
    memcpy(d->u, u, d->n * sizeof *u);
    for (uint32_t i = 0; i < d->n; i++)
        d->step[i] = rule->first_step;
    d->first = d->best = HUGE_VAL;
    d->heard = 0;
    forget(d);
}

static void move_to(struct descent *d, uint32_t i, double u)
{
    u = u < 0 ? 0 : u > 1 ? 1 : u;
    d->moved[i] = u - d->u[i];
    d->u[i] = u;
}

/* Rprop-: steps grow while the sign stays and halve where it changes, which leads to the middle between the two points: no
 * trial is spent on a point that is known. */
static void move_rprop(struct descent *d, const struct rule *rule)
{
    for (uint32_t i = 0; i < d->n; i++) {
        const double g = d->gradient[i], before = d->before[i];
        if (isnan(g))
            continue;
        d->before[i] = g;
        if ((g > 0 && before > 0) || (g < 0 && before < 0))
            d->step[i] = fmin(d->step[i] * rule->growth, rule->most_step);
        else if ((g > 0 && before < 0) || (g < 0 && before > 0))
            d->step[i] *= SHRINKAGE;
        move_to(d, i, g > 0 ? d->u[i] - d->step[i] : g < 0 ? d->u[i] + d->step[i] : d->u[i]);
    }
}

static void move_adam(struct descent *d)
{
    const double t = (double)++d->updates, unbias1 = 1 - pow(BETA1, t), unbias2 = 1 - pow(BETA2, t);
    for (uint32_t i = 0; i < d->n; i++) {
        const double g = d->gradient[i];
        if (isnan(g))
            continue;
        d->mean[i] = BETA1 * d->mean[i] + (1 - BETA1) * g;
        d->square[i] = BETA2 * d->square[i] + (1 - BETA2) * g * g;
        if (d->square[i] > 0)
            move_to(d, i, d->u[i] - d->step[i] * (d->mean[i] / unbias1) / sqrt(d->square[i] / unbias2));
    }
}

static void return_to_best(struct descent *d)
{
    const size_t bytes = d->n * sizeof *d->u;
    memcpy(d->u, d->best_u, bytes);
    memcpy(d->gradient, d->best_gradient, bytes);
    for (uint32_t i = 0; i < d->n; i++)
        d->step[i] *= SHRINKAGE;
    forget(d);
}

/* A step that is not worth a trial any more in all that may still move. */
static int is_settled(const struct descent *d, const struct rule *rule)
{
    for (uint32_t i = 0; i < d->n; i++) {
        const double g = d->gradient[i];
        const int held = isnan(g) || g == 0 || (g > 0 && d->u[i] <= 0) || (g < 0 && d->u[i] >= 1);
        if (!held && d->step[i] >= rule->least_step)
            return 0;
    }
    return 1;
}

static void move(struct descent *d, const struct rule *rule)
{
    if (rule->method == ADAM)
        move_adam(d);
    else
        move_rprop(d, rule);
}

int descent_arrive(struct descent *d, const struct rule *rule, double value, const double *gradient, int moves)
{
    d->heard++;
    if (!gradient)
        return 0;
    if (!(d->first < HUGE_VAL))
        d->first = value;
    memcpy(d->gradient, gradient, d->n * sizeof *gradient);
    memset(d->moved, 0, d->n * sizeof *d->moved);
    if (moves)
        move(d, rule);
    return 1;
}

int descent_hear(struct descent *d, const struct rule *rule, double value, const double *gradient)
{
    const size_t bytes = d->n * sizeof *d->u;
    d->heard++;
    if (!gradient || !isfinite(value)) {
        if (!(d->best < HUGE_VAL)) /* nothing to return to */
            return 0;
        return_to_best(d);
    } else {
        memcpy(d->gradient, gradient, bytes);
        d->stale++;
        if (!(d->first < HUGE_VAL))
            d->first = value;
        if (value < d->best) {
            d->best = value;
            d->stale = 0;
            memcpy(d->best_u, d->u, bytes);
            memcpy(d->best_gradient, gradient, bytes);
        } else if (d->stale >= rule->patience || value - d->best > rule->tolerance * (d->first - d->best)) {
            return_to_best(d);
        }
    }
    if (is_settled(d, rule))
        return 0;
    move(d, rule);
    return 1;
}
