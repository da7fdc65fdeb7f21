/* SPDX-License-Identifier: MIT */
/* Modules and their components: identity, functions by kind and flag, slots. Parameter tables are in verify_table.c. */
#include "plugin/verify.h"

#include "base/version.h"
#include "hone/objective.h"
#include "hone/place.h"
#include "hone/reporter.h"
#include "hone/scheduler.h"
#include "hone/search.h"
#include "plugin/kinds.h"

#include <stdarg.h>
#include <string.h>

enum { MAX_COMPONENTS = 1024, MAX_SLOTS = 64, MAX_KIND = 80, MAX_WORDS = 32 };
enum {
    KNOWN_FLAGS = HONE_C_DETERMINISTIC | HONE_C_STATEFUL | HONE_C_DEFAULT | HONE_C_REUSABLE | HONE_C_COMPOSES |
                  HONE_C_PROPOSES
};

void record_release(struct record *record)
{
    hone_settings_release(&record->memory);
    memset(record, 0, sizeof *record);
}

char *record_string(struct record *record, const char *string, size_t n)
{
    char *copy = hone_settings_allocate(&record->memory, n + 1);
    if (copy)
        memcpy(copy, string, n);
    return copy;
}

void problem(struct problems *problems, const char *where, const char *format, ...)
{
    char message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    for (char *c = message; *c; c++) /* a plugin's own words must not break the line */
        if ((unsigned char)*c < ' ')
            *c = ' ';
    if (problems->n++)
        text_add(&problems->text, "; ");
    text_add(&problems->text, where);
    text_add(&problems->text, *where ? " " : "");
    text_add(&problems->text, message);
}

static int one_line(const char *s)
{
    return s && *s && !s[strcspn(s, "\r\n\t")];
}

/* "search/1", "com.acme.thing/2" */
static int kind_is_good(const char *id)
{
    const char *slash = id ? strchr(id, '/') : NULL;
    if (!slash || slash == id || strlen(id) > MAX_KIND || !(id[0] >= 'a' && id[0] <= 'z'))
        return 0;
    for (const char *c = id; c < slash; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '_' || *c == '.' || *c == '-'))
            return 0;
    if (!(slash[1] >= '1' && slash[1] <= '9'))
        return 0;
    return !slash[1 + strspn(slash + 1, "0123456789")];
}

static hone_rc check_slots(const hone_objective_v1 *objective, const char *where, struct record *record,
                           struct catalog_component *entry, hone_objective_v1 *copy, struct problems *problems)
{
    if (!objective->n_slots)
        return HONE_OK;
    if (!objective->slots || objective->n_slots > MAX_SLOTS) {
        problem(problems, where, "has %u slots%s", objective->n_slots, objective->slots ? "" : " at NULL");
        return HONE_OK;
    }
    const hone_slot **slots = hone_settings_allocate(&record->memory, objective->n_slots * sizeof *slots);
    hone_slot *block = hone_settings_allocate(&record->memory, objective->n_slots * sizeof *block);
    if (!slots || !block)
        return HONE_ENOMEM;
    for (uint32_t i = 0; i < objective->n_slots; i++) {
        const hone_slot *from = objective->slots[i];
        hone_slot *slot = &block[i];
        char here[256];
        slots[i] = slot;
        if (!from) {
            problem(problems, where, "has no slot %u", i + 1);
            continue;
        }
        if (verify_copy(slot, sizeof *slot, from, from->size, where, "hone_slot", problems))
            continue;
        slot->size = sizeof *slot;
        snprintf(here, sizeof here, "%.120s: slot '%.80s'", where, slot->kind ? slot->kind : "?");
        if (!kind_is_good(slot->kind))
            problem(problems, here, "has no kind such as \"model/1\"");
        if (slot->flags || slot->reserved)
            problem(problems, here, "has unknown flags");
        if (!slot->max || slot->min > slot->max)
            problem(problems, here, "takes %u to %u sections, which cannot be", slot->min, slot->max);
        for (uint32_t k = 0; k < i; k++)
            if (slot->kind && slots[k]->kind && !strcmp(slot->kind, slots[k]->kind))
                problem(problems, here, "is there twice");
        const hone_param *params = NULL;
        const hone_rc rc = verify_table(slot->params, slot->n_params, slot->param_size, slot->config_size, here, record,
                                        &params, problems);
        if (rc != HONE_OK)
            return rc;
        slot->params = params;
        slot->param_size = sizeof *params;
    }
    copy->slots = slots;
    entry->slots = slots;
    entry->n_slots = objective->n_slots;
    return HONE_OK;
}

