/* SPDX-License-Identifier: MIT */
/* [space] against the tables: every line varies something that exists, may vary, and takes those values; conditions and
 * relations can be met. */
#include "base/suggest.h"
#include "config/compose.h"
#include "config/scan.h"
#include "hone/settings.h"

#include <stdlib.h>
#include <string.h>

/* ---- places ---- */

static int word_byte(char c)
{
    return c && !strchr(" \t,|\"'=<>!", c);
}

struct place compose_word_place(const struct composer *c, const struct space_line *line, const char *word,
                                int conditions)
{
    const struct config_item *item = config_find(c->config, "space", line->key);
    const size_t n = strlen(word);
    const char *from = item ? conditions ? strstr(item->value, " if ") : item->value : NULL;
    struct place place = line->value_place;
    for (const char *s = from ? strstr(from, word) : NULL; s && n; s = strstr(s + 1, word))
        if ((s == item->value || !word_byte(s[-1])) && !word_byte(s[n])) {
            place.column += place.column ? (unsigned)(s - item->value) : 0;
            break;
        }
    return place;
}

static struct place place_of_choice(const struct composer *c, const struct space_line *line, const char *word)
{
    return compose_word_place(c, line, word, 0);
}

static void refuse_line(struct composer *c, const struct space_line *line, const char *message)
{
    compose_refuse(c, &line->value_place, "%s", message);
}

/* ---- what a line varies ---- */

struct target {
    struct composed_section *section; /* NULL: a free key */
    const char *key;                  /* behind the section's name */
};

/* 1, or 0 with a complaint: nothing of this name. */
static int find_target(struct composer *c, const struct space_line *line, struct target *target)
{
    const char *dot = strrchr(line->key, '.');
    char name[2 * CONFIG_NAME_LIMIT];
    struct suggestion s;
    struct composition *composition = c->composition;
    target->section = NULL;
    target->key = dot ? dot + 1 : line->key;
    if (dot) {
        snprintf(name, sizeof name, "%.*s", (int)(dot - line->key), line->key);
        target->section = composition_section(composition, name);
        if (target->section)
            return 1;
        if (!strcmp(name, "study")) {
            compose_refuse(c, &line->place, "'%s' belongs to the study, not to a trial, and cannot be searched",
                           line->key);
            return 0;
        }
    }
    if (c->free_space)
        return 1;
    if (!dot) {
        for (size_t i = 0; i < composition->n_sections; i++)
            if (section_key(composition->sections + i, line->key, NULL)) {
                compose_refuse(c, &line->place, "'%s' names no section; did you mean '%s.%s'?", line->key,
                               composition->sections[i].name, line->key);
                return 0;
            }
        compose_refuse(c, &line->place, "'%s' names no section; write SECTION.KEY", line->key);
        return 0;
    }
    suggestion_start(&s, name);
    for (size_t i = 0; i < composition->n_sections; i++)
        suggestion_offer(&s, composition->sections[i].name);
    if (s.best)
        compose_refuse(c, &line->place, "'%s': there is no section [%s]; did you mean '%s.%s'?", line->key, name,
                       s.best, target->key);
    else
        compose_refuse(c, &line->place, "'%s': there is no section [%s]", line->key, name);
    return 0;
}

/* ---- which components a line is for ---- */

/* Removes the candidates of the section that the line's conditions rule out; those of the lines that it depends on hold
 * too. allowed: (n_candidates). depth bounds the walk where conditions go in circles, complained of elsewhere. */
static void restrict_candidates(const struct composer *c, const struct space_line *line,
                                const struct composed_section *section, char *allowed, unsigned depth)
{
    char use[CONFIG_NAME_LIMIT + 8];
    snprintf(use, sizeof use, "%s.use", section->name);
    for (size_t i = 0; i < line->n_conditions && depth < 32; i++) {
        const struct space_condition *q = line->conditions + i;
        const struct space_line *other = space_lines_find(&c->composition->space, q->key);
        if (!strcmp(q->key, use)) {
            for (size_t k = 0; k < section->n_candidates; k++) {
                int named = 0;
                for (size_t v = 0; v < q->n_values; v++) {
                    hone_error err = HONE_ERROR_INIT;
                    named |= catalog_find(c->catalog, section->kind, q->values[v], &err) == section->candidates[k];
                }
                if (named != (q->op == HONE_EQ))
                    allowed[k] = 0;
            }
        }
        if (other && other != line)
            restrict_candidates(c, other, section, allowed, depth + 1);
    }
}

/* ---- values ---- */

/* A number of the space as the INI would have it. */
static const char *number_text(double value, char *out, size_t n)
{
    number_format(value, out, n);
    return out;
}

