/* SPDX-License-Identifier: MIT */
/* storage/sqlite: what is written comes back, to the bit and in its order; writing it again changes nothing; the views that
 * users are promised answer. */
#include "fixture.h"

#include <float.h>

static int same_real(double a, double b)
{
    return isnan(a) ? isnan(b) != 0 : a == b;
}

struct seen {
    unsigned n;
    hone_rc answer; /* what the visitor returns at the first record */
    int good;       /* everything compared equal */
    uint64_t last;
    struct fixture *f;
    int64_t study;
};

#define CHECK(seen, condition)                               \
    do {                                                     \
        if (!(condition)) {                                  \
            printf("# line %d: %s\n", __LINE__, #condition); \
            (seen)->good = 0;                                \
        }                                                    \
    } while (0)

/* ---- a study ---- */
static const hone_value objectives[] = { { "validation.accuracy", 0, HONE_MAXIMIZE, 0 },
                                         { "seconds", 0, HONE_MINIMIZE, 0 } };
static const char *const constraint_texts[] = { "model.parameters <= 500000", "x \"y\" 'z' \xc3\xa9" };
static const hone_study_record whole_study = {
    .size = sizeof(hone_study_record),
    .state = HONE_STUDY_RUNNING,
    .name = "fashion \xe2\x9c\x93 'quoted'",
    .seed = UINT64_MAX,
    .config = "[study]\nname = x\n",
    .sources = "study.name\tx.ini:2\n",
    .environment = "cpu=\"x\"\nthreads=1\n",
    .n_objectives = 2,
    .n_constraints = 2,
    .objectives = objectives,
    .constraints = constraint_texts,
    .created = 1700000000.125,
    .updated = 1700000001.25,
};

static hone_rc see_study(void *ctx, const hone_study_record *s)
{
    struct seen *seen = ctx;
    seen->n++;
    if (strcmp(s->name, whole_study.name))
        return seen->answer;
    CHECK(seen, s->size == sizeof *s && s->id == seen->study && s->seed == UINT64_MAX);
    CHECK(seen, s->state == HONE_STUDY_STOPPED && s->created == 1700000000.125 && s->updated == 1700000099.5);
    CHECK(seen, !strcmp(s->config, whole_study.config) && !strcmp(s->sources, whole_study.sources));
    CHECK(seen, !strcmp(s->environment, whole_study.environment));
    CHECK(seen, s->n_objectives == 2 && s->n_constraints == 2);
    for (uint32_t i = 0; i < 2 && seen->good; i++) {
        CHECK(seen, !strcmp(s->objectives[i].name, objectives[i].name) &&
                        s->objectives[i].direction == objectives[i].direction);
        CHECK(seen, !strcmp(s->constraints[i], constraint_texts[i]));
    }
    CHECK(seen, s->n_trials == 4 && s->n_complete == 1 && s->n_pruned == 1 && s->n_failed == 1);
    return seen->answer;
}

static void test_study(void)
{
    struct fixture f;
    fixture_directory(&f);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    const int64_t other = fixture_put_study(&f, f.self, "another");
    int64_t id = 0, again = 0;
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    ASSERT_OK(&f, f.api->put_study(f.self, &whole_study, &id, &f.err));
    ASSERT_OK(&f, fixture_put_trial(&f, f.self, id, 0, HONE_STATE_COMPLETE));
    ASSERT_OK(&f, fixture_put_trial(&f, f.self, id, 1, HONE_STATE_PRUNED));
    ASSERT_OK(&f, fixture_put_trial(&f, f.self, id, 2, HONE_STATE_FAILED));
    ASSERT_OK(&f, fixture_put_trial(&f, f.self, id, 3, HONE_STATE_RUNNING));
    hone_study_record changed = whole_study;
    changed.state = HONE_STUDY_STOPPED;
    changed.updated = 1700000099.5;
    changed.config = "a resumed study keeps the text that it began with";
    ASSERT_OK(&f, f.api->put_study(f.self, &changed, &again, &f.err));
    ASSERT_OK(&f, f.api->commit(f.self, &f.err));
    CU_ASSERT(id != other && id == again);
    fixture_close(&f);

    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_READ));
    struct seen seen = { .good = 1, .study = id };
    const hone_storage_visitor visitor = { .ctx = &seen, .study = see_study };
    ASSERT_OK(&f, f.api->studies(f.self, &visitor, &f.err));
    CU_ASSERT_EQUAL(seen.n, 2);
    CU_ASSERT(seen.good);
    seen.n = 0;
    seen.answer = 7; /* a visitor that has seen enough */
    CU_ASSERT_EQUAL(f.api->studies(f.self, &visitor, &f.err), 7);
    CU_ASSERT_EQUAL(seen.n, 1);
    fixture_release(&f);
}

