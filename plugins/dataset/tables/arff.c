/* SPDX-License-Identifier: MIT */
/* dataset/arff - tables in Weka's format: numbers stay numbers, nominal attributes become one feature a value, missing values
 * are replaced if wanted. arff_file.c reads the file. */
#include "arff_file.h"
#include "source.h"
#include "text.h"

#include "hone/settings.h"

enum { IMPUTE_REFUSE, IMPUTE_MEAN, IMPUTE_ZERO };
static const char *const imputations[] = { "refuse", "mean", "zero", NULL };

struct settings {
    const char *file, *test_file, *target;
    double test;
    int64_t split_seed;
    hone_strings ignore;
    uint32_t impute;
};

static const hone_param params[] = {
    HONE_PATH(struct settings, file, NULL, 0, "The table: one row a sample."),
    HONE_PATH(struct settings, test_file, "", 0, "A second table of the same attributes, for the test; empty: none."),
    HONE_REAL(struct settings, test, "0", 0, 1, HONE_P_HI_OPEN, NULL,
              "Share of the rows of `file` set aside for the test, evenly over the classes."),
    HONE_INT(
        struct settings, split_seed, "1", 0, 9e15, HONE_P_ADVANCED, NULL,
        "Which rows `test` takes. It is not the study's seed: studies with other seeds are tested on the same rows."),
    HONE_STR(struct settings, target, "", 0, "Attribute to predict, by name or number (from 1); empty: the last one."),
    HONE_STRS(struct settings, ignore, "", 0, "Attributes to leave out, by name or number."),
    HONE_ENUM(
        struct settings, impute, "refuse", imputations, 0,
        "What becomes of missing inputs. mean: the mean, or the most frequent value, of the rows that are not for "
        "the test."),
};

struct arff {
    const struct settings *settings;
    struct arff_file files[2]; /* file, test_file */
    uint64_t target, width;
    uint8_t *ignored; /* (attributes) */
    float *fill;      /* (attributes) what a missing value becomes; NaN: nothing, for nominal ones */
};

static void release(struct arff *a)
{
    arff_close(&a->files[0]);
    arff_close(&a->files[1]);
    free(a->ignored);
    free(a->fill);
}

/* ---- which attribute is what ---- */
static uint64_t find(const struct arff_file *file, const char *name)
{
    int64_t number = 0;
    for (uint64_t i = 0; i < file->n; i++)
        if (!strcmp(file->attributes[i].name, name))
            return i;
    return hone_parse_int(name, NULL, &number) && number >= 1 && (uint64_t)number <= file->n ? (uint64_t)number - 1
                                                                                             : UINT64_MAX;
}

static hone_rc choose(struct arff *a, hone_error *err)
{
    const struct settings *s = a->settings;
    const struct arff_file *file = &a->files[0];
    const char *path = hone_short_path(s->file);
    a->ignored = calloc(file->n, 1);
    a->fill = calloc(file->n, sizeof *a->fill);
    if (!a->ignored || !a->fill)
        return hone_fail(err, HONE_ENOMEM, "file", "out of memory for %llu attributes", (unsigned long long)file->n);
    a->target = *s->target ? find(file, s->target) : file->n - 1;
    if (a->target == UINT64_MAX)
        return hone_fail(err, HONE_EINVAL, "target", "target: there is no attribute '%.60s' in %.100s", s->target,
                         path);
    for (uint64_t i = 0; i < s->ignore.n; i++) {
        const uint64_t at = find(file, s->ignore.values[i]);
        if (at == UINT64_MAX)
            return hone_fail(err, HONE_EINVAL, "ignore", "ignore: there is no attribute '%.60s' in %.100s",
                             s->ignore.values[i], path);
        if (at == a->target)
            return hone_fail(err, HONE_EINVAL, "ignore", "ignore: '%.60s' is the target", s->ignore.values[i]);
        a->ignored[at] = 1;
    }
    for (uint64_t i = 0; i < file->n; i++) {
        const struct attribute *t = &file->attributes[i];
        const int target = i == a->target;
        if (a->ignored[i] || t->kind == ATTRIBUTE_NUMERIC || t->kind == ATTRIBUTE_NOMINAL)
            continue;
        return hone_fail(err, HONE_EINVAL, target ? "target" : "ignore", "%.100s: attribute '%.60s' is a %s%s", path,
                         t->name, t->kind == ATTRIBUTE_DATE ? "date" : "string",
                         target ? ", which is nothing to predict" : ": list it in ignore");
    }
    if (file->attributes[a->target].kind == ATTRIBUTE_NOMINAL && file->attributes[a->target].n_values < 2)
        return hone_fail(err, HONE_EINVAL, "target", "attribute '%.60s' has one class only: there is nothing to learn",
                         file->attributes[a->target].name);
    return HONE_OK;
}

