/* SPDX-License-Identifier: MIT */
/* search/gp: the candidate that is worth most. Quasi-random points and steps from the best ones are scored together; the
 * most promising go on: gradients move what is smooth, single changes what is not, in turn, until neither helps. */
#include "gp.h"

#include <nlopt.h>

enum { ROUNDS = 3, EVALUATIONS = 24, MOST_CHANGES = 512, MOST_TRIES = 64 };

double quasi_random_root(uint32_t n)
{
    double root = 1.5;
    for (int i = 0; i < 64; i++) /* root^(n + 1) = root + 1, by its fixed point */
        root = pow(1 + root, 1.0 / (n + 1.0));
    return root;
}

void quasi_random(uint64_t seed, uint64_t index, uint32_t n, double root, double *u)
{
    hone_rng rng = hone_rng_at(seed, 0);
    double power = 1;
    for (uint32_t k = 0; k < n; k++) {
        double whole;
        power /= root;
        u[k] = modf(hone_rng_uniform(&rng) + (double)(index + 1) * power, &whole);
    }
}

struct pool { /* candidates */
    const hone_space *space;
    const struct features *features;
    uint64_t n, capacity;
    double *raw;   /* (n_dims, capacity) a value for every dimension, also where it is inactive */
    double *x;     /* (n_dims, capacity) settled */
    double *e;     /* (D, capacity) encoded */
    double *score; /* (capacity) */
};

static void pool_release(struct pool *p)
{
    free(p->raw);
    free(p->x);
    free(p->e);
    free(p->score);
}

static hone_rc pool_init(struct pool *p, const struct features *f, uint64_t capacity, hone_error *err)
{
    const uint64_t n = capacity ? capacity : 1;
    p->space = f->space;
    p->features = f;
    p->n = 0;
    p->capacity = capacity;
    p->raw = (double *)malloc((size_t)(n * (f->space->n_dims + 1u)) * sizeof *p->raw);
    p->x = (double *)malloc((size_t)(n * (f->space->n_dims + 1u)) * sizeof *p->x);
    p->e = (double *)malloc((size_t)(n * (f->n + 1u)) * sizeof *p->e);
    p->score = (double *)malloc((size_t)n * sizeof *p->score);
    return p->raw && p->x && p->e && p->score
               ? HONE_OK
               : hone_fail(err, HONE_ENOMEM, "candidates", "out of memory for %llu candidates",
                           (unsigned long long)capacity);
}

/* The room for one more, to be filled in. */
static double *pool_next(struct pool *p)
{
    return p->raw + p->n * p->space->n_dims;
}

/* Takes what was put into pool_next, if it may be proposed. */
static int pool_take(struct pool *p, const hone_history *h)
{
    double *x = p->x + p->n * p->space->n_dims;
    memcpy(x, pool_next(p), p->space->n_dims * sizeof *x);
    hone_space_settle(p->space, x);
    if (!hone_history_may(h, x))
        return 0;
    features_encode(p->features, x, p->e + p->n * p->features->n);
    p->n++;
    return 1;
}

static void pool_move(struct pool *to, uint64_t at, const struct pool *from, uint64_t i)
{
    const uint32_t n = to->space->n_dims, d = to->features->n;
    memcpy(to->raw + at * n, from->raw + i * n, n * sizeof *to->raw);
    memcpy(to->x + at * n, from->x + i * n, n * sizeof *to->x);
    memcpy(to->e + at * d, from->e + i * d, d * sizeof *to->e);
    to->score[at] = from->score[i];
}

/* ---- the first candidates ---- */

/* A step from an incumbent: every parameter that is active moves with a probability that lets about `moves` of them, by a
 * share of its range that may be anything from a thousandth to a third. */
