/* SPDX-License-Identifier: MIT */
/* Every promise of the SDK's headers, broken one at a time: refused, with the name of what is wrong. */
#include "harness.h"

#include "plugin/verify.h"
#include "plugin_specimen.h"

static struct specimen s; /* each test begins with specimen_init */

/* The problems of the specimen's module as text, to be freed. */
static char *problems_of(size_t *n)
{
    struct record record = { 0 };
    struct problems problems = PROBLEMS_INIT;
    CU_ASSERT_EQUAL(verify_module(&s.module, &record, &problems), HONE_OK);
    char *text = strdup(text_string(&problems.text));
    *n = problems.n;
    CU_ASSERT(problems.n == 0 || record.n_components == 0); /* nothing of a broken module may be used */
    record_release(&record);
    text_release(&problems.text);
    return text;
}

static void expect(int line, const char *words)
{
    size_t n;
    char *text = problems_of(&n);
    if (n != 1 || !strstr(text, words)) {
        char message[600];
        snprintf(message, sizeof message, "expected \"%s\", got %zu: \"%s\"", words, n, text);
        CU_assertImplementation(CU_FALSE, (unsigned)line, message, __FILE__, "", CU_FALSE);
    } else {
        CU_PASS("refused");
    }
    free(text);
    specimen_init(&s);
}
#define EXPECT(words) expect(__LINE__, words)

static void test_accepts_what_is_right(void)
{
    size_t n;
    specimen_init(&s);
    char *text = problems_of(&n);
    CU_ASSERT_EQUAL(n, 0);
    CU_ASSERT_STRING_EQUAL(text, "");
    free(text);
}

static void test_refuses_bad_modules(void)
{
    specimen_init(&s);
    s.module.magic = 1;
    EXPECT("no hone module");
    s.module.abi_major = 2;
    EXPECT("needs plugin ABI 2.0, this hone offers 1.1 (hone 0.1.0)");
    s.module.abi_minor = 3;
    EXPECT("needs plugin ABI 1.3, this hone offers 1.1 (hone 0.1.0)");
    s.module.size = 4;
    EXPECT("hone_module has size 4");
    s.module.size = 1u << 30;
    EXPECT("hone_module has size 1073741824");
    s.module.id = "Org Acme";
    EXPECT("has no id");
    s.module.id = NULL;
    EXPECT("has no id");
    s.module.version = "1.0";
    EXPECT("has no version");
    s.module.license = "";
    EXPECT("has no licence");
    s.module.url = "a\nb";
    EXPECT("more than one line");
    s.module.components = NULL;
    EXPECT("has 2 components at NULL");
    s.module.n_components = 1u << 20;
    EXPECT("has 1048576 components");
    s.components[1] = NULL;
    EXPECT("component 2 is NULL");
    s.module.n_components = 0;
    EXPECT("offers nothing");
}

static const char *const bad_words[] = { "fine", "Not fine", NULL };
static const hone_place bad_place = { sizeof bad_place, 0, NULL, bad_words }, cut_place = { 2, 0, NULL, NULL };

static const void *bad_place_ext(const char *id)
{
    return strcmp(id, HONE_EXT_PLACE) ? NULL : &bad_place;
}

static const void *cut_place_ext(const char *id)
{
    return strcmp(id, HONE_EXT_PLACE) ? NULL : &cut_place;
}

