/* SPDX-License-Identifier: MIT */
/* dataset/csv - tables in text files: numeric and nominal columns, one target column. table.c reads the text, columns.c
 * makes numbers of it; here are the splits and the data set. */
#include "columns.h"
#include "hone/samples.h"
#include "hone/param.h"
#include "hone/rng.h"

#include <stdlib.h>
#include <string.h>

static const char *const tasks[] = { "auto", "classification", "regression", NULL };
static const char *const imputations[] = { "refuse", "mean", "zero", NULL };

static const hone_param params[] = {
    HONE_PATH(struct settings, file, NULL, 0, "The table: one row a sample."),
    HONE_PATH(struct settings, test_file, "", 0, "A second table of the same columns, for the test; empty: none."),
    HONE_REAL(struct settings, test, "0", 0, 1, HONE_P_HI_OPEN, NULL,
              "Share of the rows of `file` set aside for the test, evenly over the classes."),
    HONE_INT(
        struct settings, split_seed, "1", 0, 9e15, HONE_P_ADVANCED, NULL,
        "Which rows `test` takes. It is not the study's seed: studies with other seeds are tested on the same rows."),
    HONE_STR(struct settings, separator, ",", 0, "Character between two fields, or the word tab."),
    HONE_BOOL(struct settings, header, "yes", 0,
              "Whether the first row names the columns. Without it they are called 1, 2, ..."),
    HONE_STR(struct settings, target, "", 0, "Column to predict, by name or number (from 1); empty: the last one."),
    HONE_ENUM(
        struct settings, task, "auto", tasks, 0,
        "What the target holds: classes or numbers. auto: texts, and up to 20 different whole numbers, are classes."),
    HONE_STRS(struct settings, ignore, "", 0, "Columns to leave out."),
    HONE_STRS(struct settings, numeric, "", 0, "Columns that must be numeric: anything else in them is an error."),
    HONE_STRS(struct settings, nominal, "", 0, "Columns that are nominal though they hold numbers (a postal code)."),
    HONE_INT(
        struct settings, max_categories, "100", 1, 1e6, 0, "categories",
        "Most categories of a column that is taken for nominal because it holds a text; more are probably a mistake."),
    HONE_STRS(struct settings, missing, "?, NA", 0,
              "Texts that stand for a missing value. An empty field always does."),
    HONE_ENUM(struct settings, impute, "refuse", imputations, 0,
              "What becomes of missing inputs. mean: the mean, or the most frequent category, of the rows that are not "
              "for the test."),
};

struct part {
    uint64_t n;
    float *inputs;   /* (n, n_features) */
    int32_t *labels; /* (n), or NULL */
    float *numbers;  /* (n), or NULL */
};
struct csv {
    const struct settings *settings;
    const hone_host *host;
    int opened;
    struct table tables[2];
    struct columns columns;
    struct part parts[2]; /* training, test */
};

static void close_all(struct csv *csv)
{
    for (unsigned i = 0; i < 2; i++) {
        free(csv->parts[i].inputs);
        free(csv->parts[i].labels);
        free(csv->parts[i].numbers);
        table_close(&csv->tables[i]);
    }
    columns_release(&csv->columns);
    memset(csv->parts, 0, sizeof csv->parts);
    csv->opened = 0;
}

static hone_rc fill_part(struct csv *csv, struct part *part, unsigned which, const uint64_t *rows, uint64_t n,
                         hone_error *err)
{
    const uint64_t width = csv->columns.n_features;
    hone_rc rc = HONE_OK;
    part->n = n;
    part->inputs = n <= SIZE_MAX / sizeof(float) / width ? malloc((n ? n : 1) * width * sizeof *part->inputs) : NULL;
    if (csv->columns.classification)
        part->labels = calloc(n ? n : 1, sizeof *part->labels);
    else
        part->numbers = calloc(n ? n : 1, sizeof *part->numbers);
    if (!part->inputs || !(part->labels || part->numbers))
        return hone_fail(err, HONE_ENOMEM, "file", "out of memory for %llu rows of %llu features",
                         (unsigned long long)n, (unsigned long long)width);
    for (uint64_t i = 0; i < n && rc == HONE_OK; i++)
        rc = columns_encode(&csv->columns, which, rows ? rows[i] : i, part->inputs + i * width,
                            part->labels ? part->labels + i : NULL, part->numbers ? part->numbers + i : NULL, err);
    return rc;
}

