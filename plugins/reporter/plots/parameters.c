/* SPDX-License-Identifier: MIT */
/* Figures of parameters: slices, parallel coordinates, pairs, importance. */
#include "figure.h"

#include <stdlib.h>
#include <string.h>

/* ---- importance ---- */

struct gathering {
    struct plots *plots;
    hone_importance *all;
    uint32_t n, most;
};

static hone_rc on_importance(void *ctx, const hone_importance *one)
{
    struct gathering *g = ctx;
    if (one->dim_b == UINT32_MAX && one->dim_a < g->plots->study->d && g->n < g->most)
        g->all[g->n++] = *one;
    return HONE_OK;
}

static int compare(const void *a, const void *b)
{
    const hone_importance *p = a, *q = b;
    if (p->importance < q->importance || p->importance > q->importance)
        return p->importance < q->importance ? 1 : -1;
    return (p->dim_a > q->dim_a) - (p->dim_a < q->dim_a);
}

static hone_rc evaluate(struct plots *p, const char *method, hone_importance **all, uint32_t *n, char *missing,
                        size_t size)
{
    struct study *s = p->study;
    hone_error err = HONE_ERROR_INIT;
    struct gathering g = { p, study_allocate(s, s->d + 1u, sizeof *g.all), 0, s->d };
    *all = g.all;
    *n = 0;
    missing[0] = '\0';
    if (!g.all)
        return HONE_ENOMEM;
    const hone_rc rc = s->view->importance(s->view, s->index, method, p->objective, FIGURE_SAMPLES, on_importance, &g,
                                           &err);
    if (rc == HONE_ENOMEM)
        return hone_fail(s->err, rc, NULL, "%s", err.msg);
    if (rc != HONE_OK) {
        snprintf(missing, size, "%s", err.msg[0] ? err.msg : "the method gave no reason");
        return HONE_OK;
    }
    qsort(g.all, g.n, sizeof *g.all, compare);
    *n = g.n;
    return HONE_OK;
}

hone_rc plots_importance(struct plots *p)
{
    if (p->importance_known)
        return HONE_OK;
    p->importance_known = 1;
    return evaluate(p, NULL, &p->importance, &p->n_importance, p->importance_missing, sizeof p->importance_missing);
}

static hone_rc importance_panel(struct plots *p, struct figure *figure, const char *method, const hone_importance *all,
                                uint32_t n)
{
    struct study *s = p->study;
    struct panel *panel = figure_panel(p, figure, method);
    const char **names = study_allocate(s, n, sizeof *names);
    struct series *bars = panel && names ? panel_series(p, panel, method, MARK_BARS, ROLE_COMPLETE, n, WITH_X2) : NULL;
    if (!bars)
        return HONE_ENOMEM;
    panel->x.label = "importance";
    panel->y = (struct axis){ .label = "", .names = names, .n_names = n };
    for (uint32_t i = 0; i < n; i++) { /* the largest on top */
        const hone_importance *one = &all[n - 1 - i];
        names[i] = s->dims[one->dim_a].key;
        bars->x[i] = one->importance;
        bars->x2[i] = one->deviation;
        bars->y[i] = i;
    }
    return HONE_OK;
}

hone_rc make_importance(struct plots *p, struct figure *figure)
{
    struct study *s = p->study;
    const char *method;
    char missing[256];
    for (uint32_t i = 0; (method = s->view->importance_method(s->view, i)) != NULL; i++) {
        hone_importance *all;
        uint32_t n;
        const hone_rc rc = evaluate(p, method, &all, &n, missing, sizeof missing);
        if (rc != HONE_OK || (n && importance_panel(p, figure, method, all, n) != HONE_OK))
            return HONE_ENOMEM;
        if (missing[0] && !figure->missing)
            figure->missing = study_text(s, "%s", missing);
    }
    if (figure->n)
        figure->missing = NULL;
    if (p->n_order > FIGURE_SAMPLES)
        figure->note = study_text(s, "from %s of %s trials", grouped(s, FIGURE_SAMPLES), grouped(s, p->n_order));
    return HONE_OK;
}

