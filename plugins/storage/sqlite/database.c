/* SPDX-License-Identifier: MIT */
/* database.c - the connection of storage/sqlite: opening it with care, statements compiled once, SQLite's result codes as
 * sentences that name the file and the remedy. */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum { CACHE_KIBIBYTES = 2048, WAL_KEEP_BYTES = 4 << 20, SHOWN_PATH = 100 };

const char *store_shown(const char *path)
{
    const size_t n = strlen(path);
    if (n <= SHOWN_PATH)
        return path;
    path += n - SHOWN_PATH;
    while (((unsigned char)*path & 0xC0u) == 0x80u) /* not in the middle of a character */
        path++;
    return path;
}

/* The size of a file beside the database ("": itself), 0 where there is none. */
static uint64_t size_of(const struct store *store, const char *ending)
{
    struct stat about;
    const char *base = store->real ? store->real : store->path;
    const size_t n = strlen(base) + strlen(ending) + 1;
    char *path = malloc(n);
    if (!path)
        return 0;
    snprintf(path, n, "%s%s", base, ending);
    const int known = stat(path, &about) == 0;
    free(path);
    return known ? (uint64_t)about.st_size : 0;
}

/* Why the system refused to read or write. SQLite forgets it when it rolls back after a failed write; then the limits that
 * a write can have met are looked at. 0: unknown. */
static int io_cause(const struct store *store)
{
    enum { NEAR = 1 << 16 };
    struct rlimit limit;
    struct statvfs disk;
    const int cause = sqlite3_system_errno(store->db);
    if (cause == ENOSPC || cause == EDQUOT || cause == EFBIG)
        return cause;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
        (size_of(store, "") + NEAR > limit.rlim_cur || size_of(store, "-wal") + NEAR > limit.rlim_cur))
        return EFBIG;
    if (statvfs(store->path, &disk) == 0 && disk.f_bavail == 0)
        return ENOSPC;
    return cause;
}

static hone_rc fail_io(const struct store *store, const char *doing, hone_error *err)
{
    const char *path = store_shown(store->path);
    const int cause = io_cause(store);
    switch (cause) {
    case ENOSPC:
    case EDQUOT:
        return hone_fail(err, HONE_EIO, "",
                         "'%s': %s; what was committed before is safe; free some space and run the same command again",
                         path, cause == ENOSPC ? "the disk is full" : "the disk quota is used up");
    case EFBIG:
        return hone_fail(
            err, HONE_EIO, "",
            "'%s' has reached the limit on file sizes (ulimit -f); what was committed before is safe; raise it and "
            "run the same command again",
            path);
    default:
        return hone_fail(err, HONE_EIO, "", "cannot %s '%s': %s; check the disk, then run the same command again",
                         doing, path, cause ? strerror(cause) : sqlite3_errmsg(store->db));
    }
}

/* The directory of a path, to be freed; NULL: out of memory. */
static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
}

static hone_rc fail_open(const struct store *store, const char *doing, hone_error *err)
{
    const char *path = store_shown(store->path);
    const int wanted = store->mode == HONE_STORAGE_WRITE ? R_OK | W_OK : R_OK;
    int cause = sqlite3_system_errno(store->db);
    char *directory = directory_of(store->path);
    /* what SQLite met last is not always the reason: it tries a second way */
    if (faccessat(AT_FDCWD, store->path, wanted, AT_EACCESS) < 0 && errno != ENOENT)
        cause = errno;
    else if (directory && store->mode == HONE_STORAGE_WRITE &&
             faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) < 0)
        cause = errno;
    free(directory);
    return hone_fail(err, HONE_EIO, "",
                     "cannot %s '%s': %s; allow access to the file and writing in its directory, or name another file",
                     doing, path, cause ? strerror(cause) : sqlite3_errmsg(store->db));
}

hone_rc store_fail(const struct store *store, int code, const char *doing, hone_error *err)
{
    const char *path = store_shown(store->path);
    switch (code & 0xff) {
    case SQLITE_NOMEM: return hone_fail(err, HONE_ENOMEM, "", "out of memory for '%s'", path);
    case SQLITE_FULL:
        return hone_fail(
            err, HONE_EIO, "",
            "'%s': the disk is full; what was committed before is safe; free some space and run the same command "
            "again",
            path);
    case SQLITE_IOERR:
        return code == SQLITE_IOERR_NOMEM ? hone_fail(err, HONE_ENOMEM, "", "out of memory for '%s'", path)
                                          : fail_io(store, doing, err);
    case SQLITE_CANTOPEN: return fail_open(store, doing, err);
    case SQLITE_READONLY:
        return hone_fail(err, HONE_EIO, "",
                         "'%s' is read-only; allow writing to the file and in its directory, or name another file",
                         path);
    case SQLITE_NOTADB:
        return hone_fail(err, HONE_EIO, "", "'%s' is not an SQLite database; name another file as the storage", path);
    case SQLITE_CORRUPT:
        return hone_fail(
            err, HONE_EIO, "",
            "'%s' is damaged; take a copy of it and rescue what it holds with: sqlite3 COPY .recover | sqlite3 NEW",
            path);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return hone_fail(err, HONE_EIO, "busy_timeout",
                         "'%s' has been locked by another process for %g s; end that process, or raise busy_timeout",
                         path, store->settings->busy_timeout);
    default:
        return hone_fail(err, HONE_EIO, "", "cannot %s '%s': %s; if it should be a hone storage, it is damaged", doing,
                         path, sqlite3_errmsg(store->db));
    }
}

