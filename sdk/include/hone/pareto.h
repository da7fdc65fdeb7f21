/* SPDX-License-Identifier: MIT */
/* hone/pareto.h - help for plugins that weigh several objectives: ranks, fronts, crowding, hypervolume. Header only.
 *
 * Values are (n, m) doubles, row after row, lower is better; NaN counts as +inf. Point a dominates b where it is
 * nowhere worse and somewhere better. With violations (n), see hone_violation, the rules are those of Deb, K.,
 * Pratap, A., Agarwal, S. and Meyarivan, T. (2002), "A fast and elitist multiobjective genetic algorithm: NSGA-II",
 * IEEE TEC 6(2), section VI: a point without violation dominates every point with one, among violating ones the
 * smaller violation dominates whatever the values are. Equal points never dominate each other. [any] */
#ifndef HONE_PARETO_H
#define HONE_PARETO_H
#include "hone/param.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

static inline double hone_pareto_value_(double v)
{
    return isnan(v) ? HUGE_VAL : v;
}

/* 1 where a: (m) dominates b: (m). */
static inline int hone_pareto_dominates(const double *a, const double *b, uint32_t m)
{
    int better = 0;
    for (uint32_t k = 0; k < m; k++) {
        const double p = hone_pareto_value_(a[k]), q = hone_pareto_value_(b[k]);
        if (p > q)
            return 0;
        better |= p < q;
    }
    return better;
}

/* The same with violations, >= 0. */
static inline int hone_pareto_dominates_under(const double *a, double a_violation, const double *b, double b_violation,
                                              uint32_t m)
{
    if (a_violation > 0 || b_violation > 0)
        return a_violation < b_violation;
    return hone_pareto_dominates(a, b, m);
}

/* < 0, 0, > 0: row a before b, by violation, then, without any, by the values from the first on. */
static inline int hone_pareto_order_(const double *values, const double *violation, uint32_t m, uint64_t a, uint64_t b)
{
    const double p = violation ? violation[a] : 0, q = violation ? violation[b] : 0;
    if (p > 0 || q > 0)
        return (p > q) - (p < q);
    for (uint32_t k = 0; k < m; k++) {
        const double v = hone_pareto_value_(values[a * m + k]), w = hone_pareto_value_(values[b * m + k]);
        if (v < w || v > w)
            return v < w ? -1 : 1;
    }
    return 0;
}

/* Sorts order: (n), rows, by hone_pareto_order_: bottom-up mergesort, equal rows keep their order. scratch: (n). */
static inline void hone_pareto_sort_(const double *values, const double *violation, uint32_t m, uint64_t *order,
                                     uint64_t n, uint64_t *scratch)
{
    for (uint64_t width = 1; width < n; width *= 2) {
        for (uint64_t low = 0; low < n; low += 2 * width) {
            const uint64_t middle = low + width < n ? low + width : n, high = low + 2 * width < n ? low + 2 * width : n;
            uint64_t i = low, j = middle;
            for (uint64_t k = low; k < high; k++)
                scratch[k] = j >= high ||
                                     (i < middle && hone_pareto_order_(values, violation, m, order[i], order[j]) <= 0)
                                 ? order[i++]
                                 : order[j++];
        }
        memcpy(order, scratch, (size_t)n * sizeof *order);
    }
}

/* 1 where a row of the front whose rows, latest first, start at `last` dominates row i. before: (n) the row that joined
 * the same front earlier, or n. Rows come in hone_pareto_order_, so the latest is likeliest to dominate; of two
 * objectives it alone can. */
static inline int hone_pareto_front_beats_(const double *values, uint32_t m, uint64_t last, const uint64_t *before,
                                           uint64_t n, uint64_t i)
{
    for (; last < n; last = before[last]) {
        if (hone_pareto_dominates(values + last * m, values + i * m, m))
            return 1;
        if (m <= 2)
            return 0;
    }
    return 0;
}

/* Non-dominated sorting. rank: (n), 0 for the front that nothing dominates, 1 for what only that front dominates, and
 * so on; violation: (n) or NULL. O(n log n) for m <= 2, else at most O(m n^2) with binary search for the front of
 * each point (Zhang, X., Tian, Y., Cheng, R. and Jin, Y. (2015), "An efficient approach to nondominated sorting",
 * IEEE TEC 19(2)). HONE_ENOMEM. */
