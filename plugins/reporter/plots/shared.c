/* SPDX-License-Identifier: MIT */
/* Values of a page that are written once: the studies of an ablation have the same steps, axes, settings over and over. */
#include "emit.h"

#include <stdlib.h>
#include <string.h>

enum { SHORT = 8 /* bytes: its number would hardly be shorter */ };

struct value {
    uint64_t hash;
    size_t at, n; /* in bytes */
};
struct shared {
    char *bytes; /* of all values, and of the one that is being emitted at their end */
    size_t used, capacity;
    struct value *values; /* (n) */
    size_t n, values_capacity;
    uint32_t *table; /* (2^bits) index + 1 of a value; 0: free */
    unsigned bits;
    size_t from; /* where the value at hand begins */
    int taking;
};

void emit_share(struct emit *e)
{
    e->shared = calloc(1, sizeof *e->shared);
    e->failed |= !e->shared;
}

void shared_release(struct shared *s)
{
    if (!s)
        return;
    free(s->bytes);
    free(s->values);
    free(s->table);
    free(s);
}

int shared_take(struct emit *e, const char *bytes, size_t n)
{
    struct shared *s = e->shared;
    if (!s->taking)
        return 0;
    if (!n)
        return 1;
    if (n > s->capacity - s->used) {
        const size_t wanted = 2 * s->capacity + n;
        char *more = realloc(s->bytes, wanted);
        if (!more) {
            e->failed = 1;
            return 1;
        }
        s->bytes = more;
        s->capacity = wanted;
    }
    memcpy(s->bytes + s->used, bytes, n);
    s->used += n;
    return 1;
}

/* The place of a value in the table: its own, or the free one where it belongs. */
static uint32_t *place(struct shared *s, uint64_t hash, const char *bytes, size_t n)
{
    const size_t mask = ((size_t)1 << s->bits) - 1;
    size_t i = (size_t)(hash >> 17) & mask;
    while (s->table[i]) {
        const struct value *v = &s->values[s->table[i] - 1];
        if (v->hash == hash && v->n == n && !memcmp(s->bytes + v->at, bytes, n))
            break;
        i = (i + 1) & mask;
    }
    return &s->table[i];
}

/* Room for one more. 0: out of memory. */
static int grow(struct shared *s)
{
    if (s->n == s->values_capacity) {
        const size_t wanted = s->values_capacity ? 2 * s->values_capacity : 256;
        struct value *more = realloc(s->values, wanted * sizeof *more);
        if (!more)
            return 0;
        s->values = more;
        s->values_capacity = wanted;
    }
    if (s->table && 2 * s->n < (size_t)1 << s->bits)
        return 1;
    free(s->table);
    s->bits = s->table ? s->bits + 1 : 10;
    if (!(s->table = calloc((size_t)1 << s->bits, sizeof *s->table)))
        return 0;
    for (size_t k = 0; k < s->n; k++)
        *place(s, s->values[k].hash, s->bytes + s->values[k].at, s->values[k].n) = (uint32_t)k + 1;
    return 1;
}

void emit_shared_begin(struct emit *e)
{
    struct shared *s = e->shared;
    if (!s)
        return;
    s->from = s->used;
    s->taking = 1;
}

void emit_shared_end(struct emit *e)
{
    struct shared *s = e->shared;
    if (!s || !s->taking)
        return;
    const size_t n = s->used - s->from;
    s->taking = 0;
    if (n < SHORT) {
        s->used = s->from;
        emit_bytes(e, s->bytes + s->from, n);
        return;
    }
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ (unsigned char)s->bytes[s->from + i]) * 0x100000001b3u;
    if (e->failed || !grow(s)) {
        e->failed = 1;
        return;
    }
    uint32_t *at = place(s, hash, s->bytes + s->from, n);
    if (*at) {
        s->used = s->from;
    } else {
        s->values[s->n++] = (struct value){ hash, s->from, n };
        *at = (uint32_t)s->n;
    }
    emit_format(e, "%u", *at - 1);
}

void emit_shared_list(struct emit *e)
{
    const struct shared *s = e->shared;
    emit_text(e, "[");
    for (size_t i = 0; s && i < s->n; i++) {
        emit_text(e, i ? "," : "");
        emit_bytes(e, s->bytes + s->values[i].at, s->values[i].n);
    }
    emit_text(e, "]");
}
