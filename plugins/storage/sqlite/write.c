/* SPDX-License-Identifier: MIT */
/* write.c - storage/sqlite's put_... functions: each writes one record whole, and again to the same effect.
 *
 * A failure marks the transaction as broken: it can only be rolled back, so that no half-written record is ever committed. */
#include "store.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

const char *const store_trial_states[6] = { "waiting", "running", "paused", "complete", "pruned", "failed" };
const char *const store_study_states[3] = { "running", "finished", "stopped" };

hone_rc store_writable(struct store *store, hone_error *err)
{
    if (!store->db || store->mode != HONE_STORAGE_WRITE)
        return hone_fail(err, HONE_EINVAL, "", "the storage is not open for writing");
    if (!store->in_transaction)
        return hone_fail(err, HONE_EINVAL, "", "a write to the storage outside begin and commit");
    if (store->broken.code) {
        if (err)
            *err = store->broken;
        return store->broken.code;
    }
    return HONE_OK;
}

/* Keeps the first failure of a transaction: see store_writable and commit. */
hone_rc store_settle(struct store *store, hone_rc rc, const hone_error *failure, hone_error *err)
{
    if (rc >= 0)
        return rc;
    store->broken = *failure;
    store->broken.code = rc;
    if (err)
        *err = *failure;
    return rc;
}

static void bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    sqlite3_bind_text(statement, at, text ? text : "", -1, SQLITE_STATIC);
}

static void bind_optional(sqlite3_stmt *statement, int at, const char *text)
{
    if (text)
        sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
    else
        sqlite3_bind_null(statement, at);
}

static void bind_u64(sqlite3_stmt *statement, int at, uint64_t value)
{
    sqlite3_bind_int64(statement, at, (sqlite3_int64)value); /* two's complement; read back the same way */
}

/* ---- names of reported values ---- */
void store_forget_names(struct store *store)
{
    for (size_t i = 0; i < store->n_names; i++)
        free(store->names[i].name);
    free(store->names);
    store->names = NULL;
    store->n_names = store->names_capacity = 0;
}

hone_rc store_remember_name(struct store *store, int64_t id, const char *name, uint32_t direction, hone_error *err)
{
    if (store->n_names == store->names_capacity) {
        const size_t capacity = store->names_capacity ? 2 * store->names_capacity : 16;
        struct metric_name *more = realloc(store->names, capacity * sizeof *more);
        if (!more)
            return hone_fail(err, HONE_ENOMEM, "", "out of memory for the names of metrics");
        store->names = more;
        store->names_capacity = capacity;
    }
    struct metric_name *entry = &store->names[store->n_names];
    if (!(entry->name = strdup(name ? name : "")))
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the names of metrics");
    entry->id = id;
    entry->direction = direction;
    store->n_names++;
    return HONE_OK;
}

/* The id of a name; hint: where it was the last time in such a report. */
static hone_rc name_id(struct store *store, const hone_value *value, size_t *hint, int64_t *id, hone_error *err)
{
    const char *name = value->name ? value->name : "";
    for (size_t i = 0; i < store->n_names; i++) {
        const size_t at = (*hint + i) % store->n_names;
        if (store->names[at].direction == value->direction && !strcmp(store->names[at].name, name)) {
            *hint = at + 1;
            *id = store->names[at].id;
            return HONE_OK;
        }
    }
    hone_rc rc = HONE_OK;
    sqlite3_stmt *find = store_statement(store, S_FIND_NAME, err);
    if (!find)
        return HONE_EIO;
    bind_text(find, 1, name);
    sqlite3_bind_int64(find, 2, value->direction);
    const int code = sqlite3_step(find);
    if (code == SQLITE_ROW)
        *id = sqlite3_column_int64(find, 0);
    else if (code != SQLITE_DONE)
        rc = store_fail(store, code, "read", err);
    store_done(store, S_FIND_NAME, find);
    if (code == SQLITE_DONE) {
        sqlite3_stmt *add = store_statement(store, S_ADD_NAME, err);
        if (!add)
            return HONE_EIO;
        bind_text(add, 1, name);
        sqlite3_bind_int64(add, 2, value->direction);
        rc = store_run(store, S_ADD_NAME, add, err);
        *id = sqlite3_last_insert_rowid(store->db);
    }
    return rc < 0 ? rc : store_remember_name(store, *id, name, value->direction, err);
}

/* ---- studies ---- */
static const char *ended_of(const hone_study_record *study)
{
    return study->size > offsetof(hone_study_record, ended) ? study->ended : NULL;
}

