/* SPDX-License-Identifier: MIT */
/* From numbers to words: which tables there are, how many digits they show, what is said beside them. */
#include "ablation/tables.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static struct table *add_table(struct tables *t, const char *id, const char *title, const struct table_column *columns,
                               size_t n)
{
    struct table *table = &t->items[t->n++];
    *table = (struct table){ .id = id, .title = strdup(title), .n_columns = n };
    t->failed |= !table->title;
    memcpy(table->columns, columns, n * sizeof *columns);
    return table;
}

static char **add_row(struct tables *t, struct table *table)
{
    if (table->n_rows == table->capacity) {
        const size_t capacity = table->capacity ? 2 * table->capacity : 32;
        char **more = realloc(table->cells, capacity * table->n_columns * sizeof *more);
        if (!more) {
            t->failed = 1;
            return NULL;
        }
        table->cells = more;
        table->capacity = capacity;
    }
    char **row = table->cells + table->n_rows++ * table->n_columns;
    memset(row, 0, table->n_columns * sizeof *row);
    return row;
}

__attribute__((format(printf, 3, 4))) static void put(struct tables *t, char **cell, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (vasprintf(cell, format, args) < 0) {
        *cell = NULL;
        t->failed = 1;
    }
    va_end(args);
}

static void put_number(struct tables *t, char **cell, double value, int decimals, int sign)
{
    if (!isnan(value))
        put(t, cell, sign ? "%+.*f" : "%.*f", decimals, value);
}

static void put_interval(struct tables *t, char **cell, const hone_interval *interval, int decimals, int sign)
{
    if (!isnan(interval->low))
        put(t, cell, sign ? "%+.*f .. %+.*f" : "%.*f .. %.*f", decimals, interval->low, decimals, interval->high);
}

static void put_p(struct tables *t, char **cell, double p)
{
    if (!isnan(p))
        put(t, cell, p < 0.001 ? "%.1e" : "%.4f", p);
}

/* Decimals with which the deviation in the middle of all has two digits. */
static int decimals_of(const struct comparison *c)
{
    const size_t n = c->ablation->n_compared;
    double *deviations = malloc((n + 1) * sizeof *deviations);
    size_t known = 0;
    int decimals = 4;
    for (size_t i = 0; deviations && i < n; i++)
        if (c->cells[i].deviation > 0)
            deviations[known++] = c->cells[i].deviation;
    if (known) {
        hone_sort(deviations, known);
        decimals = 1 - (int)floor(log10(hone_quantile(deviations, known, 0.5)));
    }
    free(deviations);
    return decimals < 0 ? 0 : decimals > 8 ? 8 : decimals;
}

static const char *block_label(const struct ablation *a, const struct ablation_cell *cell)
{
    return a->spec.axes[a->spec.n_axes - 1].levels[cell->block].label;
}

/* ---- the tables ---- */

static void add_cells(struct tables *t, const struct comparison *c, int decimals)
{
    const struct ablation *a = c->ablation;
    const int blocks = a->spec.has_blocks;
    const struct table_column all[] = { { blocks ? a->spec.axes[a->spec.n_axes - 1].name : "", 0 },
                                        { "cell", 0 },
                                        { "n", 1 },
                                        { "mean", 1 },
                                        { "sd", 1 },
                                        { "median", 1 },
                                        { "IQM", 1 },
                                        { "interval of the mean", 1 },
                                        { "by", 0 },
                                        { "s/run", 1 },
                                        { "trials", 1 },
                                        { "failed runs", 1 } };
    struct table *table = add_table(t, "cells", "cells", all + !blocks, sizeof all / sizeof *all - !blocks);
    for (size_t i = 0; i < a->n_compared; i++) {
        const struct cell_summary *s = &c->cells[i];
        char **row = add_row(t, table);
        if (!row)
            return;
        if (blocks)
            put(t, row++, "%s", block_label(a, &a->cells[i]));
        put(t, &row[0], "%s", a->cells[i].label);
        put(t, &row[1], "%zu", s->n);
        put_number(t, &row[2], s->mean, decimals, 0);
        put_number(t, &row[3], s->deviation, decimals, 0);
        put_number(t, &row[4], s->median, decimals, 0);
        put_number(t, &row[5], s->interquartile_mean, decimals, 0);
        put_interval(t, &row[6], &s->interval, decimals, 0);
        if (s->method)
            put(t, &row[7], "%s", s->method);
        if (!isnan(s->seconds))
            put(t, &row[8], "%.3g", s->seconds);
        put(t, &row[9], "%llu", (unsigned long long)s->trials);
        put(t, &row[10], "%zu", s->failed);
    }
}

