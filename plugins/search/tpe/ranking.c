/* SPDX-License-Identifier: MIT */
/* search/tpe: the order of outcomes, the good ones, their weights. The fronts of several objectives: fronts.c. */
#include "ranking.h"

#include <stdlib.h>
#include <string.h>

void ranking_init(struct ranking *r, const hone_history *history)
{
    memset(r, 0, sizeof *r);
    r->history = history;
    r->ranked_at = -1;
}

void ranking_release(struct ranking *r)
{
    free(r->order);
    free(r->is_good);
    free(r->good);
    free(r->fresh);
    memset(r, 0, sizeof *r);
}

enum standing { COMPLETE, PRUNED, INFEASIBLE, FAILED };

static enum standing standing_of(const hone_history *h, uint64_t i)
{
    return h->status[i] == HONE_FAILED   ? FAILED
           : h->violation[i] > 0         ? INFEASIBLE
           : h->status[i] == HONE_PRUNED ? PRUNED
                                         : COMPLETE;
}

static int compare_numbers(double a, double b)
{
    return (a > b) - (a < b);
}

static int compare(const hone_history *h, uint64_t a, uint64_t b)
{
    const enum standing p = standing_of(h, a), q = standing_of(h, b);
    int order = (p > q) - (p < q);
    if (!order && p == COMPLETE && h->n_values == 1)
        order = compare_numbers(h->values[a], h->values[b]);
    if (!order && p == PRUNED) {
        order = (h->step[a] < h->step[b]) - (h->step[a] > h->step[b]);
        if (!order)
            order = compare_numbers(h->values[a * h->n_values], h->values[b * h->n_values]);
    }
    if (!order && p == INFEASIBLE)
        order = compare_numbers(h->violation[a], h->violation[b]);
    if (!order)
        order = (h->trial[a] > h->trial[b]) - (h->trial[a] < h->trial[b]);
    return order ? order : (a > b) - (a < b);
}

static hone_rc reserve(struct ranking *r, uint64_t index, hone_error *err)
{
    uint64_t capacity = r->capacity ? r->capacity : 64;
    if (index < r->capacity)
        return HONE_OK;
    while (capacity <= index)
        capacity *= 2;
    if (capacity > UINT32_MAX || !hone_history_grow_((void **)&r->order, capacity, 1, sizeof *r->order) ||
        !hone_history_grow_((void **)&r->is_good, capacity, 1, sizeof *r->is_good) ||
        !hone_history_grow_((void **)&r->good, capacity, 1, sizeof *r->good) ||
        !hone_history_grow_((void **)&r->fresh, capacity, 1, sizeof *r->fresh))
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the order of %llu trials",
                         (unsigned long long)capacity);
    r->capacity = capacity;
    return HONE_OK;
}

