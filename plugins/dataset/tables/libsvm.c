/* SPDX-License-Identifier: MIT */
/* dataset/libsvm - rows of a target and the features that are not zero: "+1 3:0.5 17:1". */
#include "source.h"
#include "text.h"

#include "hone/settings.h"

enum { MOST_FEATURES_UNASKED = 1000000 };

struct settings {
    const char *file, *test_file;
    double test;
    int64_t split_seed, features;
    uint32_t task;
    uint8_t zero_based;
};

static const hone_param params[] = {
    HONE_PATH(struct settings, file, NULL, 0, "The table: one row a sample."),
    HONE_PATH(struct settings, test_file, "", 0, "A second table, for the test; empty: none."),
    HONE_REAL(struct settings, test, "0", 0, 1, HONE_P_HI_OPEN, NULL,
              "Share of the rows of `file` set aside for the test, evenly over the classes."),
    HONE_INT(
        struct settings, split_seed, "1", 0, 9e15, HONE_P_ADVANCED, NULL,
        "Which rows `test` takes. It is not the study's seed: studies with other seeds are tested on the same rows."),
    HONE_INT(struct settings, features, "0", 0, 1e9, 0, NULL,
             "How many features there are; 0: as many as the largest index found says."),
    HONE_BOOL(struct settings, zero_based, "no", 0, "Indices count from 0, not from 1."),
    HONE_ENUM(struct settings, task, "auto", source_tasks, 0,
              "What the targets are: classes or numbers. auto: up to 20 different whole numbers are classes."),
};

struct entry {
    uint64_t row, feature;
    float value;
};
struct table {
    struct entry *entries;
    double *targets;
    uint64_t n_entries, entry_capacity, n_rows, row_capacity, features; /* features: largest index + 1 */
};

static void table_close(struct table *t)
{
    free(t->entries);
    free(t->targets);
    memset(t, 0, sizeof *t);
}

/* Room for one more element. */
static int grow(void **array, uint64_t n, uint64_t *capacity, size_t size)
{
    if (n < *capacity)
        return 1;
    const uint64_t larger = *capacity ? *capacity * 2 : 1024;
    void *more = realloc(*array, larger * size);
    if (!more)
        return 0;
    *array = more;
    *capacity = larger;
    return 1;
}

static hone_rc add_entry(struct table *t, const struct text *text, uint64_t feature, double value, hone_error *err)
{
    void *entries = t->entries;
    if (!grow(&entries, t->n_entries, &t->entry_capacity, sizeof *t->entries))
        return hone_fail(err, HONE_ENOMEM, text->key, "out of memory for %.150s", text->path);
    t->entries = entries;
    t->entries[t->n_entries++] = (struct entry){ t->n_rows, feature, (float)value };
    t->features = feature + 1 > t->features ? feature + 1 : t->features;
    return HONE_OK;
}

static hone_rc add_row(struct table *t, const struct text *text, double target, hone_error *err)
{
    void *targets = t->targets;
    if (!grow(&targets, t->n_rows, &t->row_capacity, sizeof *t->targets))
        return hone_fail(err, HONE_ENOMEM, text->key, "out of memory for %.150s", text->path);
    t->targets = targets;
    t->targets[t->n_rows++] = target;
    return HONE_OK;
}

/* "17:0.5"; *last: the index before it, -1 for the first. */
static hone_rc pair(const struct settings *s, struct table *t, const struct text *text, char *word, int64_t *last,
                    hone_error *err)
{
    char *colon = strchr(word, ':');
    int64_t index = 0;
    double value = 0;
    if (!colon)
        return text_fail(text, err, "'%.40s' is no index:value", word);
    *colon = '\0';
    if (!strcmp(word, "qid"))
        return text_fail(text, err, "qid is for ranking, which hone does not train: take it out");
    if (!hone_parse_int(word, NULL, &index) || index < 0)
        return text_fail(text, err, "'%.40s' is no index of a feature", word);
    if (!text_number(colon + 1, &value))
        return text_fail(text, err, "'%.40s' is not a number, or none that fits a float", colon + 1);
    if (!index && !s->zero_based)
        return text_fail(text, err, "index 0: indices count from 1, unless zero_based = yes");
    if (index <= *last)
        return text_fail(text, err, "index %lld follows %lld: they must grow", (long long)index, (long long)*last);
    *last = index;
    const uint64_t feature = (uint64_t)index - (s->zero_based ? 0 : 1);
    if (s->features && feature >= (uint64_t)s->features)
        return text_fail(text, err, "index %lld is beyond features = %lld", (long long)index, (long long)s->features);
    if (feature >= MOST_FEATURES_UNASKED && !s->features)
        return text_fail(text, err, "index %lld makes a table of that width: if it must be, give features",
                         (long long)index);
    return add_entry(t, text, feature, value, err);
}

static hone_rc row(const struct settings *s, struct table *t, const struct text *text, char *line, double *target,
                   hone_error *err)
{
    int64_t last = -1;
    hone_rc rc = HONE_OK;
    line[strcspn(line, "#")] = '\0';
    char *at = line + strspn(line, " \t");
    for (int first = 1; *at && rc == HONE_OK; first = 0) {
        char *word = at;
        at += strcspn(at, " \t");
        if (*at)
            *at++ = '\0';
        at += strspn(at, " \t");
        if (!first)
            rc = pair(s, t, text, word, &last, err);
        else if (!text_number(word, target))
            return text_fail(text, err, "'%.40s' is no target: one number must start the row", word);
    }
    return rc;
}

