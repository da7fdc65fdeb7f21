/* SPDX-License-Identifier: MIT */
/* Reading ARFF: the header's attributes, then rows, dense ("1, red, ?") or sparse ("{0 1, 3 red}"). */
#include "arff_file.h"

#include "text.h"

#include "hone/param.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- words ---- */
/* Takes the word at *at: quoted, or up to one of `ends` with the blanks before that cut off. *at: behind it, on the next
 * character that is no blank. The word is ended in place. *quoted: '?' in quotes is no missing value. */
static hone_rc take_word(const struct text *text, char **at, const char *ends, char **word, int *quoted, char *ended_by,
                         hone_error *err)
{
    char *from = *at + strspn(*at, " \t"), *to;
    *quoted = *from == '\'' || *from == '"';
    if (*quoted) {
        const char quote = *from++;
        *word = to = from;
        for (; *from != quote; from++) {
            if (*from == '\\' && from[1]) {
                from++;
                *to++ = *from == 'n' ? '\n' : *from == 't' ? '\t' : *from == 'r' ? '\r' : *from;
            } else if (*from) {
                *to++ = *from;
            } else {
                return text_fail(text, err, "the quote %c is never closed", quote);
            }
        }
        from++;
    } else {
        *word = from;
        from += strcspn(from, ends);
        for (to = from; to > *word && (to[-1] == ' ' || to[-1] == '\t'); to--)
            continue;
    }
    from += strspn(from, " \t");
    *ended_by = *from; /* before the end of the word is written, which may be here */
    *at = from;
    *to = '\0';
    return HONE_OK;
}

static int starts_with(const char *line, const char *keyword)
{
    const size_t n = strlen(keyword);
    return !strncasecmp(line, keyword, n) && (!line[n] || line[n] == ' ' || line[n] == '\t');
}

/* ---- header ---- */
static hone_rc out_of_memory(const struct text *text, hone_error *err)
{
    return hone_fail(err, HONE_ENOMEM, text->key, "out of memory for %.150s", text->path);
}

struct sorted {
    const char *text;
    uint32_t index;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(((const struct sorted *)a)->text, ((const struct sorted *)b)->text);
}

static hone_rc sort_values(const struct text *text, struct attribute *a, hone_error *err)
{
    struct sorted *sorted = calloc(a->n_values, sizeof *sorted);
    hone_rc rc = HONE_OK;
    a->order = calloc(a->n_values, sizeof *a->order);
    if (!sorted || !a->order)
        rc = out_of_memory(text, err);
    for (uint32_t i = 0; rc == HONE_OK && i < a->n_values; i++)
        sorted[i] = (struct sorted){ a->values[i], i };
    if (rc == HONE_OK)
        qsort(sorted, a->n_values, sizeof *sorted, by_text);
    for (uint32_t i = 0; rc == HONE_OK && i < a->n_values; i++) {
        a->order[i] = sorted[i].index;
        if (i && !strcmp(sorted[i - 1].text, sorted[i].text))
            rc = text_fail(text, err, "'%.40s' is listed twice among the values of '%.40s'", sorted[i].text, a->name);
    }
    free(sorted);
    return rc;
}

/* "{red, green, 'dark blue'}" behind its brace. */
static hone_rc take_values(const struct text *text, struct attribute *a, char *at, hone_error *err)
{
    uint32_t capacity = 0;
    char ended_by = ',';
    hone_rc rc = HONE_OK;
    while (ended_by == ',') {
        char *word;
        int quoted;
        if ((rc = take_word(text, &at, ",}", &word, &quoted, &ended_by, err)) != HONE_OK)
            return rc;
        if (ended_by != ',' && ended_by != '}')
            return ended_by
                       ? text_fail(text, err, "'%c' in place of , or } among the values of '%.40s'", ended_by, a->name)
                       : text_fail(text, err, "the brace of the values of '%.40s' is never closed", a->name);
        at++;
        if (!*word && !quoted)
            return text_fail(text, err, "a value of '%.40s' is empty", a->name);
        if (a->n_values == capacity) {
            capacity = capacity ? capacity * 2 : 8;
            char **more = realloc(a->values, capacity * sizeof *more);
            if (!more)
                return out_of_memory(text, err);
            a->values = more;
        }
        if (!(a->values[a->n_values] = strdup(word)))
            return out_of_memory(text, err);
        a->n_values++;
    }
    at = text_trim(at);
    if (*at && *at != '%')
        return text_fail(text, err, "'%.40s' follows the values of '%.40s'", at, a->name);
    return sort_values(text, a, err);
}