/* Complains where the line cannot be a dimension of the parameter; owner: for the message, "optimizer sgd". */
static void check_values(struct composer *c, const struct space_line *line, const hone_param *p, const char *owner)
{
    const int number = p->type == HONE_T_INT || p->type == HONE_T_REAL;
    char range[96], low[40], high[40];
    hone_error err = HONE_ERROR_INIT;
    struct text all = TEXT_INIT;
    if (line->type == HONE_DIM_CHOICE || line->type == HONE_DIM_ORDINAL) {
        for (size_t i = 0; i < line->n_choices; i++) {
            const struct place place = place_of_choice(c, line, line->choices[i]);
            if (hone_settings_parse(p, line->choices[i], NULL, NULL, &err) != HONE_OK)
                compose_bad_value(c, p, owner, line->choices[i], &place, &err);
            else if (p->type == HONE_T_PATH && line->choices[i][0] != '/')
                compose_refuse(c, &place, "a path in [space] is absolute, unlike %s", line->choices[i]);
        }
        return;
    }
    if (!number) {
        if (p->type == HONE_T_BOOL)
            text_add(&all, "yes or no: write choice yes, no");
        else if (p->type == HONE_T_ENUM)
            for (uint32_t i = 0; p->choices[i]; i++)
                text_addf(&all, "%s%s", i ? ", " : "one of ", p->choices[i]);
        else
            text_add(&all, "text or a list: write choice \"A\", \"B\"");
        compose_refuse(c, &line->value_place, "%s takes %s (%s)", line->key, text_string(&all), owner);
        text_release(&all);
        return;
    }
    if (p->type == HONE_T_INT && line->type != HONE_DIM_INT) {
        compose_refuse(c, &line->value_place, "%s takes whole numbers: write int LOW .. HIGH (%s)", line->key, owner);
        return;
    }
    if (p->type == HONE_T_REAL && line->type != HONE_DIM_REAL) {
        compose_refuse(c, &line->value_place,
                       "%s takes real numbers: write real LOW .. HIGH, with step 1 where they are to be whole (%s)",
                       line->key, owner);
        return;
    }
    hone_param_range(p, range, sizeof range);
    if (line->fixed && !hone_param_allows(p, line->min)) {
        compose_refuse(c, &line->value_place, "%s = %s is not allowed: %s (%s)", line->key,
                       number_text(line->min, low, sizeof low), range, owner);
        return;
    }
    if ((!isfinite(line->min) && isfinite(p->min)) || (!isfinite(line->max) && isfinite(p->max)))
        compose_refuse(c, &line->value_place, "%s must be %s%s: cut the distribution with in LOW .. HIGH (%s)",
                       line->key, isfinite(p->min) && isfinite(p->max) ? "inside " : "", range, owner);
    else if ((isfinite(line->min) && !hone_param_allows(p, line->min)) ||
             (isfinite(line->max) && !hone_param_allows(p, line->max)))
        compose_refuse(c, &line->value_place, "the range %s .. %s goes beyond what %s may be: %s (%s)",
                       number_text(line->min, low, sizeof low), number_text(line->max, high, sizeof high), line->key,
                       range, owner);
}

/* ---- use and enabled ---- */

static void check_use(struct composer *c, const struct space_line *line, const struct composed_section *section)
{
    if (!section->slot) {
        compose_refuse(c, &line->place, "'%s' cannot be searched: a study has one %s", line->key, section->kind);
        return;
    }
    if (line->type != HONE_DIM_CHOICE) {
        compose_refuse(c, &line->value_place, "components have no order: write choice A, B");
        return;
    }
    for (size_t i = 0; i < line->n_choices; i++) {
        hone_error err = HONE_ERROR_INIT;
        const struct place place = place_of_choice(c, line, line->choices[i]);
        if (!catalog_find(c->catalog, section->kind, line->choices[i], &err))
            compose_refuse_plugin(c, &place, &err, "");
    }
}

static void check_enabled(struct composer *c, const struct space_line *line, const struct composed_section *section)
{
    size_t others = 0;
    if (!section->slot) {
        compose_refuse(c, &line->place, "'%s' cannot be searched: it belongs to the study, not to a trial", line->key);
        return;
    }
    if (line->type != HONE_DIM_CHOICE) {
        compose_refuse(c, &line->value_place, "%s takes yes or no: write choice yes, no", line->key);
        return;
    }
    for (size_t i = 0; i < line->n_choices; i++) {
        uint8_t flag;
        const struct place place = place_of_choice(c, line, line->choices[i]);
        if (!hone_parse_bool(line->choices[i], &flag))
            compose_refuse(c, &place, "enabled = %.80s is neither yes nor no", line->choices[i]);
    }
    for (size_t i = 0; i < c->composition->n_sections; i++) {
        const struct composed_section *other = c->composition->sections + i;
        char key[CONFIG_NAME_LIMIT + 16];
        snprintf(key, sizeof key, "%s.enabled", other->name);
        others += other != section && other->slot == section->slot && other->enabled &&
                  !space_lines_find(&c->composition->space, key);
    }
    if (others < section->slot->min)
        compose_refuse(c, &line->place, "[%s] cannot be disabled: objective '%s' needs %s", section->name,
                       compose_objective(c)->name, section->slot->min == 1 ? "one" : "more");
}