static void add_comparisons(struct tables *t, const struct comparison *c, int decimals)
{
    static const char *const corrected[] = { "p (Holm)", "p (BH)" };
    const struct ablation *a = c->ablation;
    const int blocks = a->spec.has_blocks;
    char title[160];
    const struct table_column all[] = { { blocks ? a->spec.axes[a->spec.n_axes - 1].name : "", 0 },
                                        { "cell", 0 },
                                        { "pairs", 1 },
                                        { "difference", 1 },
                                        { "interval", 1 },
                                        { "by", 0 },
                                        { "p", 1 },
                                        { corrected[a->spec.raw.correction], 1 },
                                        { "P(better)", 1 },
                                        { "Cliff's delta", 1 } };
    if (a->n_compared <= a->n_blocks)
        return;
    snprintf(title, sizeof title, "against %.120s", a->cells[0].label);
    struct table *table = add_table(t, "comparisons", title, all + !blocks, sizeof all / sizeof *all - !blocks);
    for (size_t i = 0; i < a->n_compared; i++) {
        const struct cell_summary *s = &c->cells[i];
        char **row = s->is_reference ? NULL : add_row(t, table);
        if (!row)
            continue;
        if (blocks)
            put(t, row++, "%s", block_label(a, &a->cells[i]));
        put(t, &row[0], "%s", a->cells[i].label);
        put(t, &row[1], "%zu", s->pairs);
        put_number(t, &row[2], s->difference, decimals, 1);
        put_interval(t, &row[3], &s->difference_interval, decimals, 1);
        if (s->difference_method)
            put(t, &row[4], "%s", s->difference_method);
        put_p(t, &row[5], s->p);
        put_p(t, &row[6], s->p_adjusted);
        put_number(t, &row[7], s->superiority, 2, 0);
        put_number(t, &row[8], s->delta, 2, 1);
    }
}

static void add_effect_name(struct text *out, const struct ablation *a, const size_t *axes, const uint32_t *levels,
                            size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct ablation_axis *axis = &a->spec.axes[axes[i]];
        text_add(out, i ? " x " : "");
        if (levels && axis->n_levels > 2)
            text_addf(out, "%s=%s", axis->name, axis->levels[levels[i]].label);
        else
            text_add(out, axis->name);
    }
}

/* What the effect cannot be told from: "search x dropout (-1/3), ..." */
static void add_aliases_of(struct text *out, const struct ablation *a, const struct effect *e)
{
    for (size_t i = 0; i < a->n_aliases; i++) {
        const struct ablation_alias *alias = &a->aliases[i];
        for (int side = 0; side < 2; side++) {
            const uint32_t *one = side ? alias->with : alias->effect, *other = side ? alias->effect : alias->with;
            const uint32_t n_one = side ? alias->n_with : alias->n_effect;
            const uint32_t n_other = side ? alias->n_effect : alias->n_with;
            if ((int)n_one != e->n_axes || one[0] != e->axes[0] || (n_one == 2 && one[1] != e->axes[1]))
                continue;
            const size_t axes[2] = { other[0], other[1] };
            text_add(out, out->length ? ", " : "");
            if (fabs(alias->correlation) < 1 - 1e-9)
                text_addf(out, "%+.2f ", alias->correlation);
            else if (alias->correlation < 0)
                text_add(out, "-");
            add_effect_name(out, a, axes, NULL, n_other);
        }
    }
}

static void add_effects(struct tables *t, const struct comparison *c, int decimals)
{
    const struct ablation *a = c->ablation;
    const struct table_column columns[] = { { "effect", 0 },       { "n", 1 },      { "size", 1 },
                                            { "interval (t)", 1 }, { "active", 0 }, { "mixed with", 0 } };
    struct text text = TEXT_INIT;
    if (!c->n_effects)
        return;
    struct table *table = add_table(
        t, "effects", a->design_flags & HONE_DESIGN_BALANCED ? "main effects and interactions" : "interactions",
        columns, a->n_aliases ? 6 : 5);
    for (size_t i = 0; i < c->n_effects; i++) {
        const struct effect *e = &c->effects[i];
        char **row = add_row(t, table);
        if (!row)
            break;
        text_clear(&text);
        add_effect_name(&text, a, e->axes, e->levels, (size_t)e->n_axes);
        put(t, &row[0], "%s", text_string(&text));
        put(t, &row[1], "%zu", e->n);
        put_number(t, &row[2], e->value, decimals, 1);
        put_interval(t, &row[3], &e->interval, decimals, 1);
        if (!isnan(e->interval.low) || !isnan(c->lenth_margin))
            put(t, &row[4], "%s", e->active ? "yes" : "no");
        if (a->n_aliases) {
            text_clear(&text);
            add_aliases_of(&text, a, e);
            put(t, &row[5], "%s", text_string(&text));
        }
    }
    t->failed |= text.failed;
    text_release(&text);
}

