/* SPDX-License-Identifier: MIT */
/* `hone plugin-scan FILE`: the child that describes a module (core/plugin/scan.c); not for users. */
#include "cli/cli.h"

static int run(const struct cli *cli)
{
    return catalog_scan_main(cli->arguments[0]);
}

const struct command command_plugin_scan = { "plugin-scan", NULL, "FILE", NULL, NULL, 1, 1, run, 0 };
