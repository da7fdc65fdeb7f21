/* SPDX-License-Identifier: MIT */
/* Where arrays are found: in a .npy file, or as members of a .npz file, which is a zip archive (PKWARE's APPNOTE 6.3.10),
 * stored or deflated. The bytes are hostile: every offset is checked before it is followed. */
#include "array.h"

#include "hone/param.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static hone_rc read_file(const char *path, const char *key, unsigned char **bytes, uint64_t *size, hone_error *err)
{
    enum { FIRST = 1 << 16 };
    size_t capacity = 0, got;
    hone_rc rc = HONE_OK;
    *bytes = NULL;
    *size = 0;
    FILE *in = fopen(path, "rb");
    if (!in)
        return hone_fail(err, HONE_EIO, key, "cannot open %.150s: %s", path, strerror(errno));
    do {
        if (*size == capacity) {
            capacity = capacity ? capacity * 2 : FIRST;
            unsigned char *more = realloc(*bytes, capacity);
            if (!more) {
                rc = hone_fail(err, HONE_ENOMEM, key, "out of memory for %.150s", path);
                goto out;
            }
            *bytes = more;
        }
        errno = 0;
        got = fread(*bytes + *size, 1, capacity - *size, in);
        *size += got;
    } while (got);
    if (ferror(in))
        rc = hone_fail(err, HONE_EIO, key, "cannot read %.150s: %s", path, strerror(errno));
out:
    fclose(in);
    if (rc != HONE_OK) {
        free(*bytes);
        *bytes = NULL;
    }
    return rc;
}

hone_rc npy_open(struct array *array, const char *path, const char *key, hone_error *err)
{
    unsigned char *bytes;
    uint64_t size;
    memset(array, 0, sizeof *array);
    const hone_rc rc = read_file(path, key, &bytes, &size, err);
    return rc == HONE_OK ? array_open(array, bytes, size, path, "", key, err) : rc;
}

/* ---- zip ---- */
enum { LOCAL_BYTES = 30, MEMBER_BYTES = 46, END_BYTES = 22, END64_BYTES = 56, LOCATOR_BYTES = 20 };
enum { STORED = 0, DEFLATED = 8 };

static uint64_t number(const unsigned char *p, unsigned bytes)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes; i++)
        v |= (uint64_t)p[i] << 8 * i;
    return v;
}

static hone_rc broken(const struct archive *z, const char *key, const char *why, hone_error *err)
{
    return hone_fail(err, HONE_EIO, key, "%.100s: %s: this is no .npz file, or it is damaged", hone_short_path(z->path),
                     why);
}

/* Whether `bytes` bytes at `at` lie within the file. */
static int within(const struct archive *z, uint64_t at, uint64_t bytes)
{
    return at <= z->size && bytes <= z->size - at;
}

hone_rc npz_open(struct archive *z, const char *path, const char *key, hone_error *err)
{
    memset(z, 0, sizeof *z);
    z->path = path;
    const hone_rc rc = read_file(path, key, &z->bytes, &z->size, err);
    if (rc != HONE_OK)
        return rc;
    uint64_t end = z->size < END_BYTES ? 0 : z->size - END_BYTES + 1;
    const uint64_t first = end > UINT16_MAX + 1 ? end - UINT16_MAX - 1 : 0; /* a comment may follow the end record */
    while (end > first && memcmp(z->bytes + end - 1, "PK\5\6", 4) != 0)
        end--;
    if (end == first)
        return broken(z, key, "the end of a zip archive is not there", err);
    end--;
    z->n_members = number(z->bytes + end + 10, 2);
    z->directory = number(z->bytes + end + 16, 4);
    if (z->n_members == UINT16_MAX || z->directory == UINT32_MAX) { /* zip64: the numbers are elsewhere */
        if (end < LOCATOR_BYTES || memcmp(z->bytes + end - LOCATOR_BYTES, "PK\6\7", 4) != 0)
            return broken(z, key, "its zip64 record is not there", err);
        const uint64_t at = number(z->bytes + end - LOCATOR_BYTES + 8, 8);
        if (!within(z, at, END64_BYTES) || memcmp(z->bytes + at, "PK\6\6", 4) != 0)
            return broken(z, key, "its zip64 record is not there", err);
        z->n_members = number(z->bytes + at + 32, 8);
        z->directory = number(z->bytes + at + 48, 8);
    }
    return HONE_OK;
}

void npz_close(struct archive *z)
{
    free(z->bytes);
    memset(z, 0, sizeof *z);
}

struct member {
    const unsigned char *name;
    uint64_t name_bytes, method, flags, crc, packed, size, local;
};

/* Sizes of 2^32 - 1 stand in the zip64 extra field, in the order size, packed size, offset. */
static int take_zip64(struct member *m, const unsigned char *extra, uint64_t bytes)
{
    uint64_t *const values[3] = { &m->size, &m->packed, &m->local };
    while (bytes >= 4) {
        const uint64_t id = number(extra, 2), length = number(extra + 2, 2);
        uint64_t at = 4;
        if (length > bytes - 4)
            return 0;
        for (int i = 0; i < 3 && id == 1; i++)
            if (*values[i] == UINT32_MAX) {
                if (at + 8 > 4 + length)
                    return 0;
                *values[i] = number(extra + at, 8);
                at += 8;
            }
        extra += 4 + length;
        bytes -= 4 + length;
    }
    return 1;
}

