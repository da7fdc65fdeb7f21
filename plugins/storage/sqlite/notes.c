/* SPDX-License-Identifier: MIT */
/* notes.c - what people write about studies and trials: a row each. */
#include "store.h"

enum { NOTES_SINCE = 3 /* version of the schema */ };

static hone_rc check_trial(struct store *store, int64_t study, int64_t trial, hone_error *err)
{
    sqlite3_stmt *find = store_statement(store, S_FIND_TRIAL, err);
    if (!find)
        return HONE_EIO;
    sqlite3_bind_int64(find, 1, study);
    sqlite3_bind_int64(find, 2, trial);
    const int code = sqlite3_step(find);
    const hone_rc rc = code == SQLITE_ROW ? HONE_OK
                       : code == SQLITE_DONE
                           ? hone_fail(err, HONE_EINVAL, "", "the study has no trial %lld", (long long)trial)
                           : store_fail(store, code, "read", err);
    store_done(store, S_FIND_TRIAL, find);
    return rc;
}

static hone_rc put_note(struct store *store, int64_t study, const hone_note_record *note, hone_error *err)
{
    const enum statement which = note->text && *note->text ? S_PUT_NOTE : S_DROP_NOTE;
    hone_rc rc = store_check_study(store, study, err);
    if (rc == HONE_OK && note->trial != HONE_ALL_TRIALS)
        rc = check_trial(store, study, note->trial, err);
    if (rc < 0)
        return rc;
    sqlite3_stmt *row = store_statement(store, which, err);
    if (!row)
        return HONE_EIO;
    sqlite3_bind_int64(row, 1, study);
    sqlite3_bind_int64(row, 2, note->trial);
    if (which == S_PUT_NOTE) {
        sqlite3_bind_text(row, 3, note->text, -1, SQLITE_STATIC);
        sqlite3_bind_double(row, 4, note->time);
    }
    return store_run(store, which, row, err);
}

hone_rc store_put_note(void *self, int64_t study, const hone_note_record *note, hone_error *err)
{
    struct store *store = self;
    hone_error failure = HONE_ERROR_INIT;
    const hone_rc rc = store_writable(store, err);
    return rc < 0 ? rc : store_settle(store, put_note(store, study, note, &failure), &failure, err);
}

/* A file that was older when it was opened for reading may have been brought up to date since. */
static int keeps_notes(struct store *store)
{
    int64_t version = 0;
    if (store->version < NOTES_SINCE && store_execute(store, "PRAGMA user_version", &version) == SQLITE_OK)
        store->version = (int)version;
    return store->version >= NOTES_SINCE;
}

hone_rc store_notes(void *self, int64_t study, int64_t trial, void *ctx,
                    hone_rc (*visit)(void *ctx, const hone_note_record *note), hone_error *err)
{
    struct store *store = self;
    hone_rc rc = HONE_OK;
    int code = SQLITE_DONE;
    if (!store->db)
        return hone_fail(err, HONE_EINVAL, "", "the storage is not open");
    if (!keeps_notes(store))
        return HONE_OK;
    sqlite3_stmt *row = store_statement(store, S_NOTES, err);
    if (!row)
        return HONE_EIO;
    sqlite3_bind_int64(row, 1, study);
    sqlite3_bind_int64(row, 2, trial == HONE_ALL_TRIALS ? INT64_MIN : trial);
    sqlite3_bind_int64(row, 3, trial == HONE_ALL_TRIALS ? INT64_MAX : trial);
    while (rc == HONE_OK && (code = sqlite3_step(row)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(row, 1);
        const hone_note_record note = { sizeof note, 0, sqlite3_column_int64(row, 0), text ? text : "",
                                        sqlite3_column_double(row, 2) };
        rc = visit(ctx, &note);
    }
    if (rc == HONE_OK && code != SQLITE_DONE)
        rc = store_fail(store, sqlite3_extended_errcode(store->db), "read", err);
    store_done(store, S_NOTES, row);
    return rc;
}
