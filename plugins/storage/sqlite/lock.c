/* SPDX-License-Identifier: MIT */
/* lock.c - who runs a study: an open-file-description lock on a byte range of FILE-lock, one range per study.
 *
 * The kernel drops such a lock with the last descriptor of its file, so the death of the holder, kill -9 too, frees the
 * study: nothing can be stale. The holder writes its process id into its range, for the message. The file is removed by the
 * last that leaves; hence whoever has locked a range makes sure that the file is still the one of that name. */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SLOT = 32, TRIES = 100 };

static int lock_range(int file, short type, int64_t start, int64_t length)
{
    struct flock range;
    memset(&range, 0, sizeof range);
    range.l_type = type;
    range.l_whence = SEEK_SET;
    range.l_start = start;
    range.l_len = length;
    return fcntl(file, F_OFD_SETLK, &range);
}

static char *lock_path(const struct store *store)
{
    const size_t n = strlen(store->real) + sizeof "-lock";
    char *path = malloc(n);
    if (path)
        snprintf(path, n, "%s-lock", store->real);
    return path;
}

static int same_file(int file, const char *path)
{
    struct stat held, named;
    return fstat(file, &held) == 0 && stat(path, &named) == 0 && held.st_dev == named.st_dev &&
           held.st_ino == named.st_ino;
}

static hone_rc fail_system(const struct store *store, hone_error *err)
{
    return hone_fail(err, HONE_EIO, "",
                     "cannot lock '%s-lock': %s; allow writing in its directory, or name another file as the storage",
                     store_shown(store->real), strerror(errno));
}

static hone_rc fail_held(struct store *store, int file, int64_t study, hone_error *err)
{
    char holder[SLOT] = "", name[41] = "";
    const ssize_t n = pread(file, holder, sizeof holder - 1, study * SLOT);
    const long process = n > 0 ? strtol(holder, NULL, 10) : 0;
    sqlite3_stmt *statement = store_statement(store, S_FIND_STUDY_NAME, NULL);
    if (statement) {
        sqlite3_bind_int64(statement, 1, study);
        if (sqlite3_step(statement) == SQLITE_ROW)
            snprintf(name, sizeof name, "%s", (const char *)sqlite3_column_text(statement, 0));
        store_done(store, S_FIND_STUDY_NAME, statement);
    }
    if (process > 0)
        return hone_fail(
            err, HONE_EIO, "",
            "study '%s' in '%s' is being run by process %ld; wait for it, end it, or give this study another name",
            name, store_shown(store->path), process);
    return hone_fail(
        err, HONE_EIO, "",
        "study '%s' in '%s' is being run by another process; wait for it, end it, or give this study another name",
        name, store_shown(store->path));
}

hone_rc store_lock(void *self, int64_t study, hone_error *err)
{
    struct store *store = self;
    const struct timespec pause = { 0, 2 * 1000 * 1000 };
    if (!store->db || store->mode != HONE_STORAGE_WRITE)
        return hone_fail(err, HONE_EINVAL, "", "a study can be locked only in a storage open for writing");
    if (study < 1 || study > INT64_MAX / SLOT - 1)
        return hone_fail(err, HONE_EINVAL, "", "there is no study %lld to lock", (long long)study);
    char *path = lock_path(store);
    if (!path)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a lock");
    hone_rc rc = HONE_OK;
    for (int i = 0;; i++) {
        if (store->lock_file < 0 && (store->lock_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666)) < 0) {
            rc = fail_system(store, err);
            break;
        }
        const int locked = lock_range(store->lock_file, F_WRLCK, study * SLOT, SLOT) == 0;
        if (!locked && errno != EAGAIN && errno != EACCES) {
            rc = fail_system(store, err);
            break;
        }
        if (locked && same_file(store->lock_file, path)) {
            char holder[SLOT + 1];
            const int n = snprintf(holder, sizeof holder, "%-*ld\n", SLOT - 1, (long)getpid());
            if (pwrite(store->lock_file, holder, (size_t)n, study * SLOT) != n)
                rc = fail_system(store, err);
            break;
        }
        /* Removed under our hands, or held: by whoever runs the study, or for a moment by one that leaves. Try again. */
        if (!same_file(store->lock_file, path)) {
            close(store->lock_file);
            store->lock_file = -1;
        } else if (i >= TRIES) {
            rc = fail_held(store, store->lock_file, study, err);
            break;
        }
        nanosleep(&pause, NULL);
    }
    free(path);
    return rc;
}

/* Somebody else's lock on the study's range, looked at without taking it. The kernel names no process for such a lock: the
 * holder's own word does. */
hone_rc store_runner(void *self, int64_t study, int64_t *process, hone_error *err)
{
    struct store *store = self;
    struct flock range;
    char holder[SLOT] = "";
    hone_rc rc = HONE_OK;
    *process = 0;
    if (!store->db || study < 1 || study > INT64_MAX / SLOT - 1)
        return hone_fail(err, HONE_EINVAL, "", "there is no study %lld to ask after", (long long)study);
    char *path = lock_path(store);
    if (!path)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a lock");
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    const int absent = file < 0 && errno == ENOENT;
    memset(&range, 0, sizeof range);
    range.l_type = F_WRLCK;
    range.l_whence = SEEK_SET;
    range.l_start = study * SLOT;
    range.l_len = SLOT;
    if (!absent && (file < 0 || fcntl(file, F_OFD_GETLK, &range) != 0)) {
        rc = fail_system(store, err);
    } else if (!absent && range.l_type != F_UNLCK) {
        const ssize_t n = pread(file, holder, sizeof holder - 1, study * SLOT);
        *process = n > 0 ? strtol(holder, NULL, 10) : 0;
        rc = HONE_WAIT;
    }
    if (file >= 0)
        close(file);
    free(path);
    return rc;
}

void store_unlock(struct store *store)
{
    if (store->lock_file < 0)
        return;
    char *path = lock_path(store);
    /* the whole file is ours only where nobody else runs a study; it is removed before the lock goes */
    if (path && lock_range(store->lock_file, F_WRLCK, 0, 0) == 0 && same_file(store->lock_file, path))
        unlink(path);
    free(path);
    close(store->lock_file);
    store->lock_file = -1;
}