/* What each change adds, in the unit of the metric and as a share of the whole way. */
static void add_path(struct tables *t, const struct comparison *c, int decimals)
{
    const struct ablation *a = c->ablation;
    const struct table_column columns[] = { { "step", 1 }, { "change", 0 }, { "of", 1 },
                                            { "mean", 1 }, { "gain", 1 },   { "share", 1 } };
    char title[200];
    if (!a->n_path)
        return;
    const double begin = c->cells[a->path_begin].mean, whole = c->cells[a->path_end].mean - begin;
    snprintf(title, sizeof title, "path from the baseline to %.120s", a->cells[a->path_end].label);
    struct table *table = add_table(t, "path", title, columns, 6);
    for (size_t i = 0; i < a->n_path; i++) {
        const struct path_step *step = &a->path[i];
        const struct ablation_axis *axis = &a->spec.axes[step->axis];
        const double before = i ? c->cells[a->path[i - 1].cell].mean : begin, mean = c->cells[step->cell].mean;
        char **row = add_row(t, table);
        if (!row)
            return;
        put(t, &row[0], "%zu", i + 1);
        put(t, &row[1], "%s=%s", axis->name, axis->levels[a->cells[step->cell].levels[step->axis]].label);
        put(t, &row[2], "%zu", step->tried);
        put_number(t, &row[3], mean, decimals, 0);
        put_number(t, &row[4], mean - before, decimals, 1);
        const double share = 100 * (mean - before) / whole;
        put(t, &row[5], "%.0f %%", fabs(share) < 0.5 ? 0 : share);
    }
}

static void add_ranks(struct tables *t, const struct comparison *c)
{
    const struct table_column columns[] = { { "cell", 0 }, { "mean rank", 1 } };
    const struct ranking *r = &c->ranking;
    if (!r->ranks)
        return;
    struct table *table = add_table(t, "ranks", "average ranks", columns, 2);
    for (size_t i = 0; i < r->n_rows; i++) {
        char **row = add_row(t, table);
        if (!row)
            return;
        put(t, &row[0], "%s", c->ablation->cells[i].label);
        put_number(t, &row[1], r->ranks[i], 2, 0);
    }
}

/* ---- what is said beside them ---- */

static void note_runs(struct text *notes, const struct comparison *c)
{
    const struct ablation *a = c->ablation;
    size_t missing = 0, failed = 0;
    for (size_t i = 0; i < a->n_compared; i++)
        for (size_t k = 0; k < a->n_seeds; k++) {
            missing += a->cells[i].runs[k].state < RUN_DONE;
            failed += a->cells[i].runs[k].state == RUN_FAILED;
        }
    if (missing)
        text_addf(notes, "%zu of %zu runs are missing.\n", missing, a->n_compared * a->n_seeds);
    if (failed)
        text_addf(notes, "%zu runs failed; they count as the worst run of all.\n", failed);
    for (size_t i = 0; i < a->n_compared; i++)
        for (size_t k = 0; k < a->n_seeds; k++)
            if (a->cells[i].runs[k].state == RUN_FAILED)
                text_addf(notes, "  %s seed %lld: %s\n", a->cells[i].label, (long long)a->cells[i].runs[k].seed,
                          a->cells[i].runs[k].why ? a->cells[i].runs[k].why : "it gave no reason");
}

