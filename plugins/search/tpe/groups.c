/* SPDX-License-Identifier: MIT */
/* search/tpe: pairs of densities, one pair for the parameters that are active together, and proposals from them. */
#include "tpe.h"

#include <stdlib.h>
#include <string.h>

/* ---- which parameters belong together ---- */

static int same_condition(const hone_condition *a, const hone_condition *b)
{
    int same = a->dim == b->dim && a->op == b->op && a->n_values == b->n_values;
    for (uint32_t k = 0; same && k < a->n_values; k++)
        same = !(a->values[k] < b->values[k] || a->values[k] > b->values[k]);
    return same;
}

static int has_conditions_of(const hone_dim *a, const hone_dim *b)
{
    for (uint32_t i = 0; i < a->n_conditions; i++) {
        uint32_t k = 0;
        while (k < b->n_conditions && !same_condition(a->conditions[i], b->conditions[k]))
            k++;
        if (k == b->n_conditions)
            return 0;
    }
    return 1;
}

static int belong_together(const struct tpe *t, const hone_dim *a, const hone_dim *b)
{
    if (t->settings.multivariate == JOINT_NO)
        return 0;
    if (!t->settings.group && (a->n_conditions || b->n_conditions))
        return 0;
    return has_conditions_of(a, b) && has_conditions_of(b, a);
}

/* The axes of the dimensions that are marked with `mark`, dense ones first. */
static hone_rc group_init(struct tpe *t, struct group *g, const uint32_t *marks, uint32_t mark, hone_error *err)
{
    const struct settings *s = &t->settings;
    uint32_t n = 0;
    double bandwidth = s->mode == MODE_TUNED ? s->bandwidth : 0;
    struct parzen_settings rule;
    hone_rc rc;
    g->axes = (struct axis *)calloc(t->space->n_dims + 1u, sizeof *g->axes);
    if (!g->axes)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for %u parameters", t->space->n_dims);
    for (uint32_t i = 0; i < t->space->n_dims; i++)
        n += marks[i] == mark;
    bandwidth *= n < 3 ? n / 3.0 : 1; /* one or two parameters are soon known better than that */
    rule.bandwidth = bandwidth;
    rule.prior_weight = s->prior_weight;
    g->first = UINT32_MAX;
    for (int dense = 1; dense >= 0; dense--)
        for (uint32_t i = 0; i < t->space->n_dims; i++)
            if (marks[i] == mark) {
                axis_init(g->axes + g->n_axes, t->space->dims[i], i, s->mode == MODE_TUNED);
                g->n_axes += (g->axes[g->n_axes].kind == AXIS_REAL) == dense;
                g->first = i < g->first ? i : g->first;
            }
    rc = parzen_init(&g->good, g->axes, g->n_axes, &rule, err);
    return rc == HONE_OK ? parzen_init(&g->other, g->axes, g->n_axes, &rule, err) : rc;
}

hone_rc groups_init(struct tpe *t, hone_error *err)
{
    const uint32_t n = t->space->n_dims;
    uint32_t *marks = (uint32_t *)calloc(n + 1u, sizeof *marks), n_marks = 0; /* 0: one value only, no group */
    hone_rc rc = HONE_OK;
    if (!marks)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for %u parameters", n);
    for (uint32_t i = 0; i < n; i++) {
        if (hone_dim_count(t->space->dims[i]) == 1)
            continue;
        for (uint32_t k = 0; !marks[i] && k < i; k++)
            if (marks[k] && belong_together(t, t->space->dims[k], t->space->dims[i]))
                marks[i] = marks[k];
        if (!marks[i])
            marks[i] = ++n_marks;
    }
    t->groups = (struct group *)calloc(n_marks + 1u, sizeof *t->groups);
    if (!t->groups) {
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for %u parameters", n);
        goto out;
    }
    for (uint32_t g = 0; g < n_marks && rc == HONE_OK; g++) {
        t->n_groups++;
        rc = group_init(t, t->groups + g, marks, g + 1, err);
    }
out:
    free(marks);
    return rc;
}

void groups_release(struct tpe *t)
{
    for (uint32_t g = 0; g < t->n_groups; g++) {
        parzen_release(&t->groups[g].good);
        parzen_release(&t->groups[g].other);
        free(t->groups[g].axes);
    }
    free(t->groups);
    t->groups = NULL;
    t->n_groups = 0;
}

/* ---- observations ---- */

hone_rc group_observe(struct group *g, struct parzen *p, const double *x, double *places, uint64_t id, uint64_t trial,
                      hone_error *err)
{
    for (uint32_t i = 0; i < g->n_axes; i++)
        places[i] = axis_place(g->axes + i, x[g->axes[i].index]);
    return parzen_add(p, places, id, trial, err);
}

/* The same among the others, of which there may be too many then. */
static hone_rc observe_other(struct tpe *t, struct group *g, const double *x, uint64_t id, uint64_t trial,
                             hone_error *err)
{
    const hone_rc rc = group_observe(g, &g->other, x, t->places, id, trial, err);
    if (rc == HONE_OK && t->settings.max_others && g->other.n > (uint64_t)t->settings.max_others)
        parzen_remove(&g->other, parzen_oldest(&g->other));
    return rc;
}

