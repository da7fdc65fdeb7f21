/* SPDX-License-Identifier: MIT */
/* Cells, patterns, integrals. */
#include "marginal.h"

#include "hone/param.h"

#define INACTIVE UINT64_MAX
#define ANY      (UINT64_MAX - 1)
enum { EACH_VALUE = 64 }; /* discrete parameters of at most so many values have a cell for each */

static hone_rc no_memory(hone_error *err)
{
    return hone_fail(err, HONE_ENOMEM, "", "out of memory for the marginals");
}

static void cells_release(struct cells *c)
{
    free(c->end);
    free(c->mass);
    free(c->holds);
    free(c->prefix);
    free(c->value);
    memset(c, 0, sizeof *c);
}

void integrals_release(struct integrals *s)
{
    for (uint32_t i = 0; s->cells && i < s->n_dims; i++)
        cells_release(s->cells + i);
    free(s->cells);
    free(s->probability);
    free(s->part);
    free(s->is_parent);
    free(s->low);
    free(s->high);
    free(s->inactive);
    free(s->sets);
    free(s->masses);
    free(s->from);
    free(s->to);
    free(s->leaves);
    memset(s, 0, sizeof *s);
}

hone_rc integrals_init(struct integrals *s, const hone_space *space, const hone_forest *forest, hone_error *err)
{
    const uint32_t n = space->n_dims;
    memset(s, 0, sizeof *s);
    s->space = space;
    s->forest = forest;
    s->n_dims = n;
    s->cells = (struct cells *)calloc(n + 1u, sizeof *s->cells);
    s->probability = (double *)malloc(PATTERNS_MOST * sizeof *s->probability);
    s->part = (uint64_t *)malloc((size_t)PATTERNS_MOST * (n + 1u) * sizeof *s->part);
    s->is_parent = (uint8_t *)calloc(n + 1u, 1);
    s->low = (double *)malloc((n + 1u) * sizeof *s->low);
    s->high = (double *)malloc((n + 1u) * sizeof *s->high);
    s->inactive = (uint8_t *)malloc(n + 1u);
    s->sets = (uint64_t *)malloc((size_t)(n + 1u) * forest->most_words * sizeof *s->sets);
    if (!s->cells || !s->probability || !s->part || !s->is_parent || !s->low || !s->high || !s->inactive || !s->sets)
        return no_memory(err);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t c = 0; c < space->dims[i]->n_conditions; c++)
            s->is_parent[space->dims[i]->conditions[c]->dim] = 1;
    return HONE_OK;
}

/* ---- cells ---- */

static int condition_holds(const hone_condition *q, double v)
{
    uint32_t any = 0;
    if (q->op != HONE_EQ && q->op != HONE_NE)
        return (int)hone_compare(v, q->op, q->values[0]);
    for (uint32_t k = 0; k < q->n_values; k++)
        any |= v == q->values[k];
    return any == (q->op == HONE_EQ);
}

/* Which of the conditions on dimension i hold at its value v: numbered as they come, 62 of them at most. */
static uint64_t holding(const hone_space *space, uint32_t i, double v)
{
    uint64_t bits = 0;
    uint32_t n = 0;
    for (uint32_t k = i + 1; k < space->n_dims; k++)
        for (uint32_t c = 0; c < space->dims[k]->n_conditions; c++) {
            const hone_condition *q = space->dims[k]->conditions[c];
            if (q->dim == i && n < 62)
                bits |= (uint64_t)condition_holds(q, v) << n++;
        }
    return bits;
}

