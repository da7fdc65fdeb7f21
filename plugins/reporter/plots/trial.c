/* SPDX-License-Identifier: MIT */
/* One trial, for those who ask for it: its curves, how it came along, what it wrote, why it failed and what can be done. */
#include "page.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MOST_PANELS = 24,
    MOST_EVENTS = 200,
    MOST_TEXTS = 8,
    MOST_LOG = 32 << 10 /* bytes of a text, its last ones */
};

/* ---- its curves ---- */

static hone_rc curves(struct emit *e, struct study *s, uint64_t trial)
{
    const char *const *names = NULL;
    struct plots plots = { .study = s };
    struct figure figure = { .kind = "trial", .title = "Reports" };
    uint32_t n = 0;
    hone_rc rc = study_reported(s, trial, &names, &n);
    for (uint32_t i = 0; i < n && rc == HONE_OK && figure.n < MOST_PANELS; i++) {
        double *steps, *values;
        size_t length = 0;
        if ((rc = study_curve(s, trial, &names[i], 1, FIGURE_LONG, &steps, &values, &length)) != HONE_OK || !length)
            continue;
        struct panel *panel = figure_panel(&plots, &figure, names[i]);
        struct series *line = panel ? panel_series(&plots, panel, names[i], MARK_LINE, ROLE_COMPLETE, length, 0) : NULL;
        if (!line)
            return HONE_ENOMEM;
        panel->x.label = "step";
        memcpy(line->x, steps, length * sizeof *steps);
        memcpy(line->y, values, length * sizeof *values);
        panel_fit(panel);
    }
    if (!figure.n)
        figure.missing = "it has reported nothing";
    if (rc == HONE_OK)
        emit_figure(e, &figure);
    return rc;
}

/* ---- how it came along ---- */

struct history {
    struct emit *e;
    uint64_t trial, n; /* n: events of it, those beyond MOST_EVENTS are not told */
};

/* What an event means for the trial, in words; NULL: nothing worth telling. */
static const char *in_words(const hone_event_record *event, char *out, size_t n)
{
    static const char *const asked[] = { "proposed by the search", "given by the user", "told: evaluated elsewhere",
                                         "given away, to be evaluated elsewhere" };
    unsigned long long from;
    long long at;
    switch (event->what) {
    case HONE_EVENT_ASK:
        snprintf(out, n, event->step ? "%s, to pause at step %lld" : "%s",
                 event->verdict < HONE_COUNT(asked) ? asked[event->verdict] : "asked", (long long)event->step);
        return out;
    case HONE_EVENT_REPORT: return event->verdict == 2 ? "stopped by the scheduler" : NULL;
    case HONE_EVENT_TELL: return "over";
    case HONE_EVENT_RETRY: return "tried again, as its worker died";
    case HONE_EVENT_PAUSE: return "pauses";
    case HONE_EVENT_RESUME:
        snprintf(out, n, event->step ? "promoted: goes on until step %lld" : "promoted: goes on to its end",
                 (long long)event->step);
        return out;
    case HONE_EVENT_CLONE:
        if (!event->text || sscanf(event->text, "from=%llu\nat=%lld", &from, &at) != 2)
            return "goes on from another trial's checkpoint, with a new point";
        snprintf(out, n, "goes on from the checkpoint of trial %llu at step %lld, with a new point", from, at);
        return out;
    case HONE_EVENT_CHECKPOINT: return "checkpoint kept";
    case HONE_EVENT_NOTE: return event->text;
    default: return NULL;
    }
}

static hone_rc on_event(void *ctx, const hone_event_record *event)
{
    struct history *h = ctx;
    char text[160];
    const char *words;
    if (event->trial != h->trial || event->what == HONE_EVENT_END || !(words = in_words(event, text, sizeof text)))
        return HONE_OK;
    if (h->n++ >= MOST_EVENTS)
        return HONE_OK;
    const int has_step = event->what == HONE_EVENT_REPORT || event->what == HONE_EVENT_PAUSE ||
                         event->what == HONE_EVENT_CHECKPOINT;
    emit_text(h->e, h->n > 1 ? ",[" : "[");
    if (has_step)
        emit_format(h->e, "%lld,", (long long)event->step);
    else
        emit_text(h->e, "null,");
    emit_string(h->e, words);
    emit_text(h->e, "]");
    return HONE_OK;
}

