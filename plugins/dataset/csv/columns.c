/* SPDX-License-Identifier: MIT */
/* What the columns of a table are. A column is numeric where every value is a number, nominal otherwise; the settings may
 * say so instead, and then a value that does not fit is an error with its line. */
#include "columns.h"

#include "hone/param.h"
#include "hone/settings.h"

#include <float.h>

/* A target of whole numbers with no more different values than this is taken for classes. */
enum { MOST_NUMBERED_CLASSES = 20 };

static int is_missing(const struct columns *c, const char *cell)
{
    if (!*cell)
        return 1;
    for (uint64_t i = 0; i < c->settings->missing.n; i++)
        if (!strcmp(cell, c->settings->missing.values[i]))
            return 1;
    return 0;
}

static int is_number(const char *cell, double *v)
{
    return hone_parse_real(cell, NULL, v) && fabs(*v) <= (double)FLT_MAX;
}

#define PLACE "%s:%llu: column %llu (%.40s)"
#define PLACE_OF(table, row, column)                                                                           \
    hone_short_path((table)->path), (unsigned long long)(table)->lines[row], (unsigned long long)(column) + 1, \
        (table)->names[column]

/* ---- which column is meant ---- */
static uint64_t find_column(const struct table *t, const char *name)
{
    int64_t number = 0;
    for (uint64_t i = 0; i < t->n_columns; i++)
        if (!strcmp(t->names[i], name))
            return i;
    return hone_parse_int(name, NULL, &number) && number >= 1 && (uint64_t)number <= t->n_columns ? (uint64_t)number - 1
                                                                                                  : UINT64_MAX;
}

static hone_rc mark(struct columns *c, const hone_strings *names, enum column_kind kind, uint8_t *listed,
                    const char *key, hone_error *err)
{
    for (uint64_t i = 0; i < names->n; i++) {
        const uint64_t at = find_column(c->tables[0], names->values[i]);
        if (at == UINT64_MAX)
            return hone_fail(err, HONE_EINVAL, key, "%s: there is no column '%.60s' in %s", key, names->values[i],
                             hone_short_path(c->tables[0]->path));
        if (at == c->target)
            return hone_fail(err, HONE_EINVAL, key, "%s: column '%.60s' is the target (say what it is with task)", key,
                             names->values[i]);
        if (listed[at])
            return hone_fail(err, HONE_EINVAL, key, "%s: column '%.60s' is listed twice in ignore, numeric and nominal",
                             key, names->values[i]);
        listed[at] = 1;
        c->items[at].kind = kind;
    }
    return HONE_OK;
}

/* ---- categories ---- */
static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_number(const void *a, const void *b)
{
    double x = 0, y = 0;
    const int both = is_number(*(const char *const *)a, &x) && is_number(*(const char *const *)b, &y);
    return both && (x < y || x > y) ? (x > y) - (x < y) : by_text(a, b);
}

/* The different values of a column, over both tables. */
static hone_rc list_categories(struct columns *c, uint64_t column, int numbers, hone_error *err)
{
    struct column *item = &c->items[column];
    const uint64_t most = c->tables[0]->n_rows + (c->tables[1] ? c->tables[1]->n_rows : 0);
    uint64_t n = 0, kept = 0;
    item->categories = malloc(most * sizeof *item->categories);
    if (!item->categories)
        return hone_fail(err, HONE_ENOMEM, "file", "out of memory for the categories of column %llu",
                         (unsigned long long)column + 1);
    for (unsigned t = 0; t < 2 && c->tables[t]; t++)
        for (uint64_t row = 0; row < c->tables[t]->n_rows; row++) {
            const char *cell = table_cell(c->tables[t], row, column);
            if (!is_missing(c, cell))
                item->categories[n++] = cell;
        }
    qsort(item->categories, n, sizeof *item->categories, numbers ? by_number : by_text);
    for (uint64_t i = 0; i < n; i++)
        if (!i || strcmp(item->categories[i], item->categories[kept - 1]))
            item->categories[kept++] = item->categories[i];
    item->n_categories = kept;
    item->numbers = numbers;
    return HONE_OK;
}

