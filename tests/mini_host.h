/* SPDX-License-Identifier: MIT */
/* A host for tests of objectives: composes components from an INI text and the plugins in $HONE_BUILD/plugins, runs one
 * trial in this process and keeps what it says. Nothing of the core is in here, so that plugins can be tested without it.
 *
 *     struct mini_host h;
 *     mini_host_open(&h, "[objective]\nuse = train\n[dataset]\nuse = idx\n");
 *     h.trial.seed = 7;
 *     rc = mini_host_run(&h);
 *     ... mini_host_report(&h, 2, "validation.loss"), mini_host_result(&h, "test.accuracy"), h.err.msg ...
 *     mini_host_close(&h); */
#ifndef HONE_TESTS_MINI_HOST_H
#define HONE_TESTS_MINI_HOST_H
#include "hone/dataset.h"
#include "hone/objective.h"
#include "hone/place.h"
#include "hone/settings.h"

#include <dirent.h>
#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MINI_COMPONENTS = 1024, MINI_SECTIONS = 32, MINI_VALUES = 4096, MINI_FILES = 8, MINI_TEXT = 8192 };

struct mini_section {
    char name[64], use[64];
    const hone_component *component;
    void *self, *config, *slot;
};
struct mini_value {
    char name[128];
    int64_t step; /* 0: a result */
    double value;
};
struct mini_file {
    char name[64], type[64], path[256], *text;
};
struct mini_host {
    hone_host host;
    hone_trial trial;
    hone_error err;
    const hone_component *components[MINI_COMPONENTS];
    uint32_t n_components;
    char ini[MINI_TEXT];
    struct mini_section sections[MINI_SECTIONS]; /* [0] is the objective */
    uint32_t n_sections, n_named;                /* n_named: those of the INI, defaults follow */
    hone_settings_memory memory;
    struct mini_value values[MINI_VALUES];
    uint32_t n_values;
    struct mini_file files[MINI_FILES];
    uint32_t n_files;
    char directory[64], paths[MINI_FILES][256], log[512];
    uint32_t n_paths;
    /* what the test wants to happen */
    int64_t prune_at;             /* step at which report says HONE_DONE; 0: never */
    uint32_t cancel_after, polls; /* cancelled() is true from this poll on; 0: never */
    char inside[64];              /* the component entered last */
    uint64_t entered;
};

/* Components that a test brings itself, beside those built: set before mini_host_open. NULL ends them. */
static const hone_component *const *mini_extra;

static struct mini_host *mini_of(const hone_host *host)
{
    return (struct mini_host *)host->impl;
}

/* ---- plugins, loaded once a process and left there ---- */
static void mini_add(struct mini_host *h, const hone_module *module)
{
    for (uint32_t i = 0; i < module->n_components && h->n_components < MINI_COMPONENTS; i++)
        h->components[h->n_components++] = module->components[i];
}

static int mini_by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int mini_load(struct mini_host *h)
{
    char folder[4096], path[8192];
    struct dirent **list = NULL;
    const char *build = getenv("HONE_BUILD");
    snprintf(folder, sizeof folder, "%s/plugins", build ? build : "build");
    const int n = scandir(folder, &list, NULL, mini_by_name);
    for (int i = 0; i < n; i++) {
        const char *dot = strrchr(list[i]->d_name, '.');
        /* the search and storage plugins are none of a training's business */
        if (dot && !strcmp(dot, ".so") && strncmp(list[i]->d_name, "storage", 7) &&
            strncmp(list[i]->d_name, "objective", 9)) {
            snprintf(path, sizeof path, "%s/%s", folder, list[i]->d_name);
            void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
            union {
                void *data;
                hone_module_fn function;
            } entry = { so ? dlsym(so, HONE_ENTRY) : NULL };
            if (entry.data)
                mini_add(h, entry.function());
            else
                printf("#   %s\n", dlerror());
        }
        free(list[i]);
    }
    free(list);
    mini_add(h, HONE_MODULE_SYMBOL()); /* the plugin under test is linked in */
    for (uint32_t i = 0; mini_extra && mini_extra[i] && h->n_components < MINI_COMPONENTS; i++)
        h->components[h->n_components++] = mini_extra[i];
    return n > 0;
}

