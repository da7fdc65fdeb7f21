/* SPDX-License-Identifier: MIT */
/* `hone diagnose`: what is wrong with a trial, in words, as the installed rules of the kind diagnosis see it. */
#include "cli/case.h"

#include "cli/info.h"
#include "hone/param.h"
#include "plugin/guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct option_row options[] = {
    OPTION_STUDY,
    { "rules", 0, "NAME", "only these: a plugin of the kind diagnosis (repeatable; 'hone info diagnosis')", 1 },
    { "set", 0, "NAME.KEY=VALUE", "set a key of the rules NAME, a threshold usually (repeatable)", 1 },
    OPTION_FORMAT,
    OPTION_PLUGIN_PATH,
    OPTION_NO_DEFAULT_PATH,
    { NULL, 0, NULL, NULL, 0 },
};

struct advice {
    const char *key, *text;
};
struct finding { /* strings are copies */
    uint32_t severity, order;
    const char *rules, *rule, *verdict, *evidence;
    struct advice *advice; /* (n_advice) */
    uint32_t n_advice;
};
struct diagnosis {
    struct stored stored;
    struct evaluated study;
    struct case_record trial;
    const char *rules; /* whose turn it is */
    struct finding *findings;
    size_t n, capacity;
    hone_settings_memory memory;
    hone_error err;
};

/* ---- what the rules say ---- */
static const char *copy(struct diagnosis *d, const char *text)
{
    const size_t n = strlen(text ? text : "") + 1;
    char *to = hone_settings_allocate(&d->memory, n);
    if (to && text)
        memcpy(to, text, n);
    return to;
}

static hone_rc take(void *ctx, const hone_finding *f)
{
    struct diagnosis *d = ctx;
    if (!f->rule || !*f->rule || !f->verdict || !*f->verdict || f->severity > HONE_FINDING_PROBLEM)
        return hone_fail(&d->err, HONE_EINVAL, NULL, "a finding without a rule, a verdict or a known severity");
    if (d->n == d->capacity) {
        const size_t capacity = d->capacity ? d->capacity * 2 : 16;
        struct finding *more = realloc(d->findings, capacity * sizeof *more);
        if (!more)
            return hone_fail(&d->err, HONE_ENOMEM, NULL, "out of memory for the findings");
        d->findings = more;
        d->capacity = capacity;
    }
    struct finding *to = &d->findings[d->n];
    *to = (struct finding){ .severity = f->severity,
                            .order = (uint32_t)d->n,
                            .rules = d->rules,
                            .rule = copy(d, f->rule),
                            .verdict = copy(d, f->verdict),
                            .evidence = copy(d, f->evidence),
                            .advice = hone_settings_allocate(&d->memory, (f->n_advice + 1) * sizeof *to->advice),
                            .n_advice = f->n_advice };
    int fine = to->rule && to->verdict && to->evidence && to->advice;
    for (uint32_t i = 0; i < f->n_advice && fine; i++) {
        to->advice[i] = (struct advice){ copy(d, f->advice[i]->key), copy(d, f->advice[i]->text) };
        fine = to->advice[i].key && to->advice[i].text;
    }
    if (!fine)
        return hone_fail(&d->err, HONE_ENOMEM, NULL, "out of memory for the findings");
    d->n++;
    return HONE_OK;
}

/* ---- the rules ---- */
enum { MOST_SETTINGS = 64 };

static int wanted(const struct cli *cli, const char *name)
{
    const char *rules;
    size_t position = 0;
    if (!cli_has(cli, "rules"))
        return 1;
    while ((rules = cli_next(cli, "rules", &position)))
        if (!strcmp(rules, name))
            return 1;
    return 0;
}

/* --rules and --set name what there is. */
static int check_names(struct diagnosis *d, const struct cli *cli)
{
    const char *text;
    size_t position = 0;
    while ((text = cli_next(cli, "rules", &position)))
        if (!catalog_find(d->stored.catalog, "diagnosis", text, &d->err))
            return cli_fail(EXIT_PLUGIN, "%s", d->err.msg);
    position = 0;
    while ((text = cli_next(cli, "set", &position))) {
        char name[64];
        const size_t dot = strcspn(text, "."), equal = strcspn(text, "=");
        const struct catalog_component *entry;
        int known = 0;
        if (dot >= equal || !text[equal] || dot >= sizeof name)
            return cli_usage_error(cli, "--set %s: write NAME.KEY=VALUE", text);
        snprintf(name, sizeof name, "%.*s", (int)dot, text);
        if (!(entry = catalog_find(d->stored.catalog, "diagnosis", name, &d->err)))
            return cli_fail(EXIT_PLUGIN, "--set %s: %s", text, d->err.msg);
        for (uint32_t i = 0; i < entry->n_params; i++)
            known |= strlen(entry->params[i].key) == equal - dot - 1 &&
                     !strncmp(entry->params[i].key, text + dot + 1, equal - dot - 1);
        if (!known)
            return cli_usage_error(cli, "--set %s: %s has no key '%.*s' (hone info diagnosis/%s lists them)", text,
                                   name, (int)(equal - dot - 1), text + dot + 1, name);
    }
    return 0;
}

