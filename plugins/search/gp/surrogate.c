/* SPDX-License-Identifier: MIT */
/* search/gp: all models of a study: which outcomes they learn from, when they are fitted anew, what runs meanwhile, and
 * what a candidate is worth by all of them together. */
#include "gp.h"

#include "hone/pareto.h"

enum { MOST_PENDING = 128, MOST_BOXES = 4000 };
#define MOST_KNOWN 1e4 /* variance beyond which a row says nothing */

hone_rc surrogate_init(struct surrogate *s, const struct settings *settings, const hone_host *host,
                       const hone_space *space, const hone_search_info *info, hone_error *err)
{
    hone_rc rc;
    memset(s, 0, sizeof *s);
    s->settings = settings;
    s->host = host;
    s->n_objectives = info->n_values;
    s->n_constraints = info->n_constraints;
    s->n_models = info->n_values + info->n_constraints + 1;
    if (info->n_values > MOST_OBJECTIVES || s->n_models > MOST_MODELS)
        return hone_fail(
            err, HONE_ENOTSUP, "", "search gp takes at most %d objectives and %d constraints, the study has %u and %u",
            (int)MOST_OBJECTIVES, (int)MOST_MODELS - MOST_OBJECTIVES - 1, info->n_values, info->n_constraints);
    if ((rc = features_init(&s->features, space, err)) != HONE_OK)
        return rc;
    s->models = (struct model *)calloc(s->n_models, sizeof *s->models);
    s->fitted_at = (uint64_t *)calloc(s->n_models, sizeof *s->fitted_at);
    s->means = (double *)calloc((size_t)s->n_models * BATCH * MOST_FANTASIES, sizeof *s->means);
    s->by_means = (double *)calloc((size_t)s->n_models * MOST_FANTASIES * 2, sizeof *s->by_means);
    s->sds = (double *)calloc((size_t)s->n_models * (BATCH + 1), sizeof *s->sds);
    if (!s->models || !s->fitted_at || !s->means || !s->by_means || !s->sds)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for %u Gaussian processes", s->n_models);
    for (uint32_t i = 0; i < s->n_models; i++)
        if ((rc = model_init(s->models + i, &s->features, settings->input_warping && i < s->n_objectives, err)) !=
            HONE_OK)
            return rc;
    return HONE_OK;
}

void surrogate_release(struct surrogate *s)
{
    for (uint32_t i = 0; s->models && i < s->n_models; i++)
        model_release(s->models + i);
    free(s->models);
    free(s->fitted_at);
    free(s->means);
    free(s->by_means);
    free(s->sds);
    free(s->rows);
    free(s->encoded);
    free(s->untransformed);
    boxes_release(&s->boxes);
    workspace_release(&s->work);
    features_release(&s->features);
    memset(s, 0, sizeof *s);
}

/* ---- which outcomes ---- */

struct ranked {
    hone_judged judged;
    uint64_t row;
};

static int compare_ranked(const void *p, const void *q)
{
    const struct ranked *a = (const struct ranked *)p, *b = (const struct ranked *)q;
    if (hone_judged_better(a->judged, b->judged))
        return -1;
    if (hone_judged_better(b->judged, a->judged))
        return 1;
    return (a->row > b->row) - (a->row < b->row);
}

/* All outcomes, or, where there are more than [search] points: the better half of that number, by rank, and the others
 * evenly along the ranks of the rest. */
