/* SPDX-License-Identifier: MIT */
/* read.c - storage/sqlite's visitors. A trial's parameters, values, constraints and metrics lie in tables of their own, all
 * clustered in the order of trials: they are read by one pass over each, side by side, and never by a query per trial.
 *
 * The first statement's snapshot holds for all of them (one connection, WAL), so a record is whole even while another
 * process writes. What is read may come from a damaged or hostile file: nothing is assumed but that text has an end. */
#include "store.h"

#include <stdlib.h>
#include <string.h>

/* Texts that live as long as a record. */
struct chunk {
    struct chunk *next;
    size_t used, capacity;
    char bytes[];
};
enum { CHUNK = 4096 };

static const char *keep(struct chunk **texts, const char *text)
{
    const size_t n = strlen(text) + 1;
    struct chunk *chunk = *texts;
    if (!chunk || chunk->capacity - chunk->used < n) {
        const size_t capacity = n > CHUNK ? n : CHUNK;
        if (!(chunk = malloc(sizeof *chunk + capacity)))
            return NULL;
        chunk->next = *texts;
        chunk->used = 0;
        chunk->capacity = capacity;
        *texts = chunk;
    }
    char *copy = chunk->bytes + chunk->used;
    memcpy(copy, text, n);
    chunk->used += n;
    return copy;
}

static void forget(struct chunk **texts, int all)
{
    while (*texts && (all || (*texts)->next)) {
        struct chunk *next = (*texts)->next;
        free(*texts);
        *texts = next;
    }
    if (*texts)
        (*texts)->used = 0;
}

/* A growing array of n elements of `size` bytes. 0: out of memory. */
static int grow(void *array, size_t size, uint32_t n, uint32_t *capacity)
{
    void *old = NULL, *more;
    if (n < *capacity)
        return 1;
    const uint32_t wanted = *capacity ? 2 * *capacity : 8;
    memcpy(&old, array, sizeof old);
    if (!(more = realloc(old, size * wanted)))
        return 0;
    memcpy(array, &more, sizeof more);
    *capacity = wanted;
    return 1;
}

static const char *column_text(sqlite3_stmt *row, int at)
{
    const char *text = (const char *)sqlite3_column_text(row, at);
    return text ? text : "";
}

static const char *column_optional(sqlite3_stmt *row, int at)
{
    return (const char *)sqlite3_column_text(row, at);
}

static double column_real(sqlite3_stmt *row, int at)
{
    return sqlite3_column_type(row, at) == SQLITE_NULL ? (double)NAN : sqlite3_column_double(row, at);
}

static uint32_t column_u32(sqlite3_stmt *row, int at)
{
    return (uint32_t)sqlite3_column_int64(row, at);
}

static uint64_t column_u64(sqlite3_stmt *row, int at)
{
    return (uint64_t)sqlite3_column_int64(row, at);
}

static hone_rc readable(const struct store *store, hone_error *err)
{
    return store->db ? HONE_OK : hone_fail(err, HONE_EINVAL, "", "the storage is not open");
}

static hone_rc fail_memory(const struct store *store, hone_error *err)
{
    return hone_fail(err, HONE_ENOMEM, "", "out of memory for a record of '%s'", store_shown(store->path));
}

/* ---- cursors: a statement, its current row ---- */
struct cursor {
    enum statement which;
    sqlite3_stmt *statement;
    int more;       /* a row stands ready */
    int64_t key[3]; /* its trial, and step and attempt of a report */
};

static hone_rc cursor_next(struct store *store, struct cursor *cursor, int keys, hone_error *err)
{
    const int code = sqlite3_step(cursor->statement);
    cursor->more = code == SQLITE_ROW;
    for (int i = 0; i < keys && cursor->more; i++)
        cursor->key[i] = sqlite3_column_int64(cursor->statement, i);
    return code == SQLITE_ROW || code == SQLITE_DONE ? HONE_OK : store_fail(store, code, "read", err);
}

static hone_rc cursor_open(struct store *store, struct cursor *cursor, enum statement which, int64_t study,
                           int64_t trial, int keys, hone_error *err)
{
    cursor->which = which;
    if (!(cursor->statement = store_statement(store, which, err)))
        return HONE_EIO;
    sqlite3_bind_int64(cursor->statement, 1, study);
    if (keys) {
        sqlite3_bind_int64(cursor->statement, 2, trial == HONE_ALL_TRIALS ? INT64_MIN : trial);
        sqlite3_bind_int64(cursor->statement, 3, trial == HONE_ALL_TRIALS ? INT64_MAX : trial);
    }
    return cursor_next(store, cursor, keys, err);
}

