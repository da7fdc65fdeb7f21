/* SPDX-License-Identifier: MIT */
/* reporter/optuna_sqlite: a database for Optuna's RDBStorage. */
#include "optuna.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

/* Optuna's tables as its version 5.0 creates them, which is schema 12, revision v3.2.0.a. */
static const char schema[] =
    "CREATE TABLE studies (study_id INTEGER NOT NULL, study_name VARCHAR(512) NOT NULL, PRIMARY KEY (study_id));"
    "CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name);"
    "CREATE TABLE version_info (version_info_id INTEGER NOT NULL, schema_version INTEGER, library_version "
    "VARCHAR(256), "
    "PRIMARY KEY (version_info_id), CHECK (version_info_id=1));"
    "CREATE TABLE study_directions (study_direction_id INTEGER NOT NULL, direction VARCHAR(8) NOT NULL, study_id "
    "INTEGER NOT "
    "NULL, objective INTEGER NOT NULL, PRIMARY KEY (study_direction_id), UNIQUE (study_id, objective), FOREIGN "
    "KEY(study_id) "
    "REFERENCES studies (study_id));"
    "CREATE TABLE study_user_attributes (study_user_attribute_id INTEGER NOT NULL, study_id INTEGER, \"key\" "
    "VARCHAR(512), "
    "value_json TEXT, PRIMARY KEY (study_user_attribute_id), UNIQUE (study_id, \"key\"), FOREIGN KEY(study_id) "
    "REFERENCES "
    "studies (study_id));"
    "CREATE TABLE study_system_attributes (study_system_attribute_id INTEGER NOT NULL, study_id INTEGER, \"key\" "
    "VARCHAR(512), "
    "value_json TEXT, PRIMARY KEY (study_system_attribute_id), UNIQUE (study_id, \"key\"), FOREIGN KEY(study_id) "
    "REFERENCES "
    "studies (study_id));"
    "CREATE TABLE trials (trial_id INTEGER NOT NULL, number INTEGER, study_id INTEGER, state VARCHAR(8) NOT NULL, "
    "datetime_start DATETIME, datetime_complete DATETIME, PRIMARY KEY (trial_id), FOREIGN KEY(study_id) REFERENCES "
    "studies "
    "(study_id));"
    "CREATE INDEX ix_trials_study_id ON trials (study_id);"
    "CREATE TABLE trial_user_attributes (trial_user_attribute_id INTEGER NOT NULL, trial_id INTEGER, \"key\" "
    "VARCHAR(512), "
    "value_json TEXT, PRIMARY KEY (trial_user_attribute_id), UNIQUE (trial_id, \"key\"), FOREIGN KEY(trial_id) "
    "REFERENCES "
    "trials (trial_id));"
    "CREATE TABLE trial_system_attributes (trial_system_attribute_id INTEGER NOT NULL, trial_id INTEGER, \"key\" "
    "VARCHAR(512), "
    "value_json TEXT, PRIMARY KEY (trial_system_attribute_id), UNIQUE (trial_id, \"key\"), FOREIGN KEY(trial_id) "
    "REFERENCES "
    "trials (trial_id));"
    "CREATE TABLE trial_params (param_id INTEGER NOT NULL, trial_id INTEGER, param_name VARCHAR(512), param_value "
    "FLOAT, "
    "distribution_json TEXT, PRIMARY KEY (param_id), UNIQUE (trial_id, param_name), FOREIGN KEY(trial_id) REFERENCES "
    "trials "
    "(trial_id));"
    "CREATE TABLE trial_values (trial_value_id INTEGER NOT NULL, trial_id INTEGER NOT NULL, objective INTEGER NOT "
    "NULL, value "
    "FLOAT, value_type VARCHAR(7) NOT NULL, PRIMARY KEY (trial_value_id), UNIQUE (trial_id, objective), FOREIGN "
    "KEY(trial_id) "
    "REFERENCES trials (trial_id));"
    "CREATE TABLE trial_intermediate_values (trial_intermediate_value_id INTEGER NOT NULL, trial_id INTEGER NOT NULL, "
    "step "
    "INTEGER NOT NULL, intermediate_value FLOAT, intermediate_value_type VARCHAR(7) NOT NULL, PRIMARY KEY "
    "(trial_intermediate_value_id), UNIQUE (trial_id, step), FOREIGN KEY(trial_id) REFERENCES trials (trial_id));"
    "CREATE TABLE trial_heartbeats (trial_heartbeat_id INTEGER NOT NULL, trial_id INTEGER NOT NULL, heartbeat DATETIME "
    "NOT "
    "NULL, PRIMARY KEY (trial_heartbeat_id), UNIQUE (trial_id), FOREIGN KEY(trial_id) REFERENCES trials (trial_id));"
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY "
    "(version_num));"
    "INSERT INTO version_info VALUES (1, 12, '5.0.0');"
    "INSERT INTO alembic_version VALUES ('v3.2.0.a');";

