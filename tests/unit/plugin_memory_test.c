/* SPDX-License-Identifier: MIT */
/* Out of memory at every allocation in turn: the catalog and the instances say so, or do without; nothing crashes or
 * is half made. glibc lets a program replace its allocator; under a sanitizer that has done so itself, every call
 * succeeds. */
#include "harness.h"

#include "hone/param.h"
#include "plugin/component.h"
#include "plugin_specimen.h"

#include <errno.h>

static long countdown = -1; /* allocations that still succeed; negative: all */

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *block, size_t n);

static int fails(void)
{
    if (countdown < 0 || countdown-- > 0)
        return 0;
    countdown = 0; /* and so do all that follow */
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t n)
{
    return fails() ? NULL : __libc_malloc(n);
}
void *calloc(size_t n, size_t size)
{
    return fails() ? NULL : __libc_calloc(n, size);
}
void *realloc(void *block, size_t n)
{
    return fails() ? NULL : __libc_realloc(block, n);
}
enum { CAN_FAIL = 1 };
#else
enum { CAN_FAIL = 0 };
#endif

enum { MOST = 20000 };

static void test_static_catalog(void)
{
    struct specimen s;
    specimen_init(&s);
    long n;
    hone_rc rc = HONE_ENOMEM;
    for (n = 0; n < MOST && rc != HONE_OK; n++) {
        struct catalog *catalog = NULL;
        countdown = CAN_FAIL ? n : -1;
        rc = catalog_open_static(&catalog, s.components, 2);
        countdown = -1;
        if (rc != HONE_OK)
            CU_ASSERT(rc == HONE_ENOMEM && !catalog);
        catalog_close(catalog);
    }
    CU_ASSERT_EQUAL(rc, HONE_OK);
    CU_ASSERT(!CAN_FAIL || n > 10);
}

/* A failing allocation may also cost the cache or a description: then the catalog is whole, or says that it is not. */
static void test_catalog_of_files(void)
{
    const char *build = getenv("HONE_BUILD");
    char plugins[4096], scanner[4096];
    long n;
    hone_rc rc = HONE_ENOMEM;
    if (!build)
        build = "build";
    snprintf(plugins, sizeof plugins, "%s/tests/bad", build);
    snprintf(scanner, sizeof scanner, "%s/hone", build);
    setenv("XDG_CACHE_HOME", "/proc/none", 1); /* so that there is something to scan each time */
    const char *paths[] = { plugins };
    const struct catalog_options options = { paths, 1, 1, 0, "/nowhere/hone" }; /* children would only cost time */
    for (n = 0; n < MOST && rc != HONE_OK; n++) {
        struct catalog *catalog = NULL;
        hone_error err = HONE_ERROR_INIT;
        countdown = CAN_FAIL ? n : -1;
        rc = catalog_open(&catalog, &options, &err);
        countdown = -1;
        CU_ASSERT((rc == HONE_OK) == (catalog != NULL));
        if (rc != HONE_OK)
            CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "out of memory"));
        catalog_close(catalog);
    }
    CU_ASSERT_EQUAL(rc, HONE_OK);
    CU_ASSERT(!CAN_FAIL || n > 20);
}

static void test_instances(void)
{
    struct specimen s;
    struct catalog *catalog = NULL;
    long n;
    hone_rc rc = HONE_ENOMEM;
    specimen_init(&s);
    CU_ASSERT_EQUAL_FATAL(catalog_open_static(&catalog, s.components, 2), HONE_OK);
    const struct catalog_component *entry = catalog_find(catalog, "search", "specimen", NULL);
    const struct setting_text settings[] = { { "monitor", "loss" }, { "hidden", "3, 4, 5" } };
    CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
    for (n = 0; n < MOST && rc != HONE_OK; n++) {
        struct component c = COMPONENT_INIT;
        hone_error err = HONE_ERROR_INIT;
        countdown = CAN_FAIL ? n : -1;
        rc = component_create(&c, catalog, entry, NULL, "search", settings, 2, 1, &err);
        countdown = -1;
        CU_ASSERT((rc == HONE_OK) == (c.self != NULL));
        if (rc == HONE_OK) {
            const struct specimen_settings *config = c.config;
            CU_ASSERT_STRING_EQUAL(config->monitor, "loss");
            CU_ASSERT_EQUAL(config->hidden.n, 3);
            CU_ASSERT_EQUAL(config->patience, 5);
        } else {
            CU_ASSERT_EQUAL(rc, HONE_ENOMEM);
        }
        component_destroy(&c);
    }
    CU_ASSERT_EQUAL(rc, HONE_OK);
    CU_ASSERT(!CAN_FAIL || n > 5);
    /* a key without default that is missing */
    struct component c = COMPONENT_INIT;
    hone_error err = HONE_ERROR_INIT;
    CU_ASSERT_EQUAL(component_create(&c, catalog, entry, NULL, "search", NULL, 0, 1, &err), HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(err.msg, "specimen needs a value for monitor");
    CU_ASSERT_STRING_EQUAL(err.param, "monitor");
    catalog_close(catalog);
}

SUITE(TEST(test_static_catalog), TEST(test_catalog_of_files), TEST(test_instances))
