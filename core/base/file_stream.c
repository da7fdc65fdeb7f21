/* SPDX-License-Identifier: MIT */
/* Files written piece by piece into a neighbour that takes their place at the end. */
#include "base/file.h"
#include "hone/param.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER = 1 << 16 };

static void release(struct file_stream *s)
{
    free(s->path);
    free(s->temporary);
    free(s->buffer);
    *s = (struct file_stream){ .fd = -1 };
}

hone_rc file_stream_open(struct file_stream *s, const char *path, hone_error *err)
{
    *s = (struct file_stream){ .fd = -1 };
    if (!(s->path = strdup(path)) || asprintf(&s->temporary, "%s.tmp-%ld", path, (long)getpid()) < 0 ||
        !(s->buffer = malloc(BUFFER))) {
        release(s);
        return hone_fail(err, HONE_ENOMEM, "", "cannot write %.180s: out of memory", path);
    }
    s->fd = open(s->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (s->fd >= 0)
        return HONE_OK;
    hone_fail(err, HONE_EIO, "", "cannot write %.180s: %s", path, strerror(errno));
    release(s);
    return HONE_EIO;
}

static void put(struct file_stream *s, const char *data, size_t n)
{
    while (n > 0 && !s->error) {
        const ssize_t done = write(s->fd, data, n);
        if (done < 0 && errno != EINTR)
            s->error = errno;
        if (done > 0) {
            data += done;
            n -= (size_t)done;
        }
    }
}

static void flush(struct file_stream *s)
{
    put(s, s->buffer, s->used);
    s->used = 0;
}

int file_stream_write(struct file_stream *s, const void *data, size_t n)
{
    if (n > BUFFER - s->used)
        flush(s);
    if (n > BUFFER) {
        put(s, data, n);
    } else {
        memcpy(s->buffer + s->used, data, n);
        s->used += n;
    }
    return s->error ? -1 : 0;
}

hone_rc file_stream_close(struct file_stream *s, hone_error *err)
{
    flush(s);
    if (!s->error && fsync(s->fd) < 0 && errno != EINVAL && errno != EROFS)
        s->error = errno;
    if (close(s->fd) < 0 && !s->error)
        s->error = errno;
    s->fd = -1;
    if (!s->error && rename(s->temporary, s->path) < 0)
        s->error = errno;
    if (s->error) {
        hone_fail(err, HONE_EIO, "", "cannot write %.180s: %s", s->path, strerror(s->error));
        file_stream_drop(s);
        return HONE_EIO;
    }
    release(s);
    return HONE_OK;
}

void file_stream_drop(struct file_stream *s)
{
    if (s->fd >= 0)
        close(s->fd);
    if (s->temporary)
        unlink(s->temporary);
    release(s);
}
