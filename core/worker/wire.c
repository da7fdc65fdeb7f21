/* SPDX-License-Identifier: MIT */
/* Encoding and decoding of frames; no input or output here. */
#include "worker/wire.h"

#include "hone/param.h"

#include <string.h>

#define WIRE_MAGIC 0x31464e48u /* "HNF1" */
enum { HEADER = 16 };

/* FNV-1a, 32 bits (Fowler, Noll, Vo): enough to tell a stray write from a frame. */
static uint32_t checksum(const uint8_t *bytes, size_t n)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ bytes[i]) * 16777619u;
    return h;
}

void wire_begin(struct text *out, enum wire_type type)
{
    uint8_t header[HEADER] = { 0 };
    const uint32_t magic = WIRE_MAGIC;
    memcpy(header, &magic, sizeof magic);
    header[4] = WIRE_VERSION;
    header[5] = (uint8_t)type;
    text_clear(out);
    text_add_bytes(out, (const char *)header, sizeof header);
}

void wire_u32(struct text *out, uint32_t v)
{
    text_add_bytes(out, (const char *)&v, sizeof v);
}

void wire_u64(struct text *out, uint64_t v)
{
    text_add_bytes(out, (const char *)&v, sizeof v);
}

void wire_f64(struct text *out, double v)
{
    text_add_bytes(out, (const char *)&v, sizeof v);
}

void wire_string(struct text *out, const char *s)
{
    if (!s) {
        wire_u32(out, UINT32_MAX);
        return;
    }
    const size_t n = strlen(s);
    wire_u32(out, (uint32_t)n);
    text_add_bytes(out, s, n + 1);
}

hone_rc wire_end(struct text *out, hone_error *err)
{
    if (out->failed)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a message between coordinator and worker");
    if (out->length - HEADER > WIRE_MAX_FRAME)
        return hone_fail(err, HONE_EINVAL, NULL, "a message of %zu bytes is too long (limit %d)", out->length - HEADER,
                         WIRE_MAX_FRAME);
    const uint32_t length = (uint32_t)(out->length - HEADER);
    const uint32_t sum = checksum((const uint8_t *)out->data + HEADER, length);
    memcpy(out->data + 8, &length, sizeof length);
    memcpy(out->data + 12, &sum, sizeof sum);
    return HONE_OK;
}

int64_t wire_parse(const uint8_t *bytes, size_t n, struct wire_frame *frame, hone_error *err)
{
    uint32_t magic, length, sum;
    if (n < HEADER)
        return 0;
    memcpy(&magic, bytes, sizeof magic);
    memcpy(&length, bytes + 8, sizeof length);
    memcpy(&sum, bytes + 12, sizeof sum);
    if (magic != WIRE_MAGIC || length > WIRE_MAX_FRAME)
        return hone_fail(err, HONE_EIO, NULL, "garbage on the channel between coordinator and worker");
    if (bytes[4] != WIRE_VERSION)
        return hone_fail(err, HONE_EIO, NULL,
                         "the other side speaks protocol %u, this one %u: was hone replaced while running?", bytes[4],
                         WIRE_VERSION);
    if (n < HEADER + (size_t)length)
        return 0;
    if (checksum(bytes + HEADER, length) != sum)
        return hone_fail(err, HONE_EIO, NULL, "a damaged message on the channel between coordinator and worker");
    frame->type = (enum wire_type)bytes[5];
    frame->at = bytes + HEADER;
    frame->end = bytes + HEADER + length;
    frame->failed = 0;
    return HEADER + (int64_t)length;
}

static void take(struct wire_frame *frame, void *out, size_t n)
{
    if ((size_t)(frame->end - frame->at) < n) {
        frame->failed = 1;
        memset(out, 0, n);
        return;
    }
    memcpy(out, frame->at, n);
    frame->at += n;
}

uint32_t wire_get_u32(struct wire_frame *frame)
{
    uint32_t v;
    take(frame, &v, sizeof v);
    return v;
}

uint64_t wire_get_u64(struct wire_frame *frame)
{
    uint64_t v;
    take(frame, &v, sizeof v);
    return v;
}

double wire_get_f64(struct wire_frame *frame)
{
    double v;
    take(frame, &v, sizeof v);
    return v;
}

const char *wire_get_string(struct wire_frame *frame)
{
    const uint32_t n = wire_get_u32(frame);
    if (frame->failed || n == UINT32_MAX)
        return NULL;
    if ((size_t)(frame->end - frame->at) < (size_t)n + 1 || frame->at[n] != '\0') {
        frame->failed = 1;
        return "";
    }
    const char *s = (const char *)frame->at;
    frame->at += (size_t)n + 1;
    return s;
}

const char *wire_get_name(struct wire_frame *frame)
{
    const char *s = wire_get_string(frame);
    return s ? s : "";
}
