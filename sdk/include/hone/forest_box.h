/* SPDX-License-Identifier: MIT */
/* hone/forest_box.h - the leaves of a random forest as boxes of the space of its features, for those who integrate over them
 * (fANOVA). Header only. [any] */
#ifndef HONE_FOREST_BOX_H
#define HONE_FOREST_BOX_H
#include "hone/forest.h"

/* The box of a leaf: the rows x that fall into it have low[j] < x[j] <= high[j] for numbers (-HUGE_VAL, HUGE_VAL: no bound),
 * or a category whose bit is set in sets[j * most_words ...]; NaN where inactive[j] is 1 (for categories too).
 * low, high, inactive: (n_features); sets: (n_features, most_words). */
static inline void hone_forest_box(const hone_forest *f, uint32_t t, uint32_t leaf, double *low, double *high,
                                   uint8_t *inactive, uint64_t *sets)
{
    const hone_forest_tree *tree = f->trees + t;
    for (uint32_t j = 0; j < f->n_features; j++) {
        low[j] = -HUGE_VAL;
        high[j] = HUGE_VAL;
        inactive[j] = 1;
    }
    memset(sets, 0xff, (size_t)f->n_features * f->most_words * sizeof *sets);
    for (uint32_t at = leaf; tree->nodes[at].parent != HONE_FOREST_NONE; at = (uint32_t)tree->nodes[at].parent) {
        const hone_forest_node *node = tree->nodes + tree->nodes[at].parent;
        const uint32_t is_left = at == (uint32_t)node->child, j = (uint32_t)node->feature, k = f->n_categories[j];
        if (k) {
            for (uint32_t word = 0; word < k / 64 + 1; word++) {
                const uint64_t left = tree->sets[node->set + word];
                sets[(uint64_t)j * f->most_words + word] &= is_left ? left : ~left;
            }
            inactive[j] = (uint8_t)(sets[(uint64_t)j * f->most_words + k / 64] >> (k % 64) & 1);
            continue;
        }
        if (is_left && node->threshold < high[j])
            high[j] = node->threshold;
        if (!is_left && node->threshold > low[j])
            low[j] = node->threshold;
        inactive[j] &= is_left == node->nan_left;
    }
}
#endif /* HONE_FOREST_BOX_H */
