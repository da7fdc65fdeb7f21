/* SPDX-License-Identifier: MIT */
/* storage/sqlite when things go wrong: every failure is one sentence with the path and the remedy, and what was committed
 * before stays. Damaged and hostile files end in such a sentence too, never in a crash. */
#include "fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

static hone_rc see_trial(void *ctx, const hone_trial_record *t)
{
    uint64_t *n = ctx;
    for (uint32_t i = 0; i < t->n_parameters; i++) /* touches every byte that is handed out */
        *n += strlen(t->parameters[i].key) + strlen(t->parameters[i].text) == SIZE_MAX;
    *n += strlen(t->message) + strlen(t->component) < SIZE_MAX;
    return HONE_OK;
}
static hone_rc see_study(void *ctx, const hone_study_record *s)
{
    for (uint32_t i = 0; i < s->n_objectives; i++)
        *(uint64_t *)ctx += strlen(s->objectives[i].name) == SIZE_MAX;
    *(uint64_t *)ctx += strlen(s->config) + strlen(s->name) == SIZE_MAX;
    return HONE_OK;
}
static hone_rc see_report(void *ctx, const hone_report_record *r)
{
    for (uint32_t i = 0; i < r->n_values; i++)
        *(uint64_t *)ctx += strlen(r->values[i].name) == SIZE_MAX;
    return HONE_OK;
}
static hone_rc see_event(void *ctx, const hone_event_record *e)
{
    *(uint64_t *)ctx += e->text && strlen(e->text) == SIZE_MAX;
    return HONE_OK;
}
static hone_rc see_attachment(void *ctx, const hone_attachment_record *a)
{
    *(uint64_t *)ctx += a->text && strlen(a->text) == SIZE_MAX;
    return HONE_OK;
}

/* Trials of study 1 in the file, or the error with which reading it ended. */
static int64_t read_everything(struct fixture *f, const char *path)
{
    uint64_t n = 0;
    void *self = NULL;
    const hone_storage_visitor visitor = { &n, see_study, see_trial, see_report, see_event, see_attachment };
    hone_rc rc = fixture_open_other(f, path, HONE_STORAGE_READ, &self);
    if (rc == HONE_OK && (rc = f->api->studies(self, &visitor, &f->err)) == HONE_OK &&
        (rc = f->api->trials(self, 1, HONE_ALL_TRIALS, &visitor, &f->err)) == HONE_OK &&
        (rc = f->api->reports(self, 1, HONE_ALL_TRIALS, &visitor, &f->err)) == HONE_OK &&
        (rc = f->api->events(self, 1, &visitor, &f->err)) == HONE_OK)
        rc = f->api->attachments(self, 1, HONE_ALL_TRIALS, &visitor, &f->err);
    f->component->destroy(self);
    return rc < 0 ? rc : (int64_t)n;
}

static hone_rc commit_trials(struct fixture *f, int64_t study, uint64_t from, uint64_t to)
{
    hone_rc rc = f->api->begin(f->self, &f->err);
    for (uint64_t i = from; i < to && rc == HONE_OK; i++)
        rc = fixture_put_trial(f, f->self, study, i, HONE_STATE_COMPLETE);
    if (rc == HONE_OK)
        return f->api->commit(f->self, &f->err);
    f->api->rollback(f->self);
    return rc;
}

/* A storage with a study and n trials, closed. */
static void fill(struct fixture *f, uint64_t n)
{
    fixture_directory(f);
    ASSERT_OK(f, fixture_open(f, HONE_STORAGE_WRITE));
    const int64_t id = fixture_put_study(f, f->self, "s");
    ASSERT_OK(f, commit_trials(f, id, 0, n));
    const hone_value value = { "loss", 1, 1, 0 };
    const hone_event_record event = { .size = sizeof event, .what = HONE_EVENT_NOTE, .text = "a note" };
    ASSERT_OK(f, f->api->begin(f->self, &f->err));
    ASSERT_OK(f, f->api->put_event(f->self, id, &event, &f->err));
    for (uint64_t i = 0; i < n; i++) {
        const hone_report_record report = {
            .size = sizeof report, .n_values = 1, .trial = i, .step = 1, .values = &value
        };
        ASSERT_OK(f, f->api->put_report(f->self, id, &report, &f->err));
    }
    ASSERT_OK(f, f->api->commit(f->self, &f->err));
    fixture_close(f);
}