static hone_rc events(struct emit *e, const struct study *s, uint64_t trial)
{
    struct history history = { e, trial, 0 };
    const hone_storage_visitor visitor = { .ctx = &history, .event = on_event };
    emit_text(e, ",\"events\":[");
    const hone_rc rc = s->view->events(s->view, s->index, &visitor, s->err);
    emit_format(e, "],\"events_left_out\":%llu",
                history.n > MOST_EVENTS ? (unsigned long long)history.n - MOST_EVENTS : 0);
    return rc;
}

/* ---- what it wrote ---- */

struct texts {
    struct emit *e;
    uint64_t trial, n, files; /* files: of n */
};

/* The last bytes of a text, from the beginning of a line where there is one. */
static void emit_end(struct emit *e, const char *text, size_t n, uint64_t before)
{
    size_t from = n > MOST_LOG ? n - MOST_LOG : 0;
    const char *line = from || before ? strchr(text + from, '\n') : NULL;
    if (line && line[1])
        from = (size_t)(line + 1 - text);
    emit_text(e, ",\"text\":");
    emit_string(e, text + from);
    emit_format(e, ",\"left_out\":%llu", (unsigned long long)(before + from));
}

/* Storages may be a stranger's, and this goes to a browser: only what bears the name that hone gives to files of that trial. */
static int is_of_trial(const char *path, uint64_t trial)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char expected[40];
    const int n = snprintf(expected, sizeof expected, "trial%llu-", (unsigned long long)trial);
    return !strncmp(name, expected, (size_t)n);
}

static void emit_file(struct emit *e, const char *path, uint64_t trial)
{
    struct stat about;
    char *bytes = NULL;
    ssize_t n = -1;
    if (!is_of_trial(path, trial))
        return;
    const int file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file >= 0 && fstat(file, &about) == 0 && S_ISREG(about.st_mode) && (bytes = malloc(MOST_LOG + 1))) {
        const off_t from = about.st_size > MOST_LOG ? about.st_size - MOST_LOG : 0;
        n = pread(file, bytes, MOST_LOG, from);
        for (ssize_t i = 0; i < n; i++) /* a text holds no NUL */
            bytes[i] = bytes[i] ? bytes[i] : ' ';
        if (n >= 0) {
            bytes[n] = '\0';
            emit_end(e, bytes, (size_t)n, (uint64_t)from);
        }
    }
    if (n < 0) {
        emit_text(e, ",\"missing\":");
        emit_string(e, file < 0 ? strerror(errno) : "it is not a file that can be read");
    }
    free(bytes);
    if (file >= 0)
        close(file);
}

static hone_rc on_attachment(void *ctx, const hone_attachment_record *a)
{
    struct texts *t = ctx;
    const int is_text = a->media_type && !strcmp(a->media_type, "text/plain");
    t->files += a->path != NULL;
    emit_text(t->e, t->n++ ? ",{\"name\":" : "{\"name\":");
    emit_string(t->e, a->name);
    emit_format(t->e, ",\"final\":%s,\"type\":", a->final ? "true" : "false");
    emit_string(t->e, a->media_type);
    emit_text(t->e, ",\"path\":");
    emit_string(t->e, a->path);
    if (is_text && t->n <= MOST_TEXTS && a->text)
        emit_end(t->e, a->text, strlen(a->text), 0);
    else if (is_text && t->n <= MOST_TEXTS && a->path)
        emit_file(t->e, a->path, t->trial);
    emit_text(t->e, "}");
    return HONE_OK;
}

/* The folder of the study's files, from its resolved INI, which begins with [study]. 0: it says none. */
static int folder_of(const struct study *s, char *out, size_t n)
{
    static const char key[] = "\ndirectory = ";
    const char *config = s->record->config ? s->record->config : "", *end = strstr(config, "\n["),
               *at = strstr(config, key);
    if (!at || (end && at > end))
        return 0;
    at += sizeof key - 1;
    at += *at == '"';
    const size_t length = strcspn(at, "\"\n");
    snprintf(out, n, "%.*s", (int)length, at);
    return *out == '/' && length < n;
}

