/* SPDX-License-Identifier: MIT */
/* `hone ablate`: the studies that [ablation] makes of a configuration, and what their comparison says. */
#include "ablation/plan.h"
#include "ablation/tables.h"
#include "cli/session.h"

#include <errno.h>
#include <string.h>

static const struct option_row options[] = {
    OPTION_SET,
    { "workers", 'w', "N", "processes that compute at once, or auto (study.workers)", 0 },
    { "storage", 's', "URL", "where the runs are kept (study.storage)", 0 },
    { "seeds", 0, "N", "runs of every cell (ablation.seeds)", 0 },
    { "plan", 0, NULL, "run nothing: say what it will cost, and what its seeds can show", 0 },
    { "checklist", 0, NULL, "run nothing: what reviewers ask, filled from the storage (Markdown)", 0 },
    { "no-run", 0, NULL, "run nothing: show what there is", 0 },
    { "format", 0, "FORMAT", "text (default), csv, json, markdown or latex (booktabs)", 0,
      "text csv json markdown latex" },
    { "curves", 0, NULL, "in csv: the best value so far against trials and seconds, instead of the table", 0 },
    OPTION_QUIET,
    OPTION_PLUGIN_PATH,
    OPTION_NO_DEFAULT_PATH,
    { NULL, 0, NULL, NULL, 0 },
};

enum ablate_format { FORMAT_TEXT, FORMAT_CSV, FORMAT_JSON, FORMAT_MARKDOWN, FORMAT_LATEX };

static int read_format(const struct cli *cli, enum ablate_format *format)
{
    static const char *const names[] = { "text", "csv", "json", "markdown", "latex" };
    const char *name = cli_value(cli, "format");
    *format = FORMAT_TEXT;
    for (unsigned i = 0; name && i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i])) {
            *format = (enum ablate_format)i;
            name = NULL;
        }
    if (name)
        return cli_usage_error(cli, "--format %s is none of text, csv, json, markdown, latex", name);
    if (cli_has(cli, "curves") && *format != FORMAT_CSV)
        return cli_usage_error(cli, "--curves needs --format csv (json has the curves in it)");
    return 0;
}

struct work {
    struct session session;
    struct ablation ablation;
    struct comparison comparison;
    hone_error err;
};

static int fail(const struct work *w)
{
    return cli_fail(w->err.code == HONE_ECANCELED && session_signal ? 128 + session_signal : EXIT_FAILED, "%s",
                    w->err.msg);
}

static int put(struct work *w, const struct text *out)
{
    hone_rc rc = HONE_OK;
    if (out->failed)
        rc = hone_fail(&w->err, HONE_ENOMEM, NULL, "out of memory for what is to be said");
    else if (fwrite(text_string(out), 1, out->length, stdout) != out->length && errno != EPIPE)
        rc = hone_fail(&w->err, HONE_EIO, NULL, "standard output: %s", strerror(errno));
    return rc == HONE_OK ? EXIT_OK : fail(w);
}

static int print(struct work *w, enum ablate_format format)
{
    struct tables tables = { 0 };
    struct text out = TEXT_INIT;
    hone_rc rc = HONE_OK;
    if (format == FORMAT_JSON)
        rc = export_json(&w->comparison, &out, &w->err);
    else if (format == FORMAT_CSV && cli_has(w->session.cli, "curves"))
        rc = export_curves_csv(&w->comparison, &out, &w->err);
    else if (format == FORMAT_CSV)
        rc = export_csv(&w->comparison, &out, &w->err);
    else
        tables_make(&tables, &w->comparison);
    if (format == FORMAT_TEXT)
        tables_text(&tables, &out);
    if (format == FORMAT_MARKDOWN)
        tables_markdown(&tables, &out);
    if (format == FORMAT_LATEX)
        tables_latex(&tables, &out);
    out.failed |= tables.failed;
    const int code = rc == HONE_OK ? put(w, &out) : fail(w);
    tables_release(&tables);
    text_release(&out);
    return code;
}

/* The INI with [ablation] as it was composed, for the record. */
static hone_rc keep(struct work *w)
{
    struct text config = TEXT_INIT, json = TEXT_INIT;
    const struct config *c = &w->session.config;
    hone_rc rc = export_json(&w->comparison, &json, &w->err);
    for (size_t s = 0; s < c->n_sections; s++) {
        text_addf(&config, "%s[%s]\n", s ? "\n" : "", c->sections[s].name);
        for (size_t i = 0; i < c->n_items; i++)
            if (!strcmp(c->items[i].section, c->sections[s].name))
                text_addf(&config, "%s = %s\n", c->items[i].key, c->items[i].value);
    }
    if (rc == HONE_OK && (config.failed || json.failed))
        rc = hone_fail(&w->err, HONE_ENOMEM, NULL, "out of memory for the table");
    if (rc == HONE_OK)
        rc = ablation_store(&w->ablation, &w->session.host, text_string(&config), text_string(&json), &w->err);
    text_release(&config);
    text_release(&json);
    return rc;
}

