/* SPDX-License-Identifier: MIT */
/* The read-only view of a storage. A study whose plugins are gone is shown all the same: its trials are texts then. */
#include "cli/kept.h"

#include "base/suggest.h"
#include "hone/param.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* ---- the terminal: standard output ---- */

static void terminal_write(void *ctx, const char *text, uint64_t n)
{
    (void)ctx;
    fwrite(text, 1, (size_t)n, stdout); /* cli_finish tells where it failed */
}

static uint32_t terminal_columns(void *ctx)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    int64_t n;
    (void)ctx;
    if (columns && hone_parse_int(columns, NULL, &n) && n > 0 && n < 10000)
        return (uint32_t)n;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

/* ---- reading ---- */

static struct kept_study *study_at(const hone_view *view, uint32_t study)
{
    struct kept *kept = view->impl;
    return study < view->n_studies ? kept->studies[study] : NULL;
}

static hone_rc no_study(uint32_t study, hone_error *err)
{
    return hone_fail(err, HONE_EINVAL, NULL, "there is no study %u in this view", study);
}

static hone_rc view_trials(const hone_view *view, uint32_t study, int64_t trial, const hone_storage_visitor *visitor,
                           hone_error *err)
{
    const struct kept_study *k = study_at(view, study);
    return k ? k->stored.iface->trials(k->stored.storage.self, k->stored.study.id, trial, visitor, err)
             : no_study(study, err);
}

static hone_rc view_reports(const hone_view *view, uint32_t study, int64_t trial, const hone_storage_visitor *visitor,
                            hone_error *err)
{
    const struct kept_study *k = study_at(view, study);
    return k ? k->stored.iface->reports(k->stored.storage.self, k->stored.study.id, trial, visitor, err)
             : no_study(study, err);
}

static hone_rc view_events(const hone_view *view, uint32_t study, const hone_storage_visitor *visitor, hone_error *err)
{
    const struct kept_study *k = study_at(view, study);
    return k ? k->stored.iface->events(k->stored.storage.self, k->stored.study.id, visitor, err) : no_study(study, err);
}

/* For storages that read them all. */
struct behind {
    const hone_storage_visitor *visitor;
    uint64_t from;
};

static hone_rc on_event(void *ctx, const hone_event_record *event)
{
    const struct behind *b = ctx;
    return event->sequence < b->from ? HONE_OK : b->visitor->event(b->visitor->ctx, event);
}

static hone_rc view_events_from(const hone_view *view, uint32_t study, uint64_t from,
                                const hone_storage_visitor *visitor, hone_error *err)
{
    const struct kept_study *k = study_at(view, study);
    struct behind behind = { visitor, from };
    const hone_storage_visitor all = { &behind, NULL, NULL, NULL, on_event, NULL };
    if (!k || !visitor->event)
        return k ? HONE_OK : no_study(study, err);
    const hone_storage_v1 *s = k->stored.iface;
    if (s->size > offsetof(hone_storage_v1, events_from) && s->events_from)
        return s->events_from(k->stored.storage.self, k->stored.study.id, from, visitor, err);
    return s->events(k->stored.storage.self, k->stored.study.id, &all, err);
}

static hone_rc view_attachments(const hone_view *view, uint32_t study, int64_t trial,
                                const hone_storage_visitor *visitor, hone_error *err)
{
    const struct kept_study *k = study_at(view, study);
    return k ? k->stored.iface->attachments(k->stored.storage.self, k->stored.study.id, trial, visitor, err)
             : no_study(study, err);
}

static hone_rc view_notes(const hone_view *view, uint32_t study, int64_t trial, void *ctx,
                          hone_rc (*visit)(void *ctx, const hone_note_record *note), hone_error *err)
{
    const struct kept_study *k = study_at(view, study);
    return k ? stored_notes(&k->stored, trial, ctx, visit, err) : no_study(study, err);
}

static hone_rc view_point(const hone_view *view, uint32_t study, const hone_trial_record *trial, double *x,
                          hone_error *err)
{
    struct kept_study *k = study_at(view, study);
    if (!k || !k->view.space)
        return k ? hone_fail(err, HONE_ENOTSUP, NULL, "the space of the study is not known") : no_study(study, err);
    const hone_rc rc = evaluated_point(&k->evaluated, trial, x);
    if (rc != HONE_OK && err)
        *err = k->evaluated.err;
    return rc;
}

/* ---- importance ---- */

static const char *view_importance_method(const hone_view *view, uint32_t index)
{
    const struct kept *kept = view->impl;
    const struct catalog_component *const *all;
    const size_t n = catalog_components(kept->storage->catalog, &all);
    for (size_t i = 0; i < n; i++)
        if (!strcmp(all[i]->kind_id, HONE_KIND_IMPORTANCE) && index-- == 0)
            return all[i]->name;
    return NULL;
}

