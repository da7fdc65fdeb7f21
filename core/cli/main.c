/* SPDX-License-Identifier: MIT */
/* The program. Everything is in cli.c, so that tests can link it. */
#include "cli/cli.h"

#include <signal.h>

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN); /* a reader that has gone is seen as EPIPE; children get the default back */
    return cli_finish(cli_main(argc, argv));
}
