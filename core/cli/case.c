/* SPDX-License-Identifier: MIT */
/* Collecting a trial: its row, its reports as curves, its settings with their places, what is installed. */
#include "cli/case.h"

#include "hone/param.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static hone_rc no_memory(struct case_record *c)
{
    return hone_fail(&c->err, HONE_ENOMEM, NULL, "out of memory for what is known of the trial");
}

static char *keep(struct case_record *c, const char *a, const char *b, const char *d)
{
    const size_t n = strlen(a) + strlen(b) + strlen(d) + 1;
    char *text = hone_settings_allocate(&c->memory, n);
    if (text)
        snprintf(text, n, "%s%s%s", a, b, d);
    return text;
}

/* ---- which trial ---- */
struct choice {
    struct case_record *record;
    int64_t number; /* -1: the last one that failed */
    int found;
};

static hone_rc on_trial(void *ctx, const hone_trial_record *r)
{
    struct choice *choice = ctx;
    struct stored_trial *to = &choice->record->trial;
    if (choice->number < 0 && r->state != HONE_STATE_FAILED)
        return HONE_OK;
    hone_settings_release(&to->memory);
    choice->found = 1;
    return stored_trial_copy(to, r) == HONE_OK ? HONE_OK : no_memory(choice->record);
}

static int choose(struct case_record *c, const struct evaluated *e, int64_t number)
{
    struct stored *s = (struct stored *)(uintptr_t)e->stored;
    struct stored_trial *best = NULL;
    size_t n = 0;
    struct choice choice = { c, number, 0 };
    const hone_storage_visitor visitor = { &choice, NULL, on_trial, NULL, NULL, NULL };
    hone_error err = HONE_ERROR_INIT;
    int code = stored_best(s, &best, &n);
    if (code != 0)
        return code;
    const int64_t winner = n ? (int64_t)best[0].record.number : -1;
    stored_trials_release(best, n);
    if (number < 0)
        choice.number = winner;
    if (s->iface->trials(s->storage.self, s->study.id, choice.number < 0 ? HONE_ALL_TRIALS : choice.number, &visitor,
                         &err) != HONE_OK)
        return cli_fail(EXIT_FAILED, "%s", c->err.msg[0] ? c->err.msg : err.msg);
    if (!choice.found && number >= 0)
        return cli_fail(EXIT_FAILED, "the study has no trial %lld", (long long)number);
    if (!choice.found)
        return cli_fail(EXIT_FAILED, "no trial of study '%s' has come to an end yet", s->study.name);
    c->data.is_winner = (int64_t)c->trial.record.number == winner;
    return 0;
}

/* ---- curves ---- */
static int grow(void **items, uint32_t n, uint32_t *capacity, size_t size)
{
    if (n < *capacity)
        return 1;
    const uint32_t wanted = *capacity ? *capacity * 2 : 64;
    void *more = realloc(*items, wanted * size);
    if (!more)
        return 0;
    *items = more;
    *capacity = wanted;
    return 1;
}

/* Room for one more step in every curve. */
static int add_step(struct case_record *c, int64_t step)
{
    const uint32_t before = c->steps_capacity;
    void *steps = c->steps;
    if (!grow(&steps, c->n_steps, &c->steps_capacity, sizeof *c->steps))
        return 0;
    c->steps = steps;
    for (uint32_t i = 0; i < c->n_curves && before != c->steps_capacity; i++) {
        double *values = realloc((double *)(uintptr_t)c->curves[i].values, c->steps_capacity * sizeof *values);
        if (!values)
            return 0;
        c->curves[i].values = values;
    }
    for (uint32_t i = 0; i < c->n_curves; i++)
        ((double *)(uintptr_t)c->curves[i].values)[c->n_steps] = (double)NAN;
    c->steps[c->n_steps++] = step;
    return 1;
}

static double *curve(struct case_record *c, const hone_value *value)
{
    void *curves = c->curves;
    for (uint32_t i = 0; i < c->n_curves; i++)
        if (!strcmp(c->curves[i].name, value->name))
            return (double *)(uintptr_t)c->curves[i].values;
    const char *name = keep(c, value->name, "", "");
    if (!name || !grow(&curves, c->n_curves, &c->curves_capacity, sizeof *c->curves))
        return NULL;
    c->curves = curves;
    double *values = malloc(c->steps_capacity * sizeof *values);
    for (uint32_t i = 0; values && i < c->n_steps; i++)
        values[i] = (double)NAN;
    if (values)
        c->curves[c->n_curves++] = (hone_curve){ sizeof(hone_curve), value->direction, name, values };
    return values;
}