static const hone_component *mini_find(struct mini_host *h, const char *kind, const char *name)
{
    for (uint32_t i = 0; i < h->n_components; i++)
        if (!strcmp(h->components[i]->kind, kind) && !strcmp(h->components[i]->name, name))
            return h->components[i];
    return NULL;
}

/* ---- settings ---- */
static const hone_param *mini_param(const hone_param *params, uint32_t n, uint32_t stride, const char *key)
{
    for (uint32_t i = 0; i < n; i++)
        if (!strcmp(hone_param_at(params, stride, i)->key, key))
            return hone_param_at(params, stride, i);
    return NULL;
}

static const hone_slot *mini_slot(struct mini_host *h, const char *kind)
{
    const hone_objective_v1 *objective = (const hone_objective_v1 *)h->sections[0].component->iface;
    for (uint32_t i = 0; i < objective->n_slots; i++)
        if (!strcmp(objective->slots[i]->kind, kind))
            return objective->slots[i];
    return NULL;
}

static hone_rc mini_section_defaults(struct mini_host *h, struct mini_section *s, const char *kind)
{
    const hone_slot *slot = s == h->sections ? NULL : mini_slot(h, kind);
    s->component = mini_find(h, kind, s->use);
    if (!s->component)
        return hone_fail(&h->err, HONE_EINVAL, "use", "there is no plugin %s %s", kind, s->use);
    s->config = hone_settings_allocate(&h->memory, s->component->config_size);
    s->slot = slot && slot->n_params ? hone_settings_allocate(&h->memory, slot->config_size) : NULL;
    hone_rc rc = hone_settings_defaults(s->component->params, s->component->n_params, s->component->param_size,
                                        s->config, &h->memory, &h->err);
    if (rc == HONE_OK && s->slot)
        rc = hone_settings_defaults(slot->params, slot->n_params, slot->param_size, s->slot, &h->memory, &h->err);
    return rc;
}

static void mini_kind(const char *section, char *kind, size_t n)
{
    snprintf(kind, n, "%.*s/1", (int)strcspn(section, "."), section);
}

static hone_rc mini_set(struct mini_host *h, struct mini_section *s, const char *key, const char *value)
{
    char kind[64];
    mini_kind(s->name, kind, sizeof kind);
    const hone_component *c = s->component;
    const hone_slot *slot = s == h->sections ? NULL : mini_slot(h, kind);
    const hone_param *p = mini_param(c->params, c->n_params, c->param_size, key);
    if (p)
        return hone_settings_parse(p, value, s->config, &h->memory, &h->err);
    p = slot ? mini_param(slot->params, slot->n_params, slot->param_size, key) : NULL;
    return p ? hone_settings_parse(p, value, s->slot, &h->memory, &h->err)
             : hone_fail(&h->err, HONE_EINVAL, key, "[%s] has no key %s", s->name, key);
}

static hone_rc mini_parse(struct mini_host *h)
{
    char line[512];
    struct mini_section *s = NULL;
    hone_rc rc = HONE_OK;
    /* two passes: a section's component must be known before its keys */
    for (int pass = 0; pass < 2; pass++) {
        h->n_named = h->n_sections;
        uint32_t at = 0;
        for (const char *text = h->ini; *text && rc == HONE_OK; text += strcspn(text, "\n"), text += *text == '\n') {
            char key[64], value[400] = "";
            snprintf(line, sizeof line, "%.*s", (int)strcspn(text, "\n"), text);
            if (*line == '[') {
                if (pass)
                    s = &h->sections[at++];
                else {
                    s = &h->sections[h->n_sections++];
                    snprintf(s->name, sizeof s->name, "%.*s", (int)strcspn(line + 1, "]"), line + 1);
                    const char *dot = strchr(s->name, '.');
                    snprintf(s->use, sizeof s->use, "%s", dot ? dot + 1 : "");
                }
                char kind[64];
                mini_kind(s->name, kind, sizeof kind);
                rc = pass ? mini_section_defaults(h, s, kind) : HONE_OK;
            } else if (strchr(line, '=') && sscanf(line, " %63[a-z0-9_] = %399[^\n]", key, value) >= 1) {
                if (!strcmp(key, "use"))
                    snprintf(s->use, sizeof s->use, "%.63s", value);
                else if (pass)
                    rc = mini_set(h, s, key, value);
            }
        }
    }
    return rc;
}

