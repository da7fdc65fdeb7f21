/* SPDX-License-Identifier: MIT */
/* Reading a CSV file (RFC 4180): one pass over the text, fields unquoted and ended in place. */
#include "table.h"

enum { NUMBER_DIGITS = 21 };

/* ---- the fields ---- */
struct scan {
    struct table *table;
    char *at;              /* ends at a NUL */
    uint64_t line, fields; /* of the row being read */
    char separator;
    const char *key;
};

static int is_blank(const struct scan *s, char c)
{
    return (c == ' ' || c == '\t') && c != s->separator;
}

static hone_rc add_cell(struct scan *s, const char *cell, hone_error *err)
{
    struct table *t = s->table;
    if (t->n_cells == t->capacity) {
        const uint64_t capacity = t->capacity ? t->capacity * 2 : 256;
        const char **more = realloc(t->cells, capacity * sizeof *more);
        if (!more)
            return hone_fail(err, HONE_ENOMEM, s->key, "out of memory for %s", hone_short_path(t->path));
        t->cells = more;
        t->capacity = capacity;
    }
    t->cells[t->n_cells++] = cell;
    s->fields++;
    return HONE_OK;
}

/* Takes the quoted field at `at` (its opening quote); *end: behind its last character. */
static hone_rc quoted(struct scan *s, const char **cell, char **end, hone_error *err)
{
    const uint64_t opened = s->line;
    char *to = ++s->at;
    *cell = to;
    for (;; s->at++) {
        if (*s->at == '"' && s->at[1] == '"')
            s->at++;
        else if (*s->at == '"')
            break;
        else if (!*s->at)
            return hone_fail(err, HONE_EIO, s->key, "%s:%llu: the quote opened in field %llu is never closed",
                             hone_short_path(s->table->path), (unsigned long long)opened,
                             (unsigned long long)s->fields + 1);
        s->line += *s->at == '\n' || (*s->at == '\r' && s->at[1] != '\n');
        *to++ = *s->at;
    }
    s->at++;
    *end = to;
    while (is_blank(s, *s->at))
        s->at++;
    if (*s->at && *s->at != s->separator && *s->at != '\n' && *s->at != '\r')
        return hone_fail(err, HONE_EIO, s->key,
                         "%s:%llu: '%c' follows the closing quote of field %llu; a quote inside is written \"\"",
                         hone_short_path(s->table->path), (unsigned long long)s->line, *s->at,
                         (unsigned long long)s->fields + 1);
    return HONE_OK;
}

/* One field, and what ends it: the separator, '\n' for any line end, 0 for the end of the file. */
static hone_rc field(struct scan *s, char *ended_by, hone_error *err)
{
    const char *cell = s->at;
    char *end = s->at;
    hone_rc rc = HONE_OK;
    while (is_blank(s, *s->at))
        s->at++;
    if (*s->at == '"') {
        if ((rc = quoted(s, &cell, &end, err)) != HONE_OK)
            return rc;
    } else {
        cell = s->at;
        while (*s->at && *s->at != s->separator && *s->at != '\n' && *s->at != '\r')
            s->at++;
        for (end = s->at; end > cell && is_blank(s, end[-1]); end--)
            continue;
    }
    *ended_by = *s->at == '\r' ? '\n' : *s->at;
    if (*s->at == '\r' && s->at[1] == '\n')
        s->at++;
    if (*s->at)
        s->at++;
    *end = '\0';
    return add_cell(s, cell, err);
}

static hone_rc add_row(struct scan *s, uint64_t line, hone_error *err)
{
    struct table *t = s->table;
    if (t->n_rows == t->row_capacity) {
        const uint64_t capacity = t->row_capacity ? t->row_capacity * 2 : 256;
        uint64_t *more = realloc(t->lines, capacity * sizeof *more);
        if (!more)
            return hone_fail(err, HONE_ENOMEM, s->key, "out of memory for %s", hone_short_path(t->path));
        t->lines = more;
        t->row_capacity = capacity;
    }
    t->lines[t->n_rows++] = line;
    return HONE_OK;
}