/* Steps come in order; one that was repeated by a later attempt counts as that one told it. */
static hone_rc on_report(void *ctx, const hone_report_record *r)
{
    struct case_record *c = ctx;
    uint32_t at = c->n_steps;
    while (at && c->steps[at - 1] > r->step)
        at--;
    if (!at || c->steps[at - 1] != r->step) {
        if (at != c->n_steps)
            return hone_fail(&c->err, HONE_EIO, NULL, "the storage gives step %lld out of order", (long long)r->step);
        if (!add_step(c, r->step))
            return no_memory(c);
        at++;
    }
    for (uint32_t i = 0; i < r->n_values; i++) {
        double *values = curve(c, &r->values[i]);
        if (!values)
            return no_memory(c);
        values[at - 1] = r->values[i].value;
    }
    return HONE_OK;
}

static int read_curves(struct case_record *c, const struct stored *s)
{
    const hone_storage_visitor visitor = { c, NULL, NULL, on_report, NULL, NULL };
    hone_error err = HONE_ERROR_INIT;
    if (s->iface->reports(s->storage.self, s->study.id, (int64_t)c->trial.record.number, &visitor, &err) != HONE_OK)
        return cli_fail(EXIT_FAILED, "%s", c->err.msg[0] ? c->err.msg : err.msg);
    const hone_curve **list = hone_settings_allocate(&c->memory, (c->n_curves + 1) * sizeof *list);
    if (!list)
        return cli_fail(EXIT_FAILED, "out of memory");
    for (uint32_t i = 0; i < c->n_curves; i++)
        list[i] = &c->curves[i];
    c->data.steps = c->steps;
    c->data.n_steps = c->n_steps;
    c->data.curves = list;
    c->data.n_curves = c->n_curves;
    return 0;
}

/* ---- settings ---- */
/* "fashion.ini:14" of "section.key<TAB>place" lines; "": a default, or not there. */
static const char *place_of(struct case_record *c, const char *sources, const char *path)
{
    const size_t length = strlen(path);
    for (const char *line = sources; line && *line; line = strchr(line, '\n'), line += line != NULL) {
        const char *place = line + length + 1;
        const size_t n = strcspn(line, "\n");
        if (n <= length || strncmp(line, path, length) != 0 || line[length] != '\t')
            continue;
        if (!strncmp(place, "default\n", 8))
            return "";
        char *text = hone_settings_allocate(&c->memory, n - length);
        if (text)
            memcpy(text, place, n - length - 1);
        return text;
    }
    return "";
}

static hone_rc add_key(struct case_record *c, const struct evaluated *e, const char *section, const char *key,
                       const char *text, const hone_param *param)
{
    void *keys = c->keys;
    hone_diagnosed_key *k;
    if (!grow(&keys, c->n_keys, &c->keys_capacity, sizeof *c->keys))
        return no_memory(c);
    c->keys = keys;
    k = &c->keys[c->n_keys];
    *k = (hone_diagnosed_key){ .size = sizeof *k, .param = param, .dim = UINT32_MAX };
    k->path = keep(c, section, ".", key);
    k->text = keep(c, text ? text : "", "", "");
    k->place = k->path ? place_of(c, e->stored->study.sources, k->path) : NULL;
    if (!k->path || !k->text || !k->place)
        return no_memory(c);
    k->dim = strcmp(section, "space") != 0 ? space_find(&e->space, k->path) : UINT32_MAX;
    k->flags = (k->dim != UINT32_MAX ? (uint32_t)HONE_KEY_SEARCHED : 0) | (*k->place ? 0 : (uint32_t)HONE_KEY_DEFAULT);
    if (!hone_parse_real(k->text, param ? param->unit : NULL, &k->number))
        k->number = (double)NAN;
    c->n_keys++;
    return HONE_OK;
}

static const hone_param *param_of(const struct composed_section *section, const struct catalog_component *component,
                                  const char *key)
{
    for (uint32_t i = 0; i < component->n_params; i++)
        if (!strcmp(component->params[i].key, key))
            return &component->params[i];
    for (uint32_t i = 0; section->slot && i < section->slot->n_params; i++)
        if (!strcmp(section->slot->params[i].key, key))
            return &section->slot->params[i];
    return NULL;
}

static hone_rc add_settings(struct case_record *c, const struct evaluated *e, const struct composed_section *section,
                            const struct setting_text *settings, size_t n, const struct catalog_component *component)
{
    hone_rc rc = HONE_OK;
    for (size_t i = 0; i < n && rc == HONE_OK; i++)
        rc = add_key(c, e, section->name, settings[i].key, settings[i].text,
                     param_of(section, component, settings[i].key));
    return rc;
}

static hone_rc add_section(struct case_record *c, const struct evaluated *e, const struct composed_section *section,
                           const struct setting_text *point, size_t n_point, hone_diagnosed_section *to)
{
    struct section_settings settings;
    hone_rc rc = composition_settings(&e->composition, section, point, n_point, &settings, &c->err);
    if (rc != HONE_OK)
        return rc;
    *to = (hone_diagnosed_section){ sizeof *to, (uint32_t)settings.enabled, section->name, section->kind,
                                    settings.component->name };
    rc = add_key(c, e, section->name, "use", settings.component->name, NULL);
    if (rc == HONE_OK)
        rc = add_key(c, e, section->name, "enabled", settings.enabled ? "yes" : "no", NULL);
    if (rc == HONE_OK)
        rc = add_settings(c, e, section, settings.own, settings.n_own, settings.component);
    if (rc == HONE_OK)
        rc = add_settings(c, e, section, settings.of_slot, settings.n_of_slot, settings.component);
    section_settings_release(&settings);
    return rc;
}

