/* SPDX-License-Identifier: MIT */
/* `hone check`: everything that can be known to be wrong without running a trial: the INI files against the plugins'
 * tables, then, in a worker, the objective's own look at its files, shapes and metrics. */
#include "ablation/ablation.h"
#include "cli/session.h"

#include "hone/param.h"
#include "study/study.h"

#include <string.h>

static const struct option_row options[] = {
    OPTION_SET,
    { "resolved", 'r', NULL, "print the resolved INI, every default explicit", 0 },
    { "sources", 0, NULL, "print where each value comes from: SECTION.KEY, then FILE:LINE, --set or default", 0 },
    { "train", 0, NULL, "check it for 'hone train', which needs no [space] and no objectives", 0 },
    { "tables-only", 0, NULL, "start no worker: leave the objective's files unread", 0 },
    OPTION_PLUGIN_PATH,
    OPTION_NO_DEFAULT_PATH,
    { NULL, 0, NULL, NULL, 0 },
};

enum { PATIENCE = 600 /* s: reading a large data set for the first time */ };

static void complain_metric(struct session *s, const struct composition *c, const hone_description *d, const char *name,
                            const struct place *place)
{
    hone_error err = HONE_ERROR_INIT;
    if (study_check_metric(d, name, c->study.evaluate == EVALUATE_TEST, NULL, NULL, &err) != HONE_OK)
        complain(&s->complaints, place, "%s", err.msg);
}

static void hold_against(struct session *s, const struct composition *c, const hone_description *d)
{
    const struct place space = composition_place(c, "space", NULL);
    for (size_t i = 0; i < c->n_objectives; i++)
        complain_metric(s, c, d, c->objectives[i].metric, &c->objectives[i].place);
    for (size_t i = 0; i < c->n_constraints; i++)
        complain_metric(s, c, d, c->constraints[i].metric, &c->constraints[i].place);
    for (uint32_t i = 0; i < d->n_keys && !cli_has(s->cli, "train"); i++)
        if (!space_lines_find(&c->space, d->keys[i]))
            complain(&s->complaints, &space, "the objective needs '%s' in [space], for example: %s = real 0 .. 1",
                     d->keys[i], d->keys[i]);
}

/* Waits for what the worker says of the objective. */
static int hear(struct session *s, const struct composition *c)
{
    hone_error err = HONE_ERROR_INIT;
    const double until = seconds_steady() + PATIENCE;
    struct crew *crew = pool_crew(s->pool);
    while (seconds_steady() < until) {
        struct crew_event event;
        if (session_signals)
            return 128 + session_signal;
        const hone_rc rc = crew->wait(crew, 0.2, &event, &err);
        if (rc < 0)
            return session_fail_of(c, &err);
        if (rc != HONE_OK || event.what != CREW_READY)
            continue;
        if (event.rc != HONE_OK) {
            study_not_ready(&event, &err);
            return session_fail_of(c, &err);
        }
        hold_against(s, c, event.description);
        if (!s->complaints.n)
            return EXIT_OK;
        return cli_complaints(&s->complaints);
    }
    return cli_fail(EXIT_FAILED, "the objective did not get ready within %d s", PATIENCE);
}

/* Has a worker describe the objective of the composition, whose resolved INI is `text`. */
static int ask_objective(struct session *s, const struct composition *c, const char *text)
{
    hone_error err = HONE_ERROR_INIT;
    const struct pool_options pool = { 1,
                                       text,
                                       c->study.directory,
                                       (uint64_t)c->study.split_seed,
                                       0,
                                       c->study.trial_memory,
                                       c->study.checkpoint_interval,
                                       1.0,
                                       &s->catalog_options,
                                       NULL };
    if (pool_create(&s->pool, &pool, &err) != HONE_OK)
        return session_fail_of(c, &err);
    const int code = hear(s, c);
    pool_destroy(s->pool);
    s->pool = NULL;
    return code;
}

/* The same for each cell of the ablation, up to the first one that something is wrong with. */
static int ask_cells(struct session *s, struct ablation *ablation)
{
    int code = EXIT_OK;
    for (size_t i = 0; i < ablation->n_compared && code == EXIT_OK; i++) {
        const struct ablation_cell *cell = &ablation->cells[i];
        struct composition composition = { 0 };
        struct text text = TEXT_INIT;
        if (ablation_run_compose(ablation, cell, NULL, 0, &composition, &s->complaints) < 0) {
            code = cli_complaints(&s->complaints);
        } else {
            composition_text(&composition, NULL, 0, &text);
            code = text.failed ? cli_fail(EXIT_FAILED, "out of memory")
                               : ask_objective(s, &composition, text_string(&text));
        }
        if (code != EXIT_OK && !session_signals)
            fprintf(stderr, "hone: this is of the cell '%s' of [ablation]\n", cell->label);
        text_release(&text);
        composition_release(&composition);
    }
    return code;
}

/* Conditions and relations of [study] enqueue. */
static int check_points(const struct session *s)
{
    hone_error err = HONE_ERROR_INIT;
    return study_check_points(&s->composition, &err) == HONE_OK ? EXIT_OK : session_fail(s, &err);
}

