/* SPDX-License-Identifier: MIT */
/* Reading configuration: files, their includes, --set; each laid over what is there. */
#include "base/file.h"
#include "base/text.h"
#include "config/scan.h"

#include <dictionary.h>
#include <errno.h>
#include <iniparser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { INCLUDE_DEPTH = 16 };

/* ---- the list ---- */

static void *grown(void *items, size_t n, size_t *capacity, size_t size)
{
    void *more;
    if (n < *capacity)
        return items;
    more = realloc(items, (*capacity ? *capacity * 2 : 16) * size);
    if (more)
        *capacity = *capacity ? *capacity * 2 : 16;
    return more;
}

int config_add_section(struct config *config, const char *name, const struct place *place)
{
    struct config_section *sections;
    for (size_t i = 0; i < config->n_sections; i++)
        if (!strcmp(config->sections[i].name, name))
            return 0;
    sections = grown(config->sections, config->n_sections, &config->sections_capacity, sizeof *sections);
    if (!sections)
        return -1;
    config->sections = sections;
    sections[config->n_sections].place = *place;
    sections[config->n_sections].name = strdup(name);
    if (!sections[config->n_sections].name)
        return -1;
    config->n_sections++;
    return 0;
}

static void item_release(struct config_item *item)
{
    free(item->section);
    free(item->key);
    free(item->value);
    free(item->directory);
}

int config_add_item(struct config *config, const char *section, const char *key, const char *value,
                    const struct place *place, const struct place *value_place, const char *directory)
{
    struct config_item item = { strdup(section), strdup(key), strdup(value), *place, *value_place, strdup(directory) };
    struct config_item *items = grown(config->items, config->n_items, &config->items_capacity, sizeof *items);
    if (items)
        config->items = items;
    if (!items || !item.section || !item.key || !item.value || !item.directory) {
        item_release(&item);
        return -1;
    }
    items[config->n_items++] = item;
    return 0;
}

static struct config_item *find(const struct config *config, const char *section, const char *key)
{
    for (size_t i = 0; i < config->n_items; i++)
        if (!strcmp(config->items[i].key, key) && !strcmp(config->items[i].section, section))
            return config->items + i;
    return NULL;
}

const struct config_item *config_find(const struct config *config, const char *section, const char *key)
{
    return find(config, section, key);
}

/* Sets a key: replaces the earlier item in place, or appends one. */
static int lay(struct config *config, const struct config_item *item)
{
    struct config_item *old = find(config, item->section, item->key);
    char *value, *directory;
    if (!old)
        return config_add_item(config, item->section, item->key, item->value, &item->place, &item->value_place,
                               item->directory);
    value = strdup(item->value);
    directory = strdup(item->directory);
    if (!value || !directory) {
        free(value);
        free(directory);
        return -1;
    }
    free(old->value);
    free(old->directory);
    old->value = value;
    old->directory = directory;
    old->place = item->place;
    old->value_place = item->value_place;
    return 0;
}

/* A copy of a name that lives as long as the config. */
static const char *keep_name(struct config *config, const char *name)
{
    char **names;
    for (size_t i = 0; i < config->n_names; i++)
        if (!strcmp(config->names[i], name))
            return config->names[i];
    names = realloc(config->names, (config->n_names + 1) * sizeof *names);
    if (!names)
        return NULL;
    config->names = names;
    names[config->n_names] = strdup(name);
    return names[config->n_names] ? names[config->n_names++] : NULL;
}

int config_copy(struct config *to, const struct config *from, const char *without)
{
    *to = (struct config)CONFIG_INIT;
    for (size_t i = 0; i < from->n_names; i++)
        if (!keep_name(to, from->names[i]))
            goto fail;
    for (size_t i = 0; i < from->n_sections; i++)
        if ((!without || strcmp(from->sections[i].name, without) != 0) &&
            config_add_section(to, from->sections[i].name, &from->sections[i].place) < 0)
            goto fail;
    for (size_t i = 0; i < from->n_items; i++) {
        const struct config_item *item = from->items + i;
        if ((!without || strcmp(item->section, without) != 0) &&
            config_add_item(to, item->section, item->key, item->value, &item->place, &item->value_place,
                            item->directory) < 0)
            goto fail;
    }
    return 0;
fail:
    config_release(to);
    return -1;
}

