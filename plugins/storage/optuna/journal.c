/* SPDX-License-Identifier: MIT */
/* Reading Optuna's journal files: records in the order in which they were written, one a line. Ids of studies and trials are counted over the
 * whole file. */
#include "library.h"

#include <errno.h>
#include <stdio.h>

enum { MOST = 1 << 30 };

struct replay {
    struct library *library;
    struct study **studies; /* (n_studies) by id; NULL: deleted */
    size_t n_studies, studies_capacity;
    struct trial **trials; /* (n_trials) by id; NULL: of a study that was deleted */
    size_t n_trials, trials_capacity;
    size_t line;
};

static void *more(struct replay *r, void *items, size_t n, size_t *capacity)
{
    if (n < *capacity)
        return items;
    void *block = realloc(items, (2 * *capacity + 64) * sizeof(void *));
    if (!block) {
        library_fail(r->library, "out of memory");
        return items;
    }
    *capacity = 2 * *capacity + 64;
    return block;
}

static int64_t integer(struct replay *r, const json_t *record, const char *key)
{
    const json_t *value = json_object_get(record, key);
    const double number = json_number_value(value);
    if (!json_is_number(value) || fabs(number) > 9e15) /* a real number where another one of the line needs it */
        library_fail(r->library, "line %zu: the record has no whole number '%s'", r->line, key);
    return r->library->failed ? 0 : (int64_t)number;
}

static struct study *study_of(struct replay *r, const json_t *record)
{
    const int64_t id = integer(r, record, "study_id");
    if (!r->library->failed && (id < 0 || (uint64_t)id >= r->n_studies))
        library_fail(r->library, "line %zu: there is no study %lld", r->line, (long long)id);
    return r->library->failed ? NULL : r->studies[id];
}

/* NULL too where records of that trial count no more: it is over. */
static struct trial *trial_of(struct replay *r, const json_t *record)
{
    const int64_t id = integer(r, record, "trial_id");
    if (!r->library->failed && (id < 0 || (uint64_t)id >= r->n_trials))
        library_fail(r->library, "line %zu: there is no trial %lld", r->line, (long long)id);
    struct trial *trial = r->library->failed ? NULL : r->trials[id];
    return trial && (trial->state == HONE_STATE_RUNNING || trial->state == HONE_STATE_WAITING) ? trial : NULL;
}

static uint32_t state_of(struct replay *r, int64_t state)
{
    static const uint32_t states[] = { HONE_STATE_RUNNING, HONE_STATE_COMPLETE, HONE_STATE_PRUNED, HONE_STATE_FAILED,
                                       HONE_STATE_WAITING };
    if (state >= 0 && state < 5)
        return states[state];
    library_fail(r->library, "line %zu: there is no state %lld", r->line, (long long)state);
    return HONE_STATE_FAILED;
}

static double time_of(const json_t *record, const char *key)
{
    const double time = library_time(json_string_value(json_object_get(record, key)));
    return isnan(time) ? 0 : time;
}

static void set_values(struct replay *r, struct trial *trial, const json_t *values)
{
    for (size_t i = 0; i < json_array_size(values); i++) {
        int is;
        const double value = library_number(json_array_get(values, i), &is);
        if (is)
            library_value(r->library, trial, (int64_t)i, value);
    }
}

static void set_parameter(struct replay *r, struct trial *trial, const char *name, const json_t *internal,
                          const json_t *distribution)
{
    int is;
    const double value = library_number(internal, &is);
    const char *json = json_string_value(distribution);
    if (!name || !is || !json)
        library_fail(r->library, "line %zu: a parameter without name, value or distribution", r->line);
    else
        library_parameter(r->library, trial, name, value, json);
}

static void set_attributes(struct replay *r, struct trial *trial, int system, json_t *attributes)
{
    for (void *at = json_object_iter(attributes); at; at = json_object_iter_next(attributes, at))
        library_trial_attribute(r->library, trial, system, json_object_iter_key(at), json_object_iter_value(at));
}

static void set_report(struct replay *r, struct trial *trial, int64_t step, const json_t *value)
{
    int is;
    const double number = library_number(value, &is);
    for (size_t i = 0; i < trial->n_reports && is; i++)
        if (trial->reports[i].step == step) { /* reported again: the last word counts */
            trial->reports[i].value = number;
            return;
        }
    if (is)
        library_report(r->library, trial, step, number);
}

/* ---- records ---- */

static void create_study(struct replay *r, const json_t *record)
{
    const json_t *list = json_object_get(record, "directions");
    const char *name = json_string_value(json_object_get(record, "study_name"));
    uint32_t directions[64];
    size_t n = json_array_size(list);
    n = n < 64 ? n : 64;
    for (size_t i = 0; i < n; i++)
        directions[i] = json_number_value(json_array_get(list, i)) > 1.5 ? HONE_MAXIMIZE : HONE_MINIMIZE;
    if (!name) {
        library_fail(r->library, "line %zu: a study without a name", r->line);
        return;
    }
    r->studies = more(r, r->studies, r->n_studies, &r->studies_capacity);
    if (!r->library->failed)
        r->studies[r->n_studies++] = library_study(r->library, name, directions, n);
}

