/* SPDX-License-Identifier: MIT */
/* Two studies in memory, as a reporter sees them that writes: every state, every kind of dimension, values that are not finite,
 * texts that need quoting. For the tests of such reporters. */
#ifndef HONE_TESTS_VIEW_CASE_H
#define HONE_TESTS_VIEW_CASE_H
#include "harness.h"
#include "hone/reporter.h"
#include "hone/search.h"

#include <math.h>

struct caught_bytes { /* what was written */
    char *data;
    size_t n;
    size_t limit; /* fails behind so many bytes; 0: never */
};
static inline int64_t catch_bytes(void *ctx, const void *bytes, uint64_t n)
{
    struct caught_bytes *c = (struct caught_bytes *)ctx;
    if (c->limit && c->n + n > c->limit)
        return -1;
    char *more = (char *)realloc(c->data, c->n + (size_t)n + 1);
    if (!more)
        return -1;
    memcpy(more + c->n, bytes, (size_t)n);
    c->data = more;
    c->n += (size_t)n;
    c->data[c->n] = '\0';
    return (int64_t)n;
}

/* ---- study "first": one objective, a conditional space ---- */
static const char *const case_optimizers[] = { "sgd", "adam" };
static const char *const case_sizes[] = { "32", "64" };
static const char *const case_odd[] = { "a, \"b\"", "n\xc3\xa4in" };
static const double case_sgd[] = { 0 };
static const hone_condition case_if_sgd = { sizeof case_if_sgd, 2, HONE_EQ, 1, case_sgd };
static const hone_condition *const case_conditions[] = { &case_if_sgd };
static const hone_dim case_dims[] = {
    { .size = sizeof(hone_dim),
      .type = HONE_DIM_REAL,
      .flags = HONE_DIM_LOG,
      .key = "optimizer.learning_rate",
      .min = 1e-4,
      .max = 0.5 },
    { .size = sizeof(hone_dim), .type = HONE_DIM_INT, .key = "model.width", .min = 32, .max = 500, .step = 32 },
    { .size = sizeof(hone_dim),
      .type = HONE_DIM_CHOICE,
      .key = "optimizer.use",
      .n_choices = 2,
      .max = 1,
      .choices = case_optimizers },
    { .size = sizeof(hone_dim),
      .type = HONE_DIM_REAL,
      .key = "optimizer.momentum",
      .min = 0.5,
      .max = 0.95,
      .step = 0.1,
      .n_conditions = 1,
      .conditions = case_conditions },
    { .size = sizeof(hone_dim),
      .type = HONE_DIM_ORDINAL,
      .key = "objective.batch_size",
      .n_choices = 2,
      .max = 1,
      .choices = case_sizes },
    { .size = sizeof(hone_dim),
      .type = HONE_DIM_REAL,
      .flags = HONE_DIM_NORMAL,
      .key = "shift",
      .min = -HUGE_VAL,
      .max = HUGE_VAL,
      .mean = 0,
      .deviation = 2 },
    { .size = sizeof(hone_dim),
      .type = HONE_DIM_CHOICE,
      .key = "label",
      .n_choices = 2,
      .max = 1,
      .choices = case_odd },
    { .size = sizeof(hone_dim),
      .type = HONE_DIM_INT,
      .flags = HONE_DIM_LOG,
      .key = "n",
      .min = 1,
      .max = 1000,
      .step = 1 },
};
enum { CASE_DIMS = sizeof case_dims / sizeof *case_dims, CASE_TRIALS = 7 };
static const hone_dim *const case_dim_list[] = { &case_dims[0], &case_dims[1], &case_dims[2], &case_dims[3],
                                                 &case_dims[4], &case_dims[5], &case_dims[6], &case_dims[7] };
static const hone_space case_space = { sizeof case_space, CASE_DIMS, case_dim_list, 0, 0, NULL };

#define CASE_NONE ((double)NAN)
static const double case_points[CASE_TRIALS][CASE_DIMS] = {
    { 0.01, 64, 0, 0.9, 0, 0.5, 0, 10 },        { 0.1, 480, 1, CASE_NONE, 1, -1.25, 1, 1 },
    { 0.5, 32, 0, 0.5, 0, 3, 0, 1000 },         { 0.0001, 96, 1, CASE_NONE, 1, 0, 1, 2 },
    { 0.02, 128, 1, CASE_NONE, 0, 0.25, 0, 3 }, { 0.03, 160, 0, 0.7, 1, 1, 1, 4 },
    { 0.04, 192, 1, CASE_NONE, 1, 2, 0, 5 },
};
static const uint32_t case_states[CASE_TRIALS] = { HONE_STATE_COMPLETE, HONE_STATE_PRUNED,  HONE_STATE_FAILED,
                                                   HONE_STATE_COMPLETE, HONE_STATE_WAITING, HONE_STATE_RUNNING,
                                                   HONE_STATE_PAUSED };
