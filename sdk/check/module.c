/* SPDX-License-Identifier: MIT */
/* Opening a plugin file: the dynamic loader, the entry symbol, magic and versions; and the cases on the file itself. */
#include "check.h"
#include "elf.h"

#include <dlfcn.h>
#include <time.h>

void component_id(const hone_component *component, char *id, size_t n)
{
    const char *slash = component->kind ? strrchr(component->kind, '/') : NULL;
    snprintf(id, n, "%.*s/%s", slash ? (int)(slash - component->kind) : 1, slash ? component->kind : "?",
             component->name ? component->name : "?");
}

/* A copy whose unknown fields are zero, so that an older plugin reads like a new one. NULL: too small to be one. */
const hone_component *module_component(const hone_module *module, uint32_t i, hone_component *copy)
{
    const hone_component *component = module->components ? module->components[i] : NULL;
    memset(copy, 0, sizeof *copy);
    if (!component || component->size < offsetof(hone_component, get_ext))
        return NULL;
    memcpy(copy, component, component->size < sizeof *copy ? component->size : sizeof *copy);
    return copy;
}

int module_open(struct check *c, const char *file, void **handle, const hone_module **module)
{
    hone_module_fn entry = NULL;
    void *symbol;
    const hone_module *m;
    *module = NULL;
    check_enter(c, "dlopen");
    *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    TRY(check_leave(c));
    if (!*handle)
        return check_fail(c, "cannot be loaded: %s", dlerror());
    symbol = dlsym(*handle, HONE_ENTRY);
    if (!symbol) {
        for (int major = 2; major <= 9; major++) {
            char name[32];
            snprintf(name, sizeof name, "hone_module_v%d", major);
            if (dlsym(*handle, name))
                return check_fail(c, "was built for plugin ABI %d, this tool knows ABI %d", major, HONE_ABI_MAJOR);
        }
        return check_fail(c, "is no hone plugin: it exports no %s (is HONE_MODULE there, and visible?)", HONE_ENTRY);
    }
    memcpy(&entry, &symbol, sizeof entry);
    CALL(c, HONE_ENTRY, m = entry());
    if (!m)
        return check_fail(c, "%s returned NULL", HONE_ENTRY);
    if (m->magic != HONE_MAGIC)
        return check_fail(c, "has the wrong magic %08x (%08x expected)", m->magic, HONE_MAGIC);
    if (m->abi_major != HONE_ABI_MAJOR || m->abi_minor > HONE_ABI_MINOR)
        return check_fail(c, "needs plugin ABI %u.%u, this tool offers %d.%d", m->abi_major, m->abi_minor,
                          HONE_ABI_MAJOR, HONE_ABI_MINOR);
    if (m->size < offsetof(hone_module, init))
        return check_fail(c, "says its module struct has %u bytes: too few for ABI 1.0", m->size);
    if (!m->n_components || !m->components)
        return check_fail(c, "offers no component");
    if (m->n_components > CHECK_MAX_COMPONENTS)
        return check_fail(c, "offers %u components; at most %d are supported", m->n_components, CHECK_MAX_COMPONENTS);
    *module = m;
    return 0;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static const char *text_or_empty(const char *text)
{
    return text ? text : "";
}

/* The time counts what the loader does for the file, its libraries included. */
static int case_load(struct check *c)
{
    void *handle = NULL;
    const hone_module *module = NULL;
    const double start = seconds();
    double taken;
    hone_component copy;
    TRY(module_open(c, c->options->file, &handle, &module));
    taken = seconds() - start;
    snprintf(c->report->module, sizeof c->report->module, "%.120s %.60s (%.60s)", text_or_empty(module->id),
             text_or_empty(module->version), text_or_empty(module->license));
    c->report->n_components = module->n_components;
    for (uint32_t i = 0; i < module->n_components; i++) {
        const hone_component *component = module_component(module, i, &copy);
        if (component) {
            component_id(component, c->report->components[i], sizeof c->report->components[i]);
            snprintf(c->report->kinds[i], sizeof c->report->kinds[i], "%s", text_or_empty(component->kind));
        } else {
            snprintf(c->report->components[i], sizeof c->report->components[i], "?/component%u", i);
        }
    }
    c->report->fingerprint = descriptor_fingerprint(module);
    if (taken > 0.1)
        check_note(c, "warning: loading took %.0f ms, a scan should stay under 100 ms", taken * 1e3);
    return 0;
}

static int case_symbols(struct check *c)
{
    struct elf_symbols symbols;
    char error[256];
    int failed = 0;
    if (elf_undefined(c->options->file, &symbols, error, sizeof error))
        return check_fail(c, "%s", error);
    for (size_t i = 0; i < symbols.n && !failed; i++) {
        const char *why = NULL;
        const int level = elf_forbidden(symbols.names[i], &why);
        if (level == ELF_FORBIDDEN)
            failed = check_fail(c, "calls %s, which plugins must not: %s", symbols.names[i], why);
        else if (level == ELF_DOUBTFUL)
            check_note(c, "warning: uses %s: %s", symbols.names[i], why);
    }
    elf_release(&symbols);
    return failed;
}

static int case_descriptor(struct check *c)
{
    void *handle = NULL;
    const hone_module *module = NULL;
    char text[1000] = "";
    TRY(module_open(c, c->options->file, &handle, &module));
    if (descriptor_verify(module, text, sizeof text))
        return check_fail(c, "%s", text);
    return 0;
}

static int case_descriptor_equal(struct check *c)
{
    void *handle = NULL;
    const hone_module *module = NULL;
    TRY(module_open(c, c->options->file, &handle, &module));
    const uint64_t first = descriptor_fingerprint(module);
    if (first != c->report->fingerprint)
        return check_fail(c, "describes itself differently in two processes");
    check_enter(c, "dlclose before init");
    dlclose(handle);
    TRY(check_leave(c));
    TRY(module_open(c, c->options->file, &handle, &module));
    if (descriptor_fingerprint(module) != first)
        return check_fail(c, "describes itself differently after a second load");
    return 0;
}

static int case_init(struct check *c)
{
    void *handle = NULL;
    hone_error err = HONE_ERROR_INIT;
    hone_rc rc;
    TRY(module_open(c, c->options->file, &handle, &c->module));
    if (c->module->size < sizeof(hone_module) || !c->module->init)
        return check_skip(c, "the module has no init");
    CALL(c, "init", rc = c->module->init(&c->host, &err));
    TRY(check_error(c, "init", rc, &err));
    return rc == HONE_OK ? 0 : check_fail(c, "init failed: %s", err.msg);
}

const struct check_case module_cases[] = {
    { "load", "", "loads with RTLD_NOW and RTLD_LOCAL, prints nothing, has the entry, magic and a known ABI",
      case_load },
    { "symbols", "", "uses no function that the SDK forbids", case_symbols },
    { "descriptor", "", "ids, names, tables, defaults, offsets and functions are sane", case_descriptor },
    { "descriptor_equal", "", "describes itself alike in every process and after every load", case_descriptor_equal },
    { "init", "", "init succeeds and changes nothing of the process", case_init },
    { NULL, NULL, NULL, NULL },
};
