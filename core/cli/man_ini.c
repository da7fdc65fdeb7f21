/* SPDX-License-Identifier: MIT */
/* hone.ini(5) and hone-plugin(7). */
#include "cli/man.h"

#include "cli/info.h"
#include "cli/roff.h"
#include "ablation/ablation_table.h"
#include "config/study_table.h"
#include "plugin/kinds.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct row {
    const char *left, *right;
};

static void add_rows(struct text *out, const struct row *rows)
{
    for (; rows->left; rows++) {
        roff_item(out, rows->left, "");
        roff_text(out, rows->right);
    }
}

static const char form[] =
    "A file is lines: `[section]`, `key = value`, empty ones, and comments that begin with `;` or `#`. A comment may "
    "stand behind a value, a blank before it; a value that holds one of these signs, or blanks at its ends, is quoted "
    "with \" or '. Names are lower-case letters, digits, _ and dots.\n\n"
    "Later files hold over earlier ones, `--set SECTION.KEY=VALUE` over all files; `include` in [study] names files "
    "that "
    "are read first. Everything is checked before anything runs, and all that is wrong is said at once.\n\n"
    "A section is a part of the run, `use` names its plugin, the other keys are the plugin's. Where several parts of a "
    "kind may stand side by side, each has a name, [KIND.NAME]; the name is the plugin's too, unless `use` says "
    "otherwise. `enabled = no` switches a part off. A path is relative to the file that it stands in.";

static const struct row space[] = {
    { "KEY = real LOW .. HIGH [log] [step S]",
      "a number; log: equal chances for equal factors; step: in steps from the lower bound" },
    { "KEY = int LOW .. HIGH [log] [step S]", "a whole number" },
    { "KEY = normal MEAN DEVIATION [in LOW .. HIGH]", "a normally distributed number, cut to the bounds" },
    { "KEY = lognormal MEAN DEVIATION [in LOW .. HIGH]", "the same of the number's logarithm" },
    { "KEY = choice A [weight W], B ...", "one of them; weights: with unequal chances" },
    { "KEY = ordinal A, B, C ...", "one of them, in order" },
    { "KEY = fixed V", "this value" },
    { "... if OTHER = V | W and ...",
      "only where that holds; also with !=, <, <=, > and >=. `SECTION.use` and `SECTION.enabled` may be searched" },
    { "where = A < B", "a relation that all points satisfy; also `where.NAME`, for more of them" },
    { NULL, NULL },
};

static const struct row axes[] = {
    { "axis.NAME = SECTION.KEY: A, B, ...",
      "an axis: levels of one key. The first level is the baseline. A value with commas is quoted" },
    { "axis.NAME = none | LABEL: SECTION.KEY=VALUE, ... | ...",
      "levels that are several settings each; none sets nothing; the label may be left out" },
    { "axis.NAME.LABEL = SECTION.KEY=VALUE, ...", "the same, a level a line; or none" },
    { "baseline.NAME = LABEL", "another baseline" },
    { "design.KEY = VALUE", "a key of the design" },
    { NULL, NULL },
};

static const char example[] = "[study]\n"
                              "trials     = 60\n"
                              "objectives = METRIC max            ; a metric that the objective reports\n"
                              "[objective]\n"
                              "use = NAME\n"
                              "KEY = VALUE                        ; a key of that plugin\n"
                              "[KIND.NAME]                        ; a part that it composes, one of several\n"
                              "[space]\n"
                              "KIND.KEY      = real 1e-3 .. 0.5 log\n"
                              "KIND.NAME.KEY = int 1 .. 8\n"
                              "KIND.use      = choice NAME, OTHER ; the plugin itself\n";

static void add_title(struct text *out, const char *kind)
{
    char title[64];
    snprintf(title, sizeof title, "%s", kind);
    for (char *c = title; *c; c++)
        *c = *c == '_' ? ' ' : (char)toupper((unsigned char)*c);
    roff_section(out, title);
}

/* Keys that an objective adds to the sections of a kind. */
static void add_slot_keys(struct text *out, const struct catalog *catalog, const char *kind)
{
    const struct catalog_component *const *c;
    const size_t n = catalog_components(catalog, &c);
    for (size_t i = 0; i < n; i++)
        for (uint32_t s = 0; s < c[i]->n_slots; s++) {
            const hone_slot *slot = c[i]->slots[s];
            if (strncmp(slot->kind, kind, strlen(kind)) || slot->kind[strlen(kind)] != '/' || !slot->n_params)
                continue;
            struct text line = TEXT_INIT;
            text_addf(&line, "Under %s/%s, these sections also have:", c[i]->kind, c[i]->name);
            text_add(out, ".PP\n");
            roff_text(out, text_string(&line));
            text_release(&line);
            man_parameters(out, slot->params, slot->n_params);
        }
}

