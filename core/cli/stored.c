/* SPDX-License-Identifier: MIT */
/* Opening storages and picking studies and trials out of them. */
#include "cli/stored.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/suggest.h"
#include "base/version.h"
#include "hone/param.h"
#include "study/table.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void host_log(const hone_host *host, uint32_t level, const char *message)
{
    (void)host;
    if (level >= HONE_LOG_WARN)
        fprintf(stderr, "hone: %s\n", message);
}

static uint32_t host_cancelled(const hone_host *host)
{
    (void)host;
    return 0;
}

static const void *host_get_ext(const hone_host *host, const char *id)
{
    (void)host;
    (void)id;
    return NULL;
}

const hone_host stored_host = { sizeof stored_host, HONE_ABI_MAJOR, HONE_ABI_MINOR, HONE_VERSION, NULL,
                                host_log,           host_cancelled, host_get_ext };

const char *state_name(uint32_t state)
{
    static const char *const names[] = { "waiting", "running", "paused", "complete", "pruned", "failed" };
    return state < sizeof names / sizeof *names ? names[state] : "unknown";
}

const char *stored_time(double seconds, char *out, size_t n)
{
    const time_t t = (time_t)seconds;
    struct tm tm;
    if (!gmtime_r(&t, &tm) || !strftime(out, n, "%Y-%m-%dT%H:%M:%SZ", &tm))
        snprintf(out, n, "?");
    return out;
}

const hone_value *stored_tuned(const hone_trial_record *trial, const char *key)
{
    for (uint32_t i = 0; i < trial->n_metrics; i++) {
        size_t n = 0;
        const char *tuned = hone_tuned_key(trial->metrics[i].name, &n);
        if (tuned && !strncmp(tuned, key, n) && !key[n] && isfinite(trial->metrics[i].value))
            return &trial->metrics[i];
    }
    return NULL;
}

