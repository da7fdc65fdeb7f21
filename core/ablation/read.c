/* SPDX-License-Identifier: MIT */
/* Reading [ablation]: its table's keys, and axis.NAME, baseline.NAME, design.KEY. */
#include "ablation/ablation.h"

#include "base/suggest.h"
#include "hone/param.h"

#include <stdlib.h>
#include <string.h>

static const char section[] = "ablation";

static const char nothing[] = "none"; /* a level that sets nothing */

struct reader {
    struct ablation_spec *spec;
    const struct config *config;
    struct complaints *complaints;
    int failed;
};

#define REFUSE(r, place, ...)                          \
    do {                                               \
        complain((r)->complaints, place, __VA_ARGS__); \
        (r)->failed = 1;                               \
    } while (0)

static void no_memory(struct reader *r)
{
    REFUSE(r, NULL, "out of memory");
}

static char *keep(struct reader *r, const char *text, size_t n)
{
    char *copy = hone_settings_allocate(&r->spec->memory, n + 1);
    if (!copy) {
        no_memory(r);
        return NULL;
    }
    memcpy(copy, text, n);
    copy[n] = '\0';
    return copy;
}

static void trim(const char **text, size_t *n)
{
    while (*n && strchr(" \t", **text)) {
        ++*text;
        --*n;
    }
    while (*n && strchr(" \t", (*text)[*n - 1]))
        --*n;
}

/* The first of the signs outside of quotes, or n. */
static size_t find_outside(const char *text, size_t n, const char *signs)
{
    char quote = 0;
    for (size_t i = 0; i < n; i++) {
        if (quote)
            quote = text[i] == quote ? 0 : quote;
        else if (text[i] == '"' || text[i] == '\'')
            quote = text[i];
        else if (strchr(signs, text[i]))
            return i;
    }
    return n;
}

static struct place place_in(const struct config_item *item, const char *at)
{
    struct place place = item->value_place;
    if (place.column)
        place.column += (unsigned)(at - item->value);
    return place;
}

/* ---- levels ---- */

static struct ablation_level *add_level(struct reader *r, struct ablation_axis *axis)
{
    struct ablation_level *levels = realloc(axis->levels, (axis->n_levels + 1) * sizeof *levels);
    if (!levels) {
        no_memory(r);
        return NULL;
    }
    axis->levels = levels;
    levels[axis->n_levels] = (struct ablation_level){ NULL, NULL, 0 };
    return &levels[axis->n_levels++];
}

static void add_assignment(struct reader *r, struct ablation_level *level, char *assignment)
{
    char **more = assignment ? realloc(level->assignments, (level->n + 1) * sizeof *more) : NULL;
    if (!more) {
        no_memory(r);
        return;
    }
    level->assignments = more;
    more[level->n++] = assignment;
}

/* A value as an option --set takes it, and as a label shows it: without the quotes. */
static void unquote(const char **text, size_t *n)
{
    if (*n >= 2 && (**text == '"' || **text == '\'') && (*text)[*n - 1] == **text) {
        ++*text;
        *n -= 2;
    }
}

/* "search.use: random, tpe" */
static void read_values(struct reader *r, struct ablation_axis *axis, const struct config_item *item, size_t colon)
{
    const char *key = item->value, *at = item->value + colon + 1;
    size_t n_key = colon;
    trim(&key, &n_key);
    for (const char *end;; at = end + 1) {
        const char *value = at;
        size_t n = find_outside(at, strlen(at), ",");
        end = at + n;
        trim(&value, &n);
        const struct place place = place_in(item, value);
        struct text assignment = TEXT_INIT;
        if (!n) {
            REFUSE(r, &place, "a value is missing in the levels of axis '%s'", axis->name);
        } else {
            struct ablation_level *level = add_level(r, axis);
            text_addf(&assignment, "%.*s=%.*s", (int)n_key, key, (int)n, value);
            if (level)
                add_assignment(r, level, keep(r, text_string(&assignment), assignment.length));
            unquote(&value, &n);
            if (level)
                level->label = keep(r, value, n);
        }
        text_release(&assignment);
        if (!*end)
            return;
    }
}

/* What a setting is called in a label: a part by its name, a plugin by its own, anything else by key and value. */
static void add_word(struct text *label, const char *assignment)
{
    const char *equal = strchr(assignment, '='), *dot = NULL, *before = assignment, *value = equal + 1;
    size_t n = strlen(value);
    for (const char *s = assignment; s < equal; s++)
        if (*s == '.') {
            before = dot ? dot + 1 : assignment;
            dot = s;
        }
    trim(&value, &n);
    unquote(&value, &n);
    text_add(label, label->length ? "+" : "");
    if (dot && !strncmp(dot, ".enabled", 8))
        text_addf(label, "%s%.*s", *value == 'n' || *value == 'f' || *value == '0' ? "no_" : "", (int)(dot - before),
                  before);
    else if (dot && !strncmp(dot, ".use", 4))
        text_addf(label, "%.*s", (int)n, value);
    else
        text_addf(label, "%.*s=%.*s", (int)(equal - (dot ? dot + 1 : assignment)), dot ? dot + 1 : assignment, (int)n,
                  value);
}

