/* SPDX-License-Identifier: MIT */
/* A text file in memory, line by line. */
#ifndef HONE_TABLES_TEXT_H
#define HONE_TABLES_TEXT_H
#include "hone/text_file.h"

struct text {
    const char *path, *key; /* the caller's: for messages, and the setting to blame */
    char *bytes;            /* (size), then a NUL */
    size_t size;
    char *next;    /* of the line after the current one */
    uint64_t line; /* number of the current one, from 1 */
};
/* Reads the file; refuses NUL bytes and what is not UTF-8, with the line. [any] */
hone_rc text_open(struct text *text, const char *path, const char *key, hone_error *err);
void text_close(struct text *text);
/* The next line, its end (LF, CRLF or CR) cut off; NULL: there is none. */
char *text_line(struct text *text);
/* Cuts blanks (spaces and tabs) off both ends. */
char *text_trim(char *line);
/* One finite number that fits a float: 1 and *v, or 0. */
int text_number(const char *word, double *v);
/* "file.arff:12: MESSAGE" */
__attribute__((format(printf, 3, 4))) hone_rc text_fail(const struct text *text, hone_error *err, const char *format,
                                                        ...);
#endif