static int same_attribute(const struct attribute *a, const struct attribute *b)
{
    if (strcmp(a->name, b->name) || a->kind != b->kind || a->n_values != b->n_values)
        return 0;
    for (uint32_t i = 0; i < a->n_values; i++)
        if (strcmp(a->values[i], b->values[i]))
            return 0;
    return 1;
}

static hone_rc same_attributes(const struct arff *a, hone_error *err)
{
    const struct arff_file *one = &a->files[0], *two = &a->files[1];
    const char *path = hone_short_path(a->settings->test_file);
    if (one->n != two->n)
        return hone_fail(err, HONE_EINVAL, "test_file", "%.100s has %llu attributes, the training file has %llu", path,
                         (unsigned long long)two->n, (unsigned long long)one->n);
    for (uint64_t i = 0; i < one->n; i++)
        if (!same_attribute(&one->attributes[i], &two->attributes[i]))
            return hone_fail(err, HONE_EINVAL, "test_file",
                             "attribute %llu of %.100s ('%.40s') is not that of the training file ('%.40s')",
                             (unsigned long long)i + 1, path, two->attributes[i].name, one->attributes[i].name);
    return HONE_OK;
}

/* ---- names ---- */
static char *joined(const char *a, const char *equals, const char *b)
{
    const size_t n = strlen(a) + strlen(equals) + strlen(b) + 1;
    char *text = malloc(n);
    if (text)
        snprintf(text, n, "%s%s%s", a, equals, b);
    return text;
}

static uint64_t features_of(const struct arff *a, uint64_t i)
{
    const struct attribute *t = &a->files[0].attributes[i];
    return i == a->target || a->ignored[i] ? 0 : t->kind == ATTRIBUTE_NOMINAL ? t->n_values : 1;
}

static hone_rc name_all(struct source *source, struct arff *a, hone_error *err)
{
    const struct arff_file *file = &a->files[0];
    const struct attribute *target = &file->attributes[a->target];
    uint64_t at = 0;
    int complete = 1;
    for (uint64_t i = 0; i < file->n; i++)
        a->width += features_of(a, i);
    if (!a->width)
        return hone_fail(err, HONE_EINVAL, "file", "%.100s has no attribute left to learn from",
                         hone_short_path(a->settings->file));
    source->features = calloc(a->width, sizeof *source->features);
    source->n_features = a->width;
    if (target->kind == ATTRIBUTE_NOMINAL) {
        source->classes = calloc(target->n_values, sizeof *source->classes);
        source->n_classes = target->n_values;
        for (uint32_t c = 0; source->classes && c < target->n_values; c++)
            complete &= (source->classes[c] = joined(target->values[c], "", "")) != NULL;
        complete &= source->classes != NULL;
    }
    for (uint64_t i = 0; source->features && i < file->n; i++) {
        const struct attribute *t = &file->attributes[i];
        const int nominal = t->kind == ATTRIBUTE_NOMINAL;
        for (uint64_t k = 0; k < features_of(a, i); k++)
            complete &= (source->features[at++] = joined(t->name, nominal ? "=" : "", nominal ? t->values[k] : "")) !=
                        NULL;
    }
    if (!source->features || !complete)
        return hone_fail(err, HONE_ENOMEM, "file", "out of memory for %llu features", (unsigned long long)a->width);
    source_describe_table(source, target->kind == ATTRIBUTE_NOMINAL ? HONE_TASK_CLASSIFICATION : HONE_TASK_REGRESSION,
                          target->kind == ATTRIBUTE_NOMINAL ? (int64_t)target->n_values : 1, a->width);
    return HONE_OK;
}

