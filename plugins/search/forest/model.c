/* SPDX-License-Identifier: MIT */
/* Following a history with random forests. */
#include "model.h"

#define LARGEST 1e150 /* larger magnitudes are cut: their squares are finite */
#define SMALLEST_COST \
    1e-5 /* what a cost that is not positive counts as on the log scale (SMAC3's MINIMAL_COST_FOR_LOG) */
#define SMALLEST_VAR 1e-10 /* of a prediction, in squared units of the scale (SMAC3's VERY_SMALL_NUMBER) */
#define OUTLIER      3     /* values this many times as far above the upper quartile as it is above the best are cut */
#define FIRST_EPOCH  4

static uint32_t rounded_up_by_a_fifth(uint32_t n)
{
    return n < FIRST_EPOCH ? n + 1 : n + (n + 4) / 5;
}

static double transformed(const struct scale *scale, double value)
{
    if (scale->is_log)
        return log(value > SMALLEST_COST ? value : SMALLEST_COST);
    return value > LARGEST ? LARGEST : value < -LARGEST ? -LARGEST : value;
}

double scale_apply(const struct scale *scale, double value)
{
    const double v = transformed(scale, value);
    return ((v < scale->highest ? v : scale->highest) - scale->centre) / scale->unit;
}

/* ---- memory ---- */

static void target_release(struct target *t)
{
    hone_forest_release(&t->forest);
    free(t->y);
    free(t->due);
    free(t->grown);
    free(t->n);
}

void model_release(struct model *model)
{
    for (uint32_t i = 0; model->targets && i < model->n_targets; i++)
        target_release(model->targets + i);
    free(model->targets);
    free(model->features);
    free(model->scalars);
    memset(model, 0, sizeof *model);
}

hone_rc model_init(struct model *model, const hone_history *history, const hone_forest_options *options,
                   uint32_t most_rows, uint32_t log_costs, hone_error *err)
{
    const hone_space *space = history->space;
    uint32_t *n_categories = (uint32_t *)calloc(space->n_dims + 1u, sizeof *n_categories);
    hone_rc rc = HONE_OK;
    memset(model, 0, sizeof *model);
    model->space = space;
    model->history = history;
    model->options = *options;
    model->most_rows = most_rows;
    model->log_costs = log_costs;
    model->n_dims = space->n_dims;
    model->n_targets = 1 + history->n_constraints;
    model->targets = (struct target *)calloc(model->n_targets, sizeof *model->targets);
    if (!n_categories || !model->targets)
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for the forests");
    for (uint32_t i = 0; rc == HONE_OK && i < space->n_dims; i++)
        n_categories[i] = space->dims[i]->type == HONE_DIM_CHOICE ? space->dims[i]->n_choices : 0;
    for (uint32_t i = 0; rc == HONE_OK && i < model->n_targets; i++) {
        struct target *t = model->targets + i;
        hone_forest_options own = *options;
        own.seed = hone_rng_derive(options->seed, i);
        t->is_constraint = i > 0;
        t->stride = i ? history->n_constraints : history->n_values;
        t->due = (uint32_t *)calloc(options->n_trees, sizeof *t->due);
        t->grown = (uint32_t *)calloc(options->n_trees, sizeof *t->grown);
        t->n = (uint32_t *)calloc(options->n_trees, sizeof *t->n);
        if (!t->due || !t->grown || !t->n)
            rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for the forests");
        else
            rc = hone_forest_init(&t->forest, space->n_dims, n_categories, &own, err);
    }
    free(n_categories);
    return rc; /* model_release in any case */
}

