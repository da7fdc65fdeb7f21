/* SPDX-License-Identifier: MIT */
/* Quartiles, ranks, and Wilcoxon's signed-rank test. */
#include "bench.h"
#include "hone/signed_rank.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void sort_values(double *values, uint64_t n)
{
    qsort(values, (size_t)n, sizeof *values, compare);
}

double quantile(const double *sorted, uint64_t n, double share)
{
    const double at = share * (double)(n - 1);
    const uint64_t low = (uint64_t)at;
    const double a = sorted[low], b = sorted[low + 1 < n ? low + 1 : low], part = at - (double)low;
    return part > 0 && a < b ? isfinite(b) ? a + part * (b - a) : b : a;
}

void rank_values(const double *values, uint64_t n, double *ranks)
{
    for (uint64_t i = 0; i < n; i++) {
        uint64_t less = 0, equal = 0;
        for (uint64_t k = 0; k < n; k++) {
            less += values[k] < values[i];
            equal += values[k] <= values[i] && values[k] >= values[i];
        }
        ranks[i] = (double)less + ((double)equal + 1) / 2;
    }
}

hone_rc signed_rank(const double *a, const double *b, uint64_t n, double *p, hone_error *err)
{
    double *differences = (double *)malloc((size_t)(n + 1) * sizeof *differences);
    hone_signed_rank test;
    hone_rc rc;
    *p = 1;
    if (!differences)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the signed-rank test");
    for (uint64_t i = 0; i < n; i++) /* both infinite: no difference */
        differences[i] = a[i] < b[i] || a[i] > b[i] ? a[i] - b[i] : 0;
    if ((rc = hone_signed_rank_test(differences, n, HONE_ZEROS_DROPPED, &test, err)) >= 0)
        *p = fmin(1, 2 * fmin(test.lower, test.upper));
    free(differences);
    return rc;
}