static void cursor_close(struct store *store, struct cursor *cursor)
{
    store_done(store, cursor->which, cursor->statement);
}

static int compare_keys(const struct cursor *a, const struct cursor *b, int keys)
{
    for (int i = 0; i < keys; i++)
        if (a->key[i] != b->key[i])
            return a->key[i] < b->key[i] ? -1 : 1;
    return 0;
}

/* Moves the child to the first row that belongs to the parent's. */
static hone_rc cursor_meet(struct store *store, struct cursor *child, const struct cursor *parent, int keys,
                           hone_error *err)
{
    hone_rc rc = HONE_OK;
    while (rc == HONE_OK && child->more && compare_keys(child, parent, keys) < 0)
        rc = cursor_next(store, child, keys, err);
    return rc;
}

/* ---- studies ---- */
struct study_parts {
    hone_value *objectives;
    const char **constraints;
    uint32_t objectives_capacity, constraints_capacity;
    struct chunk *texts;
};

static hone_rc read_parts(struct store *store, struct study_parts *parts, hone_study_record *study, hone_error *err)
{
    struct cursor cursor = { 0 };
    hone_rc rc = cursor_open(store, &cursor, S_OBJECTIVES, study->id, 0, 0, err);
    for (; rc == HONE_OK && cursor.more; rc = cursor_next(store, &cursor, 0, err)) {
        const char *name = keep(&parts->texts, column_text(cursor.statement, 0));
        if (!name ||
            !grow(&parts->objectives, sizeof *parts->objectives, study->n_objectives, &parts->objectives_capacity)) {
            rc = fail_memory(store, err);
            break;
        }
        parts->objectives[study->n_objectives++] = (hone_value){ name, (double)NAN, column_u32(cursor.statement, 1),
                                                                 0 };
    }
    cursor_close(store, &cursor);
    if (rc < 0)
        return rc;
    rc = cursor_open(store, &cursor, S_CONSTRAINTS, study->id, 0, 0, err);
    for (; rc == HONE_OK && cursor.more; rc = cursor_next(store, &cursor, 0, err)) {
        const char *text = keep(&parts->texts, column_text(cursor.statement, 0));
        if (!text || !grow(&parts->constraints, sizeof *parts->constraints, study->n_constraints,
                           &parts->constraints_capacity)) {
            rc = fail_memory(store, err);
            break;
        }
        parts->constraints[study->n_constraints++] = text;
    }
    cursor_close(store, &cursor);
    if (rc < 0)
        return rc;
    rc = cursor_open(store, &cursor, S_COUNTS, study->id, 0, 0, err);
    for (; rc == HONE_OK && cursor.more; rc = cursor_next(store, &cursor, 0, err)) {
        const char *state = column_text(cursor.statement, 0);
        const uint64_t n = column_u64(cursor.statement, 1);
        study->n_trials += n;
        if (!strcmp(state, store_trial_states[HONE_STATE_COMPLETE]))
            study->n_complete = n;
        else if (!strcmp(state, store_trial_states[HONE_STATE_PRUNED]))
            study->n_pruned = n;
        else if (!strcmp(state, store_trial_states[HONE_STATE_FAILED]))
            study->n_failed = n;
    }
    cursor_close(store, &cursor);
    study->objectives = parts->objectives;
    study->constraints = parts->constraints;
    return rc;
}

/* The index of a state's name; n: unknown. */
static uint32_t state_of(const char *const *states, uint32_t n, const char *name)
{
    uint32_t i = 0;
    while (i < n && strcmp(states[i], name))
        i++;
    return i;
}

