/* SPDX-License-Identifier: MIT */
/* Eigenvectors by LAPACK, turned to the order in which they are wanted. */
#include "eigen.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

/* LAPACK, reference 3.11: dsyevr.f. The hidden lengths of the character arguments are passed as gfortran expects. */
void dsyevr_(const char *jobz, const char *range, const char *uplo, const int *n, double *a, const int *lda,
             const double *vl, const double *vu, const int *il, const int *iu, const double *abstol, int *m, double *w,
             double *z, const int *ldz, int *isuppz, double *work, const int *lwork, int *iwork, const int *liwork,
             int *info, size_t jobz_length, size_t range_length, size_t uplo_length);

static void swap(double *x, double *y, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        const double before = x[i];
        x[i] = y[i];
        y[i] = before;
    }
}

int symmetric_eigen(double *a, uint64_t n, uint64_t k, double *values, double *vectors)
{
    const int order = (int)n, from = (int)(n - k) + 1;
    const double unused = 0, tolerance = 0; /* of LAPACK's choice */
    const char *range = k < n ? "I" : "A";
    const int query = -1;
    int found = 0, info = 0, work_length, int_length = 1, *ints = NULL, *support = NULL, rc = -1;
    double length = 0, *work = NULL;
    for (uint64_t i = 0; i < n; i++)
        for (uint64_t j = 0; j <= i; j++)
            if (!isfinite(a[i * n + j]))
                return -1;
    /* row by row the lower triangle, column by column the upper one */
    dsyevr_("V", range, "U", &order, a, &order, &unused, &unused, &from, &order, &tolerance, &found, values, vectors,
            &order, support, &length, &query, &int_length, &query, &info, 1, 1, 1);
    work_length = (int)length;
    ints = calloc((size_t)int_length, sizeof *ints);
    support = calloc(2 * n, sizeof *support);
    work = calloc((size_t)work_length, sizeof *work);
    if (!ints || !support || !work) {
        rc = -2;
        goto out;
    }
    dsyevr_("V", range, "U", &order, a, &order, &unused, &unused, &from, &order, &tolerance, &found, values, vectors,
            &order, support, work, &work_length, ints, &int_length, &info, 1, 1, 1);
    if (info != 0 || found != (int)k)
        goto out;
    for (uint64_t c = 0; c < k / 2; c++) { /* it has the smallest first */
        swap(values + c, values + k - 1 - c, 1);
        swap(vectors + c * n, vectors + (k - 1 - c) * n, n);
    }
    rc = 0;
out:
    free(ints);
    free(support);
    free(work);
    return rc;
}
