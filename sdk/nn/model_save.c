/* SPDX-License-Identifier: MIT */
/* Writing model files: safetensors, laid out as its reference writer does (larger element types first, then by name), the
 * header padded so that data starts at a multiple of 64, metadata sorted: same content, same bytes. */
#include "model_file.h"

#include "hone/nn.h"
#include "hone/param.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct text {
    char *bytes;
    size_t length, capacity;
    bool failed; /* out of memory */
};

static void put(struct text *t, const char *bytes, size_t n)
{
    if (t->failed)
        return;
    if (t->length + n > t->capacity) {
        const size_t capacity = 2 * (t->length + n) + 256;
        char *more = realloc(t->bytes, capacity);
        if (!more) {
            t->failed = true;
            return;
        }
        t->bytes = more;
        t->capacity = capacity;
    }
    memcpy(t->bytes + t->length, bytes, n);
    t->length += n;
}

__attribute__((format(printf, 2, 3))) static void put_format(struct text *t, const char *format, ...)
{
    char piece[96];
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(piece, sizeof piece, format, args);
    va_end(args);
    put(t, piece, (size_t)n);
}

static void put_string(struct text *t, const char *s)
{
    put(t, "\"", 1);
    for (; *s; s++) {
        const unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\') {
            const char escaped[2] = { '\\', *s };
            put(t, escaped, 2);
        } else if (c == '\n')
            put(t, "\\n", 2);
        else if (c < 0x20)
            put_format(t, "\\u%04x", c);
        else
            put(t, s, 1);
    }
    put(t, "\"", 1);
}

/* Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. */
static bool is_utf8(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    while (*s) {
        int more;
        uint32_t code, least;
        if (*s < 0x80) {
            s++;
            continue;
        }
        if (*s >= 0xc2 && *s <= 0xdf)
            more = 1, code = *s & 0x1fu, least = 0x80;
        else if (*s >= 0xe0 && *s <= 0xef)
            more = 2, code = *s & 0x0fu, least = 0x800;
        else if (*s >= 0xf0 && *s <= 0xf4)
            more = 3, code = *s & 0x07u, least = 0x10000;
        else
            return false;
        for (s++; more > 0; more--, s++) {
            if ((*s & 0xc0) != 0x80)
                return false;
            code = code << 6 | (*s & 0x3fu);
        }
        if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
            return false;
    }
    return true;
}

static int by_layout(const void *left, const void *right)
{
    const hone_model_tensor *a = *(const hone_model_tensor *const *)left, *b = *(const hone_model_tensor *const *)right;
    const int rank_a = model_dtype_rank(a->dtype), rank_b = model_dtype_rank(b->dtype);
    return rank_a != rank_b ? rank_b - rank_a : strcmp(a->name, b->name);
}

static int by_key(const void *left, const void *right)
{
    return strcmp((*(const hone_model_text *const *)left)->key, (*(const hone_model_text *const *)right)->key);
}

static uint64_t tensor_bytes(const hone_model_tensor *t)
{
    return (uint64_t)hone_shape_elements(t->dims, t->n_dims) * hone_dtype_bytes(t->dtype);
}

static hone_rc check_tensor(const hone_model_tensor *t, hone_error *err)
{
    uint64_t bytes = hone_dtype_bytes(t->dtype);
    if (!t->name || !*t->name || strcmp(t->name, "__metadata__") == 0 || !is_utf8(t->name))
        return hone_fail(err, HONE_EINVAL, "", "a tensor cannot be named '%.60s' in a model file",
                         t->name ? t->name : "");
    if (bytes == 0)
        return hone_fail(err, HONE_EINVAL, "", "tensor '%.60s': unknown element type %u", t->name, t->dtype);
    if (t->n_dims > HONE_MAX_DIMS)
        return hone_fail(err, HONE_EINVAL, "", "tensor '%.60s': %u dimensions, at most %d are possible", t->name,
                         t->n_dims, (int)HONE_MAX_DIMS);
    for (uint32_t i = 0; i < t->n_dims; i++)
        if (t->dims[i] < 0 || __builtin_mul_overflow(bytes, (uint64_t)t->dims[i], &bytes) || bytes > INT64_MAX)
            return hone_fail(err, HONE_EINVAL, "", "tensor '%.60s': its shape is impossible", t->name);
    if (bytes && !t->data)
        return hone_fail(err, HONE_EINVAL, "", "tensor '%.60s' has no data", t->name);
    return HONE_OK;
}

/* The header's text, without its length. */
static hone_rc make_header(struct text *h, const hone_model_tensor **tensors, uint32_t n,
                           const hone_model_text **metadata, uint32_t n_metadata, hone_error *err)
{
    uint64_t at = 0;
    put(h, "{", 1);
    if (n_metadata) {
        put(h, "\"__metadata__\":{", 16);
        for (uint32_t i = 0; i < n_metadata; i++) {
            if (i > 0)
                put(h, ",", 1);
            put_string(h, metadata[i]->key);
            put(h, ":", 1);
            put_string(h, metadata[i]->value);
        }
        put(h, "}", 1);
    }
    for (uint32_t i = 0; i < n; i++) {
        const hone_model_tensor *t = tensors[i];
        if (i > 0 || n_metadata)
            put(h, ",", 1);
        put_string(h, t->name);
        put_format(h, ":{\"dtype\":\"%s\",\"shape\":[", model_dtype_name(t->dtype));
        for (uint32_t d = 0; d < t->n_dims; d++)
            put_format(h, d ? ",%lld" : "%lld", (long long)t->dims[d]);
        put_format(h, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)at,
                   (unsigned long long)(at + tensor_bytes(t)));
        at += tensor_bytes(t);
    }
    put(h, "}", 1);
    while (!h->failed && (MODEL_LENGTH_BYTES + h->length) % 64 != 0)
        put(h, " ", 1);
    if (h->failed)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory while writing a model file");
    if (h->length > MODEL_HEADER_LIMIT)
        return hone_fail(err, HONE_EINVAL, "", "the header of a model file may have %d bytes, this one has %zu",
                         MODEL_HEADER_LIMIT, h->length);
    return HONE_OK;
}