static void test_refuses_bad_components(void)
{
    specimen_init(&s);
    s.component.size = 3;
    EXPECT("hone_component has size 3");
    s.component.flags = 1u << 20;
    EXPECT("search/specimen has unknown flags 0x100000");
    s.component.reserved = 1;
    EXPECT("reserved word");
    s.component.get_ext = bad_place_ext;
    EXPECT("search/specimen has a word in conflicts that is not [a-z][a-z0-9_]*");
    s.component.get_ext = cut_place_ext;
    EXPECT("hone_place has size 2");
    s.component.kind = "search";
    EXPECT("component 1 has no kind");
    s.component.kind = "search/0";
    EXPECT("component 1 has no kind");
    s.component.kind = "search/1x";
    EXPECT("component 1 has no kind");
    s.component.kind = NULL;
    EXPECT("component 1 has no kind");
    s.component.name = "Specimen";
    EXPECT("(search/1) has no name");
    s.component.name = NULL;
    EXPECT("(search/1) has no name");
    s.component.summary = "two\nlines";
    EXPECT("has no summary");
    s.component.create = NULL;
    EXPECT("has no function create");
    s.component.destroy = NULL;
    EXPECT("has no function destroy");
    s.component.flags |= HONE_C_PROPOSES;
    EXPECT("says it proposes points, which is for schedulers");
    s.component.flags |= HONE_C_PROPOSES;
    s.component.kind = HONE_KIND_SCHEDULER;
    EXPECT("says it proposes points, but its get_ext has no search/1");
    s.component.flags |= HONE_C_STATEFUL;
    EXPECT("says it is stateful but has no function save");
    s.component.iface = NULL;
    EXPECT("has no interface (hone_search_v1)");
    s.search.size = 2;
    EXPECT("hone_search_v1 has size 2");
    s.search.ask = NULL;
    EXPECT("search/specimen has no function ask");
    s.search.flags = 8;
    EXPECT("unknown flags 0x8 in hone_search_v1");
    s.second = s.component;
    EXPECT("search/specimen is there twice");
    s.component.params = NULL;
    EXPECT("has a table of 6 parameters at NULL");
    s.component.n_params = 100000;
    EXPECT("has a table of 100000 parameters");
    s.component.param_size = 4;
    EXPECT("hone_param has size 4");
}

static void test_refuses_bad_parameters(void)
{
    static const char *const twice[] = { "a", "a", NULL }, *const blank[] = { "a", "b c", NULL },
                             *const none[] = { NULL };
    specimen_init(&s);
    s.params[1].key = "Patience";
    EXPECT("key 'Patience' is no key");
    s.params[1].key = NULL;
    EXPECT("entry 2 is no key");
    s.params[1].key = "use";
    EXPECT("key 'use' is a key that every section has already");
    s.params[1].key = "rate";
    EXPECT("key 'rate' is there twice");
    s.params[0].type = 77;
    EXPECT("key 'rate' has the unknown type 77");
    s.params[0].flags = 1u << 9;
    EXPECT("unknown flags 0x200");
    s.params[0].reserved = 9;
    EXPECT("reserved word");
    s.params[0].doc = "";
    EXPECT("has no doc");
    s.params[0].min = (double)NAN;
    EXPECT("is empty");
    s.params[0].min = 1;
    EXPECT("has the range 1 to 0.3, which is empty");
    s.params[0].def = "0.5";
    EXPECT("bad default: rate = 0.5 is outside (0, 0.3]");
    s.params[0].def = "0";
    EXPECT("bad default: rate = 0 is outside (0, 0.3]"); /* open end */
    s.params[0].def = "fast";
    EXPECT("bad default: rate = fast is not a number");
    s.params[3].def = "256, 0";
    EXPECT("bad default: hidden = 0");
    s.params[4].def = "cubic";
    EXPECT("bad default: mode = cubic is none of step, linear");
    s.params[4].choices = NULL;
    s.params[1].active_if = NULL;
    EXPECT("key 'mode' is an enum without choices");
    s.params[4].choices = none;
    s.params[1].active_if = NULL;
    EXPECT("key 'mode' is an enum without choices");
    s.params[4].choices = twice;
    s.params[4].def = "a";
    s.params[1].active_if = NULL;
    EXPECT("the choice 'a' twice");
    s.params[4].choices = blank;
    s.params[4].def = "a";
    s.params[1].active_if = NULL;
    EXPECT("the choice 'b c'");
    s.params[0].choices = twice;
    EXPECT("has choices although it is no enum");
    s.params[1].active_if = "nothing=1";
    EXPECT("active_if \"nothing=1\"");
    s.params[1].active_if = "patience=1";
    EXPECT("active_if \"patience=1\""); /* itself */
    s.params[1].active_if = "mode";
    EXPECT("active_if \"mode\"");
    s.params[1].active_if = "mode=step|";
    EXPECT("empty or too long value");
    s.params[1].active_if = "mode=cubic";
    EXPECT("but mode = cubic is none of");
    s.params[5].offset = sizeof(struct specimen_settings);
    EXPECT("of a config struct of 48");
    s.params[5].offset = UINT32_MAX;
    EXPECT("of a config struct of 48");
    s.params[4].offset = 42;
    s.component.n_params = 5; /* nothing behind it to lie on */
    EXPECT("which is not a multiple of 4");
    s.params[5].offset = s.params[0].offset;
    EXPECT("key 'restore' lies on the same bytes as key 'rate'");
}

