/* SPDX-License-Identifier: MIT */
/* Points that the user gives ([study] enqueue): tried before the search is asked. What a point leaves out is drawn from the
 * priors of [space], by the trial's number alone, so that a study resumed, or run with more workers, draws the same. */
#include "study/study.h"

#include "base/text.h"
#include "hone/param.h"
#include "hone/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DRAWS = 10000, STREAM = 0x67697665 /* of the study's seed: far from those of trials and components */ };

/* x: (n_dims) with the row's values, the others drawn until conditions and relations hold. 0: they do not. */
static int draw(const hone_space *space, const double *row, uint64_t seed, uint64_t number, double *x)
{
    hone_rng rng = hone_rng_at(hone_rng_derive(seed, STREAM), number);
    for (unsigned tries = 0; tries < DRAWS; tries++) {
        int active = 1;
        for (uint32_t i = 0; i < space->n_dims; i++) {
            const double u = hone_rng_uniform(&rng);
            x[i] = isnan(row[i]) ? hone_dim_from_unit(space->dims[i], u) : row[i];
            if (!hone_space_active(space, x, i)) {
                active &= isnan(row[i]) != 0;
                x[i] = (double)NAN;
            }
        }
        if (active && hone_space_allowed(space, x))
            return 1;
    }
    return 0;
}

/* Why a row cannot be met: the first key that is inactive whatever is drawn, or a relation. */
static hone_rc explain(const hone_space *space, const double *row, double *x, uint64_t index, hone_error *err)
{
    for (uint32_t i = 0; i < space->n_dims; i++) {
        int ever = isnan(row[i]) != 0;
        hone_rng rng = hone_rng_at(1, i);
        for (unsigned tries = 0; tries < DRAWS && !ever; tries++) {
            for (uint32_t k = 0; k < i; k++) {
                x[k] = isnan(row[k]) ? hone_dim_from_unit(space->dims[k], hone_rng_uniform(&rng)) : row[k];
                if (!hone_space_active(space, x, k))
                    x[k] = (double)NAN;
            }
            ever = hone_space_active(space, x, i) != 0;
        }
        if (!ever)
            return hone_fail(err, HONE_EINVAL, "study.enqueue",
                             "point %llu: '%s' has no effect there, as its condition in [space] does not hold",
                             (unsigned long long)index + 1, space->dims[i]->key);
    }
    return hone_fail(err, HONE_EINVAL, "study.enqueue",
                     "point %llu: no point of [space] has these values; a relation (where) forbids them",
                     (unsigned long long)index + 1);
}

/* *rows: (n_points, n_dims), malloc'ed. */
static hone_rc read_points(const struct composition *c, const struct space *space, double **rows, hone_error *err)
{
    const uint32_t n_dims = space->view.n_dims;
    double *x = malloc((n_dims + 1) * sizeof *x);
    hone_rc rc = HONE_OK;
    *rows = malloc((c->n_points * n_dims + 1) * sizeof **rows);
    if (!*rows || !x)
        rc = hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the points of [study] enqueue");
    for (size_t i = 0; i < c->n_points && rc == HONE_OK; i++) {
        const struct given_point *point = &c->points[i];
        double *row = *rows + i * n_dims;
        for (uint32_t d = 0; d < n_dims; d++)
            row[d] = (double)NAN;
        for (size_t k = 0; k < point->n && rc == HONE_OK; k++) {
            const uint32_t d = space_find(space, point->values[k].key);
            rc = d == UINT32_MAX
                     ? hone_fail(err, HONE_EINVAL, "study.enqueue", "'%s' is not in [space]", point->values[k].key)
                     : space_value_parse(space, d, point->values[k].text, &row[d], err);
            if (rc == HONE_OK)
                row[d] = hone_dim_snap(space->view.dims[d], row[d]);
        }
        if (rc == HONE_OK && !draw(&space->view, row, (uint64_t)c->study.search_seed, i, x))
            rc = explain(&space->view, row, x, i, err);
    }
    free(x);
    return rc;
}

/* Nothing varies: there is one point, and no search has to be asked for it. */
static int is_one_point(const struct space_lines *space)
{
    for (size_t i = 0; i < space->n_lines; i++)
        if (!space->lines[i].fixed)
            return 0;
    return 1;
}

hone_rc study_points_init(struct study *study, hone_error *err)
{
    const uint32_t n_dims = study->space.view.n_dims;
    study->n_given = study->given_capacity = study->composition->n_points;
    study->given_requests = calloc(study->n_given + 1, sizeof *study->given_requests);
    if (!study->given_requests)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the points of [study] enqueue");
    hone_rc rc = read_points(study->composition, &study->space, &study->given, err);
    if (rc != HONE_OK || study->n_given || !is_one_point(&study->composition->space))
        return rc;
    double *row = malloc((n_dims + 1) * sizeof *row);
    for (uint32_t i = 0; row && i < n_dims; i++)
        row[i] = (double)NAN;
    rc = row ? study_add_point(study, row, 0, err) : hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a point");
    free(row);
    return rc;
}

