/* SPDX-License-Identifier: MIT */
/* The registry: what discovery, cache and scanner know, put together, and looked up by kind and name. */
#include "plugin/catalog.h"

#include "base/suggest.h"
#include "hone/param.h"
#include "plugin/cache.h"
#include "plugin/describe.h"
#include "plugin/load.h"
#include "plugin/scan.h"

#include <stdio.h>
#include <string.h>

struct catalog {
    struct found_list files;
    struct record *records; /* (n_records), as the files */
    size_t n_records;
    struct cache cache;                          /* records point into its text */
    struct text *descriptions;                   /* (n_records) or into these, of modules just scanned */
    const struct catalog_module **modules;       /* (n_records) */
    const struct catalog_component **components; /* (n_components) usable ones, sorted */
    size_t n_components;
    int is_static;
};

void catalog_close(struct catalog *catalog)
{
    if (!catalog)
        return;
    for (size_t i = 0; i < catalog->n_records; i++) {
        record_release(&catalog->records[i]);
        if (catalog->descriptions)
            text_release(&catalog->descriptions[i]);
    }
    cache_close(&catalog->cache);
    found_list_release(&catalog->files);
    free(catalog->records);
    free(catalog->descriptions);
    free(catalog->modules);
    free(catalog->components);
    free(catalog);
}

static int by_kind_and_name(const void *a, const void *b)
{
    const struct catalog_component *const *x = a, *const *y = b;
    int order = strcmp((*x)->kind, (*y)->kind);
    if (!order)
        order = strcmp((*x)->name, (*y)->name);
    return order ? order : strcmp((*x)->module->path, (*y)->module->path);
}

/* The list of usable components, and which modules are in whose shadow. */
static hone_rc index_components(struct catalog *catalog)
{
    size_t n = 0;
    for (size_t i = 0; i < catalog->n_records; i++)
        n += catalog->records[i].n_components;
    catalog->modules = calloc(catalog->n_records + 1, sizeof *catalog->modules);
    catalog->components = calloc(n + 1, sizeof *catalog->components);
    if (!catalog->modules || !catalog->components)
        return HONE_ENOMEM;
    for (size_t i = 0; i < catalog->n_records; i++) {
        struct record *record = &catalog->records[i];
        catalog->modules[i] = &record->module;
        if (record->module.broken)
            continue;
        for (size_t k = 0; k < i && !record->module.shadowed; k++)
            if (!catalog->records[k].module.broken && !strcmp(catalog->records[k].module.id, record->module.id))
                record->module.shadowed = catalog->records[k].module.path;
        for (size_t c = 0; c < record->n_components && !record->module.shadowed; c++)
            catalog->components[catalog->n_components++] = &record->components[c].entry;
    }
    qsort(catalog->components, catalog->n_components, sizeof *catalog->components, by_kind_and_name);
    return HONE_OK;
}

/* Reads a description that is cut up in place. 0: not one. */
static hone_rc take_description(struct record *record, char *text, const char *path)
{
    char *at = text;
    const hone_rc rc = describe_read(&at, record);
    if (rc != HONE_OK)
        record_release(record);
    record->module.path = path;
    return rc;
}

static void name_broken(struct record *record)
{
    const char **fields[] = { &record->module.id, &record->module.version, &record->module.license,
                              &record->module.author, &record->module.url };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (!*fields[i])
            *fields[i] = "";
}

/* Scans the files without a record yet. *news 1: the cache should be written. */
static hone_rc scan_missing(struct catalog *catalog, const char *scanner, int *news, hone_error *err)
{
    const size_t n = catalog->n_records;
    struct scan_job *jobs = calloc(n + 1, sizeof *jobs);
    size_t *of = calloc(n + 1, sizeof *of);
    size_t n_jobs = 0;
    hone_rc rc = jobs && of ? HONE_OK : HONE_ENOMEM;
    for (size_t i = 0; i < n && rc == HONE_OK; i++)
        if (!catalog->records[i].module.path) {
            jobs[n_jobs].path = catalog->files.items[i].path;
            of[n_jobs++] = i;
        }
    if (rc == HONE_OK && n_jobs)
        rc = scan_files(scanner, jobs, n_jobs, err);
    for (size_t j = 0; j < n_jobs; j++) {
        struct text *description = &catalog->descriptions[of[j]];
        *description = jobs[j].description;
        if (rc != HONE_OK)
            continue;
        struct record *record = &catalog->records[of[j]];
        if ((rc = take_description(record, description->data, jobs[j].path)) == HONE_OK)
            *news |= record->keep;
    }
    free(jobs);
    free(of);
    return rc;
}