static hone_rc scan_rows(struct scan *s, hone_error *err)
{
    struct table *t = s->table;
    hone_rc rc = HONE_OK;
    while (*s->at) {
        char ended_by = s->separator;
        const uint64_t line = s->line;
        if (*s->at == '\n' || *s->at == '\r') { /* an empty line */
            s->at += *s->at == '\r' && s->at[1] == '\n' ? 2 : 1;
            s->line++;
            continue;
        }
        for (s->fields = 0; ended_by == s->separator;)
            if ((rc = field(s, &ended_by, err)) != HONE_OK)
                return rc;
        s->line += ended_by == '\n';
        if (!t->n_columns)
            t->n_columns = s->fields;
        else if (s->fields != t->n_columns)
            return hone_fail(err, HONE_EIO, s->key, "%s:%llu: the row has %llu fields, the first one has %llu",
                             hone_short_path(t->path), (unsigned long long)line, (unsigned long long)s->fields,
                             (unsigned long long)t->n_columns);
        if ((rc = add_row(s, line, err)) != HONE_OK)
            return rc;
    }
    return HONE_OK;
}

/* ---- names ---- */
static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static hone_rc take_names(struct table *t, int header, const char *key, hone_error *err)
{
    const uint64_t n = t->n_columns;
    if (!t->n_rows)
        return hone_fail(err, HONE_EIO, key, "%s is empty", hone_short_path(t->path));
    t->names = calloc(n, sizeof *t->names);
    const char **sorted = calloc(n, sizeof *sorted);
    if (!header)
        t->numbers = malloc(n * NUMBER_DIGITS);
    hone_rc rc = t->names && sorted && (header || t->numbers) ? HONE_OK
                                                              : hone_fail(err, HONE_ENOMEM, key, "out of memory");
    for (uint64_t i = 0; i < n && rc == HONE_OK; i++) {
        if (header)
            t->names[i] = t->cells[i];
        else {
            snprintf(t->numbers + i * NUMBER_DIGITS, NUMBER_DIGITS, "%llu", (unsigned long long)i + 1);
            t->names[i] = t->numbers + i * NUMBER_DIGITS;
        }
    }
    if (rc == HONE_OK && header) {
        memcpy(sorted, t->names, n * sizeof *sorted);
        qsort(sorted, n, sizeof *sorted, by_text);
        for (uint64_t i = 1; i < n && rc == HONE_OK; i++)
            if (!strcmp(sorted[i - 1], sorted[i]))
                rc = hone_fail(err, HONE_EIO, key,
                               "%s:%llu: two columns are called '%.60s' (header = no, if this is no header)",
                               hone_short_path(t->path), (unsigned long long)t->lines[0], sorted[i]);
        memmove(t->cells, t->cells + n, (t->n_cells - n) * sizeof *t->cells);
        memmove(t->lines, t->lines + 1, (t->n_rows - 1) * sizeof *t->lines);
        t->n_cells -= n;
        t->n_rows--;
        if (rc == HONE_OK && !t->n_rows)
            rc = hone_fail(err, HONE_EIO, key, "%s has a header and no rows", hone_short_path(t->path));
    }
    free(sorted);
    return rc;
}

hone_rc table_open(struct table *table, const char *path, char separator, int header, const char *key, hone_error *err)
{
    size_t size;
    memset(table, 0, sizeof *table);
    table->path = path;
    hone_rc rc = hone_text_file_read(path, key, &table->text, &size, err);
    if (rc == HONE_OK) {
        struct scan scan = { table, table->text, 1, 0, separator, key };
        if (!strncmp(scan.at, "\xEF\xBB\xBF", 3))
            scan.at += 3;
        rc = scan_rows(&scan, err);
    }
    return rc == HONE_OK ? take_names(table, header, key, err) : rc;
}

void table_close(struct table *table)
{
    free(table->text);
    free(table->names);
    free(table->numbers);
    free(table->cells);
    free(table->lines);
    memset(table, 0, sizeof *table);
}
