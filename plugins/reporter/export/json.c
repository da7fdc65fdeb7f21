/* SPDX-License-Identifier: MIT */
/* reporter/json: everything of studies that numbers and texts can say. */
#include "export.h"

struct document {
    hone_printer printer;
    const hone_view *view;
    uint32_t study;
    uint64_t rows;
};

static void put_key(hone_printer *p, const char *before, const char *key)
{
    hone_put(p, before);
    hone_put_json_string(p, key);
    hone_put(p, ": ");
}

static void put_text(hone_printer *p, const char *before, const char *key, const char *text)
{
    put_key(p, before, key);
    hone_put_json_string(p, text);
}

static void put_number(hone_printer *p, const char *before, const char *key, double value)
{
    put_key(p, before, key);
    hone_put_json_number(p, value);
}

static void put_values(hone_printer *p, const char *key, const hone_value *values, uint32_t n)
{
    put_key(p, ", ", key);
    hone_put(p, "{");
    for (uint32_t i = 0; i < n; i++)
        put_number(p, i ? ", " : "", values[i].name, values[i].value);
    hone_put(p, "}");
}

static hone_rc on_trial(void *ctx, const hone_trial_record *r)
{
    struct document *d = ctx;
    hone_printer *p = &d->printer;
    const hone_space *space = d->view->studies[d->study]->space;
    char time[32];
    hone_putf(p, "%s{\"number\": %llu, \"state\": \"%s\", \"values\": [", d->rows++ ? ",\n   " : "\n   ",
              (unsigned long long)r->number, export_state(r->state));
    for (uint32_t i = 0; i < r->n_values; i++) {
        hone_put(p, i ? ", " : "");
        hone_put_json_number(p, r->values[i]);
    }
    hone_put(p, "], \"parameters\": {");
    for (uint32_t i = 0; i < r->n_parameters; i++) {
        const hone_parameter_record *q = &r->parameters[i];
        const hone_dim *dim = NULL;
        for (uint32_t k = 0; space && k < space->n_dims; k++)
            if (!strcmp(space->dims[k]->key, q->key))
                dim = space->dims[k];
        if (dim && !dim->choices && isfinite(q->number))
            put_number(p, i ? ", " : "", q->key, q->number);
        else
            put_text(p, i ? ", " : "", q->key, q->text);
    }
    hone_put(p, "}, \"constraints\": [");
    for (uint32_t i = 0; i < r->n_constraints; i++) {
        hone_put(p, i ? ", " : "");
        hone_put_json_number(p, r->constraints[i]);
    }
    hone_put(p, "]");
    put_values(p, "metrics", r->metrics, r->n_metrics);
    hone_putf(p, ", \"step\": %lld, \"best_step\": %lld, \"attempt\": %llu", (long long)r->step,
              (long long)r->best_step, (unsigned long long)r->attempt);
    put_text(p, ", ", "started", r->started > 0 ? export_time(r->started, time, sizeof time) : NULL);
    put_text(p, ", ", "ended", r->ended > 0 ? export_time(r->ended, time, sizeof time) : NULL);
    if (r->component && *r->component)
        put_text(p, ", ", "component", r->component);
    if (r->message && *r->message)
        put_text(p, ", ", "message", r->message);
    hone_put(p, "}");
    return HONE_OK;
}

static hone_rc on_report(void *ctx, const hone_report_record *r)
{
    struct document *d = ctx;
    hone_printer *p = &d->printer;
    hone_putf(p, "%s{\"trial\": %llu, \"step\": %lld", d->rows++ ? ",\n   " : "\n   ", (unsigned long long)r->trial,
              (long long)r->step);
    put_number(p, ", ", "time", r->time);
    put_values(p, "values", r->values, r->n_values);
    hone_put(p, "}");
    return HONE_OK;
}

static hone_rc on_note(void *ctx, const hone_note_record *note)
{
    struct document *d = ctx;
    hone_printer *p = &d->printer;
    hone_put(p, d->rows++ ? ",\n   {\"trial\": " : "\n   {\"trial\": ");
    if (note->trial == HONE_ALL_TRIALS)
        hone_put(p, "null");
    else
        hone_putf(p, "%lld", (long long)note->trial);
    put_number(p, ", ", "time", note->time);
    put_text(p, ", ", "text", note->text);
    hone_put(p, "}");
    return HONE_OK;
}

static void put_dim(hone_printer *p, const hone_dim *d)
{
    static const char *const types[] = { "", "real", "int", "choice", "ordinal" };
    put_text(p, "{", "key", d->key);
    put_text(p, ", ", "type", d->type < sizeof types / sizeof *types ? types[d->type] : "");
    if (d->choices) {
        hone_put(p, ", \"choices\": [");
        for (uint32_t i = 0; i < d->n_choices; i++) {
            hone_put(p, i ? ", " : "");
            hone_put_json_string(p, d->choices[i]);
        }
        hone_put(p, "]");
    } else {
        put_number(p, ", ", "min", d->min);
        put_number(p, ", ", "max", d->max);
        hone_putf(p, ", \"log\": %s", d->flags & HONE_DIM_LOG ? "true" : "false");
        if (d->step > 0)
            put_number(p, ", ", "step", d->step);
        if (d->flags & HONE_DIM_NORMAL) {
            put_number(p, ", ", "mean", d->mean);
            put_number(p, ", ", "deviation", d->deviation);
        }
    }
    hone_put(p, "}");
}