/* Index of a text that is among the categories. */
static uint64_t category_of(const struct column *column, const char *cell)
{
    const char **found = bsearch(&cell, column->categories, column->n_categories, sizeof *column->categories,
                                 column->numbers ? by_number : by_text);
    return (uint64_t)(found - column->categories); /* all rows were seen when the categories were listed */
}

/* ---- kinds ---- */

/* Where a column stops being numeric: 1 and the place, or 0. *whole: all are whole numbers. */
static int first_text(const struct columns *c, uint64_t column, unsigned *table, uint64_t *row, int *whole)
{
    *whole = 1;
    for (*table = 0; *table < 2 && c->tables[*table]; ++*table)
        for (*row = 0; *row < c->tables[*table]->n_rows; ++*row) {
            const char *cell = table_cell(c->tables[*table], *row, column);
            double v;
            if (is_missing(c, cell))
                continue;
            if (!is_number(cell, &v))
                return 1;
            *whole = *whole && v == floor(v);
        }
    return 0;
}

static hone_rc decide_input(struct columns *c, uint64_t column, int listed, hone_error *err)
{
    struct column *item = &c->items[column];
    unsigned t = 0;
    uint64_t row = 0;
    int whole;
    hone_rc rc;
    if (item->kind == COLUMN_IGNORED)
        return HONE_OK;
    if (item->kind == COLUMN_NUMERIC && !first_text(c, column, &t, &row, &whole))
        return HONE_OK;
    if (item->kind == COLUMN_NUMERIC && listed)
        return hone_fail(err, HONE_EINVAL, "numeric", PLACE ": '%.40s' is not a number",
                         PLACE_OF(c->tables[t], row, column), table_cell(c->tables[t], row, column));
    item->kind = COLUMN_NOMINAL;
    if ((rc = list_categories(c, column, 0, err)) != HONE_OK)
        return rc;
    if (!listed && item->n_categories > (uint64_t)c->settings->max_categories)
        return hone_fail(
            err, HONE_EINVAL, "max_categories",
            PLACE ": '%.24s' is not a number, and %llu different texts are too many categories: list it in ignore, "
                  "numeric or nominal",
            PLACE_OF(c->tables[t], row, column), table_cell(c->tables[t], row, column),
            (unsigned long long)item->n_categories);
    return HONE_OK;
}

static hone_rc decide_target(struct columns *c, hone_error *err)
{
    struct column *item = &c->items[c->target];
    const uint32_t task = c->settings->task;
    unsigned t = 0;
    uint64_t row = 0;
    int whole;
    item->kind = COLUMN_TARGET;
    for (unsigned i = 0; i < 2 && c->tables[i]; i++)
        for (uint64_t r = 0; r < c->tables[i]->n_rows; r++)
            if (is_missing(c, table_cell(c->tables[i], r, c->target)))
                return hone_fail(err, HONE_EINVAL, "target", PLACE ": the target is missing: delete the row",
                                 PLACE_OF(c->tables[i], r, c->target));
    const int text = first_text(c, c->target, &t, &row, &whole);
    if (task == TASK_REGRESSION && text)
        return hone_fail(err, HONE_EINVAL, "task", PLACE ": '%.40s' is not a number, so this is no regression",
                         PLACE_OF(c->tables[t], row, c->target), table_cell(c->tables[t], row, c->target));
    if (task == TASK_REGRESSION || (task == TASK_AUTO && !text && !whole))
        return HONE_OK;
    const hone_rc rc = list_categories(c, c->target, !text, err);
    c->classification = task == TASK_CLASSIFICATION || text || item->n_categories <= MOST_NUMBERED_CLASSES;
    if (rc == HONE_OK && c->classification && item->n_categories < 2)
        return hone_fail(err, HONE_EINVAL, "target",
                         "column '%.60s' of %s holds one class only: there is nothing to learn",
                         c->tables[0]->names[c->target], hone_short_path(c->tables[0]->path));
    return rc;
}