/* ---- one line ---- */

static void unknown_target(struct composer *c, const struct space_line *line, const struct target *target)
{
    const struct composed_section *section = target->section;
    struct suggestion s;
    suggestion_start(&s, target->key);
    for (size_t i = 0; i < section->n_keys; i++)
        suggestion_offer(&s, section->keys[i].param->key);
    suggestion_offer(&s, "use");
    suggestion_offer(&s, "enabled");
    if (s.best)
        compose_refuse(c, &line->place, "'%s': no key '%s' in [%s]; did you mean '%s.%s'?", line->key, target->key,
                       section->name, section->name, s.best);
    else
        compose_refuse(c, &line->place, "'%s': no key '%s' in [%s]", line->key, target->key, section->name);
}

/* "sgd", "sgd or adam": the candidates that know the key. */
static size_t owners_of(const struct composed_section *section, const char *key, struct text *out)
{
    size_t n = 0;
    for (size_t i = 0; i < section->n_candidates; i++)
        if (table_find(section->candidates[i]->params, section->candidates[i]->n_params, key))
            text_addf(out, "%s%s", n++ ? "|" : "", section->candidates[i]->name);
    return n;
}

static void check_tunable(struct composer *c, const struct space_line *line, const hone_param *p, const char *owner)
{
    if (p->flags & HONE_P_TUNABLE)
        check_values(c, line, p, owner);
    else
        compose_refuse(c, &line->place, "'%s' is not made to be searched (%s)", line->key, owner);
}

static void check_key(struct composer *c, const struct space_line *line, const struct target *target)
{
    struct composed_section *section = target->section;
    char *allowed = malloc(section->n_candidates + 1);
    struct text owners = TEXT_INIT, owner = TEXT_INIT;
    size_t n_allowed = 0, n_knowing = 0, n_known = 0, n_active = 0;
    const struct composed_key *inactive = NULL;
    const int of_slot = section->slot && table_find(section->slot->params, section->slot->n_params, target->key);
    if (!allowed) {
        compose_no_memory(c);
        return;
    }
    memset(allowed, 1, section->n_candidates + 1);
    restrict_candidates(c, line, section, allowed, 0);
    n_known = owners_of(section, target->key, &owners);
    for (size_t i = 0; i < section->n_candidates; i++) {
        const struct catalog_component *candidate = section->candidates[i];
        const hone_param *p = table_find(candidate->params, candidate->n_params, target->key);
        n_allowed += allowed[i] != 0;
        if (!allowed[i] || !p)
            continue;
        n_knowing++;
        inactive = section_key(section, NULL, p);
        n_active += inactive && section_key_active(section, inactive, &c->composition->space, NULL, 0);
        text_clear(&owner);
        text_addf(&owner, "%s %s", section->kind, candidate->name);
        check_tunable(c, line, p, text_string(&owner));
    }
    if (of_slot) {
        text_clear(&owner);
        text_addf(&owner, "%s %s", section->kind, compose_objective(c)->name);
        check_tunable(c, line, table_find(section->slot->params, section->slot->n_params, target->key),
                      text_string(&owner));
    } else if (!n_known) {
        unknown_target(c, line, target);
    } else if (!n_allowed) {
        refuse_line(c, line, "the conditions on the section's 'use' rule out every component");
    } else if (n_knowing < n_allowed) {
        compose_refuse(c, &line->place, "%s is a key of %s only; add: if %s.use = %s", line->key, text_string(&owners),
                       section->name, text_string(&owners));
    } else if (inactive && !n_active) {
        compose_refuse(c, &line->place, "'%s' has no effect: it needs %s in [%s]", line->key,
                       inactive->param->active_if, section->name);
    }
    if (!section->enabled && composition_section(c->composition, section->name)) {
        char key[CONFIG_NAME_LIMIT + 16];
        snprintf(key, sizeof key, "%s.enabled", section->name);
        if (!space_lines_find(&c->composition->space, key))
            compose_refuse(c, &line->place, "'%s' has no effect: [%s] has enabled = no", line->key, section->name);
    }
    text_release(&owners);
    text_release(&owner);
    free(allowed);
}