enum statement {
    PUT_STUDY,
    PUT_DIRECTION,
    PUT_STUDY_USER,
    PUT_STUDY_SYSTEM,
    PUT_TRIAL,
    PUT_TRIAL_USER,
    PUT_TRIAL_SYSTEM,
    PUT_PARAM,
    PUT_VALUE,
    PUT_INTERMEDIATE,
    N_STATEMENTS
};
static const char *const statements[N_STATEMENTS] = {
    "INSERT INTO studies VALUES (?, ?)",
    "INSERT INTO study_directions (direction, study_id, objective) VALUES (?, ?, ?)",
    "INSERT INTO study_user_attributes (study_id, \"key\", value_json) VALUES (?, ?, ?)",
    "INSERT INTO study_system_attributes (study_id, \"key\", value_json) VALUES (?, ?, ?)",
    "INSERT INTO trials VALUES (?, ?, ?, ?, ?, ?)",
    "INSERT INTO trial_user_attributes (trial_id, \"key\", value_json) VALUES (?, ?, ?)",
    "INSERT INTO trial_system_attributes (trial_id, \"key\", value_json) VALUES (?, ?, ?)",
    "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES (?, ?, ?, ?)",
    "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (?, ?, ?, ?)",
    /* of several attempts at a step, the last */
    ("INSERT OR REPLACE INTO trial_intermediate_values (trial_id, step, intermediate_value, intermediate_value_type) "
     "VALUES (?, ?, ?, ?)"),
};

struct database {
    sqlite3 *db;
    sqlite3_stmt *statements[N_STATEMENTS];
    struct optuna_study study;
    int64_t study_id, before, n_trials; /* before: trials of earlier studies */
    int64_t *ids;                       /* (n_ids) number of a trial -> its id */
    uint64_t n_ids;
    hone_error *err;
};

static hone_rc fail(struct database *d, hone_error *err)
{
    return hone_fail(err, HONE_EIO, NULL, "cannot write the database: %.180s", sqlite3_errmsg(d->db));
}

/* Runs a statement whose values are bound. */
static hone_rc put(struct database *d, enum statement which, hone_error *err)
{
    sqlite3_stmt *s = d->statements[which];
    const int done = sqlite3_step(s) == SQLITE_DONE;
    const hone_rc rc = done ? HONE_OK : fail(d, err);
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return rc;
}

static void bind_text(sqlite3_stmt *s, int at, const char *text)
{
    sqlite3_bind_text(s, at, text, -1, SQLITE_TRANSIENT);
}

/* The value, or NULL and its type beside it. */
static void bind_value(sqlite3_stmt *s, int at, double value)
{
    if (isfinite(value))
        sqlite3_bind_double(s, at, value);
    bind_text(s, at + 1, isfinite(value) ? "FINITE" : isnan(value) ? "NAN" : value > 0 ? "INF_POS" : "INF_NEG");
}

static hone_rc put_attribute(struct database *d, enum statement which, int64_t id, const char *key, const char *json,
                             hone_error *err)
{
    sqlite3_stmt *s = d->statements[which];
    sqlite3_bind_int64(s, 1, id);
    bind_text(s, 2, key);
    bind_text(s, 3, json);
    return put(d, which, err);
}

static hone_rc study_attribute(void *ctx, int system, const char *key, const char *json, hone_error *err)
{
    struct database *d = ctx;
    return put_attribute(d, system ? PUT_STUDY_SYSTEM : PUT_STUDY_USER, d->study_id, key, json, err);
}

static hone_rc trial_attribute(void *ctx, int system, const char *key, const char *json, hone_error *err)
{
    struct database *d = ctx;
    return put_attribute(d, system ? PUT_TRIAL_SYSTEM : PUT_TRIAL_USER, d->before + d->n_trials, key, json, err);
}

