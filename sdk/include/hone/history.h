/* SPDX-License-Identifier: MIT */
/* hone/history.h - help for search plugins: the trials so far, those that run, and which points are left. Header only.
 *
 * A search keeps one hone_history, tells it what it proposes and what it hears, and asks it whether a candidate may be
 * proposed. That gives every strategy the same care for relations, conditions, duplicates and spent spaces:
 *
 *     open:  hone_history_init(&s->history, space, info, err)
 *     ask:   ... write a candidate into x ...
 *            rc = hone_history_propose(&s->history, trial, &rng, x, err);   (HONE_DONE: the space is spent)
 *     tell:  rc = hone_history_tell(&s->history, outcome, err);
 *     save:  hone_history_save,  load: hone_history_load
 *
 * Memory: (n_dims + n_values + n_constraints) doubles and 33 bytes an outcome, one bit a point for finite spaces of up to
 * 2^20 points, 16 to 32 bytes an outcome for larger finite ones. All [study]. */
#ifndef HONE_HISTORY_H
#define HONE_HISTORY_H
#include "hone/finite.h"
#include "hone/instance.h"
#include "hone/rng.h"

#include <string.h>

/* ---- one value for one trial ---- */

/* How good an outcome is for a search of one objective: the smaller violation first, then the lower value (Deb, K.
 * (2000), "An efficient constraint handling method for genetic algorithms", Comput. Methods Appl. Mech. Engrg. 186). */
typedef struct hone_judged {
    double value, violation; /* value HUGE_VAL: failed, or not a number */
} hone_judged;

static inline int hone_judged_better(hone_judged a, hone_judged b)
{
    return a.violation < b.violation || (a.violation <= b.violation && a.value < b.value);
}

/* Sum of the positive parts; a constraint that is not a number counts as 1e100. Finite. */
static inline double hone_violation(const double *constraints, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += constraints[i] > 0 ? constraints[i] : isnan(constraints[i]) ? 1e100 : 0;
    return sum < 1e300 ? sum : 1e300;
}

/* ---- positions in the unit cube: each dimension's place on its own scale, see hone_dim_to_unit ---- */

/* x: (n_dims), settled, of the position u: (n_dims) in [0, 1]. */
static inline void hone_space_from_units(const hone_space *space, const double *u, double *x)
{
    for (uint32_t i = 0; i < space->n_dims; i++)
        x[i] = hone_dim_from_unit(space->dims[i], u[i]);
    hone_space_settle(space, x);
}

/* u: (n_dims) of a settled point; inactive dimensions keep what u has there. */
static inline void hone_space_to_units(const hone_space *space, const double *x, double *u)
{
    for (uint32_t i = 0; i < space->n_dims; i++)
        if (!isnan(x[i]))
            u[i] = hone_dim_to_unit(space->dims[i], x[i]);
}

/* x: (n_dims): one draw from the prior, settled; relations may be hurt. Every dimension takes one number, active or not.
 */
static inline void hone_space_draw(const hone_space *space, hone_rng *rng, double *x)
{
    for (uint32_t i = 0; i < space->n_dims; i++)
        x[i] = hone_dim_from_unit(space->dims[i], hone_rng_uniform(rng));
    hone_space_settle(space, x);
}

/* Folds u back into [0, 1] as a mirror would: clipping would favour the borders. */
static inline double hone_unit_reflect(double u)
{
    u = fmod(fabs(u), 2);
    return u > 1 ? 2 - u : u;
}

/* A value near v, and another one where the dimension has another: a normal step of deviation `width` on the unit scale,
 * at least one value up or down for discrete ones, another choice by the prior for choices. */
static inline double hone_dim_neighbour(const hone_dim *d, double v, double width, hone_rng *rng)
{
    const double count = hone_dim_count(d);
    double w = v;
    if (d->type == HONE_DIM_CHOICE) {
        for (int i = 0; i < 32; i++) {
            w = hone_dim_from_unit(d, hone_rng_uniform(rng));
            if (w < v || w > v)
                return w;
        }
        return v;
    }
    w = hone_dim_from_unit(d, hone_unit_reflect(hone_dim_to_unit(d, v) + width * hone_rng_normal(rng)));
    if (w < v || w > v || count == 1 || (d->type == HONE_DIM_REAL && !(d->step > 0)))
        return w;
    { /* the step was shorter than the distance to the next value: that one, then */
        const double apart = d->type == HONE_DIM_ORDINAL ? 1 : d->step > 0 ? d->step : 1;
        const double up = hone_rng_uniform(rng) < 0.5 ? 1 : -1;
        w = hone_dim_snap(d, v + up * apart);
        return w < v || w > v ? w : hone_dim_snap(d, v - up * apart);
    }
}

