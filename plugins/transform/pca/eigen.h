/* SPDX-License-Identifier: MIT */
/* Eigenvalues and eigenvectors of a symmetric matrix. */
#ifndef HONE_PCA_EIGEN_H
#define HONE_PCA_EIGEN_H
#include <stdint.h>

/* a: (n, n) symmetric, replaced by its eigenvectors, one a row, of length 1; values: (n), values[i] that of row i, in no order;
 * work: (n). 0 done, -1: no convergence, which finite numbers do not bring about. O(n^3).
 *
 * Householder's reduction to a tridiagonal matrix, then QL steps with implicit shifts: Bowdler, Martin, Reinsch and Wilkinson
 * 1968, "The QR and QL algorithms for symmetric matrices", Numerische Mathematik 11, as EISPACK's tred2 and tql2 do it. */
int symmetric_eigen(double *a, uint64_t n, double *values, double *work);
#endif
