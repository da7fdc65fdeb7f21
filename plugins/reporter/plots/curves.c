/* SPDX-License-Identifier: MIT */
/* Figures of what single trials reported and left: intermediate values, learning curves, confusion matrices. */
#include "figure.h"

#include <stdlib.h>
#include <string.h>

/* ---- intermediate values ---- */

/* Rows with reports to show: the best ones, then evenly out of all others; the best are drawn last. */
static size_t *reporters(struct plots *p, size_t *n)
{
    struct study *s = p->study;
    size_t *rows = study_allocate(s, 2 * FIGURE_CURVES + 1, sizeof *rows),
           *others = study_allocate(s, s->n + 1, sizeof *others);
    uint8_t *taken = study_allocate(s, s->n + 1, 1);
    const size_t best = p->n_order < FIGURE_CURVES ? p->n_order : FIGURE_CURVES;
    size_t left = 0;
    *n = 0;
    if (!rows || !others || !taken)
        return NULL;
    for (size_t i = 0; i < best; i++)
        taken[p->order[i]] = 1;
    for (size_t i = 0; i < s->n; i++)
        if (!taken[i] && s->rows[i].step > 0)
            others[left++] = i;
    const size_t shown = left < FIGURE_CURVES ? left : FIGURE_CURVES;
    for (size_t i = 0; i < shown; i++)
        rows[(*n)++] = others[evenly(i, shown, left)];
    for (size_t i = best; i > 0; i--)
        rows[(*n)++] = p->order[i - 1];
    return rows;
}

hone_rc make_intermediate(struct plots *p, struct figure *figure)
{
    struct study *s = p->study;
    const char *metric = s->record->objectives[p->objective].name;
    size_t n = 0, with_steps = 0;
    const size_t *rows = reporters(p, &n);
    struct panel *panel = rows ? figure_panel(p, figure, "") : NULL;
    if (!panel)
        return HONE_ENOMEM;
    panel->x.label = "step";
    axis_of_objective(p, &panel->y);
    for (size_t i = 0; i < n; i++) {
        const struct row *row = &s->rows[rows[i]];
        double *steps, *values;
        size_t length = 0;
        hone_rc rc = study_curve(s, row->number, &metric, 1, FIGURE_STEPS, &steps, &values, &length);
        if (rc != HONE_OK)
            return rc;
        if (!length)
            continue;
        const int best = p->n_order && rows[i] == p->order[0];
        struct series *line = panel_series(p, panel, study_text(s, "trial %llu", (unsigned long long)row->number),
                                           MARK_LINE, best ? ROLE_BEST : role_of_state(row->state), length, WITH_TRIAL);
        if (!line || !line->name)
            return HONE_ENOMEM;
        for (size_t k = 0; k < length; k++) {
            line->x[k] = steps[k];
            line->y[k] = values[k];
            line->trial[k] = (double)row->number;
        }
    }
    for (size_t i = 0; i < s->n; i++)
        with_steps += s->rows[i].step > 0;
    if (panel->n < with_steps)
        figure->note = study_text(s, "%s of %s trials: the best and every so many", grouped(s, panel->n),
                                  grouped(s, with_steps));
    if (!panel->n) {
        figure->n = 0;
        figure->missing = "no trial has reported steps";
        figure->note = NULL;
        return HONE_OK;
    }
    double *rungs = study_allocate(s, s->n_rungs + 1, sizeof *rungs);
    for (size_t i = 0; i < s->n_rungs && rungs; i++)
        rungs[i] = (double)s->rungs[i];
    panel->rungs = rungs;
    panel->n_rungs = rungs ? (uint32_t)s->n_rungs : 0;
    return HONE_OK;
}

/* ---- learning curves ---- */

/* The name of the metric behind "validation.", or NULL. */
static const char *of_validation(const char *name)
{
    static const char prefix[] = "validation.";
    return strncmp(name, prefix, sizeof prefix - 1) ? NULL : name + sizeof prefix - 1;
}

/* How the same is called on training data: measured as the validation's where that was done, else the running one. */
static uint32_t training_names(struct plots *p, const char *metric, const char **names)
{
    names[0] = study_text(p->study, "diagnosis.train.%s", metric);
    names[1] = study_text(p->study, "train.%s", metric);
    names[2] = study_text(p->study, "training.%s", metric);
    return names[0] && names[1] && names[2] ? 3 : 0;
}

static hone_rc add_curve(struct plots *p, struct panel *panel, const struct row *row, const char *what, uint32_t role,
                         const char *const *names, uint32_t n_names)
{
    double *steps, *values;
    size_t n = 0;
    const hone_rc rc = study_curve(p->study, row->number, names, n_names, FIGURE_LONG, &steps, &values, &n);
    if (rc != HONE_OK || !n)
        return rc;
    struct series *line = panel_series(p, panel,
                                       study_text(p->study, "trial %llu, %s", (unsigned long long)row->number, what),
                                       MARK_LINE, role, n, WITH_TRIAL);
    if (!line || !line->name)
        return HONE_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        line->x[i] = steps[i];
        line->y[i] = values[i];
        line->trial[i] = (double)row->number;
    }
    return HONE_OK;
}