/* ---- slice ---- */

static int varies(const struct dimension *dim)
{
    return dim->min < dim->max;
}

hone_rc make_slice(struct plots *p, struct figure *figure)
{
    const struct study *s = p->study;
    for (uint32_t i = 0; i < s->d; i++) {
        if (!varies(&s->dims[i]))
            continue;
        struct panel *panel = figure_panel(p, figure, s->dims[i].key);
        if (!panel)
            return HONE_ENOMEM;
        axis_of_dim(&panel->x, &s->dims[i]);
        axis_of_objective(p, &panel->y);
        panel->value_label = "trial";
        const hone_rc rc = panel_scatter(p, figure, panel, coordinate_dim, i, coordinate_objective, p->objective,
                                         coordinate_number, 0);
        if (rc != HONE_OK)
            return rc;
        if (!panel->n)
            figure->n--;
    }
    if (!s->d)
        figure->missing = "the study searches no parameter";
    return HONE_OK;
}

/* ---- parallel coordinates ---- */

/* The best ones, and as many evenly out of the others in the order of their values. */
static size_t *best_and_others(struct plots *p, size_t most, size_t *n)
{
    size_t *rows = study_allocate(p->study, 2 * most + 1, sizeof *rows);
    const size_t best = p->n_order < most ? p->n_order : most, left = p->n_order - best,
                 others = left < most ? left : most;
    *n = 0;
    for (size_t i = 0; i < best && rows; i++)
        rows[(*n)++] = p->order[i];
    for (size_t i = 0; i < others && rows; i++)
        rows[(*n)++] = p->order[best + evenly(i, others, left)];
    return rows;
}

hone_rc make_parallel(struct plots *p, struct figure *figure)
{
    struct study *s = p->study;
    size_t n = 0;
    const size_t *rows = best_and_others(p, FIGURE_LINES, &n);
    if (!rows)
        return HONE_ENOMEM;
    if (!n || !s->d) {
        figure->missing = s->d ? "no trial is complete yet" : "the study searches no parameter";
        return HONE_OK;
    }
    struct panel *panel = figure_panel(p, figure, "");
    if (!panel || !(panel->axes = study_allocate(s, s->d + 1u, sizeof *panel->axes)))
        return HONE_ENOMEM;
    uint32_t *dims = study_allocate(s, s->d, sizeof *dims);
    for (uint32_t i = 0; dims && i < s->d; i++)
        if (varies(&s->dims[i])) {
            dims[panel->n_axes] = i;
            axis_of_dim(&panel->axes[panel->n_axes++], &s->dims[i]);
        }
    struct axis *last = &panel->axes[panel->n_axes++];
    axis_of_objective(p, last);
    last->min = HUGE_VAL;
    last->max = -HUGE_VAL;
    panel->value_label = last->label;
    struct series *lines = panel_series(p, panel, "trials", MARK_ROWS, ROLE_COMPLETE, n, WITH_TRIAL);
    if (!lines || !dims || !(lines->value = study_allocate(s, n * panel->n_axes, sizeof *lines->value)))
        return HONE_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct row *row = &s->rows[rows[i]];
        double *to = lines->value + i * panel->n_axes;
        for (uint32_t k = 0; k + 1 < panel->n_axes; k++)
            to[k] = row_x(row, dims[k]);
        to[panel->n_axes - 1] = row->values[p->objective];
        last->min = fmin(last->min, row->values[p->objective]);
        last->max = fmax(last->max, row->values[p->objective]);
        lines->trial[i] = (double)row->number;
        lines->x[i] = (double)row->number;
        lines->y[i] = row->values[p->objective];
    }
    if (n < p->n_order)
        figure->note = study_text(s, "%s of %s trials: the best and every so many", grouped(s, n),
                                  grouped(s, p->n_order));
    return HONE_OK;
}