static inline hone_rc hone_pareto_rank(const double *values, const double *violation, uint64_t n, uint32_t m,
                                       uint32_t *rank, hone_error *err)
{
    uint64_t *order = (uint64_t *)malloc((size_t)(n + 1) * 3 * sizeof *order);
    uint64_t *last, *before, n_fronts = 0, i = 0;
    if (!order)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for ranking %llu points", (unsigned long long)n);
    last = order + n + 1; /* (n_fronts) */
    before = last + n + 1;
    for (uint64_t k = 0; k < n; k++)
        order[k] = k;
    hone_pareto_sort_(values, violation, m, order, n, last);
    for (; i < n && !(violation && violation[order[i]] > 0); i++) {
        uint64_t low = 0, high = n_fronts;
        while (low < high) { /* a point that front k does not beat, no later front beats */
            const uint64_t middle = low + (high - low) / 2;
            if (hone_pareto_front_beats_(values, m, last[middle], before, n, order[i]))
                low = middle + 1;
            else
                high = middle;
        }
        before[order[i]] = low < n_fronts ? last[low] : n;
        last[low] = order[i];
        n_fronts += low == n_fronts;
        rank[order[i]] = (uint32_t)low;
    }
    for (uint64_t first = i; i < n; i++) {
        n_fronts += i == first || violation[order[i]] > violation[order[i - 1]];
        rank[order[i]] = (uint32_t)(n_fronts - 1);
    }
    free(order);
    return HONE_OK;
}

/* The rows that nothing dominates, in rising order, into members: (n), and their number. Without a row free of
 * violation: those of the least violation. violation: (n) or NULL. HONE_ENOMEM. */
static inline hone_rc hone_pareto_front(const double *values, const double *violation, uint64_t n, uint32_t m,
                                        uint64_t *members, uint64_t *n_members, hone_error *err)
{
    uint64_t *order = (uint64_t *)malloc((size_t)(n + 1) * 2 * sizeof *order), *before;
    uint64_t last = n, count = 0;
    if (!order)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the front of %llu points", (unsigned long long)n);
    before = order + n + 1;
    for (uint64_t k = 0; k < n; k++)
        order[k] = k;
    hone_pareto_sort_(values, violation, m, order, n, before);
    for (uint64_t k = 0; k < n; k++)
        before[k] = UINT64_MAX; /* not on the front */
    for (uint64_t k = 0; k < n; k++) {
        const uint64_t i = order[k];
        const double v = violation ? violation[i] : 0, least = violation ? violation[order[0]] : 0;
        if (v > least && v > 0)
            break;
        if (v > 0 || !hone_pareto_front_beats_(values, m, last, before, n, i)) {
            before[i] = last;
            last = i;
        }
    }
    for (uint64_t i = 0; i < n; i++)
        if (before[i] != UINT64_MAX)
            members[count++] = i;
    *n_members = count;
    free(order);
    return HONE_OK;
}

/* Crowding distance of Deb et al. 2002, section III-B. distance: (n), of the rows members: (n) (NULL: rows 0 .. n-1)
 * among themselves: HUGE_VAL at the ends of an objective, else the sum over the objectives of the gap between the two
 * neighbours, as a share of the range. An objective in which all are equal tells nothing; ranges are those of the
 * finite values, and between equal infinities lies no gap. HONE_ENOMEM. */
