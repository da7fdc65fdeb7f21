/* SPDX-License-Identifier: MIT */
/* [study]: its settings, objectives, constraints, storage. */
#include "base/file.h"
#include "config/compose.h"
#include "config/scan.h"
#include "config/study_table.h"
#include "hone/settings.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

/* ---- objectives and constraints ---- */

struct element { /* one of a comma-separated list, cut into words */
    const char *words[4];
    size_t lengths[4];
    size_t n; /* at most 4, more are not looked at */
    struct place place;
};

/* Cuts off the list's next element; 0 at the end. Signs of comparison are words of their own. */
static int next_element(const struct config_item *item, const char **at, struct element *element)
{
    const char *s = *at;
    memset(element, 0, sizeof *element);
    if (!s || (s == item->value && !s[strspn(s, " \t")]))
        return 0;
    s += strspn(s, " \t");
    element->place = item->value_place;
    if (element->place.column)
        element->place.column += (unsigned)(s - item->value);
    while (*s && *s != ',') {
        const size_t n = *s == '<' || *s == '>' || *s == '=' ? strspn(s, "<>=") : strcspn(s, " \t,<>=");
        if (element->n < 4) {
            element->words[element->n] = s;
            element->lengths[element->n] = n;
            element->n++;
        }
        s += n;
        s += strspn(s, " \t");
    }
    *at = *s ? s + 1 : NULL;
    return 1;
}

static int is_word(const struct element *e, size_t i, const char *word)
{
    return i < e->n && e->lengths[i] == strlen(word) && !memcmp(e->words[i], word, e->lengths[i]);
}

static void read_objective(struct composer *c, const struct element *e)
{
    struct composition *composition = c->composition;
    struct objective_spec *objectives = realloc(composition->objectives,
                                                (composition->n_objectives + 1) * sizeof *objectives),
                          *o;
    if (!objectives) {
        compose_no_memory(c);
        return;
    }
    composition->objectives = objectives;
    o = objectives + composition->n_objectives;
    o->place = compose_keep_place(c, &e->place);
    o->direction = is_word(e, 1, "max") || is_word(e, 1, "maximize")   ? HONE_MAXIMIZE
                   : is_word(e, 1, "min") || is_word(e, 1, "minimize") ? HONE_MINIMIZE
                                                                       : HONE_NO_DIRECTION;
    if (e->n == 0) {
        compose_refuse(c, &e->place, "empty element in objectives");
        return;
    }
    if (e->n > 2 || (e->n == 2 && o->direction == HONE_NO_DIRECTION)) {
        compose_refuse(c, &e->place,
                       "an objective is a metric and min or max, not '%.*s %.*s%s'; several are separated by commas",
                       (int)e->lengths[0], e->words[0], (int)e->lengths[1], e->words[1], e->n > 2 ? " ..." : "");
        return;
    }
    if (is_word(e, 0, "max") || is_word(e, 0, "min")) {
        compose_refuse(c, &e->place, "an objective is a metric, then min or max: validation.accuracy max");
        return;
    }
    for (size_t i = 0; i < composition->n_objectives; i++)
        if (is_word(e, 0, objectives[i].metric)) {
            compose_refuse(c, &e->place, "the objective '%s' is there twice", objectives[i].metric);
            return;
        }
    o->metric = strndup(e->words[0], e->lengths[0]);
    if (o->metric)
        composition->n_objectives++;
    else
        compose_no_memory(c);
}

static void read_constraint(struct composer *c, const struct element *e)
{
    struct composition *composition = c->composition;
    struct constraint_spec *constraints = realloc(composition->constraints,
                                                  (composition->n_constraints + 1) * sizeof *constraints),
                           *k;
    char number[64] = "";
    struct text text = TEXT_INIT;
    if (!constraints) {
        compose_no_memory(c);
        return;
    }
    composition->constraints = constraints;
    k = constraints + composition->n_constraints;
    memset(k, 0, sizeof *k);
    k->place = compose_keep_place(c, &e->place);
    k->op = is_word(e, 1, "<=")   ? HONE_LE
            : is_word(e, 1, ">=") ? HONE_GE
            : is_word(e, 1, "<")  ? HONE_LT
            : is_word(e, 1, ">")  ? HONE_GT
                                  : 0;
    if (e->n == 3 && e->lengths[2] < sizeof number)
        memcpy(number, e->words[2], e->lengths[2]);
    if (e->n != 3 || !k->op || !hone_parse_real(number, NULL, &k->bound)) {
        compose_refuse(c, &e->place,
                       "a constraint is a metric, <=, >=, < or >, and a number: model.parameters <= 500000");
        return;
    }
    text_addf(&text, "%.*s %.*s %s", (int)e->lengths[0], e->words[0], (int)e->lengths[1], e->words[1], number);
    k->metric = strndup(e->words[0], e->lengths[0]);
    k->text = text.data;
    if (k->metric && !text.failed) {
        composition->n_constraints++;
        return;
    }
    free(k->metric);
    text_release(&text);
    compose_no_memory(c);
}

