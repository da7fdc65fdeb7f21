/* SPDX-License-Identifier: MIT */
/* `hone best`: the winner of a study: its point, its metrics, or the INI that trains it. */
#include "cli/stored.h"
#include "config/composition.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct option_row options[] = {
    OPTION_STUDY,
    { "trial", 0, "N", "this trial instead of the best one", 0 },
    { "format", 0, "FORMAT", "text (default), csv, json, or ini: what 'hone train' runs", 0, "text csv json ini" },
    OPTION_PLUGIN_PATH,
    OPTION_NO_DEFAULT_PATH,
    { NULL, 0, NULL, NULL, 0 },
};

static void print_rows(const struct stored *stored, const struct stored_trial *trials, size_t n,
                       enum output_format format)
{
    static const struct column columns[] = {
        { "trial", COLUMN_NUMBER }, { "what", COLUMN_TEXT }, { "name", COLUMN_TEXT }, { "value", COLUMN_TEXT }
    };
    struct output output;
    char number[32], value[32];
    output_open(&output, format, columns, sizeof columns / sizeof *columns);
    for (size_t t = 0; t < n; t++) {
        const hone_trial_record *r = &trials[t].record;
        snprintf(number, sizeof number, "%llu", (unsigned long long)r->number);
        for (uint32_t i = 0; i < r->n_values && i < stored->study.n_objectives; i++) {
            number_format(r->values[i], value, sizeof value);
            output_row(&output, (const char *const[]){ number, "objective", stored->study.objectives[i].name, value });
        }
        for (uint32_t i = 0; i < r->n_parameters; i++)
            output_row(&output,
                       (const char *const[]){ number, "parameter", r->parameters[i].key, r->parameters[i].text });
        for (uint32_t i = 0; i < r->n_metrics; i++) {
            number_format(r->metrics[i].value, value, sizeof value);
            output_row(&output, (const char *const[]){ number, "metric", r->metrics[i].name, value });
        }
    }
    output_close(&output);
}

/* Steps that what the trial kept stands for. */
static int64_t trial_length(const struct stored *stored, const hone_trial_record *r)
{
    char name[128];
    if (stored_environment(stored->study.environment, "length_metric", name, sizeof name))
        for (uint32_t i = 0; i < r->n_metrics; i++)
            if (!strcmp(r->metrics[i].name, name) && r->metrics[i].value >= 1)
                return (int64_t)r->metrics[i].value;
    return stored_environment(stored->study.environment, "steps", name, sizeof name) ? INT64_MAX : r->step;
}

/* What the trial itself has moved of its settings, in place of what the file says: keys of [space] are the point's. */
static void set_tuned(struct config *config, const hone_trial_record *r, struct complaints *complaints)
{
    char line[320], number[32];
    for (uint32_t i = 0; i < r->n_metrics; i++) {
        size_t n = 0;
        const char *key = hone_tuned_key(r->metrics[i].name, &n);
        if (!key || n > 256 || !isfinite(r->metrics[i].value))
            continue;
        number_format(r->metrics[i].value, number, sizeof number);
        snprintf(line, sizeof line, "%.*s=%s", (int)n, key, number);
        config_set(config, line, complaints);
    }
}

