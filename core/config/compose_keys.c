/* SPDX-License-Identifier: MIT */
/* The settings of every section against the tables of its components and its slot. */
#include "base/file.h"
#include "base/suggest.h"
#include "config/compose.h"
#include "config/scan.h"
#include "config/study_table.h"
#include "hone/settings.h"

#include <stdlib.h>
#include <string.h>

/* ---- looking up ---- */

const hone_param *table_find(const hone_param *params, uint32_t n, const char *key)
{
    for (uint32_t i = 0; i < n; i++)
        if (!strcmp(params[i].key, key))
            return params + i;
    return NULL;
}

int component_has(const struct catalog_component *component, const hone_param *param)
{
    return param >= component->params && param < component->params + component->n_params;
}

struct composed_key *section_key(const struct composed_section *section, const char *key, const hone_param *param)
{
    for (size_t i = 0; i < section->n_keys; i++)
        if (param ? section->keys[i].param == param : !strcmp(section->keys[i].param->key, key))
            return section->keys + i;
    return NULL;
}

const char *point_text(const struct setting_text *point, size_t n, const char *section, const char *key)
{
    const size_t length = strlen(section);
    for (size_t i = 0; i < n; i++)
        if (!strncmp(point[i].key, section, length) && point[i].key[length] == '.' &&
            !strcmp(point[i].key + length + 1, key))
            return point[i].text;
    return NULL;
}

void composed_keys_release(struct composed_key *keys, size_t n)
{
    for (size_t i = 0; keys && i < n; i++)
        free(keys[i].text);
    free(keys);
}

/* ---- active_if ---- */

/* 1 where the two parameters are of one table. */
static int same_table(const struct composed_section *section, const hone_param *a, const hone_param *b)
{
    for (size_t i = 0; i < section->n_candidates; i++)
        if (component_has(section->candidates[i], a))
            return component_has(section->candidates[i], b);
    return section->slot && b >= section->slot->params && b < section->slot->params + section->slot->n_params;
}

struct activity {
    const struct composed_section *section;
    const hone_param *param;
    const struct space_lines *space;
    const struct setting_text *point;
    size_t n_point;
    int varied;
};

static const char *lookup(void *ctx, const char *key)
{
    struct activity *a = ctx;
    char path[2 * CONFIG_NAME_LIMIT + 2];
    const char *text = point_text(a->point, a->n_point, a->section->name, key);
    snprintf(path, sizeof path, "%s.%s", a->section->name, key);
    if (a->space && space_lines_find(a->space, path))
        a->varied = 1;
    for (size_t i = 0; !text && i < a->section->n_keys; i++)
        if (!strcmp(a->section->keys[i].param->key, key) && same_table(a->section, a->param, a->section->keys[i].param))
            text = a->section->keys[i].text;
    return text;
}

int section_key_active(const struct composed_section *section, const struct composed_key *key,
                       const struct space_lines *space, const struct setting_text *point, size_t n_point)
{
    struct activity a = { section, key->param, space, point, n_point, 0 };
    return hone_active_if(key->param->active_if, lookup, &a) || a.varied;
}

/* ---- unknown keys ---- */

/* Tables that a section's key may come from, in turn: the candidates', then the slot's. */
static int table_at(const struct composed_section *section, size_t i, const hone_param **params, uint32_t *n)
{
    if (i < section->n_candidates) {
        *params = section->candidates[i]->params;
        *n = section->candidates[i]->n_params;
        return 1;
    }
    if (i > section->n_candidates || !section->slot)
        return 0;
    *params = section->slot->params;
    *n = section->slot->n_params;
    return 1;
}

static int section_knows(const struct composed_section *section, const char *key)
{
    const hone_param *params;
    uint32_t n;
    for (size_t i = 0; table_at(section, i, &params, &n); i++)
        if (table_find(params, n, key))
            return 1;
    return 0;
}

