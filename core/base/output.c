/* SPDX-License-Identifier: MIT */
/* Rows on standard output as text, csv or json. */
#include "base/output.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int output_format_parse(const char *name, enum output_format *format)
{
    static const char *const names[] = { "text", "csv", "json" };
    for (unsigned i = 0; i < 3; i++)
        if (!strcmp(name, names[i])) {
            *format = (enum output_format)i;
            return 1;
        }
    return 0;
}

static void write_out(struct output *output, const struct text *text)
{
    if (text->failed) {
        output->error = ENOMEM;
    } else if (!output->error && fwrite(text_string(text), 1, text->length, stdout) != text->length) {
        output->error = errno ? errno : EIO;
    }
}

static void add_csv(struct text *line, const char *cell)
{
    const size_t n = strlen(cell);
    if (!strpbrk(cell, ",\"\r\n") && !(n && (cell[0] == ' ' || cell[n - 1] == ' '))) {
        text_add(line, cell);
        return;
    }
    text_add(line, "\"");
    for (; *cell; cell++)
        text_add_bytes(line, *cell == '"' ? "\"\"" : cell, *cell == '"' ? 2 : 1);
    text_add(line, "\"");
}

/* 1 where the text is a number in JSON's own notation. */
static int is_json_number(const char *s)
{
    s += *s == '-';
    if (*s == '0')
        s++;
    else if (*s >= '1' && *s <= '9')
        s += strspn(s, "0123456789");
    else
        return 0;
    if (*s == '.') {
        const size_t n = strspn(s + 1, "0123456789");
        if (!n)
            return 0;
        s += 1 + n;
    }
    if (*s == 'e' || *s == 'E') {
        s += 1 + (s[1] == '+' || s[1] == '-');
        if (!strspn(s, "0123456789"))
            return 0;
        s += strspn(s, "0123456789");
    }
    return !*s;
}

static void add_json(struct text *line, const char *cell, enum column_type type)
{
    char *end;
    double value;
    if (!cell || type == COLUMN_TEXT) {
        text_add_json_string(line, cell);
        return;
    }
    if (is_json_number(cell)) {
        text_add(line, cell); /* digit for digit: a 64-bit seed is not a double */
        return;
    }
    value = strtod(cell, &end);
    if (end != cell && !*end)
        text_add_json_number(line, value);
    else
        text_add_json_string(line, cell);
}

static int keep_cell(struct output *output, const char *cell)
{
    char *copy;
    if (output->n_cells == output->capacity) {
        const size_t capacity = output->capacity ? output->capacity * 2 : 64;
        char **cells = realloc(output->cells, capacity * sizeof *cells);
        if (!cells)
            return -1;
        output->cells = cells;
        output->capacity = capacity;
    }
    copy = strdup(cell);
    if (!copy)
        return -1;
    output->cells[output->n_cells++] = copy;
    return 0;
}

int output_open(struct output *output, enum output_format format, const struct column *columns, size_t n)
{
    struct text line = TEXT_INIT;
    memset(output, 0, sizeof *output);
    output->format = format;
    output->columns = calloc(n ? n : 1, sizeof *columns);
    if (!output->columns)
        return -1;
    if (n)
        memcpy(output->columns, columns, n * sizeof *columns);
    output->n_columns = n;
    if (format == OUTPUT_CSV) {
        for (size_t i = 0; i < n; i++) {
            text_add(&line, i ? "," : "");
            add_csv(&line, columns[i].name);
        }
        text_add(&line, "\n");
        write_out(output, &line);
        text_release(&line);
    }
    return 0;
}

