/* SPDX-License-Identifier: MIT */
/* Notes: replaced, taken away, in order; by a process that has not locked the study; in files from before there were any. */
#include "fixture.h"

struct seen {
    char text[256]; /* "TRIAL:TEXT " for each */
    size_t n;
    hone_rc answer;
};

static hone_rc on_note(void *ctx, const hone_note_record *note)
{
    struct seen *s = ctx;
    s->n += (size_t)snprintf(s->text + s->n, sizeof s->text - s->n, "%lld:%s ", (long long)note->trial, note->text);
    return s->answer;
}

static void notes_are(struct fixture *f, void *self, int64_t study, int64_t trial, const char *expected)
{
    struct seen seen = { .n = 0 };
    ASSERT_OK(f, f->api->notes(self, study, trial, &seen, on_note, &f->err));
    if (strcmp(seen.text, expected) != 0)
        printf("# '%s' instead of '%s'\n", seen.text, expected);
    CU_ASSERT_STRING_EQUAL(seen.text, expected);
}

static void note(struct fixture *f, void *self, int64_t study, int64_t trial, const char *text)
{
    const hone_note_record record = { sizeof record, 0, trial, text, 1.5e9 };
    ASSERT_OK(f, f->api->begin(self, &f->err));
    ASSERT_OK(f, f->api->put_note(self, study, &record, &f->err));
    ASSERT_OK(f, f->api->commit(self, &f->err));
}

static void test_notes(void)
{
    struct fixture f;
    void *other;
    fixture_directory(&f);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    const int64_t study = fixture_put_study(&f, f.self, "s"), another = fixture_put_study(&f, f.self, "t");
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    for (uint64_t i = 0; i < 3; i++)
        ASSERT_OK(&f, fixture_put_trial(&f, f.self, study, i, HONE_STATE_COMPLETE));
    ASSERT_OK(&f, f.api->commit(f.self, &f.err));
    ASSERT_OK(&f, f.api->lock(f.self, study, &f.err));
    ASSERT_OK(&f, fixture_open_other(&f, f.path, HONE_STORAGE_WRITE, &other));
    notes_are(&f, f.self, study, HONE_ALL_TRIALS, "");
    note(&f, other, study, 2, "two\nlines");
    note(&f, other, study, HONE_ALL_TRIALS, "of all");
    note(&f, other, study, 0, "zero");
    note(&f, other, another, HONE_ALL_TRIALS, "elsewhere");
    notes_are(&f, f.self, study, HONE_ALL_TRIALS, "-1:of all 0:zero 2:two\nlines ");
    notes_are(&f, f.self, study, 2, "2:two\nlines ");
    notes_are(&f, f.self, study, 1, "");
    note(&f, f.self, study, 0, "another");
    note(&f, f.self, study, 2, "");
    note(&f, f.self, study, 2, NULL); /* gone already */
    notes_are(&f, other, study, HONE_ALL_TRIALS, "-1:of all 0:another ");
    /* the trial's own rows are put anew while it runs: its note stays */
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    ASSERT_OK(&f, fixture_put_trial(&f, f.self, study, 0, HONE_STATE_PRUNED));
    ASSERT_OK(&f, f.api->commit(f.self, &f.err));
    notes_are(&f, other, study, 0, "0:another ");
    struct seen seen = { .answer = HONE_DONE };
    CU_ASSERT_EQUAL(f.api->notes(f.self, study, HONE_ALL_TRIALS, &seen, on_note, &f.err), HONE_DONE);
    CU_ASSERT_STRING_EQUAL(seen.text, "-1:of all ");
    f.component->destroy(other);
    fixture_release(&f);
}

static void test_refused(void)
{
    struct fixture f;
    fixture_directory(&f);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    const int64_t study = fixture_put_study(&f, f.self, "s");
    hone_note_record record = { sizeof record, 0, HONE_ALL_TRIALS, "x", 1.5e9 };
    CU_ASSERT_EQUAL(f.api->put_note(f.self, study, &record, &f.err), HONE_EINVAL);
    ASSERT_SAYS(&f, "outside begin and commit");
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    CU_ASSERT_EQUAL(f.api->put_note(f.self, 99, &record, &f.err), HONE_EINVAL);
    f.api->rollback(f.self);
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    record.trial = 7;
    CU_ASSERT_EQUAL(f.api->put_note(f.self, study, &record, &f.err), HONE_EINVAL);
    ASSERT_SAYS(&f, "the study has no trial 7");
    f.api->rollback(f.self);
    record.trial = HONE_ALL_TRIALS;
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    ASSERT_OK(&f, f.api->put_note(f.self, study, &record, &f.err));
    f.api->rollback(f.self);
    notes_are(&f, f.self, study, HONE_ALL_TRIALS, "");
    fixture_release(&f);
}

/* A file from before there were notes is read as it is, also by one who has it open when it is brought up to date. */
static void test_older_file(void)
{
    struct fixture f;
    void *reader;
    fixture_directory(&f);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    const int64_t study = fixture_put_study(&f, f.self, "s");
    fixture_close(&f);
    CU_ASSERT_EQUAL(fixture_execute(f.path, "DROP TABLE notes; PRAGMA user_version = 2"), SQLITE_OK);
    ASSERT_OK(&f, fixture_open_other(&f, f.path, HONE_STORAGE_READ, &reader));
    notes_are(&f, reader, study, HONE_ALL_TRIALS, "");
    CU_ASSERT_EQUAL(fixture_query(f.path, "PRAGMA user_version"), 2);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    note(&f, f.self, study, HONE_ALL_TRIALS, "new");
    notes_are(&f, reader, study, HONE_ALL_TRIALS, "-1:new ");
    CU_ASSERT_EQUAL(fixture_query(f.path, "PRAGMA user_version"), SCHEMA_VERSION);
    f.component->destroy(reader);
    fixture_close(&f);
    CU_ASSERT_EQUAL(fixture_execute(f.path, "PRAGMA foreign_keys = ON; DELETE FROM studies"), SQLITE_OK);
    CU_ASSERT_EQUAL(fixture_query(f.path, "SELECT count(*) FROM notes"), 0);
    fixture_release(&f);
}

SUITE(TEST(test_notes), TEST(test_refused), TEST(test_older_file))
