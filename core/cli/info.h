/* SPDX-License-Identifier: MIT */
/* What `hone info` prints of a component. Private to core/cli. */
#ifndef HONE_CLI_INFO_H
#define HONE_CLI_INFO_H
#include "base/text.h"
#include "cli/cli.h"

/* all: advanced and deprecated keys too. */
void info_text(struct text *out, const struct catalog *catalog, const struct catalog_component *component, int all);
/* One JSON object and a newline. */
void info_json(struct text *out, const struct catalog *catalog, const struct catalog_component *component, int all);
/* The member "parameters" of a JSON object, with the comma in front. */
void info_json_table(struct text *out, const hone_param *params, uint32_t n, int all);
/* The rows of a parameter table, for people. */
void info_table(struct text *out, const hone_param *params, uint32_t n, int all);
/* "key = default" lines for an INI file; a value that must be given stands as a comment. */
void info_keys(struct text *out, const hone_param *params, uint32_t n, int all);
/* 1 where a run may have several sections of this kind: [kind.NAME]. */
int info_takes_many(const struct catalog *catalog, const char *kind);
/* Fills the paragraphs of Markdown to lines of some 96 characters; empty and indented lines (code, formulas) stay, lists and
 * tables keep their lines. */
void info_wrapped(struct text *out, const char *text, int indent);
/* 0 where a plugin is run by a command, or named by a URL, and has no section in an INI file. */
int info_has_section(const struct catalog_component *component);
/* "real", "whole number", ... */
const char *info_type(const hone_param *p);
#endif