/* ---- the trials ---- */

typedef struct hone_running {
    uint64_t trial, index; /* index: the point's number, finite spaces only */
} hone_running;

/* Zero it, init it, release it. Read the fields, write none. */
typedef struct hone_history {
    const hone_space *space;
    uint32_t n_dims, n_values, n_constraints;
    uint64_t n, capacity;
    double *x;           /* (n, n_dims) in the order told */
    double *values;      /* (n, n_values), lower is better; NaN: failed, or not reported */
    double *constraints; /* (n, n_constraints) */
    double *violation;   /* (n) hone_violation */
    uint64_t *trial;     /* (n) */
    int64_t *step;       /* (n) last step reported */
    double *deviations;  /* (n, n_values) of an outcome's repeats, NaN: fewer than two; NULL: none was repeated */
    uint64_t *repeats;   /* (n) how many; NULL as deviations */
    uint8_t *status;     /* (n) HONE_COMPLETE, HONE_PRUNED, HONE_FAILED; complete without a finite value: failed */
    uint64_t n_running, running_capacity;
    hone_running *running;                /* (n_running) in the order asked */
    double *running_x;                    /* (n_running, n_dims) */
    double numbers;                       /* of a finite space, see hone_space_count; 0: not finite */
    hone_point_set told;                  /* points told, where there are at most HONE_HISTORY_SMALL numbers */
    uint64_t *table, table_size, n_table; /* points told of larger finite spaces: number + 1, open addressing */
} hone_history;

#define HONE_HISTORY_SMALL 1048576.0

/* 1 where outcome i has finite values: what a model may learn from. */
static inline int hone_history_usable(const hone_history *h, uint64_t i)
{
    return h->status[i] != HONE_FAILED;
}

/* Judges outcome i by its first value. */
static inline hone_judged hone_history_judged(const hone_history *h, uint64_t i)
{
    const hone_judged j = { h->status[i] == HONE_FAILED ? HUGE_VAL : h->values[i * h->n_values], h->violation[i] };
    return j;
}

/* < 0 where outcome i is better than j, 0 where it is as good, by its first value: failed last, then violation, complete
 * before pruned (those that came further first), then the value. */
static inline int hone_history_compare(const hone_history *h, uint64_t i, uint64_t j)
{
    const hone_judged a = hone_history_judged(h, i), b = hone_history_judged(h, j);
    const int failed = (h->status[i] == HONE_FAILED) - (h->status[j] == HONE_FAILED);
    if (failed)
        return failed;
    if (a.violation < b.violation || a.violation > b.violation)
        return a.violation < b.violation ? -1 : 1;
    if (h->status[i] != h->status[j])
        return h->status[i] < h->status[j] ? -1 : 1;
    if (h->status[i] == HONE_PRUNED && h->step[i] != h->step[j])
        return h->step[i] > h->step[j] ? -1 : 1;
    return (a.value > b.value) - (a.value < b.value);
}

/* The first of the best outcomes that are usable, UINT64_MAX: there is none. */
static inline uint64_t hone_history_best(const hone_history *h)
{
    uint64_t best = UINT64_MAX;
    for (uint64_t i = 0; i < h->n; i++)
        if (hone_history_usable(h, i) && (best == UINT64_MAX || hone_history_compare(h, i, best) < 0))
            best = i;
    return best;
}

static inline void hone_history_release(hone_history *h)
{
    free(h->x);
    free(h->values);
    free(h->constraints);
    free(h->violation);
    free(h->trial);
    free(h->step);
    free(h->deviations);
    free(h->repeats);
    free(h->status);
    free(h->running);
    free(h->running_x);
    free(h->table);
    hone_point_set_release(&h->told);
    memset(h, 0, sizeof *h);
}

/* For open of a search that takes one objective only; name: what the message calls it. HONE_ENOTSUP. */
static inline hone_rc hone_search_one_objective(const hone_search_info *info, const char *name, hone_error *err)
{
    return info->n_values == 1 ? HONE_OK
                               : hone_fail(err, HONE_ENOTSUP, "",
                                           "%s minimizes one objective, the study has %u: name one objective or use "
                                           "another search, such as nsga2",
                                           name, info->n_values);
}

