/* SPDX-License-Identifier: MIT */
/* A component that the command line chose, with the keys that --set gave it. */
#ifndef HONE_CLI_CHOSEN_H
#define HONE_CLI_CHOSEN_H
#include "cli/cli.h"
#include "plugin/component.h"

/* Makes an instance with `first` (n_first; they come before those of --set) and --set KEY=VALUE. 0, or the exit code after having
 * said why. */
int chosen_create(struct component *component, struct catalog *catalog, const struct catalog_component *entry,
                  const struct cli *cli, const struct setting_text *first, size_t n_first, uint64_t seed);
#endif
