/* SPDX-License-Identifier: MIT */
/* The catalog on real files: where it looks, what it refuses, what it remembers, what it loads. */
#include "harness.h"

#include "base/file.h"
#include "hone/param.h"
#include "plugin/component.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64], scanner[4096], bad[4096];

static char *in_root(const char *name)
{
    static char paths[8][4096];
    static int next;
    next = (next + 1) % 8;
    snprintf(paths[next], sizeof paths[0], "%s/%s", root, name);
    return paths[next];
}

static void remove_root(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    if (*root && system(command) != 0)
        fprintf(stderr, "%s stays\n", root);
}

/* A fresh world: no plugins, no cache, no variables. */
static void begin(void)
{
    hone_error err = HONE_ERROR_INIT;
    remove_root();
    strcpy(root, "/tmp/hone-catalog-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(root));
    char *directory = program_directory();
    snprintf(scanner, sizeof scanner, "%s/../hone", directory);
    snprintf(bad, sizeof bad, "%s/bad", directory);
    free(directory);
    setenv("XDG_CACHE_HOME", in_root("cache"), 1);
    setenv("XDG_DATA_HOME", in_root("data"), 1);
    setenv("ASAN_OPTIONS", "handle_segv=0", 1); /* the scanner of a sanitizer build should die as any other */
    unsetenv("HONE_PLUGIN_PATH");
    CU_ASSERT_EQUAL(directory_make(in_root("a"), &err), HONE_OK);
    CU_ASSERT_EQUAL(directory_make(in_root("b"), &err), HONE_OK);
}

/* tests/bad/scan_FROM.so becomes ROOT/TO */
static void put(const char *from, const char *to)
{
    char path[4200];
    char *data = NULL;
    size_t n = 0;
    hone_error err = HONE_ERROR_INIT;
    snprintf(path, sizeof path, "%s/scan_%s.so", bad, from);
    CU_ASSERT_EQUAL_FATAL(file_read(path, 16 << 20, &data, &n, &err), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(file_write_atomically(in_root(to), data, n, &err), HONE_OK);
    chmod(in_root(to), 0755);
    free(data);
}

static struct catalog *open_at(const char *first, const char *second, int rescan)
{
    char *a = strdup(in_root(first)), *b = second ? strdup(in_root(second)) : NULL;
    const char *paths[] = { a, b };
    struct catalog_options options = { paths, second ? 2 : 1, 1, rescan, scanner };
    hone_error err = HONE_ERROR_INIT;
    struct catalog *catalog = NULL;
    const hone_rc rc = catalog_open(&catalog, &options, &err);
    if (rc != HONE_OK)
        printf("# %s\n", err.msg);
    CU_ASSERT_EQUAL_FATAL(rc, HONE_OK);
    free(a);
    free(b);
    return catalog;
}

static const struct catalog_module *module_at(const struct catalog *catalog, size_t i)
{
    const struct catalog_module *const *modules;
    CU_ASSERT_FATAL(catalog_modules(catalog, &modules) > i);
    return modules[i];
}

static void expect_broken(const char *which, const char *words)
{
    begin();
    put(which, "a/search-x.so");
    struct catalog *catalog = open_at("a", NULL, 0);
    const struct catalog_module *m = module_at(catalog, 0);
    hone_error err = HONE_ERROR_INIT;
    if (!m->broken || !strstr(m->broken, words))
        printf("# %s: %s\n", which, m->broken ? m->broken : "(not broken)");
    CU_ASSERT(m->broken && strstr(m->broken, words));
    /* looking for what the file's name promises finds the reason */
    CU_ASSERT_PTR_NULL(catalog_find(catalog, "search", "x", &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "search 'x' cannot be used: search-x.so: "));
    CU_ASSERT(catalog_has_kind(catalog, "search"));
    catalog_close(catalog);
}

static void test_broken_modules(void)
{
    expect_broken("segfault", "killed by SIGSEGV while being scanned");
    expect_broken("exit", "ended the program while being scanned");
    expect_broken("no_plugin", "is not a hone plugin (it has no function hone_module_v1)");
    expect_broken("newer_minor", "needs plugin ABI 1.77, this hone offers 1.1 (hone 0.1.0)");
    expect_broken("abi2", "is built for plugin ABI 2, this hone offers 1.1");
    expect_broken("flush_to_zero", "changed the floating-point state");
    expect_broken("many_faults", "search/faults has unknown flags 0x80000000; search/faults has no function destroy; ");
    expect_broken("many_faults", "key 'rate' has a bad default: rate = 2 is outside [0, 1]; search/faults: key "
                                 "'other' has the unknown type 99");
}

/* A hanging module costs its time limit once; the good one is there all the same. */
static void test_hanging_module(void)
{
    begin();
    put("hang", "a/search-hang.so");
    put("good", "a/search-good.so");
    struct catalog *catalog = open_at("a", NULL, 0);
    hone_error err = HONE_ERROR_INIT;
    CU_ASSERT_PTR_NOT_NULL(catalog_find(catalog, "search", "good", &err));
    const char *broken = module_at(catalog, 1)->broken;
    CU_ASSERT(broken && strstr(broken, "did not finish within 5 s"));
    catalog_close(catalog);
    catalog = open_at("a", NULL, 0); /* remembered: this would take another five seconds, and the runner's patience */
    broken = module_at(catalog, 1)->broken;
    CU_ASSERT(broken && strstr(broken, "did not finish within 5 s"));
    catalog_close(catalog);
}

static void test_good_module(void)
{
    begin();
    put("good", "a/search-good.so");
    for (int pass = 0; pass < 2; pass++) { /* scanned, then from the cache */
        struct catalog *catalog = open_at("a", NULL, 0);
        hone_error err = HONE_ERROR_INIT;
        const struct catalog_component *c = catalog_find(catalog, "search", "good", &err);
        CU_ASSERT_PTR_NOT_NULL_FATAL(c);
        CU_ASSERT_STRING_EQUAL(c->summary, "A search for tests");
        CU_ASSERT_STRING_EQUAL(c->module->version, "1.2.3");
        CU_ASSERT_EQUAL(c->n_params, 1);
        CU_ASSERT_PTR_EQUAL(catalog_default(catalog, "search"), c); /* the only one */
        CU_ASSERT_PTR_EQUAL(catalog_find(catalog, "search", "org.test.good.good", &err), c);
        CU_ASSERT_PTR_NULL(catalog_find(catalog, "search", "goood", &err));
        CU_ASSERT_STRING_EQUAL(err.msg, "unknown search 'goood'; did you mean 'good'?");
        CU_ASSERT_PTR_NULL(catalog_find(catalog, "model", "good", &err));
        CU_ASSERT_STRING_EQUAL(err.msg, "no model 'good': no plugin of this kind is installed");
        CU_ASSERT(!catalog_has_kind(catalog, "model"));
        catalog_close(catalog);
    }
}

/* --plugin-path in order, then the variable, then the user's own: the first module of an id wins. */
static void test_search_order(void)
{
    hone_error err = HONE_ERROR_INIT;
    const struct catalog_component *c;
    begin();
    put("good", "a/search-z.so");
    put("shadow", "b/search-a.so");
    struct catalog *catalog = open_at("a", "b", 0);
    c = catalog_find(catalog, "search", "good", &err);
    CU_ASSERT(c && !strcmp(c->module->version, "1.2.3"));
    CU_ASSERT_PTR_NULL(module_at(catalog, 0)->shadowed);
    CU_ASSERT(module_at(catalog, 1)->shadowed && !strcmp(module_at(catalog, 1)->shadowed, in_root("a/search-z.so")));
    catalog_close(catalog);

    catalog = open_at("b", "a", 0);
    c = catalog_find(catalog, "search", "good", &err);
    CU_ASSERT(c && !strcmp(c->module->version, "1.3.0"));
    catalog_close(catalog);

    char value[300];
    snprintf(value, sizeof value, ":%s:", in_root("a"));
    setenv("HONE_PLUGIN_PATH", value, 1);
    catalog = open_at("b", NULL, 0);
    c = catalog_find(catalog, "search", "good", &err);
    CU_ASSERT(c && !strcmp(c->module->version, "1.3.0"));
    CU_ASSERT_STRING_EQUAL(module_at(catalog, 1)->path, in_root("a/search-z.so"));
    catalog_close(catalog);

    CU_ASSERT_EQUAL(directory_make(in_root("data/hone/plugins-1"), &err), HONE_OK);
    put("shadow", "data/hone/plugins-1/search-u.so");
    const char *paths[] = { NULL };
    struct catalog_options options = { paths, 0, 0, 0, scanner };
    CU_ASSERT_EQUAL_FATAL(catalog_open(&catalog, &options, &err), HONE_OK);
    c = catalog_find(catalog, "search", "good", &err);
    CU_ASSERT(c && !strcmp(c->module->version, "1.2.3"));
    const struct catalog_module *const *modules;
    size_t n = catalog_modules(catalog, &modules), seen = 0;
    for (size_t i = 0; i < n; i++)
        seen += !strcmp(modules[i]->path, in_root("data/hone/plugins-1/search-u.so"));
    CU_ASSERT_EQUAL(seen, 1);
    catalog_close(catalog);
}

static void test_sorted_and_flat(void)
{
    hone_error err = HONE_ERROR_INIT;
    begin();
    put("twin", "a/b.so");
    put("good", "a/a.so");
    put("good", "a/.hidden.so");
    put("good", "a/good.so.bak");
    CU_ASSERT_EQUAL(directory_make(in_root("a/below"), &err), HONE_OK);
    put("shadow", "a/below/c.so");
    struct catalog *catalog = open_at("a", "a", 0); /* the directory twice */
    const struct catalog_module *const *modules;
    CU_ASSERT_EQUAL_FATAL(catalog_modules(catalog, &modules), 2);
    CU_ASSERT_STRING_EQUAL(modules[0]->path, in_root("a/a.so"));
    CU_ASSERT_STRING_EQUAL(modules[1]->path, in_root("a/b.so"));
    /* one name, two modules: never a guess */
    CU_ASSERT_PTR_NULL(catalog_find(catalog, "search", "good", &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, in_root("a/a.so")));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, in_root("a/b.so")));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "write org.test.good.good or"));
    const struct catalog_component *c = catalog_find(catalog, "search", "org.test.twin.good", &err);
    CU_ASSERT(c && !strcmp(c->module->id, "org.test.twin"));
    CU_ASSERT_PTR_NULL(catalog_default(catalog, "search"));
    catalog_close(catalog);
}