/* ---- trials ---- */
static const hone_parameter_record parameters[] = { { "z.last", "1e-300", 1e-300 },
                                                    { "a.first", "relu", 2 },
                                                    { "x.odd", "a,b 'c'", (double)NAN },
                                                    { "x.big", "1.7976931348623157e+308", DBL_MAX } };
static const double values[] = { (double)INFINITY, (double)NAN };
static const double violations[] = { -(double)INFINITY, 0.1, (double)NAN };
static const hone_value metrics[] = { { "validation.loss", 0.30000000000000004, HONE_MINIMIZE, 0 },
                                      { "validation.accuracy", (double)NAN, HONE_MAXIMIZE, 0 },
                                      { "parameters", 5e-324, HONE_NO_DIRECTION, 0 } };
static const hone_trial_record whole_trial = {
    .size = sizeof(hone_trial_record),
    .state = HONE_STATE_FAILED,
    .number = 41,
    .attempt = 3,
    .n_parameters = 4,
    .n_values = 2,
    .n_constraints = 3,
    .n_metrics = 3,
    .parameters = parameters,
    .values = values,
    .constraints = violations,
    .metrics = metrics,
    .step = 12,
    .best_step = 9,
    .started = 1700000000.123456,
    .ended = 1700000777.654321,
    .worker = 5,
    .signal = 11,
    .component = "regularizer.dropout",
    .message = "killed by signal 11 (segmentation fault) \xe2\x80\x94 'core' ; --",
};

static hone_rc see_trial(void *ctx, const hone_trial_record *t)
{
    struct seen *seen = ctx;
    CHECK(seen, !seen->n || t->number > seen->last);
    seen->last = t->number;
    seen->n++;
    if (t->number != 41)
        return seen->answer;
    CHECK(seen, t->size == sizeof *t && t->state == HONE_STATE_FAILED && t->attempt == 3 && t->step == 12 &&
                    t->best_step == 9);
    CHECK(seen,
          t->started == whole_trial.started && t->ended == whole_trial.ended && t->worker == 5 && t->signal == 11);
    CHECK(seen, !strcmp(t->component, whole_trial.component) && !strcmp(t->message, whole_trial.message));
    CHECK(seen, t->n_parameters == 4 && t->n_values == 2 && t->n_constraints == 3 && t->n_metrics == 3);
    for (uint32_t i = 0; i < 4 && seen->good; i++)
        CHECK(seen, !strcmp(t->parameters[i].key, parameters[i].key) &&
                        !strcmp(t->parameters[i].text, parameters[i].text) &&
                        same_real(t->parameters[i].number, parameters[i].number));
    for (uint32_t i = 0; i < 2 && seen->good; i++)
        CHECK(seen, same_real(t->values[i], values[i]));
    for (uint32_t i = 0; i < 3 && seen->good; i++)
        CHECK(seen, same_real(t->constraints[i], violations[i]) && !strcmp(t->metrics[i].name, metrics[i].name) &&
                        same_real(t->metrics[i].value, metrics[i].value) &&
                        t->metrics[i].direction == metrics[i].direction);
    return seen->answer;
}

