/* SPDX-License-Identifier: MIT */
/* text.c - see text.h. Widths follow Unicode's East Asian Width and combining marks in ranges, because a plugin may not
 * rely on the process's locale, which wcwidth needs. */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int text_reserve(struct text *text, size_t n)
{
    if (text->capacity - text->length >= n)
        return 1;
    size_t capacity = text->capacity ? text->capacity : 512;
    while (capacity - text->length < n)
        capacity *= 2;
    char *more = realloc(text->bytes, capacity);
    if (!more) {
        text->failed = 1;
        return 0;
    }
    text->bytes = more;
    text->capacity = capacity;
    return 1;
}

void text_append(struct text *text, const char *bytes, size_t n)
{
    if (!n || !text_reserve(text, n))
        return;
    memcpy(text->bytes + text->length, bytes, n);
    text->length += n;
}

__attribute__((format(printf, 2, 0))) static void text_vprintf(struct text *text, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    const int n = vsnprintf(NULL, 0, format, args);
    if (n > 0 && text_reserve(text, (size_t)n + 1)) {
        vsnprintf(text->bytes + text->length, (size_t)n + 1, format, again);
        text->length += (size_t)n;
    }
    va_end(again);
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    text_vprintf(text, format, args);
    va_end(args);
}

void text_release(struct text *text)
{
    free(text->bytes);
    memset(text, 0, sizeof *text);
}

size_t utf8_decode(const char *s, size_t n, uint32_t *code)
{
    const unsigned char first = (unsigned char)*s;
    const size_t length = first < 0x80                    ? 1
                          : first >= 0xc2 && first < 0xe0 ? 2
                          : first >= 0xe0 && first < 0xf0 ? 3
                          : first >= 0xf0 && first < 0xf5 ? 4
                                                          : 0;
    static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
    *code = 0xfffd;
    if (!length || length > n)
        return 1;
    uint32_t value = length == 1 ? first : first & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        const unsigned char next = (unsigned char)s[i];
        if ((next & 0xc0) != 0x80)
            return 1;
        value = value << 6 | (next & 0x3fu);
    }
    if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
        return 1;
    *code = value;
    return length;
}

unsigned utf8_width(uint32_t code)
{
    static const struct {
        uint32_t first, last;
        unsigned width;
    } ranges[] = {
        { 0x0300, 0x036f, 0 },   { 0x0483, 0x0489, 0 },   { 0x0591, 0x05bd, 0 },   { 0x064b, 0x065f, 0 },
        { 0x1100, 0x115f, 2 },   { 0x1ab0, 0x1aff, 0 },   { 0x1dc0, 0x1dff, 0 },   { 0x200b, 0x200f, 0 },
        { 0x202a, 0x202e, 0 },   { 0x2060, 0x2064, 0 },   { 0x20d0, 0x20ff, 0 },   { 0x231a, 0x231b, 2 },
        { 0x23e9, 0x23ec, 2 },   { 0x2e80, 0x303e, 2 },   { 0x3041, 0xa4cf, 2 },   { 0xa960, 0xa97f, 2 },
        { 0xac00, 0xd7a3, 2 },   { 0xf900, 0xfaff, 2 },   { 0xfe00, 0xfe0f, 0 },   { 0xfe20, 0xfe2f, 0 },
        { 0xfe30, 0xfe6f, 2 },   { 0xfeff, 0xfeff, 0 },   { 0xff00, 0xff60, 2 },   { 0xffe0, 0xffe6, 2 },
        { 0x1f300, 0x1f64f, 2 }, { 0x1f680, 0x1f6ff, 2 }, { 0x1f900, 0x1faff, 2 }, { 0x20000, 0x3fffd, 2 },
        { 0xe0100, 0xe01ef, 0 },
    };
    for (size_t i = 0; code >= ranges[0].first && i < sizeof ranges / sizeof *ranges && code >= ranges[i].first; i++)
        if (code <= ranges[i].last)
            return ranges[i].width;
    return 1;
}

