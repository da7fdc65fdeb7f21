/* SPDX-License-Identifier: MIT */
/* `hone trials`: the trials of a study, a row each; or everything about one. */
#include "cli/lineage.h"
#include "cli/stored.h"

#include "hone/param.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct option_row options[] = {
    OPTION_STUDY,
    { "trial", 0, "N", "everything about one trial: reports, metrics, attachments, its note", 0 },
    { "state", 0, "STATE", "only these: complete, pruned, failed, running, paused, waiting", 0,
      "complete pruned failed running paused waiting" },
    { "metrics", 'm', NULL, "a column for each metric that the trials ended with", 0 },
    OPTION_FORMAT,
    OPTION_PLUGIN_PATH,
    OPTION_NO_DEFAULT_PATH,
    { NULL, 0, NULL, NULL, 0 },
};

/* Names in the order of their first appearance. Trials of a study mostly give the same ones in the same order: the look-up begins
 * where the last one ended. */
struct names {
    const char **names;
    size_t n, capacity, next;
};
enum { FIXED = 4 }; /* columns before the objectives: trial, state, step, seconds */
struct listing {
    const struct stored *stored;
    struct column *columns;
    size_t n_columns;
    struct names keys, metrics;
    hone_settings_memory memory;
    int with_metrics, failed_rows;
    int *deviations; /* (n_objectives) 1: some trial has a metric OBJECTIVE.deviation */
    struct lineage lineage;
    const char *state;
    const char **cells;  /* (n_columns) of the row at hand */
    char (*numbers)[32]; /* (n_columns) texts of numbers in it */
    struct output output;
};

/* Index of a name, or n: it is not there. */
static size_t names_find(struct names *names, const char *name)
{
    for (size_t k = 0; k < names->n; k++) {
        const size_t i = (names->next + k) % names->n;
        if (!strcmp(names->names[i], name)) {
            names->next = i + 1;
            return i;
        }
    }
    return names->n;
}

static hone_rc remember(struct listing *l, struct names *names, const char *name)
{
    const size_t length = strlen(name) + 1;
    if (names_find(names, name) < names->n)
        return HONE_OK;
    if (names->n == names->capacity) {
        const size_t capacity = names->capacity ? names->capacity * 2 : 64;
        const char **more = realloc(names->names, capacity * sizeof *more);
        if (!more)
            return HONE_ENOMEM;
        names->names = more;
        names->capacity = capacity;
    }
    char *copy = hone_settings_allocate(&l->memory, length);
    if (!copy)
        return HONE_ENOMEM;
    memcpy(copy, name, length);
    names->names[names->n++] = copy;
    names->next = names->n;
    return HONE_OK;
}

/* "loss.deviation" of "loss": of repeats or folds. */
static int is_deviation(const char *metric, const char *objective)
{
    const size_t n = strlen(objective);
    return !strncmp(metric, objective, n) && !strcmp(metric + n, ".deviation");
}

/* First pass: which parameters and metrics there are. */
static hone_rc on_trial_names(void *ctx, const hone_trial_record *r)
{
    struct listing *l = ctx;
    hone_rc rc = HONE_OK;
    if (l->state && strcmp(l->state, state_name(r->state)))
        return HONE_OK;
    for (uint32_t i = 0; rc == HONE_OK && i < r->n_parameters; i++)
        rc = remember(l, &l->keys, r->parameters[i].key);
    for (uint32_t i = 0; rc == HONE_OK && l->with_metrics && i < r->n_metrics; i++)
        rc = remember(l, &l->metrics, r->metrics[i].name);
    for (uint32_t i = 0; i < r->n_metrics; i++)
        for (uint32_t k = 0; k < l->stored->study.n_objectives; k++)
            l->deviations[k] |= is_deviation(r->metrics[i].name, l->stored->study.objectives[k].name);
    l->failed_rows |= r->state == HONE_STATE_FAILED;
    return rc;
}

static void add_column(struct listing *l, const char *name, enum column_type type)
{
    l->columns[l->n_columns++] = (struct column){ name, type };
}

static const char *number_cell(double v, char *out, size_t n)
{
    if (isnan(v))
        return NULL;
    number_format(v, out, n);
    return out;
}

