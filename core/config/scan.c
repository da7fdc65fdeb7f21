/* SPDX-License-Identifier: MIT */
/* The strict scanner: accepts the part of INI that has one reading, and says of the rest where, what and how to mend
 * it. */
#include "config/scan.h"

#include "hone/utf8.h"

#include <stdlib.h>
#include <string.h>

struct scanner {
    struct config *config;
    struct complaints *complaints;
    const char *name, *directory;
    const char *line; /* the current one, without newline, carriage return and blanks at its end */
    size_t length;
    unsigned number;
    char section[CONFIG_NAME_LIMIT + 1]; /* "" before the first */
    int skipping;                        /* the section's header was refused: its keys are read, but not kept */
    int failed;
};

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct place at(const struct scanner *s, size_t offset)
{
    const struct place place = { s->name, s->number, (unsigned)offset + 1 };
    return place;
}

#define REFUSE(s, offset, ...)                           \
    do {                                                 \
        const struct place place_ = at(s, offset);       \
        complain((s)->complaints, &place_, __VA_ARGS__); \
        (s)->failed = 1;                                 \
    } while (0)

int config_check_name(const char *what, const char *name, size_t n, int dash, const struct place *place,
                      struct complaints *complaints)
{
    const int shown = n > 40 ? 40 : (int)n;
    struct place where = *place;
    if (n == 0) {
        complain(complaints, place, "the %s has no name", what);
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        const char c = name[i];
        if ((c >= 'a' && c <= 'z') || (i > 0 && ((c >= '0' && c <= '9') || c == '_' || c == '.' || (c == '-' && dash))))
            continue;
        if (where.column)
            where.column += (unsigned)i;
        if (c >= 'A' && c <= 'Z')
            complain(complaints, &where, "upper-case letter in the %s '%.*s'; names are lower-case", what, shown, name);
        else if (c == ':')
            complain(complaints, &where, "':' in the %s '%.*s'; write key = value, and names with '.'", what, shown,
                     name);
        else if (c == '-')
            complain(complaints, &where, "'-' in the %s '%.*s'; names are written with '_'", what, shown, name);
        else if (is_blank(c))
            complain(complaints, &where, "blank in the %s '%.*s'; names are written with '_'", what, shown, name);
        else if (i == 0)
            complain(complaints, &where, "the %s '%.*s' does not start with a letter", what, shown, name);
        else
            complain(complaints, &where, "'%c' in the %s '%.*s'; names have letters, digits, '_' and '.'", c, what,
                     shown, name);
        return -1;
    }
    if (name[n - 1] == '.') {
        complain(complaints, place, "the %s '%.*s' ends with '.'", what, shown, name);
        return -1;
    }
    if (n > CONFIG_NAME_LIMIT) {
        complain(complaints, place, "the %s '%.*s...' is longer than %d characters", what, shown, name,
                 CONFIG_NAME_LIMIT);
        return -1;
    }
    return 0;
}

/* ---- one line ---- */

/* Bytes that no line may hold: control bytes, what is not UTF-8. 1: the line is fine. */
static int check_bytes(struct scanner *s)
{
    const unsigned char *line = (const unsigned char *)s->line;
    for (size_t i = 0; i < s->length;) {
        const unsigned char c = line[i];
        const size_t n = hone_utf8_length(line + i, s->length - i);
        if (c == 0) {
            REFUSE(s, i, "NUL byte; is this a text file, saved as UTF-8?");
            return 0;
        }
        if ((c < 0x20 && c != '\t') || c == 0x7F) {
            REFUSE(s, i, "control byte 0x%02x", c);
            return 0;
        }
        if (n == 0) {
            REFUSE(s, i, "byte 0x%02x is not UTF-8; save the file as UTF-8", c);
            return 0;
        }
        i += n;
    }
    return 1;
}

