/* SPDX-License-Identifier: MIT */
/* hone/utf8.h - what is well-formed UTF-8, as RFC 3629 says: no overlong forms, no surrogates. Header only. */
#ifndef HONE_UTF8_H
#define HONE_UTF8_H
#include <stddef.h>

/* Bytes of the character that begins at s, 1 to 4, 0: it is none. left: bytes there are, 1 at least, or SIZE_MAX before a
 * NUL, which is a character of one byte. [any] */
static inline size_t hone_utf8_length(const unsigned char *s, size_t left)
{
    const size_t n = s[0] < 0x80                   ? 1
                     : s[0] >= 0xC2 && s[0] < 0xE0 ? 2
                     : s[0] >= 0xE0 && s[0] < 0xF0 ? 3
                     : s[0] >= 0xF0 && s[0] < 0xF5 ? 4
                                                   : 0;
    if (n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) || (s[0] == 0xF0 && s[1] < 0x90) ||
        (s[0] == 0xF4 && s[1] > 0x8F))
        return 0;
    return n;
}
#endif /* HONE_UTF8_H */
