/* SPDX-License-Identifier: MIT */
/* Making, keeping and destroying the instances of a trial. */
#include "worker/components.h"

#include "hone/rng.h"

#include <stdlib.h>
#include <string.h>

struct made {
    char *section;  /* "regularizer.dropout"; a default one: "loss (default)" */
    char *settings; /* all texts, to see whether a kept instance still fits */
    struct component component;
    void *slot; /* the slot's struct, or NULL */
    hone_settings_memory slot_memory;
    int used; /* in this trial */
};

/* "model/1" -> is it this kind? */
static int same_kind(const char *kind, const char *kind_id)
{
    const size_t n = strlen(kind);
    return !strncmp(kind, kind_id, n) && (kind_id[n] == '/' || !kind_id[n]);
}

static uint64_t name_hash(const char *name) /* FNV-1a, 64 bits */
{
    uint64_t h = 1469598103934665603u;
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 1099511628211u;
    return h;
}

static void made_release(struct made *made)
{
    component_destroy(&made->component);
    hone_settings_release(&made->slot_memory);
    free(made->slot);
    free(made->section);
    free(made->settings);
    *made = (struct made){ 0 };
}

static void drop(struct trial_components *c, size_t i)
{
    made_release(&c->made[i]);
    c->made[i] = c->made[--c->n_made];
}

void trial_components_begin(struct trial_components *c, const struct setting_text *point, size_t n_point,
                            uint64_t trial_seed)
{
    c->point = point;
    c->n_point = n_point;
    c->trial_seed = trial_seed;
    text_clear(&c->config_text);
}

void trial_components_end(struct trial_components *c)
{
    for (size_t i = c->n_made; i > 0; i--) {
        struct made *made = &c->made[i - 1];
        if (made->used && made->component.entry->flags & HONE_C_REUSABLE)
            made->used = 0;
        else
            drop(c, i - 1); /* also what was kept and not wanted this time: one spare copy at most */
    }
}

void trial_components_release(struct trial_components *c)
{
    while (c->n_made)
        drop(c, c->n_made - 1);
    free(c->made);
    free(c->stop_key);
    text_release(&c->config_text);
}

static char *joined(const struct section_settings *settings)
{
    struct text all = TEXT_INIT;
    for (size_t i = 0; i < settings->n_own; i++)
        text_addf(&all, "%s=%s\n", settings->own[i].key, settings->own[i].text);
    text_add(&all, "--\n");
    for (size_t i = 0; i < settings->n_of_slot; i++)
        text_addf(&all, "%s=%s\n", settings->of_slot[i].key, settings->of_slot[i].text);
    if (all.failed) {
        text_release(&all);
        return NULL;
    }
    return all.data;
}

static hone_rc slot_fill(struct made *made, const hone_slot *slot, const struct section_settings *settings,
                         hone_error *err)
{
    hone_rc rc;
    if (!slot || !slot->config_size)
        return HONE_OK;
    made->slot = calloc(1, slot->config_size);
    if (!made->slot)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the settings of a section");
    if ((rc = hone_settings_defaults(slot->params, slot->n_params, slot->param_size, made->slot, &made->slot_memory,
                                     err)) != HONE_OK)
        return rc;
    for (size_t i = 0; i < settings->n_of_slot; i++)
        for (uint32_t k = 0; k < slot->n_params; k++) {
            const hone_param *p = hone_param_at(slot->params, slot->param_size, k);
            if (!strcmp(p->key, settings->of_slot[i].key) &&
                (rc = hone_settings_parse(p, settings->of_slot[i].text, made->slot, &made->slot_memory, err)) !=
                    HONE_OK)
                return rc;
        }
    return HONE_OK;
}

static struct made *made_append(struct trial_components *c)
{
    if (c->n_made == c->capacity) {
        const size_t capacity = c->capacity ? c->capacity * 2 : 16;
        struct made *more = realloc(c->made, capacity * sizeof *more);
        if (!more)
            return NULL;
        c->made = more;
        c->capacity = capacity;
    }
    c->made[c->n_made] = (struct made){ .component = COMPONENT_INIT };
    return &c->made[c->n_made++];
}

