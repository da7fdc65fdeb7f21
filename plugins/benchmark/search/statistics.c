/* SPDX-License-Identifier: MIT */
/* Quartiles, ranks, and Wilcoxon's signed-rank test. */
#include "bench.h"

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

/* P(W <= w) and P(W >= w) where W is the sum of those ranks whose coin falls on the positive side. doubled: (n) twice the
 * ranks, whole numbers also with ties. */
static hone_rc exact_tails(const uint64_t *doubled, uint64_t n, uint64_t w, double *lower, double *upper,
                           hone_error *err)
{
    uint64_t total = 0, reached = 0;
    double *share;
    for (uint64_t i = 0; i < n; i++)
        total += doubled[i];
    share = (double *)calloc((size_t)total + 1, sizeof *share); /* probability of each sum */
    if (!share)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the signed-rank test");
    share[0] = 1;
    for (uint64_t i = 0; i < n; i++) {
        reached += doubled[i];
        for (uint64_t s = reached + 1; s-- > 0;)
            share[s] = 0.5 * share[s] + (s >= doubled[i] ? 0.5 * share[s - doubled[i]] : 0);
    }
    *lower = *upper = 0;
    for (uint64_t s = 0; s <= total; s++) {
        *lower += s <= w ? share[s] : 0;
        *upper += s >= w ? share[s] : 0;
    }
    free(share);
    return HONE_OK;
}

hone_rc signed_rank(const double *a, const double *b, uint64_t n, double *p, hone_error *err)
{
    double *size = (double *)malloc((size_t)(2 * n + 1) * sizeof *size), *ranks = size ? size + n : NULL;
    uint64_t *doubled = (uint64_t *)malloc((size_t)(n + 1) * sizeof *doubled);
    unsigned char *positive = (unsigned char *)malloc((size_t)n + 1);
    double w = 0, lower = 0, upper = 0;
    uint64_t m = 0;
    hone_rc rc = HONE_OK;
    *p = 1;
    if (!size || !doubled || !positive) {
        rc = hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the signed-rank test");
        goto out;
    }
    for (uint64_t i = 0; i < n; i++)
        if (a[i] < b[i] || a[i] > b[i]) {
            size[m] = fabs(a[i] - b[i]);
            positive[m++] = a[i] > b[i];
        }
    if (!m)
        goto out;
    rank_values(size, m, ranks);
    for (uint64_t i = 0; i < m; i++) {
        doubled[i] = (uint64_t)(2 * ranks[i] + 0.5);
        w += positive[i] ? ranks[i] : 0;
    }
    if (m <= EXACT_PAIRS) {
        if ((rc = exact_tails(doubled, m, (uint64_t)(2 * w + 0.5), &lower, &upper, err)) < 0)
            goto out;
        *p = fmin(1, 2 * fmin(lower, upper));
    } else {
        double variance = 0;
        for (uint64_t i = 0; i < m; i++) /* with ties: the sum of the squares of the ranks at hand */
            variance += ranks[i] * ranks[i] / 4;
        const double mean = (double)m * (double)(m + 1) / 4;
        *p = fmin(1, erfc(fmax(0, fabs(w - mean) - 0.5) / sqrt(2 * variance)));
    }
out:
    free(size);
    free(doubled);
    free(positive);
    return rc;
}
