/* SPDX-License-Identifier: MIT */
/* search/cmaes: from points to coordinates and back, generations, and the runs that follow one another. */
#include "cmaes.h"

enum { SOURCES = 20, MOST_LAMBDA = 1 << 20 };
static const double BEST_SOURCES = 0.1, SOURCE_SPREAD = 0.1; /* gamma, alpha of Nomura et al. 2021 */

/* ---- points and rows ---- */

double coordinate_of_value(const struct cmaes *c, uint32_t j, double v)
{
    const double u = hone_dim_to_unit(c->space->dims[c->dims[j]], v), m = c->state.cma.mean[j];
    double nearest = u;
    if (c->discrete[j])
        return u;
    for (double cell = 2 * floor(m / 2); cell <= 2 * floor(m / 2) + 2; cell += 2) {
        nearest = fabs(cell + u - m) < fabs(nearest - m) ? cell + u : nearest;
        nearest = fabs(cell - u - m) < fabs(nearest - m) ? cell - u : nearest;
    }
    return nearest;
}

void row_of_point(const struct cmaes *c, const double *x, double *row)
{
    for (uint32_t j = 0; j < c->n; j++) {
        const double v = x[c->dims[j]];
        row[j] = isnan(v) ? c->state.cma.mean[j] : coordinate_of_value(c, j, v);
    }
    for (uint32_t k = 0; k < c->n_choices; k++) {
        const double v = x[c->choice_dims[k]];
        uint32_t i = 0;
        while (i + 1 < c->counts[k] && !(c->allowed[k][i] >= v))
            i++;
        row[c->n + k] = isnan(v) ? 0 : i;
    }
}

void point_of_row(const struct cmaes *c, const double *row, double *x)
{
    const struct cma *a = &c->state.cma;
    for (uint32_t i = 0; i < c->space->n_dims; i++)
        x[i] = 0.5;
    for (uint32_t j = 0; j < c->n; j++) {
        if (c->discrete[j]) {
            const double u = a->mean[j] + a->scale[j] * (row[j] - a->mean[j]);
            x[c->dims[j]] = u < 0 ? 0 : u > 1 ? 1 : u;
        } else {
            x[c->dims[j]] = hone_unit_reflect(row[j]);
        }
    }
    for (uint32_t i = 0; i < c->space->n_dims; i++)
        x[i] = hone_dim_from_unit(c->space->dims[i], x[i]);
    for (uint32_t k = 0; k < c->n_choices; k++)
        x[c->choice_dims[k]] = c->allowed[k][(uint32_t)row[c->n + k]];
    hone_space_settle(c->space, x);
}

/* ---- runs ---- */

/* The interval of the discrete value at coordinate j's mean, 0 .. 1; low == high: an outermost value's one
 * limit. 0: it has one value only as far as numbers tell. */
static int interval_at_mean(const struct cmaes *c, uint32_t j, double *low, double *high)
{
    const hone_dim *d = c->space->dims[c->dims[j]];
    const double m = c->state.cma.mean[j], v = hone_dim_from_unit(d, m < 0 ? 0 : m > 1 ? 1 : m);
    if (d->type == HONE_DIM_ORDINAL) {
        *low = v / d->n_choices;
        *high = (v + 1) / d->n_choices;
        if (d->weights) {
            *low = 0;
            for (uint32_t i = 0; i < v; i++)
                *low += d->weights[i];
            *high = *low + d->weights[(uint32_t)v];
        }
    } else {
        const double half = (d->step > 0 ? d->step : 1) / 2;
        *low = v <= d->min ? 0 : hone_dim_to_unit(d, v - half);
        *high = v + 2 * half > d->max + 1e-9 * half ? 1 : hone_dim_to_unit(d, v + half);
    }
    if (*low <= 1e-12 && *high >= 1 - 1e-12)
        return 0;
    if (*low <= 1e-12)
        *low = *high;
    else if (*high >= 1 - 1e-12)
        *high = *low;
    else if (!(*high - *low > 1e-14))
        return 0;
    return 1;
}

static void keep_margins(struct cmaes *c)
{
    struct cma *a = &c->state.cma;
    double low, high;
    for (uint32_t j = 0; j < c->n; j++)
        if (c->discrete[j] && interval_at_mean(c, j, &low, &high))
            cma_margin(a, j, low, high, 1 / ((double)a->n * a->lambda));
}

static uint64_t first_lambda(const struct cmaes *c)
{
    return c->settings.population ? (uint64_t)c->settings.population : cma_default_lambda(c->width);
}

