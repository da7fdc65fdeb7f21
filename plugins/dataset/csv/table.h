/* SPDX-License-Identifier: MIT */
/* A CSV file as rows of texts: RFC 4180 with a free separator. Knows nothing of numbers or classes. */
#ifndef HONE_CSV_TABLE_H
#define HONE_CSV_TABLE_H
#include "hone/text_file.h"

struct table {
    const char *path;   /* for messages; the caller's */
    char *text;         /* the file; fields are ended in place */
    const char **names; /* (n_columns) the header's, or "1", "2", ... */
    char *numbers;      /* behind names without a header */
    const char **cells; /* (n_rows, n_columns), blanks around them cut off */
    uint64_t *lines;    /* (n_rows) where each row starts, from 1 */
    uint64_t n_rows, n_columns, n_cells, capacity, row_capacity;
};
/* Reads the file. Quoted fields may hold separators, newlines and "" for a quote; lines end with LF, CRLF or CR; empty
 * lines are skipped, and so is a byte order mark. HONE_EIO, HONE_ENOMEM, with file and line. [any] */
hone_rc table_open(struct table *table, const char *path, char separator, int header, const char *key, hone_error *err);
void table_close(struct table *table);
static inline const char *table_cell(const struct table *table, uint64_t row, uint64_t column)
{
    return table->cells[row * table->n_columns + column];
}
#endif