static const double case_values[CASE_TRIALS] = {
    0.875, 0.25, CASE_NONE, 0.90000000000000002, CASE_NONE, CASE_NONE, 0.5
};
static const hone_value case_metrics[] = { { "validation.accuracy", 0.875, HONE_MAXIMIZE, 0 },
                                           { "validation.loss", CASE_NONE, HONE_MINIMIZE, 0 },
                                           { "seconds", HUGE_VAL, HONE_MINIMIZE, 0 } };
static const hone_value case_objective[] = { { "validation.accuracy", 0, HONE_MAXIMIZE, 0 } };

/* ---- study "second": two objectives, a constraint ---- */
static const hone_dim case_x = { .size = sizeof(hone_dim), .type = HONE_DIM_REAL, .key = "x", .min = 0, .max = 1 };
static const hone_dim *const case_x_list[] = { &case_x };
static const hone_space case_small_space = { sizeof case_small_space, 1, case_x_list, 0, 0, NULL };
static const hone_value case_objectives[] = { { "loss", 0, HONE_MINIMIZE, 0 }, { "time", 0, HONE_MINIMIZE, 0 } };
static const char *const case_constraints[] = { "model.parameters <= 500000" };
static const double case_pairs[3][2] = { { 1, 3 }, { 2, 1 }, { HUGE_VAL, 5 } };
static const double case_violations[3] = { -1, 0.5, 0 };

static inline void case_parameters(uint32_t study, uint64_t trial, hone_parameter_record *to, char (*texts)[32],
                                   uint32_t *n)
{
    const hone_space *space = study ? &case_small_space : &case_space;
    *n = 0;
    for (uint32_t i = 0; i < space->n_dims; i++) {
        const double x = study ? 0.25 * (double)(trial + 1) : case_points[trial][i];
        const hone_dim *d = space->dims[i];
        if (isnan(x))
            continue;
        if (!d->choices)
            snprintf(texts[*n], sizeof texts[*n], "%.15g", x);
        to[*n] = (hone_parameter_record){ d->key, d->choices ? d->choices[(int)x] : texts[*n], x };
        ++*n;
    }
}

static inline hone_rc case_trials(const hone_view *view, uint32_t study, int64_t wanted,
                                  const hone_storage_visitor *visitor, hone_error *err)
{
    (void)view;
    (void)err;
    for (uint64_t t = 0; t < (study ? 3u : (unsigned)CASE_TRIALS); t++) {
        hone_parameter_record parameters[CASE_DIMS];
        char texts[CASE_DIMS][32];
        uint32_t n;
        if (wanted != HONE_ALL_TRIALS && (uint64_t)wanted != t)
            continue;
        case_parameters(study, t, parameters, texts, &n);
        const uint32_t state = study ? HONE_STATE_COMPLETE : case_states[t];
        const hone_trial_record record = {
            .size = sizeof record,
            .state = state,
            .number = t,
            .attempt = 0,
            .n_parameters = n,
            .n_values = study ? 2 : 1,
            .n_constraints = study != 0,
            .n_metrics = study || t ? 0 : 3,
            .parameters = parameters,
            .values = study ? case_pairs[t] : &case_values[t],
            .constraints = &case_violations[study ? t : 0],
            .metrics = case_metrics,
            .step = 3,
            .best_step = study || t ? 0 : 2,
            .started = state == HONE_STATE_WAITING ? 0 : 1.8e9 + 10.0 * (double)t + 0.000001,
            .ended = state == HONE_STATE_COMPLETE || state == HONE_STATE_PRUNED || state == HONE_STATE_FAILED
                         ? 1.8e9 + 10.0 * (double)t + 7.5
                         : 0,
            .worker = 1,
            .signal = state == HONE_STATE_FAILED ? 11 : 0,
            .component = state == HONE_STATE_FAILED ? "objective" : "",
            .message = state == HONE_STATE_FAILED ? "killed by \"SIGSEGV\",\nin step 3" : "",
        };
        const hone_rc rc = visitor->trial(visitor->ctx, &record);
        if (rc != HONE_OK)
            return rc;
    }
    return HONE_OK;
}

/* Three reports of every trial that ran: of the second one the last is NaN, of the third all are infinite. */
static inline hone_rc case_reports(const hone_view *view, uint32_t study, int64_t wanted,
                                   const hone_storage_visitor *visitor, hone_error *err)
{
    (void)view;
    (void)err;
    for (uint64_t t = 0; t < (study ? 3u : (unsigned)CASE_TRIALS); t++) {
        if ((wanted != HONE_ALL_TRIALS && (uint64_t)wanted != t) || (!study && case_states[t] == HONE_STATE_WAITING))
            continue;
        for (int64_t step = 1; step <= 3; step++) {
            const double value = !study && t == 1 && step == 3 ? CASE_NONE
                                 : !study && t == 2            ? HUGE_VAL
                                                               : 0.1 * (double)(step + (int64_t)t);
            const hone_value values[] = { { "train.loss", 1.0 / (double)step, HONE_MINIMIZE, 0 },
                                          { study ? "loss" : "validation.accuracy", value,
                                            study ? HONE_MINIMIZE : HONE_MAXIMIZE, 0 } };
            const hone_report_record record = {
                sizeof record, 2, t, 0, step, values, 1.8e9 + 10.0 * (double)t + (double)step, 0, 0
            };
            const hone_rc rc = visitor->report(visitor->ctx, &record);
            if (rc != HONE_OK)
                return rc;
        }
    }
    return HONE_OK;
}