hone_rc groups_run(struct tpe *t, uint64_t trial, const double *x, hone_error *err)
{
    hone_rc rc = HONE_OK;
    for (uint32_t i = 0; t->settings.constant_liar && i < t->n_groups && rc == HONE_OK; i++)
        if (!isnan(x[t->groups[i].first]))
            rc = observe_other(t, t->groups + i, x, RUNNING_ID | trial, trial, err);
    return rc;
}

void groups_forget(struct tpe *t, uint64_t trial)
{
    for (uint32_t i = 0; t->settings.constant_liar && i < t->n_groups; i++) {
        const uint64_t slot = parzen_find(&t->groups[i].other, RUNNING_ID | trial);
        if (slot != UINT64_MAX)
            parzen_remove(&t->groups[i].other, slot);
    }
}

int groups_count(const struct tpe *t, uint64_t index)
{
    return hone_history_usable(&t->history, index) || t->settings.mode == MODE_TUNED;
}

hone_rc groups_tell(struct tpe *t, uint64_t index, int was_running, hone_error *err)
{
    const hone_history *h = &t->history;
    const uint64_t trial = h->trial[index];
    const double *x = h->x + index * h->n_dims;
    const int counts = groups_count(t, index);
    hone_rc rc = HONE_OK;
    for (uint32_t i = 0; i < t->n_groups && rc == HONE_OK; i++) {
        struct group *g = t->groups + i;
        const int is_active = !isnan(x[g->first]);
        const uint64_t slot = was_running && t->settings.constant_liar ? parzen_find(&g->other, RUNNING_ID | trial)
                                                                       : UINT64_MAX;
        if (slot != UINT64_MAX) {
            int same = is_active && counts;
            parzen_place(&g->other, slot, t->places);
            for (uint32_t k = 0; same && k < g->n_axes; k++) {
                const double told = axis_place(g->axes + k, x[g->axes[k].index]);
                same = !(told < t->places[k] || told > t->places[k]);
            }
            if (same) { /* the liar was right to put it among the others */
                g->other.id[slot] = index;
                continue;
            }
            parzen_remove(&g->other, slot);
        }
        if (is_active && counts)
            rc = observe_other(t, g, x, index, trial, err);
    }
    return rc;
}

static hone_rc moved(void *ctx, uint64_t index, int is_good, hone_error *err)
{
    struct tpe *t = (struct tpe *)ctx;
    const double *x = t->history.x + index * t->history.n_dims;
    hone_rc rc = HONE_OK;
    for (uint32_t i = 0; i < t->n_groups && rc == HONE_OK; i++) {
        struct group *g = t->groups + i;
        struct parzen *from = is_good ? &g->other : &g->good;
        const uint64_t slot = isnan(x[g->first]) ? UINT64_MAX : parzen_find(from, index);
        if (slot != UINT64_MAX) /* else forgotten */
            parzen_remove(from, slot);
        if (isnan(x[g->first]))
            continue;
        rc = is_good ? group_observe(g, &g->good, x, t->places, index, t->history.trial[index], err)
                     : observe_other(t, g, x, index, t->history.trial[index], err);
    }
    return rc;
}

/* How many of n outcomes are good. */
static uint64_t good_of(const struct tpe *t, uint64_t n)
{
    const double share = ceil(t->settings.good * (double)n);
    const double most = t->settings.max_good ? (double)t->settings.max_good : share;
    return (uint64_t)(share < most ? share : most);
}

/* Tuned: the good ones by their place, the prior by their mean. */
static hone_rc weigh(struct tpe *t, hone_error *err)
{
    const struct ranking *r = &t->ranking;
    hone_rc rc;
    if (t->weighed == r->version)
        return HONE_OK;
    if (r->capacity > t->weights_capacity) {
        if (!hone_history_grow_((void **)&t->weights, r->capacity, 2, sizeof *t->weights))
            return hone_fail(err, HONE_ENOMEM, "", "out of memory for the weights of %llu trials",
                             (unsigned long long)r->n_good);
        t->weights_capacity = r->capacity;
    }
    if ((rc = ranking_weights(r, t->weights, err)) != HONE_OK)
        return rc;
    for (uint64_t k = 0; k < r->n_good; k++) /* by number of outcome, too */
        t->weights[r->capacity + r->good[k]] = t->weights[k];
    for (uint32_t i = 0; i < t->n_groups; i++) {
        struct parzen *p = &t->groups[i].good;
        double sum = 0;
        for (uint64_t k = 0; k < p->n; k++)
            sum += p->weight[k] = t->weights[r->capacity + p->id[k]];
        p->prior_weight = t->settings.prior_weight * (p->n ? sum / (double)p->n : 1);
    }
    t->weighed = r->version;
    return HONE_OK;
}