hone_rc store_studies(void *self, const hone_storage_visitor *visitor, hone_error *err)
{
    struct store *store = self;
    struct cursor row = { 0 };
    struct study_parts parts = { 0 };
    hone_rc rc = readable(store, err);
    if (rc < 0 || !visitor->study)
        return rc;
    row.which = S_STUDIES;
    if (!(row.statement = store_statement(store, S_STUDIES, err)))
        return HONE_EIO;
    while ((rc = cursor_next(store, &row, 0, err)) == HONE_OK && row.more) {
        hone_study_record study = { .size = sizeof study };
        study.id = sqlite3_column_int64(row.statement, 0);
        study.name = column_text(row.statement, 1);
        study.state = state_of(store_study_states, 3, column_text(row.statement, 2));
        study.seed = column_u64(row.statement, 3);
        study.config = column_text(row.statement, 4);
        study.sources = column_text(row.statement, 5);
        study.environment = column_text(row.statement, 6);
        study.created = column_real(row.statement, 7);
        study.updated = column_real(row.statement, 8);
        study.ended = column_text(row.statement, 9);
        if (study.state > HONE_STUDY_STOPPED) {
            rc = hone_fail(err, HONE_EIO, "", "'%s' is damaged: study '%.40s' has the state '%.20s'",
                           store_shown(store->path), study.name, column_text(row.statement, 2));
            break;
        }
        forget(&parts.texts, 0);
        if ((rc = read_parts(store, &parts, &study, err)) < 0 || (rc = visitor->study(visitor->ctx, &study)) != HONE_OK)
            break;
    }
    cursor_close(store, &row);
    forget(&parts.texts, 1);
    free(parts.objectives);
    free(parts.constraints);
    return rc;
}

/* ---- trials ---- */
struct trial_parts {
    hone_parameter_record *parameters;
    double *values, *violations;
    hone_value *metrics;
    uint32_t parameters_capacity, values_capacity, violations_capacity, metrics_capacity;
    struct chunk *texts;
};

static hone_rc gather_parameters(struct store *store, struct trial_parts *parts, struct cursor *from,
                                 const struct cursor *trial, uint32_t *n, hone_error *err)
{
    hone_rc rc = cursor_meet(store, from, trial, 1, err);
    for (; rc == HONE_OK && from->more && from->key[0] == trial->key[0]; rc = cursor_next(store, from, 1, err)) {
        const char *key = keep(&parts->texts, column_text(from->statement, 1));
        const char *text = keep(&parts->texts, column_text(from->statement, 2));
        if (!key || !text || !grow(&parts->parameters, sizeof *parts->parameters, *n, &parts->parameters_capacity))
            return fail_memory(store, err);
        parts->parameters[(*n)++] = (hone_parameter_record){ key, text, column_real(from->statement, 3) };
    }
    return rc;
}

static hone_rc gather_metrics(struct store *store, struct trial_parts *parts, struct cursor *from,
                              const struct cursor *trial, uint32_t *n, hone_error *err)
{
    hone_rc rc = cursor_meet(store, from, trial, 1, err);
    for (; rc == HONE_OK && from->more && from->key[0] == trial->key[0]; rc = cursor_next(store, from, 1, err)) {
        const char *name = keep(&parts->texts, column_text(from->statement, 1));
        if (!name || !grow(&parts->metrics, sizeof *parts->metrics, *n, &parts->metrics_capacity))
            return fail_memory(store, err);
        parts->metrics[(*n)++] = (hone_value){ name, column_real(from->statement, 2), column_u32(from->statement, 3),
                                               0 };
    }
    return rc;
}

static hone_rc gather_numbers(struct store *store, double **numbers, uint32_t *capacity, struct cursor *from,
                              const struct cursor *trial, uint32_t *n, hone_error *err)
{
    hone_rc rc = cursor_meet(store, from, trial, 1, err);
    for (; rc == HONE_OK && from->more && from->key[0] == trial->key[0]; rc = cursor_next(store, from, 1, err)) {
        if (!grow(numbers, sizeof **numbers, *n, capacity))
            return fail_memory(store, err);
        (*numbers)[(*n)++] = column_real(from->statement, 1);
    }
    return rc;
}

enum { C_TRIALS, C_PARAMETERS, C_VALUES, C_VIOLATIONS, C_METRICS, N_CURSORS };