static hone_rc add_study(struct store *store, const hone_study_record *study, int64_t *id, hone_error *err)
{
    sqlite3_stmt *add = store_statement(store, S_ADD_STUDY, err);
    if (!add)
        return HONE_EIO;
    bind_text(add, 1, study->name);
    bind_text(add, 2, store_study_states[study->state]);
    bind_u64(add, 3, study->seed);
    bind_text(add, 4, study->config);
    bind_text(add, 5, study->sources);
    bind_text(add, 6, study->environment);
    sqlite3_bind_double(add, 7, study->created);
    sqlite3_bind_double(add, 8, study->updated);
    bind_text(add, 9, ended_of(study));
    hone_rc rc = store_run(store, S_ADD_STUDY, add, err);
    *id = sqlite3_last_insert_rowid(store->db);
    for (uint32_t i = 0; i < study->n_objectives && rc == HONE_OK; i++) {
        sqlite3_stmt *objective = store_statement(store, S_ADD_OBJECTIVE, err);
        if (!objective)
            return HONE_EIO;
        sqlite3_bind_int64(objective, 1, *id);
        sqlite3_bind_int64(objective, 2, i);
        bind_text(objective, 3, study->objectives[i].name);
        sqlite3_bind_int64(objective, 4, study->objectives[i].direction);
        rc = store_run(store, S_ADD_OBJECTIVE, objective, err);
    }
    for (uint32_t i = 0; i < study->n_constraints && rc == HONE_OK; i++) {
        sqlite3_stmt *constraint = store_statement(store, S_ADD_CONSTRAINT, err);
        if (!constraint)
            return HONE_EIO;
        sqlite3_bind_int64(constraint, 1, *id);
        sqlite3_bind_int64(constraint, 2, i);
        bind_text(constraint, 3, study->constraints[i]);
        rc = store_run(store, S_ADD_CONSTRAINT, constraint, err);
    }
    return rc;
}

static hone_rc put_study(struct store *store, const hone_study_record *study, int64_t *id, hone_error *err)
{
    sqlite3_stmt *find = store_statement(store, S_FIND_STUDY, err);
    if (!find)
        return HONE_EIO;
    bind_text(find, 1, study->name);
    const int code = sqlite3_step(find);
    if (code == SQLITE_ROW)
        *id = sqlite3_column_int64(find, 0);
    hone_rc rc = code == SQLITE_ROW || code == SQLITE_DONE ? HONE_OK : store_fail(store, code, "read", err);
    store_done(store, S_FIND_STUDY, find);
    if (rc < 0)
        return rc;
    if (code == SQLITE_DONE)
        return add_study(store, study, id, err);
    sqlite3_stmt *update = store_statement(store, S_UPDATE_STUDY, err);
    if (!update)
        return HONE_EIO;
    sqlite3_bind_int64(update, 1, *id);
    bind_text(update, 2, store_study_states[study->state]);
    sqlite3_bind_double(update, 3, study->updated);
    bind_text(update, 4, ended_of(study));
    return store_run(store, S_UPDATE_STUDY, update, err);
}

hone_rc store_put_study(void *self, const hone_study_record *study, int64_t *id, hone_error *err)
{
    struct store *store = self;
    hone_error failure = HONE_ERROR_INIT;
    int64_t found = 0;
    hone_rc rc = store_writable(store, err);
    if (rc < 0)
        return rc;
    if (study->state > HONE_STUDY_STOPPED)
        return hone_fail(err, HONE_EINVAL, "", "study '%s' has the unknown state %u", study->name, study->state);
    if (!study->name || !*study->name)
        return hone_fail(err, HONE_EINVAL, "name", "a study needs a name");
    rc = put_study(store, study, &found, &failure);
    if (rc == HONE_OK)
        store->known_study = *id = found;
    return store_settle(store, rc, &failure, err);
}

/* Rows that belong to no study would never be seen again. */
hone_rc store_check_study(struct store *store, int64_t study, hone_error *err)
{
    if (study == store->known_study && study)
        return HONE_OK;
    sqlite3_stmt *find = store_statement(store, S_FIND_STUDY_NAME, err);
    if (!find)
        return HONE_EIO;
    sqlite3_bind_int64(find, 1, study);
    const int code = sqlite3_step(find);
    hone_rc rc = HONE_OK;
    if (code == SQLITE_ROW)
        store->known_study = study;
    else if (code == SQLITE_DONE)
        rc = hone_fail(err, HONE_EINVAL, "", "'%s' holds no study with the id %lld", store_shown(store->path),
                       (long long)study);
    else
        rc = store_fail(store, code, "read", err);
    store_done(store, S_FIND_STUDY_NAME, find);
    return rc;
}

/* ---- trials ---- */
/* Binds the study and the trial as parameters 1 and 2. */
static sqlite3_stmt *keyed(struct store *store, enum statement which, int64_t study, uint64_t trial, hone_error *err)
{
    sqlite3_stmt *statement = store_statement(store, which, err);
    if (statement) {
        sqlite3_bind_int64(statement, 1, study);
        bind_u64(statement, 2, trial);
    }
    return statement;
}