/* ---- hone.components/1 ---- */
static int32_t mini_stage(const struct mini_section *s)
{
    const hone_place *place = s->component->get_ext ? (const hone_place *)s->component->get_ext(HONE_EXT_PLACE) : NULL;
    return place ? place->stage : 0;
}

/* By stage, then as in the INI. */
static struct mini_section *mini_nth(struct mini_host *h, const char *kind, uint32_t index)
{
    struct mini_section *all[MINI_SECTIONS];
    uint32_t n = 0;
    for (uint32_t i = 0; i < h->n_named; i++) {
        char own[64];
        mini_kind(h->sections[i].name, own, sizeof own);
        if (strcmp(own, kind) != 0)
            continue;
        uint32_t at = n++;
        for (; at > 0 && mini_stage(all[at - 1]) > mini_stage(&h->sections[i]); at--)
            all[at] = all[at - 1];
        all[at] = &h->sections[i];
    }
    return index < n ? all[index] : NULL;
}

static uint32_t mini_count(const hone_host *host, const char *kind)
{
    uint32_t n = 0;
    while (mini_nth(mini_of(host), kind, n))
        n++;
    return n;
}

static hone_rc mini_instance(struct mini_host *h, struct mini_section *s, hone_instance *out, hone_error *err)
{
    hone_rc rc = HONE_OK;
    if (!s->self) {
        const hone_create_info info = { sizeof info, 0, s->config, s->name, h->trial.seed };
        rc = s->component->create(&h->host, &info, &s->self, err);
    }
    out->size = sizeof *out;
    out->reserved = 0;
    out->component = s->component;
    out->self = s->self;
    out->name = s->name;
    out->config = s->config;
    out->slot = s->slot;
    return rc;
}

static hone_rc mini_get(const hone_host *host, const char *kind, uint32_t index, hone_instance *instance,
                        hone_error *err)
{
    struct mini_section *s = mini_nth(mini_of(host), kind, index);
    return s ? mini_instance(mini_of(host), s, instance, err)
             : hone_fail(err, HONE_EINVAL, "", "there is no %s number %u", kind, index);
}

static hone_rc mini_get_default(const hone_host *host, const char *kind, const char *name, hone_instance *instance,
                                hone_error *err)
{
    struct mini_host *h = mini_of(host);
    for (uint32_t i = h->n_named; i < h->n_sections; i++)
        if (!strcmp(h->sections[i].use, name))
            return mini_instance(h, &h->sections[i], instance, err);
    struct mini_section *s = &h->sections[h->n_sections++];
    snprintf(s->name, sizeof s->name, "%.*s", (int)strcspn(kind, "/"), kind);
    snprintf(s->use, sizeof s->use, "%s", name);
    const hone_rc rc = mini_section_defaults(h, s, kind);
    return rc == HONE_OK ? mini_instance(h, s, instance, err) : rc;
}

static const char *mini_installed(const hone_host *host, const char *kind, uint32_t index)
{
    struct mini_host *h = mini_of(host);
    for (uint32_t i = 0; i < h->n_components; i++)
        if (!strcmp(h->components[i]->kind, kind) && !index--)
            return h->components[i]->name;
    return NULL;
}

static const char *mini_config_text(const hone_host *host)
{
    return mini_of(host)->ini;
}

/* ---- hone.cache/1: blocks of memory that live as long as the process ---- */
static hone_rc mini_map(const hone_host *host, const char *key, uint64_t bytes,
                        hone_rc (*fill)(void *, void *, hone_error *), void *ctx, const void **block, hone_error *err)
{
    static struct {
        char key[512];
        void *block;
    } blocks[32];
    static unsigned n;
    (void)host;
    for (unsigned i = 0; i < n; i++)
        if (!strcmp(blocks[i].key, key)) {
            *block = blocks[i].block;
            return HONE_OK;
        }
    void *memory = malloc(bytes);
    const hone_rc rc = memory ? fill(ctx, memory, err) : hone_fail(err, HONE_ENOMEM, "", "out of memory");
    if (rc != HONE_OK || n == 32) {
        free(memory);
        return rc != HONE_OK ? rc : hone_fail(err, HONE_EFAIL, "", "the test's cache is full");
    }
    snprintf(blocks[n].key, sizeof blocks[n].key, "%s", key);
    blocks[n++].block = memory;
    *block = memory;
    return HONE_OK;
}

