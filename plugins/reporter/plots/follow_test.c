/* SPDX-License-Identifier: MIT */
/* Following a study that grows, against reading it anew: rows, ranges, rungs; what is given of it since a version; when it is not to be
 * followed. */
#include "harness.h"
#include "hone/rng.h"
#include "page.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_TRIALS = 400, MOST_EVENTS = 20000 };

/* ---- a study that grows, in memory ---- */

struct growing {
    hone_study_record record;
    hone_kept_study kept;
    const hone_kept_study *list[1];
    hone_view view;
    struct {
        uint32_t state, attempt;
        int64_t step;
        double x;
    } trials[MOST_TRIALS];
    hone_event_record events[MOST_EVENTS];
    uint64_t n, n_events, asked_one, asked_all;
    hone_rc answer; /* of a trial that is asked for alone */
};

static const hone_value objectives[] = { { "loss", 0, HONE_MINIMIZE, 0 } };

static hone_rc trials(const hone_view *view, uint32_t study, int64_t trial, const hone_storage_visitor *visitor,
                      hone_error *err)
{
    struct growing *g = view->impl;
    hone_rc rc = trial == HONE_ALL_TRIALS ? HONE_OK : g->answer;
    (void)study;
    (void)err;
    *(trial == HONE_ALL_TRIALS ? &g->asked_all : &g->asked_one) += 1;
    for (uint64_t i = 0; i < g->n && rc == HONE_OK; i++) {
        const uint32_t state = g->trials[i].state;
        const double value = (double)(i * 7 % 11) + (double)g->trials[i].attempt;
        const hone_value metrics[] = { { "loss", value, HONE_MINIMIZE, 0 },
                                       { i % 3 ? "accuracy" : "seconds", value / 2, HONE_MAXIMIZE, 0 } };
        const hone_parameter_record parameters[] = { { "rate", "0.5", g->trials[i].x },
                                                     { i % 2 ? "odd" : "even", i % 4 > 1 ? "b" : "a", (double)NAN } };
        const hone_trial_record record = { .size = sizeof record,
                                           .state = state,
                                           .number = i,
                                           .attempt = g->trials[i].attempt,
                                           .n_parameters = 2,
                                           .parameters = parameters,
                                           .n_values = state == HONE_STATE_COMPLETE,
                                           .values = &value,
                                           .n_metrics = state == HONE_STATE_COMPLETE ? 2 : 0,
                                           .metrics = metrics,
                                           .step = g->trials[i].step,
                                           .started = 1e9 + (double)(i * 5 % 7),
                                           .ended = state > HONE_STATE_PAUSED ? 2e9 : 0,
                                           .component = "objective",
                                           .message = state == HONE_STATE_FAILED ? "it is stuck" : "" };
        if (trial == HONE_ALL_TRIALS || (uint64_t)trial == i)
            rc = visitor->trial(visitor->ctx, &record);
    }
    return rc;
}

static hone_rc events_from(const hone_view *view, uint32_t study, uint64_t from, const hone_storage_visitor *visitor,
                           hone_error *err)
{
    const struct growing *g = view->impl;
    hone_rc rc = HONE_OK;
    (void)study;
    (void)err;
    for (uint64_t i = from; i < g->n_events && rc == HONE_OK; i++)
        rc = visitor->event(visitor->ctx, &g->events[i]);
    return rc;
}

static hone_rc events(const hone_view *view, uint32_t study, const hone_storage_visitor *visitor, hone_error *err)
{
    return events_from(view, study, 0, visitor, err);
}

static hone_rc notes(const hone_view *view, uint32_t study, int64_t trial, void *ctx,
                     hone_rc (*visit)(void *ctx, const hone_note_record *note), hone_error *err)
{
    const hone_note_record note = { sizeof note, 0, 0, "odd", 1 };
    (void)view;
    (void)study;
    (void)trial;
    (void)err;
    return visit(ctx, &note);
}

static void begin(struct growing *g)
{
    memset(g, 0, sizeof *g);
    g->record = (hone_study_record){ .size = sizeof g->record,
                                     .name = "growing",
                                     .n_objectives = 1,
                                     .objectives = objectives,
                                     .config = "",
                                     .sources = "",
                                     .environment = "" };
    g->kept = (hone_kept_study){ sizeof g->kept, 0, &g->record, NULL, "x" };
    g->list[0] = &g->kept;
    g->view = (hone_view){ .size = sizeof g->view,
                           .n_studies = 1,
                           .studies = g->list,
                           .impl = g,
                           .trials = trials,
                           .events = events,
                           .events_from = events_from,
                           .notes = notes };
}

static void happen(struct growing *g, uint32_t what, uint64_t trial, int64_t step)
{
    CU_ASSERT_FATAL(g->n_events < MOST_EVENTS);
    g->events[g->n_events] = (hone_event_record){ sizeof *g->events, what, g->n_events, trial, step, 0, 0, NULL };
    g->n_events++;
}

