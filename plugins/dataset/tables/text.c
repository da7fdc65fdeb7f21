/* SPDX-License-Identifier: MIT */
/* Reading a text file: all of it, checked once, cut into lines in place. */
#include "text.h"

#include "hone/settings.h"
#include "hone/text_file.h"

#include <float.h>

hone_rc text_fail(const struct text *text, hone_error *err, const char *format, ...)
{
    char message[160];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return hone_fail(err, HONE_EIO, text->key, "%.100s:%llu: %s", hone_short_path(text->path),
                     (unsigned long long)text->line, message);
}

hone_rc text_open(struct text *text, const char *path, const char *key, hone_error *err)
{
    memset(text, 0, sizeof *text);
    text->path = path;
    text->key = key;
    const hone_rc rc = hone_text_file_read(path, key, &text->bytes, &text->size, err);
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
