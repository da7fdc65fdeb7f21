/* SPDX-License-Identifier: MIT */
/* --plugin-path, $HONE_PLUGIN_PATH, plugins/ beside the program (a build tree), the user's plugins, the installed ones.
 * A file that somebody else could have written is refused: loading it would run their code. */
#include "plugin/discover.h"

#include "base/file.h"
#include "hone/param.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef HONE_PLUGIN_DIR
#error "HONE_PLUGIN_DIR: the folder of the installed plugins, from the Makefile"
#endif

void found_list_release(struct found_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        free(list->items[i].path);
        free(list->items[i].refused);
    }
    free(list->items);
    *list = (struct found_list){ NULL, 0, 0 };
}

static void identify(struct found *found, const struct stat *status)
{
    found->device = (uint64_t)status->st_dev;
    found->inode = (uint64_t)status->st_ino;
    found->size = (uint64_t)status->st_size;
    found->mtime = (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec;
}

int found_is_current(const struct found *found)
{
    struct stat status;
    struct found now = { 0 };
    if (stat(found->path, &status) < 0)
        return 0;
    identify(&now, &status);
    return now.device == found->device && now.inode == found->inode && now.size == found->size &&
           now.mtime == found->mtime;
}

/* The reason against loading a file, malloc'ed; NULL with *status where there is none. *memory 1: out of it. */
static char *refuse(const char *path, struct stat *status, int *memory)
{
    char *reason = NULL;
    int length = 0;
    /* O_NONBLOCK: a named pipe must not hold us up */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    memset(status, 0, sizeof *status);
    if (fd < 0 || fstat(fd, status) < 0)
        length = asprintf(&reason, "cannot be opened: %s", strerror(errno));
    else if (!S_ISREG(status->st_mode))
        length = asprintf(&reason, "is not a regular file");
    else if (status->st_uid != 0 && status->st_uid != geteuid())
        length = asprintf(&reason, "belongs to user %u, neither to root nor to you", (unsigned)status->st_uid);
    else if (status->st_mode & (S_IWGRP | S_IWOTH))
        length = asprintf(&reason, "may be written by others (chmod go-w)");
    if (fd >= 0)
        close(fd);
    *memory = length < 0;
    return length < 0 ? NULL : reason;
}

static hone_rc add_file(struct found_list *list, const char *directory, const char *name)
{
    struct found found = { 0 };
    struct stat status;
    int memory = 0;
    if (asprintf(&found.path, "%s/%s", directory, name) < 0)
        return HONE_ENOMEM;
    found.refused = refuse(found.path, &status, &memory);
    identify(&found, &status);
    for (size_t i = 0; i < list->n && !memory; i++)
        if (found.inode && list->items[i].inode == found.inode && list->items[i].device == found.device) {
            free(found.path); /* the same file, met again on the path */
            free(found.refused);
            return HONE_OK;
        }
    if (!memory && list->n == list->capacity) {
        const size_t capacity = list->capacity ? list->capacity * 2 : 32;
        struct found *more = realloc(list->items, capacity * sizeof *more);
        memory = !more;
        if (more) {
            list->items = more;
            list->capacity = capacity;
        }
    }
    if (memory) {
        free(found.path);
        free(found.refused);
        return HONE_ENOMEM;
    }
    list->items[list->n++] = found;
    return HONE_OK;
}

static int is_module_name(const struct dirent *entry)
{
    const size_t n = strlen(entry->d_name);
    return n > 3 && entry->d_name[0] != '.' && !strcmp(entry->d_name + n - 3, ".so");
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* said_by: the option or variable that names the directory; NULL: a default, which need not exist. */
static hone_rc add_directory(struct found_list *list, const char *path, const char *said_by, hone_error *err)
{
    struct dirent **entries = NULL;
    hone_rc rc = HONE_OK;
    char *absolute = path_absolute(NULL, path);
    if (!absolute)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the plugin path");
    const int n = scandir(absolute, &entries, is_module_name, by_bytes);
    if (n < 0 && errno == ENOMEM)
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for the plugin path");
    else if (n < 0 && said_by)
        rc = hone_fail(err, HONE_EINVAL, "", "%s: %.180s: %s", said_by, path, strerror(errno));
    for (int i = 0; i < n; i++) {
        if (rc == HONE_OK && (rc = add_file(list, absolute, entries[i]->d_name)) != HONE_OK)
            hone_fail(err, rc, "", "out of memory for the plugin path");
        free(entries[i]);
    }
    free(entries);
    free(absolute);
    return rc;
}

static hone_rc add_joined(struct found_list *list, char *base, const char *below, hone_error *err)
{
    char *path = NULL;
    hone_rc rc = HONE_OK;
    if (base && asprintf(&path, "%s/%s", base, below) < 0) {
        path = NULL; /* asprintf leaves it undefined */
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for the plugin path");
    }
    if (path)
        rc = add_directory(list, path, NULL, err);
    free(path);
    free(base);
    return rc;
}

hone_rc discover(const struct catalog_options *options, struct found_list *list, hone_error *err)
{
    hone_rc rc = HONE_OK;
    const char *variable = getenv("HONE_PLUGIN_PATH");
    for (size_t i = 0; i < options->n_paths; i++)
        if ((rc = add_directory(list, options->paths[i], "--plugin-path", err)) != HONE_OK)
            return rc;
    while (variable && *variable) {
        const size_t n = strcspn(variable, ":");
        if (n) {
            char *path = strndup(variable, n);
            rc = path ? add_directory(list, path, "HONE_PLUGIN_PATH", err)
                      : hone_fail(err, HONE_ENOMEM, "", "out of memory for the plugin path");
            free(path);
            if (rc != HONE_OK)
                return rc;
        }
        variable += n + (variable[n] == ':');
    }
    if (options->no_default_path)
        return HONE_OK;
    if ((rc = add_joined(list, program_directory(), "plugins", err)) != HONE_OK ||
        (rc = add_joined(list, user_data_directory(), "plugins-1", err)) != HONE_OK)
        return rc;
    return add_directory(list, HONE_PLUGIN_DIR, NULL, err);
}
