/* SPDX-License-Identifier: MIT */
/* `hone stop`: the process that runs a study ends in order, as after Ctrl-C. */
#include "cli/request.h"

#include "base/clock.h"

static const struct option_row options[] = {
    OPTION_STUDY,           { "no-wait", 0, NULL, "do not wait until it has ended", 0 },
    OPTION_QUIET,           OPTION_PLUGIN_PATH,
    OPTION_NO_DEFAULT_PATH, { NULL, 0, NULL, NULL, 0 },
};

#define REMIND 30 /* seconds after which a process that does not end is named */

static int wait_for_end(const struct cli *cli, const struct stored *stored)
{
    const double began = seconds_steady();
    int64_t process;
    int running, reminded = 0;
    while ((running = request_runner(stored, &process)) == 1) {
        if (!reminded && seconds_steady() - began > REMIND && !cli_has(cli, "quiet")) {
            fprintf(stderr,
                    "hone: process %lld still saves its trials; ended by force, it loses what they did since "
                    "their last checkpoints\n",
                    (long long)process);
            reminded = 1;
        }
        request_pause();
    }
    return running < 0 ? EXIT_FAILED : 0;
}

static int run(const struct cli *cli)
{
    struct stored stored;
    struct text arguments = TEXT_INIT;
    int64_t process, id;
    int code = request_open(&stored, cli), running = 0;
    if (code == 0 && (running = request_runner(&stored, &process)) < 0)
        code = EXIT_FAILED;
    if (code == 0 && !running && !cli_has(cli, "quiet"))
        fprintf(stderr, "hone: study '%s' is not being run\n", stored.study.name);
    if (code == 0 && running && (code = request_put(&stored, HONE_REQUEST_STOP, "", &id)) == 0 &&
        !cli_has(cli, "no-wait") && (code = wait_for_end(cli, &stored)) == 0 && !cli_has(cli, "quiet")) {
        stored_arguments(&arguments, cli->arguments[0], stored.study.name);
        printf("stopped    study '%s', which process %lld ran\nnext       hone resume %s\n", stored.study.name,
               (long long)process, text_string(&arguments));
    }
    text_release(&arguments);
    stored_release(&stored);
    return code;
}

const struct command command_stop = {
    "stop",
    "end the process that runs a study, in order",
    "STUDY [options]",
    "STUDY is a storage: a path (fashion.db) or a URL (sqlite:fashion.db). The process that runs it saves\n"
    "the trials at work and ends with status 143, as after SIGTERM; `hone resume` goes on from there. Nothing\n"
    "is done, and that is no failure, where nobody runs the study.\n",
    options,
    1,
    1,
    run,
    0
};
