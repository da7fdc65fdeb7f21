/* SPDX-License-Identifier: MIT */
/* A composition as a whole: making it step by step, what a trial gets of it, releasing it. */
#include "config/composition.h"
#include "config/compose.h"
#include "hone/param.h"
#include "hone/settings.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- help for the steps ---- */

void compose_refuse(struct composer *c, const struct place *place, const char *format, ...)
{
    char *message = NULL;
    va_list args;
    va_start(args, format);
    if (vasprintf(&message, format, args) < 0)
        message = NULL;
    va_end(args);
    complain(c->complaints, place, "%s", message ? message : "out of memory");
    free(message);
    c->failed = 1;
}

void compose_refuse_plugin(struct composer *c, const struct place *place, const hone_error *err, const char *hint)
{
    compose_refuse(c, place, "%s%s", err->msg, hint);
    c->complaints->missing += err->code == HONE_ENOTSUP;
}

void compose_no_memory(struct composer *c)
{
    compose_refuse(c, NULL, "out of memory");
}

char *compose_copy(struct composer *c, const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        compose_no_memory(c);
    return copy;
}

struct place compose_keep_place(struct composer *c, const struct place *place)
{
    struct composition *composition = c->composition;
    struct place kept = *place;
    char **files;
    for (size_t i = 0; place->file && i < composition->n_files; i++)
        if (!strcmp(composition->files[i], place->file)) {
            kept.file = composition->files[i];
            return kept;
        }
    if (!place->file)
        return kept;
    kept.file = NULL;
    files = realloc(composition->files, (composition->n_files + 1) * sizeof *files);
    if (files) {
        composition->files = files;
        files[composition->n_files] = compose_copy(c, place->file);
        kept.file = files[composition->n_files];
        composition->n_files += kept.file != NULL;
    } else {
        compose_no_memory(c);
    }
    return kept;
}

/* ---- making ---- */

static void keep_places(struct composer *c)
{
    struct space_lines *space = &c->composition->space;
    for (size_t i = 0; i < c->config->n_sections; i++) {
        const struct config_section *section = c->config->sections + i;
        if (!strcmp(section->name, "study"))
            c->composition->study_place = compose_keep_place(c, &section->place);
        if (!strcmp(section->name, "space"))
            c->composition->space_place = compose_keep_place(c, &section->place);
    }
    for (size_t i = 0; i < space->n_lines; i++) {
        space->lines[i].place = compose_keep_place(c, &space->lines[i].place);
        space->lines[i].value_place = compose_keep_place(c, &space->lines[i].value_place);
    }
    for (size_t i = 0; i < space->n_relations; i++)
        space->relations[i].place = compose_keep_place(c, &space->relations[i].place);
    for (size_t i = 0; i < space->n_texts; i++)
        space->texts[i].place = compose_keep_place(c, &space->texts[i].place);
}

int composition_make(struct composition *composition, const struct config *config, struct catalog *catalog,
                     unsigned flags, struct complaints *complaints)
{
    struct complaints unheard = COMPLAINTS_INIT;
    struct composer c = { composition, config, catalog, flags, complaints, 0, 0 };
    memset(composition, 0, sizeof *composition);
    composition->catalog = catalog;
    /* `hone train` takes the INI of a study as it is: its [space] says which components a section may have, no more */
    if (space_lines_parse(&composition->space, config, flags & COMPOSE_TRAIN ? &unheard : complaints) < 0 &&
        !(flags & COMPOSE_TRAIN))
        c.failed = 1;
    complaints_release(&unheard);
    compose_study(&c);
    compose_sections(&c);
    compose_keys(&c);
    if (flags & COMPOSE_TRAIN)
        space_lines_keep_fixed(&composition->space);
    if (compose_objective(&c) && !(flags & COMPOSE_TRAIN && !composition->space.n_texts))
        compose_space(&c);
    if (!(flags & COMPOSE_TRAIN))
        compose_fidelity(&c);
    if (!c.failed && !(flags & COMPOSE_TRAIN))
        compose_points(&c);
    keep_places(&c);
    composition->search = composition_section(composition, "search");
    composition->scheduler = composition_section(composition, "scheduler");
    composition->objective = composition_section(composition, "objective");
    return c.failed ? -1 : 0;
}

static void section_release(struct composed_section *section)
{
    composed_keys_release(section->keys, section->n_keys);
    free(section->name);
    free(section->kind);
    free(section->use);
    free(section->candidates);
}

