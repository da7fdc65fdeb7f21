/* SPDX-License-Identifier: MIT */
/* Whole files in and out, the user's directories. */
#include "base/file.h"
#include "base/text.h"
#include "hone/param.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *kind_of(mode_t mode)
{
    return S_ISDIR(mode) ? "a directory" : S_ISFIFO(mode) ? "a pipe" : S_ISSOCK(mode) ? "a socket" : "a device";
}

/* Reads fd to its end into *data, which holds *n bytes then; 0, -1 with errno, or 1: more than the limit. */
static int read_all(int fd, size_t limit, size_t expected, char **data, size_t *n)
{
    size_t capacity = expected < limit ? expected + 1 : limit + 1, used = 0;
    char *buffer = malloc(capacity + 1);
    while (buffer) {
        ssize_t got;
        if (used == capacity) {
            char *more;
            if (used > limit) {
                free(buffer);
                return 1;
            }
            capacity = capacity > (limit + 1) / 2 ? limit + 1 : capacity * 2;
            more = realloc(buffer, capacity + 1);
            if (!more)
                break;
            buffer = more;
        }
        got = read(fd, buffer + used, capacity - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            break;
        if (got == 0) {
            buffer[used] = '\0';
            *data = buffer;
            *n = used;
            return 0;
        }
        used += (size_t)got;
    }
    free(buffer);
    return -1;
}

hone_rc file_read(const char *path, size_t limit, char **data, size_t *n, hone_error *err)
{
    const int standard = !strcmp(path, "-");
    const char *name = standard ? "standard input" : path;
    /* O_NONBLOCK: opening a pipe must not wait for its writer */
    const int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;
    hone_rc rc = HONE_OK;
    int result;
    *data = NULL;
    *n = 0;
    if (limit > SIZE_MAX / 2)
        limit = SIZE_MAX / 2;
    if (fd < 0 || fstat(fd, &status) < 0) {
        rc = hone_fail(err, HONE_EIO, "", "cannot read %.180s: %s", name, strerror(errno));
        goto out;
    }
    if (!standard && !S_ISREG(status.st_mode)) {
        rc = hone_fail(err, HONE_EIO, "", "cannot read %.180s: it is %s, not a file", name, kind_of(status.st_mode));
        goto out;
    }
    result = read_all(fd, limit, S_ISREG(status.st_mode) && status.st_size > 0 ? (size_t)status.st_size : 4096, data,
                      n);
    if (result > 0)
        rc = hone_fail(err, HONE_ERANGE, "", "cannot read %.180s: it is larger than %zu bytes", name, limit);
    else if (result < 0)
        rc = hone_fail(err, errno == ENOMEM ? HONE_ENOMEM : HONE_EIO, "", "cannot read %.180s: %s", name,
                       strerror(errno));
out:
    if (fd >= 0 && !standard)
        close(fd);
    return rc;
}

static int write_all(int fd, const char *data, size_t n)
{
    while (n > 0) {
        const ssize_t done = write(fd, data, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -1;
        data += done;
        n -= (size_t)done;
    }
    return 0;
}

hone_rc file_write_atomically(const char *path, const void *data, size_t n, hone_error *err)
{
    char *directory = path_directory(path);
    struct text temporary = TEXT_INIT;
    hone_rc rc = HONE_OK;
    int fd = -1, folder = -1, made = 0, failed;
    text_addf(&temporary, "%s.tmp-%ld", path, (long)getpid());
    if (!directory || temporary.failed) {
        rc = hone_fail(err, HONE_ENOMEM, "", "cannot write %.180s: out of memory", path);
        goto out;
    }
    fd = open(temporary.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    made = fd >= 0;
    failed = fd < 0 || write_all(fd, data, n) < 0 || fsync(fd) < 0;
    if (fd >= 0 && close(fd) < 0) /* NFS reports a full disk here */
        failed = 1;
    if (failed || rename(temporary.data, path) < 0) {
        rc = hone_fail(err, HONE_EIO, "", "cannot write %.180s: %s", path, strerror(errno));
        goto out;
    }
    made = 0;
    folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* some file systems cannot sync a directory */
    if (folder >= 0 && fsync(folder) < 0 && errno != EINVAL && errno != EROFS)
        rc = hone_fail(err, HONE_EIO, "", "cannot write %.180s: %s", path, strerror(errno));
out:
    if (folder >= 0)
        close(folder);
    if (made)
        unlink(temporary.data);
    text_release(&temporary);
    free(directory);
    return rc;
}

hone_rc directory_make(const char *path, hone_error *err)
{
    struct stat status;
    char *copy = strdup(path);
    hone_rc rc = HONE_OK;
    if (!copy)
        return hone_fail(err, HONE_ENOMEM, "", "cannot make the directory %.180s: out of memory", path);
    for (char *s = copy; *s; s++) {
        if (s[1] != '/' && s[1] != '\0')
            continue;
        if (*s == '/') /* "//", a slash at the end, the root */
            continue;
        const char kept = s[1];
        s[1] = '\0';
        if (mkdir(copy, 0777) < 0 && (errno != EEXIST || stat(copy, &status) < 0 || !S_ISDIR(status.st_mode))) {
            rc = hone_fail(err, HONE_EIO, "", "cannot make the directory %.180s: %s", path,
                           errno == EEXIST || !errno ? "there is a file of that name" : strerror(errno));
            break;
        }
        s[1] = kept;
    }
    free(copy);
    return rc;
}

static const char *home(void)
{
    const char *directory = getenv("HOME");
    if (!directory || !*directory) {
        const struct passwd *user = getpwuid(getuid());
        directory = user ? user->pw_dir : NULL;
    }
    return directory && *directory == '/' ? directory : NULL;
}

/* Adds a path without its empty and "." parts; ".." stays: what is before it may be a link. */
static void add_parts(struct text *out, const char *path)
{
    while (*path) {
        const size_t n = strcspn(path, "/");
        if (n && !(n == 1 && path[0] == '.')) {
            text_add(out, "/");
            text_add_bytes(out, path, n);
        }
        path += n + (path[n] == '/');
    }
}

static char *finish(struct text *text)
{
    if (!text->length)
        text_add(text, "/");
    if (text->failed)
        text_release(text);
    return text->data;
}

char *path_absolute(const char *base, const char *path)
{
    struct text out = TEXT_INIT;
    char *current = NULL;
    if (path[0] == '~' && (path[1] == '/' || !path[1]) && home()) {
        add_parts(&out, home());
        path++;
    } else if (path[0] != '/') {
        if (!base || base[0] != '/') {
            current = getcwd(NULL, 0);
            if (!current)
                return NULL;
            add_parts(&out, current);
            free(current);
        }
        if (base)
            add_parts(&out, base);
    }
    add_parts(&out, path);
    return finish(&out);
}

char *path_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return strdup(".");
    while (slash > path && slash[-1] == '/')
        slash--;
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* "$VARIABLE/hone" where it is absolute (the XDG base directory specification ignores others), else "~/FALLBACK/hone" */
static char *user_directory(const char *variable, const char *fallback)
{
    const char *set = getenv(variable);
    struct text out = TEXT_INIT;
    if (set && *set == '/') {
        add_parts(&out, set);
    } else {
        if (!home())
            return NULL;
        add_parts(&out, home());
        add_parts(&out, fallback);
    }
    add_parts(&out, "hone");
    return finish(&out);
}

char *user_cache_directory(void)
{
    return user_directory("XDG_CACHE_HOME", ".cache");
}

char *user_data_directory(void)
{
    return user_directory("XDG_DATA_HOME", ".local/share");
}

char *program_directory(void)
{
    char path[PATH_MAX];
    const ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0)
        return NULL;
    path[n] = '\0';
    return path_directory(path);
}