static int is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029 ||
           (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069); /* turns of direction hide text */
}

void text_clean(struct text *text, const char *utf8)
{
    size_t left = strlen(utf8);
    while (left) {
        uint32_t code;
        const size_t n = utf8_decode(utf8, left, &code);
        if (is_control(code))
            text_append(text, " ", 1);
        else if (code == 0xfffd)
            text_append(text, "?", 1);
        else
            text_append(text, utf8, n);
        utf8 += n;
        left -= n;
    }
}

unsigned utf8_columns(const char *utf8)
{
    unsigned width = 0;
    for (size_t left = strlen(utf8), n; left; left -= n, utf8 += n) {
        uint32_t code;
        n = utf8_decode(utf8, left, &code);
        width += is_control(code) ? 1 : utf8_width(code);
    }
    return width;
}

/* ---- lines ---- */
static void line_fill(struct line *line, enum style style)
{
    const char byte = (char)style;
    if (line->text.failed || !text_reserve(&line->styles, line->text.length - line->styles.length + 1)) {
        line->styles.failed = 1;
        return;
    }
    memset(line->styles.bytes + line->styles.length, byte, line->text.length - line->styles.length);
    line->styles.length = line->text.length;
}

void line_printf(struct line *line, enum style style, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    text_vprintf(&line->text, format, args);
    va_end(args);
    line_fill(line, style);
}

void line_clean(struct line *line, enum style style, const char *utf8)
{
    text_clean(&line->text, utf8);
    line_fill(line, style);
}

void line_empty(struct line *line)
{
    line->text.length = line->styles.length = 0;
}

void line_release(struct line *line)
{
    text_release(&line->text);
    text_release(&line->styles);
}

static unsigned width_from(const struct line *line, size_t at)
{
    unsigned width = 0;
    while (at < line->text.length) {
        uint32_t code;
        at += utf8_decode(line->text.bytes + at, line->text.length - at, &code);
        width += utf8_width(code);
    }
    return width;
}

unsigned line_width(const struct line *line)
{
    return width_from(line, 0);
}

unsigned line_emit(const struct line *line, struct text *out, unsigned limit, int colour, int unicode)
{
    static const char *const sequences[N_STYLES] = { "\033[0m",  "\033[2m",  "\033[1m", "\033[32m",
                                                     "\033[33m", "\033[31m", "\033[36m" };
    const char *ellipsis = unicode ? "\xe2\x80\xa6" : "...";
    const unsigned ellipsis_width = unicode ? 1 : 3;
    const int cut = line_width(line) > limit;
    const unsigned room = !cut ? limit : limit > ellipsis_width ? limit - ellipsis_width : 0;
    unsigned width = 0;
    int style = STYLE_PLAIN;
    if (line->text.failed || line->styles.failed) {
        out->failed = 1;
        return 0;
    }
    for (size_t at = 0, n; at < line->text.length; at += n) {
        uint32_t code;
        n = utf8_decode(line->text.bytes + at, line->text.length - at, &code);
        if (width + utf8_width(code) > room)
            break;
        width += utf8_width(code);
        const int wanted = (unsigned char)line->styles.bytes[at];
        if (colour && wanted != style) {
            if (style != STYLE_PLAIN && wanted != STYLE_PLAIN)
                text_append(out, sequences[STYLE_PLAIN], strlen(sequences[STYLE_PLAIN]));
            text_append(out, sequences[wanted], strlen(sequences[wanted]));
            style = wanted;
        }
        text_append(out, line->text.bytes + at, n);
    }
    if (style != STYLE_PLAIN)
        text_append(out, sequences[STYLE_PLAIN], strlen(sequences[STYLE_PLAIN]));
    if (cut && limit >= ellipsis_width) {
        text_append(out, ellipsis, strlen(ellipsis));
        width += ellipsis_width;
    }
    return width;
}
