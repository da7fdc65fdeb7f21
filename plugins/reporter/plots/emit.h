/* SPDX-License-Identifier: MIT */
/* Text into a stream through a buffer; JSON that may stand inside a page's <script>. A failure is remembered: emit_close tells. */
#ifndef HONE_PLOTS_EMIT_H
#define HONE_PLOTS_EMIT_H
#include "figure.h"

struct shared;
struct emit {
    const hone_ostream *to;
    struct shared *shared; /* NULL: every value is written where it stands */
    size_t used;
    int failed;
    char buffer[1 << 16];
};
struct emit *emit_open(const hone_ostream *to); /* NULL: out of memory */
hone_rc emit_close(struct emit *emit, hone_error *err);
void emit_bytes(struct emit *emit, const char *bytes, size_t n);
void emit_text(struct emit *emit, const char *text);
void emit_format(struct emit *emit, const char *format, ...) __attribute__((format(printf, 2, 3)));
void emit_markup(struct emit *emit, const char *text); /* with the special characters of HTML and XML escaped */
void emit_string(struct emit *emit, const char *text); /* a JSON string, '<', '>' and '&' escaped; NULL: null */
void emit_string_n(struct emit *emit, const char *text, size_t n); /* its first n bytes */
void emit_number(struct emit *emit, double v);                     /* seven digits; not finite: null */
void emit_numbers(struct emit *emit, const double *v, size_t n);   /* a JSON array */
void emit_figure(struct emit *emit, const struct figure *figure);

/* ---- shared.c: values that occur again and again are written once ----
 *
 * What is emitted between emit_shared_begin and emit_shared_end is one JSON array, object or string. Where emit_share was called, its
 * number in the list that emit_shared_list writes stands in its place; where it was not, or where it is short, the value itself. */
void emit_share(struct emit *emit);
void emit_shared_begin(struct emit *emit);
void emit_shared_end(struct emit *emit);
void emit_shared_list(struct emit *emit); /* [value, ...] */
/* For emit.c: takes the bytes while a shared value is being emitted; 0: none is. */
int shared_take(struct emit *emit, const char *bytes, size_t n);
void shared_release(struct shared *shared);
#endif
