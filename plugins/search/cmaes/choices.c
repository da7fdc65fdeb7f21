/* SPDX-License-Identifier: MIT */
/* search/cmaes: probabilities of choices, adapted beside the normal distribution as CatCMA does: natural
 * gradient of the same ranking, a step of fixed length in the Fisher metric, whose length follows the
 * signal-to-noise ratio (ASNG), and a margin below which no probability falls, so that no choice dies out. */
#include "cma.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DELTA, GAMMA, SLOWNESS, N_NUMBERS };
static const double ALPHA = 1.5; /* of ASNG, as published */

hone_rc choices_init(struct choices *c, const uint32_t *counts, uint32_t n)
{
    uint32_t total = 0, free = 0;
    memset(c, 0, sizeof *c);
    c->n = n;
    c->counts = (uint32_t *)calloc(n + 1u, sizeof *c->counts);
    c->first = (uint32_t *)calloc(n + 1u, sizeof *c->first);
    if (!c->counts || !c->first)
        return HONE_ENOMEM;
    for (uint32_t k = 0; k < n; k++) {
        c->counts[k] = counts[k];
        c->first[k] = total;
        total += counts[k];
        free += counts[k] - 1;
    }
    c->first[n] = total;
    c->n_free = free;
    c->n_state = (uint64_t)total + free + N_NUMBERS;
    c->state = (double *)calloc((size_t)c->n_state, sizeof *c->state);
    c->g = (double *)calloc(total + 1u, sizeof *c->g);
    c->steps = (double *)calloc(free + 1u, sizeof *c->steps);
    if (!c->state || !c->g || !c->steps)
        return HONE_ENOMEM;
    c->q = c->state;
    c->s = c->q + total;
    c->numbers = c->s + free;
    return HONE_OK;
}

void choices_release(struct choices *c)
{
    free(c->counts);
    free(c->first);
    free(c->state);
    free(c->g);
    free(c->steps);
    memset(c, 0, sizeof *c);
}

void choices_start(struct choices *c, const double *q)
{
    memset(c->state, 0, (size_t)c->n_state * sizeof *c->state);
    memcpy(c->q, q, c->first[c->n] * sizeof *q);
    c->numbers[DELTA] = c->numbers[SLOWNESS] = 1;
}

uint32_t choices_at(const struct choices *c, uint32_t k, double u)
{
    const double *q = c->q + c->first[k];
    for (uint32_t i = 0; i + 1 < c->counts[k]; i++) {
        if (u < q[i])
            return i;
        u -= q[i];
    }
    return c->counts[k] - 1;
}

/* g: natural gradient; steps: its image under a square root of the Fisher matrix (Akimoto et al. 2019,
 * appendix B). */
static void gradient(struct choices *c, const uint32_t *const *picked, const double *weights, uint32_t n_points)
{
    uint32_t at = 0;
    for (uint32_t k = 0; k < c->n; k++) {
        const double *q = c->q + c->first[k], last = q[c->counts[k] - 1];
        double *g = c->g + c->first[k], sum = 0;
        for (uint32_t i = 0; i < c->counts[k]; i++)
            g[i] = -q[i];
        for (uint32_t p = 0; p < n_points; p++)
            g[picked[p][k]] += weights[p];
        for (uint32_t i = 0; i + 1 < c->counts[k]; i++)
            sum += g[i];
        for (uint32_t i = 0; i + 1 < c->counts[k]; i++)
            c->steps[at++] = g[i] / sqrt(q[i]) + sqrt(q[i]) * sum / (last + sqrt(last));
    }
}

/* No probability below (1 - 0.73^(1/n)) / (choices - 1), CatCMA eq. 21; the sum stays 1. */
static void keep_alive(struct choices *c)
{
    for (uint32_t k = 0; k < c->n; k++) {
        const uint32_t n = c->counts[k];
        const double least = (1 - pow(0.73, 1.0 / c->n)) / (n - 1);
        double *q = c->q + c->first[k], sum = 0, over, again = 0;
        for (uint32_t i = 0; i < n; i++) {
            q[i] = q[i] > least ? q[i] : least; /* also where it is not a number */
            sum += q[i];
        }
        over = sum - least * n;
        for (uint32_t i = 0; i < n; i++) {
            q[i] -= over > 0 ? (sum - 1) * (q[i] - least) / over : 0;
            again += q[i];
        }
        for (uint32_t i = 0; i < n; i++)
            q[i] /= again;
    }
}

void choices_update(struct choices *c, const uint32_t *const *picked, const double *weights, uint32_t n_points)
{
    double squares = 0, beta, length, norm;
    if (!c->n)
        return;
    gradient(c, picked, weights, n_points);
    for (uint32_t i = 0; i < c->n_free; i++)
        squares += c->steps[i] * c->steps[i];
    norm = sqrt(squares) + 1e-30;
    for (uint32_t i = 0; i < c->first[c->n]; i++)
        c->q[i] += c->numbers[DELTA] / norm * c->g[i];
    c->numbers[DELTA] = 1 / c->numbers[SLOWNESS];
    beta = c->numbers[DELTA] / sqrt((double)c->n_free);
    beta = beta < 1 ? beta : 1;
    length = 0;
    for (uint32_t i = 0; i < c->n_free; i++) {
        c->s[i] = (1 - beta) * c->s[i] + sqrt(beta * (2 - beta)) * c->steps[i] / norm;
        length += c->s[i] * c->s[i];
    }
    c->numbers[GAMMA] = (1 - beta) * (1 - beta) * c->numbers[GAMMA] + beta * (2 - beta);
    c->numbers[SLOWNESS] *= exp(beta * (c->numbers[GAMMA] - length / ALPHA));
    keep_alive(c);
}

int choices_are_sound(const struct choices *c)
{
    for (uint64_t i = 0; i < c->n_state; i++)
        if (!isfinite(c->state[i]))
            return 0;
    for (uint32_t i = 0; i < c->first[c->n]; i++)
        if (!(c->q[i] > 0) || c->q[i] > 1)
            return 0;
    return c->numbers[DELTA] > 0 && c->numbers[SLOWNESS] > 0;
}
