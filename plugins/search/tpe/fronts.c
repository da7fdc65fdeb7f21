/* SPDX-License-Identifier: MIT */
/* search/tpe: the subset of a front with the largest hypervolume, greedily, and each point's share in a hypervolume. */
#include "ranking.h"

#include <stdlib.h>
#include <string.h>

void hypervolume_reference(const double *values, uint64_t n, uint32_t m, double *reference)
{
    for (uint32_t k = 0; k < m; k++) {
        double worst = -HUGE_VAL;
        for (uint64_t i = 0; i < n; i++)
            worst = values[i * m + k] > worst ? values[i * m + k] : worst;
        reference[k] = 1.1 * worst > 0.9 * worst ? 1.1 * worst : 0.9 * worst;
        if (!(reference[k] < 0 || reference[k] > 0))
            reference[k] = 1e-12;
    }
}

/* Of two objectives, each candidate's own rectangle shrinks as neighbours are chosen. rows: (n) candidates by the first
 * objective, then the second. */
static void choose_of_two(const double *values, const uint64_t *rows, uint64_t n, const double *reference, uint64_t k,
                          uint64_t *chosen, double *corner, uint8_t *taken)
{
    for (uint64_t i = 0; i < n; i++) {
        corner[2 * i] = reference[0];
        corner[2 * i + 1] = reference[1];
        taken[i] = 0;
    }
    for (uint64_t c = 0; c < k; c++) {
        double best = -HUGE_VAL;
        uint64_t at = n;
        for (uint64_t i = 0; i < n; i++) {
            const double *v = values + rows[i] * 2;
            const double area = (corner[2 * i] - v[0]) * (corner[2 * i + 1] - v[1]);
            if (!taken[i] && (area > best || at == n)) {
                best = area;
                at = i;
            }
        }
        taken[at] = 1;
        chosen[c] = rows[at];
        for (uint64_t i = 0; i < n; i++) {
            double *q = corner + 2 * i + (i < at ? 0 : 1);
            const double limit = values[rows[at] * 2 + (i < at ? 0 : 1)];
            *q = *q < limit ? *q : limit;
        }
    }
}

/* Of more: what a candidate gains can only shrink as others are chosen, so that gains are computed anew from the largest
 * one on, until the largest is of this round. exact: (n) round + 1 in which the gain was computed; 1: alone. */
static hone_rc choose_of_many(const double *values, uint32_t m, const uint64_t *rows, uint64_t n,
                              const double *reference, uint64_t k, uint64_t *chosen, double *gain, uint64_t *exact,
                              double *set, hone_error *err)
{
    double volume = 0;
    for (uint64_t i = 0; i < n; i++) {
        gain[i] = 1;
        exact[i] = 1;
        for (uint32_t d = 0; d < m; d++)
            gain[i] *= reference[d] - values[rows[i] * m + d];
    }
    for (uint64_t c = 0; c < k; c++) {
        uint64_t best = n;
        for (;;) {
            double with = 0;
            hone_rc rc;
            best = n;
            for (uint64_t i = 0; i < n; i++) /* exact 0: chosen */
                if (exact[i] && (best == n || gain[i] > gain[best]))
                    best = i;
            memcpy(set + c * m, values + rows[best] * m, m * sizeof *set);
            if (exact[best] == c + 1)
                break;
            if ((rc = hone_hypervolume(set, c + 1, m, reference, &with, err)) != HONE_OK)
                return rc;
            gain[best] = isfinite(with) ? with - volume : gain[best];
            exact[best] = c + 1;
        }
        exact[best] = 0;
        chosen[c] = rows[best];
        volume += gain[best];
    }
    return HONE_OK;
}

