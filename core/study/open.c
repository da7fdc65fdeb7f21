/* SPDX-License-Identifier: MIT */
/* Opening a study: its plugins, its storage, and what the objective says of itself held against the INI; and closing it. */
#include "study/study.h"

#include "base/suggest.h"
#include "hone/param.h"
#include "hone/rng.h"
#include "plugin/guard.h"

#include <stdlib.h>
#include <string.h>

#define READY_PATIENCE 600 /* seconds for the first worker to describe the objective: data may have to be decoded */

static hone_rc open_component(struct study *study, const struct composed_section *section, struct component *component,
                              uint64_t stream, hone_error *err)
{
    struct section_settings settings;
    const uint64_t seed = hone_rng_derive((uint64_t)study->composition->study.search_seed, stream);
    hone_rc rc = composition_settings(study->composition, section, NULL, 0, &settings, err);
    if (rc != HONE_OK)
        return rc;
    rc = component_create(component, study->composition->catalog, settings.component, &study->composing, section->name,
                          settings.own, settings.n_own, seed, err);
    section_settings_release(&settings);
    if (rc < 0 && err->param[0] && !strchr(err->param, '.')) {
        char param[sizeof err->param];
        snprintf(param, sizeof param, "%.30s.%.30s", section->name, err->param);
        memcpy(err->param, param, sizeof param);
    }
    return rc;
}

static hone_rc open_reporters(struct study *study, const hone_terminal *terminal, hone_error *err)
{
    const struct composition *c = study->composition;
    size_t n = 0;
    for (size_t i = 0; i < c->n_sections; i++)
        n += !strcmp(c->sections[i].kind, "reporter") && c->sections[i].enabled;
    study->reporters = calloc(n + 1, sizeof *study->reporters);
    if (!study->reporters)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the reporters");
    for (size_t i = 0; i < c->n_sections; i++) {
        if (strcmp(c->sections[i].kind, "reporter") || !c->sections[i].enabled)
            continue;
        struct component *reporter = &study->reporters[study->n_reporters];
        hone_rc rc = open_component(study, &c->sections[i], reporter, 300 + i, err);
        if (rc != HONE_OK)
            return rc;
        study->n_reporters++;
        struct guard guard;
        study_enter(reporter, &guard);
        rc = ((const hone_reporter_v1 *)reporter->loaded->iface)->open(reporter->self, terminal, err);
        if ((rc = study_leave(reporter, &guard, "get ready", rc, err)) < 0)
            return rc;
    }
    return HONE_OK;
}

static hone_rc open_tables(struct study *study, hone_error *err)
{
    const struct composition *c = study->composition;
    hone_rc rc = space_init(&study->space, &c->space, err);
    if (rc != HONE_OK)
        return rc;
    const uint32_t n_dims = study->space.view.n_dims, n_values = (uint32_t)c->n_objectives;
    study->cloned_x = calloc(n_dims + 1u, sizeof *study->cloned_x);
    study->objectives = calloc(n_values + 1, sizeof *study->objectives);
    study->maximize = calloc(n_values + 1, sizeof *study->maximize);
    study->minimized = calloc(n_values + 1, sizeof *study->minimized);
    study->measured = calloc(n_values + 1, sizeof *study->measured);
    study->deviations = calloc(n_values + 1, sizeof *study->deviations);
    study->n_slots = c->study.order == ORDER_STRICT ? (unsigned)c->study.lag : study->crew->n;
    if (study->n_slots > study->crew->n)
        return hone_fail(err, HONE_EINVAL, "study.lag", "internal error: %u virtual workers on %u processes",
                         study->n_slots, study->crew->n);
    study->slots = calloc(study->n_slots, sizeof *study->slots);
    study->worker_status = calloc(study->n_slots, sizeof *study->worker_status);
    if (!study->cloned_x || !study->objectives || !study->maximize || !study->minimized || !study->measured ||
        !study->deviations || !study->slots || !study->worker_status)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the study");
    for (uint32_t i = 0; i < n_values; i++)
        study->objectives[i] = (hone_value){ c->objectives[i].metric, 0, c->objectives[i].direction, 0 };
    trial_table_init(&study->table, n_dims, n_values, (uint32_t)c->n_constraints, study->maximize);
    if ((rc = trial_record_init(&study->record, n_dims, err)) != HONE_OK)
        return rc;
    return trial_record_init(&study->best_record, n_dims, err);
}