static void step_from(const hone_space *space, const double *incumbent, hone_rng *rng, double *raw)
{
    const double width = exp(log(1e-3) + hone_rng_uniform(rng) * (log(0.3) - log(1e-3)));
    const double moves = hone_rng_uniform(rng) < 0.5 ? 2 : 20;
    uint32_t n_active = 0;
    for (uint32_t i = 0; i < space->n_dims; i++)
        n_active += !isnan(incumbent[i]) && hone_dim_count(space->dims[i]) != 1;
    for (uint32_t i = 0; i < space->n_dims; i++) {
        const double luck = hone_rng_uniform(rng);
        raw[i] = incumbent[i];
        if (isnan(incumbent[i]))
            raw[i] = hone_dim_from_unit(space->dims[i], hone_rng_uniform(rng));
        else if (luck * n_active < moves)
            raw[i] = hone_dim_neighbour(space->dims[i], raw[i], width, rng);
    }
}

/* *n_global: how many of the candidates come first and are spread over the whole space. */
static void first_candidates(const struct surrogate *s, const hone_history *h, hone_rng *rng, struct pool *p,
                             uint64_t *n_global)
{
    const uint64_t global = p->capacity / 2;
    const uint64_t seed = hone_rng_u64(rng);
    const double root = quasi_random_root(p->space->n_dims);
    double *u = p->score; /* not in use yet; as long as a point where there are that many candidates */
    double *room = NULL;
    if (p->capacity < p->space->n_dims && !(u = room = (double *)malloc(p->space->n_dims * sizeof *room)))
        return;
    for (uint64_t i = 0; i < 4 * global && p->n < global; i++) {
        quasi_random(seed, i, p->space->n_dims, root, u);
        for (uint32_t k = 0; k < p->space->n_dims; k++)
            pool_next(p)[k] = hone_dim_from_unit(p->space->dims[k], u[k]);
        (void)pool_take(p, h);
    }
    *n_global = p->n;
    for (uint64_t i = 0; s->n_incumbents && i < 4 * p->capacity && p->n < p->capacity; i++) {
        step_from(p->space, h->x + s->incumbents[i % s->n_incumbents] * h->n_dims, rng, pool_next(p));
        (void)pool_take(p, h);
    }
    free(room);
}

/* ---- gradients ---- */

struct polish {
    struct surrogate *surrogate;
    nlopt_opt opt;
    uint32_t n;
    uint32_t *which;      /* (n) features that move */
    double *scale;        /* (n) variables are positions times this: about one length scale is one */
    double *e, *gradient; /* (D) */
};

static double polish_value(unsigned n, const double *t, double *gradient, void *data)
{
    struct polish *p = (struct polish *)data;
    double value;
    for (unsigned i = 0; i < n; i++)
        p->e[p->which[i]] = t[i] / p->scale[i];
    value = surrogate_score_one(p->surrogate, p->e, p->gradient);
    for (unsigned i = 0; gradient && i < n; i++)
        gradient[i] = p->gradient[p->which[i]] / p->scale[i];
    return isfinite(value) ? value : -1e10;
}

/* Moves the smooth features of candidate i uphill; the result is put at p->n (and not counted). 1: it is better. */
static hone_rc polish(struct surrogate *s, const hone_history *h, struct pool *p, uint64_t i, int *better,
                      hone_error *err)
{
    const struct features *f = &s->features;
    const uint32_t d = f->n;
    double *room = (double *)calloc((size_t)d * 6 + 1, sizeof *room);
    uint32_t *which = (uint32_t *)calloc(d + 1u, sizeof *which);
    double *t = room, *low = t + d, *high = low + d;
    struct polish c = { s, NULL, 0, which, high + d, high + 2 * d, high + 3 * d };
    hone_rc rc = HONE_OK;
    double value;
    *better = 0;
    if (!room || !which)
        goto full;
    memcpy(c.e, p->e + i * d, d * sizeof *c.e);
    for (uint32_t k = 0; k < d; k++) {
        const double length = exp(0.5 * s->models->theta[k]);
        if (!f->list[k].is_smooth || isnan(p->x[i * p->space->n_dims + f->list[k].dim]))
            continue;
        c.scale[c.n] = length < 0.1 ? 0.1 : length > 100 ? 100 : length;
        t[c.n] = c.e[k] * c.scale[c.n];
        high[c.n] = c.scale[c.n];
        which[c.n++] = k;
    }
    if (!c.n)
        goto out;
    c.opt = nlopt_create(NLOPT_LD_LBFGS, c.n);
    if (!c.opt || nlopt_set_lower_bounds(c.opt, low) < 0 || nlopt_set_upper_bounds(c.opt, high) < 0 ||
        nlopt_set_max_objective(c.opt, polish_value, &c) < 0 || nlopt_set_maxeval(c.opt, EVALUATIONS) < 0 ||
        nlopt_set_ftol_abs(c.opt, 1e-3) < 0)
        goto full;
    (void)nlopt_optimize(c.opt, t, &value);             /* wherever it ended: what counts is the score below */
    for (int half = 0; half < 12 && !*better; half++) { /* back towards the start, if it ended where nothing may be */
        const double share = ldexp(1, -half);
        memcpy(p->raw + p->n * p->space->n_dims, p->raw + i * p->space->n_dims, p->space->n_dims * sizeof *p->raw);
        for (uint32_t k = 0; k < c.n; k++) {
            const uint32_t dim = f->list[which[k]].dim;
            const double from = p->e[i * d + which[k]], u = from + share * (t[k] / c.scale[k] - from);
            p->raw[p->n * p->space->n_dims + dim] = hone_dim_from_unit(p->space->dims[dim], u);
        }
        if (!pool_take(p, h))
            continue;
        p->n--;
        surrogate_score(s, p->e + p->n * d, 1, p->score + p->n);
        *better = p->score[p->n] > p->score[i];
    }
    goto out;
full:
    rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for polishing a candidate");
out:
    if (c.opt)
        nlopt_destroy(c.opt);
    free(room);
    free(which);
    return rc;
}

