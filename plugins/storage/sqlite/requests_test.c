/* SPDX-License-Identifier: MIT */
/* What other processes ask of a study: rows from two connections, who runs a study, files of the first version. */
#include "fixture.h"

struct seen {
    hone_request_record records[8];
    char texts[8][64];
    size_t n;
};

static hone_rc on_request(void *ctx, const hone_request_record *r)
{
    struct seen *s = ctx;
    if (s->n < 8) {
        snprintf(s->texts[s->n], sizeof s->texts[0], "%s", r->text);
        s->records[s->n++] = *r;
    }
    return HONE_OK;
}

static struct seen look(struct fixture *f, void *self, int64_t study)
{
    struct seen seen = { .n = 0 };
    ASSERT_OK(f, f->api->requests(self, study, &seen, on_request, &f->err));
    return seen;
}

static int64_t ask(struct fixture *f, void *self, int64_t study, uint32_t what, const char *text)
{
    const hone_request_record record = { sizeof record, what, 0, text };
    int64_t id = 0;
    ASSERT_OK(f, f->api->begin(self, &f->err));
    ASSERT_OK(f, f->api->put_request(self, study, &record, &id, &f->err));
    ASSERT_OK(f, f->api->commit(self, &f->err));
    return id;
}

static void test_requests(void)
{
    struct fixture f;
    void *other;
    fixture_directory(&f);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    const int64_t study = fixture_put_study(&f, f.self, "s"), another = fixture_put_study(&f, f.self, "t");
    ASSERT_OK(&f, fixture_open_other(&f, f.path, HONE_STORAGE_WRITE, &other));
    CU_ASSERT_EQUAL(look(&f, f.self, study).n, 0);
    const int64_t first = ask(&f, other, study, HONE_REQUEST_POINT, "x=1\ny=2\n");
    const int64_t second = ask(&f, other, study, HONE_REQUEST_STOP, NULL);
    ask(&f, other, another, HONE_REQUEST_ASK, "");
    CU_ASSERT(second > first);
    struct seen seen = look(&f, f.self, study);
    CU_ASSERT_EQUAL_FATAL(seen.n, 2);
    CU_ASSERT_EQUAL(seen.records[0].id, first);
    CU_ASSERT_EQUAL(seen.records[0].what, HONE_REQUEST_POINT);
    CU_ASSERT_STRING_EQUAL(seen.texts[0], "x=1\ny=2\n");
    CU_ASSERT_EQUAL(seen.records[1].what, HONE_REQUEST_STOP);
    CU_ASSERT_STRING_EQUAL(seen.texts[1], "");
    /* a drop that is rolled back did not happen; the last row's number is not given again */
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    ASSERT_OK(&f, f.api->drop_request(f.self, study, first, &f.err));
    CU_ASSERT_EQUAL(look(&f, f.self, study).n, 1);
    f.api->rollback(f.self);
    CU_ASSERT_EQUAL(look(&f, other, study).n, 2);
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    ASSERT_OK(&f, f.api->drop_request(f.self, study, second, &f.err));
    ASSERT_OK(&f, f.api->drop_request(f.self, study, second, &f.err));
    ASSERT_OK(&f, f.api->drop_request(f.self, another, first, &f.err)); /* of another study: not ours to drop */
    ASSERT_OK(&f, f.api->commit(f.self, &f.err));
    CU_ASSERT_EQUAL(look(&f, other, study).n, 1);
    CU_ASSERT(ask(&f, other, study, HONE_REQUEST_ASK, "") > second + 1);
    /* outside a transaction, of no study */
    const hone_request_record record = { sizeof record, HONE_REQUEST_ASK, 0, "" };
    int64_t id;
    CU_ASSERT_EQUAL(f.api->put_request(f.self, study, &record, &id, &f.err), HONE_EINVAL);
    ASSERT_SAYS(&f, "outside begin and commit");
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    CU_ASSERT_EQUAL(f.api->put_request(f.self, 99, &record, &id, &f.err), HONE_EINVAL);
    f.api->rollback(f.self);
    f.component->destroy(other);
    fixture_release(&f);
}

static hone_rc stop_reading(void *ctx, const hone_request_record *r)
{
    (void)r;
    ++*(int *)ctx;
    return HONE_DONE;
}

static void test_visit_ends_the_reading(void)
{
    struct fixture f;
    int visits = 0;
    fixture_directory(&f);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    const int64_t study = fixture_put_study(&f, f.self, "s");
    ask(&f, f.self, study, HONE_REQUEST_ASK, "");
    ask(&f, f.self, study, HONE_REQUEST_ASK, "");
    CU_ASSERT_EQUAL(f.api->requests(f.self, study, &visits, stop_reading, &f.err), HONE_DONE);
    CU_ASSERT_EQUAL(visits, 1);
    fixture_release(&f);
}

