/* SPDX-License-Identifier: MIT */
/* hone/forest_split.h - what hone/forest.h grows: the structs of a forest, the order of its rows, and the best split of a
 * node. Include hone/forest.h, which is the manual. */
#ifndef HONE_FOREST_SPLIT_H
#define HONE_FOREST_SPLIT_H
#include "hone/param.h"
#include "hone/rng.h"

#include <stdlib.h>
#include <string.h>

typedef struct hone_forest_options {
    uint32_t n_trees;           /* >= 1 */
    uint32_t max_depth;         /* >= 1; leaves at this depth are not split */
    uint32_t min_samples_split; /* >= 2: rows (with their copies) that a node needs to be split */
    uint32_t min_samples_leaf;  /* >= 1 */
    uint32_t n_tried;           /* features tried for a split, drawn for each; 0: all */
    /* 1: a threshold is uniform between its two neighbours (Hutter et al. (2014), "Algorithm runtime prediction", Artificial
     * Intelligence 206, section 4.3.2: the spread of the trees grows between the data); 0: it lies in their middle. */
    uint32_t random_thresholds;
    double copies; /* mean of the Poisson number of copies of a row in a tree; 1: the bootstrap; 0: every row once */
    uint64_t seed;
} hone_forest_options;

enum { HONE_FOREST_NONE = -1 };
typedef struct hone_forest_node {
    double threshold;        /* of numbers: <= goes left */
    double mean, variance;   /* of a leaf's rows */
    int32_t feature;         /* HONE_FOREST_NONE: a leaf */
    int32_t child;           /* left; the right one follows it */
    int32_t parent;          /* HONE_FOREST_NONE: the root */
    uint32_t set;            /* of categories: first word in tree->sets; bit k: category k goes left */
    uint32_t rows, depth;    /* rows: of a leaf, head of a list, row + 1; 0: none */
    uint32_t nan_left, size; /* size: rows of a leaf with their copies */
} hone_forest_node;

typedef struct hone_forest_tree {
    hone_forest_node *nodes; /* (n_nodes), the root first */
    uint64_t *sets;          /* (n_words) */
    uint32_t *next;          /* (rows) of a leaf's list: row + 1 */
    uint8_t *copies;         /* (rows) */
    uint32_t n_nodes, nodes_capacity, n_words, words_capacity, rows_capacity;
    uint64_t seed; /* of this tree and stream */
} hone_forest_tree;

typedef struct hone_forest {
    hone_forest_options options;
    uint32_t n_features;
    uint32_t *n_categories;  /* (n_features) 0: numbers */
    hone_forest_tree *trees; /* (n_trees) */
    uint32_t *sorted;        /* (n_features, capacity) rows by value, NaN last */
    uint32_t n_sorted, capacity;
    /* scratch */
    uint32_t *order, *spare; /* (n_features, capacity), (capacity) */
    uint8_t *goes_left;      /* (capacity) */
    uint32_t *tried;         /* (n_features) */
    double *sums;            /* (2, most categories + 1) */
    uint32_t *by_mean;       /* (most categories + 1) */
    uint64_t *set, *best_set;
    uint32_t most_words; /* of a set */
} hone_forest;

static inline void hone_forest_release(hone_forest *f)
{
    for (uint32_t t = 0; f->trees && t < f->options.n_trees; t++) {
        free(f->trees[t].nodes);
        free(f->trees[t].sets);
        free(f->trees[t].next);
        free(f->trees[t].copies);
    }
    free(f->trees);
    free(f->n_categories);
    free(f->sorted);
    free(f->order);
    free(f->spare);
    free(f->goes_left);
    free(f->tried);
    free(f->sums);
    free(f->by_mean);
    free(f->set);
    free(f->best_set);
    memset(f, 0, sizeof *f);
}

static inline hone_rc hone_forest_no_memory_(hone_error *err)
{
    return hone_fail(err, HONE_ENOMEM, "", "out of memory for a random forest");
}

