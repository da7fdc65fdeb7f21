/* SPDX-License-Identifier: MIT */
/* dlopen, with a look at what it did to the process; the entry symbol; init, once. */
#include "plugin/load.h"

#include "base/version.h"
#include "hone/param.h"
#include "plugin/describe.h"
#include "plugin/guard.h"

#include <dlfcn.h>
#include <string.h>

/* dlerror's text without the path, which the caller names. */
static const char *loader_message(const char *path)
{
    const char *message = dlerror();
    const size_t n = strlen(path);
    if (!message)
        return "unknown reason";
    return !strncmp(message, path, n) && message[n] == ':' && message[n + 1] == ' ' ? message + n + 2 : message;
}

static hone_module_fn find_entry(void *handle, struct problems *problems)
{
    hone_module_fn entry = NULL;
    void *symbol = dlsym(handle, HONE_ENTRY);
    if (symbol) {
        memcpy(&entry, &symbol, sizeof entry); /* ISO C has no cast from an object to a function pointer */
        return entry;
    }
    for (int major = HONE_ABI_MAJOR + 1; major <= 9; major++) {
        char name[32];
        snprintf(name, sizeof name, "hone_module_v%d", major);
        if (dlsym(handle, name)) {
            problem(problems, "", "is built for plugin ABI %d, this hone offers %d.%d (hone " HONE_VERSION ")", major,
                    HONE_ABI_MAJOR, HONE_ABI_MINOR);
            return NULL;
        }
    }
    problem(problems, "", "is not a hone plugin (it has no function %s)", HONE_ENTRY);
    return NULL;
}

hone_rc load_map(const char *path, struct record *record, const hone_module **module, struct problems *problems,
                 int *lasting)
{
    struct guard_process guard;
    hone_error err = HONE_ERROR_INIT;
    *module = NULL;
    *lasting = 1;
    dlerror();
    guard_process_save(&guard);
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const hone_rc changed = guard_process_check(&guard, &err);
    if (!handle) {
        *lasting = 0;
        problem(problems, "", "cannot be loaded: %s", loader_message(path));
        return HONE_OK;
    }
    if (changed != HONE_OK) {
        problem(problems, "", "%s while being loaded%s", err.msg,
                strstr(err.msg, "MXCSR") ? " (linked with -ffast-math?)" : "");
        return HONE_OK;
    }
    const hone_module_fn entry = find_entry(handle, problems);
    if (!entry)
        return HONE_OK;
    guard_process_save(&guard);
    *module = entry();
    if (guard_process_check(&guard, &err) != HONE_OK)
        problem(problems, "", "%s in %s", err.msg, HONE_ENTRY);
    return verify_module(*module, record, problems);
}

/* A module that has been initialized. Modules are state of the process: init is called once in it, whatever the
 * number of catalogs, and what it answers with is handed to instances that may outlive any catalog. [load] */
struct loaded {
    struct loaded *next;
    char *path;
    struct record record;
    hone_rc init;
    hone_error err; /* why init failed */
};
static struct loaded *all_loaded;

static hone_rc initialize(struct loaded *l, const hone_module *module, const hone_host *host)
{
    struct guard_process guard;
    hone_rc (*init)(const hone_host *, hone_error *) = NULL;
    hone_error why = HONE_ERROR_INIT;
    if (module->size >= offsetof(hone_module, init) + sizeof module->init)
        init = module->init;
    if (!init)
        return HONE_OK;
    guard_process_save(&guard);
    hone_rc rc = init(host, &why);
    why.msg[sizeof why.msg - 1] = '\0';
    if (rc < 0)
        hone_fail(&l->err, rc, "", "%.120s: its init failed: %.100s", l->path, *why.msg ? why.msg : "without a reason");
    const hone_rc changed = guard_process_check(&guard, &why);
    if (rc >= 0 && changed != HONE_OK)
        rc = hone_fail(&l->err, changed, "", "%.120s: its init %.100s", l->path, why.msg);
    return rc < 0 ? rc : HONE_OK;
}

static hone_rc map_anew(const struct record *known, const hone_host *host, struct loaded **out, hone_error *err)
{
    struct problems problems = PROBLEMS_INIT;
    const hone_module *module = NULL;
    int lasting;
    hone_rc rc;
    struct loaded *l = calloc(1, sizeof *l);
    *out = NULL;
    if (!l || !(l->path = strdup(known->module.path))) {
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for %.150s", known->module.path);
        goto out;
    }
    l->err.size = sizeof l->err;
    if ((rc = load_map(l->path, &l->record, &module, &problems, &lasting)) != HONE_OK) {
        hone_fail(err, rc, "", "out of memory for %.150s", l->path);
        goto out;
    }
    if (problems.n) {
        rc = hone_fail(err, HONE_EFAIL, "", "%.120s: %.120s", l->path, text_string(&problems.text));
        goto out;
    }
    l->init = initialize(l, module, host);
    l->next = all_loaded;
    all_loaded = *out = l;
    l = NULL;
out:
    if (l) {
        record_release(&l->record);
        free(l->path);
        free(l);
    }
    text_release(&problems.text);
    return rc;
}

/* The catalog may stem from the cache: the code that runs must be the one described there. */
static hone_rc compare(const struct loaded *l, const struct record *known, hone_error *err)
{
    struct text a = TEXT_INIT, b = TEXT_INIT;
    hone_rc rc = HONE_OK;
    describe(known, &a);
    describe(&l->record, &b);
    if (a.failed || b.failed)
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for %.150s", l->path);
    else if (strcmp(text_string(&a), text_string(&b)))
        rc = hone_fail(err, HONE_EFAIL, "", "%.180s is not what it was when it was scanned; start again", l->path);
    text_release(&a);
    text_release(&b);
    return rc;
}

hone_rc load_component(struct record *known, const struct catalog_component *component, const hone_host *host,
                       const hone_component **loaded, hone_error *err)
{
    hone_rc rc;
    struct loaded *l = all_loaded;
    while (l && strcmp(l->path, known->module.path))
        l = l->next;
    if (!l && (rc = map_anew(known, host, &l, err)) != HONE_OK)
        return rc;
    if (l->init != HONE_OK) {
        if (err)
            *err = l->err;
        return l->init;
    }
    if (!known->agreed && (rc = compare(l, known, err)) != HONE_OK)
        return rc;
    known->agreed = 1;
    for (size_t i = 0; i < l->record.n_components; i++) {
        const struct record_component *c = &l->record.components[i];
        if (!strcmp(c->entry.kind_id, component->kind_id) && !strcmp(c->entry.name, component->name)) {
            *loaded = c->loaded;
            return HONE_OK;
        }
    }
    return hone_fail(err, HONE_EFAIL, "", "%.120s has no %.40s/%.60s any more", l->path, component->kind,
                     component->name);
}
