/* SPDX-License-Identifier: MIT */
/* search/tpe: the Parzen estimator, kept up to date by one observation at a time. */
#include "parzen.h"

#include "hone/param.h"

#include <stdlib.h>
#include <string.h>

enum {
    MASSES = 4096, /* log masses remembered an axis */
    BATCH = 64     /* points whose densities are computed together */
};
#define ONE 1099511627776.0 /* 2^40, see struct parzen */

struct parzen_mass {
    double mean, inverse, value, mass; /* inverse 0: empty */
};

static double *mean_at(const struct parzen *p, uint64_t slot, uint32_t axis)
{
    return p->blocks + ((slot / PARZEN_BLOCK) * p->n_axes + axis) * 2 * PARZEN_BLOCK + slot % PARZEN_BLOCK;
}

static double *inverse_at(const struct parzen *p, uint64_t slot, uint32_t axis)
{
    return mean_at(p, slot, axis) + PARZEN_BLOCK;
}

/* Log of what a normal kernel is divided by, negated, cut to the axis; of a density its factor too. */
static double normalizer(const struct axis *axis, double mean, double inverse)
{
    const double mass = log_normal_mass((axis->low - mean) * inverse, (axis->high - mean) * inverse);
    return axis->kind == AXIS_REAL ? log(inverse) - 0.91893853320467274178 - mass : -mass;
}

static int64_t in_units(double v)
{
    return (int64_t)(v * ONE + (v < 0 ? -0.5 : 0.5));
}

static double clip_of(const struct parzen *p, uint64_t n)
{
    double clip;
    if (!(p->settings.bandwidth > 0))
        return 1 / (n < 98 ? (double)n + 2 : 100);
    clip = 1 / (((double)n + 2) * ((double)n + 2));
    return clip > p->settings.bandwidth ? clip : p->settings.bandwidth;
}

hone_rc parzen_init(struct parzen *p, const struct axis *axes, uint32_t n_axes, const struct parzen_settings *settings,
                    hone_error *err)
{
    memset(p, 0, sizeof *p);
    p->settings = *settings;
    p->axes = axes;
    p->n_axes = n_axes;
    p->prior_weight = settings->prior_weight;
    p->clip = clip_of(p, 0);
    p->order = (uint32_t **)calloc(n_axes + 1u, sizeof *p->order);
    p->at = (uint64_t *)calloc(n_axes + 1u, sizeof *p->at);
    p->prior_base = (double *)calloc(n_axes + 1u, sizeof *p->prior_base);
    p->logs = (double *)calloc(((size_t)n_axes + 1) * 2 * BATCH, sizeof *p->logs);
    if (!p->order || !p->at || !p->prior_base || !p->logs)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a density of %u parameters", n_axes);
    for (uint32_t i = 0; i < n_axes; i++) {
        p->n_real += axes[i].kind == AXIS_REAL;
        if (axes[i].kind != AXIS_CHOICE)
            p->prior_base[i] = normalizer(axes + i, axes[i].mean, 1 / axes[i].deviation);
    }
    return HONE_OK;
}

void parzen_release(struct parzen *p)
{
    for (uint32_t i = 0; p->order && i <= p->n_axes; i++)
        free(p->order[i]);
    free(p->order);
    free(p->at);
    free(p->prior_base);
    free(p->blocks);
    free(p->id);
    free(p->rank);
    free(p->constant);
    free(p->base);
    free(p->weight);
    free(p->total);
    free(p->masses);
    free(p->logs);
    memset(p, 0, sizeof *p);
}

static int grow_array(void **array, uint64_t n, size_t bytes)
{
    void *more = realloc(*array, (size_t)n * bytes);
    if (more)
        *array = more;
    return more != NULL;
}

/* Makes a slot count for nothing: blocks are summed whole. */
static void clear_slot(struct parzen *p, uint64_t slot)
{
    for (uint32_t i = 0; i < p->n_axes; i++)
        *mean_at(p, slot, i) = *inverse_at(p, slot, i) = 0;
    p->constant[slot] = 0;
    p->base[slot] = -HUGE_VAL;
    p->weight[slot] = 0;
}

