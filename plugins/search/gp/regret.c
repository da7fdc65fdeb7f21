/* SPDX-License-Identifier: MIT */
/* search/gp: how much there is left to win. With a model of the better half of the completed trials,
 *
 *     bound = min over trials of (mean + sqrt(beta) sd) - min over the space of (mean - sqrt(beta) sd),
 *     beta = 2 log(d n^2 pi^2 / (6 delta)) / 5, delta = 0.1
 *
 * bounds the regret of the best trial: Makarova, A. et al. (2022), "Automatic termination for hyperparameter optimization",
 * AutoML-Conf, eq. 4; beta from Srinivas, N. et al. (2010), "Gaussian process optimization in the bandit setting", ICML,
 * theorem 1 and its experiments' factor of 1/5, with the number of dimensions d in place of the size of the space, as
 * Optuna's RegretBoundEvaluator has it, which also looks at the better half and asks for 20 trials. The space's minimum is
 * looked for more thoroughly than there: a bound that misses it is too small. Both bounds are taken back through the
 * transform of the values, which Optuna does not have: near the best values it tells small differences apart. */
#include "gp.h"

enum { LEAST_TRIALS = 20, CANDIDATES = 2048, LOCAL = 8, ROUNDS = 200 };
#define DELTA      0.1
#define FIRST_STEP 0.125 /* of a parameter's range, halved until LAST_STEP */
#define LAST_STEP  0.001

struct ranked {
    double value;
    uint64_t row;
};

