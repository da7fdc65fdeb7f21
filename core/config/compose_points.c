/* SPDX-License-Identifier: MIT */
/* [study] enqueue against [space]: every key is one of [space], every value one that it may take. What depends on several
 * values (conditions, relations) is seen by core/study/points.c, which has the space. */
#include "base/suggest.h"
#include "config/compose.h"
#include "config/space_words.h"
#include "hone/settings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void given_points_release(struct given_point *points, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < points[i].n; k++) {
            free(points[i].values[k].key);
            free(points[i].values[k].text);
        }
        free(points[i].values);
    }
    free(points);
}

/* ---- one value ---- */

static void check_choice(struct composer *c, const struct space_line *line, const char *text, const struct place *place)
{
    struct suggestion s;
    suggestion_start(&s, text);
    for (size_t i = 0; i < line->n_choices; i++) {
        if (!strcmp(line->choices[i], text))
            return;
        suggestion_offer(&s, line->choices[i]);
    }
    if (s.best)
        compose_refuse(c, place, "'%s' is none of the choices of '%s'; did you mean '%s'?", text, line->key, s.best);
    else
        compose_refuse(c, place, "'%s' is none of the choices of '%s'", text, line->key);
}

/* Steps count from the lower bound, whole numbers without one from 0. */
static void check_number(struct composer *c, const struct space_line *line, const char *text, const struct place *place)
{
    const double step = line->type == HONE_DIM_INT && line->step < 1 ? 1 : line->step;
    const double origin = isfinite(line->min) ? line->min : 0;
    double v;
    if (!hone_parse_real(text, NULL, &v)) {
        compose_refuse(c, place, "%s = %s is not a number", line->key, text);
    } else if (v < line->min || v > line->max) {
        compose_refuse(c, place, "%s = %s is outside %.15g .. %.15g", line->key, text, line->min, line->max);
    } else if (step > 0) {
        const double nearest = origin + step * floor((v - origin) / step + 0.5);
        if (fabs(nearest - v) > 1e-9 * fmax(1, fabs(v)))
            compose_refuse(c, place, "%s = %s lies between two values of [space]; the nearest is %.15g", line->key,
                           text, nearest > line->max ? nearest - step : nearest);
    }
}

/* ---- the text ---- */

static int add_value(struct composer *c, struct given_point *point, char *key, char *text)
{
    struct given_value *more = realloc(point->values, (point->n + 1) * sizeof *more);
    if (!more) {
        compose_no_memory(c);
        return -1;
    }
    point->values = more;
    point->values[point->n++] = (struct given_value){ key, text };
    return 0;
}

/* KEY = VALUE at the cursor. 0, or -1: nothing behind it can be understood. */
static int read_value(struct composer *c, struct parser *p, struct given_point *point)
{
    const struct space_lines *space = &c->composition->space;
    char *key = NULL, *text = NULL;
    size_t key_at, at;
    words_skip_blanks(p);
    key_at = p->at;
    if (words_key(p, &key) < 0)
        goto fail;
    words_skip_blanks(p);
    at = p->at;
    if (!words_take_sign(p, "=")) {
        const struct place place = words_place(p, at);
        char shown[64];
        compose_refuse(c, &place, "expected '=' behind '%s', found %s; write KEY = VALUE, ...", key,
                       words_seen(p, shown, sizeof shown));
        goto fail;
    }
    words_skip_blanks(p);
    at = p->at;
    if (words_value(p, "|=", "a value", &text) < 0)
        goto fail;
    const struct place key_place = words_place(p, key_at), place = words_place(p, at);
    const struct space_line *line = space_lines_find(space, key);
    int twice = 0;
    for (size_t i = 0; i < point->n; i++)
        twice |= !strcmp(point->values[i].key, key);
    if (!line) {
        const char *nearest = compose_nearest_line(space, key);
        if (nearest)
            compose_refuse(c, &key_place, "'%s' is not in [space]; did you mean '%s'?", key, nearest);
        else
            compose_refuse(c, &key_place, "'%s' is not in [space]", key);
    } else if (twice) {
        compose_refuse(c, &key_place, "'%s' is there twice in one point; points are separated by |", key);
    } else if (line->n_choices) {
        check_choice(c, line, text, &place);
    } else {
        check_number(c, line, text, &place);
    }
    if (add_value(c, point, key, text) == 0)
        return 0;
fail:
    c->failed = 1;
    free(key);
    free(text);
    return -1;
}

void compose_points(struct composer *c)
{
    struct composition *composition = c->composition;
    const struct config_item *item = config_find(c->config, "study", "enqueue");
    struct parser p = { item, item ? item->value : "", 0, c->complaints };
    for (words_skip_blanks(&p); p.text[p.at]; words_skip_blanks(&p)) {
        struct given_point *more = realloc(composition->points, (composition->n_points + 1) * sizeof *more);
        if (!more) {
            compose_no_memory(c);
            return;
        }
        composition->points = more;
        struct given_point *point = &more[composition->n_points++];
        *point = (struct given_point){ NULL, 0 };
        do
            if (read_value(c, &p, point) < 0)
                return;
        while (words_take_sign(&p, ","));
        words_skip_blanks(&p);
        if (p.text[p.at] && !words_take_sign(&p, "|")) {
            const struct place place = words_place(&p, p.at);
            char shown[64];
            compose_refuse(c, &place, "expected ',' or '|' behind a value, found %s",
                           words_seen(&p, shown, sizeof shown));
            return;
        }
    }
}
