/* SPDX-License-Identifier: MIT */
/* What components that run here may ask of the host (hone/compose.h): other components by name, and a note to the user. */
#include "study/study.h"

#include "hone/compose.h"
#include "hone/param.h"
#include "hone/rng.h"

#include <stdlib.h>
#include <string.h>

struct composed { /* a list */
    struct composed *next;
    struct component component;
};

static struct study *study_of(const hone_host *host)
{
    return host->impl;
}

static const struct composed_section *find_section(const struct composition *c, const char *name)
{
    for (size_t i = 0; i < c->n_sections; i++)
        if (!strcmp(c->sections[i].name, name))
            return &c->sections[i];
    return NULL;
}

static uint64_t hash(const char *name) /* FNV-1a, 64 bits */
{
    uint64_t h = 1469598103934665603u;
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 1099511628211u;
    return h;
}

static hone_rc compose_open(const hone_host *host, const char *kind, const char *name, hone_instance *instance,
                            hone_error *err)
{
    struct study *study = study_of(host);
    const struct composition *c = study->composition;
    struct section_settings settings = { 0 };
    struct composed *one = NULL;
    char plain[64], section_name[160];
    hone_error why = HONE_ERROR_INIT;
    hone_rc rc;
    *instance = (hone_instance){ .size = sizeof *instance };
    snprintf(plain, sizeof plain, "%.*s", (int)strcspn(kind, "/"), kind);
    snprintf(section_name, sizeof section_name, "%s.%s", plain, name);
    const struct composed_section *section = find_section(c, section_name);
    if (section && !section->enabled)
        return hone_fail(err, HONE_ENOTSUP, NULL, "[%s] is not enabled", section_name);
    if (section) {
        if ((rc = composition_settings(c, section, NULL, 0, &settings, err)) != HONE_OK)
            return rc;
    } else if (!(settings.component = catalog_find(c->catalog, plain, name, &why))) {
        return hone_fail(err, HONE_ENOTSUP, NULL, "%.200s", why.msg);
    }
    if (strcmp(settings.component->kind_id, kind) != 0)
        rc = hone_fail(err, HONE_ENOTSUP, NULL, "%s '%s' is of the kind %s, not %s", plain, name,
                       settings.component->kind_id, kind);
    else if (!(one = calloc(1, sizeof *one)))
        rc = hone_fail(err, HONE_ENOMEM, NULL, "out of memory for [%s]", section_name);
    else
        rc = component_create(&one->component, c->catalog, settings.component, host, section_name, settings.own,
                              settings.n_own, hone_rng_derive((uint64_t)c->study.search_seed, hash(section_name)), err);
    section_settings_release(&settings);
    if (rc != HONE_OK) {
        free(one);
        return rc;
    }
    one->next = study->composed;
    study->composed = one;
    *instance = (hone_instance){
        sizeof *instance,      0,   one->component.loaded, one->component.self, one->component.instance,
        one->component.config, NULL
    };
    return HONE_OK;
}

static void compose_close(const hone_host *host, hone_instance *instance)
{
    for (struct composed **at = &study_of(host)->composed; instance->self && *at; at = &(*at)->next)
        if ((*at)->component.self == instance->self) {
            struct composed *one = *at;
            *at = one->next;
            component_destroy(&one->component);
            free(one);
            break;
        }
    *instance = (hone_instance){ .size = sizeof *instance };
}

static void compose_note(const hone_host *host, const char *text)
{
    text_addf(&study_of(host)->notes, "%s\n", text);
}

/* the rest is the given host's, which knows nothing of ours */
static void compose_log(const hone_host *host, uint32_t level, const char *message)
{
    const hone_host *given = study_of(host)->host;
    if (given->log)
        given->log(given, level, message);
}

static uint32_t compose_cancelled(const hone_host *host)
{
    const hone_host *given = study_of(host)->host;
    return given->cancelled ? given->cancelled(given) : 0;
}

static const void *compose_get_ext(const hone_host *host, const char *id)
{
    static const hone_compose_v1 compose = { sizeof compose, 0, compose_open, compose_close, compose_note };
    const hone_host *given = study_of(host)->host;
    return !strcmp(id, HONE_EXT_COMPOSE) ? &compose : given->get_ext ? given->get_ext(given, id) : NULL;
}

void study_compose_init(struct study *study)
{
    study->composing = *study->host;
    study->composing.impl = study;
    study->composing.log = compose_log;
    study->composing.cancelled = compose_cancelled;
    study->composing.get_ext = compose_get_ext;
}

void study_compose_release(struct study *study)
{
    while (study->composed) { /* what its opener left behind */
        struct composed *one = study->composed;
        study->composed = one->next;
        component_destroy(&one->component);
        free(one);
    }
    text_release(&study->notes);
}

hone_rc study_flush_notes(struct study *study, hone_error *err)
{
    hone_rc rc = HONE_OK;
    const char *line = text_string(&study->notes);
    while (study->live && rc == HONE_OK && *line) {
        char note[512];
        const size_t n = strcspn(line, "\n");
        snprintf(note, sizeof note, "%.*s", (int)(n < sizeof note ? n : sizeof note - 1), line);
        if ((rc = study_put_event(study, HONE_EVENT_NOTE, NULL, 0, 0, note, err)) == HONE_OK)
            rc = study_tell_note(study, note, err);
        line += n + 1;
    }
    text_clear(&study->notes);
    return rc;
}