static void test_trial(void)
{
    struct fixture f;
    fixture_directory(&f);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    const int64_t id = fixture_put_study(&f, f.self, "s"), other = fixture_put_study(&f, f.self, "other");
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    ASSERT_OK(&f, fixture_put_trial(&f, f.self, id, 50, HONE_STATE_COMPLETE)); /* not in the order of numbers */
    ASSERT_OK(&f, f.api->put_trial(f.self, id, &whole_trial, &f.err));
    ASSERT_OK(&f, fixture_put_trial(&f, f.self, id, 40, HONE_STATE_COMPLETE));
    ASSERT_OK(&f, f.api->put_trial(f.self, id, &whole_trial, &f.err)); /* again: the same */
    ASSERT_OK(&f, fixture_put_trial(&f, f.self, other, 41, HONE_STATE_RUNNING));
    ASSERT_OK(&f, f.api->commit(f.self, &f.err));
    struct seen seen = { .good = 1 };
    const hone_storage_visitor visitor = { .ctx = &seen, .trial = see_trial };
    ASSERT_OK(&f, f.api->trials(f.self, id, HONE_ALL_TRIALS, &visitor, &f.err));
    CU_ASSERT_EQUAL(seen.n, 3);
    CU_ASSERT(seen.good);
    seen.n = 0;
    ASSERT_OK(&f, f.api->trials(f.self, id, 41, &visitor, &f.err));
    CU_ASSERT_EQUAL(seen.n, 1);
    CU_ASSERT(seen.good);
    seen.n = 0;
    ASSERT_OK(&f, f.api->trials(f.self, id, 42, &visitor, &f.err));
    CU_ASSERT_EQUAL(seen.n, 0);
    fixture_release(&f);
}

static hone_rc see_shrunk(void *ctx, const hone_trial_record *t)
{
    struct seen *seen = ctx;
    seen->n++;
    CHECK(seen, t->state == HONE_STATE_COMPLETE && t->n_parameters == 1 && t->n_values == 0 && t->n_constraints == 0);
    CHECK(seen, t->n_metrics == 1 && !strcmp(t->parameters[0].key, "only") && !strcmp(t->message, ""));
    return HONE_OK;
}

/* The whole row is replaced: nothing of a longer earlier one stays. */
static void test_trial_replaced(void)
{
    struct fixture f;
    fixture_directory(&f);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    const int64_t id = fixture_put_study(&f, f.self, "s");
    const hone_parameter_record one = { "only", "1", 1 };
    const hone_trial_record shrunk = { .size = sizeof shrunk,
                                       .state = HONE_STATE_COMPLETE,
                                       .number = 41,
                                       .n_parameters = 1,
                                       .n_metrics = 1,
                                       .parameters = &one,
                                       .metrics = metrics };
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    ASSERT_OK(&f, f.api->put_trial(f.self, id, &whole_trial, &f.err));
    ASSERT_OK(&f, f.api->commit(f.self, &f.err));
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    ASSERT_OK(&f, f.api->put_trial(f.self, id, &shrunk, &f.err));
    ASSERT_OK(&f, f.api->commit(f.self, &f.err));
    struct seen seen = { .good = 1 };
    const hone_storage_visitor visitor = { .ctx = &seen, .trial = see_shrunk };
    ASSERT_OK(&f, f.api->trials(f.self, id, HONE_ALL_TRIALS, &visitor, &f.err));
    CU_ASSERT_EQUAL(seen.n, 1);
    CU_ASSERT(seen.good);
    fixture_release(&f);
}

/* ---- reports ---- */
static double report_value(uint64_t trial, int64_t step, uint64_t attempt, uint32_t i)
{
    return (double)trial * 1000 + (double)step + (double)attempt / 8 + (double)i / 64;
}

static const char *const report_names[] = { "validation.loss", "training.loss", "validation.accuracy" };

static hone_rc put_report(struct fixture *f, int64_t study, uint64_t trial, int64_t step, uint64_t attempt, uint32_t n)
{
    hone_value reported[3];
    for (uint32_t i = 0; i < n; i++) /* in another order at odd steps */
        reported[i] = (hone_value){ report_names[step % 2 ? n - 1 - i : i], report_value(trial, step, attempt, i),
                                    i % 3, 0 };
    const hone_report_record report = { .size = sizeof report,
                                        .n_values = n,
                                        .trial = trial,
                                        .attempt = attempt,
                                        .step = step,
                                        .values = reported,
                                        .time = 1.7e9 + (double)step,
                                        .verdict = (uint32_t)step % 3 };
    return f->api->put_report(f->self, study, &report, &f->err);
}

