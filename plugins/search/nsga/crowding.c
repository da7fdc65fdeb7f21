/* SPDX-License-Identifier: MIT */
/* search/nsga: survival by rank and crowding (Deb, Pratap, Agarwal and Meyarivan 2002), the crowding renewed after
 * every member taken away (Kukkonen and Deb 2006, "Improved pruning of non-dominated solutions based on crowding
 * distance for bi-objective optimization problems"). */
#include "nsga.h"

/* The neighbours of (n) members along each of m objectives, as lists that members leave. */
struct chains {
    uint64_t n;
    uint32_t m;
    uint64_t *before, *after; /* (m, n); n: none */
    double *range;            /* (m) 0: all are equal there */
    const double *values;     /* (n, m) */
};

static hone_rc chains_init(struct chains *c, const double *values, uint64_t n, uint32_t m, hone_error *err)
{
    uint64_t *order = (uint64_t *)malloc((size_t)(n + 1) * 2 * sizeof *order);
    double *column = (double *)malloc((size_t)(n + 1) * sizeof *column);
    hone_rc rc = HONE_OK;
    memset(c, 0, sizeof *c);
    c->n = n;
    c->m = m;
    c->values = values;
    c->before = (uint64_t *)malloc((size_t)(n * m + 1) * sizeof *c->before);
    c->after = (uint64_t *)malloc((size_t)(n * m + 1) * sizeof *c->after);
    c->range = (double *)calloc((size_t)m + 1, sizeof *c->range);
    if (!order || !column || !c->before || !c->after || !c->range) {
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for the crowding of %llu points", (unsigned long long)n);
        goto out;
    }
    for (uint32_t k = 0; k < m; k++) {
        for (uint64_t i = 0; i < n; i++) {
            column[i] = values[i * m + k];
            order[i] = i;
        }
        hone_pareto_sort_(column, NULL, 1, order, n, order + n);
        for (uint64_t i = 0; i < n; i++) {
            c->before[k * n + order[i]] = i ? order[i - 1] : n;
            c->after[k * n + order[i]] = i + 1 < n ? order[i + 1] : n;
        }
        c->range[k] = column[order[n - 1]] - column[order[0]];
    }
out:
    free(order);
    free(column);
    return rc;
}

static void chains_release(struct chains *c)
{
    free(c->before);
    free(c->after);
    free(c->range);
}

static double chains_distance(const struct chains *c, uint64_t i)
{
    double sum = 0;
    for (uint32_t k = 0; k < c->m; k++) {
        const uint64_t low = c->before[k * c->n + i], high = c->after[k * c->n + i];
        if (!(c->range[k] > 0))
            continue;
        if (low == c->n || high == c->n)
            return HUGE_VAL;
        sum += (c->values[high * c->m + k] - c->values[low * c->m + k]) / c->range[k];
    }
    return sum;
}

/* Takes i out; the distances of its neighbours change. */
static void chains_remove(struct chains *c, uint64_t i, double *distance, const unsigned char *keep)
{
    for (uint32_t k = 0; k < c->m; k++) {
        const uint64_t low = c->before[k * c->n + i], high = c->after[k * c->n + i];
        if (low < c->n)
            c->after[k * c->n + low] = high;
        if (high < c->n)
            c->before[k * c->n + high] = low;
    }
    for (uint32_t k = 0; k < c->m; k++) {
        const uint64_t near[2] = { c->before[k * c->n + i], c->after[k * c->n + i] };
        for (int side = 0; side < 2; side++)
            if (near[side] < c->n && keep[near[side]])
                distance[near[side]] = chains_distance(c, near[side]);
    }
}

/* Distances of the (n) members of one front, of which the `surplus` most crowded are taken away. */
static hone_rc thin(const double *values, uint64_t n, uint32_t m, uint64_t surplus, double *distance,
                    unsigned char *keep, hone_error *err)
{
    struct chains c;
    const hone_rc rc = chains_init(&c, values, n, m, err);
    if (rc == HONE_OK) {
        for (uint64_t i = 0; i < n; i++) {
            keep[i] = 1;
            distance[i] = chains_distance(&c, i);
        }
        for (; surplus; surplus--) {
            uint64_t worst = n;
            for (uint64_t i = 0; i < n; i++)
                if (keep[i] && (worst == n || distance[i] < distance[worst]))
                    worst = i;
            keep[worst] = 0;
            chains_remove(&c, worst, distance, keep);
        }
    }
    chains_release(&c);
    return rc;
}

void population_keep(struct population *p, const unsigned char *keep)
{
    uint64_t to = 0;
    for (uint64_t i = 0; i < p->n; i++) {
        if (!keep[i])
            continue;
        p->rows[to] = p->rows[i];
        memmove(p->values + to * p->n_values, p->values + i * p->n_values, p->n_values * sizeof *p->values);
        p->violation[to] = p->violation[i];
        p->rank[to] = p->rank[i];
        p->preference[to] = p->preference[i];
        to++;
    }
    p->n = to;
}

hone_rc crowding_select(struct population *p, uint64_t size, hone_error *err)
{
    double *values = (double *)malloc((size_t)(p->n * (p->n_values + 1ull) + 1) * sizeof *values);
    uint64_t *front = (uint64_t *)malloc((size_t)(p->n + 1) * sizeof *front);
    unsigned char *keep = (unsigned char *)calloc((size_t)(p->n + 1) * 2, 1), *keep_front;
    double *distance;
    uint64_t kept = 0;
    hone_rc rc = HONE_OK;
    if (!values || !front || !keep) {
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for a population of %llu", (unsigned long long)p->n);
        goto out;
    }
    keep_front = keep + p->n + 1;
    distance = values + p->n * p->n_values;
    for (uint32_t rank = 0; kept < size && kept < p->n; rank++) {
        uint64_t n = 0, surplus;
        for (uint64_t i = 0; i < p->n; i++)
            if (p->rank[i] == rank) {
                memcpy(values + n * p->n_values, p->values + i * p->n_values, p->n_values * sizeof *values);
                front[n++] = i;
            }
        if (!n)
            break;
        surplus = kept + n > size ? kept + n - size : 0;
        if ((rc = thin(values, n, p->n_values, surplus, distance, keep_front, err)) != HONE_OK)
            goto out;
        for (uint64_t i = 0; i < n; i++) {
            keep[front[i]] = keep_front[i];
            p->preference[front[i]] = distance[i];
        }
        kept += n - surplus;
    }
    population_keep(p, keep);
out:
    free(values);
    free(front);
    free(keep);
    return rc;
}
