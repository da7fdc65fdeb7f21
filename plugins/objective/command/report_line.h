/* SPDX-License-Identifier: MIT */
/* objective/command: the lines by which a program reports, "hone: step=3 accuracy=0.91 loss=0.2". [any] */
#ifndef HONE_COMMAND_REPORT_LINE_H
#define HONE_COMMAND_REPORT_LINE_H
#include "hone/task.h"

enum { MOST_VALUES = 64 };
struct report_line {
    int64_t step;           /* 0: the line has none, it is a result */
    const char *checkpoint; /* file with the state of that step, in the line; NULL: none */
    uint32_t n;
    hone_value values[MOST_VALUES]; /* (n); names point into the line */
};

/* 1 where a line is one of these: it begins with "hone:". */
int is_report_line(const char *line);
/* Reads such a line, which it cuts into pieces: NULL, or what is wrong with it. */
const char *report_line_read(struct report_line *report, char *line);
#endif /* HONE_COMMAND_REPORT_LINE_H */