static hone_rc see_report(void *ctx, const hone_report_record *r)
{
    struct seen *seen = ctx;
    const uint64_t order = r->trial * 1000000 + (uint64_t)r->step * 1000 + r->attempt;
    CHECK(seen, !seen->n || order > seen->last);
    seen->last = order;
    seen->n++;
    CHECK(seen, r->size == sizeof *r && r->time == 1.7e9 + (double)r->step && r->verdict == (uint32_t)r->step % 3);
    CHECK(seen, r->n_values == (r->step == 4 ? 1u : 3u));
    for (uint32_t i = 0; i < r->n_values && seen->good; i++) {
        CHECK(seen, r->values[i].value == report_value(r->trial, r->step, r->attempt, i));
        CHECK(seen, !strcmp(r->values[i].name, report_names[r->step % 2 ? r->n_values - 1 - i : i]));
        CHECK(seen, r->values[i].direction == i % 3);
    }
    return seen->answer;
}

static void test_reports(void)
{
    struct fixture f;
    fixture_directory(&f);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    const int64_t id = fixture_put_study(&f, f.self, "s");
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    for (uint64_t trial = 3; trial-- > 0;)
        for (int64_t step = 1; step <= 5; step++)
            ASSERT_OK(&f, put_report(&f, id, trial, step, 1, 3));
    ASSERT_OK(&f, f.api->commit(f.self, &f.err));
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    for (int64_t step = 2; step <= 5; step++) /* a retry from a checkpoint; step 4 with a single value */
        ASSERT_OK(&f, put_report(&f, id, 1, step, 2, step == 4 ? 1 : 3));
    for (uint64_t trial = 0; trial < 3; trial++) /* again, and shorter */
        ASSERT_OK(&f, put_report(&f, id, trial, 4, 1, 1));
    ASSERT_OK(&f, f.api->commit(f.self, &f.err));
    struct seen seen = { .good = 1 };
    const hone_storage_visitor visitor = { .ctx = &seen, .report = see_report };
    ASSERT_OK(&f, f.api->reports(f.self, id, HONE_ALL_TRIALS, &visitor, &f.err));
    CU_ASSERT_EQUAL(seen.n, 19);
    CU_ASSERT(seen.good);
    fixture_close(&f);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_READ)); /* names from the file, not from what was written */
    seen.n = 0;
    ASSERT_OK(&f, f.api->reports(f.self, id, 1, &visitor, &f.err));
    CU_ASSERT_EQUAL(seen.n, 9);
    CU_ASSERT(seen.good);
    seen.answer = -HONE_DONE;
    seen.n = 0;
    CU_ASSERT_EQUAL(f.api->reports(f.self, id, 1, &visitor, &f.err), -HONE_DONE);
    CU_ASSERT_EQUAL(seen.n, 1);
    fixture_release(&f);
}

/* A name that a rolled-back transaction brought into the dictionary must not be remembered. */
static void test_name_after_rollback(void)
{
    struct fixture f;
    fixture_directory(&f);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    const int64_t id = fixture_put_study(&f, f.self, "s");
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    ASSERT_OK(&f, put_report(&f, id, 0, 1, 1, 3));
    f.api->rollback(f.self);
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    ASSERT_OK(&f, put_report(&f, id, 0, 2, 1, 3));
    ASSERT_OK(&f, f.api->commit(f.self, &f.err));
    struct seen seen = { .good = 1 };
    const hone_storage_visitor visitor = { .ctx = &seen, .report = see_report };
    ASSERT_OK(&f, f.api->reports(f.self, id, HONE_ALL_TRIALS, &visitor, &f.err));
    CU_ASSERT_EQUAL(seen.n, 1);
    CU_ASSERT(seen.good);
    fixture_release(&f);
}

/* Nor a study that was rolled back: rows that belong to it would never be seen again. */
static void test_study_after_rollback(void)
{
    struct fixture f;
    const hone_study_record study = fixture_study("s");
    int64_t id = 0;
    fixture_directory(&f);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    ASSERT_OK(&f, f.api->put_study(f.self, &study, &id, &f.err));
    ASSERT_OK(&f, fixture_put_trial(&f, f.self, id, 0, HONE_STATE_RUNNING));
    f.api->rollback(f.self);
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    CU_ASSERT_EQUAL(fixture_put_trial(&f, f.self, id, 0, HONE_STATE_RUNNING), HONE_EINVAL);
    f.api->rollback(f.self);
    CU_ASSERT_EQUAL(fixture_query(f.path, "SELECT (SELECT count(*) FROM studies) + (SELECT count(*) FROM trials)"), 0);
    fixture_release(&f);
}

