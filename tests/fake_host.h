/* SPDX-License-Identifier: MIT */
/* A host for tests of plugins, header only: makes instances from INI-like text, keeps what is logged, and records
 * what a trial reports. Also short names for the parts of a space. One thread. */
#ifndef HONE_TESTS_FAKE_HOST_H
#define HONE_TESTS_FAKE_HOST_H
#include "hone/objective.h"
#include "hone/param.h"
#include "hone/search.h"
#include "hone/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- host ---- */
typedef struct fake_host {
    hone_host host;
    uint32_t cancelled; /* what the plugin hears */
    uint32_t polls;     /* how often it asked */
    uint32_t cancel_at; /* cancelled from this many questions on; 0: never */
    uint32_t n_logs;
    char last_log[512];
} fake_host;

static inline void fake_host_log_(const hone_host *host, uint32_t level, const char *message)
{
    fake_host *f = (fake_host *)host->impl;
    (void)level;
    f->n_logs++;
    snprintf(f->last_log, sizeof f->last_log, "%s", message);
}

static inline uint32_t fake_host_cancelled_(const hone_host *host)
{
    fake_host *f = (fake_host *)host->impl;
    f->polls++;
    return f->cancelled || (f->cancel_at && f->polls >= f->cancel_at);
}

static inline const void *fake_host_get_ext_(const hone_host *host, const char *id)
{
    (void)host;
    (void)id;
    return NULL;
}

static inline void fake_host_init(fake_host *f)
{
    memset(f, 0, sizeof *f);
    f->host.size = sizeof f->host;
    f->host.abi_major = HONE_ABI_MAJOR;
    f->host.abi_minor = HONE_ABI_MINOR;
    f->host.version = "0.0.0-test";
    f->host.impl = f;
    f->host.log = fake_host_log_;
    f->host.cancelled = fake_host_cancelled_;
    f->host.get_ext = fake_host_get_ext_;
}

/* ---- an instance of a component ---- */
typedef struct fake_plugin {
    const hone_component *component;
    fake_host host;
    void *config, *self;
    hone_settings_memory memory;
    hone_create_info info;
    hone_error err;
} fake_plugin;

static inline const hone_component *fake_component(const char *kind, const char *name)
{
    const hone_module *module = HONE_MODULE_SYMBOL();
    for (uint32_t i = 0; i < module->n_components; i++)
        if (!strcmp(module->components[i]->kind, kind) && !strcmp(module->components[i]->name, name))
            return module->components[i];
    return NULL;
}

/* Parses "key=value" lines over the defaults and creates the instance. Messages are in p->err. Release it either way.
 */
static inline hone_rc fake_plugin_init(fake_plugin *p, const hone_component *c, uint64_t seed, const char *settings)
{
    hone_rc rc;
    memset(p, 0, sizeof *p);
    p->component = c;
    p->err.size = sizeof p->err;
    fake_host_init(&p->host);
    p->config = calloc(1, c->config_size ? c->config_size : 1);
    if ((rc = hone_settings_defaults(c->params, c->n_params, c->param_size, p->config, &p->memory, &p->err)) < 0)
        return rc;
    while (settings && *settings) {
        char line[8192];
        const size_t n = strcspn(settings, "\n");
        char *equal;
        uint32_t i = 0;
        snprintf(line, sizeof line, "%.*s", (int)n, settings);
        settings += n + (settings[n] == '\n');
        if (!(equal = strchr(line, '=')))
            return hone_fail(&p->err, HONE_EINVAL, "", "the test's line '%.100s' has no =", line);
        *equal = '\0';
        while (i < c->n_params && strcmp(hone_param_at(c->params, c->param_size, i)->key, line))
            i++;
        if (i == c->n_params)
            return hone_fail(&p->err, HONE_EINVAL, line, "unknown key %.60s", line);
        if ((rc = hone_settings_parse(hone_param_at(c->params, c->param_size, i), equal + 1, p->config, &p->memory,
                                      &p->err)) < 0)
            return rc;
    }
    p->info.size = sizeof p->info;
    p->info.config = p->config;
    p->info.instance = "test";
    p->info.seed = seed;
    return c->create(&p->host.host, &p->info, &p->self, &p->err);
}

static inline void fake_plugin_release(fake_plugin *p)
{
    if (p->component)
        p->component->destroy(p->self);
    hone_settings_release(&p->memory);
    free(p->config);
    memset(p, 0, sizeof *p);
}

/* ---- streams in memory ---- */
typedef struct fake_bytes {
    unsigned char bytes[1 << 16];
    size_t n, at;
} fake_bytes;

