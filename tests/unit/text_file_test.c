/* SPDX-License-Identifier: MIT */
/* Tests of hone/utf8.h and hone/text_file.h: every code point, what is none, and files that are no text. */
#include "harness.h"
#include "hone/text_file.h"

#include <unistd.h>

/* s: (5), the UTF-8 of a code point as RFC 3629 lays it out. */
static size_t encode(unsigned long code, unsigned char *s)
{
    const size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char first[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
    for (size_t i = n; i-- > 1; code >>= 6)
        s[i] = (unsigned char)(0x80 | (code & 0x3F));
    s[0] = (unsigned char)(first[n] | code);
    s[n] = '\0';
    return n;
}

static void test_takes_every_code_point_and_nothing_else(void)
{
    unsigned long wrong = 0, accepted = 0;
    unsigned char s[5];
    for (unsigned long code = 1; code < 0x140000; code++) {
        const size_t n = encode(code, s), wanted = (code >= 0xD800 && code < 0xE000) || code > 0x10FFFF ? 0 : n;
        wrong += hone_utf8_length(s, SIZE_MAX) != wanted || hone_utf8_length(s, n) != wanted;
        wrong += n > 1 && hone_utf8_length(s, n - 1) != 0; /* cut short */
    }
    CU_ASSERT_EQUAL(wrong, 0);
    for (unsigned a = 0x80; a < 0x100; a++) /* of all pairs of bytes, those that are two-byte characters */
        for (unsigned b = 0; b < 0x100; b++) {
            const unsigned char pair[] = { (unsigned char)a, (unsigned char)b };
            accepted += hone_utf8_length(pair, 2) != 0;
        }
    CU_ASSERT_EQUAL(accepted, 0x800 - 0x80);
    CU_ASSERT_EQUAL(hone_utf8_length((const unsigned char *)"\xE0\x9F\xBF", 3), 0); /* overlong */
    CU_ASSERT_EQUAL(hone_utf8_length((const unsigned char *)"\xF0\x8F\xBF\xBF", 4), 0);
    CU_ASSERT_EQUAL(hone_utf8_length((const unsigned char *)"", SIZE_MAX), 1);
}

/* Reads a file of these bytes. */
static hone_rc read_bytes(const char *bytes, size_t n, char **text, size_t *size, hone_error *err)
{
    char path[] = "/tmp/hone-text-XXXXXX";
    const int fd = mkstemp(path);
    hone_rc rc;
    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_EQUAL(write(fd, bytes, n), (ssize_t)n);
    close(fd);
    rc = hone_text_file_read(path, "file", text, size, err);
    unlink(path);
    return rc;
}

static void test_reads_a_file_whole_or_names_the_line(void)
{
    enum { LONG = 300000 };
    hone_error err = HONE_ERROR_INIT;
    char *text, *many = (char *)malloc(LONG);
    size_t size;
    CU_ASSERT_PTR_NOT_NULL_FATAL(many);
    memset(many, 'x', LONG);
    CU_ASSERT_EQUAL_FATAL(read_bytes(many, LONG, &text, &size, &err), HONE_OK);
    CU_ASSERT(size == LONG && strlen(text) == LONG && !memcmp(text, many, LONG));
    free(text);
    free(many);
    CU_ASSERT_EQUAL_FATAL(read_bytes("", 0, &text, &size, &err), HONE_OK);
    CU_ASSERT(!size && !*text);
    free(text);
    CU_ASSERT_EQUAL(read_bytes("a\nb\r\nc\rd\0e", 10, &text, &size, &err), HONE_EIO);
    CU_ASSERT_PTR_NULL(text);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, ":4: there is a NUL byte"));
    CU_ASSERT_EQUAL(read_bytes("a\n\xC3\xA4 \xE4\n", 7, &text, &size, &err), HONE_EIO);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, ":2: byte 0xe4 is not UTF-8"));
    CU_ASSERT_EQUAL(hone_text_file_read("/nowhere/at/all", "file", &text, &size, &err), HONE_EIO);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "/nowhere/at/all"));
    CU_ASSERT_STRING_EQUAL(err.param, "file");
}

SUITE(TEST(test_takes_every_code_point_and_nothing_else), TEST(test_reads_a_file_whole_or_names_the_line))