static int compare_ranked(const void *p, const void *q)
{
    const struct ranked *a = (const struct ranked *)p, *b = (const struct ranked *)q;
    if (a->value < b->value || a->value > b->value)
        return a->value < b->value ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

struct bounding {
    const hone_history *history;
    struct features features;
    struct model model;
    struct workspace work;
    struct power power;
    double width;  /* sqrt(beta) */
    double *units; /* (n_dims) */
    double *x;     /* (n_dims) */
    double *e;     /* (BATCH, D) */
};

/* mean - width sd at the candidates b->e: (count) */
static void lower(struct bounding *b, uint64_t count, double *out)
{
    double variance[BATCH];
    model_predict(&b->model, &b->work, b->e, count, out, variance);
    for (uint64_t i = 0; i < count; i++)
        out[i] -= b->width * sqrt(variance[i]);
}

/* Puts the point at b->units as candidate k; 0: a relation forbids it. */
static int candidate(struct bounding *b, uint64_t k)
{
    hone_space_from_units(b->features.space, b->units, b->x);
    if (!hone_space_allowed(b->features.space, b->x))
        return 0;
    features_encode(&b->features, b->x, b->e + k * b->features.n);
    return 1;
}

/* A pattern search from start: (n_dims) in units, along each dimension in turn. The least lower bound on its way. */
static double descend(struct bounding *b, double *start, double least)
{
    const uint32_t n_dims = b->features.space->n_dims;
    double step = FIRST_STEP;
    for (int round = 0; round < ROUNDS && step >= LAST_STEP; round++) {
        int moved = 0;
        for (uint32_t k = 0; k < n_dims; k++)
            for (int sign = -1; sign <= 1; sign += 2) {
                double value;
                memcpy(b->units, start, n_dims * sizeof *start);
                b->units[k] = fmin(1, fmax(0, start[k] + sign * step));
                if (!candidate(b, 0))
                    continue;
                lower(b, 1, &value);
                if (value < least) {
                    least = value;
                    start[k] = b->units[k];
                    moved = 1;
                }
            }
        if (!moved) /* as far as it leads */
            step /= 2;
    }
    return least;
}

/* The least lower bound of the space: quasi-random points, then the best of them and of the trials go downhill. */
static hone_rc least_lower(struct bounding *b, const struct ranked *trials, uint64_t n, double *least, hone_error *err)
{
    const uint32_t n_dims = b->features.space->n_dims;
    const double root = quasi_random_root(n_dims);
    double *starts = (double *)malloc((size_t)(LOCAL + 1) * n_dims * sizeof *starts), values[LOCAL], found[BATCH];
    uint32_t n_starts = 0;
    if (!starts)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a bound on the regret");
    for (uint64_t k = 0; k < CANDIDATES + n; k++) {
        uint32_t at = 0;
        if (k < n)
            hone_space_to_units(b->features.space, b->history->x + trials[k].row * n_dims, b->units);
        else
            quasi_random(1, k - n, n_dims, root, b->units);
        if (!candidate(b, 0))
            continue;
        lower(b, 1, found);
        if (n_starts == LOCAL && found[0] >= values[LOCAL - 1])
            continue;
        for (at = n_starts < LOCAL ? n_starts++ : LOCAL - 1; at > 0 && values[at - 1] > found[0]; at--) {
            values[at] = values[at - 1];
            memcpy(starts + at * n_dims, starts + (at - 1) * n_dims, n_dims * sizeof *starts);
        }
        values[at] = found[0];
        memcpy(starts + at * n_dims, b->units, n_dims * sizeof *starts);
    }
    *least = HUGE_VAL;
    for (uint32_t i = 0; i < n_starts; i++) {
        const double value = descend(b, starts + i * n_dims, values[i]);
        *least = value < *least ? value : *least;
    }
    free(starts);
    return HONE_OK;
}

/* The model of the n best trials, and the least upper bound among them. */
static hone_rc learn(struct bounding *b, const struct settings *settings, const struct ranked *trials, uint64_t n,
                     double *upper, hone_error *err)
{
    struct model *m = &b->model;
    const uint32_t d = b->features.n;
    hone_rc rc = model_reserve(m, &b->work, n, 1, err);
    if (rc != HONE_OK)
        return rc;
    m->n = n;
    m->n_pending = 0;
    m->n_fantasies = 1;
    for (uint64_t r = 0; r < n; r++) {
        features_encode(&b->features, b->history->x + trials[r].row * b->history->n_dims, b->e);
        for (uint32_t k = 0; k < d; k++)
            m->x[k * m->capacity + r] = b->e[k];
        m->y[r] = trials[r].value;
    }
    b->power = (struct power){ 1, 1, POWER_NONE };
    if (settings->output_transform == TRANSFORM_POWER && (rc = power_transform(m->y, n, &b->power, err)) != HONE_OK)
        return rc;
    model_standardize(m);
    if ((rc = model_fit(m, &b->work, settings->noise, 1, NULL, err)) != HONE_OK ||
        (rc = model_condition(m, NULL, err)) != HONE_OK)
        return rc;
    *upper = HUGE_VAL;
    for (uint64_t r = 0; r < n; r++) {
        double mean, variance;
        features_encode(&b->features, b->history->x + trials[r].row * b->history->n_dims, b->e);
        model_predict(m, &b->work, b->e, 1, &mean, &variance);
        *upper = fmin(*upper, mean + b->width * sqrt(variance));
    }
    return HONE_OK;
}

/* In the unit of the values: transforms rise, so bounds stay bounds. */
static double value_at(const struct bounding *b, double standardized)
{
    return power_inverse(&b->power, b->model.center + b->model.spread * standardized);
}

hone_rc regret_bound(const struct settings *settings, const hone_history *h, double *bound, hone_error *err)
{
    struct ranked *trials = (struct ranked *)malloc((size_t)(h->n + 1) * sizeof *trials);
    struct bounding b;
    uint64_t n = 0;
    double upper = 0, least = 0;
    hone_rc rc = HONE_OK;
    memset(&b, 0, sizeof b);
    *bound = HUGE_VAL;
    if (!trials)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a bound on the regret");
    for (uint64_t r = 0; r < h->n; r++)
        if (h->status[r] == HONE_COMPLETE && hone_history_usable(h, r)) {
            trials[n].value = h->values[r];
            trials[n++].row = r;
        }
    if (n < LEAST_TRIALS)
        goto out;
    qsort(trials, (size_t)n, sizeof *trials, compare_ranked);
    n = n / 2 < LEAST_TRIALS ? LEAST_TRIALS : n / 2;
    if (n > (uint64_t)settings->points)
        n = (uint64_t)settings->points;
    if ((rc = features_init(&b.features, h->space, err)) != HONE_OK || !b.features.n ||
        (rc = model_init(&b.model, &b.features, settings->input_warping, err)) != HONE_OK)
        goto out;
    b.history = h;
    b.width = sqrt(2 * log(b.features.n * (double)(n * n) * 1.6449340668482264 / DELTA) / 5); /* pi^2 / 6 */
    b.units = (double *)calloc(h->n_dims + 1u, sizeof *b.units);
    b.x = (double *)calloc(h->n_dims + 1u, sizeof *b.x);
    b.e = (double *)calloc((size_t)BATCH * (b.features.n + 1u), sizeof *b.e);
    if (!b.units || !b.x || !b.e)
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for a bound on the regret");
    if (rc == HONE_OK && (rc = learn(&b, settings, trials, n, &upper, err)) == HONE_OK &&
        (rc = least_lower(&b, trials, n, &least, err)) == HONE_OK)
        *bound = fmax(0, value_at(&b, upper) - value_at(&b, least));
out:
    free(b.units);
    free(b.x);
    free(b.e);
    model_release(&b.model);
    workspace_release(&b.work);
    features_release(&b.features);
    free(trials);
    return rc;
}