static char *slurp(const char *path, size_t *n)
{
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(1 << 20);
    *n = file && bytes ? fread(bytes, 1, 1 << 20, file) : 0;
    if (file)
        fclose(file);
    return bytes;
}

static void spill(const char *path, const char *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");
    CU_ASSERT(file && fwrite(bytes, 1, n, file) == n);
    if (file)
        fclose(file);
}

/* ---- places ---- */
static void test_missing_directory(void)
{
    struct fixture f;
    char path[128];
    void *self;
    fixture_directory(&f);
    snprintf(path, sizeof path, "%s/none/study.db", f.directory);
    CU_ASSERT_EQUAL(fixture_open_other(&f, path, HONE_STORAGE_WRITE, &self), HONE_EIO);
    ASSERT_SAYS(&f, "there is no directory '/tmp/hone-sqlite-");
    ASSERT_SAYS(&f, "/none' to keep the storage in; create it with mkdir -p");
    CU_ASSERT_EQUAL(fixture_open_other(&f, f.path, HONE_STORAGE_READ, &self), HONE_EIO);
    ASSERT_SAYS(&f, "there is no file '/tmp/hone-sqlite-");
    CU_ASSERT_EQUAL(access(f.path, F_OK), -1); /* reading creates nothing */
    CU_ASSERT_EQUAL(fixture_open_other(&f, f.directory, HONE_STORAGE_WRITE, &self), HONE_EIO);
    ASSERT_SAYS(&f, "' is a directory; name a file in it, such as study.db");
    CU_ASSERT_EQUAL(fixture_open_other(&f, "/dev/null", HONE_STORAGE_WRITE, &self), HONE_EIO);
    ASSERT_SAYS(&f, "'/dev/null' is not a regular file; name another file as the storage");
    CU_ASSERT_EQUAL(fixture_open_other(&f, "", HONE_STORAGE_WRITE, &self), HONE_EINVAL);
    ASSERT_SAYS(&f, "the storage names no file; write sqlite:FILE, such as sqlite:study.db");
    fixture_release(&f);
}

/* In a child without privileges: root may write everywhere. Bits of the result: what failed. */
static int as_nobody(struct fixture *f, int (*test)(struct fixture *))
{
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        if (getuid() == 0 && (setgid(65534) || setuid(65534)))
            _exit(100);
        const int result = test(f);
        if (result)
            printf("# as nobody: %d '%s'\n", result, f->err.msg);
        fflush(stdout);
        _exit(result);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 101;
}

static int child_cannot_write(struct fixture *f)
{
    const hone_rc rc = fixture_open(f, HONE_STORAGE_WRITE);
    if (rc == HONE_OK)
        return 1;
    return (rc != HONE_EIO) * 2 + !strstr(f->err.msg, f->path) * 4 + !strstr(f->err.msg, "name another file") * 8;
}

static int child_can_read(struct fixture *f)
{
    return read_everything(f, f->path) != 5;
}

static void test_read_only_file_and_directory(void)
{
    struct fixture f;
    fill(&f, 5);
    chmod(f.directory, 0755);
    chmod(f.path, 0444); /* the file */
    CU_ASSERT_EQUAL(as_nobody(&f, child_cannot_write), 0);
    CU_ASSERT_EQUAL(as_nobody(&f, child_can_read), 0);
    chmod(f.path, 0666);
    chmod(f.directory, 0555); /* the directory: no room for the log */
    CU_ASSERT_EQUAL(as_nobody(&f, child_cannot_write), 0);
    CU_ASSERT_EQUAL(as_nobody(&f, child_can_read), 0);
    unlink(f.path); /* no file yet, and none can be made */
    CU_ASSERT_EQUAL(as_nobody(&f, child_cannot_write), 0);
    chmod(f.directory, 0755);
    spill(f.path, "", 0);
    chmod(f.path, 0000);
    CU_ASSERT_EQUAL(as_nobody(&f, child_cannot_write), 0);
    fixture_release(&f);
}

