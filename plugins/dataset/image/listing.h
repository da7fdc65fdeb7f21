/* SPDX-License-Identifier: MIT */
/* The files of a folder of classes: class by class in the order of their names' bytes, whatever the file system's order. */
#ifndef HONE_IMAGE_LISTING_H
#define HONE_IMAGE_LISTING_H
#include "hone/plugin.h"

enum { LISTING_PATH = 4096 };
struct listing_file {
    uint64_t name; /* offset in text */
    uint64_t size;
    int64_t mtime_ns;
    int32_t label;
    uint32_t reserved;
};
struct listing {
    char root[LISTING_PATH];
    char **classes; /* (n_classes), sorted */
    uint32_t n_classes, reserved;
    struct listing_file *files;      /* (n) */
    uint64_t n, capacity, n_ignored; /* ignored: neither .png nor .jpg, .jpeg by name */
    char *text;
    uint64_t text_bytes, text_capacity;
};

/* 1 where the path is a folder; *holds_folder: whether one lies inside. */
int listing_is_folder(const char *path, int *holds_folder);
/* Lists root/CLASS/FILE. The classes are the folders in root, or `like`'s where it is not NULL (a folder that is none of its
 * classes is refused, one that is missing is empty). Names that start with a dot are passed over. HONE_EIO, HONE_ENOMEM. */
hone_rc listing_read(struct listing *list, const char *root, const struct listing *like, hone_error *err);
void listing_release(struct listing *list);
/* Path of a file. HONE_EINVAL: too long. [any] */
hone_rc listing_path(const struct listing *list, const struct listing_file *file, char path[LISTING_PATH],
                     hone_error *err);
#endif
