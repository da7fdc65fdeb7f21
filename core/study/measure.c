/* SPDX-License-Identifier: MIT */
/* Objectives and constraints from the values that an objective reports by name. */
#include "study/study.h"

#include "base/suggest.h"
#include "hone/param.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double value_named(const hone_value *values, uint32_t n, const char *name)
{
    for (uint32_t i = 0; i < n; i++)
        if (!strcmp(values[i].name, name))
            return values[i].value;
    return (double)NAN;
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
        const double v = value_named(values, n, c->metric);
        switch (c->op) {
        case HONE_LE: out[i] = v - c->bound; break;
        case HONE_LT: out[i] = v - nextafter(c->bound, -HUGE_VAL); break;
        case HONE_GE: out[i] = c->bound - v; break;
        default: out[i] = nextafter(c->bound, HUGE_VAL) - v; break; /* HONE_GT */
        }
    }
}

/* The place in a gradient of what a name like "d(METRIC)/d(KEY)" says, or SIZE_MAX: it is none that the search asks for. */
static size_t gradient_place(const struct study *study, const char *name)
{
    const uint32_t n_dims = study->table.n_dims;
    char wanted[512];
    if (strncmp(name, "d(", 2) != 0)
        return SIZE_MAX;
    for (uint32_t v = 0; v < study->table.n_values; v++)
        for (uint32_t i = 0; i < n_dims; i++) {
            const hone_dim *d = study->space.view.dims[i];
            snprintf(wanted, sizeof wanted, DERIVATIVE_NAME, study->objectives[v].name, d->key);
            if ((d->type == HONE_DIM_REAL || d->type == HONE_DIM_INT) && !strcmp(name, wanted))
                return (size_t)v * n_dims + i;
        }
    return SIZE_MAX;
}

hone_rc measure_promised(struct study *study, const hone_description *d, hone_error *err)
{
    char name[512];
    for (uint32_t i = 0; i < d->n_derivatives; i++) {
        snprintf(name, sizeof name, DERIVATIVE_NAME, d->derivatives[i].metric, d->derivatives[i].key);
        const size_t at = gradient_place(study, name);
        if (at == SIZE_MAX)
            continue;
        if (!study->derivatives &&
            !(study->derivatives = calloc((size_t)study->table.n_values * study->table.n_dims, 1)))
            return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the derivatives of the objective");
        study->derivatives[at] = 1;
    }
    return HONE_OK;
}

/* The dimension that a name like "tuned(KEY)" says what has become of, or n_dims: it is none that the search asks for. */
static uint32_t tuned_place(const struct study *study, const char *name)
{
    size_t n = 0;
    const char *key = hone_tuned_key(name, &n);
    uint32_t i = key ? 0 : study->table.n_dims;
    for (; i < study->table.n_dims; i++) {
        const hone_dim *d = study->space.view.dims[i];
        if ((d->type == HONE_DIM_REAL || d->type == HONE_DIM_INT) && !strncmp(d->key, key, n) && !d->key[n])
            break;
    }
    return i;
}

/* Puts a number at its place among n, which are NaN as long as nothing is known. 0: out of memory. */
static int put(double **numbers, size_t n, size_t at, double value)
{
    if (!*numbers) {
        if (!(*numbers = malloc(n * sizeof **numbers)))
            return 0;
        for (size_t k = 0; k < n; k++)
            (*numbers)[k] = (double)NAN;
    }
    (*numbers)[at] = value;
    return 1;
}

hone_rc measure_for_search(const struct study *study, const hone_value *values, uint32_t n, struct trial *trial,
                           hone_error *err)
{
    const uint32_t n_dims = study->table.n_dims;
    int done = 1;
    for (uint32_t i = 0; i < n && done; i++) {
        const size_t at = gradient_place(study, values[i].name);
        const uint32_t dim = tuned_place(study, values[i].name);
        if (at != SIZE_MAX)
            done = put(&trial->gradient, (size_t)study->table.n_values * n_dims, at,
                       study->maximize[at / n_dims] ? -values[i].value : values[i].value);
        else if (dim < n_dims)
            done = put(&trial->tuned, n_dims, dim, values[i].value);
    }
    return done ? HONE_OK : hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the derivatives of a trial");
}