static void print_summary(const struct session *s)
{
    const struct composition *c = &s->composition;
    const struct study_settings *study = &c->study;
    struct text out = TEXT_INIT;
    if (!cli_has(s->cli, "train")) {
        text_addf(&out, "study       %s: ", study->name);
        if (study->trials)
            text_addf(&out, "%lld trial%s, ", (long long)study->trials, study->trials == 1 ? "" : "s");
        if (study->time > 0)
            text_addf(&out, "%.15g s, ", study->time);
        text_addf(&out, "%lld worker%s, seed %lld\n", (long long)study->workers, study->workers == 1 ? "" : "s",
                  (long long)study->seed);
        if (study->storage)
            text_addf(&out, "storage     %s\n", study->storage);
        for (size_t i = 0; i < c->n_objectives; i++)
            text_addf(&out, "%-11s %s%s\n", i ? "" : "objectives", c->objectives[i].metric,
                      c->objectives[i].direction == HONE_MINIMIZE   ? " min"
                      : c->objectives[i].direction == HONE_MAXIMIZE ? " max"
                                                                    : "");
        for (size_t i = 0; i < c->n_constraints; i++)
            text_addf(&out, "%-11s %s\n", i ? "" : "constraints", c->constraints[i].text);
    }
    for (size_t i = 0; i < c->n_sections; i++) {
        const struct composed_section *section = &c->sections[i];
        text_addf(&out, "%-11s [%s] %s%s%s\n", i ? "" : "sections", section->name,
                  section->component ? section->component->name : section->use, section->enabled ? "" : ", not enabled",
                  section->explicit_ ? "" : ", by default");
    }
    for (size_t i = 0; i < c->space.n_texts && !cli_has(s->cli, "train"); i++)
        text_addf(&out, "%-11s %s = %s\n", i ? "" : "space", c->space.texts[i].key, c->space.texts[i].text);
    fputs(text_string(&out), stdout);
    text_release(&out);
}

static int has_ablation(const struct session *s)
{
    for (size_t i = 0; i < s->config.n_sections; i++)
        if (!strcmp(s->config.sections[i].name, "ablation"))
            return 1;
    return 0;
}

/* What [ablation] makes of the files: every cell is composed. */
static int compose_cells(struct session *s, struct ablation *ablation)
{
    if (ablation_make(ablation, &s->config, s->catalog, &s->host, &s->complaints) == 0)
        return 0;
    return cli_complaints(&s->complaints);
}

/* Where there is nothing but cells, the first of them stands for the study in what is printed. */
static int compose_first_cell(struct session *s, struct ablation *ablation)
{
    if (ablation_run_compose(ablation, ablation->cells, NULL, 0, &s->composition, &s->complaints) < 0)
        return cli_complaints(&s->complaints);
    composition_text(&s->composition, NULL, 0, &s->config_text);
    return s->config_text.failed ? cli_fail(EXIT_FAILED, "out of memory") : 0;
}

static void print(const struct session *s, const struct ablation *ablation)
{
    struct text sources = TEXT_INIT;
    if (cli_has(s->cli, "resolved"))
        fputs(text_string(&s->config_text), stdout);
    if (cli_has(s->cli, "sources"))
        composition_sources(&s->composition, &sources);
    fputs(text_string(&sources), stdout);
    text_release(&sources);
    if (cli_has(s->cli, "resolved") || cli_has(s->cli, "sources"))
        return;
    print_summary(s);
    if (ablation->n_compared)
        printf("ablation    for hone ablate: %zu cells, %zu seeds, design %s, by %s\n", ablation->n_compared,
               ablation->n_seeds, ablation->design->name, ablation->metric);
}

static int run(const struct cli *cli)
{
    struct session s;
    struct ablation ablation = { 0 };
    const int train = cli_has(cli, "train");
    int code = session_read_config(&s, cli);
    const int ablated = code == 0 && has_ablation(&s),
              study = !ablated || train ||
                      ablation_is_searched(&s.config); /* else the files are for hone ablate alone */
    if (code == 0 && study)
        code = session_compose(&s, train ? COMPOSE_TRAIN : 0);
    if (code == 0 && study)
        code = check_points(&s);
    if (code == 0 && ablated)
        code = compose_cells(&s, &ablation);
    if (code == 0 && !study)
        code = compose_first_cell(&s, &ablation);
    session_catch_signals();
    if (code == 0 && study && !cli_has(cli, "tables-only"))
        code = ask_objective(&s, &s.composition, text_string(&s.config_text));
    if (code == 0 && ablated && !train && !cli_has(cli, "tables-only"))
        code = ask_cells(&s, &ablation);
    if (code == EXIT_OK)
        print(&s, &ablation);
    ablation_release(&ablation);
    session_release(&s);
    return code;
}

const struct command command_check = {
    "check",
    "say all that is wrong with INI files, without running them",
    "FILE... [options]",
    "Reads the files as 'hone run' does, later ones over earlier ones, then --set. Everything that\n"
    "is wrong is said at once, as FILE:LINE:COLUMN: what, and the exit code is 3. If nothing is\n"
    "wrong with the text, the objective is asked whether its files are there and its shapes fit.\n"
    "Prints what would run, or with --resolved the INI that alone reproduces it.\n"
    "\n"
    "With [ablation], every cell that 'hone ablate' would run is checked as well; files in which\n"
    "nothing is searched are checked for it alone, and the first cell is what is printed.\n",
    options,
    1,
    -1,
    run,
    0
};