/* What a step of a trial is: the objective's own, or a whole run of it. */
static hone_rc settle_steps(struct study *study, const hone_description *d, hone_error *err)
{
    const struct study_settings *s = &study->composition->study;
    study->length = study->max_step = d->max_step;
    if (d->repeats && (s->repeats > 1 || s->fidelity.key))
        return hone_fail(err, HONE_EINVAL, s->repeats > 1 ? "study.repeats" : "study.fidelity",
                         "the steps of the objective are %lld runs of the same point already: give up either those, or "
                         "%s",
                         (long long)d->repeats, s->repeats > 1 ? "repeats" : "fidelity");
    study->repeats = d->repeats ? d->repeats : s->repeats > 1 ? s->repeats : 0;
    study->levels = s->fidelity.key ? s->fidelity.levels : 0;
    if (study->repeats || study->levels)
        study->max_step = study->repeats ? study->repeats : study->levels;
    study->table.has_moments = study->repeats != 0;
    return HONE_OK;
}

/* Holds the INI against what the objective says of itself. */
static hone_rc check_description(struct study *study, const hone_description *d, hone_error *err)
{
    const struct composition *c = study->composition;
    const char *fidelity = c->study.fidelity.key;
    const int tested = c->study.evaluate == EVALUATE_TEST;
    hone_rc rc;
    if ((rc = settle_steps(study, d, err)) != HONE_OK)
        return rc;
    study->has_final = d->final != 0;
    if (!d->final && tested)
        return hone_fail(err, HONE_EINVAL, "study.evaluate",
                         "evaluate = test has no meaning for the objective '%s': it has no test data",
                         c->objective->component->name);
    if ((rc = measure_promised(study, d, err)) != HONE_OK)
        return rc;
    if ((d->stop_key && !(study->stop_key = strdup(d->stop_key))) ||
        (d->length_metric && !(study->length_metric = strdup(d->length_metric))))
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the study");
    for (uint32_t i = 0; i < study->table.n_values; i++) {
        hone_value *o = &study->objectives[i];
        if ((rc = study_check_metric(d, o->name, tested, "study.objectives", &o->direction, err)) != HONE_OK)
            return rc;
        if (o->direction == HONE_NO_DIRECTION)
            return hone_fail(err, HONE_EINVAL, "study.objectives",
                             "say whether %s is to be small or large: '%s min' or '%s max'", o->name, o->name, o->name);
        study->maximize[i] = o->direction == HONE_MAXIMIZE;
    }
    for (size_t i = 0; i < c->n_constraints; i++)
        if ((rc = study_check_metric(d, c->constraints[i].metric, tested, "study.constraints", NULL, err)) != HONE_OK)
            return rc;
    for (uint32_t i = 0; i < d->n_keys; i++)
        if (space_find(&study->space, d->keys[i]) == UINT32_MAX && (!fidelity || strcmp(fidelity, d->keys[i]) != 0))
            return hone_fail(err, HONE_EINVAL, "space",
                             "the objective needs '%s' in [space], for example: %s = real 0 .. 1", d->keys[i],
                             d->keys[i]);
    return HONE_OK;
}

/* The objective could not get ready: its message, at its key. A crash, or a lack of memory, is nobody's mistake in the INI. */
hone_rc study_not_ready(const struct crew_event *event, hone_error *err)
{
    char param[sizeof err->param] = "objective";
    const hone_rc code = event->died ? HONE_EFAIL : event->rc == HONE_ENOMEM ? HONE_ENOMEM : HONE_EINVAL;
    if (event->param && *event->param)
        snprintf(param, sizeof param, "%s%.50s", strchr(event->param, '.') ? "" : "objective.", event->param);
    return hone_fail(err, code, param, "%s%s",
                     event->message && *event->message ? event->message : "the objective gives no reason",
                     event->died ? " (while describing the objective)" : "");
}

