/* SPDX-License-Identifier: MIT */
/* Test functions of global optimization in one table. [any] */
#ifndef HONE_FUNCTIONS_H
#define HONE_FUNCTIONS_H
#include <stdint.h>

struct test_function {
    const char *name;
    uint32_t n_dims, min_dims;                    /* n_dims 0: any number from min_dims on */
    double (*value)(const double *x, uint32_t n); /* x: (n) */
};
extern const struct test_function test_functions[];
extern const char *const test_function_names[]; /* of the table, in its order; NULL-terminated */
#endif                                          /* HONE_FUNCTIONS_H */