static hone_rc reserve(struct model *model, uint64_t rows, hone_error *err)
{
    uint64_t capacity = model->capacity ? model->capacity : 64;
    int ok;
    if (rows > UINT32_MAX / 2)
        return hone_fail(err, HONE_ENOTSUP, "", "the random forest takes at most %u outcomes", UINT32_MAX / 2);
    if (rows <= model->capacity)
        return HONE_OK;
    while (capacity < rows)
        capacity *= 2;
    ok = hone_history_grow_((void **)&model->features, capacity, model->n_dims, sizeof *model->features) &&
         hone_history_grow_((void **)&model->scalars, capacity, 1, sizeof *model->scalars);
    for (uint32_t i = 0; ok && i < model->n_targets; i++)
        ok = hone_history_grow_((void **)&model->targets[i].y, capacity, 1, sizeof(double));
    if (!ok)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the outcomes of the forest");
    model->capacity = capacity;
    return HONE_OK;
}

void model_feature(const struct model *model, uint32_t i, double v, double *f)
{
    const hone_dim *d = model->space->dims[i];
    *f = isnan(v) || d->type == HONE_DIM_CHOICE || d->type == HONE_DIM_ORDINAL ? v : hone_dim_to_unit(d, v);
}

void model_features(const struct model *model, const double *x, double *f)
{
    for (uint32_t i = 0; i < model->n_dims; i++)
        model_feature(model, i, x[i], f + i);
}

static hone_rc add_features(struct model *model, hone_error *err)
{
    const hone_history *h = model->history;
    const hone_rc rc = reserve(model, h->n, err);
    if (rc != HONE_OK)
        return rc;
    for (; model->rows < h->n; model->rows++)
        model_features(model, h->x + model->rows * h->n_dims, model->features + model->rows * model->n_dims);
    return HONE_OK;
}

/* ---- values ---- */

static double raw(const struct model *model, const struct target *t, uint32_t row)
{
    const hone_history *h = model->history;
    if (t->is_constraint)
        return h->constraints[(uint64_t)row * t->stride + (uint32_t)(t - model->targets) - 1];
    if (h->n_values > 1)
        return model->scalars[row];
    return h->status[row] == HONE_FAILED ? (double)NAN : h->values[row];
}