static void put_study(struct document *d)
{
    static const char *const states[] = { "running", "finished", "stopped" };
    const hone_kept_study *kept = d->view->studies[d->study];
    const hone_study_record *s = kept->record;
    hone_printer *p = &d->printer;
    char time[32];
    put_text(p, d->study ? ",\n {" : "\n {", "name", s->name);
    put_text(p, ", ", "state", s->state < 3 ? states[s->state] : "?");
    hone_putf(p, ", \"seed\": %llu", (unsigned long long)s->seed);
    put_text(p, ", ", "created", s->created > 0 ? export_time(s->created, time, sizeof time) : NULL);
    put_text(p, ", ", "updated", s->updated > 0 ? export_time(s->updated, time, sizeof time) : NULL);
    hone_put(p, ",\n  \"objectives\": [");
    for (uint32_t i = 0; i < s->n_objectives; i++) {
        put_text(p, i ? ", {" : "{", "name", s->objectives[i].name);
        put_text(p, ", ", "direction", s->objectives[i].direction == HONE_MAXIMIZE ? "max" : "min");
        hone_put(p, "}");
    }
    hone_put(p, "],\n  \"constraints\": [");
    for (uint32_t i = 0; i < s->n_constraints; i++) {
        hone_put(p, i ? ", " : "");
        hone_put_json_string(p, s->constraints[i]);
    }
    hone_put(p, "],\n  \"space\": ");
    hone_put(p, kept->space ? "[" : "null");
    for (uint32_t i = 0; kept->space && i < kept->space->n_dims; i++) {
        hone_put(p, i ? ",\n   " : "\n   ");
        put_dim(p, kept->space->dims[i]);
    }
    hone_put(p, kept->space ? "]" : "");
    put_text(p, ",\n  ", "environment", s->environment);
    put_text(p, ",\n  ", "config", s->config);
}

static hone_rc write_all(void *self, const hone_view *view, hone_error *err)
{
    struct document *d = calloc(1, sizeof *d);
    hone_rc rc = HONE_OK;
    (void)self;
    if (!d)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory");
    const hone_storage_visitor trials = { .ctx = d, .trial = on_trial }, reports = { .ctx = d, .report = on_report };
    hone_printer *p = &d->printer;
    d->view = view;
    hone_printer_init(p, view->out);
    put_text(p, "{", "format", "hone/1");
    put_text(p, ", ", "storage", view->storage);
    hone_put(p, ", \"studies\": [");
    for (; d->study < view->n_studies && rc == HONE_OK; d->study++) {
        put_study(d);
        d->rows = 0;
        hone_put(p, ",\n  \"trials\": [");
        rc = view->trials(view, d->study, HONE_ALL_TRIALS, &trials, err);
        d->rows = 0;
        hone_put(p, "],\n  \"reports\": [");
        if (rc == HONE_OK)
            rc = view->reports(view, d->study, HONE_ALL_TRIALS, &reports, err);
        d->rows = 0;
        hone_put(p, "],\n  \"notes\": [");
        if (rc == HONE_OK)
            rc = view->notes(view, d->study, HONE_ALL_TRIALS, d, on_note, err);
        hone_put(p, "]}");
    }
    hone_put(p, "]}\n");
    if (rc == HONE_OK)
        rc = hone_printer_close(p, err);
    free(d);
    return rc;
}

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return export_settings(info->config, 0, self, err);
}

static const char *const suffixes[] = { "json", NULL };
static const hone_reporter_v1 iface = { .size = sizeof iface, .suffixes = suffixes, .write = write_all };

const hone_component export_json = {
    .size = sizeof export_json,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REPORTER,
    .name = "json",
    .summary = "Studies whole: space, trials, reports, the INI that reproduces them",
    .doc = "    {\"format\": \"hone/1\", \"storage\", \"studies\": [{\"name\", \"state\", \"seed\", \"objectives\", "
           "\"constraints\", \"space\",\n"
           "      \"environment\", \"config\", \"trials\": [{\"number\", \"state\", \"values\", \"parameters\", "
           "\"constraints\", \"metrics\",\n"
           "      \"step\", ...}], \"reports\": [{\"trial\", \"step\", \"time\", \"values\"}],\n"
           "      \"notes\": [{\"trial\", \"time\", \"text\"}]}]}\n"
           "\n"
           "Numbers read back as the same doubles; NaN is null, an infinity 1e999. A line a trial, a line a report. "
           "The trial of the note about the study is null.",
    .param_size = sizeof(hone_param),
    .iface = &iface,
    .create = create,
    .destroy = free,
};
