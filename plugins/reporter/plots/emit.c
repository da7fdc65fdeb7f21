/* SPDX-License-Identifier: MIT */
/* Text and JSON into a stream. */
#include "emit.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct emit *emit_open(const hone_ostream *to)
{
    struct emit *e = malloc(sizeof *e);
    if (e) {
        e->to = to;
        e->shared = NULL;
        e->used = 0;
        e->failed = 0;
    }
    return e;
}

static void flush(struct emit *e)
{
    if (e->used && !e->failed && e->to->write(e->to->ctx, e->buffer, e->used) != (int64_t)e->used)
        e->failed = 1;
    e->used = 0;
}

hone_rc emit_close(struct emit *e, hone_error *err)
{
    flush(e);
    const int failed = e->failed;
    shared_release(e->shared);
    free(e);
    return failed ? hone_fail(err, HONE_EIO, NULL, "not all could be written") : HONE_OK;
}

void emit_bytes(struct emit *e, const char *bytes, size_t n)
{
    if (e->shared && shared_take(e, bytes, n))
        return;
    while (n && !e->failed) {
        const size_t room = sizeof e->buffer - e->used, some = n < room ? n : room;
        memcpy(e->buffer + e->used, bytes, some);
        e->used += some;
        bytes += some;
        n -= some;
        if (e->used == sizeof e->buffer)
            flush(e);
    }
}

void emit_text(struct emit *e, const char *text)
{
    emit_bytes(e, text, strlen(text));
}

void emit_format(struct emit *e, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    emit_bytes(e, text, n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

void emit_markup(struct emit *e, const char *text)
{
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        const char *entity = c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : c == '"' ? "&quot;" : NULL;
        if (entity)
            emit_text(e, entity);
        else if (c >= ' ' || c == '\n' || c == '\t')
            emit_bytes(e, text, 1);
        else
            emit_text(e, "\xef\xbf\xbd");
    }
}

/* Bytes of the UTF-8 character there; 0: none. */
static size_t character(const unsigned char *s)
{
    const size_t n = s[0] < 0x80                   ? 1
                     : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
                     : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
                     : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                                   : 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0u) != 0x80)
            return 0;
    return n;
}

void emit_string(struct emit *e, const char *text)
{
    if (text)
        emit_string_n(e, text, strlen(text));
    else
        emit_text(e, "null");
}

/* A character that is cut in its middle is none: what follows is no continuation of it, but a line's end or NUL. */
void emit_string_n(struct emit *e, const char *text, size_t length)
{
    const unsigned char *end = (const unsigned char *)text + length;
    emit_text(e, "\"");
    for (const unsigned char *s = (const unsigned char *)text; s < end;) {
        const size_t n = character(s);
        if (!n) {
            emit_text(e, "\\ufffd");
            s++;
        } else if (n == 1 && (*s < ' ' || strchr("\"\\<>&", *s) || *s == 0x7f)) {
            emit_format(e, "\\u%04x", *s);
            s++;
        } else {
            emit_bytes(e, (const char *)s, n);
            s += n;
        }
    }
    emit_text(e, "\"");
}

void emit_number(struct emit *e, double v)
{
    char text[32], *to = text + sizeof text;
    if (!isfinite(v)) {
        emit_text(e, "null");
    } else if (fabs(v) < 1e15 && v == floor(v)) { /* most of them; printf is slow */
        uint64_t u = (uint64_t)fabs(v);
        do
            *--to = (char)('0' + u % 10);
        while (u /= 10);
        if (v < 0)
            *--to = '-';
        emit_bytes(e, to, (size_t)(text + sizeof text - to));
    } else {
        emit_bytes(e, text, (size_t)snprintf(text, sizeof text, "%.7g", v));
    }
}

void emit_numbers(struct emit *e, const double *v, size_t n)
{
    emit_text(e, "[");
    for (size_t i = 0; i < n; i++) {
        if (i)
            emit_text(e, ",");
        emit_number(e, v[i]);
    }
    emit_text(e, "]");
}

/* ---- figures ---- */

static void column(struct emit *e, const char *name, const double *v, size_t n)
{
    if (!v)
        return;
    emit_format(e, ",\"%s\":", name);
    emit_shared_begin(e);
    emit_numbers(e, v, n);
    emit_shared_end(e);
}

/* A surface is smoothed, and looked at as colours: 4,095 levels between its least and its greatest value, two digits of base 64 each, the
 * last one for a cell with nothing in it. */
