/* SPDX-License-Identifier: MIT */
/* `hone info`: everything that a component says of itself; the text and JSON are in info_text.c and info_json.c. */
#include "cli/info.h"

#include "base/suggest.h"
#include "ablation/ablation_table.h"
#include "config/study_table.h"

#include <string.h>

static const struct option_row options[] = {
    { "all", 'a', NULL, "also keys for advanced use and deprecated ones", 0 },
    { "format", 0, "FORMAT", "text (default) or json", 0, "text json" },
    OPTION_PLUGIN_PATH,
    OPTION_NO_DEFAULT_PATH,
    { NULL, 0, NULL, NULL, 0 },
};

int info_takes_many(const struct catalog *catalog, const char *kind)
{
    const struct catalog_component *const *c;
    const size_t n = catalog_components(catalog, &c);
    if (!strcmp(kind, "reporter"))
        return 1;
    for (size_t i = 0; i < n; i++)
        for (uint32_t s = 0; s < c[i]->n_slots; s++) {
            const size_t length = strcspn(c[i]->slots[s]->kind, "/");
            if (strlen(kind) == length && !memcmp(kind, c[i]->slots[s]->kind, length) && c[i]->slots[s]->max > 1)
                return 1;
        }
    return 0;
}

static int show_component(const struct cli *cli, const struct catalog *catalog,
                          const struct catalog_component *component, int json)
{
    struct text out = TEXT_INIT;
    (json ? info_json : info_text)(&out, catalog, component, cli_has(cli, "all"));
    if (!out.failed)
        fputs(text_string(&out), stdout);
    const int failed = out.failed;
    text_release(&out);
    return failed ? cli_fail(EXIT_FAILED, "out of memory") : EXIT_OK;
}

/* All of a kind, a line each; JSON: an array of whole descriptions. */
static int show_kind(const struct cli *cli, const struct catalog *catalog, const char *kind, int json)
{
    const struct catalog_component *const *c;
    const size_t n = catalog_components(catalog, &c);
    const struct catalog_component *standard = catalog_default(catalog, kind);
    struct text out = TEXT_INIT;
    size_t shown = 0;
    int width = 0, failed;
    for (size_t i = 0; i < n; i++)
        if (!strcmp(c[i]->kind, kind) && (int)strlen(c[i]->name) > width)
            width = (int)strlen(c[i]->name);
    text_add(&out, json ? "[" : "");
    for (size_t i = 0; i < n; i++) {
        if (strcmp(c[i]->kind, kind))
            continue;
        if (json) {
            text_add(&out, shown++ ? ",\n" : "\n");
            info_json(&out, catalog, c[i], cli_has(cli, "all"));
        } else {
            text_addf(&out, "%s/%-*s  %s%s\n", kind, width, c[i]->name, c[i]->summary,
                      c[i] == standard ? " (default)" : "");
        }
    }
    text_add(&out, json ? "]\n" : "");
    if (!(failed = out.failed))
        fputs(text_string(&out), stdout);
    text_release(&out);
    return failed ? cli_fail(EXIT_FAILED, "out of memory") : EXIT_OK;
}

/* The one component of that name, whatever its kind. */
static int show_name(const struct cli *cli, const struct catalog *catalog, const char *name, int json)
{
    const struct catalog_component *const *c;
    const size_t n = catalog_components(catalog, &c);
    const struct catalog_component *found = NULL;
    struct text all = TEXT_INIT;
    struct suggestion s;
    int code, many = 0;
    suggestion_start(&s, name);
    for (size_t i = 0; i < n; i++) {
        suggestion_offer(&s, c[i]->name);
        suggestion_offer(&s, c[i]->kind);
        if (strcmp(c[i]->name, name))
            continue;
        many += found != NULL;
        found = c[i];
        text_addf(&all, "%s%s/%s", all.length ? ", " : "", c[i]->kind, c[i]->name);
    }
    if (found && !many)
        code = show_component(cli, catalog, found, json);
    else if (found)
        code = cli_usage_error(cli, "'%s' may be %s: say which", name, text_string(&all));
    else if (s.best)
        code = cli_fail(EXIT_PLUGIN, "there is no plugin and no kind '%s'; did you mean '%s'?", name, s.best);
    else
        code = cli_fail(EXIT_PLUGIN, "there is no plugin and no kind '%s'; 'hone plugins' lists them", name);
    text_release(&all);
    return code;
}

