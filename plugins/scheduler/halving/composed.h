/* SPDX-License-Identifier: MIT */
/* The search that a scheduler which proposes points opens. */
#ifndef HONE_COMPOSED_H
#define HONE_COMPOSED_H
#include "hone/objective.h"
#include "hone/search.h"

/* Opens the search `name` on the space in place of what is in *instance: in a study with the settings of [search.NAME], in a
 * benchmark with its defaults. HONE_WAIT: this host has no means. Failures name the key `key`. */
hone_rc composed_open(const hone_host *host, const char *key, const char *name, uint64_t seed, const hone_space *space,
                      const hone_search_info *info, hone_instance *instance, hone_error *err);
/* Accepts one that was not opened: self NULL. */
void composed_close(const hone_host *host, hone_instance *instance);
#endif