static const void *mini_get_ext(const hone_host *host, const char *id)
{
    static const hone_components_v1 components = {
        sizeof components, 0, mini_count, mini_get, mini_get_default, mini_installed, mini_config_text
    };
    static const hone_cache_v1 cache = { sizeof cache, 0, mini_map };
    (void)host;
    return !strcmp(id, HONE_EXT_COMPONENTS) ? (const void *)&components
           : !strcmp(id, HONE_EXT_CACHE)    ? (const void *)&cache
                                            : NULL;
}

/* ---- the trial ---- */
static struct mini_host *mini_of_trial(const hone_trial *trial)
{
    return (struct mini_host *)trial->impl;
}

static void mini_record(struct mini_host *h, int64_t step, const hone_value *values, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (h->n_values == MINI_VALUES) { /* of a long training, the later half */
            h->n_values /= 2;
            memmove(h->values, h->values + h->n_values, h->n_values * sizeof *h->values);
        }
        struct mini_value *v = &h->values[h->n_values++];
        snprintf(v->name, sizeof v->name, "%s", values[i].name);
        v->step = step;
        v->value = values[i].value;
    }
}

static hone_rc mini_report(const hone_trial *trial, int64_t step, const hone_value *values, uint32_t n, hone_error *err)
{
    struct mini_host *h = mini_of_trial(trial);
    (void)err;
    mini_record(h, step, values, n);
    return step == h->prune_at ? HONE_DONE : HONE_OK;
}

static hone_rc mini_set_result(const hone_trial *trial, const hone_value *values, uint32_t n, hone_error *err)
{
    (void)err;
    mini_record(mini_of_trial(trial), 0, values, n);
    return HONE_OK;
}

/* Kept as results, by the name that the study gives them. */
static hone_rc mini_derivatives(const hone_trial *trial, const hone_derivative *list, uint32_t n, hone_error *err)
{
    (void)err;
    for (uint32_t i = 0; i < n; i++) {
        char name[128];
        snprintf(name, sizeof name, "d(%s)/d(%s)", list[i].metric, list[i].key);
        const hone_value value = { name, list[i].value, HONE_NO_DIRECTION, 0 };
        mini_record(mini_of_trial(trial), 0, &value, 1);
    }
    return HONE_OK;
}

static struct mini_file *mini_add_file(const hone_trial *trial, const char *name, const char *type)
{
    struct mini_host *h = mini_of_trial(trial);
    struct mini_file *f = &h->files[h->n_files < MINI_FILES ? h->n_files++ : MINI_FILES - 1];
    snprintf(f->name, sizeof f->name, "%s", name);
    snprintf(f->type, sizeof f->type, "%s", type);
    return f;
}

static hone_rc mini_attach(const hone_trial *trial, const char *name, const char *type, const char *text,
                           hone_error *err)
{
    (void)err;
    struct mini_file *f = mini_add_file(trial, name, type);
    free(f->text);
    f->text = strdup(text);
    return HONE_OK;
}

static const char *mini_artifact_path(const hone_trial *trial, const char *name, hone_error *err)
{
    struct mini_host *h = mini_of_trial(trial);
    if (!*h->directory) {
        snprintf(h->directory, sizeof h->directory, "/tmp/hone-trial-XXXXXX");
        if (!mkdtemp(h->directory)) {
            hone_fail(err, HONE_EIO, "", "cannot make a directory");
            return NULL;
        }
    }
    char *path = h->paths[h->n_paths < MINI_FILES ? h->n_paths++ : MINI_FILES - 1];
    snprintf(path, sizeof h->paths[0], "%s/%s", h->directory, name);
    return path;
}

