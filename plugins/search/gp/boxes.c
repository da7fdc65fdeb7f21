/* SPDX-License-Identifier: MIT */
/* search/gp: exact log expected hypervolume improvement of independent normal values, of any number of objectives.
 *
 * The part of the space below the reference that no point dominates is cut into disjoint boxes (low, high]. A new point y
 * adds the volume of what it dominates in each of them, and the expectation of that is a product over the objectives of
 * psi(high) - psi(low), with psi(a) = E max(a - y, 0) = sd h((a - mean) / sd) (Emmerich, M. T. M., Deutz, A. H. and
 * Klinkenberg, J. W. (2011), "Hypervolume-based expected improvement: monotonicity properties and exact computation",
 * CEC; Yang, K., Emmerich, M., Deutz, A. and Baeck, T. (2019), "Efficient computation of expected hypervolume improvement
 * using box decomposition algorithms", J. Glob. Optim. 75). Sums of products of logarithms keep it from underflow. */
#include "gp.h"

#include "hone/pareto.h"

void boxes_release(struct boxes *b)
{
    free(b->levels);
    free(b->low);
    free(b->high);
    free(b->scratch);
    memset(b, 0, sizeof *b);
}

struct slicing {
    struct boxes *boxes;
    const double *points; /* (m, n) */
    uint64_t most, n;
    uint64_t *room;                                       /* (m + 1, n) indices */
    uint32_t low[MOST_OBJECTIVES], high[MOST_OBJECTIVES]; /* the box as far as it is cut */
};