/* The settings of one set of rules: (MOST_SETTINGS); the number of them, or -1: out of memory. */
static int settings_of(struct diagnosis *d, const struct cli *cli, const char *name, struct setting_text *settings)
{
    const size_t length = strlen(name);
    const char *text;
    size_t position = 0;
    int n = 0;
    while ((text = cli_next(cli, "set", &position)) && n < MOST_SETTINGS) {
        if (strncmp(text, name, length) != 0 || text[length] != '.')
            continue;
        const size_t equal = strcspn(text, "=");
        char *key = hone_settings_allocate(&d->memory, equal - length);
        if (!key)
            return -1;
        memcpy(key, text + length + 1, equal - length - 1);
        settings[n++] = (struct setting_text){ key, text + equal + 1 };
    }
    return n;
}

static int run_rules(struct diagnosis *d, const struct cli *cli, const struct catalog_component *entry)
{
    struct component rules = COMPONENT_INIT;
    struct setting_text settings[MOST_SETTINGS];
    hone_error err = HONE_ERROR_INIT;
    struct guard guard;
    const int n = settings_of(d, cli, entry->name, settings);
    if (n < 0)
        return cli_fail(EXIT_FAILED, "out of memory");
    if (component_create(&rules, d->stored.catalog, entry, &stored_host, entry->name, settings, (size_t)n,
                         d->stored.study.seed, &err) != HONE_OK)
        return cli_fail(err.param[0] ? EXIT_USAGE : EXIT_FAILED, "%s%s%s: %s", entry->name, err.param[0] ? "." : "",
                        err.param, err.msg);
    d->rules = entry->name;
    guard_save(&guard);
    hone_rc rc = ((const hone_diagnosis_v1 *)rules.loaded->iface)->diagnose(rules.self, &d->trial.data, take, d, &err);
    if (rc >= 0)
        rc = guard_check(&guard, &err);
    component_destroy(&rules);
    return rc >= 0 ? 0
                   : cli_fail(EXIT_FAILED, "%s: %s", entry->name,
                              d->err.msg[0] ? d->err.msg
                              : err.msg[0]  ? err.msg
                                            : "it gave no reason");
}

static int run_all(struct diagnosis *d, const struct cli *cli)
{
    const struct catalog_component *const *all;
    const size_t n = catalog_components(d->stored.catalog, &all);
    int code = 0, any = 0;
    for (size_t i = 0; i < n && code == 0; i++)
        if (!strcmp(all[i]->kind, "diagnosis") && wanted(cli, all[i]->name)) {
            code = run_rules(d, cli, all[i]);
            any = 1;
        }
    return code == 0 && !any ? cli_fail(EXIT_PLUGIN, "no plugin of the kind diagnosis is installed") : code;
}

/* ---- printing ---- */
static const char *const severities[] = { "fine", "hint", "problem" };

/* The worst first; else as they were given. */
static int compare(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;
    return x->severity != y->severity ? (x->severity < y->severity) - (x->severity > y->severity)
                                      : (x->order > y->order) - (x->order < y->order);
}

static const hone_diagnosed_key *key_of(const struct diagnosis *d, const char *path)
{
    return hone_diagnosis_key(&d->trial.data, path);
}

static void print_advice(const struct diagnosis *d, const struct advice *a, struct text *out)
{
    const hone_diagnosed_key *key = key_of(d, a->key);
    char number[32];
    text_clear(out);
    if (key)
        text_addf(out, "%s = %s", a->key, *key->text ? number_shorten(key->text, number, sizeof number) : "(empty)");
    else
        text_addf(out, "[%s]", a->key);
    if (key && key->dim != UINT32_MAX)
        text_add(out, " (searched)");
    else if (key)
        text_addf(out, " (%s)", *key->place ? key->place : "default");
    text_addf(out, ": %s", a->text);
}

