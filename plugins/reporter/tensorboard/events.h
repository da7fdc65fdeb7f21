/* SPDX-License-Identifier: MIT */
/* A TensorBoard event file: records of Event messages, and the few fields of protobuf messages that they need.
 *
 * A record is the length (8 bytes), its masked CRC-32C, the message, its masked CRC-32C (TensorFlow, core/lib/io/record_writer). A
 * message within a message is written with room for a length of five bytes, filled in at its end. */
#ifndef HONE_PLUGIN_TENSORBOARD_EVENTS_H
#define HONE_PLUGIN_TENSORBOARD_EVENTS_H
#include "hone/param.h"

#include <stddef.h>
#include <stdint.h>

struct events {
    unsigned char *data;
    size_t n, capacity;
    int failed;
};
void events_begin(struct events *events, double time); /* empty, but for the record that says which format it is */
void events_release(struct events *events);

/* An Event of its time and step; what follows goes into its summary, until events_end. The results are for the ends. */
struct mark {
    size_t level[5]; /* from the outermost in */
};
struct mark events_event(struct events *events, double time, int64_t step);
void events_end(struct events *events, struct mark mark);
/* A value of the summary: a number, or a message of the plugin hparams whose fields go between. */
void events_scalar(struct events *events, const char *tag, double value);
struct mark events_hparams(struct events *events, const char *tag, unsigned field);
void events_hparams_end(struct events *events, struct mark mark);

/* Fields of a message: by number. */
size_t proto_open(struct events *events, unsigned field); /* a message; the mark for proto_close */
void proto_close(struct events *events, size_t mark);
void proto_text(struct events *events, unsigned field, const char *text);
void proto_double(struct events *events, unsigned field, double value);
void proto_int(struct events *events, unsigned field, int64_t value);

uint32_t crc32c(const void *bytes, size_t n);
hone_rc events_write(const struct events *events, const char *folder, const char *name, hone_error *err);
#endif