/* Waits for the first worker. */
static hone_rc hear_description(struct study *study, hone_error *err)
{
    const double until = seconds_steady() + READY_PATIENCE;
    while (seconds_steady() < until && !*study->signalled) {
        struct crew_event event;
        const hone_rc rc = study->crew->wait(study->crew, STUDY_TICK, &event, err);
        if (rc < 0)
            return rc;
        if (rc == HONE_WAIT)
            continue;
        if (event.what == CREW_LOG) { /* no reporter is there yet */
            study->host->log(study->host, event.level, event.message ? event.message : "");
            continue;
        }
        if (event.what != CREW_READY)
            return hone_fail(err, HONE_EIO, NULL, "internal error: a worker speaks of a trial before there is one");
        return event.rc == HONE_OK ? check_description(study, event.description, err) : study_not_ready(&event, err);
    }
    return *study->signalled
               ? hone_fail(err, HONE_ECANCELED, NULL, "interrupted")
               : hone_fail(err, HONE_EFAIL, NULL, "the objective did not describe itself within %d s", READY_PATIENCE);
}

struct lookup {
    const char *name;
    int64_t id;
    int finished;
    char *config;
};

static hone_rc on_study(void *ctx, const hone_study_record *record)
{
    struct lookup *l = ctx;
    if (strcmp(record->name, l->name))
        return HONE_OK;
    l->id = record->id;
    l->finished = record->state == HONE_STUDY_FINISHED;
    l->config = strdup(record->config);
    return l->config ? HONE_OK : HONE_ENOMEM;
}

/* A line inside a text. */
struct line {
    const char *at;
    int length;
};

/* Keys of [study] that may change from one run of a study to the next. */
static int may_change(const struct line *line)
{
    static const char *const keys[] = { "trials",
                                        "time",
                                        "workers",
                                        "storage",
                                        "directory",
                                        "final",
                                        "trial",
                                        "trial_time",
                                        "trial_memory",
                                        "trial_retries",
                                        "checkpoint_interval",
                                        "checkpoint_space",
                                        "keep_checkpoints",
                                        "target",
                                        "patience",
                                        "regret" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const size_t n = strlen(keys[i]);
        if ((size_t)line->length > n && !strncmp(line->at, keys[i], n) &&
            line->at[n + strspn(line->at + n, " ")] == '=')
            return 1;
    }
    return 0;
}

static int line_is(const struct line *line, const char *text, size_t n)
{
    return (size_t)line->length >= n && !strncmp(line->at, text, n);
}

/* The next line of a resolved INI that counts, and the section that it stands in; length 0: there is none. */
static struct line next_line(const char **at, struct line *section)
{
    while (**at) {
        const struct line line = { *at, (int)strcspn(*at, "\n") };
        *at += line.length + (line.at[line.length] == '\n');
        if (line.at[0] == '[')
            *section = line;
        if (line.length && line.at[0] != ';' &&
            !(line_is(section, "[study]", 7) && (may_change(&line) || line_is(&line, "enqueue ", 8))) &&
            !line_is(section, "[reporter", 9))
            return line;
    }
    return (struct line){ "nothing", 0 };
}

uint64_t study_settings_hash(const char *resolved)
{
    static const char *const own[] = { "name ", "seed ", "split_seed ", "search_seed " };
    struct line section = { "", 0 }, line;
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    while ((line = next_line(&resolved, &section)).length) {
        int counts = 1;
        for (size_t i = 0; i < sizeof own / sizeof *own; i++)
            counts &= !(line_is(&section, "[study]", 7) && line_is(&line, own[i], strlen(own[i])));
        for (int i = 0; counts && i <= line.length; i++)
            hash = (hash ^ (i < line.length ? (unsigned char)line.at[i] : '\n')) * 0x100000001b3u;
    }
    return hash;
}

