/* SPDX-License-Identifier: MIT */
/* hone/forest.h - a random forest for regression (Breiman, L. (2001), "Random forests", Machine Learning 45), as a
 * surrogate of searches and for the importance of parameters. Header only.
 *
 * A row is (n_features) doubles: numbers of any scale, or the index of a category. NaN, an inactive parameter, is a value
 * of its own: a split sends it to the side that fits it better, or cuts it off from all others. A split of categories is
 * the best of all subsets (by ordering them by their mean: Fisher, W. D. (1958), JASA 53).
 *
 * Trees are grown one by one, and a row can be added to a grown tree, which splits its leaf: so a forest can follow a
 * growing history for microseconds a row. A tree is a function of the seed, its stream and the rows in their order.
 *
 *     hone_forest f = { 0 };
 *     hone_forest_init(&f, n_features, n_categories, &options, err)
 *     hone_forest_sort(&f, x, n, err)                        the rows 0 .. n-1 get their place in the order of every feature
 *     hone_forest_grow(&f, tree, stream, x, y, n, err)       for every tree
 *     hone_forest_add(&f, tree, x, y, n, err)                row n, which has been sorted in
 *     hone_forest_predict(&f, row, &mean, &variance)
 *     hone_forest_release(&f)
 *
 * Cost of a tree: n_features * n * depth comparisons. Memory: 4 bytes a row and feature, 5 a row and tree, 56 a node.
 * All [study]; predictions [any] while nothing grows. */
#ifndef HONE_FOREST_H
#define HONE_FOREST_H
#include "hone/forest_split.h"

/* ---- growing ---- */

static inline void hone_forest_make_leaf_(hone_forest_tree *tree, hone_forest_node *node, const uint32_t *rows,
                                          uint32_t n, const double *y)
{
    double w = 0, s = 0, squares = 0;
    node->feature = HONE_FOREST_NONE;
    node->rows = 0;
    for (uint32_t i = n; i > 0; i--) {
        tree->next[rows[i - 1]] = node->rows;
        node->rows = rows[i - 1] + 1;
        w += tree->copies[rows[i - 1]];
        s += tree->copies[rows[i - 1]] * y[rows[i - 1]];
    }
    node->size = (uint32_t)w;
    node->mean = w > 0 ? s / w : 0;
    for (uint32_t i = 0; i < n; i++) {
        const double apart = y[rows[i]] - node->mean;
        squares += tree->copies[rows[i]] * apart * apart;
    }
    node->variance = w > 0 ? squares / w : 0;
}

/* Splits the node whose rows are order[.][begin .. begin + n): the two children's share of them follow each other there.
 * Returns how many go left; 0: it is a leaf; UINT32_MAX: out of memory. */
static inline uint32_t hone_forest_split_node_(hone_forest *f, hone_forest_tree *tree, uint32_t at, uint32_t begin,
                                               uint32_t n, const double *x, const double *y)
{
    const uint64_t d = f->n_features;
    const uint32_t *rows = f->order + begin;
    hone_forest_split_ best = { 0, 0, HONE_FOREST_NONE, 0 };
    hone_rng rng = hone_rng_at(tree->seed, (uint64_t)1 << 63 | at);
    double w = 0, s = 0, lowest = HUGE_VAL, highest = -HUGE_VAL, after = HUGE_VAL;
    uint32_t n_left = 0, tried = f->options.n_tried ? f->options.n_tried : f->n_features;
    for (uint32_t i = 0; i < n; i++) {
        const double v = y[rows[i]];
        w += tree->copies[rows[i]];
        s += tree->copies[rows[i]] * v;
        lowest = v < lowest ? v : lowest;
        highest = v > highest ? v : highest;
    }
    if (!d || w < f->options.min_samples_split || tree->nodes[at].depth >= f->options.max_depth || !(highest > lowest))
        return 0;
    best.gain = s * s / w + 1e-12 * fabs(s * s / w);
    if (tried > f->n_features)
        tried = f->n_features;
    for (uint32_t i = 0; f->options.n_tried && i < f->n_features; i++)
        f->tried[i] = i;
    for (uint32_t i = 0; i < tried; i++) {
        uint32_t j = i;
        if (f->options.n_tried) {
            const uint32_t other = i + (uint32_t)hone_rng_below(&rng, f->n_features - i);
            j = f->tried[other];
            f->tried[other] = f->tried[i];
        }
        if (!f->n_categories[j])
            hone_forest_try_number_(f, tree->copies, j, f->order + j * f->capacity + begin, n, x, y, w, s, &best,
                                    &after);
        else if (hone_forest_try_categories_(f, tree->copies, j, rows, n, x, y, w, s, &rng, &best))
            memcpy(f->best_set, f->set, f->most_words * sizeof *f->set);
    }
    if (best.feature == HONE_FOREST_NONE)
        return 0;
    const uint32_t k = f->n_categories[best.feature], words = k ? k / 64 + 1 : 0;
    if (tree->n_nodes + 2 > tree->nodes_capacity) {
        const uint32_t capacity = tree->nodes_capacity ? tree->nodes_capacity * 2 : 64;
        if (!hone_forest_grow_array_((void **)&tree->nodes, capacity, sizeof *tree->nodes))
            return UINT32_MAX;
        tree->nodes_capacity = capacity;
    }
    if (tree->n_words + words > tree->words_capacity) {
        const uint32_t capacity = 2 * (tree->words_capacity + words);
        if (!hone_forest_grow_array_((void **)&tree->sets, capacity, sizeof *tree->sets))
            return UINT32_MAX;
        tree->words_capacity = capacity;
    }
    hone_forest_node *node = tree->nodes + at;
    node->feature = best.feature;
    node->nan_left = best.nan_left;
    node->threshold = best.threshold;
    if (!k && after < HUGE_VAL) {
        const double share = f->options.random_thresholds ? hone_rng_uniform(&rng) : 0.5;
        const double cut = best.threshold + share * (after - best.threshold);
        node->threshold = cut < after ? cut : best.threshold;
    } else if (!k) {
        node->threshold = HUGE_VAL; /* active | inactive */
    }
    node->set = tree->n_words;
    if (words)
        memcpy(tree->sets + tree->n_words, f->best_set, words * sizeof *tree->sets);
    tree->n_words += words;
    node->child = (int32_t)tree->n_nodes;
    for (uint32_t i = 0; i < 2; i++) {
        hone_forest_node *child = tree->nodes + tree->n_nodes++;
        memset(child, 0, sizeof *child);
        child->feature = HONE_FOREST_NONE;
        child->parent = (int32_t)at;
        child->depth = node->depth + 1;
    }
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t left = hone_forest_left_(f, tree, node, x[rows[i] * d + (uint32_t)best.feature]);
        f->goes_left[rows[i]] = (uint8_t)left;
        n_left += left;
    }
    for (uint64_t j = 0; j < d; j++) { /* stable: both halves stay sorted */
        uint32_t *all = f->order + j * f->capacity + begin, l = 0, r = 0;
        for (uint32_t i = 0; i < n; i++) {
            const uint32_t row = all[i];
            f->spare[r] = row;
            all[l] = row;
            l += f->goes_left[row];
            r += !f->goes_left[row];
        }
        memcpy(all + l, f->spare, r * sizeof *all);
    }
    return n_left;
}

