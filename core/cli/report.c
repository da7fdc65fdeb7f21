/* SPDX-License-Identifier: MIT */
/* `hone report`: what a storage keeps, written by a reporter plugin: a page, a table, another program's format. */
#include "cli/writer.h"

static const struct option_row options[] = {
    { "output", 'o', "FILE", "write into FILE (default: standard output)", 0 },
    { "use", 0, "NAME", "the reporter to write it ('hone info reporter'; default: by the end of FILE's name)", 0 },
    { "set", 0, "KEY=VALUE", "set a key of the reporter (repeatable)", 1 },
    { "study", 0, "NAME", "only this study (repeatable; default: all that the storage holds)", 1 },
    OPTION_PLUGIN_PATH,
    OPTION_NO_DEFAULT_PATH,
    { NULL, 0, NULL, NULL, 0 },
};

static int run(const struct cli *cli)
{
    struct stored stored;
    const char *path = cli_value(cli, "output"), *use = cli_value(cli, "use");
    const struct catalog_component *entry = NULL;
    int code = stored_open(&stored, cli, cli->arguments[0]);
    if (code == 0 && !path && !use)
        code = cli_usage_error(cli, "say where to with -o FILE, or how with --use NAME");
    if (code == 0 && (entry = writer_choose(stored.catalog, cli, use, path, 0, &code)))
        code = writer_write(entry, cli, &stored, cli->arguments[0], path, NULL, 0);
    stored_release(&stored);
    return code;
}

const struct command command_report = {
    "report",
    "write a page, or another program's file, about studies",
    "STORAGE -o FILE [options]",
    "STORAGE is a path (fashion.db) or a URL (sqlite:fashion.db). What is written is said by the end of FILE's name,\n"
    "or by --use: 'hone info reporter' lists what there is.\n",
    options,
    1,
    1,
    run,
    0
};
