/* SPDX-License-Identifier: MIT */
/* Cases for reporters that write: studies with everything and with nothing in them, texts that mean something in other formats, numbers
 * that are none, files that cannot be written. */
#include "check.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIMS = 3, TRIALS = 30, STEPS = 4 };

static const char *const kinds[] = { "a", "b,\"c\"", "</script><b>" };
static const double one_value[] = { 1 };
static const hone_condition kind_b = { sizeof(hone_condition), 0, HONE_EQ, 1, one_value };
static const hone_condition *const if_b[] = { &kind_b };
static const hone_dim kind_dim = {
    .size = sizeof(hone_dim), .type = HONE_DIM_CHOICE, .n_choices = 3, .key = "kind", .max = 2, .choices = kinds
};
static const hone_dim rate_dim = {
    .size = sizeof(hone_dim), .type = HONE_DIM_REAL, .flags = HONE_DIM_LOG, .key = "rate", .min = 1e-4, .max = 1
};
static const hone_dim depth_dim = { .size = sizeof(hone_dim),
                                    .type = HONE_DIM_INT,
                                    .key = "b.depth",
                                    .min = 1,
                                    .max = 6,
                                    .step = 1,
                                    .n_conditions = 1,
                                    .conditions = if_b };
static const hone_dim *const dims[] = { &kind_dim, &rate_dim, &depth_dim };
static const hone_space space = { sizeof(hone_space), DIMS, dims, 0, 0, NULL };

static const hone_value objectives[] = { { "validation.accuracy", 0, HONE_MAXIMIZE, 0 },
                                         { "time", 0, HONE_MINIMIZE, 0 } };
static const char *const constraints[] = { "model.parameters <= 500000" };
#define RECORD(the_name, n, m)                                                                                        \
    {                                                                                                                 \
        .size = sizeof(hone_study_record), .state = HONE_STUDY_FINISHED, .id = 1, .name = the_name, .seed = 1,        \
        .config = "[study]\nname = x ; </script>\n[space]\nrate = real 1e-4 .. 1 log\n",                              \
        .sources = "study.name\tx.ini:1\n", .environment = "hone=0.1.0\ncpu=\"a\" & <b>\n", .n_objectives = n,        \
        .n_constraints = m, .objectives = objectives, .constraints = constraints, .created = 1.7e9, .updated = 1.7e9, \
        .ended = ""                                                                                                   \
    }
static const hone_study_record odd_record = RECORD("a </script> \"study\", n\xc3\xa4mlich", 2, 1),
                               empty_record = RECORD("empty", 1, 0);
static const hone_kept_study odd = { sizeof odd, 0, &odd_record, &space, "'x.db' --study odd" },
                             empty = { sizeof empty, 0, &empty_record, NULL, "x.db --study empty" };
static const hone_kept_study *const odd_alone[] = { &odd }, *const empty_alone[] = { &empty },
                                    *const both[] = { &odd, &empty };

/* ---- the view ---- */

static int is_empty(const hone_view *view, uint32_t study)
{
    return view->studies[study] == &empty;
}

static hone_rc trials(const hone_view *view, uint32_t study, int64_t trial, const hone_storage_visitor *visitor,
                      hone_error *err)
{
    static const double odd_values[] = { 0.875, (double)NAN, HUGE_VAL, 1e-300, -1e300, 0 };
    hone_rc rc = HONE_OK;
    (void)err;
    for (uint64_t i = 0; i < TRIALS && rc == HONE_OK && !is_empty(view, study) && visitor->trial; i++) {
        if (trial != HONE_ALL_TRIALS && (uint64_t)trial != i)
            continue;
        const uint32_t kind = (uint32_t)(i % 3);
        char rate[32];
        snprintf(rate, sizeof rate, "%.17g", 0.001 * (double)(i + 1));
        const hone_parameter_record parameters[] = { { "kind", kinds[kind], kind },
                                                     { "rate", rate, 0.001 * (double)(i + 1) },
                                                     { "b.depth", "2", 2 } };
        const double values[] = { odd_values[i % 6], (double)i }, violations[] = { i % 4 ? -1.0 : (double)NAN };
        const hone_value metrics[] = { { "validation.accuracy", values[0], HONE_MAXIMIZE, 0 },
                                       { "d(a)/d(\"b\")", odd_values[(i + 1) % 6], HONE_NO_DIRECTION, 0 } };
        const uint32_t state = (uint32_t)(i % 6), ended = state >= HONE_STATE_COMPLETE;
        const hone_trial_record record = { .size = sizeof record,
                                           .state = state,
                                           .number = i,
                                           .attempt = i % 2,
                                           .n_parameters = kind == 1 ? 3 : 2,
                                           .n_values = ended ? 2 : 0,
                                           .n_constraints = ended ? 1 : 0,
                                           .n_metrics = ended ? 2 : 0,
                                           .parameters = parameters,
                                           .values = values,
                                           .constraints = violations,
                                           .metrics = metrics,
                                           .step = state ? STEPS : 0,
                                           .best_step = ended ? 2 : 0,
                                           .started = state ? 1.7e9 + (double)i : 0,
                                           .ended = ended ? 1.7e9 + (double)i + 0.25 : 0,
                                           .worker = (uint32_t)(i % 2),
                                           .signal = state == HONE_STATE_FAILED ? 11 : 0,
                                           .component = state == HONE_STATE_FAILED ? "objective" : "",
                                           .message = state == HONE_STATE_FAILED ? "it \"died\",\tsaid <i>" : "" };
        rc = visitor->trial(visitor->ctx, &record);
    }
    return rc;
}

