/* SPDX-License-Identifier: MIT */
/* Frames between coordinator and worker: a header (magic, version, type, length, checksum), then fields.
 *
 * Both sides are the same program on the same machine; magic and checksum guard against a plugin that writes into a file
 * descriptor it does not own, and the version against a worker that was replaced on disk while a study runs. */
#ifndef HONE_WORKER_WIRE_H
#define HONE_WORKER_WIRE_H
#include "base/text.h"
#include "hone/plugin.h"

enum {
    WIRE_VERSION = 3,
    WIRE_MAX_FRAME = 64 << 20,
    WIRE_MAX_VALUES = 4096 /* of a trial, a report or a description */
};
enum wire_type {
    /* to the worker */
    WIRE_SETUP = 1,
    WIRE_TRIAL = 2,
    WIRE_VERDICT = 3,
    /* to the coordinator */
    WIRE_READY = 16,
    WIRE_REPORT = 17,
    WIRE_OUTCOME = 18,
    WIRE_ATTACHMENT = 19,
    WIRE_LOG = 20,
    WIRE_CHECKPOINT = 21
};

/* ---- writing: wire_begin, fields, wire_end; then the bytes go out in one write ---- */
void wire_begin(struct text *out, enum wire_type type);
void wire_u32(struct text *out, uint32_t v);
void wire_u64(struct text *out, uint64_t v);
void wire_f64(struct text *out, double v);
void wire_string(struct text *out, const char *s);   /* NULL is kept apart from "" */
hone_rc wire_end(struct text *out, hone_error *err); /* fills in length and checksum */

/* ---- reading ---- */
struct wire_frame {
    enum wire_type type;
    const uint8_t *at, *end;
    int failed; /* a field went past the end, or a string was not terminated */
};
/* Finds a whole frame in (n) bytes: its length in bytes, 0: not whole yet, < 0: garbage (and *err). */
int64_t wire_parse(const uint8_t *bytes, size_t n, struct wire_frame *frame, hone_error *err);
uint32_t wire_get_u32(struct wire_frame *frame);
uint64_t wire_get_u64(struct wire_frame *frame);
double wire_get_f64(struct wire_frame *frame);
const char *wire_get_string(struct wire_frame *frame); /* inside the frame's bytes; NULL where NULL was written */
const char *wire_get_name(struct wire_frame *frame);   /* the same, but "" for NULL */
#endif