/* The study's resolved INI with the trial's values in place of [space]. */
static int print_ini(const struct stored *stored, const hone_trial_record *r)
{
    struct complaints complaints = COMPLAINTS_INIT;
    struct config config = CONFIG_INIT;
    struct composition composition = { 0 };
    struct text ini = TEXT_INIT;
    struct setting_text *point = calloc(r->n_parameters + 2, sizeof *point);
    char(*numbers)[32] = calloc((size_t)r->n_parameters + 1, sizeof *numbers);
    char stop_key[64], max_step[32], line[160], whole[32];
    int code = EXIT_OK;
    int64_t length;
    config_read_text(&config, "study", "", stored->study.config, strlen(stored->study.config), &complaints);
    snprintf(line, sizeof line, "study.trial=%llu", (unsigned long long)r->number); /* the same random numbers */
    config_set(&config, line, &complaints);
    /* a trial that ended before its last step is trained as far as what it kept stands for */
    if (stored_environment(stored->study.environment, "stop_key", stop_key, sizeof stop_key) &&
        stored_environment(stored->study.environment, "max_step", max_step, sizeof max_step) &&
        (length = trial_length(stored, r)) > 0 && length < strtoll(max_step, NULL, 10)) {
        snprintf(line, sizeof line, "objective.%s=%lld", stop_key, (long long)length);
        config_set(&config, line, &complaints);
    }
    set_tuned(&config, r, &complaints);
    if (!point || !numbers || composition_make(&composition, &config, stored->catalog, 0, &complaints) < 0) {
        code = cli_fail(cli_complaints(&complaints) == EXIT_PLUGIN ? EXIT_PLUGIN : EXIT_FAILED,
                        "the study's configuration does not fit the plugins installed now");
    } else {
        for (uint32_t i = 0; i < r->n_parameters; i++) {
            const hone_value *tuned = stored_tuned(r, r->parameters[i].key);
            if (tuned)
                number_format(tuned->value, numbers[i], sizeof numbers[i]);
            point[i] = (struct setting_text){ r->parameters[i].key, tuned ? numbers[i] : r->parameters[i].text };
        }
        uint32_t n = r->n_parameters;
        const struct fidelity *fidelity = &composition.study.fidelity;
        if (fidelity->key) { /* as the trial had it at last */
            number_format(fidelity_value(fidelity, r->step), whole, sizeof whole);
            point[n++] = (struct setting_text){ fidelity->key, whole };
        }
        composition_text(&composition, point, n, &ini);
        printf("; trial %llu of study %s", (unsigned long long)r->number, stored->study.name);
        for (uint32_t i = 0; i < r->n_values && i < stored->study.n_objectives; i++)
            printf(", %s = %.6g", stored->study.objectives[i].name, r->values[i]);
        printf("\n%s", text_string(&ini));
    }
    free(point);
    free(numbers);
    text_release(&ini);
    composition_release(&composition);
    config_release(&config);
    complaints_release(&complaints);
    return code;
}

struct wanted {
    struct stored_trial trial;
    int found;
};

static hone_rc on_trial(void *ctx, const hone_trial_record *r)
{
    struct wanted *w = ctx;
    w->found = 1;
    return stored_trial_copy(&w->trial, r);
}

static int find(struct stored *stored, int64_t number, struct stored_trial **trials, size_t *n)
{
    struct wanted w = { 0 };
    const hone_storage_visitor visitor = { &w, NULL, on_trial, NULL, NULL, NULL };
    hone_error err = HONE_ERROR_INIT;
    int code;
    if (number < 0) {
        if ((code = stored_best(stored, trials, n)) != 0)
            return code;
        return *n ? 0 : cli_fail(EXIT_NO_TRIAL, "study '%s' has no complete trial", stored->study.name);
    }
    if (stored->iface->trials(stored->storage.self, stored->study.id, number, &visitor, &err) != HONE_OK)
        return cli_fail(EXIT_FAILED, "%s", err.msg[0] ? err.msg : "out of memory");
    if (!w.found)
        return cli_fail(EXIT_FAILED, "study '%s' has no trial %lld", stored->study.name, (long long)number);
    if (!(*trials = malloc(sizeof **trials)))
        return cli_fail(EXIT_FAILED, "out of memory");
    **trials = w.trial;
    *n = 1;
    return 0;
}

static int run(const struct cli *cli)
{
    struct stored stored;
    struct stored_trial *trials = NULL;
    size_t n = 0;
    enum output_format format = OUTPUT_TEXT;
    int64_t number = -1;
    const char *asked = cli_value(cli, "format");
    const int ini = asked && !strcmp(asked, "ini");
    int code = ini ? 0 : cli_format(cli, &format);
    if (code != 0 || (code = cli_number(cli, "trial", 0, &number)) != 0)
        return code;
    if ((code = stored_open(&stored, cli, cli->arguments[0])) == 0 && (code = stored_choose(&stored, cli)) == 0 &&
        (code = find(&stored, number, &trials, &n)) == 0) {
        if (ini && n > 1)
            code = cli_usage_error(cli, "%zu trials are not dominated: say which with --trial N (the first is %llu)", n,
                                   (unsigned long long)trials[0].record.number);
        else if (ini)
            code = print_ini(&stored, &trials[0].record);
        else
            print_rows(&stored, trials, n, format);
    }
    stored_trials_release(trials, n);
    stored_release(&stored);
    return code;
}

const struct command command_best = {
    "best",
    "show the winner of a study",
    "STUDY [options]",
    "STUDY is a storage: a path (fashion.db) or a URL (sqlite:fashion.db), with --study where it holds several.\n"
    "With several objectives: all trials that no other one dominates.\n",
    options,
    1,
    1,
    run,
    0
};