/* An empty history; space: life of the history. HONE_ENOMEM. */
static inline hone_rc hone_history_init(hone_history *h, const hone_space *space, const hone_search_info *info,
                                        hone_error *err)
{
    memset(h, 0, sizeof *h);
    h->space = space;
    h->n_dims = space->n_dims;
    h->n_values = info->n_values;
    h->n_constraints = info->n_constraints;
    h->numbers = hone_space_count(space);
    if (hone_point_set_init(&h->told, space, HONE_HISTORY_SMALL) < 0)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the points of the space");
    return HONE_OK;
}

/* Grows *p, an array of `width` elements of `bytes` each row, to `rows` rows. 0: out of memory. */
static inline int hone_history_grow_(void **p, uint64_t rows, uint64_t width, size_t bytes)
{
    void *more = realloc(*p, (size_t)(rows * (width ? width : 1)) * bytes);
    if (!more)
        return 0;
    *p = more;
    return 1;
}

static inline uint64_t hone_history_hash_(uint64_t v)
{
    v = (v ^ v >> 31) * 0x7fb5d329728ea185ull;
    v = (v ^ v >> 27) * 0x81dadef4bc2dd44dull;
    return v ^ v >> 33;
}

static inline int hone_history_table_has_(const hone_history *h, uint64_t index)
{
    if (!h->table_size)
        return 0;
    for (uint64_t k = hone_history_hash_(index) & (h->table_size - 1); h->table[k]; k = (k + 1) & (h->table_size - 1))
        if (h->table[k] == index + 1)
            return 1;
    return 0;
}

/* For an index that is not in the table, which has room. */
static inline void hone_history_table_put_(uint64_t *table, uint64_t size, uint64_t index)
{
    uint64_t k = hone_history_hash_(index) & (size - 1);
    while (table[k])
        k = (k + 1) & (size - 1);
    table[k] = index + 1;
}

static inline int hone_history_table_add_(hone_history *h, uint64_t index)
{
    if (hone_history_table_has_(h, index))
        return 1;
    if (2 * (h->n_table + 1) > h->table_size) {
        const uint64_t size = h->table_size ? h->table_size * 2 : 64;
        uint64_t *table = (uint64_t *)calloc((size_t)size, sizeof *table);
        if (!table)
            return 0;
        for (uint64_t k = 0; k < h->table_size; k++)
            if (h->table[k])
                hone_history_table_put_(table, size, h->table[k] - 1);
        free(h->table);
        h->table = table;
        h->table_size = size;
    }
    hone_history_table_put_(h->table, h->table_size, index);
    h->n_table++;
    return 1;
}

/* 1 where the settled point x of a finite space was told or is running; 0 in a continuum. */
static inline int hone_history_has(const hone_history *h, const double *x)
{
    uint64_t index;
    if (!(h->numbers > 0))
        return 0;
    index = hone_space_index(h->space, x);
    if (h->told.n ? (int)hone_point_set_has(&h->told, index) : hone_history_table_has_(h, index))
        return 1;
    for (uint64_t i = 0; i < h->n_running; i++)
        if (h->running[i].index == index)
            return 1;
    return 0;
}

/* 1 where the settled point x keeps the relations and is no repetition. */
static inline int hone_history_may(const hone_history *h, const double *x)
{
    return hone_space_allowed(h->space, x) && !hone_history_has(h, x);
}

/* An unseen point of a small finite space into x, from a random number on; 0: there is none. */
static inline int hone_history_rest_(hone_history *h, hone_rng *rng, double *x)
{
    uint64_t index, start = hone_rng_below(rng, h->told.n), passed = 0;
    int found = 0;
    /* running points are put into the set for the search, so that it steps over them */
    uint64_t *borrowed = (uint64_t *)malloc((size_t)(h->n_running + 1) * sizeof *borrowed);
    if (!borrowed)
        return 0;
    for (uint64_t i = 0; i < h->n_running; i++)
        if (!hone_point_set_has(&h->told, h->running[i].index)) {
            borrowed[passed++] = h->running[i].index;
            hone_point_set_add(&h->told, h->running[i].index);
        }
    found = (int)hone_point_set_rest(&h->told, h->space, start, &index, x);
    while (passed) {
        const uint64_t i = borrowed[--passed];
        h->told.bits[i >> 6] &= ~((uint64_t)1 << (i & 63));
    }
    free(borrowed);
    return found;
}