static hone_rc put_row(struct store *store, enum statement which, int64_t study, const hone_trial_record *trial,
                       hone_error *err)
{
    sqlite3_stmt *row = keyed(store, which, study, trial->number, err);
    if (!row)
        return HONE_EIO;
    bind_text(row, 3, store_trial_states[trial->state]);
    bind_u64(row, 4, trial->attempt);
    sqlite3_bind_int64(row, 5, trial->step);
    sqlite3_bind_int64(row, 6, trial->best_step);
    sqlite3_bind_double(row, 7, trial->started);
    sqlite3_bind_double(row, 8, trial->ended);
    sqlite3_bind_int64(row, 9, trial->worker);
    sqlite3_bind_int64(row, 10, trial->signal);
    bind_text(row, 11, trial->component);
    bind_text(row, 12, trial->message);
    return store_run(store, which, row, err);
}

/* Rows of an earlier write that the new one has no counterpart for. */
static hone_rc cut(struct store *store, enum statement which, int64_t study, uint64_t trial, uint32_t from,
                   hone_error *err)
{
    sqlite3_stmt *statement = keyed(store, which, study, trial, err);
    if (!statement)
        return HONE_EIO;
    sqlite3_bind_int64(statement, 3, from);
    return store_run(store, which, statement, err);
}

static hone_rc put_numbers(struct store *store, enum statement which, int64_t study, uint64_t trial,
                           const double *numbers, uint32_t n, hone_error *err)
{
    hone_rc rc = HONE_OK;
    for (uint32_t i = 0; i < n && rc == HONE_OK; i++) {
        sqlite3_stmt *statement = keyed(store, which, study, trial, err);
        if (!statement)
            return HONE_EIO;
        sqlite3_bind_int64(statement, 3, i);
        sqlite3_bind_double(statement, 4, numbers[i]); /* NaN becomes NULL */
        rc = store_run(store, which, statement, err);
    }
    return rc;
}

static hone_rc put_trial(struct store *store, int64_t study, const hone_trial_record *trial, hone_error *err)
{
    hone_rc rc = store_check_study(store, study, err);
    if (rc < 0 || (rc = put_row(store, S_ADD_TRIAL, study, trial, err)) < 0)
        return rc;
    if (!sqlite3_changes(store->db)) { /* it was there: replace */
        if ((rc = put_row(store, S_UPDATE_TRIAL, study, trial, err)) < 0 ||
            (rc = cut(store, S_CUT_PARAMETERS, study, trial->number, trial->n_parameters, err)) < 0 ||
            (rc = cut(store, S_CUT_VALUES, study, trial->number, trial->n_values, err)) < 0 ||
            (rc = cut(store, S_CUT_VIOLATIONS, study, trial->number, trial->n_constraints, err)) < 0 ||
            (rc = cut(store, S_CUT_METRICS, study, trial->number, trial->n_metrics, err)) < 0)
            return rc;
    }
    for (uint32_t i = 0; i < trial->n_parameters && rc == HONE_OK; i++) {
        sqlite3_stmt *statement = keyed(store, S_PUT_PARAMETER, study, trial->number, err);
        if (!statement)
            return HONE_EIO;
        sqlite3_bind_int64(statement, 3, i);
        bind_text(statement, 4, trial->parameters[i].key);
        bind_text(statement, 5, trial->parameters[i].text);
        sqlite3_bind_double(statement, 6, trial->parameters[i].number);
        rc = store_run(store, S_PUT_PARAMETER, statement, err);
    }
    if (rc == HONE_OK)
        rc = put_numbers(store, S_PUT_VALUE, study, trial->number, trial->values, trial->n_values, err);
    if (rc == HONE_OK)
        rc = put_numbers(store, S_PUT_VIOLATION, study, trial->number, trial->constraints, trial->n_constraints, err);
    for (uint32_t i = 0; i < trial->n_metrics && rc == HONE_OK; i++) {
        sqlite3_stmt *statement = keyed(store, S_PUT_METRIC, study, trial->number, err);
        if (!statement)
            return HONE_EIO;
        sqlite3_bind_int64(statement, 3, i);
        bind_text(statement, 4, trial->metrics[i].name);
        sqlite3_bind_int64(statement, 5, trial->metrics[i].direction);
        sqlite3_bind_double(statement, 6, trial->metrics[i].value);
        rc = store_run(store, S_PUT_METRIC, statement, err);
    }
    return rc;
}

hone_rc store_put_trial(void *self, int64_t study, const hone_trial_record *trial, hone_error *err)
{
    struct store *store = self;
    hone_error failure = HONE_ERROR_INIT;
    hone_rc rc = store_writable(store, err);
    if (rc < 0)
        return rc;
    if (trial->state > HONE_STATE_FAILED)
        return hone_fail(err, HONE_EINVAL, "", "trial %llu has the unknown state %u", (unsigned long long)trial->number,
                         trial->state);
    return store_settle(store, put_trial(store, study, trial, &failure), &failure, err);
}