static int is_there(const void *iface, const struct kind_function *function)
{
    static const unsigned char null[sizeof(void (*)(void))] = { 0 };
    return memcmp((const char *)iface + function->offset, null, sizeof null) != 0;
}

/* Names of the optional functions that are there; NULL: out of memory. */
static const char *list_hooks(const struct kind *kind, const void *iface, struct record *record)
{
    struct text names = TEXT_INIT;
    for (const struct kind_function *hook = kind_hooks(kind); hook->name; hook++)
        if (is_there(iface, hook))
            text_addf(&names, "%s%s", names.length ? " " : "", hook->name);
    const char *list = names.failed ? NULL : record_string(record, text_string(&names), names.length);
    text_release(&names);
    return list;
}

/* The words of a list, blanks between them; NULL: out of memory. */
static const char *list_words(const char *const *words, const char *where, const char *what, struct record *record,
                              struct problems *problems)
{
    struct text all = TEXT_INIT;
    for (size_t i = 0; words && words[i]; i++) {
        if (i == MAX_WORDS) {
            problem(problems, where, "has more than %d words in %s", MAX_WORDS, what);
            break;
        }
        if (!verify_name(words[i]))
            problem(problems, where, "has a word in %s that is not [a-z][a-z0-9_]*", what);
        else
            text_addf(&all, "%s%s", all.length ? " " : "", words[i]);
    }
    const char *list = all.failed ? NULL : record_string(record, text_string(&all), all.length);
    text_release(&all);
    return list;
}

/* What it says of its place among others, if anything. */
static hone_rc check_place(const hone_component *c, const char *where, struct record *record,
                           struct catalog_component *entry, struct problems *problems)
{
    const hone_place *from = c->get_ext ? c->get_ext(HONE_EXT_PLACE) : NULL;
    hone_place place = { .size = sizeof place };
    if (from && verify_copy(&place, sizeof place, from, from->size, where, "hone_place", problems))
        return HONE_OK;
    entry->stage = place.stage;
    entry->provides = list_words(place.provides, where, "provides", record, problems);
    entry->conflicts = list_words(place.conflicts, where, "conflicts", record, problems);
    return entry->provides && entry->conflicts ? HONE_OK : HONE_ENOMEM;
}

/* A reporter hears, or writes, or both; which files it writes. */
static hone_rc check_reporter(const hone_reporter_v1 *reporter, const char *where, struct record *record,
                              struct catalog_component *entry, struct problems *problems)
{
    if (!reporter->hear && !reporter->write && !reporter->serve)
        problem(problems, where, "has none of the functions hear, write and serve");
    if (reporter->hear && !reporter->open)
        problem(problems, where, "has no function open");
    entry->suffixes = list_words(reporter->suffixes, where, "suffixes", record, problems);
    return entry->suffixes ? HONE_OK : HONE_ENOMEM;
}

/* The kind's own struct: copied, its functions there. */
static hone_rc check_iface(hone_component *c, const char *where, struct record *record, struct catalog_component *entry,
                           struct problems *problems)
{
    const struct kind *kind = kind_find(c->kind);
    uint32_t head[2] = { 0, 0 };
    if (c->iface)
        memcpy(head, c->iface, sizeof head[0]);
    if (c->iface && head[0] >= sizeof head)
        memcpy(head, c->iface, sizeof head);
    entry->iface_flags = head[1];
    if (!kind)
        return HONE_OK; /* somebody else's kind: its host knows its struct */
    if (!c->iface) {
        problem(problems, where, "has no interface (%s)", kind->structure);
        return HONE_OK;
    }
    void *copy = hone_settings_allocate(&record->memory, kind->size);
    if (!copy)
        return HONE_ENOMEM;
    if (verify_copy(copy, kind->size, c->iface, head[0], where, kind->structure, problems))
        return HONE_OK;
    const uint32_t size = (uint32_t)kind->size;
    memcpy(copy, &size, sizeof size);
    c->iface = copy;
    if (!(entry->hooks = list_hooks(kind, copy, record)))
        return HONE_ENOMEM;
    if (entry->iface_flags & ~kind->flags)
        problem(problems, where, "has unknown flags %#x in %s", entry->iface_flags & ~kind->flags, kind->structure);
    for (size_t i = 0; i < sizeof kind->required / sizeof *kind->required && kind->required[i].name; i++) {
        if (!is_there(copy, &kind->required[i]))
            problem(problems, where, "has no function %s", kind->required[i].name);
    }
    if (!strcmp(c->kind, HONE_KIND_OBJECTIVE))
        return check_slots(copy, where, record, entry, copy, problems);
    if (!strcmp(c->kind, HONE_KIND_REPORTER))
        return check_reporter(copy, where, record, entry, problems);
    return HONE_OK;
}