static inline int64_t fake_write_(void *ctx, const void *buffer, uint64_t n)
{
    fake_bytes *b = (fake_bytes *)ctx;
    if (n > sizeof b->bytes - b->n)
        return -1;
    memcpy(b->bytes + b->n, buffer, (size_t)n);
    b->n += (size_t)n;
    return (int64_t)n;
}

/* Gives at most 7 bytes at once: short reads are normal. */
static inline int64_t fake_read_(void *ctx, void *buffer, uint64_t n)
{
    fake_bytes *b = (fake_bytes *)ctx;
    size_t left = b->n - b->at;
    if (left > 7)
        left = 7;
    if (left > n)
        left = (size_t)n;
    memcpy(buffer, b->bytes + b->at, left);
    b->at += left;
    return (int64_t)left;
}

/* ---- a space ---- */
#define FAKE_REAL(key, lo, hi, flags)                                                                 \
    {                                                                                                 \
        sizeof(hone_dim), HONE_DIM_REAL, flags, 0, key, lo, hi, 0, 0, 1, NULL, NULL, NULL, 0, 0, NULL \
    }
#define FAKE_STEP(key, lo, hi, step, flags)                                                              \
    {                                                                                                    \
        sizeof(hone_dim), HONE_DIM_REAL, flags, 0, key, lo, hi, step, 0, 1, NULL, NULL, NULL, 0, 0, NULL \
    }
#define FAKE_INT(key, lo, hi, step, flags)                                                              \
    {                                                                                                   \
        sizeof(hone_dim), HONE_DIM_INT, flags, 0, key, lo, hi, step, 0, 1, NULL, NULL, NULL, 0, 0, NULL \
    }
#define FAKE_NORMAL(key, lo, hi, mean, deviation, flags)                                                            \
    {                                                                                                               \
        sizeof(hone_dim), HONE_DIM_REAL, HONE_DIM_NORMAL | (flags), 0, key, lo, hi, 0, mean, deviation, NULL, NULL, \
            NULL, 0, 0, NULL                                                                                        \
    }
#define FAKE_CHOICE(key, n, weights)                                                                     \
    {                                                                                                    \
        sizeof(hone_dim), HONE_DIM_CHOICE, 0, n, key, 0, (n)-1, 0, 0, 1, NULL, weights, NULL, 0, 0, NULL \
    }
#define FAKE_ORDINAL(key, n, numbers)                                                                     \
    {                                                                                                     \
        sizeof(hone_dim), HONE_DIM_ORDINAL, 0, n, key, 0, (n)-1, 0, 0, 1, NULL, NULL, numbers, 0, 0, NULL \
    }

typedef struct fake_space {
    hone_space space;
    const hone_dim *dims[64];
    const hone_relation *relations[8];
} fake_space;

static inline const hone_space *fake_space_init(fake_space *f, const hone_dim *dims, uint32_t n_dims,
                                                const hone_relation *relations, uint32_t n_relations)
{
    for (uint32_t i = 0; i < n_dims; i++)
        f->dims[i] = dims + i;
    for (uint32_t i = 0; i < n_relations; i++)
        f->relations[i] = relations + i;
    f->space.size = sizeof f->space;
    f->space.n_dims = n_dims;
    f->space.dims = f->dims;
    f->space.n_relations = n_relations;
    f->space.reserved = 0;
    f->space.relations = f->relations;
    return &f->space;
}

/* NULL, or what is wrong with a point: out of range, off its steps, active where it must not be, forbidden. */
static inline const char *fake_space_fault(const hone_space *space, const double *x)
{
    for (uint32_t i = 0; i < space->n_dims; i++) {
        const hone_dim *d = space->dims[i];
        if (hone_space_active(space, x, i) != !isnan(x[i]))
            return "active is not active";
        if (isnan(x[i]))
            continue;
        if (x[i] < d->min || x[i] > d->max)
            return "outside its range";
        if ((d->type != HONE_DIM_REAL && x[i] != floor(x[i])))
            return "not whole";
        if (d->step > 0 && isfinite(d->min) &&
            fabs((x[i] - d->min) / d->step - floor((x[i] - d->min) / d->step + 0.5)) > 1e-6)
            return "off its steps";
    }
    return hone_space_allowed(space, x) ? NULL : "forbidden by a relation";
}

/* ---- a trial ---- */
typedef struct fake_record {
    int64_t step; /* 0: a result */
    char name[64];
    double value;
} fake_record;

typedef struct fake_trial {
    hone_trial trial;
    hone_setting settings[32];
    fake_record records[4096];
    uint32_t n_records, n_reports, n_results, n_attached;
    int64_t prune_at; /* report answers HONE_DONE from this step on; 0: never */
    hone_rc answer;   /* what report says at prune_at; HONE_DONE unless set */
    char directory[256], attached_name[64], attached_text[8192], attached_path[512], path[512];
} fake_trial;