void config_release(struct config *config)
{
    for (size_t i = 0; i < config->n_items; i++)
        item_release(config->items + i);
    for (size_t i = 0; i < config->n_sections; i++)
        free(config->sections[i].name);
    for (size_t i = 0; i < config->n_names; i++)
        free(config->names[i]);
    free(config->items);
    free(config->sections);
    free(config->names);
    *config = (struct config)CONFIG_INIT;
}

/* ---- the second reading ---- */

static int silent(const char *format, ...)
{
    (void)format;
    return 0;
}

/* iniparser reads the bytes through a file in memory: no gap between the two readings in which the file could change. */
static dictionary *parse(const char *text, size_t n)
{
    char path[40];
    dictionary *parsed = NULL;
    const int fd = memfd_create("hone.ini", MFD_CLOEXEC);
    size_t done = 0;
    while (fd >= 0 && done < n) {
        const ssize_t wrote = write(fd, text + done, n - done);
        if (wrote < 0 && errno != EINTR)
            break;
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    if (fd >= 0 && done == n) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        iniparser_set_error_callback(silent);
        parsed = iniparser_load(path);
        iniparser_set_error_callback(NULL);
    }
    if (fd >= 0)
        close(fd);
    return parsed;
}

int config_verify(const struct config *config, const char *name, const char *text, size_t n,
                  struct complaints *complaints)
{
    const struct place place = { name, 0, 0 };
    dictionary *parsed = parse(text, n);
    struct text key = TEXT_INIT;
    int rc = -1;
    if (!parsed) {
        complain(complaints, &place, "internal error: iniparser refuses what hone accepts; please report this file");
        return -1;
    }
    if ((size_t)parsed->n != config->n_items + config->n_sections) {
        complain(complaints, &place, "internal error: iniparser finds %d entries, hone %zu; please report this file",
                 (int)parsed->n, config->n_items + config->n_sections);
        goto out;
    }
    for (size_t i = 0; i < config->n_sections; i++)
        if (!iniparser_find_entry(parsed, config->sections[i].name)) {
            complain(complaints, &config->sections[i].place,
                     "internal error: iniparser finds no section [%s]; please report this file",
                     config->sections[i].name);
            goto out;
        }
    for (size_t i = 0; i < config->n_items; i++) {
        const struct config_item *item = config->items + i;
        const char *value;
        text_clear(&key);
        text_addf(&key, "%s:%s", item->section, item->key);
        value = iniparser_getstring(parsed, text_string(&key), NULL);
        if (!value || strcmp(value, item->value) != 0) {
            complain(complaints, &item->place,
                     "internal error: iniparser reads '%s' as '%s', hone as '%s'; please report this file", item->key,
                     value ? value : "(nothing)", item->value);
            goto out;
        }
    }
    rc = 0;
out:
    text_release(&key);
    iniparser_freedict(parsed);
    return rc;
}

/* ---- files ---- */

struct including { /* the files being read, innermost first */
    const char *name, *real;
    const struct including *by;
    unsigned depth;
};

static int read_file(struct config *config, const char *path, const struct place *asked, const struct including *by,
                     struct complaints *complaints);