static void read_settings(struct reader *r, struct ablation_level *level, const struct config_item *item,
                          const char *at, size_t n)
{
    while (n) {
        const size_t end = find_outside(at, n, ",");
        const char *setting = at;
        size_t length = end;
        trim(&setting, &length);
        const size_t equal = find_outside(setting, length, "=");
        const struct place place = place_in(item, setting);
        if (equal == length || !equal)
            REFUSE(r, &place, "'%.*s' is no setting: write SECTION.KEY=VALUE, or none for a level that sets nothing",
                   (int)length, setting);
        else
            add_assignment(r, level, keep(r, setting, length));
        at += end + (end < n);
        n -= end + (end < n);
    }
}

/* "none | flip: regularizer.flip.enabled=yes" */
static void read_alternatives(struct reader *r, struct ablation_axis *axis, const struct config_item *item)
{
    const char *at = item->value;
    for (const char *end;; at = end + 1) {
        const char *text = at;
        size_t n = find_outside(at, strlen(at), "|");
        end = at + n;
        trim(&text, &n);
        struct ablation_level *level = add_level(r, axis);
        if (!level)
            return;
        const struct place place = place_in(item, text);
        const size_t colon = find_outside(text, n, ":="); /* a label ends before the first setting */
        if (!n)
            REFUSE(r, &place, "a level is missing in axis '%s'; one that sets nothing is written none", axis->name);
        if (n == strlen(nothing) && !strncmp(text, nothing, n)) {
            level->label = keep(r, text, n);
        } else if (n) {
            if (colon < n && text[colon] == ':') {
                const char *label = text;
                size_t length = colon;
                trim(&label, &length);
                level->label = keep(r, label, length);
                text += colon + 1;
                n -= colon + 1;
            }
            read_settings(r, level, item, text, n);
        }
        struct text label = TEXT_INIT;
        for (size_t i = 0; !level->label && i < level->n; i++)
            add_word(&label, level->assignments[i]);
        if (!level->label)
            level->label = keep(r, text_string(&label), label.length);
        text_release(&label);
        if (!*end)
            return;
    }
}

static void check_labels(struct reader *r, const struct ablation_axis *axis)
{
    for (uint32_t i = 0; i < axis->n_levels; i++)
        for (uint32_t k = 0; k < i; k++)
            if (axis->levels[i].label && axis->levels[k].label && !strcmp(axis->levels[i].label, axis->levels[k].label))
                REFUSE(r, &axis->place, "axis '%s' has the level '%s' twice", axis->name, axis->levels[i].label);
    if (axis->n_levels < 2)
        REFUSE(r, &axis->place,
               "axis '%s' has one level; write two at least: SECTION.KEY: A, B or none | SECTION.KEY=VALUE",
               axis->name);
}

static struct ablation_axis *add_axis(struct reader *r, const struct config_item *item, const char *name, size_t n)
{
    struct ablation_spec *spec = r->spec;
    struct ablation_axis *axes = realloc(spec->axes, (spec->n_axes + 1) * sizeof *axes);
    if (!axes) {
        no_memory(r);
        return NULL;
    }
    spec->axes = axes;
    axes[spec->n_axes] = (struct ablation_axis){ .name = keep(r, name, n), .place = item->value_place };
    return axes[spec->n_axes].name ? &axes[spec->n_axes++] : NULL;
}

/* axis.NAME.LABEL = KEY=VALUE, ...: one level a line. */
static void read_level(struct reader *r, const struct config_item *item, const char *name, const char *label)
{
    const size_t n = (size_t)(label - name - 1);
    struct ablation_axis *axis = NULL;
    for (size_t i = 0; i < r->spec->n_axes && !axis; i++)
        if (strlen(r->spec->axes[i].name) == n && !strncmp(r->spec->axes[i].name, name, n))
            axis = &r->spec->axes[i];
    axis = axis ? axis : add_axis(r, item, name, n);
    struct ablation_level *level = axis ? add_level(r, axis) : NULL;
    if (!level)
        return;
    level->label = keep(r, label, strlen(label));
    if (strcmp(item->value, nothing) != 0)
        read_settings(r, level, item, item->value, strlen(item->value));
}

