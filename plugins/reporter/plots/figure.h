/* SPDX-License-Identifier: MIT */
/* Figures: what is to be seen of a study, decimated to what can be seen, before anybody decides how it is drawn. The page, the SVG and
 * the terminal draw the same ones. */
#ifndef HONE_PLOTS_FIGURE_H
#define HONE_PLOTS_FIGURE_H
#include "study.h"

/* Numbers that a figure shows at most; beyond, it says "2,000 of 50,000". */
enum {
    FIGURE_POINTS = 5000, /* single points of a scatter; more become a density with the best ones over it */
    FIGURE_BEST = 1000,
    FIGURE_LINES = 1000,  /* of parallel coordinates: so many best, and as many evenly out of the rest */
    FIGURE_CURVES = 100,  /* the same of intermediate values */
    FIGURE_STEPS = 400,   /* points of each of them */
    FIGURE_LONG = 2000,   /* points of a learning curve */
    FIGURE_SPANS = 2000,  /* of the timeline */
    FIGURE_LEARNERS = 5,  /* trials whose learning curves are shown */
    FIGURE_PAIRED = 4,    /* parameters that contour and rank pair */
    FIGURE_SAMPLES = 1000 /* trials that a smoothed surface and importance look at */
};

enum mark {
    MARK_POINTS,
    MARK_LINE,     /* NaN breaks it */
    MARK_STEPS,    /* holds its value until the next */
    MARK_BARS,     /* of length x at the category y; x2: deviation */
    MARK_SPANS,    /* from x to x2 in the lane y */
    MARK_CELLS,    /* nx * ny cells between the panel's axes; value: (ny, nx), NaN: nothing there */
    MARK_INTERVAL, /* at x, from x1 to x2, in the row y */
    MARK_ROWS      /* parallel coordinates: value (n, n_axes) */
};
/* What a series stands for: renderers give each its colour and shape. */
enum role {
    ROLE_COMPLETE,
    ROLE_PRUNED,
    ROLE_FAILED,
    ROLE_RUNNING, /* running, waiting, paused */
    ROLE_BEST,
    ROLE_TRAINING,
    ROLE_VALIDATION,
    ROLE_DENSITY,
    ROLE_SURFACE,
    ROLE_OTHER /* the n-th of several alike: ROLE_OTHER + n */
};

struct axis {
    const char *label;
    int log, whole;
    const char *const *names; /* (n_names) of categories 0, 1, ...; NULL: numbers */
    uint32_t n_names;
    double min, max; /* of what is shown */
};
struct series {
    const char *name;
    enum mark mark;
    uint32_t role;
    size_t n;
    uint32_t nx, ny;
    double *x, *y, *x1, *x2, *value; /* (n); value: colour on the panel's scale, or NULL */
    double *trial;                   /* (n) numbers of trials; NULL: they are none */
};
struct panel {
    const char *title; /* "" for a single one */
    struct axis x, y;
    const char *value_label; /* of the colours; NULL: none */
    struct axis *axes;       /* (n_axes) of MARK_ROWS */
    uint32_t n_axes;
    struct series *series; /* (n) in the order of drawing */
    uint32_t n, capacity;
    const double *rungs; /* (n_rungs) at x: upright lines */
    uint32_t n_rungs;
};
struct figure {
    const char *kind, *title;
    const char *note;    /* "2,000 of 50,000 trials", or NULL */
    const char *missing; /* why there is nothing to be seen, or NULL */
    struct panel *panels;
    uint32_t n, capacity;
};

/* What several figures of one study need, made when first asked for. */
struct plots {
    struct study *study;
    uint32_t objective;
    size_t *order; /* (n_order) study_order */
    size_t n_order;
    hone_importance *importance; /* (n_importance) of single parameters by the default method, the largest first */
    uint32_t n_importance;
    char importance_missing[256]; /* why there is none */
    int importance_known;
};
hone_rc plots_init(struct plots *plots, struct study *study, uint32_t objective);
hone_rc plots_importance(struct plots *plots);

struct figure_kind {
    const char *name, *title, *doc;
    hone_rc (*make)(struct plots *plots, struct figure *figure);
};
extern const struct figure_kind figure_kinds[]; /* (n_figure_kinds) in the order of a report */
extern const uint32_t n_figure_kinds;
hone_rc figure_make(const struct figure_kind *kind, struct plots *plots, struct figure *figure);

/* ---- for those that make figures; memory is the study's ---- */
struct panel *figure_panel(struct plots *plots, struct figure *figure, const char *title); /* NULL: out of memory */
/* Room for n; x, y and, where asked for, trial and value are there. Later calls move earlier series. */
enum { WITH_TRIAL = 1, WITH_VALUE = 2, WITH_X2 = 4, WITH_X1 = 8 };
struct series *panel_series(struct plots *plots, struct panel *panel, const char *name, enum mark mark, uint32_t role,
                            size_t n, int with);
void axis_of_dim(struct axis *axis, const struct dimension *dim);
void axis_of_objective(struct plots *plots, struct axis *axis);
/* Sets min and max of the panel's axes from its series, leaving a little air; NaN and infinities do not count. */
void panel_fit(struct panel *panel);
/* Points of rows: states apart, or where there are too many a density and the best of them. */
typedef double (*coordinate)(const struct plots *plots, const struct row *row, uint32_t which);
hone_rc panel_scatter(struct plots *plots, struct figure *figure, struct panel *panel, coordinate x, uint32_t x_which,
                      coordinate y, uint32_t y_which, coordinate value, uint32_t value_which);
double coordinate_number(const struct plots *plots, const struct row *row, uint32_t which);
double coordinate_dim(const struct plots *plots, const struct row *row, uint32_t which);
double coordinate_objective(const struct plots *plots, const struct row *row, uint32_t which);
/* Evenly out of n: index of the i-th of k. */
size_t evenly(size_t i, size_t k, size_t n);
/* Where a value lies on its axis: 0 to 1 between its ends; NaN where it has none. */
double axis_unit(const struct axis *axis, double v);
/* Round values along the axis, `most` at most (of categories every so many): how many, in ticks. */
enum { AXIS_TICKS = 64 };
size_t axis_ticks(const struct axis *axis, size_t most, double *ticks);
/* A tick, or any value of the axis, as a reader wants it. */
const char *axis_text(const struct axis *axis, double v, char *out, size_t n);
const char *grouped(struct study *study, uint64_t n); /* "50,000" */
uint32_t role_of_state(uint32_t state);
/* What the trials of ROLE_RUNNING are: "paused" where none of them is waiting or running. */
const char *running_word(const struct study *study);

hone_rc make_history(struct plots *plots, struct figure *figure);
hone_rc make_edf(struct plots *plots, struct figure *figure);
hone_rc make_pareto(struct plots *plots, struct figure *figure);
hone_rc make_timeline(struct plots *plots, struct figure *figure);
hone_rc make_slice(struct plots *plots, struct figure *figure);
hone_rc make_parallel(struct plots *plots, struct figure *figure);
hone_rc make_contour(struct plots *plots, struct figure *figure);
hone_rc make_rank(struct plots *plots, struct figure *figure);
hone_rc make_importance(struct plots *plots, struct figure *figure);
hone_rc make_intermediate(struct plots *plots, struct figure *figure);
hone_rc make_learning(struct plots *plots, struct figure *figure);
hone_rc make_ablation(struct plots *plots, struct figure *figure);
hone_rc make_confusion(struct plots *plots, struct figure *figure);
#endif