/* Outcomes by quality: complete, pruned (later ones first), failed; the smaller violation, the lower value. */
struct rank {
    hone_judged judged;
    int64_t step;
    uint64_t status, trial, at;
};

static int compare_ranks(const void *p, const void *q)
{
    const struct rank *a = (const struct rank *)p, *b = (const struct rank *)q;
    const int failed = (a->status == HONE_FAILED) - (b->status == HONE_FAILED);
    if (failed)
        return failed;
    if (a->judged.violation < b->judged.violation || a->judged.violation > b->judged.violation)
        return a->judged.violation < b->judged.violation ? -1 : 1;
    if (a->status != b->status)
        return a->status < b->status ? -1 : 1;
    if (a->status == HONE_PRUNED && a->step != b->step)
        return a->step > b->step ? -1 : 1;
    if (a->judged.value < b->judged.value || a->judged.value > b->judged.value)
        return a->judged.value < b->judged.value ? -1 : 1;
    return (a->trial > b->trial) - (a->trial < b->trial);
}

/* Mean and spread of the first run from what was told before anything was asked. HONE_ENOMEM. */
static hone_rc learn_from_sources(struct cmaes *c, double *mean, double *sigma, double **covariance, hone_error *err)
{
    const hone_history *h = &c->state.history;
    struct rank *ranks = (struct rank *)calloc((size_t)h->n + 1, sizeof *ranks);
    const double **rows = (const double **)calloc((size_t)h->n + 1, sizeof *rows);
    double *points = NULL, *both = NULL;
    uint64_t n = 0, best;
    hone_rc rc = HONE_ENOMEM;
    if (!ranks || !rows)
        goto out;
    for (uint64_t i = 0; i < h->n; i++)
        if (hone_history_usable(h, i)) {
            const struct rank r = { hone_history_judged(h, i), h->step[i], h->status[i], h->trial[i], i };
            ranks[n++] = r;
        }
    rc = HONE_OK;
    if (!n)
        goto out;
    rc = HONE_ENOMEM;
    qsort(ranks, (size_t)n, sizeof *ranks, compare_ranks);
    best = n < SOURCES ? 1 : (uint64_t)floor((double)n * BEST_SOURCES);
    points = (double *)calloc((size_t)best * c->width, sizeof *points);
    both = (double *)calloc(2 * (size_t)c->n * c->n, sizeof *both);
    if (!points || !both)
        goto out;
    rc = HONE_OK;
    for (uint64_t k = 0; k < best; k++) {
        row_of_point(c, h->x + ranks[k].at * h->n_dims, points + k * c->width);
        rows[k] = points + k * c->width;
    }
    if (n < SOURCES) {
        memcpy(mean, points, c->n * sizeof *mean);
    } else if (cma_promising(rows, best, c->n, SOURCE_SPREAD, mean, sigma, both, both + (size_t)c->n * c->n)) {
        *covariance = both;
        both = NULL;
    }
out:
    free(ranks);
    free(rows);
    free(points);
    free(both);
    return rc == HONE_OK ? rc : hone_fail(err, rc, "", "out of memory for the outcomes to start from");
}

hone_rc start_first(struct cmaes *c, hone_error *err)
{
    double *mean = NULL, *covariance = NULL, sigma = c->settings.sigma;
    hone_rc rc = state_make_run(c, &c->state, first_lambda(c), err);
    if (rc != HONE_OK)
        return rc;
    if (!(mean = (double *)malloc(c->n * sizeof *mean)))
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a distribution of %u coordinates", c->n);
    for (uint32_t j = 0; j < c->n; j++)
        mean[j] = c->state.cma.mean[j] = 0.5;
    if (c->settings.warm_start)
        rc = learn_from_sources(c, mean, &sigma, &covariance, err);
    if (rc == HONE_OK) {
        cma_start(&c->state.cma, mean, sigma, covariance);
        choices_start(&c->state.choices, c->prior);
        keep_margins(c);
        c->state.s.started = 1;
    }
    free(mean);
    free(covariance);
    return rc;
}

