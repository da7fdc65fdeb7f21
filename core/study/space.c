/* SPDX-License-Identifier: MIT */
/* From lines of [space] to dimensions: order, conditions by index, relations; and checks of points. */
#include "study/space.h"

#include <stdlib.h>
#include <string.h>

#define ALLOCATE(space, n, type) ((type *)hone_settings_allocate(&(space)->memory, (n) * sizeof(type)))

static hone_rc out_of_memory(hone_error *err)
{
    return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the search space");
}

/* Dimensions in an order in which every condition refers to an earlier one, otherwise as written. order: (n), of line indices. */
static hone_rc order_lines(const struct space_lines *lines, size_t *order, hone_error *err)
{
    size_t placed = 0;
    char *done = calloc(lines->n_lines ? lines->n_lines : 1, 1);
    if (!done)
        return out_of_memory(err);
    while (placed < lines->n_lines) {
        const size_t before = placed;
        for (size_t i = 0; i < lines->n_lines; i++) {
            const struct space_line *line = &lines->lines[i];
            int ready = !done[i];
            for (size_t c = 0; ready && c < line->n_conditions; c++)
                for (size_t k = 0; k < lines->n_lines; k++)
                    if (!strcmp(lines->lines[k].key, line->conditions[c].key) && !done[k])
                        ready = 0;
            if (ready) {
                order[placed++] = i;
                done[i] = 1;
                break; /* start over: keeps the written order as far as possible */
            }
        }
        if (placed == before) {
            free(done);
            return hone_fail(err, HONE_EINVAL, NULL, "the conditions in [space] go round in a circle");
        }
    }
    free(done);
    return HONE_OK;
}

static hone_rc choice_index(const hone_dim *d, const char *text, double *v, hone_error *err)
{
    for (uint32_t k = 0; k < d->n_choices; k++)
        if (!strcmp(d->choices[k], text)) {
            *v = k;
            return HONE_OK;
        }
    return hone_fail(err, HONE_EINVAL, d->key, "%s has no choice '%.80s'", d->key, text);
}

static hone_rc value_parse(const hone_dim *d, const char *text, double *v, hone_error *err)
{
    if (d->type == HONE_DIM_CHOICE || d->type == HONE_DIM_ORDINAL)
        return choice_index(d, text, v, err);
    if (!hone_parse_real(text, NULL, v))
        return hone_fail(err, HONE_EINVAL, d->key, "%s = %.80s is not a number", d->key, text);
    return HONE_OK;
}

static hone_rc conditions_init(struct space *space, const struct space_line *line, hone_dim *d, uint32_t before,
                               hone_error *err)
{
    hone_condition *conditions = ALLOCATE(space, line->n_conditions, hone_condition);
    const hone_condition **list = ALLOCATE(space, line->n_conditions, const hone_condition *);
    if (!conditions || !list)
        return out_of_memory(err);
    for (size_t c = 0; c < line->n_conditions; c++) {
        const struct space_condition *from = &line->conditions[c];
        uint32_t dim = 0;
        while (dim < before && strcmp(space->view.dims[dim]->key, from->key))
            dim++;
        if (dim == before)
            return hone_fail(err, HONE_EINVAL, d->key, "the condition of %s names '%s', which [space] does not have",
                             d->key, from->key);
        double *values = ALLOCATE(space, from->n_values, double);
        if (!values)
            return out_of_memory(err);
        for (size_t k = 0; k < from->n_values; k++) {
            const hone_rc rc = value_parse(space->view.dims[dim], from->values[k], &values[k], err);
            if (rc != HONE_OK)
                return rc;
        }
        conditions[c] = (hone_condition){ sizeof(hone_condition), dim, from->op, (uint32_t)from->n_values, values };
        list[c] = &conditions[c];
    }
    d->conditions = list;
    d->n_conditions = (uint32_t)line->n_conditions;
    return HONE_OK;
}

static hone_rc dimension_init(struct space *space, const struct space_line *line, hone_dim *d, uint32_t before,
                              hone_error *err)
{
    *d = (hone_dim){ .size = sizeof *d,
                     .type = line->type,
                     .flags = line->flags,
                     .key = line->key,
                     .min = line->min,
                     .max = line->max,
                     .step = line->step,
                     .mean = line->mean,
                     .deviation = line->deviation };
    if (line->type == HONE_DIM_INT && d->step < 1)
        d->step = 1;
    if (line->n_choices) {
        const char **choices = ALLOCATE(space, line->n_choices, const char *);
        double *numbers = ALLOCATE(space, line->n_choices, double);
        if (!choices || !numbers)
            return out_of_memory(err);
        int all_numbers = line->type == HONE_DIM_ORDINAL;
        for (size_t k = 0; k < line->n_choices; k++) {
            choices[k] = line->choices[k];
            all_numbers = all_numbers && hone_parse_real(line->choices[k], NULL, &numbers[k]);
        }
        d->choices = choices;
        d->n_choices = (uint32_t)line->n_choices;
        d->weights = line->weights;
        d->numbers = all_numbers ? numbers : NULL;
        d->min = 0;
        d->max = (double)(line->n_choices - 1);
        d->step = 0;
    }
    return line->n_conditions ? conditions_init(space, line, d, before, err) : HONE_OK;
}