/* ---- pairs ---- */

/* Up to FIGURE_PAIRED parameters that vary: the most important ones where that is known, else the first. */
static hone_rc paired_dims(struct plots *p, uint32_t *dims, uint32_t *n)
{
    const struct study *s = p->study;
    const hone_rc rc = plots_importance(p);
    *n = 0;
    for (uint32_t i = 0; i < p->n_importance && *n < FIGURE_PAIRED; i++)
        if (varies(&s->dims[p->importance[i].dim_a]))
            dims[(*n)++] = p->importance[i].dim_a;
    for (uint32_t i = 0; i < s->d && !p->n_importance && *n < FIGURE_PAIRED; i++)
        if (varies(&s->dims[i]))
            dims[(*n)++] = i;
    return rc;
}

struct sample {
    double u, v, value;
};

/* Of the kernel, in lengths of the axes, for n trials. */
static double width_of(size_t n)
{
    return 0.25 * pow((double)n, -1.0 / 6);
}

/* Cells along an axis: what is smoothed has nothing to show that is finer than a third of the kernel's width. */
static uint32_t cells_of(size_t n)
{
    enum { LEAST = 16, MOST = 32 };
    const double wanted = ceil(3 / width_of(n));
    return wanted < LEAST ? LEAST : wanted > MOST ? MOST : (uint32_t)wanted;
}

/* Nadaraya-Watson with a Gaussian kernel (Nadaraya 1964, "On estimating regression"), its width by Scott's rule in two
 * dimensions, n^(-1/6) of the axes' length / 4; blank where no trial is near. */
static void smooth(struct series *cells, const struct sample *samples, size_t n)
{
    const double h = width_of(n), factor = -0.5 / (h * h), least = exp(factor * 4 * h * h);
    for (uint32_t j = 0; j < cells->ny; j++)
        for (uint32_t i = 0; i < cells->nx; i++) {
            const double u = (i + 0.5) / cells->nx, v = (j + 0.5) / cells->ny;
            double weights = 0, sum = 0;
            for (size_t k = 0; k < n; k++) {
                const double du = samples[k].u - u, dv = samples[k].v - v, weight = exp(factor * (du * du + dv * dv));
                weights += weight;
                sum += weight * samples[k].value;
            }
            cells->value[(size_t)j * cells->nx + i] = weights > least ? sum / weights : (double)NAN;
        }
}

static hone_rc contour_panel(struct plots *p, struct figure *figure, uint32_t a, uint32_t b)
{
    enum { SHOWN = 300 };
    struct study *s = p->study;
    struct panel *panel = figure_panel(p, figure, "");
    struct sample *samples = study_allocate(s, FIGURE_SAMPLES + 1, sizeof *samples);
    const size_t most = p->n_order < FIGURE_SAMPLES ? p->n_order : FIGURE_SAMPLES;
    size_t n = 0;
    if (!panel || !samples)
        return HONE_ENOMEM;
    axis_of_dim(&panel->x, &s->dims[a]);
    axis_of_dim(&panel->y, &s->dims[b]);
    panel->value_label = s->record->objectives[p->objective].name;
    for (size_t i = 0; i < most; i++) {
        const struct row *row = &s->rows[p->order[evenly(i, most, p->n_order)]];
        samples[n] = (struct sample){ axis_unit(&panel->x, row_x(row, a)), axis_unit(&panel->y, row_x(row, b)),
                                      row->values[p->objective] };
        n += isfinite(samples[n].u) && isfinite(samples[n].v);
    }
    if (!n) {
        figure->n--;
        return HONE_OK;
    }
    const uint32_t nx = panel->x.names ? panel->x.n_names : cells_of(n),
                   ny = panel->y.names ? panel->y.n_names : cells_of(n);
    struct series *cells = panel_series(p, panel, panel->value_label, MARK_CELLS, ROLE_SURFACE, (size_t)nx * ny,
                                        WITH_VALUE);
    if (!cells)
        return HONE_ENOMEM;
    cells->nx = nx;
    cells->ny = ny;
    smooth(cells, samples, n);
    const size_t shown = p->n_order < SHOWN ? p->n_order : SHOWN;
    struct series *points = panel_series(p, panel, "best trials", MARK_POINTS, ROLE_OTHER, shown, WITH_TRIAL);
    if (!points)
        return HONE_ENOMEM;
    points->n = 0;
    for (size_t i = 0; i < shown; i++) {
        const struct row *row = &s->rows[p->order[i]];
        points->x[points->n] = row_x(row, a);
        points->y[points->n] = row_x(row, b);
        points->trial[points->n] = (double)row->number;
        points->n += isfinite(row_x(row, a)) && isfinite(row_x(row, b));
    }
    return HONE_OK;
}