/* An empty forest. n_categories: (n_features) of each feature, 0 for numbers; copied. HONE_ENOMEM. */
static inline hone_rc hone_forest_init(hone_forest *f, uint32_t n_features, const uint32_t *n_categories,
                                       const hone_forest_options *options, hone_error *err)
{
    uint32_t most = 1;
    memset(f, 0, sizeof *f);
    f->options = *options;
    f->n_features = n_features;
    for (uint32_t j = 0; j < n_features; j++)
        most = n_categories[j] > most ? n_categories[j] : most;
    f->most_words = most / 64 + 1; /* one bit more: inactive */
    f->n_categories = (uint32_t *)malloc((n_features + 1u) * sizeof *f->n_categories);
    f->trees = (hone_forest_tree *)calloc(options->n_trees, sizeof *f->trees);
    f->tried = (uint32_t *)malloc((n_features + 1u) * sizeof *f->tried);
    f->sums = (double *)malloc(2 * (most + 1u) * sizeof *f->sums);
    f->by_mean = (uint32_t *)malloc((most + 1u) * sizeof *f->by_mean);
    f->set = (uint64_t *)malloc(f->most_words * sizeof *f->set);
    f->best_set = (uint64_t *)malloc(f->most_words * sizeof *f->best_set);
    if (!f->n_categories || !f->trees || !f->tried || !f->sums || !f->by_mean || !f->set || !f->best_set) {
        hone_forest_release(f);
        return hone_forest_no_memory_(err);
    }
    for (uint32_t j = 0; j < n_features; j++) {
        f->n_categories[j] = n_categories[j];
        f->tried[j] = j;
    }
    return HONE_OK;
}

/* ---- rows ---- */

static inline int hone_forest_grow_array_(void **p, uint64_t n, size_t bytes)
{
    void *more = realloc(*p, (size_t)(n ? n : 1) * bytes);
    if (more)
        *p = more;
    return more != NULL;
}

/* 1 where a comes before b: NaN last, ties by row. */
static inline int hone_forest_before_(double a, uint32_t row_a, double b, uint32_t row_b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) ? isnan(b) && row_a < row_b : 1;
    return a < b || (!(a > b) && row_a < row_b);
}

/* Puts the rows from n_sorted to n-1 into the order of every feature: x: (n, n_features). Each costs a binary search and
 * a move of memory. HONE_ENOMEM. */
static inline hone_rc hone_forest_sort(hone_forest *f, const double *x, uint32_t n, hone_error *err)
{
    const uint64_t d = f->n_features;
    if (n > f->capacity) {
        uint32_t capacity = f->capacity ? f->capacity : 64;
        while (capacity < n)
            capacity *= 2;
        uint32_t *sorted = (uint32_t *)malloc((size_t)(d * capacity + 1) * sizeof *sorted);
        if (!sorted)
            return hone_forest_no_memory_(err);
        for (uint64_t j = 0; f->n_sorted && j < d; j++)
            memcpy(sorted + j * capacity, f->sorted + j * f->capacity, f->n_sorted * sizeof *sorted);
        free(f->sorted);
        f->sorted = sorted;
        f->capacity = capacity;
        if (!hone_forest_grow_array_((void **)&f->order, d * capacity, sizeof *f->order) ||
            !hone_forest_grow_array_((void **)&f->spare, capacity, sizeof *f->spare) ||
            !hone_forest_grow_array_((void **)&f->goes_left, capacity, 1))
            return hone_forest_no_memory_(err);
    }
    for (uint32_t row = f->n_sorted; row < n; row++) {
        for (uint64_t j = 0; j < d; j++) {
            uint32_t *sorted = f->sorted + j * f->capacity, low = 0, high = row;
            const double v = x[row * d + j];
            while (low < high) {
                const uint32_t middle = low + (high - low) / 2;
                if (hone_forest_before_(x[sorted[middle] * d + j], sorted[middle], v, row))
                    low = middle + 1;
                else
                    high = middle;
            }
            memmove(sorted + low + 1, sorted + low, (row - low) * sizeof *sorted);
            sorted[low] = row;
        }
        f->n_sorted = row + 1;
    }
    return HONE_OK;
}

/* How often a row is in a tree. */
static inline uint8_t hone_forest_draw_copies_(const hone_forest *f, const hone_forest_tree *tree, uint32_t row)
{
    hone_rng rng = hone_rng_at(tree->seed, row);
    double u = hone_rng_uniform(&rng), p = exp(-f->options.copies);
    uint8_t k = 0;
    if (!(f->options.copies > 0))
        return 1;
    for (; u >= p && k < 20; k++) { /* Poisson by inversion */
        u -= p;
        p *= f->options.copies / (k + 1);
    }
    return k;
}

/* ---- one split ---- */

typedef struct hone_forest_split_ {
    double gain, threshold; /* gain: sum^2 / weight of both sides */
    int32_t feature;
    uint32_t nan_left;
} hone_forest_split_;

static inline double hone_forest_score_(double wl, double sl, double w, double s, double least)
{
    const double wr = w - wl, sr = s - sl;
    return wl < least || wr < least ? -HUGE_VAL : sl * sl / wl + sr * sr / wr;
}