/* Files are attached when a trial has ended. While it is at work its logs are where it writes them. */
static void logs(struct texts *t, const struct study *s)
{
    static const char ending[] = ".log";
    char folder[PATH_MAX], path[PATH_MAX + NAME_MAX + 2];
    DIR *open_folder = folder_of(s, folder, sizeof folder) ? opendir(folder) : NULL;
    const struct dirent *entry;
    while (open_folder && (entry = readdir(open_folder))) {
        const size_t n = strlen(entry->d_name);
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (n < sizeof ending || strcmp(entry->d_name + n - (sizeof ending - 1), ending) != 0 ||
            !is_of_trial(path, t->trial))
            continue;
        const hone_attachment_record log = { sizeof log,   0,    t->trial, strchr(entry->d_name, '-') + 1,
                                             "text/plain", NULL, path };
        on_attachment(t, &log);
    }
    if (open_folder)
        closedir(open_folder);
}

static hone_rc attachments(struct emit *e, const struct study *s, uint64_t trial, uint32_t state)
{
    struct texts texts = { e, trial, 0, 0 };
    const hone_storage_visitor visitor = { .ctx = &texts, .attachment = on_attachment };
    emit_text(e, ",\"attachments\":[");
    const hone_rc rc = s->view->attachments(s->view, s->index, (int64_t)trial, &visitor, s->err);
    if (rc == HONE_OK && state == HONE_STATE_RUNNING && !texts.files)
        logs(&texts, s);
    emit_text(e, "]");
    return rc;
}

/* ---- why it failed ---- */

static void remedy(struct emit *e, int *n, const char *text)
{
    emit_text(e, (*n)++ ? "," : "");
    emit_string(e, text);
}

struct facts {
    struct emit *e;
    int found;
    uint32_t state; /* now: what the study's rows say may be half a second old */
};

static hone_rc on_trial(void *ctx, const hone_trial_record *r)
{
    struct facts *facts = ctx;
    struct emit *e = facts->e;
    int n = 0;
    facts->found = 1;
    facts->state = r->state;
    emit_format(e, "{\"state\":\"%s\",\"attempt\":%llu,\"signal\":%u", state_word(r->state),
                (unsigned long long)r->attempt, r->signal);
    emit_text(e, ",\"component\":");
    emit_string(e, r->component ? r->component : "");
    emit_text(e, ",\"message\":");
    emit_string(e, r->message ? r->message : "");
    emit_text(e, ",\"parameters\":[");
    for (uint32_t i = 0; i < r->n_parameters; i++) {
        emit_text(e, i ? ",[" : "[");
        emit_string(e, r->parameters[i].key);
        emit_text(e, ",");
        emit_string(e, r->parameters[i].text);
        emit_text(e, "]");
    }
    emit_text(e, "],\"remedies\":[");
    if (r->state == HONE_STATE_FAILED && r->message) {
        if (strstr(r->message, "trial_time"))
            remedy(e, &n, "Raise trial_time in [study], or leave out of [space] what takes so long.");
        else if (strstr(r->message, "trial_memory"))
            remedy(e, &n, "Raise trial_memory in [study], or leave out of [space] what is so large.");
        else if (r->signal == 9)
            remedy(e, &n,
                   "Nobody but the kernel sends SIGKILL unasked, where memory has run out: run fewer workers, or set "
                   "trial_memory in [study].");
        else if (r->signal)
            remedy(e, &n,
                   "That is a fault of the component, not of the study, which went on with a new worker: tell its "
                   "author, or leave it out.");
    }
    emit_text(e, "]");
    return HONE_OK;
}

hone_rc page_trial(struct emit *e, struct study *s, uint64_t trial)
{
    struct facts facts = { e, 0, 0 };
    const hone_storage_visitor visitor = { .ctx = &facts, .trial = on_trial };
    hone_rc rc = s->view->trials(s->view, s->index, (int64_t)trial, &visitor, s->err);
    if (rc == HONE_OK && !facts.found)
        return hone_fail(s->err, HONE_EINVAL, NULL, "there is no such trial");
    emit_text(e, ",\"figure\":");
    if (rc == HONE_OK)
        rc = curves(e, s, trial);
    if (rc == HONE_OK)
        rc = events(e, s, trial);
    if (rc == HONE_OK)
        rc = attachments(e, s, trial, facts.state);
    emit_text(e, "}");
    return rc;
}
