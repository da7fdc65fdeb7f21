/* SPDX-License-Identifier: MIT */
/* The kinds that the SDK headers define, as data: size and functions of each one's struct. Private to core/plugin. */
#ifndef HONE_PLUGIN_KINDS_H
#define HONE_PLUGIN_KINDS_H
#include <stddef.h>
#include <stdint.h>

struct kind_function {
    const char *name;
    size_t offset; /* in the kind's struct */
};
struct kind {
    const char *id;        /* "search/1" */
    const char *structure; /* "hone_search_v1" */
    size_t size;
    uint32_t flags;                    /* known bits of its flags word */
    struct kind_function required[16]; /* ends with name NULL */
};
/* By id; NULL: a kind of somebody else's. */
const struct kind *kind_find(const char *id);
/* The kind's optional functions that are worth telling of, in the order of their use; ends with name NULL. */
const struct kind_function *kind_hooks(const struct kind *kind);
/* The revision that this hone knows of a kind whose name is `id` up to the slash ("search/2" finds "search/1"), or
 * NULL. */
const struct kind *kind_other_revision(const char *id);
/* The kinds in turn, NULL at the end. */
const struct kind *kind_at(size_t i);
#endif