static hone_rc write_all(int fd, const void *bytes, uint64_t n, const char *path, hone_error *err)
{
    const char *p = bytes;
    while (n > 0) {
        const ssize_t written = write(fd, p, n < (1u << 30) ? (size_t)n : (size_t)1 << 30);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return hone_fail(err, HONE_EIO, "", "%s: cannot write: %s", path, strerror(errno));
        p += written;
        n -= (uint64_t)written;
    }
    return HONE_OK;
}

/* A rename is durable only once its folder is. Not every file system can do this: the file itself is safe either way. */
static void sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    const size_t length = slash == path ? 1 : slash ? (size_t)(slash - path) : 0;
    char *folder = slash ? strndup(path, length) : strdup(".");
    const int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    free(folder);
}

static hone_rc write_file(const char *path, const struct text *header, const hone_model_tensor **tensors, uint32_t n,
                          hone_error *err)
{
    const size_t length = strlen(path);
    char *temporary = malloc(length + 5);
    int fd = -1;
    hone_rc rc = HONE_OK;
    unsigned char prefix[MODEL_LENGTH_BYTES];
    if (!temporary)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory while writing a model file");
    memcpy(temporary, path, length);
    memcpy(temporary + length, ".tmp", 5);
    for (int i = 0; i < MODEL_LENGTH_BYTES; i++)
        prefix[i] = (unsigned char)((uint64_t)header->length >> (8 * i));
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        rc = hone_fail(err, HONE_EIO, "", "%s: cannot create: %s", temporary, strerror(errno));
        goto out;
    }
    if ((rc = write_all(fd, prefix, sizeof prefix, temporary, err)) < 0 ||
        (rc = write_all(fd, header->bytes, header->length, temporary, err)) < 0)
        goto out;
    for (uint32_t i = 0; i < n; i++)
        if ((rc = write_all(fd, tensors[i]->data, tensor_bytes(tensors[i]), temporary, err)) < 0)
            goto out;
    if (fsync(fd) < 0) {
        rc = hone_fail(err, HONE_EIO, "", "%s: cannot write: %s", temporary, strerror(errno));
        goto out;
    }
    const int closed = close(fd);
    fd = -1;
    if (closed < 0 || rename(temporary, path) < 0) {
        rc = hone_fail(err, HONE_EIO, "", "%s: cannot write: %s", path, strerror(errno));
        goto out;
    }
    sync_folder(path);
out:
    if (fd >= 0)
        close(fd);
    if (rc < 0)
        (void)unlink(temporary);
    free(temporary);
    return rc;
}

hone_rc hone_model_save(const char *path, const hone_model_tensor *tensors, uint32_t n_tensors,
                        const hone_model_text *metadata, uint32_t n_metadata, hone_error *err)
{
    struct text header = { NULL, 0, 0, false };
    const hone_model_tensor **order = calloc(n_tensors + 1u, sizeof *order);
    const hone_model_text **keys = calloc(n_metadata + 1u, sizeof *keys);
    hone_rc rc = HONE_OK;
    if (!order || !keys) {
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory while writing a model file");
        goto out;
    }
    for (uint32_t i = 0; i < n_tensors; i++) {
        if ((rc = check_tensor(&tensors[i], err)) < 0)
            goto out;
        order[i] = &tensors[i];
    }
    for (uint32_t i = 0; i < n_metadata; i++) {
        if (!metadata[i].key || !metadata[i].value || !is_utf8(metadata[i].key) || !is_utf8(metadata[i].value)) {
            rc = hone_fail(err, HONE_EINVAL, "", "metadata '%.60s' of a model file is not UTF-8 text",
                           metadata[i].key ? metadata[i].key : "");
            goto out;
        }
        keys[i] = &metadata[i];
    }
    qsort(order, n_tensors, sizeof *order, by_layout);
    qsort(keys, n_metadata, sizeof *keys, by_key);
    for (uint32_t i = 1; i < n_metadata; i++)
        if (strcmp(keys[i - 1]->key, keys[i]->key) == 0) {
            rc = hone_fail(err, HONE_EINVAL, "", "metadata '%.60s' is given twice", keys[i]->key);
            goto out;
        }
    if ((rc = model_check_names(order, n_tensors, err)) < 0 ||
        (rc = make_header(&header, order, n_tensors, keys, n_metadata, err)) < 0)
        goto out;
    rc = write_file(path, &header, order, n_tensors, err);
out:
    free(header.bytes);
    free(order);
    free(keys);
    return rc;
}
