/* SPDX-License-Identifier: MIT */
/* Complaints about the user's input: collected, then shown in the order of the file. */
#include "base/complaints.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 20 };
static char no_memory[] = "out of memory"; /* stands in where a message could not be made; never freed */

void complain(struct complaints *complaints, const struct place *place, const char *format, ...)
{
    static const struct place nowhere = { NULL, 0, 0 };
    char *message = NULL;
    va_list args;
    if (complaints->n == complaints->capacity) {
        const size_t capacity = complaints->capacity ? complaints->capacity * 2 : 8;
        struct complaint *items = realloc(complaints->items, capacity * sizeof *items);
        if (!items) {
            if (complaints->n) /* the caller sees that something is wrong; the last one is lost */
                return;
            fputs("hone: out of memory\n", stderr);
            abort(); /* an error that cannot be remembered must not pass for success */
        }
        complaints->items = items;
        complaints->capacity = capacity;
    }
    va_start(args, format);
    if (vasprintf(&message, format, args) < 0)
        message = no_memory;
    va_end(args);
    complaints->items[complaints->n].place = place ? *place : nowhere;
    complaints->items[complaints->n].message = message;
    complaints->n++;
}

static int same_file(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

/* Where the file comes among the complaints: files are shown in the order in which they were first complained about. */
static size_t file_rank(const struct complaints *complaints, const char *file)
{
    size_t i = 0;
    while (i < complaints->n && !same_file(complaints->items[i].place.file, file))
        i++;
    return i;
}

struct ranked {
    size_t rank, index;
    const struct complaint *complaint;
};

static int by_place(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    if (a->complaint->place.line != b->complaint->place.line)
        return a->complaint->place.line < b->complaint->place.line ? -1 : 1;
    if (a->complaint->place.column != b->complaint->place.column)
        return a->complaint->place.column < b->complaint->place.column ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static void print_one(const struct complaint *complaint, FILE *out)
{
    const struct place *p = &complaint->place;
    if (p->file)
        fprintf(out, "%s:", p->file);
    if (p->file && p->line)
        fprintf(out, "%u:", p->line);
    if (p->file && p->line && p->column)
        fprintf(out, "%u:", p->column);
    fprintf(out, "%serror: ", p->file ? " " : "");
    for (const unsigned char *s = (const unsigned char *)complaint->message; *s; s++)
        if (*s < 0x20 || *s == 0x7F)
            fprintf(out, "\\x%02x", *s); /* bytes of the input must not drive the terminal */
        else
            fputc(*s, out);
    fputc('\n', out);
}

void complaints_print(struct complaints *complaints, FILE *out)
{
    struct ranked *order = calloc(complaints->n ? complaints->n : 1, sizeof *order);
    size_t shown = 0, n = 0;
    for (size_t i = 0; order && i < complaints->n; i++) {
        order[i].complaint = complaints->items + i;
        order[i].rank = file_rank(complaints, complaints->items[i].place.file);
        order[i].index = i;
    }
    if (order)
        qsort(order, complaints->n, sizeof *order, by_place);
    for (size_t i = 0; i < complaints->n; i++) {
        const struct complaint *c = order ? order[i].complaint : complaints->items + i;
        int seen = 0;
        for (size_t j = i; order && j > 0 && !seen; j--) { /* the same message at the same place is near */
            const struct complaint *before = order[j - 1].complaint;
            if (order[j - 1].rank != order[i].rank || before->place.line != c->place.line ||
                before->place.column != c->place.column)
                break;
            seen = !strcmp(before->message, c->message);
        }
        if (seen)
            continue;
        if (shown < SHOWN) {
            print_one(c, out);
            shown++;
        }
        n++;
    }
    if (n > shown)
        fprintf(out, "error: and %zu more\n", n - shown);
    free(order);
}

void complaints_release(struct complaints *complaints)
{
    for (size_t i = 0; i < complaints->n; i++)
        if (complaints->items[i].message != no_memory)
            free(complaints->items[i].message);
    free(complaints->items);
    *complaints = (struct complaints)COMPLAINTS_INIT;
}