static hone_rc rank_panel(struct plots *p, struct figure *figure, uint32_t a, uint32_t b)
{
    struct study *s = p->study;
    struct panel *panel = figure_panel(p, figure, "");
    size_t n = 0;
    const size_t *rows = best_and_others(p, FIGURE_LINES, &n);
    size_t *place = study_allocate(s, s->n + 1, sizeof *place);
    struct series *points = panel && rows && place ? panel_series(p, panel, "trials", MARK_POINTS, ROLE_COMPLETE, n,
                                                                  WITH_TRIAL | WITH_VALUE)
                                                   : NULL;
    if (!points)
        return HONE_ENOMEM;
    axis_of_dim(&panel->x, &s->dims[a]);
    axis_of_dim(&panel->y, &s->dims[b]);
    panel->value_label = "rank, 0 the best";
    for (size_t i = 0; i < p->n_order; i++)
        place[p->order[i]] = i;
    points->n = 0;
    for (size_t i = n; i > 0; i--) { /* the best are drawn last */
        const struct row *row = &s->rows[rows[i - 1]];
        points->x[points->n] = row_x(row, a);
        points->y[points->n] = row_x(row, b);
        points->trial[points->n] = (double)row->number;
        points->value[points->n] = p->n_order > 1 ? (double)place[rows[i - 1]] / (double)(p->n_order - 1) : 0;
        points->n += isfinite(row_x(row, a)) && isfinite(row_x(row, b));
    }
    if (!points->n)
        figure->n--;
    if (n < p->n_order)
        figure->note = study_text(s, "%s of %s trials", grouped(s, n), grouped(s, p->n_order));
    return HONE_OK;
}

static hone_rc each_pair(struct plots *p, struct figure *figure,
                         hone_rc (*panel)(struct plots *, struct figure *, uint32_t, uint32_t))
{
    uint32_t dims[FIGURE_PAIRED], n = 0;
    if (p->n_order < 2) {
        figure->missing = "fewer than two trials are complete";
        return HONE_OK;
    }
    hone_rc rc = paired_dims(p, dims, &n);
    if (n < 2)
        figure->missing = "fewer than two parameters vary";
    for (uint32_t i = 0; i < n && n > 1; i++)
        for (uint32_t k = i + 1; k < n && rc == HONE_OK; k++)
            rc = panel(p, figure, dims[i], dims[k]);
    return rc;
}

hone_rc make_contour(struct plots *p, struct figure *figure)
{
    const hone_rc rc = each_pair(p, figure, contour_panel);
    if (p->n_order > FIGURE_SAMPLES)
        figure->note = study_text(p->study, "from %s of %s trials, the best 300 as points",
                                  grouped(p->study, FIGURE_SAMPLES), grouped(p->study, p->n_order));
    return rc;
}

hone_rc make_rank(struct plots *p, struct figure *figure)
{
    return each_pair(p, figure, rank_panel);
}
