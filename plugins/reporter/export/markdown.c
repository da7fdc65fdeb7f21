/* SPDX-License-Identifier: MIT */
/* reporter/markdown: what a study found, to paste into an issue or a README. */
#include "export.h"

struct settings {
    int64_t best;
};
static const hone_param params[] = {
    HONE_INT(struct settings, best, "10", 0, 1e6, 0, "trials",
             "Rows of the table: the best trials by the first objective; several objectives: those that no other "
             "dominates."),
};

struct kept_trial {
    hone_trial_record record; /* its lists are copies */
    double *values;
    hone_parameter_record *parameters;
    double violates;
};
struct page {
    hone_printer printer;
    const struct settings *settings;
    const hone_study_record *study;
    struct kept_trial *trials; /* (n) best first; several objectives: the front */
    size_t n, capacity;
    hone_error *err;
};

/* ---- the best ---- */

static void release_trial(struct kept_trial *t)
{
    for (uint32_t i = 0; t->parameters && i < t->record.n_parameters; i++) {
        free((char *)(uintptr_t)t->parameters[i].key);
        free((char *)(uintptr_t)t->parameters[i].text);
    }
    free(t->parameters);
    free(t->values);
}

static int copy_trial(struct kept_trial *to, const hone_trial_record *r)
{
    to->record = *r;
    to->values = calloc(r->n_values + 1u, sizeof *to->values);
    to->parameters = calloc(r->n_parameters + 1u, sizeof *to->parameters);
    int failed = !to->values || !to->parameters;
    if (!failed && r->n_values)
        memcpy(to->values, r->values, r->n_values * sizeof *to->values);
    for (uint32_t i = 0; !failed && i < r->n_parameters; i++) {
        to->parameters[i].key = strdup(r->parameters[i].key);
        to->parameters[i].text = strdup(r->parameters[i].text);
        failed = !to->parameters[i].key || !to->parameters[i].text;
    }
    return failed ? -1 : 0;
}

/* How far the constraints are violated in all: a trial that keeps them is better than one that does not. */
static double violation(const hone_trial_record *r)
{
    double sum = 0;
    for (uint32_t i = 0; i < r->n_constraints; i++)
        sum += r->constraints[i] > 0 ? r->constraints[i] : isnan(r->constraints[i]) ? HUGE_VAL : 0;
    return sum;
}

static double lower(const struct page *p, const double *values, uint32_t i)
{
    return p->study->objectives[i].direction == HONE_MAXIMIZE ? -values[i] : values[i];
}

static int dominates(const struct page *p, const double *a, double a_violates, const double *b, double b_violates)
{
    int better = 0;
    if (a_violates < b_violates || b_violates < a_violates)
        return a_violates < b_violates;
    for (uint32_t i = 0; i < p->study->n_objectives; i++) {
        if (lower(p, a, i) > lower(p, b, i))
            return 0;
        better |= lower(p, a, i) < lower(p, b, i);
    }
    return better;
}

static void drop(struct page *p, size_t at)
{
    release_trial(&p->trials[at]);
    memmove(&p->trials[at], &p->trials[at + 1], (p->n - at - 1) * sizeof *p->trials);
    p->n--;
}

static hone_rc on_trial(void *ctx, const hone_trial_record *r)
{
    struct page *p = ctx;
    const int front = p->study->n_objectives > 1;
    const double violates = violation(r);
    size_t at = p->n;
    if (r->state != HONE_STATE_COMPLETE || !r->n_values || r->n_values != p->study->n_objectives)
        return HONE_OK;
    for (uint32_t i = 0; i < r->n_values; i++)
        if (isnan(r->values[i]))
            return HONE_OK;
    for (size_t i = 0; front && i < p->n; i++)
        if (dominates(p, p->trials[i].values, p->trials[i].violates, r->values, violates))
            return HONE_OK;
    for (size_t i = p->n; front && i > 0; i--)
        if (dominates(p, r->values, violates, p->trials[i - 1].values, p->trials[i - 1].violates))
            drop(p, i - 1);
    if (front)
        at = p->n;
    while (!front && at > 0 && dominates(p, r->values, violates, p->trials[at - 1].values, p->trials[at - 1].violates))
        at--;
    if (!front && at >= (uint64_t)p->settings->best)
        return HONE_OK;
    if (p->n == p->capacity) {
        struct kept_trial *more = realloc(p->trials, (2 * p->capacity + 16) * sizeof *more);
        if (!more)
            return hone_fail(p->err, HONE_ENOMEM, NULL, "out of memory for the trials");
        p->trials = more;
        p->capacity = 2 * p->capacity + 16;
    }
    memmove(&p->trials[at + 1], &p->trials[at], (p->n - at) * sizeof *p->trials);
    p->n++;
    p->trials[at] = (struct kept_trial){ 0 };
    if (copy_trial(&p->trials[at], r) < 0)
        return hone_fail(p->err, HONE_ENOMEM, NULL, "out of memory for a trial");
    p->trials[at].violates = violates;
    while (!front && p->n > (uint64_t)p->settings->best)
        drop(p, p->n - 1);
    return HONE_OK;
}

/* ---- the page ---- */

/* A cell of a table: | ends one, and a line ends the table. */
static void put_cell(hone_printer *p, const char *text)
{
    hone_put(p, " ");
    for (; *text; text++)
        if (*text == '|')
            hone_put(p, "\\|");
        else
            hone_put_bytes(p, *text == '\n' || *text == '\r' ? " " : text, 1);
    hone_put(p, " |");
}

static void put_rule(hone_printer *p, size_t n)
{
    hone_put(p, "|");
    while (n--)
        hone_put(p, "---|");
    hone_put(p, "\n");
}