static void read_axis(struct reader *r, const struct config_item *item)
{
    const char *name = item->key + 5, *dot = strchr(name, '.');
    const size_t n = strlen(item->value), sign = find_outside(item->value, n, ":=|");
    if (dot) {
        read_level(r, item, name, dot + 1);
        return;
    }
    struct ablation_axis *axis = add_axis(r, item, name, strlen(name));
    if (!axis)
        return;
    if (find_outside(item->value, n, "|") < n || (sign < n && item->value[sign] == '='))
        read_alternatives(r, axis, item);
    else if (sign < n && item->value[sign] == ':')
        read_values(r, axis, item, sign);
    else
        REFUSE(r, &item->value_place, "axis '%s': write SECTION.KEY: A, B or none | SECTION.KEY=VALUE, ...",
               axis->name);
}

/* ---- keys ---- */

static struct ablation_axis *find_axis(struct reader *r, const char *name, const struct place *place)
{
    struct suggestion s;
    suggestion_start(&s, name);
    for (size_t i = 0; i < r->spec->n_axes; i++) {
        if (!strcmp(r->spec->axes[i].name, name))
            return &r->spec->axes[i];
        suggestion_offer(&s, r->spec->axes[i].name);
    }
    if (s.best)
        REFUSE(r, place, "there is no axis '%s'; did you mean '%s'?", name, s.best);
    else
        REFUSE(r, place, "there is no axis '%s'; axes are written axis.%s = ...", name, name);
    return NULL;
}

static void read_baseline(struct reader *r, const struct config_item *item)
{
    struct ablation_axis *axis = find_axis(r, item->key + 9, &item->place);
    struct suggestion s;
    suggestion_start(&s, item->value);
    for (uint32_t i = 0; axis && i < axis->n_levels; i++) {
        if (!axis->levels[i].label)
            continue;
        if (!strcmp(axis->levels[i].label, item->value)) {
            axis->baseline = i;
            return;
        }
        suggestion_offer(&s, axis->levels[i].label);
    }
    if (axis && !s.best && axis->n_levels && axis->levels[0].label)
        REFUSE(r, &item->value_place, "axis '%s' has no level '%s'; its first one is '%s'", axis->name, item->value,
               axis->levels[0].label);
    else if (axis && s.best)
        REFUSE(r, &item->value_place, "axis '%s' has no level '%s'; did you mean '%s'?", axis->name, item->value,
               s.best);
}

static void read_design_key(struct reader *r, const struct config_item *item)
{
    struct ablation_spec *spec = r->spec;
    const size_t n = spec->n_design_settings;
    struct setting_text *settings = realloc(spec->design_settings, (n + 1) * sizeof *settings);
    if (settings)
        spec->design_settings = settings;
    struct place *places = settings ? realloc(spec->design_places, (n + 1) * sizeof *places) : NULL;
    if (!places) {
        no_memory(r);
        return;
    }
    spec->design_places = places;
    settings[n] = (struct setting_text){ keep(r, item->key + 7, strlen(item->key + 7)),
                                         keep(r, item->value, strlen(item->value)) };
    places[n] = item->value_place;
    spec->n_design_settings++;
}

static void unknown_key(struct reader *r, const struct config_item *item)
{
    struct suggestion s;
    suggestion_start(&s, item->key);
    for (uint32_t i = 0; i < ablation_n_params; i++)
        suggestion_offer(&s, ablation_params[i].key);
    if (s.best)
        REFUSE(r, &item->place, "unknown key '%s' in [ablation]; did you mean '%s'?", item->key, s.best);
    else
        REFUSE(r, &item->place, "unknown key '%s' in [ablation]; `hone info ablation` lists what there is", item->key);
}

static void read_key(struct reader *r, const struct config_item *item)
{
    hone_error err = HONE_ERROR_INIT;
    const hone_param *p = NULL;
    if (!strncmp(item->key, "axis.", 5)) {
        read_axis(r, item);
        return;
    }
    if (!strncmp(item->key, "design.", 7)) {
        read_design_key(r, item);
        return;
    }
    if (!strncmp(item->key, "baseline.", 9))
        return; /* when all axes are known */
    for (uint32_t i = 0; i < ablation_n_params && !p; i++)
        p = strcmp(ablation_params[i].key, item->key) ? NULL : &ablation_params[i];
    if (!p)
        unknown_key(r, item);
    else if (hone_settings_parse(p, item->value, &r->spec->raw, &r->spec->memory, &err) != HONE_OK)
        REFUSE(r, &item->value_place, "%s (ablation)", err.msg);
    if (p && !strcmp(p->key, "design"))
        r->spec->design_place = item->value_place;
}