static hone_rc read_trial(struct store *store, struct cursor *cursors, struct trial_parts *parts,
                          hone_trial_record *trial, hone_error *err)
{
    sqlite3_stmt *row = cursors[C_TRIALS].statement;
    hone_rc rc;
    trial->number = column_u64(row, 0);
    trial->state = state_of(store_trial_states, 6, column_text(row, 1));
    if (trial->state > HONE_STATE_FAILED)
        return hone_fail(err, HONE_EIO, "", "'%s' is damaged: trial %llu has the state '%.20s'",
                         store_shown(store->path), (unsigned long long)trial->number, column_text(row, 1));
    trial->attempt = column_u64(row, 2);
    trial->step = sqlite3_column_int64(row, 3);
    trial->best_step = sqlite3_column_int64(row, 4);
    trial->started = column_real(row, 5);
    trial->ended = column_real(row, 6);
    trial->worker = column_u32(row, 7);
    trial->signal = column_u32(row, 8);
    trial->component = column_text(row, 9);
    trial->message = column_text(row, 10);
    forget(&parts->texts, 0);
    if ((rc = gather_parameters(store, parts, &cursors[C_PARAMETERS], cursors, &trial->n_parameters, err)) < 0 ||
        (rc = gather_numbers(store, &parts->values, &parts->values_capacity, &cursors[C_VALUES], cursors,
                             &trial->n_values, err)) < 0 ||
        (rc = gather_numbers(store, &parts->violations, &parts->violations_capacity, &cursors[C_VIOLATIONS], cursors,
                             &trial->n_constraints, err)) < 0 ||
        (rc = gather_metrics(store, parts, &cursors[C_METRICS], cursors, &trial->n_metrics, err)) < 0)
        return rc;
    trial->parameters = parts->parameters;
    trial->values = parts->values;
    trial->constraints = parts->violations;
    trial->metrics = parts->metrics;
    return HONE_OK;
}

hone_rc store_trials(void *self, int64_t study, int64_t trial, const hone_storage_visitor *visitor, hone_error *err)
{
    static const enum statement statements[N_CURSORS] = { S_TRIALS, S_PARAMETERS, S_VALUES, S_VIOLATIONS, S_METRICS };
    struct store *store = self;
    struct cursor cursors[N_CURSORS] = { 0 };
    struct trial_parts parts = { 0 };
    hone_rc rc = readable(store, err);
    if (rc < 0 || !visitor->trial)
        return rc;
    for (int i = 0; i < N_CURSORS && rc == HONE_OK; i++)
        rc = cursor_open(store, &cursors[i], statements[i], study, trial, 1, err);
    while (rc == HONE_OK && cursors[C_TRIALS].more) {
        hone_trial_record record = { .size = sizeof record };
        if ((rc = read_trial(store, cursors, &parts, &record, err)) < 0 ||
            (rc = visitor->trial(visitor->ctx, &record)) != HONE_OK)
            break;
        rc = cursor_next(store, &cursors[C_TRIALS], 1, err);
    }
    for (int i = 0; i < N_CURSORS; i++)
        cursor_close(store, &cursors[i]);
    forget(&parts.texts, 1);
    free(parts.parameters);
    free(parts.values);
    free(parts.violations);
    free(parts.metrics);
    return rc;
}

/* ---- reports ---- */
/* Reads the dictionary of names again: whoever writes the file may have added some. */
static hone_rc load_names(struct store *store, hone_error *err)
{
    hone_rc rc = HONE_OK;
    sqlite3_stmt *row = store_statement(store, S_NAMES, err);
    int code = SQLITE_ERROR;
    if (!row)
        return HONE_EIO;
    store_forget_names(store);
    while (rc == HONE_OK && (code = sqlite3_step(row)) == SQLITE_ROW)
        rc = store_remember_name(store, sqlite3_column_int64(row, 0), column_text(row, 1), column_u32(row, 2), err);
    if (rc == HONE_OK && code != SQLITE_DONE)
        rc = store_fail(store, code, "read", err);
    store_done(store, S_NAMES, row);
    return rc;
}

static const struct metric_name *find_name(const struct store *store, int64_t id, size_t *hint)
{
    for (size_t i = 0; i < store->n_names; i++) {
        const size_t at = (*hint + i) % store->n_names;
        if (store->names[at].id == id) {
            *hint = at + 1;
            return &store->names[at];
        }
    }
    return NULL;
}

struct report_parts {
    hone_value *values;
    uint32_t capacity;
    size_t hint;
};

static hone_rc read_values(struct store *store, struct report_parts *parts, struct cursor *from,
                           const struct cursor *step, uint32_t *n, hone_error *err)
{
    hone_rc rc = cursor_meet(store, from, step, 3, err);
    for (; rc == HONE_OK && from->more && !compare_keys(from, step, 3); rc = cursor_next(store, from, 3, err)) {
        const int64_t id = sqlite3_column_int64(from->statement, 3);
        const struct metric_name *name = find_name(store, id, &parts->hint);
        if (!name)
            return hone_fail(err, HONE_EIO, "", "'%s' is damaged: a report of trial %lld names the unknown metric %lld",
                             store_shown(store->path), (long long)step->key[0], (long long)id);
        if (!grow(&parts->values, sizeof *parts->values, *n, &parts->capacity))
            return fail_memory(store, err);
        parts->values[(*n)++] = (hone_value){ name->name, column_real(from->statement, 4), name->direction, 0 };
    }
    return rc;
}

