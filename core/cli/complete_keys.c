/* SPDX-License-Identifier: MIT */
/* --set SECTION.KEY=VALUE: sections first, then the keys of every plugin that such a section may use, then a key's values. */
#include "cli/complete.h"
#include "cli/info.h"
#include "config/study_table.h"

#include <string.h>

struct setting {
    struct completion *completion;
    const char *section; /* "optimizer", "regularizer.dropout": "SECTION." is offered, and what is in it */
    size_t key;          /* length of "SECTION.KEY" where "=" was typed */
};

static void offer_key(const struct setting *s, const char *name, const hone_param *param, const char *values)
{
    struct completion *c = s->completion;
    struct text key = TEXT_INIT;
    text_addf(&key, "%s.%s", s->section, name);
    if (!s->key) {
        text_add(&key, "=");
        offer(c, text_string(&key), param ? param->doc : NULL);
    } else if (key.length == s->key && !memcmp(text_string(&key), c->typed, s->key)) {
        const char *typed = c->typed;
        c->typed += s->key + 1;
        if (values)
            offer_words(c, values);
        else
            complete_parameter(c, param);
        c->typed = typed;
    }
    c->out.failed |= key.failed;
    text_release(&key);
}

static void offer_table(const struct setting *s, const hone_param *params, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!(params[i].flags & HONE_P_DEPRECATED))
            offer_key(s, params[i].key, &params[i], NULL);
}

/* Keys that an objective adds to the sections of a kind. */
static void offer_slot_keys(const struct setting *s, const struct catalog *catalog, const char *kind)
{
    const struct catalog_component *const *c;
    const size_t n = catalog_components(catalog, &c), length = strlen(kind);
    for (size_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < c[i]->n_slots; k++)
            if (!strncmp(c[i]->slots[k]->kind, kind, length) && c[i]->slots[k]->kind[length] == '/')
                offer_table(s, c[i]->slots[k]->params, c[i]->slots[k]->n_params);
}

/* "SECTION.", and, once that stands there, what is in the section. */
static int begins(const struct setting *s, const char *description)
{
    char head[96];
    snprintf(head, sizeof head, "%s.", s->section);
    if (!strncmp(s->completion->typed, head, strlen(head)))
        return 1;
    if (!s->key)
        offer(s->completion, head, description);
    return 0;
}

static void add_names(struct text *names, const struct catalog *catalog, const char *kind)
{
    const struct catalog_component *const *c;
    const size_t n = catalog_components(catalog, &c);
    text_clear(names);
    for (size_t i = 0; i < n; i++)
        if (!strcmp(c[i]->kind, kind))
            text_addf(names, "%s%s", names->length ? " " : "", c[i]->name);
}

void complete_setting(struct completion *c)
{
    const struct catalog_component *const *all;
    const char *equal = strchr(c->typed, '=');
    struct setting s = { c, "study", equal ? (size_t)(equal - c->typed) : 0 };
    struct text names = TEXT_INIT;
    char section[96];
    const char *typed = c->typed;
    if (begins(&s, "the run as a whole"))
        offer_table(&s, study_params, study_n_params);
    const size_t n = complete_catalog(c) ? catalog_components(c->catalog, &all) : 0;
    for (size_t i = 0; i < n; i++) {
        const char *kind = all[i]->kind;
        if (!info_has_section(all[i]))
            continue;
        const int many = info_takes_many(c->catalog, kind);
        s.section = kind;
        if (!begins(&s, NULL))
            continue;
        snprintf(section, sizeof section, "%s.%s", kind, all[i]->name);
        s.section = many ? section : kind;
        if (many && !begins(&s, all[i]->summary))
            continue;
        add_names(&names, c->catalog, kind);
        offer_key(&s, "use", NULL, text_string(&names));
        offer_key(&s, "enabled", NULL, "yes no");
        offer_table(&s, all[i]->params, all[i]->n_params);
        offer_slot_keys(&s, c->catalog, kind);
    }
    if (equal) /* what was offered stands behind the key */
        c->typed = equal + 1;
    else
        c->typed = typed;
    c->out.failed |= names.failed;
    text_release(&names);
}
