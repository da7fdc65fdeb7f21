/* SPDX-License-Identifier: MIT */
/* hone(1) and a page for each command. */
#include "cli/man.h"

#include "cli/info.h"
#include "cli/roff.h"
#include "hone/reporter.h"
#include "hone/settings.h"

#include <math.h>
#include <string.h>

static const struct {
    enum exit_code code;
    const char *means;
} exits[] = {
    { EXIT_OK, "All went well." },
    { EXIT_FAILED, "Something failed while running." },
    { EXIT_USAGE, "Unknown command, option or argument." },
    { EXIT_CONFIGURATION, "The INI files are not in order." },
    { EXIT_PLUGIN, "A plugin is missing, broken, or of another ABI." },
    { EXIT_NO_TRIAL, "The study ended without one finished trial." },
};

static const struct {
    const char *name, *means;
} variables[] = {
    { "HONE_PLUGIN_PATH", "Directories of plugins, colons between them, searched behind `--plugin-path`." },
    { "NO_COLOR", "Not empty: no colour on a terminal." },
    { "XDG_CACHE_HOME",
      "`hone` in it keeps what plugins say of themselves, and decoded data sets (default `~/.cache`)." },
    { "XDG_DATA_HOME", "`hone/plugins-1` in it holds the user's own plugins (default `~/.local/share`)." },
};

/* Plugins that are run by a command of their own, and have no section in an INI file. */
static const struct man_part {
    const char *command, *kind, *title; /* title NULL: its page does not list them */
    const char *hook;                   /* that they must have, or NULL */
    uint32_t flags;                     /* of the kind's struct, that they must have */
} parts[] = {
    { "bench", "benchmark", "BENCHMARKS", NULL, 0 }, { "importance", "importance", "METHODS", NULL, 0 },
    { "diagnose", "diagnosis", "RULES", NULL, 0 },   { "report", "reporter", "FORMATS", "write", 0 },
    { "ablate", "design", "DESIGNS", NULL, 0 },      { "plot", "reporter", NULL, "write", HONE_REPORTER_PLOTS },
};

static const struct man_part *part_of(const char *command)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strcmp(parts[i].command, command))
            return &parts[i];
    return NULL;
}

const char *man_part_kind(const char *command)
{
    const struct man_part *part = part_of(command);
    return part ? part->kind : NULL;
}

int man_is_part(const struct catalog_component *component, const char *command)
{
    const struct man_part *part = part_of(command);
    return part && !strcmp(component->kind, part->kind) && (!part->hook || catalog_has_hook(component, part->hook)) &&
           (component->iface_flags & part->flags) == part->flags;
}

void man_command_name(const struct command *command, char *name, size_t n)
{
    snprintf(name, n, "hone-%s", command->name);
    for (char *c = name; *c; c++)
        *c = *c == ' ' ? '-' : *c;
}

static void add_exits(struct text *out)
{
    char code[8];
    roff_section(out, "EXIT STATUS");
    for (size_t i = 0; i < sizeof exits / sizeof *exits; i++) {
        snprintf(code, sizeof code, "%d", (int)exits[i].code);
        roff_item(out, code, "");
        roff_text(out, exits[i].means);
    }
    roff_item(out, "128+n", "");
    roff_text(out, "Ended by signal n, in order: 130 after Ctrl-C.");
}

static void add_option(struct text *out, const struct option_row *row)
{
    char names[96];
    snprintf(names, sizeof names, "%s%.1s%s--%s", row->letter ? "-" : "", row->letter ? &row->letter : "",
             row->letter ? ", " : "", row->name);
    roff_item(out, names, row->argument ? row->argument : "");
    struct text help = TEXT_INIT;
    text_add(&help, row->help);
    text_add(&help, ".");
    roff_text(out, text_string(&help));
    out->failed |= help.failed;
    text_release(&help);
}