static hone_rc select_rows(struct surrogate *s, const hone_history *h, hone_error *err)
{
    const uint64_t most = (uint64_t)s->settings->points, n = h->n < most ? h->n : most, better = most / 2;
    struct ranked *ranked = NULL;
    uint32_t *fronts = NULL;
    hone_rc rc = HONE_OK;
    if (n + MOST_PENDING > s->row_capacity) {
        const uint64_t more = n + n / 4 + MOST_PENDING;
        s->row_capacity = 0;
        if (!hone_history_grow_((void **)&s->rows, more, 1, sizeof *s->rows) ||
            !hone_history_grow_((void **)&s->untransformed, more, 1, sizeof *s->untransformed) ||
            !hone_history_grow_((void **)&s->encoded, more, s->features.n, sizeof *s->encoded))
            goto full;
        s->row_capacity = more;
    }
    s->n_rows = n;
    if (n == h->n) {
        for (uint64_t i = 0; i < n; i++)
            s->rows[i] = i;
        goto out;
    }
    ranked = (struct ranked *)malloc((size_t)h->n * sizeof *ranked);
    fronts = (uint32_t *)malloc((size_t)h->n * sizeof *fronts);
    if (!ranked || !fronts)
        goto full;
    if (s->n_objectives > 1 &&
        (rc = hone_pareto_rank(h->values, h->violation, h->n, s->n_objectives, fronts, err)) != HONE_OK)
        goto out;
    for (uint64_t i = 0; i < h->n; i++) {
        ranked[i].row = i;
        ranked[i].judged = hone_history_judged(h, i);
        if (s->n_objectives > 1 && hone_history_usable(h, i))
            ranked[i].judged.value = fronts[i];
    }
    qsort(ranked, (size_t)h->n, sizeof *ranked, compare_ranked);
    {
        char *taken = (char *)calloc((size_t)h->n, 1);
        uint64_t kept = 0;
        if (!taken)
            goto full;
        for (uint64_t i = 0; i < n; i++) {
            const uint64_t rest = h->n - better, slots = n - better;
            const uint64_t at = i < better ? i : better + (i - better) * rest / slots;
            taken[ranked[at].row] = 1;
        }
        for (uint64_t i = 0; i < h->n; i++)
            if (taken[i])
                s->rows[kept++] = i;
        s->n_rows = kept;
        free(taken);
    }
    goto out;
full:
    rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for %llu outcomes", (unsigned long long)h->n);
out:
    free(ranked);
    free(fronts);
    return rc;
}

static int compare_doubles(const void *p, const void *q)
{
    const double x = *(const double *)p, y = *(const double *)q;
    return (x > y) - (x < y);
}

/* The median of the selected complete trials in objective k; -infinity without one. scratch: (n_rows) */
static double median_of(const struct surrogate *s, const hone_history *h, uint32_t k, double *scratch)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < s->n_rows; i++)
        if (h->status[s->rows[i]] == HONE_COMPLETE)
            scratch[n++] = h->values[s->rows[i] * s->n_objectives + k];
    if (!n)
        return -HUGE_VAL;
    qsort(scratch, (size_t)n, sizeof *scratch, compare_doubles);
    return scratch[n / 2];
}

/* The largest size of constraint c; 1 where none is a number. */
static double largest_of(const struct surrogate *s, const hone_history *h, uint32_t c)
{
    double largest = 0;
    for (uint64_t i = 0; i < s->n_rows; i++) {
        const double v = fabs(h->constraints[s->rows[i] * s->n_constraints + c]);
        largest = isfinite(v) && v > largest ? v : largest;
    }
    return largest > 0 ? largest : 1;
}

/* The value of model i at an outcome, into *y; 0: it says nothing to this model. level: median of an objective; what a
 * constraint that is not a number counts as. */
static int value_of(const struct surrogate *s, const hone_history *h, uint32_t i, uint64_t row, double level, double *y)
{
    if (i < s->n_objectives) {
        if (!hone_history_usable(h, row))
            return 0;
        *y = h->values[row * s->n_objectives + i];
        if (h->status[row] == HONE_PRUNED && *y < level)
            *y = level; /* it was stopped for being worse than others, whatever it says */
        return 1;
    }
    if (i < s->n_objectives + s->n_constraints) {
        *y = h->constraints[row * s->n_constraints + i - s->n_objectives];
        if (!isfinite(*y))
            *y = *y < 0 ? -level : level;
        return hone_history_usable(h, row);
    }
    *y = hone_history_usable(h, row) ? -1 : 1;
    return 1;
}

