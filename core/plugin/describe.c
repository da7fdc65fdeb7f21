/* SPDX-License-Identifier: MIT */
/* Descriptions of modules: writing and reading. Reading trusts nothing: the text may come from a child that a plugin
 * has meddled with, or from a cache that was cut short. */
#include "plugin/describe.h"

#include "hone/objective.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_FIELDS = 512, MAX_ROWS = 8192 };

void describe_add(struct text *out, const char *field)
{
    if (!field) {
        text_add(out, "\\N");
        return;
    }
    while (*field) {
        const size_t plain = strcspn(field, "\t\n\r\\");
        text_add_bytes(out, field, plain);
        field += plain;
        if (*field) {
            const char escape[] = { '\\',
                                    *field == '\t'   ? 't'
                                    : *field == '\n' ? 'n'
                                    : *field == '\r' ? 'r'
                                                     : '\\',
                                    '\0' };
            text_add(out, escape);
            field++;
        }
    }
}

static void add_row(struct text *out, const char *first, const char *const *fields, size_t n)
{
    text_add(out, first);
    for (size_t i = 0; i < n; i++) {
        text_add(out, "\t");
        describe_add(out, fields[i]);
    }
}

static void add_table(struct text *out, const hone_param *params, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const hone_param *p = &params[i];
        text_addf(out, "param\t%u\t%u\t%u\t", p->type, p->flags, p->offset);
        describe_add(out, p->key);
        text_add(out, "\t");
        describe_add(out, p->def);
        text_addf(out, "\t%a\t%a", p->min, p->max); /* exact */
        add_row(out, "", (const char *const[]){ p->active_if, p->unit, p->doc }, 3);
        for (uint32_t c = 0; p->choices && p->choices[c]; c++)
            add_row(out, "", &p->choices[c], 1);
        text_add(out, "\n");
    }
}

void describe(const struct record *record, struct text *out)
{
    const struct catalog_module *m = &record->module;
    if (m->broken) {
        add_row(out, "broken", &m->broken, 1);
        text_addf(out, "\t%d\n", record->keep);
        for (size_t i = 0; i < record->n_offers; i++) {
            add_row(out, "offer", (const char *const[]){ record->offers[i].kind, record->offers[i].name }, 2);
            text_add(out, "\n");
        }
        text_add(out, "end\n");
        return;
    }
    add_row(out, "module", (const char *const[]){ m->id, m->version, m->license, m->author, m->url }, 5);
    text_addf(out, "\t%u\t%zu\n", m->abi_minor, record->n_components);
    for (size_t i = 0; i < record->n_components; i++) {
        const struct catalog_component *c = &record->components[i].entry;
        add_row(out, "component", (const char *const[]){ c->kind_id, c->name }, 2);
        text_addf(out, "\t%u\t%u\t%u", c->flags, c->iface_flags, c->config_size);
        add_row(out, "", (const char *const[]){ c->summary, c->doc, c->provides, c->conflicts, c->hooks, c->suffixes },
                6);
        text_addf(out, "\t%d", c->stage);
        text_addf(out, "\t%u\t%u\n", c->n_params, c->n_slots);
        add_table(out, c->params, c->n_params);
        for (uint32_t s = 0; s < c->n_slots; s++) {
            const hone_slot *slot = c->slots[s];
            add_row(out, "slot", &slot->kind, 1);
            text_addf(out, "\t%u\t%u\t%u\t%u\t%u\n", slot->flags, slot->min, slot->max, slot->config_size,
                      slot->n_params);
            add_table(out, slot->params, slot->n_params);
        }
    }
    text_add(out, "end\n");
}