hone_rc study_add_point(struct study *study, const double *row, int64_t request, hone_error *err)
{
    const uint32_t n_dims = study->space.view.n_dims;
    if (study->n_given == study->given_capacity) {
        const uint64_t capacity = study->given_capacity ? study->given_capacity * 2 : 8;
        double *rows = realloc(study->given, (capacity * n_dims + 1) * sizeof *rows);
        if (rows)
            study->given = rows;
        int64_t *requests = rows ? realloc(study->given_requests, (capacity + 1) * sizeof *requests) : NULL;
        if (!requests)
            return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a point");
        study->given_requests = requests;
        study->given_capacity = capacity;
    }
    memcpy(study->given + study->n_given * n_dims, row, n_dims * sizeof *row);
    study->given_requests[study->n_given++] = request;
    return HONE_OK;
}

int study_point_possible(const struct study *study, double *row, double *x)
{
    for (uint32_t i = 0; i < study->space.view.n_dims; i++)
        if (!isnan(row[i]))
            row[i] = hone_dim_snap(study->space.view.dims[i], row[i]);
    return draw(&study->space.view, row, (uint64_t)study->composition->study.search_seed, study->table.n, x);
}

hone_rc study_check_points(const struct composition *composition, hone_error *err)
{
    struct space space = { 0 };
    double *rows = NULL;
    hone_rc rc = composition->n_points ? space_init(&space, &composition->space, err) : HONE_OK;
    if (rc == HONE_OK && composition->n_points)
        rc = read_points(composition, &space, &rows, err);
    free(rows);
    space_release(&space);
    return rc;
}

static void drop_row(struct study *study, uint64_t i)
{
    const uint32_t n_dims = study->space.view.n_dims;
    study->n_given--;
    memmove(study->given + i * n_dims, study->given + (i + 1) * n_dims,
            (size_t)(study->n_given - i) * n_dims * sizeof *study->given);
    memmove(study->given_requests + i, study->given_requests + i + 1,
            (size_t)(study->n_given - i) * sizeof *study->given_requests);
}

hone_rc study_take_point(struct study *study, const struct trial *trial, double *x, int64_t *request, hone_error *err)
{
    *request = study->given_requests[0];
    const int drawn = draw(&study->space.view, study->given, (uint64_t)study->composition->study.search_seed,
                           trial->number, x);
    if (!drawn) /* it was possible when the study was opened: very unlikely values */
        return explain(&study->space.view, study->given, x, 0, err);
    drop_row(study, 0);
    return HONE_OK;
}

void study_point_tried(struct study *study, const double *x)
{
    const uint32_t n_dims = study->space.view.n_dims;
    for (uint64_t i = 0; i < study->n_given; i++) {
        const double *row = study->given + i * n_dims;
        uint32_t d = 0;
        while (d < n_dims && (isnan(row[d]) || row[d] == x[d]))
            d++;
        if (d == n_dims) {
            drop_row(study, i);
            return;
        }
    }
}

hone_rc study_point_text(struct study *study, const struct trial *trial, struct text *text, hone_error *err)
{
    study_fill_record(study, trial, &study->record);
    for (uint32_t i = 0; i < study->record.record.n_parameters; i++)
        text_addf(text, "%s=%s\n", study->record.record.parameters[i].key, study->record.record.parameters[i].text);
    return text->failed ? hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a point") : HONE_OK;
}

int study_point_parse(const struct study *study, const char *lines, double *x)
{
    hone_error why = HONE_ERROR_INIT;
    for (uint32_t i = 0; i < study->table.n_dims; i++)
        x[i] = (double)NAN;
    while (*lines) {
        const char *end = strchr(lines, '\n'), *equals = strchr(lines, '=');
        char name[256], value[512];
        if (!equals || !end || equals > end || equals - lines >= (long)sizeof name || end - equals > (long)sizeof value)
            return 0;
        snprintf(name, sizeof name, "%.*s", (int)(equals - lines), lines);
        snprintf(value, sizeof value, "%.*s", (int)(end - equals - 1), equals + 1);
        const uint32_t d = space_find(&study->space, name);
        if (d == UINT32_MAX || space_value_parse(&study->space, d, value, &x[d], &why) != HONE_OK)
            return 0;
        lines = end + 1;
    }
    return 1;
}
