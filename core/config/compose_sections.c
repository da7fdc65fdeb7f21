/* SPDX-License-Identifier: MIT */
/* Which sections there are, which component each one means, which ones are supplied. */
#include "base/suggest.h"
#include "config/compose.h"
#include "config/scan.h"
#include "hone/settings.h"

#include <stdlib.h>
#include <string.h>

/* ---- kinds ---- */

static const struct composed_kind core_kinds[] = { { "search", 6, 1, 1, NULL },
                                                   { "scheduler", 9, 1, 1, NULL },
                                                   { "objective", 9, 1, 1, NULL },
                                                   { "reporter", 8, 0, UINT32_MAX, NULL } };
enum { CORE_KINDS = sizeof core_kinds / sizeof *core_kinds };

const struct catalog_component *compose_objective(const struct composer *c)
{
    const struct composed_section *objective = composition_section(c->composition, "objective");
    return objective ? objective->component : NULL;
}

int compose_kind_at(const struct composer *c, size_t i, struct composed_kind *kind)
{
    const struct catalog_component *objective = compose_objective(c);
    if (i < CORE_KINDS) {
        *kind = core_kinds[i];
        return 1;
    }
    if (!objective || i - CORE_KINDS >= objective->n_slots)
        return 0;
    kind->slot = objective->slots[i - CORE_KINDS];
    kind->name = kind->slot->kind;
    kind->n = strcspn(kind->name, "/");
    kind->min = kind->slot->min;
    kind->max = kind->slot->max;
    return 1;
}

/* The kind of a section, and its instance's name behind the kind's (NULL: none). Kinds may have dots
 * ("com.acme.thing"): the longest that fits counts. */
static int kind_of_section(const struct composer *c, const char *section, struct composed_kind *kind,
                           const char **instance)
{
    struct composed_kind k;
    int found = 0;
    for (size_t i = 0; compose_kind_at(c, i, &k); i++) {
        if (strncmp(section, k.name, k.n) != 0 || (section[k.n] && section[k.n] != '.') || (found && k.n <= kind->n))
            continue;
        *kind = k;
        *instance = section[k.n] ? section + k.n + 1 : NULL;
        found = 1;
    }
    return found;
}

static int ignored(const struct composer *c, const char *kind, size_t n)
{
    return c->flags & COMPOSE_TRAIN &&
           ((n == 6 && !strncmp(kind, "search", 6)) || (n == 9 && !strncmp(kind, "scheduler", 9)));
}

/* The [scheduler] that proposes the points itself, so that there is no [search]; or NULL. */
static const struct composed_section *proposer(const struct composer *c)
{
    const struct composed_section *scheduler = composition_section(c->composition, "scheduler");
    return scheduler && scheduler->component && scheduler->component->flags & HONE_C_PROPOSES ? scheduler : NULL;
}

static int has_proposer(const struct composer *c, const struct composed_kind *kind)
{
    return kind->n == 6 && !strncmp(kind->name, "search", 6) && proposer(c);
}

void compose_installed(const struct composer *c, const char *kind, struct text *out)
{
    const struct catalog_component *const *all;
    const size_t n = catalog_components(c->catalog, &all), before = out->length;
    for (size_t i = 0; i < n; i++)
        if (!strcmp(all[i]->kind, kind) &&
            (i == 0 || strcmp(all[i - 1]->kind, kind) != 0 || strcmp(all[i - 1]->name, all[i]->name) != 0))
            text_addf(out, "%s%s", out->length > before ? ", " : "", all[i]->name);
    if (out->length == before)
        text_add(out, "none");
}

/* ---- unknown sections ---- */

