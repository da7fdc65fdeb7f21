/* SPDX-License-Identifier: MIT */
/* Files and folders: reading whole files, writing them so that they are whole or absent, the user's directories. */
#ifndef HONE_BASE_FILE_H
#define HONE_BASE_FILE_H
#include "hone/plugin.h"

#include <stddef.h>

/* Reads a regular file (or "-": standard input) of at most `limit` bytes; *data is malloc'ed, a NUL stands behind. */
hone_rc file_read(const char *path, size_t limit, char **data, size_t *n, hone_error *err);
/* path.tmp-PID, fsync, rename, fsync of the directory. */
hone_rc file_write_atomically(const char *path, const void *data, size_t n, hone_error *err);
/* The same piece by piece: whole or absent after file_stream_close, absent after file_stream_drop. */
struct file_stream {
    char *path, *temporary;
    int fd, error; /* errno of the first failure; the rest is not written */
    size_t used;
    char *buffer;
};
hone_rc file_stream_open(struct file_stream *stream, const char *path, hone_error *err);
int file_stream_write(struct file_stream *stream, const void *data, size_t n); /* 0 or -1 */
hone_rc file_stream_close(struct file_stream *stream, hone_error *err);
void file_stream_drop(struct file_stream *stream);
/* mkdir -p */
hone_rc directory_make(const char *path, hone_error *err);
/* Malloc'ed: path made absolute relative to base (a directory; NULL: the current one); "~/" is expanded. NULL: out of
 * memory. */
char *path_absolute(const char *base, const char *path);
/* Malloc'ed directory part of a path ("." where there is none). */
char *path_directory(const char *path);
/* Malloc'ed "$XDG_CACHE_HOME/hone", "$XDG_DATA_HOME/hone" with their defaults below $HOME; NULL without a home. */
char *user_cache_directory(void);
char *user_data_directory(void);
/* Malloc'ed directory of the running program ("/usr/local/bin"), from /proc/self/exe. */
char *program_directory(void);
#endif
