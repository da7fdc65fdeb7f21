/* SPDX-License-Identifier: MIT */
/* store.h - what the files of storage/sqlite share: one connection, its statements, its lock.
 *
 * sqlite.c    the component: open, transactions, the interface of the kind
 * schema.c    the schema, written for people who query it, and its migrations
 * database.c  connection, statements compiled once, errors as sentences
 * write.c     put_...
 * read.c      visitors
 * requests.c  what other processes ask of a study
 * notes.c     what people write about studies and trials
 * lock.c      who runs a study */
#ifndef HONE_STORAGE_SQLITE_STORE_H
#define HONE_STORAGE_SQLITE_STORE_H
#include "hone/param.h"
#include "hone/storage.h"

#include <sqlite3.h>

enum { SCHEMA_VERSION = 3, APPLICATION_ID = 0x686f6e65 /* "hone" */ };

enum { SYNCHRONOUS_NORMAL, SYNCHRONOUS_FULL };
struct settings {
    uint32_t synchronous;
    double busy_timeout; /* seconds */
};

/* Every statement that runs more than once. Compiled at its first use, kept until the end. */
#define STATEMENTS(X)                                                                                                  \
    X(BEGIN_WRITE, "BEGIN IMMEDIATE")                                                                                  \
    X(BEGIN_READ, "BEGIN")                                                                                             \
    X(COMMIT, "COMMIT")                                                                                                \
    X(ROLLBACK, "ROLLBACK")                                                                                            \
    X(FIND_STUDY, "SELECT id FROM studies WHERE name = ?1")                                                            \
    X(FIND_STUDY_NAME, "SELECT name FROM studies WHERE id = ?1")                                                       \
    X(ADD_STUDY, "INSERT INTO studies(name, state, seed, config, sources, environment, created, updated, ended)"       \
                 " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")                                                       \
    X(UPDATE_STUDY, "UPDATE studies SET state = ?2, updated = ?3, ended = ?4 WHERE id = ?1")                           \
    X(ADD_OBJECTIVE, "INSERT INTO objectives(study, position, name, direction) VALUES (?1, ?2, ?3, ?4)")               \
    X(ADD_CONSTRAINT, "INSERT INTO constraints(study, position, text) VALUES (?1, ?2, ?3)")                            \
    X(ADD_TRIAL, "INSERT INTO trials(study, number, state, attempt, step, best_step, started, ended, worker, signal,"  \
                 " component, message) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"                     \
                 " ON CONFLICT(study, number) DO NOTHING")                                                             \
    X(UPDATE_TRIAL, "UPDATE trials SET state = ?3, attempt = ?4, step = ?5, best_step = ?6, started = ?7, ended = ?8," \
                    " worker = ?9, signal = ?10, component = ?11, message = ?12 WHERE study = ?1 AND number = ?2")     \
    X(PUT_PARAMETER, "INSERT OR REPLACE INTO trial_parameters(study, trial, position, key, text, number)"              \
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6)")                                                               \
    X(PUT_VALUE, "INSERT OR REPLACE INTO trial_values(study, trial, position, value) VALUES (?1, ?2, ?3, ?4)")         \
    X(PUT_VIOLATION,                                                                                                   \
      "INSERT OR REPLACE INTO trial_constraints(study, trial, position, violation) VALUES (?1, ?2, ?3, ?4)")           \
    X(PUT_METRIC, "INSERT OR REPLACE INTO trial_metrics(study, trial, position, name, direction, value)"               \
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6)")                                                                  \
    X(CUT_PARAMETERS, "DELETE FROM trial_parameters WHERE study = ?1 AND trial = ?2 AND position >= ?3")               \
    X(CUT_VALUES, "DELETE FROM trial_values WHERE study = ?1 AND trial = ?2 AND position >= ?3")                       \
    X(CUT_VIOLATIONS, "DELETE FROM trial_constraints WHERE study = ?1 AND trial = ?2 AND position >= ?3")              \
    X(CUT_METRICS, "DELETE FROM trial_metrics WHERE study = ?1 AND trial = ?2 AND position >= ?3")                     \
    X(FIND_NAME, "SELECT id FROM metric_names WHERE name = ?1 AND direction = ?2")                                     \
    X(ADD_NAME, "INSERT INTO metric_names(name, direction) VALUES (?1, ?2)")                                           \
    X(NAMES, "SELECT id, name, direction FROM metric_names ORDER BY id")                                               \
    X(ADD_REPORT, "INSERT INTO report_steps(study, trial, step, attempt, time, verdict)"                               \
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING")                                           \
    X(UPDATE_REPORT, "UPDATE report_steps SET time = ?5, verdict = ?6"                                                 \
                     " WHERE study = ?1 AND trial = ?2 AND step = ?3 AND attempt = ?4")                                \
    X(CUT_REPORT, "DELETE FROM report_values WHERE study = ?1 AND trial = ?2 AND step = ?3 AND attempt = ?4")          \
    X(PUT_REPORT_VALUE, "INSERT INTO report_values(study, trial, step, attempt, position, metric, value)"              \
                        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")                                                        \
    X(PUT_EVENT, "INSERT OR REPLACE INTO events(study, sequence, what, trial, step, verdict, text)"                    \
                 " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")                                                               \
    X(PUT_ATTACHMENT, "INSERT OR REPLACE INTO attachments(study, trial, name, final, media_type, text, path)"          \
                      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")                                                          \
    X(PUT_REQUEST, "INSERT INTO requests(study, what, text) VALUES (?1, ?2, ?3)")                                      \
    X(DROP_REQUEST, "DELETE FROM requests WHERE study = ?1 AND id = ?2")                                               \
    X(REQUESTS, "SELECT id, what, text FROM requests WHERE study = ?1 ORDER BY id")                                    \
    X(PUT_NOTE, "INSERT OR REPLACE INTO notes(study, trial, text, time) VALUES (?1, ?2, ?3, ?4)")                      \
    X(DROP_NOTE, "DELETE FROM notes WHERE study = ?1 AND trial = ?2")                                                  \
    X(FIND_TRIAL, "SELECT 1 FROM trials WHERE study = ?1 AND number = ?2")                                             \
    X(NOTES, "SELECT trial, text, time FROM notes WHERE study = ?1 AND trial BETWEEN ?2 AND ?3 ORDER BY trial")        \
    X(STUDIES, "SELECT id, name, state, seed, config, sources, environment, created, updated, ended FROM studies"      \
               " ORDER BY name")                                                                                       \
    X(COUNTS, "SELECT state, count(*) FROM trials WHERE study = ?1 GROUP BY state")                                    \
    X(OBJECTIVES, "SELECT name, direction FROM objectives WHERE study = ?1 ORDER BY position")                         \
    X(CONSTRAINTS, "SELECT text FROM constraints WHERE study = ?1 ORDER BY position")                                  \
    X(TRIALS, "SELECT number, state, attempt, step, best_step, started, ended, worker, signal, component, message"     \
              " FROM trials WHERE study = ?1 AND number BETWEEN ?2 AND ?3 ORDER BY number")                            \
    X(PARAMETERS, "SELECT trial, key, text, number FROM trial_parameters"                                              \
                  " WHERE study = ?1 AND trial BETWEEN ?2 AND ?3 ORDER BY trial, position")                            \
    X(VALUES, "SELECT trial, value FROM trial_values"                                                                  \
              " WHERE study = ?1 AND trial BETWEEN ?2 AND ?3 ORDER BY trial, position")                                \
    X(VIOLATIONS, "SELECT trial, violation FROM trial_constraints"                                                     \
                  " WHERE study = ?1 AND trial BETWEEN ?2 AND ?3 ORDER BY trial, position")                            \
    X(METRICS, "SELECT trial, name, value, direction FROM trial_metrics"                                               \
               " WHERE study = ?1 AND trial BETWEEN ?2 AND ?3 ORDER BY trial, position")                               \
    X(REPORTS, "SELECT trial, step, attempt, time, verdict FROM report_steps"                                          \
               " WHERE study = ?1 AND trial BETWEEN ?2 AND ?3 ORDER BY trial, step, attempt")                          \
    X(REPORT_VALUES, "SELECT trial, step, attempt, metric, value FROM report_values"                                   \
                     " WHERE study = ?1 AND trial BETWEEN ?2 AND ?3 ORDER BY trial, step, attempt, position")          \
    X(EVENTS, "SELECT sequence, what, trial, step, verdict, text FROM events"                                          \
              " WHERE study = ?1 AND sequence >= ?2 ORDER BY sequence")                                                \
    X(ATTACHMENTS, "SELECT trial, name, final, media_type, text, path FROM attachments"                                \
                   " WHERE study = ?1 AND trial BETWEEN ?2 AND ?3 ORDER BY trial, name, final")

#define STATEMENT_ID(id, sql) S_##id,
enum statement { STATEMENTS(STATEMENT_ID) N_STATEMENTS };
#undef STATEMENT_ID

/* A row of metric_names: reports refer to it, so that half a million of them do not repeat a text. */
struct metric_name {
    int64_t id;
    char *name;
    uint32_t direction;
};

struct store {
    const struct settings *settings;
    sqlite3 *db;
    sqlite3_stmt *statements[N_STATEMENTS];
    char *path;    /* as given */
    char *real;    /* symbolic links resolved: the side files stand beside it */
    uint32_t mode; /* HONE_STORAGE_... */
    int in_transaction;
    hone_error broken;   /* code != 0: a write of this transaction failed, it cannot be committed any more */
    int64_t known_study; /* last study seen to exist; 0: none */
    struct metric_name *names;
    size_t n_names, names_capacity;
    int lock_file; /* -1: none */
    int version;   /* of the schema, as last seen: files that are only read may be older */
};

/* ---- schema.c ---- */
struct migration {
    const char *const *sql; /* NULL-terminated statements, from version (its index in the table) to the next one */
    int adds;               /* 1: only tables, which readers of the version before do without */
};
extern const struct migration store_migrations[SCHEMA_VERSION];
extern const char store_documentation[];
/* Brings the file up to version n in one transaction, by steps[version] .. steps[n - 1]. Nothing changes where it fails, nor
 * where it is only read: then it must lack nothing but what is added. */
hone_rc store_migrate(struct store *store, const struct migration *steps, int n, hone_error *err);
/* Tells a hone storage from an empty file and from everything else. *version: 0 for an empty file. */
hone_rc store_identify(struct store *store, int newest, int *version, hone_error *err);

/* ---- database.c ---- */
hone_rc store_connect(struct store *store, const char *location, uint32_t mode, hone_error *err);
void store_disconnect(struct store *store);
/* HONE_EIO or HONE_ENOMEM with the sentence for a result code of SQLite. doing: "write to", "read". */
hone_rc store_fail(const struct store *store, int code, const char *doing, hone_error *err);
/* The path as messages show it: its end, where it is long. */
const char *store_shown(const char *path);
/* A compiled statement, reset; NULL and *err where that fails. A visitor may be reading with it: then a second one is
 * compiled, which store_done throws away. */
sqlite3_stmt *store_statement(struct store *store, enum statement which, hone_error *err);
void store_done(struct store *store, enum statement which, sqlite3_stmt *statement);
/* Runs a bound statement that gives no rows. */
hone_rc store_run(struct store *store, enum statement which, sqlite3_stmt *statement, hone_error *err);
/* A pragma or statement by text, at most one integer as its answer (result may be NULL). SQLite's result code. */
int store_execute(struct store *store, const char *sql, int64_t *result);

/* ---- write.c ---- */
/* Whether a write may begin; and its end: a failure marks the transaction as broken. */
hone_rc store_writable(struct store *store, hone_error *err);
hone_rc store_settle(struct store *store, hone_rc rc, const hone_error *failure, hone_error *err);
hone_rc store_check_study(struct store *store, int64_t study, hone_error *err);
extern const char *const store_trial_states[6], *const store_study_states[3];
hone_rc store_put_study(void *self, const hone_study_record *study, int64_t *id, hone_error *err);
hone_rc store_put_trial(void *self, int64_t study, const hone_trial_record *trial, hone_error *err);
hone_rc store_put_report(void *self, int64_t study, const hone_report_record *report, hone_error *err);
hone_rc store_put_event(void *self, int64_t study, const hone_event_record *event, hone_error *err);
hone_rc store_put_attachment(void *self, int64_t study, const hone_attachment_record *attachment, hone_error *err);
void store_forget_names(struct store *store);
hone_rc store_remember_name(struct store *store, int64_t id, const char *name, uint32_t direction, hone_error *err);

/* ---- read.c ---- */
hone_rc store_studies(void *self, const hone_storage_visitor *visitor, hone_error *err);
hone_rc store_trials(void *self, int64_t study, int64_t trial, const hone_storage_visitor *visitor, hone_error *err);
hone_rc store_reports(void *self, int64_t study, int64_t trial, const hone_storage_visitor *visitor, hone_error *err);
hone_rc store_events(void *self, int64_t study, const hone_storage_visitor *visitor, hone_error *err);
hone_rc store_events_from(void *self, int64_t study, uint64_t from, const hone_storage_visitor *visitor,
                          hone_error *err);
hone_rc store_attachments(void *self, int64_t study, int64_t trial, const hone_storage_visitor *visitor,
                          hone_error *err);

/* ---- requests.c ---- */
hone_rc store_put_request(void *self, int64_t study, const hone_request_record *request, int64_t *id, hone_error *err);
hone_rc store_drop_request(void *self, int64_t study, int64_t id, hone_error *err);
hone_rc store_requests(void *self, int64_t study, void *ctx,
                       hone_rc (*visit)(void *ctx, const hone_request_record *request), hone_error *err);

/* ---- notes.c ---- */
hone_rc store_put_note(void *self, int64_t study, const hone_note_record *note, hone_error *err);
hone_rc store_notes(void *self, int64_t study, int64_t trial, void *ctx,
                    hone_rc (*visit)(void *ctx, const hone_note_record *note), hone_error *err);

/* ---- lock.c ---- */
hone_rc store_lock(void *self, int64_t study, hone_error *err);
hone_rc store_runner(void *self, int64_t study, int64_t *process, hone_error *err);
void store_unlock(struct store *store);
#endif