/* Number of the level that `value` is. */
static uint32_t level_of(const struct boxes *b, uint32_t k, double value)
{
    const double *levels = b->levels + k * b->stride;
    uint32_t low = 0, high = b->n_levels[k] - 1;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (levels[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* 1: the box is kept; 0: more than allowed, -1: out of memory. */
static int emit(struct slicing *s)
{
    struct boxes *b = s->boxes;
    if (b->n == s->most)
        return 0;
    if (b->n == b->capacity) {
        const uint64_t more = b->capacity ? b->capacity * 2 : 64;
        if (!hone_history_grow_((void **)&b->low, more, b->m, sizeof *b->low) ||
            !hone_history_grow_((void **)&b->high, more, b->m, sizeof *b->high))
            return -1;
        b->capacity = more;
    }
    memcpy(b->low + b->n * b->m, s->low, b->m * sizeof *b->low);
    memcpy(b->high + b->n * b->m, s->high, b->m * sizeof *b->high);
    b->n++;
    return 1;
}

/* Cuts what n points, the indices at `set`, leave in the first k objectives: slices along the last of them, in which one
 * objective less matters. */
static int slice(struct slicing *s, const uint64_t *set, uint64_t n, uint32_t k)
{
    const struct boxes *b = s->boxes;
    const uint32_t m = b->m, last = k - 1, top = b->n_levels[last] - 1;
    uint64_t *own = s->room + k * s->n, kept = 0;
    int rc;
    if (k == 1) {
        double least = b->levels[top];
        for (uint64_t i = 0; i < n; i++)
            least = s->points[set[i] * m] < least ? s->points[set[i] * m] : least;
        s->low[0] = 0;
        s->high[0] = level_of(b, 0, least);
        return s->high[0] > 0 ? emit(s) : 1;
    }
    for (uint64_t i = 0; i < n; i++) { /* the front of the set in these objectives, by insertion along the last one */
        const double *p = s->points + set[i] * m;
        uint64_t at = 0;
        int beaten = 0;
        for (uint64_t j = 0; j < n && !beaten; j++) {
            const double *q = s->points + set[j] * m;
            uint32_t o = 0, same = 0;
            for (; o < k && q[o] <= p[o]; o++)
                same += q[o] >= p[o];
            beaten = o == k && (same < k || j < i);
        }
        if (beaten)
            continue;
        while (at < kept && s->points[own[at] * m + last] <= p[last])
            at++;
        memmove(own + at + 1, own + at, (size_t)(kept - at) * sizeof *own);
        own[at] = set[i];
        kept++;
    }
    s->low[last] = 0;
    for (uint64_t i = 0; i <= kept; i++) {
        s->high[last] = i < kept ? level_of(b, last, s->points[own[i] * m + last]) : top;
        if (s->high[last] > s->low[last] && (rc = slice(s, own, i, k - 1)) != 1)
            return rc;
        s->low[last] = s->high[last];
    }
    return 1;
}

static int compare(const void *p, const void *q)
{
    const double x = *(const double *)p, y = *(const double *)q;
    return (x > y) - (x < y);
}

/* The coordinates of the points in every objective, sorted, -infinity before and the reference after. */
static int set_levels(struct boxes *b, const double *points, uint64_t n, const double *reference)
{
    b->stride = n + 2;
    free(b->levels);
    free(b->scratch);
    b->levels = (double *)malloc((size_t)(b->stride * b->m) * sizeof *b->levels);
    b->scratch = (double *)malloc((size_t)(b->stride * b->m) * 3 * sizeof *b->scratch);
    if (!b->levels || !b->scratch)
        return 0;
    for (uint32_t k = 0; k < b->m; k++) {
        double *levels = b->levels + k * b->stride;
        uint32_t count = 1;
        levels[0] = -HUGE_VAL;
        for (uint64_t i = 0; i < n; i++)
            levels[i + 1] = points[i * b->m + k];
        levels[n + 1] = reference[k];
        qsort(levels, (size_t)n + 2, sizeof *levels, compare);
        for (uint64_t i = 1; i < n + 2; i++)
            if (levels[i] > levels[count - 1])
                levels[count++] = levels[i];
        b->n_levels[k] = count;
    }
    return 1;
}

hone_rc boxes_init(struct boxes *b, const double *points, uint64_t n, uint32_t m, const double *reference,
                   uint64_t most, hone_error *err)
{
    struct slicing s = { b, NULL, most, n, NULL, { 0 }, { 0 } };
    double *front = (double *)malloc((size_t)(n + 1) * (m + 1) * sizeof *front), *crowding = front + (n + 1) * m;
    uint64_t *members = (uint64_t *)malloc((size_t)(n + 1) * (m + 2) * sizeof *members), count = 0;
    hone_rc rc = HONE_OK;
    int done = 0;
    b->m = m;
    b->n = 0;
    if (!front || !members)
        goto full;
    s.room = members;
    s.points = front;
    if ((rc = hone_pareto_front(points, NULL, n, m, members, &count, err)) != HONE_OK)
        goto out;
    s.n = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint32_t k = 0;
        while (k < m && points[members[i] * m + k] < reference[k])
            k++;
        if (k == m)
            memcpy(front + m * s.n++, points + members[i] * m, m * sizeof *front);
    }
    for (;;) {
        b->n = 0;
        if (!set_levels(b, front, s.n, reference))
            goto full;
        for (uint64_t i = 0; i < s.n; i++)
            s.room[i] = i;
        done = slice(&s, s.room, s.n, m);
        if (done < 0)
            goto full;
        if (done > 0)
            break;
        /* too many: leave out the fifth of the front that is least apart */
        for (uint64_t drop = s.n / 5 + 1; drop > 0; drop--) {
            uint64_t worst = 0;
            if ((rc = hone_pareto_crowding(front, m, NULL, s.n, crowding, err)) != HONE_OK)
                goto out;
            for (uint64_t i = 1; i < s.n; i++)
                worst = crowding[i] < crowding[worst] ? i : worst;
            memmove(front + worst * m, front + (worst + 1) * m, (size_t)((s.n - worst - 1) * m) * sizeof *front);
            s.n--;
        }
    }
    goto out;
full:
    rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for the front of %llu points", (unsigned long long)n);
out:
    free(front);
    free(members);
    return rc;
}

/* log psi at every level relative to nothing, and its derivatives by mean and sd over psi. */
static void set_psi(const struct boxes *b, const double *mean, const double *sd)
{
    double *psi = b->scratch, *by_mean = psi + b->stride * b->m, *by_sd = by_mean + b->stride * b->m;
    for (uint32_t k = 0; k < b->m; k++)
        for (uint32_t i = 1; i < b->n_levels[k]; i++) {
            const uint64_t at = k * b->stride + i;
            const double t = (b->levels[at] - mean[k]) / sd[k];
            double slope;
            psi[at] = log(sd[k]) + log_h(t, &slope);
            by_mean[at] = -slope / sd[k];
            by_sd[at] = (1 - t * slope) / sd[k];
        }
}

double boxes_log_ehvi(const struct boxes *b, const double *mean, const double *sd, double *by_mean, double *by_sd)
{
    const double *psi = b->scratch, *psi_mean = psi + b->stride * b->m, *psi_sd = psi_mean + b->stride * b->m;
    const uint32_t m = b->m;
    double largest = -HUGE_VAL, sum = 0, box_mean[MOST_OBJECTIVES], box_sd[MOST_OBJECTIVES];
    set_psi(b, mean, sd);
    for (uint32_t k = 0; by_mean && k < m; k++)
        by_mean[k] = by_sd[k] = 0;
    for (uint64_t i = 0; i < b->n; i++) {
        double value = 0, weight;
        for (uint32_t k = 0; k < m; k++) {
            const uint64_t high = k * b->stride + b->high[i * m + k], low = k * b->stride + b->low[i * m + k];
            double share = 0, rest = 1; /* psi(low) / psi(high), and what it leaves */
            if (b->low[i * m + k]) {
                share = exp(psi[low] - psi[high]);
                rest = -expm1(psi[low] - psi[high]);
                rest = rest > 1e-300 ? rest : 1e-300;
            }
            value += psi[high] + (share > 0 ? log(rest) : 0);
            if (by_mean) {
                box_mean[k] = (psi_mean[high] - (share > 0 ? share * psi_mean[low] : 0)) / rest;
                box_sd[k] = (psi_sd[high] - (share > 0 ? share * psi_sd[low] : 0)) / rest;
            }
        }
        if (value > largest) {
            const double scale = exp(largest - value);
            largest = value;
            sum *= scale;
            for (uint32_t k = 0; by_mean && k < m; k++) {
                by_mean[k] *= scale;
                by_sd[k] *= scale;
            }
        }
        weight = exp(value - largest);
        sum += weight;
        for (uint32_t k = 0; by_mean && k < m; k++) {
            by_mean[k] += weight * box_mean[k];
            by_sd[k] += weight * box_sd[k];
        }
    }
    for (uint32_t k = 0; by_mean && k < m; k++) {
        by_mean[k] /= sum;
        by_sd[k] /= sum;
    }
    return largest + log(sum);
}