static hone_rc take_type(const struct text *text, struct attribute *a, char *type, hone_error *err)
{
    if (*type == '{') {
        a->kind = ATTRIBUTE_NOMINAL;
        return take_values(text, a, type + 1, err);
    }
    if (starts_with(type, "date")) {
        a->kind = ATTRIBUTE_DATE;
        return HONE_OK;
    }
    char *comment = strchr(type, '%');
    if (comment)
        *comment = '\0';
    type = text_trim(type);
    if (!strcasecmp(type, "numeric") || !strcasecmp(type, "real") || !strcasecmp(type, "integer"))
        a->kind = ATTRIBUTE_NUMERIC;
    else if (!strcasecmp(type, "string"))
        a->kind = ATTRIBUTE_STRING;
    else if (!strcasecmp(type, "relational"))
        return text_fail(text, err, "'%.40s' is relational: tables within tables are not read", a->name);
    else
        return text_fail(text, err, "'%.40s' is no type of an attribute (numeric, {values}, string, date)", type);
    return HONE_OK;
}

static hone_rc take_attribute(struct arff_file *file, const struct text *text, char *at, hone_error *err)
{
    char *name, ended_by;
    int quoted;
    hone_rc rc = take_word(text, &at, " \t{", &name, &quoted, &ended_by, err);
    if (rc != HONE_OK)
        return rc;
    if (!*name)
        return text_fail(text, err, "@attribute needs a name and a type");
    for (uint64_t i = 0; i < file->n; i++)
        if (!strcmp(file->attributes[i].name, name))
            return text_fail(text, err, "two attributes are called '%.60s'", name);
    if (file->n == file->capacity) {
        const uint64_t capacity = file->capacity ? file->capacity * 2 : 16;
        struct attribute *more = realloc(file->attributes, capacity * sizeof *more);
        if (!more)
            return out_of_memory(text, err);
        file->attributes = more;
        file->capacity = capacity;
    }
    struct attribute *a = &file->attributes[file->n];
    memset(a, 0, sizeof *a);
    if (!(a->name = strdup(name)))
        return out_of_memory(text, err);
    file->n++;
    *at = ended_by; /* the name's end may have been written on the brace */
    return take_type(text, a, at, err);
}

static hone_rc take_header(struct arff_file *file, struct text *text, hone_error *err)
{
    hone_rc rc;
    for (char *line; (line = text_line(text));) {
        line = text_trim(line);
        if (!*line || *line == '%' || starts_with(line, "@relation"))
            continue;
        if (starts_with(line, "@data"))
            return file->n ? HONE_OK : text_fail(text, err, "@data comes before any @attribute");
        if (!starts_with(line, "@attribute"))
            return text_fail(text, err, "'%.40s' is none of @relation, @attribute, @data", line);
        if ((rc = take_attribute(file, text, line + strlen("@attribute"), err)) != HONE_OK)
            return rc;
    }
    return text_fail(text, err, "the file ends before @data: this is no ARFF file, or only the head of one");
}

