/* SPDX-License-Identifier: MIT */
/* Expected improvement and its maximization. */
#include "acquire.h"

enum {
    MOST_OTHER_CHOICES = 8, /* neighbours of a choice: all others, or so many drawn */
    NEIGHBOURS = 4,         /* of a number (ConfigSpace's one-exchange neighbourhood) */
    PLATEAU = 10            /* moves to an equal value in a row (SMAC3's n_steps_plateau_walk) */
};
static const double widths[] = { 0.2, 0.05, 0.0125 }; /* of a number's steps, as shares of its range */
#define N_WIDTHS (sizeof widths / sizeof *widths)

/* log(1 - exp(-v)) for v > 0 (Maechler 2012) */
static double log_one_minus_exp(double v)
{
    return v > 0.693147180559945 ? log1p(-exp(-v)) : log(-expm1(-v));
}

/* Log of the normal distribution function; the asymptotic series where erfc is 0. */
static double log_normal_cdf(double z)
{
    if (z > -37)
        return log(0.5 * erfc(-z * 0.70710678118654752440));
    return -z * z / 2 - log(-z) - 0.918938533204672742 + log1p(-1 / (z * z));
}

double log_expected_improvement(double best, double mean, double deviation, int is_log)
{
    const double z = (best - mean) / deviation;
    if (is_log) { /* cdf(z) - exp(deviation^2 / 2 + mean - best) cdf(z - deviation) */
        const double gain = log_normal_cdf(z),
                     loss = deviation * deviation / 2 + mean - best + log_normal_cdf(z - deviation);
        return gain - loss > 1e-12 ? gain + log_one_minus_exp(gain - loss) : gain + log(1e-12);
    }
    if (z > -25) {
        return log(deviation) +
               log(0.5 * z * erfc(-z * 0.70710678118654752440) + 0.39894228040143267794 * exp(-z * z / 2));
    }
    /* pdf(z) / z^2 (1 - 3/z^2 + 15/z^4 - 105/z^6): 8 digits at -25, and better below */
    const double q = 1 / (z * z);
    return log(deviation) - z * z / 2 - 0.918938533204672742 + log(q) + log1p(-q * (3 - q * (15 - q * 105)));
}

/* A candidate: point, features, acquisition. */
struct candidate {
    double *x, *f;
    double value;
};

struct search {
    const struct model *model;
    const hone_history *history;
    hone_rng *rng;
    double best;      /* to improve on; HUGE_VAL: none is feasible yet */
    uint32_t *leaves; /* (1 + n_running, n_trees): of the candidate, of the running points */
};

static double value_of(struct search *s, const double *f)
{
    const struct model *model = s->model;
    const uint32_t n_trees = model->options.n_trees;
    double mean, variance, value = 0;
    if (s->best < HUGE_VAL) {
        model_predict(model, f, &mean, &variance);
        value = log_expected_improvement(s->best, mean, sqrt(variance), (int)model->targets[0].scale.is_log);
    }
    if (model->n_targets > 1) {
        const double p = model_feasible(model, f);
        value += log(p > 1e-300 ? p : 1e-300);
    }
    if (s->history->n_running) { /* what runs in the same leaves will tell as much */
        model_leaves(model, f, s->leaves);
        for (uint64_t i = 0; i < s->history->n_running; i++)
            value += log(1.001 - model_proximity(model, s->leaves, s->leaves + (i + 1) * n_trees));
    }
    return value;
}

/* For a candidate whose features are there. */
static void judge(struct search *s, struct candidate *c)
{
    c->value = hone_space_allowed(s->model->space, c->x) ? value_of(s, c->f) : -HUGE_VAL;
}

static void evaluate(struct search *s, struct candidate *c)
{
    model_features(s->model, c->x, c->f);
    judge(s, c);
}

static void copy(struct candidate *to, const struct candidate *from, uint32_t n)
{
    memcpy(to->x, from->x, n * sizeof *to->x);
    memcpy(to->f, from->f, n * sizeof *to->f);
    to->value = from->value;
}

/* Sets dimension i to v, and settles what that makes active or inactive. */
static void change(const struct search *s, struct candidate *c, uint32_t i, double v)
{
    const hone_space *space = s->model->space;
    c->x[i] = v;
    model_feature(s->model, i, v, c->f + i);
    for (uint32_t k = i + 1; k < space->n_dims; k++) {
        const int was_active = !isnan(c->x[k]);
        if (!space->dims[k]->n_conditions || was_active == (int)hone_space_active(space, c->x, k))
            continue;
        c->x[k] = was_active ? (double)NAN : hone_dim_from_unit(space->dims[k], hone_rng_uniform(s->rng));
        model_feature(s->model, k, c->x[k], c->f + k);
    }
}

/* The value of the neighbour number k of dimension i; 0: there are not so many. */
static int neighbour_value(const struct search *s, uint32_t i, uint32_t k, double width, double v, double *out)
{
    const hone_dim *d = s->model->space->dims[i];
    if (isnan(v) || hone_dim_count(d) == 1)
        return 0;
    if (d->type != HONE_DIM_CHOICE) {
        *out = hone_dim_neighbour(d, v, width, s->rng);
        return k < NEIGHBOURS;
    }
    if (d->n_choices <= MOST_OTHER_CHOICES + 1) {
        *out = k < v ? k : k + 1;
        return k + 1 < d->n_choices && (!d->weights || d->weights[(uint32_t)*out] > 0);
    }
    *out = hone_dim_neighbour(d, v, width, s->rng);
    return k < MOST_OTHER_CHOICES;
}