/* Variance of one measurement of objective k, pooled over the trials that were measured repeatedly; 0: there is none. */
static double pooled_variance(const struct surrogate *s, const hone_history *h, uint32_t k)
{
    double squares = 0, degrees = 0;
    for (uint64_t r = 0; r < s->n_rows; r++) {
        const double deviation = h->deviations[s->rows[r] * s->n_objectives + k];
        const double more = (double)h->repeats[s->rows[r]] - 1;
        if (!isfinite(deviation) || !(more > 0))
            continue;
        squares += more * deviation * deviation;
        degrees += more;
    }
    return degrees > 0 ? squares / degrees : 0;
}

/* What is known of the noise of the rows that have a value: the variance of a mean of so many measurements, on the scale of y by
 * the slope of the transform. values: (m->n) before it. */
static void fill_known(const struct surrogate *s, const hone_history *h, struct model *m, uint32_t k,
                       const struct power *power, const double *values)
{
    const double variance = pooled_variance(s, h, k);
    uint64_t at = 0;
    for (uint64_t r = 0; r < s->n_rows && at < m->n; r++) {
        if (!hone_history_usable(h, s->rows[r]))
            continue;
        const double slope = power_slope(power, values[at]) / m->spread;
        const double n = h->repeats[s->rows[r]] ? (double)h->repeats[s->rows[r]] : 1;
        const double known = variance / n * slope * slope;
        m->known[at++] = known < MOST_KNOWN ? known : MOST_KNOWN;
    }
}

/* Failed trials come after the others, as bad as the worst of them: there is nothing to be found there. */
static void add_failed(const struct surrogate *s, const hone_history *h, struct model *m)
{
    const uint32_t d = s->features.n;
    double worst = -HUGE_VAL;
    for (uint64_t i = 0; i < m->n; i++)
        worst = m->y[i] > worst ? m->y[i] : worst;
    for (uint64_t r = 0; r < s->n_rows; r++) {
        if (hone_history_usable(h, s->rows[r]))
            continue;
        for (uint32_t k = 0; k < d; k++)
            m->x[k * m->capacity + m->n] = s->encoded[r * d + k];
        m->y[m->n++] = worst;
    }
}

/* Fills a model with its rows and those running. */
static hone_rc fill(struct surrogate *s, const hone_history *h, uint32_t i, uint64_t n_pending, uint32_t n_fantasies,
                    hone_error *err)
{
    struct model *m = s->models + i;
    const uint32_t d = s->features.n;
    struct power power;
    double level = 0, y;
    hone_rc rc;
    if ((rc = model_reserve(m, &s->work, s->n_rows + n_pending, n_fantasies, err)) != HONE_OK)
        return rc;
    if (i < s->n_objectives)
        level = median_of(s, h, i, m->y);
    else if (i < s->n_objectives + s->n_constraints)
        level = largest_of(s, h, i - s->n_objectives);
    m->n = 0;
    m->n_pending = n_pending;
    m->n_fantasies = n_fantasies;
    for (uint64_t r = 0; r < s->n_rows; r++) {
        if (!value_of(s, h, i, s->rows[r], level, &y))
            continue;
        for (uint32_t k = 0; k < d; k++)
            m->x[k * m->capacity + m->n] = s->encoded[r * d + k];
        m->y[m->n++] = y;
    }
    memset(m->known, 0, m->capacity * sizeof *m->known);
    power = (struct power){ 1, 1, POWER_NONE };
    if (i < s->n_objectives && h->deviations)
        memcpy(s->untransformed, m->y, m->n * sizeof *m->y);
    if (i < s->n_objectives && s->settings->output_transform == TRANSFORM_POWER &&
        (rc = power_transform(m->y, m->n, &power, err)) != HONE_OK)
        return rc;
    model_standardize(m);
    if (i < s->n_objectives && h->deviations)
        fill_known(s, h, m, i, &power, s->untransformed);
    if (i < s->n_objectives)
        add_failed(s, h, m);
    for (uint64_t p = 0; p < n_pending; p++)
        for (uint32_t k = 0; k < d; k++)
            m->x[k * m->capacity + m->n + p] = s->encoded[(s->n_rows + p) * d + k];
    return HONE_OK;
}