/* Second pass: the rows. */
static hone_rc on_trial_row(void *ctx, const hone_trial_record *r)
{
    struct listing *l = ctx;
    const char **cells = l->cells;
    char(*numbers)[32] = l->numbers;
    char why[400];
    size_t c = 0;
    if (l->state && strcmp(l->state, state_name(r->state)))
        return HONE_OK;
    memset(cells, 0, l->n_columns * sizeof *cells);
    snprintf(numbers[c], 32, "%llu", (unsigned long long)r->number);
    cells[c] = numbers[c];
    cells[++c] = state_name(r->state);
    snprintf(numbers[++c], 32, "%lld", (long long)r->step);
    cells[c] = numbers[c];
    c++;
    cells[c] = r->ended > 0 ? number_cell(floor((r->ended - r->started) * 1000 + 0.5) / 1000, numbers[c], 32) : NULL;
    c++;
    for (uint32_t i = 0; i < l->stored->study.n_objectives; i++, c++) {
        cells[c] = i < r->n_values ? number_cell(r->values[i], numbers[c], 32) : NULL;
        if (!l->deviations[i])
            continue;
        c++;
        for (uint32_t k = 0; k < r->n_metrics; k++)
            if (is_deviation(r->metrics[k].name, l->stored->study.objectives[i].name))
                cells[c] = number_cell(r->metrics[k].value, numbers[c], 32);
    }
    for (uint32_t i = 0; i < r->n_parameters;
         i++) { /* a study at work may have got names since the first pass: without them */
        const size_t k = names_find(&l->keys, r->parameters[i].key);
        if (k < l->keys.n)
            cells[c + k] = r->parameters[i].text;
    }
    c += l->keys.n;
    for (uint32_t i = 0; l->with_metrics && i < r->n_metrics; i++) {
        const size_t k = names_find(&l->metrics, r->metrics[i].name);
        if (k < l->metrics.n)
            cells[c + k] = number_cell(r->metrics[i].value, numbers[c + k], 32);
    }
    c += l->metrics.n;
    if (l->lineage.sources)
        cells[c++] = lineage_source(&l->lineage, r->number);
    if (l->lineage.rungs) {
        cells[c++] = *lineage_rungs(&l->lineage, r->number) ? lineage_rungs(&l->lineage, r->number) : NULL;
        snprintf(numbers[c], 32, "%u", lineage_promotions(&l->lineage, r->number));
        cells[c] = numbers[c];
        c++;
    }
    if (l->lineage.n_clones) {
        lineage_parent(&l->lineage, r->number, numbers[c], 32);
        cells[c] = *numbers[c] ? numbers[c] : NULL;
        c++;
    }
    if (l->failed_rows) {
        cells[c] = r->component && *r->component ? r->component : NULL;
        snprintf(why, sizeof why, "%s", r->message ? r->message : "");
        cells[c + 1] = *why ? why : NULL;
    }
    if (l->output.format == OUTPUT_TEXT) /* csv and json have every digit */
        for (size_t i = FIXED; i < l->n_columns; i++)
            cells[i] = number_shorten(cells[i], numbers[i], 32);
    const int rc = output_row(&l->output, cells);
    return rc < 0 ? HONE_EIO : rc > 0 ? HONE_DONE : HONE_OK;
}

static int make_columns(struct listing *l)
{
    const size_t most = FIXED + 2 * l->stored->study.n_objectives + l->keys.n + l->metrics.n + 6;
    l->columns = calloc(most, sizeof *l->columns);
    l->cells = calloc(most, sizeof *l->cells);
    l->numbers = calloc(most, sizeof *l->numbers);
    if (!l->columns || !l->cells || !l->numbers)
        return -1;
    add_column(l, "trial", COLUMN_NUMBER);
    add_column(l, "state", COLUMN_TEXT);
    add_column(l, "step", COLUMN_NUMBER);
    add_column(l, "seconds", COLUMN_NUMBER);
    for (uint32_t i = 0; i < l->stored->study.n_objectives; i++) {
        add_column(l, l->stored->study.objectives[i].name, COLUMN_NUMBER);
        if (l->deviations[i])
            add_column(l, "deviation", COLUMN_NUMBER);
    }
    for (size_t i = 0; i < l->keys.n; i++)
        add_column(l, l->keys.names[i], COLUMN_TEXT);
    for (size_t i = 0; i < l->metrics.n; i++)
        add_column(l, l->metrics.names[i], COLUMN_NUMBER);
    if (l->lineage.sources)
        add_column(l, "source", COLUMN_TEXT);
    if (l->lineage.rungs) {
        add_column(l, "rungs", COLUMN_TEXT);
        add_column(l, "promotions", COLUMN_NUMBER);
    }
    if (l->lineage.n_clones)
        add_column(l, "parent", COLUMN_TEXT);
    if (l->failed_rows) {
        add_column(l, "component", COLUMN_TEXT);
        add_column(l, "message", COLUMN_TEXT);
    }
    return 0;
}

