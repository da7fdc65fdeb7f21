/* SPDX-License-Identifier: MIT */
/* Figure of an ablation: what its cells came to, each with its interval, and how they differ from the reference (a forest plot: Lewis, S. and
 * Clarke, M. (2001), "Forest plots: trying to see the wood and the trees", BMJ 322). Numbers are those that hone ablate has kept. */
#include "figure.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct found {
    struct plots *plots;
    json_t *ablation; /* NULL: none, or none that can be read */
};

static hone_rc on_attachment(void *ctx, const hone_attachment_record *a)
{
    struct found *f = ctx;
    if (f->ablation || !a->text || strcmp(a->name, "ablation.json") != 0)
        return HONE_OK;
    f->ablation = json_loads(a->text, JSON_REJECT_DUPLICATES, NULL);
    return f->ablation ? HONE_DONE : HONE_OK;
}

static double number_of(const json_t *value)
{
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

/* The first cell is at the top. */
static hone_rc forest(struct plots *p, struct figure *figure, const char *title, const char *label, const json_t *cells,
                      const char *const *names, const char *centre, const char *ends, double upright)
{
    const size_t n = json_array_size(cells);
    struct panel *panel = figure_panel(p, figure, title);
    struct series *s = panel ? panel_series(p, panel, label, MARK_INTERVAL, ROLE_COMPLETE, n, WITH_X1 | WITH_X2) : NULL;
    double *line = study_allocate(p->study, 1, sizeof *line);
    if (!s || !line)
        return HONE_ENOMEM;
    panel->x.label = label;
    panel->y = (struct axis){ .label = "", .names = names, .n_names = (uint32_t)n };
    s->n = 0;
    for (size_t i = 0; i < n; i++) {
        const json_t *cell = json_array_get(cells, n - 1 - i), *interval = json_object_get(cell, ends);
        const double x = number_of(json_object_get(cell, centre));
        if (!isfinite(x))
            continue;
        s->x[s->n] = x;
        s->y[s->n] = (double)i;
        s->x1[s->n] = number_of(json_array_get(interval, 0));
        s->x2[s->n] = number_of(json_array_get(interval, 1));
        s->n++;
    }
    if (!s->n) {
        figure->n--;
        return HONE_OK;
    }
    *line = upright;
    panel->rungs = line;
    panel->n_rungs = isfinite(upright) ? 1 : 0;
    return HONE_OK;
}

static hone_rc panels(struct plots *p, struct figure *figure, const json_t *ablation)
{
    struct study *s = p->study;
    const json_t *cells = json_object_get(ablation, "cells");
    const char *metric = json_string_value(json_object_get(ablation, "metric"));
    const size_t n = json_array_size(cells);
    double reference = (double)NAN;
    const char **names = study_allocate(s, n + 1, sizeof *names);
    const char *label = study_text(s, "%s", metric ? metric : "value"),
               *difference = study_text(s, "difference of %s", metric ? metric : "value"),
               *level = study_text(s, "%g %%", 100 * number_of(json_object_get(ablation, "level")));
    if (!names || !label || !difference || !level)
        return HONE_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const json_t *cell = json_array_get(cells, i);
        const char *name = json_string_value(json_object_get(cell, "cell"));
        if (json_is_true(json_object_get(cell, "reference")))
            reference = number_of(json_object_get(cell, "mean"));
        if (!(names[n - 1 - i] = study_text(s, "%s", name ? name : "?")))
            return HONE_ENOMEM;
    }
    const char *mean_title = study_text(s, "Mean over the seeds, %s interval", level),
               *difference_title = study_text(s, "Difference to the reference, %s interval", level);
    if (!mean_title || !difference_title)
        return HONE_ENOMEM;
    const hone_rc rc = forest(p, figure, mean_title, label, cells, names, "mean", "interval", reference);
    return rc == HONE_OK
               ? forest(p, figure, difference_title, difference, cells, names, "difference", "difference_interval", 0)
               : rc;
}

hone_rc make_ablation(struct plots *p, struct figure *figure)
{
    struct study *s = p->study;
    struct found found = { p, NULL };
    const hone_storage_visitor visitor = { .ctx = &found, .attachment = on_attachment };
    hone_rc rc = s->n ? HONE_OK : s->view->attachments(s->view, s->index, HONE_ALL_TRIALS, &visitor, s->err);
    if (rc >= 0)
        rc = found.ablation ? panels(p, figure, found.ablation) : HONE_OK;
    if (!found.ablation)
        figure->missing = "it is none of hone ablate's: NAME.ablation in its storage is";
    json_decref(found.ablation);
    return rc;
}
