/* SPDX-License-Identifier: MIT */
/* Results with all their digits: json (which the storage keeps, too) and csv. */
#include "ablation/tables.h"

#include <math.h>
#include <string.h>

enum { CURVE_SECONDS = 50 /* points of a curve against seconds */ };

static void key(struct text *out, const char *name)
{
    text_add_json_string(out, name);
    text_add(out, ": ");
}

static void number(struct text *out, const char *name, double value)
{
    text_add(out, ", ");
    key(out, name);
    text_add_json_number(out, value);
}

static void string(struct text *out, const char *name, const char *value)
{
    text_add(out, ", ");
    key(out, name);
    text_add_json_string(out, value);
}

static void interval(struct text *out, const char *name, const hone_interval *value)
{
    text_add(out, ", ");
    key(out, name);
    if (isnan(value->low)) {
        text_add(out, "null");
        return;
    }
    text_add(out, "[");
    text_add_json_number(out, value->low);
    text_add(out, ", ");
    text_add_json_number(out, value->high);
    text_add(out, "]");
}

static void numbers(struct text *out, const char *name, const double *values, size_t n)
{
    text_add(out, ", ");
    key(out, name);
    for (size_t i = 0; i < n; i++) {
        text_add(out, i ? ", " : "[");
        text_add_json_number(out, values[i]);
    }
    text_add(out, n ? "]" : "[]");
}

static void add_curve(struct text *out, const char *name, const char *unit, const struct curve *curve)
{
    text_add(out, ", ");
    key(out, name);
    text_add(out, "{\"by\": ");
    text_add_json_string(out, unit);
    numbers(out, "at", curve->at, curve->n);
    numbers(out, "mean", curve->mean, curve->n);
    numbers(out, "low", curve->low, curve->n);
    numbers(out, "high", curve->high, curve->n);
    text_add(out, "}");
}

static hone_rc add_curves(const struct comparison *c, size_t cell, struct text *out, hone_error *err)
{
    struct curve curve = { 0 };
    hone_rc rc = curve_by_trials(c, cell, &curve, err);
    if (rc == HONE_OK)
        add_curve(out, "best_by_trials", "trials", &curve);
    curve_release(&curve);
    if (rc == HONE_OK && (rc = curve_by_seconds(c, cell, CURVE_SECONDS, &curve, err)) == HONE_OK)
        add_curve(out, "best_by_seconds", "seconds", &curve);
    curve_release(&curve);
    return rc;
}

static void add_runs(const struct comparison *c, size_t cell, struct text *out)
{
    static const char *const states[] = { "missing", "partial", "complete", "failed" };
    const struct ablation *a = c->ablation;
    text_add(out, ", \"runs\": [");
    for (size_t k = 0; k < a->n_seeds; k++) {
        const struct ablation_run *run = &a->cells[cell].runs[k];
        text_addf(out, "%s{\"seed\": %lld", k ? ", " : "", (long long)run->seed);
        string(out, "study", run->study);
        string(out, "state", states[run->state]);
        number(out, "value", run->value);
        number(out, "seconds", run->seconds);
        number(out, "trials", (double)run->trials);
        number(out, "failed_trials", (double)run->failed);
        if (run->state == RUN_FAILED && run->why)
            string(out, "why", run->why);
        text_add(out, "}");
    }
    text_add(out, "]");
}

static hone_rc add_cell(const struct comparison *c, size_t i, struct text *out, hone_error *err)
{
    const struct ablation *a = c->ablation;
    const struct ablation_cell *cell = &a->cells[i];
    const struct cell_summary *s = &c->cells[i];
    text_add(out, "{\"cell\": ");
    text_add_json_string(out, cell->label);
    if (a->spec.has_blocks)
        string(out, "block", a->spec.axes[a->spec.n_axes - 1].levels[cell->block].label);
    text_add(out, ", \"levels\": {");
    for (size_t k = 0; k < a->spec.n_axes; k++) {
        text_add(out, k ? ", " : "");
        key(out, a->spec.axes[k].name);
        text_add_json_string(out, a->spec.axes[k].levels[cell->levels[k]].label);
    }
    text_addf(out, "}, \"reference\": %s", s->is_reference ? "true" : "false");
    number(out, "n", (double)s->n);
    number(out, "mean", s->mean);
    number(out, "deviation", s->deviation);
    number(out, "median", s->median);
    number(out, "interquartile_mean", s->interquartile_mean);
    interval(out, "interval", &s->interval);
    string(out, "interval_method", s->method);
    number(out, "pairs", (double)s->pairs);
    number(out, "difference", s->difference);
    interval(out, "difference_interval", &s->difference_interval);
    string(out, "difference_interval_method", s->difference_method);
    number(out, "p", s->p);
    number(out, "p_adjusted", s->p_adjusted);
    number(out, "superiority", s->superiority);
    number(out, "cliffs_delta", s->delta);
    number(out, "seconds", s->seconds);
    number(out, "trials", (double)s->trials);
    number(out, "failed_runs", (double)s->failed);
    add_runs(c, i, out);
    const hone_rc rc = cell->searched ? add_curves(c, i, out, err) : HONE_OK;
    text_add(out, "}");
    return rc;
}

