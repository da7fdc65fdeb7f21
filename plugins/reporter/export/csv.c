/* SPDX-License-Identifier: MIT */
/* reporter/csv: the trials of studies, or their reports, as a table. */
#include "export.h"

enum { TABLE_TRIALS, TABLE_REPORTS };
static const char *const tables[] = { "trials", "reports", NULL };
struct settings {
    uint32_t table;
};
static const hone_param params[] = {
    HONE_ENUM(
        struct settings, table, "trials", tables, 0,
        "What a row is. trials: a trial, with its values, parameters, violations of constraints, metrics. reports: a "
        "metric at a step of a trial."),
};

struct sheet {
    hone_printer printer;
    const hone_view *view;
    uint32_t study;
    struct columns columns;
    const char **cells; /* (as many as the longest group) of the row at hand, NULL: empty */
    char (*numbers)[32];
    hone_error *err;
};

static void put_names(struct sheet *s, const struct names *names)
{
    for (size_t i = 0; i < names->n; i++) {
        hone_put(&s->printer, ",");
        hone_put_csv(&s->printer, names->names[i]);
    }
}

static void put_cells(struct sheet *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        hone_put(&s->printer, ",");
        hone_put_csv(&s->printer, s->cells[i] ? s->cells[i] : "");
        s->cells[i] = NULL;
    }
}

static void set_number(struct sheet *s, size_t at, double value)
{
    if (at != SIZE_MAX)
        s->cells[at] = hone_number_text(value, s->numbers[at], sizeof s->numbers[at]);
}

static hone_rc on_trial(void *ctx, const hone_trial_record *r)
{
    struct sheet *s = ctx;
    const hone_study_record *study = s->view->studies[s->study]->record;
    hone_printer *p = &s->printer;
    char started[32], ended[32];
    hone_put_csv(p, study->name);
    hone_putf(p, ",%llu,%s", (unsigned long long)r->number, export_state(r->state));
    for (uint32_t i = 0; i < r->n_values && i < study->n_objectives; i++)
        if (!isnan(r->values[i]))
            set_number(s, names_find(&s->columns.objectives, study->objectives[i].name), r->values[i]);
    put_cells(s, s->columns.objectives.n);
    for (uint32_t i = 0; i < r->n_parameters; i++) {
        const size_t at = names_find(&s->columns.parameters, r->parameters[i].key);
        if (at != SIZE_MAX)
            s->cells[at] = r->parameters[i].text;
    }
    put_cells(s, s->columns.parameters.n);
    for (uint32_t i = 0; i < r->n_constraints && i < study->n_constraints; i++)
        set_number(s, names_find(&s->columns.constraints, study->constraints[i]), r->constraints[i]);
    put_cells(s, s->columns.constraints.n);
    for (uint32_t i = 0; i < r->n_metrics; i++)
        set_number(s, names_find(&s->columns.metrics, r->metrics[i].name), r->metrics[i].value);
    put_cells(s, s->columns.metrics.n);
    hone_putf(p, ",%lld,%lld,%s,%s,", (long long)r->step, (long long)r->best_step,
              export_time(r->started, started, sizeof started), export_time(r->ended, ended, sizeof ended));
    hone_put_csv(p, r->component ? r->component : "");
    hone_put(p, ",");
    hone_put_csv(p, r->message ? r->message : "");
    hone_put(p, "\n");
    return HONE_OK;
}

static hone_rc put_trials(struct sheet *s)
{
    const hone_storage_visitor visitor = { .ctx = s, .trial = on_trial };
    struct columns *c = &s->columns;
    hone_rc rc = columns_collect(c, s->view, s->err);
    size_t most = c->objectives.n;
    if (rc != HONE_OK)
        return rc;
    most = c->parameters.n > most ? c->parameters.n : most;
    most = c->constraints.n > most ? c->constraints.n : most;
    most = c->metrics.n > most ? c->metrics.n : most;
    s->cells = calloc(most + 1, sizeof *s->cells);
    s->numbers = calloc(most + 1, sizeof *s->numbers);
    if (!s->cells || !s->numbers)
        return hone_fail(s->err, HONE_ENOMEM, NULL, "out of memory for a row");
    hone_put(&s->printer, "study,trial,state");
    put_names(s, &c->objectives);
    put_names(s, &c->parameters);
    put_names(s, &c->constraints);
    put_names(s, &c->metrics);
    hone_put(&s->printer, ",step,best_step,started,ended,component,message\n");
    for (; s->study < s->view->n_studies && rc == HONE_OK; s->study++)
        rc = s->view->trials(s->view, s->study, HONE_ALL_TRIALS, &visitor, s->err);
    return rc;
}

static hone_rc on_report(void *ctx, const hone_report_record *r)
{
    struct sheet *s = ctx;
    hone_printer *p = &s->printer;
    char time[32], value[32];
    for (uint32_t i = 0; i < r->n_values; i++) {
        hone_put_csv(p, s->view->studies[s->study]->record->name);
        hone_putf(p, ",%llu,%lld,", (unsigned long long)r->trial, (long long)r->step);
        hone_put_csv(p, r->values[i].name);
        hone_putf(p, ",%s,%s\n", hone_number_text(r->values[i].value, value, sizeof value),
                  export_time(r->time, time, sizeof time));
    }
    return HONE_OK;
}

static hone_rc put_reports(struct sheet *s)
{
    const hone_storage_visitor visitor = { .ctx = s, .report = on_report };
    hone_rc rc = HONE_OK;
    hone_put(&s->printer, "study,trial,step,metric,value,time\n");
    for (; s->study < s->view->n_studies && rc == HONE_OK; s->study++)
        rc = s->view->reports(s->view, s->study, HONE_ALL_TRIALS, &visitor, s->err);
    return rc;
}

static hone_rc write_all(void *self, const hone_view *view, hone_error *err)
{
    struct sheet *s = calloc(1, sizeof *s);
    if (!s)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory");
    s->view = view;
    s->err = err;
    hone_printer_init(&s->printer, view->out);
    hone_rc rc = ((const struct settings *)self)->table == TABLE_REPORTS ? put_reports(s) : put_trials(s);
    if (rc == HONE_OK)
        rc = hone_printer_close(&s->printer, err);
    columns_release(&s->columns);
    free(s->cells);
    free(s->numbers);
    free(s);
    return rc;
}

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return export_settings(info->config, sizeof(struct settings), self, err);
}

static const char *const suffixes[] = { "csv", NULL };
static const hone_reporter_v1 iface = { .size = sizeof iface, .suffixes = suffixes, .write = write_all };

const hone_component export_csv = {
    .size = sizeof export_csv,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REPORTER,
    .name = "csv",
    .summary = "The trials of studies as a table, or all that they reported",
    .doc = "A row a trial: study, number, state; the objectives, the parameters (empty where inactive), how far each\n"
           "constraint is violated, the other metrics that the trials ended with; steps, times in UTC, and why one "
           "failed.\n"
           "With `table = reports` a row is a metric at a step.\n"
           "\n"
           "RFC 4180, but lines end with LF; numbers read back as the same doubles, nan and inf are words.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};