static void count(struct growing *g)
{
    g->record.n_trials = g->n;
    g->record.n_complete = g->record.n_failed = 0;
    for (uint64_t i = 0; i < g->n; i++) {
        g->record.n_complete += g->trials[i].state == HONE_STATE_COMPLETE;
        g->record.n_failed += g->trials[i].state == HONE_STATE_FAILED;
    }
}

/* A trial is asked for, reports, pauses, moves (as a clone does), ends. */
static void change(struct growing *g, hone_rng *rng)
{
    const uint64_t trial = g->n ? hone_rng_below(rng, g->n) : 0;
    const uint64_t what = g->n ? hone_rng_below(rng, 6) : 0;
    if (what < 2 && g->n < MOST_TRIALS) {
        g->trials[g->n].state = HONE_STATE_RUNNING;
        g->trials[g->n].x = hone_rng_normal(rng);
        happen(g, HONE_EVENT_ASK, g->n++, 0);
    } else if (what == 2) {
        happen(g, HONE_EVENT_REPORT, trial, ++g->trials[trial].step);
    } else if (what == 3) {
        g->trials[trial].state = HONE_STATE_PAUSED;
        happen(g, HONE_EVENT_PAUSE, trial, g->trials[trial].step);
    } else if (what == 4) {
        g->trials[trial].x = hone_rng_normal(rng);
        g->trials[trial].attempt++;
        happen(g, HONE_EVENT_CLONE, trial, 0);
    } else {
        g->trials[trial].state = trial % 5 ? HONE_STATE_COMPLETE : HONE_STATE_FAILED;
        happen(g, HONE_EVENT_TELL, trial, 0);
        happen(g, HONE_EVENT_NOTE, UINT64_MAX, 0);
    }
    count(g);
}

/* ---- comparing ---- */

