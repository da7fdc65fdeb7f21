/* SPDX-License-Identifier: MIT */
/* Metrics for which the numbers have to be sorted: all are kept. */
#include "regression.h"

hone_rc numbers_append(struct numbers *all, const float *x, const float *t, uint64_t n, hone_error *err)
{
    const uint64_t k = all->k;
    if (n > all->capacity - all->n) {
        const uint64_t capacity = all->n + n > 2 * all->capacity ? all->n + n : 2 * all->capacity;
        float *more_x = realloc(all->x, capacity * k * sizeof *more_x);
        if (more_x)
            all->x = more_x;
        float *more_t = more_x ? realloc(all->t, capacity * k * sizeof *more_t) : NULL;
        if (!more_t)
            return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the numbers of %llu samples",
                             (unsigned long long)(all->n + n));
        all->t = more_t;
        all->capacity = capacity;
    }
    if (n) {
        memcpy(all->x + all->n * k, x, n * k * sizeof *x);
        memcpy(all->t + all->n * k, t, n * k * sizeof *t);
    }
    all->n += n;
    return HONE_OK;
}

void numbers_release(struct numbers *all)
{
    free(all->x);
    free(all->t);
    memset(all, 0, sizeof *all);
}

struct item {
    double value;
    uint64_t at; /* sample */
};

static int ascending(const void *a, const void *b)
{
    const double x = ((const struct item *)a)->value, y = ((const struct item *)b)->value;
    return (x > y) - (x < y);
}

/* Of n >= 1 items, which are sorted: the middle one, or the mean of the two. */
static double median(struct item *items, uint64_t n)
{
    qsort(items, n, sizeof *items, ascending);
    return n % 2 ? items[n / 2].value : (items[n / 2 - 1].value + items[n / 2].value) / 2;
}

/* Ranks from 1 on into ranks: (n), ties taking the mean of theirs; items are sorted. */
static void rank(struct item *items, uint64_t n, double *ranks)
{
    qsort(items, n, sizeof *items, ascending);
    for (uint64_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && items[end].value <= items[i].value; end++)
            continue;
        for (uint64_t k = i; k < end; k++)
            ranks[items[k].at] = 0.5 * (double)(i + 1 + end);
    }
}

static double median_absolute_error(const struct numbers *all, uint64_t output, struct item *items)
{
    for (uint64_t i = 0; i < all->n; i++) {
        const uint64_t at = i * all->k + output;
        items[i] = (struct item){ fabs((double)all->x[at] - (double)all->t[at]), i };
    }
    return median(items, all->n);
}

/* The correlation of the ranks. ranks: (2 n) */
static double spearman(const struct numbers *all, uint64_t output, struct item *items, double *ranks)
{
    struct moments m;
    memset(&m, 0, sizeof m);
    for (int side = 0; side < 2; side++) {
        const float *values = side ? all->t : all->x;
        for (uint64_t i = 0; i < all->n; i++)
            items[i] = (struct item){ (double)values[i * all->k + output], i };
        rank(items, all->n, ranks + (side ? all->n : 0));
    }
    for (uint64_t i = 0; i < all->n; i++)
        moments_add(&m, ranks[i], ranks[all->n + i]);
    return moments_value(&m, NUMBER_PEARSON);
}

hone_rc numbers_value(const struct numbers *all, enum number_kind kind, double *value, hone_error *err)
{
    struct item *items = calloc(all->n + 1, sizeof *items);
    double *ranks = calloc(2 * all->n + 1, sizeof *ranks), sum = 0;
    *value = (double)NAN;
    if (!items || !ranks) {
        free(items);
        free(ranks);
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory to sort %llu numbers", (unsigned long long)all->n);
    }
    for (uint64_t output = 0; output < all->k && all->n; output++)
        sum += kind == NUMBER_SPEARMAN ? spearman(all, output, items, ranks)
                                       : median_absolute_error(all, output, items);
    if (all->n)
        *value = sum / (double)all->k;
    free(items);
    free(ranks);
    return HONE_OK;
}
