/* SPDX-License-Identifier: MIT */
/* The table of the problems, and how any of them is evaluated. */
#include "problems.h"

#include <stddef.h>

#define ROW(name)  &problem_##name,
#define NAME(name) #name,
const struct problem *const problems[] = { PROBLEMS(ROW) NULL };
const char *const problem_names[] = { PROBLEMS(NAME) NULL };

void problem_evaluate(const struct problem *problem, const struct query *query, double *values, double *constraints)
{
    if (problem->evaluate)
        problem->evaluate(query, values, constraints);
    else
        values[0] = problem->value(query->x, query->n);
}