/* Settles the candidate x: (n_dims) and keeps it where it may be proposed. Otherwise the nearest that may, as far as
 * random steps of growing width tell, then any; active dimensions that are NaN are drawn from their prior. HONE_DONE: the
 * space is spent. HONE_EFAIL: no point satisfies the relations. */
static inline hone_rc hone_history_fresh(hone_history *h, hone_rng *rng, double *x, hone_error *err)
{
    enum { NEAR = 256, ANYWHERE = 100000 };
    const hone_space *space = h->space;
    const int anywhere = h->told.n ? 256 : ANYWHERE;
    double *from;
    int found;
    for (uint32_t i = 0; i < h->n_dims; i++) {
        if (!hone_space_active(space, x, i))
            x[i] = (double)NAN;
        else if (isnan(x[i]))
            x[i] = hone_dim_from_unit(space->dims[i], hone_rng_uniform(rng));
    }
    if (hone_history_may(h, x))
        return HONE_OK;
    if (!(from = (double *)malloc((h->n_dims + 1) * sizeof *from)))
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a point of %u parameters", h->n_dims);
    memcpy(from, x, h->n_dims * sizeof *from);
    found = 0;
    for (int k = 0; !found && k < NEAR; k++) {
        const double width = 0.02 + 0.5 * k / (double)NEAR, share = h->n_dims > 2 ? 2.0 / h->n_dims : 1;
        for (uint32_t i = 0; i < h->n_dims; i++) {
            const double luck = hone_rng_uniform(rng);
            x[i] = from[i];
            if (!hone_space_active(space, x, i))
                x[i] = (double)NAN;
            else if (isnan(x[i]))
                x[i] = hone_dim_from_unit(space->dims[i], hone_rng_uniform(rng));
            else if (luck < share)
                x[i] = hone_dim_neighbour(space->dims[i], x[i], width, rng);
        }
        found = hone_history_may(h, x);
    }
    free(from);
    for (int k = 0; !found && k < anywhere; k++) {
        hone_space_draw(space, rng, x);
        found = hone_history_may(h, x);
    }
    if (!found && h->told.n)
        return hone_history_rest_(h, rng, x) ? HONE_OK : HONE_DONE;
    return found ? HONE_OK
                 : hone_fail(err, HONE_EFAIL, "",
                             "none of %d random points satisfies the relations (where ...) of the space: relax them "
                             "or narrow the ranges to where they hold",
                             (int)ANYWHERE);
}

/* Removes the trial from those that run, if it is among them. */
static inline void hone_history_forget(hone_history *h, uint64_t trial)
{
    for (uint64_t i = 0; i < h->n_running; i++)
        if (h->running[i].trial == trial) {
            const uint64_t after = h->n_running - i - 1;
            memmove(h->running + i, h->running + i + 1, (size_t)after * sizeof *h->running);
            memmove(h->running_x + i * h->n_dims, h->running_x + (i + 1) * h->n_dims,
                    (size_t)(after * h->n_dims) * sizeof *h->running_x);
            h->n_running--;
            return;
        }
}

/* Counts x: (n_dims), settled, as the point that this trial runs. HONE_ENOMEM. */
static inline hone_rc hone_history_run(hone_history *h, uint64_t trial, const double *x, hone_error *err)
{
    hone_history_forget(h, trial);
    if (h->n_running == h->running_capacity) {
        const uint64_t rows = h->running_capacity ? h->running_capacity * 2 : 8;
        if (!hone_history_grow_((void **)&h->running, rows, 1, sizeof *h->running) ||
            !hone_history_grow_((void **)&h->running_x, rows, h->n_dims, sizeof *h->running_x))
            return hone_fail(err, HONE_ENOMEM, "", "out of memory for the running trials");
        h->running_capacity = rows;
    }
    h->running[h->n_running].trial = trial;
    h->running[h->n_running].index = h->numbers > 0 ? hone_space_index(h->space, x) : 0;
    memcpy(h->running_x + h->n_running * h->n_dims, x, h->n_dims * sizeof *x);
    h->n_running++;
    return HONE_OK;
}

