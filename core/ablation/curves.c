/* SPDX-License-Identifier: MIT */
/* Anytime curves: how good the best trial so far is, against the number of trials that have ended and against seconds. */
#include "ablation/tables.h"

#include <math.h>
#include <stdlib.h>

static hone_rc curve_init(struct curve *curve, const struct ablation_cell *cell, size_t n, hone_error *err)
{
    *curve = (struct curve){ .cell = cell, .n = n, .at = malloc((4 * n + 1) * sizeof *curve->at) };
    if (!curve->at)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a curve");
    curve->mean = curve->at + n;
    curve->low = curve->mean + n;
    curve->high = curve->low + n;
    return HONE_OK;
}

void curve_release(struct curve *curve)
{
    free(curve->at);
    *curve = (struct curve){ 0 };
}

/* The best of the run's first trials: those that ended within `seconds`, at most `trials`; NaN: none is complete. */
static double best_of(const struct comparison *c, const struct ablation_run *run, size_t trials, double seconds)
{
    const int maximize = c->ablation->objective_direction == HONE_MAXIMIZE;
    double best = (double)NAN;
    for (size_t i = 0; i < run->n_points && i < trials && run->points[i].seconds <= seconds; i++) {
        const double v = run->points[i].value;
        if (run->points[i].complete && !(maximize ? best >= v : best <= v))
            best = v;
    }
    return best;
}

/* Point i of the curve: over the runs that have a complete trial by then, if these are all that there are. */
static void average(const struct comparison *c, struct curve *curve, size_t i, size_t trials, double seconds,
                    double *values)
{
    const struct ablation *a = c->ablation;
    size_t n = 0, runs = 0;
    for (size_t k = 0; k < a->n_seeds; k++) {
        const struct ablation_run *run = &curve->cell->runs[k];
        const double best = best_of(c, run, trials, seconds);
        runs += run->n_points > 0;
        if (!isnan(best))
            values[n++] = best;
    }
    const int whole = n && n == runs;
    const hone_interval none = { (double)NAN, (double)NAN };
    const hone_interval interval = whole && n >= LEAST_FOR_INTERVAL ? hone_t_interval(values, n, a->spec.raw.level)
                                                                    : none;
    curve->mean[i] = whole ? hone_mean(values, n) : (double)NAN;
    curve->low[i] = interval.low;
    curve->high[i] = interval.high;
}

hone_rc curve_by_trials(const struct comparison *c, size_t cell, struct curve *curve, hone_error *err)
{
    const struct ablation *a = c->ablation;
    double *values = malloc((a->n_seeds + 1) * sizeof *values);
    size_t n = 0;
    for (size_t k = 0; k < a->n_seeds; k++)
        n = a->cells[cell].runs[k].n_points > n ? a->cells[cell].runs[k].n_points : n;
    hone_rc rc = curve_init(curve, &a->cells[cell], n, err);
    if (rc == HONE_OK && !values)
        rc = hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a curve");
    for (size_t i = 0; i < n && rc == HONE_OK; i++) {
        curve->at[i] = (double)i + 1;
        average(c, curve, i, i + 1, HUGE_VAL, values);
    }
    free(values);
    return rc;
}

hone_rc curve_by_seconds(const struct comparison *c, size_t cell, size_t n, struct curve *curve, hone_error *err)
{
    const struct ablation *a = c->ablation;
    double *values = malloc((a->n_seeds + 1) * sizeof *values), longest = 0;
    for (size_t i = 0; i < a->n_compared; i++)
        for (size_t k = 0; k < a->n_seeds; k++) {
            const struct ablation_run *run = &a->cells[i].runs[k];
            if (run->n_points && run->points[run->n_points - 1].seconds > longest)
                longest = run->points[run->n_points - 1].seconds;
        }
    hone_rc rc = curve_init(curve, &a->cells[cell], n, err);
    if (rc == HONE_OK && !values)
        rc = hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a curve");
    for (size_t i = 0; i < n && rc == HONE_OK; i++) {
        curve->at[i] = longest * (double)(i + 1) / (double)n;
        average(c, curve, i, SIZE_MAX, curve->at[i], values);
    }
    free(values);
    return rc;
}