size_t describe_fields(char **at, char **fields, size_t n)
{
    char *line = *at, *to;
    char *end = strchr(line, '\n');
    size_t count = 0;
    if (!end)
        return 0;
    *end = '\0';
    *at = end + 1;
    for (;;) {
        char *tab = strchr(line, '\t');
        const int more = tab != NULL;
        char *slash;
        if (tab)
            *tab = '\0';
        if (count < n)
            fields[count] = line;
        count++;
        if (!strcmp(line, "\\N")) {
            if (count <= n)
                fields[count - 1] = NULL;
        } else if ((slash = strchr(line, '\\')) != NULL) {
            for (to = slash; *slash; slash++) {
                if (*slash == '\\' && slash[1]) {
                    slash++;
                    *to++ = *slash == 't' ? '\t' : *slash == 'n' ? '\n' : *slash == 'r' ? '\r' : *slash;
                } else {
                    *to++ = *slash;
                }
            }
            *to = '\0';
        }
        if (!more)
            return count;
        line = tab + 1;
    }
}

static int read_u32(const char *text, uint32_t *out)
{
    char *end;
    if (!text || !(*text >= '0' && *text <= '9'))
        return 0;
    const unsigned long long v = strtoull(text, &end, 10);
    if (*end || v > UINT32_MAX)
        return 0;
    *out = (uint32_t)v;
    return 1;
}

static int read_i32(const char *text, int32_t *out)
{
    uint32_t v;
    const int negative = text && *text == '-';
    if (!read_u32(text ? text + negative : NULL, &v) || v > INT32_MAX)
        return 0;
    *out = negative ? -(int32_t)v : (int32_t)v;
    return 1;
}

static int read_real(const char *text, double *out)
{
    char *end;
    if (!text || !*text)
        return 0;
    *out = strtod(text, &end);
    return !*end;
}

static hone_rc read_table(char **at, uint32_t n, struct record *record, const hone_param **out)
{
    *out = NULL;
    if (!n)
        return HONE_OK;
    if (n > MAX_ROWS)
        return HONE_EINVAL;
    hone_param *table = hone_settings_allocate(&record->memory, n * sizeof *table);
    if (!table)
        return HONE_ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        enum { FIXED = 11 };
        char *f[MAX_FIELDS];
        const size_t count = describe_fields(at, f, MAX_FIELDS);
        hone_param *p = &table[i];
        if (count < FIXED || count > MAX_FIELDS || !f[0] || strcmp(f[0], "param") || !read_u32(f[1], &p->type) ||
            !read_u32(f[2], &p->flags) || !read_u32(f[3], &p->offset) || !f[4] || !read_real(f[6], &p->min) ||
            !read_real(f[7], &p->max) || !f[10])
            return HONE_EINVAL;
        p->key = f[4];
        p->def = f[5];
        p->active_if = f[8];
        p->unit = f[9];
        p->doc = f[10];
        if (count > FIXED) {
            const char **choices = hone_settings_allocate(&record->memory, (count - FIXED + 1) * sizeof *choices);
            if (!choices)
                return HONE_ENOMEM;
            for (size_t c = FIXED; c < count; c++)
                if ((choices[c - FIXED] = f[c]) == NULL)
                    return HONE_EINVAL;
            p->choices = choices;
        }
    }
    *out = table;
    return HONE_OK;
}

static hone_rc read_slots(char **at, struct record *record, struct catalog_component *c)
{
    if (!c->n_slots)
        return HONE_OK;
    if (c->n_slots > MAX_ROWS)
        return HONE_EINVAL;
    hone_slot *block = hone_settings_allocate(&record->memory, c->n_slots * sizeof *block);
    const hone_slot **slots = hone_settings_allocate(&record->memory, c->n_slots * sizeof *slots);
    if (!block || !slots)
        return HONE_ENOMEM;
    for (uint32_t i = 0; i < c->n_slots; i++) {
        char *f[7];
        hone_slot *slot = &block[i];
        if (describe_fields(at, f, 7) != 7 || !f[0] || strcmp(f[0], "slot") || !f[1] || !read_u32(f[2], &slot->flags) ||
            !read_u32(f[3], &slot->min) || !read_u32(f[4], &slot->max) || !read_u32(f[5], &slot->config_size) ||
            !read_u32(f[6], &slot->n_params))
            return HONE_EINVAL;
        slot->size = sizeof *slot;
        slot->kind = f[1];
        slot->param_size = sizeof(hone_param);
        const hone_rc rc = read_table(at, slot->n_params, record, &slot->params);
        if (rc != HONE_OK)
            return rc;
        slots[i] = slot;
    }
    c->slots = slots;
    return HONE_OK;
}