static hone_rc mini_attach_file(const hone_trial *trial, const char *name, const char *type, const char *path,
                                hone_error *err)
{
    struct mini_file *f = mini_add_file(trial, name, type);
    snprintf(f->path, sizeof f->path, "%s", path);
    return access(path, R_OK) ? hone_fail(err, HONE_EIO, "", "%s is not there", path) : HONE_OK;
}

static void mini_entering(const hone_trial *trial, const char *component)
{
    struct mini_host *h = mini_of_trial(trial);
    snprintf(h->inside, sizeof h->inside, "%s", component ? component : "");
    h->entered++;
}

static uint32_t mini_cancelled(const hone_host *host)
{
    struct mini_host *h = mini_of(host);
    return ++h->polls >= h->cancel_after && h->cancel_after;
}

static void mini_log(const hone_host *host, uint32_t level, const char *message)
{
    (void)level;
    snprintf(mini_of(host)->log, sizeof mini_of(host)->log, "%s", message);
}

/* ---- for the tests ---- */
static hone_rc mini_host_open(struct mini_host *h, const char *ini)
{
    memset(h, 0, sizeof *h);
    h->err.size = sizeof h->err;
    h->host = (hone_host){ sizeof h->host, HONE_ABI_MAJOR, HONE_ABI_MINOR, "test", h,
                           mini_log,       mini_cancelled, mini_get_ext };
    h->trial = (hone_trial){ .size = sizeof h->trial,
                             .seed = 1,
                             .study_seed = 1,
                             .directory = "/tmp",
                             .impl = h,
                             .report = mini_report,
                             .result = mini_set_result,
                             .attach = mini_attach,
                             .artifact_path = mini_artifact_path,
                             .attach_file = mini_attach_file,
                             .entering = mini_entering,
                             .derivatives = mini_derivatives };
    snprintf(h->ini, sizeof h->ini, "%s", ini);
    if (!mini_load(h))
        return hone_fail(&h->err, HONE_EIO, "", "no plugins in $HONE_BUILD/plugins");
    hone_rc rc = mini_parse(h);
    if (rc == HONE_OK) {
        const hone_create_info info = { sizeof info, 0, h->sections[0].config, h->sections[0].name, h->trial.seed };
        rc = h->sections[0].component->create(&h->host, &info, &h->sections[0].self, &h->err);
    }
    return rc;
}

__attribute__((unused)) static hone_rc mini_host_describe(struct mini_host *h, hone_description *d)
{
    return ((const hone_objective_v1 *)h->sections[0].component->iface)->describe(h->sections[0].self, d, &h->err);
}

__attribute__((unused)) static hone_rc mini_host_run(struct mini_host *h)
{
    h->n_values = h->polls = 0;
    return ((const hone_objective_v1 *)h->sections[0].component->iface)->run(h->sections[0].self, &h->trial, &h->err);
}

/* The last value of that name at the step (0: a result), or NaN. */
__attribute__((unused)) static double mini_host_report(const struct mini_host *h, int64_t step, const char *name)
{
    for (uint32_t i = h->n_values; i-- > 0;)
        if (h->values[i].step == step && !strcmp(h->values[i].name, name))
            return h->values[i].value;
    return (double)NAN;
}

__attribute__((unused)) static double mini_host_result(const struct mini_host *h, const char *name)
{
    return mini_host_report(h, 0, name);
}

__attribute__((unused)) static int64_t mini_host_last_step(const struct mini_host *h)
{
    int64_t last = 0;
    for (uint32_t i = 0; i < h->n_values; i++)
        last = h->values[i].step > last ? h->values[i].step : last;
    return last;
}

static void mini_host_close(struct mini_host *h)
{
    for (uint32_t i = 0; i < h->n_sections; i++)
        if (h->sections[i].self)
            h->sections[i].component->destroy(h->sections[i].self);
    for (uint32_t i = 0; i < h->n_files; i++) {
        free(h->files[i].text);
        if (*h->files[i].path)
            unlink(h->files[i].path);
    }
    if (*h->directory)
        rmdir(h->directory);
    hone_settings_release(&h->memory);
    memset(h, 0, sizeof *h);
}
#endif