/* ---- setting rows aside for the test ---- */
struct row {
    const char *class;
    uint64_t at, row; /* place in the shuffled order, row of the table */
};

static int by_class(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    const int order = strcmp(x->class, y->class);
    return order ? order : (x->at > y->at) - (x->at < y->at);
}

static int by_row(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Shuffles the rows, sorts them by class keeping that order, and takes an even share: every class gives its part. The first
 * n - m of `rows` are for the training, the last m for the test, each in the order of the file. */
static hone_rc set_aside(const struct csv *csv, uint64_t m, uint64_t *rows, hone_error *err)
{
    const uint64_t n = csv->tables[0].n_rows;
    struct row *order = malloc(n * sizeof *order);
    if (!order)
        return hone_fail(err, HONE_ENOMEM, "test", "out of memory for %llu rows", (unsigned long long)n);
    hone_rng rng = hone_rng_at((uint64_t)csv->settings->split_seed, 0);
    for (uint64_t i = 0; i < n; i++)
        rows[i] = i;
    hone_rng_shuffle(&rng, rows, n);
    for (uint64_t i = 0; i < n; i++)
        order[i] = (struct row){ csv->columns.classification ? table_cell(&csv->tables[0], rows[i], csv->columns.target)
                                                             : "",
                                 i, rows[i] };
    qsort(order, n, sizeof *order, by_class);
    uint64_t carry = n / 2, trained = 0, tested = 0;
    for (uint64_t i = 0; i < n; i++) {
        carry += m;
        if (carry >= n) {
            carry -= n;
            rows[n - m + tested++] = order[i].row;
        } else
            rows[trained++] = order[i].row;
    }
    qsort(rows, n - m, sizeof *rows, by_row);
    qsort(rows + (n - m), m, sizeof *rows, by_row);
    free(order);
    return HONE_OK;
}

static hone_rc fill_parts(struct csv *csv, hone_error *err)
{
    const struct settings *s = csv->settings;
    const uint64_t n = csv->tables[0].n_rows, m = (uint64_t)(s->test * (double)n + 0.5);
    uint64_t *rows = malloc(n * sizeof *rows);
    hone_rc rc = HONE_OK;
    if (!rows) {
        rc = hone_fail(err, HONE_ENOMEM, "file", "out of memory for %llu rows", (unsigned long long)n);
        goto out;
    }
    if (s->test > 0 && (!m || m >= n)) {
        rc = hone_fail(err, HONE_EINVAL, "test", "test = %g of %llu rows leaves none to %s", s->test,
                       (unsigned long long)n, m ? "train on" : "test on");
        goto out;
    }
    if ((rc = set_aside(csv, m, rows, err)) != HONE_OK ||
        (rc = columns_learn(&csv->columns, rows, n - m, err)) != HONE_OK ||
        (rc = fill_part(csv, &csv->parts[0], 0, rows, n - m, err)) != HONE_OK)
        goto out;
    if (*s->test_file)
        rc = fill_part(csv, &csv->parts[1], 1, NULL, csv->tables[1].n_rows, err);
    else
        rc = fill_part(csv, &csv->parts[1], 0, rows + (n - m), m, err);
out:
    free(rows);
    return rc;
}

/* ---- dataset/1 ---- */
static hone_rc separator_of(const struct settings *s, char *separator, hone_error *err)
{
    *separator = !strcmp(s->separator, "tab") ? '\t' : s->separator[0];
    if (!*separator || (*separator != '\t' && s->separator[1]) || strchr("\"\r\n ", *separator) || *separator & 0x80)
        return hone_fail(err, HONE_EINVAL, "separator",
                         "separator = %.20s must be one character (such as , or ;) or tab", s->separator);
    return HONE_OK;
}

static hone_rc open_all(struct csv *csv, hone_error *err)
{
    const struct settings *s = csv->settings;
    char separator;
    if (csv->opened)
        return HONE_OK;
    hone_rc rc = separator_of(s, &separator, err);
    if (rc == HONE_OK && *s->test_file && s->test > 0)
        rc = hone_fail(err, HONE_EINVAL, "test", "test = %g and test_file exclude each other: give one of them",
                       s->test);
    if (rc == HONE_OK)
        rc = table_open(&csv->tables[0], s->file, separator, s->header, "file", err);
    if (rc == HONE_OK && *s->test_file)
        rc = table_open(&csv->tables[1], s->test_file, separator, s->header, "test_file", err);
    if (rc == HONE_OK)
        rc = columns_create(&csv->columns, s, &csv->tables[0], *s->test_file ? &csv->tables[1] : NULL, err);
    if (rc == HONE_OK)
        rc = fill_parts(csv, err);
    if (rc != HONE_OK)
        close_all(csv);
    csv->opened = rc == HONE_OK;
    return rc;
}

static hone_rc describe(void *self, hone_task *task, uint64_t counts[HONE_SPLITS], hone_error *err)
{
    struct csv *csv = self;
    const hone_rc rc = open_all(csv, err);
    if (rc != HONE_OK)
        return rc;
    const struct columns *c = &csv->columns;
    memset(task, 0, sizeof *task);
    task->size = sizeof *task;
    task->kind = c->classification ? HONE_TASK_CLASSIFICATION : HONE_TASK_REGRESSION;
    task->n_outputs = c->classification ? (int64_t)c->items[c->target].n_categories : 1;
    task->n_dims = 1;
    task->dims[0] = (int64_t)c->n_features;
    task->dtype = HONE_F32;
    task->classes = c->classification ? (const char *const *)c->items[c->target].categories : NULL;
    task->features = (const char *const *)c->feature_names;
    counts[HONE_SPLIT_TRAIN] = csv->parts[0].n;
    counts[HONE_SPLIT_VALIDATION] = 0;
    counts[HONE_SPLIT_TEST] = csv->parts[1].n;
    return HONE_OK;
}

static hone_rc view(void *self, uint32_t split, hone_dataset_view *out, hone_error *err)
{
    struct csv *csv = self;
    const hone_rc rc = open_all(csv, err);
    if (rc != HONE_OK)
        return rc;
    const struct part *part = &csv->parts[split == HONE_SPLIT_TEST];
    if (split != HONE_SPLIT_TRAIN && (split != HONE_SPLIT_TEST || !part->n))
        return hone_samples_no_split(split, err);
    *out = (hone_dataset_view){ sizeof *out, 0, part->n, part->inputs, part->labels, part->numbers };
    return HONE_OK;
}

static hone_rc read_samples(void *self, uint32_t split, const uint64_t *indices, uint64_t n, void *inputs,
                            int32_t *labels, float *targets, hone_error *err)
{
    struct csv *csv = self;
    hone_dataset_view v;
    const hone_rc rc = view(csv, split, &v, err);
    const uint64_t bytes = csv->columns.n_features * sizeof(float);
    return rc == HONE_OK ? hone_samples_read(&v, bytes, 1, indices, n, inputs, labels, targets, err) : rc;
}

static const hone_dataset_v1 iface = { sizeof iface, 0, describe, read_samples, view };

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    struct csv *csv = calloc(1, sizeof *csv);
    if (!csv)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory");
    csv->host = host;
    csv->settings = info->config;
    *self = csv;
    return HONE_OK;
}

static void destroy(void *self)
{
    if (self)
        close_all(self);
    free(self);
}

static const hone_component component = {
    .size = sizeof component,
    .flags = HONE_C_DETERMINISTIC | HONE_C_REUSABLE,
    .kind = HONE_KIND_DATASET,
    .name = "csv",
    .summary = "A table in a CSV file: numeric and nominal columns, classes or numbers to predict",
    .doc = "Reads a table as RFC 4180 describes it, with any separator; quoted fields may hold newlines. A column is "
           "numeric\n"
           "where all its values are numbers, nominal otherwise: each of its categories becomes a feature of its own "
           "(one-hot).\n"
           "`numeric`, `nominal` and `ignore` say so instead, by name or number.\n"
           "\n"
           "Missing values are refused unless `impute` says what they become. What `mean` learns comes from all rows "
           "that are\n"
           "not for the test: the share that a trial validates on takes part in it. Numbers are not scaled: use\n"
           "`[transform.standardize]`.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
};
HONE_MODULE("org.hone.dataset.csv", "0.1.0", "MIT", "the hone authors", "", &component)
