/* SPDX-License-Identifier: MIT */
/* What all figures share: memory, axes, scatters that thin themselves out. */
#include "figure.h"

#include <stdlib.h>
#include <string.h>

const struct figure_kind figure_kinds[] = {
    { "history", "Optimization history", "Values of all trials in their order, and the best so far.", make_history },
    { "intermediate", "Intermediate values", "What trials reported at their steps; upright lines are rungs.",
      make_intermediate },
    { "parallel", "Parallel coordinates", "Parameters and value of each trial as one line.", make_parallel },
    { "slice", "Slice", "Value against each parameter.", make_slice },
    { "contour", "Contour", "Value over pairs of the parameters that matter most, smoothed between trials.",
      make_contour },
    { "importance", "Parameter importance", "How much each parameter matters for the value.", make_importance },
    { "rank", "Rank", "Pairs of parameters; colour is the rank of the trial among all.", make_rank },
    { "edf", "Empirical distribution", "Share of trials whose value is at most x.", make_edf },
    { "pareto", "Pareto front", "Objectives against each other; the line joins what nothing dominates.", make_pareto },
    { "timeline", "Timeline", "When each worker was at which trial.", make_timeline },
    { "learning", "Learning curves", "The best trials: on training and on validation data, by step.", make_learning },
    { "confusion", "Confusion matrix", "True classes against predicted ones, of the winner.", make_confusion },
    { "ablation", "Ablation", "What the cells of an ablation came to, and how they differ from the reference.",
      make_ablation },
};
const uint32_t n_figure_kinds = HONE_COUNT(figure_kinds);

hone_rc plots_init(struct plots *p, struct study *study, uint32_t objective)
{
    *p = (struct plots){ .study = study, .objective = objective };
    p->order = study_order(study, objective, &p->n_order);
    return p->order ? HONE_OK : HONE_ENOMEM;
}

hone_rc figure_make(const struct figure_kind *kind, struct plots *plots, struct figure *figure)
{
    *figure = (struct figure){ .kind = kind->name, .title = kind->title };
    const hone_rc rc = kind->make(plots, figure);
    for (uint32_t i = 0; rc == HONE_OK && i < figure->n; i++)
        panel_fit(&figure->panels[i]);
    if (rc == HONE_OK && !figure->n && !figure->missing)
        figure->missing = "there is nothing to be seen yet";
    return rc;
}

static void *grow(struct plots *p, const void *old, size_t n, size_t size)
{
    char *more = study_allocate(p->study, 2 * n + 4, size);
    if (more && n)
        memcpy(more, old, n * size);
    return more;
}

struct panel *figure_panel(struct plots *p, struct figure *figure, const char *title)
{
    if (figure->n == figure->capacity) {
        struct panel *more = grow(p, figure->panels, figure->n, sizeof *more);
        if (!more)
            return NULL;
        figure->panels = more;
        figure->capacity = 2 * figure->n + 4;
    }
    struct panel *panel = &figure->panels[figure->n++];
    *panel = (struct panel){ .title = title,
                             .x = { .label = "" },
                             .y = { .label = "" } }; /* one may have been taken back */
    return panel;
}

struct series *panel_series(struct plots *p, struct panel *panel, const char *name, enum mark mark, uint32_t role,
                            size_t n, int with)
{
    if (panel->n == panel->capacity) {
        struct series *more = grow(p, panel->series, panel->n, sizeof *more);
        if (!more)
            return NULL;
        panel->series = more;
        panel->capacity = 2 * panel->n + 4;
    }
    const size_t columns = 2u + ((with & WITH_TRIAL) != 0) + ((with & WITH_VALUE) != 0) + ((with & WITH_X2) != 0) +
                           ((with & WITH_X1) != 0);
    double *memory = study_allocate(p->study, n * columns + 1, sizeof *memory);
    if (!memory)
        return NULL;
    struct series *s = &panel->series[panel->n++];
    *s = (struct series){ .name = name, .mark = mark, .role = role, .n = n, .x = memory, .y = memory + n };
    memory += 2 * n;
    if (with & WITH_TRIAL) {
        s->trial = memory;
        memory += n;
    }
    if (with & WITH_VALUE) {
        s->value = memory;
        memory += n;
    }
    if (with & WITH_X1) {
        s->x1 = memory;
        memory += n;
    }
    s->x2 = with & WITH_X2 ? memory : NULL;
    return s;
}

