/* SPDX-License-Identifier: MIT */
/* `hone resume`: goes on with a study from its storage alone, without the INI files that began it. */
#include "cli/run.h"
#include "cli/stored.h"

#include <stdlib.h>
#include <string.h>

static const struct option_row options[] = {
    OPTION_STUDY,
    { "workers", 'w', "N", "worker processes, or auto", 0 },
    { "trials", 'n', "N", "trials in all: more than before to go on with a study that has ended", 0 },
    { "time", 't', "TIME", "stop asking for new trials after this long: 90s, 20m, 2h", 0 },
    { "enqueue", 0, "POINT", "try this point next: \"KEY=VALUE, ...\" (repeatable)", 1 },
    OPTION_QUIET,
    OPTION_PLUGIN_PATH,
    OPTION_NO_DEFAULT_PATH,
    { NULL, 0, NULL, NULL, 0 },
};

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
    stored_release(&stored); /* a study is open once */
    if (config.failed)
        code = cli_fail(EXIT_FAILED, "out of memory");
    if (code == 0)
        code = session_read_stored(&session, cli, cli->arguments[0], text_string(&config), 0);
    if (code == 0)
        code = run_session(&session);
    session_release(&session);
    text_release(&config);
    return code;
}

const struct command command_resume = { "resume",
                                        "go on with a study from its storage",
                                        "STUDY [options]",
                                        "STUDY is a storage: a path (fashion.db) or a URL (sqlite:fashion.db).\n",
                                        options,
                                        1,
                                        1,
                                        run,
                                        0 };