/* A scheduler that proposes points shows a search that can be asked and told. */
static void check_proposes(const hone_component *c, const char *where, struct problems *problems)
{
    const hone_search_v1 *search = c->get_ext ? c->get_ext(HONE_KIND_SEARCH) : NULL;
    if (strcmp(c->kind, HONE_KIND_SCHEDULER) != 0)
        problem(problems, where, "says it proposes points, which is for schedulers");
    else if (!search)
        problem(problems, where, "says it proposes points, but its get_ext has no " HONE_KIND_SEARCH);
    else if (search->size < sizeof *search || !search->open || !search->ask || !search->tell)
        problem(problems, where, "says it proposes points, but its hone_search_v1 is not whole");
}

static void check_component(const hone_component *c, const char *where, struct problems *problems)
{
    if (c->flags & ~(uint32_t)KNOWN_FLAGS)
        problem(problems, where, "has unknown flags %#x", c->flags & ~(uint32_t)KNOWN_FLAGS);
    if (c->reserved)
        problem(problems, where, "sets the reserved word");
    if (!one_line(c->summary))
        problem(problems, where, "has no summary of one line");
    if (!c->create)
        problem(problems, where, "has no function create");
    if (!c->destroy)
        problem(problems, where, "has no function destroy");
    if (c->flags & HONE_C_STATEFUL && (!c->save || !c->load))
        problem(problems, where, "says it is stateful but has no function %s", c->save ? "load" : "save");
    if (!(c->flags & HONE_C_STATEFUL) && (c->save || c->load))
        problem(problems, where, "has a function %s but does not say that it is stateful", c->save ? "save" : "load");
    if (c->flags & HONE_C_PROPOSES)
        check_proposes(c, where, problems);
}

/* One component into its place; *used 0: of a revision that this hone does not know, left out. */
static hone_rc take_component(const hone_component *from, size_t index, struct record *record,
                              struct record_component *place, int *used, struct problems *problems)
{
    char where[192];
    hone_component *c = hone_settings_allocate(&record->memory, sizeof *c);
    *used = 0;
    if (!c)
        return HONE_ENOMEM;
    snprintf(where, sizeof where, "component %zu", index + 1);
    if (!from) {
        problem(problems, where, "is NULL");
        return HONE_OK;
    }
    if (verify_copy(c, sizeof *c, from, from->size, where, "hone_component", problems))
        return HONE_OK;
    c->size = sizeof *c;
    if (!kind_is_good(c->kind)) {
        problem(problems, where, "has no kind such as \"search/1\"");
        return HONE_OK;
    }
    if (!verify_name(c->name)) {
        problem(problems, where, "(%s) has no name of lower-case letters, digits and _", c->kind);
        return HONE_OK;
    }
    if (!kind_find(c->kind) && kind_other_revision(c->kind))
        return HONE_OK;
    const size_t length = strcspn(c->kind, "/");
    snprintf(where, sizeof where, "%.*s/%s", (int)length, c->kind, c->name);
    *used = 1;

    struct catalog_component *entry = &place->entry;
    memset(place, 0, sizeof *place);
    entry->kind = record_string(record, c->kind, length);
    entry->hooks = entry->suffixes = "";
    if (!entry->kind)
        return HONE_ENOMEM;
    check_component(c, where, problems);
    const hone_param *params = NULL;
    hone_rc rc = verify_table(c->params, c->n_params, c->param_size, c->config_size, where, record, &params, problems);
    if (rc != HONE_OK || (rc = check_iface(c, where, record, entry, problems)) != HONE_OK ||
        (rc = check_place(c, where, record, entry, problems)) != HONE_OK)
        return rc;
    c->params = params;
    c->param_size = sizeof *params;
    entry->kind_id = c->kind;
    entry->name = c->name;
    entry->summary = c->summary;
    entry->doc = c->doc;
    entry->flags = c->flags;
    entry->params = params;
    entry->n_params = c->n_params;
    entry->config_size = c->config_size;
    entry->module = &record->module;
    place->loaded = c;
    return HONE_OK;
}