void composition_release(struct composition *composition)
{
    for (size_t i = 0; i < composition->n_objectives; i++)
        free(composition->objectives[i].metric);
    for (size_t i = 0; i < composition->n_constraints; i++) {
        free(composition->constraints[i].metric);
        free(composition->constraints[i].text);
    }
    for (size_t i = 0; i < composition->n_sections; i++)
        section_release(composition->sections + i);
    for (size_t i = 0; i < composition->n_files; i++)
        free(composition->files[i]);
    composed_keys_release(composition->study_keys, composition->n_study_keys);
    space_lines_release(&composition->space);
    hone_settings_release(&composition->study_memory);
    free(composition->storage_location);
    free(composition->objectives);
    free(composition->constraints);
    given_points_release(composition->points, composition->n_points);
    free(composition->sections);
    free(composition->files);
    memset(composition, 0, sizeof *composition);
}

/* ---- asking ---- */

struct composed_section *composition_section(const struct composition *composition, const char *name)
{
    for (size_t i = 0; i < composition->n_sections; i++)
        if (!strcmp(composition->sections[i].name, name))
            return composition->sections + i;
    return NULL;
}

struct place composition_place(const struct composition *composition, const char *section, const char *key)
{
    const struct place nowhere = { NULL, 0, 0 };
    const struct composed_section *s = composition_section(composition, section);
    if (!strcmp(section, "study")) {
        for (size_t i = 0; key && i < composition->n_study_keys; i++)
            if (!strcmp(composition->study_keys[i].param->key, key))
                return composition->study_keys[i].place.file ? composition->study_keys[i].place
                                                             : composition->study_place;
        return composition->study_place;
    }
    if (!strcmp(section, "space")) {
        for (size_t i = 0; key && i < composition->space.n_texts; i++)
            if (!strcmp(composition->space.texts[i].key, key))
                return composition->space.texts[i].place;
        return composition->space_place;
    }
    if (!s)
        return nowhere;
    if (key && !strcmp(key, "use") && s->use_place.file)
        return s->use_place;
    if (key && !strcmp(key, "enabled") && s->enabled_place.file)
        return s->enabled_place;
    for (size_t i = 0; key && i < s->n_keys; i++)
        if (!strcmp(s->keys[i].param->key, key) && s->keys[i].place.file)
            return s->keys[i].place;
    return s->place;
}

/* ---- a trial's settings ---- */

void section_settings_release(struct section_settings *settings)
{
    free(settings->own);
    free(settings->of_slot);
    memset(settings, 0, sizeof *settings);
}

hone_rc composition_settings(const struct composition *composition, const struct composed_section *section,
                             const struct setting_text *point, size_t n_point, struct section_settings *settings,
                             hone_error *err)
{
    const char *use = point_text(point, n_point, section->name, "use"),
               *enabled = point_text(point, n_point, section->name, "enabled");
    uint8_t flag = (uint8_t)section->enabled;
    memset(settings, 0, sizeof *settings);
    settings->component = use ? catalog_find(composition->catalog, section->kind, use, err) : section->component;
    if (!settings->component)
        return HONE_EINVAL;
    if (enabled && !hone_parse_bool(enabled, &flag))
        return hone_fail(err, HONE_EINVAL, "enabled", "%.60s.enabled = %.60s is neither yes nor no", section->name,
                         enabled);
    settings->enabled = flag;
    settings->own = calloc(section->n_keys ? section->n_keys : 1, sizeof *settings->own);
    settings->of_slot = calloc(section->n_keys ? section->n_keys : 1, sizeof *settings->of_slot);
    if (!settings->own || !settings->of_slot) {
        section_settings_release(settings);
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the settings of [%.60s]", section->name);
    }
    for (size_t i = 0; i < section->n_keys; i++) {
        const struct composed_key *key = section->keys + i;
        const char *text = point_text(point, n_point, section->name, key->param->key);
        if (!key->of_slot && !component_has(settings->component, key->param))
            continue;
        text = text ? text : key->text;
        if (!text && settings->enabled) {
            hone_fail(err, HONE_EINVAL, key->param->key, "[%.60s] needs the key '%.60s', and the point has none",
                      section->name, key->param->key);
            section_settings_release(settings);
            return HONE_EINVAL;
        }
        if (!text)
            continue;
        if (key->of_slot)
            settings->of_slot[settings->n_of_slot++] = (struct setting_text){ key->param->key, text };
        else
            settings->own[settings->n_own++] = (struct setting_text){ key->param->key, text };
    }
    return HONE_OK;
}
