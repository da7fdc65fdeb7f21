/* SPDX-License-Identifier: MIT */
/* Rows for the user on standard output, in the format asked for: text (a line of titles, aligned columns), csv (RFC
 * 4180, but lines end with LF as Unix tools expect), json (an array of objects, one a line; numbers stay numbers). */
#ifndef HONE_BASE_OUTPUT_H
#define HONE_BASE_OUTPUT_H
#include "base/text.h"

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
    char **cells; /* all rows, for text's widths; csv and json stream */
    size_t n_cells, capacity, n_rows;
    int error; /* errno of the first write that failed */
};
int output_open(struct output *output, enum output_format format, const struct column *columns,
                size_t n); /* 0 or -1: no memory */
/* cells: (n_columns) as text; NULL: empty (csv), null (json), "-" (text). Numbers: not finite is null in json. */
int output_row(struct output *output, const char *const *cells); /* 0 or -1, as output_close */
int output_close(struct output *output); /* prints what is left; 0, or -1 and errno: standard output could not be
                                            written (not EPIPE) */
#endif
