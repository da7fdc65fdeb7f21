/* SPDX-License-Identifier: MIT */
/* One array of numpy: its type and shape, and its elements one by one. */
#ifndef HONE_TABLES_ARRAY_H
#define HONE_TABLES_ARRAY_H
#include "hone/plugin.h"

enum { ARRAY_MAX_DIMS = 4 };
enum element { ELEMENT_BOOL, ELEMENT_INT, ELEMENT_UINT, ELEMENT_FLOAT };
struct array {
    const char *path, *name, *key; /* the caller's: file, array in it ("" in a .npy), and the setting to blame */
    unsigned char *bytes;          /* the whole .npy */
    uint64_t size;
    const unsigned char *data; /* (elements) in bytes */
    enum element element;
    uint32_t item_bytes, big_endian, fortran, n_dims;
    uint64_t dims[ARRAY_MAX_DIMS], elements;
};
/* Takes over bytes (malloc), which array_close frees, whatever comes of it. Versions 1 to 3 of the format; every size is
 * checked against `size`. HONE_EIO. [any] */
hone_rc array_open(struct array *array, unsigned char *bytes, uint64_t size, const char *path, const char *name,
                   const char *key, hone_error *err);
void array_close(struct array *array);
/* The element at a position of the data. */
double array_at(const struct array *array, uint64_t position);
/* "train.npz: x_train: MESSAGE" */
__attribute__((format(printf, 3, 4))) hone_rc array_fail(const struct array *array, hone_error *err, const char *format,
                                                         ...);

/* ---- array_file.c ---- */
/* The array in a .npy file. */
hone_rc npy_open(struct array *array, const char *path, const char *key, hone_error *err);
/* A .npz file: a zip archive whose members are .npy files. */
struct archive {
    const char *path;
    unsigned char *bytes;
    uint64_t size, directory, n_members; /* directory: where the list of members starts */
};
hone_rc npz_open(struct archive *archive, const char *path, const char *key, hone_error *err);
void npz_close(struct archive *archive);
hone_rc npz_array(const struct archive *archive, const char *name, const char *key, struct array *array,
                  hone_error *err);
#endif