/* The best threshold of numeric feature j over the rows order[j][0 .. n). w, s: weight and sum of all. 1 where it is better
 * than `best`, which it then is. The threshold is the row's value before the cut, without the randomness. */
static inline int hone_forest_try_number_(const hone_forest *f, const uint8_t *copies, uint32_t j, const uint32_t *rows,
                                          uint32_t n, const double *x, const double *y, double w, double s,
                                          hone_forest_split_ *best, double *after)
{
    const double least = f->options.min_samples_leaf;
    const uint64_t d = f->n_features;
    double wn = 0, sn = 0, wl = 0, sl = 0;
    uint32_t m = n;
    int better = 0;
    for (; m && isnan(x[rows[m - 1] * d + j]); m--) {
        wn += copies[rows[m - 1]];
        sn += copies[rows[m - 1]] * y[rows[m - 1]];
    }
    for (uint32_t i = 0; i < m; i++) {
        const double v = x[rows[i] * d + j], next = i + 1 < m ? x[rows[i + 1] * d + j] : HUGE_VAL;
        wl += copies[rows[i]];
        sl += copies[rows[i]] * y[rows[i]];
        if (!(next > v))
            continue;
        const uint32_t sides = wn > 0 && i + 1 < m ? 2 : 1; /* at the end: active | inactive */
        for (uint32_t nan_left = 0; nan_left < sides; nan_left++) {
            const double gain = hone_forest_score_(wl + nan_left * wn, sl + nan_left * sn, w, s, least);
            if (!(gain > best->gain))
                continue;
            best->gain = gain;
            best->feature = (int32_t)j;
            best->threshold = v;
            *after = next;
            best->nan_left = nan_left;
            better = 1;
        }
    }
    return better;
}

/* The best subset of the categories of feature j, into f->set. Categories that are not there go by luck. */
static inline int hone_forest_try_categories_(const hone_forest *f, const uint8_t *copies, uint32_t j,
                                              const uint32_t *rows, uint32_t n, const double *x, const double *y,
                                              double w, double s, hone_rng *rng, hone_forest_split_ *best)
{
    const uint32_t k = f->n_categories[j] + 1; /* the last: inactive */
    double *weights = f->sums, *sums = f->sums + k, wl = 0, sl = 0;
    uint32_t present = 0, cut = 0;
    memset(f->sums, 0, 2 * k * sizeof *f->sums);
    for (uint32_t i = 0; i < n; i++) {
        const double v = x[rows[i] * (uint64_t)f->n_features + j];
        const uint32_t c = isnan(v) ? k - 1 : (uint32_t)v;
        weights[c] += copies[rows[i]];
        sums[c] += copies[rows[i]] * y[rows[i]];
    }
    for (uint32_t c = 0; c < k; c++) {
        uint32_t at = present;
        if (!(weights[c] > 0))
            continue;
        for (; at && sums[f->by_mean[at - 1]] * weights[c] > sums[c] * weights[f->by_mean[at - 1]]; at--)
            f->by_mean[at] = f->by_mean[at - 1];
        f->by_mean[at] = c;
        present++;
    }
    for (uint32_t i = 0; i + 1 < present; i++) {
        const uint32_t c = f->by_mean[i];
        wl += weights[c];
        sl += sums[c];
        const double gain = hone_forest_score_(wl, sl, w, s, f->options.min_samples_leaf);
        if (gain > best->gain) {
            best->gain = gain;
            cut = i + 1;
        }
    }
    if (!cut)
        return 0;
    best->feature = (int32_t)j;
    memset(f->set, 0, f->most_words * sizeof *f->set);
    for (uint32_t i = 0; i < cut; i++)
        f->set[f->by_mean[i] / 64] |= (uint64_t)1 << (f->by_mean[i] % 64);
    for (uint32_t c = 0; c < k; c++)
        if (!(weights[c] > 0) && hone_rng_u32(rng) & 1)
            f->set[c / 64] |= (uint64_t)1 << (c % 64);
    return 1;
}

/* 1 where a row with value v of the node's feature goes left. */
static inline uint32_t hone_forest_left_(const hone_forest *f, const hone_forest_tree *tree,
                                         const hone_forest_node *node, double v)
{
    const uint32_t k = f->n_categories[node->feature];
    if (!k)
        return isnan(v) ? node->nan_left : v <= node->threshold;
    const uint32_t c = isnan(v) ? k : (uint32_t)v;
    return (uint32_t)(tree->sets[node->set + c / 64] >> (c % 64)) & 1u;
}
#endif /* HONE_FOREST_SPLIT_H */
