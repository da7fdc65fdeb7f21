/* SPDX-License-Identifier: MIT */
/* Cases for design/1: rows of the axes' levels, no row twice, the baseline among them, the same again, balanced where it says so;
 * aliases that the rows bear out; axes that are too many, a receiver that fails. */
#include "check.h"

#include "hone/ablation_design.h"

enum { MAX_AXES = 40, MAX_ROWS = 100000, MAX_ALIASES = 4096 };

struct given {
    uint32_t n_axes, *levels; /* (n, n_axes) */
    size_t n, n_aliases, stop_after;
    uint32_t effect[MAX_ALIASES][2], with[MAX_ALIASES][2], n_effect[MAX_ALIASES], n_with[MAX_ALIASES];
    double correlation[MAX_ALIASES];
    int bad;
};

static hone_rc take_row(void *ctx, const uint32_t *levels)
{
    struct given *g = (struct given *)ctx;
    if (g->n < MAX_ROWS)
        memcpy(g->levels + g->n * g->n_axes, levels, g->n_axes * sizeof *levels);
    g->n++;
    return g->stop_after && g->n >= g->stop_after ? HONE_EIO : HONE_OK;
}

static hone_rc take_alias(void *ctx, const hone_ablation_alias *alias)
{
    struct given *g = (struct given *)ctx;
    const size_t i = g->n_aliases++;
    if (i >= MAX_ALIASES)
        return HONE_OK;
    if (!alias->n_effect || alias->n_effect > 2 || !alias->n_with || alias->n_with > 2) {
        g->bad = 1;
        return HONE_OK;
    }
    memcpy(g->effect[i], alias->effect, alias->n_effect * sizeof *alias->effect);
    memcpy(g->with[i], alias->with, alias->n_with * sizeof *alias->with);
    g->n_effect[i] = alias->n_effect;
    g->n_with[i] = alias->n_with;
    g->correlation[i] = alias->correlation;
    return HONE_OK;
}

struct task {
    hone_ablation_axis axes[MAX_AXES];
    hone_ablation_axes all;
};

/* n axes of two levels, or of 2, 3, 2, 3, ...; baselines not all 0. */
static void make_task(struct task *t, uint32_t n, int mixed)
{
    for (uint32_t i = 0; i < n; i++)
        t->axes[i] = (hone_ablation_axis){ sizeof t->axes[i], mixed && i % 2 ? 3u : 2u, i % 3 ? 1u : 0u, 0, "axis" };
    t->all = (hone_ablation_axes){ sizeof t->all, n, t->axes };
}

static int ask(struct check *c, const struct task *t, struct given *g, hone_ablation_design_v1 *design, hone_rc *rc)
{
    const hone_ablation_sink sink = { g, take_row, take_alias };
    struct instance in;
    TRY(check_iface(c, design, sizeof *design));
    TRY(instance_create(c, &in, 1));
    g->n_axes = t->all.n;
    g->n = g->n_aliases = 0;
    g->bad = 0;
    CALL(c, "rows", *rc = design->rows(in.self, &t->all, &sink, &in.err));
    if (!g->stop_after)
        TRY(check_error(c, "rows", *rc, &in.err));
    if (*rc < 0 && *rc != HONE_ENOTSUP && *rc != HONE_ERANGE && !g->stop_after)
        return check_fail(c, "rows fails for %u axes: %s", t->all.n, in.err.msg);
    if (*rc == HONE_OK && design->aliases) {
        hone_rc of_aliases;
        CALL(c, "aliases", of_aliases = design->aliases(in.self, &t->all, &sink, &in.err));
        TRY(check_error(c, "aliases", of_aliases, &in.err));
        if (of_aliases != HONE_OK)
            return check_fail(c, "aliases fails where rows does not: %s", in.err.msg);
    }
    return instance_destroy(&in);
}

static int verify_rows(struct check *c, const struct task *t, const struct given *g)
{
    const uint32_t n = t->all.n;
    int baseline = 0;
    if (!g->n || g->n > MAX_ROWS)
        return check_fail(c, "%llu rows for %u axes", (unsigned long long)g->n, n);
    for (size_t r = 0; r < g->n; r++) {
        const uint32_t *row = g->levels + r * n;
        int all = 1;
        for (uint32_t i = 0; i < n; i++) {
            if (row[i] >= t->axes[i].n_levels)
                return check_fail(c, "row %llu has level %u of an axis with %u", (unsigned long long)r, row[i],
                                  t->axes[i].n_levels);
            all &= row[i] == t->axes[i].baseline;
        }
        baseline |= all;
        for (size_t k = 0; k < r && g->n <= 4096; k++)
            if (!memcmp(g->levels + k * n, row, n * sizeof *row))
                return check_fail(c, "row %llu is there twice", (unsigned long long)r);
    }
    return baseline ? 0
                    : check_fail(c, "the row of all baselines is not among the %llu rows", (unsigned long long)g->n);
}