/* Makes x a point that may be proposed, as hone_history_fresh, and counts it as running for this trial. A trial that is
 * asked for again replaces its point. */
static inline hone_rc hone_history_propose(hone_history *h, uint64_t trial, hone_rng *rng, double *x, hone_error *err)
{
    hone_rc rc;
    hone_history_forget(h, trial);
    rc = hone_history_fresh(h, rng, x, err);
    return rc == HONE_OK ? hone_history_run(h, trial, x, err) : rc;
}

/* What the outcome was measured with, as number n; room for it once there is one such outcome. 0: out of memory. */
static inline int hone_history_repeated_(hone_history *h, const hone_outcome *o, uint64_t n)
{
    const int told = o->size > offsetof(hone_outcome, n_repeats) && o->deviations;
    if (told && !h->deviations) {
        h->deviations = (double *)malloc((size_t)(h->capacity * (h->n_values ? h->n_values : 1)) * sizeof(double));
        h->repeats = (uint64_t *)calloc((size_t)h->capacity, sizeof *h->repeats);
        if (!h->deviations || !h->repeats) {
            free(h->deviations);
            free(h->repeats);
            h->deviations = NULL;
            h->repeats = NULL;
            return 0;
        }
        for (uint64_t i = 0; i < n * h->n_values; i++)
            h->deviations[i] = (double)NAN;
    }
    if (!h->deviations)
        return 1;
    for (uint32_t i = 0; i < h->n_values; i++)
        h->deviations[n * h->n_values + i] = told ? o->deviations[i] : (double)NAN;
    h->repeats[n] = told ? o->n_repeats : 0;
    return 1;
}

/* Appends an outcome as number h->n, also of a trial that this search did not propose. HONE_ENOMEM, with nothing
 * changed. */
static inline hone_rc hone_history_tell(hone_history *h, const hone_outcome *o, hone_error *err)
{
    const uint64_t n = h->n;
    uint8_t status = (uint8_t)o->status;
    if (n == h->capacity) {
        const uint64_t rows = h->capacity ? h->capacity * 2 : 64;
        if (!hone_history_grow_((void **)&h->x, rows, h->n_dims, sizeof *h->x) ||
            !hone_history_grow_((void **)&h->values, rows, h->n_values, sizeof *h->values) ||
            !hone_history_grow_((void **)&h->constraints, rows, h->n_constraints, sizeof *h->constraints) ||
            !hone_history_grow_((void **)&h->violation, rows, 1, sizeof *h->violation) ||
            !hone_history_grow_((void **)&h->trial, rows, 1, sizeof *h->trial) ||
            !hone_history_grow_((void **)&h->step, rows, 1, sizeof *h->step) ||
            (h->deviations && (!hone_history_grow_((void **)&h->deviations, rows, h->n_values, sizeof *h->deviations) ||
                               !hone_history_grow_((void **)&h->repeats, rows, 1, sizeof *h->repeats))) ||
            !hone_history_grow_((void **)&h->status, rows, 1, sizeof *h->status))
            return hone_fail(err, HONE_ENOMEM, "", "out of memory for the history");
        h->capacity = rows;
    }
    if (!hone_history_repeated_(h, o, n))
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the history");
    if (h->numbers > 0) {
        const uint64_t index = hone_space_index(h->space, o->x);
        if (h->told.n)
            hone_point_set_add(&h->told, index);
        else if (!hone_history_table_add_(h, index))
            return hone_fail(err, HONE_ENOMEM, "", "out of memory for the history");
    }
    memcpy(h->x + n * h->n_dims, o->x, h->n_dims * sizeof *h->x);
    for (uint32_t i = 0; i < h->n_values; i++) {
        h->values[n * h->n_values + i] = o->values[i];
        if (!isfinite(o->values[i]))
            status = HONE_FAILED;
    }
    for (uint32_t i = 0; i < h->n_constraints; i++)
        h->constraints[n * h->n_constraints + i] = o->constraints[i];
    h->violation[n] = hone_violation(o->constraints, h->n_constraints);
    h->trial[n] = o->trial;
    h->step[n] = o->step;
    h->status[n] = status;
    h->n = n + 1;
    hone_history_forget(h, o->trial);
    return HONE_OK;
}

