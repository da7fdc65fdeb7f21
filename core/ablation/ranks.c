/* SPDX-License-Identifier: MIT */
/* Average ranks of the design's rows over the blocks (data sets, problems): Friedman's test, Nemenyi's critical difference. What is
 * ranked on a block is the mean over the seeds: seeds are no blocks. */
#include "ablation/compare.h"

#include <math.h>
#include <stdlib.h>

hone_rc comparison_ranks(struct comparison *c, hone_error *err)
{
    const struct ablation *a = c->ablation;
    const size_t n = a->n_blocks, k = a->n_rows;
    if (!a->spec.has_blocks)
        return HONE_OK;
    if (n < LEAST_BLOCKS || k < 2) {
        snprintf(c->refused, sizeof c->refused,
                 "no average ranks: %zu levels of '%s', and %d are the least that say something", n,
                 a->spec.axes[a->spec.n_axes - 1].name, (int)LEAST_BLOCKS);
        return HONE_OK;
    }
    double *means = malloc(n * k * sizeof *means);
    c->ranking = (struct ranking){ .n_rows = k, .n_blocks = n, .ranks = calloc(k, sizeof *c->ranking.ranks) };
    hone_rc rc = means && c->ranking.ranks ? HONE_OK : hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the ranks");
    for (size_t b = 0; b < n && rc == HONE_OK; b++)
        for (size_t r = 0; r < k; r++) {
            const double mean = c->cells[comparison_cell(c, b, r)].mean;
            means[b * k + r] = c->maximize ? mean : -mean;
            if (isnan(mean) && !c->refused[0])
                snprintf(c->refused, sizeof c->refused, "no average ranks: a cell has no run yet");
        }
    if (rc == HONE_OK && c->refused[0]) {
        free(c->ranking.ranks);
        c->ranking.ranks = NULL;
    } else if (rc == HONE_OK) {
        rc = hone_friedman_test(means, n, (uint32_t)k, c->ranking.ranks, &c->ranking.friedman, err);
        c->ranking.difference = hone_nemenyi_difference((uint32_t)k, n, 1 - a->spec.raw.level);
    }
    free(means);
    return rc;
}
