/* SPDX-License-Identifier: MIT */
/* The components of a trial come by the stages of those that its point chooses. The catalog's are fakes that refuse to be
 * made, which tells whose turn it was. */
#include "fake_catalog.h"
#include "harness.h"
#include "worker/components.h"

#define INI                                                                                                     \
    "[study]\nobjectives = accuracy max\n[objective]\nuse = drill\n[dataset]\nuse = noise\n[regularizer.one]\n" \
    "[regularizer.two]\nuse = l2\n[regularizer.three]\nuse = dropout\n"                                         \
    "[space]\nregularizer.one.use = choice closing, opening, l2\nregularizer.two.enabled = choice yes, no\n"

/* "one two three": the order of the sections for the point. */
static void order_of(const struct composition *composition, const struct setting_text *point, size_t n, char *order,
                     size_t size)
{
    static const hone_host host = { .size = sizeof host };
    struct trial_components components = { .composition = composition, .host = &host };
    hone_instance instance = { .size = sizeof instance };
    *order = '\0';
    trial_components_begin(&components, point, n, 1);
    const uint32_t count = trial_components_count(&components, HONE_KIND_REGULARIZER);
    for (uint32_t i = 0; i < count; i++) {
        hone_error err = HONE_ERROR_INIT;
        char name[64] = "";
        CU_ASSERT_EQUAL(trial_components_get(&components, HONE_KIND_REGULARIZER, i, &instance, &err), HONE_ENOTSUP);
        CU_ASSERT_EQUAL(sscanf(err.msg, "[regularizer.%63[a-z]]", name), 1);
        snprintf(order + strlen(order), size - strlen(order), "%s%s", i ? " " : "", name);
    }
    hone_error err = HONE_ERROR_INIT;
    CU_ASSERT_EQUAL(trial_components_get(&components, HONE_KIND_REGULARIZER, count, &instance, &err), HONE_EINVAL);
    trial_components_end(&components);
    trial_components_release(&components);
}

static void test_the_point_decides_the_order(void)
{
    static const struct {
        const char *use, *two, *order;
    } cases[] = {
        { "l2", "yes", "two three one" }, /* as the resolved INI lists them, where the section is for closing */
        { "closing", "yes", "two three one" },
        { "opening", "yes", "one two three" },
        { "closing", "no", "three one" },
    };
    struct catalog *catalog = fake_catalog();
    struct config config = { 0 };
    struct complaints complaints = COMPLAINTS_INIT;
    struct composition composition;
    CU_ASSERT_EQUAL_FATAL(config_read_text(&config, "t.ini", ".", INI, strlen(INI), &complaints), 0);
    CU_ASSERT_EQUAL_FATAL(composition_make(&composition, &config, catalog, 0, &complaints), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct setting_text point[] = { { "regularizer.one.use", cases[i].use },
                                              { "regularizer.two.enabled", cases[i].two } };
        char order[128];
        order_of(&composition, point, 2, order, sizeof order);
        CU_ASSERT_STRING_EQUAL(order, cases[i].order);
    }
    composition_release(&composition);
    config_release(&config);
    complaints_release(&complaints);
    catalog_close(catalog);
}

SUITE(TEST(test_the_point_decides_the_order))