/* Grows the subtree of a node whose rows are order[.][0 .. n). */
static inline hone_rc hone_forest_grow_node_(hone_forest *f, hone_forest_tree *tree, uint32_t root, uint32_t n,
                                             const double *x, const double *y, hone_error *err)
{
    /* a node that is not yet looked at keeps where its rows begin in `rows` and their number in `size`; children come in
     * pairs at the end of the array, so that walking through it meets every one */
    tree->nodes[root].rows = 0;
    tree->nodes[root].size = n;
    for (uint32_t first = tree->n_nodes, at = root, more = 1; more;) {
        const uint32_t begin = tree->nodes[at].rows, size = tree->nodes[at].size;
        const uint32_t n_left = hone_forest_split_node_(f, tree, at, begin, size, x, y);
        if (n_left == UINT32_MAX)
            return hone_forest_no_memory_(err);
        if (n_left) {
            hone_forest_node *left = tree->nodes + tree->nodes[at].child;
            left[0].rows = begin;
            left[0].size = n_left;
            left[1].rows = begin + n_left;
            left[1].size = size - n_left;
        } else {
            hone_forest_make_leaf_(tree, tree->nodes + at, f->order + begin, size, y);
        }
        more = (at == root ? first : at + 1) < tree->n_nodes;
        at = at == root ? first : at + 1;
    }
    return HONE_OK;
}

static inline hone_rc hone_forest_room_(hone_forest_tree *tree, uint32_t n, hone_error *err)
{
    if (n > tree->rows_capacity) {
        uint32_t capacity = tree->rows_capacity ? tree->rows_capacity : 64;
        while (capacity < n)
            capacity *= 2;
        if (!hone_forest_grow_array_((void **)&tree->next, capacity, sizeof *tree->next) ||
            !hone_forest_grow_array_((void **)&tree->copies, capacity, 1))
            return hone_forest_no_memory_(err);
        tree->rows_capacity = capacity;
    }
    if (!tree->nodes) {
        if (!hone_forest_grow_array_((void **)&tree->nodes, 64, sizeof *tree->nodes))
            return hone_forest_no_memory_(err);
        tree->nodes_capacity = 64;
    }
    return HONE_OK;
}

/* Grows tree t anew on the rows 0 .. n-1, which must be sorted: x: (n, n_features), y: (n) finite, or NaN for rows to leave
 * out. stream: which bootstrap it is. HONE_ENOMEM. */
