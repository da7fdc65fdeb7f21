/* SPDX-License-Identifier: MIT */
/* A study as the page's script takes it: columns, not rows; figures as they are to be drawn. */
#include "page.h"

#include <stdlib.h>
#include <string.h>

enum {
    MOST_OBJECTIVES = 4,    /* that get figures of their own */
    MOST_METRICS = 24,      /* columns of the table */
    MOST_NUMBERS = 1 << 20, /* of metrics in it: metrics beyond are left out */
    MOST_MESSAGE = 300      /* bytes */
};

static void texts(struct emit *e, const char *name, const char *const *all, uint32_t n)
{
    emit_format(e, ",\"%s\":[", name);
    for (uint32_t i = 0; i < n; i++) {
        emit_text(e, i ? "," : "");
        emit_string(e, all[i]);
    }
    emit_text(e, "]");
}

static void field(struct emit *e, const char *name, const char *text)
{
    emit_format(e, ",\"%s\":", name);
    emit_string(e, text ? text : "");
}

/* A text as the array of its lines, each as a value that may be shared: the studies of an ablation differ in few of them. */
static void lines(struct emit *e, const char *name, const char *text)
{
    emit_format(e, ",\"%s\":[", name);
    for (const char *at = text ? text : ""; *at;) {
        const size_t n = strcspn(at, "\n");
        emit_shared_begin(e);
        emit_string_n(e, at, n);
        emit_shared_end(e);
        at += n + (at[n] == '\n');
        emit_text(e, *at ? "," : "");
    }
    emit_text(e, "]");
}

static void describe(struct emit *e, const struct study *s)
{
    static const char *const states[] = { "running", "finished", "stopped" };
    const hone_study_record *r = s->record;
    emit_text(e, "{\"name\":");
    emit_string(e, r->name);
    field(e, "state", r->state < HONE_COUNT(states) ? states[r->state] : "unknown");
    field(e, "ended", r->ended);
    field(e, "command", s->kept->command);
    lines(e, "config", r->config);
    lines(e, "sources", r->sources);
    lines(e, "environment", r->environment);
    emit_format(e, ",\"seed\":\"%llu\",\"created\":%.3f,\"updated\":%.3f,\"first\":%.3f", (unsigned long long)r->seed,
                r->created, r->updated, s->first);
    texts(e, "constraints", r->constraints, r->n_constraints);
    emit_text(e, ",\"objectives\":[");
    for (uint32_t i = 0; i < s->m; i++) {
        emit_text(e, i ? ",{\"name\":" : "{\"name\":");
        emit_string(e, r->objectives[i].name);
        emit_format(e, ",\"maximize\":%s}", r->objectives[i].direction == HONE_MAXIMIZE ? "true" : "false");
    }
    emit_text(e, "],\"dims\":[");
    for (uint32_t i = 0; i < s->d; i++) {
        emit_text(e, i ? ",{\"key\":" : "{\"key\":");
        emit_string(e, s->dims[i].key);
        emit_format(e, ",\"log\":%d", s->dims[i].log);
        texts(e, "names", s->dims[i].names, s->dims[i].n_names);
        emit_text(e, "}");
    }
    emit_text(e, "]");
}

/* ---- the table of trials ---- */

enum what { NUMBER, STATE, STEP, STARTED, SECONDS, WORKER, VIOLATION, VALUE, DIM, METRIC };

static double cell(const struct study *s, const struct row *row, enum what what, uint32_t i)
{
    switch (what) {
    case NUMBER: return (double)row->number;
    case STATE: return row->state;
    case STEP: return (double)row->step;
    case STARTED: return row->started > 0 ? floor((row->started - s->first) * 1000) / 1000 : (double)NAN;
    case SECONDS: return row->ended > 0 ? floor((row->ended - row->started) * 1000 + 0.5) / 1000 : (double)NAN;
    case WORKER: return row->worker;
    case VIOLATION: return row->violation;
    case VALUE: return row->values[i];
    case DIM: return row_x(row, i);
    case METRIC: return row_metric(row, i);
    default: return (double)NAN;
    }
}

/* Of rows that were read anew since that version; 0: of all. */
static void column(struct emit *e, const struct study *s, uint64_t since, enum what what, uint32_t i)
{
    int any = 0;
    emit_text(e, "[");
    for (size_t k = 0; k < s->n; k++) {
        if (since && s->rows[k].version <= since)
            continue;
        emit_text(e, any++ ? "," : "");
        emit_number(e, cell(s, &s->rows[k], what, i));
    }
    emit_text(e, "]");
}