static void instance_fill(const struct made *made, hone_instance *instance)
{
    *instance = (hone_instance){
        sizeof *instance,       0,         made->component.loaded, made->component.self, made->component.instance,
        made->component.config, made->slot
    };
}

static hone_rc make(struct trial_components *c, const char *section, const hone_slot *slot,
                    const struct catalog_component *entry, const struct section_settings *settings,
                    hone_instance *instance, hone_error *err)
{
    const int reusable = (entry->flags & HONE_C_REUSABLE) != 0;
    const uint64_t seed = hone_rng_derive(reusable ? c->study_seed : c->trial_seed, name_hash(section));
    char *texts = joined(settings);
    hone_rc rc;
    if (!texts)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the settings of [%s]", section);
    for (size_t i = 0; i < c->n_made; i++) {
        struct made *made = &c->made[i];
        if (strcmp(made->section, section) || made->component.entry != entry)
            continue;
        if (made->used || !strcmp(made->settings, texts)) {
            made->used = 1;
            instance_fill(made, instance);
            free(texts);
            return HONE_OK;
        }
    }
    struct made *made = made_append(c);
    if (!made) {
        free(texts);
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for [%s]", section);
    }
    made->section = strdup(section);
    made->settings = texts;
    made->used = 1;
    if (!made->section)
        rc = hone_fail(err, HONE_ENOMEM, NULL, "out of memory for [%s]", section);
    else if ((rc = slot_fill(made, slot, settings, err)) == HONE_OK)
        rc = component_create(&made->component, c->composition->catalog, entry, c->host, section, settings->own,
                              settings->n_own, seed, err);
    if (rc != HONE_OK) {
        made_release(made);
        c->n_made--;
        return rc;
    }
    instance_fill(made, instance);
    return HONE_OK;
}

/* A section of a kind that is enabled in the trial, and where it stands among its like. */
struct candidate {
    size_t section;
    int32_t stage;
};

/* The enabled sections of the kind by stage, then as in the INI. The number, or an error. */
static int64_t list(struct trial_components *c, const char *kind, struct candidate *candidates, hone_error *err)
{
    size_t n = 0;
    for (size_t i = 0; i < c->composition->n_sections; i++) {
        const struct composed_section *s = &c->composition->sections[i];
        struct section_settings settings;
        if (!same_kind(s->kind, kind))
            continue;
        const hone_rc rc = composition_settings(c->composition, s, c->point, c->n_point, &settings, err);
        if (rc != HONE_OK)
            return rc;
        size_t at = n;
        if (settings.enabled) { /* the point may choose the component, and with it the stage */
            const struct candidate one = { i, settings.component->stage };
            for (; at > 0 && candidates[at - 1].stage > one.stage; at--)
                candidates[at] = candidates[at - 1];
            candidates[at] = one;
            n++;
        }
        section_settings_release(&settings);
    }
    return (int64_t)n;
}

/* The index-th enabled section of the kind with its settings; HONE_DONE: there are not so many. Release settings afterwards. */
static hone_rc find(struct trial_components *c, const char *kind, uint32_t index,
                    const struct composed_section **section, struct section_settings *settings, hone_error *err)
{
    struct candidate *candidates = calloc(c->composition->n_sections + 1, sizeof *candidates);
    const int64_t n = candidates ? list(c, kind, candidates, err)
                                 : hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the sections of kind %s", kind);
    hone_rc rc = n < 0 ? (hone_rc)n : HONE_DONE;
    *section = NULL;
    if (index < n) {
        *section = &c->composition->sections[candidates[index].section];
        rc = composition_settings(c->composition, *section, c->point, c->n_point, settings, err);
    }
    free(candidates);
    return rc;
}