/* Fitted after every outcome up to 100, then after every ceil(n / 50) of the n learnt from; from the priors too while
 * there are few, and from time to time later. */
static hone_rc refit(struct surrogate *s, uint32_t i, uint64_t told, hone_error *err)
{
    const uint64_t last = s->fitted_at[i], every = s->n_rows <= 100 ? 1 : (s->n_rows + 49) / 50;
    const uint64_t pause = i < s->n_objectives ? 4 : 16; /* constraints need less care */
    const int fresh = !last || told < pause * 2 || told / pause > last / pause;
    hone_rc rc;
    if (last && told < last + every)
        return HONE_OK;
    s->models[i].fitted_n = last;
    rc = model_fit(s->models + i, &s->work, s->settings->noise, fresh, s->host, err);
    if (rc == HONE_OK)
        s->fitted_at[i] = told;
    return rc;
}

/* ---- what to improve on ---- */

struct standing { /* a row that may be the best */
    uint64_t row;
    double violation, fitted;
};

static int compare_standing(const void *p, const void *q)
{
    const struct standing *a = (const struct standing *)p, *b = (const struct standing *)q;
    if (a->violation < b->violation || a->violation > b->violation)
        return a->violation < b->violation ? -1 : 1;
    if (a->fitted < b->fitted || a->fitted > b->fitted)
        return a->fitted < b->fitted ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

/* What counts of the observed rows of the objective models: complete ones, or all where none is. */
static int counts(const hone_history *h, uint64_t row, int any_complete)
{
    return hone_history_usable(h, row) && (!any_complete || h->status[row] == HONE_COMPLETE);
}

/* One objective: per fantasy the least posterior mean at a point known to be feasible; and the best points. */
static void set_best(struct surrogate *s, const hone_history *h, int any_complete, int constrained,
                     struct standing *list)
{
    const struct model *m = s->models;
    const uint64_t rows = m->n + m->n_pending;
    uint64_t n = 0;
    for (uint32_t f = 0; f < m->n_fantasies; f++) {
        double best = HUGE_VAL;
        for (uint64_t r = 0, at = 0; r < s->n_rows; r++) {
            const uint64_t row = s->rows[r];
            if (!hone_history_usable(h, row))
                continue;
            if (counts(h, row, any_complete)) {
                const double fitted = m->fitted[f * rows + at];
                if (!(h->violation[row] > 0) && fitted < best)
                    best = fitted;
                if (f == 0) {
                    list[n].row = row;
                    list[n].violation = h->violation[row];
                    list[n++].fitted = fitted;
                }
            }
            at++;
        }
        for (uint64_t p = m->n; !constrained && p < rows; p++)
            best = m->fitted[f * rows + p] < best ? m->fitted[f * rows + p] : best;
        s->best[f] = best;
    }
    qsort(list, (size_t)n, sizeof *list, compare_standing);
    s->n_incumbents = n < MOST_INCUMBENTS ? n : MOST_INCUMBENTS;
    for (uint64_t i = 0; i < s->n_incumbents; i++)
        s->incumbents[i] = list[i].row;
}

/* Several objectives: the front of posterior means, and the reference beyond the worst value of all outcomes, as Optuna has
 * it. One beyond the front alone would make a front that happens to be short stay so: nothing beside it would count. */
static hone_rc set_front(struct surrogate *s, const hone_history *h, int any_complete, int constrained, hone_rng *rng,
                         hone_error *err)
{
    const uint32_t m = s->n_objectives;
    const uint64_t rows = s->models->n + s->models->n_pending;
    double *values = (double *)malloc((size_t)(rows + 1) * (m + 1) * sizeof *values), *violation;
    uint64_t *of = (uint64_t *)malloc((size_t)(rows + 1) * 2 * sizeof *of), *members = of + rows + 1, n = 0, count = 0;
    double reference[MOST_OBJECTIVES];
    hone_rc rc = HONE_OK;
    if (!values || !of) {
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for the front");
        goto out;
    }
    violation = values + (rows + 1) * m;
    for (uint64_t r = 0, at = 0; r < s->n_rows; r++) {
        if (!hone_history_usable(h, s->rows[r]))
            continue;
        if (counts(h, s->rows[r], any_complete)) {
            for (uint32_t k = 0; k < m; k++)
                values[n * m + k] = s->models[k].fitted[at];
            violation[n] = h->violation[s->rows[r]];
            of[n++] = s->rows[r];
        }
        at++;
    }
    if ((rc = hone_pareto_front(values, violation, n, m, members, &count, err)) != HONE_OK)
        goto out;
    hone_rng_shuffle(rng, members, count);
    s->n_incumbents = count < MOST_INCUMBENTS ? count : MOST_INCUMBENTS;
    for (uint64_t i = 0; i < s->n_incumbents; i++)
        s->incumbents[i] = of[members[i]];
    for (uint32_t k = 0; k < m; k++) {
        double best = HUGE_VAL, worst = -HUGE_VAL;
        for (uint64_t i = 0; i < n; i++) {
            const double v = values[i * m + k];
            best = v < best ? v : best;
            worst = v > worst ? v : worst;
        }
        reference[k] = worst + 0.1 * (worst - best);
    }
    if (s->acquisition.is_searching)
        goto out;
    count = 0;
    for (uint64_t i = 0; i < n; i++)
        if (!(violation[i] > 0)) {
            memmove(values + count * m, values + i * m, m * sizeof *values);
            count++;
        }
    for (uint64_t p = s->models->n; !constrained && p < rows; p++, count++)
        for (uint32_t k = 0; k < m; k++)
            values[count * m + k] = s->models[k].fitted[p];
    rc = boxes_init(&s->boxes, values, count, m, reference, MOST_BOXES, err);
out:
    free(values);
    free(of);
    return rc;
}

static hone_rc set_targets(struct surrogate *s, const hone_history *h, hone_rng *rng, hone_error *err)
{
    struct acquisition *a = &s->acquisition;
    const int constrained = a->n_constraints > 0;
    int any_complete = 0, any_feasible = 0;
    struct standing *list = NULL;
    hone_rc rc = HONE_OK;
    for (uint64_t r = 0; r < s->n_rows; r++)
        any_complete |= h->status[s->rows[r]] == HONE_COMPLETE;
    for (uint64_t r = 0; r < s->n_rows; r++)
        any_feasible |= counts(h, s->rows[r], any_complete) && !(h->violation[s->rows[r]] > 0);
    a->is_searching = !any_feasible;
    if (s->n_objectives > 1)
        return set_front(s, h, any_complete, constrained, rng, err);
    list = (struct standing *)malloc((size_t)(s->n_rows + 1) * sizeof *list);
    if (!list)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for %llu outcomes", (unsigned long long)s->n_rows);
    set_best(s, h, any_complete, constrained, list);
    free(list);
    return rc;
}

hone_rc surrogate_learn(struct surrogate *s, const hone_history *h, uint64_t trial, hone_rng *rng, int *ready,
                        hone_error *err)
{
    const uint32_t d = s->features.n;
    struct acquisition *a = &s->acquisition;
    uint64_t n_usable = 0, n_failed = 0, n_pending = 0;
    double normal[MOST_PENDING * MOST_FANTASIES];
    hone_rc rc;
    *ready = 0;
    if ((rc = select_rows(s, h, err)) != HONE_OK)
        return rc;
    for (uint64_t r = 0; r < s->n_rows; r++) {
        features_encode(&s->features, h->x + s->rows[r] * h->n_dims, s->encoded + r * d);
        n_usable += hone_history_usable(h, s->rows[r]) != 0;
    }
    n_failed = s->n_rows - n_usable;
    if (!d || n_usable < 2)
        return HONE_OK;
    for (uint64_t i = h->n_running; i > 0 && n_pending < MOST_PENDING; i--)
        if (h->running[i - 1].trial != trial)
            features_encode(&s->features, h->running_x + (i - 1) * h->n_dims,
                            s->encoded + (s->n_rows + n_pending++) * d);
    a->n_objectives = s->n_objectives;
    a->n_constraints = s->n_constraints + (n_failed > 0);
    a->n_fantasies = n_pending && s->n_objectives == 1 ? (uint32_t)s->settings->fantasies : 1;
    a->best = s->best;
    a->limits = s->limits;
    a->boxes = &s->boxes;
    memset(normal, 0, sizeof normal); /* one fantasy: the mean itself (kriging believer) */
    for (uint32_t f = 0; f + 1 < a->n_fantasies; f += 2)
        for (uint64_t p = 0; p < n_pending; p++) {
            normal[f * n_pending + p] = hone_rng_normal(rng);
            normal[(f + 1) * n_pending + p] = -normal[f * n_pending + p];
        }
    for (uint32_t i = 0; i < s->n_objectives + a->n_constraints; i++) {
        const uint32_t n_fantasies = i < s->n_objectives ? a->n_fantasies : 1;
        if ((rc = fill(s, h, i, n_pending, n_fantasies, err)) != HONE_OK || (rc = refit(s, i, h->n, err)) != HONE_OK ||
            (rc = model_condition(s->models + i, normal, err)) != HONE_OK)
            return rc;
        if (i >= s->n_objectives)
            s->limits[i - s->n_objectives] = -s->models[i].center / s->models[i].spread;
    }
    if ((rc = set_targets(s, h, rng, err)) == HONE_OK)
        *ready = 1;
    return rc;
}

/* ---- what a candidate is worth ---- */

void surrogate_score(struct surrogate *s, const double *e, uint64_t count, double *score)
{
    const uint32_t used = s->acquisition.n_objectives + s->acquisition.n_constraints, d = s->features.n;
    for (uint64_t done = 0; done < count; done += BATCH) {
        const uint64_t part = count - done < BATCH ? count - done : BATCH;
        double variance[BATCH], mean[BATCH * MOST_FANTASIES];
        for (uint32_t i = 0; i < used; i++) {
            const uint32_t n = s->models[i].n_fantasies;
            model_predict(s->models + i, &s->work, e + done * d, part, mean, variance);
            for (uint64_t c = 0; c < part; c++) {
                s->sds[c * used + i] = sqrt(variance[c]);
                memcpy(s->means + (c * used + i) * MOST_FANTASIES, mean + c * n, n * sizeof *mean);
            }
        }
        for (uint64_t c = 0; c < part; c++)
            score[done + c] = acquisition_value(&s->acquisition, s->means + c * used * MOST_FANTASIES,
                                                s->sds + c * used, NULL, NULL);
    }
}

double surrogate_score_one(struct surrogate *s, const double *e, double *gradient)
{
    const uint32_t used = s->acquisition.n_objectives + s->acquisition.n_constraints, d = s->features.n;
    double *by_sd = s->sds + (size_t)BATCH * s->n_models, value;
    for (uint32_t i = 0; i < used; i++) {
        double variance;
        model_predict_one(s->models + i, e, s->means + i * MOST_FANTASIES, &variance);
        s->sds[i] = sqrt(variance);
    }
    value = acquisition_value(&s->acquisition, s->means, s->sds, s->by_means, by_sd);
    memset(gradient, 0, d * sizeof *gradient);
    for (uint32_t i = 0; i < used; i++)
        model_gradient(s->models + i, s->by_means + i * MOST_FANTASIES, by_sd[i] / (2 * s->sds[i]), gradient);
    return value;
}
