/* SPDX-License-Identifier: MIT */
/* hone/instance.h - what most plugins need once: making an instance, writing and reading its state. Header
 * only.
 *
 * An instance usually starts with a copy of its settings; then create is one line and destroy is free():
 *
 *     static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error
 * *err)
 *     {
 *         (void)host;
 *         return hone_instance_create(info, sizeof(struct settings), sizeof(struct dropout), self, err);
 *     }
 */
#ifndef HONE_INSTANCE_H
#define HONE_INSTANCE_H
#include "hone/param.h"

#include <stdlib.h>
#include <string.h>

/* *self: `bytes` zeroed bytes whose first `settings_bytes` are a copy of the settings; strings and lists in
 * them stay the host's. Released by free(). HONE_ENOMEM. [any] */
static inline hone_rc hone_instance_create(const hone_create_info *info, size_t settings_bytes, size_t bytes,
                                           void **self, hone_error *err)
{
    void *instance = calloc(1, bytes ? bytes : 1);
    if (!instance)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for %s",
                         info->instance ? info->instance : "an instance");
    if (settings_bytes && info->config)
        memcpy(instance, info->config, settings_bytes);
    *self = instance;
    return HONE_OK;
}

/* Writes all n bytes. HONE_EIO. [any] */
static inline hone_rc hone_write(const hone_ostream *out, const void *data, uint64_t n, hone_error *err)
{
    if (n && out->write(out->ctx, data, n) != (int64_t)n)
        return hone_fail(err, HONE_EIO, NULL, "the state could not be written");
    return HONE_OK;
}

/* Reads exactly n bytes, however short the single reads are. HONE_EIO, or HONE_EINVAL where the state ends
 * before. [any] */
static inline hone_rc hone_read(const hone_istream *in, void *data, uint64_t n, hone_error *err)
{
    uint64_t got = 0;
    while (got < n) {
        const int64_t more = in->read(in->ctx, (char *)data + got, n - got);
        if (more < 0)
            return hone_fail(err, HONE_EIO, NULL, "the saved state could not be read");
        if (more == 0 || (uint64_t)more > n - got)
            return hone_fail(err, HONE_EINVAL, NULL, "the saved state is cut short");
        got += (uint64_t)more;
    }
    return HONE_OK;
}

/* Refuses bytes after the end of the state. HONE_EINVAL, HONE_EIO. [any] */
static inline hone_rc hone_read_end(const hone_istream *in, hone_error *err)
{
    char byte;
    const int64_t more = in->read(in->ctx, &byte, 1);
    if (more < 0)
        return hone_fail(err, HONE_EIO, NULL, "the saved state could not be read");
    return more ? hone_fail(err, HONE_EINVAL, NULL, "the saved state is longer than it should be") : HONE_OK;
}

/* A piece of a state: what is written and read as it is. */
typedef struct hone_part {
    void *data;
    uint64_t bytes;
} hone_part;

/* Writes the n parts to `out` or reads them from `in`, the other one is NULL: one list for save and load. HONE_EIO,
 * HONE_EINVAL. [any] */
static inline hone_rc hone_transfer(const hone_part *parts, size_t n, const hone_ostream *out, const hone_istream *in,
                                    hone_error *err)
{
    hone_rc rc = HONE_OK;
    for (size_t i = 0; i < n && rc == HONE_OK; i++)
        if (out)
            rc = hone_write(out, parts[i].data, parts[i].bytes, err);
        else if (in)
            rc = hone_read(in, parts[i].data, parts[i].bytes, err);
    return rc;
}

static inline hone_rc hone_read_numbers_(const hone_istream *in, uint64_t n, size_t bytes, void **out, hone_error *err)
{
    char *values = NULL;
    hone_rc rc = HONE_OK;
    *out = NULL;
    for (uint64_t have = 0; have < n && rc == HONE_OK;) {
        const uint64_t more = n - have < 65536 ? n - have : 65536;
        char *grown = (char *)realloc(values, (size_t)(have + more) * bytes);
        if (grown)
            values = grown;
        rc = grown ? hone_read(in, grown + have * bytes, more * bytes, err)
                   : hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a saved state");
        for (uint64_t i = have; rc == HONE_OK && i < have + more; i++)
            if (!isfinite(bytes == sizeof(float) ? (double)((const float *)(void *)values)[i]
                                                 : ((const double *)(void *)values)[i]))
                rc = hone_fail(err, HONE_EINVAL, NULL, "the saved state holds numbers that are not finite");
        have += more;
    }
    if (rc != HONE_OK)
        free(values);
    else
        *out = values;
    return rc;
}

/* Reads n floats, or doubles, into memory made for them in steps, so that a header that lies about its length costs none.
 * *out: to be freed; NULL on failure, and where n is 0. HONE_EINVAL also for what is not finite; HONE_ENOMEM. [any] */
static inline hone_rc hone_read_floats(const hone_istream *in, uint64_t n, float **out, hone_error *err)
{
    void *values;
    const hone_rc rc = hone_read_numbers_(in, n, sizeof **out, &values, err);
    *out = (float *)values;
    return rc;
}

static inline hone_rc hone_read_doubles(const hone_istream *in, uint64_t n, double **out, hone_error *err)
{
    void *values;
    const hone_rc rc = hone_read_numbers_(in, n, sizeof **out, &values, err);
    *out = (double *)values;
    return rc;
}
#endif /* HONE_INSTANCE_H */