/* Six digits are enough to read; a number that was written shorter stays as it was. */
static const char *shorten(const char *text, char *out, size_t n)
{
    char *end;
    const double value = strtod(text, &end);
    if (strlen(text) < 10 || *end || end == text)
        return text;
    snprintf(out, n, "%.6g", value);
    return out;
}

static const char *parameter_of(const struct kept_trial *t, const char *key)
{
    for (uint32_t i = 0; i < t->record.n_parameters; i++)
        if (!strcmp(t->parameters[i].key, key))
            return t->parameters[i].text;
    return "";
}

static void put_trials(struct page *p, const struct names *keys)
{
    hone_printer *out = &p->printer;
    char text[32];
    hone_put(out, "\n| trial |");
    for (uint32_t i = 0; i < p->study->n_objectives; i++)
        put_cell(out, p->study->objectives[i].name);
    for (size_t i = 0; i < keys->n; i++)
        put_cell(out, keys->names[i]);
    hone_put(out, "\n");
    put_rule(out, 1 + p->study->n_objectives + keys->n);
    for (size_t t = 0; t < p->n; t++) {
        const struct kept_trial *trial = &p->trials[t];
        hone_putf(out, "| %llu |", (unsigned long long)trial->record.number);
        for (uint32_t i = 0; i < trial->record.n_values; i++) {
            snprintf(text, sizeof text, "%.6g", trial->values[i]);
            put_cell(out, text);
        }
        for (size_t i = 0; i < keys->n; i++)
            put_cell(out, shorten(parameter_of(trial, keys->names[i]), text, sizeof text));
        hone_put(out, "\n");
    }
}

static void put_head(struct page *p)
{
    const hone_study_record *s = p->study;
    hone_printer *out = &p->printer;
    char time[32];
    hone_put(out, "## ");
    hone_put(out, s->name);
    hone_putf(out, "\n\n%llu trials: %llu complete, %llu pruned, %llu failed; seed %llu; last change %s.\n",
              (unsigned long long)s->n_trials, (unsigned long long)s->n_complete, (unsigned long long)s->n_pruned,
              (unsigned long long)s->n_failed, (unsigned long long)s->seed, export_time(s->updated, time, sizeof time));
    for (uint32_t i = 0; i < s->n_objectives; i++)
        hone_putf(out, "%s%.300s %s", i ? ", " : "\nObjectives: ", s->objectives[i].name,
                  s->objectives[i].direction == HONE_MAXIMIZE ? "max" : "min");
    hone_put(out, s->n_objectives ? ".\n" : "");
    for (uint32_t i = 0; i < s->n_constraints; i++)
        hone_putf(out, "%s%.300s", i ? ", " : "\nConstraints: ", s->constraints[i]);
    hone_put(out, s->n_constraints ? ".\n" : "");
}

/* Keys of the trials of the table, in the order of the space. */
static void collect_keys(struct names *keys, const struct page *p, const hone_space *space)
{
    for (uint32_t k = 0; space && k < space->n_dims; k++)
        for (size_t t = 0; t < p->n; t++)
            if (*parameter_of(&p->trials[t], space->dims[k]->key)) {
                names_add(keys, space->dims[k]->key);
                break;
            }
    for (size_t t = 0; t < p->n; t++)
        for (uint32_t i = 0; i < p->trials[t].record.n_parameters; i++)
            names_add(keys, p->trials[t].parameters[i].key);
}

static hone_rc put_study(struct page *p, const hone_view *view, uint32_t index, hone_error *err)
{
    const hone_storage_visitor visitor = { .ctx = p, .trial = on_trial };
    struct names keys = { 0 };
    p->study = view->studies[index]->record;
    hone_rc rc = view->trials(view, index, HONE_ALL_TRIALS, &visitor, err);
    if (rc == HONE_OK) {
        collect_keys(&keys, p, view->studies[index]->space);
        if (keys.failed)
            rc = hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the columns");
    }
    if (rc == HONE_OK) {
        hone_put(&p->printer, index ? "\n" : "");
        put_head(p);
        if (p->n)
            put_trials(p, &keys);
        hone_put(&p->printer, "\nMore: `hone trials ");
        hone_put(&p->printer, view->studies[index]->command);
        hone_put(&p->printer, "`\n");
    }
    while (p->n)
        drop(p, p->n - 1);
    names_release(&keys);
    return rc;
}

static hone_rc write_all(void *self, const hone_view *view, hone_error *err)
{
    struct page *p = calloc(1, sizeof *p);
    hone_rc rc = HONE_OK;
    if (!p)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory");
    p->settings = self;
    p->err = err;
    hone_printer_init(&p->printer, view->out);
    for (uint32_t i = 0; i < view->n_studies && rc == HONE_OK; i++)
        rc = put_study(p, view, i, err);
    if (rc == HONE_OK)
        rc = hone_printer_close(&p->printer, err);
    free(p->trials);
    free(p);
    return rc;
}

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return export_settings(info->config, sizeof(struct settings), self, err);
}

static const char *const suffixes[] = { "md", "markdown", NULL };
static const hone_reporter_v1 iface = { .size = sizeof iface, .suffixes = suffixes, .write = write_all };

const hone_component export_markdown = {
    .size = sizeof export_markdown,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REPORTER,
    .name = "markdown",
    .summary = "The best trials of studies as Markdown tables",
    .doc =
        "For each study a heading, its counts, objectives and constraints, and a table of the best trials with their\n"
        "parameters; with several objectives, of those that no other dominates. A trial that violates constraints "
        "less\n"
        "is better. Numbers have six digits.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};