/* 1 where two points: (n) are the same, inactive dimensions too. */
static inline int hone_point_same(const double *a, const double *b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (isnan(a[i]) != isnan(b[i]) || a[i] < b[i] || a[i] > b[i])
            return 0;
    return 1;
}

/* 1 where this trial runs at x: (n_dims), settled: an outcome there is that of the point proposed. To be asked before the
 * outcome is told. */
static inline int hone_history_runs(const hone_history *h, uint64_t trial, const double *x)
{
    for (uint64_t i = 0; i < h->n_running; i++)
        if (h->running[i].trial == trial)
            return hone_point_same(h->running_x + i * h->n_dims, x, h->n_dims);
    return 0;
}

/* Place of this trial's outcome among rows: (n), of which those from h->n on are none, or n. A trial that was paused and
 * goes on is told again: what keeps outcomes as members of a population puts the new one in that place. */
static inline uint64_t hone_history_place(const hone_history *h, const uint64_t *rows, uint64_t n, uint64_t trial)
{
    uint64_t i = 0;
    while (i < n && (rows[i] >= h->n || h->trial[rows[i]] != trial))
        i++;
    return i;
}

/* ---- as bytes, of this machine's order ---- */

/* HONE_EINVAL: the history was not initialized, so that the search has no state to save and none to replace. */
static inline hone_rc hone_history_opened(const hone_history *h, hone_error *err)
{
    return h->space ? HONE_OK
                    : hone_fail(err, HONE_EINVAL, "",
                                "a state is saved and loaded after the space is known: open comes first");
}

static inline hone_rc hone_history_save(const hone_history *h, const hone_ostream *out, hone_error *err)
{
    uint64_t head[] = { 0x3279726f74736968ull, h->n_dims, h->n_values, h->n_constraints, h->n, h->n_running,
                        h->deviations != NULL };
    const hone_part parts[] = {
        { head, sizeof head },
        { h->x, h->n * h->n_dims * sizeof *h->x },
        { h->values, h->n * h->n_values * sizeof *h->values },
        { h->constraints, h->n * h->n_constraints * sizeof *h->constraints },
        { h->trial, h->n * sizeof *h->trial },
        { h->step, h->n * sizeof *h->step },
        { h->status, h->n * sizeof *h->status },
        { h->deviations, h->deviations ? h->n * h->n_values * sizeof *h->deviations : 0 },
        { h->repeats, h->repeats ? h->n * sizeof *h->repeats : 0 },
    };
    hone_rc rc = hone_transfer(parts, sizeof parts / sizeof *parts, out, NULL, err);
    for (uint64_t i = 0; rc == HONE_OK && i < h->n_running; i++)
        rc = hone_write(out, &h->running[i].trial, sizeof h->running[i].trial, err);
    if (rc == HONE_OK)
        rc = hone_write(out, h->running_x, h->n_running * h->n_dims * sizeof *h->running_x, err);
    return rc;
}

/* 1 where x: (n_dims) is a settled point of the space: what a hostile state may not be. */
static inline int hone_space_has(const hone_space *space, const double *x)
{
    for (uint32_t i = 0; i < space->n_dims; i++) {
        const hone_dim *d = space->dims[i];
        if (isnan(x[i]) == (int)hone_space_active(space, x, i))
            return 0;
        if (isnan(x[i]))
            continue;
        if (!(x[i] >= d->min && x[i] <= d->max) || !isfinite(x[i]))
            return 0;
        if ((d->type == HONE_DIM_CHOICE || d->type == HONE_DIM_ORDINAL) &&
            (x[i] > floor(x[i]) || x[i] > d->n_choices - 1))
            return 0;
    }
    return 1;
}

/* Fills a history that was just initialized from hostile bytes; what was there is lost. To be released on failure.
 * HONE_EINVAL: damaged, or of another space. */