/* ---- events, attachments ---- */
static hone_rc see_event(void *ctx, const hone_event_record *e)
{
    struct seen *seen = ctx;
    CHECK(seen, e->size == sizeof *e && e->sequence == seen->n && e->what == 1 + seen->n % 5 &&
                    e->step == (int64_t)seen->n * 3);
    CHECK(seen, e->trial == (e->what == HONE_EVENT_NOTE ? UINT64_MAX : seen->n / 2) && e->verdict == seen->n % 3);
    CHECK(seen, e->what == HONE_EVENT_NOTE ? e->text && !strcmp(e->text, "a note") : !e->text);
    seen->n++;
    return HONE_OK;
}

static void test_events(void)
{
    struct fixture f;
    fixture_directory(&f);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    const int64_t id = fixture_put_study(&f, f.self, "s");
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    for (int twice = 0; twice < 2; twice++)
        for (uint32_t i = 0; i < 40; i++) {
            const uint32_t what = 1 + i % 5;
            const hone_event_record event = { .size = sizeof event,
                                              .what = what,
                                              .sequence = i,
                                              .trial = what == HONE_EVENT_NOTE ? UINT64_MAX : i / 2,
                                              .step = (int64_t)i * 3,
                                              .verdict = i % 3,
                                              .text = what == HONE_EVENT_NOTE ? "a note" : NULL };
            ASSERT_OK(&f, f.api->put_event(f.self, id, &event, &f.err));
        }
    ASSERT_OK(&f, f.api->commit(f.self, &f.err));
    struct seen seen = { .good = 1 };
    const hone_storage_visitor visitor = { .ctx = &seen, .event = see_event };
    ASSERT_OK(&f, f.api->events(f.self, id, &visitor, &f.err));
    CU_ASSERT_EQUAL(seen.n, 40);
    CU_ASSERT(seen.good);
    for (uint64_t from = 0; from < 44; from += 13) { /* those behind */
        seen.n = (unsigned)from;
        ASSERT_OK(&f, f.api->events_from(f.self, id, from, &visitor, &f.err));
        CU_ASSERT_EQUAL(seen.n, from < 40 ? 40 : from);
        CU_ASSERT(seen.good);
    }
    seen.n = 40;
    ASSERT_OK(&f, f.api->events_from(f.self, id, UINT64_MAX, &visitor, &f.err));
    CU_ASSERT_EQUAL(seen.n, 40);
    fixture_release(&f);
}

static const hone_attachment_record attachments[] = {
    /* in the order of trial, name */
    { sizeof(hone_attachment_record), 0, 1, "confusion", "text/csv", "1,2\n3,4\n", NULL },
    { sizeof(hone_attachment_record), 1, 1, "confusion", "text/csv", "5,6\n7,8\n", NULL },
    { sizeof(hone_attachment_record), 1, 1, "model", "application/x-safetensors", NULL, "/tmp/m.safetensors" },
    { sizeof(hone_attachment_record), 0, 2, "curve", "", "", "" },
};

static hone_rc see_attachment(void *ctx, const hone_attachment_record *a)
{
    struct seen *seen = ctx;
    const hone_attachment_record *want = &attachments[seen->n++];
    CHECK(seen, a->trial == want->trial && a->final == want->final && !strcmp(a->name, want->name));
    CHECK(seen, !strcmp(a->media_type, want->media_type) && !a->text == !want->text && !a->path == !want->path);
    CHECK(seen, !a->text || !strcmp(a->text, want->text));
    CHECK(seen, !a->path || !strcmp(a->path, want->path));
    return HONE_OK;
}

static void test_attachments(void)
{
    struct fixture f;
    fixture_directory(&f);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    const int64_t id = fixture_put_study(&f, f.self, "s");
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    for (int i = 8; i-- > 0;)
        ASSERT_OK(&f, f.api->put_attachment(f.self, id, &attachments[i % 4], &f.err));
    ASSERT_OK(&f, f.api->commit(f.self, &f.err));
    struct seen seen = { .good = 1 };
    const hone_storage_visitor visitor = { .ctx = &seen, .attachment = see_attachment };
    ASSERT_OK(&f, f.api->attachments(f.self, id, HONE_ALL_TRIALS, &visitor, &f.err));
    CU_ASSERT_EQUAL(seen.n, 4);
    CU_ASSERT(seen.good);
    fixture_release(&f);
}