static hone_rc keep_id(struct database *d, uint64_t number)
{
    if (number >= d->n_ids) {
        const uint64_t n = 2 * number + 64;
        int64_t *more = number < UINT64_MAX / 64 ? realloc(d->ids, (size_t)n * sizeof *more) : NULL;
        if (!more)
            return hone_fail(d->err, HONE_ENOMEM, NULL, "out of memory for the trials");
        memset(more + d->n_ids, 0, (size_t)(n - d->n_ids) * sizeof *more);
        d->ids = more;
        d->n_ids = n;
    }
    d->ids[number] = d->before + ++d->n_trials;
    return HONE_OK;
}

static hone_rc put_trial(struct database *d, const hone_trial_record *r, const struct optuna_trial *trial)
{
    static const char *const states[] = { "RUNNING", "COMPLETE", "PRUNED", "FAIL", "WAITING" };
    sqlite3_stmt *s = d->statements[PUT_TRIAL];
    char time[48];
    sqlite3_bind_int64(s, 1, d->ids[r->number]);
    sqlite3_bind_int64(s, 2, d->n_trials - 1); /* dense: Optuna counts rows for the next number */
    sqlite3_bind_int64(s, 3, d->study_id);
    bind_text(s, 4, states[trial->state]);
    if (r->started > 0)
        bind_text(s, 5, optuna_time(r->started, 0, time, sizeof time));
    if (trial->state != OPTUNA_RUNNING && trial->state != OPTUNA_WAITING)
        bind_text(s, 6, optuna_time(r->ended > 0 ? r->ended : r->started, 0, time, sizeof time));
    return put(d, PUT_TRIAL, d->err);
}

static hone_rc on_trial(void *ctx, const hone_trial_record *r)
{
    struct database *d = ctx;
    struct optuna_trial trial;
    hone_rc rc = optuna_trial_read(&d->study, r, &trial, d->err);
    if (rc != HONE_OK || (rc = keep_id(d, r->number)) != HONE_OK || (rc = put_trial(d, r, &trial)) != HONE_OK)
        return rc;
    const int64_t id = d->ids[r->number];
    const hone_space *space = d->study.space;
    for (uint32_t i = 0; i < space->n_dims && rc == HONE_OK; i++) {
        sqlite3_stmt *s = d->statements[PUT_PARAM];
        if (isnan(d->study.x[i]))
            continue;
        sqlite3_bind_int64(s, 1, id);
        bind_text(s, 2, space->dims[i]->key);
        sqlite3_bind_double(s, 3, d->study.x[i]);
        bind_text(s, 4, d->study.distributions[i]);
        rc = put(d, PUT_PARAM, d->err);
    }
    for (uint32_t i = 0; trial.has_values && i < r->n_values && rc == HONE_OK; i++) {
        sqlite3_stmt *s = d->statements[PUT_VALUE];
        sqlite3_bind_int64(s, 1, id);
        sqlite3_bind_int64(s, 2, i);
        bind_value(s, 3, r->values[i]);
        rc = put(d, PUT_VALUE, d->err);
    }
    return rc == HONE_OK ? optuna_trial_attributes(&d->study, r, &trial, trial_attribute, d, d->err) : rc;
}

static hone_rc on_report(void *ctx, const hone_report_record *r)
{
    struct database *d = ctx;
    const double *value = optuna_reported(&d->study, r);
    sqlite3_stmt *s = d->statements[PUT_INTERMEDIATE];
    if (!value || r->trial >= d->n_ids || d->ids[r->trial] <= d->before)
        return HONE_OK;
    sqlite3_bind_int64(s, 1, d->ids[r->trial]);
    sqlite3_bind_int64(s, 2, r->step);
    bind_value(s, 3, *value);
    return put(d, PUT_INTERMEDIATE, d->err);
}

static hone_rc put_study(struct database *d, const hone_view *view, uint32_t index, hone_error *err)
{
    const hone_storage_visitor trials = { .ctx = d, .trial = on_trial }, reports = { .ctx = d, .report = on_report };
    hone_rc rc = optuna_study_open(&d->study, view, index, err);
    if (rc != HONE_OK)
        return rc;
    const hone_study_record *r = d->study.record;
    d->study_id = (int64_t)index + 1;
    sqlite3_bind_int64(d->statements[PUT_STUDY], 1, d->study_id);
    bind_text(d->statements[PUT_STUDY], 2, r->name);
    rc = put(d, PUT_STUDY, err);
    for (uint32_t i = 0; i < r->n_objectives && rc == HONE_OK; i++) {
        sqlite3_stmt *s = d->statements[PUT_DIRECTION];
        bind_text(s, 1, r->objectives[i].direction == HONE_MAXIMIZE ? "MAXIMIZE" : "MINIMIZE");
        sqlite3_bind_int64(s, 2, d->study_id);
        sqlite3_bind_int64(s, 3, i);
        rc = put(d, PUT_DIRECTION, err);
    }
    if (rc == HONE_OK && (rc = optuna_study_attributes(&d->study, study_attribute, d, err)) == HONE_OK &&
        (rc = view->trials(view, index, HONE_ALL_TRIALS, &trials, err)) == HONE_OK)
        rc = view->reports(view, index, HONE_ALL_TRIALS, &reports, err);
    return rc;
}

