/* SPDX-License-Identifier: MIT */
/* `hone verify`: asks search and scheduler again all that they were asked in a study, in the recorded order, and holds their
 * answers against those recorded. */
#include "cli/session.h"
#include "cli/stored.h"

#include "study/study.h"

static const struct option_row options[] = {
    OPTION_STUDY,
    OPTION_PLUGIN_PATH,
    OPTION_NO_DEFAULT_PATH,
    { NULL, 0, NULL, NULL, 0 },
};

static int verify(struct session *session)
{
    struct study study = { 0 };
    struct verification verification = { 0 };
    hone_error err = HONE_ERROR_INIT;
    int code;
    session_catch_signals();
    if ((code = session_start(session)) != 0)
        return code;
    const struct study_options study_options = { &session->composition, &session->host,     pool_crew(session->pool),
                                                 session->workers,      &session->terminal, &session_signals,
                                                 &verification };
    if (study_open(&study, &study_options, &err) != HONE_OK) {
        code = session_fail(session, &err);
    } else if (verification.difference[0]) {
        printf("differs    %s\n", verification.difference);
        code = EXIT_FAILED;
    } else {
        printf("as recorded  %llu decisions in %llu trials\n", (unsigned long long)verification.decisions,
               (unsigned long long)study.table.n);
    }
    study_close(&study);
    return code;
}

static int run(const struct cli *cli)
{
    struct stored stored;
    struct session session = { 0 };
    struct text config = TEXT_INIT;
    int code = stored_open(&stored, cli, cli->arguments[0]);
    if (code == 0)
        code = stored_choose(&stored, cli);
    if (code == 0)
        text_add(&config, stored.study.config);
    stored_release(&stored);
    if (config.failed)
        code = cli_fail(EXIT_FAILED, "out of memory");
    if (code == 0)
        code = session_read_stored(&session, cli, cli->arguments[0], text_string(&config), 0);
    if (code == 0)
        code = verify(&session);
    session_release(&session);
    text_release(&config);
    return code;
}

const struct command command_verify = {
    "verify",
    "ask search and scheduler again, and compare with what is recorded",
    "STUDY [options]",
    "STUDY is a storage: a path (fashion.db) or a URL (sqlite:fashion.db). Nothing is trained and\n"
    "nothing is written: every proposal, order and verdict is asked for again, in the recorded\n"
    "order, with the recorded values. Exit 1, and the first difference, where one is otherwise.\n",
    options,
    1,
    1,
    run,
    0
};
