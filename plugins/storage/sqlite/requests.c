/* SPDX-License-Identifier: MIT */
/* requests.c - what other processes ask of a study: rows that anyone may add, and that whoever runs the study takes away. */
#include "store.h"

#include <string.h>

static hone_rc put_request(struct store *store, int64_t study, const hone_request_record *request, int64_t *id,
                           hone_error *err)
{
    hone_rc rc = store_check_study(store, study, err);
    if (rc < 0)
        return rc;
    sqlite3_stmt *row = store_statement(store, S_PUT_REQUEST, err);
    if (!row)
        return HONE_EIO;
    sqlite3_bind_int64(row, 1, study);
    sqlite3_bind_int64(row, 2, request->what);
    sqlite3_bind_text(row, 3, request->text ? request->text : "", -1, SQLITE_STATIC);
    rc = store_run(store, S_PUT_REQUEST, row, err);
    *id = sqlite3_last_insert_rowid(store->db);
    return rc;
}

hone_rc store_put_request(void *self, int64_t study, const hone_request_record *request, int64_t *id, hone_error *err)
{
    struct store *store = self;
    hone_error failure = HONE_ERROR_INIT;
    const hone_rc rc = store_writable(store, err);
    return rc < 0 ? rc : store_settle(store, put_request(store, study, request, id, &failure), &failure, err);
}

static hone_rc drop_request(struct store *store, int64_t study, int64_t id, hone_error *err)
{
    sqlite3_stmt *row = store_statement(store, S_DROP_REQUEST, err);
    if (!row)
        return HONE_EIO;
    sqlite3_bind_int64(row, 1, study);
    sqlite3_bind_int64(row, 2, id);
    return store_run(store, S_DROP_REQUEST, row, err);
}

hone_rc store_drop_request(void *self, int64_t study, int64_t id, hone_error *err)
{
    struct store *store = self;
    hone_error failure = HONE_ERROR_INIT;
    const hone_rc rc = store_writable(store, err);
    return rc < 0 ? rc : store_settle(store, drop_request(store, study, id, &failure), &failure, err);
}

hone_rc store_requests(void *self, int64_t study, void *ctx,
                       hone_rc (*visit)(void *ctx, const hone_request_record *request), hone_error *err)
{
    struct store *store = self;
    hone_rc rc = HONE_OK;
    int code = SQLITE_DONE;
    if (!store->db)
        return hone_fail(err, HONE_EINVAL, "", "the storage is not open");
    sqlite3_stmt *row = store_statement(store, S_REQUESTS, err);
    if (!row)
        return HONE_EIO;
    sqlite3_bind_int64(row, 1, study);
    while (rc == HONE_OK && (code = sqlite3_step(row)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(row, 2);
        const hone_request_record request = { sizeof request, (uint32_t)sqlite3_column_int64(row, 1),
                                              sqlite3_column_int64(row, 0), text ? text : "" };
        rc = visit(ctx, &request);
    }
    if (rc == HONE_OK && code != SQLITE_DONE)
        rc = store_fail(store, sqlite3_extended_errcode(store->db), "read", err);
    store_done(store, S_REQUESTS, row);
    return rc;
}