/* ---- full ---- */
static int child_hits_limit(struct fixture *f)
{
    struct rlimit limit = { 300 * 1024, 300 * 1024 };
    signal(SIGXFSZ, SIG_IGN); /* as the program does */
    if (fixture_open(f, HONE_STORAGE_WRITE) < 0 || setrlimit(RLIMIT_FSIZE, &limit))
        return 1;
    uint64_t committed = 5;
    hone_rc rc = HONE_OK;
    while (committed < 100000 && (rc = commit_trials(f, 1, committed, committed + 5)) == HONE_OK)
        committed += 5;
    if (rc != HONE_EIO || !strstr(f->err.msg, "limit on file sizes (ulimit -f)") || !strstr(f->err.msg, f->path) ||
        !strstr(f->err.msg, "what was committed before is safe"))
        return 2;
    return read_everything(f, f->path) == (int64_t)committed ? 0 : 3;
}

static void test_file_size_limit(void)
{
    struct fixture f;
    fill(&f, 5);
    chmod(f.directory, 0777);
    chmod(f.path, 0666);
    CU_ASSERT_EQUAL(as_nobody(&f, child_hits_limit), 0);
    CU_ASSERT(read_everything(&f, f.path) > 100);
    fixture_release(&f);
}

static void test_disk_full(void)
{
    struct fixture f;
    fill(&f, 5);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    struct store *store = f.self;
    CU_ASSERT_EQUAL(store_execute(store, "PRAGMA max_page_count = 60", NULL), SQLITE_OK); /* a disk of 60 pages */
    uint64_t committed = 5;
    hone_rc rc = HONE_OK;
    while (committed < 100000 && (rc = commit_trials(&f, 1, committed, committed + 7)) == HONE_OK)
        committed += 7;
    CU_ASSERT_EQUAL(rc, HONE_EIO);
    ASSERT_SAYS(&f, "/study.db': the disk is full; what was committed before is safe; free some space and run the same "
                    "command again");
    CU_ASSERT_EQUAL(read_everything(&f, f.path), (int64_t)committed);
    CU_ASSERT_EQUAL(store_execute(store, "PRAGMA max_page_count = 100000", NULL),
                    SQLITE_OK); /* space was made: it goes on */
    ASSERT_OK(&f, commit_trials(&f, 1, committed, committed + 50));
    CU_ASSERT_EQUAL(read_everything(&f, f.path), (int64_t)committed + 50);
    fixture_release(&f);
}

/* ---- other files ---- */
static void refused(struct fixture *f, const char *sentence)
{
    size_t n = 0, m = 0;
    void *self;
    char *before = slurp(f->path, &n);
    for (uint32_t mode = HONE_STORAGE_READ; mode <= HONE_STORAGE_WRITE; mode++) {
        CU_ASSERT_EQUAL(fixture_open_other(f, f->path, mode, &self), HONE_EIO);
        ASSERT_SAYS(f, sentence);
        ASSERT_SAYS(f, f->path);
        char *after = slurp(f->path, &m);
        CU_ASSERT(n == m && !memcmp(before, after, n)); /* left as it was */
        free(after);
    }
    free(before);
}

