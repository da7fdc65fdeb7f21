/* SPDX-License-Identifier: MIT */
/* `hone info` for people: the table of keys, and a section ready to paste. */
#include "cli/info.h"
#include "hone/settings.h"

#include <string.h>

enum { WIDTH = 96, INDENT = 6 };

const char *info_type(const hone_param *p)
{
    static const char *const names[] = { "?",    "yes or no", "whole number",  "number",  "choice",
                                         "text", "path",      "whole numbers", "numbers", "texts" };
    return p->type < sizeof names / sizeof *names ? names[p->type] : names[0];
}

static int is_shown(const hone_param *p, int all)
{
    return all || !(p->flags & (HONE_P_ADVANCED | HONE_P_DEPRECATED));
}

/* Appends the words of a line to the line begun at *column. */
static void add_words(struct text *out, const char *line, size_t n, int indent, int *column)
{
    const char *end = line + n;
    while (line < end) {
        const size_t word = strcspn(line, " \n");
        if (word && *column && *column + 1 + (int)word > WIDTH) {
            text_add(out, "\n");
            *column = 0;
        }
        if (word) {
            text_addf(out, "%*s", *column ? 1 : indent, "");
            *column = *column ? *column + 1 + (int)word : indent + (int)word;
            text_add_bytes(out, line, word);
        }
        line += word + 1;
    }
}

void info_wrapped(struct text *out, const char *text, int indent)
{
    int column = 0;
    while (*text) {
        const size_t n = strcspn(text, "\n");
        const int verbatim = !n || *text == ' ';
        if (column && (verbatim || strchr("-*|#", *text))) {
            text_add(out, "\n");
            column = 0;
        }
        const size_t marks = strspn(text, "#");
        if (verbatim) {
            text_addf(out, "%*s%.*s\n", n ? indent : 0, "", (int)n, text);
        } else if (marks) { /* a heading stands alone */
            add_words(out, text + marks, n - marks, indent, &column);
            text_add(out, "\n");
            column = 0;
        } else {
            add_words(out, text, n, indent, &column);
        }
        text += n + (text[n] == '\n');
    }
    if (column)
        text_add(out, "\n");
}

static void add_range(struct text *out, const hone_param *p)
{
    char range[96];
    if (p->type == HONE_T_ENUM) {
        for (uint32_t i = 0; p->choices && p->choices[i]; i++)
            text_addf(out, "%s%s", i ? " | " : "", p->choices[i]);
    } else if ((p->type == HONE_T_INT || p->type == HONE_T_REAL || p->type == HONE_T_INTS || p->type == HONE_T_REALS) &&
               (isfinite(p->min) || isfinite(p->max))) {
        hone_param_range(p, range, sizeof range);
        text_add(out, range);
    }
}

static void add_default(struct text *out, const hone_param *p)
{
    if (!p->def)
        text_add(out, "required");
    else
        text_add(out, *p->def ? p->def : "\"\"");
}

static void add_cell(struct text *out, const char *cell, size_t width, int last)
{
    text_add(out, *cell ? cell : "-");
    if (!last)
        text_addf(out, "%*s", (int)(width - (*cell ? strlen(cell) : 1) + 2), "");
}

void info_table(struct text *out, const hone_param *params, uint32_t n, int all)
{
    enum { KEY, TYPE, RANGE, DEFAULT, UNIT, SEARCH, CELLS };
    static const char *const titles[CELLS] = { "key", "type", "range", "default", "unit", "search" };
    struct text row[CELLS] = { TEXT_INIT, TEXT_INIT, TEXT_INIT, TEXT_INIT, TEXT_INIT, TEXT_INIT };
    size_t widths[CELLS] = { 0 };
    for (int pass = 0; pass < 2; pass++) /* measure, then write */
        for (uint32_t i = 0; i <= n; i++) {
            const hone_param *p = i ? &params[i - 1] : NULL;
            if (p && !is_shown(p, all))
                continue;
            for (int c = 0; c < CELLS; c++) {
                text_clear(&row[c]);
                text_add(&row[c], p ? "" : titles[c]);
            }
            if (p) {
                text_add(&row[KEY], p->key);
                text_add(&row[TYPE], info_type(p));
                add_range(&row[RANGE], p);
                add_default(&row[DEFAULT], p);
                text_add(&row[UNIT], p->unit ? p->unit : "");
                text_add(&row[SEARCH], !(p->flags & HONE_P_TUNABLE) ? ""
                                       : p->flags & HONE_P_LOG      ? "tunable, log"
                                                                    : "tunable");
            }
            if (pass)
                text_add(out, "  ");
            for (int c = 0; c < CELLS; c++) {
                const size_t width = row[c].length ? row[c].length : 1;
                if (!pass)
                    widths[c] = width > widths[c] ? width : widths[c];
                else
                    add_cell(out, text_string(&row[c]), widths[c], c == CELLS - 1);
            }
            if (!pass)
                continue;
            text_add(out, "\n");
            if (!p)
                continue;
            info_wrapped(out, p->doc, INDENT);
            if (p->active_if)
                text_addf(out, "%*sOnly where %s.\n", INDENT, "", p->active_if);
            if (p->flags & HONE_P_DEPRECATED)
                text_addf(out, "%*sDeprecated.\n", INDENT, "");
        }
    for (int c = 0; c < CELLS; c++)
        text_release(&row[c]);
}

