/* SPDX-License-Identifier: MIT */
/* The figures of invented studies against what a plain loop finds, thinning out, ticks, canvases, JSON. */
#include "canvas.h"
#include "harness.h"

#include <stdlib.h>
#include <string.h>

/* ---- a study of n trials: values and parameters from a formula ---- */

static const hone_value objectives[] = { { "loss", 0, HONE_MINIMIZE, 0 },
                                         { "accuracy", 0, HONE_MAXIMIZE, 0 },
                                         { "time", 0, HONE_MINIMIZE, 0 } };
struct invented {
    hone_study_record record;
    hone_kept_study kept;
    const hone_kept_study *list[1];
    hone_view view;
    uint64_t n;
    int64_t steps; /* 0: 3 */
};

static double noise(uint64_t i, uint64_t k)
{
    uint64_t z = (i * 3 + k + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

static uint32_t state_of(uint64_t i)
{
    return i % 10 == 7 ? HONE_STATE_FAILED : i % 10 == 3 ? HONE_STATE_PRUNED : HONE_STATE_COMPLETE;
}

static hone_rc trials(const hone_view *view, uint32_t study, int64_t trial, const hone_storage_visitor *visitor,
                      hone_error *err)
{
    const struct invented *v = view->impl;
    hone_rc rc = HONE_OK;
    (void)study;
    (void)err;
    CU_ASSERT_EQUAL(trial, HONE_ALL_TRIALS);
    for (uint64_t i = 0; i < v->n && rc == HONE_OK; i++) {
        const double values[] = { noise(i, 0), noise(i, 1), noise(i, 2) };
        const hone_parameter_record parameters[] = { { "rate", "0.5", 1e-3 + noise(i, 1) },
                                                     { "kind", i % 2 ? "b" : "a", 0 } };
        const hone_trial_record record = { .size = sizeof record,
                                           .state = state_of(i),
                                           .number = i,
                                           .n_parameters = 2,
                                           .parameters = parameters,
                                           .n_values = state_of(i) == HONE_STATE_FAILED ? 0 : v->record.n_objectives,
                                           .values = values,
                                           .step = 3,
                                           .started = 1e9 + (double)i,
                                           .ended = 1e9 + (double)i + 2,
                                           .worker = (uint32_t)(i % 2) };
        rc = visitor->trial(visitor->ctx, &record);
    }
    return rc;
}

static hone_rc reports(const hone_view *view, uint32_t study, int64_t trial, const hone_storage_visitor *visitor,
                       hone_error *err)
{
    hone_rc rc = HONE_OK;
    const struct invented *v = view->impl;
    (void)study;
    (void)err;
    for (int64_t step = 1; step <= (v->steps ? v->steps : 3); step++)
        for (uint64_t attempt = 0; attempt < 2 && rc == HONE_OK; attempt++) { /* the second attempt counts */
            const hone_value values[] = { { "train.loss", (double)step, HONE_MINIMIZE, 0 },
                                          { "loss", (double)trial + (double)step + 100 * (double)attempt, 0, 0 },
                                          { "wave", noise((uint64_t)step, attempt), 0, 0 } };
            const hone_report_record record = { sizeof record, 3, (uint64_t)trial, attempt, step, values, 0, 0, 0 };
            rc = visitor->report(visitor->ctx, &record);
        }
    return rc;
}

static hone_rc events(const hone_view *view, uint32_t study, const hone_storage_visitor *visitor, hone_error *err)
{
    static const int64_t steps[] = { 9, 1, 3, 1, 9 };
    (void)view;
    (void)study;
    (void)err;
    for (uint64_t i = 0; i < HONE_COUNT(steps); i++) {
        const hone_event_record e = { sizeof e, HONE_EVENT_PAUSE, i, i, steps[i], 0, 0, NULL };
        visitor->event(visitor->ctx, &e);
    }
    return HONE_OK;
}

static hone_rc attachments(const hone_view *view, uint32_t study, int64_t trial, const hone_storage_visitor *visitor,
                           hone_error *err)
{
    const hone_attachment_record all[] = {
        { sizeof *all, 0, (uint64_t)trial, "confusion", "text/csv", ",a,b\na,1,2\nb,3,4\n", NULL },
        { sizeof *all, 1, (uint64_t)trial, "confusion", "text/csv", ",\"a,\"\"\",b\n\"a,\"\"\",5,6\nb,7,8\n", NULL },
        { sizeof *all, 1, (uint64_t)trial, "other", "text/csv", "a,b\n1,2\n", NULL },
        { sizeof *all, 1, (uint64_t)trial, "cut", "text/csv", ",a,b\na,1\n", NULL },
        { sizeof *all, 1, (uint64_t)trial, "wild", "text/csv", ",a,b\na,1,x\nb,1,1\n", NULL },
    };
    (void)view;
    (void)study;
    (void)err;
    hone_rc rc = HONE_OK;
    for (size_t i = 0; i < HONE_COUNT(all) && rc == HONE_OK; i++)
        rc = visitor->attachment(visitor->ctx, &all[i]);
    return rc;
}

static const char *method(const hone_view *view, uint32_t index)
{
    (void)view;
    return index ? NULL : "guess";
}

static hone_rc importance(const hone_view *view, uint32_t study, const char *name, uint32_t objective, uint64_t most,
                          hone_importance_sink give, void *ctx, hone_error *err)
{
    (void)view;
    (void)study;
    (void)name;
    (void)objective;
    (void)give;
    (void)ctx;
    CU_ASSERT_EQUAL(most, FIGURE_SAMPLES);
    return hone_fail(err, HONE_ENOTSUP, NULL, "nobody knows");
}

static void invent(struct invented *v, uint64_t n, uint32_t n_objectives)
{
    memset(v, 0, sizeof *v);
    v->record = (hone_study_record){ .size = sizeof v->record,
                                     .name = "invented",
                                     .n_objectives = n_objectives,
                                     .objectives = objectives,
                                     .config = "",
                                     .sources = "",
                                     .environment = "" };
    v->kept = (hone_kept_study){ sizeof v->kept, 0, &v->record, NULL, "x" };
    v->list[0] = &v->kept;
    v->n = n;
    v->view = (hone_view){ sizeof v->view, 1,       v->list, "x",         NULL, NULL,   NULL,      v,
                           trials,         reports, events,  attachments, NULL, method, importance };
}

struct made {
    struct invented invented;
    struct study study;
    struct plots plots;
    struct figure figure;
    hone_error err;
};

static void make(struct made *m, uint64_t n, uint32_t n_objectives, uint32_t objective, const char *kind)
{
    m->err = (hone_error)HONE_ERROR_INIT;
    invent(&m->invented, n, n_objectives);
    CU_ASSERT_EQUAL_FATAL(study_read(&m->study, &m->invented.view, 0, &m->err), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(plots_init(&m->plots, &m->study, objective), HONE_OK);
    for (uint32_t i = 0; i < n_figure_kinds; i++)
        if (!strcmp(figure_kinds[i].name, kind))
            CU_ASSERT_EQUAL_FATAL(figure_make(&figure_kinds[i], &m->plots, &m->figure), HONE_OK);
    CU_ASSERT_STRING_EQUAL_FATAL(m->figure.kind, kind);
}

static const struct series *series_of(const struct panel *p, uint32_t role)
{
    for (uint32_t i = 0; i < p->n; i++)
        if (p->series[i].role == role)
            return &p->series[i];
    return NULL;
}

/* ---- tests ---- */

static void test_history(void)
{
    struct made m;
    make(&m, 300, 2, 1, "history");
    const struct series *best = series_of(m.figure.panels, ROLE_BEST);
    CU_ASSERT_PTR_NOT_NULL_FATAL(best);
    double known = -1;
    size_t at = 0;
    for (uint64_t i = 0; i < 300; i++) /* accuracy is to be large; only complete trials count */
        if (state_of(i) == HONE_STATE_COMPLETE && noise(i, 1) > known) {
            known = noise(i, 1);
            CU_ASSERT_EQUAL(best->x[at], (double)i);
            CU_ASSERT_EQUAL(best->y[at], known);
            at++;
        }
    CU_ASSERT_EQUAL(best->n, at + 1);
    CU_ASSERT_EQUAL(best->x[at], 299);
    CU_ASSERT_EQUAL(series_of(m.figure.panels, ROLE_PRUNED)->n, 30);
    CU_ASSERT_PTR_NULL(series_of(m.figure.panels, ROLE_FAILED)); /* they have no value */
    study_release(&m.study);
}

static void test_thinned(void)
{
    struct made m;
    make(&m, 20000, 1, 0, "history");
    const struct panel *p = m.figure.panels;
    const struct series *cells = series_of(p, ROLE_DENSITY), *points = series_of(p, ROLE_COMPLETE);
    double sum = 0, worst = 0, least_left = HUGE_VAL;
    CU_ASSERT_PTR_NOT_NULL_FATAL(cells);
    for (size_t i = 0; i < cells->n; i++)
        sum += isnan(cells->value[i]) ? 0 : cells->value[i];
    CU_ASSERT_EQUAL(sum, 18000); /* every trial with a value is in some cell */
    CU_ASSERT_EQUAL(points->n, FIGURE_BEST);
    uint8_t *shown = calloc(20000, 1);
    for (size_t i = 0; i < points->n; i++) {
        worst = fmax(worst, points->y[i]);
        shown[(size_t)points->trial[i]] = 1;
    }
    for (uint64_t i = 0; i < 20000; i++)
        if (!shown[i] && state_of(i) == HONE_STATE_COMPLETE)
            least_left = fmin(least_left, noise(i, 0));
    free(shown);
    CU_ASSERT(worst <= least_left); /* the points are the best ones */
    CU_ASSERT_STRING_EQUAL(m.figure.note, "the best 1,000 of 18,000 as points, all as density");
    study_release(&m.study);
}

static void test_edf(void)
{
    struct made m;
    for (uint32_t objective = 0; objective < 2; objective++) {
        make(&m, 2000, 2, objective, "edf");
        const struct series *line = &m.figure.panels[0].series[0];
        uint64_t complete = 0;
        for (uint64_t i = 0; i < 2000; i++)
            complete += state_of(i) == HONE_STATE_COMPLETE;
        for (size_t k = 0; k < line->n; k++) {
            uint64_t below = 0;
            for (uint64_t i = 0; i < 2000; i++)
                below += state_of(i) == HONE_STATE_COMPLETE && noise(i, objective) <= line->x[k];
            CU_ASSERT_DOUBLE_EQUAL(line->y[k], (double)below / (double)complete, 1e-12);
        }
        CU_ASSERT_EQUAL(line->y[line->n - 1], 1);
        study_release(&m.study);
    }
}

static int dominates(uint64_t a, uint64_t b, uint32_t n)
{
    int better = 0;
    for (uint32_t k = 0; k < n; k++) {
        const double sign = k == 1 ? -1 : 1, p = sign * noise(a, k), q = sign * noise(b, k);
        if (p > q)
            return 0;
        better |= p < q;
    }
    return better;
}

static void test_pareto(void)
{
    struct made m;
    for (uint32_t n = 2; n <= 3; n++) {
        make(&m, 400, n, 0, "pareto");
        CU_ASSERT_EQUAL(m.figure.n, n == 2 ? 1 : 3);
        const struct series *front = series_of(&m.figure.panels[0], ROLE_BEST);
        uint8_t on_front[400] = { 0 };
        CU_ASSERT_PTR_NOT_NULL_FATAL(front);
        for (size_t i = 0; i < front->n; i++) {
            on_front[(size_t)front->trial[i]] = 1;
            CU_ASSERT(i == 0 || front->x[i] >= front->x[i - 1]);
        }
        for (uint64_t i = 0; i < 400; i++) {
            int beaten = state_of(i) != HONE_STATE_COMPLETE;
            for (uint64_t k = 0; k < 400 && !beaten; k++)
                beaten = state_of(k) == HONE_STATE_COMPLETE && dominates(k, i, n);
            CU_ASSERT_EQUAL(on_front[i], !beaten);
        }
        study_release(&m.study);
    }
    make(&m, 10, 1, 0, "pareto");
    CU_ASSERT(m.figure.n == 0 && m.figure.missing);
    study_release(&m.study);
}

static void test_curves(void)
{
    struct made m;
    make(&m, 1000, 1, 0, "intermediate");
    const struct panel *p = m.figure.panels;
    CU_ASSERT_EQUAL(p->n, 2 * FIGURE_CURVES);
    CU_ASSERT(p->n_rungs == 3 && p->rungs[0] == 1 && p->rungs[1] == 3 && p->rungs[2] == 9);
    for (uint32_t i = 0; i < p->n; i++)
        for (size_t k = 0; k < p->series[i].n; k++)
            CU_ASSERT_EQUAL(p->series[i].y[k], p->series[i].trial[0] + (double)(k + 1) + 100);
    const struct series *best = series_of(p, ROLE_BEST);
    CU_ASSERT(best && best == &p->series[p->n - 1]);
    CU_ASSERT_STRING_EQUAL(m.figure.note, "200 of 1,000 trials: the best and every so many");
    study_release(&m.study);
}

/* A long curve keeps its ends, its extremes everywhere, and no more than asked for. */
static void test_long_curve(void)
{
    static const char *const names[] = { "none", "wave" };
    struct made m;
    double *steps, *values;
    size_t n = 0, at = 0;
    make(&m, 1, 1, 0, "history");
    m.invented.steps = 10007;
    CU_ASSERT_EQUAL_FATAL(study_curve(&m.study, 0, names, 2, 400, &steps, &values, &n), HONE_OK);
    CU_ASSERT(n <= 400 && n >= 300);
    CU_ASSERT(steps[0] == 1 && steps[n - 1] == 10007);
    for (size_t i = 0; i < n; i++) {
        CU_ASSERT(i == 0 || steps[i] > steps[i - 1]);
        CU_ASSERT_EQUAL(values[i], noise((uint64_t)steps[i], 1));
    }
    for (size_t k = 0; k < 100; k++) { /* the least and the greatest of each hundredth */
        double least = 2, greatest = -1, shown_least = 2, shown_greatest = -1;
        const size_t from = k * 10007 / 100, to = (k + 1) * 10007 / 100;
        for (size_t i = from; i < to; i++) {
            least = fmin(least, noise(i + 1, 1));
            greatest = fmax(greatest, noise(i + 1, 1));
        }
        for (; at < n && steps[at] <= (double)to; at++) {
            shown_least = fmin(shown_least, values[at]);
            shown_greatest = fmax(shown_greatest, values[at]);
        }
        CU_ASSERT(least == shown_least && greatest == shown_greatest);
    }
    study_release(&m.study);
}

static void test_confusion(void)
{
    struct made m;
    make(&m, 20, 1, 0, "confusion");
    CU_ASSERT_EQUAL_FATAL(m.figure.n,
                          1); /* the last training's alone, and tables that are no matrix are not taken for one */
    const struct panel *p = m.figure.panels;
    CU_ASSERT_STRING_EQUAL(p->x.names[0], "a,\"");
    CU_ASSERT_STRING_EQUAL(p->y.names[1], "a,\""); /* the first class on top */
    const double wanted[] = { 7, 8, 5, 6 };
    for (size_t i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(p->series[0].value[i], wanted[i]);
    study_release(&m.study);
}

static void test_without_space(void)
{
    struct made m;
    make(&m, 50, 1, 0, "slice");
    CU_ASSERT_EQUAL_FATAL(m.study.d, 2);
    CU_ASSERT(!m.study.dims[0].names && m.study.dims[1].n_names == 2);
    CU_ASSERT_EQUAL(m.figure.n, 2);
    study_release(&m.study);
    make(&m, 50, 1, 0, "importance");
    CU_ASSERT_STRING_EQUAL(m.figure.missing, "nobody knows");
    study_release(&m.study);
    make(&m, 50, 1, 0, "contour"); /* without importance: the first parameters */
    CU_ASSERT_EQUAL(m.figure.n, 1);
    study_release(&m.study);
    for (uint32_t i = 0; i < n_figure_kinds; i++) { /* no trial at all */
        make(&m, 0, 2, 0, figure_kinds[i].name);
        CU_ASSERT(m.figure.n == 0 && m.figure.missing);
        study_release(&m.study);
    }
}

static void test_ticks(void)
{
    double ticks[AXIS_TICKS];
    struct axis linear = { .min = -0.31, .max = 1.02 }, logarithmic = { .min = 3e-5, .max = 0.2, .log = 1 },
                whole = { .min = 1, .max = 3, .whole = 1 }, flat = { .min = 1, .max = 1 };
    CU_ASSERT_EQUAL(axis_ticks(&linear, 6, ticks), 3);
    CU_ASSERT_DOUBLE_EQUAL(ticks[0], 0, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(ticks[2], 1, 1e-12);
    CU_ASSERT_EQUAL(axis_ticks(&logarithmic, 5, ticks), 4);
    CU_ASSERT_DOUBLE_EQUAL(ticks[0], 1e-4, 1e-12);
    CU_ASSERT_EQUAL(axis_ticks(&whole, 10, ticks), 3);
    CU_ASSERT_EQUAL(axis_ticks(&flat, 10, ticks), 0);
    CU_ASSERT_DOUBLE_EQUAL(axis_unit(&logarithmic, sqrt(3e-5 * 0.2)), 0.5, 1e-12);
}

struct sink {
    char text[4096];
    size_t n;
};

static int64_t take(void *ctx, const void *bytes, uint64_t n)
{
    struct sink *s = ctx;
    CU_ASSERT_FATAL(s->n + n < sizeof s->text);
    memcpy(s->text + s->n, bytes, (size_t)n);
    s->n += (size_t)n;
    s->text[s->n] = '\0';
    return (int64_t)n;
}

struct counted {
    uint64_t n;
};

static int64_t count_bytes(void *ctx, const void *bytes, uint64_t n)
{
    (void)bytes;
    ((struct counted *)ctx)->n += n;
    return (int64_t)n;
}

static void test_json(void)
{
    struct sink sink = { .n = 0 };
    const hone_ostream out = { &sink, take };
    struct emit *e = emit_open(&out);
    const double numbers[] = { 0, -0.0, 1, -17, 0.1, 1e300, (double)NAN, HUGE_VAL, 1.0 / 3, 1e15 };
    emit_string(e, "</script>&\"\\\x01\xc3\xa4\xff\xed\xa0");
    emit_numbers(e, numbers, HONE_COUNT(numbers));
    emit_markup(e, "<b a=\"1\">&\x02");
    CU_ASSERT_EQUAL(emit_close(e, NULL), HONE_OK);
    CU_ASSERT_STRING_EQUAL(sink.text,
                           "\"\\u003c/script\\u003e\\u0026\\u0022\\u005c\\u0001\xc3\xa4\\ufffd\\ufffd\\ufffd\""
                           "[0,0,1,-17,0.1,1e+300,null,null,0.3333333,1e+15]"
                           "&lt;b a=&quot;1&quot;&gt;&amp;\xef\xbf\xbd");
}

/* Equal values are there once, short ones stand where they are, and so does everything where nothing is to be shared. */
static void test_shared(void)
{
    struct sink sink = { .n = 0 }, plain = { .n = 0 };
    const hone_ostream out = { &sink, take }, plain_out = { &plain, take };
    const double numbers[] = { 1, 2, 3, 4, 5 };
    struct emit *e = emit_open(&out), *p = emit_open(&plain_out);
    emit_share(e);
    for (size_t n = 2; n <= 5; n++)
        for (int twice = 0; twice < 2; twice++) {
            emit_shared_begin(e);
            emit_shared_begin(p);
            emit_numbers(e, numbers, n);
            emit_numbers(p, numbers, n);
            emit_shared_end(e);
            emit_shared_end(p);
            emit_text(e, " ");
            emit_text(p, " ");
        }
    emit_shared_list(e);
    CU_ASSERT_EQUAL(emit_close(e, NULL), HONE_OK);
    CU_ASSERT_EQUAL(emit_close(p, NULL), HONE_OK);
    CU_ASSERT_STRING_EQUAL(sink.text, "[1,2] [1,2] [1,2,3] [1,2,3] 0 0 1 1 [[1,2,3,4],[1,2,3,4,5]]");
    CU_ASSERT_STRING_EQUAL(plain.text, "[1,2] [1,2] [1,2,3] [1,2,3] [1,2,3,4] [1,2,3,4] [1,2,3,4,5] [1,2,3,4,5] ");
}

/* More of them than the table begins with. */
static void test_many_shared(void)
{
    enum { MANY = 5000 };
    struct counted counted = { 0 };
    const hone_ostream out = { &counted, count_bytes };
    struct emit *e = emit_open(&out);
    emit_share(e);
    for (int round = 0; round < 2; round++)
        for (unsigned i = 0; i < MANY; i++) {
            emit_shared_begin(e);
            emit_format(e, "[%u,%u]", 1000000 + i, i);
            emit_shared_end(e);
            emit_text(e, ",");
        }
    uint64_t list = 0, numbers = 0;
    for (unsigned i = 0; i < MANY; i++) {
        char text[32];
        list += (uint64_t)snprintf(text, sizeof text, "[%u,%u]", 1000000 + i, i) + (i > 0);
        numbers += (uint64_t)snprintf(text, sizeof text, "%u,", i);
    }
    emit_shared_list(e);
    CU_ASSERT_EQUAL(emit_close(e, NULL), HONE_OK);
    CU_ASSERT_EQUAL(counted.n, 2 * numbers + list + 2);
}

static void test_canvas(void)
{
    struct canvas_cell cells[4] = { { 0, 0, 0, NULL } };
    struct canvas c = { 2, 2, 1, cells };
    struct sink sink = { .n = 0 };
    const hone_ostream out = { &sink, take };
    canvas_dot(&c, 0, 0, 0, 1);  /* the lower left */
    canvas_dot(&c, 1, 1, 32, 1); /* the upper right */
    canvas_dot(&c, 1.01, 0.5, 0, 1);
    canvas_dot(&c, (double)NAN, 0.5, 0, 1);
    canvas_line(&c, 0, 0, HUGE_VAL, 1, 0, 1, 0);
    struct emit *e = emit_open(&out);
    canvas_row(&c, 0, 1, e);
    canvas_row(&c, 1, 0, e);
    canvas_glyph(&c, 0.1, 0.1, "x", 0, 0); /* below the dot: not drawn */
    canvas_glyph(&c, 0.1, 0.1, "y", 0, 1);
    canvas_row(&c, 1, 0, e);
    CU_ASSERT_EQUAL(emit_close(e, NULL), HONE_OK);
    CU_ASSERT_STRING_EQUAL(sink.text, " \033[38;5;32m\xe2\xa0\x88\033[39m\n\xe2\xa1\x80\ny\n");
}

SUITE(TEST(test_history), TEST(test_thinned), TEST(test_edf), TEST(test_pareto), TEST(test_curves),
      TEST(test_long_curve), TEST(test_confusion), TEST(test_without_space), TEST(test_ticks), TEST(test_json),
      TEST(test_shared), TEST(test_many_shared), TEST(test_canvas))