static int first_integer(void *result, int columns, char **values, char **names)
{
    (void)names;
    if (result && columns > 0 && values[0])
        *(int64_t *)result = strtoll(values[0], NULL, 10);
    return 0;
}

int store_execute(struct store *store, const char *sql, int64_t *result)
{
    return sqlite3_exec(store->db, sql, first_integer, result, NULL) == SQLITE_OK ? SQLITE_OK
                                                                                  : sqlite3_extended_errcode(store->db);
}

sqlite3_stmt *store_statement(struct store *store, enum statement which, hone_error *err)
{
#define STATEMENT_SQL(id, sql) sql,
    static const char *const sql[N_STATEMENTS] = { STATEMENTS(STATEMENT_SQL) };
#undef STATEMENT_SQL
    sqlite3_stmt *statement = store->statements[which];
    if (statement && !sqlite3_stmt_busy(statement))
        return statement;
    const unsigned flags = statement ? 0 : SQLITE_PREPARE_PERSISTENT;
    sqlite3_stmt *fresh = NULL;
    const int code = sqlite3_prepare_v3(store->db, sql[which], -1, flags, &fresh, NULL);
    if (code != SQLITE_OK) {
        store_fail(store, code, "read", err);
        return NULL;
    }
    if (!statement)
        store->statements[which] = fresh;
    return fresh;
}