/* Descriptions of all that may be kept. Out of memory: there is no cache, that is all. */
static void remember(const struct catalog *catalog)
{
    struct text *all = calloc(catalog->n_records + 1, sizeof *all);
    int whole = all != NULL;
    for (size_t i = 0; all && i < catalog->n_records; i++)
        if (catalog->records[i].keep) {
            describe(&catalog->records[i], &all[i]);
            whole &= !all[i].failed;
        }
    if (whole)
        cache_write(catalog->files.items, all, catalog->n_records);
    for (size_t i = 0; all && i < catalog->n_records; i++)
        text_release(&all[i]);
    free(all);
}

static hone_rc fill(struct catalog *catalog, const struct catalog_options *options, hone_error *err)
{
    int news = 0;
    hone_rc rc = discover(options, &catalog->files, err);
    if (rc != HONE_OK)
        return rc;
    const size_t n = catalog->files.n;
    catalog->records = calloc(n + 1, sizeof *catalog->records);
    catalog->descriptions = calloc(n + 1, sizeof *catalog->descriptions);
    if (!catalog->records || !catalog->descriptions)
        return HONE_ENOMEM;
    catalog->n_records = n;
    if (!options->rescan && (rc = cache_open(&catalog->cache)) != HONE_OK)
        return rc;
    for (size_t i = 0; i < n; i++) {
        const struct found *file = &catalog->files.items[i];
        struct record *record = &catalog->records[i];
        const struct cache_entry *known;
        if (file->refused) {
            record->module.path = file->path;
            record->module.broken = file->refused;
        } else if ((known = cache_find(&catalog->cache, file)) != NULL) {
            if (take_description(record, known->body, file->path) == HONE_ENOMEM)
                return HONE_ENOMEM;
            if (!record->module.id && !record->module.broken)
                record->module.path = NULL; /* nonsense in the cache: scan */
        }
    }
    if ((rc = scan_missing(catalog, options->scanner, &news, err)) != HONE_OK)
        return rc;
    for (size_t i = 0; i < n; i++)
        name_broken(&catalog->records[i]);
    if (news)
        remember(catalog);
    return index_components(catalog);
}

hone_rc catalog_open(struct catalog **catalog, const struct catalog_options *options, hone_error *err)
{
    static const struct catalog_options none = { NULL, 0, 0, 0, NULL };
    struct catalog *c = calloc(1, sizeof *c);
    hone_rc rc = c ? fill(c, options ? options : &none, err) : HONE_ENOMEM;
    if (rc == HONE_ENOMEM)
        hone_fail(err, rc, "", "out of memory for the catalog of plugins");
    if (rc != HONE_OK) {
        catalog_close(c);
        c = NULL;
    }
    *catalog = c;
    return rc;
}

hone_rc catalog_open_static(struct catalog **catalog, const hone_component *const *components, size_t n)
{
    struct problems problems = PROBLEMS_INIT;
    struct catalog *c = calloc(1, sizeof *c);
    hone_rc rc = HONE_ENOMEM;
    *catalog = NULL;
    if (!c || !(c->records = calloc(1, sizeof *c->records)))
        goto out;
    c->n_records = 1;
    c->is_static = 1;
    c->records[0].module = (struct catalog_module){ "(static)", "hone.static", "0.0.0", "MIT", "", "", 0, NULL, NULL };
    if ((rc = verify_components(components, n, &c->records[0], &problems)) != HONE_OK)
        goto out;
    if (problems.n) {
        fprintf(stderr, "%s\n", text_string(&problems.text));
        rc = HONE_EINVAL;
        goto out;
    }
    if ((rc = index_components(c)) == HONE_OK) {
        *catalog = c;
        c = NULL;
    }
out:
    text_release(&problems.text);
    catalog_close(c);
    return rc;
}

size_t catalog_modules(const struct catalog *catalog, const struct catalog_module *const **modules)
{
    *modules = catalog->modules;
    return catalog->n_records;
}

size_t catalog_components(const struct catalog *catalog, const struct catalog_component *const **components)
{
    *components = catalog->components;
    return catalog->n_components;
}

/* ---- looking up ---- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* 1 where a broken module would offer the component (name NULL: any of the kind): as it says itself, or, where it
 * could say nothing, as its file is called: KIND-NAME.so. */
static int would_offer(const struct record *record, const char *kind, const char *name)
{
    const char *file = base_name(record->module.path);
    const size_t n = strlen(kind);
    for (size_t i = 0; i < record->n_offers; i++)
        if (!strcmp(record->offers[i].kind, kind) && (!name || !strcmp(record->offers[i].name, name)))
            return 1;
    if (strncmp(file, kind, n) || file[n] != '-')
        return 0;
    return !name || (!strncmp(file + n + 1, name, strlen(name)) && !strcmp(file + n + 1 + strlen(name), ".so"));
}