hone_rc store_reports(void *self, int64_t study, int64_t trial, const hone_storage_visitor *visitor, hone_error *err)
{
    struct store *store = self;
    struct cursor steps = { 0 }, values = { 0 };
    struct report_parts parts = { 0 };
    hone_rc rc = readable(store, err);
    if (rc < 0 || !visitor->report)
        return rc;
    steps.which = S_REPORTS;
    values.which = S_REPORT_VALUES;
    if ((rc = cursor_open(store, &steps, S_REPORTS, study, trial, 3, err)) < 0 ||
        (rc = cursor_open(store, &values, S_REPORT_VALUES, study, trial, 3, err)) < 0 ||
        (rc = load_names(store, err)) < 0)
        goto out;
    while (rc == HONE_OK && steps.more) {
        hone_report_record report = { .size = sizeof report };
        report.trial = (uint64_t)steps.key[0];
        report.step = steps.key[1];
        report.attempt = (uint64_t)steps.key[2];
        report.time = column_real(steps.statement, 3);
        report.verdict = column_u32(steps.statement, 4);
        if ((rc = read_values(store, &parts, &values, &steps, &report.n_values, err)) < 0)
            break;
        report.values = parts.values;
        if ((rc = visitor->report(visitor->ctx, &report)) != HONE_OK)
            break;
        rc = cursor_next(store, &steps, 3, err);
    }
out:
    cursor_close(store, &steps);
    cursor_close(store, &values);
    free(parts.values);
    return rc;
}

/* ---- events, attachments ---- */
hone_rc store_events(void *self, int64_t study, const hone_storage_visitor *visitor, hone_error *err)
{
    return store_events_from(self, study, 0, visitor, err);
}

hone_rc store_events_from(void *self, int64_t study, uint64_t from, const hone_storage_visitor *visitor,
                          hone_error *err)
{
    struct store *store = self;
    struct cursor row = { .which = S_EVENTS };
    hone_rc rc = readable(store, err);
    if (rc < 0 || !visitor->event || from > INT64_MAX)
        return rc;
    if (!(row.statement = store_statement(store, S_EVENTS, err)))
        return HONE_EIO;
    sqlite3_bind_int64(row.statement, 1, study);
    sqlite3_bind_int64(row.statement, 2, (int64_t)from);
    rc = cursor_next(store, &row, 0, err);
    while (rc == HONE_OK && row.more) {
        hone_event_record event = { .size = sizeof event };
        event.sequence = column_u64(row.statement, 0);
        event.what = column_u32(row.statement, 1);
        event.trial = column_u64(row.statement, 2);
        event.step = sqlite3_column_int64(row.statement, 3);
        event.verdict = column_u32(row.statement, 4);
        event.text = column_optional(row.statement, 5);
        if ((rc = visitor->event(visitor->ctx, &event)) == HONE_OK)
            rc = cursor_next(store, &row, 0, err);
    }
    cursor_close(store, &row);
    return rc;
}

hone_rc store_attachments(void *self, int64_t study, int64_t trial, const hone_storage_visitor *visitor,
                          hone_error *err)
{
    struct store *store = self;
    struct cursor row = { 0 };
    hone_rc rc = readable(store, err);
    if (rc < 0 || !visitor->attachment)
        return rc;
    rc = cursor_open(store, &row, S_ATTACHMENTS, study, trial, 1, err);
    while (rc == HONE_OK && row.more) {
        hone_attachment_record attachment = { .size = sizeof attachment };
        attachment.trial = (uint64_t)row.key[0];
        attachment.name = column_text(row.statement, 1);
        attachment.final = column_u32(row.statement, 2);
        attachment.media_type = column_text(row.statement, 3);
        attachment.text = column_optional(row.statement, 4);
        attachment.path = column_optional(row.statement, 5);
        if ((rc = visitor->attachment(visitor->ctx, &attachment)) == HONE_OK)
            rc = cursor_next(store, &row, 1, err);
    }
    cursor_close(store, &row);
    return rc;
}