hone_rc ranking_tell(struct ranking *r, uint64_t new, hone_error *err)
{
    const hone_history *h = r->history;
    const hone_rc rc = reserve(r, new, err);
    uint64_t low = 0, high = r->n;
    if (rc != HONE_OK)
        return rc;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (compare(h, r->order[middle], new) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    memmove(r->order + low + 1, r->order + low, (size_t)(r->n - low) * sizeof *r->order);
    r->order[low] = (uint32_t) new;
    r->is_good[new] = 0;
    r->n++;
    r->n_complete += standing_of(h, new) == COMPLETE;
    r->n_usable += standing_of(h, new) != FAILED;
    return HONE_OK;
}

/* Numbers of the best n_good complete outcomes of several objectives into r->fresh: (n_good). */
static hone_rc best_fronts(struct ranking *r, uint64_t n_good, hone_error *err)
{
    const uint32_t m = r->history->n_values;
    const uint64_t n = r->n_complete;
    double *values = (double *)malloc((size_t)(n * m + 1) * sizeof *values);
    uint32_t *rank = (uint32_t *)malloc((size_t)(n + 1) * sizeof *rank);
    uint64_t *split = (uint64_t *)malloc((size_t)(n + 1) * 2 * sizeof *split), *rows = split + n + 1;
    uint64_t taken = 0, n_rows = 0;
    uint32_t front = 0;
    hone_rc rc = HONE_ENOMEM;
    if (!values || !rank || !split) {
        hone_fail(err, HONE_ENOMEM, "", "out of memory for the fronts of %llu trials", (unsigned long long)n);
        goto out;
    }
    for (uint64_t i = 0; i < n; i++)
        memcpy(values + i * m, r->history->values + (uint64_t)r->order[i] * m, m * sizeof *values);
    if ((rc = hone_pareto_rank(values, NULL, n, m, rank, err)) != HONE_OK)
        goto out;
    for (;; front++) { /* whole fronts, as long as they fit */
        uint64_t size = 0;
        for (uint64_t i = 0; i < n; i++)
            size += rank[i] == front;
        if (!size || taken + size > n_good)
            break;
        for (uint64_t i = 0; i < n; i++)
            if (rank[i] == front)
                r->fresh[taken++] = r->order[i];
    }
    if (taken == n_good)
        goto out;
    for (uint64_t i = 0; i < n; i++)
        if (rank[i] == front) {
            memmove(values + n_rows * m, values + i * m, m * sizeof *values);
            rows[n_rows++] = i;
        }
    if ((rc = hypervolume_subset(values, n_rows, m, n_good - taken, split, err)) != HONE_OK)
        goto out;
    for (uint64_t i = 0; i < n_good - taken; i++)
        r->fresh[taken + i] = r->order[rows[split[i]]];
out:
    free(values);
    free(rank);
    free(split);
    return rc;
}

hone_rc ranking_split(struct ranking *r, uint64_t n_good, ranking_moved moved, void *ctx, hone_error *err)
{
    enum { WAS = 1, STAYS = 2 };
    hone_rc rc = HONE_OK;
    uint32_t *swap;
    if (n_good > r->n_usable)
        n_good = r->n_usable;
    if (r->history->n_values > 1 && n_good < r->n_complete) {
        if (n_good == r->n_good && r->ranked_at == (int64_t)r->n_complete)
            return HONE_OK;
        if ((rc = best_fronts(r, n_good, err)) != HONE_OK)
            return rc;
    } else if (n_good) {
        memcpy(r->fresh, r->order, (size_t)n_good * sizeof *r->fresh);
    }
    r->ranked_at = (int64_t)r->n_complete;
    r->version++;
    for (uint64_t i = 0; i < n_good; i++)
        r->is_good[r->fresh[i]] |= STAYS;
    for (uint64_t i = 0; i < r->n_good && rc == HONE_OK; i++)
        if (r->is_good[r->good[i]] == WAS) {
            r->is_good[r->good[i]] = 0;
            rc = moved(ctx, r->good[i], 0, err);
        }
    for (uint64_t i = 0; i < n_good && rc == HONE_OK; i++) {
        if (r->is_good[r->fresh[i]] == STAYS)
            rc = moved(ctx, r->fresh[i], 1, err);
        r->is_good[r->fresh[i]] = WAS;
    }
    swap = r->good;
    r->good = r->fresh;
    r->fresh = swap;
    r->n_good = n_good;
    return rc;
}

/* Of several objectives: the shares that the good ones have in their hypervolume. */
static hone_rc front_weights(const struct ranking *r, double *weights, hone_error *err)
{
    const hone_history *h = r->history;
    const uint32_t m = h->n_values;
    double *values = (double *)malloc((size_t)(r->n_good * m + 1) * sizeof *values);
    hone_rc rc;
    if (!values)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the weights of %llu trials",
                         (unsigned long long)r->n_good);
    for (uint64_t i = 0; i < r->n_good; i++)
        memcpy(values + i * m, h->values + (uint64_t)r->good[i] * m, m * sizeof *values);
    rc = hypervolume_shares(values, r->n_good, m, weights, err);
    free(values);
    return rc;
}

hone_rc ranking_weights(const struct ranking *r, double *weights, hone_error *err)
{
    const hone_history *h = r->history;
    const uint64_t n = r->n_good;
    if (h->n_values > 1 && n <= r->n_complete && n)
        return front_weights(r, weights, err);
    for (uint64_t i = 0; i < n; i++)
        weights[i] = 1;
    for (uint64_t i = 0; i < n && h->n_values == 1; i++) /* good is in order */
        weights[i] = log((double)n + 0.5) - log((double)i + 1);
    return HONE_OK;
}