/* [study] and [ablation] are the core's own, and described in the same way. */
static const struct own_section {
    const char *name, *summary;
    const hone_param *params;
    const uint32_t *n_params;
    const char *more; /* for an INI file, beside the table's keys */
} own_sections[] = {
    { "study", "The run as a whole", study_params, &study_n_params, "" },
    { "ablation", "What `hone ablate` switches and compares", ablation_params, &ablation_n_params,
      "axis.NAME = SECTION.KEY: A, B               ; levels of one key; the first one is the baseline\n"
      "axis.OTHER = none | LABEL: KEY=VALUE, ...   ; or levels of several settings each; a label may be left out\n"
      "axis.THIRD.LABEL = KEY=VALUE, ...           ; the same, a level a line\n"
      "baseline.NAME = B                           ; another baseline\n"
      "design.KEY = VALUE                          ; a key of the design (hone info design/NAME)\n" },
};

static int show_own(const struct cli *cli, const struct own_section *own, int json)
{
    struct text out = TEXT_INIT;
    const int all = cli_has(cli, "all");
    if (json) {
        text_addf(&out, "{\"kind\": \"%s\"", own->name);
        info_json_table(&out, own->params, *own->n_params, all);
        text_add(&out, "}\n");
    } else {
        text_addf(&out, "[%s]  %s\n\n", own->name, own->summary);
        info_table(&out, own->params, *own->n_params, all);
        text_addf(&out, "\nFor an INI file:\n\n[%s]\n%s", own->name, own->more);
        info_keys(&out, own->params, *own->n_params, all);
    }
    const int failed = out.failed;
    fputs(failed ? "" : text_string(&out), stdout);
    text_release(&out);
    return failed ? cli_fail(EXIT_FAILED, "out of memory") : EXIT_OK;
}

static int show(const struct cli *cli, const struct catalog *catalog, const char *what, int json)
{
    const char *slash = strchr(what, '/');
    char kind[96];
    hone_error err = HONE_ERROR_INIT;
    if (!slash)
        return catalog_has_kind(catalog, what) ? show_kind(cli, catalog, what, json)
                                               : show_name(cli, catalog, what, json);
    snprintf(kind, sizeof kind, "%.*s", (int)(slash - what), what);
    if (!catalog_has_kind(catalog, kind)) {
        const struct catalog_component *const *c;
        const size_t n = catalog_components(catalog, &c);
        struct suggestion s;
        suggestion_start(&s, kind);
        for (size_t i = 0; i < n; i++)
            suggestion_offer(&s, c[i]->kind);
        return s.best ? cli_fail(EXIT_PLUGIN, "there is no plugin of kind '%s'; did you mean '%s'?", kind, s.best)
                      : cli_fail(EXIT_PLUGIN, "there is no plugin of kind '%s'", kind);
    }
    const struct catalog_component *component = catalog_find(catalog, kind, slash + 1, &err);
    return component ? show_component(cli, catalog, component, json) : cli_fail(EXIT_PLUGIN, "%s", err.msg);
}

static int run(const struct cli *cli)
{
    struct catalog *catalog = NULL;
    enum output_format format;
    int code;
    if ((code = cli_format(cli, &format)) != 0)
        return code;
    if (format == OUTPUT_CSV)
        return cli_usage_error(cli, "--format csv is none of text, json");
    for (size_t i = 0; i < sizeof own_sections / sizeof *own_sections; i++)
        if (!strcmp(cli->arguments[0], own_sections[i].name))
            return show_own(cli, &own_sections[i], format == OUTPUT_JSON);
    if ((code = cli_catalog(cli, &catalog)) != 0)
        return code;
    code = show(cli, catalog, cli->arguments[0], format == OUTPUT_JSON);
    catalog_close(catalog);
    return code;
}

const struct command command_info = {
    "info",
    "tell all about a plugin: its keys, and a section to paste",
    "KIND/NAME | KIND | NAME | study | ablation [options]",
    "KIND/NAME   one plugin: its keys with their ranges and defaults, and its section for\n"
    "            an INI file\n"
    "KIND        the plugins of a kind\n"
    "NAME        the plugin of that name, where only one kind has it\n"
    "study       the keys of [study]\n"
    "ablation    the keys of [ablation]\n",
    options,
    1,
    1,
    run,
    0
};