/* Columns that a terminal needs for UTF-8 text, one a code point. */
static size_t width_of(const char *s)
{
    size_t n = 0;
    for (; *s; s++)
        n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

/* A row is a line, and the terminal is not the data's to drive. */
static void add_printable(struct text *line, const char *cell)
{
    const size_t from = line->length;
    text_add(line, cell);
    for (size_t i = from; i < line->length; i++)
        if ((unsigned char)line->data[i] < 0x20 || line->data[i] == 0x7F)
            line->data[i] = ' ';
}

static void add_padded(struct text *line, const char *cell, size_t width, int right, int last)
{
    const size_t used = width_of(cell), blanks = width > used ? width - used : 0;
    for (size_t i = 0; right && i < blanks; i++)
        text_add(line, " ");
    add_printable(line, cell);
    for (size_t i = 0; !right && !last && i < blanks; i++)
        text_add(line, " ");
    if (last)
        while (line->length && line->data[line->length - 1] == ' ')
            line->data[--line->length] = '\0'; /* no blanks at the end of a line */
    text_add(line, last ? "\n" : "  ");
}

static void widen(struct output *output, size_t column, const char *cell)
{
    const size_t width = width_of(cell);
    if (width > output->widths[column])
        output->widths[column] = width;
}

static void add_cell(struct output *output, struct text *line, size_t column, const char *cell)
{
    add_padded(line, cell, output->widths[column], output->columns[column].type == COLUMN_NUMBER,
               column + 1 == output->n_columns);
}

/* The titles and the rows kept so far, in columns as wide as they need. */
static void write_kept(struct output *output)
{
    const size_t n = output->n_columns;
    struct text line = TEXT_INIT;
    if (!(output->widths = calloc(n ? n : 1, sizeof *output->widths))) {
        output->error = ENOMEM;
        return;
    }
    for (size_t i = 0; i < n; i++)
        widen(output, i, output->columns[i].name);
    for (size_t c = 0; c < output->n_cells; c++)
        widen(output, c % n, output->cells[c]);
    for (size_t i = 0; i < n; i++)
        add_cell(output, &line, i, output->columns[i].name);
    for (size_t c = 0; c < output->n_cells; c++) {
        add_cell(output, &line, c % n, output->cells[c]);
        free(output->cells[c]);
    }
    output->n_cells = 0;
    write_out(output, &line);
    text_release(&line);
}

static void text_row(struct output *output, const char *const *cells)
{
    struct text line = TEXT_INIT;
    if (!output->widths) {
        for (size_t i = 0; i < output->n_columns && !output->error; i++)
            if (keep_cell(output, cells[i] ? cells[i] : "-") < 0)
                output->error = ENOMEM;
        if (output->n_rows == OUTPUT_MEASURED && !output->error)
            write_kept(output);
        return;
    }
    for (size_t i = 0; i < output->n_columns; i++) {
        widen(output, i, cells[i] ? cells[i] : "-");
        add_cell(output, &line, i, cells[i] ? cells[i] : "-");
    }
    write_out(output, &line);
    text_release(&line);
}

static int row_status(const struct output *output)
{
    return output->error == EPIPE ? 1 : output->error ? -1 : 0;
}

int output_row(struct output *output, const char *const *cells)
{
    struct text line = TEXT_INIT;
    output->n_rows++;
    if (output->format == OUTPUT_TEXT) {
        text_row(output, cells);
        return row_status(output);
    }
    if (output->format == OUTPUT_JSON)
        text_add(&line, output->n_rows == 1 ? "[\n  {" : ",\n  {");
    for (size_t i = 0; i < output->n_columns; i++) {
        if (output->format == OUTPUT_JSON) {
            text_add(&line, i ? ", " : "");
            text_add_json_string(&line, output->columns[i].name);
            text_add(&line, ": ");
            add_json(&line, cells[i], output->columns[i].type);
        } else {
            text_add(&line, i ? "," : "");
            add_csv(&line, cells[i] ? cells[i] : "");
        }
    }
    text_add(&line, output->format == OUTPUT_JSON ? "}" : "\n");
    write_out(output, &line);
    text_release(&line);
    return row_status(output);
}

int output_close(struct output *output)
{
    int rc = 0;
    if (output->format == OUTPUT_TEXT) {
        if (!output->widths)
            write_kept(output);
    } else if (output->format == OUTPUT_JSON && !output->error) {
        if (fputs(output->n_rows ? "\n]\n" : "[]\n", stdout) == EOF)
            output->error = errno ? errno : EIO;
    }
    if (fflush(stdout) != 0 && !output->error)
        output->error = errno ? errno : EIO;
    if (output->error && output->error != EPIPE) {
        errno = output->error;
        rc = -1;
    }
    for (size_t i = 0; i < output->n_cells; i++)
        free(output->cells[i]);
    free(output->cells);
    free(output->widths);
    free(output->columns);
    memset(output, 0, sizeof *output);
    return rc;
}