static void unknown_section(struct composer *c, const struct config_section *section)
{
    const struct catalog_component *const *all;
    const struct catalog_component *objective = compose_objective(c);
    const size_t n = catalog_components(c->catalog, &all), n_kind = strcspn(section->name, ".");
    struct suggestion s;
    struct composed_kind kind;
    char word[CONFIG_NAME_LIMIT + 1];
    snprintf(word, sizeof word, "%.*s", (int)n_kind, section->name);
    if (!strcmp(word, "study") || !strcmp(word, "space") || !strcmp(word, "ablation") || !strcmp(word, "storage")) {
        compose_refuse(c, &section->place, "unknown section [%s]; %s", section->name,
                       !strcmp(word, "storage") ? "the storage is named by [study] storage"
                                                : "there is one, without a name behind it");
        return;
    }
    if (catalog_has_kind(c->catalog, word) && strcmp(word, "objective") != 0) {
        if (objective && !objective->n_slots)
            compose_refuse(c, &section->place, "[%s] has no effect: objective '%s' composes nothing", section->name,
                           objective->name);
        else if (objective)
            compose_refuse(c, &section->place, "[%s] has no effect: objective '%s' composes no %s", section->name,
                           objective->name, word);
        return; /* no objective: that has been said */
    }
    struct text places = TEXT_INIT; /* "[layer.dropout] or [regularizer.dropout]" */
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; !strcmp(all[i]->name, section->name) && compose_kind_at(c, k, &kind); k++)
            if (strlen(all[i]->kind) == kind.n && !strncmp(kind.name, all[i]->kind, kind.n))
                text_addf(&places, kind.max > 1 ? "%s[%s.%s]" : "%s[%s] with use = %s", places.length ? " or " : "",
                          all[i]->kind, all[i]->name);
    const int known = places.length > 0;
    if (known)
        compose_refuse(c, &section->place, "unknown section [%s]; did you mean %s?", section->name,
                       text_string(&places));
    text_release(&places);
    if (known)
        return;
    if (!objective)
        return; /* it may be one of the objective's */
    suggestion_start(&s, word);
    suggestion_offer(&s, "study");
    suggestion_offer(&s, "space");
    suggestion_offer(&s, "ablation");
    for (size_t k = 0; compose_kind_at(c, k, &kind); k++)
        for (size_t i = 0; i <= n; i++) { /* the kind's name alone: as a component has it, or the core */
            const char *name = i < n ? all[i]->kind : k < CORE_KINDS ? kind.name : NULL;
            if (name && strlen(name) == kind.n && !strncmp(name, kind.name, kind.n)) {
                suggestion_offer(&s, name);
                break;
            }
        }
    if (s.best)
        compose_refuse(c, &section->place, "unknown section [%s]; did you mean [%s%s]?", section->name, s.best,
                       section->name + n_kind);
    else
        compose_refuse(c, &section->place, "unknown section [%s]; objective '%s' knows no such kind", section->name,
                       objective->name);
}

/* ---- components ---- */

struct place compose_section_place(const struct composer *c, const char *name)
{
    struct place place = { c->config->n_names ? c->config->names[0] : NULL, 0, 0 };
    for (size_t i = 0; i < c->config->n_sections; i++)
        if (!strcmp(c->config->sections[i].name, name))
            return c->config->sections[i].place;
    return place;
}

/* The line of [space] that chooses the section's component, NULL: none (or not one that can). */
static const struct space_line *use_line(const struct composer *c, const char *section)
{
    struct text key = TEXT_INIT;
    const struct space_line *line;
    text_addf(&key, "%s.use", section);
    line = space_lines_find(&c->composition->space, text_string(&key));
    text_release(&key);
    return line && line->type == HONE_DIM_CHOICE ? line : NULL;
}

static int add_candidate(struct composed_section *section, const struct catalog_component *component)
{
    const struct catalog_component **candidates;
    for (size_t i = 0; i < section->n_candidates; i++)
        if (section->candidates[i] == component)
            return 0;
    candidates = realloc(section->candidates, (section->n_candidates + 1) * sizeof *candidates);
    if (!candidates)
        return -1;
    section->candidates = candidates;
    candidates[section->n_candidates++] = component;
    return 0;
}

static int has_choice(const struct space_line *line, const char *choice)
{
    for (size_t i = 0; i < line->n_choices; i++)
        if (!strcmp(line->choices[i], choice))
            return 1;
    return 0;
}

