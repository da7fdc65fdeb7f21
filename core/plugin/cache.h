/* SPDX-License-Identifier: MIT */
/* Descriptions of modules already scanned: $XDG_CACHE_HOME/hone/plugins-1.tsv. Private to core/plugin.
 *
 *     hone plugin cache FORMAT VERSION ABI
 *     file  path device inode size mtime_ns BYTES      BYTES of description (describe.h) follow
 *     sum   FNV-1a of all before, in hexadecimal
 *
 * Anything unexpected in it means no cache. It is replaced as a whole, so that readers need no lock; of two writers
 * at once the later one wins, and what it did not know is scanned again some time. */
#ifndef HONE_PLUGIN_CACHE_H
#define HONE_PLUGIN_CACHE_H
#include "base/text.h"
#include "plugin/discover.h"

struct cache_entry {
    struct found file;
    char *body; /* description, not NUL-terminated */
    size_t length;
};
struct cache {
    char *text; /* the file; its entries point into it */
    struct cache_entry *entries;
    size_t n;
};
/* HONE_OK (perhaps with no entries) or HONE_ENOMEM. */
hone_rc cache_open(struct cache *cache);
void cache_close(struct cache *cache);
const struct cache_entry *cache_find(const struct cache *cache, const struct found *file);
/* Writes these descriptions, and those in the file for other modules that are still there. A cache that cannot be
 * written is no error: everything works without. */
void cache_write(const struct found *files, const struct text *descriptions, size_t n);
#endif
