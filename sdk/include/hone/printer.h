/* SPDX-License-Identifier: MIT */
/* hone/printer.h - text for a reporter that writes: buffered, numbers that read back as the same double, JSON strings, CSV
 * fields. Header only; a printer belongs to one thread.
 *
 *     hone_printer p;
 *     hone_printer_init(&p, view->out);
 *     hone_put(&p, "{\"value\": ");
 *     hone_put_json_number(&p, value);
 *     hone_put(&p, "}\n");
 *     return hone_printer_close(&p, err);
 *
 * A failure to write is kept, and everything behind it dropped: hone_printer_close says so. */
#ifndef HONE_PRINTER_H
#define HONE_PRINTER_H
#include "hone/param.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct hone_printer {
    const hone_ostream *out;
    int failed;
    size_t n;
    char buffer[16384];
} hone_printer;

static inline void hone_printer_init(hone_printer *p, const hone_ostream *out)
{
    p->out = out;
    p->failed = 0;
    p->n = 0;
}

static inline void hone_printer_flush(hone_printer *p)
{
    if (p->n && !p->failed && p->out->write(p->out->ctx, p->buffer, p->n) != (int64_t)p->n)
        p->failed = 1;
    p->n = 0;
}

static inline void hone_put_bytes(hone_printer *p, const void *bytes, size_t n)
{
    const char *at = (const char *)bytes;
    while (n && !p->failed) {
        const size_t room = sizeof p->buffer - p->n, part = n < room ? n : room;
        memcpy(p->buffer + p->n, at, part);
        p->n += part;
        at += part;
        n -= part;
        if (p->n == sizeof p->buffer)
            hone_printer_flush(p);
    }
}

static inline void hone_put(hone_printer *p, const char *text)
{
    hone_put_bytes(p, text, strlen(text));
}

/* At most 511 bytes a call. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static inline void
hone_putf(hone_printer *p, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    hone_put_bytes(p, text, n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

/* The end: HONE_EIO where something could not be written. */
static inline hone_rc hone_printer_close(hone_printer *p, hone_error *err)
{
    hone_printer_flush(p);
    return p->failed ? hone_fail(err, HONE_EIO, NULL, "cannot write all of it") : HONE_OK;
}

/* The shortest of 15, 16 or 17 digits that reads back as the same double; "nan", "inf", "-inf". out: n >= 32. */
static inline const char *hone_number_text(double value, char *out, size_t n)
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, n, "%.*g", digits, value);
        if (digits == 17 || !isfinite(value) || !(strtod(out, NULL) < value || strtod(out, NULL) > value))
            break;
    }
    if (isnan(value)) /* no "-nan" */
        snprintf(out, n, "nan");
    return out;
}

/* NaN is null; an infinity is 1e999, which is a JSON number, and read as one that is infinite. */
static inline void hone_put_json_number(hone_printer *p, double value)
{
    char text[32];
    hone_put(p, isnan(value)      ? "null"
                : isfinite(value) ? hone_number_text(value, text, sizeof text)
                : value > 0       ? "1e999"
                                  : "-1e999");
}

/* With its quotes; NULL: null. What is no UTF-8 becomes U+FFFD. */
static inline void hone_put_json_string(hone_printer *p, const char *text)
{
    static const char escaped[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
    const unsigned char *at = (const unsigned char *)text;
    if (!text) {
        hone_put(p, "null");
        return;
    }
    hone_put(p, "\"");
    while (*at) {
        const char *special = strchr(escaped, (int)*at);
        const unsigned more = *at < 0x80 ? 0 : *at < 0xc2 ? 4 : *at < 0xe0 ? 1 : *at < 0xf0 ? 2 : *at < 0xf5 ? 3 : 4;
        unsigned good = 0;
        while (more < 4 && good < more && (at[good + 1] & 0xc0) == 0x80)
            good++;
        /* overlong forms, surrogates, beyond U+10FFFF */
        const int bad = more == 4 || good < more || (*at == 0xe0 && at[1] < 0xa0) || (*at == 0xed && at[1] > 0x9f) ||
                        (*at == 0xf0 && at[1] < 0x90) || (*at == 0xf4 && at[1] > 0x8f);
        if (special)
            hone_putf(p, "\\%c", names[special - escaped]);
        else if (*at < 0x20 || *at == 0x7f)
            hone_putf(p, "\\u%04x", *at);
        else if (bad)
            hone_put(p, "\\ufffd");
        else
            hone_put_bytes(p, at, more + 1);
        at += bad || special ? 1 : more + 1;
    }
    hone_put(p, "\"");
}

/* A field of RFC 4180, quoted where it has to be. */
static inline void hone_put_csv(hone_printer *p, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        hone_put(p, text);
        return;
    }
    hone_put(p, "\"");
    for (; *text; text++) {
        hone_put_bytes(p, text, 1);
        if (*text == '"')
            hone_put(p, "\"");
    }
    hone_put(p, "\"");
}
#endif /* HONE_PRINTER_H */