/* ---- missing values ---- */
/* What a missing value of attribute i becomes, from the rows: their mean, or their most frequent value. */
static hone_rc learn(struct arff *a, uint64_t i, const uint64_t *rows, uint64_t n, hone_error *err)
{
    const struct arff_file *file = &a->files[0];
    const struct attribute *t = &file->attributes[i];
    const int nominal = t->kind == ATTRIBUTE_NOMINAL;
    uint64_t *counts = calloc(nominal ? t->n_values : 1, sizeof *counts), known = 0;
    double sum = 0;
    if (!counts)
        return hone_fail(err, HONE_ENOMEM, "impute", "out of memory for the values of '%.40s'", t->name);
    for (uint64_t r = 0; r < n; r++) {
        const float v = file->cells[rows[r] * file->n + i];
        if (isnan(v))
            continue;
        known++;
        sum += (double)v;
        if (nominal)
            counts[(uint32_t)v]++;
    }
    a->fill[i] = nominal ? NAN : known ? (float)(sum / (double)known) : 0;
    for (uint32_t k = 0, most = 0; nominal && known && k < t->n_values; k++)
        if (!k || counts[k] > counts[most]) {
            most = k;
            a->fill[i] = (float)k;
        }
    free(counts);
    return HONE_OK;
}

static hone_rc learn_all(struct arff *a, const uint64_t *rows, uint64_t n, hone_error *err)
{
    const struct arff_file *file = &a->files[0];
    hone_rc rc = HONE_OK;
    for (uint64_t i = 0; i < file->n && rc == HONE_OK; i++)
        if (features_of(a, i)) {
            a->fill[i] = file->attributes[i].kind == ATTRIBUTE_NOMINAL ? NAN : 0;
            if (a->settings->impute == IMPUTE_MEAN)
                rc = learn(a, i, rows, n, err);
        }
    return rc;
}

/* ---- rows ---- */
/* x: (width) features of a row. */
static hone_rc encode(const struct arff *a, unsigned which, uint64_t row, float *x, hone_error *err)
{
    const struct arff_file *file = &a->files[which];
    uint64_t at = 0;
    memset(x, 0, a->width * sizeof *x);
    for (uint64_t i = 0; i < file->n; i++) {
        const uint64_t some = features_of(a, i);
        float v = file->cells[row * file->n + i];
        if (some && isnan(v)) {
            if (a->settings->impute == IMPUTE_REFUSE)
                return hone_fail(err, HONE_EINVAL, "impute",
                                 "%.100s:%llu: attribute '%.40s' is missing: give impute = mean or zero, or ignore it",
                                 hone_short_path(which ? a->settings->test_file : a->settings->file),
                                 (unsigned long long)file->lines[row], file->attributes[i].name);
            v = a->fill[i];
        }
        if (some && file->attributes[i].kind != ATTRIBUTE_NOMINAL)
            x[at] = v;
        else if (some && !isnan(v))
            x[at + (uint64_t)v] = 1;
        at += some;
    }
    return HONE_OK;
}

static hone_rc fill(struct source *source, const struct arff *a, unsigned which, struct part *part,
                    const uint64_t *rows, uint64_t n, hone_error *err)
{
    const struct arff_file *file = &a->files[which];
    hone_rc rc = part_allocate(source, part, n, "file", err);
    for (uint64_t i = 0; i < n && rc == HONE_OK; i++) {
        const uint64_t row = rows ? rows[i] : i;
        const float target = file->cells[row * file->n + a->target];
        if (part->labels)
            part->labels[i] = (int32_t)target;
        else
            part->targets[i] = target;
        rc = encode(a, which, row, (float *)part->inputs + i * a->width, err);
    }
    return rc;
}