static void test_other_files_refused_untouched(void)
{
    struct fixture f;
    fixture_directory(&f);
    static const char text[] =
        "epoch,loss\n1,0.5\n2,0.25\n3,0.125\nand so on, for more than the hundred bytes of a header, to be sure\n";
    spill(f.path, text, sizeof text - 1);
    refused(&f, "' is not an SQLite database; name another file as the storage");
    unlink(f.path);
    CU_ASSERT_EQUAL(fixture_execute(f.path, "CREATE TABLE trials(x); PRAGMA user_version = 1"), SQLITE_OK);
    refused(&f, "' is an SQLite database of another program; name another file as the storage");
    fixture_release(&f);
}

static void test_newer_version_refused_untouched(void)
{
    struct fixture f;
    fill(&f, 3);
    CU_ASSERT_EQUAL(fixture_execute(f.path, "PRAGMA user_version = 9"), SQLITE_OK);
    refused(
        &f,
        "' was written by a newer hone (its version is 9, this hone knows 3); install that hone or name another file");
    CU_ASSERT_EQUAL(fixture_query(f.path, "SELECT count(*) FROM trials"), 3);
    fixture_release(&f);
}

static void test_empty_file(void)
{
    struct fixture f;
    fixture_directory(&f);
    spill(f.path, "", 0);
    CU_ASSERT_EQUAL(fixture_open(&f, HONE_STORAGE_READ), HONE_EIO);
    ASSERT_SAYS(&f, "' is empty: no study was ever run in it; check the path");
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE)); /* mktemp made it: it becomes a storage */
    fixture_put_study(&f, f.self, "s");
    fixture_release(&f);
}

/* ---- migrations ---- */
static const char *const to_1[] = { "CREATE TABLE t(a); INSERT INTO t VALUES (1)", NULL };
static const char *const to_2[] = { "ALTER TABLE t ADD COLUMN b", "UPDATE t SET b = a + 1", NULL };
static const char *const to_3_broken[] = { "DROP TABLE t", "CREATE TABLE u(a)", "INSERT INTO nothing VALUES (1)",
                                           NULL };
static const char *const to_3[] = { "CREATE TABLE u AS SELECT a + b AS c FROM t", NULL };

/* The machinery, on a table of its own: from any version to the newest, one entry a version, all or nothing. */
static void test_migrations(void)
{
    struct fixture f;
    fixture_directory(&f);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    struct store *store = f.self;
    char other[128];
    snprintf(other, sizeof other, "%s/other.db", f.directory);
    sqlite3 *real = store->db;
    CU_ASSERT_EQUAL(sqlite3_open(other, &store->db), SQLITE_OK);
    const struct migration good[] = { { to_1, 0 }, { to_2, 0 }, { to_3, 1 } },
                           broken[] = { { to_1, 0 }, { to_2, 0 }, { to_3_broken, 0 } };
    int version = 0;
    ASSERT_OK(&f, store_migrate(store, good, 1, &f.err));
    CU_ASSERT_EQUAL(fixture_query(other, "SELECT a FROM t"), 1);
    CU_ASSERT_EQUAL(store_migrate(store, broken, 3, &f.err), HONE_EIO);
    CU_ASSERT_EQUAL(fixture_query(other, "SELECT a FROM t"), 1); /* as if it had not been tried */
    CU_ASSERT_EQUAL(fixture_query(other, "PRAGMA user_version"), 1);
    store->mode = HONE_STORAGE_READ;
    CU_ASSERT_EQUAL(store_migrate(store, good, 3, &f.err), HONE_EIO);
    ASSERT_SAYS(&f, "is of an older version (1, this hone reads 3); run a study in it once");
    store->mode = HONE_STORAGE_WRITE;
    ASSERT_OK(&f, store_migrate(store, good, 2, &f.err));
    store->mode = HONE_STORAGE_READ; /* lacks nothing but a table that a reader can do without */
    ASSERT_OK(&f, store_migrate(store, good, 3, &f.err));
    CU_ASSERT_EQUAL(fixture_query(other, "PRAGMA user_version"), 2);
    store->mode = HONE_STORAGE_WRITE;
    ASSERT_OK(&f, store_migrate(store, good, 3, &f.err));
    CU_ASSERT_EQUAL(fixture_query(other, "SELECT c FROM u"), 3);
    ASSERT_OK(&f, store_migrate(store, good, 3, &f.err)); /* nothing left to do */
    ASSERT_OK(&f, store_identify(store, 3, &version, &f.err));
    CU_ASSERT_EQUAL(version, 3);
    sqlite3_close(store->db);
    store->db = real;
    unlink(other);
    fixture_release(&f);
}