static int run_all(struct work *w)
{
    struct session *s = &w->session;
    const struct ablation_pool pool = { s->catalog_options.paths,
                                        s->catalog_options.n_paths,
                                        s->catalog_options.no_default_path,
                                        cli_has(s->cli, "quiet"),
                                        &session_signals,
                                        (unsigned)w->ablation.base.study.workers,
                                        &s->host };
    session_catch_signals();
    return ablation_run_missing(&w->ablation, &pool, NULL, 0, w->ablation.n_seeds, &w->err) == HONE_OK &&
                   ablation_path(&w->ablation, &pool, &s->host, &w->err) == HONE_OK
               ? 0
               : fail(w);
}

/* With what pilot runs there are: --plan. */
static int plan(struct work *w)
{
    struct text out = TEXT_INIT;
    const struct ablation *a = &w->ablation;
    const int known = a->direction != HONE_NO_DIRECTION;
    if (known && comparison_make(&w->comparison, a, &w->err) != HONE_OK)
        return fail(w);
    plan_text(a, known ? &w->comparison : NULL, (unsigned)a->base.study.workers, &out);
    const int code = put(w, &out);
    text_release(&out);
    return code;
}

static int checklist(struct work *w)
{
    struct text out = TEXT_INIT, command = TEXT_INIT;
    const struct cli *cli = w->session.cli;
    size_t position = 0;
    const char *set;
    text_add(&command, "hone ablate");
    for (int i = 0; i < cli->n_arguments; i++) {
        text_add(&command, " ");
        text_add_shell_word(&command, cli->arguments[i]);
    }
    while ((set = cli_next(cli, "set", &position))) {
        text_add(&command, " --set ");
        text_add_shell_word(&command, set);
    }
    checklist_text(&w->comparison, text_string(&command), &out);
    out.failed |= command.failed;
    const int code = put(w, &out);
    text_release(&out);
    text_release(&command);
    return code;
}

static size_t runs_with_value(const struct ablation *a)
{
    size_t n = 0;
    for (size_t i = 0; i < a->n_cells; i++)
        for (size_t k = 0; k < a->n_seeds; k++)
            n += a->cells[i].runs[k].state == RUN_DONE;
    return n;
}

static int ablate(struct work *w, enum ablate_format format)
{
    struct session *s = &w->session;
    struct ablation *a = &w->ablation;
    const int run_them = !cli_has(s->cli, "no-run") && !cli_has(s->cli, "plan") && !cli_has(s->cli, "checklist");
    const char *seeds = cli_value(s->cli, "seeds");
    int code = 0;
    if (seeds) {
        struct text line = TEXT_INIT;
        text_addf(&line, "ablation.seeds=%s", seeds);
        config_set_from(&s->config, "--seeds", text_string(&line), &s->complaints);
        text_release(&line);
    }
    if (ablation_make(a, &s->config, s->catalog, &s->host, &s->complaints) < 0)
        return cli_complaints(&s->complaints);
    if (ablation_results_read(a, &s->host, &w->err) != HONE_OK)
        return fail(w);
    if (cli_has(s->cli, "plan"))
        return plan(w);
    if (run_them && (code = run_all(w)) != 0)
        return code;
    if (!run_them && ablation_path(a, NULL, &s->host, &w->err) != HONE_OK)
        return fail(w);
    if (!runs_with_value(a))
        return cli_fail(EXIT_NO_TRIAL, "no run has given %s%s%s", a->metric,
                        a->cells[0].runs[0].why ? "; the first failed: " : "",
                        a->cells[0].runs[0].why ? a->cells[0].runs[0].why : "");
    if (a->direction == HONE_NO_DIRECTION)
        return cli_fail(EXIT_CONFIGURATION,
                        "say whether %s is to be small or large: [ablation] metric = %s max, or min", a->metric,
                        a->metric);
    if (comparison_make(&w->comparison, a, &w->err) != HONE_OK || (run_them && keep(w) != HONE_OK))
        return fail(w);
    return cli_has(s->cli, "checklist") ? checklist(w) : print(w, format);
}

static int run(const struct cli *cli)
{
    struct work w = { .err = HONE_ERROR_INIT };
    enum ablate_format format;
    int code = read_format(cli, &format);
    if (code == 0 && (code = session_read_config(&w.session, cli)) == 0)
        code = ablate(&w, format);
    comparison_release(&w.comparison);
    ablation_release(&w.ablation);
    session_release(&w.session);
    return code;
}

const struct command command_ablate = {
    "ablate",
    "run the ablation of the INI files, and compare",
    "FILE... [options]",
    "[ablation] says what is switched (hone info ablation). Every cell and seed is a study in\n"
    "study.storage; what is there already is not run again. Ctrl-C ends in order, and the same\n"
    "command goes on. The table goes to standard output, progress to standard error.\n",
    options,
    1,
    -1,
    run,
    0
};
