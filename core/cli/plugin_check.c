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
    NULL,
    0,
    -1,
    run,
    1
};