/* Every (n / most)-th trial, the last one among them; from the front, so that nothing is overwritten that is still needed. */
static void thin_out(struct evaluated *e, uint64_t most)
{
    const size_t d = e->space.view.n_dims;
    if (!most || e->n <= most)
        return;
    for (uint64_t i = 0; i < most; i++) {
        const uint64_t from = (i + 1) * e->n / most - 1;
        memmove(e->x + i * d, e->x + from * d, d * sizeof *e->x);
        e->values[i] = e->values[from];
    }
    e->n = most;
}

static hone_rc evaluate(struct kept_study *k, const struct catalog_component *entry, hone_importance_sink give,
                        void *ctx, hone_error *err)
{
    struct component method = COMPONENT_INIT;
    hone_rc rc = component_create(&method, k->stored.catalog, entry, &stored_host, "importance", NULL, 0,
                                  k->stored.study.seed, err);
    if (rc != HONE_OK)
        return rc;
    const struct evaluated *e = &k->evaluated;
    const hone_importance_data data = {
        sizeof data, e->space.view.n_dims, &e->space.view, e->n, e->x, e->values, 0, 0
    };
    rc = ((const hone_importance_v1 *)method.loaded->iface)->evaluate(method.self, &data, give, ctx, err);
    component_destroy(&method);
    return rc;
}

static hone_rc view_importance(const hone_view *view, uint32_t study, const char *name, uint32_t objective,
                               uint64_t most, hone_importance_sink give, void *ctx, hone_error *err)
{
    struct kept_study *k = study_at(view, study);
    if (!k)
        return no_study(study, err);
    const struct catalog_component *entry = name ? catalog_find(k->stored.catalog, "importance", name, err)
                                                 : catalog_default(k->stored.catalog, "importance");
    if (!entry)
        return name ? HONE_ENOTSUP : hone_fail(err, HONE_ENOTSUP, NULL, "no importance plugin is installed");
    if (!k->view.space || objective >= k->stored.study.n_objectives)
        return hone_fail(err, HONE_ENOTSUP, NULL, "the study has no such %s", k->view.space ? "objective" : "space");
    k->evaluated.n = 0;
    k->evaluated.objective = objective;
    const hone_rc rc = evaluated_read(&k->evaluated, err);
    if (rc != HONE_OK)
        return rc;
    if (k->evaluated.n < 2)
        return hone_fail(err, HONE_ENOTSUP, NULL, "importance needs two complete trials at least");
    thin_out(&k->evaluated, most);
    return evaluate(k, entry, give, ctx, err);
}

/* ---- the studies ---- */

struct gathering {
    struct kept *kept;
    const struct cli *cli;
    const char *wanted; /* NULL: all */
    size_t found;
    struct text names;
};

static void study_release(struct kept_study *k)
{
    if (!k)
        return;
    evaluated_release(&k->evaluated);
    hone_settings_release(&k->stored.memory);
    text_release(&k->command);
    free(k);
}

static hone_rc add_study(struct kept *kept, const hone_study_record *record)
{
    if (kept->view.n_studies == kept->capacity) {
        const size_t capacity = kept->capacity ? 2 * kept->capacity : 16;
        struct kept_study **more = realloc(kept->studies, capacity * sizeof(struct kept_study *));
        if (!more)
            return HONE_ENOMEM;
        kept->studies = more;
        kept->capacity = capacity;
    }
    struct kept_study *k = calloc(1, sizeof *k);
    if (!k)
        return HONE_ENOMEM;
    k->stored = *kept->storage;
    k->stored.memory = (hone_settings_memory){ 0 };
    stored_arguments(&k->command, kept->url, record->name);
    const hone_rc rc = stored_study_copy(&k->stored, record);
    if (rc != HONE_OK || k->command.failed) {
        study_release(k);
        return HONE_ENOMEM;
    }
    k->view = (hone_kept_study){ sizeof k->view, 0, &k->stored.study, NULL, text_string(&k->command) };
    kept->studies[kept->view.n_studies++] = k;
    return HONE_OK;
}

static hone_rc on_study(void *ctx, const hone_study_record *record)
{
    struct gathering *g = ctx;
    text_addf(&g->names, "%s%s", g->names.length ? ", " : "", record->name);
    if (g->wanted && strcmp(g->wanted, record->name) != 0)
        return HONE_OK;
    g->found++;
    return add_study(g->kept, record);
}

