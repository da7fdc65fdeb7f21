/* SPDX-License-Identifier: MIT */
/* Which files may be plugins: the plugin path, in order, not below. Private to core/plugin. */
#ifndef HONE_PLUGIN_DISCOVER_H
#define HONE_PLUGIN_DISCOVER_H
#include "plugin/catalog.h"

struct found {
    char *path; /* absolute */
    uint64_t device, inode, size;
    int64_t mtime; /* ns */
    char *refused; /* why it must not be loaded, or NULL */
};
struct found_list {
    struct found *items;
    size_t n, capacity;
};
/* In search order, sorted by name within a directory, each file once. HONE_EINVAL: a directory that the user named is
 * none. */
hone_rc discover(const struct catalog_options *options, struct found_list *list, hone_error *err);
void found_list_release(struct found_list *list);
/* 1 where the file at path is still the one found. */
int found_is_current(const struct found *found);
#endif