static void scan_section(struct scanner *s, size_t start)
{
    const char *close = memchr(s->line + start, ']', s->length - start);
    size_t from = start + 1, end, after;
    struct place place = at(s, start);
    s->skipping = 1;
    s->section[0] = '\0';
    if (!close) {
        REFUSE(s, start, "']' is missing at the end of the section's name");
        return;
    }
    end = (size_t)(close - s->line);
    after = end + 1;
    while (after < s->length && is_blank(s->line[after]))
        after++;
    if (after < s->length) {
        if (s->line[after] == ';' || s->line[after] == '#')
            REFUSE(s, after, "comment behind a section's name; give it a line of its own");
        else
            REFUSE(s, after, "text behind the section's name");
        return;
    }
    while (from < end && is_blank(s->line[from]))
        from++;
    while (end > from && is_blank(s->line[end - 1]))
        end--;
    place.column = (unsigned)from + 1;
    if (config_check_name("section", s->line + from, end - from, 1, &place, s->complaints) < 0) {
        s->failed = 1;
        return;
    }
    memcpy(s->section, s->line + from, end - from);
    s->section[end - from] = '\0';
    for (size_t i = 0; i < s->config->n_sections; i++)
        if (!strcmp(s->config->sections[i].name, s->section)) {
            REFUSE(s, start, "duplicate section [%s]; it starts at line %u: join the two", s->section,
                   s->config->sections[i].place.line);
            s->skipping = 0; /* its keys are compared with the first one's */
            return;
        }
    place.column = (unsigned)start + 1;
    if (config_add_section(s->config, s->section, &place) < 0)
        REFUSE(s, start, "out of memory");
    s->skipping = 0;
}

/* The value that starts at `from`, cut of its comment. 0 and its bounds, or -1. */
static int scan_value(struct scanner *s, size_t from, size_t *start, size_t *end)
{
    const char quote = from < s->length ? s->line[from] : '\0';
    size_t i;
    if (quote == '"' || quote == '\'') {
        const char *close = memchr(s->line + from + 1, quote, s->length - from - 1);
        if (!close) {
            REFUSE(s, from, "the quote %c is not closed", quote);
            return -1;
        }
        *start = from + 1;
        *end = (size_t)(close - s->line);
        for (i = *start; i < *end; i++)
            if (s->line[i] == '\\') {
                REFUSE(
                    s, i,
                    "backslash in a quoted value; it has different meanings in versions of INI: leave out the quotes");
                return -1;
            }
        for (i = *end + 1; i < s->length && is_blank(s->line[i]);)
            i++;
        if (i < s->length && s->line[i] != ';' && s->line[i] != '#') {
            REFUSE(s, i, "text behind the closing quote; a value that holds %c is quoted with %c as a whole", quote,
                   quote == '"' ? '\'' : '"');
            return -1;
        }
        return 0;
    }
    for (i = from; i < s->length; i++)
        if (s->line[i] == ';' || s->line[i] == '#') {
            if (i == from || is_blank(s->line[i - 1]))
                break;
            REFUSE(s, i, "'%c' inside a value; quote the value, or put a blank before a comment", s->line[i]);
            return -1;
        }
    *start = from;
    *end = i;
    while (*end > *start && is_blank(s->line[*end - 1]))
        --*end;
    if (*end > *start && s->line[*end - 1] == '\\') { /* before a comment; it could not be written back */
        REFUSE(s, *end - 1, "backslash at the end of the value");
        return -1;
    }
    return 0;
}

static const struct config_item *find_scanned(const struct scanner *s, const char *key)
{
    for (size_t i = 0; i < s->config->n_items; i++)
        if (!strcmp(s->config->items[i].key, key) && !strcmp(s->config->items[i].section, s->section))
            return s->config->items + i;
    return NULL;
}

static void scan_pair(struct scanner *s, size_t from)
{
    const char *equal = memchr(s->line + from, '=', s->length - from);
    const struct config_item *first;
    struct place place = at(s, from), value_place;
    size_t end, value, start = 0, stop = 0;
    char key[CONFIG_NAME_LIMIT + 1], *text;
    if (!equal) {
        const char *colon = memchr(s->line + from, ':', s->length - from);
        if (colon)
            REFUSE(s, (size_t)(colon - s->line), "':' between key and value; write '='");
        else
            REFUSE(s, from, "neither [section] nor key = value");
        return;
    }
    end = (size_t)(equal - s->line);
    value = end + 1;
    while (end > from && is_blank(s->line[end - 1]))
        end--;
    while (value < s->length && is_blank(s->line[value]))
        value++;
    if (config_check_name("key", s->line + from, end - from, 0, &place, s->complaints) < 0) {
        s->failed = 1;
        return;
    }
    memcpy(key, s->line + from, end - from);
    key[end - from] = '\0';
    if (!s->section[0] && !s->skipping) {
        REFUSE(s, from, "key '%s' comes before any [section]", key);
        return;
    }
    if (scan_value(s, value, &start, &stop) < 0 || s->skipping)
        return;
    first = find_scanned(s, key);
    if (first) {
        REFUSE(s, from, "duplicate key '%s' in [%s]; first set at line %u", key, s->section, first->place.line);
        return;
    }
    value_place = at(s, start);
    text = strndup(s->line + start, stop - start);
    if (!text || config_add_item(s->config, s->section, key, text, &place, &value_place, s->directory) < 0)
        REFUSE(s, from, "out of memory");
    free(text);
}

