/* SPDX-License-Identifier: MIT */
/* Reading model files: safetensors. The bytes are hostile: all that the reference reader refuses is refused here, and so are
 * element types and numbers of dimensions that hone has no place for. */
#include "model_file.h"

#include "hone/param.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* In the reference's order of types. */
static const struct {
    const char *name;
    uint32_t dtype;
} dtypes[] = {
    { "U8", HONE_U8 }, { "BF16", HONE_BF16 }, { "I32", HONE_I32 }, { "F32", HONE_F32 }, { "F64", HONE_F64 }
};
enum { DTYPES = sizeof dtypes / sizeof *dtypes };

int model_dtype_rank(uint32_t dtype)
{
    for (int i = 0; i < DTYPES; i++)
        if (dtypes[i].dtype == dtype)
            return i;
    return -1;
}

const char *model_dtype_name(uint32_t dtype)
{
    const int rank = model_dtype_rank(dtype);
    return rank < 0 ? NULL : dtypes[rank].name;
}

uint32_t model_dtype(const char *name)
{
    for (int i = 0; i < DTYPES; i++)
        if (strcmp(dtypes[i].name, name) == 0)
            return dtypes[i].dtype;
    return 0;
}

static int by_name(const void *left, const void *right)
{
    return strcmp((*(const hone_model_tensor *const *)left)->name, (*(const hone_model_tensor *const *)right)->name);
}

hone_rc model_check_names(const hone_model_tensor *const *tensors, uint32_t n, hone_error *err)
{
    const hone_model_tensor **order = calloc(n + 1u, sizeof *order);
    hone_rc rc = HONE_OK;
    if (!order)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory while writing a model file");
    memcpy(order, tensors, n * sizeof *order);
    qsort(order, n, sizeof *order, by_name);
    for (uint32_t i = 1; i < n && rc == HONE_OK; i++)
        if (strcmp(order[i - 1]->name, order[i]->name) == 0)
            rc = hone_fail(err, HONE_EINVAL, "", "two tensors are named '%.60s'", order[i]->name);
    free(order);
    return rc;
}

struct entry {
    hone_model_tensor tensor;
    int64_t dims[HONE_MAX_DIMS];
    uint64_t begin, end; /* in the data */
    void *copy;          /* where the file does not align the data */
};

struct hone_model_file {
    unsigned char *map;
    size_t size;
    json_t *header; /* owns names and metadata */
    struct entry *entries;
    hone_model_tensor *tensors; /* by place in the file */
    uint32_t n;
};

static hone_rc refuse(const char *path, hone_error *err, const char *why, const char *tensor)
{
    if (tensor)
        return hone_fail(err, HONE_EINVAL, "", "%s: not a valid model file: tensor '%.60s' %s", path, tensor, why);
    return hone_fail(err, HONE_EINVAL, "", "%s: not a valid model file: %s", path, why);
}

/* A non-negative integer. */
static bool natural(const json_t *value, uint64_t *out)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *out = (uint64_t)json_integer_value(value);
    return true;
}

static hone_rc read_entry(const char *path, const char *name, const json_t *value, uint64_t data_bytes, struct entry *e,
                          hone_error *err)
{
    const json_t *dtype = json_object_get(value, "dtype"), *shape = json_object_get(value, "shape");
    const json_t *offsets = json_object_get(value, "data_offsets");
    uint64_t bytes;
    if (!json_is_object(value) || !json_is_string(dtype) || !json_is_array(shape) || !json_is_array(offsets) ||
        json_array_size(offsets) != 2 || !natural(json_array_get(offsets, 0), &e->begin) ||
        !natural(json_array_get(offsets, 1), &e->end))
        return refuse(path, err, "needs dtype, shape and data_offsets", name);
    e->tensor.name = name;
    e->tensor.dtype = model_dtype(json_string_value(dtype));
    if (e->tensor.dtype == 0)
        return hone_fail(err, HONE_ENOTSUP, "",
                         "%s: tensor '%.60s' has elements of type '%.20s'; U8, BF16, I32, F32 and F64 are possible",
                         path, name, json_string_value(dtype));
    if (json_array_size(shape) > HONE_MAX_DIMS)
        return hone_fail(err, HONE_ENOTSUP, "", "%s: tensor '%.60s' has %zu dimensions, at most %d are possible", path,
                         name, json_array_size(shape), (int)HONE_MAX_DIMS);
    bytes = hone_dtype_bytes(e->tensor.dtype);
    e->tensor.n_dims = (uint32_t)json_array_size(shape);
    for (uint32_t i = 0; i < e->tensor.n_dims; i++) {
        uint64_t dim;
        if (!natural(json_array_get(shape, i), &dim))
            return refuse(path, err, "has a shape that is not made of whole numbers", name);
        e->dims[i] = (int64_t)dim;
        if (__builtin_mul_overflow(bytes, dim, &bytes))
            return refuse(path, err, "has a shape too large for any memory", name);
    }
    if (e->begin > e->end || e->end > data_bytes)
        return refuse(path, err, "lies outside of the file's data", name);
    if (e->end - e->begin != bytes)
        return refuse(path, err, "has a size that does not match its shape", name);
    return HONE_OK;
}

static int by_place(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    if (a->begin != b->begin)
        return a->begin < b->begin ? -1 : 1;
    if (a->end != b->end)
        return a->end < b->end ? -1 : 1;
    return strcmp(a->tensor.name, b->tensor.name);
}

