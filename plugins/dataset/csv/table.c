/* SPDX-License-Identifier: MIT */
/* Reading a CSV file (RFC 4180): one pass over the text, fields unquoted and ended in place. */
#include "table.h"

#include "hone/param.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_PATH = 110, NUMBER_DIGITS = 21 };

const char *table_short_path(const struct table *table)
{
    const char *slash = strrchr(table->path, '/');
    return strlen(table->path) <= MESSAGE_PATH || !slash ? table->path : slash + 1;
}

/* ---- the bytes ---- */
static hone_rc read_file(struct table *table, uint64_t *size, const char *key, hone_error *err)
{
    enum { FIRST = 1 << 16 };
    size_t capacity = 0, n = 0, got;
    hone_rc rc = HONE_OK;
    FILE *in = fopen(table->path, "rb");
    if (!in)
        return hone_fail(err, HONE_EIO, key, "cannot open %.150s: %s", table->path, strerror(errno));
    do {
        if (n + 1 >= capacity) {
            char *more = realloc(table->text, capacity ? capacity * 2 : FIRST);
            if (!more) {
                rc = hone_fail(err, HONE_ENOMEM, key, "out of memory for %.150s", table->path);
                goto out;
            }
            table->text = more;
            capacity = capacity ? capacity * 2 : FIRST;
        }
        errno = 0;
        got = fread(table->text + n, 1, capacity - n - 1, in);
        n += got;
    } while (got);
    if (ferror(in))
        rc = hone_fail(err, HONE_EIO, key, "cannot read %.150s: %s", table->path, strerror(errno));
    table->text[n] = '\0';
    *size = n;
out:
    fclose(in);
    return rc;
}

/* Bytes of the UTF-8 character at s, 0: it is none (RFC 3629: no overlong forms, no surrogates, no NUL). */
static unsigned character(const unsigned char *s, uint64_t left)
{
    if (s[0] < 0x80)
        return s[0] != 0;
    const unsigned n = s[0] >= 0xC2 && s[0] <= 0xDF   ? 2
                       : s[0] >= 0xE0 && s[0] <= 0xEF ? 3
                       : s[0] >= 0xF0 && s[0] <= 0xF4 ? 4
                                                      : 0;
    if (!n || left < n)
        return 0;
    for (unsigned i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) || (s[0] == 0xF0 && s[1] < 0x90) ||
        (s[0] == 0xF4 && s[1] > 0x8F))
        return 0;
    return n;
}

static hone_rc check_utf8(const struct table *table, uint64_t size, const char *key, hone_error *err)
{
    uint64_t line = 1;
    const unsigned char *s = (const unsigned char *)table->text;
    for (uint64_t i = 0; i < size;) {
        const unsigned n = character(s + i, size - i);
        if (!n && !s[i])
            return hone_fail(err, HONE_EIO, key, "%s:%llu: there is a NUL byte: this is no text file",
                             table_short_path(table), (unsigned long long)line);
        if (!n)
            return hone_fail(err, HONE_EIO, key,
                             "%s:%llu: byte 0x%02x is not UTF-8: convert the file, as with iconv -f latin1 -t utf-8",
                             table_short_path(table), (unsigned long long)line, s[i]);
        line += s[i] == '\n' || (s[i] == '\r' && s[i + 1] != '\n');
        i += n;
    }
    return HONE_OK;
}

/* ---- the fields ---- */
struct scan {
    struct table *table;
    char *at;              /* ends at the NUL that read_file wrote */
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
            return hone_fail(err, HONE_ENOMEM, s->key, "out of memory for %s", table_short_path(t));
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
                             table_short_path(s->table), (unsigned long long)opened, (unsigned long long)s->fields + 1);
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
                         table_short_path(s->table), (unsigned long long)s->line, *s->at,
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
            return hone_fail(err, HONE_ENOMEM, s->key, "out of memory for %s", table_short_path(t));
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
                             table_short_path(t), (unsigned long long)line, (unsigned long long)s->fields,
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
        return hone_fail(err, HONE_EIO, key, "%s is empty", table_short_path(t));
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
                               table_short_path(t), (unsigned long long)t->lines[0], sorted[i]);
        memmove(t->cells, t->cells + n, (t->n_cells - n) * sizeof *t->cells);
        memmove(t->lines, t->lines + 1, (t->n_rows - 1) * sizeof *t->lines);
        t->n_cells -= n;
        t->n_rows--;
        if (rc == HONE_OK && !t->n_rows)
            rc = hone_fail(err, HONE_EIO, key, "%s has a header and no rows", table_short_path(t));
    }
    free(sorted);
    return rc;
}

hone_rc table_open(struct table *table, const char *path, char separator, int header, const char *key, hone_error *err)
{
    uint64_t size = 0;
    memset(table, 0, sizeof *table);
    table->path = path;
    hone_rc rc = read_file(table, &size, key, err);
    if (rc == HONE_OK)
        rc = check_utf8(table, size, key, err);
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