static int list(const struct cli *cli, const struct stored *stored, enum output_format format)
{
    struct listing l = { .stored = stored, .with_metrics = cli_has(cli, "metrics"), .state = cli_value(cli, "state") };
    hone_error err = HONE_ERROR_INIT;
    const hone_storage_visitor names = { &l, NULL, on_trial_names, NULL, NULL, NULL },
                               events = { &l.lineage, NULL, NULL, NULL, lineage_event, NULL },
                               rows = { &l, NULL, on_trial_row, NULL, NULL, NULL };
    l.deviations = calloc(stored->study.n_objectives + 1u, sizeof *l.deviations);
    hone_rc rc = l.deviations ? HONE_OK : HONE_ENOMEM;
    if (rc == HONE_OK)
        rc = stored->iface->trials(stored->storage.self, stored->study.id, HONE_ALL_TRIALS, &names, &err);
    if (rc == HONE_OK)
        rc = stored->iface->events(stored->storage.self, stored->study.id, &events, &err);
    if (rc == HONE_OK && (make_columns(&l) < 0 || output_open(&l.output, format, l.columns, l.n_columns) < 0))
        rc = HONE_ENOMEM;
    if (rc == HONE_OK) {
        rc = stored->iface->trials(stored->storage.self, stored->study.id, HONE_ALL_TRIALS, &rows, &err);
        if (output_close(&l.output) < 0 && rc >= 0)
            rc = hone_fail(&err, HONE_EIO, NULL, "cannot write the table: %s", strerror(errno));
    }
    hone_settings_release(&l.memory);
    lineage_release(&l.lineage);
    free(l.deviations);
    free(l.keys.names);
    free(l.metrics.names);
    free(l.columns);
    free(l.cells);
    free(l.numbers);
    return rc >= 0 ? EXIT_OK /* HONE_DONE: whoever read them has seen enough */
                   : cli_fail(EXIT_FAILED, "%s",
                              err.msg[0]          ? err.msg
                              : rc == HONE_ENOMEM ? "out of memory"
                                                  : "cannot write the table");
}

/* ---- one trial ---- */

struct shown {
    struct output *output;
    const struct stored *stored;
    uint64_t trial;
    const struct lineage *lineage;
};

static void print_time(struct output *output, const char *what, double seconds)
{
    char text[40];
    if (seconds > 0)
        output_row(output, (const char *const[]){ what, NULL, NULL, NULL, stored_time(seconds, text, sizeof text) });
}

/* Where it comes from: who proposed it, and whose states its own goes back to. */
static hone_rc print_lineage(const struct shown *shown)
{
    struct text chain = TEXT_INIT;
    int failed = output_row(shown->output,
                            (const char *const[]){ "source", NULL, NULL, lineage_source(shown->lineage, shown->trial),
                                                   NULL }) < 0;
    lineage_chain(shown->lineage, shown->trial, &chain);
    if (chain.length)
        failed |= output_row(shown->output, (const char *const[]){ "lineage", NULL, NULL, NULL, text_string(&chain) }) <
                  0;
    failed |= chain.failed;
    text_release(&chain);
    return failed ? HONE_EIO : HONE_OK;
}

