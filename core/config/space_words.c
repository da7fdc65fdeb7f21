/* SPDX-License-Identifier: MIT */
/* The words of [space]'s grammar. */
#include "config/space_words.h"
#include "hone/search.h"
#include "hone/settings.h"

#include <stdlib.h>
#include <string.h>

struct place words_place(const struct parser *p, size_t offset)
{
    struct place place = p->item->value_place;
    if (place.column)
        place.column += (unsigned)offset;
    return place;
}

void words_skip_blanks(struct parser *p)
{
    while (p->text[p->at] == ' ' || p->text[p->at] == '\t')
        p->at++;
}

size_t words_run(const struct parser *p, const char *stop)
{
    size_t n = 0;
    for (const char *s = p->text + p->at; s[n] && s[n] != ' ' && s[n] != '\t' && s[n] != ',' && !strchr(stop, s[n]);)
        n++;
    return n;
}

int words_take(struct parser *p, const char *word)
{
    const size_t n = strlen(word);
    words_skip_blanks(p);
    if (words_run(p, "=<>!|") != n || strncmp(p->text + p->at, word, n) != 0)
        return 0;
    p->at += n;
    return 1;
}

int words_take_sign(struct parser *p, const char *sign)
{
    const size_t n = strlen(sign);
    words_skip_blanks(p);
    if (strncmp(p->text + p->at, sign, n) != 0)
        return 0;
    p->at += n;
    return 1;
}

const char *words_seen(const struct parser *p, char *buffer, size_t size)
{
    size_t n = words_run(p, "");
    if (!p->text[p->at])
        return "the end of the line";
    n = n ? n : 1;
    snprintf(buffer, size, "'%.*s%s'", (int)(n > 40 ? 40 : n), p->text + p->at, n > 40 ? "..." : "");
    return buffer;
}

int words_number(struct parser *p, const char *what, double *out)
{
    char word[64], shown[64];
    size_t n, start;
    const char *dots;
    words_skip_blanks(p);
    start = p->at;
    n = words_run(p, "=<>!|");
    dots = strstr(p->text + start, "..");
    if (dots && dots < p->text + start + n)
        n = (size_t)(dots - (p->text + start));
    if (n > 0 && n < sizeof word) {
        memcpy(word, p->text + start, n);
        word[n] = '\0';
        if (hone_parse_real(word, NULL, out)) {
            p->at += n;
            return 0;
        }
    }
    if (n == 0)
        FAIL(p, start, "expected %s, found %s", what, words_seen(p, shown, sizeof shown));
    FAIL(p, start, "'%.*s' is not a number; expected %s", (int)(n > 40 ? 40 : n), p->text + start, what);
}

int words_bounds(struct parser *p, const char *key, double *low, double *high)
{
    char shown[64];
    size_t low_at, high_at;
    words_skip_blanks(p);
    low_at = p->at;
    if (words_number(p, "the lower bound: LOW .. HIGH", low) < 0)
        return -1;
    if (!words_take_sign(p, ".."))
        FAIL(p, p->at, "expected '..' behind the lower bound, found %s; write LOW .. HIGH",
             words_seen(p, shown, sizeof shown));
    words_skip_blanks(p);
    high_at = p->at;
    if (words_number(p, "the upper bound", high) < 0)
        return -1;
    if (*low > *high)
        FAIL(p, low_at, "the lower bound is above the upper one");
    if (*low == *high)
        FAIL(p, high_at, "both bounds are the same; write %s = fixed V, or set the key in its section", key);
    return 0;
}

int words_value(struct parser *p, const char *stop, const char *what, char **out)
{
    char shown[64];
    size_t n, start;
    words_skip_blanks(p);
    start = p->at;
    if (p->text[start] == '"' || p->text[start] == '\'') {
        const char *close = strchr(p->text + start + 1, p->text[start]);
        if (!close)
            FAIL(p, start, "the quote %c is not closed", p->text[start]);
        n = (size_t)(close - (p->text + start + 1));
        *out = strndup(p->text + start + 1, n);
        p->at = start + n + 2;
    } else {
        n = words_run(p, stop);
        if (n == 0)
            FAIL(p, start, "expected %s, found %s", what, words_seen(p, shown, sizeof shown));
        for (size_t i = 0; i < n; i++)
            if (p->text[start + i] == '"' || p->text[start + i] == '\'')
                FAIL(p, start + i, "quote inside a value; quote the whole value");
        *out = strndup(p->text + start, n);
        p->at += n;
    }
    if (!*out)
        FAIL(p, start, "out of memory");
    return 0;
}

int words_key(struct parser *p, char **key)
{
    char shown[64];
    size_t n = 0;
    words_skip_blanks(p);
    for (const char *s = p->text + p->at; (s[n] >= 'a' && s[n] <= 'z') || (s[n] >= '0' && s[n] <= '9') || s[n] == '_' ||
                                          s[n] == '.' || s[n] == '-' || (s[n] >= 'A' && s[n] <= 'Z');)
        n++;
    if (n == 0)
        FAIL(p, p->at, "expected a key of [space], found %s", words_seen(p, shown, sizeof shown));
    *key = strndup(p->text + p->at, n);
    if (!*key)
        FAIL(p, p->at, "out of memory");
    p->at += n;
    return 0;
}

int words_operator(struct parser *p, uint32_t *op)
{
    static const struct {
        const char *sign;
        uint32_t op;
    } signs[] = { { "!=", HONE_NE }, { "<=", HONE_LE }, { ">=", HONE_GE }, { "==", HONE_EQ },
                  { "=", HONE_EQ },  { "<", HONE_LT },  { ">", HONE_GT } };
    char shown[64];
    words_skip_blanks(p);
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (words_take_sign(p, signs[i].sign)) {
            *op = signs[i].op;
            return 0;
        }
    FAIL(p, p->at, "expected =, !=, <, <=, > or >=, found %s", words_seen(p, shown, sizeof shown));
}