static int same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static void is_as_read(const struct study *s, const struct growing *g)
{
    struct study fresh;
    hone_error err = HONE_ERROR_INIT;
    CU_ASSERT_EQUAL_FATAL(study_read(&fresh, &g->view, 0, &err), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(s->n, fresh.n);
    CU_ASSERT_EQUAL_FATAL(s->n_rungs, fresh.n_rungs);
    CU_ASSERT_EQUAL(s->next_event, fresh.next_event);
    CU_ASSERT(!s->n_rungs || !memcmp(s->rungs, fresh.rungs, s->n_rungs * sizeof *s->rungs));
    CU_ASSERT(same(s->first, fresh.first));
    CU_ASSERT_EQUAL_FATAL(s->d, fresh.d);
    for (uint32_t k = 0; k < s->d; k++) /* names, where they are new, may come in another order */
        CU_ASSERT(s->dims[k].names ||
                  (same(s->dims[k].min, fresh.dims[k].min) && same(s->dims[k].max, fresh.dims[k].max)));
    for (size_t i = 0; i < s->n; i++) {
        const struct row *a = &s->rows[i], *b = &fresh.rows[i];
        CU_ASSERT(a->number == b->number && a->state == b->state && a->step == b->step && same(a->ended, b->ended));
        CU_ASSERT(same(a->values[0], b->values[0]) && !strcmp(a->message, b->message));
        for (uint32_t k = 0; k < s->d; k++) {
            const struct dimension *p = &s->dims[k], *q = &fresh.dims[k];
            const double x = row_x(a, k), y = row_x(b, k);
            CU_ASSERT(p->names && !isnan(x) && !isnan(y) ? !strcmp(p->names[(int)x], q->names[(int)y]) : same(x, y));
        }
        for (uint32_t m = 0; m < s->metrics.n; m++)
            for (uint32_t k = 0; k < fresh.metrics.n; k++)
                CU_ASSERT(strcmp(s->metrics.names[m], fresh.metrics.names[k]) != 0 ||
                          same(row_metric(a, m), row_metric(b, k)));
    }
    study_release(&fresh);
}

static struct growing g; /* large */

static void test_follows_what_changes(void)
{
    hone_rng rng = hone_rng_at(21, 0);
    hone_error err = HONE_ERROR_INIT;
    struct study s;
    begin(&g);
    for (int i = 0; i < 50; i++)
        change(&g, &rng);
    CU_ASSERT_EQUAL_FATAL(study_read(&s, &g.view, 0, &err), HONE_OK);
    for (uint64_t version = 1; version < 200; version++) {
        const uint64_t before = g.n_events, all = g.asked_all, one = g.asked_one, some = hone_rng_below(&rng, 8);
        uint64_t fresh = 0;
        for (uint64_t k = 0; k < some; k++)
            change(&g, &rng);
        CU_ASSERT_EQUAL_FATAL(study_follow(&s, version, &err), HONE_OK);
        CU_ASSERT_EQUAL(g.asked_all, all);
        CU_ASSERT(g.asked_one - one <= g.n_events - before);
        is_as_read(&s, &g);
        for (size_t i = 0; i < s.n; i++) { /* those, and no others, that an event was about */
            int heard = 0;
            for (uint64_t k = before; k < g.n_events; k++)
                heard |= g.events[k].trial == s.rows[i].number;
            CU_ASSERT_EQUAL(s.rows[i].version == version, heard);
            fresh += (uint64_t)heard;
        }
        CU_ASSERT_EQUAL(g.asked_one - one, fresh);
    }
    study_release(&s);
}

struct sink {
    char text[65536];
    size_t n;
};

static int64_t take(void *ctx, const void *bytes, uint64_t n)
{
    struct sink *sink = ctx;
    CU_ASSERT_FATAL(sink->n + n < sizeof sink->text);
    memcpy(sink->text + sink->n, bytes, (size_t)n);
    sink->n += (size_t)n;
    sink->text[sink->n] = '\0';
    return (int64_t)n;
}

static void test_gives_what_is_new_since(void)
{
    static struct sink sink;
    const hone_ostream out = { &sink, take };
    hone_error err = HONE_ERROR_INIT;
    struct study s;
    begin(&g);
    for (uint64_t i = 0; i < 9; i++) {
        g.trials[i].state = HONE_STATE_RUNNING;
        happen(&g, HONE_EVENT_ASK, i, 0);
    }
    g.n = 9;
    CU_ASSERT_EQUAL_FATAL(study_read(&s, &g.view, 0, &err), HONE_OK);
    s.version = s.base = 40;
    g.trials[5].state = HONE_STATE_FAILED;
    happen(&g, HONE_EVENT_TELL, 5, 0);
    CU_ASSERT_EQUAL(study_follow(&s, 41, &err), HONE_OK);
    g.trials[2].step = 3;
    happen(&g, HONE_EVENT_REPORT, 2, 3);
    CU_ASSERT_EQUAL(study_follow(&s, 42, &err), HONE_OK);
    static const char *const numbers[] = { "[2,5]", "[2]", "[]" };
    for (uint64_t since = 40; since <= 42; since++) {
        char expected[64];
        sink.n = 0;
        struct emit *e = emit_open(&out);
        CU_ASSERT_EQUAL(page_study(e, &s, 0, since), HONE_OK);
        CU_ASSERT_EQUAL(emit_close(e, NULL), HONE_OK);
        snprintf(expected, sizeof expected, "\"version\":42,\"since\":%llu", (unsigned long long)since);
        CU_ASSERT_PTR_NOT_NULL(strstr(sink.text, expected));
        snprintf(expected, sizeof expected, "\"number\":%s,\"state\"", numbers[since - 40]);
        CU_ASSERT_PTR_NOT_NULL(strstr(sink.text, expected));
        CU_ASSERT_EQUAL(strstr(sink.text, "\"5\":\"objective: it is stuck\"") != NULL, since == 40);
        CU_ASSERT_PTR_NOT_NULL(strstr(sink.text, "\"notes\":{\"0\":\"odd\"}"));
    }
    study_release(&s);
}

/* Then it is read anew: without events, with a change that no event tells of, with many, with rows read again too often. */
static void test_when_not_to_follow(void)
{
    hone_rng rng = hone_rng_at(22, 0);
    hone_error err = HONE_ERROR_INIT;
    struct study s;
    begin(&g);
    g.n = 3;
    CU_ASSERT_EQUAL_FATAL(study_read(&s, &g.view, 0, &err), HONE_OK);
    CU_ASSERT_EQUAL(study_follow(&s, 1, &err), HONE_WAIT);
    study_release(&s);
    change(&g, &rng);
    CU_ASSERT_EQUAL_FATAL(study_read(&s, &g.view, 0, &err), HONE_OK);
    CU_ASSERT_EQUAL(study_follow(&s, 1, &err), HONE_OK);
    g.trials[1].state = HONE_STATE_COMPLETE;
    count(&g);
    CU_ASSERT_EQUAL(study_follow(&s, 2, &err), HONE_WAIT);
    study_release(&s);
    CU_ASSERT_EQUAL_FATAL(study_read(&s, &g.view, 0, &err), HONE_OK);
    for (int i = 0; i < 3000; i++)
        happen(&g, HONE_EVENT_REPORT, (uint64_t)i % 2, i);
    CU_ASSERT_EQUAL(study_follow(&s, 3, &err), HONE_WAIT);
    study_release(&s);
    CU_ASSERT_EQUAL_FATAL(study_read(&s, &g.view, 0, &err), HONE_OK);
    hone_rc rc = HONE_OK;
    int followed = 0;
    for (; rc == HONE_OK && followed < MOST_EVENTS; followed++) {
        g.n_events = s.next_event = 1; /* the same one is told of over and over */
        happen(&g, HONE_EVENT_REPORT, 1, 1);
        rc = study_follow(&s, 4, &err);
    }
    CU_ASSERT_EQUAL(rc, HONE_WAIT);
    CU_ASSERT(followed > 1000); /* but not soon */
    study_release(&s);
    /* what the storage says */
    CU_ASSERT_EQUAL_FATAL(study_read(&s, &g.view, 0, &err), HONE_OK);
    happen(&g, HONE_EVENT_REPORT, 1, 2);
    g.answer = HONE_EIO;
    CU_ASSERT_EQUAL(study_follow(&s, 5, &err), HONE_EIO);
    study_release(&s);
}

SUITE(TEST(test_follows_what_changes), TEST(test_gives_what_is_new_since), TEST(test_when_not_to_follow))
