/* SPDX-License-Identifier: MIT */
/* Wilcoxon's signed-rank test of two contenders. */
#include "bench.h"
#include "hone/signed_rank.h"

#include <stdlib.h>

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