/* Levels a of axis i and b of axis k stand together in as many rows as in any other of their combinations. */
static int verify_balance(struct check *c, const struct task *t, const struct given *g)
{
    const uint32_t n = t->all.n;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = i + 1; k < n; k++) {
            size_t counts[3][3] = { { 0 } };
            for (size_t r = 0; r < g->n; r++)
                counts[g->levels[r * n + i]][g->levels[r * n + k]]++;
            for (uint32_t a = 0; a < t->axes[i].n_levels; a++)
                for (uint32_t b = 0; b < t->axes[k].n_levels; b++)
                    if (counts[a][b] != counts[0][0])
                        return check_fail(c, "it says that it is balanced, but axes %u and %u are not", i, k);
        }
    return 0;
}

static double product(const struct task *t, const uint32_t *row, const uint32_t *axes, uint32_t n)
{
    double sign = 1;
    for (uint32_t i = 0; i < n; i++)
        sign *= row[axes[i]] == t->axes[axes[i]].baseline ? -1 : 1;
    return sign;
}

static int verify_aliases(struct check *c, const struct task *t, const struct given *g)
{
    const uint32_t n = t->all.n;
    if (g->bad)
        return check_fail(c, "an alias of more than two axes");
    for (size_t a = 0; a < g->n_aliases && a < MAX_ALIASES; a++) {
        double sum = 0;
        for (size_t r = 0; r < g->n; r++)
            sum += product(t, g->levels + r * n, g->effect[a], g->n_effect[a]) *
                   product(t, g->levels + r * n, g->with[a], g->n_with[a]);
        if (fabs(sum / (double)g->n - g->correlation[a]) > 1e-9)
            return check_fail(c, "an alias of %g that the rows say is %g", g->correlation[a], sum / (double)g->n);
    }
    return 0;
}

static int run(struct check *c, uint32_t n, int mixed, struct given *g)
{
    hone_ablation_design_v1 design;
    struct task t;
    hone_rc rc;
    make_task(&t, n, mixed);
    TRY(check_iface(c, &design, sizeof design));
    if (mixed && design.flags & HONE_DESIGN_TWO_LEVELS)
        return 0; /* the host does not ask */
    TRY(ask(c, &t, g, &design, &rc));
    if (rc < 0)
        return n > 2 ? 0 : check_fail(c, "%u axes are refused", n);
    TRY(verify_rows(c, &t, g));
    if (design.flags & HONE_DESIGN_BALANCED)
        TRY(verify_balance(c, &t, g));
    return mixed ? 0 : verify_aliases(c, &t, g);
}

static struct given *given_create(void)
{
    struct given *g = (struct given *)calloc(1, sizeof *g);
    if (g && !(g->levels = (uint32_t *)malloc((size_t)MAX_ROWS * MAX_AXES * sizeof *g->levels))) {
        free(g);
        g = NULL;
    }
    return g;
}

static void given_destroy(struct given *g)
{
    free(g->levels);
    free(g);
}

static int case_rows(struct check *c)
{
    struct given *g = given_create();
    int rc = g ? 0 : check_fail(c, "out of memory");
    for (uint32_t n = 1; rc == 0 && n <= 14; n++)
        for (int mixed = 0; mixed < 2 && rc == 0; mixed++)
            rc = run(c, n, mixed, g);
    if (rc == 0)
        rc = run(c, MAX_AXES, 0, g);
    if (g)
        given_destroy(g);
    return rc;
}

static int compare_runs(struct check *c, struct given *a, struct given *b)
{
    hone_ablation_design_v1 design;
    struct task t;
    hone_rc rc;
    make_task(&t, 5, 0);
    TRY(ask(c, &t, a, &design, &rc));
    TRY(ask(c, &t, b, &design, &rc));
    if (a->n != b->n || memcmp(a->levels, b->levels, a->n * 5 * sizeof *a->levels) != 0)
        return check_fail(c, "the same axes give other rows the second time");
    a->stop_after = 2;
    TRY(ask(c, &t, a, &design, &rc));
    if (b->n >= 2 && (rc != HONE_EIO || a->n != 2))
        return check_fail(c, "a failure of the receiver must end the call and be returned");
    return 0;
}

static int case_repeats(struct check *c)
{
    struct given *a = given_create(), *b = given_create();
    const int rc = a && b ? compare_runs(c, a, b) : check_fail(c, "out of memory");
    if (a)
        given_destroy(a);
    if (b)
        given_destroy(b);
    return rc;
}

const struct check_case design_cases[] = {
    { "design_rows", HONE_KIND_DESIGN, "levels that there are, no row twice, the baseline, balance, aliases",
      case_rows },
    { "design_repeats", HONE_KIND_DESIGN, "the same axes, the same rows; a receiver that fails", case_repeats },
    { NULL, NULL, NULL, NULL },
};
