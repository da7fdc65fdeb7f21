/* SPDX-License-Identifier: MIT */
/* One IDX file: unsigned bytes in an array of up to four dimensions, plain or gzip-compressed. */
#ifndef HONE_IDX_FILE_H
#define HONE_IDX_FILE_H
#include "hone/plugin.h"

enum { IDX_MAX_DIMS = 4, IDX_MAX_PATH = 4096 };
struct idx_file {
    char path[IDX_MAX_PATH]; /* the file found: with or without ".gz" */
    uint64_t size;           /* of the file in bytes, as stored */
    int64_t mtime_ns;
    uint32_t n_dims, reserved;
    uint64_t dims[IDX_MAX_DIMS]; /* dims[0]: items */
    uint64_t elements;           /* product of dims: bytes of decoded data */
};

/* Finds directory/name or directory/name.gz and checks its header: magic, number of dimensions (min_dims .. max_dims),
 * sizes against the file's size. `key` is the setting to blame. HONE_EIO: not there or not what it should be. [any] */
hone_rc idx_file_probe(struct idx_file *file, const char *directory, const char *name, uint32_t min_dims,
                       uint32_t max_dims, const char *key, hone_error *err);
/* Decodes the whole array into data (file->elements bytes). Truncated, overlong and corrupt files are refused. [any] */
hone_rc idx_file_decode(const struct idx_file *file, uint8_t *data, hone_error *err);
#endif
