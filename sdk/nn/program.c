/* SPDX-License-Identifier: MIT */
/* Lists of operations and buffers, and the plan of their memory. */
#include "program.h"

#include "parallel.h"

#include <stdlib.h>
#include <string.h>

/* Room for one more element of `size` bytes. */
static bool grow(void **items, int32_t n, int32_t *capacity, size_t size)
{
    if (n < *capacity)
        return true;
    const int32_t wanted = *capacity ? 2 * *capacity : 64;
    void *more = realloc(*items, (size_t)wanted * size);
    if (!more)
        return false;
    *items = more;
    *capacity = wanted;
    return true;
}

int32_t program_buffer(struct program *p, uint64_t bytes, float *fixed)
{
    void *items = p->buffers;
    if (!grow(&items, p->n_buffers, &p->buffers_capacity, sizeof *p->buffers))
        return -1;
    p->buffers = items;
    p->buffers[p->n_buffers] = (struct buffer){
        .bytes = (bytes + 63) / 64 * 64, .fixed = fixed, .first = -1, .last = -1, .readers = 1
    };
    return p->n_buffers++;
}

struct op *program_op(struct program *p, const struct op *op)
{
    void *items = p->ops;
    if (!grow(&items, p->n_ops, &p->ops_capacity, sizeof *p->ops))
        return NULL;
    p->ops = items;
    p->ops[p->n_ops] = *op;
    for (int i = 0; i < MAX_OPERANDS; i++) {
        if (op->buffer[i] < 0)
            continue;
        struct buffer *b = &p->buffers[op->buffer[i]];
        if (b->first < 0)
            b->first = p->n_ops;
        b->last = p->n_ops;
    }
    return &p->ops[p->n_ops++];
}

static int by_size(const void *left, const void *right)
{
    const struct buffer *a = *(struct buffer *const *)left, *b = *(struct buffer *const *)right;
    if (a->bytes != b->bytes)
        return a->bytes < b->bytes ? 1 : -1;
    return a < b ? -1 : a > b; /* both point into one array: the order of building */
}

static int by_offset(const void *left, const void *right)
{
    const struct buffer *a = *(struct buffer *const *)left, *b = *(struct buffer *const *)right;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

void program_plan(struct program *p, bool share)
{
    struct buffer **order = share ? calloc((size_t)p->n_buffers * 2 + 1, sizeof *order) : NULL;
    int32_t n = 0;
    p->bytes = 0;
    if (!order) { /* asked for, or out of memory: correct at least */
        for (int32_t i = 0; i < p->n_buffers; i++)
            if (!p->buffers[i].fixed) {
                p->buffers[i].offset = p->bytes;
                p->bytes += p->buffers[i].bytes;
            }
        return;
    }
    for (int32_t i = 0; i < p->n_buffers; i++)
        if (!p->buffers[i].fixed && p->buffers[i].first >= 0)
            order[n++] = &p->buffers[i];
    qsort(order, (size_t)n, sizeof(struct buffer *), by_size);
    struct buffer **rivals = order + p->n_buffers;
    for (int32_t i = 0; i < n; i++) {
        struct buffer *b = order[i];
        int32_t n_rivals = 0;
        for (int32_t k = 0; k < i; k++)
            if (order[k]->first <= b->last && b->first <= order[k]->last)
                rivals[n_rivals++] = order[k];
        qsort(rivals, (size_t)n_rivals, sizeof(struct buffer *), by_offset);
        b->offset = 0;
        for (int32_t k = 0; k < n_rivals; k++) {
            if (b->offset + b->bytes <= rivals[k]->offset)
                break;
            if (rivals[k]->offset + rivals[k]->bytes > b->offset)
                b->offset = rivals[k]->offset + rivals[k]->bytes;
        }
        if (b->offset + b->bytes > p->bytes)
            p->bytes = b->offset + b->bytes;
    }
    free(order);
}

struct spread {
    const struct op *op;
    int64_t all, grain;
    void (*part)(const struct op *op, int64_t from, int64_t to);
};

static void spread_run(void *ctx, int32_t i, int32_t n)
{
    const struct spread *s = ctx;
    int64_t from, to;
    parallel_share(s->all, s->grain, i, n, &from, &to);
    if (from < to)
        s->part(s->op, from, to);
}

int op_spread(const struct op *op, int64_t all, int64_t grain, int64_t work,
              void (*part)(const struct op *op, int64_t from, int64_t to))
{
    enum { LEAST_WORK = 32768 }; /* a team starts in some microseconds, in which so many numbers are done */
    struct spread s = { op, all, grain, part };
    if (op->threads > 1 && work >= LEAST_WORK)
        parallel_run(op->threads, spread_run, &s);
    else
        part(op, 0, all);
    return 0;
}

int program_run(const struct program *p, int32_t from, int32_t to, uint64_t step)
{
    int status = 0;
    for (int32_t i = from; i < to && status == 0; i++)
        status = p->ops[i].run(&p->ops[i], step);
    return status;
}

void program_release(struct program *p)
{
    for (int32_t i = 0; i < p->n_ops; i++) {
        call_destroy(p->ops[i].call);
        primitive_destroy(p->ops[i].primitive);
    }
    free(p->ops);
    free(p->buffers);
    memset(p, 0, sizeof *p);
}