/* ---- single changes ---- */

/* Appends candidate i with dimension `dim` set to v. */
static void change(struct pool *p, const hone_history *h, uint64_t i, uint32_t dim, double v)
{
    const uint32_t n = p->space->n_dims;
    const double old = p->raw[i * n + dim];
    if (p->n == p->capacity || !(v < old || v > old))
        return;
    memcpy(pool_next(p), p->raw + i * n, n * sizeof *p->raw);
    pool_next(p)[dim] = v;
    (void)pool_take(p, h);
}

/* Appends the changes of one discrete feature: all its values where they are few, else those at 1, 2, 4, ... steps. */
static void changes(struct pool *p, const hone_history *h, uint64_t i, const struct feature *f, hone_rng *rng)
{
    const hone_dim *d = p->space->dims[f->dim];
    const double v = p->raw[i * p->space->n_dims + f->dim], count = hone_dim_count(d);
    const double apart = d->type == HONE_DIM_ORDINAL ? 1 : d->step > 0 ? d->step : 1;
    if (f->is_category) {
        const uint32_t tries = d->n_choices < MOST_TRIES ? d->n_choices : MOST_TRIES;
        for (uint32_t c = 0; c < tries; c++) {
            const uint64_t choice = tries == d->n_choices ? c : hone_rng_below(rng, d->n_choices);
            if (!d->weights || d->weights[choice] > 0)
                change(p, h, i, f->dim, (double)choice);
        }
        return;
    }
    if (count > 0 && count <= f->n_tries) {
        for (uint32_t c = 0; c < f->n_tries; c++)
            if (d->type != HONE_DIM_ORDINAL || !d->weights || d->weights[c] > 0)
                change(p, h, i, f->dim, hone_dim_snap(d, d->min + c * apart));
        return;
    }
    for (double step = apart; step <= 128 * apart; step *= 2) {
        if (v + step <= d->max)
            change(p, h, i, f->dim, hone_dim_snap(d, v + step));
        if (v - step >= d->min)
            change(p, h, i, f->dim, hone_dim_snap(d, v - step));
        if (f->is_smooth && step > apart)
            return; /* gradients have done the rest */
    }
}

/* The best single change of candidate i into place i. 1: it is better. Places from p->n on are used. */
static int improve_discrete(struct surrogate *s, const hone_history *h, struct pool *p, uint64_t i, hone_rng *rng)
{
    const uint64_t first = p->n;
    uint64_t best = i;
    for (uint32_t k = 0; k < s->features.n; k++) {
        const struct feature *f = s->features.list + k;
        const hone_dim *d = p->space->dims[f->dim];
        if (isnan(p->x[i * p->space->n_dims + f->dim]) || (d->type == HONE_DIM_REAL && !(d->step > 0)))
            continue;
        changes(p, h, i, f, rng);
    }
    surrogate_score(s, p->e + first * s->features.n, p->n - first, p->score + first);
    for (uint64_t c = first; c < p->n; c++)
        best = p->score[c] > p->score[best] ? c : best;
    p->n = first;
    if (best == i)
        return 0;
    pool_move(p, i, p, best);
    return 1;
}