static hone_rc reports(const hone_view *view, uint32_t study, int64_t trial, const hone_storage_visitor *visitor,
                       hone_error *err)
{
    hone_rc rc = HONE_OK;
    (void)err;
    for (uint64_t i = 0; i < TRIALS && !is_empty(view, study) && visitor->report; i++)
        for (int64_t step = 1; step <= STEPS && rc == HONE_OK; step++) {
            const hone_value values[] = { { "validation.accuracy", step == 2 ? (double)NAN : 0.1 * (double)step,
                                            HONE_MAXIMIZE, 0 },
                                          { "training.loss", 1 / (double)step, HONE_MINIMIZE, 0 } };
            const hone_report_record record = {
                sizeof record, 2, i, i % 2, step, values, 1.7e9, (uint32_t)(step == STEPS && i % 6 == 4 ? 1 : 0), 0
            };
            if (i % 6 && (trial == HONE_ALL_TRIALS || (uint64_t)trial == i))
                rc = visitor->report(visitor->ctx, &record);
        }
    return rc;
}

static hone_rc events(const hone_view *view, uint32_t study, const hone_storage_visitor *visitor, hone_error *err)
{
    hone_rc rc = HONE_OK;
    (void)err;
    for (uint64_t i = 0; i < 2ull * TRIALS && rc == HONE_OK && !is_empty(view, study) && visitor->event; i++) {
        const hone_event_record record = {
            sizeof record, i % 2 ? HONE_EVENT_PAUSE : HONE_EVENT_ASK, i, i / 2, i % 2 ? 2 : 0, 0, 0, NULL
        };
        rc = visitor->event(visitor->ctx, &record);
    }
    return rc;
}

static hone_rc attachments(const hone_view *view, uint32_t study, int64_t trial, const hone_storage_visitor *visitor,
                           hone_error *err)
{
    static const hone_attachment_record record = { sizeof record, 1,          3,
                                                   "confusion",   "text/csv", ",a,\"b,c\"\na,5,1\n\"b,c\",0,7\n",
                                                   NULL };
    (void)err;
    return is_empty(view, study) || !visitor->attachment || (trial != HONE_ALL_TRIALS && trial != 3)
               ? HONE_OK
               : visitor->attachment(visitor->ctx, &record);
}

static hone_rc point(const hone_view *view, uint32_t study, const hone_trial_record *trial, double *x, hone_error *err)
{
    (void)view;
    (void)study;
    (void)err;
    for (uint32_t k = 0; k < DIMS; k++)
        x[k] = (double)NAN;
    for (uint32_t i = 0; i < trial->n_parameters && i < DIMS; i++)
        x[i] = trial->parameters[i].number;
    return HONE_OK;
}

static const char *importance_method(const hone_view *view, uint32_t index)
{
    (void)view;
    return index ? NULL : "guess";
}

static hone_rc importance(const hone_view *view, uint32_t study, const char *method, uint32_t objective, uint64_t most,
                          hone_importance_sink give, void *ctx, hone_error *err)
{
    hone_rc rc = HONE_OK;
    (void)method;
    (void)objective;
    (void)most;
    if (is_empty(view, study))
        return hone_fail(err, HONE_ENOTSUP, NULL, "importance needs two complete trials at least");
    for (uint32_t i = 0; i < DIMS && rc == HONE_OK; i++) {
        const hone_importance one = { sizeof one, i, UINT32_MAX, 0.5 / (i + 1), i ? (double)NAN : 0.01 };
        rc = give(ctx, &one);
    }
    return rc;
}

static hone_rc notes(const hone_view *view, uint32_t study, int64_t trial, void *ctx,
                     hone_rc (*visit)(void *ctx, const hone_note_record *note), hone_error *err)
{
    static const hone_note_record of_study = { sizeof of_study, 0, HONE_ALL_TRIALS, "about </script>\nall", 1.7e9 },
                                  of_trial = { sizeof of_trial, 0, 3, "\"odd\" <b>, \xff", 1.7e9 };
    hone_rc rc = HONE_OK;
    (void)err;
    if (!is_empty(view, study) && trial == HONE_ALL_TRIALS)
        rc = visit(ctx, &of_study);
    return is_empty(view, study) || rc != HONE_OK || (trial != HONE_ALL_TRIALS && trial != 3) ? rc
                                                                                              : visit(ctx, &of_trial);
}

/* ---- writing ---- */

struct outlet {
    struct bytes *bytes;
    uint64_t limit; /* bytes that there is room for */
};

