/* SPDX-License-Identifier: MIT */
/* Non-dominated sorting of a rung, and the least crowded first inside a front (Deb et al. 2002, the crowded comparison). */
#include "fronts.h"

#include "hone/pareto.h"

#include <math.h>
#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
    const struct entry *p = (const struct entry *)a, *q = (const struct entry *)b;
    if (p->value < q->value || p->value > q->value)
        return p->value < q->value ? -1 : 1;
    return (p->trial > q->trial) - (p->trial < q->trial);
}

/* Of a front whose rows are members (n): value = front + share of its rows that are lonelier, in [front, front + 1). */
static void place(uint64_t front, const double *distance, const uint64_t *members, uint64_t n, double *value)
{
    for (uint64_t i = 0; i < n; i++) {
        uint64_t before = 0;
        for (uint64_t k = 0; k < n; k++)
            before += distance[k] > distance[i];
        value[members[i]] = (double)front + (double)before / (double)(n + 1);
    }
}

hone_rc fronts_sort(struct rung *rung, uint32_t m, hone_error *err)
{
    const uint64_t n = rung->n;
    uint32_t *front = (uint32_t *)malloc((size_t)n * sizeof *front);
    uint64_t *members = (uint64_t *)malloc((size_t)n * sizeof *members);
    double *distance = (double *)malloc((size_t)n * sizeof *distance);
    double *value = (double *)malloc((size_t)n * sizeof *value); /* by row */
    hone_rc rc = front && members && distance && value
                     ? HONE_OK
                     : hone_fail(err, HONE_ENOMEM, "", "out of memory for the fronts of a rung");
    if (rc == HONE_OK)
        rc = hone_pareto_rank(rung->points, NULL, n, m, front, err);
    for (uint64_t done = 0, number = 0; rc == HONE_OK && done < n; number++) {
        uint64_t n_members = 0;
        for (uint64_t i = 0; i < n; i++)
            if (front[i] == number)
                members[n_members++] = i;
        rc = hone_pareto_crowding(rung->points, m, members, n_members, distance, err);
        if (rc == HONE_OK)
            place(number, distance, members, n_members, value);
        done += n_members;
    }
    for (uint64_t i = 0; rc == HONE_OK && i < n; i++) {
        struct entry *e = &rung->entries[i];
        int numbers = 0;
        for (uint32_t k = 0; k < m; k++)
            numbers |= !isnan(rung->points[(size_t)e->point * m + k]);
        e->value = numbers ? value[e->point] : HUGE_VAL;
    }
    if (rc == HONE_OK) {
        qsort(rung->entries, (size_t)n, sizeof *rung->entries, by_value);
        rung->next = 0;
    }
    free(front);
    free(members);
    free(distance);
    free(value);
    return rc;
}
