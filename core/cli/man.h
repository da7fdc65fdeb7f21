/* SPDX-License-Identifier: MIT */
/* The manual: its pages and what stands in them. Private to core/cli. */
#ifndef HONE_CLI_MAN_H
#define HONE_CLI_MAN_H
#include "base/text.h"
#include "cli/cli.h"

/* "hone-run", "hone-plugin-check": of a command. */
void man_command_name(const struct command *command, char *name, size_t n);
/* hone(1), and the page of a command; the catalog gives what plugins add to one. */
void man_program(struct text *out);
void man_command(struct text *out, const struct command *command, const struct catalog *catalog);
/* hone.ini(5): sections, [space], every key of every plugin. */
void man_ini(struct text *out, const struct catalog *catalog);
/* hone-plugin(7): where plugins come from, which kinds there are, how one is written. */
void man_plugin(struct text *out, const struct catalog *catalog);
/* The rows of a parameter table as items. */
void man_parameters(struct text *out, const hone_param *params, uint32_t n);
/* The kind of plugins that a command runs by name, without a section in an INI file ("benchmark"), or NULL. */
const char *man_part_kind(const char *command);
int man_is_part(const struct catalog_component *component, const char *command); /* one that it can run */
struct completion;
void man_offer_pages(struct completion *completion);
/* "hone(1), hone-run(1), ..." but for the page itself. */
void man_see_also(struct text *out, const char *self, const char *const *pages);

/* What hone.ini(5) and hone-plugin(7) are said to be in lists. */
#define MAN_INI_SUMMARY    "what composes a run: sections, keys, the space to be searched"
#define MAN_PLUGIN_SUMMARY "the parts of hone: where they are found, which kinds there are, how one is written"
#endif
