/* SPDX-License-Identifier: MIT */
/* Both of Optuna's formats, row by row and record by record. That Optuna itself loads them and goes on: tests/e2e/exports_test.sh. */
#include "view_case.h"
#include "component.h"
#include "optuna.h"

#include <sqlite3.h>
#include <unistd.h>

/* ---- the journal ---- */

static char *journal(uint32_t n)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "optuna_journal", 1, NULL), HONE_OK);
    char *text = case_written(c.component, c.self, n);
    component_close(&c);
    return text;
}

static int says(const char *text, const char *line)
{
    const char *found = strstr(text, line);
    if (!found)
        printf("# missing: %s\n", line);
    return found != NULL;
}

static void test_journal_records(void)
{
    char *text = journal(1);
    CU_ASSERT_EQUAL(
        strncmp(text, "{\"op_code\": 0, \"worker_id\": \"hone\", \"study_name\": \"first\", \"directions\": [2]}\n",
                76),
        0);
    CU_ASSERT(says(text, "\"study_id\": 0, \"system_attr\": {\"study:metric_names\": [\"validation.accuracy\"]}}\n"));
    CU_ASSERT(says(text, "\"user_attr\": {\"hone.config\": \"[study]\\nname = first\\n\"}}\n"));
    CU_ASSERT(says(text, "\"study_id\": 0, \"datetime_start\": \"2027-01-15T08:00:00.000001+00:00\"}\n"));
    CU_ASSERT(says(text, "\"study_id\": 0, \"state\": 4, \"datetime_start\": null}\n"));
    CU_ASSERT(says(text, "\"trial_id\": 0, \"param_name\": \"optimizer.learning_rate\", \"param_value_internal\": "
                         "0.01, \"distribution\": "
                         "\"{\\\"name\\\": \\\"FloatDistribution\\\", \\\"attributes\\\": {\\\"step\\\": null, "
                         "\\\"low\\\": 0.0001, \\\"high\\\": 0.5, "
                         "\\\"log\\\": true}}\"}\n"));
    CU_ASSERT(says(text, "\"trial_id\": 1, \"param_name\": \"optimizer.use\", \"param_value_internal\": 1, "));
    CU_ASSERT_PTR_NULL(strstr(text, "\"trial_id\": 1, \"param_name\": \"optimizer.momentum\""));
    CU_ASSERT(says(text, "\"trial_id\": 1, \"step\": 3, \"intermediate_value\": NaN}\n"));
    CU_ASSERT(says(text, "\"trial_id\": 2, \"step\": 1, \"intermediate_value\": Infinity}\n"));
    CU_ASSERT(says(text, "\"trial_id\": 0, \"state\": 1, \"values\": [0.875], \"datetime_complete\": "
                         "\"2027-01-15T08:00:07.500000+00:00\"}\n"));
    CU_ASSERT(says(text, "\"trial_id\": 1, \"state\": 2, \"values\": [0.25], "));
    CU_ASSERT(says(text, "\"trial_id\": 2, \"state\": 3, \"values\": null, "));
    CU_ASSERT(says(text, "\"trial_id\": 4, \"system_attr\": {\"fixed_params\": {\"optimizer.learning_rate\": 0.02, "
                         "\"model.width\": 128, "
                         "\"optimizer.use\": \"adam\", \"objective.batch_size\": 32, \"shift\": 0.25, \"label\": \"a, "
                         "\\\"b\\\"\", \"n\": 3}}}\n"));
    CU_ASSERT(says(text, "\"trial_id\": 0, \"user_attr\": {\"validation.accuracy\": 0.875}}\n"));
    CU_ASSERT_PTR_NULL(strstr(text, "\"user_attr\": {\"seconds\"")); /* JSON has no infinity */
    for (int running = 4; running <= 6; running++) {                 /* no end of what has none */
        char record[64];
        snprintf(record, sizeof record, "\"trial_id\": %d, \"state\"", running);
        CU_ASSERT_PTR_NULL(strstr(text, record));
    }
    free(text);
}

static void test_journal_counts_over_studies(void)
{
    char *text = journal(2);
    CU_ASSERT(says(text, "\"study_name\": \"second\", \"directions\": [1, 1]}\n"));
    CU_ASSERT(says(text, "\"study_id\": 1, \"datetime_start\": "));
    CU_ASSERT(says(text, "\"trial_id\": 7, \"param_name\": \"x\", \"param_value_internal\": 0.25, "));
    CU_ASSERT(says(text, "\"trial_id\": 8, \"system_attr\": {\"constraints\": [0.5]}}\n"));
    CU_ASSERT(says(text, "\"trial_id\": 9, \"state\": 1, \"values\": [Infinity, 5.0], "));
    free(text);
}