static void read_lists(struct composer *c)
{
    const struct config_item *objectives = config_find(c->config, "study", "objectives");
    const struct config_item *constraints = config_find(c->config, "study", "constraints");
    struct element e;
    const char *at = objectives ? objectives->value : NULL;
    while (at && next_element(objectives, &at, &e))
        read_objective(c, &e);
    at = constraints ? constraints->value : NULL;
    while (at && next_element(constraints, &at, &e))
        read_constraint(c, &e);
    if ((!objectives || !objectives->value[strspn(objectives->value, " \t")]) && !(c->flags & COMPOSE_TRAIN)) {
        const struct place place = compose_section_place(c, "study");
        compose_refuse(c, objectives ? &objectives->value_place : &place,
                       "[study] needs objectives: what to optimize, such as objectives = validation.accuracy max");
    }
}

/* ---- storage ---- */

/* Keeps a string in the study's memory; NULL: out of memory. */
static const char *keep(struct composer *c, const char *string)
{
    const size_t n = string ? strlen(string) + 1 : 0;
    char *copy = n ? hone_settings_allocate(&c->composition->study_memory, n) : NULL;
    if (copy)
        memcpy(copy, string, n);
    else
        compose_no_memory(c);
    return copy;
}

/* "NAME:LOCATION", a path, or "": the component and its location, made absolute where it is a path. */
static void find_storage(struct composer *c, const char *written, const struct place *place)
{
    struct composition *composition = c->composition;
    const size_t n = strcspn(written, ":/");
    const int named = written[n] == ':' && n > 0;
    const char *rest = named ? written + n + 1 : written;
    struct text location = TEXT_INIT, full = TEXT_INIT;
    hone_error err = HONE_ERROR_INIT;
    char *name = NULL;
    if (named) {
        name = strndup(written, n);
        composition->storage = name ? catalog_find(c->catalog, "storage", name, &err) : NULL;
        if (name && !composition->storage)
            compose_refuse_plugin(c, place, &err, " (a path with ':' is written ./PATH)");
    } else {
        composition->storage = catalog_default(c->catalog, "storage");
        if (!composition->storage && !(c->flags & COMPOSE_TRAIN)) {
            compose_installed(c, "storage", &full);
            compose_refuse(c, place, "no storage is the default one; write storage = NAME:LOCATION with one of: %s",
                           text_string(&full));
        }
    }
    if (!*rest)
        text_addf(&location, "%s.db", composition->study.name);
    else
        text_add(&location, rest);
    if (strncmp(text_string(&location), "//", 2) != 0) { /* NAME://host/... is no path */
        char *absolute = location.failed ? NULL : path_absolute(NULL, location.data);
        composition->storage_location = absolute;
    } else {
        composition->storage_location = compose_copy(c, location.data);
    }
    text_clear(&full);
    if (composition->storage)
        text_addf(&full, "%s:", named ? name : composition->storage->name);
    text_add(&full, composition->storage_location ? composition->storage_location : "");
    if ((named && !name) || location.failed || full.failed || !composition->storage_location)
        compose_no_memory(c);
    else
        composition->study.storage = keep(c, text_string(&full));
    text_release(&full);
    text_release(&location);
    free(name);
}

static void find_directory(struct composer *c, const char *written)
{
    struct composition *composition = c->composition;
    const char *location = composition->storage_location;
    char *base = NULL, *absolute = NULL;
    struct text name = TEXT_INIT;
    if (*written) {
        text_add(&name, written);
    } else {
        text_addf(&name, "%s.d", composition->study.name);
        base = location && strncmp(location, "//", 2) != 0 ? path_directory(location) : NULL;
    }
    absolute = name.failed ? NULL : path_absolute(base, name.data);
    composition->study.directory = keep(c, absolute);
    free(absolute);
    free(base);
    text_release(&name);
}

/* ---- the rest ---- */

static int64_t processors(void)
{
    cpu_set_t set;
    const int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n > 0 ? n : 1;
}

static const struct place *place_of(const struct composer *c, const char *key, int of_value)
{
    static const struct place nowhere = { NULL, 0, 0 };
    const struct config_item *item = config_find(c->config, "study", key);
    return item ? of_value ? &item->value_place : &item->place : &nowhere;
}

static void check_name(struct composer *c, const char *name)
{
    const size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
    if (!*name || name[n] || *name == '.' || *name == '-' || strlen(name) > 100)
        compose_refuse(c, place_of(c, "name", 1),
                       "name = %.80s: a study's name has letters, digits, '.', '_' and '-', starts with none of "
                       "'.' and '-', and has at most 100 characters",
                       name);
}