/* Settles `use`, the component and the candidates of a section. */
static void find_components(struct composer *c, struct composed_section *section, const struct composed_kind *kind,
                            const char *instance)
{
    const struct config_item *item = config_find(c->config, section->name, "use");
    const struct space_line *line = kind->slot ? use_line(c, section->name) : NULL;
    const struct catalog_component *usual = catalog_default(c->catalog, section->kind);
    hone_error err = HONE_ERROR_INIT;
    struct text installed = TEXT_INIT;
    const char *name;
    struct place where = section->place;
    if (item && !*item->value)
        compose_refuse(c, &item->value_place, "'use' of [%s] names nothing", section->name);
    if (item && !*item->value)
        return;
    name = item                                                ? item->value
           : line && !(instance && has_choice(line, instance)) ? line->choices[0]
           : instance                                          ? instance
           : usual                                             ? usual->name
                                                               : NULL;
    if (!name) {
        compose_installed(c, section->kind, &installed);
        compose_refuse(c, &section->place, "[%s] does not say which %s; write use = NAME with one of: %s",
                       section->name, section->kind, text_string(&installed));
        text_release(&installed);
        return;
    }
    if (line && !item)
        where = compose_word_place(c, line, name, 0);
    section->use = compose_copy(c, name);
    if (item)
        section->use_place = compose_keep_place(c, &item->value_place);
    section->component = !item && !line && !instance ? usual : catalog_find(c->catalog, section->kind, name, &err);
    if (!section->component) {
        if (item)
            compose_refuse_plugin(c, &item->value_place, &err, "");
        else if (!line)
            compose_refuse_plugin(c, &section->place, &err, " (or name another with use = NAME)");
        else /* as compose_space says it, which may be left out: it is shown once */
            compose_refuse_plugin(c, &where, &err, "");
        return;
    }
    if (kind->slot && strcmp(section->component->kind_id, kind->slot->kind) != 0)
        compose_refuse(c, item ? &item->value_place : &section->place,
                       "%s '%s' is of the kind %s; objective '%s' composes %s", section->kind, section->component->name,
                       section->component->kind_id, compose_objective(c)->name, kind->slot->kind);
    if (add_candidate(section, section->component) < 0)
        compose_no_memory(c);
    for (size_t i = 0; line && i < line->n_choices; i++) {
        const struct catalog_component *candidate = catalog_find(c->catalog, section->kind, line->choices[i], &err);
        if (candidate && add_candidate(section, candidate) < 0)
            compose_no_memory(c);
    }
}

static void read_enabled(struct composer *c, struct composed_section *section, const struct composed_kind *kind)
{
    const struct config_item *item = config_find(c->config, section->name, "enabled");
    uint8_t enabled = 1;
    section->enabled = 1;
    if (!item)
        return;
    section->enabled_place = compose_keep_place(c, &item->value_place);
    if (!hone_parse_bool(item->value, &enabled))
        compose_refuse(c, &item->value_place, "enabled = %.80s is neither yes nor no", item->value);
    else if (!enabled && !kind->slot && kind->min > 0)
        compose_refuse(c, &item->value_place, "a study needs its %s: [%s] cannot be disabled", section->kind,
                       section->name);
    section->enabled = enabled;
}

/* Adds a section; place NULL: supplied. */
static struct composed_section *add_section(struct composer *c, const char *name, const struct composed_kind *kind,
                                            const char *instance, const struct place *place)
{
    struct composition *composition = c->composition;
    const struct place here = place ? *place : compose_section_place(c, name);
    struct composed_section *sections = realloc(composition->sections,
                                                (composition->n_sections + 1) * sizeof *sections),
                            *section;
    if (!sections) {
        compose_no_memory(c);
        return NULL;
    }
    composition->sections = sections;
    section = sections + composition->n_sections;
    memset(section, 0, sizeof *section);
    section->name = strdup(name);
    section->kind = strndup(kind->name, kind->n);
    if (!section->name || !section->kind) {
        free(section->name);
        free(section->kind);
        compose_no_memory(c);
        return NULL;
    }
    composition->n_sections++;
    section->explicit_ = place != NULL;
    section->slot = kind->slot;
    section->place = here; /* for the messages below; then only if it is a real one */
    read_enabled(c, section, kind);
    find_components(c, section, kind, instance);
    section->place = place ? compose_keep_place(c, place) : (struct place){ NULL, 0, 0 };
    return section;
}

static void add_written(struct composer *c, const struct config_section *written)
{
    struct composed_kind kind = { NULL, 0, 0, 0, NULL };
    const char *instance = NULL;
    if (!strcmp(written->name, "study") || !strcmp(written->name, "space") || !strcmp(written->name, "objective") ||
        !strcmp(written->name, "ablation")) /* says what other studies `hone ablate` makes of this one */
        return;
    if (!kind_of_section(c, written->name, &kind, &instance)) {
        unknown_section(c, written);
        return;
    }
    if (ignored(c, kind.name, kind.n))
        return;
    if (kind.max == 1 && instance && !kind.slot)
        return; /* add_composed */
    if (kind.max == 1 && instance) {
        compose_refuse(c, &written->place, "there is one %.*s: write [%.*s] and in it use = %s", (int)kind.n, kind.name,
                       (int)kind.n, kind.name, instance);
        return;
    }
    if (kind.max > 1 && !instance) {
        compose_refuse(c, &written->place, "there may be several of the kind %.*s: write [%.*s.NAME]", (int)kind.n,
                       kind.name, (int)kind.n, kind.name);
        return;
    }
    add_section(c, written->name, &kind, instance, &written->place);
}