static inline hone_rc hone_forest_grow(hone_forest *f, uint32_t t, uint64_t stream, const double *x, const double *y,
                                       uint32_t n, hone_error *err)
{
    hone_forest_tree *tree = f->trees + t;
    uint32_t m = 0;
    if (hone_forest_room_(tree, n, err) != HONE_OK)
        return HONE_ENOMEM;
    tree->seed = hone_rng_derive(hone_rng_derive(f->options.seed, t), stream);
    tree->n_nodes = 1;
    tree->n_words = 0;
    memset(tree->nodes, 0, sizeof *tree->nodes);
    tree->nodes->parent = HONE_FOREST_NONE;
    for (uint32_t row = 0; row < n; row++)
        tree->copies[row] = isnan(y[row]) ? 0 : hone_forest_draw_copies_(f, tree, row);
    for (uint64_t j = 0; j < f->n_features; j++) {
        const uint32_t *sorted = f->sorted + j * f->capacity;
        uint32_t *order = f->order + j * f->capacity;
        m = 0;
        for (uint32_t i = 0; i < f->n_sorted; i++)
            if (sorted[i] < n && tree->copies[sorted[i]])
                order[m++] = sorted[i];
    }
    return hone_forest_grow_node_(f, tree, 0, m, x, y, err);
}

/* The leaf of tree t that the row x: (n_features) falls into. */
static inline uint32_t hone_forest_leaf(const hone_forest *f, uint32_t t, const double *x)
{
    const hone_forest_tree *tree = f->trees + t;
    uint32_t at = 0;
    while (tree->nodes[at].feature != HONE_FOREST_NONE) {
        const hone_forest_node *node = tree->nodes + at;
        at = (uint32_t)node->child + !hone_forest_left_(f, tree, node, x[node->feature]);
    }
    return at;
}

/* Puts the n rows of order[0][0 .. n) into the order of every feature. */
static inline void hone_forest_order_(hone_forest *f, uint32_t n, const double *x)
{
    enum { FEW = 32 };
    const uint64_t d = f->n_features;
    if (n > FEW)
        memset(f->goes_left, 0, f->n_sorted);
    for (uint32_t i = 0; n > FEW && i < n; i++)
        f->goes_left[f->order[i]] = 1;
    for (uint64_t j = d; j-- > 0;) { /* the first feature last: it holds the list */
        uint32_t *order = f->order + j * f->capacity, m = 0;
        for (uint32_t i = 0; n > FEW && i < f->n_sorted; i++)
            if (f->goes_left[f->sorted[j * f->capacity + i]])
                order[m++] = f->sorted[j * f->capacity + i];
        for (uint32_t i = 0; n <= FEW && i < n; i++) {
            const uint32_t r = f->order[i];
            uint32_t at = i;
            for (; at && hone_forest_before_(x[r * d + j], r, x[order[at - 1] * d + j], order[at - 1]); at--)
                order[at] = order[at - 1];
            order[at] = r;
        }
    }
}

/* Adds the row number `row`, the last one sorted, to tree t, which knows those before it; its leaf is split where that
 * helps. HONE_ENOMEM. */
static inline hone_rc hone_forest_add(hone_forest *f, uint32_t t, const double *x, const double *y, uint32_t row,
                                      hone_error *err)
{
    hone_forest_tree *tree = f->trees + t;
    const uint64_t d = f->n_features;
    uint32_t n = 1;
    if (hone_forest_room_(tree, row + 1, err) != HONE_OK)
        return HONE_ENOMEM;
    tree->copies[row] = isnan(y[row]) ? 0 : hone_forest_draw_copies_(f, tree, row);
    if (!tree->copies[row])
        return HONE_OK;
    const uint32_t leaf = hone_forest_leaf(f, t, x + row * d);
    hone_forest_node *node = tree->nodes + leaf;
    if (node->rows && !(node->variance > 0) && !(y[row] < node->mean) && !(y[row] > node->mean)) {
        tree->next[row] = node->rows; /* nothing to split: a plateau may have thousands of rows */
        node->rows = row + 1;
        node->size += tree->copies[row];
        return HONE_OK;
    }
    f->order[0] = row;
    for (uint32_t r = node->rows; r; r = tree->next[r - 1])
        f->order[n++] = r - 1;
    hone_forest_order_(f, n, x);
    return hone_forest_grow_node_(f, tree, leaf, n, x, y, err);
}

/* ---- asking it ---- */

/* Mean and variance of the prediction at x: (n_features) by the law of total variance: the mean of the leaves' variances
 * plus the variance of their means. */
static inline void hone_forest_predict(const hone_forest *f, const double *x, double *mean, double *variance)
{
    const double n = f->options.n_trees;
    double sum = 0, within = 0, squares = 0, first = 0;
    for (uint32_t t = 0; t < f->options.n_trees; t++) {
        const hone_forest_node *leaf = f->trees[t].nodes + hone_forest_leaf(f, t, x);
        if (!t)
            first = leaf->mean;
        sum += leaf->mean - first;
        squares += (leaf->mean - first) * (leaf->mean - first);
        within += leaf->variance;
    }
    *mean = first + sum / n;
    *variance = within / n + (squares / n - (sum / n) * (sum / n) > 0 ? squares / n - (sum / n) * (sum / n) : 0);
}

#endif /* HONE_FOREST_H */
