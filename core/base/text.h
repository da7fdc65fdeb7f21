/* SPDX-License-Identifier: MIT */
/* A string that grows. Running out of memory is remembered, not reported at each call: check `failed` at the end. */
#ifndef HONE_BASE_TEXT_H
#define HONE_BASE_TEXT_H
#include <stddef.h>

struct text {
    char *data; /* NUL-terminated once anything was added; NULL before: use text_string */
    size_t length, capacity;
    int failed;
};
#define TEXT_INIT     \
    {                 \
        NULL, 0, 0, 0 \
    }

void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const char *bytes, size_t n);
void text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *text_string(const struct text *text); /* "" while empty */
void text_clear(struct text *text);               /* keeps the memory */
void text_release(struct text *text);

/* Short decimal form that reads back as the same double: "0.1", "1e-05", "3", "nan", "inf". Whole numbers up to 2^53
 * have no exponent, so that integer parameters read them. Decimal point as in the C locale, which the program never
 * leaves. */
void text_add_number(struct text *text, double value);
void number_format(double value, char *out, size_t n); /* n >= 32 */
/* For eyes: a number written with more than nine characters comes back with six significant digits in out (n >= 32), anything
 * else as it is. */
const char *number_shorten(const char *text, char *out, size_t n);
/* A word that a shell reads as it is: quoted where it holds blanks or what a shell would interpret. */
void text_add_shell_word(struct text *text, const char *word);
/* A JSON string with its quotes, escaped; NULL: null. */
void text_add_json_string(struct text *text, const char *string);
/* A JSON number; null where it is not finite. */
void text_add_json_number(struct text *text, double value);
#endif
