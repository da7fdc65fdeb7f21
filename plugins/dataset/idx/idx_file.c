/* SPDX-License-Identifier: MIT */
/* Reading IDX files (LeCun, Cortes and Burges, "The MNIST database": two zero bytes, the element type, the number of
 * dimensions, the dimensions as big-endian 32-bit numbers, the data). zlib reads plain files and gzip alike. */
#include "idx_file.h"

#include "hone/param.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

enum { TYPE_UNSIGNED_BYTE = 0x08, CHUNK = 1 << 20 };
/* Deflate cannot do better than 1032 : 1, so a header that promises more is wrong, however large the file. */
static const uint64_t DEFLATE_RATIO = 1032;

/* Reads exactly n bytes; says what is wrong with the file where it cannot. */
static hone_rc read_exactly(gzFile in, const struct idx_file *file, void *buffer, uint64_t n, const char *what,
                            hone_error *err)
{
    uint8_t *at = buffer;
    while (n) {
        const int got = gzread(in, at, (unsigned)(n < CHUNK ? n : CHUNK));
        if (got <= 0) {
            int code = Z_OK;
            const char *why = gzerror(in, &code);
            if (code == Z_ERRNO)
                return hone_fail(err, HONE_EIO, "", "cannot read %.160s: %s", file->path, strerror(errno));
            if (code != Z_OK && code != Z_BUF_ERROR)
                return hone_fail(err, HONE_EIO, "", "%.150s is corrupt (%.40s): fetch it again", file->path, why);
            return hone_fail(err, HONE_EIO, "", "%.140s is truncated: it ends inside its %s, %llu bytes early",
                             file->path, what, (unsigned long long)n);
        }
        at += got;
        n -= (uint64_t)got;
    }
    return HONE_OK;
}

static hone_rc read_header(gzFile in, struct idx_file *file, hone_error *err)
{
    uint8_t head[4], dims[4 * IDX_MAX_DIMS];
    hone_rc rc = read_exactly(in, file, head, sizeof head, "header", err);
    if (rc != HONE_OK)
        return rc;
    if (head[0] || head[1] || !head[3])
        return hone_fail(err, HONE_EIO, "", "%.130s is not an IDX file: it starts with %02x%02x%02x%02x, not 000008..",
                         file->path, head[0], head[1], head[2], head[3]);
    if (head[2] != TYPE_UNSIGNED_BYTE)
        return hone_fail(err, HONE_ENOTSUP, "",
                         "%.130s holds elements of IDX type 0x%02x; only unsigned bytes (0x08) are read", file->path,
                         head[2]);
    if (head[3] > IDX_MAX_DIMS)
        return hone_fail(err, HONE_EIO, "", "%.140s has %u dimensions; at most %d are read", file->path, head[3],
                         IDX_MAX_DIMS);
    file->n_dims = head[3];
    rc = read_exactly(in, file, dims, 4u * file->n_dims, "header", err);
    for (uint32_t i = 0; i < file->n_dims && rc == HONE_OK; i++)
        file->dims[i] = (uint64_t)dims[4 * i] << 24 | (uint64_t)dims[4 * i + 1] << 16 | (uint64_t)dims[4 * i + 2] << 8 |
                        dims[4 * i + 3];
    return rc;
}

