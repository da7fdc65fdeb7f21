/* SPDX-License-Identifier: MIT */
/* Optuna's files as Optuna writes them (tests/fixtures/optuna_files.py), read; and those that it would choke on, refused by name. */
#include "component.h"
#include "fixtures/optuna_files.h"
#include "hone/storage.h"

#include <math.h>
#include <sqlite3.h>
#include <unistd.h>

static char path[128];

static char *join(const char *const *pieces, size_t n)
{
    char *text = calloc(n, 200);
    size_t used = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    for (size_t i = 0; i < n; i++)
        used += (size_t)snprintf(text + used, 200, "%s", pieces[i]);
    return text;
}

static void write_file(const char *text, size_t n)
{
    snprintf(path, sizeof path, "/tmp/hone-optuna-files-%ld", (long)getpid());
    unlink(path);
    FILE *out = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    CU_ASSERT_EQUAL(fwrite(text, 1, n, out), n);
    fclose(out);
}

/* The fixture's database, then `change`. */
static void write_database(const char *change)
{
    sqlite3 *db;
    char *sql = join(optuna_sql, sizeof optuna_sql / sizeof *optuna_sql);
    snprintf(path, sizeof path, "/tmp/hone-optuna-files-%ld", (long)getpid());
    unlink(path);
    CU_ASSERT_EQUAL_FATAL(sqlite3_open(path, &db), SQLITE_OK);
    CU_ASSERT_EQUAL_FATAL(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    CU_ASSERT_EQUAL_FATAL(sqlite3_exec(db, change, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    free(sql);
}

/* The fixture's journal, with the first `from` in it made `to`; then `more`. */
static void write_journal(const char *from, const char *to, const char *more)
{
    char *log = join(optuna_log, sizeof optuna_log / sizeof *optuna_log), *text = NULL;
    char *at = *from ? strstr(log, from) : log;
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    CU_ASSERT_FATAL(asprintf(&text, "%.*s%s%s%s", (int)(at - log), log, to, at + strlen(from), more) > 0);
    write_file(text, strlen(text));
    free(text);
    free(log);
}

static const hone_storage_v1 *open_as(struct component *c, const char *name, hone_rc wanted)
{
    CU_ASSERT_EQUAL_FATAL(component_open(c, name, 1, NULL), HONE_OK);
    const hone_storage_v1 *storage = c->component->iface;
    const hone_rc rc = storage->open(c->self, path, HONE_STORAGE_READ, &c->err);
    if (rc != wanted)
        printf("# open: %s\n", c->err.msg);
    CU_ASSERT_EQUAL_FATAL(rc, wanted);
    return storage;
}

/* ---- what is there, as lines ---- */

struct lines {
    char text[8192];
};

__attribute__((format(printf, 2, 3))) static void say(struct lines *l, const char *format, ...)
{
    const size_t n = strlen(l->text);
    va_list args;
    va_start(args, format);
    vsnprintf(l->text + n, sizeof l->text - n, format, args);
    va_end(args);
}

static hone_rc on_study(void *ctx, const hone_study_record *s)
{
    say(ctx, "%s", s->name);
    for (uint32_t i = 0; i < s->n_objectives; i++)
        say(ctx, " %s/%u", s->objectives[i].name, s->objectives[i].direction);
    say(ctx, " trials %llu %llu %llu %llu\n", (unsigned long long)s->n_trials, (unsigned long long)s->n_complete,
        (unsigned long long)s->n_pruned, (unsigned long long)s->n_failed);
    return HONE_OK;
}

static hone_rc on_config(void *ctx, const hone_study_record *s)
{
    say(ctx, "%s", s->config);
    return HONE_OK;
}

static hone_rc on_trial(void *ctx, const hone_trial_record *t)
{
    say(ctx, "%llu state %u:", (unsigned long long)t->number, t->state);
    for (uint32_t i = 0; i < t->n_parameters; i++)
        say(ctx, " %s=%s", t->parameters[i].key, t->parameters[i].text);
    for (uint32_t i = 0; i < t->n_values; i++)
        say(ctx, " value %.12g", t->values[i]);
    for (uint32_t i = 0; i < t->n_constraints; i++)
        say(ctx, " constraint %.12g", t->constraints[i]);
    for (uint32_t i = 0; i < t->n_metrics; i++)
        say(ctx, " %s=%.6g", t->metrics[i].name, t->metrics[i].value);
    say(ctx, " step %lld\n", (long long)t->step);
    CU_ASSERT((t->started > 1.7e9 && t->ended >= t->started) || t->state == HONE_STATE_WAITING);
    return HONE_OK;
}

static hone_rc on_report(void *ctx, const hone_report_record *r)
{
    say(ctx, "%llu@%lld %s=%.6g ", (unsigned long long)r->trial, (long long)r->step, r->values[0].name,
        isnan(r->values[0].value) ? -1 : r->values[0].value);
    return HONE_OK;
}

static void is(const char *got, const char *wanted)
{
    if (strcmp(got, wanted) != 0)
        printf("# got:\n%s\n# wanted:\n%s\n", got, wanted);
    CU_ASSERT_STRING_EQUAL(got, wanted);
}

static const char space[] = "; study one of Optuna\n[study]\nobjectives = score max\n[space]\n"
                            "x = real 0.001 .. 1 log   ; in 5 of 6 trials\n"
                            "k = int 1 .. 9 step 2   ; in 5 of 6 trials\n"
                            "kind = choice a, 'b, c', none, 1, 2.5, yes   ; in 5 of 6 trials\n"
                            "; Rate Of = real 0 .. 1 step 0.25   ; in 1 of 6 trials\n";

static void check(const char *name)
{
    struct component c;
    struct lines l = { "" };
    const hone_storage_visitor visitor = { &l, on_study, on_trial, on_report, NULL, NULL };
    const hone_storage_v1 *s = open_as(&c, name, HONE_OK);
    CU_ASSERT_EQUAL(s->studies(c.self, &visitor, &c.err), HONE_OK);
    is(l.text, "a second value_0/1 value_1/1 trials 3 3 0 0\none score/2 trials 6 3 1 1\n");
    l.text[0] = '\0';
    CU_ASSERT_EQUAL(s->trials(c.self, 1, HONE_ALL_TRIALS, &visitor, &c.err), HONE_OK);
    is(l.text, "0 state 3: x=0.5 k=3 kind=a Rate Of=0.75 value 1.5 loss=0.166667 step 10\n"
               "1 state 4: x=0.04491523825137997 k=7 kind=1 value 0.31440666776 loss=0.0149717 step 10\n"
               "2 state 5: x=0.0014269265210969547 k=5 kind=2.5 value nan loss=0.000475642 step 10\n"
               "3 state 3: x=0.0011801729252831892 k=5 kind=1 value 0.00590086462642 loss=0.000393391 step 10\n"
               "4 state 3: x=0.04304741271369335 k=7 kind=2.5 value 0.301331888996 loss=0.0143491 step 10\n"
               "5 state 0: value nan step 0\n");
    l.text[0] = '\0';
    CU_ASSERT_EQUAL(s->trials(c.self, 1, 3, &visitor, &c.err), HONE_OK);
    CU_ASSERT_EQUAL(strncmp(l.text, "3 state 3: x=0.00118", 20), 0);
    l.text[0] = '\0';
    CU_ASSERT_EQUAL(s->reports(c.self, 1, 0, &visitor, &c.err), HONE_OK);
    is(l.text, "0@1 score=0.5 0@2 score=-1 0@10 score=1.5 ");
    l.text[0] = '\0';
    CU_ASSERT_EQUAL(s->trials(c.self, 0, 1, &visitor, &c.err), HONE_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr(l.text, " value inf constraint "));
    l.text[0] = '\0';
    const hone_storage_visitor configs = { &l, on_config, NULL, NULL, NULL, NULL };
    CU_ASSERT_EQUAL(s->studies(c.self, &configs, &c.err), HONE_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(strstr(l.text, "; study one"));
    is(strstr(l.text, "; study one"), space);
    CU_ASSERT_EQUAL(s->trials(c.self, 7, HONE_ALL_TRIALS, &visitor, &c.err), HONE_EINVAL);
    CU_ASSERT_EQUAL(s->begin(c.self, &c.err), HONE_ENOTSUP);
    component_close(&c);
    unlink(path);
}

static void test_database(void)
{
    write_database("");
    check("optuna_sqlite");
    write_database("UPDATE alembic_version SET version_num = 'v3.0.0.d'"); /* Optuna 3.0 and 3.1 */
    check("optuna_sqlite");
}

static void test_journal(void)
{
    write_journal("", "", "");
    check("optuna_journal");
    write_journal("", "", "{\"op_code\": 6, \"trial_i"); /* being written: left for later */
    check("optuna_journal");
    write_journal("", "",
                  "{\"op_code\":8,\"worker_id\":\"x\",\"trial_id\":0,\"user_attr\":{\"loss\":7}}\n"); /* it is over */
    check("optuna_journal");
}

/* A whole trial in one record, as create_trial writes. */
static void test_journal_of_whole_trials(void)
{
    struct component c;
    struct lines l = { "" };
    const hone_storage_visitor visitor = { &l, on_study, on_trial, on_report, NULL, NULL };
    static const char text[] =
        "{\"op_code\":0,\"worker_id\":\"w\",\"study_name\":\"s\",\"directions\":[1]}\n"
        "{\"op_code\":4,\"worker_id\":\"w\",\"study_id\":0,\"datetime_start\":\"2026-11-30T08:00:00.5+02:00\","
        "\"datetime_complete\":"
        "\"2026-11-30T08:00:02\",\"state\":1,\"value\":-Infinity,\"distributions\":{\"c\":\"{\\\"name\\\": "
        "\\\"CategoricalDistribution\\\", \\\"attributes\\\": {\\\"choices\\\": [\\\"NaN\\\", "
        "false]}}\"},\"params\":{\"c\":1},"
        "\"user_attrs\":{\"big\":123456789012345678901234567890,\"text\":\"say \\\"NaN\\\"\"},\"system_attrs\":{},"
        "\"intermediate_values\":{\"3\":NaN,\"1\":2}}\n";
    write_file(text, sizeof text - 1);
    const hone_storage_v1 *s = open_as(&c, "optuna_journal", HONE_OK);
    CU_ASSERT_EQUAL(s->trials(c.self, 0, HONE_ALL_TRIALS, &visitor, &c.err), HONE_OK);
    is(l.text, "0 state 3: c=no value -inf big=1.23457e+29 step 3\n");
    component_close(&c);
    unlink(path);
}

static void refused(const char *name, hone_rc code, const char *why)
{
    struct component c;
    open_as(&c, name, code);
    if (!strstr(c.err.msg, why))
        printf("# '%s' does not say: %s\n", c.err.msg, why);
    CU_ASSERT_PTR_NOT_NULL(strstr(c.err.msg, why));
    component_close(&c);
    unlink(path);
}

static void test_databases_that_are_refused(void)
{
    static const struct {
        const char *change, *why;
    } wrong[] = {
        { "UPDATE alembic_version SET version_num = 'v2.6.0.a'", "run `optuna storage upgrade` on it first" },
        { "UPDATE alembic_version SET version_num = 'v9.0.0.a'", "newer Optuna (revision v9.0.0.a)" },
        { "DELETE FROM alembic_version", "older Optuna" },
        { "UPDATE trials SET state = 'complete' WHERE trial_id = 1", "trial 1 has the unknown state 'complete'" },
        { "UPDATE study_directions SET direction = 'NOT_SET'", "the direction 'NOT_SET'" },
        { "DELETE FROM study_directions WHERE study_id = 1", "study 'one' has no direction" },
        { "DELETE FROM trial_values WHERE trial_id = 1", "trial 0 of study 'one' is complete and has no value" },
        { "UPDATE trial_values SET value = NULL WHERE trial_id = 1",
          "trial 1 has a value of type 'FINITE' that is not there" },
        { "UPDATE trial_params SET param_value = 6 WHERE param_name = 'kind'", "parameter 'kind' is choice 6 of 6" },
        { "UPDATE trial_user_attributes SET value_json = '{' WHERE \"key\" = 'loss'", "attribute 'loss' is not JSON" },
        { "UPDATE trial_params SET distribution_json = replace(distribution_json, 'FloatD', 'UniformD')",
          "UniformDistribution, of an Optuna before 3.0" },
        { "UPDATE trial_params SET distribution_json = '[]'", "no distribution that can be read" },
        { "UPDATE trial_values SET objective = 5 WHERE trial_id = 1", "a value for objective 5 of 1" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        write_database(wrong[i].change);
        refused("optuna_sqlite", HONE_EIO, wrong[i].why);
    }
    write_database("DROP TABLE trial_params");
    refused("optuna_sqlite", HONE_ENOTSUP, "no database of Optuna's");
    write_journal("", "", "");
    refused("optuna_sqlite", HONE_ENOTSUP, "no database of Optuna's");
}

static void test_journals_that_are_refused(void)
{
    static const struct {
        const char *from, *to, *why;
    } wrong[] = {
        { "{\"op_code\":4", "{\"op_code\":", "line 3 is no record of a journal" },
        { "\"op_code\":4", "\"op_code\":44", "line 3: there is no operation 44" },
        { "\"trial_id\":0,\"param", "\"trial_id\":99,\"param", "there is no trial 99" },
        { "\"study_id\":0,\"datetime", "\"study_id\":7,\"datetime", "there is no study 7" },
        { "\"state\":1", "\"state\":9", "there is no state 9" },
        { "\"param_name\":", "\"param\":", "a parameter without name, value or distribution" },
        { "FloatDistribution", "LogUniformDistribution", "of an Optuna before 3.0" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        write_journal(wrong[i].from, wrong[i].to, "");
        refused("optuna_journal", HONE_EIO, wrong[i].why);
    }
    write_file("{\"a\": 1}\n", 9);
    refused("optuna_journal", HONE_ENOTSUP, "no journal of Optuna's");
    write_file("", 0);
    refused("optuna_journal", HONE_ENOTSUP, "no journal of Optuna's");
    write_database("");
    refused("optuna_journal", HONE_ENOTSUP, "no journal of Optuna's");
    write_file("SQLite format 3", 16); /* a database without one newline is no record that is being written */
    refused("optuna_journal", HONE_ENOTSUP, "no journal of Optuna's");
}

SUITE(TEST(test_database), TEST(test_journal), TEST(test_journal_of_whole_trials),
      TEST(test_databases_that_are_refused), TEST(test_journals_that_are_refused))
