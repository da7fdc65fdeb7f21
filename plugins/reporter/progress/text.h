/* SPDX-License-Identifier: MIT */
/* text.h - text that grows, and lines that know how wide they are on a terminal. */
#ifndef HONE_REPORTER_PROGRESS_TEXT_H
#define HONE_REPORTER_PROGRESS_TEXT_H
#include <stddef.h>
#include <stdint.h>

/* Zero it, append, release. Where memory runs out it stays as it was, and `failed` says so. */
struct text {
    char *bytes; /* (length), no NUL */
    size_t length, capacity;
    int failed;
};
void text_append(struct text *text, const char *bytes, size_t n);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* UTF-8 from anywhere: control characters (escape sequences among them) become blanks, invalid bytes '?'. */
void text_clean(struct text *text, const char *utf8);
void text_release(struct text *text);

enum style { STYLE_PLAIN, STYLE_DIM, STYLE_BOLD, STYLE_GREEN, STYLE_YELLOW, STYLE_RED, STYLE_CYAN, N_STYLES };

/* A line of a terminal: text, and the style of each of its bytes. */
struct line {
    struct text text, styles;
};
void line_printf(struct line *line, enum style style, const char *format, ...) __attribute__((format(printf, 3, 4)));
void line_clean(struct line *line, enum style style, const char *utf8);
void line_empty(struct line *line);
void line_release(struct line *line);
unsigned line_width(const struct line *line);
/* Appends the line to out, at most `limit` columns of it: a longer one ends in an ellipsis. Returns its width. */
unsigned line_emit(const struct line *line, struct text *out, unsigned limit, int colour, int unicode);

/* Decodes the character at s (n bytes left, n > 0); returns its bytes. Invalid: 1, and *code is 0xfffd. */
size_t utf8_decode(const char *s, size_t n, uint32_t *code);
unsigned utf8_width(uint32_t code);      /* columns: 0, 1 or 2 */
unsigned utf8_columns(const char *utf8); /* of a text, as text_clean would show it */
#endif