static void check_line(struct composer *c, const struct space_line *line)
{
    struct target target;
    if (!find_target(c, line, &target) || !target.section)
        return;
    if (!target.section->slot && strcmp(target.section->kind, "objective") != 0) {
        compose_refuse(c, &line->place, "'%s' belongs to the study, not to a trial, and cannot be searched", line->key);
        return;
    }
    if (!strcmp(target.key, "use"))
        check_use(c, line, target.section);
    else if (!strcmp(target.key, "enabled"))
        check_enabled(c, line, target.section);
    else if (target.section->component)
        check_key(c, line, &target);
}

/* ---- order ---- */

/* Puts lines behind those that their conditions name, otherwise in the order of the INI. Complains of circles. */
static void sort_lines(struct composer *c)
{
    struct space_lines *space = &c->composition->space;
    for (size_t sorted = 0; sorted < space->n_lines; sorted++) {
        size_t next = sorted;
        for (; next < space->n_lines; next++) {
            const struct space_line *line = space->lines + next;
            int waits = 0;
            for (size_t i = 0; i < line->n_conditions; i++)
                for (size_t k = sorted; k < space->n_lines; k++)
                    waits |= !strcmp(space->lines[k].key, line->conditions[i].key);
            if (!waits)
                break;
        }
        if (next == space->n_lines) {
            compose_refuse(c, &space->lines[sorted].place, "the conditions of '%s' go in a circle",
                           space->lines[sorted].key);
            return;
        }
        const struct space_line found = space->lines[next];
        memmove(space->lines + sorted + 1, space->lines + sorted, (next - sorted) * sizeof found);
        space->lines[sorted] = found;
    }
}

/* A fixed number is a number to searches, conditions and relations, not the choice of a text: one step of an interval. */
static void settle_fixed(struct composer *c, struct space_line *line)
{
    const char *dot = strrchr(line->key, '.');
    const struct composed_key *key = NULL;
    const struct composed_section *section;
    char name[2 * CONFIG_NAME_LIMIT];
    int64_t whole;
    double value;
    snprintf(name, sizeof name, "%.*s", dot ? (int)(dot - line->key) : 0, line->key);
    section = composition_section(c->composition, name);
    if (section)
        key = section_key(section, dot + 1, NULL);
    if (!line->fixed || !hone_parse_real(line->choices[0], NULL, &value) || (section ? !key : !c->free_space))
        return;
    if (key && key->param->type != HONE_T_REAL &&
        !(key->param->type == HONE_T_INT && hone_parse_int(line->choices[0], NULL, &whole)))
        return;
    line->type = key && key->param->type == HONE_T_INT ? HONE_DIM_INT : HONE_DIM_REAL;
    line->min = line->max = value;
    line->step = 1;
    free(line->choices[0]);
    line->n_choices = 0;
}

void compose_space(struct composer *c)
{
    struct space_lines *space = &c->composition->space;
    const struct catalog_component *objective = compose_objective(c);
    size_t varied = 0;
    c->free_space = (objective->iface_flags & HONE_OBJECTIVE_ANY_SPACE) != 0;
    if (!space->n_texts && c->composition->study.trials == 1)
        return; /* one trial, with the values of the INI */
    if (!space->n_texts) {
        const struct place place = compose_section_place(c, "space");
        compose_refuse(c, &place,
                       "there is nothing to search: [space] needs lines such as SECTION.KEY = real LOW .. HIGH");
        return;
    }
    for (size_t i = 0; i < space->n_lines; i++) {
        varied += !space->lines[i].fixed;
        if (!(c->flags & COMPOSE_TRAIN))
            settle_fixed(c, space->lines + i);
    }
    if (varied && c->composition->study.evaluate == EVALUATE_TEST && !(c->flags & COMPOSE_TRAIN)) {
        const struct place place = compose_section_place(c, "space");
        compose_refuse(c, &place,
                       "[study] evaluate = test compares what is given; what a search chooses by the test data cannot "
                       "be tested on them: leave out [space], or evaluate");
    }
    if (!varied && space->n_lines && !c->failed && c->composition->study.trials != 1 && !(c->flags & COMPOSE_TRAIN)) {
        const struct place place = compose_section_place(c, "space");
        compose_refuse(c, &place, "there is nothing to search: every line of [space] is fixed");
    }
    for (size_t i = 0; i < space->n_lines; i++) {
        const size_t before = c->complaints->n;
        compose_conditions(c, space->lines + i);
        if (c->complaints->n == before) /* which components a line is for depends on its conditions */
            check_line(c, space->lines + i);
    }
    for (size_t i = 0; i < space->n_relations; i++)
        if (space->relations[i].key_a)
            compose_relation(c, space->relations + i);
    if (!c->failed)
        sort_lines(c);
}
