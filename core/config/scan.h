/* SPDX-License-Identifier: MIT */
/* The strict reading of INI text, line by line, and the writing that it reads back. Private to core/config.
 *
 *     blank line | ; comment | # comment | [name] | key = value [; comment] | key = "value" [; comment]
 *
 * Names: lower-case letters, digits, "_", "." ("-" in sections too). A comment behind a value starts after a blank; a
 * value that holds ";" or "#", or blanks at its ends, is quoted with " or '. All that iniparser would read otherwise
 * than it looks is refused. Columns count bytes from 1. */
#ifndef HONE_CONFIG_SCAN_H
#define HONE_CONFIG_SCAN_H
#include "base/text.h"
#include "config/config.h"

enum {
    CONFIG_LINE_LIMIT = 1022, /* iniparser's line buffer less newline and NUL */
    CONFIG_FILE_LIMIT = 1024 * 1024,
    CONFIG_KEYS_LIMIT = 10000, /* iniparser's look-up is linear */
    CONFIG_NAME_LIMIT = 128
};

/* Appends what the text says to config (whose items are all of this text). name: kept by the caller. 0, or -1 with
 * complaints. */
int config_scan(struct config *config, const char *name, const char *directory, const char *text, size_t n,
                struct complaints *complaints);
/* 0 where iniparser reads the same bytes as the same sections, keys and values; -1 with a complaint. */
int config_verify(const struct config *config, const char *name, const char *text, size_t n,
                  struct complaints *complaints);

/* Appends an item, or a section where it is new; -1: out of memory. */
int config_add_item(struct config *config, const char *section, const char *key, const char *value,
                    const struct place *place, const struct place *value_place, const char *directory);
int config_add_section(struct config *config, const char *name, const struct place *place);

/* Complains of a section's or a key's name that the scanner would refuse, and returns -1. dash: "-" is allowed. */
int config_check_name(const char *what, const char *name, size_t n, int dash, const struct place *place,
                      struct complaints *complaints);

/* 1 where "key = value" can be written so that it reads back. */
int config_value_writable(const char *key, const char *value);
void config_write_value(struct text *out, const char *key,
                        const char *value); /* "key = value\n", quoted where needed */
#endif
