/* SPDX-License-Identifier: MIT */
/* What the storage has of the runs: their values, what they took, their curves. */
#include "ablation/ablation.h"

#include "study/table.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct reading {
    struct ablation *ablation;
    struct ablation_run *run; /* the one that is read; of a visit of studies: the only one looked for, or NULL */
    const struct ablation_cell *cell;
    struct found *found; /* (n_found) */
    size_t n_found, capacity;
    double begin, best, violation;
    int has_best, maximize;
    struct trial_table table; /* for its rules of what is better */
    uint8_t maximized[1];
    uint32_t objective_direction;
};
struct found { /* a study of the storage that is a run */
    struct ablation_run *run;
    const struct ablation_cell *cell;
    int64_t id;
    int finished;
    uint32_t direction;
    char objective[128];
};

static const struct curve_point *last_point(const struct ablation_run *run)
{
    return run->n_points ? &run->points[run->n_points - 1] : NULL;
}

static hone_rc add_point(struct ablation_run *run, double seconds, double value, int complete)
{
    struct curve_point *more = realloc(run->points, (run->n_points + 1) * sizeof *more);
    if (!more)
        return HONE_ENOMEM;
    run->points = more;
    more[run->n_points++] = (struct curve_point){ seconds, value, complete };
    return HONE_OK;
}

static uint32_t known_direction(const struct ablation *a, const char *metric, const hone_value *value,
                                uint32_t objective_direction, const char *objective)
{
    const char *dot = strchr(metric, '.'), *other = strchr(objective, '.');
    if (a->spec.direction != HONE_NO_DIRECTION)
        return a->spec.direction;
    if (value && value->direction != HONE_NO_DIRECTION)
        return value->direction;
    /* test.accuracy is good where validation.accuracy is */
    return !strcmp(metric, objective) || (dot && other && !strcmp(dot, other)) ? objective_direction
                                                                               : HONE_NO_DIRECTION;
}

/* The value compared by, of the trial that is the best so far. */
static void take_value(struct reading *r, const struct found *found, const hone_trial_record *record)
{
    struct ablation *a = r->ablation;
    const hone_value *value = NULL;
    for (uint32_t i = 0; i < record->n_metrics; i++)
        if (!strcmp(record->metrics[i].name, a->metric))
            value = &record->metrics[i];
    r->run->value = value ? value->value : !strcmp(found->objective, a->metric) ? record->values[0] : (double)NAN;
    r->run->validated = record->values[0];
    r->run->parameters = (double)NAN;
    for (uint32_t i = 0; i < record->n_metrics; i++)
        if (!strcmp(record->metrics[i].name, "model.parameters"))
            r->run->parameters = record->metrics[i].value;
    if (a->direction == HONE_NO_DIRECTION)
        a->direction = known_direction(a, a->metric, value, found->direction, found->objective);
}

static hone_rc on_trial(void *ctx, const hone_trial_record *record)
{
    struct reading *r = ctx;
    struct ablation_run *run = r->run;
    const struct found *found = r->found;
    run->trials++;
    run->failed += record->state == HONE_STATE_FAILED;
    run->pruned += record->state == HONE_STATE_PRUNED;
    if (record->ended > record->started && record->started > 0)
        run->seconds += record->ended - record->started;
    if (!(r->begin <= record->started))
        r->begin = record->started;
    if (record->state == HONE_STATE_FAILED && !run->why && record->message && *record->message &&
        !(run->why = strdup(record->message)))
        return HONE_ENOMEM;
    const int complete = record->state == HONE_STATE_COMPLETE && record->n_values == 1;
    if (record->ended > 0 &&
        add_point(run, record->ended - r->begin, complete ? record->values[0] : (double)NAN, complete) != HONE_OK)
        return HONE_ENOMEM;
    if (!complete)
        return HONE_OK;
    double violation = 0;
    for (uint32_t i = 0; i < record->n_constraints; i++)
        violation += record->constraints[i] > 0 || isnan(record->constraints[i])
                         ? (isnan(record->constraints[i]) ? HUGE_VAL : record->constraints[i])
                         : 0;
    const double value = found->direction == HONE_MAXIMIZE ? -record->values[0] : record->values[0];
    if (r->has_best && (violation > r->violation || (violation >= r->violation && !(value < r->best))))
        return HONE_OK;
    r->has_best = 1;
    r->best = value;
    r->violation = violation;
    take_value(r, found, record);
    return HONE_OK;
}

static int by_end(const void *a, const void *b)
{
    const double x = ((const struct curve_point *)a)->seconds, y = ((const struct curve_point *)b)->seconds;
    return (x > y) - (x < y);
}

/* The run that a study is: "ABLATION.LABEL-HASH.sSEED"; the label is of no account. */
static struct ablation_run *run_of(struct ablation *a, const char *study, const struct ablation_cell **cell)
{
    const size_t n = strlen(a->base.study.name);
    const char *dash = strrchr(study, '-');
    unsigned long long hash;
    long long seed;
    int end = 0;
    if (strncmp(study, a->base.study.name, n) != 0 || study[n] != '.' || !dash ||
        sscanf(dash, "-%8llx.s%lld%n", &hash, &seed, &end) != 2 || dash[end])
        return NULL;
    for (size_t i = 0; i < a->n_cells; i++)
        for (size_t k = 0; (a->cells[i].hash & 0xffffffff) == hash && k < a->n_seeds; k++)
            if (a->cells[i].runs[k].seed == seed) {
                *cell = &a->cells[i];
                return &a->cells[i].runs[k];
            }
    return NULL;
}

