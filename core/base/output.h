/* SPDX-License-Identifier: MIT */
/* Rows for the user on standard output, in the format asked for: text (a line of titles, aligned columns), csv (RFC
 * 4180, but lines end with LF as Unix tools expect), json (an array of objects, one a line; numbers stay numbers).
 * Rows are written as they come. In text the columns are as wide as the first OUTPUT_MEASURED rows need; a later row that
 * needs more widens them for those that follow. */
#ifndef HONE_BASE_OUTPUT_H
#define HONE_BASE_OUTPUT_H
#include "base/text.h"

enum { OUTPUT_MEASURED = 1000 };
enum output_format { OUTPUT_TEXT, OUTPUT_CSV, OUTPUT_JSON };
/* 1 and *format, or 0: none of "text", "csv", "json". */
int output_format_parse(const char *name, enum output_format *format);

enum column_type { COLUMN_TEXT, COLUMN_NUMBER };
struct column {
    const char *name;      /* "learning_rate": header in csv, key in json, title in text */
    enum column_type type; /* numbers are right-aligned, and unquoted in json */
};
struct output {
    enum output_format format;
    struct column *columns; /* copied */
    size_t n_columns;
    char **cells; /* text: the first rows, until the widths are known */
    size_t n_cells, capacity, n_rows;
    size_t *widths; /* (n_columns) text: NULL until the titles are written */
    int error;      /* errno of the first write that failed */
};
int output_open(struct output *output, enum output_format format, const struct column *columns,
                size_t n); /* 0 or -1: no memory */
/* cells: (n_columns) as text; NULL: empty (csv), null (json), "-" (text). Numbers: not finite is null in json. */
/* 0, or -1 as output_close; 1: the reader has gone, no more rows are wanted. */
int output_row(struct output *output, const char *const *cells);
int output_close(struct output *output); /* prints what is left; 0, or -1 and errno: standard output could not be
                                            written (not EPIPE) */
#endif