static hone_rc reserve(struct parzen *p, hone_error *err)
{
    const uint64_t capacity = p->capacity ? p->capacity * 2 : PARZEN_BLOCK;
    int ok;
    if (p->n < p->capacity)
        return HONE_OK;
    ok = capacity < UINT32_MAX && grow_array((void **)&p->blocks, capacity * p->n_axes * 2, sizeof *p->blocks) &&
         grow_array((void **)&p->id, capacity, sizeof *p->id) &&
         grow_array((void **)&p->rank, capacity, sizeof *p->rank) &&
         grow_array((void **)&p->constant, capacity, sizeof *p->constant) &&
         grow_array((void **)&p->base, capacity, sizeof *p->base) &&
         grow_array((void **)&p->weight, capacity, sizeof *p->weight) &&
         grow_array((void **)&p->total, capacity, sizeof *p->total);
    for (uint32_t i = 0; ok && i <= p->n_axes; i++)
        if (i == p->n_axes || p->axes[i].kind != AXIS_CHOICE)
            ok = grow_array((void **)&p->order[i], capacity, sizeof **p->order);
    if (!ok)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a density of %llu observations",
                         (unsigned long long)capacity);
    for (uint64_t slot = p->capacity; slot < capacity; slot++)
        clear_slot(p, slot);
    p->capacity = capacity;
    return HONE_OK;
}

/* What the order of an axis goes by, before rank. */
static double key_at(const struct parzen *p, uint64_t slot, uint32_t axis)
{
    return axis < p->n_axes ? *mean_at(p, slot, axis) : 0;
}