/* The first of directory/name and directory/name.gz that is there. */
static hone_rc find(struct idx_file *file, const char *directory, const char *name, const char *key, hone_error *err)
{
    static const char *const endings[] = { "", ".gz" };
    struct stat info;
    for (unsigned i = 0; i < 2; i++) {
        if (snprintf(file->path, sizeof file->path, "%s/%s%s", directory, name, endings[i]) >= (int)sizeof file->path)
            return hone_fail(err, HONE_EINVAL, key, "the path of %.60s is longer than %d bytes", name, IDX_MAX_PATH);
        if (stat(file->path, &info) == 0) {
            if (!S_ISREG(info.st_mode))
                return hone_fail(err, HONE_EIO, key, "%.180s is not a regular file", file->path);
            file->size = (uint64_t)info.st_size;
            file->mtime_ns = (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec;
            return HONE_OK;
        }
        if (errno != ENOENT && errno != ENOTDIR)
            return hone_fail(err, HONE_EIO, key, "cannot open %.160s: %s", file->path, strerror(errno));
    }
    return hone_fail(err, HONE_EIO, key, "there is neither %.60s nor %.60s.gz in %.90s", name, name, directory);
}

hone_rc idx_file_probe(struct idx_file *file, const char *directory, const char *name, uint32_t min_dims,
                       uint32_t max_dims, const char *key, hone_error *err)
{
    gzFile in = NULL;
    memset(file, 0, sizeof *file);
    hone_rc rc = find(file, directory, name, key, err);
    if (rc != HONE_OK)
        return rc;
    if (!(in = gzopen(file->path, "rb")))
        return hone_fail(err, HONE_EIO, key, "cannot open %.160s: %s", file->path,
                         errno ? strerror(errno) : "out of memory");
    if ((rc = read_header(in, file, err)) != HONE_OK)
        goto out;
    if (file->n_dims < min_dims || file->n_dims > max_dims) {
        rc = hone_fail(err, HONE_EIO, key, "%.150s has %u dimensions where %u%s belong", file->path, file->n_dims,
                       min_dims, min_dims == max_dims ? "" : " or more");
        goto out;
    }
    const uint64_t limit = gzdirect(in) ? file->size : file->size * DEFLATE_RATIO;
    file->elements = 1;
    for (uint32_t i = 0; i < file->n_dims; i++) {
        if (!file->dims[i]) {
            rc = hone_fail(err, HONE_EIO, key, "%.160s is empty: its dimension %u is 0", file->path, i + 1);
            goto out;
        }
        if (file->elements > limit / file->dims[i]) { /* also keeps the product from overflowing */
            rc = hone_fail(err, HONE_EIO, key,
                           "%.140s is truncated or corrupt: its header promises more data than %llu bytes can hold",
                           file->path, (unsigned long long)file->size);
            goto out;
        }
        file->elements *= file->dims[i];
    }
out:
    if (rc != HONE_OK && err && !*err->param)
        snprintf(err->param, sizeof err->param, "%s", key);
    gzclose_r(in);
    return rc;
}

hone_rc idx_file_decode(const struct idx_file *file, uint8_t *data, hone_error *err)
{
    struct idx_file again = *file;
    uint8_t more;
    hone_rc rc = HONE_OK;
    gzFile in = gzopen(file->path, "rb");
    if (!in)
        return hone_fail(err, HONE_EIO, "", "cannot open %.160s: %s", file->path,
                         errno ? strerror(errno) : "out of memory");
    gzbuffer(in, 1 << 18);
    if ((rc = read_header(in, &again, err)) != HONE_OK)
        goto out;
    if (again.n_dims != file->n_dims || memcmp(again.dims, file->dims, sizeof again.dims)) {
        rc = hone_fail(err, HONE_EIO, "", "%.160s changed while it was being read", file->path);
        goto out;
    }
    if ((rc = read_exactly(in, file, data, file->elements, "data", err)) != HONE_OK)
        goto out;
    const int got = gzread(in, &more, 1); /* also makes zlib compare the checksum */
    int code = Z_OK;
    const char *why = gzerror(in, &code);
    if (got > 0)
        rc = hone_fail(err, HONE_EIO, "", "%.150s is longer than its header says (%llu bytes of data)", file->path,
                       (unsigned long long)file->elements);
    else if (got < 0 || (code != Z_OK && code != Z_STREAM_END))
        rc = hone_fail(err, HONE_EIO, "", "%.150s is %s (%.40s): fetch it again", file->path,
                       code == Z_BUF_ERROR ? "truncated" : "corrupt", why);
out:
    gzclose_r(in);
    return rc;
}
