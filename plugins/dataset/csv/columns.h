/* SPDX-License-Identifier: MIT */
/* From texts to numbers: what each column of a table is, and how a row becomes features and a target. */
#ifndef HONE_CSV_COLUMNS_H
#define HONE_CSV_COLUMNS_H
#include "hone/plugin.h"
#include "table.h"

enum { TASK_AUTO, TASK_CLASSIFICATION, TASK_REGRESSION };
enum { IMPUTE_REFUSE, IMPUTE_MEAN, IMPUTE_ZERO };
struct settings {
    const char *file, *test_file, *separator, *target;
    double test;
    int64_t split_seed, max_categories;
    hone_strings ignore, numeric, nominal, missing;
    uint32_t task, impute;
    uint8_t header;
};

enum column_kind { COLUMN_IGNORED, COLUMN_NUMERIC, COLUMN_NOMINAL, COLUMN_TARGET };
struct column {
    enum column_kind kind;
    const char **categories; /* (n_categories) sorted; nominal columns and classes */
    uint64_t n_categories;
    int numbers;      /* categories are numbers, sorted as such */
    double fill;      /* numeric: what a missing value becomes; nominal: index of the category, or -1 */
    uint64_t feature; /* index of the column's first feature */
};
struct columns {
    const struct settings *settings;
    const struct table *tables[2]; /* the file and the test file, or NULL */
    struct column *items;          /* (n) */
    uint64_t n, target, n_features;
    int classification;
    char **feature_names; /* (n_features) "age", "color=red" */
};
/* Decides what every column is, by the settings and by all rows. The tables must outlive it. */
hone_rc columns_create(struct columns *columns, const struct settings *settings, const struct table *table,
                       const struct table *test, hone_error *err);
void columns_release(struct columns *columns);
/* Learns what missing values are replaced with, from these rows of the first table. */
hone_rc columns_learn(struct columns *columns, const uint64_t *rows, uint64_t n, hone_error *err);
/* One row of tables[which]: x (n_features), and *label or *number. */
hone_rc columns_encode(const struct columns *columns, unsigned which, uint64_t row, float *x, int32_t *label,
                       float *number, hone_error *err);
#endif