static hone_rc name_features(struct columns *c, hone_error *err)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < c->n; i++) {
        c->items[i].feature = n;
        n += c->items[i].kind == COLUMN_NUMERIC ? 1 : c->items[i].kind == COLUMN_NOMINAL ? c->items[i].n_categories : 0;
    }
    c->n_features = n;
    if (!n)
        return hone_fail(err, HONE_EINVAL, "file", "%s has no column left to learn from",
                         hone_short_path(c->tables[0]->path));
    if (!(c->feature_names = calloc(n, sizeof *c->feature_names)))
        return hone_fail(err, HONE_ENOMEM, "file", "out of memory for %llu features", (unsigned long long)n);
    for (uint64_t i = 0; i < c->n; i++) {
        const struct column *item = &c->items[i];
        const char *name = c->tables[0]->names[i];
        const uint64_t some = item->kind == COLUMN_NUMERIC ? 1 : item->kind == COLUMN_NOMINAL ? item->n_categories : 0;
        for (uint64_t k = 0; k < some; k++) {
            const char *category = item->kind == COLUMN_NOMINAL ? item->categories[k] : "";
            const size_t length = strlen(name) + strlen(category) + 2;
            char *text = c->feature_names[item->feature + k] = malloc(length);
            if (!text)
                return hone_fail(err, HONE_ENOMEM, "file", "out of memory for %llu features", (unsigned long long)n);
            snprintf(text, length, "%s%s%s", name, *category ? "=" : "", category);
        }
    }
    return HONE_OK;
}

static hone_rc same_columns(const struct table *a, const struct table *b, hone_error *err)
{
    if (a->n_columns != b->n_columns)
        return hone_fail(err, HONE_EINVAL, "test_file", "%s has %llu columns, the training file has %llu",
                         hone_short_path(b->path), (unsigned long long)b->n_columns, (unsigned long long)a->n_columns);
    for (uint64_t i = 0; i < a->n_columns; i++)
        if (strcmp(a->names[i], b->names[i]))
            return hone_fail(err, HONE_EINVAL, "test_file",
                             "column %llu of %s is '%.40s', that of the training file is '%.40s'",
                             (unsigned long long)i + 1, hone_short_path(b->path), b->names[i], a->names[i]);
    return HONE_OK;
}

hone_rc columns_create(struct columns *c, const struct settings *settings, const struct table *table,
                       const struct table *test, hone_error *err)
{
    uint8_t *listed = NULL;
    hone_rc rc = HONE_OK;
    memset(c, 0, sizeof *c);
    c->settings = settings;
    c->tables[0] = table;
    c->tables[1] = test;
    c->n = table->n_columns;
    c->target = *settings->target ? find_column(table, settings->target) : c->n - 1;
    if (c->target == UINT64_MAX)
        return hone_fail(err, HONE_EINVAL, "target", "target: there is no column '%.60s' in %s", settings->target,
                         hone_short_path(table->path));
    if (test && (rc = same_columns(table, test, err)) != HONE_OK)
        return rc;
    c->items = calloc(c->n, sizeof *c->items);
    listed = calloc(c->n, 1);
    if (!c->items || !listed) {
        rc = hone_fail(err, HONE_ENOMEM, "file", "out of memory for %llu columns", (unsigned long long)c->n);
        goto out;
    }
    for (uint64_t i = 0; i < c->n; i++)
        c->items[i].kind = COLUMN_NUMERIC; /* until a text shows up */
    if ((rc = mark(c, &settings->ignore, COLUMN_IGNORED, listed, "ignore", err)) != HONE_OK ||
        (rc = mark(c, &settings->numeric, COLUMN_NUMERIC, listed, "numeric", err)) != HONE_OK ||
        (rc = mark(c, &settings->nominal, COLUMN_NOMINAL, listed, "nominal", err)) != HONE_OK ||
        (rc = decide_target(c, err)) != HONE_OK)
        goto out;
    for (uint64_t i = 0; i < c->n && rc == HONE_OK; i++)
        if (i != c->target)
            rc = decide_input(c, i, listed[i], err);
    if (rc == HONE_OK)
        rc = name_features(c, err);
out:
    free(listed);
    return rc;
}

