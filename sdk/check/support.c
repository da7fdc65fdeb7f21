/* SPDX-License-Identifier: MIT */
/* What all cases use: verdicts, calls into the plugin, byte buffers, guarded arrays. */
#include "check.h"

int check_fail(struct check *c, const char *format, ...)
{
    va_list args;
    if (c->report->verdict == CHECK_FAILED)
        return CHECK_FAILED;
    c->report->verdict = CHECK_FAILED;
    va_start(args, format);
    vsnprintf(c->report->reason, sizeof c->report->reason, format, args);
    va_end(args);
    return CHECK_FAILED;
}

int check_skip(struct check *c, const char *format, ...)
{
    va_list args;
    if (c->report->verdict == CHECK_FAILED)
        return CHECK_FAILED;
    c->report->verdict = CHECK_SKIPPED;
    va_start(args, format);
    vsnprintf(c->report->reason, sizeof c->report->reason, format, args);
    va_end(args);
    return CHECK_SKIPPED;
}

void check_note(struct check *c, const char *format, ...)
{
    const size_t used = strlen(c->report->notes);
    va_list args;
    if (used + 3 >= sizeof c->report->notes)
        return;
    if (used)
        memcpy(c->report->notes + used, "; ", 3);
    va_start(args, format);
    vsnprintf(c->report->notes + used + (used ? 2 : 0), sizeof c->report->notes - used - (used ? 2 : 0), format, args);
    va_end(args);
}

void check_enter(struct check *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(c->report->stage, sizeof c->report->stage, format, args);
    va_end(args);
    environment_take(&c->before);
}

int check_leave(struct check *c)
{
    char text[512];
    if (environment_compare(&c->before, text, sizeof text))
        return check_fail(c, "%s %s", c->report->stage, text);
    c->report->stage[0] = '\0';
    return 0;
}

int check_error(struct check *c, const char *what, hone_rc rc, const hone_error *err)
{
    if (rc >= 0)
        return 0;
    if (rc < HONE_ECANCELED)
        return check_fail(c, "%s failed with the unknown result %d", what, rc);
    if (!memchr(err->msg, '\0', sizeof err->msg) || !memchr(err->param, '\0', sizeof err->param))
        return check_fail(c, "%s left an error text without an end", what);
    if (!err->msg[0])
        return check_fail(c, "%s failed with %d and gave no message: fill *err (hone_fail does)", what, rc);
    if (strchr(err->msg, '\n'))
        return check_fail(c, "%s failed with a message of several lines: %.200s", what, err->msg);
    return 0;
}

/* ---- bytes ---- */
void bytes_add(struct bytes *b, const void *data, size_t n)
{
    if (b->n + n > b->capacity) {
        const size_t capacity = (b->n + n) * 2 + 256;
        unsigned char *more = (unsigned char *)realloc(b->data, capacity);
        if (!more)
            return; /* the comparison that follows shows what is missing */
        b->data = more;
        b->capacity = capacity;
    }
    if (n)
        memcpy(b->data + b->n, data, n);
    b->n += n;
}

void bytes_release(struct bytes *b)
{
    free(b->data);
    memset(b, 0, sizeof *b);
}

static int64_t bytes_write(void *ctx, const void *buffer, uint64_t n)
{
    bytes_add((struct bytes *)ctx, buffer, (size_t)n);
    return (int64_t)n;
}

static int64_t bytes_read(void *ctx, void *buffer, uint64_t n)
{
    struct bytes *b = (struct bytes *)ctx;
    size_t take = b->n - b->at < n ? b->n - b->at : (size_t)n;
    if (b->piece && take > b->piece)
        take = b->piece;
    if (take)
        memcpy(buffer, b->data + b->at, take);
    b->at += take;
    return (int64_t)take;
}

hone_ostream bytes_writer(struct bytes *b)
{
    const hone_ostream out = { b, bytes_write };
    return out;
}

hone_istream bytes_reader(struct bytes *b)
{
    const hone_istream in = { b, bytes_read };
    b->at = 0;
    return in;
}

/* ---- numbers ---- */
double relative_difference(double a, double b)
{
    const double scale = fmax(1, fmax(fabs(a), fabs(b)));
    if (isnan(a) || isnan(b))
        return isnan(a) && isnan(b) ? 0 : HUGE_VAL;
    return a == b ? 0 : fabs(a - b) / scale;
}

enum { GUARD = 16 }; /* floats on each side: 64 bytes, which keeps the array aligned as hosts do */
static const uint32_t guard_bits = 0x7fa5c3e1u; /* a NaN with a pattern: arithmetic on it does not keep it */

float *guarded_floats(size_t n)
{
    const size_t bytes = ((n + 2 * GUARD) * sizeof(float) + 63) / 64 * 64;
    float *block = (float *)aligned_alloc(64, bytes);
    if (!block)
        abort(); /* a few kilobytes: the process reports it */
    for (size_t i = 0; i < bytes / sizeof(float); i++)
        memcpy(block + i, &guard_bits, sizeof guard_bits);
    memset(block + GUARD, 0, n * sizeof(float));
    return block + GUARD;
}

int guards_hold(const float *values, size_t n)
{
    for (size_t i = 0; i < GUARD; i++)
        if (memcmp(values - GUARD + i, &guard_bits, 4) != 0 || memcmp(values + n + i, &guard_bits, 4) != 0)
            return 0;
    return 1;
}

void fill_normal(hone_rng *rng, float *values, size_t n, double deviation)
{
    for (size_t i = 0; i < n; i++)
        values[i] = (float)(deviation * hone_rng_normal(rng));
}
