/* SPDX-License-Identifier: MIT */
/* schema.c - the schema of storage/sqlite and its migrations.
 *
 * The text below is stored in the file as it stands, comments included: `sqlite3 fashion.db .schema` explains itself.
 * A new version is one more entry of store_migrations (and SCHEMA_VERSION + 1): SQL that turns the version before into
 * it. Entries that were ever released do not change. */
#include "store.h"

#include <string.h>

static const char *const version_1[] = {
    "CREATE TABLE studies ( -- one row per tuning run\n"
    "  id          INTEGER PRIMARY KEY,\n"
    "  name        TEXT NOT NULL UNIQUE,\n"
    "  state       TEXT NOT NULL, -- running, finished, stopped\n"
    "  seed        INTEGER NOT NULL, -- 64 bits; seeds from 2^63 on show as negative numbers\n"
    "  config      TEXT NOT NULL, -- the resolved INI, every default explicit: reproduces the study alone\n"
    "  sources     TEXT NOT NULL, -- where each value came from: lines of section.key, a tab, file:line\n"
    "  environment TEXT NOT NULL, -- versions, CPU, threads: lines of key=value\n"
    "  created     REAL NOT NULL, -- seconds since 1970, UTC: datetime(created, 'unixepoch')\n"
    "  updated     REAL NOT NULL\n"
    ");",
    "CREATE TABLE objectives ( -- what a study optimizes\n"
    "  study     INTEGER NOT NULL REFERENCES studies(id) ON DELETE CASCADE,\n"
    "  position  INTEGER NOT NULL, -- 0, 1, ... as trial_values.position\n"
    "  name      TEXT NOT NULL,\n"
    "  direction INTEGER NOT NULL, -- 1 minimize, 2 maximize, 0 neither\n"
    "  PRIMARY KEY (study, position)\n"
    ") WITHOUT ROWID;",
    "CREATE TABLE constraints ( -- what a study asks of a trial, as written\n"
    "  study    INTEGER NOT NULL REFERENCES studies(id) ON DELETE CASCADE,\n"
    "  position INTEGER NOT NULL, -- as trial_constraints.position\n"
    "  text     TEXT NOT NULL, -- model.parameters <= 500000\n"
    "  PRIMARY KEY (study, position)\n"
    ") WITHOUT ROWID;",
    "CREATE TABLE trials ( -- one row per point of the space that was tried\n"
    "  study     INTEGER NOT NULL REFERENCES studies(id) ON DELETE CASCADE,\n"
    "  number    INTEGER NOT NULL, -- 0, 1, 2, ...\n"
    "  state     TEXT NOT NULL, -- waiting, running, paused, complete, pruned, failed\n"
    "  attempt   INTEGER NOT NULL, -- counts retries\n"
    "  step      INTEGER NOT NULL, -- last reported\n"
    "  best_step INTEGER NOT NULL, -- with the best value of the first objective; 0: none\n"
    "  started   REAL NOT NULL, -- seconds since 1970, UTC; 0: not yet\n"
    "  ended     REAL NOT NULL,\n"
    "  worker    INTEGER NOT NULL,\n"
    "  signal    INTEGER NOT NULL, -- 0, or what killed the worker\n"
    "  component TEXT NOT NULL, -- at fault: regularizer.dropout, or ''\n"
    "  message   TEXT NOT NULL, -- why it failed or was pruned, or ''\n"
    "  PRIMARY KEY (study, number)\n"
    ") WITHOUT ROWID;",
    "CREATE TABLE trial_parameters ( -- the point: its active parameters\n"
    "  study    INTEGER NOT NULL REFERENCES studies(id) ON DELETE CASCADE,\n"
    "  trial    INTEGER NOT NULL,\n"
    "  position INTEGER NOT NULL,\n"
    "  key      TEXT NOT NULL, -- optimizer.learning_rate\n"
    "  text     TEXT NOT NULL, -- as an INI file would say it\n"
    "  number   REAL, -- the same as a number; of a choice: its index\n"
    "  PRIMARY KEY (study, trial, position)\n"
    ") WITHOUT ROWID;",
    "CREATE TABLE trial_values ( -- the objectives as measured, not negated\n"
    "  study    INTEGER NOT NULL REFERENCES studies(id) ON DELETE CASCADE,\n"
    "  trial    INTEGER NOT NULL,\n"
    "  position INTEGER NOT NULL, -- of the objective\n"
    "  value    REAL, -- NULL: not a number, or none; Inf and -Inf are themselves\n"
    "  PRIMARY KEY (study, trial, position)\n"
    ") WITHOUT ROWID;",
    "CREATE TABLE trial_constraints (\n"
    "  study     INTEGER NOT NULL REFERENCES studies(id) ON DELETE CASCADE,\n"
    "  trial     INTEGER NOT NULL,\n"
    "  position  INTEGER NOT NULL, -- of the constraint\n"
    "  violation REAL, -- satisfied where <= 0; NULL: unknown, not satisfied\n"
    "  PRIMARY KEY (study, trial, position)\n"
    ") WITHOUT ROWID;",
    "CREATE TABLE trial_metrics ( -- everything a trial ended with\n"
    "  study     INTEGER NOT NULL REFERENCES studies(id) ON DELETE CASCADE,\n"
    "  trial     INTEGER NOT NULL,\n"
    "  position  INTEGER NOT NULL,\n"
    "  name      TEXT NOT NULL, -- validation.accuracy\n"
    "  direction INTEGER NOT NULL, -- as objectives.direction\n"
    "  value     REAL, -- NULL: not a number\n"
    "  PRIMARY KEY (study, trial, position)\n"
    ") WITHOUT ROWID;",
    "CREATE TABLE metric_names ( -- what report_values.metric stands for\n"
    "  id        INTEGER PRIMARY KEY,\n"
    "  name      TEXT NOT NULL,\n"
    "  direction INTEGER NOT NULL,\n"
    "  UNIQUE (name, direction)\n"
    ");",
    "CREATE TABLE report_steps ( -- what trials reported at their steps; the view reports is easier to read\n"
    "  study   INTEGER NOT NULL REFERENCES studies(id) ON DELETE CASCADE,\n"
    "  trial   INTEGER NOT NULL,\n"
    "  step    INTEGER NOT NULL, -- epoch, usually\n"
    "  attempt INTEGER NOT NULL,\n"
    "  time    REAL NOT NULL, -- seconds since 1970, UTC\n"
    "  verdict INTEGER NOT NULL, -- of the scheduler: 0 continue, 1 pause, 2 stop\n"
    "  PRIMARY KEY (study, trial, step, attempt)\n"
    ") WITHOUT ROWID;",
    "CREATE TABLE report_values (\n"
    "  study    INTEGER NOT NULL REFERENCES studies(id) ON DELETE CASCADE,\n"
    "  trial    INTEGER NOT NULL,\n"
    "  step     INTEGER NOT NULL,\n"
    "  attempt  INTEGER NOT NULL,\n"
    "  position INTEGER NOT NULL,\n"
    "  metric   INTEGER NOT NULL REFERENCES metric_names(id),\n"
    "  value    REAL, -- NULL: not a number\n"
    "  PRIMARY KEY (study, trial, step, attempt, position)\n"
    ") WITHOUT ROWID;",
    "CREATE TABLE events ( -- decisions in the order in which they were taken; the view decisions has them in words\n"
    "  study    INTEGER NOT NULL REFERENCES studies(id) ON DELETE CASCADE,\n"
    "  sequence INTEGER NOT NULL, -- 0, 1, 2, ... without gaps\n"
    "  what     INTEGER NOT NULL, -- 1 ask, 2 report, 3 tell, 4 retry, 5 note\n"
    "  trial    INTEGER NOT NULL,\n"
    "  step     INTEGER NOT NULL, -- of a report\n"
    "  verdict  INTEGER NOT NULL, -- as report_steps.verdict\n"
    "  text     TEXT, -- of a note\n"
    "  PRIMARY KEY (study, sequence)\n"
    ") WITHOUT ROWID;",
    "CREATE TABLE attachments ( -- confusion matrices, curves, model files\n"
    "  study      INTEGER NOT NULL REFERENCES studies(id) ON DELETE CASCADE,\n"
    "  trial      INTEGER NOT NULL,\n"
    "  name       TEXT NOT NULL,\n"
    "  final      INTEGER NOT NULL, -- 1: of the last training of the winner\n"
    "  media_type TEXT NOT NULL,\n"
    "  text       TEXT, -- the content, or NULL\n"
    "  path       TEXT, -- of a file, or NULL\n"
    "  PRIMARY KEY (study, trial, name, final)\n"
    ");",
    /* views: for people, hone itself reads the tables */
    "CREATE VIEW reports AS -- long form: one row per reported number\n"
    "  SELECT s.name AS study, r.trial, r.attempt, r.step, n.name, v.value, r.time,\n"
    "         CASE r.verdict WHEN 0 THEN 'continue' WHEN 1 THEN 'pause' WHEN 2 THEN 'stop' ELSE r.verdict END AS "
    "verdict\n"
    "  FROM report_steps r JOIN studies s ON s.id = r.study\n"
    "  LEFT JOIN report_values v USING (study, trial, step, attempt) LEFT JOIN metric_names n ON n.id = v.metric;",
    "CREATE VIEW decisions AS\n"
    "  SELECT s.name AS study, e.sequence, CASE e.what WHEN 1 THEN 'ask' WHEN 2 THEN 'report' WHEN 3 THEN 'tell'\n"
    "           WHEN 4 THEN 'retry' WHEN 5 THEN 'note' ELSE e.what END AS what, e.trial, e.step,\n"
    "         CASE e.verdict WHEN 0 THEN 'continue' WHEN 1 THEN 'pause' WHEN 2 THEN 'stop' ELSE e.verdict END AS "
    "verdict,\n"
    "         e.text\n"
    "  FROM events e JOIN studies s ON s.id = e.study;",
    "CREATE VIEW trial_results AS -- one row per trial: value of the first objective, the point in one text\n"
    "  SELECT s.name AS study, t.number AS trial, t.state, v.value, t.step AS steps,\n"
    "         CASE WHEN t.ended > 0 THEN t.ended - t.started END AS seconds,\n"
    "         NOT EXISTS (SELECT 1 FROM trial_constraints c WHERE c.study = t.study AND c.trial = t.number\n"
    "                     AND (c.violation IS NULL OR c.violation > 0)) AS feasible,\n"
    "         (SELECT group_concat(key || '=' || text, ' ') FROM (SELECT key, text FROM trial_parameters p\n"
    "          WHERE p.study = t.study AND p.trial = t.number ORDER BY position)) AS point, t.message\n"
    "  FROM trials t JOIN studies s ON s.id = t.study\n"
    "  LEFT JOIN trial_values v ON v.study = t.study AND v.trial = t.number AND v.position = 0;",
    "CREATE VIEW best_trials AS -- per study and objective the best trial that is complete and satisfies the "
    "constraints\n"
    "  SELECT study, objective, trial, value, point FROM (\n"
    "    SELECT s.name AS study, o.position, o.name AS objective, t.number AS trial, v.value,\n"
    "           (SELECT group_concat(key || '=' || text, ' ') FROM (SELECT key, text FROM trial_parameters p\n"
    "            WHERE p.study = t.study AND p.trial = t.number ORDER BY position)) AS point,\n"
    "           row_number() OVER (PARTITION BY o.study, o.position\n"
    "             ORDER BY CASE o.direction WHEN 2 THEN -v.value ELSE v.value END, t.number) AS place\n"
    "    FROM objectives o JOIN studies s ON s.id = o.study\n"
    "    JOIN trials t ON t.study = o.study AND t.state = 'complete'\n"
    "    JOIN trial_values v ON v.study = t.study AND v.trial = t.number AND v.position = o.position\n"
    "    WHERE v.value IS NOT NULL AND NOT EXISTS (SELECT 1 FROM trial_constraints c WHERE c.study = t.study\n"
    "      AND c.trial = t.number AND (c.violation IS NULL OR c.violation > 0)))\n"
    "  WHERE place = 1 ORDER BY study, position;",
    NULL,
};