/* What the forest learns of a row. */
static double learned(const struct model *model, const struct target *t, uint32_t row)
{
    const struct scale *s = &t->scale;
    const double value = raw(model, t, row);
    double v;
    if (t->is_constraint) /* one that is not a number says nothing about where the border is */
        return isnan(value) ? value : scale_apply(s, value);
    if (isnan(value))
        return (s->failed - s->centre) / s->unit;
    v = scale_apply(s, value);
    if (model->history->status[row] == HONE_PRUNED && v < (s->middle - s->centre) / s->unit)
        v = (s->middle - s->centre) / s->unit;
    return v;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The scale that the first n rows call for; scale.ready 0: they have no value. */
static hone_rc find_scale(const struct model *model, struct target *t, uint32_t n, hone_error *err)
{
    const hone_history *h = model->history;
    double *v = (double *)malloc((n + 1u) * sizeof *v);
    uint32_t m = 0;
    if (!v)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the values");
    for (uint32_t pass = 0; pass < 2 && !m; pass++) /* pruned ones only where nothing is complete */
        for (uint32_t i = 0; i < n; i++) {
            const double value = raw(model, t, i);
            if (!isnan(value) && (t->is_constraint || pass || h->status[i] == HONE_COMPLETE))
                v[m++] = value;
        }
    t->scale.ready = m > 0;
    t->scale.is_log = !t->is_constraint && h->n_values == 1 && model->log_costs != LOG_NO;
    for (uint32_t i = 0; i < m && model->log_costs == LOG_AUTO; i++)
        t->scale.is_log &= v[i] > 0;
    for (uint32_t i = 0; i < m; i++)
        v[i] = transformed(&t->scale, v[i]);
    if (m) {
        qsort(v, m, sizeof *v, compare);
        const double quarter = v[m - 1 - m / 4], cut = quarter + OUTLIER * (quarter - v[0]);
        t->scale.middle = v[m / 2];
        t->scale.failed = quarter;
        t->scale.highest = quarter > v[0] && cut < v[m - 1] ? cut : v[m - 1];
        t->scale.centre = t->scale.middle;
        t->scale.unit = t->scale.highest > v[0] ? t->scale.highest - v[0] : 1;
        if (t->is_constraint) { /* its zero must keep its place */
            const double widest = fabs(v[0]) > fabs(t->scale.highest) ? fabs(v[0]) : fabs(t->scale.highest);
            t->scale.centre = 0;
            t->scale.unit = widest > 0 ? widest : 1;
            t->scale.highest = t->scale.highest > 0 ? t->scale.highest : t->scale.unit;
        }
    }
    free(v);
    return HONE_OK;
}

/* 1 where the new row cannot be said on the scale at hand. */
static int breaks_scale(const struct model *model, const struct target *t, uint32_t row)
{
    const double value = raw(model, t, row);
    if (isnan(value))
        return 0;
    return !t->scale.ready || (t->scale.is_log && model->log_costs == LOG_AUTO && !(value > 0)) ||
           fabs(scale_apply(&t->scale, value)) > 1e3;
}

/* ---- following ---- */

static hone_rc begin_epoch(struct model *model, struct target *t, uint32_t n, hone_error *err)
{
    const hone_rc rc = find_scale(model, t, n, err);
    if (rc != HONE_OK)
        return rc;
    t->epoch = n;
    t->next_epoch = rounded_up_by_a_fifth(n);
    for (uint32_t i = 0; t->scale.ready && i < n; i++)
        t->y[i] = learned(model, t, i);
    for (uint32_t k = 0; k < model->options.n_trees; k++)
        t->due[k] = n;
    t->forest.options.copies = n > model->most_rows ? model->options.copies * model->most_rows / n
                                                    : model->options.copies;
    return HONE_OK;
}

/* Grows and extends the trees of a target to n rows. */
static hone_rc catch_up(struct model *model, struct target *t, uint32_t n, hone_error *err)
{
    hone_rc rc = hone_forest_sort(&t->forest, model->features, n, err);
    for (uint32_t k = 0; rc == HONE_OK && k < model->options.n_trees; k++) {
        if (t->grown[k] != t->due[k]) {
            rc = hone_forest_grow(&t->forest, k, t->due[k], model->features, t->y, t->due[k], err);
            t->grown[k] = t->n[k] = t->due[k];
        }
        for (; rc == HONE_OK && t->n[k] < n; t->n[k]++)
            rc = hone_forest_add(&t->forest, k, model->features, t->y, t->n[k], err);
    }
    return rc;
}

static hone_rc follow(struct model *model, struct target *t, hone_error *err)
{
    const uint32_t n = (uint32_t)model->history->n;
    hone_rc rc = HONE_OK;
    for (; rc == HONE_OK && t->rows < n; t->rows++) {
        if (t->rows + 1 >= t->next_epoch || breaks_scale(model, t, t->rows)) {
            rc = begin_epoch(model, t, t->rows + 1, err);
        } else {
            t->y[t->rows] = t->scale.ready ? learned(model, t, t->rows) : (double)NAN;
            t->due[(t->rows + 1) % model->options.n_trees] = t->rows + 1;
        }
    }
    return rc == HONE_OK && t->scale.ready ? catch_up(model, t, n, err) : rc;
}

hone_rc model_follow(struct model *model, hone_error *err)
{
    hone_rc rc = add_features(model, err);
    for (uint32_t i = model->history->n_values > 1; rc == HONE_OK && i < model->n_targets; i++)
        rc = follow(model, model->targets + i, err);
    return rc < 0 ? rc : (hone_rc)model->targets[0].scale.ready;
}

hone_rc model_follow_scalarized(struct model *model, const double *weights, uint64_t stream, hone_error *err)
{
    enum { ROWS = 2000 }; /* all trees are grown at every question */
    const hone_history *h = model->history;
    const uint32_t n = (uint32_t)h->n, m = h->n_values;
    struct target *t = model->targets;
    hone_rc rc = model_follow(model, err);
    if (rc < 0)
        return rc;
    for (uint32_t i = 0; i < n; i++)
        model->scalars[i] = h->status[i] == HONE_FAILED ? (double)NAN : 0;
    for (uint32_t k = 0; k < m; k++) { /* objectives to [0, 1], then the augmented Tchebycheff norm */
        double low = HUGE_VAL, high = -HUGE_VAL;
        for (uint32_t i = 0; i < n; i++) {
            const double v = h->values[(uint64_t)i * m + k];
            if (h->status[i] != HONE_COMPLETE || fabs(v) > LARGEST)
                continue;
            low = v < low ? v : low;
            high = v > high ? v : high;
        }
        for (uint32_t i = 0; i < n; i++) {
            const double v = h->values[(uint64_t)i * m + k];
            double share = high > low ? (v - low) / (high - low) : 0.5;
            share = weights[k] * (share < 0 ? 0 : share > 1 ? 1 : share);
            if (k == 0)
                t->y[i] = 0; /* the sum, for now */
            t->y[i] += share;
            if (share > model->scalars[i])
                model->scalars[i] = share;
        }
    }
    for (uint32_t i = 0; i < n; i++)
        model->scalars[i] += 0.05 * t->y[i]; /* rho of Knowles (2006) and SMAC3 */
    if ((rc = begin_epoch(model, t, n, err)) != HONE_OK || !t->scale.ready)
        return rc;
    t->rows = n;
    if (n > ROWS)
        t->forest.options.copies = model->options.copies * ROWS / n;
    rc = hone_forest_sort(&t->forest, model->features, n, err);
    for (uint32_t k = 0; rc == HONE_OK && k < model->options.n_trees; k++)
        rc = hone_forest_grow(&t->forest, k, stream, model->features, t->y, n, err);
    return rc == HONE_OK ? 1 : rc;
}

/* ---- asking ---- */

double model_best(const struct model *model)
{
    const hone_history *h = model->history;
    const struct target *t = model->targets;
    double best = HUGE_VAL;
    for (uint32_t i = 0; i < h->n; i++) {
        const double value = raw(model, t, i);
        if (h->status[i] == HONE_COMPLETE && !(h->violation[i] > 0) && !isnan(value) &&
            transformed(&t->scale, value) < best)
            best = transformed(&t->scale, value);
    }
    return best;
}

void model_predict(const struct model *model, const double *f, double *mean, double *variance)
{
    const struct scale *s = &model->targets[0].scale;
    hone_forest_predict(&model->targets[0].forest, f, mean, variance);
    *mean = *mean * s->unit + s->centre;
    *variance = (*variance > SMALLEST_VAR ? *variance : SMALLEST_VAR) * s->unit * s->unit;
}

double model_feasible(const struct model *model, const double *f)
{
    double p = 1;
    for (uint32_t i = 1; i < model->n_targets; i++) {
        double mean, variance;
        if (!model->targets[i].scale.ready)
            continue;
        hone_forest_predict(&model->targets[i].forest, f, &mean, &variance);
        p *= 0.5 * erfc(mean / sqrt(2 * (variance > SMALLEST_VAR ? variance : SMALLEST_VAR)));
    }
    return p;
}

void model_leaves(const struct model *model, const double *f, uint32_t *leaves)
{
    for (uint32_t k = 0; k < model->options.n_trees; k++)
        leaves[k] = hone_forest_leaf(&model->targets[0].forest, k, f);
}

double model_proximity(const struct model *model, const uint32_t *a, const uint32_t *b)
{
    uint32_t same = 0;
    for (uint32_t k = 0; k < model->options.n_trees; k++)
        same += a[k] == b[k];
    return (double)same / model->options.n_trees;
}