void columns_release(struct columns *c)
{
    for (uint64_t i = 0; c->items && i < c->n; i++)
        free(c->items[i].categories);
    for (uint64_t i = 0; c->feature_names && i < c->n_features; i++)
        free(c->feature_names[i]);
    free(c->items);
    free(c->feature_names);
    memset(c, 0, sizeof *c);
}

/* ---- missing values ---- */
static hone_rc learn_column(struct columns *c, uint64_t column, const uint64_t *rows, uint64_t n, hone_error *err)
{
    struct column *item = &c->items[column];
    const struct table *t = c->tables[0];
    uint64_t known = 0, *counts = NULL;
    double sum = 0, v = 0;
    if (item->kind == COLUMN_NOMINAL && !(counts = calloc(item->n_categories + 1, sizeof *counts)))
        return hone_fail(err, HONE_ENOMEM, "impute", "out of memory for the categories of column %llu",
                         (unsigned long long)column + 1);
    for (uint64_t i = 0; i < n; i++) {
        const char *cell = table_cell(t, rows[i], column);
        if (is_missing(c, cell))
            continue;
        known++;
        if (counts)
            counts[category_of(item, cell)]++;
        else if (is_number(cell, &v))
            sum += v;
    }
    item->fill = counts ? -1 : known ? sum / (double)known : 0;
    for (uint64_t k = 0, most = 0; counts && k < item->n_categories; k++)
        if (counts[k] > most) {
            most = counts[k];
            item->fill = (double)k;
        }
    free(counts);
    return HONE_OK;
}

hone_rc columns_learn(struct columns *c, const uint64_t *rows, uint64_t n, hone_error *err)
{
    hone_rc rc = HONE_OK;
    for (uint64_t i = 0; i < c->n && rc == HONE_OK; i++) {
        c->items[i].fill = c->items[i].kind == COLUMN_NOMINAL ? -1 : 0;
        if (c->settings->impute == IMPUTE_MEAN &&
            (c->items[i].kind == COLUMN_NUMERIC || c->items[i].kind == COLUMN_NOMINAL))
            rc = learn_column(c, i, rows, n, err);
    }
    return rc;
}

/* ---- a row ---- */
hone_rc columns_encode(const struct columns *c, unsigned which, uint64_t row, float *x, int32_t *label, float *number,
                       hone_error *err)
{
    const struct table *t = c->tables[which];
    double v = 0;
    memset(x, 0, c->n_features * sizeof *x);
    for (uint64_t i = 0; i < c->n; i++) {
        const struct column *item = &c->items[i];
        const char *cell = table_cell(t, row, i);
        if (item->kind == COLUMN_TARGET) {
            if (c->classification)
                *label = (int32_t)category_of(item, cell);
            else if (is_number(cell, &v))
                *number = (float)v;
            continue;
        }
        if (item->kind == COLUMN_IGNORED)
            continue;
        const int missing = is_missing(c, cell);
        if (missing && c->settings->impute == IMPUTE_REFUSE)
            return hone_fail(err, HONE_EINVAL, "impute",
                             PLACE ": the value is missing: give impute = mean or zero, or ignore the column",
                             PLACE_OF(t, row, i));
        if (item->kind == COLUMN_NUMERIC)
            x[item->feature] = (float)(missing || !is_number(cell, &v) ? item->fill : v);
        else {
            const int64_t category = missing ? (int64_t)item->fill : (int64_t)category_of(item, cell);
            if (category >= 0)
                x[item->feature + (uint64_t)category] = 1.0f;
        }
    }
    return HONE_OK;
}