static int matches(const struct catalog_component *c, const char *name)
{
    const size_t n = strlen(c->module->id);
    if (!strcmp(c->name, name))
        return 1;
    return !strncmp(name, c->module->id, n) && name[n] == '.' && !strcmp(name + n + 1, c->name);
}

static void explain_missing(const struct catalog *catalog, const char *kind, const char *name, hone_error *err)
{
    struct suggestion suggestion;
    struct text all = TEXT_INIT;
    size_t n = 0;
    for (size_t i = 0; i < catalog->n_records; i++) {
        const struct catalog_module *m = &catalog->records[i].module;
        if (m->broken && would_offer(&catalog->records[i], kind, name)) {
            hone_fail(err, HONE_ENOTSUP, "", "%.40s '%.60s' cannot be used: %.60s: %.120s", kind, name,
                      base_name(m->path), m->broken);
            return;
        }
    }
    suggestion_start(&suggestion, name);
    for (size_t i = 0; i < catalog->n_components; i++)
        if (!strcmp(catalog->components[i]->kind, kind)) {
            suggestion_offer(&suggestion, catalog->components[i]->name);
            text_addf(&all, "%s%s", n++ ? ", " : "", catalog->components[i]->name);
        }
    if (!n)
        hone_fail(err, HONE_ENOTSUP, "", "no %.40s '%.60s': no plugin of this kind is installed", kind, name);
    else if (suggestion.best)
        hone_fail(err, HONE_EINVAL, "", "unknown %.40s '%.60s'; did you mean '%.60s'?", kind, name, suggestion.best);
    else
        hone_fail(err, HONE_ENOTSUP, "", "unknown %.40s '%.60s'; there is %.120s%s", kind, name, text_string(&all),
                  all.length > 120 ? " ..." : "");
    text_release(&all);
}

const struct catalog_component *catalog_find(const struct catalog *catalog, const char *kind, const char *name,
                                             hone_error *err)
{
    const struct catalog_component *found = NULL;
    for (size_t i = 0; i < catalog->n_components; i++) {
        const struct catalog_component *c = catalog->components[i];
        if (strcmp(c->kind, kind) || !matches(c, name))
            continue;
        if (found) {
            hone_fail(err, HONE_EINVAL, "",
                      "%.30s '%.40s' is in %.70s and in %.70s; write %.60s.%.40s or the other's id", kind, name,
                      found->module->path, c->module->path, found->module->id, found->name);
            return NULL;
        }
        found = c;
    }
    if (!found)
        explain_missing(catalog, kind, name, err);
    return found;
}

const struct catalog_component *catalog_default(const struct catalog *catalog, const char *kind)
{
    const struct catalog_component *only = NULL, *marked = NULL;
    size_t n = 0, n_marked = 0;
    for (size_t i = 0; i < catalog->n_components; i++) {
        const struct catalog_component *c = catalog->components[i];
        if (strcmp(c->kind, kind))
            continue;
        only = c;
        n++;
        if (c->flags & HONE_C_DEFAULT) {
            marked = c;
            n_marked++;
        }
    }
    return n_marked == 1 ? marked : n == 1 ? only : NULL;
}

int catalog_has_hook(const struct catalog_component *component, const char *hook)
{
    const size_t n = strlen(hook);
    for (const char *at = component->hooks; *at; at += strcspn(at, " "), at += *at == ' ')
        if (strcspn(at, " ") == n && !strncmp(at, hook, n))
            return 1;
    return 0;
}

int catalog_has_kind(const struct catalog *catalog, const char *kind)
{
    for (size_t i = 0; i < catalog->n_components; i++)
        if (!strcmp(catalog->components[i]->kind, kind))
            return 1;
    for (size_t i = 0; i < catalog->n_records; i++)
        if (catalog->records[i].module.broken && would_offer(&catalog->records[i], kind, NULL))
            return 1;
    return 0;
}

hone_rc catalog_load(struct catalog *catalog, const struct catalog_component *component, const hone_host *host,
                     const hone_component **loaded, hone_error *err)
{
    for (size_t i = 0; i < catalog->n_records; i++) {
        struct record *record = &catalog->records[i];
        if (&record->module != component->module)
            continue;
        if (!catalog->is_static)
            return load_component(record, component, host, loaded, err);
        for (size_t c = 0; c < record->n_components; c++)
            if (&record->components[c].entry == component) {
                *loaded = record->components[c].loaded;
                return HONE_OK;
            }
    }
    return hone_fail(err, HONE_EINVAL, "", "%.40s/%.60s is of another catalog", component->kind, component->name);
}