const char *stored_environment(const char *environment, const char *key, char *out, size_t n)
{
    const size_t length = strlen(key);
    for (const char *line = environment ? environment : ""; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (!strncmp(line, key, length) && line[length] == '=') {
            const char *value = line + length + 1;
            snprintf(out, n, "%.*s", (int)strcspn(value, "\n"), value);
            return out;
        }
    return NULL;
}

void stored_arguments(struct text *out, const char *storage, const char *study)
{
    text_add_shell_word(out, storage);
    text_add(out, " --study ");
    text_add_shell_word(out, study);
}

int stored_open(struct stored *s, const struct cli *cli, const char *url)
{
    return stored_open_in(s, cli, url, HONE_STORAGE_READ);
}

static hone_rc open_with(struct stored *s, const struct catalog_component *entry, const char *path, uint32_t mode,
                         hone_error *err)
{
    hone_rc rc = component_create(&s->storage, s->catalog, entry, &stored_host, "storage", NULL, 0, 0, err);
    if (rc != HONE_OK)
        return rc;
    s->iface = s->storage.loaded->iface;
    if (mode == HONE_STORAGE_WRITE && (rc = s->iface->open(s->storage.self, path, HONE_STORAGE_READ, err)) ==
                                          HONE_OK) { /* nothing is made where there is nothing */
        component_destroy(&s->storage);
        rc = component_create(&s->storage, s->catalog, entry, &stored_host, "storage", NULL, 0, 0, err);
    }
    return rc == HONE_OK ? s->iface->open(s->storage.self, path, mode, err) : rc;
}

/* A file of another program that one of the storages reads. *err keeps its text, unless one says that the file is its own, and
 * broken. */
static hone_rc open_foreign(struct stored *s, const char *path, hone_rc rc, hone_error *err)
{
    const struct catalog_component *const *all;
    const size_t n = catalog_components(s->catalog, &all);
    for (size_t i = 0; i < n && rc != HONE_OK; i++) {
        hone_error other = HONE_ERROR_INIT;
        if (strcmp(all[i]->kind_id, HONE_KIND_STORAGE) != 0 || !(all[i]->iface_flags & HONE_STORAGE_READ_ONLY))
            continue;
        component_destroy(&s->storage);
        const hone_rc tried = open_with(s, all[i], path, HONE_STORAGE_READ, &other);
        if (tried != HONE_ENOTSUP) {
            *err = other;
            return tried;
        }
    }
    return rc;
}

int stored_open_in(struct stored *s, const struct cli *cli, const char *url, uint32_t mode)
{
    const struct catalog_component *entry = NULL;
    const char *colon = strchr(url, ':'), *location = url;
    char scheme[64], *absolute = NULL;
    hone_error err = HONE_ERROR_INIT;
    *s = (struct stored){ 0 };
    int code = cli_catalog(cli, &s->catalog);
    if (code != 0)
        return code;
    if (colon && !memchr(url, '/', (size_t)(colon - url))) {
        snprintf(scheme, sizeof scheme, "%.*s", (int)(colon - url), url);
        location = colon + 1;
        entry = catalog_find(s->catalog, "storage", scheme, &err);
        if (!entry)
            return cli_fail(EXIT_PLUGIN, "%s: %s", url, err.msg);
    } else if (!(entry = catalog_default(s->catalog, "storage"))) {
        return cli_fail(EXIT_PLUGIN, "%s: no storage plugin is installed", url);
    }
    if (!(absolute = path_absolute(NULL, location)))
        return cli_fail(EXIT_FAILED, "out of memory");
    hone_rc rc = open_with(s, entry, absolute, mode, &err);
    if (rc != HONE_OK && location == url && mode == HONE_STORAGE_READ && access(absolute, F_OK) == 0)
        rc = open_foreign(s, absolute, rc, &err);
    free(absolute);
    return rc == HONE_OK ? 0 : cli_fail(EXIT_FAILED, "%s", err.msg);
}

void stored_release(struct stored *s)
{
    component_destroy(&s->storage);
    catalog_close(s->catalog);
    hone_settings_release(&s->memory);
    *s = (struct stored){ 0 };
}

/* ---- copies ---- */

static const char *copy_text(hone_settings_memory *memory, const char *text)
{
    const size_t n = text ? strlen(text) + 1 : 0;
    char *copy = text ? hone_settings_allocate(memory, n) : NULL;
    if (copy)
        memcpy(copy, text, n);
    return copy;
}

static hone_value *copy_values(hone_settings_memory *memory, const hone_value *values, uint32_t n)
{
    hone_value *copy = hone_settings_allocate(memory, (n + 1) * sizeof *copy);
    for (uint32_t i = 0; copy && i < n; i++) {
        copy[i] = values[i];
        copy[i].name = copy_text(memory, values[i].name);
    }
    return copy;
}

static double *copy_numbers(hone_settings_memory *memory, const double *values, uint32_t n)
{
    double *copy = hone_settings_allocate(memory, (n + 1) * sizeof *copy);
    if (copy && n)
        memcpy(copy, values, n * sizeof *copy);
    return copy;
}

hone_rc stored_trial_copy(struct stored_trial *to, const hone_trial_record *from)
{
    hone_settings_memory *m = &to->memory;
    hone_parameter_record *parameters = hone_settings_allocate(m, (from->n_parameters + 1) * sizeof *parameters);
    to->record = *from;
    for (uint32_t i = 0; parameters && i < from->n_parameters; i++)
        parameters[i] = (hone_parameter_record){ copy_text(m, from->parameters[i].key),
                                                 copy_text(m, from->parameters[i].text), from->parameters[i].number };
    to->record.parameters = parameters;
    to->record.values = copy_numbers(m, from->values, from->n_values);
    to->record.constraints = copy_numbers(m, from->constraints, from->n_constraints);
    to->record.metrics = copy_values(m, from->metrics, from->n_metrics);
    to->record.component = copy_text(m, from->component);
    to->record.message = copy_text(m, from->message);
    return parameters && to->record.values && to->record.constraints && to->record.metrics ? HONE_OK : HONE_ENOMEM;
}

hone_rc stored_study_copy(struct stored *s, const hone_study_record *record)
{
    hone_settings_memory *m = &s->memory;
    hone_study_record *to = &s->study;
    const char **constraints = hone_settings_allocate(m, (record->n_constraints + 1) * sizeof *constraints);
    *to = *record;
    to->name = copy_text(m, record->name);
    to->config = copy_text(m, record->config);
    to->sources = copy_text(m, record->sources);
    to->environment = copy_text(m, record->environment);
    to->ended = copy_text(m, record->ended ? record->ended : "");
    to->objectives = copy_values(m, record->objectives, record->n_objectives);
    for (uint32_t i = 0; constraints && i < record->n_constraints; i++)
        constraints[i] = copy_text(m, record->constraints[i]);
    to->constraints = constraints;
    return to->name && to->config && to->objectives && constraints ? HONE_OK : HONE_ENOMEM;
}

hone_rc stored_study_ended(struct stored *s, const char *ended)
{
    const char *copy = copy_text(&s->memory, ended);
    if (!copy)
        return HONE_ENOMEM;
    s->study.ended = copy;
    return HONE_OK;
}

/* ---- choosing a study ---- */

struct choice {
    struct stored *stored;
    const char *wanted;
    size_t n;
    struct text names;
    struct suggestion suggestion;
    char best[96];
};

static hone_rc on_study(void *ctx, const hone_study_record *record)
{
    struct choice *c = ctx;
    c->n++;
    text_addf(&c->names, "%s%s", c->names.length ? ", " : "", record->name);
    if (c->wanted) {
        suggestion_offer(&c->suggestion, record->name);
        if (c->suggestion.best == record->name) { /* the record's texts live for the call only */
            snprintf(c->best, sizeof c->best, "%s", record->name);
            c->suggestion.best = c->best;
        }
        if (strcmp(record->name, c->wanted))
            return HONE_OK;
    }
    return stored_study_copy(c->stored, record);
}

int stored_choose(struct stored *s, const struct cli *cli)
{
    struct choice c = { .stored = s, .wanted = cli_value(cli, "study") };
    const hone_storage_visitor visitor = { &c, on_study, NULL, NULL, NULL, NULL };
    hone_error err = HONE_ERROR_INIT;
    int code = 0;
    if (c.wanted)
        suggestion_start(&c.suggestion, c.wanted);
    if (s->iface->studies(s->storage.self, &visitor, &err) != HONE_OK)
        code = cli_fail(EXIT_FAILED, "%s", err.msg[0] ? err.msg : "out of memory");
    else if (!c.n)
        code = cli_fail(EXIT_FAILED, "%s: there is no study in it", cli->arguments[0]);
    else if (c.wanted && !s->study.name && c.suggestion.best)
        code = cli_fail(EXIT_FAILED, "%s: no study '%s'; did you mean '%s'?", cli->arguments[0], c.wanted,
                        c.suggestion.best);
    else if (c.wanted && !s->study.name)
        code = cli_fail(EXIT_FAILED, "%s: no study '%s'; there is %s", cli->arguments[0], c.wanted,
                        text_string(&c.names));
    else if (!c.wanted && c.n > 1)
        code = cli_usage_error(cli, "%s holds %zu studies (%s): say which with --study NAME", cli->arguments[0], c.n,
                               text_string(&c.names));
    text_release(&c.names);
    return code;
}

/* ---- notes ---- */

int stored_keeps_notes(const struct stored *s)
{
    return s->iface->size > offsetof(hone_storage_v1, notes) && s->iface->put_note &&
           !(s->iface->flags & HONE_STORAGE_READ_ONLY);
}

hone_rc stored_notes(const struct stored *s, int64_t trial, void *ctx,
                     hone_rc (*visit)(void *ctx, const hone_note_record *note), hone_error *err)
{
    return s->iface->size > offsetof(hone_storage_v1, notes) && s->iface->notes
               ? s->iface->notes(s->storage.self, s->study.id, trial, ctx, visit, err)
               : HONE_OK;
}

hone_rc stored_put_note(const struct stored *s, int64_t trial, const char *text, hone_error *err)
{
    const hone_note_record note = { sizeof note, 0, trial, text, seconds_now() };
    hone_rc rc = s->iface->begin(s->storage.self, err);
    if (rc != HONE_OK)
        return rc;
    rc = s->iface->put_note(s->storage.self, s->study.id, &note, err);
    if (rc == HONE_OK)
        return s->iface->commit(s->storage.self, err);
    s->iface->rollback(s->storage.self);
    return rc;
}

/* ---- the best ---- */

struct search_best {
    struct stored *stored;
    struct stored_trial *trials;
    size_t n;
    struct trial_table table; /* only for its rules of what is better */
    uint8_t maximize[64];
};

static struct trial as_trial(const hone_trial_record *r)
{
    return (struct trial){ .number = r->number,
                           .values = (double *)(uintptr_t)r->values,
                           .constraints = (double *)(uintptr_t)r->constraints };
}

static hone_rc on_trial(void *ctx, const hone_trial_record *record)
{
    struct search_best *b = ctx;
    if (record->state != HONE_STATE_COMPLETE || record->n_values != b->table.n_values ||
        record->n_constraints != b->table.n_constraints)
        return HONE_OK;
    const struct trial now = as_trial(record);
    for (size_t i = 0; i < b->n; i++) {
        const struct trial other = as_trial(&b->trials[i].record);
        if (trial_dominates(&b->table, &other, &now) ||
            (b->table.n_values == 1 && !trial_dominates(&b->table, &now, &other)))
            return HONE_OK;
    }
    size_t kept = 0;
    for (size_t i = 0; i < b->n; i++) {
        const struct trial other = as_trial(&b->trials[i].record);
        if (trial_dominates(&b->table, &now, &other))
            hone_settings_release(&b->trials[i].memory);
        else
            b->trials[kept++] = b->trials[i];
    }
    b->n = kept;
    struct stored_trial *more = realloc(b->trials, (b->n + 1) * sizeof *more);
    if (!more)
        return HONE_ENOMEM;
    b->trials = more;
    b->trials[b->n] = (struct stored_trial){ 0 };
    return stored_trial_copy(&b->trials[b->n++], record);
}

int stored_best(struct stored *s, struct stored_trial **trials, size_t *n)
{
    struct search_best b = { .stored = s };
    const hone_storage_visitor visitor = { &b, NULL, on_trial, NULL, NULL, NULL };
    hone_error err = HONE_ERROR_INIT;
    if (s->study.n_objectives > sizeof b.maximize)
        return cli_fail(EXIT_FAILED, "the study has %u objectives; this command can show %zu", s->study.n_objectives,
                        sizeof b.maximize);
    for (uint32_t i = 0; i < s->study.n_objectives; i++)
        b.maximize[i] = s->study.objectives[i].direction == HONE_MAXIMIZE;
    trial_table_init(&b.table, 0, s->study.n_objectives, s->study.n_constraints, b.maximize);
    if (s->iface->trials(s->storage.self, s->study.id, HONE_ALL_TRIALS, &visitor, &err) != HONE_OK) {
        stored_trials_release(b.trials, b.n);
        return cli_fail(EXIT_FAILED, "%s", err.msg[0] ? err.msg : "out of memory");
    }
    *trials = b.trials;
    *n = b.n;
    return 0;
}

void stored_trials_release(struct stored_trial *trials, size_t n)
{
    for (size_t i = 0; i < n; i++)
        hone_settings_release(&trials[i].memory);
    free(trials);
}
