/* SPDX-License-Identifier: MIT */
/* A design under test: asks for the rows of n axes and keeps them as text, "010" being levels 0, 1, 0. */
#ifndef HONE_TESTS_DESIGN_CASE_H
#define HONE_TESTS_DESIGN_CASE_H
#include "component.h"
#include "hone/ablation_design.h"

enum { DESIGN_ROWS = 600, DESIGN_AXES = 40, DESIGN_ALIASES = 4096 };
struct design_rows {
    uint32_t n_axes;
    size_t n, n_aliases;
    char rows[DESIGN_ROWS][DESIGN_AXES + 1];
    char aliases[DESIGN_ALIASES][48]; /* "0 = -1/3 1 2": as below */
    double correlations[DESIGN_ALIASES];
    uint32_t n_effect[DESIGN_ALIASES];
    hone_rc rc;
    hone_error err;
};

static hone_rc design_row_(void *ctx, const uint32_t *levels)
{
    struct design_rows *d = (struct design_rows *)ctx;
    for (uint32_t i = 0; d->n < DESIGN_ROWS && i < d->n_axes; i++)
        d->rows[d->n][i] = (char)('0' + levels[i]);
    d->n++;
    return HONE_OK;
}

/* "0 ~ 1 2" */
static hone_rc design_alias_(void *ctx, const hone_ablation_alias *alias)
{
    struct design_rows *d = (struct design_rows *)ctx;
    char text[48];
    size_t at = 0;
    for (uint32_t i = 0; i < alias->n_effect; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%u ", alias->effect[i]);
    at += (size_t)snprintf(text + at, sizeof text - at, "~");
    for (uint32_t i = 0; i < alias->n_with; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, " %u", alias->with[i]);
    if (d->n_aliases < DESIGN_ALIASES) {
        snprintf(d->aliases[d->n_aliases], sizeof *d->aliases, "%s", text);
        d->correlations[d->n_aliases] = alias->correlation;
        d->n_effect[d->n_aliases] = alias->n_effect;
    }
    d->n_aliases++;
    return HONE_OK;
}

/* levels: one digit an axis, its number of levels; baselines likewise. key NULL: defaults. */
__attribute__((unused)) static void design_ask(struct design_rows *d, const char *name, const char *levels,
                                               const char *baselines, const char *key, const char *value)
{
    hone_ablation_axis axes[DESIGN_AXES];
    struct component c;
    memset(d, 0, sizeof *d);
    d->err.size = sizeof d->err;
    d->n_axes = (uint32_t)strlen(levels);
    for (uint32_t i = 0; i < d->n_axes; i++)
        axes[i] = (hone_ablation_axis){ sizeof *axes, (uint32_t)(levels[i] - '0'), (uint32_t)(baselines[i] - '0'), 0,
                                        "axis" };
    const hone_ablation_axes all = { sizeof all, d->n_axes, axes };
    const hone_ablation_sink sink = { d, design_row_, design_alias_ };
    CU_ASSERT_EQUAL_FATAL(component_open(&c, name, 1, key, value, NULL), HONE_OK);
    const hone_ablation_design_v1 *design = (const hone_ablation_design_v1 *)c.component->iface;
    d->rc = design->rows(c.self, &all, &sink, &d->err);
    if (d->rc == HONE_OK && design->aliases)
        CU_ASSERT_EQUAL(design->aliases(c.self, &all, &sink, &d->err), HONE_OK);
    component_close(&c);
}

/* rows: NULL at the end */
__attribute__((unused)) static void design_is(const struct design_rows *d, const char *const *rows)
{
    size_t n = 0;
    CU_ASSERT_EQUAL_FATAL(d->rc, HONE_OK);
    for (; rows[n]; n++) {
        if (n < d->n && strcmp(d->rows[n], rows[n]) != 0)
            printf("#   row %zu is %s instead of %s\n", n, d->rows[n], rows[n]);
        CU_ASSERT(n < d->n && !strcmp(d->rows[n], rows[n]));
    }
    CU_ASSERT_EQUAL(d->n, n);
}

/* Columns of two levels: 1 where every two of them are orthogonal and each is balanced. */
__attribute__((unused)) static int design_orthogonal(const struct design_rows *d)
{
    for (uint32_t i = 0; i < d->n_axes; i++)
        for (uint32_t k = i; k < d->n_axes; k++) {
            size_t equal = 0, ones = 0;
            for (size_t r = 0; r < d->n; r++) {
                equal += d->rows[r][i] == d->rows[r][k];
                ones += d->rows[r][i] == '1';
            }
            if (2 * ones != d->n || (i != k && 2 * equal != d->n))
                return 0;
        }
    return 1;
}
#endif
