/* SPDX-License-Identifier: MIT */
/* Descriptions: what is written reads back the same, and nothing else is taken for one. */
#include "harness.h"

#include "plugin/describe.h"
#include "plugin/verify.h"
#include "plugin_specimen.h"

static struct specimen s;

static void describe_specimen(struct record *record, struct text *text)
{
    struct problems problems = PROBLEMS_INIT;
    memset(record, 0, sizeof *record);
    specimen_init(&s);
    CU_ASSERT_EQUAL_FATAL(verify_module(&s.module, record, &problems), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(problems.n, 0);
    describe(record, text);
}

static void same_param(const hone_param *a, const hone_param *b)
{
    CU_ASSERT_EQUAL(a->type, b->type);
    CU_ASSERT_EQUAL(a->flags, b->flags);
    CU_ASSERT_EQUAL(a->offset, b->offset);
    CU_ASSERT_STRING_EQUAL(a->key, b->key);
    CU_ASSERT_STRING_EQUAL(a->doc, b->doc);
    CU_ASSERT(a->min == b->min && a->max == b->max);
    CU_ASSERT_EQUAL(!a->def, !b->def);
    CU_ASSERT_EQUAL(!a->unit, !b->unit);
    CU_ASSERT_EQUAL(!a->choices, !b->choices);
    CU_ASSERT_EQUAL(!a->active_if, !b->active_if);
    if (a->def && b->def)
        CU_ASSERT_STRING_EQUAL(a->def, b->def);
    if (a->unit && b->unit)
        CU_ASSERT_STRING_EQUAL(a->unit, b->unit);
    if (a->active_if && b->active_if)
        CU_ASSERT_STRING_EQUAL(a->active_if, b->active_if);
    for (size_t i = 0; a->choices && b->choices && a->choices[i]; i++)
        CU_ASSERT(b->choices[i] && !strcmp(a->choices[i], b->choices[i]));
}

static void test_round_trip(void)
{
    struct record record, back = { 0 };
    struct text text = TEXT_INIT, again = TEXT_INIT;
    describe_specimen(&record, &text);
    char *copy = strdup(text_string(&text)), *at = copy;
    CU_ASSERT_EQUAL_FATAL(describe_read(&at, &back), HONE_OK);
    CU_ASSERT_STRING_EQUAL(at, "");
    CU_ASSERT_STRING_EQUAL(back.module.id, "org.test.specimen");
    CU_ASSERT_STRING_EQUAL(back.module.author, "A. Author");
    CU_ASSERT_STRING_EQUAL(back.module.url, "");
    CU_ASSERT_EQUAL_FATAL(back.n_components, 2);
    const struct catalog_component *c = &back.components[0].entry, *objective = &back.components[1].entry;
    CU_ASSERT_STRING_EQUAL(c->kind_id, "search/1");
    CU_ASSERT_STRING_EQUAL(c->kind, "search");
    CU_ASSERT_STRING_EQUAL(c->doc, "Doc.\n\nMore.");
    CU_ASSERT_PTR_NULL(objective->doc);
    CU_ASSERT_EQUAL(c->config_size, sizeof(struct specimen_settings));
    CU_ASSERT_EQUAL(c->flags, HONE_C_DETERMINISTIC);
    CU_ASSERT(c->stage == -7 && objective->stage == 0);
    CU_ASSERT(!strcmp(c->provides, "one two_2") && !strcmp(c->conflicts, "three"));
    CU_ASSERT(!*objective->provides && !*objective->conflicts && !*c->hooks);
    CU_ASSERT_EQUAL(objective->iface_flags, HONE_OBJECTIVE_ANY_SPACE);
    CU_ASSERT_EQUAL_FATAL(c->n_params, SPECIMEN_PARAMS);
    for (uint32_t i = 0; i < SPECIMEN_PARAMS; i++)
        same_param(&s.params[i], &c->params[i]);
    CU_ASSERT_EQUAL_FATAL(objective->n_slots, 1);
    CU_ASSERT_STRING_EQUAL(objective->slots[0]->kind, "model/1");
    CU_ASSERT_EQUAL(objective->slots[0]->min, 1);
    CU_ASSERT_EQUAL(objective->slots[0]->max, UINT32_MAX);
    CU_ASSERT_EQUAL(objective->slots[0]->config_size, 8);
    CU_ASSERT_EQUAL_FATAL(objective->slots[0]->n_params, 1);
    same_param(&s.slot_params[0], &objective->slots[0]->params[0]);
    describe(&back, &again);
    CU_ASSERT_STRING_EQUAL(text_string(&text), text_string(&again));
    free(copy);
    record_release(&record);
    record_release(&back);
    text_release(&text);
    text_release(&again);
}

static void test_broken_round_trip(void)
{
    struct record_offer offers[] = { { "search", "tpe" } };
    struct record record = { 0 }, back = { 0 };
    struct text text = TEXT_INIT;
    record.module.broken = "killed by\tSIGSEGV";
    record.offers = offers;
    record.n_offers = 1;
    record.keep = 1;
    describe(&record, &text);
    char *at = text.data;
    CU_ASSERT_EQUAL_FATAL(describe_read(&at, &back), HONE_OK);
    CU_ASSERT_STRING_EQUAL(back.module.broken, "killed by\tSIGSEGV");
    CU_ASSERT_EQUAL(back.keep, 1);
    CU_ASSERT_EQUAL_FATAL(back.n_offers, 1);
    CU_ASSERT_STRING_EQUAL(back.offers[0].name, "tpe");
    record_release(&back);
    text_release(&text);
}

/* Cut anywhere, it is not a description; with any byte changed it is one or not, but nothing worse (sanitizers
 * watch). */
static void test_damage(void)
{
    struct record record;
    struct text text = TEXT_INIT;
    describe_specimen(&record, &text);
    unsigned taken = 0;
    for (size_t n = 0; n < text.length; n++) {
        struct record back = { 0 };
        char *copy = strndup(text.data, n), *at = copy;
        taken += describe_read(&at, &back) == HONE_OK;
        record_release(&back);
        free(copy);
    }
    CU_ASSERT_EQUAL(taken, 0);
    for (size_t n = 0; n < text.length; n++)
        for (const char *byte = "\t\n9x\\"; *byte; byte++) {
            struct record back = { 0 };
            char *copy = strdup(text.data), *at = copy;
            copy[n] = *byte;
            if (describe_read(&at, &back) == HONE_OK)
                CU_ASSERT_FATAL(back.n_components > 0 && back.components[0].entry.name);
            record_release(&back);
            free(copy);
        }
    record_release(&record);
    text_release(&text);
}

SUITE(TEST(test_round_trip), TEST(test_broken_round_trip), TEST(test_damage))
