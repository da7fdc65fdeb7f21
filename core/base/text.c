/* SPDX-License-Identifier: MIT */
/* A string that grows, numbers that round-trip, JSON's scalars. */
#include "base/text.h"

#include "hone/utf8.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for n more bytes and the NUL; 0, or -1 and the text is marked failed. */
static int reserve(struct text *text, size_t n)
{
    size_t capacity = text->capacity ? text->capacity : 64;
    char *data;
    if (text->failed || n >= SIZE_MAX / 2 - text->length) {
        text->failed = 1;
        return -1;
    }
    if (text->length + n + 1 <= text->capacity)
        return 0;
    while (capacity < text->length + n + 1)
        capacity *= 2;
    data = realloc(text->data, capacity);
    if (!data) {
        text->failed = 1;
        return -1;
    }
    text->data = data;
    text->capacity = capacity;
    return 0;
}

void text_add_bytes(struct text *text, const char *bytes, size_t n)
{
    if (reserve(text, n) < 0)
        return;
    if (n)
        memcpy(text->data + text->length, bytes, n);
    text->length += n;
    text->data[text->length] = '\0';
}

void text_add(struct text *text, const char *string)
{
    text_add_bytes(text, string, strlen(string));
}

void text_addf(struct text *text, const char *format, ...)
{
    va_list args, again;
    int n;
    va_start(args, format);
    va_copy(again, args);
    n = vsnprintf(NULL, 0, format, args);
    if (n < 0) {
        text->failed = 1;
    } else if (reserve(text, (size_t)n) == 0) {
        vsnprintf(text->data + text->length, (size_t)n + 1, format, again);
        text->length += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

const char *text_string(const struct text *text)
{
    return text->data ? text->data : "";
}

void text_add_shell_word(struct text *text, const char *word)
{
    if (*word && !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=@%+,-")]) {
        text_add(text, word);
        return;
    }
    text_add(text, "'");
    for (; *word; word++)
        text_add_bytes(text, *word == '\'' ? "'\\''" : word, *word == '\'' ? 4 : 1);
    text_add(text, "'");
}

void text_clear(struct text *text)
{
    text->length = 0;
    text->failed = 0;
    if (text->data)
        text->data[0] = '\0';
}

void text_release(struct text *text)
{
    free(text->data);
    *text = (struct text)TEXT_INIT;
}

void number_format(double value, char *out, size_t n)
{
    if (isnan(value)) {
        snprintf(out, n, "nan"); /* printf would say "-nan" for half of them */
        return;
    }
    /* 2^53: no exponent, so that integers read it too */
    if (value == floor(value) && fabs(value) <= 9007199254740992.0) {
        snprintf(out, n, "%.0f", value);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, n, "%.*g", digits, value);
        if (strtod(out, NULL) == value)
            return;
    }
}

const char *number_shorten(const char *text, char *out, size_t n)
{
    enum { LONG = 9 };
    char *end;
    double value;
    if (!text || strlen(text) <= LONG)
        return text;
    value = strtod(text, &end);
    if (end == text || *end || !isfinite(value))
        return text;
    snprintf(out, n, "%.6g", value);
    return out;
}

void text_add_number(struct text *text, double value)
{
    char digits[40];
    number_format(value, digits, sizeof digits);
    text_add(text, digits);
}

void text_add_json_string(struct text *text, const char *string)
{
    const unsigned char *s = (const unsigned char *)string;
    if (!string) {
        text_add(text, "null");
        return;
    }
    text_add(text, "\"");
    while (*s) {
        const size_t length = hone_utf8_length(s, SIZE_MAX);
        if (*s == '"' || *s == '\\')
            text_addf(text, "\\%c", *s);
        else if (*s == '\n')
            text_add(text, "\\n");
        else if (*s == '\t')
            text_add(text, "\\t");
        else if (*s == '\r')
            text_add(text, "\\r");
        else if (*s < 0x20 || *s == 0x7F)
            text_addf(text, "\\u%04x", *s);
        else if (length)
            text_add_bytes(text, (const char *)s, length);
        else
            text_add(text, "\\ufffd"); /* JSON is UTF-8; a stray byte becomes the replacement character */
        s += length ? length : 1;
    }
    text_add(text, "\"");
}

void text_add_json_number(struct text *text, double value)
{
    if (isfinite(value))
        text_add_number(text, value);
    else
        text_add(text, "null");
}