static hone_rc on_report_line(void *ctx, const hone_report_record *r)
{
    struct output *output = ctx;
    char step[32], attempt[32], value[32];
    for (uint32_t i = 0; i < r->n_values; i++) {
        snprintf(step, sizeof step, "%lld", (long long)r->step);
        snprintf(attempt, sizeof attempt, "%llu", (unsigned long long)r->attempt);
        const char *const cells[] = { "report", step, attempt, r->values[i].name,
                                      number_cell(r->values[i].value, value, sizeof value) };
        if (output_row(output, cells) < 0)
            return HONE_EIO;
    }
    return HONE_OK;
}

static hone_rc on_trial_lines(void *ctx, const hone_trial_record *r)
{
    const struct shown *shown = ctx;
    struct output *output = shown->output;
    char attempt[32], value[32];
    snprintf(attempt, sizeof attempt, "%llu", (unsigned long long)r->attempt);
    output_row(output, (const char *const[]){ "state", NULL, attempt, state_name(r->state), NULL });
    for (uint32_t i = 0; i < r->n_values && i < shown->stored->study.n_objectives; i++)
        output_row(output, (const char *const[]){ "objective", NULL, NULL, shown->stored->study.objectives[i].name,
                                                  number_cell(r->values[i], value, sizeof value) });
    for (uint32_t i = 0; i < r->n_constraints && i < shown->stored->study.n_constraints; i++)
        output_row(output, (const char *const[]){ "constraint", NULL, NULL, shown->stored->study.constraints[i],
                                                  isnan(r->constraints[i]) ? "not measured"
                                                  : r->constraints[i] <= 0 ? "met"
                                                                           : "broken" });
    print_time(output, "started", r->started);
    print_time(output, "ended", r->ended);
    if (r->best_step) {
        snprintf(value, sizeof value, "%lld", (long long)r->best_step);
        output_row(output, (const char *const[]){ "best step", value, NULL, NULL, NULL });
    }
    if (r->signal) {
        snprintf(value, sizeof value, "%u", r->signal);
        output_row(output, (const char *const[]){ "signal", NULL, NULL, sigabbrev_np((int)r->signal), value });
    }
    for (uint32_t i = 0; i < r->n_parameters; i++)
        output_row(output,
                   (const char *const[]){ "parameter", NULL, NULL, r->parameters[i].key, r->parameters[i].text });
    for (uint32_t i = 0; i < r->n_metrics; i++)
        output_row(output, (const char *const[]){ "metric", NULL, NULL, r->metrics[i].name,
                                                  number_cell(r->metrics[i].value, value, sizeof value) });
    if (r->component && *r->component)
        output_row(output, (const char *const[]){ "component", NULL, NULL, r->component, NULL });
    if (r->message && *r->message)
        output_row(output, (const char *const[]){ "message", NULL, NULL, r->message, NULL });
    return HONE_OK;
}

/* Where its point came from, and how it came along: pauses, promotions, whose state it took over. */
static hone_rc on_decision_line(void *ctx, const hone_event_record *e)
{
    const struct shown *shown = ctx;
    const char *what = NULL, *value = NULL;
    char step[32], text[64];
    unsigned long long donor;
    long long at;
    if (e->trial != shown->trial)
        return HONE_OK;
    snprintf(step, sizeof step, "%lld", (long long)e->step);
    snprintf(text, sizeof text, e->step ? "until step %lld" : "to its end", (long long)e->step);
    if (e->what == HONE_EVENT_ASK)
        return print_lineage(shown);
    if (e->what == HONE_EVENT_PAUSE) {
        what = "pauses";
    } else if (e->what == HONE_EVENT_CHECKPOINT) {
        what = "checkpoint";
        value = e->text;
    } else if (e->what == HONE_EVENT_RESUME) {
        what = "goes on";
        value = text;
        step[0] = '\0';
    } else if (e->what == HONE_EVENT_CLONE && e->text && sscanf(e->text, "from=%llu\nat=%lld", &donor, &at) == 2) {
        what = "clone";
        snprintf(step, sizeof step, "%lld", at);
        snprintf(text, sizeof text, "of trial %llu", donor);
        value = text;
    } else if (e->what == HONE_EVENT_RETRY) {
        what = "tried again";
        value = e->text;
    }
    if (!what)
        return HONE_OK;
    return output_row(shown->output, (const char *const[]){ "decision", step[0] ? step : NULL, NULL, what, value }) < 0
               ? HONE_EIO
               : HONE_OK;
}

