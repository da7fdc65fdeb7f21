/* SPDX-License-Identifier: MIT */
/* Reading folders. Memory: some 40 bytes and the name of each file. */
#include "listing.h"

#include "hone/param.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static hone_rc out_of_memory(const struct listing *list, hone_error *err)
{
    return hone_fail(err, HONE_ENOMEM, "directory", "out of memory for the list of files in %.150s", list->root);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void free_names(char **names, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        free(names[i]);
    free(names);
}

/* Names in a folder, sorted, without those that start with a dot; folders or regular files only. */
static hone_rc names_in(const struct listing *list, const char *path, int folders, char ***names, uint32_t *n,
                        hone_error *err)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    uint32_t capacity = 0;
    hone_rc rc = HONE_OK;
    *names = NULL;
    *n = 0;
    if (!dir)
        return hone_fail(err, HONE_EIO, "directory", "cannot open the folder %.150s: %s", path, strerror(errno));
    while (rc == HONE_OK && (errno = 0, entry = readdir(dir))) {
        char whole[LISTING_PATH];
        struct stat info;
        if (entry->d_name[0] == '.')
            continue;
        if (snprintf(whole, sizeof whole, "%s/%s", path, entry->d_name) >= (int)sizeof whole)
            rc = hone_fail(err, HONE_EINVAL, "directory", "the path of %.120s is longer than %d bytes", entry->d_name,
                           LISTING_PATH);
        else if (stat(whole, &info) != 0)
            rc = hone_fail(err, HONE_EIO, "directory", "cannot look at %.160s: %s", whole, strerror(errno));
        else if (folders ? S_ISDIR(info.st_mode) : S_ISREG(info.st_mode)) {
            if (*n == capacity) {
                char **more = realloc(*names, (capacity = capacity ? capacity * 2 : 64) * sizeof *more);
                if (!more)
                    rc = out_of_memory(list, err);
                else
                    *names = more;
            }
            if (rc == HONE_OK && !((*names)[*n] = strdup(entry->d_name)))
                rc = out_of_memory(list, err);
            *n += rc == HONE_OK;
        }
    }
    if (rc == HONE_OK && errno)
        rc = hone_fail(err, HONE_EIO, "directory", "cannot read the folder %.150s: %s", path, strerror(errno));
    closedir(dir);
    if (rc != HONE_OK) {
        free_names(*names, *n);
        *names = NULL;
        *n = 0;
    } else if (*n)
        qsort(*names, *n, sizeof **names, by_bytes);
    return rc;
}

int listing_is_folder(const char *path, int *holds_folder)
{
    struct stat info;
    *holds_folder = 0;
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
        return 0;
    DIR *dir = opendir(path);
    struct dirent *entry;
    while (dir && !*holds_folder && (entry = readdir(dir))) {
        char whole[LISTING_PATH];
        *holds_folder = entry->d_name[0] != '.' &&
                        snprintf(whole, sizeof whole, "%s/%s", path, entry->d_name) < (int)sizeof whole &&
                        stat(whole, &info) == 0 && S_ISDIR(info.st_mode);
    }
    if (dir)
        closedir(dir);
    return 1;
}

static int is_picture(const char *name)
{
    static const char *const endings[] = { ".png", ".jpg", ".jpeg" };
    const char *dot = strrchr(name, '.');
    for (unsigned i = 0; dot && i < 3; i++)
        if (!strcasecmp(dot, endings[i]))
            return 1;
    return 0;
}

static hone_rc add(struct listing *list, const char *name, const struct stat *info, int32_t label, hone_error *err)
{
    const size_t length = strlen(name) + 1;
    if (list->n == list->capacity) {
        const uint64_t capacity = list->capacity ? list->capacity * 2 : 256;
        struct listing_file *more = realloc(list->files, capacity * sizeof *more);
        if (!more)
            return out_of_memory(list, err);
        list->files = more;
        list->capacity = capacity;
    }
    if (list->text_capacity - list->text_bytes < length) {
        const uint64_t capacity = 2 * list->text_capacity + 4096;
        char *more = realloc(list->text, capacity);
        if (!more)
            return out_of_memory(list, err);
        list->text = more;
        list->text_capacity = capacity;
    }
    memcpy(list->text + list->text_bytes, name, length);
    list->files[list->n++] = (struct listing_file){ list->text_bytes, (uint64_t)info->st_size,
                                                    (int64_t)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec,
                                                    label, 0 };
    list->text_bytes += length;
    return HONE_OK;
}