static void read_vary(struct reader *r)
{
    static const char *const names[] = { "seed", "split", "search" };
    const struct config_item *item = config_find(r->config, section, "vary");
    const hone_strings *vary = &r->spec->raw.vary;
    for (uint64_t i = 0; i < vary->n; i++) {
        unsigned k = 0;
        while (k < 3 && strcmp(vary->values[i], names[k]) != 0)
            k++;
        if (k < 3)
            r->spec->vary |= 1u << k;
        else
            REFUSE(r, item ? &item->value_place : NULL, "vary = %s is none of seed, split, search", vary->values[i]);
    }
    if (!r->spec->vary && !r->failed)
        REFUSE(r, item ? &item->value_place : NULL, "vary names nothing: then all runs of a cell would be the same");
}

/* "test.accuracy max" */
static void read_metric(struct reader *r)
{
    const struct config_item *item = config_find(r->config, section, "metric");
    const char *text = r->spec->raw.metric;
    const size_t n = strcspn(text, " \t");
    const char *direction = text + n + strspn(text + n, " \t");
    if (!*text)
        return;
    r->spec->metric_place = item->value_place;
    r->spec->metric = keep(r, text, n);
    r->spec->direction = !strcmp(direction, "max") || !strcmp(direction, "maximize")   ? HONE_MAXIMIZE
                         : !strcmp(direction, "min") || !strcmp(direction, "minimize") ? HONE_MINIMIZE
                                                                                       : HONE_NO_DIRECTION;
    if (*direction && r->spec->direction == HONE_NO_DIRECTION)
        REFUSE(r, &item->value_place, "metric = %s: a metric, then max or min", text);
}

static void find_blocks(struct reader *r)
{
    struct ablation_spec *spec = r->spec;
    const struct config_item *item = config_find(r->config, section, "blocks"),
                             *path = config_find(r->config, section, "path");
    spec->n_design = spec->n_axes;
    if (!*spec->raw.blocks)
        return;
    struct ablation_axis *axis = find_axis(r, spec->raw.blocks, &item->value_place);
    if (!axis)
        return;
    const struct ablation_axis blocks = *axis;
    const size_t at = (size_t)(axis - spec->axes);
    memmove(axis, axis + 1, (spec->n_axes - at - 1) * sizeof *axis);
    spec->axes[spec->n_axes - 1] = blocks;
    spec->n_design--;
    spec->has_blocks = 1;
    if (spec->raw.path && path)
        REFUSE(r, &path->place, "path = yes leads to one best cell; with blocks, each has its own");
    if (!spec->n_design)
        REFUSE(r, &item->value_place, "blocks = %s: beside the axis of blocks there has to be one to compare",
               blocks.name);
}

int ablation_spec_read(struct ablation_spec *spec, const struct config *config, struct complaints *complaints)
{
    struct reader r = { spec, config, complaints, 0 };
    hone_error err = HONE_ERROR_INIT;
    int found = 0;
    *spec = (struct ablation_spec){ .direction = HONE_NO_DIRECTION };
    for (size_t i = 0; i < config->n_sections; i++)
        if (!strcmp(config->sections[i].name, section)) {
            spec->place = config->sections[i].place;
            found = 1;
        }
    if (!found) {
        const struct place place = { config->n_names ? config->names[0] : NULL, 0, 0 };
        REFUSE(&r, &place, "there is no section [ablation]: write axis.NAME = SECTION.KEY: A, B into one");
        return -1;
    }
    spec->design_place = spec->place;
    if (hone_settings_defaults(ablation_params, ablation_n_params, sizeof(hone_param), &spec->raw, &spec->memory,
                               &err) != HONE_OK)
        no_memory(&r);
    for (size_t i = 0; i < config->n_items; i++)
        if (!strcmp(config->items[i].section, section))
            read_key(&r, config->items + i);
    if (!spec->n_axes && !r.failed)
        REFUSE(&r, &spec->place, "[ablation] has no axis: write axis.NAME = SECTION.KEY: A, B");
    for (size_t i = 0; i < config->n_items; i++)
        if (!strcmp(config->items[i].section, section) && !strncmp(config->items[i].key, "baseline.", 9))
            read_baseline(&r, config->items + i);
    for (size_t i = 0; i < spec->n_axes && !r.failed; i++)
        check_labels(&r, &spec->axes[i]);
    if (spec->raw.vary.values)
        read_vary(&r);
    if (!r.failed) {
        read_metric(&r);
        find_blocks(&r);
    }
    return r.failed ? -1 : 0;
}

void ablation_spec_release(struct ablation_spec *spec)
{
    for (size_t i = 0; i < spec->n_axes; i++) {
        for (uint32_t k = 0; k < spec->axes[i].n_levels; k++)
            free(spec->axes[i].levels[k].assignments);
        free(spec->axes[i].levels);
    }
    free(spec->axes);
    free(spec->design_settings);
    free(spec->design_places);
    hone_settings_release(&spec->memory);
    *spec = (struct ablation_spec){ 0 };
}