void store_done(struct store *store, enum statement which, sqlite3_stmt *statement)
{
    if (!statement)
        return;
    if (statement != store->statements[which]) {
        sqlite3_finalize(statement);
        return;
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

hone_rc store_run(struct store *store, enum statement which, sqlite3_stmt *statement, hone_error *err)
{
    const int code = sqlite3_step(statement);
    /* the error is worded before store_done, which forgets the system's error number */
    const hone_rc rc = code == SQLITE_DONE || code == SQLITE_ROW
                           ? HONE_OK
                           : store_fail(store, sqlite3_extended_errcode(store->db), "write to", err);
    store_done(store, which, statement);
    return rc;
}

/* The path as an immutable file: URI, for a file that nobody can write where we stand. NULL: out of memory. */
static char *immutable_uri(const char *path)
{
    static const char tail[] = "?immutable=1";
    char *uri = malloc(strlen("file:") + 3 * strlen(path) + sizeof tail), *to = uri;
    if (!uri)
        return NULL;
    to += sprintf(to, "file:");
    for (; *path; path++)
        if ((*path >= '0' && *path <= '9') || (*path >= 'a' && *path <= 'z') || (*path >= 'A' && *path <= 'Z') ||
            strchr("/._-", *path))
            *to++ = *path;
        else
            to += sprintf(to, "%%%02X", (unsigned)(unsigned char)*path);
    memcpy(to, tail, sizeof tail);
    return uri;
}

static int open_file(struct store *store, const char *name, int flags)
{
    sqlite3_close(store->db);
    store->db = NULL;
    int code = sqlite3_open_v2(name, &store->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code != SQLITE_OK)
        return code;
    sqlite3_busy_timeout(store->db, (int)(store->settings->busy_timeout * 1000));
    /* The file may be a stranger's: no trigger, view or schema function of it runs here, and until it is known to be ours
     * closing it must not write either. */
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    char pragma[160];
    snprintf(pragma, sizeof pragma,
             "PRAGMA cache_size = -%d; PRAGMA journal_size_limit = %d; PRAGMA cell_size_check = 1;", CACHE_KIBIBYTES,
             WAL_KEEP_BYTES);
    if ((code = store_execute(store, pragma, NULL)) != SQLITE_OK)
        return code;
    return store_execute(store, "SELECT count(*) FROM sqlite_schema", NULL); /* the first look into the file */
}

/* A database in WAL mode in a directory where we may not create its -shm: with no -wal beside it nobody has it open, and it
 * can be read as the plain file that it is. */
static int may_be_immutable(const struct store *store)
{
    struct stat about;
    const size_t n = strlen(store->path) + sizeof "-wal";
    char *wal = malloc(n);
    if (!wal)
        return 0;
    snprintf(wal, n, "%s-wal", store->path);
    const int absent = stat(wal, &about) < 0 && errno == ENOENT;
    free(wal);
    return absent && stat(store->path, &about) == 0 && S_ISREG(about.st_mode);
}

static int enter_wal(struct store *store, hone_error *err)
{
    /* Changing the mode does not call the busy handler: two processes that create the file at once take turns here. */
    const struct timespec pause = { 0, 10 * 1000 * 1000 };
    const int tries = (int)(store->settings->busy_timeout * 100) + 1;
    int code = SQLITE_OK;
    for (int i = 0; i < tries; i++) {
        sqlite3_stmt *statement = NULL;
        int is_wal = 0;
        code = sqlite3_prepare_v2(store->db, "PRAGMA journal_mode = WAL", -1, &statement, NULL);
        if (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW)
            is_wal = !strcmp((const char *)sqlite3_column_text(statement, 0), "wal");
        if (code != SQLITE_ROW && code != SQLITE_DONE)
            code = sqlite3_extended_errcode(store->db);
        sqlite3_finalize(statement);
        if (is_wal)
            return HONE_OK;
        if (code == SQLITE_ROW)
            return hone_fail(
                err, HONE_EIO, "",
                "'%s' cannot have a write-ahead log: its file system has no shared memory; put it on a local disk",
                store_shown(store->path));
        if ((code & 0xff) != SQLITE_BUSY)
            break;
        nanosleep(&pause, NULL);
    }
    return store_fail(store, code, "write to", err);
}

static hone_rc check_place(const struct store *store, hone_error *err)
{
    struct stat about;
    const char *path = store_shown(store->path);
    hone_rc rc = HONE_OK;
    if (stat(store->path, &about) == 0) {
        if (S_ISDIR(about.st_mode))
            return hone_fail(err, HONE_EIO, "", "'%s' is a directory; name a file in it, such as study.db", path);
        if (!S_ISREG(about.st_mode))
            return hone_fail(err, HONE_EIO, "", "'%s' is not a regular file; name another file as the storage", path);
        return HONE_OK;
    }
    if (errno != ENOENT && errno != ENOTDIR)
        return hone_fail(err, HONE_EIO, "", "cannot open '%s': %s; check the path and its permissions", path,
                         strerror(errno));
    if (store->mode == HONE_STORAGE_READ)
        return hone_fail(err, HONE_EIO, "", "there is no file '%s'; check the path", path);
    char *directory = directory_of(store->path);
    if (!directory)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for '%s'", path);
    if (stat(directory, &about) < 0 || !S_ISDIR(about.st_mode))
        rc = hone_fail(err, HONE_EIO, "", "there is no directory '%s' to keep the storage in; create it with mkdir -p",
                       store_shown(directory));
    free(directory);
    return rc;
}

hone_rc store_connect(struct store *store, const char *location, uint32_t mode, hone_error *err)
{
    store->mode = mode;
    if (!location || !*location)
        return hone_fail(err, HONE_EINVAL, "storage",
                         "the storage names no file; write sqlite:FILE, such as sqlite:study.db");
    if (!(store->path = strdup(location)))
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for '%s'", store_shown(location));
    hone_rc rc = check_place(store, err);
    if (rc < 0)
        return rc;
    int code = mode == HONE_STORAGE_READ ? open_file(store, location, SQLITE_OPEN_READONLY)
                                         : open_file(store, location, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    if (mode == HONE_STORAGE_READ && ((code & 0xff) == SQLITE_CANTOPEN || (code & 0xff) == SQLITE_READONLY) &&
        may_be_immutable(store)) {
        char *uri = immutable_uri(location);
        if (!uri)
            return hone_fail(err, HONE_ENOMEM, "", "out of memory for '%s'", store_shown(location));
        code = open_file(store, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
        free(uri);
    }
    if (code != SQLITE_OK)
        return store_fail(store, code, "open", err);
    if (mode == HONE_STORAGE_WRITE && sqlite3_db_readonly(store->db, "main") == 1)
        return store_fail(store, SQLITE_READONLY, "write to", err);
    const char *real = sqlite3_db_filename(store->db, "main");
    if (!(store->real = strdup(real && *real ? real : location)))
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for '%s'", store_shown(location));
    int version = 0;
    if ((rc = store_identify(store, SCHEMA_VERSION, &version, err)) < 0)
        return rc;
    if (mode == HONE_STORAGE_WRITE) {
        if ((rc = enter_wal(store, err)) < 0)
            return rc;
        code = store_execute(store,
                             store->settings->synchronous == SYNCHRONOUS_FULL ? "PRAGMA synchronous = FULL"
                                                                              : "PRAGMA synchronous = NORMAL",
                             NULL);
        if (code != SQLITE_OK)
            return store_fail(store, code, "write to", err);
    }
    if ((rc = store_migrate(store, store_migrations, SCHEMA_VERSION, err)) < 0)
        return rc;
    if (mode == HONE_STORAGE_WRITE)
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    return HONE_OK;
}

void store_disconnect(struct store *store)
{
    for (int i = 0; i < N_STATEMENTS; i++) {
        sqlite3_finalize(store->statements[i]);
        store->statements[i] = NULL;
    }
    store_forget_names(store);
    sqlite3_close(store->db);
    store->db = NULL;
    free(store->path);
    free(store->real);
    store->path = store->real = NULL;
    store->in_transaction = 0;
    store->known_study = 0;
}
