/* SPDX-License-Identifier: MIT */
/* What the text formats share: names in the order in which they turn up, and words for states and times. */
#ifndef HONE_PLUGIN_EXPORT_H
#define HONE_PLUGIN_EXPORT_H
#include "hone/param.h"
#include "hone/printer.h"
#include "hone/reporter.h"
#include "hone/search.h"

struct names {
    char **names; /* (n), each once */
    size_t n, capacity, last;
    int failed; /* out of memory */
};
void names_add(struct names *names, const char *name);
/* The index, or SIZE_MAX. Quick where names are looked up in the order in which they were added. */
size_t names_find(struct names *names, const char *name);
void names_release(struct names *names);

struct columns { /* of the trials of all studies */
    struct names objectives, parameters, constraints, metrics;
};
/* metrics: those that are no objectives; parameters in the order of the spaces. HONE_ENOMEM and what the view returns. */
hone_rc columns_collect(struct columns *columns, const hone_view *view, hone_error *err);
void columns_release(struct columns *columns);

const char *export_state(uint32_t state); /* "complete" */
/* "2026-11-30T08:00:00.123Z"; "" for 0. n >= 32. */
const char *export_time(double seconds, char *out, size_t n);
/* An instance that is a copy of its settings; free() destroys it. */
hone_rc export_settings(const void *config, size_t n, void **self, hone_error *err);

extern const hone_component export_csv, export_json, export_markdown;
#endif