static void add_axes(const struct ablation *a, struct text *out, const char *name, const size_t *axes, size_t n)
{
    text_add(out, ", ");
    key(out, name);
    for (size_t i = 0; i < n; i++) {
        text_add(out, i ? ", " : "[");
        text_add_json_string(out, a->spec.axes[axes[i]].name);
    }
    text_add(out, "]");
}

static void add_effects(const struct comparison *c, struct text *out)
{
    const struct ablation *a = c->ablation;
    text_add(out, ",\n \"effects\": [");
    for (size_t i = 0; i < c->n_effects; i++) {
        const struct effect *e = &c->effects[i];
        text_addf(out, "%s{\"n\": %zu", i ? ",\n  " : "\n  ", e->n);
        add_axes(a, out, "axes", e->axes, (size_t)e->n_axes);
        text_add(out, ", \"levels\": [");
        for (int k = 0; k < e->n_axes; k++) {
            text_add(out, k ? ", " : "");
            text_add_json_string(out, a->spec.axes[e->axes[k]].levels[e->levels[k]].label);
        }
        text_add(out, "]");
        number(out, "size", e->value);
        interval(out, "interval", &e->interval);
        text_addf(out, ", \"active\": %s}", e->active ? "true" : "false");
    }
    text_add(out, "],\n \"aliases\": [");
    for (size_t i = 0; i < a->n_aliases; i++) {
        const struct ablation_alias *alias = &a->aliases[i];
        const size_t effect[2] = { alias->effect[0], alias->effect[1] }, with[2] = { alias->with[0], alias->with[1] };
        text_add(out, i ? ",\n  {\"correlation\": " : "\n  {\"correlation\": ");
        text_add_json_number(out, alias->correlation);
        add_axes(a, out, "effect", effect, alias->n_effect);
        add_axes(a, out, "with", with, alias->n_with);
        text_add(out, "}");
    }
    text_add(out, "]");
    if (!isnan(c->lenth_margin)) {
        text_add(out, ",\n \"lenth\": {\"level\": ");
        text_add_json_number(out, a->spec.raw.level);
        number(out, "pseudo_standard_error", c->lenth_error);
        number(out, "margin", c->lenth_margin);
        text_add(out, "}");
    }
}

static void add_ranking(const struct comparison *c, struct text *out)
{
    const struct ranking *r = &c->ranking;
    if (!r->ranks)
        return;
    text_addf(out, ",\n \"ranks\": {\"blocks\": %zu", r->n_blocks);
    number(out, "friedman", r->friedman.statistic);
    number(out, "p", r->friedman.p);
    number(out, "f", r->friedman.f);
    number(out, "p_f", r->friedman.p_f);
    number(out, "critical_difference", r->difference);
    text_add(out, ", \"mean_ranks\": {");
    for (size_t i = 0; i < r->n_rows; i++) {
        text_add(out, i ? ", " : "");
        key(out, c->ablation->cells[i].label);
        text_add_json_number(out, r->ranks[i]);
    }
    text_add(out, "}}");
}

static void add_path(const struct comparison *c, struct text *out)
{
    const struct ablation *a = c->ablation;
    if (!a->n_path)
        return;
    text_add(out, ",\n \"path\": {\"begin\": ");
    text_add_json_string(out, a->cells[a->path_begin].label);
    string(out, "end", a->cells[a->path_end].label);
    text_add(out, ", \"steps\": [");
    for (size_t i = 0; i < a->n_path; i++) {
        const struct path_step *step = &a->path[i];
        const struct ablation_cell *cell = &a->cells[step->cell];
        text_add(out, i ? ", {\"axis\": " : "{\"axis\": ");
        text_add_json_string(out, a->spec.axes[step->axis].name);
        string(out, "level", a->spec.axes[step->axis].levels[cell->levels[step->axis]].label);
        string(out, "cell", cell->label);
        number(out, "tried", (double)step->tried);
        number(out, "mean", c->cells[step->cell].mean);
        text_add(out, "}");
    }
    text_add(out, "]}");
}