/* What a broken module would have had: looking for it should find the reason. */
static hone_rc keep_offers(struct record *record)
{
    record->offers = hone_settings_allocate(&record->memory, record->n_components * sizeof *record->offers);
    if (!record->offers)
        return HONE_ENOMEM;
    for (size_t i = 0; i < record->n_components; i++)
        record->offers[record->n_offers++] = (struct record_offer){ record->components[i].entry.kind,
                                                                    record->components[i].entry.name };
    record->n_components = 0;
    return HONE_OK;
}

hone_rc verify_components(const hone_component *const *components, size_t n, struct record *record,
                          struct problems *problems)
{
    record->components = hone_settings_allocate(&record->memory, n * sizeof *record->components);
    if (!record->components)
        return HONE_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        struct record_component *place = &record->components[record->n_components];
        int used = 0;
        const hone_rc rc = take_component(components[i], i, record, place, &used, problems);
        if (rc != HONE_OK)
            return rc;
        if (!used)
            continue;
        for (size_t k = 0; k < record->n_components; k++)
            if (!strcmp(record->components[k].entry.kind, place->entry.kind) &&
                !strcmp(record->components[k].entry.name, place->entry.name)) {
                char where[192];
                snprintf(where, sizeof where, "%.100s/%.63s", place->entry.kind, place->entry.name);
                problem(problems, where, "is there twice");
            }
        record->n_components++;
    }
    if (!record->n_components && !problems->n) {
        problem(problems, "", "offers nothing that this hone knows (%s)",
                n && components[0] ? components[0]->kind : "no component");
        return HONE_OK;
    }
    return problems->n ? keep_offers(record) : HONE_OK;
}

/* "org.acme.hone": letters, digits, dots, dashes, underscores; it names the module where two offer the same component
 */
static int id_is_good(const char *id)
{
    if (!id || !((id[0] >= 'a' && id[0] <= 'z') || (id[0] >= '0' && id[0] <= '9')) || strlen(id) > 127)
        return 0;
    return !id[strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789._-")];
}

static int version_is_good(const char *version)
{
    if (!one_line(version) || strlen(version) > 63)
        return 0;
    for (int part = 0; part < 3; part++) {
        const size_t digits = strspn(version, "0123456789");
        version += digits;
        if (!digits || (part < 2 && *version++ != '.'))
            return 0;
    }
    return !*version || *version == '-' || *version == '+';
}

hone_rc verify_module(const hone_module *module, struct record *record, struct problems *problems)
{
    hone_module m;
    memset(&m, 0, sizeof m);
    if (!module || module->magic != HONE_MAGIC) {
        problem(problems, "", "its %s answers with something that is no hone module", HONE_ENTRY);
        return HONE_OK;
    }
    if (module->abi_major != HONE_ABI_MAJOR || module->abi_minor > HONE_ABI_MINOR) {
        /* nothing else can be judged: the rest may mean what this hone does not know */
        problem(problems, "", "needs plugin ABI %u.%u, this hone offers %d.%d (hone " HONE_VERSION ")",
                module->abi_major, module->abi_minor, HONE_ABI_MAJOR, HONE_ABI_MINOR);
        return HONE_OK;
    }
    if (verify_copy(&m, sizeof m, module, module->size, "", "hone_module", problems))
        return HONE_OK;
    if (!id_is_good(m.id))
        problem(problems, "", "has no id such as \"org.acme.hone\"");
    if (!version_is_good(m.version))
        problem(problems, "", "has no version such as \"1.0.0\"");
    if (!one_line(m.license))
        problem(problems, "", "has no licence (an SPDX identifier)");
    if ((m.author && *m.author && !one_line(m.author)) || (m.url && *m.url && !one_line(m.url)))
        problem(problems, "", "has an author or url of more than one line");
    record->module.id = id_is_good(m.id) ? m.id : "";
    record->module.version = version_is_good(m.version) ? m.version : "";
    record->module.license = one_line(m.license) ? m.license : "";
    record->module.author = m.author ? m.author : "";
    record->module.url = m.url ? m.url : "";
    record->module.abi_minor = m.abi_minor;
    if (!m.components || m.n_components > MAX_COMPONENTS) {
        problem(problems, "", "has %u components%s", m.n_components, m.components ? "" : " at NULL");
        return HONE_OK;
    }
    return verify_components(m.components, m.n_components, record, problems);
}