static inline hone_rc hone_pareto_crowding(const double *values, uint32_t m, const uint64_t *members, uint64_t n,
                                           double *distance, hone_error *err)
{
    double *column = (double *)malloc((size_t)(n + 1) * sizeof *column);
    uint64_t *order = (uint64_t *)malloc((size_t)(n + 1) * 2 * sizeof *order);
    hone_rc rc = HONE_OK;
    if (!column || !order) {
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for the crowding of %llu points", (unsigned long long)n);
        goto out;
    }
    for (uint64_t i = 0; i < n; i++) {
        distance[i] = 0;
        order[i] = i;
    }
    for (uint32_t k = 0; k < m && n; k++) {
        double low, high, range = 0;
        uint64_t first = 0, last = n;
        for (uint64_t i = 0; i < n; i++)
            column[i] = hone_pareto_value_(values[(members ? members[i] : i) * m + k]);
        hone_pareto_sort_(column, NULL, 1, order, n, order + n);
        if (!(column[order[n - 1]] > column[order[0]]))
            continue;
        while (first < n && !isfinite(column[order[first]]))
            first++;
        while (last > first && !isfinite(column[order[last - 1]]))
            last--;
        if (last > first)
            range = column[order[last - 1]] - column[order[first]];
        if (!(range > 0) || !isfinite(range))
            range = 1;
        distance[order[0]] = distance[order[n - 1]] = HUGE_VAL;
        for (uint64_t i = 1; i + 1 < n; i++) {
            low = column[order[i - 1]];
            high = column[order[i + 1]];
            distance[order[i]] += high > low ? (high - low) / range : 0;
        }
    }
out:
    free(column);
    free(order);
    return rc;
}

/* ---- hypervolume: what the points dominate, up to a reference point; minimizing ---- */

/* Area of p: (n, 2) under r: (2); order: (n) sorted by the first coordinate. */
static inline double hone_hypervolume_2_(const double *p, const uint64_t *order, uint64_t n, const double *r)
{
    double area = 0, low = r[1];
    for (uint64_t i = 0; i < n; i++) {
        const double *q = p + order[i] * 2;
        if (q[1] < low) {
            area += (r[0] - q[0]) * (low - q[1]);
            low = q[1];
        }
    }
    return area;
}

/* Volume of p: (n, 3), all within r: (3); order: (n) by the last coordinate, rising. A sweep along it keeps the
 * staircase of the first two, x rising, y falling: stair: (n + 1, 2). */
static inline double hone_hypervolume_3_(const double *p, const uint64_t *order, uint64_t n, const double *r,
                                         double *stair)
{
    double volume = 0, area = 0;
    uint64_t steps = 0;
    for (uint64_t i = 0; i < n; i++) {
        const double *q = p + order[i] * 3, end = i + 1 < n ? p[order[i + 1] * 3 + 2] : r[2];
        uint64_t low = 0, high = steps, after;
        double x, y;
        while (low < high) { /* the first step at q's x or right of it */
            const uint64_t middle = low + (high - low) / 2;
            if (stair[middle * 2] < q[0])
                low = middle + 1;
            else
                high = middle;
        }
        y = low ? stair[low * 2 - 1] : r[1]; /* height of the stairs left of q */
        if (y > q[1] && !(low < steps && stair[low * 2] <= q[0] && stair[low * 2 + 1] <= q[1])) {
            x = q[0];
            after = low;
            while (after < steps && stair[after * 2 + 1] >= q[1]) { /* steps that q makes vanish */
                area += (stair[after * 2] - x) * (y - q[1]);
                x = stair[after * 2];
                y = stair[after * 2 + 1];
                after++;
            }
            area += ((after < steps ? stair[after * 2] : r[0]) - x) * (y - q[1]);
            memmove(stair + (low + 1) * 2, stair + after * 2, (size_t)(steps - after) * 2 * sizeof *stair);
            stair[low * 2] = q[0];
            stair[low * 2 + 1] = q[1];
            steps = steps - after + low + 1;
        }
        volume += area * (end - q[2]);
    }
    return volume;
}

/* Orders rows of p: (n, m) by the last coordinate: rising, or falling. */
static inline void hone_hypervolume_order_(const double *p, uint64_t n, uint32_t m, int falling, uint64_t *order,
                                           uint64_t *scratch, double *column)
{
    for (uint64_t i = 0; i < n; i++) {
        order[i] = i;
        column[i] = falling ? -p[i * m + m - 1] : p[i * m + m - 1];
    }
    hone_pareto_sort_(column, NULL, 1, order, n, scratch);
}

/* Bytes that hone_hypervolume_n_ wants for n points of m >= 2 coordinates, in doubles (or words of the same size). */
static inline uint64_t hone_hypervolume_room_(uint64_t n, uint32_t m)
{
    uint64_t words = 0;
    for (uint32_t k = m; k >= 2; k--)
        words += n * (3 + k) + 2 * (n + 1);
    return words;
}