/* ---- transactions, reentrance, the promised views ---- */
static hone_rc count_trial(void *ctx, const hone_trial_record *t)
{
    ((struct seen *)ctx)->last = t->number;
    ((struct seen *)ctx)->n++;
    return HONE_OK;
}

static hone_rc read_inside(void *ctx, const hone_trial_record *t)
{
    struct seen *outer = ctx, inner = { .good = 1 };
    const hone_storage_visitor visitor = { .ctx = &inner, .trial = count_trial };
    outer->n++;
    CHECK(outer,
          outer->f->api->trials(outer->f->self, outer->study, HONE_ALL_TRIALS, &visitor, &outer->f->err) == HONE_OK);
    CHECK(outer, inner.n == 5 && t->n_parameters == 2 && t->parameters[1].number == (double)t->number + 7);
    return HONE_OK;
}

static void test_visitor_may_read(void)
{
    struct fixture f;
    fixture_directory(&f);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    struct seen seen = { .good = 1, .f = &f, .study = fixture_put_study(&f, f.self, "s") };
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    for (uint64_t i = 0; i < 5; i++)
        ASSERT_OK(&f, fixture_put_trial(&f, f.self, seen.study, i, HONE_STATE_COMPLETE));
    ASSERT_OK(&f, f.api->commit(f.self, &f.err));
    const hone_storage_visitor visitor = { .ctx = &seen, .trial = read_inside };
    ASSERT_OK(&f, f.api->trials(f.self, seen.study, HONE_ALL_TRIALS, &visitor, &f.err));
    CU_ASSERT_EQUAL(seen.n, 5);
    CU_ASSERT(seen.good);
    fixture_release(&f);
}

static void test_transactions(void)
{
    struct fixture f;
    fixture_directory(&f);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    const int64_t id = fixture_put_study(&f, f.self, "s");
    struct seen seen = { .good = 1 };
    const hone_storage_visitor visitor = { .ctx = &seen, .trial = count_trial };
    CU_ASSERT_EQUAL(fixture_put_trial(&f, f.self, id, 0, HONE_STATE_RUNNING), HONE_EINVAL);
    ASSERT_SAYS(&f, "outside begin and commit");
    CU_ASSERT_EQUAL(f.api->commit(f.self, &f.err), HONE_EINVAL);
    f.api->rollback(f.self); /* nothing to do */
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    CU_ASSERT_EQUAL(f.api->begin(f.self, &f.err), HONE_EINVAL);
    ASSERT_OK(&f, fixture_put_trial(&f, f.self, id, 0, HONE_STATE_RUNNING));
    f.api->rollback(f.self);
    /* a write that fails takes its transaction along, even where the caller goes on */
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    ASSERT_OK(&f, fixture_put_trial(&f, f.self, id, 1, HONE_STATE_RUNNING));
    CU_ASSERT_EQUAL(fixture_put_trial(&f, f.self, id + 1, 1, HONE_STATE_RUNNING), HONE_EINVAL);
    ASSERT_SAYS(&f, "holds no study with the id");
    CU_ASSERT_EQUAL(fixture_put_trial(&f, f.self, id, 2, HONE_STATE_RUNNING), HONE_EINVAL);
    CU_ASSERT_EQUAL(f.api->commit(f.self, &f.err), HONE_EINVAL);
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    ASSERT_OK(&f, f.api->commit(f.self, &f.err));
    ASSERT_OK(&f, f.api->trials(f.self, id, HONE_ALL_TRIALS, &visitor, &f.err));
    CU_ASSERT_EQUAL(seen.n, 0);
    /* what was begun and never committed is gone */
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    ASSERT_OK(&f, fixture_put_trial(&f, f.self, id, 3, HONE_STATE_RUNNING));
    fixture_close(&f);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_READ));
    ASSERT_OK(&f, f.api->begin(f.self, &f.err)); /* a reader may hold a snapshot */
    ASSERT_OK(&f, f.api->trials(f.self, id, HONE_ALL_TRIALS, &visitor, &f.err));
    CU_ASSERT_EQUAL(seen.n, 0);
    CU_ASSERT_EQUAL(fixture_put_trial(&f, f.self, id, 0, HONE_STATE_RUNNING), HONE_EINVAL);
    ASSERT_OK(&f, f.api->commit(f.self, &f.err));
    fixture_release(&f);
}