/* Climbs from c, which is evaluated, by changing one dimension at a time; the first that is better is taken. next: scratch.
 * order: (n_dims) scratch. */
static void climb(struct search *s, struct candidate *c, struct candidate *next, uint64_t *order)
{
    const uint32_t n = s->model->n_dims;
    uint32_t evaluations = 0, most = 200 + 10 * n, level = 0, moves = 0;
    while (level < N_WIDTHS && evaluations < most) {
        int better = 0;
        for (uint32_t i = 0; i < n; i++)
            order[i] = i;
        hone_rng_shuffle(s->rng, order, n);
        for (uint32_t k = 0; k < n && !better; k++) {
            const uint32_t i = (uint32_t)order[k];
            double v;
            for (uint32_t a = 0; !better && neighbour_value(s, i, a, widths[level], c->x[i], &v); a++) {
                copy(next, c, n);
                change(s, next, i, v);
                judge(s, next);
                evaluations++;
                better = next->value > c->value || (next->value >= c->value && moves < PLATEAU);
            }
        }
        if (!better) {
            level++;
            continue;
        }
        moves = next->value > c->value ? 0 : moves + 1;
        copy(c, next, n);
    }
}

/* The outcomes that count as best, first the best one: indices into best: (n). */
static uint32_t best_outcomes(const struct search *s, uint32_t *best, uint32_t n)
{
    const struct model *model = s->model;
    const hone_history *h = s->history;
    const struct target *t = model->targets;
    uint32_t m = 0;
    for (uint32_t i = 0; i < h->n; i++) {
        uint32_t at = m;
        if (h->status[i] == HONE_FAILED)
            continue;
        for (; at && (h->violation[i] < h->violation[best[at - 1]] ||
                      (h->violation[i] <= h->violation[best[at - 1]] && t->y[i] < t->y[best[at - 1]]));
             at--)
            if (at < n)
                best[at] = best[at - 1];
        if (at < n) {
            best[at] = i;
            m += m < n;
        }
    }
    return m;
}

/* Puts the candidate into the list of the best, best first, where it belongs there. */
static void keep(struct candidate *list, uint32_t *n, uint32_t most, const struct candidate *c, uint32_t n_dims)
{
    uint32_t at;
    if (!most || (*n == most && !(c->value > list[*n - 1].value)))
        return;
    at = *n < most ? (*n)++ : *n - 1;
    struct candidate slot = list[at];
    for (; at && c->value > list[at - 1].value; at--)
        list[at] = list[at - 1];
    copy(&slot, c, n_dims);
    list[at] = slot;
}

hone_rc acquire(const struct model *model, const hone_history *history, const struct acquire_options *options,
                hone_rng *rng, double *x, hone_error *err)
{
    const uint32_t n = model->n_dims, most = options->n_local + 1, n_trees = model->options.n_trees;
    const uint32_t from_history = options->n_local / 2;
    struct search s = { model, history, rng, model_best(model), NULL };
    const size_t n_candidates = most + 3u;
    double *numbers = (double *)malloc((2 * n_candidates * n + 1) * sizeof *numbers), value = -HUGE_VAL;
    struct candidate *list = (struct candidate *)malloc(n_candidates * sizeof *list), *now, *next, *start;
    uint32_t *best = (uint32_t *)malloc((from_history + 1u) * sizeof *best), n_list = 0, n_best = 0;
    uint64_t *order = (uint64_t *)malloc((n + 1u) * sizeof *order);
    hone_rc rc = HONE_DONE;
    s.leaves = (uint32_t *)malloc((size_t)(history->n_running + 1) * n_trees * sizeof *s.leaves);
    if (!numbers || !list || !best || !order || !s.leaves) {
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for candidates");
        goto out;
    }
    for (size_t i = 0; i < n_candidates; i++)
        list[i] = (struct candidate){ numbers + 2 * i * n, numbers + (2 * i + 1) * n, -HUGE_VAL };
    now = list + most;
    next = now + 1;
    start = now + 2;
    for (uint64_t i = 0; i < history->n_running; i++) {
        model_features(model, history->running_x + i * n, now->f);
        model_leaves(model, now->f, s.leaves + (i + 1) * n_trees);
    }
    for (uint32_t i = 0; i < options->n_candidates; i++) {
        hone_space_draw(model->space, rng, now->x);
        evaluate(&s, now);
        if (!i)
            memcpy(x, now->x, n * sizeof *x);
        keep(list, &n_list, most, now, n);
    }
    n_best = best_outcomes(&s, best, from_history);
    for (uint32_t i = 0, found = n_list; i < options->n_local; i++) {
        const int known = i < n_best;
        if (!known && i - n_best >= found)
            break;
        if (known)
            memcpy(start->x, history->x + (uint64_t)best[i] * n, n * sizeof *x);
        else
            memcpy(start->x, list[i - n_best].x, n * sizeof *x);
        evaluate(&s, start);
        climb(&s, start, next, order);
        if (start->value > value && hone_history_may(history, start->x)) {
            value = start->value;
            memcpy(x, start->x, n * sizeof *x);
            rc = HONE_OK;
        }
    }
    for (uint32_t i = 0; i < n_list; i++)
        if (list[i].value > value && hone_history_may(history, list[i].x)) {
            value = list[i].value;
            memcpy(x, list[i].x, n * sizeof *x);
            rc = HONE_OK;
        }
out:
    free(numbers);
    free(list);
    free(best);
    free(order);
    free(s.leaves);
    return rc;
}