static hone_rc fill(struct database *d, const char *path, const hone_view *view, hone_error *err)
{
    hone_rc rc = HONE_OK;
    if (sqlite3_open_v2(path, &d->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) !=
            SQLITE_OK ||
        sqlite3_exec(d->db, "PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF; BEGIN", NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(d->db, schema, NULL, NULL, NULL) != SQLITE_OK)
        return fail(d, err);
    for (int i = 0; i < N_STATEMENTS; i++)
        if (sqlite3_prepare_v2(d->db, statements[i], -1, &d->statements[i], NULL) != SQLITE_OK)
            return fail(d, err);
    for (uint32_t i = 0; i < view->n_studies && rc == HONE_OK; i++) {
        rc = put_study(d, view, i, err);
        optuna_study_release(&d->study);
        d->before += d->n_trials;
        d->n_trials = 0;
    }
    if (rc == HONE_OK && sqlite3_exec(d->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        rc = fail(d, err);
    return rc;
}

/* A file that is whole on the disk takes the place of what was there. */
static hone_rc move(const char *from, const char *to, hone_error *err)
{
    const int fd = open(from, O_RDONLY | O_CLOEXEC);
    const int failed = fd < 0 || fsync(fd) < 0 || rename(from, to) < 0;
    const int reason = errno;
    if (fd >= 0)
        close(fd);
    return failed ? hone_fail(err, HONE_EIO, NULL, "cannot write %.180s: %s", to, strerror(reason)) : HONE_OK;
}

static hone_rc write_all(void *self, const hone_view *view, hone_error *err)
{
    struct database d = { .err = err };
    char temporary[4200];
    (void)self;
    if (snprintf(temporary, sizeof temporary, "%s.tmp-%ld", view->path, (long)getpid()) >= (int)sizeof temporary)
        return hone_fail(err, HONE_EINVAL, NULL, "the path %.100s... is too long", view->path);
    unlink(temporary);
    hone_rc rc = fill(&d, temporary, view, err);
    for (int i = 0; i < N_STATEMENTS; i++)
        sqlite3_finalize(d.statements[i]);
    if (sqlite3_close(d.db) != SQLITE_OK && rc == HONE_OK)
        rc = hone_fail(err, HONE_EIO, NULL, "cannot close the database");
    if (rc == HONE_OK)
        rc = move(temporary, view->path, err);
    if (rc != HONE_OK)
        unlink(temporary);
    free(d.ids);
    return rc;
}

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    static char nothing;
    (void)host;
    (void)info;
    (void)err;
    *self = &nothing;
    return HONE_OK;
}

static void destroy(void *self)
{
    (void)self;
}

static const char *const suffixes[] = { "optuna_db", "optuna_sqlite", NULL };
static const hone_reporter_v1 iface = {
    .size = sizeof iface, .flags = HONE_REPORTER_PATH, .suffixes = suffixes, .write = write_all
};

const hone_component optuna_sqlite = {
    .size = sizeof optuna_sqlite,
    .kind = HONE_KIND_REPORTER,
    .name = "optuna_sqlite",
    .summary = "A database that Optuna loads and goes on with, and optuna-dashboard shows",
    .doc =
        "Studies in the tables of Optuna's RDBStorage, with their parameters, distributions, reports of the first\n"
        "objective, constraints; every metric of a trial is a user attribute, `hone.config` the resolved INI.\n"
        "\n"
        "    optuna.load_study(storage=\"sqlite:///fashion.optuna.db\", study_name=\"fashion\")\n"
        "    optuna-dashboard sqlite:///fashion.optuna.db\n"
        "\n"
        "A file that is there is replaced. Paused trials are running ones there. A complete trial without a value has\n"
        "failed. normal and lognormal dimensions are uniform ones over their bounds, or over what was sampled. Times "
        "are in\n"
        "UTC, which Optuna 4 takes for local time.\n"
        "\n"
        "Format: Optuna 3.2 to 5.0, optuna/storages/_rdb/models.py, revision v3.2.0.a.",
    .param_size = sizeof(hone_param),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
};
