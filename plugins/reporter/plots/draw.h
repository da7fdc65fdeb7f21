/* SPDX-License-Identifier: MIT */
/* What the reporters share that draw one figure of one study: the terminal's and the SVG's. */
#ifndef HONE_PLOTS_DRAW_H
#define HONE_PLOTS_DRAW_H
#include "emit.h"
#include "html.h"

extern const char *const plot_kinds[]; /* names of figure_kinds, NULL at the end */
#define PLOT_PARAMS(width_default, width_doc, height_default, height_unit, height_doc)              \
    HONE_ENUM(struct plot_settings, kind, "history", plot_kinds, 0, "The plot."),                   \
        HONE_INT(struct plot_settings, objective, "1", 1, 64, 0, NULL,                              \
                 "Which of the study's objectives, where it has several."),                         \
        HONE_INT(struct plot_settings, width, width_default, 0, 100000, 0, height_unit, width_doc), \
        HONE_INT(struct plot_settings, height, height_default, 0, 100000, 0, height_unit, height_doc)

hone_rc plot_create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err);
/* Reads the study, makes the figure, lets draw have it. HONE_ENOTSUP with the reason where there is nothing to be seen. */
typedef void (*plot_draw)(struct emit *emit, const struct plot_settings *settings, const hone_view *view,
                          struct figure *figure);
hone_rc plot_write(void *self, const hone_view *view, plot_draw draw, hone_error *err);
#endif
