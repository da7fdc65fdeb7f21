/* SPDX-License-Identifier: MIT */
/* Conditions and relations of [space]: they are about lines that are there, and can be met. */
#include "base/suggest.h"
#include "config/compose.h"
#include "config/scan.h"
#include "hone/settings.h"

#include <string.h>

static struct place place_in_condition(const struct composer *c, const struct space_line *line, const char *word)
{
    return compose_word_place(c, line, word, 1);
}

/* The section's part and the last part are compared each for itself: they share too much to be compared as a whole. */
const char *compose_nearest_line(const struct space_lines *space, const char *key)
{
    const char *dot = strrchr(key, '.'), *best = NULL;
    const size_t n = dot ? (size_t)(dot - key) : 0;
    unsigned distance = ~0u;
    char section[2 * CONFIG_NAME_LIMIT], other[2 * CONFIG_NAME_LIMIT];
    snprintf(section, sizeof section, "%.*s", (int)n, key);
    for (size_t i = 0; i < space->n_lines; i++) {
        const char *known = space->lines[i].key, *known_dot = strrchr(known, '.');
        const char *last = known_dot ? known_dot + 1 : known;
        const size_t n_known = known_dot ? (size_t)(known_dot - known) : 0;
        struct suggestion s;
        snprintf(other, sizeof other, "%.*s", (int)n_known, known);
        if (!strcmp(section, other)) {
            suggestion_start(&s, dot ? dot + 1 : key);
            suggestion_offer(&s, last);
        } else if (!strcmp(dot ? dot + 1 : key, last)) {
            suggestion_start(&s, section);
            suggestion_offer(&s, other);
            if (!n)
                s.best = known; /* only the section is missing */
        } else {
            continue;
        }
        if (s.best && (!best || s.distance < distance)) {
            best = known;
            distance = s.distance;
        }
    }
    return best;
}

/* ---- conditions ---- */

static void check_choice_condition(struct composer *c, const struct space_line *line, const struct space_condition *q,
                                   const struct space_line *other)
{
    if (other->type == HONE_DIM_CHOICE && q->op != HONE_EQ && q->op != HONE_NE) {
        const struct place place = place_in_condition(c, line, q->key);
        compose_refuse(c, &place, "the choices of '%s' have no order: conditions on it use = or !=", q->key);
        return;
    }
    for (size_t v = 0; v < q->n_values; v++) {
        struct suggestion s;
        int known = 0;
        const struct place place = place_in_condition(c, line, q->values[v]);
        suggestion_start(&s, q->values[v]);
        for (size_t i = 0; i < other->n_choices; i++) {
            known |= !strcmp(other->choices[i], q->values[v]);
            suggestion_offer(&s, other->choices[i]);
        }
        if (!known && s.best)
            compose_refuse(c, &place, "'%s' is none of the choices of '%s'; did you mean '%s'?", q->values[v], q->key,
                           s.best);
        else if (!known)
            compose_refuse(c, &place, "'%s' is none of the choices of '%s'", q->values[v], q->key);
    }
}

static void check_number_condition(struct composer *c, const struct space_line *line, const struct space_condition *q,
                                   const struct space_line *other)
{
    for (size_t v = 0; v < q->n_values; v++) {
        const struct place place = place_in_condition(c, line, q->values[v]);
        const int equality = q->op == HONE_EQ || q->op == HONE_NE;
        double value;
        if (!hone_parse_real(q->values[v], NULL, &value)) {
            compose_refuse(c, &place, "'%s' is not a number, as the values of '%s' are", q->values[v], q->key);
        } else if (equality && !(other->step > 0)) {
            compose_refuse(c, &place, "'%s' is a continuum: conditions on it use <, <=, > or >=", q->key);
        } else if (equality && (value < other->min || value > other->max ||
                                (other->type == HONE_DIM_INT && value != floor(value)))) {
            compose_refuse(c, &place, "'%s' never is %s", q->key, q->values[v]);
        } else if ((q->op == HONE_LT && value <= other->min) || (q->op == HONE_LE && value < other->min) ||
                   (q->op == HONE_GT && value >= other->max) || (q->op == HONE_GE && value > other->max)) {
            compose_refuse(c, &place, "the condition on '%s' can never be met", q->key);
        }
    }
}

void compose_conditions(struct composer *c, const struct space_line *line)
{
    const struct space_lines *space = &c->composition->space;
    for (size_t i = 0; i < line->n_conditions; i++) {
        const struct space_condition *q = line->conditions + i;
        const struct space_line *other = space_lines_find(space, q->key);
        const struct place place = place_in_condition(c, line, q->key);
        if (!other) {
            const char *best = compose_nearest_line(space, q->key);
            if (best)
                compose_refuse(c, &place, "the condition's key '%s' is not in [space]; did you mean '%s'?", q->key,
                               best);
            else
                compose_refuse(
                    c, &place,
                    "the condition's key '%s' is not in [space]; conditions are about keys that are searched", q->key);
        } else if (other == line) {
            compose_refuse(c, &place, "'%s' depends on itself", line->key);
        } else if (other->type == HONE_DIM_CHOICE || other->type == HONE_DIM_ORDINAL) {
            check_choice_condition(c, line, q, other);
        } else {
            check_number_condition(c, line, q, other);
        }
    }
}

/* ---- relations ---- */

/* The line's range as relations see it; 0: it has no numbers. */
static int numbers_of(const struct space_line *line, double *low, double *high)
{
    *low = line->min;
    *high = line->max;
    if (line->type == HONE_DIM_CHOICE)
        return 0;
    for (size_t i = 0; line->type == HONE_DIM_ORDINAL && i < line->n_choices; i++) {
        double v;
        if (!hone_parse_real(line->choices[i], NULL, &v))
            return 0;
        *low = i == 0 || v < *low ? v : *low;
        *high = i == 0 || v > *high ? v : *high;
    }
    return 1;
}

static const struct space_line *relation_line(struct composer *c, const struct space_relation *relation,
                                              const char *key, double *low, double *high)
{
    const struct space_lines *space = &c->composition->space;
    const struct space_line *line = space_lines_find(space, key);
    const char *best = line ? NULL : compose_nearest_line(space, key);
    if (best)
        compose_refuse(c, &relation->place, "the relation's key '%s' is not in [space]; did you mean '%s'?", key, best);
    else if (!line)
        compose_refuse(c, &relation->place, "the relation's key '%s' is not in [space]", key);
    else if (!numbers_of(line, low, high))
        compose_refuse(c, &relation->place, "'%s' has no numbers to compare", key);
    else
        return line;
    return NULL;
}

void compose_relation(struct composer *c, const struct space_relation *r)
{
    double low_a, high_a, low_b = r->constant, high_b = r->constant;
    int never = 0;
    if (!relation_line(c, r, r->key_a, &low_a, &high_a) ||
        (r->key_b && !relation_line(c, r, r->key_b, &low_b, &high_b)))
        return;
    if (r->key_b && !strcmp(r->key_a, r->key_b)) {
        compose_refuse(c, &r->place, "the relation compares '%s' with itself", r->key_a);
        return;
    }
    if (r->op == HONE_LT)
        never = low_a >= high_b;
    else if (r->op == HONE_LE)
        never = low_a > high_b;
    else if (r->op == HONE_GT)
        never = high_a <= low_b;
    else if (r->op == HONE_GE)
        never = high_a < low_b;
    if (never)
        compose_refuse(c, &r->place, "the relation can never hold: '%s' and %s%s%s do not overlap that way", r->key_a,
                       r->key_b ? "'" : "", r->key_b ? r->key_b : "the number", r->key_b ? "'" : "");
}
