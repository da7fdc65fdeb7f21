/* SPDX-License-Identifier: MIT */
/* Main effects and interactions. Each is a contrast of the cells, computed seed by seed and then averaged, so that what a seed does
 * to all cells alike cancels. Without repeats: Lenth's margin. */
#include "ablation/compare.h"

#include <math.h>
#include <stdlib.h>

/* How a cell counts in an effect: 1, -1, or 0: it has no part in it. */
static int sign(const struct ablation *a, const struct effect *e, const struct ablation_cell *cell)
{
    const int at_reference = !(a->design_flags & HONE_DESIGN_BALANCED);
    int product = 1;
    for (int i = 0; i < e->n_axes; i++) {
        const uint32_t level = cell->levels[e->axes[i]];
        const uint32_t baseline = a->spec.axes[e->axes[i]].baseline;
        if (level != e->levels[i] && level != baseline)
            return 0;
        product *= level == e->levels[i] ? 1 : -1;
    }
    for (size_t i = 0; at_reference && i < a->spec.n_design; i++)
        if (i != e->axes[0] && (e->n_axes < 2 || i != e->axes[1]) && cell->levels[i] != a->cells[0].levels[i])
            return 0;
    return product;
}

/* Mean of the cells with sign 1 less that of those with sign -1, for one seed; NaN where one of them is missing. */
static double contrast(const struct comparison *c, const struct effect *e, size_t seed)
{
    const struct ablation *a = c->ablation;
    double sums[2] = { 0, 0 };
    size_t n[2] = { 0, 0 };
    for (size_t i = 0; i < a->n_compared; i++) {
        const int s = sign(a, e, &a->cells[i]);
        if (!s)
            continue;
        sums[s > 0] += c->values[i * a->n_seeds + seed];
        n[s > 0]++;
    }
    return n[0] && n[1] ? sums[1] / (double)n[1] - sums[0] / (double)n[0] : (double)NAN;
}

/* values: (n_seeds) scratch */
static void estimate(const struct comparison *c, struct effect *e, double *values)
{
    const struct ablation *a = c->ablation;
    e->n = 0;
    for (size_t k = 0; k < a->n_seeds; k++) {
        const double value = contrast(c, e, k);
        if (!isnan(value))
            values[e->n++] = value;
    }
    e->value = e->n ? hone_mean(values, e->n) : (double)NAN;
    e->interval = e->n >= LEAST_FOR_INTERVAL ? hone_t_interval(values, e->n, a->spec.raw.level)
                                             : (hone_interval){ (double)NAN, (double)NAN };
    e->active = e->interval.low > 0 || e->interval.high < 0;
}

static int is_of(const struct effect *e, const uint32_t *axes, uint32_t n)
{
    return e->n_axes == (int)n && e->axes[0] == axes[0] && (n < 2 || e->axes[1] == axes[1]);
}

/* 1 where the effect is, but for its sign, an estimate that is there already. */
static int is_known(const struct comparison *c, const struct effect *e)
{
    const struct ablation *a = c->ablation;
    for (size_t i = 0; i < a->n_aliases; i++) {
        const struct ablation_alias *alias = &a->aliases[i];
        for (size_t k = 0; fabs(alias->correlation) > 1 - 1e-9 && k < c->n_effects; k++)
            if ((is_of(e, alias->effect, alias->n_effect) && is_of(&c->effects[k], alias->with, alias->n_with)) ||
                (is_of(e, alias->with, alias->n_with) && is_of(&c->effects[k], alias->effect, alias->n_effect)))
                return 1;
    }
    return 0;
}

static hone_rc add(struct comparison *c, const struct effect *e, hone_error *err)
{
    struct effect *more = realloc(c->effects, (c->n_effects + 1) * sizeof *more);
    if (!more)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the effects");
    c->effects = more;
    more[c->n_effects++] = *e;
    return HONE_OK;
}

/* All effects of the axis x (y SIZE_MAX) or of x and y: one for every pair of levels beside the baselines. */
static hone_rc add_axes(struct comparison *c, size_t x, size_t y, hone_error *err)
{
    const struct ablation_axis *axes = c->ablation->spec.axes;
    const int two = y != SIZE_MAX;
    hone_rc rc = HONE_OK;
    for (uint32_t i = 0; i < axes[x].n_levels && rc == HONE_OK; i++)
        for (uint32_t k = 0; k < (two ? axes[y].n_levels : 1) && rc == HONE_OK; k++) {
            const struct effect e = { { x, two ? y : 0 }, { i, k }, two ? 2 : 1, 0, 0, { 0, 0 }, 0 };
            if (i != axes[x].baseline && (!two || k != axes[y].baseline) && !is_known(c, &e))
                rc = add(c, &e, err);
        }
    return rc;
}

/* Without repeats, the small effects are the noise that the large ones are held against. */
static hone_rc judge_by_lenth(struct comparison *c, hone_error *err)
{
    double *values = malloc((c->n_effects + 1) * sizeof *values);
    size_t n = 0;
    hone_rc rc = HONE_OK;
    if (!values)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the effects");
    for (size_t i = 0; i < c->n_effects; i++)
        if (!isnan(c->effects[i].value))
            values[n++] = c->effects[i].value;
    if (n >= 3 && n == c->n_effects)
        rc = hone_lenth(values, n, 1 - c->ablation->spec.raw.level, &c->lenth_error, &c->lenth_margin, err);
    for (size_t i = 0; i < c->n_effects && rc == HONE_OK; i++)
        c->effects[i].active = fabs(c->effects[i].value) > c->lenth_margin;
    free(values);
    return rc;
}

hone_rc comparison_effects(struct comparison *c, hone_error *err)
{
    const struct ablation *a = c->ablation;
    const size_t n = a->spec.n_design;
    hone_rc rc = HONE_OK;
    for (size_t i = 0; a->design_flags & HONE_DESIGN_BALANCED && i < n && rc == HONE_OK; i++)
        rc = add_axes(c, i, SIZE_MAX, err);
    for (size_t i = 0; a->design_flags & HONE_DESIGN_INTERACTIONS && i < n; i++)
        for (size_t k = i + 1; k < n && rc == HONE_OK; k++)
            rc = add_axes(c, i, k, err);
    double *values = malloc((a->n_seeds + 1) * sizeof *values);
    if (!values)
        rc = hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the effects");
    for (size_t i = 0; i < c->n_effects && rc == HONE_OK; i++)
        estimate(c, &c->effects[i], values);
    free(values);
    return rc == HONE_OK && c->n_effects && a->n_seeds == 1 ? judge_by_lenth(c, err) : rc;
}