static hone_rc read_component(char **at, struct record *record, struct catalog_component *c)
{
    char *f[15];
    size_t length;
    if (describe_fields(at, f, 15) != 15 || !f[0] || strcmp(f[0], "component") || !f[1] || !f[2] ||
        !read_u32(f[3], &c->flags) || !read_u32(f[4], &c->iface_flags) || !read_u32(f[5], &c->config_size) || !f[6] ||
        !f[8] || !f[9] || !f[10] || !f[11] || !read_i32(f[12], &c->stage) || !read_u32(f[13], &c->n_params) ||
        !read_u32(f[14], &c->n_slots) || (length = strcspn(f[1], "/")) == 0)
        return HONE_EINVAL;
    c->kind_id = f[1];
    c->kind = record_string(record, f[1], length);
    c->name = f[2];
    c->summary = f[6];
    c->doc = f[7];
    c->provides = f[8];
    c->conflicts = f[9];
    c->hooks = f[10];
    c->suffixes = f[11];
    c->module = &record->module;
    if (!c->kind)
        return HONE_ENOMEM;
    const hone_rc rc = read_table(at, c->n_params, record, &c->params);
    return rc == HONE_OK ? read_slots(at, record, c) : rc;
}

static hone_rc read_broken(char **at, char **f, size_t count, struct record *record)
{
    enum { MAX_OFFERS = 64 };
    uint32_t keep = 0;
    if (count != 3 || !f[1] || !read_u32(f[2], &keep))
        return HONE_EINVAL;
    record->module.broken = f[1];
    record->keep = keep == 1;
    record->offers = hone_settings_allocate(&record->memory, MAX_OFFERS * sizeof *record->offers);
    if (!record->offers)
        return HONE_ENOMEM;
    for (;;) {
        char *o[3];
        const size_t n = describe_fields(at, o, 3);
        if (n == 1 && o[0] && !strcmp(o[0], "end"))
            return HONE_OK;
        if (n != 3 || !o[0] || strcmp(o[0], "offer") || !o[1] || !o[2])
            return HONE_EINVAL;
        if (record->n_offers < MAX_OFFERS)
            record->offers[record->n_offers++] = (struct record_offer){ o[1], o[2] };
    }
}

hone_rc describe_read(char **at, struct record *record)
{
    char *f[8];
    uint32_t minor = 0, n = 0;
    const size_t count = describe_fields(at, f, 8);
    if (count && f[0] && !strcmp(f[0], "broken"))
        return read_broken(at, f, count, record);
    if (count != 8 || !f[0] || strcmp(f[0], "module") || !f[1] || !f[2] || !f[3] || !f[4] || !f[5] ||
        !read_u32(f[6], &minor) || !read_u32(f[7], &n) || !n || n > MAX_ROWS)
        return HONE_EINVAL;
    record->module.id = f[1];
    record->module.version = f[2];
    record->module.license = f[3];
    record->module.author = f[4];
    record->module.url = f[5];
    record->module.abi_minor = minor;
    record->components = hone_settings_allocate(&record->memory, n * sizeof *record->components);
    if (!record->components)
        return HONE_ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        const hone_rc rc = read_component(at, record, &record->components[i].entry);
        if (rc != HONE_OK)
            return rc;
        record->n_components++;
    }
    record->keep = 1;
    return describe_fields(at, f, 8) == 1 && f[0] && !strcmp(f[0], "end") ? HONE_OK : HONE_EINVAL;
}