/* A report that stands behind its trial's end would be dropped by Optuna. */
static void test_journal_ends_come_last(void)
{
    char *text = journal(1);
    const char *last = text;
    for (const char *at = text; (at = strstr(at, "\"op_code\": 7")); at++)
        last = at;
    CU_ASSERT(strstr(text, "\"op_code\": 6") > last);
    free(text);
}

static void test_says_that_it_cannot_write(void)
{
    struct component c;
    struct caught_bytes bytes = { NULL, 0, 100 };
    const hone_ostream out = { &bytes, catch_bytes };
    hone_view view = case_view(1, &out, NULL);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "optuna_journal", 1, NULL), HONE_OK);
    const hone_reporter_v1 *iface = c.component->iface;
    CU_ASSERT_EQUAL(iface->write(c.self, &view, &c.err), HONE_EIO);
    /* nor a space that nobody knows */
    const hone_kept_study unknown = { sizeof unknown, 0, &case_first, NULL, "" };
    const hone_kept_study *const studies[] = { &unknown };
    view.studies = studies;
    CU_ASSERT_EQUAL(iface->write(c.self, &view, &c.err), HONE_ENOTSUP);
    CU_ASSERT_PTR_NOT_NULL(strstr(c.err.msg, "study 'first'"));
    component_close(&c);
    free(bytes.data);
}

/* ---- the database ---- */

static sqlite3 *db;

static int row(void *got, int n, char **cells, char **names)
{
    char *to = got;
    (void)names;
    for (int i = 0; i < n; i++)
        snprintf(to + strlen(to), 4096 - strlen(to), "%s%s", i ? "|" : *to ? "\n" : "", cells[i] ? cells[i] : "NULL");
    return 0;
}

static void query_is(const char *query, const char *wanted)
{
    char got[4096] = "";
    CU_ASSERT_EQUAL_FATAL(sqlite3_exec(db, query, row, got, NULL), SQLITE_OK);
    if (strcmp(got, wanted))
        printf("# %s\n# got:    %s\n# wanted: %s\n", query, got, wanted);
    CU_ASSERT_STRING_EQUAL(got, wanted);
}

static void write_database(uint32_t n, char *path, size_t size)
{
    struct component c;
    hone_view view;
    snprintf(path, size, "/tmp/hone-optuna-test-%ld.db", (long)getpid());
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "optuna_sqlite", 1, NULL), HONE_OK);
    const hone_reporter_v1 *iface = c.component->iface;
    CU_ASSERT(iface->flags & HONE_REPORTER_PATH);
    for (int again = 0; again < 2; again++) { /* the second replaces the first */
        view = case_view(n, NULL, path);
        CU_ASSERT_EQUAL_FATAL(iface->write(c.self, &view, &c.err), HONE_OK);
    }
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(sqlite3_open(path, &db), SQLITE_OK);
}