static hone_rc table_open(const struct settings *s, struct table *t, const char *path, const char *key, hone_error *err)
{
    struct text text;
    hone_rc rc = text_open(&text, path, key, err);
    for (char *line; rc == HONE_OK && (line = text_line(&text));) {
        char *start = line + strspn(line, " \t");
        if (!*start || *start == '#')
            continue;
        double target = 0;
        rc = row(s, t, &text, line, &target, err);
        if (rc == HONE_OK)
            rc = add_row(t, &text, target, err);
    }
    if (rc == HONE_OK && !t->n_rows)
        rc = hone_fail(err, HONE_EIO, key, "%.150s has no rows", hone_short_path(path));
    text_close(&text);
    return rc;
}

static hone_rc fill(struct source *source, struct part *part, const struct table *t, int32_t *labels, hone_error *err)
{
    const uint64_t width = (uint64_t)source->task.dims[0];
    const hone_rc rc = part_allocate(source, part, t->n_rows, "file", err);
    if (rc != HONE_OK)
        return rc;
    memset(part->inputs, 0, t->n_rows * width * sizeof(float));
    for (uint64_t i = 0; i < t->n_entries; i++)
        ((float *)part->inputs)[t->entries[i].row * width + t->entries[i].feature] = t->entries[i].value;
    for (uint64_t i = 0; i < t->n_rows; i++)
        if (part->labels)
            part->labels[i] = labels[i];
        else
            part->targets[i] = (float)t->targets[i];
    return HONE_OK;
}

static hone_rc open(struct source *source, hone_error *err)
{
    static const uint32_t splits[2] = { HONE_SPLIT_TRAIN, HONE_SPLIT_TEST };
    const struct settings *s = source->settings;
    struct table tables[HONE_SPLITS];
    int32_t *labels[HONE_SPLITS] = { NULL, NULL, NULL };
    int classification = 0;
    memset(tables, 0, sizeof tables);
    hone_rc rc = source_check_test(s->test_file, "test_file", s->test, err);
    if (rc == HONE_OK)
        rc = table_open(s, &tables[HONE_SPLIT_TRAIN], s->file, "file", err);
    if (rc == HONE_OK && *s->test_file)
        rc = table_open(s, &tables[HONE_SPLIT_TEST], s->test_file, "test_file", err);
    const uint64_t largest = tables[0].features > tables[2].features ? tables[0].features : tables[2].features;
    const uint64_t features = s->features ? (uint64_t)s->features : largest;
    if (rc == HONE_OK && !features)
        rc = hone_fail(err, HONE_EINVAL, "file", "%.150s has no feature in any row", hone_short_path(s->file));
    if (rc == HONE_OK) {
        double *const values[HONE_SPLITS] = { tables[0].targets, tables[1].targets, tables[2].targets };
        const uint64_t n[HONE_SPLITS] = { tables[0].n_rows, tables[1].n_rows, tables[2].n_rows };
        rc = source_classes(source, values, n, s->task, "file", labels, &classification, err);
    }
    if (rc == HONE_OK)
        source_describe_table(source, classification ? HONE_TASK_CLASSIFICATION : HONE_TASK_REGRESSION,
                              classification ? (int64_t)source->n_classes : 1, features);
    for (unsigned i = 0; i < 2 && rc == HONE_OK; i++)
        if (tables[splits[i]].n_rows)
            rc = fill(source, &source->parts[splits[i]], &tables[splits[i]], labels[splits[i]], err);
    if (rc == HONE_OK && s->test > 0)
        rc = source_split(source, s->test, s->split_seed, err);
    for (unsigned i = 0; i < HONE_SPLITS; i++) {
        table_close(&tables[i]);
        free(labels[i]);
    }
    return rc;
}

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    return source_create(host, info, open, self, err);
}

const hone_component libsvm_dataset = {
    .size = sizeof libsvm_dataset,
    .flags = HONE_C_DETERMINISTIC | HONE_C_REUSABLE,
    .kind = HONE_KIND_DATASET,
    .name = "libsvm",
    .summary = "A table in the sparse text format of LIBSVM and SVMlight",
    .doc = "A row is a target and the features that are not zero, by index:\n"
           "\n"
           "    +1 3:0.5 17:1 204:-0.25    # a comment\n"
           "\n"
           "Indices grow along a row and count from 1 (`zero_based`: from 0). The features are read into\n"
           "a dense table, so a set of n rows takes n times `features` times 4 bytes. Whole numbers as\n"
           "targets are classes, unless there are more than 20 different ones or `task` says otherwise.\n"
           "\n"
           "Source: Chang and Lin 2011, \"LIBSVM: a library for support vector machines\", ACM\n"
           "transactions on intelligent systems and technology 2.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct settings),
    .iface = &source_iface,
    .create = create,
    .destroy = source_destroy,
};