static const char *const version_2[] = {
    "ALTER TABLE studies ADD COLUMN ended TEXT NOT NULL DEFAULT ''",
    "CREATE TABLE requests ( -- what other processes ask of a study; a row goes when it is dealt with\n"
    "  id    INTEGER PRIMARY KEY AUTOINCREMENT,\n"
    "  study INTEGER NOT NULL REFERENCES studies(id) ON DELETE CASCADE,\n"
    "  what  INTEGER NOT NULL, -- 1 stop, 2 try a point, 3 take a result, 4 give a point, 5 an answer\n"
    "  text  TEXT NOT NULL\n"
    ");",
    "DROP VIEW decisions;",
    "CREATE VIEW decisions AS\n"
    "  SELECT s.name AS study, e.sequence, CASE e.what WHEN 1 THEN 'ask' WHEN 2 THEN 'report' WHEN 3 THEN 'tell'\n"
    "           WHEN 4 THEN 'retry' WHEN 5 THEN 'note' WHEN 6 THEN 'pause' WHEN 7 THEN 'resume' WHEN 8 THEN 'clone'\n"
    "           WHEN 9 THEN 'checkpoint' WHEN 10 THEN 'end' ELSE e.what END AS what, e.trial, e.step,\n"
    "         CASE e.what WHEN 1 THEN CASE e.verdict WHEN 0 THEN 'search' WHEN 1 THEN 'given' WHEN 2 THEN 'told'\n"
    "           WHEN 3 THEN 'outside' ELSE e.verdict END\n"
    "           WHEN 2 THEN CASE e.verdict WHEN 0 THEN 'continue' WHEN 1 THEN 'pause' WHEN 2 THEN 'stop'\n"
    "           ELSE e.verdict END END AS verdict, e.text\n"
    "  FROM events e JOIN studies s ON s.id = e.study;",
    NULL,
};