static void test_database_rows(void)
{
    char path[128];
    write_database(2, path, sizeof path);
    query_is("PRAGMA integrity_check", "ok");
    query_is("PRAGMA foreign_key_check", "");
    query_is("SELECT version_num FROM alembic_version", "v3.2.0.a");
    query_is("SELECT version_info_id, schema_version FROM version_info", "1|12");
    query_is("SELECT * FROM studies", "1|first\n2|second");
    query_is("SELECT study_id, objective, direction FROM study_directions", "1|0|MAXIMIZE\n2|0|MINIMIZE\n2|1|MINIMIZE");
    query_is("SELECT trial_id, number, study_id, state FROM trials",
             "1|0|1|COMPLETE\n2|1|1|PRUNED\n3|2|1|FAIL\n4|3|1|COMPLETE\n5|4|1|WAITING\n6|5|1|RUNNING\n7|6|1|RUNNING\n"
             "8|0|2|COMPLETE\n9|1|2|COMPLETE\n10|2|2|COMPLETE");
    query_is("SELECT datetime_start, datetime_complete FROM trials WHERE trial_id IN (1, 5, 6)",
             "2027-01-15 08:00:00.000001|2027-01-15 08:00:07.500000\nNULL|NULL\n2027-01-15 08:00:50.000001|NULL");
    query_is("SELECT param_name, param_value FROM trial_params WHERE trial_id = 2 ORDER BY param_id",
             "optimizer.learning_rate|0.1\nmodel.width|480.0\noptimizer.use|1.0\nobjective.batch_size|1.0\nshift|-1."
             "25\nlabel|1.0\nn|1.0");
    query_is("SELECT trial_id, objective, value, value_type FROM trial_values WHERE trial_id IN (1, 2, 3, 6, 10)",
             "1|0|0.875|FINITE\n2|0|0.25|FINITE\n10|0|NULL|INF_POS\n10|1|5.0|FINITE");
    query_is("SELECT step, intermediate_value, intermediate_value_type FROM trial_intermediate_values WHERE trial_id "
             "IN (2, 3)",
             "1|0.2|FINITE\n2|0.3|FINITE\n3|NULL|NAN\n1|NULL|INF_POS\n2|NULL|INF_POS\n3|NULL|INF_POS");
    query_is("SELECT value_json FROM trial_system_attributes WHERE \"key\" = 'constraints'", "[-1]\n[0.5]\n[0]");
    query_is("SELECT json_extract(value_json, '$') FROM trial_user_attributes WHERE \"key\" = 'hone.message'",
             "killed by \"SIGSEGV\",\nin step 3");
    query_is("SELECT value_json FROM study_user_attributes WHERE \"key\" = 'hone.distribution.shift'",
             "\"normal 0 2\"");
    sqlite3_close(db);
    unlink(path);
}

/* Each as Optuna's own class writes it: keys, types of numbers, bounds on the grid. */
static void test_distributions(void)
{
    char path[128];
    write_database(1, path, sizeof path);
    query_is(
        "SELECT param_name, distribution_json FROM trial_params WHERE trial_id = 1 ORDER BY param_id",
        "optimizer.learning_rate|{\"name\": \"FloatDistribution\", \"attributes\": {\"step\": null, \"low\": 0.0001, "
        "\"high\": 0.5, \"log\": true}}\n"
        "model.width|{\"name\": \"IntDistribution\", \"attributes\": {\"log\": false, \"step\": 32, \"low\": 32, "
        "\"high\": 480}}\n"
        "optimizer.use|{\"name\": \"CategoricalDistribution\", \"attributes\": {\"choices\": [\"sgd\", \"adam\"]}}\n"
        "optimizer.momentum|{\"name\": \"FloatDistribution\", \"attributes\": {\"step\": 0.1, \"low\": 0.5, \"high\": "
        "0.9, \"log\": false}}\n"
        "objective.batch_size|{\"name\": \"CategoricalDistribution\", \"attributes\": {\"choices\": [32, 64]}}\n"
        "shift|{\"name\": \"FloatDistribution\", \"attributes\": {\"step\": null, \"low\": -1.25, \"high\": 3.0, "
        "\"log\": false}}\n"
        "label|{\"name\": \"CategoricalDistribution\", \"attributes\": {\"choices\": [\"a, \\\"b\\\"\", "
        "\"n\xc3\xa4in\"]}}\n"
        "n|{\"name\": \"IntDistribution\", \"attributes\": {\"log\": true, \"step\": 1, \"low\": 1, \"high\": 1000}}");
    query_is("SELECT count(*) FROM (SELECT DISTINCT param_name, distribution_json FROM trial_params)", "8");
    sqlite3_close(db);
    unlink(path);
}

static void test_leaves_nothing_where_it_cannot_write(void)
{
    struct component c;
    hone_view view = case_view(1, NULL, "/no-such-folder/of-hone/x.db");
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "optuna_sqlite", 1, NULL), HONE_OK);
    const hone_reporter_v1 *iface = c.component->iface;
    CU_ASSERT_EQUAL(iface->write(c.self, &view, &c.err), HONE_EIO);
    CU_ASSERT_PTR_NOT_NULL(strstr(c.err.msg, "cannot write the database"));
    component_close(&c);
}

SUITE(TEST(test_journal_records), TEST(test_journal_counts_over_studies), TEST(test_journal_ends_come_last),
      TEST(test_says_that_it_cannot_write), TEST(test_database_rows), TEST(test_distributions),
      TEST(test_leaves_nothing_where_it_cannot_write))
