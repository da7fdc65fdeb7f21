/* SPDX-License-Identifier: MIT */
/* What components say of one another: which of a kind come before others (stages), which cannot be in one run (what one
 * provides and another one conflicts with). The words are theirs; none is known here. */
#include "config/compose.h"
#include "hone/param.h"

#include <string.h>

/* ---- stages ---- */
static int32_t stage_of(const struct composed_section *section)
{
    return section->component ? section->component->stage : 0;
}

/* Sections of one kind by the stages of their components; within a stage the order stays. */
static void sort_stages(struct composition *composition)
{
    struct composed_section *sections = composition->sections;
    for (size_t i = 1; i < composition->n_sections; i++)
        for (size_t k = i, j = i; j-- > 0;) {
            if (strcmp(sections[j].kind, sections[k].kind) != 0)
                continue;
            if (stage_of(sections + j) <= stage_of(sections + k))
                break;
            const struct composed_section earlier = sections[k];
            sections[k] = sections[j];
            sections[j] = earlier;
            k = j;
        }
}

/* ---- conflicts ---- */
enum { WORD = 64 };

/* 1 where a word of the one list is in the other; the first such one. */
static int share(const char *a, const char *b, char word[WORD])
{
    for (const char *at = a; *at; at += strspn(at, " ")) {
        const size_t n = strcspn(at, " ");
        for (const char *other = b; *other; other += strspn(other, " ")) {
            const size_t m = strcspn(other, " ");
            if (n == m && n < WORD && !memcmp(at, other, n)) {
                memcpy(word, at, n);
                word[n] = '\0';
                return 1;
            }
            other += m;
        }
        at += n;
    }
    return 0;
}

static int clash(const struct catalog_component *a, const struct catalog_component *b, char word[WORD])
{
    return share(a->provides, b->conflicts, word) || share(b->provides, a->conflicts, word);
}

/* 1 where the section is in every trial, with this component. */
static int always_there(const struct composition *composition, const struct composed_section *section)
{
    struct text key = TEXT_INIT;
    text_addf(&key, "%s.enabled", section->name);
    const int there = section->component && section->enabled && section->n_candidates == 1 &&
                      !space_lines_find(&composition->space, text_string(&key));
    text_release(&key);
    return there;
}

static const char EXPLANATION[] = "[%.40s] %.40s cannot go with [%.40s] %.40s (%.30s): leave one of them out";

void compose_order(struct composer *c)
{
    const struct composition *composition = c->composition;
    char word[WORD];
    sort_stages(c->composition);
    for (size_t k = 0; k < composition->n_sections; k++) /* of those that a trial may leave out, the trial tells */
        for (size_t i = 0; i < k; i++) {
            const struct composed_section *a = composition->sections + i, *b = composition->sections + k;
            if (always_there(composition, a) && always_there(composition, b) && clash(a->component, b->component, word))
                compose_refuse(c, &b->place, EXPLANATION, b->name, b->component->name, a->name, a->component->name,
                               word);
        }
}

/* The component of a section in a trial; NULL: not there, or its settings say what is wrong later. */
static const struct catalog_component *component_in(const struct composition *composition,
                                                    const struct composed_section *section,
                                                    const struct setting_text *point, size_t n)
{
    struct section_settings settings;
    const struct catalog_component *component;
    if (composition_settings(composition, section, point, n, &settings, NULL) != HONE_OK)
        return NULL;
    component = settings.enabled ? settings.component : NULL;
    section_settings_release(&settings);
    return component;
}

hone_rc composition_check_point(const struct composition *composition, const struct setting_text *point, size_t n,
                                hone_error *err)
{
    char word[WORD], key[WORD + 8];
    for (size_t k = 0; k < composition->n_sections; k++) {
        const struct composed_section *b = composition->sections + k;
        const struct catalog_component *later = component_in(composition, b, point, n);
        for (size_t i = 0; later && i < k; i++) {
            const struct composed_section *a = composition->sections + i;
            const struct catalog_component *earlier = component_in(composition, a, point, n);
            if (!earlier || !clash(earlier, later, word))
                continue;
            snprintf(key, sizeof key, "%.60s.use", b->name);
            return hone_fail(err, HONE_EINVAL, key, EXPLANATION, b->name, later->name, a->name, earlier->name, word);
        }
    }
    return HONE_OK;
}