/* The next run: its population and step size by the strategy, its middle anywhere. HONE_ENOMEM. */
static hone_rc start_next(struct cmaes *c, const char *why, hone_error *err)
{
    struct numbers *s = &c->state.s;
    hone_rng rng = hone_rng_at(hone_rng_derive(c->seed, 2), s->run + 1);
    double sigma = c->settings.sigma, lambda = (double)first_lambda(c);
    char line[160];
    hone_rc rc;
    *(s->is_small ? &s->small_told : &s->large_told) += s->told;
    if (!s->run && c->settings.restarts == RESTART_BIPOP) { /* the first run's budget counts as small */
        s->small_told += s->large_told;
        s->large_told = 0;
    }
    s->is_small = s->limit = 0;
    if (c->settings.restarts == RESTART_BIPOP && s->small_told < s->large_told) {
        const double u = hone_rng_uniform(&rng), largest = pow(c->settings.population_growth, (double)s->n_large);
        s->is_small = 1;
        s->limit = s->large_told / 2;
        lambda = floor(lambda * pow(largest / 2 > 1 ? largest / 2 : 1, u * u));
        sigma *= pow(10, -2 * hone_rng_uniform(&rng));
    } else if (c->settings.restarts != RESTART_NONE) {
        s->n_large += s->n_large < 64;
        lambda *= pow(c->settings.population_growth, (double)s->n_large);
    }
    lambda = lambda < MOST_LAMBDA ? lambda : MOST_LAMBDA;
    snprintf(line, sizeof line, "run %llu ends after %llu outcomes: %s; the next has %.0f points a generation",
             (unsigned long long)s->run, (unsigned long long)s->told, why, lambda);
    c->host->log(c->host, HONE_LOG_DEBUG, line);
    s->run++;
    s->told = 0;
    if ((rc = state_make_run(c, &c->state, (uint64_t)lambda, err)) != HONE_OK)
        return rc;
    for (uint32_t j = 0; j < c->n; j++)
        c->row[j] = hone_rng_uniform(&rng);
    cma_start(&c->state.cma, c->row, sigma, NULL);
    choices_start(&c->state.choices, c->prior);
    keep_margins(c);
    return HONE_OK;
}

/* ---- generations ---- */

/* The pool's points, best first, to the distributions. *why: NULL, or why the run ends. HONE_ENOMEM. */
static hone_rc learn_generation(struct cmaes *c, const char **why, hone_error *err)
{
    struct state *s = &c->state;
    const uint32_t lambda = s->cma.lambda, m = c->n_choices;
    struct rank *ranks = (struct rank *)calloc(lambda, sizeof *ranks);
    const double **x = (const double **)calloc(lambda, sizeof *x);
    uint8_t *foreign = (uint8_t *)calloc(lambda, 1);
    const struct member *pool = (const struct member *)s->pool.items;
    uint32_t *picked = (uint32_t *)calloc((size_t)lambda * m + 1, sizeof *picked);
    const uint32_t **picks = (const uint32_t **)calloc(lambda, sizeof *picks);
    hone_rc rc = HONE_OK;
    if (!ranks || !x || !foreign || !picked || !picks) {
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for a generation of %u points", lambda);
        goto out;
    }
    for (uint32_t k = 0; k < lambda; k++) {
        const struct member *p = pool + k;
        const struct rank r = { { p->value, p->violation }, p->step, p->status, p->trial, k };
        ranks[k] = r;
    }
    qsort(ranks, lambda, sizeof *ranks, compare_ranks);
    if (ranks[0].status == HONE_FAILED)
        goto out; /* nothing to learn from */
    for (uint32_t k = 0; k < lambda; k++) {
        const struct member *p = pool + ranks[k].at;
        x[k] = s->pool.rows + ranks[k].at * c->width;
        foreign[k] = p->altered || p->generation != s->cma.s.generation;
        picks[k] = picked + (size_t)k * m;
        for (uint32_t i = 0; i < m; i++)
            picked[(size_t)k * m + i] = (uint32_t)x[k][c->n + i];
    }
    if (!cma_update(&s->cma, x, foreign, ranks[0].judged.value, ranks[lambda - 1].judged.value)) {
        *why = "its numbers broke down";
        goto out;
    }
    choices_update(&s->choices, picks, s->cma.weights, s->cma.mu);
    keep_margins(c);
    if (c->settings.restarts != RESTART_NONE)
        *why = s->s.limit && s->s.told >= s->s.limit
                   ? "its share of the budget is spent"
                   : cma_stops(&s->cma, c->settings.tolerance_value, c->settings.tolerance_point);
out:
    free(ranks);
    free(x);
    free(foreign);
    free(picked);
    free(picks);
    return rc;
}

hone_rc hear(struct cmaes *c, const struct member *m, const double *row, hone_error *err)
{
    struct state *s = &c->state;
    const char *why = NULL;
    hone_rc rc = hone_notes_add(&s->pool, m, row, err);
    if (rc != HONE_OK)
        return rc;
    s->s.told++;
    if (s->pool.n < s->s.lambda)
        return HONE_OK;
    rc = learn_generation(c, &why, err);
    s->pool.n = 0;
    return rc == HONE_OK && why ? start_next(c, why, err) : rc;
}