/* The same study must mean the same thing: the first setting that differs is named. */
static hone_rc same_settings(const struct study *study, const char *stored, hone_error *err)
{
    struct text now = TEXT_INIT;
    struct line section_a = { "", 0 }, section_b = { "", 0 }, x, y;
    hone_rc rc = HONE_OK;
    composition_text(study->composition, NULL, 0, &now);
    const char *a = stored, *b = text_string(&now);
    if (now.failed)
        rc = hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the settings");
    do {
        x = next_line(&a, &section_a);
        y = next_line(&b, &section_b);
        if (rc == HONE_OK && (x.length != y.length || strncmp(x.at, y.at, (size_t)x.length))) {
            const struct line *section = x.length ? &section_a : &section_b;
            rc = hone_fail(err, HONE_EINVAL, "study.name",
                           "the storage has a study '%.40s' with other settings: there '%.*s' in %.*s, here '%.*s'; "
                           "choose another name or storage",
                           study->composition->study.name, x.length ? (x.length < 50 ? x.length : 50) : 7, x.at,
                           section->length < 30 ? section->length : 30, section->at,
                           y.length ? (y.length < 50 ? y.length : 50) : 7, y.at);
        }
    } while (rc == HONE_OK && x.length && y.length);
    text_release(&now);
    return rc;
}

static hone_rc open_storage(struct study *study, hone_error *err)
{
    const struct composition *c = study->composition;
    struct lookup lookup = { .name = c->study.name, .id = -1 };
    const hone_storage_visitor visitor = { &lookup, on_study, NULL, NULL, NULL, NULL };
    hone_rc rc = component_create(&study->storage, c->catalog, c->storage, study->host, "storage", NULL, 0, 0, err);
    if (rc != HONE_OK)
        return rc;
    const hone_storage_v1 *s = study->storage_iface = study->storage.loaded->iface;
    if ((rc = s->open(study->storage.self, c->storage_location, study->verify ? HONE_STORAGE_READ : HONE_STORAGE_WRITE,
                      err)) != HONE_OK ||
        (rc = s->studies(study->storage.self, &visitor, err)) != HONE_OK)
        goto out;
    if (study->verify) {
        study->id = lookup.id;
        goto out;
    }
    if (lookup.id >= 0) {
        study->id = lookup.id;
        if ((rc = s->lock(study->storage.self, study->id, err)) != HONE_OK ||
            (rc = same_settings(study, lookup.config, err)) != HONE_OK)
            goto out;
    }
    if (study->purpose == STUDY_TO_SETTLE && lookup.id < 0)
        rc = hone_fail(err, HONE_EINVAL, "study.name", "the storage has no study '%.100s'", c->study.name);
    if (rc != HONE_OK || (study->purpose != STUDY_TO_RUN && lookup.id >= 0))
        goto done;
    const uint32_t state = study->purpose == STUDY_TO_RUN ? HONE_STUDY_RUNNING : HONE_STUDY_STOPPED;
    if ((rc = study_begin(study, err)) != HONE_OK || (rc = study_put_study(study, state, err)) != HONE_OK ||
        (rc = study_commit(study, err)) != HONE_OK)
        goto out;
    if (lookup.id < 0)
        rc = s->lock(study->storage.self, study->id, err);
done:
    study->was_finished = lookup.finished;
out:
    free(lookup.config);
    return rc;
}

