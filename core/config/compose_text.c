/* SPDX-License-Identifier: MIT */
/* A composition as an INI again, and where each of its values came from. */
#include "config/compose.h"
#include "config/scan.h"
#include "hone/settings.h"

#include <string.h>

/* 1 where the candidates that know the key have different texts for it: no line could stand for them all. */
static int ambiguous(const struct composed_section *section, const struct composed_key *key,
                     const struct catalog_component *only)
{
    for (size_t i = 0; i < section->n_keys; i++) {
        const struct composed_key *other = section->keys + i;
        if (other == key || strcmp(other->param->key, key->param->key) != 0 ||
            (only && !other->of_slot && !component_has(only, other->param)))
            continue;
        if (!other->text || !key->text || strcmp(other->text, key->text) != 0)
            return 1;
    }
    return 0;
}

/* 1 where the key's name was written already, for another table. */
static int written_before(const struct composed_section *section, size_t index, const struct catalog_component *only)
{
    for (size_t i = 0; i < index; i++)
        if (!strcmp(section->keys[i].param->key, section->keys[index].param->key) &&
            (!only || section->keys[i].of_slot || component_has(only, section->keys[i].param)))
            return 1;
    return 0;
}

/* 1 where some table's entry of this name has an effect. */
static int any_active(const struct composition *composition, const struct composed_section *section, const char *name,
                      const struct catalog_component *only, const struct setting_text *point, size_t n)
{
    for (size_t i = 0; i < section->n_keys; i++) {
        const struct composed_key *key = section->keys + i;
        if (strcmp(key->param->key, name) != 0 || (only && !key->of_slot && !component_has(only, key->param)))
            continue;
        if (section_key_active(section, key, n ? NULL : &composition->space, point, n))
            return 1;
    }
    return 0;
}

static void write_section(const struct composition *composition, const struct composed_section *section,
                          const struct setting_text *point, size_t n, struct text *out)
{
    const char *use = point_text(point, n, section->name, "use"),
               *enabled = point_text(point, n, section->name, "enabled");
    const struct catalog_component *only = NULL;
    hone_error err = HONE_ERROR_INIT;
    uint8_t flag = (uint8_t)section->enabled;
    if (n)
        only = use ? catalog_find(composition->catalog, section->kind, use, &err) : section->component;
    if (enabled)
        hone_parse_bool(enabled, &flag);
    text_addf(out, "\n[%s]\n", section->name);
    config_write_value(out, "use", use ? use : section->use);
    text_addf(out, "enabled = %s\n", flag ? "yes" : "no");
    for (size_t i = 0; i < section->n_keys; i++) {
        const struct composed_key *key = section->keys + i;
        const char *text = point_text(point, n, section->name, key->param->key);
        if ((only && !key->of_slot && !component_has(only, key->param)) || written_before(section, i, only))
            continue;
        if (!text && ambiguous(section, key, only))
            continue;
        text = text ? text : key->text;
        if (text && any_active(composition, section, key->param->key, only, point, n))
            config_write_value(out, key->param->key, text);
    }
}

/* 1 where the key of [space] is a key of some section. */
static int has_section(const struct composition *composition, const char *key)
{
    const char *dot = strrchr(key, '.');
    if (!strncmp(key, "study.", 6))
        return 1;
    for (size_t i = 0; dot && i < composition->n_sections; i++) {
        const struct composed_section *section = composition->sections + i;
        if (strlen(section->name) == (size_t)(dot - key) && !strncmp(section->name, key, (size_t)(dot - key)))
            return 1;
    }
    return 0;
}

/* What only the objective knows (the parameters of a program, x1 of a function) has no section to go to. */
static void write_free_keys(const struct composition *composition, const struct setting_text *point, size_t n,
                            struct text *out)
{
    struct text value = TEXT_INIT;
    int any = 0;
    for (size_t i = 0; i < n; i++) {
        text_clear(&value);
        if (has_section(composition, point[i].key) || !space_write_fixed(&value, point[i].text))
            continue;
        text_add(out, any++ ? "" : "\n[space]\n");
        config_write_value(out, point[i].key, text_string(&value));
    }
    text_release(&value);
}

static void write_study_key(const struct composed_key *key, const struct setting_text *point, size_t n,
                            struct text *out)
{
    const char *text = point_text(point, n, "study", key->param->key);
    config_write_value(out, key->param->key, text ? text : key->text);
}

/* Keys of [study] that mean nothing to one trial alone. */
static int is_of_many(const char *key)
{
    return !strcmp(key, "enqueue") || !strcmp(key, "repeats") || !strcmp(key, "fidelity") || !strcmp(key, "target") ||
           !strcmp(key, "patience") || !strcmp(key, "regret") || !strcmp(key, "search_seed") ||
           !strcmp(key, "evaluate");
}

void composition_text(const struct composition *composition, const struct setting_text *point, size_t n,
                      struct text *out)
{
    text_add(out, "[study]\n");
    for (size_t i = 0; i < composition->n_study_keys; i++)
        if (!n || !is_of_many(composition->study_keys[i].param->key))
            write_study_key(composition->study_keys + i, point, n, out);
    for (size_t i = 0; i < composition->n_sections; i++)
        write_section(composition, composition->sections + i, point, n, out);
    if (n)
        write_free_keys(composition, point, n, out);
    if (n || !composition->space.n_texts)
        return;
    text_add(out, "\n[space]\n");
    for (size_t i = 0; i < composition->space.n_texts; i++)
        config_write_value(out, composition->space.texts[i].key, composition->space.texts[i].text);
}

static void write_source(struct text *out, const char *section, const char *key, const struct place *place)
{
    if (!place->file)
        text_addf(out, "%s.%s\tdefault\n", section, key);
    else if (place->line)
        text_addf(out, "%s.%s\t%s:%u\n", section, key, place->file, place->line);
    else
        text_addf(out, "%s.%s\t%s\n", section, key, place->file);
}

void composition_sources(const struct composition *composition, struct text *out)
{
    for (size_t i = 0; i < composition->n_study_keys; i++)
        write_source(out, "study", composition->study_keys[i].param->key, &composition->study_keys[i].place);
    for (size_t i = 0; i < composition->n_sections; i++) {
        const struct composed_section *section = composition->sections + i;
        write_source(out, section->name, "use", &section->use_place);
        write_source(out, section->name, "enabled", &section->enabled_place);
        for (size_t k = 0; k < section->n_keys; k++)
            if (!written_before(section, k, NULL))
                write_source(out, section->name, section->keys[k].param->key, &section->keys[k].place);
    }
    for (size_t i = 0; i < composition->space.n_texts; i++)
        write_source(out, "space", composition->space.texts[i].key, &composition->space.texts[i].place);
}