static void describe_section(const struct composed_section *section, const char *name, struct text *out)
{
    text_addf(out, "[%s]", name);
    for (size_t i = 0; section && i < section->n_candidates; i++) {
        if (i == 0 && !strcmp(name, section->candidates[0]->name))
            return;
        text_addf(out, "%s%s", i ? ", " : " (", section->candidates[i]->name);
    }
    if (section && section->n_candidates)
        text_add(out, ")");
}

/* "it is a key of [optimizer]", "of regularizer 'l2'": where else the key would be known; "" where nowhere. */
static void elsewhere(const struct composer *c, const struct composed_section *section, const char *key,
                      struct text *out)
{
    const struct composition *composition = c->composition;
    const struct catalog_component *const *all;
    const size_t n = catalog_components(c->catalog, &all);
    for (size_t i = 0; section && i < n; i++) /* another component of the kind, which could be used */
        if (!strcmp(all[i]->kind, section->kind) && table_find(all[i]->params, all[i]->n_params, key)) {
            text_addf(out, "it is a key of %s '%s'", all[i]->kind, all[i]->name);
            return;
        }
    if (section && table_find(study_params, study_n_params, key)) {
        text_add(out, "it is a key of [study]");
        return;
    }
    for (size_t i = 0; i < composition->n_sections; i++)
        if (composition->sections + i != section && section_knows(composition->sections + i, key)) {
            text_addf(out, "it is a key of [%s]", composition->sections[i].name);
            return;
        }
}

/* section NULL: [study]. */
static void unknown_key(struct composer *c, const struct composed_section *section, const struct config_item *item)
{
    struct text where = TEXT_INIT, other = TEXT_INIT;
    struct suggestion s;
    const hone_param *params;
    uint32_t n;
    suggestion_start(&s, item->key);
    for (size_t i = 0; section && table_at(section, i, &params, &n); i++)
        for (uint32_t k = 0; k < n; k++)
            suggestion_offer(&s, params[k].key);
    for (uint32_t k = 0; !section && k < study_n_params; k++)
        suggestion_offer(&s, study_params[k].key);
    if (section) {
        suggestion_offer(&s, "use");
        suggestion_offer(&s, "enabled");
    }
    elsewhere(c, section, item->key, &other);
    describe_section(section, item->section, &where);
    if (other.length)
        compose_refuse(c, &item->place, "unknown key '%s' in %s; %s", item->key, text_string(&where), other.data);
    else if (s.best)
        compose_refuse(c, &item->place, "unknown key '%s' in %s; did you mean '%s'?", item->key, text_string(&where),
                       s.best);
    else if (section && section->component)
        compose_refuse(c, &item->place, "unknown key '%s' in %s; `hone info %s %s` lists what there is", item->key,
                       text_string(&where), section->kind, section->component->name);
    else
        compose_refuse(c, &item->place, "unknown key '%s' in %s; `hone info study` lists what there is", item->key,
                       text_string(&where));
    text_release(&where);
    text_release(&other);
}

/* ---- values ---- */

void compose_bad_value(struct composer *c, const hone_param *param, const char *owner, const char *value,
                       const struct place *place, const hone_error *err)
{
    struct suggestion s;
    suggestion_start(&s, value);
    for (uint32_t i = 0; param->type == HONE_T_ENUM && param->choices[i]; i++)
        suggestion_offer(&s, param->choices[i]);
    if (s.best)
        compose_refuse(c, place, "%s; did you mean '%s'? (%s)", err->msg, s.best, owner);
    else
        compose_refuse(c, place, "%s (%s)", err->msg, owner);
}

/* 1 where a line of [space] gives the key in every trial in which it is needed. */
static int given_by_space(const struct composer *c, const struct composed_section *section, const char *key)
{
    char path[2 * CONFIG_NAME_LIMIT + 2], use[CONFIG_NAME_LIMIT + 8];
    const struct space_line *line;
    snprintf(path, sizeof path, "%s.%s", section->name, key);
    snprintf(use, sizeof use, "%s.use", section->name);
    line = space_lines_find(&c->composition->space, path);
    for (size_t i = 0; line && i < line->n_conditions; i++)
        if (strcmp(line->conditions[i].key, use) != 0)
            return 0;
    return line != NULL;
}

