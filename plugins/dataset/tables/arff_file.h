/* SPDX-License-Identifier: MIT */
/* An ARFF file: its attributes, and its rows as numbers. */
#ifndef HONE_TABLES_ARFF_FILE_H
#define HONE_TABLES_ARFF_FILE_H
#include "hone/plugin.h"

enum attribute_kind { ATTRIBUTE_NUMERIC, ATTRIBUTE_NOMINAL, ATTRIBUTE_STRING, ATTRIBUTE_DATE };
struct attribute {
    char *name;
    enum attribute_kind kind;
    char **values;   /* (n_values) of a nominal one, in the file's order */
    uint32_t *order; /* (n_values) indices of the values, sorted by text */
    uint32_t n_values, reserved;
};
struct arff_file {
    struct attribute *attributes; /* (n) */
    uint64_t n, capacity;
    float *cells;    /* (n_rows, n): numbers, indices of nominal values, 0 for strings and dates; NaN: missing */
    uint64_t *lines; /* (n_rows), from 1 */
    uint64_t n_rows, row_capacity;
};
/* Dense and sparse rows. HONE_EIO, HONE_ENOMEM, with file and line. [any] */
hone_rc arff_open(struct arff_file *file, const char *path, const char *key, hone_error *err);
void arff_close(struct arff_file *file);
#endif