hone_rc groups_settle(struct tpe *t, hone_error *err)
{
    const hone_rc rc = ranking_split(&t->ranking, good_of(t, t->ranking.n_usable), moved, t, err);
    if (rc != HONE_OK)
        return rc;
    for (uint32_t i = 0; i < t->n_groups; i++) {
        if (t->settings.mode == MODE_OPTUNA && t->info.n_values == 1)
            parzen_weigh_by_age(&t->groups[i].good);
        parzen_weigh_by_age(&t->groups[i].other);
    }
    return t->settings.mode == MODE_TUNED ? weigh(t, err) : HONE_OK;
}

/* ---- proposals ---- */

/* Tuned: candidates combine what good trials have along each parameter, and the joint densities judge the combination. */
static int is_crossed(const struct tpe *t)
{
    return t->settings.mode == MODE_TUNED;
}

/* Dimensions of one value, up to `end`. */
static void fill_constants(const struct tpe *t, double *x, uint32_t end)
{
    for (uint32_t i = 0; i < end; i++)
        if (isnan(x[i]) && hone_dim_count(t->space->dims[i]) == 1 && hone_space_active(t->space, x, i))
            x[i] = t->space->dims[i]->min;
}

/* 1 where the candidate in x may be proposed as far as it is settled; the last group completes the point. */
static int may_propose(struct tpe *t, double *x, int is_last)
{
    if (!is_last)
        return (int)hone_space_allowed(t->space, x);
    fill_constants(t, x, t->space->n_dims);
    return hone_history_may(&t->history, x);
}

static void put(const struct group *g, const double *values, double *x)
{
    for (uint32_t i = 0; i < g->n_axes; i++)
        x[g->axes[i].index] = values[i];
}

/* Collects candidates of a group beside what x: (n_dims) has: drawn from the good ones' density, allowed and new. Where
 * draws hardly find any, a space of one group offers its nearest free points instead. */
static hone_rc collect(struct tpe *t, struct group *g, hone_rng *rng, const double *x, int is_last, uint64_t *n,
                       hone_error *err)
{
    enum { ROUNDS = 4 };
    const uint64_t wanted = (uint64_t)t->settings.candidates;
    const uint32_t width = t->space->n_dims;
    const int is_checked = t->space->n_relations || (t->history.numbers > 0 && is_last);
    *n = 0;
    for (uint64_t draw = 0; *n < wanted && draw < wanted * (is_checked ? ROUNDS : 1); draw++) {
        parzen_draw(&g->good, is_crossed(t), rng, t->values, t->places + *n * g->n_axes);
        if (is_checked) {
            memcpy(t->point, x, width * sizeof *x);
            put(g, t->values, t->point);
        }
        *n += !is_checked || may_propose(t, t->point, is_last) ? 1u : 0u;
    }
    for (uint64_t draw = *n; t->n_groups == 1 && draw < wanted; draw++) {
        hone_rc rc;
        parzen_draw(&g->good, is_crossed(t), rng, t->values, t->places + *n * g->n_axes);
        memcpy(t->point, x, width * sizeof *x);
        put(g, t->values, t->point);
        if ((rc = hone_history_fresh(&t->history, rng, t->point, err)) != HONE_OK)
            return rc;
        for (uint32_t i = 0; i < g->n_axes; i++)
            t->places[*n * g->n_axes + i] = axis_place(g->axes + i, t->point[g->axes[i].index]);
        ++*n;
    }
    return HONE_OK;
}

/* Writes the group's part of x. */
static hone_rc propose_group(struct tpe *t, struct group *g, hone_rng *rng, double *x, int is_last, hone_error *err)
{
    uint64_t n, best = 0;
    hone_rc rc;
    parzen_prepare(&g->good);
    parzen_prepare(&g->other);
    rc = collect(t, g, rng, x, is_last, &n, err);
    if (rc != HONE_OK)
        return rc;
    if (!n) { /* all forbidden, or known: hone_history_propose sees to it */
        parzen_draw(&g->good, is_crossed(t), rng, t->values, t->places);
        n = 1;
    }
    parzen_log_density(&g->good, t->places, n, t->below);
    parzen_log_density(&g->other, t->places, n, t->above);
    for (uint64_t k = 1; k < n; k++)
        if (t->below[k] - t->above[k] > t->below[best] - t->above[best])
            best = k;
    for (uint32_t i = 0; i < g->n_axes; i++)
        x[g->axes[i].index] = axis_value(g->axes + i, t->places[best * g->n_axes + i]);
    return HONE_OK;
}

hone_rc groups_propose(struct tpe *t, hone_rng *rng, double *x, hone_error *err)
{
    hone_rc rc = HONE_OK;
    for (uint32_t i = 0; i < t->space->n_dims; i++)
        x[i] = (double)NAN;
    for (uint32_t i = 0; i < t->n_groups && rc == HONE_OK; i++) {
        struct group *g = t->groups + i;
        fill_constants(t, x, g->first);
        if (hone_space_active(t->space, x, g->first))
            rc = propose_group(t, g, rng, x, i + 1 == t->n_groups, err);
    }
    fill_constants(t, x, t->space->n_dims);
    hone_space_settle(t->space, x);
    return rc;
}