static hone_rc check_targets(const struct arff *a, unsigned which, hone_error *err)
{
    const struct arff_file *file = &a->files[which];
    for (uint64_t r = 0; r < file->n_rows; r++)
        if (isnan(file->cells[r * file->n + a->target]))
            return hone_fail(err, HONE_EINVAL, "target", "%.100s:%llu: the target '%.40s' is missing: delete the row",
                             hone_short_path(which ? a->settings->test_file : a->settings->file),
                             (unsigned long long)file->lines[r], file->attributes[a->target].name);
    return HONE_OK;
}

/* Which rows are for the test, what missing values become, and all rows as numbers. */
static hone_rc fill_parts(struct source *source, struct arff *a, hone_error *err)
{
    const struct arff_file *file = &a->files[0];
    uint64_t *rows = malloc(file->n_rows * sizeof *rows), n_test = 0;
    int32_t *labels = calloc(file->n_rows, sizeof *labels);
    hone_rc rc = HONE_OK;
    if (!rows || !labels) {
        rc = hone_fail(err, HONE_ENOMEM, "file", "out of memory for %llu rows", (unsigned long long)file->n_rows);
        goto out;
    }
    for (uint64_t r = 0; r < file->n_rows && source->n_classes; r++)
        labels[r] = (int32_t)file->cells[r * file->n + a->target];
    rc = source_set_aside(file->n_rows, source->n_classes ? labels : NULL, a->settings->test, a->settings->split_seed,
                          rows, &n_test, err);
    const uint64_t n = file->n_rows - n_test;
    if (rc == HONE_OK)
        rc = learn_all(a, rows, n, err);
    if (rc == HONE_OK)
        rc = fill(source, a, 0, &source->parts[HONE_SPLIT_TRAIN], rows, n, err);
    if (rc == HONE_OK && *a->settings->test_file)
        rc = fill(source, a, 1, &source->parts[HONE_SPLIT_TEST], NULL, a->files[1].n_rows, err);
    else if (rc == HONE_OK && n_test)
        rc = fill(source, a, 0, &source->parts[HONE_SPLIT_TEST], rows + n, n_test, err);
out:
    free(rows);
    free(labels);
    return rc;
}

static hone_rc open(struct source *source, hone_error *err)
{
    struct arff a;
    memset(&a, 0, sizeof a);
    a.settings = source->settings;
    hone_rc rc = source_check_test(a.settings->test_file, "test_file", a.settings->test, err);
    if (rc == HONE_OK)
        rc = arff_open(&a.files[0], a.settings->file, "file", err);
    if (rc == HONE_OK && *a.settings->test_file)
        rc = arff_open(&a.files[1], a.settings->test_file, "test_file", err);
    if (rc == HONE_OK)
        rc = choose(&a, err);
    if (rc == HONE_OK && *a.settings->test_file)
        rc = same_attributes(&a, err);
    for (unsigned i = 0; i < 2 && rc == HONE_OK; i++)
        rc = check_targets(&a, i, err);
    if (rc == HONE_OK)
        rc = name_all(source, &a, err);
    if (rc == HONE_OK)
        rc = fill_parts(source, &a, err);
    release(&a);
    return rc;
}

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    return source_create(host, info, open, self, err);
}

const hone_component arff_dataset = {
    .size = sizeof arff_dataset,
    .flags = HONE_C_DETERMINISTIC | HONE_C_REUSABLE,
    .kind = HONE_KIND_DATASET,
    .name = "arff",
    .summary = "A table in Weka's attribute-relation file format (ARFF)",
    .doc = "The header says what each attribute is. Numeric ones are features as they stand; of nominal\n"
           "ones each value is a feature of its own (one-hot), in the header's order; strings and dates\n"
           "must be listed in `ignore`. A nominal target makes classes, of which all in the header count;\n"
           "a numeric one is predicted as a number. Rows may be dense or sparse ({index value, ...}).\n"
           "\n"
           "Missing values (?) are refused unless `impute` says what they become. What `mean` learns comes\n"
           "from all rows that are not for the test: the share that a trial validates on takes part in it.\n"
           "Numbers are not scaled: use `[transform.standardize]`.\n"
           "\n"
           "Source: Witten and Frank 2005, \"Data mining: practical machine learning tools and techniques\",\n"
           "section 2.4.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct settings),
    .iface = &source_iface,
    .create = create,
    .destroy = source_destroy,
};
