/* SPDX-License-Identifier: MIT */
/* objective/command: the lines by which a program reports. */
#include "report_line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char PREFIX[] = "hone:";

int is_report_line(const char *line)
{
    return !strncmp(line, PREFIX, sizeof PREFIX - 1);
}

static int is_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    const size_t n = strlen(name);
    return n && n < 64 && strchr(letters, name[0]) &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/") == n;
}

static const char *read_pair(struct report_line *report, char *pair)
{
    char *value = strchr(pair, '='), *end;
    if (!value || !value[1])
        return "a word is not NAME=NUMBER";
    *value++ = '\0';
    errno = 0;
    if (!strcmp(pair, "step")) {
        const long long step = strtoll(value, &end, 10);
        if (*end || errno || step < 1)
            return "step is not a whole number from 1 on";
        if (report->step)
            return "step is there twice";
        report->step = step;
        return NULL;
    }
    if (!strcmp(pair, "checkpoint")) {
        if (report->checkpoint)
            return "checkpoint is there twice";
        report->checkpoint = value;
        return NULL;
    }
    if (!is_name(pair))
        return "a name is not made of letters, digits, _ . - /";
    for (uint32_t i = 0; i < report->n; i++)
        if (!strcmp(report->values[i].name, pair))
            return "a name is there twice";
    if (report->n == MOST_VALUES)
        return "it has more than 64 values";
    report->values[report->n].name = pair;
    report->values[report->n].value = strtod(value, &end); /* nan and inf are values: diverged programs print them */
    report->values[report->n].direction = HONE_NO_DIRECTION;
    report->values[report->n++].reserved = 0;
    return *end ? "a value is not a number" : NULL;
}

const char *report_line_read(struct report_line *report, char *line)
{
    char *at = line + sizeof PREFIX - 1;
    report->step = 0;
    report->n = 0;
    report->checkpoint = NULL;
    for (;;) {
        char *pair = at + strspn(at, " \t\r");
        const char *fault;
        if (!*pair)
            break;
        at = pair + strcspn(pair, " \t\r");
        if (*at)
            *at++ = '\0';
        if ((fault = read_pair(report, pair)))
            return fault;
    }
    if (report->checkpoint && !report->step)
        return "checkpoint needs the step whose state it is";
    return report->n ? NULL : "it has no NAME=NUMBER";
}
