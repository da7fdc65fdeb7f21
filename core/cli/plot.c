/* SPDX-License-Identifier: MIT */
/* `hone plot`: one plot of a study, in the terminal or as a picture, by a reporter that knows plots. */
#include "cli/writer.h"

#include "base/suggest.h"

#include <string.h>

static const struct option_row options[] = {
    OPTION_STUDY,
    { "output", 'o', "FILE", "draw into FILE, as the end of its name says: plot.svg (default: in characters)", 0 },
    { "use", 0, "NAME", "the reporter to draw it ('hone info reporter')", 0 },
    { "set", 0, "KEY=VALUE", "set a key of the reporter: objective, width, height (repeatable)", 1 },
    OPTION_PLUGIN_PATH,
    OPTION_NO_DEFAULT_PATH,
    { NULL, 0, NULL, NULL, 0 },
};

/* 0 where the reporter knows the plot, or the exit code after having said which there are. */
static int check_kind(const struct cli *cli, const struct catalog_component *entry, const char *kind)
{
    const char *const *kinds = NULL;
    struct text names = TEXT_INIT;
    struct suggestion suggestion;
    int known = 0, code = 0;
    for (uint32_t i = 0; i < entry->n_params; i++)
        if (!strcmp(entry->params[i].key, "kind"))
            kinds = entry->params[i].choices;
    suggestion_start(&suggestion, kind);
    for (size_t i = 0; kinds && kinds[i]; i++) {
        known |= !strcmp(kinds[i], kind);
        suggestion_offer(&suggestion, kinds[i]);
        text_addf(&names, "%s%s", i ? ", " : "", kinds[i]);
    }
    if (!known && suggestion.best)
        code = cli_usage_error(cli, "%s draws no '%s'; did you mean '%s'?", entry->name, kind, suggestion.best);
    else if (!known)
        code = cli_usage_error(cli, "%s draws no '%s'; it draws %s", entry->name, kind, text_string(&names));
    text_release(&names);
    return code;
}

static int run(const struct cli *cli)
{
    struct stored stored;
    const char *kind = cli->arguments[0], *url = cli->arguments[1], *path = cli_value(cli, "output");
    const struct setting_text setting = { "kind", kind };
    const struct catalog_component *entry = NULL;
    int code = stored_open(&stored, cli, url);
    if (code == 0)
        entry = writer_choose(stored.catalog, cli, cli_value(cli, "use"), path, HONE_REPORTER_PLOTS, &code);
    if (entry && (code = check_kind(cli, entry, kind)) == 0)
        code = writer_write(entry, cli, &stored, url, path, &setting, 1);
    stored_release(&stored);
    return code;
}

const struct command command_plot = {
    "plot",
    "draw one plot of a study in the terminal, or into a file",
    "KIND STUDY [options]",
    "KIND: history, intermediate, parallel, slice, contour, importance, rank, edf,\n"
    "pareto, timeline, learning, confusion, ablation.\n"
    "STUDY is a storage: a path (fashion.db) or a URL (sqlite:fashion.db), with --study where it holds several.\n",
    options,
    2,
    2,
    run,
    0
};