static void delete_study(struct replay *r, const json_t *record)
{
    struct library *l = r->library;
    const struct study *study = study_of(r, record);
    for (size_t i = 0; i < l->n_studies && study; i++)
        if (l->studies[i] == study)
            memmove(&l->studies[i], &l->studies[i + 1], (--l->n_studies - i) * sizeof(struct study *));
    for (size_t i = 0; i < r->n_trials && study; i++)
        if (r->trials[i] && r->trials[i]->study == study)
            r->trials[i] = NULL;
    for (size_t i = 0; i < r->n_studies && study; i++)
        if (r->studies[i] == study)
            r->studies[i] = NULL;
}

/* A whole trial may be in one record. */
static void create_trial(struct replay *r, const json_t *record)
{
    struct study *study = study_of(r, record);
    json_t *distributions = json_object_get(record, "distributions"),
           *reports = json_object_get(record, "intermediate_values");
    const json_t *params = json_object_get(record, "params"), *state = json_object_get(record, "state");
    r->trials = more(r, r->trials, r->n_trials, &r->trials_capacity);
    if (r->library->failed)
        return;
    struct trial *t = study ? library_trial(r->library, study, (int64_t)r->n_trials) : NULL;
    r->trials[r->n_trials++] = t;
    if (!t)
        return;
    t->state = json_is_number(state) ? state_of(r, integer(r, record, "state")) : HONE_STATE_RUNNING;
    t->started = time_of(record, "datetime_start");
    t->ended = time_of(record, "datetime_complete");
    for (void *at = json_object_iter(distributions); at; at = json_object_iter_next(distributions, at))
        set_parameter(r, t, json_object_iter_key(at), json_object_get(params, json_object_iter_key(at)),
                      json_object_iter_value(at));
    for (void *at = json_object_iter(reports); at; at = json_object_iter_next(reports, at))
        set_report(r, t, strtoll(json_object_iter_key(at), NULL, 10), json_object_iter_value(at));
    set_attributes(r, t, 0, json_object_get(record, "user_attrs"));
    set_attributes(r, t, 1, json_object_get(record, "system_attrs"));
    set_values(r, t, json_object_get(record, "values"));
    int is;
    const double single = library_number(json_object_get(record, "value"), &is);
    if (is)
        library_value(r->library, t, 0, single);
}

static void set_state(struct replay *r, const json_t *record)
{
    struct trial *t = trial_of(r, record);
    if (!t)
        return;
    t->state = state_of(r, integer(r, record, "state"));
    set_values(r, t, json_object_get(record, "values"));
    if (json_object_get(record, "datetime_start"))
        t->started = time_of(record, "datetime_start");
    if (json_object_get(record, "datetime_complete"))
        t->ended = time_of(record, "datetime_complete");
}

static void set_study_attributes(struct replay *r, const json_t *record)
{
    struct study *study = study_of(r, record);
    json_t *attributes = json_object_get(record, "system_attr");
    for (void *at = json_object_iter(attributes); at && study; at = json_object_iter_next(attributes, at))
        library_study_attribute(r->library, study, json_object_iter_key(at), json_object_iter_value(at));
}

static void take(struct replay *r, const json_t *record)
{
    struct trial *t;
    const int64_t operation = integer(r, record, "op_code");
    switch (operation) {
    case 0: create_study(r, record); break;
    case 1: delete_study(r, record); break;
    case 2: break; /* the user's attributes of a study */
    case 3: set_study_attributes(r, record); break;
    case 4: create_trial(r, record); break;
    case 5:
        if ((t = trial_of(r, record)))
            set_parameter(r, t, json_string_value(json_object_get(record, "param_name")),
                          json_object_get(record, "param_value_internal"), json_object_get(record, "distribution"));
        break;
    case 6: set_state(r, record); break;
    case 7:
        if ((t = trial_of(r, record)))
            set_report(r, t, integer(r, record, "step"), json_object_get(record, "intermediate_value"));
        break;
    case 8:
    case 9:
        if ((t = trial_of(r, record)))
            set_attributes(r, t, operation == 9, json_object_get(record, operation == 9 ? "system_attr" : "user_attr"));
        break;
    case 10: break; /* discards what only its own writer knows of */
    default: library_fail(r->library, "line %zu: there is no operation %lld", r->line, (long long)operation);
    }
}

/* ---- the file ---- */

static void read_lines(struct replay *r, FILE *in)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t n;
    while (!r->library->failed && (n = getline(&line, &capacity, in)) > 0) {
        r->line++;
        if (line[n - 1] != '\n') { /* being written, unless no record could begin so */
            if (r->line == 1 && *line != '{')
                library_foreign(r->library, "journal");
            break;
        }
        json_t *record = n < MOST ? library_json(line, (size_t)n) : NULL;
        if (r->line == 1 && !json_object_get(record, "op_code"))
            library_foreign(r->library, "journal");
        else if (!json_is_object(record) || !json_object_get(record, "op_code"))
            library_fail(r->library, "line %zu is no record of a journal", r->line);
        else
            take(r, record);
        json_decref(record);
    }
    if (ferror(in))
        library_fail(r->library, "it cannot be read: %s", strerror(errno));
    else if (!r->library->failed && !r->line)
        library_foreign(r->library, "journal");
    free(line);
}

void journal_read(struct library *l)
{
    struct replay r = { .library = l };
    FILE *in = fopen(l->path, "re");
    if (!in) {
        library_fail(l, "it cannot be read: %s", strerror(errno));
        return;
    }
    read_lines(&r, in);
    fclose(in);
    free(r.studies);
    free(r.trials);
}