hone_rc hypervolume_subset(const double *values, uint64_t n, uint32_t m, uint64_t k, uint64_t *chosen, hone_error *err)
{
    uint64_t *rows = (uint64_t *)malloc((size_t)(n + 1) * 3 * sizeof *rows), unique = 0;
    double *room = (double *)malloc((size_t)(m + 2 * n + (k + 1) * m + 1) * sizeof *room);
    double *reference = room, *corner = room + m, *set = corner + 2 * n;
    uint8_t *taken = (uint8_t *)malloc((size_t)n + 1);
    int finite = 1;
    hone_rc rc = HONE_OK;
    if (!rows || !room || !taken) {
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for a front of %llu trials", (unsigned long long)n);
        goto out;
    }
    for (uint64_t i = 0; i < n; i++)
        rows[i] = i;
    if (k >= n) {
        memcpy(chosen, rows, (size_t)n * sizeof *rows);
        goto out;
    }
    hone_pareto_sort_(values, NULL, m, rows, n, rows + n);
    memset(taken, 0, (size_t)n + 1);
    for (uint64_t i = 0; i < n; i++) /* the first of equal ones stands for all */
        if (!i || hone_pareto_order_(values, NULL, m, rows[i - 1], rows[i])) {
            taken[rows[i]] = 1;
            rows[n + unique++] = rows[i];
        }
    if (unique < k) { /* all different ones, then repetitions */
        uint64_t n_chosen = 0, spare = k - unique;
        for (uint64_t i = 0; i < n; i++)
            if (taken[i] || spare) {
                spare -= !taken[i];
                chosen[n_chosen++] = i;
            }
        goto out;
    }
    hypervolume_reference(values, n, m, reference);
    for (uint32_t d = 0; d < m; d++)
        finite &= isfinite(reference[d]) != 0;
    if (!finite || unique == k)
        memcpy(chosen, rows + n, (size_t)k * sizeof *chosen);
    else if (m == 2)
        choose_of_two(values, rows + n, unique, reference, k, chosen, corner, taken);
    else
        rc = choose_of_many(values, m, rows + n, unique, reference, k, chosen, corner, rows + 2 * n, set, err);
out:
    free(rows);
    free(room);
    free(taken);
    return rc;
}

/* Of two objectives a point alone dominates the rectangle up to its neighbours on the front. front: (n) rows. */
static hone_rc shares_of_two(const double *values, const uint64_t *front, uint64_t n, const double *reference,
                             double *weights, hone_error *err)
{
    uint64_t *order = (uint64_t *)malloc((size_t)(n + 1) * 2 * sizeof *order);
    if (!order)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a front of %llu trials", (unsigned long long)n);
    memcpy(order, front, (size_t)n * sizeof *order);
    hone_pareto_sort_(values, NULL, 2, order, n, order + n);
    for (uint64_t i = 0; i < n; i++) {
        const double *v = values + order[i] * 2;
        const double right = i + 1 < n ? values[order[i + 1] * 2] : reference[0];
        const double up = i > 0 ? values[order[i - 1] * 2 + 1] : reference[1];
        weights[order[i]] = (right - v[0]) * (up - v[1]);
    }
    free(order);
    return HONE_OK;
}

/* Of more, the volume with all less that without it. values: (n, m) the front's rows, row i is point front[i]. */
static hone_rc shares_of_many(double *values, uint64_t n, uint32_t m, const uint64_t *front, const double *reference,
                              double *weights, hone_error *err)
{
    double whole = 0, *last = values + (n - 1) * m;
    hone_rc rc = hone_hypervolume(values, n, m, reference, &whole, err);
    for (uint64_t i = n; i > 0 && rc == HONE_OK; i--) {
        double less = 0;
        for (uint32_t k = 0; k < m; k++) { /* each row is the last one once, from the last one on */
            const double t = values[(i - 1) * m + k];
            values[(i - 1) * m + k] = last[k];
            last[k] = t;
        }
        rc = hone_hypervolume(values, n - 1, m, reference, &less, err);
        weights[front[i - 1]] = whole - less;
        for (uint32_t k = 0; k < m; k++) {
            const double t = values[(i - 1) * m + k];
            values[(i - 1) * m + k] = last[k];
            last[k] = t;
        }
    }
    return rc;
}

hone_rc hypervolume_shares(double *values, uint64_t n, uint32_t m, double *weights, hone_error *err)
{
    enum { MANY = 50 };
    uint64_t *front = (uint64_t *)malloc((size_t)(n + 1) * sizeof *front), n_front = 0;
    double *reference = (double *)malloc(((size_t)m + 1) * sizeof *reference), most = 0;
    hone_rc rc = HONE_OK;
    if (!front || !reference) {
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for a front of %llu trials", (unsigned long long)n);
        goto out;
    }
    for (uint64_t i = 0; i < n; i++)
        weights[i] = 0;
    hypervolume_reference(values, n, m, reference);
    if ((rc = hone_pareto_front(values, NULL, n, m, front, &n_front, err)) != HONE_OK)
        goto out;
    if (m == 2) {
        rc = shares_of_two(values, front, n_front, reference, weights, err);
    } else if (n_front && n_front <= MANY) {
        for (uint64_t i = 0; i < n_front; i++) /* rising, so that rows move down only */
            memmove(values + i * m, values + front[i] * m, m * sizeof *values);
        rc = shares_of_many(values, n_front, m, front, reference, weights, err);
    }
    for (uint64_t i = 0; i < n; i++)
        most = weights[i] > most ? weights[i] : most;
    for (uint64_t i = 0; i < n; i++) {
        weights[i] = most > 0 && isfinite(most) ? weights[i] / most : 1;
        weights[i] = weights[i] > 1e-12 ? weights[i] : 1e-12;
    }
out:
    free(front);
    free(reference);
    return rc;
}
