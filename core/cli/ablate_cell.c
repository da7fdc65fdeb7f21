/* SPDX-License-Identifier: MIT */
/* `hone ablate-cell PARENT`: the child that runs one study of an ablation (core/ablation/run.c): its resolved INI on standard input. It ends
 * in order when its parent dies. Not for users. */
#include "cli/run.h"
#include "hone/param.h"
#include "hone/settings.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

static const struct option_row options[] = {
    OPTION_PLUGIN_PATH,
    OPTION_NO_DEFAULT_PATH,
    OPTION_QUIET,
    { NULL, 0, NULL, NULL, 0 },
};

static int run(const struct cli *cli)
{
    static char input[] = "-";
    char *const arguments[] = { input, NULL };
    struct cli with_input = *cli;
    struct session session;
    int64_t parent = 0;
    with_input.arguments = (char **)(uintptr_t)arguments;
    with_input.n_arguments = 1;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (!hone_parse_int(cli->arguments[0], NULL, &parent) || getppid() != parent) /* it died before that */
        return EXIT_FAILED;
    int code = session_read(&session, &with_input, 0);
    if (code == 0) {
        session.terminal.quiet = 1;
        code = run_session(&session);
    }
    session_release(&session);
    return code;
}

const struct command command_ablate_cell = { "ablate-cell", NULL, "PARENT", NULL, options, 1, 1, run, 0 };