/* [search.gp]: settings of a component that the one of [search] opens. */
static void add_composed(struct composer *c, const struct config_section *written)
{
    struct composed_kind kind = { NULL, 0, 0, 0, NULL };
    const struct composed_section *owner;
    const char *instance = NULL;
    char name[CONFIG_NAME_LIMIT + 1];
    if (!kind_of_section(c, written->name, &kind, &instance) || kind.max != 1 || !instance || kind.slot ||
        ignored(c, kind.name, kind.n))
        return;
    snprintf(name, sizeof name, "%.*s", (int)kind.n, kind.name);
    owner = has_proposer(c, &kind) ? proposer(c) : composition_section(c->composition, name);
    if (owner && !owner->component)
        return; /* that has been said */
    if (!owner || !(owner->component->flags & HONE_C_COMPOSES)) {
        compose_refuse(c, &written->place, "there is one %s: write [%s] and in it use = %s", name, name, instance);
        return;
    }
    kind.min = 0; /* it may be disabled */
    add_section(c, written->name, &kind, instance, &written->place);
}

/* ---- what is missing ---- */

static size_t count(const struct composition *composition, const struct composed_kind *kind, int enabled)
{
    size_t n = 0;
    for (size_t i = 0; i < composition->n_sections; i++)
        n += strlen(composition->sections[i].kind) == kind->n &&
             !strncmp(composition->sections[i].kind, kind->name, kind->n) &&
             !(kind->max == 1 && composition->sections[i].name[kind->n]) && /* one that the owner composes */
             (!enabled || composition->sections[i].enabled);
    return n;
}

/* 1 where [space] chooses the component of a section that the INI does not have. */
static int chosen_by_space(const struct composer *c, const struct composed_kind *kind)
{
    char name[CONFIG_NAME_LIMIT + 1];
    snprintf(name, sizeof name, "%.*s", (int)kind->n, kind->name);
    return kind->max == 1 && kind->slot && use_line(c, name) != NULL;
}

static void supply(struct composer *c, const struct composed_kind *kind)
{
    const struct catalog_component *usual;
    struct text name = TEXT_INIT;
    char kind_name[CONFIG_NAME_LIMIT + 1];
    size_t n_kind;
    snprintf(kind_name, sizeof kind_name, "%.*s", (int)kind->n, kind->name);
    usual = catalog_default(c->catalog, kind_name);
    if (usual && !(usual->flags & HONE_C_DEFAULT))
        usual = NULL; /* being the only one installed today is no reason to be used in silence */
    if (!usual && !chosen_by_space(c, kind))
        return;
    text_add(&name, kind_name);
    n_kind = name.length;
    if (kind->max > 1 && usual)
        text_addf(&name, ".%s", usual->name);
    if (name.failed)
        compose_no_memory(c);
    else
        add_section(c, name.data, kind, kind->max > 1 ? name.data + n_kind + 1 : NULL, NULL);
    text_release(&name);
}

static void check_counts(struct composer *c)
{
    struct composed_kind kind;
    for (size_t i = 0; compose_kind_at(c, i, &kind); i++) {
        const size_t n = count(c->composition, &kind, 0), n_enabled = count(c->composition, &kind, 1);
        struct place place = compose_section_place(c, "objective");
        char name[CONFIG_NAME_LIMIT + 1];
        struct text installed = TEXT_INIT;
        snprintf(name, sizeof name, "%.*s", (int)kind.n, kind.name);
        if (ignored(c, kind.name, kind.n) || has_proposer(c, &kind) || (!kind.slot && !strcmp(name, "objective")))
            continue;
        compose_installed(c, name, &installed);
        if (n < kind.min && !kind.slot)
            compose_refuse(c, &(struct place){ place.file, 0, 0 }, "a study needs a [%s] section; installed: %s", name,
                           text_string(&installed));
        else if (n < kind.min && kind.min == 1)
            compose_refuse(c, &place, "objective '%s' needs a [%s%s] section; installed: %s",
                           compose_objective(c)->name, name, kind.max > 1 ? ".NAME" : "", text_string(&installed));
        else if (n < kind.min)
            compose_refuse(c, &place, "objective '%s' needs a [%s%s] section (%zu of at least %u); installed: %s",
                           compose_objective(c)->name, name, kind.max > 1 ? ".NAME" : "", n, kind.min,
                           text_string(&installed));
        else if (kind.slot && n_enabled < kind.min) {
            for (size_t k = 0; k < c->composition->n_sections; k++)
                if (!strcmp(c->composition->sections[k].kind, name) && !c->composition->sections[k].enabled)
                    place = c->composition->sections[k].enabled_place;
            compose_refuse(c, &place, "objective '%s' needs a [%s%s] section that is enabled",
                           compose_objective(c)->name, name, kind.max > 1 ? ".NAME" : "");
        } else if (n > kind.max)
            compose_refuse(c, &place, "objective '%s' composes at most %u of the kind %s, not %zu",
                           compose_objective(c)->name, kind.max, name, n);
        text_release(&installed);
    }
}

