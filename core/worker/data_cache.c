/* SPDX-License-Identifier: MIT */
/* A cached block is a file of one page of header (magic, size, key) and the data behind it. It is written under a temporary
 * name and renamed when whole; a lock file keeps two processes from decoding the same thing at once. */
#include "worker/data_cache.h"

#include "base/file.h"
#include "hone/param.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER_BYTES = 4096, MAX_KEY = 3900 };
struct header {
    char magic[8]; /* "HONEDAT1" */
    uint64_t bytes;
    char key[MAX_KEY];
};

static uint64_t hash(const char *text, uint64_t h) /* FNV-1a, 64 bits */
{
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 1099511628211u;
    return h;
}

/* Maps a finished file; NULL: there is none, or it is not what it should be. */
static const void *map_file(const char *path, const char *key, uint64_t bytes)
{
    struct header header;
    struct stat status;
    const void *block = NULL;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    if (fstat(fd, &status) == 0 && (uint64_t)status.st_size == HEADER_BYTES + bytes &&
        pread(fd, &header, sizeof header, 0) == sizeof header && !memcmp(header.magic, "HONEDAT1", 8) &&
        header.bytes == bytes && !strncmp(header.key, key, MAX_KEY)) {
        void *mapped = mmap(NULL, HEADER_BYTES + bytes, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
        if (mapped != MAP_FAILED)
            block = (const char *)mapped + HEADER_BYTES;
    }
    close(fd);
    return block;
}

/* Decodes into a temporary file beside path. HONE_ENOTSUP: the file system does not let us (full, read-only): use memory. */
static hone_rc write_file(const char *path, const char *key, uint64_t bytes,
                          hone_rc (*fill)(void *ctx, void *block, hone_error *err), void *ctx, hone_error *err)
{
    char temporary[4200];
    struct header header = { .bytes = bytes };
    hone_rc rc = HONE_ENOTSUP;
    void *mapped = MAP_FAILED;
    snprintf(temporary, sizeof temporary, "%s.tmp-%d", path, (int)getpid());
    const int fd = open(temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return HONE_ENOTSUP;
    /* the blocks are taken now: a full disk must be an error here and not a SIGBUS in the decoder */
    if (posix_fallocate(fd, 0, (off_t)(HEADER_BYTES + bytes)) != 0 ||
        (mapped = mmap(NULL, HEADER_BYTES + bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)) == MAP_FAILED)
        goto out;
    rc = fill(ctx, (char *)mapped + HEADER_BYTES, err);
    if (rc != HONE_OK)
        goto out;
    memcpy(header.magic, "HONEDAT1", 8);
    memcpy(header.key, key, strlen(key) + 1);
    memcpy(mapped, &header, sizeof header);
    if (rename(temporary, path) < 0)
        rc = HONE_ENOTSUP;
out:
    if (mapped != MAP_FAILED)
        munmap(mapped, HEADER_BYTES + bytes);
    close(fd);
    if (rc != HONE_OK)
        unlink(temporary);
    return rc;
}

static hone_rc in_memory(uint64_t bytes, hone_rc (*fill)(void *ctx, void *block, hone_error *err), void *ctx,
                         const void **block, hone_error *err)
{
    void *mapped = mmap(NULL, bytes ? bytes : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for %llu bytes of decoded data",
                         (unsigned long long)bytes);
    const hone_rc rc = fill(ctx, mapped, err);
    if (rc != HONE_OK) {
        munmap(mapped, bytes ? bytes : 1);
        return rc;
    }
    *block = mapped;
    return HONE_OK;
}

static hone_rc map(const hone_host *host, const char *key, uint64_t bytes,
                   hone_rc (*fill)(void *ctx, void *block, hone_error *err), void *ctx, const void **block,
                   hone_error *err)
{
    char path[4096], lock_path[4110];
    char *cache = user_cache_directory();
    int lock = -1;
    hone_rc rc = HONE_ENOTSUP;
    (void)host;
    *block = NULL;
    if (!cache || strlen(key) >= MAX_KEY || strlen(cache) > 3800)
        goto out;
    snprintf(path, sizeof path, "%s/data", cache);
    if (directory_make(path, NULL) != HONE_OK)
        goto out;
    snprintf(path, sizeof path, "%s/data/%016llx%016llx", cache, (unsigned long long)hash(key, 1469598103934665603u),
             (unsigned long long)hash(key, 0x9e3779b97f4a7c15u));
    if ((*block = map_file(path, key, bytes)))
        goto out;
    snprintf(lock_path, sizeof lock_path, "%s.lock", path);
    lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lock < 0 || flock(lock, LOCK_EX) < 0)
        goto out;
    if ((*block = map_file(path, key, bytes))) /* another process has made it meanwhile */
        goto out;
    rc = write_file(path, key, bytes, fill, ctx, err);
    if (rc == HONE_OK)
        *block = map_file(path, key, bytes);
    unlink(lock_path);
out:
    if (lock >= 0)
        close(lock);
    free(cache);
    if (*block)
        return HONE_OK;
    return rc == HONE_OK || rc == HONE_ENOTSUP ? in_memory(bytes, fill, ctx, block, err) : rc;
}

const hone_cache_v1 data_cache = { sizeof data_cache, 0, map };