static void print_text(struct diagnosis *d)
{
    const hone_trial_record *r = d->trial.data.trial;
    const int nothing = !d->n || d->findings[0].severity == HONE_FINDING_FINE;
    struct text line = TEXT_INIT, wrapped = TEXT_INIT;
    printf("trial %llu of study '%s'%s: %s after %lld steps", (unsigned long long)r->number, d->stored.study.name,
           d->trial.data.is_winner ? " (the winner)" : "", state_name(r->state), (long long)r->step);
    for (uint32_t i = 0; i < r->n_values; i++)
        printf(", %s %.6g", d->stored.study.objectives[i].name, r->values[i]);
    printf("\n");
    if (!d->n)
        printf("\nnothing found: no rule has anything to say of what this trial reported\n");
    for (size_t i = 0; i < d->n; i++) {
        const struct finding *f = &d->findings[i];
        if (f->severity == HONE_FINDING_FINE && !nothing)
            continue;
        text_clear(&wrapped);
        text_clear(&line);
        text_addf(&line, "%s%s  %s", f->rule, f->severity == HONE_FINDING_HINT ? " (a hint)" : "", f->verdict);
        text_addf(&wrapped, "\n%s\n", text_string(&line));
        info_wrapped(&wrapped, f->evidence, 2);
        for (uint32_t k = 0; k < f->n_advice; k++) {
            print_advice(d, &f->advice[k], &line);
            text_addf(&wrapped, "  -> %s\n", text_string(&line));
        }
        fputs(text_string(&wrapped), stdout);
    }
    text_release(&line);
    text_release(&wrapped);
}

/* A row per piece of advice; one without a key where there is none. */
static int print_rows(const struct diagnosis *d, enum output_format format)
{
    static const struct column columns[] = { { "trial", COLUMN_NUMBER }, { "severity", COLUMN_TEXT },
                                             { "rules", COLUMN_TEXT },   { "rule", COLUMN_TEXT },
                                             { "verdict", COLUMN_TEXT }, { "evidence", COLUMN_TEXT },
                                             { "key", COLUMN_TEXT },     { "value", COLUMN_TEXT },
                                             { "place", COLUMN_TEXT },   { "advice", COLUMN_TEXT } };
    struct output output;
    char number[32];
    snprintf(number, sizeof number, "%llu", (unsigned long long)d->trial.data.trial->number);
    if (output_open(&output, format, columns, sizeof columns / sizeof *columns) < 0)
        return cli_fail(EXIT_FAILED, "out of memory");
    for (size_t i = 0; i < d->n; i++) {
        const struct finding *f = &d->findings[i];
        for (uint32_t k = 0; k < f->n_advice || !k; k++) {
            const struct advice *a = k < f->n_advice ? &f->advice[k] : NULL;
            const hone_diagnosed_key *key = a ? key_of(d, a->key) : NULL;
            const char *const cells[] = { number,
                                          severities[f->severity],
                                          f->rules,
                                          f->rule,
                                          f->verdict,
                                          f->evidence,
                                          a ? a->key : NULL,
                                          key ? key->text : NULL,
                                          key && *key->place ? key->place : NULL,
                                          a ? a->text : NULL };
            output_row(&output, cells);
        }
    }
    return output_close(&output) < 0 ? cli_fail(EXIT_FAILED, "cannot write the table: %s", strerror(errno)) : EXIT_OK;
}

static int run(const struct cli *cli)
{
    struct diagnosis d = { .err = HONE_ERROR_INIT };
    enum output_format format;
    int64_t number = -1;
    int code = cli_format(cli, &format);
    if (code == 0 && cli->n_arguments > 1 && !hone_parse_int(cli->arguments[1], NULL, &number))
        return cli_usage_error(cli, "'%s' is no number of a trial", cli->arguments[1]);
    if (code == 0 && cli->n_arguments > 1 && number < 0)
        return cli_usage_error(cli, "trials are numbered from 0");
    if (code == 0 && (code = stored_open(&d.stored, cli, cli->arguments[0])) == 0 &&
        (code = stored_choose(&d.stored, cli)) == 0 && (code = check_names(&d, cli)) == 0 &&
        (code = evaluated_open(&d.study, &d.stored)) == 0 && (code = evaluated_trials(&d.study)) == 0 &&
        (code = case_open(&d.trial, &d.study, number)) == 0)
        code = run_all(&d, cli);
    if (code == 0) {
        if (d.n)
            qsort(d.findings, d.n, sizeof *d.findings, compare);
        if (format == OUTPUT_TEXT)
            print_text(&d);
        else
            code = print_rows(&d, format);
    }
    free(d.findings);
    case_release(&d.trial);
    evaluated_release(&d.study);
    hone_settings_release(&d.memory);
    stored_release(&d.stored);
    return code;
}

const struct command command_diagnose = {
    "diagnose",
    "say what is wrong with a trial, and what to try",
    "STUDY [TRIAL] [options]",
    "STUDY is a storage: a path (fashion.db) or a URL (sqlite:fashion.db), with --study where it holds several.\n"
    "TRIAL is a number; without one it is the winner. The rules are plugins: hone info fit, and hone info\n"
    "diagnosis, tell them, their thresholds and where they come from.\n",
    options,
    1,
    2,
    run,
    0
};