/* The member at *at of the directory; *at: behind it. */
static hone_rc take_member(const struct archive *z, uint64_t *at, struct member *m, const char *key, hone_error *err)
{
    const unsigned char *p = z->bytes + *at;
    if (!within(z, *at, MEMBER_BYTES) || memcmp(p, "PK\1\2", 4) != 0)
        return broken(z, key, "its list of members is cut short", err);
    const uint64_t extra = number(p + 30, 2), comment = number(p + 32, 2);
    *m = (struct member){ p + MEMBER_BYTES,  number(p + 28, 2), number(p + 10, 2), number(p + 8, 2),
                          number(p + 16, 4), number(p + 20, 4), number(p + 24, 4), number(p + 42, 4) };
    if (!within(z, *at + MEMBER_BYTES, m->name_bytes + extra + comment) ||
        !take_zip64(m, p + MEMBER_BYTES + m->name_bytes, extra))
        return broken(z, key, "its list of members is cut short", err);
    *at += MEMBER_BYTES + m->name_bytes + extra + comment;
    return HONE_OK;
}

static hone_rc inflate_into(const struct archive *z, const struct member *m, const unsigned char *packed,
                            unsigned char *bytes, const char *key, hone_error *err)
{
    z_stream stream;
    uint64_t in = 0, out = 0;
    int state = Z_OK;
    memset(&stream, 0, sizeof stream);
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
        return hone_fail(err, HONE_ENOMEM, key, "out of memory for %.150s", z->path);
    while (state == Z_OK) { /* zlib counts in 32 bits */
        const uint64_t more = m->packed - in < UINT32_MAX ? m->packed - in : UINT32_MAX;
        const uint64_t room = m->size - out < UINT32_MAX ? m->size - out : UINT32_MAX;
        stream.next_in = (unsigned char *)(uintptr_t)(packed + in);
        stream.avail_in = (uInt)more;
        stream.next_out = bytes + out;
        stream.avail_out = (uInt)room;
        state = inflate(&stream, Z_NO_FLUSH);
        in += more - stream.avail_in;
        out += room - stream.avail_out;
    }
    inflateEnd(&stream);
    return state == Z_STREAM_END && out == m->size ? HONE_OK : broken(z, key, "a member cannot be inflated", err);
}

static hone_rc extract(const struct archive *z, const struct member *m, const char *key, unsigned char **bytes,
                       hone_error *err)
{
    *bytes = NULL;
    if (m->flags & 1)
        return broken(z, key, "a member is encrypted", err);
    if (m->method != STORED && m->method != DEFLATED)
        return broken(z, key, "a member is packed neither by deflate nor not at all", err);
    if (!within(z, m->local, LOCAL_BYTES) || memcmp(z->bytes + m->local, "PK\3\4", 4) != 0)
        return broken(z, key, "a member is not where it should be", err);
    const uint64_t start = m->local + LOCAL_BYTES + number(z->bytes + m->local + 26, 2) +
                           number(z->bytes + m->local + 28, 2);
    if (!within(z, start, m->packed) || (m->method == STORED && m->packed != m->size) ||
        m->size / 1032 > m->packed + 1) /* deflate packs no more than 1032 to 1 */
        return broken(z, key, "a member is cut short", err);
    if (!(*bytes = malloc(m->size ? m->size : 1)))
        return hone_fail(err, HONE_ENOMEM, key, "out of memory for %.150s", z->path);
    hone_rc rc = HONE_OK;
    if (m->method == DEFLATED)
        rc = inflate_into(z, m, z->bytes + start, *bytes, key, err);
    else
        memcpy(*bytes, z->bytes + start, m->size);
    if (rc == HONE_OK && crc32_z(crc32_z(0, NULL, 0), *bytes, m->size) != m->crc)
        rc = broken(z, key, "a member's checksum is wrong", err);
    if (rc != HONE_OK) {
        free(*bytes);
        *bytes = NULL;
    }
    return rc;
}

hone_rc npz_array(const struct archive *z, const char *name, const char *key, struct array *array, hone_error *err)
{
    const size_t length = strlen(name);
    char known[120] = "";
    uint64_t at = z->directory;
    memset(array, 0, sizeof *array);
    for (uint64_t i = 0; i < z->n_members; i++) {
        struct member m;
        unsigned char *bytes;
        hone_rc rc = take_member(z, &at, &m, key, err);
        if (rc != HONE_OK)
            return rc;
        if (m.name_bytes == length + 4 && !memcmp(m.name, name, length) && !memcmp(m.name + length, ".npy", 4)) {
            rc = extract(z, &m, key, &bytes, err);
            return rc == HONE_OK ? array_open(array, bytes, m.size, z->path, name, key, err) : rc;
        }
        const size_t used = strlen(known);
        if (m.name_bytes > 4)
            snprintf(known + used, sizeof known - used, "%s%.*s", used ? ", " : "", (int)m.name_bytes - 4,
                     (const char *)m.name);
    }
    return hone_fail(err, HONE_EINVAL, key, "%.80s has no array %.40s; it has: %s", hone_short_path(z->path), name,
                     *known ? known : "none");
}