void axis_of_dim(struct axis *axis, const struct dimension *dim)
{
    *axis = (struct axis){
        .label = dim->key, .log = dim->log, .whole = dim->whole, .names = dim->names, .n_names = dim->n_names
    };
    axis->min = dim->names ? -0.5 : dim->min;
    axis->max = dim->names ? dim->n_names - 0.5 : dim->max;
}

void axis_of_objective(struct plots *p, struct axis *axis)
{
    *axis = (struct axis){ .label = p->study->record->objectives[p->objective].name };
}

static void extend(struct axis *axis, double v)
{
    if (!isfinite(v) || axis->names)
        return;
    axis->min = fmin(axis->min, v);
    axis->max = fmax(axis->max, v);
}

static void air(struct axis *axis)
{
    if (axis->names) {
        axis->min = -0.5;
        axis->max = axis->n_names - 0.5;
        return;
    }
    if (!(axis->min <= axis->max)) {
        axis->min = 0;
        axis->max = 1;
    }
    axis->log = axis->log && axis->min > 0;
    if (axis->log) {
        const double factor = axis->max > axis->min ? pow(axis->max / axis->min, 0.03) : 1.1;
        axis->min /= factor;
        axis->max *= factor;
        return;
    }
    const double margin = axis->max > axis->min ? 0.03 * (axis->max - axis->min) : fmax(fabs(axis->min) * 0.05, 0.5);
    axis->min -= margin;
    axis->max += margin;
}

void panel_fit(struct panel *panel)
{
    int cells = 0;
    for (uint32_t i = 0; i < panel->n; i++)
        cells |= panel->series[i].mark == MARK_CELLS;
    if (cells || panel->n_axes) /* cells lie between axes that were set with them */
        return;
    panel->x.min = panel->y.min = HUGE_VAL;
    panel->x.max = panel->y.max = -HUGE_VAL;
    for (uint32_t i = 0; i < panel->n; i++) {
        const struct series *s = &panel->series[i];
        for (size_t k = 0; k < s->n; k++) {
            extend(&panel->x, s->x[k]);
            if (s->x2 && (s->mark == MARK_SPANS || s->mark == MARK_INTERVAL))
                extend(&panel->x, s->x2[k]);
            if (s->mark == MARK_INTERVAL) {
                extend(&panel->x, s->x1[k]);
                for (uint32_t r = 0; r < panel->n_rungs; r++)
                    extend(&panel->x, panel->rungs[r]);
            }
            if (s->mark == MARK_BARS)
                extend(&panel->x, 0);
            extend(&panel->y, s->y[k]);
        }
    }
    air(&panel->x);
    air(&panel->y);
}

/* ---- scatters ---- */

double coordinate_number(const struct plots *p, const struct row *row, uint32_t which)
{
    (void)p;
    (void)which;
    return (double)row->number;
}

double coordinate_dim(const struct plots *p, const struct row *row, uint32_t which)
{
    (void)p;
    return row_x(row, which);
}

double coordinate_objective(const struct plots *p, const struct row *row, uint32_t which)
{
    return which < p->study->m ? row->values[which] : (double)NAN;
}

size_t evenly(size_t i, size_t k, size_t n)
{
    return k < n ? (size_t)(((double)i + 0.5) * (double)n / (double)k) : i;
}

const char *grouped(struct study *s, uint64_t n)
{
    char text[32];
    const int length = snprintf(text, sizeof text, "%llu", (unsigned long long)n);
    char *out = study_allocate(s, 48, 1), *to = out;
    for (int i = 0; out && i < length; i++) {
        if (i && (length - i) % 3 == 0)
            *to++ = ',';
        *to++ = text[i];
    }
    return out ? out : "?";
}

uint32_t role_of_state(uint32_t state)
{
    return state == HONE_STATE_COMPLETE ? ROLE_COMPLETE
           : state == HONE_STATE_PRUNED ? ROLE_PRUNED
           : state == HONE_STATE_FAILED ? ROLE_FAILED
                                        : ROLE_RUNNING;
}

const char *running_word(const struct study *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->rows[i].state == HONE_STATE_RUNNING || s->rows[i].state == HONE_STATE_WAITING)
            return "not ended";
    return "paused";
}