void man_ini(struct text *out, const struct catalog *catalog)
{
    const struct catalog_component *const *c;
    const size_t n = catalog_components(catalog, &c);
    roff_page(out, "hone.ini", '5', MAN_INI_SUMMARY);
    roff_section(out, "DESCRIPTION");
    roff_paragraphs(out, form);
    roff_section(out, "EXAMPLES");
    roff_verbatim(out, example, sizeof example - 1);
    text_add(out, ".PP\n");
    roff_text(
        out,
        "`hone info KIND/NAME` prints a section to paste. Whole examples are installed with the documents of hone, "
        "in share/doc/hone/examples.");
    roff_section(out, "THE SPACE");
    roff_text(out, "Every line of [space] is a key of a part, by its path, and what it may be:");
    add_rows(out, space);
    roff_section(out, "STUDY");
    roff_text(out, "The keys of [study]:");
    man_parameters(out, study_params, study_n_params);
    roff_section(out, "ABLATION");
    roff_text(out, "What `hone ablate` makes of the file; other commands leave [ablation] unread. Its axes:");
    add_rows(out, axes);
    roff_text(out, "And its other keys:");
    man_parameters(out, ablation_params, ablation_n_params);
    const char *before = "";
    for (size_t i = 0; i < n; i++) {
        const char *kind = c[i]->kind;
        char title[128];
        if (!info_has_section(c[i]))
            continue;
        if (strcmp(before, kind) != 0) {
            before = kind;
            add_title(out, kind);
            roff_text(out, info_takes_many(catalog, kind) ? "Any number of sections, each with a name:"
                                                          : "One section at most:");
            add_slot_keys(out, catalog, kind);
        }
        snprintf(title, sizeof title, info_takes_many(catalog, kind) ? "[%s.%s]" : "[%s] use = %s", kind, c[i]->name);
        roff_subsection(out, title);
        roff_text(out, c[i]->summary);
        if (c[i]->doc && *c[i]->doc) {
            text_add(out, ".PP\n");
            roff_paragraphs(out, c[i]->doc);
        }
        man_parameters(out, c[i]->params, c[i]->n_params);
    }
    man_see_also(out, "hone.ini", (const char *const[]){ "hone", "hone-check", "hone-info", "hone-run", NULL });
}

static const struct row places[] = {
    { "--plugin-path DIR", "of the command, in the order given" },
    { "$HONE_PLUGIN_PATH", "directories, colons between them" },
    { "plugins/ beside the program", "a build folder's" },
    { "$XDG_DATA_HOME/hone/plugins-1", "the user's own (~/.local/share where the variable is not set)" },
    { HONE_PLUGIN_DIR, "what was installed with hone" },
    { NULL, NULL },
};

static const char writing[] =
    "A plugin is one shared object, built against the headers hone/*.h alone (`pkg-config hone-sdk`). It exports one "
    "function, which returns constant tables: what it is called, its keys with their ranges and defaults, its "
    "functions. The tables drive the checks of INI files, `hone info`, these pages, and completion.\n\n"
    "    hone plugin new search my_search && cd my_search\n"
    "    make && hone plugin check ./search-my_search.so\n"
    "    hone run study.ini --set search.use=my_search --plugin-path .\n\n"
    "A module that crashes or hangs while it is looked at is listed as broken (`hone plugins --all`), and never "
    "loaded. A "
    "plugin that crashes in a trial costs that trial. A plugin is native code with the user's rights: install those "
    "that "
    "you trust.";

void man_plugin(struct text *out, const struct catalog *catalog)
{
    const struct catalog_component *const *c;
    const size_t n = catalog_components(catalog, &c);
    const struct kind *kind;
    roff_page(out, "hone-plugin", '7', MAN_PLUGIN_SUMMARY);
    roff_section(out, "DESCRIPTION");
    roff_text(out,
              "All that hone does is done by plugins, each of one kind. An INI file names them, and can never load "
              "code by its path. They are looked for, in this order, in");
    add_rows(out, places);
    roff_section(out, "KINDS");
    roff_text(out, "The plugins that were there when this page was written:");
    for (size_t k = 0; (kind = kind_at(k)) != NULL; k++) {
        struct text names = TEXT_INIT;
        char bare[64];
        snprintf(bare, sizeof bare, "%.*s", (int)strcspn(kind->id, "/"), kind->id);
        for (size_t i = 0; i < n; i++)
            if (!strcmp(c[i]->kind, bare))
                text_addf(&names, "%s%s", names.length ? ", " : "", c[i]->name);
        roff_item(out, kind->id, "");
        roff_text(out, names.length ? text_string(&names) : "none");
        out->failed |= names.failed;
        text_release(&names);
    }
    roff_section(out, "WRITING ONE");
    roff_paragraphs(out, writing);
    roff_section(out, "CONFORMING TO");
    struct text abi = TEXT_INIT;
    text_addf(&abi, "Plugin ABI %d.%d: a plugin loads in every later hone of the same major number.", HONE_ABI_MAJOR,
              HONE_ABI_MINOR);
    roff_text(out, text_string(&abi));
    out->failed |= abi.failed;
    text_release(&abi);
    man_see_also(out, "hone-plugin",
                 (const char *const[]){ "hone", "hone.ini", "hone-plugins", "hone-info", "hone-plugin-check",
                                        "hone-plugin-new", NULL });
}
