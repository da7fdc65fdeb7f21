/* SPDX-License-Identifier: MIT */
/* Instances: settings from text by the component's table, then create, with an eye on what create leaves behind. */
#include "plugin/component.h"

#include "base/suggest.h"
#include "plugin/guard.h"

#include <string.h>

struct lookup {
    const struct catalog_component *entry;
    const struct setting_text *settings;
    size_t n;
};

static const char *given(const struct setting_text *settings, size_t n, const char *key)
{
    for (size_t i = n; i > 0; i--) /* the last word counts */
        if (!strcmp(settings[i - 1].key, key))
            return settings[i - 1].text;
    return NULL;
}

static const hone_param *find_param(const struct catalog_component *entry, const char *key)
{
    for (uint32_t i = 0; i < entry->n_params; i++)
        if (!strcmp(entry->params[i].key, key))
            return &entry->params[i];
    return NULL;
}

static const char *value_of(void *ctx, const char *key)
{
    const struct lookup *lookup = ctx;
    const char *text = given(lookup->settings, lookup->n, key);
    const hone_param *p = text ? NULL : find_param(lookup->entry, key);
    return p ? p->def : text;
}

static hone_rc fill_config(struct component *c, const struct setting_text *settings, size_t n, hone_error *err)
{
    const struct catalog_component *entry = c->entry;
    struct lookup lookup = { entry, settings, n };
    hone_rc rc = hone_settings_defaults(entry->params, entry->n_params, sizeof(hone_param), c->config, &c->memory, err);
    for (size_t i = 0; i < n && rc == HONE_OK; i++) {
        const hone_param *p = find_param(entry, settings[i].key);
        if (p) {
            rc = hone_settings_parse(p, settings[i].text, c->config, &c->memory, err);
            continue;
        }
        struct suggestion suggestion;
        suggestion_start(&suggestion, settings[i].key);
        for (uint32_t k = 0; k < entry->n_params; k++)
            suggestion_offer(&suggestion, entry->params[k].key);
        if (suggestion.best)
            rc = hone_fail(err, HONE_EINVAL, settings[i].key, "unknown key '%.60s' of %.60s; did you mean '%.60s'?",
                           settings[i].key, entry->name, suggestion.best);
        else
            rc = hone_fail(err, HONE_EINVAL, settings[i].key, "unknown key '%.60s' of %.60s", settings[i].key,
                           entry->name);
    }
    for (uint32_t i = 0; i < entry->n_params && rc == HONE_OK; i++) {
        const hone_param *p = &entry->params[i];
        if (!p->def && !given(settings, n, p->key) && hone_active_if(p->active_if, value_of, &lookup))
            rc = hone_fail(err, HONE_EINVAL, p->key, "%.60s needs a value for %.60s", entry->name, p->key);
    }
    return rc;
}

/* What create says, brought to the form that the rest of the program relies on. */
static hone_rc judge(struct component *c, hone_rc rc, hone_error *why, hone_error *err)
{
    why->msg[sizeof why->msg - 1] = '\0';
    why->param[sizeof why->param - 1] = '\0';
    for (char *at = why->msg; *at; at++)
        if ((unsigned char)*at < ' ')
            *at = ' ';
    if (rc < 0) {
        c->self = NULL; /* whatever it left there is not ours to call */
        return hone_fail(err, rc, why->param, "%s", *why->msg ? why->msg : "failed without giving a reason");
    }
    if (rc > 0)
        return hone_fail(err, HONE_EFAIL, "", "%.40s/%.60s: create answered %d, which has no meaning", c->entry->kind,
                         c->entry->name, rc);
    if (!c->self)
        return hone_fail(err, HONE_EFAIL, "", "%.40s/%.60s: create reported success without an instance",
                         c->entry->kind, c->entry->name);
    return HONE_OK;
}

hone_rc component_create(struct component *component, struct catalog *catalog, const struct catalog_component *entry,
                         const hone_host *host, const char *instance, const struct setting_text *settings, size_t n,
                         uint64_t seed, hone_error *err)
{
    static const struct component empty = COMPONENT_INIT;
    hone_error why = HONE_ERROR_INIT;
    struct guard guard;
    struct component c = empty;
    c.entry = entry;
    hone_rc rc = catalog_load(catalog, entry, host, &c.loaded, err);
    if (rc != HONE_OK)
        goto out;
    c.config = calloc(1, entry->config_size ? entry->config_size : 1);
    c.instance = strdup(instance);
    if (!c.config || !c.instance) {
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for %.60s", entry->name);
        goto out;
    }
    if ((rc = fill_config(&c, settings, n, err)) != HONE_OK)
        goto out;
    const hone_create_info info = { sizeof info, 0, c.config, c.instance, seed };
    guard_save(&guard);
    rc = c.loaded->create(host, &info, &c.self, &why);
    rc = judge(&c, rc, &why, err);
    if (guard_check(&guard, &why) != HONE_OK && rc == HONE_OK)
        rc = hone_fail(err, HONE_EFAIL, "", "%.40s/%.60s: create %.120s", entry->kind, entry->name, why.msg);
out:
    if (rc != HONE_OK)
        component_destroy(&c);
    *component = c;
    return rc;
}

void component_destroy(struct component *component)
{
    static const struct component empty = COMPONENT_INIT;
    if (component->self)
        component->loaded->destroy(component->self);
    hone_settings_release(&component->memory);
    free(component->config);
    free(component->instance);
    *component = empty;
}
