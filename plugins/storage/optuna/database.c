/* SPDX-License-Identifier: MIT */
/* Reading Optuna's SQLite databases. */
#include "library.h"

#include <sqlite3.h>

struct reading {
    struct library *library;
    sqlite3 *db;
};

/* Runs a query; each row goes to `row`. */
static void query(struct reading *r, const char *sql, int64_t parameter, void *ctx,
                  void (*row)(struct reading *r, void *ctx, sqlite3_stmt *s))
{
    sqlite3_stmt *s = NULL;
    int rc = SQLITE_OK;
    if (r->library->failed)
        return;
    if (sqlite3_prepare_v2(r->db, sql, -1, &s, NULL) == SQLITE_OK) {
        sqlite3_bind_int64(s, 1, parameter);
        while (!r->library->failed && (rc = sqlite3_step(s)) == SQLITE_ROW)
            row(r, ctx, s);
    }
    if (!s || (rc != SQLITE_DONE && rc != SQLITE_ROW))
        library_fail(r->library, "it cannot be read: %s", sqlite3_errmsg(r->db));
    sqlite3_finalize(s);
}

static const char *text_at(sqlite3_stmt *s, int column)
{
    const char *text = (const char *)sqlite3_column_text(s, column);
    return text ? text : "";
}

/* A value beside its type: FINITE, INF_POS, INF_NEG, NAN. */
static double value_at(struct reading *r, sqlite3_stmt *s, int column, int64_t trial)
{
    const char *type = text_at(s, column + 1);
    if (!strcmp(type, "INF_POS"))
        return HUGE_VAL;
    if (!strcmp(type, "INF_NEG"))
        return -HUGE_VAL;
    if (!strcmp(type, "FINITE") && sqlite3_column_type(s, column) != SQLITE_NULL)
        return sqlite3_column_double(s, column);
    if (strcmp(type, "NAN") != 0)
        library_fail(r->library, "trial %lld has a value of type '%.20s' that is not there", (long long)trial, type);
    return (double)NAN;
}

/* ---- a trial ---- */

static void on_parameter(struct reading *r, void *ctx, sqlite3_stmt *s)
{
    library_parameter(r->library, ctx, text_at(s, 0), sqlite3_column_double(s, 1), text_at(s, 2));
}

static void on_value(struct reading *r, void *ctx, sqlite3_stmt *s)
{
    struct trial *trial = ctx;
    library_value(r->library, trial, sqlite3_column_int64(s, 0), value_at(r, s, 1, trial->id));
}

static void on_report(struct reading *r, void *ctx, sqlite3_stmt *s)
{
    struct trial *trial = ctx;
    library_report(r->library, trial, sqlite3_column_int64(s, 0), value_at(r, s, 1, trial->id));
}

static void on_attribute(struct reading *r, void *ctx, sqlite3_stmt *s)
{
    struct trial *trial = ctx;
    const char *text = text_at(s, 1);
    json_t *value = library_json(text, strlen(text));
    if (!value)
        library_fail(r->library, "trial %lld: attribute '%.60s' is not JSON", (long long)trial->id, text_at(s, 0));
    else
        library_trial_attribute(r->library, trial, sqlite3_column_int(s, 2), text_at(s, 0), value);
    json_decref(value);
}

static void on_trial(struct reading *r, void *ctx, sqlite3_stmt *s)
{
    static const struct {
        const char *name;
        uint32_t state;
    } states[] = { { "RUNNING", HONE_STATE_RUNNING },
                   { "COMPLETE", HONE_STATE_COMPLETE },
                   { "PRUNED", HONE_STATE_PRUNED },
                   { "FAIL", HONE_STATE_FAILED },
                   { "WAITING", HONE_STATE_WAITING } };
    const int64_t id = sqlite3_column_int64(s, 0);
    struct trial *trial = library_trial(r->library, ctx, id);
    size_t i = 0;
    if (!trial)
        return;
    while (i < sizeof states / sizeof *states && strcmp(text_at(s, 1), states[i].name) != 0)
        i++;
    if (i == sizeof states / sizeof *states) {
        library_fail(r->library, "trial %lld has the unknown state '%.20s'", (long long)id, text_at(s, 1));
        return;
    }
    trial->state = states[i].state;
    const double started = library_time(text_at(s, 2)), ended = library_time(text_at(s, 3));
    trial->started = isnan(started) ? 0 : started;
    trial->ended = isnan(ended) ? 0 : ended;
    query(r, "SELECT param_name, param_value, distribution_json FROM trial_params WHERE trial_id = ? ORDER BY param_id",
          id, trial, on_parameter);
    query(r, "SELECT objective, value, value_type FROM trial_values WHERE trial_id = ?", id, trial, on_value);
    query(r,
          "SELECT step, intermediate_value, intermediate_value_type FROM trial_intermediate_values WHERE trial_id = ?",
          id, trial, on_report);
    query(r,
          "SELECT \"key\", value_json, 0 FROM trial_user_attributes WHERE trial_id = ?1 "
          "UNION ALL SELECT \"key\", value_json, 1 FROM trial_system_attributes WHERE trial_id = ?1",
          id, trial, on_attribute);
}