/* [study] include = a.ini, b.ini: relative to the file that says so. */
static int read_includes(struct config *config, const struct config_item *item, const struct including *self,
                         struct complaints *complaints)
{
    const char *at = item->value;
    int rc = 0;
    for (;;) {
        const size_t whole = strcspn(at, ",");
        size_t start = strspn(at, " \t"), n = whole;
        struct place place = item->value_place;
        struct text path = TEXT_INIT;
        if (start > n)
            start = n;
        while (n > start && (at[n - 1] == ' ' || at[n - 1] == '\t'))
            n--;
        if (place.column)
            place.column += (unsigned)((size_t)(at - item->value) + start);
        if (n == start) {
            complain(complaints, &place, "include = %s names no file between commas", item->value);
            return -1;
        }
        if (at[start] != '/' && at[start] != '~' && *item->directory && strcmp(item->directory, ".") != 0)
            text_addf(&path, "%s/", item->directory);
        text_add_bytes(&path, at + start, n - start);
        if (path.failed) {
            complain(complaints, &place, "out of memory");
            rc = -1;
        } else if (!strcmp(path.data, "-")) {
            complain(complaints, &place, "standard input cannot be included");
            rc = -1;
        } else if (read_file(config, path.data, &place, self, complaints) < 0) {
            rc = -1;
        }
        text_release(&path);
        if (!at[whole])
            return rc;
        at += whole + 1;
    }
}

static int read_text(struct config *config, const char *name, const char *directory, const char *text, size_t n,
                     const struct including *self, struct complaints *complaints)
{
    struct config scanned = CONFIG_INIT;
    const struct config_item *include;
    const char *kept = keep_name(config, name);
    int rc = -1;
    if (!kept) {
        complain(complaints, NULL, "out of memory");
        return -1;
    }
    if (config_scan(&scanned, kept, directory, text, n, complaints) < 0 ||
        config_verify(&scanned, kept, text, n, complaints) < 0)
        goto out;
    rc = 0;
    include = find(&scanned, "study", "include");
    if (include && read_includes(config, include, self, complaints) < 0)
        rc = -1;
    for (size_t i = 0; i < scanned.n_sections; i++)
        if (config_add_section(config, scanned.sections[i].name, &scanned.sections[i].place) < 0)
            rc = -2;
    for (size_t i = 0; i < scanned.n_items; i++)
        if (scanned.items + i != include && lay(config, scanned.items + i) < 0)
            rc = -2;
    if (rc == -2)
        complain(complaints, NULL, "out of memory");
out:
    config_release(&scanned);
    return rc < 0 ? -1 : 0;
}

static int read_file(struct config *config, const char *path, const struct place *asked, const struct including *by,
                     struct complaints *complaints)
{
    char *data = NULL, *directory = NULL, *real = NULL, *expanded = NULL;
    const struct place whole = { keep_name(config, path), 0, 0 };
    struct including self = { whole.file, NULL, by, by ? by->depth + 1 : 1 };
    hone_error err = HONE_ERROR_INIT;
    const int standard = !strcmp(path, "-");
    size_t n = 0;
    int rc = -1;
    if (self.depth > INCLUDE_DEPTH) {
        complain(complaints, asked, "files include one another more than %d deep", INCLUDE_DEPTH);
        goto out;
    }
    expanded = path[0] == '~' ? path_absolute(NULL, path) : strdup(path);
    directory = standard ? strdup("") : expanded ? path_directory(expanded) : NULL;
    if (!whole.file || !expanded || !directory) {
        complain(complaints, asked, "out of memory");
        goto out;
    }
    if (file_read(expanded, CONFIG_FILE_LIMIT, &data, &n, &err) != HONE_OK) {
        complain(complaints, asked, "%s", err.msg);
        goto out;
    }
    self.real = real = standard ? NULL : realpath(expanded, NULL);
    for (const struct including *up = by; real && up; up = up->by)
        if (up->real && !strcmp(up->real, real)) {
            complain(complaints, asked, "%s includes itself%s%s", path, up == by ? "" : ", through ",
                     up == by ? "" : by->name);
            goto out;
        }
    rc = read_text(config, standard ? "(standard input)" : path, directory, data, n, &self, complaints);
out:
    free(real);
    free(expanded);
    free(directory);
    free(data);
    return rc;
}