uint32_t trial_components_count(struct trial_components *c, const char *kind)
{
    uint32_t n = 0;
    for (size_t i = 0; i < c->composition->n_sections; i++) {
        struct section_settings settings;
        if (!same_kind(c->composition->sections[i].kind, kind))
            continue;
        if (composition_settings(c->composition, &c->composition->sections[i], c->point, c->n_point, &settings, NULL) !=
            HONE_OK)
            continue; /* get tells */
        n += settings.enabled != 0;
        section_settings_release(&settings);
    }
    return n;
}

/* Adds the section to a message that a component gave about itself. */
static hone_rc in_section(hone_rc rc, const char *section, hone_error *err)
{
    if (rc < 0 && err) {
        char message[sizeof err->msg];
        snprintf(message, sizeof message, "[%s]: %.200s", section, err->msg);
        memcpy(err->msg, message, sizeof message);
        if (err->param[0] && !strchr(err->param, '.')) {
            char param[sizeof err->param];
            snprintf(param, sizeof param, "%.30s.%.30s", section, err->param);
            memcpy(err->param, param, sizeof param);
        }
    }
    return rc;
}

hone_rc trial_components_get(struct trial_components *c, const char *kind, uint32_t index, hone_instance *instance,
                             hone_error *err)
{
    const struct composed_section *section;
    struct section_settings settings;
    hone_rc rc = find(c, kind, index, &section, &settings, err);
    if (rc == HONE_DONE)
        return hone_fail(err, HONE_EINVAL, NULL, "there is no enabled section number %u of kind %s", index + 1, kind);
    if (rc != HONE_OK)
        return rc;
    rc = make(c, section->name, section->slot, settings.component, &settings, instance, err);
    section_settings_release(&settings);
    return in_section(rc, section->name, err);
}

hone_rc trial_components_get_default(struct trial_components *c, const char *kind, const char *name,
                                     hone_instance *instance, hone_error *err)
{
    const struct section_settings none = { 0 };
    char plain[64], section[160];
    const struct catalog_component *entry;
    snprintf(plain, sizeof plain, "%.*s", (int)strcspn(kind, "/"), kind);
    if (!(entry = catalog_find(c->composition->catalog, plain, name, err)))
        return err ? err->code : HONE_EINVAL;
    snprintf(section, sizeof section, "%s.%s", plain, name);
    return in_section(make(c, section, NULL, entry, &none, instance, err), section, err);
}

const char *trial_components_installed(struct trial_components *c, const char *kind, uint32_t index)
{
    const struct catalog_component *const *all;
    const size_t n = catalog_components(c->composition->catalog, &all);
    uint32_t seen = 0;
    for (size_t i = 0; i < n; i++)
        if (!strcmp(all[i]->kind_id, kind) && seen++ == index)
            return all[i]->name;
    return NULL;
}

/* The point, and what else makes this trial the one that it is: its number, which its random numbers depend on, and its end. */
static void write_config(struct trial_components *c)
{
    char number[32], until[32], stop_key[96];
    struct setting_text *all = calloc(c->n_point + 2, sizeof *all);
    size_t n = 0;
    if (!all) {
        c->config_text.failed = 1;
        return;
    }
    for (; n < c->n_point; n++)
        all[n] = c->point[n];
    snprintf(number, sizeof number, "%llu", (unsigned long long)c->trial_number);
    all[n++] = (struct setting_text){ "study.trial", number };
    if (c->until && c->stop_key) {
        snprintf(until, sizeof until, "%lld", (long long)c->until);
        snprintf(stop_key, sizeof stop_key, "%s.%s", c->composition->objective->name, c->stop_key);
        all[n++] = (struct setting_text){ stop_key, until };
    }
    composition_text(c->composition, all, n, &c->config_text);
    free(all);
}

const char *trial_components_config_text(struct trial_components *c)
{
    if (!c->config_text.length)
        write_config(c);
    return text_string(&c->config_text);
}
