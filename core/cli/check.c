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

static void complain_metric(struct session *s, const hone_description *d, const char *name, const struct place *place)
{
    const int tested = s->composition.study.evaluate == EVALUATE_TEST;
    hone_error err = HONE_ERROR_INIT;
    if (study_check_metric(d, name, tested, NULL, NULL, &err) != HONE_OK)
        complain(&s->complaints, place, "%s", err.msg);
}

static void hold_against(struct session *s, const hone_description *d)
{
    const struct composition *c = &s->composition;
    const struct place space = composition_place(c, "space", NULL);
    for (size_t i = 0; i < c->n_objectives; i++)
        complain_metric(s, d, c->objectives[i].metric, &c->objectives[i].place);
    for (size_t i = 0; i < c->n_constraints; i++)
        complain_metric(s, d, c->constraints[i].metric, &c->constraints[i].place);
    for (uint32_t i = 0; i < d->n_keys && !cli_has(s->cli, "train"); i++)
        if (!space_lines_find(&c->space, d->keys[i]))
            complain(&s->complaints, &space, "the objective needs '%s' in [space], for example: %s = real 0 .. 1",
                     d->keys[i], d->keys[i]);
}

/* Has a worker describe the objective. */
static int ask_objective(struct session *s)
{
    const struct study_settings *study = &s->composition.study;
    hone_error err = HONE_ERROR_INIT;
    const struct pool_options pool = { 1,
                                       text_string(&s->config_text),
                                       study->directory,
                                       (uint64_t)study->split_seed,
                                       0,
                                       study->trial_memory,
                                       study->checkpoint_interval,
                                       1.0,
                                       &s->catalog_options,
                                       NULL };
    const double until = seconds_steady() + PATIENCE;
    session_catch_signals();
    if (pool_create(&s->pool, &pool, &err) != HONE_OK)
        return session_fail(s, &err);
    struct crew *crew = pool_crew(s->pool);
    while (seconds_steady() < until) {
        struct crew_event event;
        if (session_signals)
            return 128 + session_signal;
        const hone_rc rc = crew->wait(crew, 0.2, &event, &err);
        if (rc < 0)
            return session_fail(s, &err);
        if (rc != HONE_OK || event.what != CREW_READY)
            continue;
        if (event.rc != HONE_OK) {
            study_not_ready(&event, &err);
            return session_fail(s, &err);
        }
        hold_against(s, event.description);
        if (!s->complaints.n)
            return EXIT_OK;
        complaints_print(&s->complaints, stderr);
        return EXIT_CONFIGURATION;
    }
    return cli_fail(EXIT_FAILED, "the objective did not get ready within %d s", PATIENCE);
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
            text_addf(&out, "%lld trials, ", (long long)study->trials);
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

/* What [ablation] makes of the files: every cell is composed. summary: a line about it. 0, or the exit code. */
static int check_ablation(struct session *s, struct text *summary)
{
    struct ablation ablation = { 0 };
    int has = 0, code = 0;
    for (size_t i = 0; i < s->config.n_sections; i++)
        has |= !strcmp(s->config.sections[i].name, "ablation");
    if (has && ablation_make(&ablation, &s->config, s->catalog, &s->host, &s->complaints) < 0) {
        complaints_print(&s->complaints, stderr);
        code = EXIT_CONFIGURATION;
    } else if (has) {
        text_addf(summary, "ablation    for hone ablate: %zu cells, %zu seeds, design %s, by %s\n", ablation.n_compared,
                  ablation.n_seeds, ablation.design->name, ablation.metric);
    }
    ablation_release(&ablation);
    return code;
}

static int run(const struct cli *cli)
{
    struct session session;
    struct text sources = TEXT_INIT, ablation = TEXT_INIT;
    int code = session_read(&session, cli, cli_has(cli, "train") ? COMPOSE_TRAIN : 0);
    if (code == 0)
        code = check_points(&session);
    if (code == 0)
        code = check_ablation(&session, &ablation);
    if (code == 0 && !cli_has(cli, "tables-only"))
        code = ask_objective(&session);
    if (code == EXIT_OK) {
        if (cli_has(cli, "resolved"))
            fputs(text_string(&session.config_text), stdout);
        if (cli_has(cli, "sources"))
            composition_sources(&session.composition, &sources);
        fputs(text_string(&sources), stdout);
        if (!cli_has(cli, "resolved") && !cli_has(cli, "sources")) {
            print_summary(&session);
            fputs(text_string(&ablation), stdout);
        }
    }
    text_release(&ablation);
    text_release(&sources);
    session_release(&session);
    return code;
}

const struct command command_check = {
    "check",
    "say all that is wrong with INI files, without running them",
    "FILE... [options]",
    "Reads the files as 'hone run' does, later ones over earlier ones, then --set. Everything that\n"
    "is wrong is said at once, as FILE:LINE:COLUMN: what, and the exit code is 3. If nothing is\n"
    "wrong with the text, the objective is asked whether its files are there and its shapes fit.\n"
    "Prints what would run, or with --resolved the INI that alone reproduces it.\n",
    options,
    1,
    -1,
    run,
    0
};