static void test_views(void)
{
    struct fixture f;
    fixture_directory(&f);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    const int64_t id = fixture_put_study(&f, f.self, "s");
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    for (uint64_t i = 0; i < 6; i++)
        ASSERT_OK(&f, fixture_put_trial(&f, f.self, id, i, i == 5 ? HONE_STATE_PRUNED : HONE_STATE_COMPLETE));
    const double value = 99, violation = 1e-9;
    const hone_trial_record infeasible = { .size = sizeof infeasible,
                                           .state = HONE_STATE_COMPLETE,
                                           .number = 6,
                                           .n_values = 1,
                                           .n_constraints = 1,
                                           .values = &value,
                                           .constraints = &violation };
    ASSERT_OK(&f, f.api->put_trial(f.self, id, &infeasible, &f.err));
    ASSERT_OK(&f, put_report(&f, id, 2, 1, 1, 3));
    const hone_event_record event = { .size = sizeof event, .what = HONE_EVENT_TELL, .trial = 4 };
    ASSERT_OK(&f, f.api->put_event(f.self, id, &event, &f.err));
    ASSERT_OK(&f, f.api->commit(f.self, &f.err));
    /* the objective is maximized: trial 4 has the largest value of those complete and feasible */
    CU_ASSERT_EQUAL(
        fixture_query(f.path, "SELECT trial FROM best_trials WHERE objective = 'validation.accuracy' AND study = 's'"),
        4);
    CU_ASSERT_EQUAL(fixture_query(f.path, "SELECT count(*) FROM best_trials"), 1);
    CU_ASSERT_EQUAL(
        fixture_query(f.path,
                      "SELECT count(*) FROM trial_results WHERE point = 'optimizer.learning_rate=1 model.width=1'"
                      " AND trial = 4 AND seconds = 2 AND feasible"),
        1);
    CU_ASSERT_EQUAL(fixture_query(f.path, "SELECT trial FROM trial_results WHERE NOT feasible"), 6);
    CU_ASSERT_EQUAL(
        fixture_query(f.path, "SELECT count(*) FROM reports WHERE study = 's' AND trial = 2 AND verdict = 'pause'"), 3);
    CU_ASSERT_EQUAL(fixture_query(f.path, "SELECT trial FROM decisions WHERE what = 'tell' AND verdict IS NULL"), 4);
    CU_ASSERT_EQUAL(fixture_query(f.path, "PRAGMA user_version"), SCHEMA_VERSION);
    CU_ASSERT_EQUAL(fixture_query(f.path, "PRAGMA application_id"), APPLICATION_ID);
    CU_ASSERT_EQUAL(
        fixture_query(f.path, "SELECT sql LIKE '%-- why it failed%' FROM sqlite_schema WHERE name = 'trials'"), 1);
    fixture_close(&f);
    CU_ASSERT_EQUAL(fixture_execute(f.path, "PRAGMA foreign_keys = ON; DELETE FROM studies WHERE name = 's'"),
                    SQLITE_OK);
    CU_ASSERT_EQUAL(fixture_query(f.path,
                                  "SELECT (SELECT count(*) FROM trials) + (SELECT count(*) FROM trial_parameters)"
                                  " + (SELECT count(*) FROM report_values) + (SELECT count(*) FROM events)"),
                    0);
    fixture_release(&f);
}

/* The documented queries are SQL that runs. */
static void test_documented_queries(void)
{
    struct fixture f;
    fixture_directory(&f);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    fixture_close(&f);
    const char *at = f.component->doc;
    int queries = 0;
    while ((at = strstr(at, "    SELECT "))) {
        const char *end = strchr(at, ';');
        CU_ASSERT_PTR_NOT_NULL_FATAL(end);
        char sql[512];
        snprintf(sql, sizeof sql, "%.*s", (int)(end - at + 1), at);
        CU_ASSERT_EQUAL(fixture_execute(f.path, sql), SQLITE_OK);
        queries++;
        at = end;
    }
    CU_ASSERT(queries >= 5);
    fixture_release(&f);
}

SUITE(TEST(test_study), TEST(test_trial), TEST(test_trial_replaced), TEST(test_reports), TEST(test_name_after_rollback),
      TEST(test_study_after_rollback), TEST(test_events), TEST(test_attachments), TEST(test_visitor_may_read),
      TEST(test_transactions), TEST(test_views), TEST(test_documented_queries))