struct defaults {
    const hone_param *params;
    uint32_t n;
};

static const char *default_of(void *ctx, const char *key)
{
    const struct defaults *d = ctx;
    for (uint32_t i = 0; i < d->n; i++)
        if (!strcmp(d->params[i].key, key))
            return d->params[i].def;
    return NULL;
}

/* A value as the INI reader takes it: quoted where it could be taken for something else. */
static void add_value(struct text *out, const char *value)
{
    const size_t n = strlen(value);
    const int quote = strpbrk(value, ";#\"\\=") || (n && (value[0] == ' ' || value[n - 1] == ' '));
    if (!quote) {
        text_add(out, value);
        return;
    }
    text_add(out, "\"");
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            text_add(out, "\\");
        text_add_bytes(out, value, 1);
    }
    text_add(out, "\"");
}

void info_keys(struct text *out, const hone_param *params, uint32_t n, int all)
{
    struct defaults defaults = { params, n };
    int width = 0;
    for (uint32_t i = 0; i < n; i++)
        if (is_shown(&params[i], all) && (int)strlen(params[i].key) > width)
            width = (int)strlen(params[i].key);
    for (uint32_t i = 0; i < n; i++) {
        const hone_param *p = &params[i];
        if (!is_shown(p, all) || p->flags & HONE_P_DEPRECATED)
            continue;
        const int active = hone_active_if(p->active_if, default_of, &defaults);
        /* a comment: what must be filled in, what is empty, and what another key's default rules out */
        text_addf(out, "%s%-*s = ", p->def && *p->def && active ? "" : ";", width, p->key);
        if (p->def)
            add_value(out, p->def);
        else
            text_add(out, "...");
        if (!p->def)
            text_add(out, "   ; required");
        if (!active)
            text_addf(out, "   ; where %s", p->active_if);
        text_add(out, "\n");
    }
}

static void add_flags(struct text *out, const struct catalog_component *c)
{
    static const struct {
        uint32_t flag;
        const char *words;
    } known[] = { { HONE_C_DETERMINISTIC, "same seed, same answers" },
                  { HONE_C_STATEFUL, "its state can be saved" },
                  { HONE_C_DEFAULT, "the default of its kind" },
                  { HONE_C_REUSABLE, "one instance may serve several trials" } };
    size_t n = 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (c->flags & known[i].flag)
            text_addf(out, "%s%s", n++ ? ", " : "  ", known[i].words);
    text_add(out, n ? "\n" : "");
}

/* What it says of its place among others. */
static void add_place(struct text *out, const struct catalog_component *c)
{
    if (*c->hooks && strcmp(c->kind, "reporter") != 0)
        text_addf(out, "  acts in %s\n", c->hooks);
    if (catalog_has_hook(c, "serve"))
        text_addf(out, "  hone serve --use %s\n", c->name);
    if (catalog_has_hook(c, "write"))
        text_addf(out, "  hone report --use %s%s%s\n", c->name, *c->suffixes ? "; by the ends of files: " : "",
                  c->suffixes);
    if (c->stage)
        text_addf(out, "  stage %d: %s those of stage 0, whatever the order of the INI\n", c->stage,
                  c->stage < 0 ? "before" : "after");
    if (*c->provides)
        text_addf(out, "  provides %s\n", c->provides);
    if (*c->conflicts)
        text_addf(out, "  cannot go with what provides %s\n", c->conflicts);
}

