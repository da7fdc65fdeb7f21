/* SPDX-License-Identifier: MIT */
/* What is known of one module, from its own tables (verify.c), from a description (describe.c) or for want of both
 * from the reason why it is broken. Private to core/plugin. */
#ifndef HONE_PLUGIN_RECORD_H
#define HONE_PLUGIN_RECORD_H
#include "hone/settings.h"
#include "plugin/catalog.h"

struct record_component {
    struct catalog_component entry;
    hone_component *loaded; /* whole and checked, in today's layout; NULL: the module is not mapped */
};
/* A component that a broken module would offer: so that looking for it finds the reason. */
struct record_offer {
    const char *kind, *name; /* "search", "tpe" */
};
struct record {
    struct catalog_module module;
    struct record_component *components; /* (n_components) */
    size_t n_components;
    struct record_offer *offers; /* (n_offers) of a broken module */
    size_t n_offers;
    int agreed;                  /* the mapped module has been found to be what this record says */
    int keep;                    /* the description may be cached: it depends on the file alone */
    hone_settings_memory memory; /* all of the above that the record owns */
};
/* Zero a record before use. */
void record_release(struct record *record);
/* Owned by the record; NULL: out of memory. */
char *record_string(struct record *record, const char *string, size_t n);
#endif