static void test_missing_directories(void)
{
    struct catalog *catalog = NULL;
    hone_error err = HONE_ERROR_INIT;
    begin();
    char *missing = strdup(in_root("nowhere"));
    const char *paths[] = { missing };
    struct catalog_options options = { paths, 1, 1, 0, scanner };
    CU_ASSERT_EQUAL(catalog_open(&catalog, &options, &err), HONE_EINVAL);
    CU_ASSERT_PTR_NULL(catalog);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "--plugin-path: "));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "nowhere: No such file or directory"));
    options.n_paths = 0;
    setenv("HONE_PLUGIN_PATH", missing, 1);
    CU_ASSERT_EQUAL(catalog_open(&catalog, &options, &err), HONE_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "HONE_PLUGIN_PATH: "));
    free(missing);
}

static void test_refuses_unsafe_files(void)
{
    begin();
    put("good", "a/a.so");
    chmod(in_root("a/a.so"), 0775);
    put("good", "a/b.so");
    chmod(in_root("a/b.so"), 0757);
    CU_ASSERT_EQUAL(mkdir(in_root("a/c.so"), 0755), 0);
    CU_ASSERT_EQUAL(mkfifo(in_root("a/d.so"), 0644), 0);
    CU_ASSERT_EQUAL(symlink("/nowhere/at/all.so", in_root("a/e.so")), 0);
    struct catalog *catalog = open_at("a", NULL, 0);
    CU_ASSERT_STRING_EQUAL(module_at(catalog, 0)->broken, "may be written by others (chmod go-w)");
    CU_ASSERT_STRING_EQUAL(module_at(catalog, 1)->broken, "may be written by others (chmod go-w)");
    CU_ASSERT_STRING_EQUAL(module_at(catalog, 2)->broken, "is not a regular file");
    CU_ASSERT_STRING_EQUAL(module_at(catalog, 3)->broken, "is not a regular file");
    CU_ASSERT_STRING_EQUAL(module_at(catalog, 4)->broken, "cannot be opened: No such file or directory");
    catalog_close(catalog);
    if (geteuid() == 0) { /* only root can give a file away */
        put("good", "b/a.so");
        CU_ASSERT_EQUAL(chown(in_root("b/a.so"), 12345, 12345), 0);
        catalog = open_at("b", NULL, 0);
        CU_ASSERT_STRING_EQUAL(module_at(catalog, 0)->broken, "belongs to user 12345, neither to root nor to you");
        catalog_close(catalog);
    }
}

