/* SPDX-License-Identifier: MIT */
/* `hone plugins`: what is installed. */
#include "cli/cli.h"

#include "base/suggest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct option_row options[] = {
    { "all", 'a', NULL, "also broken and shadowed plugins, with the reason, and each one's file", 0 },
    { "kind", 'k', "KIND", "only this kind (search, optimizer, ...)", 0 },
    OPTION_FORMAT,
    OPTION_PLUGIN_PATH,
    OPTION_NO_DEFAULT_PATH,
    { "rescan", 0, NULL, "look into every file again instead of trusting the cache", 0 },
    { NULL, 0, NULL, NULL, 0 },
};

static const struct column columns[] = {
    { "kind", COLUMN_TEXT },    { "name", COLUMN_TEXT },   { "version", COLUMN_TEXT },
    { "summary", COLUMN_TEXT }, { "status", COLUMN_TEXT }, { "file", COLUMN_TEXT },
};
enum { N_SHORT = 4, N_ALL = 6 };

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int print_rows(const struct catalog *catalog, const char *kind, int all, enum output_format format)
{
    const struct catalog_component *const *components;
    const struct catalog_module *const *modules;
    const size_t n = catalog_components(catalog, &components), n_modules = catalog_modules(catalog, &modules);
    struct output output;
    if (output_open(&output, format, columns, all ? N_ALL : N_SHORT) < 0)
        return cli_fail(EXIT_FAILED, "out of memory");
    for (size_t i = 0; i < n; i++) {
        const struct catalog_component *c = components[i];
        if (kind && strcmp(c->kind, kind))
            continue;
        output_row(&output,
                   (const char *const[]){ c->kind, c->name, c->module->version, c->summary, "ok", c->module->path });
    }
    for (size_t i = 0; all && !kind && i < n_modules; i++) {
        const struct catalog_module *m = modules[i];
        struct text status = TEXT_INIT;
        if (m->broken)
            text_addf(&status, "broken: %s", m->broken);
        else if (m->shadowed)
            text_addf(&status, "shadowed by %s, which has the same id (%s)", m->shadowed, m->id);
        if (status.length)
            output_row(&output, (const char *const[]){ NULL, NULL, *m->version ? m->version : NULL, NULL,
                                                       text_string(&status), m->path });
        text_release(&status);
    }
    return output_close(&output) < 0 ? cli_fail(EXIT_FAILED, "standard output: %s", strerror(errno)) : EXIT_OK;
}

static int check_kind(const struct cli *cli, const struct catalog *catalog, const char *kind)
{
    const struct catalog_component *const *components;
    const size_t n = catalog_components(catalog, &components);
    struct suggestion s;
    if (!kind || catalog_has_kind(catalog, kind))
        return 0;
    suggestion_start(&s, kind);
    for (size_t i = 0; i < n; i++)
        suggestion_offer(&s, components[i]->kind);
    if (s.best)
        return cli_usage_error(cli, "no plugin of kind '%s'; did you mean '%s'?", kind, s.best);
    return cli_usage_error(cli, "no plugin of kind '%s'", kind);
}

static int run(const struct cli *cli)
{
    const char *kind = cli_value(cli, "kind");
    struct catalog *catalog = NULL;
    enum output_format format;
    int code;
    if ((code = cli_format(cli, &format)) != 0 || (code = cli_catalog(cli, &catalog)) != 0)
        return code;
    if ((code = check_kind(cli, catalog, kind)) == 0)
        code = print_rows(catalog, kind, cli_has(cli, "all"), format);
    if (code == EXIT_OK) {
        const struct catalog_module *const *modules;
        const size_t n = catalog_modules(catalog, &modules);
        fflush(stdout); /* the rows before the complaints */
        for (size_t i = 0; i < n; i++)
            if (modules[i]->broken)
                cli_fail(0, "%s: %s", base_name(modules[i]->path), modules[i]->broken);
    }
    catalog_close(catalog);
    return code;
}

const struct command command_plugins = {
    "plugins",
    "list the plugins that are installed",
    "[options]",
    "Plugins are looked for in --plugin-path, then $HONE_PLUGIN_PATH (a list with colons),\n"
    "then plugins/ beside the program, then $XDG_DATA_HOME/hone/plugins-1, then the\n"
    "installed ones. A file is looked into once, in a process of its own; what was found is\n"
    "remembered in $XDG_CACHE_HOME/hone. Of two modules with the same id the first counts.\n"
    "'hone info KIND/NAME' tells about one.\n",
    options,
    0,
    0,
    run,
    0
};
