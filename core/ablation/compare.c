/* SPDX-License-Identifier: MIT */
/* Cells one by one, and against the reference. */
#include "ablation/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double none = (double)NAN;

size_t comparison_cell(const struct comparison *c, size_t block, size_t row)
{
    return block * c->ablation->n_rows + row;
}

/* The value that a run enters with: its own; of one that failed the worst of all there are; NaN: it has not been run. */
static double entered(const struct ablation_run *run, double worst)
{
    return run->state == RUN_DONE ? run->value : run->state == RUN_FAILED ? worst : none;
}

static hone_rc enter_values(struct comparison *c, hone_error *err)
{
    const struct ablation *a = c->ablation;
    double worst = none;
    c->values = malloc((a->n_cells * a->n_seeds + 1) * sizeof *c->values);
    c->cells = calloc(a->n_cells, sizeof *c->cells);
    if (!c->values || !c->cells)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the table");
    for (size_t i = 0; i < a->n_cells; i++)
        for (size_t k = 0; k < a->n_seeds; k++) {
            const struct ablation_run *run = &a->cells[i].runs[k];
            if (run->state == RUN_DONE && !(c->maximize ? worst <= run->value : worst >= run->value))
                worst = run->value;
        }
    for (size_t i = 0; i < a->n_cells; i++)
        for (size_t k = 0; k < a->n_seeds; k++) {
            const struct ablation_run *run = &a->cells[i].runs[k];
            c->values[i * a->n_seeds + k] = entered(run, worst);
            c->cells[i].failed += run->state == RUN_FAILED;
        }
    return HONE_OK;
}

/* Of the mean of x; NaN where there are too few. *method: "t", "bca", NULL. */
static hone_rc mean_interval(const struct comparison *c, const double *x, size_t n, hone_interval *interval,
                             const char **method, hone_error *err)
{
    const struct ablation_raw *raw = &c->ablation->spec.raw;
    const int bca = raw->interval == INTERVAL_BCA || (raw->interval == INTERVAL_AUTO && n >= FROM_WHERE_BCA);
    *interval = (hone_interval){ none, none };
    *method = NULL;
    if (n < LEAST_FOR_INTERVAL)
        return HONE_OK;
    *method = bca ? "bca" : "t";
    if (bca)
        return hone_bootstrap_interval(x, n, hone_statistic_mean, NULL, 1, DRAWS, raw->level, interval, err);
    *interval = hone_t_interval(x, n, raw->level);
    return HONE_OK;
}

/* scratch: (n_seeds) */
static hone_rc summarize(struct comparison *c, size_t cell, double *scratch, hone_error *err)
{
    const struct ablation *a = c->ablation;
    struct cell_summary *s = &c->cells[cell];
    for (size_t k = 0; k < a->n_seeds; k++) {
        const struct ablation_run *run = &a->cells[cell].runs[k];
        const double value = c->values[cell * a->n_seeds + k];
        s->trials += run->trials;
        s->failed_trials += run->failed;
        if (isnan(value))
            continue;
        scratch[s->n++] = value;
        s->seconds += run->seconds;
    }
    s->seconds = s->n ? s->seconds / (double)s->n : none;
    s->mean = s->deviation = s->median = s->interquartile_mean = none;
    s->interval = s->difference_interval = (hone_interval){ none, none };
    s->difference = s->p = s->p_adjusted = s->superiority = s->delta = none;
    if (!s->n)
        return HONE_OK;
    const hone_rc rc = mean_interval(c, scratch, s->n, &s->interval, &s->method, err);
    s->mean = hone_mean(scratch, s->n);
    s->deviation = s->n > 1 ? hone_deviation(scratch, s->n) : none;
    hone_sort(scratch, s->n);
    s->median = hone_quantile(scratch, s->n, 0.5);
    s->interquartile_mean = hone_interquartile_mean(scratch, s->n);
    return rc;
}

