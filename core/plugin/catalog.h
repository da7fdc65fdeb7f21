/* SPDX-License-Identifier: MIT */
/* The catalog: what plugins there are and what they offer, known without loading any.
 *
 * Modules are found in the plugin path; a file seen for the first time (path, inode, size, mtime) is scanned in a
 * child process with a time limit and its description is cached, or the reason why it is broken. Only catalog_load
 * maps code. */
#ifndef HONE_PLUGIN_CATALOG_H
#define HONE_PLUGIN_CATALOG_H
#include "hone/objective.h"
#include "hone/plugin.h"

#include <stddef.h>

struct catalog_module {
    const char *path; /* absolute */
    const char *id, *version, *license, *author, *url;
    unsigned abi_minor;
    const char *broken;   /* why it cannot be used ("killed by SIGSEGV while being scanned"), or NULL */
    const char *shadowed; /* path of the module with the same id that came first, or NULL */
};

struct catalog_component {
    const char *kind_id; /* "search/1" */
    const char *kind;    /* "search" */
    const char *name, *summary, *doc;
    uint32_t flags;       /* HONE_C_... */
    uint32_t iface_flags; /* the flags word of the kind's own struct (its second field) */
    int32_t stage;
    const char *provides, *conflicts; /* words, a blank between them; "": none */
    const char *hooks;                /* the optional functions that it has, in the order of their use; "" */
    const char *suffixes;             /* reporter/1: of the files it writes, a blank between them; "" */
    const hone_param *params;         /* stride sizeof(hone_param) */
    uint32_t n_params, config_size;
    const hone_slot *const *slots; /* objective/1: what it composes; slot->params stride sizeof(hone_param) */
    uint32_t n_slots;
    const struct catalog_module *module;
};

struct catalog;
struct catalog_options {
    const char *const *paths; /* --plugin-path, in order; searched before $HONE_PLUGIN_PATH and the defaults */
    size_t n_paths;
    int no_default_path;
    int rescan;          /* ignore the cache */
    const char *scanner; /* the hone whose `plugin-scan` describes new modules; NULL: the running program */
};

/* Never fails for a broken plugin; fails for lack of memory or a plugin path that is no directory. */
hone_rc catalog_open(struct catalog **catalog, const struct catalog_options *options, hone_error *err);
/* For tests: a catalog of components in memory, verified as those of a module would be ("hone.static" 0.0.0). What is
 * wrong with them goes to standard error, and the result is HONE_EINVAL. Components and their names must outlive it.
 */
hone_rc catalog_open_static(struct catalog **catalog, const hone_component *const *components, size_t n);
/* 1 where the component has that optional function. */
int catalog_has_hook(const struct catalog_component *component, const char *hook);
void catalog_close(struct catalog *catalog); /* loaded modules stay mapped */

size_t catalog_modules(const struct catalog *catalog, const struct catalog_module *const **modules);
/* Usable components (neither broken nor shadowed), sorted by kind and name. */
size_t catalog_components(const struct catalog *catalog, const struct catalog_component *const **components);
/* By kind ("search") and name ("tpe", or with the module's id: "org.acme.tpe"). NULL: *err says why and helps:
 * unknown with did-you-mean over the names of the kind, ambiguous with both paths (HONE_EINVAL both); HONE_ENOTSUP: not
 * installed, and no name is near, or found but broken with the reason. */
const struct catalog_component *catalog_find(const struct catalog *catalog, const char *kind, const char *name,
                                             hone_error *err);
/* The component with HONE_C_DEFAULT, or the kind's only one; NULL: none, or several that claim it (never a guess). */
const struct catalog_component *catalog_default(const struct catalog *catalog, const char *kind);
/* 1 where some usable or broken component is of this kind. */
int catalog_has_kind(const struct catalog *catalog, const char *kind);

/* Maps the module (RTLD_NOW | RTLD_LOCAL), verifies it against what the catalog knows, calls init once. The result
 * lives as long as the process. Floating-point state and locale are compared around it. */
hone_rc catalog_load(struct catalog *catalog, const struct catalog_component *component, const hone_host *host,
                     const hone_component **loaded, hone_error *err);

/* `hone plugin-scan FILE`, the child's side: describes one module on standard output, in the cache's form. Exit
 * status. */
int catalog_scan_main(const char *path);
#endif