static char *read_cache(size_t *n)
{
    char *data = NULL;
    hone_error err = HONE_ERROR_INIT;
    *n = 0;
    if (file_read(in_root("cache/hone/plugins-1.tsv"), 1 << 20, &data, n, &err) != HONE_OK)
        return NULL;
    return data;
}

static void write_cache(const char *data, size_t n)
{
    hone_error err = HONE_ERROR_INIT;
    CU_ASSERT_EQUAL(file_write_atomically(in_root("cache/hone/plugins-1.tsv"), data, n, &err), HONE_OK);
}

static void expect_good(void)
{
    hone_error err = HONE_ERROR_INIT;
    struct catalog *catalog = open_at("a", NULL, 0);
    CU_ASSERT_PTR_NOT_NULL(catalog_find(catalog, "search", "good", &err));
    catalog_close(catalog);
}

/* Whatever the cache holds, the catalog is right, and the cache is right again afterwards. */
static void test_corrupt_cache(void)
{
    size_t n, m;
    begin();
    put("good", "a/good.so");
    expect_good();
    char *whole = read_cache(&n);
    CU_ASSERT_PTR_NOT_NULL_FATAL(whole);
    for (size_t cut = 0; cut < n; cut += n / 7) {
        write_cache(whole, cut);
        expect_good();
        char *again = read_cache(&m);
        CU_ASSERT(again && m == n && !memcmp(again, whole, n));
        free(again);
    }
    for (size_t at = 3; at < n; at += n / 9) {
        char *damaged = malloc(n);
        memcpy(damaged, whole, n);
        damaged[at] ^= 1;
        write_cache(damaged, n);
        expect_good();
        char *again = read_cache(&m);
        CU_ASSERT(again && m == n && !memcmp(again, whole, n));
        free(again);
        free(damaged);
    }
    free(whole);
}

