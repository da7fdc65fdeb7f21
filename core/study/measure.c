/* SPDX-License-Identifier: MIT */
/* Objectives and constraints from the values that an objective reports by name. */
#include "study/study.h"

#include <math.h>
#include <string.h>

static double value_named(const hone_value *values, uint32_t n, const char *name)
{
    for (uint32_t i = 0; i < n; i++)
        if (!strcmp(values[i].name, name))
            return values[i].value;
    return NAN;
}

void measure_values(const struct study *study, const hone_value *values, uint32_t n, double *out)
{
    for (uint32_t i = 0; i < study->table.n_values; i++)
        out[i] = value_named(values, n, study->objectives[i].name);
}

void measure_constraints(const struct study *study, const hone_value *values, uint32_t n, double *out)
{
    for (uint32_t i = 0; i < study->table.n_constraints; i++) {
        const struct constraint_spec *c = &study->composition->constraints[i];
        const double                  v = value_named(values, n, c->metric);
        switch (c->op) {
        case HONE_LE: out[i] = v - c->bound; break;
        case HONE_LT: out[i] = v - nextafter(c->bound, -INFINITY); break;
        case HONE_GE: out[i] = c->bound - v; break;
        default: out[i] = nextafter(c->bound, INFINITY) - v; break; /* HONE_GT */
        }
    }
}

const double *study_minimize(const struct study *study, const double *values)
{
    for (uint32_t i = 0; i < study->table.n_values; i++)
        study->minimized[i] = study->maximize[i] ? -values[i] : values[i];
    return study->minimized;
}
