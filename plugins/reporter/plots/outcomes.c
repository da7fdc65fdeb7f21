/* SPDX-License-Identifier: MIT */
/* Figures of what trials came to: history, distribution, front, timeline. */
#include "figure.h"
#include "hone/pareto.h"

#include <stdlib.h>
#include <string.h>

/* ---- history ---- */

static int precedes(const struct row *a, const struct row *b)
{
    return a->number < b->number;
}

hone_rc make_history(struct plots *p, struct figure *figure)
{
    struct study *s = p->study;
    const int maximize = s->record->objectives[p->objective].direction == HONE_MAXIMIZE;
    struct panel *panel = figure_panel(p, figure, "");
    if (!panel)
        return HONE_ENOMEM;
    panel->x.label = "trial";
    axis_of_objective(p, &panel->y);
    hone_rc rc = panel_scatter(p, figure, panel, coordinate_number, 0, coordinate_objective, p->objective, NULL, 0);
    size_t steps = 0;
    double best = HUGE_VAL;
    const struct row *last = NULL;
    for (size_t i = 0; i < s->n; i++)
        if (row_counts(s, &s->rows[i], p->objective) && row_cost(s, &s->rows[i], p->objective) < best) {
            best = row_cost(s, &s->rows[i], p->objective);
            steps++;
        }
    if (rc != HONE_OK || !steps) {
        if (!panel->n)
            figure->n = 0;
        return rc;
    }
    struct series *line = panel_series(p, panel, "best so far", MARK_STEPS, ROLE_BEST, steps + 1, WITH_TRIAL);
    if (!line)
        return HONE_ENOMEM;
    best = HUGE_VAL;
    steps = 0;
    for (size_t i = 0; i < s->n; i++) {
        const struct row *row = &s->rows[i];
        if (!last || precedes(last, row))
            last = row;
        if (!row_counts(s, row, p->objective) || row_cost(s, row, p->objective) >= best)
            continue;
        best = row_cost(s, row, p->objective);
        line->x[steps] = (double)row->number;
        line->trial[steps] = (double)row->number;
        line->y[steps++] = maximize ? -best : best;
    }
    line->x[steps] = last ? (double)last->number : 0; /* it holds until now */
    line->y[steps] = line->y[steps - 1];
    line->trial[steps] = line->trial[steps - 1];
    return HONE_OK;
}

/* ---- distribution ---- */

hone_rc make_edf(struct plots *p, struct figure *figure)
{
    enum { MOST = 500 };
    const struct study *s = p->study;
    const int maximize = s->record->objectives[p->objective].direction == HONE_MAXIMIZE;
    const size_t n = p->n_order;
    size_t feasible = 0;
    while (feasible < n && s->rows[p->order[feasible]].violation <= 0)
        feasible++;
    if (!feasible) {
        figure->missing = "no trial is complete yet";
        return HONE_OK;
    }
    struct panel *panel = figure_panel(p, figure, "");
    struct series *line = panel ? panel_series(p, panel, s->record->name, MARK_STEPS, ROLE_OTHER, MOST, 0) : NULL;
    if (!line)
        return HONE_ENOMEM;
    axis_of_objective(p, &panel->x);
    panel->y.label = "share of trials";
    line->n = feasible < MOST ? feasible : MOST;
    for (size_t i = 0; i < line->n; i++) { /* rising values: the best come last where the study maximizes */
        const size_t k = i + 1 == line->n ? feasible - 1 : evenly(i, line->n, feasible);
        line->x[i] = s->rows[p->order[maximize ? feasible - 1 - k : k]].values[p->objective];
        line->y[i] = (double)(k + 1) / (double)feasible;
    }
    return HONE_OK;
}

/* ---- front ---- */

/* Rows that nothing dominates, by the first objective of the pair; in n log n for two objectives, as the SDK ranks more. */
static hone_rc front_rows(struct plots *p, size_t **rows, size_t *n)
{
    struct study *s = p->study;
    double *values = malloc((s->n * s->m + 1) * sizeof *values);
    uint64_t *index = malloc((s->n + 1) * sizeof *index);
    uint32_t *rank = calloc(s->n + 1, sizeof *rank);
    size_t k = 0;
    hone_rc rc = HONE_OK;
    *n = 0;
    *rows = study_allocate(s, s->n + 1, sizeof **rows);
    for (size_t i = 0; i < s->n && values && index; i++) {
        int counts = s->rows[i].state == HONE_STATE_COMPLETE && s->rows[i].violation <= 0;
        for (uint32_t j = 0; j < s->m && counts; j++) {
            values[k * s->m + j] = row_cost(s, &s->rows[i], j);
            counts = isfinite(values[k * s->m + j]);
        }
        if (counts)
            index[k++] = i;
    }
    if (!values || !index || !rank || !*rows)
        rc = hone_fail(s->err, HONE_ENOMEM, NULL, "out of memory for the front");
    else if (k)
        rc = hone_pareto_rank(values, NULL, k, s->m, rank, s->err);
    for (size_t i = 0; i < k && rc == HONE_OK; i++)
        if (rank[i] == 0)
            (*rows)[(*n)++] = (size_t)index[i];
    free(values);
    free(index);
    free(rank);
    return rc;
}