static hone_rc read_class(struct listing *list, int32_t label, hone_error *err)
{
    char folder[LISTING_PATH], path[LISTING_PATH], **names = NULL;
    uint32_t n = 0;
    struct stat info;
    hone_rc rc = HONE_OK;
    if (snprintf(folder, sizeof folder, "%s/%s", list->root, list->classes[label]) >= (int)sizeof folder)
        return hone_fail(err, HONE_EINVAL, "directory", "the path of %.120s is longer than %d bytes",
                         list->classes[label], LISTING_PATH);
    if (stat(folder, &info) != 0 && errno == ENOENT)
        return HONE_OK; /* the test split may lack a class */
    rc = names_in(list, folder, 0, &names, &n, err);
    for (uint32_t i = 0; i < n && rc == HONE_OK; i++) {
        if (!is_picture(names[i])) {
            list->n_ignored++;
            continue;
        }
        if (snprintf(path, sizeof path, "%s/%s", folder, names[i]) >= (int)sizeof path || stat(path, &info) != 0)
            rc = hone_fail(err, HONE_EIO, "directory", "cannot look at %.160s: %s", path, strerror(errno));
        else
            rc = add(list, names[i], &info, label, err);
    }
    free_names(names, n);
    return rc;
}

hone_rc listing_read(struct listing *list, const char *root, const struct listing *like, hone_error *err)
{
    char **names = NULL;
    uint32_t n = 0;
    memset(list, 0, sizeof *list);
    if (snprintf(list->root, sizeof list->root, "%s", root) >= (int)sizeof list->root)
        return hone_fail(err, HONE_EINVAL, "directory", "the path of the folder is longer than %d bytes", LISTING_PATH);
    hone_rc rc = names_in(list, root, 1, &names, &n, err);
    if (rc != HONE_OK)
        return rc;
    if (!like) {
        list->classes = names;
        list->n_classes = n;
    } else {
        for (uint32_t i = 0; i < n && rc == HONE_OK; i++)
            if (!bsearch(&names[i], like->classes, like->n_classes, sizeof *names, by_bytes))
                rc = hone_fail(err, HONE_EIO, "directory",
                               "%.110s/%.60s is a class that the training folder does not have", root, names[i]);
        free_names(names, n);
        list->classes = calloc(like->n_classes ? like->n_classes : 1, sizeof *list->classes);
        if (!list->classes)
            rc = out_of_memory(list, err);
        for (uint32_t i = 0; i < like->n_classes && rc == HONE_OK; i++, list->n_classes++)
            if (!(list->classes[i] = strdup(like->classes[i])))
                rc = out_of_memory(list, err);
    }
    for (uint32_t k = 0; k < list->n_classes && rc == HONE_OK; k++)
        rc = read_class(list, (int32_t)k, err);
    return rc;
}

void listing_release(struct listing *list)
{
    if (list->classes)
        free_names(list->classes, list->n_classes);
    free(list->files);
    free(list->text);
    memset(list, 0, sizeof *list);
}

hone_rc listing_path(const struct listing *list, const struct listing_file *file, char path[LISTING_PATH],
                     hone_error *err)
{
    if (snprintf(path, LISTING_PATH, "%s/%s/%s", list->root, list->classes[file->label], list->text + file->name) >=
        LISTING_PATH)
        return hone_fail(err, HONE_EINVAL, "directory", "the path of %.120s is longer than %d bytes",
                         list->text + file->name, LISTING_PATH);
    return HONE_OK;
}