/* Against the reference of its block, in pairs of equal seeds. differences: (2 * n_seeds) scratch */
static hone_rc compare(struct comparison *c, size_t cell, double *differences, hone_error *err)
{
    const struct ablation *a = c->ablation;
    const size_t reference = comparison_cell(c, a->cells[cell].block, 0);
    struct cell_summary *s = &c->cells[cell];
    double *better = differences + a->n_seeds;
    s->is_reference = cell == reference;
    for (size_t k = 0; k < a->n_seeds && !s->is_reference; k++) {
        const double d = c->values[cell * a->n_seeds + k] - c->values[reference * a->n_seeds + k];
        if (isnan(d))
            continue;
        differences[s->pairs] = d;
        better[s->pairs++] = c->maximize ? d : -d;
    }
    if (!s->pairs)
        return HONE_OK;
    s->difference = hone_mean(differences, s->pairs);
    s->superiority = hone_superiority_paired(better, s->pairs);
    s->delta = hone_cliffs_delta(s->superiority);
    return mean_interval(c, differences, s->pairs, &s->difference_interval, &s->difference_method, err);
}

static hone_rc test(struct comparison *c, size_t cell, double *differences, hone_error *err)
{
    const struct ablation *a = c->ablation;
    const size_t reference = comparison_cell(c, a->cells[cell].block, 0);
    struct cell_summary *s = &c->cells[cell];
    hone_signed_rank rank;
    size_t n = 0;
    if (s->is_reference || s->pairs < c->needed)
        return HONE_OK;
    for (size_t k = 0; k < a->n_seeds; k++) {
        const double d = c->values[cell * a->n_seeds + k] - c->values[reference * a->n_seeds + k];
        if (!isnan(d))
            differences[n++] = d;
    }
    const hone_rc rc = hone_signed_rank_test(differences, n, HONE_ZEROS_DROPPED, &rank, err);
    const double p = 2 * (rank.lower < rank.upper ? rank.lower : rank.upper);
    s->p = p < 1 ? p : 1;
    return rc;
}

/* Corrects over all comparisons that could be tested; those that could not count as comparisons all the same. */
static hone_rc correct(struct comparison *c, hone_error *err)
{
    const struct ablation *a = c->ablation;
    double *p = malloc((2 * c->comparisons + 2) * sizeof *p), *adjusted = p ? p + c->comparisons + 1 : NULL;
    size_t n = 0;
    if (!p)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the tests");
    for (size_t i = 0; i < a->n_compared; i++)
        if (!c->cells[i].is_reference)
            p[n++] = isnan(c->cells[i].p) ? 1 : c->cells[i].p;
    if (a->spec.raw.correction == CORRECT_HOLM)
        hone_holm(p, n, adjusted);
    else
        hone_benjamini_hochberg(p, n, adjusted);
    n = 0;
    for (size_t i = 0; i < a->n_compared; i++)
        if (!c->cells[i].is_reference) {
            if (!isnan(c->cells[i].p))
                c->cells[i].p_adjusted = adjusted[n];
            n++;
        }
    free(p);
    return HONE_OK;
}

hone_rc comparison_make(struct comparison *c, const struct ablation *a, hone_error *err)
{
    hone_rc rc;
    *c = (struct comparison){ .ablation = a, .maximize = a->direction == HONE_MAXIMIZE };
    double *scratch = malloc((2 * a->n_seeds + 1) * sizeof *scratch);
    c->lenth_error = c->lenth_margin = none;
    c->comparisons = a->n_compared - a->n_blocks;
    c->needed = hone_signed_rank_pairs(c->comparisons ? c->comparisons : 1, 1 - a->spec.raw.level);
    rc = scratch ? enter_values(c, err) : hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the table");
    for (size_t i = 0; i < a->n_cells && rc == HONE_OK; i++)
        rc = summarize(c, i, scratch, err);
    for (size_t i = 0; i < a->n_compared && rc == HONE_OK; i++)
        if ((rc = compare(c, i, scratch, err)) == HONE_OK)
            rc = test(c, i, scratch, err);
    free(scratch);
    if (rc == HONE_OK && (rc = correct(c, err)) == HONE_OK && (rc = comparison_effects(c, err)) == HONE_OK)
        rc = comparison_ranks(c, err);
    return rc;
}

void comparison_release(struct comparison *c)
{
    free(c->cells);
    free(c->values);
    free(c->effects);
    free(c->ranking.ranks);
    *c = (struct comparison){ 0 };
}