static void surface(struct emit *e, const double *v, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    enum { LEVELS = 4095 };
    double least = HUGE_VAL, most = -HUGE_VAL;
    for (size_t i = 0; i < n; i++)
        if (isfinite(v[i])) {
            least = v[i] < least ? v[i] : least;
            most = v[i] > most ? v[i] : most;
        }
    emit_text(e, ",\"value\":{\"min\":");
    emit_number(e, least);
    emit_text(e, ",\"max\":");
    emit_number(e, most);
    emit_text(e, ",\"levels\":\"");
    for (size_t i = 0; i < n; i++) {
        const double share = most > least ? (v[i] - least) / (most - least) : 0;
        const unsigned level = isfinite(v[i]) ? (unsigned)(share * (LEVELS - 1) + 0.5) : LEVELS;
        const char code[] = { digits[level / 64], digits[level % 64] };
        emit_bytes(e, code, sizeof code);
    }
    emit_text(e, "\"}");
}

static void axis(struct emit *e, const struct axis *a)
{
    emit_shared_begin(e);
    emit_text(e, "{\"label\":");
    emit_string(e, a->label);
    emit_format(e, ",\"log\":%d,\"whole\":%d,\"min\":", a->log, a->whole);
    emit_number(e, a->min);
    emit_text(e, ",\"max\":");
    emit_number(e, a->max);
    for (uint32_t i = 0; i < a->n_names; i++) {
        emit_text(e, i ? "," : ",\"names\":[");
        emit_string(e, a->names[i]);
    }
    emit_text(e, a->n_names ? "]}" : "}");
    emit_shared_end(e);
}

static void series(struct emit *e, const struct series *s, uint32_t n_axes, int exact)
{
    static const char *const marks[] = { "points", "line", "steps", "bars", "spans", "cells", "interval", "rows" };
    static const char *const roles[] = { "complete", "pruned",     "failed",  "running", "best",
                                         "training", "validation", "density", "surface" };
    emit_text(e, "{\"name\":");
    emit_string(e, s->name);
    emit_format(e, ",\"mark\":\"%s\",\"role\":\"%s\"", marks[s->mark], s->role < ROLE_OTHER ? roles[s->role] : "other");
    if (s->mark == MARK_CELLS) {
        emit_format(e, ",\"nx\":%u,\"ny\":%u", s->nx, s->ny);
        if (s->role == ROLE_SURFACE && !exact)
            surface(e, s->value, s->n);
        else
            column(e, "value", s->value, s->n);
    } else if (s->mark == MARK_ROWS) {
        column(e, "value", s->value, s->n * n_axes);
        column(e, "trial", s->trial, s->n);
    } else {
        column(e, "x", s->x, s->n);
        column(e, "y", s->y, s->n);
        if (s->mark == MARK_INTERVAL)
            column(e, "lo", s->x1, s->n);
        column(e, s->mark == MARK_INTERVAL ? "hi" : "x2", s->x2, s->n);
        column(e, "value", s->value, s->n);
        if (s->mark == MARK_LINE && s->trial && s->n && s->trial[0] == s->trial[s->n - 1])
            emit_format(e, ",\"of\":%.0f", s->trial[0]);
        else
            column(e, "trial", s->trial, s->n);
    }
    emit_text(e, "}");
}

static void panel(struct emit *e, const struct panel *p)
{
    emit_text(e, "{\"title\":");
    emit_string(e, p->title);
    emit_text(e, ",\"x\":");
    axis(e, &p->x);
    emit_text(e, ",\"y\":");
    axis(e, &p->y);
    if (p->value_label) {
        emit_text(e, ",\"colour\":");
        emit_string(e, p->value_label);
    }
    for (uint32_t i = 0; i < p->n_axes; i++) {
        emit_text(e, i ? "," : ",\"axes\":[");
        axis(e, &p->axes[i]);
    }
    emit_text(e, p->n_axes ? "]" : "");
    if (p->n_rungs)
        column(e, "rungs", p->rungs, p->n_rungs);
    emit_text(e, ",\"series\":[");
    for (uint32_t i = 0; i < p->n; i++) {
        emit_text(e, i ? "," : "");
        series(e, &p->series[i], p->n_axes, p->x.names && p->y.names); /* a cell a pair of names: a number to be read */
    }
    emit_text(e, "]}");
}

void emit_figure(struct emit *e, const struct figure *f)
{
    emit_text(e, "{\"kind\":");
    emit_string(e, f->kind);
    emit_text(e, ",\"title\":");
    emit_string(e, f->title);
    emit_text(e, ",\"note\":");
    emit_string(e, f->note);
    emit_text(e, ",\"missing\":");
    emit_string(e, f->missing);
    emit_text(e, ",\"panels\":[");
    for (uint32_t i = 0; i < f->n; i++) {
        emit_text(e, i ? "," : "");
        panel(e, &f->panels[i]);
    }
    emit_text(e, "]}");
}