static void scan_line(struct scanner *s)
{
    size_t from = 0;
    if (s->length > CONFIG_LINE_LIMIT) {
        REFUSE(s, CONFIG_LINE_LIMIT, "the line has %zu bytes; at most %d are read", s->length, CONFIG_LINE_LIMIT);
        return;
    }
    if (s->length && s->line[s->length - 1] == '\r')
        s->length--;
    if (!check_bytes(s))
        return;
    while (s->length && is_blank(s->line[s->length - 1]))
        s->length--;
    while (from < s->length && is_blank(s->line[from]))
        from++;
    if (from == s->length)
        return;
    if (s->line[s->length - 1] == '\\') {
        REFUSE(s, s->length - 1, "backslash at the end of the line; lines are not joined");
        return;
    }
    if (s->line[from] == ';' || s->line[from] == '#')
        return;
    if (s->line[from] == '[')
        scan_section(s, from);
    else
        scan_pair(s, from);
}

int config_scan(struct config *config, const char *name, const char *directory, const char *text, size_t n,
                struct complaints *complaints)
{
    struct scanner s = { config, complaints, name, directory, text, 0, 1, "", 0, 0 };
    size_t offset = 0;
    if (n > CONFIG_FILE_LIMIT) {
        const struct place place = { name, 0, 0 };
        complain(complaints, &place, "larger than %d bytes", CONFIG_FILE_LIMIT);
        return -1;
    }
    if (n >= 2 && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2))) {
        REFUSE(&s, 0, "the file is UTF-16; save it as UTF-8");
        return -1;
    }
    if (n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
        REFUSE(&s, 0, "byte-order mark at the start of the file; save it as UTF-8 without one");
        offset = 3;
    }
    for (; offset < n; s.number++) {
        const char *newline = memchr(text + offset, '\n', n - offset);
        s.line = text + offset;
        s.length = newline ? (size_t)(newline - s.line) : n - offset;
        offset += s.length + 1;
        scan_line(&s);
        if (config->n_items > CONFIG_KEYS_LIMIT) {
            REFUSE(&s, 0, "more than %d keys", CONFIG_KEYS_LIMIT);
            break;
        }
    }
    return s.failed ? -1 : 0;
}

/* ---- writing ---- */

/* The quote that the value needs: '\0' none, '"', '\'', or -1: it cannot be written. */
static int quote_for(const char *value)
{
    const size_t n = strlen(value);
    for (const unsigned char *c = (const unsigned char *)value; *c; c++)
        if ((*c < 0x20 && *c != '\t') || *c == 0x7F)
            return -1;
    if (n == 0 || (!strpbrk(value, ";#") && !is_blank(value[0]) && !is_blank(value[n - 1]) && value[0] != '"' &&
                   value[0] != '\'' && value[n - 1] != '\\'))
        return '\0';
    if (strchr(value, '\\'))
        return -1;
    return !strchr(value, '"') ? '"' : !strchr(value, '\'') ? '\'' : -1;
}

int config_value_writable(const char *key, const char *value)
{
    const int quote = quote_for(value);
    return quote >= 0 && strlen(key) + 3 + strlen(value) + (quote ? 2 : 0) <= CONFIG_LINE_LIMIT;
}

void config_write_value(struct text *out, const char *key, const char *value)
{
    const int quote = quote_for(value);
    if (!*value)
        text_addf(out, "%s =\n", key);
    else if (quote > 0)
        text_addf(out, "%s = %c%s%c\n", key, quote, value, quote);
    else
        text_addf(out, "%s = %s\n", key, value);
}
