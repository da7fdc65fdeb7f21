/* SPDX-License-Identifier: MIT */
/* `hone worker`: started by `hone run` and `hone train` only. */
#include "worker/worker.h"

#include "cli/cli.h"

static int run(const struct cli *cli)
{
    (void)cli;
    return worker_main();
}

const struct command command_worker = {
    "worker", NULL,
    "",       "Evaluates trials for a coordinator on the descriptors that it was given. Not for use by hand.\n",
    NULL,     0,
    0,        run,
    0
};