int config_read(struct config *config, const char *path, struct complaints *complaints)
{
    const struct place nowhere = { NULL, 0, 0 };
    return read_file(config, path, &nowhere, NULL, complaints);
}

int config_read_text(struct config *config, const char *name, const char *directory, const char *text, size_t n,
                     struct complaints *complaints)
{
    const struct including self = { name, NULL, NULL, 1 };
    return read_text(config, name, directory, text, n, &self, complaints);
}

/* ---- --set ---- */

static void trim(const char **start, size_t *n)
{
    while (*n && (**start == ' ' || **start == '\t')) {
        ++*start;
        --*n;
    }
    while (*n && ((*start)[*n - 1] == ' ' || (*start)[*n - 1] == '\t'))
        --*n;
}

int config_set(struct config *config, const char *assignment, struct complaints *complaints)
{
    return config_set_from(config, "--set", assignment, complaints);
}

int config_set_from(struct config *config, const char *from, const char *assignment, struct complaints *complaints)
{
    struct place place = { keep_name(config, from), 0, 0 };
    const char *equal = strchr(assignment, '='), *left = assignment, *dot = NULL, *value;
    struct config_item item = { NULL, NULL, NULL, place, place, NULL };
    size_t n, n_value;
    char nothing[] = "";
    int rc = -1;
    if (!place.file) {
        complain(complaints, NULL, "out of memory");
        return -1;
    }
    if (!equal) {
        complain(complaints, &place, "'%s' has no '='; write --set section.key=value", assignment);
        return -1;
    }
    n = (size_t)(equal - left);
    trim(&left, &n);
    if (n > 6 && !strncmp(left, "space.", 6)) {
        dot = left + 5; /* keys of [space] have dots, and of [ablation] */
    } else if (n > 9 && !strncmp(left, "ablation.", 9)) {
        dot = left + 8;
    } else {
        for (size_t i = 0; i < n; i++)
            dot = left[i] == '.' ? left + i : dot;
    }
    if (!dot || dot == left || dot + 1 == left + n) {
        complain(complaints, &place, "'%.*s' names no section and key; write --set section.key=value", (int)n, left);
        return -1;
    }
    if (config_check_name("section", left, (size_t)(dot - left), 1, &place, complaints) < 0 ||
        config_check_name("key", dot + 1, n - (size_t)(dot + 1 - left), 0, &place, complaints) < 0)
        return -1;
    value = equal + 1;
    n_value = strlen(value);
    trim(&value, &n_value);
    if (n_value >= 2 && (*value == '"' || *value == '\'') &&
        memchr(value + 1, *value, n_value - 1) == value + n_value - 1) {
        value++; /* quoted as in a file */
        n_value -= 2;
    }
    item.section = strndup(left, (size_t)(dot - left));
    item.key = strndup(dot + 1, n - (size_t)(dot + 1 - left));
    item.value = strndup(value, n_value);
    item.directory = nothing;
    if (!item.section || !item.key || !item.value) {
        complain(complaints, &place, "out of memory");
        goto out;
    }
    if (!strcmp(item.section, "study") && !strcmp(item.key, "include")) {
        complain(complaints, &place, "study.include is for files; name further files on the command line");
        goto out;
    }
    if (!config_value_writable(item.key, item.value)) {
        complain(complaints, &place,
                 "the value of %s.%s cannot stand in an INI file: it is longer than a line, holds control bytes, or "
                 "';' or '#' together with a backslash or with both kinds of quotes",
                 item.section, item.key);
        goto out;
    }
    if (config_add_section(config, item.section, &place) < 0 || lay(config, &item) < 0) {
        complain(complaints, &place, "out of memory");
        goto out;
    }
    rc = 0;
out:
    free(item.section);
    free(item.key);
    free(item.value);
    return rc;
}