/* Volume of p: (n, m) within r: (m). While, L., Bradstreet, L. and Barone, L. (2012), "A fast way of calculating exact
 * hypervolumes", IEEE TEC 16(1): the points from the worst in the last objective on; each adds what its own box has
 * beyond the points after it, which, cut to its box, all reach its last coordinate, so that one coordinate less is left
 * to do. */
static inline double hone_hypervolume_n_(const double *p, uint64_t n, uint32_t m, const double *r, double *room)
{
    uint64_t *order = (uint64_t *)(void *)room, *scratch = order + n;
    double *column = room + 2 * n, *stair = column + n, *cut = stair + 2 * (n + 1), *rest = cut + n * m;
    double volume = 0;
    if (m == 2) {
        for (uint64_t i = 0; i < n; i++)
            order[i] = i;
        hone_pareto_sort_(p, NULL, 2, order, n, scratch);
        return hone_hypervolume_2_(p, order, n, r);
    }
    hone_hypervolume_order_(p, n, m, m > 3, order, scratch, column);
    if (m == 3)
        return hone_hypervolume_3_(p, order, n, r, stair);
    for (uint64_t i = 0; i < n; i++) {
        const double *q = p + order[i] * m;
        double box = 1;
        uint64_t kept = 0;
        for (uint32_t k = 0; k + 1 < m; k++)
            box *= r[k] - q[k];
        for (uint64_t j = i + 1; j < n && kept != UINT64_MAX; j++) {
            const double *s = p + order[j] * m;
            double *c = cut + kept * (m - 1);
            uint64_t to = 0;
            int beaten = 0;
            for (uint32_t k = 0; k + 1 < m; k++)
                c[k] = s[k] > q[k] ? s[k] : q[k];
            for (uint64_t t = 0; t < kept && !beaten; t++) { /* keep the front of the cuts only */
                const double *d = cut + t * (m - 1);
                int below = 1, above = 1;
                for (uint32_t k = 0; k + 1 < m; k++) {
                    below &= d[k] <= c[k];
                    above &= d[k] >= c[k];
                }
                beaten = below;
                if (below || !above) {
                    if (to < t)
                        memcpy(cut + to * (m - 1), d, (m - 1) * sizeof *cut);
                    to++;
                }
            }
            if (beaten)
                continue; /* nothing was removed: what c removes, d would have removed */
            if (to < kept)
                memmove(cut + to * (m - 1), c, (m - 1) * sizeof *cut);
            kept = to + 1;
        }
        volume += (r[m - 1] - q[m - 1]) * (box - hone_hypervolume_n_(cut, kept, m - 1, r, rest));
    }
    return volume;
}

/* *volume: what the points values: (n, m) dominate within reference: (m). Points that are not better than the
 * reference everywhere count for nothing; dominated and repeated ones do no harm; one at -inf makes it infinite. O(n
 * log n) for two objectives, O(n^2) at worst for three, beyond that exponential in m. HONE_ENOMEM. */
static inline hone_rc hone_hypervolume(const double *values, uint64_t n, uint32_t m, const double *reference,
                                       double *volume, hone_error *err)
{
    const uint64_t rows = n + 1;
    double *inside = (double *)malloc((size_t)(rows * m + hone_hypervolume_room_(rows, m) + 1) * sizeof *inside);
    uint64_t kept = 0;
    *volume = 0;
    if (!inside)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the hypervolume of %llu points",
                         (unsigned long long)n);
    for (uint64_t i = 0; i < n; i++) {
        uint32_t k = 0;
        while (k < m && values[i * m + k] < reference[k])
            k++;
        if (k < m)
            continue;
        memcpy(inside + m * kept++, values + i * m, m * sizeof *inside);
        for (k = 0; k < m; k++)
            if (values[i * m + k] < -DBL_MAX)
                *volume = HUGE_VAL;
    }
    if (*volume > 0) {
        /* a coordinate of -inf */
    } else if (m == 1) {
        for (uint64_t i = 0; i < kept; i++)
            *volume = reference[0] - inside[i] > *volume ? reference[0] - inside[i] : *volume;
    } else if (m > 1 && kept) {
        *volume = hone_hypervolume_n_(inside, kept, m, reference, inside + rows * m);
    }
    free(inside);
    return HONE_OK;
}
#endif /* HONE_PARETO_H */