hone_rc make_learning(struct plots *p, struct figure *figure)
{
    enum { MOST_METRICS = 4 };
    struct study *s = p->study;
    const char *const *reported = NULL;
    uint32_t n = 0;
    figure->missing = "no trial is complete yet";
    if (!p->n_order)
        return HONE_OK;
    hone_rc rc = study_reported(s, s->rows[p->order[0]].number, &reported, &n);
    figure->missing = "no metric was reported on training and on validation data";
    for (uint32_t i = 0; i < n && rc == HONE_OK && figure->n < MOST_METRICS; i++) {
        const char *metric = of_validation(reported[i]), *names[3];
        uint32_t both = 0;
        if (!metric)
            continue;
        const uint32_t n_names = training_names(p, metric, names);
        for (uint32_t k = 0; k < n; k++)
            for (uint32_t j = 0; j < n_names; j++)
                both |= !strcmp(reported[k], names[j]);
        if (!both)
            continue;
        struct panel *panel = figure_panel(p, figure, metric);
        if (!panel)
            return HONE_ENOMEM;
        panel->x.label = "step";
        panel->y.label = metric;
        for (size_t t = 0; t < FIGURE_LEARNERS && t < p->n_order && rc == HONE_OK; t++) {
            const struct row *row = &s->rows[p->order[t]];
            rc = add_curve(p, panel, row, "training", ROLE_TRAINING, names, n_names);
            if (rc == HONE_OK)
                rc = add_curve(p, panel, row, "validation", ROLE_VALIDATION, &reported[i], 1);
        }
    }
    if (figure->n)
        figure->missing = NULL;
    return rc;
}

/* ---- matrices ---- */

/* One field of a line of CSV; *at moves behind it. */
static const char *field(struct study *s, const char **at)
{
    const char *from = *at;
    char *text = study_allocate(s, strlen(from) + 1, 1), *to = text;
    if (!text)
        return NULL;
    if (*from == '"') {
        for (from++; *from && (*from != '"' || from[1] == '"'); from++) {
            from += *from == '"';
            *to++ = *from;
        }
        from += *from == '"';
    }
    while (*from && *from != ',' && *from != '\n')
        *to++ = *from++;
    *at = from + (*from == ',');
    return text;
}

struct matrices {
    struct plots *plots;
    struct figure *figure;
    int final; /* some are of the last training of the winner: those count alone */
};

static hone_rc add_matrix(struct plots *p, struct figure *figure, const char *title, const char *text)
{
    enum { MOST = 64 };
    struct study *s = p->study;
    const char *at = text, **names = study_allocate(s, MOST, sizeof *names);
    uint32_t n = 0, rows = 0;
    double *cells = study_allocate(s, MOST * MOST, sizeof *cells);
    if (!names || !cells)
        return HONE_ENOMEM;
    if (*at++ != ',')
        return HONE_OK; /* another table */
    for (; *at && *at != '\n' && n < MOST; n++)
        if (!(names[n] = field(s, &at)))
            return HONE_ENOMEM;
    if (*at != '\n' || n < 2)
        return HONE_OK;
    for (at++; *at && rows < n; rows++, at += *at == '\n') {
        if (!field(s, &at))
            return HONE_ENOMEM;
        for (uint32_t c = 0; c < n && *at && *at != '\n'; c++) {
            char *end;
            cells[(size_t)rows * n + c] = strtod(at, &end);
            if (end == at)
                return HONE_OK;
            at = end + (*end == ',');
        }
    }
    struct panel *panel = rows == n ? figure_panel(p, figure, title) : NULL;
    struct series *series = panel
                                ? panel_series(p, panel, "samples", MARK_CELLS, ROLE_SURFACE, (size_t)n * n, WITH_VALUE)
                                : NULL;
    if (!series)
        return rows == n ? HONE_ENOMEM : HONE_OK;
    const char **upwards = study_allocate(s, n, sizeof *upwards);
    if (!upwards)
        return HONE_ENOMEM;
    series->nx = series->ny = n;
    for (uint32_t r = 0; r < n; r++) { /* the first class on top */
        upwards[r] = names[n - 1 - r];
        memcpy(series->value + (size_t)r * n, cells + (size_t)(n - 1 - r) * n, n * sizeof *cells);
    }
    panel->x = (struct axis){ .label = "predicted", .names = names, .n_names = n, .min = -0.5, .max = n - 0.5 };
    panel->y = (struct axis){ .label = "true", .names = upwards, .n_names = n, .min = -0.5, .max = n - 0.5 };
    panel->value_label = "samples";
    return HONE_OK;
}

static hone_rc on_attachment(void *ctx, const hone_attachment_record *a)
{
    struct matrices *m = ctx;
    if (!a->text || !a->media_type || strcmp(a->media_type, "text/csv") || (m->final && !a->final))
        return HONE_OK;
    if (a->final && !m->final) {
        m->final = 1;
        m->figure->n = 0;
    }
    const char *title = study_text(m->plots->study, "%s%s", a->name, a->final ? " (test)" : "");
    return title ? add_matrix(m->plots, m->figure, title, a->text) : HONE_ENOMEM;
}

hone_rc make_confusion(struct plots *p, struct figure *figure)
{
    struct matrices m = { p, figure, 0 };
    const hone_storage_visitor visitor = { &m, NULL, NULL, NULL, NULL, on_attachment };
    figure->missing = "no trial has left a matrix: [metric.confusion] makes one";
    if (!p->n_order)
        return HONE_OK;
    const hone_rc rc = p->study->view->attachments(
        p->study->view, p->study->index, (int64_t)p->study->rows[p->order[0]].number, &visitor, p->study->err);
    if (figure->n)
        figure->missing = NULL;
    return rc;
}
