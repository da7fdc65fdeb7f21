/* SPDX-License-Identifier: MIT */
/* From a study to one figure that is drawn. */
#include "draw.h"

#include "hone/instance.h"

const char *const plot_kinds[] = { "history", "intermediate", "parallel", "slice",    "contour",   "importance", "rank",
                                   "edf",     "pareto",       "timeline", "learning", "confusion", "ablation",   NULL };

hone_rc plot_create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct plot_settings), sizeof(struct plot_settings), self, err);
}

hone_rc plot_write(void *self, const hone_view *view, plot_draw draw, hone_error *err)
{
    const struct plot_settings *settings = self;
    struct study study = { 0 };
    struct plots plots;
    struct figure figure = { 0 };
    hone_rc rc = study_read(&study, view, 0, err);
    if (rc == HONE_OK && (uint64_t)settings->objective > study.m)
        rc = hone_fail(err, HONE_EINVAL, "objective", "objective = %lld: the study has %u",
                       (long long)settings->objective, study.m);
    if (rc == HONE_OK && (rc = plots_init(&plots, &study, (uint32_t)settings->objective - 1)) == HONE_OK)
        rc = figure_make(&figure_kinds[settings->kind], &plots, &figure);
    if (rc == HONE_OK && figure.missing)
        rc = hone_fail(err, HONE_ENOTSUP, NULL, "no %s of study '%.80s': %s", figure_kinds[settings->kind].name,
                       study.record->name, figure.missing);
    struct emit *e = rc == HONE_OK ? emit_open(view->out) : NULL;
    if (rc == HONE_OK && !e)
        rc = hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the plot");
    if (e) {
        draw(e, settings, view, &figure);
        rc = emit_close(e, err);
    }
    study_release(&study);
    return rc;
}