/* ---- rows ---- */
static hone_rc take_cell(const struct text *text, const struct attribute *a, const char *word, int quoted, float *cell,
                         hone_error *err)
{
    double v = 0;
    *cell = NAN;
    if (!quoted && !strcmp(word, "?"))
        return HONE_OK;
    *cell = 0;
    if (a->kind == ATTRIBUTE_NUMERIC) {
        if (!text_number(word, &v))
            return text_fail(text, err, "attribute '%.40s': '%.40s' is not a number", a->name, word);
        *cell = (float)v;
    }
    if (a->kind != ATTRIBUTE_NOMINAL)
        return HONE_OK;
    uint32_t low = 0, high = a->n_values;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const int order = strcmp(word, a->values[a->order[middle]]);
        if (!order) {
            *cell = (float)a->order[middle];
            return HONE_OK;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return text_fail(text, err, "attribute '%.40s': '%.40s' is not among its values", a->name, word);
}

#define WEIGHTED "rows with a weight ({...} at their end) are not read: take the weights out"

static hone_rc dense_row(const struct arff_file *file, const struct text *text, char *at, float *cells, hone_error *err)
{
    char ended_by = ',';
    hone_rc rc;
    uint64_t n = 0;
    for (; ended_by == ','; n++) {
        char *word;
        int quoted;
        if ((rc = take_word(text, &at, ",", &word, &quoted, &ended_by, err)) != HONE_OK)
            return rc;
        if (ended_by && ended_by != ',')
            return text_fail(text, err, "'%c' follows the value '%.40s'", ended_by, word);
        if (n == file->n && *word == '{' && !quoted)
            return text_fail(text, err, WEIGHTED);
        at += ended_by == ',';
        if (n < file->n && (rc = take_cell(text, &file->attributes[n], word, quoted, &cells[n], err)) != HONE_OK)
            return rc;
    }
    return n == file->n ? HONE_OK
                        : text_fail(text, err, "the row has %llu values, there are %llu attributes",
                                    (unsigned long long)n, (unsigned long long)file->n);
}

/* What is not listed is 0: of a nominal attribute its first value. */
static hone_rc sparse_row(const struct arff_file *file, const struct text *text, char *at, float *cells,
                          hone_error *err)
{
    char ended_by = ',';
    uint64_t last = UINT64_MAX;
    hone_rc rc;
    memset(cells, 0, file->n * sizeof *cells);
    at += strspn(at, " \t");
    if (*at == '}')
        ended_by = *at++;
    while (ended_by == ',') {
        char *word, *end;
        int quoted;
        at += strspn(at, " \t");
        const uint64_t index = strtoull(at, &end, 10);
        if (*at < '0' || *at > '9' || (*end != ' ' && *end != '\t') || index >= file->n)
            return text_fail(text, err, "'%.40s' does not start with the number of an attribute (0 to %llu)", at,
                             (unsigned long long)file->n - 1);
        if (last != UINT64_MAX && index <= last)
            return text_fail(text, err, "attribute %llu follows %llu: the numbers must grow", (unsigned long long)index,
                             (unsigned long long)last);
        last = index;
        at = end;
        if ((rc = take_word(text, &at, ",}", &word, &quoted, &ended_by, err)) != HONE_OK)
            return rc;
        if (ended_by != ',' && ended_by != '}')
            return text_fail(text, err, "the brace of the row is never closed");
        at++;
        if ((rc = take_cell(text, &file->attributes[index], word, quoted, &cells[index], err)) != HONE_OK)
            return rc;
    }
    at = text_trim(at);
    if (*at == ',')
        return text_fail(text, err, WEIGHTED);
    return *at ? text_fail(text, err, "'%.40s' follows the brace of the row", at) : HONE_OK;
}

static hone_rc take_rows(struct arff_file *file, struct text *text, hone_error *err)
{
    hone_rc rc = HONE_OK;
    for (char *line; rc == HONE_OK && (line = text_line(text));) {
        line = text_trim(line);
        if (!*line || *line == '%')
            continue;
        if (file->n_rows == file->row_capacity) {
            const uint64_t capacity = file->row_capacity ? file->row_capacity * 2 : 256;
            float *cells = realloc(file->cells, capacity * file->n * sizeof *cells);
            if (cells)
                file->cells = cells;
            uint64_t *lines = cells ? realloc(file->lines, capacity * sizeof *lines) : NULL;
            if (!lines)
                return out_of_memory(text, err);
            file->lines = lines;
            file->row_capacity = capacity;
        }
        float *cells = file->cells + file->n_rows * file->n;
        rc = *line == '{' ? sparse_row(file, text, line + 1, cells, err) : dense_row(file, text, line, cells, err);
        file->lines[file->n_rows++] = text->line;
    }
    if (rc == HONE_OK && !file->n_rows)
        rc = text_fail(text, err, "there is no row after @data");
    return rc;
}

hone_rc arff_open(struct arff_file *file, const char *path, const char *key, hone_error *err)
{
    struct text text;
    memset(file, 0, sizeof *file);
    hone_rc rc = text_open(&text, path, key, err);
    if (rc == HONE_OK)
        rc = take_header(file, &text, err);
    if (rc == HONE_OK)
        rc = take_rows(file, &text, err);
    text_close(&text);
    return rc;
}

void arff_close(struct arff_file *file)
{
    for (uint64_t i = 0; i < file->n; i++) {
        for (uint32_t v = 0; v < file->attributes[i].n_values; v++)
            free(file->attributes[i].values[v]);
        free(file->attributes[i].values);
        free(file->attributes[i].order);
        free(file->attributes[i].name);
    }
    free(file->attributes);
    free(file->cells);
    free(file->lines);
    memset(file, 0, sizeof *file);
}
