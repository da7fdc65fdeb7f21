/* SPDX-License-Identifier: MIT */
/* The largest eigenvalues of a symmetric matrix, and their eigenvectors. */
#ifndef HONE_PCA_EIGEN_H
#define HONE_PCA_EIGEN_H
#include <stdint.h>

/* a: (n, n), its lower triangle is read and all of it overwritten; n in 1 .. 32767. values: (n), of which the first k become the
 * largest eigenvalues, the largest first; vectors: (k, n) their eigenvectors, of length 1. 0 done; -1: no convergence, or a has what
 * is not finite; -2: out of memory. Some 4/3 n^3 + 2 k n^2 multiply-adds. By LAPACK's dsyevr. */
int symmetric_eigen(double *a, uint64_t n, uint64_t k, double *values, double *vectors);
#endif
