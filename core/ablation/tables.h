/* SPDX-License-Identifier: MIT */
/* An ablation's results as tables and notes, which every format lays out in its own way. */
#ifndef HONE_ABLATION_TABLES_H
#define HONE_ABLATION_TABLES_H
#include "ablation/compare.h"
#include "base/text.h"

struct table_column {
    const char *title; /* kept by the giver */
    int number;        /* right-aligned */
};
struct table {
    char *title;
    const char *id; /* "cells": of a LaTeX label */
    struct table_column columns[16];
    size_t n_columns, n_rows, capacity;
    char **cells; /* (n_rows, n_columns); NULL: nothing to say there */
};
struct tables {
    struct table items[8];
    size_t n;
    struct text notes; /* sentences, a line each */
    struct text heading;
    int failed; /* out of memory */
};
/* curves: also best value so far against trials, a row a point. */
void tables_make(struct tables *tables, const struct comparison *comparison);
void tables_release(struct tables *tables);

/* layout.c */
void tables_text(const struct tables *tables, struct text *out);
void tables_markdown(const struct tables *tables, struct text *out);
void tables_latex(const struct tables *tables, struct text *out); /* booktabs */

/* curves.c: anytime curves of the cells that search: mean over seeds of the best value so far, with its interval */
struct curve {
    const struct ablation_cell *cell;
    size_t n;
    double *at, *mean, *low, *high; /* (n) trials that ended, or seconds; interval NaN below 3 runs */
};
hone_rc curve_by_trials(const struct comparison *comparison, size_t cell, struct curve *curve, hone_error *err);
/* at (n) equal steps up to the longest run of all */
hone_rc curve_by_seconds(const struct comparison *comparison, size_t cell, size_t n, struct curve *curve,
                         hone_error *err);
void curve_release(struct curve *curve);

/* export.c: every number, with all its digits */
hone_rc export_json(const struct comparison *comparison, struct text *out, hone_error *err);
hone_rc export_csv(const struct comparison *comparison, struct text *out, hone_error *err);
hone_rc export_curves_csv(const struct comparison *comparison, struct text *out, hone_error *err);
#endif
