/* SPDX-License-Identifier: MIT */
/* The cache file: one read, one pass. */
#include "plugin/cache.h"

#include "base/file.h"
#include "base/version.h"
#include "hone/param.h"
#include "plugin/describe.h"

#include <string.h>

#define STRING_(x) #x
#define STRING(x)  STRING_(x)
/* The number is the format's: it changes with what describe writes or verify refuses. */
static const char header[] = "hone plugin cache\t3\t" HONE_VERSION
                             "\t" STRING(HONE_ABI_MAJOR) "." STRING(HONE_ABI_MINOR) "\n";
enum { MAX_CACHE = 64 << 20 };

static uint64_t fnv1a(const char *bytes, size_t n)
{
    uint64_t sum = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++)
        sum = (sum ^ (unsigned char)bytes[i]) * 0x100000001b3u;
    return sum;
}

static char *cache_path(void)
{
    char *path = NULL, *directory = user_cache_directory();
    if (directory && asprintf(&path, "%s/plugins-1.tsv", directory) < 0)
        path = NULL;
    free(directory);
    return path;
}

/* The length of what the last line vouches for, or 0. */
static size_t vouched(const char *text, size_t n)
{
    char expected[32];
    const size_t tail = sizeof "sum\t0123456789abcdef\n" - 1;
    if (n < sizeof header - 1 + tail || memcmp(text, header, sizeof header - 1) || strlen(text) != n)
        return 0;
    snprintf(expected, sizeof expected, "sum\t%016llx\n", (unsigned long long)fnv1a(text, n - tail));
    return memcmp(text + n - tail, expected, tail) ? 0 : n - tail;
}

static int read_unsigned(const char *text, uint64_t *out)
{
    char *end;
    if (!text || !(*text >= '0' && *text <= '9'))
        return 0;
    *out = strtoull(text, &end, 10);
    return !*end;
}

/* The entry at *at; 0: nothing sensible there. */
static int read_entry(char **at, const char *end, struct cache_entry *entry)
{
    char *f[7];
    uint64_t mtime = 0, length = 0;
    memset(entry, 0, sizeof *entry);
    if (describe_fields(at, f, 7) != 7 || !f[0] || strcmp(f[0], "file") || !f[1] ||
        !read_unsigned(f[2], &entry->file.device) || !read_unsigned(f[3], &entry->file.inode) ||
        !read_unsigned(f[4], &entry->file.size) || !read_unsigned(f[5], &mtime) || !read_unsigned(f[6], &length) ||
        *at > end || length > (uint64_t)(end - *at))
        return 0;
    entry->file.path = f[1];
    entry->file.mtime = (int64_t)mtime;
    entry->body = *at;
    entry->length = (size_t)length;
    *at += length;
    return 1;
}

hone_rc cache_open(struct cache *cache)
{
    size_t n = 0, capacity = 0;
    hone_error err = HONE_ERROR_INIT;
    char *path = cache_path();
    hone_rc rc = HONE_OK;
    *cache = (struct cache){ NULL, NULL, 0 };
    if (!path || file_read(path, MAX_CACHE, &cache->text, &n, &err) != HONE_OK)
        goto out;
    const size_t whole = vouched(cache->text, n);
    char *at = cache->text + (whole ? sizeof header - 1 : 0), *end = cache->text + whole;
    while (at < end) {
        if (cache->n == capacity) {
            capacity = capacity ? capacity * 2 : 64;
            struct cache_entry *more = realloc(cache->entries, capacity * sizeof *more);
            if (!more) {
                rc = HONE_ENOMEM;
                goto out;
            }
            cache->entries = more;
        }
        if (!read_entry(&at, end, &cache->entries[cache->n])) {
            cache->n = 0;
            break;
        }
        cache->n++;
    }
out:
    free(path);
    return rc;
}

void cache_close(struct cache *cache)
{
    free(cache->text);
    free(cache->entries);
    *cache = (struct cache){ NULL, NULL, 0 };
}

const struct cache_entry *cache_find(const struct cache *cache, const struct found *file)
{
    for (size_t i = 0; i < cache->n; i++) {
        const struct found *known = &cache->entries[i].file;
        if (known->inode == file->inode && known->device == file->device && known->size == file->size &&
            known->mtime == file->mtime && !strcmp(known->path, file->path))
            return &cache->entries[i];
    }
    return NULL;
}

static void add_entry(struct text *out, const struct found *file, const char *body, size_t n)
{
    text_add(out, "file\t");
    describe_add(out, file->path);
    text_addf(out, "\t%llu\t%llu\t%llu\t%lld\t%zu\n", (unsigned long long)file->device, (unsigned long long)file->inode,
              (unsigned long long)file->size, (long long)file->mtime, n);
    text_add_bytes(out, body, n);
}

void cache_write(const struct found *files, const struct text *descriptions, size_t n)
{
    struct cache old;
    struct text out = TEXT_INIT;
    hone_error err = HONE_ERROR_INIT;
    char *path = cache_path(), *directory = path ? path_directory(path) : NULL;
    if (cache_open(&old) != HONE_OK || !directory || directory_make(directory, &err) != HONE_OK)
        goto out;
    text_add(&out, header);
    for (size_t i = 0; i < n; i++)
        if (descriptions[i].length)
            add_entry(&out, &files[i], descriptions[i].data, descriptions[i].length);
    for (size_t i = 0; i < old.n; i++) {
        int ours = 0;
        for (size_t k = 0; k < n && !ours; k++)
            ours = !strcmp(old.entries[i].file.path, files[k].path);
        if (!ours && found_is_current(&old.entries[i].file))
            add_entry(&out, &old.entries[i].file, old.entries[i].body, old.entries[i].length);
    }
    text_addf(&out, "sum\t%016llx\n", (unsigned long long)fnv1a(text_string(&out), out.length));
    if (!out.failed)
        file_write_atomically(path, out.data, out.length, &err);
out:
    cache_close(&old);
    text_release(&out);
    free(directory);
    free(path);
}