static hone_rc relations_init(struct space *space, const struct space_lines *lines, hone_error *err)
{
    hone_relation *relations = ALLOCATE(space, lines->n_relations, hone_relation);
    const hone_relation **list = ALLOCATE(space, lines->n_relations, const hone_relation *);
    if (!relations || !list)
        return out_of_memory(err);
    for (size_t r = 0; r < lines->n_relations; r++) {
        const struct space_relation *from = &lines->relations[r];
        const uint32_t a = space_find(space, from->key_a),
                       b = from->key_b ? space_find(space, from->key_b) : UINT32_MAX;
        if (a == UINT32_MAX || (from->key_b && b == UINT32_MAX))
            return hone_fail(err, HONE_EINVAL, NULL, "a relation names '%s', which [space] does not have",
                             a == UINT32_MAX ? from->key_a : from->key_b);
        relations[r] = (hone_relation){ sizeof(hone_relation), from->op, a, b, from->constant };
        list[r] = &relations[r];
    }
    space->view.relations = list;
    space->view.n_relations = (uint32_t)lines->n_relations;
    return HONE_OK;
}

hone_rc space_init(struct space *space, const struct space_lines *lines, hone_error *err)
{
    hone_rc rc;
    *space = (struct space){ .view = { .size = sizeof(hone_space) } };
    hone_dim *dims = ALLOCATE(space, lines->n_lines, hone_dim);
    const hone_dim **list = ALLOCATE(space, lines->n_lines, const hone_dim *);
    size_t *order = ALLOCATE(space, lines->n_lines, size_t);
    if (!dims || !list || !order) {
        rc = out_of_memory(err);
        goto out;
    }
    if ((rc = order_lines(lines, order, err)) != HONE_OK)
        goto out;
    space->view.dims = list;
    for (uint32_t i = 0; i < lines->n_lines; i++) {
        if ((rc = dimension_init(space, &lines->lines[order[i]], &dims[i], i, err)) != HONE_OK)
            goto out;
        list[i] = &dims[i];
        space->view.n_dims = i + 1;
    }
    rc = relations_init(space, lines, err);
out:
    if (rc != HONE_OK)
        space_release(space);
    return rc;
}

void space_release(struct space *space)
{
    hone_settings_release(&space->memory);
    *space = (struct space){ .view = { .size = sizeof(hone_space) } };
}

hone_rc space_check_point(const struct space *space, const double *x, hone_error *err)
{
    for (uint32_t i = 0; i < space->view.n_dims; i++) {
        const hone_dim *d = space->view.dims[i];
        const int active = (int)hone_space_active(&space->view, x, i);
        if (!active) {
            if (!isnan(x[i]))
                return hone_fail(err, HONE_EINVAL, d->key, "%s = %g is set although its condition does not hold",
                                 d->key, x[i]);
            continue;
        }
        if (isnan(x[i]))
            return hone_fail(err, HONE_ENUMERIC, d->key, "%s is not a number", d->key);
        if (!(x[i] >= d->min && x[i] <= d->max) || isinf(x[i]))
            return hone_fail(err, HONE_ERANGE, d->key, "%s = %.17g is outside [%.15g, %.15g]", d->key, x[i], d->min,
                             d->max);
        const double snapped = hone_dim_snap(d, x[i]);
        if (fabs(snapped - x[i]) > 1e-9 * (1 + fabs(snapped)))
            return hone_fail(err, HONE_EINVAL, d->key, "%s = %.17g is between two values allowed", d->key, x[i]);
    }
    if (!hone_space_allowed(&space->view, x))
        return hone_fail(err, HONE_EINVAL, NULL, "the point breaks a relation of [space]");
    return HONE_OK;
}

const char *space_value_text(const struct space *space, uint32_t i, double v, char *out, size_t n)
{
    const hone_dim *d = space->view.dims[i];
    if (d->n_choices)
        return d->choices[(uint32_t)(v + 0.5)];
    number_format(v, out, n);
    if (d->type == HONE_DIM_INT)
        snprintf(out, n, "%.0f", v);
    return out;
}

hone_rc space_value_parse(const struct space *space, uint32_t i, const char *text, double *v, hone_error *err)
{
    return value_parse(space->view.dims[i], text, v, err);
}

uint32_t space_find(const struct space *space, const char *key)
{
    for (uint32_t i = 0; i < space->view.n_dims; i++)
        if (!strcmp(space->view.dims[i]->key, key))
            return i;
    return UINT32_MAX;
}
