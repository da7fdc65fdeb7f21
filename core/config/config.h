/* SPDX-License-Identifier: MIT */
/* INI files as the user wrote them: sections, keys, values, each with its place. Knows nothing of what they mean.
 *
 * A file is scanned strictly first, then read by iniparser on the very same bytes, and both must agree. */
#ifndef HONE_CONFIG_CONFIG_H
#define HONE_CONFIG_CONFIG_H
#include "base/complaints.h"

struct config_item {
    char *section, *key, *value;
    struct place place;       /* of the key */
    struct place value_place; /* of the value's first character */
    char *directory;          /* of the file: what relative paths in the value refer to; "": the current one (--set) */
};
struct config_section {
    char *name;
    struct place place;
};
struct config {
    struct config_item *items; /* in the order of the files; a later file's value replaces the earlier one */
    size_t n_items, items_capacity;
    struct config_section *sections;
    size_t n_sections, sections_capacity;
    char **names; /* of files, kept for the places */
    size_t n_names;
};
#define CONFIG_INIT \
    {               \
        0           \
    }

/* Reads a file ("-": standard input) over what is there; [study] include = other.ini, ... is read first. 0, or -1 with
 * at least one complaint. */
int config_read(struct config *config, const char *path, struct complaints *complaints);
/* The same for text in memory, under a name for its places. */
int config_read_text(struct config *config, const char *name, const char *directory, const char *text, size_t n,
                     struct complaints *complaints);
/* "section.key=value": the section is everything before the last dot of the left side, except for [space] and
 * [ablation], whose keys have dots. */
int config_set(struct config *config, const char *assignment, struct complaints *complaints);
/* The same by another option, which the place of the value names. */
int config_set_from(struct config *config, const char *from, const char *assignment, struct complaints *complaints);
const struct config_item *config_find(const struct config *config, const char *section, const char *key);
/* A copy, without one section (NULL: of all); its places name the files of `from`, which has to live as long. 0, or -1: out of
 * memory. */
int config_copy(struct config *to, const struct config *from, const char *without);
void config_release(struct config *config);
#endif