/* ---- together ---- */

/* Which candidates go on: the best, the best of the others kind (near an incumbent, or anywhere), and a roulette of the
 * rest by exp(score). chosen: (n) */
static uint64_t choose_starts(struct pool *p, uint64_t n_global, uint64_t n, hone_rng *rng, uint64_t *chosen)
{
    uint64_t best = 0, second = n_global < p->n ? n_global : 0, count = 0;
    double total = 0;
    for (uint64_t i = 1; i < p->n; i++) {
        if (p->score[i] > p->score[best])
            best = i;
    }
    if (best >= n_global) /* the best of the other kind */
        second = 0;
    for (uint64_t i = best >= n_global ? 0 : n_global; i < (best >= n_global ? n_global : p->n); i++)
        if (p->score[i] > p->score[second])
            second = i;
    chosen[count++] = best;
    if (n > 1 && second != best && p->n > 1)
        chosen[count++] = second;
    while (count < n && count < p->n) {
        double point;
        uint64_t pick = p->n;
        total = 0;
        for (uint64_t i = 0; i < p->n; i++) {
            uint64_t c = 0;
            while (c < count && chosen[c] != i)
                c++;
            if (c == count)
                total += exp(p->score[i] - p->score[best]);
        }
        point = hone_rng_uniform(rng) * total;
        for (uint64_t i = 0; i < p->n; i++) {
            uint64_t c = 0;
            while (c < count && chosen[c] != i)
                c++;
            if (c < count)
                continue;
            pick = i;
            point -= exp(p->score[i] - p->score[best]);
            if (point < 0)
                break;
        }
        chosen[count++] = pick;
    }
    return count;
}

hone_rc optimize(struct surrogate *s, hone_history *h, hone_rng *rng, double *x, int *found, hone_error *err)
{
    const uint64_t n_starts = (uint64_t)s->settings->starts;
    struct pool all = { NULL, NULL, 0, 0, NULL, NULL, NULL, NULL }, starts = all;
    uint64_t *chosen = (uint64_t *)malloc((size_t)(n_starts + 1) * sizeof *chosen), n_global = 0, best = 0, count;
    hone_rc rc = HONE_OK;
    *found = 0;
    if (!chosen) {
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for the candidates");
        goto out;
    }
    if ((rc = pool_init(&all, &s->features, (uint64_t)s->settings->candidates, err)) != HONE_OK ||
        (rc = pool_init(&starts, &s->features, n_starts + MOST_CHANGES, err)) != HONE_OK)
        goto out;
    first_candidates(s, h, rng, &all, &n_global);
    if (!all.n)
        goto out;
    surrogate_score(s, all.e, all.n, all.score);
    count = choose_starts(&all, n_global, n_starts, rng, chosen);
    for (uint64_t i = 0; i < count; i++)
        pool_move(&starts, i, &all, chosen[i]);
    starts.n = count;
    for (uint64_t i = 0; i < count; i++) {
        for (int round = 0; round < ROUNDS; round++) {
            int polished, changed;
            if (s->host && s->host->cancelled(s->host)) {
                rc = hone_fail(err, HONE_ECANCELED, "", "cancelled while looking for the best candidate");
                goto out;
            }
            if ((rc = polish(s, h, &starts, i, &polished, err)) != HONE_OK)
                goto out;
            if (polished)
                pool_move(&starts, i, &starts, starts.n);
            changed = improve_discrete(s, h, &starts, i, rng);
            if (!changed)
                break;
        }
        best = starts.score[i] > starts.score[best] ? i : best;
    }
    memcpy(x, starts.x + best * h->n_dims, h->n_dims * sizeof *x);
    *found = 1;
out:
    pool_release(&all);
    pool_release(&starts);
    free(chosen);
    return rc;
}