static void add_slots(struct text *out, const struct catalog_component *c, int all)
{
    if (c->n_slots)
        text_add(out, "\nIt composes:\n");
    for (uint32_t i = 0; i < c->n_slots; i++) {
        const hone_slot *slot = c->slots[i];
        const int n = (int)strcspn(slot->kind, "/");
        if (slot->max > 1)
            text_addf(out, "  [%.*s.NAME]  %s", n, slot->kind, slot->min ? "at least " : "any number");
        else
            text_addf(out, "  [%.*s]  %s", n, slot->kind, slot->min ? "one" : "at most one");
        if (slot->max > 1 && slot->min)
            text_addf(out, "%u", slot->min);
        if (slot->max > 1 && slot->max != UINT32_MAX)
            text_addf(out, ", at most %u", slot->max);
        text_add(out, slot->n_params ? "; these keys are added to its section:\n" : "\n");
        if (slot->n_params)
            info_table(out, slot->params, slot->n_params, all);
    }
}

int info_has_section(const struct catalog_component *c)
{
    static const char *const without[] = { "benchmark", "importance", "diagnosis", "storage", "design" };
    for (size_t i = 0; i < sizeof without / sizeof *without; i++)
        if (!strcmp(c->kind, without[i]))
            return 0;
    return strcmp(c->kind, "reporter") != 0 || catalog_has_hook(c, "hear");
}

static void add_section(struct text *out, const struct catalog *catalog, const struct catalog_component *c, int all)
{
    if (!strcmp(c->kind, "benchmark")) { /* is run by a command, its keys are options */
        text_addf(out, "\nRun it:\n\nhone bench %s%s\n", c->name, c->n_params ? " [--KEY VALUE]..." : "");
        return;
    }
    if (!strcmp(c->kind, "importance")) {
        text_addf(out, "\nRun it:\n\nhone importance STUDY --method %s%s\n", c->name,
                  c->n_params ? " [--set KEY=VALUE]..." : "");
        return;
    }
    if (!strcmp(c->kind, "design")) {
        text_addf(out, "\nFor an INI file:\n\n[ablation]\ndesign = %s\n", c->name);
        for (uint32_t i = 0; i < c->n_params; i++)
            text_addf(out, "design.%s = %s\n", c->params[i].key, c->params[i].def ? c->params[i].def : "");
        return;
    }
    if (!strcmp(c->kind, "diagnosis")) {
        text_addf(out, "\nRun it alone:\n\nhone diagnose STUDY --rules %s", c->name);
        text_addf(out, c->n_params ? " [--set %s.KEY=VALUE]...\n" : "\n", c->name);
        return;
    }
    if (!info_has_section(c) && !strcmp(c->kind, "reporter")) {
        text_addf(out, "\nRun it:\n\nhone report STORAGE --use %s -o FILE%s\n", c->name,
                  c->n_params ? " [--set KEY=VALUE]..." : "");
        return;
    }
    text_add(out, "\nFor an INI file:\n\n");
    if (!strcmp(c->kind, "storage")) { /* named by its scheme, has no section */
        text_addf(out, "[study]\nstorage = %s:FILE\n", c->name);
        return;
    }
    if (info_takes_many(catalog, c->kind))
        text_addf(out, "[%s.%s]\n", c->kind, c->name);
    else
        text_addf(out, "[%s]\nuse = %s\n", c->kind, c->name);
    info_keys(out, c->params, c->n_params, all);
}

void info_text(struct text *out, const struct catalog *catalog, const struct catalog_component *c, int all)
{
    const struct catalog_module *m = c->module;
    uint32_t hidden = 0;
    for (uint32_t i = 0; i < c->n_params; i++)
        hidden += !is_shown(&c->params[i], all);
    text_addf(out, "%s/%s  %s\n", c->kind, c->name, c->summary);
    add_flags(out, c);
    add_place(out, c);
    text_addf(out, "  %s %s, %s", m->id, m->version, m->license);
    if (*m->author)
        text_addf(out, ", %s", m->author);
    if (*m->url)
        text_addf(out, ", %s", m->url);
    text_addf(out, "\n  %s\n", m->path);
    if (c->doc && *c->doc) {
        text_add(out, "\n");
        info_wrapped(out, c->doc, 0);
    }
    text_add(out, "\n");
    if (c->n_params > hidden)
        info_table(out, c->params, c->n_params, all);
    else if (!c->n_params)
        text_add(out, "  It has no keys.\n");
    if (hidden)
        text_addf(out, "  %u more with --all.\n", hidden);
    add_slots(out, c, all);
    add_section(out, catalog, c, all);
}
