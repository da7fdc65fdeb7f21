/* SPDX-License-Identifier: MIT */
/* [study] fidelity = KEY LOW .. HIGH: a number of the objective, or of what it composes, that schedulers pay with. */
#include "config/compose.h"
#include "config/scan.h"
#include "config/space_words.h"
#include "hone/settings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS_MAX = 1000000000 };

double fidelity_value(const struct fidelity *f, int64_t step)
{
    const double value = f->max * ((double)step / (double)f->levels);
    return f->whole ? floor(value + 0.5) : value;
}

/* Complains where the parameter does not take the numbers. */
static void check_param(struct composer *c, struct fidelity *f, const hone_param *p, const char *owner,
                        const struct place *place)
{
    char range[96];
    hone_param_range(p, range, sizeof range);
    f->whole |= p->type == HONE_T_INT;
    if (p->type != HONE_T_INT && p->type != HONE_T_REAL)
        compose_refuse(c, place, "'%s' is no number, and cannot be a fidelity (%s)", f->key, owner);
    else if (!(p->flags & HONE_P_TUNABLE))
        compose_refuse(c, place, "'%s' is not made to differ from trial to trial (%s)", f->key, owner);
    else if (!hone_param_allows(p, f->min) || !hone_param_allows(p, f->max))
        compose_refuse(c, place, "the range %g .. %g goes beyond what %s may be: %s (%s)", f->min, f->max, f->key,
                       range, owner);
}

static void check_key(struct composer *c, struct fidelity *f, const struct place *place)
{
    const char *dot = strrchr(f->key, '.');
    const struct catalog_component *objective = compose_objective(c);
    const struct composed_section *section;
    char name[2 * CONFIG_NAME_LIMIT];
    size_t known = 0;
    snprintf(name, sizeof name, "%.*s", dot ? (int)(dot - f->key) : 0, f->key);
    section = dot ? composition_section(c->composition, name) : NULL;
    if (space_lines_find(&c->composition->space, f->key)) {
        compose_refuse(c, place, "'%s' is in [space]: the search and the scheduler cannot both set it", f->key);
        return;
    }
    if (!section) {
        if (!objective || !(objective->iface_flags & HONE_OBJECTIVE_ANY_SPACE))
            compose_refuse(c, place,
                           "'%s' is no key of a section; write SECTION.KEY LOW .. HIGH, such as "
                           "dataset.fraction 0.1 .. 1",
                           f->key);
        return;
    }
    if (!section->slot && strcmp(section->kind, "objective") != 0) {
        compose_refuse(c, place, "'%s' belongs to the study, not to a trial, and cannot be a fidelity", f->key);
        return;
    }
    for (size_t i = 0; i < section->n_keys; i++) { /* once per component that the section may have, and the slot's */
        const struct composed_key *key = section->keys + i;
        char owner[160];
        if (strcmp(key->param->key, dot + 1) != 0)
            continue;
        known++;
        snprintf(owner, sizeof owner, "%.80s %.70s", section->kind,
                 key->of_slot && objective ? objective->name
                 : section->component      ? section->component->name
                                           : "?");
        check_param(c, f, key->param, owner, place);
    }
    if (!known)
        compose_refuse(c, place, "'%s': no key '%s' in [%s]", f->key, dot + 1, section->name);
}

void compose_fidelity(struct composer *c)
{
    struct fidelity *f = &c->composition->study.fidelity;
    const struct config_item *item = config_find(c->config, "study", "fidelity");
    struct parser p = { item, item ? item->value : "", 0, c->complaints };
    char *key = NULL, shown[64];
    words_skip_blanks(&p);
    if (!p.text[p.at])
        return;
    const struct place place = words_place(&p, p.at);
    if (words_key(&p, &key) < 0 || words_bounds(&p, key, &f->min, &f->max) < 0) {
        c->failed = 1;
        free(key);
        return;
    }
    words_skip_blanks(&p);
    const size_t n = strlen(key) + 1;
    char *kept = hone_settings_allocate(&c->composition->study_memory, n);
    if (kept)
        memcpy(kept, key, n);
    free(key);
    if (!(f->key = kept)) {
        compose_no_memory(c);
        return;
    }
    if (p.text[p.at]) {
        const struct place rest = words_place(&p, p.at);
        compose_refuse(c, &rest, "expected the end of the line, found %s; write fidelity = KEY LOW .. HIGH",
                       words_seen(&p, shown, sizeof shown));
        return;
    }
    const double levels = f->min > 0 && f->max / f->min >= 2 ? floor(f->max / f->min + 0.5) : 0;
    if (levels < 2 || levels > LEVELS_MAX) {
        compose_refuse(c, &place,
                       "the levels of a fidelity are HIGH / LOW, at least 2 and at most 1e9: LOW is above 0, and HIGH "
                       "at least twice as much");
        return;
    }
    f->levels = (int64_t)levels;
    if (c->composition->study.repeats > 1)
        compose_refuse(c, &place, "the steps of a trial are either levels of a fidelity or repeats, not both");
    check_key(c, f, &place);
}