/* How many points fall into which cell, between axes that hold all of them. */
static hone_rc density(struct plots *p, struct panel *panel, const double *x, const double *y, size_t n)
{
    enum { NX = 96, NY = 48 };
    panel->x.min = panel->y.min = HUGE_VAL;
    panel->x.max = panel->y.max = -HUGE_VAL;
    for (size_t i = 0; i < n; i++) {
        extend(&panel->x, x[i]);
        extend(&panel->y, y[i]);
    }
    air(&panel->x);
    air(&panel->y);
    const uint32_t nx = panel->x.names ? panel->x.n_names : NX, ny = panel->y.names ? panel->y.n_names : NY;
    struct series *s = panel_series(p, panel, "trials per cell", MARK_CELLS, ROLE_DENSITY, (size_t)nx * ny, WITH_VALUE);
    if (!s)
        return HONE_ENOMEM;
    s->nx = nx;
    s->ny = ny;
    for (size_t i = 0; i < n; i++) {
        const double u = axis_unit(&panel->x, x[i]), v = axis_unit(&panel->y, y[i]);
        if (u >= 0 && u < 1 && v >= 0 && v < 1)
            s->value[(size_t)(v * ny) * nx + (size_t)(u * nx)] += 1;
    }
    for (size_t i = 0; i < s->n; i++)
        if (s->value[i] <= 0)
            s->value[i] = (double)NAN;
    return HONE_OK;
}

static hone_rc add_points(struct plots *p, struct panel *panel, const char *name, uint32_t role, const size_t *rows,
                          size_t n, const coordinate *at, const uint32_t *which)
{
    struct series *s = n ? panel_series(p, panel, name, MARK_POINTS, role, n, WITH_TRIAL | (at[2] ? WITH_VALUE : 0))
                         : NULL;
    if (!s)
        return n ? HONE_ENOMEM : HONE_OK;
    for (size_t i = 0; i < n; i++) {
        const struct row *row = &p->study->rows[rows[i]];
        s->x[i] = at[0](p, row, which[0]);
        s->y[i] = at[1](p, row, which[1]);
        s->trial[i] = (double)row->number;
        if (at[2])
            s->value[i] = at[2](p, row, which[2]);
    }
    return HONE_OK;
}

hone_rc panel_scatter(struct plots *p, struct figure *figure, struct panel *panel, coordinate x, uint32_t x_which,
                      coordinate y, uint32_t y_which, coordinate value, uint32_t value_which)
{
    static const uint32_t states[] = { HONE_STATE_FAILED, HONE_STATE_RUNNING, HONE_STATE_PRUNED, HONE_STATE_COMPLETE };
    const coordinate at[] = { x, y, value };
    const uint32_t which[] = { x_which, y_which, value_which };
    struct study *s = p->study;
    double *px = study_allocate(s, s->n + 1, sizeof *px), *py = study_allocate(s, s->n + 1, sizeof *py);
    size_t *rows = study_allocate(s, s->n + 1, sizeof *rows), n = 0;
    hone_rc rc = HONE_OK;
    if (!px || !py || !rows)
        return HONE_ENOMEM;
    for (size_t i = 0; i < s->n; i++) {
        px[n] = x(p, &s->rows[i], x_which);
        py[n] = y(p, &s->rows[i], y_which);
        rows[n] = i;
        n += isfinite(px[n]) && isfinite(py[n]);
    }
    if (n > FIGURE_POINTS) {
        size_t *best = study_allocate(s, FIGURE_BEST, sizeof *best), k = 0;
        if (!best || density(p, panel, px, py, n) != HONE_OK)
            return HONE_ENOMEM;
        for (size_t i = 0; i < p->n_order && k < FIGURE_BEST; i++) {
            const struct row *row = &s->rows[p->order[i]];
            best[k] = p->order[i];
            k += isfinite(x(p, row, x_which)) && isfinite(y(p, row, y_which));
        }
        figure->note = study_text(s, "the best %s of %s as points, all as density", grouped(s, k), grouped(s, n));
        return add_points(p, panel, "best trials", ROLE_COMPLETE, best, k, at, which);
    }
    size_t *some = study_allocate(s, n + 1, sizeof *some);
    for (size_t k = 0; k < HONE_COUNT(states) && rc == HONE_OK && some; k++) {
        const uint32_t role = role_of_state(states[k]);
        size_t chosen = 0;
        for (size_t i = 0; i < n; i++)
            if (role_of_state(s->rows[rows[i]].state) == role)
                some[chosen++] = rows[i];
        rc = add_points(p, panel, role == ROLE_RUNNING ? running_word(s) : state_word(states[k]), role, some, chosen,
                        at, which);
    }
    return some ? rc : HONE_ENOMEM;
}