static void test_refuses_bad_slots(void)
{
    specimen_init(&s);
    s.objective.slots = NULL;
    EXPECT("objective/second has 1 slots at NULL");
    s.slots[0] = NULL;
    EXPECT("objective/second has no slot 1");
    s.slot.size = 1;
    EXPECT("hone_slot has size 1");
    s.slot.kind = "model";
    EXPECT("slot 'model' has no kind");
    s.slot.flags = 4;
    EXPECT("slot 'model/1' has unknown flags");
    s.slot.min = 3;
    s.slot.max = 2;
    EXPECT("takes 3 to 2 sections");
    s.slot_params[0].def = "7";
    EXPECT("objective/second: slot 'model/1': key 'rate' has a bad default");
    s.slot.config_size = 4;
    EXPECT("of a config struct of 4");
    s.objective.flags = 2;
    EXPECT("unknown flags 0x2 in hone_objective_v1");
    s.objective.run = NULL;
    EXPECT("has no function run");
}

static void test_reports_all_problems(void)
{
    size_t n;
    specimen_init(&s);
    s.params[0].def = "7";
    s.params[3].type = 50;
    s.component.destroy = NULL;
    s.slot.max = 0;
    char *text = problems_of(&n);
    CU_ASSERT_EQUAL(n, 4);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "has no function destroy; "));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "key 'rate' has a bad default"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "key 'hidden' has the unknown type 50"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "takes 1 to 0 sections"));
    free(text);
}

