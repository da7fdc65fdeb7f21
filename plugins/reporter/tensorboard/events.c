/* SPDX-License-Identifier: MIT */
#include "events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- protobuf ---- */

static void add(struct events *e, const void *bytes, size_t n)
{
    if (e->failed)
        return;
    if (e->n + n > e->capacity) {
        const size_t capacity = 2 * e->capacity + n + 4096;
        unsigned char *more = realloc(e->data, capacity);
        if (!more) {
            e->failed = 1;
            return;
        }
        e->data = more;
        e->capacity = capacity;
    }
    memcpy(e->data + e->n, bytes, n);
    e->n += n;
}

static void varint(struct events *e, uint64_t value)
{
    unsigned char bytes[10];
    size_t n = 0;
    do {
        bytes[n] = (unsigned char)(value & 0x7f);
        value >>= 7;
        bytes[n++] |= value ? 0x80 : 0;
    } while (value);
    add(e, bytes, n);
}

enum wire { WIRE_VARINT = 0, WIRE_DOUBLE = 1, WIRE_BYTES = 2, WIRE_FLOAT = 5 };

static void key(struct events *e, unsigned field, enum wire wire)
{
    varint(e, (uint64_t)field << 3 | wire);
}

/* Little-endian, whatever the machine is. */
static void fixed(struct events *e, uint64_t bits, size_t n)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)(bits >> 8 * i);
    add(e, bytes, n);
}

enum { LENGTH_BYTES = 5 };

size_t proto_open(struct events *e, unsigned field)
{
    key(e, field, WIRE_BYTES);
    add(e, "\0\0\0\0\0", LENGTH_BYTES);
    return e->n;
}

void proto_close(struct events *e, size_t mark)
{
    size_t n = e->n - mark;
    for (size_t i = 0; !e->failed && i < LENGTH_BYTES; i++, n >>= 7)
        e->data[mark - LENGTH_BYTES + i] = (unsigned char)((n & 0x7f) | (i + 1 < LENGTH_BYTES ? 0x80 : 0));
}

void proto_text(struct events *e, unsigned field, const char *text)
{
    const size_t n = strlen(text);
    key(e, field, WIRE_BYTES);
    varint(e, n);
    add(e, text, n);
}

void proto_double(struct events *e, unsigned field, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    key(e, field, WIRE_DOUBLE);
    fixed(e, bits, 8);
}

static void proto_float(struct events *e, unsigned field, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    key(e, field, WIRE_FLOAT);
    fixed(e, bits, 4);
}

void proto_int(struct events *e, unsigned field, int64_t value)
{
    key(e, field, WIRE_VARINT);
    varint(e, (uint64_t)value);
}

/* ---- records ---- */

/* Polynomial 0x1EDC6F41, reflected: 0x82F63B78 (RFC 3720, B.4); a bit at a time: files are small. */
uint32_t crc32c(const void *bytes, size_t n)
{
    const unsigned char *at = bytes;
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < n; i++) {
        crc ^= at[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    return ~crc;
}

/* A CRC of data that holds CRCs is weak: TensorFlow turns it and adds a number. */
static uint32_t masked(uint32_t crc)
{
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

enum { HEAD = 12 };

static size_t open_record(struct events *e)
{
    add(e, "\0\0\0\0\0\0\0\0\0\0\0\0", HEAD);
    return e->n;
}

static void close_record(struct events *e, size_t mark)
{
    const size_t end = e->n, n = end - mark;
    if (e->failed)
        return;
    fixed(e, masked(crc32c(e->data + mark, n)), 4);
    if (e->failed)
        return;
    const size_t after = e->n;
    e->n = mark - HEAD;
    fixed(e, n, 8);
    fixed(e, masked(crc32c(e->data + mark - HEAD, 8)), 4);
    e->n = after;
}

/* Event: wall_time 1, step 2, file_version 3, summary 5. Summary: value 1. */
void events_begin(struct events *e, double time)
{
    e->n = 0;
    e->failed = 0;
    const size_t record = open_record(e);
    proto_double(e, 1, time);
    proto_text(e, 3, "brain.Event:2");
    close_record(e, record);
}

void events_release(struct events *e)
{
    free(e->data);
    *e = (struct events){ 0 };
}

struct mark events_event(struct events *e, double time, int64_t step)
{
    struct mark mark = { { open_record(e) } };
    proto_double(e, 1, time);
    proto_int(e, 2, step);
    mark.level[1] = proto_open(e, 5);
    return mark;
}

void events_end(struct events *e, struct mark mark)
{
    proto_close(e, mark.level[1]);
    close_record(e, mark.level[0]);
}

/* Summary.Value: tag 1, simple_value 2, tensor 8, metadata 9. */
void events_scalar(struct events *e, const char *tag, double value)
{
    const size_t mark = proto_open(e, 1);
    proto_text(e, 1, tag);
    proto_float(e, 2, (float)value);
    proto_close(e, mark);
}

/* SummaryMetadata: plugin_data 1 { plugin_name 1, content 2 }; content: HParamsPluginData { version 1, one of 2, 3, 4 }. */
struct mark events_hparams(struct events *e, const char *tag, unsigned field)
{
    struct mark mark = { { proto_open(e, 1) } };
    proto_text(e, 1, tag);
    const size_t tensor = proto_open(e, 8); /* a tensor of no elements: dtype 1 FLOAT, shape 2 { dim 2 { size 1 } } */
    proto_int(e, 1, 1);
    const size_t shape = proto_open(e, 2), dim = proto_open(e, 2);
    proto_int(e, 1, 0);
    proto_close(e, dim);
    proto_close(e, shape);
    proto_close(e, tensor);
    mark.level[1] = proto_open(e, 9);
    mark.level[2] = proto_open(e, 1);
    proto_text(e, 1, "hparams");
    mark.level[3] = proto_open(e, 2);
    proto_int(e, 1, 0);
    mark.level[4] = proto_open(e, field);
    return mark;
}

void events_hparams_end(struct events *e, struct mark mark)
{
    for (int i = 4; i >= 0; i--)
        proto_close(e, mark.level[i]);
}

/* ---- the file ---- */

static int put_all(int fd, const unsigned char *bytes, size_t n)
{
    while (n) {
        const ssize_t done = write(fd, bytes, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -1;
        bytes += done;
        n -= (size_t)done;
    }
    return 0;
}

/* Written aside and moved in: a TensorBoard that looks on never sees half a record. */
hone_rc events_write(const struct events *e, const char *folder, const char *name, hone_error *err)
{
    char path[4200], aside[4200];
    if (e->failed)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the events");
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path ||
        snprintf(aside, sizeof aside, "%s/aside-%ld", folder, (long)getpid()) >= (int)sizeof aside)
        return hone_fail(err, HONE_EINVAL, NULL, "the path %.100s... is too long", folder);
    const int fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int failed = fd < 0 || put_all(fd, e->data, e->n) < 0;
    if (fd >= 0 && close(fd) < 0)
        failed = 1;
    if (!failed && rename(aside, path) == 0)
        return HONE_OK;
    const int reason = errno;
    unlink(aside);
    return hone_fail(err, HONE_EIO, NULL, "cannot write %.180s: %s", path, strerror(reason));
}
