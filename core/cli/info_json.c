/* SPDX-License-Identifier: MIT */
/* `hone info --format json`: for editors and scripts. */
#include "cli/info.h"

#include <string.h>

static void add_field(struct text *out, const char *name, const char *value)
{
    text_addf(out, ", \"%s\": ", name);
    text_add_json_string(out, value);
}

static void add_flag(struct text *out, const char *name, uint32_t set)
{
    text_addf(out, ", \"%s\": %s", name, set ? "true" : "false");
}

/* Words with blanks between them, as an array. */
static void add_words(struct text *out, const char *name, const char *words)
{
    char word[128];
    text_addf(out, ", \"%s\": [", name);
    for (const char *at = words; *at; at += strspn(at, " ")) {
        const size_t n = strcspn(at, " ");
        snprintf(word, sizeof word, "%.*s", (int)n, at);
        text_add(out, at == words ? "" : ", ");
        text_add_json_string(out, word);
        at += n;
    }
    text_add(out, "]");
}

static void add_param(struct text *out, const hone_param *p)
{
    static const char *const types[] = {
        "", "bool", "int", "real", "enum", "string", "path", "ints", "reals", "strings"
    };
    const int numeric = p->type == HONE_T_INT || p->type == HONE_T_REAL || p->type == HONE_T_INTS ||
                        p->type == HONE_T_REALS;
    text_add(out, "{\"key\": ");
    text_add_json_string(out, p->key);
    add_field(out, "type", p->type < sizeof types / sizeof *types ? types[p->type] : "");
    add_field(out, "default", p->def);
    if (numeric) { /* no bound: null */
        text_add(out, ", \"min\": ");
        text_add_json_number(out, p->min);
        text_add(out, ", \"max\": ");
        text_add_json_number(out, p->max);
        add_flag(out, "min_excluded", p->flags & HONE_P_LO_OPEN);
        add_flag(out, "max_excluded", p->flags & HONE_P_HI_OPEN);
    }
    if (p->type == HONE_T_ENUM) {
        text_add(out, ", \"choices\": [");
        for (uint32_t i = 0; p->choices && p->choices[i]; i++) {
            text_add(out, i ? ", " : "");
            text_add_json_string(out, p->choices[i]);
        }
        text_add(out, "]");
    }
    add_field(out, "active_if", p->active_if);
    add_field(out, "unit", p->unit);
    add_flag(out, "required", !p->def);
    add_flag(out, "tunable", p->flags & HONE_P_TUNABLE);
    add_flag(out, "log", p->flags & HONE_P_LOG);
    add_flag(out, "advanced", p->flags & HONE_P_ADVANCED);
    add_flag(out, "deprecated", p->flags & HONE_P_DEPRECATED);
    add_field(out, "doc", p->doc);
    text_add(out, "}");
}

void info_json_table(struct text *out, const hone_param *params, uint32_t n, int all)
{
    size_t shown = 0;
    text_add(out, ", \"parameters\": [");
    for (uint32_t i = 0; i < n; i++) {
        if (!all && params[i].flags & (HONE_P_ADVANCED | HONE_P_DEPRECATED))
            continue;
        text_add(out, shown++ ? ",\n  " : "\n  ");
        add_param(out, &params[i]);
    }
    text_add(out, "]");
}

void info_json(struct text *out, const struct catalog *catalog, const struct catalog_component *c, int all)
{
    text_add(out, "{\"kind\": ");
    text_add_json_string(out, c->kind);
    add_field(out, "name", c->name);
    add_field(out, "kind_id", c->kind_id);
    add_field(out, "summary", c->summary);
    add_field(out, "doc", c->doc);
    add_flag(out, "deterministic", c->flags & HONE_C_DETERMINISTIC);
    add_flag(out, "stateful", c->flags & HONE_C_STATEFUL);
    add_flag(out, "default", c->flags & HONE_C_DEFAULT);
    add_flag(out, "reusable", c->flags & HONE_C_REUSABLE);
    add_words(out, "hooks", c->hooks);
    text_addf(out, ", \"stage\": %d", c->stage);
    add_words(out, "provides", c->provides);
    add_words(out, "conflicts", c->conflicts);
    add_words(out, "suffixes", c->suffixes);
    add_flag(out, "several_sections", (uint32_t)info_takes_many(catalog, c->kind));
    text_add(out, ", \"module\": {\"id\": ");
    text_add_json_string(out, c->module->id);
    add_field(out, "version", c->module->version);
    add_field(out, "license", c->module->license);
    add_field(out, "author", c->module->author);
    add_field(out, "url", c->module->url);
    add_field(out, "file", c->module->path);
    text_addf(out, ", \"abi\": \"%d.%u\"}", HONE_ABI_MAJOR, c->module->abi_minor);
    info_json_table(out, c->params, c->n_params, all);
    text_add(out, ", \"slots\": [");
    for (uint32_t i = 0; i < c->n_slots; i++) {
        const hone_slot *slot = c->slots[i];
        text_add(out, i ? ",\n  {\"kind\": " : "\n  {\"kind\": ");
        text_add_json_string(out, slot->kind);
        text_addf(out, ", \"min\": %u, \"max\": ", slot->min);
        if (slot->max == UINT32_MAX)
            text_add(out, "null");
        else
            text_addf(out, "%u", slot->max);
        info_json_table(out, slot->params, slot->n_params, all);
        text_add(out, "}");
    }
    text_add(out, "]}\n");
}