/* A broken module still says what it would have offered. */
static void test_keeps_offers(void)
{
    struct record record = { 0 };
    struct problems problems = PROBLEMS_INIT;
    specimen_init(&s);
    s.component.destroy = NULL;
    CU_ASSERT_EQUAL(verify_module(&s.module, &record, &problems), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(record.n_offers, 2);
    CU_ASSERT_STRING_EQUAL(record.offers[0].kind, "search");
    CU_ASSERT_STRING_EQUAL(record.offers[0].name, "specimen");
    record_release(&record);
    text_release(&problems.text);
}

/* Newer structs, as a later header would lay them out: zero tails are fine, others are not. */
struct later_component {
    hone_component now;
    uint64_t later;
};
struct later_search {
    hone_search_v1 now;
    void (*later)(void);
};
struct later_param {
    hone_param now;
    uint64_t later;
};

static void later(void)
{
}

static void test_longer_structs(void)
{
    struct later_component component;
    struct later_search search;
    struct later_param params[SPECIMEN_PARAMS];
    size_t n;
    for (int used = 0; used < 4; used++) {
        specimen_init(&s);
        memset(params, 0, sizeof params);
        for (int i = 0; i < SPECIMEN_PARAMS; i++)
            params[i].now = s.params[i];
        search = (struct later_search){ s.search, NULL };
        search.now.size = sizeof search;
        component = (struct later_component){ s.component, 0 };
        component.now.size = sizeof component;
        component.now.params = &params[0].now;
        component.now.param_size = sizeof params[0];
        component.now.iface = &search;
        s.components[0] = &component.now;
        if (used == 1)
            component.later = 1;
        if (used == 2)
            search.later = later;
        if (used == 3)
            params[3].later = 5;
        char *text = problems_of(&n);
        CU_ASSERT_EQUAL(n, used != 0);
        if (used)
            CU_ASSERT_PTR_NOT_NULL(strstr(text, used == 1   ? "fields of hone_component that this hone does not know"
                                                : used == 2 ? "fields of hone_search_v1 that this hone does not know"
                                                            : "fields of hone_param that this hone does not know"));
        free(text);
    }
}

/* An older component ended earlier: what it does not have is zero, and memory behind it is not read. */
static void test_shorter_component(void)
{
    struct record record = { 0 };
    struct problems problems = PROBLEMS_INIT;
    const size_t size = offsetof(hone_component, get_ext);
    hone_component *old = malloc(size); /* so that a sanitizer sees a read behind it */
    const hone_component *components[] = { old };
    specimen_init(&s);
    s.component.size = (uint32_t)size;
    memcpy(old, &s.component, size);
    CU_ASSERT_EQUAL(verify_components(components, 1, &record, &problems), HONE_OK);
    CU_ASSERT_EQUAL(problems.n, 0);
    CU_ASSERT_EQUAL_FATAL(record.n_components, 1);
    const hone_component *c = record.components[0].loaded;
    CU_ASSERT_EQUAL(c->size, sizeof *c);
    CU_ASSERT(c->get_ext == NULL);
    CU_ASSERT(c->create == specimen_create);
    CU_ASSERT_EQUAL(c->n_params, SPECIMEN_PARAMS);
    CU_ASSERT_STRING_EQUAL(c->params[3].key, "hidden");
    CU_ASSERT_EQUAL(((const hone_search_v1 *)c->iface)->size, sizeof(hone_search_v1));
    free(old);
    record_release(&record);
    text_release(&problems.text);
}

/* A shorter module struct: without init. */
static void test_shorter_module(void)
{
    size_t n;
    const size_t size = offsetof(hone_module, init);
    specimen_init(&s);
    s.module.init = (hone_rc(*)(const hone_host *, hone_error *))1; /* behind its end: not looked at */
    s.module.size = (uint32_t)size;
    char *text = problems_of(&n);
    CU_ASSERT_EQUAL(n, 0);
    free(text);
}

/* Another revision of a known kind is left out, as long as something is left. */
static void test_other_revisions(void)
{
    struct record record = { 0 };
    struct problems problems = PROBLEMS_INIT;
    specimen_init(&s);
    s.component.kind = "search/2";
    CU_ASSERT_EQUAL(verify_module(&s.module, &record, &problems), HONE_OK);
    CU_ASSERT_EQUAL(problems.n, 0);
    CU_ASSERT_EQUAL_FATAL(record.n_components, 1);
    CU_ASSERT_STRING_EQUAL(record.components[0].entry.name, "second");
    record_release(&record);
    specimen_init(&s);
    s.component.kind = "search/2";
    s.module.n_components = 1;
    EXPECT("offers nothing that this hone knows (search/2)");
}

/* Kinds of other people have no table here: their struct is handed through. */
static void test_foreign_kinds(void)
{
    struct record record = { 0 };
    struct problems problems = PROBLEMS_INIT;
    specimen_init(&s);
    s.component.kind = "com.acme.thing/2";
    s.search.flags = 5;
    CU_ASSERT_EQUAL(verify_module(&s.module, &record, &problems), HONE_OK);
    CU_ASSERT_EQUAL(problems.n, 0);
    CU_ASSERT_EQUAL_FATAL(record.n_components, 2);
    CU_ASSERT_STRING_EQUAL(record.components[0].entry.kind, "com.acme.thing");
    CU_ASSERT_EQUAL(record.components[0].entry.iface_flags, 5);
    CU_ASSERT_PTR_EQUAL(record.components[0].loaded->iface, &s.search);
    record_release(&record);
    text_release(&problems.text);
}

SUITE(TEST(test_accepts_what_is_right), TEST(test_refuses_bad_modules), TEST(test_refuses_bad_components),
      TEST(test_refuses_bad_parameters), TEST(test_refuses_bad_slots), TEST(test_reports_all_problems),
      TEST(test_keeps_offers), TEST(test_longer_structs), TEST(test_shorter_component), TEST(test_shorter_module),
      TEST(test_other_revisions), TEST(test_foreign_kinds))