static hone_rc on_study(void *ctx, const hone_study_record *record)
{
    struct reading *r = ctx;
    const struct ablation_cell *cell = NULL;
    struct ablation_run *run = run_of(r->ablation, record->name, &cell);
    if (!run || (r->run && run != r->run) || record->n_objectives != 1)
        return HONE_OK;
    if (r->n_found == r->capacity) {
        const size_t capacity = r->capacity ? 2 * r->capacity : 64;
        struct found *more = realloc(r->found, capacity * sizeof *more);
        if (!more)
            return HONE_ENOMEM;
        r->found = more;
        r->capacity = capacity;
    }
    if (strcmp(run->study, record->name) != 0) { /* named when the ablation had other axes */
        char *name = strdup(record->name);
        if (!name)
            return HONE_ENOMEM;
        free(run->study);
        run->study = name;
    }
    struct found *found = &r->found[r->n_found++];
    *found = (struct found){
        run, cell, record->id, record->state == HONE_STUDY_FINISHED, record->objectives[0].direction, ""
    };
    if (cell->searched)
        r->ablation->objective_direction = found->direction;
    if (!r->ablation->environment) {
        r->ablation->environment = strdup(record->environment ? record->environment : "");
        r->ablation->resolved = strdup(record->config ? record->config : "");
        if (!r->ablation->environment || !r->ablation->resolved)
            return HONE_ENOMEM;
    }
    snprintf(found->objective, sizeof found->objective, "%s", record->objectives[0].name);
    /* a study that would go on with the settings of now is not done, though it was finished */
    const int64_t trials = r->ablation->base.study.trials;
    if (cell->searched && trials > 0 && record->n_trials < (uint64_t)trials && record->ended &&
        !strncmp(record->ended, "trials = ", 9))
        found->finished = 0;
    return HONE_OK;
}

static hone_rc read_trials(struct reading *r, const hone_storage_v1 *s, void *storage, struct found *found,
                           hone_error *err)
{
    const hone_storage_visitor visitor = { r, NULL, on_trial, NULL, NULL, NULL };
    struct found *const all = r->found;
    struct ablation_run *run = found->run;
    r->found = found;
    r->run = run;
    r->begin = (double)NAN;
    r->has_best = 0;
    free(run->points);
    free(run->why);
    run->points = NULL;
    run->why = NULL;
    run->n_points = 0;
    run->value = (double)NAN;
    run->seconds = 0;
    run->trials = run->failed = run->pruned = 0;
    const hone_rc rc = s->trials(storage, found->id, HONE_ALL_TRIALS, &visitor, err);
    r->found = all;
    if (rc != HONE_OK)
        return rc;
    if (last_point(run))
        qsort(run->points, run->n_points, sizeof *run->points, by_end);
    /* a finished study without a winner stays so; one whose winner is not tested yet goes on with that */
    run->state = !found->finished     ? RUN_PARTIAL
                 : !isnan(run->value) ? RUN_DONE
                 : r->has_best        ? RUN_PARTIAL
                                      : RUN_FAILED;
    run->process = 0;
    if (s->size > offsetof(hone_storage_v1, runner) && s->runner &&
        s->runner(storage, found->id, &run->process, err) != HONE_WAIT)
        run->process = 0;
    return HONE_OK;
}

static hone_rc read_runs(struct ablation *a, const hone_host *host, struct ablation_run *only, hone_error *err)
{
    struct reading r = { .ablation = a, .run = only };
    const hone_storage_visitor visitor = { &r, on_study, NULL, NULL, NULL, NULL };
    struct component storage = COMPONENT_INIT;
    const char *location = a->base.storage_location;
    if (*location == '/' && access(location, F_OK) < 0)
        return HONE_OK; /* nothing is made where there is nothing */
    hone_rc rc = component_create(&storage, a->catalog, a->base.storage, host, "storage", NULL, 0, 0, err);
    const hone_storage_v1 *s = rc == HONE_OK ? storage.loaded->iface : NULL;
    if (rc == HONE_OK && (rc = s->open(storage.self, location, HONE_STORAGE_READ, err)) == HONE_OK)
        rc = s->studies(storage.self, &visitor, err);
    for (size_t i = 0; i < r.n_found && rc == HONE_OK; i++)
        rc = read_trials(&r, s, storage.self, &r.found[i], err);
    if (rc < 0 && !err->msg[0])
        hone_fail(err, rc, NULL, "out of memory for the results");
    free(r.found);
    component_destroy(&storage);
    return rc;
}

hone_rc ablation_results_read(struct ablation *a, const hone_host *host, hone_error *err)
{
    return read_runs(a, host, NULL, err);
}

hone_rc ablation_result_read(struct ablation *a, const hone_host *host, struct ablation_run *run, hone_error *err)
{
    return read_runs(a, host, run, err);
}
