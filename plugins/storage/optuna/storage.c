/* SPDX-License-Identifier: MIT */
/* storage/1 over a library: it reads, and refuses to write. */
#include "library.h"

#include <stdio.h>
#include <unistd.h>

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    (void)info;
    *self = calloc(1, sizeof(struct library));
    return *self ? HONE_OK : hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the storage");
}

static void destroy(void *self)
{
    struct library *l = self;
    if (!l)
        return;
    hone_settings_release(&l->memory);
    free(l->path);
    free(l);
}

static hone_rc refuse(hone_error *err)
{
    return hone_fail(err, HONE_ENOTSUP, NULL,
                     "Optuna's files are read here, not written: `hone import` takes their trials over");
}

static hone_rc open_file(struct library *l, const char *location, uint32_t mode, void (*read)(struct library *library),
                         hone_error *err)
{
    if (mode != HONE_STORAGE_READ)
        return refuse(err);
    if (l->path)
        return hone_fail(err, HONE_EINVAL, NULL, "the storage '%.150s' is open already", l->path);
    if (access(location, F_OK) != 0)
        return hone_fail(err, HONE_EIO, NULL, "there is no file '%.180s'; check the path", location);
    if (!(l->path = strdup(location)))
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the storage");
    l->err = err;
    read(l);
    library_settle(l);
    l->err = NULL;
    if (l->foreign)
        err->code = HONE_ENOTSUP;
    return l->failed ? err->code : HONE_OK;
}

/* ---- reading ---- */

static hone_rc no_rows(hone_error *err)
{
    return hone_fail(err, HONE_EINVAL, NULL, "there is no such study");
}

static const struct study *study_at(const struct library *l, int64_t id)
{
    return id >= 0 && (uint64_t)id < l->n_studies ? l->studies[id] : NULL;
}

static hone_rc studies(void *self, const hone_storage_visitor *visitor, hone_error *err)
{
    struct library *l = self;
    hone_rc rc = HONE_OK;
    for (size_t i = 0; i < l->n_studies && rc == HONE_OK; i++) {
        struct study *s = l->studies[i];
        hone_study_record record = { .size = sizeof record,
                                     .state = HONE_STUDY_STOPPED,
                                     .id = (int64_t)i,
                                     .name = s->name,
                                     .sources = "",
                                     .environment = "program=optuna\n",
                                     .n_objectives = s->n_objectives,
                                     .objectives = s->objectives,
                                     .created = s->created,
                                     .updated = s->updated,
                                     .n_trials = s->n_trials,
                                     .ended = "" };
        for (size_t k = 0; k < s->n_trials; k++) {
            record.n_complete += s->trials[k]->state == HONE_STATE_COMPLETE;
            record.n_pruned += s->trials[k]->state == HONE_STATE_PRUNED;
            record.n_failed += s->trials[k]->state == HONE_STATE_FAILED;
        }
        l->err = err;
        if (!(record.config = library_config(l, s)))
            return HONE_ENOMEM;
        rc = visitor->study(visitor->ctx, &record);
    }
    return rc;
}

static hone_rc trials(void *self, int64_t study, int64_t trial, const hone_storage_visitor *visitor, hone_error *err)
{
    const struct study *s = study_at(self, study);
    hone_rc rc = HONE_OK;
    if (!s)
        return no_rows(err);
    for (size_t i = 0; i < s->n_trials && rc == HONE_OK; i++) {
        const struct trial *t = s->trials[i];
        if (trial != HONE_ALL_TRIALS && (uint64_t)trial != i)
            continue;
        const hone_trial_record record = { .size = sizeof record,
                                           .state = t->state,
                                           .number = i,
                                           .n_parameters = t->n_parameters,
                                           .n_values = s->n_objectives,
                                           .n_constraints = t->n_constraints,
                                           .n_metrics = t->n_metrics,
                                           .parameters = t->parameters,
                                           .values = t->values,
                                           .constraints = t->constraints,
                                           .metrics = t->metrics,
                                           .step = t->n_reports ? t->reports[t->n_reports - 1].step : 0,
                                           .started = t->started,
                                           .ended = t->ended,
                                           .component = "",
                                           .message = "" };
        rc = visitor->trial(visitor->ctx, &record);
    }
    return rc;
}

static hone_rc reports(void *self, int64_t study, int64_t trial, const hone_storage_visitor *visitor, hone_error *err)
{
    const struct study *s = study_at(self, study);
    hone_rc rc = HONE_OK;
    if (!s)
        return no_rows(err);
    for (size_t i = 0; i < s->n_trials; i++)
        for (size_t k = 0; k < s->trials[i]->n_reports && rc == HONE_OK; k++) {
            const struct trial *t = s->trials[i];
            const hone_value value = { s->objectives[0].name, t->reports[k].value, s->objectives[0].direction, 0 };
            const hone_report_record record = { .size = sizeof record,
                                                .n_values = 1,
                                                .trial = i,
                                                .step = t->reports[k].step,
                                                .values = &value,
                                                .time = t->started };
            if (trial == HONE_ALL_TRIALS || (uint64_t)trial == i)
                rc = visitor->report(visitor->ctx, &record);
        }
    return rc;
}