/* ---- locked ---- */
static void test_locked_by_a_shell(void)
{
    struct fixture f;
    sqlite3 *shell = NULL;
    fill(&f, 3);
    f.settings.busy_timeout = 0.05;
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    CU_ASSERT_EQUAL(sqlite3_open(f.path, &shell), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_exec(shell, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    CU_ASSERT_EQUAL(f.api->begin(f.self, &f.err), HONE_EIO);
    ASSERT_SAYS(&f,
                "/study.db' has been locked by another process for 0.05 s; end that process, or raise busy_timeout");
    CU_ASSERT_EQUAL(sqlite3_exec(shell, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(shell);
    ASSERT_OK(&f, commit_trials(&f, 1, 3, 4));
    fixture_release(&f);
}

/* ---- damaged and hostile ---- */
static void test_damaged_files(void)
{
    struct fixture f;
    fill(&f, 200);
    size_t n = 0;
    char *good = slurp(f.path, &n);
    uint32_t random = 7;
    unsigned failures = 0;
    CU_ASSERT(n > 50000 && n < 1 << 20);
    for (int round = 0; round < 300; round++) {
        char *bad = malloc(n);
        memcpy(bad, good, n);
        size_t length = n;
        random = random * 1664525u + 1013904223u;
        if (round % 3 == 0) /* truncated */
            length = (random >> 4) % n;
        for (int i = 0; round % 3 == 1 && i < 40; i++) { /* bytes changed here and there */
            random = random * 1664525u + 1013904223u;
            bad[(random >> 4) % n] = (char)(random >> 24);
        }
        if (round % 3 == 2) { /* a page of noise, or the schema's text spoiled */
            const size_t start = round % 2 ? (random >> 4) % (n / 4096) * 4096 : 100 + (random >> 4) % 4000;
            for (size_t i = start; i < start + (round % 2 ? 4096 : 8) && i < n; i++) {
                random = random * 1664525u + 1013904223u;
                bad[i] = (char)(random >> 24);
            }
        }
        spill(f.path, bad, length);
        free(bad);
        const int64_t result = read_everything(&f, f.path);
        failures += result < 0;
        if (result < 0) {
            CU_ASSERT_EQUAL(result, HONE_EIO);
            ASSERT_SAYS(&f, f.path);
        }
        /* writing to it must fail in the same orderly way, or work */
        if (fixture_open(&f, HONE_STORAGE_WRITE) == HONE_OK) {
            const hone_rc rc = commit_trials(&f, 1, 500, 510);
            CU_ASSERT(rc == HONE_OK || rc == HONE_EIO || rc == HONE_EINVAL);
            fixture_close(&f);
        }
    }
    CU_ASSERT(failures > 100);
    free(good);
    fixture_release(&f);
}

static void test_damage_is_said(void)
{
    struct fixture f;
    fill(&f, 200);
    CU_ASSERT_EQUAL(fixture_execute(f.path, "UPDATE trials SET state = 'sleeping' WHERE number = 17"), SQLITE_OK);
    CU_ASSERT_EQUAL(read_everything(&f, f.path), HONE_EIO);
    ASSERT_SAYS(&f, "/study.db' is damaged: trial 17 has the state 'sleeping'");
    CU_ASSERT_EQUAL(fixture_execute(f.path, "UPDATE trials SET state = 'complete'; DELETE FROM metric_names"),
                    SQLITE_OK);
    CU_ASSERT_EQUAL(read_everything(&f, f.path), HONE_EIO);
    ASSERT_SAYS(&f, "/study.db' is damaged: a report of trial 0 names the unknown metric 1");
    CU_ASSERT_EQUAL(fixture_execute(f.path, "DELETE FROM report_steps; DROP TABLE trial_values"), SQLITE_OK);
    CU_ASSERT_EQUAL(read_everything(&f, f.path), HONE_EIO);
    ASSERT_SAYS(&f, "no such table: trial_values; if it should be a hone storage, it is damaged");
    size_t n = 0;
    char *bytes = slurp(f.path, &n);
    memset(bytes + 4096, 0x5a, n - 4096);
    spill(f.path, bytes, n);
    free(bytes);
    CU_ASSERT_EQUAL(read_everything(&f, f.path), HONE_EIO);
    ASSERT_SAYS(
        &f,
        "/study.db' is damaged; take a copy of it and rescue what it holds with: sqlite3 COPY .recover | sqlite3 NEW");
    fixture_release(&f);
}

/* A stranger's file cannot make our connection run what it brings along. */
static void test_triggers_do_not_run(void)
{
    struct fixture f;
    fill(&f, 3);
    CU_ASSERT_EQUAL(fixture_execute(f.path, "CREATE TRIGGER evil AFTER INSERT ON trials BEGIN DELETE FROM trials; END"),
                    SQLITE_OK);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    ASSERT_OK(&f, commit_trials(&f, 1, 3, 5));
    fixture_close(&f);
    CU_ASSERT_EQUAL(read_everything(&f, f.path), 5);
    fixture_release(&f);
}

/* ---- settings ---- */
static void test_settings(void)
{
    for (uint32_t choice = SYNCHRONOUS_NORMAL; choice <= SYNCHRONOUS_FULL; choice++) {
        struct fixture f;
        int64_t level = -1;
        fixture_directory(&f);
        CU_ASSERT(f.settings.synchronous == SYNCHRONOUS_NORMAL &&
                  f.settings.busy_timeout == 20); /* the table's defaults */
        f.settings.synchronous = choice;
        ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
        CU_ASSERT_EQUAL(store_execute(f.self, "PRAGMA synchronous", &level), SQLITE_OK);
        CU_ASSERT_EQUAL(level, choice == SYNCHRONOUS_FULL ? 2 : 1); /* SQLite's numbers */
        CU_ASSERT_EQUAL(f.api->open(f.self, f.path, HONE_STORAGE_WRITE, &f.err), HONE_EINVAL);
        ASSERT_SAYS(&f, "is open already");
        fixture_release(&f);
    }
}

/* A path longer than a message: its end is what tells files apart. */
static void test_long_path(void)
{
    struct fixture f;
    char path[700];
    void *self;
    fixture_directory(&f);
    const int n = snprintf(path, sizeof path, "%s/", f.directory);
    memset(path + n, 'x', 200);
    snprintf(path + n + 200, sizeof path - (size_t)n - 200, "/fashion.db");
    CU_ASSERT_EQUAL(fixture_open_other(&f, path, HONE_STORAGE_WRITE, &self), HONE_EIO);
    ASSERT_SAYS(&f, "create it with mkdir -p");
    CU_ASSERT_EQUAL(fixture_open_other(&f, path, HONE_STORAGE_READ, &self), HONE_EIO);
    ASSERT_SAYS(&f, "xxx/fashion.db'; check the path");
    fixture_release(&f);
}

SUITE(TEST(test_missing_directory), TEST(test_read_only_file_and_directory), TEST(test_file_size_limit),
      TEST(test_disk_full), TEST(test_other_files_refused_untouched), TEST(test_newer_version_refused_untouched),
      TEST(test_empty_file), TEST(test_migrations), TEST(test_locked_by_a_shell), TEST(test_damaged_files),
      TEST(test_damage_is_said), TEST(test_triggers_do_not_run), TEST(test_settings), TEST(test_long_path))