static void interpret(struct composer *c, const struct study_raw *raw)
{
    struct study_settings *study = &c->composition->study;
    study->name = raw->name;
    study->seed = raw->seed;
    study->split_seed = raw->split_seed < 0 ? raw->seed : raw->split_seed;
    study->search_seed = raw->search_seed < 0 ? raw->seed : raw->search_seed;
    study->trials = raw->trials;
    study->time = raw->time;
    study->order = raw->order;
    study->lag = raw->lag;
    study->repeats = raw->repeats;
    study->patience = raw->patience;
    study->regret = raw->regret;
    study->has_target = raw->target[strspn(raw->target, " \t")] != '\0';
    if (study->has_target && !hone_parse_real(raw->target, NULL, &study->target))
        compose_refuse(c, place_of(c, "target", 1), "target = %.80s is not a number", raw->target);
    study->trial_retries = raw->trial_retries;
    study->checkpoint_interval = raw->checkpoint_interval;
    study->checkpoint_space = raw->checkpoint_space;
    study->keep_checkpoints = raw->keep_checkpoints;
    study->trial_time = raw->trial_time;
    study->trial_memory = raw->trial_memory;
    study->final = raw->final;
    study->evaluate = raw->evaluate;
    study->trial = raw->trial;
    check_name(c, raw->name);
    if (!config_find(c->config, "study", "trials") && !(raw->time > 0))
        study->trials = 100;
    if (!strcmp(raw->workers, WORKERS_AUTO))
        study->workers = processors();
    else if (!hone_parse_int(raw->workers, NULL, &study->workers) || study->workers < 1 || study->workers > 4096)
        compose_refuse(c, place_of(c, "workers", 1), "workers = %.80s is neither auto nor a whole number in [1, 4096]",
                       raw->workers);
    if (config_find(c->config, "study", "lag") && study->order != ORDER_STRICT)
        compose_refuse(c, place_of(c, "lag", 0),
                       "'lag' has no effect while order = asynchronous; it needs order = strict");
    find_storage(c, raw->storage, place_of(c, "storage", 1));
    find_directory(c, raw->directory);
}

/* Keys that stand in a resolved INI only where they are given. */
static int is_left_out(const char *key)
{
    static const char *const keys[] = { "enqueue", "fidelity", "target", "split_seed", "search_seed", "evaluate" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!strcmp(keys[i], key))
            return 1;
    return 0;
}

/* The keys as they go into the resolved INI: what depends on the place and on other keys is settled. */
static void keep_keys(struct composer *c)
{
    struct composition *composition = c->composition;
    composition->study_keys = calloc(study_n_params, sizeof *composition->study_keys);
    if (!composition->study_keys) {
        compose_no_memory(c);
        return;
    }
    for (uint32_t i = 0; i < study_n_params; i++) {
        const hone_param *p = study_params + i;
        const struct config_item *item = config_find(c->config, "study", p->key);
        struct composed_key *key = composition->study_keys + composition->n_study_keys;
        char number[32];
        const char *text = item ? item->value : p->def;
        snprintf(number, sizeof number, "%lld", (long long)composition->study.trials);
        if (!strcmp(p->key, "trials"))
            text = item ? text : number;
        else if (!strcmp(p->key, "storage"))
            text = composition->study.storage;
        else if (!strcmp(p->key, "directory"))
            text = composition->study.directory;
        if (!strcmp(p->key, "include") || (!item && is_left_out(p->key)) ||
            (!strcmp(p->key, "lag") && composition->study.order != ORDER_STRICT) || !text)
            continue;
        if (!config_value_writable(p->key, text))
            compose_refuse(c, place_of(c, p->key, 1),
                           "[study] %s = %.80s cannot stand in an INI file: it is too long, or holds ';' or '#' "
                           "together with both kinds of quotes or a backslash",
                           p->key, text);
        key->param = p;
        key->text = compose_copy(c, text);
        key->is_default = !item;
        if (item)
            key->place = compose_keep_place(c, &item->value_place);
        composition->n_study_keys++;
    }
}

void compose_study(struct composer *c)
{
    struct study_raw raw;
    hone_error err = HONE_ERROR_INIT;
    memset(&raw, 0, sizeof raw);
    if (hone_settings_defaults(study_params, study_n_params, sizeof(hone_param), &raw, &c->composition->study_memory,
                               &err) != HONE_OK) {
        compose_no_memory(c); /* the table's own defaults are good: a test reads them */
        return;
    }
    for (size_t i = 0; i < c->config->n_items; i++) {
        const struct config_item *item = c->config->items + i;
        const hone_param *p;
        if (strcmp(item->section, "study") != 0)
            continue;
        p = table_find(study_params, study_n_params, item->key); /* compose_keys complains of unknown ones */
        if (p && p->type != HONE_T_STRS &&
            hone_settings_parse(p, item->value, &raw, &c->composition->study_memory, &err) != HONE_OK)
            compose_bad_value(c, p, "study", item->value, &item->value_place, &err);
    }
    interpret(c, &raw);
    keep_keys(c);
    read_lists(c);
}