/* Tensors must tile the data: no gap, no overlap, nothing left over. */
static hone_rc check_tiling(const hone_model_file *f, const char *path, uint64_t data_bytes, hone_error *err)
{
    uint64_t at = 0;
    for (uint32_t i = 0; i < f->n; i++) {
        const struct entry *e = &f->entries[i];
        if (e->begin != at)
            return refuse(path, err, e->begin > at ? "leaves a gap before it" : "overlaps another", e->tensor.name);
        at = e->end;
    }
    return at == data_bytes ? HONE_OK : refuse(path, err, "there are bytes after the last tensor", NULL);
}

static hone_rc read_metadata(const char *path, const json_t *metadata, hone_error *err)
{
    const char *key;
    const json_t *value;
    void *at;
    if (!json_is_object(metadata))
        return refuse(path, err, "__metadata__ is not an object", NULL);
    for (at = json_object_iter((json_t *)(uintptr_t)metadata); at;
         at = json_object_iter_next((json_t *)(uintptr_t)metadata, at)) {
        key = json_object_iter_key(at);
        value = json_object_iter_value(at);
        if (!json_is_string(value))
            return hone_fail(err, HONE_EINVAL, "", "%s: not a valid model file: metadata '%.60s' is not text", path,
                             key);
    }
    return HONE_OK;
}

/* Views into the map; copies where it is not aligned for its elements. */
static hone_rc point_to_data(hone_model_file *f, const unsigned char *data, hone_error *err)
{
    for (uint32_t i = 0; i < f->n; i++) {
        struct entry *e = &f->entries[i];
        const void *at = data + e->begin;
        if ((uintptr_t)at % hone_dtype_bytes(e->tensor.dtype) != 0) {
            e->copy = malloc(e->end - e->begin + 1);
            if (!e->copy)
                return hone_fail(err, HONE_ENOMEM, "", "out of memory while reading a model file");
            memcpy(e->copy, at, e->end - e->begin);
            at = e->copy;
        }
        f->tensors[i] = e->tensor;
        f->tensors[i].dims = e->dims;
        f->tensors[i].data = at;
    }
    return HONE_OK;
}

static hone_rc parse(hone_model_file *f, const char *path, hone_error *err)
{
    json_error_t why;
    uint64_t length = 0;
    hone_rc rc;
    if (f->size < MODEL_LENGTH_BYTES)
        return refuse(path, err, "it is shorter than 8 bytes", NULL);
    for (int i = 0; i < MODEL_LENGTH_BYTES; i++)
        length |= (uint64_t)f->map[i] << (8 * i);
    if (length > MODEL_HEADER_LIMIT)
        return refuse(path, err, "its header is too long", NULL);
    if (length > f->size - MODEL_LENGTH_BYTES)
        return refuse(path, err, "it ends within its header", NULL);
    const char *text = (const char *)f->map + MODEL_LENGTH_BYTES;
    const uint64_t data_bytes = f->size - MODEL_LENGTH_BYTES - length;
    if (length == 0 || text[0] != '{')
        return refuse(path, err, "its header does not start with '{'", NULL);
    f->header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);
    if (!f->header || !json_is_object(f->header))
        return hone_fail(err, HONE_EINVAL, "", "%s: not a valid model file: its header is not valid JSON: %.120s", path,
                         why.text);
    f->entries = calloc(json_object_size(f->header) + 1, sizeof *f->entries);
    f->tensors = calloc(json_object_size(f->header) + 1, sizeof *f->tensors);
    if (!f->entries || !f->tensors)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory while reading a model file");
    for (void *at = json_object_iter(f->header); at; at = json_object_iter_next(f->header, at)) {
        const char *name = json_object_iter_key(at);
        if (strcmp(name, "__metadata__") == 0)
            rc = read_metadata(path, json_object_iter_value(at), err);
        else
            rc = read_entry(path, name, json_object_iter_value(at), data_bytes, &f->entries[f->n++], err);
        if (rc < 0)
            return rc;
    }
    qsort(f->entries, f->n, sizeof *f->entries, by_place);
    if ((rc = check_tiling(f, path, data_bytes, err)) < 0)
        return rc;
    return point_to_data(f, f->map + MODEL_LENGTH_BYTES + length, err);
}

hone_rc hone_model_open(const char *path, hone_model_file **out, hone_error *err)
{
    struct stat status;
    hone_rc rc;
    hone_model_file *f = calloc(1, sizeof *f);
    const int fd = f ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    *out = NULL;
    if (!f)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory while reading a model file");
    if (fd < 0 || fstat(fd, &status) < 0) {
        rc = hone_fail(err, HONE_EIO, "", "%s: cannot open: %s", path, strerror(errno));
        goto out;
    }
    if (!S_ISREG(status.st_mode)) {
        rc = hone_fail(err, HONE_EIO, "", "%s: not a file", path);
        goto out;
    }
    f->size = (size_t)status.st_size;
    if (f->size > 0) {
        void *map = mmap(NULL, f->size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map == MAP_FAILED) {
            rc = hone_fail(err, HONE_EIO, "", "%s: cannot map: %s", path, strerror(errno));
            goto out;
        }
        f->map = map;
    }
    rc = parse(f, path, err);
out:
    if (fd >= 0)
        close(fd);
    if (rc < 0)
        hone_model_close(f);
    else
        *out = f;
    return rc;
}

void hone_model_close(hone_model_file *f)
{
    if (!f)
        return;
    for (uint32_t i = 0; i < f->n && f->entries; i++)
        free(f->entries[i].copy);
    free(f->entries);
    free(f->tensors);
    json_decref(f->header);
    if (f->map)
        munmap(f->map, f->size);
    free(f);
}

uint32_t hone_model_tensors(const hone_model_file *f, const hone_model_tensor **tensors)
{
    *tensors = f->tensors;
    return f->n;
}

const char *hone_model_metadata(const hone_model_file *f, const char *key)
{
    return json_string_value(json_object_get(json_object_get(f->header, "__metadata__"), key));
}