static int gather(struct kept *kept, const struct cli *cli, const char *wanted)
{
    struct gathering g = { .kept = kept, .cli = cli, .wanted = wanted };
    const hone_storage_visitor visitor = { &g, on_study, NULL, NULL, NULL, NULL };
    const struct stored *s = kept->storage;
    int code = 0;
    if (s->iface->studies(s->storage.self, &visitor, &kept->err) != HONE_OK)
        code = cli_fail(EXIT_FAILED, "%s", kept->err.msg[0] ? kept->err.msg : "out of memory");
    else if (!g.found && wanted)
        code = cli_fail(EXIT_FAILED, "%s: no study '%s'; there is %s", kept->url, wanted, text_string(&g.names));
    else if (!g.found)
        code = cli_fail(EXIT_FAILED, "%s: there is no study in it", kept->url);
    text_release(&g.names);
    return code;
}

static void open_space(struct kept_study *k)
{
    if (evaluated_make(&k->evaluated, &k->stored) == HONE_OK)
        k->view.space = k->evaluated.space.view.n_dims ? &k->evaluated.space.view : NULL;
    else
        fprintf(stderr, "hone: study '%s': %s: shown without its space\n", k->stored.study.name, k->evaluated.err.msg);
}

/* The spaces of those that have none yet, after the studies, since making one may take plugins that are slow to load; and the list. */
static hone_rc complete(struct kept *kept, uint32_t first)
{
    const hone_kept_study **views = calloc(kept->view.n_studies + 1u, sizeof(const hone_kept_study *));
    if (!views)
        return HONE_ENOMEM;
    for (uint32_t i = first; i < kept->view.n_studies; i++)
        open_space(kept->studies[i]);
    for (uint32_t i = 0; i < kept->view.n_studies; i++)
        views[i] = &kept->studies[i]->view;
    free((void *)(uintptr_t)kept->view.studies);
    kept->view.studies = views;
    return HONE_OK;
}

static hone_rc on_study_again(void *ctx, const hone_study_record *record)
{
    struct kept *kept = ctx;
    for (uint32_t i = 0; i < kept->view.n_studies; i++) {
        struct kept_study *k = kept->studies[i];
        hone_study_record *to = &k->stored.study;
        if (to->id != record->id)
            continue;
        to->state = record->state;
        to->updated = record->updated;
        to->n_trials = record->n_trials;
        to->n_complete = record->n_complete;
        to->n_pruned = record->n_pruned;
        to->n_failed = record->n_failed;
        if (record->ended && strcmp(to->ended, record->ended) != 0)
            return stored_study_ended(&k->stored, record->ended);
        return HONE_OK;
    }
    return kept->all ? add_study(kept, record) : HONE_OK;
}

hone_rc kept_refresh(struct kept *kept, hone_error *err)
{
    const hone_storage_visitor visitor = { kept, on_study_again, NULL, NULL, NULL, NULL };
    const uint32_t before = kept->view.n_studies;
    const hone_rc rc = kept->storage->iface->studies(kept->storage->storage.self, &visitor, err);
    return rc == HONE_OK && kept->view.n_studies > before ? complete(kept, before) : rc;
}

int kept_open(struct kept *kept, const struct cli *cli, const struct stored *storage, const char *url)
{
    *kept = (struct kept){ .storage = storage, .url = url, .err = HONE_ERROR_INIT };
    const char *wanted = NULL;
    size_t position = 0;
    int code = 0, any = 0;
    kept->terminal = (hone_terminal){
        sizeof kept->terminal, (uint32_t)isatty(STDOUT_FILENO), (uint32_t)cli_colour(stdout), 0, NULL, terminal_write,
        terminal_columns
    };
    kept->view = (hone_view){ .size = sizeof kept->view,
                              .storage = url,
                              .terminal = &kept->terminal,
                              .impl = kept,
                              .trials = view_trials,
                              .reports = view_reports,
                              .events = view_events,
                              .attachments = view_attachments,
                              .point = view_point,
                              .importance_method = view_importance_method,
                              .importance = view_importance,
                              .notes = view_notes,
                              .events_from = view_events_from };
    while (code == 0 && (wanted = cli_next(cli, "study", &position))) {
        any = 1;
        code = gather(kept, cli, wanted);
    }
    if (code == 0 && !any)
        code = gather(kept, cli, NULL);
    if (code != 0)
        return code;
    kept->all = !any;
    return complete(kept, 0) == HONE_OK ? 0 : cli_fail(EXIT_FAILED, "out of memory");
}

void kept_release(struct kept *kept)
{
    for (uint32_t i = 0; i < kept->view.n_studies; i++)
        study_release(kept->studies[i]);
    free(kept->studies);
    free((void *)(uintptr_t)kept->view.studies);
    *kept = (struct kept){ 0 };
}
