/* SPDX-License-Identifier: MIT */
/* hone/ablation_design.h - kind "design/1": which combinations of levels an ablation runs. Used by `hone ablate`, in its
 * process, before anything runs.
 *
 * An axis is something that is switched (a regularizer, the search), a level one of its settings, a row one level for each axis.
 * What the rows are run with, and what comes of them, is the host's business. */
#ifndef HONE_ABLATION_DESIGN_H
#define HONE_ABLATION_DESIGN_H
#include "hone/param.h"

#include <math.h>
#include <stdlib.h>

#define HONE_KIND_DESIGN "design/1"

typedef struct hone_ablation_axis {
    uint32_t size, n_levels; /* >= 2 */
    uint32_t baseline;       /* the level that the others are changes of */
    uint32_t reserved;
    const char *name; /* "search" */
} hone_ablation_axis;

typedef struct hone_ablation_axes {
    uint32_t size, n; /* >= 1 */
    const hone_ablation_axis *axes;
} hone_ablation_axes;

/* What the design cannot tell apart: the estimate of one effect contains `correlation` times the other one. An effect is that
 * of one axis, or of several together (their interaction). */
typedef struct hone_ablation_alias {
    uint32_t size, n_effect, n_with;
    uint32_t reserved;
    const uint32_t *effect, *with; /* (n_effect), (n_with) indices of axes, ascending */
    double correlation;            /* [-1, 1], not 0 */
} hone_ablation_alias;

/* Takes rows and aliases; a failure ends the call and is returned. */
typedef struct hone_ablation_sink {
    void *ctx;
    hone_rc (*row)(void *ctx, const uint32_t *levels); /* (n axes) */
    hone_rc (*alias)(void *ctx, const hone_ablation_alias *alias);
} hone_ablation_sink;

enum {
    /* Every level of an axis stands in as many rows with every level of each other axis: the effect of an axis is a
     * difference of means over all rows. */
    HONE_DESIGN_BALANCED = 1u << 0,
    /* Interactions of two axes are to be estimated: over all rows where balanced, else among the rows in which the other axes
     * stand as in the first row. */
    HONE_DESIGN_INTERACTIONS = 1u << 1,
    HONE_DESIGN_TWO_LEVELS = 1u << 2 /* takes axes of two levels alone */
};

typedef struct hone_ablation_design_v1 {
    uint32_t size, flags; /* HONE_DESIGN_... */
    /* The rows, no row twice. The first one is what the others are compared with; the row of all baselines is among them. They
     * depend on the axes and the settings alone. HONE_ENOTSUP, HONE_ERANGE: not for such axes, the message says why. [study] */
    hone_rc (*rows)(void *self, const hone_ablation_axes *axes, const hone_ablation_sink *sink, hone_error *err);
    /* Aliases among effects of one and of two axes, each pair of effects once; NULL: there are none, or they are nothing that
     * a table says. [study] */
    hone_rc (*aliases)(void *self, const hone_ablation_axes *axes, const hone_ablation_sink *sink, hone_error *err);
} hone_ablation_design_v1;

/* ---- help for designs; [any] ---- */

/* A row of all baselines, to be freed with free; NULL where memory is short, which `err` then says. (n axes) */
static inline uint32_t *hone_ablation_baseline(const hone_ablation_axes *axes, hone_error *err)
{
    uint32_t *levels = (uint32_t *)malloc(axes->n * sizeof *levels);
    if (!levels) {
        (void)hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a row");
        return NULL;
    }
    for (uint32_t i = 0; i < axes->n; i++)
        levels[i] = axes->axes[i].baseline;
    return levels;
}

/* ---- and for those of two levels ---- */

/* Gives the row of signs (n axes): -1 is the baseline, 1 the other level. levels: (n) scratch */
static inline hone_rc hone_ablation_give_signs(const hone_ablation_axes *axes, const int8_t *signs, uint32_t *levels,
                                               const hone_ablation_sink *sink)
{
    for (uint32_t i = 0; i < axes->n; i++)
        levels[i] = signs[i] < 0 ? axes->axes[i].baseline : 1 - axes->axes[i].baseline;
    return sink->row(sink->ctx, levels);
}

static inline double hone_ablation_sign_product_(const int8_t *row, const uint32_t *axes, uint32_t n)
{
    int product = 1;
    for (uint32_t i = 0; i < n; i++)
        product *= row[axes[i]];
    return product;
}

static inline hone_rc hone_ablation_give_alias_(const int8_t *signs, uint32_t runs, uint32_t n, const uint32_t *effect,
                                                uint32_t n_effect, const uint32_t *with, uint32_t n_with,
                                                const hone_ablation_sink *sink)
{
    double sum = 0;
    for (uint32_t r = 0; r < runs; r++)
        sum += hone_ablation_sign_product_(signs + (size_t)r * n, effect, n_effect) *
               hone_ablation_sign_product_(signs + (size_t)r * n, with, n_with);
    const hone_ablation_alias alias = { sizeof alias, n_effect, n_with, 0, effect, with, sum / runs };
    return fabs(sum) > 1e-9 ? sink->alias(sink->ctx, &alias) : HONE_OK;
}

/* Gives the aliases of a two-level design as its rows have them: of axes with pairs, and of pairs with pairs (pairs 1).
 * signs: (runs, n) -1 and 1 */
static inline hone_rc hone_ablation_give_aliases(const int8_t *signs, uint32_t runs, uint32_t n, int pairs,
                                                 const hone_ablation_sink *sink)
{
    hone_rc rc = HONE_OK;
    uint32_t effect[2], with[2];
    for (effect[0] = 0; effect[0] < n; effect[0]++)
        for (with[0] = 0; with[0] < n; with[0]++)
            for (with[1] = with[0] + 1; with[1] < n && rc == HONE_OK; with[1]++)
                if (with[0] != effect[0] && with[1] != effect[0])
                    rc = hone_ablation_give_alias_(signs, runs, n, effect, 1, with, 2, sink);
    for (effect[0] = 0; pairs && effect[0] < n; effect[0]++)
        for (effect[1] = effect[0] + 1; effect[1] < n; effect[1]++)
            for (with[0] = effect[0]; with[0] < n; with[0]++)
                for (with[1] = with[0] + 1; with[1] < n && rc == HONE_OK; with[1]++)
                    if (with[0] > effect[0] || with[1] > effect[1])
                        rc = hone_ablation_give_alias_(signs, runs, n, effect, 2, with, 2, sink);
    return rc;
}
#endif /* HONE_ABLATION_DESIGN_H */
