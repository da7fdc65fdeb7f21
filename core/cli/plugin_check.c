/* SPDX-License-Identifier: MIT */
/* `hone plugin check`: runs the SDK's conformance tester, which is a program of its own so that it needs nothing of
 * hone. */
#include "cli/cli.h"

#include "base/file.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the program understands, for the manual and for completion: it reads them itself. */
static const struct option_row options[] = {
    { "only", 0, "TEXT", "only cases whose line \"component case\" contains TEXT", 0 },
    { "set", 0, "KEY=VALUE",
      "a real setting where a default cannot be (a path); NAME.KEY=VALUE: for one component (repeatable)", 1 },
    { "seed", 0, "N", "seed of all random draws (default 1)", 0 },
    { "timeout", 0, "SECONDS", "of each case (default 10)", 0 },
    { "json", 0, NULL, "one JSON object per file", 0 },
    { "in-process", 0, NULL, "no child processes: for a debugger, with --only", 0 },
    { "list", 0, NULL, "what the cases are", 0 },
    { NULL, 0, NULL, NULL, 0 },
};

static int run(const struct cli *cli)
{
    static const char program[] = "hone-plugin-check";
    char *directory = program_directory(), *beside = NULL;
    char **argv = calloc((size_t)cli->n_arguments + 2, sizeof *argv);
    char name[sizeof program];
    int code;
    if (!directory || !argv || asprintf(&beside, "%s/%s", directory, program) < 0) {
        free(directory);
        free(argv);
        return cli_fail(EXIT_FAILED, "out of memory");
    }
    memcpy(name, program, sizeof program);
    argv[0] = name;
    for (int i = 0; i < cli->n_arguments; i++)
        argv[i + 1] = cli->arguments[i];
    signal(SIGPIPE, SIG_DFL);
    execv(beside, argv);
    if (errno == ENOENT)
        execv(HONE_LIBEXEC_DIR "/hone-plugin-check", argv);
    code = cli_fail(EXIT_FAILED, "%s cannot be run: %s (it should be %s or in " HONE_LIBEXEC_DIR ")", program,
                    strerror(errno), beside);
    free(directory);
    free(beside);
    free(argv);
    return code;
}

const struct command command_plugin_check = {
    "plugin check",
    "test whether a plugin keeps the SDK's contract",
    "FILE.so... [options]",
    "Loads the plugin in a process for each test: its tables, its settings, repeatability,\n"
    "saved state, and what its kind promises. Prints a line a test.\n"
    "All arguments are passed on to hone-plugin-check; 'hone plugin check --help' lists\n"
    "its options.\n",
    options,
    0,
    -1,
    run,
    1
};