/* The objective comes first: its slots say what other sections there are. */
static void add_objective(struct composer *c)
{
    const struct config_section *written = NULL;
    const struct composed_kind *kind = core_kinds + 2;
    struct text installed = TEXT_INIT;
    for (size_t i = 0; i < c->config->n_sections; i++)
        if (!strcmp(c->config->sections[i].name, "objective"))
            written = c->config->sections + i;
    if (written)
        add_section(c, "objective", kind, NULL, &written->place);
    else
        supply(c, kind);
    if (!composition_section(c->composition, "objective") && !c->failed) {
        const struct place place = { c->config->n_names ? c->config->names[0] : NULL, 0, 0 };
        compose_installed(c, "objective", &installed);
        compose_refuse(c, &place, "there is no [objective] section: it says what a trial is; installed: %s",
                       text_string(&installed));
    }
    text_release(&installed);
}

/* Puts the sections into the order of the INI: the objective was added first, supplied ones stay at the end. */
static void sort_sections(struct composer *c)
{
    struct composition *composition = c->composition;
    size_t sorted = 0;
    for (size_t i = 0; i < c->config->n_sections; i++)
        for (size_t j = sorted; j < composition->n_sections; j++)
            if (composition->sections[j].explicit_ &&
                !strcmp(composition->sections[j].name, c->config->sections[i].name)) {
                const struct composed_section found = composition->sections[j];
                memmove(composition->sections + sorted + 1, composition->sections + sorted,
                        (j - sorted) * sizeof found);
                composition->sections[sorted++] = found;
            }
}

/* Two who propose the points are one too many. */
static void refuse_search(struct composer *c)
{
    const struct composed_section *search = composition_section(c->composition, "search");
    if (search && proposer(c))
        compose_refuse(c, &search->place,
                       "[search] has no effect: scheduler '%s' proposes the points itself; leave [search] out, or use "
                       "another scheduler",
                       proposer(c)->component->name);
}

/* A run has no use for a reporter that only writes what is kept. */
static void refuse_writers(struct composer *c)
{
    for (size_t i = 0; i < c->composition->n_sections; i++) {
        const struct composed_section *section = &c->composition->sections[i];
        const struct place place = compose_section_place(c, section->name);
        if (section->component && !strcmp(section->kind, "reporter") && !catalog_has_hook(section->component, "hear"))
            compose_refuse(c, &place,
                           "[%s] has no effect: '%s' hears nothing of a run; it is for what is kept of it ('hone "
                           "info %s')",
                           section->name, section->component->name, section->component->name);
    }
}

void compose_sections(struct composer *c)
{
    struct composed_kind kind;
    add_objective(c);
    for (size_t i = 0; i < c->config->n_sections; i++)
        add_written(c, c->config->sections + i);
    for (size_t i = 0; compose_kind_at(c, i, &kind); i++) {
        const int reporter = !kind.slot && kind.min == 0;
        if (ignored(c, kind.name, kind.n) || has_proposer(c, &kind) || count(c->composition, &kind, 0) > 0 ||
            !strncmp(kind.name, "objective", kind.n))
            continue;
        if (kind.min > 0 || reporter || chosen_by_space(c, &kind))
            supply(c, &kind);
    }
    refuse_search(c);
    for (size_t i = 0; i < c->config->n_sections; i++)
        add_composed(c, c->config->sections + i);
    if (compose_objective(c))
        check_counts(c);
    refuse_writers(c);
    sort_sections(c);
    compose_order(c);
}