static const char *const version_3[] = {
    "CREATE TABLE notes ( -- what people write: hone note, the dashboard\n"
    "  study INTEGER NOT NULL REFERENCES studies(id) ON DELETE CASCADE,\n"
    "  trial INTEGER NOT NULL, -- -1: about the study as a whole\n"
    "  text  TEXT NOT NULL,\n"
    "  time  REAL NOT NULL, -- seconds since 1970, UTC\n"
    "  PRIMARY KEY (study, trial)\n"
    ") WITHOUT ROWID;",
    NULL,
};

const struct migration store_migrations[SCHEMA_VERSION] = {
    { version_1, 0 }, /* 0, an empty file, to 1 */
    { version_2, 0 },
    { version_3, 1 },
};

const char store_documentation[] =
    "Keeps studies in one SQLite file, in WAL mode: one process writes, any number read, and no reader ever holds up "
    "the\n"
    "writer. Several studies live in one file, and different processes may run different ones at the same time.\n"
    "\n"
    "    [study]\n"
    "    storage = sqlite:fashion.db\n"
    "\n"
    "A commit survives kill -9 at any moment, with `synchronous = normal` too: it has been handed to the kernel by "
    "write()\n"
    "before it is reported, and the kernel keeps it when the process dies; a half-written commit fails its checksum "
    "and is\n"
    "not seen. Only a power failure or a crash of the kernel itself can take the last commits (never the file's\n"
    "integrity); `synchronous = full` waits for the disk at each commit and loses nothing then either.\n"
    "\n"
    "The file may be queried by hand; `sqlite3 fashion.db .schema` shows the commented schema. Tables: studies, "
    "objectives,\n"
    "constraints, trials, trial_parameters, trial_values, trial_constraints, trial_metrics, report_steps, "
    "report_values,\n"
    "metric_names, events, attachments, requests, notes. Views that make queries short:\n"
    "\n"
    "    SELECT * FROM best_trials;                         -- the winner of each study and objective\n"
    "    SELECT * FROM trial_results WHERE study = 'fashion' ORDER BY value DESC LIMIT 10;\n"
    "    SELECT step, name, value FROM reports WHERE study = 'fashion' AND trial = 7;\n"
    "    SELECT * FROM decisions WHERE study = 'fashion';   -- what was asked, told and stopped, in order\n"
    "    SELECT t.number, v.value, p.number AS learning_rate FROM trials t\n"
    "      JOIN trial_values v ON v.study = t.study AND v.trial = t.number AND v.position = 0\n"
    "      JOIN trial_parameters p ON p.study = t.study AND p.trial = t.number AND p.key = 'optimizer.learning_rate';\n"
    "\n"
    "A value that is not a number is NULL; infinities are kept (.dump and .mode show them as Inf or 9.0e+999); -0 is "
    "kept\n"
    "as 0. Times are seconds since 1970 UTC. To take a study out:\n"
    "\n"
    "    PRAGMA foreign_keys = ON; DELETE FROM studies WHERE name = 'fashion'; VACUUM;\n"
    "\n"
    "Beside FILE stand FILE-wal and FILE-shm while it is open (copy a live file with `sqlite3 FILE '.backup COPY'`), "
    "and\n"
    "FILE-lock while a study is being run. `PRAGMA user_version` is the version of the schema: an older file is "
    "brought up to\n"
    "date when a study is run in it, a newer one is refused and left as it is.\n";

