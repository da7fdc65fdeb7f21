/* SPDX-License-Identifier: MIT */
/* Mapping modules into this process. Private to core/plugin. */
#ifndef HONE_PLUGIN_LOAD_H
#define HONE_PLUGIN_LOAD_H
#include "plugin/verify.h"

/* dlopen and verify, without init. On success the record (zeroed before) holds the components; what is wrong goes to
 * problems. *lasting 0: the trouble may lie outside the file (a library that is missing). The module stays mapped in
 * any case. */
hone_rc load_map(const char *path, struct record *record, const hone_module **module, struct problems *problems,
                 int *lasting);
/* The component of a module that is mapped, verified, equal to what `known` says of it, and initialized: once per
 * process. */
hone_rc load_component(struct record *known, const struct catalog_component *component, const hone_host *host,
                       const hone_component **loaded, hone_error *err);
#endif