static int64_t outlet_write(void *ctx, const void *buffer, uint64_t n)
{
    struct outlet *o = (struct outlet *)ctx;
    if (n > o->limit)
        return -1;
    o->limit -= n;
    bytes_add(o->bytes, buffer, (size_t)n);
    return (int64_t)n;
}

static void nowhere(void *ctx, const char *text, uint64_t n)
{
    (void)ctx;
    (void)text;
    (void)n;
}

static uint32_t narrow(void *ctx)
{
    (void)ctx;
    return 60;
}

/* *skip: the component writes nothing */
static int write_into(struct check *c, const hone_kept_study *const *studies, uint32_t n, const char *path,
                      uint64_t limit, struct bytes *bytes, hone_rc *rc)
{
    struct outlet outlet = { bytes, limit };
    const hone_ostream out = { &outlet, outlet_write };
    const hone_terminal terminal = { sizeof terminal, 0, 0, 0, NULL, nowhere, narrow };
    hone_reporter_v1 reporter;
    struct instance in;
    TRY(check_iface(c, &reporter, sizeof reporter));
    if (!reporter.write)
        return check_skip(c, "it writes nothing");
    const int by_path = (reporter.flags & HONE_REPORTER_PATH) != 0;
    const hone_view view = {
        sizeof view, n,       studies, "x.db",      path,  by_path ? NULL : &out, &terminal,  NULL,
        trials,      reports, events,  attachments, point, importance_method,     importance, notes
    };
    TRY(instance_create(c, &in, 1));
    CALL(c, "write", *rc = reporter.write(in.self, &view, &in.err));
    TRY(check_error(c, "write", *rc, &in.err));
    return instance_destroy(&in);
}

static int temporary(struct check *c, char *folder)
{
    return mkdtemp(folder) ? 0 : check_fail(c, "cannot make a folder for the test: %s", strerror(errno));
}

static int case_write(struct check *c)
{
    char folder[] = "/tmp/hone-check-XXXXXX", path[64];
    struct bytes first = { 0 }, second = { 0 }, other = { 0 };
    hone_reporter_v1 reporter;
    hone_rc rc = HONE_OK;
    TRY(check_iface(c, &reporter, sizeof reporter));
    if (!reporter.write)
        return check_skip(c, "it writes nothing");
    TRY(temporary(c, folder));
    snprintf(path, sizeof path, "%s/one", folder);
    TRY(write_into(c, odd_alone, 1, path, UINT64_MAX, &first, &rc));
    if (rc < 0)
        return check_fail(c, "write failed for a study with everything in it");
    snprintf(path, sizeof path, "%s/two", folder);
    TRY(write_into(c, odd_alone, 1, path, UINT64_MAX, &second, &rc));
    if (c->component->flags & HONE_C_DETERMINISTIC &&
        (rc < 0 || first.n != second.n || (first.n && memcmp(first.data, second.data, first.n) != 0)))
        return check_fail(c, "writes other bytes of the same study the second time");
    snprintf(path, sizeof path, "%s/three", folder);
    TRY(write_into(c, empty_alone, 1, path, UINT64_MAX, &other, &rc));
    snprintf(path, sizeof path, "%s/four", folder);
    if (!(reporter.flags & HONE_REPORTER_ONE))
        TRY(write_into(c, both, 2, path, UINT64_MAX, &other, &rc));
    if (rc < 0 && (rc != HONE_ENOTSUP || !(reporter.flags & HONE_REPORTER_PLOTS))) /* of nothing there may be no plot */
        return check_fail(c, "write failed for studies of which one is empty");
    bytes_release(&first);
    bytes_release(&second);
    bytes_release(&other);
    return 0;
}

static int case_full(struct check *c)
{
    struct bytes whole = { 0 }, some = { 0 };
    hone_reporter_v1 reporter;
    hone_rc rc = HONE_OK;
    TRY(check_iface(c, &reporter, sizeof reporter));
    if (!reporter.write)
        return check_skip(c, "it writes nothing");
    if (reporter.flags & HONE_REPORTER_PATH) {
        TRY(write_into(c, odd_alone, 1, "/dev/null/nowhere", 0, &some, &rc));
        return rc < 0 ? 0 : check_fail(c, "claims to have written where nothing can be");
    }
    TRY(write_into(c, odd_alone, 1, "/tmp/unused", UINT64_MAX, &whole, &rc));
    const uint64_t limits[] = { 0, whole.n / 2, whole.n ? whole.n - 1 : 0 };
    for (size_t i = 0; i < sizeof limits / sizeof *limits && whole.n; i++) {
        TRY(write_into(c, odd_alone, 1, "/tmp/unused", limits[i], &some, &rc));
        if (rc >= 0)
            return check_fail(c, "claims success where only %llu of %zu bytes could be written",
                              (unsigned long long)limits[i], whole.n);
    }
    bytes_release(&whole);
    bytes_release(&some);
    return 0;
}

const struct check_case reporter_write_cases[] = {
    { "write", HONE_KIND_REPORTER, "studies with everything and nothing in them are written, the same each time",
      case_write },
    { "full", HONE_KIND_REPORTER, "what cannot be written is a failure", case_full },
    { NULL, NULL, NULL, NULL },
};