static hone_rc read_pragma(struct store *store, const char *sql, int64_t *value, hone_error *err)
{
    const int code = store_execute(store, sql, value);
    return code == SQLITE_OK ? HONE_OK : store_fail(store, code, "read", err);
}

hone_rc store_identify(struct store *store, int newest, int *version, hone_error *err)
{
    const char *path = store_shown(store->path);
    int64_t application = 0, user = 0, things = 0;
    hone_rc rc;
    if ((rc = read_pragma(store, "SELECT count(*) FROM sqlite_schema", &things, err)) < 0 ||
        (rc = read_pragma(store, "PRAGMA application_id", &application, err)) < 0 ||
        (rc = read_pragma(store, "PRAGMA user_version", &user, err)) < 0)
        return rc;
    *version = 0;
    if (!things && !application && !user) {
        if (store->mode == HONE_STORAGE_READ)
            return hone_fail(err, HONE_EIO, "", "'%s' is empty: no study was ever run in it; check the path", path);
        return HONE_OK;
    }
    if (application != APPLICATION_ID || user < 1)
        return hone_fail(err, HONE_EIO, "",
                         "'%s' is an SQLite database of another program; name another file as the storage", path);
    if (user > newest)
        return hone_fail(
            err, HONE_EIO, "",
            "'%s' was written by a newer hone (its version is %lld, this hone knows %d); install that hone or "
            "name another file",
            path, (long long)user, newest);
    *version = (int)user;
    return HONE_OK;
}