static inline hone_rc hone_history_load(hone_history *h, const hone_istream *in, hone_error *err)
{
    uint64_t head[7] = { 0 };
    double *rows = NULL, *deviations;
    uint8_t *status = NULL;
    hone_rc rc = hone_read(in, head, sizeof head, err);
    const uint64_t width = (uint64_t)h->n_dims + 2 * (uint64_t)h->n_values + h->n_constraints + 3;
    uint64_t *trials, *repeats;
    int64_t *steps;
    if (rc != HONE_OK)
        return rc;
    if (head[0] != 0x3279726f74736968ull || head[6] > 1 || head[1] != h->n_dims || head[2] != h->n_values ||
        head[3] != h->n_constraints || head[4] > (1ull << 33) / width / 8 || head[5] > 1u << 24)
        return hone_fail(err, HONE_EINVAL, "", "the saved history is damaged, or of another space");
    rows = (double *)malloc((size_t)(head[4] * width + 1) * sizeof *rows);
    status = (uint8_t *)malloc((size_t)head[4] + 1);
    if (!rows || !status) {
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for the saved history");
        goto out;
    }
    deviations = rows + head[4] * (width - 3 - h->n_values);
    trials = (uint64_t *)(void *)(deviations + head[4] * h->n_values);
    steps = (int64_t *)(void *)(trials + head[4]);
    repeats = trials + 2 * head[4];
    if ((rc = hone_read(in, rows, (uint64_t)(deviations - rows) * sizeof *rows, err)) != HONE_OK ||
        (rc = hone_read(in, trials, head[4] * sizeof *trials, err)) != HONE_OK ||
        (rc = hone_read(in, steps, head[4] * sizeof *steps, err)) != HONE_OK ||
        (rc = hone_read(in, status, head[4], err)) != HONE_OK ||
        (head[6] && (rc = hone_read(in, deviations, head[4] * h->n_values * sizeof *deviations, err)) != HONE_OK) ||
        (head[6] && (rc = hone_read(in, repeats, head[4] * sizeof *repeats, err)) != HONE_OK))
        goto out;
    for (uint64_t i = 0; i < head[4]; i++) {
        const double *values = rows + head[4] * h->n_dims, *constraints = values + head[4] * h->n_values;
        hone_outcome o = { sizeof o,
                           status[i],
                           trials[i],
                           rows + i * h->n_dims,
                           values + i * h->n_values,
                           constraints + i * h->n_constraints,
                           h->n_values,
                           h->n_constraints,
                           steps[i],
                           head[6] ? deviations + i * h->n_values : NULL,
                           head[6] ? repeats[i] : 0,
                           NULL,
                           NULL };
        if (status[i] > HONE_FAILED || !hone_space_has(h->space, o.x)) {
            rc = hone_fail(err, HONE_EINVAL, "", "the saved history is damaged, or of another space");
            goto out;
        }
        if ((rc = hone_history_tell(h, &o, err)) != HONE_OK)
            goto out;
    }
    free(rows);
    rows = (double *)malloc((size_t)(head[5] * ((uint64_t)h->n_dims + 1) + 1) * sizeof *rows);
    if (!rows) {
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for the saved history");
        goto out;
    }
    trials = (uint64_t *)(void *)(rows + head[5] * h->n_dims);
    if ((rc = hone_read(in, trials, head[5] * sizeof *trials, err)) != HONE_OK ||
        (rc = hone_read(in, rows, head[5] * h->n_dims * sizeof *rows, err)) != HONE_OK)
        goto out;
    for (uint64_t i = 0; i < head[5] && rc == HONE_OK; i++) {
        const double *x = rows + i * h->n_dims;
        rc = hone_space_has(h->space, x)
                 ? hone_history_run(h, trials[i], x, err)
                 : hone_fail(err, HONE_EINVAL, "", "the saved history is damaged, or of another space");
    }
out:
    free(rows);
    free(status);
    return rc;
}

/* Replaces an initialized history by a saved one, all that the bytes have; on failure it stays as it was. What a
 * search makes of its history alone, told after told, it can make again of the rows. HONE_EINVAL: damaged, or of
 * another space. */
static inline hone_rc hone_history_reload(hone_history *h, const hone_istream *in, hone_error *err)
{
    hone_search_info info;
    hone_history fresh;
    hone_rc rc;
    if ((rc = hone_history_opened(h, err)) != HONE_OK)
        return rc;
    memset(&info, 0, sizeof info);
    info.size = sizeof info;
    info.n_values = h->n_values;
    info.n_constraints = h->n_constraints;
    if ((rc = hone_history_init(&fresh, h->space, &info, err)) == HONE_OK &&
        (rc = hone_history_load(&fresh, in, err)) == HONE_OK)
        rc = hone_read_end(in, err);
    if (rc != HONE_OK) {
        hone_history_release(&fresh);
        return rc;
    }
    hone_history_release(h);
    *h = fresh;
    return HONE_OK;
}
#endif /* HONE_HISTORY_H */