/* The first place in the order of an axis that is not before (mean, rank), or, with `behind`, that is after it. */
static uint64_t position(const struct parzen *p, uint32_t axis, double mean, uint64_t rank, int behind)
{
    const uint32_t *order = p->order[axis];
    uint64_t low = 0, high = p->n;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2, slot = order[middle];
        const double other = key_at(p, slot, axis);
        if (other < mean || (!(other > mean) && (p->rank[slot] < rank || (behind && p->rank[slot] == rank))))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Where a slot stands in the order of an axis. */
static uint64_t position_of(const struct parzen *p, uint32_t axis, uint64_t slot)
{
    uint64_t at = position(p, axis, key_at(p, slot, axis), p->rank[slot], 0);
    while (p->order[axis][at] != slot)
        at++;
    return at;
}

/* The larger gap to a neighbour; the ends of the axis are neighbours of a single observation only. */
static double gap_at(const struct parzen *p, uint32_t axis, uint64_t at)
{
    const struct axis *a = p->axes + axis;
    const uint32_t *order = p->order[axis];
    const double mean = *mean_at(p, order[at], axis);
    double left = at > 0 ? *mean_at(p, order[at - 1], axis) : a->low;
    double right = at + 1 < p->n ? *mean_at(p, order[at + 1], axis) : a->high;
    if (p->n > 1) {
        left = at > 0 ? left : mean;
        right = at + 1 < p->n ? right : mean;
    }
    left = isfinite(left) ? mean - left : 0;
    right = isfinite(right) ? right - mean : 0;
    left = left > right ? left : right;
    return left > 0 || isfinite(a->low) || isfinite(a->high) || p->n > 1 ? left : a->unit;
}

/* Of a kernel at `mean`; on a dense grid at least half its value's interval. */
static double least_deviation(const struct parzen *p, const struct axis *a, double mean)
{
    const double least = p->clip * a->unit;
    double left, right;
    if (!(a->step > 0) || a->kind != AXIS_REAL)
        return least;
    axis_interval(a, axis_value(a, mean), &left, &right);
    return least > (right - left) / 2 ? least : (right - left) / 2;
}

/* Gives the kernel at a place in an axis' order the deviation that its neighbours make. */
static void refresh(struct parzen *p, uint32_t axis, uint64_t at)
{
    const struct axis *a = p->axes + axis;
    const uint64_t slot = p->order[axis][at];
    const double mean = *mean_at(p, slot, axis), gap = gap_at(p, axis, at), least = least_deviation(p, a, mean);
    const double old = *inverse_at(p, slot, axis), new = 1 / (gap < least ? least : gap > a->unit ? a->unit : gap);
    if (!(new < old || new > old))
        return;
    p->constant[slot] += in_units(normalizer(a, mean, new)) - (old > 0 ? in_units(normalizer(a, mean, old)) : 0);
    p->base[slot] = (double)p->constant[slot] * (1 / ONE);
    *inverse_at(p, slot, axis) = new;
}

/* Whether the bound of bandwidths moved, which touches all kernels: parzen_prepare sees to them. */
static int is_clipped_anew(struct parzen *p)
{
    const double clip = clip_of(p, p->n);
    p->is_stale |= clip < p->clip || clip > p->clip;
    p->clip = clip;
    return p->is_stale;
}

hone_rc parzen_add(struct parzen *p, const double *x, uint64_t id, uint64_t rank, hone_error *err)
{
    const hone_rc rc = reserve(p, err);
    const uint64_t slot = p->n;
    if (rc != HONE_OK)
        return rc;
    p->id[slot] = id;
    p->rank[slot] = rank;
    p->constant[slot] = 0;
    p->base[slot] = 0;
    p->weight[slot] = 1;
    for (uint32_t i = 0; i < p->n_axes; i++) {
        *mean_at(p, slot, i) = x[i];
        *inverse_at(p, slot, i) = 0;
    }
    for (uint32_t i = 0; i <= p->n_axes; i++)
        if (p->order[i]) {
            const uint64_t at = position(p, i, key_at(p, slot, i), rank, 1);
            memmove(p->order[i] + at + 1, p->order[i] + at, (size_t)(p->n - at) * sizeof **p->order);
            p->order[i][at] = (uint32_t)slot;
            p->at[i] = at;
        }
    p->n++;
    if (is_clipped_anew(p))
        return HONE_OK;
    for (uint32_t i = 0; i < p->n_axes; i++)
        if (p->order[i]) {
            if (p->at[i] > 0)
                refresh(p, i, p->at[i] - 1);
            refresh(p, i, p->at[i]);
            if (p->at[i] + 1 < p->n)
                refresh(p, i, p->at[i] + 1);
        }
    return HONE_OK;
}

void parzen_remove(struct parzen *p, uint64_t slot)
{
    const uint64_t last = p->n - 1;
    for (uint32_t i = 0; i <= p->n_axes; i++)
        if (p->order[i]) {
            p->at[i] = position_of(p, i, slot);
            p->order[i][position_of(p, i, last)] = (uint32_t)slot;
            memmove(p->order[i] + p->at[i], p->order[i] + p->at[i] + 1, (size_t)(last - p->at[i]) * sizeof **p->order);
        }
    p->n--;
    for (uint32_t i = 0; i < p->n_axes; i++) {
        *mean_at(p, slot, i) = *mean_at(p, last, i);
        *inverse_at(p, slot, i) = *inverse_at(p, last, i);
    }
    p->id[slot] = p->id[last];
    p->rank[slot] = p->rank[last];
    p->constant[slot] = p->constant[last];
    p->base[slot] = p->base[last];
    p->weight[slot] = p->weight[last];
    clear_slot(p, last);
    if (is_clipped_anew(p))
        return;
    for (uint32_t i = 0; i < p->n_axes; i++)
        if (p->order[i]) {
            if (p->at[i] > 0)
                refresh(p, i, p->at[i] - 1);
            if (p->at[i] < p->n)
                refresh(p, i, p->at[i]);
        }
}

uint64_t parzen_find(const struct parzen *p, uint64_t id)
{
    for (uint64_t slot = p->n; slot > 0; slot--)
        if (p->id[slot - 1] == id)
            return slot - 1;
    return UINT64_MAX;
}

uint64_t parzen_oldest(const struct parzen *p)
{
    return p->order[p->n_axes][0];
}

void parzen_place(const struct parzen *p, uint64_t slot, double *x)
{
    for (uint32_t i = 0; i < p->n_axes; i++)
        x[i] = *mean_at(p, slot, i);
}

void parzen_prepare(struct parzen *p)
{
    for (uint32_t i = 0; p->is_stale && i < p->n_axes; i++)
        for (uint64_t at = 0; p->order[i] && at < p->n; at++)
            refresh(p, i, at);
    p->is_stale = 0;
    for (uint64_t k = 0; k < p->n; k++)
        p->total[k] = p->weight[k] + (k ? p->total[k - 1] : 0);
}

void parzen_weigh_by_age(struct parzen *p)
{
    enum { FRESH = 25 };
    const uint32_t *order = p->order[p->n_axes];
    const uint64_t n = p->n, n_ramp = n > FRESH ? n - FRESH : 0;
    const double first = n ? 1.0 / (double)n : 1, step = n_ramp > 1 ? (1 - first) / (double)(n_ramp - 1) : 0;
    for (uint64_t k = 0; k < n; k++)
        p->weight[order[k]] = k >= n_ramp ? 1 : k + 1 == n_ramp && k > 0 ? 1 : first + step * (double)k;
}

/* ---- densities ---- */

/* Log mass of a grid value under a kernel, not divided by the kernel's own. */
static double grid_mass(const struct axis *axis, double mean, double inverse, double value)
{
    double left, right;
    axis_interval(axis, value, &left, &right);
    return log_normal_mass((left - mean) * inverse, (right - mean) * inverse);
}

static double remembered_mass(struct parzen *p, uint32_t axis, double mean, double inverse, double value)
{
    struct parzen_mass *m = p->masses + (size_t)axis * MASSES;
    uint64_t a, b, c;
    memcpy(&a, &mean, sizeof a);
    memcpy(&b, &inverse, sizeof b);
    memcpy(&c, &value, sizeof c);
    a = (a ^ a >> 29) * 0x9e3779b97f4a7c15ull + (b ^ b >> 31) * 0xbf58476d1ce4e5b9ull +
        (c ^ c >> 27) * 0x94d049bb133111ebull;
    m += (a ^ a >> 32) % MASSES;
    if (m->inverse < inverse || m->inverse > inverse || m->mean < mean || m->mean > mean || m->value < value ||
        m->value > value) {
        m->mean = mean;
        m->inverse = inverse;
        m->value = value;
        m->mass = grid_mass(p->axes + axis, mean, inverse, value);
    }
    return m->mass;
}

static double prior_share(const hone_dim *dim, double index)
{
    return dim->weights ? dim->weights[(uint32_t)index] : 1.0 / dim->n_choices;
}

/* Log of the prior's kernel at x: (n_axes). */
static double prior_log(const struct parzen *p, const double *x)
{
    double sum = 0;
    for (uint32_t i = 0; i < p->n_axes; i++) {
        const struct axis *a = p->axes + i;
        const double z = a->kind == AXIS_REAL ? (x[i] - a->mean) / a->deviation : 0;
        if (a->kind == AXIS_CHOICE || (a->dim->type == HONE_DIM_ORDINAL && a->dim->weights))
            sum += log(prior_share(a->dim, x[i]));
        else if (a->kind == AXIS_REAL)
            sum += p->prior_base[i] - 0.5 * z * z;
        else
            sum += p->prior_base[i] +
                   grid_mass(a, a->mean, 1 / a->deviation, a->is_log ? hone_dim_snap(a->dim, exp(x[i])) : x[i]);
    }
    return sum;
}

/* What kernels contribute at a choice that they saw, and at one that they did not. */
static void choice_logs(const struct parzen *p, const struct axis *a, double index, double *hit, double *miss)
{
    const double all = p->settings.prior_weight / ((double)p->n + 1) * a->dim->n_choices;
    const double own = all * prior_share(a->dim, index);
    *hit = log((1 + own) / (1 + all));
    *miss = log(own / (1 + all));
}

/* Adds to e: (32) what the axes that are no densities contribute at x, for a block of `count` kernels. logs: (n_axes -
 * n_real, 2) of choice_logs. */
static void add_others(struct parzen *p, uint64_t block, uint64_t count, const double *x, const double *logs, double *e)
{
    for (uint32_t i = p->n_real; i < p->n_axes; i++, logs += 2) {
        const struct axis *a = p->axes + i;
        const double *mean = mean_at(p, block * PARZEN_BLOCK, i), *inverse = mean + PARZEN_BLOCK;
        if (a->kind == AXIS_CHOICE) {
            parzen_add_choice(e, mean, x[i], logs[0], logs[1]);
        } else {
            const double value = a->is_log ? hone_dim_snap(a->dim, exp(x[i])) : x[i];
            for (uint64_t k = 0; k < count; k++)
                e[k] += p->masses ? remembered_mass(p, i, mean[k], inverse[k], value)
                                  : grid_mass(a, mean[k], inverse[k], value);
        }
    }
}

/* One block's part in the density at x: *sum in units of exp(*top). Kernels that could not change its 16 digits are left
 * out: distances only grow from row to row, and what the other axes add is negative. */
static void add_block(struct parzen *p, uint64_t block, const double *x, const double *logs, double *top, double *sum)
{
    enum { NEGLIGIBLE = 42 }; /* exp(-42) is 6e-19 */
    const double *rows = p->blocks + block * p->n_axes * 2 * PARZEN_BLOCK;
    const uint64_t left = p->n - block * PARZEN_BLOCK;
    double e[PARZEN_BLOCK];
    double best = parzen_exponents(e, rows, x, p->n_real, p->base + block * PARZEN_BLOCK, *top - NEGLIGIBLE);
    if (best < *top - NEGLIGIBLE)
        return;
    if (p->n_real < p->n_axes) {
        add_others(p, block, left < PARZEN_BLOCK ? left : PARZEN_BLOCK, x, logs, e);
        best = e[0];
        for (int k = 1; k < PARZEN_BLOCK; k++)
            best = e[k] > best ? e[k] : best;
    }
    if (best < *top - NEGLIGIBLE || !(best > -HUGE_VAL))
        return;
    if (best > *top) {
        *sum *= exp(*top - best);
        *top = best;
    }
    *sum += parzen_sum_exp(e, p->weight + block * PARZEN_BLOCK, *top);
}

void parzen_log_density(struct parzen *p, const double *x, uint64_t n, double *out)
{
    const uint64_t n_blocks = (p->n + PARZEN_BLOCK - 1) / PARZEN_BLOCK;
    const uint32_t n_others = p->n_axes - p->n_real;
    double total = p->prior_weight, top[BATCH], sum[BATCH];
    if (!p->masses && p->n > BATCH && p->n_real < p->n_axes) /* where there is no room for it: slower */
        p->masses = (struct parzen_mass *)calloc((size_t)p->n_axes * MASSES, sizeof *p->masses);
    total += p->n ? p->total[p->n - 1] : 0;
    for (; n; n -= n < BATCH ? n : BATCH) {
        const uint64_t here = n < BATCH ? n : BATCH;
        for (uint64_t i = 0; i < here; i++) {
            top[i] = prior_log(p, x + i * p->n_axes);
            sum[i] = p->prior_weight;
            for (uint32_t k = 0; k < n_others; k++)
                if (p->axes[p->n_real + k].kind == AXIS_CHOICE)
                    choice_logs(p, p->axes + p->n_real + k, x[i * p->n_axes + p->n_real + k],
                                p->logs + (i * n_others + k) * 2, p->logs + (i * n_others + k) * 2 + 1);
        }
        for (uint64_t b = n_blocks; b > 0; b--) /* the latest first: they are the nearest, and spare the others work */
            for (uint64_t i = 0; i < here; i++)
                add_block(p, b - 1, x + i * p->n_axes, p->logs + i * 2 * n_others, top + i, sum + i);
        for (uint64_t i = 0; i < here; i++)
            out[i] = top[i] > -HUGE_VAL ? top[i] + log(sum[i] / total) : -HUGE_VAL;
        x += here * p->n_axes;
        out += here;
    }
}

/* ---- draws ---- */

/* A kernel by its weight; n: the prior's. */
static uint64_t draw_kernel(const struct parzen *p, hone_rng *rng)
{
    const double luck = ((double)hone_rng_u32(rng) + 0.5) * (1.0 / 4294967296.0) *
                        (p->total[p->n - 1] + p->prior_weight);
    uint64_t low = 0, high = p->n;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (p->total[middle] <= luck)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The value of one axis from a kernel, and its place. */
static double draw_value(const struct parzen *p, uint32_t axis, uint64_t kernel, struct normals *normals, double *place)
{
    const struct axis *a = p->axes + axis;
    const hone_dim *d = a->dim;
    double value;
    if (a->kind == AXIS_CHOICE || (kernel == p->n && d->type == HONE_DIM_ORDINAL && d->weights)) {
        const double all = p->settings.prior_weight / ((double)p->n + 1) * d->n_choices;
        const int seen = kernel < p->n && hone_rng_uniform(normals->rng) * (1 + all) < 1;
        *place = seen ? *mean_at(p, kernel, axis) : hone_dim_from_unit(d, hone_rng_uniform(normals->rng));
        return *place;
    }
    *place = kernel < p->n ? axis_draw(a, *mean_at(p, kernel, axis), 1 / *inverse_at(p, kernel, axis), normals)
                           : axis_draw(a, a->mean, a->deviation, normals);
    value = axis_value(a, *place);
    if (a->step > 0)
        *place = axis_place(a, value);
    return value;
}

void parzen_draw(const struct parzen *p, int is_crossed, hone_rng *rng, double *values, double *places)
{
    struct normals normals = { rng, 0, 0 };
    uint64_t kernel = p->n ? draw_kernel(p, rng) : 0;
    for (uint32_t i = 0; i < p->n_axes; i++) {
        if (is_crossed && i && p->n)
            kernel = draw_kernel(p, rng);
        values[i] = draw_value(p, i, kernel, &normals, places + i);
    }
}