static void test_runner(void)
{
    struct fixture f;
    void *other;
    int64_t process = -1;
    fixture_directory(&f);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    const int64_t study = fixture_put_study(&f, f.self, "s"), another = fixture_put_study(&f, f.self, "t");
    ASSERT_OK(&f, fixture_open_other(&f, f.path, HONE_STORAGE_READ, &other));
    CU_ASSERT_EQUAL(f.api->runner(other, study, &process, &f.err), HONE_OK);
    ASSERT_OK(&f, f.api->lock(f.self, study, &f.err));
    CU_ASSERT_EQUAL(f.api->runner(other, study, &process, &f.err), HONE_WAIT);
    CU_ASSERT_EQUAL(process, getpid());
    CU_ASSERT_EQUAL(f.api->runner(other, another, &process, &f.err), HONE_OK);
    fixture_close(&f);
    CU_ASSERT_EQUAL(f.api->runner(other, study, &process, &f.err), HONE_OK);
    CU_ASSERT_EQUAL(process, 0);
    /* a process that is killed leaves the file, and runs nothing any more */
    const pid_t child = fork();
    if (child == 0) {
        fixture_open(&f, HONE_STORAGE_WRITE);
        f.api->lock(f.self, study, &f.err);
        pause();
        _exit(0);
    }
    for (int i = 0; i < 1000 && f.api->runner(other, study, &process, &f.err) != HONE_WAIT; i++)
        usleep(5000);
    CU_ASSERT_EQUAL(process, child);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    CU_ASSERT_EQUAL(f.api->runner(other, study, &process, &f.err), HONE_OK);
    f.component->destroy(other);
    fixture_release(&f);
}

static hone_rc on_study(void *ctx, const hone_study_record *s)
{
    snprintf(ctx, 64, "%s", s->ended);
    return HONE_OK;
}

/* Why a study ended; nothing while it runs, and of a writer that does not know of it. */
static void test_ended(void)
{
    struct fixture f;
    char ended[64] = "?";
    const hone_storage_visitor visitor = { .ctx = ended, .study = on_study };
    int64_t id;
    fixture_directory(&f);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    hone_study_record study = fixture_study("s");
    fixture_put_study(&f, f.self, "s");
    ASSERT_OK(&f, f.api->studies(f.self, &visitor, &f.err));
    CU_ASSERT_STRING_EQUAL(ended, "");
    study.state = HONE_STUDY_FINISHED;
    study.ended = "trials = 60";
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    ASSERT_OK(&f, f.api->put_study(f.self, &study, &id, &f.err));
    ASSERT_OK(&f, f.api->commit(f.self, &f.err));
    ASSERT_OK(&f, f.api->studies(f.self, &visitor, &f.err));
    CU_ASSERT_STRING_EQUAL(ended, "trials = 60");
    study.size = offsetof(hone_study_record, ended);
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    ASSERT_OK(&f, f.api->put_study(f.self, &study, &id, &f.err));
    ASSERT_OK(&f, f.api->commit(f.self, &f.err));
    ASSERT_OK(&f, f.api->studies(f.self, &visitor, &f.err));
    CU_ASSERT_STRING_EQUAL(ended, "");
    fixture_release(&f);
}

/* A file of version 1 keeps what it holds, and takes requests afterwards. */
static void test_file_of_version_1(void)
{
    struct fixture f;
    char other[128];
    fixture_directory(&f);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    struct store *store = f.self;
    sqlite3 *real = store->db;
    snprintf(other, sizeof other, "%s/old.db", f.directory);
    CU_ASSERT_EQUAL(sqlite3_open(other, &store->db), SQLITE_OK);
    ASSERT_OK(&f, store_migrate(store, store_migrations, 1, &f.err));
    sqlite3_close(store->db);
    store->db = real;
    fixture_close(&f);
    CU_ASSERT_EQUAL(fixture_execute(other,
                                    "INSERT INTO studies(name, state, seed, config, sources, environment, created, "
                                    "updated) VALUES ('old', 'finished', 1, '', '', '', 1, 1)"),
                    SQLITE_OK);
    CU_ASSERT_EQUAL(fixture_open_other(&f, other, HONE_STORAGE_READ, &f.self), HONE_EIO);
    ASSERT_SAYS(&f, "is of an older version (1, this hone reads 3); run a study in it once");
    ASSERT_OK(&f, fixture_open_other(&f, other, HONE_STORAGE_WRITE, &f.self));
    ask(&f, f.self, 1, HONE_REQUEST_ASK, "");
    CU_ASSERT_EQUAL(look(&f, f.self, 1).n, 1);
    CU_ASSERT_EQUAL(fixture_query(other, "SELECT count(*) FROM studies WHERE name = 'old' AND ended = ''"), 1);
    CU_ASSERT_EQUAL(fixture_query(other, "PRAGMA user_version"), SCHEMA_VERSION);
    fixture_close(&f);
    unlink(other);
    fixture_release(&f);
}

SUITE(TEST(test_requests), TEST(test_visit_ends_the_reading), TEST(test_runner), TEST(test_ended),
      TEST(test_file_of_version_1))