static void note_tests(struct text *notes, const struct comparison *c)
{
    const struct ablation *a = c->ablation;
    const double alpha = 1 - a->spec.raw.level;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < a->n_compared; i++)
        if (!c->cells[i].is_reference && c->cells[i].pairs < least)
            least = c->cells[i].pairs;
    if (least == SIZE_MAX)
        return;
    if (least < c->needed)
        text_addf(notes,
                  "No p-values: with %zu pairs and %zu comparison%s a signed-rank test cannot come out below %.3g; "
                  "that takes "
                  "%zu seeds.\n",
                  least, c->comparisons, c->comparisons == 1 ? "" : "s", alpha, c->needed);
    else
        text_addf(
            notes,
            "p: Wilcoxon signed-rank, two-sided, on pairs of equal seeds; corrected over %zu comparison%s (%s).\n",
            c->comparisons, c->comparisons == 1 ? "" : "s",
            a->spec.raw.correction == CORRECT_HOLM ? "Holm" : "Benjamini and Hochberg");
    if (least < LEAST_FOR_INTERVAL)
        text_addf(notes, "No intervals: they take %d runs.\n", (int)LEAST_FOR_INTERVAL);
    else if (least < LEAST_FOR_TEST)
        text_addf(notes, "Fewer than %d runs: what is seen here may well be chance.\n", (int)LEAST_FOR_TEST);
    text_add(notes,
             "P(better): share of the seeds at which a cell beats the reference, ties half; Cliff's delta: 2 P - 1.\n");
}

static void note_effects(struct text *notes, const struct comparison *c)
{
    const struct ablation *a = c->ablation;
    if (!c->n_effects)
        return;
    if (!isnan(c->lenth_margin))
        text_addf(
            notes,
            "One run a cell: an effect is called active beyond Lenth's margin %.4g (pseudo standard error %.4g).\n",
            c->lenth_margin, c->lenth_error);
    else
        text_add(notes,
                 "An effect is computed at each seed and called active where the interval over the seeds leaves out 0; "
                 "not corrected for their number.\n");
    text_addf(notes, "Size: mean with the change less mean without it%s.\n",
              a->design_flags & HONE_DESIGN_INTERACTIONS
                  ? "; of two, half of what the one changes where the other is, less where it is not"
                  : "");
}

static void note_ranks(struct text *notes, const struct comparison *c)
{
    const struct ranking *r = &c->ranking;
    if (c->refused[0])
        text_addf(notes, "%s.\n", c->refused);
    if (r->ranks)
        text_addf(notes,
                  "Friedman: chi2 %.4g, p %.3g (Iman and Davenport: F %.4g, p %.3g) over %zu blocks. Mean ranks "
                  "further apart "
                  "than %.3f differ (Nemenyi).\n",
                  r->friedman.statistic, r->friedman.p, r->friedman.f, r->friedman.p_f, r->n_blocks, r->difference);
}

static void add_heading(struct text *out, const struct comparison *c)
{
    const struct ablation *a = c->ablation;
    static const char *const parts[] = { "training", "split of the data", "search" };
    int n = 0;
    text_addf(out, "%s: %s, %s is better; design %s, %zu cell%s, %zu seed%s; varied:", a->base.study.name, a->metric,
              c->maximize ? "more" : "less", a->design->name, a->n_compared, a->n_compared == 1 ? "" : "s", a->n_seeds,
              a->n_seeds == 1 ? "" : "s");
    for (unsigned i = 0; i < 3; i++)
        if (a->spec.vary & 1u << i)
            text_addf(out, "%s %s", n++ ? "," : "", parts[i]);
    text_add(out, "; baseline:");
    for (size_t i = 0; i < a->spec.n_design; i++)
        text_addf(out, "%s %s=%s", i ? "," : "", a->spec.axes[i].name,
                  a->spec.axes[i].levels[a->spec.axes[i].baseline].label);
}

void tables_make(struct tables *t, const struct comparison *c)
{
    char level[16];
    const int decimals = decimals_of(c);
    *t = (struct tables){ 0 };
    snprintf(level, sizeof level, "%g", 100 * c->ablation->spec.raw.level);
    add_heading(&t->heading, c);
    add_cells(t, c, decimals);
    add_comparisons(t, c, decimals);
    add_effects(t, c, decimals);
    add_ranks(t, c);
    add_path(t, c, decimals);
    text_addf(&t->notes, "Intervals are at %s %%.\n", level);
    note_tests(&t->notes, c);
    note_effects(&t->notes, c);
    note_ranks(&t->notes, c);
    note_runs(&t->notes, c);
    t->failed |= t->notes.failed | t->heading.failed;
}

void tables_release(struct tables *t)
{
    for (size_t i = 0; i < t->n; i++) {
        for (size_t k = 0; k < t->items[i].n_rows * t->items[i].n_columns; k++)
            free(t->items[i].cells[k]);
        free(t->items[i].cells);
        free(t->items[i].title);
    }
    text_release(&t->notes);
    text_release(&t->heading);
    *t = (struct tables){ 0 };
}