/* 1 where dimension k is active, as the parts of the earlier ones tell. */
static int is_active(const hone_space *space, const uint64_t *part, uint32_t k)
{
    for (uint32_t c = 0; c < space->dims[k]->n_conditions; c++) {
        const uint32_t i = space->dims[k]->conditions[c]->dim;
        uint32_t n = 0;
        if (part[i] == INACTIVE)
            return 0;
        for (uint32_t other = i + 1; other <= k; other++) /* which number has this condition? */
            for (uint32_t o = 0; o < (other < k ? space->dims[other]->n_conditions : c); o++)
                n += space->dims[other]->conditions[o]->dim == i;
        if (n < 62 && !(part[i] >> n & 1))
            return 0;
    }
    return 1;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The value whose position is u, for conditions. */
static double value_at(const hone_dim *d, double u)
{
    return hone_dim_from_unit(d, u < 0 ? 0 : u > 1 ? 1 : u);
}

/* Where the cells of a number end, into ends; their number. At most one for each node, each condition, and two. */
static uint32_t cut(const struct integrals *s, uint32_t i, double *ends)
{
    const hone_forest_tree *tree = s->forest->trees + s->tree;
    const hone_space *space = s->space;
    const hone_dim *d = space->dims[i];
    uint32_t n = 0, kept = 0;
    for (uint32_t k = 0; k < tree->n_nodes; k++)
        if (tree->nodes[k].feature == (int32_t)i && tree->nodes[k].threshold > 0 && tree->nodes[k].threshold < 1)
            ends[n++] = tree->nodes[k].threshold;
    for (uint32_t k = i + 1; k < space->n_dims; k++)
        for (uint32_t c = 0; c < space->dims[k]->n_conditions; c++) {
            const hone_condition *q = space->dims[k]->conditions[c];
            if (q->dim == i && q->op != HONE_EQ && q->op != HONE_NE && q->values[0] > d->min && q->values[0] < d->max)
                ends[n++] = hone_dim_to_unit(d, q->values[0]);
        }
    ends[n++] = 1;
    qsort(ends, n, sizeof *ends, compare);
    for (uint32_t k = 0; k < n; k++)
        if (!kept || ends[k] > ends[kept - 1])
            ends[kept++] = ends[k];
    return kept;
}

static hone_rc make_cells(struct integrals *s, uint32_t i, hone_error *err)
{
    const hone_dim *d = s->space->dims[i];
    const double count = hone_dim_count(d);
    const int each = d->type == HONE_DIM_CHOICE || (count > 0 && count <= EACH_VALUE);
    struct cells *c = s->cells + i;
    uint32_t most = each ? (uint32_t)count : s->forest->trees[s->tree].n_nodes + 1;
    double sum = 0;
    for (uint32_t k = i + 1; !each && k < s->space->n_dims; k++)
        most += s->space->dims[k]->n_conditions;
    cells_release(c);
    c->end = (double *)malloc((most + 1u) * sizeof *c->end);
    c->mass = (double *)malloc((most + 1u) * sizeof *c->mass);
    c->holds = (uint64_t *)malloc((most + 1u) * sizeof *c->holds);
    c->prefix = (double *)malloc((most + 2u) * sizeof *c->prefix);
    c->value = (double *)malloc((most + 2u) * sizeof *c->value);
    if (!c->end || !c->mass || !c->holds || !c->prefix || !c->value)
        return no_memory(err);
    c->n = each ? most : cut(s, i, c->end);
    for (uint32_t k = 0; k < c->n; k++) {
        const double first = k && !each ? c->end[k - 1] : 0;
        double v;
        if (each && (d->type == HONE_DIM_CHOICE || d->type == HONE_DIM_ORDINAL))
            v = k;
        else
            v = each ? hone_dim_snap(d, d->min + k * d->step) : value_at(d, 0.5 * (first + c->end[k]));
        if (each) { /* the share of the unit scale that the value owns */
            c->end[k] = hone_importance_feature(s->space, i, v);
            c->mass[k] = d->weights ? d->weights[k] : 1;
            if (d->type != HONE_DIM_CHOICE && d->type != HONE_DIM_ORDINAL)
                c->mass[k] = (k + 1 < c->n ? hone_dim_to_unit(d, v + d->step / 2) : 1) -
                             (k ? hone_dim_to_unit(d, v - d->step / 2) : 0);
        } else {
            c->mass[k] = c->end[k] - first;
        }
        c->holds[k] = holding(s->space, i, v);
        sum += c->mass[k];
    }
    for (uint32_t k = 0; k < c->n; k++)
        c->mass[k] /= sum;
    return HONE_OK;
}

/* ---- patterns ---- */

/* The distinct parts of a parent, and their masses. */
static uint32_t parts_of(const struct cells *c, uint64_t *parts, double *masses, uint32_t most)
{
    uint32_t n = 0;
    for (uint32_t k = 0; k < c->n; k++) {
        uint32_t at = 0;
        while (at < n && parts[at] != c->holds[k])
            at++;
        if (at == n && n == most)
            continue;
        if (at == n) {
            parts[n] = c->holds[k];
            masses[n++] = 0;
        }
        masses[at] += c->mass[k];
    }
    return n;
}

/* Extends every pattern by dimension i. The least likely are dropped where there are too many. */
static hone_rc extend(struct integrals *s, uint32_t i, hone_error *err)
{
    enum { PARTS_MOST = 64 };
    const uint32_t width = s->n_dims;
    uint64_t parts[PARTS_MOST];
    double masses[PARTS_MOST], least = 0;
    const uint32_t n_parts = s->is_parent[i] ? parts_of(s->cells + i, parts, masses, PARTS_MOST) : 0;
    const uint32_t n = s->n_patterns;
    double *probability = (double *)malloc((size_t)n * (n_parts + 1u) * sizeof *probability), *sorted;
    uint64_t *part = (uint64_t *)malloc((size_t)n * (n_parts + 1u) * width * sizeof *part);
    uint32_t m = 0, kept = 0;
    hone_rc rc = HONE_OK;
    if (!probability || !part) {
        rc = no_memory(err);
        goto out;
    }
    for (uint32_t p = 0; p < n; p++) {
        const int active = is_active(s->space, s->part + (size_t)p * width, i);
        const uint32_t choices = active && n_parts ? n_parts : 1;
        for (uint32_t k = 0; k < choices; k++) {
            memcpy(part + (size_t)m * width, s->part + (size_t)p * width, width * sizeof *part);
            part[(size_t)m * width + i] = !active ? INACTIVE : n_parts ? parts[k] : ANY;
            probability[m++] = s->probability[p] * (active && n_parts ? masses[k] : 1);
        }
    }
    if (m > PATTERNS_MOST) {
        if (!(sorted = (double *)malloc(m * sizeof *sorted))) {
            rc = no_memory(err);
            goto out;
        }
        memcpy(sorted, probability, m * sizeof *sorted);
        qsort(sorted, m, sizeof *sorted, compare);
        least = sorted[m - PATTERNS_MOST];
        free(sorted);
    }
    for (uint32_t p = 0; p < m && kept < PATTERNS_MOST; p++)
        if (probability[p] >= least && probability[p] > 0) {
            s->probability[kept] = probability[p];
            memcpy(s->part + (size_t)kept++ * width, part + (size_t)p * width, width * sizeof *part);
        }
    s->n_patterns = kept;
out:
    free(probability);
    free(part);
    return rc;
}

/* ---- a pattern at hand ---- */

/* The mass before every cell, where only those of the part count. */
static void weigh(struct cells *c, uint64_t part)
{
    double sum = 0;
    c->prefix[0] = 0;
    for (uint32_t k = 0; k < c->n; k++) {
        sum += part == ANY || (part != INACTIVE && c->holds[k] == part) ? c->mass[k] : 0;
        c->prefix[k + 1] = sum;
    }
    for (uint32_t k = 1; k <= c->n && sum > 0; k++)
        c->prefix[k] /= sum;
}

/* The first cell that ends above `bound`. */
static uint32_t first_above(const struct cells *c, double bound)
{
    uint32_t low = 0, high = c->n;
    while (low < high) {
        const uint32_t middle = (low + high) / 2;
        if (c->end[middle] > bound)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static double mass_of(const struct integrals *s, uint32_t leaf_index, uint32_t i, uint64_t part)
{
    const struct cells *c = s->cells + i;
    const uint32_t *from = s->from + (size_t)leaf_index * s->n_dims, *to = s->to + (size_t)leaf_index * s->n_dims;
    double sum = 0;
    if (part == INACTIVE)
        return s->inactive[i];
    if (!s->forest->n_categories[i])
        return to[i] > from[i] ? c->prefix[to[i]] - c->prefix[from[i]] : 0;
    for (uint32_t k = 0; k < c->n; k++)
        if (s->sets[(size_t)i * s->forest->most_words + k / 64] >> (k % 64) & 1)
            sum += c->prefix[k + 1] - c->prefix[k];
    return sum;
}

/* Fills masses for pattern p. */
static void enter(struct integrals *s, uint32_t p)
{
    const uint64_t *part = s->part + (size_t)p * s->n_dims;
    for (uint32_t i = 0; i < s->n_dims; i++)
        weigh(s->cells + i, part[i]);
    for (uint32_t l = 0; l < s->n_leaves; l++) {
        hone_forest_box(s->forest, s->tree, s->leaves[l], s->low, s->high, s->inactive, s->sets);
        for (uint32_t i = 0; i < s->n_dims; i++) {
            const size_t at = (size_t)l * s->n_dims + i;
            s->from[at] = s->forest->n_categories[i] ? 0 : first_above(s->cells + i, s->low[i]);
            s->to[at] = s->forest->n_categories[i] ? 0 : first_above(s->cells + i, s->high[i]);
            s->masses[at] = mass_of(s, l, i, part[i]);
        }
    }
}

static double leaf_mean(const struct integrals *s, uint32_t l)
{
    return s->forest->trees[s->tree].nodes[s->leaves[l]].mean;
}

/* Product of the leaf's masses but for dimensions a and b. */
static double mass_but(const struct integrals *s, uint32_t l, uint32_t a, uint32_t b)
{
    const double *m = s->masses + (size_t)l * s->n_dims;
    double product = 1;
    for (uint32_t i = 0; i < s->n_dims && product > 0; i++)
        if (i != a && i != b)
            product *= m[i];
    return product;
}

hone_rc integrals_of(struct integrals *s, uint32_t tree_number, hone_error *err)
{
    const hone_forest_tree *tree = s->forest->trees + tree_number;
    double mean = 0, square = 0, all = 0;
    hone_rc rc = HONE_OK;
    s->tree = tree_number;
    if (tree->n_nodes > s->capacity) {
        const size_t n = (size_t)tree->n_nodes * (s->n_dims + 1u);
        if (!hone_forest_grow_array_((void **)&s->masses, n, sizeof *s->masses) ||
            !hone_forest_grow_array_((void **)&s->from, n, sizeof *s->from) ||
            !hone_forest_grow_array_((void **)&s->to, n, sizeof *s->to) ||
            !hone_forest_grow_array_((void **)&s->leaves, tree->n_nodes, sizeof *s->leaves))
            return no_memory(err);
        s->capacity = tree->n_nodes;
    }
    s->n_leaves = 0;
    for (uint32_t k = 0; k < tree->n_nodes; k++)
        if (tree->nodes[k].feature == HONE_FOREST_NONE)
            s->leaves[s->n_leaves++] = k;
    s->n_patterns = 1;
    s->probability[0] = 1;
    for (uint32_t i = 0; rc == HONE_OK && i < s->n_dims; i++)
        if ((rc = make_cells(s, i, err)) == HONE_OK)
            rc = extend(s, i, err);
    for (uint32_t p = 0; p < s->n_patterns; p++)
        all += s->probability[p];
    for (uint32_t p = 0; rc == HONE_OK && p < s->n_patterns; p++) {
        s->probability[p] /= all;
        enter(s, p);
        for (uint32_t l = 0; l < s->n_leaves; l++) {
            const double mass = s->probability[p] * mass_but(s, l, UINT32_MAX, UINT32_MAX), v = leaf_mean(s, l);
            mean += mass * v;
            square += mass * v * v;
        }
    }
    s->total = square - mean * mean > 0 ? square - mean * mean : 0;
    return rc;
}

/* Adds `v` to the cells of dimension i that the leaf has, as differences for numbers: value[k] of (n + 1). */
static void spread(const struct integrals *s, uint32_t l, uint32_t i, double v, double *value, uint32_t stride)
{
    const size_t at = (size_t)l * s->n_dims + i;
    if (!s->forest->n_categories[i]) {
        value[(size_t)s->from[at] * stride] += v;
        value[(size_t)s->to[at] * stride] -= v;
        return;
    }
    for (uint32_t k = 0; k < s->cells[i].n; k++)
        if (s->sets[(size_t)i * s->forest->most_words + k / 64] >> (k % 64) & 1)
            value[(size_t)k * stride] += v;
}

static double variance_of(const double *sums, const double *masses, size_t n)
{
    double mass = 0, sum = 0, variance = 0;
    for (size_t k = 0; k < n; k++) {
        mass += masses[k];
        sum += sums[k];
    }
    for (size_t k = 0; k < n; k++)
        if (masses[k] > 0) {
            const double apart = sums[k] / masses[k] - sum / mass;
            variance += masses[k] * apart * apart;
        }
    return variance;
}

hone_rc integrals_single(struct integrals *s, uint32_t a, double *variance, hone_error *err)
{
    struct cells *c = s->cells + a;
    double *sums = (double *)calloc(2 * (c->n + 1u), sizeof *sums), *masses = sums + c->n + 1;
    if (!sums)
        return no_memory(err);
    for (uint32_t p = 0; p < s->n_patterns; p++) {
        double running = 0;
        if (s->part[(size_t)p * s->n_dims + a] == INACTIVE)
            continue;
        enter(s, p);
        memset(c->value, 0, (c->n + 1u) * sizeof *c->value);
        for (uint32_t l = 0; l < s->n_leaves; l++) {
            const double rest = mass_but(s, l, a, a);
            if (rest > 0 && s->masses[(size_t)l * s->n_dims + a] > 0) {
                if (s->forest->n_categories[a])
                    hone_forest_box(s->forest, s->tree, s->leaves[l], s->low, s->high, s->inactive, s->sets);
                spread(s, l, a, rest * leaf_mean(s, l), c->value, 1);
            }
        }
        for (uint32_t k = 0; k < c->n; k++) {
            const double mass = s->probability[p] * (c->prefix[k + 1] - c->prefix[k]);
            running = s->forest->n_categories[a] ? c->value[k] : running + c->value[k];
            sums[k] += mass * running;
            masses[k] += mass;
        }
    }
    *variance = variance_of(sums, masses, c->n);
    free(sums);
    return HONE_OK;
}

hone_rc integrals_pair(struct integrals *s, uint32_t a, uint32_t b, double *variance, hone_error *err)
{
    struct cells *ca = s->cells + a, *cb = s->cells + b;
    const size_t na = ca->n, nb = cb->n, width = nb + 1;
    double *value = (double *)malloc((na + 1) * width * sizeof *value);
    double *row = (double *)malloc(width * sizeof *row);
    double *sums = (double *)calloc(2 * na * nb + 2 * na + 2 * nb, sizeof *sums), *masses = sums + na * nb;
    double *sums_a, *masses_a, *sums_b, *masses_b;
    if (!value || !row || !sums) {
        free(value);
        free(row);
        free(sums);
        return no_memory(err);
    }
    sums_a = masses + na * nb;
    masses_a = sums_a + na;
    sums_b = masses_a + na;
    masses_b = sums_b + nb;
    for (uint32_t p = 0; p < s->n_patterns; p++) {
        const uint64_t *part = s->part + (size_t)p * s->n_dims;
        if (part[a] == INACTIVE || part[b] == INACTIVE)
            continue;
        enter(s, p);
        memset(value, 0, (na + 1) * width * sizeof *value);
        for (uint32_t l = 0; l < s->n_leaves; l++) { /* differences in both directions where they are numbers */
            const double *m = s->masses + (size_t)l * s->n_dims, rest = mass_but(s, l, a, b);
            if (!(rest > 0 && m[a] > 0 && m[b] > 0))
                continue;
            hone_forest_box(s->forest, s->tree, s->leaves[l], s->low, s->high, s->inactive, s->sets);
            memset(row, 0, width * sizeof *row);
            spread(s, l, b, rest * leaf_mean(s, l), row, 1);
            for (size_t k = 0; k <= nb; k++)
                if (row[k] > 0 || row[k] < 0)
                    spread(s, l, a, row[k], value + k, (uint32_t)width);
        }
        memset(row, 0, width * sizeof *row);
        for (size_t i = 0; i < na; i++) {
            double running = 0;
            for (size_t k = 0; k < nb; k++) {
                const double mass = s->probability[p] * (ca->prefix[i + 1] - ca->prefix[i]) *
                                    (cb->prefix[k + 1] - cb->prefix[k]);
                row[k] = s->forest->n_categories[a] ? value[i * width + k] : row[k] + value[i * width + k];
                running = s->forest->n_categories[b] ? row[k] : running + row[k];
                sums[i * nb + k] += mass * running;
                masses[i * nb + k] += mass;
            }
        }
    }
    for (size_t i = 0; i < na; i++)
        for (size_t k = 0; k < nb; k++) {
            sums_a[i] += sums[i * nb + k];
            masses_a[i] += masses[i * nb + k];
            sums_b[k] += sums[i * nb + k];
            masses_b[k] += masses[i * nb + k];
        }
    *variance = variance_of(sums, masses, na * nb) - variance_of(sums_a, masses_a, na) -
                variance_of(sums_b, masses_b, nb);
    *variance = *variance > 0 ? *variance : 0;
    free(value);
    free(row);
    free(sums);
    return HONE_OK;
}