/* ---- a study ---- */

struct directions {
    uint32_t list[64];
    size_t n;
};

static void on_direction(struct reading *r, void *ctx, sqlite3_stmt *s)
{
    struct directions *d = ctx;
    const char *name = text_at(s, 0);
    if (d->n == sizeof d->list / sizeof *d->list)
        library_fail(r->library, "a study has more than %zu objectives", d->n);
    else if (!strcmp(name, "MAXIMIZE") || !strcmp(name, "MINIMIZE"))
        d->list[d->n++] = name[1] == 'A' ? HONE_MAXIMIZE : HONE_MINIMIZE;
    else
        library_fail(r->library, "a study has the direction '%.20s'", name);
}

static void on_study_attribute(struct reading *r, void *ctx, sqlite3_stmt *s)
{
    json_t *value = library_json(text_at(s, 1), strlen(text_at(s, 1)));
    library_study_attribute(r->library, ctx, text_at(s, 0), value);
    json_decref(value);
}

static void on_study(struct reading *r, void *ctx, sqlite3_stmt *s)
{
    struct directions directions = { { 0 }, 0 };
    const int64_t id = sqlite3_column_int64(s, 0);
    (void)ctx;
    query(r, "SELECT direction FROM study_directions WHERE study_id = ? ORDER BY objective", id, &directions,
          on_direction);
    struct study *study = r->library->failed ? NULL
                                             : library_study(r->library, text_at(s, 1), directions.list, directions.n);
    if (!study)
        return;
    query(r, "SELECT \"key\", value_json FROM study_system_attributes WHERE study_id = ?", id, study,
          on_study_attribute);
    query(r,
          "SELECT trial_id, state, datetime_start, datetime_complete FROM trials WHERE study_id = ? ORDER BY number, "
          "trial_id",
          id, study, on_trial);
}

/* ---- the file ---- */

static void on_text(struct reading *r, void *ctx, sqlite3_stmt *s)
{
    (void)r;
    snprintf(ctx, 64, "%s", text_at(s, 0));
}

static int is_optunas(struct reading *r)
{
    sqlite3_stmt *s = NULL;
    int n = 0;
    const int prepared = sqlite3_prepare_v2(r->db,
                                            "SELECT count(*) FROM sqlite_master WHERE name IN ('studies', 'trials', "
                                            "'study_directions', 'trial_params', 'version_info')",
                                            -1, &s, NULL) == SQLITE_OK;
    if (prepared && sqlite3_step(s) == SQLITE_ROW)
        n = sqlite3_column_int(s, 0);
    sqlite3_finalize(s);
    return n == 5;
}

static void check_version(struct reading *r)
{
    char revision[64] = "";
    query(r, "SELECT version_num FROM alembic_version", 0, revision, on_text);
    if (r->library->failed || !strcmp(revision, "v3.2.0.a") || !strcmp(revision, "v3.0.0.d"))
        return;
    if (revision[0] == 'v' && revision[1] >= '4')
        library_fail(r->library, "it is of a newer Optuna (revision %s) than this hone knows", revision);
    else
        library_fail(r->library, "it is of an older Optuna (revision %s): run `optuna storage upgrade` on it first",
                     *revision ? revision : "unknown");
}

void database_read(struct library *l)
{
    struct reading r = { l, NULL };
    const int opened = sqlite3_open_v2(l->path, &r.db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK;
    if (!opened || sqlite3_exec(r.db, "PRAGMA busy_timeout = 20000; BEGIN", NULL, NULL, NULL) != SQLITE_OK)
        library_fail(l, "it cannot be read: %s", sqlite3_errmsg(r.db));
    else if (!is_optunas(&r))
        library_foreign(l, "database");
    else
        check_version(&r);
    query(&r, "SELECT study_id, study_name FROM studies ORDER BY study_id", 0, NULL, on_study);
    sqlite3_close(r.db);
}