static void columns(struct emit *e, const struct study *s, uint64_t since, const char *name, enum what what, uint32_t n)
{
    emit_format(e, ",\"%s\":[", name);
    for (uint32_t i = 0; i < n; i++) {
        emit_text(e, i ? "," : "");
        column(e, s, since, what, i);
    }
    emit_text(e, "]");
}

/* Neither what a diagnosis measured, nor derivatives, nor what the objectives say already. */
static int is_shown(const struct study *s, const char *metric)
{
    for (uint32_t i = 0; i < s->m; i++)
        if (!strcmp(s->record->objectives[i].name, metric))
            return 0;
    return strncmp(metric, "diagnosis.", 10) != 0 && strncmp(metric, "d(", 2) != 0;
}

static void metrics(struct emit *e, const struct study *s, uint64_t since)
{
    uint32_t chosen[MOST_METRICS], n = 0;
    for (uint32_t i = 0; i < s->metrics.n && n < MOST_METRICS && (n + 1) * s->n <= MOST_NUMBERS; i++)
        if (is_shown(s, s->metrics.names[i]))
            chosen[n++] = i;
    emit_text(e, ",\"metrics\":[");
    for (uint32_t i = 0; i < n; i++) {
        emit_text(e, i ? ",{\"name\":" : "{\"name\":");
        emit_string(e, s->metrics.names[chosen[i]]);
        emit_text(e, ",\"values\":");
        column(e, s, since, METRIC, chosen[i]);
        emit_text(e, "}");
    }
    emit_text(e, "]");
}

static void messages(struct emit *e, const struct study *s, uint64_t since)
{
    int any = 0;
    emit_text(e, ",\"messages\":{");
    for (size_t i = 0; i < s->n; i++) {
        const struct row *row = &s->rows[i];
        char text[MOST_MESSAGE];
        const char *component = row->state == HONE_STATE_FAILED ? row->component
                                                                : ""; /* else it is where it was last */
        if ((!*row->message && !*component) || (since && row->version <= since))
            continue;
        snprintf(text, sizeof text, "%s%s%s", component, *component && *row->message ? ": " : "", row->message);
        emit_format(e, "%s\"%llu\":", any ? "," : "", (unsigned long long)row->number);
        emit_string(e, text);
        any = 1;
    }
    emit_text(e, "}");
}

struct noting {
    struct emit *e;
    int64_t about;
    int any;
};

static hone_rc on_note(void *ctx, const hone_note_record *note)
{
    struct noting *n = ctx;
    if ((note->trial == HONE_ALL_TRIALS) != (n->about == HONE_ALL_TRIALS))
        return HONE_OK;
    if (n->about == HONE_ALL_TRIALS)
        field(n->e, "note", note->text);
    else {
        emit_format(n->e, "%s\"%lld\":", n->any ? "," : "", (long long)note->trial);
        emit_string(n->e, note->text);
    }
    n->any = 1;
    return HONE_OK;
}

/* What people have written: "note" about the study, where there is one, or "notes" by trial. */
static hone_rc notes(struct emit *e, const struct study *s, int of_trials)
{
    struct noting n = { e, of_trials ? 0 : HONE_ALL_TRIALS, 0 };
    if (of_trials)
        emit_text(e, ",\"notes\":{");
    const hone_rc rc = s->view->notes(s->view, s->index, HONE_ALL_TRIALS, &n, on_note, s->err);
    if (of_trials)
        emit_text(e, "}");
    return rc;
}

static hone_rc trials(struct emit *e, const struct study *s, uint64_t since)
{
    static const struct {
        const char *name;
        enum what what;
    } plain[] = {
        { "state", STATE }, { "step", STEP }, { "started", STARTED }, { "seconds", SECONDS }, { "worker", WORKER }
    };
    emit_text(e, ",\"trials\":{\"number\":");
    column(e, s, since, NUMBER, 0);
    for (size_t i = 0; i < HONE_COUNT(plain); i++) {
        emit_format(e, ",\"%s\":", plain[i].name);
        column(e, s, since, plain[i].what, 0);
    }
    if (s->record->n_constraints) {
        emit_text(e, ",\"violation\":");
        column(e, s, since, VIOLATION, 0);
    }
    columns(e, s, since, "values", VALUE, s->m);
    columns(e, s, since, "x", DIM, s->d);
    metrics(e, s, since);
    messages(e, s, since);
    const hone_rc rc = notes(e, s, 1);
    emit_text(e, "}");
    return rc;
}

