/* SPDX-License-Identifier: MIT */
/* `hone run`: the study that INI files describe, from its first trial to the test of its winner. */
#include "cli/run.h"

#include "cli/stored.h"
#include "cli/summary.h"

#include <stdlib.h>
#include <string.h>

static const struct option_row options[] = {
    OPTION_SET,
    { "workers", 'w', "N", "worker processes, or auto (study.workers)", 0 },
    { "trials", 'n', "N", "trials in all (study.trials)", 0 },
    { "time", 't', "TIME", "stop asking for new trials after this long: 90s, 20m, 2h (study.time)", 0 },
    { "storage", 's', "URL", "where the study is kept (study.storage)", 0 },
    { "enqueue", 0, "POINT", "try this point first: \"KEY=VALUE, ...\" (study.enqueue; repeatable)", 1 },
    OPTION_QUIET,
    OPTION_PLUGIN_PATH,
    OPTION_NO_DEFAULT_PATH,
    { NULL, 0, NULL, NULL, 0 },
};

static const char *storage_shown(const struct composition *c) /* the path, where its scheme is the default one */
{
    return catalog_default(c->catalog, "storage") == c->storage ? c->storage_location : c->study.storage;
}

static int end_code(struct study *study, enum study_end end)
{
    if (end == STUDY_STOPPED) {
        fprintf(stderr, "hone: stopped; the same command goes on from here (%llu trials have ended)\n",
                (unsigned long long)(study->table.complete + study->table.pruned + study->table.failed));
        return 128 + session_signal;
    }
    if (end == STUDY_SPENT)
        fprintf(stderr, "hone: %s '%s' has nothing more to propose after %llu trials\n", study->done->entry->kind,
                study->done->entry->name, (unsigned long long)study->table.n);
    if (end == STUDY_RULE)
        fprintf(stderr, "hone: the study has ended: %s\n", study->ended);
    if (study->n_given)
        fprintf(stderr, "hone: %llu of the points of [study] enqueue were not tried: the study has had its %s\n",
                (unsigned long long)study->n_given, study_may_start(study) ? "time (--time)" : "trials (--trials N)");
    if (study->table.complete)
        return EXIT_OK;
    struct text arguments = TEXT_INIT;
    stored_arguments(&arguments, storage_shown(study->composition), study->composition->study.name);
    cli_fail(EXIT_NO_TRIAL, "no trial has completed (%llu pruned, %llu failed); this says why: hone trials %s",
             (unsigned long long)study->table.pruned, (unsigned long long)study->table.failed, text_string(&arguments));
    text_release(&arguments);
    return EXIT_NO_TRIAL;
}

int run_session(struct session *session)
{
    struct study study = { 0 };
    enum study_end end = STUDY_BUDGET;
    hone_error err = HONE_ERROR_INIT;
    int code;
    session_catch_signals();
    if ((code = session_start(session)) != 0)
        return code;
    const struct study_options study_options = { &session->composition,
                                                 &session->host,
                                                 pool_crew(session->pool),
                                                 session->workers,
                                                 &session->terminal,
                                                 &session_signals,
                                                 NULL };
    hone_rc rc = study_open(&study, &study_options, &err);
    if (rc == HONE_OK)
        rc = study_run(&study, &end, &err);
    if (rc == HONE_OK && end != STUDY_STOPPED && (rc = study_final(&study, &err)) == HONE_WAIT)
        rc = HONE_OK;
    if (rc == HONE_OK)
        rc = study_tell_reporters(&study, HONE_NOW_ENDED, NULL, NULL, NULL, "", &err);
    if (rc != HONE_OK) {
        hone_error ignored = HONE_ERROR_INIT;
        if (study.n_reporters)
            study_tell_reporters(&study, HONE_NOW_ENDED, NULL, NULL, NULL, "", &ignored);
        code = session_fail(session, &err);
    } else {
        code = end_code(&study, end);
        if (code == EXIT_OK)
            summary_print(&study, storage_shown(&session->composition));
    }
    study_close(&study);
    return code;
}

static int run(const struct cli *cli)
{
    struct session session;
    int code = session_read(&session, cli, 0);
    if (code == 0)
        code = run_session(&session);
    session_release(&session);
    return code;
}

const struct command command_run = {
    "run",
    "tune what the INI files describe",
    "FILE... [options]",
    "Later files and --set override earlier ones. Results go to standard output, progress to\n"
    "standard error. The study is kept in study.storage: run the same command again after a\n"
    "crash, a kill or Ctrl-C, and it goes on. The first Ctrl-C ends in order, the second now.\n",
    options,
    1,
    -1,
    run,
    0
};