static hone_rc on_note_line(void *ctx, const hone_note_record *note)
{
    return output_row(ctx, (const char *const[]){ "note", NULL, NULL, NULL, note->text }) < 0 ? HONE_EIO : HONE_OK;
}

static hone_rc on_attachment_line(void *ctx, const hone_attachment_record *a)
{
    return output_row(ctx, (const char *const[]){ a->final ? "final" : "attachment", NULL, NULL, a->name,
                                                  a->path ? a->path : a->text }) < 0
               ? HONE_EIO
               : HONE_OK;
}

static hone_rc on_any_trial(void *ctx, const hone_trial_record *r)
{
    (void)r;
    *(int *)ctx = 1;
    return HONE_OK;
}

static int show(const struct stored *stored, int64_t trial, enum output_format format)
{
    static const struct column columns[] = {
        { "what", COLUMN_TEXT }, { "step", COLUMN_NUMBER }, { "attempt", COLUMN_NUMBER },
        { "name", COLUMN_TEXT }, { "value", COLUMN_TEXT },
    };
    struct output output;
    hone_error err = HONE_ERROR_INIT;
    const hone_storage_v1 *s = stored->iface;
    struct lineage lineage = { 0 };
    struct shown shown = { &output, stored, (uint64_t)trial, &lineage };
    const hone_storage_visitor visitor = { &output, NULL, NULL, on_report_line, NULL, on_attachment_line };
    const hone_storage_visitor all = { &lineage, NULL, NULL, NULL, lineage_event, NULL };
    const hone_storage_visitor own = { &shown, NULL, on_trial_lines, NULL, on_decision_line, NULL };
    int exists = 0;
    const hone_storage_visitor any = { &exists, NULL, on_any_trial, NULL, NULL, NULL };
    hone_rc rc = s->trials(stored->storage.self, stored->study.id, trial, &any, &err);
    if (rc == HONE_OK && !exists)
        return cli_fail(EXIT_FAILED, "the study has no trial %lld", (long long)trial);
    output_open(&output, format, columns, sizeof columns / sizeof *columns);
    if (rc == HONE_OK)
        rc = s->trials(stored->storage.self, stored->study.id, trial, &own, &err);
    if (rc == HONE_OK)
        rc = s->events(stored->storage.self, stored->study.id, &all, &err);
    if (rc == HONE_OK)
        rc = s->events(stored->storage.self, stored->study.id, &own, &err);
    if (rc == HONE_OK)
        rc = s->reports(stored->storage.self, stored->study.id, trial, &visitor, &err);
    if (rc == HONE_OK)
        rc = s->attachments(stored->storage.self, stored->study.id, trial, &visitor, &err);
    if (rc == HONE_OK)
        rc = stored_notes(stored, trial, &output, on_note_line, &err);
    output_close(&output);
    lineage_release(&lineage);
    return rc == HONE_OK || !err.msg[0] ? EXIT_OK : cli_fail(EXIT_FAILED, "%s", err.msg);
}

static int run(const struct cli *cli)
{
    struct stored stored;
    enum output_format format;
    int64_t trial = -1;
    const char *state = cli_value(cli, "state");
    int code = cli_format(cli, &format);
    if (code != 0 || (code = cli_number(cli, "trial", 0, &trial)) != 0)
        return code;
    if (state && strcmp(state, "complete") && strcmp(state, "pruned") && strcmp(state, "failed") &&
        strcmp(state, "running") && strcmp(state, "paused") && strcmp(state, "waiting"))
        return cli_usage_error(cli, "--state %s: complete, pruned, failed, running, paused or waiting", state);
    if ((code = stored_open(&stored, cli, cli->arguments[0])) == 0 && (code = stored_choose(&stored, cli)) == 0)
        code = trial >= 0 ? show(&stored, trial, format) : list(cli, &stored, format);
    stored_release(&stored);
    return code;
}

const struct command command_trials = {
    "trials",
    "list the trials of a study",
    "STUDY [options]",
    "STUDY is a storage: a path (fashion.db) or a URL (sqlite:fashion.db), with --study where it holds several.\n",
    options,
    1,
    1,
    run,
    0
};