/* "number, 0 .. 1; default 0.5; tunable; only where schedule=step" */
static void add_facts(struct text *out, const hone_param *p)
{
    struct text facts = TEXT_INIT;
    char range[96];
    text_add(&facts, info_type(p));
    for (uint32_t i = 0; p->type == HONE_T_ENUM && p->choices && p->choices[i]; i++)
        text_addf(&facts, "%s%s", i ? " | " : ": ", p->choices[i]);
    if ((p->type == HONE_T_INT || p->type == HONE_T_REAL || p->type == HONE_T_INTS || p->type == HONE_T_REALS) &&
        (isfinite(p->min) || isfinite(p->max))) {
        hone_param_range(p, range, sizeof range);
        text_addf(&facts, " %s", range);
    }
    if (p->unit)
        text_addf(&facts, ", in %s", p->unit);
    if (!p->def)
        text_add(&facts, "; required");
    else if (*p->def)
        text_addf(&facts, "; default %s", p->def);
    if (p->flags & HONE_P_TUNABLE)
        text_add(&facts, p->flags & HONE_P_LOG ? "; tunable, log" : "; tunable");
    if (p->active_if)
        text_addf(&facts, "; only where %s", p->active_if);
    text_add(&facts, p->flags & HONE_P_DEPRECATED ? "; deprecated." : ".");
    roff_text(out, text_string(&facts));
    out->failed |= facts.failed;
    text_release(&facts);
}

void man_parameters(struct text *out, const hone_param *params, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        roff_item(out, params[i].key, "");
        add_facts(out, &params[i]);
        text_add(out, ".br\n");
        roff_text(out, params[i].doc);
    }
}

static void add_parts(struct text *out, const struct command *command, const struct catalog *catalog)
{
    const struct catalog_component *const *c;
    const size_t n = catalog_components(catalog, &c);
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
        if (strcmp(parts[p].command, command->name) != 0 || !parts[p].title)
            continue;
        roff_section(out, parts[p].title);
        for (size_t i = 0; i < n; i++) {
            if (!man_is_part(c[i], command->name))
                continue;
            roff_subsection(out, c[i]->name);
            roff_text(out, c[i]->summary);
            if (c[i]->doc && *c[i]->doc) {
                text_add(out, ".PP\n");
                roff_paragraphs(out, c[i]->doc);
            }
            man_parameters(out, c[i]->params, c[i]->n_params);
        }
    }
}

void man_command(struct text *out, const struct command *command, const struct catalog *catalog)
{
    char name[64];
    man_command_name(command, name, sizeof name);
    roff_page(out, name, '1', command->summary);
    roff_section(out, "SYNOPSIS");
    roff_usage(out, command->name, command->usage);
    if (command->details) {
        roff_section(out, "DESCRIPTION");
        roff_paragraphs(out, command->details);
    }
    roff_section(out, "OPTIONS");
    for (const struct option_row *row = command->options; row && row->name; row++)
        add_option(out, row);
    add_option(out, &cli_help_row);
    add_parts(out, command, catalog);
    add_exits(out);
    man_see_also(out, name, (const char *const[]){ "hone", "hone.ini", "hone-plugin", NULL });
}

void man_program(struct text *out)
{
    char name[64];
    roff_page(out, "hone", '1', "tune and regularize deep networks");
    roff_section(out, "SYNOPSIS");
    roff_usage(out, "", "COMMAND [options]");
    roff_section(out, "DESCRIPTION");
    roff_text(out, "hone tunes and regularizes deep networks, and anything else that has parameters and a result. INI "
                   "files compose a run; everything but the study itself is a plugin: search strategies, trial "
                   "schedulers, networks, regularizers, optimizers, metrics, readers, storages, reporters.");
    roff_section(out, "COMMANDS");
    for (const struct command *const *c = cli_commands; *c; c++) {
        if (!(*c)->summary)
            continue;
        man_command_name(*c, name, sizeof name);
        roff_item(out, (*c)->name, "");
        roff_text(out, (*c)->summary);
        text_add(out, "See\n.BR ");
        roff_word(out, name, strlen(name));
        text_add(out, " (1).\n");
    }
    roff_section(out, "OPTIONS");
    add_option(out, &(const struct option_row){ "help", 'h', NULL, "list the commands", 0, NULL });
    add_option(out, &(const struct option_row){ "version", 'V', NULL,
                                                "print the versions of hone, of the plugin ABI, of the library behind "
                                                "the networks",
                                                0, NULL });
    add_exits(out);
    roff_section(out, "ENVIRONMENT");
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        roff_item(out, variables[i].name, "");
        roff_text(out, variables[i].means);
    }
    roff_section(out, "EXAMPLES");
    static const char examples[] = "hone run study.ini                 # run a study, or go on with one\n"
                                   "hone check study.ini               # only say what is wrong with it\n"
                                   "hone best study.db --format ini >best.ini\n"
                                   "hone train best.ini                # train the winner\n";
    roff_verbatim(out, examples, sizeof examples - 1);
    man_see_also(out, "hone", NULL);
}