static inline void fake_record_(fake_trial *f, int64_t step, const hone_value *values, uint32_t n)
{
    for (uint32_t i = 0; i < n && f->n_records < 4096; i++) {
        fake_record *r = f->records + f->n_records++;
        r->step = step;
        r->value = values[i].value;
        snprintf(r->name, sizeof r->name, "%s", values[i].name);
    }
}

static inline hone_rc fake_report_(const hone_trial *trial, int64_t step, const hone_value *values, uint32_t n,
                                   hone_error *err)
{
    fake_trial *f = (fake_trial *)trial->impl;
    (void)err;
    f->n_reports++;
    fake_record_(f, step, values, n);
    return f->prune_at && step >= f->prune_at ? f->answer : HONE_OK;
}

static inline hone_rc fake_result_(const hone_trial *trial, const hone_value *values, uint32_t n, hone_error *err)
{
    fake_trial *f = (fake_trial *)trial->impl;
    (void)err;
    f->n_results++;
    fake_record_(f, 0, values, n);
    return HONE_OK;
}

/* Kept as results: "d(value)/d(x1)". */
static inline hone_rc fake_derivatives_(const hone_trial *trial, const hone_derivative *list, uint32_t n,
                                        hone_error *err)
{
    (void)err;
    for (uint32_t i = 0; i < n; i++) {
        char name[64];
        snprintf(name, sizeof name, "d(%s)/d(%s)", list[i].metric, list[i].key);
        const hone_value value = { name, list[i].value, HONE_NO_DIRECTION, 0 };
        fake_record_((fake_trial *)trial->impl, 0, &value, 1);
    }
    return HONE_OK;
}

static inline hone_rc fake_attach_(const hone_trial *trial, const char *name, const char *media_type, const char *text,
                                   hone_error *err)
{
    fake_trial *f = (fake_trial *)trial->impl;
    (void)media_type;
    (void)err;
    f->n_attached++;
    snprintf(f->attached_name, sizeof f->attached_name, "%s", name);
    snprintf(f->attached_text, sizeof f->attached_text, "%s", text);
    return HONE_OK;
}

static inline const char *fake_artifact_path_(const hone_trial *trial, const char *name, hone_error *err)
{
    fake_trial *f = (fake_trial *)trial->impl;
    (void)err;
    snprintf(f->path, sizeof f->path, "%s/%s", f->directory, name);
    return f->path;
}

static inline hone_rc fake_attach_file_(const hone_trial *trial, const char *name, const char *media_type,
                                        const char *path, hone_error *err)
{
    fake_trial *f = (fake_trial *)trial->impl;
    (void)name;
    (void)media_type;
    (void)err;
    snprintf(f->attached_path, sizeof f->attached_path, "%s", path);
    return HONE_OK;
}

static inline void fake_entering_(const hone_trial *trial, const char *component)
{
    (void)trial;
    (void)component;
}

/* directory: an existing one, for artifacts */
static inline void fake_trial_init(fake_trial *f, uint64_t number, const char *directory)
{
    memset(f, 0, sizeof *f);
    f->answer = HONE_DONE;
    snprintf(f->directory, sizeof f->directory, "%s", directory);
    f->trial.size = sizeof f->trial;
    f->trial.number = number;
    f->trial.seed = 1000 + number;
    f->trial.study_seed = 7;
    f->trial.directory = f->directory;
    f->trial.settings = f->settings;
    f->trial.impl = f;
    f->trial.report = fake_report_;
    f->trial.result = fake_result_;
    f->trial.attach = fake_attach_;
    f->trial.artifact_path = fake_artifact_path_;
    f->trial.attach_file = fake_attach_file_;
    f->trial.entering = fake_entering_;
    f->trial.derivatives = fake_derivatives_;
}

/* key and text: life of the trial */
static inline void fake_trial_set(fake_trial *f, const char *key, const char *text)
{
    hone_setting *s = f->settings + f->trial.n_settings++;
    s->key = key;
    s->text = text;
    s->number = strtod(text, NULL);
}

/* The value recorded under a name at a step (0: result), the last one; NaN if none. */
static inline double fake_trial_value(const fake_trial *f, int64_t step, const char *name)
{
    double v = (double)NAN;
    for (uint32_t i = 0; i < f->n_records; i++)
        if (f->records[i].step == step && !strcmp(f->records[i].name, name))
            v = f->records[i].value;
    return v;
}
#endif /* HONE_TESTS_FAKE_HOST_H */
