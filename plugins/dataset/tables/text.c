/* SPDX-License-Identifier: MIT */
/* Reading a text file: all of it, checked once, cut into lines in place. */
#include "text.h"

#include "hone/param.h"
#include "hone/settings.h"

#include <errno.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_PATH = 100 };

const char *text_short_path(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strlen(path) <= MESSAGE_PATH || !slash ? path : slash + 1;
}

hone_rc text_fail(const struct text *text, hone_error *err, const char *format, ...)
{
    char message[160];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return hone_fail(err, HONE_EIO, text->key, "%.100s:%llu: %s", text_short_path(text->path),
                     (unsigned long long)text->line, message);
}

static hone_rc read_all(struct text *text, FILE *in, hone_error *err)
{
    enum { FIRST = 1 << 16 };
    size_t capacity = 0, got;
    do {
        if (text->size + 1 >= capacity) {
            const size_t larger = capacity ? capacity * 2 : FIRST;
            char *more = realloc(text->bytes, larger);
            if (!more)
                return hone_fail(err, HONE_ENOMEM, text->key, "out of memory for %.150s", text->path);
            text->bytes = more;
            capacity = larger;
        }
        errno = 0;
        got = fread(text->bytes + text->size, 1, capacity - text->size - 1, in);
        text->size += got;
    } while (got);
    if (ferror(in))
        return hone_fail(err, HONE_EIO, text->key, "cannot read %.150s: %s", text->path, strerror(errno));
    text->bytes[text->size] = '\0';
    return HONE_OK;
}

/* Bytes of the UTF-8 character at s, 0: it is none (RFC 3629: no overlong forms, no surrogates, no NUL). */
static unsigned character(const unsigned char *s, uint64_t left)
{
    if (s[0] < 0x80)
        return s[0] != 0;
    const unsigned n = s[0] >= 0xC2 && s[0] <= 0xDF   ? 2
                       : s[0] >= 0xE0 && s[0] <= 0xEF ? 3
                       : s[0] >= 0xF0 && s[0] <= 0xF4 ? 4
                                                      : 0;
    if (!n || left < n)
        return 0;
    for (unsigned i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) || (s[0] == 0xF0 && s[1] < 0x90) ||
        (s[0] == 0xF4 && s[1] > 0x8F))
        return 0;
    return n;
}

static hone_rc check_utf8(struct text *text, hone_error *err)
{
    const unsigned char *s = (const unsigned char *)text->bytes;
    text->line = 1;
    for (uint64_t i = 0; i < text->size;) {
        const unsigned n = character(s + i, text->size - i);
        if (!n && !s[i])
            return text_fail(text, err, "there is a NUL byte: this is no text file");
        if (!n)
            return text_fail(text, err, "byte 0x%02x is not UTF-8: convert the file, as with iconv -f latin1 -t utf-8",
                             s[i]);
        text->line += s[i] == '\n' || (s[i] == '\r' && s[i + 1] != '\n');
        i += n;
    }
    text->line = 0;
    return HONE_OK;
}

hone_rc text_open(struct text *text, const char *path, const char *key, hone_error *err)
{
    memset(text, 0, sizeof *text);
    text->path = path;
    text->key = key;
    FILE *in = fopen(path, "rb");
    if (!in)
        return hone_fail(err, HONE_EIO, key, "cannot open %.150s: %s", path, strerror(errno));
    hone_rc rc = read_all(text, in, err);
    fclose(in);
    if (rc == HONE_OK)
        rc = check_utf8(text, err);
    if (rc == HONE_OK)
        text->next = text->bytes + (strncmp(text->bytes, "\xEF\xBB\xBF", 3) ? 0 : 3);
    return rc;
}

void text_close(struct text *text)
{
    free(text->bytes);
    memset(text, 0, sizeof *text);
}

char *text_line(struct text *text)
{
    char *line = text->next;
    if (line == text->bytes + text->size)
        return NULL;
    char *end = line + strcspn(line, "\r\n");
    text->next = end + (*end == '\r' && end[1] == '\n' ? 2 : *end != '\0');
    *end = '\0';
    text->line++;
    return line;
}

char *text_trim(char *line)
{
    line += strspn(line, " \t");
    char *end = line + strlen(line);
    while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *end = '\0';
    return line;
}

int text_number(const char *word, double *v)
{
    return hone_parse_real(word, NULL, v) && fabs(*v) <= (double)FLT_MAX;
}