static void add_key(struct composer *c, struct composed_section *section, const hone_param *param, int of_slot,
                    const char *owner)
{
    const struct config_item *item = config_find(c->config, section->name, param->key);
    struct composed_key *key = section->keys + section->n_keys++;
    const char *text = item ? item->value : param->def;
    hone_error err = HONE_ERROR_INIT;
    key->param = param;
    key->of_slot = of_slot;
    key->is_default = !item;
    if (item)
        key->place = compose_keep_place(c, &item->value_place);
    if (!text) {
        if (!given_by_space(c, section, param->key) && section->enabled)
            compose_refuse(c, &section->place, "[%s] needs the key '%s' (%s %s): %.*s", section->name, param->key,
                           section->kind, owner, (int)strcspn(param->doc, "\n"), param->doc);
        return;
    }
    if (item && hone_settings_parse(param, text, NULL, NULL, &err) != HONE_OK) {
        char both[160];
        snprintf(both, sizeof both, "%.80s %.70s", section->kind, owner);
        compose_bad_value(c, param, both, item->value, &item->value_place, &err);
    }
    if (param->type == HONE_T_PATH && *text) {
        key->text = path_absolute(item && *item->directory ? item->directory : NULL, text);
        if (!key->text)
            compose_no_memory(c);
    } else {
        key->text = compose_copy(c, text);
    }
    if (key->text && !config_value_writable(param->key, key->text))
        compose_refuse(c, item ? &item->value_place : &section->place,
                       "%s = %.80s cannot stand in an INI file: it is too long, or holds "
                       "';' or '#' together with both kinds of quotes or a backslash",
                       param->key, key->text);
}

static void add_keys(struct composer *c, struct composed_section *section)
{
    const hone_param *params;
    uint32_t n;
    size_t total = 0;
    for (size_t i = 0; table_at(section, i, &params, &n); i++)
        total += n;
    section->keys = calloc(total ? total : 1, sizeof *section->keys);
    if (!section->keys) {
        compose_no_memory(c);
        return;
    }
    for (size_t i = 0; table_at(section, i, &params, &n); i++)
        for (uint32_t k = 0; k < n; k++) {
            const int of_slot = i == section->n_candidates;
            add_key(c, section, params + k, of_slot,
                    of_slot ? compose_objective(c)->name : section->candidates[i]->name);
        }
}

/* A key that was written, but that no candidate will look at. */
static void check_active(struct composer *c, const struct composed_section *section, const struct config_item *item)
{
    const struct composed_key *key = NULL;
    char control[64];
    const struct composed_key *controls;
    for (size_t i = 0; i < section->n_keys; i++)
        if (!strcmp(section->keys[i].param->key, item->key)) {
            key = section->keys + i;
            if (section_key_active(section, key, &c->composition->space, NULL, 0))
                return;
        }
    if (!key)
        return;
    snprintf(control, sizeof control, "%.*s", (int)strcspn(key->param->active_if, "="), key->param->active_if);
    controls = section_key(section, control, NULL);
    compose_refuse(c, &item->place, "'%s' has no effect while %s = %s; it needs %s", item->key, control,
                   controls && controls->text ? controls->text : "", key->param->active_if);
}

void compose_keys(struct composer *c)
{
    for (size_t i = 0; i < c->composition->n_sections; i++)
        if (c->composition->sections[i].component)
            add_keys(c, c->composition->sections + i);
    for (size_t i = 0; i < c->config->n_items; i++) {
        const struct config_item *item = c->config->items + i;
        const struct composed_section *section = composition_section(c->composition, item->section);
        if (!strcmp(item->section, "study") && !table_find(study_params, study_n_params, item->key))
            unknown_key(c, NULL, item);
        if (!section || !section->component || !strcmp(item->key, "use") || !strcmp(item->key, "enabled"))
            continue;
        if (!section_knows(section, item->key))
            unknown_key(c, section, item);
        else
            check_active(c, section, item);
    }
}