hone_rc store_migrate(struct store *store, const struct migration *steps, int n, hone_error *err)
{
    int version = 0, code = SQLITE_OK;
    hone_rc rc = store_identify(store, n, &version, err);
    store->version = version;
    if (rc < 0 || version == n)
        return rc;
    if (store->mode == HONE_STORAGE_READ) {
        int readable = version;
        while (readable < n && steps[readable].adds)
            readable++;
        if (readable == n)
            return HONE_OK;
        return hone_fail(
            err, HONE_EIO, "",
            "'%s' is of an older version (%d, this hone reads %d); run a study in it once, or run it with the "
            "hone that wrote it",
            store_shown(store->path), version, n);
    }
    if ((code = store_execute(store, "BEGIN IMMEDIATE", NULL)) != SQLITE_OK)
        return store_fail(store, code, "write to", err);
    /* another process may have been faster: look again, now that nobody else can write */
    if ((rc = store_identify(store, n, &version, err)) < 0)
        goto out;
    for (; version < n; version++) {
        char pragma[96];
        snprintf(pragma, sizeof pragma, "PRAGMA application_id = %d; PRAGMA user_version = %d;", APPLICATION_ID,
                 version + 1);
        for (const char *const *sql = steps[version].sql; *sql && code == SQLITE_OK; sql++)
            code = store_execute(store, *sql, NULL);
        if (code != SQLITE_OK || (code = store_execute(store, pragma, NULL)) != SQLITE_OK) {
            rc = store_fail(store, code, "write to", err);
            goto out;
        }
    }
    if ((code = store_execute(store, "COMMIT", NULL)) != SQLITE_OK)
        rc = store_fail(store, code, "write to", err);
    store->version = n;
out:
    if (rc < 0)
        store_execute(store, "ROLLBACK", NULL);
    return rc;
}