static hone_rc events(void *self, int64_t study, const hone_storage_visitor *visitor, hone_error *err)
{
    (void)visitor;
    return study_at(self, study) ? HONE_OK : no_rows(err);
}

static hone_rc attachments(void *self, int64_t study, int64_t trial, const hone_storage_visitor *visitor,
                           hone_error *err)
{
    (void)trial;
    return events(self, study, visitor, err);
}

/* ---- and not writing ---- */

static hone_rc refuse_plain(void *self, hone_error *err)
{
    (void)self;
    return refuse(err);
}

static void rollback(void *self)
{
    (void)self;
}

static hone_rc refuse_study(void *self, const hone_study_record *study, int64_t *id, hone_error *err)
{
    (void)self;
    (void)study;
    (void)id;
    return refuse(err);
}

static hone_rc refuse_trial(void *self, int64_t study, const hone_trial_record *trial, hone_error *err)
{
    (void)self;
    (void)study;
    (void)trial;
    return refuse(err);
}

static hone_rc refuse_report(void *self, int64_t study, const hone_report_record *report, hone_error *err)
{
    (void)self;
    (void)study;
    (void)report;
    return refuse(err);
}

static hone_rc refuse_event(void *self, int64_t study, const hone_event_record *event, hone_error *err)
{
    (void)self;
    (void)study;
    (void)event;
    return refuse(err);
}

static hone_rc refuse_attachment(void *self, int64_t study, const hone_attachment_record *attachment, hone_error *err)
{
    (void)self;
    (void)study;
    (void)attachment;
    return refuse(err);
}

static hone_rc refuse_lock(void *self, int64_t study, hone_error *err)
{
    (void)self;
    (void)study;
    return refuse(err);
}

static hone_rc open_database(void *self, const char *location, uint32_t mode, hone_error *err)
{
    return open_file(self, location, mode, database_read, err);
}

static hone_rc open_journal(void *self, const char *location, uint32_t mode, hone_error *err)
{
    return open_file(self, location, mode, journal_read, err);
}

#define READ_ONLY_STORAGE(function)                                                                                    \
    {                                                                                                                  \
        sizeof(hone_storage_v1), HONE_STORAGE_READ_ONLY, function, refuse_plain, refuse_plain, rollback, refuse_study, \
            refuse_trial, refuse_report, refuse_event, refuse_attachment, studies, trials, reports, events,            \
            attachments, refuse_lock, NULL, NULL, NULL, NULL                                                           \
    }
static const hone_storage_v1 database_iface = READ_ONLY_STORAGE(open_database);
static const hone_storage_v1 journal_iface = READ_ONLY_STORAGE(open_journal);

#define WHAT_IS_READ                                                                                                 \
    "Studies of Optuna 3.0 and later, to look at and to take over: `hone import FILE study.ini`; all commands that " \
    "read a\n"                                                                                                       \
    "storage take them too (`hone trials`, `hone report`). It is never written.\n"                                   \
    "\n"                                                                                                             \
    "Parameters are as Optuna's users see them, but True and False are yes and no, and None is none. Intermediate\n" \
    "values are reports of the first objective; attributes that are numbers are metrics. Times without an offset "   \
    "are\n"                                                                                                          \
    "taken for UTC. A study's configuration is an INI with its objectives and its [space].\n"

static const hone_component database = {
    .size = sizeof database,
    .kind = HONE_KIND_STORAGE,
    .name = "optuna_sqlite",
    .summary = "Reads Optuna's SQLite databases",
    .doc = WHAT_IS_READ "\n"
                        "Format: optuna/storages/_rdb/models.py, revisions v3.0.0.d and v3.2.0.a.",
    .param_size = sizeof(hone_param),
    .iface = &database_iface,
    .create = create,
    .destroy = destroy,
};

static const hone_component journal = {
    .size = sizeof journal,
    .kind = HONE_KIND_STORAGE,
    .name = "optuna_journal",
    .summary = "Reads Optuna's journal files",
    .doc = WHAT_IS_READ
    "\n"
    "A line that is not finished is left for later, as Optuna does; a bad one before it is an error.\n"
    "\n"
    "Format: optuna/storages/journal/_storage.py of Optuna 3.1 to 5.0.",
    .param_size = sizeof(hone_param),
    .iface = &journal_iface,
    .create = create,
    .destroy = destroy,
};

HONE_MODULE("org.hone.storage.optuna", "0.1.0", "MIT", "the hone authors", "", &journal, &database)