static inline hone_rc case_nothing(const hone_view *view, uint32_t study, const hone_storage_visitor *visitor,
                                   hone_error *err)
{
    (void)view;
    (void)study;
    (void)visitor;
    (void)err;
    return HONE_OK;
}

static inline hone_rc case_no_files(const hone_view *view, uint32_t study, int64_t trial,
                                    const hone_storage_visitor *visitor, hone_error *err)
{
    (void)trial;
    return case_nothing(view, study, visitor, err);
}

/* One about the first study, one about its trial 2. */
static inline hone_rc case_notes(const hone_view *view, uint32_t study, int64_t trial, void *ctx,
                                 hone_rc (*visit)(void *ctx, const hone_note_record *note), hone_error *err)
{
    static const hone_note_record of_study = { sizeof of_study, 0, HONE_ALL_TRIALS, "what it is \"for\"", 1.8e9 },
                                  of_trial = { sizeof of_trial, 0, 2, "the disk was full,\nnot its fault", 1.8e9 + 50 };
    hone_rc rc = HONE_OK;
    (void)view;
    (void)err;
    if (!study && trial == HONE_ALL_TRIALS)
        rc = visit(ctx, &of_study);
    return study || rc != HONE_OK || (trial != HONE_ALL_TRIALS && trial != 2) ? rc : visit(ctx, &of_trial);
}

static inline hone_rc case_point(const hone_view *view, uint32_t study, const hone_trial_record *trial, double *x,
                                 hone_error *err)
{
    (void)view;
    (void)err;
    if (study)
        x[0] = 0.25 * (double)(trial->number + 1);
    else
        memcpy(x, case_points[trial->number], sizeof case_points[0]);
    return HONE_OK;
}

static const hone_study_record case_first = {
    .size = sizeof case_first,
    .state = HONE_STUDY_FINISHED,
    .id = 1,
    .name = "first",
    .seed = 7,
    .config = "[study]\nname = first\n",
    .sources = "",
    .environment = "hone=0.1.0\n",
    .n_objectives = 1,
    .objectives = case_objective,
    .created = 1.8e9,
    .updated = 1.8e9 + 100,
    .n_trials = CASE_TRIALS,
    .n_complete = 2,
    .n_pruned = 1,
    .n_failed = 1,
    .ended = "",
};
static const hone_study_record case_second = {
    .size = sizeof case_second,
    .state = HONE_STUDY_FINISHED,
    .id = 2,
    .name = "second",
    .seed = 8,
    .config = "[study]\nname = second\n",
    .sources = "",
    .environment = "",
    .n_objectives = 2,
    .n_constraints = 1,
    .objectives = case_objectives,
    .constraints = case_constraints,
    .created = 1.8e9,
    .updated = 1.8e9 + 100,
    .n_trials = 3,
    .n_complete = 3,
    .ended = "",
};
static const hone_kept_study case_kept[] = {
    { sizeof(hone_kept_study), 0, &case_first, &case_space, "case.db --study first" },
    { sizeof(hone_kept_study), 0, &case_second, &case_small_space, "case.db --study second" },
};
static const hone_kept_study *const case_studies[] = { &case_kept[0], &case_kept[1] };

/* The view of both studies; n 1: of the first alone. */
static inline hone_view case_view(uint32_t n, const hone_ostream *out, const char *path)
{
    return (hone_view){ .size = sizeof(hone_view),
                        .n_studies = n,
                        .studies = case_studies,
                        .storage = "case.db",
                        .path = path,
                        .out = out,
                        .trials = case_trials,
                        .reports = case_reports,
                        .events = case_nothing,
                        .attachments = case_no_files,
                        .point = case_point,
                        .notes = case_notes };
}

/* What a reporter writes as text; free() it. */
static inline char *case_written(const hone_component *component, void *self, uint32_t n_studies)
{
    struct caught_bytes bytes = { NULL, 0, 0 };
    const hone_ostream out = { &bytes, catch_bytes };
    const hone_view view = case_view(n_studies, &out, NULL);
    hone_error err = HONE_ERROR_INIT;
    const hone_reporter_v1 *iface = (const hone_reporter_v1 *)component->iface;
    CU_ASSERT_EQUAL_FATAL(iface->write(self, &view, &err), HONE_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes.data);
    return bytes.data;
}
#endif