/* ---- ablations ---- */

struct finding {
    struct emit *e;
    int found;
};

static hone_rc on_attachment(void *ctx, const hone_attachment_record *a)
{
    struct finding *f = ctx;
    if (f->found || !a->text || strcmp(a->name, "ablation.json") != 0)
        return HONE_OK;
    f->found = 1;
    field(f->e, "ablation", a->text);
    return HONE_OK;
}

/* What hone ablate keeps with the study that stands for the whole, which has no trials. */
static hone_rc ablation(struct emit *e, const struct study *s)
{
    struct finding finding = { e, 0 };
    const hone_storage_visitor visitor = { &finding, NULL, NULL, NULL, NULL, on_attachment };
    return s->n ? HONE_OK : s->view->attachments(s->view, s->index, HONE_ALL_TRIALS, &visitor, s->err);
}

/* ---- figures ---- */

hone_rc page_figure(struct emit *e, struct study *s, uint32_t kind, uint32_t objective)
{
    struct plots plots;
    struct figure figure;
    hone_rc rc = plots_init(&plots, s, objective);
    if (rc == HONE_OK && (rc = figure_make(&figure_kinds[kind], &plots, &figure)) == HONE_OK)
        emit_figure(e, &figure);
    return rc;
}

hone_rc page_study(struct emit *e, struct study *s, int figures, uint64_t since)
{
    const uint32_t objectives = !figures ? 0 : s->m < MOST_OBJECTIVES ? s->m : MOST_OBJECTIVES;
    describe(e, s);
    if (s->version)
        emit_format(e, ",\"version\":%llu", (unsigned long long)s->version);
    if (since)
        emit_format(e, ",\"since\":%llu", (unsigned long long)since);
    hone_rc rc = ablation(e, s);
    if (rc == HONE_OK)
        rc = notes(e, s, 0);
    if (rc == HONE_OK)
        rc = trials(e, s, since);
    emit_text(e, ",\"figures\":[");
    for (uint32_t k = 0; k < objectives && rc == HONE_OK; k++) {
        struct plots plots;
        emit_text(e, k ? ",[" : "[");
        rc = plots_init(&plots, s, k);
        for (uint32_t i = 0, any = 0; i < n_figure_kinds && rc == HONE_OK; i++) {
            struct figure figure;
            rc = figure_make(&figure_kinds[i], &plots, &figure);
            if (rc != HONE_OK || (figure.missing && figure_kinds[i].make == make_ablation))
                continue; /* what is no ablation lacks nothing */
            emit_text(e, any++ ? "," : "");
            emit_figure(e, &figure);
        }
        emit_text(e, "]");
    }
    emit_text(e, "]}");
    return rc;
}

/* ---- the document ---- */

void page_head(struct emit *e, const char *title, uint64_t nonce)
{
    const struct asset style = asset_style();
    emit_text(e, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                 "<meta name=\"color-scheme\" content=\"light dark\">\n<meta http-equiv=\"Content-Security-Policy\" "
                 "content=\"default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; connect-src 'self'; ");
    emit_format(e, "base-uri 'none'; form-action 'none'; script-src 'nonce-%016llx'\">\n<title>",
                (unsigned long long)nonce);
    emit_markup(e, title);
    emit_text(e, "</title>\n<style>\n");
    emit_bytes(e, style.data, style.n);
    emit_text(e, "</style>\n</head>\n<body>\n<noscript>This page draws its plots and tables by script.</noscript>\n"
                 "<div id=\"page\"></div>\n");
}

static void script(struct emit *e, uint64_t nonce, struct asset asset)
{
    emit_format(e, "<script nonce=\"%016llx\">", (unsigned long long)nonce);
    emit_bytes(e, asset.data, asset.n);
    emit_text(e, "</script>\n");
}

void page_tail(struct emit *e, uint64_t nonce)
{
    if (asset_charts().n)
        script(e, nonce, asset_charts());
    script(e, nonce, asset_script());
    emit_text(e, "</body>\n</html>\n");
}
