/* SPDX-License-Identifier: MIT */
/* hone/text_file.h - help for readers of text files: all of one in memory, known to be UTF-8, and what to call it in
 * messages. Header only. */
#ifndef HONE_TEXT_FILE_H
#define HONE_TEXT_FILE_H
#include "hone/param.h"
#include "hone/utf8.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The path, or its last part where the whole would leave no room in a message: 100 bytes, unless a name is longer. [any] */
static inline const char *hone_short_path(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strlen(path) <= 100 || !slash ? path : slash + 1;
}

static inline hone_rc hone_text_bytes_(FILE *in, const char *path, const char *key, char **bytes, size_t *size,
                                       hone_error *err)
{
    size_t capacity = 0, got;
    do {
        if (*size + 1 >= capacity) {
            const size_t larger = capacity ? capacity * 2 : 1 << 16;
            char *more = (char *)realloc(*bytes, larger);
            if (!more)
                return hone_fail(err, HONE_ENOMEM, key, "out of memory for %.150s", path);
            *bytes = more;
            capacity = larger;
        }
        errno = 0;
        got = fread(*bytes + *size, 1, capacity - *size - 1, in);
        *size += got;
    } while (got);
    if (ferror(in))
        return hone_fail(err, HONE_EIO, key, "cannot read %.150s: %s", path, strerror(errno));
    (*bytes)[*size] = '\0';
    return HONE_OK;
}

/* *bytes: (size), then a NUL; to be freed, NULL on failure. HONE_EIO where the file cannot be read, or, with the line, holds
 * NUL bytes or what is not UTF-8 (lines end with LF, CRLF or CR); HONE_ENOMEM; they blame `key`. [any] */
static inline hone_rc hone_text_file_read(const char *path, const char *key, char **bytes, size_t *size,
                                          hone_error *err)
{
    unsigned long long line = 1;
    FILE *in = fopen(path, "rb");
    hone_rc rc;
    *bytes = NULL;
    *size = 0;
    if (!in)
        return hone_fail(err, HONE_EIO, key, "cannot open %.150s: %s", path, strerror(errno));
    rc = hone_text_bytes_(in, path, key, bytes, size, err);
    fclose(in);
    for (size_t i = 0; rc == HONE_OK && i < *size;) {
        const unsigned char *s = (const unsigned char *)*bytes + i;
        const size_t n = hone_utf8_length(s, *size - i);
        if (!*s)
            rc = hone_fail(err, HONE_EIO, key, "%.100s:%llu: there is a NUL byte: this is no text file",
                           hone_short_path(path), line);
        else if (!n)
            rc = hone_fail(err, HONE_EIO, key,
                           "%.100s:%llu: byte 0x%02x is not UTF-8: convert the file, as with iconv -f latin1 -t utf-8",
                           hone_short_path(path), line, *s);
        line += *s == '\n' || (*s == '\r' && s[1] != '\n') ? 1 : 0;
        i += n;
    }
    if (rc != HONE_OK) {
        free(*bytes);
        *bytes = NULL;
    }
    return rc;
}
#endif /* HONE_TEXT_FILE_H */
