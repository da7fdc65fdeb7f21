/* SPDX-License-Identifier: MIT */
/* Choosing a reporter that writes what is kept, and letting it write: for `hone report` and `hone plot`. */
#ifndef HONE_CLI_WRITER_H
#define HONE_CLI_WRITER_H
#include "cli/chosen.h"
#include "cli/kept.h"

/* The reporter of that name, or for a file that ends as its suffixes say, among those with all of `flags`
 * (HONE_REPORTER_...). use and path: either may be NULL; without both, the one that writes without a suffix. NULL after having said
 * why: *code. */
const struct catalog_component *writer_choose(const struct catalog *catalog, const struct cli *cli, const char *use,
                                              const char *path, uint32_t flags, int *code);
/* Lets it write studies of the storage named url into path; NULL: to standard output. 0, or the exit code after having said
 * why. */
int writer_write(const struct catalog_component *entry, const struct cli *cli, const struct stored *storage,
                 const char *url, const char *path, const struct setting_text *settings, size_t n);
#endif