/* What is in the cache is believed: no child is started for a file that has not changed, one is for a file that has. */
static void test_cache_is_used(void)
{
    hone_error err = HONE_ERROR_INIT;
    struct catalog *catalog = NULL;
    begin();
    put("good", "a/good.so");
    expect_good();
    char *a = strdup(in_root("a"));
    const char *paths[] = { a };
    struct catalog_options options = { paths, 1, 1, 0, "/nowhere/hone" }; /* a scanner that cannot be started */
    CU_ASSERT_EQUAL_FATAL(catalog_open(&catalog, &options, &err), HONE_OK);
    CU_ASSERT_PTR_NOT_NULL(catalog_find(catalog, "search", "good", &err));
    catalog_close(catalog);
    options.rescan = 1;
    CU_ASSERT_EQUAL_FATAL(catalog_open(&catalog, &options, &err), HONE_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(module_at(catalog, 0)->broken);
    CU_ASSERT_PTR_NOT_NULL(strstr(module_at(catalog, 0)->broken, "could not be scanned: No such file"));
    catalog_close(catalog);
    options.rescan = 0; /* such a failure is not remembered */
    CU_ASSERT_EQUAL_FATAL(catalog_open(&catalog, &options, &err), HONE_OK);
    CU_ASSERT_PTR_NOT_NULL(catalog_find(catalog, "search", "good", &err));
    catalog_close(catalog);
    put("segfault", "a/good.so");
    options.scanner = scanner;
    CU_ASSERT_EQUAL_FATAL(catalog_open(&catalog, &options, &err), HONE_OK);
    CU_ASSERT_PTR_NOT_NULL(module_at(catalog, 0)->broken);
    catalog_close(catalog);
    free(a);
}

/* One catalog's scan does not drop another directory's entries, except for files that are gone. */
static void test_cache_is_shared(void)
{
    size_t n;
    begin();
    put("good", "a/good.so");
    put("twin", "b/twin.so");
    put("shadow", "b/shadow.so");
    catalog_close(open_at("b", NULL, 0));
    unlink(in_root("b/shadow.so"));
    catalog_close(open_at("a", NULL, 0));
    char *cache = read_cache(&n);
    CU_ASSERT_PTR_NOT_NULL_FATAL(cache);
    CU_ASSERT_PTR_NOT_NULL(strstr(cache, in_root("a/good.so")));
    CU_ASSERT_PTR_NOT_NULL(strstr(cache, in_root("b/twin.so")));
    CU_ASSERT_PTR_NULL(strstr(cache, in_root("b/shadow.so")));
    free(cache);
}

static void test_unwritable_cache(void)
{
    hone_error err = HONE_ERROR_INIT;
    begin();
    put("good", "a/good.so");
    CU_ASSERT_EQUAL(file_write_atomically(in_root("cache"), "", 0, &err),
                    HONE_OK); /* a file where a directory should be */
    expect_good();
    unsetenv("XDG_CACHE_HOME");
    char *home = getenv("HOME") ? strdup(getenv("HOME")) : NULL;
    unsetenv("HOME");
    expect_good();
    if (home)
        setenv("HOME", home, 1);
    free(home);
}

static void host_log(const hone_host *host, uint32_t level, const char *message)
{
    (void)host, (void)level, (void)message;
}
static uint32_t host_cancelled(const hone_host *host)
{
    (void)host;
    return 0;
}
static const void *host_get_ext(const hone_host *host, const char *id)
{
    (void)host, (void)id;
    return NULL;
}
static const hone_host host = { sizeof host, HONE_ABI_MAJOR, HONE_ABI_MINOR, "test",
                                NULL,        host_log,       host_cancelled, host_get_ext };

static const struct catalog_component *only(struct catalog *catalog, const char *name)
{
    hone_error err = HONE_ERROR_INIT;
    const struct catalog_component *c = catalog_find(catalog, "search", name, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    return c;
}

static void test_components(void)
{
    struct component c = COMPONENT_INIT;
    hone_error err = HONE_ERROR_INIT;
    const struct setting_text right = { "rate", "0.75" }, eighth = { "rate", "0.125" }, none = { "rate", "0.25" },
                              out = { "rate", "2" }, typo = { "raet", "0.5" };
    begin();
    put("good", "a/good.so");
    struct catalog *catalog = open_at("a", NULL, 0);
    const struct catalog_component *entry = only(catalog, "good");
    CU_ASSERT_EQUAL_FATAL(component_create(&c, catalog, entry, &host, "search", &right, 1, 1, &err), HONE_OK);
    CU_ASSERT_PTR_NOT_NULL(c.self);
    CU_ASSERT(*(double *)c.config == 0.75);
    CU_ASSERT_STRING_EQUAL(c.instance, "search");
    component_destroy(&c);
    CU_ASSERT_PTR_NULL(c.self);
    component_destroy(&c); /* harmless */
    CU_ASSERT_EQUAL_FATAL(component_create(&c, catalog, entry, &host, "search", NULL, 0, 1, &err), HONE_OK);
    CU_ASSERT(*(double *)c.config == 0.5);
    component_destroy(&c);
    CU_ASSERT_EQUAL(component_create(&c, catalog, entry, &host, "search", &eighth, 1, 1, &err), HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(err.msg, "rate is an eighth");
    CU_ASSERT_STRING_EQUAL(err.param, "rate");
    CU_ASSERT_EQUAL(component_create(&c, catalog, entry, &host, "search", &none, 1, 1, &err), HONE_EFAIL);
    CU_ASSERT_STRING_EQUAL(err.msg, "search/good: create reported success without an instance");
    CU_ASSERT_EQUAL(component_create(&c, catalog, entry, &host, "search", &out, 1, 1, &err), HONE_ERANGE);
    CU_ASSERT_STRING_EQUAL(err.msg, "rate = 2 is outside [0, 1]");
    CU_ASSERT_EQUAL(component_create(&c, catalog, entry, &host, "search", &typo, 1, 1, &err), HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(err.msg, "unknown key 'raet' of good; did you mean 'rate'?");
    catalog_close(catalog);
}

/* init is once per process, whatever the number of catalogs. */
static void test_init_once(void)
{
    const hone_component *loaded = NULL, *again = NULL;
    hone_error err = HONE_ERROR_INIT;
    begin();
    put("counts_init", "a/init.so");
    for (int pass = 0; pass < 2; pass++) {
        struct catalog *catalog = open_at("a", NULL, 0);
        const struct catalog_component *entry = only(catalog, "init");
        CU_ASSERT_EQUAL(catalog_load(catalog, entry, &host, pass ? &again : &loaded, &err), HONE_OK);
        catalog_close(catalog);
    }
    CU_ASSERT_PTR_EQUAL(loaded, again); /* and what was loaded outlives its catalog */
    CU_ASSERT_STRING_EQUAL(loaded->name, "init");
}

/* The file is replaced between the scan and the load: what runs must be what was described. */
static void test_file_replaced(void)
{
    const hone_component *loaded = NULL;
    hone_error err = HONE_ERROR_INIT;
    begin();
    put("good", "a/replaced.so");
    struct catalog *catalog = open_at("a", NULL, 0);
    const struct catalog_component *entry = only(catalog, "good");
    put("shadow", "a/replaced.so");
    CU_ASSERT_EQUAL(catalog_load(catalog, entry, &host, &loaded, &err), HONE_EFAIL);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "is not what it was when it was scanned"));
    catalog_close(catalog);
}

static void test_init_leaves_the_process_alone(void)
{
    const hone_component *loaded = NULL;
    hone_error err = HONE_ERROR_INIT;
    char before[4096], after[4096];
    struct sigaction action;
    begin();
    put("handler", "a/handler.so");
    signal(SIGINT, SIG_DFL); /* a shell that runs this in the background has had it ignored */
    CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(before, sizeof before));
    struct catalog *catalog = open_at("a", NULL, 0);
    CU_ASSERT_EQUAL(catalog_load(catalog, only(catalog, "handler"), &host, &loaded, &err), HONE_EFAIL);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "its init changed what signal 2 (Interrupt) does"));
    sigaction(SIGINT, NULL, &action);
    CU_ASSERT(action.sa_handler == SIG_DFL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(after, sizeof after));
    CU_ASSERT_STRING_EQUAL(before, after);
    CU_ASSERT_EQUAL(catalog_load(catalog, only(catalog, "handler"), &host, &loaded, &err),
                    HONE_EFAIL); /* it stays refused */
    catalog_close(catalog);
    remove_root();
    *root = '\0';
}

SUITE(TEST(test_good_module), TEST(test_broken_modules), TEST(test_hanging_module), TEST(test_search_order),
      TEST(test_sorted_and_flat), TEST(test_missing_directories), TEST(test_refuses_unsafe_files),
      TEST(test_corrupt_cache), TEST(test_cache_is_used), TEST(test_cache_is_shared), TEST(test_unwritable_cache),
      TEST(test_components), TEST(test_init_once), TEST(test_file_replaced), TEST(test_init_leaves_the_process_alone))