const double *study_minimize(const struct study *study, const double *values)
{
    for (uint32_t i = 0; i < study->table.n_values; i++)
        study->minimized[i] = study->maximize[i] ? -values[i] : values[i];
    return study->minimized;
}

int study_is_stateless(const struct study *study)
{
    return study->repeats || study->levels;
}

double study_next_time(const struct study *study, const struct trial *trial)
{
    const int64_t level = trial->until ? trial->until : study->levels; /* levels between are not run */
    return study->levels && !trial->pause_at && level > trial->step ? trial->begun + (double)level
                                                                    : trial_next_time(trial);
}

void study_note_best(const struct study *study, struct trial *trial)
{
    const double first = trial_minimized(&study->table, trial, 0);
    if (first < trial->best || study->repeats) { /* of means, the last is the best known */
        trial->best = first;
        trial->best_step = trial->step;
    }
}

void study_take_repeat(struct study *study, struct trial *trial)
{
    for (uint32_t i = 0; i < study->table.n_values; i++) {
        study->measured[i] = trial_minimized(&study->table, trial, i);
        moments_add(&trial->moments[i], trial->values[i]);
        trial->values[i] = trial->moments[i].mean;
    }
    for (uint32_t i = 0; i < study->table.n_constraints; i++) {
        struct moments *m = &trial->moments[study->table.n_values + i];
        moments_add(m, trial->constraints[i]);
        trial->constraints[i] = m->mean;
    }
}

hone_rc study_conclude_repeats(struct trial *trial, struct held *outcome, hone_error *err)
{
    hone_value *values;
    uint32_t n;
    if (repeated_values(&trial->repeated, outcome->values, outcome->n_values, &values, &n) < 0)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the means of trial %llu",
                         (unsigned long long)trial->number);
    for (uint32_t i = 0; i < outcome->n_values; i++)
        free((char *)(uintptr_t)outcome->values[i].name);
    free(outcome->values);
    outcome->values = values;
    outcome->n_values = n;
    repeated_release(&trial->repeated);
    return HONE_OK;
}

hone_rc study_check_metric(const hone_description *d, const char *name, int tested, const char *key,
                           uint32_t *direction, hone_error *err)
{
    struct suggestion s;
    struct text all = TEXT_INIT;
    if (tested && !strncmp(name, "test.", 5)) { /* is measured as what is validated is */
        for (uint32_t i = 0; i < d->n_metrics; i++)
            if (direction && *direction == HONE_NO_DIRECTION && !strncmp(d->metrics[i].name, "validation.", 11) &&
                !strcmp(d->metrics[i].name + 11, name + 5))
                *direction = d->metrics[i].direction;
        return HONE_OK;
    }
    suggestion_start(&s, name);
    for (uint32_t i = 0; i < d->n_metrics; i++) {
        if (!strcmp(d->metrics[i].name, name)) {
            if (direction && *direction == HONE_NO_DIRECTION)
                *direction = d->metrics[i].direction;
            return HONE_OK;
        }
        suggestion_offer(&s, d->metrics[i].name);
    }
    if (d->any_metric)
        return HONE_OK;
    if (s.best)
        return hone_fail(err, HONE_EINVAL, key, "the objective reports no '%.60s'; did you mean '%.60s'?", name,
                         s.best);
    for (uint32_t i = 0; i < d->n_metrics; i++)
        text_addf(&all, "%s%s", i ? ", " : "", d->metrics[i].name);
    hone_fail(err, HONE_EINVAL, key, "the objective reports no '%.60s'; it reports %.150s", name,
              all.length ? text_string(&all) : "nothing by name");
    text_release(&all);
    return HONE_EINVAL;
}