static void sort_by(const struct study *s, size_t *rows, size_t n, uint32_t objective)
{
    for (size_t gap = n / 2; gap > 0; gap /= 2) /* Shell's: the front is small, and qsort has no context */
        for (size_t i = gap; i < n; i++) {
            const size_t row = rows[i];
            const double v = s->rows[row].values[objective];
            size_t k = i;
            for (; k >= gap && s->rows[rows[k - gap]].values[objective] > v; k -= gap)
                rows[k] = rows[k - gap];
            rows[k] = row;
        }
}

hone_rc make_pareto(struct plots *p, struct figure *figure)
{
    struct study *s = p->study;
    size_t *rows = NULL, n = 0;
    if (s->m < 2) {
        figure->missing = "the study has one objective";
        return HONE_OK;
    }
    hone_rc rc = front_rows(p, &rows, &n);
    if (rc == HONE_OK && !n)
        figure->missing = "no trial is complete yet";
    for (uint32_t a = 0; a < s->m && a < 3 && rc == HONE_OK && n; a++)
        for (uint32_t b = a + 1; b < s->m && b < 3 && rc == HONE_OK; b++) {
            struct panel *panel = figure_panel(p, figure, "");
            if (!panel)
                return HONE_ENOMEM;
            panel->x.label = s->record->objectives[a].name;
            panel->y.label = s->record->objectives[b].name;
            rc = panel_scatter(p, figure, panel, coordinate_objective, a, coordinate_objective, b, NULL, 0);
            if (rc != HONE_OK)
                return rc;
            struct series *front = panel_series(p, panel, "Pareto front", s->m == 2 ? MARK_LINE : MARK_POINTS,
                                                ROLE_BEST, n, WITH_TRIAL);
            if (!front)
                return HONE_ENOMEM;
            sort_by(s, rows, n, a);
            for (size_t i = 0; i < n; i++) {
                front->x[i] = s->rows[rows[i]].values[a];
                front->y[i] = s->rows[rows[i]].values[b];
                front->trial[i] = (double)s->rows[rows[i]].number;
            }
        }
    return rc;
}

/* ---- timeline ---- */

hone_rc make_timeline(struct plots *p, struct figure *figure)
{
    static const uint32_t states[] = { HONE_STATE_COMPLETE, HONE_STATE_PRUNED, HONE_STATE_FAILED, HONE_STATE_RUNNING };
    struct study *s = p->study;
    size_t *rows = study_allocate(s, s->n + 1, sizeof *rows), n = 0;
    uint32_t workers = 0;
    double now = s->record->updated;
    if (!rows)
        return HONE_ENOMEM;
    for (size_t i = 0; i < s->n; i++) {
        const struct row *row = &s->rows[i];
        if (row->started <= 0 || row->worker > 100000)
            continue;
        rows[n++] = i;
        workers = row->worker + 1 > workers ? row->worker + 1 : workers;
        now = fmax(now, row->ended);
    }
    if (!n) {
        figure->missing = "no trial has started";
        return HONE_OK;
    }
    const size_t shown = n < FIGURE_SPANS ? n : FIGURE_SPANS;
    if (shown < n)
        figure->note = study_text(s, "%s of %s trials, evenly", grouped(s, shown), grouped(s, n));
    struct panel *panel = figure_panel(p, figure, "");
    const char **names = study_allocate(s, workers, sizeof *names);
    if (!panel || !names)
        return HONE_ENOMEM;
    double *ends = study_allocate(s, s->n + 1, sizeof *ends), *next = study_allocate(s, workers, sizeof *next);
    if (!ends || !next)
        return HONE_ENOMEM;
    for (size_t i = n; i > 0; i--) { /* one that paused left its worker to the next */
        const struct row *row = &s->rows[rows[i - 1]];
        double *later = &next[row->worker];
        ends[rows[i - 1]] = row->ended > 0 ? row->ended : *later > row->started ? *later : now;
        *later = row->started;
    }
    for (uint32_t i = 0; i < workers; i++)
        if (!(names[i] = study_text(s, "worker %u", i)))
            return HONE_ENOMEM;
    panel->x.label = "seconds since the first trial";
    panel->y = (struct axis){ .label = "", .names = names, .n_names = workers };
    for (size_t k = 0; k < HONE_COUNT(states); k++) {
        size_t count = 0;
        const uint32_t role = role_of_state(states[k]);
        for (size_t i = 0; i < shown; i++)
            count += role_of_state(s->rows[rows[evenly(i, shown, n)]].state) == role;
        struct series *spans = count ? panel_series(p, panel,
                                                    role == ROLE_RUNNING ? running_word(s) : state_word(states[k]),
                                                    MARK_SPANS, role, count, WITH_TRIAL | WITH_X2)
                                     : NULL;
        if (count && !spans)
            return HONE_ENOMEM;
        count = 0;
        for (size_t i = 0; i < shown && spans; i++) {
            const struct row *row = &s->rows[rows[evenly(i, shown, n)]];
            if (role_of_state(row->state) != role)
                continue;
            spans->x[count] = row->started - s->first;
            spans->x2[count] = ends[rows[evenly(i, shown, n)]] - s->first;
            spans->y[count] = row->worker;
            spans->trial[count++] = (double)row->number;
        }
    }
    return HONE_OK;
}
