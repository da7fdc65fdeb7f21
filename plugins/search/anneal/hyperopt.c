/* SPDX-License-Identifier: MIT */
/* search/anneal: hyperopt's anneal.suggest (Bergstra, J., Yamins, D. and Cox, D. D. (2013); hyperopt 0.3, anneal.py):
 * a good trial is chosen, and every parameter is drawn from its prior, narrowed around the value there. */
#include "anneal.h"

hone_rc ranking_init(struct ranking *r, uint32_t n_dims, hone_error *err)
{
    memset(r, 0, sizeof *r);
    r->active = (uint64_t *)calloc((size_t)n_dims + 1, sizeof *r->active);
    return r->active ? HONE_OK : hone_fail(err, HONE_ENOMEM, "", "out of memory for %u parameters", n_dims);
}

void ranking_release(struct ranking *r)
{
    free(r->rows);
    free(r->active);
    memset(r, 0, sizeof *r);
}

void ranking_reset(struct ranking *r, uint32_t n_dims)
{
    r->n = 0;
    memset(r->active, 0, n_dims * sizeof *r->active);
}

/* 1 where outcome a is better than b: complete before pruned before failed; then less violation, then the lower
 * value. */
static int better(const hone_history *h, uint64_t a, uint64_t b)
{
    if (h->status[a] != h->status[b])
        return h->status[a] < h->status[b];
    return hone_judged_better(hone_history_judged(h, a), hone_history_judged(h, b));
}

hone_rc ranking_hear(struct anneal *a, uint64_t row, hone_error *err)
{
    struct ranking *r = &a->ranking;
    const hone_history *h = &a->history;
    uint64_t low = 0, high = r->n;
    if (r->n == r->capacity) {
        const uint64_t capacity = r->capacity ? r->capacity * 2 : 64;
        uint64_t *more = (uint64_t *)realloc(r->rows, (size_t)capacity * sizeof *more);
        if (!more)
            return hone_fail(err, HONE_ENOMEM, "", "out of memory for the order of the trials");
        r->rows = more;
        r->capacity = capacity;
    }
    while (low < high) { /* after its equals */
        const uint64_t middle = low + (high - low) / 2;
        if (better(h, row, r->rows[middle]))
            high = middle;
        else
            low = middle + 1;
    }
    memmove(r->rows + low + 1, r->rows + low, (size_t)(r->n - low) * sizeof *r->rows);
    r->rows[low] = row;
    r->n++;
    for (uint32_t i = 0; i < h->n_dims; i++)
        r->active[i] += isnan(h->x[row * h->n_dims + i]) ? 0u : 1u;
    return HONE_OK;
}

/* The trial number k of those that have dimension i, best first; k is geometric with mean average_best_index, from 0. */
static uint64_t choose(const struct anneal *a, uint32_t i, hone_rng *rng)
{
    const struct ranking *r = &a->ranking;
    const double p = 1 / a->settings.average_best_index;
    const double drawn = p < 1 ? floor(log(1 - hone_rng_uniform(rng)) / log(1 - p)) : 0;
    uint64_t k = drawn < (double)r->active[i] - 1 ? (uint64_t)drawn : r->active[i] - 1, at = 0;
    for (;; at++)
        if (!isnan(a->history.x[r->rows[at] * a->history.n_dims + i]) && !k--)
            return r->rows[at];
}

/* A draw from dimension d's prior, narrowed by `shrink` around v. */
static double narrowed(const hone_dim *d, double v, double shrink, hone_rng *rng)
{
    if (d->type == HONE_DIM_CHOICE)
        return hone_rng_uniform(rng) < shrink ? hone_dim_from_unit(d, hone_rng_uniform(rng)) : v;
    if (d->flags & HONE_DIM_NORMAL) {
        const int is_log = (d->flags & HONE_DIM_LOG) != 0;
        const double middle = is_log ? log(v > 0 ? v : 1e-16) : v;
        double w = v;
        for (int k = 0; k < 100; k++) { /* cut as the prior is */
            w = middle + shrink * d->deviation * hone_rng_normal(rng);
            w = is_log ? exp(w) : w;
            if (w >= d->min && w <= d->max)
                break;
        }
        return hone_dim_snap(d, w);
    }
    {
        const double half = 0.5 * shrink, u = hone_dim_to_unit(d, v);
        const double middle = u < half ? half : u > 1 - half ? 1 - half : u;
        return hone_dim_from_unit(d, middle + shrink * (hone_rng_uniform(rng) - 0.5));
    }
}

void ranking_step(const struct anneal *a, hone_rng *rng, double *x)
{
    const hone_history *h = &a->history;
    uint64_t chosen[8], n_chosen = 0; /* the good trial, and runners-up where it lacks a parameter */
    for (uint32_t i = 0; i < h->n_dims; i++) {
        const hone_dim *d = a->space->dims[i];
        uint64_t from = NOWHERE, seen = a->ranking.active[i];
        if (!hone_space_active(a->space, x, i)) {
            x[i] = (double)NAN;
            continue;
        }
        if (!seen) {
            x[i] = hone_dim_from_unit(d, hone_rng_uniform(rng));
            continue;
        }
        for (uint64_t k = 0; k < n_chosen && from == NOWHERE; k++)
            if (!isnan(h->x[chosen[k] * h->n_dims + i]))
                from = chosen[k];
        if (from == NOWHERE) {
            from = choose(a, i, rng);
            if (n_chosen < 8)
                chosen[n_chosen++] = from;
        }
        for (uint64_t k = 0; k < h->n_running; k++)
            seen += isnan(h->running_x[k * h->n_dims + i]) ? 0u : 1u;
        x[i] = narrowed(d, h->x[from * h->n_dims + i], 1 / (1 + (double)seen * a->settings.shrink), rng);
    }
}