static hone_rc read_settings(struct case_record *c, const struct evaluated *e)
{
    const struct composition *composition = &e->composition;
    const hone_trial_record *r = &c->trial.record;
    const size_t n = composition->n_sections;
    struct setting_text *point = hone_settings_allocate(&c->memory, (r->n_parameters + 1) * sizeof *point);
    hone_diagnosed_section *sections = hone_settings_allocate(&c->memory, (n + 1) * sizeof *sections);
    const hone_diagnosed_section **list = hone_settings_allocate(&c->memory, (n + 1) * sizeof *list);
    hone_rc rc = point && sections && list ? HONE_OK : no_memory(c);
    for (uint32_t i = 0; i < r->n_parameters && rc == HONE_OK; i++)
        point[i] = (struct setting_text){ r->parameters[i].key, r->parameters[i].text };
    for (size_t i = 0; i < composition->n_study_keys && rc == HONE_OK; i++)
        rc = add_key(c, e, "study", composition->study_keys[i].param->key, composition->study_keys[i].text,
                     composition->study_keys[i].param);
    for (size_t i = 0; i < n && rc == HONE_OK; i++) {
        rc = add_section(c, e, &composition->sections[i], point, r->n_parameters, &sections[i]);
        list[i] = &sections[i];
    }
    for (size_t i = 0; i < composition->space.n_texts && rc == HONE_OK; i++)
        rc = add_key(c, e, "space", composition->space.texts[i].key, composition->space.texts[i].text, NULL);
    const hone_diagnosed_key **keys = hone_settings_allocate(&c->memory, (c->n_keys + 1) * sizeof *keys);
    if (rc == HONE_OK && !keys)
        rc = no_memory(c);
    for (uint32_t i = 0; i < c->n_keys && rc == HONE_OK; i++)
        keys[i] = &c->keys[i];
    c->data.keys = keys;
    c->data.n_keys = c->n_keys;
    c->data.sections = list;
    c->data.n_sections = (uint32_t)n;
    return rc;
}

static hone_rc read_installed(struct case_record *c, const struct catalog *catalog)
{
    const struct catalog_component *const *all;
    const size_t n = catalog_components(catalog, &all);
    hone_installed_component *items = hone_settings_allocate(&c->memory, (n + 1) * sizeof *items);
    const hone_installed_component **list = hone_settings_allocate(&c->memory, (n + 1) * sizeof *list);
    if (!items || !list)
        return no_memory(c);
    for (size_t i = 0; i < n; i++) {
        items[i] = (hone_installed_component){ sizeof *items, all[i]->iface_flags, all[i]->kind, all[i]->name,
                                               all[i]->summary };
        list[i] = &items[i];
    }
    c->data.installed = list;
    c->data.n_installed = (uint32_t)n;
    return HONE_OK;
}

/* ---- the whole ---- */
int case_open(struct case_record *c, struct evaluated *e, int64_t number)
{
    const hone_study_record *study = &e->stored->study;
    double *x;
    c->err = (hone_error)HONE_ERROR_INIT;
    int code = choose(c, e, number);
    if (code != 0 || (code = read_curves(c, e->stored)) != 0)
        return code;
    if (read_settings(c, e) != HONE_OK || read_installed(c, e->stored->catalog) != HONE_OK)
        return cli_fail(EXIT_FAILED, "%s", c->err.msg);
    if (!(x = hone_settings_allocate(&c->memory, (e->space.view.n_dims + 1) * sizeof *x)) ||
        evaluated_point(e, &c->trial.record, x) != HONE_OK)
        return cli_fail(EXIT_FAILED, "%s", x ? e->err.msg : "out of memory");
    c->data.size = sizeof c->data;
    c->data.n_objectives = study->n_objectives;
    c->data.objectives = study->objectives;
    c->data.trial = &c->trial.record;
    c->data.space = &e->space.view;
    c->data.n_dims = e->space.view.n_dims;
    c->data.n = e->n;
    c->data.x = e->x;
    c->data.values = e->values;
    c->data.trial_x = x;
    return 0;
}

void case_release(struct case_record *c)
{
    for (uint32_t i = 0; i < c->n_curves; i++)
        free((double *)(uintptr_t)c->curves[i].values);
    free(c->curves);
    free(c->steps);
    free(c->keys);
    hone_settings_release(&c->trial.memory);
    hone_settings_release(&c->memory);
    *c = (struct case_record){ 0 };
}