/* ---- reports ---- */
static sqlite3_stmt *report_keyed(struct store *store, enum statement which, int64_t study,
                                  const hone_report_record *report, hone_error *err)
{
    sqlite3_stmt *statement = keyed(store, which, study, report->trial, err);
    if (statement) {
        sqlite3_bind_int64(statement, 3, report->step);
        bind_u64(statement, 4, report->attempt);
    }
    return statement;
}

static hone_rc put_step(struct store *store, enum statement which, int64_t study, const hone_report_record *report,
                        hone_error *err)
{
    sqlite3_stmt *row = report_keyed(store, which, study, report, err);
    if (!row)
        return HONE_EIO;
    sqlite3_bind_double(row, 5, report->time);
    sqlite3_bind_int64(row, 6, report->verdict);
    return store_run(store, which, row, err);
}

static hone_rc put_report(struct store *store, int64_t study, const hone_report_record *report, hone_error *err)
{
    size_t hint = 0;
    hone_rc rc = store_check_study(store, study, err);
    if (rc < 0 || (rc = put_step(store, S_ADD_REPORT, study, report, err)) < 0)
        return rc;
    if (!sqlite3_changes(store->db)) {
        if ((rc = put_step(store, S_UPDATE_REPORT, study, report, err)) < 0)
            return rc;
        sqlite3_stmt *old = report_keyed(store, S_CUT_REPORT, study, report, err);
        if (!old)
            return HONE_EIO;
        rc = store_run(store, S_CUT_REPORT, old, err);
    }
    for (uint32_t i = 0; i < report->n_values && rc == HONE_OK; i++) {
        int64_t id = 0;
        if ((rc = name_id(store, &report->values[i], &hint, &id, err)) < 0)
            return rc;
        sqlite3_stmt *value = report_keyed(store, S_PUT_REPORT_VALUE, study, report, err);
        if (!value)
            return HONE_EIO;
        sqlite3_bind_int64(value, 5, i);
        sqlite3_bind_int64(value, 6, id);
        sqlite3_bind_double(value, 7, report->values[i].value);
        rc = store_run(store, S_PUT_REPORT_VALUE, value, err);
    }
    return rc;
}

hone_rc store_put_report(void *self, int64_t study, const hone_report_record *report, hone_error *err)
{
    struct store *store = self;
    hone_error failure = HONE_ERROR_INIT;
    hone_rc rc = store_writable(store, err);
    return rc < 0 ? rc : store_settle(store, put_report(store, study, report, &failure), &failure, err);
}

/* ---- events, attachments ---- */
static hone_rc put_event(struct store *store, int64_t study, const hone_event_record *event, hone_error *err)
{
    hone_rc rc = store_check_study(store, study, err);
    if (rc < 0)
        return rc;
    sqlite3_stmt *row = keyed(store, S_PUT_EVENT, study, event->sequence, err);
    if (!row)
        return HONE_EIO;
    sqlite3_bind_int64(row, 3, event->what);
    bind_u64(row, 4, event->trial);
    sqlite3_bind_int64(row, 5, event->step);
    sqlite3_bind_int64(row, 6, event->verdict);
    bind_optional(row, 7, event->text);
    return store_run(store, S_PUT_EVENT, row, err);
}

hone_rc store_put_event(void *self, int64_t study, const hone_event_record *event, hone_error *err)
{
    struct store *store = self;
    hone_error failure = HONE_ERROR_INIT;
    hone_rc rc = store_writable(store, err);
    return rc < 0 ? rc : store_settle(store, put_event(store, study, event, &failure), &failure, err);
}

static hone_rc put_attachment(struct store *store, int64_t study, const hone_attachment_record *attachment,
                              hone_error *err)
{
    hone_rc rc = store_check_study(store, study, err);
    if (rc < 0)
        return rc;
    sqlite3_stmt *row = keyed(store, S_PUT_ATTACHMENT, study, attachment->trial, err);
    if (!row)
        return HONE_EIO;
    bind_text(row, 3, attachment->name);
    sqlite3_bind_int64(row, 4, attachment->final);
    bind_text(row, 5, attachment->media_type);
    bind_optional(row, 6, attachment->text);
    bind_optional(row, 7, attachment->path);
    return store_run(store, S_PUT_ATTACHMENT, row, err);
}

hone_rc store_put_attachment(void *self, int64_t study, const hone_attachment_record *attachment, hone_error *err)
{
    struct store *store = self;
    hone_error failure = HONE_ERROR_INIT;
    hone_rc rc = store_writable(store, err);
    return rc < 0 ? rc : store_settle(store, put_attachment(store, study, attachment, &failure), &failure, err);
}