static hone_rc open_strategies(struct study *study, hone_error *err)
{
    const struct composition *c = study->composition;
    const uint64_t trials = c->study.trials > 0 ? (uint64_t)c->study.trials : 0;
    const hone_search_info search = { sizeof search, study->table.n_values, study->table.n_constraints, 0,
                                      trials,        study->max_step,       study->derivatives };
    const hone_scheduler_info scheduler = { sizeof scheduler,   study->table.n_values,          study->max_step, trials,
                                            &study->space.view, (uint64_t)c->study.search_seed, study->maximize };
    hone_rc rc = c->search ? open_component(study, c->search, &study->search, 1, err) : HONE_OK;
    if (rc != HONE_OK || (rc = open_component(study, c->scheduler, &study->scheduler, 2, err)) != HONE_OK)
        return rc;
    if (!c->search)
        study->search = study->scheduler; /* one component, two faces */
    study->search_iface = c->search ? study->search.loaded->iface : study->search.loaded->get_ext(HONE_KIND_SEARCH);
    study->scheduler_iface = study->scheduler.loaded->iface;
    if (study_is_stateless(study) && study->scheduler_iface->flags & HONE_SCHEDULER_CLONES)
        return hone_fail(err, HONE_EINVAL, "scheduler.use",
                         "scheduler '%s' clones trials from their checkpoints, and there are none where a step is a "
                         "whole run (%s)",
                         study->scheduler.entry->name, study->levels ? "study.fidelity" : "repeats or folds");
    struct guard guard;
    study_enter(&study->search, &guard);
    rc = study->search_iface->open(study->search.self, &study->space.view, &search, err);
    if ((rc = study_leave(&study->search, &guard, "take this study", rc, err)) < 0 || !study->scheduler_iface->open)
        return rc < 0 ? rc : HONE_OK;
    study_enter(&study->scheduler, &guard);
    rc = study->scheduler_iface->open(study->scheduler.self, &scheduler, err);
    rc = study_leave(&study->scheduler, &guard, "take this study", rc, err);
    return rc < 0 ? rc : HONE_OK;
}

static void slot_release(struct slot *slot)
{
    held_release(&slot->held);
    held_release(&slot->end);
}

hone_rc study_open(struct study *study, const struct study_options *options, hone_error *err)
{
    hone_rc rc;
    *study = (struct study){ .composition = options->composition,
                             .host = options->host,
                             .crew = options->crew,
                             .workers = options->workers,
                             .signalled = options->signalled,
                             .verify = options->verify,
                             .purpose = options->purpose,
                             .terminal = *options->terminal,
                             .began = seconds_steady() };
    study_compose_init(study);
    if ((rc = open_tables(study, err)) != HONE_OK || (rc = study_points_init(study, err)) != HONE_OK ||
        (rc = hear_description(study, err)) != HONE_OK || (rc = open_strategies(study, err)) != HONE_OK ||
        (rc = study_check_rules(study, err)) != HONE_OK || (rc = open_storage(study, err)) != HONE_OK ||
        (rc = study_replay(study, err)) != HONE_OK || study->verify)
        return rc;
    study->live = study->purpose != STUDY_TO_RUN;
    if (study->live)
        return HONE_OK;
    rc = open_reporters(study, options->terminal, err);
    study->live = rc == HONE_OK;
    return rc;
}

void study_close(struct study *study)
{
    study_rollback(study);
    for (size_t i = study->n_reporters; i > 0; i--)
        component_destroy(&study->reporters[i - 1]);
    if (study->search.self != study->scheduler.self)
        component_destroy(&study->search);
    component_destroy(&study->scheduler);
    study_compose_release(study);
    component_destroy(&study->storage);
    for (unsigned i = 0; study->slots && i < study->n_slots; i++)
        slot_release(&study->slots[i]);
    trial_table_release(&study->table);
    trial_record_release(&study->record);
    trial_record_release(&study->best_record);
    space_release(&study->space);
    free(study->reporters);
    free(study->slots);
    free(study->worker_status);
    free(study->objectives);
    free(study->maximize);
    free(study->minimized);
    free(study->measured);
    free(study->deviations);
    free(study->rerun);
    free(study->given);
    free(study->given_requests);
    free(study->cloned_x);
    study_checkpoints_release(study);
    free(study->stop_key);
    free(study->length_metric);
    free(study->derivatives);
    *study = (struct study){ 0 };
}