hone_rc export_json(const struct comparison *c, struct text *out, hone_error *err)
{
    const struct ablation *a = c->ablation;
    struct tables tables;
    hone_rc rc = HONE_OK;
    text_add(out, "{\"ablation\": ");
    text_add_json_string(out, a->base.study.name);
    string(out, "metric", a->metric);
    string(out, "direction", c->maximize ? "max" : "min");
    string(out, "design", a->design->name);
    number(out, "seeds", (double)a->n_seeds);
    number(out, "level", a->spec.raw.level);
    number(out, "comparisons", (double)c->comparisons);
    string(out, "correction", a->spec.raw.correction == CORRECT_HOLM ? "holm" : "benjamini_hochberg");
    if (a->objective)
        string(out, "objective", a->objective);
    text_add(out, ",\n \"cells\": [");
    for (size_t i = 0; i < a->n_compared && rc == HONE_OK; i++) {
        text_add(out, i ? ",\n  " : "\n  ");
        rc = add_cell(c, i, out, err);
    }
    text_add(out, "]");
    add_effects(c, out);
    add_ranking(c, out);
    add_path(c, out);
    tables_make(&tables, c);
    text_add(out, ",\n \"notes\": ");
    text_add_json_string(out, text_string(&tables.notes));
    text_add(out, "}\n");
    const int failed = tables.failed || out->failed;
    tables_release(&tables);
    return rc == HONE_OK && failed ? hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the table") : rc;
}

/* ---- csv ---- */

static void csv_text(struct text *out, const char *cell)
{
    if (!strpbrk(cell, ",\"\n")) {
        text_add(out, cell);
        return;
    }
    text_add(out, "\"");
    for (; *cell; cell++)
        text_add_bytes(out, *cell == '"' ? "\"\"" : cell, *cell == '"' ? 2 : 1);
    text_add(out, "\"");
}

static void csv_number(struct text *out, double value)
{
    text_add(out, ",");
    if (!isnan(value))
        text_add_number(out, value);
}

static void csv_names(const struct comparison *c, const struct ablation_cell *cell, struct text *out)
{
    const struct ablation *a = c->ablation;
    for (size_t k = 0; k < a->spec.n_axes; k++) {
        csv_text(out, a->spec.axes[k].levels[cell->levels[k]].label);
        text_add(out, ",");
    }
    csv_text(out, cell->label);
}

static void csv_titles(const struct comparison *c, const char *rest, struct text *out)
{
    for (size_t k = 0; k < c->ablation->spec.n_axes; k++) {
        csv_text(out, c->ablation->spec.axes[k].name);
        text_add(out, ",");
    }
    text_addf(out, "cell,%s\n", rest);
}

hone_rc export_csv(const struct comparison *c, struct text *out, hone_error *err)
{
    const struct ablation *a = c->ablation;
    csv_titles(
        c,
        "n,mean,deviation,median,interquartile_mean,low,high,method,pairs,difference,difference_low,difference_high,p,"
        "p_adjusted,superiority,cliffs_delta,seconds,trials,failed_trials,failed_runs",
        out);
    for (size_t i = 0; i < a->n_compared; i++) {
        const struct cell_summary *s = &c->cells[i];
        csv_names(c, &a->cells[i], out);
        const double first[] = { (double)s->n,          s->mean,         s->deviation,    s->median,
                                 s->interquartile_mean, s->interval.low, s->interval.high };
        const double second[] = { (double)s->pairs,
                                  s->difference,
                                  s->difference_interval.low,
                                  s->difference_interval.high,
                                  s->p,
                                  s->p_adjusted,
                                  s->superiority,
                                  s->delta,
                                  s->seconds,
                                  (double)s->trials,
                                  (double)s->failed_trials,
                                  (double)s->failed };
        for (size_t k = 0; k < sizeof first / sizeof *first; k++)
            csv_number(out, first[k]);
        text_addf(out, ",%s", s->method ? s->method : "");
        for (size_t k = 0; k < sizeof second / sizeof *second; k++)
            csv_number(out, second[k]);
        text_add(out, "\n");
    }
    return out->failed ? hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the table") : HONE_OK;
}

static void csv_curve(const struct comparison *c, const struct curve *curve, const char *by, struct text *out)
{
    for (size_t i = 0; i < curve->n; i++) {
        csv_names(c, curve->cell, out);
        text_addf(out, ",%s", by);
        csv_number(out, curve->at[i]);
        csv_number(out, curve->mean[i]);
        csv_number(out, curve->low[i]);
        csv_number(out, curve->high[i]);
        text_add(out, "\n");
    }
}

hone_rc export_curves_csv(const struct comparison *c, struct text *out, hone_error *err)
{
    hone_rc rc = HONE_OK;
    csv_titles(c, "by,at,mean,low,high", out);
    for (size_t i = 0; i < c->ablation->n_compared && rc == HONE_OK; i++) {
        struct curve curve = { 0 };
        if (!c->ablation->cells[i].searched)
            continue;
        if ((rc = curve_by_trials(c, i, &curve, err)) == HONE_OK)
            csv_curve(c, &curve, "trials", out);
        curve_release(&curve);
        if (rc == HONE_OK && (rc = curve_by_seconds(c, i, CURVE_SECONDS, &curve, err)) == HONE_OK)
            csv_curve(c, &curve, "seconds", out);
        curve_release(&curve);
    }
    return rc == HONE_OK && out->failed ? hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the curves") : rc;
}
